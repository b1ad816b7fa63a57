"""Walk through an XML page of any size, record by record; no document type declaration is accepted."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import defusedxml
import defusedxml.ElementTree

from .packed import DamagedPage, damaged
from .pages import MAX_RECORD_BYTES, Page

__all__ = ["Node", "Stretch", "XmlStream"]

_MAX_DEPTH = 64
_SLICE_CHARACTERS = 1 << 15
_ENOUGH = 1 << 17
#: So much is taken apart at once where records are short.
_STRETCH = 1 << 16
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*encoding\s*=\s*["'](?!utf-?8["'])""", re.IGNORECASE)


OnOutside = Callable[[Sequence[str], Mapping[str, str]], None]


class _TooDeep(Exception):
    """Elements nested deeper than any record is."""


@dataclass(slots=True)
class Node:
    """One element: its name without a namespace, attributes, text and children."""

    tag: str
    attributes: dict[str, str]
    pieces: list[str] = field(default_factory=list)
    children: list[Node] = field(default_factory=list)
    too_long: bool = False

    @classmethod
    def of(cls, element: ElementTree.Element) -> Node:
        """Return the same of an element of the standard library's tree."""
        node = cls(_local(element.tag), dict(element.attrib), [element.text or ""])
        for child in element:
            node.children.append(cls.of(child))
            node.pieces.append(child.tail or "")
        return node

    @property
    def text(self) -> str:
        """Its own text, without blanks around it."""
        return "".join(self.pieces).strip()

    def child(self, tag: str) -> Node | None:
        """The first child of this name."""
        return next((node for node in self.children if node.tag == tag), None)

    def child_text(self, tag: str) -> str:
        """The text of the first child of this name, "" where there is none."""
        node = self.child(tag)
        return node.text if node is not None else ""


@dataclass(slots=True)
class Stretch:
    """Whole records, one after the other, as they stand in a page.

    Attributes
    ----------
    text : str
    end : str
        The last tag of the first record, and of the last.
    is_refused : bool
        It is not read from here, but record by record.
    """

    text: str
    end: str
    _around: tuple[str, str]
    is_refused: bool = False

    def elements(self, text: str) -> ElementTree.Element | None:
        """Return an element whose children are the records in a part of the stretch; None where it is not well-formed.

        What is well-formed inside the page's own root is whole records, so a part that was cut wrong cannot pass.
        """
        before, behind = self._around
        try:
            # No declaration can stand here, so no entity either: the fast parser is as safe as the defused.
            return ElementTree.XML(f"{before}{text}{behind}")
        except ElementTree.ParseError:
            return None


class XmlStream:
    """The records of one page; `runs` first, `nodes` for all that is left.

    Parameters
    ----------
    page : Page
    root : str
        Name of the root element.
    containers : tuple of str
        Names of the elements that hold records.
    records : frozenset of str
        Names of the elements that are records.
    on_comment : callable
        Called with the text of each comment, and with whether that is in a record; None outside the root.
    on_outside : callable
        Called with the names of the elements from the root to one that is no part of a record, and its attributes;
        with some of them more than once.

    Attributes
    ----------
    problem : str
        Why the rest could not be read; "" at the page's end.
    outside : dict of str to str
        Texts of elements that are no records, by name.
    n_replaced : int
        Characters that are not UTF-8.
    """

    def __init__(
        self,
        page: Page,
        root: str,
        containers: tuple[str, ...],
        records: frozenset[str],
        on_comment: Callable[[str, bool | None], None],
        on_outside: OnOutside,
    ) -> None:
        self.problem = ""
        self._on_comment = on_comment
        self._on_outside = on_outside
        self.outside: dict[str, str] = {}
        self.n_replaced = 0
        self._records = records
        # A page that had a byte order mark comes recoded; otherwise the declaration's encoding counts.
        self._is_utf8 = page.encoding != "utf-8" or _DECLARED.match(page.head) is None
        self._encoding = None if page.encoding == "utf-8" else "utf-8"
        self._chunks = page.chunks()
        self._buffer = ""
        self._at = 0
        self._consumed = 0  # lines that `runs` has read
        self._before = ""  # what the patient parser has to be told: the elements that are open here
        self._root = re.compile(rf"<{root}\b[^<>]*(?<!/)>")
        names = "|".join(containers)
        self._around = re.compile(
            rf"\s*(?:(?P<start><(?P<name>{names})\b[^<>]*(?<!/)>)|</(?:{names})\s*>|<(?:{names})\b[^<>]*/>)"
        )
        self._record = re.compile(rf"\s*<(?P<name>{'|'.join(sorted(records))})>")

    # -- runs ----------------------------------------------------------------------------------------------

    def runs(self) -> Iterator[Stretch]:
        """Yield stretches of whole records, of the plain part of the page; one that is not refused counts as read.

        With anything odd this ends, and `nodes` goes on.
        """
        if not self._is_utf8 or not self._more():
            return
        opened = self._root.search(self._buffer)
        if opened is None or not self._is_plain_prolog(self._buffer[: opened.end()]):
            return
        root = re.sub(r'\sxmlns="[^"]*"', "", opened[0])
        end_of_root = f"</{re.split('[ >]', root[1:], maxsplit=1)[0].strip()}>"
        self._at = opened.end()
        self._consumed = self._buffer.count("\n", 0, self._at)
        self._before = root
        inside = ""
        while True:
            if len(self._buffer) - self._at < _ENOUGH:
                self._more()
            around = self._around.match(self._buffer, self._at)
            if around is not None:
                self._consumed += around[0].count("\n")
                self._at = around.end()
                inside = around["name"] or ""
                self._before = root + (around["start"] or "")
                if inside:
                    self._meet_container(root, around["start"], inside)
                continue
            record = self._record.match(self._buffer, self._at) if inside else None
            if record is None:
                return
            last = f"</{record['name']}>"
            limit = self._buffer.find(f"</{inside}", self._at, self._at + _STRETCH)
            if limit < 0:
                limit = max(self._at + _STRETCH, self._buffer.find(last, self._at) + len(last))
            start_of_last = self._buffer.rfind(last, self._at, limit)
            if start_of_last < 0:  # no record ends within the buffer
                if len(self._buffer) - self._at > MAX_RECORD_BYTES or not self._more():
                    return
                continue
            end = start_of_last + len(last)
            stretch = Stretch(self._buffer[self._at : end], last, (root, end_of_root))
            if "!" in stretch.text and "<!--" in stretch.text:
                return
            yield stretch
            if stretch.is_refused:
                return
            self._consumed += self._buffer.count("\n", self._at, end)
            self._at = end

    def _meet_container(self, root: str, start: str, name: str) -> None:
        """Tell of an element that holds records, and of the root that it is in, as the patient parser does."""
        name_of_root = re.split("[ >]", root[1:], maxsplit=1)[0].strip()
        try:
            found = ElementTree.XML(f"{root}{start}</{name}></{name_of_root}>")
        except ElementTree.ParseError:
            return  # the patient parser will say what is wrong with it
        path = [_local(found.tag)]
        self._on_outside(path, found.attrib)
        self._on_outside([*path, name], found[0].attrib)

    def _is_plain_prolog(self, prolog: str) -> bool:
        """Tell whether the defused parser takes all that stands before the root's content."""
        parser: Any = defusedxml.ElementTree.XMLParser(target=_Nothing(), encoding="utf-8", forbid_dtd=True)
        try:
            parser.feed(prolog.encode())
        except (defusedxml.DefusedXmlException, SyntaxError):
            return False
        return prolog.count("<!--") == 0 and prolog.count("<![CDATA[") == 0

    def _more(self) -> bool:
        try:
            chunk = next(self._chunks, None)
        except DamagedPage as exc:
            self._chunks = damaged(exc)
            return False
        if chunk is None:
            return False
        text = chunk.decode("utf-8", "replace")
        if not text.isascii():
            self.n_replaced += text.count("\N{REPLACEMENT CHARACTER}")
        self._buffer = self._buffer[self._at :] + text
        self._at = 0
        return True

    # -- nodes ---------------------------------------------------------------------------------------------

    def nodes(self) -> Iterator[Node]:
        """Yield the records that are left, one by one."""
        target = _Collector(self._records, self.outside, self._on_comment, self._on_outside)
        encoding = "utf-8" if self._before else self._encoding
        parser: Any = defusedxml.ElementTree.XMLParser(target=target, encoding=encoding, forbid_dtd=True)
        n_silent = 0
        for piece in self._pieces():
            if isinstance(piece, str):
                self.problem = piece
            else:
                n_events = target.n_events
                try:
                    if piece:
                        parser.feed(piece)
                    else:
                        parser.close()
                except defusedxml.DefusedXmlException:
                    self.problem = "a document type declaration is refused: it could expand without bound"
                except SyntaxError as exc:  # what ElementTree's ParseError is
                    # Its line alone: it counts columns from where it began, which may be within a line.
                    self.problem = f"not well-formed: {str(exc).partition(', column')[0]}"
                except _TooDeep as exc:
                    self.problem = str(exc)
                # The parser holds a tag until it is complete, however long it gets.
                n_silent = n_silent + len(piece) if n_events == target.n_events else 0
                if n_silent > MAX_RECORD_BYTES:
                    self.problem = "a tag or comment longer than 4 MiB"
            yield from target.take()
            if self.problem:
                return

    def _pieces(self) -> Iterator[bytes | str]:
        """Yield the rest of the page in small pieces, b"" at its end, or what is wrong with it as a text."""
        if self._before or self._at < len(self._buffer):
            # As many lines as went before, so that its messages count them.
            lines = "\n" * (self._consumed - self._before.count("\n"))
            yield from _slices(self._before + lines + self._buffer[self._at :])
        self._buffer, self._at = "", 0
        if not self._is_utf8:
            try:
                yield from self._chunks
            except DamagedPage as exc:
                yield str(exc)
            yield b""
            return
        while self._more():
            yield from _slices(self._buffer)
            self._at = len(self._buffer)
        try:
            next(self._chunks, None)
        except DamagedPage as exc:
            yield str(exc)
        yield b""


def _slices(text: str) -> Iterator[bytes]:
    """Cut a text smaller: the parser hands over all records of a piece at once."""
    for start in range(0, len(text), _SLICE_CHARACTERS):
        yield text[start : start + _SLICE_CHARACTERS].encode()


def _local(tag: str) -> str:
    return tag.rpartition("}")[2]


class _Nothing:
    """A target that keeps nothing."""

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Of no use here."""

    def end(self, tag: str) -> None:
        """Of no use here."""

    def data(self, text: str) -> None:
        """Of no use here."""

    def close(self) -> None:
        """Of no use here."""


class _Collector:
    """What the XML parser feeds: keeps whole records, and of what is around them only short texts."""

    def __init__(
        self,
        records: frozenset[str],
        outside: dict[str, str],
        on_comment: Callable[[str, bool | None], None],
        on_outside: OnOutside,
    ) -> None:
        self._records = records
        self._on_comment = on_comment
        self._on_outside = on_outside
        self._outside = outside
        self._path: list[str] = []
        self._open: list[Node] = []
        self._n_characters = 0
        self.n_events = 0
        self._done: list[Node] = []

    def take(self) -> list[Node]:
        """Return the records that are whole now."""
        done, self._done = self._done, []
        return done

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        """Go into an element."""
        self.n_events += 1
        local = _local(tag)
        self._path.append(local)
        if len(self._path) > _MAX_DEPTH:
            raise _TooDeep(f"elements nested more than {_MAX_DEPTH} deep")
        if not self._open and local not in self._records:
            self._on_outside(self._path, attributes)
            return
        if not self._open:
            self._n_characters = 0
        node = Node(local, attributes)
        if self._open and not self._open[0].too_long:
            self._open[-1].children.append(node)
        self._count(len(local) + sum(map(len, attributes.values())) + 50)
        self._open.append(node)
        self._count(0)

    def end(self, tag: str) -> None:
        """Leave it."""
        self._path.pop()
        if self._open:
            node = self._open.pop()
            if not self._open:
                self._done.append(node)

    def data(self, text: str) -> None:
        """Take its text."""
        self.n_events += 1
        if self._open:
            self._count(len(text))
            if not self._open[0].too_long:
                self._open[-1].pieces.append(text)
        elif self._path and text.strip() and len(self._outside) < _MAX_DEPTH:
            self._outside.setdefault(self._path[-1], text.strip()[:200])

    def comment(self, text: str) -> None:
        """Take a comment."""
        self.n_events += 1
        self._on_comment(text, bool(self._open) if self._path else None)

    def close(self) -> None:
        """Nothing is left to do at the end; the parser asks."""

    def _count(self, n_characters: int) -> None:
        self._n_characters += n_characters
        if self._open and self._n_characters > MAX_RECORD_BYTES and not self._open[0].too_long:
            root = self._open[0]
            root.too_long = True
            root.children.clear()
            root.pieces.clear()
