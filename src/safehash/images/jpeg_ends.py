"""What a JPEG file that ends early has: whole segments and scans, and the rows that a browser shows of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .guarding import guarded, without_remarks
from .pictures import Also, Decoded, Provenance

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

__all__ = ["as_far_as_it_goes", "ended", "rows_there"]

_START_OF_SCAN = 0xDA
_END_MARKER = b"\xff\xd9"
#: In a scan 0xFF stands before 0, a restart marker or another 0xFF; before anything else it ends it.
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")


def ended(data: bytes) -> bytes:
    """Return a file up to its last whole segment or as far as its last scan goes, with an end marker behind it.

    With it the decoder makes do with what it has; within a segment it would not see it.
    """
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        if kind == 0xFF:  # fill
            at += 1
            continue
        if kind == 0x01 or 0xD0 <= kind <= 0xD8:  # alone
            at += 2
            continue
        if kind == _END_MARKER[1]:
            return data
        after = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if after > len(data):
            break
        at = after
        if kind == _START_OF_SCAN:
            found = _MARKER.search(data, at)
            at = found.start() if found is not None else len(data)
    return data[:at] + _END_MARKER


def rows_there(data: bytes, image: ImageFile) -> npt.NDArray[np.bool_] | None:
    """Return which rows of a picture its decoder gives before the file ends; None where that cannot be told.

    Parameters
    ----------
    data : bytes
        The whole file.
    image : an opened image, drafted as wanted, not loaded
    """
    from PIL import Image as pil
    from PIL import _imaging

    args: Any = image.tile[0].args if image.tile else None
    if not isinstance(args, tuple) or image.mode not in ("L", "RGB"):
        return None
    cols, rows = image.size
    filled = []
    for shade in (0, 255):
        core: Any = _imaging.fill(image.mode, (cols, rows), shade if image.mode == "L" else (shade,) * 3)
        decoder = _imaging.jpeg_decoder(image.mode, *args, *image.decoderconfig)
        decoder.setimage(core, (0, 0, cols, rows))
        decoder.decode(data)
        filled.append(np.asarray(pil.Image()._new(core)))
    # What the decoder does not reach keeps what was there before.
    there: npt.NDArray[np.bool_] = (filled[0] == filled[1]).reshape(rows, -1).all(axis=1)
    return there


def as_far_as_it_goes(
    load: Callable[[], tuple[Image, npt.NDArray[np.bool_] | None]], provenance: Provenance
) -> tuple[Also, ...]:
    """Return the picture with nothing where the file has nothing, as browsers show it, on white and on black.

    Parameters
    ----------
    load : callable
        Returns the whole picture, not reduced, as the decoder fills it up, and which rows it has.
    provenance : Provenance
    """
    provenance = replace(provenance, scale=1)

    def on(shade: int) -> Callable[[], Decoded]:
        def make() -> Decoded:
            image, there = load()
            pixels = np.array(image.convert("RGB"))
            if there is not None and there.any():
                pixels[~there] = shade
            return Decoded(pixels=pixels, provenance=provenance)

        return lambda: without_remarks(lambda: guarded("JPEG", make))

    return (
        Also("as far as it goes", on(255), effort="fast", shown=True),
        Also("as far as it goes, on black", on(0)),
    )
