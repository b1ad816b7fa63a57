"""TIFF files to pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..errors import UnsupportedImage
from .declared import colours_of_info
from .frames import read_frames
from .guarding import guarded
from .opening import Codec, check_header, is_animated, load, open_image
from .pictures import Decoded, Provenance
from .request import Request
from .seen import seen

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["CODEC", "read_tiff", "read_tiff_frames"]

_TILE_WIDTH, _TILE_LENGTH = 0x0142, 0x0143
_PHOTOMETRIC, _YCBCR, _SUBSAMPLING = 0x0106, 6, 0x0212


def _opener() -> Callable[..., Any]:
    from PIL.TiffImagePlugin import TiffImageFile

    return TiffImageFile


CODEC = Codec(name="TIFF", opener=_opener, gives_rows=True)


def read_tiff(data: bytes, request: Request) -> Decoded:
    """Decode a TIFF file's first page."""
    image = guarded("TIFF", lambda: open_image(CODEC, data))
    size = image.size
    check_header(CODEC, image, size, request.limits, tile=_tile_of(image))
    step = request.step_of(size)
    n_frames = 2 if is_animated(image) else 1
    provenance = Provenance(
        format="TIFF", mode=image.mode, width=size[0], height=size[1], scale=step, n_frames=n_frames
    )
    _take_luma_and_chroma_as_stored(image)
    loaded, truncated = load(CODEC, image)
    # The decoder turns the picture itself.
    provenance = replace(provenance, width=loaded.width, height=loaded.height)
    colours = colours_of_info(image.info)
    return guarded("TIFF", lambda: seen(loaded, provenance, step, truncated=truncated, colours=colours))


def read_tiff_frames(data: bytes, request: Request, max_frames: int) -> Iterator[Decoded]:
    """Decode pages of a TIFF file."""
    return read_frames(
        CODEC, data, request, max_frames,
        tile_of=_tile_of, before_loading=_take_luma_and_chroma_as_stored, orientation_of=lambda image: 1,
    )  # fmt: skip


def _tile_of(image: ImageFile) -> tuple[int, int]:
    """Return the sides of a tile, which is decoded whole, however little of it the picture shows."""
    tags: Any = getattr(image, "tag_v2", {})
    return _whole(tags.get(_TILE_WIDTH)), _whole(tags.get(_TILE_LENGTH))


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 1


def _take_luma_and_chroma_as_stored(image: Any) -> None:
    """Correct how uncompressed YCbCr samples are read: before version 13 the library took them for RGBX.

    Raises
    ------
    UnsupportedImage
        Their chroma is subsampled; no version reads that.
    """
    if image.tag_v2.get(_PHOTOMETRIC) != _YCBCR or any(codec != "raw" for codec, *_ in image.tile):
        return
    if tuple(image.tag_v2.get(_SUBSAMPLING, (2, 2))) != (1, 1):
        raise UnsupportedImage("uncompressed TIFF with subsampled chroma; save it as JPEG or PNG")
    image._mode = "YCbCr"
    image.tile = [
        (codec, extents, offset, ("YCbCr", *args[1:])) for codec, extents, offset, args in image.tile
    ]
