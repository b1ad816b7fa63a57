"""The canvas of an animation: frames are laid on it, and it is cleared behind them, as browsers do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from .pictures import UInt8Array

__all__ = ["HELD_AGAIN", "HELD_A_PIXEL", "HELD_BESIDE", "HELD_UNREDUCED", "Canvas", "Disposal"]

#: Bytes a pixel held while a frame is laid on the canvas: the canvas, what a place is to become again, the decoder's
#: samples, and those with alpha.
HELD_A_PIXEL = 16
#: And where frames are not reduced: what is kept of the first one.
HELD_UNREDUCED = 3
#: And where the file ends within a frame: the canvas as browsers have it then, and what is seen of it.
HELD_BESIDE = 8
#: And where earlier frames are laid once more for it: another canvas, and all that one takes.
HELD_AGAIN = HELD_A_PIXEL
#: Pixels mixed at a time.
_MIXED_PIXELS = 1 << 16
#: What becomes of a frame's place before the next one: it stays, becomes transparent, or what it was before.
Disposal = Literal["keep", "clear", "restore"]
#: Columns and rows of the canvas that a frame covers.
_Place = tuple[slice, slice]


class _Laid(NamedTuple):
    """A frame that was laid on the canvas; `base` is the frame that it needs to lie on, None where it needs none."""

    place: _Place
    disposal: Disposal
    base: int | None


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
        self._laid: list[_Laid] = []

    def show(
        self,
        frame: UInt8Array,
        left: int,
        top: int,
        *,
        over: bool,
        disposal: Disposal,
        opaque: bool = False,
    ) -> None:
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
        opaque : bool
            The file says that nothing of the frame is transparent.
        """
        place = self._place_of(left, top, frame.shape[1], frame.shape[0])
        self._laid.append(_Laid(place, disposal, self._base_of(place, replaces=opaque or not over)))
        self._dispose()
        self._place = place
        under = self.pixels[self._place]
        frame = frame[: under.shape[0], : under.shape[1]]
        self._disposal = disposal
        self._before = under.copy() if disposal == "restore" else None
        if over:
            _mix(under, frame)
        else:
            under[...] = frame

    def begun(
        self, left: int, top: int, cols: int, rows: int, *, replaces: bool, again: Callable[[int], Canvas]
    ) -> Canvas:
        """Return what browsers lay a frame on of which the file has a part: what it covers whole they leave out.

        They do not lay a frame on another that nothing can be seen of. Where the frame then lacks rows, what is under
        them is seen: nothing at all, or a frame that was to be cleared. Behind one that was to be taken back they go
        back to the frame that this one needs.

        Parameters
        ----------
        left, top, cols, rows : int
            Where the frame is to stand, in pixels.
        replaces : bool
            Nothing is to be seen through it: it is opaque, or put in the place of what was there.
        again : callable
            Returns the canvas as it was when the frame of a number, from 0, had been laid on it.
        """
        height, width = self.pixels.shape[:2]
        new = Canvas(width, height)
        base = self._base_of(self._place_of(left, top, cols, rows), replaces=replaces)
        if base is None:
            return new
        last_kept = max(number for number, laid in enumerate(self._laid) if laid.disposal != "restore")
        if self._disposal == "restore" and base < last_kept:
            if self._laid[-1].base == base:  # they still have what that one lay on
                new = again(last_kept)
            else:
                new = again(base)
                new._dispose()
        else:
            new.pixels = self.pixels.copy()
            if base == len(self._laid) - 1 or self._disposal == "restore":
                new._before, new._place, new._disposal = self._before, self._place, self._disposal
                new._dispose()
        new._before, new._disposal = None, "keep"
        return new

    def _place_of(self, left: int, top: int, cols: int, rows: int) -> _Place:
        height, width = self.pixels.shape[:2]
        return slice(top, min(height, top + rows)), slice(left, min(width, left + cols))

    def _base_of(self, place: _Place, *, replaces: bool) -> int | None:
        """Return the number of the frame that a frame at this place needs to lie on, as browsers find it."""
        if not self._laid or (replaces and self._is_whole(place)):
            return None
        base = len(self._laid) - 1
        while self._laid[base].disposal == "restore":
            if base == 0:
                return None
            base -= 1
        if self._leaves_nothing(base):
            return None
        if not replaces:
            return base
        while _covers(place, self._laid[base].place):
            below = self._laid[base].base
            if below is None:
                return None
            base = below
        return None if self._leaves_nothing(base) else base

    def _leaves_nothing(self, number: int) -> bool:
        """Tell whether the canvas is empty behind a frame."""
        laid = self._laid[number]
        return laid.disposal == "clear" and (laid.base is None or self._is_whole(laid.place))

    def _is_whole(self, place: _Place) -> bool:
        height, width = self.pixels.shape[:2]
        return _covers(place, (slice(0, height), slice(0, width)))

    def _dispose(self) -> None:
        if self._disposal == "clear":
            self.pixels[self._place] = 0
        elif self._before is not None:
            self.pixels[self._place] = self._before


def _covers(place: _Place, other: _Place) -> bool:
    """Tell whether a place has all of another in it, which is not empty."""
    return all(one.start <= two.start < two.stop <= one.stop for one, two in zip(place, other, strict=True))


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
