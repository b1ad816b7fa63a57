"""What a list entry is, and how records become entries: merge, deletes, opinions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .hashes import ForeignHash, Hash

__all__ = ["Entry", "Opinion"]


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
    """

    owner: str
    category: str
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One hash on a list, with what the list says of it.

    Attributes
    ----------
    hash : Hash, ForeignHash or None
        None only for a delete that names no digest.
    id : str or None
        The source's own identifier, where it gives one.
    source : str
        The list's name.
    category : str
        "positive", "seed" (unreviewed), "disputed" or "negative" (known to be harmless).
    labels : tuple of str
        Sorted, unique, an open vocabulary.
    owners : tuple of Opinion
    severity : str or None
        Classification as the source gave it.
    created, updated : str or None
        ISO 8601, UTC.
    deleted : bool
        A tombstone: the source withdrew this record.
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
    extra: dict[str, Any] = field(default_factory=dict, hash=False)
