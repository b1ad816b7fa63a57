"""What a hash is: the frozen value that carries one digest."""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass

import numpy as np

from .._digests import turn_digests
from .._face import checked, public_value
from .algorithms import SHOWN_DIGITS, Algorithm
from .bits import distance_between

__all__ = ["ORIENTATIONS", "Algorithm", "ForeignHash", "Hash"]

#: The order of the eight orientations everywhere in safehash (the reference tool's own order).
ORIENTATIONS = (
    "original",
    "rotate 90",
    "rotate 180",
    "rotate 270",
    "flip x",
    "flip y",
    "flip plus 1",
    "flip minus 1",
)


@checked
@public_value
@dataclass(frozen=True, slots=True, repr=False)
class ForeignHash:
    """A digest that a list carries and safehash cannot compute (PhotoDNA, TMK, video digests ...).

    Printed, it shows its first 8 characters; `value` is the whole of it.

    Attributes
    ----------
    algorithm : str
        The source's own name for it, lower case.
    value : str
        The text exactly as the source gave it.

    Examples
    --------
    >>> ForeignHash("photodna", "AAECAwQFBgcICQ==")
    <ForeignHash photodna AAECAwQF...>
    """

    algorithm: str
    value: str

    def __repr__(self) -> str:
        return f"<ForeignHash {self.algorithm} {self.value[:SHOWN_DIGITS]}...>"


@functools.total_ordering
@public_value
@dataclass(frozen=True, slots=True, eq=False, repr=False, init=False)
class Hash:
    """One digest of one image.

    Two hashes of one algorithm are equal when their digests are; the quality is a remark about the image, not
    part of the value. Hashes of different algorithms never compare: ``==``, order and distance raise
    TypeError, because False would read as "another picture". Sets and dictionaries may hold both.

    Attributes
    ----------
    algorithm : Algorithm
        Accepts its name as a string too.
    digest : bytes
        The digest in the byte order of its printed hex; ``algorithm.n_bytes`` long.
    quality : int or None
        PDQ's gradient measure, 0 (flat) to 100; None where it was not measured.

    Examples
    --------
    >>> one = Hash.from_hex("phash", "d1c4a3b2f0e19687")
    >>> one, one.distance(one.negative())
    (<Hash phash d1c4a3b2...>, 64)
    >>> one == Hash("pdq", bytes(32))
    Traceback (most recent call last):
        ...
    TypeError: a phash hash cannot be compared with a pdq hash
    """

    algorithm: Algorithm
    digest: bytes
    quality: int | None

    def __init__(
        self,
        algorithm: str | Algorithm,
        digest: bytes | bytearray | memoryview,
        *,
        quality: int | None = None,
    ) -> None:
        # Not `checked`: millions are made.
        known = algorithm if type(algorithm) is Algorithm else Algorithm(algorithm)
        if not isinstance(digest, (bytes, bytearray, memoryview)):
            raise TypeError(f"digest is bytes, not {type(digest).__name__}: `from_hex` takes digits")
        value = bytes(digest)
        if len(value) != known.n_bytes:
            raise ValueError(f"a {known.value} digest has {known.n_bytes} bytes, not {len(value)}")
        if quality is not None and type(quality) is not int:
            quality = _whole(quality)
        if quality is not None and not 0 <= quality <= 100:
            raise ValueError(f"quality is 0 to 100, not {quality}")
        object.__setattr__(self, "algorithm", known)
        object.__setattr__(self, "digest", value)
        object.__setattr__(self, "quality", quality)

    @classmethod
    def from_hex(cls, algorithm: str | Algorithm, text: str, *, quality: int | None = None) -> Hash:
        """Return the hash printed as `text`.

        Parameters
        ----------
        algorithm : str or Algorithm
        text : str
            Hexadecimal digits in either case, surrounding white space allowed.

        Raises
        ------
        ValueError
            Wrong length, or a character that is no hexadecimal digit.

        Examples
        --------
        >>> Hash.from_hex("phash", "D1C4A3B2F0E19687").hex
        'd1c4a3b2f0e19687'
        """
        algorithm = Algorithm(algorithm)
        if not isinstance(text, str):
            raise TypeError(f"text is str, not {type(text).__name__}")
        digits = text.strip()
        if len(digits) != 2 * algorithm.n_bytes:
            raise ValueError(
                f"a {algorithm.value} hash has {2 * algorithm.n_bytes} hexadecimal digits, not {len(digits)}"
            )
        try:
            # bytes.fromhex skips white space between digits; the length check above counts it.
            digest = bytes.fromhex(digits)
        except ValueError as exc:
            raise ValueError(f"not hexadecimal: {digits[:SHOWN_DIGITS]}...") from exc
        return cls(algorithm, digest, quality=quality)

    @property
    def hex(self) -> str:
        """The whole digest in lower-case hexadecimal.

        Examples
        --------
        >>> Hash("phash", bytes(range(8))).hex
        '0001020304050607'
        """
        return self.digest.hex()

    def distance(self, other: Hash) -> int:
        """Return the Hamming distance to `other` in bits.

        Raises
        ------
        TypeError
            `other` is no Hash, is of another algorithm, or the algorithm is an exact file digest.

        Examples
        --------
        >>> Hash("phash", bytes(8)).distance(Hash("phash", bytes(7) + bytes([7])))
        3
        """
        self._check_comparable(other)
        if not self.algorithm.is_perceptual:
            raise TypeError(f"{self.algorithm.value} digests are equal or not; a distance means nothing")
        return distance_between(self.digest, other.digest)

    def orientations(self) -> tuple[Hash, ...]:
        """Return the hashes of the eight flips and turns, derived from the bits alone.

        A flip only changes signs of coefficients and a transpose transposes them, so the bits follow without
        the image, up to the few that lie near the median (about 8 to 16 of 256 bits away from hashing the
        turned pixels themselves). The order is the reference tool's: original, rotate 90, rotate
        180, rotate 270, flip x, flip y, flip plus 1, flip minus 1.

        Raises
        ------
        TypeError
            The algorithm is an exact file digest.

        References
        ----------
        docs/hashes.md, "Orientations".

        Examples
        --------
        >>> value = safehash.hash_file("photo.jpg")
        >>> len(value.orientations()), value.orientations()[0] == value
        (8, True)
        """
        if not self.algorithm.is_perceptual:
            raise TypeError(f"{self.algorithm.value} digests have no orientations")
        digests = np.frombuffer(self.digest, np.uint8)[None]
        turned = turn_digests(digests)[0]
        return tuple(Hash(self.algorithm, row.tobytes(), quality=self.quality) for row in turned)

    def negative(self) -> Hash:
        """Return the hash of the picture with inverted colours: every bit the other way.

        Examples
        --------
        >>> Hash("phash", bytes(8)).negative().hex
        'ffffffffffffffff'
        """
        if not self.algorithm.is_perceptual:
            raise TypeError(f"{self.algorithm.value} digests have no negative")
        return Hash(self.algorithm, bytes(byte ^ 0xFF for byte in self.digest), quality=self.quality)

    def _check_comparable(self, other: object) -> None:
        if not isinstance(other, Hash):
            raise TypeError(f"expected a Hash, found {type(other).__name__}")
        if other.algorithm is not self.algorithm:
            raise TypeError(
                f"a {self.algorithm.value} hash cannot be compared with a {other.algorithm.value} hash"
            )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Hash):
            return NotImplemented
        self._check_comparable(other)
        return self.digest == other.digest

    def __hash__(self) -> int:
        return hash((self.algorithm.value, self.digest))

    def __lt__(self, other: Hash) -> bool:
        self._check_comparable(other)
        return self.digest < other.digest

    def __reduce__(self) -> tuple[object, ...]:
        return (_restore, (self.algorithm.value, self.digest, self.quality))

    def __repr__(self) -> str:
        quality = "" if self.quality is None else f", quality={self.quality}"
        return f"<Hash {self.algorithm.value} {self.hex[:SHOWN_DIGITS]}...{quality}>"

    __str__ = __repr__


def _restore(algorithm: str, digest: bytes, quality: int | None) -> Hash:
    return Hash(Algorithm(algorithm), digest, quality=quality)


def _whole(quality: object) -> int:
    """Return a quality that numpy gave as one of Python's numbers."""
    if isinstance(quality, (bool, np.bool_)) or not hasattr(quality, "__index__"):
        raise TypeError(f"quality is int or None, not {type(quality).__name__}")
    return operator.index(quality)
