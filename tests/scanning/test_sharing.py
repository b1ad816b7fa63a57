"""Lists shared with workers: in no file that could stay, and in none that somebody could take away."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

import safehash
from safehash.matching.matcher import Matcher
from safehash.scanning.sharing import SharedLists, descriptor_of, sweep
from stores import environment, write_list, write_picture

POSIX = os.name == "posix"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files that holds nothing else; its name is short enough for a socket's."""
    with tempfile.TemporaryDirectory(prefix="sh") as name:
        monkeypatch.setattr(tempfile, "tempdir", name)
        yield Path(name)
        monkeypatch.undo()


@pytest.fixture
def matcher(tmp_path: Path) -> Matcher:
    picture = tmp_path / "known.png"
    write_picture(picture, 3)
    return Matcher.from_files(write_list(tmp_path / "own.csv", picture))


def outcome(matcher: Matcher, tmp_path: Path) -> safehash.Outcome:
    return matcher.check(tmp_path / "known.png").outcome


@pytest.mark.parametrize("named", [False, True])
def test_opened_again_it_decides_alike(matcher: Matcher, here: Path, tmp_path: Path, named: bool) -> None:
    with SharedLists(matcher, matcher.settings, named=named) as shared:
        assert outcome(shared.opener(), tmp_path) is safehash.Outcome.MATCH
    assert list(here.iterdir()) == []


@pytest.mark.skipif(not POSIX, reason="files without names")
def test_it_has_no_name(matcher: Matcher, here: Path) -> None:
    with SharedLists(matcher, matcher.settings):
        assert list(here.iterdir()) == []


def test_a_snapshot_is_shared_itself_unless_it_was_replaced(
    matcher: Matcher, here: Path, tmp_path: Path
) -> None:
    path = tmp_path / "lists.safehash"
    matcher.save(path)
    opened = Matcher.open(path)
    descriptor = descriptor_of(opened)
    assert descriptor is not None
    assert os.fstat(descriptor).st_ino == path.stat().st_ino
    os.close(descriptor)
    with SharedLists(opened, opened.settings) as shared:
        path.unlink()
        assert outcome(shared.opener(), tmp_path) is safehash.Outcome.MATCH
    matcher.save(path)  # another file: the one that was opened is what workers are to read
    assert descriptor_of(opened) is None
    with SharedLists(opened, opened.settings) as shared:
        assert outcome(shared.opener(), tmp_path) is safehash.Outcome.MATCH
    assert descriptor_of(matcher) is None


def test_a_full_disk_is_told_in_one_line(
    matcher: Matcher, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(here / "missing"))
    with pytest.raises((OSError, safehash.SafehashError)):
        SharedLists(matcher, matcher.settings)
    assert list(here.iterdir()) == []


def test_folders_of_the_dead_are_swept_and_those_of_the_living_are_not(
    matcher: Matcher, here: Path, tmp_path: Path
) -> None:
    code = (
        "import os, sys, tempfile; from safehash import Matcher; from safehash.scanning.sharing import SharedLists\n"
        "matcher = Matcher.from_files(sys.argv[1])\n"
        "shared = SharedLists(matcher, matcher.settings, named=True)\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    holder = [sys.executable, "-c", code, str(tmp_path / "own.csv")]
    where = environment() | {"TMPDIR": str(here), "TEMP": str(here), "TMP": str(here)}
    with subprocess.Popen(
        holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=where
    ) as running:  # fmt: skip
        assert running.stdout is not None
        assert running.stdout.readline() == "held\n"
        (folder,) = here.iterdir()
        sweep()
        assert {each.name for each in folder.iterdir()} == {"lists.safehash", "lock"}
        running.kill()
    sweep()
    assert list(here.iterdir()) == []


@pytest.mark.skipif(not POSIX, reason="owners")
def test_what_is_not_ours_is_left_alone(here: Path) -> None:
    (here / "safehash-foreign").mkdir()  # no lock in it
    (here / "safehash-file").write_text("words")
    (here / "safehash-link").symlink_to(here / "safehash-foreign")
    sweep()
    assert len(list(here.iterdir())) == 3


# -- the processes ----------------------------------------------------------------------------------------------


def kill_server(scan: int, killed: set[int]) -> int:
    """Kill the next fork server of a scan; return its process. Its workers bear its name, but are not the scan's."""
    for _ in range(2000):
        for child in psutil.Process(scan).children():
            with suppress(psutil.Error):
                if child.pid not in killed and "forkserver" in " ".join(child.cmdline()):
                    os.kill(child.pid, signal.SIGKILL)
                    return int(child.pid)
        time.sleep(0.01)
    seen = [" ".join(each.cmdline()) for each in psutil.Process(scan).children(recursive=True)]
    raise AssertionError(f"the scan started no fork server in 20 s, but {seen}")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes are found in /proc")
@pytest.mark.parametrize("rounds", [1, 3])
def test_the_fork_server_may_be_killed(tmp_path: Path, here: Path, rounds: int) -> None:
    """What an out-of-memory killer does: the scan goes on with another one, and says nothing wrong."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(60):
        write_picture(folder / f"{number:02}.png", number)
    known = write_list(tmp_path / "own.csv", folder / "03.png")
    names = [f"{each}\n".encode() for each in sorted(folder.iterdir())]
    with subprocess.Popen(
        [sys.executable, "-m", "safehash", "scan", "--files-from", "-", "--list", str(known), "--workers", "2"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=environment() | {"TMPDIR": str(here)}, bufsize=0,
    ) as scanning:  # fmt: skip
        assert scanning.stdin is not None
        assert scanning.stdout is not None
        first: list[bytes] = []
        killed: set[int] = set()
        each_time = len(names) // rounds
        for at in range(0, len(names), each_time):
            scanning.stdin.write(
                b"".join(names[at : at + each_time])
            )  # the scan cannot end before its names do
            first.append(scanning.stdout.readline())  # workers that end before any work mean something else
            killed.add(kill_server(scanning.pid, killed))
        rest, said = scanning.communicate(timeout=120)
    assert len(killed) == rounds
    assert scanning.returncode == 1, said.decode()  # something matched
    assert b"Traceback" not in said, said.decode()
    *decided, summary = b"".join([*first, rest]).splitlines()
    assert len(decided) == 60
    assert b'"match"' in b"".join(decided)
    assert b"unreadable" not in b"".join(decided), summary
    assert list(here.iterdir()) == []
