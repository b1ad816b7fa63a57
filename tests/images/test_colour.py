"""Colours that a file declares: what Chromium painted of small files, and every way a declaration can be broken."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from colour_files import (
    SHADES,
    chunk,
    cicp,
    colour_of,
    gama,
    iccp,
    png,
    saved,
    srgb_levels,
    two_pictures,
)  # fmt: skip
from hypothesis import given
from hypothesis import strategies as st
from pictures_made import made
from PIL import Image
from png_files import png as png_of
from profiles_made import (
    DISPLAY_P3,
    PROPHOTO,
    SRGB,
    gamma,
    grey_profile,
    matrix_profile,
    parametric,
    profile,
    sampled,
    srgb_curve,
    table_16,
)

from conftest import DATA
from safehash.hashing.compute import hash_array, hash_decoded, reduction_for
from safehash.hashing.hashes import Algorithm, Hash
from safehash.images.colour import colour_of_code_points, colour_of_gamma, colour_of_icc
from safehash.images.declared import declared_colours, jpeg_profiles
from safehash.images.decoding import decode, from_image
from safehash.images.icc import read_profile, write_profile
from safehash.images.pictures import Decoded

PAINTED = DATA / "painted" / "colour"
_NEAR = 10


def rows() -> Iterator[tuple[str, str, str]]:
    for line in (PAINTED / "painted.tsv").read_text(encoding="utf-8").splitlines()[2:]:
        name, digest, _, what = line.split("\t")
        yield name, digest, what


def pictures(data: bytes) -> dict[str, Decoded]:
    """Return every picture that `standard` looks up, by name."""
    decoded = decode(data, step_for=reduction_for)
    return {"as it is": decoded} | {
        also.name: also.make() for also in decoded.also if also.effort != "thorough"
    }


def pdq(picture: Decoded) -> Hash:
    return hash_decoded(picture, algorithm=Algorithm.PDQ)


@pytest.mark.parametrize(("name", "digest", "what"), list(rows()), ids=[what for *_, what in rows()])
def test_some_view_is_what_chromium_painted(name: str, digest: str, what: str) -> None:
    painted = Hash.from_hex("pdq", digest)
    distances = {
        view: pdq(each).distance(painted) for view, each in pictures((PAINTED / name).read_bytes()).items()
    }
    assert min(distances.values()) <= _NEAR, distances
    stored_is_shown = distances["as it is"] <= _NEAR
    if what.startswith("two pictures"):
        assert not stored_is_shown
        assert distances["in its own colours"] <= _NEAR


def test_what_is_shown_is_looked_up_at_every_effort() -> None:
    grey = two_pictures(made(1, 60, 80)[:, :, 1], made(2, 60, 80)[:, :, 1], srgb_levels(SHADES**12))
    decoded = decode(png(colour_of(grey), iccp(matrix_profile(SRGB, gamma(12)))), step_for=reduction_for)
    assert [(also.name, also.effort, also.shown) for also in decoded.also] == [
        ("in its own colours", "fast", True)
    ]


# -- files that cost nothing ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "icc",
    [
        matrix_profile(),
        matrix_profile(version=0x02100000),
        matrix_profile(SRGB, sampled(np.asarray((np.arange(1024) / 1023) ** 2.2))),
        matrix_profile(SRGB, gamma(2.2)),
        matrix_profile(SRGB, parametric(0, 2.2)),
    ],
)
def test_a_profile_that_says_srgb_makes_no_view(icc: bytes) -> None:
    assert colour_of_icc(icc) is None
    assert decode(png(made(1, 60, 80), iccp(icc))).also == ()


def test_the_librarys_own_srgb_profile_makes_no_view() -> None:
    from PIL import ImageCms

    assert colour_of_icc(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()) is None


def test_what_every_editor_writes_makes_no_view() -> None:
    corners = (
        b"cHRM",
        b"".join(
            value.to_bytes(4, "big") for value in (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)
        ),
    )
    assert declared_colours("PNG", png(made(1, 60, 80), (b"sRGB", b"\0"), gama(0.45455), corners)) == ()
    assert declared_colours("PNG", png(made(1, 60, 80), gama(0.45455), corners)) == ()
    assert declared_colours("PNG", png(made(1, 60, 80), cicp(1, 13))) == ()
    assert declared_colours("JPEG", saved(made(1, 60, 80), "JPEG", None)) == ()
    assert declared_colours("AVIF", saved(made(1, 60, 80), "AVIF", None)) == ()


def test_code_points_behind_the_palette_are_for_others_than_browsers() -> None:
    """Chromium passes over them there, and heeds everything else: a gamma, a profile (both as painted)."""
    pixels, palette, lights = made(1, 60, 80), (b"PLTE", bytes(range(48))), cicp(12, 16)

    def shown(*chunks: tuple[bytes, bytes]) -> list[bool]:
        return [each.shown for each in declared_colours("PNG", png(pixels, *chunks))]

    alone = len(shown(lights))
    assert shown(lights, palette)[0] and shown(palette, gama(1.0)) == [True]
    assert shown(palette, lights) == [False] * alone
    for heeded in (gama(1.0), iccp(matrix_profile(DISPLAY_P3))):
        assert shown(palette, lights, heeded) == shown(heeded, palette, lights) == [True] + [False] * alone
    assert shown((b"sRGB", b"\0"), palette, lights) == [False] * alone


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("interlaced", [False, True])
def test_a_profile_of_greys_is_heeded_by_grey_with_alpha(depth: int, interlaced: bool) -> None:
    """The imaging library opens 16 bits of it as colour, which such a profile does not fit."""
    grey = made(1, 60, 80)[:, :, 1].astype(np.uint16) * (257 if depth == 16 else 1)
    samples = np.dstack([grey, np.full_like(grey, (1 << depth) - 1)])
    name, body = iccp(grey_profile(gamma(1.0)))
    data = png_of(samples, depth, 4, before=chunk(name, body), interlaced=interlaced)
    assert [also.name for also in decode(data).also] == ["in its own colours"]


@pytest.mark.parametrize("bad", [b"", bytes(3), bytes(5), bytes(4), bytes(33)])
@pytest.mark.parametrize("kind", ["cICP", "gAMA", "cHRM", "sRGB"])
def test_a_chunk_that_says_nothing_stands_in_no_others_way(kind: str, bad: bytes) -> None:
    """Of several of a kind Chromium takes the first that has its length; a gamma of nothing is none."""
    corners = b"".join(
        value.to_bytes(4, "big") for value in (31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
    )
    good = {
        "cICP": (cicp(12, 16),), "gAMA": (gama(1.0),), "cHRM": ((b"cHRM", corners), gama(1.0)),
        "sRGB": ((b"sRGB", b"\0"), gama(1.0)),
    }[kind]  # fmt: skip
    if kind == "cICP" and len(bad) == 4:
        return  # it has its length, and counts
    pixels = made(1, 60, 80)
    wanted = declared_colours("PNG", png(pixels, *good))
    found = declared_colours("PNG", png(pixels, (kind.encode(), bad), *good))
    assert [each.shown for each in found] == [each.shown for each in wanted] != []
    shown, alike = (
        decode(png(pixels, *chunks)).also[0].make().pixels for chunks in (good, [(kind.encode(), bad), *good])
    )
    np.testing.assert_array_equal(shown, alike)


def test_one_profile_is_judged_once() -> None:
    icc = matrix_profile(DISPLAY_P3)
    assert colour_of_icc(icc) is colour_of_icc(bytes(bytearray(icc)))


# -- what a conversion gives ------------------------------------------------------------------------------------


def test_curves_without_a_matrix_are_exact() -> None:
    colour = colour_of_icc(matrix_profile(SRGB, gamma(5)))
    assert colour is not None
    grey = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    wanted = np.rint(srgb_levels(SHADES**5)).astype(np.uint8)[None]
    assert np.array_equal(np.asarray(colour.apply(grey)), wanted)
    assert np.array_equal(np.asarray(colour.apply(grey.convert("RGB")))[..., 1], wanted)


def test_curves_and_a_matrix_are_met_to_a_level() -> None:
    colour = colour_of_icc(matrix_profile(DISPLAY_P3))
    assert colour is not None
    picture = made(3, 60, 80)
    converted = np.asarray(colour.apply(Image.fromarray(picture))).astype(int)
    shown = colour.shown(picture.reshape(-1, 3) / 255) @ np.array([0.299, 0.587, 0.114])
    assert np.abs(converted - shown.reshape(60, 80)).max() < 2


def test_alpha_is_mixed_after_the_conversion() -> None:
    """Half of what is shown and half of white, not what is shown of half of the samples."""
    pixels = np.zeros((60, 80, 4), np.uint8)
    pixels[..., :3], pixels[..., 3] = 128, 128
    picture = pictures(png(pixels, iccp(matrix_profile(SRGB, gamma(5)))))
    shown = float(srgb_levels(np.array([(128 / 255) ** 5]))[0])
    assert np.abs(picture["in its own colours"].pixels.astype(int) - (shown + 255) / 2).max() <= 1
    assert np.abs(picture["in its own colours, on black"].pixels.astype(int) - shown / 2).max() <= 1


def test_an_image_object_carries_its_colours() -> None:
    image = Image.fromarray(made(1, 60, 80))
    image.info["icc_profile"] = matrix_profile(SRGB, gamma(5))
    assert [also.name for also in from_image(image).also] == ["in its own colours"]
    image.info = {"gamma": 0.2}
    assert [also.name for also in from_image(image).also] == ["in its own colours"]
    image.info = {"gamma": 0.2, "srgb": 0}
    assert from_image(image).also == ()


def test_a_tiff_has_the_colours_of_its_profile() -> None:
    data = saved(made(1, 60, 80), "TIFF", matrix_profile(SRGB, gamma(5)))
    wanted = np.rint(srgb_levels(SHADES**5)).astype(np.uint8)[made(1, 60, 80)]
    assert pdq(pictures(data)["in its own colours"]) == hash_array(wanted)


def test_a_profile_that_averaging_would_fool_is_applied_before_it() -> None:
    """Every second pixel dark: reduced first, both pictures would be gone."""
    stored, hidden = (made(seed, 1600, 1600)[:, :, 1] for seed in (1, 2))
    levels = srgb_levels(SHADES**40)
    grey = two_pictures(stored, hidden, levels)
    for pixels in (grey, colour_of(grey)):
        data = saved(pixels, "JPEG", matrix_profile(SRGB, gamma(40)))
        view = pictures(data)["in its own colours"]
        assert view.provenance.scale == decode(data, step_for=reduction_for).provenance.scale == 4
        assert pdq(view).distance(hash_array(np.rint(levels).astype(np.uint8)[grey])) <= _NEAR


def test_a_gentle_profile_costs_a_reduced_decode() -> None:
    colour, steep = colour_of_icc(matrix_profile(DISPLAY_P3)), colour_of_icc(matrix_profile(SRGB, gamma(1)))
    assert colour is not None and colour.is_gentle
    assert steep is not None and not steep.is_gentle


# -- broken and hostile -----------------------------------------------------------------------------------------


def _whole() -> list[bytes]:
    device = lambda samples: samples**3 @ np.eye(3)  # noqa: E731
    return [
        matrix_profile(DISPLAY_P3),
        matrix_profile(DISPLAY_P3, gamma(5), parametric(4, 2, 1, 0, 0, 0, 0, 0), sampled(SHADES)),
        profile([(b"A2B0", table_16(device, 3, 3))], pcs=b"Lab "),
        profile([(b"kTRC", srgb_curve())], space=b"GRAY"),
    ]


@pytest.mark.parametrize("number", range(4))
def test_every_prefix_of_a_profile_is_ignored(number: int) -> None:
    icc = _whole()[number]
    assert read_profile(icc) is not None
    assert all(read_profile(icc[:n]) is None for n in range(len(icc)))


@given(
    number=st.integers(0, 3),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=6),
)
def test_a_changed_profile_is_ignored_or_applied(number: int, changes: list[tuple[float, int]]) -> None:
    icc = bytearray(_whole()[number])
    for place, value in changes:
        icc[int(place * len(icc))] = value
    data = png(made(1, 12, 16), iccp(bytes(icc)))
    found = pictures(data)
    assert "as it is" in found
    for picture in found.values():
        assert picture.pixels.shape[:2] == (12, 16)


def test_a_matrix_beyond_every_colour_is_applied() -> None:
    """Its product with what brings it to sRGB has no place in a profile's numbers."""
    icc = bytearray(matrix_profile(DISPLAY_P3))
    at = icc.rindex(b"XYZ \0\0\0\0")
    icc[at + 8 : at + 20] = b"\x7f\xff\xff\xff" * 3
    pictures(png(made(1, 12, 16), iccp(bytes(icc))))


@given(data=st.binary(max_size=400), head=st.sampled_from(["", "profile"]))
def test_noise_is_no_profile(data: bytes, head: str) -> None:
    start = matrix_profile()[:132] if head else b""
    read = read_profile(start + data)
    assert read is None or read.table is None


def _table(**fields: int) -> bytes:
    tag = bytearray(table_16(lambda samples: samples, 3, 3))
    for place, value in fields.items():
        tag[int(place[1:])] = value
    return bytes(tag)


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("more nodes than there are", _table(_10=255)),
        ("a grid of one", _table(_10=1)),
        ("four inputs for three channels", _table(_8=4)),
        ("fifteen outputs", _table(_9=15)),
        ("more entries than there are", _table(_48=255)),
        ("of an unknown kind", b"mpet" + bytes(60)),
        ("a chain with nothing in it", b"mAB \0\0\0\0\3\3\0\0" + bytes(20)),
        ("a chain that points behind its end", b"mAB \0\0\0\0\3\3\0\0" + b"\x7f\xff\xff\xff" * 5),
    ],
)
def test_a_table_larger_than_its_file_is_ignored(name: str, tag: bytes) -> None:
    assert read_profile(profile([(b"A2B0", _table())], pcs=b"Lab ")) is not None
    assert read_profile(profile([(b"A2B0", tag)], pcs=b"Lab ")) is None, name


def test_many_tags_over_one_place_are_refused() -> None:
    tags = [(b"%04d" % number, bytes(4)) for number in range(300)]
    assert read_profile(profile([*tags, (b"kTRC", gamma(5))], space=b"GRAY")) is None
    assert read_profile(profile([*tags[:200], (b"kTRC", gamma(5))], space=b"GRAY")) is not None


def test_a_profile_that_unpacks_to_gigabytes_is_ignored() -> None:
    assert len(declared_colours("PNG", png(made(1, 12, 16), iccp(matrix_profile(DISPLAY_P3))))) == 1
    bomb = matrix_profile(DISPLAY_P3) + bytes(64 << 20)
    assert declared_colours("PNG", png(made(1, 12, 16), iccp(bomb))) == ()


def test_what_the_colour_library_gets_holds_only_what_was_read() -> None:
    extra = [(b"desc", b"x" * 1000), (b"D2B0", b"mpet" + bytes(100)), (b"A2B0", _whole()[2][156:])]
    icc = profile([*extra[:2], (b"A2B0", table_16(lambda samples: samples, 3, 3))], pcs=b"Lab ")
    read = read_profile(icc)
    assert read is not None
    written = write_profile(read)
    assert b"desc" not in written and b"mpet" not in written
    again = read_profile(written)
    assert again is not None and again.table == read.table


def test_a_jpeg_whose_segments_never_end() -> None:
    icc = matrix_profile(SRGB, gamma(5))
    plain, told = (saved(made(1, 12, 16), "JPEG", profile) for profile in (None, icc))
    # Fill and marks are passed over; of segments so many are looked at.
    for segments, found in (
        (b"\xff" * 100_000, icc),
        (b"\xff\xe2\x00\x02" * 100_000, None),
        (b"\xff\xd0" * 100_000, icc),
    ):
        assert jpeg_profiles(plain[:2] + segments + plain[2:]) == (None, None)
        assert jpeg_profiles(told[:2] + segments + told[2:]) == (found, found)


def test_a_png_of_ten_thousand_chunks_declares_what_stands_among_the_first() -> None:
    empty = chunk(b"teXt", b"") * 10_000
    data = png(made(1, 12, 16), gama(0.1))
    at = data.index(b"IDAT") - 4
    assert len(declared_colours("PNG", data[:at] + empty + data[at:])) == 1
    late = png(made(1, 12, 16))
    at = late.index(b"IDAT") - 4
    assert declared_colours("PNG", late[:at] + empty + chunk(*gama(0.1)) + late[at:]) == ()


def test_numbers_that_say_nothing() -> None:
    assert colour_of_code_points(2, 2) is colour_of_code_points(1, 2) is colour_of_code_points(0, 8) is None
    assert colour_of_code_points(1, 1, video=True) is None
    assert colour_of_code_points(1, 1) is not None
    assert colour_of_gamma(0.45455, None) is None
    assert colour_of_gamma(1.0, (0.0,) * 8) is None


def test_a_broken_stream_is_no_profile() -> None:
    whole = zlib.compress(matrix_profile(DISPLAY_P3))
    for body in (
        b"",
        b"x",
        b"x\0",
        b"x\0\0",
        b"x\0\1" + whole,
        b"\0\0" + whole,
        b"x\0\0" + whole[:-5],
        b"x" * 80 + b"\0\0" + whole,
    ):
        assert declared_colours("PNG", png(made(1, 12, 16), (b"iCCP", body))) == (), body[:8]
    assert len(declared_colours("PNG", png(made(1, 12, 16), (b"iCCP", b"x\0\0" + whole)))) == 1


def test_the_corpus_is_there() -> None:
    assert len(list(rows())) >= 55
    assert {Path(name).suffix for name, *_ in rows()} == {".png", ".jpg", ".webp", ".avif", ".bmp"}


# -- where a declaration is found -------------------------------------------------------------------------------


@pytest.mark.parametrize("stray", [b"\0\1", b"\xff\0", b"1M", b"\xff\xff\xff", b"\xff\xd0", b"\xff\x01"])
def test_stray_bytes_between_segments_hide_no_profile(stray: bytes) -> None:
    """Browsers' decoders pass over them, and heed what comes behind."""
    data = saved(made(1, 60, 80), "JPEG", matrix_profile(SRGB, gamma(5)))
    at = data.index(b"\xff\xe2")
    told = data[:at] + stray + data[at:]
    assert jpeg_profiles(told) == jpeg_profiles(data) != (None, None)
    assert set(pictures(told)) >= {"as it is", "in its own colours"}
    assert pdq(pictures(told)["in its own colours"]) == pdq(pictures(data)["in its own colours"])


@pytest.mark.parametrize("stray", [b"\0\1", b"\xff\0", b"\xff\xff\xff"])
def test_stray_bytes_between_segments_hide_no_turn(stray: bytes) -> None:
    stream = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(made(1, 60, 80)).save(stream, "JPEG", exif=exif)
    data = stream.getvalue()
    at = data.index(b"\xff\xe1")
    told = data[:at] + stray + data[at:]
    assert decode(told, step_for=reduction_for).provenance.orientation == 6


@pytest.mark.parametrize("cut", [False, True])
def test_a_grey_profile_is_heeded_in_grey_that_is_put_together(cut: bool) -> None:
    grey = np.ascontiguousarray(made(1, 60, 80)[..., 1])
    data = png(grey, iccp(grey_profile(gamma(5))))
    rows = 30 if cut else 60
    found = pictures(data[: data.index(b"IDAT") + 2500] if cut else data)
    shown = found["in its own colours"].pixels
    wanted = np.rint(srgb_levels(SHADES**5)).astype(np.uint8)[grey]
    assert np.array_equal((shown if shown.ndim == 2 else shown[..., 0])[: rows // 2], wanted[: rows // 2])


@pytest.mark.parametrize("space", ["GRAY", "RGB"])
def test_numbers_of_a_profile_leave_what_they_do_not_say(space: str) -> None:
    """Transfer functions alone keep the profile's primaries; numbers without a meaning keep all of it."""

    def apart(primaries: int, transfer: int, light: npt.NDArray[np.float64]) -> float:
        tag = b"cicp", b"cicp\0\0\0\0" + bytes([primaries, transfer, 0, 1])
        icc = (
            profile([(b"kTRC", gamma(5)), tag], space=b"GRAY")
            if space == "GRAY"
            else matrix_profile(PROPHOTO, gamma(5), extra=[tag])
        )
        found = colour_of_icc(icc)
        assert found is not None
        greys = found.shown(np.repeat(SHADES[:, None], 3, axis=1))
        return float(np.abs(greys - srgb_levels(light)[:, None]).max())

    # Numbers in a profile are rounded to 16 bits.
    assert apart(2, 8, SHADES) < 0.1
    for pair in ((0, 0), (2, 2), (2, 9), (99, 8), (3, 13)):
        assert apart(*pair, SHADES**5) < 0.1, pair
