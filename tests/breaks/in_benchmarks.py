"""Breaks of benchmarks: what they time, and what they make of it."""

from __future__ import annotations

from breaking import Break

__all__ = ["BREAKS"]

_FIGURES = "tests/benchmarks/test_figures.py"

BREAKS = (
    Break(
        what="a ratio is the largest of all rounds",
        file="benchmarks/common.py",
        before="    return statistics.median(ratios(times, slow, fast))",
        after="    return max(ratios(times, slow, fast))",
        dies=(f"{_FIGURES}::test_a_ratio_is_the_median_of_the_rounds_own",),
    ),
    Break(
        what="a row's ratio is the lower quartile",
        file="benchmarks/common.py",
        before='            "times_ours": round(middle, 3),',
        after='            "times_ours": round(low, 3),',
        dies=(f"{_FIGURES}::test_a_row_has_the_median_and_its_spread",),
    ),
    Break(
        what="peers are always timed after us",
        file="benchmarks/common.py",
        before="order = list(calls) if number % 2 == 0 else list(calls)[::-1]",
        after="order = list(calls)",
        dies=(f"{_FIGURES}::test_calls_are_timed_in_turn_forwards_and_backwards",),
    ),
    Break(
        what="what a person said of matches is not applied",
        file="benchmarks/bench_views.py",
        before='return {(row[0], row[1]) for row in rows if row[2] in ("right", "literally true")}',
        after="return set()",
        dies=(f"{_FIGURES}::test_a_person_s_verdicts_are_applied",),
    ),
    Break(
        what="a match that nobody judged counts as right",
        file="benchmarks/bench_views.py",
        before='for effort, mix, path, name, *_ in false["matches"] if (path, name) not in right',
        after='for effort, mix, path, name, *_ in false["matches"] if right and (path, name) not in right',
        dies=(f"{_FIGURES}::test_a_person_s_verdicts_are_applied",),
    ),
    Break(
        what="ours is given grey where the peer is given colour",
        file="benchmarks/bench_hash.py",
        before='("rgb ", rgb, rgb)',
        after='("rgb ", grey, rgb)',
        dies=(f"{_FIGURES}::test_both_sides_are_given_the_same_samples",),
    ),
    Break(
        what="rows that we lose are left out",
        file="benchmarks/common.py",
        before='and row["times_ours"] < 1\n',
        after='and row["times_ours"] < 0.6\n',
        dies=(f"{_FIGURES}::test_where_we_lose_is_every_such_row_worst_first",),
    ),
    Break(
        what="an aim that is missed is said to be met",
        file="benchmarks/bench_hash.py",
        before='met = measured >= wanted if sign == ">=" else measured <= wanted',
        after="met = measured >= wanted * 0.9",
        dies=(f"{_FIGURES}::test_an_aim_is_met_on_its_own_side",),
    ),
    Break(
        what="an aim of the search that is missed is said to be met",
        file="benchmarks/bench_index.py",
        before='"met": bool(measured >= wanted if at_least else measured <= wanted),',
        after='"met": bool(measured >= wanted),',
        dies=(f"{_FIGURES}::test_claims_of_the_search_are_held_against_their_bounds",),
    ),
    Break(
        what="a shard's recall counts twice the uploads",
        file="benchmarks/bench_views.py",
        before='                into["n"] += row["n"]\n',
        after='                into["n"] += 2 * row["n"]\n',
        dies=(f"{_FIGURES}::test_shards_add_up",),
    ),
)
