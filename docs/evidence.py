"""Tables of docs/matching.md: what is measured of a candidate, and the score of evidence against the gates."""

from __future__ import annotations

import json
from pathlib import Path

from safehash.matching.evidence import MEASURES
from safehash.matching.gates import spoken

__all__ = ["against_gates", "measures"]

_RESULT = Path(__file__).parent.parent / "benchmarks" / "results" / "evidence.json"


def against_gates() -> str:
    """Return one row a part and kind of view: what gates let pass, and what the score does where it errs as they do."""
    result = json.loads(_RESULT.read_text(encoding="utf-8"))["result"]
    heads = (
        "part", "views", "right pairs", "wrong pairs", "gates: right (wrong)", "score, with as many wrong",
        "with none wrong", "area under ROC",
    )  # fmt: skip
    lines = [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]
    for part in ("tuning", "test"):
        for kind, row in result.get(part, {}).items():
            gates, alike, none = row["gates"], row["score_at_as_many_wrong"], row["score_at_none_wrong"]
            cells = (
                part, kind, row["right_pairs"], row["wrong_pairs"], f"{gates['right']} ({gates['wrong']})",
                alike["right"], none["right"], row["area_under_roc"],
            )  # fmt: skip
            lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def measures() -> str:
    """Return what gates and evidence ask of a candidate, one row a measure."""
    rows = (f"| {spoken(name)} | {unit} | {meaning} |" for name, (unit, meaning) in MEASURES.items())
    return "\n".join(("| measure | unit | what it is |", "| --- | --- | --- |", *rows))
