"""What Windows has not, seen from a system that has it: no Windows is at hand, but what we do there is run here."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import safehash
from safehash.cli.parser import make_parser
from safehash.errors import IndexFileError
from safehash.matching import snapshot
from safehash.matching.snapshot import file_state, open_snapshot

BRIDGE = "7a1d9c3e5b60f8427a1d9c3e5b60f8427a1d9c3e5b60f8427a1d9c3e5b60f842"


def maps_of(path: Path) -> int:
    """Return how often this process has mapped a file."""
    return Path("/proc/self/maps").read_text(encoding="utf-8").count(str(path))


@pytest.mark.parametrize("verify", ["lazy", "full"])
def test_where_a_mapped_file_cannot_be_replaced_a_snapshot_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verify: str
) -> None:
    """Windows refuses to replace what is mapped; a fleet's snapshot is replaced under load."""
    monkeypatch.setattr(snapshot, "_MAPS", False)
    listed, path = tmp_path / "own.csv", tmp_path / "lists.safehash"
    listed.write_text(f"pdq,id\n{BRIDGE},first\n")
    safehash.Matcher.from_files(listed).save(path)
    matcher = safehash.Matcher.open(path)
    opened = open_snapshot(path, verify=verify)
    assert not opened._data.flags.writeable
    digest = safehash.Hash.from_hex("pdq", BRIDGE)
    assert [match.entry.id for match in matcher.check_hash(digest).matches] == ["first"]
    if Path("/proc/self/maps").exists():
        assert maps_of(path) == 0
    before = file_state(path)
    listed.write_text(f"pdq,id\n{BRIDGE},second\n")
    safehash.Matcher.from_files(listed).save(path)
    assert file_state(path) != before
    assert matcher.reload_if_changed()
    assert [match.entry.id for match in matcher.check_hash(digest).matches] == ["second"]


def test_what_is_read_is_refused_as_what_is_mapped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed, path = tmp_path / "own.csv", tmp_path / "lists.safehash"
    listed.write_text(f"pdq,id\n{BRIDGE},first\n")
    safehash.Matcher.from_files(listed).save(path)
    whole = path.read_bytes()
    for data in (b"", whole[:-1], whole[:5000], whole[:100] + b"?" + whole[101:]):
        path.write_bytes(data)
        said = []
        for maps in (True, False):
            monkeypatch.setattr(snapshot, "_MAPS", maps)
            with pytest.raises(IndexFileError) as caught:
                open_snapshot(path, verify="full")
            said.append(str(caught.value))
        assert said[0] == said[1]


def test_a_file_that_ends_while_it_is_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"SAFEHASH" * 100)
    with path.open("rb", buffering=0) as file, pytest.raises(OSError, match="it ended 5 bytes early"):
        snapshot._read_whole(file, 805)


def test_niceness_is_asked_for_only_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(os, "nice", raising=False)
    assert safehash.ScanOptions(nice=0).nice == 0
    with pytest.raises(ValueError, match="nice is 0 where processes have no niceness, as on Windows, not 10"):
        safehash.ScanOptions(nice=10)
    parser = make_parser()
    assert parser.parse_args(["scan", "photos", "--list", "own.csv"]).nice == 0
    with pytest.raises(SystemExit, match="2"):
        parser.parse_args(["scan", "photos", "--list", "own.csv", "--nice", "10"])
    assert "a whole number from 0 to 0" in capsys.readouterr().err
