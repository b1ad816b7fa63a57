"""What lies beyond an upload's edges, guessed: the edge, blurred along itself, fading to the mean."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

__all__ = ["CANVAS", "faded_out", "from_canvas", "on_canvas"]

Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]

#: Sides of the upload that lie side by side on the canvas; the upload is in its middle.
CANVAS = 2
#: How far from the edge it has faded by half, and samples along the edge that are averaged, in parts of the side.
_HALF_GONE, _BLUR = 0.1, 0.125


def on_canvas(window: Sequence[float]) -> list[float]:
    """Return a window's edges, in fractions of the upload's side, in fractions of the canvas's."""
    return [0.5 + (edge - 0.5) / CANVAS for edge in window]


def from_canvas(window: Sequence[float]) -> tuple[float, float, float, float]:
    """Return a window of the canvas in fractions of the upload's side."""
    top, bottom, left, right = (0.5 + (edge - 0.5) * CANVAS for edge in window)
    return top, bottom, left, right


def faded_out(thumb: Float32Array) -> Float32Array:
    """Return a canvas with the thumbnail in its middle.

    Parameters
    ----------
    thumb : ndarray of float32, shape (side, side)

    Returns
    -------
    ndarray of float32, shape (2 * side, 2 * side)
        Sums run in one order on every machine: rows are added to rows, and running sums along an edge.
    """
    side = len(thumb)
    beyond = side // 2
    mean = sum(thumb.astype(np.float64).sum(axis=0).tolist()) / side**2
    far = np.arange(1, beyond + 1) / (_HALF_GONE * side)
    left_of_it = 1.0 / (1.0 + far * far)  # from the edge outwards
    canvas = np.full((CANVAS * side, CANVAS * side), mean)
    inner = slice(beyond, beyond + side)
    canvas[inner, inner] = thumb
    for turned in (canvas, canvas.T):  # the second time the corners get what both edges leave
        for edge, outward in (
            (beyond, np.arange(beyond - 1, -1, -1)),
            (beyond + side - 1, np.arange(beyond + side, 2 * side)),
        ):
            line = _blurred(turned[edge], max(1, round(_BLUR * side))) - mean
            turned[outward] = mean + left_of_it[:, None] * line
    return np.ascontiguousarray(canvas, dtype=np.float32)


def _blurred(line: Float64Array, width: int) -> Float64Array:
    """Return the running mean of a line, its ends repeated."""
    before, after = width // 2, width - width // 2
    sums = np.cumsum(np.concatenate([[0.0], np.repeat(line[:1], before), line, np.repeat(line[-1:], after)]))
    blurred: Float64Array = (sums[width : width + len(line)] - sums[: len(line)]) / width
    return blurred
