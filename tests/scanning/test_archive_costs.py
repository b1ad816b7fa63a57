"""Archives that are made to cost: what is small in a file and large in what a reader does of it."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from safehash.matching.matcher import Matcher
from safehash.scanning import archive_member, archives, tars
from safehash.scanning.forward import Forward
from safehash.scanning.items import Item
from safehash.scanning.options import ScanOptions
from safehash.scanning.records import Problem, ScanRecord
from safehash.scanning.run import scan
from stores import write_list, write_picture


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("pictures") / "known.png"
    write_picture(path, 1)
    return path.read_bytes()


@pytest.fixture(scope="module")
def matcher(picture: bytes, tmp_path_factory: pytest.TempPathFactory) -> Matcher:
    folder = tmp_path_factory.mktemp("list")
    (folder / "known.png").write_bytes(picture)
    listed = write_list(folder / "own.csv", folder / "known.png")
    return Matcher.from_files(listed)


def looked_at(path: Path, matcher: Matcher) -> tuple[list[str], list[str]]:
    """Return the outcomes of a file's members, and what its problems are."""
    found = list(scan(path, matcher=matcher, options=ScanOptions(workers=0, ordered=True)).events())
    return (
        [each.decision.outcome.value for each in found if isinstance(each, ScanRecord)],
        [each.reason for each in found if isinstance(each, Problem)],
    )


def header(name: str, kind: bytes, n_bytes: int, **more: Any) -> bytes:
    info = tarfile.TarInfo(name)
    info.type, info.size = kind, n_bytes
    for field, value in more.items():
        setattr(info, field, value)
    return info.tobuf(tarfile.GNU_FORMAT)


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % tarfile.BLOCKSIZE)


def told(fields: dict[str, str], kind: bytes = tarfile.XHDTYPE) -> bytes:
    """Return a pax header of these fields."""
    lines = b""
    for name, value in fields.items():
        body = f" {name}={value}\n".encode()
        n = len(body) + len(str(len(body)))
        n += len(str(n)) - len(str(len(body)))
        lines += str(n).encode() + body
    return header("told", kind, len(lines)) + padded(lines)


END = bytes(2 * tarfile.BLOCKSIZE)


def member(name: str, data: bytes) -> bytes:
    return header(name, tarfile.REGTYPE, len(data)) + padded(data)


def sparse(name: str, data: bytes, n_bytes: int, parts: list[tuple[int, int]]) -> bytes:
    """Return a member of holes, as GNU tar wrote them once: four parts at most."""
    raw = bytearray(header(name, tarfile.GNUTYPE_SPARSE, len(data)))
    for at, (offset, length) in enumerate(parts):
        raw[386 + 24 * at : 410 + 24 * at] = b"%011o\0%011o\0" % (offset, length)
    raw[483:495] = b"%011o\0" % n_bytes
    raw[148:156] = b" " * 8
    raw[148:156] = b"%06o\0 " % sum(raw)
    return bytes(raw) + padded(data)


def test_a_chain_of_headers_ends(tmp_path: Path, matcher: Matcher, picture: bytes) -> None:
    """A map of holes in two megabytes of headers that pack to two kilobytes: what stands before it is decided."""
    chained = bytearray(sparse("holes.png", b"", 0, []))
    chained[482] = 1  # another header follows
    chained[148:156] = b" " * 8
    chained[148:156] = b"%06o\0 " % sum(chained)
    further = bytes(504) + b"\x01" + bytes(7)
    path = tmp_path / "chained.tar.gz"
    path.write_bytes(gzip.compress(member("known.png", picture) + bytes(chained) + further * 4096 + END))
    outcomes, problems = looked_at(path, matcher)
    assert outcomes == ["match"]
    assert problems == ["damaged archive: ReadError: its headers are too long"]


def test_all_headers_of_a_tar_have_an_end(
    tmp_path: Path, matcher: Matcher, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "told.tar.gz"
    one = told({"comment": "x" * 2000}) + member("known.png", picture)  # 512 + 2048 + 512 of headers
    path.write_bytes(gzip.compress(one * 4 + END))
    assert looked_at(path, matcher) == (["match"] * 4, [])
    monkeypatch.setattr(tars, "_HEADERS", 0)
    monkeypatch.setattr(tars, "_HEADERS_FREE", 4 * 3072)  # and a byte before each but the first
    outcomes, problems = looked_at(path, matcher)
    assert outcomes == ["match"] * 3
    assert problems == ["damaged archive: ReadError: its headers are too long"]
    monkeypatch.setattr(tars, "_HEADERS", 1)
    assert looked_at(path, matcher)[0] == ["match"] * 4


def test_a_header_of_digits_is_not_searched(tmp_path: Path, matcher: Matcher, picture: bytes) -> None:
    """Some versions of the standard library's reader look from each digit to the end of all: hours in a megabyte."""
    path = tmp_path / "digits.tar"
    path.write_bytes(
        member("known.png", picture) + told({"comment": "1" * 299 + " " * 300}) + member("more.png", picture)
        + told({"comment": "1" * 300 + " " * 300}) + member("last.png", picture) + END
    )  # fmt: skip
    outcomes, problems = looked_at(path, matcher)
    assert outcomes == ["match", "match"]
    assert problems == ["damaged archive: ReadError: a header has a number of 300 digits"]


@pytest.mark.parametrize(("n_fields", "is_read"), [(64, True), (65, False)])
def test_few_fields_are_told_of_all_members(
    n_fields: int, is_read: bool, tmp_path: Path, matcher: Matcher, picture: bytes
) -> None:
    """The reader lays each on each member."""
    path = tmp_path / "told.tar"
    fields = {f"of{number}": "x" for number in range(n_fields)}
    path.write_bytes(told(fields, tarfile.XGLTYPE) + member("known.png", picture) + END)
    outcomes, problems = looked_at(path, matcher)
    if is_read:
        assert (outcomes, problems) == (["match"], [])
    else:
        assert (outcomes, problems) == (
            [],
            ["damaged archive: ReadError: 65 fields are told of all its members"],
        )


def test_holes_count_as_what_they_are_read_as(
    tmp_path: Path, matcher: Matcher, picture: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A member may be a picture's first bytes and a hole of any length: that is in no stream, and is read."""
    path = tmp_path / "holes.tar"
    n_long = 3_000_000
    whole = sparse("whole.png", picture, len(picture), [(0, len(picture))])
    long = sparse("long.png", picture, n_long, [(0, len(picture))])
    path.write_bytes(whole + long + whole + long + END)
    monkeypatch.setattr(archive_member, "_EXPANSION", 0)
    monkeypatch.setattr(archive_member, "_EXPANSION_FREE", 2 * n_long + 2 * len(picture))
    assert looked_at(path, matcher) == (["match"] * 4, [])
    monkeypatch.setattr(archive_member, "_EXPANSION_FREE", 2 * n_long)
    outcomes, problems = looked_at(path, matcher)
    assert outcomes == ["match"] * 3
    assert problems == ["damaged archive: ReadError: it expands too far"]


def test_a_map_of_holes_goes_forward(tmp_path: Path, matcher: Matcher, picture: bytes) -> None:
    path = tmp_path / "back.tar"
    n = len(picture)
    good = sparse("good.png", picture, n, [(0, 100), (100, n - 100)])
    for parts in ([(100, n - 100), (0, 100)], [(0, 0), (0, n)], [(0, n), (5, 0)]):
        path.write_bytes(good + sparse("back.png", picture, n, parts) + END)
        outcomes, problems = looked_at(path, matcher)
        assert outcomes == ["match"]
        assert problems == ["damaged archive: ReadError: a member's map of holes goes back"]


def test_members_of_a_zip_share_no_bytes(tmp_path: Path, matcher: Matcher, picture: bytes) -> None:
    """A directory of many entries for one member costs its bytes once for each of them."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("known.png", picture)
    whole = stream.getvalue()
    start, end = whole.find(b"PK\x01\x02"), whole.rfind(b"PK\x05\x06")
    entry = whole[start:end]
    path = tmp_path / "shared.zip"
    path.write_bytes(
        whole[:start] + entry * 9
        + struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 9, 9, 9 * len(entry), start, 0)
    )  # fmt: skip
    outcomes, problems = looked_at(path, matcher)
    assert outcomes == ["match"]
    assert problems == ["archive whose members overlap: the rest was not read"]


def test_an_archive_that_grew_since_it_was_listed_is_as_long_as_it_is(tmp_path: Path, picture: bytes) -> None:
    path = tmp_path / "grown.zip"
    with zipfile.ZipFile(path, "w") as file:
        for number in range(3):
            file.writestr(f"{number}.png", picture)
    listed = Item(path=str(path), size=len(picture), mtime_ns=0)
    found = list(archives.members(listed, max_member_bytes=1 << 20))
    assert [each.member for each in found if isinstance(each, Item)] == ["0.png", "1.png", "2.png"]
    assert len(found) == 3


def test_what_is_passed_over_is_read_in_large_pieces_and_never_at_once() -> None:
    """A member of a megabyte that is not looked at costs 16 reads; of headers none is larger than one may be."""
    asked: list[int] = []

    class Source(io.BytesIO):
        def read(self, n_bytes: int | None = -1, /) -> bytes:
            asked.append(n_bytes or 0)
            return super().read(n_bytes)

    forward = Forward(Source(bytes(1 << 20)), 1 << 30)
    forward.begin_header(1 << 30)
    forward.end_header(1 << 30)
    assert forward.seek(1 << 20) == 1 << 20
    assert asked == [1 << 16] * 16


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_member_of_a_zip_is_unpacked_piece_by_piece_or_not_at_all(
    tmp_path: Path, matcher: Matcher, picture: bytes, method: int
) -> None:
    """Others the standard library unpacks at one go: 70 kB of LZMA are half a gigabyte."""
    path = tmp_path / "other.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("known.png", picture, method)
        archive.writestr("again.png", picture, zipfile.ZIP_DEFLATED)
    found = list(scan(path, matcher=matcher, options=ScanOptions(workers=0, ordered=True)).events())
    decisions = [each.decision for each in found if isinstance(each, ScanRecord)]
    assert [each.outcome.value for each in decisions] == ["unreadable", "match"]
    assert "packed by LZMA, bzip2 or the like" in str(decisions[0].reason)
