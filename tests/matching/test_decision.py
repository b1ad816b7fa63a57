"""What is said of one upload: three questions that have an answer, and one that has none."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from safehash import Audit, Decision, Entry, Hash, Match, Matcher, Outcome
from safehash.matching.decision import in_order, outcome_of, outcome_without
from safehash.matching.flood import FloodGuard
from safehash.matching.settings import FloodLimits

AUDIT = Audit(version="0", algorithm="pdq", effort="standard", lists=(), thresholds=(), min_quality=50)

#: Outcome -> (is a match, is decided, suggestion)
ANSWERS = {
    Outcome.MATCH: (True, True, "review"),
    Outcome.NO_MATCH: (False, True, "none"),
    Outcome.LOW_QUALITY: (False, True, "none"),
    Outcome.SUPPRESSED: (False, True, "none"),
    Outcome.UNREADABLE: (False, False, "none"),
    Outcome.TOO_LARGE: (False, False, "none"),
    Outcome.UNSUPPORTED: (False, False, "none"),
}

MATCHES = tuple(
    Match(
        entry=Entry(hash=Hash("pdq", bytes([number]) * 32), source="own"), distance=number, suppressed_by=by
    )
    for number, by in enumerate((None, None, "harmless", "quarantine"), 1)
)


def said(outcome: Outcome, matches: tuple[Match, ...] = ()) -> Decision:
    return Decision(outcome=outcome, matches=matches, audit=AUDIT, decided="2026-01-01T00:00:00Z")


@pytest.mark.parametrize("outcome", Outcome)
def test_three_questions_have_an_answer(outcome: Outcome) -> None:
    decision = said(outcome)
    assert (decision.is_match, decision.is_decided, decision.suggestion) == ANSWERS[outcome]


def test_standing_matches_are_those_that_nothing_cancelled() -> None:
    assert said(Outcome.MATCH, MATCHES).standing == MATCHES[:2]
    assert said(Outcome.SUPPRESSED, MATCHES[2:]).standing == ()
    assert said(Outcome.MATCH, MATCHES).suppressing({MATCHES[0].entry.key}, by="x").standing == MATCHES[1:2]


@pytest.mark.parametrize("cancelled", list(itertools.product((None, "harmless"), repeat=3)))
def test_one_standing_match_outweighs_every_cancelled_one(cancelled: tuple[str | None, ...]) -> None:
    matches = [replace(match, suppressed_by=by) for match, by in zip(MATCHES[:3], cancelled, strict=True)]
    wanted = Outcome.MATCH if None in cancelled else Outcome.SUPPRESSED
    assert outcome_of(matches, Outcome.LOW_QUALITY) is wanted
    ordered = in_order(matches[::-1])
    assert [match.suppressed_by for match in ordered] == sorted(cancelled, key=lambda by: by is not None)
    standing = [match.distance for match in ordered if match.suppressed_by is None]
    assert standing == sorted(standing)


def test_without_matches_the_outcome_is_the_other_one() -> None:
    assert outcome_of([], Outcome.LOW_QUALITY) is Outcome.LOW_QUALITY


TRUTHS: dict[str, Callable[[Any], object]] = {
    "if": lambda value: 1 if value else 2,
    "not": lambda value: not value,
    "and": lambda value: value and 1,
    "or": lambda value: value or 1,
    "bool": bool,
    "any": lambda value: any([value]),
    "filter": lambda value: list(filter(None, [value])),
}


@pytest.mark.parametrize("ask", TRUTHS.values(), ids=list(TRUTHS))
@pytest.mark.parametrize("outcome", Outcome)
def test_a_decision_is_neither_true_nor_false(outcome: Outcome, ask: Callable[[Any], object]) -> None:
    """`if matcher.check(upload):` was always true."""
    with pytest.raises(TypeError, match=r"`decision\.is_match` .*`decision\.is_decided`"):
        ask(said(outcome))
    with pytest.raises(TypeError, match=r"`outcome is Outcome\.MATCH`.*`decision\.is_match`"):
        ask(outcome)


@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("quality", [None, 0, 49, 50, 100])
@pytest.mark.parametrize("reason", [None, "later frames were not looked at"])
def test_what_is_left_where_all_matches_are_taken_back(
    outcome: Outcome, quality: int | None, reason: str | None
) -> None:
    """What a catalog says of a file once no match of it counts any more."""
    own = Hash("pdq", bytes(32), quality=quality)
    found = outcome_without(replace(said(outcome, MATCHES[:1]), hash=own, reason=reason))
    if outcome not in (Outcome.MATCH, Outcome.SUPPRESSED):
        assert found is outcome
    elif reason is not None:
        assert found is Outcome.UNREADABLE, "it was not looked at whole"
    else:
        assert found is (Outcome.LOW_QUALITY if quality in (0, 49) else Outcome.NO_MATCH)
    assert outcome_without(replace(said(outcome), hash=None, reason=reason)) is not Outcome.MATCH


def test_what_a_decision_took_is_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upload's by the clock, and of hashes that are looked up together each one's share."""
    values = [Hash("pdq", bytes([0x0F] * 31 + [at])) for at in range(5)]
    own = Matcher.from_entries([Entry(hash=values[0], source="own")])

    def at(*seconds: float) -> None:
        clock = iter(seconds)
        stopped = SimpleNamespace(perf_counter=lambda: next(clock), thread_time=lambda: 0.0)
        monkeypatch.setattr("safehash.matching.matcher.time", stopped)

    at(10.0, 10.25)
    assert own.check(b"words").milliseconds == 250.0
    at(20.0, 20.75)
    assert own.explain(b"words").decision.milliseconds == 750.0
    for n, told in ((5, 100.0), (1, 500.0)):
        at(30.0, 30.5)
        assert {decision.milliseconds for decision in own.check_hashes(values[:n])} == {told}
    at(40.0, 40.5)
    assert own.check_hashes([]) == []


def test_many_uploads_are_decided_at_the_effort_that_is_asked_for() -> None:
    own = Matcher.from_entries([Entry(hash=Hash("md5", bytes(range(16))), source="own")])
    for effort in ("fast", "thorough", None):
        told = own.check_many([b"words", b"more"], effort=effort, threads=2)
        assert [decision.audit.effort for decision in told] == [effort or "standard"] * 2
        assert own.check(b"words", effort=effort).audit.effort == (effort or "standard")
    assert own.audit.effort == "standard"


def test_what_floods_most_is_told_first() -> None:
    """With what it had matched by then; what others counted counts as often as they say."""
    guard = FloodGuard(FloodLimits(max_share=0.1, min_matches=3, min_uploads=10))
    guard.merge_counts(90, [("a", 12), ("b", 47), ("c", 9), ("d", 31)])
    assert [(each.entry, each.n_uploads, each.n_matches) for each in guard.quarantined()] == [
        ("b", 90, 47), ("d", 90, 31), ("a", 90, 12),
    ]  # fmt: skip
    assert guard.counts() == (90, {"a": 12, "b": 47, "c": 9, "d": 31})
