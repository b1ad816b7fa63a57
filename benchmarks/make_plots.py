"""Draw the benchmarks' plots from the committed results, one for light pages and one for dark ones.

Run: python benchmarks/make_plots.py [--check]

They are SVG of our own making: the same results give the same bytes, so that a test can tell whether they are those.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path

from make_tables import ROOT, newest_hash, newest_index
from told import load, told

__all__ = ["PLOTS", "main"]

FOLDER = ROOT / "docs" / "plots"


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours of a plot: words, lines, and one for each series."""

    ink: str
    soft: str
    line: str
    series: tuple[str, ...]


#: Told apart in greys and by most kinds of colour blindness: dark blue, orange, green, pink, light blue, brown.
LIGHT = Theme(
    "#1b1f24", "#4d5763", "#d5dae0", ("#0b5c8a", "#d55e00", "#117a5b", "#b3488a", "#3d9bd1", "#8a6d1d")
)
DARK = Theme(
    "#e6e9ed", "#a9b3be", "#3a424c", ("#5db3e6", "#ff9147", "#45c79b", "#e58cc0", "#9fd8ff", "#d6b85a")
)

WIDTH = 720


def _page(height: float, title: str, theme: Theme, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" '
        f'height="{height:.0f}" font-family="system-ui, sans-serif" font-size="13" fill="{theme.ink}">'
    )
    return "\n".join(
        [head, f'<text x="8" y="20" font-weight="600">{escape(title)}</text>', *parts, "</svg>", ""]
    )


def _legend(names: Sequence[str], top: float, theme: Theme) -> tuple[list[str], float]:
    """Return a legend's parts, and where it ends."""
    parts, x, y = [], 8.0, top
    for number, name in enumerate(names):
        wide = 30 + 7.2 * len(name)
        if x + wide > WIDTH:
            x, y = 8.0, y + 20
        colour = theme.series[number % len(theme.series)]
        parts.append(f'<rect x="{x:.0f}" y="{y - 10:.0f}" width="12" height="12" rx="2" fill="{colour}"/>')
        parts.append(f'<text x="{x + 17:.0f}" y="{y:.0f}">{escape(name)}</text>')
        x += wide
    return parts, y + 14


def lines(
    title: str,
    series: Mapping[str, Sequence[tuple[float, float]]],
    *,
    x_name: Callable[[float], str],
    y_name: Callable[[float], str],
    theme: Theme,
) -> str:
    """Draw values over sizes, both axes logarithmic."""
    parts, top = _legend(list(series), 44, theme)
    left, width, height = 78, WIDTH - 78 - 24, 300
    points = [point for each in series.values() for point in each]
    low_x, high_x = (math.log10(f(x for x, _ in points)) for f in (min, max))
    low_y, high_y = (
        math.floor(math.log10(min(y for _, y in points))),
        math.ceil(math.log10(max(y for _, y in points))),
    )

    def at(x: float, y: float) -> tuple[float, float]:
        return (
            left + width * (math.log10(x) - low_x) / (high_x - low_x),
            top + 12 + height * (1 - (math.log10(y) - low_y) / (high_y - low_y)),
        )

    for power in range(low_y, high_y + 1):
        _, y = at(10**low_x, 10.0**power)
        parts.append(f'<path d="M{left} {y:.1f}h{width}" stroke="{theme.line}"/>')
        parts.append(
            f'<text x="{left - 8}" y="{y + 4:.1f}" text-anchor="end" fill="{theme.soft}">{y_name(10.0**power)}</text>'
        )
    for x in sorted({x for x, _ in points}):
        place, _ = at(x, 10.0**low_y)
        anchor = "end" if place > WIDTH - 40 else "middle"
        where = f'x="{place:.1f}" y="{top + height + 34:.0f}" text-anchor="{anchor}"'
        parts.append(f'<text {where} fill="{theme.soft}">{x_name(x)}</text>')
    for number, (name, each) in enumerate(series.items()):
        colour = theme.series[number % len(theme.series)]
        path = " ".join("{:.1f},{:.1f}".format(*at(*point)) for point in sorted(each))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        for x, y in each:
            column, row = at(x, y)
            said = f"{name}, {x_name(x)}: {y_name(y)}"
            parts.append(
                f'<circle cx="{column:.1f}" cy="{row:.1f}" r="4" fill="{colour}"><title>{escape(said)}</title></circle>'
            )
    return _page(top + height + 48, title, theme, parts)


def bars(
    title: str,
    rows: Mapping[str, Sequence[float]],
    names: Sequence[str],
    *,
    most: float,
    value_name: Callable[[float], str],
    theme: Theme,
    only_last: bool = False,
) -> str:
    """Draw groups of bars, one group a row and one bar a name, each (or the last of a group) with its value."""
    parts, top = _legend(names, 44, theme)
    left, width, thick = 218, WIDTH - 218 - 66, 9 if only_last else 14
    y = top + 8.0
    for row, values in rows.items():
        middle = y + thick * len(values) / 2 + 4
        parts.append(f'<text x="{left - 10}" y="{middle:.1f}" text-anchor="end">{escape(row)}</text>')
        for number, value in enumerate(values):
            colour = theme.series[number % len(theme.series)]
            long = max(width * value / most, 1)
            parts.append(
                f'<rect x="{left}" y="{y:.1f}" width="{long:.1f}" height="{thick - 1}" fill="{colour}">'
                f"<title>{escape(f'{row}, {names[number]}: {value_name(value)}')}</title></rect>"
            )
            if not only_last or number == len(values) - 1:
                where = f'x="{left + long + 6:.1f}" y="{y + thick / 2 + 4:.1f}"'
                said = value_name(value)
                parts.append(f'<text {where} font-size="12" fill="{theme.soft}">{said}</text>')
            y += thick
        y += 9
    return _page(y + 8, title, theme, parts)


def _pixels(name: str) -> float:
    cols, rows = name.split(" ")[0].split("x")
    return int(cols) * int(rows) / 1e6


def _ms(value: float) -> str:
    """Return an axis' label: a power of ten without digits that say nothing."""
    return told(value).replace(".00", "").replace(".0 ", " ")


def hash_time(theme: Theme) -> str:
    series: dict[str, list[tuple[float, float]]] = {}
    for name, rows in newest_hash("files")["result"]["files"].items():
        if " jpeg" in name and "progressive" not in name:
            for who in (
                "safehash pdq",
                "threatexchange pdq",
                "imagehash phash",
                "opencv phash",
                "perception phash",
            ):
                if who in rows:
                    series.setdefault(who, []).append((_pixels(name), rows[who]["ms"]))
    return lines(
        "A JPEG file to its hash, by megapixels, one core",
        series,
        x_name=lambda x: f"{x:.2g}",
        y_name=_ms,
        theme=theme,
    )


def memory(theme: Theme) -> str:
    result = newest_hash("peak_memory_mb")["result"]["peak_memory_mb"]
    names = list(next(iter(result.values())))
    rows = {name: [row[each] for each in names] for name, row in result.items()}
    most = max(max(row) for row in rows.values())
    return bars(
        "Peak memory to hash one file, MB",
        rows,
        names,
        most=most,
        value_name=lambda value: f"{value:.3g}",
        theme=theme,
    )


def recall(theme: Theme) -> str:
    result = load("views.json")["result"]["recall"]["rows"]
    efforts = ("fast", "standard", "thorough")
    rows = {
        name: [row["found"].get(effort, 0) / row["n"] for effort in efforts] for name, row in result.items()
    }
    worst_first = dict(sorted(rows.items(), key=lambda each: each[1][::-1]))
    return bars(
        "Altered copies found by hash alone, least first (number: thorough)",
        worst_first,
        ("fast: a plain PDQ look-up", *efforts[1:]),
        most=1,
        value_name=lambda value: f"{value:.2f}",
        theme=theme,
        only_last=True,
    )


def search(theme: Theme) -> str:
    series: dict[str, list[tuple[float, float]]] = {}
    for each in newest_index()["results"]:
        if each["digests"] == "random":
            at = each["n"]
            series.setdefault("safehash", []).append((at, each["ours"]["single"]["p50_us"] / 1000))
            series.setdefault("safehash, cold", []).append((at, each["ours"]["single_cold"]["p50_us"] / 1000))
            series.setdefault("FAISS flat", []).append((at, each["faiss_flat"]["single"]["p50_us"] / 1000))
            for peer in each["peers"]:
                if peer["recall"] == 1.0 and "threatexchange" in peer["name"]:
                    series.setdefault(peer["name"], []).append((at, peer["single"]["p50_us"] / 1000))
    series = {name: points for name, points in series.items() if len(points) > 1}
    return lines(
        "One query within 31 bits by the size of the list, median, one thread",
        series,
        x_name=lambda x: f"{int(x):,}",
        y_name=_ms,
        theme=theme,
    )


PLOTS: dict[str, Callable[[Theme], str]] = {
    "hash-time": hash_time,
    "memory": memory,
    "recall": recall,
    "search": search,
}


def main() -> int:
    """Write the plots that differ; with ``--check`` say which do."""
    differing = []
    FOLDER.mkdir(exist_ok=True)
    for name, draw in PLOTS.items():
        for suffix, theme in (("", LIGHT), ("-dark", DARK)):
            path = Path(FOLDER, f"{name}{suffix}.svg")
            drawn = draw(theme)
            if not path.exists() or path.read_text(encoding="utf-8") != drawn:
                differing.append(path.name)
                if "--check" not in sys.argv:
                    path.write_text(drawn, encoding="utf-8")
    if differing:
        print(f"differ from the results: {', '.join(differing)}", file=sys.stderr)
    return 1 if differing and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
