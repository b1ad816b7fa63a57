"""How a text is laid out, told from its first lines: what parts its cells, and where its header is."""

from __future__ import annotations

import contextlib
import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from .column_names import named_column, type_named
from .digests import digits_in, digits_told
from .options import ReadOptions
from .rows import comment_in, row_of, unquoted
from .vocabulary import plain

__all__ = ["Dialect", "dialect_of"]

_DELIMITERS = (",", "\t", ";", "|")
#: A header is looked for in so many lines.
_HEADER_LINES = 20
_SAMPLE_LINES = 300
_MAX_NAME = 100
# Excel's own line, which says what parts the cells.
_SEP = re.compile(r'\s*"?sep=(.)"?\s*', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text is laid out.

    Attributes
    ----------
    delimiter : str or None
        None for lines of words.
    names : tuple of str or None
        The header's cells; None where there is none.
    first_line : int
        The first line that may hold a record; those before it are the header, or stand above it.
    n_above : int
        Lines above the header that are set aside.
    sample : tuple of rows
        Some of the rows below.
    """

    delimiter: str | None
    names: tuple[str, ...] | None
    first_line: int
    n_above: int
    sample: tuple[tuple[str, ...], ...]


def dialect_of(head: bytes, options: ReadOptions) -> Dialect:
    """Return how the text that begins with `head` is laid out."""
    text = head.decode("utf-8", "replace").replace("\ufeff", "")
    lines = re.split(r"\r\n|\r|\n", text)
    if len(head) >= 1 << 16:
        lines = lines[:-1]  # cut in the middle
    numbered = [(k, line) for k, line in enumerate(lines, 1) if line.strip()][:_SAMPLE_LINES]
    told = None
    first = 1
    if numbered and (match := _SEP.fullmatch(numbered[0][1])) is not None:
        told = match[1]
        first = numbered[0][0] + 1
        numbered = numbered[1:]
    return _Finder(numbered, first, told, options).dialect()


class _Finder:
    def __init__(
        self, numbered: Sequence[tuple[int, str]], first: int, told: str | None, options: ReadOptions
    ) -> None:
        self._lines = numbered
        self._first = first
        self._delimiters: tuple[str, ...] = (told,) if told is not None else _DELIMITERS
        self._told = told
        self._notation = options.notation
        self._algorithm = options.algorithm
        self._wanted = {name.strip().casefold() for names in options.columns.values() for name in names}
        self._parsed: dict[str | None, list[tuple[int, tuple[str, ...], bool]]] = {}

    def _rows(self, delimiter: str | None) -> list[tuple[int, tuple[str, ...], bool]]:
        """Return (line, cells, is comment) of every line that can be cut on its own."""
        if delimiter not in self._parsed:
            found = []
            for number, line in self._lines:
                is_comment = comment_in(line)
                text = line.lstrip().lstrip("#").strip() if is_comment else line
                try:
                    cells = unquoted(text.strip()).split() if delimiter is None else row_of(text, delimiter)
                except csv.Error:
                    continue
                found.append((number, tuple(cell.strip() for cell in cells), is_comment))
            self._parsed[delimiter] = found
        return self._parsed[delimiter]

    def dialect(self) -> Dialect:
        for delimiter in (*self._delimiters, None):
            header = self._wanted_header(delimiter)
            if header is not None:
                return self._with(delimiter, *header)
        delimiter = self._delimiter()
        header = self._header(delimiter)
        if header is not None:
            return self._with(delimiter, *header)
        if delimiter is not None and not self._data_rows(delimiter):
            # No digest in hexadecimal digits anywhere: what parts the cells is the header's to say.
            delimiter = None
        rows = tuple(cells for _, cells, is_comment in self._rows(delimiter) if not is_comment)
        return Dialect(delimiter, None, self._first, 0, rows)

    def _with(self, delimiter: str | None, number: int, names: tuple[str, ...]) -> Dialect:
        rows = self._rows(delimiter)
        n_above = sum(line < number and not is_comment for line, _, is_comment in rows)
        sample = self._whole_rows(delimiter, number)
        if sample is None:
            sample = tuple(cells for line, cells, is_comment in rows if line > number and not is_comment)
        return Dialect(delimiter, names, number + 1, n_above, sample)

    def _whole_rows(self, delimiter: str | None, header: int) -> tuple[tuple[str, ...], ...] | None:
        """Return the rows below the header where quoted cells go on over lines; None where none does."""
        lines = [line for number, line in self._lines if number > header and not comment_in(line)]
        if delimiter is None or not any('"' in line for line in lines):
            return None
        rows: list[list[str]] = []
        reader = csv.reader(
            (f"{line}\n" for line in lines), delimiter=delimiter, skipinitialspace=True, strict=True
        )
        with contextlib.suppress(
            csv.Error
        ):  # the sample ends within a row, or a line is odd: what is before it does
            rows.extend(reader)
        if not rows or any(
            "\n" in cell and any(map(digits_in, cell.split())) for row in rows for cell in row
        ):
            return None  # a quote is missing
        return tuple(tuple(cell.strip() for cell in row) for row in rows)

    def _wanted_header(self, delimiter: str | None) -> tuple[int, tuple[str, ...]] | None:
        """Return the line that has the names the caller gives."""
        if not self._wanted:
            return None
        for number, cells, _ in self._rows(delimiter)[:_HEADER_LINES]:
            if self._wanted <= {cell.casefold() for cell in cells}:
                return number, cells
        return None

    def _data_rows(self, delimiter: str | None) -> list[tuple[int, tuple[str, ...], bool]]:
        return [row for row in self._rows(delimiter) if not row[2] and any(map(self._digits, row[1]))]

    def _digits(self, cell: str) -> int:
        text = cell[5:] if cell[:5].lower() == "hash=" else cell
        return digits_told(text, self._algorithm, self._notation)

    def _delimiter(self) -> str | None:
        if self._told is not None:
            return self._told
        scores = []
        n_body = sum(not is_comment for *_, is_comment in self._rows(None))
        for delimiter in self._delimiters:
            rows = [row for row in self._data_rows(delimiter) if len(row[1]) > 1]
            widths = Counter(len(cells) for _, cells, _ in rows)
            n_usual = max(widths.values(), default=0)
            scores.append((n_usual, len(rows), delimiter))
        best = max(scores, key=lambda score: score[:2])
        if best[0]:
            for delimiter in self._delimiters:
                if delimiter != best[2] and self._parts_all(delimiter) and not self._parts_all(best[2]):
                    return delimiter  # a digest that something stands in may look like a shorter one beside cells
            n_digests = max(len(self._data_rows(each)) for each in (*self._delimiters, None))
            return best[2] if best[1] * 2 >= n_digests else None
        # Only a header, or digests in another notation: the line that names most columns we know.
        for delimiter in self._delimiters:
            for _, cells, _ in self._rows(delimiter)[:_HEADER_LINES]:
                if len(cells) > 1 and any(_names_digests(cell) for cell in cells):
                    return delimiter
        wide = [d for d in self._delimiters if sum(len(row[1]) > 1 for row in self._rows(d)) * 2 > n_body > 0]
        return wide[0] if wide else None

    def _parts_all(self, delimiter: str) -> bool:
        """Tell whether the first line names digests among other cells, and every line has as many."""
        rows = [cells for _, cells, is_comment in self._rows(delimiter) if not is_comment]
        n_cells = {len(cells) for cells in rows}
        return len(n_cells) == 1 and n_cells != {1} and any(map(_names_digests, rows[0]))

    def _header(self, delimiter: str | None) -> tuple[int, tuple[str, ...]] | None:
        rows = self._rows(delimiter)[:_HEADER_LINES]
        data = self._data_rows(delimiter)
        if data:
            rows = [row for row in rows if row[0] < data[0][0]]
        width = Counter(len(cells) for _, cells, _ in data).most_common(1)[0][0] if data else 0
        if delimiter is None and width <= 1:  # one cell a line: its name may be of several words
            rows = [
                (number, (" ".join(cells),), is_comment)
                if _names_digests(" ".join(cells))
                else (number, cells, is_comment)
                for number, cells, is_comment in rows
            ]
        for comments in (False, True):
            candidates = [
                (number, cells)
                for number, cells, is_comment in rows
                if is_comment is comments and _is_words(cells) and (not width or _fits(len(cells), width))
            ]
            named = [each for each in candidates if self._names_columns(each[1], delimiter, comments)]
            if named:
                return named[0]
            if data and not comments and delimiter is not None:
                over = [each for each in candidates if self._stands_over(each[1], data)]
                if over:
                    return max(over, key=lambda each: sum(map(bool, each[1])))
        return None

    def _names_columns(self, cells: Sequence[str], delimiter: str | None, comment: bool) -> bool:
        """Tell whether a line names a column of digests, and is no prose that has the word in it."""
        if not any(_names_digests(cell) for cell in cells):
            return False
        if delimiter is None or comment:
            return all(named_column(cell).meaning != "extra" for cell in cells)
        return True

    @staticmethod
    def _stands_over(cells: Sequence[str], data: Sequence[tuple[int, tuple[str, ...], bool]]) -> bool:
        """Tell whether a word stands over every column that holds digests."""
        counts = Counter(k for _, row, _ in data for k, cell in enumerate(row) if digits_in(cell))
        columns = [k for k, n in counts.items() if n * 2 > len(data)]
        return (
            bool(columns) and all(k < len(cells) and _is_word(cells[k]) for k in columns) and len(cells) > 1
        )


def _names_digests(cell: str) -> bool:
    return named_column(cell).meaning == "hash" and bool(plain(cell))


def _fits(n: int, width: int) -> bool:
    return n == width or (n > width and width > 1) or (n == width - 1 and n > 1)


def _is_words(cells: Sequence[str]) -> bool:
    return all(len(cell) < _MAX_NAME and not _looks_hex(cell) for cell in cells) and not any(
        map(digits_in, cells)
    )


def _is_word(cell: str) -> bool:
    """Tell whether a cell may be a column's name, and no damaged digest."""
    return any(map(str.isalpha, cell)) and (type_named(cell) is not None or not _looks_hex(cell))


def _looks_hex(cell: str) -> bool:
    n_hex = sum(each in "0123456789abcdefABCDEF" for each in cell)
    return len(cell) >= 12 and n_hex * 10 >= len(cell) * 8
