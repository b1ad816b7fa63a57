"""WebP files and animations to pixels: the decoder's samples, not copied where the picture stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .exif import Turns, turns_of
from .frames import read_frames
from .opening import Codec
from .pictures import Decoded
from .request import Request

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["read_webp"]


def _opener() -> Callable[..., Any]:
    from PIL.WebPImagePlugin import WebPImageFile

    return WebPImageFile


def _take(image: Any) -> Image | None:
    """Return a still picture's pixels where its decoder has put them: the library's own way copies them twice."""
    if image.n_frames != 1 or not hasattr(image, "_get_next"):
        return None
    from PIL import Image as pil

    samples = image._get_next()[0]
    mode = "RGBX" if image.mode == "RGB" else "RGBA"
    taken = pil.frombuffer(mode, image.size, samples, "raw", mode, 0, 1)
    taken.info = image.info
    return taken


CODEC = Codec(name="WEBP", opener=_opener, take=_take)


def read_webp(data: bytes, request: Request) -> Iterator[Decoded]:
    """Decode a WebP file, or the frames of an animated one."""
    return read_frames(CODEC, data, request, turns_of=_turns)


def _turns(image: Image) -> Turns:
    """Return the orientations of a WebP: Chromium ignores its EXIF data, other viewers heed them."""
    turns = turns_of(image)
    return Turns(turns.applied, turns.others, shown=1)
