"""Rows of cells to entries, one by one, with every rule; `bulk` does the same to many plain rows at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ...errors import ListError
from ...hashing.hashes import ForeignHash, Hash
from ..entry import Entry
from ..switches import switch
from .cells import CellReader, Said, combined, quality_of, type_of
from .column_names import JUDGED, Type, named_column, names_a_digest
from .columns import Column
from .digests import BY_DIGITS, DigestReader, digits_in, is_untyped
from .fields import BadField, labels_from, shown, text_id, utc_time
from .judging import may_be_cut
from .options import ReadOptions
from .sentences import is_section
from .tally import Tally
from .vocabulary import plain

__all__ = ["RowReader", "section_refused"]


def section_refused(tally: Tally, position: int, said: str, name: str = "") -> ListError:
    """Return why a list is refused of which some lines, or what is in an object, may be taken back by a title."""
    where = f"{tally.page}, {tally.unit} {position}: " if not name else f"{tally.page}, {name!r}: "
    what = "the lines below it" if not name else "what stands beside it"
    return ListError(
        f"refused: {where}{shown(said)} may speak of {what}: make a list of each part and say what it is, or set such "
        f"{'texts' if name else 'lines'} aside with {switch('ignore', [name or '#'])}",
        path=tally.path,
    )


#: A letter that no hexadecimal digit is, twice at least, or a blank: a damaged digest has hardly such.
_IN_WORDS = re.compile(r"[^\W\da-fxA-FX_].*[^\W\da-fxA-FX_]|[^\W\d_]\s+[^\W\d_]")

#: In characters; what is shorter is no damaged digest.
_SHORTEST = 12

#: Columns that a row may end without; all others it must have, or it was cut or shifted.
_MAY_LACK = frozenset(("extra", "ignored", "labels", "severity", "unseen", "stands"))

#: Of rows of a table without names so many may be longer than the columns that are known: each cell may say something.
_MOST_MORE = 1000

#: What cells said is remembered for so many different ones: a list of unlike cells cannot fill the memory.
_REMEMBERED = 50_000


class RowReader:
    """Reads the rows of one table.

    Parameters
    ----------
    columns : sequence of Column
    options : ReadOptions
    tally : Tally
    headed : bool
        The columns have names; without, rows may have more cells or fewer.

    Attributes
    ----------
    type_column : str or None
        Which column says the type of digests; of records with other fields it may be one that this one lacks.
    has_untyped : bool
        Neither the caller nor the name of their column says of which type some digests are.
    """

    def __init__(
        self, columns: Sequence[Column], options: ReadOptions, tally: Tally, *, headed: bool = True
    ) -> None:
        self.headed = headed
        self.columns = tuple(columns)
        self.options = options
        self.source = options.source
        self.digests = DigestReader(options, tally)
        self.cells = CellReader(options, tally)
        self.tally = tally
        self._remembered: dict[str, dict[str, Said]] = {}
        self.hash_columns = [k for k, column in enumerate(self.columns) if column.meaning == "hash"]
        self.has_untyped = options.algorithm is None and any(
            self.columns[k].type.algorithm is None for k in self.hash_columns
        )
        types = [column.name for column in self.columns if column.meaning == "type"]
        self.type_column: str | None = types[0] if types else None
        last_needed = [k for k, column in enumerate(self.columns) if column.meaning not in _MAY_LACK]
        self.n_needed = last_needed[-1] + 1 if last_needed else 1

    def entries(self, values: Sequence[object], position: int, *, unfinished: bool = False) -> list[Entry]:
        """Return the entries of one row; a bad one is counted and gives none.

        Parameters
        ----------
        values : sequence of str, or of what JSON holds
        position : int
            Of the row, for messages.
        unfinished : bool
            The row is the last and has no line end.

        Raises
        ------
        ListError
            It is a header with other columns, or shows that its column means something after all.
        """
        self.tally.n_records += 1
        if len(values) > len(self.columns):
            values = self._trimmed(values)
            if len(values) - len(self.columns) > _MOST_MORE:
                self.tally.reject(position, self._too_wide(values))
                return []
        problems: list[str] = []
        try:
            self._check_width(values, unfinished)
            found = self._entries(values, position, problems.append, unfinished=unfinished)
        except BadField as exc:
            if self._is_header(values, position):
                self.tally.n_records -= 1
                self.tally.note("its header is repeated, and left out")
            else:
                self._check_section(values, position)
                self.tally.reject(position, str(exc))
            return []
        for problem in problems:
            self.tally.reject(position, problem)
        return [self.tally.meet(entry) for entry in found]

    def remembered(self, column: Column) -> dict[str, Said]:
        """Return what the cells of a column said so far, by text; nothing of one that may come to count."""
        if (column.weak or column.meaning == "type") and not self.tally.watch(column.name).counts:
            return {}
        known = self._remembered.setdefault(column.name, {})
        if len(known) > _REMEMBERED:
            known.clear()
        return known

    def _is_header(self, values: Sequence[object], position: int) -> bool:
        """Tell whether a row is the header once more, as where files were laid end to end.

        Raises
        ------
        ListError
            It is another header: what stands below it are other columns.
        """
        cells = [value.strip() if isinstance(value, str) else "" for value in values]
        if self.headed and [*map(str.casefold, cells)] == [column.name.casefold() for column in self.columns]:
            return True
        if any(map(digits_in, cells)):
            return False  # what rejected rows mostly have, and no header
        meanings = {named_column(cell).meaning for cell in cells}
        if "hash" in meanings and "extra" not in meanings and 1 < len(cells) == len({*map(plain, cells)}):
            raise ListError(
                f"refused: {self.tally.page}, {self.tally.unit} {position} names columns once more, and other "
                "ones than before: make a file of each table (in one directory they are one list)",
                path=self.tally.path,
            )
        return False

    def _check_section(self, values: Sequence[object], position: int) -> None:
        """Refuse a list with a line that may say of all below it that they were taken back, as a title does.

        Raises
        ------
        ListError
        """
        said = [text for value in values if value is not None and (text := str(value).strip())]
        titles = said if len(said) == 1 else [str(values[k]) for k in self.hash_columns if k < len(values)]
        for title in titles:
            if is_section(title) and "#" not in self.options.ignore:
                raise section_refused(self.tally, position, title)
        is_short = len(said) == 1 and len(said[0]) < _SHORTEST
        if len(said) == 1 and (is_short or _IN_WORDS.search(said[0]) is not None) and not self.tally.titles:
            self.tally.titles.append((position, said[0]))

    def _trimmed(self, values: Sequence[object]) -> Sequence[object]:
        """Return a row without the blank cells behind its columns: one line may have four million."""
        n = len(values)
        while n > len(self.columns) and values[n - 1] in (None, ""):
            n -= 1
        return values[:n]

    def _too_wide(self, values: Sequence[object]) -> str:
        width = len(self.columns)
        return f"{len(values)} cells where there are {width} columns: is a quote or a delimiter missing?"

    def _check_width(self, values: Sequence[object], unfinished: bool) -> None:
        n = len(values)
        width = len(self.columns)
        if not self.headed:
            if unfinished and n < width:
                raise BadField(f"only {n} cells of {width}, and no line end: the list may be cut off")
            return
        if n > width and any(value not in (None, "") for value in values[width:]):
            raise BadField(self._too_wide(values))
        if n < self.n_needed:
            missing = self.columns[n].name
            raise BadField(f"only {n} cells of {width}: it ends before column {missing!r}")
        last = self.columns[min(n, width) - 1].meaning
        labels = labels_from(values[min(n, width) - 1]) if unfinished and last == "labels" else ()
        if unfinished and (last in JUDGED or last == "type" or any(map(may_be_cut, labels))):
            name = self.columns[min(n, width) - 1].name
            raise BadField(
                f"the list may be cut off in column {name!r}: its last line has no line end; add one if it is whole"
            )

    def _entries(
        self,
        values: Sequence[object],
        position: int,
        complain: Callable[[str], None],
        *,
        unfinished: bool = False,
    ) -> list[Entry]:
        said: list[Said] = []
        extra: dict[str, Any] = {}
        fields: dict[str, Any] = {}
        quality: int | None = None
        for column, value in zip(self._columns_of(values), values, strict=False):
            meaning = column.meaning
            if isinstance(value, str):
                value = value.strip()
            if meaning in ("hash", "ignored"):
                continue
            if meaning in ("quality", "id", "created", "updated"):
                if value in (None, ""):
                    continue
                found: object
                if meaning == "quality":
                    found = quality = quality_of(value)
                    if unfinished and quality is not None and quality <= 10:
                        quality = None  # 10 may be what is left of 100, and would keep the entry out
                else:
                    found = fields[meaning] = text_id(value) if meaning == "id" else utc_time(value)
                if found is None:
                    self.cells.unknown(column, value)
                    extra[column.name] = value
                continue
            one = self.cells.said(column, value, position) if meaning != "extra" else None
            if one is None:
                self.cells.beside_others(column, value, position)
                if value in (None, ""):
                    continue
                one = self.cells.unknown(column, value)
            if one.kept:
                extra[column.name] = value
            said.append(one)
            self.cells.below(column, [value], [one], [position])
        for column in self.columns[len(values) :]:
            self.cells.beside_others(column, "", position)
        shared = combined(said)
        typed = type_of(said)
        hashes, failures = self._hashes(values, typed, quality, unfinished=unfinished)
        if typed is None and self.options.algorithm is None:
            self._check_types(values, hashes, extra, position)
        if not hashes and not (shared["deleted"] and fields.get("id") and not failures and not unfinished):
            if failures:
                raise failures[0]
            names = " and ".join(repr(self.columns[k].name) for k in self.hash_columns)
            raise BadField(f"no digest: the {names} column is empty")
        for failure in failures:
            complain(str(failure))
        found_hashes: list[Hash | ForeignHash | None] = [*hashes] if hashes else [None]
        return [
            Entry(hash=value, source=self.source, extra=extra, **fields, **shared) for value in found_hashes
        ]

    def _check_types(
        self,
        values: Sequence[object],
        hashes: Sequence[Hash | ForeignHash],
        extra: Mapping[str, object],
        position: int,
    ) -> None:
        """Look at a record whose digests may be of another type than their length says.

        Raises
        ------
        BadField
            Other records say a type where it says none, or the name of another type stands beside its digests.
        """
        untyped = [k for k in self.hash_columns if self.columns[k].type.algorithm is None and k < len(values)]
        if not any(is_untyped(values[k]) for k in untyped):
            return
        if self.is_typed:
            raise BadField(
                f"no type in column {self.type_column!r}, where other records have one: "
                f"{switch('ignore', [str(self.type_column)])} sets the column aside"
            )
        self._meet_untyped(position)
        guessed = {value.algorithm for value in hashes}
        for name, text in extra.items():
            other = names_a_digest(text) if isinstance(text, str) else None
            if other is not None and other not in guessed:
                raise BadField(
                    f"{shown(text)} in column {name!r} names another type than the digest beside it is taken for: "
                    f"{switch('columns', {'type': name})} takes the column for types, "
                    f"{switch('ignore', [name])} sets it aside"
                )

    @property
    def is_typed(self) -> bool:
        """A column said the type of a digest already."""
        return self.type_column is not None and self.tally.watch(self.type_column).counts

    def untyped_rows(
        self, cells: Sequence[str], rows: Sequence[int], numbers: Sequence[int]
    ) -> Sequence[int]:
        """Return which rows, of whose digests no column says the type, have to be looked at one by one."""
        untyped = [k for k in rows if is_untyped(cells[k])]
        if untyped and not self.is_typed:
            self._meet_untyped(numbers[untyped[0]])
            return ()
        return untyped

    def _meet_untyped(self, position: int) -> None:
        if self.type_column is None:
            self.tally.untyped = self.tally.untyped or self.tally.place(position)
        else:
            watch = self.tally.watch(self.type_column)
            watch.blank = watch.blank or self.tally.place(position)

    def check_length(self, column: Column, value: object, *, unfinished: bool) -> None:
        """Refuse a digest of no type that may have been cut into one of another type.

        Raises
        ------
        BadField
            Nearly all others of its column are of another length, or it is the last, without a line end.
        """
        if not isinstance(value, str) or self.digests.algorithm is not None or ":" in value:
            return
        if unfinished and 0 < digits_in(value) < column.n_longest:
            raise BadField(f"the list may be cut off: its last line is {shown(value)}, and has no line end")
        if not (column.is_uniform or unfinished) or digits_in(value) in (
            0,
            column.n_digits or digits_in(value),
        ):
            return
        cut = "the list may be cut off: " if unfinished else ""
        kind = BY_DIGITS[digits_in(value)].value
        more = (
            " and no line end"
            if unfinished
            else f": it may be damaged, as it has no type in front ({kind}:...)"
        )
        raise BadField(
            f"{cut}expected {column.n_digits} hexadecimal digits, as the others have, found {shown(value)}{more}"
        )

    def _columns_of(self, values: Sequence[object]) -> Sequence[Column]:
        if len(values) <= len(self.columns):
            return self.columns
        more: list[Column] = []
        for k in range(len(self.columns), len(values)):
            value = values[k]
            name = f"column{k + 1}"
            if value is None or (isinstance(value, str) and not value.strip()):
                more.append(Column(name, "ignored"))  # as in the rows that have no such cell
                continue
            self.tally.met_together(name, "unnamed").add(("",))  # most rows have no such cell
            more.append(Column(name, "extra", watched="unnamed"))
        return (*self.columns, *more)

    def _hashes(
        self, values: Sequence[object], typed: Any, quality: int | None, *, unfinished: bool
    ) -> tuple[list[Hash | ForeignHash], list[BadField]]:
        hashes: dict[Hash | ForeignHash, None] = {}
        failures: list[BadField] = []
        for k in self.hash_columns:
            value = values[k] if k < len(values) else None
            if value is None or (isinstance(value, str) and not value.strip()):
                continue
            kind = self.columns[k].type
            if kind.algorithm is None and typed is not None:
                kind = Type(typed, kind.notation)
                if isinstance(value, str) and "|" in value:
                    value = value.rpartition("|")[2]  # "name|digest", of a type "filename|sha256"
            try:
                notation = kind.notation or self.digests.notation
                if unfinished and k == len(values) - 1 and notation == "decimal":
                    raise BadField(
                        f"the list may be cut off: its last line ends in {shown(value)}, and has no line end"
                    )
                if kind.algorithm is None:
                    self.check_length(self.columns[k], value, unfinished=unfinished)
                hashes[self.digests.read(value, kind, quality=quality)] = None
            except BadField as exc:
                failures.append(exc)
        return list(hashes), failures
