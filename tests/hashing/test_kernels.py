"""The compiled kernels against the oracle, against the reference tools, and against themselves on every level."""

from __future__ import annotations

import gc
import math
import platform
import threading
from collections.abc import Callable
from typing import Any

import imagehash
import numpy as np
import pdqhash
import PIL
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import reference
from safehash import _core

import oracle

#: Elsewhere the peers' compilers fuse products into sums, and their bits are others where coefficients tie.
SAME_ROUNDING = platform.machine().lower() in ("x86_64", "amd64")

OLD_RESIZE = int(PIL.__version__.split(".")[0]) < 13

#: Coefficients this near to the median may fall either way: the reference's float32 running sums are off by this.
NOISE = 1e-3


def made_picture(generator: np.random.Generator, rows: int, cols: int, kind: int, channels: int) -> Any:
    """Return a picture of one of several kinds, from smooth to noise."""
    shape = (rows, cols, 3)
    picture: Any
    y, x = np.mgrid[0:rows, 0:cols]
    if kind == 0:
        picture = generator.integers(0, 256, shape)
    elif kind == 1:  # soft blobs
        cells = generator.integers(0, 256, (8, 8, 3)).astype(np.uint8)
        picture = np.asarray(Image.fromarray(cells).resize((cols, rows), Image.Resampling.BICUBIC))
    elif kind == 2:  # waves
        wave = np.sin(x / generator.uniform(2, 40) + generator.uniform(0, 6)) * np.cos(
            y / generator.uniform(2, 40)
        )
        picture = np.repeat(((wave + 1) * 127)[..., None], 3, axis=2)
    elif kind == 3:  # rectangles
        picture = np.zeros(shape)
        for _ in range(12):
            top, left = generator.integers(0, rows), generator.integers(0, cols)
            picture[top : top + rows // 3 + 1, left : left + cols // 3 + 1] = generator.integers(0, 256, 3)
    else:  # a picture under noise
        cells = generator.integers(0, 256, (5, 5, 3)).astype(np.uint8)
        smooth = np.asarray(Image.fromarray(cells).resize((cols, rows), Image.Resampling.BILINEAR)).astype(
            float
        )
        picture = smooth + generator.normal(0, 20, shape)
    pixels = np.clip(picture, 0, 255).astype(np.uint8)
    return pixels if channels == 3 else np.ascontiguousarray(pixels[..., 0])


@st.composite
def graphics(draw: Any) -> Any:
    """A picture whose coefficients tie: flat, striped, checked, ramped, of few blocks, on a ground, mirrored."""
    rows, cols = draw(st.tuples(GRAPHIC_SIDES, GRAPHIC_SIDES))
    y, x = np.mgrid[0:rows, 0:cols]
    low, high = draw(st.tuples(st.integers(0, 255), st.integers(0, 255)))
    wide, tall = draw(st.tuples(st.integers(1, 48), st.integers(1, 48)))
    kind = draw(st.sampled_from(["flat", "stripes", "checks", "ramp", "blocks", "ring", "noise", "cross"]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    levels: dict[str, Callable[[], Any]] = {
        "flat": lambda: 0 * x,
        "stripes": lambda: x // wide % 2,
        "checks": lambda: (x // wide + y // tall) % 2,
        "ramp": lambda: x / max(1, cols - 1),
        "blocks": lambda: np.kron(generator.random((4, 4)), np.ones((-(-rows // 4), -(-cols // 4))))[
            :rows, :cols
        ],
        "ring": lambda: np.abs(np.hypot(y - (rows - 1) / 2, x - (cols - 1) / 2) - wide) < tall / 4,
        "noise": lambda: generator.random((rows, cols)),
        "cross": lambda: (np.abs(y - (rows - 1) / 2) < tall) | (np.abs(x - (cols - 1) / 2) < wide),
    }
    picture = np.asarray(low + (high - low) * np.asarray(levels[kind](), dtype=np.float64))
    fold = draw(st.sampled_from(["none", "across", "down", "both", "transposed"]))
    if fold in ("across", "both"):
        picture = np.concatenate([picture, picture[:, ::-1]], axis=1)
    if fold in ("down", "both"):
        picture = np.concatenate([picture, picture[::-1]], axis=0)
    if fold == "transposed":
        side = min(rows, cols)
        picture = picture[:side, :side] + picture[:side, :side].T
        picture = picture / 2
    pixels = np.ascontiguousarray(np.rint(picture).astype(np.uint8))
    if draw(st.booleans()):
        tint = draw(st.lists(st.integers(0, 255), min_size=3, max_size=3))
        pixels = np.ascontiguousarray((pixels[..., None].astype(np.int64) * tint // 255).astype(np.uint8))
    return pixels


GRAPHIC_SIDES = st.one_of(
    st.sampled_from([5, 8, 16, 31, 32, 64, 100, 127, 128, 129, 192, 256]), st.integers(5, 300)
)


def reference_bits(digest: bytes) -> Any:
    number = int.from_bytes(digest, "big")
    return np.array([bool(number >> k & 1) for k in range(256)])


def in_doubt(pixels: Any) -> Any:
    """Return which coefficients lie within the reference's rounding of the median, the median itself too."""
    coefficients = _core.pdq_parts(pixels)[1].ravel()
    near: Any = np.abs(coefficients - np.sort(coefficients)[127]) <= np.float32(NOISE)
    return near


def check_pdq(pixels: Any) -> tuple[bool, int]:
    """Compare with pdqhash: to the bit, but for those of one or two coefficients within its rounding of the median.

    Return whether digests differ, and by how much qualities do.
    """
    digest, quality = _core.pdq(pixels)
    as_rgb = pixels if pixels.ndim == 3 else np.dstack([pixels] * 3)
    bits, reference_quality = pdqhash.compute(np.ascontiguousarray(as_rgb))
    differing = reference_bits(digest) != np.asarray(bits, bool)[::-1]
    if not differing.any():
        return False, abs(quality - reference_quality)
    near = in_doubt(pixels)
    if SAME_ROUNDING:
        assert near.sum() <= 3, pixels.shape
    assert near[differing].all(), pixels.shape
    return True, abs(quality - reference_quality)


def test_pdq_equals_the_reference_on_generated_pictures() -> None:
    generator = np.random.default_rng(20261123)
    n_pictures, n_differing, n_quality = 2000, 0, 0
    for number in range(n_pictures):
        rows, cols = (int(2 ** generator.uniform(2.4, 9.2)) for _ in "ab")
        pixels = made_picture(generator, rows, cols, number % 5, 3 if number % 2 else 1)
        is_other, apart = check_pdq(pixels)
        n_differing += is_other
        n_quality += apart > 0
        assert apart <= 1
    # Pictures with one or two coefficients in doubt are few, and so are gradients at a whole number.
    assert n_differing <= n_pictures * 0.005
    assert n_quality <= n_pictures * 0.05


@given(graphics())
def test_pdq_equals_the_reference_where_coefficients_tie(pixels: Any) -> None:
    check_pdq(pixels)


@given(graphics())
def test_the_references_rounding_decides_where_more_than_a_couple_are_in_doubt(pixels: Any) -> None:
    coefficients = _core.pdq_parts(pixels)[1]
    own, others = reference.digest_of(coefficients), reference.pdq(pixels)
    decided = others if in_doubt(pixels).sum() > 3 else own
    for level in _core.LEVELS:
        assert _core.pdq(pixels, level=level)[0] == decided


@given(graphics(), st.integers(1, 8))
def test_ties_are_those_of_the_turned_picture(pixels: Any, orientation: int) -> None:
    upright = np.ascontiguousarray(EXIF[orientation](pixels))
    assert _core.pdq(pixels, orientation=orientation) == _core.pdq(upright)
    digests, quality = _core.pdq_turned(pixels, orientation=orientation)
    assert (digests[0], quality) == _core.pdq(upright)
    for digest, turn in zip(digests, oracle.ORIENT, strict=True):
        assert digest == _core.pdq(np.ascontiguousarray(turn(upright)))[0]


def test_turned_pictures_of_enormous_ones_are_summed_once() -> None:
    """Eight times the reference's four passes over 120 megapixels would cost seconds."""
    side = 1 + math.isqrt(_core.MOST_TURNED)
    pixels = np.broadcast_to(np.uint8(np.arange(side) // 64 % 2 * 200), (side, side))
    digests, quality = _core.pdq_turned(pixels)
    assert (digests[0], quality) == _core.pdq(pixels)
    assert digests[0] == reference.pdq(pixels) != reference.digest_of(_core.pdq_parts(pixels)[1])
    others = [reference.pdq(turn(pixels)) for turn in oracle.ORIENT[1:]]
    assert all(digest != other for digest, other in zip(digests[1:], others, strict=True))


def test_the_references_own_rounding_is_known() -> None:
    """All eight orientations to the bit, ties included."""
    generator = np.random.default_rng(20261125)
    for number in range(1000):
        rows, cols = (int(2 ** generator.uniform(2.4, 9.2)) for _ in "ab")
        pixels = made_picture(generator, rows, cols, number % 5, 3 if number % 2 else 1)
        as_rgb = pixels if pixels.ndim == 3 else np.dstack([pixels] * 3)
        theirs, _ = pdqhash.compute_dihedral(np.ascontiguousarray(as_rgb))
        for digest, bits in zip(reference.orientations(pixels), theirs, strict=True):
            np.testing.assert_array_equal(reference_bits(digest), np.asarray(bits, bool)[::-1], str(number))


def reference_phash(pixels: Any, side: int) -> bytes | None:
    """Return imagehash's digest; None where its resizing was another before Pillow 13 (docs/hashes.md, "pHash")."""
    rows, cols = pixels.shape[:2]
    if OLD_RESIZE and rows > 4 * side and rows - 4 * side > 2 * (cols - 4 * side):
        return None
    bits = imagehash.phash(Image.fromarray(pixels), hash_size=side).hash
    return np.packbits(bits.ravel()).tobytes()


def check_phash(pixels: Any, side: int) -> None:
    """Compare with imagehash: to the bit where its transform rounds as it was compiled to on x86-64."""
    digest, reference = _core.phash(pixels, keep=side), reference_phash(pixels, side)
    if reference is None or digest == reference:
        return
    assert not SAME_ROUNDING, pixels.shape
    differing = np.unpackbits(np.frombuffer(digest, np.uint8) ^ np.frombuffer(reference, np.uint8)).astype(
        bool
    )
    spectrum = oracle.phash(pixels, side)[1].ravel()
    assert (np.abs(spectrum[differing] - np.median(spectrum)) < 1e-6).all(), pixels.shape


def test_phash_equals_the_reference_on_generated_pictures() -> None:
    generator = np.random.default_rng(20261124)
    for number in range(2000):
        rows, cols = (int(2 ** generator.uniform(2.4, 9.2)) for _ in "ab")
        check_phash(
            made_picture(generator, rows, cols, number % 5, 3 if number % 2 else 1), 8 if number % 3 else 16
        )


@given(graphics(), st.sampled_from([8, 16]))
def test_phash_equals_the_reference_where_coefficients_tie(pixels: Any, side: int) -> None:
    check_phash(pixels, side)


sides = st.one_of(st.integers(5, 200), st.sampled_from([64, 127, 128, 129, 256, 257, 513, 1025, 2049]))


@given(sides, sides, st.sampled_from([1, 3]), st.integers(0, 4), st.integers(0, 2**32 - 1))
def test_small_picture_equals_the_oracle(rows: int, cols: int, channels: int, kind: int, seed: int) -> None:
    if rows * cols > 300_000:
        cols = 5 + cols % 100
    pixels = made_picture(np.random.default_rng(seed), rows, cols, kind, channels)
    small, coefficients = _core.pdq_parts(pixels)
    assert np.abs(small - oracle.small_picture(pixels)).max() < 1e-3
    assert np.abs(coefficients - oracle.pdq(pixels).coefficients).max() < 1e-2


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
    digests, quality = _core.pdq_turned(pixels)
    assert (digests[0], quality) == _core.pdq(pixels)
    for digest, turn in zip(digests, oracle.ORIENT, strict=True):
        assert digest == _core.pdq(np.ascontiguousarray(turn(pixels)))[0]


EXIF = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: np.swapaxes(p, 0, 1),
    6: lambda p: np.rot90(p, -1),
    7: lambda p: np.swapaxes(p[::-1, ::-1], 0, 1),
    8: lambda p: np.rot90(p, 1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("shape", [(300, 200), (131, 257, 3)])
def test_orientation_equals_turning_the_pixels(orientation: int, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(orientation).integers(0, 256, shape, dtype=np.uint8)
    upright = np.ascontiguousarray(EXIF[orientation](pixels))
    assert _core.pdq(pixels, orientation=orientation) == _core.pdq(upright)
    assert _core.pdq_turned(pixels, orientation=orientation) == _core.pdq_turned(upright)


@given(st.integers(40, 700), st.integers(40, 700), st.sampled_from([2, 4, 8]), st.integers(1, 8))
def test_folding_equals_the_operator_on_repeated_samples(
    rows: int, cols: int, step: int, orientation: int
) -> None:
    """A reduced picture hashes as if each sample stood for all the pixels it averages, odd sides included."""
    n_rows, n_cols = -(-rows // step), -(-cols // step)
    reduced = np.random.default_rng(rows * cols).integers(0, 256, (n_rows, n_cols), dtype=np.uint8)
    whole = np.repeat(np.repeat(reduced, step, axis=0), step, axis=1)[:rows, :cols]
    folded, _ = _core.pdq_parts(reduced, rows=rows, cols=cols, step=step, orientation=orientation)
    plain, _ = _core.pdq_parts(whole, orientation=orientation)
    assert np.abs(folded - plain).max() < 1e-3


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
    assert np.abs(small - oracle_of_long(np.repeat(np.repeat(reduced, 8, 0), 8, 1))).max() < 2e-2


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
