"""What one scan process does: read a file, decide it, and keep to its means while doing so."""

from __future__ import annotations

import ctypes
import hashlib
import logging
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import SafehashError
from ..files import NotRegularFile, open_regular, read_up_to
from ..hashing.hashes import Algorithm, Hash
from ..matching.decision import Decision, Outcome
from .items import HEAD_BYTES, Item, why_skipped
from .logs import Collector, Logged

if TYPE_CHECKING:
    from ..images.limits import Limits
    from ..matching.matcher import Matcher

__all__ = ["Means", "Verdict", "Worker", "confine", "decide_batch", "start", "undecided"]


#: glibc's numbers for `mallopt`; buffers up to the first size are kept for reuse, up to the second in all.
_MALLOPT_TRIM_THRESHOLD, _MALLOPT_MMAP_THRESHOLD = -1, -3
_KEPT_BUFFER = 16 << 20
_KEPT_BYTES = 32 << 20

_LOG = logging.getLogger(__name__)


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
    scratch : str or None
        A private folder with the snapshot; removed by a worker that outlives a killed scan.
    """

    max_memory: int | None = None
    nice: int = 0
    scratch: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What came of one item: a decision, or why it is left aside. Fields as of `records.ScanRecord`.

    And what was logged meanwhile, where it was decided in another process than the scan's.
    """

    decision: Decision | None = None
    skipped: str | None = None
    digests: tuple[Hash, ...] = ()
    failure: str | None = None
    size: int | None = None
    mtime_ns: int | None = None
    logged: tuple[Logged, ...] = ()


class Worker:
    """Decides items with one matcher.

    Parameters
    ----------
    matcher : Matcher
    limits : Limits
    file_digests : tuple of Algorithm
        Digests of each file's bytes to hand back.
    before : callable or None
        Called with each item's path before it is read. For tests, which plant crashes with it; nothing that a
        user can set reaches it.
    collector : Collector or None
        Collects what is logged, to be handed back with the verdicts.
    """

    def __init__(
        self,
        matcher: Matcher,
        *,
        limits: Limits,
        file_digests: tuple[Algorithm, ...] = (),
        before: Callable[[str], None] | None = None,
        collector: Collector | None = None,
    ) -> None:
        self._matcher = matcher
        self._limits = limits
        self._file_digests = file_digests
        self._before = before
        self._collector = collector

    def decide(self, item: Item) -> Verdict:
        """Decide one item. Raises nothing for anything a file can do, nor for a defect of ours that it met.

        Raises
        ------
        SafehashError
            The snapshot turned out damaged.
        """
        verdict = self._decided(item)
        logged = self._collector.take() if self._collector is not None else ()
        return replace(verdict, logged=logged) if logged else verdict

    def _decided(self, item: Item) -> Verdict:
        started = time.perf_counter()
        try:
            if self._before is not None:
                self._before(item.path)
            verdict = self._decide(item)
        except MemoryError:
            return self._refused("it took more memory than --max-memory allows", started, failure="memory")
        except OSError as exc:
            reason = f"cannot be read: {exc.strerror or exc}"
            return self._refused(reason, started, failure="read")
        except SafehashError:
            raise
        except Exception as exc:
            _LOG.exception("a file could not be decided for a defect of safehash")
            reason = (
                f"a defect of safehash, please report it: {type(exc).__name__} (the log has the traceback)"
            )
            return self._refused(reason, started, failure="internal")
        return verdict

    def decide_batch(self, items: Sequence[Item], seconds: float) -> list[Verdict]:
        """Decide items until the time is over, at least one; the verdicts are those of the first items."""
        started = time.perf_counter()
        verdicts = [self.decide(items[0])]
        for item in items[1:]:
            if time.perf_counter() - started > seconds:
                break
            verdicts.append(self.decide(item))
        return verdicts

    def _decide(self, item: Item) -> Verdict:
        started = time.perf_counter()
        if item.error is not None:
            return self._refused(item.error, started)
        size, mtime_ns, failure = item.size, item.mtime_ns, None
        if item.data is not None:
            data = item.data
            n_bytes = len(data) if item.n_bytes is None else item.n_bytes
        elif item.remote:
            data, n_bytes, skipped = _read_remote(item, self._limits.max_bytes)
            if skipped is not None:
                return Verdict(skipped=skipped, size=size, mtime_ns=mtime_ns)
        else:
            read = _read_file(item, self._limits.max_bytes)
            size, mtime_ns = read.size, read.mtime_ns
            if read.skipped is not None:
                return Verdict(skipped=read.skipped, size=size, mtime_ns=mtime_ns)
            data, n_bytes = read.data, read.n_bytes
            failure = "changed" if read.changed else None
        if n_bytes > self._limits.max_bytes:
            reason = f"{n_bytes} bytes, the limit is {self._limits.max_bytes}"
            return self._refused(reason, started, outcome=Outcome.TOO_LARGE, size=size, mtime_ns=mtime_ns)
        digests = tuple(
            Hash(algorithm, hashlib.new(algorithm.value, data, usedforsecurity=False).digest())
            for algorithm in self._file_digests
        )
        decision = self._matcher.check(data)
        return Verdict(
            decision=decision,
            digests=digests,
            failure=decision.failure or failure,
            size=size,
            mtime_ns=mtime_ns,
        )

    def _refused(
        self,
        reason: str,
        started: float,
        *,
        outcome: Outcome = Outcome.UNREADABLE,
        failure: str | None = None,
        size: int | None = None,
        mtime_ns: int | None = None,
    ) -> Verdict:
        decision = undecided(self._matcher, reason, seconds=time.perf_counter() - started, outcome=outcome)
        return Verdict(decision=decision, failure=failure, size=size, mtime_ns=mtime_ns)


def undecided(
    matcher: Matcher, reason: str, *, seconds: float, outcome: Outcome = Outcome.UNREADABLE
) -> Decision:
    """Return the decision on something that never reached the matcher."""
    return Decision(
        outcome=outcome,
        reason=reason,
        audit=matcher.audit,
        decided=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        milliseconds=1e3 * seconds,
    )


# -- reading --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    data: bytes = b""
    n_bytes: int = 0
    skipped: str | None = None
    size: int | None = None
    mtime_ns: int | None = None
    changed: bool = False


def _read_file(item: Item, max_bytes: int) -> _Read:
    """Read a regular file if its first bytes make it one to decide, and notice if it changes meanwhile."""
    try:
        with open_regular(item.path) as (file, status):
            size, mtime_ns = status.st_size, status.st_mtime_ns
            head = read_up_to(file, HEAD_BYTES)
            skipped = why_skipped(head, item.path, named=item.named)
            if skipped is not None:
                return _Read(skipped=skipped, size=size, mtime_ns=mtime_ns)
            if size > max_bytes:
                return _Read(n_bytes=size, size=size, mtime_ns=mtime_ns)
            data = head + read_up_to(file, max_bytes + 1 - len(head), hint=size - len(head))
            after = os.fstat(file.fileno())
    except NotRegularFile:
        return _Read(skipped="special file")
    changed = (after.st_size, after.st_mtime_ns) != (size, mtime_ns)
    return _Read(data=data, n_bytes=len(data), size=size, mtime_ns=mtime_ns, changed=changed)


def _read_remote(item: Item, max_bytes: int) -> tuple[bytes, int, str | None]:
    """Return a remote file's bytes, its length, and why it is left aside if it is."""
    from fsspec.core import url_to_fs

    try:
        store, path = url_to_fs(item.path)
        with store.open(path, "rb", block_size=1 << 20) as file:
            head = file.read(HEAD_BYTES)
            skipped = why_skipped(head, item.path, named=item.named)
            if skipped is not None:
                return b"", 0, skipped
            if item.size is not None and item.size > max_bytes:
                return b"", item.size, None
            data = head + file.read(max_bytes + 1 - len(head))
    except (OSError, MemoryError):
        raise
    except Exception as exc:  # every store raises errors of its own
        raise OSError(f"{type(exc).__name__}: {exc}") from exc
    return data, len(data), None


# -- the process ----------------------------------------------------------------------------------------

#: The one worker of this process, set once by `start`: what a pool calls must be reachable by name.
_WORKERS: list[Worker] = []


def start(open_matcher: Callable[[], Matcher], options: dict[str, Any], means: Means) -> None:
    """Make this process a worker: called once in each, before its first batch."""
    _settle(means)
    _keep_memory()
    collector = Collector()
    collector.install()
    _WORKERS[:] = [Worker(open_matcher(), collector=collector, **options)]
    _hush()
    _limit(means)


def _hush() -> None:
    """Keep what decoders say of damaged files off the user's terminal: the decision says it."""
    warnings.simplefilter("ignore")
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)  # C libraries write there, past Python
    os.close(sink)


def confine(means: Means) -> None:
    """Make this process one that runs single calls within its means."""
    import_module("safehash.images.decoding")  # before the limit is set
    _settle(means)
    _hush()
    _limit(means)


def _settle(means: Means) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # ctrl-C reaches the whole group; the parent decides
    _follow_parent(means.scratch)
    if means.nice:
        with suppress(OSError):  # lowering it again is not ours to insist on
            os.nice(means.nice)


def _keep_memory() -> None:
    """Let the allocator keep what one picture took for the next, instead of asking the system every time.

    Handing a decoder's buffers back after each file and faulting them in again cost a sixth of a worker's time.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return  # not glibc
    mallopt(_MALLOPT_MMAP_THRESHOLD, _KEPT_BUFFER)
    mallopt(_MALLOPT_TRIM_THRESHOLD, _KEPT_BYTES)


def decide_batch(items: Sequence[Item], seconds: float) -> list[Verdict]:
    """Decide items in this process's worker."""
    return _WORKERS[0].decide_batch(items, seconds)


def _limit(means: Means) -> None:
    """Bound the process, counted from what it holds now. A crash leaves no core: it would hold pictures."""
    try:
        import resource
    except ImportError:  # Windows
        return
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if means.max_memory is None or not sys.platform.startswith("linux"):
        return
    n_pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    wanted = n_pages * resource.getpagesize() + means.max_memory
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))


def _follow_parent(scratch: str | None) -> None:
    """End with the scan, however it ends, and then take its private files along."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    parent = parent_process()
    if parent is None:
        return
    sentinel = parent.sentinel

    def watch() -> None:
        wait([sentinel])
        if scratch is not None:
            import shutil

            shutil.rmtree(scratch, ignore_errors=True)
        os._exit(1)

    threading.Thread(target=watch, name="safehash-parent", daemon=True).start()
