"""Read ThreatExchange ``threat_updates``: pages, or JSON Lines of records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from ...hashing.hashes import Algorithm
from ..entry import Entry, Opinion
from ..opinions import category_of, unite_opinions
from .batch import Batch
from .fields import BadField, algorithm_named, hash_named, labels_from, shown, text_id, utc_time
from .json_stream import records
from .options import ReadOptions
from .pages import Page
from .tally import Tally

__all__ = ["read"]

_KNOWN = frozenset(("id", "indicator", "type", "last_updated", "should_delete", "descriptors"))
_KNOWN_OF_DESCRIPTOR = frozenset(("owner", "status", "tags", "reactions", "added_on"))
_PLAIN_DESCRIPTOR = frozenset(("id", "owner", "status", "tags", "added_on"))
_REMEMBERED = 10_000
_BATCH_ROWS = 8192
_BY_STATUS = {"MALICIOUS": "positive", "NON_MALICIOUS": "negative"}


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry | Batch]:
    """Yield the entries of one page, runs of plain PDQ records as batches.

    References
    ----------
    docs/formats.md, "ThreatExchange".
    """
    known = _Known(options.source)
    rows = _Rows(known, tally)
    for number, record in records(page, tally, "data"):
        if rows.take(record):
            if len(rows) == _BATCH_ROWS:
                yield from rows.flush()
            continue
        yield from rows.flush()
        try:
            entry = known.entry(record)
        except BadField as exc:
            tally.reject(number, str(exc))
            continue
        if "dropped" in entry.extra and entry.deleted:
            tally.note("a record without any usable opinion was dropped, as if deleted")
        yield tally.meet(entry)
    yield from rows.flush()


class _Known:
    """Records to entries; remembers what repeats, so that a million records share few opinions."""

    def __init__(self, source: str) -> None:
        self.source = source
        self._types: dict[object, Algorithm | str] = {}
        self._opinions: dict[object, tuple[int, tuple[Opinion, ...]]] = {}

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
                source=self.source,
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
            source=self.source,
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
        return self.number_and_opinions(descriptors)[1]

    def number_and_opinions(self, descriptors: list[dict[str, Any]]) -> tuple[int, tuple[Opinion, ...]]:
        """Return what all owners say, with a number by which equal opinions are known (-1 for none)."""
        if len(descriptors) != 1:
            return -1, _opinions(descriptors)
        # The common record: one descriptor, its labels a list of texts, nobody reacting.
        descriptor = descriptors[0]
        owner, tags = descriptor.get("owner"), descriptor.get("tags")
        if "reactions" in descriptor or not isinstance(owner, dict) or not isinstance(tags, list):
            return -1, _opinions(descriptors)
        owner_id = owner.get("id")
        if not isinstance(owner_id, str):
            return -1, _opinions(descriptors)
        key = (owner_id, owner.get("name"), descriptor.get("status"), *tags)
        try:
            known = self._opinions.get(key)
        except TypeError:  # something in it is no plain value
            return -1, _opinions(descriptors)
        if known is None:
            opinions = _opinions(descriptors)
            if len(self._opinions) == _REMEMBERED:
                return -1, opinions
            known = self._opinions[key] = (len(self._opinions), opinions)
        return known


class _Rows:
    """Plain PDQ records, collected as columns: half the time and a tenth of the memory of entries."""

    def __init__(self, known: _Known, tally: Tally) -> None:
        self._known = known
        self._tally = tally
        self._likes: list[Entry] = [Entry(hash=None, source=known.source, deleted=True, keyed_by="digest")]
        self._like_of: dict[int, int] = {}
        self._clear()

    def _clear(self) -> None:
        self._digests: list[bytes] = []
        self._which: list[int] = []
        self._ids: list[str | None] = []
        self._dates: list[tuple[str | None, str | None]] = []
        self._extras: list[bytes] = []

    def __len__(self) -> int:
        return len(self._digests)

    def take(self, record: dict[str, Any]) -> bool:
        """Add a record, and tell whether it was one of the plain ones."""
        get = record.get
        indicator, entry_id, deleted, given = (
            get("indicator"),
            get("id"),
            get("should_delete"),
            get("descriptors"),
        )
        if (
            get("type") != "HASH_PDQ"
            or type(indicator) is not str
            or len(indicator) != 64
            or type(entry_id) is not str
            or type(deleted) is not bool
            or not entry_id.isalnum()
            or not entry_id.isascii()
            or not record.keys() <= _KNOWN
        ):
            return False
        updated = utc_time(get("last_updated"))
        if updated is None:
            return False
        which, created, extra = 0, None, b"{}"
        if not deleted:
            if type(given) is not dict:
                return False
            descriptors = given.get("data")
            if type(descriptors) is not list or len(descriptors) != 1 or type(descriptors[0]) is not dict:
                return False
            descriptor = descriptors[0]
            descriptor_id = descriptor.get("id")
            if not descriptor.keys() <= _PLAIN_DESCRIPTOR or type(descriptor_id) is not str:
                return False
            number, opinions = self._known.number_and_opinions(descriptors)
            if number < 0 or not opinions or not (descriptor_id.isalnum() and descriptor_id.isascii()):
                return False
            which = self._like_of.get(number, 0) or self._new_like(number, opinions)
            created = utc_time(descriptor.get("added_on"))
            extra = b'{"descriptors":[{"id":"%b"}]}' % descriptor_id.encode("ascii")
        try:
            digest = bytes.fromhex(indicator)
        except ValueError:
            return False
        if len(digest) != 32:  # fromhex skips white space
            return False
        self._digests.append(digest)
        self._which.append(which)
        self._ids.append(entry_id)
        self._dates.append((created, updated))
        self._extras.append(extra)
        return True

    def _new_like(self, number: int, opinions: tuple[Opinion, ...]) -> int:
        self._likes.append(
            Entry(
                hash=None,
                source=self._known.source,
                category=category_of(opinions, default="seed"),
                labels=opinions[0].labels,
                owners=opinions,
                keyed_by="digest",
            )
        )
        self._like_of[number] = len(self._likes) - 1
        return len(self._likes) - 1

    def flush(self) -> Iterator[Entry | Batch]:
        """Yield what was collected, and begin anew."""
        if not self._digests:
            return
        digests = np.frombuffer(b"".join(self._digests), np.uint8).reshape(-1, 32)
        batch = Batch(
            algorithm=Algorithm.PDQ,
            digests=digests,
            likes=tuple(self._likes),
            which=self._which,
            ids=self._ids,
            dates=self._dates,
            extras=self._extras,
        )
        self._clear()
        self._tally.meet_batch(batch)
        yield batch


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
