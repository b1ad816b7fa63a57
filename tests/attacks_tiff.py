"""TIFF files that are made to cost: siblings of those in attacks.py.

Every maker takes how many of its parts to make. Nothing here is a picture of anything.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

from PIL import Image

from attacks import Attack, jpeg_scans, saved
from attacks_png import zeros

__all__ = ["ATTACKS"]

#: By tag: type and values.
_Fields = dict[int, tuple[int, list[int]]]


def _tiff(fields: _Fields, pixels: bytes, behind: bytes = b"") -> bytes:
    """A TIFF file of one page: its fields by tag, type and values; pixels stand at 8."""
    at = 8 + len(pixels)
    extra, entries = b"", b""
    start = at + 2 + 12 * len(fields) + 4
    for tag, (kind, values) in sorted(fields.items()):
        packed = struct.pack(f"<{len(values)}{ {1: 'B', 3: 'H', 4: 'I', 7: 'B'}[kind] }", *values)
        if len(packed) <= 4:
            entries += struct.pack("<HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
        else:
            entries += struct.pack("<HHII", tag, kind, len(values), start + len(extra))
            extra += packed
    directory = struct.pack("<H", len(fields)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", at) + pixels + directory + extra + behind


def _tiff_of_rows(compression: int, packed: bytes, width: int, n: int, more: _Fields | None = None) -> bytes:
    """Strips of one row, all of them the same bytes."""
    fields = {
        256: (4, [width]), 257: (4, [n]), 258: (3, [8]), 259: (3, [compression]), 262: (3, [1]), 273: (4, [8] * n),
        277: (3, [1]), 278: (4, [1]), 279: (4, [len(packed)] * n),
    }  # fmt: skip
    return _tiff(fields | (more or {}), packed)


def tiff_rows_lzw(n: int) -> bytes:
    """A strip a row, packed by LZW."""
    return _tiff_of_rows(5, b"\x80\x0b\x60\x50\x22\x0c\x0c\x85\x01", 10, n)


def tiff_rows_packbits(n: int) -> bytes:
    """A strip a row, of runs."""
    return _tiff_of_rows(32773, b"\xf7\x05", 10, n)


def tiff_rows_deflate(n: int) -> bytes:
    """A strip a row, deflated."""
    return _tiff_of_rows(8, zlib.compress(bytes(10)), 10, n)


def tiff_rows_raw(n: int) -> bytes:
    """A strip a row, as it is."""
    return _tiff_of_rows(1, bytes(10), 10, n)


def tiff_rows_webp(n: int) -> bytes:
    """A strip a row, each of them a WebP file."""
    packed = saved(Image.new("RGB", (16, 1)), "WEBP", lossless=True)
    return _tiff_of_rows(50001, packed, 16, n, {258: (3, [8, 8, 8]), 262: (3, [2]), 277: (3, [3])})


def tiff_webp_too_large(n: int) -> bytes:
    """A strip of n rows whose WebP file is of 100 megapixels."""
    packed = saved(Image.new("RGB", (10_000, 10_000)), "WEBP", lossless=True, method=0)
    fields = {
        256: (4, [10_000]), 257: (4, [n]), 258: (3, [8, 8, 8]), 259: (3, [50001]), 262: (3, [2]), 273: (4, [8]),
        277: (3, [3]), 278: (4, [n]), 279: (4, [len(packed)]),
    }  # fmt: skip
    return _tiff(fields, packed)


def tiff_dots_within(n: int) -> bytes:
    """Tiles of one pixel, fewer than are refused."""
    side = int(n**0.5)
    fields = {
        256: (4, [side]), 257: (4, [side]), 258: (3, [8]), 259: (3, [1]), 262: (3, [1]), 277: (3, [1]), 322: (4, [1]),
        323: (4, [1]), 324: (4, [8] * side * side), 325: (4, [1] * side * side),
    }  # fmt: skip
    return _tiff(fields, b"\x4d")


def _tiff_samples(bits: int, n_samples: int, kind: int, *, predictor: int = 1, planar: int = 1,
                  photometric: int = 1) -> Callable[[int], bytes]:  # fmt: skip
    """Pictures of n megapixels of one kind of samples, deflated."""

    def make(n: int) -> bytes:
        side = int((n * 1e6) ** 0.5) // 8 * 8
        n_planes = n_samples if planar == 2 else 1
        n_bytes = side * (side * bits * (n_samples // n_planes) // 8)
        packed = zeros(n_bytes)
        fields = {
            256: (4, [side]), 257: (4, [side]), 258: (3, [bits] * n_samples), 259: (3, [8]), 262: (3, [photometric]),
            273: (4, [8] * n_planes), 277: (3, [n_samples]), 278: (4, [side]), 279: (4, [len(packed)] * n_planes),
            284: (3, [planar]), 317: (3, [predictor]), 339: (3, [kind] * n_samples),
        }  # fmt: skip
        return _tiff(fields, packed)

    return make


def tiff_large_pages(n: int) -> bytes:
    """n pages of 100 megapixels, all of them the same bytes."""
    side = 10_000
    packed = zeros(side * side)
    start = 8 + len(packed)
    size = 2 + 9 * 12 + 4
    pages = b""
    for page in range(n):
        values = (
            (256, side),
            (257, side),
            (258, 8),
            (259, 8),
            (262, 1),
            (273, 8),
            (277, 1),
            (278, side),
            (279, len(packed)),
        )
        pages += struct.pack("<H", 9) + b"".join(
            struct.pack("<HHII", tag, 4, 1, value) for tag, value in values
        )
        pages += struct.pack("<I", start + (page + 1) * size if page + 1 < n else 0)
    return b"II*\0" + struct.pack("<I", start) + packed + pages


def _fax_pages(n: int, junk: int, compression: int = 4) -> bytes:
    stream = io.BytesIO()
    Image.new("1", (64, 64)).save(stream, "TIFF", compression="group4")
    fax = stream.getvalue()
    at = int.from_bytes(fax[4:8], "little")
    with Image.open(io.BytesIO(fax)) as opened:
        tags = opened.tag_v2  # type: ignore[attr-defined]
        offset, n_bytes = tags[273][0], tags[279][0]
    packed = fax[offset : offset + n_bytes]
    assert at
    start = 8 + len(packed)
    values = (
        (256, 64),
        (257, 64),
        (258, 1),
        (259, compression),
        (262, 0),
        (273, 8),
        (277, 1),
        (278, 64),
        (279, len(packed)),
    )
    size = 2 + 9 * 12 + 4
    pages = b"".join(
        struct.pack("<H", 9) + b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in values)
        + struct.pack("<I", start + (page + 1) * size if page + 1 < n else 0)
        for page in range(n)
    )  # fmt: skip
    return b"II*\0" + struct.pack("<I", start) + packed + pages + bytes(junk)


def tiff_fax_pages(n: int) -> bytes:
    """Pages of a fax."""
    return _fax_pages(n, 0)


def tiff_fax_pages_in_a_long_file(n: int) -> bytes:
    """The same in a file of 40 MB."""
    return _fax_pages(n, 40_000_000)


def tiff_jpeg_scans(n: int) -> bytes:
    """A strip of JPEG with n scans over 16 megapixels."""
    packed = jpeg_scans(n, side=4_000)
    fields = {
        256: (4, [4_000]), 257: (4, [4_000]), 258: (3, [8]), 259: (3, [7]), 262: (3, [1]), 273: (4, [8]), 277: (3, [1]),
        278: (4, [4_000]), 279: (4, [len(packed)]),
    }  # fmt: skip
    return _tiff(fields, packed)


def tiff_fax(n: int) -> bytes:
    """n megapixels of fax that end at once."""
    side = int((n * 1e6) ** 0.5)
    fields = {
        256: (4, [side]), 257: (4, [side]), 258: (3, [1]), 259: (3, [4]), 262: (3, [0]), 273: (4, [8]), 277: (3, [1]),
        278: (4, [side]), 279: (4, [64]),
    }  # fmt: skip
    return _tiff(fields, b"\xff" * 64)


ATTACKS = (
    Attack("tiff rows, LZW", tiff_rows_lzw, 150_000, 100),
    Attack("tiff rows, PackBits", tiff_rows_packbits, 150_000, 100),
    Attack("tiff rows, deflate", tiff_rows_deflate, 150_000, 100),
    Attack("tiff rows, raw", tiff_rows_raw, 150_000, 100),
    Attack("tiff rows, WebP", tiff_rows_webp, 150_000, 100),
    Attack("tiff WebP too large", tiff_webp_too_large, 10, 0),
    Attack("tiff dots, fewer", tiff_dots_within, 150_000, 100),
    Attack("tiff 31 bits", _tiff_samples(31, 1, 1), 60, 1),
    Attack("tiff 3 x 11 bits", _tiff_samples(11, 3, 1, photometric=2), 40, 1),
    Attack("tiff 60 samples", _tiff_samples(8, 60, 1), 4, 1),
    Attack("tiff 60 planes", _tiff_samples(8, 60, 1, planar=2), 4, 1, refused=True),
    Attack("tiff floats, differences", _tiff_samples(32, 1, 3, predictor=3), 40, 1),
    Attack("tiff 64-bit floats", _tiff_samples(64, 1, 3), 25, 1),
    Attack("tiff large pages", tiff_large_pages, 100, 0),
    Attack("tiff fax pages", tiff_fax_pages, 2_000, 2),
    Attack("tiff fax pages in a long file", tiff_fax_pages_in_a_long_file, 2_000, 0),
    Attack("tiff JPEG scans", tiff_jpeg_scans, 4_000, 2),
    Attack("tiff fax, 100 megapixels", tiff_fax, 100, 1),
)
