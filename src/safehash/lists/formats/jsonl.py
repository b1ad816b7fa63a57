"""Read and write safehash JSON Lines, the one format that loses nothing of an entry."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Hashable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from ..._face import checked
from ..._frozen import DEEPEST, frozen_json
from ...errors import ListError
from ...hashing.hashes import ForeignHash, Hash
from ..entry import CATEGORIES, Entry, Opinion
from ..opinions import unite_opinions
from ..pools import pool_of_bytes
from .batch import NO_QUALITY, Batch
from .column_names import type_named
from .exchange_types import check_kept, check_unknown, speaking_in
from .fields import BadField, hash_named, shown, utc_time
from .inside import doubt_in, json_may_speak
from .json_records import PlainRecords, PlainShape
from .json_stream import Many, NotJson, decoded
from .options import ReadOptions
from .packed import DamagedPage
from .pages import Page
from .plain_columns import PlainColumns, n_of
from .tally import Tally
from .writing import replacing

__all__ = ["VERSION", "entry_record", "read", "write_list"]


#: Version of the format; readers refuse a newer one.
VERSION = 1

#: What has one of these is an entry, whatever else it has: no header, and no end line.
_OF_ENTRIES = frozenset(("hash", "value", "deleted"))
_KNOWN = frozenset(
    (
        "algorithm",
        "hash",
        "value",
        "quality",
        "id",
        "source",
        "category",
        "labels",
        "owners",
        "severity",
        "created",
        "updated",
        "deleted",
        "keyed_by",
        "extra",
    )
)


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry | Batch]:
    """Yield the entries of one page.

    Raises
    ------
    ListError
        The page was written in a newer version of the format.

    References
    ----------
    docs/formats.md, "safehash JSON Lines".
    """
    tally.unit = "line"
    yield from _Reader(page, tally, options).entries()


class _Reader:
    """Reads one page: lines that are plain entries many at once, all others one by one."""

    def __init__(self, page: Page, tally: Tally, options: ReadOptions) -> None:
        self._page = page
        self._tally = tally
        self._ignore = options.ignore
        self._source = options.source
        self._so_far = hashlib.sha256()
        self._n_met = 0
        self._number = 0
        self._ended = False
        self._promised = False  # an end line: `write_list` says in its header that it writes one
        self._rows = self._plain_rows()

    def _plain_rows(self) -> PlainRecords:
        source = self._source
        return PlainRecords(
            self._tally,
            _SHAPE,
            lambda record: ([_entry(record, source, self._tally)], []),
        )

    def entries(self) -> Iterator[Entry | Batch]:
        try:
            for number, block, too_long in self._page.blocks():
                if too_long:
                    self._number = number
                    self._tally.n_records += 1
                    self._tally.reject(number, "the line is longer than 4 MiB")
                    continue
                yield from self._block(number, block)
        except DamagedPage as exc:
            yield from self._rows.flush()
            self._tally.cut(self._number + 1, str(exc))
            return
        yield from self._rows.flush()
        if not self._ended:
            self._tally.note("the list has no end line: it may have been cut off")
            if self._promised:
                self._tally.cuts.append(f"{self._page.name}: no end line, with which such lists end")

    def _block(self, number: int, block: bytes) -> Iterator[Entry | Batch]:
        """Read some lines; runs of entries go the fast way."""
        # Mostly all of them begin as entries do; no line has a line end in its midst.
        n = n_of(b"\n", block) + (not block.endswith(b"\n"))
        if (
            block.startswith(_PLAIN_START)
            and block.count(b"\n" + _PLAIN_START) == n - 1
            and b"\r" not in block
            and not self._ignore
        ):
            whole = block.removesuffix(b"\n")
            self._so_far.update(whole)
            self._so_far.update(b"\n")
            text = whole.replace(b"\n", b",").decode("utf-8", "replace")
            yield from self._many(number, Many(f"[{text}]", lines=whole, n_lines=n))
            self._number = number + n - 1
            return
        lines = block.splitlines()
        start = 0
        for k, line in enumerate(lines):
            if not line.startswith(_PLAIN_START) or self._ignore:
                yield from self._run(number + start, lines[start:k])
                yield from self._line(number + k, line)
                start = k + 1
        yield from self._run(number + start, lines[start:])
        self._number = number + len(lines) - 1

    def _run(self, number: int, lines: list[bytes]) -> Iterator[Entry | Batch]:
        """Read lines that begin as entries do."""
        if not lines:
            return
        self._so_far.update(b"\n".join(lines) + b"\n")
        text = b",".join(lines).decode("utf-8", "replace")
        yield from self._many(number, Many(f"[{text}]", _raws=lines))

    def _many(self, number: int, many: Many) -> Iterator[Entry | Batch]:
        self._n_met += len(many)
        self._ended = False
        yield from self._rows.take(number, many)

    def _line(self, number: int, line: bytes) -> Iterator[Entry | Batch]:
        text = line.decode("utf-8", "replace").strip()
        if not text or text.startswith("#"):
            self._so_far.update(line + b"\n")
            return
        yield from self._rows.settle()
        try:
            record = decoded(text.encode())
            is_entry = not _OF_ENTRIES.isdisjoint(record)
            if "safehash" in record and not is_entry:
                yield from self._rows.flush()
                _check_version(record["safehash"], self._page)
                self._source = _text(record, "name") or self._source
                self._rows = self._plain_rows()
                self._ended = False
                self._promised = record.get("kind") == "list"
            elif record.keys() >= {"end", "sha256"} and not is_entry:
                self._end(number, record)
            else:
                self._n_met += 1
                self._ended = False
                self._tally.n_records += 1
                if self._ignore:
                    record = {name: value for name, value in record.items() if name not in self._ignore}
                yield self._tally.meet(_entry(record, self._source, self._tally))
        except (NotJson, BadField) as exc:
            self._tally.n_records += isinstance(exc, NotJson)
            self._tally.reject(number, str(exc))
        self._so_far.update(line + b"\n")

    def _end(self, number: int, record: dict[str, Any]) -> None:
        """Compare the end line with what was read."""
        self._ended = True
        if record["end"] == self._n_met and record["sha256"] == self._so_far.hexdigest():
            return
        self._tally.note("the list was changed after it was written: its checksum does not fit")
        found = f"{self._n_met} entries" if record["end"] != self._n_met else "other entries"
        self._tally.cuts.append(
            f"{self._page.name}, line {number}: the end line counts {record['end']} entries with a checksum, "
            f"found {found}"
        )


#: Of a field that is not there.
_NONE = msgspec.Raw()


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """An entry as it usually is."""

    algorithm: str
    hash: str
    quality: int | UnsetType | None = UNSET
    id: str | UnsetType | None = UNSET
    source: str | UnsetType | None = UNSET
    category: str | UnsetType = UNSET
    labels: msgspec.Raw = _NONE
    owners: msgspec.Raw = _NONE
    severity: msgspec.Raw = _NONE
    created: str | int | float | UnsetType | None = UNSET
    updated: str | int | float | UnsetType | None = UNSET
    deleted: bool | UnsetType = UNSET
    keyed_by: msgspec.Raw = _NONE
    extra: msgspec.Raw = _NONE


#: What a line begins with that is an entry with a digest, as `write_list` writes it.
_PLAIN_START = b'{"algorithm":'


def _columns(rows: list[_Plain]) -> PlainColumns:
    given = [row.quality for row in rows]
    ids, created, updated = ([getattr(row, name) for row in rows] for name in ("id", "created", "updated"))
    qualities = [NO_QUALITY if quality is None or quality is UNSET else quality for quality in given]
    kinds = [{*map(type, values)} for values in (given, ids, created, updated)]
    keys: list[Hashable] = list(
        zip(
            [row.algorithm for row in rows],
            [row.source for row in rows],
            [row.category for row in rows],
            [row.deleted for row in rows],
            [b"" if row.labels is _NONE else bytes(row.labels) for row in rows],
            # Values of other types have other quotes.
            [tuple(chain.from_iterable(kinds))] * len(rows)
            if all(len(each) == 1 for each in kinds)
            else zip(*(map(type, values) for values in (given, ids, created, updated)), strict=True),
            strict=True,
        )
    )
    if not {*given} <= _QUALITIES:
        for k in [k for k, quality in enumerate(given) if quality not in _QUALITIES]:
            keys[k], qualities[k] = None, NO_QUALITY
    extras: list[bytes] | None = None
    for k in [
        k
        for k, row in enumerate(rows)
        if not row.owners is row.severity is row.keyed_by is row.extra is _NONE
    ]:
        row = rows[k]
        own = bytes(row.extra)
        if own:
            extras = [b"{}"] * len(rows) if extras is None else extras
            extras[k] = own
        if (
            own[:1] not in (b"", b"{") or own.count(b"[") + own.count(b"{") > DEEPEST
        ):  # it may be nested too deep
            keys[k] = None
        elif keys[k] is not None:
            keys[k] = (keys[k], bool(own), *map(bytes, (row.owners, row.severity, row.keyed_by)))
    if extras is not None and json_may_speak(extras):
        for k in [
            k
            for k, extra in enumerate(extras)
            if keys[k] is not None and extra != b"{}" and _says_more(extra)
        ]:
            keys[k] = None
    return PlainColumns(
        keys=keys,
        digests=[row.hash for row in rows],
        ids=_given(ids, kinds[1]),
        created=_given(created, kinds[2]),
        updated=_given(updated, kinds[3]),
        extras=None if extras is None else pool_of_bytes(extras),
        qualities=qualities,
        free=() if extras is None else (extras,),
    )


def _says_more(extra: bytes) -> bool:
    """Tell whether unknown fields are looked at one by one: they speak of deletion, opinion or doubt."""
    try:
        fields = json.loads(extra)
    except (ValueError, RecursionError):
        return True
    return speaking_in(fields) is not None or doubt_in(fields) is not None


def _given(values: list[Any], kinds: set[type[Any]]) -> list[Any]:
    """Return None in place of what is not there."""
    return [None if each is UNSET else each for each in values] if UnsetType in kinds else values


_QUALITIES = frozenset((None, UNSET, *range(101)))

_SHAPE = PlainShape(_Plain, _columns)


def _check_version(version: object, page: Page) -> None:
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise BadField(f"expected a version number, found {shown(version)}")
    if version > VERSION:
        raise ListError(
            f"written in version {version} of the format, this safehash reads up to {VERSION}", path=page.path
        )


def _entry(record: dict[str, Any], default_source: str, tally: Tally) -> Entry:
    deleted = record.get("deleted", False)
    if not isinstance(deleted, bool):
        raise BadField(f"expected true or false for 'deleted', found {shown(deleted)}")
    entry_id = _text(record, "id")
    source = _text(record, "source")
    value = _hash(record)
    if value is None and not (deleted and entry_id is not None):
        raise BadField("no digest: a record has 'algorithm' and 'hash', a delete at least an 'id'")
    category = record.get("category", "positive")
    if category not in CATEGORIES:
        raise BadField(f"expected one of {', '.join(CATEGORIES)} for 'category', found {shown(category)}")
    given = record.get("extra", {})
    if not isinstance(given, dict):
        raise BadField(f"expected an object for 'extra', found {shown(given)}")
    unknown = {name: field for name, field in record.items() if name not in _KNOWN}
    check_unknown(unknown, tally)
    for name in ("created", "updated"):
        if record.get(name) is not None and utc_time(record[name]) is None:
            raise BadField(f"expected a time for {name!r}, found {shown(record[name])}")
    if record.get("keyed_by") not in (None, "id", "digest"):
        raise BadField(f"expected 'id' or 'digest' for 'keyed_by', found {shown(record['keyed_by'])}")
    try:
        extra = frozen_json(unknown | given, "extra")
    except ValueError as exc:
        raise BadField(str(exc)) from None
    if given and not deleted and category in ("positive", "seed"):
        check_kept(given, tally)
    return Entry(
        hash=value,
        id=entry_id,
        source=default_source if source is None else source,
        category=category,
        labels=_labels(record),
        owners=unite_opinions(_opinion(item) for item in _list(record, "owners")),
        severity=_text(record, "severity"),
        created=utc_time(record.get("created")),
        updated=utc_time(record.get("updated")),
        deleted=deleted,
        keyed_by="digest" if record.get("keyed_by") == "digest" else "id",
        extra=extra,
    )


def _hash(record: dict[str, Any]) -> Hash | ForeignHash | None:
    if record.get("hash") is None and record.get("value") is None:
        return None
    name = record.get("algorithm")
    if not isinstance(name, str) or not name.strip():
        raise BadField(f"expected the name of a hash type for 'algorithm', found {shown(name)}")
    if record.get("value") is not None:
        if not isinstance(record["value"], str):
            raise BadField(f"expected a text for 'value', found {shown(record['value'])}")
        return ForeignHash(name, record["value"])
    kind = type_named(name)
    if kind is None or kind.algorithm is None:
        raise BadField(f"{shown(name)} is no type of digest known here (foreign digests have a 'value')")
    quality = record.get("quality")
    if quality is not None and not (
        isinstance(quality, int) and not isinstance(quality, bool) and 0 <= quality <= 100
    ):
        raise BadField(f"expected a quality of 0 to 100, found {shown(quality)}")
    return hash_named(kind.algorithm, record["hash"], quality=quality)


def _list(record: dict[str, Any], name: str) -> list[Any]:
    value = record.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise BadField(f"expected a list for {name!r}, found {shown(value)}")
    return value


def _text(record: dict[str, Any], name: str) -> str | None:
    value = record.get(name)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if value is not None and not isinstance(value, str):
        raise BadField(f"expected a text for {name!r}, found {shown(value)}")
    return value


def _labels(record: dict[str, Any]) -> tuple[str, ...]:
    labels = _list(record, "labels")
    for label in labels:
        if not isinstance(label, str):
            raise BadField(f"expected texts for 'labels', found {shown(label)}")
    return tuple(sorted(set(labels)))


def _opinion(item: object) -> Opinion:
    if not isinstance(item, dict) or not isinstance(item.get("owner"), str):
        raise BadField(f"expected an opinion with an 'owner', found {shown(item)}")
    category = item.get("category")
    if category not in CATEGORIES:
        raise BadField(
            f"expected a category for the opinion of {shown(item['owner'])}, found {shown(category)}"
        )
    return Opinion(
        owner=item["owner"],
        category=category,
        labels=_labels(item),
        name=_text(item, "name"),
        reasons=tuple(reason for reason in _list(item, "reasons") if isinstance(reason, str)),
    )


def entry_record(entry: Entry) -> dict[str, Any]:
    """Return one entry as plain data; fields with their default value are left out."""
    record: dict[str, Any] = {}
    if isinstance(entry.hash, Hash):
        record["algorithm"] = entry.hash.algorithm.value
        record["hash"] = entry.hash.hex
        if entry.hash.quality is not None:
            record["quality"] = entry.hash.quality
    elif entry.hash is not None:
        record["algorithm"] = entry.hash.algorithm
        record["value"] = entry.hash.value
    for name, value in (
        ("id", entry.id),
        ("source", entry.source),
        ("severity", entry.severity),
        ("created", entry.created),
        ("updated", entry.updated),
    ):
        if value is not None:
            record[name] = value
    if entry.category != "positive":
        record["category"] = entry.category
    if entry.labels:
        record["labels"] = list(entry.labels)
    if entry.owners:
        record["owners"] = [_opinion_record(opinion) for opinion in entry.owners]
    if entry.deleted:
        record["deleted"] = True
    if entry.keyed_by != "id":
        record["keyed_by"] = entry.keyed_by
    if entry.extra:
        record["extra"] = entry.extra
    return record


def _opinion_record(opinion: Opinion) -> dict[str, Any]:
    record: dict[str, Any] = {"owner": opinion.owner, "category": opinion.category}
    if opinion.labels:
        record["labels"] = list(opinion.labels)
    if opinion.name is not None:
        record["name"] = opinion.name
    if opinion.reasons:
        record["reasons"] = list(opinion.reasons)
    return record


@checked
def write_list(path: str | os.PathLike[str], entries: Iterable[Entry], *, name: str | None = None) -> int:
    """Write entries as safehash JSON Lines and return how many.

    The file is written beside its place, flushed, and renamed into it; only its owner may read it. Its last
    line counts and sums what came before, so that a cut or altered list is noticed.

    Parameters
    ----------
    path : path
    entries : iterable of Entry
        Read while writing: it may come from a reader of the file that is replaced.
    name : str, optional
        The list's name; by default the file's name without its ending.

    Raises
    ------
    ListError
        The file cannot be written.
    TypeError
        An entry's `extra` holds something JSON cannot.

    Examples
    --------
    >>> write_list("own.jsonl", safehash.read_list("list.csv"), name="own")
    1
    >>> [entry.id for entry in safehash.read_list("own.jsonl")]
    ['b-1']
    """
    so_far = hashlib.sha256()
    n_lines = 0
    header = {"safehash": VERSION, "kind": "list", "name": name if name is not None else Path(path).stem}
    with replacing(path) as file:
        for record in _records(header, entries):
            # ASCII only: lone surrogates that came in escaped go out escaped.
            line = json.dumps(record, separators=(",", ":"), allow_nan=False).encode("ascii") + b"\n"
            so_far.update(line)
            file.write(line)
            n_lines += 1
        end = {"end": n_lines - 1, "sha256": so_far.hexdigest()}
        file.write(json.dumps(end, separators=(",", ":")).encode("ascii") + b"\n")
    return n_lines - 1


def _records(header: dict[str, Any], entries: Iterable[Entry]) -> Iterator[dict[str, Any]]:
    yield header
    for entry in entries:
        yield entry_record(entry)
