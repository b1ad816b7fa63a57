"""What browsers overlook in an image file: remarks that are broken, sizes that are not true."""

from __future__ import annotations

import re
import struct
import zlib

__all__ = ["bare_jpeg", "bare_png"]


_MARKER = re.compile(rb"\xff+[^\x00\xff]")


def bare_jpeg(data: bytes) -> bytes:
    """Return a JPEG file without what says nothing about its pixels: remarks, profiles, fill, stray bytes.

    The imaging library reads each remark, some in time that grows with their number squared, and stops at stray bytes
    that browsers overlook. Orientation and colours are read from the file itself.
    """
    kept = [data[:2]]
    at = 2
    while (found := _MARKER.search(data, at)) is not None:
        marker, at = data[found.end() - 1], found.end()
        if marker == 0xDA:
            kept.append(data[at - 2 :])
            break
        if marker == 0x01 or 0xD0 <= marker <= 0xD9:
            continue
        end = at + int.from_bytes(data[at : at + 2], "big")
        body = data[at + 2 : end]
        if not (0xE0 <= marker <= 0xEF or marker == 0xFE) or _says_how_to_show(marker, body):
            kept.append(data[at - 2 : end])
        at = max(end, at + 2)
    return b"".join(kept)


def _says_how_to_show(marker: int, body: bytes) -> bool:
    """Tell whether a JPEG's application segment is whole and decides what its samples mean."""
    if marker == 0xE0:
        return body.startswith(b"JFIF\0") and len(body) >= 14
    return marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12


#: PNG chunks beside the critical ones that decide what is shown, and how long they are at least and at most.
_SHOWING = {
    b"tRNS": (1, 256),
    b"eXIf": (8, 1 << 31),
    b"acTL": (8, 8),
    b"fcTL": (26, 26),
    b"fdAT": (5, 1 << 31),
}


def bare_png(data: bytes) -> bytes:
    """Return a PNG file without the chunks that say nothing about its pixels, and those that are broken.

    A decoder may refuse the file for one broken profile or text, where a browser shows it.
    """
    kept = [data[:8]]
    at = 8
    while at + 8 <= len(data):
        n_bytes, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + n_bytes
        if not kind[0] & 0x20:
            kept.append(data[at:end])
        elif kind in _SHOWING:
            least, most = _SHOWING[kind]
            checksum = zlib.crc32(data[at + 4 : end - 4]).to_bytes(4, "big")
            if least <= n_bytes <= most and data[end - 4 : end] == checksum:
                kept.append(data[at:end])
        at = end
    return b"".join(kept)
