"""Tables of matching: recall by manipulation and effort, false matches by mix, and which gate keeps what out."""

from __future__ import annotations

from told import load

__all__ = ["false_matches", "gates", "recall"]


def recall() -> list[str]:
    """Return recall by effort, worst first: every manipulation that was measured."""
    result = load("views.json")["result"]["recall"]
    lines = [
        f"{result['n_photos']} photographs, which had a say in the gates once (docs/matching-measured.md), on a list "
        f"of {result['list_size']} entries "
        f'({result["n_real_listed"]} of them real pictures). "fast" is what a plain PDQ look-up finds.',
        "",
        "| manipulation | fast | standard | thorough |",
        "| --- | ---: | ---: | ---: |",
    ]
    efforts = ("thorough", "standard", "fast")
    rows = sorted(
        result["rows"].items(), key=lambda each: [each[1]["found"].get(effort, 0) for effort in efforts]
    )
    for name, row in rows:
        shares = [row["found"].get(effort, 0) / row["n"] for effort in reversed(efforts)]
        lines.append(f"| {name} | " + " | ".join(f"{share:.2f}" for share in shares) + " |")
    return lines


def false_matches() -> list[str]:
    """Return how many unrelated uploads matched, by mix of pictures; a person judged those beyond a plain match."""
    result = load("views.json")["result"]["false"]
    lines = [
        "| mix of pictures | uploads | plain matches | more in standard (wrong) | more in thorough (wrong) |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, row in result["mixes"].items():
        more = " | ".join(
            f"{row['uploads'].get(effort, 0)} ({row['wrong'].get(effort, 0)})"
            for effort in ("standard", "thorough")
        )
        lines.append(f"| {name} | {row['n']} | {row['uploads'].get('fast', 0)} | {more} |")
    return lines


def gates() -> list[str]:
    """Return what each gate alone keeps out, of uploads looked up at the largest effort."""
    result = load("gates.json")["result"]
    lines = [
        f"What each gate is for: {result['uploads']:,} uploads that gates may look at, unrelated ones of the tuning "
        "part and altered photographs, were looked up at the largest effort. Without any gate, "
        f"{result['wrong_pairs_without_any_gate']:,} pairs would match. The table has those that would match if only "
        "the gate named were missing; where there are none, pairs were drawn (`tests/matching/test_gates_needed.py`).",
        "",
        "| gate | wrong pairs | uploads | the nearest of them |",
        "| --- | ---: | ---: | --- |",
    ]
    for name, row in result["gates"].items():
        first = row["examples"][0] if row["examples"] else None
        shown = (
            f"`{first['upload']}`, `{first['listed']}`: at {first['needs_without']} bits"
            if first
            else "drawn"
        )
        lines.append(f"| {name} | {row['wrong_pairs_kept_out']} | {row['uploads']} | {shown} |")
    return lines
