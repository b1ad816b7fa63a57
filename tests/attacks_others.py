"""BMP, PNM, WebP, AVIF and HEIF files that are made to cost: siblings of those in attacks.py.

Every maker takes how many of its parts to make. Nothing here is a picture of anything.
"""

from __future__ import annotations

import io
import struct
from functools import cache

from PIL import Image

from attacks import Attack, riff, riff_chunk, saved, size24

__all__ = ["ATTACKS"]


def _bmp(
    width: int, height: int, depth: int, compression: int, pixels: bytes, *, masks: bytes = b""
) -> bytes:
    palette = bytes(4 << depth) if depth <= 8 else b""
    start = 14 + 40 + len(masks) + len(palette)
    head = struct.pack("<2sIHHI", b"BM", start + len(pixels), 0, 0, start)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, depth, compression, len(pixels), 0, 0, 0, 0)
    return head + info + masks + palette + pixels


def bmp_masks(n: int) -> bytes:
    """n megapixels of odd masks."""
    side = int((n * 1e6) ** 0.5) // 2 * 2
    return _bmp(side, side, 16, 3, bytes(2 * side * side), masks=struct.pack("<III", 0xFE00, 0x1F0, 0xF))


def bmp_skips(n: int) -> bytes:
    """n megapixels of runs that skip one pixel and draw one."""
    side = int((n * 1e6) ** 0.5)
    return _bmp(side, side, 8, 1, (b"\0\2\1\0\1\7" * (side // 2) + b"\0\0") * side + b"\0\1")


def bmp_nibbles(n: int) -> bytes:
    """n megapixels of four bits in runs as long as they can be."""
    side = int((n * 1e6) ** 0.5)
    return _bmp(side, side, 4, 2, (b"\xff\x12" * (-(-side // 255)) + b"\0\0") * side + b"\0\1")


def pnm_spaces(n: int) -> bytes:
    """Digits between which n bytes of space stand."""
    return b"P2 64 64 255\n" + b"7" + b" " * n + b"8 " * 4_095


def pnm_remark_among_digits(n: int) -> bytes:
    """One remark of n bytes among the digits, with no end."""
    return b"P2 64 64 255\n" + b"7 " * 100 + b"#" + b"x" * n


def pnm_long_number(n: int) -> bytes:
    """One number of n digits."""
    return b"P2 64 64 255\n" + b"7 " * 100 + b"0" * n


def pnm_remarks_among_digits(n: int) -> bytes:
    """Remarks between any two digits."""
    return b"P2 1000 %d 255\n" % (n // 1000) + b"7#\n" * n


def pnm_bits(n: int) -> bytes:
    """n megapixels of digits without a space."""
    return b"P1 1000 %d\n" % (1000 * n) + b"1" * (1_000_000 * n)


def pnm_sixteen_bits(n: int) -> bytes:
    """n million samples of odd range in two bytes."""
    return b"P5 1000 %d 999\n" % (1000 * n) + bytes(2_000_000 * n)


@cache
def _webp_bits(width: int, height: int) -> bytes:
    return saved(Image.new("RGB", (width, height)), "WEBP", lossless=True, method=0)[12:]


def webp_chunks_in_frame(n: int) -> bytes:
    """Chunks nobody knows within a frame."""
    body = bytes(6) + 2 * size24(64) + (40).to_bytes(3, "little") + b"\0" + _webp_bits(64, 64)
    frame = riff_chunk(b"ANMF", body + riff_chunk(b"juNk", b"") * n)
    head = riff_chunk(b"VP8X", b"\x02\0\0\0" + 2 * size24(64)) + riff_chunk(b"ANIM", bytes(6))
    return riff(head + frame)


def webp_dots_on_large_canvas(n: int) -> bytes:
    """Frames of a pixel on a canvas of 25 megapixels."""
    frame = riff_chunk(
        b"ANMF", bytes(6) + 2 * size24(1) + (40).to_bytes(3, "little") + b"\x01" + _webp_bits(1, 1)
    )
    head = riff_chunk(b"VP8X", b"\x02\0\0\0" + 2 * size24(5_000)) + riff_chunk(b"ANIM", bytes(6))
    return riff(head + frame * n)


def webp_metadata(n: int) -> bytes:
    """Profiles, EXIF data and XMP of n MB."""
    head = riff_chunk(b"VP8X", b"\x2c\0\0\0" + 2 * size24(64))
    part = n * (1 << 20) // 3
    return riff(head + riff_chunk(b"ICCP", bytes(part)) + _webp_bits(64, 64) + riff_chunk(b"EXIF", bytes(part))
                 + riff_chunk(b"XMP ", bytes(part)))  # fmt: skip


def webp_large(n: int) -> bytes:
    """n megapixels that nothing is in."""
    side = int((n * 1e6) ** 0.5)
    return riff(_webp_bits(side, side))


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


@cache
def _avif(side: int = 64) -> bytes:
    return saved(Image.new("RGB", (side, side)), "AVIF", speed=10)


def avif_boxes(n: int) -> bytes:
    """Empty boxes behind the first."""
    whole = _avif()
    at = int.from_bytes(whole[:4], "big")
    return whole[:at] + _box(b"free", b"") * n + whole[at:]


def avif_boxes_behind(n: int) -> bytes:
    """Empty boxes behind all others."""
    return _avif() + _box(b"free", b"") * n


def avif_deep_boxes(n: int) -> bytes:
    """Boxes of tracks in each other."""
    inner = b""
    for _ in range(n):
        inner = _box(b"trak", _box(b"mdia", inner))
        if len(inner) > 1 << 20:
            break
    return _avif() + _box(b"moov", inner)


def avif_large(n: int) -> bytes:
    """n megapixels that nothing is in."""
    return _avif(int((n * 1e6) ** 0.5))


def avif_brands(n: int) -> bytes:
    """Compatible brands."""
    whole = _avif()
    at = int.from_bytes(whole[:4], "big")
    return _box(b"ftyp", b"avif\0\0\0\0" + b"avif" * n) + whole[at:]


def heif_pictures(n: int) -> bytes:
    """Pictures in one file."""
    import pillow_heif

    file = pillow_heif.from_pillow(Image.new("RGB", (256, 256)))
    for _ in range(1, n):
        file.add_from_pillow(Image.new("RGB", (256, 256)))
    stream = io.BytesIO()
    file.save(stream, quality=10)
    return stream.getvalue()


def heif_large(n: int) -> bytes:
    """n megapixels that nothing is in."""
    import pillow_heif

    side = int((n * 1e6) ** 0.5)
    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.new("RGB", (side, side))).save(stream, quality=10)
    return stream.getvalue()


ATTACKS = (
    Attack("bmp masks", bmp_masks, 24, 1),
    Attack("bmp skips", bmp_skips, 15, 1),
    Attack("bmp nibbles", bmp_nibbles, 15, 1),
    Attack("pnm spaces", pnm_spaces, 90_000_000, 100),
    Attack("pnm remark among digits", pnm_remark_among_digits, 90_000_000, 100),
    Attack("pnm long number", pnm_long_number, 90_000_000, 100),
    Attack("pnm remarks among digits", pnm_remarks_among_digits, 30_000_000, 1_000),
    Attack("pnm bits", pnm_bits, 90, 1),
    Attack("pnm 16 bits", pnm_sixteen_bits, 45, 1),
    Attack("webp chunks in a frame", webp_chunks_in_frame, 11_000_000, 110_000, refused=True),
    Attack("webp dots, 25 megapixels", webp_dots_on_large_canvas, 1_000_000, 10),
    Attack("webp metadata", webp_metadata, 90, 1),
    Attack("webp large", webp_large, 25, 1),
    Attack("avif boxes", avif_boxes, 12_000_000, 10),
    Attack("avif boxes behind", avif_boxes_behind, 12_000_000, 10),
    Attack("avif deep boxes", avif_deep_boxes, 1_000, 10),
    Attack("avif large", avif_large, 25, 1),
    Attack("avif brands", avif_brands, 20_000_000, 10),
    Attack("heif pictures", heif_pictures, 300, 1),
    Attack("heif large", heif_large, 25, 1),
)
