"""What the machine is short of is said as that, with what to do: it was called a defect, or had a number for a name."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from safehash.cli import main
from safehash.cli.shortages import shortage
from safehash.scanning.catalog import Catalog

SAID: dict[str, tuple[Exception, str | None]] = {
    "files": (OSError(errno.EMFILE, "Too many open files", "a.jpg"), "ulimit -n"),
    "files of all": (OSError(errno.ENFILE, "Too many open files in system"), "ulimit -n"),
    "threads": (RuntimeError("can't start new thread"), "--workers"),
    "processes": (OSError(errno.EAGAIN, "Resource temporarily unavailable"), "--workers"),
    "memory": (MemoryError(), "ulimit -v"),
    "memory of the system": (OSError(errno.ENOMEM, "Cannot allocate memory"), "ulimit -v"),
    "another error": (RuntimeError("another"), None),
    "a file": (OSError(errno.ENOENT, "No such file or directory", "a.jpg"), None),
    "a file without a name": (OSError(errno.ENOENT, "No such file or directory"), None),
}


@pytest.mark.parametrize("short_of", SAID)
def test_what_is_said(short_of: str) -> None:
    exc, wanted = SAID[short_of]
    said = shortage(exc)
    assert (said is None) if wanted is None else (said is not None and wanted in said)


def test_a_shortage_is_no_defect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail(*given: object, **options: object) -> None:
        raise RuntimeError("can't start new thread")

    with Catalog(tmp_path / "c.db"):
        pass
    monkeypatch.setattr("safehash.scanning.catalog.Catalog.__init__", fail)
    assert main(["catalog", "stats", str(tmp_path / "c.db")]) == 2
    said = capfd.readouterr().err
    assert "--workers" in said
    assert "defect" not in said


@pytest.mark.skipif(os.name == "nt", reason="nobody removes a folder that a process is in there")
def test_the_folder_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """It said "[Errno 2] No such file or directory", whatever was named."""
    with Catalog(tmp_path / "c.db"):
        pass
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert main(["catalog", "export", str(tmp_path / "c.db"), "-o", "records.jsonl"]) == 2
    assert capfd.readouterr().err.startswith("safehash: the folder that this was started in is gone")
