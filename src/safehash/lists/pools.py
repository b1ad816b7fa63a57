"""Byte strings laid end to end: what a table keeps of texts, and how they get there."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Pool", "PoolBuilder", "pool_of", "pool_of_bytes", "pool_of_parts", "uint32"]

AnyArray = npt.NDArray[Any]
UInt8Array = npt.NDArray[np.uint8]
Int64Array = npt.NDArray[np.int64]

#: How many items taken over from another table are looked up for repetitions; more are just appended.
_INTERNED_LIMIT = 10_000


def uint32(numbers: Iterable[int]) -> npt.NDArray[np.uint32]:
    """Return some numbers as an array."""
    return np.fromiter(numbers, np.uint32)


def pool_of(texts: Sequence[str]) -> Pool:
    """Return texts as a pool, in UTF-8.

    Examples
    --------
    >>> pool_of(["a", "", "bcd"]).item(2)
    b'bcd'
    """
    data = "".join(texts)
    encoded = data.encode("utf-8", "surrogatepass")
    if len(encoded) != len(data):
        return pool_of_bytes([text.encode("utf-8", "surrogatepass") for text in texts])
    return _laid_out(encoded, texts)


def pool_of_bytes(items: Sequence[bytes]) -> Pool:
    """Return byte strings as a pool."""
    return _laid_out(b"".join(items), items)


def pool_of_parts(n: int, columns: Sequence[Sequence[bytes] | bytes]) -> Pool:
    """Return a pool of what some columns of byte strings make together, row by row.

    Parameters
    ----------
    n : int
        How many rows there are.
    columns : sequence of (sequence of bytes, length n, or bytes)
        One byte string stands in every row.

    Examples
    --------
    >>> pool_of_parts(2, [[b"a", b""], b"-", [b"b", b"c"]]).item(0)
    b'a-b'
    """
    lengths = np.full(n, sum(len(each) for each in columns if isinstance(each, bytes)), np.int64)
    for each in columns:
        if not isinstance(each, bytes):
            lengths += np.fromiter(map(len, each), np.int64, n)
    offsets = np.zeros(n + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    rows = zip(*(repeat(each, n) if isinstance(each, bytes) else each for each in columns), strict=True)
    data = b"".join(chain.from_iterable(rows))
    return Pool(offsets, np.frombuffer(data, np.uint8))


def _laid_out(data: bytes, items: Sequence[str] | Sequence[bytes]) -> Pool:
    offsets = np.zeros(len(items) + 1, np.int64)
    np.cumsum(np.fromiter(map(len, items), np.int64, len(items)), out=offsets[1:])
    return Pool(offsets, np.frombuffer(data, np.uint8))


class Pool:
    """Byte strings laid end to end."""

    __slots__ = ("blob", "offsets")

    def __init__(self, offsets: Int64Array, blob: UInt8Array) -> None:
        self.offsets = offsets
        self.blob = blob

    @classmethod
    def of(cls, name: str, sections: Mapping[str, AnyArray]) -> Pool:
        """Return the pool `name` of a table's sections."""
        return cls(sections[f"{name}_offsets"], sections[f"{name}_bytes"])

    def __len__(self) -> int:
        return int(self.offsets.shape[0]) - 1

    def item(self, number: int) -> bytes:
        """Return one string."""
        return self.blob[self.offsets[number] : self.offsets[number + 1]].tobytes()

    def items(self, rows: Sequence[int] | Int64Array) -> list[bytes]:
        """Return some strings; one by one they take ten times as long."""
        at = np.asarray(rows, np.int64)
        begins, ends = self.offsets[at].tolist(), self.offsets[at + 1].tolist()
        data = np.ascontiguousarray(self.blob).data
        return [bytes(data[begin:end]) for begin, end in zip(begins, ends, strict=True)]

    def chosen(self, rows: Sequence[int]) -> Pool:
        """Return some items as a pool of their own."""
        return pool_of_bytes(self.items(rows))

    def equal(self, one: Int64Array, other: Int64Array) -> npt.NDArray[np.bool_]:
        """Tell which items are equal to which others, pair by pair; the pool's offsets are in order."""
        begins, others = self.offsets[one], self.offsets[other]
        lengths = self.offsets[one + 1] - begins
        same: npt.NDArray[np.bool_] = lengths == self.offsets[other + 1] - others
        for length in np.unique(lengths[same]).tolist():
            at = np.flatnonzero(same & (lengths == length))
            for start in range(0, at.shape[0], 1 << 14):
                some = at[start : start + (1 << 14)]
                within = np.arange(length)
                left = self.blob[begins[some][:, None] + within]
                right = self.blob[others[some][:, None] + within]
                same[some] = (left == right).all(axis=1)
        return same


class PoolBuilder:
    """Byte strings laid end to end; `intern` stores each only once."""

    __slots__ = ("_blob", "_known", "_offsets")

    def __init__(self) -> None:
        self._blob = bytearray()
        self._offsets = array("q", [0])
        self._known: dict[bytes, int] = {}

    def append(self, data: bytes) -> None:
        self._blob += data
        self._offsets.append(len(self._blob))

    def skip(self, n: int) -> None:
        """Add `n` empty strings."""
        self._offsets.frombytes(np.full(n, len(self._blob), np.int64).tobytes())

    def intern(self, data: bytes) -> int:
        number = self._known.get(data)
        if number is None:
            number = self._known[data] = len(self._offsets) - 1
            self.append(data)
        return number

    def append_many(self, pool: Pool) -> int:
        """Append all of a pool without looking for repetitions; return the first one's number."""
        first = len(self._offsets) - 1
        start = len(self._blob)
        self._blob += pool.blob.data if pool.blob.size else b""
        self._offsets.frombytes((pool.offsets[1:] + start).tobytes())
        return first

    def take(self, pool: Pool, numbers: AnyArray) -> npt.NDArray[np.uint32]:
        """Take over items of another pool, each once; return their numbers here."""
        if numbers.size and (numbers[1:] > numbers[:-1]).all():  # so where each row has one of its own
            distinct, position = numbers.astype(np.int64), np.arange(numbers.size)
        else:
            distinct, position = np.unique(numbers, return_inverse=True)
        if distinct.size <= _INTERNED_LIMIT:
            items = map(pool.item, distinct.tolist())
            return uint32(map(self.intern, items))[position]
        first = len(self._offsets) - 1
        self.take_each(pool, distinct)
        return (first + position).astype(np.uint32)

    def take_each(self, pool: Pool, numbers: AnyArray) -> None:
        """Append items of another pool in this order."""
        for start in range(0, numbers.shape[0], 1 << 16):
            some = numbers[start : start + (1 << 16)]
            begins = pool.offsets[some]
            lengths = pool.offsets[some + 1] - begins
            ends = np.cumsum(lengths)
            self._offsets.frombytes((ends + len(self._blob)).tobytes())
            if not ends.size or not ends[-1]:
                continue
            breaks = np.flatnonzero(np.diff(some) != 1)
            if breaks.size * 4 < some.size:
                # Mostly one behind the other: what stands together is copied as one.
                data = np.ascontiguousarray(pool.blob).data
                starts = begins[np.concatenate(([0], breaks + 1))].tolist()
                stops = pool.offsets[some[np.concatenate((breaks, [some.size - 1]))] + 1].tolist()
                self._blob += b"".join([data[a:b] for a, b in zip(starts, stops, strict=True)])
            else:
                at = np.arange(ends[-1]) + np.repeat(begins - (ends - lengths), lengths)
                self._blob += pool.blob[at].tobytes()

    def to_sections(self, name: str, sections: dict[str, AnyArray]) -> None:
        sections[f"{name}_offsets"] = np.frombuffer(self._offsets, dtype=np.int64)
        sections[f"{name}_bytes"] = np.frombuffer(self._blob, dtype=np.uint8)
