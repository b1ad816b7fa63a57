"""Grey means of pixels in one pass are those that the imaging library makes in two, at every level."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from safehash import _core
from safehash.images import gamut
from safehash.images.gamut import grey_reduced
from safehash.images.older_tools import in_one_piece, shrunk


def picture(rows: int, cols: int, seed: int, *, extreme: bool = False) -> Image.Image:
    rng = np.random.default_rng(seed)
    samples = rng.integers(0, 256, (rows, cols, 3), dtype=np.uint8)
    if extreme:
        samples = np.where(samples < 128, np.uint8(0), np.uint8(255))
    return Image.fromarray(samples)


def by_the_library(image: Image.Image, step: int) -> bytes:
    return image.convert("L").reduce(step).tobytes()


@given(
    rows=st.integers(1, 40),
    cols=st.integers(1, 70),
    step=st.sampled_from([2, 3, 4, 7, 8]),
    seed=st.integers(0, 2**32 - 1),
    extreme=st.booleans(),
)
def test_it_is_what_the_library_makes(rows: int, cols: int, step: int, seed: int, extreme: bool) -> None:
    image = picture(rows, cols, seed, extreme=extreme)
    expected = by_the_library(image, step)
    assert grey_reduced(image, step).tobytes() == expected
    for level in _core.LEVELS:
        means = np.empty((-(-rows // step), -(-cols // step)), np.uint8)
        pixels = image.tobytes("raw", "RGBX")
        _core.grey_means(pixels, means, rows=rows, cols=cols, side=step, level=level)
        assert means.tobytes() == expected


@pytest.mark.parametrize("step", [2, 4, 8])
def test_it_is_so_of_what_the_library_holds_in_pieces(step: int) -> None:
    image = picture(101, 67, 5)
    whole = grey_reduced(image, step).tobytes()
    with (
        mock.patch.object(gamut, "borrow", side_effect=ValueError),
        mock.patch.object(gamut, "_STRIP_PIXELS", 67 * 19),
    ):
        assert grey_reduced(image, step).tobytes() == whole == by_the_library(image, step)


def test_what_is_kept_of_samples_in_place_is_what_is_kept_of_a_copy() -> None:
    image = picture(700, 530, 9)
    view = in_one_piece(image)
    assert view is not None
    assert not view.flags.writeable
    assert shrunk(view).tobytes() == shrunk(np.array(image)).tobytes()
    image.close()
    assert (
        view[3, 4].tolist()
        == np.random.default_rng(9).integers(0, 256, (700, 530, 3), dtype=np.uint8)[3, 4].tolist()
    )


def test_samples_of_other_images_are_not_borrowed() -> None:
    image = picture(20, 30, 1)
    assert in_one_piece(image) is not None
    assert in_one_piece(image.convert("L")) is None
    image.info["transparency"] = (1, 2, 3)
    assert in_one_piece(image) is None


@pytest.mark.parametrize(
    ("n_bytes", "shape", "rows", "cols", "side"),
    [
        (4 * 6 * 8, (3, 4), 6, 8, 0),
        (4 * 6 * 8, (1, 1), 6, 8, 9),
        (4 * 6 * 8 - 1, (3, 4), 6, 8, 2),
        (4 * 6 * 8, (3, 5), 6, 8, 2),
        (4 * 6 * 8, (2, 4), 6, 8, 2),
        (0, (1, 1), 0, 1, 2),
    ],
)
def test_shapes_that_do_not_fit_are_refused(
    n_bytes: int, shape: tuple[int, int], rows: int, cols: int, side: int
) -> None:
    with pytest.raises(ValueError, match="pixels"):
        _core.grey_means(bytes(n_bytes), np.empty(shape, np.uint8), rows=rows, cols=cols, side=side)


def test_means_are_not_written_over_their_pixels() -> None:
    memory = np.zeros(4 * 6 * 8, np.uint8)
    with pytest.raises(ValueError, match="pixels"):
        _core.grey_means(memory, memory[:12].reshape(3, 4), rows=6, cols=8, side=2)
