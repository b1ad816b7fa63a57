"""Which windows of an upload are looked up: boxes inside it, windows larger than it, and tilted ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .. import _views
from .._digests import turn_digests
from ..images.pictures import Effort
from .families import FRAMED, PANEL, ROTATED, WHOLE, Family
from .thumbnails import FRAME_SIDE, N_BOXES, PANEL_SIDE, WHOLE_SIDE, Thumbnails

__all__ = ["MIRRORED", "PROPOSALS", "Batch", "few_boxes", "many_boxes", "tilts", "wholes"]

UInt8Array = npt.NDArray[np.uint8]
Float64Array = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]

#: Position of "mirrored" in `hashes.ORIENTATIONS`.
MIRRORED = 5

#: Boxes of the look-up that every upload gets, and of other orientations than the mirrored one where there are many.
_N_FEW, _N_TURNED = 16, 30

#: Margins that a crop may have taken off a side, in fractions of what is left: every combination in a row.
_MARGINS = ((0.0, 0.03, 0.06, 0.1, 0.15), (0.0, 0.08, 0.16, 0.25), (0.02, 0.075, 0.13), (0.045, 0.125, 0.21))
_FEW_MARGINS = (0.0, 0.06, 0.13)

#: Degrees tried; refining reaches about 1.5 degrees to either side of each.
_ANGLES = (-5.0, -3.5, -2.0, 2.0, 3.5, 5.0)
_ANGLE_MARGINS = (0.0, 0.03, 0.06)


@dataclass(slots=True)
class Batch:
    """Digests of one family's windows and how to find a window again: lists of one length, a group of windows each.

    Attributes
    ----------
    family : Family
    digests : list of ndarray of uint8, shape (n, 32)
    windows : list of ndarray of float64, shape (n, 4)
    orientations : list of int
        Positions in `hashes.ORIENTATIONS`.
    degrees : list of float
        By which the upload was levelled.
    """

    family: Family
    digests: list[UInt8Array] = field(default_factory=list)
    windows: list[Float64Array] = field(default_factory=list)
    orientations: list[int] = field(default_factory=list)
    degrees: list[float] = field(default_factory=list)

    def add(self, digests: UInt8Array, windows: Float64Array, orientation: int, degrees: float = 0.0) -> None:
        self.digests.append(digests if orientation == 0 else turn_digests(digests, (orientation,))[:, 0])
        self.windows.append(windows)
        self.orientations.append(orientation)
        self.degrees.append(degrees)


@lru_cache(maxsize=8)
def _grown(
    margins: tuple[float, ...], *, alike: bool
) -> tuple[Float64Array, Int32Array, Int32Array, Float64Array]:
    """Return spans that exceed the upload by these margins, which of them make windows, and those windows."""
    pairs = [(-a, 1 + b) for a in margins for b in margins if not alike or a == b]
    spans = np.array(pairs)
    row_of, col_of = np.divmod(np.arange(len(spans) ** 2, dtype=np.int32), np.int32(len(spans)))
    windows = np.concatenate([spans[row_of], spans[col_of]], axis=1)
    return spans, row_of.astype(np.int32), col_of.astype(np.int32), windows


def few_boxes(thumbs: Thumbnails) -> Batch:
    """Return the likeliest boxes inside the upload, for every upload."""
    return _boxes(thumbs, FRAMED, FRAME_SIDE, _N_FEW, {0: _N_FEW, MIRRORED: _N_FEW})


def many_boxes(thumbs: Thumbnails) -> Batch:
    """Return boxes inside the upload, the best of them in every orientation."""
    turned = dict.fromkeys((1, 2, 3, 4, 6, 7), _N_TURNED)
    return _boxes(thumbs, PANEL, PANEL_SIDE, N_BOXES, {0: N_BOXES, MIRRORED: N_BOXES, **turned})


def _boxes(
    thumbs: Thumbnails, family: Family, side: int, n_windows: int, orientations: dict[int, int]
) -> Batch:
    """Boxes proposed inside the upload; `orientations` says how many of the best are tried in each."""
    windows, digests, _ = thumbs.boxes(side, n_windows)
    batch = Batch(family)
    for orientation, count in orientations.items():
        batch.add(digests[:count], windows[:count], orientation)
    return batch


def wholes(thumbs: Thumbnails) -> Batch:
    """Return windows as large as the upload or larger."""
    thumb = thumbs.of_side(WHOLE_SIDE)
    batch = Batch(WHOLE)
    for margins in _MARGINS:
        spans, row_of, col_of, windows = _grown(margins, alike=False)
        batch.add(_views.hash_windows(thumb, spans, spans, row_of, col_of), windows, 0)
    spans, row_of, col_of, windows = _grown(_FEW_MARGINS, alike=False)
    digests = _views.hash_windows(thumb, spans, spans, row_of, col_of)
    for orientation in range(1, 8):
        batch.add(digests, windows, orientation)
    return batch


def tilts(thumbs: Thumbnails) -> Batch:
    """Return the upload, and a little more of it, levelled by some degrees."""
    thumb = thumbs.of_side(WHOLE_SIDE)
    batch = Batch(ROTATED)
    spans, row_of, col_of, windows = _grown(_ANGLE_MARGINS, alike=True)
    for degrees in _ANGLES:
        turned = _views.rotated(thumb, degrees, thumbs.aspect)
        digests = _views.hash_windows(turned, spans, spans, row_of, col_of)
        for orientation in (0, MIRRORED):
            batch.add(digests, windows, orientation, degrees)
    return batch


#: What is tried at each effort, in order: that of less effort comes first, so that what it finds, more finds.
PROPOSALS: dict[Effort, tuple[Callable[[Thumbnails], Batch], ...]] = {
    "fast": (),
    "standard": (few_boxes,),
    "thorough": (few_boxes, many_boxes, wholes, tilts),
}
