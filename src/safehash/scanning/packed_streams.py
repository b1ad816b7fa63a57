"""Streams that are packed by gzip, bzip2 or xz, unpacked as they are read; what follows them is not passed over."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tarfile
from collections.abc import Callable
from typing import IO

__all__ = ["unpacked"]

#: What unpacking xz may hold, which a file's own header decides: up to 4 GB. `xz -9` takes 65 MiB.
_MAX_XZ_MEMORY = 128 << 20
#: Bytes that are read at once.
_PIECE = 1 << 16
_GZIP, _BZIP2, _XZ = b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0"


def unpacked(file: IO[bytes], head: bytes) -> IO[bytes] | None:
    """Return what is packed in a file that begins so, or None if nothing is."""
    if head.startswith(_GZIP):
        return gzip.GzipFile(fileobj=file)  # type: ignore[return-value]
    if head.startswith(_BZIP2):
        return _Unpacked(file, _BZIP2, bz2.BZ2Decompressor)  # type: ignore[return-value]
    if head.startswith(_XZ):
        return _Unpacked(file, _XZ, _begin_xz)  # type: ignore[return-value]
    return None


def _begin_xz() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_MAX_XZ_MEMORY)


class _Unpacked:
    """Packed streams, one behind the other, unpacked as they are read within bounded memory.

    Parameters
    ----------
    source : file
        Of bytes.
    magic : bytes
        How each stream begins.
    begin : callable
        Returns what unpacks one stream.
    """

    def __init__(
        self,
        source: IO[bytes],
        magic: bytes,
        begin: Callable[[], bz2.BZ2Decompressor | lzma.LZMADecompressor],
    ) -> None:
        self._source = source
        self._magic = magic
        self._begin = begin
        self._unpacker = begin()
        self._is_over = False

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
                if len(packed) < len(self._magic):
                    packed += self._source.read(_PIECE)
                if not packed:
                    break
                if not packed.startswith(self._magic):
                    raise tarfile.ReadError("something else follows what is packed: that was not read")
                self._unpacker = self._begin()
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
