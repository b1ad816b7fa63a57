"""Flat pictures of every format and pixel mode, of any side: small files that take all that their kind may hold."""

from __future__ import annotations

import io
import zlib
from collections.abc import Callable
from typing import Any

from PIL import Image

from attacks import png_chunk, png_of, tiff_packed

__all__ = ["KINDS"]


def _flat(mode: str, side: int) -> Any:
    return Image.new(mode, (side, side))


def _saved(file_format: str, **options: Any) -> Callable[[str, int], bytes]:
    def save(mode: str, side: int) -> bytes:
        stream = io.BytesIO()
        _flat(mode, side).save(stream, file_format, **options)
        return stream.getvalue()

    return save


def _cut(save: Callable[[str, int], bytes]) -> Callable[[str, int], bytes]:
    """Leave the last bytes out."""
    return lambda mode, side: save(mode, side)[:-100]


def _with_map(mode: str, side: int) -> bytes:
    """A bright picture, and a gain map as large."""
    picture = _saved("JPEG")(mode, side)
    space = b"http://ns.adobe.com/xap/1.0/\0<x xmlns:g='http://ns.adobe.com/hdr-gain-map/1.0/' "
    said = [space + b"of='GainMap'/>", space + b"g:Version='1.0' g:BaseRenditionIsHDR='True'/>"]
    return b"".join(
        picture[:2] + b"\xff\xe1" + (2 + len(each)).to_bytes(2, "big") + each + picture[2:] for each in said
    )


def _png(depth: int, colour: int, extra: bytes = b"") -> Callable[[str, int], bytes]:
    def save(_: str, side: int) -> bytes:
        bands = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
        row = bytes(1 + -(-side * bands * depth // 8))
        packer = zlib.compressobj(1)
        packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
        return png_of(side, side, depth, colour, packed, extra)

    return save


def _narrow(colour: int) -> Callable[[str, int], bytes]:
    """As many pixels in rows so short that none is averaged."""

    def save(_: str, side: int) -> bytes:
        height = side * side // _SHORT_ROW
        row = b"\0" + bytes({2: 3, 6: 4}[colour] * _SHORT_ROW)
        packer = zlib.compressobj(1)
        packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
        return png_of(_SHORT_ROW, height, 8, colour, packed)

    return save


_SHORT_ROW = 700


def _tiff(depth: int, kind: int) -> Callable[[str, int], bytes]:
    return lambda _, side: tiff_packed(side, side, depth=depth, kind=kind)


def _pnm_digits(kind: int, most: int) -> Callable[[str, int], bytes]:
    def save(_: str, side: int) -> bytes:
        first = b"P%d\n%d %d\n" % (kind, side, side) + (b"%d\n" % most if most > 1 else b"")
        return first + (b"0" if most == 1 else b"0 ") * (side * side * (3 if kind == 3 else 1))

    return save


def _kinds() -> dict[str, tuple[str, Callable[[str, int], bytes], bool]]:
    """Return how each kind is made: its mode, how it is written, and whether its length is that of its pixels."""
    key, alphas = png_chunk(b"tRNS", bytes(6)), png_chunk(b"tRNS", bytes(200))
    palette, few = (
        png_chunk(b"PLTE", bytes(768)),
        png_chunk(b"PLTE", bytes(48)) + png_chunk(b"tRNS", bytes(9)),
    )
    kinds: dict[str, tuple[str, Callable[[str, int], bytes], bool]] = {
        "PNG grey": ("", _png(8, 0), False),
        "PNG grey 1 bit": ("", _png(1, 0), False),
        "PNG grey 16 bits": ("", _png(16, 0), False),
        "PNG grey, key": ("", _png(8, 0, png_chunk(b"tRNS", bytes(2))), False),
        "PNG grey and alpha": ("", _png(8, 4), False),
        "PNG grey and alpha 16 bits": ("", _png(16, 4), False),
        "PNG RGB": ("", _png(8, 2), False),
        "PNG RGB, key": ("", _png(8, 2, key), False),
        "PNG RGB 16 bits": ("", _png(16, 2), False),
        "PNG RGB 16 bits, key": ("", _png(16, 2, key), False),
        "PNG RGBA": ("", _png(8, 6), False),
        "PNG RGBA 16 bits": ("", _png(16, 6), False),
        "PNG RGB, narrow": ("", _narrow(2), False),
        "PNG RGBA, narrow": ("", _narrow(6), False),
        "PNG palette": ("", _png(8, 3, palette), False),
        "PNG palette, alphas": ("", _png(8, 3, palette + alphas), False),
        "PNG palette 4 bits, alphas": (
            "",
            _png(4, 3, few),
            False,
        ),
    }
    for mode in ("L", "RGB", "CMYK"):
        kinds[f"JPEG {mode}"] = (mode, _saved("JPEG"), False)
        kinds[f"JPEG {mode} progressive"] = (mode, _saved("JPEG", progressive=True), False)
    kinds["JPEG RGB 4:4:4 progressive"] = ("RGB", _saved("JPEG", progressive=True, subsampling=0), False)
    kinds["JPEG RGB, gain map"] = ("RGB", _with_map, False)
    for progressive in (False, True):
        save = _cut(_saved("JPEG", progressive=progressive))
        kinds[f"JPEG RGB{' progressive' * progressive}, cut"] = ("RGB", save, False)
    kinds["PNG RGBA, cut"] = ("", _cut(_png(8, 6)), False)
    for mode in ("L", "P", "RGB"):
        kinds[f"GIF {mode}"] = (mode, _saved("GIF"), False)
    kinds |= {
        "WebP RGB": ("RGB", _saved("WEBP", method=0), False),
        "WebP RGBA": ("RGBA", _saved("WEBP", method=0), False),
        "WebP lossless": ("RGBA", _saved("WEBP", lossless=True, method=0), False),
        "AVIF RGB": ("RGB", _saved("AVIF", speed=10), False),
        "AVIF RGBA": ("RGBA", _saved("AVIF", speed=10), False),
        "BMP 1 bit": ("1", _saved("BMP"), False),
        "BMP palette": ("P", _saved("BMP"), True),
        "BMP RGB": ("RGB", _saved("BMP"), True),
        "BMP RGBA": ("RGBA", _saved("BMP"), True),
        "PGM": ("L", _saved("PPM"), True),
        "PPM": ("RGB", _saved("PPM"), True),
        "PBM": ("1", _saved("PPM"), False),
        "PGM 16 bits": ("I;16", _saved("PPM"), True),
        "PPM digits": ("", _pnm_digits(3, 255), True),
        "PGM digits 16 bits": ("", _pnm_digits(2, 65535), True),
        "PBM digits": ("", _pnm_digits(1, 1), True),
    }
    for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "LA", "I;16", "I", "F"):
        kinds[f"TIFF {mode} deflate"] = (mode, _saved("TIFF", compression="tiff_adobe_deflate"), False)
    kinds |= {
        "TIFF RGB": ("RGB", _saved("TIFF"), True),
        "TIFF RGB LZW": ("RGB", _saved("TIFF", compression="tiff_lzw"), False),
        "TIFF RGB JPEG": ("RGB", _saved("TIFF", compression="jpeg"), False),
        "TIFF L PackBits": ("L", _saved("TIFF", compression="packbits"), False),
        "TIFF 16 bits": ("", _tiff(16, 1), False),
        "TIFF 32-bit float": ("", _tiff(32, 3), False),
        "TIFF 32 bits, signed": ("", _tiff(32, 2), False),
        "TIFF 64-bit float": ("", _tiff(64, 3), False),
    }
    return kinds


KINDS = _kinds()
