"""Lists shared with workers: in no file that could stay, and in none that somebody could take away."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.process import current_process
from pathlib import Path

import psutil
import pytest

import safehash
from safehash.matching.matcher import Matcher
from safehash.scanning import starting
from safehash.scanning.sharing import SharedLists, descriptor_of, sweep
from stores import environment, write_list, write_picture

POSIX = os.name == "posix"


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files that holds nothing else."""
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


# -- names of sockets -------------------------------------------------------------------------------------------

#: Of a fork server and of what hands it descriptors.
_LISTED = """
import safehash, sys
from multiprocessing.process import current_process
if __name__ == "__main__":
    known, picture = sys.argv[1:]
    how = safehash.ScanOptions(workers=1)
    scanned = safehash.scan(picture, matcher=safehash.Matcher.from_files(known), options=how)
    print([record.decision.outcome.value for record in scanned], current_process()._config["tempdir"])
"""


@pytest.mark.skipif(not POSIX, reason="sockets with names")
@pytest.mark.parametrize("n_bytes", [60, 71, 72, 200])
def test_a_folder_for_temporary_files_may_have_any_name(
    matcher: Matcher, tmp_path: Path, n_bytes: int
) -> None:
    """71 bytes leave a socket's name 103: longer ones go to a short folder of their own, which vanishes."""
    script = tmp_path / "scan.py"
    script.write_text(_LISTED)
    with tempfile.TemporaryDirectory(prefix="sh", dir="/tmp") as short:
        long = Path(short, "n" * (n_bytes - len(short) - 1))
        long.mkdir()
        done = subprocess.run(
            [sys.executable, script, tmp_path / "own.csv", tmp_path / "known.png"],
            env=environment() | {"TMPDIR": str(long)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        said, _, folder = done.stdout.rstrip().rpartition(" ")
        assert said == "['match']"
        assert (Path(folder).parent == long) == (n_bytes <= 71)
        assert not Path(folder).exists()
        assert list(long.iterdir()) == []


def test_where_no_short_folder_is_it_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/" + "n" * 200)
    monkeypatch.setattr(starting, "_SHORT_FOLDERS", ("/missing",))
    monkeypatch.delitem(current_process()._config, "tempdir", raising=False)  # type: ignore[attr-defined]
    if "forkserver" in multiprocessing.get_all_start_methods():
        with pytest.raises(safehash.SafehashError, match="set TMPDIR to a shorter one"):
            starting.process_context()


# -- the processes ----------------------------------------------------------------------------------------------


def kill_server(scan: subprocess.Popen[bytes], killed: set[int], *, with_workers: bool) -> int:
    """Kill the next fork server of a scan, and its workers if asked; return its process.

    Workers bear the server's name, but are not the scan's children. Those that outlive their server may decide all
    that they were given: then no other server is needed, and none comes.
    """
    for _ in range(6000):
        assert scan.poll() is None, scan.communicate()
        for child in psutil.Process(scan.pid).children():
            with suppress(psutil.Error):
                if child.pid not in killed and "forkserver" in " ".join(child.cmdline()):
                    for each in (child, *(child.children() if with_workers else ())):
                        each.kill()
                    return int(child.pid)
        time.sleep(0.01)
    raise AssertionError(
        f"the scan started no fork server in 60 s, but {psutil.Process(scan.pid).children()}"
    )


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
            killed.add(kill_server(scanning, killed, with_workers=rounds > 1))
        rest, said = scanning.communicate(timeout=120)
    assert len(killed) == rounds
    assert scanning.returncode == 1, said.decode()  # something matched
    assert b"Traceback" not in said, said.decode()
    *decided, summary = b"".join([*first, rest]).splitlines()
    assert len(decided) == 60
    assert b'"match"' in b"".join(decided)
    assert b"unreadable" not in b"".join(decided), summary
    assert list(here.iterdir()) == []
