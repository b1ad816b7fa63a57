"""What a worker process may use, and how it keeps to that: memory, priority, silence, an end with its parent."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import threading
import warnings
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

__all__ = ["Means", "confine", "follow_parent", "hush", "keep_memory", "leave_no_core", "limit", "settle"]

#: glibc's numbers for `mallopt`; buffers up to the first size are kept for reuse, up to the second in all.
_MALLOPT_TRIM_THRESHOLD, _MALLOPT_MMAP_THRESHOLD = -1, -3
_KEPT_BUFFER = 16 << 20
_KEPT_BYTES = 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a worker process may use.

    Attributes
    ----------
    max_memory : int or None
        Bytes of address space beyond what the process holds when it is ready; None for no limit. Enforced
        where the system can (Linux).
    nice : int
        Added to the process's niceness.
    sealed : bool
        Give up files and network, as `sealing.seal` does where the system can: for those that are handed all they need.
    """

    max_memory: int | None = None
    nice: int = 0
    sealed: bool = False


def confine(means: Means) -> None:
    """Make this process one that runs single calls within its means."""
    import_module("safehash.images.decoding")  # before the limit is set
    settle(means)
    follow_parent()
    hush()
    limit(means)


def settle(means: Means) -> None:
    """Be deaf to what ends a whole group, and as nice as is asked."""
    # Ctrl-C and a hang-up reach the whole group; the parent decides. Telling one worker to end is the parent's, too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform != "win32":
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.pthread_sigmask(
            signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGHUP}
        )  # as the fork server began
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if means.nice and sys.platform != "win32":
        with suppress(OSError):  # lowering it again is not ours to insist on
            os.nice(means.nice)


def keep_memory() -> None:
    """Let the allocator keep what one picture took for the next, instead of asking the system every time.

    Handing a decoder's buffers back after each file and faulting them in again cost a sixth of a worker's time.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return  # not glibc
    mallopt(_MALLOPT_MMAP_THRESHOLD, _KEPT_BUFFER)
    mallopt(_MALLOPT_TRIM_THRESHOLD, _KEPT_BYTES)


def hush() -> None:
    """Keep what decoders say of damaged files off the user's terminal: the decision says it."""
    warnings.simplefilter("ignore")
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)  # C libraries write there, past Python
    os.close(sink)


def leave_no_core() -> None:
    """Have a crash leave no core on a disk: it would hold pictures."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def limit(means: Means) -> None:
    """Bound the process, counted from what it holds now. A crash leaves no core: it would hold pictures."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if means.max_memory is None or not sys.platform.startswith("linux"):
        return
    n_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    wanted = n_pages * resource.getpagesize() + means.max_memory
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def follow_parent() -> None:
    """End with the process that started this one, however it ends."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        os._exit(1)

    threading.Thread(target=watch, name="safehash-parent", daemon=True).start()
