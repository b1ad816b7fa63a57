"""Boards of tiles: pictures of one template that differ in a part, with as many greys and flat parts as wanted."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

__all__ = ["board", "field", "form", "ruled", "slope"]

Picture = Image.Image
_Field = npt.NDArray[np.float64]

#: Tiles a side: each is one of the 64 samples that gates measure a whole picture by.
_TILES = 64


def _levels(n: int, low: float, high: float) -> _Field:
    levels: _Field = np.rint(np.linspace(low, high, n))
    return levels


def _dealt(levels: _Field, template: int, hand: int, part: float) -> _Field:
    """Return tiles of these greys: those of the template, and in a square of so much of the side those of the hand."""
    tiles = levels[np.random.default_rng(template).integers(0, len(levels), (_TILES, _TILES))]
    n = round(part * _TILES)
    first = (_TILES - n) // 2
    inside = slice(first, first + n)
    tiles[inside, inside] = levels[np.random.default_rng([template, hand]).integers(0, len(levels), (n, n))]
    return tiles


def _drawn(tiles: _Field, side: int) -> Picture:
    pixels = np.kron(np.clip(tiles, 0, 255), np.ones((side // _TILES, side // _TILES)))
    return Image.fromarray(np.rint(pixels).astype(np.uint8)).convert("RGB")


def board(
    greys: int, hand: int, *, part: float, template: int = 0, low: float = 20, high: float = 235,
    corners: float | None = None, side: int = 256,
) -> Picture:  # fmt: skip
    """Draw a board of so many greys, all as common; with corners of one grey if wanted."""
    tiles = _dealt(_levels(greys, low, high), template, hand, part)
    if corners is not None:
        for rows in (slice(0, 7), slice(-7, None)):
            for cols in (slice(0, 7), slice(-7, None)):
                tiles[rows, cols] = corners
    return _drawn(tiles, side)


def form(hand: int, *, part: float, template: int = 0, printed: float = 0.6, side: int = 256) -> Picture:
    """Draw a board of many greys of which a part, tile by tile, is printed in four."""
    tiles = _dealt(_levels(120, 15, 240), template, hand, part)
    chance = np.random.default_rng([template, 99])
    is_printed = chance.random(tiles.shape) < printed
    four = np.array([60.0, 90.0, 150.0, 200.0])[
        np.random.default_rng([template, hand, 7]).integers(0, 4, tiles.shape)
    ]
    of_all = np.array([60.0, 90.0, 150.0, 200.0])[
        np.random.default_rng([template, 8]).integers(0, 4, tiles.shape)
    ]
    n = round(part * _TILES)
    inside = slice((_TILES - n) // 2, (_TILES - n) // 2 + n)
    of_all[inside, inside] = four[inside, inside]
    return _drawn(np.where(is_printed, of_all, tiles), side)


def slope(hand: int, *, part: float, template: int = 0, tiled: float = 0.2, side: int = 256) -> Picture:
    """Draw an even slope from dark to bright with a band of tiles across."""
    tiles = _dealt(_levels(120, 15, 240), template, hand, part)
    even = np.tile(90.0 + np.arange(_TILES), (_TILES, 1))
    n = round(tiled * _TILES)
    rows = slice((_TILES - n) // 2, (_TILES - n) // 2 + n)
    even[rows] = tiles[rows]
    return _drawn(even, side)


def ruled(hand: int, *, part: float, template: int = 0, side: int = 256) -> Picture:
    """Draw rows of any greys, each an even slope of its own, and a square of tiles."""
    chance = np.random.default_rng([template, 5])
    rows = chance.uniform(70, 190, _TILES)[:, None]
    slopes = chance.uniform(-1.4, 1.4, _TILES)[:, None]
    tiles = rows + slopes * (np.arange(_TILES) - _TILES / 2)
    n = round(part * _TILES)
    inside = slice((_TILES - n) // 2, (_TILES - n) // 2 + n)
    tiles[inside, inside] = _dealt(_levels(120, 15, 240), template, hand, part)[inside, inside]
    return _drawn(tiles, side)


def field(seed: int, turned_over: int = 0, *, power: float = 0.6, deviation: float = 45) -> Picture:
    """Return waves of all directions, the shorter the weaker, of which some that PDQ reads may have the other sign."""
    waves = np.hypot(*np.mgrid[0:_TILES, 0:_TILES])
    waves[0, 0] = 1
    sizes = np.random.default_rng(seed).normal(size=(_TILES, _TILES)) / waves**power
    sizes[0, 0] = 0
    signs = np.ones(256)
    signs[np.random.default_rng([seed, 1]).choice(256, turned_over, replace=False)] = -1
    sizes[1:17, 1:17] *= signs.reshape(16, 16)
    places = np.pi / (2 * _TILES) * (2 * np.arange(_TILES) + 1)
    cosines = np.cos(np.arange(_TILES)[:, None] * places)
    drawn: _Field = cosines.T @ sizes @ cosines
    return _drawn(128 + drawn / drawn.std() * deviation, 4 * _TILES)
