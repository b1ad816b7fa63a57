"""What one cell adds to its record, by what its column means."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import ListError
from ...hashing.hashes import Algorithm
from ..opinions import join_categories
from ..switches import switch
from .column_names import (
    JUDGED,
    Type,
    is_of_nearness,
    is_of_opinions,
    is_of_place,
    is_of_trust,
    names_a_digest,
    type_named,
)
from .columns import FOUND, NOT_UNDERSTOOD, Column, quality_in
from .dates import is_date
from .digests import digits_in
from .fields import BadField, labels_from, shown, text_id
from .inside import NO_TRUST, doubt_in, is_there, pairs_speak, speaks_inside
from .judging import (
    AGAINST,
    CODES,
    NOTHING,
    Judgement,
    as_text,
    is_no_answer,
    judge,
    labels_said,
    speaks,
    speaks_of_a_place,
    speaks_without_a_name,
    tells,
)
from .options import ReadOptions
from .remembering import remembered
from .sentences import is_struck
from .tally import MOST_NAMES, SHOWN_CELLS, Tally, Watch
from .together import says_no
from .vocabulary import FALSE, LIVE, NULL, OPINIONS, TELLING, TRUE, UNMISTAKABLE, word

__all__ = ["CellReader", "Said", "cells_in", "combined", "is_unreadable", "quality_of", "type_of"]


@dataclass(frozen=True, slots=True)
class Said:
    """What one cell says.

    Attributes
    ----------
    judgement : Judgement
    labels : tuple of str
    severity : str or None
    type : Type or None
        Of its record's digests, where the record says it.
    kept : bool
        It is kept as it came, among the fields we do not know.
    """

    judgement: Judgement = NOTHING
    labels: tuple[str, ...] = ()
    severity: str | None = None
    type: Type | None = None
    kept: bool = False


# Whatever else is in the name of a type, it was damaged.
_TYPE = re.compile(r"[\w\s./()|+-]*")
#: So many columns are named in advice.
_MOST_NAMED = 20
#: Against, where others are for.
_NOTHING = Said()
_KEPT = Said(kept=True)


class CellReader:
    """Cells of columns that many records share: types, labels, deletion and opinion."""

    def __init__(self, options: ReadOptions, tally: Tally) -> None:
        self._now = options.now
        self._tally = tally
        self._above: dict[
            str, str
        ] = {}  # the last cell of a column, with its place, where that takes back or judges

    def said(self, column: Column, value: object, position: int) -> Said:
        """Return what a cell says.

        Raises
        ------
        BadField
            It speaks of type, deletion or opinion, and is not understood.
        ListError
            It shows that its column speaks of deletion or opinion after all, and others were not understood.
        """
        meaning = column.meaning
        if meaning in JUDGED:
            return self._judged(column, value, position)
        if meaning == "unseen":
            return self._unseen(column, value)
        if value is None or (isinstance(value, str) and not value.strip()):
            return _NOTHING
        if meaning == "type":
            return self._type(column, value, position)
        if meaning == "labels":
            return self._labels(column, value)
        if meaning == "severity":
            text = text_id(value)
            if text is not None and OPINIONS.get(word(text)) == "negative":
                raise BadField(self._not_understood(column, value))
            if text is not None and NO_TRUST.fullmatch(text.strip()):
                self._tally.keep(self._tally.doubts, column.name, shown(value))
            return _KEPT if text is None else Said(severity=text)
        return self.unknown(column, value)

    def beside_others(self, column: Column, value: object, position: int) -> None:
        """Look at a cell of a watched column together with all others of it.

        Raises
        ------
        BadField
            It is the first by which the column may speak of deletion, opinion or type. Where cells before it were
            kept as they came, the list is refused at its end instead.
        """
        if not column.watched:
            return
        texts = cells_in(value, of_any_length=column.weak)
        if texts is not None and not any(texts) and self._tally.is_blank_so_far(column.name, column.watched):
            return
        met = self._tally.met_together(column.name, column.watched)
        if texts is None:
            met.add_free()
        else:
            met.add(texts)
        is_no = texts is not None and all(says_no(text, is_blank=column.weak) for text in texts)
        if not met.kept and not is_no:
            if met.meant != "extra":
                raise BadField(self._not_understood(column, value))
            met.kept = self._at(value, position)
        elif met.kept and met.meant != "extra" and not met.turned:
            met.turned = self._at(value, position)

    def many_beside_others(
        self, column: Column, cells: Sequence[str], numbers: Sequence[int]
    ) -> Collection[int]:
        """Do the same with many; return those that have to be looked at one by one, in which case none was."""
        if not column.watched:
            return ()
        if not any(cells) and self._tally.is_blank_so_far(column.name, column.watched):
            return ()
        met = self._tally.met_together(column.name, column.watched)
        if met.meant != "extra" and not met.kept:
            return [k for k, cell in enumerate(cells) if not says_no(cell, is_blank=column.weak)]
        new = met.new_in(cells)
        if not new:
            return ()
        k = -1
        if not met.kept:
            k = next((k for k, cell in enumerate(cells) if not says_no(cell, is_blank=column.weak)), -1)
            if met.with_more(cells[: k + 1] if k >= 0 else new) != "extra":
                return range(len(cells))
        met.add(new)
        if k >= 0:
            met.kept = self._at(cells[k], numbers[k])
        if met.kept and met.meant != "extra" and not met.turned:
            k = max((cells.index(cell) for cell in new if cell in cells), default=0)
            met.turned = self._at(cells[k], numbers[k])
        return ()

    def below(
        self, column: Column, cells: Sequence[object], said: Sequence[Said], numbers: Sequence[int]
    ) -> None:
        """Look at some cells of a column of deletion or opinion, one below the other, for blanks below what takes back.

        Parameters
        ----------
        said : sequence of Said
            What each cell says.
        numbers : sequence of int
            Of their rows.
        """
        is_known = column.name in self._tally.blank_below and column.name in self._tally.standing
        if column.meaning not in JUDGED or is_known:
            return
        above = self._above.get(column.name, "")
        for k, (cell, one) in enumerate(zip(cells, said, strict=True)):
            is_blank = cell in (None, "")
            if is_blank and above:
                self._tally.keep(self._tally.blank_below, column.name, above)
            is_gone = one.judgement.deleted or one.judgement.category == "negative"
            above = (
                self._at(cell, numbers[k]) if is_gone and (k + 1 == len(cells) or not cells[k + 1]) else ""
            )
            says_so = not is_blank and not is_gone and (as_text(cell) or "").lower() not in NULL
            if says_so and len(self._tally.standing) < MOST_NAMES:
                self._tally.standing.add(column.name)
        self._above[column.name] = above

    def is_undecided(self, column: Column, texts: Iterable[str]) -> bool:
        """Tell whether no cell tells, now or before, that a column of many meanings speaks of deletion or opinion."""
        if not column.weak:
            return column.meaning == "stands"
        return not self._tally.watch(column.name).counts and not any(
            tells(text, column.meaning) for text in texts
        )

    def unknown(self, column: Column, value: object) -> Said:
        """Return what a cell of an unknown column says: nothing, unless it speaks of deletion for itself.

        Raises
        ------
        BadField
            It does.
        """
        if isinstance(value, str) and is_unreadable(column, value):
            raise BadField(
                f"{shown(value)} in column {column.name!r} has characters that are not UTF-8, and may be a word of "
                f"deletion or opinion: store the list as UTF-8, or {switch('ignore', [column.name])} sets the column "
                "aside"
            )
        if (
            (
                speaks(value)
                or pairs_speak(value)
                or (column.watched == "unnamed" and speaks_without_a_name(value))
                or (is_of_place(column.name) and speaks_of_a_place(value))
            )
            if isinstance(value, str)
            else isinstance(value, (list, dict)) and speaks_inside(value, column.name)
        ):
            raise BadField(
                f"{shown(value)} in column {column.name!r} speaks of deletion or opinion, and what the column means "
                f"is not known: {_advice(column)}"
            )
        if (text := as_text(value)) is not None:
            self.remark(column, text.strip())
        elif (doubt := doubt_in(value, column.name)) is not None:
            self._tally.keep(self._tally.doubts, doubt[0], shown(doubt[1]))
        return _KEPT

    def remark(self, column: Column, cells: str) -> None:
        """Remark on a column that is kept as it came, of whose cells, each on a line, one may say something."""
        if column.watched in ("named", "stands") and column.name not in self._tally.others:
            found = next((each[0] for each in _MAY_BE_DIGEST.finditer(cells) if digits_in(each[0])), None)
            if found is not None:
                self._tally.keep(self._tally.others, column.name, shown(found))
        if is_of_nearness(column.name) and column.name not in self._tally.nearness:
            found = next((cell for cell in cells.split("\n") if cell.lower() not in NULL), None)
            if found is not None:
                self._tally.keep(self._tally.nearness, column.name, shown(found))
        if is_of_trust(column.name) and column.name not in self._tally.doubts:
            nobody = _NO_TRUST.search(cells)
            if nobody is not None:
                self._tally.keep(self._tally.doubts, column.name, shown(nobody[0]))

    def _judged(self, column: Column, value: object, position: int) -> Said:
        if column.weak:
            return self._weak(column, value, position)
        found = judge(column.meaning, value, self._now)
        if found is None or is_there(column.name, value):
            raise BadField(self._not_understood(column, value))
        if column.meaning == "stands":
            self.beside_others(column, value, position)
            return _NOTHING if value in (None, "") else self.unknown(column, value)
        return _NOTHING if found is NOTHING else Said(judgement=found)

    def _unseen(self, column: Column, value: object) -> Said:
        """Read a column of a name that says nothing, which said nothing in the first rows either."""
        texts = cells_in(value)
        if texts is None:
            return self.unknown(column, value)
        (text,) = texts
        if text.lower() in NULL:
            return _NOTHING if value in (None, "") else _KEPT
        if text.lower() in FALSE:
            self._tally.keep(self._tally.noes, column.name, shown(text))
            return _KEPT
        if (
            text.lower() in TRUE
            or is_date(text)
            or tells(text)
            or CODES.get(word(text)) is False
            or text in AGAINST
            or names_a_digest(text)
        ):
            raise BadField(self._not_understood(column, value))
        return self.unknown(column, value)

    def _weak(self, column: Column, value: object, position: int) -> Said:
        """Read a column whose name means other things too: it counts once a cell tells that it does."""
        meaning = column.meaning
        watch = self._tally.watch(column.name)
        if meaning == "unclear":
            if not tells(value) or (isinstance(value, str) and word(value) in LIVE):
                self.beside_others(column, value, position)
                if value in (None, ""):
                    return _NOTHING
                _keep(watch, value)
                return self.unknown(column, value)
            raise BadField(self._not_understood(column, value))
        is_answer = is_no_answer(value) and is_of_opinions(column.name)
        found = None if is_answer else judge(meaning, value, self._now)
        if not watch.counts and tells(value, meaning):
            if watch.unknown:
                raise self._refusal(column, value, position, watch.unknown)
            watch.counts = True
        if watch.counts:
            if found is None:
                raise BadField(self._not_understood(column, value))
            return _NOTHING if found is NOTHING else Said(judgement=found)
        if found is not None and (found.deleted or found.category == "negative"):
            raise BadField(self._not_understood(column, value))  # a word that means other things, too
        self.beside_others(column, value, position)
        if value in (None, ""):
            return _NOTHING
        if found is not NOTHING and not watch.unknown:
            watch.unknown = self._at(value, position)
        if found is not NOTHING:
            for text in cells_in(value, of_any_length=True) or ():
                _keep(watch, text)
        return self.unknown(column, value)

    def _labels(self, column: Column, value: object) -> Said:
        (only,) = found if (found := cells_in(value)) else ("",)
        each = value if isinstance(value, list) else [value]
        if (
            only.lower() in FALSE  # of two classes, and not a word of their own
            or only in AGAINST
            or any(isinstance(label, str) and (pairs_speak(label) or is_struck(label)) for label in each)
        ):
            raise BadField(self._not_understood(column, value))
        if isinstance(value, list):
            self.unknown(column, [each for each in value if isinstance(each, (list, dict))])
        if not labels_from(value):
            return _NOTHING if value in ([], {}) else self.unknown(column, value)
        try:
            kept, category = labels_said(value)
        except BadField as exc:
            raise BadField(f"{exc}, in column {column.name!r}: {_advice(column)}") from None
        return Said(judgement=NOTHING if category is None else Judgement(category=category), labels=kept)

    def _at(self, value: object, position: int) -> str:
        return f"{shown(value)} ({self._tally.place(position)})"

    def _not_understood(self, column: Column, value: object) -> str:
        meanings = (
            ("active", "category")
            if column.meaning == "stands"
            else ("deleted", "category")
            if column.meaning in ("unclear", "unsure", "unseen")
            else ("deleted",)
        )
        others = [
            use.name
            for use in self._tally.columns
            if (use.meaning, use.how) == (NOT_UNDERSTOOD, FOUND) and use.page == self._tally.page
        ][:_MOST_NAMED]
        more = ""
        if len(others) > 1 and column.name in others:
            more = f"; {switch('ignore', others)} sets all such columns aside"
        speaks = "may speak" if column.how in ("found", "") else "speaks"
        return (
            f"{shown(value)} in column {column.name!r}, which {speaks} of deletion or opinion, is not understood: "
            f"{_advice(column, *meanings)}{more}"
        )

    def _type(self, column: Column, value: object, position: int) -> Said:
        """Read a type: of a digest, or of a file, which says nothing where no cell of the column names a digest."""
        text = value if isinstance(value, str) else "?"
        kind = type_named(text.rpartition("|")[2]) if _TYPE.fullmatch(text) else None
        watch = self._tally.watch(column.name)
        if kind is not None and kind.algorithm is not None:
            if watch.unknown:
                raise self._refusal(column, value, position, watch.unknown)
            watch.counts = True
            return Said(type=kind)
        is_of_file = kind is not None or text.partition("/")[0].strip().lower() in ("image", "application")
        if not is_of_file or watch.counts:
            raise BadField(
                f"{shown(value)} in column {column.name!r} is no type of digest known here: "
                f"{_advice(column, 'type')}"
            )
        watch.unknown = watch.unknown or self._at(value, position)
        return _KEPT

    def _refusal(self, column: Column, value: object, position: int, unknown: str) -> ListError:
        what = "the type of digests" if column.meaning == "type" else "deletion or opinion"
        return ListError(
            f"refused: column {column.name!r} speaks of {what} ({shown(value)} in {self._tally.place(position)}), "
            f"and {unknown} is not understood: {_advice(column)}",
            path=self._tally.path,
        )


def is_unreadable(column: Column, text: str) -> bool:
    """Tell whether a cell of a column of an unknown name may be a word of deletion that was not decoded.

    One of which hardly a letter is left may say anything; any other, what is left of it.
    """
    n_lost = text.count(_LOST)
    if column.watched not in ("named", "stands") or not n_lost:
        return False
    return n_lost >= sum(map(len, _LETTERS.findall(text))) or _may_have_been(text)


_LOST = "\N{REPLACEMENT CHARACTER}"
_LETTERS = re.compile("[A-Za-z]+")


@remembered(4096)
def _may_have_been(text: str) -> bool:
    """Tell whether a text begins with a known word, whatever its lost characters were."""
    said = _lossy(re.sub(rf"^[^\w{_LOST}]+", "", word(text[:_LONGEST_LOST])))
    return any(said[:n] in _WITH_ACCENTS and not said[n : n + 1].isalnum() for n in _LENGTHS_WITH_ACCENTS)


def _lossy(said: str) -> str:
    """Return a text with one mark for each run of characters that encodings write in bytes of their own."""
    return re.sub(rf"(?:{_LOST}\d{_LOST}\d|[^\x00-\x7f])+", _LOST, said)  # GB 18030: ö is 81 30 8B 37


#: Words that lose characters where their encoding is not known; of what has hardly others nothing is left.
_WITH_ACCENTS = frozenset({_lossy(each) for each in TELLING | UNMISTAKABLE if not each.isascii()} - {_LOST})
_LENGTHS_WITH_ACCENTS = sorted({*map(len, _WITH_ACCENTS)})
#: What stands behind so many characters is none of these words: each character may be lost in some, and have signs
#: around it.
_LONGEST_LOST = 200


def cells_in(value: object, *, of_any_length: bool = False) -> list[str] | None:
    """Return the cells that a value is: of a list those in it, where it has one, or may have more.

    Examples
    --------
    >>> cells_in(["D"]), cells_in(["A", "D"]), cells_in(["A", "D"], of_any_length=True), cells_in(0)
    (['D'], None, ['A', 'D'], ['0'])
    """
    if isinstance(value, list) and value and (of_any_length or len(value) == 1):
        texts = [None if isinstance(each, (list, dict)) else as_text(each) for each in value]
        return None if None in texts else [text.strip() for text in texts if text is not None]
    text = as_text(value)
    return None if text is None else [text.strip()]


_NO_TRUST = re.compile(f"^(?:{NO_TRUST.pattern})$", re.IGNORECASE | re.MULTILINE)
_MAY_BE_DIGEST = re.compile(r"^(?:[\w-]{2,12}:)?(?:0x)?[0-9a-f]{16,64}$", re.IGNORECASE | re.MULTILINE)


def _keep(watch: Watch, value: object) -> None:
    if len(watch.kept) <= SHOWN_CELLS:
        watch.kept[shown(value)] = None


def _advice(column: Column, *meanings: str) -> str:
    named = [{meaning: "NAME"} for meaning in meanings or ("deleted",)]
    return (
        f"{switch('columns', *named)} says which column to take, "
        f"{switch('ignore', [column.name])} sets this one aside"
    )


def combined(said: Iterable[Said]) -> dict[str, Any]:
    """Return the fields of an entry that several cells make together."""
    deleted = False
    category: str | None = None
    labels: set[str] = set()
    severity: str | None = None
    for each in said:
        judgement = each.judgement
        deleted = deleted or judgement.deleted
        if judgement.category is not None:
            category = (
                judgement.category if category is None else join_categories(category, judgement.category)
            )
        labels.update(each.labels)
        severity = each.severity if severity is None else severity
    return {
        "deleted": deleted,
        "category": category or "positive",
        "labels": tuple(sorted(labels)),
        "severity": severity,
    }


def type_of(said: Iterable[Said]) -> Algorithm | str | None:
    """Return the type that the cells of one record say, None where none does."""
    return next((each.type.algorithm for each in said if each.type is not None and each.type.algorithm), None)


def quality_of(value: object) -> int | None:
    """Return a PDQ quality, None for what is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return quality_in(repr(value))
    return quality_in(value.strip()) if isinstance(value, str) else None
