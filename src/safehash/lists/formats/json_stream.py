"""Walk through a JSON page of any size, decoding one record at a time."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from .fields import BadField, shown
from .packed import DamagedPage, damaged
from .pages import MAX_RECORD_BYTES, Page

__all__ = ["Decode", "JsonStream", "Many", "NotJson", "TooLong", "decoded"]

#: Elements are cut off in runs of some so many characters; where that fails, so many are read one by one.
_ENOUGH = 1 << 16
_TRIES = 6
#: Mostly there are enough places to cut at among so many characters.
_NEAR = 1 << 12
_SLOW = 64

_ELEMENTS = msgspec.json.Decoder(list[msgspec.Raw])
_BETWEEN = re.compile(r"\}\s*,\s*(?=\{)")
_SPACE = re.compile(r"[ \t\r\n]*")
_STRUCTURE = re.compile(r'["{}\[\]]')
_IN_STRING = re.compile(r'["\\\n]')
_SCALAR = re.compile(r"[^,\]}\s]*")
_NEXT_ITEM = re.compile(r"[,\]{]")


@dataclass(slots=True)
class Many:
    """A run of records: the text of one JSON array, and as far as it was decoded already.

    Attributes
    ----------
    text : str
    records : list or None
        What the decoder made of them that the run was asked for with; None where not all are of its shape.
    is_tried : bool
        It was tried.
    lines : bytes or None
        Where each record is a line of its own: these.
    n_lines : int
        How many these are.
    """

    text: str
    records: list[Any] | None = None
    is_tried: bool = False
    _raws: Sequence[msgspec.Raw | bytes] | None = None
    lines: bytes | None = None
    n_lines: int = 0

    @property
    def raws(self) -> Sequence[msgspec.Raw | bytes]:
        """Each record as it stands in the text."""
        if self._raws is None:
            self._raws = _ELEMENTS.decode(self.text) if self.lines is None else self.lines.splitlines()
        return self._raws

    def __len__(self) -> int:
        if self.lines is not None:
            return self.n_lines
        return len(self.raws if self.records is None else self.records)


#: Decodes the text of a JSON array.
Decode = Callable[[str], list[Any]]


def _many(text: str, decode: Decode | None) -> Many | None:
    """Return the elements of a text; None where it is no array."""
    if decode is not None:
        try:
            return Many(text, decode(text), is_tried=True)
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            pass  # not all are of that shape, or it is no array
    try:
        return Many(text, is_tried=True, _raws=_ELEMENTS.decode(text))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


class TooLong(BadField):
    """A value of more than `MAX_RECORD_BYTES`; it was not consumed."""


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _only_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs) and any(found[name] != value for name, value in pairs):
        twice = next(name for name, value in pairs if found[name] != value)
        raise ValueError(f"{shown(twice)} stands twice, and says different things")
    return found


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
    unique : bool
        A value is refused in which one field of an object stands twice and says different things.
    """

    def __init__(self, page: Page, complain: Callable[[str], None], *, unique: bool = False) -> None:
        self._chunks = page.chunks()
        self._complain = complain
        self._buffer = ""
        self._at = 0
        pairs = _only_once if unique else None
        self._decode = json.JSONDecoder(parse_constant=_no_constant, object_pairs_hook=pairs).raw_decode
        self.n_replaced = 0
        self._n_slow = 0

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
        yield
        while self.next_element():
            yield

    def next_element(self) -> bool:
        """Go from behind one element to the next; False at the array's end.

        Raises
        ------
        DamagedPage
            The page ends before the array does.
        """
        after = self.peek()
        if after not in (",", "]", ""):
            self._complain(f"expected ',' or ']' after a record, found {after!r}")
            after = self._resume()
        if after == "":
            raise DamagedPage("the page ends inside a list of records")
        if after == "{":
            return True
        self._at += 1
        if after == "]":
            return False
        if self.peek() == "]":  # a comma too many
            self._at += 1
            return False
        return True

    def many(self, decode: Decode | None = None) -> Many | None:
        """Consume as many whole elements as are at hand, and stand before the next; None for none.

        Parameters
        ----------
        decode : callable, optional
            Decodes an array of elements of some shape, and raises where one is of another.

        What begins at an element and is valid JSON between "[" and "]" is a number of whole elements, so a cut
        that was guessed wrong cannot pass. Elements are not decoded yet; where one is damaged, `value` has to
        step over it.
        """
        if self._n_slow:
            self._n_slow -= 1
            return None
        if len(self._buffer) - self._at < _ENOUGH:
            try:
                self._more()
            except DamagedPage as exc:
                self._chunks = damaged(exc)  # raised again where reading meets it
        for start, end in self._last_cuts():
            text = f"[{self._buffer[self._at : start + 1]}]"
            many = _many(text, decode)
            if many is None:
                continue
            self._at = end
            return many
        self._n_slow = _SLOW
        return None

    def _last_cuts(self) -> list[tuple[int, int]]:
        """Return where an element may end, and the next begin: the last places first."""
        for n_characters in (_NEAR, _ENOUGH):
            begin = max(self._at, len(self._buffer) - n_characters)
            cuts = [match.span() for match in _BETWEEN.finditer(self._buffer, begin)]
            if len(cuts) >= _TRIES:
                break
        return cuts[: -_TRIES - 1 : -1]

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


class NotJson(ValueError):
    """A record that is no JSON object; the message is the reject's reason."""


def decoded(data: bytes) -> dict[str, Any]:
    """Return one record.

    Raises
    ------
    NotJson
        It is none.
    """
    try:
        value = json.loads(data, parse_constant=_no_constant, object_pairs_hook=_only_once)
    except RecursionError:
        raise NotJson("nested too deep") from None
    except ValueError as exc:
        raise NotJson(f"not JSON: {exc.msg if isinstance(exc, json.JSONDecodeError) else exc}") from exc
    if not isinstance(value, dict):
        raise NotJson(f"expected an object, found {shown(value)}")
    return value
