"""What stands behind a zip's directory and says where that is: where it ends, and whether it tells of another one."""

from __future__ import annotations

import struct
from typing import IO

__all__ = ["behind_directory", "has_another_directory", "has_end_of_zip"]

#: What a directory begins with, and what stands behind it: a record and a locator in 64 bits where there are such, and
#: its end, with a comment of so many bytes at most.
_DIRECTORY, _END_64, _LOCATOR_64, _END = b"PK\x01\x02", b"PK\x06\x06", b"PK\x06\x07", b"PK\x05\x06"
_END_64_BYTES, _LOCATOR_BYTES, _END_BYTES, _MAX_COMMENT = 56, 20, 22, 0xFFFF
_LONG_BYTES = _END_64_BYTES + _LOCATOR_BYTES
#: Size and offset of the directory are at these places in the two records.
_IN_END_64, _IN_END = struct.Struct("<40xQQ"), struct.Struct("<12xII")
#: Of a number in 32 bits: it stands in those of 64.
_WIDE = 0xFFFFFFFF


def has_end_of_zip(file: IO[bytes], n_stored: int) -> bool:
    """Return whether a file ends like a zip, whatever it begins with."""
    file.seek(max(0, n_stored - _END_BYTES - _MAX_COMMENT))
    found = file.read(_END_BYTES + _MAX_COMMENT).rfind(_END) >= 0
    file.seek(0)
    return found


def behind_directory(file: IO[bytes], at: int) -> int:
    """Return where the end of a zip ends, with its comment, which follows the directory.

    Its record of 64 bits says how long it is, and may lie: found from the end, it is as long as it has to be for that.
    """
    for signature, n_bytes in ((_END_64, _END_64_BYTES), (_LOCATOR_64, _LOCATOR_BYTES), (_END, _END_BYTES)):
        file.seek(at)
        head = file.read(n_bytes)
        if head.startswith(signature) and len(head) == n_bytes:
            at += n_bytes
            if signature == _END:
                at += int.from_bytes(head[-2:], "little")
    return at


def has_another_directory(file: IO[bytes], begin: int, end: int) -> bool:
    """Return whether another directory than the one in these bytes may be the one that counts.

    It counts where it ends right before its end, with all offsets moved by what stands in front; other tools take the
    one at the very offset that its end tells, or go by what is said in 32 bits in place of 64.
    """
    file.seek(end)
    behind = file.read(_LONG_BYTES + _END_BYTES)
    places = set()
    if behind.startswith(_END_64) and len(behind) >= _LONG_BYTES:
        places.add(_IN_END_64.unpack_from(behind)[1])
        end += _LONG_BYTES
        behind = behind[_LONG_BYTES:]
    if behind.startswith(_END) and len(behind) >= _END_BYTES:
        n_bytes, offset = _IN_END.unpack_from(behind)
        places |= {offset, end - n_bytes}
    for place in places - {begin, _WIDE}:
        if place >= 0:
            file.seek(place)
            if file.read(len(_DIRECTORY)) == _DIRECTORY:
                return True
    return False
