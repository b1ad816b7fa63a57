"""Find the records in JSON that programs write in other ways: tables by column or by number, values with their type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from typing import Any

from .column_names import named_column
from .digests import digits_in
from .object_rows import has_digest

__all__ = ["HeaderRows", "as_usual", "is_schema", "table_in"]

#: Arrays of rows beside the names of their columns, as pandas and Datasette write them, and what numbers them.
_ROWS, _NUMBERS = ("data", "rows"), "index"


def table_in(fields: Mapping[str, Any]) -> tuple[list[dict[str, Any]], dict[str, Any]] | None:
    """Return the records of an object that is a table, and what stands beside it; None where it is none.

    Examples
    --------
    >>> table_in({"columns": ["md5", "n"], "data": [["aa", 1], ["bb", 2]]})
    ([{'md5': 'aa', 'n': 1}, {'md5': 'bb', 'n': 2}], {})
    >>> table_in({"columns": ["md5"], "index": ["kept", "withdrawn"], "data": [["aa"], ["bb"]]})
    ([{'index': 'kept', 'md5': 'aa'}, {'index': 'withdrawn', 'md5': 'bb'}], {})
    >>> table_in({"md5": {"0": "aa", "1": "bb"}, "n": {"0": 1, "1": 2}})
    ([{'md5': 'aa', 'n': 1}, {'md5': 'bb', 'n': 2}], {})
    >>> table_in({"majorDimension": "COLUMNS", "values": [["md5", "aa", "bb"], ["deleted", "x"]]})
    ([{'md5': 'aa', 'deleted': 'x'}, {'md5': 'bb', 'deleted': None}], {})
    """
    names = _names(fields.get("columns"))
    for key in _ROWS if names else ():
        rows = fields.get(key)
        if isinstance(rows, list) and rows:
            if not all(isinstance(row, list) and len(row) == len(names) for row in rows):
                return None
            rest = {name: value for name, value in fields.items() if name not in ("columns", key, _NUMBERS)}
            records = [dict(zip(names, row, strict=True)) for row in rows]
            numbers = fields.get(_NUMBERS)
            if numbers is None or _are_numbers(numbers):
                return records, rest
            if _NUMBERS in names or not isinstance(numbers, list) or len(numbers) != len(rows):
                return None
            return [{_NUMBERS: each, **record} for each, record in zip(numbers, records, strict=True)], rest
    if fields.get("majorDimension") == "COLUMNS" and (records := _of_columns(fields.get("values"))):
        return records, {
            name: value for name, value in fields.items() if name not in ("majorDimension", "values")
        }
    numbered = [value for value in fields.values() if isinstance(value, dict)]
    if not numbered or len(numbered) < len(fields):
        return None
    if all(map(str.isdecimal, fields)) and all(map(has_digest, numbered)):
        return numbered, {}
    numbers = numbered[0].keys()
    if (
        numbers
        and all(map(str.isdecimal, numbers))
        and all(each.keys() == numbers for each in numbered)
        and any(named_column(name).meaning == "hash" for name in fields)
    ):
        return [{name: column[number] for name, column in fields.items()} for number in numbers], {}
    return None


def _of_columns(columns: object) -> list[dict[str, Any]]:
    """Return the records of Google Sheets' columns, of which each begins with its name and blank cells end none."""
    if not isinstance(columns, list) or not all(isinstance(column, list) and column for column in columns):
        return []
    names = _names([column[0] for column in columns])
    if len(names) != len(columns) or not _name_a_digest(names):
        return []
    return [
        dict(zip(names, cells, strict=True)) for cells in zip_longest(*(column[1:] for column in columns))
    ]


class HeaderRows:
    """Lists that are the elements of one array: rows of a table, where the first of them names its columns.

    Attributes
    ----------
    left : list of str
        Such names of which no row was met.
    """

    def __init__(self) -> None:
        self.left: list[str] = []
        self._names: list[str] = []
        self._is_first = True

    def taken(self, row: list[Any]) -> dict[str, Any] | None:
        """Return a row as a record, names as an empty one; None for a list that is neither.

        Examples
        --------
        >>> rows = HeaderRows()
        >>> rows.taken(["md5", "n"]), rows.taken(["9e107d9d372bb6826bd81d3542a419d6", 1])
        ({}, {'md5': '9e107d9d372bb6826bd81d3542a419d6', 'n': 1})
        """
        is_first, self._is_first = self._is_first, False
        if is_first and (names := _names(row)) and _name_a_digest(names):
            self.left = names
            return {}
        if self.left and len(row) == len(self.left) and _is_row(row):
            self._names, self.left = self.left, []
        if not self._names or len(row) != len(self._names):
            return None
        return dict(zip(self._names, row, strict=True))


def _name_a_digest(names: list[str]) -> bool:
    return any(named_column(name).meaning == "hash" for name in names) and not any(map(digits_in, names))


def _is_row(values: list[Any]) -> bool:
    return any(isinstance(each, str) and digits_in(each) for each in values)


def _are_numbers(values: object) -> bool:
    return isinstance(values, list) and {*map(type, values)} <= {int}


def is_schema(value: object) -> bool:
    """Tell whether an object names the columns of a table and their types, as pandas writes it in front of the rows."""
    fields = value.get("fields") if isinstance(value, dict) else None
    return isinstance(fields, list) and all(
        isinstance(each, dict) and {"name", "type"} <= {*each} <= _OF_SCHEMA for each in fields
    )


_OF_SCHEMA = frozenset(("name", "type", "extDtype", "tz", "constraints", "ordered"))


def _names(names: object) -> list[str]:
    """Return the names of the columns of a table, none where these are no different texts."""
    texts = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    return texts if isinstance(names, list) and len(names) == len({*texts}) else []


def as_usual(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a record as most write it: typed values without their types, GeoJSON's features as what they are of.

    Examples
    --------
    >>> as_usual({"Item": {"md5": {"S": "aa"}, "n": {"N": "1"}, "deleted": {"BOOL": False}}})
    {'md5': 'aa', 'n': 1, 'deleted': False}
    >>> as_usual({"document": {"name": "lists/1", "fields": {"md5": {"stringValue": "aa"}}}, "readTime": "2026-11-28"})
    {'name': 'lists/1', 'md5': 'aa'}
    >>> as_usual({"n": {"integerValue": "1"}, "seen": {"nullValue": None}})
    {'n': 1, 'seen': None}
    >>> as_usual({"type": "Feature", "geometry": None, "properties": {"md5": "aa"}})
    {'properties': {'md5': 'aa'}}
    """
    if {*record} == {"Item"} and isinstance(record["Item"], dict):
        record = record["Item"]
    record = _without_document(record)
    inner = [value for value in record.values() if isinstance(value, dict)]
    if inner and all(map(_is_typed, inner)):
        return {name: _bare(value) if isinstance(value, dict) else value for name, value in record.items()}
    if (
        record.get("type") == "Feature"
        and "geometry" in record
        and isinstance(record.get("properties"), dict)
    ):
        return {name: value for name, value in record.items() if name not in ("type", "geometry")}
    return record


def _without_document(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of a document of Firestore beside what is said of it; any other record as it is."""
    document = record.get("document")
    if isinstance(document, dict) and {*record} <= {"document", "readTime"}:
        record = document
    fields = record.get("fields")
    rest = {name: value for name, value in record.items() if name != "fields"}
    if not {*rest} <= {"name", "createTime", "updateTime"} or not isinstance(fields, dict) or not fields:
        return record
    if {*rest} & {*fields} or not all(isinstance(each, dict) and _is_typed(each) for each in fields.values()):
        return record
    return {**rest, **fields}


#: Types of values, and what JSON holds of each: DynamoDB's and Firestore's.
_TYPED: Mapping[str, type | tuple[type, ...]] = {
    "S": str, "N": str, "B": str, "BOOL": bool, "NULL": bool, "SS": list, "NS": list, "BS": list, "L": list, "M": dict,
    "stringValue": str, "integerValue": (str, int), "doubleValue": (int, float), "booleanValue": bool,
    "timestampValue": str, "nullValue": (str, type(None)), "bytesValue": str, "referenceValue": str,
    "geoPointValue": dict, "arrayValue": dict, "mapValue": dict,
}  # fmt: skip


def _is_typed(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and all(isinstance(each, _TYPED.get(kind, ())) for kind, each in value.items())


def _bare(value: Any) -> Any:
    if not isinstance(value, dict) or not _is_typed(value):
        return value
    ((kind, inner),) = value.items()
    if kind in ("N", "integerValue"):
        return next(_numbers_in(str(inner)), inner)
    if kind in ("NULL", "nullValue"):
        return None
    if kind in ("M", "mapValue"):
        fields = inner if kind == "M" else inner.get("fields")
        return {name: _bare(each) for name, each in fields.items()} if isinstance(fields, dict) else inner
    if kind in ("L", "arrayValue"):
        values = inner if kind == "L" else inner.get("values", [])
        return [_bare(each) for each in values] if isinstance(values, list) else inner
    return inner


def _numbers_in(text: str) -> Iterator[int | float]:
    """Yield the number that a text is."""
    for read in (int, float):
        try:
            yield read(text)
        except ValueError:
            continue
