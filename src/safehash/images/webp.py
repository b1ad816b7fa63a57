"""WebP files and animations to pixels: the decoder's samples, not copied where the picture stands still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ImageError, UnreadableImage
from .canvas import HELD_A_PIXEL, HELD_BESIDE, Canvas
from .exif import Turns, turns_of
from .frames import Mended, read_frames
from .guarding import not_built, undisturbed
from .limits import check_held
from .opening import Codec, load, open_image
from .pictures import AS_FAR, Also, Decoded, Provenance, UInt8Array, as_it_ends, failing
from .request import Request
from .seen import seen
from .webp_ends import FILLINGS, lengthened, rows_there, what_is_whole
from .webp_frames import WebpFrame, read_frame_chunks

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["CODEC", "read_webp"]


def _opener() -> Callable[..., Any]:
    from PIL import WebPImagePlugin as plugin

    if not plugin.SUPPORTED:
        raise not_built("WEBP")
    return plugin.WebPImageFile


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
    frames = read_frames(CODEC, data, request, turns_of=_turns, mended=lambda data: _mended(data, request))
    facts: Provenance | None = None
    for number, frame in enumerate(frames):
        also = frame.also
        if not announced and number == 0 and frame.provenance.transparent:
            also += (_added_up(data, frame.provenance, request),)
        if frame.provenance.truncated and facts is not None and not facts.truncated:
            also += _as_far(data, frame.provenance, request)
        facts = frame.provenance
        yield replace(frame, also=also) if also is not frame.also else frame
        del frame, also  # and hold them no longer
    if facts is not None and not facts.truncated and facts.frame + 1 < facts.n_frames:
        # Nothing of the next frame can be read; what it was to lie on is seen.
        part = _broken_off(data, replace(facts, frame=facts.frame + 1), request)
        if part is not None:
            yield part


def _mended(data: bytes, request: Request) -> Iterator[Mended]:
    whole = what_is_whole(data)
    if whole is not None:
        yield Mended(CODEC, whole, is_lengthened=False)
    longer = lengthened(data)
    if longer is not None:
        take = partial(_as_far_as_it_goes, data=data, request=request)
        yield Mended(replace(CODEC, take=take), longer, is_lengthened=True)


#: Bytes of a pixel of the picture, of the other one that it is compared with, of the samples of both, and of what their
#: decoder holds meanwhile: 40 to 44 measured, of lossy and lossless ones with and without alpha (the process' peak).
_COMPARING = 44


#: Among what an image says of itself: how many of its rows are there.
_N_ROWS = "rows before its damage"


def _as_far_as_it_goes(image: Any, data: bytes, request: Request) -> Image | None:
    """Return the first picture of a lengthened file, transparent where there is nothing more of it.

    Parameters
    ----------
    image : a lengthened file's opened image
    data : bytes
        The file.
    request : Request
    """
    if image.tell():
        return None
    check_held("WEBP whose coded pixels are damaged", image.size, _COMPARING, request.limits)
    alone = _opened(what_is_whole(data, first=True))
    if alone is not None:
        taken = alone.convert("RGBA")
        taken.info = image.info
        return taken
    kept, found = 1.0, _opened(lengthened(data))
    if found is None:
        kept, found = _most_kept(data, request, image.width * image.height)
    n_rows = image.height
    for filling in FILLINGS:
        request.deadline.check()
        other = _opened(lengthened(data, filling, kept))
        if other is not None:
            n_rows = rows_there(data, _rows_alike(found, other))
            break
    if not n_rows:
        raise OSError("damaged within its first rows")
    from PIL import Image as pil

    shown = found.convert("RGBA")
    shown.paste((0, 0, 0, 0), (0, n_rows, *found.size))
    taken = pil.Image()._new(shown.im)
    taken.info = {**image.info, _N_ROWS: n_rows}
    return taken


#: And of a later frame: the canvas, what is seen of it, and a frame before it.
_REPLAYING = _COMPARING + HELD_A_PIXEL + HELD_BESIDE


def _as_far(data: bytes, provenance: Provenance, request: Request) -> tuple[Also, ...]:
    """Return what browsers show of an animation's damaged later frame, which is seen to its end."""
    try:
        part = _broken_off(data, provenance, request)
    except ImageError as exc:  # the frame itself is looked at all the same
        return (failing(AS_FAR, exc),)
    return as_it_ends(part) if part is not None else ()


def _broken_off(data: bytes, provenance: Provenance, request: Request) -> Decoded | None:
    """Return what browsers show of a damaged later frame: the rows before the damage, mixed with nothing.

    What was there lies below these rows, the frame before disposed of; nothing does where the frame was to replace all.

    Parameters
    ----------
    data : bytes
        The whole file.
    provenance : Provenance
        Of the frame; its orientation is not heeded.
    request : Request
    """
    from PIL import Image as pil

    size = provenance.width, provenance.height
    check_held("WEBP whose later frame is damaged", size, _REPLAYING, request.limits)

    def compose() -> Image | None:
        canvas = Canvas(*size)
        for number, frame in enumerate(read_frame_chunks(data)):
            request.deadline.check()
            if number == provenance.frame:
                whole = frame.left == frame.top == 0 and (frame.width, frame.height) == size
                if whole and (frame.opaque or not frame.over):
                    canvas = Canvas(*size)
                canvas.show(
                    _rows_before_damage(frame, request), frame.left, frame.top, over=False, disposal="keep"
                )
                return pil.fromarray(canvas.pixels)
            image = _opened(frame.still)
            if image is None:
                break
            pixels = np.asarray(image.convert("RGBA"))
            canvas.show(pixels, frame.left, frame.top, over=frame.over, disposal=frame.disposal)
        return None

    shown = undisturbed("WEBP", compose)
    if shown is None:
        return None
    facts = replace(provenance, mode="RGBA", orientation=1, transparent=False, truncated=True)
    return seen(shown, facts, facts.scale, limits=request.limits, colours=request.colours, as_stored=False)


def _rows_before_damage(frame: WebpFrame, request: Request) -> UInt8Array:
    """Return the rows of a damaged frame that a decoder hands out before the damage; (rows, cols, 4)."""
    longer = _opened(lengthened(frame.still))
    try:
        image = _as_far_as_it_goes(longer or open_image(CODEC, frame.still), frame.still, request)
    except OSError:
        image = None
    if image is None:
        return np.zeros((0, frame.width, 4), np.uint8)
    return np.asarray(image)[: image.info.get(_N_ROWS, image.height)]


#: So often codes are halved to find where those end that mean something: within a thousandth of their length.
_HALVINGS = 10
#: Pixels that are decoded for it at most, about a second.
_MOST_SEARCHED = 130_000_000


def _most_kept(data: bytes, request: Request, n_pixels: int) -> tuple[float, Image]:
    """Return the largest share of a file's codes that decodes with zeros behind it, and the picture it makes."""
    low, high = 0.0, 1.0
    found = None
    for _ in range(min(_HALVINGS, _MOST_SEARCHED // n_pixels)):
        request.deadline.check()
        middle = (low + high) / 2
        image = _opened(lengthened(data, kept=middle))
        if image is None:
            high = middle
        else:
            low, found = middle, image
    if found is None:
        raise OSError("its decoder hands out no rows of it")
    return low, found


def _opened(data: bytes | None) -> Image | None:
    """Return the first picture of a file; None where it cannot be read."""
    if data is None:
        return None
    try:
        image = open_image(CODEC, data)
        image.load()
    except (OSError, EOFError, ValueError):
        return None
    return image  # type: ignore[no-any-return]


def _rows_alike(image: Image, other: Image) -> int:
    """Return how many of the first rows of two pictures are the same."""
    differs = (np.asarray(image) != np.asarray(other)).any((1, 2))
    return int(differs.argmax()) if differs.any() else image.height


#: In the flags of the extended header.
_HAS_ALPHA = 0x10


def _added_up(data: bytes, provenance: Provenance, request: Request) -> Also:
    """Return the first picture as Chromium puts it on white where the header says that nothing is transparent."""

    def first() -> Image:
        failure: Exception | None = None
        for codec, each, _ in chain([Mended(CODEC, data, is_lengthened=False)], _mended(data, request)):
            try:
                return load(codec, open_image(codec, each))[0]
            except (UnreadableImage, OSError) as exc:
                failure = exc
        raise failure or OSError("no picture in it")

    def convert() -> Decoded:
        pixels = np.asarray(first().convert("RGBA")).astype(np.uint16)
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
