"""What nobody says is as usual: options of a scan, counts of what did not happen, what is not there."""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from safehash import Matcher, ScanOptions
from safehash.errors import SafehashError
from safehash.hashing.hashes import Algorithm, Hash
from safehash.lists.entry import Entry
from safehash.scanning.records import Skipped, Summary
from safehash.scanning.reviews import Applied
from safehash.scanning.sealing import _code, landlock_version
from safehash.scanning.sources import _check_store


def values_of(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in fields(value)}


def test_a_scan_that_is_told_nothing() -> None:
    assert values_of(ScanOptions()) == {
        "workers": None, "timeout": 30.0, "max_memory": 1 << 30, "nice": 0, "rate": None, "ordered": False,
        "retry_failed": False, "unchanged": False, "file_digests": None, "follow_links": False, "skip_hidden": False,
        "archives": True, "allow_empty": False, "watch": False,
    }  # fmt: skip


def test_a_scan_of_nothing_counts_nothing() -> None:
    audit = Matcher.from_entries([Entry(hash=Hash(Algorithm.MD5, bytes(range(16))))]).audit
    told = values_of(Summary(audit=audit))
    assert told.pop("audit") is audit
    nothing: list[Any] = [0, Counter(), (), False]
    assert [name for name, value in told.items() if value not in nothing] == []
    assert (told["interrupted"], told["notes"], told["seconds"]) == (False, (), 0.0)


def test_what_is_skipped_is_no_member_of_anything() -> None:
    assert values_of(Skipped(path="a", reason="b")) == {
        "path": "a", "reason": "b", "member": None, "position": 0, "size": None, "mtime_ns": None,
    }  # fmt: skip
    within = Skipped(path="a", reason="b", member="c", position=7)
    assert within.to_record() == {"type": "skipped", "path": "a", "member": "c", "position": 7, "reason": "b"}


def test_no_verdict_changes_nothing() -> None:
    told = values_of(Applied())
    assert {name: value for name, value in told.items() if value not in (0, [])} == {}
    assert len(told) == 8


def test_other_systems_have_no_landlock(monkeypatch: pytest.MonkeyPatch) -> None:
    def syscall(*arguments: object) -> int:
        return 4

    library = SimpleNamespace(syscall=syscall)
    monkeypatch.setattr("safehash.scanning.sealing.ctypes.CDLL", lambda name, use_errno: library)
    monkeypatch.setattr(sys, "platform", "linux")
    assert landlock_version() == 4
    monkeypatch.setattr(sys, "platform", "darwin")
    assert landlock_version() == 0


def test_a_store_without_the_extra_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fsspec", None)
    with pytest.raises(SafehashError, match=r"s3://bucket/x: remote stores need an extra: pip install"):
        _check_store("s3://bucket/x")


def test_a_sealed_worker_reads_the_libraries_beside_its_packages(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where packages are a user's own, WebP and AVIF load theirs from there, at the first file: all were unreadable."""
    for name in ("PIL", "pillow.libs", "numpy.libs", "photos"):
        (tmp_path / name).mkdir()
    monkeypatch.setattr("PIL.__path__", [str(tmp_path / "PIL")])
    found = {Path(place).name for place in _code() if Path(place).parent == tmp_path}
    assert found == {"PIL", "pillow.libs", "numpy.libs"}
