"""Read text, CSV and TSV lists: tables with a header or without, and lines of words."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence

from ...errors import ListError
from ..entry import Entry
from ..report import ColumnUse
from ..switches import switch
from .batch import Batch
from .bulk import read_columns, read_rows
from .column_names import type_named
from .columns import FOUND, NOT_UNDERSTOOD, Column, name_columns, with_length
from .dialect import Dialect, dialect_of
from .digests import BY_DIGITS, digits_in
from .fields import shown
from .options import ReadOptions
from .pages import DamagedPage, Page
from .records import section_refused
from .rows import Rows, comment_in, line_blocks, row_blocks, row_of
from .sentences import is_section
from .tally import Tally
from .titles import check_words, words_of
from .vocabulary import plain
from .words import LineReader, lengths_of, words_have_quality

__all__ = ["read", "uses_of"]

_EXAMPLES = 2
#: So many rows are turned into columns at once: more costs memory and saves no time.
_ROWS = 2048


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry | Batch]:
    """Yield the entries of one page, in batches where its lines are plain.

    Raises
    ------
    ListError
        Nothing says for sure what a column holds.

    References
    ----------
    docs/formats.md, "Text, CSV and TSV".
    """
    tally.unit = "line"
    dialect = dialect_of(page.head, options)
    if "#" not in options.ignore:
        _check_titles(page, dialect, tally)
    if dialect.n_above:
        tally.note(
            f"{dialect.n_above} lines above the header of {page.name} are set aside{_first_above(page, dialect)}"
        )
    sample = dialect.sample
    if dialect.delimiter is None and (dialect.names is None or len(dialect.names) == 1):
        # Lines of words are one cell each: those with more than a digest are looked at one by one.
        sample = tuple((" ".join(words),) for words in sample)
    _check_harmless(dialect, options, tally)
    if options.algorithm is None and (found := _IN_PARTS.match(page.head)) is not None:
        n = len(found[1])
        raise ListError(
            f"refused: its lines of {n} digits stand in blocks, and may be digests of {len(found[0].split()) // 2 * n} "
            f"in parts: {switch('algorithm', BY_DIGITS[n].value)} takes each for a digest (page {page.name})",
            path=tally.path,
        )
    columns = name_columns(dialect.names, sample, options, tally)
    if dialect.delimiter is None and len(columns) == 1:
        columns = (with_length(columns[0], lengths_of(dialect.sample)),)
    if options.algorithm is None and any(c.meaning == "hash" and c.type.algorithm is None for c in columns):
        _check_type(page, dialect, columns, tally)
    tally.columns += uses_of(page.name, columns, sample)
    reader = LineReader(
        columns,
        options,
        tally,
        headed=dialect.names is not None,
        sample=dialect.sample,
        has_quality=dialect.delimiter is None and words_have_quality(dialect.sample),
    )
    last_line = dialect.first_line - 1
    titles = _TitlesAmong(tally)
    try:
        for block in _blocks(page, dialect, len(columns)):
            last_line = max((last_line, *block.numbers[-1:], *(number for number, _ in block.bad[-1:])))
            titles.meet(block.numbers)
            yield from _entries(block, dialect, reader, titles)
        reader.close()
        titles.close()
    except DamagedPage as exc:
        tally.cut(last_line + 1, str(exc))


def _check_harmless(dialect: Dialect, options: ReadOptions, tally: Tally) -> None:
    """Refuse NIST's list of known software as text: its files are known, and mostly harmless.

    Raises
    ------
    ListError
    """
    names = {plain(name) for name in dialect.names or ()}
    ignored = {plain(name) for name in options.ignore}
    if names >= _NSRL and not ignored & _NSRL:
        raise ListError(
            "refused: its columns are those of NSRL's RDS, whose files are known and not harmful: use its SQLite "
            f"database as an allow-list, or take the list as it stands with {switch('ignore', ['ProductCode'])}",
            path=tally.path,
        )


#: Columns of NSRLFile.txt.
_NSRL = frozenset(("productcode", "opsystemcode"))


def _check_titles(page: Page, dialect: Dialect, tally: Tally) -> None:
    """Refuse a list above whose header it may say that all of it was taken back.

    Raises
    ------
    ListError
    """
    above = page.head.decode("utf-8", "replace").splitlines()[: max(dialect.first_line - 2, 0)]
    for number, line in enumerate(above, 1):
        if is_section(line):
            raise section_refused(tally, number, line.strip())


def _first_above(page: Page, dialect: Dialect) -> str:
    """Return which line above the header is the first with words in it, and what it may say."""
    above = page.head.decode("utf-8", "replace").splitlines()[: max(dialect.first_line - 2, 0)]
    found = next((line.strip() for line in above if _IN_WORDS.search(line)), None)
    if found is None or found.lower().startswith("sep="):
        return ""
    return f" ({shown(found)}): if they take back the list, or judge it, do not use it; it is matched against"


_IN_WORDS = re.compile(r"[^\W\d_]{2}")


def _check_type(page: Page, dialect: Dialect, columns: Sequence[Column], tally: Tally) -> None:
    """Refuse a list of digests of no type under a title or a comment that names another type than is guessed.

    Raises
    ------
    ListError
    """
    typed = [k for k, column in enumerate(columns) if column.meaning == "type"]
    guessed = {
        BY_DIGITS[n]
        for row in dialect.sample
        if not _states_type(row, typed)
        for cell in row
        if (n := digits_in(cell))
    }
    if not guessed:
        return  # whatever the list is called, its rows say of which types they are
    check_words(tally, page.name, guessed, f"the name of page {page.name}", page.name, column="column1")
    for number, line in enumerate(page.head.decode("utf-8", "replace").splitlines()[:_TITLES], 1):
        if any(map(digits_in, words_of(line))):
            return
        is_table = dialect.delimiter is not None or dialect.names is not None
        if (number == dialect.first_line - 1 and dialect.names is not None) or (
            is_table and number >= dialect.first_line and not comment_in(line)
        ):
            continue
        check_words(
            tally, page.name, guessed, f"{shown(line.strip())} (line {number})", line, column="column1"
        )


#: Two blocks, with a blank line between them, of lines that together are as long as a digest of another type.
_IN_PARTS = re.compile(
    rb"\s*(?=([0-9a-f]{16}|[0-9a-f]{32})\s)(?:(?:[0-9a-f]{16}[ \t]*\r?\n){4}[ \t]*\r?\n(?:[0-9a-f]{16}[ \t]*\r?\n){4}"
    rb"|(?:[0-9a-f]{16}[ \t]*\r?\n){2}[ \t]*\r?\n(?:[0-9a-f]{16}[ \t]*\r?\n){2}"
    rb"|(?:[0-9a-f]{32}[ \t]*\r?\n){2}[ \t]*\r?\n(?:[0-9a-f]{32}[ \t]*\r?\n){2})(?![0-9a-f])",
    re.IGNORECASE,
)
_MAY_BE_ROW = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{16,64}(?![0-9A-Za-z])")
#: Among so many lines in front of the digests a title is looked for.
_TITLES = 20


def _states_type(row: Sequence[str], typed: Sequence[int]) -> bool:
    """Tell whether a row says of which type its digests are, in a column of types, in front of them or behind."""
    at = {k for k, cell in enumerate(row) if digits_in(cell)}
    beside = {0, *typed} if typed else {0, *(k - 1 for k in at), *(k + 1 for k in at)}
    return any(
        0 <= k < len(row)
        and k not in at
        and (kind := type_named(row[k].strip("():= ").rpartition("|")[2])) is not None
        and kind.algorithm is not None
        for k in beside
    )


def _blocks(page: Page, dialect: Dialect, n_columns: int) -> Iterator[Rows]:
    if dialect.delimiter is not None:
        return row_blocks(page, dialect.delimiter, n_columns)
    return line_blocks(page, n_columns)


class _TitlesAmong:
    """Lines among the rows of a page that are none, and may be titles in words that nobody knows."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        tally.titles.clear()  # those of the page before
        self._first_row = self._last_row = 0
        self._comment = (0, "")

    def meet(self, numbers: Sequence[int]) -> None:
        """Look at the numbers of some rows."""
        if len(numbers):
            self._first_row = self._first_row or numbers[0]
            self._last_row = numbers[-1]

    def meet_comment(self, number: int, line: str) -> None:
        """Look at a comment."""
        if not self._comment[0] and 0 < self._first_row < number:
            self._comment = (number, line)

    def close(self) -> None:
        """Remark on the first of them that has rows below it."""
        found = [*self._tally.titles, self._comment]
        among = [each for each in found if 0 < each[0] < self._last_row]
        if among:
            number, line = min(among)
            self._tally.note(
                f"{self._tally.place(number)}: {shown(line.strip())} is no record: if it is a title that takes back "
                "the lines below it, or judges them, make a list of each part; they are matched against"
            )


def _entries(
    block: Rows, dialect: Dialect, reader: LineReader, titles: _TitlesAmong
) -> Iterator[Entry | Batch]:
    if block.columns is not None:
        n_before = max(0, dialect.first_line - block.numbers[0])
        for start in range(n_before, len(block.numbers), _ROWS):
            part = slice(start, start + _ROWS)
            cells = [column[part] for column in block.columns]
            yield from read_columns(reader, cells, block.numbers[part], are_bare=block.is_bare)
        return
    rows, numbers = block.rows, block.numbers
    if numbers and numbers[0] < dialect.first_line:
        n_before = sum(number < dialect.first_line for number in numbers)
        rows, numbers = rows[n_before:], numbers[n_before:]
    for number, line in block.comments:
        if number >= dialect.first_line:
            titles.meet_comment(number, line)
            _on_comment(number, line, dialect, reader)
    for number, reason in block.bad:
        if number >= dialect.first_line:
            reader.tally.n_records += 1
            reader.tally.reject(number, reason)
    for start in range(0, len(rows), _ROWS):
        some = rows[start : start + _ROWS]
        is_last = start + _ROWS >= len(rows)
        yield from read_rows(
            reader, some, numbers[start : start + _ROWS], unfinished=block.unfinished and is_last
        )


def _on_comment(number: int, line: str, dialect: Dialect, reader: LineReader) -> None:
    """Say that a comment has digests in it: a row whose first cell begins with "#" looks like one.

    Raises
    ------
    ListError
        It may be a title that says something of the lines below.
    """
    if is_section(line):
        if "#" not in reader.options.ignore:
            raise section_refused(reader.tally, number, line.strip())
        return
    if _MAY_BE_ROW.search(line) is None:
        return
    try:
        row = row_of(line.rstrip("\r\n"), dialect.delimiter or ",")
    except csv.Error:
        row = []
    if len(row) == len(reader.columns) and any(k and digits_in(row[k]) for k in reader.hash_columns):
        reader.tally.n_records += 1
        reader.tally.reject(
            number, "begins with '#', as comments do, and has a digest where rows have theirs"
        )
    else:
        reader.tally.note("digests in comments are set aside")


def uses_of(page: str, columns: Sequence[Column], sample: Sequence[Sequence[object]]) -> Iterator[ColumnUse]:
    """Yield what each column was taken for, with two of its cells."""
    for k, column in enumerate(columns):
        cells = [row[k] for row in sample if k < len(row) and row[k] not in (None, "")]
        yield ColumnUse(
            page=page,
            name=column.name,
            meaning=_taken_for(column),
            how={"told": "as told", "named": "by its name", "found": FOUND}.get(column.how, ""),
            examples=tuple(shown(cell) for cell in cells[:_EXAMPLES]),
        )


def _taken_for(column: Column) -> str:
    if column.meaning == "hash":
        algorithm = column.type.algorithm
        kind = "" if algorithm is None else f" ({getattr(algorithm, 'value', algorithm)})"
        notation = "" if column.type.notation is None else f", {column.type.notation}"
        return f"digest{kind}{notation}"
    if column.meaning == "ignored":
        return "set aside"
    if column.weak:
        return "deletion or opinion, if a cell says so"
    return {
        "extra": "kept as it came",
        "unseen": "kept as it came, unless it comes to say yes",
        "stands": "kept as it came, unless it says no",
        "unclear": NOT_UNDERSTOOD,
        "unsure": NOT_UNDERSTOOD,
    }.get(column.meaning, column.meaning)
