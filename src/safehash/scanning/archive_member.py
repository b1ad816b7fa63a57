"""What archives of any kind share: one member with its bytes, how far all may expand, and what damage raises."""

from __future__ import annotations

import lzma
import struct
import tarfile
import zipfile
import zlib
from dataclasses import replace
from typing import IO

from .items import HEAD_BYTES, Found, Item, why_skipped
from .records import Skipped

__all__ = ["DAMAGE", "may_expand_to", "member_of", "unread_member"]

#: An archive may expand to this many times its own size, and to `_EXPANSION_FREE` bytes whatever its size.
_EXPANSION = 100
_EXPANSION_FREE = 1 << 30

#: What readers of damaged archives raise.
DAMAGE = (
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


def may_expand_to(n_stored: int) -> int:
    """Return how many bytes the members of an archive of so many bytes may have together."""
    return _EXPANSION_FREE + _EXPANSION * n_stored


def member_of(
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


def unread_member(archive: Item, position: int, name: str, error: str) -> Item:
    """Return a member that cannot be read, and why."""
    return replace(archive, position=position, member=name, error=error, named=False)
