"""Signals to a service, heeded from before anybody is told where it listens until it has ended."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["Signals"]


class Signals:
    """SIGTERM and ctrl-C end a service, and a second one ends it at once; a hang-up has it read its lists again.

    What comes before the service runs is kept until it does. An event loop's own handlers would begin with the loop and
    end with it: who asked a service to end a moment before or after heard that it failed.
    """

    def __init__(self) -> None:
        self._n_told = 0
        self._end: Callable[[], None] | None = None
        self._again: Callable[[], object] | None = None

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Heed them as long as the block lasts, in the main thread; then they are the caller's again."""
        ours = {signal.SIGINT: self._told, signal.SIGTERM: self._told, signal.SIGHUP: self._hung_up}
        before = {number: signal.signal(number, heed) for number, heed in ours.items()}
        try:
            yield
        finally:
            for number, was in before.items():
                signal.signal(number, was)

    @contextmanager
    def told_to(self, end: Callable[[], None], again: Callable[[], object]) -> Iterator[None]:
        """Call `end` once for each signal to end, those included that have come, and `again` in this event loop.

        Parameters
        ----------
        end, again : callable
        """
        loop = asyncio.get_running_loop()
        self._again = lambda: loop.call_soon_threadsafe(again)
        self._end = end
        for _ in range(self._n_told):
            end()
        try:
            yield
        finally:
            self._end = self._again = None

    def _told(self, number: int, frame: object) -> None:
        if self._end is None:
            self._n_told += 1
        else:
            self._end()

    def _hung_up(self, number: int, frame: object) -> None:
        if self._again is not None:
            self._again()
