"""Lists, index and policy together: one upload in, one Decision out."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .._face import checked
from ..errors import IndexFileError, ListError, logger_of
from ..hashing.algorithms import SHOWN_DIGITS
from ..hashing.hashes import Algorithm, Hash
from ..hashing.threads import on_threads
from ..images.uploads import Upload
from ..lists.entry import Entry
from ..lists.source import ListPath, ListSource
from .deciding import Facts, decide_hashes, decide_upload, decision_of, near_any
from .decision import Audit, Decision, Match, shown
from .explaining import Explanation, explained, rows_of
from .flood import FloodGuard, quarantined
from .keeping import Refusals, before_of
from .pairs import Pairs
from .saving import adopt_state, replaced, save_state
from .settings import DEFAULT_SETTINGS, Effort, Settings
from .snapshot import open_snapshot
from .state import Sources, State, is_gone, of_lists, origin_of, read_state, state_of_entries
from .telling import _Telling

__all__ = ["Matcher"]

_Path = str | os.PathLike[str]

_LOG = logger_of(__name__)

#: Processor time of one upload, in seconds, from which on it is logged: a hundred times what a large photograph takes.
_SLOW_SECONDS = 2.0


@checked
class Matcher(_Telling):
    """Decides uploads against lists.

    Made by `from_files` or `open`. Safe to share between threads; `reload` swaps the lists under load, and
    decisions under way finish on the old ones. One made by `open` pickles and copies, as its file's path and its
    settings: another process opens the same snapshot.

    Examples
    --------
    >>> matcher = Matcher.from_files("list.csv")
    >>> decision = matcher.check("photo.jpg")
    >>> decision.is_match, decision.standing[0].entry.id
    (True, 'b-1')
    >>> matcher.save("lists.safehash")
    >>> Matcher.open("lists.safehash").check("other.jpg").outcome
    <Outcome.NO_MATCH: 'no_match'>
    """

    _asked: Settings  # as given; without a policy, whatever a snapshot was saved with
    _shared_guard: FloodGuard | None
    _flood_guard: FloodGuard | None
    _pairs: Pairs
    _sources: Sources
    _state: State
    _remarks: tuple[State | None, tuple[str, ...]]
    _reloading: AbstractContextManager[object]
    _refusals: Refusals
    _keeps_good: bool

    def __init__(self) -> None:
        raise TypeError("a Matcher is made by `Matcher.from_files` or `Matcher.open`")

    @classmethod
    def _made(
        cls,
        state: State,
        *,
        settings: Settings,
        flood_guard: FloodGuard | None,
        sources: Sources,
        keeps_good: bool = False,
        is_known: bool = False,
    ) -> Matcher:
        """Make one; where `is_known`, what its settings name in vain was logged by who made the same before."""
        self = cls.__new__(cls)
        self._asked = settings
        self._shared_guard = flood_guard
        own = FloodGuard(settings.flood) if settings.flood is not None else None
        self._flood_guard = own if flood_guard is None else flood_guard
        self._pairs = Pairs(settings.allow_pairs)
        self._sources = sources
        self._state = state
        self._remarks = (None, ())
        self._refusals = Refusals()
        self._keeps_good = keeps_good
        self._reloading = threading.RLock()
        if not is_known:
            self._warn(known=())
        return self

    def _warn(self, *, known: Collection[str]) -> None:
        """Log what the settings name in vain now, but for what is known."""
        for remark in self._settings_in_vain():
            if remark not in known:
                _LOG.warning("%s", remark)

    @classmethod
    def from_files(
        cls,
        *lists: ListPath,
        allow: Iterable[ListPath] = (),
        settings: Settings = DEFAULT_SETTINGS,
        flood_guard: FloodGuard | None = None,
        last_good: bool = False,
        replacing: _Path | None = None,
    ) -> Matcher:
        """Read lists and return a matcher over all of them.

        Parameters
        ----------
        *lists : path-like or ListSource
            Files or directories of pages, in any format `read_list` knows. No two have one name.
        allow : iterable of path-like or ListSource
            Lists of harmless pictures. What matches only because it is one of them is suppressed.
        settings : Settings
            Everything else that decisions depend on.
        flood_guard : FloodGuard, optional
            Counts in this one, which others may share, instead of one made by ``settings.flood``.
        last_good : bool
            Keep the last good state of each list beside it, as ``NAME.last-good`` and readable by its owner
            only; where a list is refused, go on from that state, with a warning in the log and a note.
        replacing : path-like, optional
            A snapshot whose place the new one is to take: a list that lost more than its `max_shrink` since
            is refused, as by `reload`.

        Raises
        ------
        ListError
            No list was named; a list has no usable record, is refused (the message says which switch allows
            it), or is stale where the policy demands fresh ones.
        OSError
            A list cannot be read.

        Examples
        --------
        >>> settings = safehash.Settings(effort="thorough")
        >>> matcher = Matcher.from_files("list.csv", allow=[], settings=settings)
        >>> len(matcher), matcher.settings.effort
        (1, 'thorough')
        """
        if settings.trusted and last_good:
            raise ValueError(
                "with trusted keys no last good state is kept: what lies beside a list is signed by nobody"
            )
        if not lists:
            raise ListError("no list was named, and nothing can match none: name at least one")
        sources = Sources(
            lists=tuple(ListSource.of(each) for each in lists),
            allow=tuple(ListSource.of(each) for each in allow),
        )
        before = None if replacing is None else replaced(replacing, settings)
        state = read_state(sources, settings, before, last_good)
        return cls._made(
            state, settings=settings, flood_guard=flood_guard, sources=sources, keeps_good=last_good
        )

    @classmethod
    def from_entries(
        cls,
        entries: Iterable[Entry],
        *,
        allow: Iterable[Entry] = (),
        settings: Settings = DEFAULT_SETTINGS,
        flood_guard: FloodGuard | None = None,
    ) -> Matcher:
        """Return a matcher over entries at hand, each of the list that its `source` names.

        Records of one entry are merged as a list's are: a later page that is older loses.

        Raises
        ------
        ListError
            No entry to match against is left.

        Examples
        --------
        >>> known = safehash.Entry(hash=safehash.hash_file("photo.jpg"), source="own", id="b-1")
        >>> Matcher.from_entries([known]).check("photo.jpg").standing[0].entry.id
        'b-1'
        """
        state = state_of_entries(entries, allow, settings)
        return cls._made(state, settings=settings, flood_guard=flood_guard, sources=Sources())

    @classmethod
    def open(
        cls,
        path: _Path,
        *,
        settings: Settings = DEFAULT_SETTINGS,
        flood_guard: FloodGuard | None = None,
        verify: Literal["lazy", "full"] = "lazy",
    ) -> Matcher:
        """Open a snapshot that `save` wrote: memory-mapped, shared between processes, in milliseconds.

        Parameters
        ----------
        path : path-like
        settings : Settings
            Its policy gives thresholds and quality floor; without one, those of the snapshot hold, of the new
            one after a reload. Which entries count was settled when the snapshot was built.
        flood_guard : FloodGuard, optional
            As of `from_files`.
        verify : "lazy" or "full"
            Check every block before its first use, or the whole file now.

        Raises
        ------
        IndexFileError
            The file is damaged, truncated, foreign, newer, or not signed by one of ``settings.trusted``.

        Examples
        --------
        >>> matcher = Matcher.open("lists.safehash", verify="full")
        >>> [info.name for info in matcher.lists]
        ['list']
        """
        snapshot = open_snapshot(path, verify=verify, trusted=settings.trusted)
        return cls._made(
            adopt_state(snapshot, settings),
            settings=settings,
            flood_guard=flood_guard,
            # Absolute: it is opened again by `reload`, and where this matcher is unpickled.
            sources=Sources(snapshot=str(Path(path).absolute())),
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle and copy as what opens the snapshot again; counts of matches begin anew there."""
        if self._sources.snapshot is None:
            raise TypeError(
                "a Matcher made from lists does not pickle: save it first, and pickle what `Matcher.open(path)` returns"
            )
        return _opened, (type(self), self._sources.snapshot, self._asked, self._shared_guard)

    def save(self, path: _Path, *, key: bytes | None = None) -> None:
        """Write everything a decision needs as one snapshot file, readable by its owner only.

        Written beside its place, flushed and renamed: a reader sees the old file or the new one. `key`, an Ed25519
        private key of 32 bytes, signs it: ``settings.trusted`` asks for that where it is opened.

        Raises
        ------
        IndexFileError
            The file could not be written.

        Examples
        --------
        >>> Matcher.from_files("list.csv").save("new.safehash")
        >>> len(Matcher.open("new.safehash"))
        1
        """
        save_state(path, self._state, key=key)

    def reload(self) -> None:
        """Read the lists or the snapshot again and swap; decisions under way finish on the old state.

        Of a snapshot every block is checked first.

        Raises
        ------
        ListError, IndexFileError, OSError
            What is there now cannot be used, or a list lost more than its `max_shrink`. The old state stays in
            place.

        Examples
        --------
        >>> matcher = Matcher.from_files("list.csv")
        >>> matcher.reload()
        """
        if self._sources == Sources():
            raise ListError("made of entries: there is nothing to read again")
        with self._reloading:  # what was read last stays
            _, known = self._remarks
            if self._sources.snapshot is not None:
                # All of it is checked, as nothing has to be known at once: damage never replaces what is sound.
                snapshot = open_snapshot(self._sources.snapshot, verify="full", trusted=self._asked.trusted)
                self._state = adopt_state(snapshot, self._asked)
            else:
                before = before_of(self._state.table, self._state.audit.lists)
                self._state = read_state(self._sources, self._asked, before, keep_good=self._keeps_good)
            self._refusals = Refusals()
            lists = ", ".join(f"{each.name} {each.snapshot[:SHOWN_DIGITS]}" for each in self.lists)
            _LOG.info("reloaded: %d entries of %s", len(self), lists)
            self._warn(known=known)  # a list that is called otherwise now has lost its own threshold

    def reload_if_changed(self) -> bool:
        """Reload if a file was replaced or changed since it was read; return whether there is a new state.

        Cheap: one look at each file's status. What cannot be used changes nothing but `notes`, `n_refused` and the
        log, and is not read again until it changes.

        Raises
        ------
        ListError, IndexFileError
            A file is gone, at every call until it is there again. The old state stays in place; `notes`, `n_refused`
            and the log say so, once.

        Examples
        --------
        >>> matcher = Matcher.from_files("list.csv")
        >>> matcher.reload_if_changed()
        False
        """
        if not self._changed():
            return False
        with self._reloading:
            if not self._changed():
                return False  # another thread was faster
            seen = origin_of(self._sources)
            try:
                self.reload()
            except (ListError, IndexFileError, OSError) as exc:
                if seen != self._refusals.seen:
                    when = datetime.now(timezone.utc).isoformat(timespec="seconds")
                    note = f"not reloaded at {when}, the state before stays: {exc}"
                    self._refusals = Refusals(seen, self._refusals.n + 1, note)
                    _LOG.warning("%s", note)
                if is_gone(seen):
                    raise
                return False
        return True

    def _changed(self) -> bool:
        seen = origin_of(self._sources)
        if seen == self._state.origin:
            self._refusals = Refusals()  # what was in its place, or gone, is no longer
            return False
        return is_gone(seen) or seen != self._refusals.seen

    # -- deciding -----------------------------------------------------------------------------------------

    def check(
        self, item: Upload, *, effort: Effort | None = None, lists: Collection[str] | None = None
    ) -> Decision:
        """Decide one upload.

        Parameters
        ----------
        item : bytes, path-like, binary file object, PIL image, or ndarray of uint8
            The image file's bytes; where it is; an object to read it from (`io.BytesIO`, an open file, an
            uploaded file of Django, Starlette or FastAPI), which is read from its start where it can seek and
            left where it was; or pixels, shape (rows, cols) or (rows, cols, 3), upright.
        effort : "fast", "standard", "thorough" or "exhaustive", optional
            Instead of the matcher's own.
        lists : collection of str, optional
            Names of the lists that are matched against; all of them otherwise. Allow-lists always count.

        Returns
        -------
        Decision
            Never an exception for a bad image: unreadable, too large and unsupported are outcomes.

        Raises
        ------
        TypeError
            `item` is none of that; the message names what was given.
        ValueError
            There is no such effort, or no such list.

        Examples
        --------
        >>> decision = Matcher.from_files("list.csv").check("photo.jpg", effort="fast")
        >>> decision.is_match, decision.audit.effort
        (True, 'fast')
        >>> Matcher.from_files("list.csv").check(b"no image").reason
        'not an image in a known format (starts with 6e 6f 20 69)'
        """
        started, began = time.perf_counter(), time.thread_time()
        state = of_lists(self._state, lists)
        settings, audit = self._at(state, effort)
        matches, facts = decide_upload(state, item, settings)
        decision = self._finish(audit, matches, facts, milliseconds=1e3 * (time.perf_counter() - started))
        spent = time.thread_time() - began
        if spent > _SLOW_SECONDS:
            _LOG.warning("slow: an upload took %.1f s of processor time (%s)", spent, shown(decision))
        return decision

    def explain(
        self, item: Upload, entry: str | Entry | None = None, *, effort: Effort | None = None
    ) -> Explanation:
        """Say why an upload matches what it matches, and nothing else; it counts toward no flood guard.

        Parameters
        ----------
        item : bytes, path-like, binary file object, PIL image, or ndarray of uint8
            As of `check`.
        entry : str or Entry, optional
            Tell of this entry alone, by its id or the 64 digits of its digest; several may share either.
        effort : "fast", "standard", "thorough" or "exhaustive", optional
            Instead of the matcher's own.

        Returns
        -------
        Explanation

        Raises
        ------
        LookupError
            No entry that is matched against is called so.
        TypeError
            `item` is no upload.

        Examples
        --------
        >>> explanation = Matcher.from_files("list.csv").explain("photo.jpg")
        >>> explanation.decision.is_match, explanation.looks[0].nearest[0].distance
        (True, 0)
        """
        started = time.perf_counter()
        state = self._state
        rows = [] if entry is None else rows_of(state, entry)
        settings, audit = self._at(state, effort)
        matches, facts, looks = explained(state, item, settings, rows)
        return Explanation(
            decision=decision_of(audit, matches, facts, milliseconds=1e3 * (time.perf_counter() - started)),
            entries=tuple(state.table[row] for row in rows),
            looks=looks,
        )

    def _at(self, state: State, effort: Effort | None) -> tuple[Settings, Audit]:
        """Return settings and audit of a state, at an effort."""
        settings, audit = self._asked, state.audit
        if effort is not None and effort != settings.effort:
            settings, audit = replace(settings, effort=effort), replace(audit, effort=effort)
        return settings, audit

    def check_many(
        self, items: Iterable[Upload], *, effort: Effort | None = None, threads: int | None = None
    ) -> list[Decision]:
        """Decide several uploads, on several threads, in their order.

        Parameters
        ----------
        items : iterable
            Of what `check` takes.
        effort : "fast", "standard", "thorough" or "exhaustive", optional
            Instead of the matcher's own.
        threads : int, optional
            By default one for each processor this process may use, as of `hash_many`.

        Examples
        --------
        >>> decisions = Matcher.from_files("list.csv").check_many(["photo.jpg", "other.jpg", b""])
        >>> [decision.outcome.value for decision in decisions]
        ['match', 'no_match', 'unreadable']
        """
        return list(on_threads(lambda item: self.check(item, effort=effort), items, threads=threads))

    def near_any(
        self, digests: npt.NDArray[np.uint8], *, algorithm: str | Algorithm
    ) -> npt.NDArray[np.bool_]:
        """Return for which stored digests `check_hashes` could find anything; a million in a minute.

        Parameters
        ----------
        digests : ndarray of uint8, shape (n, n_bytes)
        algorithm : str or Algorithm

        Returns
        -------
        ndarray of bool, shape (n,)
            False where neither the digest nor its turns nor its negative is near any entry of any list.

        Examples
        --------
        >>> import numpy as np
        >>> stored = [safehash.hash_file(name) for name in ("photo.jpg", "other.jpg")]
        >>> digests = np.frombuffer(b"".join(value.digest for value in stored), np.uint8).reshape(-1, 32)
        >>> Matcher.from_files("list.csv").near_any(digests, algorithm="pdq").tolist()
        [True, False]
        """
        return near_any(self._state, digests, algorithm=Algorithm(algorithm))

    def check_hash(self, value: Hash) -> Decision:
        """Decide a stored hash as `check_hashes` does.

        Examples
        --------
        >>> stored = safehash.hash_file("photo.jpg")
        >>> Matcher.from_files("list.csv").check_hash(stored).is_match
        True
        """
        return self.check_hashes([value])[0]

    def check_hashes(
        self, values: Sequence[Hash], *, lists: Collection[str] | None = None, turned: bool = True
    ) -> list[Decision]:
        """Decide stored hashes in one batch; without the image only orientations and negative can be tried.

        Parameters
        ----------
        values : sequence of Hash
        lists : collection of str, optional
            As of `check`.
        turned : bool
            Look them up turned and negative, too: nine look-ups instead of one.

        Examples
        --------
        >>> stored = [safehash.hash_file(name) for name in ("photo.jpg", "other.jpg")]
        >>> [decision.is_match for decision in Matcher.from_files("list.csv").check_hashes(stored)]
        [True, False]
        """
        started = time.perf_counter()
        state = of_lists(self._state, lists)
        judged = decide_hashes(state, values, self._asked, turned=turned)
        elapsed = 1e3 * (time.perf_counter() - started) / max(1, len(values))
        return [self._finish(state.audit, *each, milliseconds=elapsed) for each in judged]

    def _finish(self, audit: Audit, matches: list[Match], facts: Facts, *, milliseconds: float) -> Decision:
        """Sort, name the outcome, settle, count and quarantine."""
        decision = self._pairs.settle(decision_of(audit, matches, facts, milliseconds=milliseconds))
        return decision if self._flood_guard is None else quarantined(decision, self._flood_guard)


def _opened(kind: type[Matcher], path: str, settings: Settings, flood_guard: FloodGuard | None) -> Matcher:
    """Open a pickled matcher's snapshot."""
    return kind.open(path, settings=settings, flood_guard=flood_guard)
