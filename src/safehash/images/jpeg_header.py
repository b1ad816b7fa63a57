"""What the header of an ordinary JPEG file says, read without a decoder."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["JpegHeader", "exif_segments", "read_jpeg_header", "segments"]


class JpegHeader(NamedTuple):
    """Size, components and EXIF data. A tuple: one is made for each file, and small files are many.

    Attributes
    ----------
    width, height : int
        Of the stored picture, in pixels.
    sampling : tuple of (int, int)
        Of each component (one or three), across and down.
    progressive : bool
    exif : bytes
        The one EXIF segment from ``Exif`` on, or empty.
    has_profile : bool
        A segment says what its colours are.
    has_companions : bool
        A segment may name further pictures in the file.
    frame : bytes
        The marker's second byte and the body of the frame header.
    scan_at : int
        Where the first scan's marker stands.
    one_scan : bool
        The first scan holds all components whole: the decoder reads no other.
    """

    width: int
    height: int
    sampling: tuple[tuple[int, int], ...]
    progressive: bool
    exif: bytes
    has_profile: bool
    has_companions: bool
    frame: bytes
    scan_at: int
    one_scan: bool


#: Segments before the pixels: an honest file's profile and thumbnails take some hundred at most.
_MAX_SEGMENTS = 1024
_START_OF_SCAN = 0xDA
_PROGRESSIVE = 0xC2
#: Baseline, extended sequential, progressive; all of them Huffman-coded.
_FRAMES = frozenset({0xC0, 0xC1, _PROGRESSIVE})
#: Tables (Huffman, quantization) and the restart interval.
_TABLES = frozenset({0xC4, 0xDB, 0xDD})
#: Application segments and the comment.
_REMARKS = frozenset({*range(0xE0, 0xF0), 0xFE})
_APP1, _APP2 = 0xE1, 0xE2
#: How segments begin that may name further pictures: XMP, and an index (CIPA DC-007).
_COMPANIONS = {_APP1: b"http://ns.adobe.com/x", _APP2: b"MPF\0"}
#: 0xFF, the marker, and the length of what follows, itself included.
_SEGMENT = struct.Struct(">BBH").unpack_from


def read_jpeg_header(data: bytes) -> JpegHeader | None:
    """Return the header of a JPEG file as cameras, browsers and editors write it.

    None for anything else, damage included: that is left to the decoder's own, more patient reader. Ordinary
    are 8-bit grey or three-component pictures in one Huffman-coded frame, whole segments, no fill between them, and
    at most one EXIF segment.

    References
    ----------
    ITU-T T.81, annex B.
    """
    frame: tuple[int, bytes] | None = None
    exif = b""
    has_profile = has_companions = False
    at, n_bytes = 2, len(data)
    for _ in range(_MAX_SEGMENTS):
        if at + 4 > n_bytes:
            return None
        start, kind, length = _SEGMENT(data, at)
        end = at + 2 + length
        if start != 0xFF or length < 2 or end > n_bytes:
            return None
        if kind in _TABLES:  # most segments of a small file
            at = end
            continue
        if kind == _START_OF_SCAN:
            break
        if kind in _FRAMES:
            if frame is not None:
                return None
            frame = kind, data[at + 4 : end]
        elif kind not in _REMARKS:
            return None
        elif kind == _APP1 and data.startswith(b"Exif\0", at + 4, end):
            if exif:
                return None
            exif = data[at + 4 : end]
        elif kind == _APP2 and data.startswith(b"ICC_PROFILE\0", at + 4, end):
            has_profile = True
        elif kind in _COMPANIONS and data.startswith(_COMPANIONS[kind], at + 4, end):
            has_companions = True
        at = end
    else:
        return None
    return (
        _with_frame(*frame, exif=exif, scan=data[at : end + 1], at=at, has=(has_profile, has_companions))
        if frame is not None
        else None
    )


def segments(data: bytes, start: int = 0) -> Iterator[tuple[int, int, int]]:
    """Yield the segments of any JPEG file before its pixels: the marker, where its body begins and where it ends.

    Fill and stray bytes between them are passed over, as browsers' decoders do.

    Parameters
    ----------
    data : bytes
    start : int
        Where the file begins, within another one.
    """
    at = start + 2
    while (found := _MARKER.search(data, at)) is not None:
        kind, at = data[found.end() - 1], found.end()
        if kind == _START_OF_SCAN:
            return
        if kind == 0x01 or 0xD0 <= kind <= 0xD9:  # alone
            continue
        end = at + int.from_bytes(data[at : at + 2], "big")
        if end < at + 2 or at + 2 > len(data):
            return
        yield kind, at + 2, end
        at = end


_MARKER = re.compile(rb"\xff+[^\x00\xff]")


def exif_segments(data: bytes) -> Iterator[bytes]:
    """Yield the EXIF segments of any JPEG file, each from ``Exif`` on, as far as they lie before the pixels."""
    for kind, start, end in segments(data):
        if kind == _APP1 and data.startswith(b"Exif\0", start, end):
            yield data[start:end]


def _with_frame(
    kind: int, frame: bytes, *, exif: bytes, scan: bytes, at: int, has: tuple[bool, bool]
) -> JpegHeader | None:
    if len(frame) < 6 or frame[0] != 8 or frame[5] not in (1, 3) or len(frame) != 6 + 3 * frame[5]:
        return None
    height, width = int.from_bytes(frame[1:3], "big"), int.from_bytes(frame[3:5], "big")
    sampling = tuple((frame[at] >> 4, frame[at] & 15) for at in range(7, len(frame), 3))
    if not (height and width) or not all(map(all, sampling)):
        return None
    progressive = kind == _PROGRESSIVE
    return JpegHeader(
        width=width, height=height, sampling=sampling, progressive=progressive, exif=exif,
        frame=bytes([kind]) + frame, scan_at=at,
        one_scan=not progressive and scan[4] == len(sampling), has_profile=has[0],
        has_companions=has[1],
    )  # fmt: skip
