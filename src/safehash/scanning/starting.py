"""How worker processes are started: by a fork server where there is one, deaf to what ends a whole group."""

from __future__ import annotations

import multiprocessing
import shutil
import signal
import sys
import tempfile
from multiprocessing import util
from multiprocessing.context import BaseContext
from multiprocessing.process import current_process

from ..errors import SafehashError

__all__ = ["may_start", "process_context", "worker_context"]

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
    """
    methods = multiprocessing.get_all_start_methods()
    if "forkserver" not in methods:
        return multiprocessing.get_context("spawn")
    _shorten_names()
    return multiprocessing.get_context("forkserver")


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
