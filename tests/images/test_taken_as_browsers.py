"""What is open or contradicts itself in colours and alpha is taken as browsers take it."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from pictures_made import made
from PIL import Image
from profiles_made import DISPLAY_P3, gamma, lab_of, matrix_profile, profile, table_16, xyz_columns

from safehash.images import conversions
from safehash.images.decoding import decode_frames
from safehash.images.pictures import Decoded

ROWS, COLS = 40, 56


def saved(form: str, *pictures: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    images = [Image.fromarray(each) for each in pictures]
    more = {"save_all": True, "append_images": images[1:], "duration": 100} if len(images) > 1 else {}
    images[0].save(stream, form, **{**more, **options})
    return stream.getvalue()


def looked_up(data: bytes) -> dict[str, np.ndarray]:
    first: Decoded = next(decode_frames(data, effort="standard"))
    return {also.name: also.make().pixels.astype(int) for also in first.also}


def with_numbers(data: bytes, primaries: int, transfer: int) -> bytes:
    at = data.index(b"nclx") + 4
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


AVIF = saved("AVIF", made(1, ROWS, COLS), quality=90, speed=10)
OWN = "in its own colours"


@pytest.mark.parametrize(
    ("said", "meant"),
    [((2, 16), (1, 16)), ((2, 8), (1, 8)), ((9, 2), (9, 13)), ((3, 18), (1, 18)), ((9, 200), (9, 13))],
)
def test_open_numbers_of_an_avif_are_srgb_s(said: tuple[int, int], meant: tuple[int, int]) -> None:
    found = looked_up(with_numbers(AVIF, *said))
    assert np.array_equal(found[OWN], looked_up(with_numbers(AVIF, *meant))[OWN])


@pytest.mark.parametrize("numbers", [(2, 2), (2, 13), (1, 2), (0, 2)])
def test_numbers_that_are_all_open_say_nothing(numbers: tuple[int, int]) -> None:
    assert OWN not in looked_up(with_numbers(AVIF, *numbers))


def with_matrix(data: bytes, matrix: int) -> bytes:
    at = data.find(b"nclx")
    while at >= 0:
        data = data[: at + 8] + struct.pack(">H", matrix) + data[at + 10 :]
        at = data.find(b"nclx", at + 4)
    return data


@pytest.mark.parametrize("matrix", [0, 3, 10, 13, 14, 17, 18, 255, 12929])
@pytest.mark.parametrize("n_frames", [1, 2])
@pytest.mark.parametrize("chroma", ["4:2:0", "4:0:0"])
def test_a_matrix_that_the_library_lacks_is_open(matrix: int, n_frames: int, chroma: str) -> None:
    pictures = [made(seed, ROWS, COLS) for seed in range(1, n_frames + 1)]
    data = saved("AVIF", *pictures, quality=90, speed=10, subsampling=chroma)
    found = list(decode_frames(with_matrix(data, matrix)))
    wanted = list(decode_frames(with_matrix(data, 2)))
    assert len(found) == n_frames
    try:
        Image.open(io.BytesIO(with_matrix(data, matrix))).load()
        is_read = True
    except (OSError, RuntimeError):
        is_read = False
    for one, other in zip(found, wanted, strict=True):
        assert not one.provenance.truncated  # nothing is added to it
        if not is_read:
            assert np.array_equal(one.pixels, other.pixels)
        else:  # of stills the library takes some by the picture's own header
            assert np.abs(one.pixels.astype(int) - other.pixels).mean() < 20


def test_planes_of_green_blue_and_red_that_move_are_taken_for_luma_and_chroma_too() -> None:
    data = saved("AVIF", made(1, ROWS, COLS), made(2, ROWS, COLS), quality=90, speed=10, subsampling="4:4:4")
    found = looked_up(with_matrix(data, 0))["with its colours taken for luma and chroma"]
    assert np.abs(found - made(1, ROWS, COLS)).mean() < 25  # in the narrow range, which it is not made in
    assert "with its colours taken for luma and chroma" not in looked_up(data)


def png(icc: bytes) -> bytes:
    return saved("PNG", made(1, ROWS, COLS), icc_profile=icc)


def by_table(matrix: np.ndarray) -> bytes:
    columns = xyz_columns(DISPLAY_P3)
    table = table_16(lambda samples: lab_of(samples @ columns.T), 3, 9)
    fixed = np.rint(matrix * 65536).astype(">i4").tobytes()
    return profile([(b"A2B0", table[:12] + fixed + table[48:])], pcs=b"Lab ")


def test_a_matrix_before_a_table_holds_for_other_viewers_alone() -> None:
    plain = looked_up(png(by_table(np.eye(3))))
    found = looked_up(png(by_table(np.eye(3)[[1, 2, 0]])))
    others = f"{OWN}, as other viewers take them"
    assert others not in plain
    assert np.array_equal(found[OWN], plain[OWN])
    assert np.abs(found[others] - found[OWN]).mean() > 5


def test_a_tag_may_stand_in_the_list_of_tags() -> None:
    icc = matrix_profile(DISPLAY_P3, gamma(1.0))
    assert icc[132:136] == b"wtpt"
    moved = icc[:136] + (132).to_bytes(4, "big") + icc[140:]
    assert np.array_equal(looked_up(png(moved))[OWN], looked_up(png(icc))[OWN])


@pytest.mark.parametrize("multiplied", [False, True])
def test_alpha_of_a_still_avif_is_taken_for_narrow(multiplied: bool) -> None:
    alpha = np.tile(np.linspace(30, 220, COLS).astype(np.uint8), (ROWS, 1))
    colour = np.rint(60 * alpha / 255.0).astype(np.uint8) if multiplied else np.full_like(alpha, 60)
    picture = np.dstack([colour, colour, colour, alpha])
    data = saved("AVIF", picture, quality=100, subsampling="4:4:4", alpha_premultiplied=multiplied)
    found = looked_up(data)["with its alpha taken for narrow"]
    share = np.clip((alpha - 16.0) / 219, 0, 1)
    # Multiplied colours are what they are; the background shows through by the alpha that is seen.
    own = 60 * alpha / 255.0 if multiplied else 60 * share
    assert np.abs(found[..., 0] - (own + 255 * (1 - share))).max() <= 4
    opaque = saved("AVIF", made(1, ROWS, COLS))
    assert "with its alpha taken for narrow" not in looked_up(opaque)


def test_what_is_taken_in_another_way_is_the_same_a_strip_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    ramp = np.linspace(120, 255, ROWS * COLS).reshape(ROWS, COLS).astype(np.uint8)
    data = saved("AVIF", np.dstack([made(1, ROWS, COLS), ramp]), quality=90, alpha_premultiplied=True)
    whole = looked_up(data)["with its alpha taken for narrow"]
    monkeypatch.setattr(conversions, "_STRIP_PIXELS", 7 * COLS)
    np.testing.assert_array_equal(looked_up(data)["with its alpha taken for narrow"], whole)
    assert whole[:7].std() > 1


def test_grey_frames_of_an_avif_are_taken_for_narrow_too() -> None:
    data = saved("AVIF", made(1, ROWS, COLS), made(2, ROWS, COLS), subsampling="4:0:0", quality=90, speed=10)
    frames = list(decode_frames(data, effort="standard"))
    assert [frame.provenance.mode for frame in frames] == ["L", "L"]
    for frame in frames:
        found = {also.name: also.make().pixels.astype(int) for also in frame.also}
        wanted = np.clip((frame.pixels.astype(int) - 16) * 255 / 219, 0, 255)
        assert np.abs(found["with its range taken for narrow"] - wanted).max() <= 1
