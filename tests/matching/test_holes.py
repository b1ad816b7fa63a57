"""What hides a part of a picture: filling it, the kernels against slow renderings, and what is found without it."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from drawn import Picture, decoded, picture
from safehash import _core, _views
from safehash.evaluation import harder
from safehash.evaluation.scene import Scene
from safehash.hashing import compute
from safehash.matching import holes, nested, refining, views
from safehash.matching.efforts import PROPOSALS
from safehash.matching.judgement import is_graphic
from safehash.matching.settings import Effort
from safehash.matching.thumbnails import Thumbnails
from safehash.search.index import Index

FloatArray = npt.NDArray[np.float32]
EACH = np.zeros(1, np.int32)
WHOLE = np.array([[0.0, 1.0]])


def thumb_of(name: str = "astronaut", side: int = 64) -> FloatArray:
    made: FloatArray = _views.thumbnail(np.asarray(getattr(skimage.data, name)(), np.uint8), side=side)
    return made


def filled_slowly(thumb: FloatArray, hole: tuple[int, int, int, int]) -> npt.NDArray[np.float64]:
    """Weigh the four samples beside a hole, of each sample's row and column, by how near they are."""
    out = thumb.astype(np.float64)
    top, bottom, left, right = hole
    n = len(thumb)
    for row in range(top, bottom):
        for col in range(left, right):
            beside = []
            if left > 0:
                beside.append((thumb[row, left - 1], col - left + 1))
            if right < n:
                beside.append((thumb[row, right], right - col))
            if top > 0:
                beside.append((thumb[top - 1, col], row - top + 1))
            if bottom < n:
                beside.append((thumb[bottom, col], bottom - row))
            weights = [1 / far for _, far in beside]
            out[row, col] = sum(w * float(v) for w, (v, _) in zip(weights, beside, strict=True)) / sum(
                weights
            )
    return out


spans = st.tuples(st.integers(0, 63), st.integers(1, 64)).filter(lambda span: span[0] < span[1])


@settings(deadline=None, max_examples=30)
@given(rows=spans, cols=spans)
def test_a_hole_is_filled_from_its_borders(rows: tuple[int, int], cols: tuple[int, int]) -> None:
    hole = (*rows, *cols)
    if hole == (0, 64, 0, 64):
        with pytest.raises(ValueError, match="no hole"):
            _views.filled(thumb_of(), np.array(hole, np.int32))
        return
    made = _views.filled(thumb_of(), np.array(hole, np.int32))
    np.testing.assert_allclose(made, filled_slowly(thumb_of(), hole), atol=0.01)


@pytest.mark.parametrize("level", _views.LEVELS)
def test_holes_are_hashed_as_the_filled_picture_is(level: int) -> None:
    thumb = thumb_of("coffee")
    each = holes._holes()[::17]
    digests = _views.hash_filled(thumb, np.ascontiguousarray(each), level=level)
    assert len(each) == 28  # of 472
    for hole, digest in zip(each, digests, strict=True):
        filled = _views.filled(thumb, np.ascontiguousarray(hole))
        np.testing.assert_array_equal(_views.hash_windows(filled, WHOLE, WHOLE, EACH, EACH)[0], digest)


def test_a_hole_is_tried_near_every_rectangle() -> None:
    tried = holes._holes()
    assert len({tuple(hole) for hole in tried.tolist()}) == len(tried) == 472
    spans = np.array([(a, b) for a in range(0, 65, 4) for b in range(a + 16, min(a + 40, 64) + 1, 4)])
    hidden = np.concatenate([spans[::2].repeat(len(spans), 0), np.tile(spans, (len(spans[::2]), 1))], axis=1)
    farthest = np.abs(hidden[:, None] - tried).max(axis=2).min(axis=1)
    assert farthest.max() <= 8, "samples that an edge is off"


@pytest.mark.parametrize("level", _views.LEVELS)
def test_the_hole_is_found_where_it_is(level: int) -> None:
    pixels = np.asarray(skimage.data.astronaut(), np.uint8).copy()
    digest = np.frombuffer(_core.pdq(pixels)[0], np.uint8)
    pixels[120:300, 260:420] = (250, 220, 20)
    thumb = _views.thumbnail(pixels, side=64)
    found = _views.find_holes(thumb, digest, holes._holes(), most=1, step=4, max_evaluations=80, level=level)
    distance, (hole,), agreement = found
    assert np.abs(np.array(hole) - np.array((120, 300, 260, 420)) / 8).max() <= 4
    filled = _views.filled(thumb, np.array(hole, np.int32))
    own = _views.hash_windows(filled, WHOLE, WHOLE, EACH, EACH)[0]
    assert distance == np.unpackbits(own ^ digest).sum() < 30
    assert agreement > 0.6
    assert found == _views.find_holes(
        thumb, digest, holes._holes(), most=1, step=4, max_evaluations=80, level=0
    )


@pytest.mark.parametrize(("side", "is_found"), [(24, True), (40, True), (41, False), (50, False)])
def test_holes_take_two_fifths_of_an_upload_at_most(side: int, is_found: bool) -> None:
    """Beyond that a poster is that of any other picture in the same template: 40 x 40 samples of 64 x 64, no more."""
    thumb, hole = thumb_of(), np.array([[8, 8 + side, 10, 10 + side]], np.int32)
    digest = _views.hash_windows(_views.filled(thumb, hole[0]), WHOLE, WHOLE, EACH, EACH)[0]
    distance, found, _ = _views.find_holes(thumb, digest, hole, most=1, step=4, max_evaluations=40)
    assert len(found) == is_found and (distance <= 4) is is_found
    for top, bottom, left, right in found:
        assert (bottom - top) * (right - left) <= 0.4 * 64**2
        assert np.abs(np.array((top, bottom, left, right)) - hole[0]).max() <= 1


def test_holes_that_bring_nothing_are_none() -> None:
    thumb = thumb_of()
    digest = np.frombuffer(_core.pdq(np.asarray(skimage.data.astronaut(), np.uint8))[0], np.uint8)
    distance, found, _ = _views.find_holes(thumb, digest, holes._holes(), most=3, step=4, max_evaluations=40)
    assert found == ()
    assert distance <= 10


@pytest.mark.parametrize("hole", [(0, 0, 1, 5), (5, 3, 0, 4), (0, 65, 0, 4), (-1, 4, 0, 4)])
def test_what_is_no_hole_is_refused(hole: tuple[int, ...]) -> None:
    edges = np.array([hole], np.int32)
    for call in (
        lambda: _views.filled(thumb_of(), edges[0]),
        lambda: _views.hash_filled(thumb_of(), edges),
        lambda: _views.find_holes(
            thumb_of(), np.zeros(32, np.uint8), edges, most=1, step=1, max_evaluations=1
        ),
    ):
        with pytest.raises(ValueError, match="no hole"):
            call()


def test_a_part_is_the_area_average_of_its_window() -> None:
    thumb = thumb_of(side=256)
    for window in ((0.1, 0.7, 0.25, 1.0), (0.0, 0.3, 0.5, 0.62), (0.0, 1.0, 0.0, 1.0)):
        weights = []
        for a, b in (window[:2], window[2:]):
            edges = (a + (b - a) * np.arange(65) / 64) * 256
            at = np.arange(256)
            overlap = np.minimum(edges[1:, None], at + 1) - np.maximum(edges[:-1, None], at)
            weights.append(np.clip(overlap, 0, None) / np.diff(edges)[:, None])
        expected = weights[0] @ thumb.astype(np.float64) @ weights[1].T
        made = _views.part(thumb, np.array(window), side=64)
        np.testing.assert_allclose(made, expected, atol=0.02)
    with pytest.raises(ValueError, match="beyond"):
        _views.part(thumb, np.array((0.0, 1.1, 0.0, 1.0)), side=64)


# -- what is found -------------------------------------------------------------------------------------------


def listed(*pictures: Picture) -> Index:
    own = [compute.hash_array(np.asarray(each)).digest for each in pictures]
    generated = np.random.default_rng(3).integers(0, 256, (20_000, 32), dtype=np.uint8)
    return Index.from_digests(
        np.concatenate([np.frombuffer(b"".join(own), np.uint8).reshape(-1, 32), generated])
    )


def look(upload: Picture, index: Index, effort: Effort) -> list[tuple[int, str]]:
    hits = views.look_up([decoded(upload)], index, max_distance=31, min_quality=50, effort=effort).hits
    return [(hit.row, hit.view) for hit in hits]


def test_a_picture_with_a_fifth_of_it_hidden_is_found_by_the_rest() -> None:
    own = picture("coffee")
    index = listed(own)
    covered = own.copy()
    ImageDraw.Draw(covered).ellipse((230, 120, 470, 360), fill=(255, 214, 10), outline="black", width=4)
    assert look(covered, index, "standard") == []
    ((row, view),) = look(covered, index, "thorough")
    assert row == 0
    assert view.startswith("with something over ")


@pytest.mark.parametrize(("few", "more"), [(0.61, 0.64), (0.64, 0.61)])
def test_of_two_looks_for_holes_the_better_counts(
    few: float, more: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several holes are looked for from anew, with so many steps: they may end lower than the one hole began."""
    own = picture("coffee")

    def find_holes(*_: object, most: int, **__: object) -> tuple[int, tuple[()], float]:
        return 20 + most, (), few if most == 1 else more

    monkeypatch.setattr(refining, "_views", SimpleNamespace(find_holes=find_holes))
    batch = holes.without_a_hole(Thumbnails(decoded(own)))
    candidate, *_ = next(refining.refined(batch, listed(own), settled=()))
    assert (candidate.agreement, candidate.distance) == (0.64, 21 if few > more else 23)


def test_the_same_template_around_another_picture_is_not_what_hides_it() -> None:
    """A poster without its picture is the poster of any picture: the hole may not be that large."""
    posters = []
    for name in ("coffee", "chelsea"):
        page = Image.new("RGB", (700, 800), (30, 30, 34))
        page.paste(picture(name).resize((600, 500)), (50, 60))
        draw = ImageDraw.Draw(page)
        draw.rectangle((44, 54, 656, 566), outline="white", width=4)
        for line in range(3):
            draw.rectangle((120, 610 + 50 * line, 580 - 60 * line, 640 + 50 * line), fill="white")
        posters.append(page)
    assert look(posters[0], listed(posters[1]), "exhaustive") == []


def test_a_graphic_has_no_holes() -> None:
    page = Image.new("RGB", (400, 300), "white")
    ImageDraw.Draw(page).rectangle((40, 40, 200, 200), outline="black", width=5)
    assert len(holes.without_a_hole(Thumbnails(decoded(page))).digests) == 0
    assert len(holes.without_a_hole(Thumbnails(decoded(picture("coffee")))).digests) == len(holes._holes())


# -- what is left of blown out lights ------------------------------------------------------------------------


def test_greys_are_counted_of_what_is_not_blown_out() -> None:
    """Half white, half a photograph: the photograph's greys; with a flat half in place of it, none."""
    photo = thumb_of("coffee")
    window = np.array((0.0, 1.0, 0.0, 1.0))
    half = photo.copy() * np.float32(0.9)
    half[:, 32:] = 255
    share, greys, common, flat = _views.measure_lit(half, window)
    assert share == 0.5
    used = half[:, :32].ravel()
    step = used.std() / 16
    _, counts = np.unique((used / step).astype(int), return_counts=True)
    shares = counts / counts.sum()
    assert greys == pytest.approx(-(shares * np.log2(shares)).sum(), abs=0.02)
    assert common == pytest.approx(np.sort(counts)[-4:].sum() / len(used), abs=0.02)
    assert flat < 0.2
    half[:, :32] = 40
    assert _views.measure_lit(half, window) == (0.5, 0.0, 1.0, 1.0)
    half[:] = 255
    assert _views.measure_lit(half, window) == (0.0, 0.0, 1.0, 1.0)


# -- what is written on ----------------------------------------------------------------------------------------


def captioned(own: Picture) -> Picture:
    """A picture in a tall video: its own blurred self above and below, subtitles on it, buttons down its side."""
    scene = Scene(np.random.default_rng(1), [own])
    return harder.vertical_video(own, scene)


def test_bands_lie_within_two_fifths_of_a_picture() -> None:
    bands = holes._bands()
    assert len(np.unique(bands, axis=0)) == len(bands) == 12
    tops, bottoms, lefts, rights = bands.T
    assert ((tops >= 0) & (tops < bottoms) & (bottoms <= 64)).all()
    assert ((lefts >= 0) & (lefts < rights) & (rights <= 64)).all()
    assert ((bottoms - tops) * (rights - lefts) <= 0.4 * 64**2).all()


def test_every_best_box_is_looked_up_without_what_is_written_on_it() -> None:
    """What is written may make a better box than the picture's own."""
    thumbs = Thumbnails(decoded(captioned(picture("rocket").resize((800, 600)))))
    boxes = [box for box in nested.best_boxes(thumbs) if not is_graphic(thumbs.part(box))]
    assert len(boxes) > 1
    batch = holes.box_without_a_band(thumbs)
    assert [(group.thumbs.window, len(group.digests)) for group in batch.groups] == [
        (box, 12) for box in boxes
    ]


def test_a_picture_in_a_captioned_video_is_found_without_what_is_written_on_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = picture("rocket").resize((800, 600))
    index, upload = listed(own, picture("chelsea"), picture("coffee")), captioned(own)
    ((row, view),) = look(upload, index, "thorough")
    assert row == 0
    assert view.startswith("inside a frame, with something over ")
    without = tuple(each for each in PROPOSALS["thorough"] if each is not holes.box_without_a_band)
    monkeypatch.setitem(PROPOSALS, "thorough", without)
    assert look(upload, index, "thorough") == []
