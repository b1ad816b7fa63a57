"""TIFF files to pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ..errors import UnsupportedImage
from .declared import colours_of_info
from .exif import UPRIGHT
from .frames import read_frames
from .opening import Codec
from .pictures import Decoded
from .request import Request

if TYPE_CHECKING:
    from PIL.ImageFile import ImageFile

__all__ = ["CODEC", "read_tiff"]

_TILE_WIDTH, _TILE_LENGTH = 0x0142, 0x0143
_PHOTOMETRIC, _YCBCR, _SUBSAMPLING = 0x0106, 6, 0x0212


def _opener() -> Callable[..., Any]:
    from PIL.TiffImagePlugin import TiffImageFile

    return TiffImageFile


CODEC = Codec(name="TIFF", opener=_opener, gives_rows=True)


def read_tiff(data: bytes, request: Request) -> Iterator[Decoded]:
    """Decode the pages of a TIFF file."""
    return read_frames(
        CODEC, data, request,
        tile_of=_tile_of, before_loading=_take_luma_and_chroma_as_stored,
        turns_of=lambda image: UPRIGHT,  # the decoder turns the picture itself
        colours_of=lambda image, request: colours_of_info(image.info),
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
