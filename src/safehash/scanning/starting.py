"""How worker processes are started: by a fork server where there is one, deaf to what ends a whole group."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import time
from multiprocessing import context as contexts
from multiprocessing import util
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess, current_process
from typing import Any

from ..errors import SafehashError

__all__ = ["UNGUARDED", "WITHOUT_GUARD", "Noted", "may_start", "process_context", "worker_context"]

#: The status of a worker that found, while it was importing the main script, that this starts workers.
UNGUARDED = 78
#: What is said of it.
WITHOUT_GUARD = "a script that starts workers must do so under `if __name__ == '__main__':`"
#: Names of workers' processes: pebble's, and those of lanes.
_WORKERS = ("pebble_pool_worker", "safehash-lane")
#: Seconds between two attempts to reach a fork server that is ending: the first, and the most, each twice the last.
_FIRST_WAIT, _LONGEST_WAIT = 0.01, 1.0
#: Attempts: half a minute in all.
_N_ATTEMPTS = 36

#: What a fork server loads. It swallows a wrong name: a test imports it.
_PRELOAD = "safehash.scanning.preload"
#: Bytes that a socket's name may have on every system, the zero at its end not counted (sockaddr_un of macOS).
_LONGEST_NAME = 103
#: What `multiprocessing` puts behind the folder for temporary files, in bytes: a folder of its own, and a socket in it.
_OWN_PART = len("/pymp-12345678/listener-12345678")
#: Where sockets go whose names would be too long.
_SHORT_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")


def process_context() -> BaseContext:
    """Return what starts processes: a fork server where there is one, else fresh interpreters.

    Forking this process, with its threads (search library, progress bar, pools), could leave locks taken for ever in
    the child, and a fork server that has the imports done replaces a crashed worker in milliseconds.

    Raises
    ------
    SafehashError
        This process is itself beginning: its main script does not wait to be run.
    """
    _expect_begun()
    if sys.platform != "win32" and "forkserver" in multiprocessing.get_all_start_methods():
        _shorten_names()
        return _PatientContext()
    return multiprocessing.get_context("spawn")


def _expect_begun() -> None:
    """Refuse to start workers while a new process imports the main script; one of our workers ends at once.

    Its status is how the scan knows why, and no `except` of the script hides it.
    """
    process = current_process()
    if not getattr(process, "_inheriting", False):
        return
    if process.name in _WORKERS:
        os.write(2, f"safehash: {WITHOUT_GUARD}\n".encode())
        os._exit(UNGUARDED)
    raise SafehashError(WITHOUT_GUARD)


if sys.platform != "win32":

    class _PatientProcess(contexts.ForkServerProcess):
        """One that waits for a fork server that was killed to be gone: until it is, no other is started in its place.

        A process that ends closes its socket first, and counts as living for some time: long, where it was large or the
        machine is busy.
        """

        def start(self) -> None:
            wait = _FIRST_WAIT
            for attempt in range(_N_ATTEMPTS):
                _start_server()  # the next one is to be as deaf as the first
                try:
                    return super().start()
                except ConnectionRefusedError:
                    if attempt == _N_ATTEMPTS - 1:
                        raise
                    time.sleep(wait)
                    wait = min(2 * wait, _LONGEST_WAIT)
            raise AssertionError  # never comes here

    class _PatientContext(contexts.ForkServerContext):
        Process = _PatientProcess  # type: ignore[assignment,unused-ignore]


class Noted:
    """A context whose last process can be asked how it ended: a pool does not say it."""

    def __init__(self, context: BaseContext) -> None:
        self._context = context
        self._last: BaseProcess | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def Process(self, *arguments: Any, **named: Any) -> BaseProcess:
        """Return a process, not started yet, as the context does."""
        self._last = self._context.Process(*arguments, **named)  # type: ignore[attr-defined]
        return self._last

    @property
    def exit_code(self) -> int | None:
        """How the last process ended; None where it runs, or never did."""
        return None if self._last is None else self._last.exitcode


def may_start() -> bool:
    """Say whether this process may have children: a daemonic one of `multiprocessing` may not."""
    return not multiprocessing.current_process().daemon


def worker_context() -> BaseContext:
    """Return `process_context`, its server running with all that a worker needs."""
    context = process_context()
    if context.get_start_method() == "forkserver":
        context.set_forkserver_preload([_PRELOAD, "PIL.Image"])
        _start_server()
    return context


def _start_server() -> None:
    """Start the fork server and what keeps track of its semaphores, deaf to what ends a whole group of processes.

    They end with this process, which decides; without them the workers could not finish what is under way, and one
    that is still importing when somebody presses ctrl-C would say so with a traceback.
    """
    if sys.platform == "win32":  # has no fork server, so that nobody asks
        return
    from multiprocessing import forkserver, resource_tracker

    held = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        for start in (resource_tracker.ensure_running, forkserver.ensure_running):
            # What is started inherits it. Each time: the tracker's own starting takes it away.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
            start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)


def _shorten_names() -> None:
    """Have `multiprocessing` put its sockets elsewhere where the folder for temporary files has too long a name.

    Raises
    ------
    SafehashError
        There is no such place.
    """
    config = current_process()._config  # type: ignore[attr-defined]
    held = config.get("tempdir")
    if held is not None or len(tempfile.gettempdir().encode()) + _OWN_PART <= _LONGEST_NAME:
        return
    for folder in _SHORT_FOLDERS:
        try:
            made = tempfile.mkdtemp(prefix="pymp-", dir=folder)
        except OSError:
            continue
        util.Finalize(None, shutil.rmtree, args=(made,), kwargs={"ignore_errors": True}, exitpriority=-100)
        config["tempdir"] = made
        return
    raise SafehashError(
        f"workers need sockets, whose names have at most {_LONGEST_NAME} bytes: the folder for temporary files, "
        f"{tempfile.gettempdir()}, has too long a name, and none of {', '.join(_SHORT_FOLDERS)} can be written; "
        "set TMPDIR to a shorter one"
    )
