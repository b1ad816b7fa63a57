"""Two who add to a list at the same time: what either added is on it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from safehash import lists, read_list
from safehash.lists import adding
from safehash.lists.in_turn import in_turn
from stores import environment, write_pictures


def test_what_another_added_meanwhile_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The list was read, then pictures were hashed, and what somebody else had added while they were was gone."""
    one, other = write_pictures(tmp_path, 2)
    path, usual = tmp_path / "own.jsonl", adding._hashes_of

    def hashed(image: Any, options: Any) -> Any:
        monkeypatch.setattr(adding, "_hashes_of", usual)
        lists.add(path, [other], labels=["theirs"])
        return usual(image, options)

    monkeypatch.setattr(adding, "_hashes_of", hashed)
    assert lists.add(path, [one], labels=["ours"]).n_entries == 2
    assert sorted(entry.labels for entry in read_list(path)) == [("ours",), ("theirs",)]


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such locks")
def test_a_command_says_what_it_waits_for(tmp_path: Path) -> None:
    """It stood there without a word."""
    (picture,) = write_pictures(tmp_path, 1)
    line = [sys.executable, "-m", "safehash", "lists", "add", str(picture), "-o", str(tmp_path / "own.jsonl")]
    with in_turn(tmp_path / "own.jsonl"):
        waiting = subprocess.Popen(line, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, env=environment())
        assert waiting.stderr is not None
        assert b"own.jsonl: waiting for another process" in waiting.stderr.readline()
    assert waiting.communicate(timeout=60)[1] == b""
    assert waiting.returncode == 0


@pytest.mark.skipif(os.name != "posix", reason="Windows has no such locks")
def test_they_wait_for_each_other(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    told, inside = [], threading.Event()

    def second() -> None:
        inside.set()
        with in_turn(tmp_path / "own.jsonl"):
            told.append("second")

    thread = threading.Thread(target=second)
    with in_turn(tmp_path / "own.jsonl"):
        thread.start()
        inside.wait()
        while not caplog.records:  # whoever waits says so
            thread.join(0.01)
        told.append("first")
    thread.join()
    assert told == ["first", "second"]
    assert [record.getMessage().partition(": ")[2] for record in caplog.records] == [
        "waiting for another process that changes a list in this folder"
    ]
