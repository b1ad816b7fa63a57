"""PNG files that combine what the corpus has one by one: chunks out of order, animations in colours of their own."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from corpus import EMPTY, CorpusFile, grey_of, ramp_like
from corpus_png import exif_of
from pictures_made import made
from png_files import SIGNATURE, PngFrame, apng, chunk, packed_rows, png
from profiles_made import DISPLAY_P3, gamma, grey_profile, matrix_profile

__all__ = ["odd_png_corpus"]


_EMPTY_FILES = (
    "a critical chunk that nobody knows", "two headers", "a wrong checksum of its header", "two palettes",
    "a palette with a wrong checksum", "a palette of too many colours", "a first frame smaller than its default image",
)  # fmt: skip


def _greys(n: int) -> bytes:
    return np.repeat(np.linspace(0, 255, n).astype(np.uint8), 3).tobytes()


def _gama(value: float) -> bytes:
    return chunk(b"gAMA", round(value * 100000).to_bytes(4, "big"))


def _iccp(profile: bytes) -> bytes:
    return chunk(b"iCCP", b"p\0\0" + zlib.compress(profile))


def odd_png_corpus(rows: int = 80, cols: int = 104) -> Iterator[CorpusFile]:
    """Yield the files."""
    one = made(1, rows, cols)

    def file(name: str, data: bytes, aside: str = "") -> CorpusFile:
        return CorpusFile(name=name, ending="png", data=data, aside=EMPTY if name in _EMPTY_FILES else aside)

    yield from _chunks(file, one)
    yield from _depths(file, one)
    yield from _animations(file, rows, cols)


def _chunks(file: Any, one: Any) -> Iterator[CorpusFile]:
    """Yield files whose chunks are in an odd order, doubled, broken or strange."""
    grey, ramp = grey_of(one), ramp_like(one)
    rows, cols = grey.shape
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", cols, rows, 8, 2, 0, 0, 0))
    packed = zlib.compress(packed_rows(one, 8))
    half = len(packed) // 2
    first, second, end = chunk(b"IDAT", packed[:half]), chunk(b"IDAT", packed[half:]), chunk(b"IEND", b"")
    text = chunk(b"tEXt", b"a\0b")
    yield file("text between pixels", SIGNATURE + header + first + text + second + end)
    yield file("empty pixels between pixels", SIGNATURE + header + first + chunk(b"IDAT", b"") + second + end)
    yield file("empty pixels first", SIGNATURE + header + chunk(b"IDAT", b"") + first + second + end)
    yield file(
        "a palette for true colour", SIGNATURE + header + chunk(b"PLTE", _greys(9)) + first + second + end
    )
    yield file(
        "a chunk of a private kind", SIGNATURE + header + chunk(b"prVt", bytes(9)) + first + second + end
    )
    yield file(
        "a critical chunk that nobody knows",
        SIGNATURE + header + chunk(b"ABCD", bytes(9)) + first + second + end,
    )
    yield file("two headers", SIGNATURE + header + header + first + second + end)
    yield file("an end and more behind it", SIGNATURE + header + first + second + end + first + b"junk")
    yield file("an end within", SIGNATURE + header + first + end + second)
    for name, broken in (("header", header), ("pixels", first), ("end", end)):
        wrong = broken[:-1] + bytes([broken[-1] ^ 1])
        parts = [wrong if part is broken else part for part in (header, first, second, end)]
        yield file(f"a wrong checksum of its {name}", SIGNATURE + b"".join(parts))
    sums = chunk(b"PLTE", _greys(256))
    yield file("a palette with a wrong checksum", png(grey, 8, 3, before=sums[:-1] + b"\0"))
    yield file(
        "two palettes",
        png(grey, 8, 3, before=chunk(b"PLTE", _greys(256)) + chunk(b"PLTE", _greys(256)[::-1])),
    )
    yield file("a palette of too many colours", png(grey, 8, 3, before=chunk(b"PLTE", _greys(300))))
    yield file(
        "a palette that is no multiple of three", png(grey, 8, 3, before=chunk(b"PLTE", _greys(256)[:767]))
    )
    yield file("a palette behind the pixels", png(grey, 8, 3, after=chunk(b"PLTE", _greys(256))))
    yield file(
        "more transparency than colours",
        png(grey >> 4, 4, 3, before=chunk(b"PLTE", _greys(16)) + chunk(b"tRNS", bytes(40))),
    )
    yield file(
        "two transparencies",
        png(
            grey,
            8,
            3,
            before=chunk(b"PLTE", _greys(256))
            + chunk(b"tRNS", bytes(range(128)))
            + chunk(b"tRNS", bytes(256)),
        ),
    )
    yield file(
        "transparency behind the pixels",
        png(grey, 8, 3, before=chunk(b"PLTE", _greys(256)), after=chunk(b"tRNS", bytes(256))),
    )
    yield file(
        "transparency beside alpha", png(np.dstack([one, ramp]), 8, 6, before=chunk(b"tRNS", bytes(6)))
    )
    key = one[rows // 2, cols // 2]
    yield file("a transparent colour", png(one, 8, 2, before=chunk(b"tRNS", struct.pack(">3H", *key))))
    yield file(
        "a transparent colour of 16 bits",
        png(
            one.astype(np.uint16) * 257,
            16,
            2,
            before=chunk(b"tRNS", struct.pack(">3H", *(int(each) * 257 for each in key))),
        ),
    )
    yield file(
        "a transparent colour of 16 bits that none has",
        png(
            one.astype(np.uint16) * 257,
            16,
            2,
            before=chunk(b"tRNS", struct.pack(">3H", *(int(each) * 257 + 1 for each in key))),
        ),
    )
    yield file(
        "a ground colour",
        png(np.dstack([one, ramp]), 8, 6, before=chunk(b"bKGD", struct.pack(">3H", 255, 0, 0))),
    )
    yield file("significant bits", png(one, 8, 2, before=chunk(b"sBIT", b"\5\6\5")))
    yield file(
        "pixels that are not square", png(one, 8, 2, before=chunk(b"pHYs", struct.pack(">IIB", 2, 1, 0)))
    )
    yield file(
        "a turn in a text",
        png(
            one,
            8,
            2,
            before=chunk(
                b"zTXt",
                b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n8\n" + exif_of(6).hex().encode()),
            ),
        ),
    )
    yield file("EXIF with a head", png(one, 8, 2, before=chunk(b"eXIf", b"Exif\0\0" + exif_of(6))))
    yield file(
        "two EXIF chunks", png(one, 8, 2, before=chunk(b"eXIf", exif_of(6)) + chunk(b"eXIf", exif_of(3)))
    )
    yield file("EXIF with a wrong checksum", png(one, 8, 2, before=chunk(b"eXIf", exif_of(6))[:-1] + b"\0"))
    grey_icc = _iccp(grey_profile(gamma(1.0)))
    broken = _iccp(matrix_profile(DISPLAY_P3, gamma(1.0))[:200])
    for name, ignored in (("for grey", grey_icc), ("that is cut", broken)):
        yield file(f"a gamma behind a profile {name}", png(one, 8, 2, before=ignored + _gama(4.0)))
    beyond = _gama(4.0) + chunk(b"PLTE", _greys(256)[: 3 * 170])
    yield file("indices beyond the palette, a gamma", png(grey, 8, 3, before=beyond))
    clear = chunk(b"tRNS", bytes(range(255, 85, -1)))
    yield file("indices beyond the palette, a gamma, transparency", png(grey, 8, 3, before=beyond + clear))
    for level in (0, 1):
        yield file(f"packed at level {level}", png(one, 8, 2, level=level))
    rows_packed = packed_rows(one, 8)
    raw = zlib.compressobj(9, zlib.DEFLATED, 9)
    small = raw.compress(rows_packed) + raw.flush()
    yield file("a small window", SIGNATURE + header + chunk(b"IDAT", small) + end)
    lying = bytes([0x18]) + packed[1:]
    lying = lying[:1] + bytes([(31 - lying[0] * 256 % 31) % 31]) + lying[2:]
    yield file("a window that is called too small", SIGNATURE + header + chunk(b"IDAT", lying) + end)
    wrong = packed[:1] + bytes([packed[1] ^ 1]) + packed[2:]
    yield file("a broken head of packed pixels", SIGNATURE + header + chunk(b"IDAT", wrong) + end)
    yield file("no sum behind packed pixels", SIGNATURE + header + chunk(b"IDAT", packed[:-4]) + end)
    yield file("junk behind packed pixels", SIGNATURE + header + chunk(b"IDAT", packed + b"junk" * 9) + end)
    strange = bytearray(rows_packed)
    strange[(3 * cols + 1) * (rows // 2)] = 9
    yield file(
        "a filter that does not exist",
        SIGNATURE + header + chunk(b"IDAT", zlib.compress(bytes(strange))) + end,
        "viewers stop at other rows",
    )
    length = bytearray(SIGNATURE + header + first + second + end)
    at = len(SIGNATURE + header + first)
    length[at : at + 4] = (1 << 30).to_bytes(4, "big")
    yield file("a chunk that is called too long", bytes(length))


def _depths(file: Any, one: Any) -> Iterator[CorpusFile]:
    """Yield depths with colours of their own, passes, and early ends."""
    grey, ramp = grey_of(one), ramp_like(one)
    profile = matrix_profile(DISPLAY_P3, gamma(1.0))
    stored = {
        "grey of 16 bits": (grey.astype(np.uint16) * 257, 16, 0, b""),
        "grey of 4 bits": (grey >> 4, 4, 0, b""),
        "grey and alpha": (np.dstack([grey, ramp]), 8, 4, b""),
        "indices": (grey >> 4, 4, 3, chunk(b"PLTE", _greys(16))),
        "indices and alpha": (
            grey >> 4,
            4,
            3,
            chunk(b"PLTE", _greys(16)) + chunk(b"tRNS", bytes(range(0, 256, 17))),
        ),
        "colour and alpha of 16 bits": (np.dstack([one, ramp]).astype(np.uint16) * 257, 16, 6, b""),
    }
    for (what, (samples, depth, colour, palette)), (how, said) in product(
        stored.items(), (("gamma 1.0", _gama(1.0)), ("a profile", _iccp(profile)))
    ):
        yield file(f"{what}, {how}", png(samples, depth, colour, before=said + palette))
        data = png(samples, depth, colour, before=said + palette, interlaced=True)
        yield file(f"{what}, {how}, interlaced, cut", data[: len(data) * 6 // 10])
        data = png(samples, depth, colour, before=said + palette)
        yield file(f"{what}, {how}, cut", data[: len(data) * 6 // 10])
    for cols, rows in ((5, 80), (104, 5), (7, 9)):
        yield file(f"interlaced, {cols} x {rows}", png(one[:rows, :cols], 8, 2, interlaced=True))


def _animations(file: Any, rows: int, cols: int) -> Iterator[CorpusFile]:
    one, two, three = (made(seed, rows, cols) for seed in (1, 2, 3))
    full, ramp = np.full((rows, cols), 255, np.uint8), ramp_like(one)
    opaque = [np.dstack([each, full]) for each in (one, two, three)]
    clear = [np.dstack([each, ramp]) for each in (one, two, three)]
    down, across = rows // 4, cols // 4
    profile = matrix_profile(DISPLAY_P3, gamma(1.0))

    def frame(samples: Any, **options: Any) -> PngFrame:
        return PngFrame(samples=samples, **options)

    def animation(*frames: PngFrame, depth: int = 8, colour: int = 6, **options: Any) -> bytes:
        return apng(cols, rows, depth, colour, list(frames), **options)

    for how, said in (("gamma 1.0", _gama(1.0)), ("a profile", _iccp(profile))):
        frames = [
            frame(clear[0]),
            frame(clear[1][: 2 * down], top=down, blend=1),
            frame(clear[2][:, : 2 * across], blend=1, dispose=2),
        ]
        yield file(f"an animation, {how}", animation(*frames, before=said))
        yield file(f"an animation, {how}, a hidden image", animation(*frames, before=said, hidden=clear[2]))
        yield file(
            f"an animation of grey, {how}",
            animation(
                frame(grey_of(one)), frame(grey_of(two)[:down], top=down), depth=8, colour=0, before=said
            ),
        )
    for orientation in (3, 6):
        turn = chunk(b"eXIf", exif_of(orientation))
        yield file(
            f"an animation turned {orientation}", animation(*(frame(each) for each in opaque), before=turn)
        )
        yield file(
            f"an animation turned {orientation}, a hidden image",
            animation(frame(opaque[1]), frame(opaque[2]), before=turn, hidden=opaque[0]),
        )
    yield file(
        "all frames restore",
        animation(
            *(
                frame(each[: 3 * down], top=down * (number % 2), dispose=2, blend=1)
                if number
                else frame(each, dispose=2)
                for number, each in enumerate((*clear, *opaque, *clear))
            )
        ),
    )
    yield file(
        "all frames clear",
        animation(
            *(
                frame(each[: 3 * down], top=down * (number % 2), dispose=1, blend=1)
                if number
                else frame(each, dispose=1)
                for number, each in enumerate((*clear, *opaque, *clear))
            )
        ),
    )
    yield file(
        "frames of one pixel",
        animation(frame(opaque[0]), frame(opaque[1][:1, :1], left=cols - 1, top=rows - 1), frame(opaque[2])),
    )
    yield file("a delay of nothing", animation(*(frame(each, delay=(0, 0)) for each in opaque)))
    yield file(
        "a first frame smaller than its default image",
        animation(frame(opaque[0][:down]), frame(opaque[1])),
    )
    greys = chunk(b"PLTE", _greys(4))
    few = [(grey_of(each) >> 6) for each in (one, two, three)]
    yield file(
        "frames of 2 bits",
        animation(
            frame(few[0]),
            frame(few[1][:, 3:], left=3),
            frame(few[2][5:, 1:], left=1, top=5),
            depth=2,
            colour=3,
            before=greys,
        ),
    )
    yield file(
        "frames of 1 bit", animation(frame(few[0] >> 1), frame(few[1][:, 3:] >> 1, left=3), depth=1, colour=0)
    )
    yield file(
        "frames of grey and alpha",
        animation(
            frame(np.dstack([grey_of(one), ramp])),
            frame(np.dstack([grey_of(two), ramp[:, ::-1]]), blend=1),
            colour=4,
        ),
    )
    beyond = chunk(b"PLTE", _greys(256)[:300])
    yield file(
        "frames of indices beyond the palette",
        animation(frame(grey_of(one)), frame(grey_of(two)), colour=3, before=beyond),
    )
    data = animation(*(frame(each) for each in opaque))
    broken = bytearray(data)
    at = data.index(b"fdAT") + 400
    broken[at : at + 8] = bytes(8)
    yield file("a second frame that is damaged", bytes(broken))
    swapped = bytearray(data)
    at = data.index(b"fdAT")
    swapped[at + 4 : at + 8] = (9).to_bytes(4, "big")
    yield file("pieces out of order", bytes(swapped))
    for share in (0.5, 0.6, 0.7, 0.9):
        yield file(f"an animation cut at {share}", data[: int(len(data) * share)])
        passes = animation(*(frame(each) for each in opaque), interlaced=True)
        yield file(f"an interlaced animation cut at {share}", passes[: int(len(passes) * share)])
    yield file(
        "text between frames", data.replace(b"\0\0\0\x1afcTL", chunk(b"tEXt", b"a\0b") + b"\0\0\0\x1afcTL")
    )
    at = data.index(b"acTL") - 4
    yield file("announced twice", data[: at + 20] + data[at : at + 20] + data[at + 20 :])
    alone = animation(frame(opaque[1]), hidden=opaque[0])
    yield file("one frame and a hidden image", alone)
