"""What the cells of a column say together whose name does not tell: in the first rows, and in all of a list."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Literal

from .column_names import type_named
from .dates import is_date, is_no_date
from .judging import AGAINST, CODES
from .vocabulary import DITTO, FALSE, LIVE, NULL, OPINIONS, TELLING, TRUE, word

__all__ = ["Kind", "Meant", "Together", "says_no"]

#: What is known of the name of such a column: it is known to say nothing, or not; there is none; or yes says that its
#: record stands.
Kind = Literal["ordinary", "named", "unnamed", "stands"]
#: What such a column is: kept as it came, types of digests, or deletion or opinion in words that nobody can be sure of.
Meant = Literal["extra", "type", "unsure"]

#: Cells of a column of states, whatever it is called.
_KNOWN = TELLING | LIVE | frozenset(OPINIONS) | TRUE | FALSE
_FLAGS = TRUE | FALSE
_NUMBERS = frozenset(("0", "1", "0.0", "1.0"))
#: Yes and no that columns of any name hold; in other words and under other names they may say anything.
_PLAIN_FLAGS = _NUMBERS | frozenset(("true", "false", "t", "f", "yes", "no", "y", "n", "x", "on", "off"))
#: For, where others are against.
_PLUS, _MINUS = frozenset(("+1", "+1.0")), AGAINST

#: Flags with digits in them; of other cells only the pattern counts, with all digits the same.
_WITH_DIGITS = frozenset((*(each for each in _FLAGS if any(map(str.isdigit, each))), *_PLUS, *_MINUS))
_PATTERN = str.maketrans("023456789", "1" * 9)
#: Of two lists in one: what is let through, and what is not.
_ALLOWED, _BLOCKED = frozenset(("allow", "allowed")), frozenset(("block", "blocked"))
#: More different cells than this are looked at by their patterns.
_MANY = 64
#: No word, type or date is longer, in characters: a longer cell says something of its own, and is not remembered.
_LONGEST = 200
#: So many cells are remembered.
_REMEMBERED = 4096


def says_no(cell: str, *, is_blank: bool = False) -> bool:
    """Tell whether a cell says nothing, or no, whatever its column is called.

    Parameters
    ----------
    is_blank : bool
        No is an answer: of a state, or where it is what speaks.
    """
    raw = cell.lower()
    return raw in NULL or (not is_blank and raw in FALSE) or is_no_date(raw)


class Together:
    """The cells of one column that were met so far.

    Attributes
    ----------
    kept : str
        The first cell that says anything but no and was kept as it came, with its place; "" for none.
    turned : str
        The first cell by which the column means something after all, with its place; "" for none.
    """

    __slots__ = (
        "_blank",
        "_free",
        "_has_dates",
        "_kind",
        "_met",
        "_signs",
        "_words",
        "kept",
        "meant",
        "turned",
    )

    def __init__(self, kind: Kind) -> None:
        self.kept = ""
        self.turned = ""
        self.meant: Meant = "extra"
        self._kind = kind
        self._words: set[str] = set()  # yes and no, and what speaks of deletion, opinion or type
        self._signs: set[str] = set()
        self._has_dates = False
        self._blank = False
        self._free = False  # a cell was met that is none of these
        self._met: set[str] = set()

    @property
    def says_nothing(self) -> bool:
        """All cells were blank, or said no."""
        return not self._free and not self._has_dates and self._words <= FALSE

    @property
    def are_dates(self) -> bool:
        """All cells are dates, none is blank, and nothing is known of the column's name."""
        is_alone = self._has_dates and not (self._blank or self._free or self._words or self._signs)
        return is_alone and self._kind == "named"

    def add(self, cells: Iterable[str]) -> None:
        """Look at some cells; `meant` is what all say together."""
        before = len(self._met)
        for cell in cells:
            if len(cell) > _LONGEST and len(cell.strip()) > _LONGEST:
                if not self._free:
                    self.add_free()
            elif cell not in self._met:
                self._met.add(cell)
                self._add(cell)
        if len(self._met) > before:
            self.meant = self._means()
            if len(self._met) > _REMEMBERED:
                self._met.clear()

    def add_all_of(self, other: Together, place: str) -> None:
        """Look at all cells that another one met, of a place that shows by itself what the column means, if it does."""
        self._words |= other._words
        self._signs |= other._signs
        self._has_dates |= other._has_dates
        self._blank |= other._blank
        self._free |= other._free
        self.meant = self._means()
        if self.kept and self.meant != "extra" and not self.turned:
            self.turned = place

    def add_free(self) -> None:
        """Look at a cell that is no text."""
        self._free = True
        self.meant = self._means()

    def new_in(self, cells: Sequence[str]) -> Collection[str]:
        """Return what of many cells was not looked at, or cells that mean the same in their place."""
        if self._free:
            if self._kind == "ordinary":
                return ()
            return [sign for sign in "+-" if sign not in self._signs and sign in cells]
        found = set(cells) - self._met
        if len(found) > _MANY:
            exact = {cell for cell in found if cell in _WITH_DIGITS or is_no_date(cell)}
            found = (exact | {cell.translate(_PATTERN) for cell in found - exact}) - self._met
        return found

    def with_more(self, cells: Iterable[str]) -> Meant:
        """Return what the cells would mean with some more of them."""
        other = Together(self._kind)
        other._words, other._signs = set(self._words), set(self._signs)
        other._has_dates, other._blank, other._free = self._has_dates, self._blank, self._free
        other.add(cells)
        return other.meant

    def _add(self, cell: str) -> None:
        raw = cell.lower()
        if raw in ("+", "-"):
            self._signs.add(raw)
        if raw in NULL or raw in DITTO or is_no_date(raw):
            self._blank = True
        elif raw in _PLUS or raw in _MINUS:
            self._words.add(raw)
        elif (said := word(cell)) in _KNOWN or said in CODES or _is_type(said):
            self._words.add(said)
        elif is_date(cell):
            self._has_dates = True
        else:
            self._free = True

    def _means(self) -> Meant:
        words = self._words
        if words and not self._free and not self._has_dates:
            if all(map(_is_type, words)):
                return "type"
            if words <= _KNOWN and not (
                TELLING.isdisjoint(words) and (words.isdisjoint(_ALLOWED) or words.isdisjoint(_BLOCKED))
            ):
                return "unsure"
        if self._kind == "ordinary":
            are_flags = not self._free and not self._has_dates and words <= _FLAGS
            return "unsure" if are_flags and not words <= _PLAIN_FLAGS else "extra"
        return "unsure" if self._may_say_yes() else "extra"

    def _may_say_yes(self) -> bool:
        """Tell whether a column of a name that says nothing holds yes and no, what is to be done, or some dates.

        One that has none, or the same number in all rows, is no such column.
        """
        words, has_dates = self._words, self._has_dates
        if self._signs == {"+", "-"}:
            return True
        if self._free:
            return False
        are_codes = not has_dates and all(each in CODES or each in _KNOWN for each in words)
        if are_codes and any(CODES.get(each) is False for each in words):
            return True
        minus = words & _MINUS
        plain = words - _MINUS - _PLUS | ({"1"} if words & _PLUS else set())
        if not plain <= _FLAGS:
            return False
        is_set = has_dates or bool(minus) or not plain <= FALSE
        if has_dates:
            return self._blank or bool(words)
        if self._kind == "stands":
            return is_set and (self._blank or bool(minus) or not plain.isdisjoint(FALSE))
        if self._kind == "named":
            is_mixed = not plain.isdisjoint(FALSE) or (bool(minus) and bool(plain))
            return is_set and (self._blank or is_mixed or not plain <= _NUMBERS)
        only = next(iter(words), "")
        is_code = len(only) == 1 or only in _NUMBERS | _MINUS | _PLUS
        return is_set and not (len(words) == 1 and is_code and not self._blank)


def _is_type(said: str) -> bool:
    kind = type_named(said)
    return kind is not None and kind.algorithm is not None
