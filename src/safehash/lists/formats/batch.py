"""Many entries that have most in common, as columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, overload

import numpy as np
import numpy.typing as npt

from ...hashing.hashes import Algorithm, Hash
from ..entry import Entry
from ..moments import Moments, Times
from ..pools import Pool

__all__ = ["NO_QUALITY", "Batch", "picked"]

_T = TypeVar("_T")

NO_QUALITY = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A run of entries as a reader found them.

    Attributes
    ----------
    algorithm : Algorithm
    digests : uint8, shape (n, algorithm.n_bytes)
    likes : tuple of Entry
        Give what entries have in common; their hash, id and extra are not looked at.
    which : sequence of int, length n, or None
        Whom of `likes` each entry is like; the first by default.
    ids : sequence of str or None, length n, or None
    qualities : uint8, shape (n,), or None
        0 to 100; 255 where it is not known.
    created, updated : Times of length n, or None
        In place of those of `likes`, both, where one of them is given.
    extras : Pool of length n, or None
        Each entry's unknown fields as a JSON object in UTF-8.
    """

    algorithm: Algorithm
    digests: npt.NDArray[np.uint8]
    likes: tuple[Entry, ...]
    which: Sequence[int] | npt.NDArray[np.int64] | None = None
    ids: Sequence[str | None] | None = None
    qualities: npt.NDArray[np.uint8] | None = None
    created: Times | None = None
    updated: Times | None = None
    extras: Pool | None = None

    def __len__(self) -> int:
        return int(self.digests.shape[0])

    def entry(self, row: int) -> Entry:
        """Return one of them."""
        quality = NO_QUALITY if self.qualities is None else int(self.qualities[row])
        like = self.likes[0 if self.which is None else self.which[row]]
        created, updated = like.created, like.updated
        if self.created is not None or self.updated is not None:
            created = None if self.created is None else self.created[row]
            updated = None if self.updated is None else self.updated[row]
        return replace(
            like,
            hash=Hash(
                self.algorithm,
                self.digests[row].tobytes(),
                quality=None if quality == NO_QUALITY else quality,
            ),
            id=None if self.ids is None else self.ids[row],
            created=created,
            updated=updated,
            extra={} if self.extras is None else json.loads(self.extras.item(row)),
        )

    def __iter__(self) -> Iterator[Entry]:
        return map(self.entry, range(len(self)))


@overload
def picked(values: None, rows: Sequence[Any]) -> None: ...
@overload
def picked(values: Moments, rows: Sequence[Any]) -> Moments: ...
@overload
def picked(values: Sequence[_T], rows: Sequence[Any]) -> Sequence[_T]: ...
def picked(values: Sequence[_T] | Moments | None, rows: Sequence[Any]) -> Sequence[_T] | Moments | None:
    """Return the values of some rows of a column, in their order; the column itself where these are all of it."""
    if values is None or len(rows) == len(values):
        return values
    return values.take(rows) if isinstance(values, Moments) else [values[k] for k in rows]
