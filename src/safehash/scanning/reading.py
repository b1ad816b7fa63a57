"""Bytes of a file that is to be decided, or why it is left aside: from the disk, or from a remote store."""

from __future__ import annotations

import os
from dataclasses import dataclass

from ..files import NotRegularFile, open_regular, read_up_to
from .items import HEAD_BYTES, Item, time_told, why_skipped

__all__ = ["Read", "read_file", "read_remote"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """What came of reading a file: its bytes, or why it is left aside; `changed` if it moved meanwhile."""

    data: bytes = b""
    n_bytes: int = 0
    skipped: str | None = None
    size: int | None = None
    mtime_ns: int | None = None
    changed: bool = False


def read_file(item: Item, max_bytes: int) -> Read:
    """Read a regular file if its first bytes make it one to decide, and notice if it changes meanwhile."""
    try:
        with open_regular(item.path) as (file, status):
            size, mtime_ns = status.st_size, time_told(status.st_mtime_ns)
            head = read_up_to(file, HEAD_BYTES)
            skipped = why_skipped(head, item.path, named=item.named)
            if skipped is not None:
                return Read(skipped=skipped, size=size, mtime_ns=mtime_ns)
            if size > max_bytes:
                return Read(n_bytes=size, size=size, mtime_ns=mtime_ns)
            data = head + read_up_to(file, max_bytes + 1 - len(head), hint=size - len(head))
            after = os.fstat(file.fileno())
    except NotRegularFile:
        return Read(skipped="special file")
    changed = (after.st_size, after.st_mtime_ns) != (status.st_size, status.st_mtime_ns)
    return Read(data=data, n_bytes=len(data), size=size, mtime_ns=mtime_ns, changed=changed)


def read_remote(item: Item, max_bytes: int) -> tuple[bytes, int, str | None]:
    """Return a remote file's bytes, its length, and why it is left aside if it is."""
    from fsspec.core import url_to_fs

    try:
        store, path = url_to_fs(item.path)
        with store.open(path, "rb", block_size=1 << 20) as file:
            head = file.read(HEAD_BYTES)
            skipped = why_skipped(head, item.path, named=item.named)
            if skipped is not None:
                return b"", 0, skipped
            if item.size is not None and item.size > max_bytes:
                return b"", item.size, None
            data = head + file.read(max_bytes + 1 - len(head))
    except (OSError, MemoryError):
        raise
    except Exception as exc:  # every store raises errors of its own
        raise OSError(f"{type(exc).__name__}: {exc}") from exc
    return data, len(data), None
