"""AVIF files of several items: alternatives of which one is shown, parts of grids, alpha and thumbnails of others."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
from avif_files import ALPHA, Item, avif, box, by_numbers, clap, coded, irot, laid_over, side_by_side
from corpus import CorpusFile, ramp_like
from pictures_made import made
from profiles_made import SRGB, gamma, matrix_profile

__all__ = ["items_corpus"]


def items_corpus(rows: int = 80, cols: int = 104) -> Iterator[CorpusFile]:
    """Yield the files."""
    one, two, three = (coded(made(seed, rows, cols)) for seed in (1, 2, 3))

    def file(name: str, data: bytes) -> CorpusFile:
        return CorpusFile(name=name, ending="avif", data=data)

    both = {1: one, 2: two, 3: three}
    yield file("another picture before the primary one", avif(both, alternatives=[(2, 1)]))
    yield file("the primary picture before another one", avif(both, alternatives=[(1, 2)]))
    yield file("what is not there before another one", avif(both, alternatives=[(9, 2, 1)]))
    unknown = replace(two, properties=(*two.properties, box(b"zzzz", b"1234")))
    yield file("what nobody knows before another one", avif({**both, 2: unknown}, alternatives=[(2, 3, 1)]))
    yield file("a picture of another kind first", avif({**both, 4: Item(kind=b"jpeg", body=b"x" * 99)},
                                                       alternatives=[(4, 2, 1)]))  # fmt: skip
    yield file("two groups of alternatives", avif(both, alternatives=[(2, 3), (3, 1)]))
    turned = replace(two, properties=(*two.properties, irot(1)))
    yield file("another picture, turned, first", avif({**both, 2: turned}, alternatives=[(2, 1)]))
    cut = replace(two, properties=(*two.properties, clap(cols // 2, rows // 2, -cols // 4, -rows // 4)))
    yield file("another picture, cut, first", avif({**both, 2: cut}, alternatives=[(2, 1)]))
    dark = coded(made(2, rows, cols), colours=by_numbers(1, 8, 6))
    yield file("another picture in light first", avif({**both, 2: dark}, alternatives=[(2, 1)]))
    yield file("a thumbnail that is the primary picture", avif({1: replace(one, thumbnail_of=(2,)), 2: two}))
    yield from _alphas(file, rows, cols, both)
    yield from _put_together(file, rows, cols)


def _alphas(file: Any, rows: int, cols: int, both: dict[int, Item]) -> Iterator[CorpusFile]:
    ramp = ramp_like(made(1, rows, cols))
    alpha = coded(ramp, ALPHA, colours=b"", subsampling="4:0:0")
    for owners in ((1,), (1, 2), (2, 1), (9, 1), (1, 9)):
        named = " and ".join(map(str, owners))
        yield file(f"alpha of {named}", avif({**both, 4: replace(alpha, alpha_of=owners)}))
    down = coded(
        np.ascontiguousarray(ramp_like(made(1, cols, rows)).T), ALPHA, colours=b"", subsampling="4:0:0"
    )
    items = {**both, 4: replace(alpha, alpha_of=(1,)), 5: replace(down, alpha_of=(2,))}
    yield file("alpha of each of two alternatives", avif(items, alternatives=[(2, 1)]))


def _put_together(file: Any, rows: int, cols: int) -> Iterator[CorpusFile]:
    size = (2 * cols, 2 * rows)
    sides = box(b"ispe", bytes(4) + size[0].to_bytes(4, "big") + size[1].to_bytes(4, "big"))
    pictures = [made(seed, rows, cols) for seed in (5, 6, 7, 8)]
    light = matrix_profile(SRGB, gamma(5.0))
    ways = {
        "light by numbers": (by_numbers(1, 8, 6), b""), "light by a profile": (box(b"colr", b"prof" + light), b""),
        "light, the grid's own say sRGB": (by_numbers(1, 8, 6), by_numbers(1, 13, 6)),
        "a profile, the grid's own are numbers": (box(b"colr", b"prof" + light), by_numbers(1, 13, 6)),
    }  # fmt: skip
    for name, (of_tiles, own) in ways.items():
        tiles = {10 + number: coded(each, colours=of_tiles) for number, each in enumerate(pictures)}
        grid = Item(kind=b"grid", body=side_by_side(2, 2, size), properties=[sides, own] if own else [sides],
                    sources=tuple(tiles))  # fmt: skip
        yield file(f"a grid whose tiles are in {name}", avif({1: grid, **tiles}))
    tiles = {10 + number: coded(each) for number, each in enumerate(pictures)}
    grid = Item(kind=b"grid", body=side_by_side(2, 2, size), properties=[sides], sources=tuple(tiles))
    alone = coded(made(4, 2 * rows, 2 * cols))
    yield file("a grid before the primary picture", avif({1: alone, 2: grid, **tiles}, alternatives=[(2, 1)]))
    yield from _overlays(file, rows, cols)


def _overlays(file: Any, rows: int, cols: int) -> Iterator[CorpusFile]:
    one, two = (coded(made(seed, rows, cols)) for seed in (1, 2))
    srgb = by_numbers(1, 13, 6)

    def sides(size: tuple[int, int]) -> bytes:
        return box(b"ispe", bytes(4) + struct.pack(">II", *size))

    size, large = (cols, rows), (2 * cols, 2 * rows)
    ways: dict[str, tuple[bytes, tuple[int, int]]] = {
        "one over the other": (laid_over((0, 0, 0, 65535), size, [(0, 0), (40, 30)]), size),
        "on a red canvas": (
            laid_over((65535, 0, 0, 65535), large, [(10, 10), (cols + 36, rows + 10)]),
            large,
        ),
        "before the canvas": (laid_over((65535,) * 4, size, [(-30, -20), (50, 60)]), size),
        "on a clear canvas": (laid_over((0, 0, 0, 0), large, [(10, 10), (60, 50)]), large),
    }
    for name, (body, each) in ways.items():
        for turn in (None, 1, 2, 3):
            own = [sides(each), srgb] + ([] if turn is None else [irot(turn)])
            over = Item(kind=b"iovl", body=body, properties=own, sources=(2, 3))
            yield file(f"pictures {name}, turn {turn}", avif({1: over, 2: one, 3: two}))
    for axis, turn in product((0, 1), (None, 1, 2, 3)):
        own = [sides(size), srgb] + ([] if turn is None else [irot(turn)]) + [box(b"imir", bytes([axis]))]
        over = Item(kind=b"iovl", body=ways["one over the other"][0], properties=own, sources=(2, 3))
        yield file(
            f"pictures one over the other, turn {turn}, mirror {axis}", avif({1: over, 2: one, 3: two})
        )
    alpha = coded(ramp_like(made(1, rows, cols)), ALPHA, colours=b"", subsampling="4:0:0")
    over = Item(
        kind=b"iovl", body=ways["one over the other"][0], properties=[sides(size), srgb], sources=(2, 3)
    )
    for owner in (1, 2):
        items = {1: over, 2: one, 3: two, 4: replace(alpha, alpha_of=(owner,))}
        yield file(f"pictures one over the other, alpha of {owner}", avif(items))
    light = [replace(each, properties=(*each.properties[:3], by_numbers(1, 8, 6))) for each in (one, two)]
    for name, own in (("", [sides(size)]), (", itself in sRGB", [sides(size), srgb])):
        over = Item(kind=b"iovl", body=ways["one over the other"][0], properties=own, sources=(2, 3))
        yield file(f"pictures in light, one over the other{name}", avif({1: over, 2: light[0], 3: light[1]}))
    over = Item(kind=b"iovl", body=ways["one over the other"][0], properties=[sides(size), srgb,
                clap(cols // 2, rows // 2, -cols // 4, -rows // 4)], sources=(2, 3))  # fmt: skip
    yield file("pictures one over the other, cut", avif({1: over, 2: one, 3: two}))
