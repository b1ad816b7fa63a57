"""AVIF files to pixels: the decoder's picture, cut to its clean aperture."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

from ..errors import UnreadableImage
from .boxes import has_two_pictures, properties
from .frames import read_frames
from .opening import Codec
from .pictures import Also, Decoded, another
from .request import Request

__all__ = ["read_avif"]


def _opener() -> Callable[..., Any]:
    from PIL.AvifImagePlugin import AvifImageFile

    return AvifImageFile


CODEC = Codec(name="AVIF", opener=_opener)


def read_avif(data: bytes, request: Request) -> Iterator[Decoded]:
    """Decode an AVIF file: its still picture or the frames of its animation, whichever its first brand says."""
    frames = _read(data, request)
    if not has_two_pictures(data):
        yield from frames
    elif data[8:12] == _ANIMATED:
        first = next(frames)
        if request.effort is not None and request.effort != "fast":  # somebody looks
            still = another("its still picture", lambda: next(_read(data[:8] + _STILL + data[12:], request)))
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


def _read(data: bytes, request: Request) -> Iterator[Decoded]:
    aperture = _clean_aperture(data)
    # Averaged samples would straddle its edges.
    frames = _cut(read_frames(CODEC, data, _whole(request, aperture)), aperture)
    narrow: _Narrow | None = None
    for number, frame in enumerate(frames):
        if number == 0 and (frame.provenance.n_frames > 1 or data[8:12] == _ANIMATED) and _is_full(data):
            narrow = _Narrow(data, request, aperture)
        yield frame if narrow is None else replace(frame, also=(*frame.also, *narrow.views(frame)))


def _whole(request: Request, aperture: _Aperture | None) -> Request:
    return request if aperture is None else replace(request, step_for=None)


def _cut(frames: Iterator[Decoded], aperture: _Aperture | None) -> Iterator[Decoded]:
    """Yield frames as they are shown: cut to the aperture, if there is one."""
    for whole in frames:
        if aperture is None or not aperture.is_within(whole):
            yield whole
            continue
        part = aperture.cut(whole)
        # Browsers heed an aperture in the upper left corner alone, other viewers any.
        if aperture.left == aperture.top == 0:
            yield replace(part, also=(*part.also, _also("with what its aperture cuts off", whole)))
        else:
            yield replace(whole, also=(*whole.also, _also("cut to its aperture", part)))


_NCLX_FULL = re.compile(rb"colrnclx.{6}[\x80-\xff]", re.DOTALL)


def _is_full(data: bytes) -> bool:
    """Tell whether a file says that its samples use their full range."""
    return any(
        kind == b"colr" and body[:4] == b"nclx" and body[10:11] >= b"\x80" for kind, body in properties(data)
    )


class _Narrow:
    """An animation with its full range taken for a narrow one, as Chromium does: decoded once more, where looked up.

    Parameters
    ----------
    data, request, aperture
        As for the animation itself.
    """

    def __init__(self, data: bytes, request: Request, aperture: _Aperture | None) -> None:
        self._data = _NCLX_FULL.sub(lambda found: found[0][:-1] + bytes([found[0][-1] & 0x7F]), data)
        self._request, self._aperture = request, aperture
        self._frames: Iterator[Decoded] = iter(())
        self._last: Decoded | None = None

    def views(self, frame: Decoded) -> Iterator[Also]:
        """Yield every picture of a frame that viewers show, in the narrow range: looked up, but no other picture."""
        yield Also(_AS_NARROW, lambda: self._again(frame, None), effort="fast")
        for also in frame.also:
            if not also.plain:
                yield replace(
                    also,
                    name=f"{also.name}, {_AS_NARROW}",
                    make=lambda name=also.name: self._again(frame, name),  # type: ignore[misc]
                    shown=False,
                )

    def _again(self, frame: Decoded, name: str | None) -> Decoded:
        number = frame.provenance.frame
        if self._last is None or self._last.provenance.frame > number:
            self._frames = _cut(
                read_frames(CODEC, self._data, _whole(self._request, self._aperture)), self._aperture
            )
            self._last = next(self._frames)
        while self._last.provenance.frame < number:
            self._last = next(self._frames, None)
            if self._last is None:
                raise UnreadableImage(f"damaged AVIF: frame {number + 1} does not decode a second time")
        if name is None:
            return replace(self._last, also=())
        return next(also for also in self._last.also if also.name == name).make()


_AS_NARROW = "with its range taken for narrow"


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
        """Return what it shows of a picture, and of all else that may be seen of it."""
        rows, cols = slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)
        return replace(
            picture,
            pixels=picture.pixels[rows, cols],
            provenance=replace(picture.provenance, width=self.width, height=self.height),
            also=tuple(
                replace(also, make=lambda also=also: self.cut(also.make()))  # type: ignore[misc]
                for also in picture.also
            ),
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
