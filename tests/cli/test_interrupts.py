"""What ends a command from outside: ctrl-C, SIGTERM, a hang-up, at any moment of any command."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
from multiprocessing import spawn
from pathlib import Path

import pytest

from safehash.cli import main
from safehash.cli.interrupts import check_interrupts, end_heeding, heeding_interrupts
from safehash.evaluation import evaluate as evaluating
from safehash.evaluation.options import EvaluationOptions
from safehash.scanning import preload
from stores import environment, write_list, write_pictures

SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

#: A command in which a signal comes while something is defined: dataclasses are, by exec() of their text.
_WHILE_DEFINING = """
import signal, sys
# as of a shell, whatever who runs the tests ignores (nohup, say)
signal.signal({number}, signal.default_int_handler if {number} == signal.SIGINT else signal.SIG_DFL)
from safehash.cli import guard, main
def defining(arguments):
    exec("import os, signal, time; os.kill(os.getpid(), {number}); time.sleep(30)")
guard.refuse_overwriting = defining
sys.exit(main())
"""

#: A command in which a signal comes where Python drops what is raised: in what is called as something is forgotten.
_WHILE_FORGETTING = """
import os, signal, sys, time, weakref
# as of a shell, whatever who runs the tests ignores (nohup, say)
signal.signal({number}, signal.default_int_handler if {number} == signal.SIGINT else signal.SIG_DFL)
from safehash.cli import guard, main
class Thing:
    pass
def forgotten(_):
    os.kill(os.getpid(), {number})
    for _ in range(1000):
        pass
def forgetting(arguments):
    thing = Thing()
    known = weakref.ref(thing, forgotten)
    del thing
    for _ in range(500):
        time.sleep(0.01)
    print("it went on")
guard.refuse_overwriting = forgetting
sys.exit(main())
"""

#: A report whose first little picture is being asked for when the signal comes.
_WHILE_DRAWING = """
import os, signal, sys
# as of a shell, whatever who runs the tests ignores (nohup, say)
signal.signal({number}, signal.default_int_handler if {number} == signal.SIGINT else signal.SIG_DFL)
from safehash.cli import main
from safehash.scanning import pool
class Pool(pool.ProcessPool):
    def schedule(self, *given, **named):
        future = super().schedule(*given, **named)
        os.kill(os.getpid(), {number})
        return future
pool.ProcessPool = Pool
if __name__ == "__main__":
    sys.exit(main())
"""


def run_with(code: str, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**environment(), **more},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_whatever_is_being_defined_the_exit_code_is_ours(number: int, tmp_path: Path) -> None:
    """`python -m` dies of SIGINT at its end, whatever code is returned, once an exec() of text was interrupted."""
    (tmp_path / "defining.py").write_text(_WHILE_DEFINING.format(number=int(number)), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "defining", "hash", "photo.jpg"],
        env=environment(), cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "safehash: interrupted\n")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
@pytest.mark.parametrize("number", SIGNALS)
def test_what_python_drops_comes_again(number: int) -> None:
    """Regression: a traceback was printed, and what was begun went on to its end."""
    done = run_with(_WHILE_FORGETTING.format(number=int(number)), "doctor")
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "safehash: interrupted\n")


def test_a_report_that_is_ended_leaves_nothing_and_says_one_line(tmp_path: Path) -> None:
    pictures = write_pictures(tmp_path / "pictures", 2)
    listed = write_list(tmp_path / "own.csv", *pictures)
    scan = ["scan", str(tmp_path / "pictures"), "--list", str(listed), "--workers", "0", "-q"]
    catalog = str(tmp_path / "c.db")
    assert main([*scan, "--catalog", catalog, "-o", str(tmp_path / "r.jsonl")]) == 1
    (tmp_path / "temporary").mkdir()
    before = {path.name for path in tmp_path.iterdir()}
    report = ["report", catalog, "--thumbnails", "-o", str(tmp_path / "page.html")]
    done = run_with(
        _WHILE_DRAWING.format(number=int(SIGNALS[-2])), *report, TMPDIR=str(tmp_path / "temporary")
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "safehash: interrupted\n")
    assert {path.name for path in tmp_path.iterdir()} == before
    assert list((tmp_path / "temporary").iterdir()) == []


def test_an_evaluation_that_is_ended_does_not_go_on_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pictures(tmp_path, 3, first_seed=7)
    n_runs = []
    counted = evaluating._Bench.run

    def run(self: evaluating._Bench, *job: object) -> object:
        n_runs.append(1)
        return counted(self, *job)  # type: ignore[arg-type]

    def interrupt(done: int, total: int) -> None:
        assert total > 100
        raise KeyboardInterrupt

    monkeypatch.setattr(evaluating._Bench, "run", run)
    options = EvaluationOptions(efforts=("fast",), list_size=10, min_images=2)
    with pytest.raises(KeyboardInterrupt):
        evaluating.evaluate(tmp_path, options=options, threads=2, progress=interrupt)
    assert 1 <= len(n_runs) <= 8


@pytest.mark.parametrize("ends_process", [True, False])
def test_who_calls_a_command_has_its_handlers_back(ends_process: bool) -> None:
    former = {number: signal.getsignal(number) for number in SIGNALS}
    usual = dict.fromkeys(SIGNALS, signal.SIG_DFL) | {signal.SIGINT: signal.default_int_handler}
    try:
        for number in SIGNALS:
            signal.signal(number, usual[number])
        with pytest.raises(KeyboardInterrupt), heeding_interrupts(ends_process=ends_process):
            try:
                os.kill(os.getpid(), SIGNALS[-1])
                threading.Event().wait(30)
            except KeyboardInterrupt:
                with pytest.raises(KeyboardInterrupt):
                    check_interrupts()
                end_heeding()
                for number in SIGNALS:
                    os.kill(os.getpid(), number)  # a second one has nothing left to break off
                raise
        after = signal.SIG_IGN if ends_process else None
        assert {number: signal.getsignal(number) for number in SIGNALS} == {
            number: after or usual[number] for number in SIGNALS
        }
    finally:
        for number in SIGNALS:
            signal.signal(number, former[number])


def test_what_a_caller_ignores_or_handles_stays_so() -> None:
    former = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        with heeding_interrupts(ends_process=True):
            assert {signal.getsignal(number) for number in SIGNALS} == {signal.SIG_IGN}
            end_heeding()
        assert {signal.getsignal(number) for number in SIGNALS} == {signal.SIG_IGN}
    finally:
        for number in SIGNALS:
            signal.signal(number, former[number])


def test_a_worker_whose_parent_went_away_says_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    whole = pickle.dumps({"log_to_stderr": False})
    for n_sent in (0, len(whole) // 2, len(whole)):
        read, write = os.pipe()
        os.write(write, whole[:n_sent])
        os.close(write)
        try:
            spawn._main(read, os.dup(read))
        except Exception as exc:
            preload._say(type(exc), exc, exc.__traceback__)
        else:
            raise AssertionError("half a message began a worker")
    assert capfd.readouterr().err == ""
    try:
        raise EOFError("of our own")
    except EOFError as exc:
        preload._say(type(exc), exc, exc.__traceback__)
    assert "EOFError: of our own" in capfd.readouterr().err
