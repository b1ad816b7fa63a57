"""Portable maps: every kind, depth and way to write a header, remarks and damage among them."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures_made import made

import safehash
from safehash.errors import ImageError, ImageTooLarge, UnreadableImage, UnsupportedImage
from safehash.images import pnm
from safehash.images.decoding import decode
from safehash.images.limits import Limits
from safehash.images.pictures import UInt8Array
from safehash.images.sniffing import sniff

COLOUR = made(1, 45, 37)
GREY: UInt8Array = COLOUR[..., 1]


def written(samples: UInt8Array, kind: int, most: int, *, gap: str = "\n") -> bytes:
    """Write a map whose samples go up to `most`: the digits 1 to 3 mean digits, 4 to 6 bytes."""
    rows, cols = samples.shape[:2]
    head = f"P{kind}{gap}{cols} {rows}{gap}" + (f"{most}\n" if kind not in (1, 4) else "")
    stored = np.rint(samples.astype(np.float64) / 255 * most).astype(np.int64)
    if kind in (1, 4):
        bits = (samples < 128).astype(np.uint8)
        if kind == 1:
            return head.encode() + b"\n".join(bytes(row + 48) for row in bits)
        return head.encode()[: -len(gap)] + b"\n" + np.packbits(bits, axis=1).tobytes()
    if kind in (2, 3):
        return head.encode() + b"\n".join(
            b" ".join(str(int(value)).encode() for value in row.ravel()) for row in stored
        )
    return head.encode() + stored.astype(">u2" if most > 255 else "u1").tobytes()


@pytest.mark.parametrize("most", [1, 7, 100, 255, 256, 1023, 65535])
@pytest.mark.parametrize("kind", [2, 3, 5, 6])
def test_samples_are_scaled(kind: int, most: int) -> None:
    own = COLOUR if kind in (3, 6) else GREY
    data = written(own, kind, most)
    wanted = np.rint(np.rint(own / 255 * most) * 255 / most)
    decoded = decode(data)
    assert decoded.provenance.format == "PNM"
    assert np.abs(decoded.pixels.astype(int) - wanted).max() <= (0 if most in (1, 255, 65535) else 1)


@pytest.mark.parametrize("kind", [1, 4])
def test_bits_are_black_and_white(kind: int) -> None:
    wanted = np.where(GREY < 128, 0, 255)
    np.testing.assert_array_equal(decode(written(GREY, kind, 1)).pixels, wanted)


@pytest.mark.parametrize("gap", ["\n# made by hand\n", " \t ", "\r\n", "# 5 5 255\n"])
def test_remarks_and_spaces(gap: str) -> None:
    data = written(COLOUR, 3, 255, gap=gap)
    assert sniff(data[:256]) == "PNM"
    np.testing.assert_array_equal(decode(data).pixels, COLOUR)


def test_remarks_among_samples() -> None:
    lines = written(GREY, 2, 255).split(b"\n")
    data = b"\n".join(line + b" # 12 a remark" for line in lines)
    np.testing.assert_array_equal(decode(data).pixels, GREY)


def test_digits_across_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    for piece in (7, 64, 101):
        monkeypatch.setattr("safehash.images.pnm._PIECE", piece)
        for kind in (2, 3):
            own = COLOUR if kind == 3 else GREY
            np.testing.assert_array_equal(decode(written(own, kind, 255)).pixels, own)
            tabs = written(own, kind, 255).replace(b" ", b"\t")
            np.testing.assert_array_equal(decode(tabs).pixels, own)


@pytest.mark.parametrize("kind", [1, 2, 3, 4, 5, 6])
def test_what_a_map_lacks_is_transparent(kind: int) -> None:
    own = COLOUR if kind in (3, 6) else GREY
    data = written(own, kind, 255)
    decoded = decode(data[: len(data) // 2])
    assert decoded.provenance.truncated and decoded.provenance.transparent
    assert decoded.pixels[-1].min() == 255
    whole = decode(data).pixels
    whole = whole if decoded.pixels.ndim == whole.ndim else np.repeat(whole[..., None], 3, axis=2)
    np.testing.assert_array_equal(decoded.pixels[:10], whole[:10])


def test_limits_hold_and_nonsense_is_said() -> None:
    with pytest.raises(ImageTooLarge):
        decode(b"P5 100000 100000 255\n")
    with pytest.raises(UnsupportedImage, match="formats allowed"):
        decode(written(GREY, 5, 255), limits=Limits(formats=frozenset({"JPEG"})))
    for data, what in (
        (b"P5 10 10 0\n" + bytes(100), "samples up to 0"),
        (b"P5 10 10 70000\n" + bytes(200), "samples up to 70000"),
        (b"P2 10 10 255\n1 2 x 4", "something else"),
        (b"P5 10 x", "no number"),
        (b"P6 10 10 255\n", "no whole row"),
    ):
        with pytest.raises(UnreadableImage, match=what):
            decode(data)
    with pytest.raises(UnsupportedImage, match="not an image"):
        decode(b"P5 is the name of a section")


@given(kind=st.sampled_from([1, 2, 3, 4, 5, 6]), data=st.data())
def test_any_damage_is_a_hash_or_an_image_error(kind: int, data: st.DataObject) -> None:
    blob = bytearray(written(COLOUR if kind in (3, 6) else GREY, kind, 255))
    for _ in range(data.draw(st.integers(1, 5))):
        blob[data.draw(st.integers(0, min(60, len(blob) - 1)))] = data.draw(st.integers(0, 255))
    try:
        safehash.hash_bytes(bytes(blob))
    except ImageError:
        return


def test_samples_of_digits_are_let_go_before_a_picture_is_made_of_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = written(made(1, 300, 400), 3, 255)
    held = []

    def seen(*args: Any, **more: Any) -> Any:
        held.append(tracemalloc.get_traced_memory())
        return pnm_seen(*args, **more)

    pnm_seen = vars(pnm)["seen"]
    monkeypatch.setattr(pnm, "seen", seen)
    monkeypatch.setattr(pnm, "_PIECE", 1 << 12)
    decode(data)
    tracemalloc.start()
    try:
        decode(data)
    finally:
        tracemalloc.stop()
    assert held[-1][0] < 100_000
    assert held[-1][1] < 2 * 3 * 300 * 400  # a piece of them as numbers beside the samples
