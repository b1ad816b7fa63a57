"""Under what something was decided: lists by their digest, effort, settings; and which of these covers which."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any

from ..lists.policy import Policy
from ..matching.pairs import digest_of
from ..matching.printable import plain
from ..matching.settings import EFFORTS

if TYPE_CHECKING:
    from ..matching.decision import Audit
    from ..matching.settings import Settings

__all__ = ["HASHES", "Scope", "rank_of"]

#: The effort of a re-match: stored hashes alone, less than any look at a picture.
HASHES = "hashes"

#: Settings that stand elsewhere, or that change no answer.
_DECIDING_NOTHING = frozenset({"effort", "trusted", "search"})

#: Parts of a policy that say how near a match is, or when a list is refused, and not which entries count.
_NOT_SELECTING = frozenset({"max_distance", "min_evidence", "require_fresh", "refresh_days"})


def rank_of(effort: str) -> int:
    """Return how much an effort sees: more than those of lower rank."""
    known = (HASHES, *EFFORTS)
    return known.index(effort) if effort in known else 0


@dataclass(frozen=True, slots=True)
class Scope:
    """Lists and settings that files are decided under.

    Attributes
    ----------
    lists : mapping of str to str
        The digest of each list's bytes, by its name as a catalog has it.
    effort : str
    settings : str
        Everything else, allow-lists included, as JSON.
    """

    lists: Mapping[str, str]
    effort: str
    settings: str

    @classmethod
    def of(cls, audit: Audit, settings: Settings | None, *, effort: str | None = None) -> Scope:
        """Return what a matcher decides under; `effort` in place of its own."""
        told = {} if settings is None else _canonical(settings)
        if settings is not None:
            told["allow_pairs"] = digest_of(settings.allow_pairs)
        facts = {
            "version": audit.version,
            "thresholds": dict(audit.thresholds),
            "list_thresholds": sorted(map(list, audit.list_thresholds)),
            "min_quality": audit.min_quality,
            "low_quality_distance": audit.low_quality_distance,
            "min_evidence": audit.min_evidence,
            "list_evidence": sorted(map(list, audit.list_evidence)),
            "allow": sorted([info.name, info.snapshot] for info in audit.lists if info.allow),
            "settings": {name: value for name, value in told.items() if name not in _DECIDING_NOTHING},
        }
        return cls(
            lists={plain(info.name) or "": info.snapshot for info in audit.lists if not info.allow},
            effort=audit.effort if effort is None else effort,
            settings=json.dumps(facts, sort_keys=True),
        )

    @property
    def lists_text(self) -> str:
        """The lists as JSON."""
        return json.dumps(dict(self.lists), sort_keys=True)

    @property
    def selection(self) -> str:
        """What decides which entries of a list count, as JSON."""
        policy = json.loads(self.settings).get("settings", {}).get("policy") or _canonical(Policy())
        own = {name: _selecting(each) for name, each in policy.get("per_list", {}).items()}
        return json.dumps(
            {**_selecting(policy), "per_list": {name: each for name, each in own.items() if each}},
            sort_keys=True,
        )

    def fits(self, wanted: Scope) -> bool:
        """Return whether a decision under this scope answers for `wanted`, as far as its lists go."""
        return self.settings == wanted.settings and rank_of(self.effort) >= rank_of(wanted.effort)

    def replaces(self, other: Scope) -> bool:
        """Return whether a decision under this scope leaves nothing to one under `other`: its lists, no less effort."""
        return set(other.lists) <= set(self.lists) and rank_of(other.effort) <= rank_of(self.effort)


def _selecting(policy: Mapping[str, Any]) -> dict[str, Any]:
    return {name: each for name, each in policy.items() if each is not None and name not in _NOT_SELECTING}


def _canonical(value: Any) -> Any:
    """Return settings as plain data that reads the same in every process."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _canonical(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _canonical(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, (set, frozenset)):
        return sorted(str(each) for each in value)
    if isinstance(value, (list, tuple)):
        return [_canonical(each) for each in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)
