"""A second opinion on an index: the same questions to ours and to FAISS, whose answers must be the same."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ..hashing.algorithms import Algorithm
from .index import Index

__all__ = ["Compared", "compare"]

_UInt8Array = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What two indexes over the same digests answered.

    Attributes
    ----------
    algorithm : Algorithm
    n_entries, n_queries, max_distance : int
    n_answers : int
        Digests within the distance, of all queries together.
    n_differ : int
        Queries that the two answered differently: 0, or one of them is wrong.
    first : str
        The first such query, and what each found; empty where there is none.
    ours, faiss : float
        Seconds.

    Examples
    --------
    >>> digests = np.zeros((3, 32), np.uint8)
    >>> compare(digests, algorithm=Algorithm.PDQ, max_distance=31, n_queries=10).n_differ
    0
    """

    algorithm: Algorithm
    n_entries: int
    n_queries: int
    max_distance: int
    n_answers: int
    n_differ: int
    first: str
    ours: float
    faiss: float


def compare(
    digests: _UInt8Array, *, algorithm: Algorithm, max_distance: int, n_queries: int = 1000, seed: int = 0
) -> Compared:
    """Ask our index and FAISS for a sample of a list's own digests, altered and not, and for others.

    Parameters
    ----------
    digests : ndarray of uint8, shape (n, n_bytes)
    algorithm : Algorithm
    max_distance : int
        In bits. Listed digests are altered in up to a few bits more, so that answers lie on both sides of it.
    n_queries : int
    seed : int
        The same sample again.
    """
    queries = _queries(digests, max_distance, n_queries, np.random.default_rng(seed))
    found, seconds = [], []
    for method in ("multi", "faiss"):
        index = Index.from_digests(digests, algorithm=algorithm, method=method, max_distance=max_distance)
        started = time.perf_counter()
        found.append(index.search_many(queries, max_distance=max_distance))
        seconds.append(time.perf_counter() - started)
    differing = [
        number for number in range(len(queries)) if _answers(found[0], number) != _answers(found[1], number)
    ]
    first = ""
    if differing:
        ours, theirs = (_answers(each, differing[0]) for each in found)
        first = f"query {differing[0]} of seed {seed}: ours found {len(ours)} entries, FAISS {len(theirs)}"
    return Compared(
        algorithm=algorithm, n_entries=len(digests), n_queries=len(queries), max_distance=max_distance,
        n_answers=int(found[1][0][-1]), n_differ=len(differing), first=first, ours=seconds[0], faiss=seconds[1],
    )  # fmt: skip


def _queries(digests: _UInt8Array, max_distance: int, n: int, rng: np.random.Generator) -> _UInt8Array:
    """Return listed digests altered up to a little beyond `max_distance`, and every eighth query any digest."""
    n_bits = 8 * digests.shape[1]
    queries = digests[rng.integers(0, len(digests), n)].copy()
    for number in range(n):
        if number % 8 == 7:
            queries[number] = rng.integers(0, 256, digests.shape[1], dtype=np.uint8)
            continue
        flipped = np.zeros(n_bits, np.uint8)
        flipped[
            rng.choice(n_bits, int(rng.integers(0, min(max_distance + 5, n_bits + 1))), replace=False)
        ] = 1
        queries[number] ^= np.packbits(flipped)
    return queries


def _answers(
    found: tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int32]], number: int
) -> list[tuple[int, int]]:
    offsets, rows, distances = found
    part = slice(int(offsets[number]), int(offsets[number + 1]))
    return list(zip(distances[part].tolist(), rows[part].tolist(), strict=True))
