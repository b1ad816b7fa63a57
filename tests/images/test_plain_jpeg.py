"""The short way through an ordinary JPEG file: the same pixels and facts as the decoder's own, patient reader."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from jpeg_files import jpeg_files
from safehash._borrow import borrow
from safehash.errors import ImageError, ImageTooLarge, ImageTooSmall
from safehash.images import jpeg
from safehash.images.conversions import luma_of
from safehash.images.decoding import decode, decode_frames
from safehash.images.jpeg_header import read_jpeg_header
from safehash.images.lent import Lent
from safehash.images.limits import DEFAULT_LIMITS, Limits
from safehash.images.pictures import Decoded
from safehash.images.request import Request


def patiently(data: bytes, step: int, limits: Limits = DEFAULT_LIMITS) -> Decoded:
    """Decode by the library's own reader alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jpeg, "_plainly", lambda *_: None)
        return decode(data, step_for=lambda _: step, limits=limits)


def outcome(act: Any) -> Any:
    try:
        decoded = act()
    except ImageError as exc:
        return type(exc)
    return decoded.provenance, decoded.pixels.shape, decoded.pixels.tobytes()


@given(data=jpeg_files(), step=st.sampled_from([1, 2, 4, 8]))
def test_the_short_way_gives_the_patient_ways_pixels(data: bytes, step: int) -> None:
    short = jpeg._plainly(data, Request(limits=DEFAULT_LIMITS, step_for=lambda _: step, own_jpeg=False))
    assert short is not None, "an ordinary file takes the short way"
    assert outcome(lambda: short) == outcome(lambda: patiently(data, step))


def alike(one: Any, two: Any, step: int) -> bool:
    """Tell whether two outcomes are the same, but for samples that two readers make otherwise."""
    if step in (1, 8) or isinstance(one, type) or isinstance(two, type):
        return bool(one == two)
    return bool(one[:2] == two[:2])


@given(data=jpeg_files(), step=st.sampled_from([1, 2, 4, 8]))
def test_the_own_reader_gives_the_same_picture(data: bytes, step: int) -> None:
    own = jpeg._plainly(data, Request(limits=DEFAULT_LIMITS, step_for=lambda _: step, own_jpeg=True))
    assert own is not None
    assert alike(outcome(lambda: own), outcome(lambda: patiently(data, step)), step)


@given(data=jpeg_files(), step=st.sampled_from([1, 2, 4, 8]), where=st.data())
def test_damage_has_the_same_outcome_either_way(data: bytes, step: int, where: st.DataObject) -> None:
    damaged = bytearray(data)
    for _ in range(where.draw(st.integers(1, 3))):
        damaged[where.draw(st.integers(2, len(data) - 1))] = where.draw(st.integers(0, 255))
    kept = bytes(damaged[: where.draw(st.integers(len(data) // 2, len(data)))])
    found = outcome(lambda: decode(kept, step_for=lambda _: step))
    assert alike(found, outcome(lambda: patiently(kept, step)), step)


@given(data=jpeg_files(), step=st.sampled_from([1, 2, 4, 8]), where=st.data())
def test_a_file_that_is_read_where_it_lies_is_the_same(data: bytes, step: int, where: st.DataObject) -> None:
    """Whole or damaged, and with a header that is longer than what is looked at of it first."""
    remarks = b"\xff\xfe\xff\xff" + bytes(0xFFFD)
    data = data[:2] + remarks * where.draw(st.integers(0, 2)) + data[2:]
    damaged = bytearray(data)
    if where.draw(st.booleans()):
        damaged[where.draw(st.integers(2, len(data) - 1))] ^= 255
        del damaged[where.draw(st.integers(len(data) // 2, len(data))) :]

    def decoded(given: bytes | Lent) -> Any:
        frames = decode_frames(given, step_for=lambda _: step, effort="thorough")
        return [
            (each.provenance, each.pixels.tobytes(), [outcome(also.make) for also in each.also])
            for each in frames
        ]

    def found(given: bytes | Lent) -> Any:
        try:
            return decoded(given)
        except ImageError as exc:
            return str(exc)

    held = b"before" + bytes(damaged) + b"behind"
    assert found(Lent(memoryview(held)[6:-6])) == found(bytes(damaged))


@given(tail=st.binary(max_size=200))
def test_any_bytes_have_a_header_or_none(tail: bytes) -> None:
    header = read_jpeg_header(b"\xff\xd8" + tail)
    assert header is None or (header.width > 0 and header.height > 0)


def test_costs_are_checked_before_the_short_way_decodes() -> None:
    stream = io.BytesIO()
    Image.new("L", (100, 80)).save(stream, "JPEG", progressive=True)
    data = stream.getvalue()
    assert jpeg._plainly(data, Request(limits=DEFAULT_LIMITS, step_for=lambda _: 1)) is not None
    for limits in (Limits(max_pixels=7999), Limits(max_decoded_bytes=8000 * 3 - 1)):
        with pytest.raises(ImageTooLarge):
            decode(data, step_for=lambda _: 1, limits=limits)
        with pytest.raises(ImageTooLarge):
            patiently(data, 1, limits)
    stream = io.BytesIO()
    Image.new("L", (100, 4)).save(stream, "JPEG")
    with pytest.raises(ImageTooSmall):
        decode(stream.getvalue(), step_for=lambda _: 1)


def test_what_is_not_ordinary_is_left_to_the_patient_reader() -> None:
    stream = io.BytesIO()
    Image.new("RGB", (20, 20)).save(stream, "JPEG")
    data = stream.getvalue()
    assert read_jpeg_header(data) is not None
    frame = data.index(b"\xff\xc0")
    exif = b"\xff\xe1\x00\x0aExif\0\0II"
    odd = {
        "fill between segments": data[:2] + b"\xff" + data[2:],
        "arithmetic coding": data[:frame] + b"\xff\xc9" + data[frame + 2 :],
        "12 bits": data[: frame + 4] + b"\x0c" + data[frame + 5 :],
        "no lines yet": data[: frame + 5] + b"\0\0" + data[frame + 7 :],
        "two frames": data[:frame] + data[frame : frame + 19] + data[frame:],
        "two EXIF segments": data[:2] + exif + exif + data[2:],
        "a segment past the end": data[:2] + b"\xff\xe5\xff\xff",
        "a segment shorter than its length": data[:2] + b"\xff\xe5\x00\x01" + data[2:],
        "no scan": data[: data.index(b"\xff\xda")],
    }
    for what, each in odd.items():
        assert read_jpeg_header(each) is None, what
    assert read_jpeg_header(data[:2] + exif + data[2:]) is not None


def test_borrowed_samples_outlive_their_picture_and_are_read_only() -> None:
    pixels = np.random.default_rng(5).integers(0, 256, (31, 17), dtype=np.uint8)
    image = Image.fromarray(pixels).copy()
    borrowed = np.frombuffer(borrow(image.im.__arrow_c_array__(), 31 * 17), np.uint8)
    del image
    np.testing.assert_array_equal(borrowed.reshape(31, 17), pixels)
    assert not borrowed.flags.writeable
    with pytest.raises(ValueError, match="not 5 samples"):
        borrow(Image.new("L", (2, 2)).im.__arrow_c_array__(), 5)
    with pytest.raises(ValueError, match="PyCapsule"):
        borrow(object(), 5)


def test_a_picture_in_several_pieces_is_copied() -> None:
    pixels = np.random.default_rng(6).integers(0, 256, (5000, 4000), dtype=np.uint8)
    image = Image.fromarray(pixels).copy()
    with pytest.raises(ValueError, match=r"contiguous|multiple"):
        image.im.__arrow_c_array__()
    np.testing.assert_array_equal(luma_of(image.im, image.size), pixels)
