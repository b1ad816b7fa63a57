"""Read digests out of an SQLite database: NSRL RDS version 3, and tables whose columns say what they hold."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from ...errors import ListError
from ...files import read_head
from ..entry import Entry
from ..switches import switch
from .batch import Batch
from .bulk import read_rows
from .column_names import JUDGED, named_column
from .columns import Column, name_columns
from .fields import shown
from .inside import json_may_speak, speaks_inside
from .options import ReadOptions
from .pages import Page
from .records import RowReader
from .sentences import is_section
from .tally import Tally
from .text import uses_of
from .vocabulary import plain

__all__ = ["read"]

# The tables of an RDS: known software, of whatever kind, which is why its entries are harmless to us.
_NSRL = frozenset(("file", "pkg", "mfg", "os", "version"))
_NSRL_HASHES = ("metadata", "file")
_MAX_TABLES = 1000
_MAX_COLUMNS = 200
_MAX_CELL_BYTES = 1 << 20
#: Steps of SQLite's machine for one row of a plain table are some dozens; without a row for so many it is stuck.
_MAX_STEPS_OF_ROW = 2_000_000
#: What all cells may be long together: so much, and so many times the database. A column that was added later has its
#: default in every row and once in the file; a leaf may be reached in many ways.
_CELLS_FREE, _CELLS = 4 << 20, 10
#: Bytes that a row, and each cell, counts beside what is in it: columns that were added later are in no row.
_ROW_BYTES, _BYTES_OF_CELL = 16, 4
_SAMPLE = 50
#: So many rows are turned into entries at once, or what has so many characters.
_ROWS, _HELD_BYTES = 1024, 8 << 20


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry | Batch]:
    """Yield the entries of one database.

    It is opened read-only and treated as hostile: no view, no virtual table, no trigger and no function of its
    schema runs, and no cell is longer than 1 MiB.

    Raises
    ------
    ListError
        No table is known to hold digests, or several are.

    References
    ----------
    docs/formats.md, "SQLite".
    """
    tally.unit = "row"
    if page.name != page.path.name:
        raise ListError("an SQLite database inside an archive: unpack it", path=tally.path)
    log = page.path.with_name(page.path.name + "-wal")
    if log.exists() and log.stat().st_size:
        raise ListError(
            f"refused: part of this database stands in its write-ahead log ({log.name}): close it first, "
            "PRAGMA wal_checkpoint(TRUNCATE)",
            path=tally.path,
        )
    if _is_hot(page.path.with_name(page.path.name + "-journal")):
        raise ListError(
            f"refused: a change of this database was not finished, and what was there before stands in its journal "
            f"({page.path.name}-journal): open it with SQLite once, which takes that back, or take the journal away",
            path=tally.path,
        )
    number = 0
    why = _cut_off(page)
    for _ in page.chunks():
        pass  # SQLite reads the file itself
    if why is not None:
        tally.cut(1, why)
        return
    try:
        with closing(_opened(page.path)) as database:
            budget = _Budget(page.path.stat().st_size)
            table, names, columns = _table(database, options, tally, page, budget)
            tally.columns += uses_of(page.name, columns, ())
            more: tuple[str, ...] = ()
            if {name.lower() for name in _names(database, ("table", "view"))} >= _NSRL:
                tally.note(
                    "an NSRL reference data set: known software of every kind; its entries are negative, for use as an "
                    "allow-list"
                )
                columns = (*columns, Column("NSRL", "category", how="found"))
                more = ("negative",)
            reader = RowReader(columns, options, tally)
            cursor = database.execute(
                f"SELECT {', '.join(map(_quoted, names))} FROM {_quoted(table)} NOT INDEXED"
            )
            for cells in _blocks(cursor, budget):
                rows = [[*row, *more] for row in cells]
                yield from read_rows(reader, rows, range(number + 1, number + len(rows) + 1))
                number += len(rows)
    except (sqlite3.Error, OverflowError, UnicodeError, _Swollen) as exc:
        tally.cut(number + 1, f"the database cannot be read: {exc}")


class _Swollen(Exception):
    """What comes out of a database is more than stands in it."""


class _Budget:
    """How long the cells that are read of a database of so many bytes, of all its tables together, may still be."""

    def __init__(self, n_bytes: int) -> None:
        self.left = _CELLS_FREE + _CELLS * n_bytes

    def rows(self, cursor: sqlite3.Cursor) -> Iterator[list[str]]:
        """Yield rows while it lasts.

        Raises
        ------
        _Swollen
            It does not.
        """
        for row in cursor:
            cells = [_shown(cell) for cell in row]
            self.left -= _ROW_BYTES + _BYTES_OF_CELL * len(cells) + sum(map(len, cells))
            if self.left < 0:
                raise _Swollen(f"its cells are more than {_CELLS} times as long as all of it")
            yield cells


def _blocks(cursor: sqlite3.Cursor, budget: _Budget) -> Iterator[list[list[str]]]:
    """Yield rows, some at a time.

    Raises
    ------
    _Swollen
        After the rows before.
    """
    rows: list[list[str]] = []
    before = budget.left
    try:
        for cells in budget.rows(cursor):
            rows.append(cells)
            if len(rows) == _ROWS or before - budget.left > _HELD_BYTES:
                yield rows
                rows, before = [], budget.left
    except _Swollen:
        yield rows
        raise
    yield rows


def _is_hot(journal: Path) -> bool:
    """Tell whether a rollback journal is there and holds something: of one that is done, size or header are nothing."""
    if not journal.exists() or not journal.stat().st_size:
        return False
    head = read_head(journal, _HEADER_BYTES_OF_JOURNAL)
    return any(head) or not head  # of one that cannot be read nobody knows what is in it


def _cut_off(page: Page) -> str | None:
    """Return why a database is not whole: SQLite reads what is left of a last page as if all of it were there."""
    head = page.head
    if len(head) < _HEADER_BYTES:
        return "its header is cut off"
    page_bytes = int.from_bytes(head[16:18], "big")
    page_bytes = 65536 if page_bytes == 1 else page_bytes
    n_pages = int.from_bytes(head[28:32], "big") if head[24:28] == head[92:96] else 0
    n_bytes = page.path.stat().st_size
    if page_bytes < 512 or n_bytes % page_bytes or n_bytes < n_pages * page_bytes:
        return (
            f"expected {n_pages or 'whole'} pages of {page_bytes} bytes, found {n_bytes} bytes: it is cut off"
        )
    return None


#: Of a rollback journal: its mark, and how many pages stand in it.
_HEADER_BYTES_OF_JOURNAL = 28
#: Of an SQLite database; page size, number of pages, and whether that is of the last change stand in it.
_HEADER_BYTES = 100


def _opened(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1", uri=True)
    try:
        database.text_factory = lambda data: data.decode("utf-8", "replace")
        for pragma in ("query_only=ON", "trusted_schema=OFF", "cell_size_check=ON", "mmap_size=0"):
            database.execute(f"PRAGMA {pragma}")
        if hasattr(database, "setlimit"):  # Python 3.11
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _MAX_CELL_BYTES)
        database.set_authorizer(_only_reading)
        steps = [0]
        database.set_progress_handler(lambda: _stuck(steps), 1000)
        database.row_factory = lambda cursor, row: _reset(steps, row)
    except BaseException:
        database.close()
        raise
    return database


def _only_reading(action: int, what: str | None, *_: object) -> int:
    allowed = action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ)
    is_asked_of = action == sqlite3.SQLITE_PRAGMA and what == _DESCRIBED
    return sqlite3.SQLITE_OK if allowed or is_asked_of else sqlite3.SQLITE_DENY


def _stuck(steps: list[int]) -> int:
    steps[0] += 1000
    return int(steps[0] > _MAX_STEPS_OF_ROW)


def _reset(steps: list[int], row: tuple[object, ...]) -> tuple[object, ...]:
    steps[0] = 0
    return row


def _names(database: sqlite3.Connection, kinds: tuple[str, ...]) -> list[str]:
    marks = ",".join("?" * len(kinds))
    query = f"SELECT name FROM sqlite_master WHERE type IN ({marks}) LIMIT {_MAX_TABLES}"
    return [str(name) for (name,) in database.execute(query, kinds)]


def _tables(database: sqlite3.Connection) -> dict[str, list[str]]:
    """Return the columns of every plain table by its name."""
    query = (
        f"SELECT name, sql FROM sqlite_master WHERE type = 'table' AND rootpage > 0 LIMIT {_MAX_TABLES + 1}"
    )
    found = {}
    for name, sql in database.execute(query).fetchall():
        if isinstance(sql, str) and re.match(r"\s*CREATE\s+TABLE\b", sql, re.IGNORECASE):
            described = database.execute(f"SELECT * FROM {_quoted(str(name))} LIMIT 0").description or ()
            found[str(name)] = [str(each[0]) for each in described]
    return found


#: What SQLite is asked of a table: its columns, and which of them are computed where they are read.
_DESCRIBED, _COMPUTED = "table_xinfo", 2


def _computed(database: sqlite3.Connection, table: str) -> list[str]:
    """Return the columns of a table that are computed of others when they are read.

    Their functions run whatever an authorizer says: it is not asked while a schema is read.
    """
    rows = database.execute(f"PRAGMA {_DESCRIBED}({_quoted(table)})").fetchall()
    return [str(row[1]) for row in rows if row[6] == _COMPUTED]


def _table(
    database: sqlite3.Connection, options: ReadOptions, tally: Tally, page: Page, budget: _Budget
) -> tuple[str, list[str], tuple[Column, ...]]:
    """Return the one table that holds digests, its columns, and what they mean."""
    tables = _tables(database)
    if len(tables) > _MAX_TABLES:
        raise ListError(
            f"refused: more than {_MAX_TABLES} tables: export the one with the digests as CSV (page {page.name})",
            path=tally.path,
        )
    wanted = {name.casefold() for names in options.columns.values() for name in names}
    holding = _holding(tables, wanted, typed=True) or _holding(tables, wanted, typed=False)
    nsrl = [name for name in holding if name.lower() in _NSRL_HASHES]
    if len(nsrl) > 1:
        holding = [name for name in nsrl if name.lower() == _NSRL_HASHES[0]]
    if len(holding) != 1:
        names = ", ".join(map(repr, sorted(tables)[:20])) or "none"
        what = "no table" if not holding else f"{len(holding)} tables ({', '.join(sorted(holding)[:5])})"
        raise ListError(
            f"refused: {what} of this database (it has {names}) is known to hold digests: say which column does, "
            f"{switch('columns', {'md5': 'NAME'})}, or export the table as CSV (page {page.name})",
            path=tally.path,
        )
    (table,) = holding
    ignored = {name.casefold() for name in options.ignore}
    for name in tables:
        for column in _computed(database, name) if name.casefold() not in ignored else ():
            if name != table or column.casefold() not in ignored:
                aside = switch("ignore", [column if name == table else name])
                raise ListError(
                    f"refused: column {column!r} of table {name!r} is computed by the database itself, and nothing of "
                    f"its schema is run: export the table as CSV, or {aside} sets it aside (page {page.name})",
                    path=tally.path,
                )
            tables[table].remove(column)
    _check_names(database, tables, table, options, tally, page, budget)
    columns = tables[table]
    names = ", ".join(map(_quoted, columns))
    rows = database.execute(f"SELECT {names} FROM {_quoted(table)} LIMIT {_SAMPLE}").fetchall()
    sample = [[_shown(value) for value in row] for row in rows]
    return table, columns, name_columns(columns, sample, options, tally)


def _check_names(
    database: sqlite3.Connection,
    tables: Mapping[str, Sequence[str]],
    table: str,
    options: ReadOptions,
    tally: Tally,
    page: Page,
    budget: _Budget,
) -> None:
    """Refuse a database with a table whose name may say that its records, or those it names, were taken back.

    Raises
    ------
    ListError
    """
    ignored = {name.casefold() for name in options.ignore}
    for name in tables:
        if name.casefold() in ignored or not _takes_back(name):
            continue
        if name == table or database.execute(f"SELECT 1 FROM {_quoted(name)} LIMIT 1").fetchone() is not None:
            raise ListError(
                f"refused: the name of table {name!r} may say that records were taken back, or judged harmless: "
                f"{switch('ignore', [name])} says that it does not (page {page.name})",
                path=tally.path,
            )
    for name, columns in tables.items():
        if name != table and name.casefold() not in ignored and name.lower() not in _NSRL:
            _check_beside(database, name, columns, table, tally, budget)
    views = [view for view in _names(database, ("view",)) if view.lower() not in _NSRL]
    if views:
        tally.note(
            f"views of this database ({', '.join(map(repr, views[:5]))}) are not run: what they leave out of table "
            f"{table!r} is matched against"
        )


def _check_beside(
    database: sqlite3.Connection,
    name: str,
    columns: Sequence[str],
    table: str,
    tally: Tally,
    budget: _Budget,
) -> None:
    """Refuse a database with a table that says something against records of the one with the digests, by their ids.

    Raises
    ------
    ListError
    _Swollen
    """
    own = plain(table).rstrip("s")
    refers = [
        column
        for column in _referring(database, name, table)
        if column.casefold() in {each.casefold() for each in columns}
    ] + [each for each in columns if plain(each) in (f"{own}id", f"{own}ref") or _is_of_another(each)]
    if not refers:
        _look_up(database, name, columns, table, tally)
        return
    try:
        _check_cells(
            database, name, columns, f"of records of table {table!r} (by {refers[0]!r})", tally, budget
        )
    except sqlite3.DataError as exc:
        raise ListError(
            f"refused: table {name!r} speaks of records of table {table!r} (by {refers[0]!r}), and cannot be read "
            f"({exc}): {switch('ignore', [name])} sets the table aside",
            path=tally.path,
        ) from None


def _check_cells(
    database: sqlite3.Connection, name: str, columns: Sequence[str], of: str, tally: Tally, budget: _Budget
) -> None:
    """Refuse a database of which a cell of one table says something against records of another.

    Raises
    ------
    ListError
    _Swollen
    """
    judged = [named_column(each).meaning in JUDGED for each in columns]
    looked_at: set[tuple[int, str]] = set()
    for rows in _blocks(database.execute(f"SELECT * FROM {_quoted(name)}"), budget):
        for k, cells in enumerate(zip(*rows, strict=True)):
            texts = {text for text in {*cells} if text and (k, text) not in looked_at}
            if len(looked_at) < _SAMPLE * _MAX_COLUMNS:
                looked_at.update((k, text) for text in texts)
            if not judged[k] and not json_may_speak([text.encode("utf-8", "replace") for text in texts]):
                continue
            found = next((text for text in texts if speaks_inside(text, columns[k])), None)
            if found is not None:
                raise ListError(
                    f"refused: table {name!r} says {columns[k]} {shown(found)} {of}, which would be matched against: "
                    f"take these out, or {switch('ignore', [name])} sets the table aside",
                    path=tally.path,
                )


def _referring(database: sqlite3.Connection, name: str, table: str) -> list[str]:
    """Return the columns of a table that refer to another, as its definition says."""
    query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
    sql = next((str(each) for (each,) in database.execute(query, (name,))), "")
    found = _REFERENCE.findall(sql[:_MAX_SQL])
    return [own or other for own, other, to, bare in found if (to or bare).casefold() == table.casefold()]


#: A column that refers to a table, or FOREIGN KEY (column) that does.
_REFERENCE = re.compile(
    r"""(?:[(,]\s*["`\[]?(\w+)["`\]]?(?:[^(),]|\([\d\s,]*\))*?|\(\s*["`\[]?(\w+)["`\]]?\s*\)\s*)\bREFERENCES\s+"""
    r"""(?:["`\[]([^"`\]]+)["`\]]|(\w+))""",
    re.IGNORECASE,
)
_MAX_SQL = 20_000


def _look_up(
    database: sqlite3.Connection, name: str, columns: Sequence[str], table: str, tally: Tally
) -> None:
    """Remark on a table of words, not many, that others may refer to: tags, states, categories."""
    columns = columns[:_MOST_OF_WORDS]
    query = f"SELECT {', '.join(map(_quoted, columns))} FROM {_quoted(name)} LIMIT {_MOST_WORDS + 1}"
    rows: list[list[str]] = []
    left = _CELLS_FREE
    try:
        for row in database.execute(query):
            rows.append([_shown(cell) for cell in row])
            left -= sum(map(len, rows[-1]))
            if left < 0:
                return
    except sqlite3.Error:
        return  # one that holds long values holds no such words
    if len(rows) > _MOST_WORDS:
        return
    said = ((column, cell) for row in rows for column, cell in zip(columns, row, strict=True))
    found = next(((column, cell) for column, cell in said if speaks_inside(cell, column)), None)
    if found is not None:
        tally.note(
            f"table {name!r} says {found[0]} {shown(found[1])}, and of which records of table {table!r} is not known: "
            "they are matched against"
        )


#: A table of tags or states has so many rows at most, and in its first so many columns.
_MOST_WORDS, _MOST_OF_WORDS = 1000, 20


def _is_of_another(name: str) -> bool:
    """Tell whether a column holds digests, or ids of records that have them."""
    meaning = named_column(name).meaning
    return meaning in ("hash", "odd_hash") or (meaning == "id" and plain(name) not in ("id", "guid", "uuid"))


def _takes_back(name: str) -> bool:
    named = named_column(name)
    return is_section(name.replace("_", " ")) or (named.meaning in JUDGED and not named.weak)


def _holding(tables: Mapping[str, Sequence[str]], wanted: set[str], *, typed: bool) -> list[str]:
    """Return the tables that have the columns that were told, or one named for digests."""
    return [
        name
        for name, columns in tables.items()
        if len(columns) <= _MAX_COLUMNS
        and (
            wanted <= {each.casefold() for each in columns}
            if wanted
            else any(_is_digests(each, typed=typed) for each in columns)
        )
    ]


def _is_digests(name: str, *, typed: bool) -> bool:
    named = named_column(name)
    return named.meaning == "hash" and (
        not typed or (named.type is not None and named.type.algorithm is not None)
    )


def _shown(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else "" if value is None else str(value)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
