"""The tables of docs/matching.md that say what is found of photographs that nothing saw, and where copies are lost."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["lost", "unseen"]

_RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
_UNSEEN, _LOST = _RESULTS / "views-unseen.json", _RESULTS / "views-lost.json"


def unseen() -> str:
    """Return one row a manipulation: how many copies there are, and how many each effort finds."""
    result = json.loads(_UNSEEN.read_text(encoding="utf-8"))["result"]["recall"]
    efforts = ("fast", "standard", "thorough", "exhaustive")
    lines = [f"| copies | of | {' | '.join(efforts)} |", f"| --- | --- |{' --- |' * len(efforts)}"]
    for name, row in result["rows"].items():
        found = " | ".join(str(row["found"].get(effort, 0)) for effort in efforts)
        lines.append(f"| {name} | {row['n']} | {found} |")
    return "\n".join(lines)


def lost() -> str:
    """Return one row a manipulation: how many copies two efforts find, and where `thorough` loses the others."""
    result = json.loads(_LOST.read_text(encoding="utf-8"))["result"]
    n_photos = result["n_photos"]
    lines = [
        f"| copies of {n_photos} | thorough | exhaustive | lost at thorough |",
        "| --- | --- | --- | --- |",
    ]
    for name, row in result["rows"].items():
        rest = ", ".join(f"{count} {why}" for why, count in row["thorough"].items() if why != "found")
        found = (row[effort].get("found", 0) for effort in ("thorough", "exhaustive"))
        lines.append(f"| {name} | {' | '.join(map(str, found))} | {rest} |")
    return "\n".join(lines)
