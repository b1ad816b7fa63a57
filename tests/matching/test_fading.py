"""What lies beyond a crop's edge: the canvas on which it fades, and large crops found on it."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from hypothesis import given
from hypothesis import strategies as st

from drawn import decoded, picture
from safehash import _views
from safehash.hashing import compute
from safehash.matching import views
from safehash.matching.fading import CANVAS, faded_out, from_canvas, on_canvas
from safehash.matching.settings import Effort
from safehash.search.index import Index

edges = st.floats(-0.49, 1.49)


@given(window=st.tuples(edges, edges, edges, edges))
def test_windows_go_to_the_canvas_and_back(window: tuple[float, float, float, float]) -> None:
    on_it = on_canvas(window)
    assert all(0.0 <= edge <= 1.0 for edge in on_it)
    assert from_canvas(on_it) == pytest.approx(window)


def test_the_upload_lies_in_the_middle_and_its_edges_fade_to_the_mean() -> None:
    thumb = _views.thumbnail(np.asarray(skimage.data.astronaut(), np.uint8), side=64)
    canvas = faded_out(thumb)
    assert canvas.shape == (CANVAS * 64, CANVAS * 64)
    np.testing.assert_array_equal(canvas[32:96, 32:96], thumb)
    mean = float(thumb.mean())
    for turned in (canvas, canvas.T, canvas[::-1], canvas.T[::-1]):
        beside = np.abs(turned[:32, 32:96] - mean).mean(axis=1)
        assert (np.diff(beside) >= 0).all()  # outwards it only fades
        assert beside[0] < 0.1 * beside[-1]
        edge = turned[32, 32:96].astype(np.float64)
        blurred = np.array([edge[max(0, k - 4) : k + 4].mean() for k in range(4, 60)])
        np.testing.assert_allclose(
            turned[31, 36:92], mean + (blurred - mean) / (1 + (1 / 6.4) ** 2), atol=0.01
        )
    assert np.abs(canvas[:8, :8] - mean).max() < 3


@pytest.mark.parametrize(("effort", "is_found"), [("standard", False), ("exhaustive", True)])
def test_a_third_of_a_side_may_be_gone(effort: Effort, is_found: bool) -> None:
    own = picture("astronaut")
    generated = np.random.default_rng(3).integers(0, 256, (20_000, 32), dtype=np.uint8)
    digest = np.frombuffer(compute.hash_array(np.asarray(own)).digest, np.uint8)[None]
    index = Index.from_digests(np.concatenate([digest, generated]))
    upload = decoded(own.crop((77, 77, 435, 435)))
    hits = views.look_up([upload], index, max_distance=31, min_quality=50, effort=effort).hits
    assert [hit.row for hit in hits] == ([0] if is_found else [])
    assert all(hit.view.startswith("cropped about") for hit in hits)
