"""Bits of a window's digest that may as well be the other: which they are, and what they lead to."""

from __future__ import annotations

import math
import re
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st
from PIL import ImageEnhance, ImageOps

from drawn import decoded, picture
from safehash import _views
from safehash._digests import turn_digests
from safehash.matching.efforts import PROPOSALS
from safehash.matching.families import COVERED, COVERED_AGAIN, FAMILIES, FRAMED, NESTED
from safehash.matching.holes import without_a_hole
from safehash.matching.refining import MAX_CANDIDATES, refined
from safehash.matching.thumbnails import Thumbnails
from safehash.matching.windows import Batch
from safehash.search.index import Index
from safehash.search.seeds import seed

UInt8Array = npt.NDArray[np.uint8]

#: As _views.h has it: of the mean distance from the median.
DOUBTFUL, MOST = 0.6, 6
EACH = np.zeros(1, np.int32)


def bits(digests: UInt8Array) -> npt.NDArray[np.bool_]:
    """Return the 256 bits of digests in the order of their coefficients."""
    return np.unpackbits(digests[..., ::-1], axis=-1, bitorder="little").astype(bool)


def coefficients(
    thumb: npt.NDArray[np.float32], window: tuple[float, float, float, float]
) -> npt.NDArray[np.float64]:
    """Return the 16 x 16 coefficients of one window, from the definition."""
    n = len(thumb)
    tents = []
    for a, b in (window[:2], window[2:]):
        matrix = np.zeros((64, n))
        spacing = (b - a) * n / 64
        half = max(spacing / 2, 1.0)
        for k in range(64):
            centre = a * n + spacing * (k + 0.5) - 0.5
            at = np.arange(math.ceil(centre - half), math.floor(centre + half) + 1)
            weights = 1 - np.abs(at - centre) / half
            np.add.at(matrix[k], np.clip(at, 0, n - 1), weights / weights.sum())
        tents.append(matrix)
    cosines = np.cos(np.pi / 64 * np.outer(np.arange(1, 17), np.arange(64) + 0.5))
    made: npt.NDArray[np.float64] = cosines @ tents[0] @ thumb.astype(np.float64) @ tents[1].T @ cosines.T
    return made.ravel()


@pytest.mark.parametrize("level", _views.LEVELS)
@pytest.mark.parametrize("window", [(0.0, 1.0, 0.0, 1.0), (-0.1, 1.2, 0.05, 0.9), (0.2, 0.7, 0.1, 0.6)])
def test_doubtful_is_what_lies_near_the_median(level: int, window: tuple[float, float, float, float]) -> None:
    thumb = _views.thumbnail(np.asarray(skimage.data.astronaut(), np.uint8), side=64)
    doubts = np.full((1, 32), 255, np.uint8)
    rows, cols = np.array([window[:2]]), np.array([window[2:]])
    digest = _views.hash_windows(thumb, rows, cols, EACH, EACH, doubts=doubts, level=level)
    found = coefficients(thumb, window)
    apart = np.abs(found - np.sort(found)[127])  # the largest one whose bit is not set
    expected = apart < DOUBTFUL * apart.mean()
    assert (bits(doubts)[0] != expected).sum() <= 1  # the sums are of single precision
    assert 60 < expected.sum() < 200, "a third to three quarters of the bits"
    np.testing.assert_array_equal(digest, _views.hash_windows(thumb, rows, cols, EACH, EACH))


def test_every_kernel_writes_the_doubts_of_its_digests() -> None:
    thumb = _views.thumbnail(np.asarray(skimage.data.coffee(), np.uint8), side=128)
    doubts = np.empty((20, 32), np.uint8)
    windows, digests, _ = _views.boxes(thumb, n_windows=20, doubts=doubts)
    one = np.empty((1, 32), np.uint8)
    for window, digest, own in zip(windows, digests, doubts, strict=False):
        spans = np.array([window[:2]]), np.array([window[2:]])
        assert (_views.hash_windows(thumb, *spans, EACH, EACH, doubts=one)[0] == digest).all()
        assert (one[0] == own).all()
    small = _views.thumbnail(np.asarray(skimage.data.coffee(), np.uint8), side=64)
    hole = np.array([[8, 24, 16, 40]], np.int32)
    filled = _views.filled(small, hole[0])
    whole = np.array([[0.0, 1.0]])
    _views.hash_windows(filled, whole, whole, EACH, EACH, doubts=one)
    other = np.empty((1, 32), np.uint8)
    _views.hash_filled(small, hole, doubts=other)
    assert (one == other).all()
    for wrong in (np.empty((2, 32), np.uint8), np.empty((1, 31), np.uint8)):
        with pytest.raises(ValueError, match="doubts"):
            _views.hash_filled(small, hole, doubts=wrong)


@given(orientation=st.integers(0, 7), at=st.integers(0, 255))
def test_a_doubtful_bit_is_turned_with_its_digest(orientation: int, at: int) -> None:
    thumbs = Thumbnails(decoded(picture("coffee")))
    digest = np.frombuffer(bytes(range(32)), np.uint8)[None]
    doubt = np.zeros((1, 32), np.uint8)
    doubt[0, at // 8] = 1 << (at % 8)
    batch = Batch(NESTED, thumbs)
    batch.add(digest, np.array([[0.0, 1.0, 0.0, 1.0]]), orientation, doubts=doubt)
    other = turn_digests(digest ^ doubt, (orientation,))[:, 0]
    assert batch.doubts is not None
    assert (batch.doubts == (batch.digests ^ other)).all()


def test_families_that_ask_have_doubts_for_each_digest() -> None:
    framed = ImageOps.expand(ImageEnhance.Brightness(picture("coffee")).enhance(1.5), 60, (90, 120, 60))
    thumbs, asking = Thumbnails(decoded(framed)), set()
    for propose in PROPOSALS["exhaustive"]:
        batch = propose(thumbs)
        if not batch.family.doubtful:
            assert batch.doubts is None
            continue
        asking.add(batch.family.name)
        assert batch.doubts is not None
        assert batch.doubts.shape == batch.digests.shape
        asked = bits(batch.doubts).any(axis=1)
        if batch.family is FRAMED:  # of the two best boxes, as they are and mirrored
            assert np.flatnonzero(asked).tolist() == [0, 1, 20, 21]
        elif batch.family is NESTED:  # of the best box, as it is and mirrored
            assert np.flatnonzero(asked).tolist() == list(range(162)) and asked.size > 162
        else:
            assert len(batch.digests) and asked.all(), batch.family.name
    assert asking == {family.name for family in FAMILIES.values() if family.doubtful}
    # And which these are, docs/matching.md says.
    page = (Path(__file__).parents[2] / "docs" / "matching.md").read_text(encoding="utf-8").replace("\n", " ")
    (said,) = re.findall(r"The families ([^.]*) look up, beside each slot, the slot with one such bit", page)
    assert set(re.findall("`([^`]*)`", said)) == asking


def test_families_that_ask_have_none_where_there_are_no_windows() -> None:
    framed = Thumbnails(decoded(picture("coffee")))
    none = Batch(COVERED, framed)
    assert none.doubts is not None and none.doubts.shape == none.digests.shape == (0, 32)


# -- what they lead to ---------------------------------------------------------------------------------------


def slots_of(digest: UInt8Array, widths: tuple[int, ...]) -> list[int]:
    """Return the slot values of one digest, from the definition: bit p is bit (37 p) % 256."""
    own = np.unpackbits(digest, bitorder="little")
    permuted = [int(own[position * 37 % 256]) for position in range(256)]
    values, at = [], 0
    for width in widths:
        values.append(sum(bit << place for place, bit in enumerate(permuted[at : at + width])))
        at += width
    return values


@given(number=st.integers(0, 10_000), share=st.sampled_from([0.0, 0.1, 0.3, 0.9]))
def test_seeds_share_a_slot_but_for_a_doubtful_bit(number: int, share: float) -> None:
    rng = np.random.default_rng(number)
    digests = rng.integers(0, 256, (300, 32), dtype=np.uint8)
    index = Index.from_digests(digests)
    widths = index._slots.widths
    queries = digests[:9] ^ np.packbits(rng.random((9, 256)) < 0.2, axis=1)
    doubts = np.packbits(rng.random((9, 256)) < share, axis=1)
    of_rows = np.array([slots_of(digest, widths) for digest in digests])
    expected: dict[int, int] = {}
    for query, doubt in zip(queries, doubts, strict=True):
        far = np.unpackbits(digests ^ query, axis=1).sum(axis=1)
        off = of_rows ^ np.array(slots_of(query, widths))
        for slot, doubtful in enumerate(slots_of(doubt, widths)):
            turned = [1 << place for place in range(widths[slot]) if doubtful >> place & 1][:MOST]
            for row in np.flatnonzero(np.isin(off[:, slot], [0, *turned]) & (far <= 110)).tolist():
                expected[row] = min(int(far[row]), expected.get(row, 256))
    found = seed(index, queries, max_distance=110, doubts=doubts)
    assert dict(zip(found.rows.tolist(), found.distances.tolist(), strict=True)) == expected
    # Without a doubt it is the same as not to ask.
    plain, none = (
        seed(index, queries, max_distance=110),
        seed(index, queries, max_distance=110, doubts=np.zeros_like(queries)),
    )
    assert plain.rows.tolist() == none.rows.tolist()
    assert plain.queries.tolist() == none.queries.tolist()


def test_a_window_that_shares_no_slot_but_for_doubtful_bits_is_refined() -> None:
    """Its entry differs in one doubtful bit of every slot that has one, and in some other bit of every other slot."""
    thumbs = Thumbnails(decoded(picture("coffee")))
    proposed = without_a_hole(thumbs)
    (group,) = proposed.groups
    assert group.doubts is not None and group.holes is not None
    own = Batch(COVERED, thumbs)
    own.add(group.digests[:1], group.windows[:1], 0, doubts=group.doubts[:1], holes=group.holes[:1])
    rng = np.random.default_rng(5)
    others = rng.integers(0, 256, (5_000, 32), dtype=np.uint8)
    widths = Index.from_digests(np.concatenate([group.digests[:1], others]))._slots.widths
    doubtful = np.unpackbits(group.doubts[0], bitorder="little")
    entry, at, n_doubtful = np.unpackbits(group.digests[0], bitorder="little"), 0, 0
    for width in widths:
        places = np.arange(at, at + width) * 37 % 256
        turned = next((place for place in places if doubtful[place]), None)
        n_doubtful += turned is not None
        entry[places[0] if turned is None else turned] ^= 1
        at += width
    assert n_doubtful > 0
    index = Index.from_digests(np.concatenate([np.packbits(entry, bitorder="little")[None], others]))
    assert index._slots.widths == widths
    assert 0 not in seed(index, own.digests, max_distance=COVERED.seed_distance).rows
    assert 0 in [candidate.row for candidate, _, _ in refined(own, index, frozenset())]


def test_what_doubtful_slots_lead_to_is_bounded() -> None:
    """A list of digests that all lie near a window: so many are refined, and no more."""
    thumbs = Thumbnails(decoded(picture("coffee")))
    (group,) = without_a_hole(thumbs).groups
    assert group.holes is not None
    rng = np.random.default_rng(2)
    noise = np.packbits(rng.random((300, 256)) < 0.04, axis=1)
    index = Index.from_digests(group.digests[:1] ^ noise)
    for family, most in ((COVERED, 2 * MAX_CANDIDATES), (COVERED_AGAIN, MAX_CANDIDATES)):
        own = Batch(family, thumbs)
        doubts = group.doubts[:1] if family.doubtful and group.doubts is not None else None
        own.add(group.digests[:1], group.windows[:1], 0, doubts=doubts, holes=group.holes[:1])
        assert len(list(refined(own, index, frozenset()))) == most


def test_doubts_that_do_not_fit_are_refused() -> None:
    index = Index.from_digests(np.zeros((3, 32), np.uint8))
    queries = np.zeros((2, 32), np.uint8)
    for options in ({"flips": 1}, {"min_shared": 2}):
        with pytest.raises(ValueError, match="not with doubts"):
            seed(index, queries, doubts=queries, **options)
    for wrong in (queries[:1], queries[:, :31]):
        with pytest.raises(ValueError, match="doubts"):
            seed(index, queries, doubts=wrong)
