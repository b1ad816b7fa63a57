"""The pixels of a whole, ordinary PNG picture, its rows unfiltered by us: much of the library's decode goes there."""

from __future__ import annotations

import zlib
from typing import Any

from .._rows import ROOM, unfilter

__all__ = ["unpacked"]

#: Samples of one byte or two as a file has them, by the imaging library's name, and bytes of a pixel.
_PIXEL_BYTES = {
    "L": 1, "P": 1, "LA": 2, "RGB": 3, "RGBA": 4,
    "I;16B": 2, "LA;16B": 4, "RGB;16B": 6, "RGBA;16B": 8,
}  # fmt: skip
#: Unpacked at a time, in bytes, or one row.
_STRIP = 1024 * 1024


def unpacked(image: Any, packed: bytes | memoryview) -> Any | None:
    """Return the pixels of an opened image, as the imaging library holds them.

    None for samples of less than a byte, and wherever the library's own decoder has to look closer: at data that
    end early, are damaged, or have rows with unknown filters.

    Parameters
    ----------
    image : PIL image, opened, not interlaced
    packed : bytes
        Its compressed rows.
    """
    from PIL import Image as pil
    from PIL import _imaging

    mode, (width, height) = image.mode, image.size
    stored: str = image.tile[0][3]
    pixel = _PIXEL_BYTES.get(stored)
    if pixel is None:
        return None
    n_bytes = width * pixel
    stride = n_bytes + 1
    n_rows = max(1, _STRIP // stride)
    core: Any = _imaging.new(mode, image.size)
    unpacker = zlib.decompressobj()
    above = bytes(n_bytes + ROOM)
    for top in range(0, height, n_rows):
        rows = min(n_rows, height - top)
        try:
            strip = bytearray(unpacker.decompress(packed, rows * stride))
        except zlib.error:
            return None
        packed = unpacker.unconsumed_tail
        if len(strip) != rows * stride:
            return None
        strip += bytes(ROOM)
        if unfilter(strip, rows=rows, n_bytes=n_bytes, pixel=pixel, above=above) != rows:
            return None
        above = bytes(strip[-ROOM - n_bytes :])
        samples: Any = memoryview(strip)[1:]
        # What is stored as the library holds it is lent to it; other samples it unpacks.
        take = pil.frombuffer if stored == mode else pil.frombytes
        part = take(mode, (width, rows), samples, "raw", stored, stride, 1)
        core.paste(part.im, (0, top, width, top + rows))
    return core if _ends(unpacker, packed) else None


def _ends(unpacker: Any, rest: bytes | memoryview) -> bool:
    """Tell whether nothing but the checksum of compressed data was left, and it is right."""
    try:
        return not unpacker.decompress(rest, 1) and bool(unpacker.eof)
    except zlib.error:
        return False
