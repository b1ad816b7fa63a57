"""What is made to cost is refused on its bytes, counted; what is honest passes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

import attacks
from attack_siblings import SIBLINGS
from attacks import Attack, apng_small_frames, jpeg_scans
from safehash.errors import ImageTooLarge
from safehash.images.counting import check_parts
from safehash.images.decoding import decode_frames
from safehash.images.sniffing import sniff
from small_files import small_files

ATTACKS = (*attacks.ATTACKS, *(attack for attack in SIBLINGS if attack.n_small))
REFUSED = [attack for attack in ATTACKS if attack.refused]
#: Nanoseconds that the parts of a file may cost, as docs and issue say: 2 s and 0.1 s a megabyte.
PROMISED, PROMISED_A_BYTE = 2_000_000_000, 100


@pytest.mark.parametrize("attack", REFUSED, ids=lambda attack: attack.name)
def test_made_to_cost_is_refused_on_its_bytes(attack: Attack) -> None:
    data = attack.make(attack.n_small)
    with pytest.raises(ImageTooLarge, match="made to cost"):
        check_parts(sniff(data[:256]) or "", data)


@pytest.mark.parametrize("attack", REFUSED, ids=lambda attack: attack.name)
def test_the_door_counts_before_anything_is_decoded(attack: Attack, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        pytest.fail("a decoder met it")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.__init__", fail)
    with pytest.raises(ImageTooLarge, match="made to cost"):
        next(decode_frames(attack.make(attack.n_small)))


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_what_passes_is_work_for_its_size(attack: Attack) -> None:
    """Of a tenth of the parts: counted work, of no clock, within what is promised."""
    data = attack.make(max(1, attack.n_small // 10))
    try:
        work = check_parts(sniff(data[:256]) or "", data)
    except ImageTooLarge:
        assert attack.refused
    else:
        assert work <= PROMISED + PROMISED_A_BYTE * len(data)


@pytest.mark.parametrize(("name", "data"), small_files().items())
def test_small_files_pass(name: str, data: bytes) -> None:
    assert check_parts(sniff(data[:256]) or "", data) < 10_000_000
    for end in range(0, len(data), 3):
        check_parts(sniff(data[:256]) or "", data[:end])


def noise(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(3).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


@pytest.mark.parametrize(
    ("file_format", "options"),
    [
        ("JPEG", {"progressive": True}),
        ("JPEG", {"progressive": True, "quality": 50, "subsampling": 0}),
        ("PNG", {"compress_level": 1}),
        ("GIF", {}),
        ("TIFF", {}),
        ("TIFF", {"compression": "tiff_lzw"}),
        ("BMP", {}),
        ("WEBP", {"lossless": True, "method": 0}),
    ],
)
def test_honest_pictures_are_far_from_the_limit(file_format: str, options: dict[str, object]) -> None:
    """Noise has the most parts a picture of its size can have."""
    stream = io.BytesIO()
    noise(1200, 900).save(stream, file_format, **options)
    data = stream.getvalue()
    assert check_parts(file_format, data) < 0.05 * (PROMISED + PROMISED_A_BYTE * len(data))


def test_bytes_behind_the_picture_are_no_scans() -> None:
    """A film appended to a progressive photograph, as telephones write them, has the bytes of a marker by chance."""
    stream = io.BytesIO()
    noise(1200, 900).save(stream, "JPEG", progressive=True)
    film = np.random.default_rng(4).integers(0, 256, 1 << 20, dtype=np.uint8).tobytes()
    assert check_parts("JPEG", stream.getvalue() + film + b"\xff\xda" * 1_000_000) < 100_000_000


def test_scans_are_weighed_by_their_blocks() -> None:
    check_parts("JPEG", jpeg_scans(600, side=200))
    with pytest.raises(ImageTooLarge, match=r"\d+ scans over 390625 blocks"):
        check_parts("JPEG", jpeg_scans(600, side=5_000))


def test_what_frames_cost_is_held_against_the_file_s_length() -> None:
    """Of 400 empty frames of 4 megapixels in a megabyte some are looked at, and the rest is refused, not left out."""
    n_frames = 0
    with pytest.raises(ImageTooLarge, match=r"\d+ of 250 frames"):
        for _ in decode_frames(apng_small_frames(400)):
            n_frames += 1
    assert 40 < n_frames < 100
