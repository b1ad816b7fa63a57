"""The corpus that a browser paints: files of every format and feature that the decoder has, made here, seeded."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["EMPTY", "CorpusFile", "grey_of", "ramp_like"]

UInt8Array = npt.NDArray[np.uint8]


#: Why a file is set aside that other viewers show.
EMPTY = "the browser shows nothing"


@dataclass(frozen=True, kw_only=True)
class CorpusFile:
    """One file, and what is known of it.

    Attributes
    ----------
    name : str
        What is particular about it.
    ending : str
        Of its file name.
    data : bytes
    aside : str
        Why no view need be what this browser paints; empty where one must.
    """

    name: str
    ending: str
    data: bytes
    aside: str = ""


def grey_of(picture: UInt8Array) -> UInt8Array:
    """Return a picture's luma, shape (rows, cols)."""
    grey: UInt8Array = np.rint(picture @ np.array([0.299, 0.587, 0.114])).astype(np.uint8)
    return grey


def ramp_like(picture: UInt8Array) -> UInt8Array:
    """Return values from 0 at the left to 255 at the right, shape (rows, cols): alpha for a picture."""
    rows, cols = picture.shape[:2]
    return np.tile(np.linspace(0, 255, cols).astype(np.uint8), (rows, 1))
