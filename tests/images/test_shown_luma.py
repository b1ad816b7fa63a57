"""What a screen shows of colours by curves and a matrix: the kernel against numpy, pictures against their colour."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from profiles_made import ADOBE_RGB, DISPLAY_P3, PROPHOTO, SRGB, gamma, matrix_profile

from safehash import _core
from safehash.images.colour import Colour, colour_of_icc

UInt8Array = npt.NDArray[np.uint8]
LEVELS = pytest.mark.parametrize("level", _core.LEVELS)
WEIGHTS = np.array([0.299, 0.587, 0.114])


def tables(seed: int, most: float) -> tuple[npt.NDArray[np.float32], UInt8Array]:
    rng = np.random.default_rng(seed)
    light = (rng.random((3, 256, 4)) * most - most / 4).astype(np.float32)
    levels = np.sort(rng.integers(0, 256, _core.LIGHT_LEVELS)).astype(np.uint8)
    return light, levels


@LEVELS
@pytest.mark.parametrize("n_pixels", [1, 5, 1023, 1025, 3000])
@pytest.mark.parametrize("most", [4000.0, 16000.0, 1e30])
def test_light_is_added_cut_and_looked_up(level: int, n_pixels: int, most: float) -> None:
    light, levels = tables(n_pixels, most)
    pixels = np.random.default_rng(n_pixels).integers(0, 256, (n_pixels, 4), dtype=np.uint8)
    luma = np.empty(n_pixels, np.uint8)
    _core.shown_luma(pixels.reshape(-1), luma, light=light, levels=levels, level=level)
    summed = light[0][pixels[:, 0]] + light[1][pixels[:, 1]] + light[2][pixels[:, 2]]
    places = (np.clip(summed, 0, _core.LIGHT_LEVELS - 1) + np.float32(0.5)).astype(int)
    wanted = (levels[places[:, :3]].astype(int) @ np.array([19595, 38470, 7471]) + 32768) >> 16
    assert (luma == wanted).all()


@LEVELS
def test_luma_and_chroma_are_colours_first(level: int) -> None:
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (4000, 4), dtype=np.uint8)
    plain = np.zeros((3, 256, 4), np.float32)
    for channel in range(3):
        plain[channel, :, channel] = np.arange(256) * 64
    levels = np.minimum(np.arange(_core.LIGHT_LEVELS) // 64, 255).astype(np.uint8)
    luma = np.empty(len(pixels), np.uint8)
    _core.shown_luma(pixels.reshape(-1), luma, light=plain, levels=levels, is_ycc=True, level=level)
    y, cb, cr = pixels[:, :3].astype(float).T - np.array([[0], [128], [128]])
    shown = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=1)
    assert np.abs(np.clip(shown, 0, 255) @ WEIGHTS - luma).max() < 1.7


@pytest.mark.parametrize("place", ["pixels", "luma", "light", "levels"])
def test_shapes_that_contradict_each_other_are_refused(place: str) -> None:
    light, levels = tables(1, 4000)
    given: dict[str, Any] = {
        "pixels": np.zeros(16, np.uint8),
        "luma": np.zeros(4, np.uint8),
        "light": light,
        "levels": levels,
    }
    given[place] = given[place][:-1].copy()
    with pytest.raises(ValueError):
        _core.shown_luma(given["pixels"], given["luma"], light=given["light"], levels=given["levels"])


def test_light_without_a_number_is_refused() -> None:
    light, levels = tables(1, 4000)
    light[1, 7, 2] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        _core.shown_luma(bytes(16), np.zeros(4, np.uint8), light=light, levels=levels)


def colour_by(profile: bytes) -> Colour:
    colour = colour_of_icc(profile)
    assert colour is not None
    return colour


@pytest.mark.parametrize(
    "profile",
    [
        matrix_profile(DISPLAY_P3),
        matrix_profile(ADOBE_RGB, gamma(2.2)),
        matrix_profile(PROPHOTO, gamma(1.8)),
        matrix_profile(SRGB, gamma(1.0)),
    ],
    ids=["Display P3", "Adobe RGB", "ProPhoto", "linear"],
)
def test_a_picture_is_what_its_colour_says(profile: bytes) -> None:
    colour = colour_by(profile)
    pixels = np.random.default_rng(7).integers(0, 256, (60, 70, 3), dtype=np.uint8)
    wanted = np.rint(colour.shown(pixels.reshape(-1, 3) / 255.0)) @ WEIGHTS
    shown = np.asarray(colour.apply(Image.fromarray(pixels)).convert("L"))
    # A level each way where light lies between two levels, and what rounding to grey takes.
    assert np.abs(shown.reshape(-1) - wanted).max() <= 1.5
    assert abs((shown.reshape(-1) - wanted).mean()) < 0.05


def test_a_picture_of_luma_and_chroma_is_the_same_in_colours() -> None:
    colour = colour_by(matrix_profile(DISPLAY_P3))
    small = np.random.default_rng(8).integers(60, 200, (6, 7, 3), dtype=np.uint8)
    image = Image.fromarray(small).resize((70, 60)).convert("YCbCr")
    y, cb, cr = np.moveaxis(np.asarray(image, float), 2, 0) - np.array([0, 128, 128])[:, None, None]
    in_colours = np.stack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb], axis=2)
    rounded = Image.fromarray(np.clip(np.rint(in_colours), 0, 255).astype(np.uint8))
    apart = np.asarray(colour.apply(image), int) - np.asarray(colour.apply(rounded), int)
    # Where light is nearly none, a level of a channel is several of what is shown.
    assert np.percentile(np.abs(apart), 99) <= 2 and abs(apart.mean()) < 0.1


def test_a_picture_in_pieces_is_the_same() -> None:
    """Over 16 MB the imaging library keeps a picture in several blocks."""
    colour = colour_by(matrix_profile(ADOBE_RGB, gamma(2.2)))
    tile = np.random.default_rng(9).integers(0, 256, (10, 2100, 3), dtype=np.uint8)
    whole = Image.fromarray(np.tile(tile, (210, 1, 1)))
    shown = np.asarray(colour.apply(whole)).reshape(210, 10, 2100)
    assert (shown == np.asarray(colour.apply(Image.fromarray(tile)))).all()
