"""Work shared between threads by one rule: results in order, few items held, one thread a processor."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

__all__ = ["available_processors", "n_threads_of", "on_threads"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def available_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def n_threads_of(threads: int | None) -> int:
    """Return how many threads are meant: None is one a processor this process may use.

    Raises
    ------
    ValueError
        Fewer than one thread.
    """
    n_threads = available_processors() if threads is None else threads
    if n_threads < 1:
        raise ValueError(f"threads is at least 1, not {n_threads}")
    return n_threads


def on_threads(
    act: Callable[[_Item], _Result], items: Iterable[_Item], *, threads: int | None
) -> Iterator[_Result]:
    """Yield ``act(item)`` for each item, in their order, computed on several threads.

    Parameters
    ----------
    act : callable
        Runs without the GIL where it matters, or threads gain nothing.
    items : iterable
        Taken as they are needed: at most twice as many as threads are held.
    threads : int or None
        None: one a processor this process may use. 1: the calling thread alone.

    Raises
    ------
    ValueError
        Fewer than one thread.
    """
    n_threads = n_threads_of(threads)
    return map(act, items) if n_threads == 1 else _shared(act, items, n_threads)


def _shared(act: Callable[[_Item], _Result], items: Iterable[_Item], n_threads: int) -> Iterator[_Result]:
    with ThreadPoolExecutor(n_threads, thread_name_prefix="safehash") as pool:
        waiting: deque[Future[_Result]] = deque()
        try:
            for item in items:
                waiting.append(pool.submit(act, item))
                if len(waiting) >= 2 * n_threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # the caller may stop early
            for future in waiting:
                future.cancel()
