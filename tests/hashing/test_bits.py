"""Bits are counted in one place of Python, and counted right."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import safehash
from safehash.hashing.bits import count_ones, distance_between, ones_in

PACKAGE = Path(safehash.__file__).parent


@given(
    st.lists(st.tuples(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32)), min_size=1)
)
def test_as_counted_by_hand(pairs: list[tuple[bytes, bytes]]) -> None:
    ones, others = (np.array([list(pair[k]) for pair in pairs], np.uint8) for k in (0, 1))
    by_hand = [sum(bin(a ^ b).count("1") for a, b in zip(*pair, strict=True)) for pair in pairs]
    assert [distance_between(*pair) for pair in pairs] == by_hand == ones_in(ones ^ others).tolist()
    assert [count_ones(one) for one, _ in pairs] == ones_in(ones).tolist()
    assert ones_in((ones ^ others)[None]).shape == (1, len(pairs))


def test_nothing_else_counts_bits() -> None:
    """`unpackbits` of pixels and of rows that are switched off counts none."""
    counting = re.compile(r"bit_count|bitwise_count|\.count\(\"1\"\)|unpackbits\([^\n]*\)\.sum")
    found = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if counting.search(path.read_text(encoding="utf-8"))
    }
    assert found == {"hashing/bits.py"}
