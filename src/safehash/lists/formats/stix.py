"""Read objects of STIX 2: indicators by their patterns; what other objects say against them refuses the list."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from ...errors import ListError
from ..switches import switch
from .fields import shown
from .inside import LATE, says, speaks_inside
from .object_rows import has_digest
from .tally import Tally
from .vocabulary import plain

__all__ = ["StixObjects"]

#: Objects that are no digest themselves; all but the first two may say something of those that are.
_OTHERS = frozenset(
    (
        *(
            "identity",
            "marking-definition",
            "extension-definition",
            "location",
            "language-content",
            "relationship",
        ),
        *(
            "sighting",
            "report",
            "grouping",
            "note",
            "opinion",
            "observed-data",
            "campaign",
            "threat-actor",
            "incident",
        ),
        *(
            "intrusion-set",
            "malware",
            "tool",
            "attack-pattern",
            "course-of-action",
            "infrastructure",
            "vulnerability",
        ),
        "malware-analysis",
    )
)
#: So many links between objects are remembered.
_MAX_LINKS = 1_000_000

_COMPARISON = r"""file:hashes\.(?:'(?P<a>[^'\]]+)'|"(?P<b>[^"\]]+)"|(?P<c>[\w-]+))\s*=\s*'(?P<value>[^']*)'"""
_ANY = re.sub(r"\?P<\w+>", "?:", _COMPARISON)
_PATTERN = re.compile(rf"\[\s*{_ANY}(?:\s+(?:OR|AND)\s+{_ANY})*\s*\](?:\s+OR\s+\[\s*{_ANY}\s*\])*")
_ONE = re.compile(_COMPARISON)


class StixObjects:
    """The objects of STIX on one page; others are left as they are.

    Parameters
    ----------
    tally : Tally
    ignore : collection of str
        Types of objects that are set aside, whatever they say.
    now : str
        ISO 8601: what an object says of itself counts from a time, or until one.
    """

    def __init__(self, tally: Tally, ignore: Collection[str], now: str) -> None:
        self._tally = tally
        self._ignore = {name.casefold() for name in ignore}
        self._now = now
        self._gone: dict[str, str] = {}  # ids of objects that say something against themselves, and what
        self._of_files: set[str] = set()  # objects with a digest of a kind that has none
        self._links: list[tuple[str, str]] = []
        self._n_more = 0  # links that are not remembered

    def taken(self, record: dict[str, Any]) -> dict[str, Any] | None:
        """Return an object as the record that it is; None where it is none, and says nothing against another.

        Raises
        ------
        ListError
            It says something against others.
        """
        kind, own = record.get("type"), record.get("id")
        if not (isinstance(kind, str) and isinstance(own, str) and own.startswith(f"{kind}--")):
            return record
        if kind == "indicator" and isinstance(pattern := record.get("pattern"), str):
            hashes = _hashes_in(pattern)
            if hashes and {*map(plain, hashes)}.isdisjoint(map(plain, record)):
                record = {**{name: value for name, value in record.items() if name != "pattern"}, **hashes}
        if kind not in _OTHERS or has_digest(record):
            said = next(_against(record, self._now), None)
            if said is not None:
                self._gone[own] = said
            elif kind in _OF_NO_FILE:
                self._of_files.add(own)
            return record
        if kind.casefold() in self._ignore or record.get("revoked") is True:
            return None
        self._look_at_other(kind, record)
        return None

    def _look_at_other(self, kind: str, record: Mapping[str, Any]) -> None:
        said = None if record.get("opinion") == "neutral" else next(_against(record), None)
        refers = [name for name in record if name.endswith(("_ref", "_refs")) and name not in _OF_MAKERS]
        if said is not None and refers:
            raise ListError(
                f"refused: an object of type {kind!r} says {said} of others ({refers[0]!r}), and what it speaks of "
                f"would be matched against: take that out of the list; {switch('ignore', [kind])} sets such "
                f"objects aside (page {self._tally.page})",
                path=self._tally.path,
            )
        source, target = record.get("source_ref"), record.get("target_ref")
        if isinstance(source, str) and isinstance(target, str):
            if len(self._links) < _MAX_LINKS:
                self._links.append((source, target))
            else:
                self._n_more += 1
        self._tally.note(f"objects of type {kind!r} have no digest, and are left out")

    def close(self) -> None:
        """Refuse the page where what was taken back stands for another object, which was not.

        Raises
        ------
        ListError
        """
        if self._n_more and self._gone and "relationship" not in self._ignore:
            own, said = next(iter(self._gone.items()))
            raise ListError(
                f"refused: more than {_MAX_LINKS} links between objects, and {said} is said of {shown(own)}: whether "
                f"that is linked to others is not known; {switch('ignore', ['relationship'])} sets links aside (page "
                f"{self._tally.page})",
                path=self._tally.path,
            )
        for source, target in self._links:
            for one, other in ((source, target), (target, source)):
                if one in self._gone and self._is_live(other) and "relationship" not in self._ignore:
                    raise ListError(
                        f"refused: {shown(one)}, of which {self._gone[one]} is said, is linked to {shown(other)}, "
                        "which would be matched against: take that out of the list; "
                        f"{switch('ignore', ['relationship'])} sets links aside (page {self._tally.page})",
                        path=self._tally.path,
                    )

    def _is_live(self, own: str) -> bool:
        """Tell whether an object would be matched against, or may stand for one that is."""
        is_named = own.partition("--")[0] in _OF_NO_FILE and own not in self._of_files
        return own not in self._gone and not is_named


#: Kinds of objects that stand for no file: what an indicator was of, as "indicates" says.
_OF_NO_FILE = frozenset(
    (
        *("identity", "location", "campaign", "threat-actor", "incident", "intrusion-set", "malware", "tool"),
        *("attack-pattern", "course-of-action", "vulnerability"),
    )
)

#: Who made an object, and how it is marked, is no object that it speaks of.
_OF_MAKERS = frozenset(("created_by_ref", "object_marking_refs"))


def _against(record: Mapping[str, Any], now: str = LATE) -> Iterator[str]:
    """Yield what an object says that takes back or judges."""
    for name, value in record.items():
        if says(name, value, now) or speaks_inside(value, name if isinstance(value, (list, dict)) else ""):
            yield f"{name} {shown(value)}"


def _hashes_in(pattern: str) -> dict[str, str]:
    """Return the digests, by type, of a pattern that compares with digests of files alone; none of any other."""
    if _PATTERN.fullmatch(pattern.strip()) is None:
        return {}
    found: dict[str, str] = {}
    for each in _ONE.finditer(pattern):
        name = each["a"] or each["b"] or each["c"]
        if name in found:
            return {}  # two of one type: a record of each would have the same id
        found[name] = each["value"]
    return found
