"""PNG files and animations to pixels: the decoder's samples, our frames, and the rows of a file that ends early."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ImageError, ImageTooLarge, UnreadableImage
from .canvas import HELD_A_PIXEL, HELD_AGAIN, HELD_BESIDE, HELD_UNREDUCED, Canvas, Disposal
from .conversions import to_rgba
from .exif import Turns, read_turns, turned
from .frames import MAX_FRAMES, ROWS, reach
from .guarding import guarded, undisturbed
from .limits import Limits, check_cost, check_held
from .mending import bare_png
from .older_tools import as_older_tools
from .opening import Codec, check_header, open_image
from .pictures import AS_FAR, Also, Decoded, Provenance, UInt8Array, another, as_it_ends, failing
from .png_chunks import GREYS, SIGNATURE, PngFile, PngFrame, Span, read_chunks
from .png_rows import bytes_of_rows, is_whole, rows_there, unpacked_rows
from .png_whole import unpacked
from .request import Request
from .seen import image_of, seen, seen_array

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["CODEC", "read_png"]


def _opener() -> Callable[..., Any]:
    from PIL.PngImagePlugin import PngImageFile

    return PngImageFile


def _bring_key_to_eight_bits(image: Any, data: bytes) -> None:
    """Scale a PNG's transparent colour as its samples are: the decoder leaves it as stored.

    Of a shade of up to eight bits browsers take the low byte, whatever the other one says.
    """
    key = image.info.get("transparency")
    depth, colour = data[24], data[25]
    if colour == 0 and depth == 1 and isinstance(key, int):  # of which the decoder tells only whether it is 0
        image.info["transparency"] = _low_byte_of_key(data)
    elif colour == 0 and depth < 16 and isinstance(key, int):
        image.info["transparency"] = (key & 0xFF) * (255 // (2**depth - 1))
    elif colour == 2 and depth == 16 and isinstance(key, tuple):
        image.info["transparency"] = tuple(value >> 8 for value in key)


def _low_byte_of_key(data: bytes) -> int:
    """Return the low byte of the transparent shade of a file that has one."""
    at = len(SIGNATURE)
    while at + 10 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"tRNS":
            return data[at + 9]
        at += 12 + length
    return 0


CODEC = Codec(name="PNG", opener=_opener, prepare=_bring_key_to_eight_bits, mend=bare_png)

_DISPOSALS: tuple[Disposal, ...] = ("keep", "clear", "restore")


def read_png(data: bytes, request: Request) -> Iterator[Decoded]:
    """Decode a PNG file, or the frames of an animated one as a browser shows them one after the other."""
    file = read_chunks(data, max_frames=MAX_FRAMES)
    return _read_frames(data, file, request) if file.frames else _read_still(data, file, request)


def _read_still(data: bytes, file: PngFile, request: Request) -> Iterator[Decoded]:
    def still() -> Decoded:
        image, truncated = _load(data, file, request)
        mode = "RGBA" if isinstance(image, np.ndarray) else image.mode
        provenance = _provenance(file, request, mode)
        if isinstance(image, np.ndarray):
            decoded = seen(
                image_of(image),
                replace(provenance, truncated=truncated),
                provenance.scale,
                limits=request.limits,
                colours=request.colours,
                as_stored=False,
                stored=_stored(file),
            )
        else:
            decoded = seen(
                image,
                replace(provenance, truncated=truncated),
                provenance.scale,
                limits=request.limits,
                colours=request.colours,
                stored="L" if file.colour in GREYS else None,  # deep grey with alpha is opened as colour
            )
            extended = with_last_colour(image)
            if extended is not None:
                decoded = replace(decoded, also=decoded.also + _extended(extended, provenance, request))
        return turned(decoded, _turns(file))

    yield undisturbed("PNG", still)


def _provenance(file: PngFile, request: Request, mode: str) -> Provenance:
    size = file.width, file.height
    return Provenance(
        format="PNG", mode=mode, width=size[0], height=size[1], scale=request.step_of(size),
        orientation=_turns(file).applied,
    )  # fmt: skip


def _stored(file: PngFile) -> str:
    """Return the mode of the samples in the file, whatever they were put together to."""
    return "L" if file.colour in GREYS else "RGB"


def _turns(file: PngFile) -> Turns:
    """Return the orientations: the head that EXIF data has elsewhere does not belong here, and Chromium stops at it."""
    turns = read_turns(file.exif)
    return Turns(1, others=(turns.applied, *turns.others)) if file.exif.startswith(b"Exif\0") else turns


# -- one image ---------------------------------------------------------------------------------------------


_END = b"\0\0\0\0IEND\xaeB`\x82"
#: Bytes of a pixel with alpha. Of a damaged picture the unpacked rows are held and the picture that they are put in;
#: what the decoder had of it before goes back to the allocator, which may keep it.
_RGBA = 4


def _load(data: bytes, file: PngFile, request: Request) -> tuple[Image | UInt8Array, bool]:
    """Return the default image, and whether the file is damaged within it: then the rows there are, with alpha."""
    packed = data if file.is_plain else b"".join((data[:33], file.head, data[slice(*file.chunks)], _END))
    image = guarded("PNG", lambda: open_image(CODEC, packed, deadline=request.deadline))
    check_header(CODEC, image, image.size, request.limits)
    try:
        _load_whole(image, file, _joined(data, file.parts))
    except (Warning, MemoryError, ImageError):
        raise
    except Exception as exc:
        damage = f"{type(exc).__name__}: {exc}"
    else:
        return image, False
    # The frames of what was raised held the picture as far as it was decoded, and so does the image.
    size = image.size
    del image
    return _rows_there(data, file, file.parts, size, damage, request.limits)[0], True


def _joined(data: bytes, parts: Sequence[Span]) -> bytes | memoryview:
    """Return compressed pixels in one piece."""
    if len(parts) == 1:
        return memoryview(data)[slice(*parts[0])]
    return b"".join(data[slice(*part)] for part in parts)


def _load_whole(image: Any, file: PngFile, packed: bytes | memoryview) -> None:
    """Load an opened image, whose compressed pixels are `packed`.

    Raises
    ------
    EOFError
        They end before their last row.
    """
    from PIL import _imaging

    interlaced = file.interlaced
    if not interlaced:
        whole = unpacked(image, packed)
        if whole is not None:
            image.im, image.tile = whole, []
            image.load()  # the palette
            return
    # The library's decoder does not say when the pixels end before their last row.

    width, height = image.size
    last = height - 2 if interlaced else height - 1  # of two rows one comes last
    n_bands = len(image.getbands())
    # A colour that nobody can foresee, put where the last row is to come.
    mark = tuple(os.urandom(n_bands)) if image.mode in ("L", "LA", "P", "RGB", "RGBA") else (0,) * n_bands
    core: Any = _imaging.new(image.mode, image.size)
    core.paste(mark if n_bands > 1 else mark[0], (0, last, width, height))
    image.im = core
    image.load()
    rows = np.asarray(image.crop((0, last, width, height)))
    left = (rows == np.array(mark if n_bands > 1 else mark[0])).reshape(len(rows), -1).all(axis=1)
    if left.any() and not is_whole(file, image.size, packed):
        raise EOFError("its pixels end before their last row")


def _rows_there(
    data: bytes,
    file: PngFile,
    parts: Sequence[Span],
    size: tuple[int, int],
    damage: str,
    limits: Limits,
) -> tuple[UInt8Array, int]:
    check_held(
        "PNG that ends early", size, bytes_of_rows(file, size) / (size[0] * size[1]) + 2 * _RGBA, limits
    )

    def decode(size: tuple[int, int], rows: bytes | memoryview) -> UInt8Array:
        image = _open_part(file, size, zlib.compress(rows, 1), interlaced=False)
        image.load()
        return to_rgba(with_last_colour(image) or image)

    rows = rows_there(data, file, parts, size, decode)
    if rows is None:
        raise UnreadableImage(f"damaged PNG: {damage}")
    return rows


def _open_part(
    file: PngFile, size: tuple[int, int], packed: bytes | memoryview, *, interlaced: bool
) -> Image:
    """Open compressed pixels of the file's kind as an image of these sides."""
    header = struct.pack(">IIBBBBB", *size, file.depth, file.colour, 0, 0, interlaced)
    part = b"".join((SIGNATURE, _chunk(b"IHDR", header), file.head, _chunk(b"IDAT", packed), _END))
    image: Image = open_image(CODEC, part)
    return image


def _chunk(kind: bytes, body: bytes | memoryview) -> bytes:
    return (
        struct.pack(">I", len(body))
        + kind
        + bytes(body)
        + struct.pack(">I", zlib.crc32(body, zlib.crc32(kind)))
    )


def with_last_colour(image: Image) -> Image | None:
    """Return a picture whose indices exceed its palette with its last colour and alpha for them, as Chromium shows it.

    None where they do not. Others show black.
    """
    if image.mode != "P" or image.palette is None:
        return None
    colours = image.getpalette("RGB") or []
    n_colours = len(image.palette.palette) // len(image.palette.mode)
    most: Any = image.getextrema()[1]
    if not 0 < n_colours <= most:
        return None
    last = colours[3 * n_colours - 3 : 3 * n_colours]
    extended = image.copy()
    extended.putpalette([*colours[: 3 * n_colours], *last * (256 - n_colours)])
    if "transparency" in image.info:
        extended.info["transparency"] = _extended_alpha(image.info["transparency"], n_colours)
    return extended


def _extended_alpha(alpha: bytes | int, n_colours: int) -> bytes:
    """Return the alpha of 256 indices: what is said of indices beyond the palette says nothing.

    Parameters
    ----------
    alpha : bytes or int
        Of each index from the first on, or the one that is transparent.
    n_colours : int
    """
    one_by_one = bytes([255]) * alpha + b"\0" if isinstance(alpha, int) else alpha
    known = one_by_one[:n_colours].ljust(n_colours, b"\xff")
    return known + known[-1:] * (256 - n_colours)


_LAST_COLOUR = "with its last colour beyond its palette"


def _extended(image: Image, provenance: Provenance, request: Request) -> tuple[Also, ...]:
    """Return the picture whose indices beyond its palette have its last colour, and what else may be seen of it."""
    found = seen(
        image, provenance, provenance.scale, limits=request.limits, colours=request.colours, as_stored=False
    )
    is_shown = not any(declared.shown for declared in request.colours)
    others = (replace(also, name=f"{also.name}, {_LAST_COLOUR}") for also in found.also)
    return (Also(_LAST_COLOUR, lambda: replace(found, also=()), effort="fast", shown=is_shown), *others)


# -- animations --------------------------------------------------------------------------------------------


def _read_frames(data: bytes, file: PngFile, request: Request) -> Iterator[Decoded]:
    size = file.width, file.height
    check_cost("PNG", size, mode="RGBA", n_bands=4, limits=request.limits)
    unreduced = HELD_UNREDUCED if request.step_of(size) == 1 else 0
    held = HELD_A_PIXEL + unreduced
    check_held("animated PNG", size, held, request.limits)
    canvas = Canvas(*size)
    frames = file.frames[: reach(size)]
    provenance = _provenance(file, request, "RGBA")

    part: Canvas | None = None
    refused: tuple[Also, ...] = ()

    def laid(frame: PngFrame) -> bool:
        """Lay one frame on the canvas; tell whether it is whole."""
        nonlocal part, refused
        pixels, n_rows = _frame(data, file, frame, request.limits)
        whole = n_rows is None
        if number and not whole:
            try:
                check_held("animated PNG that ends early", size, held + HELD_BESIDE, request.limits)
                part = _part(canvas, file, frame, pixels[:n_rows], again)
            except ImageTooLarge as exc:
                refused = (failing(AS_FAR, exc),)
        _lay(canvas, file, frame, number, pixels)
        return whole

    def again(last: int) -> Canvas:
        """Return the canvas as it was when a frame had been laid on it."""
        check_held("animated PNG that ends early", size, held + HELD_BESIDE + HELD_AGAIN, request.limits)
        once_more = Canvas(*size)
        for number, frame in enumerate(frames[: last + 1]):
            request.deadline.check()
            _lay(once_more, file, frame, number, _frame(data, file, frame, request.limits)[0])
        return once_more

    def shown_of(pixels: UInt8Array, *, whole: bool) -> Decoded:
        facts = replace(provenance, frame=number, n_frames=len(frames), truncated=not whole)
        return seen_array(pixels, facts, limits=request.limits, colours=request.colours, stored=_stored(file))

    left = ROWS.of(len(data))
    for number, frame in enumerate(frames):
        request.deadline.check()
        left -= bytes_of_rows(file, (frame.width, frame.height))
        if left < 0 and number:
            raise ImageTooLarge(
                f"{number} of {len(frames)} frames were looked at: the rows of more are longer than {len(data)} bytes "
                "are worth"
            )
        try:
            whole = undisturbed("PNG", lambda: laid(frame))  # noqa: B023
        except UnreadableImage:
            if number == 0:
                raise
            # It has no row; what it was to lie on is seen, behind the disposal of the one before.
            part = _part(canvas, file, frame, None, again)
            if not np.array_equal(part.pixels, canvas.pixels):
                yield turned(shown_of(part.pixels, whole=False), _turns(file))
            return
        shown = shown_of(canvas.pixels, whole=whole)
        if number == 0 and not file.has_hidden:
            shown = replace(shown, also=shown.also + _as_older_tools(data, file, request, provenance))
        shown = turned(shown, _turns(file))
        shown = replace(shown, also=shown.also + refused)
        if part is not None and not np.array_equal(part.pixels, canvas.pixels):
            as_shown = turned(shown_of(part.pixels, whole=False), _turns(file))
            shown = replace(shown, also=shown.also + as_it_ends(as_shown))
        if number == 0 and file.has_hidden:
            shown = replace(shown, also=shown.also + _hidden(data, file, request))
        yield replace(shown, shown_for=frame.milliseconds)
        del shown  # and hold it no longer
        if not whole:
            return


def _is_opaque(file: PngFile) -> bool:
    """Tell whether the file says that nothing in it is transparent."""
    return file.colour in (0, 2, 3) and b"tRNS" not in file.head


def _lay(canvas: Canvas, file: PngFile, frame: PngFrame, number: int, pixels: UInt8Array) -> None:
    """Lay a frame on the canvas; `number` counts them from 0."""
    # Of the first frame nothing was there before: what it is to become again is transparent.
    disposal = "clear" if number == 0 and frame.dispose == 2 else _DISPOSALS[frame.dispose]
    canvas.show(
        pixels, frame.left, frame.top, over=frame.blend == 1, disposal=disposal, opaque=_is_opaque(file)
    )


def _part(
    canvas: Canvas,
    file: PngFile,
    frame: PngFrame,
    rows: UInt8Array | None,
    again: Callable[[int], Canvas],
) -> Canvas:
    """Return the canvas as browsers show it of a frame that has these rows alone."""
    is_over = frame.blend == 1
    replaces = _is_opaque(file) or not is_over
    part = canvas.begun(frame.left, frame.top, frame.width, frame.height, replaces=replaces, again=again)
    is_mixed_late = is_over and file.interlaced  # once it is whole
    if rows is not None and not is_mixed_late:
        part.show(rows, frame.left, frame.top, over=is_over, disposal="keep")
    return part


def _frame(data: bytes, file: PngFile, frame: PngFrame, limits: Limits) -> tuple[UInt8Array, int | None]:
    """Return a frame's pixels, and in how many rows they are where it is damaged; None where it is whole."""
    size = frame.width, frame.height
    packed = _joined(data, frame.parts)
    try:
        image = _open_part(file, size, packed, interlaced=file.interlaced)
        _load_whole(image, file, packed)
        return to_rgba(with_last_colour(image) or image), None
    except (Warning, MemoryError, ImageError):
        raise
    except Exception as exc:
        damage = f"{type(exc).__name__}: {exc}"
    pixels, n_rows = _rows_there(data, file, frame.parts, size, damage, limits)
    # Nobody minds a wrong sum behind the last row.
    n_bytes = bytes_of_rows(file, size)
    return pixels, None if len(unpacked_rows(data, frame.parts, n_bytes)) == n_bytes else n_rows


def _as_older_tools(data: bytes, file: PngFile, request: Request, provenance: Provenance) -> tuple[Also, ...]:
    """Return the default image by its raw channels, where those can be others than a viewer's."""
    if file.colour in (0, 2) and file.depth < 16 and b"tRNS" not in file.head:
        return ()

    def load() -> Image:
        from PIL import Image as pil

        image, _ = _load(data, file, request)
        return pil.fromarray(image) if isinstance(image, np.ndarray) else image

    return (as_older_tools(load, provenance, provenance.scale),)


_HIDDEN = "the image for viewers without animation"


def _hidden(data: bytes, file: PngFile, request: Request) -> tuple[Also, ...]:
    """Return the default image, which only viewers that know no animation show, and what else may be seen of it."""
    if request.effort is None or request.effort == "fast":  # nobody looks
        return ()
    return another(_HIDDEN, lambda: next(_read_still(data, file, request)), has_rows=True)
