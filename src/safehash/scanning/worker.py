"""What one scan process does: decide items, one after the other, with one matcher."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, cast

from ..errors import SafehashError, logger_of
from ..hashing.hashes import Algorithm, Hash
from ..images.lent import File, as_bytes, lying
from ..matching.decision import Audit, Decision, Outcome
from .confining import Means, follow_parent, hush, keep_memory, limit, settle
from .items import Item
from .logs import Collector, Logged
from .reading import read_file, read_remote

if TYPE_CHECKING:
    from ..images.limits import Limits
    from ..matching.matcher import Matcher

__all__ = ["Verdict", "Worker", "decide_batch", "start", "undecided"]

_LOG = logger_of(__name__)


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
    identifying_digests : tuple of Algorithm
        Further ones, of files that something matched, suppressed matches included, or that could not be decided.
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
        identifying_digests: tuple[Algorithm, ...] = (),
        before: Callable[[str], None] | None = None,
        collector: Collector | None = None,
    ) -> None:
        self._matcher = matcher
        self._limits = limits
        self._file_digests = file_digests
        self._all_digests = tuple(dict.fromkeys((*file_digests, *identifying_digests)))
        self._before = before
        self._collector = collector

    @property
    def audit(self) -> Audit:
        """What its decisions carry, where nothing else was asked."""
        return self._matcher.audit

    @property
    def max_bytes(self) -> int:
        """The longest upload that is looked at."""
        return self._limits.max_bytes

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
            return self.too_much(started)
        except OSError as exc:
            reason = f"cannot be read: {exc.strerror or exc}"
            return self._refused(reason, started, failure="read")
        except SafehashError:
            raise
        except Exception as exc:
            found = type(exc).__name__
            reason = f"a defect of safehash, please report it: {found} (the log has the traceback)"
            _LOG.exception("%s", reason)
            return self._refused(reason, started, failure="internal")
        return verdict

    def too_much(self, started: float | None = None) -> Verdict:
        """Return the verdict on what took more memory than there is."""
        reason = "it took more memory than --max-memory allows"
        _LOG.warning("%s", reason)
        return self._refused(reason, time.perf_counter() if started is None else started, failure="memory")

    def too_long(self) -> Verdict:
        """Return the verdict on a file that grew beyond the limit while it was read."""
        reason = f"more than {self._limits.max_bytes} bytes, the limit"
        return self._refused(reason, time.perf_counter(), outcome=Outcome.TOO_LARGE)

    def explain(self, item: Item, entry: str | None) -> dict[str, Any] | None:
        """Explain one upload whose bytes are at hand, as plain data; None where no entry is called so.

        Raises
        ------
        SafehashError
            The snapshot turned out damaged.
        """
        try:
            return self._matcher.explain(as_bytes(item.data or b""), entry, effort=item.effort).to_record()
        except LookupError:
            return None

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
            data: File = item.data
            n_bytes = len(data) if item.n_bytes is None else item.n_bytes
        elif item.remote:
            data, n_bytes, skipped = read_remote(item, self._limits.max_bytes)
            if skipped is not None:
                return Verdict(skipped=skipped, size=size, mtime_ns=mtime_ns)
        else:
            read = read_file(item, self._limits.max_bytes)
            size, mtime_ns = read.size, read.mtime_ns
            if read.skipped is not None:
                return Verdict(skipped=read.skipped, size=size, mtime_ns=mtime_ns)
            data, n_bytes = read.data, read.n_bytes
            failure = "changed" if read.changed else None
        if n_bytes > self._limits.max_bytes:
            reason = f"{n_bytes} bytes, the limit is {self._limits.max_bytes}"
            return self._refused(reason, started, outcome=Outcome.TOO_LARGE, size=size, mtime_ns=mtime_ns)
        decision = self._matcher.check(cast("bytes", data), effort=item.effort, lists=item.lists)
        is_plain = decision.is_decided and not decision.matches
        wanted = self._file_digests if is_plain else self._all_digests
        digests = tuple(
            Hash(algorithm, hashlib.new(algorithm.value, lying(data), usedforsecurity=False).digest())
            for algorithm in dict.fromkeys((*wanted, *item.digests))
        )
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


class _Unable:
    """What is there instead of a worker that cannot begin: it says why."""

    def __init__(self, error: Exception) -> None:
        self._said = f"it cannot begin: {type(error).__name__}: {error}"

    def decide_batch(self, items: Sequence[Item], seconds: float) -> list[Verdict]:
        raise SafehashError(self._said)


#: The one worker of this process, set once by `start`: what a pool calls must be reachable by name.
_WORKERS: list[Worker | _Unable] = []


def start(open_matcher: Callable[[], Matcher], options: dict[str, Any], means: Means) -> None:
    """Make this process a worker: called once in each, before its first batch."""
    settle(means)
    follow_parent()
    keep_memory()
    collector = Collector()
    collector.install()
    try:
        _WORKERS[:] = [Worker(open_matcher(), collector=collector, **options)]
    except MemoryError:
        raise  # another one may find more
    except Exception as exc:
        _WORKERS[:] = [_Unable(exc)]
    hush()
    limit(means)


def decide_batch(items: Sequence[Item], seconds: float) -> list[Verdict]:
    """Decide items in this process's worker."""
    return _WORKERS[0].decide_batch(items, seconds)
