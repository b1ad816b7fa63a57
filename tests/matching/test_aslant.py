"""Pictures seen from the side: what lies in four corners, and what is found by it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from drawn import Picture, card, decoded, picture
from safehash import _core, _views
from safehash.evaluation import harder
from safehash.evaluation.scene import Scene
from safehash.hashing import compute
from safehash.matching import aslant, views
from safehash.matching.evidence import Candidate, Evidence, around
from safehash.matching.families import BENT
from safehash.matching.settings import Effort
from safehash.matching.thumbnails import THE_UPLOAD, Thumbnails
from safehash.search.index import Index

FloatArray = npt.NDArray[np.float64]
THE_SIDE = [0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0]


def thumb_of(name: str = "astronaut", side: int = 64) -> npt.NDArray[np.float32]:
    made: npt.NDArray[np.float32] = _views.thumbnail(
        np.asarray(getattr(skimage.data, name)(), np.uint8), side=side
    )
    return made


def sampled(thumb: npt.NDArray[np.float32], down: FloatArray, across: FloatArray) -> FloatArray:
    """Bilinear, edges repeated; down and across in samples from the first one's middle."""
    last = len(thumb) - 1
    down, across = np.clip(down, 0, last), np.clip(across, 0, last)
    row, col = down.astype(int), across.astype(int)
    below, right = np.minimum(row + 1, last), np.minimum(col + 1, last)
    v, u = down - row, across - col
    samples = thumb.astype(np.float64)
    top = samples[row, col] * (1 - u) + samples[row, right] * u
    bottom = samples[below, col] * (1 - u) + samples[below, right] * u
    made: FloatArray = top * (1 - v) + bottom * v
    return made


def bent_slowly(thumb: npt.NDArray[np.float32], quad: list[float]) -> FloatArray:
    """Solve for the projection that brings the corners of a square to these, and look every sample up."""
    equations, wanted = [], []
    for (down, across), (row, col) in zip(
        ((0, 0), (0, 1), (1, 0), (1, 1)), np.array(quad).reshape(4, 2).tolist(), strict=True
    ):
        equations.append([down, across, 1, 0, 0, 0, -row * down, -row * across])
        equations.append([0, 0, 0, down, across, 1, -col * down, -col * across])
        wanted += [row, col]
    a, b, c, d, e, f, g, h = np.linalg.solve(np.array(equations, float), np.array(wanted))
    n = len(thumb)
    at = (np.arange(n) + 0.5) / n
    y, x = np.meshgrid(at, at, indexing="ij")
    w = g * y + h * x + 1
    return sampled(thumb, (a * y + b * x + c) / w * n - 0.5, (d * y + e * x + f) / w * n - 0.5)


moves = st.lists(st.floats(-0.22, 0.22), min_size=8, max_size=8)


@settings(deadline=None, max_examples=40)
@given(moves=moves)
def test_what_lies_in_four_corners_is_brought_to_a_square(moves: list[float]) -> None:
    quad = [corner + move for corner, move in zip(THE_SIDE, moves, strict=True)]
    thumb = thumb_of()
    expected = bent_slowly(thumb, quad)
    for level in _views.LEVELS:
        np.testing.assert_allclose(_views.bent(thumb, np.array(quad), level=level), expected, atol=0.01)


@settings(deadline=None, max_examples=30)
@given(degrees=st.floats(-180, 180), aspect=st.floats(0.3, 3.0), side=st.sampled_from([16, 64, 128]))
def test_a_turned_thumbnail_is_what_lies_there(degrees: float, aspect: float, side: int) -> None:
    """The same at every level: each sample is computed by itself."""
    thumb = thumb_of("coffee", side)
    at = np.arange(side) + 0.5 - side / 2
    y, x = np.meshgrid(at, at * aspect, indexing="ij")
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    middle = side / 2 - 0.5
    expected = sampled(thumb, y * cosine + x * sine + middle, (x * cosine - y * sine) / aspect + middle)
    made = _views.rotated(thumb, degrees, aspect, level=0)
    np.testing.assert_allclose(made, expected, atol=0.01)
    for level in _views.LEVELS:
        assert _views.rotated(thumb, degrees, aspect, level=level).tobytes() == made.tobytes()


def test_the_upload_s_own_corners_hold_the_upload() -> None:
    thumb = thumb_of()
    np.testing.assert_array_equal(_views.bent(thumb, np.array(THE_SIDE)), thumb)


@pytest.mark.parametrize("level", _views.LEVELS)
def test_every_instruction_set_hashes_and_moves_corners_alike(level: int) -> None:
    thumb = thumb_of("coffee")
    quads = np.array([aslant.quad_of(seen, 1.5) for seen in (*aslant._FEW, *aslant._MORE)])
    doubts = np.empty((2, len(quads), 32), np.uint8)
    digests = _views.hash_bent(thumb, quads, doubts=doubts[0], level=level)
    np.testing.assert_array_equal(digests, _views.hash_bent(thumb, quads, doubts=doubts[1], level=0))
    np.testing.assert_array_equal(*doubts)
    whole, each = np.array([[0.0, 1.0]]), np.zeros(1, np.int32)
    for quad, digest in zip(quads, digests, strict=True):
        bent = _views.bent(thumb, quad, level=level)
        np.testing.assert_array_equal(_views.hash_windows(bent, whole, whole, each, each)[0], digest)
    digest = np.frombuffer(_core.pdq(np.asarray(skimage.data.coffee(), np.uint8))[0], np.uint8)
    moved = [
        _views.refine_corners(
            thumb, digest, quads[3], step=0.03, least=0.004, room=0.12, max_evaluations=60, level=each
        )
        for each in (0, level)
    ]
    assert moved[0] == moved[1]


def test_corners_are_found_where_they_are() -> None:
    """From the upload's own corners to those of a picture that reaches beyond them, sheared and seen from the side."""
    own = picture("coffee")
    digest = np.frombuffer(compute.hash_array(np.asarray(own)).digest, np.uint8)
    seen = harder.keystone(0.06)(own, Scene(np.random.default_rng(1)))
    thumb = Thumbnails(decoded(seen)).of_side(64)
    start = np.array(THE_SIDE)
    before = _views.refine_corners(thumb, digest, start, step=0.03, least=0.004, room=0.15, max_evaluations=1)
    distance, quad, agreement = _views.refine_corners(
        thumb, digest, start, step=0.03, least=0.004, room=0.15, max_evaluations=300
    )
    assert before[1] == tuple(THE_SIDE) and before[0] > 31
    assert distance <= 20 < before[0] and agreement > 0.75 > before[2]
    bent = _views.bent(thumb, np.array(quad))
    whole, each = np.array([[0.0, 1.0]]), np.zeros(1, np.int32)
    found = _views.hash_windows(bent, whole, whole, each, each)[0]
    assert int(np.unpackbits(found ^ digest).sum()) == distance
    # Looking further never loses what was found: of all corners tried the nearest count.
    so_far = [
        _views.refine_corners(thumb, digest, start, step=0.03, least=0.004, room=0.15, max_evaluations=n)[0]
        for n in range(1, 100)
    ]
    assert so_far == list(np.minimum.accumulate(so_far)) and len(set(so_far)) > 3
    outward = np.abs(np.array(quad) - np.array(THE_SIDE))
    assert 0.03 <= outward.max() <= 0.12  # 0.064 at two corners


@pytest.mark.parametrize(
    "quad",
    [
        [0, 1, 0, 0, 1, 1, 1, 0],  # mirrored: no picture is seen from behind
        [0, 0, 0.2, 0.2, 1, 0, 0, 1],  # one corner within the others
        [0, 0, 0, 1, 0.3, 0.7, 1, 1],  # each of them
        [0, 0, 0, 1, 1, 0, 0.3, 0.3],
        [0, 0, 0.7, 0.3, 1, 0, 1, 1],
        [0.7, 0.7, 0, 1, 1, 0, 1, 1],
        [0, 0, 0, 0.1, 1, 0, 1, 0.1],  # a sliver
        [0, 0, 0, 1, 1, 0, 1, 2.5],  # far away
        [0, 0, 0, 1, 1, 0, 1, float("nan")],
    ],
)
def test_what_no_picture_lies_in_is_refused(quad: list[float]) -> None:
    at = np.array(quad, float)
    for call in (
        lambda: _views.bent(thumb_of(), at),
        lambda: _views.hash_bent(thumb_of(), at[None]),
        lambda: _views.refine_corners(
            thumb_of(), np.zeros(32, np.uint8), at, step=0.1, least=0.1, room=0.1, max_evaluations=1
        ),
    ):
        with pytest.raises(ValueError, match="no picture lies in the corners"):
            call()


def test_moves_and_shapes_out_of_range_are_refused() -> None:
    thumb, digest, quad = thumb_of(), np.zeros(32, np.uint8), np.array(THE_SIDE)
    good = {"step": 0.1, "least": 0.1, "room": 0.1, "max_evaluations": 1}
    for wrong in ({"step": 2.0}, {"least": 0.2}, {"room": 10.0}, {"room": math.nan}, {"max_evaluations": 0}):
        with pytest.raises(ValueError, match=r"sides|looked at"):
            _views.refine_corners(thumb, digest, quad, **{**good, **wrong})  # type: ignore[arg-type]
    for call in (
        lambda: _views.bent(thumb, quad[:6]),
        lambda: _views.hash_bent(thumb, np.zeros((2, 6))),
        lambda: _views.refine_corners(thumb, digest[:8], quad, **good),  # type: ignore[arg-type]
        lambda: _views.hash_bent(thumb, quad[None], doubts=np.empty((2, 32), np.uint8)),
    ):
        with pytest.raises(ValueError, match=r"corners|doubts"):
            call()


@pytest.mark.parametrize("aspect", [0.4, 1.0, 1.5, 2.5])
def test_every_way_of_seeing_has_corners(aspect: float) -> None:
    quads = [aslant.quad_of(seen, aspect) for seen in (*aslant._FEW, *aslant._MORE)]
    assert len({tuple(np.round(quad, 6)) for quad in quads}) == len(quads) == 16 + 20
    _views.hash_bent(thumb_of(), np.array(quads))  # pictures lie there, and so they do in a panorama
    _views.hash_bent(
        thumb_of(), np.array([aslant.quad_of(seen, 9.0) for seen in (*aslant._FEW, *aslant._MORE)])
    )
    wider = aslant.quad_of(aslant._Seen(wider=0.06), aspect)
    assert wider == pytest.approx([0, -0.06, 0, 1.06, 1, 0, 1, 1])
    lower = aslant.quad_of(aslant._Seen(wider=-0.06), aspect)
    assert lower == pytest.approx([0, 0, 0, 1, 1, -0.06, 1, 1.06])
    left = aslant.quad_of(aslant._Seen(higher=0.06), aspect)
    assert left == pytest.approx([-0.06, 0, 0, 1, 1.06, 0, 1, 1])
    slid = aslant.quad_of(aslant._Seen(slid=0.1), aspect)
    assert slid == pytest.approx(
        [0, 0.05 / aspect, 0, 1 + 0.05 / aspect, 1, -0.05 / aspect, 1, 1 - 0.05 / aspect]
    )


@pytest.mark.parametrize(
    ("size", "n_few", "n_more"), [((600, 400), 16, 20), ((3000, 40), 16, 12), ((20, 2000), 16, 12)]
)
def test_of_a_ribbon_what_would_leave_it_is_left_out(size: tuple[int, int], n_few: int, n_more: int) -> None:
    thumbs = Thumbnails(decoded(picture("coffee").resize(size)))
    for propose, n in ((aslant.aslant, n_few), (aslant.more_aslant, n_more)):
        batch = propose(thumbs)
        assert [len(group.digests) for group in batch.groups] == [n, n]
        assert all(group.quads is not None and len(group.quads) == n for group in batch.groups)


def test_a_graphic_is_seen_from_its_front_alone() -> None:
    """With eight numbers to choose, one icon of a set becomes the other."""
    for propose in (aslant.aslant, aslant.more_aslant):
        assert len(propose(Thumbnails(decoded(card(5)))).digests) == 0
        assert len(propose(Thumbnails(decoded(picture("coffee")))).digests) > 30


def test_gates_look_at_what_lies_in_the_corners() -> None:
    """Half a page of plain paper beside a picture is none of the picture's greys."""
    own = picture("coffee")
    page = Image.new("RGB", (own.width * 3 // 2, own.height), "white")
    page.paste(own, (0, 0))
    thumbs = Thumbnails(decoded(page))
    corners = (0.02, 0.01, 0.0, 0.64, 1.0, 0.0, 0.97, 0.65)
    candidate = Candidate(family=BENT, row=0, distance=0, corners=corners, window=around(corners))
    found = Evidence(candidate, np.zeros((1, 32), np.uint8), thumbs)
    quality, flat, plain_ground, faint, greys, common, contrast, lined = _views.measure_window(
        _views.bent(thumbs.of_side(64), np.array(corners)), np.array(THE_UPLOAD)
    )
    assert (found.quality, found.flat, found.plain_ground) == (quality, flat, plain_ground)
    assert (found.faint, found.greys, found.common) == (faint, greys, common)
    assert (found.contrast, found.lined) == (contrast, lined)
    whole = Evidence(Candidate(family=BENT, row=0, distance=0), np.zeros((1, 32), np.uint8), thumbs)
    assert whole.flat > found.flat + 0.2 and whole.common > found.common + 0.2
    assert around(corners) == (0.0, 1.0, 0.0, 0.65)
    assert found.missing == 0.0 and found.coverage == pytest.approx(0.65)
    beyond = aslant.quad_of(aslant._Seen(wider=0.12), 1.5)
    wider = replace(candidate, corners=tuple(beyond), window=around(beyond))
    assert Evidence(wider, np.zeros((1, 32), np.uint8), thumbs).missing == pytest.approx(1 - 1 / 1.24)


def listed(*pictures: Picture) -> Index:
    own = [compute.hash_array(np.asarray(each)).digest for each in pictures]
    generated = np.random.default_rng(3).integers(0, 256, (20_000, 32), dtype=np.uint8)
    return Index.from_digests(
        np.concatenate([np.frombuffer(b"".join(own), np.uint8).reshape(-1, 32), generated])
    )


def look(upload: Picture, index: Index, effort: Effort) -> list[tuple[int, str]]:
    hits = views.look_up([decoded(upload)], index, max_distance=31, min_quality=50, effort=effort).hits
    return [(hit.row, hit.view) for hit in hits]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("change", [harder.keystone(0.10), harder.sheared(0.15)])
def test_a_picture_seen_from_the_side_is_found(change: object, seed: int) -> None:
    own = picture("coffee")
    upload = change(own, Scene(np.random.default_rng(seed)))  # type: ignore[operator]
    index = listed(picture("chelsea"), own)
    assert look(upload, index, "standard") == []
    ((row, _),) = look(upload, index, "thorough")
    assert row == 1


def test_a_mirrored_picture_seen_from_the_side_is_found_and_called_that() -> None:
    own = picture("chelsea")
    upload = harder.keystone(0.10)(own, Scene(np.random.default_rng(2))).transpose(
        Image.Transpose.FLIP_LEFT_RIGHT
    )
    ((row, view),) = look(upload, listed(own), "thorough")
    assert row == 0
    assert view.startswith("mirrored") and "seen from the side" in view


def unaligned(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the same values one byte beside where they would lie."""
    held = np.zeros(values.nbytes + 1, np.uint8)
    beside = held[1:].view(values.dtype).reshape(values.shape)
    beside[...] = values
    assert not beside.flags.aligned
    return beside


def test_corners_and_holes_beside_their_places_are_refused() -> None:
    """Loads in C may take it for granted."""
    thumb, digest, quad = thumb_of(), np.zeros(32, np.uint8), unaligned(np.array(THE_SIDE))
    hole = unaligned(np.array([4, 12, 4, 12], np.int32))
    moves: dict[str, Any] = {"step": 0.1, "least": 0.1, "room": 0.1, "max_evaluations": 1}
    for call in (
        lambda: _views.is_quad(quad),
        lambda: _views.bent(thumb, quad),
        lambda: _views.hash_bent(thumb, quad[None]),
        lambda: _views.refine_corners(thumb, digest, quad, **moves),
        lambda: _views.filled(thumb, hole),
        lambda: _views.hash_filled(thumb, hole[None]),
        lambda: _views.find_holes(thumb, digest, hole[None], most=1, step=4, max_evaluations=1),
    ):
        with pytest.raises(ValueError, match="not aligned"):
            call()
