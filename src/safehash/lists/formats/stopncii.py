"""Read StopNCII pages of hash records."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from typing import Any

import msgspec

from ..entry import Entry, Opinion
from ..opinions import category_of, join_categories, unite_opinions
from ..pools import pool_of_parts
from .batch import Batch
from .beside import check_beside
from .exchange_types import check_unknown, exchange_type
from .fields import BadField, hash_named, shown, utc_time
from .json_records import PlainShape, one_entry, read_records
from .judging import labels_said
from .options import ReadOptions
from .pages import Page
from .paging import note_paging
from .plain_columns import PlainColumns, as_bytes
from .tally import Tally

__all__ = ["FEEDBACK", "STATUS", "read"]

_KNOWN = frozenset(("lastModtimestamp", "hashValue", "hashStatus", "signalType", "CSPFeedbacks"))

#: What a platform's feedback says of the picture; None where it says nothing.
FEEDBACK: dict[str, str | None] = {
    "blocked": "positive",
    "notblocked": "negative",
    "pendingreview": "seed",
    "qualityunknown": "seed",
    "unknown": "seed",
    "none": "seed",
    "withdrawn": None,
    "deleted": None,
}

#: Whether a case of this status stands.
STATUS = {"active": True, "received": True, "unknown": True, "withdrawn": False, "deleted": False}

_GONE = frozenset(("Withdrawn", "Deleted"))

#: Every live record was handed in by a person the picture shows.
_CASE_HOLDER = Opinion(owner="case holder", category="seed")


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry | Batch]:
    """Yield the entries of one page.

    References
    ----------
    docs/formats.md, "StopNCII".
    """

    def at_end(root: dict[str, Any]) -> None:
        root.pop("nextPageToken", None)  # the last page has one, too
        check_beside(root, tally, options.ignore)
        note_paging(root, tally)

    patient = one_entry(_entry, options.source, tally)
    yield from read_records(
        page, tally, "hashRecords", patient, plain=_PLAIN, on_root=at_end, ignore=options.ignore
    )


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A record as they usually are."""

    hashValue: str
    hashStatus: str
    signalType: str
    lastModtimestamp: int
    caseNumbers: msgspec.Raw
    CSPFeedbacks: msgspec.Raw = msgspec.Raw()


def _columns(rows: list[_Plain]) -> PlainColumns:
    cases = as_bytes([row.caseNumbers for row in rows])
    states = [row.hashStatus for row in rows]
    feedbacks = as_bytes([row.CSPFeedbacks for row in rows])
    keys: list[Hashable] = list(zip([row.signalType for row in rows], states, feedbacks, strict=True))
    live = zip(cases, states, strict=True)
    if _may_be_gone(b"".join([case for case, state in live if state not in _GONE])):
        for k, case in enumerate(cases):
            if states[k] not in _GONE and _may_be_gone(case):
                keys[k] = None  # whether a case of it stands is for the patient reader to say
    return PlainColumns(
        keys=keys,
        digests=[row.hashValue for row in rows],
        updated=[row.lastModtimestamp for row in rows],
        extras=pool_of_parts(len(rows), [b'{"caseNumbers":', cases, b"}"]),
        free=(cases,),
    )


def _may_be_gone(cases: bytes) -> bool:
    """Tell whether some of a hash's cases, as they stand in a page, may have been taken back."""
    told = cases.lower()
    return b"withdrawn" in told or b"deleted" in told or b"\\" in told


_PLAIN = PlainShape(_Plain, _columns)


def _entry(record: dict[str, Any], source: str, tally: Tally) -> Entry:
    value = hash_named(exchange_type(record.get("signalType"), tally), record.get("hashValue"))
    status = record.get("hashStatus")
    if status is not None and not isinstance(status, str):
        raise BadField(f"expected a text for 'hashStatus', found {shown(status)}")
    stands = (
        True if status is None else STATUS.get(status.strip().lower()) if isinstance(status, str) else None
    )
    if stands is None:
        raise BadField(f"expected one of {', '.join(STATUS)} for 'hashStatus', found {shown(status)}")
    extra = {name: field for name, field in record.items() if name not in _KNOWN}
    check_unknown(
        {name: field for name, field in extra.items() if name != "caseNumbers"}, tally
    )  # states of cases
    if stands and _is_taken_back(record.get("caseNumbers")):
        raise BadField("all cases were withdrawn, and 'hashStatus' says that the hash stands")
    updated = utc_time(record.get("lastModtimestamp"))
    if updated is None and record.get("lastModtimestamp") is not None:
        extra["lastModtimestamp"] = record["lastModtimestamp"]
    if not stands:
        return Entry(hash=value, source=source, updated=updated, deleted=True, extra=extra)
    if status is not None and status != "Active":
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


def _is_taken_back(cases: object) -> bool:
    """Tell whether none of a hash's cases stands any more."""
    if not isinstance(cases, dict) or not cases:
        return False
    return all(isinstance(each, str) and STATUS.get(each.strip().lower()) is False for each in cases.values())


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
        said = feedback.get("feedbackValue")
        value = "none" if said is None else said.strip().lower() if isinstance(said, str) else ""
        if value not in FEEDBACK:
            raise BadField(f"expected one of {', '.join(FEEDBACK)} for 'feedbackValue', found {shown(said)}")
        category = FEEDBACK[value]
        labels, tagged = labels_said(feedback.get("tags"))
        if tagged is not None:
            category = tagged if category is None else join_categories(category, tagged)
        if category is not None:
            yield Opinion(
                owner=owner if isinstance(owner, str) and owner else "unnamed platform",
                category=category,
                labels=labels,
            )
