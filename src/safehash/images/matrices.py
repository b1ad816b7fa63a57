"""Small matrices, as sums in a fixed order: no library's, some of which differ in the last bit, or are wrong.

numpy hands its products to BLAS. One for SVE (aarch64) gave colours up to thirty levels off, under emulation; all
others add in an order of their own. What is hashed must have the same bits everywhere.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["determinant", "inverse", "product", "through"]

Float64Array = npt.NDArray[np.float64]


def through(matrix: npt.NDArray[Any], light: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return each few numbers as a matrix makes others of them.

    Parameters
    ----------
    matrix : ndarray, shape (m, n) or (n,)
        Each row makes one number.
    light : ndarray, shape (..., n)

    Returns
    -------
    ndarray, shape (..., m) or (...)
        In the wider of both types.

    Examples
    --------
    >>> through(np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 2.0]]), np.array([1.0, 2.0, 3.0])).tolist()
    [2.0, 1.0, 6.0]
    """
    if matrix.ndim == 2:
        return np.stack([through(row, light) for row in matrix], axis=-1)
    # Said, as numpy before 2 goes by the narrower type where the other is a single number.
    light = light.astype(np.result_type(light.dtype, matrix.dtype), copy=False)
    mixed: npt.NDArray[Any] = light[..., 0] * matrix[0]
    for at in range(1, len(matrix)):
        mixed = mixed + light[..., at] * matrix[at]
    return mixed


def product(first: Float64Array, second: Float64Array) -> Float64Array:
    """Return the matrix that does what the second does, and then the first; both of shape (3, 3).

    Examples
    --------
    >>> product(np.diag([1.0, 2.0, 3.0]), np.ones((3, 3)))[2].tolist()
    [3.0, 3.0, 3.0]
    """
    return np.stack([through(first, second[:, k]) for k in range(3)], axis=1)


def determinant(matrix: Float64Array) -> float:
    """Return the determinant of a matrix of shape (3, 3).

    Examples
    --------
    >>> determinant(np.diag([1.0, 2.0, 3.0]))
    6.0
    """
    (a, b, c), (d, e, f), (g, h, i) = matrix.tolist()
    return float(a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g))


def inverse(matrix: Float64Array) -> Float64Array:
    """Return the inverse of a matrix of shape (3, 3).

    Raises
    ------
    ZeroDivisionError
        It has none.

    Examples
    --------
    >>> inverse(np.diag([1.0, 2.0, 4.0])).diagonal().tolist()
    [1.0, 0.5, 0.25]
    """
    (a, b, c), (d, e, f), (g, h, i) = matrix.tolist()
    all_over = determinant(matrix)
    rows = [
        [e * i - f * h, c * h - b * i, b * f - c * e],
        [f * g - d * i, a * i - c * g, c * d - a * f],
        [d * h - e * g, b * g - a * h, a * e - b * d],
    ]
    return np.array([[each / all_over for each in row] for row in rows])
