"""The variants of one upload worth looking up: orientations, negatives, frames, trims, crops, panels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from . import _core
from .compute import hash_decoded, turned_hashes
from .hashes import Algorithm, Hash
from .images import Decoded
from .index import Index
from .trims import trimmed_boxes

__all__ = ["EFFORTS", "TURN_NAMES", "Effort", "Hit", "ViewResult", "look_up"]

UInt8Array = npt.NDArray[np.uint8]
Effort = Literal["fast", "standard", "thorough"]

#: From the least work to the most.
EFFORTS: tuple[Effort, ...] = ("fast", "standard", "thorough")

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
    """

    row: int
    distance: int
    view: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewResult:
    """What looking an upload up by its views gave.

    Attributes
    ----------
    hash : Hash
        Of the upload as it is (of an animation, its first frame), with its quality.
    hits : tuple of Hit
        The best view of every row found, nearest first, then by row.
    """

    hash: Hash
    hits: tuple[Hit, ...]


@dataclass(slots=True)
class _Queries:
    """Digests to look up in one call, each with its view's name, simplest views first."""

    digests: list[bytes]
    names: list[str]

    def add(self, digest: bytes, name: str) -> None:
        self.digests.append(digest)
        self.names.append(name)


def look_up(
    decoded_frames: Sequence[Decoded],
    index: Index,
    *,
    max_distance: int,
    min_quality: int,
    effort: Effort = "standard",
    on_black: Callable[[], Decoded] | None = None,
) -> ViewResult:
    """Look one upload up in an index by as many views of it as the effort allows.

    Parameters
    ----------
    decoded_frames : sequence of Decoded
        The picture, or frames of an animation, first frame first. Reduced decodes are welcome.
    index : Index
        Of any perceptual algorithm; only PDQ has views that need pixels of their own.
    max_distance : int
        In bits, for the picture as it is and every view that is exact.
    min_quality : int
        Views of lower PDQ quality are not looked up.
    effort : "fast", "standard" or "thorough"
        "fast" takes each frame as it is. "standard" adds orientations, negatives, trims of uniform borders
        and, where `on_black` is given, the picture on black.
    on_black : callable or None
        Decodes the picture on black; given for pictures with transparency.

    Returns
    -------
    ViewResult

    Raises
    ------
    ValueError
        No frames, or an effort that does not exist.

    Notes
    -----
    Keeps no state: safe to call from several threads.

    References
    ----------
    docs/matching.md.
    """
    if not decoded_frames:
        raise ValueError("no frames to look up")
    if effort not in EFFORTS:
        raise ValueError(f"effort is one of {', '.join(EFFORTS)}, not {effort!r}")
    queries = _Queries([], [])
    first: Hash | None = None
    for picture, name in _pictures(decoded_frames, effort, on_black):
        own = _add_views(queries, picture, name, index.algorithm, min_quality, effort)
        first = first or own
    assert first is not None
    return ViewResult(hash=first, hits=_search(queries, index, max_distance))


def _pictures(
    frames: Sequence[Decoded], effort: Effort, on_black: Callable[[], Decoded] | None
) -> Iterator[tuple[Decoded, str]]:
    """Yield every picture to look at, with what to call it."""
    for number, frame in enumerate(frames):
        n_frames = frame.provenance.n_frames
        yield frame, f"frame {frame.provenance.frame + 1} of {n_frames}" if len(frames) > 1 or number else ""
    if on_black is not None and effort != "fast":
        yield on_black(), "on black"


def _add_views(
    queries: _Queries, picture: Decoded, name: str, algorithm: Algorithm, min_quality: int, effort: Effort
) -> Hash:
    """Add one picture's digests to `queries`; return its hash as it is."""
    if algorithm is not Algorithm.PDQ:
        own = hash_decoded(picture, algorithm=algorithm)
        turned = own.orientations() if effort != "fast" else (own,)
        _add_turned(queries, [value.digest for value in turned], name, negatives=effort != "fast")
        return own
    if effort == "fast":
        own = hash_decoded(picture, algorithm=algorithm)
        if _is_good(own.quality, min_quality):
            queries.add(own.digest, _named("as it is", name))
        return own
    turned = turned_hashes(picture)
    own = turned[0]
    if _is_good(own.quality, min_quality):
        _add_turned(queries, [value.digest for value in turned], name, negatives=True)
    for digests, quality in _trimmed(picture):
        if _is_good(quality, min_quality):
            _add_turned(queries, digests, _named("inside a frame", name), negatives=False)
    return own


def _is_good(quality: int | None, min_quality: int) -> bool:
    return quality is None or quality >= min_quality


def _named(view: str, name: str) -> str:
    if view == "as it is":
        return name or view
    return f"{name}, {view}" if name else view


def _add_turned(queries: _Queries, digests: Sequence[bytes], name: str, *, negatives: bool) -> None:
    for digest, view in zip(digests, TURN_NAMES, strict=False):
        queries.add(digest, _named(view, name))
    if negatives:
        for digest, view in zip(digests, TURN_NAMES, strict=False):
            turned = "negative" if view == "as it is" else f"negative, {view}"
            queries.add(bytes(byte ^ 0xFF for byte in digest), _named(turned, name))


def _trimmed(picture: Decoded) -> Iterator[tuple[tuple[bytes, ...], int]]:
    """Yield digests of the eight orientations and quality of what is left when uniform borders go."""
    where = picture.provenance
    step = where.scale
    for top, bottom, left, right in trimmed_boxes(picture.pixels):
        part = picture.pixels[top:bottom, left:right]
        rows = min(bottom * step, where.height) - top * step
        cols = min(right * step, where.width) - left * step
        yield _core.pdq_turned(part, rows=rows, cols=cols, step=step, orientation=where.orientation)


def _search(queries: _Queries, index: Index, max_distance: int) -> tuple[Hit, ...]:
    if not queries.digests:
        return ()
    joined = np.frombuffer(b"".join(queries.digests), dtype=np.uint8)
    digests = joined.reshape(len(queries.digests), index.algorithm.n_bytes)
    offsets, rows, distances = index.search_many(digests, max_distance=max_distance)
    best: dict[int, Hit] = {}
    if len(rows):
        query_of = np.repeat(np.arange(len(digests)), np.diff(offsets))
        for query, row, distance in zip(query_of.tolist(), rows.tolist(), distances.tolist(), strict=True):
            if row not in best or distance < best[row].distance:
                best[row] = Hit(row=row, distance=distance, view=queries.names[query])
    return tuple(sorted(best.values(), key=lambda hit: (hit.distance, hit.row)))
