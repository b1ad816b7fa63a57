"""Read bank exports of Hasher-Matcher-Actioner."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from ...hashing.hashes import ForeignHash, Hash
from ..entry import Entry
from .batch import Batch
from .collecting import PlainColumns, PlainShape, read_records
from .exchange_types import check_unknown, exchange_type
from .fields import BadField, hash_named, labels_from, shown, text_id, utc_time
from .inside import json_may_speak, speaks_inside
from .judging import opinion_in
from .options import ReadOptions
from .pages import Page
from .tally import Tally

__all__ = ["read"]

_KNOWN = frozenset(("id", "signals"))
_ON, _OFF = 1, 0


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry | Batch]:
    """Yield the entries of one export; one that is disabled now is a delete.

    References
    ----------
    docs/formats.md, "Hasher-Matcher-Actioner".
    """

    def patient(record: dict[str, Any]) -> tuple[list[Entry], list[str]]:
        failures: list[str] = []
        return _entries(record, options, tally, failures), failures

    yield from read_records(page, tally, None, patient, plain=_PLAIN, ignore=options.ignore)


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A record as they usually are, with one digest."""

    id: int
    signals: dict[str, str]
    bank: str
    disable_until_ts: int
    original_media_uri: msgspec.Raw = msgspec.Raw(b"null")
    note: msgspec.Raw = msgspec.Raw(b"null")
    metadata: msgspec.Raw = msgspec.Raw(b"null")


def _columns(rows: list[_Plain]) -> PlainColumns:
    signals = [next(iter(row.signals.items()), ("", "")) for row in rows]
    are_quiet = not json_may_speak(b"\n".join(bytes(raw) for row in rows for raw in (row.note, row.metadata)))
    return PlainColumns(
        keys=[
            (name, row.bank, row.disable_until_ts)
            if len(row.signals) == 1 and row.disable_until_ts in (_ON, _OFF) and (are_quiet or _is_quiet(row))
            else None
            for row, (name, _) in zip(rows, signals, strict=True)
        ],
        digests=[digest for _, digest in signals],
        ids=[str(row.id) for row in rows],
        extras=list(map(_extra, rows)),
    )


def _is_quiet(row: _Plain) -> bool:
    """Tell whether what its owner wrote beside a record speaks of neither deletion nor opinion."""
    return not any(speaks_inside(msgspec.json.decode(raw)) for raw in (row.note, row.metadata))


def _extra(row: _Plain) -> bytes:
    pieces = [b'"bank":%b,"disable_until_ts":%d' % (msgspec.json.encode(row.bank), row.disable_until_ts)]
    for title, raw in (
        (b"original_media_uri", row.original_media_uri),
        (b"note", row.note),
        (b"metadata", row.metadata),
    ):
        value = bytes(raw)
        if value != b"null" and not (value[:1] == b"{" and value[1:].strip() == b"}"):
            pieces.append(b'"%b":%b' % (title, value))
    return b"{%b}" % b",".join(pieces)


_PLAIN = PlainShape(_Plain, _columns, once=("disable_until_ts", "signals"))


def _entries(record: dict[str, Any], options: ReadOptions, tally: Tally, failures: list[str]) -> list[Entry]:
    disabled = _is_disabled(record.get("disable_until_ts"), options.now)
    is_id_alone = disabled and record.get("signals") == {} and text_id(record.get("id")) is not None
    hashes: Sequence[Hash | ForeignHash | None] = [None] if is_id_alone else _hashes(record, tally, failures)
    extra = {name: field for name, field in record.items() if name not in _KNOWN and field not in (None, {})}
    labels, category = opinion_in(labels_from([record.get("bank")]))
    check_unknown({name: field for name, field in extra.items() if name not in ("disable_until_ts", "bank")})
    return [
        Entry(
            hash=value,
            id=text_id(record.get("id")),
            source=options.source,
            category=category or "positive",
            labels=labels,
            deleted=disabled,
            extra=extra,
        )
        for value in hashes
    ]


def _hashes(record: dict[str, Any], tally: Tally, failures: list[str]) -> list[Hash | ForeignHash]:
    signals = record.get("signals")
    if not isinstance(signals, dict) or not signals:
        raise BadField(f"expected digests by type in 'signals', found {shown(signals)}")
    hashes: list[Hash | ForeignHash] = []
    problems: list[str] = []
    for name, value in signals.items():
        try:
            hashes.append(hash_named(exchange_type(name, tally), value))
        except BadField as exc:
            problems.append(str(exc))
    if not hashes:
        raise BadField("; ".join(problems))
    failures += problems
    return hashes


def _is_disabled(until: object, now: str) -> bool:
    if until is None or until == _ON:
        return False
    if isinstance(until, bool) or not isinstance(until, (int, float)) or until < 0:
        raise BadField(f"expected a time for 'disable_until_ts', found {shown(until)}")
    if until == _OFF:
        return True
    end = utc_time(until)
    if end is None:
        raise BadField(f"expected a time for 'disable_until_ts', found {shown(until)}")
    return now.removesuffix("Z") < end.removesuffix("Z")
