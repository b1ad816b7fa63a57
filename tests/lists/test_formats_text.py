"""Text, CSV and TSV: every line shape, header, delimiter and ambiguity; the fast way equals the slow one."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from list_samples import BRIDGE, FIRST, entries_of, pdq, qualities
from safehash import ListSource
from safehash.errors import ListError
from safehash.hashing.hashes import ForeignHash, Hash
from safehash.lists.entry import Entry
from safehash.lists.formats import bulk, read_list
from safehash.lists.formats.batch import Batch
from safehash.lists.formats.reading import batches_of

MD5 = "9e107d9d372bb6826bd81d3542a419d6"
SHA1 = "2fd4e1c67a2d28fced849ee1bb76e7391b93eb12"
PHASH = "8f373714acfcf4d0"


def read(tmp_path: Path, text: str, **options: Any) -> list[Entry]:
    path = tmp_path / "list.csv"
    path.write_text(text, encoding="utf-8")
    return entries_of(path, name="L", **options)[0]


def entry(digest: str = FIRST, algorithm: str = "pdq", quality: int | None = None, **fields: Any) -> Entry:
    return Entry(hash=Hash.from_hex(algorithm, digest, quality=quality), source="L", **fields)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (FIRST, entry()),
        (FIRST.upper(), entry()),
        (f"  {FIRST}  ", entry()),
        (f'"{FIRST}","a, b"', entry(extra={"metadata": "a, b"})),
        (f"{FIRST},100,a.jpg", entry(quality=100, extra={"filename": "a.jpg"})),
        (f"{FIRST};100;a.jpg", entry(quality=100, extra={"filename": "a.jpg"})),
        (f"{FIRST}\t100\ta b.jpg", entry(quality=100, extra={"filename": "a b.jpg"})),
        (f"{FIRST} 100 a b.jpg", entry(quality=100, extra={"filename": "a b.jpg"})),
        (f"{FIRST},100,1763800000.5", entry(quality=100, extra={"timestamp": "1763800000.5"})),
        (
            f"{FIRST},100,2026-01-02T03:04:05Z",
            entry(quality=100, extra={"timestamp": "2026-01-02T03:04:05Z"}),
        ),
        (f"{FIRST},graphic", entry(extra={"metadata": "graphic"})),
        # A number alone may be anything: as a quality it could silently keep the entry out.
        (f"{FIRST},7", entry(extra={"metadata": "7"})),
        (f"{FIRST},x,y,z", entry(extra={"metadata": "x", "column3": "y", "column4": "z"})),
        (f"hash={FIRST}", entry()),
        (f"hash={FIRST},some words", entry(extra={"metadata": "some words"})),
        (
            f"hash={FIRST},norm=128,delta=0,quality=100,filename=b.jpg",
            entry(quality=100, extra={"norm": "128", "delta": "0", "filename": "b.jpg"}),
        ),
        (f"a/b.png,{FIRST}", entry(extra={"filename": "a/b.png"})),
        (f"pdq {FIRST}", entry()),
        (f"my photo pdq {FIRST}", entry(extra={"name": "my photo"})),
        (f"pdq {FIRST} and more", entry(extra={"metadata": "and more"})),
        (f"md5 {MD5}", entry(MD5, "md5")),
        (f"sha256 {FIRST}", entry(FIRST, "sha256")),
        (f"video_md5 {MD5}", Entry(hash=ForeignHash("video_md5", MD5), source="L")),
        (f"{MD5}  holiday.jpg", entry(MD5, "md5", extra={"metadata": "holiday.jpg"})),
        (MD5, entry(MD5, "md5")),
        (SHA1, entry(SHA1, "sha1")),
        (PHASH, entry(PHASH, "phash")),
        # An id of 16 decimal digits is no pHash where a real digest stands beside it.
        (f"4169895076385542,{FIRST}", entry(extra={"filename": "4169895076385542"})),
        # A file called by its MD5 is no second digest.
        (f"{FIRST},90,{MD5}", entry(quality=90, extra={"filename": MD5})),
    ],
)
def test_line_shapes(text: str, expected: Entry, tmp_path: Path) -> None:
    for written in (text, text + "\n", f"# list\n\n{text}\r\n\r\n"):
        found = read(tmp_path, written)
        assert found == [expected]
        assert [getattr(e.hash, "quality", None) for e in found] == [getattr(expected.hash, "quality", None)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"FilePath,Hash\nx,{FIRST}", entry(extra={"FilePath": "x"})),
        (f"Indicator\n{FIRST}", entry()),
        (f"sha256\n{FIRST}", entry(FIRST, "sha256")),
        (f"PDQ Hash;Quality\n{FIRST};88", entry(quality=88)),
        (f"type,value\nHASH_SHA256,{FIRST}", entry(FIRST, "sha256")),
        (
            f"type,value\nphotodna,AAEC==\npdq,{FIRST[:-1]}\n# {FIRST}",
            Entry(hash=ForeignHash("photodna", "AAEC=="), source="L"),
        ),
        (f"type,hash\nimage/jpeg,{FIRST}", entry(extra={"type": "image/jpeg"})),
        (f"hash,photodna\n{FIRST},", entry()),
        (
            f"id,hash,tags,category,severity,created,last_updated\n"
            f"7,{FIRST},b;a;b,Disputed,A1,2026-01-02,1763800000\n",
            entry(
                id="7",
                labels=("a", "b"),
                category="disputed",
                severity="A1",
                created="2026-01-02T00:00:00Z",
                updated="2025-11-22T08:26:40Z",
            ),
        ),
        (f"hash,labels\n{FIRST},graphic_suicide recovery", entry(labels=("graphic_suicide", "recovery"))),
        (
            f"hash,quality,category,updated\n{FIRST},high,A,soon",
            entry(extra={"quality": "high", "category": "A", "updated": "soon"}),
        ),
        (f"hash\tnote\n{FIRST}\ta,b;c", entry(extra={"note": "a,b;c"})),
        (f"hash,note,note\n{FIRST},a,b", entry(extra={"note": "a", "note_3": "b"})),
        (f"hash,deleted\n{FIRST},TRUE\n", entry(deleted=True)),
        (f"hash quality\n{FIRST} 77", entry(quality=77)),
    ],
)
def test_headers(text: str, expected: Entry, tmp_path: Path) -> None:
    found = read(tmp_path, text)
    assert found == [expected]
    assert [getattr(e.hash, "quality", None) for e in found] == [getattr(expected.hash, "quality", None)]


def test_several_digests_in_a_row_are_one_record(tmp_path: Path) -> None:
    found = read(tmp_path, f"id,md5,sha1,pdq\n1,{MD5},,{FIRST}\n2,{MD5[1:]},{SHA1},\n3,,,\n")
    assert found == [entry(MD5, "md5", id="1"), entry(id="1"), entry(SHA1, "sha1", id="2")]


def test_delete_by_id_alone(tmp_path: Path) -> None:
    assert read(tmp_path, f"hash,id,deleted\n{FIRST},1,\n,2,true\n,3,\n") == [
        entry(id="1"),
        Entry(hash=None, id="2", source="L", deleted=True),
    ]


@pytest.mark.parametrize("ambiguous", [True, False])
def test_ambiguity_is_said(ambiguous: bool, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text("\n".join(([] if ambiguous else ["pdq"]) + [FIRST, BRIDGE] * 100))
    reader = read_list(path)
    list(reader)
    notes = (
        "200 digests of 64 hexadecimal digits taken as PDQ: nothing in the list says whether they are "
        "SHA-256 (algorithm= decides)",
    )
    assert reader.report.notes == (notes if ambiguous else ())


def test_algorithm_decides(tmp_path: Path) -> None:
    text = f"{FIRST}\n" * 10
    assert read(tmp_path, text, algorithm="sha256") == [entry(FIRST, "sha256")] * 10
    assert read(tmp_path, text, algorithm="phash256") == [entry(FIRST, "phash256")] * 10
    with pytest.raises(ListError, match=r"expected 40 hexadecimal digits .sha1."):
        read(tmp_path, text, algorithm="sha1")


def test_suspicious_digests_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    lines = ["0" * 64, "f" * 64, "1" + "0" * 63, FIRST]
    lines += ["md5 d41d8cd98f00b204e9800998ecf8427e", f"phash {'0' * 16}"]
    path.write_text("\n".join(lines) + f"\n{FIRST}" * 100)
    _, report = entries_of(path)
    assert report.n_suspicious == 5
    assert report.entries == {"pdq": 104, "md5": 1, "phash": 1}


_CELLS = st.sampled_from(
    [
        "",
        "a.jpg",
        "b c.jpg",
        "é.png",
        '"',
        '"q,""u"',
        "\\",
        "#",
        " ",
        "100",
        "50",
        "x;y",
        "\x7f",
        "hash",
        FIRST,
        MD5,
    ]
)
_DIGESTS = st.sampled_from(
    [FIRST, BRIDGE, FIRST.upper(), FIRST[:-1], FIRST + "0", " " + FIRST, "", "x", FIRST[:32] + " " * 32]
)
_LINES = st.one_of(
    st.tuples(_DIGESTS, _CELLS, _CELLS).map(",".join),
    st.tuples(_DIGESTS, st.just("90"), st.just("plain.jpg")).map(",".join),
    st.sampled_from(["", "# comment", f"pdq {FIRST}", f"hash={FIRST},q", FIRST]),
)


@settings(max_examples=150, deadline=None)
@given(lines=st.lists(_LINES, max_size=60), header=st.booleans(), crlf=st.booleans())
def test_fast_lines_equal_slow_lines(
    tmp_path_factory: Any, lines: list[str], header: bool, crlf: bool
) -> None:
    """Reading by columns gives what reading line by line gives; a line is an entry or a reject."""
    path = tmp_path_factory.mktemp("lists") / "list.csv"
    rows = (["hash,quality,filename"] if header else []) + [f"{FIRST},90,plain.jpg"] * 100 + lines
    end = "\r\n" if crlf else "\n"
    path.write_bytes(end.join(rows).encode() + end.encode())
    fast = read_list(ListSource(path, name="L", max_rejects=1))
    items = list(batches_of(fast))
    assert any(isinstance(item, Batch) for item in items)
    expanded = [e for item in items for e in (item if isinstance(item, Batch) else [item])]
    assert list(map(repr, expanded)) == list(map(repr, read_list(ListSource(path, name="L", max_rejects=1))))
    with mock.patch.object(bulk, "_FEW", 10**9):
        slow = read_list(ListSource(path, name="L", max_rejects=1))
        # Plain rows come before the odd ones among them.
        assert sorted(map(repr, slow)) == sorted(map(repr, expanded))
    assert slow.report.n_rejects == fast.report.n_rejects
    assert fast.report.n_records == len(expanded) + fast.report.n_rejects
    assert slow.report.entries == fast.report.entries


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=300))
def test_any_bytes_are_entries_rejects_or_an_error(tmp_path_factory: Any, data: bytes) -> None:
    path = tmp_path_factory.mktemp("lists") / "list"
    for start in (b"", FIRST.encode() + b"\n", b'{"data": [', b'{"safehash": 1}\n', b"<queryResult>"):
        path.write_bytes(start + data)
        reader = read_list(ListSource(path, max_rejects=1, allow_cut=True, algorithm="pdq", notation="hex"))
        n_entries, is_refused = 0, False
        try:
            for _ in reader:
                n_entries += 1
        except ListError:
            is_refused = True  # at a line that may be a title even after some entries
        n_met = reader.report.n_entries + reader.report.n_deletes
        assert n_entries == n_met or (is_refused and n_entries <= n_met)


# -- rows that are no rows ---------------------------------------------------------------------------------

OTHER = "4f1e8ab93c57d2609b3c5e1a7d84f26b90c8e7315ad2f4689e0b37c1d85a2f64"


def test_a_repeated_header_is_left_out_and_another_one_refused(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"hash,label,deleted\n{FIRST},x,true\nHash,Label,Deleted\n{BRIDGE},x,false\n")
    entries, report = entries_of(path)
    assert ([entry.deleted for entry in entries], report.n_records, report.n_rejects) == ([True, False], 2, 0)
    path.write_text(f"hash,label,deleted\n{FIRST},x,true\nhash,deleted,label\n{BRIDGE},false,x\n")
    with pytest.raises(ListError, match="line 3 names columns once more"):
        entries_of(path)


@pytest.mark.parametrize("encoding", ["shift_jis", "gbk", "cp1251", "euc-kr"])
def test_a_column_whose_name_cannot_be_read_is_refused(encoding: str, tmp_path: Path) -> None:
    name = {"shift_jis": "削除", "gbk": "已删除", "cp1251": "удалено", "euc-kr": "삭제"}[encoding]
    path = tmp_path / "list.csv"
    path.write_bytes(f"hash,{name}\n{FIRST},1\n".encode(encoding))
    with pytest.raises(ListError, match=r"name of column 2, .* cannot be read.*ignore=\['column2'\]"):
        entries_of(path)
    assert len(entries_of(path, ignore=["column2"])[0]) == 1


def test_digests_behind_a_nul_are_not_swallowed(tmp_path: Path) -> None:
    """As ``md5sum -z`` writes them; a NUL alone stands in names."""
    path = tmp_path / "list.csv"
    for text in (f"{MD5}  {'a' * 70}\0{MD5}  b\0\n", f"hash,name\n{MD5},{'a' * 70}\0{MD5}\n"):
        path.write_text(text)
        with pytest.raises(ListError, match="a NUL character with a digest behind it"):
            list(read_list(path))


@pytest.mark.parametrize("n_digits", [32, 40, 16])
def test_a_last_digest_that_was_cut_is_none_of_another_type(n_digits: int, tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    for text in (f"{FIRST}\n{BRIDGE}\n{OTHER}", f"hash,x\n{FIRST},1\n{BRIDGE},1\n{OTHER}"):
        path.write_text(text[: n_digits - len(OTHER)])
        entries, report = entries_of(path)
        assert ([entry.hash for entry in entries], report.n_rejects) == ([pdq(FIRST), pdq(BRIDGE)], 1)


def test_grades_are_no_qualities(tmp_path: Path) -> None:
    """Read as PDQ qualities they would keep every entry out of matching."""
    path = tmp_path / "list.csv"
    path.write_text(f"hash,quality\n{FIRST},3\n{BRIDGE},1\n{OTHER},2\n")
    entries, report = entries_of(path)
    assert qualities(entries) == [None] * 3
    assert "'quality' does not hold PDQ qualities" in report.notes[0]


@pytest.mark.parametrize("notation", ["decimal", "bits"])
def test_digests_in_a_notation_that_was_told(notation: str, tmp_path: Path) -> None:
    numbers = [0x2D3FE2973AE46155, 0xBE5C39319D892098]
    written = [f"{n:064b}" if notation == "bits" else str(n) for n in numbers]
    path = tmp_path / "list.csv"
    for text in ("{}\n{}\n", "{},a.jpg\n{},b.jpg\n", "hash,x\n{},1\n{},2\n", "{} a.jpg\n{} b.jpg\n"):
        path.write_text(text.format(*written))
        assert [entry.hash for entry in entries_of(path, notation=notation, algorithm="phash")[0]] == [
            Hash.from_hex("phash", f"{n:016x}") for n in numbers
        ]
