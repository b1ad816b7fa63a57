"""Greys of colours found once for each are those of every pixel converted."""

from __future__ import annotations

from typing import cast

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


def test_a_picture_of_all_colours_is_converted_by_fewer(monkeypatch: pytest.MonkeyPatch) -> None:
    """74 kB of a picture in which each pixel is another colour took 4.5 s, by a profile that takes long."""
    monkeypatch.setattr(shades, "_MOST_COLOURS", 60_000)
    monkeypatch.setattr(np, "unique", None)  # which takes longest where all are different
    n_converted = 0
    colour = colours()[0]

    class Counted:
        space, table, high_range = colour.space, colour.table, None

        def apply(self, part: Image.Image) -> Image.Image:
            nonlocal n_converted
            n_converted += part.width * part.height
            return colour.apply(part)

    paint = painter(cast("Colour", Counted()), shades._MANY_PIXELS)
    every = np.arange(1 << 18, dtype=np.uint32)  # none twice
    samples = np.stack([every & 255, every >> 8 & 255, every >> 16], axis=-1).astype(np.uint8)
    apart: list[float] = []
    for rows in np.split(samples.reshape(32, -1, 3), 32):
        part = Image.fromarray(rows)
        wanted = np.asarray(colour.apply(part).convert("L")).astype(int)
        found = np.asarray(paint(part)).astype(int)
        assert np.abs(found - wanted).max() <= 4
        apart.append(float((found - wanted).mean()))
    assert apart[0] == 0
    assert abs(float(np.mean(apart))) < 1
    assert n_converted < 60_000 + 8192 + (1 << 18) // 8
