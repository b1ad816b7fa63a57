"""What is said of a zip's member twice: by its own header, and behind it."""

from __future__ import annotations

import struct
import zipfile
import zlib
from dataclasses import dataclass
from typing import IO

__all__ = ["DESCRIPTOR_BYTES", "LOCAL_BEGIN", "OwnHeader", "ends_elsewhere", "own_header"]

#: What it begins with, (version,) flags, method, (time, date,) checksum, sizes, lengths of name and further fields.
_LOCAL, LOCAL_BEGIN = struct.Struct("<4s2xHH4xIIIHH"), b"PK\x03\x04"
#: Of a number in it: it stands elsewhere.
_WIDE = 0xFFFFFFFF
_ELSEWHERE = frozenset({0, _WIDE})
_IS_ENCRYPTED, _FOLLOWED, _IN_UTF_8 = 1, 8, 0x800
#: Of a further field: both sizes in 64 bits, the unpacked one first.
_SIZES_64 = 1
#: What stands behind a member whose sizes were not known before: this, its checksum, and both sizes in 32 or 64 bits.
_DESCRIPTOR, DESCRIPTOR_BYTES = b"PK\x07\x08", 24
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class OwnHeader:
    """The header in front of a member.

    Attributes
    ----------
    differs : bool
        It says something else than the directory. Tools that unpack a stream go by the one, all others by the other.
    begin, end : int
        Where the member's bytes begin and, as the directory says, end in the file.
    has_sizes : bool
        How long the member is stands in it, and in it alone.
    is_followed : bool
        That stands behind the member, as it says.
    """

    differs: bool
    begin: int
    end: int
    has_sizes: bool = True
    is_followed: bool = False


def own_header(file: IO[bytes], info: zipfile.ZipInfo) -> OwnHeader:
    """Return what stands in front of a member that the directory names."""
    file.seek(max(0, info.header_offset))
    head = file.read(_LOCAL.size) if info.header_offset >= 0 else b""
    if len(head) < _LOCAL.size:
        return OwnHeader(True, info.header_offset, info.header_offset)
    begins, flags, method, crc, n_packed, n_bytes, n_name, n_extra = _LOCAL.unpack(head)
    name = file.read(n_name)
    if _WIDE in (n_packed, n_bytes):
        n_packed, n_bytes = _in_64_bits(file.read(n_extra), n_packed, n_bytes)
    said = [(n_packed, info.compress_size), (n_bytes, info.file_size)]
    is_followed = bool(flags & _FOLLOWED)
    if not is_followed:
        said.append((crc, info.CRC))
    begin = info.header_offset + _LOCAL.size + n_name + n_extra
    return OwnHeader(
        differs=begins != LOCAL_BEGIN
        or name != info.orig_filename.encode("utf-8" if info.flag_bits & _IN_UTF_8 else "cp437")
        or method != info.compress_type
        or bool((flags ^ info.flag_bits) & _IS_ENCRYPTED)
        or any(own not in _ELSEWHERE and own != other for own, other in said),
        begin=begin,
        end=begin + info.compress_size,
        has_sizes=not is_followed and n_packed == info.compress_size,
        is_followed=is_followed,
    )


def _in_64_bits(fields: bytes, n_packed: int, n_bytes: int) -> tuple[int, int]:
    """Return both sizes, of a field for those that 32 bits do not hold; as they are where there is none."""
    at = 0
    while at + 4 <= len(fields):
        kind, length = struct.unpack_from("<HH", fields, at)
        at += 4
        if kind == _SIZES_64:
            wide = [number for (number,) in struct.iter_unpack("<Q", fields[at : at + length // 8 * 8])]
            if n_bytes == _WIDE and wide:
                n_bytes = wide.pop(0)
            if n_packed == _WIDE and wide:
                n_packed = wide.pop(0)
            break
        at += length
    return n_packed, n_bytes


def ends_elsewhere(file: IO[bytes], own: OwnHeader, info: zipfile.ZipInfo) -> bool:
    """Return whether a member has an end of its own before the one that the directory says: all of it may be read.

    A tool that reads on from the start goes by that, and takes what follows for the next member.

    Raises
    ------
    zlib.error
        It is damaged.
    """
    if info.compress_type == zipfile.ZIP_STORED and info.compress_size != info.file_size:
        return True  # by one of its sizes
    if own.has_sizes:
        return False
    file.seek(own.begin)
    if info.compress_type == zipfile.ZIP_DEFLATED:
        return not _is_one_stream(file, info.compress_size, info.file_size)
    return _holds_an_end(file, info.compress_size, is_followed=own.is_followed)


def _is_one_stream(file: IO[bytes], n_packed: int, n_bytes: int) -> bool:
    """Return whether so many bytes of a file unpack to so many, with none left over."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    n_out = 0
    while not unpacker.eof:
        packed = unpacker.unconsumed_tail
        if not packed:
            packed = file.read(min(n_packed, _PIECE))
            n_packed -= len(packed)
        out = unpacker.decompress(packed, _PIECE)
        n_out += len(out)
        if n_out > n_bytes or not (packed or out or unpacker.eof):
            return False
    return n_out == n_bytes and not n_packed and not unpacker.unused_data


def _holds_an_end(file: IO[bytes], n_stored: int, *, is_followed: bool) -> bool:
    """Return whether bytes that are stored as they are hold what stands behind a member, or another's header."""
    mark = _DESCRIPTOR if is_followed else LOCAL_BEGIN
    at, data = 0, b""  # where in the member what is held begins
    while piece := file.read(min(n_stored - at - len(data), _PIECE)):
        data += piece
        found = data.find(mark)
        while found >= 0:
            if not is_followed:
                return True
            behind = data[found + 8 : found + DESCRIPTOR_BYTES]
            n_before = at + found
            if behind[:8] == struct.pack("<II", n_before & _WIDE, n_before & _WIDE) or behind == struct.pack(
                "<QQ", n_before, n_before
            ):
                return True
            found = data.find(mark, found + 1)
        kept = min(len(data), DESCRIPTOR_BYTES)
        at += len(data) - kept
        data = data[-kept:]
    return False
