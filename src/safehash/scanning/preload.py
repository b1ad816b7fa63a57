"""What a fork server loads once, so that every worker begins with it: imported there by name, and nowhere else."""

from __future__ import annotations

import sys
from types import TracebackType

from ..matching import matcher as _matcher  # noqa: F401
from . import worker as _worker  # noqa: F401


def _say(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """Print why a worker could not begin, unless it is that its pool has ended: nobody waits for it then."""
    last = trace
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    where = last.tb_frame.f_code.co_filename if last is not None else ""
    if not (issubclass(kind, FileNotFoundError) and where.endswith("synchronize.py")):
        sys.__excepthook__(kind, error, trace)


sys.excepthook = _say
