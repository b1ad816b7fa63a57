"""The table of formats: what reads each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..errors import UnsupportedImage
from . import gif, jpeg, png, tiff
from .frames import read_frames
from .opening import Codec
from .pictures import Decoded
from .request import Request
from .stills import read_still

__all__ = ["FORMATS", "Format"]


@dataclass(frozen=True, slots=True)
class Format:
    """What reads one format.

    Attributes
    ----------
    read : callable
        The file's first picture, of the bytes and the `Request`.
    read_frames : callable or None
        Up to so many frames, of the bytes, the `Request` and the number; None where there is but one picture.
    """

    read: Callable[[bytes, Request], Decoded]
    read_frames: Callable[[bytes, Request, int], Iterator[Decoded]] | None = None


def _webp() -> Callable[..., Any]:
    from PIL.WebPImagePlugin import WebPImageFile

    return WebPImageFile


def _avif() -> Callable[..., Any]:
    from PIL.AvifImagePlugin import AvifImageFile

    return AvifImageFile


def _bmp() -> Callable[..., Any]:
    from PIL.BmpImagePlugin import BmpImageFile

    return BmpImageFile


def _heif() -> Callable[..., Any]:
    try:
        from pillow_heif.as_plugin import HeifImageFile
    except ImportError as exc:
        raise UnsupportedImage("HEIC needs an extra: pip install 'safehash[heic]'") from exc
    opener: Callable[..., Any] = HeifImageFile
    return opener


def _by_library(name: str, opener: Callable[[], Callable[..., Any]], *, gives_rows: bool = False) -> Format:
    codec = Codec(name=name, opener=opener, gives_rows=gives_rows)
    return Format(partial(read_still, codec), partial(read_frames, codec))


#: By the name that `sniffing.sniff` and `Limits.formats` give each.
FORMATS: dict[str, Format] = {
    "JPEG": Format(jpeg.read_jpeg),
    "PNG": Format(png.read_png, png.read_png_frames),
    "GIF": Format(gif.read_gif, gif.read_gif_frames),
    "WEBP": _by_library("WEBP", _webp),
    "AVIF": _by_library("AVIF", _avif),
    "BMP": _by_library("BMP", _bmp, gives_rows=True),
    "TIFF": Format(tiff.read_tiff, tiff.read_tiff_frames),
    "HEIF": _by_library("HEIF", _heif),
}
