"""Many times to the second, in UTC, as one array of characters: 2026-10-24T15:00:00Z."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .pools import Pool

__all__ = ["Moments", "Times", "pairs_as_json"]

UInt8Array = npt.NDArray[np.uint8]

#: Characters of a time.
_LENGTH = 20


class Moments:
    """Some times, each of 20 characters, or None.

    Parameters
    ----------
    characters : uint8, shape (n, 20)
        ASCII; of rows that are None it does not matter.
    there : bool, shape (n,), optional
        Which rows are not None; all by default.

    Examples
    --------
    >>> characters = np.frombuffer(b"2026-10-24T15:00:00Z" * 2, np.uint8).reshape(2, 20)
    >>> list(Moments(characters, np.array([True, False])))
    ['2026-10-24T15:00:00Z', None]
    """

    __slots__ = ("characters", "there")

    def __init__(self, characters: UInt8Array, there: npt.NDArray[np.bool_] | None = None) -> None:
        self.characters = characters
        self.there = None if there is None or there.all() else there

    def __len__(self) -> int:
        return int(self.characters.shape[0])

    def __getitem__(self, row: int) -> str | None:
        is_there = self.there is None or bool(self.there[row])
        return self.characters[row].tobytes().decode("ascii") if is_there else None

    def __iter__(self) -> Iterator[str | None]:
        return map(self.__getitem__, range(len(self)))

    def take(self, rows: Sequence[int]) -> Moments:
        """Return some of them."""
        at = np.asarray(rows, np.int64)
        return Moments(self.characters[at], None if self.there is None else self.there[at])

    def latest(self) -> str | None:
        """Return the last of them in time, None for none."""
        chosen = self.characters if self.there is None else self.characters[self.there]
        texts = np.ascontiguousarray(chosen).view(f"S{_LENGTH}").ravel().tolist()
        return max(texts).decode("ascii") if texts else None


#: A time for each of some rows, None where one has none.
Times: TypeAlias = "Sequence[str | None] | Moments"


def pairs_as_json(
    created: Moments | None, updated: Moments | None, n: int
) -> Iterator[tuple[npt.NDArray[np.int64], Pool]]:
    """Yield ``["...",null]`` and the like of `n` rows, as JSON, those of one form after the other with their rows."""
    all_of_them, none = np.ones(n, np.bool_), np.zeros(n, np.bool_)
    there = [
        none if each is None else all_of_them if each.there is None else each.there
        for each in (created, updated)
    ]
    for has_one in (True, False):
        for has_other in (True, False):
            rows = np.flatnonzero((there[0] == has_one) & (there[1] == has_other))
            if rows.size:
                yield rows, _pool(created if has_one else None, updated if has_other else None, rows)


def _pool(created: Moments | None, updated: Moments | None, rows: npt.NDArray[np.int64]) -> Pool:
    text = b"["
    starts: list[int] = []
    for each in (created, updated):
        text += b"," if starts else b""
        starts.append(len(text) + 1)
        text += b"null" if each is None else b'"%b"' % bytes(_LENGTH)
    text += b"]"
    written = np.empty((rows.size, len(text)), np.uint8)
    written[:] = np.frombuffer(text, np.uint8)
    for each, start in zip((created, updated), starts, strict=True):
        if each is not None:
            written[:, start : start + _LENGTH] = each.characters[rows]
    return Pool(np.arange(rows.size + 1, dtype=np.int64) * len(text), written.ravel())
