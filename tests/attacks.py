"""Image files that are made to cost: small ones that burn processor time or memory, each of one kind, of any size.

Every maker takes how many of its parts to make. Nothing here is a picture of anything.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

__all__ = ["ATTACKS", "Attack", "png_chunk", "png_of", "tiff_packed"]


@dataclass(frozen=True, slots=True)
class Attack:
    """One kind of costly file.

    Attributes
    ----------
    name : str
    make : callable
        Returns the file with so many parts.
    n_full : int
        As many parts as a file of at most 100 MB does harm with.
    n_small : int
        As many as a test has time for.
    refused : bool
        Already so few are too many.
    """

    name: str
    make: Callable[[int], bytes]
    n_full: int
    n_small: int
    refused: bool = False


def saved(image: Image.Image, file_format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def _grey(width: int, height: int, mode: str = "L") -> Image.Image:
    return Image.new(mode, (width, height), 77 if mode == "L" else None)


# -- JPEG -------------------------------------------------------------------------------------------------------


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg_scans(n: int, *, side: int = 5_000) -> bytes:
    """A progressive grey picture of one scan of means, all zero, and n of nothing: each passes over every block."""
    n_blocks = (-(-side // 8)) ** 2
    frame = _segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\x01\x11\0")
    tables = _segment(0xDB, b"\0" + b"\x01" * 64) + _segment(0xC4, b"\0\x01" + bytes(15) + b"\0")
    tables += _segment(0xC4, b"\x10\x01" + bytes(15) + b"\xe0")  # "0": so many blocks end, in 14 bits
    means = _segment(0xDA, b"\x01\x01\0\0\0\x01") + bytes(-(-n_blocks // 8))
    n_runs = -(-n_blocks // 32_767)
    bits = ("0" + "1" * 14) * n_runs
    bits += "1" * (-len(bits) % 8)
    packed = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    nothing = _segment(0xDA, b"\x01\x01\0\x01\x3f\0") + packed
    return b"\xff\xd8" + tables + frame + means + nothing * n + b"\xff\xd9"


def jpeg_scans_small(n: int) -> bytes:
    """The same on few blocks: what a scan costs by itself."""
    return jpeg_scans(n, side=64)


def _jpeg_with(extra: bytes) -> bytes:
    whole = saved(_grey(64, 64), "JPEG")
    return whole[:2] + extra + whole[2:]


def jpeg_exif(n: int) -> bytes:
    """Many EXIF segments, which the library joins one by one."""
    return _jpeg_with(_segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\0") * n)


def jpeg_exif_long(n: int) -> bytes:
    """The same, each as long as a segment can be."""
    return _jpeg_with(_segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\0" + bytes(65_500)) * n)


def jpeg_comments(n: int) -> bytes:
    """Empty comments."""
    return _jpeg_with(_segment(0xFE, b"") * n)


def jpeg_profiles(n: int) -> bytes:
    """Parts of a profile."""
    return _jpeg_with(_segment(0xE2, b"ICC_PROFILE\0\x01\xff" + b"x") * n)


def jpeg_photoshop(n: int) -> bytes:
    """Image resources, each of which the library walks."""
    return _jpeg_with(_segment(0xED, b"Photoshop 3.0\0" + b"8BIM\x04\x04\0\0\0\0\0\0" * 5_400) * n)


def jpeg_fill(n: int) -> bytes:
    """Fill bytes between two segments."""
    return _jpeg_with(b"\xff" * n)


def jpeg_zeros(n: int) -> bytes:
    """A JPEG file that begins and then is zeros, each of them read as a byte before the next segment."""
    return b"\xff\xd8" + _segment(0xE0, b"JFIF\0\x01\x01\0\0\1\0\1\0\0") + bytes(n)


def jpeg_tables(n: int) -> bytes:
    """Huffman tables, defined again and again."""
    return _jpeg_with(_segment(0xC4, b"\x00" + bytes(16)) * n)


def jpeg_exif_entries(n: int) -> bytes:
    """One EXIF segment whose entries all hold the same bytes: as a whole it is gigabytes."""
    entry_of = struct.Struct(">HHII").pack
    n = min(n, 5_400)
    entries = b"".join(entry_of(1000 + number, 7, 65_000, 0) for number in range(n))
    return _jpeg_with(_segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08" + struct.pack(">H", n) + entries))


# -- PNG --------------------------------------------------------------------------------------------------------


def png_chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png(
    width: int, height: int, depth: int, colour: int, rows: bytes, *before: bytes, level: int = 6
) -> bytes:
    return png_of(width, height, depth, colour, zlib.compress(rows, level), *before)


def png_of(width: int, height: int, depth: int, colour: int, packed: bytes, *before: bytes) -> bytes:
    """A PNG picture of packed rows, with chunks before them."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    parts = (png_chunk(b"IHDR", header), *before, png_chunk(b"IDAT", packed), png_chunk(b"IEND"))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _png_rows(width_bytes: int, height: int) -> bytes:
    return (b"\0" + bytes(width_bytes)) * height


def png_chunks(n: int) -> bytes:
    """Empty chunks nobody knows."""
    return _png(64, 64, 8, 0, _png_rows(64, 64), png_chunk(b"juNk") * n)


def png_empty_data(n: int) -> bytes:
    """Empty pieces of pixel data."""
    return _png(64, 64, 8, 0, _png_rows(64, 64), png_chunk(b"IDAT") * n)


def png_texts(n: int) -> bytes:
    """Packed texts of a megabyte each."""
    return _png(
        64, 64, 8, 0, _png_rows(64, 64), png_chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 20))) * n
    )


def png_profiles(n: int) -> bytes:
    """Packed profiles of a megabyte each."""
    profile = png_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes((1 << 20) - 1)))
    return _png(64, 64, 8, 0, _png_rows(64, 64), profile * n)


def png_behind(n: int) -> bytes:
    """Chunks behind the pixels."""
    whole = _png(64, 64, 8, 0, _png_rows(64, 64))
    return whole[:-12] + png_chunk(b"tEXt", b"a\0b") * n + whole[-12:]


def png_key(n: int) -> bytes:
    """16-bit grey with one transparent shade, n thousand rows of 8 000."""
    rows = _png_rows(16_000, 1000 * n)
    return _png(8_000, 1000 * n, 16, 0, rows, png_chunk(b"tRNS", b"\0\0"))


def png_palette(n: int) -> bytes:
    """A palette with transparency, n thousand rows of 8 000."""
    palette = png_chunk(b"PLTE", bytes(range(256)) * 3) + png_chunk(b"tRNS", bytes(range(256)))
    return _png(8_000, 1000 * n, 8, 3, _png_rows(8_000, 1000 * n), palette)


def png_exif_entries(n: int) -> bytes:
    """EXIF data whose entries all hold the same bytes."""
    entry_of = struct.Struct(">HHII").pack
    n = min(n, 65_535)
    entries = b"".join(entry_of(number, 7, 12 * n, 0) for number in range(n))
    return _png(
        64,
        64,
        8,
        0,
        _png_rows(64, 64),
        png_chunk(b"eXIf", b"MM\0*\0\0\0\x08" + struct.pack(">H", n) + entries),
    )


def apng_frames(n: int, *, side: int = 2_000) -> bytes:
    """An animation of n large, empty frames."""
    packed = zlib.compress(_png_rows(side, side))
    frames = []
    number = 0
    for frame in range(n):
        control = struct.pack(">IIIIIHHBB", number, side, side, 0, 0, 1, 25, 0, 0)
        frames.append(png_chunk(b"fcTL", control))
        number += 1
        if frame == 0:
            frames.append(png_chunk(b"IDAT", packed))
            continue
        frames.append(png_chunk(b"fdAT", struct.pack(">I", number) + packed))
        number += 1
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    control = png_chunk(b"acTL", struct.pack(">II", n, 0))
    return b"\x89PNG\r\n\x1a\n" + header + control + b"".join(frames) + png_chunk(b"IEND")


def apng_small_frames(n: int) -> bytes:
    """An animation of n frames of one pixel on a large canvas."""
    side = 2_000
    dot = zlib.compress(b"\0\0")
    parts = [
        png_chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, side, side, 0, 0, 1, 25, 0, 0)),
        png_chunk(b"IDAT", zlib.compress(_png_rows(side, side))),
    ]
    for frame in range(1, n):
        control = struct.pack(">IIIIIHHBB", 2 * frame - 1, 1, 1, frame % side, 0, 1, 25, 2, 0)
        parts += [png_chunk(b"fcTL", control), png_chunk(b"fdAT", struct.pack(">I", 2 * frame) + dot)]
    header = png_chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    control = png_chunk(b"acTL", struct.pack(">II", n, 0))
    return b"\x89PNG\r\n\x1a\n" + header + control + b"".join(parts) + png_chunk(b"IEND")


# -- GIF --------------------------------------------------------------------------------------------------------

_GIF_PALETTE = bytes([0, 0, 0, 255, 255, 255])
#: A clear code, one pixel, the end, of two colours.
_GIF_DOT = b"\x02\x02\x44\x01\x00"


def _gif(width: int, height: int, *parts: bytes) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + _GIF_PALETTE
    return head + b"".join(parts) + b"\x3b"


def _gif_frame(width: int, height: int, data: bytes, *, control: bytes = b"") -> bytes:
    return control + b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + data


def gif_sub_blocks(n: int) -> bytes:
    """Pixel data in pieces of one byte, on the largest canvas allowed."""
    return _gif(4_000, 4_000, _gif_frame(4_000, 4_000, b"\x02" + b"\x01\x44" * n + b"\0"))


def gif_comments(n: int) -> bytes:
    """A comment in pieces of one byte."""
    return _gif(64, 64, b"\x21\xfe" + b"\x01x" * n + b"\0", _gif_frame(1, 1, _GIF_DOT))


def gif_extensions(n: int) -> bytes:
    """Extensions without content."""
    return _gif(64, 64, b"\x21\xf9\0" * n, _gif_frame(1, 1, _GIF_DOT))


def gif_junk(n: int) -> bytes:
    """Zeros where a block should begin."""
    return _gif(64, 64, bytes(n), _gif_frame(1, 1, _GIF_DOT))


def gif_frames(n: int) -> bytes:
    """Frames of one pixel on a large canvas, each put back to what was before."""
    control = b"\x21\xf9\x04\x0c\x01\x00\x00\x00"
    return _gif(4_000, 4_000, _gif_frame(1, 1, _GIF_DOT, control=control) * n)


def gif_tiny_frames(n: int) -> bytes:
    """Frames of one pixel on a small canvas."""
    return _gif(16, 16, _gif_frame(1, 1, _GIF_DOT) * n)


# -- TIFF -------------------------------------------------------------------------------------------------------


def _entry(tag: int, kind: int, count: int, value: int) -> bytes:
    return struct.pack("<HHII", tag, kind, count, value)


def _tiff_page(
    width: int,
    height: int,
    *,
    offset: int,
    n_bytes: int,
    following: int,
    depth: int = 8,
    kind: int = 1,
    code: int = 1,
) -> bytes:
    entries = [
        _entry(256, 4, 1, width), _entry(257, 4, 1, height), _entry(258, 3, 1, depth), _entry(259, 3, 1, code),
        _entry(262, 3, 1, 1), _entry(273, 4, 1, offset), _entry(277, 3, 1, 1), _entry(278, 4, 1, height),
        _entry(279, 4, 1, n_bytes), _entry(339, 3, 1, kind),
    ]  # fmt: skip
    return struct.pack("<H", len(entries)) + b"".join(entries) + struct.pack("<I", following)


def tiff_pages(n: int) -> bytes:
    """Pages of the same few pixels."""
    pixels = bytes(64 * 64)
    start = 8 + len(pixels)
    size = 2 + 10 * 12 + 4
    pages = [
        _tiff_page(
            64, 64, offset=8, n_bytes=64 * 64, following=start + (page + 1) * size if page + 1 < n else 0
        )
        for page in range(n)
    ]
    return b"II*\0" + struct.pack("<I", start) + pixels + b"".join(pages)


def tiff_directory_chain(n: int) -> bytes:
    """Directories that hold nothing but the way to the next."""
    first = _tiff_page(64, 64, offset=8, n_bytes=64 * 64, following=8 + 64 * 64 + 126)
    start = 8 + 64 * 64
    links = b"".join(
        struct.pack("<HI", 0, start + 126 + 6 * (page + 1) if page + 1 < n else 0) for page in range(n)
    )
    return b"II*\0" + struct.pack("<I", start) + bytes(64 * 64) + first + links


def tiff_entries(n: int) -> bytes:
    """Entries that all hold the same bytes, as many as fit."""
    page = _tiff_page(64, 64, offset=8, n_bytes=64 * 64, following=0)
    n = min(n, 60_000)
    extra = b"".join(_entry(40_000 + number % 25_000, 7, 12 * n, 8) for number in range(n))
    count = struct.unpack_from("<H", page)[0] + n
    body = struct.pack("<H", count) + page[2:-4] + extra + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + 64 * 64) + bytes(64 * 64) + body


def tiff_strips(n: int) -> bytes:
    """A strip a row, each of them the whole packed data of a large one."""
    packed = zlib.compress(bytes(4 << 20), 0)
    side = 4_000
    n = min(n, side)
    at = 8 + len(packed)
    offsets = struct.pack(f"<{n}I", *[8] * n)
    counts = struct.pack(f"<{n}I", *[len(packed)] * n)
    directory = at + len(offsets) + len(counts)
    entries = [
        _entry(256, 4, 1, side), _entry(257, 4, 1, n), _entry(258, 3, 1, 8), _entry(259, 3, 1, 8),
        _entry(262, 3, 1, 1), _entry(273, 4, n, at), _entry(277, 3, 1, 1), _entry(278, 4, 1, 1),
        _entry(279, 4, n, at + len(offsets)),
    ]  # fmt: skip
    body = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", directory) + packed + offsets + counts + body


def tiff_tiles(n: int) -> bytes:
    """Tiles of 16 x 16, of which the picture shows n, all at one place."""
    across = 1_000
    down = max(1, n // across)
    n = across * down
    at = 8 + 256
    offsets = struct.pack("<I", 8) * n
    counts = struct.pack("<I", 256) * n
    directory = at + len(offsets) + len(counts)
    entries = [
        _entry(256, 4, 1, 16 * across), _entry(257, 4, 1, 16 * down), _entry(258, 3, 1, 8), _entry(259, 3, 1, 1),
        _entry(262, 3, 1, 1), _entry(277, 3, 1, 1), _entry(322, 4, 1, 16), _entry(323, 4, 1, 16),
        _entry(324, 4, n, at), _entry(325, 4, n, at + len(offsets)),
    ]  # fmt: skip
    body = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", directory) + bytes(256) + offsets + counts + body


def tiff_dots(n: int) -> bytes:
    """Tiles of one pixel."""
    across = 5_000
    down = max(1, n // across)
    n = across * down
    at = 9
    offsets = struct.pack("<I", 8) * n
    directory = at + len(offsets)
    entries = [
        _entry(256, 4, 1, across), _entry(257, 4, 1, down), _entry(258, 3, 1, 8), _entry(259, 3, 1, 1),
        _entry(262, 3, 1, 1), _entry(277, 3, 1, 1), _entry(322, 4, 1, 1), _entry(323, 4, 1, 1),
        _entry(324, 4, n, at), _entry(325, 4, n, at),
    ]  # fmt: skip
    body = struct.pack("<H", len(entries)) + b"".join(entries) + bytes(4)
    return b"II*\0" + struct.pack("<I", directory) + b"\x4d" + offsets + body


def _tiff_packed(n: int, *, depth: int, kind: int) -> bytes:
    """n million samples of zeros, packed."""
    return tiff_packed(1_000, 1_000 * n, depth=depth, kind=kind)


def tiff_packed(width: int, height: int, *, depth: int, kind: int) -> bytes:
    """Samples of zeros, packed."""
    packed = zlib.compress(bytes(width * height * depth // 8), 1)
    page = _tiff_page(
        width, height, offset=8, n_bytes=len(packed), following=0, depth=depth, kind=kind, code=8
    )
    return b"II*\0" + struct.pack("<I", 8 + len(packed)) + packed + page


def tiff_float(n: int) -> bytes:
    """Floating-point samples."""
    return _tiff_packed(n, depth=32, kind=3)


def tiff_integer(n: int) -> bytes:
    """Signed 32-bit samples."""
    return _tiff_packed(n, depth=32, kind=2)


def tiff_deep(n: int) -> bytes:
    """16-bit samples."""
    return _tiff_packed(n, depth=16, kind=1)


# -- BMP --------------------------------------------------------------------------------------------------------


def _bmp_runs(width: int, height: int, runs: bytes) -> bytes:
    palette = bytes(1024)
    start = 14 + 40 + len(palette)
    header = struct.pack("<2sIHHI", b"BM", start + len(runs), 0, 0, start)
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(runs), 0, 0, 256, 0)
    return header + info + palette + runs


def bmp_runs(n: int, *, side: tuple[int, int] = (8_000, 8_000)) -> bytes:
    """Runs of one pixel."""
    return _bmp_runs(*side, b"\x01\x07" * n + b"\0\1")


def bmp_empty_runs(n: int) -> bytes:
    """Skips of no width, which fill nothing."""
    return _bmp_runs(8_000, 8_000, b"\0\2\0\0" * n + b"\0\1")


def bmp_line_ends(n: int) -> bytes:
    """Ends of lines, more than there are lines."""
    return _bmp_runs(8_000, 8_000, b"\0\0" * n + b"\0\1")


# -- WebP, AVIF -------------------------------------------------------------------------------------------------


def riff(parts: bytes) -> bytes:
    return b"RIFF" + struct.pack("<I", 4 + len(parts)) + b"WEBP" + parts


def riff_chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def size24(value: int) -> bytes:
    return (value - 1).to_bytes(3, "little")


def _webp_bits(width: int, height: int) -> bytes:
    return saved(_grey(width, height), "WEBP", lossless=True)[12:]


def webp_frames(n: int, *, side: int = 2_000) -> bytes:
    """An animation of n large, empty frames."""
    bits = _webp_bits(side, side)
    frame = riff_chunk(b"ANMF", bytes(6) + 2 * size24(side) + (40).to_bytes(3, "little") + b"\0" + bits)
    head = riff_chunk(b"VP8X", b"\x02\0\0\0" + 2 * size24(side)) + riff_chunk(b"ANIM", bytes(6))
    return riff(head + frame * n)


def webp_dots(n: int) -> bytes:
    """An animation of n frames of one pixel on a large canvas."""
    bits = _webp_bits(1, 1)
    frame = riff_chunk(b"ANMF", bytes(6) + 2 * size24(1) + (40).to_bytes(3, "little") + b"\x01" + bits)
    head = riff_chunk(b"VP8X", b"\x02\0\0\0" + 2 * size24(4_000)) + riff_chunk(b"ANIM", bytes(6))
    return riff(head + frame * n)


def webp_chunks(n: int) -> bytes:
    """Chunks nobody knows, before the picture."""
    head = riff_chunk(b"VP8X", b"\0\0\0\0" + 2 * size24(64))
    return riff(head + riff_chunk(b"juNk", b"") * n + _webp_bits(64, 64))


def avif_frames(n: int) -> bytes:
    """An animation of n frames."""
    frames = [_grey(512, 512, "RGB")] * n
    return saved(frames[0], "AVIF", save_all=True, append_images=frames[1:], speed=10, quality=10)


def avif_exif_entries(n: int) -> bytes:
    """EXIF data whose entries all hold the same bytes."""
    n = min(n, 65_535)
    entries = b"".join(struct.pack(">HHII", number, 7, 12 * n, 0) for number in range(n))
    exif = b"MM\0*\0\0\0\x08" + struct.pack(">H", n) + entries
    # The encoder would read it all: it gets zeros of the same length.
    marked = b"MM\0*\0\0\0\x08\0\0" + bytes(len(exif) - 10)
    return saved(_grey(64, 64, "RGB"), "AVIF", exif=marked).replace(marked, exif)


def pnm_remarks(n: int) -> bytes:
    """A picture behind n remarks."""
    return b"P6\n" + b"#\n" * n + b"64 64\n255\n" + bytes(64 * 64 * 3)


def pnm_digits(n: int) -> bytes:
    """n million samples written out, each with as many spaces as it has digits."""
    return b"P3\n1000 %d\n255\n" % (1000 * n // 3) + b"7 " * (1_000_000 * n)


def _noise_png(n: int) -> bytes:
    """n million samples of noise: an honest picture, for comparison."""
    rows = np.random.default_rng(1).integers(0, 256, (1000 * n, 1001), dtype=np.uint8)
    rows[:, 0] = 0
    return _png(1000, 1000 * n, 8, 0, rows.tobytes(), level=1)


ATTACKS = (
    Attack("jpeg scans, 25 megapixels", jpeg_scans, 40_000, 500, refused=True),
    Attack("jpeg scans, 64 x 64", jpeg_scans_small, 2_000_000, 20_000),
    Attack("jpeg exif", jpeg_exif, 180_000, 8_000),
    Attack("jpeg exif, long", jpeg_exif_long, 1_500, 40),
    Attack("jpeg comments", jpeg_comments, 24_000_000, 110_000, refused=True),
    Attack("jpeg profiles", jpeg_profiles, 3_000_000, 120_000, refused=True),
    Attack("jpeg photoshop", jpeg_photoshop, 1_400, 40),
    Attack("jpeg fill", jpeg_fill, 90_000_000, 200_000),
    Attack("jpeg zeros", jpeg_zeros, 90_000_000, 2_000_000, refused=True),
    Attack("jpeg tables", jpeg_tables, 4_000_000, 120_000, refused=True),
    Attack("jpeg exif entries", jpeg_exif_entries, 5_400, 5_400),
    Attack("png chunks", png_chunks, 7_600_000, 110_000, refused=True),
    Attack("png empty data", png_empty_data, 7_600_000, 110_000, refused=True),
    Attack("png texts", png_texts, 80_000, 200),
    Attack("png profiles", png_profiles, 80_000, 200),
    Attack("png behind", png_behind, 6_000_000, 120_000, refused=True),
    Attack("png 16 bit with key", png_key, 14, 2),
    Attack("png palette", png_palette, 14, 2),
    Attack("png exif entries", png_exif_entries, 65_535, 20_000),
    Attack("apng frames", apng_frames, 2_000, 100),
    Attack("apng dots", apng_small_frames, 2_000, 100),
    Attack("gif sub-blocks", gif_sub_blocks, 45_000_000, 1_200_000, refused=True),
    Attack("gif comments", gif_comments, 45_000_000, 1_200_000, refused=True),
    Attack("gif extensions", gif_extensions, 30_000_000, 110_000, refused=True),
    Attack("gif junk", gif_junk, 90_000_000, 110_000, refused=True),
    Attack("gif frames, large canvas", gif_frames, 3_000_000, 100),
    Attack("gif frames, small canvas", gif_tiny_frames, 4_000_000, 20_000),
    Attack("tiff pages", tiff_pages, 40_000, 3_000),
    Attack("tiff directories", tiff_directory_chain, 14_000_000, 5_000),
    Attack("tiff entries", tiff_entries, 60_000, 10_000, refused=True),
    Attack("tiff strips", tiff_strips, 4_000, 1_000, refused=True),
    Attack("tiff tiles", tiff_tiles, 450_000, 450_000, refused=True),
    Attack("tiff dots", tiff_dots, 20_000_000, 500_000, refused=True),
    Attack("tiff float", tiff_float, 67, 4),
    Attack("tiff 32-bit integers", tiff_integer, 67, 4),
    Attack("tiff 16-bit", tiff_deep, 120, 4),
    Attack("bmp runs", bmp_runs, 46_000_000, 40_000),
    Attack("bmp empty runs", bmp_empty_runs, 23_000_000, 23_000_000),
    Attack("bmp line ends", bmp_line_ends, 46_000_000, 40_000),
    Attack("webp frames", webp_frames, 2_000, 50),
    Attack("webp dots", webp_dots, 1_500_000, 100),
    Attack("webp chunks", webp_chunks, 11_000_000, 110_000, refused=True),
    Attack("avif frames", avif_frames, 500, 20),
    Attack("avif exif entries", avif_exif_entries, 65_535, 20_000),
    Attack("pnm remarks", pnm_remarks, 49_000_000, 300_000, refused=True),
    Attack("pnm digits", pnm_digits, 45, 3),
)
