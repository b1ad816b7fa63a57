"""Read bank exports of Hasher-Matcher-Actioner."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...hashing.hashes import ForeignHash, Hash
from ..entry import Entry
from .fields import BadField, algorithm_named, hash_named, labels_from, shown, text_id, utc_time
from .json_stream import records
from .options import ReadOptions
from .pages import Page
from .tally import Tally

__all__ = ["read"]

_KNOWN = frozenset(("id", "signals"))
_ON, _OFF = 1, 0


def read(page: Page, tally: Tally, options: ReadOptions) -> Iterator[Entry]:
    """Yield the entries of one export; one that is disabled now is a delete.

    References
    ----------
    docs/formats.md, "Hasher-Matcher-Actioner".
    """
    for number, record in records(page, tally, None):
        try:
            hashes, failures = _hashes(record)
            disabled = _is_disabled(record.get("disable_until_ts"), options.now)
        except BadField as exc:
            tally.reject(number, str(exc))
            continue
        for failure in failures:
            tally.reject(number, failure)
        for value in hashes:
            yield tally.meet(
                Entry(
                    hash=value,
                    id=text_id(record.get("id")),
                    source=options.source,
                    labels=labels_from([record.get("bank")]),
                    deleted=disabled,
                    extra={
                        name: field
                        for name, field in record.items()
                        if name not in _KNOWN and field not in (None, {})
                    },
                )
            )


def _hashes(record: dict[str, Any]) -> tuple[list[Hash | ForeignHash], list[str]]:
    signals = record.get("signals")
    if not isinstance(signals, dict) or not signals:
        raise BadField(f"expected digests by type in 'signals', found {shown(signals)}")
    hashes: list[Hash | ForeignHash] = []
    failures: list[str] = []
    for name, value in signals.items():
        try:
            hashes.append(hash_named(algorithm_named(name), value))
        except BadField as exc:
            failures.append(str(exc))
    return hashes, failures


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
