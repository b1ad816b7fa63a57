"""What is refused and why, where no other test comes: each record beside a good one, which is read."""

from __future__ import annotations

import gzip
import io
import json
import sqlite3
import sys
import tempfile
import zipfile
from contextlib import closing
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from safehash import Hash, ListError, ListSource, load_list, read_list
from safehash.lists.formats import ncmec_rows

PDQ, OTHER = "0f" * 32, "1e" * 32
MD5 = "0123456789abcdef0123456789abcdef"


def own(**more: Any) -> str:
    good = {"algorithm": "pdq", "hash": PDQ, "id": "1"}
    return "\n".join(map(json.dumps, ({"safehash": 1}, good, {**good, "hash": OTHER, "id": "2", **more})))


def vics(media: Any) -> str:
    good = {"MediaID": 1, "Category": 1, "MD5": MD5}
    context = "http://github.com/VICSDATAMODEL/ProjectVic/DataModels/2.0.xml/UK/$metadata#Media"
    return json.dumps({"@odata.context": context, "value": [good, media]})


def te(**more: Any) -> str:
    def record(number: int, digest: str, **fields: Any) -> dict[str, Any]:
        owner = {"id": "5", "name": "x"}
        descriptor = {"owner": owner, "status": "MALICIOUS", "tags": [], **fields}
        return {"id": str(number), "indicator": digest, "type": "HASH_PDQ", "should_delete": False,
                "last_updated": 1_763_800_000 + number, "descriptors": {"data": [descriptor]}}  # fmt: skip

    return json.dumps({"data": [record(1, PDQ), record(2, OTHER, **more)]})


NCMEC = '<queryResult xmlns="https://hashsharing.ncmec.org/hashsharing/v2"><images>{}</images></queryResult>'
IMAGE = '<image><member id="3">x</member><timestamp>2026-01-02T03:04:05Z</timestamp><id>{}</id>{}' \
        "<fingerprints><md5>{}</md5></fingerprints></image>"  # fmt: skip


def ncmec(digest: str = MD5[::-1], more: str = "") -> str:
    return NCMEC.format(IMAGE.format(1, "", MD5) + IMAGE.format(2, more, digest))


REJECTED = {
    "own: extra": ("l.jsonl", own(extra=[1]), "expected an object for 'extra', found list"),
    "own: keyed by": ("l.jsonl", own(keyed_by="name"), "expected 'id' or 'digest' for 'keyed_by'"),
    "own: value": ("l.jsonl", own(hash=None, value=7), "expected a text for 'value', found 7"),
    "own: labels": ("l.jsonl", own(labels=["a", 1]), "expected texts for 'labels', found 1"),
    "own: opinion": (
        "l.jsonl",
        own(owners=[{"owner": "a", "category": "x"}]),
        "expected a category for the opinion of 'a', found 'x'",
    ),
    "own: version": (
        "l.jsonl",
        own().rpartition("\n")[0] + '\n{"safehash": "x"}',
        "expected a version number, found 'x'",
    ),
    "te: a reaction": (
        "l.json",
        te(reactions=[{"key": "DISAGREE_WITH_TAGS"}]),
        "expected a reaction with a 'key'",
    ),
    "te line: no digest": (
        "l.csv",
        f"{PDQ},1,2026-01-02T03:04:05+0000,a b\nxyz,2,2026-01-02T03:04:05+0000,a\n",
        "hexadecimal digits, found",
    ),
    "ncmec: classification": (
        "l.xml",
        ncmec(more="<classification>false positive</classification>"),
        "speaks of an opinion",
    ),
    "ncmec: digest": ("l.xml", ncmec(digest="zz" * 16), "hexadecimal"),
    "vics: no object": ("l.json", vics("x"), "expected an object for a record, found 'x'"),
    "vics: alternatives": (
        "l.json",
        vics({"MediaID": 2, "Category": 1, "AlternativeHashes": {"HashName": "PhotoDNA"}}),
        "expected a list for 'AlternativeHashes'",
    ),
    "vics: one alternative": (
        "l.json",
        vics({"MediaID": 2, "Category": 1, "AlternativeHashes": ["x"]}),
        "expected an object for an alternative hash",
    ),
    "objects: by digest": (
        "l.json",
        json.dumps({PDQ: {"quality": 90}, OTHER: {"hash": PDQ}}),
        "a field 'hash' of its own",
    ),
    "hashdeep: no columns": (
        "l.txt",
        f"%%%% HASHDEEP-1.0\n7,{MD5},a\n%%%% size,md5,filename\n7,{MD5},b\n",
        "no columns are named above",
    ),
    "lines: names": (
        "l.txt",
        f"SHA-2567 (a.jpg) = {MD5}\nMD5 (b.jpg) = {MD5}\n",
        "is no type of digest known here",
    ),
    "lines: two digests": (
        "l.txt",
        f"md5 {MD5}\nmd5 {MD5} {MD5[::-1]}\n",
        "nothing says what each of them is",
    ),
    "table: a short last row": ("l.csv", f"{PDQ},a,b\n{OTHER},c", "the list may be cut off"),
}


@pytest.mark.parametrize(("name", "text", "reason"), REJECTED.values(), ids=REJECTED)
def test_a_record_is_refused_and_the_other_read(name: str, text: str, reason: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    reader = read_list(ListSource(path, max_rejects=1))
    found = list(reader)
    assert [(len(found), reader.report.n_rejects)] == [(1, 1)], (found, reader.report)
    (reject,) = reader.report.rejects
    assert reason in reject.reason


@pytest.mark.parametrize("more", [{"safehash": 1}, {"safehash": 99}, {"end": 1, "sha256": "x"}], ids=str)
def test_an_entry_is_no_header_whatever_else_it_has(more: dict[str, Any], tmp_path: Path) -> None:
    """Read one by one or at once; its digest was dropped without a word."""
    path = tmp_path / "l.jsonl"
    path.write_text(own(**more))
    for ignore in ((), ("no such field",)):
        found = list(read_list(ListSource(path, ignore=ignore)))
        assert [(entry.id, dict(entry.extra)) for entry in found] == [("1", {}), ("2", more)]


def test_bad_digests_among_many_that_are_read_at_once(tmp_path: Path) -> None:
    path = tmp_path / "l.xml"
    digests = [f"{k:032x}" for k in range(40)]
    digests[7], digests[9] = "zz" * 16, "ab"
    path.write_text(NCMEC.format("".join(IMAGE.format(k, "", digest) for k, digest in enumerate(digests))))
    with mock.patch.object(ncmec_rows, "_FEW", 2):
        reader = read_list(ListSource(path, max_rejects=1))
        found = {entry.hash.hex for entry in reader if isinstance(entry.hash, Hash)}
    assert found == {digest for k, digest in enumerate(digests) if k not in (7, 9)}
    assert [reject.position for reject in reader.report.rejects] == [8, 10]


def zipped(name: str, data: bytes, encrypted: bool = False) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, data)
    found = bytearray(stream.getvalue())
    if encrypted:
        for mark, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
            found[found.find(mark) + at] |= 1
    return bytes(found)


def database(*statements: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "l.db"
        with closing(sqlite3.connect(path)) as made:
            made.executescript(";".join(statements))
        return path.read_bytes()


LISTED = f"pdq\n{PDQ}\n".encode()
REFUSED = {
    "an encrypted archive": ("l.zip", zipped("l.csv", LISTED, encrypted=True), {}, "encrypted: unpack it"),
    "a damaged file in an archive": (
        "l.zip",
        zipped("l.csv", LISTED).replace(LISTED, LISTED[::-1]),
        {},
        "damaged inside the zip archive: Bad CRC-32",
    ),
    "neither object nor array": (
        "l.json",
        b'{"items": ["' + PDQ.encode() + b'"]} 7',
        {"format": "objects"},
        "expected '{' or '[', found '7'",
    ),
    "a workbook": (
        "l.xlsx",
        zipped("[Content_Types].xml", b"<x/>"),
        {},
        "an Excel workbook or another Office document",
    ),
    "a database in an archive": (
        "l.zip",
        zipped("l.db", database("CREATE TABLE t(md5 TEXT)", f"INSERT INTO t VALUES ('{MD5}')")),
        {},
        "an SQLite database inside an archive: unpack it",
    ),
    "a database of two tables": (
        "l.db",
        database(*(f"CREATE TABLE {t}(md5 TEXT); INSERT INTO {t} VALUES ('{MD5}')" for t in "ab")),
        {},
        "refused: 2 tables (a, b) of this database (it has 'a', 'b')",
    ),
    "a database without digests": (
        "l.db",
        database("CREATE TABLE t(x TEXT)"),
        {},
        "refused: no table of this database (it has 't')",
    ),
    "a column that is not there": (
        "l.csv",
        LISTED,
        {"columns": {"id": ["name"]}},
        "there is no column 'name' to take for 'id'",
    ),
    "a later version": ("l.jsonl", b'{"safehash": 99}\n', {}, "written in version 99 of the format"),
    "columns of a format that has none": (
        "l.jsonl",
        own().encode(),
        {"columns": {"id": ["id"]}},
        "whose fields have their own meaning",
    ),
    "an element behind the end": ("l.xml", ncmec().encode() + b"\n<x/>", {}, "junk after document element"),
}


@pytest.mark.parametrize(("name", "data", "options", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_list_is_refused(
    name: str, data: bytes, options: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(ListError) as told:
        load_list(ListSource(path, max_rejects=1, **options))
    assert reason in str(told.value)


def test_streams_may_stand_far_apart(tmp_path: Path) -> None:
    """Tools that write to tape pad with zeros; what stands behind them is part of the list."""
    path = tmp_path / "l.csv.gz"
    more = f"{OTHER}\n".encode()
    path.write_bytes(gzip.compress(LISTED) + bytes(100_000) + gzip.compress(more) + bytes(5000))
    assert [entry.hash.hex for entry in read_list(path) if isinstance(entry.hash, Hash)] == [PDQ, OTHER]


def test_digests_of_a_database_may_be_bytes(tmp_path: Path) -> None:
    path = tmp_path / "l.db"
    rows = f"(X'{PDQ}', X'{MD5}'), (X'{OTHER}', X'{MD5[::-1]}')"
    path.write_bytes(database("CREATE TABLE t(pdq BLOB, md5 BLOB)", f"INSERT INTO t VALUES {rows}"))
    found = sorted(entry.hash.hex for entry in read_list(path) if isinstance(entry.hash, Hash))
    assert found == sorted([PDQ, OTHER, MD5, MD5[::-1]])


def test_a_damaged_stream_of_zstd(tmp_path: Path) -> None:
    if sys.version_info < (3, 14):
        pytest.importorskip("backports.zstd")
    path = tmp_path / "l.csv.zst"
    path.write_bytes(b"\x28\xb5\x2f\xfd" + b"\xff" * 40)
    with pytest.raises(ListError, match="the zstd stream is damaged"):
        load_list(path)
