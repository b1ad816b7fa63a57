"""Read Project VIC / CAID media lists (VICS 1.x and 2.0)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ...hashing.hashes import Algorithm, ForeignHash, Hash
from ..entry import Entry
from ..opinions import join_categories
from ..switches import switch
from .beside import check_beside
from .exchange_types import check_unknown, exchange_type
from .fields import (
    BadField,
    hash_named,
    optional_text,
    shown,
    text_id,
    utc_time,
    video_name,
)
from .json_stream import TooLong
from .json_walk import UNREADABLE, JsonWalk
from .judging import labels_said
from .options import ReadOptions
from .pages import Page
from .paging import note_paging
from .tally import Tally

__all__ = ["CATEGORIES", "CATEGORIES_OF", "read"]

_HASH_FIELDS = {
    "MD5": Algorithm.MD5,
    "SHA1": Algorithm.SHA1,
    "SHA256": Algorithm.SHA256,
    "PhotoDNA": "photodna",
}
_KNOWN = frozenset((*_HASH_FIELDS, "MediaID", "Category", "AlternativeHashes", "Tags", "DateUpdated"))
_CONTEXT = ("odata.metadata", "@odata.context")
_COUNTS = ("odata.count", "@odata.count")

#: What Category says of the picture: in every region 0 means that nobody has looked yet, and 1 to 3 are the
#: material that the list is about; the rest is each region's own convention.
CATEGORIES = {"0": "seed", "1": "positive", "2": "positive", "3": "positive"}
#: What more is known of one region.
CATEGORIES_OF = {"US": {"4": "negative"}}  # comparison images, which are lawful
_REGION = re.compile(r"/([A-Za-z]{2,})/\$metadata")


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry]:
    """Yield the entries of one page: media alone, or cases with media in them.

    References
    ----------
    docs/formats.md, "Project VIC and CAID".
    """
    return _Reader(page, tally, options).entries()


class _Reader:
    def __init__(self, page: Page, tally: Tally, options: ReadOptions) -> None:
        self._tally = tally
        self._source = options.source
        self._ignore = options.ignore
        self._region = ""
        self._has_cases = False
        self._walk = JsonWalk(page, tally)
        self._stream = self._walk.stream

    def entries(self) -> Iterator[Entry]:
        return self._walk.to_its_end(self._root())

    def _root(self) -> Iterator[Entry]:
        beside: dict[str, Any] = {}
        for key in self._stream.members():
            if key == "value" and self._stream.peek() == "[":
                for _ in self._stream.elements():
                    yield from self._element()
                continue
            value = self._other_value()
            if key in _CONTEXT and isinstance(value, str):
                self._note_region(value)
            else:
                beside[key] = value if key not in beside else UNREADABLE
        if self._has_cases:  # which are what is counted
            beside = {key: value for key, value in beside.items() if key not in _COUNTS}
        check_beside(beside, self._tally, self._ignore)
        note_paging(beside, self._tally, is_last=True)

    def _note_region(self, context: str) -> None:
        match = _REGION.search(context)
        self._region = match.group(1) if match else ""
        self._tally.note(
            f"Category is kept as severity; what it means is {self._region or 'the list'}'s own convention"
        )

    def _other_value(self) -> Any:
        try:
            return self._stream.value()
        except TooLong:
            self._stream.skip()
        except BadField:
            pass  # stepped over
        return UNREADABLE

    def _element(self) -> Iterator[Entry]:
        """Yield the entries of one media record or one case."""
        try:
            record = self._stream.value()
        except TooLong:
            yield from self._long_element()
            return
        except BadField as exc:
            self._walk.reject(str(exc))
            return
        if isinstance(record, dict) and isinstance(record.get("Media"), list):
            self._has_cases = True
            check_beside({**record, "Media": None}, self._tally, self._ignore)
            for media in record["Media"]:
                yield from self._media(media)
        else:
            yield from self._media(record)

    def _long_element(self) -> Iterator[Entry]:
        """Go through a case of any size, media by media."""
        if self._stream.peek() != "{":
            self._walk.reject("longer than 4 MiB")
            self._stream.skip()
            return
        is_case = False
        beside: dict[str, Any] = {}
        for key in self._stream.members():
            if key != "Media" or self._stream.peek() != "[":
                beside[key] = self._other_value()
                continue
            is_case = self._has_cases = True
            for _ in self._stream.elements():
                media = self._walk.value()
                if media is not UNREADABLE:
                    yield from self._media(media)
        if not is_case:
            self._walk.reject("longer than 4 MiB")
            return
        check_beside(beside, self._tally, self._ignore)

    def _media(self, record: object) -> Iterator[Entry]:
        self._walk.number += 1
        self._tally.n_records += 1
        if not isinstance(record, dict):
            self._tally.reject(self._walk.number, f"expected an object for a record, found {shown(record)}")
            return
        record = {name: value for name, value in record.items() if name not in self._ignore}
        hashes, failures = _hashes(record, self._tally)
        severity = optional_text(record.get("Category"))
        known = CATEGORIES | CATEGORIES_OF.get(self._region, {})
        extra = {name: field for name, field in record.items() if name not in _KNOWN and field is not None}
        try:
            check_unknown(extra, self._tally)
            labels, tagged = labels_said(record.get("Tags"))
            if severity not in (None, *known):
                raise BadField(
                    f"Category {shown(severity)} of region {self._region or '(none)'} is not known: "
                    f"{switch('ignore', ['Category'])} takes all records for positive"
                )
        except BadField as exc:
            self._tally.reject(self._walk.number, str(exc))
            return
        for failure in failures:
            self._tally.reject(self._walk.number, failure)
        if not hashes:
            if not failures:
                self._tally.reject(self._walk.number, "no digest")
            return
        category = "positive" if "Category" in self._ignore else known.get(severity or "0", "seed")
        if tagged is not None:
            category = join_categories(category, tagged)
        if self._region:
            extra["category_region"] = self._region
        for value in hashes:
            yield self._tally.meet(
                Entry(
                    hash=value,
                    id=text_id(record.get("MediaID")),
                    source=self._source,
                    category=category,
                    labels=labels,
                    severity=severity,
                    updated=utc_time(record.get("DateUpdated")),
                    extra=extra,
                )
            )


def _hashes(record: dict[str, Any], tally: Tally) -> tuple[list[Hash | ForeignHash], list[str]]:
    mime_type = record.get("MimeType")
    is_video = isinstance(mime_type, str) and mime_type.lower().startswith("video/")
    hashes: dict[Hash | ForeignHash, None] = {}
    failures: list[str] = []

    def add(algorithm: Algorithm | str, value: object) -> None:
        if is_video and isinstance(algorithm, Algorithm):
            algorithm = video_name(algorithm)
        try:
            found = hash_named(algorithm, value)
        except BadField as exc:
            failures.append(str(exc))
        else:
            hashes[found] = None

    for name, algorithm in _HASH_FIELDS.items():
        if record.get(name) not in (None, ""):
            add(algorithm, record[name])
    alternatives = record.get("AlternativeHashes")
    if alternatives is not None and not isinstance(alternatives, list):
        failures.append(f"expected a list for 'AlternativeHashes', found {shown(alternatives)}")
        alternatives = None
    for item in alternatives or ():
        try:
            if not isinstance(item, dict):
                raise BadField(f"expected an object for an alternative hash, found {shown(item)}")
            add(exchange_type(item.get("HashName"), tally), item.get("HashValue"))
        except BadField as exc:
            failures.append(str(exc))
    return list(hashes), failures
