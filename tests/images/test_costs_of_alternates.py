"""What further pictures and frames of one upload cost, mended where it stood; pictures stay as they were."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures_made import made
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

import attacks_png
from safehash.errors import ImageTooLarge
from safehash.images import colour as colour_module
from safehash.images import conversions, jpeg, jpeg_ends, png, shades
from safehash.images.canvas import HELD_A_PIXEL
from safehash.images.colour import colour_of_code_points, colour_of_icc
from safehash.images.conversions import Background, to_pixels, to_rgba
from safehash.images.decoding import decode_frames
from safehash.images.formats import FORMATS
from safehash.images.frames import Worth
from safehash.images.limits import Limits
from safehash.images.pictures import Decoded

# -- one transparent colour ----------------------------------------------------------------------------------------


def _paints(n_pixels: int) -> list[Callable[[Image.Image], Image.Image] | None]:
    table, gamma = colour_of_icc(attacks_png.table_profile()), colour_of_code_points(1, 8)
    assert table is not None and gamma is not None
    return [None, table.apply, gamma.apply, shades.painter(table, n_pixels)]


@given(
    mode=st.sampled_from(["L", "RGB"]),
    n_shades=st.sampled_from([1, 2, 300]),
    key=st.integers(0, 511),
    step=st.sampled_from([1, 2, 8]),
    background=st.sampled_from(["white", "black"]),
    paint=st.integers(0, 3),
    strip=st.sampled_from([1 << 18, 120]),
    seed=st.integers(0, 9),
)
def test_pixels_of_the_transparent_colour_are_put_on_the_background_as_alpha_would(
    mode: str, n_shades: int, key: int, step: int, background: Background, paint: int, strip: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    some = rng.integers(0, 256, (n_shades, len(mode)), np.uint8)
    samples = some[rng.integers(0, n_shades, (23, 31))]
    image = Image.fromarray(samples[..., 0] if mode == "L" else samples)
    first = [int(each) for each in some[0]]
    # One of the picture's own, with a high byte that says nothing; or perhaps of none.
    image.info["transparency"] = first[0] + 256 * (key % 3) if mode == "L" else tuple(first)
    if key < 100:
        image.info["transparency"] = key if mode == "L" else (key, 2, 3)
    how = _paints(shades._MANY_PIXELS)[paint]
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversions, "_STRIP_PIXELS", strip)
        for is_quick in (True, False):
            if not is_quick:
                patch.setattr(conversions, "_has_plain_key", lambda image: False)
            found.append(to_pixels(image, background, step, paint=how))
    (quick, is_transparent), (slow, was_transparent) = found
    assert is_transparent == was_transparent
    assert quick.shape == slow.shape and np.array_equal(quick, slow)


def test_alpha_is_given_to_no_pixel_of_a_picture_with_one_transparent_colour(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image = Image.fromarray(made(1, 60, 80))
    image.info["transparency"] = tuple(int(each) for each in np.asarray(image)[0, 0])
    monkeypatch.setattr(conversions, "_flatten", lambda *_: pytest.fail("pixel by pixel"))
    assert to_pixels(image, "white", 2)[1]
    assert to_pixels(image, "white", 1)[1]


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P"])
def test_samples_with_alpha_are_those_of_the_imaging_library(mode: str) -> None:
    picture = Image.fromarray(made(1, 60, 80))
    picture.putalpha(picture.convert("L"))
    image = picture.convert("RGB").quantize(9) if mode == "P" else picture.convert(mode)
    assert np.array_equal(to_rgba(image), np.asarray(image.convert("RGBA")))


def test_what_lies_behind_three_samples_is_no_alpha() -> None:
    """The imaging library leaves anything there."""
    from PIL import _imaging

    fresh: Any = _imaging.new("RGB", (9, 9))
    assert (to_rgba(Image.Image()._new(fresh))[..., 3] == 255).all()


# -- JPEG files that end early -------------------------------------------------------------------------------------


def _cut_jpeg() -> bytes:
    stream = io.BytesIO()
    profile = attacks_png.table_profile()
    Image.fromarray(made(1, 160, 96)).save(stream, "JPEG", quality=90, icc_profile=profile)
    return stream.getvalue()[:-900]


def test_what_is_there_is_decoded_once_for_white_and_black(monkeypatch: pytest.MonkeyPatch) -> None:
    n_decoded = 0
    decode = jpeg._in_colour

    def counted(*args: object) -> Image.Image:
        nonlocal n_decoded
        n_decoded += 1
        return decode(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(jpeg, "_in_colour", counted)
    found: dict[str, list[np.ndarray]] = {}
    for effort in ("standard", "fast"):
        frame = next(decode_frames(_cut_jpeg(), effort=effort))
        ways = [also for also in frame.also if also.name.startswith("as far as it goes")]
        assert len(ways) == 4
        n_decoded = 0
        for also in ways:
            found.setdefault(also.name, []).append(also.make().pixels)
        assert n_decoded == (2 if effort == "standard" else 4)
    for kept, again in found.values():
        assert np.array_equal(kept, again)
    on_white, on_black = (found[f"as far as it goes{where}"][0] for where in ("", ", on black"))
    assert (on_white[-1] == 255).all() and not on_black[-1].any()
    assert np.array_equal(on_white[0], on_black[0])


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_rows_that_are_there_are_those_that_no_canvas_shows_through(mode: str) -> None:
    """Wherever a file ends, and whatever its rows look like: flat ones are there, too."""
    flat = Image.fromarray(np.concatenate([made(1, 80, 96), np.zeros((80, 96, 3), np.uint8)])).convert(mode)
    stream = io.BytesIO()
    flat.save(stream, "JPEG", quality=95)
    data = stream.getvalue()
    counts = set()
    for at in range(700, len(data), max(1, (len(data) - 700) // 40)):
        image = JpegImageFile(io.BytesIO(data[:at]))
        there = jpeg_ends.rows_there(data[:at], image)
        wanted = _rows_by_two_canvases(data[:at])
        assert np.array_equal(np.zeros(image.height, np.bool_) if there is None else there, wanted)
        counts.add(int(wanted.sum()))
    assert len(counts) > 5


def _rows_by_two_canvases(data: bytes) -> np.ndarray:
    from PIL import _imaging

    found = []
    for shade in (0, 255):
        image = JpegImageFile(io.BytesIO(data))
        n_bands = len(image.getbands())
        core = _imaging.fill(image.mode, image.size, (shade,) * n_bands if n_bands > 1 else shade)
        decoder = _imaging.jpeg_decoder(image.mode, *image.tile[0].args, *image.decoderconfig)  # type: ignore[misc]
        decoder.setimage(core, (0, 0, *image.size))
        decoder.decode(data)
        found.append(np.asarray(Image.Image()._new(core)).reshape(image.height, -1))
    return np.asarray((found[0] == found[1]).all(axis=1))


# -- frames --------------------------------------------------------------------------------------------------------


def test_frames_that_are_not_opaque_cost_four_times_as_much(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are mixed with white, and once more with black."""
    for alpha, n_seen in ((255, 9), (254, 3)):
        data = attacks_png.apng_boxes(9, side=300, alpha=alpha)
        monkeypatch.setitem(FORMATS, "PNG", replace(FORMATS["PNG"], worth=Worth(9 * 300 * 300 - 1, 0)))
        frames = decode_frames(data)
        assert [next(frames).provenance.frame for _ in range(n_seen)] == list(range(n_seen))
        if n_seen < 9:
            with pytest.raises(ImageTooLarge, match=f"{n_seen} of 9 frames"):
                next(frames)


def test_what_frames_are_unpacked_to_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pixel may have eight bytes."""
    data = attacks_png.apng_deep(6, side=40)
    a_frame = 40 * (1 + 8 * 40)
    monkeypatch.setattr(png, "ROWS", Worth(3 * a_frame, 0))
    frames = decode_frames(data)
    assert [next(frames).provenance.frame for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ImageTooLarge, match="3 of 6 frames"):
        next(frames)
    monkeypatch.setattr(png, "ROWS", Worth(0, 6 * a_frame // len(data) + 1))
    assert len(list(decode_frames(data))) == 6, "a longer file may cost more"


# -- colours by a large table --------------------------------------------------------------------------------------


def test_the_conversion_of_a_large_table_is_made_once_for_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """And not for every strip of it."""
    n_made = 0
    make = colour_module._transform

    def counted(colour: colour_module.Colour, *, is_exact: bool) -> object:
        nonlocal n_made
        n_made += 1
        return make(colour, is_exact=is_exact)

    table = colour_of_icc(attacks_png.table_profile())
    assert table is not None and table.table is not None
    assert len(table.table.table or b"") > colour_module._REMEMBERED_BYTES
    monkeypatch.setattr(colour_module, "_transform", counted)
    monkeypatch.setattr(conversions, "_STRIP_PIXELS", 800)
    to_pixels(Image.fromarray(made(1, 60, 80)), "white", 1, paint=table.apply)
    assert n_made == 2, "the quick way and the exact one"


# -- memory --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "step"), [("animated PNG", 1), ("GIF", 1), ("animated PNG", 2), ("GIF", 2)])
def test_frames_that_are_not_reduced_hold_the_first_one_besides(name: str, step: int) -> None:
    n_pixels = 300 * 300
    if name == "GIF":
        stream = io.BytesIO()
        Image.new("L", (300, 300)).save(stream, "GIF")
        data = stream.getvalue()
    else:
        data = attacks_png.apng_boxes(2, side=300)
    limits = Limits(max_decoded_bytes=(HELD_A_PIXEL + 1) * n_pixels * 3 // 4)
    frames = decode_frames(data, limits=limits, step_for=lambda side: step)
    if step > 1:
        assert next(frames).provenance.scale == step
    else:
        with pytest.raises(ImageTooLarge, match=name):
            next(frames)


def test_colours_of_a_large_unreduced_jpeg_are_not_made_beside_it() -> None:
    stream = io.BytesIO()
    Image.fromarray(made(1, 160, 96)).save(stream, "JPEG", icc_profile=attacks_png.table_profile())
    data, n_pixels = stream.getvalue(), 160 * 96
    for bytes_a_pixel, is_made in ((6.9, False), (7.1, True)):
        limits = Limits(max_decoded_bytes=int(bytes_a_pixel * n_pixels * 3 / 4))
        frame = next(decode_frames(data, limits=limits, step_for=lambda side: 1, effort="standard"))
        (own,) = (also for also in frame.also if also.name == "in its own colours")
        if is_made:
            assert own.make().pixels.shape[:2] == (160, 96)
        else:
            with pytest.raises(ImageTooLarge, match="colours of its own"):
                own.make()


@pytest.mark.parametrize(
    ("mode", "decoded", "looked_at"), [("RGB", 7, 7), ("RGBA", 7, 10), ("L", 2, 2), ("LA", 7, 10)]
)
def test_what_is_made_of_an_unreduced_picture_is_held_beside_it(
    mode: str, decoded: float, looked_at: float
) -> None:
    """The picture alone where one more does not fit; nothing where it does not fit itself."""
    picture = Image.new("RGBA", (90, 80), (90, 20, 200, 120))
    stream = io.BytesIO()
    picture.convert(mode).save(stream, "PNG")

    def frame(bytes_a_pixel: float) -> Decoded:
        limits = Limits(max_decoded_bytes=int(bytes_a_pixel * 90 * 80 * 3 / 4))
        return next(
            decode_frames(stream.getvalue(), limits=limits, step_for=lambda side: 1, effort="standard")
        )

    with pytest.raises(ImageTooLarge, match="in its full size"):
        frame(decoded - 0.1)
    assert not frame(decoded + 0.1).also or looked_at > decoded
    for bytes_a_pixel in (looked_at - 0.1, looked_at + 0.1):
        for also in frame(bytes_a_pixel).also if looked_at > decoded else ():
            if bytes_a_pixel > looked_at:
                also.make()
            else:
                with pytest.raises(ImageTooLarge, match="in its full size"):
                    also.make()
