"""The own reader of JPEG files: the decoder's means, the samples its coefficients make up, nothing of anything else."""

from __future__ import annotations

import io
import re
import struct
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from jpeg_files import jpeg_files
from jpeg_oracle import UInt8, is_inside, made_up, ours, theirs
from safehash._rows import LEVELS, read_luma
from safehash.errors import DeadlinePassed
from safehash.hashing.compute import hash_decoded, reduction_for
from safehash.hashing.hashes import Algorithm
from safehash.images.deadline import Deadline
from safehash.images.decoding import decode_frames
from safehash.images.jpeg_header import read_jpeg_header
from safehash.images.jpeg_means import ALL_BITS_BELOW, Chroma, read_means

# -- what it reads ----------------------------------------------------------------------------------------------


@given(data=jpeg_files())
def test_means_and_whole_pictures_are_the_decoders(data: bytes) -> None:
    is_rgb = b"R\x11\x00G\x11\x00B\x11\x00" in data
    for step in (8, 1):
        luma = ours(data, step)
        assert (luma is None) == is_rgb, "only what is stored as red, green and blue is left to others"
        if luma is not None:
            np.testing.assert_array_equal(luma, theirs(data, step))


@given(data=jpeg_files(least_quality=50), step=st.sampled_from([2, 4]))
def test_samples_are_those_that_the_kept_coefficients_make_up(data: bytes, step: int) -> None:
    samples = ours(data, step, fine=0)
    if samples is None:
        return
    wanted = made_up(data, step)
    assert samples.shape == wanted.shape == theirs(data, step).shape
    with Image.open(io.BytesIO(data)) as image:
        inside = is_inside(image.height, image.width, step)
    apart = np.abs(samples - wanted)[inside]
    # The pixels that the oracle starts from are rounded and clipped: blocks of hard edges ring beyond black and white.
    assert apart.size == 0 or apart.mean() < 4
    # Of a picture of two samples each way half may lie beside such an edge.
    assert apart.size < 16 or np.median(apart) < 1.5


@given(data=jpeg_files(), step=st.sampled_from([1, 2, 4, 8]), n_blocks=st.integers(1, 40))
def test_every_level_and_every_slice_gives_the_same_samples(data: bytes, step: int, n_blocks: int) -> None:
    first = ours(data, step)
    for level in LEVELS:
        other = ours(data, step, level=level, n_blocks=n_blocks)
        assert (first is None) == (other is None)
        if first is not None and other is not None:
            np.testing.assert_array_equal(first, other)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_block_of_which_every_coefficient_is_refined_is_the_decoders(mode: str) -> None:
    """More bits than a refill brings: 63 of a block of noise."""
    noise = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(stream, "JPEG", quality=100, progressive=True, subsampling=0)
    for step in (8, 1):
        np.testing.assert_array_equal(ours(stream.getvalue(), step), theirs(stream.getvalue(), step))


def photograph(**options: Any) -> bytes:
    """Return a smooth picture with some detail, 97 x 131, as a JPEG file."""
    rng = np.random.default_rng(11)
    coarse = Image.fromarray(rng.integers(40, 216, (13, 10, 3), dtype=np.uint8))
    image = coarse.resize((97, 131), Image.Resampling.BICUBIC)
    stream = io.BytesIO()
    image.convert(options.pop("mode", "RGB")).save(stream, "JPEG", **options)
    return stream.getvalue()


OPTIONS: dict[str, dict[str, Any]] = {
    "4:2:0": {},
    "4:4:4": {"subsampling": 0, "quality": 95},
    "4:2:2": {"subsampling": 1, "optimize": True},
    "progressive": {"progressive": True},
    "progressive 4:4:4": {"progressive": True, "subsampling": 0, "quality": 97},
    "restart": {"restart_marker_blocks": 2},
    "progressive restart": {"progressive": True, "restart_marker_blocks": 3},
    "grey": {"mode": "L"},
    "grey progressive": {"mode": "L", "progressive": True},
    "coarse": {"quality": 5},
    "finest": {"quality": 100, "subsampling": 0},
}


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("step", [2, 4])
def test_of_a_smooth_picture_the_samples_are_right_to_a_level(name: str, step: int) -> None:
    data = photograph(**OPTIONS[name])
    samples = ours(data, step, fine=0)
    assert samples is not None
    inside = is_inside(131, 97, step)
    apart = np.abs(samples - made_up(data, step))[inside]
    assert apart.max() < 1.6
    assert apart.mean() < 0.45


@pytest.mark.parametrize("name", [name for name in OPTIONS if "progressive" in name])
@pytest.mark.parametrize("step", [2, 4])
def test_bits_that_are_passed_over_are_few(name: str, step: int) -> None:
    data = photograph(**OPTIONS[name])
    samples, all_bits = ours(data, step), ours(data, step, fine=0)
    assert samples is not None
    assert all_bits is not None
    apart = np.abs(samples.astype(float) - all_bits)
    assert 0 < apart.mean() < 2.5
    assert abs((samples - all_bits.astype(float)).mean()) < 0.2
    coarse = photograph(**OPTIONS[name] | {"quality": 20})
    np.testing.assert_array_equal(
        ours(coarse, 2), ours(coarse, 2, fine=0), "where they would be many, they are read"
    )


@pytest.mark.parametrize("name", [name for name in OPTIONS if "grey" not in name])
@pytest.mark.parametrize("step", [1, 2, 4, 8])
def test_the_means_of_chroma_are_the_decoders(name: str, step: int) -> None:
    data = photograph(**OPTIONS[name])
    header = read_jpeg_header(data)
    assert header is not None
    means = read_means(data, header, step, with_chroma=True)
    assert means is not None
    assert means.blue is not None
    assert means.red is not None
    plain = read_means(data, header, step)
    assert plain is not None
    assert plain.blue is None
    np.testing.assert_array_equal(means.luma, plain.luma)
    with Image.open(io.BytesIO(data)) as image:
        image.draft("YCbCr", (97, 131))
        whole = np.asarray(image).astype(float)
    across, down = header.sampling[0]
    for number, found in ((1, means.blue.means), (2, means.red.means)):
        rows, cols = 8 * down, 8 * across
        padded = np.pad(whole[..., number], ((0, -131 % rows), (0, -97 % cols)), mode="edge")
        wanted = padded.reshape(padded.shape[0] // rows, rows, -1, cols).mean(axis=(1, 3))
        assert found.shape == wanted.shape
        inside = slice(0, 131 // rows), slice(0, 97 // cols)
        # Enlarged chroma reaches over its block's edge.
        assert np.abs(found - wanted)[inside].max() < (2 if rows == cols == 8 else 12)
        assert np.abs(found - wanted)[inside].mean() < 2


def of_chroma(data: bytes, step: int) -> Iterator[tuple[UInt8, Chroma]]:
    """Yield each plane of chroma of a 4:4:4 file, as the decoder has it, and what is read of its blocks."""
    header = read_jpeg_header(data)
    assert header is not None
    read = read_means(data, header, step, with_chroma=True)
    assert read is not None
    with Image.open(io.BytesIO(data)) as image:
        image.draft("YCbCr", image.size)
        planes = np.asarray(image)
    for plane, found in ((planes[..., 1], read.blue), (planes[..., 2], read.red)):
        assert found is not None
        yield plane, found


@given(
    seed=st.integers(0, 2**32),
    amplitude=st.sampled_from([0, 3, 30, 127]),
    each=st.sampled_from([1, 2, 5]),
    quality=st.integers(30, 100),
    progressive=st.booleans(),
    optimize=st.booleans(),
    step=st.sampled_from([1, 2, 8]),
)
def test_no_block_of_chroma_spreads_more_than_is_read_of_it(
    seed: int, amplitude: int, each: int, quality: int, progressive: bool, optimize: bool, step: int
) -> None:
    rng = np.random.default_rng(seed)
    rows, cols = rng.integers(16, 60, 2)
    coarse = rng.integers(-amplitude, amplitude + 1, (2, 60 // each + 1, 60 // each + 1)) + 128
    blue, red = coarse.astype(np.uint8).repeat(each, axis=1).repeat(each, axis=2)[:, :rows, :cols]
    luma = rng.integers(120, 130, blue.shape, dtype=np.uint8)
    stream = io.BytesIO()
    Image.merge("YCbCr", [Image.fromarray(plane) for plane in (luma, blue, red)]).save(
        stream, "JPEG", quality=quality, subsampling=0, progressive=progressive, optimize=optimize
    )
    both = list(of_chroma(stream.getvalue(), step))
    assert len(both) == 2
    for plane, found in both:
        whole = slice(0, rows // 8), slice(0, cols // 8)
        blocks = plane[: rows // 8 * 8, : cols // 8 * 8].reshape(rows // 8, 8, cols // 8, 8).astype(float)
        spreads = found.spreads[whole].astype(float)
        cut = (plane == 0).any() or (plane == 255).any()  # what is cut spreads less than its coefficients say
        assert (blocks.std(axis=(1, 3)) <= np.where(spreads == 255, 256, spreads + 0.6)).all()
        # Of a size the greatest value is twice the least; of the places that one look-up passes over the greatest
        # quantizer of this table is 4.2 times the least.
        assert cut or (spreads <= 8.4 * blocks.std(axis=(1, 3)) + 4).all(), "and they say something"


def hidden(*, amplitude: float, times: int = 100) -> bytes:
    """Return a JPEG, 12 by 9 such times, whose luma is a gradient and whose chroma is a coarse pattern."""
    rng = np.random.default_rng(5)
    cols, rows = 12 * times, 9 * times
    luma = np.tile(np.linspace(30, 226, cols), (rows, 1))
    pattern = Image.fromarray(rng.integers(0, 256, (9, 12), dtype=np.uint8)).resize((cols, rows))
    chroma = 128 + amplitude * (np.asarray(pattern) / 127.5 - 1)
    stream = io.BytesIO()
    layers = [Image.fromarray(each.astype(np.uint8)) for each in (luma, chroma, 255 - chroma)]
    Image.merge("YCbCr", layers).save(stream, "JPEG", quality=92)
    return stream.getvalue()


@pytest.mark.parametrize(("times", "scale"), [(40, 1), (80, 1), (100, 2), (180, 4)])
def test_chroma_that_leaves_the_screen_is_seen_at_every_effort_and_size(times: int, scale: int) -> None:
    name = "in colours that a screen has"
    for amplitude, is_seen in ((110, True), (8, False)):
        data = hidden(amplitude=amplitude, times=times)
        for effort in ("fast", "standard", "thorough"):
            (frame,) = decode_frames(data, step_for=reduction_for, effort=effort, own_jpeg=True)
            assert frame.provenance.scale == scale
            # What is reduced is decoded whole at `thorough` in any case.
            wanted = is_seen or (effort == "thorough" and scale > 1)
            assert (name in [also.name for also in frame.also]) == wanted, (amplitude, effort)
    data = hidden(amplitude=110, times=times)
    (frame,) = decode_frames(data, step_for=reduction_for, effort="standard", own_jpeg=True)
    shown = next(also for also in frame.also if also.name == name).make()
    assert shown.pixels.shape[:2] == frame.pixels.shape
    assert (
        hash_decoded(shown, algorithm=Algorithm.PDQ).distance(hash_decoded(frame, algorithm=Algorithm.PDQ))
        > 10
    )


@pytest.mark.parametrize("own_jpeg", [True, False])
def test_a_picture_that_is_not_reduced_is_the_decoders_by_either_reader(own_jpeg: bool) -> None:
    data = hidden(amplitude=8, times=80)
    (frame,) = decode_frames(data, step_for=reduction_for, effort="standard", own_jpeg=own_jpeg)
    np.testing.assert_array_equal(frame.pixels, theirs(data, 1))
    assert "as the reference tool shrinks it" in [also.name for also in frame.also]


@pytest.mark.parametrize(("side", "has_all_bits"), [(ALL_BITS_BELOW - 1, True), (ALL_BITS_BELOW, False)])
def test_small_progressive_files_are_read_to_their_last_bit(side: int, has_all_bits: bool) -> None:
    rng = np.random.default_rng(8)
    coarse = Image.fromarray(rng.integers(0, 256, (60, 60, 3), dtype=np.uint8))
    stream = io.BytesIO()
    coarse.resize((side, side), Image.Resampling.BICUBIC).save(stream, "JPEG", quality=85, progressive=True)
    data = stream.getvalue()
    header = read_jpeg_header(data)
    assert header is not None
    means, all_bits = read_means(data, header, 2), ours(data, 2, fine=0)
    assert means is not None
    assert all_bits is not None
    assert np.array_equal(means.luma, all_bits) is has_all_bits


# -- what it leaves to others -----------------------------------------------------------------------------------


def small(**options: Any) -> bytes:
    """Return a JPEG file of 19 x 21 pixels."""
    pixels = np.random.default_rng(3).integers(0, 256, (5, 5, 3), dtype=np.uint8)
    image = (
        Image.fromarray(pixels).resize((19, 21), Image.Resampling.BICUBIC).convert(options.pop("mode", "RGB"))
    )
    stream = io.BytesIO()
    image.save(stream, "JPEG", **options)
    return stream.getvalue()


SMALL: dict[str, Callable[[], bytes]] = {
    "baseline": lambda: small(optimize=True),
    "progressive": lambda: small(progressive=True),
    "restart": lambda: small(restart_marker_blocks=1, mode="L", optimize=True),
}


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("step", [1, 2, 4, 8])
def test_no_truncated_file_is_read(name: str, step: int) -> None:
    data = SMALL[name]()
    luma = np.zeros((-(-21 // step), -(-19 // step)), np.uint8)
    assert read_luma(data, luma, step=step)
    read = [n for n in range(1, len(data)) if read_luma(data[:n], luma, step=step)]
    assert read == []


def stretches(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield where each stretch of coded bits of a file begins and ends: scans, parted by restart markers."""
    markers = [found.start() for found in re.finditer(rb"\xff[^\0\xff]", data)]
    for scan in (at for at in markers if data[at + 1] == 0xDA):
        begin = scan + 2 + struct.unpack_from(">H", data, scan + 2)[0]
        for end in (at for at in markers if at >= begin):
            yield begin, end
            if not 0xD0 <= data[end + 1] <= 0xD7:
                break
            begin = end + 2


@pytest.mark.parametrize("name", [*SMALL, "grey progressive"])
@pytest.mark.parametrize("step", [1, 2, 4, 8])
def test_no_scan_that_lacks_bytes_is_read(name: str, step: int) -> None:
    """The file goes on behind what is lost, to its end. Of a progressive one not all scans are read at every step."""
    data = small(progressive=True, mode="L") if name == "grey progressive" else SMALL[name]()
    luma = np.zeros((-(-21 // step), -(-19 // step)), np.uint8)
    n_tried = 0
    of_means = name == "progressive" or (name == "grey progressive" and step > 1)
    for begin, end in list(stretches(data))[: 1 if of_means else None]:
        n_tried += end - begin
        cut = [
            n for n in range(1, end - begin + 1) if read_luma(data[: end - n] + data[end:], luma, step=step)
        ]
        assert cut == [], f"bytes {begin} to {end}"
    assert n_tried > 5


@pytest.mark.parametrize("step", [1, 2, 4, 8])
def test_reading_ends_where_the_bits_do(step: int) -> None:
    """Not where the picture does: what stands in memory behind them is no part of the file."""
    pixels = np.random.default_rng(5).integers(0, 256, (4096, 16), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG")
    data = stream.getvalue()
    ((begin, end),) = stretches(data)
    luma, rows = np.zeros((4096 // step, 16 // step), np.uint8), []
    assert read_luma(data, luma, step=step, between=lambda: rows.append(1), n_blocks=1)
    assert len(rows) >= 512
    rows.clear()
    cut = data[: begin + 60] + data[end:]
    assert not read_luma(cut, luma, step=step, between=lambda: rows.append(1), n_blocks=1)
    assert len(rows) < 20


def changes(data: bytes) -> Iterator[bytes]:
    """Yield a file with one byte changed: every bit of it turned, and all of them set and cleared."""
    for at in range(2, len(data)):
        for value in {data[at] ^ 1 << bit for bit in range(8)} | {0, 255}:
            yield data[:at] + bytes([value]) + data[at + 1 :]


@pytest.mark.parametrize("name", SMALL)
def test_what_is_read_of_a_changed_file_is_what_the_decoder_reads(name: str) -> None:
    lumas = {step: np.zeros((-(-21 // step), -(-19 // step)), np.uint8) for step in (1, 2, 4, 8)}
    n_read = 0
    for changed in changes(SMALL[name]()):
        read = [step for step, luma in lumas.items() if read_luma(changed, luma, step=step)]
        n_read += 8 in read
        for step in (1, 8):
            if read:
                decoded = theirs(changed, step)  # which would raise
            if step in read:
                np.testing.assert_array_equal(lumas[step], decoded)
    assert n_read > 100, "many a change gives another picture"


@cache
def parts_of(data: bytes) -> tuple[int, int]:
    """Return where a file's frame header and its first scan stand."""
    return next(at for at in (data.find(b"\xff\xc0"), data.find(b"\xff\xc2")) if at > 0), data.index(
        b"\xff\xda"
    )


def irregular() -> dict[str, bytes]:
    """Return files that a decoder may read and this reader leaves to it."""
    data, progressive = small(), small(progressive=True)
    frame, scan = parts_of(data)
    n_scan = 2 + struct.unpack_from(">H", data, scan + 2)[0]
    second = progressive.index(b"\xff\xda", progressive.index(b"\xff\xda") + 2)
    third = progressive.index(b"\xff\xda", second + 2)
    adobe = b"\xff\xee\x00\x0eAdobe\0\x64\0\0\0\0"
    named = small(keep_rgb=True)
    said = named.index(b"\xff\xee\x00\x0eAdobe")
    return {
        "no picture": b"\xff\xd8\xff\xd9",
        "not a JPEG": b"GIF89a" + data[6:],
        "arithmetic coding": data[:frame] + b"\xff\xc9" + data[frame + 2 :],
        "lossless": data[:frame] + b"\xff\xc3" + data[frame + 2 :],
        "12 bits": data[: frame + 4] + b"\x0c" + data[frame + 5 :],
        "no lines yet": data[: frame + 5] + b"\0\0" + data[frame + 7 :],
        "two frames": data[:frame] + data[frame : frame + 19] + data[frame:],
        "fill between segments": data[:frame] + b"\xff" + data[frame:],
        "bytes behind the scan": data[:-2] + b"\0" + data[-2:],
        "fill behind the scan": data[:-2] + b"\xff" + data[-2:],
        "a restart marker nobody announced": data[:-2] + b"\xff\xd0" + data[-2:],
        "a scan more": data[:-2] + data[scan:],
        "no tables": data[: data.index(b"\xff\xc4")] + data[scan:],
        "no quantizers": data[: data.index(b"\xff\xdb")] + data[frame:],
        "red, green and blue by Adobe": data[:2] + adobe + b"\0" + data[2:],
        "red, green and blue by name": named[:said] + named[said + 16 :],
        "without the last bits of luma": progressive[: progressive.rindex(b"\xff\xda")] + b"\xff\xd9",
        "four inks": small(mode="CMYK"),
        "spectral selection in a sequential scan": data[: scan + n_scan - 3]
        + b"\1"
        + data[scan + n_scan - 2 :],
        "the same scan twice": progressive[:second] + progressive[second:third] + progressive[second:],
        "a scan too few": progressive[:second] + progressive[third:],
        "more scans than anybody makes": progressive[:second]
        + progressive[second:third] * 40
        + progressive[second:],
    }


@pytest.mark.parametrize("what", irregular())
@pytest.mark.parametrize("step", [1, 2, 4, 8])
def test_what_is_irregular_is_left_to_others(what: str, step: int) -> None:
    luma = np.zeros((-(-21 // step), -(-19 // step)), np.uint8)
    assert read_luma(irregular()[what], luma, step=step) is False


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", 2 + len(body)) + body


def code(kind: int, *symbols: int) -> bytes:
    """Return the segment of a table whose symbols are "0", "10", "110" and so on."""
    counts = bytes([1] * len(symbols) + [0] * (16 - len(symbols)))
    return segment(0xC4, bytes([kind << 4]) + counts + bytes(symbols))


def coded(bits: str) -> bytes:
    """Return bits as they stand in a scan: filled up with ones, and a zero behind each byte of them."""
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")


def begun(marker: int, cols: int, rows: int, n: int = 1) -> bytes:
    """Return the start of a file of so many components, all quantizers 1."""
    components = b"".join(bytes([each, 0x11, 0]) for each in range(1, n + 1))
    frame = struct.pack(">BHHB", 8, rows, cols, n) + components
    return b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64) + segment(marker, frame)


def in_scans(n: int) -> bytes:
    """Return a progressive file, 19 x 21, all grey, in so many scans: the means, then all other coefficients."""
    starts = [*range(n), 64]
    scans = (
        segment(0xDA, bytes([1, 1, 0, start, 0 if start == 0 else after - 1, 0])) + coded("0" * 9)
        for start, after in pairwise(starts)
    )
    return begun(0xC2, 19, 21) + code(0, 0) + code(1, 0) + b"".join(scans) + b"\xff\xd9"


@pytest.mark.parametrize("step", [1, 2, 4, 8])
def test_scans_are_counted_before_they_are_read(step: int) -> None:
    """Each of them passes over a block once: 64 times the work for a file of the same picture."""
    luma = np.zeros((-(-21 // step), -(-19 // step)), np.uint8)
    assert read_luma(in_scans(32), luma, step=step)
    assert (luma == 128).all()
    for n in (33, 40, 64):
        assert (theirs(in_scans(n), step) == 128).all(), "a decoder reads it"
        assert read_luma(in_scans(n), luma, step=step) is False


def of_means(*differences: list[int]) -> bytes:
    """Return a file of one row of blocks, flat each, from what each mean of each component adds to the one before."""
    bits = ""
    for unit in zip(*differences, strict=True):
        for each in unit:
            assert each == 0 or 1024 <= abs(each) < 2048  # of eleven bits
            bits += "0" if each == 0 else f"10{each if each > 0 else each + 2047:011b}"
            bits += "0"  # and no other coefficient
    n = len(differences)
    scan = bytes([n, *(part for each in range(n) for part in (each + 1, 0)), 0, 63, 0])
    tables = code(0, 0, 11) + code(1, 0)
    frame = begun(0xC0, 8 * len(differences[0]), 8, n)
    return frame + tables + segment(0xDA, scan) + coded(bits) + b"\xff\xd9"


@pytest.mark.parametrize("step", [1, 2, 4, 8])
def test_means_beyond_what_eight_bits_have_are_left_to_others(step: int) -> None:
    rest = [0] * 39
    luma = np.zeros((8 // step, 40 * 8 // step), np.uint8)
    for mean, grey in ((2047, 255), (-2047, 0), (-1024, 0), (1024, 255)):
        assert read_luma(of_means([mean, *rest]), luma, step=step)
        assert (luma == grey).all(), mean
    assert not read_luma(of_means([2047, 1024, *rest[1:]]), luma, step=step)
    assert not read_luma(of_means([-2047, -1024, *rest[1:]]), luma, step=step)
    # Of chroma, of which nothing else is looked at here; behind 33 blocks sixteen bits have come round to a usual mean.
    for chroma in ([2047] * 33, [-2047] * 33, [2047, 1024], [-2047, -1024]):
        beyond = [*chroma, *[0] * (40 - len(chroma))]
        for three in ([[0] * 40, beyond, [0] * 40], [[0] * 40, [0] * 40, beyond]):
            assert not read_luma(of_means(*three), luma, step=step)
    assert read_luma(of_means([0] * 40, [2047, *rest], [-2047, *rest]), luma, step=step)


def test_luma_coarser_than_chroma_is_left_to_others() -> None:
    """One block of luma for two of each chroma, all grey: such files are rare, and decoders enlarge their luma."""
    stream = io.BytesIO()
    Image.new("RGB", (8, 16), (128, 128, 128)).save(stream, "JPEG", subsampling=0)
    data = stream.getvalue()
    frame, scan = parts_of(data)
    luma = np.zeros((2, 1), np.uint8)
    assert read_luma(data, luma, step=8) and luma.tolist() == [[128], [128]]
    sampled = bytearray(data[: scan + 2 + struct.unpack_from(">H", data, scan + 2)[0]])
    sampled[frame + 11], sampled[frame + 14], sampled[frame + 17] = 0x11, 0x12, 0x12
    # A mean that stays and an end: 00 and 1010 of luma, 00 and 00 of chroma, by the tables of every encoder.
    codes = "00" + "1010" + 4 * "0000" + "11"
    coarse = bytes(sampled) + int(codes, 2).to_bytes(3, "big") + b"\xff\xd9"
    with Image.open(io.BytesIO(coarse)) as image:
        assert image.convert("L").getextrema() == (128, 128)
    assert read_luma(coarse, luma[:1], step=8) is False and read_luma(coarse, luma, step=8) is False


@given(tail=st.binary(max_size=300), step=st.sampled_from([1, 2, 4, 8]))
def test_any_bytes_are_read_or_left(tail: bytes, step: int) -> None:
    assert read_luma(b"\xff\xd8" + tail, np.zeros((3, 3), np.uint8), step=step) in (True, False)


def test_another_size_than_the_files_is_left() -> None:
    data = small()
    assert read_luma(data, np.zeros((3, 3), np.uint8), step=8)
    for shape in ((21, 19), (3, 4), (2, 3)):
        assert not read_luma(data, np.zeros(shape, np.uint8), step=8)


# -- between ----------------------------------------------------------------------------------------------------


def test_a_deadline_ends_the_reading_between_rows() -> None:
    for name in ("baseline", "progressive"):
        ticks = iter(range(1000))
        deadline = Deadline.after(1e-9, clock=lambda ticks=ticks: next(ticks))  # type: ignore[misc]
        with pytest.raises(DeadlinePassed):
            read_luma(SMALL[name](), np.zeros((3, 3), np.uint8), step=8, between=deadline.check, n_blocks=1)


def test_the_wrapper_refuses_what_it_cannot_fill() -> None:
    data, luma = small(), np.zeros((3, 3), np.uint8)
    for step in (0, 3, 16):
        with pytest.raises(ValueError, match="step of 1, 2, 4 or 8"):
            read_luma(data, luma, step=step)
    with pytest.raises(ValueError, match="0 bytes"):
        read_luma(b"", luma, step=8)
    with pytest.raises(ValueError, match="0 x 3 samples"):
        read_luma(data, luma[:0], step=8)
    with pytest.raises(ValueError, match="0 blocks"):
        read_luma(data, luma, step=8, n_blocks=0)
    with pytest.raises(ValueError, match="levels"):
        read_luma(data, luma, step=8, level=99)
    for shapes in (((2, 1, 1), None), ((1, 1, 1), (2, 1, 1)), ((2, 0, 1), (2, 0, 1))):
        blue, red = (None if shape is None else np.zeros(shape, np.uint8) for shape in shapes)
        with pytest.raises(ValueError, match=r"of both kinds|two samples"):
            read_luma(data, luma, step=8, blue=blue, red=red)
    for wrong in (luma.astype(np.int16), luma[:, ::2], luma[0]):
        with pytest.raises(ValueError, match=r"Buffer|contiguous"):
            read_luma(data, wrong, step=8)  # type: ignore[arg-type]
    luma.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        read_luma(data, luma, step=8)
