"""Run-length coded pixels of a BMP file, unpacked row by row."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .. import _rows
from .deadline import Deadline
from .pictures import UInt8Array

__all__ = ["unpack_runs"]

#: Codes between two looks at the deadline.
_CODES = 1 << 20


def unpack_runs(
    data: bytes, at: int, size: tuple[int, int], bits: int, deadline: Deadline
) -> tuple[UInt8Array, npt.NDArray[np.bool_], int]:
    """Return pixels, which of them the file has, and how many rows it reaches.

    Parameters
    ----------
    data : bytes
        The whole file.
    at : int
        Where the first code stands.
    size : (int, int)
        Columns and rows.
    bits : 4, 8 or 24
        Of a pixel.
    deadline : Deadline

    Returns
    -------
    pixels : ndarray of uint8, shape (rows, cols) of indices, or (rows, cols, 3) of blue, green, red
        In the order in which they are stored.
    there : ndarray of bool, shape (rows, cols)
    n_rows : int
        All of them, unless the file ends within one.
    """
    cols, rows = size
    pixels = np.zeros((rows, cols, 3 if bits == 24 else 1), np.uint8)
    there = np.zeros((rows, cols), np.uint8)
    row = col = 0
    more, at = True, min(at, len(data))
    while more:
        deadline.check()
        more, at, row, col = _rows.unpack_runs(
            data, at, pixels, there, bits=bits, row=row, col=col, n_codes=_CODES
        )
    return pixels[..., 0] if bits < 24 else pixels, there.view(np.bool_), min(row, rows)
