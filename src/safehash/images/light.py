"""Light and samples: sRGB's curve, primaries and transfer functions by their number, matrices between them."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from .icc import D50, Curve
from .matrices import determinant, inverse, product, through

__all__ = [
    "HLG", "PQ", "PRIMARIES", "REC2020_PRIMARIES", "Chromaticities", "as_it_is", "light_to_xyz", "power",
    "says_something", "srgb_light", "srgb_samples", "to_srgb_light", "transfer_of",
]  # fmt: skip

Float64Array = npt.NDArray[np.float64]
#: x and y of white, red, green and blue.
Chromaticities = tuple[float, float, float, float, float, float, float, float]

#: White, red, green and blue (x, y) by their number in ITU-T H.273, table 2.
PRIMARIES: dict[int, Chromaticities] = {
    1: (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06),
    4: (0.310, 0.316, 0.67, 0.33, 0.21, 0.71, 0.14, 0.08),
    5: (0.3127, 0.3290, 0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (0.3127, 0.3290, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    7: (0.3127, 0.3290, 0.630, 0.340, 0.310, 0.595, 0.155, 0.070),
    8: (0.310, 0.316, 0.681, 0.319, 0.243, 0.692, 0.145, 0.049),
    9: (0.3127, 0.3290, 0.708, 0.292, 0.170, 0.797, 0.131, 0.046),
    10: (1 / 3, 1 / 3, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
    11: (0.314, 0.351, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    12: (0.3127, 0.3290, 0.680, 0.320, 0.265, 0.690, 0.150, 0.060),
    22: (0.3127, 0.3290, 0.630, 0.340, 0.295, 0.605, 0.155, 0.077),
}
_SRGB_PRIMARIES, REC2020_PRIMARIES, _SRGB_TRANSFER = 1, 9, 13
PQ, HLG = 16, 18
#: Transfer functions that a video's picture has and browsers paint as sRGB.
_VIDEO = frozenset({1, 6, 14, 15})


def srgb_light(samples: Float64Array) -> Float64Array:
    high = np.power((samples + 0.055) / 1.055, 2.4)
    return np.asarray(np.where(samples <= 0.04045, samples / 12.92, high), np.float64)


def srgb_samples(light: Float64Array, *, most: float = 1.0) -> Float64Array:
    """Return 8-bit samples, not rounded, of light that a screen shows from 0 to 1.

    With `most` over 1 the curve goes on to that light, and mirrored below 0.
    """
    size = np.clip(np.abs(light), 0.0, most)
    high = 1.055 * np.power(size, 1 / 2.4) - 0.055
    samples = 255 * np.where(size <= 0.0031308, 12.92 * size, high)
    return np.asarray(np.where(light > 0, samples, -samples if most > 1 else 0.0), np.float64)


def _smpte_240m_light(samples: Float64Array) -> Float64Array:
    high = np.power((samples + 0.1115) / 1.1115, 1 / 0.45)
    return np.asarray(np.where(samples < 0.0913, samples / 4, high), np.float64)


def as_it_is(samples: Float64Array) -> Float64Array:
    return samples


def power(exponent: float, scale: float = 1.0) -> Curve:
    return lambda samples: np.asarray(np.power(samples, exponent) * scale, np.float64)


#: Light by the transfer function's number in ITU-T H.273, table 3, as Chromium takes them: those of a camera as the
#: screen that undoes them. Numbers that are not here say nothing.
_TRANSFERS: dict[int, Curve] = {
    **dict.fromkeys((1, 6, 11, 14, 15), power(2.4)),
    4: power(2.2),
    5: power(2.8),
    7: _smpte_240m_light,
    8: as_it_is,
    _SRGB_TRANSFER: srgb_light,
    17: power(2.6, 52.37 / 48),
}


def transfer_of(number: int, *, video: bool) -> Curve | None:
    """Return the light of samples by a transfer function's number; None for one that says nothing.

    Parameters
    ----------
    number : int
    video : bool
        The picture is coded as video is, whose own functions browsers paint as sRGB.
    """
    return _TRANSFERS.get(_SRGB_TRANSFER if video and number in _VIDEO else number)


def says_something(primaries: int, transfer: int) -> bool:
    """Tell whether both numbers have a meaning that browsers know."""
    return primaries in PRIMARIES and (transfer in _TRANSFERS or transfer in (PQ, HLG))


#: Bradford's cone responses.
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


def light_to_xyz(chromaticities: Chromaticities) -> Float64Array | None:
    """Return the matrix from light of these primaries to CIE XYZ under D50; None where there is none."""
    white = np.array(chromaticities[:2])
    corners = np.array(chromaticities[2:]).reshape(3, 2)
    if white[1] <= 0:
        return None
    columns = np.stack([corners[:, 0], corners[:, 1], 1 - corners.sum(axis=1)])
    xyz = np.array([white[0], white[1], 1 - white.sum()]) / white[1]
    if abs(determinant(columns)) < 1e-6:
        return None
    own = columns * through(inverse(columns), xyz)
    cones = through(_BRADFORD, xyz)
    if min(abs(cones)) < 1e-6:
        return None
    gains = through(_BRADFORD, np.array(D50)) / cones
    adapt = product(inverse(_BRADFORD), gains[:, None] * _BRADFORD)
    return product(adapt, own)


@lru_cache(maxsize=1)
def to_srgb_light() -> Float64Array:
    """Return the matrix from CIE XYZ under D50 to light of sRGB's primaries."""
    srgb = light_to_xyz(PRIMARIES[_SRGB_PRIMARIES])
    assert srgb is not None
    return inverse(srgb)
