"""Read ThreatExchange ``threat_updates``: pages, or JSON Lines of records."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from itertools import chain
from typing import Any

import msgspec

from ..entry import Entry, Opinion
from ..opinions import category_of, join_categories, unite_opinions
from ..pools import pool_of
from .batch import Batch
from .beside import check_beside
from .exchange_types import check_unknown, exchange_type
from .fields import BadField, hash_named, shown, text_id, utc_time
from .json_records import PlainShape, read_records
from .judging import labels_said
from .options import ReadOptions
from .pages import Page
from .paging import has_more, note_paging
from .plain_columns import PlainColumns, as_bytes
from .tally import Tally

__all__ = ["REACTIONS", "STATUS", "read"]

_KNOWN = frozenset(("id", "indicator", "type", "last_updated", "should_delete", "descriptors"))
#: What the exchange adds up of a record's descriptors; nobody says anything here that these do not.
_SUMMARY = ("status", "tags", "applications_with_opinions")
_UNSAID: tuple[object, ...] = (None, "", "UNKNOWN", [], {}, {"data": []})
_KNOWN_OF_DESCRIPTOR = frozenset(("owner", "status", "tags", "reactions", "added_on"))

#: What an owner's status says of the picture.
STATUS = {
    "MALICIOUS": "positive",
    "NON_MALICIOUS": "negative",
    "SUSPICIOUS": "seed",
    "UNKNOWN": "seed",
}

#: What a reaction says of the picture; None where it says nothing.
REACTIONS: dict[str, str | None] = {
    "HELPFUL": "positive",
    "DISAGREE_WITH_TAGS": "negative",
    "NON_MALICIOUS": "negative",
    "NOT_HELPFUL": None,
    "OUTDATED": None,
    "SAW_THIS_TOO": None,
    "WANT_MORE_INFO": None,
    "INGESTED": None,
    "ALREADY_KNOWN": None,
    "IN_REVIEW": None,
    "REVIEWED": None,
}
#: A verdict, and as good as a descriptor of that status: what its owner found helpful for is not forgotten over it.
_VERDICT = "NON_MALICIOUS"
#: Of these, those of members who have doubts of a record, and do not say that it is harmless.
_DOUBTING = frozenset(("NOT_HELPFUL", "OUTDATED"))


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry | Batch]:
    """Yield the entries of one page, runs of plain records as batches.

    References
    ----------
    docs/formats.md, "ThreatExchange".
    """

    def patient(record: dict[str, Any]) -> tuple[list[Entry], list[str]]:
        entry = _entry(record, options.source, tally)
        if "dropped" in entry.extra and entry.deleted:
            tally.note("a record without any usable opinion was dropped, as if deleted")
        elif entry.deleted and not record.get("should_delete"):
            tally.note(
                "a record without descriptors is taken for a delete: if they were not asked for, ask for them (fields=)"
            )
        return [entry], []

    def at_end(root: dict[str, Any]) -> None:
        check_beside(root, tally, options.ignore)
        note_paging(root, tally, is_last=isinstance(root.get("paging"), dict))

    yield from read_records(page, tally, "data", patient, plain=_PLAIN, on_root=at_end, ignore=options.ignore)


#: Of a field that is not there.
_NONE = msgspec.Raw()


class _Descriptor(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    id: str | int
    owner: msgspec.Raw
    status: msgspec.Raw
    added_on: str | None
    tags: msgspec.Raw = _NONE
    reactions: msgspec.Raw = _NONE


class _Descriptors(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    data: list[_Descriptor]


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A record as they usually are: one descriptor, or withdrawn."""

    id: str
    indicator: str
    type: str
    last_updated: int
    should_delete: bool
    descriptors: _Descriptors | msgspec.UnsetType | None = msgspec.UNSET


_NONE_OF_THEM: list[_Descriptor] = []
#: In place of a descriptor that is not there, or not alone.
_NO = _Descriptor(id="", owner=_NONE, status=_NONE, added_on=None)


def _columns(rows: list[_Plain]) -> PlainColumns:
    datas = [row.descriptors.data if row.descriptors else _NONE_OF_THEM for row in rows]
    if {*map(len, datas)} == {1}:
        found = list(chain.from_iterable(datas))
        without: list[int] = []
    else:
        found = [data[0] if len(data) == 1 else _NO for data in datas]
        without = [k for k, each in enumerate(found) if each is _NO]
    record_ids = [row.id for row in rows]
    gone = [row.should_delete for row in rows]
    added = [each.added_on for each in found]
    keys: list[Hashable] = list(
        zip(
            [row.type for row in rows],
            gone,
            [each is None for each in added],
            as_bytes([each.owner for each in found]),
            as_bytes([each.status for each in found]),
            as_bytes([each.tags for each in found]),
            as_bytes([each.reactions for each in found]),
            strict=True,
        )
    )
    ids = [each.id for each in found]
    rest = [f'{{"descriptors":[{{"id":"{each}"}}]}}' for each in ids]
    if {*map(type, ids)} != {str} or not "".join(map(str, ids)).isalnum() or "" in ids:
        for k, each in enumerate(ids):
            if isinstance(each, int):
                keys[k] = (keys[k], int)
                rest[k] = f'{{"descriptors":[{{"id":{each}}}]}}'
            elif not each.isalnum():
                keys[k] = None
    for k in without:
        row = rows[k]
        is_gone = row.should_delete and not row.descriptors
        keys[k] = (row.type, row.descriptors) if is_gone else None
        rest[k] = "{}"
    if True in gone:
        for k in [k for k, none in enumerate(gone) if none]:
            added[k], rest[k] = None, "{}"
    if not "".join(record_ids).isalnum() or "" in record_ids:
        for k in [k for k, text in enumerate(record_ids) if not text.isalnum()]:
            keys[k] = None
    return PlainColumns(
        keys=keys,
        digests=[row.indicator for row in rows],
        ids=record_ids,
        created=added,
        updated=[row.last_updated for row in rows],
        extras=pool_of(rest),
    )


_PLAIN = PlainShape(_Plain, _columns)


def _entry(record: dict[str, Any], source: str, tally: Tally) -> Entry:
    value = hash_named(exchange_type(record.get("type"), tally), record.get("indicator"))
    deleted = record.get("should_delete", False)
    if not isinstance(deleted, bool):
        raise BadField(f"expected true or false for 'should_delete', found {shown(deleted)}")
    extra = {} if record.keys() <= _KNOWN else {k: v for k, v in record.items() if k not in _KNOWN}
    updated = utc_time(record.get("last_updated"))
    if updated is None and record.get("last_updated") is not None:
        extra["last_updated"] = record["last_updated"]
    entry_id = text_id(record.get("id"))
    descriptors = [] if deleted else _descriptors(record)
    opinions = _opinions(descriptors, tally)
    if not record.keys() <= _KNOWN:
        _take_summary(extra, opinions, deleted=deleted, is_bare=not descriptors)
    check_unknown(extra, tally)
    if not opinions:
        if descriptors:
            extra["dropped"] = "no usable opinion"
        return Entry(
            hash=value,
            id=entry_id,
            source=source,
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
            check_unknown(rest, tally)
            unknown.append(rest)
        when = utc_time(descriptor.get("added_on"))
        if when is not None:
            added.append(when)
    if unknown:
        extra["descriptors"] = unknown
    return Entry(
        hash=value,
        id=entry_id,
        source=source,
        category=category_of(opinions, default="seed"),
        labels=tuple(sorted({label for opinion in opinions for label in opinion.labels})),
        owners=opinions,
        created=min(added) if added else None,
        updated=updated,
        keyed_by="digest",
        extra=extra,
    )


def _take_summary(
    extra: dict[str, Any], opinions: tuple[Opinion, ...], *, deleted: bool, is_bare: bool
) -> None:
    """Take what is added up of a record's descriptors out of its unknown fields, as far as these say the same.

    Raises
    ------
    BadField
        The record stands, and only what is added up says how: who says the opposite is not in it.
    """
    if is_bare and not deleted:
        for name in _SUMMARY:
            if extra.get(name) not in _UNSAID:
                raise BadField(
                    f"{shown(extra[name])} in {name!r}, and no descriptors, which hold the opinions: ask for them "
                    "(fields=descriptors{...})"
                )
    if deleted or opinions:
        extra.pop("applications_with_opinions", None)
    status = extra.get("status")
    category = STATUS.get(status.strip().upper()) if isinstance(status, str) else None
    if category is not None and (deleted or category in {opinion.category for opinion in opinions}):
        del extra["status"]


def _descriptors(record: dict[str, Any]) -> list[dict[str, Any]]:
    given = record.get("descriptors")
    if given is None:
        return []
    found = _all_of("descriptors", given)
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise BadField(f"expected a list of objects for 'descriptors', found {shown(given)}")
    return found


def _all_of(name: str, given: object) -> object:
    """Return what a field holds, which the exchange pages as it does the records.

    Raises
    ------
    BadField
        More of it is on another page: an opinion may be.
    """
    if not isinstance(given, dict):
        return given
    if has_more(given):
        raise BadField(f"there are more {name!r} on another page: ask for all of a record at once")
    return given.get("data", [])


def _opinions(descriptors: list[dict[str, Any]], tally: Tally) -> tuple[Opinion, ...]:
    """Return one opinion per owner; an owner's descriptor beats that owner's reaction."""
    explicit: list[Opinion] = []
    reactions: dict[str, set[str]] = {}
    for descriptor in descriptors:
        owner = descriptor.get("owner")
        owner_id = text_id(owner.get("id")) if isinstance(owner, dict) else None
        if owner_id is None or not isinstance(owner, dict):
            # The exchange sometimes hides the owner; without one, nobody vouches for what it says.
            continue
        name = owner.get("name")
        category = _said(descriptor.get("status"), "status", STATUS, default="seed") or "seed"
        _all_of("tags", descriptor.get("tags"))
        labels, tagged = labels_said(descriptor.get("tags"))
        explicit.append(
            Opinion(
                owner=owner_id,
                category=category if tagged is None else join_categories(category, tagged),
                labels=labels,
                name=name if isinstance(name, str) else None,
            )
        )
        if descriptor.get("reactions") is not None:
            _count_reactions(descriptor["reactions"], reactions, tally)
    owners = {opinion.owner for opinion in explicit}
    implicit = [
        Opinion(owner=owner, category=_category_of_reactions(keys))
        for owner, keys in reactions.items()
        if owner not in owners
    ]
    return unite_opinions([*explicit, *implicit])


def _said(given: object, name: str, words: dict[str, Any], *, default: str | None = None) -> str | None:
    """Return what an exchange's word means.

    Raises
    ------
    BadField
        It is none of them.
    """
    if given is None and default is not None:
        return default
    word = given.strip().upper() if isinstance(given, str) else ""
    if word not in words:
        raise BadField(f"expected one of {', '.join(words)} for {name!r}, found {shown(given)}")
    found: str | None = words[word]
    return found


def _count_reactions(given: object, reactions: dict[str, set[str]], tally: Tally) -> None:
    """Add whose reactions say what. Those that doubt a record are remarked on."""
    found = _all_of("reactions", given)
    if not isinstance(found, list):
        raise BadField(f"expected a list for 'reactions', found {shown(given)}")
    for reaction in found:
        if not isinstance(reaction, dict) or not isinstance(reaction.get("value"), str):
            raise BadField(f"expected a reaction with a 'key' and a 'value', found {shown(reaction)}")
        category = _said(reaction.get("key"), "reactions", REACTIONS)
        key = str(reaction.get("key")).strip().upper()
        if key in _DOUBTING and reaction["value"].strip(" ,"):
            tally.keep(tally.doubts, "reactions", shown(reaction["key"]))
        if category is not None:
            for owner in filter(None, (part.strip() for part in reaction["value"].split(","))):
                reactions.setdefault(owner, set()).add(key)


def _category_of_reactions(keys: set[str]) -> str:
    """Return what an owner says by all reactions: HELPFUL wins over other tags, and not over a verdict."""
    if "HELPFUL" not in keys:
        return "negative"
    return "disputed" if _VERDICT in keys else "positive"
