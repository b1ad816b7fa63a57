"""A second pass: boxes taken for uploads, and pictures that lie tilted before a ground."""

from __future__ import annotations

import math
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from drawn import Picture, decoded, picture
from safehash.hashing import compute
from safehash.matching import nested, views
from safehash.matching.settings import Effort
from safehash.matching.thumbnails import THE_UPLOAD, Thumbnails
from safehash.search.index import Index


@pytest.fixture(scope="module")
def index() -> Index:
    own = [
        compute.hash_array(np.asarray(picture(name))).digest for name in ("coffee", "chelsea", "astronaut")
    ]
    generated = np.random.default_rng(3).integers(0, 256, (20_000, 32), dtype=np.uint8)
    return Index.from_digests(
        np.concatenate([np.frombuffer(b"".join(own), np.uint8).reshape(-1, 32), generated])
    )


def look(upload: Picture, index: Index, effort: Effort = "thorough") -> list[tuple[int, str]]:
    hits = views.look_up([decoded(upload)], index, max_distance=31, min_quality=50, effort=effort).hits
    return [(hit.row, hit.view) for hit in hits]


@pytest.mark.parametrize("degrees", [-8, -4, 4, 8])
@pytest.mark.parametrize("mirrored", [False, True])
def test_what_lies_tilted_on_a_plain_ground_is_found_whole(
    index: Index, degrees: int, mirrored: bool
) -> None:
    own = ImageOps.mirror(picture("coffee")) if mirrored else picture("coffee")
    ground = (190, 180, 170)
    turned = own.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=ground)
    ((row, view),) = look(ImageOps.expand(turned, (40, 30, 60, 20), ground), index)
    assert row == 0
    assert ("mirrored" in view, "rotated about" in view) == (mirrored, True)


def test_a_tilted_picture_in_a_frame_is_found(index: Index) -> None:
    tilted = picture("coffee").rotate(6, Image.Resampling.BICUBIC)
    ((row, view),) = look(ImageOps.expand(tilted, 60, (240, 240, 235)), index)
    assert row == 0
    assert view.startswith("inside a frame, rotated about")


def test_a_crop_in_a_frame_is_found(index: Index) -> None:
    own = picture("coffee")
    crop = own.crop((40, 10, own.width - 10, own.height - 30))
    ((row, view),) = look(ImageOps.expand(crop, 60, (20, 20, 20)), index)
    assert row == 0
    assert view.startswith("inside a frame")


@given(
    rows=st.floats(0.4, 1.0),
    cols=st.floats(0.4, 1.0),
    degrees=st.floats(-12, 12),
    aspect=st.floats(0.5, 1.5),
)
def test_a_picture_is_inscribed_in_the_extent_of_its_tilted_self(
    rows: float, cols: float, degrees: float, aspect: float
) -> None:
    cosine, sine = math.cos(math.radians(degrees)), abs(math.sin(math.radians(degrees)))
    height, width = rows * cosine + cols * sine, rows * sine + cols * cosine
    extent = (0.5 - height / 2, 0.5 + height / 2, 0.5 - width / 2 / aspect, 0.5 + width / 2 / aspect)
    window = nested.inscribed(extent, degrees, aspect)
    assert window is not None
    top, bottom, left, right = window
    assert bottom - top == pytest.approx(rows)
    assert (right - left) * aspect == pytest.approx(cols)
    assert ((top + bottom) / 2, (left + right) / 2) == pytest.approx((0.5, 0.5))


def test_the_boxes_of_a_second_pass_differ_and_are_few() -> None:
    page = Image.new("RGB", (800, 600), "white")
    for number, name in enumerate(("coffee", "chelsea", "astronaut", "rocket", "camera")):
        page.paste(picture(name).resize((220, 180)), (30 + 260 * (number % 3), 40 + 280 * (number // 3)))
    found = nested.best_boxes(Thumbnails(decoded(page)))
    assert len(found) == 4
    for at, one in enumerate(found):
        for other in found[:at]:
            assert max(abs(a - b) for a, b in zip(one, other, strict=True)) > 0.05


def test_a_part_of_an_upload_says_where_it_lies() -> None:
    thumbs = Thumbnails(decoded(picture("coffee")))
    part = thumbs.part((0.25, 0.75, 0.0, 0.5))
    assert (thumbs.window, part.window) == (THE_UPLOAD, (0.25, 0.75, 0.0, 0.5))
    assert (part.rows, part.cols) == (200, 300)
    assert part.resolution == 128
    assert thumbs.part((0.25, 0.75, 0.0, 0.5)) is part


@given(seed=st.integers(0, 2**32 - 1), n=st.integers(0, 60))
def test_best_boxes_are_those_that_one_by_one_differ(seed: int, n: int) -> None:
    edges = np.sort(np.random.default_rng(seed).integers(0, 9, (2, n, 2)) / 8, axis=2)
    boxes = np.concatenate([edges[0], edges[1]], axis=1)
    thumbs = Thumbnails(decoded(Image.new("RGB", (64, 64))))
    nothing = np.zeros((n, 32), np.uint8)
    kept: list[tuple[float, ...]] = []
    for top, bottom, left, right in boxes.tolist():
        box = (top, bottom, left, right)
        if (bottom - top) * (right - left) <= 0.94 and all(
            max(abs(a - b) for a, b in zip(box, other, strict=True)) > 0.05 for other in kept
        ):
            kept.append(box)
    with mock.patch.object(Thumbnails, "boxes", return_value=(boxes, nothing, np.zeros(n, np.float32), None)):
        assert nested.best_boxes(thumbs) == kept[:4]
