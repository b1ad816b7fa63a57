"""What comes of a connection: heads and short bodies for the parser, the rest of a long body to where it stays.

On its way through the parser a body is copied twice, which for an upload of some hundred kilobytes cost a tenth of what
the process that speaks HTTP spends.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

import numpy as np

__all__ = ["Parsing", "Straight"]

#: Bytes read at once for the parser.
_AT_ONCE = 64 << 10


class Parsing(Protocol):
    """What parses a connection."""

    def n_straight(self) -> int:
        """Return how many bytes come that are a body's and need no parser, its last among them; 0 for none."""

    def data_received(self, data: memoryview) -> None:
        """Parse what came. It is another's as soon as this returns."""

    def goes_on(self, n_bytes: int) -> bool:
        """Take note that so many came of those; return whether anybody wants them."""

    def is_there(self, rest: memoryview | None) -> None:
        """Take the rest of a body, all of it; None where nobody wants it."""

    def eof_received(self) -> bool | None:
        """As of `asyncio.Protocol`, as the others."""

    def connection_lost(self, exc: Exception | None) -> None:
        """See `eof_received`."""

    def pause_writing(self) -> None:
        """See `eof_received`."""

    def resume_writing(self) -> None:
        """See `eof_received`."""


class Straight(asyncio.BufferedProtocol):
    """Stands between a connection and its parser, from when it is made.

    Parameters
    ----------
    parsing : Parsing
    """

    def __init__(self, parsing: Parsing) -> None:
        self._parsing = parsing
        self._small = np.empty(_AT_ONCE, np.uint8).data
        self._room: memoryview | None = None  # of the rest that comes; None where nobody wants it
        self._n_left = 0  # bytes that still come of it

    def get_buffer(self, sizehint: int) -> memoryview:
        if not self._n_left:
            self._n_left = self._parsing.n_straight()
            if not self._n_left:
                return self._small
            # What does not come takes no memory. A byte of the next request has room, too: a system that fills all the
            # room it is given is asked once more.
            self._room = np.empty(self._n_left + 1, np.uint8).data
        return self._small[: self._n_left] if self._room is None else self._room[-self._n_left - 1 :]

    def buffer_updated(self, nbytes: int) -> None:
        if not self._n_left:
            self._parsing.data_received(self._small[:nbytes])
            return
        room, n_bytes = self._room, min(nbytes, self._n_left)
        has_next = nbytes > n_bytes
        self._n_left -= n_bytes
        if not self._parsing.goes_on(n_bytes):
            self._room = None
        if self._n_left:
            return
        wanted, self._room = self._room, None
        self._parsing.is_there(None if wanted is None else wanted[:-1])
        if has_next and room is not None:
            self._parsing.data_received(room[-1:])

    def eof_received(self) -> bool | None:
        return self._parsing.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._room = None
        self._parsing.connection_lost(exc)

    def pause_writing(self) -> None:
        self._parsing.pause_writing()

    def resume_writing(self) -> None:
        self._parsing.resume_writing()
