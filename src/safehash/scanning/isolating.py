"""`Matcher.check` in confined processes: what an upload does to its decoder costs that upload, and nothing else."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from io import FileIO
from types import TracebackType

from .._face import checked, names_no_digest
from ..errors import ImageError, SafehashError
from ..images.pictures import Decoded
from ..images.uploads import Unopened, open_file, take
from ..matching.deciding import why_undecided
from ..matching.decision import Audit, Decision
from ..matching.flood import quarantined
from ..matching.matcher import Matcher
from ..matching.settings import Effort, check_effort
from ..matching.state import State, of_lists
from .confining import Means
from .lanes import Task
from .options import USUAL_MEMORY, USUAL_TIMEOUT, expect_memory, expect_timeout
from .passing import OpenFile
from .standby import Lanes
from .starting import may_start
from .worker import undecided

__all__ = ["Isolated", "isolated"]


@names_no_digest
class Isolated:
    """A small pool of confined processes that decide as their matcher would. Made by `isolated`.

    Safe to share between threads: as many uploads are decided at once as there are workers, further ones wait. Not to
    be shared between processes: make one in each, after it was forked.

    Attributes
    ----------
    matcher : Matcher
        Decides what needs no decoder: stored hashes, pixels.
    n_workers : int
    is_sealed : bool
        Whether workers, beside what bounds them everywhere, can open no file but code, make or execute none, and open
        no TCP connection (Linux with Landlock).

    Examples
    --------
    >>> with safehash.isolated(safehash.Matcher.from_files("list.csv"), workers=1) as pool:
    ...     pool.check("photo.jpg").is_match, pool.check(b"no image").outcome.value
    (True, 'unsupported')
    """

    def __init__(
        self,
        matcher: Matcher,
        *,
        workers: int | None,
        timeout: float,
        max_memory: int | None,
        before: Callable[[str], None] | None = None,
    ) -> None:
        if os.name != "posix":
            raise SafehashError(
                "isolated workers need Linux or macOS; `safehash.scan` has workers on Windows, too"
            )
        if workers is not None and workers < 1:
            raise ValueError(f"workers is 1 or more, not {workers}")
        expect_timeout(timeout)
        expect_memory(max_memory)
        if not may_start():
            raise SafehashError(
                "a daemonic process of `multiprocessing` may start none: start it with daemon=False"
            )
        self.matcher = matcher
        self._before = before  # for tests, as of `Worker`
        self._workers = workers
        self._timeout = timeout
        self._means = Means(max_memory=max_memory, sealed=True)
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._reloading = threading.Lock()
        self._generation: _Generation | None = self._new()

    @property
    def n_workers(self) -> int:
        """How many uploads are decided at once.

        Examples
        --------
        >>> with safehash.isolated(safehash.Matcher.from_files("list.csv"), workers=1) as pool:
        ...     pool.n_workers
        1
        """
        with self._current() as generation:
            return generation.lanes.n_lanes

    @property
    def is_sealed(self) -> bool:
        """Whether workers gave up files and network.

        Examples
        --------
        >>> with safehash.isolated(safehash.Matcher.from_files("list.csv"), workers=1) as pool:
        ...     isinstance(pool.is_sealed, bool)
        True
        """
        with self._current() as generation:
            return generation.lanes.sealed

    @checked
    def check(
        self, item: Unopened, *, effort: Effort | None = None, lists: Collection[str] | None = None
    ) -> Decision:
        """Decide one upload as `Matcher.check` does, in another process.

        A path is opened here and read there; a file object is read here, and its bytes are handed over in memory, as
        those are that come as such. Pixels (an array) are decided here, there being nothing to decode.

        Parameters
        ----------
        item : bytes, path-like, binary file object, or ndarray of uint8
        effort, lists
            As of `Matcher.check`.

        Returns
        -------
        Decision
            What cost a worker's life is `unreadable`, with ``failure`` "crash", "timeout" or "memory".

        Raises
        ------
        TypeError
            `item` is no upload; a PIL image is none here, for it is decoded by whoever holds it.
        ValueError
            There is no such effort, or no such list.
        SafehashError
            The pool is closed or another process's; workers cannot be started.

        Examples
        --------
        >>> with safehash.isolated(safehash.Matcher.from_files("list.csv"), workers=1) as pool:
        ...     decision = pool.check("photo.jpg", effort="fast")
        >>> decision.is_match, decision.audit.effort
        (True, 'fast')
        """
        started = time.perf_counter()
        if effort is not None:
            check_effort(effort)
        limits = self.matcher.limits
        with self._current() as generation:
            of_lists(generation.state, lists)
            only = None if lists is None else frozenset(lists)
            file: FileIO | None = None
            try:
                if isinstance(item, (str, os.PathLike)):
                    file, n_bytes = open_file(item, limits=limits)
                else:
                    given = take(item, limits=limits, opened=False)
            except (ImageError, OSError) as exc:
                why = why_undecided(exc)
                decision = undecided(
                    self.matcher, why.reason or "", seconds=time.perf_counter() - started, outcome=why.outcome
                )
                audit = replace(generation.audit_of(lists), effort=effort or self.matcher.settings.effort)
                return self._counted(replace(decision, audit=audit, failure=why.failure))
            if file is not None:
                with file:
                    task = Task(n_bytes=n_bytes, is_file=True, effort=effort, lists=only)
                    return self._decided(generation, OpenFile(file.fileno(), n_bytes), task)
            if isinstance(given, Decoded):
                return self.matcher.check(given.pixels, effort=effort, lists=lists)
            if len(given) > limits.max_bytes:  # its digests are looked up, it is not decoded
                return self.matcher.check(given, effort=effort, lists=lists)
            return self._decided(generation, given, Task(n_bytes=len(given), effort=effort, lists=only))

    def reload(self) -> None:
        """Read the lists again, as `Matcher.reload` does; uploads under way are finished on the old ones.

        Raises
        ------
        ListError, IndexFileError, OSError
            What is there now cannot be used: the state before stays.

        Examples
        --------
        >>> with safehash.isolated(safehash.Matcher.from_files("list.csv"), workers=1) as pool:
        ...     pool.reload()
        """
        with self._reloading:
            self.matcher.reload()
            self._renew()

    def reload_if_changed(self) -> bool:
        """Reload if a file changed, as `Matcher.reload_if_changed` does; return whether there is a new state.

        Raises
        ------
        ListError, IndexFileError
            A file is gone. The state before stays.

        Examples
        --------
        >>> with safehash.isolated(safehash.Matcher.from_files("list.csv"), workers=1) as pool:
        ...     pool.reload_if_changed()
        False
        """
        with self._reloading:
            self.matcher.reload_if_changed()
            with self._current() as generation:
                if generation.state is self.matcher._state:
                    return False
            self._renew()
        return True

    def close(self) -> None:
        """End the workers, once what is under way is done. Nothing may be checked any more.

        Examples
        --------
        >>> pool = safehash.isolated(safehash.Matcher.from_files("list.csv"), workers=1)
        >>> pool.close()
        """
        with self._lock:
            generation, self._generation = self._generation, None
        if generation is not None and os.getpid() == self._process:
            generation.retire()

    def __enter__(self) -> Isolated:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError(
            "isolated workers do not pickle: make a pool in each process, of a matcher that `Matcher.open` made"
        )

    def _new(self) -> _Generation:
        state = self.matcher._state
        return _Generation(state, Lanes(self.matcher, self._workers, self._means, before=self._before))

    def _renew(self) -> None:
        fresh = self._new()
        with self._lock:
            old, self._generation = self._generation, fresh
        if old is None:  # closed meanwhile
            self.close()
        else:
            old.retire()

    def _current(self) -> _Generation:
        """Return the state of now; within its block it stays open."""
        if os.getpid() != self._process:
            raise SafehashError(
                f"these workers belong to process {self._process}, from which this one was forked: make a pool in each"
            )
        with self._lock:
            if self._generation is None:
                raise SafehashError("the pool is closed")
            self._generation.reserve()
            return self._generation

    def _decided(self, generation: _Generation, given: bytes | OpenFile, task: Task) -> Decision:
        return self._counted(generation.lanes.decide(given, task, left=self._left))

    def _left(self) -> float:
        return self._timeout

    def _counted(self, decision: Decision) -> Decision:
        guard = self.matcher.flood_guard
        return decision if guard is None else quarantined(decision, guard)


class _Generation:
    """Workers with one state of the lists; they end when it is retired and nobody uses it any more."""

    def __init__(self, state: State, lanes: Lanes) -> None:
        self.state = state
        self.lanes = lanes
        self._lock = threading.Lock()
        self._n_users = 0
        self._retired = False
        self._ended = False

    def audit_of(self, lists: Collection[str] | None) -> Audit:
        return of_lists(self.state, lists).audit

    def reserve(self) -> None:
        with self._lock:
            self._n_users += 1

    def __enter__(self) -> _Generation:
        return self

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._n_users -= 1
        self._end_if_over()

    def retire(self) -> None:
        self._retired = True
        self._end_if_over()

    def _end_if_over(self) -> None:
        with self._lock:
            over = self._retired and not self._n_users and not self._ended
            self._ended |= over
        if over:
            self.lanes.close()


@checked
def isolated(
    matcher: Matcher,
    *,
    workers: int | None = None,
    timeout: float = USUAL_TIMEOUT,
    max_memory: int | None = USUAL_MEMORY,
) -> Isolated:
    """Return a small pool of confined processes that decide uploads as a matcher does.

    For upload pipelines that want a crash of a decoder to cost one request. Lists and settings are the matcher's; one
    that `Matcher.open` made is shared with the workers as its file, others as a copy of their lists.

    Parameters
    ----------
    matcher : Matcher
    workers : int, optional
        Processes; by default one for each processor this process may use.
    timeout : float
        Seconds by the clock that one upload may take; its worker is ended then. The processor time of
        ``Settings.deadline`` is over before.
    max_memory : int or None
        Bytes that a worker may take on top of what it holds when it is ready (Linux); None for no limit.

    Returns
    -------
    Isolated
        Close it, or use it in a ``with`` block. A script that makes one does so under ``if __name__ == "__main__"``.

    Raises
    ------
    SafehashError
        Workers cannot be started here.
    ValueError
        A number out of range.

    Examples
    --------
    >>> settings = safehash.Settings(effort="thorough")
    >>> matcher = safehash.Matcher.from_files("list.csv", settings=settings)
    >>> with safehash.isolated(matcher, workers=1, timeout=10.0) as pool:
    ...     [pool.check(name).outcome.value for name in ("photo.jpg", "other.jpg")]
    ['match', 'no_match']
    """
    return Isolated(matcher, workers=workers, timeout=timeout, max_memory=max_memory)
