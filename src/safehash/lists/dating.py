"""The date of a record that takes the place of an earlier one, whatever clock that was dated by."""

from __future__ import annotations

from datetime import datetime, timedelta

from .entry import Entry
from .policy import in_utc

__all__ = ["date_behind", "date_of", "is_final"]


def date_of(now: datetime | None) -> str:
    """Return a time, the present one for None, as records are dated: ISO 8601 in UTC, by the second."""
    return in_utc(now).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def is_final(entry: Entry) -> bool:
    """Tell whether no later record makes an entry live again: it is a delete without a date."""
    return entry.deleted and entry.updated is None and entry.created is None


def date_behind(when: str, entry: Entry, *, deleted: bool) -> str:
    """Return `when`, or the earliest later date that a record in the place of `entry` needs to count.

    A delete wins over a record of its own time, and no record over a delete of its time (`Entry.version`).

    Examples
    --------
    >>> gone = safehash.Entry(hash=None, id="b-1", updated="2026-11-28T14:00:00Z", deleted=True)
    >>> date_behind("2026-11-28T14:00:00Z", gone, deleted=False)
    '2026-11-28T14:00:00.000001Z'
    >>> date_behind("2026-11-28T14:00:00Z", gone, deleted=True)
    '2026-11-28T14:00:00Z'
    """
    before = entry.updated if entry.updated is not None else entry.created
    if before is None or (1, when.removesuffix("Z"), deleted) > entry.version:
        return when
    if deleted or not entry.deleted:
        return before
    moment = datetime.fromisoformat(before.removesuffix("Z")) + timedelta(microseconds=1)
    return moment.isoformat(timespec="microseconds") + "Z"
