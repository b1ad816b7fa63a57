"""BMP files for the corpus: headers, depths, masks, palettes, run lengths, damage."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from bmp_files import bmp, bmp_rows, masked_pixels, run_lengths
from corpus import CorpusFile, grey_of, ramp_like
from gif_files import quantized
from pictures_made import made

__all__ = ["bmp_corpus"]

_HEADERS = (12, 16, 40, 52, 56, 64, 108, 124)
_888, _8888 = (0xFF0000, 0xFF00, 0xFF, 0), (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
_MASKS: dict[str, tuple[int, tuple[int, ...]]] = {
    "4:4:4": (16, (0xF00, 0xF0, 0xF)),
    "4:4:4:4": (16, (0xF00, 0xF0, 0xF, 0xF000)),
    "5:6:5": (16, (0xF800, 0x7E0, 0x1F)),
    "1:5:5:5": (16, (0x7C00, 0x3E0, 0x1F, 0x8000)),
    "2:3:3": (16, (0xE0, 0x1C, 0x3)),
    "blue first": (32, (0xFF, 0xFF00, 0xFF0000)),
    "alpha last": (32, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)),
    "8:8:8:8": (32, _8888),
    "10:10:10": (32, (0x3FF00000, 0xFFC00, 0x3FF)),
    "11:11:10": (32, (0xFFE00000, 0x1FFC00, 0x3FF)),
    "5:6:5 in 32 bits": (32, (0xF800, 0x7E0, 0x1F)),
    "no blue": (16, (0xF800, 0x7E0, 0)),
    "overlapping": (16, (0xFC00, 0x7E0, 0x1F)),
    "one bit of alpha": (32, (0xFF0000, 0xFF00, 0xFF, 0x80000000)),
}


def _greys(n: int) -> Any:
    return np.stack([np.linspace(0, 255, n)] * 3, 1).astype(np.uint8)


def bmp_corpus(rows: int = 80, cols: int = 104) -> Iterator[CorpusFile]:
    """Yield the files."""
    one = made(1, rows, cols)
    up, grey, ramp = one[::-1], grey_of(one)[::-1], ramp_like(one)
    size = (cols, rows)

    def file(name: str, data: bytes, aside: str = "") -> CorpusFile:
        return CorpusFile(name=name, ending="bmp", data=data, aside=aside)

    with_alpha = bmp_rows(masked_pixels(np.dstack([up, ramp]), _8888), 32)
    for header in _HEADERS:
        for depth in (1, 2, 4, 8):
            values = bmp_rows(grey >> (8 - depth), depth)
            palette = _greys(1 << depth)
            yield file(
                f"header {header}, {depth} bits", bmp(size, depth, values, header=header, palette=palette)
            )
        for depth, masks in ((16, (0x7C00, 0x3E0, 0x1F, 0)), (24, _888), (32, _888)):
            body = bmp_rows(masked_pixels(up, masks), depth)
            yield file(f"header {header}, {depth} bits", bmp(size, depth, body, header=header))
        yield file(f"header {header}, alpha", bmp(size, 32, with_alpha, header=header, masks=_8888))
        yield file(f"header {header}, alpha without a mask", bmp(size, 32, with_alpha, header=header))
        for name, (depth, fields) in _MASKS.items() if header in (40, 52, 56, 108, 124) else ():
            body = bmp_rows(masked_pixels(np.dstack([up, ramp]), fields), depth)
            compression = 3 if len(fields) == 3 or header >= 56 else 6
            data = bmp(size, depth, body, header=header, compression=compression, masks=fields)
            yield file(f"header {header}, masks {name}", data)
    down_first = bmp_rows(grey[::-1], 8)
    yield file("top row first", bmp(size, 8, down_first, palette=_greys(256), top_down=True))
    indices = bmp_rows(grey, 8)
    yield file("indices beyond the palette", bmp(size, 8, indices, palette=_greys(256)[:100]))
    yield file(
        "indices of 4 bits beyond the palette", bmp(size, 4, bmp_rows(grey >> 4, 4), palette=_greys(16)[:7])
    )
    for name, count in (("0", 0), ("5000", 5000)):
        yield file(f"colours called {name}", bmp(size, 8, indices, palette=_greys(256), n_colours=count))
    yield file("a gap before the pixels", bmp(size, 8, indices, palette=_greys(256), gap=33))
    yield file("pixels that begin in the palette", bmp(size, 8, indices, palette=_greys(256), pixels_at=854))
    true_colour = bmp_rows(masked_pixels(up, _888), 24)
    yield file("no place of the pixels", bmp(size, 24, true_colour, pixels_at=0))
    yield file("true colour with a palette", bmp(size, 24, true_colour, palette=_greys(16)))
    data = bmp(size, 24, true_colour)
    for share in (0.3, 0.7, 0.99):
        yield file(f"cut at {share}", data[: int(len(data) * share)])
    downward = bmp(size, 24, bmp_rows(masked_pixels(one, _888), 24), top_down=True)
    yield file("top row first, cut", downward[: len(data) // 2])
    yield from _run_lengths(file, one, rows, cols)


def _run_lengths(file: Any, one: Any, rows: int, cols: int) -> Iterator[CorpusFile]:
    size = (cols, rows)
    indices, palette = quantized(one)
    palette = palette.copy()
    palette[0] = (200, 100, 50)
    up = indices[::-1]

    def eight(name: str, body: bytes, **options: Any) -> CorpusFile:
        made_file: CorpusFile = file(name, bmp(size, 8, body, compression=1, palette=palette, **options))
        return made_file

    whole = run_lengths(up)
    yield eight("runs of 8 bits", whole + b"\0\1")
    yield eight("runs of 8 bits, newest header", whole + b"\0\1", header=124)
    yield eight("runs without literals", run_lengths(up, literals=False) + b"\0\1")
    yield eight("runs without an end", whole)
    yield eight("runs that end early", run_lengths(up[: rows * 2 // 3]) + b"\0\1")
    yield eight("runs cut", whole[: len(whole) // 2])
    third = cols // 3
    jumps = b"".join(
        bytes([0, third]) + row[:third].tobytes() + bytes(third % 2) + bytes([0, 2, third, 0])
        + bytes([0, cols - 2 * third]) + row[2 * third :].tobytes() + bytes(cols % 2) + b"\0\0"
        for row in up
    )  # fmt: skip
    yield eight("runs that skip columns", jumps + b"\0\1")
    skipping = b"".join(
        bytes([0, cols]) + row.tobytes() + bytes(cols % 2) + b"\0\0\0\2\0\1" for row in up[::2]
    )
    yield eight("runs that skip rows", skipping + b"\0\1")
    short = b"".join(bytes([0, third * 2]) + row[: third * 2].tobytes() + b"\0\0" for row in up)
    yield eight("runs of short lines", short + b"\0\1")
    long = b"".join(b"".join(bytes([1, value]) for value in row) + bytes([200, 5, 0, 0]) for row in up)
    yield eight("runs of long lines", long + b"\0\1")
    nibbles = run_lengths((grey_of(one)[::-1] >> 4).astype(np.uint8), bits=4)
    yield file("runs of 4 bits", bmp(size, 4, nibbles + b"\0\1", compression=2, palette=_greys(16)))
    true_colour = b"".join(b"".join(bytes([1, *pixel[::-1]]) for pixel in row) + b"\0\0" for row in one[::-1])
    yield file("runs of 24 bits", bmp(size, 24, true_colour + b"\0\1", compression=4, header=64))
