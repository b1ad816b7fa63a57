"""Digests that start where a line of the processor's caches does: none then lies across two of them."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

__all__ = ["LINE", "aligned", "empty_aligned"]

UInt8Array = npt.NDArray[np.uint8]

#: Bytes of a line, or half of one.
LINE = 64


def empty_aligned(shape: tuple[int, ...]) -> UInt8Array:
    """Return an array of these sides that is not filled yet; large ones may lie in huge pages, as numpy's do."""
    n_bytes = math.prod(shape)
    room = np.empty(n_bytes + LINE - 1, np.uint8)
    start = -room.__array_interface__["data"][0] % LINE
    return room[start : start + n_bytes].reshape(shape)


def aligned(digests: UInt8Array) -> UInt8Array:
    """Return digests as they are where they start so, else a copy."""
    if digests.__array_interface__["data"][0] % LINE == 0:
        return digests
    copy = empty_aligned(digests.shape)
    copy[...] = digests
    return copy
