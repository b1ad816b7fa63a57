"""Bits of digests counted, for one and for arrays of them: the one place in Python where that is done."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["count_ones", "distance_between", "ones_in"]

_ONES = np.array([value.bit_count() for value in range(256)], np.uint8)


def count_ones(digest: bytes) -> int:
    """Return how many bits of a digest are set.

    Examples
    --------
    >>> count_ones(bytes([3, 128]))
    3
    """
    return int.from_bytes(digest, "big").bit_count()


def distance_between(one: bytes, other: bytes) -> int:
    """Return in how many bits two digests of one length differ.

    Examples
    --------
    >>> distance_between(bytes([3, 128]), bytes(2))
    3
    """
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def ones_in(digests: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return how many bits are set in each of many digests.

    Parameters
    ----------
    digests : uint8, shape (..., n_bytes)

    Returns
    -------
    int64, shape (...)

    Examples
    --------
    >>> ones_in(np.array([[3, 128], [0, 1]], np.uint8)).tolist()
    [3, 1]
    """
    n_bytes = digests.shape[-1]
    if hasattr(np, "bitwise_count") and n_bytes % 8 == 0 and digests.flags.c_contiguous:  # from NumPy 2 on
        counts: npt.NDArray[np.int64] = np.bitwise_count(digests.view(np.uint64)).sum(axis=-1, dtype=np.int64)
        return counts
    counted = np.zeros(digests.shape[:-1], np.int64)
    for byte in range(n_bytes):  # of millions of digests, one byte of each at a time
        counted += _ONES[digests[..., byte]]
    return counted
