"""Which pictures of an upload are turned: all, or those whose guessed turns lead to an entry."""

from __future__ import annotations

import numpy as np

from .._core import MOST_TURNED
from .._digests import turn_each
from ..hashing.bits import distance_between
from ..hashing.hashes import Algorithm, Hash
from ..search.index import Index
from ..search.seeds import seed
from .settings import EFFORTS, Effort
from .thumbnails import Thumbnails
from .windows import MIRRORED

__all__ = ["Turning", "may_be_turned"]

#: Place in `EFFORTS` of the first that turns every picture, be an entry near a guess at its digests or not.
_ALWAYS = EFFORTS.index("thorough")

#: Bits between an upload's digest and its thumbnail's, up to which the thumbnail's turns say something of the upload's:
#: of 205 tuning photographs 197 have no more, and of 188 of these no turn lies farther than 20 bits from its guess, of
#: none farther than 30.
_STEADY = 16

#: Bits beyond the largest threshold in which an entry is looked for around each guess: what may be wrong with it, and
#: few come as near by chance.
_BEYOND = 48

#: The turns that are guessed at, and their negatives.
_TURNS = np.array([1, 2, 3, 4, 5, 6, 7, 0, MIRRORED], np.uint8)
_N_NEGATIVES = 2
#: The bits that each turn inverts.
_INVERTED = turn_each(np.zeros((len(_TURNS), 32), np.uint8), _TURNS)


def may_be_turned(own: Hash, thumbs: Thumbnails, index: Index, max_distance: int) -> bool:
    """Tell whether an entry may lie within `max_distance` of a turned upload, or of a negative; if not, hardly one is.

    A turned picture's PDQ is that of other samples, but little else than the turned digest of one that was sampled
    alike from all sides. An entry within some bits of that shares a slot with it, but for a doubtful bit, as good as
    always: of 451 mirrored copies of tuning photographs, altered besides, all do, and 447 a slot without any.
    """
    digest, doubts = thumbs.whole()
    if distance_between(own.digest, digest.tobytes()) > _STEADY:
        return True
    guesses = turn_each(np.repeat(digest, len(_TURNS), axis=0), _TURNS)
    guesses[-_N_NEGATIVES:] ^= 0xFF
    # Turning moves bits and inverts some: which are doubtful is moved alone.
    doubtful = turn_each(np.repeat(doubts, len(_TURNS), axis=0), _TURNS) ^ _INVERTED
    within = min(max_distance + _BEYOND, 256)
    return len(seed(index, guesses, max_distance=within, doubts=doubtful).rows) > 0


class Turning:
    """Which pictures of one upload are turned, and how many of their pixels the rounding of the reference decides on.

    Of those that "standard" turns, too, as many pixels as of others: what more effort turns takes nothing from those.

    Parameters
    ----------
    index : Index
    effort : "fast", "standard", "thorough" or "exhaustive"
    max_distance : int
        The widest threshold, in bits.
    """

    def __init__(self, index: Index, effort: Effort, max_distance: int) -> None:
        self._index, self._max_distance = index, max_distance
        self._is_exact = index.algorithm is not Algorithm.PDQ
        #: Whether there are pictures that are not turned.
        self.is_lazy = not self._is_exact and EFFORTS.index(effort) < _ALWAYS
        self._left = {True: MOST_TURNED, False: MOST_TURNED}

    def since(self, own: Hash, thumbs: Thumbnails) -> int:
        """Return the place in `EFFORTS` of the least that turns a picture: any, or those that turn all."""
        if self._is_exact:
            return 0
        if thumbs.leads is None:
            thumbs.leads = may_be_turned(own, thumbs, self._index, self._max_distance)
        return 0 if thumbs.leads else _ALWAYS

    def is_turned(self, own: Hash, thumbs: Thumbnails) -> bool:
        """Tell whether this effort turns a picture."""
        return not self.is_lazy or self.since(own, thumbs) == 0

    def left(self, own: Hash | None, thumbs: Thumbnails, *, is_new: bool) -> int:
        """Return how many pixels are left to a picture, as `turned_digests` takes them; without a hash it is the first.

        What is not new, or of low quality, is turned by no effort for itself.
        """
        return MOST_TURNED if own is None else self._left[is_new and self.since(own, thumbs) == 0]

    def take(self, own: Hash, thumbs: Thumbnails, n_pixels: int, *, is_new: bool) -> None:
        """Count the pixels that a picture took."""
        if n_pixels:
            self._left[is_new and self.since(own, thumbs) == 0] -= n_pixels
