"""What a window is measured by, on pictures whose measures are counted by hand."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehash import _views

FloatArray = npt.NDArray[np.float64]

WHOLE = np.array([0.0, 1.0, 0.0, 1.0])


def measured(picture: FloatArray) -> tuple[int, float, bool, float, float, float, float, float]:
    """Return what is measured of 64 x 64 samples, in the order of `_views.measure_window`."""
    return _views.measure_window(np.ascontiguousarray(picture, dtype=np.float32), WHOLE)


def cornered(*levels: float) -> FloatArray:
    """Return noise with four corners of six samples a side, each of one grey."""
    picture = np.random.default_rng(3).uniform(0, 255, (64, 64))
    for number, level in enumerate(levels):
        rows = slice(58, 64) if number & 2 else slice(0, 6)
        cols = slice(58, 64) if number & 1 else slice(0, 6)
        picture[rows, cols] = level
    return picture


@pytest.mark.parametrize(
    ("picture", "is_plain"),
    [
        (cornered(100, 100, 100, 100), True),
        (cornered(100, 115, 108, 104), True),
        (cornered(100, 118, 108, 104), False),
        (cornered(100, 100, 83, 100), False),
        (cornered(100, 100, 100), False),
    ],
)
def test_a_plain_ground_is_four_flat_corners_of_one_grey(picture: FloatArray, is_plain: bool) -> None:
    assert measured(picture)[2] is is_plain
    assert measured(cornered(100, 116, 108, 104))[2] and not measured(cornered(100, 116.5, 108, 104))[2]
    for (row, col), spoils in (((5, 60), True), ((6, 60), False), ((60, 57), False), ((61, 58), True)):
        for apart, is_flat in ((10, True), (11, False)):
            other = picture.copy()
            inside = other[row, col] if spoils else 0.0
            other[row, col] = inside + apart
            assert measured(other)[2] is (is_plain and (is_flat or not spoils))


def test_lines_go_on_and_are_brighter_or_darker_than_what_is_beside_them() -> None:
    """Ten rows of another grey, where five of six samples go on; steps and slopes are no lines."""
    page = np.full((64, 64), 250.0)
    page[3:60:6] = 120.0
    page[:, ::6] += np.arange(64)[:, None] % 2 * 3.0
    rows = int(np.sum([1 <= row < 63 for row in range(3, 60, 6)]))
    for turned in (page, page.T):
        assert measured(turned)[7] == pytest.approx(lined(turned), abs=1e-6)
    assert measured(page)[7] > rows / 62 * 0.6
    slope = np.tile(np.linspace(0, 255, 64), (64, 1))
    step = np.where(np.arange(64)[:, None] < 32, 20.0, 200.0) * np.ones((1, 64))
    grid = np.minimum(page, page.T)
    assert measured(slope)[7] == measured(step)[7] == 0.0
    assert measured(np.minimum(grid, grid.T))[7] < 0.02, "lines both ways are no lines along one"
    for apart, is_line in ((1.6, True), (1.4, False)):
        faint = np.full((64, 64), 100.0)
        faint[30] += apart
        assert measured(faint)[7] == pytest.approx(is_line / 62)


@given(seed=st.integers(0, 2**32 - 1), levels=st.integers(2, 40))
def test_lines_are_counted_as_by_numpy(seed: int, levels: int) -> None:
    chance = np.random.default_rng(seed)
    picture = chance.integers(0, levels, (64, 1)) + chance.integers(0, 2, (64, 64)) * chance.choice(
        [0.0, 1.0, 2.0]
    )
    assert measured(picture)[7] == pytest.approx(lined(picture), abs=1e-6)


def lined(picture: FloatArray) -> float:
    """Return how much more lies on lines along one axis than along the other, slowly."""
    shares = []
    for turned in (picture, picture.T):
        goes_on = np.abs(np.diff(turned, axis=1))[1:-1] < 1.5
        before, behind = turned[1:-1] - turned[:-2], turned[1:-1] - turned[2:]
        is_line = (np.minimum(before, behind) >= 1.5) | (np.maximum(before, behind) <= -1.5)
        shares.append((goes_on & is_line[:, :-1]).mean())
    return float(abs(shares[0] - shares[1]))


def test_what_is_flat_differs_from_its_neighbours_by_less_than_a_level_and_a_half() -> None:
    """Of 63 x 63 samples: 20 columns that rise by 1.4 levels, 15 by 1.6, the rest by 30; then as many rows."""
    steps = np.array([1.4] * 20 + [1.6] * 15 + [30.0, -30.0] * 14)
    picture = np.tile(20.0 + np.concatenate([[0.0], np.cumsum(steps)]), (64, 1))
    for turned in (picture, picture.T):
        assert measured(turned)[1] == pytest.approx(20 / 63)
    both = 20.0 + (picture - 20.0) / 2 + (picture.T - 20.0) / 2
    at = np.arange(63)
    right, down = (np.abs(np.diff(both, axis=axis)) for axis in (1, 0))
    expected = np.mean((right[at] < 1.5) & (down[:, at] < 1.5))
    assert 0.3 < expected < 0.5 and measured(both)[1] == pytest.approx(expected)


def with_coefficients(coefficients: FloatArray) -> FloatArray:
    """Return the 64 x 64 picture that has these 16 x 16 coefficients, and a mean of 128."""
    at = np.arange(64)
    basis = np.cos(np.pi / 128 * np.outer(np.arange(1, 17), 2 * at + 1)) * np.sqrt(2 / 64)
    picture: FloatArray = 128 + basis.T @ coefficients @ basis
    return picture


@pytest.mark.parametrize("n_faint", [0, 30, 60])
def test_coefficients_are_faint_under_a_fiftieth_of_their_mean_size(n_faint: int) -> None:
    chance = np.random.default_rng(5)
    sizes = np.ones(256)
    sizes[:n_faint] = 1 / 80
    sizes[n_faint : n_faint + 20] = 1 / 40
    signs = chance.choice([-1.0, 1.0], 256)
    picture = with_coefficients(60 * chance.permutation(sizes * signs).reshape(16, 16))
    assert picture.min() >= 0 and picture.max() <= 256
    assert measured(picture)[3] == pytest.approx(n_faint / 256)


@pytest.mark.parametrize("n_wrong", [0, 20, 90])
def test_a_bit_agrees_by_its_coefficients_size_up_to_half_the_mean(n_wrong: int) -> None:
    """Of 256 coefficients one is as large as all others together: it counts no more than they do."""
    chance = np.random.default_rng(6)
    sizes = chance.uniform(0.1, 2.0, 256)
    sizes[0] = sizes[1:].sum()
    signs = chance.permutation([-1.0, 1.0] * 128)
    signs[0] = -1.0
    picture = with_coefficients((2 * sizes * signs).reshape(16, 16))
    assert picture.min() >= 0 and picture.max() <= 256
    own = signs * sizes > np.sort(signs * sizes)[127]
    said = own.copy()
    said[chance.choice(256, n_wrong, replace=False)] ^= True
    digest = np.packbits(said, bitorder="little")[::-1].copy()
    distance, _, agreement = _views.refine(
        np.ascontiguousarray(picture, dtype=np.float32), digest, WHOLE.copy(),
        step=0.02, least=0.01, room=0.1, max_evaluations=1,
    )  # fmt: skip
    most = sizes.mean() / 2
    expected = np.where(said, 1.0, -1.0) @ np.clip(signs * sizes / most, -1, 1) / 256
    assert distance == n_wrong and agreement == pytest.approx(expected, abs=1e-4)
