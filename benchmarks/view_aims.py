"""The aims of matching: recall of scenes that nothing saw, by manipulation and effort, and what efforts cost."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from told import aim, load

__all__ = ["missed", "view_aims"]

#: Least share of copies found at `thorough` and, where there is one, at `standard`.
_RECALL: tuple[tuple[str, float, float | None], ...] = (
    ("keystone 5 %", 0.85, None),
    ("rotated 8 degrees", 0.85, None),
    ("tilted 4 degrees in a frame", 0.85, None),
    ("tilted 8 degrees in a frame", 0.85, None),
    ("sticker over 15 %", 0.97, None),
    ("sticker over 30 %", 0.90, None),
    ("picture over a quarter", 0.92, None),
    ("cropped 10 %", 0.97, None),
    ("cropped 20 %", 0.75, None),
    ("cropped 30 %", 0.40, None),
    ("web page", 0.95, 0.85),
    ("screenshot, light", 0.95, 0.85),
    ("vertical video with captions", 0.85, 0.5),
    ("screen photographed", 0.8, 0.5),
    ("exposure x2", 0.9, None),
    ("gamma 2", 0.99, None),
    ("watermarks", 0.99, None),
    ("slanting watermark", 0.99, None),
)
#: By list size: what `thorough` may cost above `fast`, in milliseconds of processor.
_ABOVE_FAST = {"100000": 10, "1000000": 14}
#: Unrelated uploads among which one may match a wrong entry at `thorough`; at `standard` none may.
_ONE_WRONG_IN = 5_000
#: The most that `exhaustive` may take, in milliseconds, and `standard`, of `fast`: of 1.6 megapixels, and of 0.4.
_EXHAUSTIVE, _STANDARD, _STANDARD_SMALL = 60, 1.1, 1.25


def _recalled(rows: dict[str, Any]) -> Iterator[tuple[str, str, float, float]]:
    """Yield each manipulation that has an aim, an effort, what share is wanted, and what is found."""
    for name, thorough, standard in _RECALL:
        for effort, bound in (("thorough", thorough), ("standard", standard)):
            if bound is not None and name in rows:
                of_scenes = rows[name]["kinds"]["scene"]
                yield name, effort, bound, round(of_scenes["found"].get(effort, 0) / of_scenes["n"], 3)


def missed() -> list[str]:
    """Return the manipulations that miss an aim."""
    rows = load("views-unseen.json")["result"]["recall"]["rows"]
    return list(dict.fromkeys(name for name, _, bound, share in _recalled(rows) if share < bound))


def view_aims() -> list[str]:
    """Return the aims of matching, met or not."""
    result = load("views-unseen.json")["result"]
    rows = result["recall"]["rows"]
    lines = [
        aim(f"{name}, of {rows[name]['kinds']['scene']['n']} unseen scenes, {effort}: found", bound, share)
        for name, effort, bound, share in _recalled(rows)
    ]
    mixes = load("views.json")["result"]["false"]["mixes"].values()
    n_uploads = sum(mix["n"] for mix in mixes)
    lines += [
        aim(
            f"of {n_uploads:,} unrelated uploads, {effort}: wrong",
            -most,
            sum(mix["wrong"][effort] for mix in mixes),
        )
        for effort, most in (("standard", 0), ("thorough", n_uploads // _ONE_WRONG_IN))
    ]
    for size, times in result["cost"]["milliseconds"].items():
        median = {effort: row["median"] for effort, row in times.items()}
        among = f"1.6 megapixels, among {int(size):,}"
        lines += [
            # Of pairs measured together, where they were: as docs/matching-measured.md has it.
            aim(
                f"{among}, standard: of fast",
                -_STANDARD,
                round(times["standard"].get("times_fast") or median["standard"] / median["fast"], 2),
            ),
            aim(
                f"{among}, thorough: ms above fast",
                -_ABOVE_FAST[size],
                round(median["thorough"] - median["fast"], 1),
            ),
            aim(f"{among}, exhaustive: ms", -_EXHAUSTIVE, round(median["exhaustive"], 1)),
        ]
    for size, times in result.get("cost_small", {}).get("milliseconds", {}).items():
        found = round(times["standard"]["times_fast"], 2)
        lines.append(aim(f"0.4 megapixels, among {int(size):,}, standard: of fast", -_STANDARD_SMALL, found))
    return lines
