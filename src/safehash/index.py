"""The only file that touches faiss: digests in, rows within a radius out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from .hashes import Algorithm, Hash

__all__ = ["Index"]

UInt8Array = npt.NDArray[np.uint8]
Int64Array = npt.NDArray[np.int64]
Int32Array = npt.NDArray[np.int32]


class Index:
    """An immutable set of digests of one algorithm, searchable exactly within a radius.

    Parameters
    ----------
    hashes : iterable of Hash
        All of one algorithm. Row i of every answer is hash i.

    Notes
    -----
    Safe to share between threads: a search reads only.
    """

    def __init__(self, hashes: Iterable[Hash], *, algorithm: str | Algorithm | None = None) -> None:
        values = list(hashes)
        found = {value.algorithm for value in values} | ({Algorithm(algorithm)} if algorithm else set())
        if len(found) > 1:
            raise TypeError(f"one index holds one algorithm, found {sorted(a.value for a in found)}")
        self._algorithm = found.pop() if found else Algorithm.PDQ
        joined = b"".join(value.digest for value in values)
        n_bytes = self._algorithm.n_bytes
        self._set_digests(np.frombuffer(joined, dtype=np.uint8).reshape(len(values), n_bytes))

    @classmethod
    def from_digests(cls, digests: npt.ArrayLike, *, algorithm: str | Algorithm = "pdq") -> Index:
        """Return an index over an array of digests, uint8, shape (n, n_bytes)."""
        self = cls.__new__(cls)
        self._algorithm = Algorithm(algorithm)
        array = np.ascontiguousarray(digests, dtype=np.uint8)
        if array.ndim != 2 or array.shape[1] != self._algorithm.n_bytes:
            raise ValueError(
                f"digests of {self._algorithm.value} have shape (n, {self._algorithm.n_bytes}), "
                f"not {array.shape}"
            )
        self._set_digests(array)
        return self

    def _set_digests(self, digests: UInt8Array) -> None:
        import faiss

        self._digests = digests
        self._flat: Any = faiss.IndexBinaryFlat(self._algorithm.n_bits)
        self._flat.add(digests)

    @property
    def algorithm(self) -> Algorithm:
        """The algorithm of every digest here."""
        return self._algorithm

    def __len__(self) -> int:
        return int(self._digests.shape[0])

    def search(self, query: Hash, *, max_distance: int) -> list[tuple[int, int]]:
        """Return (row, distance) of every digest within `max_distance` bits, nearest first.

        Raises
        ------
        TypeError
            `query` is of another algorithm.
        """
        if query.algorithm is not self._algorithm:
            raise TypeError(f"this index holds {self._algorithm.value}, the query is {query.algorithm.value}")
        queries = np.frombuffer(query.digest, dtype=np.uint8)[None, :]
        _, rows, distances = self.search_many(queries, max_distance=max_distance)
        return list(zip(rows.tolist(), distances.tolist(), strict=True))

    def search_many(
        self, queries: UInt8Array, *, max_distance: int
    ) -> tuple[Int64Array, Int64Array, Int32Array]:
        """Search for every row of `queries`, uint8, shape (n_queries, n_bytes).

        Returns
        -------
        offsets : int64, shape (n_queries + 1,)
            Answers of query i are ``offsets[i]:offsets[i + 1]`` of the two arrays below.
        rows : int64
        distances : int32
            In bits; within a query sorted by (distance, row).
        """
        import faiss

        if queries.shape[0] == 1:
            faiss.omp_set_num_threads(1)  # per calling thread; waking a pool costs more than one scan
        limits, found, rows = self._flat.range_search(np.ascontiguousarray(queries), max_distance + 1)
        offsets = limits.astype(np.int64)
        distances = found.astype(np.int32)
        rows = rows.astype(np.int64)
        query_of = np.repeat(np.arange(queries.shape[0]), np.diff(offsets))
        order = np.lexsort((rows, distances, query_of))
        return offsets, rows[order], distances[order]
