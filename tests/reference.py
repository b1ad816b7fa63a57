"""PDQ with the reference's rounding, as the reference derives its eight orientations: from the coefficients."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from safehash import _core

Float32Array = npt.NDArray[np.float32]


def bits_of(coefficients: Float32Array) -> npt.NDArray[np.bool_]:
    """Return bit k as docs/hashes.md numbers it."""
    flat = coefficients.ravel()
    bits: npt.NDArray[np.bool_] = flat > np.sort(flat)[127]
    return bits


def digest_of(coefficients: Float32Array) -> bytes:
    return np.packbits(bits_of(coefficients), bitorder="little").tobytes()[::-1]


def pdq(pixels: Any) -> bytes:
    """Return the digest."""
    return digest_of(_core.reference_parts(pixels)[1])


def orientations(pixels: Any) -> list[bytes]:
    """Return the digests of the eight orientations, in the order of `safehash.hashes.ORIENTATIONS`."""
    found = _core.reference_parts(pixels)[1]
    signs = np.where(np.arange(16) % 2 == 0, -1, 1).astype(np.float32)  # row i is frequency i + 1
    down, across = signs[:, None], signs[None, :]
    turned = (
        found,
        found.T * down,
        found * down * across,
        found.T * across,
        found * down,
        found * across,
        found.T,
        found.T * down * across,
    )
    return [digest_of(each) for each in turned]
