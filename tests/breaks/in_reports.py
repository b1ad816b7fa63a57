"""Breaks of reports: counts, shares, percentiles, what is escaped and what is left out."""

from __future__ import annotations

from breaking import Break

__all__ = ["BREAKS"]

_FIGURES = "tests/reports/test_report_figures.py"
_PAGE = "tests/reports/test_report.py"
_RENDERING = "src/safehash/reports/rendering.py"
_REPORT, _MATCHES, _THUMBNAILS = (
    f"src/safehash/reports/{name}.py" for name in ("report", "matches", "thumbnails")
)
_TEMPLATE = "src/safehash/reports/templates/report.html"

BREAKS = (
    Break(
        what="a match of which a digest alone is known has evidence against it",
        file=_MATCHES,
        before="[evidence, in_a_word(evidence)]",
        after="[evidence, in_a_word(evidence or -1.0)]",
        dies=("tests/scanning/test_evidence_asked.py::test_the_page_says_how_sure_each_match_is",),
    ),
    Break(
        what="a threshold of one list is taken for two facts, and there are three",
        file="src/safehash/reports/compliance.py",
        before="for source, name, bits in told",
        after="for name, bits in told",
        dies=(
            "tests/scanning/test_evidence_asked.py"
            "::test_the_command_line_asks_for_it_and_the_record_of_compliance_says_so",
        ),
    ),
    Break(
        what="the histogram counts suppressed matches",
        file=_MATCHES,
        before="            n_suppressed += 1\n            continue\n",
        after="            n_suppressed += 1\n",
        dies=(f"{_FIGURES}::test_the_histogram_counts_what_stands_and_is_there",),
    ),
    Break(
        what="the histogram counts files that are gone",
        file=_MATCHES,
        before='parts, values = ["gone IS NULL"], list[Any]()',
        after='parts, values = ["files.id > 0"], list[Any]()',
        dies=(f"{_FIGURES}::test_the_histogram_counts_what_stands_and_is_there",),
    ),
    Break(
        what="no match counts as suppressed",
        file=_MATCHES,
        before="n=n, n_suppressed=n_suppressed,",
        after="n=n, n_suppressed=0,",
        dies=(f"{_FIGURES}::test_matches_shown_are_those_that_are_there",),
    ),
    Break(
        what="every match counts as suppressed",
        file=_MATCHES,
        before="n=n, n_suppressed=n_suppressed,",
        after="n=n, n_suppressed=n,",
        dies=(f"{_FIGURES}::test_without_suppressed_matches_there_is_none_to_choose",),
    ),
    Break(
        what="files a second count unchanged ones",
        file=_REPORT,
        before='n_now = what.get("files", 0) - what.get("unchanged", 0)',
        after='n_now = what.get("files", 0)',
        dies=(f"{_FIGURES}::test_rates_are_of_the_files_that_were_looked_at",),
    ),
    Break(
        what="a percentile is one rank too low",
        file=_REPORT,
        before="return -(-percent * n // 100)",
        after="return max(1, percent * n // 100)",
        dies=(f"{_FIGURES}::test_percentiles_of_any_number",),
    ),
    Break(
        what="what could not be decided counts what had too low a quality",
        file=_REPORT,
        before='n for outcome, n in stats["outcomes"].items() if outcome not in decided)',
        after='n for outcome, n in stats["outcomes"].items() if outcome != "match")',
        dies=(f"{_FIGURES}::test_totals",),
    ),
    Break(
        what="problems of every run are shown",
        file=_REPORT,
        before="newest = \"(SELECT max(id) FROM runs WHERE kind = 'scan')\"",
        after="newest = \"(SELECT min(id) FROM runs WHERE kind = 'scan')\"",
        dies=(f"{_FIGURES}::test_problems_are_those_of_the_newest_scan",),
    ),
    Break(
        what="what is left out is not said",
        file=_TEMPLATE,
        before="{% if undecided.rows | length < undecided.n %}",
        after="{% if undecided.rows | length > undecided.n %}",
        dies=(f"{_FIGURES}::test_what_a_page_leaves_out_is_counted",),
    ),
    Break(
        what="shares of outcomes are of the matches",
        file=_TEMPLATE,
        before="100 * n / stats.files",
        after="100 * n / n_matched",
        dies=(f"{_FIGURES}::test_outcomes_and_their_shares",),
    ),
    Break(
        what="a bar is as tall as its count, not its share of the tallest",
        file=_TEMPLATE,
        before="{% set height = 112 * n / histogram.most %}",
        after="{% set height = 50 * n / histogram.most %}",
        dies=(f"{_FIGURES}::test_the_histogram_counts_what_stands_and_is_there",),
    ),
    Break(
        what="names are not escaped",
        file=_RENDERING,
        before="autoescape=select_autoescape(default=True, default_for_string=True),",
        after="autoescape=False,",
        dies=(f"{_PAGE}::test_names_of_what_could_not_be_decided_are_no_markup",),
    ),
    Break(
        what="the page's policy lets any script run",
        file=_TEMPLATE,
        before="script-src 'sha256-{{ script_sum }}'",
        after="script-src 'unsafe-inline'",
        dies=(f"{_PAGE}::test_the_policy_allows_our_own_script_only",),
    ),
    Break(
        what="a thumbnail's chunks have the checksum of their data alone",
        file=_THUMBNAILS,
        before="zlib.crc32(kind + data)",
        after="zlib.crc32(data)",
        dies=(f"{_PAGE}::test_grey_png_is_a_png_to_a_strict_reader",),
    ),
    Break(
        what="thumbnails lie on their side",
        file=_THUMBNAILS,
        before="    if orientation >= 5:\n        grey = grey.T\n",
        after="",
        dies=(f"{_PAGE}::test_thumbnails_stand_upright",),
    ),
)
