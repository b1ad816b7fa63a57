"""Evidence in bits: monotone, bounded by what it was learnt from, the committed table, told with every match."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageOps

import safehash
from drawn import picture
from safehash.matching.evidence import MEASURES, Evidence
from safehash.matching.families import AS_IT_IS, TURNED, WHOLE
from safehash.matching.weighing import bits_of, kind_of, markdown
from safehash.matching.weights import WEIGHTS

RESULT = Path(__file__).parents[2] / "benchmarks" / "results" / "evidence.json"

#: What speaks the more for a copy the larger it is; of all others the smaller.
FOR_A_COPY = {"agreement", "coverage", "quality", "greys", "contrast", "pixels", "plain_distance", "rest"}
FAMILY_OF = {"as it is": AS_IT_IS, "turned": TURNED, "window": WHOLE, "partial": WHOLE}


def evidence(kind: str, **measures: float) -> Evidence:
    typical = {name: values[len(values) // 2] for name, (values, _) in WEIGHTS[kind][2].items()}
    agreement = {"agreement": 0.6 if kind in {"window", "partial"} else None}
    return Evidence.of(FAMILY_OF[kind], {**agreement, **typical, **measures})


def test_the_table_is_the_committed_result() -> None:
    tables = json.loads(RESULT.read_text(encoding="utf-8"))["result"]["tables"]
    assert list(tables) == list(WEIGHTS)
    for kind, (base, most, terms) in WEIGHTS.items():
        found = tables[kind]
        assert (found["base"], found["most"]) == (base, most)
        assert {
            name: (tuple(values), tuple(bits)) for name, (values, bits) in found["terms"].items()
        } == terms


@pytest.mark.parametrize("kind", WEIGHTS)
def test_each_measure_only_rises_or_only_falls_with_the_evidence(kind: str) -> None:
    for name, (values, bits) in WEIGHTS[kind][2].items():
        assert name in MEASURES
        assert list(values) == sorted(set(values))
        steps = np.diff(bits) * (1 if name in FOR_A_COPY else -1)
        assert (steps >= 0).all() and steps.any(), name


@given(kind=st.sampled_from(sorted(WEIGHTS)), data=st.data())
def test_evidence_is_bounded_and_never_falls_where_a_measure_says_more(
    kind: str, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(sorted(WEIGHTS[kind][2])))
    # A rest of 0 says that nothing is hidden: that is another table's.
    low, high = sorted(data.draw(st.tuples(*[st.floats(-1, 600, allow_nan=False).filter(bool)] * 2)))
    less, more = (bits_of(evidence(kind, **{name: value})) for value in (low, high))
    if name not in FOR_A_COPY:
        less, more = more, less
    assert -WEIGHTS[kind][1] <= less <= more <= WEIGHTS[kind][1]


def test_the_table_of_the_docs_has_a_row_for_each_measure_that_is_weighed() -> None:
    """None that no table weighs; and what the first and the last value of one say."""
    head, _, *rows = [line.strip("|").split("|") for line in markdown().splitlines()]
    assert [cell.strip() for cell in head] == ["measure", "unit", *WEIGHTS]
    weighed = {name for _, _, terms in WEIGHTS.values() for name in terms}
    assert weighed != set(MEASURES)
    *names, base, most = (row[0].strip() for row in rows)
    assert sorted(names) == sorted(name.replace("_", " ") for name in weighed)
    assert (base, most) == ("whatever it measures", "at most")
    values, bits = WEIGHTS["window"][2]["agreement"]
    at = [cell.strip() for cell in head].index("window")
    (told,) = (row[at].strip() for row in rows if row[0].strip() == "agreement")
    assert told == f"{values[0]:.3g}: {bits[0]:+.1f}, {values[-1]:.3g}: {bits[-1]:+.1f}"


def test_what_is_weighed_by_which_table() -> None:
    assert {kind_of(evidence(kind)) for kind in WEIGHTS} == set(WEIGHTS)


# -- told ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def matcher(tmp_path_factory: pytest.TempPathFactory) -> safehash.Matcher:
    path = tmp_path_factory.mktemp("weighing") / "list.csv"
    own = [safehash.hash_array(np.asarray(picture(name))) for name in ("coffee", "chelsea")]
    path.write_text("hash,id\n" + "".join(f"{each.hex},{at}\n" for at, each in enumerate(own)))
    return safehash.Matcher.from_files(path)


def test_a_copy_has_evidence_and_the_less_the_more_was_done_to_it(matcher: safehash.Matcher) -> None:
    own = picture("coffee")
    framed = ImageOps.expand(own, 40, "white")
    bits = []
    for upload in (own, framed, ImageOps.mirror(own)):
        (match,) = matcher.check(upload).matches
        assert match.evidence is not None and match.evidence > 0
        assert match.facts()["evidence"] == round(match.evidence, 1)
        bits.append(match.evidence)
    decision = matcher.check(framed)
    assert decision.to_record()["matches"][0]["evidence"] == round(bits[1], 1)
    nearest = [near for look in matcher.explain(framed).looks for near in look.nearest if near.matches]
    assert max(near.evidence or 0.0 for near in nearest) == bits[1]


def test_what_only_a_digest_is_known_of_has_none(matcher: safehash.Matcher) -> None:
    own = safehash.hash_array(np.asarray(picture("chelsea")))
    (decision,) = matcher.check_hashes([own])
    assert [match.evidence for match in decision.matches] == [None]
    assert "evidence" not in decision.to_record()["matches"][0]
