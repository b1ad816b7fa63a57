"""The fields of a decision record, defined once: JSON Lines, CSV, Parquet, the export and the docs are made of them."""

from __future__ import annotations

import enum
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..hashing.algorithms import SHOWN_DIGITS
from .printable import as_bytes

__all__ = [
    "CSV_COLUMNS",
    "FIELDS",
    "IN_CATALOG",
    "MATCH_FIELDS",
    "OWN_FIELDS",
    "Field",
    "Kind",
    "arrow_rows",
    "arrow_schema",
    "csv_rows",
    "decision_record",
    "markdown",
    "match_record",
    "suggestion_of",
]


class Kind(enum.Enum):
    """What a field holds, and so what it is in JSON, CSV and Arrow."""

    TEXT = "text"
    DIGEST = "digest"  #: hexadecimal digits, the first `SHOWN_DIGITS` unless whole ones are asked for
    INTEGER = "integer"
    NUMBER = "number"
    FLAG = "true or false"
    TEXTS = "list of texts"
    INTEGERS = "list of integers"
    FACTS = "object, or list of them"  #: in CSV and Arrow its JSON
    MATCHES = "list of matches"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a record.

    Attributes
    ----------
    name : str
    kind : Kind
    meaning : str
        For docs/scan.md.
    when : str
        When it is there; empty for always. A field that is always there is null where it has no value.
    column : str
        Its name in CSV, where a file and its match share a line; empty for none.
    is_own : bool
        A decision tells it by itself; the others are known of its file, its archive or its catalog.
    """

    name: str
    kind: Kind
    meaning: str
    when: str = ""
    column: str = ""
    is_own: bool = False


#: When a field is there that only a catalog can fill.
IN_CATALOG = "in a catalog"
STALE = "in a catalog, where it is so"

#: Of one entry that a file came near to.
MATCH_FIELDS = (
    Field("list", Kind.TEXT, "the list's name", column="list"),
    Field("id", Kind.TEXT, "the entry's own identifier there", column="id"),
    Field("category", Kind.TEXT, "`positive`, `seed`, `disputed` or `negative`", column="category"),
    Field("labels", Kind.TEXTS, "the entry's labels", column="labels"),
    Field("distance", Kind.INTEGER, "in bits; 0 for the digest of a file", column="distance"),
    Field("view", Kind.TEXT, "how the file had to be looked at (docs/matching.md)", column="view"),
    Field("algorithm", Kind.TEXT, "of the entry's digest", "unless the entry has none", "entry_algorithm"),
    Field("hash", Kind.DIGEST, "the entry's digest", "unless the entry has none", "entry_hash"),
    Field(
        "suppressed_by", Kind.TEXT,
        "what cancelled the match: an allow-list's name, `evidence`, `quarantine`, `review` ...",
        "where it is cancelled", "suppressed_by",
    ),
    Field(
        "evidence", Kind.NUMBER, "that it is a copy, in bits (docs/matching.md, \"Evidence\")",
        "where more than digests was looked at", "evidence",
    ),
    Field("effort", Kind.TEXT, "the most thorough effort that found it; `hashes` in a re-match", IN_CATALOG, "effort"),
    Field("runs", Kind.INTEGERS, "the catalog's runs that found it first and, by each effort, last", IN_CATALOG),
    Field("snapshot", Kind.DIGEST, "SHA-256 of the list's bytes that it was last found on", IN_CATALOG),
    Field(
        "stale",
        Kind.FLAG,
        "the list has a newer version since, in which this file was not looked up in the same way",
        STALE,
        "stale",
    ),
)  # fmt: skip


def _own(name: str, kind: Kind, meaning: str, when: str = "", column: str = "") -> Field:
    return Field(name, kind, meaning, when, column, is_own=True)


#: Of one file, or one member of an archive.
FIELDS = (
    Field("path", Kind.TEXT, "as the file was reached; the archive of a member", "for files", "path"),
    Field("member", Kind.TEXT, "its name in the archive", "in archives", "member"),
    Field("position", Kind.INTEGER, "its place there, from 1", "in archives", "position"),
    Field("size", Kind.INTEGER, "bytes of the file at `path`", "where known", "size"),
    Field("modified_ns", Kind.INTEGER, "its time of change, nanoseconds since 1970", "where known"),
    _own("outcome", Kind.TEXT, "`match`, `no_match`, `low_quality`, `unreadable` ...", column="outcome"),
    _own(
        "reason", Kind.TEXT, "why there is no hash, or why the rest was not looked at", "where there is one",
        "reason",
    ),
    _own(
        "failure", Kind.TEXT, "what failed beside the picture: `crash`, `timeout`, `memory`, `read`, `changed` ...",
        "where something did", "failure",
    ),
    _own("algorithm", Kind.TEXT, "of `hash`", "with a hash", "algorithm"),
    _own("hash", Kind.DIGEST, "the file's own hash as it is", "with a hash", "hash"),
    _own("quality", Kind.INTEGER, "0 to 100, PDQ alone has one", "with PDQ", "quality"),
    Field("md5", Kind.DIGEST, "of the bytes that were decided", "if asked for; with a catalog, if lists hold some"),
    Field("sha1", Kind.DIGEST, "likewise", "likewise"),
    Field(
        "sha256", Kind.DIGEST, "likewise",
        "likewise; with a catalog, of what matched or could not be decided, too", "sha256",
    ),
    _own("suggestion", Kind.TEXT, "`review` or `none`, never `delete`", column="suggestion"),
    _own("matches", Kind.MATCHES, "nearest first, cancelled ones last"),
    _own(
        "refused", Kind.FACTS, "entries that were near enough and that a gate kept from matching: list, id, distance, "
        "view, gate, reason, evidence", "where there are some",
    ),
    _own("decode", Kind.FACTS, "how bytes became the pixels that were hashed", "where they did"),
    _own("decided", Kind.TEXT, "ISO 8601, UTC", "where known", "decided"),
    _own("milliseconds", Kind.NUMBER, "that the decision took", "where known", "milliseconds"),
    Field("unchanged", Kind.FLAG, "it is as the catalog knew it, and was not decided again", STALE, "unchanged"),
    Field("gone", Kind.TEXT, "when a scan found it missing, ISO 8601", STALE, "gone"),
    Field("looks", Kind.FACTS, "for which versions of which lists it was decided, when, by which effort", IN_CATALOG),
)  # fmt: skip

#: What a decision tells by itself, whatever it is of.
OWN_FIELDS = tuple(field for field in FIELDS if field.is_own)


def suggestion_of(outcome: str) -> str:
    """Return what to do next; never "delete": lists carry mistakes, and recovery content is legitimate."""
    return "review" if outcome == "match" else "none"


# -- plain data -------------------------------------------------------------------------------------------


def _plan(fields: Sequence[Field]) -> tuple[tuple[str, bool, bool], ...]:
    return tuple((field.name, bool(field.when), field.kind is Kind.DIGEST) for field in fields)


_PLAN, _MATCH_PLAN = _plan(FIELDS), _plan(MATCH_FIELDS)


def decision_record(facts: Mapping[str, Any], *, full_hashes: bool = False) -> dict[str, Any]:
    """Return a decision as plain data: fields in their order, digests shortened, with its suggestion.

    Parameters
    ----------
    facts : mapping
        Values by the names of `FIELDS`; ``matches`` is a list of such mappings by the names of `MATCH_FIELDS`.
    full_hashes : bool
        Keep whole digests instead of their first `SHOWN_DIGITS` hexadecimal digits.

    Raises
    ------
    KeyError
        A name that is no field's.

    Examples
    --------
    >>> record = decision_record({"outcome": "match", "algorithm": "pdq", "hash": "f" * 64, "matches": []})
    >>> record["hash"], record["suggestion"]
    ('ffffffff', 'review')
    """
    matches = [match_record(each, full_hashes=full_hashes) for each in facts.get("matches", ())]
    added = {"suggestion": suggestion_of(facts["outcome"]), "matches": matches}
    return {"type": "decision", **_ordered({**facts, **added}, _PLAN, full_hashes)}


def match_record(facts: Mapping[str, Any], *, full_hashes: bool = False) -> dict[str, Any]:
    """Return one match as plain data, as `decision_record` does."""
    return _ordered(facts, _MATCH_PLAN, full_hashes)


def _ordered(
    facts: Mapping[str, Any], plan: tuple[tuple[str, bool, bool], ...], full_hashes: bool
) -> dict[str, Any]:
    record: dict[str, Any] = {}
    n_named = 0
    for name, is_optional, is_digest in plan:
        value = facts.get(name)
        n_named += name in facts
        if value is None:
            if not is_optional:
                record[name] = None
        elif is_digest and not full_hashes:
            record[name] = value[:SHOWN_DIGITS]
        else:
            record[name] = value
    if n_named < len(facts):
        raise KeyError(f"no fields of a record: {sorted(set(facts) - {name for name, *_ in plan})}")
    return record


# -- CSV --------------------------------------------------------------------------------------------------

_FILE_COLUMNS = tuple((field.name, field.column, field.kind) for field in FIELDS if field.column)
_MATCH_COLUMNS = tuple((field.name, field.column, field.kind) for field in MATCH_FIELDS if field.column)

#: Columns of the CSV form; a file with several matches has one line for each.
CSV_COLUMNS = ("type", *(column for _, column, _ in (*_FILE_COLUMNS, *_MATCH_COLUMNS)))


def csv_rows(record: Mapping[str, Any]) -> Iterator[list[Any]]:
    """Yield a row of `CSV_COLUMNS` for each match of a record, or one without."""
    own = [record["type"], *(_cell(record.get(name), kind) for name, _, kind in _FILE_COLUMNS)]
    matches: list[dict[str, Any]] = record.get("matches") or [{}]
    for match in matches:
        yield [*own, *(_cell(match.get(name), kind) for name, _, kind in _MATCH_COLUMNS)]


def _cell(value: Any, kind: Kind) -> Any:
    if value is None:
        return None
    if kind in (Kind.TEXTS, Kind.INTEGERS):
        return " ".join(map(str, value))
    return json.dumps(value) if kind is Kind.FACTS else value


# -- Arrow ------------------------------------------------------------------------------------------------


def arrow_schema(fields: Sequence[Field] = FIELDS) -> Any:
    """Return the Arrow schema of decision records: `pyarrow.Schema`.

    Behind ``path`` stands one column more, ``path_bytes``: the path as the system has it, because text in Arrow is
    UTF-8 and names of files need not be.

    Raises
    ------
    ImportError
        The ``parquet`` extra is not installed.
    """
    import pyarrow as pa

    simple = {
        Kind.TEXT: pa.string(), Kind.DIGEST: pa.string(), Kind.INTEGER: pa.int64(), Kind.NUMBER: pa.float64(),
        Kind.FLAG: pa.bool_(), Kind.TEXTS: pa.list_(pa.string()), Kind.INTEGERS: pa.list_(pa.int64()),
        Kind.FACTS: pa.string(),
    }  # fmt: skip
    of_match = pa.struct([(field.name, simple[field.kind]) for field in MATCH_FIELDS])
    kinds = {**simple, Kind.MATCHES: pa.list_(of_match)}
    columns = []
    for field in fields:
        columns.append((field.name, kinds[field.kind]))
        if field.name == "path":
            columns.append(("path_bytes", pa.binary()))
    return pa.schema(columns)


def arrow_rows(
    records: Iterable[Mapping[str, Any]], fields: Sequence[Field] = FIELDS
) -> list[dict[str, Any]]:
    """Return decision records as rows that fit `arrow_schema`; what is not UTF-8 becomes visible escapes."""
    rows = []
    for record in records:
        row: dict[str, Any] = {}
        for field in fields:
            value = record.get(field.name)
            row[field.name] = _arrow_value(value, field.kind)
            if field.name == "path":
                row["path_bytes"] = None if value is None else os.fsencode(value)
        rows.append(row)
    return rows


def _arrow_value(value: Any, kind: Kind) -> Any:
    if value is None:
        return None
    if kind is Kind.MATCHES:
        return [
            {field.name: _arrow_value(match.get(field.name), field.kind) for field in MATCH_FIELDS}
            for match in value
        ]
    if kind is Kind.TEXTS:
        return [_utf8(each) for each in value]
    if kind is Kind.FACTS:
        return json.dumps(value)
    return _utf8(value) if isinstance(value, str) else value


def _utf8(text: str) -> str:
    return text if text.isascii() else as_bytes(text).decode("utf-8", "backslashreplace")


# -- the docs ---------------------------------------------------------------------------------------------


def markdown(fields: Iterable[Field]) -> str:
    """Return the table of docs/scan.md for some fields."""
    lines = ["| field | holds | what it is | when |", "| --- | --- | --- | --- |"]
    lines += [
        f"| `{field.name}` | {field.kind.value} | {field.meaning} | {field.when or 'always'} |"
        for field in fields
    ]
    return "\n".join(lines) + "\n"
