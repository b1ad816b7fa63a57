"""How worker processes are started: by a fork server where there is one, deaf to what ends a whole group."""

from __future__ import annotations

import multiprocessing
import signal
from multiprocessing.context import BaseContext

__all__ = ["process_context", "worker_context"]

#: What a fork server loads. It swallows a wrong name: a test imports it.
_PRELOAD = "safehash.scanning.preload"


def process_context() -> BaseContext:
    """Return what starts processes: a fork server where there is one, else fresh interpreters.

    Forking this process, with its threads (search library, progress bar, pools), could leave locks taken for ever in
    the child, and a fork server that has the imports done replaces a crashed worker in milliseconds.
    """
    methods = multiprocessing.get_all_start_methods()
    return multiprocessing.get_context("forkserver" if "forkserver" in methods else "spawn")


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
    from multiprocessing import forkserver, resource_tracker

    held = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    try:
        for start in (resource_tracker.ensure_running, forkserver.ensure_running):
            # What is started inherits it. Each time: the tracker's own starting takes it away.
            signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
            start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
