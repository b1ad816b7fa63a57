"""The only file that touches faiss: digests in, rows within a radius out."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import numpy.typing as npt

from .. import _search
from .._face import checked
from ..hashing.algorithms import USUAL_DISTANCE
from ..hashing.hashes import Algorithm, Hash
from ..hashing.threads import n_threads_of
from .aligned import aligned, empty_aligned
from .slots import build_slots, choose_widths, masks_within, merge_slots, radii_for

__all__ = ["Index", "check_distance"]

_UInt8Array = npt.NDArray[np.uint8]
_UInt32Array = npt.NDArray[np.uint32]
_Int64Array = npt.NDArray[np.int64]
_Int32Array = npt.NDArray[np.int32]
_Answers = tuple[_Int64Array, _Int64Array, _Int32Array]

#: A candidate costs about as much as this many digests of a scan of all.
_SCANNED_PER_CANDIDATE = 12


@checked
class Index:
    """An immutable set of digests of one algorithm, searchable exactly within a radius.

    Parameters
    ----------
    hashes : iterable of Hash
        All of one algorithm. Row i of every answer is hash i.
    algorithm : str or Algorithm, optional
        Needed only where `hashes` may be empty.
    method : "auto", "multi" or "faiss"
        How to search; the answers are the same. "multi" looks only at the buckets that can hold an answer,
        or at every digest where that is cheaper. "faiss" is FAISS's scan of all digests, a second opinion; "flat",
        its kind of index there, is another name for it.
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

    Examples
    --------
    >>> hashes = [safehash.hash_file(name) for name in ("photo.jpg", "other.jpg")]
    >>> index = Index(hashes)
    >>> index.search(hashes[1], max_distance=31)
    [(1, 0)]
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
        for value in values:
            if not isinstance(value, Hash):
                raise TypeError(f"hashes is a collection of Hash, found {type(value).__name__} in it")
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

        The array is used as it is, not copied, when it is contiguous and starts where a line of the processor's caches
        does, as those of tables do: do not write to it afterwards.

        Raises
        ------
        ValueError
            The shape does not fit the algorithm, or there are 2**32 digests or more.

        Examples
        --------
        >>> len(Index.from_digests(np.zeros((3, 32), np.uint8), algorithm="pdq"))
        3
        """
        self = cls.__new__(cls)
        known = Algorithm(algorithm)
        array = _bytes_of("digests", digests)
        if array.ndim != 2 or array.shape[1] != known.n_bytes:
            raise ValueError(f"digests of {known.value} have shape (n, {known.n_bytes}), not {array.shape}")
        self._build(known, array, method, max_distance, threads)
        return self

    def _build(
        self, algorithm: Algorithm, digests: _UInt8Array, method: str, max_distance: int | None, threads: int
    ) -> None:
        if method not in ("auto", "multi", "faiss", "flat"):
            raise ValueError(f"method is 'auto', 'multi' or 'faiss', not {method!r}")
        if digests.shape[0] >= 2**32 - 1:
            raise ValueError(f"an index holds fewer than 2**32 digests, not {digests.shape[0]}")
        if max_distance is None:
            max_distance = USUAL_DISTANCE.get(algorithm, 0)  # an index is built for what is asked most
        check_distance(algorithm, max_distance)
        digests = aligned(digests)
        n = digests.shape[0]
        widths = () if method in ("faiss", "flat") else choose_widths(n, algorithm.n_bits, max_distance)
        starts, ids = build_slots(digests, widths, threads)
        self._adopt(algorithm, digests, widths, starts, ids, None, max_distance, None)
        if method in ("faiss", "flat"):
            self._use_faiss()

    def _adopt(
        self,
        algorithm: Algorithm,
        digests: _UInt8Array,
        widths: tuple[int, ...],
        starts: _UInt32Array,
        ids: _UInt32Array,
        disabled: _UInt8Array | None,
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
        """The algorithm of every digest here.

        Examples
        --------
        >>> Index([], algorithm="phash").algorithm.value
        'phash'
        """
        return self._algorithm

    @property
    def method(self) -> str:
        """ "multi" or "faiss".

        Examples
        --------
        >>> Index([]).method
        'multi'
        """
        return "multi" if self._flat is None else "faiss"

    @property
    def max_distance(self) -> int:
        """The radius this index was built to be fastest at, in bits.

        Examples
        --------
        >>> Index([], max_distance=24).max_distance
        24
        """
        return self._max_distance

    @property
    def n_bytes(self) -> int:
        """Memory of all arrays in bytes, digests included.

        Examples
        --------
        >>> Index([safehash.hash_file("photo.jpg")]).n_bytes > 32
        True
        """
        disabled = 0 if self._disabled is None else self._disabled.nbytes
        return int(self._digests.nbytes + self._starts.nbytes + self._ids.nbytes + disabled)

    def __len__(self) -> int:
        return int(self._digests.shape[0])

    def digests_of(self, rows: npt.ArrayLike) -> _UInt8Array:
        """Return the digests of some rows, uint8, shape (len(rows), n_bytes).

        Raises
        ------
        IndexError
            No such row.
        IndexFileError
            The index is mapped, and its file is damaged there.

        Examples
        --------
        >>> hashes = [safehash.hash_file(name) for name in ("photo.jpg", "other.jpg")]
        >>> index = Index(hashes)
        >>> index.digests_of([0]).tobytes() == hashes[0].digest
        True
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

        Examples
        --------
        >>> hashes = [safehash.hash_file(name) for name in ("photo.jpg", "other.jpg")]
        >>> index = Index(hashes)
        >>> index.search(hashes[0], max_distance=31)
        [(0, 0)]
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

        Examples
        --------
        >>> hashes = [safehash.hash_file(name) for name in ("photo.jpg", "other.jpg")]
        >>> index = Index(hashes)
        >>> index.search_views(hashes[0].orientations()[:2], max_distance=31)
        [[(0, 0)], []]
        """
        for query in queries:
            self._check_query(query)
        joined = b"".join(query.digest for query in queries)
        digests = np.frombuffer(joined, dtype=np.uint8).reshape(len(queries), self._algorithm.n_bytes)
        offsets, rows, distances = self.search_many(digests, max_distance=max_distance)
        found = list(zip(rows.tolist(), distances.tolist(), strict=True))
        limits = offsets.tolist()
        return [found[start:end] for start, end in itertools.pairwise(limits)]

    def search_many(self, queries: _UInt8Array, *, max_distance: int, threads: int = 1) -> _Answers:
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
            _Answers of query i are ``offsets[i]:offsets[i + 1]`` of the two arrays below.
        rows : int64
        distances : int32
            In bits; within a query sorted by (distance, row).

        Raises
        ------
        ValueError
            `queries` has another shape, or `max_distance` or `threads` is out of range.
        IndexFileError
            The index is mapped, and its file is damaged where this search led.

        Examples
        --------
        >>> hashes = [safehash.hash_file(name) for name in ("photo.jpg", "other.jpg")]
        >>> index = Index(hashes)
        >>> queries = index.digests_of([1, 0])
        >>> offsets, rows, distances = index.search_many(queries, max_distance=31)
        >>> rows.tolist(), distances.tolist()
        ([1, 0], [0, 0])
        """
        queries = self._check_queries(queries)
        threads = n_threads_of(threads)
        run: Callable[[_UInt8Array], _Answers]
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

        Examples
        --------
        >>> hashes = [safehash.hash_file(name) for name in ("photo.jpg", "other.jpg")]
        >>> index = Index(hashes)
        >>> index.nearest(hashes[1], k=2, max_distance=64)
        [(1, 0)]
        """
        if k < 1:
            raise ValueError(f"k is at least 1, not {k}")
        check_distance(self._algorithm, max_distance)
        # A radius at which every slot is probed exactly costs a tenth of the next one: try small ones first.
        step = max(len(self._slots.widths), 1)
        for radius in [*range(step - 1, max_distance, step), max_distance]:
            found = self.search(query, max_distance=radius)
            if len(found) >= k:
                break
        return found[:k]

    def without(self, rows: npt.ArrayLike) -> Index:
        """Return an index that never answers with `rows`, nor with those disabled before; arrays are shared.

        Raises
        ------
        IndexError
            No such row.

        Examples
        --------
        >>> hashes = [safehash.hash_file(name) for name in ("photo.jpg", "other.jpg")]
        >>> index = Index(hashes)
        >>> index.without([0]).search(hashes[0], max_distance=31)
        []
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
            self._slots.widths,
            self._starts,
            self._ids,
            np.packbits(bits, bitorder="little"),
            self._max_distance,
            self._blocks,
        )
        other._flat = self._flat
        return other

    def disabled_rows(self) -> _Int64Array:
        """Return the rows that `without` took out of the answers, ascending.

        Examples
        --------
        >>> hashes = [safehash.hash_file(name) for name in ("photo.jpg", "other.jpg")]
        >>> index = Index(hashes)
        >>> index.without([0]).disabled_rows().tolist()
        [0]
        """
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

        Examples
        --------
        >>> hashes = [safehash.hash_file(name) for name in ("photo.jpg", "other.jpg")]
        >>> index = Index(hashes)
        >>> len(index.updated(added=index.digests_of([0]), removed=[1]))
        2
        """
        n_old, n_bytes = len(self), self._algorithm.n_bytes
        new = np.zeros((0, n_bytes), np.uint8) if added is None else _bytes_of("added", added)
        new = self._check_queries(new)
        keep = np.ones(n_old, bool)
        keep[self._rows(removed)] = False
        self._check_all()
        n_kept = int(np.count_nonzero(keep))
        digests = empty_aligned((n_kept + len(new), n_bytes))
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
            widths = self._slots.widths
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
            check_distance(self._algorithm, max_distance)
            n, widths = len(self), self._slots.widths
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

    def _search_flat(self, queries: _UInt8Array, max_distance: int) -> _Answers:
        import faiss

        check_distance(self._algorithm, max_distance)
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

    def _check_all(self) -> None:
        if self._blocks is not None:
            for part in (self._digests, self._starts, self._ids):
                self._blocks.touch(part)

    def _rows(self, rows: npt.ArrayLike) -> _Int64Array:
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

    def _check_queries(self, queries: _UInt8Array) -> _UInt8Array:
        array = np.ascontiguousarray(queries)
        if array.dtype != np.uint8 or array.ndim != 2 or array.shape[1] != self._algorithm.n_bytes:
            raise ValueError(
                f"{self._algorithm.value} digests are uint8 of shape (n, {self._algorithm.n_bytes}), "
                f"not {array.dtype} of shape {array.shape}"
            )
        return array


def check_distance(algorithm: Algorithm, max_distance: int) -> None:
    """Refuse what is no number of bits of an algorithm.

    Raises
    ------
    ValueError
    """
    if not 0 <= max_distance <= algorithm.n_bits:
        raise ValueError(f"a distance of {algorithm.value} is 0 to {algorithm.n_bits}, not {max_distance}")


def _bytes_of(name: str, values: npt.ArrayLike) -> _UInt8Array:
    """Return digests as adjacent uint8; a number that is no byte would become another one."""
    array = np.asarray(values)
    if array.size and array.dtype != np.uint8:
        if array.dtype.kind not in "iu":
            raise TypeError(f"{name} is an array of uint8, not of {array.dtype}")
        if array.min() < 0 or array.max() > 255:
            raise ValueError(f"{name} is an array of uint8, found {array.min()} to {array.max()} in it")
    return np.ascontiguousarray(array, dtype=np.uint8)
