"""Lists, index and policy together: one upload in, one Decision out."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from . import _join
from .compute import hash_decoded, read_file, reduction_for
from .decision import Audit, Decision, ListInfo, Match, Outcome, in_order, outcome_of
from .errors import ImageError, ImageTooLarge, ImageTooSmall, IndexFileError, UnsupportedImage
from .flood import FloodGuard
from .hashes import Algorithm, Hash, turn_digests
from .images import decode, decode_frames, from_image
from .index import Index
from .limits import DEFAULT_LIMITS, Limits
from .lists import Entry
from .pictures import Decoded, Provenance
from .policy import Policy
from .snapshot import open_snapshot, write_snapshot
from .state import Sources, State, adopt_state, origin_of, read_state, widest_distance
from .views import EFFORTS, TURN_NAMES, Effort, Hit, look_up

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Matcher", "quarantined"]

PathLike = str | os.PathLike[str]


class _Facts(NamedTuple):
    """What a decision says beside its matches."""

    outcome: Outcome  # if nothing matches
    hash: Hash | None = None
    reason: str | None = None
    provenance: Provenance | None = None


class Matcher:
    """Decides uploads against lists.

    Made by `from_files` or `open`. Safe to share between threads; `reload` swaps the lists under load, and
    decisions under way finish on the old ones.
    """

    def __init__(
        self,
        state: State,
        *,
        policy: Policy | None,
        limits: Limits,
        effort: Effort,
        flood_guard: FloodGuard | None,
        allow_ids: Collection[str],
        allow_distance: int,
        sources: Sources,
    ) -> None:
        self._asked = policy  # None: whatever a snapshot was saved with
        self._limits = limits
        self._effort: Effort = effort
        self._flood_guard = flood_guard
        self._allow_ids = frozenset(allow_ids)
        self._allow_distance = allow_distance
        self._sources = sources
        self._state = self._with_allowance(state)
        self._reloading = threading.RLock()

    @classmethod
    def from_files(
        cls,
        *lists: PathLike,
        allow: Iterable[PathLike] = (),
        allow_ids: Collection[str] = (),
        allow_distance: int = 16,
        policy: Policy | None = None,
        limits: Limits = DEFAULT_LIMITS,
        effort: Effort = "standard",
        flood_guard: FloodGuard | None = None,
    ) -> Matcher:
        """Read lists and return a matcher over all of them.

        Parameters
        ----------
        *lists : path-like
            Files or directories of pages, in any format `read_list` knows.
        allow : iterable of path-like
            Lists of harmless pictures. What matches only because it is one of them is suppressed.
        allow_ids : collection of str
            Entries, by their id, whose matches are suppressed.
        allow_distance : int
            How near (bits) an upload must be to a picture on an allow-list. Nothing farther than the widest
            threshold of the policy is looked up, so more than that has no effect.
        policy : Policy, optional
            Thresholds and which entries count; the defaults of `Policy` otherwise.
        limits : Limits
            What one upload may cost.
        effort : "fast", "standard" or "thorough"
            How many views of an upload are looked up (docs/matching.md).
        flood_guard : FloodGuard, optional
            Quarantines entries that match too large a share of uploads.

        Raises
        ------
        ListError
            A list has no usable record, or is stale where the policy demands fresh ones.
        OSError
            A list cannot be read.
        """
        if effort not in EFFORTS:
            raise ValueError(f"effort is one of {', '.join(EFFORTS)}, not {effort!r}")
        policy = Policy() if policy is None else policy
        sources = Sources(
            lists=tuple(os.fspath(path) for path in lists), allow=tuple(os.fspath(path) for path in allow)
        )
        return cls(
            read_state(sources, policy, effort),
            policy=policy,
            limits=limits,
            effort=effort,
            flood_guard=flood_guard,
            allow_ids=allow_ids,
            allow_distance=allow_distance,
            sources=sources,
        )

    @classmethod
    def open(
        cls,
        path: PathLike,
        *,
        allow_ids: Collection[str] = (),
        allow_distance: int = 16,
        policy: Policy | None = None,
        limits: Limits = DEFAULT_LIMITS,
        effort: Effort = "standard",
        flood_guard: FloodGuard | None = None,
        verify: Literal["lazy", "full"] = "lazy",
    ) -> Matcher:
        """Open a snapshot that `save` wrote: memory-mapped, shared between processes, in milliseconds.

        Parameters are those of `from_files`, but:

        policy : Policy, optional
            Thresholds and quality floor; those of the snapshot otherwise, of the new one after a reload. Which
            entries count was settled when the snapshot was built.
        verify : "lazy" or "full"
            Check every block before its first use, or the whole file now.

        Raises
        ------
        IndexFileError
            The file is damaged, truncated, foreign or newer; it says which section.
        """
        sources = Sources(snapshot=os.fspath(path))
        snapshot = open_snapshot(path, verify=verify)
        return cls(
            adopt_state(snapshot, policy, effort),
            policy=policy,
            limits=limits,
            effort=effort,
            flood_guard=flood_guard,
            allow_ids=allow_ids,
            allow_distance=allow_distance,
            sources=sources,
        )

    def save(self, path: PathLike) -> None:
        """Write everything a decision needs as one snapshot file, readable by its owner only.

        Written beside its place, flushed and renamed: a reader sees the old file or the new one.

        Raises
        ------
        IndexFileError
            The file could not be written.
        """
        state = self._state
        indexes = {
            algorithm: index
            if index.method == "multi"
            else Index.from_digests(state.table.digests(algorithm)[1], algorithm=algorithm, method="multi")
            for algorithm, index in state.indexes.items()
        }
        arrays: dict[str, npt.NDArray[Any]] = {"allowed": np.array(sorted(state.allowed), np.int64)}
        for algorithm, exact in state.exact.items():
            arrays |= {f"heads.{algorithm.value}": exact.heads, f"order.{algorithm.value}": exact.order}
        settings = {
            "n_listed": state.n_listed,
            "notes": list(state.notes),
            "max_distance": dict(state.policy.max_distance),
            "min_quality": state.policy.min_quality,
            "per_list": {
                name: {"max_distance": dict(own.max_distance)}
                for name, own in state.policy.per_list.items()
                if own.max_distance is not None
            },
            "exact": [algorithm.value for algorithm in state.exact],
        }
        write_snapshot(
            path,
            table=state.table,
            indexes=indexes,
            lists=state.audit.lists,
            settings=settings,
            arrays=arrays,
        )

    def reload(self) -> None:
        """Read the lists or the snapshot again and swap; decisions under way finish on the old state.

        Of several threads that reload at once, one reads at a time: what was read last is what stays.

        Raises
        ------
        ListError, IndexFileError, OSError
            What is there now cannot be used. The old state stays in place.
        """
        with self._reloading:
            if self._sources.snapshot is not None:
                state = adopt_state(open_snapshot(self._sources.snapshot), self._asked, self._effort)
            else:
                state = read_state(self._sources, self._asked or Policy(), self._effort)
            self._state = self._with_allowance(state)

    def _with_allowance(self, state: State) -> State:
        """Put into the audit what this matcher allows."""
        ids = tuple(sorted(self._allow_ids))
        audit = replace(state.audit, allow_distance=self._allow_distance, allow_ids=ids)
        return replace(state, audit=audit)

    def reload_if_changed(self) -> bool:
        """Reload if a file was replaced or changed since it was read; return whether it was.

        Cheap enough for every request: one look at each file's status.
        """
        if not self._changed():
            return False
        with self._reloading:
            if not self._changed():
                return False  # another thread was faster
            self.reload()
        return True

    def _changed(self) -> bool:
        try:
            return origin_of(self._sources) != self._state.origin
        except IndexFileError:
            return True  # something vanished: the reload says what

    # -- what it holds ------------------------------------------------------------------------------------

    def __len__(self) -> int:
        """Return how many list entries are matched against."""
        return self._state.n_listed

    @property
    def lists(self) -> tuple[ListInfo, ...]:
        """The lists decisions are made against, allow-lists included."""
        return self._state.audit.lists

    @property
    def audit(self) -> Audit:
        """What every decision of the present state carries."""
        return self._state.audit

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks about the lists: stale ones, what was left out and why."""
        return self._state.notes

    @property
    def limits(self) -> Limits:
        """What one upload may cost."""
        return self._limits

    @property
    def settings(self) -> dict[str, Any]:
        """What decisions depend on beside the lists, as `open` takes it."""
        return {
            "allow_ids": self._allow_ids,
            "allow_distance": self._allow_distance,
            "policy": self._state.policy,
            "limits": self._limits,
            "effort": self._effort,
        }

    @property
    def flood_guard(self) -> FloodGuard | None:
        """The guard that counts matches, where there is one."""
        return self._flood_guard

    # -- deciding -----------------------------------------------------------------------------------------

    def check(
        self, item: bytes | bytearray | memoryview | PathLike | Image, *, effort: Effort | None = None
    ) -> Decision:
        """Decide one upload.

        Parameters
        ----------
        item : bytes, path-like or PIL image
        effort : "fast", "standard" or "thorough", optional
            Instead of the matcher's own.

        Returns
        -------
        Decision
            Never an exception for a bad image: unreadable, too large and unsupported are outcomes.
        """
        started = time.perf_counter()
        state = self._state
        chosen = self._effort if effort is None else effort
        if chosen not in EFFORTS:
            raise ValueError(f"effort is one of {', '.join(EFFORTS)}, not {chosen!r}")
        matches: list[Match] = []
        facts = _Facts(Outcome.NO_MATCH)
        try:
            if isinstance(item, (str, os.PathLike)):
                item = read_file(item, limits=self._limits)
            if isinstance(item, (bytes, bytearray, memoryview)):
                data = bytes(item)
                matches = self._exact_matches(state, data)
                facts = self._decide_data(state, data, chosen, matches)
            else:
                facts = self._decide_decoded(state, from_image(item), None, chosen, matches, reduction_for)
        except (ImageError, OSError) as exc:
            facts = _Facts(_outcome_of(exc), reason=_reason_of(exc))
        audit = state.audit if chosen == state.audit.effort else replace(state.audit, effort=chosen)
        return self._finish(audit, matches, facts, milliseconds=1e3 * (time.perf_counter() - started))

    def check_many(
        self,
        items: Sequence[bytes | PathLike | Image],
        *,
        effort: Effort | None = None,
        threads: int = 1,
    ) -> list[Decision]:
        """Decide several uploads, in order, on several threads. Parameters are those of `check`."""
        if threads == 1:
            return [self.check(item, effort=effort) for item in items]
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(lambda item: self.check(item, effort=effort), items))

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
        """
        algorithm = Algorithm(algorithm)
        state = self._state
        if not (algorithm in state.indexes or algorithm in state.exact):
            return np.zeros(len(digests), bool)
        listed = state.table.digests(algorithm)[1]
        if not algorithm.is_perceptual:
            same = np.dtype((np.void, algorithm.n_bytes))
            wanted = np.ascontiguousarray(listed).view(same).ravel()
            return np.isin(np.ascontiguousarray(digests).view(same).ravel(), wanted)
        max_distance = widest_distance(state.policy, algorithm)
        if max_distance >= 2 * algorithm.n_bytes:
            return np.ones(len(digests), bool)  # too far for sorting to sort anything out
        views = np.concatenate([turn_digests(digests, algorithm=algorithm), ~digests[:, None, :]], axis=1)
        flat = np.ascontiguousarray(views.reshape(-1, algorithm.n_bytes))
        near = _join.near_any(flat, listed, max_distance=max_distance)
        return np.asarray(near.reshape(len(digests), -1).any(axis=1), np.bool_)

    def check_hash(self, value: Hash) -> Decision:
        """Decide a stored hash: as it is, its orientations derived from the bits, its negative."""
        return self.check_hashes([value])[0]

    def check_hashes(self, values: Sequence[Hash]) -> list[Decision]:
        """Decide stored hashes in one batch; without the image only orientations and negative can be tried."""
        started = time.perf_counter()
        state = self._state
        judged: list[tuple[list[Match], _Facts]] = [([], _Facts(Outcome.NO_MATCH))] * len(values)
        for algorithm in {value.algorithm for value in values}:
            places = [place for place, value in enumerate(values) if value.algorithm is algorithm]
            hits = self._stored_hits(state, algorithm, [values[place] for place in places])
            for place, found in zip(places, hits, strict=True):
                value = values[place]
                low = value.quality is not None and value.quality < state.policy.min_quality
                matches = [] if low else self._judged(state, algorithm, found)
                outcome = Outcome.LOW_QUALITY if low else Outcome.NO_MATCH
                judged[place] = matches, _Facts(outcome, hash=value)
        elapsed = 1e3 * (time.perf_counter() - started) / max(1, len(values))
        return [self._finish(state.audit, *each, milliseconds=elapsed) for each in judged]

    def _decide_data(self, state: State, data: bytes, effort: Effort, matches: list[Match]) -> _Facts:
        only_pdq = not (Algorithm.PHASH in state.indexes or Algorithm.PHASH256 in state.indexes)
        step_for = reduction_for if only_pdq else _full_luma
        first = decode(data, limits=self._limits, step_for=step_for)
        return self._decide_decoded(state, first, data, effort, matches, step_for)

    def _decide_decoded(
        self,
        state: State,
        first: Decoded,
        data: bytes | None,
        effort: Effort,
        matches: list[Match],
        step_for: Callable[[int], int],
    ) -> _Facts:
        """Add the matches of an upload's views to `matches`; return what else there is to say of it."""
        frames = [first]
        if data is not None and effort != "fast" and first.provenance.n_frames > 1:
            frames = list(decode_frames(data, limits=self._limits, step_for=step_for))
            first = frames[0]
        on_black: Callable[[], Decoded] | None = None
        if data is not None and first.provenance.transparent:

            def on_black() -> Decoded:
                assert data is not None
                return decode(data, limits=self._limits, step_for=step_for, background="black")

        own: Hash | None = None
        good = False
        if Algorithm.PDQ in state.indexes or not state.indexes:
            index = state.indexes.get(Algorithm.PDQ)
            result = look_up(
                frames,
                index if index is not None else _EMPTY_PDQ,
                max_distance=widest_distance(state.policy, Algorithm.PDQ),
                min_quality=state.policy.min_quality,
                effort=effort,
                on_black=on_black,
            )
            own = result.hash
            good = bool(result.hits) or (own.quality or 0) >= state.policy.min_quality
            matches += self._judged(state, Algorithm.PDQ, result.hits)
        wanted = [each for each in (Algorithm.PHASH, Algorithm.PHASH256) if each in state.indexes]
        if wanted:
            pictures = [*frames, on_black()] if on_black is not None and effort != "fast" else frames
            # Quality is PDQ's measure; pHash has none of its own.
            flat = [hash_decoded(picture, algorithm=Algorithm.PDQ) for picture in pictures]
            fit = [
                picture
                for picture, each in zip(pictures, flat, strict=True)
                if (each.quality or 0) >= state.policy.min_quality
            ]
            good = good or bool(fit)
            for algorithm in wanted:
                if own is None:
                    own = hash_decoded(first, algorithm=algorithm) if fit[:1] and fit[0] is first else flat[0]
                values = [hash_decoded(picture, algorithm=algorithm) for picture in fit]
                matches += self._judged(
                    state, algorithm, self._best_stored(state, algorithm, values, effort=effort)
                )
        outcome = Outcome.NO_MATCH if good else Outcome.LOW_QUALITY
        return _Facts(outcome, hash=own, provenance=first.provenance)

    def _best_stored(
        self, state: State, algorithm: Algorithm, values: Sequence[Hash], *, effort: Effort
    ) -> list[Hit]:
        """Look up the hashes of the pictures of one upload: the nearest hit of every row."""
        best: dict[int, Hit] = {}
        for hits in self._stored_hits(state, algorithm, values, turned=effort != "fast") if values else ():
            for hit in hits:
                if hit.row not in best or hit.distance < best[hit.row].distance:
                    best[hit.row] = hit
        return sorted(best.values(), key=lambda hit: (hit.distance, hit.row))

    def _stored_hits(
        self, state: State, algorithm: Algorithm, values: Sequence[Hash], *, turned: bool = True
    ) -> list[tuple[Hit, ...]]:
        """Look up hashes without their pictures; one tuple of hits for each."""
        if not algorithm.is_perceptual:
            return [_exact_hits(state, algorithm, value.digest) for value in values]
        index = state.indexes.get(algorithm)
        if index is None:
            return [()] * len(values)
        digests = np.frombuffer(b"".join(value.digest for value in values), np.uint8)
        digests = digests.reshape(len(values), algorithm.n_bytes)
        names: tuple[str, ...] = (TURN_NAMES[0],)
        queries = digests[:, None, :]
        if turned:
            names = (*TURN_NAMES, "negative")
            queries = np.concatenate(
                [turn_digests(digests, algorithm=algorithm), ~digests[:, None, :]], axis=1
            )
        flat = np.ascontiguousarray(queries.reshape(-1, algorithm.n_bytes))
        offsets, rows, distances = index.search_many(
            flat, max_distance=widest_distance(state.policy, algorithm)
        )
        found: list[tuple[Hit, ...]] = []
        for number in range(len(values)):
            best: dict[int, Hit] = {}
            first, last = int(offsets[number * len(names)]), int(offsets[(number + 1) * len(names)])
            if first == last:
                found.append(())
                continue
            for view, name in enumerate(names):
                at = number * len(names) + view
                for answer in range(int(offsets[at]), int(offsets[at + 1])):
                    row, distance = int(rows[answer]), int(distances[answer])
                    if row not in best or distance < best[row].distance:
                        best[row] = Hit(row=row, distance=distance, view=name)
            found.append(tuple(sorted(best.values(), key=lambda hit: (hit.distance, hit.row))))
        return found

    # -- judging ------------------------------------------------------------------------------------------

    def _exact_matches(self, state: State, data: bytes) -> list[Match]:
        """Match the file's own digests."""
        matches = []
        for algorithm in state.exact:
            digest = hashlib.new(algorithm.value, data, usedforsecurity=False).digest()
            matches += self._judged(state, algorithm, _exact_hits(state, algorithm, digest))
        return matches

    def _judged(self, state: State, algorithm: Algorithm, hits: Sequence[Hit]) -> list[Match]:
        """Turn hits into matches: each list's own threshold, allow-lists."""
        if not hits:
            return []
        rows = state.table.rows_of(algorithm, [hit.row for hit in hits])
        placed = list(zip(rows, hits, strict=True))
        allowing = [
            (state.table[row], hit)
            for row, hit in placed
            if row >= state.n_listed and hit.distance <= self._allow_distance
        ]
        matches = []
        for row, hit in placed:
            if row >= state.n_listed:
                continue
            entry = state.table[row]
            own = state.policy.of_list(entry.source)
            if algorithm.is_perceptual and hit.needs > own.max_distance[algorithm.value]:
                continue
            suppressed_by = _allowed_by(entry, hit, allowing)
            if suppressed_by is None and row in state.allowed:
                suppressed_by = "allow-list"
            if suppressed_by is None and entry.id is not None and entry.id in self._allow_ids:
                suppressed_by = "allowed id"
            matches.append(
                Match(entry=entry, distance=hit.distance, view=hit.view, suppressed_by=suppressed_by)
            )
        return matches

    def _finish(self, audit: Audit, matches: list[Match], facts: _Facts, *, milliseconds: float) -> Decision:
        """Count, quarantine, sort, and name the outcome: a match outweighs whatever else was found."""
        decision = Decision(
            outcome=outcome_of(matches, facts.outcome),
            matches=in_order(matches),
            hash=facts.hash,
            reason=facts.reason,
            provenance=facts.provenance,
            audit=audit,
            decided=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            milliseconds=milliseconds,
        )
        return decision if self._flood_guard is None else quarantined(decision, self._flood_guard)


def quarantined(decision: Decision, guard: FloodGuard) -> Decision:
    """Count a decision's standing matches; return it with those of flooding entries cancelled."""
    flooding = guard.record(match.entry.key for match in decision.matches if match.suppressed_by is None)
    return decision.suppressing(flooding, by="quarantine")


def _allowed_by(entry: Entry, hit: Hit, allowing: Sequence[tuple[Entry, Hit]]) -> str | None:
    """Return the allow-list that knows the very picture this hit was found in.

    Two windows of one upload can share a view's name (two pictures inside a larger one). What the same window
    led to lies no further apart than both distances together.
    """
    for harmless, other in allowing:
        if other.view != hit.view:
            continue
        if not (isinstance(entry.hash, Hash) and isinstance(harmless.hash, Hash)):
            continue
        if not entry.hash.algorithm.is_perceptual:
            return harmless.source
        if entry.hash.distance(harmless.hash) <= hit.distance + other.distance:
            return harmless.source
    return None


_EMPTY_PDQ = Index([], algorithm=Algorithm.PDQ)


def _full_luma(shorter_side: int) -> int:
    return 1


def _outcome_of(exc: Exception) -> Outcome:
    if isinstance(exc, ImageTooLarge):
        return Outcome.TOO_LARGE
    if isinstance(exc, (UnsupportedImage, ImageTooSmall)):
        return Outcome.UNSUPPORTED
    return Outcome.UNREADABLE


def _reason_of(exc: Exception) -> str:
    if isinstance(exc, OSError):
        return f"cannot be read: {exc.strerror or exc}"
    return str(exc)


def _exact_hits(state: State, algorithm: Algorithm, digest: bytes) -> tuple[Hit, ...]:
    exact = state.exact.get(algorithm)
    if exact is None:
        return ()
    positions = exact.positions_of(digest)
    found = []
    for position, row in zip(positions, state.table.rows_of(algorithm, positions), strict=True):
        value = state.table[row].hash
        if isinstance(value, Hash) and value.digest == digest:
            found.append(Hit(row=position, distance=0, view="same file"))
    return tuple(found)
