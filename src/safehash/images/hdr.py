"""How a screen of ordinary range shows light of a high one: PQ and HLG, as browsers map their tones."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .matrices import through

__all__ = ["DEFAULT_PEAK", "WHITE", "hlg_light", "mapped", "pq_light"]

Float64Array = npt.NDArray[np.float64]

#: The light of diffuse white and of the brightest sample where a file does not say (ITU-R BT.2408), in candela a
#: square metre. Light is counted in units of the first.
WHITE = 203.0
DEFAULT_PEAK = 1000.0

#: SMPTE ST 2084.
_PQ_M1, _PQ_M2 = 2610 / 16384, 2523 / 32
_PQ_C1, _PQ_C2, _PQ_C3 = 3424 / 4096, 2413 / 128, 2392 / 128
_PQ_PEAK = 10000.0

#: ITU-R BT.2100: the curve, the exponent of the whole at 1000 candela a square metre, and what luminance is made of.
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
_HLG_EXPONENT = 1.2
_LUMINANCE = np.array([0.2627, 0.6780, 0.0593])

#: Reference white tone mapping (SMPTE ST 2094-50, annex C): how far the bend lies from the knee to the end.
_KAPPA = 0.65
#: Places at which the curve is told, and between which it is interpolated: of very bright light one sees them.
_N_NODES = 8


def pq_light(samples: Float64Array) -> Float64Array:
    """Return the light of PQ samples (0 to 1), diffuse white being 1."""
    root = np.power(samples, 1 / _PQ_M2)
    share = np.maximum(root - _PQ_C1, 0.0) / (_PQ_C2 - _PQ_C3 * root)
    return np.asarray(_PQ_PEAK / WHITE * np.power(share, 1 / _PQ_M1), np.float64)


def hlg_light(samples: Float64Array, to_rec2020: Float64Array) -> Float64Array:
    """Return the light of HLG samples (0 to 1) on a screen of 1000 candela a square metre, diffuse white being 1.

    Parameters
    ----------
    samples : ndarray of float64, shape (n, 3)
    to_rec2020 : ndarray of float64, shape (3, 3)
        From the light of the samples' primaries to that of Rec. 2020's.
    """
    high = (np.exp((samples - _HLG_C) / _HLG_A) + _HLG_B) / 12
    scene = np.where(samples <= 0.5, samples**2 / 3, high)
    luminance = np.maximum(through(_LUMINANCE, through(to_rec2020, scene)), 1e-9)
    return np.asarray(scene * luminance[:, None] ** (_HLG_EXPONENT - 1) * (DEFAULT_PEAK / WHITE), np.float64)


def mapped(light: Float64Array, peak: float) -> Float64Array:
    """Bring light of a high range to that of an ordinary screen.

    Parameters
    ----------
    light : ndarray of float64, shape (n, 3)
        Of Rec. 2020's primaries, diffuse white being 1.
    peak : float
        The brightest light that the file says it has, in candela a square metre.

    Returns
    -------
    ndarray of float64, shape (n, 3)
        The brightest that the screen shows is 1.

    References
    ----------
    SMPTE ST 2094-50, annex C; Chromium's painting agrees to a grey level (tests/browser/colour_painted.py).
    """
    brightest = peak / WHITE
    if brightest <= 1:
        return light
    knee = 1 - 0.5 * min(np.log2(brightest) / np.log2(DEFAULT_PEAK / WHITE), 1.0)
    bend_in, bend_out = (1 - _KAPPA) + _KAPPA / knee, (1 - _KAPPA) * knee + _KAPPA
    way = np.linspace(0.0, 1.0, _N_NODES)
    start, middle, end = (1 - way) ** 2, 2 * way * (1 - way), way**2
    ins = start + middle * bend_in + end * brightest
    outs = start * knee + middle * bend_out + end
    slopes = ((1 - way) * (bend_out - knee) + way * (1 - bend_out)) / (
        (1 - way) * (bend_in - 1) + way * (brightest - bend_in)
    )
    top = light.max(axis=1)
    gain = _between(top, ins, np.log2(outs / ins), (ins * slopes - outs) / (np.log(2) * ins * outs))
    shown = np.where(top <= 1, top * knee, np.where(top >= brightest, 1.0, top * np.exp2(gain)))
    return np.asarray(light * (shown / np.maximum(top, 1e-9))[:, None], np.float64)


def _between(
    places: Float64Array, nodes: Float64Array, values: Float64Array, slopes: Float64Array
) -> Float64Array:
    """Return what cubic pieces through nodes, with these slopes there, have at some places."""
    piece = np.clip(np.searchsorted(nodes, places, side="right") - 1, 0, len(nodes) - 2)
    width = nodes[piece + 1] - nodes[piece]
    way = np.clip((places - nodes[piece]) / width, 0.0, 1.0)
    rest = 1 - way
    first = rest**2 * ((1 + 2 * way) * values[piece] + way * width * slopes[piece])
    last = way**2 * ((1 + 2 * rest) * values[piece + 1] - rest * width * slopes[piece + 1])
    return np.asarray(first + last, np.float64)
