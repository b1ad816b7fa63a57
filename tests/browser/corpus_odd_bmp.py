"""BMP files that combine what the corpus has one by one: runs that jump, headers that lie, profiles and early ends."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Any

import numpy as np
from bmp_files import bmp, bmp_rows, masked_pixels, run_lengths
from corpus import EMPTY, CorpusFile, grey_of, ramp_like
from gif_files import quantized
from pictures_made import made
from profiles_made import DISPLAY_P3, gamma, matrix_profile

__all__ = ["odd_bmp_corpus"]

_888, _8888 = (0xFF0000, 0xFF00, 0xFF, 0), (0xFF0000, 0xFF00, 0xFF, 0xFF000000)


#: By the end of the name.
_EMPTY_FILES = (
    "mirrored by a negative width", "five bits", "no bits", "an unknown compression", "a header of 39 bytes",
    "a header of 41 bytes", "indices, cut at 0.02", "runs of 4 bits called 8", "runs of 8 bits called 4",
)  # fmt: skip


def _greys(n: int) -> Any:
    return np.stack([np.linspace(0, 255, n)] * 3, 1).astype(np.uint8)


def _changed(data: bytes, at: int, form: str, *values: int) -> bytes:
    return data[:at] + struct.pack(form, *values) + data[at + struct.calcsize(form) :]


def odd_bmp_corpus(rows: int = 80, cols: int = 104) -> Iterator[CorpusFile]:
    """Yield the files."""
    one = made(1, rows, cols)
    grey, ramp = grey_of(one)[::-1], ramp_like(one)
    size = (cols, rows)

    def file(name: str, data: bytes, aside: str = "") -> CorpusFile:
        aside = EMPTY if name.endswith(_EMPTY_FILES) else aside
        return CorpusFile(name=name, ending="bmp", data=data, aside=aside)

    true_colour = bmp(size, 24, bmp_rows(masked_pixels(one[::-1], _888), 24))
    indexed = bmp(size, 8, bmp_rows(grey, 8), palette=_greys(256))
    for name, at, form, values in (
        ("no planes", 26, "<H", (0,)), ("nine planes", 26, "<H", (9,)), ("called longer", 2, "<I", (1 << 30,)),
        ("called empty", 2, "<I", (0,)), ("called reserved", 6, "<HH", (7, 9)),
        ("no size of its pixels", 34, "<I", (0,)),
        ("a size of its pixels that is wrong", 34, "<I", (99,)), ("mirrored by a negative width", 18, "<i", (-cols,)),
        ("more important colours than there are", 50, "<I", (999,)), ("five bits", 28, "<H", (5,)),
        ("no bits", 28, "<H", (0,)), ("an unknown compression", 30, "<I", (9,)),
        ("pixels beyond the end", 10, "<I", (1 << 20,)), ("pixels in the header", 10, "<I", (30,)),
        ("a header of 39 bytes", 14, "<I", (39,)), ("a header of 41 bytes", 14, "<I", (41,)),
    ):  # fmt: skip
        for what, data in (("true colour", true_colour), ("indices", indexed)):
            yield file(f"{what}, {name}", _changed(data, at, form, *values))
    for depth in (1, 4, 8):
        palette = _greys(256)[128:129]
        data = bmp(size, depth, bmp_rows(grey >> (8 - depth), depth), palette=palette)
        yield file(f"{depth} bits and one colour", data)
        yield file(
            f"{depth} bits and no colour",
            bmp(size, depth, bmp_rows(grey >> (8 - depth), depth), palette=_greys(1 << depth)[:0]),
        )
    for share in (0.02, 0.2, 0.5, 0.9):
        yield file(f"true colour, cut at {share}", true_colour[: 54 + int((len(true_colour) - 54) * share)])
        yield file(f"indices, cut at {share}", indexed[: 54 + int((len(indexed) - 54) * share)])
    alpha = bmp_rows(masked_pixels(np.dstack([one[::-1], ramp]), _8888), 32)
    whole = bmp(size, 32, alpha, header=108, compression=3, masks=_8888)
    yield file("alpha, cut", whole[: len(whole) // 2])
    icc = matrix_profile(DISPLAY_P3, gamma(1.0))
    for name, body, depth, masks in (("true colour", true_colour[54:], 24, ()), ("alpha", alpha, 32, _8888)):
        data = bmp(size, depth, body, header=124, compression=3 if masks else 0, masks=masks)
        head = bytearray(data)
        head[14 + 56 : 14 + 60] = b"DEBM"
        struct.pack_into("<II", head, 14 + 112, len(data) - 14, len(icc))
        yield file(f"a profile, {name}", bytes(head) + icc)
        cut = bytes(head) + icc
        struct.pack_into("<I", head, 14 + 112, 124)  # behind the header, before the pixels
        struct.pack_into("<I", head, 10, 138 + len(icc))
        yield file(f"a profile before the pixels, {name}", bytes(head[:138]) + icc + body)
        yield file(
            f"a profile before the pixels, {name}, cut", (bytes(head[:138]) + icc + body)[: len(cut) // 2]
        )
        struct.pack_into("<I", head, 14 + 116, len(icc) + 999)
        yield file(f"a profile called too long, {name}", bytes(head[:138]) + icc + body)
    yield from _jumps(file, one, size)


def _jumps(file: Any, one: Any, size: tuple[int, int]) -> Iterator[CorpusFile]:
    rows = size[1]
    indices, palette = quantized(one)
    up = indices[::-1]
    nibbles = (grey_of(one)[::-1] >> 4).astype(np.uint8)

    def eight(name: str, body: bytes, **options: Any) -> CorpusFile:
        made_file: CorpusFile = file(name, bmp(size, 8, body, compression=1, palette=palette, **options))
        return made_file

    whole = run_lengths(up)
    half = rows // 2
    yield eight("runs, top row first", run_lengths(indices) + b"\0\1", top_down=True)
    yield eight(
        "a jump over the right side",
        run_lengths(up[:half]) + b"\0\2\xff\0" + run_lengths(up[half:]) + b"\0\1",
    )
    yield eight(
        "a jump over the top", run_lengths(up[:half]) + b"\0\2\0\xff" + run_lengths(up[half:]) + b"\0\1"
    )
    yield eight("a jump of nothing", run_lengths(up[:half]) + b"\0\2\0\0" + run_lengths(up[half:]) + b"\0\1")
    yield eight("a run of nothing", run_lengths(up[:half]) + b"\0\0" + run_lengths(up[half:]) + b"\0\1")
    yield eight("an end within", run_lengths(up[:half]) + b"\0\1" + run_lengths(up[half:]) + b"\0\1")
    yield eight("more rows than there are", whole + whole + b"\0\1")
    yield eight("runs and indices beyond the palette", run_lengths((up | 128).astype(np.uint8)) + b"\0\1")
    for share in (0.1, 0.6, 0.95):
        yield eight(f"runs, cut at {share}", whole[: int(len(whole) * share)])
    four = run_lengths(nibbles, bits=4)
    for share in (0.3, 0.8):
        data = bmp(size, 4, four[: int(len(four) * share)], compression=2, palette=_greys(16))
        yield file(f"runs of 4 bits, cut at {share}", data)
    two_tone = b"".join(
        b"".join(bytes([2, low << 4 | high]) for low, high in zip(row[::2], row[1::2], strict=True)) + b"\0\0"
        for row in nibbles
    )
    yield file(
        "runs of 4 bits of two colours", bmp(size, 4, two_tone + b"\0\1", compression=2, palette=_greys(16))
    )
    yield file(
        "runs of 4 bits, few colours", bmp(size, 4, four + b"\0\1", compression=2, palette=_greys(16)[:6])
    )
    yield file("runs of 4 bits called 8", bmp(size, 4, whole + b"\0\1", compression=1, palette=_greys(16)))
    yield file("runs of 8 bits called 4", bmp(size, 8, four + b"\0\1", compression=2, palette=_greys(256)))
