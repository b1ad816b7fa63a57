"""Small matrices by sums in a fixed order: what numpy's say, but for the last digits."""

from __future__ import annotations

import numpy as np
import pytest

from safehash.images.matrices import determinant, inverse, product, through


def test_they_are_what_numpy_says() -> None:
    rng = np.random.default_rng(7)
    for n in (1, 4, 5, 257):
        matrix, other = rng.normal(size=(2, 3, 3))
        light = rng.random((n, 2, 3))
        by_hand = [
            [[sum(float(row[k]) * float(one[k]) for k in range(3)) for row in matrix] for one in line]
            for line in light
        ]
        np.testing.assert_allclose(through(matrix, light), by_hand, rtol=1e-12, atol=1e-12)
        np.testing.assert_array_equal(through(matrix[1], light), through(matrix, light)[..., 1])
        np.testing.assert_allclose(
            through(product(matrix, other), light),
            through(matrix, through(other, light)),
            rtol=1e-9,
            atol=1e-9,
        )
        np.testing.assert_allclose(product(inverse(matrix), matrix), np.eye(3), atol=1e-9)
        assert determinant(product(matrix, other)) == pytest.approx(determinant(matrix) * determinant(other))


def test_types_are_kept_and_order_is_fixed() -> None:
    light = np.ones((4, 5, 3), np.float32)
    assert through(np.eye(3, dtype=np.float32), light).dtype == np.float32
    assert through(np.array([0.25, 0.5, 0.25]), np.full((2, 3), 200, np.uint8)).tolist() == [200.0, 200.0]
    # (1 + 1e16) - 1e16 is not 1 + (1e16 - 1e16): from left to right, always.
    assert through(np.ones(3), np.array([1.0, 1e16, -1e16])) == 0.0


def test_what_has_no_inverse_is_refused() -> None:
    assert determinant(np.ones((3, 3))) == 0.0
    with pytest.raises(ZeroDivisionError):
        inverse(np.ones((3, 3)))
