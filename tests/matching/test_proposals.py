"""What boxes are proposed: the best of them in every orientation, the likeliest of all in two."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from drawn import decoded, picture
from safehash import _views
from safehash.evaluation.manipulations import MANIPULATIONS, apply
from safehash.evaluation.scene import Scene
from safehash.hashing import compute
from safehash.images import decoding
from safehash.matching import views
from safehash.matching.efforts import PROPOSALS
from safehash.matching.thumbnails import Thumbnails
from safehash.matching.windows import few_boxes, larger_windows, larger_windows_again, many_boxes, wholes
from safehash.search.index import Index


@pytest.fixture(scope="module")
def thumbs() -> Thumbnails:
    """Of a photograph with another one, framed, in it."""
    whole = picture("coffee").resize((600, 400))
    whole.paste(picture("chelsea").resize((180, 120)), (60, 50))
    return Thumbnails(decoded(whole))


def test_each_orientation_has_its_share_of_the_boxes(thumbs: Thumbnails) -> None:
    """As hashed and mirrored 20 with evidence at little effort, 150 at more; the best 30 in each of the six others."""
    few, many = few_boxes(thumbs), many_boxes(thumbs)
    scores = _views.boxes(thumbs.of_side(128), n_windows=20, coarse=True)[2]
    n_few = int(np.sum(scores >= np.float32(1.2)))
    assert 0 < n_few < len(scores) == 20
    assert {group.orientation: len(group.digests) for group in few.groups} == {0: n_few, 5: n_few}
    n_all = len(many.groups[0].digests)
    assert 30 < n_all <= 150
    assert {group.orientation: len(group.digests) for group in many.groups} == {
        0: n_all, 5: n_all, 1: 30, 2: 30, 3: 30, 4: 30, 6: 30, 7: 30
    }  # fmt: skip


def test_little_effort_finds_a_picture_that_a_video_writes_on() -> None:
    """Subtitles and buttons on it leave the very box 54 bits off."""
    (video,) = (each for each in MANIPULATIONS if each.name == "vertical video with captions")
    own = picture("gravel")
    upload = decoding.decode(
        apply(video, own, Scene(np.random.default_rng(3))), step_for=compute.reduction_for
    )
    index = Index([compute.hash_array(np.asarray(own))])
    (hit,) = views.look_up([upload], index, max_distance=31, min_quality=50, effort="standard").hits
    assert hit.view == "inside a frame" and hit.distance > 45


def test_lines_of_text_hide_no_edge_of_a_picture_at_little_effort() -> None:
    """On a page that is 128 samples high the text begins four of them off the picture."""
    page = Image.new("RGB", (1280, 900), "white")
    draw = ImageDraw.Draw(page)
    for beside in range(34, 260, 26):
        for y in (240 - beside, 680 + beside):
            for x in range(90, 730, 13):
                draw.rectangle((x, y - 8, x + 8, y + 8), fill="black")
    page.paste(picture("grass").resize((640, 440)).point(lambda level: 120 + level // 2), (90, 240))
    best = few_boxes(Thumbnails(decoded(page, quality=95))).groups[0].windows[0]
    assert np.abs(best - (240 / 900, 680 / 900, 90 / 1280, 730 / 1280)).max() < 1 / 128


def test_boxes_of_one_picture_are_proposed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    thumbs = Thumbnails(decoded(picture("astronaut")))
    proposed: list[tuple[int, int, bool]] = []
    boxes = _views.boxes

    def noted(thumb: Any, **options: Any) -> Any:
        proposed.append((thumb.ctypes.data, options["n_windows"], options["coarse"]))
        return boxes(thumb, **options)

    monkeypatch.setattr(_views, "boxes", noted)
    for propose in PROPOSALS["exhaustive"]:
        propose(thumbs)
    assert len(set(proposed)) == len(proposed) >= 2


def test_a_window_is_tried_near_every_crop(thumbs: Thumbnails) -> None:
    """Of one axis or both, up to a third of a side, wherever it lay."""
    large, again = larger_windows(thumbs).groups[0].windows, larger_windows_again(thumbs).groups[0].windows
    tried = np.concatenate([large, *(each.windows for each in wholes(thumbs).groups if not each.orientation)])
    assert len({tuple(window) for window in large.tolist()}) == len(large) == 350
    assert len(again) < len(large)
    more = [(share / (1 - share), before / 4) for share in (0.0, 0.1, 0.2, 0.27, 0.33) for before in range(5)]
    spans = np.array([(-part * size, 1 + (1 - part) * size) for size, part in more])
    crops = np.concatenate([spans.repeat(len(spans), 0), np.tile(spans, (len(spans), 1))], axis=1)
    farthest = np.abs(crops[:, None] - tried).max(axis=2).min(axis=1)
    assert farthest.max() < 0.085, "of the upload's side that an edge is off"
