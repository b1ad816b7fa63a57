"""What a list entry is, and how records become entries: merge, deletes, opinions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from ..hashing.hashes import Algorithm, ForeignHash, Hash

__all__ = [
    "CATEGORIES",
    "Entry",
    "ListReport",
    "Opinion",
    "Reject",
    "degeneracy",
    "is_suspicious",
    "join_categories",
    "merge_lists",
    "suspicion",
    "unite_digests",
]

#: Every category an entry can have (docs/formats.md, "Opinions").
CATEGORIES = ("positive", "seed", "disputed", "negative")

#: Where `extra` keeps the other values of a field on which equally new records differ.
ALSO = "safehash:also"

_PDQ_ONES = range(128 - 8, 128 + 8 + 1)
_FEW_ROWS = 4
_OF_NOTHING = {
    Algorithm.MD5: bytes.fromhex("d41d8cd98f00b204e9800998ecf8427e"),
    Algorithm.SHA1: bytes.fromhex("da39a3ee5e6b4b0d3255bfef95601890afd80709"),
    Algorithm.SHA256: bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What one organisation says of one hash.

    Attributes
    ----------
    owner : str
        The organisation's id or name as the exchange gives it.
    category : str
        "positive", "negative" or "seed".
    labels : tuple of str
    name : str or None
        The organisation's name, where the exchange gives it beside an id.
    reasons : tuple of str
        Why, in the exchange's words.
    """

    owner: str
    category: str
    labels: tuple[str, ...] = ()
    name: str | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One hash on a list, with what the list says of it.

    Attributes
    ----------
    hash : Hash, ForeignHash or None
        None only for a delete that names no digest.
    id : str or None
        The source's own identifier, where it gives one. A record with several hashes is several entries
        of one id.
    source : str
        The list's name.
    category : str
        "positive", "seed" (unreviewed), "disputed" or "negative" (known to be harmless).
    labels : tuple of str
        Sorted, unique, an open vocabulary.
    owners : tuple of Opinion
        Sorted by owner.
    severity : str or None
        Classification as the source gave it.
    created, updated : str or None
        ISO 8601, UTC.
    deleted : bool
        A tombstone: the source withdrew this record.
    keyed_by : str
        What identifies the record within its source: "id" (where there is one), or "digest" for exchanges
        that give an id beside it but key on the digest.
    extra : mapping
        Fields safehash does not know, kept as they came.
    """

    hash: Hash | ForeignHash | None
    id: str | None = None
    source: str = ""
    category: str = "positive"
    labels: tuple[str, ...] = ()
    owners: tuple[Opinion, ...] = ()
    severity: str | None = None
    created: str | None = None
    updated: str | None = None
    deleted: bool = False
    keyed_by: Literal["id", "digest"] = "id"
    extra: dict[str, Any] = field(default_factory=dict, hash=False)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Entry):
            return NotImplemented
        # Entries of different algorithms are different; their hashes do not compare.
        return _hash_key(self.hash) == _hash_key(other.hash) and all(
            getattr(self, name) == getattr(other, name) for name in _BESIDE_THE_HASH
        )

    @property
    def key(self) -> tuple[str, ...]:
        """What a newer record must share with this one to replace it.

        ``(source, "id", id)``, or ``(source, algorithm, digest)`` where the source gives no id.
        """
        if self.id is not None and (self.keyed_by == "id" or self.hash is None):
            return (self.source, "id", self.id)
        return (self.source, *_hash_key(self.hash))

    @property
    def version(self) -> tuple[int, str, bool]:
        """How new this record is; the greatest version of one key is its state.

        A dated record beats an undated one, a delete beats a record of the same time, and a delete without
        a date is final: withdrawn hashes must not come back because a date was lost.
        """
        when = self.updated if self.updated is not None else self.created
        if when is None:
            return (2, "", True) if self.deleted else (0, "", False)
        # Without its "Z" a time with a fraction sorts behind the same time without one, as it should.
        return (1, when.removesuffix("Z"), self.deleted)


_BESIDE_THE_HASH = tuple(each.name for each in fields(Entry) if each.name != "hash")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """One record that could not be used.

    Attributes
    ----------
    page : str
        Name of the file, also when the list is a directory of pages.
    unit : str
        What `position` counts: "line" or "record", from 1.
    position : int
    reason : str
        What was found and what was expected; never more than the first digits of a digest.
    """

    page: str
    unit: str
    position: int
    reason: str

    def __str__(self) -> str:
        return f"{self.page}, {self.unit} {self.position}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListReport:
    """What was found in one list, whatever became of it.

    Attributes
    ----------
    path, name : str
        As named by the caller; the name its entries carry as `source`.
    formats : tuple of str
        The formats of its pages, in order of appearance.
    n_pages, n_bytes : int
        Files read; their size as stored.
    n_records : int
        Records met, usable or not.
    entries : mapping of str to int
        Live entries read, by algorithm (foreign digests under their own name), before merging.
    n_deletes, n_rejects, n_suspicious : int
    rejects : tuple of Reject
        The first 20.
    suspicious : tuple of Entry
        The first 20 entries whose digest is suspicious.
    notes : tuple of str
        Whatever was assumed or odd: ambiguous digests, replaced bytes, a format that looks otherwise.
    newest : str or None
        The latest `updated` met, ISO 8601, UTC.
    refresh_days : int or None
        After how many days without refresh this format's rules call a list stale.
    snapshot : str
        SHA-256 of the list's bytes, hexadecimal; "" until all was read.
    """

    path: str
    name: str
    formats: tuple[str, ...] = ()
    n_pages: int = 0
    n_bytes: int = 0
    n_records: int = 0
    entries: Mapping[str, int] = field(default_factory=dict)
    n_deletes: int = 0
    n_rejects: int = 0
    n_suspicious: int = 0
    rejects: tuple[Reject, ...] = ()
    suspicious: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()
    newest: str | None = None
    refresh_days: int | None = None
    snapshot: str = ""

    @property
    def n_entries(self) -> int:
        """Live entries of all algorithms, before merging."""
        return sum(self.entries.values())

    def to_record(self) -> dict[str, Any]:
        """Return the report as plain data, as ``lists check --json`` prints it."""
        return {
            "path": self.path,
            "name": self.name,
            "formats": list(self.formats),
            "pages": self.n_pages,
            "bytes": self.n_bytes,
            "records": self.n_records,
            "entries": dict(self.entries),
            "deletes": self.n_deletes,
            "rejects": self.n_rejects,
            "first_rejects": [
                {"page": r.page, "unit": r.unit, "position": r.position, "reason": r.reason}
                for r in self.rejects
            ],
            "suspicious": self.n_suspicious,
            "notes": list(self.notes),
            "newest": self.newest,
            "refresh_days": self.refresh_days,
            "snapshot": self.snapshot,
        }


def suspicion(value: Hash | ForeignHash | None) -> str | None:
    """Return why this digest should not be matched against, or None.

    Such digests come from blank pictures, empty files and broken exports; they match what they should not.
    """
    if not isinstance(value, Hash):
        return None
    digest = value.digest
    if not any(digest):
        return "all zeros"
    if all(byte == 0xFF for byte in digest):
        return "all ones"
    if value.algorithm is Algorithm.PDQ:
        n_ones = int.from_bytes(digest, "big").bit_count()
        if n_ones not in _PDQ_ONES:
            return f"{n_ones} ones, a PDQ digest of a picture has 128 within 8"
    elif _OF_NOTHING.get(value.algorithm) == digest:
        return "digest of an empty file"
    return None


def is_suspicious(value: Hash | ForeignHash | None) -> bool:
    """Tell whether this digest should not be matched against (see `suspicion`)."""
    return suspicion(value) is not None


def degeneracy(value: Hash | ForeignHash | None) -> str | None:
    """Return a hint that this PDQ digest is of a flag, a stripe or a flat wall, or None.

    Such digests are not wrong, but unrelated flat windows of uploads come near them.
    """
    if not isinstance(value, Hash) or value.algorithm is not Algorithm.PDQ:
        return None
    rows = {value.digest[k : k + 2] for k in range(0, 32, 2)}
    if len(rows) <= _FEW_ROWS:
        return f"only {len(rows)} different rows of 16"
    number = int.from_bytes(value.digest, "big")
    columns = {tuple(number >> (16 * i + j) & 1 for i in range(16)) for j in range(16)}
    if len(columns) <= _FEW_ROWS:
        return f"only {len(columns)} different columns of 16"
    return None


def join_categories(one: str, other: str) -> str:
    """Return the category of a hash that was called both.

    A "negative" beside anything else is "disputed", and so is anything beside "disputed"; "positive" beats
    "seed".
    """
    if one == other:
        return one
    if "disputed" in (one, other) or "negative" in (one, other):
        return "disputed"
    return "positive"


def category_of(opinions: Iterable[Opinion], *, default: str) -> str:
    """Return the category all `opinions` make together, `default` where there is none."""
    category: str | None = None
    for opinion in opinions:
        category = opinion.category if category is None else join_categories(category, opinion.category)
    return default if category is None else category


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


def unite_digests(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Yield one entry per digest, with the opinions and labels of every live entry that has it.

    The united entry names every source; where more than one record was united, ``extra["united"]`` tells
    each one's source, id and category. Deletes are left out: merge first.

    Yields
    ------
    Entry
        Sorted by digest.
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
    united.sort(key=lambda e: _hash_key(e.hash))
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
    if one == other:
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


def unite_opinions(opinions: Iterable[Opinion]) -> tuple[Opinion, ...]:
    """Return one opinion per owner, sorted by owner: contradictions of one owner are "disputed"."""
    by_owner: dict[str, Opinion] = {}
    for opinion in opinions:
        known = by_owner.get(opinion.owner)
        if known is not None and known != opinion:
            opinion = Opinion(
                owner=opinion.owner,
                category=join_categories(known.category, opinion.category),
                labels=tuple(sorted({*known.labels, *opinion.labels})),
                name=min(filter(None, (known.name, opinion.name)), default=None),
                reasons=tuple(sorted({*known.reasons, *opinion.reasons})),
            )
        by_owner[opinion.owner] = opinion
    return tuple(by_owner[owner] for owner in sorted(by_owner))


def _both(one: str | None, other: str | None) -> str | None:
    if one is None or other is None or one == other:
        return one if other is None else other
    return " / ".join(sorted({*one.split(" / "), *other.split(" / ")}))


def _joined_extra(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
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


def _hash_key(value: Hash | ForeignHash | None) -> tuple[str, str]:
    if isinstance(value, Hash):
        return (value.algorithm.value, value.hex)
    if value is None:
        return ("", "")
    return (value.algorithm, value.value)


def _sort_key(entry: Entry) -> tuple[str, ...]:
    return (entry.source, entry.id or "", *_hash_key(entry.hash), *entry.key)
