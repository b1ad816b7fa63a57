"""TIFF samples: every depth, format, predictor, layout and interpretation gives the picture it was made of."""

from __future__ import annotations

import io
import struct
import warnings
from typing import Any

import numpy as np
import pytest
from corpus_tiff import TiffFile, tiff_corpus
from hypothesis import given
from hypothesis import strategies as st
from pictures_made import made
from PIL import Image
from tiff_files import tiff

from safehash.errors import ImageError, ImageTooLarge, UnreadableImage, UnsupportedImage
from safehash.hashing.compute import hash_array, hash_decoded, reduction_for
from safehash.hashing.hashes import Algorithm
from safehash.images.decoding import decode, decode_frames
from safehash.images.limits import Limits
from safehash.images.tiff_header import read_pages

FILES = list(tiff_corpus(44, 56))
ONE = made(1, 44, 56)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_kind_is_the_picture_it_was_made_of(file: TiffFile) -> None:
    (frame,) = decode_frames(file.data, step_for=reduction_for)
    pixels = frame.pixels if frame.pixels.ndim == 3 else np.repeat(frame.pixels[..., None], 3, axis=2)
    # What is stored in few bits, or shares its chroma, is no nearer.
    coarse = "shared" in file.name or "5, 6 and 5" in file.name
    assert np.abs(pixels.astype(int) - file.shown).mean() <= (6 if coarse else 1)
    own = hash_decoded(frame, algorithm=Algorithm.PDQ)
    assert own.distance(hash_array(np.ascontiguousarray(file.shown))) <= (10 if coarse else 6)


@given(data=st.data())
def test_any_layout_gives_the_samples_back(data: st.DataObject) -> None:
    rows, cols = data.draw(st.integers(5, 40)), data.draw(st.integers(5, 40))
    n_bits = data.draw(st.sampled_from([1, 2, 3, 4, 5, 7, 8, 11, 12, 16]))
    colour = data.draw(st.booleans())
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    samples = rng.integers(0, 1 << n_bits, (rows, cols, 3 if colour else 1)).astype(np.uint16)
    compression = data.draw(st.sampled_from([1, 5, 8, 32773, 32946]))
    tile = data.draw(st.sampled_from([None, (16, 16), (32, 16)]))
    written = tiff(
        samples, n_bits, 2 if colour else 1,
        order=data.draw(st.sampled_from("<>")), is_big=data.draw(st.booleans()), compression=compression,
        predictor=data.draw(st.sampled_from([1, 2])) if n_bits in (8, 16) else 1,
        planar=colour and data.draw(st.booleans()), tile=tile,
        rows_per_strip=None if tile else data.draw(st.integers(1, rows)),
        fill_order=data.draw(st.sampled_from([1, 2])),
    )  # fmt: skip
    pixels = decode(written).pixels.reshape(rows, cols, -1)
    wanted = np.rint(samples * (255 / ((1 << n_bits) - 1)))
    assert np.abs(pixels.astype(int) - wanted).max() <= (1 if n_bits == 16 else 0)


def by_the_library(data: bytes) -> Any:
    """Return what the imaging library reads of a file in colour, or None."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(io.BytesIO(data)) as image:
                return None if image.mode.startswith("I;16") else np.asarray(image.convert("RGB"), int)
        except (OSError, ValueError):
            return None


def test_the_library_agrees_where_it_reads_a_file_rightly() -> None:
    n_compared = 0
    for file in FILES:
        theirs = by_the_library(file.data)
        if theirs is None or file.others != "agree" or "alpha" in file.name or "inks" in file.name:
            continue
        if np.abs(theirs - file.shown).mean() <= 1:
            n_compared += 1
            pixels = decode(file.data).pixels
            ours = pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
            assert np.abs(ours - theirs).max() <= 2, file.name
    assert n_compared >= 60


def test_viewers_that_read_samples_otherwise_are_looked_up() -> None:
    signed = tiff((ONE.astype(np.int16) - 90) * 100, 16, 2)
    assert [also.name for also in decode(signed).also] == [
        "with signed samples taken as unsigned",
        "clipped at 255",
    ]
    floats = tiff((ONE / 51).astype(np.float32), 32, 2)
    assert [also.name for also in decode(floats).also] == ["clipped at 1"]
    clipped = decode(floats).also[0].make().pixels
    np.testing.assert_array_equal(clipped, np.minimum(np.rint(ONE / 51 * 255), 255))
    unnamed = tiff(np.dstack([ONE, ONE[..., 0]]), 8, 2, extra=[(338, "H", [0])])
    decoded = decode(unnamed)
    np.testing.assert_array_equal(decoded.pixels, ONE)
    assert [also.name for also in decoded.also] == ["with its last sample as alpha"]


def test_pages_are_read_once_each_however_they_are_chained() -> None:
    def chained(n_pages: int, last: int) -> bytes:
        """Write directories one behind the other; the last points to the one named."""
        body = b"II*\0" + struct.pack("<I", 8)
        size = 2 + 12 + 4
        for number in range(n_pages):
            following = 8 + size * (number + 1) if number < n_pages - 1 else last
            body += struct.pack("<HHHIII", 1, 256, 4, 1, number, following)
        return body

    assert len(list(read_pages(chained(5, 0)))) == 5
    assert len(list(read_pages(chained(5, 8)))) == 5  # a loop
    assert len(list(read_pages(chained(5, 10**6)))) == 5
    with pytest.raises(UnreadableImage, match="no directory"):
        list(read_pages(b"II*\0\xff\xff\xff\xff"))


def test_what_is_missing_is_transparent() -> None:
    data = bytearray(tiff(ONE, 8, 2, rows_per_strip=11))
    entry = data.index(struct.pack("<HHI", 279, 4, 4))
    at = struct.unpack_from("<I", data, entry + 8)[0]
    struct.pack_into("<I", data, at + 4, 5 * 56 * 3)  # of the second strip five rows
    decoded = decode(bytes(data))
    assert decoded.provenance.truncated and decoded.provenance.transparent
    there = np.ones(44, bool)
    there[16:22] = False
    np.testing.assert_array_equal(decoded.pixels[there], ONE[there])
    assert decoded.pixels[~there].min() == 255


def test_a_plane_beyond_the_colours_may_be_missing() -> None:
    data = bytearray(tiff(np.dstack([ONE, ONE[..., :1]]), 8, 2, planar=True, extra=[(338, "H", [0])]))
    entry = data.index(struct.pack("<HHI", 279, 4, 4))
    at = struct.unpack_from("<I", data, entry + 8)[0]
    struct.pack_into("<I", data, at + 12, 0)
    decoded = decode(bytes(data))
    np.testing.assert_array_equal(decoded.pixels, ONE)
    assert not decoded.provenance.truncated


def test_limits_and_nonsense() -> None:
    plain = tiff(ONE, 8, 2)
    with pytest.raises(ImageTooLarge):
        decode(plain, limits=Limits(max_pixels=44 * 56 - 1))
    for extra, kind, what in (
        ([(339, "H", [5, 5, 5])], UnsupportedImage, "sample format 5"),
        ([(258, "H", [0, 0, 0])], UnreadableImage, "samples of"),
        ([(277, "H", [0])], UnreadableImage, "of 0 samples"),
        ([(332, "H", [2]), (262, "H", [5]), (277, "H", [3])], UnsupportedImage, "3 samples where"),
    ):
        with pytest.raises(kind, match=what):
            decode(tiff(ONE, 8, 2, extra=extra))


@given(data=st.data())
def test_any_directory_has_an_outcome(data: st.DataObject) -> None:
    file = data.draw(st.sampled_from(FILES))
    blob = bytearray(file.data)
    at = struct.unpack_from("<I" if blob[:2] == b"II" else ">I", blob, 4)[0]
    for _ in range(data.draw(st.integers(1, 5))):
        where = data.draw(st.integers(min(at, len(blob) - 1), len(blob) - 1))
        blob[where] = data.draw(st.integers(0, 255))
    outcome: Any = None
    try:
        outcome = decode(bytes(blob), limits=Limits(max_pixels=1 << 20))
    except ImageError as exc:
        outcome = exc
    assert outcome is not None
