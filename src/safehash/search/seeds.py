"""Rows that share whole slots with one of many queries: where to look closer, for a fraction of a search."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from .. import _search
from .index import Index, check_distance
from .slots import masks_within

__all__ = ["Seeds", "seed"]

UInt8Array = npt.NDArray[np.uint8]
Int64Array = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Seeds:
    """Rows that share slots with one of several queries; arrays of one length, rows ascending.

    Attributes
    ----------
    rows : int64
    distances : int32
        The smallest distance of the row to any query that found it, in bits.
    queries : int64
        The query at that distance: of several the one that shares the fewest slots with the row, of these the first.
    shared : int32
        How many slots that query shares with the row.
    hits : int32
        How many queries found the row.
    """

    rows: Int64Array
    distances: Int32Array
    queries: Int64Array
    shared: Int32Array
    hits: Int32Array


def seed(
    index: Index,
    queries: UInt8Array,
    *,
    max_distance: int | None = None,
    min_shared: int = 1,
    flips: int = 0,
    max_bucket: int = 4096,
    doubts: UInt8Array | None = None,
) -> Seeds:
    """Return the rows that have whole slots in common with one of many queries: where to look closer.

    Far cheaper than a search (one bucket a slot), and not exact: a row at distance d keeps a slot of w
    bits with probability (1 - d / n_bits) ** w.

    Parameters
    ----------
    queries : ndarray of uint8, shape (n_queries, n_bytes)
    max_distance : int, optional
        Leave out rows farther than this from the query that found them. Rows in a bucket by chance lie
        near half of all bits, so 90 of 256 leaves out nearly all of them.
    min_shared : int
        Slots that a query and a row must have in common.
    flips : int
        Bits in which a slot may differ and still count; 1 costs about 20 times as much as 0.
    max_bucket : int
        Look at the first so many rows of a bucket: a list may hold one digest 100 000 times.
    doubts : ndarray of uint8, shape (n_queries, n_bytes), optional
        A bit set where the query's is doubtful: a slot that would be shared if one of these (of six at most) were the
        other counts, too, at the cost of so many more buckets. Not with `flips`.

    Raises
    ------
    ValueError
        A shape or a number is out of range.
    IndexFileError
        The index is mapped, and its file is damaged where this search led.

    Notes
    -----
    An index with method "faiss" has no slots: every row within `max_distance` is returned, sharing 0.
    """
    queries = index._check_queries(queries)
    if max_distance is None:
        max_distance = index._algorithm.n_bits
    check_distance(index._algorithm, max_distance)
    if flips not in (0, 1, 2) or min_shared < 1 or max_bucket < 1:
        raise ValueError(f"flips={flips}, min_shared={min_shared}, max_bucket={max_bucket}: out of range")
    if index._flat is not None:
        return _seed_flat(index, queries, max_distance)
    widths = index._slots.widths
    key = ("seed", flips, max_bucket)
    plan = index._plans.get(key)
    if plan is None:
        plan = index._plans[key] = _search.Plan(
            [masks_within(width, min(flips, width)) for width in widths],
            [min(flips, width) for width in widths],
            scan=False,
            max_candidates=0,
            max_bucket=max_bucket,
        )
    if doubts is None:
        return Seeds(*index._slots.seed(queries, plan, max_distance, min_shared))
    if flips or min_shared > 1:
        raise ValueError(f"flips={flips}, min_shared={min_shared}: not with doubts")
    doubts = np.ascontiguousarray(doubts, dtype=np.uint8)
    return Seeds(*index._slots.seed(queries, plan, max_distance, 0, doubts))


def _seed_flat(index: Index, queries: UInt8Array, max_distance: int) -> Seeds:
    offsets, rows, distances = index._search_flat(queries, max_distance)
    query_of = np.repeat(np.arange(queries.shape[0]), np.diff(offsets))
    order = np.lexsort((query_of, distances, rows))
    found, first, hits = np.unique(rows[order], return_index=True, return_counts=True)
    best = order[first]
    shared = np.zeros(len(found), np.int32)
    return Seeds(found, distances[best], query_of[best], shared, hits.astype(np.int32))
