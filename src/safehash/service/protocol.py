"""HTTP as uvicorn speaks it with httptools, but bounded in its head and its end, and bodies told when whole."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

__all__ = ["PIECES", "Bounded", "Pieces"]

#: Where a request's scope has its `Pieces`.
PIECES = "safehash pieces"

#: Bytes that are collected of a body before the application says how many it takes: what comes with the head, and more.
_UNASKED = 1 << 20
#: Bytes of a request's head: its line and its headers.
_MOST_HEAD = 64 << 10
#: Bytes that may still come of a request that has been answered.
_MOST_LEFT = 1 << 20
#: Seconds in which a head must be there, and the rest of a request that has been answered.
_HEAD_SECONDS = 30.0


class Pieces:
    """A body as it comes: its pieces are put together once, for who asks for the bytes, and are not kept.

    Attributes
    ----------
    most : int
        Bytes up to which they are collected.
    """

    def __init__(self) -> None:
        self.most = _UNASKED
        self._pieces: list[bytes] = []
        self._n_bytes = 0

    def __iadd__(self, piece: bytes) -> Pieces:
        self._pieces.append(piece)
        self._n_bytes += len(piece)
        return self

    def __len__(self) -> int:
        return self._n_bytes

    def __bytes__(self) -> bytes:
        pieces, self._pieces, self._n_bytes = self._pieces, [], 0
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class Bounded(HttpToolsProtocol):
    """uvicorn's own protocol, with what it leaves unbounded bounded, and bodies handed over whole.

    It neither bounds a head (anybody could fill the memory with one, without a token) nor the time in which it comes,
    nor what comes of a request that has been answered. And it stops reading and wakes the application every 64 KiB: an
    upload of some hundred kilobytes cost more on its way in than all else that a request needs.
    """

    head_seconds = _HEAD_SECONDS
    _in_head = True
    _is_whole = True  # the request has come to its end
    _n_bytes = 0  # of the head, or of what is left of a request that has been answered
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._expect_it()

    def connection_lost(self, exc: Exception | None) -> None:
        self._have_it()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        is_left = not self._in_head and not self._is_whole and self.cycle.response_complete
        if self._in_head or is_left:
            self._n_bytes += len(data)
        super().data_received(data)
        if self._in_head and not self._is_whole:
            if self._n_bytes > _MOST_HEAD:
                self._refuse(431, "the head of a request has at most 64 KiB")
            else:
                self._expect_it()
        elif is_left and self._n_bytes > _MOST_LEFT:
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._is_whole, self._n_bytes = True, False, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # not what follows a body: nobody asks for it
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head, self._n_bytes = False, 0
        self._have_it()
        super().on_headers_complete()
        cycle: Any = self.cycle
        if cycle is not None and cycle.scope is self.scope and isinstance(cycle.body, bytearray):
            scope: Any = cycle.scope
            cycle.body = scope[PIECES] = Pieces()

    def on_body(self, body: bytes) -> None:
        cycle: Any = self.cycle
        pieces = cycle.body
        if isinstance(pieces, Pieces) and len(pieces) + len(body) <= pieces.most:
            if not cycle.response_complete:
                cycle.body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_whole = True
        self._have_it()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._is_whole and self.cycle.response_complete and not self.transport.is_closing():
            self._expect_it()

    def _expect_it(self) -> None:
        if self._timer is None:
            self._timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def _have_it(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if self._in_head and not self._is_whole:
            self._refuse(408, "the head of the request did not arrive in time")
        else:
            self.transport.close()

    def _refuse(self, status: int, why: str) -> None:
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if self.transport.is_closing() or is_answering:  # what is written now would be taken for that answer
            self.transport.close()
            return
        body = f'{{"title": "not understood", "status": {status}, "detail": "{why}"}}'.encode()
        head = STATUS_LINE[status] + b"content-type: application/problem+json\r\nconnection: close\r\n"
        self.transport.write(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        self.transport.close()
