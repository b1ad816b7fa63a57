"""Whatever an upload comes as: bytes, paths, file objects of several frameworks, images, arrays; or a TypeError."""

from __future__ import annotations

import asyncio
import gzip
import io
import mmap
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import django.conf
import numpy as np
import pytest
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile, TemporaryUploadedFile
from PIL import Image
from starlette.datastructures import UploadFile

from safehash.errors import ImageTooLarge, ImageTooSmall, UnsupportedImage
from safehash.images.limits import DEFAULT_LIMITS, Limits
from safehash.images.pictures import Decoded
from safehash.images.uploads import take

DATA = bytes(range(256)) * 20_000  # several pieces of reading

if not django.conf.settings.configured:
    django.conf.settings.configure()


def taken(item: object, limits: Limits = DEFAULT_LIMITS) -> Any:
    return take(item, limits=limits)


def _filled(file: Any) -> Any:
    file.write(DATA)
    file.flush()
    return file


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def _zipped(path: Path) -> IO[bytes]:
    with zipfile.ZipFile(path.with_suffix(".zip"), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(path, "member")
    return zipfile.ZipFile(path.with_suffix(".zip")).open("member")


def _gzipped(path: Path) -> gzip.GzipFile:
    path.with_suffix(".gz").write_bytes(gzip.compress(DATA))
    return gzip.open(path.with_suffix(".gz"), "rb")


def _temporary() -> Any:
    upload = TemporaryUploadedFile("a.jpg", "image/jpeg", len(DATA), None)
    return _filled(upload)


def _spooled(**how: int) -> Any:
    return _filled(tempfile.SpooledTemporaryFile(**how))  # type: ignore[call-overload]


#: One maker each of every kind of file object; the path holds DATA.
STREAMS: dict[str, Callable[[Path], Any]] = {
    "BytesIO": lambda path: io.BytesIO(DATA),
    "buffered file": lambda path: path.open("rb"),
    "raw file": lambda path: path.open("rb", buffering=0),
    "file for update": lambda path: path.open("r+b"),
    "mmap": _mapped,
    "zip member": _zipped,
    "gzip": _gzipped,
    "SpooledTemporaryFile in memory": lambda path: _spooled(),
    "SpooledTemporaryFile on disk": lambda path: _spooled(max_size=1),
    "NamedTemporaryFile": lambda path: _filled(tempfile.NamedTemporaryFile()),  # noqa: SIM115 - likewise
    "Django in memory": lambda path: InMemoryUploadedFile(
        io.BytesIO(DATA), "field", "a.jpg", "image/jpeg", len(DATA), None
    ),
    "Django simple": lambda path: SimpleUploadedFile("a.jpg", DATA),
    "Django on disk": lambda path: _temporary(),
    "Starlette": lambda path: UploadFile(io.BytesIO(DATA), filename="a.jpg"),
    "Starlette on disk": lambda path: UploadFile(_spooled(max_size=1)),
}


@pytest.fixture(params=STREAMS, ids=str)
def stream(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    path = tmp_path / "upload.bin"
    path.write_bytes(DATA)
    made = STREAMS[request.param](path)
    yield made
    getattr(made, "file", made).close()


def test_a_file_object_is_read_whole_and_left_where_it_was(stream: Any) -> None:
    """A pipeline goes on with the upload afterwards; or has read some of it already."""
    inner: Any = stream.file if isinstance(stream, UploadFile) else stream
    for place in (0, 7, len(DATA)):
        inner.seek(place)
        assert taken(stream) == DATA
        assert inner.tell() == place


def test_a_file_object_is_not_read_beyond_the_limit(stream: Any) -> None:
    with pytest.raises(ImageTooLarge, match=f"more than {len(DATA) - 1} bytes, the limit"):
        taken(stream, Limits(max_bytes=len(DATA) - 1))
    assert taken(stream, Limits(max_bytes=len(DATA))) == DATA


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
def test_a_pipe_is_read_from_where_it_is() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", "print('x' * 70000, end='')"], stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        assert taken(child.stdout) == b"x" * 70_000


def test_a_file_object_that_gives_little_at_a_time_is_read_whole() -> None:
    class Dripping(io.RawIOBase):
        left = 5000

        def readable(self) -> bool:
            return True

        def read(self, size: int = -1) -> bytes:
            n_bytes = min(size, 7, self.left)
            self.left -= n_bytes
            return b"d" * n_bytes

    assert taken(Dripping()) == b"d" * 5000


def test_a_file_object_that_would_not_wait_is_no_empty_upload() -> None:
    class Impatient:
        def read(self, size: int = -1) -> bytes | None:
            return None

    with pytest.raises(BlockingIOError, match="does not wait"):
        taken(Impatient())


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_of_every_kind(kind: Callable[[bytes], Any]) -> None:
    assert taken(kind(DATA)) == DATA


def test_paths(tmp_path: Path) -> None:
    class Named:
        def __fspath__(self) -> str:
            return str(tmp_path / "upload.bin")

    (tmp_path / "upload.bin").write_bytes(DATA)
    assert taken(tmp_path / "upload.bin") == taken(str(tmp_path / "upload.bin")) == taken(Named()) == DATA
    with pytest.raises(UnsupportedImage, match="not a regular file"):
        taken(tmp_path)
    with pytest.raises(FileNotFoundError):
        taken(tmp_path / "none")


def test_arrays_and_images_are_pixels() -> None:
    for shape in ((40, 30), (40, 30, 3)):
        pixels = np.arange(np.prod(shape), dtype=np.uint32).astype(np.uint8).reshape(shape)
        for each in (pixels, Image.fromarray(pixels), pixels.copy(order="F")):
            decoded = taken(each)
            assert isinstance(decoded, Decoded)
            np.testing.assert_array_equal(decoded.pixels, pixels)
            assert (decoded.provenance.width, decoded.provenance.height) == (30, 40)


def test_pixels_are_held_to_the_limits_of_a_files() -> None:
    small, large = np.zeros((4, 50), np.uint8), np.zeros((50, 50), np.uint8)
    for each in (small, Image.fromarray(small)):
        with pytest.raises(ImageTooSmall, match="50 x 4 pixels; a hash needs at least 5 x 5"):
            taken(each)
    for each in (large, Image.fromarray(large)):
        with pytest.raises(ImageTooLarge, match="50 x 50 pixels, the limit is 2499 in all"):
            taken(each, Limits(max_pixels=2499))
        taken(each, Limits(max_pixels=2500))
    with pytest.raises(ImageTooLarge, match="the limit of one side is"):
        taken(np.broadcast_to(np.uint8(0), (5, (1 << 20) + 1)))


async def _upload() -> bytes:
    return DATA


@pytest.mark.parametrize(
    ("item", "named"),
    [
        (None, "not NoneType"),
        (3, "not int"),
        ([DATA], "not list: `check_many` and `hash_many` take several"),
        (iter([DATA]), "not list_iterator"),
        (io.StringIO("words"), "reading this StringIO gives str: open it in binary mode"),
        (np.zeros((40, 40), np.float32), r"not an array of float32, shape \(40, 40\)"),
        (np.zeros((40, 40), bool), r"not an array of bool"),
        (np.zeros((40, 40, 4), np.uint8), r"not an array of uint8, shape \(40, 40, 4\)"),
        (np.zeros((1, 40, 40, 3), np.uint8), r"not an array of uint8, shape \(1, 40, 40, 3\)"),
        (np.zeros(40, np.uint8), r"not an array of uint8, shape \(40,\)"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_anything_else_is_named(item: object, named: str) -> None:
    with pytest.raises(TypeError, match=f"^an upload is an image file's bytes, a path, .*{named}"):
        taken(item)


def test_what_must_be_awaited_is_named() -> None:
    coroutine = _upload()
    with pytest.raises(TypeError, match="not coroutine: await it first"):
        taken(coroutine)
    assert asyncio.run(coroutine) == DATA


def test_without_the_imaging_library_nothing_is_its_image() -> None:
    code = (
        "import io, sys; from safehash.images.limits import DEFAULT_LIMITS; "
        "from safehash.images.uploads import take; "
        "assert take(io.BytesIO(b'x'), limits=DEFAULT_LIMITS) == b'x'; "
        "sys.exit('loaded' if 'PIL.Image' in sys.modules else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_file_object_that_was_closed_is_a_mistake_of_the_caller() -> None:
    stream = io.BytesIO(DATA)
    stream.close()
    with pytest.raises(TypeError, match="this BytesIO is closed"):
        take(stream, limits=DEFAULT_LIMITS)
