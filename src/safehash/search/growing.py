"""An index that grows: digests with what they stand for, cheap to add to, written to a stream and read from one."""

from __future__ import annotations

import hashlib
import json
import struct
import threading
from collections.abc import Callable, Iterable
from typing import Any, BinaryIO, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from .._face import checked
from ..errors import IndexFileError
from ..hashing.algorithms import USUAL_DISTANCE
from ..hashing.hashes import Algorithm, Hash
from .arrays import index_of_parts, parts_of
from .index import Index, check_distance

__all__ = ["GrowingIndex"]

#: What a stream begins with, and the version of what follows it.
_MAGIC = b"safehash grow\x00\x00\x01"
#: Bytes of the header a reader takes in good faith.
_MAX_HEADER = 1 << 16
_CHECKSUM_BYTES = 32
#: A part is merged with the one before it when it has grown to one in so many of its rows: each digest is then copied
#: a few times in all, and a search looks into a handful of parts.
_GROWTH = 8
#: Digests from which on a part has slots (benchmarks/crossover.py).
_SLOTTED = 4096

_T = TypeVar("_T")


@checked
class GrowingIndex(Generic[_T]):
    """Digests of one algorithm, each with a payload, searchable exactly within a radius, and cheap to add to.

    Parameters
    ----------
    algorithm : str or Algorithm
    max_distance : int, optional
        The radius to be fastest at, in bits; every other is exact too.

    Notes
    -----
    Safe to share between threads: a search sees all of an `add_many` or nothing of it. A digest that is added twice is
    found twice.

    Examples
    --------
    >>> index = GrowingIndex(algorithm="pdq")
    >>> index.add("f" * 64, {"id": 7})
    >>> index.search("f" * 63 + "e", max_distance=31)
    [({'id': 7}, 1)]
    """

    def __init__(self, *, algorithm: str | Algorithm = "pdq", max_distance: int | None = None) -> None:
        self._algorithm = Algorithm(algorithm)
        if max_distance is None:
            max_distance = USUAL_DISTANCE.get(self._algorithm, 0)
        check_distance(self._algorithm, max_distance)
        self._max_distance = max_distance
        self._lock = threading.Lock()
        #: Parts in the order of their rows, the oldest and largest first.
        self._parts: tuple[Index, ...] = ()
        self._payloads: list[_T] = []
        self._waiting: list[bytes] = []  # digests that no part has yet

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm of every digest here.

        Examples
        --------
        >>> GrowingIndex(algorithm="phash").algorithm.value
        'phash'
        """
        return self._algorithm

    @property
    def max_distance(self) -> int:
        """The radius this index is fastest at, in bits.

        Examples
        --------
        >>> GrowingIndex().max_distance
        31
        """
        return self._max_distance

    def __len__(self) -> int:
        return len(self._payloads)

    def add(self, value: Hash | str, payload: _T) -> None:
        """Add one digest, a `Hash` or its hexadecimal digits.

        Raises
        ------
        TypeError, ValueError
            It is none, or of another algorithm.

        Examples
        --------
        >>> index = GrowingIndex(algorithm="phash")
        >>> index.add("d1c4a3b2f0e19687", "one")
        >>> len(index)
        1
        """
        self.add_many([(value, payload)])

    def add_many(self, entries: Iterable[tuple[Hash | str, _T]]) -> None:
        """Add digests, all of them or, where one is refused, none.

        Raises
        ------
        TypeError, ValueError
            One is no digest, or of another algorithm.

        Examples
        --------
        >>> index = GrowingIndex()
        >>> index.add_many((f"{number:064x}", number) for number in range(1000))
        >>> index.search(f"{5:064x}", max_distance=0)
        [(5, 0)]
        """
        digests, payloads = [], []
        for value, payload in entries:
            digests.append(self._digest(value))
            payloads.append(payload)
        with self._lock:
            self._waiting += digests
            self._payloads += payloads

    def search(self, value: Hash | str, *, max_distance: int) -> list[tuple[_T, int]]:
        """Return (payload, distance) of every digest within `max_distance` bits, nearest first, then as added.

        Raises
        ------
        TypeError, ValueError
            As of `add`; or `max_distance` is no number of bits.

        Examples
        --------
        >>> GrowingIndex().search("f" * 64, max_distance=31)
        []
        """
        check_distance(self._algorithm, max_distance)
        query = Hash(self._algorithm, self._digest(value))
        parts, first, found = self._settled(), 0, []
        for part in parts:
            found += [
                (distance, first + row) for row, distance in part.search(query, max_distance=max_distance)
            ]
            first += len(part)
        payloads = self._payloads  # only ever appended to
        return [(payloads[row], distance) for distance, row in sorted(found)]

    def _digest(self, value: Hash | str) -> bytes:
        if isinstance(value, str):
            return Hash.from_hex(self._algorithm, value).digest
        if not isinstance(value, Hash):
            raise TypeError(f"a Hash or hexadecimal digits, not {type(value).__name__}")
        if value.algorithm is not self._algorithm:
            raise TypeError(f"this index holds {self._algorithm.value}, this is {value.algorithm.value}")
        return value.digest

    def _settled(self) -> tuple[Index, ...]:
        """Return the parts, what waited among them."""
        if not self._waiting:
            return self._parts
        with self._lock:
            if self._waiting:
                joined = np.frombuffer(b"".join(self._waiting), np.uint8)
                parts = [*self._parts, self._part(joined.reshape(-1, self._algorithm.n_bytes))]
                while len(parts) > 1 and len(parts[-1]) * _GROWTH >= len(parts[-2]):
                    last = parts.pop()
                    parts[-1] = self._joined(parts[-1], last)
                self._parts = tuple(parts)
                self._waiting = []
            return self._parts

    def _part(self, digests: npt.NDArray[np.uint8]) -> Index:
        """Return an index of some digests; few of them have no slots: looking at all is cheaper than making any."""
        if len(digests) >= _SLOTTED:
            return Index.from_digests(digests, algorithm=self._algorithm, max_distance=self._max_distance)
        none = np.zeros(0, np.uint32)
        return index_of_parts(
            algorithm=self._algorithm, digests=digests, widths=(), starts=none, ids=none, disabled=None,
            max_distance=self._max_distance,
        )  # fmt: skip

    def _joined(self, part: Index, behind: Index) -> Index:
        """Return one index of two, the second's rows behind the first's."""
        added = parts_of(behind)["digests"]
        if len(part) >= _SLOTTED:
            return part.updated(added=added)
        return self._part(np.concatenate([parts_of(part)["digests"], added]))

    # -- streams ------------------------------------------------------------------------------------------

    def write(self, stream: BinaryIO, *, pack: Callable[[_T], Any] | None = None) -> None:
        """Write everything to a stream: digests as they are, payloads as JSON, and a checksum of both.

        Parameters
        ----------
        stream : binary file object
        pack : callable, optional
            Makes of a payload what JSON keeps.

        Raises
        ------
        TypeError
            A payload is nothing that JSON keeps as it is: numbers, texts, None, lists and dictionaries of them.

        Examples
        --------
        >>> import io
        >>> index, stream = GrowingIndex(), io.BytesIO()
        >>> index.add("f" * 64, [1, "one"])
        >>> index.write(stream)
        >>> _ = stream.seek(0)
        >>> GrowingIndex.read(stream).search("f" * 64, max_distance=0)
        [([1, 'one'], 0)]
        """
        parts = self._settled()
        n_rows = sum(map(len, parts))
        payloads: list[Any] = self._payloads[:n_rows]
        if pack is not None:
            payloads = [pack(payload) for payload in payloads]
        if not all(_is_kept(payload) for payload in payloads):
            raise TypeError(
                "a payload is nothing that JSON keeps as it is (tuples and sets become lists, keys texts)"
            )
        text = json.dumps(payloads, separators=(",", ":"), allow_nan=False)
        packed = text.encode("utf-8", "surrogatepass")
        header = {
            "algorithm": self._algorithm.value,
            "max_distance": self._max_distance,
            "n_rows": n_rows,
            "n_payload_bytes": len(packed),
        }
        head = json.dumps(header).encode()
        checksum = hashlib.sha256()
        pieces: tuple[bytes | memoryview, ...] = (
            _MAGIC + struct.pack("<I", len(head)) + head,
            *(np.ascontiguousarray(parts_of(part)["digests"]).data.cast("B") for part in parts if len(part)),
            packed,
        )
        for piece in pieces:
            checksum.update(piece)
            stream.write(piece)
        stream.write(checksum.digest())

    @classmethod
    def read(cls, stream: BinaryIO, *, unpack: Callable[[Any], Any] | None = None) -> GrowingIndex[Any]:
        """Return the index that `write` wrote to a stream. Runs nothing that stands in it.

        Parameters
        ----------
        stream : binary file object
        unpack : callable, optional
            Makes a payload of what `pack` made of it; a ValueError, KeyError or TypeError says that it is none.

        Raises
        ------
        IndexFileError
            It is damaged, cut, foreign, or written by a newer version.

        Examples
        --------
        >>> import io
        >>> GrowingIndex.read(io.BytesIO(b"words of nobody"))
        Traceback (most recent call last):
            ...
        safehash.errors.IndexFileError: it breaks off: 1 bytes of 16 are missing
        """
        checksum = hashlib.sha256()

        def take(n_bytes: int) -> bytes:
            data = _exactly(stream, n_bytes)
            checksum.update(data)
            return data

        if take(len(_MAGIC)) != _MAGIC:
            raise IndexFileError("not a stream of a growing index")
        (n_head,) = struct.unpack("<I", take(4))
        if n_head > _MAX_HEADER:
            raise IndexFileError("its header is too long to be one")
        try:
            header = json.loads(take(n_head))
            self: GrowingIndex[Any] = cls(algorithm=header["algorithm"], max_distance=header["max_distance"])
            n_rows, n_packed = int(header["n_rows"]), int(header["n_payload_bytes"])
            digests = np.frombuffer(take(n_rows * self._algorithm.n_bytes), np.uint8)
            packed = take(n_packed)
            if _exactly(stream, _CHECKSUM_BYTES) != checksum.digest():
                raise IndexFileError("its checksum does not fit: it is damaged")
            payloads = json.loads(packed.decode("utf-8", "surrogatepass"))
            if unpack is not None and isinstance(payloads, list):
                payloads = [unpack(payload) for payload in payloads]
        except (KeyError, TypeError, ValueError, RecursionError, OverflowError) as exc:
            raise IndexFileError("its header or a payload cannot be read: it is damaged") from exc
        if not isinstance(payloads, list) or len(payloads) != n_rows:
            raise IndexFileError(f"it has {n_rows} digests and not so many payloads")
        self._payloads = payloads
        if n_rows:
            self._parts = (self._part(digests.reshape(n_rows, self._algorithm.n_bytes)),)
        return self


def _exactly(stream: BinaryIO, n_bytes: int) -> bytes:
    """Return so many bytes, read in pieces: a header that lies about them costs no memory."""
    if n_bytes < 0:
        raise IndexFileError("its header cannot be read: it is damaged")
    pieces, left = [], n_bytes
    while left:
        piece = stream.read(min(left, 1 << 24))
        if not piece:
            raise IndexFileError(f"it breaks off: {left} bytes of {n_bytes} are missing")
        pieces.append(piece)
        left -= len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _is_kept(value: object) -> bool:
    """Tell whether JSON gives a value back as it was."""
    if value is None or type(value) in (bool, int, float, str):
        return True
    if type(value) is list:
        return all(map(_is_kept, value))
    return type(value) is dict and all(type(key) is str and _is_kept(each) for key, each in value.items())
