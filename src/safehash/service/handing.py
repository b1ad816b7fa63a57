"""Uploads handed from the event loop to workers: whichever is free takes the next, and no thread waits for it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from ..errors import SafehashError
from ..matching.decision import Decision
from ..scanning.lanes import FAILURES, Lane, Task
from ..scanning.passing import Upload, whole
from ..scanning.standby import Lanes
from ..scanning.worker import Verdict
from .refusing import busy

__all__ = ["Handing"]

_T = TypeVar("_T")


class Handing:
    """The lanes of one state of the lists, for the coroutines of one event loop.

    Parameters
    ----------
    lanes : Lanes
        All of them are taken over.
    """

    def __init__(self, lanes: Lanes) -> None:
        self._lanes = lanes
        # The one used last is taken first: what it holds is still in the caches.
        self._free = lanes.take_all()
        self._waiting: deque[asyncio.Future[Lane]] = deque()
        # For what blocks: a worker that has to be started again, a long upload, an explanation.
        self._threads = ThreadPoolExecutor(lanes.n_lanes, thread_name_prefix="safehash-lane")
        self._is_retired = False
        self._watched: dict[Lane, int] = {}  # what the event loop watches of each
        self._asked: dict[Lane, asyncio.Future[Verdict]] = {}

    async def decide(self, upload: Upload, task: Task, due: float) -> Decision:
        """Decide one upload before `due`, a time of `time.monotonic`.

        Raises
        ------
        Refused
            503: there was no time left.
        SafehashError
            The worker cannot open the lists, or found them damaged.
        """
        lane, left = await self._next(due), partial(_left, due)
        if not lane.takes_at_once(upload):
            return await self._blocking(
                lane, lambda: self._lanes.decide_in(lane, whole(upload), task, left=left)
            )
        started, seconds = time.perf_counter(), 0.0
        try:
            seconds = left()
            verdict = await self._ask(lane, upload, task, seconds)
        except FAILURES as exc:
            go_on = partial(self._go_on, lane, exc, whole(upload), task, left, seconds, started)
        except asyncio.CancelledError:
            self._unwatch(lane)
            lane.close()  # what it answers would be taken for the next upload's
            self._give(lane)
            raise
        except BaseException:
            self._give(lane)
            raise
        else:
            self._give(lane)
            return self._lanes.said(verdict)
        return await self._blocking(lane, go_on)

    async def _ask(self, lane: Lane, upload: Upload, task: Task, seconds: float) -> Verdict:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Verdict] = loop.create_future()
        self._asked[lane] = answer
        timer = loop.call_later(seconds, _too_slow, answer)
        try:
            if lane not in self._watched:
                self._watched[lane] = lane.fileno()
                loop.add_reader(self._watched[lane], self._come, lane)
            lane.begin(upload, task)
            return await answer
        finally:
            timer.cancel()
            del self._asked[lane]

    def _come(self, lane: Lane) -> None:
        """Take what a lane has to say; one that was not asked has ended, which its next upload will find."""
        answer = self._asked.get(lane)
        if answer is None or answer.done():
            self._unwatch(lane)
            return
        try:
            verdict = lane.answer()
        except (*FAILURES, SafehashError) as exc:
            answer.set_exception(exc)
        else:
            if verdict is not None:
                answer.set_result(verdict)

    def _unwatch(self, lane: Lane) -> None:
        descriptor = self._watched.pop(lane, None)
        if descriptor is not None:
            asyncio.get_running_loop().remove_reader(descriptor)

    def _go_on(
        self,
        lane: Lane,
        error: BaseException,
        data: bytes,
        task: Task,
        left: Callable[[], float],
        seconds: float,
        started: float,
    ) -> Decision:
        died, took = lane.died(error, timeout=seconds), time.perf_counter() - started
        return self._lanes.decide_in(lane, data, task, left=left, died=died, took=took)

    async def explain(self, data: bytes, task: Task, due: float) -> dict[str, Any]:
        """Explain one upload before `due`.

        Raises
        ------
        Refused
            503: there was no time left.
        LookupError
            There is no entry of that name.
        WorkerDied, SafehashError
            As of `Lane.decide`.
        """
        lane = await self._next(due)
        return await self._blocking(lane, lambda: lane.explain(data, task, timeout=_left(due)))

    def retire(self) -> None:
        """Take nothing more. Who has come is still served."""
        self._is_retired = True
        while self._free:
            self._let_go(self._free.pop())

    def close(self) -> None:
        """Let what is under way finish, then end the workers. Blocks: in a thread, after `retire`."""
        self._lanes.close()
        self._threads.shutdown(wait=True)

    # -- which lanes are free -----------------------------------------------------------------------------

    async def _next(self, due: float) -> Lane:
        """Return the next lane that is free; who came first is served first."""
        if self._free:
            return self._free.pop()
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Lane] = loop.create_future()
        self._waiting.append(waiter)
        timer = loop.call_later(max(due - time.monotonic(), 0.0), _too_late, waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._give(waiter.result())
            raise
        finally:
            timer.cancel()

    def _give(self, lane: Lane) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(lane)
                return
        if self._is_retired:
            self._let_go(lane)
        else:
            self._free.append(lane)

    def _let_go(self, lane: Lane) -> None:
        self._unwatch(lane)
        self._lanes.give(lane)

    async def _blocking(self, lane: Lane, call: Callable[[], _T]) -> _T:
        """Call what blocks in a thread; the lane is free when that is over, whether or not anybody still waits."""
        self._unwatch(lane)
        future = asyncio.get_running_loop().run_in_executor(self._threads, call)
        future.add_done_callback(lambda _: self._give(lane))
        return await asyncio.shield(future)


def _left(due: float) -> float:
    seconds = due - time.monotonic()
    if seconds <= 0:
        raise busy(503, "there was no time left to decide it: too many requests wait")
    return seconds


def _too_slow(future: asyncio.Future[Verdict]) -> None:
    if not future.done():
        future.set_exception(TimeoutError())


def _too_late(waiter: asyncio.Future[Lane]) -> None:
    if not waiter.done():
        waiter.set_exception(busy(503, "there was no time left to decide it: too many requests wait"))
