"""The variants of one upload worth looking up: orientations, negatives, frames, trims, crops, panels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from ..errors import ImageError
from ..hashing.compute import hash_decoded, turned_digests
from ..hashing.hashes import Algorithm, Hash
from ..images.pictures import Decoded, Provenance
from ..search.index import Index
from .evidence import Candidate, Evidence
from .families import TURNED
from .gates import Refusal
from .judgement import TURNS
from .naming import TURN_NAMES, described
from .proposing import MIRRORED
from .refining import search_windows
from .sampling import Sample
from .settings import EFFORTS, Effort, check_effort
from .thumbnails import Thumbnails

__all__ = ["Hit", "ViewResult", "look_up"]

UInt8Array = npt.NDArray[np.uint8]
_Picture: TypeAlias = Decoded


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
    """

    row: int
    distance: int
    view: str
    extra: int = 0

    @property
    def needs(self) -> int:
        """The smallest `max_distance` that finds the row: what a threshold is to be compared with."""
        return max(0, self.distance - self.extra)


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
    """

    hash: Hash
    provenance: Provenance
    hits: tuple[Hit, ...]
    failures: tuple[ImageError, ...] = ()


@dataclass(frozen=True, slots=True)
class _Queries:
    """Digests to look up in one call, uint8, shape (n, n_bytes), each with its view's name, simplest views first."""

    digests: UInt8Array
    names: tuple[str, ...]


def look_up(
    frames: Iterable[Decoded],
    index: Index,
    *,
    max_distance: int,
    min_quality: int,
    effort: Effort = "standard",
    looked_at: Callable[[Decoded, Hash], None] | None = None,
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
        Views of lower PDQ quality are not looked up.
    effort : "fast", "standard" or "thorough"
        "fast" takes each picture as it is. "standard" adds orientations, negatives, and boxes inside the
        picture (borders, screenshots, collages). "thorough" adds crops and small rotations, and looks harder for
        boxes. Each `Also` says from which effort on it counts.
    looked_at : callable or None
        Given every picture that is looked up, in order, with its hash.

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
    first: tuple[Hash, Provenance] | None = None
    best: dict[int, Hit] = {}
    sample = Sample()
    looked_up: set[bytes] = set()
    failures: list[ImageError] = []
    for picture, name, plain in _pictures(frames, effort, failures):
        own, queries = _plain_views(picture, index.algorithm, "fast" if plain or not len(index) else effort)
        if looked_at is not None:
            looked_at(picture, own)
        first = first or (own, picture.provenance)
        if not len(index):
            continue
        thumbs = Thumbnails(picture)
        # Of the frames of an animation many are the same.
        if _is_good(own.quality, min_quality) and own.digest not in looked_up:
            looked_up.add(own.digest)
            for row, distance, view, needs in _search(queries, thumbs, index, max_distance):
                _keep(best, Hit(row=row, distance=distance, view=_named(view, name), extra=distance - needs))
        if not plain and effort != "fast" and index.algorithm is Algorithm.PDQ:
            sample.offer(own, thumbs, name, picture.shown_for)
    if first is None:
        raise ValueError("no frames to look up")
    for each in sample.kept:
        found = search_windows(
            each.thumbs, index, max_distance=max_distance, thorough=effort == "thorough", settled=set(best)
        )
        for candidate, needs in found:
            view = _named(described(candidate), each.name)
            extra = candidate.distance - needs
            _keep(best, Hit(row=candidate.row, distance=candidate.distance, view=view, extra=extra))
    hits = tuple(sorted(best.values(), key=lambda hit: (hit.distance, hit.row)))
    return ViewResult(hash=first[0], provenance=first[1], hits=hits, failures=tuple(failures))


def _keep(best: dict[int, Hit], hit: Hit) -> None:
    """Keep the view that needs the least threshold: a nearer one of another kind may need more, and lose the row."""
    before = best.get(hit.row)
    if before is None or (hit.needs, hit.distance) < (before.needs, before.distance):
        best[hit.row] = hit


def _pictures(
    frames: Iterable[Decoded], effort: Effort, failures: list[ImageError]
) -> Iterator[tuple[Decoded, str, bool]]:
    """Yield every picture to look at, what to call it, whether as it is alone; add why others failed to `failures`."""
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
        yield frame, name, False
        for also in frame.also:
            if EFFORTS.index(also.effort) > EFFORTS.index(effort):
                continue
            try:
                picture = also.make()
            except ImageError as exc:
                failures.append(exc)
                continue
            yield picture, _named(also.name, name), also.plain


#: The views that need no window, in the order of their queries.
_PLAIN_VIEWS = (*TURN_NAMES, "negative", f"negative, {TURN_NAMES[MIRRORED]}")


def _plain_views(picture: Decoded, algorithm: Algorithm, effort: Effort) -> tuple[Hash, _Queries]:
    """Return the picture's hash as it is, and the digests of the views that need no window."""
    if effort == "fast":
        own = hash_decoded(picture, algorithm=algorithm)
        return own, _Queries(np.frombuffer(own.digest, np.uint8)[None], _PLAIN_VIEWS[:1])
    if algorithm is Algorithm.PDQ:
        turned, quality = turned_digests(picture)
        own = Hash(algorithm, turned[0], quality=quality)
    else:
        own = hash_decoded(picture, algorithm=algorithm)
        turned = tuple(each.digest for each in own.orientations())
    digests = np.empty((len(_PLAIN_VIEWS), algorithm.n_bytes), np.uint8)
    digests[:8] = np.frombuffer(b"".join(turned), np.uint8).reshape(8, -1)
    np.invert(digests[0], out=digests[8])
    np.invert(digests[MIRRORED], out=digests[9])
    return own, _Queries(digests, _PLAIN_VIEWS)


def _is_good(quality: int | None, min_quality: int) -> bool:
    return quality is None or quality >= min_quality


def _named(view: str, name: str) -> str:
    if view == TURN_NAMES[0]:
        return name or view
    return f"{name}, {view}" if name else view


def _search(
    queries: _Queries, thumbs: Thumbnails, index: Index, max_distance: int
) -> Iterator[tuple[int, int, str, int]]:
    """Yield row, distance, view and needed threshold of everything within the threshold."""
    digests = queries.digests
    offsets, rows, distances = index.search_many(digests, max_distance=max_distance)
    if len(rows):
        query_of = np.repeat(np.arange(len(digests)), np.diff(offsets))
        for query, row, distance in zip(query_of.tolist(), rows.tolist(), distances.tolist(), strict=True):
            view = queries.names[query]
            if view != TURN_NAMES[0] and index.algorithm is Algorithm.PDQ:
                candidate = Candidate(family=TURNED, row=row, distance=distance)
                needs = TURNS.judge(Evidence(candidate, index.digests_of([row]), thumbs))
                if isinstance(needs, Refusal) or needs > max_distance:
                    continue
                yield row, distance, view, needs
            else:
                yield row, distance, view, distance
