"""The table of formats: what reads each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

from ..errors import UnsupportedImage
from . import avif, bmp, gif, jpeg, png, pnm, tiff, webp
from .frames import read_frames
from .opening import Codec
from .pictures import Decoded
from .request import Request

__all__ = ["READERS"]

#: Gives the pictures of a file in the order in which they are shown: one, or an animation's frames.
Reader: TypeAlias = Callable[[bytes, Request], Iterator[Decoded]]


def _heif() -> Callable[..., Any]:
    try:
        from pillow_heif.as_plugin import HeifImageFile
    except ImportError as exc:
        raise UnsupportedImage("HEIC needs an extra: pip install 'safehash[heic]'") from exc
    opener: Callable[..., Any] = HeifImageFile
    return opener


def _by_library(name: str, opener: Callable[[], Callable[..., Any]], **options: Any) -> Reader:
    return partial(read_frames, Codec(name=name, opener=opener), **options)


#: By the name that `sniffing.sniff` and `Limits.formats` give each format.
READERS: dict[str, Reader] = {
    "JPEG": jpeg.read_jpeg,
    "PNG": png.read_png,
    "GIF": gif.read_gif,
    "WEBP": webp.read_webp,
    "AVIF": avif.read_avif,
    "BMP": bmp.read_bmp,
    "TIFF": tiff.read_tiff,
    "HEIF": _by_library("HEIF", _heif),
    "PNM": pnm.read_pnm,
}
