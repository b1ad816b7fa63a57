"""What lies beyond all that its family, and what is not hidden, allow is no hit: no gate need be asked."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from safehash.matching.evidence import Evidence
from safehash.matching.families import FAMILIES, Family
from safehash.matching.gates import Refusal
from safehash.matching.judgement import LOW_QUALITY, TURNS, WINDOWS

SHARES = st.floats(0, 1)


@given(
    family=st.sampled_from(sorted(FAMILIES.values(), key=lambda family: family.name)),
    measures=st.fixed_dictionaries(
        {
            "distance": st.integers(0, 128), "agreement": st.floats(0.4, 1), "turned": st.booleans(),
            "coverage": SHARES, "missing": st.floats(0, 0.4), "hidden": SHARES,
            "rest": st.just(0.0) | st.floats(-256, 256), "quality": st.integers(30, 100),
            "faint": st.floats(0, 0.2), "greys": st.floats(3, 6), "common": SHARES, "contrast": st.floats(0, 100),
            "flat": SHARES, "lined": SHARES, "plain_ground": st.booleans(), "lit": SHARES, "lit_greys": st.floats(3, 6),
            "lit_common": SHARES, "lit_flat": SHARES, "boxes": st.floats(0, 5), "laid_out": st.floats(0, 5),
            "pixels": st.floats(16, 2000), "plain_distance": st.integers(0, 128), "degenerate": st.booleans(),
        }
    ),
)  # fmt: skip
def test_gates_only_take_away(family: Family, measures: dict[str, Any]) -> None:
    for gates in (WINDOWS, TURNS, LOW_QUALITY):
        evidence = Evidence.of(family, measures)
        allowed = gates.allowed(evidence)
        assert isinstance(allowed, Refusal) or allowed <= gates.most_bits(evidence)
        if not measures["rest"]:  # nothing is hidden, and nothing makes up for what gates take away
            assert gates.most_bits(evidence) == family.extra + family.rich
