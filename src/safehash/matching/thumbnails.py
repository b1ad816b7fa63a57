"""One upload's luma as the squares that windows are read from, each made at first use."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .. import _views
from ..images.pictures import Decoded

__all__ = ["FRAME_SIDE", "N_BOXES", "PANEL_SIDE", "WHOLE_SIDE", "Boxes", "Thumbnails", "Window"]

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]

#: First and last row edge, first and last column edge, in fractions of the upload.
Window = tuple[float, float, float, float]
#: Windows, their digests and their scores, as `_views.boxes` gives them.
Boxes = tuple[Float64Array, UInt8Array, Float32Array]

#: Samples a side: edges of pasted pictures are a sample sharp ...
PANEL_SIDE = 256
#: ... a quarter of the work, for the look-up that every upload gets ...
FRAME_SIDE = 128
#: ... and windows about as large as the upload: PDQ reads 16 frequencies of it.
WHOLE_SIDE = 64

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
        self._boxes: dict[tuple[int, int], Boxes] = {}

    def let_picture_go(self) -> None:
        """Make what windows are read from, and hold on to the picture no longer."""
        for side in (PANEL_SIDE, FRAME_SIDE, WHOLE_SIDE):
            self.of_side(side)
        self._picture = None

    def of_side(self, side: int) -> Float32Array:
        """Return the thumbnail of this side, float32, shape (side, side); do not write to it."""
        made = self._made.get(side)
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

    def boxes(self, side: int, n_windows: int) -> Boxes:
        """Return what `_views.boxes` proposes over the thumbnail of this side; do not write to it."""
        made = self._boxes.get((side, n_windows))
        if made is None:
            made = self._boxes[side, n_windows] = _views.boxes(self.of_side(side), n_windows=n_windows)
        return made
