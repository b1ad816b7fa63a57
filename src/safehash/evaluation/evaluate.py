"""Recall and false matches per manipulation, measured on the user's own images."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .._face import checked
from ..errors import ImageError
from ..hashing import compute
from ..hashing.algorithms import LOW_QUALITY_DISTANCE, USUAL_DISTANCE
from ..hashing.bits import distance_between
from ..hashing.hashes import Algorithm, Hash
from ..hashing.threads import n_threads_of, on_threads
from ..images.decoding import decode
from ..images.pictures import Decoded
from ..images.uploads import read_file
from ..lists.source import ListPath, ListSource, check_names
from ..matching.settings import EFFORTS, Effort
from ..matching.views import Hit, Refused, look_up
from ..search.index import Index
from .calibration import Judged, by_evidence
from .intervals import wilson
from .manipulations import MANIPULATIONS, Manipulation, apply, as_picture
from .options import DEFAULT_OPTIONS, EvaluationOptions
from .own_list import OwnList
from .peers import Peer, find_peers
from .results import NEAREST_WITHIN, Evaluation, EvaluationRow
from .scene import Picture, Scene

__all__ = ["evaluate", "measure"]

UInt8Array = npt.NDArray[np.uint8]

_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"}

#: Pictures are brought to this longer side first, as platforms do; it bounds the time that a folder takes.
_LONGER_SIDE = 1024

#: One picture in so many is never listed: collages and insets are made with those.
_BACKGROUND_EVERY = 5

#: How a picture is looked up unaltered.
_AS_IT_IS = Manipulation("as it is", "codec", lambda picture, scene: picture, "PNG")


# -- the measurement -----------------------------------------------------------------------------------------


@checked
def evaluate(
    folder: str | os.PathLike[str],
    *,
    options: EvaluationOptions = DEFAULT_OPTIONS,
    own_lists: Sequence[ListPath] = (),
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Manipulate a folder's pictures, look the results up, and count what is found again.

    Four of five pictures are listed, by their hash alone, among generated hashes; the fifth serves as other
    people's picture in collages. An upload that comes near the entry of another picture is a false match,
    unless the two listed pictures are near each other to begin with.

    Parameters
    ----------
    folder : path
        Searched with its subfolders, in the order of the names.
    options : EvaluationOptions
        Which manipulations and efforts, on how many pictures, against how long a list.
    own_lists : sequence of path or ListSource
        Lists in any format that `read_list` knows, looked up beside the folder's and the generated hashes. An
        upload that comes near their entries is a false match, unless the picture is on the list to begin with.
    threads : int, optional
        One a processor unless told otherwise.
    progress : callable, optional
        Told how many uploads are done, of how many.

    Returns
    -------
    Evaluation

    Raises
    ------
    ValueError
        Too few usable pictures, or an own list without a PDQ hash.
    ListError
        An own list that cannot be read.

    Notes
    -----
    The same folder, version and seed give the same counts; only times differ.

    Examples
    --------
    >>> options = safehash.EvaluationOptions(families=["orientation"], list_size=100, efforts=["fast"])
    >>> measured = evaluate("photos", options=options)
    >>> measured.n_listed, measured.list_size, [row.recall("fast") for row in measured.families()]
    (2, 100, [0.0])
    """
    return measure(
        folder,
        manipulations=[each for each in MANIPULATIONS if each.family in options.families],
        options=options,
        own_lists=own_lists,
        peers=find_peers() if options.peers else (),
        threads=threads,
        progress=progress,
    )


def measure(
    folder: str | os.PathLike[str],
    *,
    manipulations: Sequence[Manipulation],
    options: EvaluationOptions = DEFAULT_OPTIONS,
    own_lists: Sequence[ListPath] = (),
    peers: Sequence[Peer] = (),
    threads: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Do what `evaluate` does, with any manipulations and peers, whatever `options` say of these two."""
    n_threads = n_threads_of(threads)
    started = time.perf_counter()
    check_names(map(ListSource.of, own_lists))
    own = [OwnList.read(path) for path in own_lists]
    pictures, skipped = _read(Path(folder), options)
    background = [
        picture for at, picture in enumerate(pictures) if at % _BACKGROUND_EVERY == _BACKGROUND_EVERY - 1
    ]
    listed = [
        picture for at, picture in enumerate(pictures) if at % _BACKGROUND_EVERY != _BACKGROUND_EVERY - 1
    ]
    if len(listed) < 2:
        raise ValueError(f"{folder}: {len(pictures)} usable pictures; an evaluation needs at least 2 to list")
    if len(pictures) < options.min_images:
        least, _ = wilson(len(pictures), len(pictures))
        raise ValueError(
            f"{folder}: {len(pictures)} usable pictures, fewer than {options.min_images}: figures from so few "
            f"say little (all of {len(pictures)} found is a recall from {least:.2f} to 1); to have them all the same, "
            f"min_images={len(pictures)}"
        )
    bench = _Bench(listed, background, options, own, peers)
    rows = [EvaluationRow(manipulation.name, manipulation.family) for manipulation in manipulations]
    jobs = [
        (at, row, manipulation) for row, manipulation in enumerate(manipulations) for at in range(len(listed))
    ]

    def run(job: tuple[int, int, Manipulation]) -> tuple[int, _Outcome]:
        return job[1], bench.run(job[0], job[1], job[2])

    for done, (row, outcome) in enumerate(on_threads(run, jobs, threads=n_threads), 1):
        bench.count(rows[row], outcome)
        if progress is not None:
            progress(done, len(jobs))
    if own:
        bench.find_nearest(n_threads)
    from .. import __version__

    return Evaluation(
        version=__version__, n_images=len(pictures), n_listed=len(listed), n_background=len(background),
        n_skipped=skipped, list_size=len(bench.index), max_distance=bench.thresholds[0],
        min_quality=options.min_quality, seed=options.seed,
        ways=(*options.efforts, *(peer.name for peer in peers)), rows=rows,
        milliseconds={way: statistics.median(values) * 1e3 for way, values in bench.times.items() if values},
        sweep=bench.sweep(), evidence=bench.evidence(), own_lists=tuple(each.result for each in own),
        seconds=time.perf_counter() - started,
    )  # fmt: skip


def _read(folder: Path, options: EvaluationOptions) -> tuple[list[_Named], int]:
    """Return the folder's usable pictures in mode RGB and a bounded size, and how many were not usable."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES and path.is_file())
    taken = options.max_images
    if len(paths) > taken:
        paths = [paths[round(at * (len(paths) - 1) / (taken - 1))] for at in range(taken)]
    pictures, skipped = [], 0
    for path in paths:
        try:
            decoded = decode(read_file(path))
        except (ImageError, OSError):
            skipped += 1
            continue
        picture = as_picture(decoded, longer_side=_LONGER_SIDE)
        if (compute.hash_array(np.asarray(picture)).quality or 0) < options.min_quality:
            skipped += 1
            continue
        pictures.append(_Named(path.relative_to(folder).as_posix(), picture))
    return pictures, skipped


@dataclass(frozen=True, slots=True)
class _Named:
    """A picture of the folder, and its path in it."""

    name: str
    picture: Picture


@dataclass(slots=True)
class _Outcome:
    """What became of one upload: by way, whether and how near it was found, and what it wrongly came near."""

    distance: dict[str, int] = field(default_factory=dict)
    wrong: set[str] = field(default_factory=set)
    view: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    #: (effort, number of the own list, hit, row of the list): what else it wrongly came near
    of_lists: list[tuple[str, int, Hit, int]] = field(default_factory=list)
    picture: str = ""
    #: (effort, smallest threshold that finds it or None, smallest threshold with a wrong entry or None)
    needed: list[tuple[str, int | None, int | None]] = field(default_factory=list)
    #: What the most thorough effort came near to.
    judged: list[Judged] = field(default_factory=list)


class _Bench:
    """The list, the peers' hashes, and the counts of one evaluation."""

    def __init__(
        self,
        listed: list[_Named],
        background: list[_Named],
        options: EvaluationOptions,
        own_lists: list[OwnList],
        peers: Sequence[Peer],
    ) -> None:
        self._listed, self._efforts, self._peers = listed, options.efforts, peers
        self._background = [named.picture for named in background]
        self._min_quality, self._seed = options.min_quality, options.seed
        self.thresholds = _reported_first(options.thresholds)
        turned = [_turned(named.picture) for named in listed]
        own = b"".join(each[0].digest for each in turned)
        digests = [np.frombuffer(own, np.uint8).reshape(-1, 32)]
        self._own_lists, self._first_rows = own_lists, []
        others = [_turned(picture) for picture in self._background]
        for own_list in own_lists:
            self._first_rows.append(sum(map(len, digests)))
            digests.append(own_list.digests)
            own_list.know(turned, others)
        n_generated = max(0, options.list_size - sum(map(len, digests)))
        generated = np.random.default_rng(self._seed).integers(0, 256, (n_generated, 32), dtype=np.uint8)
        self.index = Index.from_digests(np.concatenate([*digests, generated]), algorithm=Algorithm.PDQ)
        self._alike = _alike(turned, max(self.thresholds))
        for at, alike in enumerate(self._alike):
            for own_list, first in zip(own_lists, self._first_rows, strict=True):
                alike.update(first + row for row in own_list.known[at])
        self._of_peer = {peer.name: [peer.digest(named.picture) for named in listed] for peer in peers}
        self.times: dict[str, list[float]] = {"decode": [], **{effort: [] for effort in self._efforts}}
        self._needed: dict[str, list[tuple[int | None, int | None]]] = {
            effort: [] for effort in self._efforts
        }
        self._judged: list[Judged] = []

    def run(self, at: int, row: int, manipulation: Manipulation) -> _Outcome:
        """Manipulate picture `at`, and look the result up in every way."""
        scene = Scene(np.random.default_rng([self._seed, at, row]), self._background)
        data = apply(manipulation, self._listed[at].picture, scene)
        outcome = _Outcome(picture=self._listed[at].name)
        before = time.thread_time()
        upload = decode(data, step_for=compute.reduction_for)
        outcome.seconds["decode"] = time.thread_time() - before
        for effort in self._efforts:
            self._look(at, upload, effort, outcome)
        if self._peers:
            picture = as_picture(decode(data))
            for peer in self._peers:
                own = peer.digest(picture)
                far = [distance_between(own, other) for other in self._of_peer[peer.name]]
                if far[at] <= peer.max_distance:
                    outcome.distance[peer.name] = far[at]
                if any(d <= peer.max_distance for i, d in enumerate(far) if i not in self._alike[at]):
                    outcome.wrong.add(peer.name)
        return outcome

    def find_nearest(self, threads: int) -> None:
        """Look every listed picture up unaltered, farther than any threshold: how near the own lists come."""

        def look(job: tuple[Effort, int]) -> tuple[Hit, ...]:
            effort, at = job
            return look_up(
                [_unaltered(self._listed[at].picture)],
                self.index,
                max_distance=NEAREST_WITHIN,
                min_quality=self._min_quality,
                low_quality_distance=LOW_QUALITY_DISTANCE,
                effort=effort,
            ).hits

        jobs = [(effort, at) for effort in self._efforts for at in range(len(self._listed))]
        for (effort, at), hits in zip(jobs, on_threads(look, jobs, threads=threads), strict=True):
            for own_list, first in zip(self._own_lists, self._first_rows, strict=True):
                own_list.add_nearest(effort, hits, first, at)

    def _look(self, at: int, upload: Decoded, effort: Effort, outcome: _Outcome) -> None:
        before = time.thread_time()
        result = look_up(
            [upload],
            self.index,
            max_distance=max(self.thresholds),
            min_quality=self._min_quality,
            low_quality_distance=LOW_QUALITY_DISTANCE,
            effort=effort,
        )
        outcome.seconds[effort] = time.thread_time() - before
        right = [hit for hit in result.hits if hit.row == at]
        wrong = [hit for hit in result.hits if hit.row not in self._alike[at]]
        outcome.needed.append((effort, _least(right), _least(wrong)))
        limit = self.thresholds[0]
        is_found = bool(right) and right[0].needs <= limit
        if is_found:
            outcome.distance[effort] = right[0].distance
        if any(hit.needs <= limit for hit in wrong):
            outcome.wrong.add(effort)
        if effort == max(self._efforts, key=EFFORTS.index):
            outcome.view = right[0].view if is_found else ""
            near_ones: tuple[Hit | Refused, ...] = (*result.hits, *result.refused)
            outcome.judged = [
                Judged(
                    near.evidence, near.row in self._alike[at], isinstance(near, Hit) and near.needs <= limit
                )
                for near in near_ones
                if near.evidence is not None
            ]
        for number, (own_list, first) in enumerate(zip(self._own_lists, self._first_rows, strict=True)):
            outcome.of_lists += [
                (effort, number, hit, hit.row - first)
                for hit in wrong
                if hit.needs <= limit and first <= hit.row < first + len(own_list.digests)
            ]

    def count(self, row: EvaluationRow, outcome: _Outcome) -> None:
        """Add one upload to its manipulation's row."""
        row.n += 1
        for way, distance in outcome.distance.items():
            row.found[way] += 1
            row.distances.setdefault(way, []).append(distance)
        for way in outcome.wrong:
            row.false[way] += 1
        for effort, number in sorted({(effort, number) for effort, number, _, _ in outcome.of_lists}):
            self._own_lists[number].result.false[effort] += 1
        for effort, number, hit, entry in outcome.of_lists:
            self._own_lists[number].add_match(outcome.picture, row.name, effort, hit, entry)
        if outcome.view:
            row.views[outcome.view] += 1
        for way, seconds in outcome.seconds.items():
            self.times[way].append(seconds)
        for effort, right, wrong in outcome.needed:
            self._needed[effort].append((right, wrong))
        self._judged += outcome.judged

    def evidence(self) -> list[dict[str, Any]]:
        """Return how often evidence of so many bits was right."""
        return by_evidence(self._judged)

    def sweep(self) -> list[dict[str, Any]]:
        """Return recall and false matches by threshold; empty unless several were asked for."""
        if len(self.thresholds) < 2:
            return []
        points = []
        for threshold in sorted(set(self.thresholds)):
            point: dict[str, Any] = {"max_distance": threshold, "recall": {}, "false_matches": {}}
            for effort, needed in self._needed.items():
                found = sum(right is not None and right <= threshold for right, _ in needed)
                false = sum(wrong is not None and wrong <= threshold for _, wrong in needed)
                point["recall"][effort] = round(found / max(1, len(needed)), 4)
                point["false_matches"][effort] = false
            points.append(point)
        return points


def _least(hits: Sequence[Hit]) -> int | None:
    return min((hit.needs for hit in hits), default=None)


def _reported_first(thresholds: Sequence[int]) -> tuple[int, ...]:
    usual = USUAL_DISTANCE[Algorithm.PDQ]
    reported = usual if usual in thresholds else max(thresholds)
    return (reported, *(each for each in thresholds if each != reported))


def _unaltered(picture: Picture) -> Decoded:
    """Return a picture as it is looked up when nothing is done to it."""
    return decode(apply(_AS_IT_IS, picture, Scene(np.random.default_rng(0))))


def _turned(picture: Picture) -> tuple[Hash, ...]:
    """Return a picture's hash as it is, then those of its other orientations: of pixels, as look-ups turn them."""
    return compute.turned_hashes(_unaltered(picture))


def _alike(turned: Sequence[Sequence[Hash]], max_distance: int) -> list[set[int]]:
    """Return, for each picture, the pictures near it to begin with: itself, and copies in the folder."""
    hashes = [each[0] for each in turned]
    near = max(max_distance, USUAL_DISTANCE[Algorithm.PDQ])
    return [
        {at for at, other in enumerate(hashes) if any(value.distance(other) <= near for value in own)}
        for own in turned
    ]
