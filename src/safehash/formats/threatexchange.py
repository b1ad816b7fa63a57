"""Read ThreatExchange ``threat_updates``: pages, or JSON Lines of records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..hashes import Algorithm
from ..lists import Entry, Opinion, category_of, unite_opinions
from .fields import BadField, algorithm_named, hash_named, labels_from, shown, text_id, utc_time
from .json_stream import records
from .options import ReadOptions
from .source import Page
from .tally import Tally

__all__ = ["read"]

_KNOWN = frozenset(("id", "indicator", "type", "last_updated", "should_delete", "descriptors"))
_KNOWN_OF_DESCRIPTOR = frozenset(("owner", "status", "tags", "reactions", "added_on"))
_REMEMBERED = 10_000
_BY_STATUS = {"MALICIOUS": "positive", "NON_MALICIOUS": "negative"}


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry]:
    """Yield the entries of one page.

    References
    ----------
    docs/formats.md, "ThreatExchange".
    """
    known = _Known(options.source)
    for number, record in records(page, tally, "data"):
        try:
            entry = known.entry(record)
        except BadField as exc:
            tally.reject(number, str(exc))
            continue
        if "dropped" in entry.extra and entry.deleted:
            tally.note("a record without any usable opinion was dropped, as if deleted")
        yield tally.meet(entry)


class _Known:
    """Records to entries; remembers what repeats, so that a million records share few opinions."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._types: dict[object, Algorithm | str] = {}
        self._opinions: dict[object, tuple[Opinion, ...]] = {}

    def entry(self, record: dict[str, Any]) -> Entry:
        """Return the entry of one record.

        Raises
        ------
        BadField
            It cannot be used.
        """
        value = hash_named(self._algorithm(record.get("type")), record.get("indicator"))
        deleted = record.get("should_delete", False)
        if not isinstance(deleted, bool):
            raise BadField(f"expected true or false for 'should_delete', found {shown(deleted)}")
        extra = {} if record.keys() <= _KNOWN else {k: v for k, v in record.items() if k not in _KNOWN}
        updated = utc_time(record.get("last_updated"))
        if updated is None and record.get("last_updated") is not None:
            extra["last_updated"] = record["last_updated"]
        entry_id = text_id(record.get("id"))
        descriptors = [] if deleted else _descriptors(record)
        opinions = self._opinions_of(descriptors)
        if not opinions:
            if descriptors:
                extra["dropped"] = "no usable opinion"
            return Entry(
                hash=value,
                id=entry_id,
                source=self._source,
                updated=updated,
                deleted=True,
                keyed_by="digest",
                extra=extra,
            )
        added = []
        unknown = []
        for descriptor in descriptors:
            rest = {k: v for k, v in descriptor.items() if k not in _KNOWN_OF_DESCRIPTOR}
            if rest:
                unknown.append(rest)
            when = utc_time(descriptor.get("added_on"))
            if when is not None:
                added.append(when)
        if unknown:
            extra["descriptors"] = unknown
        labels = opinions[0].labels
        category = opinions[0].category
        if len(opinions) > 1:
            labels = tuple(sorted({label for opinion in opinions for label in opinion.labels}))
            category = category_of(opinions, default="seed")
        return Entry(
            hash=value,
            id=entry_id,
            source=self._source,
            category=category,
            labels=labels,
            owners=opinions,
            created=min(added) if added else None,
            updated=updated,
            keyed_by="digest",
            extra=extra,
        )

    def _algorithm(self, name: object) -> Algorithm | str:
        if isinstance(name, str) and name in self._types:
            return self._types[name]
        algorithm = algorithm_named(name)
        if len(self._types) < _REMEMBERED:
            self._types[name] = algorithm
        return algorithm

    def _opinions_of(self, descriptors: list[dict[str, Any]]) -> tuple[Opinion, ...]:
        if len(descriptors) != 1:
            return _opinions(descriptors)
        # The common record: one descriptor, its labels a list of texts, nobody reacting.
        descriptor = descriptors[0]
        owner, tags = descriptor.get("owner"), descriptor.get("tags")
        owner_id = owner.get("id") if isinstance(owner, dict) else None
        if "reactions" in descriptor or not isinstance(owner_id, str) or not isinstance(tags, list):
            return _opinions(descriptors)
        key = (owner_id, owner.get("name"), descriptor.get("status"), *tags)
        try:
            known = self._opinions.get(key)
        except TypeError:  # something in it is no plain value
            return _opinions(descriptors)
        if known is None:
            known = _opinions(descriptors)
            if len(self._opinions) < _REMEMBERED:
                self._opinions[key] = known
        return known


def _descriptors(record: dict[str, Any]) -> list[dict[str, Any]]:
    given = record.get("descriptors")
    if given is None:
        return []
    found = given.get("data", []) if isinstance(given, dict) else given
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise BadField(f"expected a list of objects for 'descriptors', found {shown(given)}")
    return found


def _opinions(descriptors: list[dict[str, Any]]) -> tuple[Opinion, ...]:
    """Return one opinion per owner; an owner's descriptor beats that owner's reaction."""
    explicit: list[Opinion] = []
    reactions: dict[str, str] = {}
    for descriptor in descriptors:
        owner = descriptor.get("owner")
        owner_id = text_id(owner.get("id")) if isinstance(owner, dict) else None
        if owner_id is None or not isinstance(owner, dict):
            # The exchange sometimes hides the owner; without one, nobody vouches for what it says.
            continue
        status = descriptor.get("status")
        name = owner.get("name")
        explicit.append(
            Opinion(
                owner=owner_id,
                category=_BY_STATUS.get(status, "seed") if isinstance(status, str) else "seed",
                labels=labels_from(descriptor.get("tags")),
                name=name if isinstance(name, str) else None,
            )
        )
        if "reactions" in descriptor:
            _count_reactions(descriptor["reactions"], reactions)
    if len(explicit) == 1 and not reactions:
        return (explicit[0],)
    owners = {opinion.owner for opinion in explicit}
    implicit = [
        Opinion(owner=owner, category=category)
        for owner, category in reactions.items()
        if owner not in owners
    ]
    return unite_opinions([*explicit, *implicit])


def _count_reactions(given: object, reactions: dict[str, str]) -> None:
    if not isinstance(given, list):
        return
    for reaction in given:
        if not isinstance(reaction, dict) or not isinstance(reaction.get("value"), str):
            continue
        for owner in filter(None, (part.strip() for part in reaction["value"].split(","))):
            if reaction.get("key") == "HELPFUL":
                reactions[owner] = "positive"
            elif reaction.get("key") == "DISAGREE_WITH_TAGS":
                reactions.setdefault(owner, "negative")
