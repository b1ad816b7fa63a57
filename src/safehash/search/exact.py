"""Find file digests (MD5, SHA-1, SHA-256) among many by their first eight bytes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["ExactIndex"]


@dataclass(frozen=True, slots=True)
class ExactIndex:
    """Where digests with given first bytes stand; the caller compares the rest.

    Attributes
    ----------
    heads : ndarray of uint64, shape (n,)
        The first eight bytes of every digest, ascending.
    order : ndarray of int64, shape (n,)
        The position of each among the digests as they came.

    Raises
    ------
    ValueError
        The arrays are of another type, or differ in length.

    Notes
    -----
    16 bytes a digest. Safe to share between threads.
    """

    heads: npt.NDArray[np.uint64]
    order: npt.NDArray[np.int64]

    def __post_init__(self) -> None:
        if self.heads.dtype != np.uint64 or self.order.dtype != np.int64:
            raise ValueError(f"heads are uint64 and order int64, not {self.heads.dtype}, {self.order.dtype}")
        if self.heads.ndim != 1 or self.heads.shape != self.order.shape:
            raise ValueError(f"{self.heads.shape} heads in an order of {self.order.shape}")

    def __len__(self) -> int:
        return int(self.heads.shape[0])

    @classmethod
    def from_digests(cls, digests: npt.NDArray[np.uint8]) -> ExactIndex:
        """Sort digests, uint8, shape (n, n_bytes) with n_bytes at least 8."""
        heads = np.ascontiguousarray(digests[:, :8]).view(np.uint64).ravel()
        order = np.argsort(heads, kind="stable").astype(np.int64)
        return cls(heads[order], order)

    def positions_of(self, digest: bytes) -> list[int]:
        """Return the positions whose digests begin as `digest` does, ascending."""
        head = np.frombuffer(digest[:8], np.uint64)[0]
        first = int(np.searchsorted(self.heads, head, side="left"))
        last = int(np.searchsorted(self.heads, head, side="right"))
        return [int(at) for at in self.order[first:last]]
