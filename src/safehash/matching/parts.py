"""Parts of a picture that its holder lists beside it, for crops that the whole's hash does not find."""

from __future__ import annotations

import numpy as np

from .. import _views
from .._face import checked
from ..hashing.algorithms import USUAL_QUALITY
from ..hashing.compute import reduction_for
from ..hashing.hashes import Algorithm, Hash
from ..images.decoding import decode
from ..images.limits import DEFAULT_LIMITS
from ..images.pictures import Decoded
from ..images.uploads import Upload, take
from .judgement import is_graphic
from .thumbnails import PANEL_SIDE, THE_UPLOAD, WHOLE_SIDE, Thumbnails, Window

__all__ = ["windows_to_list"]


#: Of the crops, off every side and off one of them.
_OFF_ALL, _OFF_ONE = (0.1, 0.2), (0.1, 0.2, 0.3)

#: Lengths of a listed hole's sides, and from one to the next place, in eighths of the picture's side: all of them are
#: tried on uploads by the `thorough` effort. Most of the picture that one may take, as there.
_HOLE_LENGTHS, _EIGHTHS, _MOST = (4, 6), 8, 0.40


@checked
def windows_to_list(
    upload: Upload | Decoded,
    *,
    min_quality: int = USUAL_QUALITY,
    mirrored: bool = False,
    holes: bool = False,
) -> tuple[tuple[Hash, str], ...]:
    """Return hashes of parts of a picture that its holder may list beside it, each with what it shows.

    A copy cropped by 20 % or more has lost too much to be recognised from the whole picture's hash; it lies
    within the usual threshold of one of these. They are entries of parts: flag them as such.

    Parameters
    ----------
    upload : bytes, path-like, binary file object, PIL image, ndarray of uint8, or Decoded
        As of `Matcher.check`; or what `lists.add` gives to its `parts`, which this may be.
    min_quality : int
        Parts of lower PDQ quality are left out.
    mirrored : bool
        Return every crop mirrored, too, for whoever compares hashes alone: a `Matcher` turns uploads by itself.
    holes : bool
        Return the picture without one rectangle or another, filled from what is around it, too: copies with something
        over as much as a third of them are then found at the `thorough` effort. A graphic has none: what is left of a
        poster is left of any poster of its kind.

    Returns
    -------
    tuple of (Hash, str)
        At most 14 crops: 10 and 20 % off every side, 10, 20 and 30 % off each one; 28 with the mirrored ones; 55 more
        with holes.

    Raises
    ------
    ImageError, OSError
        The picture cannot be decoded or read.

    Examples
    --------
    >>> [(value.quality, part) for value, part in windows_to_list("photo.jpg")][-1]
    (100, 'without 30 % at the right')
    >>> len(windows_to_list("photo.jpg", mirrored=True, holes=True))
    83
    """
    taken = upload if isinstance(upload, Decoded) else take(upload, limits=DEFAULT_LIMITS)
    picture = taken if isinstance(taken, Decoded) else decode(taken, step_for=reduction_for)
    thumbs = Thumbnails(picture)
    listed = _crops(thumbs, min_quality, mirrored=mirrored)
    if holes and not is_graphic(thumbs):
        listed += _without_holes(thumbs, min_quality)
    return tuple(listed)


def _crops(thumbs: Thumbnails, min_quality: int, *, mirrored: bool) -> list[tuple[Hash, str]]:
    thumb = thumbs.of_side(PANEL_SIDE)
    parts: list[tuple[Window, str]] = [
        ((share, 1 - share, share, 1 - share), f"without {round(100 * share)} % on every side")
        for share in _OFF_ALL
    ]
    for share in _OFF_ONE:
        percent = f"{round(100 * share)} %"
        parts += [
            ((share, 1.0, 0.0, 1.0), f"without {percent} at the top"),
            ((0.0, 1 - share, 0.0, 1.0), f"without {percent} at the bottom"),
            ((0.0, 1.0, share, 1.0), f"without {percent} at the left"),
            ((0.0, 1.0, 0.0, 1 - share), f"without {percent} at the right"),
        ]
    windows = np.array([window for window, _ in parts])
    each = np.arange(len(parts), dtype=np.int32)
    rows, cols = np.ascontiguousarray(windows[:, :2]), np.ascontiguousarray(windows[:, 2:])
    digests = _views.hash_windows(thumb, rows, cols, each, each)
    # From truly mirrored pixels: turning bits misses the median, and with it half of the ones.
    turned = _views.hash_windows(
        np.ascontiguousarray(thumb[:, ::-1]), rows, np.ascontiguousarray(1.0 - cols[:, ::-1]), each, each
    )
    listed = []
    for digest, other, window, (_, name) in zip(digests, turned, windows, parts, strict=True):
        quality = _views.measure_window(thumb, window)[0]
        if quality >= min_quality:
            listed.append((Hash(Algorithm.PDQ, digest.tobytes(), quality=quality), name))
            if mirrored:
                listed.append((Hash(Algorithm.PDQ, other.tobytes(), quality=quality), f"mirrored, {name}"))
    return listed


def _without_holes(thumbs: Thumbnails, min_quality: int) -> list[tuple[Hash, str]]:
    thumb = thumbs.of_side(WHOLE_SIDE)
    spans = [(first, first + length) for length in _HOLE_LENGTHS for first in range(_EIGHTHS - length + 1)]
    tried = [
        (*rows, *cols)
        for rows in spans
        for cols in spans
        if (rows[1] - rows[0]) * (cols[1] - cols[0]) <= _MOST * _EIGHTHS**2
    ]
    holes = np.array(tried, dtype=np.int32) * np.int32(WHOLE_SIDE // _EIGHTHS)
    digests = _views.hash_filled(thumb, holes)
    listed = []
    for digest, hole, edges in zip(digests, holes, tried, strict=True):
        quality = _views.measure_window(_views.filled(thumb, hole), np.array(THE_UPLOAD))[0]
        if quality >= min_quality:
            top, bottom, left, right = (round(100 * edge / _EIGHTHS) for edge in edges)
            name = f"without {top} to {bottom} % of its height, {left} to {right} % of its width"
            listed.append((Hash(Algorithm.PDQ, digest.tobytes(), quality=quality), name))
    return listed
