"""What a viewer shows of a file, as hashes, for whoever puts it on a list."""

from __future__ import annotations

from dataclasses import dataclass

from ..images.decoding import decode
from ..images.limits import DEFAULT_LIMITS, Limits
from ..images.pictures import Blob, Decoded
from .compute import hash_decoded, reduction_for
from .hashes import Algorithm, Hash

__all__ = ["Shown", "pictures_shown"]

#: Bits between two pictures that need not both be listed: less than a reduced decode moves the rarest photograph.
_SAME = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One picture that a file holds.

    Attributes
    ----------
    hash : Hash
    picture : Decoded
    view : str
        How the file has to be looked at to see it: "as it is", "in its own colours" ...
    is_shown : bool
        Ordinary viewers show it. False for stored pixels that look otherwise than what is shown.
    """

    hash: Hash
    picture: Decoded
    view: str
    is_shown: bool


def pictures_shown(
    data: Blob, *, algorithm: Algorithm = Algorithm.PDQ, limits: Limits = DEFAULT_LIMITS
) -> tuple[Shown, ...]:
    """Return the pictures that ordinary viewers show of a file, then the stored one where it is another.

    Of an animation, the first frame. Most files hold one picture, which is stored as it is shown.

    Parameters
    ----------
    data : bytes
        The whole file.
    algorithm : Algorithm
        A perceptual one.
    limits : Limits

    Raises
    ------
    ImageError
        One of the pictures cannot be made.
    """
    whole = algorithm is not Algorithm.PDQ
    stored = decode(data, limits=limits, step_for=(lambda side: 1) if whole else reduction_for)
    own = hash_decoded(stored, algorithm=algorithm)
    found: list[Shown] = []
    seen = [own]
    for also in stored.also:
        if not also.shown:
            continue
        picture = also.make()
        value = hash_decoded(picture, algorithm=algorithm)
        if all(value.distance(other) > _SAME for other in seen):
            seen.append(value)
            found.append(Shown(hash=value, picture=picture, view=also.name, is_shown=True))
    return (*found, Shown(hash=own, picture=stored, view="as it is", is_shown=not found))
