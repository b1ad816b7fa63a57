"""Any table of known records, in any dialect: read exactly; damaged or cut: never something else."""

from __future__ import annotations

import bz2
import contextlib
import csv
import gzip
import io
import lzma
import random
import re
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from safehash import ListSource
from safehash.errors import ListError
from safehash.hashing.hashes import Algorithm, Hash
from safehash.lists.entry import Entry
from safehash.lists.formats import bulk, pages, read_list
from safehash.lists.formats.judging import CODES
from safehash.lists.formats.vocabulary import DELETED, FALSE, LIVE, NULL, OPINIONS, TRUE, plain

ALGORITHMS = ("pdq", "md5", "sha1", "sha256", "phash", "phash256")


def zipped(data: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inside.csv", data)
    return stream.getvalue()


def zstd(data: bytes) -> bytes:
    try:
        module = import_module("compression.zstd")
    except ModuleNotFoundError:
        module = import_module("backports.zstd")
    return bytes(module.compress(data))


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
    ".zst": zstd,
    ".zip": zipped,
}

#: How columns are called, by what they mean; the type stands in a column of its own or in the digest's name.
NAMES = {
    "type": ("algorithm", "Hash Type", "hashType", "type", "signal_type", "HASH_NAME"),
    "hash": ("hash", "Hash Value", "digest", "perceptual_hash", "FileHash", "value"),
    "id": ("id", "ID", "guid", "entry_id", "hash-id"),
    "labels": ("label", "labels", "Tags"),
    "deleted": (
        "deleted",
        "is_deleted",
        "Withdrawn",
        "removed",
        "deletedAt",
        "isRevoked",
        "disabled",
        "gelöscht",
    ),
    "active": ("active", "is_active", "Enabled", "isLive"),
    "category": ("opinion", "verdict", "disposition"),
    "state": ("status", "state", "category", "hashStatus", "action"),
    "updated": ("updated", "last_modified", "LastUpdated", "modified at"),
    "note": ("note", "File Name", "Kommentar", "source url"),
}
TYPED_NAMES = {
    "pdq": ("pdq", "PDQ Hash", "pdq_hash_hex", "image_pdq", "pdqhash"),
    "md5": ("md5", "MD5", "File MD5", "md5sum", "hashes_MD5", "md5_hash"),
    "sha1": ("sha1", "SHA-1", "sha1sum", "hashes.SHA-1", "SHA1 Hash"),
    "sha256": ("sha256", "SHA-256", "File SHA256", "hashes_SHA-256", "sha256_hash"),
    "phash": ("phash", "pHash", "phash64", "phash_hex"),
    "phash256": ("phash256",),
}
TYPES = {
    "pdq": ("pdq", "PDQ", "HASH_PDQ", "ImagePDQ"),
    "md5": ("md5", "MD5", "HASH_MD5"),
    "sha1": ("sha1", "SHA-1", "HASH_SHA1"),
    "sha256": ("sha256", "SHA-256", "SHA2-256", "sha2"),
    "phash": ("phash", "pHash"),
    "phash256": ("phash256",),
}
GONE = [*sorted(TRUE | DELETED), "2024-05-06", "2024-05-06T01:02:03Z", "1714990000", "06.05.2024"]
STANDS = [*sorted(FALSE | LIVE | NULL), "9999-12-31", "0000-00-00 00:00:00", "1970-01-01"]
CATEGORY_WORDS = sorted(word for word in OPINIONS)


@dataclass(frozen=True)
class Table:
    """A list as text, and what is in it."""

    rows: list[list[str]]
    expected: list[Entry]
    meanings: list[str]


def digest_of(rng: random.Random, algorithm: str) -> str:
    n_bits = Algorithm(algorithm).n_bytes * 8
    bits = [1] * (n_bits // 2) + [0] * (n_bits // 2)
    rng.shuffle(bits)
    text = f"{int(''.join(map(str, bits)), 2):0{n_bits // 4}x}"
    # A digest without a letter may be a decimal number, which is another matter.
    return text if any(c in "abcdef" for c in text) else digest_of(rng, algorithm)


NOTES = (
    "",
    "a.jpg",
    'a "quoted" word',
    "semi;colon, comma",
    "x\ty",
    "zwei\nZeilen",
    "naïve café",
    "| pipe |",
    "'",
    "1,5",
)


def table_of(rng: random.Random, n: int, *, multiline: bool) -> Table:
    typed = rng.random() < 0.5
    one = rng.choice(ALGORITHMS)
    judged = rng.choice(["deleted", "active", "none", "state"])
    opinion = rng.random() < 0.5
    meanings = ["hash", *(["type"] if not typed else []), *([judged] if judged != "none" else [])]
    meanings += [each for each in ("id", "labels", "updated", "note") if rng.random() < 0.5]
    meanings += ["category"] if opinion else []
    rng.shuffle(meanings)
    header = [rng.choice(TYPED_NAMES[one] if each == "hash" and typed else NAMES[each]) for each in meanings]
    note_name = header[meanings.index("note")] if "note" in meanings else ""
    rows, expected = [header], []
    for k in range(n):
        algorithm = one if typed else rng.choice(ALGORITHMS)
        digest = digest_of(rng, algorithm)
        gone = rng.random() < 0.4
        category = "positive"
        cells: dict[str, str] = {"hash": digest.upper() if rng.random() < 0.3 else digest}
        fields: dict[str, Any] = {}
        if not typed:
            cells["type"] = rng.choice(TYPES[algorithm])
        if judged == "deleted":
            cells["deleted"] = rng.choice(GONE if gone else STANDS)
        elif judged == "active":
            words = sorted(FALSE | DELETED) if gone else sorted(TRUE | LIVE)
            cells["active"] = rng.choice(words)
        elif judged == "state":
            # Words that tell, so that the column counts from its first row on.
            cells["state"] = rng.choice(
                ("deleted", "withdrawn", "revoked") if gone else ("active", "enabled")
            )
        else:
            gone = False
        if opinion:
            word = rng.choice(CATEGORY_WORDS)
            category = OPINIONS[word]
            cells["category"] = word.replace(" ", rng.choice(" _-")).upper() if rng.random() < 0.5 else word
        if "id" in meanings:
            fields["id"] = cells["id"] = f"r-{k}"
        if "labels" in meanings:
            labels = rng.sample(["a", "b", "graphic_suicide"], rng.randrange(3))
            cells["labels"] = " ".join(labels)
            fields["labels"] = tuple(sorted(labels))
        if "updated" in meanings:
            cells["updated"] = f"2026-0{1 + k % 9}-01T00:00:0{k % 10}Z"
            fields["updated"] = cells["updated"]
        if "note" in meanings:
            note = rng.choice([each for each in NOTES if multiline or "\n" not in each])
            cells["note"] = note
            if note:
                fields["extra"] = {note_name: note}
        rows.append([cells[each] for each in meanings])
        expected.append(
            Entry(
                hash=Hash.from_hex(algorithm, digest), source="L", category=category, deleted=gone, **fields
            )
        )
    return Table(rows, expected, meanings)


def written(rng: random.Random, table: Table, *, plain: bool = False) -> tuple[str, bytes]:
    """Return an ending and the bytes of a table in some dialect."""
    delimiter = rng.choice([",", ";", "\t", "|"])
    end = rng.choice(["\n", "\r\n", "\r"])
    stream = io.StringIO()
    # The writer leaves a "\n" in a cell unquoted where lines end with "\r".
    if end == "\r" or rng.random() < 0.5:
        writer = csv.writer(stream, delimiter=delimiter, quoting=csv.QUOTE_ALL, lineterminator=end)
    else:
        writer = csv.writer(stream, delimiter=delimiter, lineterminator=end)
    writer.writerows(table.rows)
    text = stream.getvalue()
    if rng.random() < 0.2:
        text = f"sep={delimiter}{end}" + text
    elif rng.random() < 0.2:
        text = f"Exported by Tool 1.2{end}{end}" + text
    encoding = rng.choice(["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom"])
    data = ("\ufeff" + text).encode("utf-16-le") if encoding == "utf-16-le-bom" else text.encode(encoding)
    ending = "" if plain else rng.choice(sorted(PACKED))
    return ending, PACKED[ending](data)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_only_lines_are_too_long_not_what_holds_them(
    end: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pages, "MAX_RECORD_BYTES", 1 << 16)
    path = tmp_path / "list.csv"
    path.write_text(f"pdq,n{end}" + "".join(f"{'0f' * 32},{k}{end}" for k in range(6000)), newline="")
    assert path.stat().st_size > 6 * pages.MAX_RECORD_BYTES
    assert [entry.extra for entry in read_list(path)] == [{"n": str(k)} for k in range(6000)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("n_long", [70_000, 1_000_000])
def test_behind_a_line_that_is_too_long_the_list_goes_on(
    n_long: int, end: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pages, "MAX_RECORD_BYTES", 1 << 16)
    path = tmp_path / "list.csv"
    rows = [f"{'0f' * 32},w{k}" for k in range(3000)]
    for at in (7, 2500):
        lines = ["pdq,word", *rows[:at], "x" * n_long, *rows[at:]]
        path.write_text("".join(f"{line}{end}" for line in lines), newline="")
        reader = read_list(ListSource(path, max_rejects=1))
        assert [entry.extra["word"] for entry in reader] == [f"w{k}" for k in range(3000)]
        assert [reject.position for reject in reader.report.rejects] == [at + 2]


@pytest.mark.parametrize(
    ("above", "n_told"),
    [("", 0), ("sep=;\n", 0), ("\n\n", 0), ("Export\n\nof today\n", 2), ("sep=;\nof\nthree\nlines\n", 3)],
)
def test_lines_above_the_header_are_told(above: str, n_told: int, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"{above}pdq;id\n{'0f' * 32};one\n")
    reader = read_list(path)
    assert [entry.id for entry in reader] == ["one"]
    told = [note for note in reader.report.notes if "above the header" in note]
    assert len(told) == (n_told > 0)
    assert all(note.startswith(f"{n_told} lines above the header of list.csv are set aside") for note in told)


def as_sorted(entries: list[Entry]) -> list[str]:
    return sorted(map(repr, entries))


@settings(max_examples=150, deadline=None)
@given(seed=st.integers(0, 2**32), n=st.integers(1, 40), fast=st.booleans())
def test_every_dialect_is_read_exactly(tmp_path_factory: Any, seed: int, n: int, fast: bool) -> None:
    rng = random.Random(seed)
    table = table_of(rng, n, multiline=True)
    ending, data = written(rng, table)
    path = tmp_path_factory.mktemp("lists") / f"list.csv{ending}"
    path.write_bytes(data)
    with mock.patch.object(bulk, "_FEW", 2 if fast else 10**9):
        reader = read_list(ListSource(path, name="L"))
        found = list(reader)
    assert as_sorted(found) == as_sorted(table.expected)
    assert (reader.report.n_rejects, reader.report.n_records) == (0, n)


DAMAGES = ("drop", "double", "letter", "cut", "space", "comma", "quote")


def damaged(rng: random.Random, cell: str, how: str) -> str:
    at = rng.randrange(len(cell)) if cell else 0
    return {
        "drop": cell[:at] + cell[at + 1 :],
        "double": cell[:at] + cell[at : at + 1] * 2 + cell[at + 1 :],
        "letter": cell[:at] + "Q" + cell[at + 1 :],
        "cut": cell[: max(1, at)],
        "space": cell[:at] + " " + cell[at:],
        "comma": cell[:at] + "," + cell[at:],
        "quote": cell[:at] + '"' + cell[at:],
    }[how]


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    n=st.integers(1, 30),
    how=st.sampled_from(DAMAGES),
    raw=st.booleans(),
    fast=st.booleans(),
)
def test_a_damaged_cell_costs_its_record(
    tmp_path_factory: Any, seed: int, n: int, how: str, raw: bool, fast: bool
) -> None:
    """Those records less one, and one reject; or a refusal: never another digest, type, delete or opinion."""
    rng = random.Random(seed)
    table = table_of(rng, n, multiline=False)
    telling = [
        k
        for k, each in enumerate(table.meanings)
        if each in ("hash", "type", "deleted", "active", "category", "state")
    ]
    row, column = rng.randrange(1, n + 1), rng.choice(telling)
    # A column called "action" counts where a cell of it is known, and of one row there is no other cell; nor is
    # there one to say that "HASH" alone is no type.
    assume(n > 1 or table.meanings[column] not in ("state", "type"))
    before = table.rows[row][column]
    after = damaged(rng, before, how)
    assume(after.strip() != before.strip())
    meaning = table.meanings[column]
    known = {"deleted": TRUE | FALSE | DELETED | LIVE | NULL, "active": TRUE | FALSE | DELETED | LIVE | NULL}
    words = known.get(meaning, frozenset(OPINIONS) | DELETED | LIVE | CODES.keys())  # "a" is what "active" is
    normal = " ".join(after.lower().replace("_", " ").replace("-", " ").split())
    assume(normal not in words and after.strip() and after.lower().strip() not in NULL)
    assume(meaning not in ("deleted", "active") or not any(c.isdigit() for c in before))
    types = {plain(name) for names in TYPES.values() for name in names}
    assume(meaning != "type" or plain(after) not in types or not re.fullmatch(r"[\w\s-]*", after))
    assume(meaning != "hash" or how != "space" or len(after.strip()) != len(before))
    table.rows[row][column] = after
    if raw:
        text = "\n".join(",".join(each) for each in table.rows) + "\n"
        assume(
            not any(
                "," in cell or '"' in cell
                for k, r in enumerate(table.rows)
                for j, cell in enumerate(r)
                if (k, j) != (row, column)
            )
        )
        data = text.encode()
    else:
        _, data = written(rng, table, plain=True)
    path = tmp_path_factory.mktemp("lists") / "list.csv"
    path.write_bytes(data)
    expected = table.expected[: row - 1] + table.expected[row:]
    with mock.patch.object(bulk, "_FEW", 2 if fast else 10**9):
        reader = read_list(ListSource(path, name="L", max_rejects=1))
        try:
            found = list(reader)
        except ListError:
            return
    assert as_sorted(found) == as_sorted(expected)
    assert reader.report.n_rejects == 1


@pytest.mark.parametrize("seed", range(12))
def test_a_table_cut_at_any_byte_is_never_something_else(tmp_path: Path, seed: int) -> None:
    """Every record that is read stands in the whole list just so; what was cut is a reject, or the list is refused."""
    rng = random.Random(seed)
    table = table_of(rng, 4, multiline=False)
    stream = io.StringIO()
    csv.writer(stream, quoting=rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]), lineterminator="\n").writerows(
        table.rows
    )
    data = stream.getvalue().encode()
    whole = as_sorted(table.expected)
    free = {
        "note",
        "labels",
        "id",
        "updated",
    }  # a cut within these cannot be seen, and changes none of the rest
    path = tmp_path / "list.csv"
    for n_bytes in range(len(data)):
        path.write_bytes(data[:n_bytes])
        reader = read_list(ListSource(path, name="L", max_rejects=1))
        found: list[Entry] = []
        with contextlib.suppress(ListError):
            found.extend(reader)
        last_meaning = table.meanings[-1]
        exact = found if last_meaning not in free else found[:-1]
        assert all(each in whole for each in map(repr, exact)), n_bytes
        for entry in found[len(exact) :]:
            bare = [(repr(e.hash), e.deleted, e.category) for e in table.expected]
            assert (repr(entry.hash), entry.deleted, entry.category) in bare, n_bytes
        n_lines = data[:n_bytes].count(b"\n")
        assert len(found) + reader.report.n_rejects >= n_lines - 1 or not found


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
@pytest.mark.parametrize("other", [",", ";"])
def test_a_digest_that_another_delimiter_stands_in(delimiter: str, other: str, tmp_path: Path) -> None:
    """What parts every line, the names too, parts the cells: half a digest is no shorter one beside a cell."""
    if delimiter == other:
        return
    path = tmp_path / "list.csv"
    names, rest = delimiter.join(("md5", "is_active", "note")), f"{delimiter}yes{delimiter}a"
    whole, half = "02723b2520c2ba1edd177c23d51b5fa7", "5e723b2520c2ba1e"
    path.write_text(f"{names}\n{half}{other}{half}{rest}\n")
    with pytest.raises(ListError, match="no usable record"):
        list(read_list(path))
    path.write_text(f"{names}\n{half}{other}{half}{rest}\n{whole}{rest}\n")
    reader = read_list(ListSource(path, max_rejects=1))
    assert [entry.hash for entry in reader] == [Hash(Algorithm.MD5, bytes.fromhex(whole))]
    assert reader.report.n_rejects == 1
