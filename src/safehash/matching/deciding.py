"""One upload against one state: its matches, and what else there is to say of it. Keeps nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .. import _join
from .._digests import degenerate, distance_to_plain, turn_digests
from ..errors import ImageError, ImageTooLarge, ImageTooSmall, SafehashError, UnsupportedImage, logger_of
from ..hashing.compute import hash_decoded, reduction_for
from ..hashing.hashes import Algorithm, Hash
from ..images.deadline import NO_DEADLINE, Deadline
from ..images.decoding import decode_frames
from ..images.lent import File, Lent, lying
from ..images.pictures import Decoded, Provenance
from ..images.uploads import Upload, take
from ..lists.digest_names import digests_named
from ..lists.entry import Entry
from ..lists.policy import Policy
from ..search.index import Index
from .decision import Audit, Decision, Match, NearMiss, Outcome, in_order, outcome_of
from .evidence import Evidence
from .families import AS_IT_IS
from .gates import Refusal
from .judgement import LOW_QUALITY
from .settings import Settings
from .state import State, limits_of, widest_distance
from .view_words import TURN_NAMES
from .views import Along, Hit, Refused, look_up
from .witness import Witness

__all__ = ["Facts", "decide_hashes", "decide_upload", "decision_of", "near_any", "weighed", "why_undecided"]

_LOG = logger_of(__name__)


class Facts(NamedTuple):
    """What a decision says beside its matches."""

    outcome: Outcome  # if nothing matches
    hash: Hash | None = None
    reason: str | None = None
    provenance: Provenance | None = None
    failure: str | None = None
    refused: tuple[NearMiss, ...] = ()


def decide_upload(
    state: State, item: Upload | Lent, settings: Settings, *, witness: Witness | None = None
) -> tuple[list[Match], Facts]:
    """Look one upload up. A bad image raises nothing: it is a fact, beside what its bytes alone matched.

    Nor does what nobody expected: a defect of ours costs the upload that met it and no other. A witness is told of
    every step of its look-up.

    Raises
    ------
    SafehashError
        The snapshot turned out damaged; no upload can be decided by it.
    TypeError
        Nothing that can be an upload.
    """
    matches: list[Match] = []
    deadline = NO_DEADLINE if settings.deadline is None else Deadline.after(settings.deadline)
    try:
        data = item if isinstance(item, Lent) else take(item, limits=settings.limits)
    except (ImageError, OSError) as exc:
        return matches, why_undecided(exc)
    try:
        if isinstance(data, Decoded):
            return matches, _decide_pictures(state, [data], matches, settings, deadline, witness)
        matches += _exact_matches(state, data, settings)
        only_pdq = not (Algorithm.PHASH in state.indexes or Algorithm.PHASH256 in state.indexes)
        step_for = reduction_for if only_pdq else _full_luma
        frames = decode_frames(
            data,
            limits=settings.limits,
            step_for=step_for,
            effort=settings.effort,
            deadline=deadline,
            own_jpeg=settings.own_jpeg,
        )
        return matches, _decide_pictures(state, frames, matches, settings, deadline, witness)
    except SafehashError as exc:
        if not isinstance(exc, ImageError):
            raise
        return matches, why_undecided(exc)
    except Exception as exc:
        return matches, why_undecided(exc)


def decide_hashes(
    state: State, values: Sequence[Hash], settings: Settings, *, turned: bool = True
) -> list[tuple[list[Match], Facts]]:
    """Look stored hashes up in one batch; without the image only orientations and negative can be tried."""
    judged: list[tuple[list[Match], Facts]] = [([], Facts(Outcome.NO_MATCH))] * len(values)
    for algorithm in {value.algorithm for value in values}:
        places = [place for place, value in enumerate(values) if value.algorithm is algorithm]
        hits = _stored_hits(state, algorithm, [values[place] for place in places], turned=turned)
        for place, found in zip(places, hits, strict=True):
            value = values[place]
            low = value.quality is not None and value.quality < state.policy.min_quality
            if low:
                found = _near_enough(found, state, algorithm)
            matches = _judged(state, algorithm, found, settings)
            outcome = Outcome.LOW_QUALITY if low else Outcome.NO_MATCH
            judged[place] = matches, Facts(outcome, hash=value)
    return judged


def _near_enough(found: Sequence[Hit], state: State, algorithm: Algorithm) -> tuple[Hit, ...]:
    """Return what a stored hash of low quality matches all the same: as it is, near, and no plain shape."""
    within = state.policy.low_quality_distance
    if within is None or algorithm is not Algorithm.PDQ:
        return ()
    kept = []
    for hit in found:
        if hit.view == TURN_NAMES[0] and hit.distance <= within:
            digest = state.indexes[algorithm].digests_of([hit.row])
            known = {
                "distance": hit.distance, "plain_distance": int(distance_to_plain(digest)[0]),
                "degenerate": bool(degenerate(digest)[0]), "plain_ground": False,
            }  # fmt: skip
            if not isinstance(LOW_QUALITY.judge(Evidence.of(AS_IT_IS, known)), Refusal):
                kept.append(hit)
    return tuple(kept)


def near_any(state: State, digests: npt.NDArray[np.uint8], *, algorithm: Algorithm) -> npt.NDArray[np.bool_]:
    """Return for which stored digests `decide_hashes` could find anything, as `Matcher.near_any` says."""
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
    views = np.concatenate([turn_digests(digests), ~digests[:, None, :]], axis=1)
    flat = np.ascontiguousarray(views.reshape(-1, algorithm.n_bytes))
    near = _join.near_any(flat, listed, max_distance=max_distance)
    return np.asarray(near.reshape(views.shape[:2]).any(axis=1), np.bool_)


def decision_of(audit: Audit, matches: list[Match], facts: Facts, *, milliseconds: float) -> Decision:
    """Sort matches, and name the outcome: a match outweighs whatever else was found."""
    return Decision(
        outcome=outcome_of(matches, facts.outcome),
        matches=in_order(matches),
        hash=facts.hash,
        reason=facts.reason,
        failure=facts.failure,
        provenance=facts.provenance,
        audit=audit,
        decided=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        milliseconds=milliseconds,
        refused=facts.refused,
    )


# -- looking up -------------------------------------------------------------------------------------------


def _decide_pictures(
    state: State,
    frames: Iterable[Decoded],
    matches: list[Match],
    settings: Settings,
    deadline: Deadline,
    witness: Witness | None,
) -> Facts:
    """Add the matches of an upload's views to `matches`; return what else there is to say of it."""
    min_quality = state.policy.min_quality
    wanted = [each for each in (Algorithm.PHASH, Algorithm.PHASH256) if each in state.indexes]
    stored: dict[Algorithm, list[Hash]] = {algorithm: [] for algorithm in wanted}

    def hash_stored(picture: Decoded, own: Hash) -> None:
        # Quality is PDQ's measure; pHash has none of its own.
        if (own.quality or 0) >= min_quality:
            for algorithm in wanted:
                stored[algorithm].append(hash_decoded(picture, algorithm=algorithm))

    index = state.indexes.get(Algorithm.PDQ)
    result = look_up(
        frames,
        index if index is not None else _EMPTY_PDQ,
        max_distance=widest_distance(state.policy, Algorithm.PDQ),
        min_quality=min_quality,
        low_quality_distance=state.policy.low_quality_distance,
        effort=settings.effort,
        along=Along(hash_stored, deadline, witness, limits_of(state)),
    )
    matches += _judged(state, Algorithm.PDQ, result.hits, settings)
    own = result.hash
    fit = (own.quality or 0) >= min_quality
    if fit and index is None and wanted:
        own = stored[wanted[0]][0]  # of the algorithm that the lists are in
    good = fit or bool(result.hits)
    for algorithm in wanted:
        hits = _best_stored(state, algorithm, stored[algorithm], turned=settings.effort != "fast")
        matches += _judged(state, algorithm, hits, settings)
        good = good or bool(stored[algorithm])
    refused = _near_misses(state, result.refused)
    if not result.failures:
        outcome = Outcome.NO_MATCH if good else Outcome.LOW_QUALITY
        return Facts(outcome, hash=own, provenance=result.provenance, refused=refused)
    if not matches:
        raise result.failures[0]
    # What matched stands: it is decided. But where it is cancelled, now or by a reviewer later, why the rest was not
    # looked at is what there is to say.
    rest = why_undecided(result.failures[0])
    return rest._replace(hash=own, failure=None, provenance=result.provenance, refused=refused)


def _near_misses(state: State, refused: Sequence[Refused]) -> tuple[NearMiss, ...]:
    """Return the listed entries among rows of the PDQ index that gates refused."""
    if not refused:
        return ()
    rows = state.table.rows_of(Algorithm.PDQ, [each.row for each in refused])
    return tuple(
        NearMiss(
            entry=state.table[row],
            distance=each.distance,
            view=each.view,
            gate=each.gate,
            reason=each.reason,
            evidence=each.evidence,
        )
        for row, each in zip(rows, refused, strict=True)
        if row < state.n_listed and (state.only is None or state.table[row].source in state.only)
    )


def _best_stored(state: State, algorithm: Algorithm, values: Sequence[Hash], *, turned: bool) -> list[Hit]:
    """Look up the hashes of the pictures of one upload: the nearest hit of every row."""
    best: dict[int, Hit] = {}
    for hits in _stored_hits(state, algorithm, values, turned=turned) if values else ():
        for hit in hits:
            if hit.row not in best or hit.distance < best[hit.row].distance:
                best[hit.row] = hit
    return sorted(best.values(), key=lambda hit: (hit.distance, hit.row))


def _stored_hits(
    state: State, algorithm: Algorithm, values: Sequence[Hash], *, turned: bool = True
) -> list[tuple[Hit, ...]]:
    """Look up hashes without their pictures; one tuple of hits for each."""
    if not algorithm.is_perceptual:
        return [_exact_hits(state, algorithm, value.digest) for value in values]
    index = state.indexes.get(algorithm)
    if index is None:
        return [()] * len(values)
    max_distance = widest_distance(state.policy, algorithm)
    if not turned:
        return [
            tuple(
                Hit(row=row, distance=distance, view=TURN_NAMES[0])
                for row, distance in index.search(value, max_distance=max_distance)
            )
            for value in values
        ]
    digests = np.frombuffer(b"".join(value.digest for value in values), np.uint8)
    digests = digests.reshape(len(values), algorithm.n_bytes)
    names = (*TURN_NAMES, "negative")
    queries = np.concatenate([turn_digests(digests), ~digests[:, None, :]], axis=1)
    flat = np.ascontiguousarray(queries.reshape(-1, algorithm.n_bytes))
    offsets, rows, distances = index.search_many(flat, max_distance=max_distance)
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


# -- judging ----------------------------------------------------------------------------------------------


def _exact_matches(state: State, data: File, settings: Settings) -> list[Match]:
    """Match the file's own digests."""
    found = {}
    for algorithm in state.exact:
        digest = hashlib.new(algorithm.value, lying(data), usedforsecurity=False).digest()
        hits = _exact_hits(state, algorithm, digest)
        if hits:
            found[algorithm] = hits
    # It is one file, by whichever digest an allow-list knows it (but see _allowed_by).
    allowing = [
        each for algorithm, hits in found.items() for each in _allowing(state, algorithm, hits, settings)
    ]
    matches = []
    for algorithm, hits in found.items():
        matches += _judged(state, algorithm, hits, settings, allowing)
    return matches


def _allowing(
    state: State, algorithm: Algorithm, hits: Sequence[Hit], settings: Settings
) -> list[tuple[Entry, Hit]]:
    """Return the entries of allow-lists that were hit near enough."""
    rows = state.table.rows_of(algorithm, [hit.row for hit in hits])
    return [
        (state.table[row], hit)
        for row, hit in zip(rows, hits, strict=True)
        if row >= state.n_listed and hit.distance <= settings.allow_distance
    ]


def _judged(
    state: State,
    algorithm: Algorithm,
    hits: Sequence[Hit],
    settings: Settings,
    allowing: Sequence[tuple[Entry, Hit]] | None = None,
) -> list[Match]:
    """Turn hits into matches: each list's own threshold, allow-lists (by default those that are among the hits)."""
    if not hits:
        return []
    rows = state.table.rows_of(algorithm, [hit.row for hit in hits])
    placed = list(zip(rows, hits, strict=True))
    if allowing is None:
        allowing = _allowing(state, algorithm, hits, settings)
    matches = []
    for row, hit in placed:
        if row >= state.n_listed:
            continue
        entry = state.table[row]
        if state.only is not None and entry.source not in state.only:
            continue
        own = state.policy.of_list(entry.source)
        if algorithm.is_perceptual and hit.needs > own.max_distance[algorithm.value]:
            continue
        suppressed_by = _allowed_by(entry, hit, allowing)
        if suppressed_by is None and row in state.allowed:
            suppressed_by = "allow-list"
        if suppressed_by is None and _is_named(entry, settings.allow_ids):
            suppressed_by = "allowed id"
        if suppressed_by is None and _is_thin(hit.evidence, own.min_evidence):
            suppressed_by = "evidence"
        matches.append(
            Match(
                entry=entry, distance=hit.distance, view=hit.view, suppressed_by=suppressed_by,
                evidence=hit.evidence,
            )
        )  # fmt: skip
    return matches


def _is_named(entry: Entry, names: Collection[str]) -> bool:
    """Tell whether an entry's id or whole digest is among some names."""
    return bool(names) and (entry.id in names or entry.hash in digests_named(frozenset(names)))


def weighed(decision: Decision, known: Callable[[Match], float | None], policy: Policy) -> Decision:
    """Return a decision on a stored hash with the evidence that its picture had, where that was looked at.

    Parameters
    ----------
    decision : Decision
    known : callable
        Returns what was measured of a match's entry then, in bits; None where nothing was.
    policy : Policy
        Whose `min_evidence` a match must have, as if its picture were looked at now.
    """
    matches = []
    for match in decision.matches:
        bits = known(match) if match.evidence is None else match.evidence
        by = match.suppressed_by
        if by is None and _is_thin(bits, policy.of_list(match.entry.source).min_evidence):
            by = "evidence"
        matches.append(replace(match, evidence=bits, suppressed_by=by))
    return replace(decision, outcome=outcome_of(matches, decision.outcome), matches=in_order(matches))


def _is_thin(evidence: float | None, wanted: float | None) -> bool:
    """Tell whether a match has less evidence than is wanted: as it is shown, to a tenth; unknown is not less."""
    return evidence is not None and wanted is not None and round(evidence, 1) < wanted


def _allowed_by(entry: Entry, hit: Hit, allowing: Sequence[tuple[Entry, Hit]]) -> str | None:
    """Return the allow-list that knows the very picture this hit was found in.

    Two windows of one upload can share a view's name (two pictures inside a larger one). What the same window
    led to lies no further apart than both distances together. A picture that is nearer to the listed one, or as near
    to both, is no picture that somebody found harmless. A file is known by any digest that is as long as the listed one
    or longer: two files of one MD5 can be made, and one of them be shown as harmless.
    """
    for harmless, other in allowing:
        if other.view != hit.view:
            continue
        if not (isinstance(entry.hash, Hash) and isinstance(harmless.hash, Hash)):
            continue
        if not entry.hash.algorithm.is_perceptual:
            if harmless.hash.algorithm.n_bits >= entry.hash.algorithm.n_bits:
                return harmless.source
            continue
        nearer = other.distance < hit.distance or entry.hash == harmless.hash
        if nearer and entry.hash.distance(harmless.hash) <= hit.distance + other.distance:
            return harmless.source
    return None


_EMPTY_PDQ = Index([], algorithm=Algorithm.PDQ)


def _full_luma(shorter_side: int) -> int:
    return 1


def why_undecided(exc: Exception) -> Facts:
    """Say of an upload why it could not be looked up: for its content, its reading, or a defect of ours."""
    if isinstance(exc, ImageError):
        outcome = Outcome.UNREADABLE
        if isinstance(exc, ImageTooLarge):
            outcome = Outcome.TOO_LARGE
        elif isinstance(exc, (UnsupportedImage, ImageTooSmall)):
            outcome = Outcome.UNSUPPORTED
        return Facts(outcome, reason=str(exc), failure=exc.failure)
    if isinstance(exc, OSError):
        return Facts(Outcome.UNREADABLE, reason=f"cannot be read: {exc.strerror or exc}")
    if isinstance(exc, MemoryError):
        return Facts(Outcome.TOO_LARGE, reason="deciding it took more memory than there is", failure="memory")
    reason = f"a defect of safehash, please report it: {type(exc).__name__} (the log has the traceback)"
    _LOG.error("%s", reason, exc_info=exc)
    return Facts(Outcome.UNREADABLE, reason=reason, failure="internal")


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
