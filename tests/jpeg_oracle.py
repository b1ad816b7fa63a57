"""What the own reader of JPEG files has to read: the decoder's means, and what kept coefficients make up, slowly."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, _imaging

from safehash._rows import read_luma

__all__ = ["KEPT", "is_inside", "made_up", "ours", "theirs"]

UInt8 = npt.NDArray[np.uint8]

#: Zigzag places as (down, across).
ZIGZAG = sorted(
    ((down, across) for down in range(8) for across in range(8)),
    key=lambda place: (sum(place), place[0] if sum(place) % 2 else place[1]),
)
#: How many of them each step keeps, and which of those it leaves out.
KEPT = {8: ZIGZAG[:1], 4: [*ZIGZAG[:3], ZIGZAG[4]], 2: ZIGZAG[:21]}


def ours(data: bytes, step: int, **options: Any) -> UInt8 | None:
    """Read a file by the reader under test; None where it leaves it to others."""
    with Image.open(io.BytesIO(data)) as image:
        cols, rows = image.size
    luma = np.full((-(-rows // step), -(-cols // step)), 77, np.uint8)
    return luma if read_luma(data, luma, step=step, **options) else None


def theirs(data: bytes, step: int) -> UInt8:
    """Read the luma by the imaging library's decoder, which raises where it cannot."""
    with Image.open(io.BytesIO(data)) as image:
        size = -(-image.width // step), -(-image.height // step)
        assert image.mode in ("L", "RGB")
    core = _imaging.new("L", size)
    decoder = _imaging.jpeg_decoder(
        "L", "L", "", step, 0
    )  # `draft` reduces thin pictures by less than it is asked
    decoder.setimage(core, (0, 0, *size))
    n_taken, error = decoder.decode(data)
    assert n_taken < 0 <= error, "the decoder did not come to the end"
    return np.asarray(Image.Image()._new(core))


def made_up(data: bytes, step: int) -> npt.NDArray[np.float64]:
    """Return the samples that the kept coefficients make up, from all pixels, slowly."""
    pixels = theirs(data, 1).astype(float) - 128
    rows, cols = pixels.shape
    padded = np.pad(pixels, ((0, -rows % 8), (0, -cols % 8)), mode="edge")
    blocks = padded.reshape(padded.shape[0] // 8, 8, -1, 8).swapaxes(1, 2)
    angles = (2 * np.arange(8) + 1) * np.arange(8)[:, None] * np.pi / 16
    basis = np.cos(angles) * np.where(np.arange(8) == 0, 0.5**0.5, 1)[:, None] / 2
    kept = np.zeros((8, 8))
    for place in KEPT[step]:
        kept[place] = 1
    low = basis.T @ ((basis @ blocks @ basis.T) * kept) @ basis
    whole = low.swapaxes(1, 2).reshape(padded.shape)
    means = whole.reshape(padded.shape[0] // step, step, -1, step).mean(axis=(1, 3))
    clipped: npt.NDArray[np.float64] = np.clip(means[: -(-rows // step), : -(-cols // step)] + 128, 0, 255)
    return clipped


def is_inside(rows: int, cols: int, step: int) -> tuple[slice, slice]:
    """Return what of a reduced picture lies in blocks whose pixels are all known."""
    return slice(0, rows // 8 * 8 // step), slice(0, cols // 8 * 8 // step)
