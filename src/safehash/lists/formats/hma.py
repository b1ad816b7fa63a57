"""Read bank exports of Hasher-Matcher-Actioner."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from itertools import chain
from typing import Any

import msgspec
import numpy as np

from ...hashing.hashes import ForeignHash, Hash
from ..entry import Entry
from ..pools import pool_of_parts
from .batch import Batch
from .exchange_types import check_unknown, exchange_type
from .fields import BadField, hash_named, labels_from, shown, text_id, utc_time
from .inside import doubt_in, is_there, json_may_speak, speaks_inside
from .json_records import PlainShape, read_records
from .judging import opinion_in
from .options import ReadOptions
from .pages import Page
from .plain_columns import PlainColumns, as_bytes
from .sentences import is_section
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


#: Of a field that is not there.
_NONE = msgspec.Raw()


class _Plain(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """A record as they usually are, with one digest."""

    id: int
    signals: dict[str, str]
    bank: str
    disable_until_ts: int
    original_media_uri: msgspec.Raw = _NONE
    note: msgspec.Raw = _NONE
    metadata: msgspec.Raw = _NONE


def _columns(rows: list[_Plain]) -> PlainColumns:
    n = len(rows)
    signals = [row.signals for row in rows]
    odd: set[int] = set()
    if {*map(len, signals)} != {1}:
        odd = {k for k, each in enumerate(signals) if len(each) != 1}
        for k in odd:
            signals[k] = {"": ""}
    untils = [row.disable_until_ts for row in rows]
    beside = {
        "original_media_uri": as_bytes([row.original_media_uri for row in rows]),
        "note": as_bytes([row.note for row in rows]),
        "metadata": as_bytes([row.metadata for row in rows]),
    }
    kinds: list[tuple[str, str, int, bool, bool, bool]] = list(
        zip(
            chain.from_iterable(signals),
            [row.bank for row in rows],
            untils,
            map(bool, beside["original_media_uri"]),
            map(bool, beside["note"]),
            map(bool, beside["metadata"]),
            strict=True,
        )
    )
    starts = {
        kind: b'{"bank":%b,"disable_until_ts":%d' % (msgspec.json.encode(kind[1]), kind[2])
        for kind in dict.fromkeys(kinds)
    }
    parts: list[Sequence[bytes] | bytes] = [[starts[kind] for kind in kinds]]
    distinct = {name: {*values} for name, values in beside.items()}
    for name, values in beside.items():
        parts += _field(name, values, distinct[name])
    parts.append(b"}")
    if not {*untils} <= {_ON, _OFF}:
        odd |= {k for k, until in enumerate(untils) if until not in (_ON, _OFF)}
    if json_may_speak(list(chain.from_iterable(distinct.values()))):
        odd |= {k for k, row in enumerate(rows) if _may_speak(row)}
    keys: list[Hashable] = [*kinds]
    for k in odd:
        keys[k] = None
    return PlainColumns(
        keys=keys,
        digests=list(chain.from_iterable(map(dict.values, signals))),
        ids=[str(row.id) for row in rows],
        extras=pool_of_parts(n, parts),
        free=tuple(beside.values()),
    )


def _may_speak(row: _Plain) -> bool:
    """Tell whether what stands beside the digests of a record speaks of deletion or opinion, or of doubt."""
    beside = [
        msgspec.json.decode(value)
        for value in map(bytes, (row.original_media_uri, row.note, row.metadata))
        if value
    ]
    return speaks_inside(beside) or doubt_in(beside) is not None


def _field(name: str, values: list[bytes], distinct: set[bytes]) -> list[Sequence[bytes] | bytes]:
    """Return a field as it stands in an object behind others, in two parts; b"" where it says nothing."""
    nothing = distinct & {b"", b"null", b"{}"}
    joined = np.frombuffer(b"".join(distinct), np.uint8)
    if ((joined[:-1] == ord("{")) & (joined[1:] <= ord(" "))).any():
        nothing |= {value for value in distinct if value[1:-1].isspace() and value[:1] == b"{"}
    key = b',"%b":' % name.encode()
    if not nothing:
        return [key, values]
    if nothing == distinct:
        return []
    return [
        [b"" if value in nothing else key for value in values],
        [b"" if value in nothing else value for value in values],
    ]


_PLAIN = PlainShape(_Plain, _columns)


def _entries(record: dict[str, Any], options: ReadOptions, tally: Tally, failures: list[str]) -> list[Entry]:
    disabled = _is_disabled(record.get("disable_until_ts"), options.now)
    is_id_alone = disabled and record.get("signals") == {} and text_id(record.get("id")) is not None
    hashes: Sequence[Hash | ForeignHash | None] = [None] if is_id_alone else _hashes(record, tally, failures)
    extra = {
        name: field
        for name, field in record.items()
        if name not in _KNOWN and (field not in (None, {}) or is_there(name, field))
    }
    bank = record.get("bank")
    labels, category = opinion_in(labels_from([bank]))
    if category is None and isinstance(bank, str) and is_section(bank):
        raise BadField(
            f"the bank {shown(bank)} may say that what is in it was taken back, or judged harmless"
        )
    named = ("disable_until_ts", "bank") if isinstance(bank, str) else ("disable_until_ts",)
    check_unknown({name: field for name, field in extra.items() if name not in named}, tally)
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
    if until is None or (until == _ON and not isinstance(until, bool)):
        return False
    if isinstance(until, bool) or not isinstance(until, (int, float)) or until < 0:
        raise BadField(f"expected a time for 'disable_until_ts', found {shown(until)}")
    if until == _OFF:
        return True
    end = utc_time(until)
    if end is None:
        raise BadField(f"expected a time for 'disable_until_ts', found {shown(until)}")
    return now.removesuffix("Z") < end.removesuffix("Z")
