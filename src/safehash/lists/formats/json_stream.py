"""Walk through a JSON page of any size, decoding one record at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from .fields import BadField, shown
from .pages import MAX_RECORD_BYTES, DamagedPage, Page
from .tally import Tally

__all__ = ["JsonStream", "TooLong", "records"]

_MAX_FIELDS = 10_000

_SPACE = re.compile(r"[ \t\r\n]*")
_STRUCTURE = re.compile(r'["{}\[\]]')
_IN_STRING = re.compile(r'["\\\n]')
_SCALAR = re.compile(r"[^,\]}\s]*")
_NEXT_ITEM = re.compile(r"[,\]{]")


class TooLong(BadField):
    """A value of more than `MAX_RECORD_BYTES`; it was not consumed."""


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


class JsonStream:
    """A cursor over one page's JSON.

    `peek` tells what comes; `members` and `elements` go inside an object or an array, and there the caller
    consumes each value with `value` or `skip`, or goes inside it in turn. Memory is bounded by the longest
    record, not by the page.

    Parameters
    ----------
    page : Page
    complain : callable
        Called with a sentence for damage that could be stepped over.
    """

    def __init__(self, page: Page, complain: Callable[[str], None]) -> None:
        self._chunks = page.chunks()
        self._complain = complain
        self._buffer = ""
        self._at = 0
        self._decode = json.JSONDecoder(parse_constant=_no_constant).raw_decode
        self.n_replaced = 0

    def peek(self) -> str:
        """Return the next character that is no white space, "" at the page's end."""
        first = self._buffer[self._at : self._at + 1]
        if first > " ":  # mostly there is none
            return first
        while True:
            match = _SPACE.match(self._buffer, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._buffer):
                return self._buffer[self._at]
            if not self._more():
                return ""

    def members(self) -> Iterator[str]:
        """Go into an object and yield each key; the caller consumes its value.

        Raises
        ------
        DamagedPage
            No object here, or it breaks off.
        """
        self._expect("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                raise self._unexpected("a key")
            try:
                key = self.value()
            except BadField as exc:
                raise DamagedPage(f"a key cannot be read: {exc}") from exc
            self._expect(":")
            yield key
            if self.peek() == ",":
                self._at += 1
                continue
            self._expect("}")
            return

    def elements(self) -> Iterator[None]:
        """Go into an array and yield at each element; the caller consumes it.

        Raises
        ------
        DamagedPage
            No array here, or it breaks off.
        """
        self._expect("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield
            after = self.peek()
            if after not in (",", "]", ""):
                self._complain(f"expected ',' or ']' after a record, found {after!r}")
                after = self._resume()
            if after == "":
                raise DamagedPage("the page ends inside a list of records")
            if after == "{":
                continue
            self._at += 1
            if after == "]":
                return
            if self.peek() == "]":  # a comma too many
                self._at += 1
                return

    def value(self) -> Any:
        """Decode and consume the next value.

        Raises
        ------
        BadField
            It is not JSON or nested too deep; it was stepped over.
        TooLong
            It was not consumed.
        DamagedPage
            The page ends inside it.
        """
        self.peek()
        while True:
            try:
                value, end = self._decode(self._buffer, self._at)
            except RecursionError:
                self.skip()
                raise BadField("nested too deep") from None
            except ValueError as exc:
                problem = exc.msg if isinstance(exc, json.JSONDecodeError) else str(exc)
                if self._complete():
                    self.skip()
                    raise BadField(f"not JSON: {problem}") from exc
                if len(self._buffer) - self._at > MAX_RECORD_BYTES:
                    raise TooLong("longer than 4 MiB") from exc
                # Twice as much each time, so that a long record is not scanned once a chunk.
                enough = min(2 * (len(self._buffer) - self._at), MAX_RECORD_BYTES + 1)
                if not self._more():
                    raise DamagedPage("the page ends inside a record") from exc
                while len(self._buffer) < enough and self._more():
                    pass
                continue
            if end - self._at > MAX_RECORD_BYTES:
                raise TooLong("longer than 4 MiB")
            # A number may go on in the next chunk.
            if end == len(self._buffer) and self._more():
                continue
            self._at = end
            return value

    def skip(self) -> None:
        """Step over the next value by its brackets and quotes alone, whatever it holds.

        Raises
        ------
        DamagedPage
            The page ends inside it.
        """
        depth = 0
        first = self.peek()
        if first not in ('"', "{", "["):
            while True:
                match = _SCALAR.match(self._buffer, self._at)
                self._at = match.end() if match else self._at
                if self._at < len(self._buffer) or not self._more():
                    return
        while True:
            match = _STRUCTURE.search(self._buffer, self._at)
            if match is None:
                self._at = len(self._buffer)
                if not self._more():
                    raise DamagedPage("the page ends inside a record")
                continue
            self._at = match.end()
            token = match.group()
            if token == '"':
                self._skip_string()
            else:
                depth += 1 if token in "{[" else -1
            if depth <= 0:
                return

    def _skip_string(self) -> None:
        while True:
            end, self._at = self._string_end(self._at)
            if end:
                return
            if not self._more():
                raise DamagedPage("the page ends inside a text")

    def _string_end(self, at: int) -> tuple[bool, int]:
        """Return whether the text that goes on at `at` ends in the buffer, and where, or where to go on.

        It ends at its quote or, so that one lost quote does not swallow the page, at a line end.
        """
        while True:
            match = _IN_STRING.search(self._buffer, at)
            if match is None:
                return False, len(self._buffer)
            if match.group() != "\\":
                return True, match.end()
            if match.end() == len(self._buffer):
                return False, match.start()
            at = match.end() + 1

    def _complete(self) -> bool:
        """Tell whether the value at the cursor ends within the buffer (so that its error is its own)."""
        depth = 0
        at = self._at
        if self._buffer[at : at + 1] not in ('"', "{", "["):
            match = _SCALAR.match(self._buffer, at)
            return match is not None and match.end() < len(self._buffer)
        while True:
            match = _STRUCTURE.search(self._buffer, at)
            if match is None:
                return False
            at = match.end()
            token = match.group()
            if token == '"':
                ended, at = self._string_end(at)
                if not ended:
                    return False
            else:
                depth += 1 if token in "{[" else -1
            if depth <= 0:
                return True

    def _resume(self) -> str:
        """Go to where the next element may begin and return that character, "" for nowhere."""
        while True:
            match = _NEXT_ITEM.search(self._buffer, self._at)
            if match is not None:
                self._at = match.start()
                return match.group()
            self._at = len(self._buffer)
            if not self._more():
                return ""

    def _expect(self, character: str) -> None:
        if self.peek() != character:
            raise self._unexpected(repr(character))
        self._at += 1

    def _unexpected(self, expected: str) -> DamagedPage:
        found = self.peek()
        return DamagedPage(f"expected {expected}, found {found!r}" if found else "the page ends early")

    def _more(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        try:
            text = chunk.decode()
        except UnicodeDecodeError:
            text = chunk.decode("utf-8", "replace")
            self.n_replaced += text.count("\N{REPLACEMENT CHARACTER}")
        self._buffer = self._buffer[self._at :] + text
        self._at = 0
        return True


def records(
    page: Page,
    tally: Tally,
    array_key: str | None,
    *,
    on_root: Callable[[dict[str, Any]], None] | None = None,
) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (1-based number, record) of a page of records; rejects and damage go to `tally`.

    Parameters
    ----------
    page : Page
    tally : Tally
    array_key : str or None
        The root object's key whose array holds the records; None where the root is that array. Objects
        without the key, one after the other, are records themselves (JSON Lines).
    on_root : callable, optional
        Called with the root's other fields met so far, before each array.
    """
    tally.unit = "record"
    walker = _Walker(page, tally)
    try:
        while (first := walker.stream.peek()) != "":
            if first == "[":
                yield from walker.array()
            elif first == "{":
                yield from walker.root(array_key, on_root)
            else:
                raise DamagedPage(f"expected '{{' or '[', found {first!r}")
    except DamagedPage as exc:
        tally.cut(walker.number + 1, str(exc))
    if walker.stream.n_replaced:
        tally.note(f"{walker.stream.n_replaced} characters are not UTF-8; replaced by U+FFFD")


class _Walker:
    def __init__(self, page: Page, tally: Tally) -> None:
        self.number = 0
        self._tally = tally
        self.stream = JsonStream(page, lambda problem: tally.reject(self.number + 1, problem))

    def root(
        self, array_key: str | None, on_root: Callable[[dict[str, Any]], None] | None
    ) -> Iterator[tuple[int, dict[str, Any]]]:
        fields: dict[str, Any] = {}
        found = False
        problem = ""
        for key in self.stream.members():
            if key == array_key and self.stream.peek() == "[":
                found = True
                if on_root is not None:
                    on_root(fields)
                yield from self.array()
                continue
            if len(fields) == _MAX_FIELDS:
                problem = f"more than {_MAX_FIELDS} fields"
                self.stream.skip()
                continue
            try:
                fields[key] = self.stream.value()
            except TooLong as exc:
                problem = f"{shown(key)} is {exc}"
                self.stream.skip()
            except BadField as exc:
                problem = f"{shown(key)} is {exc}"
        if found:
            return
        self.number += 1
        self._tally.n_records += 1
        if problem:
            self._tally.reject(self.number, problem)
        else:
            yield self.number, fields

    def array(self) -> Iterator[tuple[int, dict[str, Any]]]:
        stream = self.stream
        tally = self._tally
        for _ in stream.elements():
            self.number += 1
            tally.n_records += 1
            try:
                record = stream.value()
            except TooLong as exc:
                tally.reject(self.number, str(exc))
                stream.skip()
                continue
            except BadField as exc:
                tally.reject(self.number, str(exc))
                continue
            except DamagedPage:
                self.number -= 1  # the broken record is the damage that `records` reports
                raise
            if isinstance(record, dict):
                yield self.number, record
            else:
                tally.reject(self.number, "expected an object for a record")
