"""What an upload would be without a rectangle that something hides: filled from its borders, for each of many."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .. import _views
from .families import COVERED, COVERED_AGAIN, NESTED_COVERED
from .judgement import is_graphic
from .nested import best_boxes
from .thumbnails import THE_UPLOAD, WHOLE_SIDE, Thumbnails
from .windows import Batch

__all__ = ["boxes_without_a_hole", "without_a_hole", "without_a_hole_again"]

Int32Array = npt.NDArray[np.int32]
Float64Array = npt.NDArray[np.float64]

#: Lengths of a hole's sides that are tried, and from one to the next place, in eighths of the upload's side; most of
#: the upload that a hole may take.
_LENGTHS, _PARTS, _MOST = (2, 3, 4, 6), 8, 0.40


@lru_cache(maxsize=1)
def _holes() -> Int32Array:
    """Return every hole that is tried, smallest first, in samples of `WHOLE_SIDE`."""
    spans = [(first, first + length) for length in _LENGTHS for first in range(_PARTS - length + 1)]
    holes = [(*rows, *cols) for rows in spans for cols in spans]
    areas = [(bottom - top) * (right - left) for top, bottom, left, right in holes]
    kept = [hole for hole, area in zip(holes, areas, strict=True) if area <= _MOST * _PARTS**2]
    return np.array(kept, dtype=np.int32) * np.int32(WHOLE_SIDE // _PARTS)


def without_a_hole(thumbs: Thumbnails) -> Batch:
    """Return the upload without one rectangle or another."""
    batch = Batch(COVERED, thumbs)
    _add_holes(batch, thumbs)
    return batch


def without_a_hole_again(thumbs: Thumbnails) -> Batch:
    """Return the same, to be looked up harder."""
    batch = Batch(COVERED_AGAIN, thumbs)
    _add_holes(batch, thumbs)
    return batch


def boxes_without_a_hole(thumbs: Thumbnails) -> Batch:
    """Return the best boxes without one rectangle or another."""
    batch = Batch(NESTED_COVERED, thumbs)
    for box in best_boxes(thumbs):
        _add_holes(batch, thumbs.part(box))
    return batch


def _add_holes(batch: Batch, thumbs: Thumbnails) -> None:
    """Add an upload, or a part of it, without each hole; nothing of a graphic."""
    if is_graphic(thumbs):
        return
    holes = _holes()
    doubts = batch.room_for_doubts(len(holes))
    digests = _views.hash_filled(thumbs.of_side(WHOLE_SIDE), holes, doubts=doubts)
    windows: Float64Array = np.tile(np.array(THE_UPLOAD), (len(holes), 1))
    batch.add(digests, windows, 0, thumbs=thumbs, doubts=doubts, holes=holes)
