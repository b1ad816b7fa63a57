"""Rows unfiltered by us are the library's own, and whatever is not whole is left to it."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import numpy.typing as npt
import pytest
from colour_files import chunk
from hypothesis import given
from hypothesis import strategies as st
from pictures_made import made
from PIL import Image

from safehash._rows import ROOM, unfilter
from safehash.errors import ImageError
from safehash.images import png as png_reader
from safehash.images import png_whole
from safehash.images.decoding import decode

UInt8Array = npt.NDArray[np.uint8]


def undone(rows: UInt8Array, filters: list[int], pixel: int, above: UInt8Array) -> UInt8Array:
    """Undo filters byte by byte, as the specification writes them."""
    out = np.zeros((len(rows) + 1, rows.shape[1]), np.int64)
    out[0] = above
    for r, kind in enumerate(filters, 1):
        for i in range(rows.shape[1]):
            a, b = (int(out[r, i - pixel]) if i >= pixel else 0), int(out[r - 1, i])
            c = int(out[r - 1, i - pixel]) if i >= pixel else 0
            p = a + b - c
            nearest = min((a, b, c), key=lambda each: abs(p - each))
            predicted = (0, a, b, (a + b) // 2, nearest)[kind]
            out[r, i] = (int(rows[r - 1, i]) + predicted) % 256
    return out[1:].astype(np.uint8)


@given(
    pixel=st.sampled_from([1, 2, 3, 4, 6, 8]),
    cols=st.integers(1, 9),
    filters=st.lists(st.integers(0, 4), max_size=7),
    seed=st.integers(0, 99),
)
def test_filters_are_undone_as_the_specification_says(
    pixel: int, cols: int, filters: list[int], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    n_bytes = cols * pixel
    rows = rng.integers(0, 256, (len(filters), n_bytes), np.uint8)
    above = rng.integers(0, 256, n_bytes, np.uint8)
    data = bytearray(np.column_stack([np.array(filters, np.uint8), rows]).tobytes() + bytes(ROOM))
    room = above.tobytes() + bytes(ROOM)
    assert unfilter(data, rows=len(filters), n_bytes=n_bytes, pixel=pixel, above=room) == len(filters)
    found = np.frombuffer(data[: len(data) - ROOM], np.uint8).reshape(len(filters), 1 + n_bytes)[:, 1:]
    assert np.array_equal(found, undone(rows, filters, pixel, above))
    assert bytes(data[len(data) - ROOM :]) == bytes(ROOM)


def test_a_row_of_an_unknown_filter_is_where_it_stops() -> None:
    data = bytearray(b"\0\1\2\3" + b"\5\1\2\3" + bytes(ROOM))
    assert unfilter(data, rows=2, n_bytes=3, pixel=3, above=bytes(3 + ROOM)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"rows": 3},
        {"rows": -1},
        {"n_bytes": 0},
        {"n_bytes": 1 << 60},
        {"pixel": 0},
        {"pixel": 2},
        {"pixel": 5, "n_bytes": 5},
        {"pixel": 7, "n_bytes": 7},
        {"pixel": 9, "n_bytes": 9},
        {"above": b""},
    ],
)
def test_sizes_that_contradict_each_other_are_refused(change: dict[str, int | bytes]) -> None:
    whole: dict[str, int | bytes] = {"rows": 2, "n_bytes": 3, "pixel": 3, "above": bytes(3 + ROOM)}
    with pytest.raises(ValueError, match=r"bytes|picture"):
        unfilter(bytearray(2 * 4 + ROOM), **(whole | change))  # type: ignore[arg-type]


# -- whole files ------------------------------------------------------------------------------------------------


def deep_png(mode: str) -> bytes:
    """A picture of 16 bits a sample, every filter in it, which the imaging library does not write."""
    n_bands, colour = {"L": (1, 0), "LA": (2, 4), "RGB": (3, 2), "RGBA": (4, 6)}[mode]
    samples = np.random.default_rng(1).integers(0, 256, (60, 2 * n_bands * 80), np.uint8)
    rows = np.column_stack([np.arange(60, dtype=np.uint8) % 5, samples]).tobytes()
    header = struct.pack(">IIBBBBB", 80, 60, 16, colour, 0, 0, 0)
    parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def pngs() -> dict[str, bytes]:
    image = Image.fromarray(made(1, 60, 80))
    alpha = image.copy()
    alpha.putalpha(image.convert("L"))
    grey = image.convert("L")
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    forms = {"grey": grey, "colour": image, "alpha": alpha, "palette": image.quantize(200)}
    forms |= {"grey and alpha": alpha.convert("LA"), "one bit": image.convert("1"), "deep": deep}
    files = {f"{mode} of 16 bits": deep_png(mode) for mode in ("L", "LA", "RGB", "RGBA")}
    for name, form in forms.items():
        stream = io.BytesIO()
        form.save(stream, "PNG")
        files[name] = stream.getvalue()
    stream = io.BytesIO()
    image.save(stream, "PNG", transparency=(1, 2, 3))
    return files | {"colour with a key": stream.getvalue()}


def outcome(data: bytes) -> object:
    try:
        decoded = decode(data)
    except ImageError as exc:
        return type(exc), str(exc)
    return decoded.pixels.tobytes(), decoded.provenance, tuple(also.name for also in decoded.also)


@pytest.fixture
def by_library(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setattr(png_reader, "unpacked", lambda image, packed: None)
    return monkeypatch


@pytest.mark.parametrize("name", pngs())
def test_the_library_decodes_the_same(name: str, by_library: pytest.MonkeyPatch) -> None:
    data = pngs()[name]
    wanted = outcome(data)
    taken = []

    def watched(image: Image.Image, packed: bytes) -> object:
        taken.append(png_whole.unpacked(image, packed))
        return taken[-1]

    by_library.setattr(png_reader, "unpacked", watched)
    assert outcome(data) == wanted
    assert [each is not None for each in taken] == [name != "one bit"]


@given(
    name=st.sampled_from(sorted(pngs())),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=3),
    length=st.floats(0.2, 1),
)
def test_damage_has_the_same_outcome(name: str, changes: list[tuple[float, int]], length: float) -> None:
    data = bytearray(pngs()[name])
    for place, value in changes:
        data[33 + int(place * (len(data) - 33))] = value
    del data[max(34, int(length * len(data))) :]
    found = outcome(bytes(data))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(png_reader, "unpacked", lambda image, packed: None)
        assert outcome(bytes(data)) == found


def test_strips_join_where_they_meet(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pngs()["colour"]
    wanted = outcome(data)
    for n_bytes in (1, 241, 1000):
        monkeypatch.setattr(png_whole, "_STRIP", n_bytes)
        assert outcome(data) == wanted


def test_pixels_in_many_parts_are_joined() -> None:
    header = struct.pack(">IIBBBBB", 80, 60, 8, 2, 0, 0, 0)
    packed = zlib.compress(np.pad(made(1, 60, 80).reshape(60, -1), ((0, 0), (1, 0))).tobytes())
    parts = b"".join(chunk(b"IDAT", packed[at : at + 7]) for at in range(0, len(packed), 7))
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + parts + chunk(b"IEND", b"")
    assert np.array_equal(decode(data).pixels, made(1, 60, 80))
