"""What bits alone say, against slow, obviously right versions in numpy, at every instruction level."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st

from safehash import _core, _digests
from safehash.hashing.hashes import Algorithm, Hash

import oracle

UInt8Array = npt.NDArray[np.uint8]
Bits = npt.NDArray[np.bool_]


# -- slow versions ---------------------------------------------------------------------------------------------------


def grid_of(digest: bytes, algorithm: Algorithm) -> Bits:
    """Return a digest's bits by the frequencies of its rows and columns, as docs/hashes.md numbers them."""
    number = int.from_bytes(digest, "big")
    n = algorithm.n_bits
    bits = np.array([bool(number >> k & 1) for k in range(n)])
    side = 16 if n == 256 else 8
    return (bits if algorithm is Algorithm.PDQ else bits[::-1]).reshape(side, side)


def slow_turns(digest: bytes, algorithm: Algorithm) -> list[bytes]:
    """Return the digests of all orientations: a flip negates odd frequencies, a transpose transposes."""
    grid = grid_of(digest, algorithm)
    side = len(grid)
    odd = (np.arange(side) + (algorithm is Algorithm.PDQ)) % 2 == 1  # PDQ's first row is frequency 1
    signs = np.where(grid, 1, -1)
    down, across = np.where(odd, -1, 1)[:, None], np.where(odd, -1, 1)[None, :]
    turned = (
        signs,
        signs.T * down,
        signs * down * across,
        signs.T * across,
        signs * down,
        signs * across,
        signs.T,
        signs.T * down * across,
    )
    digests = []
    for each in turned:
        bits = (each > 0).ravel()
        ordered = bits if algorithm is Algorithm.PDQ else bits[::-1]
        number = sum(1 << k for k in range(algorithm.n_bits) if ordered[k])
        digests.append(number.to_bytes(algorithm.n_bytes, "big"))
    return digests


def slow_degenerate(digest: bytes) -> bool:
    """Return whether ones are over 8 off 128, or rows or columns correlate, squared, by over a quarter on average."""
    signs = np.where(grid_of(digest, Algorithm.PDQ), 1.0, -1.0)
    n_ones = int((signs > 0).sum())
    others = ~np.eye(16, dtype=bool)
    rows, cols = ((lines @ lines.T / 16)[others] ** 2 for lines in (signs, signs.T))
    return abs(n_ones - 128) > 8 or max(rows.mean(), cols.mean()) > 0.25


@lru_cache(maxsize=1)
def plain_numbers() -> list[int]:
    shapes = [shape.tobytes() for shape in _digests.plain_shapes()]
    return [int.from_bytes(each, "big") for shape in shapes for each in slow_turns(shape, Algorithm.PDQ)]


def slow_distance_to_plain(digest: bytes) -> int:
    own = int.from_bytes(digest, "big")
    apart = [(own ^ number).bit_count() for number in plain_numbers()]
    return min(*apart, *(256 - each for each in apart))


# -- digests -------------------------------------------------------------------------------------------------------


@st.composite
def regular_digests(draw: Any) -> bytes:
    """A digest of a few different rows, or columns, some of them inverted, some bits the other way."""
    lines = draw(st.lists(st.integers(0, 0xFFFF), min_size=1, max_size=8))
    which = draw(st.lists(st.integers(0, 2 * len(lines) - 1), min_size=16, max_size=16))
    rows = np.array([lines[k // 2] ^ (0xFFFF if k % 2 else 0) for k in which], np.uint16)
    bits = np.unpackbits(rows.view(np.uint8)).reshape(16, 16)
    if draw(st.booleans()):
        bits = bits.T
    flat = bits.ravel().copy()
    flat[draw(st.lists(st.integers(0, 255), max_size=24))] ^= 1
    return np.packbits(flat).tobytes()


DIGESTS = st.binary(min_size=32, max_size=32) | regular_digests()


def array_of(*digests: bytes) -> UInt8Array:
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, len(digests[0]) if digests else 32)


@given(DIGESTS, st.sampled_from([Algorithm.PDQ, Algorithm.PHASH, Algorithm.PHASH256]))
def test_turns_are_those_of_the_signs(digest: bytes, algorithm: Algorithm) -> None:
    digest = digest[: algorithm.n_bytes]
    turned = _digests.turn_digests(array_of(digest))
    assert [each.tobytes() for each in turned[0]] == slow_turns(digest, algorithm)
    assert [each.digest for each in Hash(algorithm, digest).orientations()] == slow_turns(digest, algorithm)


@given(st.lists(DIGESTS, max_size=5), st.lists(st.integers(0, 7), max_size=5))
def test_some_turns_of_many_are_picked_from_all_turns_of_each(digests: list[bytes], which: list[int]) -> None:
    array = array_of(*digests)
    turned = _digests.turn_digests(array, which)
    assert turned.shape == (len(digests), len(which), 32) and turned.dtype == np.uint8
    np.testing.assert_array_equal(turned, _digests.turn_digests(array)[:, which])


@given(st.lists(DIGESTS, max_size=5))
def test_degenerate_is_what_it_says(digests: list[bytes]) -> None:
    found = _digests.degenerate(array_of(*digests))
    assert found.dtype == np.bool_
    assert found.tolist() == [slow_degenerate(digest) for digest in digests]


def rows_alike(n_alike: int) -> bytes:
    """Return a digest of 128 ones that has this many rows alike; the others are orthogonal to them and each other."""
    signs = [[1 if (i & j).bit_count() % 2 == 0 else 0 for j in range(16)] for i in range(16)]
    rows = [signs[1 + (0 if i < n_alike else i % 15)] for i in range(16)]
    return np.packbits(np.array(rows, np.uint8)).tobytes()


def test_degenerate_starts_where_it_says() -> None:
    # k alike rows of 16: k (k - 1) pairs of squared correlation 1, and one more pair or two that repeat.
    found = {k: bool(_digests.degenerate(array_of(rows_alike(k)))[0]) for k in range(2, 16)}
    assert found == {k: slow_degenerate(rows_alike(k)) for k in range(2, 16)}
    assert found[7] is False and found[9] is True
    ones = [(1 << n) - 1 for n in range(257)]
    shuffled = np.random.default_rng(1).permutation(256)

    def spread(number: int) -> bytes:
        return np.packbits(np.array([number >> k & 1 for k in range(256)], np.uint8)[shuffled]).tobytes()

    uneven = [n for n, number in enumerate(ones) if _digests.degenerate(array_of(spread(number)))[0]]
    assert uneven == [*range(120), *range(137, 257)]


@pytest.mark.parametrize("level", _digests.LEVELS)
@given(st.data())
def test_distance_to_plain_is_that_of_the_nearest_shape(level: int, data: st.DataObject) -> None:
    shapes = _digests.plain_shapes()
    near = shapes[data.draw(st.integers(0, len(shapes) - 1))].copy()
    near ^= np.packbits(np.random.default_rng(data.draw(st.integers(0, 99))).random(256) < 0.2)
    near = _digests.turn_digests(near[None])[0, data.draw(st.integers(0, 7))]
    for digest in (near.tobytes(), np.invert(near).tobytes(), data.draw(DIGESTS)):
        assert _digests.distance_to_plain(array_of(digest), level=level)[0] == slow_distance_to_plain(digest)


# -- pictures ------------------------------------------------------------------------------------------------------


def digest_of(pixels: npt.NDArray[np.float64]) -> UInt8Array:
    return array_of(_core.pdq(np.clip(pixels, 0, 255).astype(np.uint8))[0])


def photograph(name: str) -> UInt8Array:
    return digest_of(oracle.luma(np.asarray(getattr(skimage.data, name)())))


PHOTOGRAPHS = ("astronaut", "chelsea", "coffee", "camera")


def test_stripes_and_checks_are_degenerate_and_photographs_are_not() -> None:
    at = np.arange(256)
    stripes = np.where((at // 32) % 2, 200.0, 30.0)[:, None] * np.ones(256)
    checks = np.where(((at[:, None] // 37) + (at[None, :] // 53)) % 2, 200.0, 30.0)
    assert _digests.degenerate(digest_of(stripes))[0]
    assert _digests.degenerate(digest_of(checks))[0]
    for name in PHOTOGRAPHS:
        assert not _digests.degenerate(photograph(name))[0]


def test_discs_are_near_a_plain_shape_and_photographs_are_not() -> None:
    at = (np.arange(400) + 0.5) / 400 - 0.5
    disc = np.where((at[:, None] - 0.02) ** 2 + (at[None, :] + 0.01) ** 2 < 0.4**2, 210.0, 15.0)
    lit = disc * np.clip(0.5 + at[:, None] + at[None, :], 0.05, 1)
    assert _digests.distance_to_plain(digest_of(lit))[0] <= 50
    for name in PHOTOGRAPHS:
        assert _digests.distance_to_plain(photograph(name))[0] >= 78


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [_digests.turn_digests, _digests.degenerate, _digests.distance_to_plain])
@pytest.mark.parametrize(
    ("digests", "error"),
    [
        (np.zeros((2, 32)), TypeError),
        (np.zeros((2, 32), np.int8), TypeError),
        (np.zeros(32, np.uint8), ValueError),
        (np.zeros((2, 31), np.uint8), ValueError),
        (np.zeros((2, 16), np.uint8), ValueError),
        (np.zeros((2, 0), np.uint8), ValueError),
        (np.zeros((2, 2, 32), np.uint8), ValueError),
        (None, TypeError),
        ("digest", TypeError),
    ],
)
def test_what_is_no_digest_is_refused(call: Any, digests: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match="digests"):
        call(digests)


@pytest.mark.parametrize("call", [_digests.degenerate, _digests.distance_to_plain])
def test_a_short_digest_is_no_pdq(call: Any) -> None:
    with pytest.raises(ValueError, match="32"):
        call(np.zeros((2, 8), np.uint8))


@pytest.mark.parametrize("which", [(8,), (-1,), (0, 1 << 40), ((0,),), 3])
def test_orientations_that_are_not_there_are_refused(which: Any) -> None:
    with pytest.raises(ValueError, match="orientations are 0 to 7"):
        _digests.turn_digests(np.zeros((1, 32), np.uint8), which)


@pytest.mark.parametrize("level", [-2, 99])
def test_a_level_that_is_not_there_is_refused(level: int) -> None:
    with pytest.raises(ValueError, match="this processor runs levels 0 to"):
        _digests.distance_to_plain(np.zeros((1, 32), np.uint8), level=level)


def test_any_layout_of_digests() -> None:
    wide = np.random.default_rng(5).integers(0, 256, (9, 70), dtype=np.uint8)
    for view in (wide[::2, 3:35], wide[:, 1:65:2], np.asfortranarray(wide[:, :32]), wide[::-1, 32:0:-1]):
        view.flags.writeable = False
        packed = np.ascontiguousarray(view)
        for call in (_digests.turn_digests, _digests.degenerate, _digests.distance_to_plain):
            np.testing.assert_array_equal(call(view), call(packed))


# -- each as its own picture was turned --------------------------------------------------------------------------------


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 20))
def test_each_is_turned_as_it_says(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    digests = rng.integers(0, 256, (n, 32), dtype=np.uint8)
    orientations = rng.integers(0, 8, n, dtype=np.uint8)
    every = _digests.turn_digests(digests)
    expected = every[np.arange(n), orientations]
    np.testing.assert_array_equal(_digests.turn_each(digests, orientations), expected)
    # A mark goes where its bit goes, whatever that bit was.
    over = _digests.turn_digests(np.zeros((1, 32), np.uint8))[0]
    marked = _digests.turn_each(digests, orientations, marks=True)
    np.testing.assert_array_equal(marked, expected ^ over[orientations])
    np.testing.assert_array_equal(np.bitwise_count(marked).sum(axis=1), np.bitwise_count(digests).sum(axis=1))


@pytest.mark.parametrize("orientations", [[0], [0, 8], [0, 255]])
def test_each_has_an_orientation_that_there_is(orientations: list[int]) -> None:
    with pytest.raises(ValueError, match="orientation"):
        _digests.turn_each(np.zeros((2, 32), np.uint8), np.array(orientations, np.uint8))
