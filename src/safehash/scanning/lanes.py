"""Workers for a service: each takes one upload at a time, handed over in memory, and is replaced when it dies."""

from __future__ import annotations

import io
import mmap
import os
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import reduction
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess
from typing import Any

from ..errors import SafehashError
from ..matching.settings import Effort
from .channel import Channel, MessageTooLong
from .confining import Means, follow_parent, hush, keep_memory, limit, settle
from .items import Item
from .logs import Collector
from .pool import SAY_NOTHING, Failed, crashed
from .sealing import seal
from .worker import Verdict, Worker

__all__ = ["Lane", "Task", "WorkerDied"]

#: Bytes of the memory that a lane maps for good; what is longer goes by the file behind it, which is cut again.
_KEPT_BYTES = 8 << 20
#: Bytes of the longest upload that is handed over in a message, where the system has no memory to share.
_LONGEST_UPLOAD = 1 << 31
#: Seconds a worker may take to open the lists and say that it is ready.
_START_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One upload to decide: its length, and how. To explain, too, if that is asked; of one entry, if it is named."""

    n_bytes: int
    effort: Effort | None = None
    lists: frozenset[str] | None = None
    explain: bool = False
    entry: str | None = None


#: How a task is told: by its fields in this order, which costs a third of what the whole does.
_TOLD = ("n_bytes", "effort", "lists", "explain", "entry")


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
        self._memory: _Memory | None = None
        self._start()

    def decide(self, data: bytes, task: Task, *, timeout: float) -> Verdict:
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

    def _ask(self, data: bytes, task: Task, timeout: float) -> Any:
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
        told = pickle.dumps(tuple(getattr(task, name) for name in _TOLD))
        try:
            if self._memory.put(data):
                self._channel.send(told, timeout=timeout)
            else:
                self._channel.send(told, timeout=timeout)
                self._channel.send(data, timeout=timeout)
            answer = _load(self._channel.receive(timeout=timeout))
        except TimeoutError as exc:
            self._end(kill=True)
            reason = f"undecided after {timeout:g} seconds, its worker was ended"
            raise WorkerDied(Failed(kind="timeout", reason=reason), says_nothing=False) from exc
        except (pickle.UnpicklingError, MessageTooLong) as exc:
            self._end(kill=True)
            raise WorkerDied(Failed(kind="crash", reason=str(exc)), says_nothing=False) from exc
        except (EOFError, OSError) as exc:
            code = self._end(kill=False)
            raise WorkerDied(crashed(code), says_nothing=code in SAY_NOTHING) from exc
        finally:
            if self._memory is not None:
                self._memory.forget()
        return answer

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
        self._channel, theirs = Channel.pair()
        self._memory = _Memory()
        process: BaseProcess = self._context.Process(  # type: ignore[attr-defined]
            target=_serve,
            args=(theirs, self._memory.shared(), *self._arguments),
            name="safehash-lane",
            daemon=True,
        )
        process.start()
        theirs.close()
        self._process = process
        try:
            said = _load(self._channel.receive(timeout=_START_SECONDS))
        except TimeoutError as exc:
            self._end(kill=True)
            raise SafehashError(f"a worker was not ready within {_START_SECONDS:g} seconds") from exc
        except (EOFError, OSError, pickle.UnpicklingError, MessageTooLong) as exc:
            code = self._end(kill=False)
            raise SafehashError(
                f"a worker ended before it did anything: {crashed(code).reason}; a script that starts workers "
                "must do so under `if __name__ == '__main__':`"
            ) from exc
        if isinstance(said, str):
            self._end(kill=False)
            raise SafehashError(f"a worker cannot begin: {said}")
        self.sealed = said is True

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
        self._channel.close()
        if self._memory is not None:
            self._memory.close()
            self._memory = None
        return code


# -- the upload, in memory of both processes ----------------------------------------------------------------


class _Memory:
    """A file without a name and without a disk, where the system has such; nothing elsewhere."""

    def __init__(self) -> None:
        make = getattr(os, "memfd_create", None)
        self._descriptor: int | None = None if make is None else make("safehash-upload")
        self._is_long = False
        if self._descriptor is not None:
            os.ftruncate(self._descriptor, _KEPT_BYTES)
            self._mapped = mmap.mmap(self._descriptor, _KEPT_BYTES)

    def put(self, data: bytes) -> bool:
        """Lay an upload there; return whether that is possible."""
        if self._descriptor is None:
            return False
        self._is_long = len(data) > _KEPT_BYTES
        if not self._is_long:
            self._mapped[: len(data)] = data
            return True
        os.ftruncate(self._descriptor, len(data))
        view, at = memoryview(data), 0
        while at < len(data):
            at += os.pwrite(self._descriptor, view[at:], at)
        return True

    def forget(self) -> None:
        """Give back what a long upload took."""
        if self._descriptor is not None and self._is_long:
            os.ftruncate(self._descriptor, 0)
            os.ftruncate(self._descriptor, _KEPT_BYTES)
            self._is_long = False

    def shared(self) -> _Shared:
        return _Shared(self._descriptor)

    def close(self) -> None:
        if self._descriptor is not None:
            self._mapped.close()
            os.close(self._descriptor)
            self._descriptor = None


class _Shared:
    """The same memory, on its way to a process that is being started, and there."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._mapped: mmap.mmap | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        held = None if self._descriptor is None else reduction.DupFd(self._descriptor)
        return _received, (held,)

    def map(self) -> None:
        """Map it, before memory is bounded."""
        if self._descriptor is not None:
            self._mapped = mmap.mmap(self._descriptor, _KEPT_BYTES, access=mmap.ACCESS_READ)

    def read(self, channel: Channel, n_bytes: int) -> bytes:
        """Return the upload."""
        if self._descriptor is None or self._mapped is None:
            return channel.receive(longest=_LONGEST_UPLOAD)
        if n_bytes <= _KEPT_BYTES:
            return self._mapped[:n_bytes]
        parts: list[bytes] = []
        n_read = 0
        while n_read < n_bytes:  # one call gives at most 2 GiB
            parts.append(os.pread(self._descriptor, n_bytes - n_read, n_read))
            if not parts[-1]:
                raise EOFError(f"{n_read} bytes of an upload of {n_bytes}")
            n_read += len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)


def _received(held: Any) -> _Shared:
    return _Shared(None if held is None else held.detach())


# -- the worker ---------------------------------------------------------------------------------------------


def _serve(
    channel: Channel,
    memory: _Shared,
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
    channel.send(pickle.dumps(sealed))
    while True:
        try:
            task = Task(**dict(zip(_TOLD, pickle.loads(channel.receive()), strict=True)))
            answer = _answer(worker, task, memory.read(channel, task.n_bytes))
        except (EOFError, OSError):
            return
        except MemoryError:
            answer = worker.too_much()
        channel.send(pickle.dumps(answer))


def _answer(worker: Worker, task: Task, data: bytes) -> Any:
    item = Item(path="upload", named=True, data=data, effort=task.effort, lists=task.lists)
    try:
        return worker.explain(item, task.entry) if task.explain else worker.decide(item)
    except SafehashError as exc:
        return f"{type(exc).__name__}: {exc}"


# -- what comes back ----------------------------------------------------------------------------------------

#: What a verdict is made of.
_KNOWN = {
    ("safehash.scanning.worker", "Verdict"),
    ("safehash.scanning.logs", "Logged"),
    ("safehash.matching.decision", "Decision"),
    ("safehash.matching.decision", "Outcome"),
    ("safehash.matching.decision", "Match"),
    ("safehash.matching.decision", "Audit"),
    ("safehash.matching.decision", "ListInfo"),
    ("safehash.hashing.hashes", "Hash"),
    ("safehash.hashing.hashes", "_restore"),
    ("safehash.hashing.hashes", "ForeignHash"),
    ("safehash.hashing.algorithms", "Algorithm"),
    ("safehash.images.pictures", "Provenance"),
    ("safehash.images.pictures", "Blob"),
    ("safehash.lists.entry", "Entry"),
    ("safehash.lists.entry", "Opinion"),
}


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"a worker sent {module}.{name}, which is no part of a verdict")
        return super().find_class(module, name)


def _load(message: bytes) -> Any:
    return _Unpickler(io.BytesIO(message)).load()
