"""Isolated checks: the decisions of the matcher, whatever an upload does to its worker costs that upload alone."""

from __future__ import annotations

import importlib
import io
import os
import pickle
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import safehash
from crashers import misbehave
from safehash.scanning.isolating import Isolated
from safehash.scanning.sealing import landlock_version
from safehash.scanning.starting import worker_context
from small_files import small_files
from stores import write_list, write_pictures

pytestmark = pytest.mark.skipif(os.name != "posix", reason="isolated workers are for Linux and macOS")


#: What a worker can be told to do before it decides, by number: it shares that number, and opens no file.
DOINGS = ("", "segfault", "exit", "kill", "swell", "defect", "hang", "slow",
          "read", "write", "execute", "connect", "signal", "import")  # fmt: skip


def act(told: Any, here: str, port: int, path: str) -> None:
    """Do what the number says, once. What raises `OSError` is told by the decision's reason."""
    doing = DOINGS[told.value]
    told.value = 0
    if doing == "read":
        Path(here, "own.csv").read_bytes()
    elif doing == "write":
        Path(here, "written").write_bytes(b"x")
    elif doing == "execute":
        os.execv("/bin/sh", ["sh", "-c", "exit 0"])
    elif doing == "connect":
        socket.create_connection(("127.0.0.1", port)).close()
    elif doing == "signal":
        os.kill(os.getppid(), 0)
    elif doing == "import":
        importlib.import_module("wave")
    elif doing:
        misbehave(doing)


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("isolated")


@pytest.fixture(scope="module")
def pictures(here: Path) -> list[Path]:
    return write_pictures(here / "pictures", 3)


@pytest.fixture(scope="module")
def matcher(here: Path, pictures: list[Path]) -> safehash.Matcher:
    return safehash.Matcher.from_files(write_list(here / "own.csv", pictures[1]))


@pytest.fixture(scope="module")
def pool(matcher: safehash.Matcher) -> Iterator[safehash.Isolated]:
    with safehash.isolated(matcher, workers=2) as running:
        yield running


def same(one: safehash.Decision, other: safehash.Decision) -> bool:
    return replace(one, decided="", milliseconds=0.0) == replace(other, decided="", milliseconds=0.0)


# -- the same decisions -------------------------------------------------------------------------------------


def test_every_small_file_gets_the_matcher_s_decision(
    pool: safehash.Isolated, matcher: safehash.Matcher, pictures: list[Path]
) -> None:
    for name, data in {**small_files(), "listed": pictures[1].read_bytes(), "nothing": b""}.items():
        for given in (data, data[: len(data) // 2]):
            assert same(pool.check(given), matcher.check(given)), name


def test_however_an_upload_comes_it_is_decided_as_by_the_matcher(
    pool: safehash.Isolated, matcher: safehash.Matcher, pictures: list[Path], here: Path
) -> None:
    data = pictures[1].read_bytes()
    pixels = np.asarray(Image.open(pictures[1]).convert("RGB"))
    for given in (
        data, bytearray(data), memoryview(data), pictures[1], str(pictures[1]), pixels, pixels[:3, :3],
        here, here / "missing", here / "own.csv",
    ):  # fmt: skip
        for effort in (None, "fast", "thorough"):
            assert same(pool.check(given, effort=effort), matcher.check(given, effort=effort)), given
    file = io.BytesIO(b"xx" + data)
    file.seek(2)
    assert same(pool.check(file), matcher.check(file))
    assert file.tell() == 2
    assert same(pool.check(data, lists=["own"]), matcher.check(data, lists=["own"]))
    small = safehash.Settings(limits=safehash.Limits(max_bytes=len(data) - 1))
    listed = safehash.Matcher.from_files(here / "own.csv", settings=small)
    with safehash.isolated(listed, workers=1) as one:
        large: tuple[bytes | Path | io.BytesIO, ...] = (data, pictures[1], io.BytesIO(data))
        for each in large:
            assert one.check(each).outcome is safehash.Outcome.TOO_LARGE
            assert same(one.check(each), listed.check(each))


def test_what_is_under_a_name_but_no_file_of_pictures_is_decided_as_by_the_matcher(
    pool: safehash.Isolated, matcher: safehash.Matcher, here: Path
) -> None:
    """Only an open regular file is handed over; none that would be waited for is opened."""
    pipe, closed, long_name = here / "pipe", here / "closed.jpg", here / ("x" * 300)
    os.mkfifo(pipe)
    closed.write_bytes(b"")
    closed.chmod(0)
    for given in (pipe, closed, long_name, Path("/dev/zero"), "null\0byte"):
        found = pool.check(given)
        assert same(found, matcher.check(given)), given
        assert not found.is_decided
        assert found.failure is None


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts what is open as Linux tells it")
def test_no_file_stays_open_whatever_comes_of_it(
    told_pool: safehash.Isolated, pictures: list[Path], told: Any, here: Path
) -> None:
    def n_open(process: str) -> int:
        return len(os.listdir(f"/proc/{process}/fd"))  # noqa: PTH208

    def lane() -> Any:
        with told_pool._current() as now:
            return now.lanes._free.queue[0]

    told_pool.check(pictures[1])
    ours, theirs = n_open("self"), n_open(str(lane()._process.pid))
    for given in (pictures[0], here / "missing", here, pictures[1]):
        told_pool.check(given)
    assert (n_open("self"), n_open(str(lane()._process.pid))) == (ours, theirs)
    for doing in ("segfault", "kill", "defect"):
        told.value = DOINGS.index(doing)
        told_pool.check(pictures[1])
    assert (n_open("self"), n_open(str(lane()._process.pid))) == (ours, theirs)


def test_what_cannot_be_meant_is_refused(
    pool: safehash.Isolated, matcher: safehash.Matcher, pictures: list[Path]
) -> None:
    with (
        Image.open(pictures[1]) as picture,
        pytest.raises(TypeError, match="decoded in the process that holds it"),
    ):
        pool.check(picture)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"^an upload is an image file's bytes, .*, not int$") as caught:
        pool.check(5)  # type: ignore[arg-type]
    assert "PIL" not in str(caught.value), "it names what it does not take"
    with pytest.raises(TypeError, match=r"a PIL image.*, not int"):
        matcher.check(5)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="effort is one of"):
        pool.check(b"", effort="maximal")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="lists are some of own"):
        pool.check(b"", lists=["other"])
    with pytest.raises(TypeError, match="do not pickle"):
        pickle.dumps(pool)
    wrongs: tuple[dict[str, Any], ...] = ({"workers": 0}, {"timeout": 0.0}, {"max_memory": 5})
    for wrong in wrongs:
        with pytest.raises(ValueError):
            safehash.isolated(matcher, **wrong)


def test_the_lists_that_are_named_are_asked_and_no_other(here: Path, pictures: list[Path]) -> None:
    paths = [
        write_list(here / name, picture)
        for name, picture in (("one.csv", pictures[1]), ("two.csv", pictures[2]))
    ]
    matcher = safehash.Matcher.from_files(*paths)
    with safehash.isolated(matcher, workers=1) as pool:
        found = {
            (name, at): pool.check(pictures[at], lists=[name]).is_match
            for name in ("one", "two")
            for at in (1, 2)
        }
        assert found == {("one", 1): True, ("one", 2): False, ("two", 1): False, ("two", 2): True}
        for at in (1, 2):
            assert same(pool.check(pictures[at], lists=["two"]), matcher.check(pictures[at], lists=["two"]))


@pytest.mark.usefixtures("matcher")  # which writes its list
def test_floods_are_counted_over_all_workers(here: Path, pictures: list[Path]) -> None:
    flood = safehash.FloodLimits(max_share=0.5, min_matches=3, min_uploads=3)
    matcher = safehash.Matcher.from_files(here / "own.csv", settings=safehash.Settings(flood=flood))
    with safehash.isolated(matcher, workers=2) as pool:
        found = [pool.check(pictures[1]).outcome.value for _ in range(4)]
    assert found == ["match", "match", "suppressed", "suppressed"]


# -- what an upload does ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def told(matcher: safehash.Matcher) -> Any:
    return worker_context().Value("i", 0, lock=False)


@pytest.fixture(scope="module")
def listening() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield int(server.getsockname()[1])


@pytest.fixture(scope="module")
def told_pool(
    matcher: safehash.Matcher, here: Path, told: Any, listening: int
) -> Iterator[safehash.Isolated]:
    before = partial(act, told, str(here), listening)
    with Isolated(matcher, workers=1, timeout=30.0, max_memory=1 << 30, before=before) as running:
        yield running


@pytest.mark.parametrize(
    ("doing", "failure"),
    [("segfault", "crash"), ("exit", "crash"), ("swell", "memory"), ("defect", "internal")],
)
def test_what_takes_a_worker_down_costs_its_own_upload(
    told_pool: safehash.Isolated, pictures: list[Path], told: Any, doing: str, failure: str
) -> None:
    told.value = DOINGS.index(doing)
    decision = told_pool.check(pictures[1], effort="fast")
    assert (decision.outcome.value, decision.failure) == ("unreadable", failure)
    assert decision.audit == replace(told_pool.matcher.audit, effort=decision.audit.effort)
    assert decision.reason
    assert told_pool.check(pictures[1]).is_match


def test_one_that_hangs_is_ended(
    matcher: safehash.Matcher, here: Path, pictures: list[Path], told: Any
) -> None:
    before = partial(act, told, str(here), 0)
    with Isolated(matcher, workers=1, timeout=1.0, max_memory=None, before=before) as pool:
        told.value = DOINGS.index("hang")
        assert pool.check(pictures[1]).failure == "timeout"
        assert pool.check(b"words").outcome is safehash.Outcome.UNSUPPORTED


def test_a_worker_killed_from_outside_is_replaced_and_its_upload_decided(
    told_pool: safehash.Isolated, pictures: list[Path], told: Any
) -> None:
    told.value = DOINGS.index("kill")
    assert told_pool.check(pictures[1]).is_match


@pytest.mark.parametrize("doing", ["read", "write", "execute", "connect", "signal"])
def test_a_worker_that_was_taken_over_opens_nothing(
    told_pool: safehash.Isolated, pictures: list[Path], told: Any, here: Path, doing: str
) -> None:
    """Where the system has Landlock; elsewhere it says that workers are not sealed."""
    assert told_pool.is_sealed == (landlock_version() > 0)
    if doing in {"connect", "signal"} and landlock_version() < 6:
        doing = "read"
    told.value = DOINGS.index(doing)
    decision = told_pool.check(pictures[1])
    if told_pool.is_sealed:
        assert re.fullmatch(
            "cannot be read: (Permission denied|Operation not permitted)", str(decision.reason)
        )
        assert not (here / "written").exists()


def test_what_is_loaded_late_is_still_loaded(
    told_pool: safehash.Isolated, pictures: list[Path], told: Any
) -> None:
    told.value = DOINGS.index("import")
    assert told_pool.check(pictures[1]).is_match


def test_workers_leave_no_core_and_end_with_their_parent(here: Path, pictures: list[Path]) -> None:
    """Killed without a word, the parent leaves no worker behind, and no file."""
    program = f"""
import safehash
if __name__ == "__main__":
    pool = safehash.isolated(safehash.Matcher.from_files({str(here / "own.csv")!r}), workers=1)
    assert pool.check({str(pictures[1])!r}).is_match
    with pool._current() as now:
        print(now.lanes._free.queue[0]._process.pid, flush=True)
    import time
    time.sleep(600)
"""
    script = here / "parent.py"
    script.write_text(program)
    temporary = here / "temporary"
    temporary.mkdir()
    environment = {**os.environ, "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        if sys.platform.startswith("linux"):
            limits = Path(f"/proc/{worker}/limits").read_text()
            assert re.search(r"Max core file size\s+0\s+0", limits)
        parent.kill()
    while True:  # until it is gone: nothing else ends this, but the test's own time
        try:
            os.kill(worker, 0)
        except ProcessLookupError:
            break
        if sys.platform.startswith("linux") and "State:\tZ" in Path(f"/proc/{worker}/status").read_text():
            break
        time.sleep(0.01)


# -- many at once, reloads, ends ----------------------------------------------------------------------------


def test_threads_share_a_pool_through_reloads_and_crashes(
    matcher: safehash.Matcher, here: Path, pictures: list[Path], told: Any
) -> None:
    """Every answer is that of one of the two states; at most the uploads that crashed are undecided."""
    states = ((0, 1), (1, 2))  # pictures that are listed in turn
    path = write_list(here / "turns.csv", *(pictures[number] for number in states[0]))
    before = partial(act, told, str(here), 0)
    lists = safehash.Matcher.from_files(safehash.ListSource(path, max_shrink=1.0))
    listed = {lists.lists[0].snapshot: states[0]}
    data = [each.read_bytes() for each in pictures]
    found: list[tuple[int, safehash.Decision]] = []
    over = threading.Event()
    with Isolated(lists, workers=2, timeout=60.0, max_memory=1 << 30, before=before) as pool:

        def ask() -> None:
            while not over.is_set():
                for number, each in enumerate(data):
                    found.append((number, pool.check(each)))

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        try:
            for turn in range(1, 5):
                write_list(path, *(pictures[number] for number in states[turn % 2]))
                assert pool.reload_if_changed()
                listed[lists.lists[0].snapshot] = states[turn % 2]
                if turn % 2:
                    told.value = DOINGS.index("segfault")
        finally:
            over.set()
            for thread in threads:
                thread.join()
        assert not pool.reload_if_changed()
        assert [pool.check(each).is_match for each in data] == [True, True, False]
    crashed = [decision for _, decision in found if decision.failure]
    assert len(crashed) <= 4  # two workers may read a number before one of them puts it back
    assert {decision.failure for decision in crashed} <= {"crash"}
    for number, decision in found:
        if decision.failure is None:
            assert decision.is_match == (number in listed[decision.audit.lists[0].snapshot])


def test_a_list_that_is_refused_leaves_the_state_before(here: Path, pictures: list[Path]) -> None:
    path = write_list(here / "broken.csv", pictures[1])
    with safehash.isolated(safehash.Matcher.from_files(path), workers=1) as pool:
        path.write_text("no list at all {")
        with pytest.raises(safehash.SafehashError):
            pool.reload()
        assert not pool.reload_if_changed()
        assert pool.check(pictures[1]).is_match


def test_a_snapshot_signed_by_a_trusted_key_is_opened_by_workers(
    here: Path, pictures: list[Path], matcher: safehash.Matcher
) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    path = here / "signed.safehash"
    matcher.save(path, key=key.private_bytes_raw())
    settings = safehash.Settings(trusted=[key.public_key().public_bytes_raw()])
    with safehash.isolated(safehash.Matcher.open(path, settings=settings), workers=1) as pool:
        assert pool.check(pictures[1]).is_match


def test_a_closed_pool_and_one_of_another_process_say_so(
    matcher: safehash.Matcher, pictures: list[Path]
) -> None:
    pool = safehash.isolated(matcher, workers=1)
    pool._process += 1  # as after a fork
    with pytest.raises(safehash.SafehashError, match="make a pool in each"):
        pool.check(pictures[1])
    pool._process -= 1
    assert pool.check(pictures[1]).is_match
    for _ in range(2):
        pool.close()
    with pytest.raises(safehash.SafehashError, match="closed"):
        pool.check(pictures[1])


def test_a_script_without_a_guard_is_told_so(here: Path) -> None:
    script = here / "unguarded.py"
    script.write_text(
        f"import safehash\nsafehash.isolated(safehash.Matcher.from_files({str(here / 'own.csv')!r}), workers=1)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "under `if __name__ == '__main__':`" in done.stderr.splitlines()[-1]
