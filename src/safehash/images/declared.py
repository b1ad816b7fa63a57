"""Where a file says what its colours are, in which order, and which of it browsers heed."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from .boxes import video_colour
from .colour import (
    Colour,
    colour_of_code_points,
    colour_of_gamma,
    colour_of_icc,
    colour_of_screen,
    space_of_icc,
)
from .icc import MAX_PROFILE_BYTES
from .jpeg_header import segments
from .light import says_something
from .png_chunks import GREYS

__all__ = ["Declared", "colours_of_info", "declared_colours", "jpeg_profiles"]

#: Chunks, segments and boxes looked through for a declaration. Beyond so many nothing is declared by an honest file.
_MAX_PARTS = 4096


@dataclass(frozen=True, slots=True)
class Declared:
    """A colour that a file declares and that differs from sRGB.

    Attributes
    ----------
    colour : Colour
    shown : bool
        Browsers heed it. Others stand behind one that they heed, or are for other viewers.
    """

    colour: Colour
    shown: bool


def declared_colours(name: str, data: bytes) -> tuple[Declared, ...]:
    """Return what a file says its colours are, as far as that differs from sRGB; nothing for an ordinary file.

    Parameters
    ----------
    name : str
        Of the format.
    data : bytes
        The whole file.
    """
    find = _FINDERS.get(name)
    return () if find is None else tuple(find(data))


def colours_of_info(info: Mapping[Any, Any]) -> tuple[Declared, ...]:
    """Return what the imaging library found of a profile or a gamma beside a picture's pixels."""
    profile, gamma, corners = info.get("icc_profile"), info.get("gamma"), info.get("chromaticity")
    found = []
    if isinstance(profile, bytes):
        found.append(colour_of_icc(profile))
    if isinstance(gamma, float) and gamma > 0 and "srgb" not in info:
        chromaticities = corners if isinstance(corners, tuple) and len(corners) == 8 else None
        found.append(colour_of_gamma(gamma, chromaticities))
    return tuple(_in_order(found))


def _in_order(found: list[Colour | None]) -> Iterator[Declared]:
    """Yield what differs from sRGB; the first that is there at all is the one heeded."""
    for number, colour in enumerate(found):
        if colour is not None:
            yield Declared(colour, shown=number == 0)
            if colour.otherwise is not None:
                yield Declared(colour.otherwise, shown=False)


# -- PNG --------------------------------------------------------------------------------------------------------


_CHUNK = struct.Struct(">I4s").unpack_from


def _of_png(data: bytes) -> Iterator[Declared]:
    """Yield by cICP, iCCP, sRGB and gAMA (with cHRM), the first of each that is whole, before the pixels.

    Browsers pass over a cICP behind the palette and heed all others there; other viewers may heed it.
    """
    chunks: dict[bytes, bytes] = {}
    is_behind_palette = False
    at = 8
    for _ in range(_MAX_PARTS):
        if at + 8 > len(data):
            break
        n_bytes, kind = _CHUNK(data, at)
        if kind == b"IDAT":
            break
        end = at + 12 + n_bytes
        is_behind_palette = is_behind_palette or kind == b"PLTE"
        name = _LATE if kind == b"cICP" and is_behind_palette else kind
        if kind in _PNG_CHUNKS and name not in chunks and end <= len(data):
            body = data[at + 8 : end - 4]
            is_whole = zlib.crc32(body, zlib.crc32(kind)) == int.from_bytes(data[end - 4 : end], "big")
            if is_whole and _says_something(kind, body):
                chunks[name] = body
        at = end
    if not chunks:
        return
    found: list[Colour | None] = []
    peak = _peak(chunks)
    found += _by_code_points(chunks.get(b"cICP", b""), peak)
    profile = _png_profile(chunks.get(b"iCCP", b""))
    # One that is broken, or for other samples, goes before nothing.
    if profile is not None and space_of_icc(profile) in (("GRAY", "RGB") if data[25] in GREYS else ("RGB",)):
        found.append(colour_of_icc(profile, peak=peak))
    if b"sRGB" in chunks:
        found.append(None)
    gamma = int.from_bytes(chunks.get(b"gAMA", b""), "big")
    if gamma:
        corners = chunks.get(b"cHRM")
        chromaticities = tuple(each / 100000 for each in struct.unpack(">8I", corners)) if corners else None
        found.append(colour_of_gamma(gamma / 100000, chromaticities))
    late = _by_code_points(chunks.get(_LATE, b""), peak)
    yield from _in_order([*(found or [None]), *late] if late else found)


def _says_something(kind: bytes, body: bytes) -> bool:
    """Tell whether a chunk counts as one of its kind: what does not stands in no other's way."""
    if len(body) != _LENGTHS.get(kind, len(body)):
        return False
    return any(body) if kind == b"gAMA" else kind != b"sRGB" or body in _SRGB_INTENTS


def _by_code_points(chunk: bytes, peak: float | None) -> list[Colour | None]:
    """Return what a cICP chunk says, if it says anything: primaries and transfer function, no matrix, full range."""
    if chunk[2:] != b"\0\1" or not says_something(*chunk[:2]):
        return []
    return [colour_of_code_points(chunk[0], chunk[1], peak=peak)]


#: What a cICP behind the palette is called here.
_LATE = b"cICP, late"
#: What these chunks are long, in bytes; a profile has any length. Browsers take the first that is so long.
_LENGTHS = {b"cICP": 4, b"sRGB": 1, b"gAMA": 4, b"cHRM": 32, b"mDCV": 24, b"cLLI": 8}
_PNG_CHUNKS = frozenset({b"iCCP", *_LENGTHS})
_SRGB_INTENTS = (b"\0", b"\1", b"\2", b"\3")


def _png_profile(chunk: bytes) -> bytes | None:
    """Return the profile of an iCCP chunk: a name, a zero, the method, and what zlib packed."""
    end = chunk.find(b"\0")
    if not 1 <= end <= 79 or chunk[end + 1 : end + 2] != b"\0":
        return None
    unpacker = zlib.decompressobj()
    try:
        profile = unpacker.decompress(chunk[end + 2 :], MAX_PROFILE_BYTES)
    except zlib.error:
        return None
    return profile if profile and unpacker.eof else None


def _peak(chunks: dict[bytes, bytes]) -> float | None:
    """Return the brightest light of the picture, or else of the screen it was made on, in candela a square metre."""
    brightest = int.from_bytes(chunks.get(b"cLLI", b"")[:4], "big")
    brightest = brightest or int.from_bytes(chunks.get(b"mDCV", b"")[16:20], "big")
    return brightest / 10000 if brightest else None


# -- JPEG -------------------------------------------------------------------------------------------------------


_APP2 = 0xE2
_PROFILE_MARK = b"ICC_PROFILE\0"


def jpeg_profiles(data: bytes) -> tuple[bytes | None, bytes | None]:
    """Return the profile that browsers find in the segments of a JPEG file, and the one that others may find.

    Each is None unless every part is there. Browsers take the first that is whole, whatever stands behind it; a part
    that contradicts those before it ends their search.

    References
    ----------
    ICC.1:2022, B.4.
    """
    profiles: dict[int, dict[int, bytes]] = {}
    heeded: bytes | None = None
    is_searched = True
    for marker, start, end in islice(segments(data), _MAX_PARTS):
        if marker != _APP2 or not data.startswith(_PROFILE_MARK, start, end) or end - start <= 14:
            continue
        number, of = data[start + 12], data[start + 13]
        parts = profiles.setdefault(of, {})
        is_searched = is_searched and len(profiles) == 1 and 1 <= number <= of and number not in parts
        parts.setdefault(number, data[start + 14 : end])
        if is_searched and len(parts) == of:
            heeded, is_searched = _joined(parts, of), False
    return heeded, next(filter(None, (_joined(parts, of) for of, parts in profiles.items())), None)


def _joined(parts: Mapping[int, bytes], of: int) -> bytes | None:
    """Return a profile, None where a part of it is not there."""
    numbers = range(1, of + 1)
    return (
        b"".join(parts[number] for number in numbers) if all(number in parts for number in numbers) else None
    )


def _of_jpeg(data: bytes) -> Iterator[Declared]:
    heeded, other = jpeg_profiles(data)
    if heeded is not None:
        yield from _in_order([colour_of_icc(heeded)])
    if other is not None and other != heeded:
        yield from (replace(each, shown=False) for each in _in_order([colour_of_icc(other)]))


# -- WebP, AVIF, HEIF, BMP --------------------------------------------------------------------------------------


_HAS_PROFILE = 0x20


def _of_webp(data: bytes) -> Iterator[Declared]:
    if data[12:16] != b"VP8X" or len(data) < 21 or not data[20] & _HAS_PROFILE:
        return
    at = 12
    for _ in range(_MAX_PARTS):
        if at + 8 > len(data):
            return
        n_bytes = int.from_bytes(data[at + 4 : at + 8], "little")
        if data[at : at + 4] == b"ICCP":
            yield from _in_order([colour_of_icc(data[at + 8 : at + 8 + n_bytes])])
            return
        at += 8 + n_bytes + n_bytes % 2


def _of_video(data: bytes) -> Iterator[Declared]:
    """Yield by a profile, else by numbers, else by what the picture's own header says."""
    said = video_colour(data)
    found = [colour_of_icc(profile, peak=said.peak) for profile in said.profiles]
    found += [_by_numbers(*numbers, said.peak) for numbers in said.code_points]
    yield from _in_order(found)


def _by_numbers(primaries: int, transfer: int, peak: float | None) -> Colour | None:
    """Return what browsers take numbers of a video for (ITU-T H.273); open ones, and those of nothing, for sRGB's."""
    if transfer == _UNSPECIFIED or transfer > _LAST_TRANSFER:
        transfer = _SRGB_TRANSFER
    if not says_something(primaries, _SRGB_TRANSFER):
        primaries = _SRGB_PRIMARIES
    return colour_of_code_points(primaries, transfer, peak=peak, video=True)


_SRGB_PRIMARIES, _SRGB_TRANSFER, _UNSPECIFIED, _LAST_TRANSFER = 1, 13, 2, 18

_BMP_V4, _BMP_V5 = 108, 124
_BMP_EMBEDDED, _BMP_CALIBRATED = b"DEBM", b"\0\0\0\0"


def _of_bmp(data: bytes) -> Iterator[Declared]:
    """Yield an embedded profile; screen's curves and primaries, which browsers ignore but Firefox."""
    n_header = int.from_bytes(data[14:18], "little")
    if n_header not in (_BMP_V4, _BMP_V5) or len(data) < 14 + n_header:
        return
    kind = data[70:74]
    if n_header == _BMP_V5 and kind == _BMP_EMBEDDED:
        at, n_bytes = struct.unpack_from("<II", data, 126)
        yield from _in_order([colour_of_icc(data[14 + at : 14 + at + n_bytes])])
    elif kind == _BMP_CALIBRATED:
        corners = tuple(each / (1 << 30) for each in struct.unpack_from("<9i", data, 74))
        exponents = tuple(each / 65536 for each in struct.unpack_from("<3I", data, 110))
        colour = colour_of_screen(exponents, corners)
        if colour is not None:
            yield Declared(colour, shown=False)


_FINDERS = {
    "PNG": _of_png,
    "JPEG": _of_jpeg,
    "WEBP": _of_webp,
    "AVIF": _of_video,
    "HEIF": _of_video,
    "BMP": _of_bmp,
}
