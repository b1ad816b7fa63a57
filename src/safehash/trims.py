"""Where a uniform border, a letterbox or a caption bar ends."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

__all__ = ["trimmed_boxes"]

UInt8Array = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]

#: Grey levels that a border's samples may lie from its own colour: JPEG rings by about 10 beside an edge.
_TOLERANCE = 12

#: Shares of a line that must have the border's colour. The first finds plain borders; the second lets
#: captions be written on them, and eats a little of pictures that fade into their border.
_SHARES = (0.985, 0.6)

#: Samples looked at across a line: enough for a share, however long the line.
_SAMPLES = 256

#: What is left must keep this share of each side, or the trim found a flat picture, not a border.
_LEAST_LEFT = 0.2


def trimmed_boxes(pixels: UInt8Array) -> Iterator[Box]:
    """Yield what is left of a picture when its borders go: (top, bottom, left, right) in samples.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (rows, cols) or (rows, cols, 3)

    Notes
    -----
    At most one box a share, none equal to the whole picture, none twice.
    """
    # One channel is enough to see a border, and costs no conversion.
    grey = pixels if pixels.ndim == 2 else pixels[:, :, 1]
    found: set[Box] = set()
    for share in _SHARES:
        box = _trim(grey, share)
        if box is not None and box not in found:
            found.add(box)
            yield box


def _trim(grey: UInt8Array, share: float) -> Box | None:
    n_rows, n_cols = grey.shape
    top, bottom, left, right = 0, n_rows, 0, n_cols
    # Twice: a frame around a letterboxed picture shows its bars only once the frame is gone.
    for _ in range(2):
        part = grey[top:bottom, left:right]
        before = (top, bottom, left, right)
        first, last = _inside(part, share)
        bottom, top = top + last, top + first
        part = grey[top:bottom, left:right]
        first, last = _inside(part.T, share)
        right, left = left + last, left + first
        if bottom - top < max(16, _LEAST_LEFT * n_rows) or right - left < max(16, _LEAST_LEFT * n_cols):
            return None
        if (top, bottom, left, right) == before:
            break
    if (top, bottom, left, right) == (0, n_rows, 0, n_cols):
        return None
    return top, bottom, left, right


def _inside(lines: UInt8Array, share: float) -> tuple[int, int]:
    """Return the first line and the line after the last that are no border, looking from both ends."""
    n_lines = lines.shape[0]
    sampled = lines[:, :: max(1, lines.shape[1] // _SAMPLES)]
    # Most pictures have no border: the outermost lines tell.
    first = _leading(sampled, share)
    last = n_lines - _leading(sampled[::-1], share)
    return (first, last) if first < last else (0, n_lines)


def _leading(sampled: UInt8Array, share: float) -> int:
    """Return how many lines from the start are of one colour, the first line's."""
    colour = int(np.median(sampled[0]))
    count, size = 0, 8
    n_lines = sampled.shape[0]
    while count < n_lines:
        # In growing pieces, so that a picture without a border costs one small one.
        piece = sampled[count : count + size]
        low, high = max(0, colour - _TOLERANCE), min(255, colour + _TOLERANCE)
        alike = np.count_nonzero((piece >= low) & (piece <= high), axis=1) >= share * sampled.shape[1]
        if not alike.all():
            return count + int(np.argmin(alike))
        count += len(piece)
        size *= 4
    return n_lines
