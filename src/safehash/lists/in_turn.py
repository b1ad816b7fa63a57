"""Who changes a list in place waits until another who does is done: each would write over what the other added."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

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
    try:
        fcntl: Any = import_module("fcntl")
        folder = os.open(Path(path).parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (ImportError, OSError):  # Windows; or a folder that may be written and not read
        yield
        return
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
