"""Read StopNCII pages of hash records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..entry import Entry, Opinion
from ..opinions import category_of, unite_opinions
from .fields import BadField, algorithm_named, hash_named, labels_from, shown, utc_time
from .json_stream import records
from .options import ReadOptions
from .pages import Page
from .tally import Tally

__all__ = ["read"]

_KNOWN = frozenset(("lastModtimestamp", "hashValue", "hashStatus", "signalType", "CSPFeedbacks"))
_BY_FEEDBACK = {"Blocked": "positive", "NotBlocked": "negative"}
_WITHDRAWN = ("withdrawn", "deleted")

#: Every live record was handed in by a person the picture shows.
_CASE_HOLDER = Opinion(owner="case holder", category="seed")


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry]:
    """Yield the entries of one page.

    References
    ----------
    docs/formats.md, "StopNCII".
    """
    for number, record in records(page, tally, "hashRecords"):
        try:
            entry = _entry(record, options.source)
        except BadField as exc:
            tally.reject(number, str(exc))
            continue
        yield tally.meet(entry)


def _entry(record: dict[str, Any], source: str) -> Entry:
    value = hash_named(algorithm_named(record.get("signalType")), record.get("hashValue"))
    status = record.get("hashStatus")
    if status is not None and not isinstance(status, str):
        raise BadField(f"expected a text for 'hashStatus', found {shown(status)}")
    extra = {name: field for name, field in record.items() if name not in _KNOWN}
    updated = utc_time(record.get("lastModtimestamp"))
    if updated is None and record.get("lastModtimestamp") is not None:
        extra["lastModtimestamp"] = record["lastModtimestamp"]
    if status is not None and status.strip().lower() in _WITHDRAWN:
        return Entry(hash=value, source=source, updated=updated, deleted=True, extra=extra)
    if status not in (None, "Active"):
        extra["hashStatus"] = status
    owners = unite_opinions((_CASE_HOLDER, *_feedbacks(record)))
    return Entry(
        hash=value,
        source=source,
        category=category_of(owners, default="seed"),
        labels=tuple(sorted({label for opinion in owners for label in opinion.labels})),
        owners=owners,
        updated=updated,
        extra=extra,
    )


def _feedbacks(record: dict[str, Any]) -> Iterator[Opinion]:
    given = record.get("CSPFeedbacks")
    if given is None:
        return
    if not isinstance(given, list):
        raise BadField(f"expected a list for 'CSPFeedbacks', found {shown(given)}")
    for feedback in given:
        if not isinstance(feedback, dict):
            raise BadField(f"expected an object for a feedback, found {shown(feedback)}")
        owner = feedback.get("source")
        verdict = feedback.get("feedbackValue")
        yield Opinion(
            owner=owner if isinstance(owner, str) and owner else "unnamed platform",
            category=_BY_FEEDBACK.get(verdict, "seed") if isinstance(verdict, str) else "seed",
            labels=labels_from(feedback.get("tags")),
        )
