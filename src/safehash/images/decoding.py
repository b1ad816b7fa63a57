"""The door: hostile bytes in, pictures with their provenance (or an ImageError) out."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..errors import ImageTooSmall
from .counting import check_parts
from .declared import colours_of_info, declared_colours
from .exif import orientation_of
from .formats import FORMATS
from .guarding import guarded, without_remarks
from .limits import DEFAULT_LIMITS, MIN_SIDE, Limits, check_bytes
from .pictures import Blob, Decoded, Provenance, UInt8Array
from .request import Request
from .seen import seen

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["decode", "decode_frames", "encode_jpeg", "from_image"]


def decode(
    data: Blob,
    *,
    limits: Limits = DEFAULT_LIMITS,
    step_for: Callable[[int], int] | None = None,
) -> Decoded:
    """Decode the first picture of an image file, transparent pixels on white.

    Parameters
    ----------
    data : bytes
        The whole file.
    limits : Limits
    step_for : callable or None
        Given the shorter side in pixels, the reduction the caller can fold (1, 2, 4 or 8). None decodes
        everything, in colour, as the reference tools do; otherwise luma is enough.

    Raises
    ------
    ImageError
        Its subclass says why: unreadable, too large, too small, unsupported.
    """
    data = bytes(data)
    name = check_bytes(data, limits)

    def read() -> Decoded:
        if name != "JPEG":  # whose reader counts what its short way does not look at
            check_parts(name, data)
        request = Request(limits=limits, step_for=step_for, colours=declared_colours(name, data))
        return FORMATS[name].read(data, request)

    # One guard around everything: almost every attribute of the library's objects runs code on the file.
    return without_remarks(lambda: guarded(name, read))


def decode_frames(
    data: Blob,
    *,
    limits: Limits = DEFAULT_LIMITS,
    step_for: Callable[[int], int] | None = None,
    max_frames: int = 8,
) -> Iterator[Decoded]:
    """Decode up to `max_frames` frames spread evenly over an animation, first and last included.

    A still picture gives its one frame. Frames after a damaged one are not looked at; those before it are
    sampled more closely instead. Parameters are those of `decode`.

    Raises
    ------
    ImageError
        For the first frame; later damage ends the iteration.
    """
    data = bytes(data)
    name = check_bytes(data, limits)
    read_frames = FORMATS[name].read_frames
    if read_frames is None:
        return iter([decode(data, limits=limits, step_for=step_for)])
    check_parts(name, data)
    colours = guarded(name, lambda: declared_colours(name, data))
    request = Request(limits=limits, step_for=step_for, colours=colours)
    return read_frames(data, request, max_frames)


def from_image(image: Image) -> Decoded:
    """Take the pixels of an image object that the caller decoded; EXIF orientation it still carries applies."""
    name = str(getattr(image, "format", None) or "pixels")

    def convert() -> Decoded:
        width, height = image.size
        if width < MIN_SIDE or height < MIN_SIDE:
            raise ImageTooSmall(f"{width} x {height} pixels; a hash needs at least {MIN_SIDE} x {MIN_SIDE}")
        image.load()
        provenance = Provenance(
            format=name, mode=image.mode, width=width, height=height, orientation=orientation_of(image)
        )
        return seen(image, provenance, 1, colours=colours_of_info(image.info))

    return without_remarks(lambda: guarded(name, convert))


def encode_jpeg(pixels: UInt8Array, *, quality: int = 85) -> bytes:
    """Return pixels as a JPEG file, for measuring; `pixels` as in `Decoded`."""
    from PIL import Image as pil

    stream = io.BytesIO()
    pil.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return stream.getvalue()
