"""Tables of docs/matching-measured.md: what is found of photographs that nothing saw, what is lost, and the cost."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["cost", "lost", "unseen"]

_RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
_UNSEEN, _LOST = _RESULTS / "views-unseen.json", _RESULTS / "views-lost.json"


def unseen() -> str:
    """Return one row a manipulation: of scenes how many copies each effort finds, and of everything else `thorough`."""
    result = json.loads(_UNSEEN.read_text(encoding="utf-8"))["result"]["recall"]
    efforts = ("fast", "standard", "thorough", "exhaustive")
    n = {kind: row["n"] for kind, row in next(iter(result["rows"].values()))["kinds"].items()}
    others = sum(n.values()) - n["scene"]
    lines = [
        f"| copies of {n['scene']} scenes | {' | '.join(efforts)} | {others} other pictures, thorough |",
        f"| --- |{' --- |' * (len(efforts) + 1)}",
    ]
    for name, row in result["rows"].items():
        of_scenes = row["kinds"]["scene"]["found"]
        found = " | ".join(str(of_scenes.get(effort, 0)) for effort in efforts)
        of_others = row["found"].get("thorough", 0) - of_scenes.get("thorough", 0)
        lines.append(f"| {name} | {found} | {of_others} |")
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


def cost() -> str:
    """Return one row a list size and effort: milliseconds of processor time, those beyond `fast`, and times `fast`."""
    result = json.loads(_UNSEEN.read_text(encoding="utf-8"))["result"]["cost"]
    lines = [
        "| entries | effort | ms, median | ms beyond `fast` | times `fast` |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for size, rows in result["milliseconds"].items():
        fast = rows["fast"]["median"]
        for effort, row in rows.items():
            beyond, times = (
                (f"{row['median'] - fast:.1f}", f"{row['times_fast']:.2f}") if effort != "fast" else ("", "")
            )
            lines.append(f"| {int(size):,} | {effort} | {row['median']:.2f} | {beyond} | {times} |")
    return "\n".join(lines)
