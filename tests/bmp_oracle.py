"""Run-length coded BMP pixels unpacked code by code, in Python: what the kernel is compared with."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from safehash.images.deadline import Deadline
from safehash.images.pictures import UInt8Array

__all__ = ["unpack_runs"]

_END_OF_LINE, _END, _DELTA = range(3)
#: Codes between two looks at the deadline.
_CODES = 1 << 16


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
    n_bytes = 3 if bits == 24 else 1
    pixels = np.zeros((rows, cols, n_bytes), np.uint8)
    there = np.zeros((rows, cols), np.bool_)
    held, marks = pixels.data.cast("B"), there.view(np.uint8).data.cast("B")
    row = col = n_codes = 0
    code = 2 if bits < 24 else 4  # bytes of a count and what it repeats
    while row < rows:
        if at + 2 > len(data):
            break
        n_codes += 1
        if n_codes % _CODES == 0:
            deadline.check()
        count, value = data[at], data[at + 1]
        if count:
            if at + code > len(data):
                break
            run = _repeated(data, at + 1, count, bits)
            at += code
        elif value == _END_OF_LINE:
            row, col, at = row + 1, 0, at + 2
            continue
        elif value == _END:
            row = rows
            break
        elif value == _DELTA:
            if at + 4 > len(data):
                break
            col, row, at = col + data[at + 2], row + data[at + 3], at + 4
            continue
        else:
            count = value
            n_stored = (count * bits + 7) // 8
            stored = data[at + 2 : at + 2 + n_stored]
            at += 2 + n_stored + n_stored % 2
            if len(stored) < n_stored:
                break
            run = _nibbles(stored, count) if bits == 4 else stored
            count = len(run) // n_bytes
        n_cols = min(count, cols - col)  # a run does not go on in the next row
        if n_cols > 0:
            place = row * cols + col
            held[place * n_bytes : (place + n_cols) * n_bytes] = run[: n_cols * n_bytes]
            marks[place : place + n_cols] = b"\1" * n_cols
        col += count
    return pixels[..., 0] if n_bytes == 1 else pixels, there, min(row, rows)


def _repeated(data: bytes, at: int, count: int, bits: int) -> bytes:
    """Return `count` pixels of the value that stands there, two values in turn where they have four bits."""
    if bits == 24:
        return data[at : at + 3] * count
    if bits == 8:
        return data[at : at + 1] * count
    return (bytes((data[at] >> 4, data[at] & 15)) * (count // 2 + 1))[:count]


def _nibbles(stored: bytes, count: int) -> bytes:
    return bytes(each for byte in stored for each in (byte >> 4, byte & 15))[:count]
