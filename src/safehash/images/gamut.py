"""Whether a JPEG's colours leave what a screen shows: its luma is then not the luma of what is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .._borrow import borrow
from .._core import apart_by_means, luma_and_apart
from .guarding import guarded, without_remarks
from .pictures import Also, Decoded, Provenance, UInt8Array

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["CHECKED_PIXELS", "WithChroma", "as_it_is_shown", "decode_with_chroma", "means_leave_the_screen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WithChroma:
    """A JPEG picture decoded with its chroma.

    Attributes
    ----------
    luma : ndarray of uint8, shape (rows, cols)
        Read-only; the samples that a decode of luma alone gives.
    image : PIL image of mode "YCbCr"
    leaves_the_screen : bool
        What a screen shows of it has another luma.
    """

    luma: UInt8Array
    image: Image
    leaves_the_screen: bool

    def load(self) -> Image:
        """Return the image, for what wants it later."""
        return self.image


#: Pictures of up to so many pixels are always checked: decoding the chroma, too, takes a quarter of a millisecond. Of
#: larger ones it takes a quarter of the decode, which only the thorough effort pays.
CHECKED_PIXELS = 100_000
#: Mean difference, in grey levels and as a share of the luma's own spread, from which luma is not what is seen; the
#: smaller counts. Of 376 photographs and screenshots the most is 0.6 and a twentieth.
_SEEN_DIFFERS, _SEEN_DIFFERS_OF_SPREAD = 1.0, 0.1
#: Bytes of a pixel as the imaging library holds it.
_PIXEL_BYTES = 4
#: Pixels taken at a time of pictures that the library holds in pieces.
_STRIP_PIXELS = 1 << 20


def decode_with_chroma(data: bytes, size: tuple[int, int], step: int) -> WithChroma | None:
    """Decode a JPEG's luma and chroma.

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
    luma, apart = _taken_apart(core, size)
    return WithChroma(luma=luma, image=pil.Image()._new(core), leaves_the_screen=_is_far(apart, luma))


def _taken_apart(core: Any, size: tuple[int, int]) -> tuple[UInt8Array, float]:
    """Return the luma of a picture of luma and chroma, and how far it is from that of what is shown."""
    from PIL import Image as pil

    cols, rows = size
    luma = np.empty((rows, cols), np.uint8)
    try:
        whole = borrow(core.__arrow_c_array__(), _PIXEL_BYTES * cols * rows)
    except ValueError:  # not in one piece: pictures of more than 16 MB
        apart = 0.0
        n_rows = max(1, _STRIP_PIXELS // cols)
        for top in range(0, rows, n_rows):
            strip = core.crop((0, top, cols, min(rows, top + n_rows)))
            samples = pil.Image()._new(strip).tobytes("raw", "YCbCrX")
            part = luma[top : top + n_rows]
            apart += luma_and_apart(samples, part.reshape(-1)) * len(part) / rows
    else:
        apart = luma_and_apart(whole, luma.reshape(-1))
    luma.flags.writeable = False
    return luma, apart


def means_leave_the_screen(
    luma: UInt8Array, blue: UInt8Array, red: UInt8Array, *, across: int, down: int
) -> bool:
    """Tell by the means of its blocks' chroma whether what a screen shows of a picture has another luma.

    Chroma that changes its sign within a block has a mean that says nothing of it.

    Parameters
    ----------
    luma : ndarray of uint8, shape (rows, cols)
    blue, red : ndarray of uint8, shape (rows / down, cols / across), rounded up, or more
        128 is no colour.
    across, down : int
        Samples of luma that share one of chroma.
    """
    at_most = apart_by_means(luma, blue, red, across=across, down=down, is_exact=False)
    if at_most <= _SEEN_DIFFERS_OF_SPREAD:  # as of any photograph
        return False
    return _is_far(apart_by_means(luma, blue, red, across=across, down=down), luma)


def _is_far(apart: float, luma: UInt8Array) -> bool:
    if apart <= _SEEN_DIFFERS_OF_SPREAD:  # no picture's spread is less than a level
        return False
    return apart > min(_SEEN_DIFFERS, _SEEN_DIFFERS_OF_SPREAD * float(np.std(luma)))


def as_it_is_shown(load: Callable[[], Image], provenance: Provenance) -> Also:
    """Return the picture in colours that a screen has, in grey."""

    def make() -> Decoded:
        grey = without_remarks(lambda: guarded("JPEG", lambda: load().convert("RGB").convert("L")))
        return Decoded(pixels=np.asarray(grey), provenance=provenance)

    return Also("in colours that a screen has", make, effort="fast", shown=True)
