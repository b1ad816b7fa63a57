"""Read JSON of no exchange's own format: arrays of digests or of objects, objects by digest, JSON Lines of objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import ListError
from ..entry import Entry
from .columns import Column, name_columns
from .digests import digits_in
from .fields import BadField, shown
from .json_stream import JsonStream, TooLong
from .naming import JUDGED, named_column, type_named
from .options import ReadOptions
from .packed import DamagedPage
from .pages import Page
from .records import RowReader
from .tally import Tally
from .text import uses_of
from .vocabulary import plain

__all__ = ["MORE", "read"]

#: Fields beside the records by which a page says whether another one follows.
MORE = frozenset(
    (
        *("next", "more", "hasmore", "hasmorerecords", "hasnext", "hasnextpage", "nextpage", "nextpagetoken"),
        *("nextlink", "nexturl", "odatanextlink", "nextcursor", "continuationtoken"),
    )
)

_MAX_DEPTH = 8
#: Different sets of fields for which is remembered what they mean.
_REMEMBERED = 1000


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry]:
    """Yield the entries of one page.

    References
    ----------
    docs/formats.md, "JSON".
    """
    tally.unit = "record"
    yield from _Reader(page, tally, options).entries()


class _Reader:
    def __init__(self, page: Page, tally: Tally, options: ReadOptions) -> None:
        self._page = page
        self._tally = tally
        self._options = options
        self._number = 0
        self._readers: dict[tuple[object, ...], RowReader | str] = {}
        self._stream = JsonStream(page, lambda problem: tally.reject(self._number + 1, problem))

    def entries(self) -> Iterator[Entry]:
        stream = self._stream
        try:
            while (first := stream.peek()) != "":
                if first == "[":
                    yield from self._array({}, 0)
                elif first == "{":
                    yield from self._object({}, 0)
                else:
                    raise DamagedPage(f"expected '{{' or '[', found {first!r}")
        except DamagedPage as exc:
            self._tally.cut(self._number + 1, str(exc))
        if stream.n_replaced:
            self._tally.note(f"{stream.n_replaced} characters are not UTF-8; replaced by U+FFFD")

    def _object(self, above: Mapping[str, Any], depth: int) -> Iterator[Entry]:
        """Go through an object that is around records, or is one itself."""
        stream = self._stream
        fields: dict[str, Any] = {}
        problem = ""
        n_inside = 0
        for key in stream.members():
            if digits_in(key):
                n_inside += 1
                value = self._value()
                record = value if isinstance(value, dict) else {} if value is None else {"value": value}
                if "hash" in record:
                    problem = f"an object by the digest {shown(key)} that has a field 'hash' of its own"
                    continue
                yield from self._record(_inside(above, record | {"hash": key}))
                continue
            if stream.peek() == "[" and depth < _MAX_DEPTH and self._is_around(key):
                n_inside += 1
                yield from self._array(self._said_by(key, above), depth + 1)
                continue
            if stream.peek() == "{" and depth < _MAX_DEPTH and self._is_around(key) and not above:
                n_before = self._number
                yield from self._object(above, depth + 1)
                n_inside += self._number > n_before
                continue
            try:
                fields[key] = stream.value()
            except TooLong as exc:
                problem = f"{shown(key)} is {exc}"
                stream.skip()
            except BadField as exc:
                problem = f"{shown(key)} is {exc}"
        if problem:
            self._reject(problem)
        elif not n_inside:
            yield from self._record(_inside(above, fields))
        elif depth == 0:
            self._note_more(fields)

    def _is_around(self, key: str) -> bool:
        """Tell whether what stands under a key is records of its own, and no part of the record it is in."""
        named = named_column(key)
        return named.meaning not in ("labels",) and plain(key) not in ("hashes", "metadata", "extra")

    def _said_by(self, key: str, above: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return what the name of an array says of every record in it: ``"removed": [...]``, ``"md5": [...]``."""
        kind = type_named(key)
        if kind is not None and kind.algorithm is not None:
            return {**above, "hash type": key}
        named = named_column(key)
        if named.meaning in JUDGED and not named.weak:
            return {**above, key: True}
        return above

    def _array(self, above: Mapping[str, Any], depth: int) -> Iterator[Entry]:
        stream = self._stream
        for _ in stream.elements():
            value = self._value()
            if isinstance(value, str):
                yield from self._record(_inside(above, {"hash": value}))
            elif isinstance(value, dict):
                yield from self._inside(value, above, depth)
            elif value is not _BAD:
                self._reject(f"expected an object or a digest for a record, found {shown(value)}")

    def _inside(self, record: dict[str, Any], above: Mapping[str, Any], depth: int) -> Iterator[Entry]:
        """Yield what an element says; one without a digest that has records in it stands for these."""
        if not _has_digest(record) and depth < _MAX_DEPTH:
            lists = {
                key: value
                for key, value in record.items()
                if isinstance(value, list) and value and all(isinstance(each, dict) for each in value)
            }
            if lists:
                for key, value in lists.items():
                    for each in value:
                        yield from self._inside(each, self._said_by(key, above), depth + 1)
                return
        yield from self._record(_inside(above, record))

    def _value(self) -> Any:
        try:
            return self._stream.value()
        except TooLong as exc:
            self._reject(str(exc))
            self._stream.skip()
        except BadField as exc:
            self._reject(str(exc))
        return _BAD

    def _reject(self, reason: str) -> None:
        self._number += 1
        self._tally.n_records += 1
        self._tally.reject(self._number, reason)

    def _note_more(self, fields: dict[str, Any]) -> None:
        paging = fields.get("paging") or fields.get("pagination") or fields.get("links")
        around = fields | (paging if isinstance(paging, dict) else {})
        said = [value for name, value in around.items() if plain(name) in MORE]
        if said:
            self._tally.promise(any(value not in (None, False, "", 0) for value in said))

    # -- records -------------------------------------------------------------------------------------------

    def _record(self, record: Mapping[str, Any]) -> Iterator[Entry]:
        """Yield the entries of one object."""
        self._number += 1
        number = self._number
        for row in _rows_of(record):
            reader = self._reader_for(row)
            if isinstance(reader, str):
                self._tally.n_records += 1
                self._tally.reject(number, reader)
            else:
                yield from reader.entries(list(row.values()), number)

    def _reader_for(self, row: Mapping[str, Any]) -> RowReader | str:
        """Return what reads rows of these fields, or why none can."""
        held = tuple(digits_in(value) if isinstance(value, str) else 0 for value in row.values())
        key = (*row, *held)
        known = self._readers.get(key)
        if known is not None:
            return known
        names = tuple(row)
        sample = [["" if value is None else str(value) for value in row.values()]]
        try:
            columns = name_columns(names, sample, self._options, self._tally)
        except ListError as exc:
            columns = tuple(_plainly(name) for name in names)
            meanings = {column.meaning for column in columns}
            if not ("id" in meanings and meanings & JUDGED):
                return str(exc).partition("refused: ")[2].replace(f" (page {self._tally.page})", "")
        if not self._readers:
            self._tally.columns += uses_of(self._page.name, columns, [list(row.values())])
        reader = RowReader(columns, self._options, self._tally)
        if len(self._readers) < _REMEMBERED:
            self._readers[key] = reader
        return reader


_BAD = object()


def _inside(above: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record with what is said above it; what both name is kept of both."""
    return {(f"record.{name}" if name in record else name): value for name, value in above.items()} | dict(
        record
    )


def _plainly(name: str) -> Column:
    named = named_column(name)
    meaning = "extra" if named.meaning in ("hash", "odd_hash") else named.meaning
    return Column(name, meaning, weak=named.weak, how="named")


def _has_digest(record: Mapping[str, Any]) -> bool:
    return any(
        (isinstance(value, str) and digits_in(value) > 0)
        or (named_column(key).meaning == "hash" and isinstance(value, (str, int)))
        or (isinstance(value, dict) and _has_digest(value))
        or (plain(key) == "hashes")
        for key, value in record.items()
    )


def _rows_of(record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a record with the objects inside it as fields of its own: ``hashes.MD5``, ``pdq.quality``.

    A list of digests, or of objects that have one, makes a row of each.
    """
    row: dict[str, Any] = {}
    each: list[tuple[str, list[Any]]] = []
    for name, value in record.items():
        if isinstance(value, dict) and value and _speaks(name, value):
            row |= {f"{name}.{inner}": found for inner, found in value.items()}
        elif isinstance(value, list) and value and _is_of_digests(name, value):
            each.append((name, value))
        else:
            row[name] = value
    if not each:
        yield row
    for name, values in each:
        for value in values:
            if isinstance(value, dict):
                yield from _rows_of(_inside(row, value))
            else:
                yield {**row, name: value}


def _speaks(name: str, value: Mapping[str, Any]) -> bool:
    """Tell whether an object inside a record holds digests, or speaks of deletion or opinion."""
    return any(
        named_column(f"{name}.{inner}").meaning in (*JUDGED, "hash", "odd_hash", "quality")
        and not isinstance(found, (dict, list))
        for inner, found in value.items()
    )


def _is_of_digests(name: str, values: list[Any]) -> bool:
    if all(isinstance(value, str) for value in values):
        return named_column(name).meaning == "hash" or any(digits_in(value) for value in values)
    return all(isinstance(value, dict) and _has_digest(value) for value in values)
