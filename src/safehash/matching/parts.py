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
from .thumbnails import PANEL_SIDE, Thumbnails

__all__ = ["windows_to_list"]


@checked
def windows_to_list(
    upload: Upload | Decoded, *, min_quality: int = USUAL_QUALITY
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

    Returns
    -------
    tuple of (Hash, str)
        At most 14: 10 and 20 % off every side, 10, 20 and 30 % off each one.

    Raises
    ------
    ImageError, OSError
        The picture cannot be decoded or read.

    Examples
    --------
    >>> [(value.quality, part) for value, part in windows_to_list("photo.jpg")][-1]
    (100, 'without 30 % at the right')
    """
    taken = upload if isinstance(upload, Decoded) else take(upload, limits=DEFAULT_LIMITS)
    picture = taken if isinstance(taken, Decoded) else decode(taken, step_for=reduction_for)
    thumb = Thumbnails(picture).of_side(PANEL_SIDE)
    parts: list[tuple[tuple[float, float, float, float], str]] = [
        ((share, 1 - share, share, 1 - share), f"without {round(100 * share)} % on every side")
        for share in (0.1, 0.2)
    ]
    for share in (0.1, 0.2, 0.3):
        percent = f"{round(100 * share)} %"
        parts += [
            ((share, 1.0, 0.0, 1.0), f"without {percent} at the top"),
            ((0.0, 1 - share, 0.0, 1.0), f"without {percent} at the bottom"),
            ((0.0, 1.0, share, 1.0), f"without {percent} at the left"),
            ((0.0, 1.0, 0.0, 1 - share), f"without {percent} at the right"),
        ]
    windows = np.array([window for window, _ in parts])
    each = np.arange(len(parts), dtype=np.int32)
    digests = _views.hash_windows(
        thumb, np.ascontiguousarray(windows[:, :2]), np.ascontiguousarray(windows[:, 2:]), each, each
    )
    listed = []
    for digest, window, (_, name) in zip(digests, windows, parts, strict=True):
        quality = _views.measure_window(thumb, window)[0]
        if quality >= min_quality:
            listed.append((Hash(Algorithm.PDQ, digest.tobytes(), quality=quality), name))
    return tuple(listed)
