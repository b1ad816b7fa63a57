"""GIF files and animations to pixels: the decoder's indices, our palettes, places and disposal."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import ImageTooLarge, UnreadableImage
from .canvas import HELD_A_PIXEL, HELD_AGAIN, HELD_BESIDE, HELD_UNREDUCED, Canvas, Disposal
from .conversions import luma_of
from .frames import ANIMATION, reach
from .gif_blocks import GifControl, GifFrame, GifScreen, read_frame_blocks, read_screen
from .limits import Limits, check_cost, check_held
from .older_tools import as_older_tools
from .pictures import AS_FAR, Also, Decoded, Provenance, UInt8Array, as_it_ends, failing
from .request import Request
from .seen import seen_array

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["read_gif"]

#: 4 is what some encoders write for 3; the others mean nothing.
_DISPOSALS: dict[int, Disposal] = {2: "clear", 3: "restore", 4: "restore"}


def read_gif(data: bytes, request: Request) -> Iterator[Decoded]:
    """Decode the frames of a GIF file as a browser shows them one after the other."""
    screen = read_screen(data)
    blocks = read_frame_blocks(data, screen) if screen is not None else iter(())
    first = next(blocks, None)
    if screen is None or first is None:
        raise UnreadableImage("damaged GIF: no frame in it")
    # The canvas grows to hold the first frame; later ones are cut.
    size = max(screen.width, first.left + first.width), max(screen.height, first.top + first.height)
    check_cost("GIF", size, mode="RGBA", n_bands=4, limits=request.limits)
    frames = [first, *islice(blocks, reach(size) - 1)]
    # Browsers go by the last of several control blocks, other viewers by the first.
    n_canvases = 2 if any(len(frame.controls) > 1 for frame in frames) else 1
    unreduced = HELD_UNREDUCED if request.step_of(size) == 1 else 0
    held = HELD_A_PIXEL + unreduced + 8 * (n_canvases - 1)
    check_held("GIF", size, held, request.limits)
    canvas = Canvas(*size)
    other = Canvas(*size) if n_canvases > 1 else None

    def again(last: int) -> Canvas:
        """Return the canvas as it was when a frame had been laid on it."""
        check_held("GIF that ends early", size, held + HELD_BESIDE + HELD_AGAIN, request.limits)
        once_more = Canvas(*size)
        for frame in frames[: last + 1]:
            request.deadline.check()
            _lay(once_more, frame, frame.control, *_indices(frame, data, size, request))
        return once_more

    keyed = False
    left = ANIMATION.of(len(data))
    for number, frame in enumerate(frames):
        request.deadline.check()
        # Frames may be larger than the canvas that they are cut to, and are decoded all the same.
        left -= frame.width * _n_decoded_rows(frame, size[1])
        if left < 0 and number:
            raise ImageTooLarge(
                f"{number} of {len(frames)} frames of a canvas of {size[0]} x {size[1]} pixels were looked at: what "
                f"lies beyond it is more than {len(data)} bytes are worth"
            )
        indices, there = _indices(frame, data, size, request)
        provenance = Provenance(
            format="GIF", mode="P", width=size[0], height=size[1], scale=request.step_of(size),
            frame=number, n_frames=len(frames),
        )  # fmt: skip
        part, refused = None, None
        if not there.all() and (number or frame.control.transparent is not None):
            try:
                check_held("GIF that ends early", size, held + HELD_BESIDE, request.limits)
                part = _part(canvas, frame, indices, there, again)
            except ImageTooLarge as exc:
                refused = failing(AS_FAR, exc)
        if number and there.size and not there.any():
            # The file ends before it; what it was to lie on is seen, behind the disposal of the one before.
            if part is not None and not np.array_equal(part.pixels, canvas.pixels):
                yield seen_array(part.pixels, replace(provenance, truncated=True), limits=request.limits)
            return
        truncated = not there.all()
        if frame.interlaced and truncated:
            indices, there = _filled(indices, there)
        keyed = keyed or any(control.transparent is not None for control in frame.controls)
        _lay(canvas, frame, frame.control, indices, there)
        decoded = seen_array(canvas.pixels, replace(provenance, truncated=truncated), limits=request.limits)
        also = [*decoded.also, *([refused] if refused else [])]
        if part is not None and not np.array_equal(part.pixels, canvas.pixels):
            ended = replace(provenance, truncated=True)
            also += as_it_ends(seen_array(part.pixels, ended, limits=request.limits))
        del part
        if other is not None:
            _lay(other, frame, (frame.controls or (GifControl(),))[0], indices, there)
            also.append(_as_others_see_it(other, provenance, request.limits))
        if number == 0:
            also.append(
                as_older_tools(
                    partial(_by_library, data, frame, size, indices, request.limits),
                    provenance,
                    provenance.scale,
                )
            )
        colour = _background(screen)
        if decoded.provenance.transparent and not keyed and colour is not None:
            also.append(_on_colour(canvas, colour, provenance, request.limits))
        yield replace(decoded, also=tuple(also), shown_for=frame.control.milliseconds)
        del decoded, also  # and hold it no longer
        if not there.all():
            return


def _part(
    canvas: Canvas,
    frame: GifFrame,
    indices: UInt8Array,
    there: npt.NDArray[np.bool_],
    again: Callable[[int], Canvas],
) -> Canvas:
    """Return the canvas as browsers show it of a frame that ends early, without lines that other viewers fill."""
    opaque = frame.control.transparent is None
    part = canvas.begun(frame.left, frame.top, frame.width, frame.height, replaces=opaque, again=again)
    _lay(part, frame, frame.control, indices, there)
    return part


def _by_library(
    data: bytes, frame: GifFrame, size: tuple[int, int], indices: UInt8Array, limits: Limits
) -> Image:
    """Return the palette indices of the first picture as the imaging library has them, whose sides may be others."""
    from PIL import Image as pil

    if (frame.left, frame.top, frame.width, frame.height) == (0, 0, *size):
        return pil.fromarray(indices)
    from PIL.GifImagePlugin import GifImageFile

    image = GifImageFile(io.BytesIO(data))
    check_cost("GIF", image.size, mode="P", n_bands=1, limits=limits)
    image.load()
    return image


def _as_others_see_it(canvas: Canvas, provenance: Provenance, limits: Limits) -> Also:
    pixels = canvas.pixels.copy()
    return Also("by its first control block", lambda: seen_array(pixels, provenance, limits=limits))


def _on_colour(canvas: Canvas, colour: tuple[int, int, int], provenance: Provenance, limits: Limits) -> Also:
    """Return the canvas filled as some viewers do where no frame has been."""
    pixels = np.where(canvas.pixels[..., 3:] > 0, canvas.pixels, np.array([*colour, 255], np.uint8))
    return Also("on its background colour", lambda: seen_array(pixels, provenance, limits=limits))


def _background(screen: GifScreen) -> tuple[int, int, int] | None:
    """Return the canvas' own colour where it is neither white nor black: those are looked at anyway."""
    red, green, blue = screen.palette[3 * screen.background : 3 * screen.background + 3] or (0, 0, 0)
    return None if (red, green, blue) in ((0, 0, 0), (255, 255, 255)) else (red, green, blue)


def _lay(
    canvas: Canvas,
    frame: GifFrame,
    control: GifControl,
    indices: UInt8Array,
    there: npt.NDArray[np.bool_],
) -> None:
    """Lay one frame on the canvas, in its colours, where it is there and not transparent."""
    colours = np.zeros((256, 4), np.uint8)
    colours[:, 3] = 255  # an index beyond the palette is black
    if frame.palette:
        own = np.frombuffer(frame.palette[: len(frame.palette) // 3 * 3], np.uint8).reshape(-1, 3)
        colours[: len(own), :3] = own
    else:
        colours[:, :3] = np.arange(256, dtype=np.uint8)[:, None]
    if control.transparent is not None:
        colours[control.transparent] = 0
    rows, cols = canvas.pixels.shape[:2]
    within = slice(0, max(0, rows - frame.top)), slice(0, max(0, cols - frame.left))
    indices, there = indices[within], there[within]
    # Four bytes at a time: a tenth of what one after the other takes.
    shown = colours.view(np.uint32)[:, 0][indices][..., None].view(np.uint8)
    if not there.all():
        shown[~there] = 0
    disposal = _DISPOSALS.get(control.disposal, "keep")
    opaque = control.transparent is None
    canvas.show(shown, frame.left, frame.top, over=True, disposal=disposal, opaque=opaque)


# -- indices -----------------------------------------------------------------------------------------------


def _indices(
    frame: GifFrame, data: bytes, canvas: tuple[int, int], request: Request
) -> tuple[UInt8Array, npt.NDArray[np.bool_]]:
    """Return a frame's palette indices and which of them the file has, both of shape (rows, cols).

    Rows below the canvas are left out where that needs no other order.
    """
    rows = _n_decoded_rows(frame, canvas[1])
    size = frame.width, rows
    if min(size) == 0:
        return np.zeros((rows, frame.width), np.uint8), np.ones((rows, frame.width), np.bool_)
    if size[0] * size[1] > canvas[0] * canvas[1]:
        # It may be as large as it likes; what is cut off is decoded all the same.
        check_cost(
            "GIF", (max(size[0], canvas[0]), max(rows, canvas[1])), mode="L", n_bands=1, limits=request.limits
        )
    packed = memoryview(data)[frame.start :]
    if not packed:
        return np.zeros((rows, frame.width), np.uint8), np.zeros((rows, frame.width), np.bool_)
    indices, whole = _run(frame, packed, size, 0)
    if whole:
        return indices, np.ones(indices.shape, np.bool_)
    ended = _ended(packed)
    # What the decoder does not reach keeps what was there before it.
    indices, other = (_run(frame, ended, size, fill)[0] for fill in (0, 255))
    return indices, indices == other


def _n_decoded_rows(frame: GifFrame, n_canvas_rows: int) -> int:
    return frame.height if frame.interlaced else min(frame.height, max(0, n_canvas_rows - frame.top))


def _ended(packed: memoryview) -> bytes:
    """Shorten the last block to what the file has of it: the decoder would leave it out."""
    at = 0
    while at < len(packed) and packed[at]:
        if at + 1 + packed[at] > len(packed):
            return bytes(packed[:at]) + bytes([len(packed) - at - 1]) + bytes(packed[at + 1 :])
        at += 1 + packed[at]
    return bytes(packed)


def _run(
    frame: GifFrame, packed: bytes | memoryview, size: tuple[int, int], fill: int
) -> tuple[UInt8Array, bool]:
    """Run the decoder over one frame; the indices it reached, others as `fill`, and whether that is all of them."""
    from PIL import _imaging

    try:
        core: Any = _imaging.fill("L", size, fill)
        decoder = _imaging.gif_decoder("L", frame.bits, frame.interlaced, -1)
        decoder.setimage(core, (0, 0, *size))
        n_taken, error = decoder.decode(packed)
    except MemoryError as exc:
        raise ImageTooLarge("the GIF decoder ran out of memory") from exc
    return luma_of(core, size), n_taken < 0 and error >= 0


def _filled(indices: UInt8Array, there: npt.NDArray[np.bool_]) -> tuple[UInt8Array, npt.NDArray[np.bool_]]:
    """Fill the lines that an interlaced picture lacks with the nearest above that it has, as viewers do meanwhile."""
    lines = np.arange(len(indices))
    whole = np.asarray(there.all(axis=1))[:, None]
    for pitch in (2, 4, 8):
        above = lines // pitch * pitch
        fill = ~there & whole[above]
        indices = np.where(fill, indices[above], indices)
        there = there | fill
    return indices, there
