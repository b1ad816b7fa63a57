"""The only file that touches faiss: digests in, rows within a radius out."""

from __future__ import annotations

import dataclasses
import functools
import itertools
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _search
from ..hashing.hashes import Algorithm, Hash
from .slots import build_slots, choose_widths, masks_within, merge_slots, radii_for

__all__ = ["Index", "Seeds"]

UInt8Array = npt.NDArray[np.uint8]
UInt32Array = npt.NDArray[np.uint32]
Int64Array = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]
Answers = tuple[Int64Array, Int64Array, Int32Array]

#: The radius an index is built for unless told otherwise: the usual thresholds (docs/hashes.md).
_USUAL_DISTANCE = {Algorithm.PDQ: 31, Algorithm.PHASH: 8, Algorithm.PHASH256: 51}

#: A candidate costs about as much as this many digests of a scan of all.
_SCANNED_PER_CANDIDATE = 12


@dataclasses.dataclass(frozen=True, slots=True)
class Seeds:
    """Rows that share slots with one of several queries; arrays of one length, rows ascending.

    Attributes
    ----------
    rows : int64
    distances : int32
        The smallest distance of the row to any query that found it, in bits.
    queries : int64
        The query at that distance (the first of several).
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


class Index:
    """An immutable set of digests of one algorithm, searchable exactly within a radius.

    Parameters
    ----------
    hashes : iterable of Hash
        All of one algorithm. Row i of every answer is hash i.
    algorithm : str or Algorithm, optional
        Needed only where `hashes` may be empty.
    method : "auto", "multi" or "flat"
        How to search; the answers are the same. "multi" looks only at the buckets that can hold an answer,
        or at every digest where that is cheaper. "flat" is FAISS's scan of all digests, kept as the oracle.
        "auto" is "multi": FAISS was slower at every size from 1 to 10 million, and without a hardware
        population count too, but for a tie at 4 000 (benchmarks/crossover.py, bench_index.py).
    max_distance : int, optional
        The radius to be fastest at, in bits. Every other radius is exact too.

    Notes
    -----
    Safe to share between threads: a search reads only, and runs without the GIL.

    References
    ----------
    docs/search.md.
    """

    def __init__(
        self,
        hashes: Iterable[Hash],
        *,
        algorithm: str | Algorithm | None = None,
        method: str = "auto",
        max_distance: int | None = None,
    ) -> None:
        values = list(hashes)
        found = {value.algorithm for value in values} | ({Algorithm(algorithm)} if algorithm else set())
        if len(found) > 1:
            raise TypeError(f"one index holds one algorithm, found {sorted(a.value for a in found)}")
        known = found.pop() if found else Algorithm.PDQ
        joined = b"".join(value.digest for value in values)
        digests = np.frombuffer(joined, dtype=np.uint8).reshape(len(values), known.n_bytes)
        self._build(known, digests, method, max_distance, 1)

    @classmethod
    def from_digests(
        cls,
        digests: npt.ArrayLike,
        *,
        algorithm: str | Algorithm = "pdq",
        method: str = "auto",
        max_distance: int | None = None,
        threads: int = 1,
    ) -> Index:
        """Return an index over an array of digests, uint8, shape (n, n_bytes).

        The array is used as it is, not copied, when it is contiguous: do not write to it afterwards.

        Raises
        ------
        ValueError
            The shape does not fit the algorithm, or there are 2**32 digests or more.
        """
        self = cls.__new__(cls)
        known = Algorithm(algorithm)
        array = np.ascontiguousarray(digests, dtype=np.uint8)
        if array.ndim != 2 or array.shape[1] != known.n_bytes:
            raise ValueError(f"digests of {known.value} have shape (n, {known.n_bytes}), not {array.shape}")
        self._build(known, array, method, max_distance, threads)
        return self

    @classmethod
    def from_parts(
        cls,
        *,
        algorithm: Algorithm,
        digests: UInt8Array,
        widths: Sequence[int],
        starts: UInt32Array,
        ids: UInt32Array,
        disabled: UInt8Array | None,
        max_distance: int,
        blocks: _search.Blocks | None = None,
    ) -> Index:
        """Return the index made of these arrays, which `parts` gave; for the snapshot file.

        Raises
        ------
        ValueError
            The arrays do not fit each other.
        """
        self = cls.__new__(cls)
        self._adopt(algorithm, digests, tuple(widths), starts, ids, disabled, max_distance, blocks)
        return self

    def _build(
        self, algorithm: Algorithm, digests: UInt8Array, method: str, max_distance: int | None, threads: int
    ) -> None:
        if method not in ("auto", "multi", "flat"):
            raise ValueError(f"method is 'auto', 'multi' or 'flat', not {method!r}")
        if digests.shape[0] >= 2**32 - 1:
            raise ValueError(f"an index holds fewer than 2**32 digests, not {digests.shape[0]}")
        if max_distance is None:
            max_distance = _USUAL_DISTANCE.get(algorithm, 0)
        _check_distance(algorithm, max_distance)
        n = digests.shape[0]
        widths = () if method == "flat" else choose_widths(n, algorithm.n_bits, max_distance)
        starts, ids = build_slots(digests, widths, threads)
        self._adopt(algorithm, digests, widths, starts, ids, None, max_distance, None)
        if method == "flat":
            self._use_faiss()

    def _adopt(
        self,
        algorithm: Algorithm,
        digests: UInt8Array,
        widths: tuple[int, ...],
        starts: UInt32Array,
        ids: UInt32Array,
        disabled: UInt8Array | None,
        max_distance: int,
        blocks: _search.Blocks | None,
    ) -> None:
        self._algorithm = algorithm
        self._digests = digests
        self._starts = starts
        self._ids = ids
        self._disabled = disabled
        self._max_distance = max_distance
        self._blocks = blocks
        self._slots = _search.SlotIndex(digests, widths, starts, ids, disabled=disabled, blocks=blocks)
        self._plans: dict[object, _search.Plan] = {}
        self._flat: Any = None

    def _use_faiss(self) -> None:
        import faiss

        self._flat = faiss.IndexBinaryFlat(self._algorithm.n_bits)
        self._flat.add(self._digests)

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm of every digest here."""
        return self._algorithm

    @property
    def method(self) -> str:
        """ "multi" or "flat"."""
        return "multi" if self._flat is None else "flat"

    @property
    def max_distance(self) -> int:
        """The radius this index was built to be fastest at, in bits."""
        return self._max_distance

    @property
    def widths(self) -> tuple[int, ...]:
        """Bits of each slot."""
        return self._slots.widths

    @property
    def n_bytes(self) -> int:
        """Memory of all arrays in bytes, digests included."""
        disabled = 0 if self._disabled is None else self._disabled.nbytes
        return int(self._digests.nbytes + self._starts.nbytes + self._ids.nbytes + disabled)

    def __len__(self) -> int:
        return int(self._digests.shape[0])

    def parts(self) -> dict[str, npt.NDArray[Any]]:
        """Return the arrays an index is made of, not copied: digests, starts, ids and, if any, disabled.

        Raises
        ------
        IndexFileError
            The index is mapped, and its file is damaged.
        """
        self._check_all()
        parts: dict[str, npt.NDArray[Any]] = {
            "digests": self._digests,
            "starts": self._starts,
            "ids": self._ids,
        }
        if self._disabled is not None:
            parts["disabled"] = self._disabled
        return parts

    def digests_of(self, rows: npt.ArrayLike) -> UInt8Array:
        """Return the digests of some rows, uint8, shape (len(rows), n_bytes).

        Raises
        ------
        IndexError
            No such row.
        IndexFileError
            The index is mapped, and its file is damaged there.
        """
        wanted = self._rows(rows)
        if self._blocks is not None:
            for row in wanted.tolist():
                self._blocks.touch(self._digests[row])
        return self._digests[wanted]

    def search(self, query: Hash, *, max_distance: int) -> list[tuple[int, int]]:
        """Return (row, distance) of every digest within `max_distance` bits, nearest first, then by row.

        Raises
        ------
        TypeError
            `query` is of another algorithm.
        ValueError
            `max_distance` is no number of bits of this algorithm.
        IndexFileError
            The index is mapped, and its file is damaged where this search led.
        """
        self._check_query(query)
        if self._flat is not None:
            _, rows, distances = self._search_flat(
                np.frombuffer(query.digest, dtype=np.uint8)[None, :], max_distance
            )
            return list(zip(rows.tolist(), distances.tolist(), strict=True))
        return self._slots.search_one(query.digest, self._plan(max_distance), max_distance)

    def search_views(self, queries: Sequence[Hash], *, max_distance: int) -> list[list[tuple[int, int]]]:
        """Return what `search` returns for each of several views of one picture, in one call.

        Orientations and the negative need no structure of their own: each is one more query.
        """
        for query in queries:
            self._check_query(query)
        joined = b"".join(query.digest for query in queries)
        digests = np.frombuffer(joined, dtype=np.uint8).reshape(len(queries), self._algorithm.n_bytes)
        offsets, rows, distances = self.search_many(digests, max_distance=max_distance)
        found = list(zip(rows.tolist(), distances.tolist(), strict=True))
        limits = offsets.tolist()
        return [found[start:end] for start, end in itertools.pairwise(limits)]

    def search_many(self, queries: UInt8Array, *, max_distance: int, threads: int = 1) -> Answers:
        """Search for every row of `queries`, uint8, shape (n_queries, n_bytes).

        Parameters
        ----------
        queries : ndarray of uint8, shape (n_queries, n_bytes)
        max_distance : int
            In bits, inclusive.
        threads : int
            Share the queries between this many threads.

        Returns
        -------
        offsets : int64, shape (n_queries + 1,)
            Answers of query i are ``offsets[i]:offsets[i + 1]`` of the two arrays below.
        rows : int64
        distances : int32
            In bits; within a query sorted by (distance, row).

        Raises
        ------
        ValueError
            `queries` has another shape, or `max_distance` or `threads` is out of range.
        IndexFileError
            The index is mapped, and its file is damaged where this search led.
        """
        queries = self._check_queries(queries)
        if threads < 1:
            raise ValueError(f"threads is at least 1, not {threads}")
        run: Callable[[UInt8Array], Answers]
        if self._flat is None:
            plan = self._plan(max_distance)
            run = functools.partial(self._slots.search, plan=plan, max_distance=max_distance)
        else:
            run = functools.partial(self._search_flat, max_distance=max_distance)
        threads = min(threads, queries.shape[0])
        if threads <= 1:
            return run(queries)
        # Several pieces a thread: one slow piece (a bucket of duplicates) does not leave the others idle.
        pieces = np.array_split(queries, min(4 * threads, queries.shape[0]))
        with ThreadPoolExecutor(threads) as pool:
            answers = list(pool.map(run, pieces))
        counts = np.concatenate([np.diff(offsets) for offsets, _, _ in answers])
        return (
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            np.concatenate([rows for _, rows, _ in answers]),
            np.concatenate([distances for _, _, distances in answers]),
        )

    def nearest(self, query: Hash, *, k: int = 1, max_distance: int) -> list[tuple[int, int]]:
        """Return the `k` nearest (row, distance) within `max_distance` bits; of equally near ones, the first.

        Raises
        ------
        TypeError
            `query` is of another algorithm.
        ValueError
            `k` is not positive, or `max_distance` no number of bits of this algorithm.
        """
        if k < 1:
            raise ValueError(f"k is at least 1, not {k}")
        _check_distance(self._algorithm, max_distance)
        # A radius at which every slot is probed exactly costs a tenth of the next one: try small ones first.
        step = max(len(self.widths), 1)
        for radius in [*range(step - 1, max_distance, step), max_distance]:
            found = self.search(query, max_distance=radius)
            if len(found) >= k:
                break
        return found[:k]

    def seed(
        self,
        queries: UInt8Array,
        *,
        max_distance: int | None = None,
        min_shared: int = 1,
        flips: int = 0,
        max_bucket: int = 4096,
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

        Raises
        ------
        ValueError
            A shape or a number is out of range.
        IndexFileError
            The index is mapped, and its file is damaged where this search led.

        Notes
        -----
        An index with method "flat" has no slots: every row within `max_distance` is returned, sharing 0.
        """
        queries = self._check_queries(queries)
        if max_distance is None:
            max_distance = self._algorithm.n_bits
        _check_distance(self._algorithm, max_distance)
        if flips not in (0, 1, 2) or min_shared < 1 or max_bucket < 1:
            raise ValueError(f"flips={flips}, min_shared={min_shared}, max_bucket={max_bucket}: out of range")
        if self._flat is not None:
            return self._seed_flat(queries, max_distance)
        widths = self.widths
        key = ("seed", flips, max_bucket)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plans[key] = _search.Plan(
                [masks_within(width, min(flips, width)) for width in widths],
                [min(flips, width) for width in widths],
                scan=False,
                max_candidates=0,
                max_bucket=max_bucket,
            )
        return Seeds(*self._slots.seed(queries, plan, max_distance, min_shared))

    def without(self, rows: npt.ArrayLike) -> Index:
        """Return an index that never answers with `rows`, nor with those disabled before; arrays are shared.

        Raises
        ------
        IndexError
            No such row.
        """
        wanted = self._rows(rows)
        bits = np.zeros(len(self), np.uint8)
        if self._disabled is not None:
            bits |= np.unpackbits(self._disabled, count=len(self), bitorder="little")
        bits[wanted] = 1
        other = Index.__new__(Index)
        other._adopt(
            self._algorithm,
            self._digests,
            self.widths,
            self._starts,
            self._ids,
            np.packbits(bits, bitorder="little"),
            self._max_distance,
            self._blocks,
        )
        other._flat = self._flat
        return other

    def disabled_rows(self) -> Int64Array:
        """Return the rows that `without` took out of the answers, ascending."""
        if self._disabled is None:
            return np.zeros(0, np.int64)
        return np.flatnonzero(np.unpackbits(self._disabled, count=len(self), bitorder="little"))

    def updated(
        self, *, added: npt.ArrayLike | None = None, removed: npt.ArrayLike = (), threads: int = 1
    ) -> Index:
        """Return an index without the rows `removed` and with the digests `added`.

        Rows are numbered anew, as in an index made of the digests kept, in their old order, and then those
        added: row i becomes i less the number of rows removed before it. `without` hides rows and leaves
        the numbers as they are. Rows disabled stay disabled.

        The old slot arrays are copied once, in order, less the rows removed and with those added. For 1 % of
        the rows that takes a quarter of a full build (``update_1_percent`` in benchmarks/results). Where the
        number of rows is halved or doubled, the slots are cut and built anew.

        Parameters
        ----------
        added : array_like of uint8, shape (n_added, n_bytes), optional
        removed : array_like of int
            In any order; naming a row twice removes it once.
        threads : int
            Merge so many slots at once.

        Raises
        ------
        IndexError
            No such row.
        ValueError
            `added` has another shape.
        IndexFileError
            The index is mapped, and its file is damaged.
        """
        n_old, n_bytes = len(self), self._algorithm.n_bytes
        new = np.zeros((0, n_bytes), np.uint8) if added is None else np.ascontiguousarray(added, np.uint8)
        new = self._check_queries(new)
        keep = np.ones(n_old, bool)
        keep[self._rows(removed)] = False
        self._check_all()
        n_kept = int(np.count_nonzero(keep))
        digests = np.empty((n_kept + len(new), n_bytes), np.uint8)
        # As one item a digest: picking rows of bytes takes three times as long.
        item = f"V{n_bytes}"
        if n_old:
            wanted = np.flatnonzero(keep)
            np.take(self._digests.view(item), wanted, 0, digests[:n_kept].view(item), mode="clip")
        digests[n_kept:] = new
        disabled = None
        if self._disabled is not None:
            bits = np.unpackbits(self._disabled, count=n_old, bitorder="little")[keep]
            disabled = np.packbits(np.concatenate([bits, np.zeros(len(new), np.uint8)]), bitorder="little")
        n_new = digests.shape[0]
        if self._flat is None and n_old and n_old // 2 <= n_new <= 2 * n_old:
            widths = self.widths
            try:
                starts, ids = merge_slots(self._starts, self._ids, self._digests, keep, new, widths, threads)
            except ValueError as exc:
                if self._blocks is None:
                    raise
                raise self._blocks.misplaced() from exc
        else:  # the old cut into slots would no longer fit
            widths = () if self._flat is not None else choose_widths(n_new, 8 * n_bytes, self._max_distance)
            starts, ids = build_slots(digests, widths, threads)
        other = Index.__new__(Index)
        other._adopt(self._algorithm, digests, widths, starts, ids, disabled, self._max_distance, None)
        if self._flat is not None:
            other._use_faiss()
        return other

    def _plan(self, max_distance: int) -> _search.Plan:
        plan = self._plans.get(max_distance)
        if plan is None:
            _check_distance(self._algorithm, max_distance)
            n, widths = len(self), self.widths
            radii = radii_for(n, widths, max_distance)
            plan = _search.Plan(
                [
                    masks_within(width, radius) if radius >= 0 else None
                    for width, radius in zip(widths, radii or (-1,) * len(widths), strict=True)
                ],
                list(radii or (-1,) * len(widths)),
                scan=radii is None,
                max_candidates=n // _SCANNED_PER_CANDIDATE,
            )
            self._plans[max_distance] = plan
        return plan

    def _search_flat(self, queries: UInt8Array, max_distance: int) -> Answers:
        import faiss

        _check_distance(self._algorithm, max_distance)
        n_queries = queries.shape[0]
        if n_queries == 0 or len(self) == 0:
            return np.zeros(n_queries + 1, np.int64), np.zeros(0, np.int64), np.zeros(0, np.int32)
        faiss.omp_set_num_threads(1)  # counts for the calling thread; waking a pool costs more than one scan
        limits, found, labels = self._flat.range_search(queries, max_distance + 1)  # its radius is exclusive
        distances, rows = found.astype(np.int32), labels.astype(np.int64)
        query_of = np.repeat(np.arange(n_queries), np.diff(limits.astype(np.int64)))
        order = np.lexsort((rows, distances, query_of))
        if self._disabled is not None:
            hidden = self._disabled[rows >> 3] >> (rows & 7).astype(np.uint8) & 1
            order = order[hidden[order] == 0]
        counts = np.bincount(query_of[order], minlength=n_queries)
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64), rows[order], distances[order]

    def _seed_flat(self, queries: UInt8Array, max_distance: int) -> Seeds:
        offsets, rows, distances = self._search_flat(queries, max_distance)
        query_of = np.repeat(np.arange(queries.shape[0]), np.diff(offsets))
        order = np.lexsort((query_of, distances, rows))
        found, first, hits = np.unique(rows[order], return_index=True, return_counts=True)
        best = order[first]
        shared = np.zeros(len(found), np.int32)
        return Seeds(found, distances[best], query_of[best], shared, hits.astype(np.int32))

    def _check_all(self) -> None:
        if self._blocks is not None:
            for part in (self._digests, self._starts, self._ids):
                self._blocks.touch(part)

    def _rows(self, rows: npt.ArrayLike) -> Int64Array:
        wanted = np.asarray(rows)
        if wanted.size == 0:
            return np.zeros(0, np.int64)
        if wanted.ndim != 1 or wanted.dtype.kind not in "iu":
            raise IndexError(f"rows are a sequence of integers, not {wanted.dtype} of shape {wanted.shape}")
        if wanted.min() < 0 or wanted.max() >= len(self):
            raise IndexError(f"rows are 0 to {len(self) - 1}, found {wanted.min()} to {wanted.max()}")
        return wanted.astype(np.int64)

    def _check_query(self, query: Hash) -> None:
        if not isinstance(query, Hash):
            raise TypeError(f"expected a Hash, found {type(query).__name__}")
        if query.algorithm is not self._algorithm:
            raise TypeError(f"this index holds {self._algorithm.value}, the query is {query.algorithm.value}")

    def _check_queries(self, queries: UInt8Array) -> UInt8Array:
        array = np.ascontiguousarray(queries)
        if array.dtype != np.uint8 or array.ndim != 2 or array.shape[1] != self._algorithm.n_bytes:
            raise ValueError(
                f"{self._algorithm.value} digests are uint8 of shape (n, {self._algorithm.n_bytes}), "
                f"not {array.dtype} of shape {array.shape}"
            )
        return array


def _check_distance(algorithm: Algorithm, max_distance: int) -> None:
    if not 0 <= max_distance <= algorithm.n_bits:
        raise ValueError(f"a distance of {algorithm.value} is 0 to {algorithm.n_bits}, not {max_distance}")
