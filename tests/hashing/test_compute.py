"""Bytes, files, images and arrays to hashes; batches on threads."""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import safehash
from safehash.hashing import threads as rule
from safehash.hashing.compute import REDUCTION, reduction_for
from safehash.hashing.hashes import ORIENTATIONS
from safehash.images.decoding import decode_frames

FILES = Path(__file__).parents[1] / "data" / "golden" / "files"


def test_the_four_ways_agree(bridge: Path) -> None:
    with Image.open(bridge) as image:
        pixels = np.asarray(image)
        by_image = safehash.hash_image(image)
    by_bytes = safehash.hash_bytes(bridge.read_bytes(), decode="full")
    by_file = safehash.hash_file(bridge, decode="full")
    assert by_bytes == by_file == by_image == safehash.hash_array(pixels)
    assert by_bytes.quality == by_image.quality == 100


def test_one_decode_everything(bridge: Path) -> None:
    data = bridge.read_bytes()
    algorithms = ("sha256", "pdq", "phash", "md5", "phash256", "sha1")
    for found in (
        safehash.fingerprint_bytes(data, algorithms=algorithms, orientations=True),
        safehash.fingerprint_file(bridge, algorithms=algorithms, orientations=True),
    ):
        assert [value.algorithm.value for value in found.hashes] == list(algorithms)
        by_name = {value.algorithm.value: value for value in found.hashes}
        assert by_name["md5"].hex == hashlib.md5(data).hexdigest()
        assert by_name["sha256"].hex == hashlib.sha256(data).hexdigest()
        assert by_name["phash"] == safehash.hash_bytes(data, algorithm="phash")
        assert by_name["pdq"].distance(safehash.hash_bytes(data, decode="full")) <= 4
        assert len(found.turned) == len(ORIENTATIONS)
        assert found.turned[0] == by_name["pdq"]
        assert found.provenance.format == "JPEG"


def test_file_digests_need_a_file(bridge: Path) -> None:
    assert safehash.hash_bytes(b"anything", algorithm="sha1").hex == hashlib.sha1(b"anything").hexdigest()
    with pytest.raises(ValueError, match="file's bytes"):
        safehash.hash_array(np.zeros((9, 9), np.uint8), algorithm="md5")


def test_wrong_words() -> None:
    with pytest.raises(ValueError, match="decode"):
        safehash.hash_bytes(b"\xff\xd8\xff", decode="quick")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="nope"):
        safehash.hash_bytes(b"", algorithm="nope")


@given(st.integers(5, 20_000))
def test_the_reduction_rule(shorter_side: int) -> None:
    step = reduction_for(shorter_side)
    assert step in (1, 2, 4, 8)
    assert all((shorter_side >= least) <= (step >= reduction) for least, reduction in REDUCTION)


@pytest.mark.parametrize("progressive", [True, False])
@pytest.mark.parametrize(
    ("side", "of_hash", "of_check"), [(511, 1, 1), (512, 2, 1), (767, 2, 1), (768, 2, 2), (1000, 4, 2)]
)
def test_a_hash_alone_takes_less_of_a_picture_than_a_matcher_does(
    side: int, of_hash: int, of_check: int, *, progressive: bool
) -> None:
    stream = io.BytesIO()
    coarse = Image.fromarray(np.random.default_rng(6).integers(0, 256, (20, 20, 3), dtype=np.uint8))
    coarse.resize((side + 9, side), Image.Resampling.BICUBIC).save(stream, "JPEG", progressive=progressive)
    data = stream.getvalue()
    assert safehash.fingerprint_bytes(data).provenance.scale == (min(of_hash, 2) if progressive else of_hash)
    (frame,) = decode_frames(data, step_for=reduction_for, effort="standard")
    assert frame.provenance.scale == of_check
    assert safehash.hash_bytes(data).distance(safehash.hash_bytes(data, decode="full")) <= 10


def blobs() -> list[bytes]:
    found = [path.read_bytes() for path in sorted(FILES.iterdir()) if path.stat().st_size < 50_000]
    return [*found, b"", b"no image", found[0][:100]] * 3


@pytest.mark.parametrize("threads", [1, 2, 8])
@pytest.mark.parametrize("algorithm", ["pdq", "phash"])
def test_batches_keep_order_and_errors(threads: int, algorithm: str, tmp_path: Path) -> None:
    items = blobs()
    expected = []
    for data in items:
        try:
            expected.append(safehash.hash_bytes(data, algorithm=algorithm).hex)
        except safehash.ImageError as exc:
            expected.append(str(exc))
    many = list(safehash.hash_many(items, threads=threads, algorithm=algorithm))
    assert [value.hex if isinstance(value, safehash.Hash) else str(value) for value in many] == expected
    paths = []
    for number, data in enumerate(items):
        paths.append(tmp_path / str(number))
        paths[-1].write_bytes(data)
    files = list(safehash.hash_many([*paths, tmp_path / "missing"], threads=threads, algorithm=algorithm))
    assert [value.hex if isinstance(value, safehash.Hash) else str(value) for value in files[:-1]] == expected
    assert isinstance(files[-1], FileNotFoundError)


def test_batches_hold_little() -> None:
    """Items are taken as they are needed, not all at once."""
    data = (FILES / "misc-images__wee.jpg").read_bytes()
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        while True:
            taken += 1
            yield data

    batch = safehash.hash_many(endless(), threads=2)
    for number in range(20):
        assert isinstance(next(batch), safehash.Hash)
        assert taken <= number + 2 * 2 + 1
    batch.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("safehash")]


def test_no_threads() -> None:
    with pytest.raises(ValueError, match="thread"):
        safehash.hash_many([], threads=0)


@pytest.mark.parametrize("threads", [1, 3, None])
def test_a_batch_takes_what_an_upload_can_come_as(threads: int | None, bridge: Path) -> None:
    with Image.open(bridge) as opened:
        image = opened.convert("RGB")
    items: list[safehash.Upload] = [
        bridge,
        str(bridge),
        bridge.read_bytes(),
        io.BytesIO(bridge.read_bytes()),
        image,
        np.asarray(image),
    ]
    found = list(safehash.hash_many(items, threads=threads, decode="full"))
    assert {value.hex for value in found if isinstance(value, safehash.Hash)} == {
        safehash.hash_file(bridge, decode="full").hex
    }
    assert len(found) == 6


@pytest.mark.parametrize(("threads", "used"), [(None, 3), (1, 0), (2, 2)])
def test_one_thread_a_processor_unless_told(
    threads: int | None, used: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same rule for hashing and for checking: docs/library.md."""
    monkeypatch.setattr(rule, "available_processors", lambda: 3)
    together = threading.Barrier(max(1, used), timeout=60)
    names: list[str] = []

    class Waiting:
        def read(self, size: int = -1) -> bytes:
            together.wait()  # as many at a time as there are threads, or this breaks
            names.append(threading.current_thread().name)
            return b""

    list(safehash.hash_many([Waiting() for _ in range(6)], threads=threads))
    assert len(set(names)) == max(1, used)
    assert all(name.startswith("safehash") == (used > 0) for name in names)


def test_pixels_have_no_digest_of_a_file() -> None:
    with pytest.raises(ValueError, match="md5 is a digest of a file's bytes, and pixels have none"):
        list(safehash.hash_many([np.zeros((9, 9), np.uint8)], algorithm="md5", threads=1))
    with pytest.raises(TypeError, match="not NoneType"):
        list(safehash.hash_many([None], threads=2))  # type: ignore[list-item]


def test_an_image_object_keeps_its_orientation(bridge: Path) -> None:
    with Image.open(bridge) as image:
        small = image.reduce(4)
    exif = Image.Exif()
    exif[0x0112] = 3
    stream = io.BytesIO()
    small.rotate(180).save(stream, "JPEG", exif=exif.tobytes(), quality=95)
    with Image.open(io.BytesIO(stream.getvalue())) as turned:
        assert safehash.hash_image(turned).distance(safehash.hash_image(small)) <= 4


@pytest.mark.parametrize("threads", [0, -3])
def test_threads_are_counted_by_one_rule(threads: int, tmp_path: Path) -> None:
    """Whatever takes threads refuses fewer than one, in the same words, before it does anything."""
    index = safehash.Index.from_digests(np.zeros((3, 32), np.uint8))
    calls: list[Callable[[], object]] = [
        lambda: list(safehash.hash_many([], threads=threads)),
        lambda: index.search_many(np.zeros((1, 32), np.uint8), max_distance=3, threads=threads),
        lambda: index.updated(added=np.zeros((1, 32), np.uint8), threads=threads),
        lambda: safehash.Index.from_digests(np.zeros((3, 32), np.uint8), threads=threads),
        lambda: safehash.evaluate(tmp_path, threads=threads),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=f"threads is at least 1, not {threads}"):
            call()
