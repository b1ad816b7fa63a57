"""Overexposed pictures: what is blown out is taken to be brightest in its middle, and what is found by that."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from PIL import Image, ImageEnhance

from drawn import Picture, decoded, picture
from safehash.hashing import compute
from safehash.matching import overexposed, views
from safehash.matching.efforts import PROPOSALS
from safehash.matching.settings import Effort
from safehash.matching.thumbnails import Thumbnails
from safehash.search.index import Index

Float32Array = npt.NDArray[np.float32]


def with_lights(*places: tuple[int, int, int, int], side: int = 128) -> Float32Array:
    """A slope of greys in which some rectangles are white."""
    thumb = np.linspace(10, 200, side * side, dtype=np.float32).reshape(side, side)
    for top, bottom, left, right in places:
        thumb[top:bottom, left:right] = 255
    return thumb


def relit_slowly(thumb: Float32Array, levels: int, width: int) -> Float32Array:
    """As `overexposed.relit` by its words: for each white sample, neighbours counted one by one, twice."""
    side, half = len(thumb), width // 2
    means = np.pad((thumb >= 252).astype(float), 2 * half, mode="edge")
    for left in (side + 2 * half, side):
        of_each = sliding_window_view(means, (width, width)).mean(axis=(2, 3))
        assert of_each.shape == (left, left)
        means = of_each
    raised = (thumb + levels * np.where(thumb >= 252, means, 0)) * 255 / (255 + levels)
    made: Float32Array = raised.reshape(64, side // 64, 64, side // 64).mean(axis=(1, 3)).astype(np.float32)
    return made


@pytest.mark.parametrize(("levels", "width"), overexposed._HEIGHTS)
def test_what_is_blown_out_is_brightest_in_its_middle(levels: int, width: int) -> None:
    thumb = with_lights((0, 20, 0, 128), (50, 80, 40, 90))
    made = overexposed.relit(thumb, levels, width)
    np.testing.assert_allclose(made, relit_slowly(thumb, levels, width), atol=0.02)
    assert made[32, 32] == pytest.approx(255)  # the middle of a large one gains all of it ...
    assert made[25, 32] < made[26, 32] <= made[32, 32]  # ... and its edge less
    assert made[60, 10] == pytest.approx(thumb[120:122, 20:22].mean() * 255 / (255 + levels), abs=0.01)


def test_a_sample_a_little_under_white_is_not_blown_out() -> None:
    thumb = with_lights()
    thumb[:, 50:70] = 251
    flat = np.full_like(thumb, 251)
    made, plain = (overexposed.relit(each, 64, 5) for each in (thumb, flat))
    np.testing.assert_allclose(plain, 251 * 255 / 319, atol=0.01)
    assert made[:, 26:34].max() == pytest.approx(251 * 255 / 319, abs=0.01)


@pytest.mark.parametrize(
    ("share", "n"), [(0.0, 0), (0.01, 0), (0.02, 24), (0.4, 24), (0.75, 24), (0.77, 0), (1.0, 0)]
)
def test_what_has_few_lights_or_nothing_else_is_left_alone(share: float, n: int) -> None:
    side = 128
    thumb = with_lights((0, round(share * side + 0.3), 0, side))
    thumbs = Thumbnails(decoded(Image.fromarray(thumb.astype(np.uint8))))
    batch = overexposed.relit_uploads(thumbs)
    assert len(batch.digests) == n
    # Each in every orientation, all of the upload.
    assert [group.orientation for group in batch.groups] == (3 * [*range(8)])[:n]
    assert all(group.windows.tolist() == [[0, 1, 0, 1]] for group in batch.groups)
    assert len(np.unique(batch.digests[:8], axis=0)) == min(n, 8)


def listed(own: Picture) -> Index:
    generated = np.random.default_rng(3).integers(0, 256, (20_000, 32), dtype=np.uint8)
    digest = np.frombuffer(compute.hash_array(np.asarray(own)).digest, np.uint8)
    return Index.from_digests(np.concatenate([digest[None], generated]))


def look(upload: Picture, index: Index, effort: Effort) -> list[tuple[int, str]]:
    hits = views.look_up([decoded(upload)], index, max_distance=31, min_quality=50, effort=effort).hits
    return [(hit.row, hit.view) for hit in hits]


@pytest.mark.parametrize("mirrored", [False, True])
def test_a_photograph_is_found_by_the_lights_it_had(mirrored: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    own = picture("chelsea")
    index = listed(own)
    upload = ImageEnhance.Brightness(own).enhance(2.4)
    upload = upload.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if mirrored else upload
    assert look(upload, index, "standard") == []
    ((row, view),) = look(upload, index, "thorough")
    assert row == 0
    assert view.startswith("mirrored, overexposed" if mirrored else "overexposed")
    without = tuple(each for each in PROPOSALS["thorough"] if each is not overexposed.relit_uploads)
    monkeypatch.setitem(PROPOSALS, "thorough", without)
    assert look(upload, index, "thorough") == []


def test_another_photograph_with_its_lights_blown_out_is_no_match() -> None:
    for name, other in (("coffee", "chelsea"), ("astronaut", "rocket"), ("rocket", "coffee")):
        upload = ImageEnhance.Brightness(picture(name)).enhance(2.0)
        assert look(upload, listed(picture(other)), "exhaustive") == []
