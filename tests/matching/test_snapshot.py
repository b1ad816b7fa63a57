"""The snapshot file: it comes back as it was, or is refused by name; never a crash, never another answer."""

from __future__ import annotations

import hashlib
import itertools
import os
import struct
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from forging import forged, resealed
from safehash import _search
from safehash.errors import IndexFileError
from safehash.hashing.hashes import Algorithm, ForeignHash, Hash
from safehash.lists.building import EntryTableBuilder
from safehash.lists.entry import Entry, Opinion
from safehash.lists.formats.batch import Batch
from safehash.lists.table import EntryTable, columns_of
from safehash.matching.decision import ListInfo
from safehash.matching.snapshot import Snapshot, file_state, open_snapshot, write_snapshot
from safehash.search.index import Index
from safehash.search.seeds import seed

LISTS = (
    ListInfo(name="own", snapshot="ab" * 32, loaded="2026-01-02T03:04:05+00:00", n_entries=5_000),
    ListInfo(name="exchange", snapshot="cd" * 32, loaded="2026-01-02T03:04:06+00:00", n_entries=4),
)
N_PDQ = 12_000


def make_table(seed: int = 1, n: int = N_PDQ) -> EntryTable:
    rng = np.random.default_rng(seed)
    builder = EntryTableBuilder()
    builder.append(Entry(hash=ForeignHash("photodna", "AAEC"), id="f", source="exchange"))
    builder.extend(
        Batch(
            algorithm=Algorithm.PDQ,
            digests=rng.integers(0, 256, (n, 32), dtype=np.uint8),
            likes=(Entry(hash=None, source="own", labels=("graphic_self_harm",)),),
            ids=[f"{seed}-{number}" for number in range(n)],
        )
    )
    builder.append(
        Entry(
            hash=Hash(Algorithm.MD5, bytes(16)),
            source="exchange",
            owners=(Opinion(owner="a", category="positive", labels=("x",)),),
            created="2026-01-01T00:00:00Z",
            extra={"note": "ü"},
        )
    )
    builder.append(Entry(hash=Hash(Algorithm.PHASH, b"12345678"), id="p", source="exchange"))
    builder.append(Entry(hash=None, id="gone", source="exchange", deleted=True))
    return builder.build()


def make_indexes(table: EntryTable) -> dict[Algorithm, Index]:
    return {
        algorithm: Index.from_digests(table.digests(algorithm)[1], algorithm=algorithm)
        for algorithm in (Algorithm.PDQ, Algorithm.PHASH, Algorithm.MD5)
    }


def queries_near(table: EntryTable, n: int = 30) -> np.ndarray[Any, np.dtype[np.uint8]]:
    queries = table.digests("pdq")[1][:n].copy()
    queries[:, 5] ^= 0x7F
    queries[:, 21] ^= 0xF0
    queries[::3] = np.arange(32, dtype=np.uint8)
    return queries


def answers_of(table: EntryTable, indexes: dict[Algorithm, Index], queries: Any) -> list[object]:
    """Look things up in every part of a snapshot, as a matcher would."""
    found: list[object] = []
    offsets, rows, distances = indexes[Algorithm.PDQ].search_many(queries, max_distance=31)
    found += [offsets.tolist(), distances.tolist()]
    found += [table[row] for row in table.rows_of("pdq", rows.tolist())]
    exact = indexes[Algorithm.MD5].search(Hash(Algorithm.MD5, bytes(16)), max_distance=0)
    found += [table[row] for row in table.rows_of("md5", [row for row, _ in exact])]
    found.append(indexes[Algorithm.PHASH].search(Hash(Algorithm.PHASH, b"12345679"), max_distance=8))
    found += [table[row] for row in (0, len(table) - 1)]
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("snapshot") / "lists.safehash"
    table = make_table()
    indexes = make_indexes(table)
    indexes[Algorithm.PDQ] = indexes[Algorithm.PDQ].without([3, 700])
    write_snapshot(
        path,
        table=table,
        indexes=indexes,
        lists=LISTS,
        settings={"thresholds": {"pdq": 31}},
        arrays={"flags": np.arange(7, dtype=np.uint8)},
    )
    return path


@pytest.mark.parametrize("verify", ["lazy", "full"])
def test_it_comes_back_as_it_was(written: Path, verify: str) -> None:
    snapshot = open_snapshot(written, verify=verify)
    table = make_table()
    indexes = make_indexes(table)
    indexes[Algorithm.PDQ] = indexes[Algorithm.PDQ].without([3, 700])
    queries = queries_near(table)
    assert answers_of(snapshot.table, snapshot.indexes, queries) == answers_of(table, indexes, queries)
    assert snapshot.lists == LISTS
    assert snapshot.settings == {"thresholds": {"pdq": 31}}
    assert snapshot.indexes[Algorithm.PDQ].disabled_rows().tolist() == [3, 700]
    np.testing.assert_array_equal(snapshot.array("flags"), np.arange(7))
    with pytest.raises(KeyError):
        snapshot.array("nothing")
    for algorithm in Algorithm:
        for mine, theirs in zip(snapshot.table.digests(algorithm), table.digests(algorithm), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    assert snapshot.table.counts() == table.counts()


def test_every_entry_comes_back(tmp_path: Path) -> None:
    table = make_table(n=50)
    write_snapshot(tmp_path / "x", table=table, indexes={})
    snapshot = open_snapshot(tmp_path / "x")
    assert list(snapshot.table) == list(table)
    assert snapshot.indexes == {}


def test_an_empty_list_is_a_snapshot_too(tmp_path: Path) -> None:
    table = EntryTableBuilder().build()
    write_snapshot(tmp_path / "x", table=table, indexes={Algorithm.PDQ: Index([])})
    snapshot = open_snapshot(tmp_path / "x", verify="full")
    assert len(snapshot.table) == 0
    assert snapshot.indexes[Algorithm.PDQ].search(Hash(Algorithm.PDQ, bytes(32)), max_distance=64) == []


def test_digests_are_in_the_file_once(written: Path) -> None:
    assert written.stat().st_size < N_PDQ * 40 + (8 << 20)
    names = [section.name for section in open_snapshot(written).sections]
    assert "entries.digests.pdq" in names
    assert "index.pdq.digests" not in names


def test_a_subset_of_the_table_brings_its_own_digests(tmp_path: Path) -> None:
    table = make_table(n=300)
    index = Index.from_digests(table.digests("pdq")[1][10:200])
    write_snapshot(tmp_path / "x", table=table, indexes={Algorithm.PDQ: index})
    again = open_snapshot(tmp_path / "x").indexes[Algorithm.PDQ]
    np.testing.assert_array_equal(again.digests_of([0, 189]), table.digests("pdq")[1][[10, 199]])


def test_a_mapped_index_can_be_updated_and_written_again(written: Path, tmp_path: Path) -> None:
    snapshot = open_snapshot(written)
    added = np.full((1, 32), 7, np.uint8)
    index = snapshot.indexes[Algorithm.PDQ].updated(added=added, removed=[0])
    write_snapshot(tmp_path / "x", table=snapshot.table, indexes={Algorithm.PDQ: index})
    again = open_snapshot(tmp_path / "x").indexes[Algorithm.PDQ]
    assert again.search(Hash(Algorithm.PDQ, added.tobytes()), max_distance=0) == [(N_PDQ - 1, 0)]
    assert again.disabled_rows().tolist() == [2, 699]


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_only_the_owner_can_read_it(written: Path) -> None:
    assert written.stat().st_mode & 0o777 == 0o600


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x"
    table = make_table(n=10)
    write_snapshot(path, table=table, indexes={})
    before = path.read_bytes()
    with pytest.raises(TypeError):
        write_snapshot(path, table=table, indexes={}, settings={"bad": object()})
    with pytest.raises(ValueError, match="does not have"):
        write_snapshot(path, table=table, indexes={}, arrays={"c": np.zeros(1, np.complex128)})
    with pytest.raises(ValueError, match="faiss"):
        write_snapshot(path, table=table, indexes={Algorithm.PDQ: Index([], method="flat")})
    with pytest.raises(IndexFileError, match="could not be written"):
        write_snapshot(tmp_path / "no" / "x", table=table, indexes={})
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["x"]


def refused_or_the_same(path: Path, expected: list[object], queries: Any) -> str | None:
    """Use a damaged file; return the section it was refused for, or None if its answers are right."""
    try:
        snapshot = open_snapshot(path)
        assert answers_of(snapshot.table, snapshot.indexes, queries) == expected
    except IndexFileError as exc:
        assert exc.section
        assert exc.path == str(path)
        return exc.section
    return None


def regions_of(path: Path) -> list[tuple[str, int, int]]:
    """Return (name, start, end) of every part of a file: together they are the whole of it."""
    sections = open_snapshot(path).sections
    whole = path.read_bytes()
    start_of_header = struct.unpack_from("<Q", whole, 24)[0]
    limits = [(section.name, section.offset) for section in sections if section.n_bytes]
    last = max(section.offset + section.n_bytes for section in sections)
    limits = [("preamble", 0), ("preamble's filling", 72), *limits]
    limits += [("block checksums", last + -last % 4096), ("header", start_of_header), ("end", len(whole))]
    return [(name, start, end) for (name, start), (_, end) in itertools.pairwise(limits)]


def test_no_changed_byte_changes_an_answer(written: Path, tmp_path: Path) -> None:
    """200 bytes anywhere, and 5 in each part, however short: filling, checksums and header included."""
    rng = np.random.default_rng(11)
    whole = written.read_bytes()
    snapshot = open_snapshot(written)
    queries = queries_near(make_table())
    expected = answers_of(snapshot.table, snapshot.indexes, queries)
    regions = regions_of(written)
    assert len(regions) > 25
    assert sum(end - start for _, start, end in regions) == len(whole)
    at = rng.integers(0, len(whole), 200).tolist()
    at += [int(each) for _, start, end in regions for each in rng.integers(start, end, 5)]
    refusals = 0
    path = tmp_path / "x"
    for position in at:
        damaged = bytearray(whole)
        damaged[position] ^= int(rng.integers(1, 256))
        path.unlink(missing_ok=True)
        path.write_bytes(damaged)
        section = refused_or_the_same(path, expected, queries)
        refusals += section is not None
        (region,) = (name for name, start, end in regions if start <= position < end)
        if region in ("preamble", "preamble's filling", "block checksums", "header"):
            assert section == region.removesuffix("'s filling")
        with pytest.raises(IndexFileError) as caught:
            open_snapshot(path, verify="full")
        assert caught.value.section == region.removesuffix("'s filling")
    assert refusals > 100  # most of a small file is looked at by these queries


def test_every_section_s_damage_is_named(written: Path, tmp_path: Path) -> None:
    whole = written.read_bytes()
    named = set()
    for section in open_snapshot(written).sections:
        if not section.n_bytes:
            continue
        for position in (section.offset, section.offset + section.n_bytes - 1):
            damaged = bytearray(whole)
            damaged[position] ^= 0x10
            path = tmp_path / "x"
            path.write_bytes(damaged)
            with pytest.raises(IndexFileError, match="checksum") as caught:
                open_snapshot(path, verify="full")
            assert caught.value.section == section.name
        named.add(section.name)
    assert len(named) > 3


def test_no_truncated_or_extended_file_is_opened(written: Path, tmp_path: Path) -> None:
    """200 lengths anywhere, and those around the start of every part."""
    rng = np.random.default_rng(12)
    whole = written.read_bytes()
    path = tmp_path / "x"
    lengths = {0, 1, 8, 63, 64, 71, len(whole) - 1, *rng.integers(0, len(whole), 200).tolist()}
    lengths |= {start + by for _, start, _ in regions_of(written)[1:] for by in (-1, 0, 1)}
    for length in sorted(lengths):
        path.unlink(missing_ok=True)
        path.write_bytes(whole[:length])
        with pytest.raises(IndexFileError) as caught:
            open_snapshot(path)
        assert caught.value.section
    for more in (b"\0", bytes(4096), whole):
        path.unlink()
        path.write_bytes(whole + more)
        with pytest.raises(IndexFileError, match="truncated or extended"):
            open_snapshot(path)


def test_foreign_and_newer_files_are_refused(written: Path, tmp_path: Path) -> None:
    whole = written.read_bytes()
    cases = {
        "not a safehash index file": b"\x89PNG\r\n\x1a\n" + whole[8:],
        "too few": b"SAFEHASH",
        "newer safehash": resealed(whole, version=3),
        "byte order": resealed(whole, endian=0x04030201),
        "empty": b"",
    }
    path = tmp_path / "x"
    for message, data in cases.items():
        path.write_bytes(data)
        with pytest.raises(IndexFileError, match=message):
            open_snapshot(path)
    path.write_bytes(resealed(whole))
    open_snapshot(path)  # the forging itself works
    with pytest.raises(IndexFileError, match="cannot be opened"):
        open_snapshot(tmp_path / "missing")
    with pytest.raises(IndexFileError, match="cannot be opened"):
        open_snapshot(tmp_path)
    with pytest.raises(ValueError, match="lazy"):
        open_snapshot(path, verify="some")


def set_in(*keys: Any) -> Any:
    *path, last, value = keys

    def change(header: Any) -> None:
        for key in path:
            header = header[key]
        header[last] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        set_in("sections", 0, "offset", 0),
        set_in("sections", 0, "offset", "4096"),
        set_in("sections", 1, "n_bytes", 2**63),
        set_in("sections", 1, "shape", [2**62, 4]),
        set_in("sections", 1, "shape", [-1]),
        set_in("sections", 1, "shape", [0.5]),
        set_in("sections", 1, "shape", None),
        set_in("sections", 1, "dtype", "object"),
        set_in("sections", 1, "name", ["list"]),
        set_in("sections", 1, "name", "entries.count"),
        set_in("sections", 1, "extra", 1),
        set_in("sections", []),
        set_in("sections", 7),
        set_in("sums", "n_blocks", 0),
        set_in("sums", "n_blocks", 10**12),
        set_in("sums", "offset", float("inf")),
        set_in("sums", "n_blocks", float("nan")),
        set_in("sums", "checksum", "zz"),
        set_in("sums", None),
        set_in("indexes", 0, "widths", [40]),
        set_in("indexes", 0, "widths", [8] * 33),
        set_in("indexes", 0, "widths", []),
        set_in("indexes", 0, "widths", "x"),
        set_in("indexes", 0, "algorithm", "phash"),
        set_in("indexes", 0, "algorithm", "new"),
        set_in("indexes", 0, "algorithm_version", 2),
        set_in("indexes", 0, "max_distance", "far"),
        set_in("indexes", 0, "max_distance", float("inf")),
        set_in("indexes", 0, "parts", "digests", "entries.count"),
        set_in("indexes", 0, "parts", "starts", "entries.kinds"),
        set_in("indexes", 0, "parts", "ids", "nowhere"),
        set_in("indexes", 0, "parts", {}),
        set_in("indexes", 0, 5),
        set_in("lists", [{"name": "x"}]),
        set_in("lists", 1),
        set_in("settings", [1]),
    ],
)
def test_a_forged_header_is_refused(written: Path, tmp_path: Path, change: Any) -> None:
    path = tmp_path / "x"
    path.write_bytes(resealed(written.read_bytes(), change))
    with pytest.raises(IndexFileError):
        snapshot = open_snapshot(path)
        snapshot.verify()
        queries = queries_near(make_table())
        answers_of(snapshot.table, snapshot.indexes, queries)


def use_everything(path: Path) -> None:
    """Read and use a file in every way there is."""
    snapshot = open_snapshot(path, verify="full")
    table = snapshot.table
    list(table)
    columns_of(table)
    for algorithm in Algorithm:
        table.digests(algorithm)
    queries = queries_near(make_table(n=400), 9)
    answers_of(table, snapshot.indexes, queries)
    index = snapshot.indexes[Algorithm.PDQ]
    for radius in (5, 15, 31, 64):
        index.search_many(queries, max_distance=radius)
    index.nearest(Hash(Algorithm.PDQ, queries[1].tobytes()), k=3, max_distance=40)
    seed(index, queries, flips=1, max_distance=90)
    index.disabled_rows()
    index.without([1]).updated(added=queries, removed=range(0, len(index), 50))
    write_snapshot(path.with_name("again"), table=table, indexes=snapshot.indexes)


def test_forged_arrays_never_lead_outside(tmp_path: Path) -> None:
    """With all checksums made anew, what the arrays say is still compared with where they end.

    Refused or not, nothing else may happen; `make test-sanitized` looks at every address.
    """
    rng = np.random.default_rng(13)
    path = tmp_path / "x"
    table = make_table(n=400)
    indexes = make_indexes(table)
    # More rows than a scan is cheaper for: the slots are what is to be led astray.
    many = rng.integers(0, 256, (6_000, 32), dtype=np.uint8)
    many[:400] = table.digests("pdq")[1]
    indexes[Algorithm.PDQ] = Index.from_digests(many, max_distance=31).without([3, 17])
    write_snapshot(path, table=table, indexes=indexes)
    whole = path.read_bytes()
    path.write_bytes(forged(whole, "entries.count", lambda values: values))
    use_everything(path)  # the forging itself works
    n_refused = 0
    for section in open_snapshot(path).sections:
        if not section.n_bytes:
            continue
        limits = np.iinfo(section.dtype)
        for value in {limits.max, limits.min, min(6_000, limits.max), None}:
            for share in (0.001, 0.3) if value is not None else (1.0,):

                def change(values: Any, value: int | None = value, share: float = share) -> Any:
                    if value is None:
                        return np.frombuffer(rng.bytes(values.nbytes), values.dtype)
                    chosen = rng.random(values.shape) < share
                    chosen[rng.integers(len(values))] = True
                    values[chosen] = value
                    return values

                path.unlink()
                path.write_bytes(forged(whole, section.name, change))
                try:
                    use_everything(path)
                except (IndexFileError, IndexError) as exc:
                    assert str(exc)
                    n_refused += 1
    assert n_refused > 100


def test_checksums_are_xxh64() -> None:
    """Known answers of the published algorithm (seed 0)."""
    assert _search.checksum(b"") == 0xEF46DB3751D8E999
    assert _search.checksum(b"a") == 0xD24EC4F1A98C6E5B
    assert _search.checksum(b"abc") == 0x44BC2CF5AD770999
    every_length = hashlib.sha256()
    data = bytes(range(256)) * 2
    for length in range(300):
        every_length.update(struct.pack("<Q", _search.checksum(data[:length])))
    assert len({_search.checksum(data[:length]) for length in range(300)}) == 300
    assert _search.block_checksums(np.frombuffer(data * 20, np.uint8)).tolist() == [
        _search.checksum((data * 20)[start : start + 4096]) for start in (0, 4096, 8192)
    ]


def test_a_replaced_file_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "x"
    write_snapshot(path, table=make_table(n=10), indexes={})
    snapshot = open_snapshot(path)
    assert file_state(path) == snapshot.state
    write_snapshot(path, table=make_table(n=10), indexes={})
    assert file_state(path) != snapshot.state
    path.unlink()
    with pytest.raises(IndexFileError, match="cannot be looked at"):
        file_state(path)
    assert len(list(snapshot.table)) == 14  # a replaced file stays readable for who has it open


def test_threads_ask_while_another_swaps(tmp_path: Path) -> None:
    """Every answer comes whole from one file or the other, first use of each block included."""
    path = tmp_path / "x"
    tables = [make_table(seed, n=1_500) for seed in (1, 2)]
    queries = np.concatenate([queries_near(table, 10) for table in tables])
    allowed = []
    files = []
    for table in tables:
        indexes = make_indexes(table)
        write_snapshot(path, table=table, indexes=indexes)
        files.append(path.read_bytes())
        allowed.append(answers_of(table, indexes, queries))
    beside = tmp_path / "beside"
    current: list[Snapshot] = [open_snapshot(path)]
    stop = threading.Event()
    failures: list[object] = []
    n_answers = [0] * 8

    def ask(number: int) -> None:
        try:
            while not stop.is_set():
                snapshot = current[0]
                if answers_of(snapshot.table, snapshot.indexes, queries) not in allowed:
                    failures.append("an answer of neither file")
                n_answers[number] += 1
        except Exception as exc:  # a thread's error must reach the test, whatever it is
            failures.append(exc)

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    try:
        for swap in range(200):
            beside.write_bytes(files[swap % 2])
            beside.replace(path)
            current[0] = open_snapshot(path)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not failures
    assert min(n_answers) > 0


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="private memory is read from /proc")
def test_opening_reads_little_and_copies_nothing(tmp_path: Path) -> None:
    path = tmp_path / "x"
    table = make_table(n=300_000)
    indexes = {Algorithm.PDQ: Index.from_digests(table.digests("pdq")[1])}
    write_snapshot(path, table=table, indexes=indexes)
    assert path.stat().st_size > 40_000_000
    script = """
import sys
def private():
    for line in open("/proc/self/status"):
        if line.startswith("RssAnon"):
            return int(line.split()[1]) // 1024
from safehash.hashing.hashes import Algorithm, Hash
from safehash.matching.snapshot import open_snapshot
before = private()
snapshot = open_snapshot(sys.argv[1])
found = snapshot.indexes[Algorithm.PDQ].search(Hash.from_hex("pdq", sys.argv[2]), max_distance=31)
rows = snapshot.table.rows_of("pdq", [row for row, _ in found])
print(private() - before, snapshot.table[rows[0]].id, "faiss" in sys.modules)
"""
    query = table.digests("pdq")[1][1234].tobytes().hex()
    done = subprocess.run(
        [sys.executable, "-c", script, str(path), query], capture_output=True, text=True, check=True
    )
    grown, found, faiss_loaded = done.stdout.split()
    assert int(grown) <= 8  # MiB; the file has over 40
    assert (found, faiss_loaded) == ("1-1234", "False")
