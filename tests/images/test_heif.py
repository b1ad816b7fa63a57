"""HEIC files as the extra reads them: depths, alpha, several pictures, turns, early ends."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import numpy as np
import pillow_heif
import pytest
from avif_files import Item, box, clap, irot, laid_over, side_by_side
from corpus import grey_of, ramp_like
from pictures_made import made
from PIL import Image

import attacks_heif
import safehash
from safehash import ImageTooLarge, Limits, UnreadableImage, UnsupportedImage
from safehash.hashing.compute import hash_array, hash_decoded, reduction_for
from safehash.hashing.hashes import Algorithm
from safehash.images import heif as heif_module
from safehash.images.counting import check_parts
from safehash.images.decoding import decode, decode_frames
from safehash.images.formats import FORMATS
from safehash.images.frames import ANIMATION, Worth
from safehash.images.pictures import Decoded

ROWS, COLS = 96, 128
#: Bits between a picture and itself compressed.
_NEAR = 10


def heic(*pictures: np.ndarray, primary: int = 0, **options: Any) -> bytes:
    """Return a file of 8-bit pictures, grey or colour, with alpha or without."""
    modes = {2: "L", 3: "RGB", 4: "RGBA"}
    new: Any = pillow_heif.HeifFile
    file = new()
    for each in pictures:
        mode = modes[each.shape[2] if each.ndim == 3 else 2]
        file.add_from_pillow(Image.fromarray(each, mode))
    stream = io.BytesIO()
    file.save(stream, quality=92, primary_index=primary, **options)
    return stream.getvalue()


def bits(frame: Decoded, picture: np.ndarray) -> int:
    return hash_decoded(frame, algorithm=Algorithm.PDQ).distance(hash_array(np.ascontiguousarray(picture)))


ONE, TWO = made(1, ROWS, COLS), made(2, ROWS, COLS)


@pytest.mark.parametrize("chroma", ["420", "422", "444"])
def test_colour(chroma: str) -> None:
    (frame,) = decode_frames(heic(ONE, chroma=chroma), effort="standard")
    assert bits(frame, ONE) <= _NEAR
    assert (frame.provenance.format, frame.provenance.mode) == ("HEIF", "RGB")
    assert (frame.rows, frame.cols, frame.also) == (ROWS, COLS, ())


def test_grey() -> None:
    (frame,) = decode_frames(heic(grey_of(ONE)), step_for=reduction_for)
    assert bits(frame, grey_of(ONE)) <= _NEAR


@pytest.mark.parametrize("n_bits", [10, 12])
def test_deep_samples(n_bits: int) -> None:
    deep = (ONE.astype(np.uint16) * 257).astype("<u2")
    file = pillow_heif.from_bytes(mode="RGB;16", size=(COLS, ROWS), data=deep.tobytes())
    stream = io.BytesIO()
    options = pillow_heif.options.SAVE_HDR_TO_12_BIT
    pillow_heif.options.SAVE_HDR_TO_12_BIT = n_bits == 12
    try:
        file.save(stream, quality=92)
    finally:
        pillow_heif.options.SAVE_HDR_TO_12_BIT = options
    assert bits(decode(stream.getvalue()), ONE) <= _NEAR


def test_alpha_is_seen_on_white_and_on_black() -> None:
    ramp = ramp_like(ONE)
    (frame,) = decode_frames(heic(np.dstack([ONE, ramp])), effort="standard")
    share = ramp[..., None] / 255
    assert bits(frame, np.rint(ONE * share + 255 * (1 - share)).astype(np.uint8)) <= _NEAR
    (black,) = (also for also in frame.also if also.name == "on black")
    assert bits(black.make(), np.rint(ONE * share).astype(np.uint8)) <= _NEAR


def test_of_several_pictures_the_primary_one_is_hashed_and_all_are_looked_up() -> None:
    for primary, order in ((0, (ONE, TWO)), (1, (TWO, ONE))):
        data = heic(ONE, TWO, primary=primary)
        frames = list(decode_frames(data, effort="fast"))
        assert [bits(frame, picture) <= _NEAR for frame, picture in zip(frames, order, strict=True)] == [
            True,
            True,
        ]
        assert safehash.hash_bytes(data).distance(hash_array(order[0])) <= _NEAR


def test_a_turned_picture_is_shown_turned() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stream = io.BytesIO()
    file = pillow_heif.from_pillow(Image.fromarray(ONE))
    file.save(stream, quality=92, exif=exif.tobytes())
    (frame,) = decode_frames(stream.getvalue())
    assert (frame.rows, frame.cols, frame.provenance.orientation) == (COLS, ROWS, 1)
    assert bits(frame, np.rot90(ONE, -1)) <= _NEAR


def test_every_prefix_has_an_outcome_and_none_is_half_a_picture() -> None:
    data = heic(made(1, 48, 64))
    for n_bytes in range(0, len(data), 97):
        with pytest.raises(UnreadableImage):
            decode(data[:n_bytes])


def test_limits_hold() -> None:
    with pytest.raises(ImageTooLarge):
        decode(heic(ONE), limits=Limits(max_pixels=ROWS * COLS - 1))


def test_many_pictures_that_take_no_bytes_are_looked_at_within_bounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A pixel of them costs more than one of an animation's frames."""
    heif = FORMATS["HEIF"]
    assert 2 * heif.worth.of(0) <= ANIMATION.of(0)
    monkeypatch.setitem(FORMATS, "HEIF", replace(heif, worth=Worth(60_000, 0)))
    frames = decode_frames(heic(*[made(k, 96, 128) for k in range(5)]))
    assert [next(frames).provenance.frame for _ in range(2)] == [0, 1]
    with pytest.raises(ImageTooLarge, match="2 of 5 frames"):
        next(frames)


def test_a_frame_that_is_too_many_is_not_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FORMATS, "HEIF", replace(FORMATS["HEIF"], worth=Worth(30_000, 0)))
    loaded: list[int] = []
    kind: Any = heif_module._class()
    load = kind.load

    def counted(image: Any) -> Any:
        loaded.append(image.tell())
        return load(image)

    monkeypatch.setattr(kind, "load", counted)
    frames = decode_frames(heic(*[made(k, 96, 128) for k in range(3)]))
    next(frames)
    with pytest.raises(ImageTooLarge, match="1 of 3 frames"):
        next(frames)
    assert set(loaded) == {0}


def test_one_picture_at_a_time_is_held() -> None:
    image = heif_module.CODEC.opener()(io.BytesIO(heic(*[made(k, 96, 128) for k in range(3)])))
    for number in range(3):
        image.seek(number)
        image.load()
        assert [each is None for each in image._heif_file._images] == [k <= number for k in range(3)]


@pytest.mark.parametrize("kind", ["grid", "iovl"])
def test_another_picture_is_not_taken_for_one_that_is_not_read(kind: str) -> None:
    """A grid that lacks a tile; the library lays few pictures over each other."""
    one = attacks_heif.coded(ONE)
    size = (2 * COLS, 2 * ROWS)
    body = side_by_side(2, 2, size) if kind == "grid" else laid_over((0,) * 4, size, [(0, 0)] * 40)
    made_of = Item(
        kind=kind.encode(),
        body=body,
        properties=[attacks_heif.sides(*size)],
        sources=[2] * (3 if kind == "grid" else 40),
    )
    with pytest.raises(UnsupportedImage, match="the picture that is shown"):
        next(decode_frames(attacks_heif.heif({1: made_of, 2: one})))
    whole = replace(made_of, kind=b"grid", body=side_by_side(2, 2, size), sources=[2] * 4)
    frame = next(decode_frames(attacks_heif.heif({1: whole, 2: one})))
    assert (frame.provenance.width, frame.provenance.height) == size


def test_honest_ones_are_far_from_what_is_refused() -> None:
    """A grid as cameras write it, of hidden tiles or not, changed as they do."""
    tile = attacks_heif.coded(
        np.random.default_rng(1).integers(0, 256, (512, 512, 3), dtype=np.uint8), quality=90
    )
    size = (256, 192)
    changes = [clap(250, 180, 0, 0), irot(1), box(b"imir", b"\0")]
    grid = Item(
        kind=b"grid",
        body=side_by_side(3, 4, size),
        properties=[attacks_heif.sides(*size), *changes],
        sources=range(2, 14),
    )
    data = attacks_heif.heif({1: grid, **dict.fromkeys(range(2, 14), tile)})
    assert check_parts("HEIF", data) < 100_000_000


def test_items_in_each_other_have_an_end() -> None:
    chain = {
        number: Item(
            kind=b"iovl", body=laid_over((0,) * 4, (64, 64), [(0, 0)] * 2),
            properties=[attacks_heif.sides(64, 64)], sources=[number + 1] * 2,
        )
        for number in range(1, 40)
    }  # fmt: skip
    for last in (attacks_heif.coded(ONE), replace(chain[1], sources=[1, 40])):
        with pytest.raises(ImageTooLarge, match="items in each other"):
            check_parts("HEIF", attacks_heif.heif({**chain, 40: last}))
    check_parts("HEIF", attacks_heif.heif({1: replace(chain[1], sources=[1])}))
