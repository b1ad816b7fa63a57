"""The windows of one upload against a list: seeds, each moved to where the picture agrees best with its entry."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from .. import _views
from .._digests import degenerate
from ..images.deadline import NO_DEADLINE, Deadline
from ..search.index import Index
from ..search.seeds import seed
from .evidence import Candidate, around, turned_back
from .fading import CANVAS, from_canvas, on_canvas
from .families import Family
from .hiding import rest_bits
from .settling import LEAST_DOUBTED, MOST_DOUBTED, settled_holes, settled_window
from .thumbnails import WHOLE_SIDE, Thumbnails, Window
from .windows import Batch, Group

__all__ = ["MAX_CANDIDATES", "MAX_DEGENERATE", "refined"]

UInt8Array = npt.NDArray[np.uint8]
Float64Array = npt.NDArray[np.float64]
#: A window's edges, or the corners of what lies aslant.
_Place = TypeVar("_Place", bound=Sequence[float])

#: List entries refined for one upload and family, nearest first: bounds the work a list can make. Where doubtful slots
#: lead to more of them, twice as many: what whole slots lead to is not to be crowded out.
MAX_CANDIDATES = 12

#: Degenerate entries refined for one upload and family, and how near their seeds must lie, in bits: photographs
#: may be degenerate, and match by the second line.
MAX_DEGENERATE = 4
DEGENERATE_SEED = 40

#: Candidates of one upload and family whose place is settled by what the rest of them says: that is dear, and seldom in
#: doubt. Those that agree less, or lie farther, in bits, are unrelated: of `judgement.REST` none of them matches.
_MOST_SETTLED, _SETTLED_AGREEMENT, _SETTLED_WITHIN = 2, 0.38, 80

#: Entries whose digests are read at once.
_AT_ONCE = 64

#: Windows tried before an entry is given up.
_FIRST_LOOK = 30

#: First and last change of a tilt, in degrees.
_FIRST_TURN, _LAST_TURN = 0.8, 0.2

#: Holes that an upload may have, and the first move of one's edge, in samples.
_MOST_HOLES, _FIRST_HOLE = 3, 4


def refined(
    batch: Batch,
    index: Index,
    settled: Container[int],
    told: Container[int] = (),
    *,
    deadline: Deadline = NO_DEADLINE,
) -> Iterator[tuple[Candidate, UInt8Array, Thumbnails]]:
    """Yield the list entries that windows lead to, each at the window that agrees best with it, nearest seeds first.

    Parameters
    ----------
    batch : Batch
        Windows of one family.
    index : Index
        Of PDQ.
    settled : container of int
        Rows found already, left alone; looked at before each row, so that it may grow.
    told : container of int
        Rows found already that may yet be found nearer: after all others, where there is room left.
    deadline : Deadline
        Looked at before each row.

    Yields
    ------
    candidate : Candidate
    digest : ndarray of uint8, shape (1, 32)
        Of the entry, as listed.
    thumbs : Thumbnails
        That the candidate's window is read from.

    Raises
    ------
    DeadlinePassed
        What was yielded before stands.
    """
    family = batch.family
    queries = batch.digests
    if not len(queries):
        return
    seeds = seed(index, queries, max_distance=family.seed_distance, flips=family.flips, doubts=batch.doubts)
    if not len(seeds.rows):
        return
    starts = [0, *accumulate(len(group.digests) for group in batch.groups)]
    refined = n_degenerate = n_settled = 0
    most = 2 * MAX_CANDIDATES if family.doubtful else MAX_CANDIDATES
    rows = seeds.rows.tolist()
    nearest = sorted(np.argsort(seeds.distances, kind="stable").tolist(), key=lambda at: rows[at] in told)
    for number, at in enumerate(nearest):
        place = number % _AT_ONCE
        if place == 0:
            digests = index.digests_of(seeds.rows[nearest[number : number + _AT_ONCE]])
            are_degenerate = degenerate(digests).tolist()
        row = rows[at]
        if row in settled:
            continue
        digest = digests[place : place + 1]
        if are_degenerate[place]:
            if (
                not family.degenerate
                or seeds.distances[at] > DEGENERATE_SEED
                or n_degenerate == MAX_DEGENERATE
            ):
                continue
            n_degenerate += 1
        else:
            refined += 1
            if refined > most:
                return
        deadline.check()
        query = int(seeds.queries[at])
        at_group = bisect_right(starts, query) - 1
        group = batch.groups[at_group]
        candidate = _refine(family, group, query - starts[at_group], row, digest)
        if n_settled < _MOST_SETTLED:
            candidate, was_doubted = _settle(candidate, group, digest)
            n_settled += was_doubted
        yield candidate, digest, group.thumbs


def _refine(family: Family, group: Group, at: int, row: int, digest: UInt8Array) -> Candidate:
    """Move one window, and its angle if it has one, to where it agrees best with one list entry."""
    orientation, degrees, thumbs = group.orientation, group.degrees, group.thumbs
    # Turning the entry's bits back is cheaper than turning the picture.
    wanted = turned_back(digest, orientation)
    thumb = thumbs.of_side(family.side) if group.picture is None else group.picture
    start = group.windows[at]
    if family.faded:
        return _refine_faded(family, group, start, row, wanted)
    if group.quads is not None:
        return _refine_corners(family, group, group.quads[at], row, wanted)
    if group.holes is not None:
        first = _views.find_holes(
            thumb, wanted, group.holes[at : at + 1], most=1, step=_FIRST_HOLE, max_evaluations=_FIRST_LOOK
        )
        found = first
        if first[2] >= family.agreement - family.may_gain:
            found = _views.find_holes(
                thumb,
                wanted,
                group.holes,
                most=_MOST_HOLES,
                step=_FIRST_HOLE,
                max_evaluations=family.evaluations,
            )
        found = found if found[2] > first[2] else first
        return Candidate(
            family=family, row=row, distance=found[0], agreement=found[2], orientation=orientation,
            holes=found[1], box=thumbs.window,
        )  # fmt: skip

    def run(
        turn: float, window: Sequence[float], step: float, room: float, evaluations: int = family.evaluations
    ) -> tuple[int, Window, float]:
        picture = _views.rotated(thumb, turn, thumbs.aspect) if turn else thumb
        return _views.refine(
            picture, wanted, np.asarray(window, dtype=np.float64), step=step, least=family.least, room=room,
            max_evaluations=evaluations,
        )  # fmt: skip

    # A first look tells most unrelated entries: they start lower and gain less.
    distance, window, agreement = run(degrees, start.tolist(), family.step, family.room, _FIRST_LOOK)
    if agreement >= family.agreement - family.may_gain:
        distance, window, agreement = run(degrees, window, family.step, family.room)
        turn = _FIRST_TURN if degrees else 0.0
        while turn > _LAST_TURN:
            for trial in (degrees - turn, degrees + turn):
                other = run(trial, window, family.step / 2, family.room / 3)
                if other[2] > agreement:
                    distance, window, agreement = min(distance, other[0]), other[1], other[2]
                    degrees = round(trial, 3)
                    break
            else:
                turn /= 2
    return Candidate(
        family=family,
        row=row,
        distance=distance,
        agreement=agreement,
        window=window,
        orientation=orientation,
        degrees=degrees,
        box=thumbs.window,
    )


def _settle(candidate: Candidate, group: Group, digest: UInt8Array) -> tuple[Candidate, bool]:
    """Return the candidate where the rest of its picture says most, and whether another place was looked for."""
    is_near = (candidate.agreement or 0.0) >= _SETTLED_AGREEMENT and candidate.distance <= _SETTLED_WITHIN
    if not (is_near and candidate.is_partial):
        return candidate, False
    thumb, wanted = group.thumbs.of_side(WHOLE_SIDE), turned_back(digest, candidate.orientation)
    bits = rest_bits(thumb, candidate.window, candidate.holes, wanted, enough=LEAST_DOUBTED)
    if bits < LEAST_DOUBTED:
        return candidate, False  # and not found exactly
    if bits > MOST_DOUBTED:
        return replace(candidate, rest=bits), False
    holes, window, picture = candidate.holes, candidate.window, thumb
    if holes:
        holes, bits = settled_holes(thumb, holes, wanted)
        for hole in holes:
            picture = _views.filled(picture, np.array(hole, np.int32))
    else:
        window, bits = settled_window(thumb, window, wanted)
    here = on_canvas(window) if candidate.family.faded else list(window)
    if candidate.family.faded:
        picture = group.thumbs.faded()
    distance, _, agreement = _views.refine(
        picture, wanted, np.array(here), step=1.0, least=1.0, room=0.0, max_evaluations=1
    )
    return replace(
        candidate, holes=holes, window=window, distance=min(distance, candidate.distance),
        agreement=max(agreement, candidate.agreement or -1.0), rest=bits,
    ), True  # fmt: skip


def _refine_faded(
    family: Family, group: Group, start: Float64Array, row: int, wanted: UInt8Array
) -> Candidate:
    """Move one window that is much larger than its upload to where it agrees best with one list entry."""
    canvas = group.thumbs.faded()

    def run(window: Sequence[float], evaluations: int) -> tuple[int, Window, float]:
        return _views.refine(
            canvas, wanted, np.array(window), step=family.step / CANVAS, least=family.least / CANVAS,
            room=family.room / CANVAS, max_evaluations=evaluations,
        )  # fmt: skip

    distance, window, agreement = _in_two_looks(family, run, on_canvas(start.tolist()))
    return Candidate(
        family=family,
        row=row,
        distance=distance,
        agreement=agreement,
        window=from_canvas(window),
        orientation=group.orientation,
        box=group.thumbs.window,
    )


def _refine_corners(
    family: Family, group: Group, start: Float64Array, row: int, wanted: UInt8Array
) -> Candidate:
    """Move the four corners that a picture lies in to where it agrees best with one list entry."""
    thumb = group.thumbs.of_side(family.side)

    def run(corners: Sequence[float], evaluations: int) -> tuple[int, tuple[float, ...], float]:
        return _views.refine_corners(
            thumb, wanted, np.array(corners), step=family.step, least=family.least, room=family.room,
            max_evaluations=evaluations,
        )  # fmt: skip

    distance, corners, agreement = _in_two_looks(family, run, start.tolist())
    return Candidate(
        family=family,
        row=row,
        distance=distance,
        agreement=agreement,
        window=around(corners),
        orientation=group.orientation,
        box=group.thumbs.window,
        corners=corners,
    )


def _in_two_looks(
    family: Family, run: Callable[[Sequence[float], int], tuple[int, _Place, float]], start: Sequence[float]
) -> tuple[int, _Place, float]:
    """Move a place to where it agrees best: a first look tells most unrelated entries, and only others get a second."""
    first = run(start, _FIRST_LOOK)
    return first if first[2] < family.agreement - family.may_gain else run(first[1], family.evaluations)
