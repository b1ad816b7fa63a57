"""Which windows of an upload are looked up: boxes inside it, windows larger than it, and tilted ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .. import _views
from .._digests import turn_each
from .fading import on_canvas
from .families import FADED, FADED_AGAIN, FRAMED, NEAR, PANEL, ROTATED, WHOLE, Family
from .thumbnails import FRAME_SIDE, N_BOXES, PANEL_SIDE, THE_UPLOAD, WHOLE_SIDE, Thumbnails

__all__ = [
    "ANGLES",
    "MIRRORED",
    "Batch",
    "Group",
    "add_levelled",
    "add_windows",
    "as_it_is",
    "few_boxes",
    "larger_windows",
    "larger_windows_again",
    "many_boxes",
    "margins_around",
    "tilts",
    "wholes",
]

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]

#: Position of "mirrored" in `hashes.ORIENTATIONS`.
MIRRORED = 5

#: Boxes of the look-up that every upload gets (of 205 tuning photographs up to 8 more than with 16 are found in
#: collages, videos and windows within windows), and of other orientations than the mirrored one where there are many.
_N_FEW, _N_TURNED = 20, 30
#: Boxes of the look-up that every upload gets of which doubtful slots are looked up, too: of 205 tuning photographs in
#: captioned vertical videos `standard` finds 71 without, 88 with one, 93 with two and 104 with four, and only four cost
#: what can be measured.
_N_DOUBTED = 2

#: Margins that a crop may have taken off a side, in fractions of what is left: every combination in a row. With one
#: more in each of the first two rows, twice as many windows, of 640 copies of 40 tuning photographs, cropped or altered
#: otherwise, 2 more are found.
_MARGINS = ((0.0, 0.035, 0.08, 0.14), (0.0, 0.1, 0.2), (0.02, 0.075, 0.13), (0.045, 0.125, 0.21))
_FEW_MARGINS = (0.0, 0.06, 0.13)

#: How much larger the original was than what a large crop left, and in how many splits that lay on both sides; of each
#: axis in any of these ways. Of 40 tuning photographs cropped by 10, 20 and 30 % of both sides each `thorough` finds 98
#: with these 19 ways, and 99 with 21, seven of each size but the first; by other shares on each axis (30 and 5 %, none
#: and 33, 18 and 33, 30 and 20) and by 20 %, mirrored, 149 for 141.
_MUCH_MORE = ((0.0, 1), (0.2, 5), (0.36, 6), (0.5, 7))
#: The same for looking harder, where a bit of every slot may differ: what is a split farther off is found so, too.
_MUCH_MORE_AGAIN = ((0.0, 1), (0.2, 4), (0.36, 5), (0.5, 5))
#: On one axis and nothing on the other no more than this is `wholes`' own.
_MORE_OF_WHOLES = 0.2

_THE_UPLOAD = np.array([THE_UPLOAD])

#: Degrees tried; refining reaches about 1.5 degrees to either side of each.
ANGLES = (-5.0, -3.5, -2.0, 2.0, 3.5, 5.0)
_ANGLE_MARGINS = (0.0, 0.03, 0.06)


class Group(NamedTuple):
    """Digests of windows that are read from one picture in one way.

    Attributes
    ----------
    digests : ndarray of uint8, shape (n, 32)
        As the windows are, before they are turned.
    windows : ndarray of float64, shape (n, 4)
        Of `thumbs`.
    orientation : int
        Position in `hashes.ORIENTATIONS`.
    degrees : float
        By which the upload was levelled.
    thumbs : Thumbnails
        Of the upload, or of the part of it that is taken for an upload.
    doubts : ndarray of uint8, shape (n, 32), or None
        Bits of the digests that may as well be the other; None where the family does not ask.
    holes : ndarray of int32, shape (n, 4), or None
        What was filled in before each was hashed, in samples of the family's side.
    quads : ndarray of float64, shape (n, 8), or None
        The corners that each lies in, in fractions of the upload; `windows` are around them.
    picture : ndarray of float32, shape (side, side), or None
        What they are read from, where that is not the thumbnail of the family's side.
    """

    digests: UInt8Array
    windows: Float64Array
    orientation: int
    degrees: float
    thumbs: Thumbnails
    doubts: UInt8Array | None = None
    holes: Int32Array | None = None
    quads: Float64Array | None = None
    picture: Float32Array | None = None


@dataclass(slots=True)
class Batch:
    """Digests of one family's windows and how to find a window again.

    Attributes
    ----------
    family : Family
    thumbs : Thumbnails
        Of the upload.
    groups : list of Group
    """

    family: Family
    thumbs: Thumbnails
    groups: list[Group] = field(default_factory=list)

    def add(
        self,
        digests: UInt8Array,
        windows: Float64Array,
        orientation: int,
        degrees: float = 0.0,
        *,
        thumbs: Thumbnails | None = None,
        doubts: UInt8Array | None = None,
        holes: Int32Array | None = None,
        quads: Float64Array | None = None,
    ) -> None:
        """Add windows of the upload, or of the part of it that has thumbnails of its own."""
        self.groups.append(
            Group(
                digests=digests,
                windows=windows,
                orientation=orientation,
                degrees=degrees,
                thumbs=thumbs or self.thumbs,
                doubts=doubts,
                holes=holes,
                quads=quads,
            )
        )

    def room_for_doubts(self, n: int) -> UInt8Array | None:
        """Return where kernels are to write the doubts of n digests; None where the family does not ask."""
        return np.empty((n, 32), np.uint8) if self.family.doubtful else None

    @property
    def doubts(self) -> UInt8Array | None:
        """Of all groups, turned, in their order: uint8, shape (n, 32); None where the family does not ask."""
        if not self.family.doubtful:
            return None
        each = [np.zeros_like(each.digests) if each.doubts is None else each.doubts for each in self.groups]
        return self._turned(each, marks=True)

    @property
    def digests(self) -> UInt8Array:
        """Of all groups, turned, in their order: uint8, shape (n, 32)."""
        return self._turned([each.digests for each in self.groups])

    def _turned(self, each: list[UInt8Array], *, marks: bool = False) -> UInt8Array:
        """Return rows of every group as they are in its orientation."""
        if not each:
            return np.empty((0, 32), np.uint8)
        of_rows = b"".join(bytes((group.orientation,)) * len(group.digests) for group in self.groups)
        return turn_each(np.concatenate(each), np.frombuffer(of_rows, np.uint8), marks=marks)


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


def as_it_is(thumbs: Thumbnails) -> Batch:
    """Return the upload itself, for every upload: entries farther than a threshold, refined."""
    digest, doubts = thumbs.whole()
    batch = Batch(NEAR, thumbs)
    for orientation in (0, MIRRORED):
        batch.add(digest, _THE_UPLOAD, orientation, doubts=doubts)
    return batch


def few_boxes(thumbs: Thumbnails) -> Batch:
    """Return the likeliest boxes inside the upload, for every upload."""
    return _boxes(thumbs, FRAMED, FRAME_SIDE, _N_FEW, {0: _N_FEW, MIRRORED: _N_FEW}, n_doubted=_N_DOUBTED)


def many_boxes(thumbs: Thumbnails) -> Batch:
    """Return boxes inside the upload, the best of them in every orientation."""
    turned = dict.fromkeys((1, 2, 3, 4, 6, 7), _N_TURNED)
    return _boxes(thumbs, PANEL, PANEL_SIDE, N_BOXES, {0: N_BOXES, MIRRORED: N_BOXES, **turned})


def _boxes(
    thumbs: Thumbnails,
    family: Family,
    side: int,
    n_windows: int,
    orientations: dict[int, int],
    *,
    n_doubted: int = 0,
) -> Batch:
    """Boxes proposed inside the upload; `orientations` says how many of the best are tried in each.

    Slots with a doubtful bit turned over are looked up of the `n_doubted` best alone.
    """
    windows, digests, _, doubts = thumbs.boxes(
        side, n_windows, coarse=side == FRAME_SIDE, doubtful=family.doubtful
    )
    batch = Batch(family, thumbs)
    if doubts is not None and family.doubtful:
        doubts = doubts.copy()
        doubts[n_doubted:] = 0
    for orientation, count in orientations.items():
        of_these = doubts[:count] if doubts is not None and family.doubtful else None
        batch.add(digests[:count], windows[:count], orientation, doubts=of_these)
    return batch


def add_windows(
    batch: Batch,
    thumbs: Thumbnails,
    margins: tuple[float, ...],
    orientations: tuple[int, ...],
    *,
    doubted: bool = True,
) -> None:
    """Add every window that exceeds an upload by these margins, in these orientations.

    Slots with a doubtful bit turned over are looked up of `doubted` ones alone, where the family asks for them.
    """
    spans, row_of, col_of, windows = _grown(margins, alike=False)
    doubts = batch.room_for_doubts(len(windows)) if doubted else None
    digests = _views.hash_windows(thumbs.of_side(WHOLE_SIDE), spans, spans, row_of, col_of, doubts=doubts)
    for orientation in orientations:
        batch.add(digests, windows, orientation, thumbs=thumbs, doubts=doubts)


def wholes(thumbs: Thumbnails) -> Batch:
    """Return windows as large as the upload or larger."""
    batch = Batch(WHOLE, thumbs)
    for margins in _MARGINS:
        add_windows(batch, thumbs, margins, (0,))
    add_windows(batch, thumbs, _FEW_MARGINS, tuple(range(1, 8)))
    return batch


def tilts(thumbs: Thumbnails) -> Batch:
    """Return the upload, and a little more of it, levelled by some degrees."""
    batch = Batch(ROTATED, thumbs)
    add_levelled(batch, thumbs, [(degrees, margins_around(_ANGLE_MARGINS)) for degrees in ANGLES])
    return batch


def margins_around(margins: tuple[float, ...]) -> Float64Array:
    """Return the windows that exceed an upload by these margins, those of opposite sides alike."""
    return _grown(margins, alike=True)[3]


def add_levelled(batch: Batch, thumbs: Thumbnails, wanted: Sequence[tuple[float, Float64Array]]) -> None:
    """Add windows of an upload levelled by some degrees, in this order; of each, all mirrored, too."""
    if not wanted:
        return
    windows = np.concatenate([own for _, own in wanted])
    degrees = np.repeat([each for each, _ in wanted], [len(own) for _, own in wanted])
    doubts = batch.room_for_doubts(len(windows))
    digests = _views.hash_levelled(
        thumbs.of_side(WHOLE_SIDE), windows, degrees, aspect=thumbs.aspect, doubts=doubts
    )
    end = 0
    for each, own in wanted:
        start, end = end, end + len(own)
        of_these = None if doubts is None else doubts[start:end]
        for orientation in (0, MIRRORED):
            batch.add(digests[start:end], own, orientation, each, thumbs=thumbs, doubts=of_these)


def larger_windows(thumbs: Thumbnails) -> Batch:
    """Return windows that say that a fifth to a third of a side was cropped away, or of both, in several splits."""
    return _larger(FADED, thumbs, _MUCH_MORE)


def larger_windows_again(thumbs: Thumbnails) -> Batch:
    """Return such windows, fewer of them, to be looked up harder."""
    return _larger(FADED_AGAIN, thumbs, _MUCH_MORE_AGAIN)


def _larger(family: Family, thumbs: Thumbnails, ways: tuple[tuple[float, int], ...]) -> Batch:
    batch = Batch(family, thumbs)
    row_of, col_of, windows, on_it = _much_larger(ways)
    doubts = batch.room_for_doubts(len(windows))
    digests = _views.hash_windows(thumbs.faded(), on_it, on_it, row_of, col_of, doubts=doubts)
    for orientation in (0, MIRRORED):
        batch.add(digests, windows, orientation, doubts=doubts)
    return batch


@lru_cache(maxsize=2)
def _much_larger(
    ways: tuple[tuple[float, int], ...],
) -> tuple[Int32Array, Int32Array, Float64Array, Float64Array]:
    """Return which spans make windows, these windows, and the spans on the canvas."""
    spans = np.array([
        (-more * at / max(1, splits - 1), 1 + more * (1 - at / max(1, splits - 1)))
        for more, splits in ways
        for at in range(splits)
    ])  # fmt: skip
    row_of, col_of = np.divmod(np.arange(len(spans) ** 2, dtype=np.int32), np.int32(len(spans)))
    more_of = np.repeat([more for more, _ in ways], [splits for _, splits in ways])
    large = more_of[row_of] + more_of[col_of] > _MORE_OF_WHOLES
    row_of, col_of = row_of[large], col_of[large]
    windows = np.concatenate([spans[row_of], spans[col_of]], axis=1)
    on_it = np.array([on_canvas(span) for span in spans.tolist()])
    return row_of.astype(np.int32), col_of.astype(np.int32), windows, on_it
