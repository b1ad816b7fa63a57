"""Groups of prefix codes in lossless WebP pictures are counted as they stand, without a decoder."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from PIL import Image

import attacks_webp
from attacks import riff, riff_chunk, saved, size24
from attacks_tiff import _tiff_of_rows
from attacks_webp import lossless, packed, webp_tables, webp_tables_of_alpha
from safehash import _rows
from safehash.errors import ImageTooLarge
from safehash.images.counting import Budget
from safehash.images.decoding import decode
from safehash.images.webp_parts import check_tables, count_webp


def textures(width: int, height: int) -> Image.Image:
    """Parts that differ in kind, which encoders give codes of their own."""
    rng = np.random.default_rng(5)
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = rng.integers(0, 256, (height // 2, width // 2, 3))
    pixels[height // 2 :] = np.add.outer(np.arange(height - height // 2), np.arange(width))[..., None] % 251
    pixels[: height // 2, width // 2 :] = rng.integers(0, 4, (height // 2, width - width // 2, 3)) * 60
    return Image.fromarray(pixels)


def groups_of(data: bytes) -> int:
    at = data.index(b"VP8L") + 8
    word = struct.unpack_from("<I", data, at + 1)[0]
    n_bytes = struct.unpack_from("<I", data, at - 4)[0]
    return _rows.prefix_groups(
        data[at + 5 : at + n_bytes],
        width=(word & 0x3FFF) + 1,
        height=(word >> 14 & 0x3FFF) + 1,
        most_pixels=1 << 20,
    )[0]


@pytest.mark.parametrize("n_groups", [2, 3, 255, 256, 257, 1_000, 2_500])
def test_as_many_as_were_made(n_groups: int) -> None:
    data = riff(lossless(200, n_groups))
    assert groups_of(data) == n_groups
    decoded = Image.open(io.BytesIO(data))  # and it is a picture
    assert decoded.convert("RGB").getextrema() == ((0, 0), (0, 0), (0, 0))


def test_of_one_there_is_no_table() -> None:
    assert groups_of(saved(Image.new("RGB", (300, 200), (1, 2, 3)), "WEBP", lossless=True)) == 0


@pytest.mark.parametrize(("method", "quality"), [(0, 0), (0, 75), (2, 100), (4, 75), (6, 80)])
def test_encoders_make_few(method: int, quality: int) -> None:
    """Their small pictures repeat what came before, and remember colours: all of that is read on the way."""
    found = set()
    for picture in (textures(240, 180), textures(240, 180).quantize(12).convert("RGB")):
        data = saved(picture, "WEBP", lossless=True, method=method, quality=quality)
        found.add(groups_of(data))
        check_tables(data)
        budget = Budget("WEBP", len(data))
        count_webp(data, budget)
        assert budget.n_spent < 5_000_000
    assert max(found) < 64
    assert max(found) > 1 or method == 0 or quality == 0, "nothing of the tables was read"


def test_whatever_the_bytes_are_there_is_an_answer() -> None:
    rng = np.random.default_rng(9)
    whole = [
        saved(textures(120, 90), "WEBP", lossless=True, method=6, quality=100),
        riff(lossless(64, 200)),
        webp_tables_of_alpha(300),
    ]
    for data in whole:
        for end in range(0, len(data), max(1, len(data) // 400)):
            count_webp(data[:end], Budget("WEBP", end))
        for _ in range(600):
            changed = bytearray(data)
            for at in rng.integers(12, min(len(data), 900), 3):
                changed[at] ^= 1 << int(rng.integers(8))
            try:
                count_webp(bytes(changed), Budget("WEBP", len(changed)))
                check_tables(bytes(changed))
            except ImageTooLarge:
                pass


def test_tables_that_memory_has_no_room_for() -> None:
    """12 000 groups take 70 MB; a file of any length may cost their time."""
    with pytest.raises(
        ImageTooLarge, match="made to cost: 12001 groups of codes in one picture, at most 12000"
    ):
        count_webp(webp_tables(12_001), Budget("WEBP", 1 << 30))
    count_webp(webp_tables(12_000), Budget("WEBP", 1 << 30))


@pytest.mark.parametrize(("n_groups", "passes"), [(64, True), (68, False)])
def test_a_strip_of_a_tiff_file_is_held_to_its_pixels(n_groups: int, passes: bool) -> None:
    fields = {257: (4, [40]), 258: (3, [8, 8, 8]), 262: (3, [2]), 277: (3, [3]), 278: (4, [40])}
    data = _tiff_of_rows(50001, riff(lossless(40, n_groups)), 40, 1, fields)
    if passes:
        assert decode(data).pixels.shape == (40, 40, 3)
    else:
        with pytest.raises(ImageTooLarge, match="68 groups of codes for 1600 pixels"):
            decode(data)


def test_a_frame_within_a_strip_of_a_tiff_file_is_held_to_its_pixels() -> None:
    """The chunks of an animation's frames were passed over, and their tables made for each strip."""
    for n_groups, passes in ((142, True), (143, False)):
        head = riff_chunk(b"VP8X", b"\x02\0\0\0" + 2 * size24(200)) + riff_chunk(b"ANIM", bytes(6))
        frame = bytes(6) + 2 * size24(200) + (40).to_bytes(3, "little") + b"\0" + lossless(200, n_groups)
        data = riff(head + riff_chunk(b"ANMF", frame))
        if passes:
            check_tables(data)
        else:
            with pytest.raises(ImageTooLarge, match="143 groups of codes for 40000 pixels, at most 142"):
                check_tables(data)


@pytest.mark.parametrize("symbols", [(0, 200), (200, 0), (0, 255)])
def test_a_symbol_behind_its_alphabet_hides_no_groups(
    symbols: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the 40 symbols of distances a code may name the 200th: decoders leave that one out, and make their tables."""
    named = attacks_webp._named
    n_named = 0

    def with_two(bits: attacks_webp._Bits, symbol: int) -> None:
        nonlocal n_named
        n_named += 1
        if n_named != 3:
            named(bits, symbol)
        else:  # the distances of the picture of groups
            bits.put((1, 1), (1, 1), (1, 1), (symbols[0], 8), (symbols[1], 8))

    monkeypatch.setattr(attacks_webp, "_named", with_two)
    data = riff(lossless(200, 2_499))
    assert Image.open(io.BytesIO(data)).convert("RGB").getextrema() == ((0, 0), (0, 0), (0, 0))
    assert groups_of(data) == 2_499


def test_what_cannot_be_read_is_counted_as_the_most_there_may_be() -> None:
    data = packed(64, 9)
    assert _rows.prefix_groups(data, width=64, height=64, most_pixels=256)[0] == 9
    for end in range(1, 40):  # before its picture of groups is whole
        assert _rows.prefix_groups(data[:end], width=64, height=64, most_pixels=256)[0] == 256
    assert _rows.prefix_groups(b"\xff", width=4, height=4, most_pixels=256)[0] == 0
    assert _rows.prefix_groups(b"\xff", width=1 << 24, height=1 << 24, most_pixels=256)[0] == 65_536


def test_nonsense_is_refused() -> None:
    assert _rows.prefix_groups(b"", width=1, height=1, most_pixels=1) == (0, 0)
    for sides in ((0, 1), (1, 0), (1 << 25, 1), (1, -1)):
        with pytest.raises(ValueError, match="no such picture"):
            _rows.prefix_groups(b"\0", width=sides[0], height=sides[1], most_pixels=1)
    with pytest.raises(ValueError, match="no such picture"):
        _rows.prefix_groups(b"\0", width=1, height=1, most_pixels=-1)
    assert _rows.prefix_groups(packed(64, 9), width=64, height=64, most_pixels=255) == (256, 0)
    assert _rows.prefix_groups(packed(64, 9), width=64, height=64, most_pixels=256) == (9, 256)
