"""How long this process has been at work, as its own looks tell: not while it was stopped, or the machine slept."""

from __future__ import annotations

import time

__all__ = ["Awake", "is_own_time"]

#: Seconds between two looks that count: who waits for workers looks five times a second, at least once a second.
_BETWEEN = 1.0
#: The part of its time that a file must have had before its timeout is taken for its own fault.
_OWN_PART = 0.75


class Awake:
    """A clock that runs while it is looked at.

    The clock on the wall may be set while a file is decided, and a process that is stopped (ctrl-Z) finds all its times
    over when it goes on.

    Examples
    --------
    >>> awake = Awake()
    >>> 0.0 <= awake.seconds() <= awake.seconds()
    True
    """

    def __init__(self) -> None:
        self._seconds = 0.0
        self._looked = time.monotonic()

    def seconds(self) -> float:
        """Return how many seconds it has run."""
        now = time.monotonic()
        self._seconds += min(now - self._looked, _BETWEEN)
        self._looked = now
        return self._seconds


def is_own_time(took: float, timeout: float) -> bool:
    """Return whether something that is said to have taken more than `timeout` seconds had them, as far as we saw.

    Examples
    --------
    >>> is_own_time(30.2, 30.0), is_own_time(0.2, 30.0)
    (True, False)
    """
    return took >= _OWN_PART * timeout
