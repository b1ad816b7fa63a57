"""How often evidence of so many bits was right on the pictures of an evaluation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .intervals import wilson

__all__ = ["Judged", "by_evidence", "class_of", "in_words"]

#: Lower ends of the classes that candidates are counted in, in bits; the first class has none.
_FROM = (-8, -4, 0, 4, 8, 12)


@dataclass(frozen=True, slots=True)
class Judged:
    """An entry that an altered copy came near to.

    Attributes
    ----------
    bits : float
        Of evidence.
    is_right : bool
        Whether the entry is of its picture, or of one that was alike to begin with.
    is_match : bool
        Whether it matched; gates kept others from it.
    """

    bits: float
    is_right: bool
    is_match: bool


def by_evidence(judged: Iterable[Judged]) -> list[dict[str, Any]]:
    """Return, least evidence first, how many candidates there were, how many of them right, and how many matched.

    Returns
    -------
    list of dict
        "from" and "to": bits, None at the ends; "candidates", "right", "matches", "wrong_matches"; "share_right" with
        its "interval" of 95 chances in 100. Classes without a candidate are left out.
    """
    ends: list[int | None] = [None, *_FROM, None]
    counted: list[list[Judged]] = [[] for _ in range(len(_FROM) + 1)]
    for each in judged:
        counted[sum(each.bits >= low for low in _FROM)].append(each)
    rows = []
    for at, among in enumerate(counted):
        if among:
            right = sum(each.is_right for each in among)
            rows.append(
                {
                    "from": ends[at], "to": ends[at + 1], "candidates": len(among), "right": right,
                    "matches": sum(each.is_match for each in among),
                    "wrong_matches": sum(each.is_match and not each.is_right for each in among),
                    "share_right": round(right / len(among), 4),
                    "interval": [round(end, 4) for end in wilson(right, len(among))],
                }
            )  # fmt: skip
    return rows


def in_words(rows: Iterable[dict[str, Any]]) -> list[str]:
    """Return a line of text for each class that `by_evidence` gave."""
    return [
        f"evidence {class_of(row):>12}: {row['candidates']:>6} came near, {row['right']} of the right picture "
        f"({row['share_right']:.2f} [{row['interval'][0]:.2f}-{row['interval'][1]:.2f}]); {row['matches']} matched, "
        f"{row['wrong_matches']} of them wrongly"
        for row in rows
    ]


def class_of(row: dict[str, Any]) -> str:
    """Name one class of evidence."""
    if row["from"] is None:
        return f"under {row['to']}"
    return f"{row['from']} and more" if row["to"] is None else f"{row['from']} to {row['to']}"
