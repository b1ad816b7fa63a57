"""A list of the user's own in an evaluation: what came near its entries, and how near."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..hashing.hashes import Algorithm, Hash
from ..lists.loading import load_list
from ..lists.source import ListPath
from ..lists.table import EntryTable
from ..matching.views import Hit
from ..search.index import Index

__all__ = ["NEAREST_WITHIN", "ListMatch", "OwnList"]

UInt8Array = npt.NDArray[np.uint8]

#: How far an evaluation looks for the nearest entry, in bits; it says "none" of what lies farther.
NEAREST_WITHIN = 64

#: A picture this near an entry is on the list, whatever threshold is measured, in bits.
_ON_LIST = 31

#: Matches kept for a person to look at.
_MATCHES_KEPT = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class ListMatch:
    """One altered copy that came near an entry that is not of its picture.

    Attributes
    ----------
    picture, manipulation, effort, view : str
    distance : int
        In bits.
    entry : str
        The entry's identifier, or its digest where it has none.
    """

    picture: str
    manipulation: str
    effort: str
    view: str
    distance: int
    entry: str

    def to_record(self) -> dict[str, Any]:
        """Return the match as plain data."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(slots=True)
class OwnList:
    """A list that uploads are looked up against, and what came near it.

    Attributes
    ----------
    name : str
        Of the list, as `read_list` calls it.
    digests : ndarray of uint8, shape (n, 32)
        Its live PDQ entries.
    known : list of set of int
        For each listed picture, the entries that it is near to begin with: those are no false matches.
    n_known : int
        Pictures with such entries, those kept for collages included.
    false : Counter of str
        Uploads that came near another entry, by effort.
    needs : dict of str to list of (int or None)
        For each picture that is not on the list, unaltered, and by effort: the smallest threshold at which
        some entry matches it; None where that is over `NEAREST_WITHIN`.
    matches : list of ListMatch
        The first of the false matches.
    """

    name: str
    digests: UInt8Array
    _table: EntryTable
    _rows: npt.NDArray[np.int64]
    known: list[set[int]] = field(default_factory=list)
    n_known: int = 0
    false: Counter[str] = field(default_factory=Counter)
    needs: dict[str, list[int | None]] = field(default_factory=dict)
    matches: list[ListMatch] = field(default_factory=list)

    @classmethod
    def read(cls, path: ListPath) -> OwnList:
        """Read a list of any format that `read_list` knows.

        Raises
        ------
        ListError
            Nothing at `path`, or no usable record in it.
        ValueError
            It holds no PDQ digest.
        """
        loaded = load_list(path)
        rows, digests = loaded.table.digests(Algorithm.PDQ)
        if not len(rows):
            raise ValueError(f"{loaded.name}: no PDQ hash on this list")
        return cls(loaded.name, digests, loaded.table, rows)

    def know(self, listed: Sequence[Hash], background: Sequence[Hash]) -> None:
        """Find out which of the folder's pictures are on this list to begin with, in any orientation."""
        index = Index.from_digests(self.digests, algorithm=Algorithm.PDQ)

        def near(value: Hash) -> set[int]:
            turned = value.orientations()
            views = [*turned, *(each.negative() for each in turned)]
            found = index.search_views(views, max_distance=_ON_LIST)
            return {row for answers in found for row, _ in answers}

        shared = [near(value) for value in background]
        # Other people's pictures stand in collages of every upload.
        in_collages = set().union(*shared)
        own = [near(value) for value in listed]
        self.known = [rows | in_collages for rows in own]
        self.n_known = sum(bool(rows) for rows in [*own, *shared])

    def add_nearest(self, effort: str, hits: Iterable[Hit], first_row: int, at: int) -> None:
        """Note how near a picture, unaltered, comes to the list; `first_row` of the index is this list's."""
        ours = [hit for hit in hits if first_row <= hit.row < first_row + len(self.digests)]
        needs = [hit.needs for hit in ours if hit.row - first_row not in self.known[at]]
        self.needs.setdefault(effort, []).append(min(needs, default=None))

    def add_match(self, picture: str, manipulation: str, effort: str, hit: Hit, entry: int) -> None:
        """Keep one false match for a person to look at."""
        if len(self.matches) < _MATCHES_KEPT:
            self.matches.append(
                ListMatch(
                    picture=picture, manipulation=manipulation, effort=effort, view=hit.view,
                    distance=hit.distance, entry=self._entry_name(entry),
                )
            )  # fmt: skip

    def nearest(self, effort: str) -> int | None:
        """Return the smallest threshold at which any picture that is not on the list matches it."""
        return min((need for need in self.needs.get(effort, ()) if need is not None), default=None)

    def in_words(self) -> list[str]:
        """Return lines of text: which list, what came near it, and how near."""
        known = f"; {self.n_known} pictures of the folder are on it" if self.n_known else ""
        lines = [f"own list {self.name}: {len(self.digests)} PDQ entries{known}"]
        for effort, needs in self.needs.items():
            least = self.nearest(effort)
            near = f"more than {NEAREST_WITHIN} bits" if least is None else f"{least} bits"
            lines.append(
                f"  {effort}: {self.false[effort]} uploads with a false match; nearest entry to an unaltered "
                f"picture: {near} ({sum(need is not None for need in needs)} of {len(needs)} within "
                f"{NEAREST_WITHIN})"
            )
        return lines

    def to_record(self) -> dict[str, Any]:
        """Return everything as plain data, for JSON."""
        return {
            "name": self.name,
            "entries": len(self.digests),
            "pictures_on_it": self.n_known,
            "false_matches": {effort: self.false[effort] for effort in self.needs},
            "nearest": {
                effort: {
                    "least": self.nearest(effort),
                    "within": NEAREST_WITHIN,
                    "pictures": len(needs),
                    "pictures_within": sum(need is not None for need in needs),
                    "median_of_those": _median([need for need in needs if need is not None]),
                }
                for effort, needs in self.needs.items()
            },
            "matches": [match.to_record() for match in self.matches],
        }

    def _entry_name(self, entry: int) -> str:
        found = self._table[int(self._rows[entry])]
        return found.id or self.digests[entry].tobytes().hex()


def _median(values: Sequence[int]) -> float | None:
    return statistics.median(values) if values else None
