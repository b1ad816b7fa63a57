"""What a screen shows of a JPEG picture, read in the pass that reads its luma: the imaging library's, to the bit."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from jpeg_files import jpeg_files
from jpeg_oracle import UInt8
from safehash._core import kept as kept_of
from safehash._rows import LEVELS, read_luma
from safehash.errors import ImageError
from safehash.hashing.compute import reduction_for
from safehash.images import jpeg
from safehash.images.decoding import decode_frames
from safehash.images.jpeg_header import read_jpeg_header
from safehash.images.jpeg_means import BLOCK, may_be_shown
from safehash.images.limits import Limits
from safehash.images.pictures import Also

#: Pixels a side that are kept: all of a small file. Where nothing is cut its grey is its luma.
SIDE = 72


def read(data: bytes, step: int, *, shown: bool, **options: Any) -> tuple[UInt8, ...] | None:
    """Return luma, chroma's means and spreads, and what is shown, grey and kept; None where that is left to others."""
    header = read_jpeg_header(data)
    if header is None or len(header.sampling) != 3:
        return None
    across, down = header.sampling[0]
    luma = np.zeros((-(-header.height // step), -(-header.width // step)), np.uint8)
    of_chroma = 2, -(-header.height // (BLOCK * down)), -(-header.width // (BLOCK * across))
    blue, red = np.zeros(of_chroma, np.uint8), np.zeros(of_chroma, np.uint8)
    more = (np.zeros_like(luma), np.zeros((SIDE, SIDE, 3), np.uint8)) if shown else ()
    named: dict[str, Any] = dict(zip(("grey", "kept"), more, strict=False))
    is_read = read_luma(data, luma, step=step, blue=blue, red=red, **named, **options)
    return (luma, blue, red, *more) if is_read else None


def coloured(size: tuple[int, int], **options: Any) -> bytes:
    """Return a picture of strong colours as a JPEG file."""
    rng = np.random.default_rng(4)
    coarse = Image.fromarray(rng.integers(0, 256, (30, 40, 3), dtype=np.uint8))
    stream = io.BytesIO()
    coarse.resize(size, Image.Resampling.BILINEAR).save(stream, "JPEG", **options)
    return stream.getvalue()


def check_shown(data: bytes, step: int, **options: Any) -> None:
    """Hold what is read of a file to what the library shows of it, and all else to what is read without."""
    header = read_jpeg_header(data)
    found, plain = read(data, step, shown=True, **options), read(data, step, shown=False)
    if header is None or not may_be_shown(header):
        assert found is None
        return
    assert (found is None) == (plain is None), "red, green and blue as they are stored are left to others"
    if found is None or plain is None:
        return
    for one, other in zip(plain, found, strict=False):
        np.testing.assert_array_equal(one, other)
    with Image.open(io.BytesIO(data)) as image:
        whole = image.convert("RGB")
    np.testing.assert_array_equal(found[3], np.asarray(whole.convert("L").reduce(step)))
    np.testing.assert_array_equal(found[4], kept_of(np.asarray(whole), side=SIDE))


@given(data=jpeg_files(), step=st.sampled_from([1, 2, 4, 8]), n_blocks=st.integers(1, 40))
def test_what_is_shown_is_the_librarys_and_changes_nothing_else(
    data: bytes, step: int, n_blocks: int
) -> None:
    for level in LEVELS:
        check_shown(data, step, level=level, n_blocks=n_blocks)


@pytest.mark.parametrize("subsampling", [0, 1, 2])
@pytest.mark.parametrize("size", [(67, 49), (32, 48), (5, 70), (150, 24)])
@pytest.mark.parametrize("level", LEVELS)
def test_what_is_shown_of_strong_colours_is_the_librarys(
    subsampling: int, size: tuple[int, int], level: int
) -> None:
    for step, optimize in ((1, True), (2, False), (8, True)):
        data = coloured(size, subsampling=subsampling, optimize=optimize, quality=90)
        check_shown(data, step, level=level)


@given(data=jpeg_files(), at=st.floats(0.3, 1), bits=st.integers(1, 255), step=st.sampled_from([2, 8]))
def test_what_is_read_so_is_read_without(data: bytes, at: float, bits: int, step: int) -> None:
    changed = bytearray(data)
    changed[int(at * (len(data) - 1))] ^= bits
    found = read(bytes(changed), step, shown=True)
    plain = read(bytes(changed), step, shown=False)
    if found is not None:
        assert plain is not None
        np.testing.assert_array_equal(found[0], plain[0])


def test_every_level_reads_the_same_of_a_wide_file_that_is_damaged() -> None:
    """Sixteen blocks and more side by side, and coefficients that no picture has."""
    rng = np.random.default_rng(6)
    whole = coloured((280, 24), subsampling=0, quality=90)
    tables, scan = whole.index(b"\xff\xdb") + 5, whole.index(b"\xff\xda") + 14
    n_read = n_left = 0
    for _ in range(60):
        changed = bytearray(whole)
        changed[tables : tables + 64] = bytes([int(rng.choice([1, 5, 40, 255]))]) * 64
        for at in rng.integers(scan, len(whole) - 2, int(rng.integers(0, 3))).tolist():
            changed[at] ^= 1 << int(rng.integers(0, 8))
        found = [read(bytes(changed), 1, shown=True, level=level) for level in LEVELS]
        n_read += found[0] is not None
        n_left += found[0] is None
        for other in found[1:]:
            assert (found[0] is None) == (other is None)
            for one, two in zip(found[0] or (), other or (), strict=True):
                np.testing.assert_array_equal(one, two)
    assert min(n_read, n_left) > 10


def test_what_sixteen_bits_do_not_hold_is_left_by_every_level() -> None:
    """256 times 255, of which they hold -256."""
    stream = io.BytesIO()
    Image.new("RGB", (256, 24), (160, 160, 160)).save(stream, "JPEG", quality=100)
    changed = bytearray(stream.getvalue())
    tables = changed.index(b"\xff\xdb") + 5
    assert read(bytes(changed), 1, shown=True) is not None
    changed[tables : tables + 64] = b"\xff" * 64
    for level in LEVELS:
        assert read(bytes(changed), 1, shown=True, level=level) is None


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ({"subsampling": 2, "quality": 60}, Limits()),
        ({"subsampling": 0, "optimize": True}, Limits()),
        ({"subsampling": 2}, Limits(max_decoded_bytes=1_500_000)),
        ({"progressive": True}, Limits()),
    ],
)
def test_a_second_decode_gives_the_same(
    options: dict[str, Any], limits: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = coloured((1003, 770), **options)

    def made(also: Also) -> tuple[object, ...]:
        try:
            picture = also.make()
        except ImageError as exc:
            return also.name, also.effort, str(exc)
        return also.name, also.effort, picture.pixels.tobytes(), picture.pixels.shape, picture.provenance

    def pictures() -> list[tuple[object, ...]]:
        (frame,) = decode_frames(data, step_for=reduction_for, effort="thorough", limits=limits)
        assert frame.provenance.scale > 1
        return [made(also) for also in frame.also]

    at_once = pictures()
    monkeypatch.setattr(jpeg, "may_be_shown", lambda header: False)
    assert at_once == pictures()


def test_an_ordinary_file_is_decoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    data = coloured((1003, 770))
    monkeypatch.delattr(jpeg, "_opened")
    (frame,) = decode_frames(data, step_for=reduction_for, effort="thorough")
    names = [also.name for also in frame.also]
    assert names == ["in colours that a screen has", "as the reference tool shrinks it"]
    for also in frame.also:
        also.make()


def test_the_wrapper_refuses_what_it_cannot_fill_so() -> None:
    data = coloured((16, 16))
    luma, grey, kept = (np.zeros(shape, np.uint8) for shape in ((8, 8), (8, 8), (4, 4, 3)))
    for given_ in (
        {"grey": grey},
        {"kept": kept},
        {"grey": grey[:7], "kept": kept},
        {"grey": grey, "kept": kept[:3]},
        {"grey": grey, "kept": np.zeros((4, 4, 4), np.uint8)},
        {"grey": grey, "kept": np.zeros((1025, 1025, 3), np.uint8)},
    ):
        with pytest.raises(ValueError, match=r"wanted in grey|beside 8 x 8"):
            read_luma(data, luma, step=2, **given_)
    assert not read_luma(data, luma, step=2, grey=grey, kept=kept), "nothing is shown without chroma"
