"""Read JSON of no exchange's own format: arrays of digests or of objects, objects by digest, JSON Lines of objects."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from typing import Any

from ...errors import ListError
from ..entry import Entry
from ..switches import switch
from .beside import Nulls
from .cells import cells_in
from .column_names import JUDGED, named_column, type_named
from .columns import FEW_ALIKE, ONE_IN, Column, name_columns
from .dates import is_date
from .digests import BY_DIGITS, are_parts, digits_in, digits_told
from .fields import BadField, shown
from .inside import speaks_inside
from .json_tables import HeaderRows, as_usual, is_schema, table_in
from .json_walk import UNREADABLE, JsonWalk
from .judging import tells
from .object_rows import (
    DESCRIBING,
    PARTS,
    TYPE_BY_NAME,
    has_digest,
    has_many,
    held,
    holds_digest,
    holds_records,
    is_of_digests,
    is_of_no_type,
    is_understood,
    labels_judge,
    rows_of,
    said_by_name,
    speaks_alone,
    speaks_of_another,
    with_said,
)
from .options import ReadOptions
from .packed import DamagedPage
from .pages import Page
from .paging import note_paging, without_success
from .record_fields import Fields
from .records import RowReader
from .stix import StixObjects
from .tally import Tally
from .text import uses_of
from .titles import Titles
from .vocabulary import FALSE, NULL, TRUE, plain

__all__ = ["read"]

_MAX_DEPTH = 8
#: Different sets of fields for which is remembered what they mean.
_REMEMBERED = 1000
#: And so many fields of them together.
_REMEMBERED_FIELDS = 100_000
#: So many digests without more of an array are held until what stands behind it is known.
_MANY = 50_000


_Walk = Generator[Entry, None, tuple[Any, bool]]


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry]:
    """Yield the entries of one page.

    References
    ----------
    docs/formats.md, "JSON".
    """
    return _Reader(page, tally, options).entries()


class _Reader:
    """Walks through one page: what holds records is gone into, what is in a record is read with it.

    Of an object around records the fields that speak of type, deletion or opinion count for all of them; where such
    a field comes only after them, the list is refused.
    """

    def __init__(self, page: Page, tally: Tally, options: ReadOptions) -> None:
        self._page = page
        self._tally = tally
        self._options = options
        self._walk = JsonWalk(page, tally)
        self._readers: dict[tuple[object, ...], RowReader | str] = {}
        self._n_remembered = 0  # fields of these
        self._fields = Fields(tally)
        self._lengths: Counter[int] = Counter()  # of digests of no type
        self._stream = self._walk.stream
        self._stix = StixObjects(tally, options.ignore, options.now)
        self._titles = Titles(page, tally, options)
        self._nulls = Nulls(tally)

    def entries(self) -> Iterator[Entry]:
        yield from self._walk.to_its_end(self._roots())
        self._fields.close()
        self._check_lengths()
        self._titles.check_types({BY_DIGITS[n] for n in self._lengths})
        self._stix.close()

    def _roots(self) -> Iterator[Entry]:
        n_roots = 0
        around: dict[str, Any] = {}  # what stands alone, and may be around an array of digests
        while (first := self._stream.peek()) != "":
            if first == "[":
                texts, _ = yield from self._array({}, 0)
                yield from self._texts({}, texts)
            elif first == "{":
                fields, has_records = yield from self._object({}, 0)
                if not has_records and (table := table_in(fields)) is not None:
                    rows, fields = table
                    has_records = True
                    yield from self._table(rows, fields)
                elif not has_records:
                    yield from self._root(fields)
                n_roots += 1
                if has_records or has_many(fields):
                    note_paging(fields, self._tally)
                else:
                    around = fields
            else:
                raise DamagedPage(f"expected '{{' or '[', found {first!r}")
        if n_roots == 1 and has_many(around, _MAX_DEPTH):
            note_paging(around, self._tally)

    def _check_lengths(self) -> None:
        """Refuse a page with a few digests of another length than all others, and of no type: they may be damaged.

        Raises
        ------
        ListError
        """
        n = self._lengths.total()
        (usual, n_usual), *others = self._lengths.most_common() or [(0, 0)]
        if not others or n_usual < FEW_ALIKE or n - n_usual > max(1, n // ONE_IN):
            return
        found = ", ".join(str(length) for length, _ in others)
        raise ListError(
            f"refused: of {n} digests whose type nothing says, {n_usual} have {usual} hexadecimal digits and "
            f"{n - n_usual} have {found}: these may be damaged; give types, or pass "
            f"{switch('algorithm', BY_DIGITS[usual].value)}, which rejects them (page {self._page.name})",
            path=self._tally.path,
        )

    def _object(self, above: Mapping[str, Any], depth: int) -> _Walk:
        """Go through an object; return its fields that are no records, and whether there were records in it."""
        stream = self._stream
        fields: dict[str, Any] = {}
        has_records = is_spoilt = False
        heeded: set[str] | None = None  # what was said of the records before the first of them
        groups: list[str] = []  # arrays of records or digests
        asides: list[str] = []  # arrays of what a column of deletions or opinions holds
        labels: list[str] = []  # arrays of labels that judge or take back
        for key in stream.members():
            said = {**above, **self._said_around(fields)}
            if self._is_digest(key):
                has_records, heeded = True, heeded if heeded is not None else {*said}
                yield from self._by_digest(key, said)
                continue
            first = stream.peek()
            if key == "schema" and first == "{" and not has_digest(fields):
                value = self._value(key)
                if isinstance(value, dict) and holds_records(value):
                    has_records, heeded = True, heeded if heeded is not None else {*said}
                    yield from self._inside(value, said, depth + 1)
                elif not is_schema(value):
                    fields[key] = value
                continue
            if first not in ("[", "{") or depth >= _MAX_DEPTH or has_digest(fields) or _is_part(key, first):
                value = self._value(key)
                if value is UNREADABLE or fields.get(key, value) != value:
                    is_spoilt = True
                    if value is not UNREADABLE:
                        self._reject(f"{shown(key)} stands twice, and says different things")
                fields[key] = value
                if isinstance(value, list) and value and is_of_digests(key, value):
                    groups.append(key)
                elif (
                    isinstance(value, list) and named_column(key).meaning == "labels" and labels_judge(value)
                ):
                    labels.append(key)
                continue
            inside = {**said, **said_by_name(key)}
            left, had_records = yield from (
                self._array(inside, depth + 1, plain(key) in DESCRIBING)
                if first == "["
                else self._object(inside, depth + 1)
            )
            if first == "[" and (had_records or (left and is_of_digests(key, left))):
                groups.append(key)
            elif first == "[" and named_column(key).meaning in JUDGED and _are_cells(left):
                asides.append(key)
            if isinstance(left, list) and left and len(inside) > len(said):  # its name says something of each
                yield from self._texts(inside, left)
                left, had_records = [], True
            if had_records:
                has_records, heeded = True, heeded if heeded is not None else {*said}
            elif fields.get(key, left) != left:
                is_spoilt = True
                self._reject(f"{shown(key)} stands twice, and says different things")
            else:
                fields[key] = left
        if any(plain(name) not in PARTS for name in groups):  # of these records more is known
            asides += labels
        self._check_groups(groups, asides)
        if is_spoilt:
            return {}, True  # what could not be read is a reject, and the rest of it means nothing without
        if has_records:
            self._titles.meet(fields)
            if depth:
                note_paging(fields, self._tally)
            yield from self._beside(fields, above, heeded or set())
        return fields, has_records

    def _check_groups(self, groups: Sequence[str], asides: Sequence[str] = ()) -> None:
        """Refuse an object of whose arrays one may take back, or judge, what is in another, or all that is in itself.

        Raises
        ------
        ListError
        """
        told = {name.casefold() for names in self._options.columns.values() for name in names}
        told |= {name.casefold() for name in self._options.ignore}
        unclear = [name for name in groups if not is_understood(name)] if len(groups) > 1 else []
        if any(TYPE_BY_NAME in said_by_name(name) for name in groups):
            unclear += [
                n for n in groups if not said_by_name(n) and not is_of_no_type(n) and n not in unclear
            ]
        beside = [*unclear, *(asides if groups else ())]
        for name in (each for each in beside if each.casefold() not in told):
            raise ListError(
                f"refused: what the array {name!r} says of the digests {'in it' if name in unclear else 'beside it'} "
                f"is not known, and they may have been taken back: {switch('ignore', [name])} says that they were not "
                f"(page {self._page.name})",
                path=self._tally.path,
            )

    def _table(self, rows: Sequence[dict[str, Any]], beside: Mapping[str, Any]) -> Iterator[Entry]:
        """Read the rows of a table beside which something stands."""
        self._titles.meet(beside)
        self._check_beside_records(beside)
        said = self._said_around(beside)
        for row in rows:
            yield from self._record(with_said(said, row))
        yield from self._beside(dict(beside), {}, {*said})

    def _root(self, fields: dict[str, Any]) -> Iterator[Entry]:
        """Read an object without records in it: it is one, or around deletes of ids, or digests in another notation."""
        arrays = {} if has_digest(fields) else {k: v for k, v in fields.items() if isinstance(v, list) and v}
        alone = {key: value for key, value in arrays.items() if all(map(speaks_alone, value))}
        if self._options.notation is not None:
            alone |= {k: v for k, v in arrays.items() if all(self._is_digest(str(each)) for each in v)}
        if alone:
            self._titles.meet(fields)
        elif (record := self._stix.taken(fields)) is not None:
            yield from self._record(without_success(record) if has_many(record, _MAX_DEPTH) else record)
        said = self._said_around(fields)
        for key, value in alone.items():
            yield from self._texts({**said, **said_by_name(key)}, value)

    def _by_digest(self, key: str, said: Mapping[str, Any]) -> Iterator[Entry]:
        """Read a field whose name is a digest: what it holds is said of that."""
        value = self._value()
        self._nulls.meet(key, value, self._walk.number + 1)
        record = value if isinstance(value, dict) else {} if value is None else {"value": value}
        if isinstance(value, (bool, str, int, float)) and _is_cell(value):
            self._reject(f"{shown(value)} for the digest {shown(key)}, and nothing says of what")
        elif "hash" in record:
            self._reject(f"an object by the digest {shown(key)} that has a field 'hash' of its own")
        elif value is not UNREADABLE:
            yield from self._record(with_said(said, {"hash": key} | record))

    def _beside(self, fields: dict[str, Any], above: Mapping[str, Any], heeded: set[str]) -> Iterator[Entry]:
        """Look at what stands beside records in one object: more digests, or something that is said of all.

        Raises
        ------
        ListError
            It is said of them, and comes behind them.
        """
        said = self._said_around(fields)
        self._check_beside_records(fields)
        late = [name for name in said if name not in heeded]
        if late:
            raise ListError(
                f"refused: {late[0]!r} stands behind the records of which it seems to speak: "
                f"{switch('ignore', [late[0]])} sets it aside (page {self._page.name})",
                path=self._tally.path,
            )
        for key in [
            name for name, value in fields.items() if isinstance(value, list) and is_of_digests(name, value)
        ]:
            yield from self._texts({**above, **said, **said_by_name(key)}, fields.pop(key))
        if has_digest(fields):
            self._reject("an object that has a digest of its own, and records in it")

    def _check_beside_records(self, fields: Mapping[str, Any]) -> None:
        """Refuse a page of which something beside its records takes back or judges some, or holds more of them.

        Raises
        ------
        ListError
        """
        is_table = table_in(fields) is not None
        for name, value in fields.items():
            rows = [each for each in value if isinstance(each, list)] if isinstance(value, list) else []
            if name not in self._options.ignore and rows and (is_table or holds_digest(rows)):
                raise ListError(
                    f"refused: {name!r} beside the records may be rows of a table with more of them, which are not "
                    f"read: {switch('ignore', [name])} sets it aside (page {self._page.name})",
                    path=self._tally.path,
                )
            if (
                isinstance(value, (list, dict))
                and name not in self._options.ignore
                and speaks_inside(value, name)
            ):
                raise ListError(
                    f"refused: {name!r} beside the records speaks of deletion or opinion, and of which of them is not "
                    f"known: {switch('ignore', [name])} sets it aside (page {self._page.name})",
                    path=self._tally.path,
                )

    def _said_around(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Return what fields around records say of each of them."""
        ignored = {name.casefold() for name in self._options.ignore}
        said: dict[str, Any] = {}
        for name, value in fields.items():
            if isinstance(value, dict):  # "header": {"algorithm": ...}
                inner = self._said_around(value)
                said |= {key: each for key, each in inner.items() if named_column(key).meaning == "type"}
            named = named_column(name)
            is_no = value is False and named.meaning in ("active", "stands", "malicious", "reviewed")
            if isinstance(value, (dict, list)) or name.casefold() in ignored:
                continue
            if value in (None, "", 0, False) and not is_no:
                continue
            if named.meaning == "type":
                kind = type_named(value) if isinstance(value, str) else None
                if plain(name) != "type" or (kind is not None and kind.algorithm is not None):
                    said[name] = value
            elif named.meaning in ("expires", "disable_until"):
                continue  # of the page, not of its records
            elif named.meaning in JUDGED and (not named.weak or tells(value, named.meaning)):
                # A number may be how many were deleted.
                said[name] = value if isinstance(value, (str, bool)) else f"{value} of them"
        return said

    def _array(self, above: Mapping[str, Any], depth: int, describes: bool = False) -> _Walk:
        """Go through an array; return the texts in it, which its owner knows what to do with."""
        texts: list[object] = []
        has_records, rows = False, HeaderRows()
        try:
            for _ in self._stream.elements():
                value = self._value()
                if isinstance(value, list) and (row := rows.taken(value)) is not None:
                    has_records = has_records or bool(row)
                    if row:
                        yield from self._record(with_said(above, row))
                elif isinstance(value, dict):
                    value = self._stix.taken(value)
                    if value is None:
                        continue
                    is_record = has_records or depth == 0 or has_digest(value) or (texts and not describes)
                    if is_record or _lists_in(value) or holds_records(value):
                        has_records = True
                        yield from self._inside(value, above, depth)
                    else:
                        texts.append(value)
                elif depth == 0 and value is not UNREADABLE:
                    self._check_beside(value)
                    yield from self._texts(above, [value])
                elif value is not UNREADABLE:
                    texts.append(value)
                if len(texts) > _MANY:
                    yield from self._texts(above, texts)
                    texts, has_records = [], True
        except DamagedPage:
            yield from self._texts(above, [text for text in texts if isinstance(text, str)])
            raise
        texts += [rows.left] if rows.left else []
        if texts and (has_records or depth == 0):
            yield from self._texts(above, texts)
            texts = []
        return texts, has_records

    def _check_beside(self, value: object) -> None:
        """Refuse a page in which a yes or no stands among digests: they are rows, and it may take theirs back.

        Raises
        ------
        ListError
        """
        if isinstance(value, bool):
            raise ListError(
                f"refused: {shown(value)} stands among the digests of an array, and may take one back: write rows as "
                f"objects with names (page {self._page.name})",
                path=self._tally.path,
            )

    def _texts(self, above: Mapping[str, Any], texts: list[object]) -> Iterator[Entry]:
        """Yield what the elements of an array say that are digests alone, or ids of what was taken back."""
        ids_alone = all(map(_is_id, texts))
        if any(isinstance(each, str) for each in texts):
            for each in texts:
                self._check_beside(each)
        for text in texts:
            if above.get("deleted") is True and ids_alone:
                yield from self._record(with_said(above, {"id": text}))
            elif isinstance(text, str) or (isinstance(text, int) and self._options.notation == "decimal"):
                yield from self._record(with_said(above, {"hash": text}))
            elif isinstance(text, dict):
                yield from self._record(with_said(above, text))
            else:
                more = ": rows need a first one that names their columns" if isinstance(text, list) else ""
                self._reject(f"expected an object or a digest for a record, found {shown(text)}{more}")

    def _inside(self, record: dict[str, Any], above: Mapping[str, Any], depth: int) -> Iterator[Entry]:
        """Yield what an element says; one without a digest that has records in it stands for these."""
        is_one = has_digest(record) or depth >= _MAX_DEPTH
        lists = {} if is_one else _lists_in(record)
        wrapped = (
            {} if is_one else {k: v for k, v in record.items() if isinstance(v, dict) and holds_records(v)}
        )
        if not lists and not wrapped:
            yield from self._record(with_said(above, record))
            return
        with_digests = [key for key, value in lists.items() if any(map(holds_records, value))]
        if with_digests or wrapped:  # what stands beside them says something of them, if of anything
            lists = {key: lists[key] for key in with_digests}
        self._check_groups([key for key, value in lists.items() if any(map(has_digest, value))])
        rest = {name: value for name, value in record.items() if name not in lists and name not in wrapped}
        self._check_beside_records(rest)
        self._titles.meet(rest)
        said = {**above, **self._said_around(rest)}
        for key, value in lists.items():
            for each in value:
                yield from self._inside(each, {**said, **said_by_name(key)}, depth + 1)
        for key, one in wrapped.items():
            yield from self._inside(one, {**said, **said_by_name(key)}, depth + 1)

    def _is_digest(self, key: str) -> bool:
        """Tell whether the name of a field is a digest: objects by digest say what they say of it inside."""
        return digits_told(key, self._options.algorithm, self._options.notation) > 0

    def _value(self, key: str = "") -> Any:
        return self._walk.value(f"{shown(key)} is " if key else "")

    def _reject(self, reason: str) -> None:
        self._walk.reject(reason)

    # -- records -------------------------------------------------------------------------------------------

    def _record(self, record: Mapping[str, Any]) -> Iterator[Entry]:
        """Yield the entries of one object."""
        self._walk.number += 1
        number = self._walk.number
        record = as_usual(record)
        try:
            self._check_parts(record)
            rows = list(rows_of(record))
        except BadField as exc:
            self._tally.n_records += 1
            self._tally.reject(number, str(exc))
            return
        if len(rows) > 1:
            self._titles.meet(record)
        n_rejects = self._tally.n_rejects
        for row in rows:
            reader = self._reader_for(row)
            if isinstance(reader, str):
                self._tally.n_records += 1
                self._tally.reject(number, reader)
            else:
                values = list(row.values())
                self._fields.meet(reader, is_typed=TYPE_BY_NAME in row)
                if self._options.algorithm is None and not any(c.meaning == "type" for c in reader.columns):
                    self._lengths.update(
                        n
                        for k in reader.hash_columns
                        if reader.columns[k].type.algorithm is None and (n := _untyped_digits(values[k]))
                    )
                yield from reader.entries(values, number)
        if self._tally.n_rejects > n_rejects and (said := speaks_of_another(record)) is not None:
            raise ListError(
                f"refused: {said} is said of another record, which would be matched against (an object without a "
                f"digest in {self._tally.place(number)}): take both out of the list, or the other alone",
                path=self._tally.path,
            )

    def _check_parts(self, record: Mapping[str, Any]) -> None:
        """Refuse a record with a list of digests, of no type, that may be one: its name is not of several.

        Raises
        ------
        BadField
        """
        if self._options.algorithm is not None:
            return
        for name, value in record.items():
            if not isinstance(value, list) or not are_parts(value) or plain(name).endswith("s"):
                continue
            named = named_column(name)
            if named.meaning == "hash" and named.type is not None and named.type.algorithm is None:
                raise BadField(
                    f"the {len(value)} digests in {name!r} may be one in parts, of {len(value)} times as many digits: "
                    f"{switch('algorithm', BY_DIGITS[digits_in(value[0])].value)} takes each for one"
                )

    def _reader_for(self, row: Mapping[str, Any]) -> RowReader | str:
        """Return what reads rows of these fields, or why none can."""
        key = (*row, *map(held, row.values()))
        known = self._readers.get(key)
        if known is not None:
            return known
        names = tuple(row)
        sample = [[_sampled(value) for value in row.values()]]
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
        if len(self._readers) < _REMEMBERED and self._n_remembered < _REMEMBERED_FIELDS:
            self._readers[key] = reader
            self._n_remembered += len(row)
        return reader


def _sampled(value: object) -> str:
    """Return a value as a cell of a table, as far as that is one."""
    cells = cells_in(value)
    return str(value) if cells is None else cells[0]


def _untyped_digits(value: object) -> int:
    """Return how many digits a digest has that does not say its type itself; 0 for none."""
    return digits_in(value) if isinstance(value, str) and ":" not in value else 0


def _is_id(value: object) -> bool:
    """Tell whether the element of an array is an id, and can be no digest, damaged or not."""
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return False
    text = str(value).strip()
    return bool(text) and (
        _UUID.fullmatch(text) is not None
        or (len(text) <= _MAX_ID and re.search(r"[0-9A-Fa-f+/]{13,}", text) is None)
    )


#: Digests have at least 16 hexadecimal digits; ids of fewer characters in a row are none.
_MAX_ID = 80
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def _plainly(name: str) -> Column:
    named = named_column(name)
    meaning = "extra" if named.meaning in ("hash", "odd_hash") else named.meaning
    return Column(name, meaning, weak=named.weak, how="named")


def _is_cell(value: object) -> bool:
    """Tell whether a value is what columns of deletions and opinions hold: yes, no, a date, a word of theirs."""
    text = str(value).strip()
    return text.lower() in TRUE | FALSE | NULL or is_date(text) or tells(text)


def _are_cells(values: object) -> bool:
    return (
        isinstance(values, list)
        and bool(values)
        and all(not isinstance(v, (list, dict)) and _is_cell(v) for v in values)
    )


def _is_part(key: str, first: str) -> bool:
    """Tell whether what stands under a key is part of the record it is in, and no records of its own."""
    return named_column(key).meaning == "labels" or (first == "[" and plain(key) in PARTS)


def _lists_in(record: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the arrays of objects that an object has."""
    return {
        key: value
        for key, value in record.items()
        if isinstance(value, list) and value and all(isinstance(each, dict) for each in value)
    }
