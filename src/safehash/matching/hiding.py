"""What of a candidate's picture is hidden, or was cut off, and what the rest of it says for the entry."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .. import _views
from .thumbnails import THE_UPLOAD, WHOLE_SIDE, Window

__all__ = ["ENOUGH", "Hole", "rest_bits"]

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]

#: First and last row, first and last column of `WHOLE_SIDE`, the last ones excluded.
Hole = tuple[int, int, int, int]

#: Bits of the rest: what cannot come to so many is not found exactly; it is refused (`judgement.AGAINST`).
ENOUGH = -60.0

#: What each further hole costs, in bits: four edges are chosen, each among some 16 that differ.
_A_HOLE = 16.0

#: A strip that was cut off is a sample of `WHOLE_SIDE` at least, as `_views.hidden_bits` wants it.
_LEAST_STRIP = 1.0 / WHOLE_SIDE

#: A rectangle in fractions of the side, and which of its edges border on nothing that is seen.
_Hidden = tuple[Window, tuple[bool, bool, bool, bool]]


def rest_bits(
    thumb: Float32Array,
    window: Window,
    holes: Sequence[Hole],
    wanted: UInt8Array,
    *,
    enough: float = ENOUGH,
) -> float:
    """Return what the part of a listed picture that an upload shows says for its digest, in bits.

    Parameters
    ----------
    thumb : ndarray of float32, shape (64, 64)
        Of the upload.
    window : tuple of float
        First and last row edge, first and last column edge of the listed picture, in fractions of the upload: what of
        it lies beyond was cut off.
    holes : sequence of tuple of int
        What something hides, in samples of the upload.
    wanted : ndarray of uint8, shape (32,)
        The entry's digest, turned as the upload is.
    enough : float
        What cannot come to so many bits is not found exactly.

    Returns
    -------
    float
        0 where nothing is hidden or cut off; else as `_views.hidden_bits` says.
    """
    if window == THE_UPLOAD:
        frame, hidden = thumb, [_of_hole(hole) for hole in _apart(holes)]
    else:
        top, bottom, left, right = window
        frame = _views.bent(thumb, np.array((top, left, top, right, bottom, left, bottom, right)))
        hidden = _cut_off(window)
    if not hidden:
        return 0.0
    edges = np.array([rectangle for rectangle, _ in hidden])
    is_free = np.array([free for _, free in hidden], dtype=np.int32)
    further = _A_HOLE * max(0, len(holes) - 1)
    return _views.hidden_bits(frame, edges, is_free, wanted, enough=enough + further) - further


def _of_hole(hole: Hole) -> _Hidden:
    top, bottom, left, right = (edge / WHOLE_SIDE for edge in hole)
    return (top, bottom, left, right), (top == 0.0, bottom == 1.0, left == 0.0, right == 1.0)


def _apart(holes: Sequence[Hole]) -> list[Hole]:
    """Return holes without what an earlier one has filled in already, where that leaves a rectangle."""
    apart: list[Hole] = []
    for hole in holes:
        top, bottom, left, right = hole
        for other in apart:
            if other[0] <= top and other[1] >= bottom and other[2] < right and other[3] > left:  # beside it
                left, right = (other[3], right) if other[2] <= left else (left, min(right, other[2]))
            elif other[2] <= left and other[3] >= right and other[0] < bottom and other[1] > top:
                top, bottom = (other[1], bottom) if other[0] <= top else (top, min(bottom, other[0]))
        if top < bottom and left < right:
            apart.append((top, bottom, left, right))
    return apart


def _cut_off(window: Window) -> list[_Hidden]:
    """Return the strips of a window beyond the upload: above and below all along, and what is left of both sides."""
    top, bottom, left, right = window
    first_row, last_row = max(0.0, -top / (bottom - top)), min(1.0, (1.0 - top) / (bottom - top))
    first_col, last_col = max(0.0, -left / (right - left)), min(1.0, (1.0 - left) / (right - left))
    strips: list[_Hidden] = [
        ((0.0, first_row, 0.0, 1.0), (True, False, True, True)),
        ((last_row, 1.0, 0.0, 1.0), (False, True, True, True)),
        ((first_row, last_row, 0.0, first_col), (True, True, True, False)),
        ((first_row, last_row, last_col, 1.0), (True, True, False, True)),
    ]
    return [
        (rectangle, free)
        for rectangle, free in strips
        if rectangle[1] - rectangle[0] >= _LEAST_STRIP and rectangle[3] - rectangle[2] >= _LEAST_STRIP
    ]
