"""Whether a JPEG's colours leave what a screen shows: its luma is then not the luma of what is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from .._borrow import borrow
from .._core import apart_at_most, apart_by_means, grey_means, luma_and_apart, spread
from .guarding import undisturbed
from .jpeg_means import Chroma
from .pictures import Also, Decoded, Effort, Provenance, UInt8Array

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "CHECKED_PIXELS",
    "WithChroma",
    "as_it_is_shown",
    "decode_with_chroma",
    "grey_reduced",
    "in_grey",
    "kept_for_two",
    "may_leave_the_screen",
]


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


#: Pictures of up to so many pixels are always checked, whoever reads them: decoding the chroma, too, takes a quarter of
#: a millisecond. Of larger ones, where our own reader is not wanted, it takes a quarter of the decode, which only the
#: thorough effort pays.
CHECKED_PIXELS = 100_000
#: Mean difference, in grey levels and as a share of the luma's own spread, from which luma is not what is seen; the
#: smaller counts. Of 376 photographs and screenshots the most is 0.6 and a twentieth.
_SEEN_DIFFERS, _SEEN_DIFFERS_OF_SPREAD = 1.0, 0.1
#: One of so many rows tells of most pictures that they spread more than is asked; and more than what two ways of adding
#: up differ by.
_ROWS_OF_SPREAD, _ALMOST = 4, 1 - 1e-9
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


def may_leave_the_screen(luma: UInt8Array, blue: Chroma, red: Chroma, *, across: int, down: int) -> bool:
    """Tell by what is known of its blocks' chroma whether what a screen shows of a picture may have another luma.

    No where no chroma has one that spreads about these means as it does: it is taken for twice as far from them.
    Chroma of ordinary pictures spreads little where it comes near to what a screen cannot show.

    Parameters
    ----------
    luma : ndarray of uint8, shape (rows, cols)
    blue, red : Chroma
        Of shape (rows / down, cols / across), rounded up, or more. 128 is no colour.
    across, down : int
        Samples of luma that share one of chroma.
    """
    means_at_most, at_most = apart_at_most(
        luma,
        blue.means,
        red.means,
        blue_spreads=blue.spreads,
        red_spreads=red.spreads,
        across=across,
        down=down,
    )
    if at_most <= _SEEN_DIFFERS_OF_SPREAD:  # no picture's spread is less than a level
        return False
    least = _SEEN_DIFFERS_OF_SPREAD * spread(luma, every=_ROWS_OF_SPREAD) * _ALMOST
    if at_most <= min(_SEEN_DIFFERS, least):  # as of most photographs
        return False
    of_spread = least if at_most <= least else _SEEN_DIFFERS_OF_SPREAD * spread(luma)
    differs = min(_SEEN_DIFFERS, of_spread)
    if at_most <= differs:
        return False
    apart = partial(apart_by_means, luma, blue.means, red.means, across=across, down=down)
    if means_at_most > differs and apart() > differs:
        return True
    if at_most <= of_spread:
        return False
    return apart(by="samples", blue_spreads=blue.spreads, red_spreads=red.spreads) > of_spread


def _is_far(apart: float, luma: UInt8Array) -> bool:
    if apart <= _SEEN_DIFFERS_OF_SPREAD:  # no picture's spread is less than a level
        return False
    return apart > min(_SEEN_DIFFERS, _SEEN_DIFFERS_OF_SPREAD * spread(luma))


def kept_for_two(load: Callable[[], Image]) -> Callable[[], Image]:
    """Return what loads an image at the first of two calls and lets it go at the second."""
    kept: list[Image] = []

    def take() -> Image:
        if kept:
            return kept.pop()
        kept.append(load())
        return kept[0]

    return take


def grey_reduced(image: Image, step: int) -> UInt8Array:
    """Return an image of mode "RGB" in grey, averaged: what the library's `convert` and `reduce` give, in one pass."""
    cols, rows = image.size
    grey = np.empty((-(-rows // step), -(-cols // step)), np.uint8)
    try:
        whole = borrow(image.im.__arrow_c_array__(), _PIXEL_BYTES * cols * rows)
    except ValueError:  # not in one piece
        n_rows = max(1, _STRIP_PIXELS // cols // step) * step
        for top in range(0, rows, n_rows):
            strip = image.crop((0, top, cols, min(rows, top + n_rows)))
            part = grey[top // step : (top + n_rows) // step]
            grey_means(strip.tobytes("raw", "RGBX"), part, rows=strip.height, cols=cols, side=step)
    else:
        grey_means(whole, grey, rows=rows, cols=cols, side=step)
    return grey


def as_it_is_shown(
    load: Callable[[], Image], provenance: Provenance, *, step: int = 1, effort: Effort = "fast"
) -> Also:
    """Return the picture in colours that a screen has, in grey.

    Parameters
    ----------
    load : callable
        Returns the decoded image, with its colours.
    provenance : Provenance
    step : int
        The reduction still to be taken: what is cut pixel by pixel must not be averaged before.
    effort : "fast", "standard", "thorough" or "exhaustive"
        From which on it is looked up.
    """

    def convert() -> Decoded:
        image = load()
        image = image if image.mode == "RGB" else image.convert("RGB")
        pixels = grey_reduced(image, step) if step > 1 else np.asarray(image.convert("L"))
        return Decoded(pixels=pixels, provenance=provenance)

    return _shown(lambda: undisturbed("JPEG", convert), effort)


def in_grey(pixels: UInt8Array, provenance: Provenance, *, effort: Effort) -> Also:
    """Return the same where its grey is known, averaged as the provenance says."""
    return _shown(lambda: Decoded(pixels=pixels, provenance=provenance), effort)


def _shown(make: Callable[[], Decoded], effort: Effort) -> Also:
    return Also("in colours that a screen has", make, effort=effort, shown=True)
