"""BMP files: every header, depth and mask shows one picture; runs against a slow oracle; damage is said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from bmp_files import bmp, bmp_rows, masked_pixels, run_lengths
from hypothesis import example, given
from hypothesis import strategies as st
from pictures_made import made

from safehash.errors import DeadlinePassed, ImageError, ImageTooLarge, UnreadableImage, UnsupportedImage
from safehash.images.bmp import read_bmp
from safehash.images.bmp_runs import unpack_runs
from safehash.images.deadline import NO_DEADLINE, Deadline
from safehash.images.decoding import decode
from safehash.images.limits import DEFAULT_LIMITS
from safehash.images.pictures import UInt8Array
from safehash.images.request import Request

ROWS, COLS = 37, 45
COLOUR = made(1, ROWS, COLS)
GREY: UInt8Array = COLOUR[..., 1]


def greys(n: int) -> UInt8Array:
    levels: UInt8Array = np.repeat(np.linspace(0, 255, n)[:, None], 3, axis=1).astype(np.uint8)
    return levels


def in_colour(pixels: UInt8Array) -> Any:
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


@pytest.mark.parametrize("top_down", [False, True])
@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("header", [12, 16, 40, 52, 56, 64, 108, 124])
def test_indices(header: int, depth: int, top_down: bool) -> None:
    if header == 12 and top_down:
        return  # its rows have no sign
    indices = GREY >> (8 - depth)
    stored = indices if top_down else indices[::-1]
    palette = greys(1 << depth)
    data = bmp(
        (COLS, ROWS), depth, bmp_rows(stored, depth), header=header, palette=palette, top_down=top_down
    )
    np.testing.assert_array_equal(in_colour(decode(data).pixels), palette[indices])


@st.composite
def any_masks(draw: st.DrawFn) -> tuple[int, tuple[int, ...]]:
    """Draw a depth, and masks of one run of bits each that do not overlap, in any order."""
    depth = draw(st.sampled_from([16, 32]))
    n = draw(st.sampled_from([3, 4]))
    cuts = sorted(draw(st.lists(st.integers(0, depth), min_size=2 * n, max_size=2 * n, unique=True)))
    spans = draw(st.permutations(list(zip(cuts[::2], cuts[1::2], strict=True))))
    return depth, tuple(((1 << (high - low)) - 1) << low for low, high in spans)


#: Headers with a place for masks, and those behind which masks stand: Windows' shortest, and OS/2's, however long.
_WITH_MASKS, _BEFORE_MASKS = (56, 108, 124), (20, 40, 46, 64)


@given(layout=any_masks(), header=st.sampled_from(_WITH_MASKS + _BEFORE_MASKS), top_down=st.booleans())
@example(layout=(32, (0xFF00, 0xFF0000, 0xFF000000)), header=64, top_down=False)
@example(layout=(32, (0xFF00, 0xFF0000, 0xFF000000, 0xFF)), header=64, top_down=False)
def test_any_masks(layout: tuple[int, tuple[int, ...]], header: int, top_down: bool) -> None:
    depth, masks = layout
    alpha = np.full((ROWS, COLS, 1), 255, np.uint8)
    values = masked_pixels(np.dstack([COLOUR, alpha]), masks)
    body = bmp_rows(values if top_down else values[::-1], depth)
    compression = 6 if header in _BEFORE_MASKS and len(masks) == 4 else 3
    data = bmp(
        (COLS, ROWS), depth, body, header=header, compression=compression, masks=masks, top_down=top_down
    )
    pixels = in_colour(decode(data).pixels).astype(int)
    for band, mask in enumerate(masks[:3]):
        most = (1 << bin(mask).count("1")) - 1
        coarse = np.rint(np.rint(COLOUR[..., band] / 255 * most) * 255 / most)
        assert np.abs(pixels[..., band] - coarse).max() <= (1 if most >= 255 else 2)


def test_alpha_counts_where_a_newer_header_has_a_mask_for_it() -> None:
    ramp = np.tile(np.linspace(0, 255, COLS).astype(np.uint8), (ROWS, 1))
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    body = bmp_rows(masked_pixels(np.dstack([COLOUR, ramp]), masks)[::-1], 32)
    on_white = COLOUR * (ramp[..., None] / 255) + 255 * (1 - ramp[..., None] / 255)
    for header, own, wanted in (
        (108, masks, on_white),
        (124, masks, on_white),
        (108, (), COLOUR),
        (40, (), COLOUR),
    ):
        decoded = decode(bmp((COLS, ROWS), 32, body, header=header, masks=own))
        assert np.abs(decoded.pixels - wanted).max() <= 1, header
    nothing = bmp_rows(masked_pixels(COLOUR, masks[:3])[::-1], 32)
    decoded = decode(bmp((COLS, ROWS), 32, nothing, header=124, masks=masks))
    np.testing.assert_array_equal(decoded.pixels, COLOUR)  # alpha that is never anything but 0 is none


def test_indices_beyond_the_palette_are_black() -> None:
    data = bmp((COLS, ROWS), 8, bmp_rows(GREY[::-1], 8), palette=greys(256)[:90])
    wanted = np.where(GREY < 90, GREY, 0)
    np.testing.assert_array_equal(in_colour(decode(data).pixels)[..., 0], wanted)


# -- run lengths --------------------------------------------------------------------------------------------


def oracle(codes: bytes, cols: int, rows: int, bits: int) -> tuple[UInt8Array, Any]:
    """Unpack runs one pixel at a time."""
    pixels, there = np.zeros((rows, cols), np.uint8), np.zeros((rows, cols), bool)
    at = row = col = 0

    def put(value: int) -> None:
        nonlocal col
        if row < rows and col < cols:
            pixels[row, col], there[row, col] = value, True
        col += 1

    while at + 2 <= len(codes) and row < rows:
        count, value = codes[at : at + 2]
        at += 2
        if count:
            for k in range(count):
                put(value if bits == 8 else (value >> 4, value & 15)[k % 2])
        elif value == 0:
            row, col = row + 1, 0
        elif value == 1:
            break
        elif value == 2:
            if at + 2 > len(codes):
                break
            col, row, at = col + codes[at], row + codes[at + 1], at + 2
        else:
            n_bytes = (value * bits + 7) // 8
            if at + n_bytes > len(codes):
                break
            for k in range(value):
                put(codes[at + k] if bits == 8 else (codes[at + k // 2] >> 4, codes[at + k // 2] & 15)[k % 2])
            at += n_bytes + n_bytes % 2
    return pixels, there


@given(
    codes=st.binary(max_size=300),
    bits=st.sampled_from([4, 8]),
    cols=st.integers(1, 30),
    rows=st.integers(1, 20),
)
def test_any_runs_unpack_as_the_oracle_does(codes: bytes, bits: int, cols: int, rows: int) -> None:
    own, there, _ = unpack_runs(codes, 0, (cols, rows), bits, NO_DEADLINE)
    wanted, wanted_there = oracle(codes, cols, rows, bits)
    np.testing.assert_array_equal(there, wanted_there)
    np.testing.assert_array_equal(own[there], wanted[there])


@pytest.mark.parametrize("bits", [4, 8])
def test_runs_of_a_picture(bits: int) -> None:
    indices = (GREY >> (8 - bits)).astype(np.uint8)
    codes = run_lengths(indices[::-1], bits=bits) + b"\0\1"
    palette = greys(1 << bits)
    data = bmp((COLS, ROWS), bits, codes, compression=1 if bits == 8 else 2, palette=palette)
    np.testing.assert_array_equal(in_colour(decode(data).pixels), palette[indices])


def test_skipped_pixels_are_black_and_other_viewers_are_looked_up() -> None:
    palette = greys(256).copy()
    palette[0] = (200, 90, 30)
    codes = b"".join(bytes([5, 9, 0, 2, 4, 0, 5, 90]) + b"\0\0" for _ in range(20)) + b"\0\1"
    decoded = decode(bmp((14, 20), 8, codes, compression=1, palette=palette))
    assert decoded.pixels[3, 6].tolist() == [0, 0, 0]
    assert [also.name for also in decoded.also if "skipped" in also.name] == [
        "with skipped pixels transparent", "with skipped pixels in its first colour",
    ]  # fmt: skip
    shown = [also.make().pixels[3, 6].tolist() for also in decoded.also if "skipped" in also.name]
    assert shown == [[255, 255, 255], [200, 90, 30]]


def test_runs_stop_at_a_deadline() -> None:
    ticks = iter(range(0, 10**14, 10**9))
    data = bmp((COLS, ROWS), 8, b"\0\2\0\0" * 3_000_000, compression=1, palette=greys(256))
    request = Request(limits=DEFAULT_LIMITS, deadline=Deadline.after(1.0, clock=lambda: next(ticks)))
    with pytest.raises(DeadlinePassed):
        next(read_bmp(data, request))


# -- damage -------------------------------------------------------------------------------------------------


def test_what_is_missing_is_transparent() -> None:
    body = bmp_rows(masked_pixels(COLOUR, (0xFF0000, 0xFF00, 0xFF))[::-1], 24)
    data = bmp((COLS, ROWS), 24, body)
    decoded = decode(data[: len(data) * 2 // 3])
    assert decoded.provenance.truncated and decoded.provenance.transparent
    np.testing.assert_array_equal(decoded.pixels[-10:], COLOUR[-10:])  # the bottom row comes first
    assert decoded.pixels[:5].min() == 255


def test_nonsense_is_said() -> None:
    plain = bmp((COLS, ROWS), 8, bmp_rows(GREY, 8), palette=greys(256))
    for at, value, kind, what in (
        (14, 9, UnreadableImage, "a header of 9 bytes"),
        (28, 5, UnreadableImage, "5 bits a pixel"),
        (30, 4, UnsupportedImage, "JPEG or PNG"),
        (30, 9, UnreadableImage, "compression 9"),
        (30, 2, UnreadableImage, "runs of 4 bits"),
    ):
        data = bytearray(plain)
        data[at : at + 2] = value.to_bytes(2, "little")
        with pytest.raises(kind, match=what):
            decode(bytes(data))
    faxed = bmp((COLS, ROWS), 1, bmp_rows(GREY >> 7, 1), palette=greys(2), header=64, compression=3)
    with pytest.raises(UnsupportedImage, match="fax"):
        decode(faxed)
    wide = bytearray(plain)
    wide[18:22] = (1 << 30).to_bytes(4, "little")
    with pytest.raises(ImageTooLarge):
        decode(bytes(wide))


@given(data=st.data())
def test_any_header_has_an_outcome(data: st.DataObject) -> None:
    blob = bytearray(
        bmp((12, 9), 16, bytes(24 * 9), header=56, compression=3, masks=(0xF00, 0xF0, 0xF, 0xF000))
    )
    for _ in range(data.draw(st.integers(1, 6))):
        blob[data.draw(st.integers(2, 69))] = data.draw(st.integers(0, 255))
    try:
        decoded = decode(bytes(blob))
    except ImageError:
        return
    assert decoded.pixels.dtype == np.uint8 and min(decoded.pixels.shape[:2]) >= 1
