"""AVIF files to pixels: the decoder's picture, cut to its clean aperture."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from .boxes import properties
from .frames import read_frames
from .opening import Codec
from .pictures import Also, Decoded
from .request import Request

__all__ = ["read_avif"]


def _opener() -> Callable[..., Any]:
    from PIL.AvifImagePlugin import AvifImageFile

    return AvifImageFile


CODEC = Codec(name="AVIF", opener=_opener)


def read_avif(data: bytes, request: Request) -> Iterator[Decoded]:
    """Decode the frames of an AVIF file."""
    aperture = _clean_aperture(data)
    is_full = any(
        kind == b"colr" and body[:4] == b"nclx" and body[10:11] >= b"\x80" for kind, body in properties(data)
    )
    if aperture is None:
        for frame in read_frames(CODEC, data, request):
            # Of a track Chromium takes full range for narrow.
            in_track = frame.provenance.n_frames > 1 or data[8:12] == b"avis"
            yield replace(frame, also=(*frame.also, _stretched(frame))) if is_full and in_track else frame
        return
    # Averaged samples would straddle its edges.
    for whole in read_frames(CODEC, data, replace(request, step_for=None)):
        if not aperture.is_within(whole):
            yield whole
            continue
        part = aperture.cut(whole)
        # Browsers heed an aperture in the upper left corner alone, other viewers any.
        if aperture.left == aperture.top == 0:
            yield replace(part, also=(*part.also, _also("with what its aperture cuts off", whole)))
        else:
            yield replace(whole, also=(*whole.also, _also("cut to its aperture", part)))


def _stretched(frame: Decoded) -> Also:
    """Return a frame with its range taken for a narrow one: darker than 16 is black, lighter than 235 white."""
    levels = np.clip(np.rint((np.arange(256) - 16) * (255 / 219)), 0, 255).astype(np.uint8)
    return Also(
        "with its range taken for narrow", lambda: replace(frame, pixels=levels[frame.pixels], also=())
    )


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
