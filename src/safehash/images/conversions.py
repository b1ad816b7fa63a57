"""Any decoder's pixel mode to luma or RGB, by the rules of docs/hashes.md."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt

from .._borrow import borrow
from .pictures import UInt8Array

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Background", "by_strips", "in_strips", "luma_of", "to_pixels", "to_rgba"]

Background = Literal["white", "black"]


def _as_it_is(image: Image) -> Image:
    return image


def to_pixels(
    image: Image, background: Background, step: int, *, paint: Callable[[Image], Image] | None = None
) -> tuple[UInt8Array, bool]:
    """Bring any mode to luma or RGB, box-reducing by `step` on the way.

    Parameters
    ----------
    image : PIL image, loaded
    background : "white" or "black"
        What transparent pixels are put on.
    step : int
    paint : callable or None
        Brings samples of mode "L", "RGB", "YCbCr", "CMYK" or "I;16" to what is shown, as "L" or "RGB", before they are
        mixed with the background.

    Returns
    -------
    pixels : ndarray of uint8, shape (rows, cols) or (rows, cols, 3)
        Read-only.
    transparent : bool
        Whether some pixel was not opaque.
    """
    if image.mode in ("I", "F"):
        image.info["white"] = _white_of(image, _strip_rows(image, step))
    is_plain = paint is None and image.mode in ("L", "RGB", "RGBX") and "transparency" not in image.info
    if is_plain and (step > 1 or image.mode == "L"):  # the library hands over other modes in two copies
        return _flat_strip(image, background, step, paint)
    return by_strips(image, step, lambda strip: _flat_strip(strip, background, step, paint))


def by_strips(
    image: Image, step: int, convert: Callable[[Image], tuple[UInt8Array, bool]]
) -> tuple[UInt8Array, bool]:
    """Convert a picture of any length without holding another one of its kind.

    Parameters
    ----------
    image : PIL image, loaded
    step : int
        By which each strip is reduced.
    convert : callable
        Returns a strip's pixels, and whether some pixel of it was not opaque.
    """
    width, height = image.size
    n_rows = _strip_rows(image, step)
    if n_rows >= height:
        return convert(image)
    whole: UInt8Array | None = None
    transparent = False
    for top in range(0, height, n_rows):
        strip = image.crop((0, top, width, min(height, top + n_rows)))
        strip.info = image.info
        pixels, has_holes = convert(strip)
        transparent = transparent or has_holes
        if whole is None:
            whole = np.empty((-(-height // step), *pixels.shape[1:]), np.uint8)
        elif pixels.shape[2:] != whole.shape[2:]:  # grey where a shade is transparent, colour elsewhere
            return convert(image)
        whole[top // step : top // step + len(pixels)] = pixels
    assert whole is not None
    whole.flags.writeable = False
    return whole, transparent


def in_strips(image: Image, paint: Callable[[Image], Image]) -> Image:
    """Return a picture painted a strip at a time: what is computed meanwhile takes much more room than its samples.

    Parameters
    ----------
    image : PIL image, loaded
    paint : callable
        Returns a strip of the same mode; what becomes of a pixel depends on it alone.
    """
    from PIL import Image as pil

    width, height = image.size
    n_rows = _strip_rows(image, 1)
    if n_rows >= height:
        return paint(image)
    painted = pil.new(image.mode, image.size)
    for top in range(0, height, n_rows):
        painted.paste(paint(image.crop((0, top, width, min(height, top + n_rows)))), (0, top))
    painted.info = image.info
    return painted


def _strip_rows(image: Image, step: int) -> int:
    """Return how many rows are converted at a time, a multiple of `step`."""
    return max(1, _STRIP_PIXELS // (image.width * step)) * step


#: Pixels converted at a time. Beside the decoder's samples and the result nothing larger is held; and what is
#: converted in a processor's cache takes less time.
_STRIP_PIXELS = 1 << 18


#: Every sample of 16 bits in 8.
_DEEP: UInt8Array = ((np.arange(1 << 16, dtype=np.uint32) + 128) // 257).astype(np.uint8)


def _flat_strip(
    image: Image, background: Background, step: int, paint: Callable[[Image], Image] | None
) -> tuple[UInt8Array, bool]:
    if step > 1 and image.mode == "P":
        flat, transparent = _grey_of_palette(image, background, paint)
    elif _has_plain_key(image) and (image.mode == "RGB" or (step > 1 and paint is None)):
        flat, transparent = _without_colour(image, background, step, paint)
    elif paint is None and image.mode.startswith("I;16"):
        flat, transparent = _grey_of_deep(image, background)
    else:
        flat, transparent = _flatten(image, background, paint)
    if step > 1:
        # Grey first: a quarter of the work, and half a grey level of rounding the average takes back.
        flat = (flat if flat.mode == "L" else flat.convert("L")).reduce(step)
    pixels = np.asarray(flat)
    return pixels[..., :3] if flat.mode == "RGBX" else pixels, transparent


def _grey_of_palette(
    image: Image, background: Background, paint: Callable[[Image], Image] | None
) -> tuple[Image, bool]:
    """Do what `_flatten` and a conversion to grey do once for each colour, not for each pixel."""
    from PIL import Image as pil

    colours = image.resize((256, 1), pil.Resampling.NEAREST)  # of the same palette
    colours.info = image.info
    colours.frombytes(bytes(range(256)))
    flat, transparent = _flatten(colours, background, paint)
    table = np.asarray(flat if flat.mode == "L" else flat.convert("L"))[0]
    if transparent:
        used = np.array(image.histogram()[:256]) > 0
        transparent = bool((np.asarray(colours.convert("RGBA"))[0, used, 3] < 255).any())
    return pil.fromarray(table[np.asarray(image)]), transparent


def _grey_of_deep(image: Image, background: Background) -> tuple[Image, bool]:
    """Do what `_flatten` does with samples of 16 bits by a table of all of them."""
    from PIL import Image as pil

    samples = np.asarray(image)
    table, key, transparent = _DEEP, image.info.get("transparency"), False
    if isinstance(key, int) and 0 <= key < len(table):
        transparent = bool((samples == key).any())
        table = table.copy()
        table[key] = 255 if background == "white" else 0
    return pil.fromarray(table[samples]), transparent


def _has_plain_key(image: Image) -> bool:
    """Tell whether one colour of an image is declared transparent as its samples are."""
    key = image.info.get("transparency")
    if image.mode == "RGB":
        return isinstance(key, tuple) and len(key) == 3 and all(type(each) is int for each in key)
    return image.mode == "L" and type(key) is int


def _without_colour(
    image: Image, background: Background, step: int, paint: Callable[[Image], Image] | None
) -> tuple[Image, bool]:
    """Do what `_flatten` does of one transparent colour without giving alpha to every pixel: a third of the work.

    What is reduced is made grey first, which a pixel that is wholly there or not stands without rounding.
    """
    from PIL import Image as pil

    transparent = _has_key(image)
    bare = pil.Image()._new(image.im)  # without what is said of a key
    painted = bare if paint is None else paint(bare)
    if not transparent.any():
        return painted, False
    if step > 1 and painted.mode != "L":
        painted = painted.convert("L")
    elif painted is bare:
        painted = painted.copy()
    painted.paste(background, mask=pil.fromarray(transparent.view(np.uint8) * np.uint8(255)))
    return painted, True


def _has_key(image: Image) -> npt.NDArray[np.bool_]:
    """Return which pixels of an image of mode "L" or "RGB" have the one colour that is transparent, by rows."""
    key: Any = image.info["transparency"]
    if image.mode == "L":
        return np.asarray(np.asarray(image) == key & 0xFF)
    wanted = sum((each & 0xFF) << 8 * at for at, each in enumerate(key))
    n_bytes = _PIXEL_BYTES * image.width * image.height
    samples: bytes | memoryview
    try:
        samples = borrow(image.im.__arrow_c_array__(), n_bytes)
    except ValueError:  # not in one piece: pictures of more than 16 MB
        samples = image.tobytes("raw", "RGBX")
    colours = np.frombuffer(samples, "<u4") & np.uint32(0xFFFFFF)
    return np.asarray((colours == wanted).reshape(image.height, image.width))


#: Bytes of a pixel of several samples as the imaging library holds it.
_PIXEL_BYTES = 4


def to_rgba(image: Image) -> UInt8Array:
    """Return an image's pixels with straight alpha: uint8, shape (rows, cols, 4), read-only."""
    key = image.info.get("transparency")
    if image.mode in ("1", "I;16") and isinstance(key, int):
        grey = np.asarray(image.convert("L") if image.mode == "1" else _from_deep(image))
        alpha = np.where(np.asarray(image) == key, 0, 255).astype(np.uint8)
        return np.dstack([grey, grey, grey, alpha])
    if image.mode.startswith("I;16"):
        image = _from_deep(image)
    cols, rows = image.size
    whole = np.empty((rows, cols, 4), np.uint8)
    n_rows = _strip_rows(image, 1)
    for top in range(
        0, rows, n_rows
    ):  # a strip is in one piece, and is lent: asked for its bytes it would copy them twice
        strip = image.crop((0, top, cols, min(rows, top + n_rows)))
        strip.info = image.info
        is_opaque = strip.mode == "RGB" and "transparency" not in strip.info
        if not is_opaque and strip.mode != "RGBA":
            strip = strip.convert("RGBA")
        samples = luma_of(strip.im, (4 * cols, strip.height))
        whole[top : top + strip.height] = samples.reshape(strip.height, cols, 4)
        if is_opaque:  # whose fourth byte says nothing
            whole[top : top + strip.height, :, 3] = 255
    whole.flags.writeable = False
    return whole


def luma_of(core: Any, size: tuple[int, int]) -> UInt8Array:
    """Return the samples of a grey picture the imaging library made itself, copied only if they must be.

    Parameters
    ----------
    core : the library's picture in memory, mode "L"
        Not one that maps other memory, as arrays and files can be: before Pillow 12 lending that crashes.
    size : (int, int)
        Columns and rows.

    Returns
    -------
    ndarray of uint8, shape (rows, cols)
        Read-only.
    """
    cols, rows = size
    samples: bytes | memoryview
    try:
        samples = borrow(core.__arrow_c_array__(), cols * rows)
    except ValueError:  # not in one piece: pictures of more than 16 MB
        from PIL import Image as pil

        samples = pil.Image()._new(core).tobytes()
    return np.frombuffer(samples, np.uint8).reshape(rows, cols)


def _flatten(
    image: Image, background: Background, paint: Callable[[Image], Image] | None
) -> tuple[Image, bool]:
    """Return the image as mode L or RGB, and whether anything in it was transparent."""
    mode = image.mode
    if paint is None:
        paint = _as_it_is
    elif mode == "CMYK" or mode.startswith("I;16"):
        grey = paint(image)
        key = image.info.get("transparency")
        return (
            _without_key(grey, np.asarray(image) == key, background)
            if isinstance(key, int)
            else (grey, False)
        )
    if mode in ("L", "RGB") and "transparency" not in image.info:
        return paint(image), False
    key = image.info.get("transparency")
    if mode == "1" or mode.startswith("I;16"):
        grey = image.convert("L") if mode == "1" else _from_deep(image)
        grey = paint(grey)
        if not isinstance(key, int):
            return grey, False
        return _without_key(grey, np.asarray(image) == key, background)
    if mode == "RGBX":
        return (image if paint is _as_it_is else paint(image.convert("RGB"))), False
    if mode == "YCbCr" and paint is not _as_it_is:
        return paint(image), False
    if mode in ("YCbCr", "CMYK", "HSV"):
        return paint(image.convert("RGB")), False
    if mode in ("I", "F"):
        return paint(_from_deep(image)), False
    if mode == "LAB":
        return _from_lab(image), False
    if mode in ("La", "RGBa"):
        image = image.convert("LA" if mode == "La" else "RGBA")
    elif mode not in ("LA", "RGBA"):
        if "transparency" not in image.info and mode in ("P", "L", "RGB"):
            return paint(image.convert("RGB")), False
        image = image.convert("RGBA")  # palette, or one colour declared transparent
    alpha = image.getchannel("A")
    opaque = "L" if image.mode == "LA" else "RGB"
    if alpha.getextrema() == (255, 255):
        return paint(image.convert(opaque)), False
    from PIL import Image as pil

    painted = paint(image.convert(opaque))
    flat = pil.new(painted.mode, image.size, background)
    flat.paste(painted, mask=alpha)
    return flat, True


def _without_key(
    grey: Image, transparent: npt.NDArray[np.bool_], background: Background
) -> tuple[Image, bool]:
    """Put the samples of the one transparent shade on the background."""
    from PIL import Image as pil

    if not transparent.any():
        return grey, False
    shade = np.uint8(255 if background == "white" else 0)
    if grey.mode != "L":
        grey = grey.convert("L")
    return pil.fromarray(np.where(transparent, shade, np.asarray(grey))), True


def _from_deep(image: Image) -> Image:
    """Scale 16-bit, 32-bit and float samples to 8 bits instead of clipping them."""
    from PIL import Image as pil

    samples = np.asarray(image)
    if image.mode.startswith("I;16"):
        return pil.fromarray(_DEEP[samples])
    values = np.nan_to_num(samples.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    white = image.info.get("white")
    if not isinstance(white, float):
        white = _white_of(image, image.height)
    return pil.fromarray(np.clip(np.rint(values * (255.0 / white)), 0, 255).astype(np.uint8))


def _white_of(image: Image, n_rows: int) -> float:
    """Return what full white is: the smallest usual range that holds every sample."""
    top = 0.0
    for first in range(0, image.height, n_rows):
        strip = np.asarray(image.crop((0, first, image.width, min(image.height, first + n_rows))))
        values = strip[np.isfinite(strip)] if strip.dtype.kind == "f" else strip
        top = max(top, float(values.max(initial=0)))
    usual = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0, 2147483647.0)
    return next((limit for limit in usual if top <= limit), top)


def _from_lab(image: Image) -> Image:
    """Convert CIE L*a*b* to sRGB; without the colour library, take L* for luma."""
    try:
        from PIL import ImageCms

        converted = ImageCms.applyTransform(image, _lab_to_srgb())
    except ImportError:
        converted = None
    return converted if converted is not None else image.getchannel(0)


@lru_cache(maxsize=1)
def _lab_to_srgb() -> Any:
    from PIL import ImageCms

    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
