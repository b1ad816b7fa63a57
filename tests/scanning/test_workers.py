"""Workers that end before they do anything: others come, and where none lives, what is said of them is true."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing import forkserver, resource_tracker
from pathlib import Path
from typing import Any

import pytest

from crashers import misbehave, opened
from safehash import Catalog, SafehashError
from safehash.images.limits import DEFAULT_LIMITS
from safehash.scanning import pool as pool_module
from safehash.scanning import starting
from safehash.scanning.confining import Means
from safehash.scanning.items import Item
from safehash.scanning.lanes import Lane
from safehash.scanning.pool import Batch, Failed, Workers, each_isolated
from stores import environment, write_list, write_picture

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals, and fork servers")

#: What no worker that was killed may be explained by.
GUARD = "__main__"


@pytest.fixture
def known(tmp_path: Path) -> Path:
    write_picture(tmp_path / "known.png", 3)
    write_picture(tmp_path / "kill.png", 4)
    return write_list(tmp_path / "own.csv", tmp_path / "known.png")


def said_of(known: Path, names: Sequence[str], killed: Sequence[int]) -> list[str]:
    """Have one worker after another decide a file each; those that are the n-th to open the list are killed of it."""
    opener = partial(opened, known.parent / "deaths", killed, known)
    options = {"limits": DEFAULT_LIMITS, "before": misbehave}
    workers = Workers(1, (opener, options, Means()), timeout=60)
    said = []
    try:
        for name in names:
            workers.give(Batch(tickets=[0], items=[Item(path=str(known.parent / name), named=True)]))
            while not (answers := workers.collect()):
                with workers.changed:
                    workers.changed.wait(0.1)
                workers.revive()
            ((_, _, answer),) = answers
            if isinstance(answer, Failed):
                said.append(answer.kind)
            else:
                assert answer.decision is not None
                said.append(answer.decision.outcome.value)
    finally:
        workers.close()
    return said


def test_workers_killed_before_they_do_anything_are_replaced(known: Path) -> None:
    """At first, and again after one of them died of a file: each time five that did nothing."""
    killed = [*range(1, 6), *range(7, 7 + 2), *range(10, 13)]
    assert said_of(known, ["known.png", "kill.png", "known.png"], killed) == ["match", "crash", "match"]
    assert len((known.parent / "deaths").read_text()) >= 13


@pytest.mark.parametrize("first", [1, 2])
def test_that_all_are_killed_is_said_as_it_is(known: Path, first: int) -> None:
    """Before any work, or after a worker did some: no script's fault."""
    with pytest.raises(SafehashError, match="6 in a row: SIGKILL, as when memory is short") as caught:
        said_of(known, ["known.png", "kill.png"], range(first, 100))
    assert GUARD not in str(caught.value)
    # One more may be there already as the sixth is counted.
    assert len((known.parent / "deaths").read_text()) >= first + 5


def test_a_list_that_no_worker_can_open_is_said_at_once(known: Path) -> None:
    known.write_text("nothing of the kind")
    with pytest.raises(SafehashError, match=r"it cannot begin: ListError: .*own\.csv") as caught:
        said_of(known, ["kill.png"], [])
    assert GUARD not in str(caught.value)
    assert (known.parent / "deaths").read_text() == "x"


def test_a_lane_whose_worker_is_killed_at_its_beginning_tries_again(known: Path) -> None:
    deaths = known.parent / "deaths"
    arguments = (partial(opened, deaths, (1, 2), known), {"limits": DEFAULT_LIMITS}, Means())
    Lane(starting.worker_context(), arguments).close()
    assert deaths.read_text() == "xxx"
    arguments = (partial(opened, deaths, range(4, 9), known), {"limits": DEFAULT_LIMITS}, Means())
    with pytest.raises(
        SafehashError, match="ended before it did anything: its worker crashed: SIGKILL"
    ) as caught:
        Lane(starting.worker_context(), arguments)
    assert GUARD not in str(caught.value)
    assert deaths.read_text() == "xxxxxx"


# -- the fork server --------------------------------------------------------------------------------------------


@pytest.fixture
def dying(tmp_path: Path) -> Iterator[int]:
    """A fork server that was killed, but has not ended yet: its socket is closed, and it counts as living."""
    server: Any = forkserver._forkserver
    starting.worker_context()
    os.kill(server._forkserver_pid, signal.SIGKILL)
    os.waitpid(server._forkserver_pid, 0)
    address = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as closed:
        closed.bind(address)
    process = os.posix_spawnp("sleep", ["sleep", "600"], os.environ)
    server._forkserver_pid, server._forkserver_address = process, address
    yield process
    if server._forkserver_pid == process:
        end(process)


def end(process: int) -> None:
    """Kill a process, and leave its status to be asked."""
    os.kill(process, signal.SIGKILL)
    os.waitid(os.P_PID, process, os.WEXITED | os.WNOWAIT)


def nothing() -> None:
    """Do nothing."""


def test_a_fork_server_that_is_ending_is_waited_for(dying: int, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        if len(waits) == 20:
            end(dying)

    monkeypatch.setattr(time, "sleep", wait)
    process = starting.worker_context().Process(target=nothing)  # type: ignore[attr-defined]
    process.start()
    process.join()
    assert process.exitcode == 0
    assert waits == [min(0.01 * 2**n, 1.0) for n in range(20)]


def test_one_that_never_ends_is_not_waited_for_without_end(
    dying: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    with pytest.raises(ConnectionRefusedError):
        starting.worker_context().Process(target=nothing).start()  # type: ignore[attr-defined]
    assert 20 < sum(waits) < 40


# -- scripts ----------------------------------------------------------------------------------------------------

_UNGUARDED = """
import sys
from safehash import Matcher, SafehashError, ScanOptions, scan
matcher = Matcher.from_files(sys.argv[1])
try:
    list(scan(sys.argv[2], matcher=matcher, options=ScanOptions(workers=1)))
except SafehashError as exc:
    sys.exit(f"told: {exc}")
"""


def test_a_script_without_a_guard_is_told_so_at_once(known: Path) -> None:
    """By the scan, and by its worker, whatever the script catches; in a line each."""
    script = known.parent / "scanning.py"
    script.write_text(_UNGUARDED)
    done = subprocess.run(
        [sys.executable, script, known, known.parent / "known.png"],
        capture_output=True, text=True, check=False, env=environment(), timeout=60,
    )  # fmt: skip
    words = "a script that starts workers must do so under `if __name__ == '__main__':`"
    assert done.stderr.splitlines() == [f"safehash: {words}", f"told: {words}"]
    assert done.returncode == 1


def test_a_process_of_the_script_s_own_that_imports_one_is_told_too(known: Path) -> None:
    script = known.parent / "starting.py"
    script.write_text(
        "import multiprocessing\nfrom safehash.scanning.starting import worker_context\n"
        "if __name__ != '__main__':\n    worker_context()\n"
        "else:\n    process = multiprocessing.get_context('spawn').Process(target=print)\n"
        "    process.start()\n    process.join()\n    raise SystemExit(process.exitcode)\n"
    )
    done = subprocess.run(
        [sys.executable, script], capture_output=True, text=True, check=False, env=environment()
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith(f"SafehashError: {starting.WITHOUT_GUARD}")


# -- single calls -----------------------------------------------------------------------------------------


def test_what_becomes_of_a_call_is_what_it_returns_or_how_it_failed() -> None:
    names = ("ordinary", "segfault", "exit", "kill", "swell", "defect", "ordinary")
    means = Means(max_memory=1 << 30)
    found = list(each_isolated(misbehave, [(name,) for name in names], means=means, timeout=120.0))
    assert [each.kind if isinstance(each, Failed) else each for each in found] == [
        None, "crash", "crash", "crash", "memory", "internal", None,
    ]  # fmt: skip
    assert [found[at].reason for at in (1, 3)] == [
        "its worker crashed: SIGSEGV",
        "its worker crashed: SIGKILL",
    ]
    (hung,) = each_isolated(misbehave, [("hang",)], means=means, timeout=0.1)
    assert hung.kind == "timeout"


def test_a_call_whose_worker_was_killed_before_it_is_made_all_the_same() -> None:
    calls = each_isolated(os.getpid, [(), ()], means=Means(), timeout=120.0)
    first = next(calls)
    os.kill(first, signal.SIGKILL)
    second = next(calls)
    assert isinstance(second, int), second
    assert second != first
    assert not list(calls)


# -- what no signal may break off -------------------------------------------------------------------------------


def test_semaphores_are_made_and_forgotten_where_no_signal_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two steps of it, ctrl-C left one behind: its tracker told of it, on the standard error of a scan."""
    seen: list[tuple[str, bool]] = []

    def watch(name: str, told: Any) -> None:
        def tell(*resource: str) -> None:
            seen.append((name, threading.current_thread() is threading.main_thread()))
            told(*resource)

        monkeypatch.setattr(resource_tracker, name, tell)

    watch("register", resource_tracker.register)
    watch("unregister", resource_tracker.unregister)
    assert all(
        isinstance(found, int) for found in each_isolated(os.getpid, [()], means=Means(), timeout=120.0)
    )
    assert {name for name, _ in seen} == {"register", "unregister"}
    assert not any(in_main for _, in_main in seen)


def test_what_is_done_aside_is_done_before_the_process_ends() -> None:
    """Ctrl-C ended the waiting for workers' ends; a semaphore's was then stopped after the first of its two steps."""
    code = (
        "import os, signal, sys, time\n"
        "from safehash.scanning.aside import aside\n"
        "def end():\n"
        "    os.write(1, b'one ')\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    time.sleep(0.2)\n"
        "    os.write(1, b'two')\n"
        "try:\n"
        "    aside(end).result()\n"
        "except KeyboardInterrupt:\n"
        "    os.write(1, b'interrupted ')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, env=environment(), check=False, timeout=60
    )
    assert (done.stdout, done.stderr) == (b"one interrupted two", b"")


# -- what is left open ------------------------------------------------------------------------------------------


def test_a_process_ends_that_left_workers_open(tmp_path: Path) -> None:
    """A loop over a scan that raised kept its process from ending, for good: its traceback held the scan."""
    photo = tmp_path / "photo.png"
    write_picture(photo, 3)
    listed = write_list(tmp_path / "own.csv", photo)
    script = tmp_path / "left.py"
    script.write_text(
        "import os, safehash\n"
        "from safehash.scanning.confining import Means\n"
        "from safehash.scanning.pool import each_isolated\n"
        "if __name__ == '__main__':\n"
        f"    matcher = safehash.Matcher.from_files({str(listed)!r})\n"
        "    calls = each_isolated(os.getpid, [(), ()], means=Means(), timeout=120.0)\n"
        "    next(calls)\n"
        f"    catalog = safehash.Catalog({str(tmp_path / 'c.db')!r})\n"
        "    how = safehash.ScanOptions(workers=1)\n"
        f"    for each in safehash.scan({str(photo)!r}, matcher=matcher, options=how, catalog=catalog):\n"
        "        raise ValueError(each.decision.outcome.value)\n"
    )
    command = [sys.executable, str(script)]
    done = subprocess.run(command, capture_output=True, env=environment(), check=False, timeout=60, text=True)
    assert done.stderr.splitlines()[-1] == "ValueError: match"
    with Catalog(tmp_path / "c.db") as catalog:
        assert [run["state"] for run in catalog.counts()["runs"]] == ["interrupted"]


@pytest.mark.parametrize("why", ["forked", "taken apart"])
def test_a_pool_is_ended_by_who_made_it_while_threads_run(why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that was forked from us has no business with our workers; where no thread runs, the end never came."""
    pool = pool_module._Pool(os.getpid, (), starting.Noted(starting.worker_context()))
    if why == "forked":
        pool._process = -1
    else:
        monkeypatch.setattr(sys, "is_finalizing", lambda: True)
    assert (pool.end().result(timeout=0), pool._ended) == (None, False)
