"""JPEG files that are made to cost: siblings of those in attacks.py.

Every maker takes how many of its parts to make. Nothing here is a picture of anything.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from PIL import Image

from attacks import Attack, saved
from attacks_png import table_profile

__all__ = ["ATTACKS"]


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _flat(mode: str, side: int) -> Image.Image:
    shade: dict[str, Any] = {"L": 90, "RGB": (90, 40, 160), "CMYK": (9, 90, 40, 160)}
    return Image.new(mode, (side, side), shade[mode])


@cache
def _jpeg(mode: str = "RGB", side: int = 64, **options: Any) -> bytes:
    return saved(_flat(mode, side), "JPEG", **options)


def _before_pixels(marker: int, body: bytes) -> Callable[[int], bytes]:
    """Segments of one kind, before the pixels."""

    def make(n: int) -> bytes:
        whole = _jpeg()
        return whole[:2] + _segment(marker, body) * n + whole[2:]

    return make


def jpeg_between_scans(n: int) -> bytes:
    """Tables between the scans of a progressive picture of a few megapixels."""
    whole = _jpeg("L", 4_000, progressive=True)
    at = whole.rindex(b"\xff\xda")
    return whole[:at] + _segment(0xC4, b"\0" + bytes(16)) * n + whole[at:]


def jpeg_restarts(n: int) -> bytes:
    """Restart markers where pixels should be, one before each block."""
    whole = _jpeg("L", 4_000)
    at = whole.index(b"\xff\xda")
    end = at + 2 + int.from_bytes(whole[at + 2 : at + 4], "big")
    return (
        whole[:at]
        + _segment(0xDD, b"\0\1")
        + whole[at:end]
        + b"".join(bytes([0xFF, 0xD0 + k % 8]) for k in range(8)) * (n // 8)
        + b"\xff\xd9"
    )


def jpeg_fill_in_scan(n: int) -> bytes:
    """Fill bytes where pixels should be."""
    whole = _jpeg("L", 4_000)
    return whole[:-2] + b"\xff" * n + b"\xff\xd9"


def jpeg_scans_behind_end(n: int) -> bytes:
    """Scans behind the end of the picture."""
    return _jpeg("L", 4_000, progressive=True) + b"\xff\xda\0\x08\1\1\0\0\0\0" * n


def jpeg_arithmetic(n: int) -> bytes:
    """n megapixels of arithmetic coding that end at once: the decoder makes all of them up."""
    side = int((n * 1e6) ** 0.5)
    frame = _segment(0xC9, struct.pack(">BHHB", 8, side, side, 1) + b"\x01\x11\0")
    tables = _segment(0xDB, b"\0" + b"\x01" * 64)
    return b"\xff\xd8" + tables + frame + _segment(0xDA, b"\x01\x01\0\0\x3f\0") + bytes(64) + b"\xff\xd9"


def jpeg_arithmetic_progressive(n: int) -> bytes:
    """The same, with n scans over 16 megapixels."""
    frame = _segment(0xCA, struct.pack(">BHHB", 8, 4_000, 4_000, 1) + b"\x01\x11\0")
    tables = _segment(0xDB, b"\0" + b"\x01" * 64)
    scan = _segment(0xDA, b"\x01\x01\0\x01\x3f\0") + bytes(8)
    first = _segment(0xDA, b"\x01\x01\0\0\0\0") + bytes(8)
    return b"\xff\xd8" + tables + frame + first + scan * n + b"\xff\xd9"


def jpeg_cut(n: int, **options: Any) -> bytes:
    """n megapixels, of which the last bytes are missing."""
    return _jpeg(side=int((n * 1e6) ** 0.5), **options)[:-40]


def jpeg_cut_progressive(n: int) -> bytes:
    """The same, progressive."""
    return jpeg_cut(n, progressive=True)


def jpeg_cut_in_first_scan(n: int) -> bytes:
    """A progressive picture of n megapixels that ends in its first scan."""
    whole = _jpeg(side=int((n * 1e6) ** 0.5), progressive=True)
    return whole[: whole.index(b"\xff\xda", whole.index(b"\xff\xda") + 2) - 40]


def jpeg_inks(n: int) -> bytes:
    """n megapixels of four inks."""
    return _jpeg("CMYK", side=int((n * 1e6) ** 0.5))


def jpeg_in_table(n: int) -> bytes:
    """n megapixels whose colours are a table."""
    return _jpeg(side=int((n * 1e6) ** 0.5), icc_profile=table_profile())


def jpeg_in_table_cut(n: int) -> bytes:
    """The same, cut short."""
    return jpeg_cut(n, icc_profile=table_profile())


def jpeg_wild(n: int) -> bytes:
    """n megapixels of chroma that leaves what a screen shows."""
    side = int((n * 1e6) ** 0.5) // 16 * 16
    chroma = np.kron(
        np.random.default_rng(1).integers(0, 2, (side // 16, side // 16)) * 255, np.ones((16, 16))
    )
    planes = np.stack([np.full((side, side), 128), chroma, 255 - chroma], -1).astype(np.uint8)
    return saved(Image.fromarray(planes, "YCbCr"), "JPEG", quality=90)


def jpeg_pictures_behind(n: int) -> bytes:
    """Further pictures behind the first, and an index of all."""
    one = _jpeg()
    index = _segment(0xE2, b"MPF\0MM\0*\0\0\0\x08\0\2" + struct.pack(">HHI4s", 0xB000, 7, 4, b"0100")
                     + struct.pack(">HHII", 0xB001, 4, 1, n) + bytes(4))  # fmt: skip
    return one[:2] + index + one[2:] + one * n


ATTACKS = (
    Attack(
        "jpeg quantization tables",
        _before_pixels(0xDB, b"\0" + b"\x01" * 64),
        1_400_000,
        170_000,
        refused=True,
    ),
    Attack(
        "jpeg arithmetic conditioning", _before_pixels(0xCC, b"\0\x10"), 16_000_000, 120_000, refused=True
    ),
    Attack("jpeg restart intervals", _before_pixels(0xDD, b"\0\0"), 16_000_000, 120_000, refused=True),
    Attack("jpeg XMP", _before_pixels(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + bytes(65_000)), 1_500, 20),
    Attack(
        "jpeg colour transforms",
        _before_pixels(0xEE, b"Adobe\0\x64\0\0\0\0\1"),
        6_000_000,
        120_000,
        refused=True,
    ),
    Attack("jpeg tables between scans", jpeg_between_scans, 4_000_000, 10),
    Attack("jpeg restarts", jpeg_restarts, 40_000_000, 80),
    Attack("jpeg fill in a scan", jpeg_fill_in_scan, 90_000_000, 80),
    Attack("jpeg scans behind the end", jpeg_scans_behind_end, 9_000_000, 80),
    Attack("jpeg arithmetic", jpeg_arithmetic, 100, 1),
    Attack("jpeg arithmetic, progressive", jpeg_arithmetic_progressive, 4_000, 2),
    Attack("jpeg cut", jpeg_cut, 80, 1),
    Attack("jpeg cut, progressive", jpeg_cut_progressive, 25, 1),
    Attack("jpeg cut in its first scan", jpeg_cut_in_first_scan, 25, 1),
    Attack("jpeg inks", jpeg_inks, 33, 1),
    Attack("jpeg in a table of colours", jpeg_in_table, 60, 1),
    Attack("jpeg in a table of colours, cut", jpeg_in_table_cut, 60, 1),
    Attack("jpeg wild chroma", jpeg_wild, 60, 1),
    Attack("jpeg pictures behind", jpeg_pictures_behind, 90_000, 2),
)
