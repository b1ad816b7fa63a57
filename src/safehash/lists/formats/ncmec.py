"""Read NCMEC hash sharing (version 2) XML pages."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

from ...hashing.hashes import Algorithm, ForeignHash, Hash
from ..entry import Entry, Opinion
from ..opinions import category_of, unite_opinions
from .batch import Batch
from .collecting import from_hex
from .exchange_types import check_unknown, exchange_type
from .fields import BadField, hash_named, shown, utc_time, video_name
from .options import ReadOptions
from .pages import Page
from .tally import Tally
from .times import utc_times
from .xml_stream import Node, XmlStream

__all__ = ["FEEDBACK", "read"]

_RECORDS = frozenset(("image", "video", "deletedImage", "deletedVideo"))
_KNOWN = frozenset(("member", "id", "timestamp", "classification", "fingerprints", "feedback"))
_NAMED = frozenset(("member", "id", "timestamp", "classification"))
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
    stream = XmlStream(page, "queryResult", ("images", "videos"), _RECORDS)
    reader = _Reader(tally, options)
    if not options.ignore:
        for run in stream.runs():
            yield from reader.run(run)
    for node in stream.nodes():
        yield from reader.entries(node)
    yield from reader.flush()
    if stream.n_replaced:
        tally.note(f"{stream.n_replaced} characters are not UTF-8; replaced by U+FFFD")
    if stream.problem:
        tally.cut(reader.number + 1, stream.problem)
    else:
        tally.promise("next" in stream.outside)


class _Reader:
    """Records to entries; what one means is worked out once for all that are like it."""

    def __init__(self, tally: Tally, options: ReadOptions) -> None:
        self._tally = tally
        self._source = options.source
        self._ignore = options.ignore
        self._kinds: dict[Hashable, tuple[Entry, ...] | None] = {}
        self._rows = _Rows()
        self._odd: list[tuple[int, ElementTree.Element]] = []
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

    # -- many at once --------------------------------------------------------------------------------------

    def run(self, records: ElementTree.Element) -> Iterator[Entry | Batch]:
        """Collect the records inside an element; yield them once they are worth a batch."""
        self._tally.n_records += len(records)
        for record in records:
            self.number += 1
            if not self._take(record):
                self._odd.append((self.number, record))
            if len(self._rows.records) + len(self._odd) >= _ROWS:
                yield from self.flush()

    def flush(self) -> Iterator[Entry | Batch]:
        """Yield what was collected: plain records as batches, then the odd ones; few in their order."""
        rows, odd = self._rows, self._odd
        self._rows, self._odd = _Rows(), []
        if len(rows.records) < _FEW:
            odd += zip(rows.numbers, rows.records, strict=True)
        else:
            batches, entries, bad = rows.read()
            for batch in batches:
                self._tally.meet_batch(batch)
                yield batch
            for entry in entries:
                yield self._tally.meet(entry)
            odd += [(rows.numbers[k], rows.records[k]) for k in bad]
        for number, record in sorted(odd, key=itemgetter(0)):
            yield from self._entries(Node.of(record), number)

    def _take(self, record: ElementTree.Element) -> bool:
        """Add one record, and tell whether it was one of the plain ones."""
        children = {child.tag: child for child in record}
        if len(children) != len(record) or not children.keys() <= _PLAIN or record.keys():
            return False
        member, prints = children.get("member"), children.get("fingerprints")
        record_id, timestamp = children.get("id"), children.get("timestamp")
        if member is None or prints is None or record_id is None or timestamp is None:
            return False
        classification = children.get("classification")
        # To ask for `attrib` would make a dictionary for each element.
        if len(member) or len(member.keys()) > 1 or prints.keys():
            return False
        if any(len(each) or each.keys() for each in prints):
            return False
        if any(len(child) or child.keys() for tag, child in children.items() if tag in _BARE):
            return False
        member_id = member.get("id", "").strip()
        text = (record_id.text or "").strip()
        kind = (
            record.tag,
            member_id,
            member.text,
            None if classification is None else classification.text,
            *[each.tag for each in prints],
        )
        if kind not in self._kinds:
            self._learn(kind, record)
        models = self._kinds.get(kind)
        if models is None or not text:
            return False
        self._rows.add(self.number, record, models, prints, f"{member_id}-{text}", timestamp.text or "")
        return True

    def _learn(self, kind: Hashable, record: ElementTree.Element) -> None:
        """Find out what each fingerprint of such a record means, from this one."""
        if len(self._kinds) > _REMEMBERED:
            return
        node = Node.of(record)
        try:
            found, failures = _parsed(node, self._source, self._tally)
        except BadField:
            return
        prints = node.child("fingerprints")
        if failures or prints is None or len(found) != len(prints.children):
            return
        types = [entry.hash.algorithm for entry in found if entry.hash is not None]
        plain = all(entry.extra == {} for entry in found) and len(set(types)) == len(types) == len(found)
        self._kinds[kind] = tuple(replace(entry, id=None, updated=None) for entry in found) if plain else None


_PLAIN = frozenset(("member", "id", "timestamp", "classification", "fingerprints"))
_BARE = frozenset(("id", "timestamp", "classification"))
#: Records are turned into columns so many at a time; fewer than this are read one by one, in their order.
_ROWS = 256
_FEW = 64
#: Kinds of records remembered per page.
_REMEMBERED = 20_000


class _Rows:
    """Plain records, taken apart."""

    def __init__(self) -> None:
        self.numbers: list[int] = []
        self.records: list[ElementTree.Element] = []
        self._models: list[tuple[Entry, ...]] = []
        self._texts: list[list[str]] = []
        self._ids: list[str] = []
        self._times: list[str] = []

    def add(
        self,
        number: int,
        record: ElementTree.Element,
        models: tuple[Entry, ...],
        prints: ElementTree.Element,
        entry_id: str,
        time: str,
    ) -> None:
        """Add one."""
        self.numbers.append(number)
        self.records.append(record)
        self._models.append(models)
        self._texts.append([(each.text or "").strip() for each in prints])
        self._ids.append(entry_id)
        self._times.append(time.strip())

    def read(self) -> tuple[list[Batch], list[Entry], list[int]]:
        """Return batches, entries of digests that are not computed here, and which records are odd after all."""
        times = utc_times(self._times)
        odd = {k for k, time in enumerate(times) if time is None}
        kinds: dict[int, list[int]] = {}
        for k, models in enumerate(self._models):
            kinds.setdefault(id(models), []).append(k)
        columns: dict[Algorithm, list[_Column]] = {}
        foreign: list[tuple[Entry, list[int], Sequence[str]]] = []
        for rows in kinds.values():
            texts_of = zip(*(self._texts[k] for k in rows), strict=True)
            for model, texts in zip(self._models[rows[0]], texts_of, strict=True):
                if not isinstance(model.hash, Hash):
                    foreign.append((model, rows, texts))
                    odd |= {k for k, text in zip(rows, texts, strict=True) if not text}
                    continue
                digests, bad = _digests_of(model.hash.algorithm, list(texts))
                odd |= {rows[at] for at in bad}
                columns.setdefault(model.hash.algorithm, []).append(_Column(model, rows, digests))
        batches = [
            self._batch(algorithm, found, times, odd)
            for algorithm, found in columns.items()
            if any(k not in odd for column in found for k in column.rows)
        ]
        entries = [
            replace(model, hash=ForeignHash(model.hash.algorithm, text), id=self._ids[k], updated=times[k])
            for model, rows, texts in foreign
            for k, text in zip(rows, texts, strict=True)
            if k not in odd and isinstance(model.hash, ForeignHash)
        ]
        return batches, entries, sorted(odd)

    def _batch(
        self, algorithm: Algorithm, columns: list[_Column], times: list[str | None], odd: set[int]
    ) -> Batch:
        rows = [k for column in columns for k in column.rows]
        which = np.repeat(np.arange(len(columns)), [len(column.rows) for column in columns])
        digests = np.concatenate([column.digests for column in columns])
        if odd:
            kept = [at for at, k in enumerate(rows) if k not in odd]
            rows, which, digests = [rows[at] for at in kept], which[kept], digests[kept]
        return Batch(
            algorithm=algorithm,
            digests=digests,
            likes=tuple(replace(column.model, hash=None) for column in columns),
            which=which.tolist(),
            ids=[self._ids[k] for k in rows],
            dates=[(None, times[k]) for k in rows],
        )


@dataclass(frozen=True, slots=True)
class _Column:
    """One fingerprint of all records of one kind."""

    model: Entry
    rows: list[int]
    digests: npt.NDArray[np.uint8]


def _digests_of(algorithm: Algorithm, texts: list[str]) -> tuple[npt.NDArray[np.uint8], list[int]]:
    """Return digests, shape (n, n_bytes), and which of the texts are none (theirs are zeros)."""
    digests = from_hex(texts, algorithm.n_bytes)
    if digests is not None:
        return digests, []
    bad = [at for at, text in enumerate(texts) if from_hex([text], algorithm.n_bytes) is None]
    for at in bad:
        texts[at] = "0" * (2 * algorithm.n_bytes)
    found = from_hex(texts, algorithm.n_bytes)
    return (np.zeros((len(texts), algorithm.n_bytes), np.uint8) if found is None else found), bad


# -- one record --------------------------------------------------------------------------------------------


def _parsed(node: Node, source: str, tally: Tally) -> tuple[list[Entry], list[str]]:
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
    _check_said(node)
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


def _set_aside(node: Node, names: frozenset[str]) -> None:
    """Forget the attributes and elements of these names, wherever they stand in a record."""
    node.attributes = {name: value for name, value in node.attributes.items() if name not in names}
    node.children = [child for child in node.children if child.tag not in names]
    for child in node.children:
        _set_aside(child, names)


def _check_said(node: Node) -> None:
    """Refuse a record with attributes or elements that may speak of deletion or opinion, but for the votes.

    Raises
    ------
    BadField
        One does.
    """
    check_unknown(node.attributes)
    for child in node.children:
        if child.tag in _NAMED:
            check_unknown(child.attributes)
        elif child.tag == "fingerprints":
            check_unknown(child.attributes)
            for each in child.children:
                check_unknown({each.tag: _value(each)})
        elif child.tag != "feedback":
            check_unknown({child.tag: _value(child)})


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


def _votes(node: Node) -> dict[str, list[Opinion]]:
    """Return the members' votes by fingerprint type, "" for votes that name none.

    Members of a negative vote stand inside their reason's list, after each reason.

    Raises
    ------
    BadField
        A vote that is neither for nor against.
    """
    votes: dict[str, list[Opinion]] = {}
    feedback = node.child("feedback")
    for vote in feedback.children if feedback is not None else ():
        category = FEEDBACK.get(vote.tag)
        if category is None:
            raise BadField(
                f"expected one of {', '.join(FEEDBACK)} inside 'feedback', found {shown(vote.tag)}"
            )
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
