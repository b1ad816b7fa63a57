"""A JSON record as rows of cells: objects inside it as fields of its own, a row for each digest of a list."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .column_names import JUDGED, named_column, type_named
from .digests import digits_in
from .fields import BadField, shown
from .inside import says, speaks_inside
from .judging import opinion_in
from .ordinary import is_ordinary
from .sentences import is_section
from .vocabulary import DELETED, DOUBTFUL, LIVE, NEUTRAL, OPINIONS, TELLING, plain, word

__all__ = [
    "DESCRIBING",
    "PARTS",
    "TYPE_BY_NAME",
    "has_digest",
    "has_many",
    "held",
    "holds_digest",
    "holds_records",
    "is_of_digests",
    "is_of_no_type",
    "is_understood",
    "labels_judge",
    "rows_of",
    "said_by_name",
    "speaks_alone",
    "speaks_of_another",
    "with_said",
]

#: Objects inside a record are laid out so deep.
_MAX_DEPTH = 8

#: Objects around a record's fields, or some of them: their names say nothing of what is in them.
_WRAPPERS = frozenset(
    (
        *(
            "attribute",
            "attributes",
            "objects",
            "header",
            "source",
            "properties",
            "metadata",
            "meta",
            "fields",
            "info",
            "data",
            "doc",
            "document",
            "item",
        ),
        *(
            "record",
            "entry",
            "signal",
            "node",
            "details",
            "extra",
            "additionaldata",
            "custom",
            "hashes",
            "hash",
            "digests",
            "signals",
            "fingerprints",
            "checksums",
            "result",
            "payload",
            "row",
        ),
    )
)
#: As what a record has the type that the name of the array around it says.
TYPE_BY_NAME = "hash type"
#: Yes and no in words of English, which other fields hardly hold.
_YES_OR_NO = frozenset(("true", "false", "yes", "no"))
#: Arrays of objects that say something of a page, or of the columns of its records (ClickHouse, JSON:API).
DESCRIBING = frozenset(("links", "meta", "columns", "facets", "warnings"))
#: Parts of a record, whatever stands in them.
PARTS = frozenset(("hashes", "digests", "signals", "fingerprints", "checksums"))


def held(value: object) -> int | str:
    """Return what of a field's value its meaning may depend on, where its name says nothing."""
    if not isinstance(value, str):
        return 0
    kind = type_named(value)
    if kind is not None and kind.algorithm is not None:
        return "type"
    return "word" if word(value) in TELLING else digits_in(value)


def with_said(above: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with what is said above it; what both name is kept of both."""
    return {(f"record.{name}" if name in record else name): value for name, value in above.items()} | dict(
        record
    )


def said_by_name(key: str) -> dict[str, Any]:
    """Return what the name of an array or object says of every record in it: "removed", "md5", "false positives"."""
    kind = type_named(key)
    if kind is not None and kind.algorithm is not None:
        return {TYPE_BY_NAME: key}
    said = word(key)
    if said in OPINIONS or said in DOUBTFUL:
        return {"opinion": key}
    named = named_column(key)
    if said in DELETED or (named.meaning in JUDGED and named.meaning != "stands" and not named.weak):
        return {"deleted" if said in DELETED else key: True}
    return {}


def is_understood(name: str) -> bool:
    """Tell whether an array's name says what the digests in it are, or means nothing but that they are some."""
    return (
        named_column(name).meaning == "hash"
        or plain(name) in _WRAPPERS | PARTS
        or (is_ordinary(name) and not is_section(word(name)))
        or word(name) in LIVE | {"+"}
        or bool(said_by_name(name))
    )


def is_of_no_type(name: str) -> bool:
    """Tell whether an array's name says nothing but that there are digests, of images or files, in it."""
    return named_column(name).meaning == "hash" or plain(name) in _WRAPPERS | PARTS | frozenset(NEUTRAL)


def has_digest(record: Mapping[str, Any]) -> bool:
    return any(
        (isinstance(value, str) and digits_in(value) > 0)
        or (named_column(key).meaning == "hash" and (isinstance(value, str) or _may_be_digest(value)))
        or (isinstance(value, dict) and has_digest(value))
        or (plain(key) == "hashes" and value not in ([], {}, None))
        for key, value in record.items()
    )


def holds_records(record: Mapping[str, Any], depth: int = 0) -> bool:
    """Tell whether an object has a digest, or an array of objects with some, in it."""
    if has_digest(record):
        return True
    return depth < _MAX_DEPTH and any(
        (isinstance(value, dict) and holds_records(value, depth + 1))
        or (
            isinstance(value, list)
            and any(isinstance(each, dict) and holds_records(each, depth + 1) for each in value)
        )
        for value in record.values()
    )


def holds_digest(value: object, depth: int = 0) -> bool:
    """Tell whether a digest is in a list, or in what it holds; what is deeper than any record may be one."""
    if isinstance(value, str):
        return digits_in(value) > 0
    if isinstance(value, dict):
        return holds_records(value)
    return isinstance(value, list) and (
        depth > _MAX_DEPTH or any(holds_digest(each, depth + 1) for each in value)
    )


def _may_be_digest(value: object) -> bool:
    """Tell whether a number may be a digest in decimal digits: of small ones, as counts are, nearly none is."""
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 1 << 32


def rows_of(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a record with the objects inside it as fields of its own: ``hashes.MD5``, ``pdq.quality``.

    A list of digests, or of objects that have one, makes a row of each.
    """
    row: dict[str, Any] = {}
    each: list[tuple[str, list[Any]]] = []
    for name, value in _flat(record).items():
        if isinstance(value, list) and value and is_of_digests(name, value):
            each.append((name, value))
        else:
            row[name] = value
    if not each:
        yield row
    unclear = [name for name, _ in each if not is_understood(name)]
    if len(each) > 1 and unclear:
        raise BadField(
            f"what the list {unclear[0]!r} says of the digests in it is not known, and they may have been taken back"
        )
    for name, values in each:
        _check_labels(row, len(values))
        said = said_by_name(name)
        is_said = bool(said) or named_column(name).meaning not in ("hash", "odd_hash", "extra")
        for value in values:
            if isinstance(value, dict):
                yield from rows_of(with_said({**row, **said}, value))
            else:
                yield {**row, **said, ("hash" if is_said else name): value}


def speaks_of_another(record: Mapping[str, Any]) -> str | None:
    """Return what a record without a digest says against the one that it names by its id; None for nothing."""
    if has_digest(record):
        return None
    meanings = {name: named_column(name).meaning for name in record}
    if "hash" in meanings.values() or not any(
        meaning == "id" or _REFERS.search(name) for name, meaning in meanings.items()
    ):
        inner = [each for each in record.values() if isinstance(each, dict)]
        if not any(_REFERS.search(name) for each in inner for name in each):
            return None
    return next(
        (
            f"{name} {shown(value)}"
            for name, value in record.items()
            if says(name, value) or speaks_inside(value, name)
        ),
        None,
    )


#: Names of fields that hold ids of other records.
_REFERS = re.compile(
    r"(?:^|[_-])(?:ref|id|key|target|subject|of)s?$|^on$|^path$|^pointer$|[a-z](?:Ref|Id)s?$", re.IGNORECASE
)


def labels_judge(labels: list[Any]) -> bool:
    """Tell whether one of some labels is an opinion, or takes back."""
    try:
        return opinion_in(each for each in labels if isinstance(each, str))[1] is not None
    except BadField:
        return True


def _check_labels(row: Mapping[str, Any], n_digests: int) -> None:
    """Refuse a record of as many labels as digests, one of which judges or takes back: of which digest is not known.

    Raises
    ------
    BadField
    """
    for name, value in row.items():
        if (
            not isinstance(value, list)
            or not len(value) == n_digests > 1
            or named_column(name).meaning != "labels"
        ):
            continue
        if labels_judge(value):
            raise BadField(
                f"the {n_digests} labels {shown(name)} speak of deletion or opinion, and there are as many digests: "
                "whether each is of one of them is not known"
            )


def _flat(record: Mapping[str, Any], depth: int = 0) -> dict[str, Any]:
    """Return a record with the objects inside it that hold digests or speak of deletion or opinion laid out."""
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if not (isinstance(value, dict) and value and depth < _MAX_DEPTH and _speaks(name, value)):
            flat[name if name not in flat else f"{name} again"] = value
            continue
        for inner, found in _flat(value, depth + 1).items():
            own = f"{name}.{inner}"
            if plain(name) in _WRAPPERS and inner not in record and inner not in flat:
                own = inner
            flat[own] = found
    return flat


def _speaks(name: str, value: Mapping[str, Any]) -> bool:
    """Tell whether an object inside a record holds digests, or speaks of deletion or opinion."""
    if len(value) == 1 and named_column(name).weak and None in value.values():
        return False  # {"state": {"Withdrawn": null}} says it by a name: `speaks_inside` reads it as a whole
    bare = plain(name) in _WRAPPERS
    for inner, found in value.items():
        if isinstance(found, dict):
            if _speaks(inner, found):
                return True
        elif isinstance(found, list):
            if found and is_of_digests(inner, found):
                return True
        elif (
            (_is_flag(found) and not is_ordinary(inner))
            or (named_column(inner).meaning == "type" and held(found) == "type")
            or any(
                named_column(each).meaning in (*JUDGED, "hash", "odd_hash", "quality")
                for each in ((inner, f"{name}.{inner}") if bare else (f"{name}.{inner}", inner))
            )
        ):
            return True
    return False


def _is_flag(value: object) -> bool:
    return isinstance(value, bool) or (isinstance(value, str) and value.strip().lower() in _YES_OR_NO)


def is_of_digests(name: str, values: list[Any]) -> bool:
    if all(isinstance(value, str) for value in values):
        return named_column(name).meaning == "hash" or any(digits_in(value) for value in values)
    return all(isinstance(value, dict) and has_digest(value) for value in values)


def has_many(fields: Mapping[str, Any], depth: int = 0) -> bool:
    """Tell whether an object, or one in it so deep, has an array of digests; one of few may be parts of a record."""
    return any(
        len(value) > (name[-1:] != "s") and is_of_digests(name, value)
        if isinstance(value, list)
        else depth > 0 and isinstance(value, dict) and has_many(value, depth - 1)
        for name, value in fields.items()
    )


def speaks_alone(record: object) -> bool:
    """Tell whether an object says something of an id."""
    if not isinstance(record, dict):
        return False
    meanings = {named_column(key).meaning for key in record}
    return "id" in meanings and bool(meanings & JUDGED)
