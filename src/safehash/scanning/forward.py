"""A stream that a tar is read from: it moves forward only, and hands out no more at once, and in all, than it may."""

from __future__ import annotations

import io
import re
import tarfile
from typing import IO

__all__ = ["MAX_TAR_HEADER", "Forward"]

#: What the headers of one member of a tar (long names, extended attributes, maps of holes) may be long together.
MAX_TAR_HEADER = 1 << 20
#: Zeros behind a tar's end, which tools fill their blocks with: `tar -b` makes blocks of 1 MiB at most.
_MAX_BLANK = 16 << 20
#: Bytes that are looked through, or passed over, at once.
_PIECE = 1 << 16
#: So many digits in a row are in no header, a name having at most 255 bytes: some versions of the reader look from each
#: of them for the end of all (CVE-2024-6232).
_TOO_MANY_DIGITS = re.compile(rb"[0-9]{300}")


class Forward(io.RawIOBase):
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
        self.max_read = MAX_TAR_HEADER

    def begin_header(self, max_bytes: int) -> None:
        """Have what is read from now on be headers, of so many bytes together."""
        self.max_read = MAX_TAR_HEADER
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
