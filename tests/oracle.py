"""Slow, obviously right implementations of every hash, in numpy and scipy, from docs/hashes.md.

Nothing here is imported by the library, and nothing here imports the compiled core.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.fft
from PIL import Image

FloatArray = npt.NDArray[np.float64]
UInt8Array = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class OraclePdq:
    """A PDQ hash with everything a test may ask about how sure it is."""

    digest: bytes
    quality: int
    coefficients: FloatArray  # (16, 16)

    @property
    def unsure_bits(self) -> npt.NDArray[np.bool_]:
        """Coefficients so near the median that float32 rounding (the reference's) may turn their bit."""
        flat = np.sort(self.coefficients.ravel())
        unsure: npt.NDArray[np.bool_] = np.abs(self.coefficients - flat[127]).ravel() < 2e-3
        return unsure


def luma(pixels: UInt8Array) -> FloatArray:
    """Return the luma of grey or RGB pixels, unrounded."""
    if pixels.ndim == 2:
        return pixels.astype(np.float64)
    weighted: FloatArray = pixels.astype(np.float64) @ np.array([0.299, 0.587, 0.114])
    return weighted


def box_matrix(n: int) -> FloatArray:
    """Return the n x n matrix of one box filter pass over a side of n samples."""
    window = math.ceil(n / 128)
    half = (window + 2) // 2
    matrix = np.zeros((n, n))
    for out in range(n):
        first, last = max(0, out - (window - half)), min(n - 1, out + half - 1)
        matrix[out, first : last + 1] = 1 / (last - first + 1)
    return matrix


def operator(n: int) -> FloatArray:
    """Return the 64 x n matrix of both box passes and the decimation over one side."""
    box = box_matrix(n)
    picks = [int((k + 0.5) * n / 64) for k in range(64)]
    return box[picks] @ box


def small_picture(pixels: UInt8Array) -> FloatArray:
    """Return the 64 x 64 picture that PDQ's DCT sees."""
    y = luma(pixels)
    if y.shape == (64, 64):
        return y
    return operator(y.shape[0]) @ y @ operator(y.shape[1]).T


def pdq_of_small(small: FloatArray) -> OraclePdq:
    """Hash the 64 x 64 picture."""
    gradient = 0
    for diff in (small[1:] - small[:-1], small[:, 1:] - small[:, :-1]):
        gradient += int(np.abs(np.trunc(diff * 100 / 255)).sum())
    quality = min(100, gradient // 90)
    i, j = np.arange(16)[:, None], np.arange(64)[None, :]
    dct = math.sqrt(2 / 64) * np.cos(math.pi / 128 * (i + 1) * (2 * j + 1))
    coefficients = dct @ small @ dct.T
    median = np.sort(coefficients.ravel())[127]
    bits = (coefficients > median).ravel()
    number = sum(1 << k for k in range(256) if bits[k])
    return OraclePdq(number.to_bytes(32, "big"), quality, coefficients)


def pdq(pixels: UInt8Array) -> OraclePdq:
    """Hash grey (rows, cols) or RGB (rows, cols, 3) pixels."""
    return pdq_of_small(small_picture(pixels))


ORIENT: tuple[Callable[[Any], Any], ...] = (
    lambda p: p,
    lambda p: np.rot90(p, 1),
    lambda p: np.rot90(p, 2),
    lambda p: np.rot90(p, 3),
    lambda p: p[::-1],
    lambda p: p[:, ::-1],
    lambda p: np.swapaxes(p, 0, 1),
    lambda p: np.rot90(np.swapaxes(p, 0, 1), 2),
)


def phash(pixels: UInt8Array, side: int = 8) -> tuple[bytes, FloatArray]:
    """Return the DCT pHash of grey or RGB pixels, and its coefficients."""
    image = Image.fromarray(pixels).convert("L")
    image = image.resize((4 * side, 4 * side), Image.Resampling.LANCZOS)
    spectrum = scipy.fft.dctn(np.asarray(image, dtype=np.float64), type=2)[:side, :side]
    bits = (spectrum > np.median(spectrum)).ravel()
    return np.packbits(bits).tobytes(), spectrum
