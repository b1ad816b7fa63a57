"""The canvas of an animation: frames are laid on it, and it is cleared behind them, as browsers do."""

from __future__ import annotations

from typing import Literal

import numpy as np

from .pictures import UInt8Array

__all__ = ["HELD_A_PIXEL", "HELD_UNREDUCED", "Canvas", "Disposal"]

#: Bytes a pixel held while a frame is laid on the canvas: the canvas, what a place is to become again, the decoder's
#: samples, and those with alpha.
HELD_A_PIXEL = 16
#: And where frames are not reduced: what is kept of the first one.
HELD_UNREDUCED = 3
#: Pixels mixed at a time.
_MIXED_PIXELS = 1 << 16
#: What becomes of a frame's place before the next one: it stays, becomes transparent, or what it was before.
Disposal = Literal["keep", "clear", "restore"]


class Canvas:
    """Pixels of red, green, blue and alpha, transparent at first.

    Parameters
    ----------
    width, height : int
        In pixels. A frame beyond them is cut.
    """

    def __init__(self, width: int, height: int) -> None:
        self.pixels: UInt8Array = np.zeros((height, width, 4), np.uint8)
        self._before: UInt8Array | None = None
        self._place = (slice(0, 0), slice(0, 0))
        self._disposal: Disposal = "keep"

    def show(self, frame: UInt8Array, left: int, top: int, *, over: bool, disposal: Disposal) -> None:
        """Dispose of the frame before, and lay this one on the canvas.

        Parameters
        ----------
        frame : ndarray of uint8, shape (rows, cols, 4)
            Straight alpha.
        left, top : int
            Where it begins.
        over : bool
            Mixed with what lies under it by its alpha; otherwise put in its place.
        disposal : Disposal
        """
        self._dispose()
        rows, cols = self.pixels.shape[:2]
        self._place = (
            slice(top, min(rows, top + frame.shape[0])),
            slice(left, min(cols, left + frame.shape[1])),
        )
        under = self.pixels[self._place]
        frame = frame[: under.shape[0], : under.shape[1]]
        self._disposal = disposal
        self._before = under.copy() if disposal == "restore" else None
        if over:
            _mix(under, frame)
        else:
            under[...] = frame

    def _dispose(self) -> None:
        if self._disposal == "clear":
            self.pixels[self._place] = 0
        elif self._before is not None:
            self.pixels[self._place] = self._before


def _mix(under: UInt8Array, over: UInt8Array) -> None:
    """Mix a frame into the canvas by its alpha, some rows at a time."""
    n_rows = max(1, _MIXED_PIXELS // max(1, over.shape[1]))
    for top in range(0, len(over), n_rows):
        _mix_rows(under[top : top + n_rows], over[top : top + n_rows])


def _mix_rows(under: UInt8Array, over: UInt8Array) -> None:
    alpha = over[..., 3]
    opaque = alpha == 255
    if opaque.all():
        under[...] = over
        return
    np.copyto(under, over, where=opaque[..., None])
    part = (alpha > 0) & ~opaque
    if not part.any():
        return
    top, bottom = over[part].astype(np.float32), under[part].astype(np.float32)
    own = top[:, 3:] / 255
    rest = bottom[:, 3:] / 255 * (1 - own)
    whole = own + rest  # positive: own is
    mixed = np.empty_like(top)
    mixed[:, :3] = (top[:, :3] * own + bottom[:, :3] * rest) / whole
    mixed[:, 3:] = whole * 255
    under[part] = np.rint(mixed).astype(np.uint8)
