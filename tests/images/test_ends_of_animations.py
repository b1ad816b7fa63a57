"""What browsers show of an animation that ends within a frame: rows that it lacks, and what is seen under them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from gif_files import GifFrame, gif, quantized
from pictures_made import made
from png_files import PngFrame, apng

from safehash.errors import ImageTooLarge
from safehash.hashing.compute import hash_array
from safehash.hashing.hashes import Hash
from safehash.images.decoding import decode_frames
from safehash.images.limits import Limits
from safehash.images.pictures import Decoded, UInt8Array

COLS, ROWS = 104, 80
ONE, TWO, THREE = (made(seed, ROWS, COLS) for seed in (1, 2, 3))
_, PALETTE = quantized(ONE)
INDICES = [quantized(each)[0] for each in (ONE, TWO, THREE)]
GIF_ONE, GIF_TWO, GIF_THREE = (PALETTE[each] for each in INDICES)
#: An index that nothing in the pictures has.
UNUSED = 200
#: Rows and columns of a frame smaller than the canvas, and of one within that.
LARGE, SMALL = (slice(10, 70), slice(10, 90)), (slice(20, 50), slice(20, 60))


def shown_pictures(data: bytes, frame: int, effort: str = "fast") -> list[UInt8Array]:
    """Return every picture of a frame that is looked up, on white."""
    *_, last = (each for each in decode_frames(data, effort=effort) if each.provenance.frame == frame)  # type: ignore[arg-type]
    pictures: list[Decoded] = [last, *(also.make() for also in last.also if also.effort == "fast")]
    assert all(each.provenance.truncated for each in pictures)
    return [each.pixels for each in pictures if each.pixels.ndim == 3]


def is_shown(data: bytes, frame: int, wanted: UInt8Array) -> bool:
    return any(np.array_equal(each, wanted) for each in shown_pictures(data, frame))


def cut_gif(frames: list[GifFrame], share: float) -> bytes:
    """Return a GIF that ends at this share of its last frame's pixels."""
    whole = gif(COLS, ROWS, frames, palette=PALETTE, loop=False, trailer=b"")
    start = len(gif(COLS, ROWS, frames[:-1], palette=PALETTE, loop=False, trailer=b"")) + 18
    return whole[: start + int((len(whole) - start) * share)]


def cut_apng(frames: list[PngFrame], share: float, colour: int, *, interlaced: bool = False) -> bytes:
    """Return an APNG that ends at this share of its last frame's pixels."""
    whole = apng(COLS, ROWS, 8, colour, frames, interlaced=interlaced)[:-12]
    before = apng(COLS, ROWS, 8, colour, frames[:-1], n_frames=len(frames), interlaced=interlaced)[:-12]
    start = len(before) + 38 + 12
    return whole[: start + int((len(whole) - start - 4) * share)]


def clear(picture: UInt8Array, place: tuple[slice, slice]) -> UInt8Array:
    changed = picture.copy()
    changed[place] = 255
    return changed


def over(under: UInt8Array, frame: UInt8Array, place: tuple[slice, slice], n_rows: int) -> UInt8Array:
    """Return a picture with the first rows of a frame on it."""
    changed = under.copy()
    changed[place][:n_rows] = frame[place][:n_rows]
    return changed


def n_rows_of(data: bytes, frame: int, wanted: UInt8Array, place: tuple[slice, slice]) -> int:
    """Return how many rows of a frame are there, as the picture looked up has them."""
    picture = shown_pictures(data, frame)[0]
    same = (picture[place] == wanted[place]).all(axis=(1, 2))
    return int(np.argmin(same)) if not same.all() else len(same)


# -- lines of an interlaced GIF ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, UNUSED])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.9])
def test_lines_are_filled_in_an_opaque_first_picture_alone(key: int | None, share: float) -> None:
    pictures = shown_pictures(
        cut_gif([GifFrame(indices=INDICES[0], interlaced=True, transparent=key)], share), 0
    )
    is_white = [(each == 255).all(axis=(1, 2)) for each in pictures]
    assert not is_white[0].any(), "other viewers fill them"
    assert len(pictures) == (1 if key is None else 2)
    if key is not None:
        there = ~is_white[1]
        assert share - 0.15 < there.mean() < share + 0.15
        whole = np.flatnonzero(there & (pictures[1] == GIF_ONE).all(axis=(1, 2)))
        assert there.sum() - 1 <= len(whole) <= there.sum(), (
            "of the line that the file ends in there is a part"
        )
        order = [*range(0, ROWS, 8), *range(4, ROWS, 8), *range(2, ROWS, 4), *range(1, ROWS, 2)]
        assert sorted(order[: len(whole)]) == list(whole)


def test_lines_of_a_later_frame_lie_on_what_was_there() -> None:
    frames = [
        GifFrame(indices=INDICES[0], transparent=UNUSED),
        GifFrame(indices=INDICES[1], transparent=UNUSED, interlaced=True),
    ]
    pictures = shown_pictures(cut_gif(frames, 0.9), 1)
    old = [(each == GIF_ONE).all(axis=(1, 2)).sum() for each in pictures]
    assert old[0] == 0, "filled"
    assert old[1] > 5


# -- what lies under a later frame -------------------------------------------------------------------------


_BEYOND = GifFrame(indices=INDICES[2][SMALL], left=2 * COLS)


@pytest.mark.parametrize("between", [[], [_BEYOND]])
def test_a_gif_frame_that_hides_all_lies_on_nothing(between: list[GifFrame]) -> None:
    data = cut_gif([GifFrame(indices=INDICES[0]), *between, GifFrame(indices=INDICES[1])], 0.5)
    last = 1 + len(between)
    n_rows = n_rows_of(data, last, GIF_TWO, (slice(None), slice(None)))
    pictures = shown_pictures(data, last)
    assert len(pictures) == 2
    assert (pictures[0][n_rows + 1 :] == GIF_ONE[n_rows + 1 :]).all(), "other viewers go on"
    assert (pictures[1][n_rows + 1 :] == 255).all()
    assert (pictures[1][:n_rows] == GIF_TWO[:n_rows]).all()


@pytest.mark.parametrize("disposal", [1, 2, 3])
def test_a_gif_frame_that_hides_the_one_before_lies_on_it(disposal: int) -> None:
    small = GifFrame(indices=INDICES[2][SMALL], left=20, top=20, disposal=disposal)
    large = GifFrame(indices=INDICES[1][LARGE], left=10, top=10)
    data = cut_gif([GifFrame(indices=INDICES[0]), small, large], 0.3)
    n_rows = n_rows_of(data, 2, GIF_TWO, LARGE)
    assert 5 < n_rows < 35
    before = GIF_ONE.copy()
    if disposal != 3:  # what is to be cleared is not, as it was to be hidden
        before[SMALL] = GIF_THREE[SMALL]
    below = slice(10 + n_rows + 1, None)
    assert any((each[below] == before[below]).all() for each in shown_pictures(data, 2))


@pytest.mark.parametrize("disposal", [1, 2])
@pytest.mark.parametrize("form", ["gif", "apng"])
def test_a_frame_behind_one_that_is_taken_back_lies_on_the_one_that_it_needs(
    form: str, disposal: int
) -> None:
    rows, cols = slice(30, 60), slice(40, 90)
    if form == "gif":
        one, two = GIF_ONE, GIF_TWO
        data = cut_gif(
            [
                GifFrame(indices=INDICES[0]),
                GifFrame(indices=INDICES[2][SMALL], left=20, top=20, disposal=disposal),
                GifFrame(indices=INDICES[2][rows, cols], left=40, top=30, disposal=3),
                GifFrame(indices=INDICES[1][LARGE], left=10, top=10),
            ],
            0.3,
        )
    else:
        one, two = ONE, TWO
        data = cut_apng(
            [
                PngFrame(samples=_rgba(ONE)),
                PngFrame(samples=_rgba(THREE)[SMALL], left=20, top=20, dispose=disposal - 1),
                PngFrame(samples=_rgba(THREE)[rows, cols], left=40, top=30, dispose=2),
                PngFrame(samples=_rgba(TWO)[LARGE], left=10, top=10),
            ],
            0.3,
            6,
        )
    n_rows = n_rows_of(data, 3, two, LARGE)
    assert 5 < n_rows < 35
    assert any((each[10 + n_rows + 1 :] == one[10 + n_rows + 1 :]).all() for each in shown_pictures(data, 3))


def test_where_the_one_taken_back_lay_on_that_too_nothing_is_cleared() -> None:
    small = GifFrame(indices=INDICES[2][SMALL], left=20, top=20, disposal=2)
    large = GifFrame(indices=INDICES[2][LARGE], left=10, top=10, disposal=3)
    last = GifFrame(indices=INDICES[1][LARGE], left=10, top=10)
    data = cut_gif([GifFrame(indices=INDICES[0]), small, large, last], 0.3)
    n_rows = n_rows_of(data, 3, GIF_TWO, LARGE)
    before = GIF_ONE.copy()
    before[SMALL] = GIF_THREE[SMALL]
    below = slice(10 + n_rows + 1, None)
    assert any((each[below] == before[below]).all() for each in shown_pictures(data, 3))


def test_a_gif_frame_on_a_smaller_first_one_that_it_hides_lies_on_nothing() -> None:
    first = GifFrame(indices=INDICES[2][SMALL], left=20, top=20)
    data = cut_gif([first, GifFrame(indices=INDICES[1][LARGE], left=10, top=10)], 0.3)
    n_rows = n_rows_of(data, 1, GIF_TWO, LARGE)
    assert any((each[10 + n_rows + 1 :] == 255).all() for each in shown_pictures(data, 1))


@pytest.mark.parametrize("n_bytes", [10, 11, 12])
def test_a_gif_frame_without_a_row_shows_what_it_was_to_lie_on(n_bytes: int) -> None:
    small = GifFrame(indices=INDICES[2][SMALL], left=20, top=20, disposal=2)
    last = GifFrame(indices=INDICES[1][LARGE], left=10, top=10, transparent=UNUSED)
    frames = [GifFrame(indices=INDICES[0]), small, last]
    data = cut_gif(frames, 0)[:-10]
    assert len(list(decode_frames(data))) == 2
    whole = gif(COLS, ROWS, frames, palette=PALETTE, loop=False)
    assert is_shown(whole[: len(data) + n_bytes], 2, clear(GIF_ONE, SMALL))


@pytest.mark.parametrize("colour", [2, 6])
@pytest.mark.parametrize("blend", [0, 1])
@pytest.mark.parametrize("dispose", [0, 1])
@pytest.mark.parametrize("share", [0.0, 0.5])
def test_an_apng_frame(colour: int, blend: int, dispose: int, share: float) -> None:
    def samples(picture: UInt8Array) -> UInt8Array:
        return picture if colour == 2 else np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])

    frames = [
        PngFrame(samples=samples(ONE)),
        PngFrame(samples=samples(THREE)[SMALL], left=20, top=20, dispose=dispose),
        PngFrame(samples=samples(TWO)[LARGE], left=10, top=10, blend=blend),
    ]
    data = cut_apng(frames, share, colour)
    hides = colour == 2 or blend == 0
    under = ONE.copy()
    under[SMALL] = THREE[SMALL] if hides or not dispose else 255
    if not share:
        n_frames = len(list(decode_frames(data)))
        assert n_frames == (2 if hides or not dispose else 3)
        assert n_frames == 2 or is_shown(data, 2, under)
        return
    n_rows = n_rows_of(data, 2, TWO, LARGE)
    assert 20 < n_rows < 40
    assert is_shown(data, 2, over(under, TWO, LARGE, n_rows))


def test_an_apng_frame_in_passes_that_is_mixed_in_shows_nothing_before_it_is_whole() -> None:
    samples = [np.dstack([each, np.full(each.shape[:2], 255, np.uint8)]) for each in (ONE, TWO, THREE)]
    frames = [
        PngFrame(samples=samples[0]),
        PngFrame(samples=samples[2][SMALL], left=20, top=20, dispose=1),
        PngFrame(samples=samples[1][LARGE], left=10, top=10, blend=1),
    ]
    data = cut_apng(frames, 0.6, 6, interlaced=True)
    assert is_shown(data, 2, clear(ONE, SMALL))
    first = cut_apng([PngFrame(samples=samples[0], blend=1)], 0.6, 6, interlaced=True)
    assert len(shown_pictures(first, 0)) == 1


# -- what Chromium shows -----------------------------------------------------------------------------------


def _rgba(picture: UInt8Array) -> UInt8Array:
    return np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])


_LONG = 3000  # hundredths of a second, so that the last frame stays
#: Files, and the frame that they end in.
FILES: dict[str, tuple[Callable[[], bytes], int]] = {
    "lines, key": (
        lambda: cut_gif([GifFrame(indices=INDICES[0], interlaced=True, transparent=UNUSED)], 0.7),
        0,
    ),
    "gif, all hidden": (
        lambda: cut_gif([GifFrame(indices=INDICES[0]), GifFrame(indices=INDICES[1], delay=_LONG)], 0.5),
        1,
    ),
    "gif, all hidden, one beyond": (
        lambda: cut_gif(
            [GifFrame(indices=INDICES[0]), _BEYOND, GifFrame(indices=INDICES[1], delay=_LONG)], 0.5
        ),
        2,
    ),
    "gif, one hidden": (
        lambda: cut_gif(
            [
                GifFrame(indices=INDICES[0]),
                GifFrame(indices=INDICES[2][SMALL], left=20, top=20, disposal=2),
                GifFrame(indices=INDICES[1][LARGE], left=10, top=10, delay=_LONG),
            ],
            0.3,
        ),
        2,
    ),
    "apng in place": (
        lambda: cut_apng(
            [
                PngFrame(samples=_rgba(ONE)),
                PngFrame(samples=_rgba(TWO)[LARGE], left=10, top=10, delay=(_LONG, 100)),
            ],
            0.5,
            6,
        ),
        1,
    ),
    "apng in passes": (
        lambda: cut_apng(
            [
                PngFrame(samples=_rgba(ONE)),
                PngFrame(samples=_rgba(THREE)[SMALL], left=20, top=20, dispose=1),
                PngFrame(samples=_rgba(TWO)[LARGE], left=10, top=10, blend=1, delay=(_LONG, 100)),
            ],
            0.6,
            6,
            interlaced=True,
        ),
        2,
    ),
}
#: PDQ of what headless Chromium 156 shows of them on a white page, photographed 0.9 s after it was decoded.
CHROMIUM = {
    "lines, key": "297a4a78e6bbd736d96fbb0fb68cf200f211ca82db82d949bd5ca45860c863a6",
    "gif, all hidden": "18e31ce31ce33d6fff2ceb2aca828d948d94259627b206b6de16f65ef0529242",
    "gif, all hidden, one beyond": "18e31ce31ce33d6fff2ceb2aca828d948d94259627b206b6de16f65ef0529242",
    "gif, one hidden": "b1e18a73b66dd672c07fc30fb68ccb20c3814c8cfa84f51b75dca4e20be06be8",
    "apng in place": "f97e8e7fb2c1f370d16ed34fc2e0fbc0bc8965aa42a06551441c34ba29c86be8",
    "apng in passes": "fb7b8a73c499c699d16ef14fb2a4bb26b29144990a88cd4945dcb326ba2665d8",
}


@pytest.mark.parametrize("name", CHROMIUM)
def test_what_chromium_shows(name: str) -> None:
    make, frame = FILES[name]
    wanted = Hash.from_hex("pdq", CHROMIUM[name])
    assert min(hash_array(each).distance(wanted) for each in shown_pictures(make(), frame)) <= 2


@pytest.mark.parametrize("name", FILES)
def test_a_picture_without_room_for_it_says_so(name: str) -> None:
    make, frame = FILES[name]
    limits = Limits(max_decoded_bytes=ROWS * COLS * 16)
    *_, last = decode_frames(make(), limits=limits)
    assert last.provenance.frame == frame
    with pytest.raises(ImageTooLarge):
        [also.make() for also in last.also]
