"""What list-makers' tools hashed is found again in the very same file, at `standard`, whatever its pixel mode."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pictures_made import made
from PIL import Image

from conftest import DATA
from safehash import _core
from safehash.errors import ImageError
from safehash.hashing.compute import hash_array, hash_decoded, reduction_for
from safehash.hashing.hashes import Algorithm, Hash
from safehash.images.decoding import decode
from safehash.images.older_tools import as_the_reference_tool, shrunk
from safehash.images.pictures import Decoded, Provenance
from safehash.matching.matcher import Matcher
from safehash.matching.settings import EFFORTS

HASHED = DATA / "older_tools"


def rows() -> list[tuple[str, str]]:
    lines = (HASHED / "hashed.tsv").read_text(encoding="utf-8").splitlines()[2:]
    return [(name, digest) for name, digest, _ in (line.split("\t") for line in lines)]


def listed(folder: Path, digest: str) -> Matcher:
    (folder / "list.txt").write_text(f"{digest}\n", encoding="utf-8")
    return Matcher.from_files(folder / "list.txt")


@pytest.mark.parametrize(("name", "digest"), rows())
def test_what_python_threatexchange_hashed_is_found_in_the_same_file(
    name: str, digest: str, tmp_path: Path
) -> None:
    decision = listed(tmp_path, digest).check(HASHED / name)
    assert [match.distance for match in decision.matches] == [0]
    assert decision.matches[0].view == "as older tools see it"


@pytest.mark.parametrize(("name", "digest"), rows())
def test_that_tool_still_hashes_so(name: str, digest: str) -> None:
    from threatexchange.signal_type.pdq.pdq_hasher import pdq_from_bytes

    assert pdq_from_bytes((HASHED / name).read_bytes())[0] == digest


def test_every_mode_is_there() -> None:
    modes = set()
    for name, _ in rows():
        with Image.open(HASHED / name) as image:
            modes.add(image.mode)
    assert modes == {"P", "RGBA", "LA", "L", "RGB", "I;16", "CMYK", "LAB"}


@pytest.mark.parametrize("mode", ["L", "RGB", "1"])
def test_what_every_tool_reads_alike_makes_no_view(mode: str) -> None:
    stream = io.BytesIO()
    Image.fromarray(made(1, 60, 80)).convert(mode).save(stream, "PNG")
    assert decode(stream.getvalue()).also == ()


def test_an_alpha_that_hides_nothing_makes_no_view() -> None:
    stream = io.BytesIO()
    Image.fromarray(made(1, 60, 80)).convert("RGBA").save(stream, "PNG")
    assert decode(stream.getvalue()).also == ()


# -- the reference tool -----------------------------------------------------------------------------------------


def reference(pixels: np.ndarray) -> np.ndarray:
    """Return what the reference tool keeps, sample by sample."""
    rows, cols = pixels.shape[:2]
    return np.array([[pixels[i * rows // 512, j * cols // 512] for j in range(512)] for i in range(512)])


@pytest.mark.parametrize("size", [(513, 300), (300, 513), (512, 1024), (777, 1333), (5, 5000)])
def test_a_picture_is_shrunk_as_the_reference_tool_does(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (*size, 3), np.uint8)
    assert np.array_equal(shrunk(pixels), reference(pixels))


@pytest.mark.parametrize("level", _core.LEVELS)
@given(
    rows=st.integers(1, 80), cols=st.integers(1, 400), side=st.integers(1, 130), kind=st.integers(0, 4),
    seed=st.integers(0, 9),
)  # fmt: skip
def test_every_level_keeps_the_same_samples(
    level: int, rows: int, cols: int, side: int, kind: int, seed: int
) -> None:
    each = np.random.default_rng(seed).integers(0, 256, (rows, cols, 4), np.uint8)
    pixels = (each[..., 0], each[..., :3], each[::-1, ::-1, 0], each[:, ::-1, :3], each[..., 1].copy())[kind]
    expected = pixels[np.arange(side) * rows // side][:, np.arange(side) * cols // side]
    assert np.array_equal(_core.kept(pixels, side=side, level=level), expected)


@pytest.mark.parametrize(("side", "error"), [(0, ValueError), (1025, ValueError)])
def test_no_other_squares_are_kept(side: int, error: type[Exception]) -> None:
    with pytest.raises(error, match="1 to 1024 samples"):
        _core.kept(np.zeros((4, 4), np.uint8), side=side)


@given(rows=st.integers(1, 1400), cols=st.integers(513, 2600), seed=st.integers(0, 9))
def test_the_imaging_library_takes_the_same_samples(rows: int, cols: int, seed: int) -> None:
    grey = np.random.default_rng(seed).integers(0, 256, (rows, cols), np.uint8)
    facts = Provenance(format="PNG", mode="L", width=cols, height=rows)
    also = as_the_reference_tool(lambda: Image.fromarray(grey), facts)
    assert np.array_equal(also.make().pixels, shrunk(grey))


@pytest.mark.parametrize(
    ("format", "size"), [("PNG", (900, 1300)), ("WEBP", (600, 400)), ("JPEG", (700, 1000))]
)
def test_what_the_reference_tool_shrank_is_found_at_standard(
    format: str, size: tuple[int, int], tmp_path: Path
) -> None:
    stream = io.BytesIO()
    Image.fromarray(noisy(size)).save(stream, format, lossless=True, quality=98)
    with Image.open(stream) as image:
        digest = hash_array(reference(np.asarray(image.convert("RGB"))))
    assert view_of(stream.getvalue(), "standard").distance(digest) <= 2
    decision = listed(tmp_path, digest.hex).check(stream.getvalue())
    assert decision.matches[0].distance <= 2


def test_a_reduced_jpeg_is_decoded_in_full_at_thorough() -> None:
    stream = io.BytesIO()
    Image.fromarray(noisy((1000, 1500))).save(stream, "JPEG", quality=90)
    with Image.open(stream) as image:
        digest = hash_array(reference(np.asarray(image)))
    assert view_of(stream.getvalue(), "thorough").distance(digest) == 0


def test_pictures_that_are_not_shrunk_make_no_view() -> None:
    stream = io.BytesIO()
    Image.fromarray(made(1, 512, 512)).save(stream, "JPEG", quality=90)
    assert decode(stream.getvalue(), step_for=reduction_for).also == ()


def noisy(size: tuple[int, int]) -> np.ndarray:
    """Return a picture whose neighbouring samples differ, so that it matters which are kept."""
    noise = np.random.default_rng(3).normal(0, 40, (*size, 1))
    return np.clip(made(4, *size) + noise, 0, 255).astype(np.uint8)


def view_of(data: bytes, effort: str) -> Hash:
    views = {also.name: also for also in decode(data, step_for=reduction_for).also}
    view = views["as the reference tool shrinks it"]
    assert view.effort == effort
    picture: Decoded = view.make()
    return hash_decoded(picture, algorithm=Algorithm.PDQ)


def two_canvases(width: int, height: int) -> bytes:
    """A GIF file whose first frame grows the canvas for viewers, and which the imaging library does not find.

    An extension without content stands before it: viewers go on behind its end, the library takes the frame for more of
    its blocks, and the next frame for the first.
    """
    pixels = b"\x02\x21" + bytes(33) + b"\0"
    first = b"\x2c" + struct.pack("<HHHHB", 1, 1, 17, 246, 0) + pixels
    assert len(first) == 1 + 0x2C + 1
    second = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0)
    if width * height < 100_000:
        stream = io.BytesIO()
        Image.new("1", (width, height)).save(stream, "GIF")
        whole = stream.getvalue()
        second += whole[whole.rindex(b"\x2c" + second[1:9]) + 10 : -1]
    head = b"GIF89a" + struct.pack("<HHBBB", 12, 12, 0x80, 0, 0) + bytes([0, 0, 0, 255, 255, 255])
    return head + b"\x21\xf0\0" + first + second + b"\x3b"


@pytest.mark.parametrize(
    ("sides", "outcome", "failure"),
    [((12, 12), "no_match", None), ((300, 40), "no_match", None), ((12_000, 12_000), "too_large", None),
     ((65_000, 65_000), "no_match", None)],  # those tools read it no more than we do
)  # fmt: skip
def test_a_canvas_that_the_library_alone_sees_has_its_own_sides(
    sides: tuple[int, int], outcome: str, failure: str | None, tmp_path: Path
) -> None:
    """The fuzzer found it: hashed with the sides of a viewer's canvas, it was a defect of ours."""
    for effort in EFFORTS[:3]:
        decision = listed(tmp_path, "f0" * 32).check(two_canvases(*sides), effort=effort)
        if effort == "fast":
            assert decision.outcome.value == "no_match"
        else:
            assert (decision.outcome.value, decision.failure) == (outcome, failure)
    (also,) = (each for each in decode(two_canvases(*sides)).also if each.name == "as older tools see it")
    if max(sides) > 10_000:
        with pytest.raises(ImageError):
            also.make()
    else:
        picture = also.make()
        assert (picture.provenance.width, picture.provenance.height) == sides
        assert picture.pixels.shape[:2] == sides[::-1]
        hash_decoded(picture, algorithm=Algorithm.PDQ)
