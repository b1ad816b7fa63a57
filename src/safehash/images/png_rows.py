"""The rows that a PNG file has before it ends or breaks off, put where a browser shows them meanwhile."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .._rows import ROOM, unfilter
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
#: Bytes of rows decoded at a time: the compressor, the decoder and what is made of it hold them several times.
_STRIP = 1 << 20


def rows_there(
    data: bytes,
    file: PngFile,
    parts: Sequence[Span],
    size: tuple[int, int],
    decode: Callable[[tuple[int, int], memoryview], UInt8Array],
) -> tuple[UInt8Array, int] | None:
    """Return the pixels that a damaged image has, and in how many rows from the first on; None where it has none.

    Where there are none they are transparent.

    Parameters
    ----------
    data, file, parts
    size : (int, int)
        Columns and rows.
    decode : callable
        Decodes an image of these columns and rows, not interlaced, from unpacked rows without a filter, to red, green,
        blue and alpha.
    """
    layout = list(_layout(file, size))
    unpacked = unpacked_rows(data, parts, bytes_of_rows(file, size))
    picture = np.zeros((size[1], size[0], 4), np.uint8)
    at, n_there = 0, 0
    for (left, top, across, down, cols_shown, rows_shown), cols, rows, n_bytes in layout:
        n_rows = min(rows, max(0, len(unpacked) - at) // n_bytes)
        filters = np.frombuffer(unpacked[at : at + n_rows * n_bytes : n_bytes], np.uint8)
        broken = bool((filters > _LAST_FILTER).any())
        if broken:
            n_rows = int(np.argmax(filters > _LAST_FILTER))
        if n_rows > 0:
            n_there = max(n_there, min(size[1], top + n_rows * down))
            rows_of_pass = memoryview(unpacked)[at : at + n_rows * n_bytes]
            for first, n_strip, strip in _strips(file, rows_of_pass, n_bytes):
                part = decode((cols, n_strip), strip)
                for row in range(rows_shown):
                    for col in range(cols_shown):
                        place = picture[top + row :: down, left + col :: across][first : first + n_strip]
                        place[...] = part[: place.shape[0], : place.shape[1]]
        if broken:
            break
        at += rows * n_bytes
    return (picture, n_there) if n_there else None


def _strips(file: PngFile, rows: memoryview, n_bytes: int) -> Iterator[tuple[int, int, memoryview]]:
    """Yield rows without their filters, as many at a time as are decoded at once: their first, how many, and they.

    Parameters
    ----------
    file
    rows : memoryview
        Unpacked rows of one pass, whose filters are known.
    n_bytes : int
        Of a row, the filter's number included.
    """
    n_rows = max(1, _STRIP // n_bytes)
    pixel = max(1, _bits(file) // 8)
    above = bytes(n_bytes - 1 + ROOM)
    for at in range(0, len(rows), n_rows * n_bytes):
        strip = bytearray(rows[at : at + n_rows * n_bytes])
        n_strip = len(strip) // n_bytes
        strip += bytes(ROOM)
        unfilter(strip, rows=n_strip, n_bytes=n_bytes - 1, pixel=pixel, above=above)
        above = bytes(strip[1 - n_bytes - ROOM :])
        np.frombuffer(strip, np.uint8, n_strip * n_bytes)[::n_bytes] = 0
        yield at // n_bytes, n_strip, memoryview(strip)[: n_strip * n_bytes]


def _bits(file: PngFile) -> int:
    """Return the bits of a pixel."""
    return file.depth * _SAMPLES.get(file.colour, 4)


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
    bits = _bits(file)
    for each in _PASSES if file.interlaced else ((0, 0, 1, 1, 1, 1),):
        left, top, across, down = each[:4]
        cols, rows = max(0, -(-(size[0] - left) // across)), max(0, -(-(size[1] - top) // down))
        if cols and rows:
            yield each, cols, rows, 1 + (cols * bits + 7) // 8


def unpacked_rows(data: bytes, parts: Sequence[Span], n_bytes: int) -> bytearray:
    """Unpack up to n_bytes, as far as the compressed pixels go and are whole."""
    unpacker = zlib.decompressobj()
    out = bytearray(n_bytes)  # whole from the beginning: what grows is held twice where it is moved
    view = memoryview(out)
    n_done = 0

    def take(unpacker: Any, packed: bytes) -> None:
        nonlocal n_done
        found = unpacker.decompress(packed, n_bytes - n_done)
        view[n_done : n_done + len(found)] = found
        n_done += len(found)

    def done() -> bytearray:
        view.release()
        del out[n_done:]
        return out

    for part in parts:
        for start in range(part.start, part.end, _PIECE):
            piece = data[start : min(start + _PIECE, part.end)]
            before = unpacker.copy()
            try:
                take(unpacker, piece)
            except zlib.error:
                for byte in piece:
                    try:
                        take(before, bytes([byte]))
                    except zlib.error:
                        return done()
                return done()
            if n_done >= n_bytes or unpacker.eof:
                return done()
    return done()
