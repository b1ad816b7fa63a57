"""Signal types for python-threatexchange, and so for HMA: PDQ and pHash of the pixels a viewer sees, over our index.

In HMA's configuration they take the place of its own::

    from safehash.integrations.threatexchange import PdqSignal, PhashSignal

    STORAGE_IFACE_INSTANCE = DefaultOMMStore(signal_types=[PdqSignal, PhashSignal, VideoMD5Signal], ...)

The command line has a type called pdq already, so that the extension calls its own ``safehash_pdq``::

    threatexchange config extensions add safehash.integrations.threatexchange
"""

from __future__ import annotations

import io
import random
import re
from collections.abc import Iterable, Sequence
from typing import Any, BinaryIO, ClassVar, TypeVar

from threatexchange.content_type.content_base import ContentType
from threatexchange.content_type.photo import PhotoContent
from threatexchange.exchanges.impl.fb_threatexchange_signal import HasFbThreatExchangeIndicatorType
from threatexchange.extensions.manifest import ThreatExchangeExtensionManifest
from threatexchange.signal_type import signal_base
from threatexchange.signal_type.index import (
    IndexMatchUntyped,
    SignalSimilarityInfoWithIntDistance,
    SignalTypeIndex,
)
from threatexchange.signal_type.pdq.signal import PdqSignal as Theirs

from ..errors import ImageError
from ..hashing.algorithms import USUAL_DISTANCE, USUAL_QUALITY
from ..hashing.compute import hash_bytes
from ..hashing.hashes import Algorithm, Hash
from ..search.growing import GrowingIndex
from .framing import read_framed, write_framed
from .payloads import pack, unpack

__all__ = [
    "TX_MANIFEST",
    "PdqIndex",
    "PdqSignal",
    "PhashIndex",
    "PhashSignal",
    "PictureRefused",
    "SafehashPdqSignal",
]

_T = TypeVar("_T")
Match = IndexMatchUntyped[SignalSimilarityInfoWithIntDistance, Any]


class _Index(SignalTypeIndex[_T]):
    """An index over `GrowingIndex`: exact, cheap to add to, and no pickle in what it writes.

    Parameters
    ----------
    entries : iterable of (str, payload)
        Digests in hexadecimal, and what each stands for.
    threshold : int, optional
        Bits, inclusive, up to which a query matches.
    """

    ALGORITHM: ClassVar[Algorithm]

    def __init__(self, entries: Iterable[tuple[str, _T]] = (), *, threshold: int | None = None) -> None:
        super().__init__()
        self.threshold = USUAL_DISTANCE[self.ALGORITHM] if threshold is None else threshold
        self._index: GrowingIndex[_T] = GrowingIndex(algorithm=self.ALGORITHM, max_distance=self.threshold)
        self.add_all(entries)

    def __len__(self) -> int:
        return len(self._index)

    def query(self, query: str) -> Sequence[Match]:
        """Return every entry within the threshold, nearest first.

        Examples
        --------
        >>> index = PdqIndex([("0" * 64, 7), ("0" * 63 + "1", 8)])
        >>> [(each.metadata, each.similarity_info.distance) for each in index.query("0" * 64)]
        [(7, 0), (8, 1)]
        """
        return [
            IndexMatchUntyped(SignalSimilarityInfoWithIntDistance(distance), payload)
            for payload, distance in self._index.search(query, max_distance=self.threshold)
        ]

    def add(self, signal_str: str, entry: _T) -> None:
        """Add one entry.

        Examples
        --------
        >>> index = PdqIndex()
        >>> index.add("0" * 64, "own")
        >>> len(index)
        1
        """
        self._index.add(signal_str, entry)

    def add_all(self, entries: Iterable[tuple[str, _T]]) -> None:
        """Add entries, all of them or, where one is no digest, none.

        Examples
        --------
        >>> index = PdqIndex()
        >>> index.add_all([("0" * 64, 7), ("f" * 64, 8)])
        >>> len(index)
        2
        """
        self._index.add_many(entries)

    def serialize(self, fout: BinaryIO) -> None:
        """Write everything: payloads as numbers, texts, collections, and what exchanges say of a signal.

        In a frame that HMA opens, which unpickles an index whatever its class says.

        Raises
        ------
        TypeError
            A payload is something else.

        Examples
        --------
        >>> stream = io.BytesIO()
        >>> PdqIndex([("0" * 64, 7)]).serialize(stream)
        >>> len(PdqIndex.deserialize(io.BytesIO(stream.getvalue())))
        1
        """
        write_framed(fout, _read, type(self), lambda stream: self._index.write(stream, pack=pack))

    @classmethod
    def deserialize(cls, fin: BinaryIO) -> _Index[Any]:
        """Return what `serialize` wrote. Nothing is unpickled, and nothing that stands in it is run.

        Raises
        ------
        IndexFileError
            It is something else, another pickle for instance, or damaged.

        Examples
        --------
        >>> PdqIndex.deserialize(io.BytesIO(b"a pickle of theirs"))
        Traceback (most recent call last):
        ...
        safehash.errors.IndexFileError: ...
        """
        return cls._made(read_framed(fin, _read))

    @classmethod
    def _made(cls, stream: BinaryIO) -> _Index[Any]:
        self = cls()
        self._index = GrowingIndex.read(stream, unpack=unpack)
        if self._index.algorithm is not cls.ALGORITHM:
            raise ValueError(f"an index of {self._index.algorithm.value}, not of {cls.ALGORITHM.value}")
        self.threshold = self._index.max_distance
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle as what `serialize` frames."""
        stream = io.BytesIO()
        self._index.write(stream, pack=pack)
        return _read, (type(self), stream.getvalue())


def _read(kind: type[_Index[Any]], data: bytes) -> _Index[Any]:
    return kind._made(io.BytesIO(data))


class PdqIndex(_Index[_T]):
    """PDQ digests, within 31 bits unless told.

    Examples
    --------
    >>> index = PdqIndex.build([("0" * 64, 7)])
    >>> [each.metadata for each in index.query("0" * 63 + "f")]
    [7]
    """

    ALGORITHM = Algorithm.PDQ


class PhashIndex(_Index[_T]):
    """pHash digests, within 8 bits unless told.

    Examples
    --------
    >>> [each.metadata for each in PhashIndex([("0" * 16, 7)]).query("0" * 15 + "f")]
    [7]
    """

    ALGORITHM = Algorithm.PHASH


class PictureRefused(ImageError, OSError, ValueError):
    """A picture that cannot be looked at; ``__cause__`` is the `ImageError` that says why.

    Also what their callers catch of an imaging library, to skip that picture and go on with the next: an exchange of
    Matrix's hashes whatever was quarantined, and would end at the first damaged file.

    Examples
    --------
    >>> try:
    ...     PdqSignal.hash_from_bytes(b"GIF89a")
    ... except OSError as exc:
    ...     print(type(exc).__name__, type(exc.__cause__).__name__)
    PictureRefused UnreadableImage
    """


class _PhotoSignal(
    signal_base.SimpleSignalType, signal_base.BytesHasher, signal_base.CanGenerateRandomSignal
):
    """A perceptual hash of a photo."""

    INDEX: ClassVar[type[_Index[Any]]]

    @classmethod
    def get_content_types(cls) -> list[type[ContentType]]:
        """Return what is hashed: photos.

        Examples
        --------
        >>> [each.get_name() for each in PdqSignal.get_content_types()]
        ['photo']
        """
        return [PhotoContent]

    @classmethod
    def get_index_cls(cls) -> type[_Index[Any]]:
        """Return the index that finds such hashes.

        Examples
        --------
        >>> PhashSignal.get_index_cls().__name__
        'PhashIndex'
        """
        return cls.INDEX

    @classmethod
    def validate_signal_str(cls, signal_str: str) -> str:
        """Return the digits; refuse what is no digest, as exchanges write it in small letters.

        Examples
        --------
        >>> PhashSignal.validate_signal_str("DEC2251C6F52B98F")
        Traceback (most recent call last):
        ...
        ValueError: a hash of phash has 16 hexadecimal digits, in small letters
        """
        algorithm = cls.INDEX.ALGORITHM
        if re.fullmatch(rf"[0-9a-f]{{{2 * algorithm.n_bytes}}}", signal_str) is None:
            raise ValueError(
                f"a hash of {algorithm.value} has {2 * algorithm.n_bytes} hexadecimal digits, in small letters"
            )
        return signal_str

    @classmethod
    def compare_hash(
        cls, hash1: str, hash2: str, pdq_dist_threshold: int | None = None
    ) -> signal_base.SignalComparisonResult:
        """Return the distance, and whether it is within the threshold.

        Examples
        --------
        >>> found = PdqSignal.compare_hash("0" * 64, "0" * 63 + "f")
        >>> found.match, found.distance.distance
        (True, 4)
        """
        algorithm = cls.INDEX.ALGORITHM
        distance = Hash.from_hex(algorithm, hash1).distance(Hash.from_hex(algorithm, hash2))
        near = USUAL_DISTANCE[algorithm] if pdq_dist_threshold is None else pdq_dist_threshold
        return signal_base.SignalComparisonResult.from_simple_dist(distance, near)

    @classmethod
    def hash_from_bytes(cls, bytes_: bytes) -> str:
        """Return the digits of a picture's hash, "" where it is too flat for one to mean anything.

        Raises
        ------
        PictureRefused
            It cannot be looked at. That is no "no hash": whoever goes on must know.

        Examples
        --------
        >>> from pathlib import Path
        >>> own = PdqSignal.hash_from_bytes(Path("photo.jpg").read_bytes())
        >>> own == safehash.hash_file("photo.jpg", decode="full").hex
        True
        """
        algorithm = cls.INDEX.ALGORITHM
        try:
            # Of every pixel, as their tool hashes: the same digits. PDQ's quality speaks for pHash, too.
            own = hash_bytes(bytes_, decode="full")
            if (own.quality or 0) < USUAL_QUALITY:
                return ""
            if algorithm is not Algorithm.PDQ:
                own = hash_bytes(bytes_, algorithm=algorithm, decode="full")
        except ImageError as exc:
            raise PictureRefused(str(exc)) from exc
        return own.hex

    @classmethod
    def get_random_signal(cls) -> str:
        """Return the digits of a hash of no picture, for tests.

        Examples
        --------
        >>> len(PhashSignal.get_random_signal())
        16
        """
        algorithm = cls.INDEX.ALGORITHM
        return f"{random.getrandbits(algorithm.n_bits):0{2 * algorithm.n_bytes}x}"


class PdqSignal(_PhotoSignal, HasFbThreatExchangeIndicatorType):
    """PDQ under the name that the field knows it by: takes the place of python-threatexchange's own.

    Examples
    --------
    >>> PdqSignal.get_name(), PdqSignal.INDICATOR_TYPE
    ('pdq', 'HASH_PDQ')
    """

    INDICATOR_TYPE = "HASH_PDQ"
    INDEX = PdqIndex

    @classmethod
    def get_name(cls) -> str:
        """Return its name, which configurations and the command line know it by.

        Examples
        --------
        >>> PdqSignal.get_name()
        'pdq'
        """
        return "pdq"

    @staticmethod
    def get_examples() -> list[str]:
        """Return hashes as they are written.

        Examples
        --------
        >>> len(PdqSignal.get_examples()[0])
        64
        """
        return list(Theirs.get_examples())


class SafehashPdqSignal(PdqSignal):
    """The same beside python-threatexchange's own, under another name.

    Examples
    --------
    >>> SafehashPdqSignal.get_name() in [each.get_name() for each in TX_MANIFEST.signal_types]
    True
    """

    @classmethod
    def get_name(cls) -> str:
        """Return its name, which configurations and the command line know it by.

        Examples
        --------
        >>> SafehashPdqSignal.get_name()
        'safehash_pdq'
        """
        return "safehash_pdq"


class PhashSignal(_PhotoSignal):
    """pHash, the hash of 64 bits that the imagehash package calls so.

    Examples
    --------
    >>> PhashSignal.compare_hash("dec2251c6f52b98f", "dec2251c6f52b98e").match
    True
    """

    INDEX = PhashIndex

    @classmethod
    def get_name(cls) -> str:
        """Return its name, which configurations and the command line know it by.

        Examples
        --------
        >>> PhashSignal.get_name()
        'phash'
        """
        return "phash"

    @staticmethod
    def get_examples() -> list[str]:
        """Return hashes as they are written.

        Examples
        --------
        >>> len(PhashSignal.get_examples()[0])
        16
        """
        return ["dec2251c6f52b98f"]


TX_MANIFEST = ThreatExchangeExtensionManifest(signal_types=(SafehashPdqSignal, PhashSignal))
