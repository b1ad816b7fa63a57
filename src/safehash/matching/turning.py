"""Whether an upload is worth turning: a guess at the digests of its turns, looked up for a part of what these cost."""

from __future__ import annotations

import numpy as np

from .._digests import turn_each
from ..hashing.bits import distance_between
from ..hashing.hashes import Hash
from ..search.index import Index
from ..search.seeds import seed
from .thumbnails import Thumbnails
from .windows import MIRRORED

__all__ = ["may_be_turned"]

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
