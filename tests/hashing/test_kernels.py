"""The compiled kernels against the oracle and against themselves on every level."""

from __future__ import annotations

import gc
import re
import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reference
from pictures import EXIF, made_picture
from safehash import _core, _digests, _join, _rows, _search, _views

import oracle

sides = st.one_of(st.integers(5, 200), st.sampled_from([64, 127, 128, 129, 256, 257, 513, 1025, 2049]))


@pytest.mark.parametrize("module", [_core, _views, _search, _join, _rows, _digests])
def test_every_level_of_this_machine_is_forced(module: Any) -> None:
    """What loops over `LEVELS` compares nothing where there are none."""
    with pytest.raises(ValueError, match="this processor runs levels 0 to") as caught:
        _core.pdq(np.zeros((8, 8), np.uint8), level=99)
    widest = int(re.findall(r"0 to (\d)", str(caught.value))[0])
    assert list(module.LEVELS) == sorted(set(module.LEVELS))
    assert module.LEVELS[0] == 0 and module.LEVELS[-1] <= widest
    assert len(module.LEVELS) > 1 or widest == 0  # of those above the first each module has one at least
    assert 2 in module.LEVELS or widest < 2 or module in (_search, _join, _digests)


@given(sides, sides, st.sampled_from([1, 3]), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_small_picture_equals_the_oracle(rows: int, cols: int, channels: int, kind: int, seed: int) -> None:
    if rows * cols > 300_000:
        cols = 5 + cols % 100
    pixels = made_picture(np.random.default_rng(seed), rows, cols, kind, channels)
    small, coefficients = _core.pdq_parts(pixels)
    assert np.abs(small - oracle.small_picture(pixels)).max() < 1e-3
    assert np.abs(coefficients - oracle.pdq(pixels).coefficients).max() < 1e-2


def weights_of(n: int) -> list[tuple[int, Any, float]]:
    """Return each band of a side: its first sample, its weights, and their sum where they are integers, else 1."""
    box = oracle.box_matrix(n)
    window = -(-n // 128)
    bands = []
    for at in ((2 * k + 1) * n // 128 for k in range(64)):
        outer = np.flatnonzero(box[at])
        inner = box[outer] > 0
        lengths = inner.sum(axis=1)
        if (lengths == lengths[0]).all():  # the divisors of the first pass agree
            weights, total = inner.sum(axis=0).astype(np.float64), float(lengths[0] * len(outer))
        else:
            weights, total = (inner / (lengths[:, None] * float(len(outer)))).sum(axis=0), 1.0
        samples = np.flatnonzero(inner.any(axis=0))
        assert len(samples) < 2 * window
        bands.append((int(samples[0]), weights[samples], total))
    return bands


def slow_small_picture(pixels: Any) -> Any:
    """Return the 64 x 64 picture with every float32 sum taken term by term: rows first, then columns and luma."""
    channels = 3 if pixels.ndim == 3 else 1
    flat = pixels.reshape(len(pixels), -1)
    f32 = np.float32
    lines, scales = [], []
    for first, weights, total in weights_of(len(pixels)):
        line = np.zeros(flat.shape[1], f32)
        if total == 1.0 and weights[0] != 1.0:
            for weight, row in zip(weights.astype(f32), flat[first:], strict=False):
                line = line + weight * row.astype(f32)
        else:  # integers: exact, in whatever order
            line = (weights[:, None] * flat[first : first + len(weights)]).sum(axis=0).astype(f32)
        lines.append(line)
        scales.append(f32(1.0 / total))
    rows = np.array(lines)
    small = np.empty((64, 64), f32)
    luma = np.array([0.299, 0.587, 0.114]) if channels == 3 else np.array([1.0])
    for j, (first, weights, total) in enumerate(weights_of(pixels.shape[1])):
        sums = np.zeros(64, f32)
        for i, weight in enumerate((weights[:, None] * luma).astype(f32).ravel()):
            sums = sums + rows[:, first * channels + i] * weight
        small[:, j] = sums * (f32(1.0 / total) * np.array(scales))
    return small


@settings(max_examples=30)
@given(sides, sides, st.sampled_from([1, 3]), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_small_picture_is_its_sums_one_by_one_to_the_bit(
    rows: int, cols: int, channels: int, kind: int, seed: int
) -> None:
    if rows * cols > 300_000:
        cols = 5 + cols % 100
    pixels = made_picture(np.random.default_rng(seed), rows, cols, kind, channels)
    expected = slow_small_picture(pixels)
    for level in _core.LEVELS:
        np.testing.assert_array_equal(_core.pdq_parts(pixels, level=level)[0], expected)


@given(sides, sides, st.integers(0, 2**32 - 1))
def test_a_fourth_byte_behind_each_pixel_changes_nothing(rows: int, cols: int, seed: int) -> None:
    """Pixels as imaging libraries hold them; the last one's fourth byte need not even be there."""
    if rows * cols > 300_000:
        cols = 5 + cols % 100
    generator = np.random.default_rng(seed)
    held = np.frombuffer(bytearray(generator.bytes(4 * rows * cols - 1)), np.uint8)
    pixels = np.lib.stride_tricks.as_strided(held, (rows, cols, 3), (4 * cols, 4, 1))
    packed = np.ascontiguousarray(pixels)
    for level in _core.LEVELS:
        for one, other in zip(
            _core.pdq_parts(pixels, level=level), _core.pdq_parts(packed, level=level), strict=True
        ):
            assert one.tobytes() == other.tobytes()
        for call in (_core.pdq, _core.pdq_turned, _core.phash):
            assert call(pixels, level=level) == call(packed, level=level)
    assert reference.pdq(pixels) == reference.pdq(packed)


@given(sides, sides, st.sampled_from([1, 3]), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_every_level_gives_the_same_bits(rows: int, cols: int, channels: int, kind: int, seed: int) -> None:
    if rows * cols > 300_000:
        cols = 5 + cols % 100
    pixels = made_picture(np.random.default_rng(seed), rows, cols, kind, channels)
    parts = [_core.pdq_parts(pixels, level=level) for level in _core.LEVELS]
    for small, coefficients in parts[1:]:
        assert small.tobytes() == parts[0][0].tobytes()
        assert coefficients.tobytes() == parts[0][1].tobytes()
    for call in (_core.pdq, _core.pdq_turned, _core.phash):
        assert len({str(call(pixels, level=level)) for level in _core.LEVELS}) == 1


@given(sides, sides, st.integers(0, 2**32 - 1))
def test_turned_equals_turning_the_pixels(rows: int, cols: int, seed: int) -> None:
    if rows * cols > 300_000:
        cols = 5 + cols % 100
    pixels = made_picture(np.random.default_rng(seed), rows, cols, 4, 1)
    digests, quality, _ = _core.pdq_turned(pixels)
    assert (digests[0], quality) == _core.pdq(pixels)
    for digest, turn in zip(digests, oracle.ORIENT, strict=True):
        assert digest == _core.pdq(np.ascontiguousarray(turn(pixels)))[0]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("shape", [(300, 200), (131, 257, 3)])
def test_orientation_equals_turning_the_pixels(orientation: int, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(orientation).integers(0, 256, shape, dtype=np.uint8)
    upright = np.ascontiguousarray(EXIF[orientation](pixels))
    assert _core.pdq(pixels, orientation=orientation) == _core.pdq(upright)
    assert _core.pdq_turned(pixels, orientation=orientation) == _core.pdq_turned(upright)


def on_lines(means: Any, n: int, step: int) -> Any:
    """Return n rows of which every `step` have one of these rows for their mean, on a line as steep as those around."""
    means = means.astype(np.float64)
    around = np.concatenate([means[:1], means, means[-1:]])
    steep = (around[2:] - around[:-2]) / (2 * step)
    within = np.arange(n) % step - (step - 1) / 2
    return np.repeat(means, step, axis=0)[:n] + within[:, None] * np.repeat(steep, step, axis=0)[:n]


@given(st.integers(40, 700), st.integers(40, 700), st.sampled_from([2, 4, 8]), st.integers(1, 8))
def test_folding_equals_the_operator_on_lines_through_the_means(
    rows: int, cols: int, step: int, orientation: int
) -> None:
    """A reduced picture hashes as if its pixels lay on lines through their means, odd sides included."""
    n_rows, n_cols = -(-rows // step), -(-cols // step)
    reduced = np.random.default_rng(rows * cols).integers(0, 256, (n_rows, n_cols), dtype=np.uint8)
    whole = EXIF[orientation](on_lines(on_lines(reduced, rows, step).T, cols, step).T)
    folded, _ = _core.pdq_parts(reduced, rows=rows, cols=cols, step=step, orientation=orientation)
    plain = oracle.operator(whole.shape[0]) @ whole @ oracle.operator(whole.shape[1]).T
    assert np.abs(folded - plain).max() < 1e-3


@pytest.mark.parametrize("step", [2, 4, 8])
@pytest.mark.parametrize("n", [520, 1032])
def test_a_reduced_ramp_hashes_as_all_of_it(n: int, step: int) -> None:
    """Slopes are not lost in the means, but at a picture's two ends."""
    ramp = np.linspace(0, 255, n)[:, None]
    means = ramp.reshape(-1, step, 1).mean(axis=1)
    whole = oracle.operator(n) @ ramp
    assert np.abs(oracle.operator(n) @ on_lines(means, n, step) - whole)[2:-2].max() < 1e-9
    assert np.abs(oracle.operator(n) @ np.repeat(means, step, axis=0) - whole)[2:-2].max() > 1e-3


@pytest.mark.parametrize(
    "view",
    [
        lambda p: p[::2],
        lambda p: p[:, ::2],
        lambda p: p[::-1],
        lambda p: p[:, ::-1],
        lambda p: p[10:90, 20:140],
        lambda p: np.asfortranarray(p),
        lambda p: np.swapaxes(p, 0, 1),
        lambda p: np.ascontiguousarray(p).data,
        lambda p: np.broadcast_to(p[:1], p.shape),
        lambda p: np.broadcast_to(p[:, :1], p.shape),
        lambda p: p[:, ::1][:, :1].repeat(40, axis=1)[:, 7:8].repeat(9, axis=1),
    ],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_any_strides(view: Callable[[Any], Any], channels: int) -> None:
    pixels = made_picture(np.random.default_rng(5), 160, 200, 1, channels)
    strided = view(pixels)
    packed = np.ascontiguousarray(np.asarray(strided))
    assert _core.pdq(strided) == _core.pdq(packed)
    assert _core.phash(strided) == _core.phash(packed)


def test_read_only_pixels_are_fine() -> None:
    pixels = np.zeros((64, 64), np.uint8)
    pixels.flags.writeable = False
    assert _core.pdq(pixels) == (bytes(32), 0)


@pytest.mark.parametrize(
    ("pixels", "error"),
    [
        (np.zeros((10, 10)), TypeError),
        (np.zeros((10, 10), np.uint16), TypeError),
        (np.zeros(10, np.uint8), ValueError),
        (np.zeros((10, 10, 4), np.uint8), ValueError),
        (np.zeros((10, 10, 3, 1), np.uint8), ValueError),
        (np.zeros((0, 10), np.uint8), ValueError),
        (np.zeros((4, 10), np.uint8), ValueError),
        (np.zeros((10, 4, 3), np.uint8), ValueError),
    ],
)
def test_wrong_pixels_are_refused(pixels: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        _core.pdq(pixels)


@pytest.mark.parametrize(
    "arguments",
    [
        {"orientation": 0},
        {"orientation": 9},
        {"level": 99},
        {"step": 0},
        {"step": 2},
        {"rows": 128, "cols": 128, "step": 1},
        {"rows": -5, "cols": 64, "step": 1},
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        _core.pdq(np.zeros((64, 64), np.uint8), **arguments)


def test_very_long_sides() -> None:
    """Windows of several hundred samples: weights above what 16 bits hold at once."""
    generator = np.random.default_rng(9)
    pixels = generator.integers(0, 256, (6, 70_000), dtype=np.uint8)
    assert np.abs(_core.pdq_parts(pixels)[0] - oracle_of_long(pixels)).max() < 2e-2
    tall = np.ascontiguousarray(pixels.T)
    assert np.abs(_core.pdq_parts(tall)[0] - oracle_of_long(pixels).T).max() < 2e-2
    assert len(_core.phash(tall)) == 8
    reduced = generator.integers(0, 256, (9, 5000), dtype=np.uint8)
    small, _ = _core.pdq_parts(reduced, rows=72, cols=40_000, step=8)
    assert np.abs(small - oracle_of_long(on_lines(on_lines(reduced, 72, 8).T, 40_000, 8).T)).max() < 2e-2


@pytest.mark.parametrize("cols", [16_447, 16_449, 2 * 16_384 + 7])
def test_lines_that_are_added_up_in_several_blocks(cols: int) -> None:
    """Rows enough for sums of more than 16 bits, columns enough for several blocks of such sums: as read backwards."""
    samples = np.random.default_rng(cols).integers(0, 256, 2100 * 11 + cols, dtype=np.uint8)
    pixels = np.lib.stride_tricks.as_strided(samples, (2100, cols), (11, 1))  # rows that lie over one another
    backwards = np.ascontiguousarray(pixels[:, ::-1])
    found = [_core.pdq_parts(pixels, orientation=2, level=level)[0] for level in _core.LEVELS]
    assert all(small.tobytes() == found[0].tobytes() for small in found[1:])
    assert np.abs(found[0] - _core.pdq_parts(backwards)[0]).max() < 1e-3
    assert np.ptp(found[0]) > 1


def oracle_of_long(pixels: Any) -> Any:
    """The 64 x 64 picture by cumulative sums: the oracle's matrices would not fit."""

    def box(values: Any) -> Any:
        n = values.shape[1]
        window = -(-n // 128)
        half = (window + 2) // 2
        sums = np.concatenate([np.zeros((values.shape[0], 1)), np.cumsum(values, axis=1)], axis=1)
        out = np.arange(n)
        first, last = np.maximum(0, out - (window - half)), np.minimum(n - 1, out + half - 1)
        return (sums[:, last + 1] - sums[:, first]) / (last - first + 1)

    def side(values: Any) -> Any:
        n = values.shape[1]
        return box(box(values))[:, [int((k + 0.5) * n / 64) for k in range(64)]]

    return side(side(pixels.astype(np.float64)).T).T


def test_eight_threads_and_a_small_cache() -> None:
    """More sides than the table cache holds, from several threads at once."""
    generator = np.random.default_rng(3)
    pictures = [generator.integers(0, 256, (60 + k, 90 + 3 * k), dtype=np.uint8) for k in range(150)]
    expected = [_core.pdq(picture) for picture in pictures]
    failures: list[int] = []

    def work(offset: int) -> None:
        for k in range(len(pictures)):
            place = (k * 7 + offset) % len(pictures)
            if _core.pdq(pictures[place]) != expected[place]:
                failures.append(place)

    threads = [threading.Thread(target=work, args=(13 * k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gc.collect()
    assert failures == []


def test_long_sides_are_linear_and_not_kept() -> None:
    """Tables of a million samples took seconds to build, and 128 of them 8 GB to keep."""
    line = np.arange(5 * 300_000, dtype=np.int64).reshape(5, -1).astype(np.uint8)
    before = _core._kept_operator.cache_info()
    _core.pdq(line)
    _core.phash(line)
    after = _core._kept_operator.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) in (
        (0, 1),
        (1, 0),
    )  # the short side alone
