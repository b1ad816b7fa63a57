"""TIFF files to pixels: samples of every kind read by us, compressed pictures by the decoder."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import UnreadableImage, UnsupportedImage
from . import tiff_header as tags
from .declared import colours_of_info
from .frames import MAX_FRAMES, reach
from .guarding import guarded, undisturbed
from .limits import check_cost, check_held
from .opening import Codec, check_header, load
from .pictures import Also, Decoded, Provenance
from .request import Request
from .seen import seen
from .tiff_colours import COLOURS, held_a_pixel, other_readings, to_image
from .tiff_header import TiffPage, read_pages
from .tiff_samples import COMPRESSIONS, Layout, read_layout, read_samples

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["CODEC", "read_tiff"]


def _opener() -> Callable[..., Any]:
    from PIL.TiffImagePlugin import TiffImageFile

    return TiffImageFile


CODEC = Codec(name="TIFF", opener=_opener, gives_rows=True)


def read_tiff(data: bytes, request: Request) -> Iterator[Decoded]:
    """Decode the pages of a TIFF file."""
    pages = list(islice(read_pages(data), MAX_FRAMES))
    n_pages = len(pages)
    file = io.BytesIO(data)
    for number, page in enumerate(pages):
        request.deadline.check()
        if number >= reach((max(1, page.number(tags.WIDTH, 1)), max(1, page.number(tags.HEIGHT, 1)))):
            return
        try:
            decoded = undisturbed("TIFF", lambda: _read_page(page, file, request))  # noqa: B023
        except UnreadableImage:
            if number == 0:
                raise
            return
        yield replace(decoded, provenance=replace(decoded.provenance, frame=number, n_frames=n_pages))


def _read_page(page: TiffPage, file: io.BytesIO, request: Request) -> Decoded:
    is_own = page.number(tags.COMPRESSION, 1) in COMPRESSIONS and page.number(tags.PHOTOMETRIC, 1) in COLOURS
    also: list[tuple[str, Callable[[], Image]]] = []
    if is_own:
        image, truncated, orientation = _by_us(page, request, also)
    else:
        image, truncated, orientation = _by_library(page, file, request)
    provenance = Provenance(
        format="TIFF", mode=image.mode, width=image.width, height=image.height,
        scale=request.step_of(image.size), orientation=orientation,
    )  # fmt: skip
    colours = colours_of_info(image.info)
    whole_or_not = replace(provenance, truncated=truncated)
    decoded = seen(image, whole_or_not, provenance.scale, limits=request.limits, colours=colours)

    def otherwise(load: Callable[[], Image]) -> Callable[[], Decoded]:
        return lambda: undisturbed(
            "TIFF", lambda: seen(load(), provenance, provenance.scale, limits=request.limits)
        )

    others = tuple(Also(name, otherwise(load)) for name, load in also)
    return replace(decoded, also=decoded.also + others)


# -- by us -------------------------------------------------------------------------------------------------


_YCBCR = 6


def _by_us(
    page: TiffPage, request: Request, also: list[tuple[str, Callable[[], Image]]]
) -> tuple[Image, bool, int]:
    """Return a page's picture, whether the file lacks some of it, and how it is to be turned; add to `also`."""
    from PIL import Image as pil

    layout = read_layout(page)
    if page.number(tags.PHOTOMETRIC, 1) == _YCBCR:
        layout = _with_chroma(page, layout)
    _check(page, layout, request)
    n_colours = COLOURS[page.number(tags.PHOTOMETRIC, 1)]
    samples = read_samples(page, layout, n_colours, request.deadline.check)
    image = to_image(page, layout, samples.values)
    also += other_readings(page, layout, samples.values)
    if samples.there is not None:
        has_alpha = image.mode in ("RGBA", "PA")
        rgba = np.array((image if has_alpha else image.convert("RGB")).convert("RGBA"))
        rgba[~samples.there] = 0
        image = pil.fromarray(rgba)
    profile = page.text(tags.PROFILE)
    if profile:
        image.info["icc_profile"] = profile
    orientation = page.number(tags.ORIENTATION, 1)
    return image, samples.there is not None, orientation if 1 <= orientation <= 8 else 1


def _with_chroma(page: TiffPage, layout: Layout) -> Layout:
    """Return the layout of luma and chroma, which several pixels may share."""
    shared = [int(each) for each in page.numbers(tags.SUBSAMPLING)[:2]]
    h, v = shared if len(shared) == 2 else (2, 2)
    if (h, v) == (1, 1):
        return layout
    if layout.planes > 1 or set(layout.bits) != {8} or len(layout.bits) != 3 or not {h, v} <= {1, 2, 4}:
        raise UnsupportedImage(
            f"TIFF with subsampled chroma, {h} x {v}, that the decoder does not know; save it as JPEG or PNG"
        )
    return replace(layout, subsampling=(h, v))


def _check(page: TiffPage, layout: Layout, request: Request) -> None:
    most = max(layout.bits)
    mode = "I" if most > 16 else "I;16" if most > 8 else "L" if len(layout.bits) == 1 else "RGB"
    n_values = len(layout.bits) * (2 if most > 32 else 1)
    check_cost(
        "TIFF", (layout.width, layout.height), mode=mode, n_bands=n_values, limits=request.limits,
        tile=layout.box if layout.is_tiled else (1, 1),
    )  # fmt: skip
    check_held("TIFF", (layout.width, layout.height), held_a_pixel(page, layout), request.limits)


# -- by the imaging library --------------------------------------------------------------------------------


#: Fax in three ways, JPEG in two, ThunderScan, LogLuv.
_BY_LIBRARY = frozenset({2, 3, 4, 6, 7, 32809, 34676, 34677})
_PICTURES_INSIDE = "only raw, LZW, Deflate, PackBits, LZMA, Zstandard, fax, JPEG and WebP"


def _by_library(page: TiffPage, file: io.BytesIO, request: Request) -> tuple[Image, bool, int]:
    """Return what the decoder makes of a page, which it is shown as the file's first one; it turns it itself."""
    compression = page.number(tags.COMPRESSION, 1)
    if compression not in COMPRESSIONS | _BY_LIBRARY:
        raise UnsupportedImage(
            f"TIFF compressed as kind {compression} is not read, {_PICTURES_INSIDE}; save it as JPEG or PNG"
        )
    _begin_with(page, file)
    image = guarded("TIFF", lambda: CODEC.opener()(file))
    tile = page.number(tags.TILE_WIDTH, 1), page.number(tags.TILE_HEIGHT, 1)
    check_header(CODEC, image, image.size, request.limits, tile=tile)
    loaded, truncated = load(CODEC, image)
    return loaded, truncated, 1


def _begin_with(page: TiffPage, file: io.BytesIO) -> None:
    """Have a file in memory begin with a page: in its place, for a file may be as long as its pages are many."""
    is_big = page.data[2:4] in (b"+\0", b"\0+")
    file.seek(8 if is_big else 4)
    file.write(struct.pack(page.order + ("Q" if is_big else "I"), page.at))
    file.seek(0)
