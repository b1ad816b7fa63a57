"""The samples of a TIFF page as an image: what its photometric interpretation makes of them, at eight bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import UnsupportedImage
from . import tiff_header as tags
from .conversions import to_pixels
from .pictures import UInt8Array
from .tiff_header import TiffPage
from .tiff_samples import Layout

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["COLOURS", "other_readings", "to_eight_bits", "to_image"]

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE, _MASK, _SEPARATED, _YCBCR, _CIE_LAB, _ICC_LAB = (
    0, 1, 2, 3, 4, 5, 6, 8, 9,
)  # fmt: skip
#: Photometric interpretations that are read here, and how many samples each needs.
COLOURS = {
    _WHITE_IS_ZERO: 1, _BLACK_IS_ZERO: 1, _RGB: 3, _PALETTE: 1, _MASK: 1, _SEPARATED: 4, _YCBCR: 3,
    _CIE_LAB: 3, _ICC_LAB: 3,
}  # fmt: skip
_UNSIGNED, _SIGNED, _FLOAT = 1, 2, 3
_ASSOCIATED, _UNASSOCIATED = 1, 2
_INKS_OTHER_THAN_CMYK = 2
_INK_SET = 332
#: What white may be, beside the most that the bits hold: the smallest that holds every sample.
_USUAL_WHITES = (255, 65535)
_FLOAT_WHITES = (1.0, 255.0, 65535.0)
#: ITU-R BT.601, of red, green and blue.
_COEFFICIENTS = (0.299, 0.587, 0.114)
#: Black and white of luma, zero and most of chroma.
_REFERENCE = (0.0, 255.0, 128.0, 255.0, 128.0, 255.0)
#: Pixels converted at a time: bounds what is held beside the picture.
_STRIP_PIXELS = 1 << 18


def to_image(
    page: TiffPage, layout: Layout, values: npt.NDArray[Any], *, unnamed_is_alpha: bool = False
) -> Image:
    """Return a page's samples as an image of the imaging library, mode L, LA, RGB, RGBA, P, PA, CMYK, LAB or I;16.

    Parameters
    ----------
    page, layout
    values : ndarray, shape (rows, cols, n)
        As `read_samples` gives them.
    unnamed_is_alpha : bool
        Take a sample behind the colours that the file does not name for how opaque a pixel is.

    Raises
    ------
    UnsupportedImage
        Too few samples, or inks that are not those of CMYK.
    """
    from PIL import Image as pil

    photometric = page.number(tags.PHOTOMETRIC, _BLACK_IS_ZERO)
    n_colours = COLOURS[photometric]
    if values.shape[2] < n_colours:
        raise UnsupportedImage(
            f"TIFF with {values.shape[2]} samples where photometric {photometric} has {n_colours}"
        )
    if photometric == _SEPARATED and page.number(_INK_SET, 1) == _INKS_OTHER_THAN_CMYK:
        raise UnsupportedImage("TIFF with samples the decoder does not know: inks other than CMYK")
    alpha = _alpha(page, layout, values, n_colours, unnamed_is_alpha=unnamed_is_alpha)
    is_multiplied = alpha is not None and page.number(tags.EXTRA_SAMPLES, _UNASSOCIATED) == _ASSOCIATED
    if photometric == _PALETTE:
        return _through_palette(page, layout, values, alpha, is_multiplied=is_multiplied)
    one_depth = len(set(layout.bits[:n_colours])) == 1
    if photometric in (_WHITE_IS_ZERO, _BLACK_IS_ZERO) and alpha is None and _is_deep(layout):
        grey = values[..., 0]
        return pil.fromarray(np.ascontiguousarray(65535 - grey if photometric == _WHITE_IS_ZERO else grey))
    if photometric in (_CIE_LAB, _ICC_LAB):
        return _lab(values, layout, signed=photometric == _CIE_LAB)
    if photometric == _YCBCR:
        return _from_luma_and_chroma(page, to_eight_bits(values[..., :3], layout.bits[0], layout.format))
    if one_depth:
        eight = to_eight_bits(values[..., :n_colours], layout.bits[0], layout.format)
    else:
        each = [
            to_eight_bits(values[..., k : k + 1], layout.bits[k], layout.format) for k in range(n_colours)
        ]
        eight = np.concatenate(each, axis=2)
    if photometric == _WHITE_IS_ZERO:
        eight = 255 - eight
    if photometric == _SEPARATED:
        return pil.frombytes("CMYK", (layout.width, layout.height), eight.tobytes())
    if alpha is None:
        return pil.fromarray(eight[..., 0] if n_colours == 1 else eight)
    if is_multiplied:
        eight = _divided(eight, alpha)
    bands = [eight[..., k] for k in range(n_colours)] if n_colours == 3 else [eight[..., 0]] * 3
    return pil.fromarray(np.dstack([*bands, alpha]))


def held_a_pixel(page: TiffPage, layout: Layout) -> float:
    """Return how many bytes a pixel are held while a page's samples are unpacked, or made an image of."""
    n_samples, depth = len(layout.bits), max(layout.bits)
    stored = n_samples * next(size for size in (1, 2, 4, 8) if 8 * size >= depth)
    box = min(1.0, layout.box[0] * layout.box[1] / (layout.width * layout.height))
    mask, photometric = 1, page.number(tags.PHOTOMETRIC, _BLACK_IS_ZERO)
    n_colours = COLOURS[photometric]
    eight = 0 if set(layout.bits) == {8} and layout.format == _UNSIGNED else n_colours
    if n_samples > n_colours or photometric == _SEPARATED:
        image = 8  # straight alpha, or inks, once as an array and once as the library holds them
    elif photometric in (_CIE_LAB, _ICC_LAB):
        image = 12  # as an array, as bytes, and twice as the library holds it
    elif photometric == _YCBCR or (photometric == _PALETTE and depth > 8):
        image = 8
    else:
        image = 4 if n_colours == 3 else 1
    # A strip as bytes, which move as they grow; unpacked by the library it is there three times.
    unpacking = {1: 1, 8: 2, 32946: 2}.get(page.number(tags.COMPRESSION, 1), 3) * stored * box
    planes = stored if layout.planes > 1 else 0  # beside what they are put together to
    other = stored if layout.format != _UNSIGNED or depth > 16 else 0  # kept for other readings
    return stored + mask + max(unpacking, planes, eight + image) + 2 * other


def other_readings(
    page: TiffPage, layout: Layout, values: npt.NDArray[Any]
) -> Iterator[tuple[str, Callable[[], Image]]]:
    """Yield what other viewers make of samples that they do not agree about, and a name for each."""
    n_colours = COLOURS[page.number(tags.PHOTOMETRIC, _BLACK_IS_ZERO)]
    unnamed = page.number(tags.EXTRA_SAMPLES, _UNASSOCIATED) not in (_ASSOCIATED, _UNASSOCIATED)
    photometric = page.number(tags.PHOTOMETRIC, _BLACK_IS_ZERO)
    if photometric in _WITHOUT_ALPHA and values.shape[2] > n_colours:
        yield "with its last sample as alpha", lambda: _with_alpha(page, layout, values)
    elif unnamed and values.shape[2] > n_colours and n_colours <= 3:
        yield "with its last sample as alpha", lambda: to_image(page, layout, values, unnamed_is_alpha=True)
    if layout.format == _UNSIGNED and max(layout.bits) <= 16:
        return
    if layout.format == _SIGNED:
        whole = replace(layout, format=_UNSIGNED)
        size = values.dtype.itemsize
        unsigned = values.astype(f"i{size}").view(f"u{size}") & np.array(
            (1 << layout.bits[0]) - 1, f"u{size}"
        )
        yield "with signed samples taken as unsigned", lambda: to_image(page, whole, unsigned)
    low, top = _least_and_most(values)
    ends = (1, 255) if layout.format == _FLOAT else (255,)
    for end in ends:
        if low >= 0 and top <= end:
            continue
        bits = (8,) * len(layout.bits)
        eight = replace(layout, format=_UNSIGNED, bits=bits)
        clipped = np.nan_to_num(values, nan=0, posinf=0, neginf=0).clip(0, end)
        scaled = np.rint(clipped * (255 // end)).astype(np.uint8)
        yield f"clipped at {end}", lambda eight=eight, scaled=scaled: to_image(page, eight, scaled)  # type: ignore[misc]


#: Of these the imaging library has no image with alpha.
_WITHOUT_ALPHA = frozenset({_SEPARATED, _CIE_LAB, _ICC_LAB})


def _with_alpha(page: TiffPage, layout: Layout, values: npt.NDArray[Any]) -> Image:
    """Return inks or L*a*b* in red, green and blue with the sample behind them as alpha."""
    from PIL import Image as pil

    n = COLOURS[page.number(tags.PHOTOMETRIC, _BLACK_IS_ZERO)]
    colours, _ = to_pixels(to_image(page, layout, values), "white", 1)
    alpha = to_eight_bits(values[..., n : n + 1], layout.bits[n], layout.format)
    if page.number(tags.EXTRA_SAMPLES, _UNASSOCIATED) == _ASSOCIATED:
        colours = _divided(colours, alpha[..., 0])
    return pil.fromarray(np.dstack([colours, alpha]))


def _is_deep(layout: Layout) -> bool:
    return layout.bits[0] == 16 and layout.format == _UNSIGNED


def _alpha(
    page: TiffPage, layout: Layout, values: npt.NDArray[Any], n_colours: int, *, unnamed_is_alpha: bool
) -> UInt8Array | None:
    """Return the sample behind the colours where it is how opaque a pixel is."""
    if values.shape[2] <= n_colours or n_colours > 3:
        return None
    named = page.number(tags.EXTRA_SAMPLES, _UNASSOCIATED) in (_ASSOCIATED, _UNASSOCIATED)
    if not (named or unnamed_is_alpha):
        return None
    return to_eight_bits(values[..., n_colours : n_colours + 1], layout.bits[n_colours], layout.format)[
        ..., 0
    ]


# -- eight bits ----------------------------------------------------------------------------------------------


def to_eight_bits(values: npt.NDArray[Any], n_bits: int, format: int) -> UInt8Array:
    """Scale samples to 8 bits instead of clipping them.

    Up to 16 bits white is the most that they hold; beyond, and of floats, the smallest usual white that holds every
    sample. Signed samples count from the least where one is under 0. What is no number is black.

    Parameters
    ----------
    values : ndarray, shape (rows, cols, n)
    n_bits : int
        Of each sample.
    format : int
        1 unsigned, 2 signed, 3 float.
    """
    if format == _UNSIGNED and n_bits == 8 and values.dtype == np.uint8:
        return np.ascontiguousarray(values)
    black, white = _range(values, n_bits, format)
    out = np.empty(values.shape, np.uint8)
    step = max(1, _STRIP_PIXELS // (values.shape[1] * values.shape[2]))
    for top in range(0, len(values), step):
        part = values[top : top + step].astype(np.float64)
        if format == _FLOAT:
            part = np.nan_to_num(part, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
        part -= black
        part *= 255.0 / (white - black)
        out[top : top + step] = np.clip(np.rint(part, out=part), 0, 255, out=part)
    return out


def _range(values: npt.NDArray[Any], n_bits: int, format: int) -> tuple[float, float]:
    """Return what black and white are."""
    if format == _UNSIGNED and n_bits <= 16:
        return 0.0, float((1 << n_bits) - 1)
    low, top = _least_and_most(values)
    if format == _FLOAT:
        return 0.0, next((white for white in _FLOAT_WHITES if top <= white), top)
    most = float((1 << (n_bits - (format == _SIGNED))) - 1)
    if low < 0:
        return -most - 1, most
    return 0.0, next((float(white) for white in _USUAL_WHITES if top <= white < most), most)


def _least_and_most(values: npt.NDArray[Any]) -> tuple[float, float]:
    """Return the least sample or 0, and the most; what is no number does not count."""
    if values.dtype.kind != "f":
        return min(0.0, float(values.min())), float(values.max())
    low = top = 0.0
    step = max(1, _STRIP_PIXELS // (values.shape[1] * values.shape[2]))
    for start in range(0, len(values), step):
        part = values[start : start + step]
        finite = part[np.isfinite(part)]
        if finite.size:
            low, top = min(low, float(finite.min())), max(top, float(finite.max()))
    return low, top


# -- colours -------------------------------------------------------------------------------------------------


def _through_palette(
    page: TiffPage, layout: Layout, values: npt.NDArray[Any], alpha: UInt8Array | None, *, is_multiplied: bool
) -> Image:
    from PIL import Image as pil

    indices = values[..., 0]
    if layout.bits[0] > 16 or layout.format != _UNSIGNED:
        raise UnsupportedImage(
            f"TIFF with samples the decoder does not know: a palette of {layout.bits[0]} bits"
        )
    n_colours = 1 << layout.bits[0]
    stored = page.numbers(tags.COLOUR_MAP).astype(np.uint16)
    n_given = len(stored) // 3
    if not n_given:
        raise UnsupportedImage("TIFF with a palette that is not there")
    given = stored[: 3 * n_given].reshape(3, n_given).T[:n_colours]
    # Sixteen bits a colour; some writers store eight.
    colours = np.zeros((n_colours, 3), np.uint8)
    colours[: len(given)] = given if given.max() < 256 else given >> 8
    if n_colours > 256 or is_multiplied:
        shown = colours[indices]
        if alpha is None:
            return pil.fromarray(shown)
        return pil.fromarray(np.dstack([_divided(shown, alpha) if is_multiplied else shown, alpha]))
    whole = np.ascontiguousarray(indices.astype(np.uint8))
    if alpha is None:
        image = pil.fromarray(whole)
    else:
        image = pil.frombytes("PA", (layout.width, layout.height), np.dstack([whole, alpha]).tobytes())
    image.putpalette(colours.tobytes())
    return image


def _lab(values: npt.NDArray[Any], layout: Layout, *, signed: bool) -> Image:
    """Return CIE L*a*b*; a and b are stored with their sign, or with 0 in the middle."""
    from PIL import Image as pil

    shift = max(0, layout.bits[0] - 8)
    if layout.bits[0] not in (8, 16) or layout.format == _FLOAT:
        raise UnsupportedImage(
            f"TIFF with samples the decoder does not know: L*a*b* of {layout.bits[0]} bits"
        )
    eight = np.empty((*values.shape[:2], 3), np.uint8)
    step = max(1, _STRIP_PIXELS // values.shape[1])
    for top in range(0, len(values), step):
        whole = values[top : top + step, :, :3].astype(np.int64) & ((1 << layout.bits[0]) - 1)
        eight[top : top + step] = whole >> shift
    if not signed:
        eight[..., 1:] ^= 0x80
    return pil.frombytes("LAB", (layout.width, layout.height), eight.tobytes(), "raw", "LAB")


def _from_luma_and_chroma(page: TiffPage, eight: UInt8Array) -> Image:
    from PIL import Image as pil

    given = page.numbers(tags.COEFFICIENTS)
    red, green, blue = (float(each) for each in given[:3]) if len(given) >= 3 else _COEFFICIENTS
    reference = [float(each) for each in page.numbers(tags.REFERENCE)[:6]]
    black, white, zero_b, most_b, zero_r, most_r = reference if len(reference) == 6 else _REFERENCE
    if min(abs(white - black), abs(most_b - zero_b), abs(most_r - zero_r), abs(green)) == 0:
        raise UnsupportedImage("TIFF with luma and chroma that have no range")
    out = np.empty(eight.shape, np.uint8)
    step = max(1, _STRIP_PIXELS // eight.shape[1])
    for top in range(0, len(eight), step):
        luma, cb, cr = np.moveaxis(eight[top : top + step].astype(np.float32), 2, 0)
        luma = (luma - black) * (255 / (white - black))
        cb, cr = (cb - zero_b) * (127 / (most_b - zero_b)), (cr - zero_r) * (127 / (most_r - zero_r))
        r, b = luma + cr * (2 - 2 * red), luma + cb * (2 - 2 * blue)
        g = (luma - red * r - blue * b) / green
        out[top : top + step] = np.clip(np.rint(np.stack([r, g, b], axis=2)), 0, 255)
    return pil.fromarray(out)


def _divided(eight: UInt8Array, alpha: UInt8Array) -> UInt8Array:
    """Undo that colours were multiplied by how opaque they are."""
    out = eight.copy()
    part = (alpha > 0) & (alpha < 255)
    own = alpha[part].astype(np.float32)[:, None]
    out[part] = np.clip(np.rint(eight[part].astype(np.float32) * 255 / own), 0, 255).astype(np.uint8)
    return out
