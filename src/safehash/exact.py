"""Find a file digest (MD5, SHA-1, SHA-256) among many."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["ExactIndex"]


class ExactIndex:
    """A set of digests that are equal or not, as two sorted columns.

    Parameters
    ----------
    digests : ndarray of uint8, shape (n, n_bytes)
        n_bytes at least 8.
    rows : ndarray of int64, shape (n,)
        What each digest stands for.

    Notes
    -----
    16 bytes a digest beside the digests themselves. Safe to share between threads.
    """

    def __init__(self, digests: npt.NDArray[np.uint8], rows: npt.NDArray[np.int64]) -> None:
        heads = np.ascontiguousarray(digests[:, :8]).view(np.uint64).ravel()
        self._order = np.argsort(heads, kind="stable")
        self._heads = heads[self._order]
        self._digests = digests
        self._rows = rows

    def rows_of(self, digest: bytes) -> list[int]:
        """Return the rows that hold exactly this digest, ascending."""
        head = np.frombuffer(digest[:8], np.uint64)[0]
        first = int(np.searchsorted(self._heads, head, side="left"))
        last = int(np.searchsorted(self._heads, head, side="right"))
        places = self._order[first:last]
        return [int(self._rows[at]) for at in places if self._digests[at].tobytes() == digest]
