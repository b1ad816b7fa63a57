"""What browsers show of a WebP animation that is damaged within a later frame: its rows, on what was there before."""

from __future__ import annotations

import io
import struct
from typing import Any

import numpy as np
import pytest
from pictures_made import made
from PIL import Image

from safehash.errors import ImageTooLarge, UnreadableImage
from safehash.images import webp
from safehash.images.decoding import decode, decode_frames
from safehash.images.limits import Limits
from safehash.images.pictures import Decoded, UInt8Array

COLS, ROWS = 104, 80
SMALL, LARGE = (slice(20, 50), slice(20, 60)), (slice(10, 70), slice(10, 90))
WHOLE = (slice(0, ROWS), slice(0, COLS))
#: Flags of a frame.
CLEARED, NOT_MIXED = 1, 2


def picture(seed: int, alpha: int = 255) -> UInt8Array:
    """Return a picture whose alpha rises from left to right."""
    ramp = np.tile(np.linspace(alpha, 255, COLS).astype(np.uint8), (ROWS, 1))
    return np.dstack([made(seed, ROWS, COLS), ramp])


def chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)


def coded(pixels: UInt8Array, share: float) -> bytes:
    """Return the chunks of a lossless picture with a share of its codes, lengths as if that was all."""
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "WEBP", lossless=True, exact=True)
    data = stream.getvalue()
    at = data.index(b"VP8L")
    length = struct.unpack("<I", data[at + 4 : at + 8])[0]
    return chunk(b"VP8L", data[at + 8 : at + 8 + round(length * share)])


def still(pixels: UInt8Array, share: float) -> bytes:
    return chunk(b"RIFF", b"WEBP" + coded(pixels, share))


def animation(frames: list[tuple[UInt8Array, tuple[slice, slice], int]], share: float) -> bytes:
    """Return an animation of which the last frame has a share of its codes."""

    def sides(*numbers: int) -> bytes:
        return b"".join(each.to_bytes(3, "little") for each in numbers)

    body = chunk(b"VP8X", bytes([0x12, 0, 0, 0]) + sides(COLS - 1, ROWS - 1)) + chunk(b"ANIM", bytes(6))
    for number, (pixels, (rows, cols), flags) in enumerate(frames):
        part = pixels[rows, cols]
        head = sides(cols.start // 2, rows.start // 2, part.shape[1] - 1, part.shape[0] - 1, 100)
        codes = coded(part, share if number == len(frames) - 1 else 1)
        body += chunk(b"ANMF", head + bytes([flags]) + codes)
    return chunk(b"RIFF", b"WEBP" + body)


def damaged(place: tuple[slice, slice], flags: int, alpha: int, share: float) -> bytes:
    first, second = (picture(1), WHOLE, 0), (picture(3), SMALL, CLEARED)
    return animation([first, second, (picture(2, alpha), place, flags)], share)


def as_far(frame: Decoded) -> Decoded:
    (shown,) = (also for also in frame.also if also.name == "as far as it goes")
    assert shown.effort == "fast"
    return shown.make()


@pytest.mark.parametrize("flags", [0, NOT_MIXED])
@pytest.mark.parametrize("alpha", [60, 255])
@pytest.mark.parametrize("place", [WHOLE, LARGE])
@pytest.mark.parametrize("share", [0.5, 0.8])
def test_rows_before_the_damage_lie_on_what_was_there(
    place: tuple[slice, slice], flags: int, alpha: int, share: float
) -> None:
    *_, last = decode_frames(damaged(place, flags, alpha, share))
    assert last.provenance.frame == 2
    part = decode(still(picture(2, alpha)[place], share)).pixels
    n_rows = int((part != 255).any((1, 2)).nonzero()[0].max()) + 1
    assert n_rows % 16 == 0
    wanted = made(1, ROWS, COLS).copy()  # it is remembered
    wanted[SMALL] = 255  # cleared, and white
    if place == WHOLE and (flags or alpha == 255):
        wanted[...] = 255
    wanted[place][:n_rows] = part[:n_rows]  # on nothing, whatever lies under it
    assert np.array_equal(as_far(last).pixels, wanted)


def test_a_frame_without_any_row_shows_what_it_was_to_lie_on() -> None:
    *_, last = decode_frames(damaged(LARGE, 0, 255, 0.03))
    assert last.provenance.frame == 2
    assert last.provenance.truncated
    wanted = made(1, ROWS, COLS).copy()  # it is remembered
    wanted[SMALL] = 255
    assert np.array_equal(last.pixels, wanted)


def test_frames_behind_the_damaged_one_are_seen_to_their_end_alone() -> None:
    last = animation([(picture(3), WHOLE, 0)], 1)
    last = last[last.index(b"ANMF") :]
    first, second = (picture(1), WHOLE, 0), (picture(2, 60), LARGE, 0)
    for frames, wanted in (([first, second], [False, True, False]), ([first], [False, False])):
        data = animation(frames, 0.6) + last
        data = data[:4] + struct.pack("<I", len(data) - 8) + data[8:]
        names = [[also.name for also in frame.also] for frame in decode_frames(data)]
        assert ["as far as it goes" in each for each in names] == wanted


def test_a_picture_without_room_for_it_says_so() -> None:
    limits: dict[str, Any] = {"limits": Limits(max_decoded_bytes=ROWS * COLS * 40)}
    *_, last = decode_frames(damaged(LARGE, 0, 255, 0.5), **limits)
    with pytest.raises(ImageTooLarge, match="later frame"):
        [also.make() for also in last.also]
    with pytest.raises(ImageTooLarge, match="later frame"):
        list(decode_frames(damaged(LARGE, 0, 255, 0.03), **limits))


def test_what_cannot_be_made_of_it_costs_no_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> UInt8Array:
        raise ValueError("nobody expected that")

    monkeypatch.setattr(webp, "_rows_before_damage", fail)
    frames = list(decode_frames(damaged(SMALL, 0, 255, 0.5)))
    assert len(frames) == 3
    (said,) = (also for also in frames[2].also if also.name == "as far as it goes")
    with pytest.raises(UnreadableImage, match="nobody expected"):
        said.make()
