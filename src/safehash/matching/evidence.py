"""What is known of one candidate for a match, measured when a gate first asks for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .. import _views
from .._digests import degenerate, distance_to_plain, turn_digests
from .families import Family
from .hiding import Hole, rest_bits
from .thumbnails import FRAME_SIDE, N_BOXES, PANEL_SIDE, THE_UPLOAD, WHOLE_SIDE, Thumbnails, Window

__all__ = ["MEASURES", "Candidate", "Evidence", "around", "turned_back"]

UInt8Array = npt.NDArray[np.uint8]

#: A screen is laid out where it has so many boxes within one another.
_N_LAID_OUT = 16

#: Edges nearer than this are one, in fractions of the upload's side.
_SAME_EDGE = 0.03

#: A window of which no more is flat is not laid out, whatever boxes are found in it: a share of the window.
_FLAT_OF_A_LAYOUT = 0.08

#: What is counted in the rest of a window is a share of so much of it at least: about what the largest holes leave.
_LEAST_SEEN = 0.5

#: Which orientation undoes which, by their places in `hashes.ORIENTATIONS`.
_INVERSE = (0, 3, 2, 1, 4, 5, 6, 7)


def around(corners: Sequence[float]) -> Window:
    """Return the window around four corners, rows and columns in turn."""
    rows, cols = corners[::2], corners[1::2]
    return min(rows), max(rows), min(cols), max(cols)


#: From where on something is hidden, as a share of the upload, or cut off, as a share of a side.
_PARTIAL_HIDDEN, _PARTIAL_MISSING = 0.02, 0.05


def turned_back(digest: UInt8Array, orientation: int) -> UInt8Array:
    """Return an entry's digest, shape (1, 32), as an upload of this orientation has its bits, shape (32,)."""
    turned: UInt8Array = turn_digests(digest, (_INVERSE[orientation],))[0, 0]
    return turned


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A list entry and the view of the upload that came near it.

    Attributes
    ----------
    family : Family
    row : int
        Of the index.
    distance : int
        In bits, after refinement.
    agreement : float or None
        Of bits weighted by the size of their coefficients, -1 to 1; None where nothing was refined.
    window : tuple of float
        First and last row edge, first and last column edge of the original, in fractions of the upload.
    orientation : int
        Position in `hashes.ORIENTATIONS`.
    degrees : float
        Counter-clockwise turn that levels the upload.
    holes : tuple of tuple of int
        What was filled in, one after another: first and last row and column in samples of the family's side, the last
        ones excluded.
    box : tuple of float
        The box inside the upload that was taken for an upload of its own: `window` lies in that.
    corners : tuple of float
        Of an upload that is seen from the side, row and column of the original's upper left, upper right, lower left
        and lower right corner, in fractions of the upload; `window` is around them. Empty for what is not.
    rest : float or None
        What is not hidden or cut off says for the entry, in bits, where it was asked already.
    """

    family: Family
    row: int
    distance: int
    agreement: float | None = None
    window: Window = THE_UPLOAD
    orientation: int = 0
    degrees: float = 0.0
    holes: tuple[Hole, ...] = ()
    box: Window = THE_UPLOAD
    corners: tuple[float, ...] = ()
    rest: float | None = None

    @property
    def hidden(self) -> float:
        """Share of the upload that was filled in."""
        filled = sum((bottom - top) * (right - left) for top, bottom, left, right in self.holes)
        return filled / self.family.side**2

    @property
    def missing(self) -> float:
        """How much of the listed picture's longer-cut side is not in the upload, in fractions of that side."""
        top, bottom, left, right = self.window
        return 1.0 - 1.0 / max(bottom - top, right - left, 1.0)

    @property
    def is_partial(self) -> bool:
        """Whether so much of the listed picture is hidden or cut off that the rest of it says something of its own."""
        if self.degrees or self.corners or self.family.side != WHOLE_SIDE:
            return False
        return self.hidden >= _PARTIAL_HIDDEN or self.missing >= _PARTIAL_MISSING


class _Seen(NamedTuple):
    """What `_views.measure_window` says of a window."""

    quality: int
    flat: float
    plain_ground: bool
    faint: float
    greys: float
    common: float
    contrast: float
    lined: float


#: What gates ask of a candidate: each measure's unit and meaning.
MEASURES: dict[str, tuple[str, str]] = {
    "distance": ("bits", "after refinement"),
    "agreement": ("-1 to 1", "each bit weighed by the size of its coefficient, up to half the mean size"),
    "turned": ("yes or no", "another orientation than the upload's own"),
    "coverage": ("share of the upload", "what of the upload the window shows"),
    "missing": ("share of a side", "how much of the listed picture's longer-cut side is not in the upload"),
    "hidden": ("share of the upload", "what was filled in, because something hides it"),
    "rest": ("bits", "what is not hidden or cut off says for the entry; 0 where nothing is"),
    "quality": ("PDQ quality, 0 to 100", "of the window"),
    "faint": ("share of 256", "coefficients under a fiftieth of the mean size: their bits are rounding"),
    "greys": (
        "bits",
        "entropy of the window's 64 x 64 nearest samples in steps of a sixteenth of their deviation",
    ),
    "common": ("share of 4 096", "samples that have one of the four commonest of these greys"),
    "contrast": ("grey levels", "standard deviation of the samples"),
    "flat": ("share of the window", "neighbours within 1.5 grey levels, of 64 x 64"),
    "lined": (
        "share of what is not hidden",
        "how much more lies on lines along one axis than along the other: goes on, brighter or darker than both beside",
    ),
    "plain_ground": ("yes or no", "all four corners are flat and of one grey"),
    "lit": ("share of 4 096", "samples more than 6 grey levels under the brightest: what is not blown out"),
    "lit_greys": ("bits", "greys of these alone"),
    "lit_common": ("share of these", "common greys of these alone"),
    "lit_flat": ("share of these", "flat share of these alone"),
    "boxes": ("evidence", "score of the 16th best box inside the window, 0 where there are fewer"),
    "laid_out": ("evidence", "boxes, where more than 0.08 of the window is flat; else 0"),
    "pixels": ("pixels", "the shorter side of the window, as the upload has it"),
    "plain_distance": ("bits", "from the entry to the nearest of some 7 000 plain shapes"),
    "degenerate": (
        "yes or no",
        "the entry's rows or columns repeat each other, or its ones are far off half",
    ),
}


class Evidence:
    """What is known of one candidate, measured when a gate first asks for it.

    `MEASURES` names what there is. Not for several threads at once.

    Parameters
    ----------
    candidate : Candidate
    digest : ndarray of uint8, shape (1, 32)
        Of the list entry.
    thumbs : Thumbnails
        Of the upload.
    """

    def __init__(self, candidate: Candidate, digest: UInt8Array, thumbs: Thumbnails) -> None:
        self.family = candidate.family
        self._candidate = candidate
        self._digest = digest
        self._thumbs = thumbs

    @classmethod
    def of(cls, family: Family, measures: Mapping[str, Any]) -> Evidence:
        """Return evidence whose measures are known, as `record` gave them: nothing is looked at again."""
        unknown = measures.keys() - MEASURES.keys()
        if unknown:
            raise ValueError(f"no such measures: {', '.join(sorted(unknown))}")
        evidence = cls.__new__(cls)
        evidence.family = family
        evidence.__dict__.update(measures, is_partial=measures.get("rest", 0.0) != 0.0)
        return evidence

    def record(self) -> dict[str, Any]:
        """Return every measure by its name."""
        return {name: getattr(self, name) for name in MEASURES}

    @cached_property
    def distance(self) -> int:
        return self._candidate.distance

    @cached_property
    def agreement(self) -> float | None:
        return self._candidate.agreement

    @cached_property
    def turned(self) -> bool:
        return self._candidate.orientation != 0

    @cached_property
    def coverage(self) -> float:
        top, bottom, left, right = self._candidate.window
        box = self._candidate.box
        whole = (box[1] - box[0]) * (box[3] - box[2])
        return whole * (min(bottom, 1.0) - max(top, 0.0)) * (min(right, 1.0) - max(left, 0.0))

    @cached_property
    def missing(self) -> float:
        return self._candidate.missing

    @cached_property
    def hidden(self) -> float:
        return self._candidate.hidden

    @cached_property
    def is_partial(self) -> bool:
        """Whether so much is hidden or cut off that the rest says something of its own."""
        return self._candidate.is_partial

    @cached_property
    def rest(self) -> float:
        place = self._candidate
        if not self.is_partial:
            return 0.0
        if place.rest is not None:
            return place.rest
        wanted = turned_back(self._digest, place.orientation)
        return rest_bits(self._thumbs.of_side(WHOLE_SIDE), place.window, place.holes, wanted)

    @property
    def aslant(self) -> bool:
        """Whether each of four corners was moved by itself."""
        return self.family.aslant

    @cached_property
    def pixels(self) -> float:
        top, bottom, left, right = (min(1.0, max(0.0, edge)) for edge in self._candidate.window)
        return min((bottom - top) * self._thumbs.rows, (right - left) * self._thumbs.cols)

    @property
    def _window(self) -> npt.NDArray[np.float64]:
        """What of the window is looked at: all of it, or of one that is much larger than the upload, the upload."""
        if self._candidate.corners:  # the picture is what lies in them
            return np.array(THE_UPLOAD)
        window = np.array(self._candidate.window)
        return np.clip(window, 0.0, 1.0) if self.family.faded else window

    @cached_property
    def _picture(self) -> npt.NDArray[np.float32]:
        thumb = self._thumbs.of_side(self.family.side)
        if self._candidate.corners:
            return _views.bent(thumb, np.array(self._candidate.corners))
        if self._candidate.degrees:
            thumb = _views.rotated(thumb, self._candidate.degrees, self._thumbs.aspect)
        for hole in self._candidate.holes:
            thumb = _views.filled(thumb, np.array(hole, np.int32))
        return thumb

    @cached_property
    def _seen(self) -> _Seen:
        whole = self._candidate
        if whole.window == THE_UPLOAD and not (whole.degrees or whole.holes or whole.corners):
            return _Seen(*self._thumbs.measured(self.family.side))  # once for all entries that are near it
        return _Seen(*_views.measure_window(self._picture, self._window))

    @cached_property
    def _lit(self) -> tuple[float, float, float, float]:
        return _views.measure_lit(self._picture, self._window)

    @cached_property
    def lit(self) -> float:
        return self._lit[0]

    @cached_property
    def lit_greys(self) -> float:
        return self._lit[1]

    @cached_property
    def lit_common(self) -> float:
        return self._lit[2]

    @cached_property
    def lit_flat(self) -> float:
        return self._lit[3]

    @cached_property
    def quality(self) -> int:
        return self._seen.quality

    @cached_property
    def flat(self) -> float:
        return self._seen.flat

    @cached_property
    def lined(self) -> float:
        return self._seen.lined / max(1.0 - self._candidate.hidden, _LEAST_SEEN)

    @cached_property
    def plain_ground(self) -> bool:
        return self._seen.plain_ground

    @cached_property
    def faint(self) -> float:
        return self._seen.faint

    @cached_property
    def greys(self) -> float:
        return self._seen.greys

    @cached_property
    def common(self) -> float:
        return self._seen.common

    @cached_property
    def contrast(self) -> float:
        return self._seen.contrast

    @cached_property
    def boxes(self) -> float:
        # Boxes that share a side with the window do not count unless it is the upload's own: around a pasted picture
        # there is its edge. A thumbnail larger than the upload repeats samples, and has an edge wherever it does.
        shorter = min(self._thumbs.rows, self._thumbs.cols, self._thumbs.resolution)
        side = next((side for side in (PANEL_SIDE, FRAME_SIDE) if side <= shorter), WHOLE_SIDE)
        boxes, _, scores, _ = self._thumbs.boxes(side, N_BOXES)
        inside = np.ones(len(boxes), np.bool_)
        for at, (edge, outward) in enumerate(
            zip(self._candidate.window, (-1.0, 1.0, -1.0, 1.0), strict=True)
        ):
            beyond = (boxes[:, at] - edge) * outward
            own = abs(edge - max(outward, 0.0)) <= _SAME_EDGE
            inside &= beyond <= _SAME_EDGE if own else beyond < -_SAME_EDGE
        for hole in self._candidate.holes:  # what is pasted over a picture is laid out by itself
            top, bottom, left, right = (edge / self.family.side for edge in hole)
            near = np.abs(boxes - np.array((top, bottom, left, right))) <= _SAME_EDGE
            across = np.abs(boxes - np.array((bottom, top, right, left))) <= _SAME_EDGE
            within = (boxes[:, 0] >= top - _SAME_EDGE) & (boxes[:, 1] <= bottom + _SAME_EDGE)
            within &= (boxes[:, 2] >= left - _SAME_EDGE) & (boxes[:, 3] <= right + _SAME_EDGE)
            inside &= ~(within | near.any(axis=1) | across.any(axis=1))
        found = scores[inside]
        return float(found[_N_LAID_OUT - 1]) if len(found) >= _N_LAID_OUT else 0.0

    @cached_property
    def laid_out(self) -> float:
        return self.boxes if self.flat > _FLAT_OF_A_LAYOUT else 0.0

    @cached_property
    def plain_distance(self) -> int:
        return int(distance_to_plain(self._digest)[0])

    @cached_property
    def degenerate(self) -> bool:
        return bool(degenerate(self._digest)[0])
