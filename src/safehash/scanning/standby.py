"""Lanes that stand ready with one state of the lists: an upload goes to whichever is free."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from ..errors import SafehashError, logger_of
from ..hashing.threads import available_processors
from ..matching.decision import Decision
from ..matching.matcher import Matcher
from .confining import Means
from .lanes import Lane, Task, WorkerDied
from .logs import relay
from .pool import KILLED_ATTEMPTS
from .sharing import SharedLists
from .starting import worker_context
from .worker import undecided

__all__ = ["Lanes"]

_LOG = logger_of(__name__)


class Lanes:
    """Several lanes, for as many threads as like to use them.

    Parameters
    ----------
    matcher : Matcher
        Its lists as they are now.
    n_lanes : int or None
        None for one a processor.
    means : Means
    before : callable or None
        As of `Worker`.

    Attributes
    ----------
    n_lanes : int

    Raises
    ------
    SafehashError
        Workers cannot begin.
    """

    def __init__(
        self,
        matcher: Matcher,
        n_lanes: int | None,
        means: Means,
        *,
        before: Callable[[str], None] | None = None,
    ) -> None:
        self.n_lanes = n_lanes or available_processors()
        self._matcher = matcher
        self._audit = matcher.audit
        self._held = ExitStack()
        # The one used last is taken first: what it holds is still in the caches.
        self._free: queue.LifoQueue[Lane] = queue.LifoQueue()
        # Floods are counted in one place, and a worker is not it.
        shared = self._held.enter_context(SharedLists(matcher, replace(matcher.settings, flood=None)))
        arguments = (shared.opener, {"limits": matcher.limits, "before": before}, means)
        context = worker_context()
        started: list[Lane] = []
        self._sealed = True

        def start(_: int) -> None:
            started.append(Lane(context, arguments))

        try:
            with ThreadPoolExecutor(self.n_lanes, thread_name_prefix="safehash-start") as threads:
                list(threads.map(start, range(self.n_lanes)))
        except BaseException:
            for lane in started:
                lane.close()
            self._held.close()
            raise
        for lane in started:
            self._sealed &= lane.sealed
            self._free.put(lane)

    @property
    def sealed(self) -> bool:
        """Whether the workers gave up files and network."""
        return self._sealed

    def decide(self, data: bytes, task: Task, *, left: Callable[[], float]) -> Decision:
        """Have an upload decided by the next lane that is free; what costs a worker's life is an outcome.

        Parameters
        ----------
        data : bytes
        task : Task
        left : callable
            Returns the seconds it may take, counted from when it is asked. Raises where there are none.

        Raises
        ------
        SafehashError
            The worker cannot open the lists, or found them damaged.
        """
        lane, n_attempts = self._free.get(), 0
        try:
            while True:
                seconds = left()
                started = time.perf_counter()
                n_attempts += 1
                try:
                    verdict = lane.decide(data, task, timeout=seconds)
                except WorkerDied as exc:
                    _LOG.warning("an upload: %s", exc.failed.reason)
                    lane.stand_ready()  # this upload waits for it, and not the next
                    if exc.says_nothing and n_attempts < KILLED_ATTEMPTS:
                        continue
                    took = time.perf_counter() - started
                    decision = undecided(self._matcher, exc.failed.reason, seconds=took)
                    audit = replace(self._audit, effort=task.effort or self._audit.effort)
                    return replace(decision, audit=audit, failure=exc.failed.kind)
                relay(verdict.logged, about="an upload")
                if verdict.decision is None:
                    raise SafehashError("a worker left an upload aside")
                decision = verdict.decision
                return (
                    decision
                    if decision.failure == verdict.failure
                    else replace(decision, failure=verdict.failure)
                )
        finally:
            self._free.put(lane)

    def explain(self, data: bytes, task: Task, *, left: Callable[[], float]) -> dict[str, Any]:
        """Have an upload explained by the next lane that is free, as plain data.

        Raises
        ------
        LookupError
            There is no entry of that name.
        WorkerDied, SafehashError
            As of `Lane.decide`.
        """
        lane = self._free.get()
        try:
            return lane.explain(data, task, timeout=left())
        finally:
            self._free.put(lane)

    def close(self) -> None:
        """Let what is under way finish, then end the workers. Blocks; nothing may be asked from now on."""
        for _ in range(self.n_lanes):
            self._free.get().close()
        self._held.close()
