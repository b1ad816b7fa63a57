"""What a sample of mutants showed that no test of lists noticed: small cases, one for each."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sqlite3
import sys
import zipfile
from contextlib import closing
from importlib import import_module
from pathlib import Path

import pytest

from safehash import ListError, load_list
from safehash.lists.formats import packed
from safehash.lists.formats.column_names import NAMES_OF_DIGESTS
from safehash.lists.formats.inside import doubt_in

M = [hashlib.md5(bytes([k])).hexdigest() for k in range(60)]
S = [hashlib.sha256(bytes([k])).hexdigest() for k in range(20)]


def read_as(path: Path, text: str | bytes) -> list[str]:
    """Return what each entry of a list is to its readers."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [entry.category for entry in load_list(path).table]


@pytest.mark.parametrize(
    ("said", "category"),
    [("no", "negative"), ("0", "negative"), ("yes", "positive"), ("pending", "seed"), (True, "positive")],
)
def test_whether_it_was_a_match_is_an_opinion(said: object, category: str, tmp_path: Path) -> None:
    records = [{"md5": digest, "is_match": said} for digest in M]
    assert read_as(tmp_path / "list.json", json.dumps(records)) == [category] * 60


def test_a_match_that_is_neither_yes_nor_no_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ListError, match="'maybe' in column 'is_match', which speaks of deletion or opinion"):
        read_as(tmp_path / "list.csv", "md5,is_match\n" + "".join(f"{digest},maybe\n" for digest in M))


def test_labels_behind_other_fields_are_looked_at(tmp_path: Path) -> None:
    two = {"name": "x", "sizes": [1, 2], "md5": M[:2], "labels": ["fine", "false positive"]}
    with pytest.raises(ListError, match="the 2 labels 'labels' speak of deletion or opinion"):
        read_as(tmp_path / "list.json", json.dumps([two]))


def test_a_type_in_front_of_the_digest_counts_against_a_title(tmp_path: Path) -> None:
    text = "# digests of sha256\n" + "".join(f"x{k} pdq {digest}\n" for k, digest in enumerate(S))
    assert read_as(tmp_path / "list.csv", text) == ["positive"] * 20
    with pytest.raises(ListError, match="names another type than the digests in it would be taken for"):
        read_as(tmp_path / "list.csv", text.replace(" pdq ", " seen "))


@pytest.mark.parametrize(
    ("first", "then"),
    [("utf-16-le", "utf-8"), ("utf-16-be", "utf-8"), ("utf-16-le", "utf-16-be"), ("utf-32-le", "utf-8")],
)
def test_lines_that_were_appended_in_another_encoding_are_no_single_reject(
    first: str, then: str, tmp_path: Path
) -> None:
    lines = [f"{digest},0\n" for digest in M]
    head = ("\ufeffmd5,deleted\n" + "".join(lines[:40])).encode(first)
    assert read_as(tmp_path / "list.csv", head + "".join(lines[40:]).encode(first)) == ["positive"] * 60
    with pytest.raises(ListError, match="in another encoding than"):
        read_as(tmp_path / "list.csv", head + "".join(lines[40:]).encode(then))


def zipped(*members: tuple[str, list[str]], comment: bytes = b"") -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.comment = comment
        for name, digests in members:
            archive.writestr(name, "".join(f"{digest}\n" for digest in digests))
    return stream.getvalue()


def test_every_file_of_a_zip_archive_is_read_or_it_is_refused(tmp_path: Path) -> None:
    one, two = zipped(("a.txt", M[:30])), zipped(("b.txt", M[30:]))
    for around, said in (
        (one + two, "in front of it"), (one + M[30].encode(), "behind its end"), (one + one[:40], "behind its end"),
    ):  # fmt: skip
        with pytest.raises(ListError, match=said):
            read_as(tmp_path / "list.zip", around)
    for name in ("./b.txt", "a/../b.txt", "../b.txt", "a/./b.txt"):
        data = zipped(("a.txt", M[:30]), (name, M[30:]), ("a/.hidden", ["?"]), comment=b"made by hand")
        assert read_as(tmp_path / "list.zip", data + bytes(16)) == ["positive"] * 60


def test_what_is_packed_twice_is_unpacked_and_what_is_packed_thrice_is_not(tmp_path: Path) -> None:
    twice = gzip.compress(gzip.compress("".join(f"{digest}\n" for digest in M).encode()))
    assert read_as(tmp_path / "list.txt.gz", twice) == ["positive"] * 60
    with pytest.raises(ListError, match="not recognised as any list format"):
        read_as(tmp_path / "list.txt.gz", gzip.compress(twice))
    assert b"".join(packed.unpacked(iter([gzip.compress(twice)]), lambda: 1 << 20))[:2] == b"\x1f\x8b"


@pytest.mark.parametrize(
    ("head", "title"),
    [
        (b"7z\xbc\xaf\x27\x1c", "a 7z archive: unpack it"),
        (b"Rar!", "a RAR archive: unpack it"),
        (bytes(257) + b"ustar", "a tar archive: unpack it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Excel workbook: save it as CSV"),
        (b"%PDF", "a PDF document"),
        (b"PAR1", "a Parquet file: save it as CSV"),
        (b"HASH\r\n\xff\x00", "an EnCase hash set: export it as text"),
        (b"\x04\x22\x4d\x18", "lz4: unpack it, or pack it as .zst"),
        (b"\x1f\x9d", "compress (.Z): unpack it"),
        (b"\x89HDF", "an HDF5 file"),
        (b"\x80\x04\x95", "a pickle: loading one could run code"),
        (b"\x80\x02", "a pickle: loading one could run code"),
        (b"\x5d\0\0\x80\0", "LZMA (.lzma): unpack it, or pack it as .xz"),
        (b"ARROW1\0\0", "a Feather (Arrow) file: save it as CSV"),
        (b"Obj\x01", "an Avro file: save it as JSON Lines"),
        (b"\0\1\0\0Standard ACE DB\0", "an Access database: save its table as CSV"),
        (bytes(8) + b"DUCK", "a DuckDB database"),
        (b"PGDMP\1", "a PostgreSQL dump"),
        (b"PGCOPY\n\xff\r\n\0", "PostgreSQL's binary COPY"),
        (b"{\\rtf1\\ansi " + M[0].encode(), "a document in RTF: save it as plain text"),
        (b"\xff\xd8\xff\xe0", "a picture: a list holds digests"),
        (b"-----BEGIN PGP MESSAGE-----\n" + M[0].encode(), "encrypted (PGP)"),
        (b"ClamAV-VDB:01 Jan 2026 00-00 +0000:1:12:90:" + M[0].encode(), "a ClamAV database"),
    ],
)
def test_what_is_no_list_is_called_what_it_is(head: bytes, title: str, tmp_path: Path) -> None:
    with pytest.raises(ListError) as caught:
        read_as(tmp_path / "list", head + bytes(range(256)) * 4)
    assert title in str(caught.value)


@pytest.mark.parametrize("length", ["1043", "*"])
def test_signatures_of_clamav_are_called_what_they_are(length: str, tmp_path: Path) -> None:
    text = "".join(f"{digest}:{length}:Img.Known-{k}\n" for k, digest in enumerate(M))
    with pytest.raises(ListError, match="ClamAV signatures: make a list of their first fields"):
        read_as(tmp_path / "list.hdb", text)


def test_zstd_may_begin_with_frames_to_be_skipped(tmp_path: Path) -> None:
    module = import_module("compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd")
    packed_text = module.compress("".join(f"{digest}\n" for digest in M).encode())
    skipped = b"".join(bytes([0x50 + number]) + b"\x2a\x4d\x18\x03\0\0\0abc" for number in (0, 15))
    assert read_as(tmp_path / "list.zst", skipped + packed_text) == ["positive"] * 60
    assert read_as(tmp_path / "list.zst", skipped[11:] + packed_text) == ["positive"] * 60
    with pytest.raises(ListError, match="empty"):
        read_as(tmp_path / "list.zst", skipped)


def test_a_table_of_words_is_named_with_its_column(tmp_path: Path) -> None:
    path = tmp_path / "list.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE hashes (id INTEGER PRIMARY KEY, md5 TEXT)")
        database.executemany("INSERT INTO hashes VALUES (?, ?)", enumerate(M))
        database.execute("CREATE TABLE tags (id INT, name TEXT)")
        database.execute("INSERT INTO tags VALUES (1, 'false positive')")
        database.commit()
    notes = load_list(path).report.notes
    assert [note.split(", and of which")[0] for note in notes] == ["table 'tags' says name 'false positive'"]


def test_doubt_is_looked_for_twelve_deep() -> None:
    value: object = 0
    for _ in range(11):
        value = [value]
    assert doubt_in({"confidence": value}) == ("confidence", 0)
    assert doubt_in({"confidence": [value]}) is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_carriage_return_ends_a_line_wherever_it_is(end: str, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    rows = [f"{digest},{'a' + chr(13) + 'b' if k == 7 else 'x'}{end}" for k, digest in enumerate(M)]
    path.write_bytes(f"md5,label{end}{''.join(rows)}".encode())
    loaded = load_list(path)
    assert [entry.labels for entry in loaded.table] == [("x",)] * 7 + [("a",)] + [("x",)] * 52
    assert [note.partition(":")[0] for note in loaded.report.notes] == ["list.csv, line 10"]
    assert "'b' is no record" in loaded.report.notes[0]


def test_types_of_digests_are_written_with_a_sign_before_their_number_alone() -> None:
    assert {name for name in NAMES_OF_DIGESTS if name.casefold().startswith("md5")} == {"md5", "MD5", "Md5"}
    assert {"sha256", "sha-256", "SHA_256", "Sha 256"} < set(NAMES_OF_DIGESTS)
    assert not [name for name in NAMES_OF_DIGESTS if not name[-1].isalnum()]
