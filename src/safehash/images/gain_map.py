"""What a file holds of its picture's other brightness: a gain map, by which screens show another picture."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import unescape
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import ImageTooLarge
from .colour import Colour
from .conversions import to_pixels
from .deadline import NO_DEADLINE, Deadline
from .guarding import undisturbed
from .icc import SAMPLES, Curve
from .jpeg_header import segments
from .light import srgb_light, srgb_samples
from .limits import Limits, check_held
from .matrices import through
from .pictures import Also, Decoded, Provenance, UInt8Array
from .request import Request

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["MOST_MAPS", "GainMap", "by_numbers", "check_both", "gain_maps", "in_another_brightness"]

Float64Array = npt.NDArray[np.float64]
Three = tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class GainMap:
    """How much brighter or darker each place of a picture is shown.

    Attributes
    ----------
    least, most : (float, float, float)
        What its darkest and its brightest samples stand for, of red, green and blue: the binary logarithm of bright
        light to ordinary light.
    gamma : (float, float, float)
        The exponent that its samples were coded by.
    bright_offset, ordinary_offset : (float, float, float)
        Added to light of the bright picture, and of the ordinary one, before one is divided by the other.
    is_base_bright : bool
        The file's own picture is the bright one: browsers show the other on ordinary screens.
    start : int
        Where the map's own JPEG file begins in the file.
    """

    least: Three
    most: Three
    gamma: Three
    bright_offset: Three
    ordinary_offset: Three
    is_base_bright: bool
    start: int = 0


#: Gain maps of a file that are looked at: as XMP and as ISO 21496-1 say it, and two others. Each costs a decode.
MOST_MAPS = 4
#: Segments, in all, and pictures looked through for one: a file of 256 pictures, each with 64 segments. What lies
#: behind them nobody has looked at, and the upload says so.
_MAX_SEGMENTS, _MAX_PICTURES = 16_384, 256
#: Bytes of XMP looked through for a map, where that is more than the file's own length: packets may lie within one
#: another's segments. A megabyte of them takes a quarter of a second.
_XMP_BYTES = 4 << 20
#: Bytes of a rational number's two parts.
_RATIONAL = 8
_APP1, _APP2 = 0xE1, 0xE2
_XMP, _INDEX, _ISO = b"http://ns.adobe.com/x", b"MPF\0", b"urn:iso:std:iso:ts:21496:-1\0"
_NAMESPACE = "http://ns.adobe.com/hdr-gain-map/1.0/"
_BEGINNING = b"\xff\xd8\xff"


def gain_maps(data: bytes, *, deadline: Deadline = NO_DEADLINE) -> tuple[GainMap, ...]:
    """Return the gain maps that a JPEG file has beside its picture.

    Parameters
    ----------
    data : bytes
        The whole file.
    deadline : Deadline
        Looked at before each segment.

    Raises
    ------
    ImageTooLarge
        It has more pictures, segments, bytes of XMP or maps than are looked at.
    DeadlinePassed

    References
    ----------
    Adobe's Gain Map 1.0, Android's Ultra HDR 1.1 (a directory in XMP, or an index as of CIPA DC-007), ISO 21496-1.
    """
    left = _MAX_SEGMENTS

    def of(start: int) -> Iterator[tuple[int, int, int]]:
        nonlocal left
        for each in segments(data, start):
            left -= 1
            if left < 0:
                raise ImageTooLarge(
                    f"more than {_MAX_SEGMENTS} segments in a JPEG file that may have gain maps"
                )
            deadline.check()
            yield each

    starts: dict[int, None] = {}
    has_directory = False
    for kind, begin, end in of(0):
        if kind == _APP2 and data.startswith(_INDEX, begin, end):
            starts |= dict.fromkeys(_indexed(data[begin + len(_INDEX) : end], begin + len(_INDEX)))
        elif has_directory:
            pass  # what begins behind this segment began behind the first one, too
        elif kind == _APP1 and data.startswith(_XMP, begin, end) and _names_a_map(data[begin:end]):
            has_directory = True
            starts |= dict.fromkeys(islice(_beginnings(data, end), _MAX_PICTURES + 1))
        if len(starts) > _MAX_PICTURES:
            raise ImageTooLarge(f"more than {_MAX_PICTURES} pictures in a JPEG file that speaks of gain maps")
    # Beginnings may lie within one another's files: what a segment says is read once.
    said: dict[int, GainMap | None] = {}
    most_xmp = xmp_left = max(len(data), _XMP_BYTES)
    found: list[GainMap] = []
    for start in starts:
        if start <= 0 or not data.startswith(_BEGINNING, start):
            continue
        for kind, begin, end in of(start):
            if begin not in said:
                xmp_left -= end - begin if kind == _APP1 else 0
                if xmp_left < 0:
                    raise ImageTooLarge(
                        f"more than {most_xmp} bytes of XMP in a JPEG file that may have gain maps"
                    )
                said[begin] = _said(data, kind, begin, end)
            one = said[begin]
            if one is not None:
                found.append(replace(one, start=start))
    if len(found) > MOST_MAPS:
        raise ImageTooLarge(f"{len(found)} gain maps in one JPEG file, and {MOST_MAPS} are looked at")
    return tuple(found)


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


def _said(data: bytes, kind: int, begin: int, end: int) -> GainMap | None:
    """Return what a segment says of its file as a gain map, wherever that begins; None for nothing."""
    if kind == _APP1 and data.startswith(_XMP, begin, end):
        return _by_xmp(unescape(data[begin:end].decode("utf-8", "replace")))
    if kind == _APP2 and data.startswith(_ISO, begin, end):
        return by_numbers(data[begin + len(_ISO) : end])
    return None


def _by_xmp(packet: str) -> GainMap | None:
    declared = re.search(rf"xmlns:([\w.-]+)\s*=\s*[\"']{re.escape(_NAMESPACE)}", packet)
    if declared is None:
        return None
    prefix = declared[1]

    def said(name: str) -> str:
        found = re.search(rf"{re.escape(prefix)}:{name}\s*=\s*[\"']([^\"']*)", packet)
        return found[1] if found else _element(packet, f"{prefix}:{name}")

    def numbers(name: str, usual: float) -> Three:
        found = [float(each[0]) for each in islice(_NUMBER.finditer(said(name)), 3)]
        first = found[0] if found else usual
        return (first, found[1], found[2]) if len(found) >= 3 else (first, first, first)

    if not said("Version"):
        return None
    offset = 1 / 64
    return _sound(
        GainMap(
            least=numbers("GainMapMin", 0.0), most=numbers("GainMapMax", 1.0), gamma=numbers("Gamma", 1.0),
            bright_offset=numbers("OffsetHDR", offset), ordinary_offset=numbers("OffsetSDR", offset),
            is_base_bright=said("BaseRenditionIsHDR").strip().lower() in ("true", "1"),
        )
    )  # fmt: skip


_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,3})?")


def _element(packet: str, name: str) -> str:
    """Return what stands in the first element of a name, "" where it has no end: each place is looked at once."""
    opening = re.search(rf"<{re.escape(name)}(?![\w.:-])", packet)
    inside = packet.find(">", opening.end()) if opening is not None else -1
    end = packet.find(f"</{name}>", inside) if inside >= 0 else -1
    return packet[inside + 1 : end] if end >= 0 else ""


#: In the flags of ISO 21496-1: a gain of each colour; one denominator for all.
_OF_EACH, _ONE_DENOMINATOR = 0x80, 0x08


def by_numbers(body: bytes) -> GainMap | None:
    """Return what the numbers of ISO 21496-1 say; None where they mean nothing.

    Parameters
    ----------
    body : bytes
        From the version on.
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
            least=least, most=most, gamma=gamma, is_base_bright=is_base_bright,
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


#: Pixels taken at a time: some megabytes of light.
_STRIP_PIXELS = 1 << 16
#: Steps of light for which a screen's sample is known.
_LEVELS = 1 << 14
#: Bytes a pixel of a picture that the imaging library holds, and of one that is shown; of alpha on its way into it.
_HELD, _SHOWN, _WITH_ALPHA = 4, 3, 8


def check_both(
    picture: tuple[int, int],
    own: tuple[int, int],
    *,
    name: str,
    has_alpha: bool,
    decoding: float,
    limits: Limits,
) -> None:
    """Refuse a picture and its map that cannot be held together.

    Parameters
    ----------
    picture, own : (int, int)
        Columns and rows of the picture and of the map, as they are decoded.
    name : str
        Of the format.
    has_alpha : bool
        The picture has.
    decoding : float
        Bytes that the decoder holds of each pixel.
    limits : Limits

    Raises
    ------
    ImageTooLarge
    """
    share = own[0] * own[1] / (picture[0] * picture[1])
    shown = _SHOWN + _WITH_ALPHA * has_alpha
    held = _HELD + max(decoding * share, _HELD * share + shown)
    check_held(f"{name} with a gain map", picture, held, limits)


def in_another_brightness(
    gains: Sequence[tuple[GainMap, Callable[[], tuple[Image, Image]], Provenance]], request: Request
) -> tuple[Also, ...]:
    """Return the pictures that the other kind of screen shows.

    Parameters
    ----------
    gains : sequence of (GainMap, callable, Provenance)
        Each with what returns the picture, in colour, and the map, after `check_both`; what the picture is reduced by
        is its provenance's `scale`.
    request : Request
        Of its colours the first counts that browsers heed.
    """
    heeded = next((each.colour for each in request.colours if each.shown), None)

    def made(
        gain: GainMap, load: Callable[[], tuple[Image, Image]], provenance: Provenance, number: int
    ) -> Also:
        def convert() -> Decoded:
            from PIL import Image as pil

            image, own = load()
            pixels = _multiplied(image, own, gain, heeded, request.deadline)
            if image.mode == "RGBA":
                shown = pil.fromarray(np.dstack([pixels, np.asarray(image)[..., 3]]))
                pixels = to_pixels(shown, "white", 1)[0]
            return Decoded(pixels=pixels, provenance=provenance)

        def make() -> Decoded:
            return undisturbed(provenance.format, convert)

        again = f", number {number}" if number > 1 else ""
        if gain.is_base_bright:
            return Also(
                f"as ordinary screens show it by its gain map{again}", make, effort="fast", shown=True
            )
        return Also(f"as bright screens show it by its gain map{again}", make)

    return tuple(made(*each, number) for number, each in enumerate(gains, 1))


def _multiplied(
    picture: Image, own: Image, gain: GainMap, colour: Colour | None, deadline: Deadline
) -> UInt8Array:
    """Return a picture's light multiplied by its gain, as samples of a screen, some rows at a time.

    Of a profile that is a table, or of a high range, the curves and colours of sRGB are taken.
    """
    from PIL import Image as pil

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
    to_screen = to_srgb.astype(np.float32)
    cols, rows = picture.size
    n_rows = max(1, _STRIP_PIXELS // cols)
    across, down = own.width, own.height / rows
    shown = np.empty((rows, cols, 3), np.uint8)
    for top in range(0, rows, n_rows):
        deadline.check()
        end = min(rows, top + n_rows)
        strip = np.asarray(picture.crop((0, top, cols, end)).convert("RGB"))
        part = _part_of(own, top * down, end * down)
        taken_by = np.asarray(
            part[0].resize((cols, end - top), pil.Resampling.BILINEAR, box=(0, part[1], across, part[2]))
        )
        light = np.stack(
            [lights[k][strip[..., k]] * factors[k][taken_by[..., k]] - taken[k] for k in range(3)], axis=-1
        )
        light = through(to_screen, light)
        shown[top:end] = levels[np.rint(np.clip(light, 0, 1) * (_LEVELS - 1)).astype(np.uint16)]
    return shown


def _part_of(own: Image, top: float, end: float) -> tuple[Image, float, float]:
    """Return, in colour, the rows of a map that some rows of a picture are made of, and where those lie in it."""
    # What is drawn between two rows of the map, or is the mean of several, reaches as far as one more of either.
    more = 2 + int(end - top)
    first, last = max(0, int(top) - more), min(own.height, int(end) + 1 + more)
    return own.crop((0, first, own.width, last)).convert("RGB"), top - first, end - first
