"""The table of formats: what reads each, and how much of an animation is looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from . import avif, bmp, gif, heif, jpeg, png, pnm, tiff, webp
from .frames import ANIMATION, FILM, STILLS, Worth
from .lent import File
from .pictures import Decoded
from .request import Request

__all__ = ["FORMATS", "Format"]

#: Gives the pictures of a file in the order in which they are shown: one, or an animation's frames.
Reader: TypeAlias = Callable[[bytes, Request], Iterator[Decoded]]


@dataclass(frozen=True, slots=True)
class Format:
    """One format.

    Attributes
    ----------
    read : callable
    worth : Worth
    at_once : callable or None
        Returns the one picture of a file, and reads lent bytes where they lie. It counts the file's parts and looks for
        its colours itself, where its short way does not do.
    """

    read: Reader
    worth: Worth = ANIMATION
    at_once: Callable[[File, Request], Decoded] | None = None


#: By the name that `sniffing.sniff` and `Limits.formats` give each format.
FORMATS: dict[str, Format] = {
    "JPEG": Format(jpeg.read_jpeg, at_once=jpeg.decode_jpeg),
    "PNG": Format(png.read_png),
    "GIF": Format(gif.read_gif),
    "WEBP": Format(webp.read_webp),
    "AVIF": Format(avif.read_avif, worth=FILM),
    "BMP": Format(bmp.read_bmp),
    "TIFF": Format(tiff.read_tiff),
    "HEIF": Format(heif.read_heif, worth=STILLS),
    "PNM": Format(pnm.read_pnm),
}
