"""Records of any number of lists into their present state."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from .._face import checked
from ..hashing.hashes import ForeignHash, Hash
from .entry import Entry, hash_key
from .opinions import join_categories, unite_opinions

__all__ = ["merge_lists", "unite_digests"]

#: Where `extra` keeps the other values of a field on which equally new records differ.
ALSO = "safehash:also"


@checked
def merge_lists(*lists: Iterable[Entry], keep_deleted: bool = False) -> Iterator[Entry]:
    """Merge records of any number of lists into their present state.

    Per key (`Entry.key`) the newest version (`Entry.version`) counts, whole: a record that no longer carries
    one of its hashes drops it. Records of one key and version are united: opinions, labels and unknown
    fields of all are kept. So any order and any repetition of the same records ends in the same state.

    Parameters
    ----------
    *lists : iterables of Entry
        Read one after the other, streaming.
    keep_deleted : bool
        Yield the tombstones too, for a list that will be merged again.

    Yields
    ------
    Entry
        Sorted by source, id and digest.

    Notes
    -----
    Memory grows with the number of different records, not with the number of records read.

    Examples
    --------
    >>> reader = safehash.read_list("list.csv")
    >>> withdrawn = safehash.Entry(hash=None, id="b-1", source="list", deleted=True)
    >>> list(merge_lists(reader, [withdrawn]))
    []
    """
    states: dict[tuple[str, ...], _State] = {}
    for entries in lists:
        for entry in entries:
            key = entry.key
            state = states.get(key)
            if state is None:
                states[key] = (entry.version, {entry.hash: entry})
            else:
                states[key] = _advanced(state, entry)
    merged = [
        entry
        for _, by_hash in states.values()
        for entry in by_hash.values()
        if keep_deleted or not entry.deleted
    ]
    merged.sort(key=_sort_key)
    yield from merged


@checked
def unite_digests(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield one entry per digest, with the opinions and labels of every live entry that has it.

    The united entry names every source; where more than one record was united, ``extra["united"]`` tells
    each one's source, id and category. Deletes are left out: merge first.

    Yields
    ------
    Entry
        Sorted by digest.

    Examples
    --------
    >>> value = safehash.hash_file("photo.jpg")
    >>> one = safehash.Entry(hash=value, source="one", category="positive")
    >>> two = safehash.Entry(hash=value, source="two", category="negative")
    >>> [(entry.source, entry.category) for entry in unite_digests([one, two])]
    [('one + two', 'disputed')]
    """
    groups: dict[Hash | ForeignHash, list[Entry]] = {}
    for entry in entries:
        if not entry.deleted and entry.hash is not None:
            groups.setdefault(entry.hash, []).append(entry)
    united = []
    for group in groups.values():
        group.sort(key=_sort_key)
        entry = group[0]
        for other in group[1:]:
            entry = _joined(entry, other)
        if len(group) > 1:
            members = [{"source": e.source, "id": e.id, "category": e.category} for e in group]
            entry = replace(
                entry,
                id=group[0].id if all(e.id == group[0].id for e in group) else None,
                source=" + ".join(sorted({e.source for e in group})),
                extra={**entry.extra, "united": members},
            )
        united.append(entry)
    united.sort(key=lambda e: hash_key(e.hash))
    yield from united


_State = tuple[tuple[int, str, bool], dict[Hash | ForeignHash | None, Entry]]


def _advanced(state: _State, entry: Entry) -> _State:
    """Return the state of one key after one more of its records was met."""
    version, by_hash = state
    new = entry.version
    if new < version:
        return state
    if new > version:
        return (new, {entry.hash: entry})
    known = by_hash.get(entry.hash)
    by_hash[entry.hash] = entry if known is None else _joined(known, entry)
    return state


def _joined(one: Entry, other: Entry) -> Entry:
    """Unite two records of the same hash: the result does not depend on their order."""
    if one == other and _quality(one.hash) == _quality(other.hash):  # of which `==` knows nothing
        return one
    return replace(
        one,
        hash=max(one.hash, other.hash, key=_quality),
        # Records keyed by digest may carry several ids; the least is the one shown.
        id=min((each.id for each in (one, other) if each.id is not None), default=None),
        category=join_categories(one.category, other.category),
        labels=tuple(sorted({*one.labels, *other.labels})),
        owners=unite_opinions((*one.owners, *other.owners)),
        severity=_both(one.severity, other.severity),
        created=min(filter(None, (one.created, other.created)), default=None),
        updated=max(filter(None, (one.updated, other.updated)), default=None),
        keyed_by=min(one.keyed_by, other.keyed_by),  # "digest" where either is
        extra=_joined_extra(one.extra, other.extra),
    )


def _quality(value: Hash | ForeignHash | None) -> int:
    return value.quality if isinstance(value, Hash) and value.quality is not None else -1


def _both(one: str | None, other: str | None) -> str | None:
    if one is None or other is None or one == other:
        return one if other is None else other
    return " / ".join(sorted({*one.split(" / "), *other.split(" / ")}))


def _joined_extra(one: Mapping[str, Any], other: Mapping[str, Any]) -> Mapping[str, Any]:
    """Unite unknown fields; where they differ the least value stays and `ALSO` keeps the others."""
    if one == other:
        return one
    values: dict[str, dict[str, Any]] = {}
    for extra in (one, other):
        for name, value in extra.items():
            if name == ALSO:
                for inner, others in value.items():
                    values.setdefault(inner, {}).update((_canonical(v), v) for v in others)
            else:
                values.setdefault(name, {})[_canonical(value)] = value
    joined: dict[str, Any] = {}
    also: dict[str, list[Any]] = {}
    for name in sorted(values):
        ordered = [values[name][text] for text in sorted(values[name])]
        joined[name] = ordered[0]
        if len(ordered) > 1:
            also[name] = ordered[1:]
    if also:
        joined[ALSO] = also
    return joined


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=repr)


def _sort_key(entry: Entry) -> tuple[str, ...]:
    return (entry.source, entry.id or "", *hash_key(entry.hash), *entry.key)
