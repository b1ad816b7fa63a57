"""Moving what hides a picture, or where it was cut off, to where the rest of it says most for an entry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from .hiding import Hole, rest_bits
from .thumbnails import THE_UPLOAD, WHOLE_SIDE, Window

__all__ = ["LEAST_DOUBTED", "MOST_DOUBTED", "settled_holes", "settled_window"]

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]
_Place = TypeVar("_Place", tuple[Hole, ...], Window)

#: Bits of the rest between which another place may decide. Of 205 tuning photographs, half of them, under a sticker of
#: 30 %, 9 of 27 that were not found have 62 bits where they agree best, and 18 where the rest says most; cropped by
#: 30 %, of 77 it is 49 and 61. Of unrelated ones 55 came near, 1 with as many bits before and 4 since.
LEAST_DOUBTED, MOST_DOUBTED = 20.0, 80.0
#: Places tried, and bits that one must bring: with 120 places at most 2 more of these 104 have 62 bits.
_MOST, _GAIN = 40, 0.5

#: Moves of an edge, one after another, of a hole in samples and of a window in fractions of the upload's side: from
#: what refining leaves undecided down to half a sample.
_HOLE_STEPS, _WINDOW_STEPS = (3, 1), (0.03, 0.015, 0.0075)
#: The least side of a hole, in samples, as `_views.find_holes` has it, and the most that one may take of an upload: a
#: little more than is looked for (`holes`), since its edges are settled here.
_LEAST_HOLE, _MOST_HIDDEN = 4, 0.45
#: How much larger than an upload the picture may have been that it was cut from: 0.38 of a side is missing then, and
#: more matches by nothing (`judgement.REST`).
_LARGEST = 1.62

#: One edge, both ends of an axis together, and all four.
_MOVES = (
    (-1, 0, 0, 0), (1, 0, 0, 0), (0, -1, 0, 0), (0, 1, 0, 0), (0, 0, -1, 0), (0, 0, 1, 0), (0, 0, 0, -1), (0, 0, 0, 1),
    (-1, 1, -1, 1), (1, 1, 0, 0), (-1, -1, 0, 0), (0, 0, 1, 1), (0, 0, -1, -1),
)  # fmt: skip


def settled_holes(
    thumb: Float32Array, holes: tuple[Hole, ...], wanted: UInt8Array
) -> tuple[tuple[Hole, ...], float]:
    """Return what hides an upload, moved, and what the rest of it says, in bits.

    Parameters
    ----------
    thumb : ndarray of float32, shape (64, 64)
        Of the upload.
    holes : tuple of tuple of int
        One at least, in samples.
    wanted : ndarray of uint8, shape (32,)
        The entry's digest, turned as the upload is.
    """

    def bits(place: tuple[Hole, ...], enough: float) -> float:
        return rest_bits(thumb, THE_UPLOAD, place, wanted, enough=enough)

    around = (
        min(hole[0] for hole in holes), max(hole[1] for hole in holes),
        min(hole[2] for hole in holes), max(hole[3] for hole in holes),
    )  # fmt: skip
    starts = [tuple(_grown(hole, by) for hole in holes) for by in (1, 2)]
    if len(holes) > 1:
        starts += [(around,), *((hole,) for hole in holes)]

    def beside(place: tuple[Hole, ...], step: float) -> Iterator[tuple[Hole, ...]]:
        for at, hole in enumerate(place):
            for move in _MOVES:
                moved = _moved(hole, move, int(step))
                if moved != hole and _may_be(moved):
                    yield (*place[:at], moved, *place[at + 1 :])

    fitting = [place for place in starts if all(_may_be(hole) for hole in place)]
    return _settled(holes, fitting, bits, beside, _HOLE_STEPS)


def settled_window(thumb: Float32Array, window: Window, wanted: UInt8Array) -> tuple[Window, float]:
    """Return where an upload was cut from its picture, moved, and what it says, in bits.

    Parameters
    ----------
    thumb : ndarray of float32, shape (64, 64)
        Of the upload.
    window : tuple of float
        First and last row edge, first and last column edge of the picture, in fractions of the upload.
    wanted : ndarray of uint8, shape (32,)
        The entry's digest, turned as the upload is.
    """

    def bits(place: Window, enough: float) -> float:
        return rest_bits(thumb, place, (), wanted, enough=enough)

    def beside(place: Window, step: float) -> Iterator[Window]:
        for move in _MOVES:
            top, bottom, left, right = (edge + step * by for edge, by in zip(place, move, strict=True))
            if max(bottom - top, right - left) <= _LARGEST:
                yield top, bottom, left, right

    return _settled(window, [], bits, beside, _WINDOW_STEPS)


def _settled(
    place: _Place,
    starts: Sequence[_Place],
    bits: Callable[[_Place, float], float],
    beside: Callable[[_Place, float], Iterator[_Place]],
    steps: Sequence[float],
) -> tuple[_Place, float]:
    """Climb from the best of some places, `_MOST` of them tried."""
    best, left = bits(place, LEAST_DOUBTED), _MOST
    for trial in starts:
        found, left = bits(trial, best + _GAIN), left - 1
        if found > best + _GAIN:
            best, place = found, trial
    for step in steps:
        moved = True
        while moved and left > 0:
            moved = False
            for trial in beside(place, step):
                if left <= 0:
                    break
                found, left = bits(trial, best + _GAIN), left - 1
                if found > best + _GAIN:
                    best, place, moved = found, trial, True
                    break
    return place, best


def _moved(hole: Hole, move: Sequence[int], step: int) -> Hole:
    top, bottom, left, right = (
        min(WHOLE_SIDE, max(0, edge + step * by)) for edge, by in zip(hole, move, strict=True)
    )
    return top, bottom, left, right


def _grown(hole: Hole, by: int) -> Hole:
    return _moved(hole, (-1, 1, -1, 1), by)


def _may_be(hole: Hole) -> bool:
    height, width = hole[1] - hole[0], hole[3] - hole[2]
    return min(height, width) >= _LEAST_HOLE and height * width <= _MOST_HIDDEN * WHOLE_SIDE**2
