"""What the headers of a BMP file say: OS/2's and Windows', every version."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from ..errors import UnreadableImage, UnsupportedImage

__all__ = ["BmpHeader", "Masks", "read_bmp_header"]

#: Red, green, blue and alpha, as bits of a pixel; 0 where there is none.
Masks = tuple[int, int, int, int]

_OS2_V1, _WINDOWS_V3, _WINDOWS_V2_MASKS, _WINDOWS_V4 = 12, 40, 52, 108
#: Lengths of headers; OS/2's second version may stop anywhere from 16 on.
_LENGTHS = frozenset({12, 40, 52, 56, 64, 108, 124, *range(16, 65, 4), 42, 46})
_DEPTHS = frozenset({1, 2, 4, 8, 16, 24, 32})
_RGB, _RLE8, _RLE4, _BITFIELDS, _JPEG, _PNG, _ALPHA_BITFIELDS = range(7)
#: What numbers mean in OS/2's second header, where Windows means something else by them.
_OS2_HUFFMAN, _OS2_RLE24 = 3, 4
_RLE_DEPTHS = {_RLE8: 8, _RLE4: 4}
_MAX_COLOURS = 256
#: Where masks stand in headers that have a place for them.
_MASKS_AT = 54


@dataclass(frozen=True, slots=True, kw_only=True)
class BmpHeader:
    """How a BMP file's pixels are stored.

    Attributes
    ----------
    width, height : int
        In pixels.
    top_down : bool
        The first row stored is the top one.
    depth : int
        Bits a pixel.
    run_length : int
        Bits of the pixels that are run-length coded: 4, 8 or 24; 0 where they are not.
    masks : Masks
        Of pixels of 16 bits and more.
    palette : bytes
        Three bytes a colour: blue, green, red.
    pixels_at : int
        Where they begin in the file: 0 where it does not say.
    end : int
        Where the headers end, palette included.
    """

    width: int
    height: int
    top_down: bool
    depth: int
    run_length: int
    masks: Masks
    palette: bytes
    pixels_at: int
    end: int


def read_bmp_header(data: bytes) -> BmpHeader:
    """Return what a BMP file's headers say.

    Raises
    ------
    UnreadableImage
        They are cut short, or make no sense.
    UnsupportedImage
        Pixels stored in a way that viewers do not show: JPEG, PNG or fax inside a BMP.
    """
    if len(data) < 26:
        raise UnreadableImage(f"damaged BMP: {len(data)} bytes, a header has 26")
    (pixels_at, length) = struct.unpack_from("<II", data, 10)
    if length not in _LENGTHS or len(data) < 14 + length:
        raise UnreadableImage(f"damaged BMP: a header of {length} bytes")
    if length == _OS2_V1:
        width, height, _, depth = struct.unpack_from("<HHHH", data, 18)
        compression = n_colours = 0
    else:
        fields = data[18 : 14 + length].ljust(36, b"\0")  # what a short header leaves out is 0
        width, height, _, depth, compression, _, _, _, n_colours = struct.unpack_from("<iiHHIIiiI", fields)
    is_os2 = length in range(16, 65) and length not in (_WINDOWS_V3, _WINDOWS_V2_MASKS, 56)
    top_down = height < 0
    height = abs(height)
    if width <= 0 or height <= 0:
        raise UnreadableImage(f"damaged BMP: {width} x {height} pixels")
    if depth not in _DEPTHS:
        raise UnreadableImage(f"damaged BMP: {depth} bits a pixel")
    run_length = _run_length(compression, depth, is_os2=is_os2)
    end = 14 + length
    masks: Masks = (0, 0, 0, 0)
    if depth >= 16 and not run_length:
        masks, end = _masks(data, length, depth, compression, end, is_os2=is_os2)
    palette = b""
    if depth <= 8:
        palette = _palette(data, end, pixels_at, depth, n_colours, n_bytes=3 if length == _OS2_V1 else 4)
        n_stored = min(n_colours or 1 << depth, 1 << depth)
        end += n_stored * (3 if length == _OS2_V1 else 4)
    return BmpHeader(
        width=width, height=height, top_down=top_down, depth=depth, run_length=run_length, masks=masks,
        palette=palette, pixels_at=pixels_at, end=end,
    )  # fmt: skip


def _run_length(compression: int, depth: int, *, is_os2: bool) -> int:
    if is_os2 and compression == _OS2_RLE24:
        if depth != 24:
            raise UnreadableImage(f"damaged BMP: runs of 24 bits in pixels of {depth}")
        return 24
    if is_os2 and compression == _OS2_HUFFMAN and depth == 1:  # of more bits it is masks, as everywhere
        raise UnsupportedImage("BMP with fax compression; save it as PNG")
    if compression in _RLE_DEPTHS:
        if depth != _RLE_DEPTHS[compression]:
            raise UnreadableImage(
                f"damaged BMP: runs of {_RLE_DEPTHS[compression]} bits in pixels of {depth}"
            )
        return depth
    if compression in (_JPEG, _PNG):
        raise UnsupportedImage("BMP with a JPEG or PNG file inside; viewers show none, save that file")
    if compression not in (_RGB, _BITFIELDS, _ALPHA_BITFIELDS):
        raise UnreadableImage(f"damaged BMP: compression {compression}")
    return 0


def _masks(
    data: bytes, length: int, depth: int, compression: int, end: int, *, is_os2: bool
) -> tuple[Masks, int]:
    """Return the masks of pixels of 16 bits and more, and where what follows the header begins.

    They stand behind headers that have no place for them: those of OS/2, however long, and the shortest of Windows.
    """
    if compression == _RGB:
        if depth == 16:
            return (0x7C00, 0x3E0, 0x1F, 0), end
        # Of newer headers browsers take this mask alone; with older ones there is no alpha.
        alpha = struct.unpack_from("<I", data, 66)[0] if depth == 32 and length >= _WINDOWS_V4 else 0
        return (0xFF0000, 0xFF00, 0xFF, alpha), end
    are_behind = is_os2 or length <= _WINDOWS_V3
    n_masks = 4 if compression == _ALPHA_BITFIELDS or (length > _WINDOWS_V2_MASKS and not are_behind) else 3
    at = end if are_behind else _MASKS_AT
    if are_behind:
        end += 4 * n_masks
    if len(data) < at + 4 * n_masks:
        raise UnreadableImage("damaged BMP: it ends within its masks")
    masks = struct.unpack_from(f"<{n_masks}I", data, at)
    red, green, blue, alpha = (mask & ((1 << depth) - 1) for mask in (*masks, 0)[:4])
    return (red, green, blue, alpha), end


def _palette(data: bytes, at: int, pixels_at: int, depth: int, n_colours: int, *, n_bytes: int) -> bytes:
    """Return the colours there are, three bytes each."""
    n_colours = min(n_colours or 1 << depth, 1 << depth, _MAX_COLOURS)
    table = data[at : at + n_bytes * n_colours]
    if n_bytes == 3:
        return table[: len(table) // 3 * 3]
    return b"".join(table[at : at + 3] for at in range(0, len(table) - 3, 4))
