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
from .passing import OpenFile
from .pool import KILLED_ATTEMPTS
from .sharing import SharedLists
from .starting import worker_context
from .worker import Verdict, undecided

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

    def decide(self, data: bytes | OpenFile, task: Task, *, left: Callable[[], float]) -> Decision:
        """Have an upload decided by the next lane that is free; what costs a worker's life is an outcome.

        Parameters
        ----------
        data : bytes or OpenFile
        task : Task
        left : callable
            Returns the seconds it may take, counted from when it is asked. Raises where there are none.

        Raises
        ------
        SafehashError
            The worker cannot open the lists, or found them damaged.
        """
        lane = self._free.get()
        try:
            return self.decide_in(lane, data, task, left=left)
        finally:
            self._free.put(lane)

    def decide_in(
        self,
        lane: Lane,
        data: bytes | OpenFile,
        task: Task,
        *,
        left: Callable[[], float],
        died: WorkerDied | None = None,
        took: float = 0.0,
    ) -> Decision:
        """Have an upload decided by this lane, or go on where its worker `died` of it after it `took` some seconds."""
        n_attempts = 0
        while True:
            n_attempts += 1
            if died is None:
                seconds, started = left(), time.perf_counter()
                try:
                    return self.said(lane.decide(data, task, timeout=seconds))
                except WorkerDied as exc:
                    died, took = exc, time.perf_counter() - started
            _LOG.warning("an upload: %s", died.failed.reason)
            lane.stand_ready()  # this upload waits for it, and not the next
            if not died.says_nothing or n_attempts >= KILLED_ATTEMPTS:
                decision = undecided(self._matcher, died.failed.reason, seconds=took)
                audit = replace(self._audit, effort=task.effort or self._audit.effort)
                return replace(decision, audit=audit, failure=died.failed.kind)
            died = None

    @staticmethod
    def said(verdict: Verdict) -> Decision:
        """Return the decision of a verdict, and log what its worker logged.

        Raises
        ------
        SafehashError
            There is none.
        """
        relay(verdict.logged, about="an upload")
        decision = verdict.decision
        if decision is None:
            raise SafehashError("a worker left an upload aside")
        return decision if decision.failure == verdict.failure else replace(decision, failure=verdict.failure)

    def take_all(self) -> list[Lane]:
        """Return all lanes, for somebody who keeps count of which are free: `give` takes them back one by one."""
        return [self._free.get() for _ in range(self.n_lanes)]

    def give(self, lane: Lane) -> None:
        """Take a lane back."""
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
