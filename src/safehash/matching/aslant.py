"""An upload seen from the side: the corners between which the listed picture may lie in it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .. import _core, _views
from .evidence import around
from .families import BENT, BENT_AGAIN, Family
from .judgement import is_graphic
from .thumbnails import WHOLE_SIDE, Thumbnails
from .windows import MIRRORED, Batch

__all__ = ["aslant", "more_aslant", "quad_of"]

Float64Array = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """How a picture is seen: what is done to the corners of the upload, one after another.

    Attributes
    ----------
    wider, higher : float
        By how much of the side the upper edge (negative: the lower one) reaches beyond the upload at each of its
        ends, and the left edge (negative: the right one): what seeing from the side cuts off.
    slid, sunk : float
        How far the upper edge is pushed to the right against the lower one, in heights, and the left one down against
        the right one, in widths.
    degrees : float
        By which the upload has to be turned counter-clockwise to be level.
    """

    wider: float = 0.0
    higher: float = 0.0
    slid: float = 0.0
    sunk: float = 0.0
    degrees: float = 0.0


#: From the side by so much, and sheared by so much; refining reaches half as far again.
_ASIDE, _SHEARED = (-0.12, -0.06, 0.06, 0.12), (-0.16, -0.08, 0.08, 0.16)
_FEW = (
    *(_Seen(wider=share) for share in _ASIDE),
    *(_Seen(higher=share) for share in _ASIDE),
    *(_Seen(slid=share) for share in _SHEARED),
    *(_Seen(sunk=share) for share in _SHEARED),
)
_FURTHER, _BOTH, _TURNED = (-0.2, 0.2), (-0.08, 0.08), (-5.0, 5.0)
_MORE = (
    *(_Seen(wider=share) for share in _FURTHER),
    *(_Seen(higher=share) for share in _FURTHER),
    *(_Seen(slid=share) for share in (-0.25, 0.25)),
    *(_Seen(sunk=share) for share in (-0.25, 0.25)),
    *(_Seen(wider=one, higher=other) for one in _BOTH for other in _BOTH),
    *(_Seen(wider=share, degrees=degrees) for share in _BOTH for degrees in _TURNED),
    *(_Seen(higher=share, degrees=degrees) for share in _BOTH for degrees in _TURNED),
)
#: A slide of a panorama's short side would leave it: no corner is pushed farther, in fractions of the side.
_MOST_PUSHED = 0.3


def aslant(thumbs: Thumbnails) -> Batch:
    """Return the upload as if it were seen from the side or sheared, one way or another, mirrored too; no graphic."""
    return _batch(BENT, thumbs)


def more_aslant(thumbs: Thumbnails) -> Batch:
    """Return the same from farther to the side, from two sides, and turned."""
    return _batch(BENT_AGAIN, thumbs)


@lru_cache(maxsize=64)
def _quads(family: str, aspect: float) -> tuple[Float64Array, Float64Array]:
    """Return the corners that a family tries in uploads of some proportions, and the windows around them."""
    ways = _FEW if family == BENT.name else _MORE
    every = [np.array(quad_of(seen, aspect)) for seen in ways]
    quads = np.array([quad for quad in every if _views.is_quad(quad)])  # of a ribbon, turned, nothing is left
    return quads, np.array([around(quad) for quad in quads.tolist()])


def _batch(family: Family, thumbs: Thumbnails) -> Batch:
    batch = Batch(family, thumbs)
    if is_graphic(thumbs):  # icons of one set come within 14 bits of one another
        return batch
    quads, windows = _quads(family.name, thumbs.aspect)
    doubts = batch.room_for_doubts(len(quads))
    digests = _views.hash_bent(thumbs.of_side(WHOLE_SIDE), quads, doubts=doubts)
    for orientation in (0, MIRRORED):
        batch.add(digests, windows, orientation, doubts=doubts, quads=quads)
    return batch


def quad_of(seen: _Seen, aspect: float) -> list[float]:
    """Return row and column of the four corners of a picture seen so; `aspect` is columns over rows of the upload."""
    sines, cosines = _core.sines_and_cosines(np.array([math.radians(seen.degrees)]))
    sine, cosine = float(sines[0]), float(cosines[0])
    corners = []
    for row, col in ((-0.5, -0.5), (-0.5, 0.5), (0.5, -0.5), (0.5, 0.5)):
        down = row * (1 + 2 * (max(seen.higher, 0.0) if col < 0 else max(-seen.higher, 0.0)))
        across = col * (1 + 2 * (max(seen.wider, 0.0) if row < 0 else max(-seen.wider, 0.0)))
        across -= math.copysign(min(_MOST_PUSHED, abs(seen.slid) / 2 / aspect), seen.slid) * 2 * row
        down -= math.copysign(min(_MOST_PUSHED, abs(seen.sunk) / 2 * aspect), seen.sunk) * 2 * col
        corners += [
            0.5 + down * cosine + across * aspect * sine,
            0.5 + across * cosine - down * sine / aspect,
        ]
    return corners
