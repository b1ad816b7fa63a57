"""How an image file's EXIF data says it is to be turned."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["exif_orientation", "orientation_of"]

_ORIENTATION_TAG = 0x0112


def orientation_of(image: Image) -> int:
    """Return the EXIF orientation, 1 where there is none or it makes no sense.

    Only EXIF counts: viewers ignore an orientation that stands in XMP alone.
    """
    return exif_orientation(image.info.get("exif"))


def exif_orientation(raw: bytes | None) -> int:
    """Return the orientation that EXIF data, from ``Exif`` on or without it, hold; 1 where there is none."""
    from PIL.Image import Exif

    if not raw:
        return 1
    exif = Exif()
    try:
        exif.load(raw)
        value = exif.get(_ORIENTATION_TAG, 1)
    except (SyntaxError, ValueError, KeyError, IndexError, TypeError, OSError, struct.error, AttributeError):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1
