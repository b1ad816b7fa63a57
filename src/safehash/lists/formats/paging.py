"""What a page says beside its records of pages that follow, and of how many records there are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .fields import shown
from .tally import Tally
from .vocabulary import FALSE, NULL, TRUE, plain

__all__ = ["has_more", "note_counts", "note_paging", "without_success"]

#: Fields by which a page says that another one follows: an address, a token, or yes.
_MORE = frozenset(
    (
        *("next", "more", "hasmore", "hasmorerecords", "hasnext", "hasnextpage", "nextpage", "nextpagetoken"),
        *(
            "nextlink",
            "nexturl",
            "odatanextlink",
            "nextcursor",
            "continuationtoken",
            "nexttoken",
            "nextmarker",
            "nextpageurl",
            "nextpageuri",
            "nextrecordsurl",
            "nextpageid",
            "nextkey",
            "lastevaluatedkey",
            "nexturi",
            "continue",
            "remainingitemcount",
            "exceededtransferlimit",
        ),
        *("truncated", "istruncated", "partial", "ispartial", "incomplete", "timedout"),
    )
)
#: And others by how they are put together. `nextupdate`, `nextSetTimestamp` and the like say something else: when.
_NAMES_MORE = re.compile(
    r"(?!\w*(time|timestamp|date)$)"
    r"((aws|odata|at)?next(page|cursor|token|link|ur[il]|href|key|marker|offset|start|index|batch|record|result|set|skip|from|"
    r"continuation|pagination|forward)\w*"
    r"|(pagination|resumption|continuation)token)"
)
#: Where the next page begins, if it is a text (Airtable); a number says where this one does.
_OFFSET = "offset"
#: Fields that are true where nothing is missing.
_WHOLE = frozenset(("complete", "iscomplete", "last", "islast", "islastpage", "lastpage", "done"))
#: Fields that say that something of the page may be missing.
_ERRORS = frozenset(("error", "errors", "errormessage", "exception", "exceptions", "failures", "failed"))
#: Fields that say no where something of the page is missing.
_SUCCESS = frozenset(("success", "issuccess", "successful", "succeeded", "ok"))
#: Fields that count the records of a page, or of all of them.
_COUNTS = frozenset(
    (
        *(
            "count",
            "total",
            "totalcount",
            "totalrecords",
            "totalresults",
            "totalitems",
            "recordcount",
            "resultcount",
        ),
        *("numrecords", "numresults", "itemcount", "totalhashes", "hashcount", "odatacount"),
        *(
            "totalelements",
            "totalhits",
            "nbhits",
            "numfound",
            "totalrows",
            "totalentries",
            "totalsize",
            "fullcount",
        ),
    )
)
_PAGES = frozenset(("totalpages", "pagecount", "numpages", "pages", "pagestotal", "lastpage"))
_PAGE = frozenset(("page", "pagenumber", "currentpage"))
_MAX_DEPTH = 3


def note_paging(fields: Mapping[str, Any], tally: Tally, *, is_last: bool = False) -> None:
    """Note what the fields of an object around records say of further pages, of the number of records, and of errors.

    Parameters
    ----------
    is_last : bool
        The page is of a format in which one that promises nothing is the last.
    """
    said = list(_said(fields, 0))
    more = [_is_yes(value) for name, value in said if _names_more(name) and not isinstance(value, list)]
    more += [not _is_yes(value) for name, value in said if name in _WHOLE and _is_flag(value)]
    more += [
        True
        for name, value in said
        if name == _OFFSET and isinstance(value, str) and _count(value) is None and _is_yes(value)
    ]
    number = [count for name, value in said if name in _PAGE and (count := _count(value)) is not None]
    of = [count for name, value in said if name in _PAGES and (count := _count(value)) is not None]
    if number and of:
        more.append(number[0] < of[0])
    if more or is_last:
        tally.promise(any(more))
    for name, value in said:
        failed = (
            _is_flag(value) and not _is_yes(value) if name in _SUCCESS else name in _ERRORS and _is_yes(value)
        )
        if failed:
            tally.cuts.append(f"{tally.page}: it says {name!r}: {shown(value)}")
    note_counts(fields, tally)


def has_more(fields: Mapping[str, Any]) -> bool:
    """Tell whether what stands beside some values says that there are more of them elsewhere.

    Examples
    --------
    >>> has_more({"data": [], "paging": {"cursors": {"after": "QVF"}}})
    False
    >>> has_more({"data": [], "paging": {"next": "https://..."}}), has_more({"hasMore": "true"})
    (True, True)
    """
    return any(_names_more(name) and _is_yes(value) for name, value in _said(fields, 0))


def without_success(fields: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """Return what stands around records without what says that these are all right: {"success": true}."""
    return {
        key: without_success(value, depth + 1) if isinstance(value, dict) and depth < _MAX_DEPTH else value
        for key, value in fields.items()
        if plain(key) not in _SUCCESS - {"ok"} or not _is_yes(value)
    }


def _names_more(name: str) -> bool:
    return name in _MORE or _NAMES_MORE.fullmatch(name) is not None


def _is_yes(value: object) -> bool:
    return bool(value) and not (isinstance(value, str) and value.strip().lower() in FALSE | NULL)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.strip().lower() in FALSE | TRUE)


def note_counts(fields: Mapping[str, Any], tally: Tally) -> None:
    """Note how many records there are by what stands around some of them."""
    for name, value in _said(fields, 0):
        if name in _COUNTS and (count := _count(value)) is not None:
            tally.n_promised = max(tally.n_promised, count)


def _said(fields: Mapping[str, Any], depth: int) -> Iterator[tuple[str, Any]]:
    for key, value in fields.items():
        name = plain(key)
        if isinstance(value, list) and name in _LINKS:  # [{"rel": "next", "href": ...}]
            yield "next", any(isinstance(each, dict) and each.get("rel") == "next" for each in value)
        elif not isinstance(value, dict):
            yield name, value
        elif name == "shards":  # Elasticsearch: how many parts of its index were asked, and are not there
            yield "failed", value.get("failed")
        elif _names_more(name):  # {"next": {"href": ...}}
            yield name, any(value.values())
        elif name in _COUNTS and "value" in value:  # "total": {"value": 40, "relation": "eq"}
            yield name, value["value"]
        elif depth < _MAX_DEPTH:
            yield from _said(value, depth + 1)


_LINKS = frozenset(("links", "link"))


def _count(value: object) -> int | None:
    """Return how many something counts, in digits of a text or not; None for what is no such number."""
    if isinstance(value, str) and value.isdecimal() and len(value) <= _LONGEST:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


#: More digits count no records.
_LONGEST = 18
