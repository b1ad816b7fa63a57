"""How far the body of a request is read: whole within its size, and to the end of what is sent, within a bound."""

from __future__ import annotations

import asyncio

import pytest
from starlette.requests import Request
from starlette.types import Message

from safehash.service.bodies import read_body
from safehash.service.refusing import Refused

ALLOWED = 10


class Sent:
    """A request whose body comes in pieces of one length; counts what was taken of it."""

    def __init__(self, n_pieces: int, *, length: int = 5, headers: dict[str, str] | None = None) -> None:
        self.n_left, self.n_taken, self._piece = n_pieces, 0, bytes(length)
        raw = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        scope = {"type": "http", "method": "POST", "path": "/", "headers": raw, "query_string": b""}
        self.request = Request(scope, self._receive)

    async def _receive(self) -> Message:
        self.n_left -= 1
        self.n_taken += 1
        return {"type": "http.request", "body": self._piece, "more_body": self.n_left > 0}

    def read(self) -> bytes:
        return asyncio.run(read_body(self.request, max_bytes=ALLOWED, seconds=30))


def test_a_body_within_its_size_is_read_whole() -> None:
    assert Sent(2).read() == Sent(10, length=1).read() == bytes(10)
    with pytest.raises(Refused, match="at most 10 bytes"):
        Sent(11, length=1).read()


@pytest.mark.parametrize("headers", [{}, {"content-length": "40"}])
def test_a_body_that_is_too_large_is_read_to_its_end(headers: dict[str, str]) -> None:
    sent = Sent(8, headers=headers)
    with pytest.raises(Refused, match="at most 10 bytes") as caught:
        sent.read()
    assert (caught.value.status, sent.n_left) == (413, 0)


@pytest.mark.parametrize("headers", [{}, {"content-length": "5000"}])
def test_a_body_without_end_is_left_after_four_times_what_is_allowed(headers: dict[str, str]) -> None:
    sent = Sent(1000, headers=headers)
    with pytest.raises(Refused, match="at most 10 bytes"):
        sent.read()
    assert sent.n_taken == 9  # the first piece beyond 40 bytes


def test_a_client_that_waits_for_leave_to_send_is_refused_at_once() -> None:
    sent = Sent(8, headers={"content-length": "40", "expect": "100-continue"})
    with pytest.raises(Refused, match="at most 10 bytes"):
        sent.read()
    assert sent.n_taken == 0


def test_a_body_of_which_two_things_are_said_is_none() -> None:
    """A gateway in front would go by the one, and we by the other."""
    sent = Sent(1, headers={"content-type": "image/png"})
    assert sent.read() == bytes(5)
    sent.request.scope["headers"].append((b"content-type", b"multipart/form-data; boundary=a"))
    with pytest.raises(Refused, match="said twice"):
        sent.read()
