"""The constant tables compiled into the kernels, against what makes them anew."""

from __future__ import annotations

import numpy as np

import make_tables
from safehash import _digests


def test_plain_shapes() -> None:
    np.testing.assert_array_equal(_digests.plain_shapes(), make_tables.plain_shapes())
