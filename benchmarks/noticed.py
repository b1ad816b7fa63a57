"""What tests notice: mutants by room, defects put in on purpose, as `make mutants-sampled` and `make breaks` found."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

__all__ = ["breaks", "mutants"]

TESTS = Path(__file__).parent.parent / "tests"
_NOT_YET = "Not run yet."


def mutants(path: Path = TESTS / "mutants.json") -> list[str]:
    """Return, by room, how many of the mutants drawn were noticed, and the survivors that were looked at."""
    if not path.exists():
        return [_NOT_YET]
    lines = [
        "| room | drawn, of lines | noticed | nothing can notice | share of the others | 95 % interval | drawn with |",
        "| --- | ---: | ---: | ---: | ---: | --- | --- |",
    ]
    rows: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for room, row in rows.items():
        low, high = row["interval"]
        seeds = " and ".join(map(str, row["seeds"]))
        lines.append(
            f"| {room} | {row['drawn']} of {row['of_lines']:,} | {row['killed']} | {row['explained']} | "
            f"{row['share']:.3f} | {low:.2f} to {high:.2f} | seed {seeds}, {row['date']} |"
        )
    left = [(room, each) for room, row in rows.items() for each in row["survivors"] if not each["reason"]]
    if left:
        lines += ["", "Noticed by no test, and not explained:", ""]
        lines += [f"- `{each['file']}`: `{each['line']}` ({each['mutation']})" for _, each in left]
    return lines


def breaks(path: Path = TESTS / "breaks" / "result.json") -> list[str]:
    """Return how many breaks died, by the part of the project that they are in."""
    if not path.exists():
        return [_NOT_YET]
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    n_of: Counter[str] = Counter()
    n_died: Counter[str] = Counter()
    for row in result["breaks"]:
        parts = row["file"].split("/")
        is_compiled = row["file"].endswith((".h", ".pyx", ".pxi"))
        room = "compiled" if is_compiled else parts[2] if parts[0] == "src" and len(parts) > 3 else parts[0]
        n_of[room] += 1
        n_died[room] += row["became"] == "died"
    dates = sorted({row["date"] for row in result["breaks"]})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    lines = [
        f"`make breaks`, {when}: {result['died']} of {result['of']} died.", "",
        "| in | breaks | died |", "| --- | ---: | ---: |",
    ]  # fmt: skip
    return [*lines, *(f"| {room} | {n_of[room]} | {n_died[room]} |" for room in sorted(n_of))]
