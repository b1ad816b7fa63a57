"""What a fork server loads once, so that every worker begins with it: imported there by name, and nowhere else."""

from __future__ import annotations

import pickle
import sys
from types import TracebackType

from ..matching import matcher as _matcher  # noqa: F401
from . import worker as _worker  # noqa: F401

#: What a worker meets whose pool ended while it began, and in which file of `multiprocessing`: semaphores that are
#: gone, and a message that breaks off.
_NOBODY_WAITS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (FileNotFoundError, "synchronize.py"),
    ((EOFError, ConnectionError, pickle.UnpicklingError), "spawn.py"),
)


def _say(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print why a worker could not begin, unless it is that its pool has ended: nobody waits for it then."""
    last = trace
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    where = last.tb_frame.f_code.co_filename if last is not None else ""
    if not any(issubclass(kind, ends) and where.endswith(file) for ends, file in _NOBODY_WAITS):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _say
