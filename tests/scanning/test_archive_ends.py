"""What an archive holds beside the members that its reader finds: said, never passed over."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import struct
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safehash.scanning import forward
from safehash.scanning.archives import members
from safehash.scanning.items import Item, why_skipped
from safehash.scanning.records import Problem, Skipped
from stores import write_picture


@pytest.fixture(scope="module")
def picture(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("pictures") / "a.png"
    write_picture(path, 1)
    return path.read_bytes()


def found(path: Path, data: bytes) -> tuple[list[str], list[str]]:
    """Return the names of the members with a picture ("" for the file itself), and what else is said."""
    path.write_bytes(data)
    item = Item(path=str(path), size=len(data), mtime_ns=1)
    names, said = [], []
    for each in members(item, max_member_bytes=1 << 20):
        if isinstance(each, (Problem, Skipped)):
            said.append(each.reason)
        elif each.error is not None:
            said.append(f"{each.member}: {each.error}")
        else:
            names.append(each.member or "")
    return names, said


def zipped(*names: str, data: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name in names:
            archive.writestr(name, data)
    return stream.getvalue()


def tarred(*names: str, data: bytes) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name in names:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def as_it_is(data: bytes) -> bytes:
    return data


PACKED: dict[str, Callable[[bytes], bytes]] = {
    "tar": as_it_is, "tar.gz": gzip.compress, "tar.bz2": bz2.compress, "tar.xz": lzma.compress,
}  # fmt: skip


@pytest.mark.parametrize("ending", PACKED)
def test_what_follows_a_tar_is_said(ending: str, picture: bytes, tmp_path: Path) -> None:
    """Regression: a second archive behind the zeros of the first was dropped, and the scan ended well."""
    path, packed = tmp_path / f"a.{ending}", PACKED[ending]
    one = tarred("a.png", data=picture)
    bare = one.rstrip(b"\0")
    bare += bytes(-len(bare) % tarfile.BLOCKSIZE)
    for data in (one, bare, bare + bytes(1024), one + bytes(1 << 20)):
        assert found(path, packed(data)) == (["a.png"], [])
    for data in (
        packed(one + one),
        packed(one) + packed(one),
        packed(bare + bytes(512) + one),
        packed(one) + b"more",
    ):
        names, (said,) = found(path, data)
        assert names == ["a.png"]
        assert re.search("archive with more behind its end|Not a gzipped file|something else follows", said)
    if ending != "tar":
        assert "EOFError" in found(path, packed(one)[:-4])[1][0], "its end is looked at, too"


def test_zeros_behind_a_tar_are_read_so_far(
    picture: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forward, "_MAX_BLANK", 1 << 16)
    data = tarred("a.png", data=picture).rstrip(b"\0")
    data += bytes(-len(data) % tarfile.BLOCKSIZE)
    assert found(tmp_path / "a.tar", data + bytes(1 << 16)) == (["a.png"], [])
    names, (said,) = found(tmp_path / "a.tar", data + bytes(1 << 18))
    assert (names, "more behind its end" in said) == (["a.png"], True)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_whole_zips_hold_nothing_beside_their_members(method: int, picture: bytes, tmp_path: Path) -> None:
    path, names = tmp_path / "a.zip", ["a.png", "b.png"]
    whole = zipped(*names, data=picture, method=method)
    assert found(path, whole) == (names, [])
    assert found(path, bytes(1000) + whole) == (names, []), "zeros hold nothing"
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.comment = b"a remark" * 100
        for name in names:
            with archive.open(name, "w", force_zip64=True) as file:
                file.write(picture)
        archive.writestr("folder/", b"")
    assert found(path, stream.getvalue()) == (names, [])

    class Forward(io.RawIOBase):
        """Takes what is written, and goes nowhere: sizes stand behind each member."""

        data = b""

        def writable(self) -> bool:
            return True

        def write(self, data: Any) -> int:
            self.data += bytes(data)
            return len(data)

    forward = Forward()
    with zipfile.ZipFile(forward, "w", method) as archive:
        for name in names:
            archive.writestr(name, picture)
    assert found(path, forward.data) == (names, [])


def test_what_no_directory_names_is_said(picture: bytes, tmp_path: Path) -> None:
    """Others unpack it: those that read a stream from its start, or take another directory for the one that counts."""
    path = tmp_path / "a.zip"
    one, two = zipped("a.png", data=picture), zipped("a.png", "b.png", data=picture)
    n_first = 30 + len("a.png") + len(picture)
    unlisted = two[: 2 * n_first] + one[n_first:]
    at = unlisted.rindex(b"PK\5\6") + 16
    unlisted = unlisted[:at] + struct.pack("<I", 2 * n_first) + unlisted[at + 4 :]
    for data, n_bytes in (
        (unlisted, n_first),  # a member that the directory lacks
        (one + one, len(one)),  # one zip behind the other
        (one + picture, len(picture)),
    ):
        names, said = found(path, data)
        assert names == ["a.png"]
        assert said == [
            f"archive with {n_bytes} bytes that belong to none of its members: they were not looked at"
        ]


def test_a_zip_is_known_by_its_end(picture: bytes, tmp_path: Path) -> None:
    """As others know it; what stands in front is looked at where it is a picture."""
    whole = zipped("a.png", data=picture)
    assert found(tmp_path / "a.zip", picture + whole) == (["", "a.png"], [])
    names, (said,) = found(tmp_path / "a.zip", b"junk" * 100 + whole)
    assert (names, "400 bytes that belong to none" in said) == (["a.png"], True)
    assert found(tmp_path / "a.zip", b"junk" * 100) == ([""], []), "no zip, whatever it is called"


@pytest.mark.parametrize(
    ("at", "value", "differs"),
    [
        (6, b"\1\0", True),  # encrypted
        (8, b"\x08\0", True),  # how it is packed
        (14, b"odd!", True), (18, b"\1\0\0\0", True), (22, b"\1\0\0\0", True),  # checksum, both sizes
        (18, b"\xff" * 8, False), (14, bytes(12), False),  # which stand elsewhere
        (10, b"\1\1\1\1", False),  # when it was changed
    ],
)  # fmt: skip
def test_a_member_of_which_two_things_are_said_is_not_judged(
    at: int, value: bytes, differs: bool, picture: bytes, tmp_path: Path
) -> None:
    """Which of both counts depends on who unpacks it."""
    data = bytearray(zipped("a.png", "b.png", data=picture))
    data[at : at + len(value)] = value
    names, said = found(tmp_path / "a.zip", bytes(data))
    assert names == (["b.png"] if differs else ["a.png", "b.png"])
    assert said == (["a.png: its header and the archive's directory differ"] if differs else [])


def test_a_folder_with_bytes_in_it_is_a_member(picture: bytes, tmp_path: Path) -> None:
    assert found(tmp_path / "a.zip", zipped("a/", "b.png", data=picture)) == (["a/", "b.png"], [])


def test_a_tar_of_the_oldest_kind_is_read(picture: bytes, tmp_path: Path) -> None:
    """Regression: without a name of its format it was left aside as "not an image", pictures and all."""
    data = bytearray(tarred("a.png", data=picture))
    data[257:265] = bytes(8)
    data[148:156] = b" " * 8
    data[148:155] = b"%06o\0" % sum(data[:512])
    assert found(tmp_path / "a.tar", bytes(data)) == (["a.png"], [])
    assert why_skipped(bytes(data[:512]), "a", named=False) == "archive, not opened"
    data[0] ^= 1  # another name than its checksum is of
    for head in (bytes(data[:512]), bytes(data[:300]), bytes(512)):
        assert why_skipped(head, "a", named=False) == "not an image"
