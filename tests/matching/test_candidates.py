"""What a candidate says of itself: by hand, each number another."""

from __future__ import annotations

import pytest

from safehash.matching.evidence import Candidate
from safehash.matching.families import COVERED, FRAMED, WHOLE, Family


@pytest.mark.parametrize(
    ("family", "side", "hidden"),
    [(WHOLE, 64, 0.1640625), (COVERED, 64, 0.1640625), (FRAMED, 128, 0.041015625)],
)
def test_what_was_filled_in_is_told_as_a_share_of_the_thumbnail(
    family: Family, side: int, hidden: float
) -> None:
    """Of one hole of 16 x 32 samples, and one of 8 x 20 beside it: 672."""
    assert family.side == side and hidden * side**2 == 672
    holes = ((2, 18, 1, 33), (30, 38, 40, 60))
    assert Candidate(family=family, row=0, distance=3, holes=holes).hidden == hidden
    assert Candidate(family=family, row=0, distance=3).hidden == 0
