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
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safehash.scanning import archive_member, forward, zip_headers
from safehash.scanning.archives import members
from safehash.scanning.items import Item, why_skipped
from safehash.scanning.records import Problem, Skipped
from safehash.scanning.zip_ends import has_end_of_zip
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
    abroad = ["\xe4.png", "\u65e5.png"]
    assert found(path, zipped(*abroad, data=picture, method=method)) == (abroad, [])
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


DIFFERS = "a.txt: its header and the archive's directory differ"
ENDS = "a.txt: it ends where its archive's directory does not say"
TEXT = b"a few words, and nothing to see. " * 8


def hiding(
    body: bytes,
    text: bytes,
    *,
    flags: int,
    method: int = 0,
    sizes: tuple[int, ...] = (0, 0, 0),
    extra: bytes = b"",
) -> bytes:
    """Return a zip of one text, whose member has these bytes and says this of itself; its directory says the truth."""
    name, how = b"a.txt", struct.pack("<HHHHH", 20, flags, method, 0, 33)
    own = b"PK\3\4" + how + struct.pack("<IIIHH", *sizes, len(name), len(extra)) + name + extra + body
    listed = b"PK\1\2\x14\0" + how + struct.pack("<III", zlib.crc32(text), len(body), len(text))
    listed += struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, 0) + name
    return own + listed + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(listed), len(own), 0)


def member(name: str, data: bytes, *, extra: bytes = b"") -> bytes:
    """Return a member that is stored as it is."""
    sizes = struct.pack("<IIIHH", zlib.crc32(data), len(data), len(data), len(name), len(extra))
    return b"PK\3\4" + struct.pack("<HHHHH", 20, 0, 0, 0, 33) + sizes + name.encode() + extra + data


def listing(body: bytes, *listed: tuple[str, int, bytes]) -> bytes:
    """Return a zip whose directory names these: name, offset and bytes of each."""
    directory = b"".join(
        b"PK\1\2\x14\0" + struct.pack("<HHHHHIII", 20, 0, 0, 0, 33, zlib.crc32(data), len(data), len(data))
        + struct.pack("<HHHHHII", len(name), 0, 0, 0, 0, 0, at) + name.encode()
        for name, at, data in listed
    )  # fmt: skip
    n = len(listed)
    return body + directory + b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, n, n, len(directory), len(body), 0)


@pytest.mark.parametrize("sizes", ["II", "QQ"])
def test_a_member_that_ends_earlier_for_others_is_not_passed_over(
    sizes: str, picture: bytes, tmp_path: Path
) -> None:
    """Regression: a picture lay in what the directory says is a text's own, behind an end that others go by.

    Java's reader of streams goes by the end of what is packed, others by what stands behind a member.
    """
    path, hidden = tmp_path / "a.zip", zipped("b.png", data=picture)[: 30 + len("b.png") + len(picture)]
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(TEXT) + packer.flush()
    behind = b"PK\7\x08" + struct.pack(f"<I{sizes}", zlib.crc32(TEXT), len(packed), len(TEXT))
    for body, text, said in (
        (packed, TEXT, "not an image"),
        (packed + behind + hidden, TEXT, ENDS),
        (packed, TEXT + b"more", ENDS),
        (packed, TEXT[:-1], ENDS),
        (packed[:-1], TEXT, ENDS),
    ):
        assert found(path, hiding(body, text, flags=8, method=8)) == ([], [said])
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    long = (
        packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_SYNC_FLUSH) + b"\xff" * 9
    )  # which is not read as far as that
    assert found(path, hiding(long, bytes(1 << 10), flags=8, method=8)) == ([], [ENDS])
    for n_text in (len(TEXT), (1 << 16) - 6):  # the second across what is read at once
        text = TEXT.ljust(n_text, b"-")
        body = text + b"PK\7\x08" + struct.pack(f"<I{sizes}", zlib.crc32(text), n_text, n_text) + hidden
        assert found(path, hiding(body, body, flags=8)) == ([], [ENDS])
        inner = b"-" + body  # a zip in a zip: what it says is of another place
        assert found(path, hiding(inner, inner, flags=8)) == ([], ["not an image"])


def test_sizes_in_64_bits_and_none_are_compared_too(picture: bytes, tmp_path: Path) -> None:
    path, hidden = tmp_path / "a.zip", zipped("b.png", data=picture)
    body = TEXT + hidden
    for n_said, said in ((len(body), "not an image"), (len(TEXT), DIFFERS)):
        extra = struct.pack("<HH", 0x5455, 0) + struct.pack("<HHQQ", 1, 16, n_said, n_said)
        wide = (zlib.crc32(body), 0xFFFFFFFF, 0xFFFFFFFF)
        assert found(path, hiding(body, body, flags=0, sizes=wide, extra=extra)) == ([], [said])
    assert found(path, hiding(body, body, flags=8, sizes=(0, len(TEXT), len(TEXT)))) == ([], [DIFFERS])
    assert found(path, hiding(body, body, flags=0)) == ([], [ENDS]), "others look for the next header"


def test_what_is_read_for_its_end_expands_so_far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Members too long to be decided are unpacked as well."""
    monkeypatch.setattr(archive_member, "_EXPANSION_FREE", 3 << 20)
    monkeypatch.setattr(archive_member, "_EXPANSION", 0)
    for n_text, said in (
        (3 << 20, "not an image"),
        (4 << 20, "archive that expands too far: the rest was not read"),
    ):
        packer, text = zlib.compressobj(wbits=-zlib.MAX_WBITS), bytes(n_text)
        packed = packer.compress(text) + packer.flush()
        assert found(tmp_path / "a.zip", hiding(packed, text, flags=8, method=8)) == ([], [said])


@pytest.mark.parametrize(
    ("in_front", "in_64_bits", "told"),
    [
        (1, False, "offset"),  # the second stands where it is said, the first where it ends
        (1, True, "offset in 64 bits"),
        (0, True, "offset"),  # not what 64 bits say
        (0, True, "length"),
    ],
)
def test_a_second_directory_is_said(
    in_front: int, in_64_bits: bool, told: str, picture: bytes, tmp_path: Path
) -> None:
    """Regression: other tools took one that lay in what the first says is a text, with the picture it names."""
    one = zipped("a.png", data=picture)
    n_member = 30 + len("a.png") + len(picture)
    n_listed = len(one) - n_member - 22
    n_front = in_front * n_listed
    at = n_front + 30 + len("a.txt") + len(TEXT)  # of the picture
    text = TEXT + one[: n_member + 42] + struct.pack("<I", at) + b"a.png"
    sizes = (zlib.crc32(text), len(text), len(text))
    whole = bytearray(bytes(n_front) + hiding(text, text, flags=0, sizes=sizes))
    end = len(whole) - 22
    first, second, far = end - n_listed, end - 2 * n_listed, 76 if in_64_bits else 0
    whole[first + 42 : first + 46] = bytes(4)  # where the text begins, without what is in front
    n_told = 2 * n_listed + far if told == "length" else n_listed
    whole[end + 12 : end + 20] = struct.pack("<II", n_told, second if told == "offset" else 0xFFFFFFFF)
    if in_64_bits:
        offset = second if "64" in told else first - n_front
        whole[end:end] = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, n_listed, offset)
        whole[end + 56 : end + 56] = struct.pack("<4sIQI", b"PK\6\7", 0, end, 1)
    said = ["not an image", "archive with a second directory: it was not looked at"]
    assert found(tmp_path / "a.zip", bytes(whole)) == ([], said)


OVERLAP = "archive whose members overlap: what others find in it was not looked at"


def test_members_that_overlap_hide_nothing(picture: bytes, tmp_path: Path) -> None:
    """Regression: tools that read on from the start find a picture behind the first, in what is the second's own."""
    path, hidden = tmp_path / "a.zip", member("c.png", picture)
    text = TEXT[:9] + hidden
    second = member("b.txt", text)
    n_own = len(second) - len(hidden)
    first = member("a.txt", TEXT[:9] + second[:n_own])
    listed = ("a.txt", 0, TEXT[:9] + second[:n_own]), ("b.txt", len(first) - n_own, text)
    names, said = found(path, listing(first + hidden, *listed))
    assert (names, said[-1]) == ([], OVERLAP), "later Pythons say so of the first, too"
    folder = member("a/", b"", extra=second[:n_own])  # which nobody opens
    listed = ("a/", 0, b""), ("b.txt", len(folder) - n_own, text)
    assert found(path, listing(folder + hidden, *listed)) == ([], ["not an image", OVERLAP])
    one = member("a.png", picture)
    whole = listing(one, ("a.png", 0, picture + b"PK\1\2"))  # its last bytes are the directory's first
    assert OVERLAP in found(path, whole)[1]
    whole = listing(member("a.txt", b"-"), ("a.txt", 0, b"-"), ("a.txt", 0, b"-"))  # one, named twice
    assert found(path, whole) == ([], ["not an image"] * 2)


def test_a_folder_s_own_header_is_one(picture: bytes, tmp_path: Path) -> None:
    """Regression: what stood before a picture was taken for a folder's header, and the picture for its name."""
    path, hidden = tmp_path / "a.zip", member("b.png", picture)
    of_folder = member("a/", b"")
    said = ["a/: its header and the archive's directory differ"]
    assert found(path, listing(of_folder, ("a/", 0, b""))) == ([], ["empty archive"])
    assert found(path, listing(member("a.png", b""), ("a/", 0, b""))) == ([], said)
    unsigned = b"PK\3\5" + bytes(22) + struct.pack("<HH", 2, len(hidden)) + b"a/" + hidden
    assert found(path, listing(unsigned, ("a/", 0, b""))) == ([], said)


def test_what_is_short_enough_for_sizes_may_be_a_header(tmp_path: Path) -> None:
    """It may go on in the next member's own."""
    one = member("a.txt", TEXT)
    for between, said in ((b"PK\7\x08", []), (b"PK\3\4", ["archive with 24 bytes that belong to none"])):
        body = one + between.ljust(24, b"-") + member("b.txt", TEXT)
        _, told = found(tmp_path / "a.zip", listing(body, ("a.txt", 0, TEXT), ("b.txt", len(one) + 24, TEXT)))
        assert [each.partition(" of its")[0] for each in told[2:]] == said


def test_what_is_stored_is_as_long_as_it_says(picture: bytes, tmp_path: Path) -> None:
    """Regression: by the shorter one of its sizes it was a text, and a picture stood behind it."""
    body = TEXT + zipped("b.png", data=picture)
    sizes = (zlib.crc32(TEXT), len(body), len(TEXT))
    assert found(tmp_path / "a.zip", hiding(body, TEXT, flags=0, sizes=sizes)) == ([], [ENDS])


def test_parts_of_a_zip_are_archives(tmp_path: Path) -> None:
    for mark in (b"PK\7\x08", b"PK00"):
        assert found(tmp_path / "a.z01", mark + member("a.txt", TEXT)) == ([""], []), (
            "to be looked at as a file"
        )
        assert why_skipped(mark + member("a.txt", TEXT), "a.z01", named=False) == "archive, not opened"


def test_no_more_is_read_for_an_end_than_may_hold_it() -> None:
    """A file that grows meanwhile has any length."""
    assert has_end_of_zip(io.BytesIO(zipped("a.txt", data=TEXT)), 22)
    assert not has_end_of_zip(io.BytesIO(bytes(1 << 17) + zipped("a.txt", data=TEXT)), 22)


@pytest.mark.parametrize("n_told", [44, 5_000, (1 << 62) - 1, (1 << 64) - 1])
def test_what_is_behind_an_end_in_64_bits_is_said(n_told: int, tmp_path: Path) -> None:
    """Regression: as far as it said it reached, nothing was looked at; or it was no file's place at all."""
    text = member("a.txt", TEXT)
    whole = listing(text, ("a.txt", 0, TEXT))
    n_listed = len(whole) - len(text) - 22
    far = struct.pack("<4sQHHIIQQQQ", b"PK\6\6", n_told, 45, 45, 0, 0, 1, 1, n_listed, len(text))
    far += struct.pack("<4sIQI", b"PK\6\7", 0, len(whole) - 22, 1)
    data = whole[:-22] + far + whole[-22:]
    assert found(tmp_path / "a.zip", data) == ([], ["not an image"])
    said = "archive with 100 bytes that belong to none of its members: they were not looked at"
    assert found(tmp_path / "a.zip", data + b"-" * 100) == ([], ["not an image", said])


def test_what_is_left_behind_whole_pieces_is_some(
    picture: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = bytes(range(256))  # as long as what it packs to
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = packer.compress(text) + packer.flush()
    monkeypatch.setattr(zip_headers, "_PIECE", len(packed))
    assert found(tmp_path / "a.zip", hiding(packed + picture, text, flags=8, method=8)) == ([], [ENDS])
    assert found(tmp_path / "a.zip", hiding(packed, text, flags=8, method=8)) == ([], ["not an image"])
