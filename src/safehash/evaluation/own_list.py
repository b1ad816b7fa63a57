"""A list of the user's own in an evaluation: what came near its entries, and how near."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..hashing.algorithms import SHOWN_DIGITS, USUAL_DISTANCE
from ..hashing.hashes import Algorithm, Hash
from ..lists.loading import load_list
from ..lists.source import ListPath
from ..lists.table import EntryTable
from ..matching.views import Hit
from ..search.index import Index
from .results import ListEvaluation, ListMatch

__all__ = ["OwnList"]

UInt8Array = npt.NDArray[np.uint8]

#: A picture this near an entry is on the list, whatever threshold is measured, in bits.
_ON_LIST = USUAL_DISTANCE[Algorithm.PDQ]

#: Matches kept for a person to look at.
_MATCHES_KEPT = 200


@dataclass(slots=True)
class OwnList:
    """A list that uploads are looked up against, and what came near it.

    Attributes
    ----------
    result : ListEvaluation
        What was counted until now.
    digests : ndarray of uint8, shape (n, 32)
        Its live PDQ entries.
    known : list of set of int
        For each listed picture, the entries that it is near to begin with: those are no false matches.
    """

    result: ListEvaluation
    digests: UInt8Array
    _table: EntryTable
    _rows: npt.NDArray[np.int64]
    known: list[set[int]] = field(default_factory=list)

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
        return cls(ListEvaluation(loaded.name, len(digests)), digests, loaded.table, rows)

    def know(self, listed: Sequence[Sequence[Hash]], background: Sequence[Sequence[Hash]]) -> None:
        """Find out which of the folder's pictures, each by its hashes in all orientations, are on this list."""
        index = Index.from_digests(self.digests, algorithm=Algorithm.PDQ)

        def near(turned: Sequence[Hash]) -> set[int]:
            views = [*turned, *(each.negative() for each in turned)]
            found = index.search_views(views, max_distance=_ON_LIST)
            return {row for answers in found for row, _ in answers}

        shared = [near(each) for each in background]
        # Other people's pictures stand in collages of every upload.
        in_collages = set().union(*shared)
        own = [near(each) for each in listed]
        self.known = [rows | in_collages for rows in own]
        self.result.n_known = sum(bool(rows) for rows in [*own, *shared])

    def add_nearest(self, effort: str, hits: Iterable[Hit], first_row: int, at: int) -> None:
        """Note how near a picture, unaltered, comes to the list; `first_row` of the index is this list's."""
        ours = [hit for hit in hits if first_row <= hit.row < first_row + len(self.digests)]
        needs = [hit.needs for hit in ours if hit.row - first_row not in self.known[at]]
        self.result.needs.setdefault(effort, []).append(min(needs, default=None))

    def add_match(self, picture: str, manipulation: str, effort: str, hit: Hit, entry: int) -> None:
        """Keep one false match for a person to look at."""
        if len(self.result.matches) < _MATCHES_KEPT:
            self.result.matches.append(
                ListMatch(
                    picture=picture, manipulation=manipulation, effort=effort, view=hit.view,
                    distance=hit.distance, entry=self._entry_name(entry),
                )
            )  # fmt: skip

    def _entry_name(self, entry: int) -> str:
        found = self._table[int(self._rows[entry])]
        return found.id or f"{self.digests[entry].tobytes().hex()[:SHOWN_DIGITS]}..."
