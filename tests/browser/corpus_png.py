"""PNG files for the corpus: depths, colour types, passes, keys, animations, chunk orders, damage."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from corpus import CorpusFile, grey_of, ramp_like
from pictures_made import made
from png_files import SIGNATURE, PngFrame, apng, chunk, packed_rows, png

__all__ = ["exif_of", "png_corpus"]

_EMPTY = "the browser shows nothing, other viewers the image"


def exif_of(orientation: int, kind: int = 3, order: str = "<") -> bytes:
    """Return EXIF data of one entry, without their head."""
    field = struct.pack(
        order + ("HH" if kind == 3 else "I"), *((orientation, 0) if kind == 3 else (orientation,))
    )
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HIHHHI", 42, 8, 1, 0x112, kind, 1)
    return head + field + bytes(4)


def _greys(n: int) -> bytes:
    return np.repeat(np.linspace(0, 255, n).astype(np.uint8), 3).tobytes()


def png_corpus(rows: int = 80, cols: int = 104) -> Iterator[CorpusFile]:
    """Yield the files."""
    one = made(1, rows, cols)
    grey, ramp = grey_of(one), ramp_like(one)

    def file(name: str, data: bytes, aside: str = "") -> CorpusFile:
        return CorpusFile(name=name, ending="png", data=data, aside=aside)

    stored = {0: grey, 2: one, 3: grey, 4: np.dstack([grey, ramp]), 6: np.dstack([one, ramp])}
    for depth, colour, interlaced in product((1, 2, 4, 8, 16), (0, 2, 3, 4, 6), (False, True)):
        if (colour == 3 and depth == 16) or (colour in (2, 4, 6) and depth < 8):
            continue
        deep: Any = stored[colour].astype(np.uint32)
        deep = deep >> (8 - depth) if depth < 8 else deep * 257 if depth == 16 else deep
        palette = chunk(b"PLTE", _greys(2**depth)) if colour == 3 else b""
        data = png(deep, depth, colour, before=palette, interlaced=interlaced, filter_kind=5)
        yield file(f"{depth} bits of colour type {colour}{', interlaced' if interlaced else ''}", data)
    common = int(np.bincount(grey.ravel()).argmax())
    greys = chunk(b"PLTE", _greys(256))
    yield file(
        "a transparent grey of 4 bits", png(grey >> 4, 4, 0, before=chunk(b"tRNS", struct.pack(">H", 8)))
    )
    deep_key = chunk(b"tRNS", struct.pack(">H", common * 257))
    yield file("a transparent grey of 16 bits", png(grey.astype(np.uint16) * 257, 16, 0, before=deep_key))
    yield file("transparent indices", png(grey, 8, 3, before=greys + chunk(b"tRNS", bytes(range(200)))))
    yield file("transparency before the palette", png(grey, 8, 3, before=chunk(b"tRNS", bytes(100)) + greys))
    yield file("indices beyond the palette", png(grey, 8, 3, before=chunk(b"PLTE", _greys(256)[:300])))
    yield file("turned by EXIF", png(one, 8, 2, before=chunk(b"eXIf", exif_of(6))))
    yield file("turned by EXIF behind the pixels", png(one, 8, 2, after=chunk(b"eXIf", exif_of(6))))
    yield file("turned by a long number", png(one, 8, 2, before=chunk(b"eXIf", exif_of(6, kind=4))))
    texts = chunk(b"tEXt", b"transparency\0hello") + chunk(b"tEXt", b"exif\0" + exif_of(6))
    yield file("texts that name what is no text", png(one, 8, 2, before=texts))
    yield file("in many chunks", png(one, 8, 2, pieces=9))
    yield from _damaged(file, one, rows, cols)
    yield from _animated(file, rows, cols)


def _damaged(file: Any, one: Any, rows: int, cols: int) -> Iterator[CorpusFile]:
    for interlaced in (False, True):
        data = png(one, 8, 2, interlaced=interlaced, filter_kind=5)
        passes = ", interlaced" if interlaced else ""
        for share in (0.1, 0.4, 0.7, 0.95):
            yield file(f"cut at {share}{passes}", data[: int(len(data) * share)])
        wrong = bytearray(data)
        wrong[-18] ^= 0x55
        yield file(f"a wrong sum of its pixels{passes}", bytes(wrong))
    yield file("no end", png(one, 8, 2)[:-12])
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", cols, rows, 8, 2, 0, 0, 0))
    few = zlib.compress(packed_rows(one[: rows // 2], 8))
    yield file(
        "too few rows in a whole stream", SIGNATURE + header + chunk(b"IDAT", few) + chunk(b"IEND", b"")
    )
    many = zlib.compress(packed_rows(np.vstack([one, one]), 8))
    yield file("too many rows", SIGNATURE + header + chunk(b"IDAT", many) + chunk(b"IEND", b""))


def _animated(file: Any, rows: int, cols: int) -> Iterator[CorpusFile]:
    one, two, three = (made(seed, rows, cols) for seed in (1, 2, 3))
    full, ramp = np.full((rows, cols), 255, np.uint8), ramp_like(one)
    down, across = rows // 4, cols // 4
    opaque = [np.dstack([each, full]) for each in (one, two, three)]

    def frame(samples: Any, **options: Any) -> PngFrame:
        return PngFrame(samples=samples, **options)

    def animation(*frames: PngFrame, depth: int = 8, colour: int = 6, **options: Any) -> bytes:
        return apng(cols, rows, depth, colour, list(frames), **options)

    for dispose, blend, is_clear in product(range(3), range(2), (False, True)):
        how = {"dispose": dispose, "blend": blend}
        first = np.dstack([one, ramp]) if is_clear else opaque[0]
        part = np.dstack([two, ramp])[: 2 * down, -2 * across :]
        frames = [
            frame(first, **how),
            frame(part, left=across, top=down // 2, **how),
            frame(np.dstack([three, ramp])[: 2 * down, : 3 * across], left=across, top=down, **how),
            frame(opaque[0][:9, :9], left=1, top=2),
        ]
        start = "transparent" if is_clear else "opaque"
        yield file(f"dispose {dispose}, blend {blend}, first frame {start}", animation(*frames))
    yield file("a hidden default image", animation(frame(opaque[1]), frame(opaque[2]), hidden=opaque[0]))
    smaller = frame(opaque[1][: 2 * down, : 2 * across], left=across, top=down)
    yield file(
        "a hidden default image, first frame smaller", animation(smaller, frame(opaque[2]), hidden=opaque[0])
    )
    yield file("one frame", animation(frame(opaque[1])))
    for n_frames in (0, 1, 2, 9):
        frames = [frame(each) for each in opaque]
        yield file(f"three frames that are called {n_frames}", animation(*frames, n_frames=n_frames))
    hidden = animation(frame(opaque[1]), frame(opaque[2]), hidden=opaque[0], n_frames=1)
    yield file("a hidden image and one frame counted", hidden)
    yield file(
        "a frame beyond the canvas", animation(frame(opaque[0]), frame(opaque[1], left=9), frame(opaque[2]))
    )
    yield file("a blend that does not exist", animation(frame(opaque[0]), frame(opaque[1], blend=5)))
    yield file("frames without alpha", animation(frame(one), frame(two[:down], top=down), colour=2))
    palette = chunk(b"PLTE", _greys(256)) + chunk(b"tRNS", bytes(100) + bytes([255]) * 156)
    indexed = [frame(grey_of(one)), frame(grey_of(two)[:down], top=down, blend=1)]
    yield file("frames of indices", animation(*indexed, colour=3, before=palette))
    keyed = [frame(grey_of(one)), frame(grey_of(two), blend=1)]
    yield file(
        "frames with a key", animation(*keyed, colour=0, before=chunk(b"tRNS", struct.pack(">H", 100)))
    )
    deep = [
        frame(opaque[0].astype(np.uint16) * 257),
        frame(np.dstack([two, ramp]).astype(np.uint16) * 257, blend=1),
    ]
    yield file("frames of 16 bits", animation(*deep, depth=16))
    yield file(
        "frames interlaced",
        animation(frame(opaque[0]), frame(np.dstack([two, ramp]), blend=1), interlaced=True),
    )
    data = animation(*(frame(each) for each in opaque))
    yield file("an animation cut in its second frame", data[: len(data) // 2])
    yield file("an animation cut in its first frame", data[: len(data) // 5])
    at = data.index(b"acTL")
    moved = data[: at - 4] + data[at + 16 :]
    before = moved.index(b"fcTL", moved.index(b"IDAT")) - 4
    yield file(
        "an animation announced behind its first frame",
        moved[:before] + data[at - 4 : at + 16] + moved[before:],
    )
    control = moved.index(b"fcTL") - 4
    after = control + 38
    swapped = moved[:after] + data[at - 4 : at + 16] + moved[after:]
    yield file("an animation announced behind its first control", swapped)
    wrong = bytearray(data)
    wrong[data.index(b"fcTL") + 30] ^= 5
    yield file("a first control with a wrong checksum", bytes(wrong), _EMPTY)
