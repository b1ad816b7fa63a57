"""What made siblings of costly files cost what they did, mended where it stood; pictures stay as they were."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from gif_files import GifFrame
from gif_files import gif as gif_file
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

import attacks_gif
import attacks_tiff
from safehash.errors import ImageTooLarge, UnreadableImage
from safehash.images import gif, pnm, tiff_samples
from safehash.images.counting import check_parts
from safehash.images.decoding import decode_frames
from safehash.images.frames import Worth

# -- GIF: frames beyond the canvas -------------------------------------------------------------------------------


def test_frames_beyond_the_canvas_are_paid_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is decoded counts, and not what is shown of it."""
    monkeypatch.setattr(gif, "ANIMATION", Worth(1_000_000, 0))
    n_seen = 0
    with pytest.raises(ImageTooLarge, match=r"4 of 9 frames of a canvas of 100 x 100 pixels"):
        for _ in decode_frames(attacks_gif.frames_on_small_canvas(8, (500, 500))):
            n_seen += 1
    assert n_seen == 4
    monkeypatch.setattr(gif, "ANIMATION", Worth(10_000_000, 0))
    assert len(list(decode_frames(attacks_gif.frames_on_small_canvas(8, (500, 500))))) == 9


def test_a_frame_is_cut_to_its_canvas() -> None:
    """Its part that is shown is what it is without the rest."""
    rng = np.random.default_rng(5)
    first, second = (rng.integers(0, 4, shape).astype(np.uint8) for shape in ((20, 20), (40, 50)))
    colours = np.array([[0, 0, 0], [90, 200, 30], [200, 90, 160], [255, 255, 255]], np.uint8)
    shown = []
    for indices in (second, second[:14, :15]):
        frames = [GifFrame(indices=first), GifFrame(indices=indices, left=5, top=6, transparent=1)]
        shown.append([frame.pixels for frame in decode_frames(gif_file(20, 20, frames, palette=colours))])
    assert all(np.array_equal(one, other) for one, other in zip(*shown, strict=True))
    assert not np.array_equal(shown[0][0], shown[0][1])


# -- TIFF: strips by the library, pages by the library -------------------------------------------------------------


@pytest.mark.parametrize("kind", ["tiff_lzw", "packbits", "tiff_adobe_deflate"])
def test_of_many_strips_the_library_opens_no_file_each(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Image.effect_noise((64, 300), 90)
    stream = io.BytesIO()
    picture.save(stream, "TIFF", compression=kind, strip_size=64)  # a row
    n_opened = 0
    begin = TiffImageFile.__init__

    def counted(self: Any, *args: Any, **more: Any) -> None:
        nonlocal n_opened
        n_opened += 1
        begin(self, *args, **more)

    with Image.open(io.BytesIO(stream.getvalue())) as opened:
        assert len(opened.tag_v2[273]) == 300  # type: ignore[attr-defined]
    tiff_samples._decoder_arguments.cache_clear()
    monkeypatch.setattr(TiffImageFile, "__init__", counted)
    (decoded,) = decode_frames(stream.getvalue())
    assert n_opened <= 1
    assert np.array_equal(decoded.pixels, np.asarray(picture))


def test_strips_are_weighed_by_what_unpacks_them() -> None:
    """Of so many rows those as they are pass, and those that a library unpacks do not."""
    check_parts("TIFF", attacks_tiff.tiff_rows_raw(60_000))
    with pytest.raises(ImageTooLarge, match="60000 strips or tiles"):
        check_parts("TIFF", attacks_tiff.tiff_rows_lzw(60_000))
    check_parts("TIFF", attacks_tiff.tiff_rows_lzw(12_000))


@pytest.mark.parametrize("big", [False, True])
def test_pages_of_a_fax_are_each_their_own(big: bool) -> None:
    pages = [Image.effect_noise((64, 48), 90).point(lambda v: 255 * (v > 128)).convert("1") for _ in range(3)]
    stream = io.BytesIO()
    pages[0].save(stream, "TIFF", compression="group4", save_all=True, append_images=pages[1:], big_tiff=big)
    found = list(decode_frames(stream.getvalue()))
    assert len(found) == 3
    for decoded, page in zip(found, pages, strict=True):
        assert np.array_equal(decoded.pixels, np.asarray(page.convert("L")))


# -- PNM: what is carried from piece to piece ----------------------------------------------------------------------


#: What may stand between two samples.
BETWEEN = (" ", "\n", "\t ", " # a remark\n", "#\r", "#x#y\n", "  \n\n")


@given(
    samples=st.lists(st.integers(0, 255), min_size=49, max_size=49),
    between=st.lists(st.sampled_from(BETWEEN), min_size=49, max_size=49),
    piece=st.integers(1, 40),
)
def test_pieces_of_digits_are_read_as_the_whole(samples: list[int], between: list[str], piece: int) -> None:
    text = "P2 7 7 255\n" + "".join(
        f"{sample}{space}" for sample, space in zip(samples, between, strict=True)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pnm, "_PIECE", piece)
        (decoded,) = decode_frames(text.encode())
    assert decoded.pixels.ravel().tolist() == samples


@given(
    bits=st.lists(st.integers(0, 1), min_size=49, max_size=49),
    between=st.lists(st.sampled_from(["", " ", "\n", "#1010\n"]), min_size=49, max_size=49),
    piece=st.integers(1, 40),
)
def test_pieces_of_bits_are_read_as_the_whole(bits: list[int], between: list[str], piece: int) -> None:
    text = "P1 7 7\n" + "".join(f"{bit}{space}" for bit, space in zip(bits, between, strict=True))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pnm, "_PIECE", piece)
        (decoded,) = decode_frames(text.encode())
    assert decoded.pixels.ravel().tolist() == [255 * (1 - bit) for bit in bits]


@pytest.mark.parametrize("text", [b"#" + b"x" * 5000, b"1 2 #" + b"7 " * 5000, b" " * 5000])
def test_what_is_carried_on_does_not_grow(text: bytes) -> None:
    assert len(pnm._whole_words(text, is_bits=False)[1]) <= 1


def test_a_number_without_an_end_is_no_sample() -> None:
    with pytest.raises(UnreadableImage, match="more than 4300 digits"):
        next(decode_frames(b"P2 7 7 255\n" + b"0" * (pnm._PIECE + 5000)))
