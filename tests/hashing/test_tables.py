"""The constant tables compiled into the kernels, against what makes them anew by exact arithmetic."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext

import numpy as np
import pytest

import kernel_tables
from safehash import _core, _digests, _views


def test_plain_shapes() -> None:
    np.testing.assert_array_equal(_digests.plain_shapes(), kernel_tables.plain_shapes())


def test_cosines() -> None:
    expected = {"pdq": kernel_tables.pdq_cosines(), "reference": kernel_tables.reference_cosines()}
    for n in kernel_tables.RADICES:
        for stage, values in kernel_tables.phash_twiddles(n).items():
            expected[f"{stage} {n}"] = values
    assert _core.cosines() == expected


def test_cosines_are_cosines() -> None:
    """What makes the tables, against the cosines of this system: within rounding."""
    lengths = {name: len(values) for name, values in _core.cosines().items()}
    assert (lengths["pdq"], lengths["last 32"], lengths["last 64"]) == (65, 32, 64)
    for k, value in enumerate(_core.cosines()["pdq"]):
        assert value == pytest.approx(math.sqrt(2 / 64) * math.cos(math.pi * k / 128), abs=1e-8)
    for n in (32, 64):
        for k, value in enumerate(_core.cosines()[f"last {n}"]):
            assert value == pytest.approx(math.cos(math.pi * (k + 1) / (2 * n)), abs=1e-15)


def test_logarithms() -> None:
    found = _views.logarithms().tolist()
    assert found == kernel_tables.logarithms()
    assert found[4096] == 12 * 65536 and found[3] == round(math.log2(3) * 65536)


def true_cosine(radians: Decimal) -> Decimal:
    """Return a cosine to 40 digits, within an eighth of the circle."""
    turns = (radians / (2 * kernel_tables.pi())).to_integral_value()
    rest = abs(radians - turns * 2 * kernel_tables.pi())
    return kernel_tables.cosine_of(rest)


def test_sines_and_cosines_are_right_to_the_last_place() -> None:
    generator = np.random.default_rng(20261201)
    quarter = math.pi / 2 * np.arange(-10, 11)  # where one of them is nearly nothing
    radians = np.concatenate(
        [generator.uniform(-16, 16, 1500), quarter, np.nextafter(quarter, 9), [0.0, 1e-300]]
    )
    sines, cosines = _core.sines_and_cosines(radians)
    with localcontext() as context:
        context.prec = 60
        for value, sine, cosine in zip(radians.tolist(), sines.tolist(), cosines.tolist(), strict=True):
            for found, angle in ((sine, Decimal(value) - kernel_tables.pi() / 2), (cosine, Decimal(value))):
                true = true_cosine(angle)
                assert abs(Decimal(found) - true) <= Decimal(math.ulp(float(true))) + Decimal("1e-50"), value
    (none, little), (one, other) = _core.sines_and_cosines(np.array([0.0, 1e-300]))
    assert (none, little, one, other) == (0.0, 1e-300, 1.0, 1.0)


@pytest.mark.parametrize("radians", [16.1, -1e300, math.inf, -math.inf, math.nan])
def test_angles_beyond_a_few_turns_are_refused(radians: float) -> None:
    with pytest.raises(ValueError, match="angles are up to"):
        _core.sines_and_cosines(np.array([radians]))
