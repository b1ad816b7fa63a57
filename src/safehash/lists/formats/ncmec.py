"""Read NCMEC hash sharing (version 2) XML pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from ...errors import ListError
from ...hashing.hashes import ForeignHash, Hash
from ..entry import Entry, Opinion
from ..opinions import category_of, unite_opinions
from .fields import BadField, algorithm_named, hash_named, utc_time, video_name
from .options import ReadOptions
from .pages import MAX_RECORD_BYTES, DamagedPage, Page
from .tally import Tally

__all__ = ["read"]

_RECORDS = frozenset(("image", "video", "deletedImage", "deletedVideo"))
_KNOWN = frozenset(("member", "id", "timestamp", "classification", "fingerprints", "feedback"))
_MAX_DEPTH = 64
_SLICE_BYTES = 1 << 15
_DECLARED = re.compile(rb"""\s*<\?xml[^>]*encoding\s*=\s*["'](?!utf-?8["'])""", re.IGNORECASE)
# How votes name a type differs from how fingerprints do.
_FEEDBACK_TYPES = {"photodna": "pdna"}


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry]:
    """Yield the entries of one page; no document type declaration is accepted, so no entity expands.

    Raises
    ------
    ListError
        ``defusedxml`` is not installed.

    References
    ----------
    docs/formats.md, "NCMEC".
    """
    tally.unit = "record"
    try:
        defused = import_module("defusedxml.ElementTree")
    except ModuleNotFoundError as exc:
        raise ListError(
            "reading NCMEC XML needs the package defusedxml: pip install 'safehash[lists]'", path=page.path
        ) from exc
    refused = import_module("defusedxml").DefusedXmlException
    target = _RecordCollector()
    # A page that had a byte order mark comes recoded; otherwise the declaration's encoding counts.
    encoding = None if page.encoding == "utf-8" else "utf-8"
    parser: Any = defused.XMLParser(target=target, encoding=encoding, forbid_dtd=True)
    is_utf8 = encoding is not None or _DECLARED.match(page.head) is None
    n_replaced = 0
    number = 0
    n_silent = 0
    problem = ""
    chunks = _slices(page.chunks())
    while not problem:
        try:
            chunk = next(chunks, None)
            if chunk is None:
                parser.close()
            else:
                if is_utf8:
                    text = chunk.decode("utf-8", "replace")
                    n_replaced += text.count("\N{REPLACEMENT CHARACTER}")
                    chunk = text.encode("utf-8")
                n_events = target.n_events
                parser.feed(chunk)
                # The parser holds a tag until it is complete, however long it gets.
                n_silent = n_silent + len(chunk) if n_events == target.n_events else 0
                if n_silent > MAX_RECORD_BYTES:
                    problem = "a tag or comment longer than 4 MiB"
        except refused:
            problem = "a document type declaration is refused: it could expand without bound"
        except SyntaxError as exc:  # what ElementTree's ParseError is
            problem = f"not well-formed: {exc}"
        except (DamagedPage, _TooDeep) as exc:
            problem = str(exc)
        for node in target.take():
            number += 1
            tally.n_records += 1
            yield from _entries(node, number, tally, options.source)
        if chunk is None:
            break
    if n_replaced:
        tally.note(f"{n_replaced} characters are not UTF-8; replaced by U+FFFD")
    if problem:
        tally.cut(number + 1, problem)


def _slices(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Cut chunks smaller: the parser hands over all records of a piece at once."""
    for chunk in chunks:
        start = 0
        while start < len(chunk):
            # Never inside a UTF-8 character.
            end = start + _SLICE_BYTES
            while end < len(chunk) and chunk[end] & 0xC0 == 0x80 and end < start + _SLICE_BYTES + 4:
                end += 1
            yield chunk[start:end]
            start = end


class _TooDeep(Exception):
    """Elements nested deeper than any record is."""


@dataclass(slots=True)
class _Node:
    tag: str
    attributes: dict[str, str]
    pieces: list[str] = field(default_factory=list)
    children: list[_Node] = field(default_factory=list)
    too_long: bool = False

    @property
    def text(self) -> str:
        return "".join(self.pieces).strip()

    def child(self, tag: str) -> _Node | None:
        return next((node for node in self.children if node.tag == tag), None)

    def child_text(self, tag: str) -> str:
        node = self.child(tag)
        return node.text if node is not None else ""


class _RecordCollector:
    """What the XML parser feeds: keeps whole records, forgets everything around them."""

    def __init__(self) -> None:
        self._open: list[_Node] = []
        self._depth = 0
        self._n_characters = 0
        self.n_events = 0
        self._done: list[_Node] = []

    def take(self) -> list[_Node]:
        done, self._done = self._done, []
        return done

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.n_events += 1
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _TooDeep(f"elements nested more than {_MAX_DEPTH} deep")
        local = tag.rpartition("}")[2]
        if not self._open and local not in _RECORDS:
            return
        if not self._open:
            self._n_characters = 0
        node = _Node(local, attributes)
        if self._open and not self._open[0].too_long:
            self._open[-1].children.append(node)
        self._count(len(local) + sum(map(len, attributes.values())) + 50)
        self._open.append(node)
        self._count(0)

    def end(self, _tag: str) -> None:
        self._depth -= 1
        if self._open:
            node = self._open.pop()
            if not self._open:
                self._done.append(node)

    def data(self, text: str) -> None:
        self.n_events += 1
        if self._open:
            self._count(len(text))
            if not self._open[0].too_long:
                self._open[-1].pieces.append(text)

    def close(self) -> None:
        """Nothing is left to do at the end; the parser asks."""

    def _count(self, n_characters: int) -> None:
        self._n_characters += n_characters
        if self._open and self._n_characters > MAX_RECORD_BYTES and not self._open[0].too_long:
            root = self._open[0]
            root.too_long = True
            root.children.clear()
            root.pieces.clear()


def _entries(node: _Node, number: int, tally: Tally, source: str) -> Iterator[Entry]:
    try:
        found, failures = _parsed(node, source)
    except BadField as exc:
        tally.reject(number, str(exc))
        return
    for failure in failures:
        tally.reject(number, failure)
    for entry in found:
        yield tally.meet(entry)


def _parsed(node: _Node, source: str) -> tuple[list[Entry], list[str]]:
    if node.too_long:
        raise BadField("longer than 4 MiB")
    member = node.child("member")
    member_id = member.attributes.get("id", "").strip() if member is not None else ""
    record_id = node.child_text("id")
    if member is None or not member_id or not record_id:
        raise BadField("expected the ids of the member and of the record, which together are its key")
    key = f"{member_id}-{record_id}"
    submitter = Opinion(owner=member_id, category="positive", name=member.text or None)
    updated = utc_time(node.child_text("timestamp"))
    extra: dict[str, Any] = {
        child.tag: child.text for child in node.children if child.tag not in _KNOWN and child.text
    }
    if updated is None and node.child_text("timestamp"):
        extra["timestamp"] = node.child_text("timestamp")
    if node.tag.startswith("deleted"):
        tombstone = Entry(
            hash=None, id=key, source=source, owners=(submitter,), updated=updated, deleted=True, extra=extra
        )
        return [tombstone], []
    hashes, references, failures = _fingerprints(node)
    if references:
        extra["references"] = references
    if not hashes:
        if failures:
            raise BadField("; ".join(failures))
        raise BadField("no digest, only references" if references else "no fingerprint")
    votes = _votes(node)
    entries = []
    for tag, value in hashes:
        owners = unite_opinions((submitter, *votes.get("", ()), *votes.get(tag, ())))
        entries.append(
            Entry(
                hash=value,
                id=key,
                source=source,
                category=category_of(owners, default="positive"),
                owners=owners,
                severity=node.child_text("classification") or None,
                updated=updated,
                extra=extra,
            )
        )
    return entries, failures


def _fingerprints(
    node: _Node,
) -> tuple[list[tuple[str, Hash | ForeignHash]], dict[str, str], list[str]]:
    hashes: list[tuple[str, Hash | ForeignHash]] = []
    seen: set[Hash | ForeignHash] = set()
    references: dict[str, str] = {}
    failures: list[str] = []
    fingerprints = node.child("fingerprints")
    for child in fingerprints.children if fingerprints is not None else ():
        if not child.text:
            if "href" in child.attributes:
                references[child.tag] = child.attributes["href"]
            continue
        algorithm = algorithm_named(child.tag)
        if node.tag == "video":
            algorithm = video_name(algorithm)
        try:
            value = hash_named(algorithm, child.text)
        except BadField as exc:
            failures.append(str(exc))
            continue
        if value not in seen:
            seen.add(value)
            hashes.append((_plain(child.tag), value))
    return hashes, references, failures


def _votes(node: _Node) -> dict[str, list[Opinion]]:
    """Return the members' votes by fingerprint type, "" for votes that name none.

    Members of a negative vote stand inside their reason's list, after each reason.
    """
    votes: dict[str, list[Opinion]] = {}
    feedback = node.child("feedback")
    for vote in feedback.children if feedback is not None else ():
        category = {"affirmativeFeedback": "positive", "negativeFeedback": "negative"}.get(vote.tag)
        if category is None:
            continue
        kind = _plain(vote.attributes.get("type", ""))
        found = votes.setdefault(_FEEDBACK_TYPES.get(kind, kind), [])
        for member, reason in _members(vote, ""):
            member_id = member.attributes.get("id", "").strip()
            if member_id:
                reasons = (reason,) if reason else ()
                found.append(
                    Opinion(owner=member_id, category=category, name=member.text or None, reasons=reasons)
                )
    return votes


def _members(node: _Node, reason: str) -> Iterator[tuple[_Node, str]]:
    """Yield every member below `node` with the reason that stands before or around it."""
    for child in node.children:
        if child.tag == "reason":
            reason = child.attributes.get("name", "")
        if child.tag == "member":
            yield child, reason
        else:
            yield from _members(child, reason)


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
