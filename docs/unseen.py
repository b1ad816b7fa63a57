"""The table of docs/matching.md that says what is found of photographs that nothing saw, from the committed result."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["unseen"]

_RESULT = Path(__file__).parent.parent / "benchmarks" / "results" / "views-unseen.json"


def unseen() -> str:
    """Return one row a manipulation: how many copies there are, and how many each effort finds."""
    result = json.loads(_RESULT.read_text(encoding="utf-8"))["result"]["recall"]
    efforts = ("fast", "standard", "thorough", "exhaustive")
    lines = [f"| copies | of | {' | '.join(efforts)} |", f"| --- | --- |{' --- |' * len(efforts)}"]
    for name, row in result["rows"].items():
        found = " | ".join(str(row["found"].get(effort, 0)) for effort in efforts)
        lines.append(f"| {name} | {row['n']} | {found} |")
    return "\n".join(lines)
