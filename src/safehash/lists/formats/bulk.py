"""Many plain rows of cells to columns of entries at once; a row that is odd is left to `records`."""

from __future__ import annotations

import json
import re
import string
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from json.encoder import encode_basestring

import numpy as np
import numpy.typing as npt

from ...hashing.hashes import Algorithm, ForeignHash
from ..entry import Entry
from ..moments import Times
from ..pools import pool_of
from .batch import NO_QUALITY, Batch, picked
from .cells import Said, combined, is_unreadable, quality_of, type_of
from .column_names import NAMES_OF_DIGESTS, is_of_place, names_a_digest
from .columns import Column
from .digests import BY_DIGITS, bare, decoded, is_decimal, is_hex
from .fields import BadField
from .inside import names_in_pairs, pairs_speak
from .judging import FIRST_WORDS, GONE_WORDS, MAY_SPEAK, speaks_of_a_place, speaks_without_a_name
from .records import RowReader
from .remembering import LONGEST
from .sentences import in_a_sentence
from .times import no_times, utc_times

__all__ = ["read_columns", "read_rows"]

#: Fewer rows than this are not worth the columns.
_FEW = 8

# A line of cells that may speak of deletion or opinion whatever its column is called; `CellReader.unknown` decides.
_MAY_SPEAK = re.compile(f"^(?:{MAY_SPEAK.pattern})$", re.IGNORECASE | re.MULTILINE)


# Few cells begin with a word that such cells begin with, and to find out costs a tenth.
_FIRST_WORD = re.compile(r"^[^\w\n]*([^\W\d_]+)", re.MULTILINE)


#: Signs that may stand around a word.
_AROUND = string.punctuation + string.whitespace
_DIGITS = bytes.maketrans(b"123456789", b"0" * 9)

_NAMES_ALIKE = frozenset(name.encode().translate(_DIGITS) for name in NAMES_OF_DIGESTS)


def read_rows(
    reader: RowReader, rows: Sequence[list[str]], numbers: Sequence[int], *, unfinished: bool = False
) -> Iterator[Entry | Batch]:
    """Yield the entries of some rows: those of plain rows as batches, then those of the odd ones.

    Parameters
    ----------
    reader : RowReader
    rows : sequence of list of str
    numbers : sequence of int
        The line of each row.
    unfinished : bool
        The last row has no line end.
    """
    width = len(reader.columns)
    odd: set[int] = set()
    if set(map(len, rows)) != {width}:
        odd = {k for k, row in enumerate(rows) if len(row) != width}
    if unfinished:
        odd.add(len(rows) - 1)
    while len(rows) - len(odd) >= _FEW:
        plain = [k for k in range(len(rows)) if k not in odd] if odd else range(len(rows))
        chosen = [rows[k] for k in plain] if odd else rows
        made = _Made(reader, _stripped(zip(*chosen, strict=True)), [numbers[k] for k in plain])
        if not made.odd:
            reader.tally.n_records += len(plain)
            yield from made.entries()
            break
        odd |= {plain[k] for k in made.odd}
    else:
        odd = set(range(len(rows)))
    for k in sorted(odd):
        yield from reader.entries(rows[k], numbers[k], unfinished=unfinished and k == len(rows) - 1)


def read_columns(
    reader: RowReader, columns: Sequence[list[str]], numbers: Sequence[int], *, are_bare: bool
) -> Iterator[Entry | Batch]:
    """Do what `read_rows` does with the same cells column by column; bare ones have no blanks around them."""
    made = None
    if len(numbers) >= _FEW:
        made = _Made(reader, columns if are_bare else _stripped(columns), numbers)
    if made is None or made.odd:
        yield from read_rows(reader, list(map(list, zip(*columns, strict=True))), numbers)
        return
    reader.tally.n_records += len(numbers)
    yield from made.entries()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Digests:
    """The digests of one algorithm in one column: which rows have them, and what they are."""

    algorithm: Algorithm
    rows: Sequence[int]
    digests: npt.NDArray[np.uint8]  # shape (len(rows), n_bytes)
    untyped: bool = False  # nothing in the list says of which algorithm they are
    n_decimal: int = 0  # of sixteen digits, how many are all decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class _Foreign:
    """The same of digests that are not computed here, as they came."""

    algorithm: str
    rows: Sequence[int]
    texts: Sequence[str]


class _Made:
    """Some rows of one table, as columns of what their entries are made of.

    Attributes
    ----------
    odd : set of int
        Rows that cannot be read this way; while there are any, the columns are good for nothing.
    """

    def __init__(self, reader: RowReader, columns: Sequence[list[str]], numbers: Sequence[int]) -> None:
        self._reader = reader
        self._numbers = numbers
        self._n = len(numbers)
        self.odd: set[int] = set()
        self._ids: list[str | None] | None = None
        self._qualities: npt.NDArray[np.uint8] | None = None
        self._created: Times | None = None
        self._updated: Times | None = None
        self._said: list[tuple[list[Said], list[int]]] = []  # what a column says, and which of it each row
        self._extras: list[tuple[str, list[str | None]]] = []
        self._digests: list[_Digests] = []
        self._foreign: list[_Foreign] = []
        hash_columns = []
        for column, cells in zip(reader.columns, columns, strict=True):
            if column.meaning == "hash":
                hash_columns.append((column, cells))
            elif column.meaning != "ignored":
                self._take(column, cells)
        types = self._types()
        for column, cells in hash_columns:
            self._take_digests(column, cells, types)
        self._check_digests()

    # -- columns of anything but digests -------------------------------------------------------------------

    def _take(self, column: Column, cells: list[str]) -> None:
        meaning = column.meaning
        if meaning == "extra":
            self.odd.update(self._reader.cells.many_beside_others(column, cells, self._numbers))
            self._keep(column, cells, range(self._n))
        elif meaning == "id":
            self._ids = [text or None for text in cells] if "" in cells else list(cells)
        elif meaning == "quality":
            numbers = [_QUALITIES.get(text, -1) for text in cells]
            if -1 in numbers:
                found = [quality_of(text) if text else NO_QUALITY for text in cells]
                self._keep(column, cells, [k for k, n in enumerate(found) if n is None])
                numbers = [NO_QUALITY if n is None else n for n in found]
            self._qualities = np.array(numbers, np.uint8)
        elif meaning in ("created", "updated"):
            times = utc_times([text or None for text in cells] if "" in cells else cells)
            self._keep(column, cells, no_times(cells, times))
            if meaning == "created":
                self._created = times
            else:
                self._updated = times
        else:
            self._take_said(column, cells)

    def _take_said(self, column: Column, cells: list[str]) -> None:
        known = self._reader.remembered(column)
        texts = list(dict.fromkeys(cells))
        if column.meaning == "type" and "" in texts and len(texts) > 1 and not self._reader.is_typed:
            self.odd.update(range(self._n))  # which of them comes first is looked at one by one
            return
        if column.watched and self._reader.cells.is_undecided(column, texts):
            found = self._reader.cells.many_beside_others(column, cells, self._numbers)
            if found:
                self.odd.update(found)
                return
        refused = set()
        said: list[Said] = []
        for text in texts:
            if len(text) > LONGEST:  # is not remembered, but read one by one
                refused.add(text)
            elif text not in known:
                position = self._numbers[cells.index(text)] if column.weak or column.meaning == "type" else 0
                try:
                    known[text] = self._reader.cells.said(column, text, position)
                except BadField:
                    refused.add(text)
            said.append(known.get(text, _NOTHING))
        number_of = dict(zip(texts, range(len(texts)), strict=True))
        if cells and not refused:
            # Of cells of which none is blank the last alone may have a blank one below it, in the next rows.
            below = cells if "" in number_of else [*texts, cells[-1]]
            numbers = self._numbers if "" in number_of else [self._numbers[-1]] * len(below)
            self._reader.cells.below(column, below, [said[number_of[text]] for text in below], numbers)
        if refused:
            self.odd |= {k for k, text in enumerate(cells) if text in refused}
        elif any(each.kept for each in said):
            kept = {text for text, each in zip(texts, said, strict=True) if each.kept}
            self._keep(column, cells, [k for k, text in enumerate(cells) if text in kept])
        self._said.append((said, list(map(number_of.__getitem__, cells))))

    def _keep(self, column: Column, cells: list[str], rows: Sequence[int]) -> None:
        """Keep some cells of a column as they came; blank ones are none."""
        if not rows:
            return
        joined = "\n".join(cells)
        # Numbers differ from row to row, and say nothing: with all digits the same there are few different cells.
        data = joined.encode("utf-8", "surrogatepass").translate(_DIGITS)
        pieces = {*data.split(b"\n")}
        alike = b"\n".join(pieces).decode("utf-8", "surrogatepass")
        if not FIRST_WORDS.isdisjoint(_FIRST_WORD.findall(alike.lower())) and _MAY_SPEAK.search(alike):
            self.odd |= {k for k in rows if _MAY_SPEAK.search(cells[k])}
        if self._reader.has_untyped and ("hash" in alike.lower() or not pieces.isdisjoint(_NAMES_ALIKE)):
            self.odd |= {k for k in rows if names_a_digest(cells[k]) is not None}
        self._reader.cells.remark(column, joined)
        if column.watched == "unnamed" and not GONE_WORDS.isdisjoint(
            each.strip(_AROUND) for each in alike.lower().split("\n")
        ):
            self.odd |= {k for k in rows if speaks_without_a_name(cells[k])}
        if is_of_place(column.name):
            places = {cell for cell in {*cells} if speaks_of_a_place(cell)}
            self.odd |= {k for k in rows if cells[k] in places}
        if in_a_sentence(alike):
            self.odd |= {k for k in rows if in_a_sentence(cells[k])}
        if "\N{REPLACEMENT CHARACTER}" in joined:
            self.odd |= {k for k in rows if is_unreadable(column, cells[k])}
        if names_in_pairs(joined):
            self.odd |= {k for k in rows if pairs_speak(cells[k])}
        if len(rows) == self._n:
            texts: list[str | None] = list(map(encode_basestring, cells))
            if "" in cells:
                texts = [text if cell else None for cell, text in zip(cells, texts, strict=True)]
        else:
            texts = [None] * self._n
            for k in rows:
                texts[k] = encode_basestring(cells[k]) if cells[k] else None
        self._extras.append((encode_basestring(column.name), texts))

    def _types(self) -> list[Algorithm | str | None] | None:
        """Return what each row says of the type of its digests, None where no column does."""
        if all(column.meaning != "type" for column in self._reader.columns) or not self._said:
            return None
        numbers, combinations = _combined(self._said)
        types = list(map(type_of, combinations))
        return list(map(types.__getitem__, numbers))

    # -- digests -------------------------------------------------------------------------------------------

    def _take_digests(
        self, column: Column, cells: list[str], types: list[Algorithm | str | None] | None
    ) -> None:
        told = self._reader.digests
        notation = column.type.notation or told.notation or "hex"
        own = column.type.algorithm
        if own is None and types is not None:
            groups: dict[Algorithm | str | None, list[int]] = {}
            for k, kind in enumerate(types):
                groups.setdefault(kind, []).append(k)
            if any("|" in cell for cell in cells):
                self.odd |= {k for k, cell in enumerate(cells) if "|" in cell}
            if told.algorithm is None and None in groups:
                self.odd.update(self._reader.untyped_rows(cells, groups[None], self._numbers))
        else:
            groups = {own: list(range(self._n))}
        for kind, rows in groups.items():
            algorithm = kind if kind is not None else told.algorithm
            if algorithm is not None and not isinstance(algorithm, Algorithm):
                self._take_foreign(algorithm, cells, rows)
            elif notation == "hex":
                usual = column.n_digits if algorithm is None and column.is_uniform else 0
                self._take_hex(algorithm, cells, rows, untyped=kind is None, usual=usual)
            else:
                self._take_decoded(algorithm, notation, cells, rows)

    def _take_hex(
        self, algorithm: Algorithm | None, cells: list[str], rows: Sequence[int], *, untyped: bool, usual: int
    ) -> None:
        texts = cells if len(rows) == self._n else [cells[k] for k in rows]
        lengths = set(map(len, texts))
        if lengths - {0, 16, 32, 40, 64}:
            texts = list(map(bare, texts))
            lengths = set(map(len, texts))
        for n_digits in lengths - {0}:
            kind = algorithm or BY_DIGITS.get(n_digits)
            at = (
                range(len(texts))
                if lengths == {n_digits}
                else [k for k, t in enumerate(texts) if len(t) == n_digits]
            )
            if kind is None or 2 * kind.n_bytes != n_digits or usual not in (0, n_digits):
                self.odd |= {rows[k] for k in at}
                continue
            some = texts if len(at) == len(texts) else [texts[k] for k in at]
            digests = _from_hex(some, kind.n_bytes)
            if digests is None:
                bad = {k for k, text in zip(at, some, strict=True) if not is_hex(text)}
                self.odd |= {rows[k] for k in bad}
                continue
            chosen = rows if len(at) == len(rows) else [rows[k] for k in at]
            n_decimal = sum(map(is_decimal, some)) if n_digits == 16 else 0
            self._digests.append(
                _Digests(algorithm=kind, rows=chosen, digests=digests, untyped=untyped, n_decimal=n_decimal)
            )

    def _take_decoded(
        self, algorithm: Algorithm | None, notation: str, cells: list[str], rows: Sequence[int]
    ) -> None:
        found: list[bytes] = []
        kept: list[int] = []
        for k in rows:
            if not cells[k]:
                continue
            try:
                if algorithm is None:
                    raise BadField("of no type")
                found.append(decoded(bare(cells[k]), algorithm, notation))
            except BadField:
                self.odd.add(k)
                continue
            kept.append(k)
        if algorithm is not None and kept:
            digests = np.frombuffer(b"".join(found), np.uint8).reshape(-1, algorithm.n_bytes)
            self._digests.append(_Digests(algorithm=algorithm, rows=kept, digests=digests))

    def _take_foreign(self, algorithm: str, cells: list[str], rows: Sequence[int]) -> None:
        kept = [k for k in rows if cells[k]]
        if kept:
            self._foreign.append(_Foreign(algorithm=algorithm, rows=kept, texts=[cells[k] for k in kept]))

    def _check_digests(self) -> None:
        """Leave rows without a digest to the patient reader, and all where one type stands in two columns."""
        seen = np.zeros(self._n, np.int64)
        by_type: dict[Algorithm | str, npt.NDArray[np.int64]] = {}
        found: list[_Digests | _Foreign] = [*self._digests, *self._foreign]
        for each in found:
            counts = by_type.setdefault(each.algorithm, np.zeros(self._n, np.int64))
            counts[np.asarray(each.rows)] += 1
            seen[np.asarray(each.rows)] += 1
        for counts in by_type.values():
            if counts.max(initial=0) > 1:
                self.odd |= set(np.flatnonzero(counts > 1).tolist())
        self.odd |= set(np.flatnonzero(seen == 0).tolist())

    # -- entries -------------------------------------------------------------------------------------------

    def entries(self) -> Iterator[Entry | Batch]:
        """Yield what the rows are, column of digests by column."""
        likes, which = self._likes()
        extras = self._joined_extras()
        tally = self._reader.tally
        for each in self._digests:
            if each.algorithm.n_bytes == 8 and self._reader.digests.notation is None:
                tally.meet_short(len(each.rows), each.n_decimal)
            if each.untyped and self._reader.digests.algorithm is None:
                if each.algorithm is Algorithm.PDQ:
                    tally.meet_untyped(each.digests)
                elif each.algorithm is Algorithm.MD5:
                    tally.meet_md5(each.digests)
            batch = Batch(
                algorithm=each.algorithm,
                digests=each.digests,
                likes=likes,
                which=picked(which, each.rows),
                ids=picked(self._ids, each.rows),
                qualities=None if self._qualities is None else self._qualities[np.asarray(each.rows)],
                created=picked(self._created, each.rows),
                updated=picked(self._updated, each.rows),
                extras=None if extras is None else pool_of(picked(extras, each.rows) or ()),
            )
            tally.meet_batch(batch)
            yield batch
        for other in self._foreign:
            yield from self._foreign_entries(other, likes, which)

    def _likes(self) -> tuple[tuple[Entry, ...], list[int] | None]:
        source = self._reader.source
        if not self._said:
            return (Entry(hash=None, source=source),), None
        numbers, combinations = _combined(self._said)
        likes = tuple(Entry(hash=None, source=source, **combined(said)) for said in combinations)
        return likes, (None if len(likes) == 1 else numbers)

    def _joined_extras(self) -> list[str] | None:
        """Return each row's unknown fields as a JSON object."""
        if not self._extras:
            return None
        if len(self._extras) == 1:
            name, texts = self._extras[0]
            if None not in texts:
                start = f"{{{name}:"
                return [f"{start}{text}}}" for text in texts]
            return [f"{{{name}:{text}}}" if text else "{}" for text in texts]
        named = [
            [None if text is None else f"{name}:{text}" for text in texts] for name, texts in self._extras
        ]
        return [f"{{{','.join(filter(None, row))}}}" for row in zip(*named, strict=True)]

    def _foreign_entries(
        self,
        each: _Foreign,
        likes: Sequence[Entry],
        which: Sequence[int] | None,
    ) -> Iterator[Entry]:
        for k, text in zip(each.rows, each.texts, strict=True):
            extra = {json.loads(n): json.loads(found) for n, texts in self._extras if (found := texts[k])}
            entry = replace(
                likes[which[k] if which is not None else 0],
                hash=ForeignHash(each.algorithm, text),
                id=self._ids[k] if self._ids is not None else None,
                created=self._created[k] if self._created is not None else None,
                updated=self._updated[k] if self._updated is not None else None,
                extra=extra,
            )
            yield self._reader.tally.meet(entry)


_NOTHING = Said()
_QUALITIES = {str(k): k for k in range(101)} | {"": NO_QUALITY}


def _stripped(columns: Iterable[Sequence[str]]) -> list[list[str]]:
    return [list(map(str.strip, cells)) for cells in columns]


def _from_hex(texts: Sequence[str], n_bytes: int) -> npt.NDArray[np.uint8] | None:
    try:
        # It skips white space, so a digest with some in it comes out short.
        data = bytes.fromhex("".join(texts))
    except ValueError:
        return None
    if len(data) != n_bytes * len(texts):
        return None
    return np.frombuffer(data, np.uint8).reshape(-1, n_bytes)


def _combined(
    columns: Sequence[tuple[list[Said], list[int]]],
) -> tuple[list[int], list[tuple[Said, ...]]]:
    """Return which of some combinations of what columns say each row has, and these."""
    (first, numbers), *others = columns
    combinations: list[tuple[Said, ...]] = [(said,) for said in first]
    for said, other in others:
        pairs = list(zip(numbers, other, strict=True))
        number_of = {pair: number for number, pair in enumerate(dict.fromkeys(pairs))}
        combinations = [(*combinations[one], said[two]) for one, two in number_of]
        numbers = list(map(number_of.__getitem__, pairs))
    return numbers, combinations
