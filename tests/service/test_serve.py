"""The service as clients meet it: every answer is what the library says, and what is no answer says why."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import safehash
from safehash.cli import main
from safehash.lists.formats.jsonl import write_list as write_entries
from services import Running, form, replace_whole, until
from stores import command, environment, write_list, write_pictures

TOO_MUCH = re.compile(r"[0-9a-fA-F]{9,}")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the service is for Linux and macOS")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_pictures(tmp_path_factory.mktemp("pictures"), 4)


@pytest.fixture(scope="module")
def lists(pictures: list[Path]) -> list[Path]:
    here = pictures[0].parent.parent / f"{pictures[0].parent.name}-lists"
    here.mkdir()
    return [
        write_list(here / "own.csv", pictures[1]),
        write_list(here / "partner.csv", pictures[1], pictures[2]),
    ]


@pytest.fixture(scope="module")
def service(lists: list[Path]) -> Iterator[Running]:
    each = [word for path in lists for word in ("--list", path)]
    with Running(*each, "--on-undecided", "reject", "--max-body", "300K", "--no-last-good") as running:
        yield running


@pytest.fixture(scope="module")
def matcher(lists: list[Path]) -> safehash.Matcher:
    return safehash.Matcher.from_files(*lists)


def plain(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without what no two decisions have in common."""
    return {name: value for name, value in record.items() if name not in ("decided", "milliseconds", "name")}


# -- our own interface --------------------------------------------------------------------------------------


@pytest.mark.parametrize("effort", [None, "fast", "thorough"])
def test_every_way_to_send_an_upload_ends_in_the_librarys_record(
    service: Running, matcher: safehash.Matcher, pictures: list[Path], effort: Any
) -> None:
    query = "" if effort is None else f"?effort={effort}"
    told = {} if effort is None else {"effort": effort}
    uploads = [*(path.read_bytes() for path in pictures), b"", b"words", pictures[1].read_bytes()[:700]]
    for upload in uploads:
        wanted = json.loads(json.dumps(plain(matcher.check(upload, effort=effort).to_record())))
        answers = [service.post_form("/v1/check", ("file", upload), **told)]
        if upload:
            answers.append(service.post(f"/v1/check{query}", upload))
            body, kind = form(("anything", upload))
            answers.append(service.ask("POST", f"/v1/check{query}", body, {"Content-Type": kind}))
        for answer in answers:
            assert answer.status == 200
            assert plain(answer.json) == wanted
    together = service.post_form(
        "/v1/check/batch", *((f"f{k}", each) for k, each in enumerate(uploads)), **told
    )
    assert [plain(each) for each in together.json["results"]] == [
        json.loads(json.dumps(plain(matcher.check(each, effort=effort).to_record()))) for each in uploads
    ]
    assert together.json["results"][2]["name"] == "f2.bin"


def test_hashes_are_decided_as_the_library_does(
    service: Running, matcher: safehash.Matcher, pictures: list[Path]
) -> None:
    values = [safehash.hash_file(path) for path in pictures]
    values += [value.orientations()[4] for value in values] + [
        safehash.Hash("pdq", values[k].digest, quality=20)
        for k in (0, 1)  # a flat picture matches what it is nearly, and nothing else is said of it
    ]
    wanted = [plain(each.to_record(full_hashes=True)) for each in matcher.check_hashes(values)]
    assert {each["outcome"] for each in wanted} == {"match", "no_match", "low_quality"}
    given = [{"algorithm": "pdq", "hash": value.hex, "quality": value.quality} for value in values]
    answer = service.post_json("/v1/check/batch", {"hashes": given, "full_hashes": True})
    assert [plain(each) for each in answer.json["results"]] == wanted
    for hash_, record in zip(given, wanted, strict=True):
        one = service.post_json("/v1/check", {"hash": hash_, "full_hashes": True})
        assert plain(one.json) == record
    mirrored = {"hash": values[5].hex, "algorithm": "pdq"}  # of the listed one
    outcomes = [
        service.post_json("/v1/check", {**mirrored, "effort": e}).json["outcome"]
        for e in ("fast", "standard")
    ]
    assert outcomes == ["no_match", "match"], "fast looks at a hash as it is"
    short = service.post_json("/v1/check", {"hash": f"pdq:{values[1].hex}"}).json
    assert (short["hash"], short["outcome"]) == (values[1].hex[:8], "match")


def test_only_the_lists_that_are_named_count(service: Running, pictures: list[Path]) -> None:
    listed = pictures[2].read_bytes()
    outcomes = {
        only: service.post(f"/v1/check?lists={only}", listed).json["outcome"]
        for only in ("own", "partner", "own,partner")
    }
    assert outcomes == {"own": "no_match", "partner": "match", "own,partner": "match"}
    matches = service.post("/v1/check?lists=partner", pictures[1].read_bytes()).json["matches"]
    assert [match["list"] for match in matches] == ["partner"]
    refused = service.post("/v1/check?lists=own,nobody", listed)
    assert refused.status == 400
    assert "nobody" in refused.json["detail"]


def test_the_lists_are_told(service: Running) -> None:
    told = service.get("/v1/lists").json
    assert [(each["name"], each["entries"]) for each in told["lists"]] == [("own", 1), ("partner", 2)]
    assert (told["algorithms"], told["effort"], told["lists"][0]["thresholds"]["pdq"]) == (
        ["pdq"],
        "standard",
        31,
    )


PICTURE = b"\x89PNG\r\n\x1a\n"
REFUSED: dict[str, tuple[Any, int]] = {
    "an unknown effort": (("POST", "/v1/check?effort=maximal", PICTURE, {}), 400),
    "an unknown parameter": (("POST", "/v1/check?efort=fast", PICTURE, {}), 400),
    "nothing": (("POST", "/v1/check", b"", {}), 400),
    "no JSON": (("POST", "/v1/check", b"{", {"Content-Type": "application/json"}), 400),
    "JSON so deep": (("POST", "/v1/check", b"[" * 100_000, {"Content-Type": "application/json"}), 400),
    "JSON of a list": (("POST", "/v1/check", b"[]", {"Content-Type": "application/json"}), 400),
    "a hash too short": (("POST", "/v1/check", b'{"hash": "pdq:abcd"}', {"Content-Type": "application/json"}), 400),
    "an algorithm of no list": (
        ("POST", "/v1/check", b'{"hash": "phash:d1c4a3b2f0e19687"}', {"Content-Type": "application/json"}), 400,
    ),
    "a form without a boundary": (("POST", "/v1/check", b"x", {"Content-Type": "multipart/form-data"}), 400),
    "a form that breaks off": (
        ("POST", "/v1/check", form(("file", PICTURE))[0][:-6], {"Content-Type": form()[1]}), 400,
    ),
    "a form of something else": (("POST", "/v1/check", b"words", {"Content-Type": form()[1]}), 400),
    "a form of two files": (
        ("POST", "/v1/check", form(("a", PICTURE), ("b", PICTURE))[0], {"Content-Type": form()[1]}), 400,
    ),
    "a form of many parts": (
        ("POST", "/v1/check/batch", form(*(("a", b"") for _ in range(200)))[0], {"Content-Type": form()[1]}), 400,
    ),
    "more hashes than are taken": (
        ("POST", "/v1/check/batch", b'{"hashes": [%s 0]}' % (b"0," * 10_000), {"Content-Type": "application/json"}),
        413,
    ),
    "a hash and hashes": (
        ("POST", "/v1/check", json.dumps({"hash": "0" * 64, "hashes": ["0" * 64]}).encode(),
         {"Content-Type": "application/json"}), 400,
    ),
    "too large": (("POST", "/v1/check", bytes(400_000), {}), 413),
    # Of what is said twice one would count, and nobody knows which: of two lists, the other would match nothing.
    "a list and another": (("POST", "/v1/check?lists=own&lists=partner", PICTURE, {}), 400),
    "a list and another, quoted": (("POST", "/v1/check?lists=%6fwn&lists=partner", PICTURE, {}), 400),
    "a list in a query and another in a form": (
        ("POST", "/v1/check?lists=own", form(("a", PICTURE), lists="partner")[0], {"Content-Type": form()[1]}), 400,
    ),
    "an effort in a query and another in JSON": (
        ("POST", "/v1/check?effort=fast", json.dumps({"hash": "pdq:" + "0" * 64, "effort": "thorough"}).encode(),
         {"Content-Type": "application/json"}), 400,
    ),
    "two hashes of one name": (
        ("POST", "/v1/check", b'{"hash": "pdq:%s", "hash": "pdq:%s"}' % (b"0" * 64, b"1" * 64),
         {"Content-Type": "application/json"}), 400,
    ),
    # What is no text cannot be written back, nor kept.
    "half a surrogate pair": (
        ("POST", "/v1/check", b'{"\\ud800": 1}', {"Content-Type": "application/json"}), 400,
    ),
    "half a pair in UTF-8": (
        ("POST", "/v1/verdicts", b'{"list": "own", "id": "\xed\xa0\x80", "verdict": "harmless"}',
         {"Content-Type": "application/json"}), 400,
    ),
    "half a pair in UTF-16": (
        ("POST", "/v1/check", '{"\ud800": 1}'.encode("utf-16", "surrogatepass"),
         {"Content-Type": "application/json"}), 400,
    ),
    # What is packed, or does not say what it is, would be no picture, and so nothing to reject.
    "packed": (("POST", "/v1/check", PICTURE, {"Content-Encoding": "gzip"}), 415),
    "JSON that does not say so": (
        ("POST", "/v1/check", b' {"hash": "x"}', {"Content-Type": "application/x-www-form-urlencoded"}), 415,
    ),
    "a hash of two algorithms": (
        ("POST", "/v1/check", json.dumps({"hash": "pdq:" + "0" * 64, "algorithm": "phash256"}).encode(),
         {"Content-Type": "application/json"}), 400,
    ),
    "a hash of two algorithms, the other way": (
        ("POST", "/v1/check", json.dumps({"hash": "phash256:" + "0" * 64, "algorithm": "pdq"}).encode(),
         {"Content-Type": "application/json"}), 400,
    ),
    "an algorithm that is no name": (
        ("POST", "/v1/check", json.dumps({"hash": "0" * 64, "algorithm": []}).encode(),
         {"Content-Type": "application/json"}), 400,
    ),
    "a hash as a form of words": (
        ("POST", "/v1/check", b"hash=f8f8", {"Content-Type": "application/x-www-form-urlencoded"}), 415,
    ),
    "an explanation without tokens": (("POST", "/v1/explain", PICTURE, {}), 403),
    # Of answers in the order of files one would be of no file.
    "a word beside files": (
        ("POST", "/v1/check/batch", form(("a", PICTURE), efort="fast")[0], {"Content-Type": form()[1]}), 400,
    ),
    "a packed file in a form": (
        ("POST", "/v1/check", form(("a", PICTURE))[0].replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n", 1),
         {"Content-Type": form()[1]}), 415,
    ),
    "a file in a form in digits": (
        ("POST", "/v1/check",
         form(("a", PICTURE))[0].replace(b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1),
         {"Content-Type": form()[1]}), 415,
    ),
    "a part of two names": (
        ("POST", "/v1/check",
         form(("a", PICTURE))[0].replace(b"\r\n\r\n", b'\r\nContent-Disposition: form-data; name="b"\r\n\r\n', 1),
         {"Content-Type": form()[1]}), 400,
    ),
    "JSON as text": (("POST", "/v1/check", b'{"hash": "x"}', {"Content-Type": "text/plain;charset=UTF-8"}), 415),
    "JSON as nothing": (("POST", "/v1/check", b'{"hash": "x"}', {}), 415),
    "an entry named twice": (
        ("POST", "/v1/verdicts", b'{"list": "own", "id": "a", "entry": "pdq:%s", "verdict": "harmful"}' % (b"0" * 64),
         {"Content-Type": "application/json"}), 400,
    ),
    "verdicts of one list": (("GET", "/v1/verdicts?list=own", None, {}), 400),
    "lists of a kind": (("GET", "/v1/lists?kind=allow", None, {}), 400),
    "a reload of one list": (("POST", "/v1/reload?lists=own", b"", {}), 400),
    "a path that ends in a slash": (("POST", "/v1/check/", PICTURE, {}), 404),
    "a picture on a page": (("GET", "/v1/lists", None, {"Sec-Fetch-Site": "cross-site"}), 403),
    "a page in a browser": (("POST", "/v1/verdicts", b"{}", {"Origin": "https://somewhere.example"}), 403),
    "another method": (("GET", "/v1/check", None, {}), 405),
    "another path": (("GET", "/v2/check", None, {}), 404),
}  # fmt: skip


def test_a_picture_is_one_whatever_it_is_called(service: Running, pictures: list[Path]) -> None:
    """As curl and others send it, who know no better; and who offers another protocol is answered in this one."""
    upgrade = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAEAAEAAAAI"}
    for headers in (
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "text/plain"},
        {"Content-Encoding": "identity"},
        upgrade,
    ):
        answer = service.ask("POST", "/v1/check", pictures[1].read_bytes(), headers)
        assert (answer.status, answer.json["outcome"]) == (200, "match")
    told = service.ask(
        "POST", "/v1/check", b'{"a": 1}', {"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert told.json["outcome"] == "unsupported", "somebody's file, which is no picture"
    whole = safehash.hash_file(pictures[1]).hex
    answer = service.ask(
        "POST",
        "/v1/check",
        json.dumps({"hash": whole}).encode(),
        {"Content-Type": "application/vnd.api+json"},
    )
    assert answer.json["outcome"] == "match"


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_says_why(service: Running, name: str) -> None:
    asked, status = REFUSED[name]
    answer = service.ask(*asked)
    assert answer.status == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.json["status"], bool(answer.json["detail"])) == (status, True)
    assert service.get("/healthz").status == 200


_WHOLE = "5af0" * 16
_JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "asked",
    [
        ("POST", f"/v1/check?{_WHOLE}=1", PICTURE, {}),
        ("POST", f"/v1/check?lists={_WHOLE}", PICTURE, {}),
        ("POST", f"/v1/check?effort={_WHOLE}", PICTURE, {}),
        ("POST", "/v1/check", json.dumps({_WHOLE: 1}).encode(), _JSON),
        ("POST", "/v1/check", json.dumps({"hash": f"pdq:{_WHOLE}0"}).encode(), _JSON),
        ("POST", "/v1/check", json.dumps({"hash": f"{_WHOLE}:00"}).encode(), _JSON),
        ("POST", "/v1/check", json.dumps({"hash": "pdq:00", "lists": [_WHOLE]}).encode(), _JSON),
        ("GET", f"/{_WHOLE}", None, {}),
        ("GET", f"/m/lookup?signal_type={_WHOLE}&signal=0", None, {}),
        ("GET", f"/c/bank/{_WHOLE}", None, {}),
    ],
    ids=lambda asked: asked[1].replace(_WHOLE, "DIGEST"),
)
def test_no_refusal_repeats_a_digest(service: Running, asked: Any) -> None:
    answer = service.ask(*asked)
    assert 400 <= answer.status < 500
    assert TOO_MUCH.search(answer.body.decode()) is None


@pytest.mark.parametrize("headers", [{}, {"Content-Length": "800000"}])
def test_who_sends_too_much_reads_why(service: Running, headers: dict[str, str]) -> None:
    with closing(service.connect()) as connection:
        pieces = iter([bytes(100_000)] * 8)
        connection.request("POST", "/v1/check", pieces, {"Content-Type": "image/png", **headers})
        assert connection.getresponse().status == 413  # all of it was sent: the service listened to the end


def test_who_asks_before_sending_is_told_at_once(service: Running) -> None:
    with closing(service.connect()) as connection:
        connection.putrequest("POST", "/v1/check")
        connection.putheader("Content-Length", str(1 << 40))
        connection.putheader("Expect", "100-continue")
        connection.endheaders()
        assert connection.getresponse().status == 413


def test_a_body_without_end_is_cut_off(service: Running) -> None:
    with closing(service.connect()) as connection, pytest.raises((BrokenPipeError, ConnectionResetError)):
        connection.request(
            "POST", "/v1/check", iter(lambda: bytes(100_000), None), {"Content-Type": "image/png"}
        )


# -- the validator ------------------------------------------------------------------------------------------


def test_a_validator_keeps_and_rejects(service: Running, pictures: list[Path]) -> None:
    statuses = [service.post("/validate", path.read_bytes()).status for path in pictures]
    assert statuses == [200, 406, 406, 200]
    assert service.post("/validate", b"words").status == 406  # as --on-undecided says
    large = service.post("/validate", bytes(400_000))
    assert (large.status, large.json["outcome"]) == (406, "too_large"), (
        "likewise: it was not looked at either"
    )


# -- what is open -------------------------------------------------------------------------------------------


def test_numbers_are_counted(service: Running, pictures: list[Path]) -> None:
    def count(line: str) -> float:
        page = service.get("/metrics").body.decode()
        found = re.search(rf"^{re.escape(line)} ([\d.]+)$", page, re.MULTILINE)
        return float(found[1]) if found else 0.0

    line = 'safehash_decisions_total{effort="fast",outcome="match"}'
    before = count(line)
    service.post("/v1/check?effort=fast", pictures[1].read_bytes())
    assert count(line) == before + 1
    assert count('safehash_list_entries{list="partner"}') == 2
    line = 'safehash_requests_total{route="unknown",status="404"}'
    before = count(line)
    service.get("/nowhere")
    assert count(line) == before + 1


def test_the_description_is_whole(service: Running) -> None:
    told = service.get("/openapi.json").json
    assert set(told["paths"]) == set(service.get("/site-map").json)
    assert "outcome" in told["components"]["schemas"]["Decision"]["properties"]
    for path in told["paths"]:
        assert path in service.get("/docs").body.decode()
    # Whatever is referred to is there, and a check is answered by a decision.
    schemas = set(told["components"]["schemas"])
    assert set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(told))) == schemas
    answer = told["paths"]["/v1/check"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/Decision"}


def test_the_log_has_one_line_an_answer_and_no_digest(service: Running, pictures: list[Path]) -> None:
    whole = safehash.hash_file(pictures[1]).hex
    service.get("/m/lookup", signal=whole, signal_type="pdq")
    service.post("/v1/check", pictures[1].read_bytes())
    until(lambda: '"route": "/v1/check"' in service.log[-1])
    last = json.loads(service.log[-1])
    assert (last["status"], last["outcomes"], last["hash"]) == (200, ["match"], whole[:8])
    assert not [line for line in service.log if TOO_MUCH.search(line)]
    assert not [line for line in service.log if "signal=" in line]
    # Nor where what is refused is told by what was asked.
    n_lines = len(service.log)
    service.post(f"/v1/check?{whole}=1", b"x")
    service.post(f"/v1/check?lists={whole}", pictures[1].read_bytes())
    service.get(f"/m/lookup?signal_type={whole}&signal=0")
    service.get(f"/{whole}")
    service.post_form("/v1/check", ("a", b"x"), **{whole: "1"})
    until(lambda: len(service.log) >= n_lines + 5)
    assert not [line for line in service.log if TOO_MUCH.search(line)]
    # What is not understood is told to who asked, as far as a slip of the pen goes, and not to the log.
    n_lines = len(service.log)
    for query in ("jo%40example.org=1", "lists=jo%40example.org"):
        assert "jo@example.org" in service.post(f"/v1/check?{query}", b"x").json["detail"]
    long = service.post_json("/v1/check", {"jo" * 50_000: 1, "hash": f"pdq:{whole}"})
    assert (long.status, len(long.body) < 500) == (400, True)
    body, kind = form(("a", b"x"))
    service.ask("POST", "/v1/check", body[1:], {"Content-Type": kind})
    until(lambda: len(service.log) >= n_lines + 4)
    told = [json.loads(line) for line in service.log[n_lines:]]  # and nothing is there that a library says
    assert [each["status"] for each in told] == [400] * 4
    assert not [line for line in service.log if "jo" in line]


@pytest.mark.parametrize("keyed_by", ["id", "digest"])
def test_a_verdict_is_of_the_entry_that_a_match_shows(
    pictures: list[Path], tmp_path: Path, keyed_by: Any
) -> None:
    """By its id or its digest, whichever of them its list keys it by: exchanges key by digests what they give ids."""
    hashes = [safehash.hash_file(path).hex for path in pictures]
    path = tmp_path / "own.jsonl"

    def write(*, withdrawn: bool = False) -> None:
        entries = [
            safehash.Entry(
                hash=safehash.Hash.from_hex("pdq", digest), source="own", id=name, keyed_by=keyed_by,
                deleted=withdrawn and name == "one",
            )
            for name, digest in (("one", hashes[1]), ("other", hashes[2]), ("one", "00ff" * 16))
        ]  # fmt: skip
        write_entries(path, entries)

    write()
    with Running("--list", path, "--no-last-good") as service:

        def outcome() -> str:
            return str(service.post("/v1/check", pictures[1].read_bytes()).json["outcome"])

        def say(verdict: str, **named: str) -> int:
            said = service.post_json("/v1/verdicts", {"list": "own", "verdict": verdict, **named})
            if said.status < 300 and "id" in named and not gone:
                assert said.json["id"] == "one" and said.json["verdict"] == verdict
                assert said.json["entries"] == (
                    [{"id": "one"}]
                    if keyed_by == "id"
                    else [{"algorithm": "pdq", "hash": digest[:8]} for digest in (hashes[1], "00ff" * 2)]
                ), "all that are called so, and not the last of them"
            return said.status

        gone = False
        for named in ({"id": "one"}, {"entry": f"pdq:{hashes[1]}"}):
            assert (outcome(), say("harmless", **named), outcome()) == ("match", 201, "suppressed")
            assert (say("harmful", **named), outcome()) == (200, "match")
        assert (
            say("harmless", id="on")
            == say("harmless", entry=f"pdq:{hashes[3]}")
            == say("harmful", id="on")
            == 404
        )
        assert say("harmless", entry="d1c4a3b2f0e19687") == 404, "of an algorithm that the list has not"
        for kind, n_digits in (("phash", 16), ("sha256", 64)):
            assert say("harmless", id="one", upload=f"{kind}:{'0' * n_digits}") == 400, (
                "nothing would come of it"
            )
        assert (say("harmless", id="one"), service.get("/v1/verdicts").json["harmless"][0]["list"]) == (
            201,
            "own",
        )
        write(withdrawn=True)
        gone = True
        assert service.post("/v1/reload", b"").status == 200
        assert say("harmful", **({"id": "one"} if keyed_by == "id" else {"entry": hashes[1]})) == 200, (
            "it is gone"
        )


def test_open_to_all_is_not_open_to_change(lists: list[Path], pictures: list[Path]) -> None:
    """Whoever uploads could say that every match is harmless."""
    with Running("--list", lists[0], "--open-to-all", "--no-last-good") as service:
        harmless = {
            "list": "own",
            "entry": f"pdq:{safehash.hash_file(pictures[1]).hex}",
            "verdict": "harmless",
        }
        assert service.post_json("/v1/verdicts", harmless).status == 403
        assert service.post("/v1/reload", b"").status == 403
        assert service.post("/v1/check", pictures[1].read_bytes()).json["outcome"] == "match"


# -- beginning, reload, end ---------------------------------------------------------------------------------


def test_lists_are_read_anew_and_a_torn_one_never_replaces_a_good_one(
    pictures: list[Path], tmp_path: Path
) -> None:
    path = write_list(tmp_path / "own.csv", pictures[1])
    one, other = (pictures[k].read_bytes() for k in (1, 2))
    with Running("--list", path, "--reload-every", "0.05") as service:
        assert service.post("/v1/check", other).json["outcome"] == "no_match"
        replace_whole(path, write_list(tmp_path / "new.csv", pictures[1], pictures[2]).read_text())
        until(lambda: service.post("/v1/check", other).json["outcome"] == "match")
        replace_whole(path, '{"half of a JSON": [')
        until(lambda: service.get("/readyz").json["status"] == "degraded")
        assert service.post("/v1/check", one).json["outcome"] == "match"
        assert "own.csv" in service.get("/v1/lists").json["refused"]
        assert "safehash_reloads_refused_total 1.0" in service.get("/metrics").body.decode()
        assert service.post("/v1/reload", b"").status == 409
        assert service.end() == 0
    # It begins with the torn list: on the last good state, which is the newest, and says so.
    with Running("--list", path, "--no-reload") as service:
        assert service.get("/readyz").json == {
            "status": "degraded",
            "last_good": ["own"],
            "update_refused": False,
            "damaged": False,
            "forgetting": False,
        }
        assert service.post("/v1/check", other).json["outcome"] == "match"
        assert any("last good state" in line for line in service.log)
        replace_whole(path, write_list(tmp_path / "new.csv", *pictures[1:]).read_text())
        service.process.send_signal(signal.SIGHUP)
        until(lambda: service.get("/readyz").json["status"] == "ready")
        assert service.post("/v1/check", pictures[3].read_bytes()).json["outcome"] == "match"
    with Running("--list", path.with_name("none.csv"), wait=False) as service:
        assert service.process.wait(60) == 2
    assert "none.csv" in service.log[-1]


def test_no_request_fails_while_lists_are_read_anew(pictures: list[Path], tmp_path: Path) -> None:
    """By SIGHUP and by a file that changes, under load: each upload is decided on the lists before or after."""
    path = write_list(tmp_path / "own.csv", pictures[1])
    listed = (tmp_path / "new.csv", *pictures[1:3])
    texts = [write_list(*listed, label=label).read_text() for label in ("one", "other")]
    uploads = [each.read_bytes() for each in pictures[:3]]
    over, said = threading.Event(), []

    def work(service: Running, first: int) -> None:
        connection = service.connect()
        k = first
        while not over.is_set():
            k += 1
            connection.request("POST", "/v1/check", uploads[k % 3])
            answer = connection.getresponse()
            said.append((k % 3, answer.status, json.loads(answer.read()).get("outcome")))
        connection.close()

    def reloads(service: Running) -> int:
        page = service.get("/metrics").body.decode()
        return int(float(re.findall(r"^safehash_reloads_total (.*)$", page, re.MULTILINE)[0]))

    def grown(service: Running, before: int) -> Callable[[], bool]:
        return lambda: reloads(service) > before

    with Running("--list", path, "--reload-every", "0.05", "--no-last-good") as service:
        threads = [threading.Thread(target=work, args=(service, k)) for k in range(3)]
        for each in threads:
            each.start()
        for k in range(1, 3):
            before = reloads(service)
            replace_whole(path, texts[k % 2])
            until(grown(service, before))
            before = reloads(service)
            service.process.send_signal(signal.SIGHUP)
            until(grown(service, before))
        over.set()
        for each in threads:
            each.join()
    assert {status for _, status, _ in said} == {200}
    found = {(which, outcome) for which, _, outcome in said}
    assert found == {(0, "no_match"), (1, "match"), (2, "match"), (2, "no_match")}


def test_tokens_a_unix_socket_and_a_good_end(lists: list[Path], pictures: list[Path], tmp_path: Path) -> None:
    """One service for the three of them."""
    path, tokens = tmp_path / "s", tmp_path / "tokens"
    tokens.write_text("# who\ncheck pipeline 0123456789abcdef\nadmin ops fedcba9876543210\n")
    listed = pictures[1].read_bytes()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    line = ["--list", str(lists[0]), "--unix", str(path), "--no-last-good"]
    with Running(*line, "--tokens", tokens, "--on-undecided", "accept") as service:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert main(["serve", *line]) == 2  # another service listens there

        def status(method: str, where: str, token: str | None) -> int:
            headers = {} if token is None else {"Authorization": token}
            return service.ask(method, where, listed if method == "POST" else None, headers).status

        pipeline, admin = "Bearer 0123456789abcdef", "Bearer fedcba9876543210"
        in_a_url = "Basic cGljdC1yczowMTIzNDU2Nzg5YWJjZGVm"  # pict-rs:0123456789abcdef
        wrong = ("Bearer 0123456789abcdeF", "Bearer", "Bearer ", "Basic x", "Bearer \xff" * 3, None)
        for where in ("/v1/check", "/validate"):
            assert [status("POST", where, each) for each in wrong] == [401] * len(wrong)
        assert [status("POST", "/v1/check", each) for each in (pipeline, admin, in_a_url)] == [200, 200, 200]
        assert (
            service.post("/validate", b"words", Authorization=pipeline).status == 200
        )  # as --on-undecided says
        assert [status("POST", "/v1/reload", each) for each in (None, pipeline, admin)] == [401, 403, 200]
        assert {status("GET", each, None) for each in ("/healthz", "/readyz", "/status", "/status/live")} == {
            200
        }
        assert status("GET", "/metrics", None) == 401
        assert [status("POST", "/v1/explain", each) for each in (None, pipeline)] == [401, 403]
        told = service.post("/v1/explain?entry=entry-picture00001", listed, Authorization=admin).json
        assert (told["decision"]["outcome"], told["entries"][0]["id"]) == ("match", "entry-picture00001")
        assert service.post("/v1/explain?entry=nobody", listed, Authorization=admin).status == 404
        for said in ("lists=own", "full_hashes=true"):  # is not heeded, and so not taken
            assert service.post(f"/v1/explain?{said}", listed, Authorization=admin).status == 400
        tokens.write_text("admin ops fedcba9876543210\n")
        service.process.send_signal(signal.SIGHUP)
        until(lambda: status("POST", "/v1/check", pipeline) == 401)
        bearers = {json.loads(line).get("bearer") for line in service.log if line.startswith("{")}
        assert bearers == {None, "pipeline", "ops"}
        assert not [line for line in service.log if "0123456789ab" in line]

        connection = service.connect()
        connection.putrequest("POST", "/v1/check")
        connection.putheader("Content-Length", str(len(listed)))
        connection.putheader("Authorization", admin)
        connection.endheaders(listed[:100])
        held = {"Authorization": admin}
        until(lambda: b"safehash_uploads_held 1.0" in service.ask("GET", "/metrics", None, held).body)
        service.process.terminate()
        threading.Timer(0.2, lambda: connection.send(listed[100:])).start()
        assert json.loads(connection.getresponse().read())["outcome"] == "match"
        connection.close()
        assert service.process.wait(30) == 0
    assert not path.exists()
    victim = tmp_path / "victim"
    for planted in (
        "no socket",
        "open to all",
        "link",
        "link to nothing",
        "link to a socket",
        "pipe",
        "folder",
    ):
        victim.unlink(missing_ok=True)
        if planted == "link to a socket":
            with socket.socket(socket.AF_UNIX) as dead:
                dead.bind(str(victim))
        else:
            victim.write_text("precious")
        if planted.startswith("link"):
            path.symlink_to(tmp_path / "missing" if planted == "link to nothing" else victim)
        elif planted == "pipe":
            os.mkfifo(path)
        elif planted == "folder":
            path.mkdir()
        else:
            path.write_text("no socket")
            path.chmod(0o666 if planted == "open to all" else 0o600)
        before = path.lstat()
        assert main(["serve", *line]) == 2, planted
        assert (path.lstat().st_ino, path.lstat().st_mode) == (before.st_ino, before.st_mode), planted
        assert not (tmp_path / "missing").exists()
        assert planted == "link to a socket" or victim.read_text() == "precious"
        if planted == "folder":
            path.rmdir()
        else:
            path.unlink()


def test_it_listens_beyond_this_machine_only_when_told(
    lists: list[Path], capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["serve", "--list", str(lists[0]), "--host", "0.0.0.0", "--check", "--no-last-good"]
    assert main(line) == 2
    assert "--tokens" in capsys.readouterr().err
    assert main([*line, "--open-to-all"]) == 0


def test_no_upload_is_written_to_a_disk(lists: list[Path], pictures: list[Path], tmp_path: Path) -> None:
    """Nothing that it opens for writing while it serves is a file: a service over a snapshot needs no disk at all."""
    import subprocess

    safehash.Matcher.from_files(lists[0]).save(tmp_path / "lists.safehash")
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook" / "sitecustomize.py").write_text(
        "import os, sys\n"
        "def hook(event, given):\n"
        "    if event == 'open' and (given[2] or 0) & (os.O_WRONLY | os.O_RDWR):\n"
        "        os.write(LOG, repr(given).encode() + b'\\n')\n"
        f"LOG = os.open({str(tmp_path / 'opened')!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND)\n"
        "sys.addaudithook(hook)\n"
    )
    where = environment()
    where["PYTHONPATH"] = os.pathsep.join([str(tmp_path / "hook"), where["PYTHONPATH"]])
    line = command(
        "serve", "--index", tmp_path / "lists.safehash", "--unix", tmp_path / "s", "--workers", "1"
    )
    process = subprocess.Popen(line, env=where, stderr=subprocess.DEVNULL)
    asking = Running.__new__(Running)
    asking._unix = str(tmp_path / "s")
    until(lambda: asking.get("/readyz").status == 200)
    started = (tmp_path / "opened").read_text().splitlines()
    data = pictures[1].read_bytes()
    assert asking.post("/v1/check", data).json["outcome"] == "match"
    assert asking.post_form("/v1/check", ("file", data + bytes(3 << 20))).json["outcome"] == "match"
    process.terminate()
    assert process.wait(60) == 0
    assert started, "the hook sees nothing"
    after = (tmp_path / "opened").read_text().splitlines()[len(started) :]
    assert [line for line in after if "/dev/null" not in line] == []
