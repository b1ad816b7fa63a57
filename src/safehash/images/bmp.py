"""BMP files to pixels: every depth, mask and run-length code, as browsers show them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import UnreadableImage
from .bmp_header import BmpHeader, Masks, read_bmp_header
from .bmp_runs import unpack_runs
from .guarding import undisturbed
from .limits import check_cost, check_held
from .pictures import Also, Decoded, Provenance, UInt8Array
from .request import Request
from .seen import seen

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["read_bmp"]

#: What the imaging library calls pixels of these bits and masks; it unpacks them faster than we do.
_KNOWN: dict[tuple[int, Masks], tuple[str, str]] = {
    (16, (0x7C00, 0x3E0, 0x1F, 0)): ("RGB", "BGR;15"),
    (16, (0xF800, 0x7E0, 0x1F, 0)): ("RGB", "BGR;16"),
    (24, (0xFF0000, 0xFF00, 0xFF, 0)): ("RGB", "BGR"),
    (32, (0xFF0000, 0xFF00, 0xFF, 0)): ("RGB", "BGRX"),
    (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)): ("RGBA", "BGRA"),
}
#: Pixels that are taken apart at a time: bounds what is held beside the picture.
_STRIP_PIXELS = 1 << 18


def _held_a_pixel(header: BmpHeader) -> float:
    """Return how many bytes a pixel are held at most: as stored, as samples, as a picture, and turned upright."""
    if header.run_length:
        return 22  # with skipped pixels, which are shown in three ways
    if header.depth <= 8:
        return header.depth / 8 + 3
    return header.depth / 8 + (8 if (header.depth, header.masks) in _KNOWN else 12)


def read_bmp(data: bytes, request: Request) -> Iterator[Decoded]:
    """Decode a BMP file."""
    header = read_bmp_header(data)
    size = header.width, header.height
    mode = "P" if header.depth <= 8 else "RGBA" if header.masks[3] else "RGB"
    check_cost("BMP", size, mode=mode, n_bands=len(mode), limits=request.limits)
    check_held("BMP", size, _held_a_pixel(header), request.limits)

    provenance = Provenance(
        format="BMP", mode=mode, width=size[0], height=size[1], scale=request.step_of(size)
    )

    def shown(name: str, load: Callable[[], Image], *, browsers: bool) -> Also:
        def make() -> Decoded:
            return undisturbed(
                "BMP", lambda: seen(load(), provenance, provenance.scale, limits=request.limits)
            )

        return Also(name, make, effort="fast" if browsers else "standard", shown=browsers)

    def decode() -> Decoded:
        also: list[Also] = []
        if header.run_length:
            image, whole, gaps = _load_runs(data, header, request)
            if gaps.any():  # black in Chromium, transparent in Firefox
                clear = _filled(image, gaps, (0, 0, 0, 0))
                also.append(shown("with skipped pixels transparent", lambda: clear, browsers=False))
                blue, green, red = header.palette[:3] or b"\0\0\0"
                if red or green or blue:
                    first = _filled(image, gaps, (red, green, blue, 255))
                    also.append(
                        shown("with skipped pixels in its first colour", lambda: first, browsers=False)
                    )
        else:
            image, whole = _load(data, header, header.pixels_at or header.end)
            if not header.pixels_at:
                also.append(shown("from its first byte", lambda: _load(data, header, 0)[0], browsers=True))
        decoded = seen(
            image,
            replace(provenance, truncated=not whole),
            provenance.scale,
            limits=request.limits,
            colours=request.colours,
        )
        return replace(decoded, also=(*decoded.also, *also))

    yield undisturbed("BMP", decode)


def _load_runs(data: bytes, header: BmpHeader, request: Request) -> tuple[Image, bool, npt.NDArray[np.bool_]]:
    """Return a run-length coded picture, whether the file has all of its rows, and where it skips pixels."""
    from PIL import Image as pil

    size = header.width, header.height
    at = header.pixels_at or header.end
    pixels, there, n_rows = unpack_runs(data, at, size, header.run_length, request.deadline)
    if not n_rows:
        raise UnreadableImage("damaged BMP: no whole row in it")
    image = _indexed(pixels, header) if pixels.ndim == 2 else pil.fromarray(pixels[..., ::-1])
    gaps = ~there
    gaps[n_rows:] = False
    if gaps.any():
        image = _filled(image, gaps, (0, 0, 0, 255))
    if n_rows < header.height:
        image = _cut(image, n_rows)
    return _upright(image, header), n_rows == header.height, gaps if header.top_down else gaps[::-1]


def _load(data: bytes, header: BmpHeader, at: int) -> tuple[Image, bool]:
    """Return the picture whose pixels begin there, transparent where the file has none, and whether it has all."""
    from PIL import Image as pil

    stride = (header.width * header.depth + 31) // 32 * 4
    n_rows = min(header.height, max(0, len(data) - at) // stride)
    if not n_rows:
        raise UnreadableImage("damaged BMP: no whole row in it")
    image = _rows(data[at : at + n_rows * stride], stride, n_rows, header)
    whole = n_rows == header.height
    if not whole:
        grown = pil.new("RGBA", (header.width, header.height))
        grown.paste(image.convert("RGBA"), (0, 0))
        image = grown
    return _upright(image, header), whole


def _upright(image: Image, header: BmpHeader) -> Image:
    from PIL import Image as pil

    return image if header.top_down else image.transpose(pil.Transpose.FLIP_TOP_BOTTOM)


def _filled(image: Image, gaps: npt.NDArray[np.bool_], fill: tuple[int, int, int, int]) -> Image:
    from PIL import Image as pil

    rgba = np.array(image.convert("RGBA"))
    rgba[gaps] = fill
    return pil.fromarray(rgba)


def _cut(image: Image, n_rows: int) -> Image:
    """Make the rows from `n_rows` on transparent."""
    from PIL import Image as pil

    rgba = np.array(image.convert("RGBA"))
    rgba[n_rows:] = 0
    return pil.fromarray(rgba)


def _indexed(indices: UInt8Array, header: BmpHeader) -> Image:
    """Return palette indices as a picture; those beyond the palette are black."""
    from PIL import Image as pil

    image = pil.fromarray(indices)
    colours = np.frombuffer(header.palette, np.uint8).reshape(-1, 3)[:, ::-1]
    image.putpalette(colours.tobytes().ljust(768, b"\0"))
    return image


def _rows(stored: bytes, stride: int, n_rows: int, header: BmpHeader) -> Image:
    """Unpack rows of pixels that are not run-length coded, in the order in which they are stored."""
    from PIL import Image as pil

    size = header.width, n_rows
    if header.depth <= 8:
        rows = np.frombuffer(stored, np.uint8).reshape(n_rows, stride)
        return _indexed(_unpacked(rows, header.width, header.depth), header)
    known = _KNOWN.get((header.depth, header.masks))
    if known is not None:
        image = pil.frombytes(known[0], size, stored, "raw", known[1], stride)
    else:
        image = pil.fromarray(_by_masks(stored, stride, n_rows, header))
    if image.mode == "RGBA" and image.getchannel("A").getextrema()[1] == 0:
        return image.convert("RGB")  # alpha that is never anything but 0 is none
    return image


def _unpacked(rows: UInt8Array, width: int, depth: int) -> UInt8Array:
    """Return samples of 1, 2, 4 or 8 bits as bytes, high bits first."""
    if depth == 8:
        return np.ascontiguousarray(rows[:, :width])
    if depth == 1:
        return np.unpackbits(rows, axis=1, count=width)
    shifts = np.arange(8 - depth, -1, -depth, dtype=np.uint8)
    split = rows[:, :, None] >> shifts & np.uint8((1 << depth) - 1)
    return np.ascontiguousarray(split.reshape(len(rows), -1)[:, :width])


def _by_masks(stored: bytes, stride: int, n_rows: int, header: BmpHeader) -> UInt8Array:
    """Take pixels apart by their masks, as red, green, blue and, where it has a mask, alpha."""
    n_bands = 4 if header.masks[3] else 3
    out = np.zeros((n_rows, header.width, n_bands), np.uint8)
    n_bytes = header.depth // 8
    rows = np.frombuffer(stored, np.uint8).reshape(n_rows, stride)[:, : header.width * n_bytes]
    step = max(1, _STRIP_PIXELS // header.width)
    for top in range(0, n_rows, step):
        part = rows[top : top + step].reshape(-1, header.width, n_bytes)
        values = np.zeros(part.shape[:2], np.uint32)
        for byte in range(n_bytes):
            values |= part[..., byte].astype(np.uint32) << np.uint32(8 * byte)
        for band, mask in enumerate(header.masks[:n_bands]):
            out[top : top + step, :, band] = _scaled(values, mask)
    return out


def _scaled(values: npt.NDArray[np.uint32], mask: int) -> npt.NDArray[np.uint32]:
    """Return the bits under a mask, scaled to 0 to 255; 0 where there is no mask."""
    if not mask:
        return np.zeros_like(values)
    shift = (mask & -mask).bit_length() - 1
    n_bits = mask.bit_length() - shift
    bits = (values & np.uint32(mask)) >> np.uint32(shift)
    if n_bits >= 8:
        return bits >> np.uint32(n_bits - 8)
    return (bits * np.uint32(255) + np.uint32((1 << n_bits) // 2 - 1)) // np.uint32((1 << n_bits) - 1)
