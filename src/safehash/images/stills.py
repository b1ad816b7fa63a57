"""One picture of a file through the imaging library: what most formats need and no more."""

from __future__ import annotations

from .exif import orientation_of
from .guarding import guarded
from .opening import Codec, check_header, is_animated, load, open_image
from .pictures import Decoded, Provenance
from .request import Request
from .seen import seen

__all__ = ["read_still"]


def read_still(codec: Codec, data: bytes, request: Request) -> Decoded:
    """Decode a file's first picture."""
    name = codec.name
    image = guarded(name, lambda: open_image(codec, data))
    size = image.size
    check_header(codec, image, size, request.limits)
    step = request.step_of(size)
    n_frames = 2 if is_animated(image) else 1
    provenance = Provenance(
        format=name, mode=image.mode, width=size[0], height=size[1], scale=step,
        orientation=orientation_of(image), n_frames=n_frames,
    )  # fmt: skip
    loaded, truncated = load(codec, image)
    return guarded(name, lambda: seen(loaded, provenance, step, truncated=truncated, colours=request.colours))
