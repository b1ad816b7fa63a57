"""Digests of an index start where a line of the caches does, however it was made."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from safehash.search.aligned import LINE, aligned, empty_aligned
from safehash.search.arrays import parts_of
from safehash.search.index import Index


def start_of(array: npt.NDArray[np.uint8]) -> int:
    return int(array.__array_interface__["data"][0] % LINE)


def placed(start: int, n: int = 300) -> npt.NDArray[np.uint8]:
    """Return digests that start so many bytes behind a line's first one."""
    room = empty_aligned((32 * n + LINE,))[start : start + 32 * n]
    room[:] = np.random.default_rng(4).integers(0, 256, len(room), dtype=np.uint8)
    return room.reshape(n, 32)


@pytest.mark.parametrize("start", [0, 1, 16, 63])
def test_an_index_copies_what_starts_elsewhere_and_nothing_else(start: int) -> None:
    digests = placed(start)
    assert start_of(digests) == start
    own = parts_of(Index.from_digests(digests))["digests"]
    assert start_of(own) == 0
    assert own.tobytes() == digests.tobytes()
    assert (own.ctypes.data == digests.ctypes.data) == (start == 0)


def test_so_does_what_becomes_of_it() -> None:
    index = Index.from_digests(placed(0))
    changed = (
        index.updated(removed=[0]),
        index.updated(added=placed(8, 700)),
        index.updated(removed=range(299)),
    )
    assert [len(each) for each in changed] == [299, 1000, 1]
    assert [start_of(parts_of(each)["digests"]) for each in changed] == [0, 0, 0]


def test_nothing_needs_no_line() -> None:
    assert aligned(np.zeros((0, 32), np.uint8)).shape == (0, 32)
    assert empty_aligned((0, 8)).shape == (0, 8)
