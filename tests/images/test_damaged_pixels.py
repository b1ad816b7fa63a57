"""WebP and AVIF files whose coded pixels are damaged are looked up as far as a browser shows them."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from itertools import count, islice

import numpy as np
import pytest
from pictures_made import made
from PIL import Image

from attacks import png_chunk
from safehash.errors import DeadlinePassed, ImageTooLarge, UnreadableImage
from safehash.images import avif_ends, png_rows, webp, webp_ends
from safehash.images.deadline import Deadline
from safehash.images.decoding import decode, decode_frames
from safehash.images.limits import Limits

ROWS, COLS = 80, 104


def saved(form: str, *pictures: np.ndarray, **options: object) -> bytes:
    stream = io.BytesIO()
    images = [Image.fromarray(each) for each in pictures]
    more = {"save_all": True, "append_images": images[1:], "duration": 100} if len(images) > 1 else {}
    images[0].save(stream, form, **{"quality": 90, **more, **options})
    return stream.getvalue()


def clear(seed: int) -> np.ndarray:
    ramp = np.tile(np.linspace(60, 255, COLS).astype(np.uint8), (ROWS, 1))
    return np.dstack([made(seed, ROWS, COLS), ramp])


def short(data: bytes, kind: bytes, share: float) -> bytes:
    """Return a WebP file with a share of its coded pixels, all lengths as if that was all."""
    at = data.index(kind)
    length = int.from_bytes(data[at + 4 : at + 8], "little")
    kept = round(length * share) // 2 * 2
    body = data[8:at] + kind + struct.pack("<I", kept) + data[at + 8 : at + 8 + kept]
    body += data[at + 8 + length + length % 2 :]
    return b"RIFF" + struct.pack("<I", len(body)) + body


WEBP = {
    "lossy": (saved("WEBP", made(1, ROWS, COLS)), b"VP8 "),
    "lossless": (saved("WEBP", made(1, ROWS, COLS), lossless=True), b"VP8L"),
    "lossy, alpha": (saved("WEBP", clear(1), exact=True), b"VP8 "),
    "lossy, not smoothed": (
        saved("WEBP", made(1, ROWS, COLS), quality=100),
        b"VP8 ",
    ),
    "lossless, alpha": (saved("WEBP", clear(1), lossless=True, exact=True), b"VP8L"),
}


def on_white(data: bytes) -> np.ndarray:
    return decode(data).pixels.astype(int)


@pytest.mark.parametrize("name", WEBP)
@pytest.mark.parametrize("share", [0.4, 0.6, 0.8, 0.97])
def test_rows_of_a_webp_before_its_damage_are_seen_and_white_behind(name: str, share: float) -> None:
    data, kind = WEBP[name]
    damaged = short(data, kind, share)
    with pytest.raises(OSError, match="failed to read next frame"):
        Image.open(io.BytesIO(damaged)).load()
    found = decode(damaged)
    whole, part = on_white(data), found.pixels.astype(int)
    assert found.provenance.truncated
    shown = int((part != 255).any((1, 2)).nonzero()[0].max()) + 1
    assert shown % 16 == (0 if kind == b"VP8L" else 15 if "not smoothed" in name else 7)
    assert 16 * (ROWS * share // 16 - 2) <= shown < ROWS
    assert np.array_equal(part[:shown], whole[:shown])
    assert (part[shown:] == 255).all()


@pytest.mark.parametrize("name", WEBP)
def test_nothing_is_seen_of_a_webp_that_is_damaged_within_its_first_rows(name: str) -> None:
    data, kind = WEBP[name]
    with pytest.raises(UnreadableImage):
        decode(short(data, kind, 0.05))


def test_codes_that_mean_nothing_end_a_lossless_webp(monkeypatch: pytest.MonkeyPatch) -> None:
    # Few colours: codes name pixels of before, and damaged ones name pixels that there are not.
    data, kind = saved("WEBP", made(1, ROWS, COLS) // 64 * 64, lossless=True), b"VP8L"
    at = data.index(kind) + 8
    rng = np.random.default_rng(3)
    n_searched = 0
    original = webp._most_kept

    def counted(*args: object) -> object:
        nonlocal n_searched
        n_searched += 1
        return original(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(webp, "_most_kept", counted)
    whole = on_white(data)
    for _ in range(60):
        begin = int(rng.integers(at + (len(data) - at) * 3 // 4, len(data) - 80))
        part = on_white(data[:begin] + rng.bytes(64) + data[begin + 64 :])
        assert np.array_equal(part[:48], whole[:48])
    assert n_searched > 3  # of which zeros behind the codes made no picture


@pytest.mark.parametrize("name", WEBP)
def test_a_frame_of_an_animation_is_read_as_far_as_it_goes(name: str) -> None:
    data, kind = WEBP[name]
    frame = data[data.index(kind) :]
    frame = frame[: 8 + int.from_bytes(frame[4:8], "little")]
    if kind == b"VP8 " and "alpha" in name:
        at = data.index(b"ALPH")
        frame = data[at : data.index(kind)] + frame
    head = bytes(6) + b"".join((side - 1).to_bytes(3, "little") for side in (COLS, ROWS)) + b"\x64\0\0\0"
    content = head + frame
    parts = b"VP8X\x0a\0\0\0\x12\0\0\0" + head[6:12] + b"ANIM\6\0\0\0" + bytes(6)
    parts += b"ANMF" + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)
    animated = b"RIFF" + struct.pack("<I", 4 + len(parts)) + b"WEBP" + parts
    assert np.array_equal(on_white(animated), on_white(data))
    damaged = short(animated, b"VP8 ", 0.7) if kind == b"VP8 " else short(animated, b"VP8L", 0.7)
    cut = len(animated) - len(damaged)
    at = damaged.index(b"ANMF") + 4
    damaged = damaged[:at] + struct.pack("<I", len(content) - cut) + damaged[at + 4 :]
    (found,) = decode_frames(damaged)
    assert found.provenance.truncated
    assert np.array_equal(found.pixels[:16].astype(int), on_white(data)[:16])


def test_zeros_are_added_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    data, _ = WEBP["lossless"]
    longer = webp_ends.lengthened(data)
    assert longer is not None
    assert len(longer) - len(data) <= ROWS * COLS + 4096 + 2
    assert webp_ends.lengthened(data[:12]) is None
    animated = saved("WEBP", *(made(seed, ROWS, COLS) for seed in range(1, 9)))
    monkeypatch.setattr(webp_ends, "_MOST_ADDED", 3 * (ROWS * COLS + 4096))
    bounded = webp_ends.lengthened(animated)
    assert bounded is not None
    assert len(bounded) - len(animated) <= webp_ends._MOST_ADDED


def test_what_is_compared_has_to_fit_the_limit() -> None:
    data, kind = WEBP["lossy"]
    damaged = short(data, kind, 0.6)
    # Of 44 bytes a pixel, measured, a third is what lies above the limit.
    for bytes_a_pixel, passes in ((15, False), (32, False), (33, True)):
        limits = Limits(max_decoded_bytes=ROWS * COLS * bytes_a_pixel)
        decode(data, limits=limits)
        if passes:
            assert decode(damaged, limits=limits).provenance.truncated
            continue
        with pytest.raises(ImageTooLarge, match="damaged"):
            decode(damaged, limits=limits)


def is_decoded_in(data: bytes, n_steps: int) -> bool:
    """Tell whether a file is decoded before the deadline has been looked at so often."""
    deadline = Deadline.after(n_steps * 1e-9, clock=count(1).__next__)
    try:
        list(decode_frames(data, deadline=deadline))
    except DeadlinePassed:
        return False
    return True


def test_a_search_for_the_damage_ends_at_the_deadline() -> None:
    data, kind = WEBP["lossless"]
    n_steps = next(n for n in range(1, 99) if is_decoded_in(data, n))
    damaged = short(data, kind, 0.6)
    assert not is_decoded_in(damaged, n_steps)
    assert is_decoded_in(damaged, n_steps + 20)


# -- AVIF -----------------------------------------------------------------------------------------------------


def damaged_avif(data: bytes, read: Callable[[bytes], int], wanted: int, seed: int = 0) -> Iterator[bytes]:
    """Yield files with a byte changed in the last third, of which the library reads so many frames."""
    rng = np.random.default_rng(seed)
    for _ in range(600):
        at = int(rng.integers(len(data) * 2 // 3, len(data)))
        changed = data[:at] + bytes([data[at] ^ 1 << int(rng.integers(8))]) + data[at + 1 :]
        if read(changed) == wanted:
            yield changed


def n_read(data: bytes) -> int:
    try:
        with Image.open(io.BytesIO(data)) as image:
            n_frames = getattr(image, "n_frames", 1)
            for frame in range(n_frames):
                image.seek(frame)
                try:
                    image.load()
                except (RuntimeError, OSError):
                    return frame
    except OSError:
        return -1
    return n_frames


def test_an_avif_is_seen_to_its_end_whatever_its_codes_have_become() -> None:
    data = saved("AVIF", made(1, ROWS, COLS), subsampling="4:2:0", speed=10)
    whole = on_white(data)
    n_seen = 0
    for damaged in islice(damaged_avif(data, n_read, 0), 12):
        found = decode(damaged)
        n_seen += 1
        assert found.provenance.truncated
        assert np.abs(found.pixels[: ROWS // 4].astype(int) - whole[: ROWS // 4]).mean() < 8
    assert n_seen > 10


def test_alpha_of_an_avif_is_seen_to_its_end() -> None:
    data = saved("AVIF", clear(1), subsampling="4:2:0", speed=10)
    n_seen = sum(decode(each).provenance.truncated for each in islice(damaged_avif(data, n_read, 0), 8))
    assert n_seen > 5


def test_frames_behind_a_damaged_one_of_an_avif_are_looked_at() -> None:
    data = saved("AVIF", *(made(seed, ROWS, COLS) for seed in (1, 2, 3)), subsampling="4:2:0", speed=10)
    n_seen = 0
    for wanted in (1, 2):
        for damaged in islice(damaged_avif(data, n_read, wanted), 6):
            frames = list(decode_frames(damaged))
            n_seen += 1
            assert len(frames) == 3
            assert [each.provenance.truncated for each in frames] == [each >= wanted for each in range(3)]
    assert n_seen > 5


def test_a_box_that_names_one_place_over_and_over_adds_no_more_than_a_file_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = saved("AVIF", clear(1), speed=10)
    assert avif_ends.lengthened(data) is not None
    monkeypatch.setattr(avif_ends, "_MOST_ADDED", 0)
    monkeypatch.setattr(avif_ends, "_MOST_MORE", len(data) // 2)
    assert avif_ends.lengthened(data) is None


def box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def unit(kind: int, body: bytes) -> bytes:
    return bytes([kind << 3 | 2]) + avif_ends._as_number(len(body)) + body


def items(places: list[tuple[int, int]], coded: bytes) -> bytes:
    """Return a file whose items stand at places within what is coded, with their lengths."""
    entries = [struct.pack(">HHHII", number, 0, 1, 8 + at, n) for number, (at, n) in enumerate(places, 1)]
    iloc = box(b"iloc", b"\0\0\0\0\x44\0", struct.pack(">H", len(places)), *entries)
    return box(b"mdat", coded) + box(b"meta", bytes(4), iloc)


def looked_at(data: bytes, monkeypatch: pytest.MonkeyPatch) -> tuple[bytes | None, list[int]]:
    """Return a file lengthened, and how long each of the pictures was that were looked at for it."""
    lengths: list[int] = []
    plainly = avif_ends._longer

    def told(coded: bytes) -> tuple[bytes | None, int]:
        lengths.append(len(coded))
        return plainly(coded)

    monkeypatch.setattr(avif_ends, "_longer", told)
    return avif_ends.lengthened(data), lengths


def test_items_of_one_place_are_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """2 400 items that cannot be lengthened, of a file of 1 MB, took 6 s."""
    nothing = unit(5, bytes(1 << 16))
    data = items([(0, len(nothing))] * 2400, nothing)
    longer, lengths = looked_at(data, monkeypatch)
    assert longer is None
    assert lengths == [len(nothing)]
    pixels = unit(6, bytes(9))
    longer, lengths = looked_at(items([(0, len(pixels))] * 3, pixels), monkeypatch)
    assert lengths == [len(pixels)]
    assert longer is not None
    assert longer.count(unit(6, bytes(9 + 9 + 1024))) == 3


def test_items_that_overlap_are_looked_at_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    nothing = unit(5, bytes(1 << 18))
    data = items([(0, len(nothing) - number) for number in range(2400)], nothing)
    longer, lengths = looked_at(data, monkeypatch)
    assert longer is None
    assert 2 * len(data) < sum(lengths) < 2 * len(data) + (4 << 20) + len(nothing)


def test_units_are_looked_at_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each costs a microsecond, however short it is."""
    units = unit(5, b"") * 4000
    longer, lengths = looked_at(items([(0, len(units) - 2 * n) for n in range(900)], units), monkeypatch)
    assert longer is None
    assert 10 < len(lengths) < 30


def test_frames_that_take_no_bytes_are_looked_at_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    n_frames = 200_000
    tables = box(b"stsz", bytes(8), struct.pack(">I", n_frames), bytes(4 * n_frames))
    tables += box(b"stsc", bytes(4), struct.pack(">IIII", 1, 1, 0xFFFFFFFF, 1))
    tables += box(b"stco", bytes(4), struct.pack(">II", 1, 100))
    for kind in (b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        tables = box(kind, tables)
    n_added = 0
    plainly = avif_ends._Added.add

    def counted(*args: object, **options: object) -> int:
        nonlocal n_added
        n_added += 1
        return plainly(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(avif_ends._Added, "add", counted)
    assert avif_ends.lengthened(tables) is None
    assert 60_000 < n_added < 100_000


def test_items_end_at_the_deadline() -> None:
    pixels = unit(6, bytes(9))
    data = items([(0, len(pixels))] * 40, pixels)
    for n_steps, is_done in ((20, False), (60, True)):
        deadline = Deadline.after(n_steps * 1e-9, clock=count(1).__next__)
        if is_done:
            assert avif_ends.lengthened(data, deadline=deadline) is not None
            continue
        with pytest.raises(DeadlinePassed):
            avif_ends.lengthened(data, deadline=deadline)


@pytest.mark.parametrize("form", ["WEBP", "AVIF"])
def test_whatever_a_file_has_become_it_is_lengthened_or_not(form: str) -> None:
    lengthened: Callable[[bytes], bytes | None] = (
        webp_ends.lengthened if form == "WEBP" else avif_ends.lengthened
    )
    data = saved(form, clear(1), clear(2))
    rng = np.random.default_rng(1)
    n_longer = 0
    for _ in range(400):
        changed = bytearray(data)
        for _ in range(3):
            changed[int(rng.integers(12, min(len(data), 900)))] = int(rng.integers(256))
        longer = lengthened(bytes(changed[: int(rng.integers(12, len(data) + 1))]))
        n_longer += longer is not None and len(longer) > 0
    assert n_longer > 20


@pytest.mark.parametrize("how", ["L 1", "L 8", "P 4", "RGB 8", "RGBA 8", "I;16 16"])
@pytest.mark.parametrize("interlaced", [False, True])
def test_rows_of_a_png_are_the_same_however_many_are_decoded_at_once(
    how: str, interlaced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    mode, depth = how.split()
    n_samples = {"RGB": 3, "RGBA": 4}.get(mode, 1)
    row = np.random.default_rng(3).integers(0, 256, (90, 1 + 70 * n_samples * int(depth) // 8 + 1), np.uint8)
    row[:, 0] = np.arange(90) % 5  # every filter
    rows = row[:, : 1 + -(-70 * n_samples * int(depth) // 8)]
    colour = {"L": 0, "I;16": 0, "P": 3, "RGB": 2, "RGBA": 6}[mode]
    palette = png_chunk(b"PLTE", bytes(range(48))) if mode == "P" else b""
    packed = zlib.compress(rows.tobytes() if not interlaced else passes_of(70, 90, n_samples * int(depth)))
    header = struct.pack(">IIBBBBB", 70, 90, int(depth), colour, 0, 0, interlaced)
    cut = png_chunk(b"IDAT", packed[: len(packed) * 2 // 3])
    data = b"\x89PNG\r\n\x1a\n" + png_chunk(b"IHDR", header) + palette + cut
    whole = decode(data)
    monkeypatch.setattr(png_rows, "_STRIP", 1)
    assert whole.provenance.truncated
    assert whole.pixels.std() > 10
    np.testing.assert_array_equal(decode(data).pixels, whole.pixels)


def passes_of(width: int, height: int, bits: int) -> bytes:
    """Return the rows of an interlaced picture, of every filter."""
    rng, out = np.random.default_rng(4), b""
    for left, top, across, down in (
        (0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2),
    ):  # fmt: skip
        cols, n_rows = -(-(width - left) // across), -(-(height - top) // down)
        for number in range(n_rows):
            out += bytes([number % 5]) + rng.bytes(-(-cols * bits // 8))
    return out
