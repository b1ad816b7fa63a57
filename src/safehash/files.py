"""How a hostile regular file is read, and how a file is written whole or not at all: one function each.

A file that is written appears under its name complete, on disk and readable by its owner only, or not at all: it is
made without a name (or, where the system cannot, under a random one beside its place), flushed, renamed, and the
folder is flushed too. What stood there before is never opened, so neither its mode nor who holds it open matters.
"""

from __future__ import annotations

import errno
import io
import os
import re
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, TextIO, overload

__all__ = [
    "BoundedReader",
    "NotRegularFile",
    "TooManyBytes",
    "expect_within",
    "expect_writable",
    "exposed",
    "held_number",
    "open_regular",
    "opened_regular",
    "read_head",
    "read_open",
    "read_regular",
    "read_up_to",
    "writing_whole",
]

#: Names of what this process already holds open: written into, like `/dev/stdout`, whatever it leads to.
_HELD = re.compile(r"/dev/(?P<name>stdout|stderr)|/(?:dev|proc/self)/fd/(?P<number>\d{1,9})")
#: What the system answers where files without a name cannot be made.
_NO_UNNAMED = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOENT})
#: Longest part of a target's name that its provisional name repeats: 255 bytes is the usual limit of a name.
_SHOWN_NAME = 40


class NotRegularFile(OSError):
    """A folder, pipe, socket or device where a regular file was expected."""


class TooManyBytes(OSError):
    """A file is longer than whoever reads it allows.

    Attributes
    ----------
    n_bytes : int or None
        Its length; None if it grew beyond the limit while it was read.
    """

    def __init__(self, number: int, text: str, path: str, *, n_bytes: int | None) -> None:
        super().__init__(number, text, path)
        self.n_bytes = n_bytes


# -- reading ----------------------------------------------------------------------------------------------


@contextmanager
def open_regular(path: str | os.PathLike[str]) -> Iterator[tuple[io.FileIO, os.stat_result]]:
    """Open a regular file as `opened_regular` does, for as long as the block lasts."""
    file, status = opened_regular(path)
    with file:
        yield file, status


def opened_regular(path: str | os.PathLike[str]) -> tuple[io.FileIO, os.stat_result]:
    """Open a regular file, unbuffered, without ever waiting for it; return it and its status. The caller closes it.

    Raises
    ------
    NotRegularFile
        A folder, pipe, socket or device; none of them is opened.
    OSError
        It cannot be opened, or the name is none.
    """
    name = os.fspath(path)
    # Without O_NONBLOCK, a pipe that takes the file's place just now would wait for its other end.
    flags = os.O_RDONLY | sum(
        getattr(os, each, 0) for each in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY")
    )
    try:
        _expect_regular(os.stat(name), name)  # noqa: PTH116  opening a device may already do something
        descriptor = os.open(name, flags)
    except ValueError as exc:  # a null byte, or a character the file system's encoding lacks
        raise OSError(errno.EINVAL, f"no name of a file: {exc}", name) from exc
    file = io.FileIO(descriptor, "rb")
    try:
        status = os.fstat(descriptor)
        _expect_regular(status, name)
    except BaseException:
        file.close()
        raise
    return file, status


def read_regular(path: str | os.PathLike[str], max_bytes: int) -> bytes:
    """Return the bytes of a regular file, refusing by its length before reading.

    Parameters
    ----------
    path : path-like
    max_bytes : int
        The longest file that is read.

    Raises
    ------
    NotRegularFile
        A folder, pipe, socket or device.
    TooManyBytes
        Longer than `max_bytes`.
    OSError
        It cannot be read.

    Examples
    --------
    >>> len(read_regular("photo.jpg", 1 << 20)) > 1000
    True
    """
    with open_regular(path) as (file, status):
        expect_within(status, max_bytes, path)
        data = read_up_to(file, max_bytes + 1, hint=status.st_size)  # it may have grown meanwhile
    if len(data) > max_bytes:
        raise TooManyBytes(
            errno.EFBIG, f"more than {max_bytes} bytes, the limit", os.fspath(path), n_bytes=None
        )
    return data


def expect_within(status: os.stat_result, max_bytes: int, path: str | os.PathLike[str]) -> None:
    """Refuse an open file by its length.

    Raises
    ------
    TooManyBytes
    """
    if status.st_size > max_bytes:
        text = f"{status.st_size} bytes, the limit is {max_bytes}"
        raise TooManyBytes(errno.EFBIG, text, os.fspath(path), n_bytes=status.st_size)


def read_open(descriptor: int, max_bytes: int, *, hint: int) -> bytes:
    """Return the bytes of a file that another process opened, at most one more than `max_bytes`; and close it.

    Raises
    ------
    OSError
        It cannot be read.
    """
    with io.FileIO(descriptor, "rb") as file:
        # Its place is that of all who have it open, and another one may have read of it before.
        file.seek(0)
        return read_up_to(file, max_bytes + 1, hint=hint)


def read_up_to(file: io.FileIO, max_bytes: int, *, hint: int = 0) -> bytes:
    """Return what is left of an unbuffered file, at most `max_bytes`; `hint` is how much that should be."""
    parts: list[bytes] = []
    n_bytes = 0
    while n_bytes < max_bytes:
        part = file.read(min(max_bytes - n_bytes, max(hint - n_bytes + 1, 65536)))
        if part is None:
            raise OSError(errno.EAGAIN, "reading it would wait")
        if not part:
            break
        parts.append(part)
        n_bytes += len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _expect_regular(status: os.stat_result, name: str) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise NotRegularFile(errno.EINVAL, "not a regular file", name)


def exposed(path: str | os.PathLike[str]) -> str:
    """Return what others may do with a file that holds a secret, in words; "" where they may not, or nobody knows.

    Its group may read it, as services are given secrets.

    Examples
    --------
    >>> import pathlib
    >>> pathlib.Path("tokens").touch(mode=0o600)
    >>> exposed("tokens")
    ''
    """
    if os.name != "posix":
        return ""
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116
    except OSError:
        return ""
    may = [word for bits, word in ((0o004, "read"), (0o022, "change")) if mode & bits]
    return f"others may {' and '.join(may)} it: chmod 640" if may else ""


class BoundedReader(io.BufferedReader):
    """A file of which no more may be asked for at once than is said: a library asks for what the file tells it to.

    Parameters
    ----------
    file : FileIO
    most : int
        Bytes.

    Attributes
    ----------
    most : int or None
        As above; None from where on nothing of what is asked for stands in the file.
    asked : tuple of int
        Where what was asked for last begins, and where it ends, as long as there is a `most`.

    Raises
    ------
    TooManyBytes
        While reading.
    """

    def __init__(self, file: io.FileIO, most: int) -> None:
        super().__init__(file)
        self.most: int | None = most
        self.asked = (0, 0)

    def read(self, size: int | None = -1, /) -> bytes:
        """Return so many bytes, or what is left; of that, too, no more than may be asked for."""
        if self.most is None:
            return super().read(size)
        if size is not None and size > self.most:
            raise TooManyBytes(errno.EFBIG, f"it asks for {size} bytes at once", str(self.name), n_bytes=size)
        start = self.tell()
        data = super().read(self.most if size is None or size < 0 else size)
        self.asked = (start, start + len(data))
        return data


def read_head(path: str | os.PathLike[str], n_bytes: int) -> bytes:
    """Return the first bytes of a file, none if it is no regular file or cannot be read."""
    try:
        with open_regular(path) as (file, _):
            return read_up_to(file, n_bytes)
    except OSError:
        return b""


# -- writing ----------------------------------------------------------------------------------------------


@overload
def writing_whole(
    path: str | os.PathLike[str], *, mode: int = ..., text: Literal[False] = ..., only_files: bool = ...
) -> AbstractContextManager[BinaryIO]: ...
@overload
def writing_whole(
    path: str | os.PathLike[str], *, mode: int = ..., text: Literal[True], only_files: bool = ...
) -> AbstractContextManager[TextIO]: ...
def writing_whole(
    path: str | os.PathLike[str], *, mode: int = 0o600, text: bool = False, only_files: bool = False
) -> AbstractContextManager[Any]:
    """Give a new file that takes the place of `path` when the block ends well, and vanishes when it fails.

    Parameters
    ----------
    path : path-like
        A regular file is replaced, whatever its mode; a device or a pipe is written *into*; ``/dev/stdout`` and
        its like stand for what this process holds open.
    mode : int
        Of the new file, less what the process's umask takes away.
    text : bool
        Give a text file (UTF-8, line ends as written) instead of a binary one.
    only_files : bool
        Refuse a device or a pipe, too: for a name that nobody chose, where a pipe would be waited for.

    Raises
    ------
    OSError
        `path` is a symbolic link (ELOOP) or a folder, or it cannot be written. What stood there still does.

    Notes
    -----
    When the block has ended, file and folder have reached the disk.

    Examples
    --------
    >>> import tempfile, os
    >>> from safehash.files import writing_whole
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with writing_whole(os.path.join(folder, "page.html"), text=True) as file:
    ...         _ = file.write("whole")
    ...     print(os.listdir(folder))
    ['page.html']
    """
    return _writing(os.fspath(path), mode, text=text, only_files=only_files)


def expect_writable(path: str | os.PathLike[str]) -> None:
    """Find out now whether `writing_whole` could write: before the work, not after it.

    Raises
    ------
    OSError
        As of `writing_whole`. A device or a pipe is not opened for this. What stands for something that is held
        open has to be open by now: later, the number may be that of a file of our own, which would be written into.
    """
    target = os.fspath(path)
    number = held_number(target)
    if number is not None:
        if not _takes(number):
            raise OSError(errno.EBADF, "it is not open for writing", target)
    elif _is_replaceable(target):
        folder, name = os.path.split(target)
        with _Folder(folder or os.curdir) as place, _New(place, name, 0o600):
            pass


@contextmanager
def _writing(target: str, mode: int, *, text: bool, only_files: bool) -> Iterator[IO[Any]]:
    number = held_number(target)
    if number is not None and not only_files:
        with _file(os.dup(number), text=text) as file:
            yield file
        return
    if not _is_replaceable(target):
        if only_files:
            raise NotRegularFile(errno.EINVAL, "not a regular file", target)
        # Neither created nor emptied: if a regular file takes its place just now, nothing of it is lost.
        flags = os.O_WRONLY | sum(getattr(os, each, 0) for each in ("O_NOFOLLOW", "O_NOCTTY", "O_CLOEXEC"))
        descriptor = os.open(target, flags)
        with _file(descriptor, text=text) as file:
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _changed(target)
            yield file
        return
    folder, name = os.path.split(target)
    with _Folder(folder or os.curdir) as place, _New(place, name, mode) as new:
        with _file(new.descriptor, text=text, close=False) as file:
            yield file
        os.fsync(new.descriptor)
        if not _is_replaceable(target):
            raise _changed(target)
        new.take_place()
        place.sync()


def held_number(target: str) -> int | None:
    """Return the number of what this process holds open and `target` stands for, or None."""
    found = _HELD.fullmatch(target)
    if found is None:
        return None
    return {"stdout": 1, "stderr": 2}[found["name"]] if found["name"] else int(found["number"])


def _takes(number: int) -> bool:
    """Return whether something is open by this number, and may be written into."""
    try:
        if sys.platform == "win32":
            os.fstat(number)
            return True
        import fcntl

        return fcntl.fcntl(number, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY
    except OSError:
        return False


def _is_replaceable(target: str) -> bool:
    """Return whether nothing or a regular file is there; refuse links and folders."""
    if not os.path.basename(target):  # noqa: PTH119  a path object forgets the slash at its end
        raise IsADirectoryError(errno.EISDIR, "the name of a folder, or none", target)
    try:
        mode = os.lstat(target).st_mode
    except FileNotFoundError:
        return True
    if stat.S_ISLNK(mode):
        raise OSError(errno.ELOOP, "it is a symbolic link: name the file itself", target)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), target)
    return stat.S_ISREG(mode)


def _changed(target: str) -> OSError:
    return OSError(errno.EBUSY, "something else took its place while it was written", target)


@contextmanager
def _file(descriptor: int, *, text: bool, close: bool = True) -> Iterator[IO[Any]]:
    """Give a buffered file over a descriptor; at a good end everything has left the buffers."""
    with os.fdopen(descriptor, "wb", closefd=close) as binary:
        if not text:
            yield binary
            return
        words = io.TextIOWrapper(binary, encoding="utf-8", newline="", write_through=False)
        try:
            yield words
            words.flush()
        finally:
            words.detach()


class _Folder:
    """The folder of a file that is written, held open so that a rename in it can be brought to the disk."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.descriptor: int | None = None

    def __enter__(self) -> _Folder:
        if sys.platform != "win32":
            self.descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        return self

    def __exit__(self, *error: object) -> None:
        if self.descriptor is not None:
            os.close(self.descriptor)

    def sync(self) -> None:
        """Bring the names in it to the disk."""
        if self.descriptor is not None:
            os.fsync(self.descriptor)


class _New:
    """A new file without a name, or under a random one, until it takes its place."""

    def __init__(self, folder: _Folder, name: str, mode: int) -> None:
        self._folder = folder
        self._target = Path(folder.path, name)
        self._beside = Path(folder.path, f".{name[:_SHOWN_NAME]}.{secrets.token_hex(8)}.partial")
        self._mode = mode
        self._is_named = False
        self.descriptor = -1

    def __enter__(self) -> _New:
        unnamed = _unnamed(self._folder.path, self._mode)
        if unnamed is not None:
            self.descriptor = unnamed
            return self
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        flags |= sum(getattr(os, each, 0) for each in ("O_NOFOLLOW", "O_CLOEXEC", "O_BINARY"))
        self.descriptor = os.open(self._beside, flags, self._mode)
        self._is_named = True
        return self

    def take_place(self) -> None:
        """Give the file its name, in the place of whatever had it."""
        if not self._is_named:
            # With a folder's descriptor, Python follows the link to the file, as it has to.
            source = f"/proc/self/fd/{self.descriptor}"
            os.link(source, self._beside.name, dst_dir_fd=self._folder.descriptor, follow_symlinks=True)
            self._is_named = True
        elif sys.platform == "win32":  # where an open file cannot be renamed
            os.close(self.descriptor)
            self.descriptor = -1
        os.replace(self._beside, self._target)  # noqa: PTH105
        self._is_named = False

    def __exit__(self, *error: object) -> None:
        if self.descriptor >= 0:
            os.close(self.descriptor)
        if self._is_named:
            self._beside.unlink(missing_ok=True)


def _unnamed(folder: str, mode: int) -> int | None:
    """Return a new file that has no name and so leaves nothing behind, or None where there are none (Linux)."""
    flag = getattr(os, "O_TMPFILE", 0)
    if sys.platform == "win32" or not flag:
        return None
    try:
        descriptor = os.open(folder, os.O_WRONLY | flag | os.O_CLOEXEC, mode)
    except OSError as exc:
        if exc.errno in _NO_UNNAMED:
            return None
        raise
    if not os.path.lexists(f"/proc/self/fd/{descriptor}"):  # nothing to name it by later
        os.close(descriptor)
        return None
    return descriptor
