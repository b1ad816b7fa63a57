"""Cut the lines of a table into cells: RFC 4180 by the standard library's reader, a lost quote held to its line."""

from __future__ import annotations

import csv
import operator
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from .pages import Page
from .vocabulary import SIGNS

__all__ = ["Rows", "comment_in", "line_blocks", "row_blocks", "row_of", "unquoted"]

_HAS_NUL = "a NUL character with a digest behind it: are records ended by NUL, not as lines are?"
_SWALLOWED = re.compile(r"\0[^\0]*?(?<![0-9A-Za-z])[0-9A-Fa-f]{16,}")

# A quoted cell goes on for at most so many lines; a lost quote would swallow all that follow.
_MAX_LINES_OF_CELL = 200


@dataclass(slots=True)
class Rows:
    """Some lines of a table, cut into cells.

    Attributes
    ----------
    numbers : sequence of int
        The first line of each row, from 1.
    rows : list of list of str
    columns : list of list of str, or None
        The same column by column, in place of `rows`, where all rows have the cells that the table has.
    is_bare : bool
        No cell of `columns` has blanks around it.
    bad : list of (int, str)
        Lines that cannot be cut, with the reason.
    unfinished : bool
        The last row has no line end: the list may break off in it.
    comments : list of (int, str)
        Comments that have words in them, which may say something of the lines below, or digests, which may be rows.
    """

    numbers: Sequence[int]
    rows: list[list[str]]
    columns: list[list[str]] | None = None
    is_bare: bool = False
    bad: list[tuple[int, str]] = field(default_factory=list)
    unfinished: bool = False
    comments: list[tuple[int, str]] = field(default_factory=list)


def comment_in(line: str) -> bool:
    """Tell whether a line is a comment; a spreadsheet's "#N/A" begins none."""
    line = line.lstrip()
    return line[:1] == "#" and line[:4].lower() != "#n/a"


def _is_heard(line: str) -> bool:
    """Tell whether a line is a comment that may say something: one of signs alone does not."""
    return comment_in(line) and _IN_WORDS.search(line) is not None


def row_of(line: str, delimiter: str) -> list[str]:
    """Return the cells of one line.

    Raises
    ------
    csv.Error
        It is no whole row.
    """
    if '"' not in line:
        return line.split(delimiter)
    return next(csv.reader([line], delimiter=delimiter, skipinitialspace=True, strict=True), [])


def row_blocks(page: Page, delimiter: str, n_columns: int) -> Iterator[Rows]:
    """Yield the rows of a page; blank lines and comments are left out.

    Parameters
    ----------
    page : Page
    delimiter : str
    n_columns : int
        How many cells a row should have.

    Raises
    ------
    DamagedPage
        After the rows before the damage.
    """
    lines = _Lines(page)
    while lines.fill():
        yield _fast(lines, delimiter, n_columns) or _careful(lines, delimiter)


def line_blocks(page: Page, n_cells: int) -> Iterator[Rows]:
    """Yield the lines of a page as rows of at most `n_cells` words, the last with all that is left.

    Raises
    ------
    DamagedPage
        After the lines before the damage.
    """
    lines = _Lines(page)
    while lines.fill():
        if not lines.lines:
            yield _too_long(lines)
            continue
        unfinished = lines.lines[-1][-1:] not in ("\n", "\r")
        texts = list(map(str.strip, lines.lines))
        numbers: Sequence[int] = range(lines.first, lines.first + len(texts))
        comments: list[tuple[int, str]] = []
        bad = [(n, _HAS_NUL) for n, text in zip(numbers, texts, strict=True) if _SWALLOWED.search(text)]
        if bad or "" in texts or any(map(_MAY_BE_COMMENT, texts)):
            kept = [
                k
                for k, text in enumerate(texts)
                if text and not comment_in(text) and not _SWALLOWED.search(text)
            ]
            comments = [(n, text) for n, text in zip(numbers, texts, strict=True) if _is_heard(text)]
            texts, numbers = [texts[k] for k in kept], [numbers[k] for k in kept]
        if n_cells == 1:
            rows = [[unquoted(text)] for text in texts]
        else:
            rows = [text.split(None, n_cells - 1) for text in texts]
        lines.take(len(lines.lines))
        yield Rows(numbers, rows, bad=bad, unfinished=unfinished, comments=comments)


def unquoted(text: str) -> str:
    """Return a line that is one cell, without the quotes around it."""
    if text[:1] == '"' == text[-1:] and len(text) > 1 and '"' not in text[1:-1]:
        return text[1:-1].strip()
    return text


class _Lines:
    """The lines of a page that were not cut into cells yet, with their ends."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._blocks = page.blocks()
        self.first = 1
        self.too_long: int | None = None  # a line that comes next and is not read
        self._lines: list[str] = []
        self._uncut = ""  # what comes behind them, in one piece
        self._is_odd = False

    @property
    def lines(self) -> list[str]:
        """All lines at hand."""
        if self._uncut:
            self._lines += _LINE.findall(self._uncut) if self._is_odd else self._uncut.splitlines(True)
            self._uncut = ""
        return self._lines

    @property
    def uncut(self) -> str:
        """All lines at hand, as one piece; "" where they are single lines by now."""
        return "" if self._lines else self._uncut

    def fill(self) -> bool:
        """Make sure that there is a line, or one that is too long; False at the end."""
        return (
            bool(self._lines or self._uncut)
            or self.too_long is not None
            or self.more()
            or self.too_long is not None
        )

    def more(self) -> bool:
        """Add the next lines of the page; False where there are none, or one that is too long."""
        if self.too_long is not None:
            return False
        block = next(self._blocks, None)
        while block is not None and not self.lines and _is_blank(block[1]):
            block = next(self._blocks, None)
        if block is None:
            return False
        number, data, is_too_long = block
        if is_too_long:
            self.too_long = number
            return False
        try:
            text = data.decode()
        except UnicodeDecodeError:
            text = data.decode("utf-8", "replace")
            self._page.n_replaced += text.count("\N{REPLACEMENT CHARACTER}")
        if "\ufeff" in text:  # pages laid end to end keep their marks
            text = text.replace("\ufeff", "")
        if not self.lines:
            self.first = number
        self._uncut = text
        self._is_odd = _has_odd_ends(data)
        return True

    def take(self, n: int) -> None:
        """Forget the first `n` lines."""
        self.first += n
        del self.lines[:n]

    def take_uncut(self, n: int) -> None:
        """Forget all lines, which are so many, and stand in one piece."""
        self.first += n
        self._uncut = ""


def _is_blank(data: bytes) -> bool:
    """Tell whether there is something, and nothing but blank lines: a packed list may unpack to millions of them."""
    return bool(data) and not data.strip(b"\r\n ")


def _has_odd_ends(data: bytes) -> bool:
    """Tell whether text in UTF-8 has what `str.splitlines` takes for line ends, too, and is none."""
    if len(data.translate(None, b"\v\f\x1c\x1d\x1e")) != len(data):
        return True
    return not data.isascii() and any(end in data for end in (b"\xc2\x85", b"\xe2\x80\xa8", b"\xe2\x80\xa9"))


_MAY_BE_COMMENT = operator.methodcaller("startswith", "#")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_IN_WORDS = re.compile(rf"[^\W\d_]|\d{{16}}|[{SIGNS}]")
_DIGEST = re.compile(r"(?<![0-9A-Za-z])[0-9A-Fa-f]{32,}(?![0-9A-Za-z])")


def _columns(text: str, delimiter: str, n_columns: int) -> tuple[int, list[list[str]]] | None:
    """Cut lines into columns, without a row of each; None where not all have so many cells, or some are odd.

    A mark goes before the first cell of each line but the first. Where as many cells come out as there should be, and
    the marks are where rows begin, every row has its cells. Quotes are either none, or two around each cell and no
    other: then they are taken off together with what parts the cells.

    Returns
    -------
    tuple of (int, list of list of str), or None
        How many lines there are, and their cells, of which those of the first column still have their marks.
    """
    if "#" in text or text[-1:] != "\n" or n_columns < 2:
        return None
    end = "\n"
    n = text.count(end)
    if "\r" in text:
        if text.count("\r") == n:
            end = "\r\n"
        else:
            text = text.replace("\r\n", end)
    n_quotes = text.count('"')
    if not n_quotes:
        parting = delimiter
        text = text[: -len(end)].replace(end, f"{delimiter}\n")
    elif n_quotes == 2 * n * n_columns and text[0] == '"' and text.endswith(f'"{end}'):
        parting = f'"{delimiter}"'
        text = text[1 : -1 - len(end)].replace(f'"{end}"', f"{parting}\n")
    else:
        return None
    if "\r" in text:
        return None
    cells = text.split(parting)
    if len(cells) != n * n_columns:
        return None
    columns = [cells[k::n_columns] for k in range(n_columns)]
    return (n, columns) if [cell[:1] for cell in columns[0]].count("\n") == n - 1 else None


def _has_blanks(text: str) -> bool:
    """Tell whether there may be blanks around a cell."""
    return not text.isascii() or any(blank in text for blank in " \t\v\f\x1c\x1d\x1e\x1f")


def _fast(lines: _Lines, delimiter: str, n_columns: int) -> Rows | None:
    """Cut all lines at once; None where one of them is odd."""
    text = lines.uncut
    if text and "\0" not in text and (cut := _columns(text, delimiter, n_columns)) is not None:
        n, columns = cut
        numbers: Sequence[int] = range(lines.first, lines.first + n)
        lines.take_uncut(n)
        if not _has_blanks(text):
            columns[0] = [cell.lstrip("\n") for cell in columns[0]]
        return Rows(numbers, [], columns=columns, is_bare=not _has_blanks(text))
    found = lines.lines
    if not found:
        return None
    text = "".join(found)
    if "\0" in text and _SWALLOWED.search(text):
        return None
    if '"' in text:
        try:
            rows = list(csv.reader(found, delimiter=delimiter, skipinitialspace=True, strict=True))
        except csv.Error:
            return None
        if len(rows) != len(found):
            return None  # a cell of several lines
    else:
        bare = text.splitlines()
        rows = [line.split(delimiter) for line in (bare if len(bare) == len(found) else _without_ends(found))]
    numbers = range(lines.first, lines.first + len(found))
    comments: list[tuple[int, str]] = []
    if "#" in text or [] in rows or [""] in rows:
        kept = [k for k, row in enumerate(rows) if not _is_nothing(row) and not comment_in(found[k])]
        comments = [(numbers[k], line) for k, line in enumerate(found) if _is_heard(line)]
        rows = [rows[k] for k in kept]
        numbers = [numbers[k] for k in kept]
    unfinished = found[-1][-1:] not in ("\n", "\r")
    lines.take(len(found))
    return Rows(numbers, rows, unfinished=unfinished, comments=comments)


def _without_ends(lines: list[str]) -> list[str]:
    return [line.rstrip("\r\n") for line in lines]


def _is_nothing(row: list[str]) -> bool:
    return not row or (len(row) == 1 and not row[0].strip())


def _too_long(lines: _Lines) -> Rows:
    number = lines.too_long or 0
    lines.too_long = None
    return Rows([], [], bad=[(number, "the line is longer than 4 MiB")])


def _careful(lines: _Lines, delimiter: str) -> Rows:
    """Cut line by line; cells may go on over several lines."""
    found = Rows([], [])
    numbers: list[int] = []
    if not lines.lines:
        return _too_long(lines)
    n_wanted = len(lines.lines)
    at = 0
    while at < n_wanted:
        line = lines.lines[at]
        number = lines.first + at
        n_lines = 1
        if _is_heard(line):
            found.comments.append((number, line))
        if line.strip() and not comment_in(line):
            try:
                if _SWALLOWED.search(line):
                    raise csv.Error(_HAS_NUL)
                row, n_lines = _row(lines, at, delimiter)
            except csv.Error as exc:
                found.bad.append((number, f"not a CSV line: {exc}"))
            else:
                if not _is_nothing(row):
                    numbers.append(number)
                    found.rows.append(row)
                elif n_lines > 1:  # no tool writes such, and a page may be made of nothing else
                    found.bad.append((number, "a quoted cell of nothing but line ends"))
        at += n_lines
    found.numbers = numbers
    found.unfinished = at >= len(lines.lines) and lines.lines[at - 1][-1:] not in ("\n", "\r")
    lines.take(at)
    return found


def _row(lines: _Lines, at: int, delimiter: str) -> tuple[list[str], int]:
    """Return the row that begins on a line, and how many lines it has."""
    line = lines.lines[at]
    if '"' not in line:
        return line.rstrip("\r\n").split(delimiter), 1

    def feed() -> Iterator[str]:
        for k in range(at, at + _MAX_LINES_OF_CELL):
            if k >= len(lines.lines) and not lines.more():
                return
            yield lines.lines[k]

    reader = csv.reader(feed(), delimiter=delimiter, skipinitialspace=True, strict=True)
    try:
        row = next(reader)
    except csv.Error:
        # A blank between a closing quote and the delimiter is common, and harmless.
        trimmed = re.sub(rf'"[ \t]+(?={re.escape(delimiter)}|[\r\n]|$)', '"', line)
        if trimmed != line:
            again = csv.reader([trimmed], delimiter=delimiter, skipinitialspace=True, strict=True)
            return next(again), 1
        raise
    if any(("\n" in cell or "\r" in cell) and _DIGEST.search(cell) for cell in row):
        raise csv.Error("a quoted cell goes on over lines with digests in them: a quote is missing")
    return row, reader.line_num
