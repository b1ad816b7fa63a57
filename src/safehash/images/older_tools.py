"""The pixels that the tools which make lists take of a file, where those are not what a viewer shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from .._borrow import borrow
from .._core import kept
from .conversions import by_strips, to_pixels
from .guarding import undisturbed
from .pictures import Also, Decoded, Effort, Provenance, UInt8Array

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "REFERENCE_SIDE",
    "as_older_tools",
    "as_the_reference_tool",
    "has_other_channels",
    "is_shrunk",
    "raw_channels",
    "shrunk",
]

#: What the reference tool makes of a picture with a longer side, whatever its shape.
REFERENCE_SIDE = 512

#: Modes whose channels mean something else than grey or red, green and blue.
_CODED = frozenset({"P", "CMYK", "YCbCr", "LAB", "HSV"})


def has_other_channels(image: Image, *, transparent: bool) -> bool:
    """Tell whether tools that take channels as they are stored hash something else than a viewer shows."""
    return transparent or image.mode in _CODED or image.mode.startswith("I;16")


def raw_channels(image: Image) -> Image:
    """Return a picture as tools take it that hand the imaging library's samples to PDQ.

    Palette indices are taken for grey, the first three of four inks for red, green and blue; 16-bit samples are cut at
    255; alpha and a transparent colour are left out, so that what lies under them counts.

    Returns
    -------
    PIL image of mode "L" or "RGB"
    """
    from PIL import Image as pil

    mode = image.mode
    if mode == "1" or mode.startswith("I;16"):
        image = image.convert("L")
    elif mode in ("P", "PA", "LA", "La"):
        image = pil.fromarray(np.asarray(image.getchannel(0)))  # indices stay of mode "P" otherwise
    elif mode in _CODED:
        image = pil.fromarray(np.asarray(image)[..., :3])
    elif mode in ("RGBA", "RGBX", "RGBa"):
        image = image.convert("RGB")  # which leaves alpha out
    if "transparency" in image.info:
        image = image.copy()
        del image.info["transparency"]
    return image


def as_older_tools(load: Callable[[], Image], provenance: Provenance, step: int) -> Also:
    """Return the picture of the raw channels, not turned as its EXIF data says.

    Parameters
    ----------
    load : callable
        Returns the decoded image.
    provenance : Provenance
    step : int
        The reduction to take.
    """

    def convert() -> Decoded:
        image = load()
        pixels, _ = by_strips(image, step, lambda strip: to_pixels(raw_channels(strip), "white", step))
        facts = replace(provenance, orientation=1)
        taken = provenance.scale // step  # by the decoder
        if image.size != (-(-provenance.width // taken), -(-provenance.height // taken)):
            # The library sees other sides in a damaged file than a viewer does.
            facts = replace(facts, width=image.width, height=image.height, scale=step)
        return Decoded(pixels=pixels, provenance=facts)

    return _also("as older tools see it", convert, provenance, "standard")


def is_shrunk(provenance: Provenance) -> bool:
    """Tell whether the reference tool shrinks a picture before it hashes it."""
    return max(provenance.width, provenance.height) > REFERENCE_SIDE


def as_the_reference_tool(
    load: Callable[[], Image | UInt8Array], provenance: Provenance, *, effort: Effort = "standard"
) -> Also:
    """Return the picture as the reference tool shrinks it, not turned as its EXIF data says.

    Parameters
    ----------
    load : callable
        Returns all of its pixels, an image, or luma of shape (rows, cols); or those alone that are kept.
    provenance : Provenance
    effort : "fast", "standard", "thorough" or "exhaustive"
        From which on it is looked up.
    """

    def convert() -> Decoded:
        whole = load()
        if isinstance(whole, np.ndarray):
            pixels = shrunk(whole)
        elif (view := in_one_piece(whole)) is not None:
            pixels = shrunk(view)
        elif whole.mode in _IN_PLACE:
            pixels, _ = to_pixels(raw_channels(_in_colour(_shrunk_image(whole))), "white", 1)
        elif (
            whole.mode == "I;16"
        ):  # each sample is brought to 8 bits by itself: those that are kept are enough
            pixels = to_pixels(_kept_deep(whole), "white", 1)[0]
        else:
            pixels = shrunk(to_pixels(whole, "white", 1)[0])
        facts = replace(provenance, width=REFERENCE_SIDE, height=REFERENCE_SIDE, scale=1, orientation=1)
        return Decoded(pixels=pixels, provenance=facts)

    return _also("as the reference tool shrinks it", convert, provenance, effort)


def shrunk(pixels: UInt8Array) -> UInt8Array:
    """Return every sample that the reference tool keeps of pixels of shape (rows, cols) or (rows, cols, 3)."""
    if pixels.shape[:2] == (REFERENCE_SIDE, REFERENCE_SIDE):
        return pixels
    return kept(pixels, side=REFERENCE_SIDE)


def in_one_piece(image: Image) -> UInt8Array | None:
    """Return the samples of an image in colour where they lie, read-only; None of any other, and of larger ones.

    They are there as long as the array is, and whatever is done to the image then.
    """
    if image.mode != "RGB" or "transparency" in image.info:
        return None
    cols, rows = image.size
    try:
        pixels = borrow(image.im.__arrow_c_array__(), 4 * cols * rows)
    except ValueError:  # held in several pieces
        return None
    return np.frombuffer(pixels, np.uint8).reshape(rows, cols, 4)[..., :3]


@lru_cache(maxsize=32)
def _kept(side: int) -> npt.NDArray[np.intp]:
    return np.arange(REFERENCE_SIDE) * side // REFERENCE_SIDE


def _kept_deep(image: Image) -> Image:
    """Return what the reference tool keeps of samples of two bytes, a row at a time: the library cannot move those."""
    from PIL import Image as pil

    rows, cols = _kept(image.height), _kept(image.width)
    kept = np.stack(
        [np.asarray(image.crop((0, row, image.width, row + 1)))[0, cols] for row in rows.tolist()]
    )
    small = pil.fromarray(kept)
    small.info = image.info
    return small


#: Modes whose samples the imaging library moves without touching them.
_IN_PLACE = frozenset({"1", "L", "P", "LA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr"})


def _in_colour(image: Image) -> Image:
    """Bring a coded mode to colour, alpha left as it is."""
    if image.mode == "P":
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    return image.convert("RGB") if image.mode in _CODED else image


def _shrunk_image(image: Image) -> Image:
    """Do what `shrunk` does, in the imaging library: the middle of each output lies just behind its sample's start."""
    from PIL import Image as pil

    across, down = (side / REFERENCE_SIDE for side in image.size)
    places = (across, 0.0, _BEHIND - across / 2, 0.0, down, _BEHIND - down / 2)
    size = REFERENCE_SIDE, REFERENCE_SIDE
    return image.transform(size, pil.Transform.AFFINE, places, pil.Resampling.NEAREST)


#: Less than a step between two sums (1 / 512 of a sample), more than what their rounding adds up to.
_BEHIND = 1e-4


def _also(name: str, convert: Callable[[], Decoded], provenance: Provenance, effort: Effort) -> Also:
    def make() -> Decoded:
        return undisturbed(provenance.format, convert)

    return Also(name, make, effort=effort, plain=True)
