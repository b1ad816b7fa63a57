"""The variants of one upload worth looking up: orientations, negatives, frames, trims, crops, panels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import DeadlinePassed, ImageError, UnreadableImage
from ..hashing.compute import hash_decoded, turned_digests
from ..hashing.hashes import Algorithm, Hash
from ..images.deadline import NO_DEADLINE, Deadline
from ..images.pictures import Decoded, Provenance
from ..search.index import Index
from .efforts import PROPOSALS
from .evidence import Candidate, Evidence
from .families import AS_IT_IS, TURNED
from .gates import Refusal
from .judgement import LOW_QUALITY, SEEN_OTHERWISE, TURNS, WINDOWS, Gates
from .refining import refined
from .sampling import Sample, Sampled
from .settings import EFFORTS, Effort, check_effort
from .thumbnails import Thumbnails
from .turning import Turning
from .view_words import TURN_NAMES, described
from .weighing import bits_of
from .windows import MIRRORED
from .witness import Witness

__all__ = ["Hit", "Refused", "ViewResult", "look_up"]

UInt8Array = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """One row of the index that a view of the upload came near to.

    Attributes
    ----------
    row : int
        Of the index.
    distance : int
        In bits.
    view : str
        How the upload had to be looked at, in plain words: "as it is", "mirrored", "inside a frame" ...
    extra : int
        Bits by which this view's own threshold lies beyond (or, negative, under) that of the picture as it is.
    evidence : float or None
        That it is a copy, in bits (`weighing`), of the view that says most for it; None where a digest is all that is
        known.
    less : int
        Bits of threshold that another view of the row, which is not told, needs less than this one.
    """

    row: int
    distance: int
    view: str
    extra: int = 0
    evidence: float | None = None
    less: int = 0

    @property
    def needs(self) -> int:
        """The smallest `max_distance` that finds the row: what a threshold is to be compared with."""
        return max(0, self.by_itself - self.less)

    @property
    def by_itself(self) -> int:
        """The smallest `max_distance` at which the view that is told finds the row."""
        return max(0, self.distance - self.extra)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One row of the index that a view came near enough to, and the gate that kept it from being a hit.

    Attributes
    ----------
    row : int
        Of the index.
    distance : int
        In bits.
    view : str
        In plain words.
    gate : str
        The one that refused, or that left the fewest bits.
    reason : str
        What was found, and what was wanted.
    evidence : float
        That it is a copy, in bits, all the same.
    """

    row: int
    distance: int
    view: str
    gate: str
    reason: str
    evidence: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewResult:
    """What looking an upload up by its views gave.

    Attributes
    ----------
    hash : Hash
        Of the upload as it is (of an animation, its first frame), with its quality.
    provenance : Provenance
        Of the same picture.
    hits : tuple of Hit
        The best view of every row found, nearest first, then by row.
    failures : tuple of ImageError
        Why further pictures of the upload, or frames after the first, could not be made.
    refused : tuple of Refused
        Rows that were near enough and that a gate kept from being hits, nearest first.
    """

    hash: Hash
    provenance: Provenance
    hits: tuple[Hit, ...]
    failures: tuple[ImageError, ...] = ()
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class _Queries:
    """Digests to look up in one call, uint8, shape (n, n_bytes), each with its view's name, simplest views first."""

    digests: UInt8Array
    names: tuple[str, ...]

    def first(self) -> _Queries:
        """Return the picture as it is alone."""
        return _Queries(self.digests[:1], self.names[:1])

    def after_first(self) -> _Queries:
        """Return all other views."""
        return _Queries(self.digests[1:], self.names[1:])

    def named(self) -> tuple[tuple[str, bytes], ...]:
        """Return each view's name and digest."""
        return tuple(zip(self.names, (digest.tobytes() for digest in self.digests), strict=True))


class _Picture(NamedTuple):
    """One picture of the upload to look at.

    Attributes
    ----------
    picture : Decoded
    name : str
        What to call it; empty for the upload as it is.
    plain : bool
        Whether it is looked up as it is alone.
    since : int
        From which of `EFFORTS` on it is looked up.
    is_further : bool
        Whether it is what may be seen of the picture before it in place of that.
    is_shown : bool
        Whether browsers show it so.
    """

    picture: Decoded
    name: str
    plain: bool = False
    since: int = 0
    is_further: bool = False
    is_shown: bool = True


class Along(NamedTuple):
    """What goes along with one look-up.

    Attributes
    ----------
    looked_at : callable or None
        Given every picture that is looked up, in order, with its hash.
    deadline : Deadline
        When the looking ends. The first picture is looked up as it is in any case; what was found stands, and that
        the rest was not looked at is among the failures.
    witness : Witness or None
        Told of every step.
    limit : callable or None
        Returns the largest distance at which a row's own list matches; None where all have `max_distance`.
    """

    looked_at: Callable[[Decoded, Hash], None] | None = None
    deadline: Deadline = NO_DEADLINE
    witness: Witness | None = None
    limit: Callable[[int], int] | None = None


#: Nobody is told, and it has no end.
ALONE = Along()


def look_up(
    frames: Iterable[Decoded],
    index: Index,
    *,
    max_distance: int,
    min_quality: int,
    low_quality_distance: int | None = None,
    effort: Effort = "standard",
    along: Along = ALONE,
) -> ViewResult:
    """Look one upload up in an index by as many views of it as the effort allows.

    Parameters
    ----------
    frames : iterable of Decoded
        The picture, or frames of an animation, first frame first; each is let go when the next one is taken. What a
        viewer may see else in each (`Decoded.also`) is looked up after it. Reduced decodes are welcome.
    index : Index
        Of any perceptual algorithm; only PDQ has views that need pixels of their own.
    max_distance : int
        In bits, for the picture as it is and every view that is exact.
    min_quality : int
        Views of lower PDQ quality are not looked up, but as `low_quality_distance` says.
    low_quality_distance : int or None
        Pictures of lower quality are looked up as they are within so many bits; None: not at all.
    effort : "fast", "standard", "thorough" or "exhaustive"
        "fast" takes each picture as it is. "standard" adds orientations and negatives, where a guess leads to an
        entry, the picture itself, refined, and boxes inside it (borders, screenshots, collages). "thorough" turns every
        picture, and adds crops, tilts, boxes taken for uploads of their own and
        what something hides, and looks harder for boxes; "exhaustive" goes on with these. Each `Also` says from which
        effort on it counts.
    along : Along
        Who is told of it, and when it ends.

    Returns
    -------
    ViewResult

    Raises
    ------
    ValueError
        No frames, or an effort that does not exist.
    ImageError
        Of taking the first frame. Others, and pictures in `Decoded.also`, that cannot be made are told in the result.

    Notes
    -----
    Keeps no state: safe to call from several threads.

    References
    ----------
    docs/matching.md.
    """
    check_effort(effort)
    looked_at, deadline, witness, limit = along
    first: tuple[Hash, Provenance] | None = None
    found = _Finds(max_distance, witness, limit)
    sample = Sample()
    looked_up: set[tuple[bytes, bool]] = set()
    as_shown: Hash | None = None
    failures: list[ImageError] = []
    turning = Turning(index, effort, max_distance)

    def is_new(own: Hash) -> bool:
        return _is_good(own.quality, min_quality) and (own.digest, False) not in looked_up

    def is_enough(own: Hash, thumbs: Thumbnails) -> bool:
        """Tell whether nothing but the picture as it is will be looked up, if that."""
        return witness is None and not (is_new(own) and turning.is_turned(own, thumbs))

    def left(own: Hash | None, thumbs: Thumbnails) -> int:
        return turning.left(own, thumbs, is_new=own is not None and is_new(own))

    for picture, name, plain, since, is_further, is_shown in _pictures(frames, effort, failures, deadline):
        # A kept one without what holds the decoder's pixels: `_pictures` looks at that itself.
        thumbs = Thumbnails(replace(picture, also=()))
        own, queries, n_doubtful = _plain_views(
            picture, index.algorithm, "fast" if plain or not len(index) else effort,
            most=partial(left, thumbs=thumbs),
            is_enough=partial(is_enough, thumbs=thumbs) if first is not None or turning.is_lazy else None,
        )  # fmt: skip
        turning.take(own, thumbs, n_doubtful, is_new=is_new(own))
        if looked_at is not None:
            looked_at(picture, own)
        first = first or (own, picture.provenance)
        if not len(index):
            continue
        as_shown = as_shown if is_further and as_shown else own
        apart = own.distance(as_shown) if plain or not is_shown else 0
        why_not, is_low = "", not _is_good(own.quality, min_quality)
        looks = [(queries, "")]
        if (own.digest, is_low) in looked_up:  # of the frames of an animation many are the same
            why_not = "the same digest was looked up before"
            looks = [(queries, why_not)]
        elif is_low:
            why_low = f"quality {own.quality}, at least {min_quality} wanted"
            queries, rest = queries.first(), queries.after_first()
            why_not = why_low if low_quality_distance is None else ""
            looks = [(queries, why_not), (rest, why_low)]
        elif len(queries.names) > 1 and witness is not None and not turning.is_turned(own, thumbs):
            queries, rest = queries.first(), queries.after_first()
            looks = [(queries, ""), (rest, "no entry is near a guess at the digests of its turns")]
        if witness is not None:
            for each, why in looks:
                witness.looks_at(name, own, each.named(), why)
        if not why_not:
            if is_low or not plain:  # another of this digest is turned, too, and its distance alone decides
                looked_up.add((own.digest, is_low))
            if is_low and low_quality_distance is not None:
                within = min(low_quality_distance, max_distance)
                untouched, turned = _search(queries, thumbs, index, name, found, within, LOW_QUALITY)
            else:
                untouched, turned = _search(queries, thumbs, index, name, found, found.within, apart=apart)
            found.note_since(untouched, since)
            if turned:
                found.note_since(turned, max(since, turning.since(own, thumbs)))
        if not plain and effort != "fast" and index.algorithm is Algorithm.PDQ:
            sample.offer(own, thumbs, name, picture.shown_for, since)
        del picture, thumbs  # the last one, too: what is made of a kept one takes its place in memory
    if first is None:
        raise ValueError("no frames to look up")
    try:
        for sampled in sample.kept:
            _look_into(sampled, index, effort, found, deadline, witness)
    except DeadlinePassed as exc:
        failures.append(exc)
    return ViewResult(
        hash=first[0],
        provenance=first[1],
        hits=tuple(sorted(found.best.values(), key=lambda hit: (hit.distance, hit.row))),
        failures=tuple(failures),
        refused=tuple(
            sorted(
                (each for each in found.refused.values() if each.row not in found.best),
                key=lambda each: (each.distance, each.row),
            )
        ),
    )


def _look_into(
    sampled: Sampled, index: Index, effort: Effort, found: _Finds, deadline: Deadline, witness: Witness | None
) -> None:
    """Look the windows of one picture up, family by family, until the deadline.

    What was found without a window is not looked for by the families of an effort that finds it so, too: what a larger
    one alone looks at keeps none of the lesser one's windows from finding it at a smaller threshold.
    """
    by_windows = {row for row, hit in found.best.items() if not hit.needs}
    told: set[int] = set()  # found near enough by one family: of others only what threshold they need counts
    n_done = 0
    for number, each in enumerate(EFFORTS[: EFFORTS.index(effort) + 1]):
        here = max(number, sampled.since)
        settled = by_windows | {row for row, since in found.since.items() if since <= here}
        for propose in PROPOSALS[each][n_done:]:
            deadline.check()
            batch = propose(sampled.thumbs)
            if witness is not None:
                witness.proposes(sampled.name, batch)
            for candidate, digest, thumbs in refined(batch, index, settled, told, deadline=deadline):
                evidence, row = Evidence(candidate, digest, thumbs), candidate.row
                if row in told:
                    found.lower(row, evidence)
                else:
                    view = _named(described(candidate), sampled.name)
                    is_hit = found.take(sampled.name, view, row, candidate.distance, evidence, WINDOWS)
                    if not is_hit or candidate.distance > found.limit(row):
                        continue
                    told.add(row)
                if not found.best[row].needs:
                    settled.add(row)
                    by_windows.add(row)
        n_done = len(PROPOSALS[each])


class _Finds:
    """What one look-up came near to, the best view of each row."""

    def __init__(
        self, max_distance: int, witness: Witness | None, limit: Callable[[int], int] | None = None
    ) -> None:
        self.max_distance = max_distance
        #: What is too far for a row's own list is no find: it would keep other views from finding the row nearer.
        self.limit = limit or (lambda row: max_distance)
        self.witness = witness
        self.best: dict[int, Hit] = {}
        #: Rows found without a window, each with the place in `EFFORTS` of the least that finds it so.
        self.since: dict[int, int] = {}
        self.refused: dict[int, Refused] = {}

    @property
    def within(self) -> int:
        """Bits within which views that need no window are looked up."""
        return self.max_distance + (0 if self.witness is None else self.witness.beyond)

    def take(
        self, picture: str, view: str, row: int, distance: int, evidence: Evidence | None, gates: Gates | None
    ) -> bool:
        """Judge one candidate, keep it where it counts or was refused; return whether it is a hit."""
        if self.witness is not None:
            self.witness.finds(picture, view, row, distance, evidence, gates)
        if evidence is not None and gates is not None and self._is_beyond(row, distance, evidence):
            return False
        needs = distance if evidence is None or gates is None else gates.judge(evidence)
        if not isinstance(needs, Refusal) and needs <= self.limit(row):
            self._keep(Hit(row=row, distance=distance, view=view, extra=distance - needs), evidence)
            return True
        if evidence is not None and gates is not None:
            self._note(row, distance, view, evidence, gates)
        return False

    def note_since(self, rows: Iterable[int], since: int) -> None:
        """Note that one effort finds these rows without a window; of those that do, the least counts."""
        for row in rows:
            self.since[row] = min(since, self.since.get(row, since))

    def _is_beyond(self, row: int, distance: int, evidence: Evidence) -> bool:
        """Tell whether a row lies farther than its family allows, whatever gates say: they only take away from that."""
        return distance > self.limit(row) + WINDOWS.most_bits(evidence)

    def _keep(self, hit: Hit, evidence: Evidence | None = None) -> None:
        """Keep the view that needs the least threshold: a nearer one may need more, and lose the row.

        Its evidence is the most of any view: what more views say takes none away, so that a larger effort, which looks
        at those of a lesser one first, never ends with less.
        """
        before = self.best.get(hit.row)
        if evidence is not None:
            hit = replace(hit, evidence=bits_of(evidence))
        if before is None:
            self.best[hit.row] = hit
            return
        kept = hit if (hit.by_itself, hit.distance) < (before.by_itself, before.distance) else before
        most = max((each.evidence for each in (before, hit) if each.evidence is not None), default=None)
        less = kept.by_itself - min(before.needs, hit.needs)
        self.best[hit.row] = replace(kept, evidence=most, less=less)

    def lower(self, row: int, evidence: Evidence) -> None:
        """Have a row that was found need no more than another of its views does, which is not told."""
        needs, hit = WINDOWS.judge(evidence), self.best[row]
        if not isinstance(needs, Refusal) and needs < hit.needs:
            self.best[row] = replace(hit, less=hit.by_itself - needs)

    def _note(self, row: int, distance: int, view: str, evidence: Evidence, gates: Gates) -> None:
        """Keep what its family would have let pass if no gate had spoken."""
        family = evidence.family
        if distance > self.limit(row) + family.extra + family.rich:
            return
        if evidence.agreement is not None and evidence.agreement < gates.least_agreement(evidence):
            return
        before = self.refused.get(row)
        if before is None or distance < before.distance:
            refusal = gates.strictest(evidence)
            self.refused[row] = Refused(
                row=row, distance=distance, view=view, gate=refusal.gate, reason=refusal.reason,
                evidence=bits_of(evidence),
            )  # fmt: skip


def _pictures(
    frames: Iterable[Decoded], effort: Effort, failures: list[ImageError], deadline: Deadline
) -> Iterator[_Picture]:
    """Yield every picture to look at.

    Why others failed is added to `failures`.
    """
    n_frames = 0
    each = iter(frames)
    while True:
        try:
            frame = next(each, None)
        except ImageError as exc:
            if not n_frames:
                raise
            failures.append(exc)
            return
        if frame is None:
            return
        n_frames += 1
        provenance = frame.provenance
        of_many = provenance.n_frames > 1
        name = f"frame {provenance.frame + 1} of {provenance.n_frames}" if of_many else ""
        yield _Picture(frame, name)
        yield from _further_pictures(frame, name, effort, failures, deadline)
        del frame  # the next one takes its place in memory


def _further_pictures(
    frame: Decoded, name: str, effort: Effort, failures: list[ImageError], deadline: Deadline
) -> Iterator[_Picture]:
    """Yield what else may be seen of a frame, as `_pictures` does."""
    for also in frame.also:
        if EFFORTS.index(also.effort) > EFFORTS.index(effort):
            continue
        try:
            deadline.check()
            picture = also.make()
        except UnreadableImage as exc:
            if not also.plain:  # what a tool cannot read either, it has not listed
                failures.append(exc)
            continue
        except ImageError as exc:
            failures.append(exc)
            continue
        since = EFFORTS.index(also.effort)
        yield _Picture(picture, _named(also.name, name), also.plain, since, True, also.shown)
        del picture


#: The views that need no window, in the order of their queries.
_PLAIN_VIEWS = (*TURN_NAMES, "negative", f"negative, {TURN_NAMES[MIRRORED]}")
#: Each byte with all its bits turned over.
_INVERTED = bytes(range(255, -1, -1))


def _plain_views(
    picture: Decoded, algorithm: Algorithm, effort: Effort, *,
    most: Callable[[Hash | None], int], is_enough: Callable[[Hash], bool] | None,
) -> tuple[Hash, _Queries, int]:  # fmt: skip
    """Return the picture's hash as it is, the digests of the views that need no window, and how much that took.

    Parameters
    ----------
    picture, algorithm, effort
    most : callable
        Given the picture's hash, if it has one by then, as of `turned_digests`, whose `n_doubtful` comes back.
    is_enough : callable or None
        Given the picture's hash, whether that is all that will be looked up; None: it is not, and nothing was turned
        before.
    """
    own, n_doubtful = None, 0
    if effort == "fast" or is_enough is not None:
        own = hash_decoded(picture, algorithm=algorithm)
        if effort == "fast" or (is_enough is not None and is_enough(own)):
            return own, _Queries(np.frombuffer(own.digest, np.uint8)[None], _PLAIN_VIEWS[:1]), 0
    if algorithm is Algorithm.PDQ:
        turned, quality, n_doubtful = turned_digests(picture, most=most(own))
        own = Hash(algorithm, turned[0], quality=quality)
    else:
        own = own or hash_decoded(picture, algorithm=algorithm)
        turned = tuple(each.digest for each in own.orientations())
    negatives = (turned[0].translate(_INVERTED), turned[MIRRORED].translate(_INVERTED))
    digests = np.frombuffer(b"".join((*turned, *negatives)), np.uint8).reshape(len(_PLAIN_VIEWS), -1)
    return own, _Queries(digests, _PLAIN_VIEWS), n_doubtful


def _is_good(quality: int | None, min_quality: int) -> bool:
    return quality is None or quality >= min_quality


def _named(view: str, name: str) -> str:
    if view == TURN_NAMES[0]:
        return name or view
    return f"{name}, {view}" if name else view


def _search(
    queries: _Queries, thumbs: Thumbnails, index: Index, name: str, found: _Finds, within: int,
    as_it_is: Gates | None = None, *, apart: int = 0,
) -> tuple[set[int], set[int]]:  # fmt: skip
    """Take what a view without a window comes so near to, in bits.

    `as_it_is` judges the picture as it is, else its distance alone; but what lies farther from what is shown, `apart`
    bits, than a row may lie to match is another picture, and judged so.

    Returns the rows that were found by the picture as it is, and those found by its other views.
    """
    digests = queries.digests
    offsets, rows, distances = index.search_many(digests, max_distance=within)
    untouched, turned = set[int](), set[int]()
    query_of = np.repeat(np.arange(len(digests)), np.diff(offsets))
    for query, row, distance in zip(query_of.tolist(), rows.tolist(), distances.tolist(), strict=True):
        view = queries.names[query]
        evidence, is_turned = None, view != TURN_NAMES[0]
        if index.algorithm is Algorithm.PDQ:
            candidate = Candidate(family=TURNED if is_turned else AS_IT_IS, row=row, distance=distance)
            evidence = Evidence(candidate, index.digests_of([row]), thumbs)
        gates = TURNS if is_turned else as_it_is or (SEEN_OTHERWISE if apart > found.limit(row) else None)
        if found.take(name, _named(view, name), row, distance, evidence, gates):
            (turned if is_turned else untouched).add(row)
    return untouched, turned
