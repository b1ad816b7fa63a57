"""JPEG files as cjpeg and jpegtran write them: read as the decoder reads them, or left to it.

Run: make check-jpeg (Debian: apt-get install libjpeg-turbo-progs). Of the writer that the imaging library has,
test_jpeg_reader.py does the same in every run.
"""

from __future__ import annotations

import io
import itertools
import subprocess
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from jpeg_oracle import KEPT, is_inside, made_up, ours, theirs
from safehash.hashing.compute import hash_decoded, reduction_for
from safehash.hashing.hashes import Algorithm
from safehash.images.decoding import decode_frames

#: Columns and rows: whole MCUs and parts of them, one block, less than one.
SIDES = ((97, 131), (64, 32), (8, 8), (250, 5), (33, 71))
QUALITIES = ("1", "10", "50", "75", "92", "100")
#: Of luma beside chroma, which has 1x1.
SAMPLINGS = ("1x1", "2x1", "1x2", "2x2", "4x1", "1x4", "4x2", "2x4")

#: Scans one after the other: luma by itself; the first bits late; each bit in a scan of its own; bands of frequencies.
SCRIPTS = {
    "apart": "0;1;2;",
    "luma apart": "0;1 2;",
    "chroma apart": "0 1;2;",
    "bands": "0 1 2:0-0,0,0;0:1-2,0,0;0:3-9,0,0;0:10-63,0,0;1:1-63,0,0;2:1-63,0,0;",
    "bits": "0 1 2:0-0,0,2;0 1 2:0-0,2,1;0 1 2:0-0,1,0;"
    "0:1-63,0,3;0:1-63,3,2;0:1-63,2,1;0:1-63,1,0;1:1-63,0,0;2:1-63,0,0;",
    "chroma first": "0 1 2:0-0,0,1;2:1-63,0,0;1:1-63,0,0;0:1-5,0,2;0:6-63,0,2;0:1-63,2,1;0 1 2:0-0,1,0;0:1-63,1,0;",
    "means apart": "0:0-0,0,0;1:0-0,0,0;2:0-0,0,0;0:1-63,0,0;1:1-63,0,0;2:1-63,0,0;",
}
WAYS = (
    (), ("-optimize",), ("-progressive",), ("-baseline",), ("-grayscale",), ("-grayscale", "-progressive"),
    ("-restart", "1"), ("-restart", "3B"), ("-progressive", "-restart", "1"), ("-progressive", "-restart", "2B"),
    ("-dct", "fast"), ("-dct", "float"), ("-smooth", "30"), ("-qslots", "1,0,0"), ("-optimize", "-restart", "1B"),
    *(("-scans", name) for name in SCRIPTS),
)  # fmt: skip
#: What our reader leaves to the decoder.
LEFT = (("-arithmetic",), ("-arithmetic", "-progressive"), ("-rgb",), ("-sample", "1x1,2x2"))
TRANSFORMS = (
    ("-progressive",), ("-optimize",), ("-restart", "2B"), ("-grayscale",), ("-rotate", "90"), ("-transpose",),
    ("-flip", "horizontal"), ("-crop", "40x24+16+16"), ("-copy", "none"), ("-progressive", "-restart", "1"),
    *(("-scans", name) for name in SCRIPTS if name != "chroma apart"),
)  # fmt: skip


@cache
def picture(cols: int, rows: int) -> Image.Image:
    """Return a smooth picture with some detail."""
    rng = np.random.default_rng(cols * rows)
    coarse = rng.integers(30, 226, (2 + rows // 10, 2 + cols // 10, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((cols, rows), Image.Resampling.BICUBIC)


def run(tool: str, options: tuple[str, ...], given: bytes, folder: Path) -> bytes:
    """Return what a tool makes of its input."""
    command = [tool]
    for option in options:
        if command[-1] == "-scans":
            script = folder / "script"
            script.write_text(SCRIPTS[option], encoding="ascii")
            option = str(script)
        command.append(option)
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout


def cjpeg(image: Image.Image, options: tuple[str, ...], folder: Path) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PPM")
    return run("cjpeg", options, stream.getvalue(), folder)


def check(data: bytes, *, smooth: bool) -> None:
    """Hold what our reader reads of a file against the decoder and the oracle."""
    for step in (1, 8):
        read = ours(data, step)
        assert read is not None
        np.testing.assert_array_equal(read, theirs(data, step))
    with Image.open(io.BytesIO(data)) as image:
        rows, cols = image.height, image.width
    for step in (2, 4):
        all_bits = ours(data, step, fine=0)
        assert all_bits is not None
        inside = is_inside(rows, cols, step)
        apart = np.abs(all_bits - made_up(data, step))[inside]
        assert not smooth or apart.size == 0 or (apart.max() < 2.5 and apart.mean() < 0.6)
        for fine in (40, 160):
            samples = ours(data, step, fine=fine)
            assert samples is not None
            # Bits that are passed over are at most so much of each coefficient but the mean's, an eighth of that of a
            # sample; and a level for rounding.
            most = np.sqrt(len(KEPT[step]) - 1) * fine / 8 + 1
            assert np.sqrt(((all_bits - samples.astype(float)) ** 2).mean()) <= most


def has_wide_quantizers(data: bytes) -> bool:
    """Tell whether a file has quantizers of two bytes, as of the lowest qualities, which our reader leaves."""
    with Image.open(io.BytesIO(data)) as image:
        tables: dict[int, list[int]] = image.quantization  # type: ignore[attr-defined]
    return max(map(max, tables.values())) > 255


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_every_file_of_cjpeg_is_read_as_the_decoder_reads_it(
    quality: str, way: tuple[str, ...], tmp_path: Path
) -> None:
    for number, sampling in enumerate(SAMPLINGS):
        sides = SIDES[(number + len(way)) % len(SIDES)]
        data = cjpeg(picture(*sides), ("-quality", quality, "-sample", sampling, *way), tmp_path)
        if has_wide_quantizers(data):
            assert int(quality) < 25
            assert [ours(data, step) for step in (1, 2, 4, 8)] == [None] * 4
            continue
        check(data, smooth=int(quality) >= 75)


@pytest.mark.parametrize("way", LEFT, ids=" ".join)
def test_what_is_not_ordinary_is_left_to_the_decoder(way: tuple[str, ...], tmp_path: Path) -> None:
    data = cjpeg(picture(97, 131), way, tmp_path)
    assert [ours(data, step) for step in (2, 4, 8)] == [None] * 3
    assert theirs(data, 8).shape == (17, 13)


@pytest.mark.parametrize("transform", TRANSFORMS, ids=" ".join)
def test_every_file_of_jpegtran_is_read_as_the_decoder_reads_it(
    transform: tuple[str, ...], tmp_path: Path
) -> None:
    for sampling, way in itertools.product(SAMPLINGS, ((), ("-progressive",), ("-restart", "1"))):
        written = cjpeg(picture(97, 131), ("-quality", "80", "-sample", sampling, *way), tmp_path)
        data = run("jpegtran", transform, written, tmp_path)
        if _luma_is_coarser(data):  # turned on its side it may be
            assert ours(data, 8) is None
            continue
        check(data, smooth="-crop" not in transform and "-flip" not in transform)


def _luma_is_coarser(data: bytes) -> bool:
    with Image.open(io.BytesIO(data)) as image:
        layers = image.layer  # type: ignore[attr-defined]
    return any(each[1] > layers[0][1] or each[2] > layers[0][2] for each in layers)


@pytest.mark.parametrize("way", WAYS, ids=" ".join)
def test_hashes_lie_within_the_drift_of_the_scale(way: tuple[str, ...], tmp_path: Path) -> None:
    for sides in ((1180, 790), (1111, 1400)):
        data = cjpeg(picture(*sides), ("-quality", "80", *way), tmp_path)
        own, others = (
            hash_decoded(
                next(decode_frames(data, step_for=reduction_for, own_jpeg=own_jpeg)), algorithm=Algorithm.PDQ
            )
            for own_jpeg in (True, False)
        )
        assert own.distance(others) <= 10
