"""Whether a JPEG's colours leave what a screen shows: its luma is then not the luma of what is seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from .conversions import luma_of
from .guarding import guarded, without_remarks
from .pictures import Also, Decoded, Provenance, UInt8Array

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["CHECKED_PIXELS", "as_it_is_shown", "decode_with_chroma", "leaves_the_screen"]

#: Pictures of up to so many pixels are always checked: decoding the chroma, too, takes a quarter of a millisecond. Of
#: larger ones it takes a quarter of the decode, which only the thorough effort pays.
CHECKED_PIXELS = 100_000
#: Mean difference, in grey levels and as a share of the luma's own spread, from which luma is not what is seen; the
#: smaller counts. Of 376 photographs and screenshots the most is 0.6 and a twentieth.
_SEEN_DIFFERS, _SEEN_DIFFERS_OF_SPREAD = 1.0, 0.1
#: Grey levels by which two ways of rounding differ.
_ROUNDING = 1
#: Of every so many columns and rows one is compared. No period of a pattern: each step is another whole number.
_SAMPLED = 2.7
#: Pictures with a shorter side are compared in full.
_SAMPLED_FROM = 64


def decode_with_chroma(data: bytes, size: tuple[int, int], step: int) -> tuple[UInt8Array, Image] | None:
    """Decode a JPEG's luma and chroma; return the luma, and the picture of both.

    None where the file does not decode so: damaged, or stored as red, green and blue.

    Parameters
    ----------
    data : bytes
        The whole file.
    size : (int, int)
        Columns and rows of the reduced picture.
    step : int
        The reduction.
    """
    from PIL import Image as pil
    from PIL import _imaging

    try:
        core: Any = _imaging.new("YCbCr", size)
        decoder = _imaging.jpeg_decoder("YCbCr", "YCbCr", "", step, 0)
        decoder.setimage(core, (0, 0, *size))
        n_taken, error = decoder.decode(data)
    except (AttributeError, OSError, TypeError, ValueError):
        return None
    if n_taken >= 0 or error < 0:
        return None
    image = pil.Image()._new(core)
    return luma_of(core.getband(0), size), image


def leaves_the_screen(image: Image) -> bool:
    """Tell of luma and chroma whether what a screen shows has another luma, from a sample of the pixels."""
    from PIL import Image as pil
    from PIL import ImageChops

    cols, rows = image.size
    sample = image
    if min(cols, rows) >= _SAMPLED_FROM:
        sample = image.resize((int(cols / _SAMPLED), int(rows / _SAMPLED)), pil.Resampling.NEAREST)
    stored = sample.getchannel(0)
    apart = ImageChops.difference(stored, sample.convert("RGB").convert("L")).histogram()
    n_pixels = sample.width * sample.height
    mean = sum(level * n for level, n in enumerate(apart) if n and level > _ROUNDING) / n_pixels
    if mean <= _SEEN_DIFFERS_OF_SPREAD:  # no picture's spread is less than a level
        return False
    return mean > min(_SEEN_DIFFERS, _SEEN_DIFFERS_OF_SPREAD * float(np.std(np.asarray(stored))))


def as_it_is_shown(load: Callable[[], Image], provenance: Provenance) -> Also:
    """Return the picture in colours that a screen has, in grey."""

    def make() -> Decoded:
        grey = without_remarks(lambda: guarded("JPEG", lambda: load().convert("RGB").convert("L")))
        return Decoded(pixels=np.asarray(grey), provenance=provenance)

    return Also("in colours that a screen has", make, effort="fast", shown=True)
