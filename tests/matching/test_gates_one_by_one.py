"""Each gate by itself: where it begins to refuse, how far it lets a candidate lie, and that nothing else does it."""

from __future__ import annotations

from typing import Any

import pytest

from safehash.matching.evidence import MEASURES, Evidence
from safehash.matching.families import BENT, NESTED, OVEREXPOSED, WHOLE, Family
from safehash.matching.gates import Refusal
from safehash.matching.judgement import REST, REST_SURE, TURNS, WINDOWS, Gates
from safehash.matching.views import Hit, _Finds

#: A window of a photograph that every gate lets pass, 26 bits beyond the usual 31: 18 of its family, 8 for detail.
PHOTOGRAPH: dict[str, Any] = {
    "agreement": 0.7, "turned": False, "coverage": 1.0, "missing": 0.0, "quality": 90, "faint": 0.01, "greys": 5.8,
    "common": 0.15, "contrast": 60.0, "flat": 0.05, "lined": 0.0, "plain_ground": False, "boxes": 0.0, "pixels": 400.0,
    "plain_distance": 95, "degenerate": False, "hidden": 0.0, "lit": 0.1, "lit_greys": 0.0, "lit_common": 1.0,
    "lit_flat": 1.0, "laid_out": 0.0, "rest": 0.0,
}  # fmt: skip

#: What is left of it where its lights are blown out, enough to be judged by.
LIT: dict[str, Any] = {"lit": 0.5, "lit_greys": 5.8, "lit_common": 0.1, "lit_flat": 0.02}
#: One with its lights given back, as little of a photograph as is enough.
RELIT: dict[str, Any] = {
    "family": OVEREXPOSED, "lit": 0.3, "lit_greys": 4.5, "lit_common": 0.38, "lit_flat": 0.08, "boxes": 1.0,
}  # fmt: skip

NOWHERE = -1
_RESTS = (REST, REST_SURE)


def reach(gates: Gates, family: Family = WHOLE, **measures: Any) -> int:
    """Return the farthest distance, in bits, at which such a candidate is a match at a threshold of 31."""
    known = PHOTOGRAPH | measures
    assert known.keys() | {"distance"} == MEASURES.keys()
    within = [NOWHERE]
    for distance in range(129):
        said = gates.judge(Evidence.of(family, known | {"distance": distance}))
        if not isinstance(said, Refusal) and said <= 31:
            within.append(distance)
    assert within == list(range(-1, len(within) - 1)), "what is nearer is a match, too"
    return within[-1]


def test_a_photograph_is_let_pass() -> None:
    assert reach(WINDOWS) == 31 + 26


#: Gate, what makes it speak, how far a match may lie then, and how far without this gate: on paper, by the table of
#: docs/matching.md.
ALONE: list[tuple[str, dict[str, Any], int, int]] = [
    ("agreement", {"agreement": 0.49}, NOWHERE, 57),
    ("agreement", {"agreement": 0.5}, 57, 57),
    ("agreement", {"agreement": 0.56, "turned": True}, NOWHERE, 57),
    ("agreement", {"agreement": 0.57, "turned": True}, 57, 57),
    ("missing", {"missing": 0.2501}, NOWHERE, 57),
    ("missing", {"missing": 0.25}, 57, 57),
    ("what is seen", {"rest": -60.1}, NOWHERE, 57),
    ("what is seen", {"rest": -60.0}, 57, 57),
    ("window quality", {"quality": 39}, NOWHERE, 57),
    ("window quality", {"quality": 40}, 57, 57),
    ("pixels", {"family": NESTED, "pixels": 63.0}, NOWHERE, 57),
    ("pixels", {"family": NESTED, "pixels": 64.0}, 31, 57),
    ("pixels", {"pixels": 63.0}, 31, 57),
    ("faint coefficients", {"faint": 0.1501}, NOWHERE, 57),
    ("faint coefficients", {"faint": 0.15}, 57, 57),
    ("plain shape", {"plain_distance": 80}, 2 * (80 - 64), 57),
    ("plain shape", {"plain_distance": 60}, 2 * (60 - 50), 57),
    ("plain shape", {"plain_distance": 50}, 0, 57),
    ("plain shape", {"plain_distance": 49}, NOWHERE, 57),
    ("plain shape", {"degenerate": True}, 26, 57),
    ("plain shape", {"plain_ground": True, "greys": 4.8}, 95 - 64, 31 + 14),
    ("detail", {"greys": 5.2}, 31 + 14, 57),
    ("detail", {"greys": 5.35}, 31 + 17, 57),  # half of 14 to 18, and a sixth of 8
    ("detail", {"flat": 0.25}, 31 + 18 + 4, 57),
    ("detail", {"flat": 0.3}, 31 + 18, 57),
    ("pixels", {"pixels": 64.0}, 31, 57),
    ("pixels", {"pixels": 96.0}, 31 + 13, 57),
    ("pixels", {"pixels": 128.0}, 57, 57),
    ("laid out in boxes", {"flat": 0.16, "boxes": 2.6}, 20, 57),
    ("laid out in boxes", {"flat": 0.16, "boxes": 2.6, "agreement": 0.64}, NOWHERE, 57),
    ("laid out in boxes", {"flat": 0.16, "boxes": 2.2}, 57, 57),
    ("laid out in boxes", {"flat": 0.08, "boxes": 2.6}, 57, 57),
    ("greys", {"greys": 3.8}, 6, 31 + 14),
    ("greys", {"greys": 4.0}, 11, 31 + 14),
    ("greys", {"greys": 4.0, "agreement": 0.64}, NOWHERE, 31 + 14),
    ("greys", {"greys": 4.5}, 31 + 14, 31 + 14),
    ("common greys", {"common": 0.45}, 16, 57),
    ("common greys", {"common": 0.38}, 57, 57),
    ("flat share", {"flat": 0.65}, 16, 31 + 18),
    ("flat share", {"flat": 0.45}, 31 + 18, 31 + 18),
    ("contrast", {"contrast": 20.0, "greys": 5.0}, 16, 31 + 14),
    ("contrast", {"contrast": 26.0, "greys": 5.0}, 31 + 14, 31 + 14),
    (
        "contrast",
        {"contrast": 20.0, "greys": 5.4},
        31 + 19,
        31 + 19,
    ),  # two thirds of 14 to 18, and a third of 8
    ("lines", {"lined": 0.16}, 16, 57),
    ("lines", {"lined": 0.10}, 57, 57),
    ("plain ground", {"plain_ground": True, "greys": 4.49}, 16, 31),
    ("plain ground", {"plain_ground": True, "greys": 4.5}, 31, 31),
    ("flat share of the rest", {"hidden": 0.2, "flat": 0.28}, 16, 31 + 20),
    ("flat share of the rest", {"hidden": 0.2, "flat": 0.22}, 31 + 24, 31 + 24),
    ("flat share of the rest", {"hidden": 0.0, "flat": 0.28}, 31 + 20, 31 + 20),
    ("flat and common, aslant", {"family": BENT, "flat": 0.28, "common": 0.38}, 16, 31 + 22),
    ("flat and common, aslant", {"family": BENT, "flat": 0.25, "common": 0.38}, 31 + 22, 31 + 22),
    ("flat and common, aslant", {"family": BENT, "flat": 0.28, "common": 0.31}, 31 + 22, 31 + 22),
    ("flat and common, aslant", {"flat": 0.28, "common": 0.38}, 31 + 20, 31 + 20),
    # Overexposed photographs, by what is not blown out.
    ("common greys", {"common": 0.6, **LIT}, 31 + 9, 57),
    ("common greys", {"common": 0.6, **LIT, "agreement": 0.57}, 31 + 9, 57),
    ("common greys", {"common": 0.6, **LIT, "agreement": 0.56}, NOWHERE, 57),
    ("common greys", {"common": 0.6, **LIT, "lit": 0.2}, 16, 57),
    ("common greys", {"common": 0.6, **LIT, "lit_greys": 5.0}, 16, 57),
    ("common greys", {"common": 0.6, **LIT, "lit_common": 0.3}, 16, 57),
    ("common greys", {"common": 0.6, **LIT, "lit_flat": 0.16}, 16, 57),
    ("common greys", {"common": 0.6, **LIT, "boxes": 1.6}, 16, 57),
    ("common greys", {"common": 0.6, **LIT, "plain_ground": True}, 16, 31 + 26),
    # With their lights given back: what is not blown out is judged as a whole photograph is.
    ("common greys", {"common": 0.6, **RELIT}, 31 + 18, 31 + 18),
    ("common greys", {"common": 0.6, **RELIT, "agreement": 0.57, "flat": 0.42}, 31 + 18, 31 + 18),
    ("common greys", {"common": 0.6, **RELIT, "agreement": 0.56, "flat": 0.42}, NOWHERE, 31 + 18),
    ("common greys", {"common": 0.6, **RELIT, "lit": 0.2}, 16, 31 + 18),
    ("common greys", {"common": 0.6, **RELIT, "lit_greys": 4.0}, 16, 31 + 18),
    ("common greys", {"common": 0.6, **RELIT, "lit_common": 0.45}, 16, 31 + 18),
    ("common greys", {"common": 0.6, **RELIT, "lit_flat": 0.16}, 16, 31 + 18),
    ("common greys", {"common": 0.6, **RELIT, "boxes": 1.6, "flat": 0.42}, 16, 31 + 18),
    # What has boxes in it, where it is less flat and has more greys than a template.
    (
        "common greys",
        {"common": 0.6, **RELIT, "boxes": 2.2, "flat": 0.38, "agreement": 0.53},
        31 + 18,
        31 + 18,
    ),
    (
        "common greys",
        {"common": 0.6, **RELIT, "boxes": 2.2, "flat": 0.38, "agreement": 0.52},
        NOWHERE,
        31 + 18,
    ),
    ("common greys", {"common": 0.6, **RELIT, "boxes": 2.6}, 16, 31 + 18),
    ("greys", {"greys": 3.8, **RELIT, "boxes": 2.2}, 6, 31 + 14),
    ("laid out in boxes", {**RELIT, "flat": 0.3, "boxes": 2.6}, 31 + 18, 31 + 18),
    ("laid out in boxes", {**RELIT, "flat": 0.3, "boxes": 2.6, "lit_flat": 0.16}, 20, 31 + 18),
    ("common greys", {"common": 0.6, **RELIT, "family": WHOLE}, 16, 57),
]


@pytest.mark.parametrize(
    ("name", "measures", "bits", "bits_without"), ALONE, ids=[f"{name}: {said}" for name, said, *_ in ALONE]
)
def test_a_gate_speaks_alone(name: str, measures: dict[str, Any], bits: int, bits_without: int) -> None:
    assert reach(WINDOWS, **measures) == bits
    assert reach(WINDOWS.without(name), **measures) == bits_without


def test_every_gate_is_among_them() -> None:
    assert {name for name, _, with_it, without in ALONE if with_it < without} == {
        gate.name for gate in WINDOWS.gates if gate not in _RESTS
    }
    assert [gate for gate in TURNS.gates if gate not in WINDOWS.gates] == []


#: What the rest of a picture says, and how far a match may lie then: 31 and 41 bits where all of its ranges hold,
#: else as without it; on paper, by the table of docs/matching.md.
RESTS: list[tuple[dict[str, Any], int]] = [
    ({"rest": 72.0}, 72),
    ({"rest": 67.0}, 57),  # half of 41 is less than the 26 of its family
    ({"rest": 70.0}, 31 + 33),  # eight tenths
    ({"rest": 62.0}, 57),
    ({"rest": 72.0, "agreement": 0.42}, 72),
    ({"rest": 72.0, "agreement": 0.39}, 31 + 10),
    ({"rest": 72.0, "agreement": 0.38}, NOWHERE),
    ({"rest": 72.0, "turned": True, "agreement": 0.42}, 72),
    ({"rest": 72.0, "missing": 0.38}, 72),
    ({"rest": 72.0, "missing": 0.40}, NOWHERE),
    ({"rest": 72.0, "quality": 36}, NOWHERE),
    ({"rest": 72.0, "faint": 0.06}, 72),
    ({"rest": 72.0, "faint": 0.07}, 57),
    ({"rest": 72.0, "faint": 0.06, "agreement": 0.45}, 72),
    ({"rest": 72.0, "faint": 0.08, "agreement": 0.45}, NOWHERE),
    ({"rest": 72.0, "plain_distance": 86}, 72),
    ({"rest": 72.0, "plain_distance": 84}, 40),
    ({"rest": 256.0, "degenerate": True}, 26),
    ({"rest": 72.0, "greys": 5.2}, 72),
    ({"rest": 72.0, "greys": 5.0}, 45),
    ({"rest": 72.0, "common": 0.31}, 72),
    ({"rest": 72.0, "common": 0.33}, 57),
    ({"rest": 72.0, "flat": 0.22}, 72),
    ({"rest": 72.0, "flat": 0.28}, 31 + 18 + 2),
    ({"rest": 72.0, "pixels": 96.0}, 31 + 20),
    ({"rest": 72.0, "flat": 0.2, "laid_out": 2.4, "boxes": 2.4}, 72),
    ({"rest": 72.0, "flat": 0.2, "laid_out": 2.6, "boxes": 2.6}, 20),
    # With more bits less of a photograph is enough.
    ({"rest": 105.0, "greys": 5.0, "common": 0.31, "flat": 0.48}, 72),
    ({"rest": 99.0, "greys": 5.0, "common": 0.31, "flat": 0.48}, 31 + 16),
    ({"rest": 105.0, "greys": 4.8, "common": 0.31, "flat": 0.44}, 31 + 14),
    ({"rest": 105.0, "greys": 5.0, "common": 0.35, "flat": 0.44}, 31 + 14),
    (
        {"rest": 105.0, "greys": 5.0, "common": 0.31, "flat": 0.52},
        31 + 4,
    ),  # of 14, -15 where 0.65 is flat: .65 of it
    ({"rest": 105.0, "greys": 5.0, "plain_distance": 86}, 44),
    ({"rest": 105.0, "flat": 0.2, "laid_out": 3.2, "boxes": 3.2}, 72),
    ({"rest": 105.0, "flat": 0.2, "laid_out": 3.6, "boxes": 3.6}, 20),
]


@pytest.mark.parametrize(("measures", "within"), RESTS, ids=str)
def test_the_rest_lets_pass_what_others_refuse(measures: dict[str, Any], within: int) -> None:
    """Whatever each of its ranges is on the edge of: what lies beyond an edge is as if nothing were said."""
    assert reach(WINDOWS, **measures) == within


def test_of_two_views_of_an_entry_the_one_that_needs_less_stays() -> None:
    """The nearer one may need more: with a smaller threshold of its list, the entry would be lost."""
    far, near = (
        Hit(row=4, distance=12, view="mirrored"),
        Hit(row=4, distance=10, view="inside a frame", extra=-15),
    )
    assert (far.needs, near.needs) == (12, 25)
    for order in ((far, near), (near, far)):
        found = _Finds(31, None)
        for hit in order:
            found._keep(hit)
        assert found.best == {4: far}


def test_what_a_view_that_is_not_told_needs_stays_the_least() -> None:
    """Whichever view is told after it: `needs` is the least of all of them, and the one told needs least by itself."""
    found = _Finds(31, None)
    found._keep(Hit(row=4, distance=30, view="first"))
    found.lower(4, Evidence.of(WHOLE, PHOTOGRAPH | {"distance": 36}))  # at up to 26 bits more
    for distance, told in ((20, "nearer"), (25, "farther")):
        found._keep(Hit(row=4, distance=distance, view=told))
        assert (found.best[4].view, found.best[4].by_itself, found.best[4].needs) == ("nearer", 20, 10)
    found._keep(Hit(row=4, distance=8, view="nearest"))
    assert (found.best[4].view, found.best[4].by_itself, found.best[4].needs) == ("nearest", 8, 8)
