"""What is to be said of files that were decided all the same: that less of them was looked at than there is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["CAVEATS", "Caveat", "caveat_of"]


class Caveat(NamedTuple):
    """One state in which a decision is worth less than it seems.

    Attributes
    ----------
    name : str
        As records count it.
    meaning : str
        For the summary.
    advice : str
        What to do, for the summary; behind how many files.
    """

    name: str
    meaning: str
    advice: str


_CUT_OFF = Caveat(
    "cut off",
    "the end is missing, and only what is there was looked at",
    "cut off: get them whole and scan again, or look at them yourself",
)
_CHANGED = Caveat(
    "changed meanwhile",
    "written to while being read",
    "changed while they were read: scan again once nothing writes to them",
)
_IN_PART = Caveat(
    "looked at in part",
    "all that matched is cancelled, and the rest could not be looked at",
    "could be looked at in part only, and what matched there is cancelled: look at them yourself",
)

CAVEATS = (_CUT_OFF, _CHANGED, _IN_PART)

#: Outcomes that say that there is nothing to see.
_AT_EASE = frozenset({"no_match", "low_quality", "suppressed"})


def caveat_of(facts: Mapping[str, Any]) -> Caveat | None:
    """Return what is to be said of a decision, None where nothing is.

    Parameters
    ----------
    facts : mapping
        ``outcome``, ``reason``, ``failure`` and ``decode`` as records have them.
    """
    if facts["outcome"] not in _AT_EASE:
        return None
    if (facts.get("decode") or {}).get("truncated"):
        return _CUT_OFF
    if facts.get("failure") == "changed":
        return _CHANGED
    return _IN_PART if facts.get("reason") is not None else None
