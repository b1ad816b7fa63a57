"""What a list entry is, tombstones included, and what one organisation says of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from .._face import checked, expect_fields, public_value
from .._frozen import FrozenMap, frozen_json
from ..errors import shortened
from ..hashing.algorithms import SHOWN_DIGITS
from ..hashing.hashes import ForeignHash, Hash

__all__ = ["CATEGORIES", "Entry", "Opinion", "hash_key", "shown_key"]

#: Every category an entry can have (docs/formats.md, "One entry").
CATEGORIES = ("positive", "seed", "disputed", "negative")

#: Of every entry without unknown fields. (Python 3.10 takes every kind of dict for a default that changes.)
_NOTHING: FrozenMap[str, Any] = FrozenMap()


@checked
@public_value
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

    Examples
    --------
    >>> (entry,) = safehash.read_list("list.csv")
    >>> entry.owners
    ()
    >>> Opinion(owner="42", category="negative", reasons=("a film poster",)).category
    'negative'
    """

    owner: str
    category: str
    labels: tuple[str, ...] = ()
    name: str | None = None
    reasons: tuple[str, ...] = ()


@public_value
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
        Fields safehash does not know, kept as they came: equal to a dict of what JSON can hold, and not to be changed,
        nor any list or dict inside.

    Raises
    ------
    TypeError, ValueError
        A field holds what it cannot, or there is no such category.

    Examples
    --------
    >>> (entry,) = safehash.read_list("list.csv")
    >>> entry.id, entry.labels, entry.source, entry.deleted
    ('b-1', ('viral_challenge',), 'list', False)
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
    extra: Mapping[str, Any] = field(default_factory=lambda: _NOTHING, hash=False)

    def __post_init__(self) -> None:
        # Not `checked` every time: millions are made.
        if not (
            type(self.hash) in _HASHES
            and type(self.id) in _TEXT_OR_NONE
            and type(self.source) is type(self.category) is type(self.keyed_by) is str
            and type(self.labels) is type(self.owners) is tuple
            and type(self.severity) in _TEXT_OR_NONE
            and type(self.created) in _TEXT_OR_NONE
            and type(self.updated) in _TEXT_OR_NONE
            and type(self.deleted) is bool
            and type(self.extra) in _MAPS
            and (not self.extra or _TEXT.issuperset(map(type, self.extra)))
            and (not self.labels or _TEXT.issuperset(map(type, self.labels)))
        ):
            expect_fields(self)
        if self.category not in CATEGORIES or self.keyed_by not in ("id", "digest"):
            raise ValueError(
                f"category is one of {', '.join(CATEGORIES)} and keyed_by id or digest, not "
                f"{shortened(f'{self.category!r} and {self.keyed_by!r}')}"
            )
        extra = self.extra
        if not _STILL.issuperset(map(type, extra.values())):
            object.__setattr__(self, "extra", frozen_json(dict(extra), "extra"))
        elif type(extra) is not FrozenMap:
            object.__setattr__(self, "extra", FrozenMap(extra) if extra else _NOTHING)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Entry):
            return NotImplemented
        # Entries of different algorithms are different; their hashes do not compare.
        return hash_key(self.hash) == hash_key(other.hash) and all(
            getattr(self, name) == getattr(other, name) for name in _BESIDE_THE_HASH
        )

    @property
    def key(self) -> tuple[str, ...]:
        """What a newer record must share with this one to replace it.

        ``(source, "id", id)``, or ``(source, algorithm, digest)`` where the source gives no id.

        Examples
        --------
        >>> (entry,) = safehash.read_list("list.csv")
        >>> entry.key
        ('list', 'id', 'b-1')
        """
        if self.id is not None and (self.keyed_by == "id" or self.hash is None):
            return (self.source, "id", self.id)
        return (self.source, *hash_key(self.hash))

    @property
    def version(self) -> tuple[int, str, bool]:
        """How new this record is; the greatest version of one key is its state.

        A dated record beats an undated one, a delete beats a record of the same time, and a delete without
        a date is final: withdrawn hashes must not come back because a date was lost.

        Examples
        --------
        >>> (entry,) = safehash.read_list("list.csv")
        >>> entry.version
        (0, '', False)
        """
        when = self.updated if self.updated is not None else self.created
        if when is None:
            return (2, "", True) if self.deleted else (0, "", False)
        # Without its "Z" a time with a fraction sorts behind the same time without one, as it should.
        return (1, when.removesuffix("Z"), self.deleted)


_TEXT = frozenset({str})
_TEXT_OR_NONE = frozenset({str, type(None)})
_HASHES = frozenset({Hash, ForeignHash, type(None)})
_MAPS = frozenset({dict, FrozenMap})
_STILL = frozenset({str, int, float, bool, type(None)})


_BESIDE_THE_HASH = tuple(each.name for each in fields(Entry) if each.name != "hash")


def shown_key(key: tuple[str, ...]) -> str:
    """Return an entry's key as a message may show it: the list and the id, or the first digits of the digest.

    Examples
    --------
    >>> shown_key(("own", "id", "b-1"))
    'own #b-1'
    >>> shown_key(("own", "md5", "d41d8cd98f00b204e9800998ecf8427e"))
    'own md5 d41d8cd9...'
    """
    source, kind, value = key
    return f"{source} #{value}" if kind == "id" else f"{source} {kind} {value[:SHOWN_DIGITS]}..."


def hash_key(value: Hash | ForeignHash | None) -> tuple[str, str]:
    """Return (algorithm, digest) as text, which sorts and compares across algorithms; two "" for none."""
    if isinstance(value, Hash):
        return (value.algorithm.value, value.hex)
    if value is None:
        return ("", "")
    return (value.algorithm, value.value)
