"""An upload on its way to a worker: in memory that both processes map, on no disk; or as the open file that it is."""

from __future__ import annotations

import mmap
import os
from importlib import import_module
from multiprocessing import reduction
from typing import Any, NamedTuple

from ..images.lent import File, Lent
from .channel import Channel

__all__ = ["OpenFile", "SharedUpload", "Upload", "UploadMemory", "length", "whole"]

#: An upload's bytes, or the pieces in which they came: these are laid into shared memory one behind the other, and need
#: not be put together before.
Upload = bytes | tuple[bytes | memoryview, ...]


class OpenFile(NamedTuple):
    """A regular file that its worker reads: open for reading, and how long it was when it was opened."""

    descriptor: int
    n_bytes: int


#: Bytes of the memory that a lane maps for good; what is longer goes by the file behind it, which is emptied again.
_KEPT_BYTES = 8 << 20
#: Bytes from which on an upload is not copied by its worker: of a shorter one that costs less than asking.
_LENT_FROM = 32 << 10
#: Bytes of the longest upload that is handed over in a message, where the system has no memory to share.
_LONGEST_UPLOAD = 1 << 31


def whole(upload: Upload) -> bytes:
    """Return an upload's bytes."""
    return upload if isinstance(upload, bytes) else b"".join(upload)


def length(upload: Upload) -> int:
    """Return how many bytes an upload has."""
    return len(upload) if isinstance(upload, bytes) else sum(map(len, upload))


class UploadMemory:
    """A file without a name and without a disk, where the system has such; nothing elsewhere.

    It never shrinks: a worker that was taken over and cut it would end this process, which writes into the mapping.
    """

    def __init__(self) -> None:
        make = getattr(os, "memfd_create", None)
        self._descriptor: int | None = None
        self._n_file = _KEPT_BYTES  # the file's length
        self._n_long = 0  # bytes of the long upload in it
        if make is not None:
            fcntl: Any = import_module("fcntl")
            flags: Any = os
            self._descriptor = make("safehash-upload", flags.MFD_CLOEXEC | flags.MFD_ALLOW_SEALING)
            os.ftruncate(self._descriptor, _KEPT_BYTES)
            fcntl.fcntl(self._descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL)
            self._mapped = mmap.mmap(self._descriptor, _KEPT_BYTES)

    def holds(self, upload: Upload) -> bool:
        """Whether an upload fits what is mapped: it is there in no time."""
        return self._descriptor is not None and length(upload) <= _KEPT_BYTES

    def put(self, upload: Upload) -> bool:
        """Lay an upload there; return whether that is possible."""
        if self._descriptor is None:
            return False
        if self.holds(upload):
            start = 0
            for piece in (upload,) if isinstance(upload, bytes) else upload:
                self._mapped[start : start + len(piece)] = piece
                start += len(piece)
            return True
        data = whole(upload)
        self._n_long = len(data)
        if len(data) > self._n_file:
            os.ftruncate(self._descriptor, len(data))
            self._n_file = len(data)
        view, at = memoryview(data), 0
        while at < len(data):
            at += os.pwrite(self._descriptor, view[at:], at)
        return True

    def forget(self) -> None:
        """Give back what a long upload took beyond what is kept."""
        if self._descriptor is not None and self._n_long:
            with mmap.mmap(self._descriptor, self._n_long) as whole:
                whole.madvise(mmap.MADV_REMOVE, _KEPT_BYTES, self._n_long - _KEPT_BYTES)
            self._n_long = 0

    def shared(self) -> SharedUpload:
        """Return the same for the worker."""
        return SharedUpload(self._descriptor)

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor is not None:
            self._mapped.close()
            os.close(self._descriptor)
            self._descriptor = None


class SharedUpload:
    """The same memory, on its way to a process that is being started, and there."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._mapped: mmap.mmap | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        held = None if self._descriptor is None else reduction.DupFd(self._descriptor)
        return _received, (held,)

    def map(self) -> None:
        """Map it, before memory is bounded."""
        if self._descriptor is not None:
            self._mapped = mmap.mmap(self._descriptor, _KEPT_BYTES, access=mmap.ACCESS_READ)

    def read(self, channel: Channel, n_bytes: int) -> File:
        """Return the upload: a short one copied, a longer one where it lies, until the next is handed over."""
        if self._descriptor is None or self._mapped is None:
            return channel.receive(longest=_LONGEST_UPLOAD)
        if n_bytes <= _KEPT_BYTES:
            if n_bytes < _LENT_FROM:
                return self._mapped[:n_bytes]
            return Lent(memoryview(self._mapped)[:n_bytes])
        parts: list[bytes] = []
        n_read = 0
        while n_read < n_bytes:  # one call gives at most 2 GiB
            parts.append(os.pread(self._descriptor, n_bytes - n_read, n_read))
            if not parts[-1]:
                raise EOFError(f"{n_read} bytes of an upload of {n_bytes}")
            n_read += len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _received(held: Any) -> SharedUpload:
    return SharedUpload(None if held is None else held.detach())
