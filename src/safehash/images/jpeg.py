"""JPEG files to luma or colour: the short way of an ordinary one, and the patient way of any other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import ImageTooLarge, UnreadableImage
from .conversions import luma_of
from .counting import check_jpeg_scans, check_parts
from .declared import declared_colours
from .exif import UPRIGHT, read_turns, read_turns_of, turned
from .gain_map import GainMap, check_both, gain_maps, in_another_brightness
from .gamut import (
    CHECKED_PIXELS,
    as_it_is_shown,
    decode_with_chroma,
    in_grey,
    kept_for_two,
    may_leave_the_screen,
)
from .guarding import guarded, without_remarks
from .jpeg_ends import as_far_as_it_goes, before_damage, ended, rows_there
from .jpeg_header import JpegHeader, exif_segments, read_jpeg_header
from .jpeg_means import BLOCK, Means, may_be_shown, read_means
from .lent import File, as_bytes, lying, start_of
from .limits import check_cost, check_held
from .mending import bare_jpeg
from .older_tools import REFERENCE_SIDE, as_the_reference_tool, is_shrunk
from .opening import Codec, check_header, load, open_image
from .pictures import Also, Decoded, Provenance, UInt8Array, failing
from .request import Request
from .seen import in_own_colours, seen

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

__all__ = ["CODEC", "decode_jpeg", "read_jpeg"]


def _opener() -> Callable[..., Any]:
    # Not the library's factory: of several pictures in one JPEG file (MPO) viewers show the first alone, and a
    # damaged index of the others must not lose it.
    from PIL.JpegImagePlugin import JpegImageFile

    return JpegImageFile


def _progressive(image: Any) -> list[tuple[int, int]]:
    return [(across, down) for _, across, down, _ in image.layer] if image.info.get("progressive") else []


CODEC = Codec(name="JPEG", opener=_opener, gives_rows=True, mend=bare_jpeg, progressive=_progressive)


#: Bytes in which nearly every header ends, a photograph's profile and small picture included.
_MOST_HEADERS = 1 << 16


def read_jpeg(data: bytes, request: Request) -> Iterator[Decoded]:
    """Decode a JPEG file: luma, reduced, where the request is content with it, otherwise everything."""
    yield decode_jpeg(data, request)


def decode_jpeg(data: File, request: Request) -> Decoded:
    """Do the same without an iterator around it: most uploads are JPEG, and every call counts beside a small one."""
    decoded = _plainly(data, request) if request.step_for is not None else None
    return decoded if decoded is not None else without_remarks(lambda: _patiently(as_bytes(data), request))


def _plainly(data: File, request: Request) -> Decoded | None:
    """Decode the luma of an ordinary, undamaged JPEG file; None for any other, which `JpegImageFile` then reads.

    The same decoder gets the same settings as from `JpegImageFile.draft` and `load`, hence gives the same pixels
    (tested). What is saved is the library's reading of the header, a third of the time of a small picture, and
    the copies of handing the file over in pieces.
    """
    start = start_of(data, _MOST_HEADERS)
    header = read_jpeg_header(start)
    if header is None and len(start) < len(data):
        start = as_bytes(data)
        header = read_jpeg_header(start)
    if header is None:
        return None
    if not header.one_scan:
        check_jpeg_scans(as_bytes(data), header.frame, header.scan_at)
    if header.has_profile:
        request = replace(request, colours=declared_colours("JPEG", start))
    n_bands = len(header.sampling)
    means = _means(data, header, request)
    step = means.step if means is not None else request.step_of((header.width, header.height))
    if means is None:
        _check_cost(header, step, request)
    # Of what our reader leaves to the library, all pixels are looked at.
    checked = means is None and _is_checked(header.width * header.height, n_bands, request)
    with_chroma = checked and step == 1
    is_wild = checked if means is None else _leaves_the_screen(data, header, means)
    is_gentle = _has_gentle_colours(n_bands, request) and (step == 1 or not is_wild)
    reduced = -(-header.width // step), -(-header.height // step)
    both = None
    if means is None and (with_chroma or is_gentle):
        both = decode_with_chroma(as_bytes(data), reduced, step)
    pixels: UInt8Array | None
    if means is not None:
        pixels = means.luma
    else:
        pixels = both.luma if both is not None else _luma(as_bytes(data), reduced, step)
    if pixels is None:
        return None
    turns = read_turns(header.exif) if header.exif else UPRIGHT
    provenance = Provenance(
        format="JPEG", mode=_mode_of(header), width=header.width, height=header.height, scale=step,
        orientation=turns.applied,
    )  # fmt: skip
    chroma: Callable[[], Image] | None = None
    if is_gentle and both is not None:
        chroma = both.image.copy
    elif is_gentle and means is not None:
        chroma = partial(_with_chroma, header, means)
    also = _in_own_colours(data, request, provenance, chroma)
    decode = partial(_in_colour, data, request, 1)
    whole: Callable[[], Image | UInt8Array] = decode
    if not _is_looked_at(n_bands, request):
        pass
    elif with_chroma and both is not None:
        if both.leaves_the_screen:
            also += (as_it_is_shown(both.load, provenance),)
    elif means is not None and means.shown is not None:
        also += (in_grey(means.shown.grey, provenance, effort="fast" if is_wild else "thorough"),)
        whole = partial(_the_same, means.shown.kept)
    elif is_wild:
        also += (_as_it_is_shown(data, request, provenance),)
    elif step > 1 and _is_thorough(request) and not request.colours:
        # Decoded whole in any case; of what is averaged the means of luma do not tell all either.
        whole = twice = kept_for_two(decode)
        also += (as_it_is_shown(twice, provenance, step=step, effort="thorough"),)
    also += _shrunk(provenance, pixels, whole)
    if header.has_companions:
        also += _by_gain_maps(data, request, provenance)
    decoded = Decoded(pixels=pixels, provenance=provenance, also=also)
    return decoded if turns is UPRIGHT else turned(decoded, turns)


def _means(data: File, header: JpegHeader, request: Request) -> Means | None:
    """Read the picture by our own reader, with its chroma where somebody looks at it.

    Not a whole one whose colours have to be converted: that takes a decode of them all, which gives the luma, too.
    """
    if not request.own_jpeg:
        return None
    step = request.step_of_means((header.width, header.height), progressive=header.progressive)
    if step == 1 and request.colours:
        return None
    _check_cost(header, step, request)
    read = partial(
        read_means,
        lying(data),
        header,
        step,
        deadline=request.deadline,
        with_chroma=request.effort is not None,
    )
    means = read(kept_side=REFERENCE_SIDE) if _is_wanted_whole(header, step, request) else None
    return means if means is not None else read()


def _is_wanted_whole(header: JpegHeader, step: int, request: Request) -> bool:
    """Tell whether what a screen shows of a reduced picture is looked up in any case, and read in the same pass.

    Where our reader leaves that to others, or they refuse it, they decode the file once more.
    """
    wanted = step > 1 and _is_thorough(request) and not request.colours and may_be_shown(header)
    return wanted and _is_within((header.width, header.height), 1, request)


def _leaves_the_screen(data: File, header: JpegHeader, means: Means) -> bool:
    """Tell what is known: by the blocks that it may, and by the pixels where those are few, as not reduced ones are."""
    if not _may_leave_the_screen(header, means):
        return False
    both = decode_with_chroma(as_bytes(data), (header.width, header.height), 1) if means.step == 1 else None
    return both is None or both.leaves_the_screen


def _may_leave_the_screen(header: JpegHeader, means: Means) -> bool:
    """Tell by what our reader says of the chroma, if it was asked for; of samplings that nothing writes that it may."""
    if means.blue is None or means.red is None:
        return False
    most_across, most_down = (max(each) for each in zip(*header.sampling, strict=True))
    (across, down), other = header.sampling[1:]
    if (across, down) != other or most_across % across or most_down % down:
        return True
    each = BLOCK // means.step
    return may_leave_the_screen(
        means.luma, means.blue, means.red, across=each * most_across // across, down=each * most_down // down
    )


def _with_chroma(header: JpegHeader, means: Means) -> Image:
    """Return luma as it was read, and chroma drawn from the middle of one block to that of the next.

    Gentle colours move luma little and evenly: the digest of what is shown by the means lies as near to that by all of
    the chroma as one of reduced luma to one of all.
    """
    from PIL import Image as pil

    assert means.blue is not None and means.red is not None
    rows, cols = means.luma.shape
    each = BLOCK // means.step
    most_across, most_down = (max(side) for side in zip(*header.sampling, strict=True))
    planes = [pil.fromarray(means.luma)]
    for chroma, (across, down) in zip((means.blue, means.red), header.sampling[1:], strict=True):
        part = 0, 0, cols * across / (each * most_across), rows * down / (each * most_down)
        planes.append(pil.fromarray(chroma.means).resize((cols, rows), pil.Resampling.BILINEAR, box=part))
    return pil.merge("YCbCr", planes)


def _as_it_is_shown(data: File, request: Request, provenance: Provenance) -> Also:
    """Return a picture in colours that a screen has, decoded as finely as its limits allow."""
    size = provenance.width, provenance.height
    step = next((step for step in (1, 2, 4) if _is_within(size, step, request)), provenance.scale)
    step = min(step, provenance.scale)
    load = partial(_in_colour, data, request, step)
    return as_it_is_shown(load, provenance, step=provenance.scale // step)


def _is_within(size: tuple[int, int], step: int, request: Request) -> bool:
    """Tell whether a picture may be decoded in colour at a reduction."""
    try:
        check_cost("JPEG", size, mode="RGB", n_bands=3, limits=request.limits, step=step)
    except ImageTooLarge:
        return False
    return True


def _mode_of(header: JpegHeader) -> str:
    return "L" if len(header.sampling) == 1 else "RGB"


def _check_cost(header: JpegHeader, step: int, request: Request) -> None:
    check_cost(
        "JPEG", (header.width, header.height), mode=_mode_of(header), n_bands=len(header.sampling),
        limits=request.limits, step=step, progressive=header.sampling if header.progressive else (),
    )  # fmt: skip


def _is_looked_at(n_bands: int, request: Request) -> bool:
    """Tell whether somebody wants to know whether a picture's colours leave what a screen shows."""
    return n_bands == 3 and request.effort is not None


def _is_checked(n_pixels: int, n_bands: int, request: Request) -> bool:
    """Tell whether it is worth its time to look at all the chroma of a picture that our own reader did not read.

    What it was asked for and left is rare, and whoever hides something can make it so.
    """
    if not _is_looked_at(n_bands, request):
        return False
    return request.own_jpeg or _is_thorough(request) or n_pixels <= CHECKED_PIXELS


def _is_thorough(request: Request) -> bool:
    return request.effort in ("thorough", "exhaustive")


def _has_gentle_colours(n_bands: int, request: Request) -> bool:
    """Tell whether somebody looks at colours that this very decode can give."""
    wanted = n_bands == 3 and request.effort is not None
    return wanted and any(declared.colour.is_gentle for declared in request.colours)


def _luma(data: bytes, size: tuple[int, int], step: int) -> UInt8Array | None:
    """Run the decoder over a whole file; None unless it comes to the end without an error."""
    from PIL import _imaging

    try:
        core = _imaging.new("L", size)
        decoder = _imaging.jpeg_decoder("L", "L", "", step, 0)
        decoder.setimage(core, (0, 0, *size))
        n_taken, error = decoder.decode(data)
    except MemoryError as exc:
        raise ImageTooLarge("the JPEG decoder ran out of memory") from exc
    except (AttributeError, OSError, TypeError, ValueError):  # the patient way says what is wrong
        return None
    # Negative: the decoder needs no more. Otherwise the file ends early.
    return luma_of(core, size) if n_taken < 0 and error >= 0 else None


#: Bytes a pixel of four inks, which no decode reduces: the decoder's, and two pictures in colour.
_HELD_OF_INKS = 10


def _patiently(data: bytes, request: Request) -> Decoded:
    check_parts("JPEG", data)
    request = replace(request, colours=declared_colours("JPEG", data))
    bare = bare_jpeg(data)
    image = guarded("JPEG", lambda: open_image(CODEC, bare, deadline=request.deadline))
    size = image.size
    step = request.step_of(size)
    draftable = image.mode in ("L", "RGB")
    check_header(CODEC, image, size, request.limits, step=step if draftable else 1)
    if not draftable:
        check_held(f"JPEG of {image.mode}", size, _HELD_OF_INKS, request.limits)
    in_luma = request.step_for is not None and draftable
    if in_luma:
        guarded("JPEG", lambda: image.draft("L", _asked(size, step)))
    turns = read_turns_of(exif_segments(data))
    provenance = Provenance(
        format="JPEG", mode=image.mode if request.step_for is None else _stored_mode(image),
        width=size[0], height=size[1], scale=_step_between(size, image.size),
        orientation=turns.applied,
    )  # fmt: skip
    loaded, truncated = _load(bare, image, _asked(size, step))
    colours = () if in_luma else request.colours
    decoded = guarded(
        "JPEG",
        lambda: seen(
            loaded, replace(provenance, truncated=truncated), 1, limits=request.limits, colours=colours
        ),
    )
    if truncated:
        decoded = replace(decoded, also=decoded.also + _cut(bare, request, decoded.provenance))
    if in_luma:
        if request.effort is not None and decoded.provenance.mode == "RGB" and not truncated:
            shown = _as_it_is_shown(data, request, provenance)
            decoded = replace(decoded, also=(*decoded.also, shown))
        whole = ended(bare) if truncated else data  # with its end the decoder comes there at once
        also = _in_own_colours(whole, request, decoded.provenance)
        if decoded.provenance.scale > 1:
            also += _shrunk(decoded.provenance, decoded.pixels, partial(_in_colour, whole, request, 1))
        decoded = replace(decoded, also=decoded.also + also)
    decoded = replace(decoded, also=decoded.also + _by_gain_maps(data, request, decoded.provenance))
    return turned(decoded, turns)


def _by_gain_maps(held: File, request: Request, provenance: Provenance) -> tuple[Also, ...]:
    """Return what screens show of a picture that has another brightness beside it.

    The other of a bright one is made of every pixel: browsers show it. What bright screens make of an ordinary one is
    made of as many as the picture itself was.
    """
    if request.effort is None:
        return ()
    data = as_bytes(held)

    def load(gain: GainMap, step: int) -> tuple[Image, Image]:
        picture = _opened(data, request, step)
        own = _opened(data[gain.start :], request, 1, for_size=picture[1].size)
        check_both(
            picture[1].size,
            own[1].size,
            name="JPEG",
            has_alpha=False,
            decoding=_DECODING,
            limits=request.limits,
        )
        return _load(*picture)[0], _load(*own)[0]

    try:
        gains = gain_maps(data, deadline=request.deadline)
    except ImageTooLarge as exc:
        return (failing("as it is shown by its gain map", exc),)
    steps = [1 if gain.is_base_bright else provenance.scale for gain in gains]
    return in_another_brightness(
        [
            (gain, partial(load, gain, step), replace(provenance, scale=step))
            for gain, step in zip(gains, steps, strict=True)
        ],
        request,
    )


#: Bytes of a pixel that the decoder holds, in colour; of a progressive file all coefficients, too.
_DECODING = 10.0


def _cut(data: bytes, request: Request, provenance: Provenance) -> tuple[Also, ...]:
    """Return a picture as far as its file goes. In colour: how far that is depends on how chroma is spread."""

    @cache
    def there() -> npt.NDArray[np.bool_] | None:
        opened = open_image(CODEC, data)
        check_header(CODEC, opened, opened.size, request.limits)
        return rows_there(data, opened)

    n_pixels = provenance.width * provenance.height
    step = 1 if _HELD_IN_COLOUR * n_pixels <= request.limits.max_decoded_bytes * 4 // 3 else 2

    def load() -> tuple[Image, npt.NDArray[np.bool_] | None]:
        rows = there()
        if rows is not None and step > 1:
            grouped = np.pad(rows, (0, -len(rows) % step), constant_values=True).reshape(-1, step)
            rows = np.asarray(grouped.all(axis=1))
        return _in_colour(ended(data), request, step), rows

    looks_at_both = request.effort not in (None, "fast")
    return as_far_as_it_goes(load, replace(provenance, scale=step), request.colours, both=looks_at_both)


#: Bytes of a pixel of a decoded picture, of one in colour beside it, and of a strip.
_HELD_IN_COLOUR = 7.5


def _asked(size: tuple[int, int], step: int) -> tuple[int, int]:
    return max(1, size[0] // step), max(1, size[1] // step)


def _load(data: bytes, image: ImageFile, asked: tuple[int, int]) -> tuple[Image, bool]:
    """Decode an opened file, drafted for the size `asked`, as far as it goes; say whether it ended early."""
    drafted = image.mode, image.size

    def shorter(part: bytes | None) -> ImageFile | None:
        return None if part is None else _opened_again(part, drafted, asked)

    return load(
        CODEC,
        image,
        again=(lambda: shorter(ended(data)), lambda: shorter(before_damage(data, _is_decoded))),
    )


def _is_decoded(data: bytes) -> bool:
    """Tell whether the decoder comes to the end of a file, reduced as far as it can be: what may be wrong is codes."""
    try:
        image = open_image(CODEC, data)
        image.draft("L", (1, 1))
        image.load()
    except OSError:
        return False
    return True


def _opened_again(data: bytes, drafted: tuple[str, tuple[int, int]], asked: tuple[int, int]) -> ImageFile:
    """Open a file in the mode and size that another decoder of it was drafted for."""
    image: ImageFile = open_image(CODEC, data)
    if (image.mode, image.size) != drafted:
        image.draft(drafted[0], asked)
    return image


def _in_own_colours(
    data: File, request: Request, provenance: Provenance, chroma: Callable[[], Image] | None = None
) -> tuple[Also, ...]:
    """Return the picture in the colours that the file declares, decoded for each where `chroma` is not there or not it.

    Parameters
    ----------
    data, request, provenance
    chroma : callable or None
        Returns an image of mode "YCbCr" that averages before gentle colours are converted, which may be done to it.
    """
    also: tuple[Also, ...] = ()
    size = provenance.width, provenance.height
    for declared in request.colours:
        # What averaging would hide is not averaged before it is converted.
        is_averaged = chroma is not None and declared.colour.is_gentle
        step = provenance.scale if is_averaged else 1
        rest = provenance.scale // step
        load: Callable[[], Image] = partial(_in_colour, data, request, step)
        if chroma is not None and is_averaged:
            load = chroma
        found = in_own_colours(load, provenance, rest, (declared,), mode=provenance.mode)
        if step == provenance.scale == 1:
            try:
                check_held(
                    "JPEG in colours of its own", size, _HELD_BESIDE[provenance.truncated], request.limits
                )
            except ImageTooLarge as exc:
                found = tuple(
                    replace(failing(each.name, exc), effort=each.effort, shown=each.shown) for each in found
                )
        also += found
    return also


#: Bytes a pixel of an unreduced picture in colour, of its luma, of what is made of it, and of greys of every colour; of
#: what is there, too, where a file ends early.
_HELD_BESIDE = {False: 7.0, True: 7.5}


def _in_colour(data: File, request: Request, step: int) -> Image:
    return _load(*_opened(data, request, step))[0]


def _opened(
    held: File, request: Request, step: int, *, for_size: tuple[int, int] | None = None
) -> tuple[bytes, ImageFile, tuple[int, int]]:
    """Open a file to be decoded in colour, reduced by a step, or by as much as leaves it no smaller than a size."""
    data = as_bytes(held)
    check_parts("JPEG", data)
    bare = bare_jpeg(data)
    image = open_image(CODEC, bare)
    if for_size is not None:
        step = max(
            each
            for each in (1, 2, 4, 8)
            if each == 1 or all(np.asarray(image.size) >= each * np.asarray(for_size))
        )
    check_header(CODEC, image, image.size, request.limits, step=step)
    asked = _asked(image.size, step)
    if step > 1:
        image.draft(image.mode, asked)
    return bare, image, asked


def _the_same(pixels: UInt8Array) -> UInt8Array:
    return pixels


def _shrunk(
    provenance: Provenance, pixels: UInt8Array, whole: Callable[[], Image | UInt8Array]
) -> tuple[Also, ...]:
    """Return the picture as the reference tool shrinks it: from luma that is whole, else all decoded once more."""
    if not is_shrunk(provenance):
        return ()
    if provenance.scale == 1:
        return (as_the_reference_tool(lambda: pixels, provenance),)
    return (as_the_reference_tool(whole, provenance, effort="thorough"),)


def _step_between(original: tuple[int, int], reduced: tuple[int, int]) -> int:
    """Return the reduction the decoder took, whatever was asked."""
    for step in (1, 2, 4, 8):
        if reduced == tuple(-(-side // step) for side in original):
            return step
    raise UnreadableImage(f"the decoder made {reduced} of a picture of {original} pixels")


def _stored_mode(image: ImageFile) -> str:
    """Return a JPEG's own mode, which asking for luma hides."""
    return {1: "L", 3: "RGB", 4: "CMYK"}.get(int(getattr(image, "layers", 3)), image.mode)
