"""Whatever an upload comes as: bytes, paths, file objects of several frameworks, images, arrays; or a TypeError."""

from __future__ import annotations

import asyncio
import gzip
import io
import mmap
import os
import re
import subprocess
import sys
import tempfile
import types
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import django.conf
import numpy as np
import pytest
from django.core.files.uploadedfile import InMemoryUploadedFile, SimpleUploadedFile, TemporaryUploadedFile
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from starlette.datastructures import UploadFile

import safehash
from safehash import Matcher
from safehash.errors import ImageError, ImageTooLarge, ImageTooSmall, UnsupportedImage
from safehash.images.limits import DEFAULT_LIMITS, Limits
from safehash.images.pictures import Decoded, UInt8Array
from safehash.images.uploads import take

DATA = bytes(range(256)) * 20_000  # several pieces of reading

#: A picture with something on it.
CARD: UInt8Array = np.add.outer(np.arange(60), 3 * np.arange(80)).astype(np.uint8)

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


def test_a_file_object_that_was_closed_is_a_mistake_of_the_caller(stream: Any) -> None:
    inner: Any = getattr(stream, "file", None) or stream
    inner.close()
    with pytest.raises(TypeError, match=r"^an upload is .*; this \w+ (is closed|cannot )"):
        take(stream, limits=DEFAULT_LIMITS)


# -- what only looks like an upload ---------------------------------------------------------------------------


class Path_:
    """Stands for a path, and gives something else."""

    def __init__(self, given: object) -> None:
        self.given = given

    def __fspath__(self) -> Any:
        return self.given


#: What a method of something that calls itself a file object may be, beside what it should: none, or one that gives or
#: raises what no file object does.
METHODS: tuple[Any, ...] = (
    None, 7, lambda: b"", lambda *, size: b"", lambda *_: None, lambda *_: 7, lambda *_: "words", lambda *_: [1],
    lambda *_: object(), lambda *_: -1, lambda *_: 1.5,
)  # fmt: skip


def raises(error: BaseException) -> Callable[..., Any]:
    def act(*_: object) -> None:
        raise error

    return act


METHODS += tuple(
    map(raises, (TypeError("odd"), ValueError("odd"), AttributeError("odd"), OSError("odd"), EOFError()))
)


@settings(max_examples=300, deadline=None)
@given(
    made=st.fixed_dictionaries(
        {"read": st.sampled_from(METHODS)},
        optional={
            **{name: st.sampled_from(METHODS) for name in ("seek", "tell", "seekable", "closed")},
            "file": st.just(7),
        },
    )
)
def test_whatever_calls_itself_a_file_object_is_read_or_named(made: dict[str, Any]) -> None:
    item = types.SimpleNamespace(**made)
    try:
        assert isinstance(taken(item, Limits(max_bytes=1000)), bytes)
    except TypeError as exc:
        assert re.match("an upload is .*(this|not) SimpleNamespace", str(exc))
    except (OSError, EOFError) as exc:  # of the object's own, or of what it does not wait for
        assert isinstance(exc, BlockingIOError) or str(exc) in ("odd", "")


@pytest.mark.parametrize("given", [7, None, 1.5, [], {}, object()], ids=lambda given: type(given).__name__)
def test_a_path_object_that_gives_no_text_is_named(given: object, tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=f"^an upload is .*Path_ gives {type(given).__name__}$"):
        taken(Path_(given))
    for act in (
        safehash.hash_file,
        safehash.read_list,
        safehash.load_list,
        safehash.ListSource,
        Matcher.open,
        Matcher.from_files,
        safehash.Catalog,
        safehash.read_pairs,
    ):
        call: Any = act
        with pytest.raises(TypeError, match=rf"\bPath_, whose __fspath__ gives {type(given).__name__}"):
            call(Path_(given))


def test_a_path_object_that_gives_bytes_is_read(tmp_path: Path) -> None:
    """As `os.scandir(b"...")` gives them."""
    path = tmp_path / "upload.bin"
    path.write_bytes(DATA)
    assert taken(Path_(os.fsencode(path))) == DATA
    (entry,) = os.scandir(os.fsencode(tmp_path))
    assert taken(entry) == DATA


def test_a_view_of_memory_that_was_released_is_named() -> None:
    view = memoryview(DATA)
    view.release()
    with pytest.raises(TypeError, match="this memoryview was released"):
        taken(view)


def opened(path: Path) -> Image.Image:
    return Image.open(path)


def closed(image: Image.Image) -> Image.Image:
    image.close()
    return image


def closed_by_with(image: Image.Image) -> Image.Image:
    with image:
        pass
    return image


def read_and_closed(image: Image.Image) -> Image.Image:
    image.load()
    image.close()
    return image


def its_file_closed(image: Any) -> Image.Image:
    image.fp.close()
    closed: Image.Image = image
    return closed


PICTURES = ("JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP", "AVIF")


#: What has its pixels still.
HELD_ALL_THE_SAME = {
    (closed_by_with, "WEBP"), (closed_by_with, "AVIF"), (its_file_closed, "WEBP"), (its_file_closed, "AVIF"),
    (its_file_closed, "BMP"), (its_file_closed, "TIFF"),
}  # fmt: skip


@pytest.mark.parametrize("close", [closed, closed_by_with, read_and_closed, its_file_closed])
@pytest.mark.parametrize("format", PICTURES)
def test_a_picture_that_was_closed_is_a_mistake_of_the_caller(
    format: str, close: Callable[[Image.Image], Image.Image], tmp_path: Path
) -> None:
    """Regression: it was "unreadable", as if its file were damaged. What its decoder holds all of is decided."""
    path = tmp_path / f"upload.{format.lower()}"
    Image.fromarray(CARD).save(path, format)
    image = close(opened(path))
    for act in (taken, safehash.hash_image):
        call: Any = act
        try:
            call(image)
        except TypeError as exc:
            assert re.match(
                r"this \w+ is closed, or its file was before it was read: an open image object", str(exc)
            )
        else:  # read into the decoder's memory, or mapped by the file's name
            assert (close, format) in HELD_ALL_THE_SAME


@pytest.mark.filterwarnings("ignore")  # of the imaging library, where it opens what is damaged
@pytest.mark.parametrize("format", PICTURES)
def test_a_picture_of_a_damaged_file_is_not_called_closed(format: str, tmp_path: Path) -> None:
    path = tmp_path / "upload"
    Image.fromarray(CARD).save(path, format)
    data = path.read_bytes()
    n_opened = n_unreadable = 0
    for length in range(20, len(data), max(1, len(data) // 20)):
        path.write_bytes(data[:length])
        try:
            image = Image.open(path)
        except (OSError, SyntaxError, ValueError):  # nothing to give
            continue
        n_opened += 1
        with image:
            try:
                taken(image)
            except ImageError:
                n_unreadable += 1
    assert n_opened == 0 or n_unreadable > 0 or format == "PNG"  # truncated ones are shown
