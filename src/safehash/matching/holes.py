"""What an upload would be without a rectangle that something hides: filled from its borders, for each of many."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .. import _views
from .families import COVERED, COVERED_AGAIN, NESTED_CAPTIONED, NESTED_COVERED
from .hiding import Hole
from .judgement import hides_a_photograph, is_graphic
from .nested import best_boxes
from .thumbnails import THE_UPLOAD, WHOLE_SIDE, Thumbnails
from .windows import Batch

__all__ = ["box_without_a_band", "boxes_without_a_hole", "without_a_hole", "without_a_hole_again"]

Int32Array = npt.NDArray[np.int32]
Float64Array = npt.NDArray[np.float64]

#: Lengths of a hole's sides that are tried, and from one to the next place, in eighths of the upload's side; most of
#: the upload that a hole may take. Five eighths bring 5 of 103 tuning photographs under a sticker of 30 %.
_LENGTHS, _PARTS, _MOST = (2, 3, 4, 5, 6), 8, 0.40
#: Holes of no more than so many eighths a side begin at every second one alone: what is left of a small one costs few
#: bits. Of 160 copies of 40 tuning photographs under stickers, another picture and text `thorough` finds 134 for 135.
_SMALL, _APART = 3, 2
#: Where players and people write on what they show, first and last row and column in eighths: subtitles, a head, a line
#: across the middle, buttons down a side.
_BANDS = (
    (6, 8, 0, 8), (6, 8, 1, 7), (5, 7, 0, 8), (5, 7, 1, 7), (5, 8, 0, 8), (0, 2, 0, 8), (0, 2, 1, 7), (3, 5, 0, 8),
    (0, 8, 6, 8), (2, 8, 6, 8), (4, 8, 6, 8), (0, 8, 0, 2),
)  # fmt: skip


@lru_cache(maxsize=1)
def _bands() -> Int32Array:
    """Return every band that is tried, in samples of `WHOLE_SIDE`."""
    return np.array(_BANDS, dtype=np.int32) * np.int32(WHOLE_SIDE // _PARTS)


@lru_cache(maxsize=1)
def _holes() -> Int32Array:
    """Return every hole that is tried, smallest first, in samples of `WHOLE_SIDE`."""
    spans = [(first, first + length) for length in _LENGTHS for first in range(_PARTS - length + 1)]
    holes = [(*rows, *cols) for rows in spans for cols in spans]
    areas = [(bottom - top) * (right - left) for top, bottom, left, right in holes]
    kept = [
        hole
        for hole, area in zip(holes, areas, strict=True)
        if area <= _MOST * _PARTS**2 and not _is_between(*hole)
    ]
    return np.array(kept, dtype=np.int32) * np.int32(WHOLE_SIDE // _PARTS)


def _is_between(top: int, bottom: int, left: int, right: int) -> bool:
    """Tell whether a small hole begins between those places where small ones are tried."""
    return max(bottom - top, right - left) <= _SMALL and (top % _APART or left % _APART) != 0


@lru_cache(maxsize=1)
def _halves() -> tuple[Hole, ...]:
    """Return the holes that are half as high and as wide as an upload."""
    half = WHOLE_SIDE // 2
    return tuple(
        (top, bottom, left, right)
        for top, bottom, left, right in _holes().tolist()
        if bottom - top == right - left == half
    )


def without_a_hole(thumbs: Thumbnails) -> Batch:
    """Return the upload without one rectangle or another."""
    batch = Batch(COVERED, thumbs)
    _add_holes(batch, thumbs, _holes())
    return batch


def without_a_hole_again(thumbs: Thumbnails) -> Batch:
    """Return the same, to be looked up harder."""
    batch = Batch(COVERED_AGAIN, thumbs)
    _add_holes(batch, thumbs, _holes())
    return batch


def boxes_without_a_hole(thumbs: Thumbnails) -> Batch:
    """Return the best boxes without one rectangle or another."""
    batch = Batch(NESTED_COVERED, thumbs)
    for box in best_boxes(thumbs):
        _add_holes(batch, thumbs.part(box), _holes())
    return batch


def box_without_a_band(thumbs: Thumbnails) -> Batch:
    """Return each of the best boxes without one band or another that is written on."""
    batch = Batch(NESTED_CAPTIONED, thumbs)
    for box in best_boxes(thumbs):
        _add_holes(batch, thumbs.part(box), _bands())
    return batch


def _add_holes(batch: Batch, thumbs: Thumbnails, holes: Int32Array) -> None:
    """Add an upload, or a part of it, without each hole; nothing of a graphic."""
    if is_graphic(thumbs) and not hides_a_photograph(thumbs, _halves()):
        return
    doubts = batch.room_for_doubts(len(holes))
    digests = _views.hash_filled(thumbs.of_side(WHOLE_SIDE), holes, doubts=doubts)
    windows: Float64Array = np.tile(np.array(THE_UPLOAD), (len(holes), 1))
    batch.add(digests, windows, 0, thumbs=thumbs, doubts=doubts, holes=holes)
