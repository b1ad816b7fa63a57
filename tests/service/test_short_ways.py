"""Short ways through the service: each says what the patient way would."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import JSONResponse

from safehash import Hash, SafehashError
from safehash.cli.messages import shortening_messages
from safehash.errors import WithoutDigest, shortened
from safehash.service.access import AccessLog, line_of
from safehash.service.answers import Json
from safehash.service.asking import query_of
from safehash.service.bodies import read_body
from safehash.service.gathering import Gathering
from safehash.service.numbers import Numbers
from safehash.service.pieces import PIECES, Pieces
from safehash.service.refusing import Refused

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the service is for Linux and macOS")

DIGEST = "f8f8f0cce0f4a84f0e370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"

# -- queries and answers ------------------------------------------------------------------------------------

LITERAL = st.text("aB9=&.,:-_+%;/ ", max_size=12)


@given(
    st.one_of(
        LITERAL.map(lambda text: text.encode("latin-1")),
        st.lists(st.tuples(st.text(max_size=4), st.text(max_size=4)), max_size=3).map(
            lambda pairs: urlencode(pairs, errors="replace").encode()
        ),
    )
)
def test_a_query_is_read_as_starlette_reads_it(query: bytes) -> None:
    request = Request({"type": "http", "query_string": query, "headers": []})
    pairs = request.query_params.multi_items()
    if len(dict(pairs)) < len(pairs):
        with pytest.raises(Refused, match="twice"):
            query_of(request)
    else:
        assert query_of(request) == dict(pairs)


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(st.characters(exclude_categories=["Cs"]))
)
VALUES = st.recursive(
    SCALARS | st.decimals(-1000, 1000, places=3).map(float),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text('aé"\\\n', max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_an_answer_is_written_as_starlette_writes_it(value: Any) -> None:
    ours, theirs = Json(value, 201, {"X-A": "b"}), JSONResponse(value, 201, {"X-A": "b"})
    assert (ours.body, ours.raw_headers, ours.status_code) == (theirs.body, theirs.raw_headers, 201)


def test_half_a_surrogate_pair_is_written_as_its_escape() -> None:
    """An id of a list may have one: what matches that entry was answered with an error."""
    value = {"id": "\ud800x", "more": ["é", "\udfff"]}
    assert json.loads(bytes(Json(value).body)) == value


# -- the access log -----------------------------------------------------------------------------------------

SAID: list[dict[str, Any]] = [
    {},
    {"outcomes": ["no_match"]},
    {"outcomes": ["match"] * 8, "n_bytes": 361182, "hash": DIGEST[:8]},
    {"outcomes": ["unreadable"], "keep": True, "n_bytes": 0},
    {"bearer": "pipeline@host", "outcomes": []},
    {"bearer": DIGEST[:20], "outcomes": []},
    {"refused": f'not "{DIGEST[:8]}..." but \\ é', "bearer": "a"},
    {"refused": f"no list {DIGEST}"},
    {"whatever": [DIGEST, {"b": DIGEST}]},
]


@pytest.mark.parametrize("said", SAID, ids=lambda said: "+".join(said) or "nothing")
def test_a_line_of_the_log_is_json_in_which_nothing_is_left_to_shorten(said: dict[str, Any]) -> None:
    line = line_of("GET", "/m/lookup", 200, 0.000218, said)
    assert (type(line), shortened(str(line))) == (WithoutDigest, line)
    facts = {
        "time": json.loads(line)["time"],
        "method": "GET",
        "route": "/m/lookup",
        "status": 200,
        "milliseconds": 0.22,
    }
    assert line == shortened(json.dumps({**facts, **said}))
    assert re.fullmatch(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", facts["time"])


def test_lines_of_a_turn_are_one_write_and_no_line_waits_for_a_loop() -> None:
    class Counting(io.StringIO):
        n_writes = 0

        def write(self, text: str) -> int:
            self.n_writes += 1
            return super().write(text)

    stream = Counting()
    log = AccessLog(stream)

    async def turn() -> None:
        for _ in range(3):
            log.answered("GET", "/a", 200, 0.0, {})
        assert stream.getvalue() == ""
        await asyncio.sleep(0)

    asyncio.run(turn())
    assert (stream.n_writes, len(stream.getvalue().splitlines())) == (1, 3)
    log.answered("GET", "/b", 200, 0.0, {})
    assert json.loads(stream.getvalue().splitlines()[-1])["route"] == "/b"


def test_only_what_its_maker_answers_for_is_not_looked_through(capsys: pytest.CaptureFixture[str]) -> None:
    with shortening_messages():
        sys.stderr.write(WithoutDigest(f"{DIGEST}\n"))
        print(DIGEST, file=sys.stderr)
        sys.stderr.write(WithoutDigest("x") + DIGEST)  # joined, it is a text as any other
    assert capsys.readouterr().err == f"{DIGEST}\n{DIGEST[:8]}...\nx{DIGEST[:8]}..."


# -- numbers ------------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(st.sampled_from(["/a", "/b"]), st.sampled_from([200, 404]), st.floats(0, 40)), max_size=9
    )
)
def test_the_page_of_numbers_is_what_the_library_would_count(answers: list[tuple[str, int, float]]) -> None:
    engine: Any = SimpleNamespace(
        is_ready=False, n_held=0, reloads=SimpleNamespace(done=0, refused=0), guard=None
    )
    ours, registry = Numbers(engine), CollectorRegistry()
    counter = Counter("safehash_requests", "Requests answered", ("route", "status"), registry=registry)
    times = Histogram(
        "safehash_request_seconds", "From a request's head to its answer", ("route",), registry=registry,
        buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0),
    )  # fmt: skip
    for route, status, seconds in (*answers, ("/a", 200, 0.005)):  # on a limit
        ours.answered(route, status, seconds)
        counter.labels(route, str(status)).inc()
        times.labels(route).observe(seconds)

    def lines(page: bytes) -> list[str]:
        return [line for line in page.decode().splitlines() if "_request" in line and "_created" not in line]

    assert sorted(lines(ours.page())) == sorted(lines(generate_latest(registry)))


# -- bodies -------------------------------------------------------------------------------------------------


def of_pieces(*pieces: bytes, are_all: bool) -> Request:
    """Return a request whose body came in pieces, and of which nothing more can be had."""
    collected = Pieces()
    for piece in pieces:
        collected += piece
    collected.are_all = are_all

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    return Request({"type": "http", "headers": [], PIECES: collected}, receive)


def test_a_body_that_is_all_there_is_not_waited_for() -> None:
    def read(request: Request) -> bytes:
        return asyncio.run(read_body(request, max_bytes=8, seconds=5.0))

    assert read(of_pieces(b"abc", b"defgh", are_all=True)) == b"abcdefgh"
    assert read(of_pieces(are_all=True)) == b""
    for more in (of_pieces(b"abc", are_all=False), of_pieces(b"abc", b"defghi", are_all=True)):
        with pytest.raises(Refused, match="went away"):  # it was waited for
            read(more)


# -- look-ups together --------------------------------------------------------------------------------------


class Asked:
    """Answers with the hashes themselves, and keeps what it was asked; one digest is a defect."""

    def __init__(self, bad: bytes = b"") -> None:
        self.calls: list[tuple[int, Any, bool]] = []
        self._bad = bad

    def __call__(self, values: Sequence[Hash], lists: Any, turned: bool) -> Any:
        self.calls.append((len(values), lists, turned))
        if any(value.digest == self._bad for value in values):
            raise SafehashError("damaged")
        return list(values)


def hashes(n: int, first: int = 0) -> list[Hash]:
    return [Hash("md5", bytes([first + k]) * 16) for k in range(n)]


def together(decide: Asked, asks: list[tuple[list[Hash], Any, bool]], at_once: int = 4) -> list[Any]:
    async def run() -> list[Any]:
        gathering = Gathering(decide, at_once=at_once)
        tasks = [gathering.decisions(values, lists, turned=turned) for values, lists, turned in asks]
        return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(run())


def test_look_ups_of_a_turn_are_made_together_and_each_has_its_own() -> None:
    decide = Asked()
    asks = [(hashes(1, k), None, False) for k in range(3)]
    assert together(decide, asks) == [values for values, _, _ in asks]
    assert decide.calls == [(3, None, False)]


def test_what_asks_for_something_else_or_is_too_much_waits_for_its_turn() -> None:
    decide, only = Asked(), frozenset({"own"})
    asks: list[tuple[list[Hash], Any, bool]] = [
        (hashes(3), None, False), (hashes(2, 10), None, False), (hashes(1, 20), only, False),
        (hashes(1, 30), only, True), (hashes(1, 40), only, True),
    ]  # fmt: skip
    assert together(decide, asks) == [values for values, _, _ in asks]
    assert decide.calls == [(3, None, False), (2, None, False), (1, only, False), (2, only, True)]


def test_who_meets_damage_is_told_and_nobody_else() -> None:
    asks = [(hashes(1, k), None, False) for k in range(3)]
    first, second, third = together(Asked(bad=bytes([1]) * 16), asks)
    assert (first, third) == (asks[0][0], asks[2][0])
    assert isinstance(second, SafehashError)
