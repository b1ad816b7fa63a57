"""Bit for bit with the reference tools: pdqhash and imagehash, on generated pictures and where coefficients tie."""

from __future__ import annotations

import math
import platform
from typing import Any

import imagehash
import numpy as np
import pdqhash
import PIL
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import reference
from pictures import EXIF, graphics, made_picture
from safehash import _core

import oracle

#: Elsewhere the peers' compilers fuse products into sums, and their bits are others where coefficients tie.
SAME_ROUNDING = platform.machine().lower() in ("x86_64", "amd64")

OLD_RESIZE = int(PIL.__version__.split(".")[0]) < 13

#: Coefficients this near to the median may fall either way: the reference's float32 running sums are off by this.
NOISE = 1e-3


def reference_bits(digest: bytes) -> Any:
    number = int.from_bytes(digest, "big")
    return np.array([bool(number >> k & 1) for k in range(256)])


def in_doubt(pixels: Any) -> Any:
    """Return which coefficients lie within the reference's rounding of the median, the median itself too."""
    coefficients = _core.pdq_parts(pixels)[1].ravel()
    near: Any = np.abs(coefficients - np.sort(coefficients)[127]) <= np.float32(NOISE)
    return near


def check_pdq(pixels: Any) -> tuple[bool, int]:
    """Compare with pdqhash: to the bit, but for those of one or two coefficients within its rounding of the median.

    Return whether digests differ, and by how much qualities do.
    """
    digest, quality = _core.pdq(pixels)
    as_rgb = pixels if pixels.ndim == 3 else np.dstack([pixels] * 3)
    bits, reference_quality = pdqhash.compute(np.ascontiguousarray(as_rgb))
    differing = reference_bits(digest) != np.asarray(bits, bool)[::-1]
    if not differing.any():
        return False, abs(quality - reference_quality)
    near = in_doubt(pixels)
    if SAME_ROUNDING:
        assert near.sum() <= 3, pixels.shape
    assert near[differing].all(), pixels.shape
    return True, abs(quality - reference_quality)


def test_pdq_equals_the_reference_on_generated_pictures() -> None:
    generator = np.random.default_rng(20261123)
    n_pictures, n_differing, n_quality = 2000, 0, 0
    for number in range(n_pictures):
        rows, cols = (int(2 ** generator.uniform(2.4, 9.2)) for _ in "ab")
        pixels = made_picture(generator, rows, cols, number % 5, 3 if number % 2 else 1)
        is_other, apart = check_pdq(pixels)
        n_differing += is_other
        n_quality += apart > 0
        assert apart <= 1
    # Pictures with one or two coefficients in doubt are few, and so are gradients at a whole number.
    assert n_differing <= n_pictures * 0.005
    assert n_quality <= n_pictures * 0.05


@given(graphics())
def test_pdq_equals_the_reference_where_coefficients_tie(pixels: Any) -> None:
    check_pdq(pixels)


@given(graphics())
def test_the_references_rounding_decides_where_more_than_a_couple_are_in_doubt(pixels: Any) -> None:
    coefficients = _core.pdq_parts(pixels)[1]
    own, others = reference.digest_of(coefficients), reference.pdq(pixels)
    decided = others if in_doubt(pixels).sum() > 3 else own
    for level in _core.LEVELS:
        assert _core.pdq(pixels, level=level)[0] == decided


@given(graphics(), st.integers(1, 8))
def test_ties_are_those_of_the_turned_picture(pixels: Any, orientation: int) -> None:
    """However a picture is turned, but for the bits of a couple: sums over a side read backwards round otherwise."""
    upright = np.ascontiguousarray(EXIF[orientation](pixels))
    digests, quality, _ = _core.pdq_turned(pixels, orientation=orientation)
    assert (digests[0], quality) == _core.pdq(pixels, orientation=orientation)
    for digest, turn in zip(digests, oracle.ORIENT, strict=True):
        turned = np.ascontiguousarray(turn(upright))
        differing = reference_bits(digest) != reference_bits(_core.pdq(turned)[0])
        near = in_doubt(turned)
        assert not differing.any() or (near.sum() <= 3 and near[differing].all())


def test_turned_pictures_of_enormous_ones_are_summed_once() -> None:
    """Eight times the reference's four passes over 120 megapixels would cost seconds."""
    side = 1 + math.isqrt(_core.MOST_TURNED)
    pixels = np.broadcast_to(np.uint8(np.arange(side) // 64 % 2 * 200), (side, side))
    digests, quality, _ = _core.pdq_turned(pixels)
    assert (digests[0], quality) == _core.pdq(pixels)
    assert digests[0] == reference.pdq(pixels) != reference.digest_of(_core.pdq_parts(pixels)[1])
    others = [reference.pdq(turn(pixels)) for turn in oracle.ORIENT[1:]]
    assert all(digest != other for digest, other in zip(digests[1:], others, strict=True))


@pytest.mark.parametrize(("beyond", "counted"), [(0, _core.MOST_TURNED), (1, 0)])
def test_lines_of_hardly_any_width_cost_as_much_as_wider_ones(beyond: int, counted: int) -> None:
    """Twenty times as long a pixel: a TIFF file of half a kilobyte, most of it missing, took seconds of them."""
    cols = _core.MOST_TURNED // 64 + beyond
    pixels = np.broadcast_to(np.uint8(np.arange(cols) // 64 % 2 * 200), (8, cols))
    assert _core.pdq_turned(pixels)[2] == _core.pdq_turned(pixels.T)[2] == counted


def test_the_references_own_rounding_is_known() -> None:
    """All eight orientations to the bit, ties included."""
    generator = np.random.default_rng(20261125)
    for number in range(1000):
        rows, cols = (int(2 ** generator.uniform(2.4, 9.2)) for _ in "ab")
        pixels = made_picture(generator, rows, cols, number % 5, 3 if number % 2 else 1)
        as_rgb = pixels if pixels.ndim == 3 else np.dstack([pixels] * 3)
        theirs, _ = pdqhash.compute_dihedral(np.ascontiguousarray(as_rgb))
        assert len(theirs) == 8
        for digest, bits in zip(reference.orientations(pixels), theirs, strict=True):
            np.testing.assert_array_equal(reference_bits(digest), np.asarray(bits, bool)[::-1], str(number))


def reference_phash(pixels: Any, side: int) -> bytes | None:
    """Return imagehash's digest; None where its resizing was another before Pillow 13 (docs/hashes.md, "pHash")."""
    rows, cols = pixels.shape[:2]
    if OLD_RESIZE and rows > 4 * side and rows - 4 * side > 2 * (cols - 4 * side):
        return None
    bits = imagehash.phash(Image.fromarray(pixels), hash_size=side).hash
    return np.packbits(bits.ravel()).tobytes()


def check_phash(pixels: Any, side: int) -> None:
    """Compare with imagehash: to the bit where its transform rounds as it was compiled to on x86-64."""
    digest, reference = _core.phash(pixels, keep=side), reference_phash(pixels, side)
    if reference is None or digest == reference:
        return
    assert not SAME_ROUNDING, pixels.shape
    differing = np.unpackbits(np.frombuffer(digest, np.uint8) ^ np.frombuffer(reference, np.uint8)).astype(
        bool
    )
    spectrum = oracle.phash(pixels, side)[1].ravel()
    assert (np.abs(spectrum[differing] - np.median(spectrum)) < 1e-6).all(), pixels.shape


def test_phash_equals_the_reference_on_generated_pictures() -> None:
    generator = np.random.default_rng(20261124)
    for number in range(2000):
        rows, cols = (int(2 ** generator.uniform(2.4, 9.2)) for _ in "ab")
        check_phash(
            made_picture(generator, rows, cols, number % 5, 3 if number % 2 else 1), 8 if number % 3 else 16
        )


@given(graphics(), st.sampled_from([8, 16]))
def test_phash_equals_the_reference_where_coefficients_tie(pixels: Any, side: int) -> None:
    check_phash(pixels, side)
