"""Small grey pictures for a report: made in a confined process, from the same decoder as the hashes."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import numpy.typing as npt

from ..errors import ImageError
from ..images.decoding import decode
from ..images.matrices import through
from ..images.uploads import read_file

__all__ = ["grey_png", "thumbnail"]


_LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def thumbnail(path: str, side: int = 96) -> bytes | None:
    """Return a grey PNG of an image file, its longer side at most `side` pixels, or None if there is none."""
    try:
        decoded = decode(read_file(path), step_for=lambda shorter: 8 if shorter >= 8 * side else 1)
    except (ImageError, OSError, MemoryError):
        return None
    pixels = decoded.pixels
    grey = pixels if pixels.ndim == 2 else through(_LUMA, pixels).astype(np.uint8)
    orientation = decoded.provenance.orientation
    if orientation in (3, 4, 6, 7):
        grey = grey[::-1]
    if orientation in (2, 3, 7, 8):
        grey = grey[:, ::-1]
    if orientation >= 5:
        grey = grey.T
    return grey_png(_shrink(grey, side))


def _shrink(grey: npt.NDArray[np.uint8], side: int) -> npt.NDArray[np.uint8]:
    """Average blocks down to at most `side` rows and columns."""
    rows, cols = grey.shape
    longer = max(rows, cols)
    if longer <= side:
        return np.ascontiguousarray(grey)
    n_rows, n_cols = max(1, rows * side // longer), max(1, cols * side // longer)
    row_starts = np.arange(n_rows) * rows // n_rows
    col_starts = np.arange(n_cols) * cols // n_cols
    sums = np.add.reduceat(grey, row_starts, axis=0, dtype=np.float64)
    sums = np.add.reduceat(sums, col_starts, axis=1)
    n_in_rows = np.diff(np.append(row_starts, rows))
    n_in_cols = np.diff(np.append(col_starts, cols))
    means: npt.NDArray[np.uint8] = np.rint(sums / np.outer(n_in_rows, n_in_cols)).astype(np.uint8)
    return means


def grey_png(grey: npt.NDArray[np.uint8]) -> bytes:
    """Return a PNG file of 8-bit grey pixels, uint8, shape (rows, cols)."""
    rows, cols = grey.shape
    lines = np.zeros((rows, cols + 1), np.uint8)  # every line begins with its filter, 0: none
    lines[:, 1:] = grey
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", cols, rows, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(lines.tobytes(), 9)),
        (b"IEND", b""),
    )
    body = b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + body
