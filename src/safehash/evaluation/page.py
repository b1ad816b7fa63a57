"""An evaluation as a table of text, and as a self-contained HTML page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from .calibration import class_of, in_words

if TYPE_CHECKING:
    from .results import Evaluation, EvaluationRow, ListEvaluation


__all__ = ["as_page", "as_table"]

_TITLE = "recall [95 % of chances]"


def as_table(evaluation: Evaluation) -> str:
    """Return the evaluation as lines of text: one a manipulation, then the families, times and settings."""
    ways = evaluation.ways
    width = max([len(row.name) for row in evaluation.rows] + [len(_TITLE)])
    columns = [max(len(way), len("1.00 [1.00-1.00]")) for way in ways]
    head = "  ".join(f"{way:>{size}}" for way, size in zip(ways, columns, strict=True))
    rule = "-" * (width + len(head) + 16)
    lines = [f"{_TITLE:<{width}}  {'n':>5}  {head}  false", rule]

    def line(row: EvaluationRow) -> str:
        cells = "  ".join(
            f"{_with_interval(row, way):>{size}}" for way, size in zip(ways, columns, strict=True)
        )
        return (
            f"{row.name:<{width}}  {row.n:>5}  {cells}  {max((row.false[way] for way in ways), default=0):>5}"
        )

    family = ""
    for row in evaluation.rows:
        if row.family != family:
            family = row.family
            lines.append(f"[{family}]")
        lines.append(line(row))
    lines += ["", f"{'by family':<{width}}  {'n':>5}  {head}  false", rule]
    lines += [line(row) for row in evaluation.families()]
    lines.append("")
    times = ", ".join(f"{way} {value:.2f} ms" for way, value in evaluation.milliseconds.items())
    lines.append(f"median time an upload: {times}")
    for point in evaluation.sweep:
        found = ", ".join(f"{way} {value:.3f}" for way, value in point["recall"].items())
        false = ", ".join(f"{way} {value}" for way, value in point["false_matches"].items())
        lines.append(f"threshold {point['max_distance']:>3}: recall {found}; false matches {false}")
    lines += in_words(evaluation.evidence)
    for own_list in evaluation.own_lists:
        lines += own_list.in_words()
    lines.append(_settings(evaluation))
    return "\n".join(lines)


def _with_interval(row: EvaluationRow, way: str) -> str:
    low, high = row.interval(way)
    return f"{row.recall(way):.2f} [{low:.2f}-{high:.2f}]"


def _settings(evaluation: Evaluation) -> str:
    skipped = f", {evaluation.n_skipped} left out (unreadable or too flat)" if evaluation.n_skipped else ""
    return (
        f"{evaluation.n_listed} pictures listed by hash among {evaluation.list_size} entries, "
        f"{evaluation.n_background} used as backgrounds{skipped}; threshold {evaluation.max_distance} bits, "
        f"quality {evaluation.min_quality}, seed {evaluation.seed}; {evaluation.seconds:.0f} s"
    )


_STYLE = """
:root { color-scheme: light dark; --ink: #1d2129; --faint: #6b7280; --line: #d9dde3; --ground: #fff;
  --c0: #9aa3af; --c1: #3b82c4; --c2: #16794c; --c3: #b45309; --c4: #9d4edd; --c5: #be123c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --faint: #9aa1ab; --line: #3a4048;
  --ground: #16191d; --c0: #6b7280; --c1: #6aa9e0; --c2: #4fbf8b; --c3: #e0a458; } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); margin: 2rem auto;
  max-width: 72rem; padding: 0 1rem; }
h1 { font-size: 1.5rem; margin-bottom: .25rem; } h2 { font-size: 1.1rem; margin-top: 2.2rem; }
p { color: var(--faint); max-width: 60rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; } .of { color: var(--faint); font-size: .8em; }
td.n, th.n { text-align: right; } td.bar { width: 16rem; }
tr.family td { font-weight: 600; padding-top: .9rem; border-bottom: 2px solid var(--line); }
.key span { display: inline-block; width: .8em; height: .8em; margin: 0 .35em 0 1em; border-radius: 2px; }
svg text { fill: var(--faint); font-size: 11px; }
"""


def as_page(evaluation: Evaluation) -> str:
    """Return the evaluation as one HTML page that loads nothing else."""
    key = "".join(
        f'<span style="background:var(--c{at % 6})"></span>{escape(way)}'
        for at, way in enumerate(evaluation.ways)
    )
    times = "".join(
        f"<tr><td>{escape(way)}</td><td class=n>{value:.2f} ms</td></tr>"
        for way, value in evaluation.milliseconds.items()
    )
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        '<meta name=viewport content="width=device-width, initial-scale=1">',
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>safehash evaluation</title><style>{_STYLE}</style>",
        f"<h1>What is found again</h1><p>{escape(_settings(evaluation))}. safehash {escape(evaluation.version)}.</p>",
        f"<p class=key>{key}</p>",
        "<h2>By family</h2>",
        _rows(list(evaluation.families()), evaluation.ways, views=False),
        "<h2>By manipulation</h2>",
        _rows(evaluation.rows, evaluation.ways, views=True),
        "<h2>Median time an upload</h2>",
        f"<table style='width:auto'>{times}</table>",
    ]
    if evaluation.evidence:
        parts += ["<h2>What evidence was worth</h2>", _evidence(evaluation.evidence)]
    for own_list in evaluation.own_lists:
        parts.append(_own_list(own_list))
    if evaluation.sweep:
        parts += ["<h2>Recall and false matches by threshold</h2>", _curve(evaluation)]
    parts.append("</html>\n")
    return "\n".join(parts)


def _rows(rows: Sequence[EvaluationRow], ways: Sequence[str], *, views: bool) -> str:
    head = "".join(f"<th class=n>{escape(way)}</th>" for way in ways)
    last = "<th>found by</th>" if views else ""
    lines = [
        f"<table><tr><th></th><th class=n>pictures</th><th>recall</th>{head}<th class=n>false</th>{last}</tr>"
    ]
    family = ""
    for row in rows:
        if views and row.family != family:
            family = row.family
            lines.append(f"<tr class=family><td colspan={len(ways) + 5}>{escape(family)}</td></tr>")
        cells = "".join(
            f"<td class=n>{row.recall(way):.2f} <span class=of>{low:.2f}-{high:.2f}</span></td>"
            for way, (low, high) in ((way, row.interval(way)) for way in ways)
        )
        false = max((row.false[way] for way in ways), default=0)
        found = ", ".join(f"{view} ({count})" for view, count in row.views.most_common(2))
        seen = f"<td>{escape(found)}</td>" if views else ""
        lines.append(
            f"<tr><td>{escape(row.name)}</td><td class=n>{row.n}</td><td class=bar>{_bars(row, ways)}</td>{cells}"
            f"<td class=n>{false}</td>{seen}</tr>"
        )
    lines.append("</table>")
    return "\n".join(lines)


def _evidence(rows: Sequence[dict[str, Any]]) -> str:
    """Show how often evidence of so many bits was right."""
    names = ("evidence, bits", "came near", "of the right picture", "share", "matched", "wrongly")
    head = "".join(f"<th class=n>{name}</th>" for name in names)
    lines = [
        f"<tr><td class=n>{class_of(row)}</td><td class=n>{row['candidates']}</td><td class=n>{row['right']}</td>"
        f"<td class=n>{row['share_right']:.2f} <span class=of>{row['interval'][0]:.2f}-{row['interval'][1]:.2f}</span>"
        f"</td><td class=n>{row['matches']}</td><td class=n>{row['wrong_matches']}</td></tr>"
        for row in rows
    ]
    note = (
        "Entries that altered copies came near to, by the evidence for them: right ones are of the same picture, or of "
        "one that was alike to begin with. What did not match was kept from it by a gate."
    )
    return f"<p>{note}</p><table style='width:auto'><tr>{head}</tr>{''.join(lines)}</table>"


def _own_list(own_list: ListEvaluation) -> str:
    head, *lines = own_list.in_words()
    items = "".join(f"<li>{escape(line.strip())}</li>" for line in lines)
    rows = "".join(
        f"<tr><td>{escape(match.picture)}</td><td>{escape(match.manipulation)}</td><td>{escape(match.effort)}</td>"
        f"<td>{escape(match.view)}</td><td class=n>{match.distance}</td><td>{escape(match.entry)}</td></tr>"
        for match in own_list.matches
    )
    names = "".join(
        f"<th>{name}</th>" for name in ("picture", "manipulation", "effort", "view", "bits", "entry")
    )
    table = f"<table><tr>{names}</tr>{rows}</table>" if rows else ""
    return f"<h2>False matches on {escape(own_list.name)}</h2><p>{escape(head)}</p><ul>{items}</ul>{table}"


def _bars(row: EvaluationRow, ways: Sequence[str]) -> str:
    bars = "".join(
        f'<rect x="0" y="{7 * at}" width="{240 * row.recall(way):.1f}" height="5" rx="1" '
        f'fill="var(--c{at % 6})"/>'
        for at, way in enumerate(ways)
    )
    return f'<svg width="240" height="{7 * len(ways)}" role="img" aria-label="recall">{bars}</svg>'


def _curve(evaluation: Evaluation) -> str:
    """Draw recall (lines) and false matches (dots, of the largest count) over the threshold."""
    points = evaluation.sweep
    low, high = int(points[0]["max_distance"]), int(points[-1]["max_distance"])
    most = max([count for point in points for count in point["false_matches"].values()] + [1])
    width, height, left = 640, 240, 40

    def across(threshold: int) -> float:
        return left + (width - left - 10) * float(threshold - low) / max(1, high - low)

    def up(share: float) -> float:
        return 10 + (height - 40) * (1 - share)

    drawn = [
        f'<line x1="{left}" x2="{width - 10}" y1="{up(s):.0f}" y2="{up(s):.0f}" stroke="var(--line)"/>'
        f'<text x="4" y="{up(s) + 4:.0f}">{s:.2f}</text>'
        for s in (0, 0.25, 0.5, 0.75, 1.0)
    ]
    drawn += [
        f'<text x="{across(point["max_distance"]):.0f}" y="{height - 8}" text-anchor="middle">'
        f"{point['max_distance']}</text>"
        for point in points
    ]
    for at, way in enumerate(points[0]["recall"]):
        line = " ".join(f"{across(p['max_distance']):.1f},{up(p['recall'][way]):.1f}" for p in points)
        drawn.append(f'<polyline points="{line}" fill="none" stroke="var(--c{at % 6})" stroke-width="2"/>')
        drawn += [
            f'<circle cx="{across(p["max_distance"]):.1f}" cy="{up(p["false_matches"][way] / most):.1f}" r="3" '
            f'fill="none" stroke="var(--c{at % 6})"/>'
            for p in points
        ]
    note = f"Lines: recall over all manipulations. Rings: uploads with a false match, {most} at the top."
    return f'<svg width="{width}" height="{height}" role="img">{"".join(drawn)}</svg><p>{note}</p>'
