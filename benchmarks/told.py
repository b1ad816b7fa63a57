"""Committed results, read and told as the pages tell them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

__all__ = ["RESULTS", "aim", "load", "measured_on", "of_machines", "told"]

RESULTS = Path(__file__).parent / "results"


def load(name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((RESULTS / name).read_text(encoding="utf-8"))
    return record


def of_machines(benchmark: str) -> list[dict[str, Any]]:
    """Return a benchmark's results of all machines, the newest last."""
    found = [load(path.name) for path in sorted(RESULTS.glob(f"{benchmark}-*.json"))]
    return sorted(found, key=lambda record: str(record["date"]))


def told(milliseconds: float) -> str:
    """Return a time as a person says it, three digits of it."""
    for unit, size in (("s", 1000.0), ("ms", 1.0)):
        if milliseconds >= size:
            value = milliseconds / size
            digits = 0 if value >= 99.95 else 1 if value >= 9.995 else 2
            return f"{value:.{digits}f} {unit}"
    return f"{milliseconds * 1000:.3g} µs"


def measured_on(record: dict[str, Any]) -> str:
    """Return the sentence that says where and when a result was measured, and the peers' versions."""
    machine = record["machine"]
    versions = record.get("versions", machine.get("versions", {}))
    peers = ", ".join(f"{name} {version}" for name, version in versions.items() if name != "safehash")
    return f"Measured on {record['date'][:10]}, {machine['cpu']}, {machine['cores']} cores. {peers}."


def aim(what: str, bound: float, value: float) -> str:
    """Return an aim's row; a bound of 0 or less is the most that it may be, without its sign."""
    wanted, is_met = (f">= {bound:g}", value >= bound) if bound > 0 else (f"<= {-bound:g}", value <= -bound)
    return f"| {what} | {wanted} | {value:g} | {'yes' if is_met else '**no**'} |"
