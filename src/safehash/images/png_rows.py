"""The rows that a PNG file has before it ends or breaks off, put where a browser shows them meanwhile."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from .pictures import UInt8Array
from .png_chunks import PngFile, Span

__all__ = ["bytes_of_rows", "is_whole", "rows_there", "unpacked_rows"]

#: Samples a pixel, by colour type.
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
#: Of an interlaced picture's passes: first column and row, columns and rows apart, and how large a pixel is shown.
_PASSES = (
    (0, 0, 8, 8, 8, 8), (4, 0, 8, 8, 4, 8), (0, 4, 4, 8, 4, 4), (2, 0, 4, 4, 2, 4), (0, 2, 2, 4, 2, 2),
    (1, 0, 2, 2, 1, 2), (0, 1, 1, 2, 1, 1),
)  # fmt: skip
#: The filters of a row are numbered from 0.
_LAST_FILTER = 4
#: Compressed bytes unpacked at a time: what comes before damage in them is found byte by byte.
_PIECE = 1024
#: Bytes unpacked at a time where they are only counted.
_COUNTED = 1 << 20


def rows_there(
    data: bytes,
    file: PngFile,
    parts: Sequence[Span],
    size: tuple[int, int],
    decode: Callable[[tuple[int, int], memoryview], UInt8Array],
) -> UInt8Array | None:
    """Return the pixels that a damaged image has, transparent where there are none; None where it has none at all.

    Parameters
    ----------
    data, file, parts
    size : (int, int)
        Columns and rows.
    decode : callable
        Decodes an image of these columns and rows, not interlaced, from its unpacked rows, to red, green, blue and
        alpha.
    """
    layout = list(_layout(file, size))
    unpacked = unpacked_rows(data, parts, bytes_of_rows(file, size))
    picture = np.zeros((size[1], size[0], 4), np.uint8)
    at, found = 0, False
    for (left, top, across, down, cols_shown, rows_shown), cols, rows, n_bytes in layout:
        n_rows = min(rows, max(0, len(unpacked) - at) // n_bytes)
        filters = np.frombuffer(unpacked[at : at + n_rows * n_bytes : n_bytes], np.uint8)
        broken = bool((filters > _LAST_FILTER).any())
        if broken:
            n_rows = int(np.argmax(filters > _LAST_FILTER))
        if n_rows > 0:
            found = True
            part = decode((cols, n_rows), memoryview(unpacked)[at : at + n_rows * n_bytes])
            for row in range(rows_shown):
                for col in range(cols_shown):
                    place = picture[top + row :: down, left + col :: across][:n_rows]
                    place[...] = part[: place.shape[0], : place.shape[1]]
        if broken:
            break
        at += rows * n_bytes
    return picture if found else None


def bytes_of_rows(file: PngFile, size: tuple[int, int]) -> int:
    """Return how many bytes a picture's rows are, unpacked, filters included."""
    return sum(n_bytes * rows for _, _, rows, n_bytes in _layout(file, size))


def is_whole(file: PngFile, size: tuple[int, int], packed: bytes | memoryview) -> bool:
    """Tell whether compressed pixels unpack to every row of a picture of these sides."""
    left = bytes_of_rows(file, size)
    unpacker = zlib.decompressobj()
    try:
        while left and not unpacker.eof:
            n_unpacked = len(unpacker.decompress(packed, min(left, _COUNTED)))
            if not n_unpacked and not unpacker.unconsumed_tail:
                return False
            left -= n_unpacked
            packed = unpacker.unconsumed_tail
    except zlib.error:
        return False
    return not left


def _layout(file: PngFile, size: tuple[int, int]) -> Iterator[tuple[tuple[int, ...], int, int, int]]:
    """Yield every pass with its columns, its rows and the bytes of a row, filter included."""
    bits = file.depth * _SAMPLES.get(file.colour, 4)
    for each in _PASSES if file.interlaced else ((0, 0, 1, 1, 1, 1),):
        left, top, across, down = each[:4]
        cols, rows = max(0, -(-(size[0] - left) // across)), max(0, -(-(size[1] - top) // down))
        if cols and rows:
            yield each, cols, rows, 1 + (cols * bits + 7) // 8


def unpacked_rows(data: bytes, parts: Sequence[Span], n_bytes: int) -> bytes:
    """Unpack up to n_bytes, as far as the compressed pixels go and are whole."""
    unpacker = zlib.decompressobj()
    out = bytearray()
    for part in parts:
        for start in range(part.start, part.end, _PIECE):
            piece = data[start : min(start + _PIECE, part.end)]
            before = unpacker.copy()
            try:
                out += unpacker.decompress(piece, n_bytes - len(out))
            except zlib.error:
                for byte in piece:
                    try:
                        out += before.decompress(bytes([byte]), n_bytes - len(out))
                    except zlib.error:
                        return bytes(out)
                return bytes(out)
            if len(out) >= n_bytes or unpacker.eof:
                return bytes(out)
    return bytes(out)
