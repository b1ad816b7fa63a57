"""Whether a JPEG's luma is the luma of what is shown: the kernels against plain numpy, and files made to deceive."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageChops

from conftest import DATA
from pictures import made_picture
from safehash import _core
from safehash._borrow import borrow
from safehash.hashing.compute import hash_array, hash_decoded, reduction_for
from safehash.hashing.hashes import Algorithm
from safehash.images import gamut
from safehash.images.decoding import decode_frames

UInt8Array = npt.NDArray[np.uint8]
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
    ("rows", "cols", "across", "down"), [(1, 1, 1, 1), (37, 53, 8, 4), (64, 80, 16, 16), (9, 200, 2, 3)]
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
    bound = _core.apart_by_means(luma, blue, red, across=across, down=down, is_exact=False, level=level)
    assert exact == pytest.approx(of_pixels, rel=1e-12)
    assert bound >= exact
    assert bound == _core.apart_by_means(luma, blue, red, across=across, down=down, is_exact=False, level=0)


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
        (frame,) = decode_frames(path.read_bytes(), step_for=reduction_for, effort="thorough")
        n_checked += frame.provenance.mode == "RGB"
        assert "in colours that a screen has" not in {also.name for also in frame.also}, path.name
    assert n_checked >= 3


def test_means_find_what_the_pixels_do() -> None:
    luma, blue, red = hidden(*two_pictures((320, 240)))
    means = [np.rint(plane.reshape(30, 8, 40, 8).mean(axis=(1, 3))).astype(np.uint8) for plane in (blue, red)]
    assert gamut.means_leave_the_screen(luma, *means, across=8, down=8)
    neutral = np.full_like(means[0], 128)
    assert not gamut.means_leave_the_screen(luma, neutral, neutral, across=8, down=8)


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
    """By all pixels of a small picture, by the means of its blocks of a larger one."""
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
