"""Pictures to test kernels with: from smooth to noise, and such whose coefficients tie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import strategies as st
from PIL import Image


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


#: What each EXIF orientation does to stored pixels.
EXIF: dict[int, Callable[[Any], Any]] = {
    1: lambda p: p,
    2: lambda p: p[:, ::-1],
    3: lambda p: p[::-1, ::-1],
    4: lambda p: p[::-1],
    5: lambda p: np.swapaxes(p, 0, 1),
    6: lambda p: np.rot90(p, -1),
    7: lambda p: np.swapaxes(p[::-1, ::-1], 0, 1),
    8: lambda p: np.rot90(p, 1),
}
