"""A second pass: the best boxes taken for uploads of their own, and pictures that lie tilted on a plain ground."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .. import _core
from .families import NESTED, NESTED_TILTED, STEEP, STEEPER
from .judgement import is_graphic
from .thumbnails import N_BOXES, PANEL_SIDE, THE_UPLOAD, Thumbnails, Window
from .windows import ANGLES, MIRRORED, Batch, add_levelled, add_windows, margins_around

__all__ = ["best_boxes", "steep_tilts", "steeper_tilts", "tilts_within", "windows_within"]

Float64Array = npt.NDArray[np.float64]

#: Boxes that are taken for uploads, and of those, the ones that are levelled, too.
_N_BEST, _N_LEVELLED = 4, 2
#: Boxes taken for uploads of which doubtful slots are looked up, too: of 40 tuning photographs each that were boxed,
#: cropped in a frame, inset or photographed from a screen `thorough` finds 154 with one and 155 with all four; without,
#: 152.
_N_DOUBTED = 1
#: Boxes with every edge this near to another's are one, in fractions of the upload's side; one larger than this part of
#: the upload is the upload.
_SAME_BOX, _LARGEST = 0.05, 0.94
#: What a crop may have taken off a side of a box.
_BOX_MARGINS = (0.0, 0.05, 0.12)
#: Degrees beyond those of `tilts`.
_STEEP = (-9.5, -8.0, -6.5, 6.5, 8.0, 9.5)
_STEEPER = (-14.0, -12.5, -11.0, 11.0, 12.5, 14.0)
_STEEP_MARGINS = (0.0, 0.05)
#: What cropping level takes off each side of a picture that was tilted so.
_CROPPED_LEVEL = (0.09, 0.13)

#: Grey levels between corners of one ground, and between the ground and what lies on it.
_GROUND_ALIKE, _ON_GROUND = 16.0, 12.0
#: Samples of a row or column of `PANEL_SIDE` that something on the ground fills at least.
_LEAST_FILLED = 8


def best_boxes(thumbs: Thumbnails) -> list[Window]:
    """Return the best boxes inside the upload that differ, best first; do not write to it."""
    if thumbs.best_boxes is None:
        thumbs.best_boxes = _best_boxes(thumbs)
    return thumbs.best_boxes


def _best_boxes(thumbs: Thumbnails) -> list[Window]:
    boxes, *_ = thumbs.boxes(PANEL_SIDE, N_BOXES)
    left = boxes[(boxes[:, 1] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 2]) <= _LARGEST]
    kept: list[Window] = []
    while len(left) and len(kept) < _N_BEST:
        top, bottom, first, last = left[0].tolist()
        kept.append((top, bottom, first, last))
        left = left[np.abs(left - left[0]).max(axis=1) > _SAME_BOX]
    return kept


def windows_within(thumbs: Thumbnails) -> Batch:
    """Return windows as large as the best boxes, or larger."""
    batch = Batch(NESTED, thumbs)
    for number, box in enumerate(best_boxes(thumbs)):
        if is_graphic(thumbs.part(box)):
            continue
        doubted = number < _N_DOUBTED
        add_windows(batch, thumbs.part(box), _BOX_MARGINS, (0, MIRRORED), doubted=doubted)
    return batch


def tilts_within(thumbs: Thumbnails) -> Batch:
    """Return the very best boxes, levelled."""
    batch = Batch(NESTED_TILTED, thumbs)
    for box in best_boxes(thumbs)[:_N_LEVELLED]:
        part = thumbs.part(box)
        if is_graphic(part):
            continue
        around = margins_around(_STEEP_MARGINS)
        wanted = []
        for degrees in (*ANGLES, *_STEEP):
            wanted += [(degrees, around), *_inscribed(part, THE_UPLOAD, (degrees,))]
        add_levelled(batch, part, wanted)
    return batch


def steep_tilts(thumbs: Thumbnails) -> Batch:
    """Return the upload levelled by more degrees than `tilts`, and what lies tilted in it, whole."""
    batch = Batch(STEEP, thumbs)
    around = margins_around(_STEEP_MARGINS)
    inside = _inscribed(thumbs, _extent(thumbs), (*ANGLES, *_STEEP))
    add_levelled(batch, thumbs, [*((degrees, around) for degrees in _STEEP), *inside])
    return batch


def steeper_tilts(thumbs: Thumbnails) -> Batch:
    """Return the same, for more degrees again, and more of what was cropped level."""
    batch = Batch(STEEPER, thumbs)
    cropped, around = margins_around(_CROPPED_LEVEL), margins_around((*_STEEP_MARGINS, *_CROPPED_LEVEL))
    inside = _inscribed(thumbs, _extent(thumbs), _STEEPER)
    wanted = [*((degrees, cropped) for degrees in _STEEP), *((degrees, around) for degrees in _STEEPER)]
    add_levelled(batch, thumbs, [*wanted, *inside])
    return batch


def _inscribed(
    thumbs: Thumbnails, extent: Window, angles: tuple[float, ...]
) -> list[tuple[float, Float64Array]]:
    """Return the pictures whose tilting by these degrees fills an extent to all four of its sides.

    As `add_levelled` takes them.
    """
    found = ((degrees, inscribed(extent, degrees, thumbs.aspect)) for degrees in angles)
    return [(degrees, np.array([window])) for degrees, window in found if window is not None]


def _extent(thumbs: Thumbnails) -> Window:
    """Return the window that holds everything but the plain ground, where there is one; else the upload."""
    thumb = thumbs.of_side(PANEL_SIDE)
    corners = (float(thumb[0, 0]), float(thumb[0, -1]), float(thumb[-1, 0]), float(thumb[-1, -1]))
    if max(corners) - min(corners) > _GROUND_ALIKE:
        return THE_UPLOAD
    on_it = np.abs(thumb - np.float32(sorted(corners)[1])) > _ON_GROUND
    rows = np.flatnonzero(np.count_nonzero(on_it, axis=1) >= _LEAST_FILLED)
    cols = np.flatnonzero(np.count_nonzero(on_it, axis=0) >= _LEAST_FILLED)
    if not len(rows) or not len(cols):
        return THE_UPLOAD
    edges = (rows[0], rows[-1] + 1, cols[0], cols[-1] + 1)
    top, bottom, left, right = (float(edge) / PANEL_SIDE for edge in edges)
    return top, bottom, left, right


@lru_cache(maxsize=64)
def _sine_and_cosine(degrees: float) -> tuple[float, float]:
    sines, cosines = _core.sines_and_cosines(np.array([math.radians(degrees)]))
    return float(sines[0]), float(cosines[0])


def inscribed(extent: Window, degrees: float, aspect: float) -> Window | None:
    """Return the window, of the picture levelled by `degrees`, whose tilted self has this extent.

    None where no picture of a twelfth of the upload has.
    """
    top, bottom, left, right = extent
    sine, cosine = _sine_and_cosine(degrees)
    height, width = bottom - top, (right - left) * aspect
    both = cosine * cosine - sine * sine
    rows = (height * cosine - width * abs(sine)) / both
    cols = (width * cosine - height * abs(sine)) / both / aspect
    if rows < _LEAST_SIDE or cols < _LEAST_SIDE:
        return None
    # Where the middle of the extent comes to lie.
    down, across = (top + bottom) / 2 - 0.5, ((left + right) / 2 - 0.5) * aspect
    middle = 0.5 + down * cosine - across * sine, 0.5 + (across * cosine + down * sine) / aspect
    return (middle[0] - rows / 2, middle[0] + rows / 2, middle[1] - cols / 2, middle[1] + cols / 2)


#: Of the upload's side.
_LEAST_SIDE = 0.25
