"""A walk through one JSON page: what cannot be read is a reject, and where it breaks off, that is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from .fields import BadField, shown
from .json_stream import Decode, JsonStream, Many, TooLong
from .pages import DamagedPage, Page
from .tally import Tally

__all__ = ["UNREADABLE", "JsonWalk", "records"]

_T = TypeVar("_T")

_MAX_FIELDS = 10_000

#: In place of a value that could not be read.
UNREADABLE = object()


class JsonWalk:
    """Where a reader is in a page.

    Attributes
    ----------
    number : int
        Of the record that was met last; the first is 1.
    stream : JsonStream
    """

    def __init__(self, page: Page, tally: Tally) -> None:
        tally.unit = "record"
        self.number = 0
        self._tally = tally
        self.stream = JsonStream(page, lambda problem: tally.reject(self.number + 1, problem), unique=True)

    def to_its_end(self, walk: Iterator[_T]) -> Iterator[_T]:
        """Yield what is met on a walk through the page; where that breaks off, it is a cut, and no error."""
        try:
            yield from walk
        except DamagedPage as exc:
            self._tally.cut(self.number + 1, str(exc))
        self._tally.note_replaced(self.stream.n_replaced)

    def value(self, of: str = "") -> Any:
        """Return the next value; UNREADABLE where it is none, which is a reject then.

        Parameters
        ----------
        of : str
            What the reject's reason begins with.
        """
        try:
            return self.stream.value()
        except TooLong as exc:
            self.reject(f"{of}{exc}")
            self.stream.skip()
        except BadField as exc:
            self.reject(f"{of}{exc}")
        return UNREADABLE

    def reject(self, reason: str) -> None:
        """Count a record that cannot be used."""
        self.number += 1
        self._tally.n_records += 1
        self._tally.reject(self.number, reason)


#: Number and fields of a record, or the number of the first of many that were not decoded yet.
Record = tuple[int, "dict[str, Any] | Many"]


def records(
    page: Page,
    tally: Tally,
    array_key: str | None,
    *,
    on_root: Callable[[dict[str, Any]], None] | None = None,
    raw: bool = False,
    decode: Decode | None = None,
) -> Iterator[Record]:
    """Yield (1-based number, record) of a page of records; rejects and damage go to `tally`.

    Parameters
    ----------
    page : Page
    tally : Tally
    array_key : str or None
        The root object's key whose array holds the records; None where the root is that array. Objects
        without the key, one after the other, are records themselves (JSON Lines).
    on_root : callable, optional
        Called with the root's other fields, at its end; UNREADABLE are those that could not be read.
    raw : bool
        Yield most records many at once, as they stand in the page and not counted.
    decode : callable, optional
        As for `JsonStream.many`.
    """
    walker = _Walker(page, tally, raw, decode)
    yield from walker.walk.to_its_end(walker.page(array_key, on_root))


class _Walker:
    def __init__(self, page: Page, tally: Tally, raw: bool, decode: Decode | None) -> None:
        self.walk = JsonWalk(page, tally)
        self._raw = raw
        self._decode = decode
        self._tally = tally
        self._stream = self.walk.stream

    def page(
        self, array_key: str | None, on_root: Callable[[dict[str, Any]], None] | None
    ) -> Iterator[Record]:
        while (first := self._stream.peek()) != "":
            if first == "[":
                yield from self._array()
            elif first == "{":
                yield from self._root(array_key, on_root)
            else:
                raise DamagedPage(f"expected '{{' or '[', found {first!r}")

    def _root(
        self, array_key: str | None, on_root: Callable[[dict[str, Any]], None] | None
    ) -> Iterator[Record]:
        fields: dict[str, Any] = {}
        found = False
        problem = ""
        for key in self._stream.members():
            if key == array_key and self._stream.peek() == "[":
                found = True
                yield from self._array()
                continue
            if len(fields) >= _MAX_FIELDS:
                problem = f"more than {_MAX_FIELDS} fields"
                fields[problem] = UNREADABLE
                self._stream.skip()
                continue
            known, fields[key] = fields.get(key, UNREADABLE), UNREADABLE
            try:
                value = self._stream.value()
                if known not in (UNREADABLE, value):
                    problem = f"{shown(key)} stands twice, and says different things"
                else:
                    fields[key] = value
            except TooLong as exc:
                problem = f"{shown(key)} is {exc}"
                self._stream.skip()
            except BadField as exc:
                problem = f"{shown(key)} is {exc}"
        if found:
            if on_root is not None:
                on_root(fields)
            return
        self.walk.number += 1
        self._tally.n_records += 1
        if problem:
            self._tally.reject(self.walk.number, problem)
        else:
            yield self.walk.number, fields

    def _array(self) -> Iterator[Record]:
        stream = self._stream
        for _ in stream.elements():
            while self._raw and (found := stream.many(self._decode)) is not None:
                yield self.walk.number + 1, found
                self.walk.number += len(found)
            yield from self._element()

    def _element(self) -> Iterator[Record]:
        """Consume the next element and yield it."""
        self.walk.number += 1
        self._tally.n_records += 1
        try:
            value = self._stream.value()
        except TooLong as exc:
            self._tally.reject(self.walk.number, str(exc))
            self._stream.skip()
        except BadField as exc:
            self._tally.reject(self.walk.number, str(exc))
        except DamagedPage:
            self.walk.number -= 1  # the broken record is the damage that `records` reports
            raise
        else:
            if isinstance(value, dict):
                yield self.walk.number, value
            else:
                self._tally.reject(self.walk.number, "expected an object for a record")
