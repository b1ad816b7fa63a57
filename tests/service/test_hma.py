"""The interface of the field's matching service, asked as its clients ask it.

Requests are those of Coop (roostorg/coop, its HMA client) and of Matrix deployments (matrix-org/hma-matrix: a key as a
Bearer token, /status open), in our own words.
"""

from __future__ import annotations

import asyncio
import http.server
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import pytest
from PIL import Image

import safehash
from safehash.service.fetching import Fetcher, _is_public
from safehash.service.refusing import Refused
from services import Running
from stores import write_list, write_pictures

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the service is for Linux and macOS")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_pictures(tmp_path_factory.mktemp("pictures"), 4)


@pytest.fixture(scope="module")
def service(pictures: list[Path]) -> Iterator[Running]:
    """Two lists, named as Coop names the banks of an organisation."""
    here = pictures[0].parent
    one = write_list(here / "one.csv", pictures[1])
    two = write_list(here / "two.csv", pictures[1], pictures[2])
    with Running(
        "--list", f"COOP_ORG1_SELF_HARM={one}", "--list", f"COOP_ORG1_PARTNER={two}", "--no-last-good",
        "--max-distance", "COOP_ORG1_SELF_HARM=10",
    ) as running:  # fmt: skip
        yield running


def hex_of(path: Path) -> str:
    return safehash.hash_file(path).hex


# -- Coop ---------------------------------------------------------------------------------------------------


def coop_matches(service: Running, banks: list[str], digits: str) -> list[str]:
    """Ask as Coop does for a rule, and keep what it keeps: the banks of its own that have a match."""
    answer = service.get("/m/lookup", signal_type="pdq", signal=digits)
    assert answer.status == 200
    return [bank for bank in banks if answer.json.get(bank)]


def test_coop_asks_for_matches_of_a_hash(service: Running, pictures: list[Path]) -> None:
    banks = ["COOP_ORG1_SELF_HARM", "COOP_ORG1_PARTNER", "COOP_ORG1_OTHER"]
    found = [coop_matches(service, banks, hex_of(path)) for path in pictures]
    assert found == [[], ["COOP_ORG1_SELF_HARM", "COOP_ORG1_PARTNER"], ["COOP_ORG1_PARTNER"], []]


def test_coop_asks_whether_its_banks_are_there(service: Running) -> None:
    """404 alone makes it forget a bank."""
    assert service.get("/c/bank/COOP_ORG1_SELF_HARM").json == {
        "name": "COOP_ORG1_SELF_HARM", "matching_enabled_ratio": 1.0,
    }  # fmt: skip
    assert service.get("/c/bank/COOP_ORG1_GONE").status == 404
    assert [bank["name"] for bank in service.get("/c/banks").json] == [
        "COOP_ORG1_SELF_HARM",
        "COOP_ORG1_PARTNER",
    ]
    gone = ("exchange/COOP_ORG1_SELF_HARM", "exchange/COOP_ORG1_SELF_HARM/status", "exchanges/api/ncmec",
            "exchanges/api/ncmec/schema")  # fmt: skip
    for path in gone:
        answer = service.get(f"/c/{path}")
        assert (answer.status, set(answer.json)) == (404, {"message"}), "which it takes for: none"
    assert service.get("/c/exchanges/apis").json == service.get("/c/exchanges").json == []


def test_coop_cannot_write(service: Running) -> None:
    writes: list[tuple[str, str, Any]] = [
        ("POST", "/c/banks", {"name": "COOP_ORG1_NEW", "enabled_ratio": "1"}),
        ("PUT", "/c/bank/COOP_ORG1_SELF_HARM", {"enabled_ratio": 0.5}),
        ("DELETE", "/c/bank/COOP_ORG1_SELF_HARM", None),
        ("POST", "/c/bank/COOP_ORG1_SELF_HARM/content", None),
        ("POST", "/c/exchanges", {"bank": "X", "api": "ncmec", "api_json": {}}),
        ("POST", "/c/exchanges/api/ncmec", {"credential_json": {}}),
    ]
    for method, path, _ in writes:
        answer = service.ask(method, path, b"{}", {"Content-Type": "application/json"})
        assert (answer.status, set(answer.json)) == (403, {"message"})


def test_coops_base_url_ends_in_a_slash(service: Running, pictures: list[Path]) -> None:
    """Its default is http://localhost:9876/, and paths begin with one, too."""
    assert service.get("//m/lookup", signal_type="pdq", signal=hex_of(pictures[2])).json


def test_coop_has_pictures_hashed_by_url(pictures: list[Path], service: Running) -> None:
    """That is off unless hosts are named; then it needs a public address, which no test has."""
    refused = service.get("/h/hash", url="https://pictures.example/1.jpg")
    assert (refused.status, set(refused.json)) == (403, {"message"})
    assert "--fetch-from" in refused.json["message"]


# -- the shapes that clients read ---------------------------------------------------------------------------


def test_hash_of_an_upload(service: Running, pictures: list[Path], tmp_path: Path) -> None:
    for path in pictures:
        assert service.post_form("/h/hash", ("photo", path.read_bytes())).json == {"pdq": hex_of(path)}
    flat = tmp_path / "flat.png"
    Image.new("RGB", (64, 64), (200, 10, 10)).save(flat)
    answer = service.post_form("/h/hash", ("photo", flat.read_bytes()))
    assert (answer.status, answer.json) == (200, {"pdq": ""}), (
        "as theirs: too flat for its hash to mean anything"
    )
    assert answer.headers["x-safehash-outcome"] == "low_quality"


def test_lookup_of_an_upload(service: Running, pictures: list[Path]) -> None:
    answer = service.post_form("/m/lookup", ("photo", pictures[2].read_bytes())).json
    ((bank, (match,)),) = answer["pdq"].items()
    assert (bank, match["distance"]) == ("COOP_ORG1_PARTNER", "0")
    assert isinstance(match["bank_content_id"], int)
    assert service.post_form("/m/lookup", ("photo", pictures[0].read_bytes())).json == {"pdq": {}}
    own = service.post_form("/m/lookup?banks=COOP_ORG1_SELF_HARM", ("photo", pictures[1].read_bytes())).json
    assert list(own["pdq"]) == ["COOP_ORG1_SELF_HARM"]


def test_what_cannot_be_looked_at_is_no_answer(service: Running) -> None:
    """An error, where "no match" would let it pass."""
    for path in ("/h/hash", "/m/lookup"):
        answer = service.post_form(path, ("photo", b"words"))
        assert (answer.status, answer.headers["x-safehash-outcome"]) == (422, "unsupported")
        assert set(answer.json) == {"message"}


def test_a_type_that_no_list_has_is_no_answer(service: Running, pictures: list[Path]) -> None:
    """It would never match: an error, where an empty answer would let it pass."""
    data = pictures[2].read_bytes()
    for query in ("types=video_md5", "types=pdq,phash"):
        assert service.post_form(f"/m/lookup?{query}", ("photo", data)).status == 400
        assert service.post_form(f"/h/hash?{query}", ("photo", data)).status == 400
    one = service.post_form("/m/lookup?types=pdq&signal_type=pdq", ("photo", data)).json
    assert list(one["pdq"]) == ["COOP_ORG1_PARTNER"], "by type, as theirs answers an upload"


def test_every_answer_says_the_outcome(service: Running, pictures: list[Path]) -> None:
    digits = hex_of(pictures[1])
    for path in ("/m/lookup", "/m/raw_lookup"):
        assert service.get(path, signal_type="pdq", signal=digits).headers["x-safehash-outcome"] == "match"
    for path in ("/m/lookup", "/h/hash"):
        answer = service.post_form(path, ("photo", pictures[1].read_bytes()))
        assert answer.headers["x-safehash-outcome"] == "match"


def test_a_head_is_that_of_the_answer(service: Running, pictures: list[Path]) -> None:
    asked = f"/m/lookup?signal_type=pdq&signal={hex_of(pictures[1])}"
    whole, head = service.ask("GET", asked), service.ask("HEAD", asked)
    assert (head.status, head.body) == (200, b"")
    for name in ("content-length", "content-type", "x-safehash-outcome"):
        assert head.headers[name] == whole.headers[name]


def test_raw_lookup(service: Running, pictures: list[Path]) -> None:
    digits = hex_of(pictures[1])
    numbers = service.get("/m/raw_lookup", signal_type="pdq", signal=digits).json["matches"]
    assert len(set(numbers)) == 2
    far = service.get("/m/raw_lookup", signal_type="pdq", signal=digits, include_distance="true").json[
        "matches"
    ]
    assert [each["bank_content_id"] for each in far] == numbers
    assert [each["distance"] for each in far] == ["0", "0"]
    by_bank = service.get("/m/lookup", signal_type="pdq", signal=digits).json
    assert {each["bank_content_id"] for matches in by_bank.values() for each in matches} == set(numbers)
    one = service.get("/m/raw_lookup", signal_type="pdq", signal=digits, banks="COOP_ORG1_PARTNER").json[
        "matches"
    ]
    assert len(one) == 1
    near = f"{int(digits, 16) ^ 0b1011:064x}"
    moved = service.get("/m/lookup", signal_type="pdq", signal=near, banks="COOP_ORG1_PARTNER").json
    assert moved["COOP_ORG1_PARTNER"][0]["distance"] == "3", "text, not a number"


def test_a_bank_has_its_own_threshold(service: Running, pictures: list[Path]) -> None:
    for n_bits, banks in ((10, {"COOP_ORG1_SELF_HARM", "COOP_ORG1_PARTNER"}), (11, {"COOP_ORG1_PARTNER"})):
        near = f"{int(hex_of(pictures[1]), 16) ^ ((1 << n_bits) - 1):064x}"
        assert set(service.get("/m/lookup", signal_type="pdq", signal=near).json) == banks


def test_compare_and_status(service: Running, pictures: list[Path]) -> None:
    one = hex_of(pictures[1])
    near, far = f"{int(one, 16) ^ 0b111:064x}", f"{int(one, 16) ^ ((1 << 100) - 1):064x}"
    assert service.post_json("/m/compare", {"pdq": [one, near]}).json == {"pdq": [True, {"distance": 3}]}
    assert service.post_json("/m/compare", {"pdq": [one, far]}).json == {"pdq": [False, {"distance": 100}]}
    status = service.get("/m/index/status").json
    assert (status["pdq"]["present"], status["pdq"]["size"]) == (True, 3)
    assert service.get("/m/index/status", signal_type="tmk").status == 400
    for path in ("/status", "/status/live"):
        assert service.get(path).body == b"I-AM-ALIVE"


@pytest.mark.parametrize(
    ("method", "path", "data"),
    [
        ("GET", "/m/lookup", None),
        ("GET", "/m/lookup?signal_type=pdq&signal=xyz", None),
        ("GET", "/m/lookup?signal_type=vpdq&signal=" + "0" * 64, None),
        ("GET", "/m/lookup?signal_type=pdq&banks=NOBODY&signal=" + "0" * 64, None),
        ("GET", "/m/raw_lookup?signal=" + "0" * 64, None),
        ("GET", "/h/hash", None),
        ("POST", "/h/hash", b"raw"),
        ("POST", "/m/compare", b'{"pdq": ["00"]}'),
        ("POST", "/m/compare", b'{"md5": ["00", "00"]}'),
        ("POST", "/m/compare", b"[]"),
        ("POST", "/m/compare", b'{"pdq": ["md5:%s", "md5:%s"]}' % (b"0" * 32, b"0" * 32)),
        ("POST", "/m/compare", b'{"pdq": ["phash256:%s", "phash256:%s"]}' % (b"0" * 64, b"0" * 64)),
    ],
)
def test_errors_are_messages(service: Running, method: str, path: str, data: bytes | None) -> None:
    answer = service.ask(method, path, data)
    assert (answer.status, set(answer.json)) == (400, {"message"})


def test_a_path_that_is_theirs_and_not_here_is_a_message(service: Running) -> None:
    for path in ("/c/signal_type", "/m/lookup/", "/h/nothing"):
        answer = service.get(path)
        assert (answer.status, set(answer.json)) == (404, {"message"})


def test_a_form_calls_its_file_photo(service: Running, pictures: list[Path]) -> None:
    data = pictures[1].read_bytes()
    assert service.post_form("/h/hash", ("video", data)).status == 400
    assert service.post_form("/h/hash", ("photo", data), ("photo", data)).status == 400


# -- pictures by URL ----------------------------------------------------------------------------------------


class Pictures(http.server.BaseHTTPRequestHandler):
    """A host of pictures, kind and not so kind."""

    known = b"\x89PNG" + bytes(1000)
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        if self.path == "/slow":
            self.rfile.read(1)  # until the client goes away
            return
        self.send_response({"/moved": 302, "/gone": 404}.get(self.path, 200))
        if self.path == "/moved":
            self.send_header("Location", "/known")
        n_said = {"/large": len(self.known) * 9, "/short": len(self.known) + 1}.get(
            self.path, len(self.known)
        )
        self.send_header("Content-Length", str(n_said))
        self.end_headers()
        with suppress(OSError):  # the client has had enough
            self.wfile.write(self.known * (9 if self.path == "/large" else 1))

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Pictures)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def fetched(
    url: str, *, hosts: tuple[str, ...] = ("localhost",), public: bool = True, seconds: float = 20.0
) -> Any:
    judge = (lambda _: True) if public else None
    try:
        return asyncio.run(Fetcher(hosts, max_bytes=5000, is_public=judge).fetch(url, seconds=seconds))
    except Refused as exc:
        return exc.status


def test_a_picture_is_fetched_from_a_host_that_was_named(host: str) -> None:
    for path in ("/known?a=%20b&c", "/?x", "?y=1", "/known", ""):
        Pictures.asked.clear()
        assert fetched(f"{host}{path}") == Pictures.known
        assert Pictures.asked == [path if path.startswith("/") else f"/{path}"], "as it was given"
    asked = {"/moved": 502, "/gone": 502, "/large": 413, "/short": 502}
    assert {path: fetched(host + path) for path in asked} == asked
    assert fetched(f"{host}/slow", seconds=0.1) == 504
    assert fetched(host.replace("localhost", "127.0.0.1") + "/known") == 403, "another name of the same"


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "::1", "fe80::1%1", "::ffff:10.0.0.1",
     "2002:0a00:0001::", "224.0.0.1", "0.0.0.0", "100.64.0.1", "words", "64:ff9b::10.0.0.1", "::10.0.0.1",
     "::ffff:127.0.0.1", "2001:0:4136:e378:8000:63bf:f5ff:fffe", "fec0::1", "fd00::1", "ff02::1", "64:ff9b::224.0.0.1",
     "64:ff9b:1::1", "::ffff:0:10.0.0.1", "::ffff:0:8.8.8.8", "5f00::1", "4000::1", "3fff::1", "192.0.0.8",
     "192.88.99.1",
     "2130706433", "0x7f.1", "127.1", "", "255.255.255.255"],
)  # fmt: skip
def test_no_address_of_an_inner_network_is_public(address: str) -> None:
    assert not _is_public(address)
    assert _is_public("64:ff9b::93.184.215.14"), "the gateway of a network without IPv4"
    assert _is_public("93.184.215.14") and _is_public("2606:2800:21f:cb07:6820:80da:af6b:8b2c")


def test_a_named_host_at_an_inner_address_is_refused(host: str) -> None:
    assert fetched("http://localhost/known", public=False) == 403
    assert fetched(f"{host}/known", hosts=()) == 403
    odd = (
        "file:///etc/passwd",
        "http://user:word@localhost/x",
        "http://localhost:99999/x",
        "http:///x",
        "x",
        "http://[",
    )
    other_words = (
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "[::ffff:127.0.0.1]",
        "localhost.",
        "LOCALHOST%00",
    )
    assert {fetched(host.replace("localhost", each) + "/known") for each in other_words} <= {403, 400}
    for each in (
        "2130706433",
        "127.1",
        "[::ffff:127.0.0.1]",
        "[::1]",
    ):  # named by an operator who did not mean that
        assert fetched(f"http://{each}/known", hosts=(each.strip("[]"),), public=False) == 403
    assert {fetched(url) for url in odd} == {400}
    assert fetched("http://ex..ample/", hosts=("ex..ample",)) == 502, "no name that could be resolved"
    assert fetched(f"{host}/a\r\nHost: x") in (400, 502)
