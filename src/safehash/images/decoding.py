"""The door: hostile bytes in, pictures with their provenance (or an ImageError) out."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from ..errors import UnreadableImage
from .counting import check_parts
from .deadline import NO_DEADLINE, Deadline
from .declared import colours_of_info, declared_colours
from .exif import turned, turns_of
from .formats import FORMATS
from .frames import within_means
from .guarding import guarded, guarded_frames, undisturbed
from .lent import File, Lent, as_bytes
from .limits import DEFAULT_LIMITS, Limits, check_bytes, check_small
from .pictures import Blob, Decoded, Effort, Provenance, UInt8Array
from .request import OWN_JPEG, Request
from .seen import seen

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["decode", "decode_frames", "encode_jpeg", "expect_open", "from_image"]


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
    if FORMATS[name].at_once is not None:
        return _at_once(name, data, Request(limits=limits, step_for=step_for))
    first = next(decode_frames(data, limits=limits, step_for=step_for))
    if first.provenance.n_frames > 2:
        first = replace(first, provenance=replace(first.provenance, n_frames=2))
    return first


def decode_frames(
    data: Blob | Lent,
    *,
    limits: Limits = DEFAULT_LIMITS,
    step_for: Callable[[int], int] | None = None,
    effort: Effort | None = None,
    deadline: Deadline = NO_DEADLINE,
    own_jpeg: bool = OWN_JPEG,
) -> Iterator[Decoded]:
    """Decode the frames of an animation, in order; of a still picture, that picture.

    Of very long animations the first 2 000 frames, or those within 10^9 pixels; beyond what a file of its length may
    cost, the rest is refused. Frames behind a damaged one are not looked at. Parameters are those of `decode`, and
    `effort`: how much work it is worth to find out what else may be seen, None where only the pixels are wanted; and
    the deadline at which the decode is left; and whether ordinary JPEG files are read by the reader of this package.

    Raises
    ------
    ImageError
        For the first frame, and where a later one meets a limit; later damage ends the iteration.
    """
    held = data if isinstance(data, Lent) else bytes(data)
    name = check_bytes(held, limits)

    known = FORMATS[name]
    if known.at_once is not None:
        request = Request(
            limits=limits, step_for=step_for, effort=effort, deadline=deadline, own_jpeg=own_jpeg
        )
        return iter((_at_once(name, held, request),))
    copied = as_bytes(held)

    def start() -> Iterator[Decoded]:
        check_parts(name, copied)
        colours = declared_colours(name, copied)
        request = Request(limits=limits, step_for=step_for, colours=colours, effort=effort, deadline=deadline)
        return known.read(copied, request)

    return map(
        partial(_with_guard, name), within_means(guarded_frames(name, start), len(copied), known.worth)
    )


def _at_once(name: str, data: File, request: Request) -> Decoded:
    """Decode a file of a format that shows one picture."""
    read = FORMATS[name].at_once
    assert read is not None
    return _with_guard(name, guarded(name, lambda: read(data, request)))


def _with_guard(name: str, frame: Decoded) -> Decoded:
    """Guard what else may be seen of a frame, too: a reader's own pictures go through the library as well."""
    if not frame.also:
        return frame

    def guard(make: Callable[[], Decoded]) -> Callable[[], Decoded]:
        return lambda: undisturbed(name, make)

    return replace(frame, also=tuple(replace(each, make=guard(each.make)) for each in frame.also))


def expect_open(image: Image) -> None:
    """Refuse an image object that its holder has closed.

    Raises
    ------
    TypeError
    """
    from PIL._util import DeferredError

    if isinstance(getattr(image, "_im", None), DeferredError):
        raise _closed(image)


def from_image(image: Image) -> Decoded:
    """Take the pixels of an image object that the caller decoded; EXIF orientation it still carries applies.

    Raises
    ------
    ImageError
        Its file is damaged, or the picture too small.
    TypeError
        It is closed, or its file was before it was read.
    """
    expect_open(image)
    # Some decoders hold all of a file whose object is closed; those that do not fail below.
    file = getattr(image, "fp", None)
    is_unread = getattr(image, "_im", None) is None or bool(getattr(image, "tile", None))
    may_lack = is_unread and (file is None or getattr(file, "closed", False) is True)
    name = str(getattr(image, "format", None) or "pixels")

    def convert() -> Decoded:
        width, height = image.size
        check_small(width, height)
        image.load()
        turns = turns_of(image)
        provenance = Provenance(
            format=name, mode=image.mode, width=width, height=height, orientation=turns.applied
        )
        return turned(seen(image, provenance, 1, limits=None, colours=colours_of_info(image.info)), turns)

    try:
        return undisturbed(name, convert)
    except UnreadableImage as exc:
        if may_lack:
            raise _closed(image) from exc
        raise


def _closed(image: Image) -> TypeError:
    return TypeError(
        f"this {type(image).__name__} is closed, or its file was before it was read: an open image object is taken, or "
        "its file's bytes"
    )


def encode_jpeg(pixels: UInt8Array, *, quality: int = 85) -> bytes:
    """Return pixels as a JPEG file, for measuring; `pixels` as in `Decoded`."""
    from PIL import Image as pil

    stream = io.BytesIO()
    pil.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return stream.getvalue()
