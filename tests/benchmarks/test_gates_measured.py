"""Which gate keeps a pair out alone, and which gates are left: on four candidates judged by hand."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from safehash.matching.evidence import Evidence
from safehash.matching.families import WHOLE
from safehash.matching.judgement import WINDOWS

ROOT = Path(__file__).parents[2]

#: A window of a photograph that every gate lets pass up to 57 bits.
PHOTOGRAPH: dict[str, Any] = {
    "distance": 40, "agreement": 0.7, "turned": False, "coverage": 1.0, "missing": 0.0, "quality": 90, "faint": 0.01,
    "greys": 5.8, "common": 0.15, "contrast": 60.0, "flat": 0.05, "plain_ground": False, "boxes": 0.0, "pixels": 400.0,
    "plain_distance": 95, "degenerate": False, "hidden": 0.0, "lit": 0.1, "lit_greys": 0.0, "lit_common": 1.0,
    "lit_flat": 1.0, "lined": 0.0, "laid_out": 0.0, "rest": 0.0,
}  # fmt: skip
NAMES = tuple(gate.name for gate in WINDOWS.gates)


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    yield importlib.import_module("bench_gates")
    sys.path.remove(str(ROOT / "benchmarks"))


def near(bench: ModuleType, upload: str, listed: str = "L", **measures: Any) -> Any:
    return bench.Near("maps", upload, listed, Evidence.of(WHOLE, PHOTOGRAPH | measures))


def candidates(bench: ModuleType) -> list[Any]:
    return [
        near(bench, "a", agreement=0.4),  # agreement alone
        near(bench, "b", agreement=0.4, faint=0.3),  # two gates: no one of them alone ...
        near(bench, "c", faint=0.3, distance=39),  # ... but this one
        near(bench, "d", faint=0.3),
        near(bench, "d", distance=57),  # by another view it is a match
        near(bench, "e", "M", common=0.6, flat=0.7),  # either of two kinds
    ]


def test_a_pair_needs_a_gate_without_which_it_matches(bench: ModuleType) -> None:
    found = bench.alone(candidates(bench), NAMES)
    told = {name: [(needs, each.upload) for needs, each in rows] for name, rows in found.items() if rows}
    assert told == {
        "agreement": [(14, "a")],
        "faint coefficients": [(13, "c")],
    }  # 40 and 39 bits, 26 of them allowed


def test_gates_are_taken_away_until_each_keeps_a_pair_out(bench: ModuleType) -> None:
    every = candidates(bench)
    left = bench.fewest(every, NAMES, NAMES)
    assert left == ["agreement", "faint coefficients", "flat share"]
    assert bench.fewest(every, NAMES, reversed(NAMES)) == ["agreement", "faint coefficients", "common greys"]
    assert {name for name, rows in bench.alone(every, left).items() if rows} == set(left)


def test_what_a_person_judged_right_is_a_match_that_a_gate_costs(bench: ModuleType) -> None:
    result = bench.summary(candidates(bench), {("a", "L")}, 9)
    rows = result["gates"]
    assert (result["uploads"], result["wrong_pairs_without_any_gate"]) == (9, 4)
    assert {name: row["right_pairs_lost"] for name, row in rows.items() if row["right_pairs_lost"]} == {
        "agreement": 1
    }
    assert {
        name: row["wrong_pairs_kept_out"] for name, row in rows.items() if row["wrong_pairs_kept_out"]
    } == {"faint coefficients": 1}
    (example,) = rows["faint coefficients"]["examples"]
    assert (example["upload"], example["needs_without"], example["measures"]["faint"]) == ("c", 13, 0.3)
    assert rows["faint coefficients"]["by_mix"] == {"maps": 1}


def test_a_candidate_comes_back_from_its_line(bench: ModuleType) -> None:
    one = near(bench, "a", agreement=0.4)
    other = bench.Near.read(one.line())
    assert json.loads(one.line())["measures"]["agreement"] == 0.4
    assert other.pair == ("a", "L") and other.evidence.record() == one.evidence.record()
    assert other.evidence.family is WHOLE


def test_only_what_no_gate_at_all_would_keep_out_is_noted(bench: ModuleType) -> None:
    noted: list[Evidence] = []
    gates = bench.Noting(WINDOWS, noted)
    passing = Evidence.of(WHOLE, PHOTOGRAPH)
    refused = Evidence.of(WHOLE, PHOTOGRAPH | {"agreement": 0.4, "distance": 57})
    far = Evidence.of(WHOLE, PHOTOGRAPH | {"distance": 58})
    assert [gates.judge(each) for each in (passing, far)] == [14, 32]
    assert not isinstance(gates.judge(refused), int)
    assert noted == [refused]
