"""What mutation testing says of its mutants: counted by hand on few of them."""

from __future__ import annotations

import pytest

from mutants import reason_of, score_of
from sampled_mutants import (
    Mutant,
    drawn,
    imports,
    interval,
    is_in_function,
    is_void,
    lines_of,
    names_at,
    summary,
)


def mutants(n_lines: int, per_line: int) -> list[Mutant]:
    return [
        Mutant("a.py", f"core/Op{k}", line, line) for line in range(1, n_lines + 1) for k in range(per_line)
    ]


def test_of_a_line_one_mutant_is_drawn_and_a_seed_draws_the_same() -> None:
    every = mutants(30, 11)
    chosen = drawn(every, 12, 7)
    assert len(chosen) == 12 and len({each.line for each in chosen}) == 12
    assert chosen == drawn(every[::-1], 12, 7) != drawn(every, 12, 8)
    assert len({each.operator for each in chosen}) > 3
    assert len(drawn(every, 100, 7)) == 30


@pytest.mark.parametrize(
    ("killed", "n", "low", "high"),
    [
        (18, 20, 0.699, 0.972),
        (60, 60, 0.940, 1.0),
        (0, 10, 0.0, 0.278),
        (90, 100, 0.826, 0.945),
        (0, 0, 0.0, 1.0),
    ],
)
def test_the_interval_is_wilsons(killed: int, n: int, low: float, high: float) -> None:
    """By the tables of Brown, Cai and DasGupta's formula, to three digits."""
    assert list(interval(killed, n)) == pytest.approx([low, high], abs=6e-4)


TEXT = "one = 1\ntwo = one + 1\nthree = two + 1\n"
KNOWN = {("a.py", "two = one + 1", "Op0 2"): "nobody reads it"}


def test_survivors_that_were_looked_at_leave_the_count() -> None:
    one, two, three = (Mutant("a.py", "core/Op0", line, line) for line in (1, 2, 3))
    said = summary({one: "killed", two: "survived", three: "survived"}, {"a.py": TEXT}, KNOWN)
    assert (said["drawn"], said["killed"], said["survived"], said["explained"]) == (3, 1, 2, 1)
    assert said["share"] == 0.5
    assert said["survivors"] == [
        {"file": "a.py", "line": "two = one + 1", "mutation": "Op0 2", "reason": "nobody reads it"},
        {"file": "a.py", "line": "three = two + 1", "mutation": "Op0 3", "reason": ""},
    ]


def test_what_is_no_python_counts_as_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "def f(*, a: int) -> int:\n    return a * 2\n"
    made = [text.replace("*, a", "%, a"), text.replace("a * 2", "a % 2")]
    monkeypatch.setattr("sampled_mutants.mutated", lambda mutant, text: made[mutant.occurrence])
    starred = Mutant("a.py", "core/ReplaceBinaryOperator_Mul_Mod", 0, 1)
    product = Mutant("a.py", "core/ReplaceBinaryOperator_Mul_Mod", 1, 2)
    assert is_void(starred, text) and not is_void(product, text)
    said = summary({starred: "void", product: "killed"}, {"a.py": text}, {})
    assert [said[name] for name in ("drawn", "void", "killed", "survived", "explained")] == [2, 1, 1, 0, 0]
    assert (said["share"], said["interval"][1]) == (1.0, 1.0)


def test_a_reason_is_of_one_place_or_of_a_kind_of_change_on_a_line() -> None:
    known = {**KNOWN, ("a.py", "three = two + 1", "Op1"): "as well"}
    assert reason_of(known, "a.py", "two = one + 1", "Op0 2") == "nobody reads it"
    for mutation in ("Op0 3", "Op1 2", "Op10 2"):
        assert reason_of(known, "a.py", "two = one + 1", mutation) == ""
    assert [reason_of(known, "a.py", "three = two + 1", each) for each in ("Op1 7", "Op1 8")] == [
        "as well"
    ] * 2
    for mutation in ("Op10 7", "Op0 7"):
        assert reason_of(known, "a.py", "three = two + 1", mutation) == ""
    assert reason_of(known, "b.py", "three = two + 1", "Op1 7") == ""


def test_a_file_s_score_counts_what_something_could_notice() -> None:
    results = [
        {"line": 1, "mutation": "Op0 1", "outcome": "killed"},
        {"line": 1, "mutation": "Op1 1", "outcome": "incompetent"},
        {"line": 2, "mutation": "Op0 2", "outcome": "survived"},
        {"line": 3, "mutation": "Op0 3", "outcome": "survived"},
        {"line": 3, "mutation": "Op1 3", "outcome": "killed"},
    ]
    score = score_of("a.py", TEXT, results, KNOWN)
    assert (score.killed, score.survived, score.explained, score.lines) == (3, 2, 1, ((3, "Op0 3"),))
    assert score.share == 0.75


CODE = """\
ONE, TWO = 1, 2
TABLE: dict[str, tuple[int, ...]] = {
    "a": (3,
          4),
}

@decorated
class Kind:
    stage: int = 0

    def method(self) -> int:
        return max(
            self.stage,
            5,
        )

if ONE:
    def chosen() -> int: return 6
"""


def test_a_line_is_met_by_tests_of_its_statement_or_of_the_names_that_it_makes() -> None:
    assert [lines_of(CODE, line) for line in (1, 4, 13, 14)] == [[1], [2, 4], [12, 13], [12, 14]]
    named = {
        1: ["ONE", "TWO"],
        2: ["TABLE"],
        4: ["TABLE"],
        7: ["Kind"],
        8: ["Kind"],
        9: ["stage"],
        13: ["method"],
    }
    assert {line: names_at(CODE, line) for line in named} == named
    assert names_at(CODE, 18) == ["chosen"] and names_at(CODE, 6) == []


def test_what_imports_a_file_is_found_by_its_name() -> None:
    lines = (
        "from safehash.matching import views",
        "from safehash.matching.weights import WEIGHTS",
        "import a.pools",
    )
    names = ("views", "weights", "pools", "matching", "weighing")
    assert [imports("\n".join(lines), name) for name in names] == [True, True, True, True, False]


def test_what_importing_runs_is_of_no_function() -> None:
    text = "A = 1\n\n\nclass B:\n    c = 2\n\n    @property\n    def d(self, e=3):\n        return 4\n\n\nF = 5\n"
    assert [line for line in range(1, 13) if is_in_function(text, line)] == [9]
