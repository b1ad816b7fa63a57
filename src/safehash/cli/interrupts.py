"""Ctrl-C that is heeded whoever swallows it: libraries drop a KeyboardInterrupt now and then, while imported."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["check_interrupts", "heeding_interrupts"]

#: Signals that came since the command began, and raised KeyboardInterrupt somewhere.
_came: list[int] = []


def _handle(number: int, frame: object) -> None:
    _came.append(number)
    raise KeyboardInterrupt


@contextmanager
def heeding_interrupts() -> Iterator[None]:
    """Remember every ctrl-C of a command, so that `check_interrupts` knows of one that nobody saw."""
    _came.clear()
    ours = threading.current_thread() is threading.main_thread()
    former = signal.getsignal(signal.SIGINT)
    if not ours or former is not signal.default_int_handler:  # a caller's own, or ignored: not ours to change
        yield
        return
    signal.signal(signal.SIGINT, _handle)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is _handle:
            signal.signal(signal.SIGINT, former)


def check_interrupts() -> None:
    """Raise what was swallowed.

    Raises
    ------
    KeyboardInterrupt
        Somebody pressed ctrl-C since the command began.
    """
    if _came:
        raise KeyboardInterrupt
