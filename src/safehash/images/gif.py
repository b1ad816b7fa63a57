"""GIF files and animations to pixels."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from .frames import read_frames
from .guarding import guarded
from .mending import first_gif_frame, gif_extent
from .opening import Codec, check_header, is_animated, load, open_image
from .pictures import Decoded, Provenance
from .request import Request
from .seen import seen

__all__ = ["CODEC", "read_gif", "read_gif_frames"]


def _opener() -> Callable[..., Any]:
    from PIL.GifImagePlugin import GifImageFile

    return GifImageFile


CODEC = Codec(name="GIF", opener=_opener, gives_rows=True)


def read_gif(data: bytes, request: Request) -> Decoded:
    """Decode a GIF file's first picture."""
    image = guarded("GIF", lambda: open_image(CODEC, data))
    grown = first_gif_frame(data)  # the canvas grows to hold it
    size = max(image.width, grown[0]), max(image.height, grown[1])
    check_header(CODEC, image, size, request.limits)
    step = request.step_of(size)
    n_frames = 2 if is_animated(image) else 1
    provenance = Provenance(
        format="GIF", mode=image.mode, width=size[0], height=size[1], scale=step, n_frames=n_frames
    )
    loaded, truncated = load(CODEC, image)
    provenance = replace(provenance, width=loaded.width, height=loaded.height)
    return guarded(
        "GIF", lambda: seen(loaded, provenance, step, truncated=truncated, colours=request.colours)
    )


def read_gif_frames(data: bytes, request: Request, max_frames: int) -> Iterator[Decoded]:
    """Decode frames of an animated GIF."""
    return read_frames(CODEC, data, request, max_frames, canvas=gif_extent(data))
