"""What anybody can send before a token is asked for: bounded in bytes and time, and a body is told when it is whole."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import uvicorn
from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from safehash.service.bodies import read_pieces
from safehash.service.pieces import PIECES, Pieces
from safehash.service.protocol import Bounded
from safehash.service.refusing import Refused

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the service is for Linux and macOS")

HEAD = b"POST /x HTTP/1.1\r\nHost: a\r\n"
#: As Java's own client offers HTTP/2 with every request.
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAI\r\n"
#: A body without a byte, up to what may follow it.
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n0\r\n"


class Wire(asyncio.Transport):
    """The other end: what is written to it, and whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.kept = b""  # what came while nobody read
        self.n_writes = 0
        self.closed = False
        self.n_paused = 0
        self.is_paused = False
        self.n_reads = 0
        self._protocol: Any = None

    def set_protocol(self, protocol: asyncio.BaseProtocol) -> None:
        self._protocol = protocol

    def take(self, protocol: HttpToolsProtocol, data: bytes) -> None:
        """Hand over what came, as the event loop does: into the room it is given, as long as somebody reads."""
        if self._protocol is None:
            protocol.data_received(data)
            return
        while data and not self.closed and not self.is_paused:
            room = self._protocol.get_buffer(-1)
            n_bytes = min(len(room), len(data))
            room[:n_bytes] = data[:n_bytes]
            data = data[n_bytes:]
            self.n_reads += 1
            self._protocol.buffer_updated(n_bytes)
        self.kept = data

    def write(self, data: Any) -> None:
        self.written += bytes(data)
        self.n_writes += 1

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        self.n_paused += 1
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default


def test_small_pieces_of_a_body_are_kept_together() -> None:
    """Each by itself, two bytes took forty-two: whoever may upload could fill the memory twenty times over."""
    pieces = Pieces()
    sent = [b"ab"] * 5000 + [bytes(5000)] + [b"cd"] * 3 + [bytes(4096)] * 2 + [b"e"]
    for each in sent:
        pieces += each
    assert len(pieces) == len(b"".join(sent))
    taken = pieces.taken()
    assert b"".join(taken) == b"".join(sent)
    assert [len(each) for each in taken] == [10_000, 5000, 6, 4096, 4096, 1]
    assert {type(each) for each in taken} == {bytes}
    assert pieces.taken() == ()


async def read_all(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the lengths of the pieces in which the body came."""
    scope[PIECES].most = 3 << 20
    pieces = []
    while True:
        message = await receive()
        pieces.append(len(message.get("body", b"")))
        if not message.get("more_body"):
            break
    await respond(send, repr(pieces).encode())


async def read_nothing(scope: Any, receive: Any, send: Any) -> None:
    """Answer at once."""
    await respond(send, b"done")


async def respond(send: Any, body: bytes) -> None:
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]}
    )
    await send({"type": "http.response.body", "body": body})


class Quick(Bounded):
    """Whoever is slow is told so at once."""

    head_seconds = 0.01


class Short(Bounded):
    """Of a request that has been answered, a megabyte is dropped."""

    most_left = 1 << 20


def talk(
    app: Any,
    pieces: Iterator[bytes],
    *,
    kind: type[HttpToolsProtocol] = Bounded,
    until: Callable[[Wire], bool],
) -> Wire:
    """Send pieces until something has come of them."""

    async def run() -> Wire:
        config = uvicorn.Config(app, log_config=None, access_log=False, ws="none", timeout_keep_alive=60)
        protocol, wire = kind(config, ServerState(), {}), Wire()
        protocol.connection_made(wire)
        for _ in range(3000):
            if until(wire):
                break
            piece = wire.kept or next(pieces, None)
            wire.kept = b""
            if piece and not wire.closed:
                wire.take(protocol, piece)
            await asyncio.sleep(0 if piece else 0.002)
        assert until(wire), wire.written[:300]
        was_closed = wire.closed
        protocol.connection_lost(None)  # which closes this end
        wire.closed = was_closed
        return wire

    return asyncio.run(run())


def answered(wire: Wire) -> bool:
    return b"\r\n\r\n" in wire.written and not wire.written.endswith(b"\r\n\r\n")


def closed(wire: Wire) -> bool:
    return wire.closed


@pytest.mark.parametrize(("n_bytes", "n_paused"), [(1_000_000, 0), (2_000_000, 1)])
def test_an_upload_is_told_once_and_read_without_a_pause(n_bytes: int, n_paused: int) -> None:
    """But the one that a long upload makes until somebody has said how much is taken."""
    pieces = [HEAD + b"Content-Length: %d\r\n\r\n" % n_bytes, *[bytes(100_000)] * (n_bytes // 100_000)]
    wire = talk(read_all, iter(pieces), until=answered)
    assert wire.written.endswith(b"[%d]" % n_bytes)
    assert wire.n_paused == n_paused


async def digest(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the digest of the body, as our handlers read it: within eight megabytes."""
    pieces = await read_pieces(Request(scope, receive), max_bytes=8 << 20, seconds=5.0)
    await respond(send, hashlib.sha256(b"".join(pieces)).hexdigest().encode())


@pytest.mark.parametrize("step", [9_777, 65_536, 300_000, 8 << 20])
@pytest.mark.parametrize("kind", [b"Content-Length: %d\r\n\r\n", OFFER + b"Content-Length: %d\r\n\r\n"])
def test_bodies_of_all_lengths_are_themselves_and_what_follows_them_is_another_request(
    kind: bytes, step: int
) -> None:
    """They go past the parser; what comes behind one, in the same piece or the next, does not."""
    bodies = [os.urandom(n) for n in (500_000, 0, 70_000, 65_536, 3, 2_500_000, 100_000)]
    sent = b"".join(HEAD + kind % len(body) + body for body in bodies)
    pieces = (sent[at : at + step] for at in range(0, len(sent), step))
    wire = talk(digest, pieces, until=lambda wire: wire.written.count(b"HTTP/1.1 ") == len(bodies))
    said = [part.rpartition(b"\r\n\r\n")[2].decode() for part in wire.written.split(b"HTTP/1.1 ")[1:]]
    assert said == [hashlib.sha256(body).hexdigest() for body in bodies]


def test_a_long_body_is_read_past_the_parser_and_the_system_not_asked_once_more() -> None:
    body = HEAD + b"Content-Length: 500000\r\n\r\n" + bytes(500_000)
    assert talk(digest, iter([body]), until=answered).n_reads == 2


def test_the_rest_of_a_body_that_nobody_wants_is_dropped_and_the_next_request_answered() -> None:
    def pieces() -> Iterator[bytes]:
        yield HEAD + b"Content-Length: 500000\r\n\r\n" + bytes(100_000)
        for _ in range(3):
            yield b""
        yield bytes(100_000)
        yield bytes(300_000) + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"

    wire = talk(read_nothing, pieces(), until=lambda wire: wire.written.count(b"done") == 2)
    assert not wire.closed


async def ask_and_leave(scope: Any, receive: Any, send: Any) -> None:
    """Say that eight megabytes are taken, and answer before they are there."""
    scope[PIECES].ask(8 << 20)
    reading = asyncio.ensure_future(receive())
    for _ in range(5):
        await asyncio.sleep(0)
    reading.cancel()
    await respond(send, b"done")


def test_what_comes_past_the_parser_of_a_request_that_was_answered_is_bounded() -> None:
    head = HEAD + b"Content-Length: %d\r\n\r\n" % (7 << 20)
    pieces = iter([head, *[bytes(100_000)] * 70])
    wire = talk(ask_and_leave, pieces, kind=Short, until=closed)
    assert wire.written.count(b"done") == 1
    assert len(list(pieces)) > 50, "after a megabyte, and not at its end"


def test_an_upload_that_was_refused_before_it_came_is_dropped_to_its_end() -> None:
    """Whoever is told to come back is told so: most clients read no answer once their connection is reset."""
    pieces = iter(
        [
            HEAD + b"Content-Length: 8000000\r\n\r\n",
            *[bytes(100_000)] * 80,
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        ]
    )
    wire = talk(read_nothing, pieces, until=lambda wire: wire.written.count(b"done") == 2)
    assert not wire.closed


async def read_or_refuse(scope: Any, receive: Any, send: Any) -> None:
    """Answer once the body is there, or with why it is not read."""
    try:
        await read_pieces(Request(scope, receive), max_bytes=100, seconds=5)
    except Refused as exc:
        await exc.response("problem")(scope, receive, send)
    else:
        await respond(send, b"done")


@pytest.mark.parametrize(
    ("head", "status"),
    [(b"Content-Encoding: gzip\r\n", b"415"), (b"Content-Type: image/png\r\nContent-Type: a/b\r\n", b"400")],
    ids=["packed", "of two kinds"],
)
def test_an_upload_that_is_refused_for_its_head_is_dropped_to_its_end(head: bytes, status: bytes) -> None:
    """As one that is told to come back."""
    sent = [
        HEAD + head + b"Content-Length: 8000000\r\n\r\n",
        *[bytes(100_000)] * 80,
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
    ]
    wire = talk(read_or_refuse, iter(sent), until=lambda wire: wire.written.endswith(b"done") or wire.closed)
    assert wire.written.startswith(b"HTTP/1.1 " + status) and wire.written.endswith(b"done")


def test_what_is_longer_than_is_taken_comes_in_pieces() -> None:
    pieces = [HEAD + b"Content-Length: 5000000\r\n\r\n", *[bytes(100_000)] * 50]
    wire = talk(read_all, iter(pieces), until=answered)
    told = eval(wire.written.rpartition(b"\r\n\r\n")[2])
    assert (sum(told), len(told) > 2, wire.n_paused > 2) == (5_000_000, True, True)
    assert max(told) <= (3 << 20) + 100_000


@pytest.mark.parametrize(
    "head",
    [
        lambda: iter([HEAD, *[b"x-more: " + b"a" * 1000 + b"\r\n"] * 2000]),
        lambda: iter([HEAD + b"x-one: ", *[b"a" * 1000] * 2000]),
        lambda: iter([b"GET /", *[b"a" * 1000] * 2000]),
    ],
    ids=["headers", "one header", "the path"],
)
def test_a_head_without_end_is_cut_off(head: Callable[[], Iterator[bytes]]) -> None:
    pieces = head()
    wire = talk(read_nothing, pieces, until=closed)
    assert wire.written.startswith(b"HTTP/1.1 431 ") and wire.written.count(b"HTTP/1.1") == 1
    assert len(list(pieces)) > 1900, "at 64 KiB, and not later"


@pytest.mark.parametrize(
    "left",
    [
        lambda: iter([HEAD + b"Content-Length: 9000000000\r\n\r\n", *[bytes(100_000)] * 90]),
        lambda: iter([HEAD + CHUNKED, *[b"x: " + b"a" * 900 + b"\r\n"] * 9000]),
        lambda: iter([HEAD + CHUNKED + b"x: ", *[b"a" * 900] * 9000]),
    ],
    ids=["a body", "trailers", "one trailer"],
)  # fmt: skip
def test_what_comes_of_a_request_that_was_answered_is_bounded(left: Callable[[], Iterator[bytes]]) -> None:
    wire = talk(read_nothing, left(), kind=Short, until=closed)
    assert wire.written.startswith(b"HTTP/1.1 200 ") and wire.written.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    ("start", "following"),
    [(b"0\r\nx: ", b"a" * 900), (b"0\r\n", b"x: a\r\n" * 200), (b"5;", b"a" * 900)],
    ids=["one trailer", "trailers", "what is said of a chunk"],
)
def test_what_comes_beside_a_body_in_chunks_is_bounded(start: bytes, following: bytes) -> None:
    """Thirty megabytes in some seconds, each piece joined to those before: one client held up all others."""
    pieces = iter([HEAD + CHUNKED.removesuffix(b"0\r\n") + b"1\r\na\r\n" + start, *[following] * 2000])
    wire = talk(read_all, pieces, until=closed)
    assert wire.written.startswith(b"HTTP/1.1 431 ")
    assert len(list(pieces)) > 1000


@pytest.mark.parametrize(
    ("n_bytes", "status"), [(50_000, b"200"), (100_000, b"431")], ids=["within bounds", "beyond them"]
)
@pytest.mark.parametrize("first", [b"", b"1\r\na\r\n"], ids=["with the head", "between chunks"])
def test_what_comes_beside_a_body_is_counted_however_much_comes_at_once(
    n_bytes: int, status: bytes, first: bytes
) -> None:
    """A whole extension that came in one piece with the chunk behind it was counted as nothing."""
    said = first + b"1;x=" + b"a" * n_bytes + b"\r\nb\r\n0\r\n\r\n"
    whole = HEAD + CHUNKED.removesuffix(b"0\r\n") + said
    for pieces in ([whole], [whole[:100], whole[100:]]):
        wire = talk(read_all, iter(pieces), until=lambda wire: wire.closed or bool(wire.written))
        assert wire.written.startswith(b"HTTP/1.1 " + status)


@pytest.mark.parametrize(
    ("hosts", "version", "status"),
    [
        ([b"a"], b"1.1", b"200"), ([b"a", b"b"], b"1.1", b"400"), ([b"a", b"a"], b"1.1", b"400"), ([], b"1.1", b"400"),
        ([], b"1.0", b"200"), ([b"a", b"b"], b"1.0", b"400"),
    ],
)  # fmt: skip
def test_a_request_names_its_host_once(hosts: list[bytes], version: bytes, status: bytes) -> None:
    """Two names were taken, and what stands before us may have gone by the other (RFC 9112, 3.2)."""
    named = b"".join(b"Host: %b\r\n" % host for host in hosts)
    for offer in (b"", OFFER):
        sent = b"POST /x HTTP/%b\r\n%b%bContent-Length: 1\r\n\r\na" % (version, named, offer)
        usual = HEAD + b"Content-Length: 1\r\n\r\na"
        wire = talk(read_all, iter([usual, sent]), until=lambda wire: wire.written.count(b"HTTP/1.1 ") == 2)
        assert wire.written.startswith(b"HTTP/1.1 200 ")
        assert wire.written.split(b"HTTP/1.1 ")[2].startswith(status)


@pytest.mark.parametrize(
    ("sent", "statuses"),
    [
        (b"hello\r\n\r\n", [b"400"]),
        (HEAD + b"Content-Length: 2\r\n\r\nab" + b"no HTTP\r\n\r\n", [b"400"]),
        ((HEAD + b"Content-Length: 2\r\n\r\nab") * 3 + b"no HTTP\r\n\r\n", [b"200", b"200", b"400"]),
        (HEAD + CHUNKED.removesuffix(b"0\r\n") + b"no length\r\n", [b"400"]),
    ],
    ids=["at first", "behind a request", "behind several", "in a body"],
)
def test_what_is_no_http_is_told_and_takes_no_others_answer(sent: bytes, statuses: list[bytes]) -> None:
    """What was written before the answers to what came before was read as the first of them.

    And nothing is decided of a request that is longer than it says: half a picture may be no match.
    """
    wire = talk(read_all, iter([sent, b"and more"]), until=closed)
    assert [part[:3] for part in wire.written.split(b"HTTP/1.1 ")[1:]] == statuses
    if b"400" in statuses:
        assert b"application/problem+json" in wire.written


def test_who_says_that_nothing_more_comes_of_him_is_answered() -> None:
    """What he asked has come, as a whole; of half a body nothing can be answered."""
    config = uvicorn.Config(read_all, log_config=None, access_log=False, ws="none")

    async def said(*pieces: bytes) -> tuple[Any, bytes, bool]:
        protocol, wire = Bounded(config, ServerState(), {}), Wire()
        protocol.connection_made(wire)
        for piece in pieces:
            wire.take(protocol, piece)
        stays = wire._protocol.eof_received()
        for _ in range(20):
            await asyncio.sleep(0)
        was_closed = wire.closed
        protocol.connection_lost(None)
        return stays, wire.written.rpartition(b"\r\n\r\n")[2], was_closed

    whole = HEAD + b"Content-Length: 4\r\n\r\nabcd"
    assert asyncio.run(said(whole)) == (True, b"[4]", True)
    assert asyncio.run(said(whole + whole)) == (True, b"[4]", True)
    assert asyncio.run(said(whole[:-1]))[:2] == (False, b"")
    assert asyncio.run(said())[:2] == (False, b"")


@pytest.mark.parametrize(
    ("pieces", "said"),
    [([], b""), ([HEAD], b"HTTP/1.1 408 "), ([HEAD + b"Content-Length: 9\r\n\r\n"], b"HTTP/1.1 200 ")],
    ids=["nothing", "half a head", "half a body that nobody reads"],
)
def test_who_sends_nothing_more_is_left(pieces: list[bytes], said: bytes) -> None:
    wire = talk(read_nothing, iter(pieces), kind=Quick, until=closed)
    assert wire.written[: len(said)] == said and wire.written.count(b"HTTP/1.1") == bool(said)


@pytest.mark.parametrize(
    ("first", "later"),
    [(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"\r\n"), (HEAD + b"Content-Length: 4\r\n\r\n", b"abcd")],
    ids=["an empty line", "the body that nobody read"],
)
def test_who_sends_something_behind_an_answer_and_nothing_more_is_left(first: bytes, later: bytes) -> None:
    """uvicorn waits for a next request until anything comes; with a byte, a connection stayed for ever."""
    wire = talk(read_nothing, iter([first, b"", later]), kind=Quick, until=closed)
    assert wire.written.startswith(b"HTTP/1.1 200 ") and wire.written.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(("body", "is_closed"), [(b"", True), (b"a", False)], ids=["waits", "does not wait"])
def test_who_is_refused_before_sending_is_not_waited_for(body: bytes, is_closed: bool) -> None:
    """What he asked next was taken for the body that he had been told not to send."""
    head = HEAD + b"Content-Length: 200\r\nExpect: 100-continue\r\n\r\n"
    wire = talk(read_nothing, iter([head + body]), until=answered)
    assert (b"connection: close" in wire.written, wire.closed) == (is_closed, is_closed)


def test_a_second_request_on_its_way_is_not_taken_for_the_rest_of_the_first() -> None:
    """Both are answered, the second after its slow body came: `Quick` bounds heads, not bodies."""
    whole = HEAD + b"Content-Length: 4\r\n\r\nabcd"

    def pieces() -> Iterator[bytes]:
        yield whole + whole[:-2]
        for _ in range(40):
            yield b""  # time passes
        yield whole[-2:]

    def slow(wire: Wire) -> bool:
        return wire.written.count(b"[4]") == 2

    assert not talk(read_all, pieces(), kind=Quick, until=slow).closed


async def tell(scope: Any, receive: Any, send: Any) -> None:
    """Answer with the length of the body, and with what its head says of connections."""
    n_bytes, more = 0, True
    while more:
        message = await receive()
        n_bytes, more = n_bytes + len(message.get("body", b"")), message.get("more_body", False)
    said = [value for name, value in scope["headers"] if name in (b"connection", b"upgrade", b"x-a")]
    await respond(send, b"%d%r" % (n_bytes, said))


@pytest.mark.parametrize("step", [1, 7, 150, 10_000])
def test_a_body_is_read_whose_head_offers_another_protocol(step: int) -> None:
    """Java's own client offers HTTP/2 with every request: its uploads were empty, and their bytes the next request."""
    upload = (
        HEAD
        + OFFER
        + b"X-A: b\r\nContent-Length: 300\r\n\r\n"
        + b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".ljust(300, b"x")
    )
    sent = (
        upload
        + upload
        + b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n"
    )
    pieces = iter([sent[at : at + step] for at in range(0, len(sent), step)])
    wire = talk(tell, pieces, until=closed)
    bodies = [part.rpartition(b"\r\n\r\n")[2] for part in wire.written.split(b"HTTP/1.1 ")[1:]]
    assert bodies == [b"300[b'', b'b']", b"300[b'', b'b']", b"0[b'close']"]


def test_offers_have_no_end_either() -> None:
    """Thousands in one piece are read in a loop; one whose head has no end is cut off; and no tunnel is dug."""
    offer = b"GET / HTTP/1.1\r\nHost: a\r\n" + OFFER + b"\r\n"

    def all_there(wire: Wire) -> bool:
        return wire.written.count(b"done") == 1500

    talk(read_nothing, iter([offer * 1500]), until=all_there)
    pieces = iter([HEAD + OFFER, *[b"x-more: " + b"a" * 1000 + b"\r\n"] * 100])
    assert talk(read_nothing, pieces, until=closed).written.startswith(b"HTTP/1.1 431 ")
    wire = talk(read_nothing, iter([b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\nxx"]), until=closed)
    assert wire.written.startswith(b"HTTP/1.1 400 ")


# -- answers ------------------------------------------------------------------------------------------------

USUAL = [(b"x-outcome", b"match"), (b"content-length", b"5"), (b"content-type", b"application/json")]


def saying(headers: list[tuple[bytes, bytes]], *bodies: bytes, status: int = 200) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for k, body in enumerate(bodies):
            await send({"type": "http.response.body", "body": body, "more_body": k + 1 < len(bodies)})

    return app


async def failing(scope: Any, receive: Any, send: Any) -> None:
    """Begin an answer, and no more."""
    await send({"type": "http.response.start", "status": 200, "headers": USUAL})


@pytest.mark.parametrize(
    ("head", "app", "n_writes"),
    [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", saying(USUAL, b"[1,2]"), 1),
        (
            b"POST / HTTP/1.1\r\nHost: a\r\ncontent-length: 2\r\n\r\n{}",
            saying(USUAL, b"[1,2]", status=406),
            1,
        ),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 3, saying(USUAL, b"[1,2]"), 3),
        (b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", saying(USUAL, b"[1,2]"), 1),
        (b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", saying(USUAL, b"[1,2]"), 2),
        (b"GET / HTTP/1.0\r\n\r\n", saying(USUAL, b"[1,2]"), 2),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", saying([*USUAL, (b"connection", b"close")], b"[1,2]"), 2),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", saying([*USUAL, (b"X-Upper", b"a")], b"[1,2]"), 2),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", saying(USUAL, b"[1", b",2]"), 3),
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", saying([(b"content-type", b"a/b")], b"[1", b",2]"), 3),
    ],
    ids=[
        "whole",
        "with a body",
        "pipelined",
        "head",
        "close",
        "1.0",
        "closing",
        "upper",
        "pieces",
        "chunked",
    ],
)
def test_an_answer_is_one_write_and_what_uvicorn_writes(head: bytes, app: Any, n_writes: int) -> None:
    def all_there(wire: Wire) -> bool:
        return wire.written.count(b"HTTP/1.1 ") == max(1, head.count(b"GET /")) and wire.written.endswith(
            (b"2]", b"0\r\n\r\n") if b"HEAD" not in head else b"\r\n\r\n"
        )

    ours, theirs = (
        talk(app, iter([head]), kind=kind, until=all_there) for kind in (Bounded, HttpToolsProtocol)
    )
    assert (ours.written, ours.closed) == (theirs.written, theirs.closed)
    assert ours.n_writes == n_writes


@pytest.mark.parametrize(
    "headers", [[(b"x\r\ny", b"a")], [(b"x", b"a\r\ny: b")], [(b"content-length", b"9")]]
)
def test_headers_that_would_be_others_are_refused_as_uvicorn_does(headers: list[tuple[bytes, bytes]]) -> None:
    """And no answer that says another length than it has: the next would be read as its rest."""
    app = saying([*USUAL[:1], *headers], b"[1,2]")
    ours, theirs = (
        talk(app, iter([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"]), kind=kind, until=lambda wire: wire.closed)
        for kind in (Bounded, HttpToolsProtocol)
    )
    assert (ours.written, ours.closed) == (theirs.written, True)


def test_an_answer_that_was_begun_alone_was_not() -> None:
    wire = talk(
        failing, iter([b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"]), until=lambda wire: b"\r\n\r\n" in wire.written
    )
    assert wire.written.startswith(b"HTTP/1.1 500 ")
