"""HTTP as uvicorn speaks it with httptools, but bounded in its head and its end, and bodies told when whole."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from .pieces import PIECES, Pieces
from .straight import Straight

__all__ = ["Bounded"]

#: Bytes of a request's head: its line and its headers.
_MOST_HEAD = 64 << 10
#: Bytes that may still come of a request that has been answered: of one that was told to come back or to show a token,
#: an upload of any usual size. Where a connection is closed while its client sends, most clients never read why.
_MOST_LEFT = 64 << 20
#: What is said to who sends something else.
_NO_HTTP = "this is no HTTP, or a body is longer than its head says"
#: Bytes that come one after the other of a body that comes in chunks, and are none of its own.
_MOST_BETWEEN = 64 << 10
#: Bytes of a head, or of a body in chunks, after which is looked at how much of them was no body.
_A_LOOK = 8 << 10
#: What `Connection` says of other protocols.
_UPGRADES = (b"upgrade", b"http2-settings")
#: Headers that are written as they are.
_PLAIN_NAME = re.compile(rb"[a-z0-9-]+")
_PLAIN_VALUE = re.compile(rb"[\x20-\x7e]*")
#: Bytes of a body from which on it is worth to read them past the parser.
_LEAST_STRAIGHT = 32 << 10
#: Seconds in which a head must be there, and the rest of a request that has been answered; behind that, the next.
_HEAD_SECONDS = 30.0


@lru_cache(maxsize=1024)
def _written(headers: tuple[tuple[bytes, bytes], ...], n_body: int) -> bytes | None:
    """Return an answer's headers as uvicorn writes them, or None for such as it has more to do for."""
    if [value for name, value in headers if name == b"content-length"] != [b"%d" % n_body]:
        return None
    for name, value in headers:
        is_special = name in (b"connection", b"transfer-encoding") or not name.islower()
        if is_special or _PLAIN_NAME.fullmatch(name) is None or _PLAIN_VALUE.fullmatch(value) is None:
            return None
    return b"".join(b"%b: %b\r\n" % each for each in headers) + b"\r\n"


class _Whole:
    """Sends an answer's head and its body in one: each piece is a call of the system, and a packet.

    Parameters
    ----------
    cycle : RequestResponseCycle
        Of uvicorn: sends whatever is no whole answer to a request on a connection that stays.
    """

    __slots__ = ("_cycle", "_patient", "_start")

    def __init__(self, cycle: Any) -> None:
        self._cycle = cycle
        self._patient = cycle.send
        self._start: Any = None

    async def send(self, message: Any) -> None:
        """Send a message as an application does."""
        cycle = self._cycle
        if message["type"] == "http.response.start" and not cycle.response_started:
            self._start = message
            if cycle.waiting_for_100_continue and not cycle.body:
                cycle.keep_alive = (
                    False  # refused before it was sent: what comes next may be the body, or a request
                )
            return
        start, self._start = self._start, None
        if start is not None:
            whole = self._whole(start, message)
            if whole is not None:
                cycle.response_started = cycle.response_complete = True
                cycle.waiting_for_100_continue = False
                cycle.transport.write(whole)
                cycle.message_event.set()
                cycle.on_response()
                del cycle.send  # or both would wait for each other, and for the garbage collector
                return
            await self._patient(start)
        await self._patient(message)

    def _whole(self, start: Any, message: Any) -> bytes | None:
        """Return an answer, or None where it is not all there, or uvicorn has more to do for it than to write it."""
        cycle = self._cycle
        if (
            message["type"] != "http.response.body" or message.get("more_body") or not cycle.keep_alive
            or cycle.disconnected or cycle.flow.write_paused or cycle.scope["method"] == "HEAD" or cycle.access_log
        ):  # fmt: skip
            return None
        body = message.get("body", b"")
        headers = _written((*cycle.default_headers, *start.get("headers", ())), len(body))
        return None if headers is None else STATUS_LINE[start["status"]] + headers + body


def _without_upgrade(headers: list[tuple[bytes, bytes]]) -> Iterator[tuple[bytes, bytes]]:
    """Yield headers as one sends them who offers no other protocol."""
    for name, value in headers:
        if name == b"connection":
            said = [each.strip() for each in value.split(b",")]
            yield name, b", ".join(each for each in said if each.lower() not in _UPGRADES)
        elif name not in _UPGRADES:
            yield name, value


def _length_of(headers: list[tuple[bytes, bytes]]) -> int:
    """Return how long a head, which was parsed, says its body is; 0 where that comes in chunks, or not at all."""
    said = dict(headers)
    return 0 if b"transfer-encoding" in said else int(said.get(b"content-length", 0))


def _problem(status: int, why: str) -> bytes:
    """Return what is said of a request that never came to the application."""
    return f'{{"title": "not understood", "status": {status}, "detail": "{why}"}}'.encode()


def _refusing(why: str) -> Callable[[Any, Any, Any], Awaitable[None]]:
    """Return what answers in the place of the application that a request is not understood."""

    async def refuse(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 400, "headers": headers})
        await send({"type": "http.response.body", "body": _problem(400, why)})

    return refuse


#: What follows the request is no HTTP.
_DOUBT = _refusing(_NO_HTTP)
#: Whoever stands between us and a client may have taken another of its names (RFC 9112, 3.2).
_HOSTS = _refusing("a request names its host once")


def _parser(protocol: HttpToolsProtocol) -> HttpRequestParser:
    """Return a parser as uvicorn makes it."""
    parser = HttpRequestParser(protocol)
    with suppress(AttributeError):  # httptools before 0.6.3
        parser.set_dangerous_leniencies(lenient_data_after_close=True)
    return parser


class Bounded(HttpToolsProtocol):
    """uvicorn's own protocol, with what it leaves unbounded bounded, and bodies handed over whole, as answers are.

    It neither bounds a head (anybody could fill the memory with one, without a token) nor the time in which it comes,
    nor what comes of a request that has been answered. Of a request that offers another protocol (Java's client offers
    HTTP/2 with each) it loses the body, and takes what comes of it for the next request. And it stops reading and wakes
    the application every 64 KiB: an upload of some hundred kilobytes cost more on its way in than all else that a
    request needs.
    """

    head_seconds = _HEAD_SECONDS
    most_left = _MOST_LEFT
    _in_head = True
    _is_whole = True  # the request has come to its end
    _is_upgrade = False  # the head offers another protocol, and is read again without that
    _is_deaf = False  # what comes is no HTTP any more: what came before is answered, and then it ends
    _n_bytes = 0  # of the head, or between two pieces of the body
    _n_left = 0  # bytes that came of a request that has been answered
    _n_rest = 0  # bytes that still come of a body whose length was said
    _is_chunked = False  # the body comes in chunks
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        transport.set_protocol(Straight(self))
        self._expect_it()

    def connection_lost(self, exc: Exception | None) -> None:
        self._have_it()
        super().connection_lost(exc)

    def data_received(self, data: bytes | memoryview) -> None:
        if self._is_deaf:
            return
        was_in_head = self._in_head
        is_left = not was_in_head and not self._is_whole and self.cycle.response_complete
        self._n_left += len(data) if is_left else 0
        self._feed(data)
        if self._is_deaf:
            self._have_it()
        elif self._in_head and not self._is_whole:
            if self._n_bytes > _MOST_HEAD:
                self._refuse(431, "the head of a request has at most 64 KiB")
            else:
                self._expect_it()
        elif is_left and max(self._n_left - self.most_left, self._n_bytes - _MOST_BETWEEN) > 0:
            self.transport.close()
        elif not self._is_whole and self._n_bytes > _MOST_BETWEEN:
            self._tell(431, "beside a body in chunks there are at most 64 KiB")
        elif self._is_whole and (self.cycle is None or self.cycle.response_complete):
            self._expect_it()  # uvicorn stopped waiting for a request, and none came: the end of another, empty lines
        elif was_in_head and self._n_rest >= _LEAST_STRAIGHT and not self.n_straight():
            self.flow.pause_reading()  # the application is about to say how much it takes, which reads on

    def eof_received(self) -> bool | None:  # type: ignore[override]
        """Answer who says that nothing more comes of him, where all that he asked has come."""
        if self.cycle is None or self.cycle.response_complete or not self._is_whole:
            return False
        self.cycle.keep_alive = False
        return True

    # -- of a body whose length was said, what came with its head goes through the parser, and the rest past it --

    def n_straight(self) -> int:
        if self._n_rest < _LEAST_STRAIGHT:
            return 0
        cycle: Any = self.cycle
        pieces = cycle.body
        is_taken = isinstance(pieces, Pieces) and len(pieces) + self._n_rest <= pieces.most
        return self._n_rest if is_taken and not cycle.response_complete else 0

    def goes_on(self, n_bytes: int) -> bool:
        if not self.cycle.response_complete:
            return True
        self._n_left += n_bytes
        if self._n_left > self.most_left:
            self.transport.close()
        return False

    def is_there(self, rest: memoryview | None) -> None:
        body: Any = self.cycle.body
        if rest is not None and isinstance(body, Pieces):
            body += rest
        self.on_message_complete()
        self.parser = _parser(self)  # the one before still waits for the body

    # ------------------------------------------------------------------------------------------------------------

    def _feed(self, data: bytes | memoryview) -> None:
        self._unset_keepalive_if_required()
        left = memoryview(data)
        while left:
            piece = left[:_A_LOOK] if self._in_head or self._is_chunked else left
            self._n_bytes += len(piece)
            try:
                self.parser.feed_data(piece)
            except HttpParserError:
                self._hear_no_more()
            except HttpParserUpgrade as exc:
                left = left[exc.args[0] :]
                if self._is_upgrade and self.parser.get_method() != b"CONNECT":
                    self._read_again()
                    continue
                self._hear_no_more()
            else:
                left = left[len(piece) :]
                if self._is_whole or self._n_bytes <= (_MOST_HEAD if self._in_head else _MOST_BETWEEN):
                    continue
            return

    def _hear_no_more(self) -> None:
        """Say that what comes is no HTTP; behind the answers to what came before, which whoever asked waits for.

        The request right before is not answered as it stands: it has another length than its head says, or what else is
        wrong with its client, nobody knows.
        """
        self._is_deaf = True
        if self.cycle is not None and self.cycle.response_complete and not (self._is_whole or self._in_head):
            self.transport.close()  # the rest of what was answered
        elif self.pipeline:
            cycle, _ = self.pipeline[0]
            cycle.keep_alive = False
            self.pipeline[0] = cycle, _DOUBT
        else:
            self._tell(400, _NO_HTTP)

    def _read_again(self) -> None:
        """Read a head that offers another protocol as if it did not: a parser that has met one reads no body."""
        head = [
            b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        ]
        head += [b"%b: %b" % each for each in _without_upgrade(self.headers)]
        self._is_upgrade = False
        self.parser = _parser(self)
        self.parser.feed_data(b"\r\n".join([*head, b"", b""]))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_head, self._is_whole, self._is_chunked = True, False, False
        self._n_bytes, self._n_left, self._n_rest = 0, 0, 0

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._in_head:  # not what follows a body: nobody asks for it
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_upgrade = self.parser.should_upgrade()
        if self._is_upgrade:
            return
        self._in_head, self._n_bytes = False, 0
        self._have_it()
        names = [name for name, _ in self.headers]
        self._is_chunked = b"transfer-encoding" in names
        n_hosts = names.count(b"host")
        usual = self.app
        if n_hosts > 1 or (n_hosts < 1 and self.parser.get_http_version() == "1.1"):
            self.app = _HOSTS
        super().on_headers_complete()
        self.app = usual
        cycle: Any = self.cycle
        if cycle is not None and cycle.scope is self.scope and isinstance(cycle.body, bytearray):
            scope: Any = cycle.scope
            cycle.body = scope[PIECES] = Pieces()
            cycle.send = _Whole(cycle).send
            self._n_rest = _length_of(self.headers)

    def on_body(self, body: bytes) -> None:
        cycle: Any = self.cycle
        self._n_rest -= len(body)
        self._n_bytes = 0
        pieces = cycle.body
        if isinstance(pieces, Pieces) and len(pieces) + len(body) <= pieces.most:
            if not cycle.response_complete:
                cycle.body += body
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._is_upgrade:
            return
        self._is_whole, self._n_rest = True, 0
        self._have_it()
        if self.cycle is not None and isinstance(self.cycle.body, Pieces):
            self.cycle.body.are_all = True
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
        if self.cycle is not None and not self.cycle.response_complete:
            self.transport.close()  # what is written now would be taken for that answer
        else:
            self._tell(status, why)

    def _tell(self, status: int, why: str) -> None:
        """Answer the request whose bytes come, and end; without a word where others are still to be answered."""
        cycle = self.cycle
        is_answering = cycle is not None and not cycle.response_complete and cycle.response_started
        if self.transport.is_closing() or is_answering or self.pipeline:
            self.transport.close()
            return
        body = _problem(status, why)
        head = STATUS_LINE[status] + b"content-type: application/problem+json\r\nconnection: close\r\n"
        self.transport.write(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        self.transport.close()
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True  # and the application need not answer
            cycle.message_event.set()
