"""Who changes a list in place waits until another who does is done: each would write over what the other added."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["in_turn"]


@contextmanager
def in_turn(path: str | os.PathLike[str]) -> Iterator[None]:
    """Have a list for oneself, against others who ask for it so, while the block runs.

    The folder is locked, as the list is replaced whole. Where a system has no such locks nobody waits.

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
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
