"""Which image format the first bytes of a file announce."""

from __future__ import annotations

import re

__all__ = ["HEAD", "sniff", "sniff_unread"]

#: So many first bytes hold every brand list seen.
HEAD = 256


def sniff(head: bytes) -> str | None:
    """Return the image format that the first bytes announce, or None.

    Parameters
    ----------
    head : bytes
        The first bytes of the file, `HEAD` of them.
    """
    for magic, name in _MAGICS:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        # The major brand and all compatible ones; "mif1" alone says only "some image".
        end = min(int.from_bytes(head[:4], "big"), len(head))
        brands = {head[8:12]} | {head[i : i + 4] for i in range(16, end, 4)}
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        if brands & {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}:
            return "HEIF"
    return "PNM" if _PNM.match(head) else None


def sniff_unread(head: bytes) -> str | None:
    """Return the image format that is announced and not read, though viewers show it; None for none that is known.

    Parameters
    ----------
    head : bytes
        As of `sniff`.
    """
    return next((name for magic, name in _UNREAD if magic.match(head)), None)


#: Chromium shows the first three.
_UNREAD = (
    (re.compile(rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"), "JPEG XL"),
    (
        # A remark ends where it first can: otherwise every end of another would be tried for it, again and again.
        re.compile(
            rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--(?:(?!-->).)*-->\s*|<!DOCTYPE svg[^>]*>\s*)*<svg[\s>]", re.DOTALL
        ),
        "SVG",
    ),
    (re.compile(rb"\0\0[\1\2]\0[\1-\x40]\0..[\0-\xff]\0", re.DOTALL), "ICO"),
    (re.compile(rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"), "JPEG 2000"),
    (re.compile(rb"8BPS\0[\1\2]"), "PSD"),
)

#: Behind the magic of a portable map a number or a remark follows; without it any text might begin so.
_PNM = re.compile(rb"P[1-6](?:[ \t\n\v\f\r]+[0-9#]|#)")

_MAGICS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
)
