"""Small files of every format and kind that the decode door lets in: what prefixes, changes and fuzzers start from."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
from bmp_files import bmp, bmp_rows, masked_pixels
from gif_files import GifFrame, gif
from PIL import Image
from png_files import PngFrame, apng, png
from tiff_files import tiff

__all__ = ["changed", "prefixes", "small_files"]

_SIDE = 12


def small_files() -> dict[str, bytes]:
    """Return a still and an animated file of each format, and of each way its decoder goes, under 3 kB each."""
    return {
        "jpeg": _saved(_shapes(0), "JPEG", exif=_turned_exif()),
        "jpeg progressive": _saved(_shapes(0), "JPEG", progressive=True),
        "jpeg cmyk": _saved(_shapes(0).convert("CMYK"), "JPEG"),
        "png": _saved(_shapes(0), "PNG", exif=_turned_exif()),
        "png palette": _saved(_shapes(0).quantize(8), "PNG", transparency=bytes([0, 128, 255])),
        "png 16 bit": _saved(_deep(), "PNG"),
        "png rgba": _saved(_shapes(0).convert("RGBA"), "PNG"),
        "apng": _saved(_shapes(0), "PNG", save_all=True, append_images=[_shapes(1), _shapes(2)]),
        "gif": _saved(_shapes(0).quantize(8), "GIF"),
        "gif animated": _saved(
            _few(0), "GIF", save_all=True, append_images=[_few(n) for n in (1, 2, 3)], comment=b"four"
        ),
        "webp": _saved(_shapes(0), "WEBP", quality=40, exif=_turned_exif()),
        "webp lossless": _saved(_shapes(0), "WEBP", lossless=True),
        "webp animated": _saved(_shapes(0), "WEBP", save_all=True, append_images=[_shapes(1), _shapes(2)]),
        "avif": _saved(_shapes(0), "AVIF", speed=10),
        "avif animated": _saved(_shapes(0), "AVIF", speed=10, save_all=True, append_images=[_shapes(1)]),
        "bmp": _saved(_shapes(0), "BMP"),
        "bmp run lengths": run_length_bmp(),
        "tiff": _saved(_shapes(0), "TIFF"),
        "tiff pages": _saved(_shapes(0), "TIFF", save_all=True, append_images=[_shapes(1), _shapes(2)]),
        "tiff lzw": _saved(_shapes(0), "TIFF", compression="tiff_lzw"),
        "tiff deflate float": _saved(_deep().convert("F"), "TIFF", compression="tiff_adobe_deflate"),
        "tiff jpeg": _saved(_shapes(0), "TIFF", compression="jpeg"),
        **_own_readers(),
    }


def _own_readers() -> dict[str, bytes]:
    """Return files of the kinds that are read without the imaging library, or beside it."""
    colour = np.asarray(_shapes(0))
    grey, other = np.asarray(_shapes(0).convert("L")), np.asarray(_shapes(1).convert("L"))
    deep = grey.astype(np.uint16)[..., None] * 16
    palette = [200 * (n % 7) + 40 * n for n in range(3 * 16)]
    indices = (grey // 16)[..., None]
    keyed = [
        GifFrame(indices=grey // 64, transparent=1, disposal=3, interlaced=True),
        GifFrame(indices=other[:8, :8] // 64, left=6, top=6, disposal=2, before=b"\x21\xf9\4\4\5\0\2\0"),
    ]
    four = np.array([[0, 0, 0], [90, 200, 30], [200, 90, 160], [255, 255, 255]], np.uint8)
    rgba = np.dstack([colour, other])
    frames = [PngFrame(samples=rgba), PngFrame(samples=rgba[:7, :7], left=3, top=2, dispose=2, blend=1)]
    size = (_SIDE, _SIDE)
    masks = (0xF00, 0xF0, 0xF, 0xF000)
    masked = bmp_rows(masked_pixels(rgba, masks), 16)
    return {
        "gif with keys": gif(_SIDE, _SIDE, keyed, palette=four),
        "apng with a hidden image": apng(_SIDE, _SIDE, 8, 6, frames, hidden=rgba),
        "png interlaced": png(colour, 8, 2, interlaced=True, filter_kind=5),
        "bmp masks": bmp(size, 16, masked, header=56, compression=3, masks=masks),
        "bmp 1 bit": bmp(size, 1, bmp_rows(grey // 128, 1), header=12, palette=four[:2]),
        "tiff 12 bits": tiff(deep, 12, 0, order=">", rows_per_strip=5),
        "tiff palette": tiff(indices, 4, 3, extra=[(320, "H", palette)], compression=32773),
        "tiff tiles of planes": tiff(colour, 8, 2, planar=True, tile=(16, 16), compression=8, predictor=2),
        "tiff signed": tiff(colour.astype(np.int16) - 90, 16, 2, order=">", is_big=True),
        "tiff float differences": tiff((colour / 255).astype(np.float32), 32, 2, compression=5, predictor=3),
        "pgm digits": b"P2 # a map\n12 12\n255\n" + b" ".join(b"%d" % each for each in grey.ravel()),
        "ppm": b"P6\n12 12\n255\n" + colour.tobytes(),
        "pbm": b"P4 12 12\n" + np.packbits(grey < 99, axis=1).tobytes(),
    }


def prefixes(data: bytes) -> list[bytes]:
    """Return every proper prefix."""
    return [data[:end] for end in range(len(data))]


def changed(data: bytes, at: int, *, every_value: bool) -> list[bytes]:
    """Return the file with the byte at `at` changed: to all other values, or to three of them."""
    byte = data[at]
    values = set(range(256)) if every_value else {byte ^ (1 << at % 8), byte ^ 255, 0}
    return [data[:at] + bytes([value]) + data[at + 1 :] for value in sorted(values - {byte})]


def run_length_bmp(*, n_colours: int = 4) -> bytes:
    """Return a BMP of run lengths with absolute runs, ends of lines and a skip."""
    rows = []
    for row in range(_SIDE):
        left = row % (_SIDE - 4)
        rows.append(
            bytes([left + 1, row % n_colours, 0, 3, 1, 2, 3, 0, _SIDE - left - 4, (row + 1) % n_colours])
        )
    pixels = b"\0\0".join(rows) + b"\0\2\1\0" + b"\0\1"
    palette = b"".join(struct.pack("<4B", 60 * n, 255 - 60 * n, 40 * n, 0) for n in range(n_colours))
    start = 14 + 40 + len(palette)
    header = struct.pack("<2sIHHI", b"BM", start + len(pixels), 0, 0, start)
    info = struct.pack("<IiiHHIIiiII", 40, _SIDE, _SIDE, 1, 8, 1, len(pixels), 0, 0, n_colours, 0)
    return header + info + palette + pixels


def _shapes(number: int) -> Image.Image:
    """Return one of a few pictures that no decoder takes for empty."""
    rows, cols = np.mgrid[:_SIDE, :_SIDE]
    disc = (rows - 4 - number) ** 2 + (cols - 5 - number) ** 2 < 12
    pixels = np.stack([20 * cols, 15 * rows, 180 * disc + 20 * number], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8))


def _few(number: int) -> Image.Image:
    return _shapes(number).quantize(8)


def _deep() -> Image.Image:
    grey = np.asarray(_shapes(0).convert("L")).astype(np.uint16) * 257
    return Image.fromarray(grey)


def _turned_exif() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif.tobytes()


def _saved(image: Image.Image, file_format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()
