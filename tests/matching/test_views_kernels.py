"""The window kernels against slow, obviously right renderings, and each instruction set against the others."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import scipy.ndimage
import skimage.data
from hypothesis import example, given, settings
from hypothesis import strategies as st

from safehash import _core, _views

import oracle

UInt8Array = npt.NDArray[np.uint8]
FloatArray = npt.NDArray[np.float64]
EACH = np.zeros(1, np.int32)


def photo() -> UInt8Array:
    return np.asarray(skimage.data.astronaut(), dtype=np.uint8)


def grey(pixels: UInt8Array) -> UInt8Array:
    return np.rint(oracle.luma(pixels)).astype(np.uint8)


def distance(one: bytes | UInt8Array, other: bytes | UInt8Array) -> int:
    return (int.from_bytes(bytes(one), "big") ^ int.from_bytes(bytes(other), "big")).bit_count()


def box_average(n: int, side: int) -> FloatArray:
    """Return the side x n matrix of area averages."""
    edges = np.arange(side + 1) * n / side
    at = np.arange(n)
    overlap = np.minimum(edges[1:, None], at + 1) - np.maximum(edges[:-1, None], at)
    shares: FloatArray = np.clip(overlap, 0, None) / (n / side)
    return shares


def tents(a: float, b: float, n: int) -> FloatArray:
    """Return the 64 x n matrix of a window's tents, the edge repeated beyond the side."""
    matrix = np.zeros((64, n))
    spacing = (b - a) * n / 64
    half = max(spacing / 2, 1.0)
    for k in range(64):
        centre = a * n + spacing * (k + 0.5) - 0.5
        samples = np.arange(math.ceil(centre - half), math.floor(centre + half) + 1)
        weights = 1 - np.abs(samples - centre) / half
        np.add.at(matrix[k], np.clip(samples, 0, n - 1), weights / weights.sum())
    return matrix


def hash_window(thumb: npt.NDArray[np.float32], window: tuple[float, float, float, float]) -> UInt8Array:
    rows, cols = np.array([window[:2]], dtype=float), np.array([window[2:]], dtype=float)
    digests: UInt8Array = _views.hash_windows(thumb, rows, cols, EACH, EACH)[0]
    return digests


@pytest.mark.parametrize("orientation", range(1, 9))
def test_thumbnail_is_the_area_average_of_the_upright_luma(orientation: int) -> None:
    stored = photo()[:300, :421]
    turns = {1: 0, 2: 5, 3: 2, 4: 4, 5: 6, 6: 3, 7: 7, 8: 1}
    upright = oracle.luma(np.ascontiguousarray(oracle.ORIENT[turns[orientation]](stored)))
    expected = box_average(upright.shape[0], 64) @ upright @ box_average(upright.shape[1], 64).T
    thumb = _views.thumbnail(stored, orientation=orientation, side=64)
    np.testing.assert_allclose(thumb, expected, atol=0.01)


def test_thumbnail_of_a_reduced_decode_counts_a_short_last_sample_by_its_length() -> None:
    reduced = grey(photo())[:100, :80]  # of 797 x 639 pixels, step 8
    full = np.repeat(np.repeat(reduced, 8, 0), 8, 1)[:797, :639].astype(float)
    expected = box_average(797, 32) @ full @ box_average(639, 32).T
    thumb = _views.thumbnail(reduced, rows=797, cols=639, step=8, side=32)
    np.testing.assert_allclose(thumb, expected, atol=0.01)


@pytest.mark.parametrize(
    "window", [(0, 1, 0, 1), (-0.07, 1.02, 0.0, 1.13), (0.21, 0.64, 0.1, 0.83), (-0.3, 0.5, 0.4, 1.2)]
)
@pytest.mark.parametrize("side", [64, 256])
def test_window_is_tents_and_cosines_over_the_thumbnail(
    window: tuple[float, float, float, float], side: int
) -> None:
    thumb = _views.thumbnail(photo(), side=side)
    small = tents(*window[:2], side) @ thumb @ tents(*window[2:], side).T
    expected = oracle.pdq_of_small(small)
    bits = np.unpackbits(np.frombuffer(expected.digest, np.uint8)[::-1], bitorder="little")
    found = np.unpackbits(hash_window(thumb, window)[::-1], bitorder="little")
    assert not ((bits != found) & ~expected.unsure_bits).any()


@pytest.mark.parametrize("window", [(0.1, 0.7, 0.2, 0.9), (0, 0.5, 0.5, 1), (-0.05, 1.1, -0.1, 1)])
def test_window_hashes_like_the_same_view_rendered_as_pixels(window: tuple[float, ...]) -> None:
    pixels = grey(photo())
    n = len(pixels)
    padded = np.pad(pixels, n // 2, mode="edge")
    top, bottom, left, right = (round(edge * n) + n // 2 for edge in window)
    rendered = oracle.pdq(np.ascontiguousarray(padded[top:bottom, left:right]))
    thumb = _views.thumbnail(pixels)
    assert distance(hash_window(thumb, tuple(window)), rendered.digest) <= 20  # type: ignore[arg-type]
    if min(window) >= 0 and max(window) <= 1:
        assert _views.measure_window(thumb, np.array(window))[0] == pytest.approx(rendered.quality, abs=3)


@pytest.mark.parametrize("degrees", [-5.0, 2.0, 3.5])
def test_rotation_levels_a_tilted_picture(degrees: float) -> None:
    pixels = grey(photo())[60:400, 30:480]
    tilted = scipy.ndimage.rotate(pixels, degrees, reshape=False, order=1, mode="nearest")
    thumb = _views.thumbnail(tilted, side=64)
    level = _views.rotated(thumb, -degrees, 450 / 340)
    own = oracle.pdq(pixels).digest
    assert distance(hash_window(level, (0, 1, 0, 1)), own) <= 31
    assert distance(hash_window(level, (0, 1, 0, 1)), own) < distance(hash_window(thumb, (0, 1, 0, 1)), own)


@pytest.mark.parametrize("level", _views.LEVELS)
def test_every_instruction_set_gives_the_same_bits(level: int) -> None:
    pixels = photo()[:, :377]
    thumb = _views.thumbnail(pixels, level=0)
    assert thumb.tobytes() == _views.thumbnail(pixels, level=level).tobytes()
    spans = np.array([[-0.1, 1.0], [0.0, 1.05], [0.2, 0.61]])
    of = np.array([0, 0, 1, 2, 2], dtype=np.int32), np.array([0, 1, 2, 2, 0], dtype=np.int32)
    reference = _views.hash_windows(thumb, spans, spans, *of, level=0)
    np.testing.assert_array_equal(_views.hash_windows(thumb, spans, spans, *of, level=level), reference)
    for one, other in zip(_views.boxes(thumb, level=0), _views.boxes(thumb, level=level), strict=True):
        np.testing.assert_array_equal(one, other)
    digest = np.frombuffer(_core.pdq(pixels[20:, 10:])[0], np.uint8)
    start = np.array([-0.02, 1.0, 0.0, 1.0])
    refined = [
        _views.refine(thumb, digest, start, step=0.02, least=0.005, room=0.2, max_evaluations=80, level=each)
        for each in (0, level)
    ]
    assert refined[0] == refined[1]


@settings(deadline=None, max_examples=50)
@given(
    margins=st.tuples(*[st.floats(0, 0.08)] * 4),
    which=st.sampled_from(["astronaut", "chelsea", "coffee"]),
)
@example(margins=(0.0793406787021792, 0.078125, 0.041015625, 0.06640625), which="coffee")
def test_refining_finds_where_a_crop_was_taken(margins: tuple[float, ...], which: str) -> None:
    pixels = grey(np.asarray(getattr(skimage.data, which)()))
    rows, cols = pixels.shape
    top, bottom, left, right = margins
    crop = pixels[
        round(top * rows) : rows - round(bottom * rows), round(left * cols) : cols - round(right * cols)
    ]
    digest = np.frombuffer(_core.pdq(pixels)[0], np.uint8)
    thumb = _views.thumbnail(crop, side=64)
    true = np.array([-top, 1 - top, -left, 1 - left]) / np.repeat([1 - top - bottom, 1 - left - right], 2)
    start = np.round(true / 0.04) * 0.04
    found, window, agreement = _views.refine(
        thumb, digest, start, step=0.02, least=0.005, room=0.2, max_evaluations=150
    )
    assert found <= distance(hash_window(thumb, tuple(start)), digest)
    assert found == distance(hash_window(thumb, window), digest)
    # Of a crop this deep, the 64 samples a side may themselves be further from the whole than that, at the true window.
    assert found <= 50 or found <= distance(hash_window(thumb, tuple(true)), digest) + 6
    assert agreement > 0.4


def slow_thumbnail(pixels: UInt8Array, side: int, step: int, rows: int, cols: int) -> FloatArray:
    """Return `_views.thumbnail` of an upright picture sum by sum, in float32 but for the rows inside a box."""

    def boxes(length: int) -> list[list[tuple[int, np.float32]]]:
        n_samples, found = -(-length // step), []
        for k in range(side):
            a, b = float(k) * length / side, float(k + 1) * length / side
            first, last = int(a / step), min(math.ceil(b / step) - 1, n_samples - 1)
            first = min(first, last)
            weights = [step / (b - a)] * (last - first + 1)
            weights[0], weights[-1] = ((first + 1) * step - a) / (b - a), (b - last * step) / (b - a)
            if first == last:
                weights = [1.0]
            found.append([(first + i, np.float32(weight)) for i, weight in enumerate(weights)])
        return found

    def shrink_rows() -> npt.NDArray[np.float32]:
        lines = []
        for box in boxes(rows):
            (first, line_weight), (last, last_weight) = box[0], box[-1]
            line = line_weight * pixels[first].astype(np.float32)
            if first != last:
                inside = pixels[first + 1 : last].sum(axis=0, dtype=np.int64).astype(np.float32)
                line = line + (box[1][1] if len(box) > 2 else np.float32(0)) * inside
                line = line + last_weight * pixels[last].astype(np.float32)
            lines.append(line)
        return np.array(lines)

    def shrink(values: npt.NDArray[np.float32], length: int) -> npt.NDArray[np.float32]:
        lines = []
        for box in boxes(length):
            line = box[0][1] * values[box[0][0]]
            for at, weight in box[1:]:
                line = line + weight * values[at]
            lines.append(line)
        return np.array(lines)

    shrunk = shrink_rows()
    if shrunk.ndim == 3:
        wide = shrunk.astype(np.float64)
        shrunk = (0.299 * wide[..., 0] + 0.587 * wide[..., 1] + 0.114 * wide[..., 2]).astype(np.float32)
    return np.ascontiguousarray(shrink(np.ascontiguousarray(shrunk.T), cols).T)


@settings(deadline=None, max_examples=40)
@given(
    rows=st.integers(1, 400),
    cols=st.integers(1, 400),
    step=st.sampled_from([1, 2, 4, 8]),
    side=st.sampled_from([16, 64, 128]),
    channels=st.sampled_from([1, 3]),
    seed=st.integers(0, 2**32 - 1),
)
def test_thumbnail_equals_its_sums_one_by_one(
    rows: int, cols: int, step: int, side: int, channels: int, seed: int
) -> None:
    shape = (-(-rows // step), -(-cols // step), 3)[: 3 if channels == 3 else 2]
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    expected = slow_thumbnail(pixels, side, step, rows, cols)
    for level in _views.LEVELS:
        thumb = _views.thumbnail(pixels, rows=rows, cols=cols, step=step, side=side, level=level)
        np.testing.assert_array_equal(thumb, expected)


def slow_boxes(
    thumb: npt.NDArray[np.float32], n_lines: int, n_windows: int, *, coarse: bool
) -> list[tuple[float, int, int, int, int]]:
    """Return what `_views.boxes` proposes as (score, top, bottom, left, right) in samples, box by box, in float32."""
    f32, n = np.float32, len(thumb)

    def sums_of(picture: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        steps = np.zeros((n + 9, n), f32)  # the difference across line k is row k + 4
        steps[5 : n + 4] = np.abs(picture[1:] - picture[:-1])
        sums = np.zeros((n + 1, n + 1), f32)
        for line in range(n + 1):
            beside = steps[line]
            for near in (1, 2, 6, 7, 8):
                beside = beside + steps[line + near]
            beside = beside * f32(1 / 6)
            if coarse:
                before, after = steps[line + 1] + steps[line + 2], steps[line + 6] + steps[line + 7]
                beside = (before + after + f32(2) * np.minimum(before, after)) * f32(1 / 8)
            here = steps[line + 4]
            contrast = f32(2.1 if coarse else 2.6) * (here - beside) / (here + beside + f32(1.4))
            np.cumsum(np.maximum(contrast, f32(-1)) - f32(0.5), out=sums[line, 1:])
        return sums

    def lines_of(sums: npt.NDArray[np.float32]) -> list[int]:
        knots = [k * n // 8 for k in range(9)]
        best = [
            max(line[knots[b]] - line[knots[a]] for a in range(7) for b in range(a + 2, 9)) for line in sums
        ]
        lines = [0, n]
        for _ in range(n_lines):
            at = max(range(3, n - 2), key=lambda line: best[line])
            if best[at] <= 0:
                break
            lines.append(at)
            best[at - 1] = best[at] = best[at + 1] = f32(-1e9)
        return sorted(lines)

    def support(sums: npt.NDArray[np.float32], line: int, first: int, end: int) -> np.float32:
        if line in (0, n):
            return f32(0.35)
        return min((sums[line, end] - sums[line, first]) / f32(end - first), f32(1.2))

    row_sums, col_sums = sums_of(thumb), sums_of(np.ascontiguousarray(thumb.T))
    pairs = [
        [(a, b) for i, a in enumerate(lines) for b in lines[i + 1 :] if b - a >= n * 12 // 100]
        for lines in (lines_of(row_sums), lines_of(col_sums))
    ]
    found = []
    for top, bottom in pairs[0]:
        for left, right in pairs[1]:
            height, width = bottom - top, right - left
            if height * width * 12 < n * n or height == width == n:
                continue
            sides = [support(row_sums, top, left, right), support(row_sums, bottom, left, right)]
            sides += [support(col_sums, left, top, bottom), support(col_sums, right, top, bottom)]
            score = sides[0] + sides[1] + sides[2] + sides[3] + min(sides)
            found.append((float(score), top, bottom, left, right))
    return sorted(found, key=lambda box: -box[0])[:n_windows]


@settings(deadline=None, max_examples=25)
@given(
    side=st.sampled_from([16, 32, 64, 128]),
    n_lines=st.sampled_from([1, 5, 12, 30]),
    n_windows=st.sampled_from([1, 16, 150]),
    n_boxes=st.integers(0, 6),
    noise=st.sampled_from([0, 3, 30]),
    coarse=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_boxes_equal_scoring_one_by_one(
    side: int, n_lines: int, n_windows: int, n_boxes: int, noise: int, coarse: bool, seed: int
) -> None:
    generator = np.random.default_rng(seed)
    pixels = generator.integers(60, 61 + noise, (side, side)).astype(np.uint8)
    for _ in range(n_boxes):
        (top, left), sides = generator.integers(0, side, 2), generator.integers(2, side, 2)
        pixels[top : top + sides[0], left : left + sides[1]] = generator.integers(0, 256)
    thumb = _views.thumbnail(pixels, side=side)
    expected = slow_boxes(thumb, n_lines, n_windows, coarse=coarse)
    for level in _views.LEVELS:
        windows, digests, scores = _views.boxes(
            thumb, n_lines=n_lines, n_windows=n_windows, coarse=coarse, level=level
        )
        edges = windows * side
        assert [(float(score), *box) for score, box in zip(scores, edges.tolist(), strict=True)] == expected
        for window, digest in zip(windows, digests, strict=True):
            np.testing.assert_array_equal(digest, hash_window(thumb, tuple(window)))
        for least in {score for score, *_ in expected[:3]}:
            good = _views.boxes(
                thumb, n_lines=n_lines, n_windows=n_windows, least=least, coarse=coarse, level=level
            )
            n_good = sum(score >= least for score, *_ in expected)
            np.testing.assert_array_equal(good[0], windows[:n_good])
            np.testing.assert_array_equal(good[1], digests[:n_good])
            np.testing.assert_array_equal(good[2], scores[:n_good])


@settings(deadline=None, max_examples=40)
@given(
    side=st.sampled_from([64, 128, 256]),
    n_spans=st.integers(1, 7),
    n_windows=st.integers(0, 30),
    seed=st.integers(0, 2**32 - 1),
)
def test_many_windows_hash_like_one_at_a_time(side: int, n_spans: int, n_windows: int, seed: int) -> None:
    generator = np.random.default_rng(seed)
    thumb = _views.thumbnail(photo(), side=side)
    starts = generator.uniform(-0.5, 0.9, (n_spans, 1))
    spans = np.concatenate([starts, starts + generator.uniform(0.0625, 2.0, (n_spans, 1))], axis=1)
    row_of, col_of = generator.integers(0, n_spans, (2, n_windows), dtype=np.int32)
    digests = _views.hash_windows(thumb, spans, spans, row_of, col_of)
    assert len(digests) == n_windows
    for digest, row, col in zip(digests, row_of, col_of, strict=True):
        np.testing.assert_array_equal(digest, hash_window(thumb, (*spans[row], *spans[col])))


def test_boxes_find_the_one_that_a_picture_was_pasted_to() -> None:
    back = np.asarray(skimage.data.coffee(), dtype=np.uint8).copy()
    rows, cols = back.shape[:2]
    back[80:280, 210:510] = photo()[100:300, 100:400]
    windows, _, scores = _views.boxes(_views.thumbnail(back), n_windows=5)
    assert (np.diff(scores) <= 0).all()
    expected = np.array([80 / rows, 280 / rows, 210 / cols, 510 / cols])
    assert np.abs(windows - expected).max(axis=1).min() < 1.5 / 256


def test_a_flat_picture_has_nothing_to_propose() -> None:
    flat = np.full((40, 50), 90, np.uint8)
    assert [len(part) for part in _views.boxes(_views.thumbnail(flat))] == [0, 0, 0]


def shifted(array: np.ndarray) -> np.ndarray:
    """The same array where its items do not lie at multiples of their size."""
    room = np.zeros(array.nbytes + 1, np.uint8)[1:]
    moved = room.view(array.dtype).reshape(array.shape)
    moved[...] = array
    return moved


def refined(**changes: Any) -> object:
    """Refine a window with one argument that makes no sense."""
    told: dict[str, Any] = {"step": 0.02, "least": 0.001, "room": 0.1, "max_evaluations": 50} | changes
    thumb = told.pop("thumb", np.zeros((64, 64), np.float32))
    return _views.refine(thumb, np.zeros(32, np.uint8), np.array([0.0, 1, 0, 1]), **told)


def test_refining_ends_wherever_it_may_go() -> None:
    """With all the room there is, a window goes no further than four sides beyond, where its samples end."""
    thumb = np.random.default_rng(8).uniform(0, 255, (64, 64)).astype(np.float32)
    digest = np.random.default_rng(9).integers(0, 256, 32, dtype=np.uint8)
    _, window, _ = _views.refine(
        thumb, digest, np.array([-4.0, 5, -4, 5]), step=1.0, least=1e-9, room=9.0, max_evaluations=2_000
    )
    assert window[0] >= -4 and window[1] <= 5 and window[2] >= -4 and window[3] <= 5


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda: _views.thumbnail(np.zeros((8, 8), np.float32)), TypeError),
        (lambda: _views.thumbnail(np.zeros((8, 8, 2), np.uint8)), ValueError),
        (lambda: _views.thumbnail(np.zeros((8, 8), np.uint8), side=40), ValueError),
        (lambda: _views.thumbnail(np.zeros((8, 8), np.uint8), orientation=9), ValueError),
        (lambda: _views.thumbnail(np.zeros((8, 8), np.uint8), rows=70, cols=64, step=8), ValueError),
        (lambda: _views.rotated(np.zeros((40, 40), np.float32), 1.0, 1.0), ValueError),
        (lambda: _views.rotated(np.zeros((64, 64), np.float32), 1.0, 0.0), ValueError),
        (lambda: _views.rotated(np.zeros((64, 64), np.float32), math.nan, 1.0), ValueError),
        (lambda: _views.rotated(np.zeros((64, 64), np.float32), 1.0, math.inf), ValueError),
        (lambda: hash_window(np.zeros((64, 64), np.float32), (0.5, 0.5, 0, 1)), ValueError),
        (lambda: hash_window(np.zeros((64, 64), np.float32), (math.nan, 1, 0, 1)), ValueError),
        (lambda: hash_window(np.zeros((64, 64), np.float32), (0, 1, 0, 7)), ValueError),
        (
            lambda: _views.hash_windows(
                np.zeros((64, 64), np.float32), np.array([[0.0, 1]]), np.array([[0.0, 1]]), EACH + 1, EACH
            ),
            ValueError,
        ),
        (lambda: _views.thumbnail(np.zeros((8, 8), np.uint8), level=99), ValueError),
        (lambda: _views.boxes(np.zeros((64, 64), np.float32), n_lines=31), ValueError),
        (lambda: refined(room=100.0), ValueError),
        (lambda: refined(room=math.nan), ValueError),
        (lambda: refined(step=math.inf), ValueError),
        (lambda: refined(step=1e300), ValueError),
        (lambda: refined(least=0.0), ValueError),
        (lambda: refined(least=1e-300), ValueError),
        (lambda: refined(step=0.01, least=0.02), ValueError),
        (lambda: refined(max_evaluations=1 << 30), ValueError),
        (lambda: refined(thumb=np.full((64, 64), math.nan, np.float32)), ValueError),
        (lambda: refined(thumb=np.full((64, 64), 1e30, np.float32)), ValueError),
        (lambda: refined(thumb=shifted(np.zeros((64, 64), np.float32))), ValueError),
        (lambda: _views.boxes(np.full((64, 64), -math.inf, np.float32)), ValueError),
        (lambda: _views.measure_window(None, np.array([0.0, 1, 0, 1])), TypeError),  # type: ignore[arg-type]
        (
            lambda: _views.measure_window(np.full((64, 64), 300, np.float32), np.array([0.0, 1, 0, 1])),
            ValueError,
        ),
    ],
)
def test_what_makes_no_sense_is_refused(call: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        call()  # type: ignore[operator]


# -- measures --------------------------------------------------------------------------------------------------


def test_measuring_tells_a_drawing_from_a_photograph() -> None:
    whole = np.array([0.0, 1.0, 0.0, 1.0])
    at = (np.arange(256) + 0.5) / 256 - 0.5
    ring = np.where(np.abs(np.hypot(at[:, None], at[None, :]) - 0.3) < 0.06, 20, 250).astype(np.uint8)
    quality, flat, plain_ground, faint, greys, common, contrast, _ = _views.measure_window(
        _views.thumbnail(ring), whole
    )
    assert plain_ground and flat > 0.5 and faint > 0.3 and greys < 2.5 and common > 0.9 and contrast > 60
    assert quality == oracle.pdq(ring).quality
    quality, flat, plain_ground, faint, greys, common, contrast, _ = _views.measure_window(
        _views.thumbnail(photo()), whole
    )
    assert (
        not plain_ground
        and flat < 0.3
        and faint < 0.1
        and quality == 100
        and greys > 4.8
        and common < 0.38
        and contrast > 30
    )


def test_greys_are_counted_at_the_nearest_samples() -> None:
    bright = _views.thumbnail(photo())
    at = (np.arange(64) + 0.5) / 64
    for thumb in (bright, np.ascontiguousarray(bright * np.float32(0.3))):
        for window in (
            (0.0, 1.0, 0.0, 1.0),
            (-0.2, 1.1, 0.0, 1.3),
            (0.11, 0.62, 0.4, 0.93),
            (0.3, 0.41, 0.05, 0.99),
        ):
            rows = np.clip(np.floor((window[0] + (window[1] - window[0]) * at) * 256), 0, 255).astype(int)
            cols = np.clip(np.floor((window[2] + (window[3] - window[2]) * at) * 256), 0, 255).astype(int)
            samples = thumb[np.ix_(rows, cols)].astype(np.float64).ravel()
            counts = np.bincount((samples * (16 / max(8.0, samples.std()))).astype(int), minlength=64)
            shares = counts[counts > 0] / 4096
            _, _, _, _, greys, common, contrast, _ = _views.measure_window(thumb, np.array(window))
            assert contrast == pytest.approx(samples.std(), abs=1e-9)
            # A sample on the edge of a step may fall to either side.
            assert greys == pytest.approx(-(shares * np.log2(shares)).sum(), abs=2e-3)
            assert common == pytest.approx(np.sort(counts)[-4:].sum() / 4096, abs=2 / 4096)
    flat = _views.thumbnail(np.full((256, 256), 7, np.uint8))
    assert _views.measure_window(flat, np.array([0.0, 1.0, 0.0, 1.0]))[4:] == (0.0, 1.0, 0.0, 0.0)


@pytest.mark.parametrize("level", _views.LEVELS)
@pytest.mark.parametrize("side", [64, 128])
def test_windows_of_turned_pictures_equal_turning_first(level: int, side: int) -> None:
    thumb = _views.thumbnail(photo(), side=side)
    more = [(-0.1, 1.0), (0.1, 0.9), (0.0, 0.8), (-0.02, 1.2), (0.3, 0.95)]
    spans = [(0.0, 1.0), (-0.06, 1.03), (0.2, 0.7), *more]  # more than are kept
    once = np.array([(*rows, *cols) for rows in spans for cols in spans])
    windows = np.concatenate(
        [once, once[::-1], once, once[::-1]]
    )  # a turn begins with rows that the one before ended with
    degrees = np.repeat([3.5, -8.0, 3.5, 0.0], len(once))
    doubts = np.empty((len(windows), 32), np.uint8)
    found = _views.hash_levelled(thumb, windows, degrees, aspect=1.4, doubts=doubts, level=level)
    for digest, doubt, window, by in zip(found, doubts, windows, degrees, strict=True):
        turned = _views.rotated(thumb, float(by), 1.4, level=level)
        rows, cols, own = window[None, :2].copy(), window[None, 2:].copy(), np.empty((1, 32), np.uint8)
        expected = _views.hash_windows(turned, rows, cols, EACH, EACH, doubts=own, level=level)
        assert digest.tobytes() == expected.tobytes()
        assert doubt.tobytes() == own.tobytes()
    assert _views.hash_levelled(thumb, windows[:0], degrees[:0], aspect=1.0).shape == (0, 32)


@pytest.mark.parametrize(
    ("windows", "degrees", "aspect"),
    [
        (np.array([[0.0, 1.0, 0.0]]), np.zeros(1), 1.0),
        (np.array([[0.0, 1.0, 0.0, 1.0]]), np.zeros(2), 1.0),
        (np.array([[0.0, 1.0, 0.0, 0.01]]), np.zeros(1), 1.0),
        (np.array([[0.0, 1.0, 0.0, 1.0]]), np.full(1, np.nan), 1.0),
        (np.array([[0.0, 1.0, 0.0, 1.0]]), np.full(1, 361.0), 1.0),
        (np.array([[0.0, 1.0, 0.0, 1.0]]), np.zeros(1), 0.0),
    ],
)
def test_windows_of_no_turned_picture_are_refused(
    windows: FloatArray, degrees: FloatArray, aspect: float
) -> None:
    with pytest.raises(ValueError, match=r"window|turn"):
        _views.hash_levelled(np.zeros((64, 64), np.float32), windows, degrees, aspect=aspect)


@given(seed=st.integers(0, 2**32 - 1), step=st.sampled_from([0.0, 1e-3, 1.0, 40.0]))
def test_doubts_are_the_coefficients_near_the_median(seed: int, step: float) -> None:
    samples = np.random.default_rng(seed).uniform(0, 255, (64, 64))
    samples = np.clip(np.round(samples / step) * step, 0, 255) if step else samples
    thumb = samples.astype(np.float32)
    windows, doubts = np.array([[0.0, 1.0]]), np.empty((1, 32), np.uint8)
    first: bytes | None = None
    for level in _views.LEVELS:
        _views.hash_windows(thumb, windows, windows, EACH, EACH, doubts=doubts, level=level)
        first = first or doubts.tobytes()
        assert doubts.tobytes() == first
