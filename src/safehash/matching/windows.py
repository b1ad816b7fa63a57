"""Windows over one upload's thumbnail, for crops, boxes and tilts: which to try, and the thresholds that hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from .. import _views
from .._digests import degenerate, distance_to_plain, turn_digests
from ..images.deadline import NO_DEADLINE, Deadline
from ..images.pictures import Decoded
from ..search.index import Index
from ..search.seeds import seed

__all__ = ["FAMILIES", "Family", "Found", "Thumbnails", "search_windows", "turned_needs"]

UInt8Array = npt.NDArray[np.uint8]
Float32Array = npt.NDArray[np.float32]
Float64Array = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]
Window = tuple[float, float, float, float]  # first and last row edge, first and last column edge

_PANEL_SIDE = 256  # edges of pasted pictures are a sample sharp
_FRAME_SIDE = 128  # a quarter of the work, for the look-up that every upload gets
_N_BOXES = 150  # tried by the thorough effort, and looked through for the layout of a screen
_WHOLE_SIDE = 64  # windows about as large as the upload: PDQ reads 16 frequencies of it


@dataclass(frozen=True, slots=True)
class Family:
    """How one kind of window is seeded, refined and judged.

    Attributes
    ----------
    name : str
    seed_distance : int
        List entries farther than this, in bits, from the window that led to them are not refined.
    extra : int
        Bits that a refined window may lie beyond the threshold of the picture as it is.
    agreement : float
        Least agreement after refinement, -1 to 1: bits weighted by the size of their coefficients.
    step, least, room : float
        First and last move of an edge, and how far it may go, in fractions of the upload's side.
    evaluations : int
        Windows tried for one list entry.
    rich : bool
        Whether pictures full of detail may lie farther, by `RICH_EXTRA`.
    plain : int
        How near an entry that is nearly a plain shape a photograph may lie and match it all the same, in bits.
    degenerate : bool
        Whether degenerate entries are tried at all. Among 150 boxes of a photograph there is one like any stripes.
    """

    name: str
    seed_distance: int
    extra: int
    agreement: float
    step: float
    least: float
    room: float
    evaluations: int
    rich: bool = False
    plain: int = 0
    degenerate: bool = False


#: The thresholds of docs/matching.md, "Thresholds", where each number's measurement stands.
FAMILIES = {
    family.name: family
    for family in (
        Family("framed", 72, 14, 0.45, 0.008, 0.001, 0.04, 120, plain=12),
        Family("whole", 94, 18, 0.50, 0.02, 0.005, 0.2, 150, rich=True, plain=26, degenerate=True),
        Family("rotated", 84, 14, 0.45, 0.02, 0.005, 0.12, 80, plain=26, degenerate=True),
        Family("panel", 72, 4, 0.45, 0.008, 0.001, 0.04, 120, plain=12),
    )
}

#: List entries refined for one upload and family, nearest first: bounds the work a list can make.
MAX_CANDIDATES = 12

#: Windows tried before an entry is given up, and how much agreement the rest of the way may still bring.
_FIRST_LOOK = 30
_MAY_GAIN = 0.15

#: Least agreement of a window in another orientation: seven times as many chances, for what is seldom uploaded.
TURNED_AGREEMENT = 0.57

#: A window smaller than this share of the upload, or flatter than this PDQ quality, decides nothing; nor does one
#: that says more than this share of a side was cut off, since much of it is repeated edge.
MIN_COVERAGE = 0.08
MIN_WINDOW_QUALITY = 40
MAX_MISSING = 0.25

#: A window is a graphic where its greys have less than the first entropy, where four greys make up the second
#: share of it, where the second share of it is flat, where its contrast is under the first grey levels and its
#: greys are not many, and on a plain ground with few greys; it is a photograph from the other end of each range on.
#: Of a graphic only near identity counts: bits beyond the usual threshold, and agreement.
GREYS_FROM, GREYS_TO = 4.0, 4.5
COMMON_FROM, COMMON_TO = 0.38, 0.45
FLAT_FROM, FLAT_TO = 0.45, 0.65
CONTRAST_FROM, CONTRAST_TO = 20.0, 26.0
DULL_FROM, DULL_TO = 5.0, 5.4
GRAPHIC = (-25, 0.65)

#: A graphic of many greys, a photograph at night or of an object, may lie so many bits beyond what a drawing may:
#: all of them from the second entropy on.
NEAR_EXTRA = 10
NEAR_FROM, NEAR_TO = 3.8, 4.2

#: A window is laid out where its straight edges make so many boxes of the second score, and the second share of it
#: is flat; it is not up to the first of either. It may lie so many bits beyond (negative: under) the usual threshold.
LAID_OUT_BOXES = 16
LAID_OUT_FROM, LAID_OUT_TO = 2.2, 2.6
LAID_OUT_FLAT_FROM, LAID_OUT_FLAT_TO = 0.08, 0.16
LAID_OUT_EXTRA = -11

#: Pictures of so few pixels a side are icons and sprites of one set: no bits beyond the usual threshold up to the
#: first, all that there are from the second on.
SMALL_FROM, SMALL_TO = 64, 128

#: A window of few greys may lie so many bits beyond the usual threshold at most; a family's own extra holds from
#: the second entropy on.
SURE_EXTRA = 14
SURE_FROM, SURE_TO = 5.2, 5.5

#: Where there is detail nearly everywhere, a window as large as the upload may lie so many bits farther yet:
#: all of them up to the first share of flat picture and from the second entropy on.
RICH_TO, RICH_FROM = 0.2, 0.3
RICH_GREYS_FROM, RICH_GREYS_TO = 5.3, 5.6
RICH_EXTRA = 8

#: More coefficients than this share without a sign of their own: a symmetric drawing.
MAX_FAINT = 0.15

#: An entry at distance p from the nearest plain shape is matched by views within slope * (p - offset) bits, and
#: by an object of few greys on a plain ground within the first slope. A photograph as large as the upload, to its
#: edges, may lie within the second line, up to its family's `plain`.
PLAIN_OFFSET, PLAIN_SLOPES = 64, (1.0, 2.0)
NEARLY_OFFSET, NEARLY_SLOPE = 50, 2.0

#: What `Family.plain` is of turned and negative pictures.
TURNED_PLAIN = 26

#: Degenerate entries refined for one upload and family, and how near their seeds must lie, in bits: photographs
#: may be degenerate, and match by the second line.
MAX_DEGENERATE = 4
DEGENERATE_SEED = 40

#: Margins that a crop may have taken off a side, in fractions of what is left: every combination in a row.
_MARGINS = ((0.0, 0.03, 0.06, 0.1, 0.15), (0.0, 0.08, 0.16, 0.25), (0.02, 0.075, 0.13), (0.045, 0.125, 0.21))
_FEW_MARGINS = (0.0, 0.06, 0.13)

#: Degrees tried; refining reaches about 1.5 degrees to either side of each.
_ANGLES = (-5.0, -3.5, -2.0, 2.0, 3.5, 5.0)
_ANGLE_MARGINS = (0.0, 0.03, 0.06)


@dataclass(frozen=True, slots=True)
class Found:
    """A list entry that a window came near enough to.

    Attributes
    ----------
    row : int
        Of the index.
    distance : int
        In bits, after refinement.
    agreement : float
    window : tuple of float
        First and last row edge, first and last column edge of the original, in fractions of the upload.
    orientation : int
        Position in `hashes.ORIENTATIONS`.
    degrees : float
        Counter-clockwise turn that levels the upload.
    family : str
    needs : int
        The smallest threshold of the picture as it is at which this counts.
    """

    row: int
    distance: int
    agreement: float
    window: Window
    orientation: int
    degrees: float
    family: str
    needs: int = 256


class Thumbnails:
    """The upload's luma as squares of the sides that windows are read from, each made at first use."""

    def __init__(self, picture: Decoded) -> None:
        self._picture: Decoded | None = picture
        self._made: dict[int, Float32Array] = {}
        where = picture.provenance
        upright = where.orientation < 5
        #: Sides of the upload in pixels as a viewer shows it.
        self.rows, self.cols = (where.height, where.width) if upright else (where.width, where.height)
        #: Columns over rows.
        self.aspect = self.cols / self.rows
        self._boxes: dict[tuple[int, int], tuple[Float64Array, UInt8Array, Float32Array]] = {}

    def let_picture_go(self) -> None:
        """Make what windows are read from, and hold on to the picture no longer."""
        for side in (_PANEL_SIDE, _FRAME_SIDE, _WHOLE_SIDE):
            self.of_side(side)
        self._picture = None

    def of_side(self, side: int) -> Float32Array:
        """Return the thumbnail of this side, float32, shape (side, side); do not write to it."""
        made = self._made.get(side)
        if made is None:
            if self._picture is None:
                raise ValueError(
                    f"no thumbnail of {side} samples a side was made while the picture was there"
                )
            where = self._picture.provenance
            made = _views.thumbnail(
                self._picture.pixels,
                rows=where.height,
                cols=where.width,
                step=where.scale,
                orientation=where.orientation,
                side=side,
            )
            self._made[side] = made
        return made

    def boxes(self, side: int, n_windows: int) -> tuple[Float64Array, UInt8Array, Float32Array]:
        """Return what `_views.boxes` proposes over the thumbnail of this side; do not write to it."""
        made = self._boxes.get((side, n_windows))
        if made is None:
            made = self._boxes[side, n_windows] = _views.boxes(self.of_side(side), n_windows=n_windows)
        return made


#: Edges nearer than this are one, in fractions of the upload's side.
_SAME_EDGE = 0.03

_INVERSE = (0, 3, 2, 1, 4, 5, 6, 7)  # which orientation undoes which
MIRRORED = 5


# -- which windows -----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Batch:
    """Digests of one family's windows and how to find a window again."""

    family: Family
    side: int
    digests: list[UInt8Array]
    windows: list[Float64Array]
    orientations: list[int]
    degrees: list[float]

    def add(self, digests: UInt8Array, windows: Float64Array, orientation: int, degrees: float = 0.0) -> None:
        self.digests.append(digests if orientation == 0 else turn_digests(digests, (orientation,))[:, 0])
        self.windows.append(windows)
        self.orientations.append(orientation)
        self.degrees.append(degrees)


@lru_cache(maxsize=8)
def _grown(
    margins: tuple[float, ...], *, alike: bool
) -> tuple[Float64Array, Int32Array, Int32Array, Float64Array]:
    """Return spans that exceed the upload by these margins, which of them make windows, and those windows."""
    pairs = [(-a, 1 + b) for a in margins for b in margins if not alike or a == b]
    spans = np.array(pairs)
    row_of, col_of = np.divmod(np.arange(len(spans) ** 2, dtype=np.int32), np.int32(len(spans)))
    windows = np.concatenate([spans[row_of], spans[col_of]], axis=1)
    return spans, row_of.astype(np.int32), col_of.astype(np.int32), windows


def _boxes_batch(
    thumbs: Thumbnails, family: Family, side: int, n_windows: int, orientations: dict[int, int]
) -> _Batch:
    """Boxes proposed inside the upload; `orientations` says how many of the best are tried in each."""
    windows, digests, _ = thumbs.boxes(side, n_windows)
    batch = _Batch(family, side, [], [], [], [])
    for orientation, count in orientations.items():
        batch.add(digests[:count], windows[:count], orientation)
    return batch


def _whole_batch(thumbs: Thumbnails) -> _Batch:
    """Windows as large as the upload or larger."""
    thumb = thumbs.of_side(_WHOLE_SIDE)
    batch = _Batch(FAMILIES["whole"], _WHOLE_SIDE, [], [], [], [])
    for margins in _MARGINS:
        spans, row_of, col_of, windows = _grown(margins, alike=False)
        batch.add(_views.hash_windows(thumb, spans, spans, row_of, col_of), windows, 0)
    spans, row_of, col_of, windows = _grown(_FEW_MARGINS, alike=False)
    digests = _views.hash_windows(thumb, spans, spans, row_of, col_of)
    for orientation in range(1, 8):
        batch.add(digests, windows, orientation)
    return batch


def _rotated_batch(thumbs: Thumbnails) -> _Batch:
    thumb = thumbs.of_side(_WHOLE_SIDE)
    batch = _Batch(FAMILIES["rotated"], _WHOLE_SIDE, [], [], [], [])
    spans, row_of, col_of, windows = _grown(_ANGLE_MARGINS, alike=True)
    for degrees in _ANGLES:
        turned = _views.rotated(thumb, degrees, thumbs.aspect)
        digests = _views.hash_windows(turned, spans, spans, row_of, col_of)
        for orientation in (0, MIRRORED):
            batch.add(digests, windows, orientation, degrees)
    return batch


# -- seeds, refinement, judgement --------------------------------------------------------------------------


def search_windows(
    thumbs: Thumbnails,
    index: Index,
    *,
    max_distance: int,
    thorough: bool,
    settled: set[int],
    deadline: Deadline = NO_DEADLINE,
) -> Iterator[Found]:
    """Yield the list entries that some window of the upload holds.

    Parameters
    ----------
    thumbs : Thumbnails
    index : Index
        Of PDQ.
    max_distance : int
        Threshold of the picture as it is; each family adds its own.
    thorough : bool
        All families; otherwise only the best boxes inside the upload, which come first in any case: what less effort
        finds, more finds.
    settled : set of int
        Rows found already, left alone. Rows yielded are added once they are near; one found at a distance is
        tried by the other families too, and may be yielded again.
    deadline : Deadline

    Raises
    ------
    DeadlinePassed
        What was yielded before stands.
    """
    batches = [_boxes_batch(thumbs, FAMILIES["framed"], _FRAME_SIDE, 16, {0: 16, MIRRORED: 16})]
    if thorough:
        turned = dict.fromkeys((1, 2, 3, 4, 6, 7), 30)
        batches += [
            _boxes_batch(
                thumbs, FAMILIES["panel"], _PANEL_SIDE, _N_BOXES, {0: _N_BOXES, MIRRORED: _N_BOXES, **turned}
            ),
            _whole_batch(thumbs),
            _rotated_batch(thumbs),
        ]
    for batch in batches:
        deadline.check()
        for found in _settle(batch, thumbs, index, max_distance, settled, deadline):
            if found.distance <= max_distance:
                settled.add(found.row)
            yield found


def _settle(
    batch: _Batch,
    thumbs: Thumbnails,
    index: Index,
    max_distance: int,
    settled: set[int],
    deadline: Deadline = NO_DEADLINE,
) -> Iterator[Found]:
    family = batch.family
    queries = np.concatenate(batch.digests)
    if not len(queries):
        return
    seeds = seed(index, queries, max_distance=family.seed_distance)
    if not len(seeds.rows):
        return
    starts = np.cumsum([0, *(len(digests) for digests in batch.digests)])
    refined = n_degenerate = 0
    for at in np.argsort(seeds.distances, kind="stable").tolist():
        row = int(seeds.rows[at])
        if row in settled:
            continue
        digest = index.digests_of([row])
        if degenerate(digest)[0]:
            if (
                not family.degenerate
                or seeds.distances[at] > DEGENERATE_SEED
                or n_degenerate == MAX_DEGENERATE
            ):
                continue
            n_degenerate += 1
        else:
            refined += 1
            if refined > MAX_CANDIDATES:
                return
        deadline.check()
        query = int(seeds.queries[at])
        group = int(np.searchsorted(starts, query, side="right")) - 1
        start = batch.windows[group][query - starts[group]]
        found = _refine(batch, thumbs, row, digest, start, group)
        found = replace(found, needs=_needs(found, family, thumbs, batch.side, digest))
        if found.needs <= max_distance:
            yield found


def _refine(
    batch: _Batch, thumbs: Thumbnails, row: int, digest: UInt8Array, start: Float64Array, group: int
) -> Found:
    """Move one window, and its angle if it has one, to where it agrees best with one list entry."""
    family, orientation, degrees = batch.family, batch.orientations[group], batch.degrees[group]
    # Turning the entry's bits back is cheaper than turning the picture.
    wanted = turn_digests(digest, (_INVERSE[orientation],))[0, 0]
    thumb = thumbs.of_side(batch.side)

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
    if agreement < family.agreement - _MAY_GAIN:
        return Found(row, distance, agreement, window, orientation, degrees, family.name)
    distance, window, agreement = run(degrees, window, family.step, family.room)
    turn = 0.8 if degrees else 0.0
    while turn > 0.2:
        for trial in (degrees - turn, degrees + turn):
            other = run(trial, window, family.step / 2, family.room / 3)
            if other[2] > agreement:
                distance, window, agreement = min(distance, other[0]), other[1], other[2]
                degrees = round(trial, 3)
                break
        else:
            turn /= 2
    return Found(row, distance, agreement, window, orientation, degrees, family.name)


def _needs(found: Found, family: Family, thumbs: Thumbnails, side: int, digest: UInt8Array) -> int:
    """Return the smallest threshold at which a refined window counts, for what there is to see in it."""
    least_agreement = max(family.agreement, TURNED_AGREEMENT) if found.orientation else family.agreement
    if found.agreement < least_agreement:
        return _NEVER
    top, bottom, left, right = found.window
    if (min(bottom, 1.0) - max(top, 0.0)) * (min(right, 1.0) - max(left, 0.0)) < MIN_COVERAGE:
        return _NEVER
    if 1.0 - 1.0 / max(bottom - top, right - left, 1.0) > MAX_MISSING:
        return _NEVER
    thumb = thumbs.of_side(side)
    if found.degrees:
        thumb = _views.rotated(thumb, found.degrees, thumbs.aspect)
    seen = _Seen(*_views.measure_window(thumb, np.array(found.window)))
    if seen.quality < MIN_WINDOW_QUALITY or seen.faint > MAX_FAINT:
        return _NEVER
    photograph = _photograph(seen)
    large = _share(_shorter_side(thumbs, found.window), SMALL_FROM, SMALL_TO)
    if found.distance > _plain_limit(digest, seen, family.plain * photograph * large):
        return _NEVER
    least = min(SURE_EXTRA, family.extra)
    sure = least + (family.extra - least) * _share(seen.greys, SURE_FROM, SURE_TO)
    rich = (
        min(_share(seen.flat, RICH_FROM, RICH_TO), _share(seen.greys, RICH_GREYS_FROM, RICH_GREYS_TO))
        * family.rich
    )
    laid_out = _laid_out(thumbs, found.window, seen.flat)
    extra = _between(LAID_OUT_EXTRA, (sure + RICH_EXTRA * rich) * large, 1.0 - laid_out)
    extra = _between(_graphic_extra(seen), extra, photograph)
    agreement = _between(GRAPHIC[1], least_agreement, min(photograph, 1.0 - laid_out))
    return max(0, found.distance - round(extra)) if found.agreement >= agreement else _NEVER


class _Seen(NamedTuple):
    """What `_views.measure_window` says of a window."""

    quality: int
    flat: float
    plain_ground: bool
    faint: float
    greys: float
    common: float
    contrast: float


def _photograph(seen: _Seen) -> float:
    """Return how much of a photograph a window is, 0 to 1; 0 is a graphic."""
    if seen.plain_ground and seen.greys < GREYS_TO:
        return 0.0
    return min(
        _share(seen.greys, GREYS_FROM, GREYS_TO),
        _share(seen.common, COMMON_TO, COMMON_FROM),
        _share(seen.flat, FLAT_TO, FLAT_FROM),
        max(_share(seen.contrast, CONTRAST_FROM, CONTRAST_TO), _share(seen.greys, DULL_FROM, DULL_TO)),
    )


def _graphic_extra(seen: _Seen) -> float:
    """Return the bits beyond (negative: under) the usual threshold that a window may lie if it is a graphic."""
    return GRAPHIC[0] + NEAR_EXTRA * _share(seen.greys, NEAR_FROM, NEAR_TO)


def _laid_out(thumbs: Thumbnails, window: Window, flat: float) -> float:
    """Return how much a window is laid out in flat boxes, 0 to 1, as the screen of a program is.

    Boxes that share a side with the window do not count unless it is the upload's own: around a pasted picture there
    is its edge.
    """
    as_flat = _share(flat, LAID_OUT_FLAT_FROM, LAID_OUT_FLAT_TO)
    if as_flat == 0.0:
        return 0.0
    # A thumbnail larger than the upload repeats samples, and has an edge wherever it does.
    shorter = min(thumbs.rows, thumbs.cols)
    side = next((side for side in (_PANEL_SIDE, _FRAME_SIDE) if side <= shorter), _WHOLE_SIDE)
    boxes, _, scores = thumbs.boxes(side, _N_BOXES)
    inside = np.ones(len(boxes), np.bool_)
    for at, (edge, outward) in enumerate(zip(window, (-1.0, 1.0, -1.0, 1.0), strict=True)):
        beyond = (boxes[:, at] - edge) * outward
        own = abs(edge - max(outward, 0.0)) <= _SAME_EDGE
        inside &= beyond <= _SAME_EDGE if own else beyond < -_SAME_EDGE
    found = scores[inside]
    if len(found) < LAID_OUT_BOXES:
        return 0.0
    return min(as_flat, _share(float(found[LAID_OUT_BOXES - 1]), LAID_OUT_FROM, LAID_OUT_TO))


def _shorter_side(thumbs: Thumbnails, window: Window) -> float:
    """Return how many of the upload's pixels the shorter side of a window has."""
    top, bottom, left, right = (min(1.0, max(0.0, edge)) for edge in window)
    return min((bottom - top) * thumbs.rows, (right - left) * thumbs.cols)


def _between(none: float, all_of_it: float, share: float) -> float:
    """Return what lies at a share of the way from `none` to `all_of_it`."""
    return none + (all_of_it - none) * share


def _share(value: float, none: float, all_of_it: float) -> float:
    """Return how far a value has come from `none` to `all_of_it`, 0 to 1."""
    return min(1.0, max(0.0, (value - none) / (all_of_it - none)))


def _plain_limit(digest: UInt8Array, seen: _Seen, at_least: float) -> float:
    """Return how far from an entry a view may lie, in bits, since it may be a plain shape; `at_least` if not."""
    apart = int(distance_to_plain(digest)[0])
    to_the_edge = 1.0 if not seen.plain_ground else _share(seen.greys, DULL_FROM, DULL_TO)
    nearly = min(at_least * to_the_edge, NEARLY_SLOPE * (apart - NEARLY_OFFSET))
    if degenerate(digest)[0]:
        return nearly if nearly > 0.0 else -1.0  # a graphic matches one at no distance
    slope = _between(*PLAIN_SLOPES, to_the_edge)
    return max(slope * (apart - PLAIN_OFFSET), nearly)


def turned_needs(thumbs: Thumbnails, distance: int, digest: UInt8Array) -> int:
    """Return the smallest threshold at which a turned or negative upload counts as an entry's picture.

    Stripes, discs and symmetric drawings are alike in any orientation, and so are many pictures of a set: of a
    graphic only near identity counts.
    """
    seen = _Seen(*_views.measure_window(thumbs.of_side(_WHOLE_SIDE), np.array([0.0, 1.0, 0.0, 1.0])))
    photograph = _photograph(seen)
    if seen.faint > MAX_FAINT or distance > _plain_limit(digest, seen, TURNED_PLAIN * photograph):
        return _NEVER
    return distance - round(_between(_graphic_extra(seen), 0.0, photograph))


_NEVER = 257
