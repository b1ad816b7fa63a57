"""Lists, index and policy together: one upload in, one Decision out."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Collection, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import __version__
from .compute import hash_decoded, read_file, reduction_for
from .decision import Audit, Decision, ListInfo, Match, Outcome
from .entries import EntryTable, EntryTableBuilder
from .errors import ImageError, ImageTooLarge, ImageTooSmall, ListError, UnsupportedImage
from .exact import ExactIndex
from .flood import FloodGuard
from .hashes import Algorithm, Hash, turn_digests
from .images import DEFAULT_LIMITS, Decoded, Limits, decode, decode_frames, from_image
from .index import Index
from .loading import load_list
from .policy import Policy, staleness
from .views import TURN_NAMES, Effort, Hit, look_up

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Matcher"]

PathLike = str | os.PathLike[str]
Upload = "bytes | bytearray | memoryview | PathLike | Image"

_PERCEPTUAL = tuple(algorithm for algorithm in Algorithm if algorithm.is_perceptual)
_EXACT = tuple(algorithm for algorithm in Algorithm if not algorithm.is_perceptual)
_EFFORTS = ("fast", "standard", "thorough")


@dataclass(frozen=True, slots=True, kw_only=True)
class _State:
    """Everything a decision reads, swapped as one."""

    table: EntryTable
    n_listed: int  # rows from here on come from allow-lists
    indexes: dict[Algorithm, Index]
    exact: dict[Algorithm, ExactIndex]
    rows: dict[Algorithm, npt.NDArray[np.int64]]  # index row -> table row
    allowed: frozenset[int]  # listed rows whose very digest stands on an allow-list
    audit: Audit
    notes: tuple[str, ...]


class Matcher:
    """Decides uploads against lists.

    Made by `from_files` or `open`. Safe to share between threads; `reload` swaps the lists under load, and
    decisions under way finish on the old ones.
    """

    def __init__(
        self,
        state: _State,
        *,
        policy: Policy,
        limits: Limits,
        effort: Effort,
        flood_guard: FloodGuard | None,
        allow_ids: Collection[str] = (),
        allow_distance: int = 16,
        sources: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
    ) -> None:
        self._state = state
        self._policy = policy
        self._limits = limits
        self._effort: Effort = effort
        self._flood_guard = flood_guard
        self._allow_ids = frozenset(allow_ids)
        self._allow_distance = allow_distance
        self._sources = sources

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
            How near (bits) an upload must be to a picture on an allow-list.
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
        if effort not in _EFFORTS:
            raise ValueError(f"effort is one of {', '.join(_EFFORTS)}, not {effort!r}")
        policy = Policy() if policy is None else policy
        sources = (tuple(os.fspath(path) for path in lists), tuple(os.fspath(path) for path in allow))
        state = _load(sources, policy, effort)
        return cls(
            state,
            policy=policy,
            limits=limits,
            effort=effort,
            flood_guard=flood_guard,
            allow_ids=allow_ids,
            allow_distance=allow_distance,
            sources=sources,
        )

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
        if chosen not in _EFFORTS:
            raise ValueError(f"effort is one of {', '.join(_EFFORTS)}, not {chosen!r}")
        matches: list[Match] = []
        try:
            if isinstance(item, (str, os.PathLike)):
                item = read_file(item, limits=self._limits)
            if isinstance(item, (bytes, bytearray, memoryview)):
                data = bytes(item)
                matches = self._exact_matches(state, data)
                decision = self._decide_data(state, data, chosen, matches)
            else:
                decision = self._decide_decoded(state, from_image(item), None, chosen, matches)
        except (ImageError, OSError) as exc:
            decision = self._finish(state, matches, outcome=_outcome_of(exc), reason=_reason_of(exc))
        audit = state.audit if chosen == state.audit.effort else replace(state.audit, effort=chosen)
        return replace(decision, audit=audit, milliseconds=1e3 * (time.perf_counter() - started))

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

    def check_hash(self, value: Hash) -> Decision:
        """Decide a stored hash: as it is, its orientations derived from the bits, its negative."""
        return self.check_hashes([value])[0]

    def check_hashes(self, values: Sequence[Hash]) -> list[Decision]:
        """Decide stored hashes in one batch; without the image only orientations and negative can be tried."""
        started = time.perf_counter()
        state = self._state
        decisions: list[Decision | None] = [None] * len(values)
        for algorithm in {value.algorithm for value in values}:
            places = [place for place, value in enumerate(values) if value.algorithm is algorithm]
            hits = self._stored_hits(state, algorithm, [values[place] for place in places])
            for place, found in zip(places, hits, strict=True):
                value = values[place]
                low = value.quality is not None and value.quality < self._policy.min_quality
                matches = [] if low else self._judged(state, algorithm, found)
                outcome = Outcome.LOW_QUALITY if low else Outcome.NO_MATCH
                decisions[place] = self._finish(state, matches, outcome=outcome, hash=value)
        elapsed = 1e3 * (time.perf_counter() - started) / max(1, len(values))
        return [replace(decision, milliseconds=elapsed) for decision in decisions if decision is not None]

    def _decide_data(self, state: _State, data: bytes, effort: Effort, matches: list[Match]) -> Decision:
        only_pdq = not (Algorithm.PHASH in state.indexes or Algorithm.PHASH256 in state.indexes)
        step_for = reduction_for if only_pdq else _full_luma
        first = decode(data, limits=self._limits, step_for=step_for)
        return self._decide_decoded(state, first, data, effort, matches)

    def _decide_decoded(
        self, state: _State, first: Decoded, data: bytes | None, effort: Effort, matches: list[Match]
    ) -> Decision:
        frames = [first]
        if data is not None and effort != "fast" and first.provenance.n_frames > 1:
            frames = list(decode_frames(data, limits=self._limits, step_for=reduction_for))
            first = frames[0]
        own: Hash | None = None
        good = False
        if Algorithm.PDQ in state.indexes or not state.indexes:
            index = state.indexes.get(Algorithm.PDQ)

            def on_black() -> Decoded:
                assert data is not None
                return decode(data, limits=self._limits, step_for=reduction_for, background="black")

            result = look_up(
                frames,
                index if index is not None else _EMPTY_PDQ,
                max_distance=_radius(self._policy, Algorithm.PDQ),
                min_quality=self._policy.min_quality,
                effort=effort,
                on_black=on_black if data is not None and first.provenance.transparent else None,
            )
            own = result.hash
            good = bool(result.hits) or (own.quality or 0) >= self._policy.min_quality
            matches += self._judged(state, Algorithm.PDQ, result.hits)
        for algorithm in (Algorithm.PHASH, Algorithm.PHASH256):
            if algorithm not in state.indexes:
                continue
            flat = hash_decoded(first, algorithm=Algorithm.PDQ) if own is None else own
            own = flat if own is None else own
            good = (flat.quality or 0) >= self._policy.min_quality or good
            if (flat.quality or 0) >= self._policy.min_quality:
                value = hash_decoded(first, algorithm=algorithm)
                own = value if Algorithm.PDQ not in state.indexes else own
                found = self._stored_hits(state, algorithm, [value], turned=effort != "fast")[0]
                matches += self._judged(state, algorithm, found)
        outcome = Outcome.NO_MATCH if good else Outcome.LOW_QUALITY
        return self._finish(state, matches, outcome=outcome, hash=own, decoded=first)

    def _stored_hits(
        self, state: _State, algorithm: Algorithm, values: Sequence[Hash], *, turned: bool = True
    ) -> list[tuple[Hit, ...]]:
        """Look up hashes without their pictures; one tuple of hits for each."""
        if not algorithm.is_perceptual:
            exact = state.exact.get(algorithm)
            return [
                tuple(Hit(row=row, distance=0, view="same file") for row in exact.rows_of(value.digest))
                if exact is not None
                else ()
                for value in values
            ]
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
        offsets, rows, distances = index.search_many(flat, max_distance=_radius(self._policy, algorithm))
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

    def _exact_matches(self, state: _State, data: bytes) -> list[Match]:
        """Match the file's own digests."""
        matches = []
        for algorithm, exact in state.exact.items():
            digest = hashlib.new(algorithm.value, data, usedforsecurity=False).digest()
            hits = tuple(Hit(row=row, distance=0, view="same file") for row in exact.rows_of(digest))
            matches += self._judged(state, algorithm, hits)
        return matches

    def _judged(self, state: _State, algorithm: Algorithm, hits: Sequence[Hit]) -> list[Match]:
        """Turn hits into matches: each list's own threshold, allow-lists."""
        if not hits:
            return []
        rows = state.rows[algorithm]
        placed = [(int(rows[hit.row]) if algorithm in state.indexes else hit.row, hit) for hit in hits]
        allowed_views = {
            hit.view: state.table[row].source
            for row, hit in placed
            if row >= state.n_listed and hit.distance <= self._allow_distance
        }
        matches = []
        for row, hit in placed:
            if row >= state.n_listed:
                continue
            entry = state.table[row]
            own = self._policy.of_list(entry.source)
            if algorithm.is_perceptual and hit.distance > own.max_distance[algorithm.value]:
                continue
            suppressed_by = allowed_views.get(hit.view)
            if suppressed_by is None and row in state.allowed:
                suppressed_by = "allow-list"
            if suppressed_by is None and entry.id is not None and entry.id in self._allow_ids:
                suppressed_by = "allowed id"
            matches.append(
                Match(entry=entry, distance=hit.distance, view=hit.view, suppressed_by=suppressed_by)
            )
        return matches

    def _finish(
        self,
        state: _State,
        matches: list[Match],
        *,
        outcome: Outcome,
        reason: str | None = None,
        hash: Hash | None = None,
        decoded: Decoded | None = None,
    ) -> Decision:
        """Count, quarantine, sort, and name the outcome: a match outweighs whatever else was found."""
        if self._flood_guard is not None:
            flooding = self._flood_guard.record(
                match.entry.key for match in matches if match.suppressed_by is None
            )
            matches = [
                replace(match, suppressed_by="quarantine")
                if match.suppressed_by is None and match.entry.key in flooding
                else match
                for match in matches
            ]
        standing = [match for match in matches if match.suppressed_by is None]
        if standing:
            outcome = Outcome.MATCH
        elif matches:
            outcome = Outcome.SUPPRESSED
        ordered = sorted(matches, key=lambda match: (match.suppressed_by is not None, match.distance))
        return Decision(
            outcome=outcome,
            matches=tuple(ordered),
            hash=hash,
            reason=reason,
            provenance=decoded.provenance if decoded is not None else None,
            audit=state.audit,
            decided=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        )


_EMPTY_PDQ = Index([], algorithm=Algorithm.PDQ)


def _full_luma(shorter_side: int) -> int:
    return 1


def _radius(policy: Policy, algorithm: Algorithm) -> int:
    """Return the widest threshold of any list; nearer ones are applied to each match."""
    own = [(each.max_distance or {}).get(algorithm.value, 0) for each in policy.per_list.values()]
    return max(policy.max_distance[algorithm.value], *own, 0)


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


def _load(sources: tuple[tuple[str, ...], tuple[str, ...]], policy: Policy, effort: Effort) -> _State:
    """Read all lists into one table, listed rows first, allowed ones behind."""
    builder = EntryTableBuilder()
    infos: list[ListInfo] = []
    notes: list[str] = []
    n_listed = 0
    allow_policy = Policy(categories=("positive", "seed", "disputed", "negative"), min_quality=0)
    for which, paths in enumerate(sources):
        for path in paths:
            loaded = load_list(path)
            selection = (policy if which == 0 else allow_policy).select(loaded)
            builder.extend_from(loaded.table, selection.rows)
            stale = staleness(loaded.report, refresh_days=policy.refresh_days)
            if stale is not None:
                notes.append(f"{loaded.name}: {stale}")
            notes += [f"{loaded.name}: {n} entries left out: {why}" for why, n in selection.left_out.items()]
            notes += [f"{loaded.name}: {note}" for note in loaded.report.notes]
            infos.append(
                ListInfo(
                    name=loaded.name,
                    snapshot=loaded.snapshot,
                    loaded=datetime.now(timezone.utc).isoformat(timespec="seconds"),
                    n_entries=len(selection.rows),
                )
            )
        if which == 0:
            n_listed = len(builder)
    if sources[0] and n_listed == 0:
        raise ListError("no entry to match against is left: see `safehash lists check`", path=sources[0][0])
    return _assemble(builder.build(), n_listed, infos, notes, policy, effort)


def _assemble(
    table: EntryTable,
    n_listed: int,
    infos: Sequence[ListInfo],
    notes: Sequence[str],
    policy: Policy,
    effort: Effort,
    *,
    indexes: dict[Algorithm, Index] | None = None,
) -> _State:
    rows_of: dict[Algorithm, Any] = {}
    exact: dict[Algorithm, ExactIndex] = {}
    built: dict[Algorithm, Index] = dict(indexes or {})
    allowed: set[int] = set()
    for algorithm in Algorithm:
        rows, digests = table.digests(algorithm)
        if not rows.size:
            continue
        rows_of[algorithm] = rows
        n_own = int(np.searchsorted(rows, n_listed))
        if algorithm.is_perceptual:
            if algorithm not in built:
                built[algorithm] = Index.from_digests(
                    digests, algorithm=algorithm, max_distance=_radius(policy, algorithm)
                )
            if n_own < rows.size:
                same, found, _ = built[algorithm].search_many(digests[n_own:], max_distance=0)
                allowed |= {int(rows[row]) for row in found.tolist() if row < n_own}
        else:
            exact[algorithm] = ExactIndex(digests, rows)
            for at in range(n_own, rows.size):
                twins = exact[algorithm].rows_of(digests[at].tobytes())
                allowed |= {row for row in twins if row < n_listed}
    return _State(
        table=table,
        n_listed=n_listed,
        indexes=built,
        exact=exact,
        rows=rows_of,
        allowed=frozenset(allowed),
        audit=Audit(
            version=__version__,
            algorithm=",".join(algorithm.value for algorithm in (*built, *exact)) or "pdq",
            effort=effort,
            lists=tuple(infos),
            thresholds=tuple(sorted(policy.max_distance.items())),
            min_quality=policy.min_quality,
        ),
        notes=tuple(notes),
    )
