"""Who changes a list in place waits until another who does is done: each would write over what the other added."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..errors import logger_of

__all__ = ["in_turn"]

_LOG = logger_of(__name__)


@contextmanager
def in_turn(path: str | os.PathLike[str]) -> Iterator[None]:
    """Have a list for oneself, against others who ask for it so, while the block runs.

    The folder is locked, as the list is replaced whole; whoever has to wait for it says so in the log. Where a system
    has no such locks nobody waits.

    Examples
    --------
    >>> with in_turn("own.jsonl"):
    ...     pass
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    try:
        folder = os.open(Path(path).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:  # a folder that may be written and not read; that there is none says who writes
        yield
        return
    try:
        with suppress(OSError):  # a file system without locks
            try:
                fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                _LOG.warning("%s: waiting for another process that changes a list in this folder", path)
                fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
