"""The variants of one upload worth looking up: orientations, negatives, frames, trims, crops, panels."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from .. import _views
from ..errors import DeadlinePassed, ImageError
from ..hashing.algorithms import USUAL_QUALITY
from ..hashing.compute import hash_decoded, reduction_for, turned_digests
from ..hashing.hashes import Algorithm, Hash
from ..images.deadline import NO_DEADLINE, Deadline
from ..images.decoding import decode
from ..images.limits import DEFAULT_LIMITS
from ..images.pictures import Decoded, Provenance
from ..images.uploads import Upload, take
from ..search.index import Index
from .sampling import Sample
from .settings import EFFORTS, Effort, check_effort
from .windows import MIRRORED, Found, Thumbnails, search_windows, turned_needs

__all__ = ["EFFORTS", "TURN_NAMES", "Effort", "Hit", "ViewResult", "look_up", "windows_to_list"]

UInt8Array = npt.NDArray[np.uint8]
_Picture: TypeAlias = Decoded

#: What an upload is when turning it as `hashes.ORIENTATIONS` says gives the listed picture.
TURN_NAMES = (
    "as it is",
    "turned a quarter right",
    "upside down",
    "turned a quarter left",
    "flipped top to bottom",
    "mirrored",
    "mirrored and turned a quarter left",
    "mirrored and turned a quarter right",
)


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
    deadline: Deadline = NO_DEADLINE,
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
    deadline : Deadline
        When the looking ends. The first picture is looked up as it is in any case; what was found stands, and that
        the rest was not looked at is among the failures.

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
    for picture, name, plain in _pictures(frames, effort, failures, deadline):
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
    for hit, name in _window_hits(sample, index, max_distance, effort, set(best), failures, deadline):
        view = _named(_described(hit), name)
        _keep(best, Hit(row=hit.row, distance=hit.distance, view=view, extra=hit.distance - hit.needs))
    hits = tuple(sorted(best.values(), key=lambda hit: (hit.distance, hit.row)))
    return ViewResult(hash=first[0], provenance=first[1], hits=hits, failures=tuple(failures))


def _keep(best: dict[int, Hit], hit: Hit) -> None:
    """Keep the view that needs the least threshold: a nearer one of another kind may need more, and lose the row."""
    before = best.get(hit.row)
    if before is None or (hit.needs, hit.distance) < (before.needs, before.distance):
        best[hit.row] = hit


def _window_hits(
    sample: Sample,
    index: Index,
    max_distance: int,
    effort: Effort,
    found_plainly: set[int],
    failures: list[ImageError],
    deadline: Deadline,
) -> Iterator[tuple[Found, str]]:
    """Yield what windows of the sampled pictures hold, each with the picture's name, until the deadline."""
    try:
        for each in sample.kept:
            found = search_windows(
                each.thumbs, index, max_distance=max_distance, thorough=effort == "thorough",
                settled=set(found_plainly), deadline=deadline,
            )  # fmt: skip
            for hit in found:
                found_plainly.add(hit.row)
                yield hit, each.name
    except DeadlinePassed as exc:
        failures.append(exc)


def _pictures(
    frames: Iterable[Decoded], effort: Effort, failures: list[ImageError], deadline: Deadline
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
                deadline.check()
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
                needs = turned_needs(thumbs, distance, index.digests_of([row]))
                if needs > max_distance:
                    continue
                yield row, distance, view, needs
            else:
                yield row, distance, view, distance


# -- the list's side ----------------------------------------------------------------------------------------


def windows_to_list(
    upload: Upload | _Picture, *, min_quality: int = USUAL_QUALITY
) -> tuple[tuple[Hash, str], ...]:
    """Return hashes of parts of a picture that its holder may list beside it, each with what it shows.

    A copy cropped by 20 % or more has lost too much to be recognised from the whole picture's hash; it lies
    within the usual threshold of one of these. They are entries of parts: flag them as such.

    Parameters
    ----------
    upload : bytes, path-like, binary file object, PIL image, or ndarray of uint8
        As of `Matcher.check`.
    min_quality : int
        Parts of lower PDQ quality are left out.

    Returns
    -------
    tuple of (Hash, str)
        At most 14: 10 and 20 % off every side, 10, 20 and 30 % off each one.

    Raises
    ------
    ImageError, OSError
        The picture cannot be decoded or read.

    Examples
    --------
    >>> [(value.quality, part) for value, part in windows_to_list("photo.jpg")][-1]
    (100, 'without 30 % at the right')
    """
    taken = upload if isinstance(upload, Decoded) else take(upload, limits=DEFAULT_LIMITS)
    picture = taken if isinstance(taken, Decoded) else decode(taken, step_for=reduction_for)
    thumb = Thumbnails(picture).of_side(256)
    parts: list[tuple[tuple[float, float, float, float], str]] = [
        ((share, 1 - share, share, 1 - share), f"without {round(100 * share)} % on every side")
        for share in (0.1, 0.2)
    ]
    for share in (0.1, 0.2, 0.3):
        percent = f"{round(100 * share)} %"
        parts += [
            ((share, 1.0, 0.0, 1.0), f"without {percent} at the top"),
            ((0.0, 1 - share, 0.0, 1.0), f"without {percent} at the bottom"),
            ((0.0, 1.0, share, 1.0), f"without {percent} at the left"),
            ((0.0, 1.0, 0.0, 1 - share), f"without {percent} at the right"),
        ]
    windows = np.array([window for window, _ in parts])
    each = np.arange(len(parts), dtype=np.int32)
    digests = _views.hash_windows(
        thumb, np.ascontiguousarray(windows[:, :2]), np.ascontiguousarray(windows[:, 2:]), each, each
    )
    listed = []
    for digest, window, (_, name) in zip(digests, windows, parts, strict=True):
        quality = _views.measure_window(thumb, window)[0]
        if quality >= min_quality:
            listed.append((Hash(Algorithm.PDQ, digest.tobytes(), quality=quality), name))
    return tuple(listed)


# -- a window in words -------------------------------------------------------------------------------------


def _described(found: Found) -> str:
    """Say in plain words how the upload had to be looked at."""
    words = []
    if found.orientation:
        words.append(TURN_NAMES[found.orientation])
    if found.degrees:
        words.append(f"rotated about {_number(abs(found.degrees))}")
    words.append(_window_in_words(*found.window))
    kept = [word for word in words if word] or ["altered"]
    return ", ".join(kept)


def _number(degrees: float) -> str:
    rounded = max(1, round(degrees))
    return f"{rounded} degree" if rounded == 1 else f"{rounded} degrees"


def _window_in_words(top: float, bottom: float, left: float, right: float) -> str:
    height, width = bottom - top, right - left
    missing = 1.0 - 1.0 / max(height, width, 1.0)
    if min(height, width) > _WHOLE:
        return f"cropped about {max(1, round(100 * missing))} %" if missing > 1.0 - _WHOLE else ""
    down, across = round(1 / height), round(1 / width)
    row, col = round(top * down), round(left * across)
    on_grid = abs(top - row / down) < _OFF_GRID and abs(bottom - (row + 1) / down) < _OFF_GRID
    on_grid = on_grid and abs(left - col / across) < _OFF_GRID and abs(right - (col + 1) / across) < _OFF_GRID
    if on_grid and down * across > 1:
        return f"panel {row * across + col + 1} of {down * across}"
    shown = height * width
    if shown >= _MOSTLY:
        return "inside a frame"
    return f"inside a larger picture, {round(100 * shown)} % of it"


#: A window this much of the upload's sides is the upload; this far from a grid is not on it; this much of its
#: area has a frame around it rather than another picture.
_WHOLE = 0.985
_OFF_GRID = 0.02
_MOSTLY = 0.4
