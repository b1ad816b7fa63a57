"""What stands beside the records of an exchange's page: more of them, or something that is said of those."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ...errors import ListError
from ..switches import switch
from .column_names import JUDGED, named_column
from .fields import shown
from .inside import pairs_speak, says, speaks_inside
from .json_walk import UNREADABLE
from .judging import speaks
from .object_rows import TYPE_BY_NAME, holds_digest, said_by_name
from .sentences import is_section
from .tally import Tally
from .vocabulary import plain

__all__ = ["Nulls", "check_beside", "name_speaks", "refuse_beside"]

#: Said of a page, and not of its records: until when it is to be used.
_OF_PAGES = frozenset(("expires", "begins", "lasts", "disable_until"))
#: What is deeper may hold anything.
_MAX_DEPTH = 8
#: By these parts a name is one of how many there are: "deletedCount".
_OF_COUNTS = ("count", "total", "number", "num")


def check_beside(fields: Mapping[str, object], tally: Tally, ignore: Collection[str]) -> None:
    """Refuse a page of which something beside its records may take back or judge some, or be more of them.

    Parameters
    ----------
    fields : mapping
        Of the object that the records are in, without these.
    ignore : collection of str
        Names of fields that are set aside.

    Raises
    ------
    ListError
    """
    ignored = {name.casefold() for name in ignore}
    for name, value in fields.items():
        if name.casefold() in ignored or value in (None, "", False, [], {}):
            continue
        if value is UNREADABLE:
            raise refuse_beside(tally, name, "cannot be read, and may take some of them back")
        if isinstance(value, (list, dict)):
            if speaks_inside(value, name) or name_speaks(name):
                raise refuse_beside(
                    tally, name, "speaks of deletion or opinion, and of which of them is not known"
                )
            if _lists_digests(value):
                raise refuse_beside(tally, name, "holds digests that are not read, and may be more of them")
        elif _speaks(name, value):
            raise refuse_beside(
                tally, name, f"({shown(value)}) speaks of deletion or opinion, and may of all of them"
            )


class Nulls:
    """What stands by digests in an object: null for one, where others have an object, may take it back (RFC 7396)."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._null = ""  # the first digest by which nothing stands, with its place
        self._has_objects = False

    def meet(self, digest: str, value: object, number: int) -> None:
        """Look at what stands by one digest.

        Raises
        ------
        ListError
            There are nulls, and objects.
        """
        if value is None:
            self._null = self._null or f"{shown(digest)} ({self._tally.place(number)})"
        elif isinstance(value, dict):
            self._has_objects = True
        if self._null and self._has_objects:
            raise ListError(
                f"refused: there is null for the digest {self._null}, and an object for others: so a patch of JSON "
                "takes it back: take it out of the list, or write {} for it",
                path=self._tally.path,
            )


def refuse_beside(tally: Tally, name: str, why: str) -> ListError:
    """Return the refusal of a page for what stands beside its records."""
    return ListError(
        f"refused: {name!r} beside the records {why}: {switch('ignore', [name])} sets it aside (page {tally.page})",
        path=tally.path,
    )


def name_speaks(name: str) -> bool:
    """Tell whether the name of what stands beside records takes back, or judges, what is in it.

    Examples
    --------
    >>> name_speaks("removed"), name_speaks("deletedImages"), name_speaks("paging"), name_speaks("status")
    (True, True, False, False)
    """
    named = named_column(name)
    is_judged = named.meaning in JUDGED and not named.weak and named.meaning not in _OF_PAGES
    return is_judged or bool(said_by_name(name).keys() - {TYPE_BY_NAME})


def _lists_digests(value: object, depth: int = 0) -> bool:
    """Tell whether a list with digests in it is a value, or in it; one alone may be of the page itself."""
    if depth > _MAX_DEPTH or (isinstance(value, list) and holds_digest(value)):
        return True
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(_lists_digests(each, depth + 1) for each in inner)


def _speaks(name: str, value: object) -> bool:
    if isinstance(value, str) and (is_section(value) or speaks(value) or pairs_speak(value)):
        return True
    is_count = not isinstance(value, (str, bool)) and any(each in plain(name) for each in _OF_COUNTS)
    return not is_count and named_column(name).meaning not in _OF_PAGES and says(name, value)
