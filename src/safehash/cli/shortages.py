"""What the machine is short of, and what to do about it: no defect of ours, and no fault of a file."""

from __future__ import annotations

import errno
from pathlib import Path

__all__ = ["shortage"]

#: How Python says that the system starts no further thread.
_NO_THREAD = "can't start new thread"

_MORE_FILES = "too many files are open at once: raise the limit (`ulimit -n`), or take fewer --workers"
_MORE_PROCESSES = (
    "no further process or thread may be started: raise the limits of processes and memory (`ulimit -u`, `ulimit -v`), "
    "or take fewer --workers"
)
_MORE_MEMORY = "not enough memory: raise the limit (`ulimit -v`), or take fewer --workers"
_NO_FOLDER = "the folder that this was started in is gone: change into one that is there (`cd`)"


def shortage(exc: Exception) -> str | None:
    """Return what is said of an exception that comes of what the machine lacks or forbids, or None of another.

    Examples
    --------
    >>> shortage(RuntimeError("can't start new thread")).partition(":")[0]
    'no further process or thread may be started'
    """
    if isinstance(exc, MemoryError):
        return _MORE_MEMORY
    if isinstance(exc, RuntimeError) and str(exc) == _NO_THREAD:
        return _MORE_PROCESSES
    if not isinstance(exc, OSError):
        return None
    if exc.errno in (errno.EMFILE, errno.ENFILE):
        return _MORE_FILES
    if exc.filename is not None:
        return None
    if exc.errno == errno.ENOMEM:
        return _MORE_MEMORY
    if exc.errno == errno.EAGAIN:
        return _MORE_PROCESSES
    return _NO_FOLDER if exc.errno == errno.ENOENT and not _has_folder() else None


def _has_folder() -> bool:
    try:
        Path.cwd()
    except FileNotFoundError:
        return False
    return True
