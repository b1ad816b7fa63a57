"""WebP files and animations to pixels: the decoder's samples, not copied where the picture stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .exif import Turns, turns_of
from .frames import read_frames
from .guarding import undisturbed
from .opening import Codec, load, open_image
from .pictures import Also, Decoded, Provenance
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
    announced = data[12:16] != b"VP8X" or data[20:21] == b"" or bool(data[20] & _HAS_ALPHA)
    for number, frame in enumerate(read_frames(CODEC, data, request, turns_of=_turns)):
        if announced or number or not frame.provenance.transparent:
            yield frame
        else:
            yield replace(frame, also=(*frame.also, _added_up(data, frame.provenance)))


#: In the flags of the extended header.
_HAS_ALPHA = 0x10


def _added_up(data: bytes, provenance: Provenance) -> Also:
    """Return the first picture as Chromium puts it on white where the header says that nothing is transparent."""

    def convert() -> Decoded:
        image = open_image(CODEC, data)
        pixels = np.asarray(load(CODEC, image)[0].convert("RGBA")).astype(np.uint16)
        added = np.minimum(pixels[..., :3] + (255 - pixels[..., 3:]), 255).astype(np.uint8)
        return Decoded(pixels=added, provenance=replace(provenance, scale=1))

    return Also(
        "its colours taken as multiplied by its alpha",
        lambda: undisturbed("WEBP", convert),
        effort="fast",
        shown=True,
    )


def _turns(image: Image) -> Turns:
    """Return the orientations of a WebP: Chromium ignores its EXIF data, other viewers heed them."""
    turns = turns_of(image)
    return Turns(turns.applied, turns.others, shown=1)
