"""Walk, decide in worker processes, hand out records: memory bounded, order kept on request."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from .._face import checked, names_no_digest
from ..errors import logger_of
from ..hashing.algorithms import Algorithm
from ..matching.flood import quarantined
from ..matching.pairs import Pairs
from ..matching.printable import printable
from .confining import Means
from .items import Found, Item
from .ledger import Ledger
from .logs import relay
from .namesakes import check_namesakes
from .options import DEFAULT_OPTIONS, ScanOptions
from .records import Known, ScanEvent, ScanRecord, Skipped, Summary
from .reviews import pairs_within
from .sharing import SharedLists, uncounted
from .sightings import still_listed
from .sources import Inputs, count_files, find, is_url
from .worker import Verdict, Worker, undecided

if TYPE_CHECKING:
    from ..matching.matcher import Matcher
    from .catalog import Catalog
    from .pool import Failed

__all__ = ["Scan", "scan"]

_LOG = logger_of(__name__)

#: A reviewer's verdict counts for copies of the very bytes, and nothing else tells what could not be decided: of what
#: matches and of that, a catalog always has this.
_KNOWN_BY = (Algorithm.SHA256,)

#: A batch ends at this many files or bytes: large enough that messages cost nothing, small enough to
#: share out.
_BATCH_FILES = 32
_BATCH_BYTES = 4 << 20
#: How far the walk may run ahead of the workers.
_AHEAD_FILES = 512
_AHEAD_BYTES = 64 << 20
#: In order, a slow file holds back at most this many later ones, for each worker.
_WINDOW_FILES = 256


@checked
def scan(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    *,
    matcher: Matcher,
    options: ScanOptions = DEFAULT_OPTIONS,
    catalog: Catalog | None = None,
    names: IO[bytes] | None = None,
    stream: IO[bytes] | None = None,
    _before: Callable[[str], None] | None = None,
) -> Scan:
    """Decide every image among files, folders, patterns, archives and remote stores.

    Parameters
    ----------
    paths : path-like, or iterable of path-like
        Files, folders, patterns such as ``photos/**/*.jpg``, URLs of stores that fsspec knows.
    matcher : Matcher
        Its lists and `Settings` are what files are decided by.
    options : ScanOptions
        How it is done: workers, limits, order.
    catalog : Catalog, optional
        Remembers every decision; files it knows unchanged are counted and not decided again.
    names : binary stream, optional
        Further paths, separated by NUL or newline.
    stream : binary stream, optional
        One more file to decide, by its bytes; its path is "-".

    Returns
    -------
    Scan
        Iterating gives a `ScanRecord` for each file that was decided, `Scan.events` what was left aside or could
        not be looked into as well. Its `summary` counts everything; `stop` ends it early.

    Raises
    ------
    FileNotFoundError
        A path names nothing. Later trouble with files is an outcome, never an exception.
    CatalogError
        The catalog is in use by another scan, damaged, or cannot be written.
    ListError
        The catalog knows another list by the name of one of the matcher's.

    Notes
    -----
    Worker processes import the calling script, as all of Python's do: call this under
    ``if __name__ == "__main__":``.

    Examples
    --------
    >>> matcher = safehash.Matcher.from_files("list.csv")
    >>> for record in scan("photos", matcher=matcher, options=ScanOptions(workers=0, ordered=True)):
    ...     print(record.path, record.decision.outcome.value)
    photos/other.jpg no_match
    photos/photo.jpg match
    """
    inputs = Inputs.of(
        paths,
        names=names,
        stream=stream,
        follow_links=options.follow_links,
        skip_hidden=options.skip_hidden,
        archives=options.archives,
        watch=options.watch,
        ordered=options.ordered,
        max_member_bytes=matcher.limits.max_bytes,
    )
    return Scan._made(inputs, matcher=matcher, options=options, catalog=catalog, before=_before)


@names_no_digest
class Scan:
    """One scan: an iterator of records, and a context manager that ends the workers.

    Made by `scan`.

    Attributes
    ----------
    summary : Summary
        Counts so far; complete when the iteration is.

    Examples
    --------
    >>> how = safehash.ScanOptions(workers=0)
    >>> with scan("photos", matcher=safehash.Matcher.from_files("list.csv"), options=how) as running:
    ...     matched = [record.path for record in running if record.decision.is_match]
    >>> matched
    ['photos/photo.jpg']
    """

    summary: Summary
    _inputs: Inputs
    _matcher: Matcher
    _options: ScanOptions
    _before: Callable[[str], None] | None
    _catalog: Catalog | None
    _stopping: bool
    _ledger: Ledger | None
    _pairs: Pairs
    _started: float
    _events: Generator[ScanEvent, None, None]

    def __init__(self) -> None:
        raise TypeError("a Scan is made by `scan`")

    @classmethod
    def _made(
        cls,
        inputs: Inputs,
        *,
        matcher: Matcher,
        options: ScanOptions,
        catalog: Catalog | None,
        before: Callable[[str], None] | None,
    ) -> Scan:
        inputs.check()
        self = cls.__new__(cls)
        self._inputs = inputs
        self._matcher = matcher
        self._options = options
        self._before = before
        self._catalog = catalog
        self._stopping = False
        self._ledger = None
        self._pairs = Pairs(())
        self.summary = Summary(audit=matcher.audit, notes=matcher.notes, n_pairs=matcher.audit.n_pairs)
        self._started = time.perf_counter()
        self._events = self._run()
        return self

    def __iter__(self) -> Iterator[ScanRecord]:
        return self

    def __next__(self) -> ScanRecord:
        for event in self._events:
            if isinstance(event, ScanRecord):
                return event
        raise StopIteration

    def events(self) -> Iterator[ScanEvent]:
        """Return what is left of the scan with everything in it: `Skipped` and `Problem` beside the records, and
        `Known` where the options ask for what is unchanged.

        It is the same stream that iterating reads: what one of them gave, the other does not give again.

        Examples
        --------
        >>> how = ScanOptions(workers=0, ordered=True)
        >>> running = scan("photos", matcher=safehash.Matcher.from_files("list.csv"), options=how)
        >>> [type(event).__name__ for event in running.events()]
        ['ScanRecord', 'ScanRecord']
        """
        return self._events

    def count_files(self) -> Iterator[int]:
        """Walk the same places once more, yielding how many files were met so far; the last is the total.

        Examples
        --------
        >>> how = ScanOptions(workers=0)
        >>> running = scan("photos", matcher=safehash.Matcher.from_files("list.csv"), options=how)
        >>> list(running.count_files())[-1]
        2
        """
        return count_files(self._inputs)

    def __enter__(self) -> Scan:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def stop(self) -> None:
        """End soon: nothing new is begun, what is done is handed out. Safe in a signal handler.

        Examples
        --------
        >>> how = ScanOptions(workers=0)
        >>> running = scan("photos", matcher=safehash.Matcher.from_files("list.csv"), options=how)
        >>> running.stop()
        >>> list(running), running.summary.interrupted
        ([], True)
        """
        self._stopping = True
        self.summary.interrupted = True
        self._inputs.stop.set()

    def close(self) -> None:
        """End now. What was recorded in the catalog stays; the rest is decided by the next scan.

        Examples
        --------
        >>> how = ScanOptions(workers=0)
        >>> running = scan("photos", matcher=safehash.Matcher.from_files("list.csv"), options=how)
        >>> _ = next(running)
        >>> running.close()
        >>> list(running)
        []
        """
        self._inputs.stop.set()
        self._events.close()

    # -- the run ------------------------------------------------------------------------------------------

    def _run(self) -> Generator[ScanEvent, None, None]:
        self._started = time.perf_counter()
        self._ledger = ledger = self._begin()
        state = "failed"
        try:
            with closing(self._decided()) as answers:
                for record in self._in_order(answers):
                    self.summary.add(record)
                    if ledger is not None:
                        ledger.add(record)
                    self.summary.seconds = time.perf_counter() - self._started
                    if self._options.unchanged or not isinstance(record, Known):
                        yield record
            if ledger is not None and self.summary.interrupted and self._options.unchanged:
                yield from ledger.rest()  # what is known of the places that were not come to
            if ledger is not None and not self.summary.interrupted:
                absent = ledger.missing(allow_empty=self._options.allow_empty)
                for problem in absent.held_back:
                    self.summary.add(problem)
                    ledger.add(problem)
                    yield problem
                self.summary.n_gone = ledger.finish(partial(still_listed, uncounted(self._matcher)), absent)
            if ledger is not None:
                self.summary.notes += ledger.dropped()
            state = "interrupted" if self.summary.interrupted else "finished"
        except (GeneratorExit, KeyboardInterrupt):
            self.summary.interrupted = True
            state = "interrupted"
            raise
        finally:
            self.summary.seconds = time.perf_counter() - self._started
            if ledger is not None:
                ledger.end(state, self.summary)

    def _begin(self) -> Ledger | None:
        if self._catalog is None:
            return None
        check_namesakes(self._catalog._store, self._matcher)
        ledger = Ledger(
            self._catalog._store,
            self._matcher.audit,
            settings=self._matcher.settings,
            tops=[path for path in self._inputs.paths if is_url(path) or Path(path).is_dir()],
            digests=[Algorithm(each).value for each in self._options.file_digests or ()],
            detailed=self._options.unchanged,
        )
        # Read once nobody else writes any more.
        self._pairs = Pairs(pairs_within(self._catalog._store))
        self.summary.n_pairs += len(self._pairs)
        return ledger

    def _in_order(self, answers: Iterator[tuple[int, ScanEvent]]) -> Iterator[ScanEvent]:
        """Put answers into the order of their tickets, if that is asked for."""
        if not self._options.ordered:
            yield from (record for _, record in answers)
            return
        early: dict[int, ScanEvent] = {}
        self._next_out = 0
        for ticket, answer in answers:
            early[ticket] = answer
            while self._next_out in early:
                self._next_out += 1
                yield early.pop(self._next_out - 1)

    _next_out = 0

    def _decided(self) -> Generator[tuple[int, ScanEvent], None, None]:
        n_workers = self._options.workers
        if n_workers == 0:
            return self._decided_here()
        return self._decided_in_workers(n_workers)

    def _decided_here(self) -> Generator[tuple[int, ScanEvent], None, None]:
        """Decide without processes."""
        worker = Worker(uncounted(self._matcher), **self._worker_options())
        pace = _Pace(self._options.rate)
        for ticket, found in enumerate(find(self._inputs)):
            if self._stopping:
                return
            answer = self._known(found)
            if isinstance(answer, Item):
                pace.wait(1)
                yield ticket, self._record(answer, worker.decide(answer))
            else:
                yield ticket, answer
            if self._options.watch:
                self._settle()  # it may be long until the next file

    def _decided_in_workers(self, n_workers: int | None) -> Generator[tuple[int, ScanEvent], None, None]:
        from ..hashing.threads import available_processors
        from .pool import Batch, Failed, Workers

        n_workers = n_workers or available_processors()
        window = _WINDOW_FILES * n_workers
        pace = _Pace(self._options.rate)
        with SharedLists(self._matcher, replace(self._matcher.settings, flood=None)) as shared:
            means = Means(max_memory=self._options.max_memory, nice=self._options.nice)
            arguments = (shared.opener, self._worker_options(), means)
            workers = Workers(n_workers, arguments, timeout=self._options.timeout)
            feed = _Feed(find(self._inputs), workers.changed)
            batch = Batch(tickets=[], items=[])
            n_bytes = 0
            n_out = ticket = 0  # tickets given out; tickets of items that went to workers and came back
            n_given = 0
            try:
                while True:
                    for number, item, verdict in workers.collect():
                        n_out += 1
                        if isinstance(verdict, Failed):
                            verdict = self._verdict_on(item, verdict)
                        yield number, self._record(item, verdict)
                    held_back = self._options.ordered and ticket - self._next_out > window
                    full = len(batch.items) >= pace.batch_files or n_bytes >= _BATCH_BYTES
                    # A short batch goes out rather than let a worker wait for a slow walk.
                    short = bool(batch.items) and (feed.is_empty or held_back)
                    if (full or short) and workers.has_room() and not self._stopping:
                        pace.wait(len(batch.items))
                        n_given += len(batch.items)
                        workers.give(batch)
                        batch, n_bytes = Batch(tickets=[], items=[]), 0
                        continue
                    if not full and not held_back and not self._stopping:
                        found = feed.take()
                        if found is not None:
                            number, ticket = ticket, ticket + 1
                            answer = self._known(found)
                            if isinstance(answer, Item):
                                batch.tickets.append(number)
                                batch.items.append(answer)
                                n_bytes += (answer.size or 0) if answer.data is None else len(answer.data)
                            else:
                                yield number, answer
                            continue
                        if feed.is_done and not batch.items and n_out == n_given:
                            return
                    if self._stopping and n_out == n_given:
                        return
                    self._settle()
                    with workers.changed:
                        if not workers.has_results and (feed.is_empty or full or held_back or self._stopping):
                            workers.changed.wait(0.2)
                    workers.revive()
            finally:
                feed.close()
                workers.close()

    # -- the steps ----------------------------------------------------------------------------------------

    def _verdict_on(self, item: Item, failed: Failed) -> Verdict:
        """Return what is said of a file whose worker did not survive it."""
        _LOG.warning("%s: %s", printable(item.path), failed.reason)
        seconds = self._options.timeout if failed.kind == "timeout" else 0.0
        decision = undecided(self._matcher, failed.reason, seconds=seconds)
        return Verdict(decision=decision, failure=failed.kind, size=item.size, mtime_ns=item.mtime_ns)

    def _settle(self) -> None:
        """Have on disk what was said a second ago, though nothing new is said."""
        if self._ledger is not None:
            self._ledger.settle()

    def _worker_options(self) -> dict[str, Any]:
        return {
            "limits": self._matcher.limits,
            "file_digests": self._wanted_digests(),
            "identifying_digests": _KNOWN_BY if self._catalog is not None else (),
            "before": self._before,
        }

    def _wanted_digests(self) -> tuple[Algorithm, ...]:
        """Return which digests are taken of every file: later lists are looked up among them."""
        asked = self._options.file_digests
        if asked is not None:
            return tuple(map(Algorithm, asked))
        held = map(Algorithm, self._matcher.counts()) if self._catalog is not None else ()
        return tuple(each for each in held if not each.is_perceptual)

    def _known(self, found: Found) -> Item | ScanEvent:
        """Return what the walk found, or what the catalog knows of it already."""
        if self._ledger is None or not isinstance(found, Item):
            return found
        known = self._ledger.known(found, retry_failed=self._options.retry_failed)
        if known is not None:
            return known
        digests = self._ledger.digests_of(found)
        return replace(found, digests=digests) if digests else found

    def _record(self, item: Item, verdict: Verdict) -> ScanEvent:
        relay(verdict.logged, about=printable(item.path))
        size = item.size if verdict.size is None else verdict.size
        mtime_ns = item.mtime_ns if verdict.mtime_ns is None else verdict.mtime_ns
        skipped = verdict.skipped
        if verdict.failure == "read" and self._options.watch and not os.path.lexists(item.path):
            # The name that a file had while it was written; it is decided by the other.
            skipped = "renamed meanwhile" if self._inputs.renamed.will_hold(item.path) else skipped
        if verdict.decision is None or skipped is not None:
            return Skipped(
                path=item.path, member=item.member, position=item.position,
                reason=skipped or "not an image", size=size, mtime_ns=mtime_ns,
            )  # fmt: skip
        sha256 = next((each.digest for each in verdict.digests if each.algorithm is Algorithm.SHA256), None)
        decision = verdict.decision
        if len(self._pairs) and decision.standing and self._ledger is not None:
            known = self._ledger.hashes_of(item, size, mtime_ns, verdict.digests)
            decision = self._pairs.settle(decision, known=known, sha256=sha256)
        guard = self._matcher.flood_guard
        if guard is not None:
            # In one place, for the whole scan, and after reviewers: what they cancelled floods nothing.
            decision = quarantined(decision, guard)
        return ScanRecord(
            path=item.path, member=item.member, position=item.position, decision=decision,
            digests=verdict.digests, failure=verdict.failure, size=size, mtime_ns=mtime_ns,
            n_bytes=item.n_bytes if item.position else size,
        )  # fmt: skip


class _Pace:
    """Spreads files over time."""

    def __init__(self, rate: float | None) -> None:
        self._rate = rate
        self._due = time.monotonic()
        self.batch_files = _BATCH_FILES if rate is None else max(1, min(_BATCH_FILES, int(rate / 4)))

    def wait(self, n_files: int) -> None:
        """Sleep until `n_files` more may begin."""
        if self._rate is None:
            return
        now = time.monotonic()
        if self._due > now:
            time.sleep(self._due - now)
        self._due = max(self._due, now) + n_files / self._rate


class _Feed:
    """Runs the walk in a thread, a bounded distance ahead.

    Parameters
    ----------
    source : iterator of Found
    changed : Condition
        Notified when something is there to take.
    """

    def __init__(self, source: Iterator[Found], changed: threading.Condition) -> None:
        self._source = source
        self._changed = changed
        self._room = threading.Condition()
        self._waiting: deque[Found] = deque()
        self._n_bytes = 0
        self._closed = False
        self._done = False
        self._error: BaseException | None = None
        threading.Thread(target=self._fill, name="safehash-walk", daemon=True).start()

    @property
    def is_empty(self) -> bool:
        """Whether `take` would return None just now."""
        return not self._waiting and self._error is None

    @property
    def is_done(self) -> bool:
        """Whether the walk has ended and everything was taken."""
        return self._done and not self._waiting

    def take(self) -> Found | None:
        """Return the next thing found, or None if there is none yet. The walk's own error is raised here."""
        if not self._waiting:
            if self._error is not None:
                raise self._error
            return None
        found = self._waiting.popleft()
        with self._room:
            self._n_bytes -= _held_bytes(found)
            # Not at every file: waking the walk for one more costs more than finding it.
            if len(self._waiting) <= _AHEAD_FILES // 2 and self._n_bytes <= _AHEAD_BYTES // 2:
                self._room.notify()
        return found

    def close(self) -> None:
        """Let the walk end at its next step."""
        with self._room:
            self._closed = True
            self._room.notify()

    def _fill(self) -> None:
        try:
            for found in self._source:
                with self._room:
                    while not self._closed and (
                        len(self._waiting) >= _AHEAD_FILES or self._n_bytes >= _AHEAD_BYTES
                    ):
                        self._room.wait()
                    if self._closed:
                        return
                    self._n_bytes += _held_bytes(found)
                    self._waiting.append(found)
                if len(self._waiting) == 1:
                    self._notify()
        except BaseException as exc:  # handed to whoever takes
            self._error = exc
        finally:
            self._done = True
            self._notify()

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()


def _held_bytes(found: Found) -> int:
    return len(found.data) if isinstance(found, Item) and found.data is not None else 0
