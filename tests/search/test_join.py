"""The join of many digests with many: exact, by every level."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehash._join import LEVELS, near_any

ONES = np.array([bin(k).count("1") for k in range(256)], np.int64)


def oracle(queries: np.ndarray, listed: np.ndarray, max_distance: int) -> np.ndarray:
    """Compare each with each."""
    distances = ONES[queries[:, None, :] ^ listed[None, :, :]].sum(axis=2)
    near: np.ndarray = (distances <= max_distance).any(axis=1)
    return near


@pytest.mark.parametrize("level", LEVELS)
@given(
    n_bytes=st.sampled_from([8, 32]),
    seed=st.integers(0, 2**32 - 1),
    n_queries=st.integers(1, 60),
    n_listed=st.integers(1, 60),
    share=st.floats(0, 1),
)
def test_near_any_is_exact(
    level: int, n_bytes: int, seed: int, n_queries: int, n_listed: int, share: float
) -> None:
    rng = np.random.default_rng(seed)
    max_distance = int(share * (2 * n_bytes - 1))
    listed = rng.integers(0, 256, (n_listed, n_bytes), dtype=np.uint8)
    # Queries at every distance around the threshold, their errors anywhere.
    queries = listed[rng.integers(0, n_listed, n_queries)].copy()
    for query in queries:
        bits = np.unpackbits(query)
        n_errors = int(np.clip(max_distance + rng.integers(-3, 4), 0, bits.size))
        bits[rng.permutation(bits.size)[:n_errors]] ^= 1
        query[:] = np.packbits(bits)
    found = near_any(queries, listed, max_distance=max_distance, level=level)
    assert (found == oracle(queries, listed, max_distance)).all()


def test_errors_spread_evenly_over_the_slots_are_found() -> None:
    listed = np.zeros((1, 32), np.uint8)
    query = np.zeros((1, 32), np.uint8)
    query[0, ::2] = 1  # one error in each of the 16 slots
    query[0, 1::2] = 0x80  # and a second one
    query[0, 31] = 0
    assert near_any(query, listed, max_distance=31).all()
    assert not near_any(query, listed, max_distance=30).any()


def test_three_errors_in_each_slot_are_found() -> None:
    """At the usual distance of pHash of 256 bits, 51: 13 slots with three errors and three with four."""
    listed = np.zeros((1, 32), np.uint8)
    query = np.zeros((1, 32), np.uint8)
    query[0, ::2], query[0, 1::2] = 0b11, 0x80
    query[0, [1, 9, 31]] = 0xC0
    assert near_any(query, listed, max_distance=51).all()
    assert not near_any(query, listed, max_distance=50).any()


def test_empty_sides() -> None:
    none, some = np.zeros((0, 32), np.uint8), np.zeros((2, 32), np.uint8)
    assert near_any(none, some, max_distance=31).shape == (0,)
    assert not near_any(some, none, max_distance=31).any()


@pytest.mark.parametrize(
    ("queries", "listed", "max_distance"),
    [
        (np.zeros((1, 32), np.uint8), np.zeros((1, 8), np.uint8), 1),
        (np.zeros((1, 16), np.uint8), np.zeros((1, 16), np.uint8), 1),
        (np.zeros(32, np.uint8), np.zeros((1, 32), np.uint8), 1),
        (np.zeros((1, 32), np.uint8), np.zeros((1, 32), np.uint8), 64),
        (np.zeros((1, 32), np.uint8), np.zeros((1, 32), np.uint8), -1),
    ],
)
def test_wrong_shapes_are_refused(queries: np.ndarray, listed: np.ndarray, max_distance: int) -> None:
    with pytest.raises(ValueError, match=r"digests|distance"):
        near_any(queries, listed, max_distance=max_distance)


def test_a_level_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="this processor runs levels 0 to"):
        near_any(np.zeros((1, 32), np.uint8), np.zeros((1, 32), np.uint8), max_distance=1, level=99)


def test_other_numbers_are_no_digests() -> None:
    with pytest.raises(TypeError, match="uint8"):
        near_any(np.zeros((1, 32)), np.zeros((1, 32), np.uint8), max_distance=1)  # type: ignore[arg-type]


def test_unaligned_memory() -> None:
    rng = np.random.default_rng(1)
    listed = rng.integers(0, 256, (10, 32), dtype=np.uint8)
    shifted = np.empty(321, np.uint8)[1:].reshape(10, 32)
    shifted[:] = listed
    assert near_any(shifted, listed, max_distance=0).all()
