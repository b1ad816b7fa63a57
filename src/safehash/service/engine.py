"""The part that decides: lists that are read anew while others are matched, and workers that take one upload each."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..errors import SafehashError, logger_of
from ..hashing.hashes import Hash
from ..matching.decision import Decision
from ..matching.flood import FloodGuard, Quarantined
from ..matching.matcher import Matcher
from ..matching.settings import Effort, FloodLimits
from ..scanning.confining import Means
from ..scanning.lanes import Task, WorkerDied
from ..scanning.passing import Upload, length, whole
from ..scanning.standby import Lanes
from .gathering import Gathering
from .handing import Handing
from .memory import Memory
from .options import ServiceOptions
from .refusing import Refused, busy

__all__ = ["Engine", "Reloads"]

_LOG = logger_of(__name__)

#: So many hashes are looked up where they arrive; more go to a thread, not to hold up others (0.1 ms each).
_HERE = 16
#: Seconds between two looks at what other processes counted.
_SYNC_SECONDS = 1.0


class _Generation:
    """One state of the lists and the workers that have it open."""

    def __init__(self, matcher: Matcher, lanes: Lanes) -> None:
        self.kept = matcher.lists_kept
        self.is_sealed = lanes.sealed
        self._handing = Handing(lanes)

    @classmethod
    async def of(
        cls, matcher: Matcher, options: ServiceOptions, before: Callable[[str], None] | None
    ) -> _Generation:
        """Start workers with a matcher's lists as they are now."""
        means = Means(max_memory=options.max_memory, sealed=True)
        start = partial(Lanes, matcher, options.workers, means, before=before)
        return cls(matcher, await asyncio.get_running_loop().run_in_executor(None, start))

    async def decide(self, upload: Upload, task: Task, due: float) -> Decision:
        """Decide one upload before `due`, a time of `time.monotonic`."""
        return await self._handing.decide(upload, task, due)

    async def explain(self, data: bytes, task: Task, due: float) -> dict[str, Any]:
        """Explain one upload before `due`."""
        try:
            return await self._handing.explain(data, task, due)
        except WorkerDied as exc:
            raise Refused(422, f"not explained: {exc.failed.reason}") from exc
        except LookupError as exc:
            raise Refused(404, str(exc)) from exc

    def retire(self) -> asyncio.Future[None]:
        """Take nothing more; what comes back is done when what is under way is, and the workers have ended."""
        self._handing.retire()
        return asyncio.get_running_loop().run_in_executor(None, self._handing.close)


@dataclass(slots=True)
class Reloads:
    """How often the lists were read anew, and how often what was found was refused."""

    done: int = 0
    refused: int = 0


class Engine:
    """Lists, workers and memory of a service.

    Parameters
    ----------
    open_matcher : callable
        Reads the lists: called once, in a thread, when the service starts.
    options : ServiceOptions
    flood : FloodLimits or None
    before : callable or None
        Called in the worker before each upload is decided. For tests, which plant crashes with it.
    """

    def __init__(
        self,
        open_matcher: Callable[[], Matcher],
        options: ServiceOptions,
        *,
        flood: FloodLimits | None,
        before: Callable[[str], None] | None = None,
    ) -> None:
        self._before = before
        self._open_matcher = open_matcher
        self._options = options
        self._guard = None if flood is None else FloodGuard(flood)
        self.memory = Memory(options.state, self._guard)
        self.reloads = Reloads()
        self.refusal = ""  # why the last reload was refused
        self.damage = ""  # what is wrong with the snapshot that is matched against
        self.forgetting = ""  # why what is counted and said is kept by this process alone
        self._is_behind = False  # the lists were read anew, and the workers still have the old ones
        self._is_over = False
        self._matcher: Matcher | None = None
        self._generation: _Generation | None = None
        self._n_held = 0
        self._reloading = asyncio.Lock()
        self._together = Gathering(self._decided, at_once=_HERE)
        self._tasks: list[asyncio.Task[None]] = []
        self._closing: set[asyncio.Future[None]] = set()

    # -- beginning and end --------------------------------------------------------------------------------

    async def start(self) -> None:
        """Read the lists and start the workers.

        Raises
        ------
        SafehashError, OSError
            The lists cannot be used.
        """
        loop = asyncio.get_running_loop()
        matcher = await loop.run_in_executor(None, self._open_matcher)
        self._generation = await _Generation.of(matcher, self._options, self._before)
        self._matcher = matcher
        self._check_whole(matcher)
        for name in matcher.lists_kept:
            _LOG.warning("%s was refused; the service goes on with its last good state", name)
        every = self._options.reload_seconds
        if every is not None:
            self._tasks.append(asyncio.create_task(self._repeat(self._look, every)))
        self._tasks.append(asyncio.create_task(self._repeat(self._sync, _SYNC_SECONDS)))

    async def stop(self) -> None:
        """Let what is under way finish, and end."""
        self._is_over = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        generation, self._generation = self._generation, None
        if generation is not None:
            self._close(generation)
        if self._closing:
            await asyncio.wait(self._closing)
        try:
            self.memory.close()
        except SafehashError as exc:
            _LOG.error("what was counted last is not kept: %s", exc)

    def _close(self, generation: _Generation) -> None:
        future = generation.retire()
        self._closing.add(future)
        future.add_done_callback(self._closing.discard)

    async def _repeat(self, what: Callable[[], object], seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            try:
                result = what()
                if asyncio.iscoroutine(result):
                    await result
            except (SafehashError, OSError) as exc:
                _LOG.warning("%s", exc)
            except Exception:  # the next look may go well: without it, lists would never be read again
                _LOG.exception("a defect of safehash, please report it")

    async def _sync(self) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(None, self.memory.sync)
        except SafehashError as exc:
            if str(exc) != self.forgetting:  # once, and not every second
                self.forgetting = str(exc)
                raise
        else:
            self.forgetting = ""

    # -- lists --------------------------------------------------------------------------------------------

    @property
    def is_ready(self) -> bool:
        """Whether uploads are decided."""
        return self._generation is not None

    @property
    def matcher(self) -> Matcher:
        """The lists as they are matched against now.

        Raises
        ------
        Refused
            503: they are still being read.
        """
        if self._matcher is None or self._generation is None:
            raise busy(503, "the lists are still being read")
        return self._matcher

    @property
    def kept(self) -> tuple[str, ...]:
        """Names of the lists that uploads are matched against in their last good state."""
        return () if self._generation is None else self._generation.kept

    @property
    def guard(self) -> FloodGuard | None:
        """What counts matches, where there is one."""
        return self._guard

    @property
    def quarantined(self) -> dict[tuple[str, ...], Quarantined]:
        """The entries that flood and are out of service, by their keys."""
        found = () if self._guard is None else self._guard.quarantined()
        return {each.entry: each for each in found if isinstance(each.entry, tuple)}

    async def reload(self) -> None:
        """Read the lists again, whatever their files look like.

        Raises
        ------
        SafehashError, OSError
            What is there now cannot be used: the state before stays.
        """
        matcher = self.matcher
        async with self._reloading:
            loop = asyncio.get_running_loop()
            try:
                await loop.run_in_executor(None, matcher.reload)
            except (SafehashError, OSError) as exc:
                self.reloads.refused += 1
                self.refusal = str(exc)
                raise
            await self._renew(matcher)

    async def _look(self) -> None:
        """Read the lists again if their files changed."""
        matcher = self._matcher
        if matcher is None:
            return
        async with self._reloading:
            loop = asyncio.get_running_loop()
            before = matcher.n_refused
            try:
                changed = await loop.run_in_executor(None, matcher.reload_if_changed)
            except (SafehashError, OSError) as exc:  # a file is gone
                if str(exc) != self.refusal:
                    self.reloads.refused += 1
                    self.refusal = str(exc)
                    _LOG.warning("not reloaded, the state before stays: %s", exc)
                return
            if changed or self._is_behind:
                await self._renew(matcher)
            elif matcher.n_refused > before:
                self.reloads.refused += 1
                self.refusal = matcher.notes[0]
            elif not matcher.n_refused:
                self.refusal = ""  # the files are again what they were

    async def _renew(self, matcher: Matcher) -> None:
        """Put workers with the new lists in the place of those with the old; these finish what they have."""
        self._is_behind = True
        try:
            fresh = await _Generation.of(matcher, self._options, self._before)
        except (SafehashError, OSError) as exc:
            self.reloads.refused += 1
            self.refusal = f"the lists were read, but workers cannot begin with them: {exc}"
            raise
        self._is_behind = False
        old, self._generation = self._generation, fresh
        self.reloads.done += 1
        self.refusal = ""
        self._check_whole(matcher)
        if old is not None:
            self._close(old)

    def _check_whole(self, matcher: Matcher) -> None:
        """Check all of a snapshot, in a thread beside the answers: damage is known before a request meets it.

        And a look-up in what was checked whole takes a sixth less.
        """
        self.damage = ""
        state = matcher._state
        if state.verifying is None:
            return

        def check(pieces: Iterator[None]) -> str:
            try:
                for _ in pieces:
                    if self._is_over or matcher._state is not state:
                        break
            except (SafehashError, OSError) as exc:
                return str(exc)
            return ""

        def tell(
            checked: asyncio.Future[str],
        ) -> None:  # among the reloads: it says nothing of what came after
            if matcher._state is state and checked.result():
                self.damage = checked.result()
                _LOG.error("what touches this is not decided: %s", self.damage)

        checked = asyncio.get_running_loop().run_in_executor(None, check, state.verifying())
        checked.add_done_callback(tell)

    # -- deciding -----------------------------------------------------------------------------------------

    @property
    def n_held(self) -> int:
        """Requests with an upload that are held just now."""
        return self._n_held

    def hold(self, n_uploads: int = 1) -> _Held:
        """Return a place for a request, for as long as the block lasts.

        Raises
        ------
        Refused
            429: as many as may be are held already; 503: the lists are still being read.
        """
        self.matcher  # noqa: B018 - raises where they are not
        if self._n_held + n_uploads > self._options.max_requests:
            raise busy(429, f"{self._options.max_requests} requests with uploads are held already")
        return _Held(self, n_uploads)

    async def check(
        self, upload: Upload, *, effort: Effort | None, lists: Collection[str] | None, due: float
    ) -> Decision:
        """Decide one upload.

        Raises
        ------
        Refused
            400: there is no such list; 503: there was no time left.
        """
        matcher = self.matcher
        only = self._only(matcher, lists)
        generation = self._generation
        assert generation is not None
        task = Task(n_bytes=length(upload), effort=effort, lists=only)
        try:
            decision = await generation.decide(upload, task, due)
        except SafehashError as exc:
            _LOG.error("%s", exc)
            raise busy(503, "the workers cannot open the lists: the log says why") from exc
        return self.memory.judged(decision, allow_distance=matcher.audit.allow_distance)

    async def explain(
        self, upload: Upload, *, effort: Effort | None, entry: str | None, due: float
    ) -> dict[str, Any]:
        """Return why an upload matches what it matches, as plain data.

        Raises
        ------
        Refused
            404: there is no such entry; 422: it cost its worker's life.
        """
        self.matcher  # noqa: B018 - raises where the lists are still being read
        generation = self._generation
        assert generation is not None
        data = whole(upload)
        task = Task(n_bytes=len(data), effort=effort, explain=True, entry=entry)
        try:
            return await generation.explain(data, task, due)
        except SafehashError as exc:
            _LOG.error("%s", exc)
            raise busy(503, "the workers cannot open the lists: the log says why") from exc

    async def check_hashes(
        self, values: Sequence[Hash], *, effort: Effort | None, lists: Collection[str] | None
    ) -> list[Decision]:
        """Decide stored hashes: turned and negative, too, but at "fast", which looks at them as they are.

        Raises
        ------
        Refused
            400: there is no such list; 503: what is looked up in is damaged there.
        """
        matcher = self.matcher
        only = self._only(matcher, lists)
        turned = (effort or matcher.audit.effort) != "fast"
        try:
            if len(values) <= _HERE:
                decisions = await self._together.decisions(values, only, turned=turned)
            else:
                loop = asyncio.get_running_loop()
                decisions = await loop.run_in_executor(
                    None, lambda: matcher.check_hashes(values, lists=only, turned=turned)
                )
        except SafehashError as exc:
            _LOG.error("%s", exc)
            raise busy(503, "the lists are damaged: the log says where") from exc
        near = matcher.audit.allow_distance
        return [self.memory.judged(decision, allow_distance=near) for decision in decisions]

    def _decided(self, values: Sequence[Hash], lists: frozenset[str] | None, turned: bool) -> list[Decision]:
        return self.matcher.check_hashes(values, lists=lists, turned=turned)

    @staticmethod
    def _only(matcher: Matcher, lists: Collection[str] | None) -> frozenset[str] | None:
        if lists is None:
            return None
        only = frozenset(lists)
        known = {info.name for info in matcher.lists if not info.allow}
        if not only or only - known:
            raise Refused(
                400,
                f"lists are some of {', '.join(sorted(known))}; unknown",
                asked=", ".join(sorted(only - known)),
            )
        return only


class _Held:
    """A place among the requests that are held."""

    def __init__(self, engine: Engine, n_uploads: int) -> None:
        self._engine = engine
        self._n_uploads = n_uploads

    def __enter__(self) -> None:
        self._engine._n_held += self._n_uploads

    def __exit__(self, *error: object) -> None:
        self._engine._n_held -= self._n_uploads
