"""PNG files and animations to pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from .frames import read_frames
from .opening import Codec
from .pictures import Decoded
from .request import Request
from .stills import read_still

__all__ = ["CODEC", "read_png", "read_png_frames"]


def _opener() -> Callable[..., Any]:
    from PIL.PngImagePlugin import PngImageFile

    return PngImageFile


def _bring_key_to_eight_bits(image: Any, data: bytes) -> None:
    """Scale a PNG's transparent colour as its samples are: the decoder leaves it as stored."""
    key = image.info.get("transparency")
    depth, colour = data[24], data[25]
    if colour == 0 and depth in (2, 4) and isinstance(key, int):
        image.info["transparency"] = key * (255 // (2**depth - 1))
    elif colour == 2 and depth == 16 and isinstance(key, tuple):
        image.info["transparency"] = tuple(value >> 8 for value in key)


CODEC = Codec(name="PNG", opener=_opener, prepare=_bring_key_to_eight_bits, gives_rows=True)


def read_png(data: bytes, request: Request) -> Decoded:
    """Decode a PNG file's first picture."""
    return read_still(CODEC, data, request)


def read_png_frames(data: bytes, request: Request, max_frames: int) -> Iterator[Decoded]:
    """Decode frames of an animated PNG."""
    return read_frames(CODEC, data, request, max_frames)
