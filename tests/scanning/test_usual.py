"""What nobody says is as usual: options of a scan, and counts of what did not happen."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from typing import Any

from safehash import Matcher, ScanOptions
from safehash.hashing.hashes import Algorithm, Hash
from safehash.lists.entry import Entry
from safehash.scanning.records import Summary
from safehash.scanning.reviews import Applied


def values_of(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def test_a_scan_that_is_told_nothing() -> None:
    assert values_of(ScanOptions()) == {
        "workers": None, "timeout": 30.0, "max_memory": 1 << 30, "nice": 0, "rate": None, "ordered": False,
        "retry_failed": False, "unchanged": False, "file_digests": (), "follow_links": False, "skip_hidden": False,
        "archives": True, "allow_empty": False, "watch": False,
    }  # fmt: skip


def test_a_scan_of_nothing_counts_nothing() -> None:
    audit = Matcher.from_entries([Entry(hash=Hash(Algorithm.MD5, bytes(range(16))))]).audit
    told = values_of(Summary(audit=audit))
    assert told.pop("audit") is audit
    nothing: list[Any] = [0, Counter(), (), False]
    assert [name for name, value in told.items() if value not in nothing] == []
    assert (told["interrupted"], told["notes"], told["seconds"]) == (False, (), 0.0)


def test_no_verdict_changes_nothing() -> None:
    told = values_of(Applied())
    assert {name: value for name, value in told.items() if value not in (0, [])} == {}
    assert len(told) == 7
