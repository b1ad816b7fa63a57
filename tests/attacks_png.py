"""PNG files that are made to cost: siblings of those in attacks.py.

Every maker takes how many of its parts to make. Nothing here is a picture of anything.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import cache

import numpy as np
from PIL import ImageCms

from attacks import Attack, png_chunk, png_of

__all__ = ["ATTACKS", "table_profile", "zeros"]


@cache
def table_profile() -> bytes:
    """A profile whose colours are a table of 33 x 33 x 33: about the dearest that is heeded."""
    n = 33
    body = bytearray(b"mft2\0\0\0\0" + bytes([3, 3, n, 0]))
    body += b"".join(struct.pack(">i", 65536 * (k % 4 == 0)) for k in range(9)) + struct.pack(">HH", 2, 2)
    ramp = np.array([0, 65535], ">u2").tobytes()
    grid = np.stack(np.meshgrid(*[np.linspace(0, 40000, n)] * 3, indexing="ij"), -1)[..., ::-1]
    body += 3 * ramp + grid.astype(">u2").tobytes() + 3 * ramp
    header = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()[:128])
    header[8:12], header[12:24] = b"\2\x40\0\0", b"scnrRGB Lab "
    first = 128 + 4 + 12
    header[:4] = struct.pack(">I", first + len(body))
    return bytes(header) + struct.pack(">I4sII", 1, b"A2B0", first, len(body)) + bytes(body)


def zeros(n_bytes: int) -> bytes:
    """So many zeros, deflated: one packed megabyte again and again."""
    packer = zlib.compressobj(9)
    first, again = (packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    n_whole = n_bytes >> 20
    rest = packer.compress(bytes(n_bytes & 0xFFFFF)) + packer.flush()
    checksum = struct.pack(">I", n_bytes % 65521 << 16 | 1)
    return first[:2] + (again if n_whole else b"") * n_whole + rest[:-4] + checksum


def _small_png(*before: bytes, behind: bytes = b"") -> bytes:
    whole = png_of(64, 64, 8, 0, zlib.compress((b"\0" + bytes(64)) * 64), *before)
    return whole[:-12] + behind + whole[-12:]


def _png_chunks(kind: bytes, body: bytes) -> Callable[[int], bytes]:
    """Chunks of one kind before the pixels."""
    return lambda n: _small_png(png_chunk(kind, body) * n)


def png_long_data(n: int) -> bytes:
    """Pixel data that goes on for n MB behind the last row."""
    return png_of(64, 64, 8, 0, zeros(n << 20))


def png_long_text(n: int) -> bytes:
    """One packed text of n MB."""
    return _small_png(png_chunk(b"zTXt", b"a\0\0" + zeros(n << 20)))


def png_long_international_text(n: int) -> bytes:
    """One packed international text of n MB."""
    return _small_png(png_chunk(b"iTXt", b"a\0\1\0\0\0" + zeros(n << 20)))


def png_long_profile(n: int) -> bytes:
    """One packed profile of n MB."""
    return _small_png(png_chunk(b"iCCP", b"a\0\0" + zeros(n << 20)))


def _png_of_kind(depth: int, colour: int, *before: bytes, interlaced: bool = False, filtered: int = 0,
                 cut: bool = False) -> Callable[[int], bytes]:  # fmt: skip
    """Pictures of n megapixels of one kind of samples."""

    def make(n: int) -> bytes:
        side = int((n * 1e6) ** 0.5) // 8 * 8
        bits = depth * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
        row = bytes([filtered]) + bytes(side * bits // 8)
        n_bytes = len(row) * side if not interlaced else (side * bits // 8) * side + 2 * side
        packer = zlib.compressobj(1)
        packed = b"".join(
            [
                *(packer.compress(row) for _ in range(side)),
                packer.compress(bytes(max(0, n_bytes - len(row) * side))),
                packer.flush(),
            ]
        )
        whole = png_of(side, side, depth, colour, packed, *before)
        if interlaced:
            head = struct.pack(">IIBBBBB", side, side, depth, colour, 0, 0, 1)
            whole = whole[:8] + png_chunk(b"IHDR", head) + whole[33:]
        return whole[:-200] if cut else whole

    return make


def apng_on_large_canvas(n: int) -> bytes:
    """Frames of a pixel on a canvas of 50 megapixels, each of them taken back."""
    side = 7_072
    parts = [
        png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, side, side, 0, 0, 1, 25, 0, 0)),
        png_chunk(b"IDAT", zeros((side + 1) * side)),
    ]
    for frame in range(1, n):
        control = struct.pack(">IIIIIHHBB", 2 * frame - 1, 1, 1, frame, 0, 1, 25, 2, 1)
        parts += [
            png_chunk(b"fcTL", control),
            png_chunk(b"fdAT", struct.pack(">I", 2 * frame) + zlib.compress(b"\0\0")),
        ]
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n"
        + head
        + png_chunk(b"acTL", struct.pack(">II", n, 0))
        + b"".join(parts)
        + png_chunk(b"IEND")
    )


def apng_pieces(n: int) -> bytes:
    """One frame whose data come in empty pieces."""
    parts = [
        png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 64, 64, 0, 0, 1, 25, 0, 0)),
        png_chunk(b"IDAT", zlib.compress((b"\0" + bytes(64)) * 64)),
        png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", 1, 64, 64, 0, 0, 1, 25, 0, 0)),
        *(png_chunk(b"fdAT", struct.pack(">I", 2 + k)) for k in range(n)),
    ]
    return _small_png(png_chunk(b"acTL", struct.pack(">II", 2, 0)), *parts)


def _apng(n: int, side: int, depth: int, rows: Callable[[int], bytes]) -> bytes:
    """Frames of red, green, blue and alpha, each over the whole canvas."""
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, depth, 6, 0, 0, 0))
    parts, number = [header, png_chunk(b"acTL", struct.pack(">II", n, 0))], 0
    for frame in range(n):
        packed = zlib.compress(rows(frame))
        parts.append(png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, side, side, 0, 0, 1, 25, 0, 0)))
        parts.append(
            png_chunk(b"fdAT", struct.pack(">I", number + 1) + packed)
            if frame
            else png_chunk(b"IDAT", packed)
        )
        number += 1 + (frame > 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + png_chunk(b"IEND")


def apng_boxes(n: int, *, side: int = 512, alpha: int = 250) -> bytes:
    """n frames of a box each, whose bits are rounding however they are turned, not quite opaque."""

    def rows(frame: int) -> bytes:
        picture = np.zeros((side, 1 + 4 * side), np.uint8)
        pixels = picture[:, 1:].reshape(side, side, 4)
        pixels[...] = 90, 90, 90, alpha
        at = side // 2 - 20 - frame % (side // 3)
        pixels[at : side - at, at : side - at, :3] = 200, 30, 3 * frame % 256
        return picture.tobytes()

    return _apng(n, side, 8, rows)


def apng_deep(n: int, *, side: int = 512) -> bytes:
    """n flat frames of eight bytes a pixel."""
    return _apng(n, side, 16, lambda frame: (b"\0" + struct.pack(">4H", frame, 9, 9, 65_535) * side) * side)


def _png_narrow(colour: int, *before: bytes) -> Callable[[int], bytes]:
    """n thousand rows so short that nothing is reduced."""

    def make(n: int) -> bytes:
        row = b"\0" + bytes([90, 90, 90, 200][-{2: 3, 6: 4}[colour] :]) * 766
        return png_of(766, 1000 * n, 8, colour, zlib.compress(row * 1000 * n), *before)

    return make


_TABLE = png_chunk(b"iCCP", b"a\0\0" + zlib.compress(table_profile()))
_ROOM = png_chunk(b"tRNS", bytes(6))


ATTACKS = (
    Attack("png suggested palettes", _png_chunks(b"sPLT", b"a\0\x08" + bytes(60_000)), 1_500, 2),
    Attack("png times", _png_chunks(b"tIME", bytes(7)), 4_500_000, 130_000, refused=True),
    Attack(
        "png packed international texts",
        _png_chunks(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(bytes(1 << 20))),
        80_000,
        2,
    ),
    Attack("png long data", png_long_data, 30_000, 2),
    Attack("png long text", png_long_text, 30_000, 2),
    Attack("png long international text", png_long_international_text, 30_000, 2),
    Attack("png long profile", png_long_profile, 30_000, 2),
    Attack("png interlaced", _png_of_kind(8, 2, interlaced=True), 60, 1),
    Attack("png interlaced, 1 bit", _png_of_kind(1, 0, interlaced=True), 118, 1),
    Attack("png interlaced, cut", _png_of_kind(8, 2, interlaced=True, cut=True), 20, 1),
    Attack("png paeth", _png_of_kind(8, 6, filtered=4), 60, 1),
    Attack("png cut", _png_of_kind(8, 6, cut=True), 20, 1),
    Attack("png in a table of colours", _png_of_kind(8, 2, _TABLE), 60, 1),
    Attack("png in a table of colours, key", _png_of_kind(8, 2, _TABLE, _ROOM), 60, 1),
    Attack("png 16 bits in a table of colours", _png_of_kind(16, 2, _TABLE), 40, 1),
    Attack("png PQ", _png_of_kind(8, 2, png_chunk(b"cICP", bytes([9, 16, 0, 1]))), 60, 1),
    Attack("png gamma", _png_of_kind(8, 6, png_chunk(b"gAMA", struct.pack(">I", 100_000))), 60, 1),
    Attack("apng dots, 50 megapixels", apng_on_large_canvas, 2_000, 2),
    Attack("apng boxes", apng_boxes, 1_000, 2),
    Attack("apng of 16 bits", apng_deep, 1_000, 2),
    Attack("png narrow, alpha", _png_narrow(6), 78, 1),
    Attack("png narrow, in a table of colours", _png_narrow(2, _TABLE), 78, 1),
    Attack("apng pieces", apng_pieces, 6_000_000, 120_000, refused=True),
)
