"""Whether a JPEG's luma is the luma of what is shown: the kernels against plain numpy, and files made to deceive."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Literal

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops
from profiles_made import DISPLAY_P3, matrix_profile

from conftest import DATA
from pictures import made_picture
from safehash import _core
from safehash._borrow import borrow
from safehash.hashing.compute import hash_array, hash_decoded, reduction_for
from safehash.hashing.hashes import Algorithm, Hash
from safehash.images import gamut
from safehash.images.declared import declared_colours
from safehash.images.decoding import decode_frames
from safehash.images.jpeg_means import Chroma
from safehash.images.pictures import Effort

UInt8Array = npt.NDArray[np.uint8]
BOUNDS: tuple[Literal["extremes", "samples"], ...] = ("extremes", "samples")
LEVELS = pytest.mark.parametrize("level", _core.LEVELS)


def apart_of(luma: UInt8Array, blue: UInt8Array, red: UInt8Array) -> float:
    """Return what is tested, in floating point: how far luma of what is shown is from luma, on average."""
    y, cb, cr = (plane.astype(float) for plane in (luma, blue, red))
    shown = np.clip(y + 1.402 * (cr - 128), 0, 255) * 0.299
    shown += np.clip(y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128), 0, 255) * 0.587
    shown += np.clip(y + 1.772 * (cb - 128), 0, 255) * 0.114
    apart = np.abs(shown - y)
    return float(np.where(apart >= 1.5, apart, 0).mean())


def chroma(rng: np.random.Generator, shape: tuple[int, ...], spread: float) -> UInt8Array:
    return np.clip(rng.normal(128, spread, shape), 0, 255).astype(np.uint8)


@LEVELS
@pytest.mark.parametrize("n_pixels", [1, 7, 63, 1023, 1024, 1025, 5000])
@pytest.mark.parametrize("spread", [2, 30, 200])
def test_luma_is_taken_and_compared(level: int, n_pixels: int, spread: float) -> None:
    rng = np.random.default_rng([n_pixels, int(spread)])
    pixels = np.stack([rng.integers(0, 256, n_pixels), *chroma(rng, (2, n_pixels), spread)], axis=1)
    pixels = np.hstack([pixels, np.full((n_pixels, 1), 255)]).astype(np.uint8)
    luma = np.empty(n_pixels, np.uint8)
    apart = _core.luma_and_apart(pixels.tobytes(), luma, level=level)
    assert (luma == pixels[:, 0]).all()
    assert apart == pytest.approx(apart_of(*pixels[:, :3].T), abs=0.7)
    if spread == 2 or n_pixels >= 1023:
        assert apart == pytest.approx(apart_of(*pixels[:, :3].T), rel=0.02, abs=0.05)


@LEVELS
@pytest.mark.parametrize(
    ("rows", "cols", "across", "down"),
    [(1, 1, 1, 1), (37, 53, 8, 4), (64, 80, 16, 16), (9, 200, 2, 3), (39, 50, 8, 4)],
)
def test_means_stand_for_their_samples(level: int, rows: int, cols: int, across: int, down: int) -> None:
    rng = np.random.default_rng([rows, cols])
    luma = rng.integers(0, 256, (rows, cols), dtype=np.uint8)
    blue, red = chroma(rng, (2, -(-rows // down), -(-cols // across) + 1), 60)

    def large(plane: UInt8Array) -> UInt8Array:
        return plane.repeat(down, axis=0).repeat(across, axis=1)[:rows, :cols]

    pixels = np.dstack([luma, large(blue), large(red), luma])
    of_pixels = _core.luma_and_apart(pixels.tobytes(), np.empty(luma.size, np.uint8))
    exact = _core.apart_by_means(luma, blue, red, across=across, down=down, level=level)
    bound = _core.apart_by_means(luma, blue, red, across=across, down=down, by="extremes", level=level)
    assert exact == pytest.approx(of_pixels, rel=1e-12)
    assert bound >= exact
    assert bound == _core.apart_by_means(luma, blue, red, across=across, down=down, by="extremes", level=0)
    by_samples = _core.apart_by_means(luma, blue, red, across=across, down=down, by="samples", level=level)
    assert by_samples == exact, "without spreads"
    assert _core.spread(luma, level=level) == pytest.approx(float(np.std(luma)), abs=1e-9)


@LEVELS
@pytest.mark.parametrize("spread", [0, 5, 40, 110])
@pytest.mark.parametrize(("across", "down"), [(8, 8), (4, 2), (1, 1)])
def test_chroma_that_spreads_is_no_further_apart(level: int, spread: int, across: int, down: int) -> None:
    """Chroma that changes its sign from sample to sample has a mean that says nothing."""
    rng = np.random.default_rng([spread, across])
    rows, cols = 24, 64
    for lightness in (10, 60, 128, 240):
        luma = np.clip(rng.normal(lightness, 20, (rows, cols)), 0, 255).astype(np.uint8)
        blue, red = rng.integers(60, 196, (2, rows // down, cols // across)).astype(np.uint8)
        spreads = rng.integers(0, spread + 1, (2, *blue.shape)).astype(np.uint8)
        way = partial(
            _core.apart_by_means, luma, blue, red,
            blue_spreads=spreads[0], red_spreads=spreads[1], across=across, down=down,
        )  # fmt: skip
        quick, bound = (way(by=by, level=level) for by in BOUNDS)
        assert (quick, bound) == tuple(way(by=by, level=0) for by in BOUNDS)
        assert quick >= bound >= way(by="means", level=level)
        assert spread or bound == way(by="means")
        kernel = np.ones((down, across))
        signs = rng.choice([-1, 1], (2, rows, cols))
        planes = [
            np.kron(mean.astype(float), kernel) + sign * np.kron(each.astype(float), kernel)
            for mean, each, sign in zip((blue, red), spreads, signs, strict=True)
        ]
        assert apart_of(luma, *planes) <= bound + 1.5, lightness


def slowly_by(by: str, luma: UInt8Array, chroma: list[UInt8Array], across: int, down: int) -> float:
    """Return what `apart_by_means` bounds, in whole numbers, every column looked at: blue, red and their spreads."""

    def off(y: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        over = [each - np.clip(each, 0, 255) for each in (y + red, y - green, y + blue)]
        apart = (np.abs(38 * over[0] + 75 * over[1] + 15 * over[2]) + 64) >> 7
        return np.where(apart > 1, apart, 0)

    def beyond(*by: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        red, green, blue = (np.clip(each, 0, 255) for each in by)
        weighed: npt.NDArray[np.int64] = (38 * red + 75 * green + 15 * blue) >> 7
        return weighed

    rows, cols = luma.shape
    total = 0
    for top in range(0, rows, down):
        lines = luma[top : top + down].astype(np.int64)
        cb, cr, sb, sr = (plane[top // down].repeat(across)[:cols].astype(np.int64) for plane in chroma)
        cb, cr = cb - 128, cr - 128
        red, green, blue = (179 * cr + 64) >> 7, (44 * cb + 91 * cr + 64) >> 7, (227 * cb + 64) >> 7
        reds, greens, blues = (
            (each + 127) >> 7 for each in (179 * 2 * sr, 44 * 2 * sb + 91 * 2 * sr, 227 * 2 * sb)
        )
        if by == "extremes":
            low, high = (np.tile(each, (len(lines), 1)) for each in (lines.min(axis=0), lines.max(axis=0)))
        else:
            low = high = lines
        apart = np.maximum(off(low), off(high))
        darker = beyond(high + red + reds - 255, high - green + greens - 255, high + blue + blues - 255)
        lighter = beyond(reds - low - red, greens - low + green, blues - low - blue)
        further = np.clip(np.maximum(darker, lighter) - apart, 0, (52 * sb + 108 * sr + 255) >> 8)
        total += int((apart + further).sum())
    return total / luma.size


@LEVELS
@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 40), cols=st.integers(1, 90), across=st.integers(1, 100), down=st.integers(1, 24),
    lightness=st.integers(0, 255), contrast=st.sampled_from([0, 4, 30, 90]), spread=st.sampled_from([0, 1, 20, 255]),
    colour=st.sampled_from([0, 3, 20, 80]), seed=st.integers(0, 99),
)  # fmt: skip
def test_blocks_that_stay_on_the_screen_are_left_out_and_nothing_else(
    level: int, rows: int, cols: int, across: int, down: int, lightness: int, contrast: int, spread: int,
    colour: int, seed: int,
) -> None:  # fmt: skip
    rng = np.random.default_rng(seed)
    luma = np.clip(rng.normal(lightness, contrast, (rows, cols)), 0, 255).astype(np.uint8)
    shape = -(-rows // down), -(-cols // across)
    blue, red = chroma(rng, (2, *shape), colour)
    spreads = rng.integers(0, spread + 1, (2, *shape)).astype(np.uint8)
    still = [np.zeros_like(each) for each in spreads]
    way = partial(_core.apart_by_means, luma, blue, red, across=across, down=down, level=level)
    for by in BOUNDS:
        found = way(by=by, blue_spreads=spreads[0], red_spreads=spreads[1])
        assert found == slowly_by(by, luma, [blue, red, *spreads], across, down)
    of_means, of_spreads = _core.apart_at_most(
        luma,
        blue,
        red,
        blue_spreads=spreads[0],
        red_spreads=spreads[1],
        across=across,
        down=down,
        level=level,
    )
    assert of_means == slowly_by("extremes", luma, [blue, red, *still], across, down)
    assert of_spreads == slowly_by("extremes", luma, [blue, red, *spreads], across, down)
    assert way() == slowly_by("samples", luma, [blue, red, *still], across, down)


@LEVELS
@given(
    rows=st.integers(1, 30), cols=st.integers(1, 50), every=st.integers(1, 40), contrast=st.integers(0, 90),
    seed=st.integers(0, 99),
)  # fmt: skip
def test_a_part_of_the_rows_never_spreads_more(
    level: int, rows: int, cols: int, every: int, contrast: int, seed: int
) -> None:
    luma = np.clip(np.random.default_rng(seed).normal(128, contrast, (rows, cols)), 0, 255).astype(np.uint8)
    of_all, least = _core.spread(luma), _core.spread(luma, every=every, level=level)
    assert least <= of_all * (1 + 1e-12)
    part = luma[::every].astype(float)
    assert least == pytest.approx(float(np.sqrt(((part - part.mean()) ** 2).sum() / luma.size)), abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(
    lightness=st.integers(0, 255), contrast=st.sampled_from([0, 2, 6, 12, 60]), colour=st.sampled_from([0, 5, 20, 60]),
    spread=st.sampled_from([0, 2, 20]), striped=st.booleans(), seed=st.integers(0, 999),
)  # fmt: skip
def test_what_is_decided_early_is_decided_alike(
    lightness: int, contrast: int, colour: int, spread: int, striped: bool, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    luma = np.clip(rng.normal(lightness, contrast, (40, 48)), 0, 255).astype(np.uint8)
    if striped:  # the rows that are looked at first are alike
        luma[::4] = lightness
    means = [chroma(rng, (5, 6), colour) for _ in range(2)]
    spreads = [rng.integers(0, spread + 1, (5, 6)).astype(np.uint8) for _ in range(2)]
    still = [np.zeros_like(each) for each in spreads]
    of_spread = 0.1 * float(np.std(luma))
    exact = slowly_by("samples", luma, [*means, *still], 8, 8)
    may = exact > min(1.0, of_spread) or slowly_by("samples", luma, [*means, *spreads], 8, 8) > of_spread
    bound = slowly_by("extremes", luma, [*means, *spreads], 8, 8)
    expected = may and bound > 0.1 and bound > min(1.0, of_spread)
    of = [Chroma(means=mean, spreads=each) for mean, each in zip(means, spreads, strict=True)]
    assert gamut.may_leave_the_screen(luma, *of, across=8, down=8) == expected


@pytest.mark.parametrize("n_bytes", [0, 15, 17, 20])
def test_bytes_that_are_no_pixels_are_refused(n_bytes: int) -> None:
    with pytest.raises(ValueError, match="are not 4 pixels"):
        _core.luma_and_apart(bytes(n_bytes), np.empty(4, np.uint8))


def test_memory_that_is_read_is_not_written() -> None:
    both = np.zeros(16, np.uint8)
    with pytest.raises(ValueError, match="overlaps the pixels"):
        _core.luma_and_apart(both, both[4:8])


@pytest.mark.parametrize(
    ("blue", "red", "across", "down"),
    [((2, 3), (2, 2), 8, 8), ((1, 3), (1, 3), 8, 8), ((2, 2), (2, 2), 8, 8), ((2, 3), (2, 3), 0, 8)],
)
def test_chroma_that_is_not_there_is_refused(
    blue: tuple[int, int], red: tuple[int, int], across: int, down: int
) -> None:
    luma = np.zeros((16, 24), np.uint8)
    with pytest.raises(ValueError):
        _core.apart_by_means(
            luma, np.zeros(blue, np.uint8), np.zeros(red, np.uint8), across=across, down=down
        )


@pytest.mark.parametrize("shapes", [((2, 3), None), ((2, 3), (2, 2)), ((1, 3), (2, 3))])
def test_spreads_that_are_not_those_of_the_chroma_are_refused(
    shapes: tuple[tuple[int, int], tuple[int, int] | None],
) -> None:
    luma, chroma = np.zeros((16, 24), np.uint8), np.zeros((2, 3), np.uint8)
    blue, red = (None if shape is None else np.zeros(shape, np.uint8) for shape in shapes)
    with pytest.raises(ValueError, match="spreads are"):
        _core.apart_by_means(luma, chroma, chroma, blue_spreads=blue, red_spreads=red, across=8, down=8)
    with pytest.raises(ValueError, match="by one of"):
        _core.apart_by_means(luma, chroma, chroma, across=8, down=8, by="eye")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no samples"):
        _core.spread(luma[:0])


def test_a_picture_in_pieces_is_taken_apart_like_any_other() -> None:
    """Over 16 MB the imaging library keeps a picture in several blocks, which nobody else can read in place."""
    rng = np.random.default_rng(5)
    side = 2100
    planes = [Image.fromarray(rng.integers(0, 256, (side, side), dtype=np.uint8)) for _ in range(3)]
    image = Image.merge("YCbCr", planes)
    with pytest.raises(ValueError):
        borrow(image.im.__arrow_c_array__(), 4 * side * side)
    luma, apart = gamut._taken_apart(image.im, image.size)
    assert (luma == np.asarray(planes[0])).all()
    pixels = np.dstack([*map(np.asarray, planes), luma])
    assert apart == pytest.approx(_core.luma_and_apart(pixels.tobytes(), np.empty(side * side, np.uint8)))


# -- files --------------------------------------------------------------------------------------------------


def jpeg_of(y: UInt8Array, blue: UInt8Array, red: UInt8Array, *, subsampling: int) -> bytes:
    """Return a JPEG file of luma and chroma as given, colours that no screen has among them."""
    stream = io.BytesIO()
    image = Image.merge("YCbCr", [Image.fromarray(plane) for plane in (y, blue, red)])
    image.save(stream, "JPEG", quality=96, subsampling=subsampling)
    return stream.getvalue()


def hidden(picture: UInt8Array, decoy: UInt8Array) -> tuple[UInt8Array, UInt8Array, UInt8Array]:
    """Return luma of the decoy with chroma that darkens it, where it is cut, as the picture is dark."""
    luma = (150 + decoy / 255 * 40).astype(np.uint8)
    strength = (1 - picture / 255) * 127
    level = np.clip(128 + strength, 0, 255).astype(np.uint8)
    return luma, level, level


def two_pictures(size: tuple[int, int]) -> tuple[UInt8Array, UInt8Array]:
    picture, decoy = (made_picture(np.random.default_rng(seed), size[1], size[0], 1, 1) for seed in (11, 12))
    return picture, decoy


def everywhere(plane: UInt8Array) -> UInt8Array:
    return plane


def between_samples(plane: UInt8Array) -> UInt8Array:
    """Leave chroma neutral on a sample of the pixels."""
    rows, cols = plane.shape
    kept = plane.copy()
    at = [np.minimum((np.arange(int(n / 2.7)) + 0.5) * 2.7, n - 1).astype(int) for n in (rows, cols)]
    kept[np.ix_(*at)] = 128
    return kept


@pytest.mark.parametrize("keep", [everywhere, between_samples])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_what_chroma_hides_is_looked_up(keep: Callable[[UInt8Array], UInt8Array], subsampling: int) -> None:
    luma, blue, red = hidden(*two_pictures((320, 240)))
    data = jpeg_of(luma, keep(blue), keep(red), subsampling=subsampling)
    with Image.open(io.BytesIO(data)) as image:
        shown = hash_array(np.asarray(image.convert("RGB")))
    (frame,) = decode_frames(data, step_for=reduction_for, effort="standard")
    assert hash_decoded(frame, algorithm=Algorithm.PDQ).distance(shown) > 31
    names = {also.name: also for also in frame.also}
    picture = names["in colours that a screen has"].make()
    assert hash_decoded(picture, algorithm=Algorithm.PDQ).distance(shown) <= 10


def test_photographs_stay_on_the_screen() -> None:
    n_checked = 0
    for path in sorted((DATA / "golden" / "files").glob("*.jpg")):
        (frame,) = decode_frames(path.read_bytes(), step_for=reduction_for, effort="standard")
        n_checked += frame.provenance.mode == "RGB"
        assert "in colours that a screen has" not in {also.name for also in frame.also}, path.name
    assert n_checked >= 3


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("hides", [False, True])
def test_of_a_small_picture_that_may_leave_the_screen_the_pixels_tell(
    hides: bool, progressive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """White and black beside strong colours of middling luma: a block may hold what no sample of it is."""
    rng = np.random.default_rng(8)
    colours = np.array([(255, 255, 255), (0, 0, 0), (220, 40, 40), (60, 80, 230)], np.uint8)
    image = Image.fromarray(colours[rng.integers(0, 4, (30, 40))].repeat(4, axis=0).repeat(4, axis=1))
    if hides:
        planes = [np.asarray(plane) for plane in image.convert("YCbCr").split()]
        image = Image.merge("YCbCr", [Image.fromarray(plane) for plane in hidden(planes[1], planes[0])])
    stream = io.BytesIO()
    image.save(stream, "JPEG", quality=95, subsampling=0, progressive=progressive)
    data = stream.getvalue()
    asked: list[bool] = []
    may = gamut.may_leave_the_screen

    def may_leave(luma: UInt8Array, blue: Chroma, red: Chroma, *, across: int, down: int) -> bool:
        asked.append(may(luma, blue, red, across=across, down=down))
        return asked[-1]

    monkeypatch.setattr("safehash.images.jpeg.may_leave_the_screen", may_leave)
    (frame,) = decode_frames(data, step_for=reduction_for, effort="fast", own_jpeg=True)
    assert asked == [True]
    assert [also.name for also in frame.also] == (["in colours that a screen has"] if hides else [])


def test_means_and_spreads_find_what_the_pixels_do() -> None:
    luma, blue, red = hidden(*two_pictures((320, 240)))
    means = [np.rint(plane.reshape(30, 8, 40, 8).mean(axis=(1, 3))).astype(np.uint8) for plane in (blue, red)]
    still, neutral = np.zeros_like(means[0]), np.full_like(means[0], 128)

    def chroma_of(means: UInt8Array, spreads: UInt8Array) -> Chroma:
        return Chroma(means=means, spreads=spreads)

    of_means = [chroma_of(each, still) for each in means]
    assert gamut.may_leave_the_screen(luma, *of_means, across=8, down=8)
    none = chroma_of(neutral, still)
    assert not gamut.may_leave_the_screen(luma, none, none, across=8, down=8)
    wild = chroma_of(neutral, np.full_like(neutral, 100))
    assert gamut.may_leave_the_screen(luma, wild, wild, across=8, down=8)


def alternating(plane: UInt8Array, each: int) -> UInt8Array:
    """Return strength (from 0 to 127 about 128) with a sign that changes every `each` samples across and down."""
    rows, cols = (np.arange(side) // each for side in plane.shape)
    signs = 1 - 2 * ((rows[:, None] + cols) % 2)
    changed: UInt8Array = np.clip(128 + signs * (plane.astype(float) - 128), 0, 255).astype(np.uint8)
    return changed


@pytest.mark.parametrize("size", [(320, 240), (700, 560), (1000, 820)])
@pytest.mark.parametrize("each", [1, 2, 4])
@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("effort", ["fast", "standard", "thorough"])
def test_what_chroma_hides_that_changes_its_sign_is_looked_up(
    size: tuple[int, int], each: int, progressive: bool, effort: Effort
) -> None:
    """Its means are no colour at all, its samples leave the screen on one side more than on the other."""
    picture, decoy = two_pictures(size)
    luma = (50 + decoy / 255 * 20).astype(np.uint8)
    strength = (128 + picture / 255 * 127).astype(np.uint8)
    plane = alternating(strength, each)
    stream = io.BytesIO()
    image = Image.merge("YCbCr", [Image.fromarray(each) for each in (luma, plane, plane)])
    image.save(stream, "JPEG", quality=90, subsampling=0, progressive=progressive)
    data = stream.getvalue()
    with Image.open(io.BytesIO(data)) as image:
        shown = hash_array(np.asarray(image.convert("RGB")))
    (frame,) = decode_frames(data, step_for=reduction_for, effort=effort, own_jpeg=True)
    assert hash_decoded(frame, algorithm=Algorithm.PDQ).distance(shown) > 31
    names = {also.name: also for also in frame.also}
    found = names["in colours that a screen has"].make()
    assert found.pixels.shape[:2] == frame.pixels.shape
    assert hash_decoded(found, algorithm=Algorithm.PDQ).distance(shown) <= 6


def in_its_own_colours(data: bytes) -> Hash:
    """Return what is shown of a file in the colours that it declares, converted pixel by pixel."""
    (declared,) = declared_colours("JPEG", data)
    with Image.open(io.BytesIO(data)) as image:
        return hash_array(np.asarray(declared.colour.apply(image.convert("RGB"))))


@pytest.mark.parametrize(("size", "scale"), [((1000, 820), 2), ((1800, 1600), 4)])
@pytest.mark.parametrize("subsampling", [0, 2])
def test_gentle_colours_are_converted_from_what_is_read_of_the_chroma(
    size: tuple[int, int], scale: int, subsampling: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = (64 + made_picture(np.random.default_rng(3), size[1], size[0], 1, 3) / 2).astype(np.uint8)
    stream = io.BytesIO()
    profile = matrix_profile(DISPLAY_P3)
    Image.fromarray(picture).save(stream, "JPEG", quality=90, subsampling=subsampling, icc_profile=profile)
    data = stream.getvalue()
    (frame,) = decode_frames(data, step_for=reduction_for, effort="standard", own_jpeg=True)
    assert frame.provenance.scale == scale

    def decode_again(*_: object) -> None:
        raise AssertionError("decoded a second time")

    monkeypatch.setattr("safehash.images.jpeg._in_colour", decode_again)
    own = next(also for also in frame.also if also.name == "in its own colours").make()
    assert hash_decoded(own, algorithm=Algorithm.PDQ).distance(in_its_own_colours(data)) <= 4


def test_gentle_colours_of_chroma_that_changes_its_sign_are_converted_whole() -> None:
    picture, decoy = two_pictures((1000, 820))
    plane = alternating((128 + picture / 255 * 127).astype(np.uint8), 1)
    luma = Image.fromarray((50 + decoy / 255 * 20).astype(np.uint8))
    stream = io.BytesIO()
    image = Image.merge("YCbCr", [luma, *[Image.fromarray(plane)] * 2])
    image.save(stream, "JPEG", quality=90, subsampling=0, icc_profile=matrix_profile(DISPLAY_P3))
    data = stream.getvalue()
    shown = in_its_own_colours(data)
    (frame,) = decode_frames(data, step_for=reduction_for, effort="fast", own_jpeg=True)
    assert hash_decoded(frame, algorithm=Algorithm.PDQ).distance(shown) > 31
    own = next(also for also in frame.also if also.name == "in its own colours").make()
    assert own.pixels.shape[:2] == frame.pixels.shape
    assert hash_decoded(own, algorithm=Algorithm.PDQ).distance(shown) <= 6


def test_what_is_compared_is_what_the_library_shows() -> None:
    """The kernel's arithmetic and the imaging library's differ by rounding alone."""
    rng = np.random.default_rng(9)
    planes = [Image.fromarray(rng.integers(0, 256, (200, 200), dtype=np.uint8)) for _ in range(3)]
    image = Image.merge("YCbCr", planes)
    shown = image.convert("RGB").convert("L")
    apart = np.asarray(ImageChops.difference(shown, planes[0])).mean()
    assert gamut._taken_apart(image.im, image.size)[1] == pytest.approx(apart, rel=0.01)


@pytest.mark.parametrize("size", [(420, 310), (700, 560), (1000, 820), (1700, 1560)])
@pytest.mark.parametrize("progressive", [False, True])
def test_what_chroma_hides_is_looked_up_at_every_size(size: tuple[int, int], progressive: bool) -> None:
    luma, blue, red = hidden(*two_pictures(size))
    stream = io.BytesIO()
    image = Image.merge("YCbCr", [Image.fromarray(plane) for plane in (luma, blue, red)])
    image.save(stream, "JPEG", quality=90, progressive=progressive)
    data = stream.getvalue()
    with Image.open(io.BytesIO(data)) as image:
        shown = hash_array(np.asarray(image.convert("RGB")))
    (frame,) = decode_frames(data, step_for=reduction_for, effort="standard")
    assert hash_decoded(frame, algorithm=Algorithm.PDQ).distance(shown) > 31
    names = {also.name: also for also in frame.also}
    picture = names["in colours that a screen has"].make()
    assert hash_decoded(picture, algorithm=Algorithm.PDQ).distance(shown) <= 10
