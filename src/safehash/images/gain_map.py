"""What a file holds of its picture's other brightness: a gain map, by which screens show another picture."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import ImageTooLarge
from .colour import Colour
from .conversions import to_pixels
from .declared import Declared
from .guarding import undisturbed
from .icc import SAMPLES, Curve
from .jpeg_header import segments
from .light import srgb_light, srgb_samples
from .pictures import Also, Decoded, Provenance, UInt8Array

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["GainMap", "by_numbers", "gain_maps", "in_another_brightness"]

Float64Array = npt.NDArray[np.float64]
Three = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class GainMap:
    """How much brighter or darker each place of a picture is shown.

    Attributes
    ----------
    start : int
        Where the map's own JPEG file begins in the file.
    least, most : (float, float, float)
        What its darkest and its brightest samples stand for, of red, green and blue: the binary logarithm of bright
        light to ordinary light.
    gamma : (float, float, float)
        The exponent that its samples were coded by.
    bright_offset, ordinary_offset : (float, float, float)
        Added to light of the bright picture, and of the ordinary one, before one is divided by the other.
    is_base_bright : bool
        The file's own picture is the bright one: browsers show the other on ordinary screens.
    """

    start: int
    least: Three
    most: Three
    gamma: Three
    bright_offset: Three
    ordinary_offset: Three
    is_base_bright: bool


#: Gain maps of a file that are looked at: as XMP and as ISO 21496-1 say it, and another one.
_MOST_MAPS = 4
#: Segments and pictures looked through for one, and bytes of a rational number's two parts.
_MAX_SEGMENTS, _MAX_PICTURES, _RATIONAL = 1024, 256, 8
_APP1, _APP2 = 0xE1, 0xE2
_XMP, _INDEX, _ISO = b"http://ns.adobe.com/x", b"MPF\0", b"urn:iso:std:iso:ts:21496:-1\0"
_NAMESPACE = "http://ns.adobe.com/hdr-gain-map/1.0/"
_BEGINNING = b"\xff\xd8\xff"


def gain_maps(data: bytes) -> tuple[GainMap, ...]:
    """Return the gain maps that a JPEG file has beside its picture.

    Raises
    ------
    ImageTooLarge
        It has more pictures than are looked through.

    References
    ----------
    Adobe's Gain Map 1.0, Android's Ultra HDR 1.1 (a directory in XMP, or an index as of CIPA DC-007), ISO 21496-1.
    """
    starts: dict[int, None] = {}
    for kind, begin, end in islice(segments(data), _MAX_SEGMENTS):
        if kind == _APP2 and data.startswith(_INDEX, begin, end):
            starts |= dict.fromkeys(_indexed(data[begin + len(_INDEX) : end], begin + len(_INDEX)))
        elif kind == _APP1 and data.startswith(_XMP, begin, end) and _names_a_map(data[begin:end]):
            starts |= dict.fromkeys(islice(_beginnings(data, end), _MAX_PICTURES + 1))
    if len(starts) > _MAX_PICTURES:
        raise ImageTooLarge(f"more than {_MAX_PICTURES} pictures in a JPEG file that speaks of gain maps")
    found = (one for start in starts if start > 0 for one in _maps_at(data, start))
    return tuple(islice(found, _MOST_MAPS))


def _names_a_map(packet: bytes) -> bool:
    """Tell whether an XMP packet may name a gain map: in these words, or in characters by their number."""
    return b"GainMap" in packet or b"&#" in packet


def _beginnings(data: bytes, at: int) -> Iterator[int]:
    while (at := data.find(_BEGINNING, at)) >= 0:
        yield at
        at += 1


def _indexed(body: bytes, base: int) -> list[int]:
    """Return where the pictures behind the first stand in the file, by the index of several pictures in one."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(body[:4])
    if order is None or len(body) < 10:
        return []
    (at,) = struct.unpack_from(order + "I", body, 4)
    if at + 2 > len(body):
        return []
    (n_entries,) = struct.unpack_from(order + "H", body, at)
    for place in range(at + 2, min(at + 2 + 12 * n_entries, len(body) - 11), 12):
        tag, _, length, entries = struct.unpack_from(order + "HHII", body, place)
        if tag == _PICTURES:
            last = min(entries + length, len(body))
            return [
                base + struct.unpack_from(order + "I", body, entry + 8)[0]
                for entry in range(entries + 16, last - 15, 16)
            ]
    return []


#: The index' entry that says where each picture stands.
_PICTURES = 0xB002


def _maps_at(data: bytes, start: int) -> Iterator[GainMap]:
    """Yield what the file that begins at a place says of itself as a gain map."""
    if not data.startswith(_BEGINNING, start):
        return
    for kind, begin, end in islice(segments(data, start), _MAX_SEGMENTS):
        found = None
        if kind == _APP1 and data.startswith(_XMP, begin, end):
            found = _by_xmp(unescape(data[begin:end].decode("utf-8", "replace")), start)
        elif kind == _APP2 and data.startswith(_ISO, begin, end):
            found = by_numbers(data[begin + len(_ISO) : end], start)
        if found is not None:
            yield found


def _by_xmp(packet: str, start: int) -> GainMap | None:
    declared = re.search(rf"xmlns:([\w.-]+)\s*=\s*[\"']{re.escape(_NAMESPACE)}", packet)
    if declared is None:
        return None
    prefix = re.escape(declared[1])

    def said(name: str) -> str:
        found = re.search(rf"{prefix}:{name}\s*=\s*[\"']([^\"']*)", packet)
        found = found or re.search(rf"<{prefix}:{name}[^>]*>(.*?)</{prefix}:{name}>", packet, re.DOTALL)
        return found[1] if found else ""

    def numbers(name: str, usual: float) -> Three:
        found = [
            float(each) for each in re.findall(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?", said(name))
        ]
        first = found[0] if found else usual
        return (first, found[1], found[2]) if len(found) >= 3 else (first, first, first)

    if not said("Version"):
        return None
    offset = 1 / 64
    return _sound(
        GainMap(
            start=start, least=numbers("GainMapMin", 0.0), most=numbers("GainMapMax", 1.0), gamma=numbers("Gamma", 1.0),
            bright_offset=numbers("OffsetHDR", offset), ordinary_offset=numbers("OffsetSDR", offset),
            is_base_bright=said("BaseRenditionIsHDR").strip().lower() in ("true", "1"),
        )
    )  # fmt: skip


#: In the flags of ISO 21496-1: a gain of each colour; one denominator for all.
_OF_EACH, _ONE_DENOMINATOR = 0x80, 0x08


def by_numbers(body: bytes, start: int) -> GainMap | None:
    """Return what the numbers of ISO 21496-1 say; None where they mean nothing.

    Parameters
    ----------
    body : bytes
        From the version on.
    start : int
        Where the map begins.
    """
    if len(body) < 5:
        return None
    flags = body[4]
    n_colours = 3 if flags & _OF_EACH else 1
    shared = bool(flags & _ONE_DENOMINATOR)
    signed = (False, False, *(True, True, False, True, True) * n_colours)
    n_bytes = 4 + 4 * len(signed) if shared else _RATIONAL * len(signed)
    if len(body) < 5 + n_bytes:
        return None
    below = struct.unpack_from(">I", body, 5)[0]
    values = []
    for number, is_signed in enumerate(signed):
        at = 9 + 4 * number if shared else 5 + _RATIONAL * number
        (above,) = struct.unpack_from(">i" if is_signed else ">I", body, at)
        by = below if shared else struct.unpack_from(">I", body, at + 4)[0]
        if not by:
            return None
        values.append(above / by)
    base, other, *rest = values
    red, green, blue = (rest[5 * k : 5 * k + 5] for k in ((0, 1, 2) if n_colours == 3 else (0, 0, 0)))
    least, most, gamma, of_base, of_other = zip(red, green, blue, strict=True)
    is_base_bright = base > other
    return _sound(
        GainMap(
            start=start, least=least, most=most, gamma=gamma, is_base_bright=is_base_bright,
            bright_offset=of_base if is_base_bright else of_other,
            ordinary_offset=of_other if is_base_bright else of_base,
        )
    )  # fmt: skip


#: Beyond so many doublings nothing is left of a picture, nor where so much light is added to it.
_MOST_DOUBLINGS, _MOST_ADDED = 64.0, 1024.0


def _sound(gain: GainMap) -> GainMap | None:
    """Return a gain map whose numbers mean something."""
    added = max(map(abs, (*gain.bright_offset, *gain.ordinary_offset)))
    doublings = max(map(abs, (*gain.least, *gain.most)))
    if min(gain.gamma) <= 0 or doublings > _MOST_DOUBLINGS or added > _MOST_ADDED:
        return None
    return gain


# -- the picture ------------------------------------------------------------------------------------------------


#: Rows taken at a time.
_STRIP = 256
#: Steps of light for which a screen's sample is known.
_LEVELS = 1 << 14


def in_another_brightness(
    gain: GainMap,
    load: Callable[[], tuple[Image, Image]],
    provenance: Provenance,
    colours: tuple[Declared, ...],
) -> Also:
    """Return the picture that the other kind of screen shows.

    Parameters
    ----------
    gain : GainMap
    load : callable
        Returns the picture, in colour, and the map.
    provenance : Provenance
        What the picture is reduced by is its `scale`.
    colours : tuple of Declared
        What the file says its colours are.
    """

    def convert() -> Decoded:
        image, own = load()
        from PIL import Image as pil

        taken = own.convert("RGB").resize(image.size, pil.Resampling.BILINEAR)
        heeded = next((each.colour for each in colours if each.shown), None)
        pixels = _multiplied(np.asarray(image.convert("RGB")), np.asarray(taken), gain, heeded)
        if image.mode == "RGBA":
            shown = pil.fromarray(np.dstack([pixels, np.asarray(image)[..., 3]]))
            pixels = to_pixels(shown, "white", 1)[0]
        return Decoded(pixels=pixels, provenance=provenance)

    def make() -> Decoded:
        return undisturbed(provenance.format, convert)

    if gain.is_base_bright:
        return Also("as ordinary screens show it by its gain map", make, effort="fast", shown=True)
    return Also("as bright screens show it by its gain map", make)


def _multiplied(picture: UInt8Array, own: UInt8Array, gain: GainMap, colour: Colour | None) -> UInt8Array:
    """Return a picture's light multiplied by its gain, as samples of a screen."""
    curves: tuple[Curve, Curve, Curve] = (srgb_light, srgb_light, srgb_light)
    to_srgb = np.eye(3)
    if (
        colour is not None
        and colour.curves is not None
        and colour.to_srgb is not None
        and colour.high_range is None
    ):
        curves, to_srgb = colour.curves, colour.to_srgb
    sign = -1.0 if gain.is_base_bright else 1.0
    added, taken = gain.ordinary_offset, gain.bright_offset
    if gain.is_base_bright:
        added, taken = taken, added
    lights, factors = [], []
    for k in range(3):
        lights.append((curves[k](SAMPLES) + added[k]).astype(np.float32))
        doublings = gain.least[k] + (gain.most[k] - gain.least[k]) * SAMPLES ** (1 / gain.gamma[k])
        factors.append(np.exp2(sign * doublings).astype(np.float32))
    levels = np.rint(srgb_samples(np.linspace(0.0, 1.0, _LEVELS))).astype(np.uint8)
    shown = np.empty_like(picture)
    for top in range(0, len(picture), _STRIP):
        rows = slice(top, top + _STRIP)
        light = np.stack(
            [lights[k][picture[rows, :, k]] * factors[k][own[rows, :, k]] - taken[k] for k in range(3)],
            axis=-1,
        )
        light = light @ to_srgb.T.astype(np.float32)
        shown[rows] = levels[np.rint(np.clip(light, 0, 1) * (_LEVELS - 1)).astype(np.uint16)]
    return shown
