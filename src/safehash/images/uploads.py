"""Whatever an upload comes as: turned into the bytes of its file, or into pixels."""

from __future__ import annotations

import inspect
import io
import os
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias, TypeGuard, Union

import numpy as np
import numpy.typing as npt

from ..errors import ImageTooLarge, UnsupportedImage
from ..files import NotRegularFile, TooManyBytes, expect_within, opened_regular, read_regular
from .decoding import expect_open, from_image
from .limits import DEFAULT_LIMITS, Limits, check_large, check_small
from .pictures import Decoded, Provenance

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["BinaryReader", "Unopened", "Upload", "UploadedFile", "open_file", "read_file", "take"]


class BinaryReader(Protocol):
    """A file object opened in binary mode: BytesIO, an open file, Django's uploaded file.

    Examples
    --------
    >>> import io
    >>> with open("photo.jpg", "rb") as file:
    ...     upload = io.BytesIO(file.read())
    >>> safehash.Matcher.from_files("list.csv").check(upload).is_match
    True
    """

    def read(self, size: int = ..., /) -> bytes:
        """Return at most `size` bytes, none at the end.

        Examples
        --------
        >>> import io
        >>> io.BytesIO(b"picture").read(4)
        b'pict'
        """


class UploadedFile(Protocol):
    """An uploaded file whose own ``read`` is asynchronous: Starlette's and FastAPI's.

    Examples
    --------
    >>> class Received:  # as a framework gives it: its own `read` must be awaited
    ...     def __init__(self, path):
    ...         self.file = open(path, "rb")
    ...     async def read(self, size=-1):
    ...         return self.file.read(size)
    >>> received = Received("photo.jpg")
    >>> safehash.Matcher.from_files("list.csv").check(received).is_match
    True
    >>> received.file.close()
    """

    @property
    def file(self) -> BinaryReader:
        """The file object beneath.

        Examples
        --------
        >>> import io, types
        >>> types.SimpleNamespace(file=io.BytesIO(b"picture")).file.read(4)
        b'pict'
        """


#: What `Isolated.check` takes: nothing that this process has to decode.
Unopened: TypeAlias = (
    bytes
    | bytearray
    | memoryview
    | str
    | os.PathLike[str]
    | BinaryReader
    | UploadedFile
    | npt.NDArray[np.uint8]
)

#: What `Matcher.check` and `hash_many` take.
Upload: TypeAlias = Union[Unopened, "Image"]


def _words(*, opened: bool) -> str:
    """Say what an upload is."""
    ways = [
        "an image file's bytes",
        "a path",
        "a binary file object",
        *(["a PIL image"] if opened else []),
        "or a uint8 array of shape (rows, cols) or (rows, cols, 3)",
    ]
    return f"an upload is {', '.join(ways)}"


class _NoUpload(TypeError):
    """What is wrong with what was given, to be said behind what an upload is."""


#: Bytes asked of a file object at once.
_PIECE = 1 << 20


def take(item: object, *, limits: Limits, opened: bool = True) -> bytes | Decoded:
    """Return an upload as the bytes of its file, or as pixels where it has no file.

    Parameters
    ----------
    opened : bool
        Take an object of the imaging library, too, which decodes its file here.

    Raises
    ------
    TypeError
        It is none of what an upload can come as, or cannot be read as such: a closed file or picture, a path object
        that gives no text; the message says what was given and what is taken.
    ImageError
        Too large or too small; a folder, pipe or device; a PIL image whose file is damaged.
    OSError
        It cannot be read.

    Notes
    -----
    A file object is read from its start where it can seek, and left where it was.
    """
    try:
        return _taken(item, limits, opened)
    except _NoUpload as exc:
        raise TypeError(f"{_words(opened=opened)}{exc}") from exc.__cause__


def _taken(item: object, limits: Limits, opened: bool) -> bytes | Decoded:
    if isinstance(item, (bytes, bytearray)):
        return bytes(item)
    if isinstance(item, memoryview):
        return _from_memory(item)
    if isinstance(item, (str, os.PathLike)):
        return read_file(_path_of(item), limits=limits)
    if isinstance(item, np.ndarray):
        return _from_array(item, limits)
    if _is_opened(item):
        if not opened:
            raise _NoUpload(
                f", not {_named(item)}: it is decoded in the process that holds it, so give its file, or its pixels"
            )
        expect_open(item)
        _check_size(item.width, item.height, limits)
        return from_image(item)
    reader = _reader_of(item)
    if reader is not None:
        if getattr(reader, "closed", False) is True:
            raise _odd(reader, "is closed")
        return _read(reader, limits.max_bytes)
    raise _NoUpload(f", not {_named(item)}")


def _is_opened(item: object) -> TypeGuard[Image]:
    """Say whether an upload comes as an object of the imaging library, which decodes it where it is looked at."""
    pil = sys.modules.get("PIL.Image")  # without that module there is no such object
    return pil is not None and isinstance(item, pil.Image)


def read_file(path: str | os.PathLike[str], *, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Return a regular file's bytes, refusing by size before reading.

    Raises
    ------
    ImageTooLarge, UnsupportedImage
        Over ``limits.max_bytes``; a folder, pipe or device.
    OSError
        The file cannot be read.
    """
    with _as_of_an_upload():
        return read_regular(path, limits.max_bytes)


def open_file(path: str | os.PathLike[str], *, limits: Limits = DEFAULT_LIMITS) -> tuple[io.FileIO, int]:
    """Open an upload that comes as its path, for somebody else to read; return it and its length, and close it later.

    Raises
    ------
    TypeError, ImageTooLarge, UnsupportedImage, OSError
        As of `take`.
    """
    try:
        name = _path_of(path)
    except _NoUpload as exc:
        raise TypeError(f"{_words(opened=False)}{exc}") from exc.__cause__
    with _as_of_an_upload():
        file, status = opened_regular(name)
        try:
            expect_within(status, limits.max_bytes, name)
        except BaseException:
            file.close()
            raise
    return file, status.st_size


@contextmanager
def _as_of_an_upload() -> Iterator[None]:
    """Say of a file what is said of an upload that it is."""
    try:
        yield
    except NotRegularFile as exc:
        raise UnsupportedImage(str(exc.strerror)) from exc
    except TooManyBytes as exc:
        raise ImageTooLarge(str(exc.strerror)) from exc


def _named(item: object) -> str:
    """Name what was given, with what is probably meant."""
    found = type(item).__name__
    if found == "Hash":
        return f"{found}: `Matcher.check_hash` takes it"
    if isinstance(item, (list, tuple)):
        return f"{found}: `check_many` and `hash_many` take several"
    if isinstance(item, Coroutine):
        return f"{found}: await it first"
    return found


def _path_of(item: str | os.PathLike[str]) -> str:
    """Return a path as text, whatever object stands for it."""
    given: object = item if isinstance(item, str) else type(item).__fspath__(item)
    if isinstance(given, bytes):
        return os.fsdecode(given)
    if not isinstance(given, str):
        raise _NoUpload(f"; the __fspath__ of this {_named(item)} gives {type(given).__name__}")
    return given


def _from_memory(view: memoryview) -> bytes:
    try:
        return bytes(view)
    except ValueError as exc:
        raise _NoUpload("; this memoryview was released") from exc


def _from_array(pixels: npt.NDArray[Any], limits: Limits) -> Decoded:
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or pixels.shape[2:] not in ((), (3,)):
        raise _NoUpload(f", not an array of {pixels.dtype}, shape {pixels.shape}")
    rows, cols = pixels.shape[:2]
    _check_size(cols, rows, limits)
    mode = "L" if pixels.ndim == 2 else "RGB"
    return Decoded(pixels=pixels, provenance=Provenance(format="pixels", mode=mode, width=cols, height=rows))


def _check_size(width: int, height: int, limits: Limits) -> None:
    """Hold pixels that somebody else decoded to the limits of a file's."""
    check_small(width, height)
    check_large(width, height, limits)


def _reader_of(item: object) -> Any:
    """Return the object to read from: the item, or the file beneath it where reading the item is asynchronous."""
    for reader in (item, getattr(item, "file", None)):
        read = getattr(reader, "read", None)
        if callable(read) and not inspect.iscoroutinefunction(read):
            return reader
    return None


def _read(reader: Any, max_bytes: int) -> bytes:
    """Read a whole file object, at most `max_bytes`."""
    start = _position(reader)
    parts: list[bytes] = []
    n_bytes = 0
    try:
        if start is not None:
            _asked(reader, "seek", 0)
        while n_bytes <= max_bytes:
            part = _asked(reader, "read", min(_PIECE, max_bytes + 1 - n_bytes))
            if part is None:
                raise BlockingIOError("the file object does not wait for its data")
            if not isinstance(part, (bytes, bytearray, memoryview)):
                raise _NoUpload(
                    f"; reading this {type(reader).__name__} gives {type(part).__name__}"
                    + (": open it in binary mode" if isinstance(part, str) else "")
                )
            if not part:
                return b"".join(parts)
            parts.append(bytes(part))
            n_bytes += len(part)
    finally:
        if start is not None:
            _asked(reader, "seek", start)
    raise ImageTooLarge(f"more than {max_bytes} bytes, the limit")


def _position(reader: Any) -> int | None:
    """Return where a file object stands, None where it cannot go back."""
    if not (hasattr(reader, "seek") and hasattr(reader, "tell")):
        return None
    # SpooledTemporaryFile before Python 3.11 can, and does not say so.
    if hasattr(reader, "seekable") and not _asked(reader, "seekable"):
        return None
    start = _asked(reader, "tell")
    if not isinstance(start, int):
        raise _odd(reader, f"says {type(start).__name__} where it is asked for its place")
    return start


def _asked(reader: Any, name: str, *arguments: int) -> Any:
    """Call a method of a file object; one that is closed, or none, or is made for something else, is a slip."""
    try:
        return getattr(reader, name)(*arguments)
    except (TypeError, ValueError, AttributeError) as exc:
        if isinstance(exc, OSError):  # io.UnsupportedOperation
            raise
        words = ", ".join(map(str, arguments))
        raise _odd(reader, f"cannot {name}({words}): {exc}") from exc


def _odd(reader: Any, said: str) -> _NoUpload:
    return _NoUpload(f"; this {type(reader).__name__} {said}")
