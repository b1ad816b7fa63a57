"""Frames are composed as browsers do: every disposal, blend, place and first frame, against a slow, obvious oracle."""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from gif_files import GifFrame, gif
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from png_files import PngFrame, apng

from safehash.errors import DeadlinePassed, ImageTooLarge
from safehash.images import gif as gif_reader
from safehash.images.deadline import Deadline
from safehash.images.decoding import decode, decode_frames
from safehash.images.formats import FORMATS
from safehash.images.frames import Worth
from safehash.images.limits import DEFAULT_LIMITS, Limits
from safehash.images.pictures import Decoded, UInt8Array
from safehash.images.request import Request

ROWS, COLS = 11, 13
PALETTE = np.random.default_rng(5).integers(0, 256, (8, 3), dtype=np.uint8)
Pixel = tuple[float, float, float, float]


@dataclass(frozen=True)
class Frame:
    """A frame as both the writers and the oracle take it."""

    values: Any  # indices, or red, green, blue and alpha
    left: int
    top: int
    disposal: int
    key: int | None = None
    over: bool = True
    interlaced: bool = False


def composed(frames: list[Frame], restores: tuple[int, ...], clears: int, pixel_of: Any) -> list[UInt8Array]:
    """Return what is shown of each frame on white, pixel by pixel: the oracle."""
    canvas: list[list[Pixel]] = [[(0.0, 0.0, 0.0, 0.0)] * COLS for _ in range(ROWS)]
    shown = []
    undo: Any = None
    for frame in frames:
        if undo is not None:
            canvas = undo
        before = [row[:] for row in canvas]
        places = [
            (row, col)
            for row in range(frame.top, min(ROWS, frame.top + len(frame.values)))
            for col in range(frame.left, min(COLS, frame.left + len(frame.values[0])))
        ]
        for row, col in places:
            over = pixel_of(frame, frame.values[row - frame.top][col - frame.left])
            under = canvas[row][col]
            canvas[row][col] = mixed(over, under) if frame.over else over
        shown.append(np.array([[on_white(pixel) for pixel in row] for row in canvas]))
        undo = None
        if frame.disposal in restores:
            undo = before
        elif frame.disposal == clears:
            undo = [row[:] for row in canvas]
            for row, col in places:
                undo[row][col] = (0.0, 0.0, 0.0, 0.0)
    return shown


def mixed(over: Pixel, under: Pixel) -> Pixel:
    alpha = over[3] + under[3] * (1 - over[3])
    if alpha == 0:
        return (0.0, 0.0, 0.0, 0.0)
    red, green, blue = ((over[k] * over[3] + under[k] * under[3] * (1 - over[3])) / alpha for k in range(3))
    return (red, green, blue, alpha)


def on_white(pixel: Pixel) -> tuple[float, float, float]:
    red, green, blue = (pixel[k] * pixel[3] + 255 * (1 - pixel[3]) for k in range(3))
    return red, green, blue


def colour(decoded: Decoded) -> UInt8Array:
    pixels = decoded.pixels
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)


@st.composite
def places(draw: st.DrawFn, *, first: bool, within: bool) -> tuple[int, int, int, int]:
    """Draw left, top, columns and rows."""
    if first and draw(st.booleans()):
        return 0, 0, COLS, ROWS
    left, top = draw(st.integers(0, COLS - 1)), draw(st.integers(0, ROWS - 1))
    more = 0 if within or first else 5
    cols, rows = draw(st.integers(1, COLS - left + more)), draw(st.integers(1, ROWS - top + more))
    return left, top, cols, rows


@st.composite
def gif_frames(draw: st.DrawFn) -> list[Frame]:
    frames = []
    for number in range(draw(st.integers(1, 5))):
        left, top, cols, rows = draw(places(first=number == 0, within=False))
        rng = np.random.default_rng(draw(st.integers(0, 2**32)))
        frames.append(
            Frame(
                values=rng.integers(0, 8, (rows, cols), dtype=np.uint8), left=left, top=top,
                disposal=draw(st.integers(0, 7)), key=draw(st.sampled_from([None, 0, 3])),
                interlaced=draw(st.booleans()),
            )
        )  # fmt: skip
    return frames


def gif_pixel(frame: Frame, index: int) -> Pixel:
    if index == frame.key:
        return (0.0, 0.0, 0.0, 0.0)
    red, green, blue = (float(level) for level in PALETTE[index])
    return (red, green, blue, 1.0)


def written_gif(frames: list[Frame]) -> bytes:
    return gif(
        COLS, ROWS,
        [
            GifFrame(
                indices=each.values, left=each.left, top=each.top, disposal=each.disposal, transparent=each.key,
                interlaced=each.interlaced,
            )
            for each in frames
        ],
        palette=PALETTE,
    )  # fmt: skip


@given(frames=gif_frames())
def test_gif_frames_are_composed_as_the_oracle_does(frames: list[Frame]) -> None:
    decoded = list(decode_frames(written_gif(frames)))
    wanted = composed(frames, (3, 4), 2, gif_pixel)
    assert len(decoded) == len(wanted)
    for number, (own, oracle) in enumerate(zip(decoded, wanted, strict=True)):
        np.testing.assert_array_equal(colour(own), oracle, err_msg=f"frame {number}")
        assert own.provenance.frame == number and own.provenance.n_frames == len(frames)


@st.composite
def png_frames(draw: st.DrawFn) -> list[Frame]:
    frames = []
    for number in range(draw(st.integers(1, 4))):
        left, top, cols, rows = (0, 0, COLS, ROWS) if number == 0 else draw(places(first=False, within=True))
        rng = np.random.default_rng(draw(st.integers(0, 2**32)))
        values = rng.integers(0, 256, (rows, cols, 4), dtype=np.uint8)
        values[..., 3] = rng.choice([0, 90, 200, 255], (rows, cols))
        frames.append(
            Frame(
                values=values, left=left, top=top, disposal=draw(st.integers(0, 2)), over=draw(st.booleans())
            )
        )
    return frames


def png_pixel(frame: Frame, value: Any) -> Pixel:
    red, green, blue, alpha = (float(level) for level in value)
    return (red, green, blue, alpha / 255)


@given(frames=png_frames())
def test_apng_frames_are_composed_as_the_oracle_does(frames: list[Frame]) -> None:
    written = [
        PngFrame(
            samples=each.values, left=each.left, top=each.top, dispose=each.disposal, blend=int(each.over)
        )
        for each in frames
    ]
    decoded = list(decode_frames(apng(COLS, ROWS, 8, 6, written)))
    assert len(decoded) == len(frames) >= 1
    # Of the first frame nothing was there before: restored is cleared.
    plain = [replace(frames[0], disposal=min(1, frames[0].disposal)), *frames[1:]]
    if frames[0].disposal == 0:
        plain[0] = frames[0]
    wanted = composed(plain, (2,), 1, png_pixel)
    for number, (own, oracle) in enumerate(zip(decoded, wanted, strict=True)):
        # Straight alpha of eight bits is rounded at each mix, as in browsers.
        assert np.abs(colour(own) - oracle).max() <= 4, f"frame {number}"


def test_a_hidden_default_image_is_one_more_picture_and_is_not_hashed() -> None:
    rng = np.random.default_rng(1)
    hidden, first, second = (rng.integers(0, 256, (ROWS, COLS, 3), dtype=np.uint8) for _ in range(3))
    data = apng(COLS, ROWS, 8, 2, [PngFrame(samples=first), PngFrame(samples=second)], hidden=hidden)
    np.testing.assert_array_equal(decode(data).pixels, first)
    assert [each.also for each in decode_frames(data)] == [(), ()], "nobody looks at it"
    one, two = decode_frames(data, effort="standard")
    (also,) = one.also
    np.testing.assert_array_equal(also.make().pixels, hidden)
    assert (also.effort, also.shown, two.also) == ("standard", False, ())


def test_frames_have_limits_a_reach_and_a_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [
        Frame(values=np.full((ROWS, COLS), k % 8, np.uint8), left=0, top=0, disposal=0) for k in range(30)
    ]
    data = written_gif(frames)
    assert len(list(decode_frames(data))) == 30
    with pytest.raises(ImageTooLarge):
        list(decode_frames(data, limits=Limits(max_pixels=ROWS * COLS - 1)))
    monkeypatch.setattr("safehash.images.frames.MAX_FRAME_PIXELS", 12 * ROWS * COLS)
    assert len(list(decode_frames(data))) == 12
    ticks = iter(range(0, 10**12, 10**8))
    deadline = Deadline.after(1.0, clock=lambda: next(ticks))
    reader = gif_reader.read_gif(data, Request(limits=DEFAULT_LIMITS, deadline=deadline))
    with pytest.raises(DeadlinePassed):
        list(reader)


def test_an_avif_animation_is_looked_at_as_far_as_its_bytes_are_worth(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its frames cost more than others, and a thousand that show nothing new take no bytes."""
    stream = io.BytesIO()
    shades = [Image.new("RGB", (64, 48), (k, 200, 9)) for k in range(12)]
    shades[0].save(stream, "AVIF", save_all=True, append_images=shades[1:], speed=10)
    data = stream.getvalue()
    assert len(list(decode_frames(data))) == 12
    avif = FORMATS["AVIF"]
    monkeypatch.setitem(FORMATS, "AVIF", replace(avif, worth=Worth(3 * 50_000, 0)))
    frames = decode_frames(data)
    assert [next(frames).provenance.frame for _ in range(4)] == [0, 1, 2, 3]
    with pytest.raises(ImageTooLarge, match=f"4 of 12 frames .* than {len(data)} bytes"):
        next(frames)
    longer = Worth(3 * 50_000, 10 * 50_000 // len(data) + 1)
    monkeypatch.setitem(FORMATS, "AVIF", replace(avif, worth=longer))
    assert len(list(decode_frames(data))) == 12, "a longer file may cost more"
    gif_frames = [
        Frame(values=np.full((ROWS, COLS), k % 8, np.uint8), left=0, top=0, disposal=0) for k in range(12)
    ]
    assert len(list(decode_frames(written_gif(gif_frames)))) == 12, "others keep theirs"


def test_a_wrong_sum_behind_a_frame_s_last_row_ends_no_animation() -> None:
    rng = np.random.default_rng(3)
    frames = [PngFrame(samples=rng.integers(0, 256, (ROWS, COLS, 4), dtype=np.uint8)) for _ in range(4)]
    data = apng(COLS, ROWS, 8, 6, frames)
    chunks = data.split(b"fdAT")  # two of each frame but the first: the second ends with the sum
    checked = bytearray(chunks[2])
    n_bytes = int.from_bytes(chunks[1][-4:], "big")
    checked[n_bytes - 1] ^= 0x55
    checked[n_bytes : n_bytes + 4] = zlib.crc32(b"fdAT" + checked[:n_bytes]).to_bytes(4, "big")
    broken = b"fdAT".join([*chunks[:2], bytes(checked), *chunks[3:]])
    assert broken != data and len(broken) == len(data)
    shown, wanted = (list(decode_frames(each)) for each in (broken, data))
    assert len(shown) == len(wanted) == 4
    for one, other in zip(shown, wanted, strict=True):
        assert np.array_equal(one.pixels, other.pixels)
