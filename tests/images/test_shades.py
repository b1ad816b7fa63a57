"""Greys of colours found once for each are those of every pixel converted."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from attacks_png import table_profile
from safehash.images import shades
from safehash.images.colour import Colour, colour_of_code_points, colour_of_icc
from safehash.images.shades import painter


def colours() -> list[Colour]:
    found = [colour_of_icc(table_profile()), colour_of_code_points(9, 16)]  # a table, and PQ
    assert all(found)
    return [each for each in found if each is not None]


@pytest.mark.parametrize("mode", ["RGB", "YCbCr", "L"])
@pytest.mark.parametrize("which", [0, 1])
def test_they_are_what_each_pixel_becomes(mode: str, which: int) -> None:
    """Of parts one after the other, with colours that were met and such that were not."""
    colour = colours()[which]
    paint = painter(colour, shades._MANY_PIXELS)
    rng = np.random.default_rng(4)
    few = rng.integers(0, 256, (40, 3), dtype=np.uint8)
    for _ in range(3):
        noise = rng.integers(0, 256, (30, 50, 3), dtype=np.uint8)
        noise[10:] = few[rng.integers(0, 40, (20, 50))]
        part = Image.fromarray(noise).convert(mode)
        wanted = colour.apply(part).convert("L")
        assert np.array_equal(np.asarray(paint(part).convert("L")), np.asarray(wanted))


@pytest.mark.parametrize("which", [0, 1])
def test_of_a_small_picture_nothing_is_held(which: int) -> None:
    colour = colours()[which]
    assert painter(colour, shades._MANY_PIXELS - 1) == colour.apply
    assert painter(colour, shades._MANY_PIXELS) != colour.apply
