"""Pictures beside the one that is hashed: of animations, of files that end early, of headers that lie."""

from __future__ import annotations

import io
import re
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from corpus_jpeg import segment, with_markers
from corpus_png import exif_of
from pictures_made import made
from PIL import Image, ImageCms
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from png_files import PngFrame, apng, chunk, png
from profiles_made import DISPLAY_P3, gamma, matrix_profile

from conftest import DATA
from safehash import Hash, UnreadableImage, UnsupportedImage
from safehash.hashing.compute import hash_array, hash_decoded, reduction_for
from safehash.hashing.hashes import Algorithm
from safehash.hashing.shown import pictures_shown
from safehash.images.boxes import has_two_pictures
from safehash.images.decoding import decode, decode_frames
from safehash.images.exif import read_turns_of
from safehash.images.jpeg_ends import rows_there
from safehash.images.pictures import Also, Decoded, Provenance, another

ODD = DATA / "painted" / "odd"
ROWS, COLS = 80, 104


def odd(what: str) -> bytes:
    """Return the painted file of a description."""
    for line in (ODD / "painted.tsv").read_text(encoding="utf-8").splitlines()[2:]:
        name, *_, described = line.split("\t")
        if described == what:
            return (ODD / name).read_bytes()
    raise LookupError(what)


def first(data: bytes) -> Decoded:
    return next(decode_frames(data, step_for=reduction_for, effort="standard"))


def pdq(picture: Decoded) -> Hash:
    return hash_decoded(picture, algorithm=Algorithm.PDQ)


def views(frame: Decoded) -> dict[str, Also]:
    return {also.name: also for also in frame.also}


# -- what only some viewers show -----------------------------------------------------------------------------


def test_another_picture_brings_its_own_views_along_from_standard_on() -> None:
    provenance = Provenance(format="PNG", mode="P", width=COLS, height=ROWS)
    pixels = made(1)
    own = Decoded(pixels=made(2), provenance=provenance)
    views = (
        Also("on black", lambda: own, effort="fast", shown=True),
        Also("shrunk", lambda: own, "thorough"),
    )
    main, black, shrunk = another(
        "the other", lambda: Decoded(pixels=pixels, provenance=provenance, also=views)
    )
    assert main.make().pixels is pixels
    assert (main.name, main.effort, main.shown, main.make().also) == ("the other", "standard", False, ())
    assert (black.name, black.effort, black.shown) == ("the other, on black", "standard", False)
    assert (shrunk.name, shrunk.effort) == ("the other, shrunk", "thorough")
    assert black.make() is own


def test_another_picture_that_does_not_decode_says_so_where_it_is_looked_up() -> None:
    def damaged() -> Decoded:
        raise UnreadableImage("damaged")

    (only,) = another("the other", damaged)
    with pytest.raises(UnreadableImage, match="damaged"):
        only.make()


def indexed() -> tuple[np.ndarray, bytes]:
    """Return indices whose greys are not themselves, and the palette with transparency."""
    indices = (made(1)[..., 1] >> 2).astype(np.uint8)
    colours = np.random.default_rng(3).permutation(np.repeat(np.linspace(0, 255, 64).astype(np.uint8), 3))
    return indices, chunk(b"PLTE", colours.tobytes()) + chunk(b"tRNS", bytes([0, 128, 255]))


def test_the_default_image_of_an_animation_is_seen_as_older_tools_see_it() -> None:
    indices, palette = indexed()
    shown = PngFrame(samples=indices[::-1].copy())
    raw = pdq(Decoded(pixels=indices, provenance=Provenance(format="PNG", mode="L", width=COLS, height=ROWS)))
    hidden = apng(COLS, ROWS, 8, 3, [shown, shown], hidden=indices, before=palette)
    name = "the image for viewers without animation, as older tools see it"
    assert pdq(views(first(hidden))[name].make()).distance(raw) == 0
    plain = apng(COLS, ROWS, 8, 3, [PngFrame(samples=indices), shown], before=palette)
    assert pdq(views(first(plain))["as older tools see it"].make()).distance(raw) == 0
    grey = apng(COLS, ROWS, 8, 0, [PngFrame(samples=indices), shown])
    assert "as older tools see it" not in views(first(grey)), "grey is what it is"


def test_an_avif_animation_and_its_still_picture_are_both_looked_up() -> None:
    data = odd("an animation and another still picture, its first brand is avis")
    assert has_two_pictures(data)
    frames = list(decode_frames(data, effort="standard"))
    still = pdq(views(frames[0])["its still picture"].make())
    assert still.distance(pdq(frames[2])) <= 4 < 90 < still.distance(pdq(frames[0]))
    assert not any(also.name == "its still picture" for frame in frames[1:] for also in frame.also)
    called_still = data[:8] + b"avif" + data[12:]
    assert [pdq(frame).distance(still) <= 4 for frame in decode_frames(called_still)] == [
        True,
        False,
        False,
        True,
    ]
    one_picture = odd("an animation, 10 bits, 420, full range")
    assert not has_two_pictures(one_picture)


@pytest.mark.parametrize("what", ["an animation with alpha --premultiply", "an animation with a profile"])
def test_every_view_of_an_avif_animation_is_made_in_the_narrow_range_too(what: str) -> None:
    frames = list(decode_frames(odd(what), effort="standard"))
    assert len(frames) == frames[0].provenance.n_frames > 1
    for frame in reversed(frames):  # in any order
        named = views(frame)
        plain = [name for name in named if "narrow" not in name and not named[name].plain]
        assert {f"{name}, with its range taken for narrow" for name in plain} <= set(named)
        narrow = named["with its range taken for narrow"]
        assert (narrow.effort, narrow.shown) == ("fast", False), "no other picture, a little darker"
        assert np.abs(narrow.make().pixels.astype(int) - frame.pixels).mean() > 1


def test_webp_whose_alpha_is_not_announced_is_added_up_on_white() -> None:
    data = odd("lossless, alpha, no alpha announced")
    frame = first(data)
    added = views(frame)["its colours taken as multiplied by its alpha"].make()
    with Image.open(io.BytesIO(data)) as image:
        pixels = np.asarray(image.convert("RGBA")).astype(int)
    np.testing.assert_array_equal(added.pixels, np.minimum(255, pixels[..., :3] + 255 - pixels[..., 3:]))
    head = bytearray(data)
    head[20] |= 0x10
    assert "its colours taken as multiplied by its alpha" not in views(first(bytes(head)))
    assert [len(data[:n]) for n in (20, 21) if _is_an_error(data[:n])] == [20, 21]


def _is_an_error(data: bytes) -> bool:
    try:
        decode(data)
    except UnreadableImage:
        return True
    return False


# -- files that end early ------------------------------------------------------------------------------------


def saved(picture: np.ndarray, mode: str = "RGB", **options: object) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).convert(mode).save(stream, "JPEG", quality=90, **options)
    return stream.getvalue()


def cut(data: bytes, share: float) -> bytes:
    at = data.index(b"\xff\xda")
    return data[: at + int((len(data) - at) * share)]


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_rows_that_a_cut_jpeg_lacks_are_empty_in_every_mode(mode: str) -> None:
    frame = first(cut(saved(made(1), mode), 0.6))
    shown = views(frame)["as far as it goes"].make().pixels
    black = views(frame)["as far as it goes, on black"].make().pixels
    missing = (shown == 255).all(axis=(1, 2)) & (black == 0).all(axis=(1, 2))
    assert missing[-16:].all() and not missing[:16].any()
    np.testing.assert_array_equal(shown[~missing], black[~missing])


def test_a_cut_jpeg_with_a_profile_is_seen_in_its_colours_as_far_as_it_goes() -> None:
    icc = matrix_profile(DISPLAY_P3, gamma(1.0))
    named = views(first(cut(saved(made(1), icc_profile=icc), 0.6)))
    plain, own = (
        named[name].make().pixels for name in ("as far as it goes", "as far as it goes, in its own colours")
    )
    missing = (plain == 255).all(axis=(1, 2))
    assert (own[missing] == 255).all()
    assert np.abs(own[~missing].astype(int) - plain[~missing]).mean() > 20
    assert named["as far as it goes, in its own colours"].effort == "fast"
    listed = [each.view for each in pictures_shown(cut(saved(made(1), icc_profile=icc), 0.6))]
    assert "as far as it goes, in its own colours" in listed and "as far as it goes" not in listed


def test_an_animation_that_chromium_darkens_is_listed_as_it_is() -> None:
    (only,) = pictures_shown(odd("an animation, 10 bits, 420, full range"))
    assert (only.view, only.is_shown) == ("as it is", True)


_RESTART = re.compile(rb"\xff[\xd0-\xd7]")


@pytest.mark.parametrize("subsampling", [0, 1, 2])
def test_a_progressive_jpeg_cut_within_its_first_scan_has_the_rows_that_scan_has(subsampling: int) -> None:
    """Each row of blocks ends with a restart marker, so that how many are whole can be counted."""
    data = saved(made(1, 160, 96), progressive=True, subsampling=subsampling, restart_marker_rows=1)
    start = data.index(b"\xff\xda")
    second = data.index(b"\xff\xda", start + 2)
    block, lines = (16, 2) if subsampling == 2 else (8, 0)
    n_compared = 0
    for at in range(start + 20, second - 60, 5):
        there = rows_there(data[:at], _opened(data[:at]))
        assert there is not None
        n_rows = int(there.sum())
        assert there[:n_rows].all()
        # Two rows of blocks are held back, and the one that is not whole; within its last bytes a row may be whole.
        n_whole = {len(_RESTART.findall(data, start, end)) for end in (at, at + 6)}
        assert n_rows in {max(0, (n - 2) * block - lines) for n in n_whole}
        n_compared += n_rows > 0
    assert n_compared > 20
    part = data[: second + 30]
    assert rows_there(part, _opened(part)) is None, "the second scan shows all rows"


def _opened(data: bytes) -> ImageFile:
    return JpegImageFile(io.BytesIO(data))


# -- EXIF ----------------------------------------------------------------------------------------------------


def test_of_several_exif_segments_the_first_that_holds_anything_counts() -> None:
    six, three, empty = (b"Exif\0\0" + body for body in (exif_of(6), exif_of(3), b""))
    assert read_turns_of([]).applied == 1
    assert (read_turns_of([six, three]).applied, read_turns_of([six, three]).others) == (6, (3,))
    assert (read_turns_of([empty, three]).applied, read_turns_of([empty, three]).others) == (3, ())
    assert (
        read_turns_of([b"Exif\0\0II*\0", three]).applied,
        read_turns_of([b"Exif\0\0II*\0", three]).others,
    ) == (1, (3,))
    plain = saved(made(1))
    parts = [segment(0xE1, body) for body in (empty, six, three)]
    assert first(with_markers(plain, *parts)).provenance.orientation == 6


def test_exif_in_a_png_has_no_head() -> None:
    headed = first(png(made(1), 8, 2, before=chunk(b"eXIf", b"Exif\0\0" + exif_of(6))))
    assert headed.provenance.orientation == 1
    assert views(headed)["as other viewers turn it"].make().provenance.orientation == 6
    assert first(png(made(1), 8, 2, before=chunk(b"eXIf", exif_of(6)))).provenance.orientation == 6


# -- TIFF ----------------------------------------------------------------------------------------------------


def tiff(
    picture: np.ndarray, photometric: int, compression: int, strips: list[bytes], extra: int = 0
) -> bytes:
    """Write a TIFF file of strips of equal height that are packed already."""
    rows, cols, n = picture.shape
    fields = [
        (256, [cols]), (257, [rows]), (258, [8] * n), (259, [compression]), (262, [photometric]), (277, [n]),
        (278, [rows // len(strips)]), *([(338, [extra])] if extra else []),
    ]  # fmt: skip
    fields += [(279, [len(each) for each in strips]), (273, [0] * len(strips))]
    fields.sort()
    values_at = 8 + 2 + 12 * len(fields) + 4
    at = values_at + sum(4 * len(values) for _, values in fields)
    offsets = np.cumsum([at, *(len(each) for each in strips)])[:-1].tolist()
    table, values = b"", b""
    for tag, numbers in fields:
        numbers = offsets if tag == 273 else numbers
        packed = struct.pack(f"<{len(numbers)}I", *numbers)
        place = packed if len(numbers) == 1 else struct.pack("<I", values_at + len(values))
        table += struct.pack("<HHI", tag, 4, len(numbers)) + place
        values += packed.ljust(4 * len(numbers), b"\0")
    head = b"II*\0\x08\0\0\0" + struct.pack("<H", len(fields)) + table + bytes(4)
    return head + values + b"".join(strips)


def webp(picture: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(picture).save(stream, "WEBP", lossless=True, exact=True)
    return stream.getvalue()


@pytest.mark.parametrize("n_bands", [3, 4])
def test_webp_in_tiff_is_read(n_bands: int) -> None:
    alpha = np.full((ROWS, COLS, 1), 255, np.uint8)
    picture = np.dstack([made(1), alpha])[..., :n_bands]
    strips = [webp(part) for part in np.split(picture, 2)]
    data = tiff(picture, 2, 50001, strips, extra=2 if n_bands == 4 else 0)
    np.testing.assert_array_equal(decode(data).pixels, made(1))
    half = tiff(picture, 2, 50001, [strips[0], b"RIFF no more"], extra=2 if n_bands == 4 else 0)
    decoded = decode(half)
    assert decoded.provenance.truncated
    np.testing.assert_array_equal(decoded.pixels[: ROWS // 2], made(1)[: ROWS // 2])
    assert (decoded.pixels[ROWS // 2 :] == 255).all()


def test_webp_in_tiff_of_other_sides_than_its_strip_is_left_out() -> None:
    strips = [webp(made(1)[: ROWS // 2]), webp(made(1)[ROWS // 2 :, : COLS - 1])]
    decoded = decode(tiff(made(1), 2, 50001, strips))
    assert decoded.provenance.truncated
    assert (decoded.pixels[ROWS // 2 :] == 255).all()


@pytest.mark.parametrize("compression", [33004, 34712, 52546, 9])
def test_tiff_compressed_as_nothing_here_reads_is_unsupported_not_damaged(compression: int) -> None:
    with pytest.raises(UnsupportedImage, match=f"kind {compression} is not read"):
        decode(tiff(made(1), 2, compression, [zlib.compress(made(1).tobytes())]))


def _inks(picture: np.ndarray) -> np.ndarray:
    return np.dstack([255 - picture, np.zeros(picture.shape[:2], np.uint8)])


def _lab(picture: np.ndarray) -> np.ndarray:
    grey = picture[..., :1]
    return np.dstack([grey, np.zeros_like(grey), np.zeros_like(grey)])


@pytest.mark.parametrize(("photometric", "stored"), [(5, _inks), (8, _lab)])
def test_alpha_behind_inks_and_lab_is_one_more_picture(
    photometric: int, stored: Callable[[np.ndarray], np.ndarray]
) -> None:
    alpha = np.tile(np.linspace(0, 255, COLS).astype(np.uint8), (ROWS, 1))
    samples = np.dstack([stored(made(1)), alpha])
    frame = first(tiff(samples, photometric, 1, [samples.tobytes()], extra=2))
    opaque = frame.pixels.astype(float).reshape(ROWS, COLS, -1)
    share = alpha[..., None] / 255
    clear = views(frame)["with its last sample as alpha"].make().pixels.reshape(ROWS, COLS, -1)
    assert np.abs(clear - (opaque * share + 255 * (1 - share))).max() <= 1.5
    assert pdq(frame).distance(hash_array(np.ascontiguousarray(clear))) > 10


# -- one decode for two pictures -----------------------------------------------------------------------------


def test_gentle_colours_come_out_of_the_decode_that_gives_luma(monkeypatch: pytest.MonkeyPatch) -> None:
    """A photograph in Display P3 is not decoded a second time, and is shown as if it were."""
    data = saved(made(1, 400, 520), icc_profile=matrix_profile(DISPLAY_P3))
    frame = first(data)
    own = views(frame)["in its own colours"].make()
    twice = decode(data)  # in colour, whole
    np.testing.assert_array_equal(frame.pixels, next(decode_frames(data, step_for=reduction_for)).pixels)
    with Image.open(io.BytesIO(data)) as image:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        converted = ImageCms.profileToProfile(
            image, profile, ImageCms.createProfile("sRGB"), ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
    assert converted is not None
    shown = np.asarray(converted.convert("L"))
    undeclared = np.asarray(Image.fromarray(twice.pixels).convert("L"))
    assert np.abs(own.pixels.astype(int) - shown).mean() < 1.5
    assert np.abs(undeclared.astype(int) - shown).mean() > 1.5, "the profile changes something"

    def decode_again(*_: object) -> None:
        raise AssertionError("decoded a second time")

    monkeypatch.setattr("safehash.images.jpeg._in_colour", decode_again)
    views(first(data))["in its own colours"].make()


@pytest.mark.parametrize("where", [0.3, 0.6, 0.9])
def test_a_cut_scan_with_a_stray_marker_in_it_is_shown_as_far_as_it_goes(where: float) -> None:
    """The library calls it broken; browsers show what there is, and the end it lacks makes its decoder do so, too."""
    stream = io.BytesIO()
    Image.fromarray(made(7, 176, 224)).save(stream, "JPEG", quality=40, progressive=True)
    whole = stream.getvalue()
    start = whole.index(b"\xff\xda") + 14
    scan = whole[start : whole.index(b"\xff", start + 1)]
    at = int(len(scan) * where)
    data = whole[:start] + scan[: at - 40] + b"\xff\x52" + scan[at - 38 : at]
    (frame,) = decode_frames(data, step_for=reduction_for, effort="standard")
    assert frame.provenance.truncated
    assert frame.pixels[:16].std() > 5


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("kind", [0x01, 0x52, 0xBF])
def test_decoders_go_on_at_the_next_restart_behind_a_stray_marker(kind: int, progressive: bool) -> None:
    """What stands behind it was taken for the next segment, and the rest of the picture was grey."""
    data = saved(made(7, 176, 224), progressive=progressive, restart_marker_rows=1)
    start = data.index(b"\xff\xda") + 14
    second = data.index(b"\xff\xd1", start)
    damaged = data[: second - 6] + bytes([0xFF, kind]) + data[second - 4 :]
    shown, wanted = (
        first(cut(each, 0.3 if progressive else 0.8)).pixels.astype(int) for each in (damaged, data)
    )
    step = 176 // len(wanted)
    rows = slice(64 // step, 96 // step)  # behind two rows of blocks, before the end
    assert np.abs(shown[rows] - wanted[rows]).mean() < 1
    assert wanted[rows].std() > 5
