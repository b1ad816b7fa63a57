"""AVIF files to pixels: the decoder's picture, cut to its clean aperture."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..errors import ImageError, ImageTooLarge
from .avif_ends import lengthened, with_known_matrix
from .avif_overlay import laid_over
from .avif_shown import pictures_for_one, with_primary
from .boxes import has_two_pictures, properties
from .declared import declared_colours
from .frames import Mended, read_frames
from .gain_map import check_both, in_another_brightness
from .guarding import not_built
from .matrices import through
from .opening import Codec, check_header, load, open_image
from .pictures import Also, Decoded, Provenance, another, failing
from .request import Request
from .seen import Painted
from .tone_map import tone_maps

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["CODEC", "read_avif"]


def _opener() -> Callable[..., Any]:
    from PIL import AvifImagePlugin as plugin

    if not plugin.SUPPORTED:
        raise not_built("AVIF")
    return plugin.AvifImageFile


def _take(image: Any) -> Image | None:
    """Return a still picture's pixels and let its decoder go: the library keeps both, and another copy.

    None where a version of the library has its decoder elsewhere: its own way takes more room, and nothing else.
    """
    get_frame = getattr(getattr(image, "_decoder", None), "get_frame", None)
    if image.n_frames != 1 or get_frame is None:
        return None
    from PIL import Image as pil

    samples = get_frame(0)[0]  # and how long it is shown, of which a still picture may say anything
    image._decoder = None  # which holds its planes
    if image.mode == "RGBA":
        taken = pil.frombuffer("RGBA", image.size, samples, "raw", "RGBA", 0, 1)
    else:
        taken = pil.frombytes(image.mode, image.size, samples)
    taken.info = image.info
    return taken


CODEC = Codec(name="AVIF", opener=_opener, take=_take)


def read_avif(data: bytes, request: Request) -> Iterator[Decoded]:
    """Decode an AVIF file: its still picture or the frames of its animation, whichever its first brand says.

    Of several still pictures for one another the first is the one that browsers show; the others follow as frames do,
    where somebody looks at what only other viewers show.
    """
    try:
        make, *others = pictures_for_one(data)
    except ImageTooLarge as exc:
        frames = _read_either(data, request)
        first = next(frames)
        unknown = replace(failing(_FOR_IT, exc), effort="fast")  # it may be what browsers show
        yield replace(first, also=(*first.also, unknown))
        yield from frames
        return
    shown = make()
    n_frames = 0
    for frame in _read_either(shown, request if shown is data else _with_colours_of(shown, request)):
        n_frames += 1
        yield frame
        del frame  # and hold it no longer
    if _is_looked_at(request):
        yield from _further(others, request, n_frames)


def _further(others: list[Callable[[], bytes]], request: Request, n_before: int) -> Iterator[Decoded]:
    """Yield still pictures that only other viewers show, as frames behind those before.

    Raises
    ------
    ImageError
        One of them is not read; the others have been yielded.
    """
    failure = None
    for number, make in enumerate(others, n_before):
        request.deadline.check()
        try:
            data = _still(make())
            frame = next(_read(data, _with_colours_of(data, request)))
        except ImageError as exc:
            failure = exc.with_traceback(None)
            continue
        facts = replace(frame.provenance, frame=number, n_frames=n_before + len(others))
        yield replace(frame, provenance=facts)
        del frame, data
    if failure is not None:
        raise failure


_FOR_IT = "another of its pictures for one another"


def _is_looked_at(request: Request) -> bool:
    """Tell whether somebody looks at what only other viewers show."""
    return request.effort is not None and request.effort != "fast"


def _with_colours_of(data: bytes, request: Request) -> Request:
    return replace(request, colours=declared_colours("AVIF", data))


def _read_either(data: bytes, request: Request) -> Iterator[Decoded]:
    frames = _read(data, request)
    if not has_two_pictures(data):
        yield from frames
    elif data[8:12] == _ANIMATED:
        first = next(frames)
        if _is_looked_at(request):
            still = another("its still picture", lambda: next(_read(_still(data), request)))
            first = replace(first, also=first.also + still)
        yield first
        yield from frames
    else:  # other viewers show the animation all the same
        yield from frames
        for frame in _read(data[:8] + _ANIMATED + data[12:], request):
            facts = frame.provenance
            yield replace(
                frame, provenance=replace(facts, frame=facts.frame + 1, n_frames=facts.n_frames + 1)
            )


_STILL, _ANIMATED = b"avif", b"avis"


def _still(data: bytes) -> bytes:
    return data[:8] + _STILL + data[12:] if data[8:12] == _ANIMATED else data


def _read(data: bytes, request: Request) -> Iterator[Decoded]:
    aperture = _clean_aperture(data)

    def painted_of(n_frames: int) -> tuple[Painted, ...]:
        if n_frames == 1 and data[8:12] != _ANIMATED:
            return (Painted("with its alpha taken for narrow", narrow_alpha, of_alpha=True),)
        ways: tuple[Painted, ...] = (Painted("with its range taken for narrow", narrow),) if is_full else ()
        if _has_no_matrix(data):
            ways += (Painted("with its colours taken for luma and chroma", as_video),)
        return ways

    is_full = _is_full(data)
    multiplied = b"prem" in data  # as a reference from the picture to its alpha
    narrow = partial(_as_narrow, multiplied=multiplied)
    as_video = partial(_as_luma_and_chroma, is_full=is_full)
    narrow_alpha = partial(_with_narrow_alpha, multiplied=multiplied)
    # Averaged samples would straddle its edges.
    whole = _whole(request, aperture)
    frames = read_frames(
        CODEC, data, whole, painted_of=painted_of, mended=lambda data: _mended(data, request)
    )
    if data[8:12] != _ANIMATED:
        picture = laid_over(CODEC, data, whole)
        frames = iter((picture,)) if picture is not None else frames
    yield from _cut(_with_gains(frames, data, request), aperture)


def _mended(data: bytes, request: Request) -> Iterator[Mended]:
    known = with_known_matrix(data)
    if known != data:
        yield Mended(CODEC, known, is_lengthened=False)
    longer = lengthened(known, deadline=request.deadline)
    if longer is not None:
        yield Mended(CODEC, longer, is_lengthened=True)


def _with_gains(frames: Iterator[Decoded], data: bytes, request: Request) -> Iterator[Decoded]:
    """Yield frames; a still picture with what screens of another brightness show of it."""
    for frame in frames:
        is_still = request.effort is not None and frame.provenance.n_frames == 1
        also = _by_gain_maps(data, request, frame.provenance) if is_still else ()
        yield replace(frame, also=frame.also + also) if also else frame
        del frame


def _by_gain_maps(data: bytes, request: Request, provenance: Provenance) -> tuple[Also, ...]:
    try:
        maps = tone_maps(data)
    except ImageTooLarge as exc:
        return (failing("as it is shown by its gain map", exc),)
    facts = replace(provenance, scale=1)
    return in_another_brightness(
        [(each.gain, partial(_picture_and_map, data, each.item, request), facts) for each in maps], request
    )


def _picture_and_map(data: bytes, item: int, request: Request) -> tuple[Image, Image]:
    opened = [open_image(CODEC, part) for part in (data, with_primary(data, item))]
    for image in opened:
        check_header(CODEC, image, image.size, request.limits)
    picture, own = opened
    check_both(
        picture.size, own.size, name="AVIF", has_alpha=picture.mode == "RGBA", decoding=_DECODING,
        limits=request.limits,
    )  # fmt: skip
    return load(CODEC, picture)[0], load(CODEC, own)[0]


#: Bytes of a pixel that the decoder holds, as `check_header` counts them.
_DECODING = 13.5


def _whole(request: Request, aperture: _Aperture | None) -> Request:
    return request if aperture is None else replace(request, step_for=None)


def _cut(frames: Iterator[Decoded], aperture: _Aperture | None) -> Iterator[Decoded]:
    """Yield frames as they are shown: cut to the aperture, if there is one."""
    if aperture is None:
        yield from frames
        return
    for whole in frames:
        if not aperture.is_within(whole):
            yield whole
            continue
        part = aperture.cut(whole)
        # Browsers heed an aperture in the upper left corner alone, other viewers any.
        if aperture.left == aperture.top == 0:
            yield replace(part, also=(*part.also, _also("with what its aperture cuts off", whole)))
        else:
            yield replace(whole, also=(*whole.also, _also("cut to its aperture", part)))


def _is_full(data: bytes) -> bool:
    """Tell whether a file says that its samples use their full range."""
    return any(
        kind == b"colr" and body[:4] == b"nclx" and body[10:11] >= b"\x80" for kind, body in properties(data)
    )


#: What is black and what is white where samples use a narrow range (ITU-R BT.601).
_BLACK, _WHITE = 16, 235
_NARROW: list[int] = (
    np.rint(np.clip((np.arange(256) - _BLACK) * 255 / (_WHITE - _BLACK), 0, 255)).astype(int).tolist()
)


def _as_narrow(image: Image, *, multiplied: bool) -> Image:
    """Return a picture of the full range as Chromium shows the frames of animations: its range taken for narrow.

    Chroma has another narrow range than luma, by a fortieth: what this moves has no luma.

    Parameters
    ----------
    image : PIL image of grey or colour, with alpha or without
    multiplied : bool
        The file has its colours multiplied by its alpha, which the decoder took back.
    """
    if multiplied and "A" in image.getbands():
        return _multiplied_as_narrow(image)
    bands = image.getbands()
    return image.point([shade for band in bands for shade in (range(256) if band == "A" else _NARROW)])


def _has_no_matrix(data: bytes) -> bool:
    """Tell whether a file says that its planes are green, blue and red."""
    return any(
        kind == b"colr" and body[:4] == b"nclx" and body[8:10] == b"\0\0" for kind, body in properties(data)
    )


#: What planes called red, green and blue come to that are red's and blue's chroma and luma of a narrow range
#: (ITU-R BT.601), and what is no colour in each.
_AS_VIDEO = np.array([[1.596, 255 / 219, 0.0], [-0.813, 255 / 219, -0.392], [0.0, 255 / 219, 2.017]])
_NO_COLOUR = np.array([128, _BLACK, 128], np.float32)


def _as_luma_and_chroma(image: Image, *, is_full: bool) -> Image:
    """Return a picture whose planes are green, blue and red as Chromium shows the frames of animations: as video is.

    Parameters
    ----------
    image : PIL image of colour, with alpha or without
    is_full : bool
        Its samples use their full range.
    """
    from PIL import Image as pil

    if image.mode not in ("RGB", "RGBA"):
        return image
    pixels = np.array(image)
    planes = pixels[..., :3].astype(np.float32)
    if not is_full:
        planes = planes * ((_WHITE - _BLACK) / 255) + _BLACK
    pixels[..., :3] = np.rint(np.clip(through(_AS_VIDEO, planes - _NO_COLOUR), 0, 255))
    return pil.fromarray(pixels)


def _with_narrow_alpha(image: Image, *, multiplied: bool) -> Image:
    """Return a still picture as Chromium shows it: whatever the range of its colours, that of its alpha is narrow.

    Parameters
    ----------
    image : PIL image of grey or colour with alpha
    multiplied : bool
        As of `_as_narrow`.
    """
    from PIL import Image as pil

    pixels = np.array(image)
    alpha = pixels[..., -1:]
    narrow = np.array(_NARROW, np.uint8)[alpha]
    if multiplied:
        colours = pixels[..., :-1] * (alpha / np.maximum(narrow, 1).astype(np.float32))
        pixels[..., :-1] = np.rint(np.minimum(colours, 255))
    pixels[..., -1:] = narrow
    return pil.fromarray(pixels)


def _multiplied_as_narrow(image: Image) -> Image:
    from PIL import Image as pil

    pixels = np.array(image)
    alpha = pixels[..., 3:].astype(np.float32) / 255
    narrow = (pixels[..., :3] * alpha - _BLACK) * (255 / (_WHITE - _BLACK))
    pixels[..., :3] = np.rint(np.clip(narrow / np.maximum(alpha, 1 / 255), 0, 255))
    return pil.fromarray(pixels)


def _also(name: str, picture: Decoded) -> Also:
    return Also(name, lambda: picture)


class _Aperture(NamedTuple):
    """A rectangle in pixels of the picture as stored."""

    left: int
    top: int
    width: int
    height: int

    def is_within(self, picture: Decoded) -> bool:
        """Tell whether a picture holds it, and something else."""
        right, bottom = self.left + self.width, self.top + self.height
        smaller = self.width < picture.cols or self.height < picture.rows
        return smaller and right <= picture.cols and bottom <= picture.rows

    def cut(self, picture: Decoded) -> Decoded:
        """Return what it shows of a picture and of all else of its size; what is shrunk of it stays whole."""
        size = picture.cols, picture.rows  # and not all of its pixels, held for as long

        def also_cut(make: Callable[[], Decoded]) -> Decoded:
            other = make()
            return self.cut(other) if (other.cols, other.rows) == size else other

        rows, cols = slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)
        return replace(
            picture,
            pixels=picture.pixels[rows, cols],
            provenance=replace(picture.provenance, width=self.width, height=self.height),
            also=tuple(replace(also, make=partial(also_cut, also.make)) for also in picture.also),
        )


def _clean_aperture(data: bytes) -> _Aperture | None:
    """Return the rectangle of the primary picture that is to be shown; None where there is none, or none of pixels.

    References
    ----------
    ISO/IEC 14496-12, 12.1.4.
    """
    width = height = 0
    terms: tuple[int, ...] = ()
    for kind, body in properties(data):
        if kind == b"ispe" and len(body) >= 12 and not width:
            width, height = struct.unpack_from(">II", body, 4)
        elif kind == b"clap" and len(body) >= 32 and not terms:
            terms = struct.unpack_from(">8i", body)
    if not terms or not width or any(below <= 0 for below in terms[1::2]):
        return None
    cols, rows, across, down = (Fraction(*terms[k : k + 2]) for k in (0, 2, 4, 6))
    left = Fraction(width - 1, 2) + across - (cols - 1) / 2
    top = Fraction(height - 1, 2) + down - (rows - 1) / 2
    if any(each.denominator != 1 for each in (cols, rows, left, top)):
        return None
    if min(cols, rows) <= 0 or min(left, top) < 0:
        return None
    return _Aperture(int(left), int(top), int(cols), int(rows))
