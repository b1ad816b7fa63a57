"""Which column of a table means what: as told, by its name, by what it holds; refused where nothing is sure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from ...errors import ListError
from ...hashing.hashes import Algorithm
from ..switches import switch
from .column_names import MEANINGS, NAMES_OF_DIGESTS, Named, Type, named_column, type_named
from .dates import is_date
from .digests import digits_told
from .fields import utc_time
from .options import ReadOptions
from .ordinary import is_ordinary
from .tally import Tally
from .together import Kind, Together
from .vocabulary import plain

__all__ = [
    "FEW_ALIKE",
    "FOUND",
    "NOT_UNDERSTOOD",
    "ONE_IN",
    "Column",
    "check_columns",
    "is_quality",
    "name_columns",
    "quality_in",
    "with_length",
]

#: How a column was taken for what it is, and what it is, as reports say it.
FOUND, NOT_UNDERSTOOD = "by what it holds", "deletion or opinion, not understood"

#: Meanings of which a record has one; further columns of them are set aside.
_SINGLE = ("type", "quality", "id", "severity", "created", "updated")
_NO_TYPE = Type(None)

#: Numbers up to this are grades, not PDQ qualities, where there are some of them and no larger one.
_GRADES, _FEW_GRADES = 10, 3

#: Of digests of no type, so many alike say that one of another length is damaged, where no more than one in so many is.
FEW_ALIKE, ONE_IN = 3, 10


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, or one field of objects.

    Attributes
    ----------
    name : str
        As the list gives it, made unique; "column2" where it gives none.
    meaning : str
        As of `column_names.Named`, or "ignored".
    type : Type
        Of a column of digests.
    weak : bool
        Its name means other things too.
    how : str
        "told", "named" or "found" (by what it holds); "" where it means nothing we know.
    n_digits : int
        How many digits the digests have, but for one at most, of a column that does not say of which type; 0 for no
        such number.
    is_uniform : bool
        So do nearly all of them, and those that do not are damaged.
    n_longest : int
        How many digits the longest of them have; a shorter one at the end may be what is left of such a one.
    watched : str
        As of `together.Kind`, of a column that said nothing in the first rows and may come to; "" for others.
    """

    name: str
    meaning: str
    type: Type = _NO_TYPE
    weak: bool = False
    how: str = ""
    n_digits: int = 0
    is_uniform: bool = False
    n_longest: int = 0
    watched: Kind | Literal[""] = ""


def check_columns(columns: Iterable[str]) -> None:
    """Refuse meanings there are not.

    Raises
    ------
    ValueError
        A key of ``columns=`` is neither a meaning nor an algorithm.
    """
    for meaning in columns:
        if _told_as(meaning) is None:
            raise ValueError(
                f"columns: {meaning!r} is no meaning of a column; there are {', '.join(MEANINGS)}, "
                "and the names of algorithms"
            )


def _told_as(meaning: str) -> Named | None:
    if meaning in MEANINGS:
        return Named(meaning, _NO_TYPE if meaning == "hash" else None)
    kind = type_named(meaning)
    return Named("hash", kind) if kind is not None and kind.algorithm is not None else None


def name_columns(
    names: Sequence[str] | None,
    sample: Sequence[Sequence[str]],
    options: ReadOptions,
    tally: Tally,
) -> tuple[Column, ...]:
    """Return what each column means.

    Parameters
    ----------
    names : sequence of str or None
        The header's cells; None where there is no header.
    sample : sequence of rows
        Some of the rows below it.

    Raises
    ------
    ListError
        Nothing says for sure which column holds the digests, or a column that was told is not there.
    """
    return _Namer(names, sample, options, tally).columns()


def with_length(column: Column, counts: Counter[int]) -> Column:
    """Return a column with the length of its digests, where they are of no type: one that was cut may be another's.

    Parameters
    ----------
    column : Column
    counts : Counter of int
        How many of its digests have so many digits.
    """
    if column.meaning != "hash" or column.type.algorithm is not None or not counts:
        return column
    n_digits, n_alike = counts.most_common(1)[0]
    n_others = counts.total() - n_alike
    is_uniform = n_alike >= FEW_ALIKE and n_others <= max(1, counts.total() // ONE_IN)
    known = n_digits if n_others <= 1 or is_uniform else 0
    return replace(column, n_digits=known, is_uniform=is_uniform, n_longest=max(counts))


class _Namer:
    def __init__(
        self,
        names: Sequence[str] | None,
        sample: Sequence[Sequence[str]],
        options: ReadOptions,
        tally: Tally,
    ) -> None:
        width = len(names) if names is not None else _usual(len(row) for row in sample)
        self._has_header = names is not None
        self._as_given = tuple(names if names is not None else [""] * width)
        self._names = _unique(self._as_given)
        self._cells = [
            [row[k].strip() for row in sample if k < len(row) and row[k].strip()] for k in range(width)
        ]
        self._sample = sample
        self._n_rows = len(sample)
        self._met: dict[int, tuple[Kind, Together]] = {}  # of columns whose name does not tell
        self._digits = [
            Counter(filter(None, (digits_told(cell, options.algorithm, options.notation) for cell in cells)))
            for cells in self._cells
        ]
        self._options = options
        self._tally = tally

    def columns(self) -> tuple[Column, ...]:
        told = self._told()
        found: list[Column] = []
        for k, name in enumerate(self._names):
            if k in told:
                found.append(replace(told[k], name=name))
            elif _is_in(name, k, self._options.ignore):
                found.append(Column(name, "ignored", how="told"))
            elif self._has_header:
                named = named_column(self._as_given[k])
                if named.meaning == "extra" and "\N{REPLACEMENT CHARACTER}" in name and self._cells[k]:
                    raise self._refusal(
                        f"the name of column {k + 1}, {name!r}, cannot be read, and may speak of deletion: save the "
                        f"list as UTF-8, or set the column aside with {switch('ignore', [f'column{k + 1}'])}"
                    )
                how = "" if named.meaning == "extra" else "named"
                found.append(
                    Column(
                        name,
                        named.meaning,
                        named.type or _NO_TYPE,
                        named.weak,
                        how,
                        watched="stands" if named.meaning == "stands" else "named" if named.weak else "",
                    )
                )
            else:
                found.append(Column(name, "extra"))
        found = self._with_digests(found)
        self._is_untyped = self._options.algorithm is None and any(
            column.meaning == "hash" and column.type.algorithm is None for column in found
        )
        self._leave_out_titles([k for k, column in enumerate(found) if column.meaning == "hash"])
        found = [self._by_its_cells(k, column) for k, column in enumerate(found)]
        found = _single(found)
        found = [self._sure_of_quality(k, column) for k, column in enumerate(found)]
        if not self._has_header:
            found = self._without_header(found)
        for k, (kind, met) in self._met.items():
            # What pages before this one hold counts, too, and all of these rows before the first of them is read.
            name = found[k].name
            if any(self._cells[k]) or not self._tally.is_blank_so_far(name, kind):
                self._tally.met_together(name, kind).add_all_of(met, f"page {self._tally.page}")
        return tuple(self._with_lengths(self._with_quality(found)))

    def _with_lengths(self, found: list[Column]) -> Iterator[Column]:
        for k, column in enumerate(found):
            yield with_length(column, self._digits[k])

    def _with_quality(self, found: list[Column]) -> list[Column]:
        """Take digests of no type for PDQ where their quality is given: no other digest has one."""
        if all(column.meaning != "quality" for column in found) or self._options.algorithm is not None:
            return found
        return [
            replace(column, type=Type(Algorithm.PDQ, column.type.notation))
            if column.meaning == "hash" and column.type.algorithm is None and set(self._digits[k]) == {64}
            else column
            for k, column in enumerate(found)
        ]

    # -- what was told -------------------------------------------------------------------------------------

    def _told(self) -> dict[int, Column]:
        told: dict[int, Column] = {}
        for meaning, names in self._options.columns.items():
            named = _told_as(meaning)
            for name in names:
                at = [k for k, own in enumerate(self._names) if _is_in(own, k, (name,))]
                if not at:
                    has = ", ".join(map(repr, self._names[:20])) or "none"
                    raise self._refusal(
                        f"there is no column {name!r} to take for {meaning!r} ({switch('columns')}); it has {has}"
                    )
                for k in at:
                    kind = named.type if named is not None else None
                    if meaning == "hash" and self._has_header:
                        own = named_column(self._names[k])
                        kind = own.type if own.meaning == "hash" else kind
                    told[k] = Column("", named.meaning if named else meaning, kind or _NO_TYPE, how="told")
        return told

    # -- digests -------------------------------------------------------------------------------------------

    def _with_digests(self, found: list[Column]) -> list[Column]:
        """Settle which columns hold the digests."""
        hashes = [k for k, column in enumerate(found) if column.meaning == "hash"]
        told = [k for k in hashes if found[k].how == "told"]
        if told:
            return [
                _set_aside(column) if column.meaning in ("hash", "odd_hash") and k not in told else column
                for k, column in enumerate(found)
            ]
        sure = [k for k in hashes if found[k].type.algorithm is not None or self._holds_digests(k, found[k])]
        if not sure:
            sure = [k for k in hashes if not self._cells[k]] or hashes
        others = [
            k
            for k, column in enumerate(found)
            if column.meaning in ("odd_hash", "extra") and self._all_digests(k) and k not in sure
        ]
        if not sure:
            sure = self._by_content(found, others)
        else:
            for k in others:
                self._tally.note(
                    f"column {found[k].name!r} holds digests too and is set aside: "
                    f"{switch('columns', {'hash': found[k].name})} takes it"
                )
        return [
            column
            if column.meaning not in ("hash", "odd_hash", "extra")
            or (column.meaning == "extra" and k not in sure)
            else (
                Column(column.name, "hash", column.type, how=column.how or "found")
                if k in sure
                else _set_aside(column)
            )
            for k, column in enumerate(found)
        ]

    def _holds_digests(self, k: int, column: Column) -> bool:
        """Tell whether a column that is named for digests holds some, in whatever notation."""
        if column.type.notation is not None or self._options.notation not in (None, "hex"):
            return bool(self._cells[k])
        return bool(self._digits[k])

    def _all_digests(self, k: int) -> bool:
        """Tell whether what a column holds is digests of one length, a damaged one or two aside."""
        n_cells, counts = len(self._cells[k]), self._digits[k]
        if not counts or counts.total() * 2 <= n_cells:
            return False
        n_alike = counts.most_common(1)[0][1]
        return (n_alike > 1 and counts.total() - n_alike <= max(1, counts.total() // ONE_IN)) or len(
            counts
        ) == 1

    def _by_content(self, found: Sequence[Column], candidates: Sequence[int]) -> list[int]:
        """Return the digest columns of a table whose header does not name them, or that has none."""
        if not self._has_header:
            return self._of_headerless(candidates)
        if len(candidates) == 1 and found[candidates[0]].meaning == "extra":
            (k,) = candidates
            if not self._is_untyped_name(k):
                raise self._refusal(
                    f"column {found[k].name!r} holds digests, and its name may say that they are of a type that is not "
                    f"known here: {switch('algorithm')} says which, or {switch('columns', {'hash': found[k].name})}"
                )
            self._tally.note(f"column {found[k].name!r} holds digests and is taken for them")
            return [k]
        names = ", ".join(map(repr, self._names[:20]))
        if not candidates:
            raise self._refusal(
                f"no column is known to hold digests; the header has {names}. Say which does: "
                f"{switch('columns', {'hash': 'NAME'})}"
            )
        which = " and ".join(repr(found[k].name) for k in candidates)
        first = found[candidates[0]].name
        raise self._refusal(
            f"{which} may hold the digests, and the name does not say it for sure. Say which does: "
            f"{switch('columns', {'hash': first})}, or {switch('ignore', [first])}"
        )

    def _is_untyped_name(self, k: int) -> bool:
        """Tell whether no word of a column's name is the name of a type; a told type goes before all."""
        words = re.findall(r"[^\W_]+(?:-\d+)*", self._as_given[k])
        return self._options.algorithm is not None or not any(
            (kind := type_named(word)) is not None and kind.algorithm is not None for word in words
        )

    def _of_headerless(self, candidates: Sequence[int]) -> list[int]:
        mixed = [k for k, counts in enumerate(self._digits) if counts]
        if not candidates:
            # One a line, of several types, or mostly damaged: the first column that has some.
            self._check_mixed(mixed[1:])
            return mixed[:1] or [0]
        if candidates[0] == 0 and len(candidates) > 1 and self._is_quality(1):
            return [0]  # hash,quality,filename: a file may be called by its digest
        self._check_mixed([k for k in mixed if k not in candidates])
        lengths = [self._digits[k].most_common(1)[0][0] for k in candidates]
        if len(set(lengths)) < len(lengths):
            raise self._refusal(
                f"{len(candidates)} columns hold digests and no header tells them apart: "
                f"say which do, {switch('columns', {'hash': 'column1'})}"
            )
        return list(candidates)

    def _check_mixed(self, columns: Sequence[int]) -> None:
        """Refuse a table with a column, beside those of digests, most of whose cells are digests of several lengths.

        Raises
        ------
        ListError
        """
        for k in columns:
            if self._digits[k].total() * 2 > len(self._cells[k]):
                raise self._refusal(
                    f"column {k + 1} holds digests of several lengths beside others, and no header says of which type: "
                    f"say which columns do, {switch('columns', {'hash': 'column1'})}, or leave it out, "
                    f"{switch('ignore', [f'column{k + 1}'])}"
                )

    # -- the rest ------------------------------------------------------------------------------------------

    def _leave_out_titles(self, hashes: Sequence[int]) -> None:
        """Forget what stands in lines without a digest, as titles and footers are: it says nothing of a column."""
        told = self._options.algorithm, self._options.notation
        rows = [
            row for row in self._sample if any(k < len(row) and digits_told(row[k], *told) for k in hashes)
        ]
        if rows and len(rows) < len(self._sample):
            self._cells = [
                cells if k in hashes else [row[k].strip() for row in rows if k < len(row) and row[k].strip()]
                for k, cells in enumerate(self._cells)
            ]
            self._n_rows = len(rows)

    def _by_its_cells(self, k: int, column: Column) -> Column:
        """Look at what an unknown column holds: types of digests are types; what speaks of deletion is unclear."""
        if column.how == "told" or not (column.watched or column.meaning == "extra"):
            return column
        if column.meaning == "extra" and plain(self._as_given[k]) == "y" and not self._is_ordinary(k):
            column = replace(column, meaning="stands", watched="stands")
        is_weak = column.watched != ""
        kind: Kind = column.watched or "named"
        if not is_weak and not self._has_header:
            kind = "unnamed"
        elif not is_weak and (self._is_ordinary(k) or self._counts_rows(k)):
            kind = "ordinary"
        met = Together(kind)
        met.add(self._cells[k] if len(self._cells[k]) == self._n_rows else ["", *self._cells[k]])
        self._met[k] = (kind, met)
        if is_weak:
            return column
        if met.meant == "extra" and self._is_untyped and self._names_types(k):
            met.meant = "type"
        if met.meant == "type":
            self._tally.note(f"column {column.name!r} holds types of digests and is taken for them")
        if met.meant != "extra":
            return replace(column, meaning=met.meant, how="found")
        if kind == "named" and met.says_nothing:
            return replace(column, meaning="unseen")
        return replace(column, watched=kind)

    def _counts_rows(self, k: int) -> bool:
        """Tell whether a column without a name numbers its rows, as an index does."""
        first = self._cells[k][0] if self._cells[k] else ""
        return (
            not self._as_given[k].strip()
            and first in ("0", "1")
            and self._cells[k] == [str(n) for n in range(int(first), int(first) + len(self._cells[k]))]
        )

    def _names_types(self, k: int) -> bool:
        """Tell whether most cells of a column are names of types of digests, and others are not."""
        named = [text for text in self._cells[k] if text in NAMES_OF_DIGESTS]
        return len(named) * 2 > len(self._cells[k]) > len(named)

    def _is_ordinary(self, k: int) -> bool:
        """Tell whether a column's name says nothing of deletion or opinion; "y" may, but beside an "x", and "to"."""
        bare = plain(self._as_given[k])
        may_speak = (bare == "y" and "x" not in map(plain, self._as_given)) or (
            bare == "to" and any(map(is_date, self._cells[k]))  # the end of a time, and no address
        )
        return is_ordinary(self._as_given[k]) and not may_speak

    def _without_header(self, found: list[Column]) -> list[Column]:
        """Name the columns of ``hash,quality,filename`` and the like."""
        hashes = [k for k, column in enumerate(found) if column.meaning == "hash"]
        free = [k for k, column in enumerate(found) if column.meaning == "extra"]
        if hashes == [0] and len(found) >= 3 and 1 in free and self._is_quality(1):
            found[1] = Column("quality", "quality", how="found")
            if 2 in free:
                found[2] = replace(found[2], name=_third_name(self._cells[2]))
        elif hashes == [0] and len(found) > 1 and free:
            found[free[0]] = replace(found[free[0]], name="metadata")
        elif hashes and free:
            found[free[0]] = replace(found[free[0]], name="filename")
        for k in hashes:
            if found[k].how == "found" and len(hashes) == 1:
                found[k] = replace(found[k], name="hash")
        return found

    def _is_quality(self, k: int) -> bool:
        """Tell whether a column without a name can only be PDQ quality: most photographs have all of it."""
        cells = self._cells[k] if k < len(self._cells) else []
        return is_quality(cells)

    def _sure_of_quality(self, k: int, column: Column) -> Column:
        """Set a column aside that is named for quality and holds shares, grades or other numbers."""
        if column.meaning != "quality" or column.how == "told":
            return column
        cells = self._cells[k]
        numbers = [each for each in map(quality_in, cells) if each is not None]
        fractions = any(re.fullmatch(r"0?[.,]\d*[1-9]\d*", cell) for cell in cells)
        is_grade = bool(numbers) and max(numbers) <= (_GRADES if len(numbers) >= _FEW_GRADES else 1)
        if cells and (fractions or is_grade):
            self._tally.note(
                f"column {column.name!r} does not hold PDQ qualities (whole numbers up to 100) and is set aside"
            )
            return _set_aside(column)
        return column

    def _refusal(self, message: str) -> ListError:
        return ListError(f"refused: {message} (page {self._tally.page})", path=self._tally.path)


def _set_aside(column: Column) -> Column:
    return replace(column, meaning="extra", how="", watched="")


def _single(found: list[Column]) -> list[Column]:
    """Keep one column of each meaning of which a record has one, the plainest name first."""
    for meaning in _SINGLE:
        at = [k for k, column in enumerate(found) if column.meaning == meaning]
        told = [k for k in at if found[k].how == "told"]
        best = {"type": ("hashtype", "algorithm"), "id": ("id",)}.get(meaning, ())
        kept = told[:1] or [k for k in at if plain(found[k].name) in best][:1] or at[:1]
        for k in at:
            if k not in kept:
                found[k] = _set_aside(found[k])
    return found


def quality_in(text: str) -> int | None:
    """Return a PDQ quality, 0 to 100, None for anything else."""
    if not re.fullmatch(r"\d{1,3}(?:[.,]0+)?", text, re.ASCII):
        return None
    number = int(text.replace(",", ".").partition(".")[0])
    return number if number <= 100 else None


def is_quality(cells: Sequence[str]) -> bool:
    """Tell whether numbers without a name are PDQ qualities: most photographs have 100, or nearly.

    Small numbers are not: read as qualities, grades from 1 to 3 would keep their entries out of matching.
    """
    numbers = [each for each in map(quality_in, cells) if each is not None]
    return bool(cells) and len(numbers) == len(cells) and sum(n >= 90 for n in numbers) * 2 >= len(numbers)


def _third_name(cells: Sequence[str]) -> str:
    """Return what the third column of ``hash,quality,...`` holds."""
    times = [re.fullmatch(r"\d+(\.\d+)?", cell) or utc_time(cell) is not None for cell in cells]
    return "timestamp" if times and all(times) else "filename"


def _usual(widths: Iterable[int]) -> int:
    counts = Counter(widths)
    return max(max(counts, key=lambda width: (counts[width], width)), 1) if counts else 1


def _unique(names: Sequence[str]) -> list[str]:
    unique: list[str] = []
    for k, name in enumerate(names, 1):
        candidate = name.strip() or f"column{k}"
        while candidate in unique:
            candidate = f"{candidate}_{k}"
        unique.append(candidate)
    return unique


def _is_in(name: str, k: int, wanted: Sequence[str]) -> bool:
    return any(each.strip().casefold() in (name.casefold(), f"column{k + 1}") for each in wanted)
