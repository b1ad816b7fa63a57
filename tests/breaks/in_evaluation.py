"""Breaks of evaluation: what is counted, and what is shown of it."""

from __future__ import annotations

from breaking import Break

__all__ = ["BREAKS"]

_FIGURES = "tests/evaluation/test_evaluated_figures.py"
_EVALUATE, _PAGE, _RESULTS = (
    f"src/safehash/evaluation/{name}.py" for name in ("evaluate", "page", "results")
)

BREAKS = (
    Break(
        what="all pictures are taken as alike: nothing is a false match",
        file=_EVALUATE,
        before="{at for at, other in enumerate(hashes) if any(value.distance(other) <= near for value in own)}",
        after="set(range(len(hashes)))",
        dies=(f"{_FIGURES}::test_found_and_false_are_those_of_the_pictures",),
    ),
    Break(
        what="copies in the folder are false matches of each other",
        file=_EVALUATE,
        before="{at for at, other in enumerate(hashes) if any(value.distance(other) <= near for value in own)}",
        after="{at for at, other in enumerate(hashes) if other is own[0] or other == own[0]}",
        dies=(f"{_FIGURES}::test_found_and_false_are_those_of_the_pictures",),
    ),
    Break(
        what="wrong hits on other listed pictures are dropped",
        file=_EVALUATE,
        before="wrong = [hit for hit in result.hits if hit.row not in self._alike[at]]",
        after="wrong = [hit for hit in result.hits if hit.row >= len(self._listed)]",
        dies=(f"{_FIGURES}::test_found_and_false_are_those_of_the_pictures",),
    ),
    Break(
        what="the sweep has no false matches",
        file=_EVALUATE,
        before="false = sum(wrong is not None and wrong <= threshold for _, wrong in needed)",
        after="false = 0",
        dies=(f"{_FIGURES}::test_a_sweep_is_that_of_plain_distances",),
    ),
    Break(
        what="the sweep's recall is that of one bit less",
        file=_EVALUATE,
        before="found = sum(right is not None and right <= threshold for right, _ in needed)",
        after="found = sum(right is not None and right < threshold - 25 for right, _ in needed)",
        dies=(f"{_FIGURES}::test_a_sweep_is_that_of_plain_distances",),
    ),
    Break(
        what="seconds are shown as milliseconds",
        file=_EVALUATE,
        before="statistics.median(values) * 1e3",
        after="statistics.median(values)",
        dies=(f"{_FIGURES}::test_times_are_medians_in_milliseconds",),
    ),
    Break(
        what="the time an upload is the mean, not the median",
        file=_EVALUATE,
        before="statistics.median(values) * 1e3",
        after="statistics.fmean(values) * 1e3",
        dies=(f"{_FIGURES}::test_times_are_medians_in_milliseconds",),
    ),
    Break(
        what="decoding counts into the look-up's time",
        file=_EVALUATE,
        before="        before = time.thread_time()\n        result = look_up(",
        after="        before = 0.0\n        result = look_up(",
        dies=(f"{_FIGURES}::test_times_are_medians_in_milliseconds",),
    ),
    Break(
        what="false matches on an own list are counted per hit, not per upload",
        file=_EVALUATE,
        before="sorted({(effort, number) for effort, number, _, _ in outcome.of_lists})",
        after="[(effort, number) for effort, number, _, _ in outcome.of_lists]",
        dies=(f"{_FIGURES}::test_uploads_count_once_on_an_own_list",),
    ),
    Break(
        what="the table shows the better effort's false matches",
        file=_PAGE,
        before='f"{row.name:<{width}}  {row.n:>5}  {cells}  {max((row.false[way] for way in ways), default=0):>5}"',
        after='f"{row.name:<{width}}  {row.n:>5}  {cells}  {min((row.false[way] for way in ways), default=0):>5}"',
        dies=(f"{_FIGURES}::test_the_table_says_every_figure",),
    ),
    Break(
        what="the page's bars are half as long",
        file=_PAGE,
        before="240 * row.recall(way)",
        after="120 * row.recall(way)",
        dies=(f"{_FIGURES}::test_the_page_says_every_figure",),
    ),
    Break(
        what="the curve's rings are scaled by the last threshold's counts alone",
        file=_PAGE,
        before='most = max([count for point in points for count in point["false_matches"].values()] + [1])',
        after='most = max([count for point in points[:1] for count in point["false_matches"].values()] + [1])',
        dies=(f"{_FIGURES}::test_the_page_says_every_figure",),
    ),
    Break(
        what="a family's false matches are not added up",
        file=_RESULTS,
        before="                    total.false += row.false\n",
        after="                    total.false = row.false\n",
        dies=(f"{_FIGURES}::test_the_record_says_every_figure",),
    ),
    Break(
        what="the nearest entry is the farthest",
        file=_RESULTS,
        before="return min((need for need in self.needs.get(effort, ()) if need is not None), default=None)",
        after="return max((need for need in self.needs.get(effort, ()) if need is not None), default=None)",
        dies=(f"{_FIGURES}::test_the_record_says_every_figure",),
    ),
    Break(
        what="Wilson's interval is that of 90 in 100",
        file="src/safehash/evaluation/intervals.py",
        before="_Z = 1.959964",
        after="_Z = 1.644854",
        dies=(f"{_FIGURES}::test_the_table_says_every_figure",),
    ),
)
