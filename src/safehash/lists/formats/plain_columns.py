"""Plain records taken apart into columns, with what each of them means, as batches."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from ...hashing.hashes import Algorithm
from ..entry import Entry
from ..moments import Moments, Times
from ..pools import Pool
from .batch import NO_QUALITY, Batch, picked
from .times import utc_times

__all__ = ["Made", "Meaning", "PlainColumns", "as_bytes", "first_of_each", "from_hex", "n_of"]

_T = TypeVar("_T")
_K = TypeVar("_K", bound=Hashable)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainColumns:
    """Plain records, taken apart; all columns are of one length.

    Attributes
    ----------
    keys : list of hashable or None
        Everything but what follows: records of one key differ in nothing else. None for a record that is not
        plain after all.
    digests : list of str
    ids : list of str or None
    created, updated : list of what `utc_time` reads, or None
        None where a record has none; one that is no time makes its record odd.
    extras : Pool or None
        Each one's unknown fields, as a JSON object in UTF-8.
    qualities : list of int or None
    free : sequence of (list of bytes)
        Fields as they stand in the page that the key leaves out and that may be more than a text or a number: but for
        these, records of one key have as many quotes as each other. In one that has more, a field stands twice, of
        which the parser took the last.
    """

    keys: Sequence[Hashable]
    digests: list[str]
    ids: Sequence[str | None] | None = None
    created: Sequence[object] | None = None
    updated: Sequence[object] | None = None
    extras: Pool | None = None
    qualities: list[int] | None = None
    free: Sequence[list[bytes]] = ()

    def free_quotes(self, row: int) -> int:
        """Return how many quotes one record has in its free fields."""
        return sum(values[row].count(b'"') for values in self.free)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What all records of one key are.

    Attributes
    ----------
    algorithm : Algorithm
    model : Entry
        Without hash, id, times and extra.
    n_quotes : int
        In each record, but for its free fields.
    """

    algorithm: Algorithm
    model: Entry
    n_quotes: int


class Made:
    """Columns of plain records, with what each means, as batches.

    Parameters
    ----------
    columns : PlainColumns
    which : int64, shape (n,)
        Which of `meanings` each record has.
    meanings : sequence of Meaning or None
        None for what is not plain.
    odd : set of int
        Rows that are known not to be plain.

    Attributes
    ----------
    odd : set of int
        These, and others that are found not to be.
    """

    def __init__(
        self,
        columns: PlainColumns,
        which: npt.NDArray[np.int64],
        meanings: Sequence[Meaning | None],
        odd: set[int],
    ) -> None:
        self._columns = columns
        self.odd = odd
        self._created = self._times(columns.created)
        self._updated = self._times(columns.updated)
        # All rows of one batch have algorithm, source and kind of key in common.
        kinds: dict[tuple[Algorithm, str, str], _Kind] = {}
        number_of_kind = np.full(len(meanings), -1)
        self._like_of = np.zeros(len(meanings), np.int64)
        for number, found in enumerate(meanings):
            if found is not None:
                key = (found.algorithm, found.model.source, found.model.keyed_by)
                kind = kinds.setdefault(key, _Kind(found.algorithm, len(kinds)))
                number_of_kind[number] = kind.number
                self._like_of[number] = len(kind.likes)
                kind.likes.append(found.model)
        self._which = which
        kind_of = number_of_kind[which]
        if (kind_of < 0).any():
            self.odd |= set(np.flatnonzero(kind_of < 0).tolist())
        for kind in kinds.values():
            kind.rows = (
                range(len(which)) if len(kinds) == 1 else np.flatnonzero(kind_of == kind.number).tolist()
            )
        self._kinds = [kind for kind in kinds.values() if self._has_digests(kind)]

    def _times(self, values: Sequence[object] | None) -> Times | None:
        if values is None:
            return None
        found = utc_times(values)
        if not isinstance(found, Moments) and None in found:
            self.odd |= {
                k
                for k, (time, value) in enumerate(zip(found, values, strict=True))
                if time is None and value is not None
            }
        return found

    def _has_digests(self, kind: _Kind) -> bool:
        """Decode the digests of one kind of rows; those that are none are odd."""
        if self.odd:
            kind.rows = [k for k in kind.rows if k not in self.odd]
        texts = picked(self._columns.digests, kind.rows)
        n_bytes = kind.algorithm.n_bytes
        digests = from_hex(texts, n_bytes)
        if digests is None:
            bad = {k for k, text in zip(kind.rows, texts, strict=True) if from_hex([text], n_bytes) is None}
            self.odd |= bad
            kind.rows = [k for k in kind.rows if k not in bad]
            digests = from_hex(picked(self._columns.digests, kind.rows), n_bytes)
        if digests is None or not kind.rows:
            return False
        kind.digests = digests
        return True

    def batches(self) -> Iterator[Batch]:
        """Yield the rows, all but the odd ones."""
        columns = self._columns
        for kind in self._kinds:
            rows = kind.rows
            qualities = None
            if columns.qualities is not None:
                qualities = np.array(picked(columns.qualities, rows), np.uint8)
                if (qualities == NO_QUALITY).all():
                    qualities = None
            which = self._which if len(rows) == len(self._which) else self._which[np.asarray(rows)]
            yield Batch(
                algorithm=kind.algorithm,
                digests=kind.digests,
                likes=tuple(kind.likes),
                which=self._like_of[which],
                ids=picked(columns.ids, rows),
                qualities=qualities,
                created=picked(self._created, rows),
                updated=picked(self._updated, rows),
                extras=_extras(columns.extras, rows),
            )


class _Kind:
    """Rows that may stand in one batch."""

    def __init__(self, algorithm: Algorithm, number: int) -> None:
        self.algorithm = algorithm
        self.number = number
        self.rows: Sequence[int] = []
        self.digests: npt.NDArray[np.uint8] = np.zeros((0, algorithm.n_bytes), np.uint8)
        self.likes: list[Entry] = []


def _extras(extras: Pool | None, rows: Sequence[int]) -> Pool | None:
    return extras if extras is None or len(rows) == len(extras) else extras.chosen(rows)


def first_of_each(keys: Sequence[_K]) -> tuple[npt.NDArray[np.int64], dict[_K, int]]:
    """Return which of the different keys each one is, shape (n,), and of each of these the first row, in their order.

    Examples
    --------
    >>> first_of_each(["a", "b", "a"])
    (array([0, 1, 0]), {'a': 0, 'b': 1})
    """
    first: dict[_K, int] = {}
    at = np.fromiter(map(first.setdefault, keys, range(len(keys))), np.int64, len(keys))
    number = np.zeros(len(keys), np.int64)
    number[list(first.values())] = np.arange(len(first))
    return number[at], first


def n_of(character: bytes, data: bytes) -> int:
    """Count a character; `bytes.count` takes several times as long."""
    return int(np.count_nonzero(np.frombuffer(data, np.uint8) == character[0]))


def as_bytes(pieces: Sequence[msgspec.Raw]) -> list[bytes]:
    """Return pieces of JSON as bytes; all at once take half the time of one by one.

    Examples
    --------
    >>> as_bytes([msgspec.Raw(b"1"), msgspec.Raw(b'"a"')])
    [b'1', b'"a"']
    """
    found = b"\0".join(pieces).split(b"\0")  # JSON has none
    return found if len(found) == len(pieces) else list(map(bytes, pieces))


def from_hex(texts: Sequence[str], n_bytes: int) -> npt.NDArray[np.uint8] | None:
    """Return the digests of plain hexadecimal digits, shape (n, n_bytes); None if one is anything else."""
    if set(map(len, texts)) - {2 * n_bytes}:
        return None
    try:
        data = bytes.fromhex("".join(texts))
    except ValueError:
        return None
    if len(data) != n_bytes * len(texts):  # it skips white space
        return None
    return np.frombuffer(data, np.uint8).reshape(-1, n_bytes)
