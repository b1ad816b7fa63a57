"""What no signal may break off: done in a thread of its own, for which this process waits at its end."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextlib import suppress
from typing import Any, TypeVar

__all__ = ["aside"]

_T = TypeVar("_T")

#: Seconds that a process which ends waits for what is under way: it may never be done.
_AT_END_SECONDS = 5.0

#: What is under way, each with the process that does it: one that is forked from it has none of its threads.
#: Not the threads: one whose `join` ctrl-C broke off counts as ended (Python 3.11).
_under_way: dict[Future[Any], int] = {}


def aside(function: Callable[[], _T]) -> Future[_T]:
    """Call a function in a thread, where ctrl-C is not raised; return what it will have returned, or raised.

    It keeps no process from ending for good. But stopped by that between two steps, it would leave some undone: a
    semaphore whose name is gone, and whose tracker was not told, is said to be leaked.
    """
    future: Future[_T] = Future()

    def call() -> None:
        try:
            future.set_result(function())
        except BaseException as exc:
            future.set_exception(exc)
        finally:
            _under_way.pop(future, None)

    _under_way[future] = os.getpid()
    try:
        threading.Thread(target=call, name="safehash-aside", daemon=True).start()
    except RuntimeError:  # the system has no more threads, or this process ends
        del _under_way[future]
        raise
    return future


def _wait() -> None:
    with suppress(KeyboardInterrupt):  # nothing could be told of it here
        wait([each for each, process in list(_under_way.items()) if process == os.getpid()], _AT_END_SECONDS)


atexit.register(_wait)
