"""The decode door: one nasty or odd file, one test. The rules are the rows of docs/hashes.md."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

import safehash
from safehash.errors import ImageError, ImageTooLarge, ImageTooSmall, UnreadableImage, UnsupportedImage
from safehash.images import heif
from safehash.images.avif import CODEC, _take
from safehash.images.decoding import decode, decode_frames
from safehash.images.limits import Limits
from safehash.images.opening import load, open_image
from safehash.images.sniffing import sniff


@pytest.fixture(scope="session")
def photo(bridge: Path) -> Image.Image:
    """The bridge at 800 x 502, RGB."""
    with Image.open(bridge) as image:
        return image.convert("RGB").reduce(2)


def saved(image: Image.Image, file_format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


def distance(one: bytes, other: bytes, **options: Any) -> int:
    return safehash.hash_bytes(one, **options).distance(safehash.hash_bytes(other, **options))


# -- every format the door lets in ----------------------------------------------------------------------------


@pytest.mark.parametrize("decode_how", ["fast", "full"])
@pytest.mark.parametrize(
    ("file_format", "options"),
    [
        ("JPEG", {"quality": 90}),
        ("JPEG", {"quality": 90, "progressive": True}),
        ("JPEG", {"quality": 90, "subsampling": 0}),
        ("PNG", {}),
        ("GIF", {}),
        ("WEBP", {"quality": 90}),
        ("WEBP", {"lossless": True}),
        ("AVIF", {"quality": 80, "speed": 10}),
        ("BMP", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
    ],
)
def test_formats(photo: Image.Image, file_format: str, options: dict[str, Any], decode_how: Any) -> None:
    data = saved(photo, file_format, **options)
    value = safehash.hash_bytes(data, decode=decode_how)
    assert value.distance(safehash.hash_image(photo)) <= 10
    assert value.quality == 100
    assert sniff(data[:32]) == file_format


def test_heic_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif.as_plugin", None)
    monkeypatch.setattr(heif, "_class", heif._class.__wrapped__)  # whatever was opened before
    data = b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic" + bytes(64)
    with pytest.raises(UnsupportedImage, match=r"safehash\[heic\]"):
        safehash.hash_bytes(data)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_a_still_avif_holds_neither_planes_nor_another_copy(mode: str) -> None:
    opened = open_image(CODEC, saved(Image.new(mode, (64, 64), "red"), "AVIF"))
    whole = opened.copy()
    opened = open_image(CODEC, saved(Image.new(mode, (64, 64), "red"), "AVIF"))
    taken, _ = load(CODEC, opened)
    assert taken.tobytes() == whole.tobytes()
    assert opened._decoder is None
    assert opened._im is None


@pytest.mark.parametrize("frame", [(b"\x01\x02\x03", 0, 0, 0), (b"\x01\x02\x03",)])
def test_a_still_avif_is_taken_whatever_is_said_of_its_time(frame: tuple[object, ...]) -> None:
    """A file may say that a second has no parts; and other versions of the library may say less, or more."""
    decoder = SimpleNamespace(get_frame=lambda number: frame)
    taken = _take(SimpleNamespace(n_frames=1, mode="RGB", size=(1, 1), info={}, _decoder=decoder))
    assert taken is not None
    assert taken.getpixel((0, 0)) == (1, 2, 3)


@pytest.mark.parametrize("known", [{}, {"_decoder": None}, {"_decoder": object()}])
def test_a_library_whose_decoder_is_elsewhere_decodes_in_its_own_way(known: dict[str, object]) -> None:
    data = saved(Image.new("RGB", (64, 64), "red"), "AVIF")
    codec = replace(CODEC, take=lambda image: _take(SimpleNamespace(n_frames=image.n_frames, **known)))
    usual, _ = load(CODEC, open_image(CODEC, data))
    other, is_cut = load(codec, open_image(codec, data))
    assert (other.tobytes(), is_cut) == (usual.tobytes(), False)


@pytest.mark.parametrize("name", ["WebP", "Avif"])
def test_a_decoder_that_pillow_was_built_without_is_no_damage(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = saved(Image.new("RGB", (64, 64), "red"), name.upper())
    monkeypatch.setattr(f"PIL.{name}ImagePlugin.SUPPORTED", False)
    with pytest.raises(UnsupportedImage, match=rf"{name.upper()} is not read by this .* install"):
        safehash.hash_bytes(data)


@pytest.mark.parametrize(
    ("decoder", "mode", "file_format", "options"),
    [
        ("jpeg_decoder", "CMYK", "JPEG", {"progressive": True}),
        ("libtiff_decoder", "RGB", "TIFF", {"compression": "jpeg"}),
    ],
)
def test_so_is_one_that_its_own_module_lacks(
    decoder: str, mode: str, file_format: str, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = saved(Image.new(mode, (64, 64)), file_format, **options)
    monkeypatch.delattr(f"PIL._imaging.{decoder}")
    with pytest.raises(UnsupportedImage, match=rf"{file_format} is not read by this .* install"):
        safehash.hash_bytes(data)


def test_a_tiff_of_webp_strips_says_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    strip = saved(Image.new("RGB", (64, 64), "red"), "WEBP", lossless=True)
    fields = (
        (256, 64),
        (257, 64),
        (258, 8),
        (259, 50001),
        (262, 2),
        (273, 512),
        (277, 3),
        (278, 64),
        (279, len(strip)),
    )
    head = struct.pack("<2sHIH", b"II", 42, 8, len(fields)) + b"".join(
        struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields
    )
    data = head.ljust(512, b"\0") + strip
    safehash.hash_bytes(data)
    monkeypatch.setattr("PIL.WebPImagePlugin.SUPPORTED", False)
    with pytest.raises(UnsupportedImage, match=r"WEBP is not read by this .* install"):
        safehash.hash_bytes(data)


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\x00\x00\x00\x1cftypavif\x00\x00\x00\x00avifmif1miaf", "AVIF"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1avifmiaf", "AVIF"),
        (b"\x00\x00\x00\x1cftypmif1\x00\x00\x00\x00mif1heicmiaf", "HEIF"),
        (b"\x00\x00\x00\x1cftypisom\x00\x00\x00\x00isomiso2mp41", None),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", None),
        (b"%PDF-1.7", None),
        (b"", None),
    ],
)
def test_sniffing(head: bytes, name: str | None) -> None:
    assert sniff(head) == name


# -- conversion rules: the table in docs/hashes.md -------------------------------------------------------------


def test_grey_is_grey(photo: Image.Image) -> None:
    assert distance(saved(photo.convert("L"), "PNG"), saved(photo, "PNG")) <= 4


def test_palette(photo: Image.Image) -> None:
    assert (
        distance(saved(photo.convert("P", palette=Image.Palette.ADAPTIVE), "PNG"), saved(photo, "PNG")) <= 10
    )
    assert distance(saved(photo, "GIF"), saved(photo, "PNG")) <= 10


def test_cmyk_jpeg(photo: Image.Image) -> None:
    assert distance(saved(photo.convert("CMYK"), "JPEG", quality=92), saved(photo, "PNG")) <= 10


def test_one_bit(photo: Image.Image) -> None:
    assert distance(saved(photo.convert("1"), "PNG"), saved(photo, "PNG")) <= 10


def test_ycbcr_tiff(photo: Image.Image) -> None:
    data = saved(photo.convert("YCbCr"), "TIFF")
    assert distance(data, saved(photo, "PNG")) <= 10
    for decoded in decode_frames(data):
        assert decoded.pixels.shape == (photo.height, photo.width, 3)
    full_chroma = struct.pack("<HHIHH", 530, 3, 2, 1, 1)
    assert full_chroma in data
    with pytest.raises(UnsupportedImage, match="subsampled chroma, 3 x 1"):
        safehash.hash_bytes(data.replace(full_chroma, struct.pack("<HHIHH", 530, 3, 2, 3, 1)))


def test_a_tiff_of_unknown_samples_is_unsupported_not_damaged(photo: Image.Image) -> None:
    data = saved(photo, "TIFF")
    in_colour = struct.pack("<HHIHH", 262, 3, 1, 2, 0)
    assert in_colour in data
    with pytest.raises(UnsupportedImage, match="does not know"):
        safehash.hash_bytes(data.replace(in_colour, struct.pack("<HHIHH", 262, 3, 1, 32844, 0)))


def test_lab_tiff(photo: Image.Image) -> None:
    transform = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    lab = ImageCms.applyTransform(photo, transform)
    assert lab is not None
    assert distance(saved(lab, "TIFF"), saved(photo, "PNG")) <= 10


def test_sixteen_bit_grey_is_scaled_not_clipped(photo: Image.Image) -> None:
    grey = np.asarray(photo.convert("L"))
    deep = Image.fromarray(grey.astype(np.uint16) * 257)
    for file_format in ("PNG", "TIFF"):
        data = saved(deep, file_format)
        np.testing.assert_array_equal(decode(data).pixels, grey)
        assert distance(data, saved(photo.convert("L"), "PNG")) == 0


def test_sixteen_bit_rgb_png(photo: Image.Image) -> None:
    rgb = np.asarray(photo)
    rows = b"".join(b"\x00" + row.astype(">u2").tobytes() for row in rgb.astype(np.uint16) * 257)
    data = png(photo.width, photo.height, 16, 2, zlib.compress(rows))
    assert distance(data, saved(photo, "PNG")) <= 2


@pytest.mark.parametrize("white", [1.0, 255.0, 65535.0])
def test_float_tiff(photo: Image.Image, white: float) -> None:
    grey = np.asarray(photo.convert("L"), dtype=np.float32)
    grey = (grey / max(grey.max(), 1) * white).astype(np.float32)
    assert distance(saved(Image.fromarray(grey), "TIFF"), saved(photo.convert("L"), "PNG")) <= 10


def test_float_with_nan_and_infinity() -> None:
    values = np.full((40, 40), 0.5, np.float32)
    values[0, 0], values[1, 1], values[2, 2] = np.nan, np.inf, -np.inf
    shown = np.where(np.isfinite(values), values, np.float32(0))
    assert safehash.hash_bytes(saved(Image.fromarray(values), "TIFF")) == safehash.hash_bytes(
        saved(Image.fromarray(shown), "TIFF")
    )


def test_thirty_two_bit_integer_tiff(photo: Image.Image) -> None:
    grey = np.asarray(photo.convert("L"), dtype=np.int32)
    for factor in (1, 257):
        data = saved(Image.fromarray(grey * factor), "TIFF")
        assert distance(data, saved(photo.convert("L"), "PNG")) <= 10


def with_hidden_colours(photo: Image.Image, seed: int) -> Image.Image:
    """The photograph with its right third transparent, any colours under it."""
    rgba = np.dstack([np.asarray(photo), np.full((photo.height, photo.width), 255, np.uint8)])
    third = photo.width * 2 // 3
    hidden = np.random.default_rng(seed).integers(0, 256, rgba[:, third:, :3].shape, dtype=np.uint8)
    rgba[:, third:, :3] = hidden
    rgba[:, third:, 3] = 0
    return Image.fromarray(rgba)


@pytest.mark.parametrize("file_format", ["PNG", "WEBP", "TIFF", "AVIF"])
def test_hidden_colours_do_not_matter(photo: Image.Image, file_format: str) -> None:
    by_format: dict[str, dict[str, Any]] = {
        "WEBP": {"lossless": True, "exact": True},
        "AVIF": {"quality": 100, "speed": 10},
    }
    options = by_format.get(file_format, {})
    one, other = (saved(with_hidden_colours(photo, seed), file_format, **options) for seed in (1, 2))
    assert distance(one, other) == 0
    assert decode(one).provenance.transparent
    on_white = np.asarray(photo).copy()
    on_white[:, photo.width * 2 // 3 :] = 255
    plain = saved(Image.fromarray(on_white), "PNG")
    assert distance(one, plain) <= (0 if file_format != "AVIF" else 6)


def test_a_transparent_picture_is_also_seen_on_black(photo: Image.Image) -> None:
    data = saved(with_hidden_colours(photo, 1), "PNG")
    decoded = decode(data)
    assert decoded.pixels[:, -1].min() == 255
    also = next(each for each in decoded.also if each.name == "on black")
    assert (also.name, also.effort) == ("on black", "standard")
    on_black = also.make()
    assert on_black.pixels[:, -1].max() == 0
    assert on_black.provenance == decoded.provenance


def test_one_transparent_colour_and_palette_transparency(photo: Image.Image) -> None:
    grey = Image.fromarray(np.where(np.asarray(photo.convert("L")) == 7, 8, np.asarray(photo.convert("L"))))
    for image, options in (
        (grey, {"transparency": 7}),
        (photo, {"transparency": (1, 2, 3)}),
        (photo.convert("P", palette=Image.Palette.ADAPTIVE, colors=200), {"transparency": 250}),
        (
            photo.convert("P", palette=Image.Palette.ADAPTIVE, colors=200),
            {"transparency": bytes([255] * 200)},
        ),
    ):
        assert distance(saved(image, "PNG", **options), saved(photo, "PNG")) <= 10


def test_half_transparent_is_mixed_with_white() -> None:
    rgba = np.zeros((20, 20, 4), np.uint8)
    rgba[..., 3] = 128
    pixels = decode(saved(Image.fromarray(rgba), "PNG")).pixels
    assert np.abs(pixels.astype(int) - 127).max() <= 1


def test_opaque_alpha_is_not_transparent(photo: Image.Image) -> None:
    decoded = decode(saved(photo.convert("RGBA"), "PNG"))
    assert not decoded.provenance.transparent
    np.testing.assert_array_equal(decoded.pixels, np.asarray(photo))


def test_colour_profile_is_ignored(photo: Image.Image) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert distance(saved(photo, "PNG", icc_profile=profile), saved(photo, "PNG")) == 0


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(photo: Image.Image, orientation: int, file_format: str) -> None:
    """The stored picture is turned so that its EXIF orientation makes it upright again."""
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = photo.transpose(undo[orientation]) if orientation > 1 else photo
    exif = Image.Exif()
    exif[0x0112] = orientation
    by_format: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": 95},
        "WEBP": {"lossless": True},
        "AVIF": {"quality": 95, "speed": 10},
    }
    options = by_format.get(file_format, {})
    data = saved(stored, file_format, exif=exif.tobytes() if file_format != "TIFF" else exif, **options)
    upright = saved(photo, "PNG")
    for algorithm, most in (("pdq", 4), ("phash", 4), ("phash256", 10)):
        assert distance(data, upright, algorithm=algorithm) <= most, algorithm
        assert distance(data, upright, algorithm=algorithm, decode="full") <= most, algorithm


@pytest.mark.parametrize(
    "exif", [b"Exif\x00\x00junk", b"Exif\x00\x00II*\x00\xff\xff\xff\xff", b"", b"\x00" * 300]
)
def test_damaged_exif_is_no_orientation(photo: Image.Image, exif: bytes) -> None:
    data = saved(photo, "JPEG", exif=exif)
    assert decode(data).provenance.orientation == 1


@pytest.mark.parametrize("value", [0, 9, 255])
def test_senseless_orientation(photo: Image.Image, value: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = value
    assert decode(saved(photo, "JPEG", exif=exif.tobytes())).provenance.orientation == 1


def test_orientation_in_xmp_alone_does_not_count(photo: Image.Image) -> None:
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
    assert decode(saved(photo, "JPEG", xmp=xmp)).provenance.orientation == 1


# -- animations -------------------------------------------------------------------------------------------------


def animation(photo: Image.Image, file_format: str, n_frames: int = 12) -> bytes:
    inside = photo.resize((200, 160))
    # Neighbouring equal frames would be merged by the encoder.
    frames = [
        inside if k == n_frames // 2 else Image.new("RGB", (200, 160), (9 * k, 99, 0))
        for k in range(n_frames)
    ]
    return saved(frames[0], file_format, save_all=True, append_images=frames[1:], duration=50)


@pytest.mark.parametrize("file_format", ["GIF", "WEBP", "PNG", "AVIF"])
def test_frames(photo: Image.Image, file_format: str) -> None:
    data = animation(photo, file_format)
    first = decode(data)
    assert first.provenance.frame == 0
    assert first.provenance.n_frames == 2  # "more than one"
    frames = list(decode_frames(data))
    assert [frame.provenance.frame for frame in frames] == list(range(12))
    assert {frame.provenance.n_frames for frame in frames} == {12}
    assert {frame.shown_for for frame in frames} == {50}
    np.testing.assert_array_equal(frames[0].pixels, first.pixels)


def test_a_still_picture_has_one_frame(photo: Image.Image) -> None:
    frames = list(decode_frames(saved(photo, "PNG")))
    assert len(frames) == 1
    np.testing.assert_array_equal(frames[0].pixels, np.asarray(photo))


def test_a_damaged_frame_ends_the_animation(photo: Image.Image) -> None:
    data = animation(photo, "GIF")
    frames = list(decode_frames(data[: len(data) * 3 // 4]))
    assert 1 <= len(frames) < 12


# -- hostile files ----------------------------------------------------------------------------------------------


def png(width: int, height: int, depth: int, colour: int, idat: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", idat) + chunk(b"IEND", b"")


def flat_png(width: int, height: int) -> bytes:
    """A one-colour grey PNG, built without holding its pixels."""
    packer = zlib.compressobj(9)
    row = b"\x00" + bytes(width)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return png(width, height, 8, 0, body)


PEAK = """
import sys
import safehash
data = open(sys.argv[1], "rb").read()
def peak():  # of this process: getrusage would count what the parent held before exec
    return int(next(l for l in open("/proc/self/status") if l.startswith("VmHWM")).split()[1]) // 1024
try:
    print(type(safehash.hash_bytes(data)).__name__, end=" ")
except safehash.ImageError as exc:
    print(type(exc).__name__, end=" ")
from safehash.images.decoding import decode_frames
try:
    print(len(list(decode_frames(data))), end=" ")
except safehash.ImageError as exc:
    print(type(exc).__name__, end=" ")
print(peak())
"""


def cost(data: bytes, tmp_path: Path) -> tuple[str, str, int]:
    """Return what became of a file, and the peak MB of a fresh process, imports included."""
    path = tmp_path / "hostile"
    path.write_bytes(data)
    done = subprocess.run([sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, check=True)
    one, frames, megabytes = done.stdout.split()
    return one, frames, int(megabytes)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize(("side", "most_kb"), [(12_000, 300), (20_000, 500)])
def test_bombs_are_refused_before_decoding(side: int, most_kb: int, tmp_path: Path) -> None:
    data = flat_png(side, side)
    assert len(data) < most_kb * 1000
    one, frames, megabytes = cost(data, tmp_path)
    assert one == frames == "ImageTooLarge"
    assert megabytes < 300


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
def test_ten_thousand_frames(tmp_path: Path) -> None:
    frames = [Image.new("L", (16, 16), k % 200) for k in range(10_000)]
    data = saved(frames[0], "GIF", save_all=True, append_images=frames[1:], duration=20)
    one, n_frames, megabytes = cost(data, tmp_path)
    assert (one, n_frames) == ("Hash", "2000")
    assert megabytes < 300


def test_limits_are_settable(photo: Image.Image) -> None:
    data = saved(photo, "PNG")
    with pytest.raises(ImageTooLarge, match="limit"):
        safehash.hash_bytes(data, limits=Limits(max_bytes=100))
    with pytest.raises(ImageTooLarge, match="limit"):
        safehash.hash_bytes(data, limits=Limits(max_pixels=800 * 502 - 1))
    with pytest.raises(ImageTooLarge, match="takes"):
        safehash.hash_bytes(data, limits=Limits(max_decoded_bytes=1000))
    with pytest.raises(UnsupportedImage, match="PNG"):
        safehash.hash_bytes(data, limits=Limits(formats=frozenset({"JPEG"})))
    assert safehash.hash_bytes(data, limits=Limits(max_pixels=800 * 502)).quality == 100


def test_a_progressive_jpeg_counts_its_coefficients(photo: Image.Image) -> None:
    limits = Limits(max_decoded_bytes=2_000_000)
    assert safehash.hash_bytes(saved(photo, "JPEG"), limits=limits).quality == 100
    with pytest.raises(ImageTooLarge, match="takes"):
        safehash.hash_bytes(saved(photo, "JPEG", progressive=True), limits=limits)


def test_nothing(tmp_path: Path) -> None:
    with pytest.raises(UnreadableImage, match="empty"):
        safehash.hash_bytes(b"")
    with pytest.raises(UnsupportedImage, match="not a regular file"):
        safehash.hash_file(tmp_path)
    with pytest.raises(FileNotFoundError):
        safehash.hash_file(tmp_path / "missing")
    (tmp_path / "large").write_bytes(bytes(1000))
    with pytest.raises(ImageTooLarge, match="1000 bytes"):
        safehash.hash_file(tmp_path / "large", limits=Limits(max_bytes=999))


@pytest.mark.parametrize("size", [(4, 100), (100, 4), (1, 1)])
def test_too_small(size: tuple[int, int]) -> None:
    image = Image.new("RGB", size)
    with pytest.raises(ImageTooSmall):
        safehash.hash_bytes(saved(image, "PNG"))
    with pytest.raises(ImageTooSmall):
        safehash.hash_image(image)
    with pytest.raises(ImageTooSmall):
        safehash.hash_array(np.asarray(image))


@pytest.mark.parametrize("file_format", ["JPEG", "PNG"])
@pytest.mark.parametrize("missing", [1, 2, 10])
def test_ten_missing_bytes_change_nothing(photo: Image.Image, file_format: str, missing: int) -> None:
    data = saved(photo, file_format)
    assert distance(data[:-missing], data) <= 4


@pytest.mark.parametrize("progressive", [False, True])
def test_half_a_jpeg_is_decoded_as_far_as_it_goes(photo: Image.Image, progressive: bool) -> None:
    data = saved(photo, "JPEG", progressive=progressive)
    decoded = decode(data[: len(data) // 2])
    assert decoded.provenance.truncated
    upper = decoded.pixels[:100].astype(int) - np.asarray(photo)[:100]
    assert np.abs(upper).mean() < 12


def test_half_a_png_is_decoded_as_far_as_it_goes(photo: Image.Image) -> None:
    data = saved(photo, "PNG")
    decoded = decode(data[: len(data) // 2])
    assert decoded.provenance.truncated
    np.testing.assert_array_equal(decoded.pixels[:100], np.asarray(photo)[:100])


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF"])
def test_every_prefix_has_an_outcome(photo: Image.Image, file_format: str) -> None:
    data = saved(photo.resize((48, 40)), file_format)
    step = 1 if file_format == "JPEG" else max(1, len(data) // 150)
    for length in range(0, len(data), step):
        try:
            value = safehash.hash_bytes(data[:length])
        except ImageError:
            continue
        assert len(value.digest) == 32


@given(st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM",
       b"II*\x00", b"RIFF\x40\x00\x00\x00WEBPVP8 ", b"\x00\x00\x00\x18ftypavif"]))  # fmt: skip
def test_any_bytes_are_a_hash_or_an_image_error(tail: bytes, head: bytes) -> None:
    try:
        found = safehash.hash_bytes(head + tail)
    except ImageError:
        return
    assert len(found.digest) == 32 and found.quality is not None


@pytest.fixture(scope="session")
def small_files(photo: Image.Image) -> list[bytes]:
    small = photo.resize((64, 48))
    return [saved(small, name) for name in ("JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF")]


@given(st.data())
def test_any_damage_is_a_hash_or_an_image_error(small_files: list[bytes], data: st.DataObject) -> None:
    blob = bytearray(data.draw(st.sampled_from(small_files)))
    for _ in range(data.draw(st.integers(1, 6))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = safehash.hash_bytes(bytes(blob))
    except ImageError:
        return
    assert len(found.digest) == 32 and found.quality is not None


def test_errors_keep_their_cause(photo: Image.Image) -> None:
    data = saved(photo, "WEBP")
    with pytest.raises(UnreadableImage, match="WEBP") as caught:
        safehash.hash_bytes(data[:200])
    assert caught.value.__cause__ is not None


# -- what browsers show, a strict decoder refuses ----------------------------------------------------------------


def chunk(kind: bytes, body: bytes, *, checksum_off: int = 0) -> bytes:
    checksum = zlib.crc32(kind + body) ^ checksum_off
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def png_with(pixels: np.ndarray[Any, Any], depth: int, colour: int, extra: bytes = b"") -> bytes:
    """A PNG of rows of samples as stored, with chunks put in front of the pixels."""
    rows = b"".join(b"\x00" + row.tobytes() for row in pixels)
    width = pixels.shape[1] * (8 // depth if depth < 8 else 1)
    header = struct.pack(">IIBBBBB", width, pixels.shape[0], depth, colour, 0, 0, 0)
    head = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    return head + extra + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("missing", [10, 4000])
def test_a_truncated_jpeg_of_odd_sides_keeps_its_reduction(photo: Image.Image, missing: int) -> None:
    """The second decode took another scale than the first, and a ValueError escaped."""
    data = saved(photo.resize((1001, 803)), "JPEG", quality=95)
    decoded = decode(data[:-missing], step_for=lambda side: 2)
    assert decoded.provenance.truncated
    assert decoded.pixels.shape == (402, 501)
    assert distance(data[:-missing], data) <= 10


@pytest.mark.parametrize("size", [(2_000_000, 5), (5, 2_000_000)])
def test_a_side_beyond_the_tables_is_too_large(size: tuple[int, int]) -> None:
    with pytest.raises(ImageTooLarge, match="one side"):
        safehash.hash_bytes(flat_png(*size))


@pytest.mark.parametrize(
    ("marker", "body"),
    [(0xE0, b"JFIF"), (0xEE, b"Adobe"), (0xE2, b"ICC_PROFILE\x00"), (0xE2, b"MPF\x00junk")],
)
def test_a_broken_application_segment_loses_no_jpeg(photo: Image.Image, marker: int, body: bytes) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = saved(photo, "JPEG", exif=exif.tobytes())
    odd = data[:2] + struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body + data[2:]
    assert decode(odd).provenance.orientation == 6
    assert distance(odd, data) == 0


@pytest.mark.parametrize(
    "extra",
    [
        chunk(b"tEXt", b"a\x00b", checksum_off=1),
        chunk(b"gAMA", b""),
        chunk(b"pHYs", b"\x00"),
        chunk(b"tRNS", b""),
        chunk(b"acTL", b""),
        chunk(b"iCCP", b"x\x00\x05junk"),
        chunk(b"zTXt", b"a\x00\x00" + zlib.compress(bytes(3_000_000))),
    ],
)
def test_a_broken_remark_loses_no_png(photo: Image.Image, extra: bytes) -> None:
    pixels = np.asarray(photo.reduce(2))
    assert distance(png_with(pixels, 8, 2, extra), png_with(pixels, 8, 2)) == 0


def test_damaged_compression_keeps_the_rows_before_it(photo: Image.Image) -> None:
    whole = zlib.compress(b"".join(b"\x00" + row.tobytes() for row in np.asarray(photo)))
    wrong_checksum = whole[:-1] + bytes([whole[-1] ^ 1])
    decoded = decode(png(photo.width, photo.height, 8, 2, wrong_checksum))
    assert decoded.provenance.truncated
    np.testing.assert_array_equal(decoded.pixels[:400], np.asarray(photo)[:400])
    jpeg = bytearray(saved(photo, "JPEG"))
    at = len(jpeg) * 9 // 10
    jpeg[at : at + 4] = b"\xff\xc4\xff\xd8"
    assert decode(bytes(jpeg)).provenance.truncated


def test_a_transparent_shade_of_deep_and_shallow_grey(photo: Image.Image) -> None:
    """The shade was left as stored while the samples were scaled, or forgotten."""
    grey = np.asarray(photo.convert("L"))
    hidden = grey < 90
    shown = np.where(hidden, 255, grey).astype(np.uint8)
    deep = np.where(hidden, 7, grey.astype(np.uint16) * 257).astype(">u2")
    decoded = decode(png_with(deep, 16, 0, chunk(b"tRNS", b"\x00\x07")))
    np.testing.assert_array_equal(decoded.pixels, shown)
    assert decoded.provenance.transparent
    colour = np.where(hidden[..., None], [0, 0x1234, 0xFFFF], np.asarray(photo).astype(np.uint16) * 257)
    key = struct.pack(">HHH", 0, 0x1234, 0xFFFF)
    pixels = decode(png_with(colour.astype(">u2"), 16, 2, chunk(b"tRNS", key))).pixels
    np.testing.assert_array_equal(pixels, np.where(hidden[..., None], 255, np.asarray(photo)))
    four = grey >> 4
    packed = (four[:, 0::2] << 4) | four[:, 1::2]
    pixels = decode(png_with(packed, 4, 0, chunk(b"tRNS", b"\x00\x09"))).pixels[..., 0]
    np.testing.assert_array_equal(pixels, np.where(four == 9, 255, four * 17))
    bits = np.packbits(grey > 99, axis=1)
    # Of the two bytes browsers take the low one, however few bits a sample has.
    for key, is_clear in ((b"\x00\x00", True), (b"\x01\x00", True), (b"\x00\x02", False)):
        assert bool(decode(png_with(bits, 1, 0, chunk(b"tRNS", key))).pixels.min() == 255) == is_clear
    white = decode(png_with(bits, 1, 0, chunk(b"tRNS", b"\x01\x01")))
    (on_black,) = (also for also in white.also if also.name == "on black")
    assert on_black.make().pixels.max() == 0
    for key in (b"\x01\x09", b"\x80\x09"):
        assert (decode(png_with(packed, 4, 0, chunk(b"tRNS", key))).pixels[..., 0] == pixels).all()


def test_an_animation_that_counts_more_frames_than_it_has(photo: Image.Image) -> None:
    """Frames far behind the true end were asked for, and those before it never looked at."""
    small = photo.resize((80, 60))
    data = saved(Image.new("RGB", small.size), "PNG", save_all=True, append_images=[small], duration=9)
    at = data.index(b"acTL")
    data = data[: at - 4] + chunk(b"acTL", struct.pack(">II", 5000, 0)) + data[at + 16 :]
    frames = list(decode_frames(data))
    assert [frame.provenance.frame for frame in frames] == [0, 1]
    np.testing.assert_array_equal(frames[1].pixels, np.asarray(small))


def test_a_damaged_first_frame_is_decoded_as_far_as_it_goes(photo: Image.Image) -> None:
    data = saved(photo, "PNG", save_all=True, append_images=[Image.new("RGB", photo.size)], duration=9)
    cut = data[: data.index(b"fdAT") // 2]
    (frame,) = decode_frames(cut)
    assert frame.provenance.truncated
    np.testing.assert_array_equal(frame.pixels[:100], np.asarray(photo)[:100])


def test_a_gif_frame_larger_than_its_canvas(photo: Image.Image) -> None:
    data = bytearray(saved(photo, "GIF"))
    data[6:10] = struct.pack("<HH", 1, 1)
    assert distance(bytes(data), saved(photo, "GIF")) == 0
    frames = [Image.new("L", (60, 60), 9), photo.convert("L").resize((60, 60))]
    data = bytearray(saved(frames[0], "GIF", save_all=True, append_images=frames[1:]))
    at = data.rindex(b"\x2c" + struct.pack("<HHHH", 0, 0, 60, 60))
    data[at + 1 : at + 5] = struct.pack("<HH", 65_000, 65_000)
    # Browsers keep the canvas and cut the frame: nothing of it is left.
    first, second = decode_frames(bytes(data))
    assert second.pixels.shape[:2] == (60, 60)
    np.testing.assert_array_equal(second.pixels, first.pixels)
    data[6:10] = struct.pack("<HH", 1, 1)
    at = data.index(b"\x2c" + struct.pack("<HHHH", 0, 0, 60, 60))
    data[at + 1 : at + 5] = struct.pack("<HH", 65_000, 65_000)
    with pytest.raises(ImageTooLarge):  # the first one makes the canvas
        list(decode_frames(bytes(data)))


def tiff(width: int, height: int, tile: int) -> bytes:
    """The header of a tiled grey TIFF."""
    tags = [
        (256, width),
        (257, height),
        (258, 8),
        (259, 8),
        (262, 1),
        (322, tile),
        (323, tile),
        (324, 8),
        (325, 8),
    ]
    body = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\x00" + struct.pack("<IH", 8, len(tags)) + body + bytes(64)


def test_a_tile_larger_than_the_picture_counts() -> None:
    with pytest.raises(ImageTooLarge, match="32000"):
        decode(tiff(200, 200, 32_000))


def test_later_pages_have_limits_too(photo: Image.Image) -> None:
    data = saved(photo.resize((100, 80)), "TIFF", save_all=True, append_images=[photo.copy()])
    frames = decode_frames(data, limits=Limits(max_pixels=100 * 80))
    assert next(frames).provenance.n_frames == 2
    with pytest.raises(ImageTooLarge, match="800 x 502"):
        next(frames)


def test_long_animations_are_looked_at_within_a_budget(
    photo: Image.Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = animation(photo, "GIF", 12)
    monkeypatch.setattr("safehash.images.frames.MAX_FRAME_PIXELS", 10 * 200 * 160)
    assert [frame.provenance.frame for frame in decode_frames(data)] == list(range(10))


def test_brands_far_behind() -> None:
    brands = b"mif1miafMA1BMA1AxxxxyyyyzzzzavifMiHB"
    assert sniff(struct.pack(">I", 16 + len(brands)) + b"ftypmif1\x00\x00\x00\x00" + brands) == "AVIF"


def test_other_buffers(photo: Image.Image) -> None:
    data = saved(photo, "JPEG")[:-10]
    assert (
        safehash.hash_bytes(memoryview(data))
        == safehash.hash_bytes(bytearray(data))
        == safehash.hash_bytes(data)
    )
