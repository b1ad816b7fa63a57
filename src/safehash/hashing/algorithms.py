"""The algorithms, and what is usually asked of their digests: thresholds, quality, digits shown."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

from .._face import no_member
from ..errors import SHOWN_DIGITS

__all__ = [
    "ALLOWED_DISTANCE",
    "LOW_QUALITY_DISTANCE",
    "MOST_EVIDENCE",
    "SHOWN_DIGITS",
    "USUAL_DISTANCE",
    "USUAL_QUALITY",
    "Algorithm",
]


class Algorithm(str, enum.Enum):
    """A way to turn an image (or its file) into a digest; docs/hashes.md defines each to the bit.

    Examples
    --------
    >>> Algorithm("pdq").n_bits, Algorithm.MD5.is_perceptual
    (256, False)
    """

    PDQ = "pdq"
    PHASH = "phash"
    PHASH256 = "phash256"
    MD5 = "md5"
    SHA1 = "sha1"
    SHA256 = "sha256"

    def __reduce_ex__(self, protocol: object) -> tuple[Any, ...]:
        # Some Pythons (3.11.2) pickle a member as what `getattr` returns, which no allow-list of names may know.
        return Algorithm, (self.value,)

    @classmethod
    def _missing_(cls, value: object) -> Algorithm:
        raise no_member(cls, value)

    @property
    def n_bits(self) -> int:
        """Length of a digest in bits.

        Examples
        --------
        >>> Algorithm.PDQ.n_bits, Algorithm.SHA256.n_bits
        (256, 256)
        """
        return _N_BITS[self]

    @property
    def n_bytes(self) -> int:
        """Length of a digest in bytes.

        Examples
        --------
        >>> Algorithm.PHASH.n_bytes
        8
        """
        return _N_BITS[self] // 8

    @property
    def is_perceptual(self) -> bool:
        """Whether near digests mean alike pictures (false for digests of the file's bytes).

        Examples
        --------
        >>> [each.value for each in Algorithm if each.is_perceptual]
        ['pdq', 'phash', 'phash256']
        """
        return self in _PERCEPTUAL

    @property
    def version(self) -> int:
        """Version of the definition; a change of bits raises it.

        Examples
        --------
        >>> Algorithm.PDQ.version
        1
        """
        return 1


_N_BITS = {
    Algorithm.PDQ: 256,
    Algorithm.PHASH: 64,
    Algorithm.PHASH256: 256,
    Algorithm.MD5: 128,
    Algorithm.SHA1: 160,
    Algorithm.SHA256: 256,
}
_PERCEPTUAL = frozenset({Algorithm.PDQ, Algorithm.PHASH, Algorithm.PHASH256})

#: Thresholds in bits at which digests are taken for one picture unless a policy says otherwise; docs/hashes.md.
USUAL_DISTANCE: Mapping[Algorithm, int] = {Algorithm.PDQ: 31, Algorithm.PHASH: 8, Algorithm.PHASH256: 51}

#: PDQ quality under which a digest says too little of a picture to be matched; docs/hashes.md.
USUAL_QUALITY = 50

#: Bits within which an upload of lower quality matches as it is: of 39 such tuning uploads, one in five of all of them,
#: none comes within 60 bits of another picture's entry (docs/matching.md, "Low quality").
LOW_QUALITY_DISTANCE = 16

#: Bits of evidence for or against a copy that no match has: what may be asked for lies between (docs/matching.md).
MOST_EVIDENCE = 20

#: Bits within which an upload is taken for a picture of an allow-list (docs/matching.md).
ALLOWED_DISTANCE = 16
