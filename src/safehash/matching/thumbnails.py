"""One upload's luma as the squares that windows are read from, each made at first use."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from .. import _views
from ..images.pictures import Decoded
from .fading import faded_out

__all__ = [
    "FRAME_SIDE",
    "N_BOXES",
    "PANEL_SIDE",
    "THE_UPLOAD",
    "WHOLE_SIDE",
    "Boxes",
    "Seen",
    "Thumbnails",
    "Window",
]

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]

#: First and last row edge, first and last column edge, in fractions of the upload.
Window = tuple[float, float, float, float]
#: The window that is the upload.
THE_UPLOAD: Window = (0.0, 1.0, 0.0, 1.0)
#: The same, as spans and which of them make windows.
_ALL_OF_IT = (np.array([[0.0, 1.0]]), np.array([[0.0, 1.0]]), np.zeros(1, np.int32), np.zeros(1, np.int32))
#: What `_views.measure_window` says: quality, flat share, plain ground, faint share, greys, common greys, contrast,
#: lines.
Seen = tuple[int, float, bool, float, float, float, float, float]
#: Windows, their digests, their scores and the digests' doubtful bits (None: not asked for), as `_views.boxes` gives
#: them.
Boxes = tuple[Float64Array, UInt8Array, Float32Array, UInt8Array | None]

#: Samples a side: edges of pasted pictures are a sample sharp ...
PANEL_SIDE = 256
#: ... a quarter of the work, for the look-up that every upload gets ...
FRAME_SIDE = 128
#: ... and windows about as large as the upload: PDQ reads 16 frequencies of it.
WHOLE_SIDE = 64

#: Evidence that a box must have to be looked up for every upload: of 1 252 copies of 69 tuning photographs, on pages,
#: in frames, screenshots, collages and videos, found by one of their best 20 boxes, one had less; of the
#: photographs as they are seven boxes in twenty have more, two in the median.
_LEAST_EVIDENCE = 1.2

#: Boxes tried by the thorough effort, and looked through for the layout of a screen.
N_BOXES = 150


class Thumbnails:
    """The upload's luma as squares of the sides that windows are read from, each made at first use."""

    def __init__(self, picture: Decoded) -> None:
        self._picture: Decoded | None = picture
        self._made: dict[int, Float32Array] = {}
        where = picture.provenance
        upright = where.orientation < 5
        #: Sides of the upload in pixels as a viewer shows it.
        self.rows, self.cols = (where.height, where.width) if upright else (where.width, where.height)
        #: Columns over rows.
        self.aspect = self.cols / self.rows
        self._boxes: dict[tuple[int, int, bool], Boxes] = {}
        self._faded: Float32Array | None = None
        self._digest: tuple[UInt8Array, UInt8Array] | None = None
        self._measured: dict[int, Seen] = {}
        #: Whether it is a graphic, once somebody has judged that; whether a guess at its turns leads to an entry.
        self.graphic: bool | None = None
        self.leads: bool | None = None
        #: The best boxes in it that differ, once somebody has chosen them.
        self.best_boxes: list[Window] | None = None
        #: Where the picture lies in the upload, and the samples a side that it has of its own.
        self.window, self.resolution = THE_UPLOAD, PANEL_SIDE
        self._parts: dict[Window, Thumbnails] = {}
        self._whole: Thumbnails | None = None

    def part(self, window: Window) -> Thumbnails:
        """Return one window of the upload, within it, as an upload of its own."""
        made = self._parts.get(window)
        if made is None:
            made = self._parts[window] = Thumbnails.__new__(Thumbnails)
            top, bottom, left, right = window
            made._picture, made._made, made._boxes, made._parts = None, {}, {}, {}
            made._whole, made.window, made._faded, made._measured, made.graphic = self, window, None, {}, None
            made.leads = made.best_boxes = made._digest = None
            made.rows, made.cols = (
                max(1, round((bottom - top) * self.rows)),
                max(1, round((right - left) * self.cols)),
            )
            made.aspect = made.cols / made.rows
            made.resolution = round(min(bottom - top, right - left) * PANEL_SIDE)
        return made

    def let_picture_go(self) -> None:
        """Make what windows are read from, and hold on to the picture no longer."""
        for side in (PANEL_SIDE, FRAME_SIDE, WHOLE_SIDE):
            self.of_side(side)
        self._picture = None

    def of_side(self, side: int) -> Float32Array:
        """Return the thumbnail of this side, float32, shape (side, side); do not write to it."""
        made = self._made.get(side)
        if made is None and self._whole is not None:
            made = self._made[side] = _views.part(
                self._whole.of_side(PANEL_SIDE), np.array(self.window), side=side
            )
        if made is None:
            if self._picture is None:
                raise ValueError(
                    f"no thumbnail of {side} samples a side was made while the picture was there"
                )
            where = self._picture.provenance
            made = _views.thumbnail(
                self._picture.pixels,
                rows=where.height,
                cols=where.width,
                step=where.scale,
                orientation=where.orientation,
                side=side,
            )
            self._made[side] = made
        return made

    def whole(self) -> tuple[UInt8Array, UInt8Array]:
        """Return the digest of all of it, of samples that lie alike from all sides, and its doubts: shape (1, 32)."""
        if self._digest is None:
            doubts = np.empty((1, 32), np.uint8)
            digest = _views.hash_windows(self.of_side(FRAME_SIDE), *_ALL_OF_IT, doubts=doubts)
            self._digest = digest, doubts
        return self._digest

    def faded(self) -> Float32Array:
        """Return the thumbnail of `WHOLE_SIDE` amid one twice as large, its edges fading; do not write to it."""
        if self._faded is None:
            self._faded = faded_out(self.of_side(WHOLE_SIDE))
        return self._faded

    def measured(self, side: int) -> Seen:
        """Return what `_views.measure_window` says of the whole thumbnail of this side."""
        if side not in self._measured:
            self._measured[side] = _views.measure_window(self.of_side(side), np.array(THE_UPLOAD))
        return self._measured[side]

    def boxes(self, side: int, n_windows: int, *, coarse: bool = False, doubtful: bool = False) -> Boxes:
        """Return what `_views.boxes` proposes over the thumbnail of this side; do not write to it.

        Doubtful bits are there where somebody asked for them. Of coarse ones those alone that have evidence.
        """
        made = self._boxes.get((side, n_windows, coarse))
        if made is None or (doubtful and made[3] is None):
            doubts = np.empty((n_windows, 32), np.uint8) if doubtful else None
            least = _LEAST_EVIDENCE if coarse else -math.inf
            found = _views.boxes(
                self.of_side(side), n_windows=n_windows, least=least, coarse=coarse, doubts=doubts
            )
            made = *found, None if doubts is None else doubts[: len(found[0])]
            self._boxes[side, n_windows, coarse] = made
        return made
