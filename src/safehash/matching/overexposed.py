"""An overexposed upload with its lights given back: what is blown out is brightest amid what is blown out."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .. import _views
from .families import OVEREXPOSED
from .thumbnails import FRAME_SIDE, THE_UPLOAD, WHOLE_SIDE, Thumbnails
from .windows import Batch, Group

__all__ = ["relit", "relit_uploads"]

Float32Array = npt.NDArray[np.float32]
Int32Array = npt.NDArray[np.int32]

#: Grey levels from which on a sample is blown out: white, and what a JPEG file makes of it.
_BLOWN_OUT, _WHITE = 252, 255
#: Shares of the upload that are blown out: with less nothing changes, with more nothing is left.
_LEAST, _MOST = 0.02, 0.75
#: How much brighter the middle of a blown out part is taken to be than its edge, in grey levels, and over how many
#: samples of `FRAME_SIDE` it gets there: of 205 tuning photographs at twice the exposure, the first two together bring
#: most within 40 bits, 155, and the third 6 more.
_HEIGHTS = ((64, 3), (128, 7), (32, 5))


def relit_uploads(thumbs: Thumbnails) -> Batch:
    """Return the upload with its lights given back, one way and another, in every orientation."""
    batch = Batch(OVEREXPOSED, thumbs)
    thumb = thumbs.of_side(FRAME_SIDE)
    blown_out = thumb >= _BLOWN_OUT
    if not _LEAST <= np.count_nonzero(blown_out) / blown_out.size <= _MOST:
        return batch
    span, at, window = _the_upload()
    for levels, width in _HEIGHTS:
        picture = relit(thumb, levels, width)
        doubts = batch.room_for_doubts(1)
        digests = _views.hash_windows(picture, span, span, at, at, doubts=doubts)
        for orientation in range(8):
            batch.groups.append(Group(digests, window, orientation, 0.0, thumbs, doubts, picture=picture))
    return batch


def relit(thumb: Float32Array, levels: int, width: int) -> Float32Array:
    """Return a thumbnail of `WHOLE_SIDE` in which what is blown out is brighter, the more the farther from its edge.

    Parameters
    ----------
    thumb : ndarray of float32, shape (side, side)
    levels : int
        Grey levels that the middle gains.
    width : int
        Samples, an odd number, over which a running mean of the blown out ones is taken, twice each way; beyond the
        upload its edge is repeated.

    Returns
    -------
    ndarray of float32, shape (64, 64)
        Counted in whole numbers: every machine gives the same.
    """
    blown_out = thumb >= _BLOWN_OUT
    counts = np.pad(blown_out, width - 1, mode="edge").astype(np.int32)
    down = _summed(_summed(counts, width), width)
    counts = _summed(_summed(np.ascontiguousarray(down.T), width), width).T
    gained = np.where(blown_out, counts, 0) * np.float64(levels / width**4)
    raised = (thumb + gained) * (_WHITE / (_WHITE + levels))
    return _views.part(np.ascontiguousarray(raised, dtype=np.float32), np.array(THE_UPLOAD), side=WHOLE_SIDE)


def _summed(counts: Int32Array, width: int) -> Int32Array:
    """Return the sums of so many samples in a row down each column, wherever they lie within it."""
    n = len(counts) - width + 1
    found = counts[:n].copy()
    for first in range(1, width):
        found += counts[first : first + n]
    return found


@lru_cache(maxsize=1)
def _the_upload() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int32], npt.NDArray[np.float64]]:
    """Return the one span, its place among spans, and the window that it makes."""
    return np.array([THE_UPLOAD[:2]]), np.zeros(1, np.int32), np.array([THE_UPLOAD])
