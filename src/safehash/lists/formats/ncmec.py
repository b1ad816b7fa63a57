"""Read NCMEC hash sharing (version 2) XML pages."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ...errors import ListError
from ...hashing.hashes import ForeignHash, Hash
from ..entry import Entry, Opinion
from ..opinions import category_of, unite_opinions
from ..switches import switch
from .batch import Batch
from .beside import check_beside, name_speaks, refuse_beside
from .column_names import type_named
from .exchange_types import check_unknown, exchange_type
from .fields import BadField, hash_named, shown, utc_time, video_name
from .inside import pairs_speak
from .judging import speaks
from .ncmec_rows import PlainRecords
from .options import ReadOptions
from .pages import Page
from .paging import note_paging
from .sentences import is_section
from .tally import Tally
from .vocabulary import OPINIONS, word
from .xml_stream import Node, Stretch, XmlStream

__all__ = ["FEEDBACK", "read"]

_RECORDS = frozenset(("image", "video", "deletedImage", "deletedVideo"))
_CONTAINERS = ("images", "videos")
#: Attributes of what is around records that say nothing of them.
_AROUND = frozenset(("count", "maxTimestamp", "schemaLocation", "version"))
_KNOWN = frozenset(("member", "id", "timestamp", "classification", "fingerprints", "feedback"))
_NAMED = frozenset(("member", "id", "timestamp", "classification"))
#: So many lines of a comment are looked at.
_LINES_OF_COMMENT = 100
#: What a vote says of the picture.
FEEDBACK = {"affirmativeFeedback": "positive", "negativeFeedback": "negative"}
# How votes name a type differs from how fingerprints do.
_FEEDBACK_TYPES = {"photodna": "pdna"}


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry | Batch]:
    """Yield the entries of one page; no document type declaration is accepted, so no entity expands.

    References
    ----------
    docs/formats.md, "NCMEC".
    """
    tally.unit = "record"
    reader = _Reader(tally, options)
    stream = XmlStream(page, "queryResult", _CONTAINERS, _RECORDS, reader.meet_comment, reader.meet_outside)
    if not options.ignore:
        for stretch in stream.runs():
            yield from reader.take(stretch)
    for node in stream.nodes():
        yield from reader.entries(node)
    yield from reader.flush()
    tally.note_replaced(stream.n_replaced)
    if stream.problem:
        tally.cut(reader.number + 1, stream.problem)
    else:
        note_paging(stream.outside, tally, is_last=True)
    reader.close(stream.outside)


class _Reader:
    """Records to entries; what one means is worked out once for all that are like it."""

    def __init__(self, tally: Tally, options: ReadOptions) -> None:
        self._tally = tally
        self._source = options.source
        self._ignore = options.ignore
        self._plain = PlainRecords(lambda node: _parsed(node, self._source, tally))
        self._has_comment = False
        self._counts: dict[str, int] = {}
        self.number = 0

    def entries(self, node: Node) -> Iterator[Entry | Batch]:
        """Yield what one record says, and what was collected before it."""
        yield from self.flush()
        self.number += 1
        self._tally.n_records += 1
        yield from self._entries(node, self.number)

    def _entries(self, node: Node, number: int) -> Iterator[Entry]:
        if self._ignore:
            _set_aside(node, frozenset(self._ignore))
        try:
            found, failures = _parsed(node, self._source, self._tally)
        except BadField as exc:
            self._tally.reject(number, str(exc))
            return
        for failure in failures:
            self._tally.reject(number, failure)
        for entry in found:
            yield self._tally.meet(entry)

    def meet_comment(self, text: str, in_record: bool | None) -> None:
        """Look at a comment, which may say something of the record that it stands in, or of those below it.

        Raises
        ------
        ListError
            It may take them back, or judge them.
        """
        if "#" in self._ignore or not text.strip():
            return
        lines = [line.strip() for line in text.split("\n", _LINES_OF_COMMENT)[:_LINES_OF_COMMENT]]
        found = next((line for line in lines if is_section(line) or speaks(line) or pairs_speak(line)), None)
        if found is not None:
            raise ListError(
                f"refused: {self._tally.place(self.number + 1)}: the comment {shown(found)} may take back, or judge, "
                f"records of the list: take these out of it, or set comments aside with {switch('ignore', ['#'])}",
                path=self._tally.path,
            )
        if not self._has_comment and in_record is not None:
            self._has_comment = True
            self._tally.note(
                f"{self._tally.place(self.number + 1)}: the comment {shown(lines[0] or text.strip())} is no record: if "
                f"it takes back {'the record that it is in' if in_record else 'the records below it'}, or judges, take "
                "them out of the list; they are matched against"
            )

    def meet_outside(self, path: Sequence[str], attributes: Mapping[str, str]) -> None:
        """Look at an element that is no part of a record: it may count records, say something of them, or be one.

        Raises
        ------
        ListError
            It may take records back, or judge them.
        """
        name = path[-1]
        if name in self._ignore:
            return
        is_container = len(path) == 2 and name in _CONTAINERS
        if is_container and (count := attributes.get("count", "")).isdecimal():
            self._counts[name] = int(count)
        said = {each: value for each, value in attributes.items() if each.rpartition("}")[2] not in _AROUND}
        check_beside(said, self._tally, self._ignore)
        if len(path) == 2 and not is_container and name_speaks(name):
            raise refuse_beside(self._tally, name, "speaks of deletion or opinion, and may of some of them")
        is_record = len(path) == 3 and path[1] in _CONTAINERS
        if is_record or (name == "fingerprints" and path[1] not in (*_CONTAINERS, *self._ignore)):
            self.number += 1
            self._tally.n_records += 1
            self._tally.reject(self.number, _no_record(name if is_record else path[-2]))

    def close(self, outside: Mapping[str, str]) -> None:
        """Look at what all elements around the records say, at the end of the page.

        Raises
        ------
        ListError
            A text may take records back, or judge them.
        """
        check_beside(outside, self._tally, self._ignore)
        self._tally.n_promised = max(self._tally.n_promised, sum(self._counts.values()))

    # -- many at once --------------------------------------------------------------------------------------

    def take(self, stretch: Stretch) -> Iterator[Entry | Batch]:
        """Collect the records of a stretch, or refuse it; yield them once they are worth a batch."""
        n_records = self._plain.take(stretch, self.number + 1)
        if n_records is None:
            stretch.is_refused = True
            return
        self.number += n_records
        self._tally.n_records += n_records
        if self._plain.is_full:
            yield from self.flush()

    def flush(self) -> Iterator[Entry | Batch]:
        """Yield what was collected: plain records as batches, then the odd ones; few in their order."""
        for found in self._plain.flush():
            if isinstance(found, Batch):
                self._tally.meet_batch(found)
                yield found
            elif isinstance(found, Entry):
                yield self._tally.meet(found)
            else:
                number, record = found
                yield from self._entries(Node.of(record), number)


# -- one record --------------------------------------------------------------------------------------------


def _no_record(name: str) -> str:
    return f"an element {shown(name)} is no record that is known here, and may be one, or take one back"


def _parsed(node: Node, source: str, tally: Tally) -> tuple[list[Entry], list[str]]:
    if node.too_long:
        raise BadField("longer than 4 MiB")
    if node.tag not in _RECORDS:
        raise BadField(_no_record(node.tag))
    parts = Counter(child.tag for child in node.children)
    twice = next((name for name in _KNOWN if parts[name] > 1), None)
    if twice is not None:
        raise BadField(f"{twice!r} stands twice, and only one of them would be heeded")
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
    _check_said(node, tally)
    if node.tag.startswith("deleted"):
        tombstone = Entry(
            hash=None, id=key, source=source, owners=(submitter,), updated=updated, deleted=True, extra=extra
        )
        return [tombstone], []
    hashes, references, failures = _fingerprints(node, tally)
    if references:
        extra["references"] = references
    if not hashes:
        if failures:
            raise BadField("; ".join(failures))
        raise BadField("no digest, only references" if references else "no fingerprint")
    severity = node.child_text("classification") or None
    if severity is not None and OPINIONS.get(word(severity)) == "negative":
        raise BadField(f"the classification {shown(severity)} speaks of an opinion, and is not understood")
    votes = _votes(node, tally)
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
                severity=severity,
                updated=updated,
                extra=extra,
            )
        )
    return entries, failures


def _set_aside(node: Node, names: frozenset[str]) -> None:
    """Forget the attributes and elements of these names, wherever they stand in a record."""
    node.attributes = {name: value for name, value in node.attributes.items() if name not in names}
    node.children = [child for child in node.children if child.tag not in names]
    for child in node.children:
        _set_aside(child, names)


def _check_said(node: Node, tally: Tally) -> None:
    """Refuse a record with attributes or elements that may speak of deletion or opinion, but for the votes.

    Raises
    ------
    BadField
        One does.
    """
    check_unknown(node.attributes, tally)
    for child in node.children:
        if child.tag in _NAMED:
            check_unknown(child.attributes, tally)
        elif child.tag == "fingerprints":
            check_unknown(child.attributes, tally)
            for each in child.children:
                check_unknown({each.tag: _value(each)}, tally)
        elif child.tag != "feedback":
            check_unknown({child.tag: _value(child)}, tally)


def _value(node: Node) -> Any:
    """Return what an unknown element holds; one that is there and holds nothing is a yes."""
    if not node.children and not node.attributes:
        return node.text or True
    inner: list[Any] = [{child.tag: _value(child)} for child in node.children]
    return [*([node.text] if node.text else ()), node.attributes, *inner]


def _fingerprints(
    node: Node, tally: Tally
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
        try:
            algorithm = exchange_type(child.tag, tally)
            if node.tag == "video":
                algorithm = video_name(algorithm)
            value = hash_named(algorithm, child.text)
        except BadField as exc:
            failures.append(str(exc))
            continue
        if value not in seen:
            seen.add(value)
            hashes.append((_plain(child.tag), value))
    return hashes, references, failures


def _votes(node: Node, tally: Tally) -> dict[str, list[Opinion]]:
    """Return the members' votes by fingerprint type, "" for votes that name none.

    Members of a negative vote stand inside their reason's list, after each reason.

    Raises
    ------
    BadField
        A vote that is neither for nor against, of a type that is not known, or nobody's.
    """
    votes: dict[str, list[Opinion]] = {}
    feedback = node.child("feedback")
    fingerprints = node.child("fingerprints")
    kinds = {"", *(_plain(each.tag) for each in (fingerprints.children if fingerprints is not None else ()))}
    for vote in feedback.children if feedback is not None else ():
        category = FEEDBACK.get(vote.tag)
        if category is None:
            raise BadField(
                f"expected one of {', '.join(FEEDBACK)} inside 'feedback', found {shown(vote.tag)}"
            )
        check_unknown(_but(vote.attributes, _OF_VOTES), tally)
        kind = _plain(vote.attributes.get("type", ""))
        known = type_named(kind)
        if kind not in kinds and (known is None or known.algorithm is None):
            raise BadField(
                f"a vote on {shown(vote.attributes['type'])}, which is no type of digest known here"
            )
        found = votes.setdefault(_FEEDBACK_TYPES.get(kind, kind), [])
        members = list(_members(vote, ""))
        for member, reason in members:
            check_unknown(_but(member.attributes, _OF_VOTES), tally)
            member_id = member.attributes.get("id", "").strip()
            if not member_id:
                raise BadField("a vote of a member without an id: whose it is is not known")
            reasons = (reason,) if reason else ()
            found.append(
                Opinion(owner=member_id, category=category, name=member.text or None, reasons=reasons)
            )
        if not members and category == "negative":
            tally.keep(tally.doubts, vote.tag, "no member's vote")
    return votes


#: Attributes of votes, and of members who voted, that are known.
_OF_VOTES = frozenset(("type", "lastUpdateTimestamp", "timestamp", "id"))


def _but(attributes: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    return {name: value for name, value in attributes.items() if name not in names}


def _members(node: Node, reason: str) -> Iterator[tuple[Node, str]]:
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
