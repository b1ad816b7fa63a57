"""Zip and tar archives read in place: bounded, one member at a time, never unpacked to disk."""

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
from collections.abc import Iterator
from dataclasses import replace
from typing import IO, cast

from ..errors import logger_of
from ..files import BoundedReader, TooManyBytes, open_regular
from .items import HEAD_BYTES, Found, Item, is_tar, why_skipped
from .records import Problem, Skipped
from .zip_headers import ends_elsewhere, own_header

__all__ = ["has_archive_name", "members"]

_LOG = logger_of(__name__)

_ZIP_SUFFIXES = (".zip", ".cbz")
_TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".cbt")

#: An archive may expand to this many times its own size, and to `_EXPANSION_FREE` bytes whatever its size.
_EXPANSION = 100
_EXPANSION_FREE = 1 << 30
#: A packed tar may have so many members whatever its size,
#: and one more for so many bytes of it. Headers of zeros pack to nothing,
#: and each costs 50 us; names and times that differ leave 100 bytes of each.
_MEMBERS_FREE, _BYTES_A_MEMBER = 20_000, 128
#: A zip's directory is held in memory, about 12 bytes for each of its own.
_MAX_ZIP_DIRECTORY = 64 << 20
_ZIP_HEADS = (b"PK\x03\x04", b"PK\x05\x06")
#: What is behind a zip's directory: its record and locator of 64 bits, its end. Signature, and how long it is.
_END_64, _LOCATOR_64, _END = b"PK\x06\x06", b"PK\x06\x07", b"PK\x05\x06"
_LOCATOR_BYTES, _END_BYTES = 20, 22
#: Behind a member may stand its checksum and sizes once more.
_MAX_DESCRIPTOR = 24
#: How long nothing is, packed.
_NOTHING_BYTES = 2
_PIECE = 1 << 16
#: Zeros behind a tar's end, which tools fill their blocks with: `tar -b` makes blocks of 1 MiB at most.
_MAX_BLANK = 16 << 20
#: How members of a zip may be packed. What the standard library unpacks of other methods, it unpacks at one go: a
#: kilobyte of them may be ten megabytes.
_BOUNDED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
#: What unpacking xz may hold, which a file's own header decides: up to 4 GB. `xz -9` takes 65 MiB.
_MAX_XZ_MEMORY = 128 << 20
#: What a zip's members are long together is no more than the zip: those that share bytes cost them once each.
_OVERLAPPING = "archive whose members overlap: the rest was not read"
_XZ_MAGIC = b"\xfd7zXZ\0"
#: What the headers of one member of a tar (long names, extended attributes, maps of holes) may be long together.
_MAX_TAR_HEADER = 1 << 20
#: What all headers of a tar may be long: so much whatever its size, and so many times that. Headers of zeros pack to
#: nothing, and some cost 50 ns a byte; where names and times differ, they pack to a twelfth.
_HEADERS_FREE, _HEADERS = 32 << 20, 12
#: Fields that a tar may tell of all its members: the reader lays each on every one of them. `git archive` tells one.
_MAX_TAR_FIELDS = 64
#: So many digits in a row are in no header, a name having at most 255 bytes: some versions of the reader look from each
#: of them for the end of all (CVE-2024-6232).
_TOO_MANY_DIGITS = re.compile(rb"[0-9]{300}")

_DAMAGE = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    ValueError,
    RuntimeError,  # zipfile: encrypted, or a path that is used twice
    NotImplementedError,
    struct.error,
)


def has_archive_name(path: str) -> bool:
    """Return whether a file's name says zip or tar; those of office documents and packages do not."""
    return path.lower().endswith(_ZIP_SUFFIXES + _TAR_SUFFIXES)


def members(archive: Item, *, max_member_bytes: int) -> Iterator[Found]:
    """Yield the members of one archive, or the archive itself as an ordinary file if it is none.

    Parameters
    ----------
    archive : Item
    max_member_bytes : int
        Larger members get the outcome "too large" and are not read.

    Notes
    -----
    Archives inside archives are not opened; they are counted.
    """
    try:
        with open_regular(archive.path) as (raw, status), io.BufferedReader(raw) as file:
            head = file.read(512)
            file.seek(0)
            if head.startswith(_ZIP_HEADS):
                with BoundedReader(raw, _MAX_ZIP_DIRECTORY) as zipped:
                    yield from _zip_members(zipped, archive, status.st_size, max_member_bytes)
            elif archive.path.lower().endswith(_ZIP_SUFFIXES) and _has_end_of_zip(file, status.st_size):
                # Other tools look for it from its end, whatever stands in front.
                is_picture = why_skipped(head, "", named=False) is None
                if is_picture:
                    yield archive
                with BoundedReader(raw, _MAX_ZIP_DIRECTORY) as zipped:
                    yield from _zip_members(
                        zipped, archive, status.st_size, max_member_bytes, is_known=is_picture
                    )
            elif (opened := _tar_stream(file, head)) is not None:
                yield from _tar_members(opened, archive, status.st_size, max_member_bytes)
            else:
                yield archive
    except FileNotFoundError:
        yield archive
    except _DAMAGE as exc:
        # What came before the damage has been yielded; what lies behind it cannot be counted.
        if isinstance(exc, OSError) and exc.errno is not None:
            yield Problem(path=archive.path, reason=f"unreadable archive: {exc.strerror or exc}")
        else:
            yield Problem(path=archive.path, reason=f"damaged archive: {type(exc).__name__}: {exc}")
    except Exception as exc:  # of a library's reader, whatever it is: it costs its own archive
        found = type(exc).__name__
        reason = f"an archive that nobody expected, please report it: {found} (the log has the traceback)"
        _LOG.exception("%s: %s", archive.path, reason)
        yield Problem(path=archive.path, reason=reason)


def _one(
    archive: Item, position: int, name: str, *, n_bytes: int, source: IO[bytes], max_member_bytes: int
) -> Found:
    """Return one member with its bytes, or why it is left aside."""
    head = source.read(HEAD_BYTES)
    reason = why_skipped(head, name, named=False)
    if reason is not None:
        return Skipped(
            path=archive.path, position=position, member=name, reason=reason,
            size=archive.size, mtime_ns=archive.mtime_ns,
        )  # fmt: skip
    data = head
    if n_bytes <= max_member_bytes:
        data += source.read(max_member_bytes + 1 - len(head))
        n_bytes = len(data)  # what a header says and what comes out differ in hostile files
    return replace(archive, position=position, member=name, data=data, n_bytes=n_bytes, named=False)


def _unread(archive: Item, position: int, name: str, error: str) -> Item:
    return replace(archive, position=position, member=name, error=error, named=False)


# -- zip ------------------------------------------------------------------------------------------------


def _zip_members(
    file: BoundedReader, archive: Item, n_stored: int, max_member_bytes: int, *, is_known: bool = False
) -> Iterator[Found]:
    """Yield the members that its directory names, and say where something else is in it.

    Parameters
    ----------
    is_known : bool
        What stands in front of all members is looked at already.
    """
    try:
        opened = zipfile.ZipFile(file)
    except TooManyBytes as exc:
        reason = f"archive with too many members: a directory of {exc.n_bytes} bytes"
        yield Problem(path=archive.path, reason=reason)
        return
    directory, file.most = file.asked, None  # what was asked for last
    stored_left = n_stored
    allowed = _EXPANSION_FREE + _EXPANSION * n_stored
    taken: list[tuple[int, int]] = []
    with opened:
        for position, info in enumerate(opened.infolist(), start=1):
            own = own_header(file, info)
            taken.append((info.header_offset, own.end))
            if info.filename.endswith("/") and info.compress_size <= _NOTHING_BYTES:
                continue  # a folder; zipfile's own question fails where there is no name
            if info.flag_bits & 1:
                yield _unread(archive, position, info.filename, "encrypted")
                continue
            if info.compress_type not in _BOUNDED:
                yield _unread(
                    archive, position, info.filename, "packed by LZMA, bzip2 or the like: unpack it"
                )
                continue
            if own.differs:
                yield _unread(
                    archive, position, info.filename, "its header and the archive's directory differ"
                )
                continue
            allowed -= min(info.file_size, max_member_bytes) if own.has_sizes else info.file_size
            if allowed < 0:
                yield Problem(path=archive.path, reason="archive that expands too far: the rest was not read")
                return
            stored_left -= info.compress_size
            if stored_left < 0:
                yield Problem(path=archive.path, reason=_OVERLAPPING)
                return
            try:
                if ends_elsewhere(file, own, info):
                    yield _unread(
                        archive, position, info.filename, "it ends where its archive's directory does not say"
                    )
                    continue
                with opened.open(info) as source:
                    found = _one(
                        archive, position, info.filename,
                        n_bytes=info.file_size, source=source, max_member_bytes=max_member_bytes,
                    )  # fmt: skip
                yield found
            except _DAMAGE as exc:
                yield _unread(archive, position, info.filename, f"damaged in its archive: {exc}")
    n_beside = _beside_members(file, taken, directory, n_stored, is_known=is_known)
    if n_beside:
        yield Problem(
            path=archive.path,
            reason=f"archive with {n_beside} bytes that belong to none of its members: they were not looked at",
        )


def _has_end_of_zip(file: IO[bytes], n_stored: int) -> bool:
    """Return whether a file ends like a zip, whatever it begins with."""
    file.seek(max(0, n_stored - _END_BYTES - 0xFFFF))
    found = file.read().rfind(_END) >= 0
    file.seek(0)
    return found


def _beside_members(
    file: IO[bytes],
    taken: list[tuple[int, int]],
    directory: tuple[int, int],
    n_stored: int,
    *,
    is_known: bool,
) -> int:
    """Return how many bytes of a zip are neither a member's nor its directory's, and not zeros alone.

    What a directory does not name is unpacked all the same, by tools that read on from the start, or that take another
    directory for the one that counts.
    """
    taken = [*taken, (directory[0], _behind_directory(file, directory[1]))]
    n_beside = 0
    at = min(first for first, _ in taken) if is_known else 0
    for first, end in [*sorted(taken), (n_stored, n_stored)]:
        if first - at > _MAX_DESCRIPTOR:
            file.seek(at)
            left = first - at
            while left > 0 and (piece := file.read(min(left, _PIECE))):
                left -= len(piece)
                if any(piece):
                    n_beside += first - at
                    break
        at = max(at, end)
    return n_beside


def _behind_directory(file: IO[bytes], at: int) -> int:
    """Return where the end of a zip ends, with its comment, which follows the directory."""
    for signature in (_END_64, _LOCATOR_64, _END):
        file.seek(at)
        head = file.read(_END_BYTES)
        if head.startswith(signature) and len(head) == _END_BYTES:
            if signature == _END_64:
                at += 12 + int.from_bytes(head[4:12], "little")
            elif signature == _LOCATOR_64:
                at += _LOCATOR_BYTES
            else:
                at += _END_BYTES + int.from_bytes(head[20:22], "little")
    return at


# -- tar ------------------------------------------------------------------------------------------------


class _Forward(io.RawIOBase):
    """A stream that only moves forward, counts, and refuses to hand out too much at once.

    The tar reader steps one byte back after a member that ends on a block; a decompressor would start over
    for that, so the last byte is kept.
    """

    def __init__(self, source: IO[bytes], allowed: int) -> None:
        self._source = source
        self._allowed = allowed
        self._position = 0
        self._last = b""
        self._again = b""
        self.header = b""  # what was read last of a header
        self._left: int | None = None  # bytes of the header that is being read; None: a member's bytes are
        self.max_read = _MAX_TAR_HEADER

    def begin_header(self, max_bytes: int) -> None:
        """Have what is read from now on be headers, of so many bytes together."""
        self.max_read = _MAX_TAR_HEADER
        self._left = max_bytes

    def end_header(self, max_read: int) -> int:
        """Have what is read from now on be a member's bytes, so many at once; return what the headers left over."""
        left, self._left = self._left, None
        self.max_read = max_read
        return left or 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def read(self, n_bytes: int | None = -1, /) -> bytes:
        if n_bytes is None or n_bytes < 0 or n_bytes > self.max_read:
            raise tarfile.ReadError(f"a header asks for {n_bytes} bytes")
        if self._left is None:
            return self._taken(n_bytes)
        self._left -= n_bytes
        if self._left < 0:
            raise tarfile.ReadError("its headers are too long")
        data = self.header = self._taken(n_bytes)
        if n_bytes > tarfile.BLOCKSIZE and _TOO_MANY_DIGITS.search(data):
            raise tarfile.ReadError("a header has a number of 300 digits")
        return data

    def _taken(self, n_bytes: int) -> bytes:
        if not n_bytes:
            return b""
        parts = [self._again]
        wanted = n_bytes - len(self._again)
        self._again = b""
        while wanted > 0 and (part := self._source.read(wanted)):
            parts.append(part)
            wanted -= len(part)
        data = b"".join(parts)
        self._position += len(data)
        if self._position > self._allowed:
            raise tarfile.ReadError("it expands too far")
        self._last = data[-1:] or self._last
        return data

    def is_blank(self) -> bool:
        """Return whether nothing but some zeros follows, as far as that is looked."""
        n_left = _MAX_BLANK
        while n_left > 0 and (part := self._taken(_PIECE)):
            n_left -= len(part)
            if any(part):
                return False
        return n_left > 0

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        if whence != io.SEEK_SET:
            raise tarfile.ReadError("cannot seek from there")
        if offset == self._position - 1 and not self._again:
            self._position -= 1
            self._again = self._last
            return offset
        if offset < self._position:
            raise tarfile.ReadError("cannot go back")
        while self._position < offset:
            if not self._taken(min(offset - self._position, self.max_read, 1 << 16)):
                break
        return self._position


class _Streams:
    """Packed streams, one behind the other, unpacked as they are read within bounded memory."""

    magic: bytes

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._unpacker = self._begun()
        self._is_over = False

    def _begun(self) -> bz2.BZ2Decompressor | lzma.LZMADecompressor:
        raise NotImplementedError

    def read(self, n_bytes: int) -> bytes:
        """Return at most `n_bytes`, and none at the end.

        Raises
        ------
        EOFError, OSError, lzma.LZMAError
            It is cut short, or damaged.
        tarfile.ReadError
            It needs more memory than it may take, or something else follows.
        """
        while not self._is_over:
            if self._unpacker.eof:
                packed = self._unpacker.unused_data.lstrip(b"\0")  # zeros may stand between streams
                while not packed and (piece := self._source.read(_PIECE)):
                    packed = piece.lstrip(b"\0")
                if len(packed) < len(self.magic):
                    packed += self._source.read(_PIECE)
                if not packed:
                    break
                if not packed.startswith(self.magic):
                    raise tarfile.ReadError("something else follows what is packed: that was not read")
                self._unpacker = self._begun()
            else:
                packed = self._source.read(_PIECE) if self._unpacker.needs_input else b""
                if not packed and self._unpacker.needs_input:
                    raise EOFError("compressed data end before they are whole")
            try:
                data = self._unpacker.decompress(packed, n_bytes)
            except lzma.LZMAError as exc:
                if "emory" in str(exc):
                    raise tarfile.ReadError(
                        f"to unpack it takes more than {_MAX_XZ_MEMORY >> 20} MiB of memory"
                    ) from exc
                raise
            if data:
                return data
        self._is_over = True
        return b""


class _Xz(_Streams):
    magic = _XZ_MAGIC

    def _begun(self) -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_XZ_MEMORY)


class _Bzip2(_Streams):
    magic = b"BZh"

    def _begun(self) -> bz2.BZ2Decompressor:
        return bz2.BZ2Decompressor()


def _tar_stream(file: IO[bytes], head: bytes) -> IO[bytes] | None:
    """Return the tar's own bytes, decompressed as they are read, or None if it is no tar."""
    if is_tar(head):
        return file
    if head.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=file)  # type: ignore[return-value]
    if head.startswith(_Bzip2.magic):
        return _Bzip2(file)  # type: ignore[return-value]
    if head.startswith(_XZ_MAGIC):
        return _Xz(file)  # type: ignore[return-value]
    return None


def _tar_members(stream: IO[bytes], archive: Item, n_stored: int, max_member_bytes: int) -> Iterator[Found]:
    left = _EXPANSION_FREE + _EXPANSION * n_stored
    headers_left = _HEADERS_FREE + _HEADERS * n_stored
    forward = _Forward(stream, left)
    most = max(_MEMBERS_FREE + n_stored // _BYTES_A_MEMBER, n_stored // tarfile.BLOCKSIZE)
    may_be_long = min(_MAX_TAR_HEADER + 4 * tarfile.BLOCKSIZE, headers_left)
    forward.begin_header(may_be_long)  # the first is read at once
    with tarfile.open(fileobj=forward, mode="r:") as opened:
        position = 0
        while True:
            if position:
                may_be_long = min(_MAX_TAR_HEADER + 4 * tarfile.BLOCKSIZE, headers_left)
                forward.begin_header(may_be_long)
            info = opened.next()
            headers_left -= may_be_long - forward.end_header(max_member_bytes + 1)
            if info is None:
                # The reader stops at what is no header, as at zeros; tools that unpack look for the next one.
                if any(forward.header):
                    raise tarfile.ReadError("what follows its members is no header: the rest was not read")
                if not forward.is_blank():
                    yield Problem(
                        path=archive.path,
                        reason="archive with more behind its end, another one maybe: that was not looked at",
                    )
                return
            if len(opened.pax_headers) > _MAX_TAR_FIELDS:
                raise tarfile.ReadError(f"{len(opened.pax_headers)} fields are told of all its members")
            if position == most:
                yield Problem(
                    path=archive.path,
                    reason=f"archive of too many members for its size: what follows {most} of them was not read",
                )
                return
            opened.members = []  # type: ignore[attr-defined]  # the reader keeps every header otherwise
            position += 1
            if info.isdir():
                continue
            # Of a type that nobody knows, tools make a file.
            if not info.isfile() and info.type in tarfile.SUPPORTED_TYPES:
                reason = "link in an archive" if info.issym() or info.islnk() else "special file"
                yield Skipped(path=archive.path, position=position, member=info.name, reason=reason)
                continue
            if info.issparse():
                _expect_map(
                    cast("list[tuple[int, int]]", info.sparse)
                )  # which the library's types call bytes
                left -= min(info.size, max_member_bytes)  # holes are in no stream, and are read
                if left < 0:
                    raise tarfile.ReadError("it expands too far")
            source = opened.extractfile(info)
            if source is not None:
                yield _one(
                    archive, position, info.name,
                    n_bytes=info.size, source=source, max_member_bytes=max_member_bytes,
                )  # fmt: skip


def _expect_map(parts: list[tuple[int, int]]) -> None:
    """Refuse a map of a member's holes that goes back: the reader would look through all of it for each part.

    Raises
    ------
    tarfile.ReadError
    """
    n_parts = len(parts)
    while n_parts and parts[n_parts - 1] == (0, 0):  # what a header has no further part for
        n_parts -= 1
    end = 0
    for offset, n_bytes in parts[:n_parts]:
        if offset < end or n_bytes < 0 or (not offset and not n_bytes):
            raise tarfile.ReadError("a member's map of holes goes back")
        end = offset + n_bytes
