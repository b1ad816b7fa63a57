"""A scan's workers: batches of items to processes that may crash, hang or swell."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import CancelledError, Future, TimeoutError, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from multiprocessing.context import BaseContext
from typing import Any

from pebble import ProcessExpired, ProcessPool

from ..errors import SafehashError, logger_of
from .aside import aside
from .awake import Awake, is_own_time
from .confining import Means, confine
from .items import Item
from .starting import UNGUARDED, WITHOUT_GUARD, Noted, worker_context
from .worker import Verdict, decide_batch, start

__all__ = ["KILLED_ATTEMPTS", "SAY_NOTHING", "Batch", "Failed", "Workers", "crashed", "each_isolated"]

_LOG = logger_of(__name__)

#: Seconds after which a worker hands back a batch, whatever is left of it.
_BATCH_SECONDS = 1.0
#: Batches a worker has at hand: the one it works on, and the next, so that it never waits for us.
_DEPTH = 2
#: A worker killed from outside says nothing about its file: this many lone attempts then.
KILLED_ATTEMPTS = 3
#: Ends of a worker that say nothing about its file: killed or told to end from outside, or a status the fork server
#: lost, which Python reports as 255.
SAY_NOTHING = (
    *(-getattr(signal, name) for name in ("SIGKILL", "SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name)),
    255,
)
#: Pools of one worker that may break in a row, without a single batch done, before we say so.
_MAX_BREAKS = 5
#: Seconds beyond all timeouts after which a pool that says nothing is given up.
_PATIENCE = 30.0
#: Seconds between two looks at whether a pool that says nothing is still there.
_LOOK_SECONDS = 1.0


@dataclass(slots=True, kw_only=True)
class Batch:
    """Items under one ticket.

    Attributes
    ----------
    tickets : list of int
        The caller's number of each item.
    items : list of Item
    alone : int
        How many times the batch, of one item, was given to a worker with nothing else beside it.
    """

    tickets: list[int]
    items: list[Item]
    alone: int = 0
    isolated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A worker did not survive this item: "crash", "timeout", "memory" or "internal", and the words for it."""

    kind: str
    reason: str


class _Pool:
    """A pool of one worker, begun and ended aside.

    Its semaphores are made and forgotten in several steps, and a signal between two of them would leave one behind.
    """

    def __init__(
        self, initializer: Callable[..., object], arguments: tuple[Any, ...], context: BaseContext | Noted
    ) -> None:
        self._pool = ProcessPool(max_workers=1, initializer=initializer, initargs=arguments, context=context)
        self._process = os.getpid()
        self._lock = threading.Lock()  # one begins or ends it, not both
        self._begun = False
        self._ended = False

    @property
    def active(self) -> bool:
        """Whether one that was begun takes anything."""
        return self._pool.active

    def schedule(
        self, function: Callable[..., Any], arguments: tuple[Any, ...], *, timeout: float
    ) -> Future[Any]:
        """Hand in a call.

        Raises
        ------
        RuntimeError
            It broke while it was idle, or cannot begin.
        """
        if not self._begun:
            aside(self._begin).result()
        return self._pool.schedule(function, args=arguments, timeout=timeout)

    def _begin(self) -> None:
        with self._lock:
            if not self._ended:
                self._begun = self._pool.active

    def end(self) -> Future[None]:
        """End it beside the work, and return what says when: a half-sent message can keep its closer waiting.

        Not in a process that was forked from ours, whose workers they are not; nor where the interpreter takes its
        objects apart, of a traceback that was printed, say: no thread runs any more, and the workers have been ended.
        """
        if os.getpid() == self._process and not sys.is_finalizing():
            return aside(self._end)
        nothing: Future[None] = Future()
        nothing.set_result(None)
        return nothing

    def _end(self) -> None:
        with self._lock:
            self._ended = True
            self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


@dataclass(slots=True, eq=False)
class _Slot:
    """One worker process and the batches given to it, oldest first."""

    pool: _Pool
    started: Noted
    batches: deque[tuple[Batch, Future[Any]]] = field(default_factory=deque)
    n_breaks: int = 0
    since: float = 0.0  # when it last took up or finished something, by the time we were awake


class Workers:
    """Worker processes, each in a pool of its own.

    One process a pool because a worker that is killed in the middle of a message leaves locks taken and half
    a message in the pipes it shares: here it shares them with nobody, and the whole pool is replaced.

    Parameters
    ----------
    n_workers : int
    arguments : tuple
        For `worker.start`.
    timeout : float
        Seconds one item may take.
    """

    def __init__(self, n_workers: int, arguments: tuple[Any, ...], *, timeout: float) -> None:
        self._context = worker_context()
        self._arguments = arguments
        self._timeout = timeout
        self._awake = Awake()
        self._changed = threading.Condition()
        self._finished: deque[tuple[_Slot, Batch, Future[Any]]] = deque()
        self._lonely: deque[Batch] = deque()  # waiting to be tried alone
        self._again: deque[Batch] = deque()  # had no fault; their worker died before their turn
        self._closing: list[Future[None]] = []
        self._slots = [_Slot(*self._new_pool()) for _ in range(n_workers)]

    # -- giving -------------------------------------------------------------------------------------------

    @property
    def changed(self) -> threading.Condition:
        """Notified whenever `collect` would have something; share it to wait for more than one thing."""
        return self._changed

    @property
    def has_results(self) -> bool:
        """Whether `collect` would return something."""
        return bool(self._finished)

    def has_room(self) -> bool:
        """Whether a batch would find a worker at once."""
        return not self._lonely and not self._again and self._freest() is not None

    def give(self, batch: Batch) -> None:
        """Hand in a batch."""
        self._again.append(batch)
        self._dispatch()

    def _freest(self) -> _Slot | None:
        open_to_all = [slot for slot in self._slots if not any(batch.isolated for batch, _ in slot.batches)]
        slot = min(open_to_all, key=lambda slot: len(slot.batches), default=None)
        return slot if slot is not None and len(slot.batches) < _DEPTH else None

    def _dispatch(self) -> None:
        while self._lonely:
            idle = next((slot for slot in self._slots if not slot.batches), None)
            if idle is None:
                return  # the others drain first: nothing new is given to them meanwhile
            batch = self._lonely.popleft()
            batch.alone += 1
            self._schedule(idle, batch)
        while self._again:
            free = self._freest()
            if free is None:
                return
            self._schedule(free, self._again.popleft())

    def _schedule(self, slot: _Slot, batch: Batch) -> None:
        timeout = self._timeout if batch.isolated else self._timeout + _BATCH_SECONDS
        while True:
            try:
                future = slot.pool.schedule(decide_batch, (batch.items, _BATCH_SECONDS), timeout=timeout)
                break
            except (
                RuntimeError
            ) as exc:  # the pool broke while idle: its worker was killed, or the fork server
                self._count_break(slot, exc)
                self._replace(slot)
        if not slot.batches:
            slot.since = self._awake.seconds()
        slot.batches.append((batch, future))
        pool = slot.pool

        def done(future: Future[Any]) -> None:
            with self._changed:
                if slot.pool is pool:
                    self._finished.append((slot, batch, future))
                    self._changed.notify_all()

        future.add_done_callback(done)

    # -- taking -------------------------------------------------------------------------------------------

    def collect(self) -> list[tuple[int, Item, Verdict | Failed]]:
        """Return what has been done since the last call, with the caller's tickets.

        Raises
        ------
        SafehashError
            Worker processes end before they do anything: how is said.
        """
        answers: list[tuple[int, Item, Verdict | Failed]] = []
        while self._finished:
            slot, batch, future = self._finished.popleft()
            if not any(known is future for _, known in slot.batches):
                continue  # its pool was replaced meanwhile; the batch has been given again
            slot.batches = deque(pair for pair in slot.batches if pair[1] is not future)
            now = self._awake.seconds()
            took, slot.since = now - slot.since, now
            error = future.exception()
            if error is None:
                slot.n_breaks = 0
                answers += self._done(batch, future.result())
            else:
                answers += self._failed(slot, batch, error, took)
        self._dispatch()
        return answers

    def revive(self) -> None:
        """Replace pools that went silent; to be called now and then while waiting.

        A pool whose idle worker is killed ends without a word about a batch that was just handed to it
        (pebble 5.2). And whatever else may silence one, it has had its time when every batch it holds should
        long have been done or timed out.
        """
        now = self._awake.seconds()
        if self._finished:
            return
        patience = _DEPTH * (self._timeout + _BATCH_SECONDS) + _PATIENCE
        for slot in self._slots:
            if slot.batches and (not slot.pool.active or now - slot.since > patience):
                self._count_break(slot, None)
                self._replace(slot)
        self._dispatch()

    def _count_break(self, slot: _Slot, error: BaseException | None) -> None:
        code = slot.started.exit_code
        if code == UNGUARDED:
            raise SafehashError(WITHOUT_GUARD) from error
        slot.n_breaks += 1
        if slot.n_breaks > _MAX_BREAKS:
            raise SafehashError(
                f"worker processes end before they do anything, {slot.n_breaks} in a row: {_how(code)}"
            ) from error

    def _done(self, batch: Batch, verdicts: Sequence[Verdict]) -> list[tuple[int, Item, Verdict | Failed]]:
        n_done = len(verdicts)
        if n_done < len(batch.items):
            self._again.append(Batch(tickets=batch.tickets[n_done:], items=batch.items[n_done:]))
        return list(zip(batch.tickets[:n_done], batch.items[:n_done], verdicts, strict=True))

    def _failed(
        self, slot: _Slot, batch: Batch, error: BaseException, took: float
    ) -> list[tuple[int, Item, Verdict | Failed]]:
        if isinstance(error, BrokenProcessPool):
            # Died before it took the batch: while starting, or killed while idle.
            self._count_break(slot, error)
            self._replace(slot)
            self._take_back(batch)
            return []
        if isinstance(error, SafehashError):
            raise SafehashError(f"a worker failed: {type(error).__name__}: {error}") from error
        self._replace(slot)
        says_nothing = _says_nothing(error, took, self._timeout)
        its_time_is_over = isinstance(error, TimeoutError) and not says_nothing
        certain = batch.isolated or (len(batch.items) == 1 and its_time_is_over)
        if not certain:
            # One of them, and no telling which: each alone, with nothing else on its worker.
            self._lonely += [
                Batch(tickets=[ticket], items=[item], isolated=True)
                for ticket, item in zip(batch.tickets, batch.items, strict=True)
            ]
            return []
        if says_nothing and batch.alone < KILLED_ATTEMPTS:
            self._lonely.append(batch)
            return []
        return [(batch.tickets[0], batch.items[0], _failure(error, self._timeout))]

    # -- processes ----------------------------------------------------------------------------------------

    def _new_pool(self) -> tuple[_Pool, Noted]:
        context = Noted(self._context)
        return _Pool(start, self._arguments, context), context

    def _replace(self, slot: _Slot) -> None:
        """Give the slot a new worker, and take back what the old one had not begun."""
        with self._changed:
            old = slot.pool
            slot.pool, slot.started = self._new_pool()
        for batch, _ in slot.batches:
            self._take_back(batch)
        slot.batches.clear()
        self._close(old)

    def _take_back(self, batch: Batch) -> None:
        """Queue a batch again that had no fault."""
        (self._lonely if batch.isolated else self._again).append(batch)
        batch.alone = max(0, batch.alone - 1)

    def _close(self, pool: _Pool) -> None:
        self._closing = [*(closing for closing in self._closing if not closing.done()), pool.end()]

    def close(self, *, seconds: float = 5.0) -> None:
        """End all workers, whatever they do."""
        for slot in self._slots:
            slot.batches.clear()
            self._close(slot.pool)
        wait(self._closing, seconds)


def each_isolated(
    function: Callable[..., Any], arguments: Iterable[tuple[Any, ...]], *, means: Means, timeout: float
) -> Iterator[Any]:
    """Call `function` with each of `arguments` in a worker process; give what it returns, or how that `Failed`.

    For a few hundred calls at leisure, such as the thumbnails of a report. A worker that was killed from outside, or a
    pool that broke, says nothing of its call, nor does a time that was over while we were stopped: it is made again, as
    often as that may be an accident.
    """
    context, awake = worker_context(), Awake()

    def new_pool() -> _Pool:
        return _Pool(confine, (means,), context)

    pool = new_pool()
    try:
        for each in arguments:
            for _ in range(KILLED_ATTEMPTS):
                began = awake.seconds()
                error, result = _called(pool, function, each, timeout, awake)
                if isinstance(error, (ProcessExpired, BrokenProcessPool)):
                    pool.end()
                    pool = new_pool()
                took = awake.seconds() - began
                if not (isinstance(error, BrokenProcessPool) or _says_nothing(error, took, timeout)):
                    break
            yield result if error is None else _failure(error, timeout)
    finally:
        pool.end().result()


def _called(
    pool: _Pool, function: Callable[..., Any], arguments: tuple[Any, ...], timeout: float, awake: Awake
) -> tuple[BaseException | None, Any]:
    """Return what became of one call: what it raised, or what it returned."""
    try:
        future = pool.schedule(function, arguments, timeout=timeout)
    except RuntimeError as exc:  # it broke while idle
        return BrokenProcessPool(str(exc)), None
    while True:
        try:
            error = future.exception(_LOOK_SECONDS)
        except (
            TimeoutError
        ):  # not done yet: a pool that broke just then says nothing of it (as of `Workers.revive`)
            awake.seconds()
            if not pool.active and not future.done():
                return BrokenProcessPool("it ended without a word"), None
        else:
            return (error, None) if error is not None else (None, future.result())


def _says_nothing(error: BaseException | None, took: float, timeout: float) -> bool:
    """Return whether how a worker ended says nothing of what it worked on.

    The pool measures by the clock on the wall, which somebody may set, and which runs while all of us are stopped.
    """
    if isinstance(error, TimeoutError):
        return not is_own_time(took, timeout)
    return isinstance(error, ProcessExpired) and error.exitcode in SAY_NOTHING


def _failure(error: BaseException, timeout: float) -> Failed:
    if isinstance(error, TimeoutError):
        return Failed(kind="timeout", reason=f"undecided after {timeout:g} seconds, its worker was ended")
    if isinstance(error, MemoryError):
        return Failed(kind="memory", reason="it took more memory than --max-memory allows")
    if isinstance(error, BrokenProcessPool):
        return Failed(kind="crash", reason="its worker ended before it did anything")
    if not isinstance(error, (ProcessExpired, CancelledError)):
        _LOG.error("a worker failed on a file for a defect of safehash", exc_info=error)
        reason = f"a defect of safehash, please report it: {type(error).__name__} (the log has the traceback)"
        return Failed(kind="internal", reason=reason)
    return crashed(error.exitcode if isinstance(error, ProcessExpired) else None)


def _how(code: int | None) -> str:
    """Say how workers ended of which no file was the cause."""
    if code is None:
        return "they could not be started"
    if code == -getattr(signal, "SIGKILL", 0):
        return "SIGKILL, as when memory is short"
    return crashed(code).reason.removeprefix("its worker ")


def crashed(code: int | None) -> Failed:
    """Say how a worker ended by its exit code."""
    if code is None or code >= 0:
        return Failed(kind="crash", reason=f"its worker ended with status {code}")
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return Failed(kind="crash", reason=f"its worker crashed: {name}")
