"""An ordinary JPEG file reduced by our own reader, which passes over what no hash needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..errors import ImageTooLarge
from .deadline import NO_DEADLINE, Deadline
from .jpeg_header import JpegHeader
from .pictures import UInt8Array

__all__ = ["BLOCK", "Means", "read_means"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """A picture reduced: each sample is the mean of those that it stands for, as far as low frequencies make it up.

    Attributes
    ----------
    step : int
    luma : ndarray of uint8, shape (rows / step, cols / step), rounded up
    blue, red : ndarray of uint8 or None
        The means of the blocks of chroma, where they were asked for.
    """

    step: int
    luma: UInt8Array
    blue: UInt8Array | None = None
    red: UInt8Array | None = None


#: Samples of a block a side.
BLOCK = 8


def read_means(
    data: bytes, header: JpegHeader, step: int, *, deadline: Deadline = NO_DEADLINE, with_chroma: bool = False
) -> Means | None:
    """Read a JPEG file, a sample for every `step` columns and rows.

    Parameters
    ----------
    data : bytes
        The whole file.
    header : JpegHeader
        What it says of itself.
    step : 2, 4 or 8
        The reduction.
    deadline : Deadline
        Looked at every few milliseconds.
    with_chroma : bool
        The means of chroma are wanted, too, of a file that has any.

    Returns
    -------
    Means or None
        None for whatever is not an ordinary, whole and undamaged file: a decoder says what is wrong with it, if
        anything.

    Raises
    ------
    DeadlinePassed
    ImageTooLarge
        There is no memory for it.
    """
    from .._rows import read_luma

    luma = np.empty((-(-header.height // step), -(-header.width // step)), np.uint8)
    blue = red = None
    if with_chroma and len(header.sampling) > 1:
        blue, red = (np.empty(_blocks_of(header, which), np.uint8) for which in (1, 2))
    between = None if deadline is NO_DEADLINE else deadline.check
    try:
        is_read = read_luma(data, luma, step=step, blue=blue, red=red, between=between)
    except MemoryError as exc:
        raise ImageTooLarge("the JPEG reader ran out of memory") from exc
    return Means(step=step, luma=luma, blue=blue, red=red) if is_read else None


def _blocks_of(header: JpegHeader, which: int) -> tuple[int, int]:
    """Return how many blocks of a component there are, down and across."""
    across, down = header.sampling[which]
    most_across, most_down = (max(each) for each in zip(*header.sampling, strict=True))
    return (
        -(-header.height * down // (BLOCK * most_down)),
        -(-header.width * across // (BLOCK * most_across)),
    )
