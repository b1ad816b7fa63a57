"""Workers for a service: each takes one upload at a time, handed over in memory, and is replaced when it dies."""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any

from ..errors import SafehashError
from ..files import read_open
from ..images.lent import File
from ..matching.settings import Effort
from .channel import Channel, MessageTooLong
from .confining import Means, follow_parent, hush, keep_memory, limit, settle
from .items import Item
from .logs import Collector
from .passing import OpenFile, SharedUpload, Upload, UploadMemory
from .pool import KILLED_ATTEMPTS, SAY_NOTHING, Failed, crashed
from .sealing import seal
from .starting import UNGUARDED, WITHOUT_GUARD
from .wire import Reader, Writer
from .worker import Verdict, Worker

__all__ = ["FAILURES", "Lane", "Task", "WorkerDied"]

#: Seconds a worker may take to open the lists and say that it is ready.
_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One upload to decide: its length, and how. To explain, too, if that is asked; of one entry, if it is named.

    A file that is handed over open is read by the worker; its length is what it was.
    """

    n_bytes: int
    is_file: bool = False
    effort: Effort | None = None
    lists: frozenset[str] | None = None
    explain: bool = False
    entry: str | None = None


#: How a task is told: by its fields in this order, which costs a third of what the whole does.
_TOLD = ("n_bytes", "is_file", "effort", "lists", "explain", "entry")
#: Before each answer: the number of its task. An answer to another task is never taken for this one's.
_NUMBER = struct.Struct("!Q")


#: What can go wrong between this process and a worker's answer; what it means says `Lane.died`.
FAILURES = (TimeoutError, pickle.UnpicklingError, MessageTooLong, EOFError, OSError)


class WorkerDied(Exception):
    """The worker ended under an upload.

    Attributes
    ----------
    failed : Failed
        What is to be said of the upload.
    says_nothing : bool
        It was killed from outside: that says nothing about the upload, which may be tried again.
    """

    def __init__(self, failed: Failed, *, says_nothing: bool) -> None:
        super().__init__(failed.reason)
        self.failed = failed
        self.says_nothing = says_nothing


class _Killed(Exception):
    """A worker ended from outside before it did anything, or was not even started: another may do better."""


class Lane:
    """One worker process and the way to it. Its methods block: call them in a thread of the lane's own.

    The upload lies in memory that both processes map, and is on no disk. Of what comes back nothing is made but the
    values that a verdict is of: a decoder that was taken over does not take this process over.

    Parameters
    ----------
    context : BaseContext
        As of `worker_context`.
    arguments : tuple
        What opens the matcher, the worker's options, its `Means`; as of `worker.start`.

    Attributes
    ----------
    sealed : bool
        Whether the worker gave up files and network.
    """

    sealed = False

    def __init__(self, context: BaseContext, arguments: tuple[Any, ...]) -> None:
        self._context = context
        self._arguments = arguments
        self._process: BaseProcess | None = None
        self._memory: UploadMemory | None = None
        self._number = 0  # of the last task
        self._start()

    def decide(self, data: bytes | OpenFile, task: Task, *, timeout: float) -> Verdict:
        """Have one upload decided within `timeout` seconds.

        Raises
        ------
        WorkerDied
            The worker crashed, took too long, or was killed. Another stands ready.
        SafehashError
            The worker cannot open the lists, or found them damaged.
        """
        answer = self._ask(data, task, timeout)
        if isinstance(answer, Verdict):
            return answer
        raise SafehashError(f"a worker failed: {answer}")

    def explain(self, data: bytes, task: Task, *, timeout: float) -> dict[str, Any]:
        """Have one upload explained within `timeout` seconds; as plain data.

        Raises
        ------
        LookupError
            There is no entry of that name.
        WorkerDied, SafehashError
            As of `decide`.
        """
        answer = self._ask(data, task, timeout)
        if isinstance(answer, dict):
            return answer
        if answer is None:
            raise LookupError("no entry that is matched against has that id or digest")
        raise SafehashError(f"a worker failed: {answer}")

    def _ask(self, data: bytes | OpenFile, task: Task, timeout: float) -> Any:
        """Send a task, and return what comes back.

        Raises
        ------
        WorkerDied
            The worker crashed, took too long, or was killed. Another stands ready.
        SafehashError
            The worker cannot open the lists, or found them damaged.
        """
        self.stand_ready()
        assert self._memory is not None
        told = self._told(task)
        try:
            if isinstance(data, OpenFile):
                self._channel.send(told, timeout=timeout, descriptor=data.descriptor)
            elif self._memory.put(data):
                self._channel.send(told, timeout=timeout)
            else:
                self._channel.send(told, timeout=timeout)
                self._channel.send(data, timeout=timeout)
            answer = self._loaded(self._channel.receive(timeout=timeout))
        except FAILURES as exc:
            raise self.died(exc, timeout=timeout) from exc
        finally:
            if self._memory is not None:
                self._memory.forget()
        return answer

    def _told(self, task: Task) -> bytes:
        self._number += 1
        return pickle.dumps((self._number, *(getattr(task, name) for name in _TOLD)))

    def _loaded(self, message: bytes) -> Any:
        if len(message) < _NUMBER.size or _NUMBER.unpack_from(message)[0] != self._number:
            raise pickle.UnpicklingError("a worker answered what it was not asked")
        return self._reader.read(message[_NUMBER.size :])

    def died(self, error: BaseException, *, timeout: float) -> WorkerDied:
        """Return what one of `FAILURES` means for the upload under way; the worker is ended. Blocks until it has."""
        if isinstance(error, TimeoutError):
            self._end(kill=True)
            reason = f"undecided after {timeout:g} seconds, its worker was ended"
            return WorkerDied(Failed(kind="timeout", reason=reason), says_nothing=False)
        if isinstance(error, (pickle.UnpicklingError, MessageTooLong)):
            self._end(kill=True)
            return WorkerDied(Failed(kind="crash", reason=str(error)), says_nothing=False)
        code = self._end(kill=False)
        return WorkerDied(crashed(code), says_nothing=code in SAY_NOTHING)

    # -- without waiting, for who waits for several things at once --------------------------------------------

    def takes_at_once(self, upload: Upload) -> bool:
        """Whether `begin` may be called: a worker stands ready, and the upload fits what is mapped."""
        return self._process is not None and self._memory is not None and self._memory.holds(upload)

    def begin(self, upload: Upload, task: Task) -> None:
        """Hand an upload over without waiting; `answer` says what came of it, once `fileno` can be read.

        Raises one of `FAILURES`: `died` says what it means.
        """
        assert self._memory is not None
        self._memory.put(upload)
        self._channel.send_now(self._told(task))

    def answer(self) -> Verdict | None:
        """Return the verdict on the upload that was handed over, or None where it is not there yet.

        Raises one of `FAILURES`: `died` says what it means.

        Raises
        ------
        SafehashError
            The worker cannot open the lists, or found them damaged.
        """
        message = self._channel.receive_now()
        if message is None:
            return None
        answer = self._loaded(message)
        if isinstance(answer, Verdict):
            return answer
        raise SafehashError(f"a worker failed: {answer}")

    def fileno(self) -> int:
        """Return what can be read when there is more of an answer."""
        return self._channel.fileno()

    # -- beginning and end ------------------------------------------------------------------------------------

    def stand_ready(self) -> None:
        """Start a worker where there is none.

        Raises
        ------
        SafehashError
            It cannot begin.
        """
        if self._process is None:
            self._start()

    def close(self) -> None:
        """End the worker, whatever it does."""
        self._end(kill=True)

    def _start(self) -> None:
        for _ in range(KILLED_ATTEMPTS - 1):
            with suppress(_Killed):
                return self._attempt()
        try:
            return self._attempt()
        except _Killed as exc:
            raise SafehashError(str(exc)) from exc

    def _attempt(self) -> None:
        self._channel, theirs = Channel.pair()
        self._memory = UploadMemory()
        process: BaseProcess = self._context.Process(  # type: ignore[attr-defined]
            target=_serve,
            args=(theirs, self._memory.shared(), *self._arguments),
            name="safehash-lane",
            daemon=True,
        )
        try:
            process.start()
        except (EOFError, OSError) as exc:  # the fork server was killed, or the system has no more processes
            self._let_go()
            raise _Killed(f"a worker could not be started: {str(exc) or type(exc).__name__}") from exc
        finally:
            theirs.close()
        self._process = process
        try:
            said = Reader(None).read(self._channel.receive(timeout=_START_SECONDS))
        except TimeoutError as exc:
            self._end(kill=True)
            raise SafehashError(f"a worker was not ready within {_START_SECONDS:g} seconds") from exc
        except (EOFError, OSError, pickle.UnpicklingError, MessageTooLong) as exc:
            code = self._end(kill=False)
            if code == UNGUARDED:
                raise SafehashError(WITHOUT_GUARD) from exc
            kind = _Killed if code in SAY_NOTHING else SafehashError
            raise kind(f"a worker ended before it did anything: {crashed(code).reason}") from exc
        if isinstance(said, str):
            self._end(kill=False)
            raise SafehashError(f"a worker cannot begin: {said}")
        self.sealed, audit = said
        self._reader = Reader(audit)

    def _end(self, *, kill: bool) -> int | None:
        process, self._process = self._process, None
        if process is None:
            return None
        if kill:
            process.kill()
        process.join(5.0)
        if process.exitcode is None:
            process.kill()
            process.join()
        code = process.exitcode
        self._let_go()
        return code

    def _let_go(self) -> None:
        self._channel.close()
        if self._memory is not None:
            self._memory.close()
            self._memory = None


# -- the worker ---------------------------------------------------------------------------------------------


def _serve(
    channel: Channel,
    memory: SharedUpload,
    open_matcher: Callable[[], Any],
    options: dict[str, Any],
    means: Means,
) -> None:
    """Decide what comes until nobody is there any more."""
    settle(means)
    keep_memory()
    memory.map()
    collector = Collector()
    collector.install()
    try:
        worker = Worker(open_matcher(), collector=collector, **options)
    except SafehashError as exc:
        channel.send(pickle.dumps(f"{type(exc).__name__}: {exc}"))
        return
    hush()
    limit(means)
    try:
        sealed = means.sealed and seal()
    except OSError as exc:
        channel.send(pickle.dumps(f"files and network could not be taken from it: {exc}"))
        return
    follow_parent()  # a thread: what is sealed is sealed before it
    channel.send(Writer(None).write((sealed, worker.audit)))
    writer = Writer(worker.audit)
    number = 0
    while True:
        try:
            number, *told = pickle.loads(channel.receive_with())
            task = Task(**dict(zip(_TOLD, told, strict=True)))
            answer = _answer(worker, task, _item_of(task, channel, memory, worker.max_bytes))
        except (EOFError, OSError):
            return
        except MemoryError:
            answer = worker.too_much()
        channel.send(_NUMBER.pack(number) + writer.write(answer))


def _item_of(task: Task, channel: Channel, memory: SharedUpload, max_bytes: int) -> Item:
    """Take over what was handed over. A file that cannot be read, or has grown, is the upload's fault, not ours."""
    data: File | None = None
    error: str | None = None
    if not task.is_file:
        data = memory.read(channel, task.n_bytes)
    else:
        try:
            data = read_open(channel.passed(), max_bytes, hint=task.n_bytes)
        except OSError as exc:
            error = f"cannot be read: {exc.strerror or exc}"
    return Item(path="upload", named=True, data=data, error=error, effort=task.effort, lists=task.lists)


def _answer(worker: Worker, task: Task, item: Item) -> Any:
    if item.data is not None and task.is_file and len(item.data) > worker.max_bytes:
        return worker.too_long()
    try:
        return worker.explain(item, task.entry) if task.explain else worker.decide(item)
    except SafehashError as exc:
        return f"{type(exc).__name__}: {exc}"
