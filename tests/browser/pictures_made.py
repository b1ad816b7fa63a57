"""Pictures made for the corpus: detail at every scale, coarse stronger, as in photographs; seeded, nobody's."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

__all__ = ["made"]


@lru_cache(maxsize=64)
def made(seed: int, rows: int = 80, cols: int = 104) -> npt.NDArray[np.uint8]:
    """Return a picture in colour, uint8, shape (rows, cols, 3), whose digest is far from that of any other seed."""
    rng = np.random.default_rng(seed)
    picture = np.zeros((rows, cols, 3))
    for octave in range(1, 6):
        n = 2**octave + 1
        coarse = rng.normal(size=(n, n, 3)) + rng.normal(size=(n, n, 1)) * 2
        down, across = np.linspace(0, n - 1, rows), np.linspace(0, n - 1, cols)
        top, left = np.minimum(down.astype(int), n - 2), np.minimum(across.astype(int), n - 2)
        y, x = (down - top)[:, None, None], (across - left)[None, :, None]
        mixed = (
            coarse[top][:, left] * (1 - y) * (1 - x)
            + coarse[top][:, left + 1] * (1 - y) * x
            + coarse[top + 1][:, left] * y * (1 - x)
            + coarse[top + 1][:, left + 1] * y * x
        )
        picture += mixed / 2**octave
    low, high = np.quantile(picture, [0.01, 0.99])
    scaled: npt.NDArray[np.uint8] = np.clip((picture - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    return scaled
