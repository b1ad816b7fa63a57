"""What one request asks and is told is not another's: lists, efforts, places, roles, counts."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, nullcontext
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image, ImageOps
from starlette.requests import Request

import safehash
from safehash import ListPolicy, Policy, Settings
from safehash.lists.formats.jsonl import write_list
from safehash.matching.decision import ListInfo, Match
from safehash.matching.matcher import Matcher
from safehash.matching.settings import FloodLimits
from safehash.scanning.lanes import Task
from safehash.scanning.passing import Upload, whole
from safehash.service import hma, running
from safehash.service.access import AccessLog
from safehash.service.app import ROUTES, make_app, service_of
from safehash.service.asking import MOST_JSON
from safehash.service.description import openapi
from safehash.service.engine import Engine
from safehash.service.fetching import Fetcher
from safehash.service.options import ServiceOptions
from safehash.service.refusing import Refused
from safehash.service.serving import Route
from safehash.service.tokens import Tokens
from services import Said, form
from stores import write_pictures

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the service is for Linux and macOS")

JSON = {"Content-Type": "application/json"}
TOKENS = "check pipeline 0123456789abcdef\nadmin ops fedcba9876543210\n"


class Here:
    """A service that decides in this process, and what it was asked to decide."""

    def __init__(self, matcher: Matcher | None, *, flood: FloodLimits | None = None, **options: Any) -> None:
        self.engine = Engine(lambda: pytest.fail("nobody starts it"), ServiceOptions(**options), flood=flood)
        self.asked: list[tuple[Task, float]] = []
        self.log: list[str] = []
        if matcher is not None:
            self.engine._matcher = matcher
            self.engine._generation = SimpleNamespace(
                kept=("two",), decide=self._decide, explain=self._explain
            )  # type: ignore[assignment]
            self.engine.reload = self._reload  # type: ignore[method-assign]  # which would start workers
        stream: Any = SimpleNamespace(write=self.log.append, flush=lambda: None)
        self.service = service_of(self.engine, ServiceOptions(**options), AccessLog(stream))
        self._app = make_app(self.service, failed=lambda error: pytest.fail(str(error)))

    async def _decide(self, upload: Upload, task: Task, due: float) -> safehash.Decision:
        self.asked.append((task, due))
        return self.engine.matcher.check(whole(upload), effort=task.effort, lists=task.lists)

    async def _reload(self) -> None:
        self.engine.reloads.done += 1

    async def _explain(self, data: bytes, task: Task, due: float) -> dict[str, Any]:
        self.asked.append((task, due))
        return {"explained": len(data)}

    def ask(self, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> Said:
        """Ask as a client does."""
        path, _, query = path.partition("?")
        head = [(name.lower().encode(), value.encode()) for name, value in (headers or {}).items()]
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "query_string": query.encode(),
            "headers": head,
        }
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        async def run() -> None:
            await self._app(scope, receive, send)
            await asyncio.sleep(0)  # the log is written behind the answer

        asyncio.run(run())
        start, *rest = sent
        named = {name.decode(): value.decode() for name, value in start["headers"]}
        return Said(start["status"], named, b"".join(each.get("body", b"") for each in rest))

    def post(self, path: str, given: Any, **headers: str) -> Said:
        """Post a file's bytes, or what JSON holds."""
        if isinstance(given, bytes):
            return self.ask("POST", path, given, headers)
        return self.ask("POST", path, json.dumps(given).encode(), {**JSON, **headers})

    def form(self, path: str, data: bytes) -> Said:
        body, kind = form(("photo", data))
        return self.ask("POST", path, body, {"Content-Type": kind})

    def lines(self) -> list[dict[str, Any]]:
        """Return what the log says."""
        return [json.loads(line) for each in self.log for line in each.splitlines()]

    def counted(self) -> dict[str, float]:
        """Return the numbers told, by name and labels."""
        page = self.ask("GET", "/metrics").body.decode()
        rows = (line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, value in rows}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_pictures(tmp_path_factory.mktemp("pictures"), 5)


def entry(path: Path, source: str, name: str | None) -> safehash.Entry:
    return safehash.Entry(hash=safehash.hash_file(path), source=source, id=name)


@pytest.fixture(scope="module")
def paths(pictures: list[Path]) -> dict[str, Path]:
    """Lists: "one" knows the second picture, "two" the second to the fourth; the third is a harmless one's."""
    here = pictures[0].parent.parent
    names: dict[str, list[tuple[int, str | None]]] = {
        "one": [(1, "17")], "two": [(1, "0123"), (2, "b"), (3, None)], "ok": [(2, "fine")],
    }  # fmt: skip
    for source, rows in names.items():
        write_list(
            here / f"{source}.jsonl", [entry(pictures[at], source, name) for at, name in rows], name=source
        )
    return {source: here / f"{source}.jsonl" for source in names}


POLICY = Policy(
    max_distance={"pdq": 20},
    min_quality=37,
    low_quality_distance=5,
    min_evidence=-3.5,
    per_list={"two": ListPolicy(max_distance={"pdq": 18}, min_evidence=-7.25)},
)


@pytest.fixture(scope="module")
def matcher(paths: dict[str, Path]) -> Matcher:
    return Matcher.from_files(
        paths["one"], paths["two"], allow=[paths["ok"]], settings=Settings(policy=POLICY)
    )


@pytest.fixture
def here(matcher: Matcher) -> Here:
    return Here(matcher)


def digits(path: Path, n_off: int = 0) -> str:
    """Return a picture's hash, so many of its bits turned over."""
    return f"{int(safehash.hash_file(path).hex, 16) ^ ((1 << n_off) - 1):064x}"


# -- the field's interface ----------------------------------------------------------------------------------


def numbered(*key: str | None) -> int:
    return int.from_bytes(hashlib.sha256("\0".join(map(str, key)).encode()).digest()[:6], "big")


def test_an_entry_has_a_number_that_any_client_can_hold(pictures: list[Path]) -> None:
    """Its id where that is one of up to 15 digits, which are exact in every language; else 48 bits of its key."""
    listed = entry(pictures[1], "own", None)
    told = {
        name: hma.content_id(Match(entry=replace(listed, id=name), distance=0))
        for name in ("7", "123456789012345", "1234567890123456", "0", "07", "\u0663", "x", None)
    }
    assert (told.pop("7"), told.pop("123456789012345")) == (7, 123456789012345)
    assert told.pop(None) == numbered("own", "pdq", listed.hash.hex)  # type: ignore[union-attr]
    assert told == {name: numbered("own", "id", name) for name in told}


def test_of_an_allowed_picture_nothing_is_told(here: Here, pictures: list[Path]) -> None:
    asked = f"signal_type=pdq&signal={digits(pictures[2])}"
    assert here.ask("GET", f"/m/lookup?{asked}").json == {}
    assert here.ask("GET", f"/m/raw_lookup?{asked}").json == {"matches": []}
    assert here.form("/m/lookup", pictures[2].read_bytes()).json == {"pdq": {}}
    answer = here.ask("GET", f"/m/lookup?{asked}")
    assert answer.headers["x-safehash-outcome"] == "suppressed"
    assert here.post("/validate", b"x").status == 404


def test_only_the_banks_that_are_asked_for_are_told(here: Here, pictures: list[Path]) -> None:
    one, two = {"bank_content_id": 17, "distance": "0"}, {
        "bank_content_id": numbered("two", "id", "0123"), "distance": "0",
    }  # fmt: skip
    asked, data = f"signal_type=pdq&signal={digits(pictures[1])}", pictures[1].read_bytes()
    for banks, told in (
        ("", {"one": [one], "two": [two]}),
        ("&banks=one", {"one": [one]}),
        ("&banks=two", {"two": [two]}),
    ):
        assert here.ask("GET", f"/m/lookup?{asked}{banks}").json == told
        assert here.form(f"/m/lookup?x=1{banks}", data).json == {"pdq": told}
        numbers = [each["bank_content_id"] for rows in told.values() for each in rows]
        assert here.ask("GET", f"/m/raw_lookup?{asked}{banks}").json == {"matches": numbers}
    assert [task.lists for task, _ in here.asked] == [None, {"one"}, {"two"}]


def test_a_match_by_a_kind_of_hash_that_lists_had_a_moment_ago_is_told(
    here: Here, pictures: list[Path]
) -> None:
    """The lists were read anew while it was decided: what was found is no "no match"."""
    data = pictures[0].read_bytes()
    listed = safehash.Hash("md5", hashlib.md5(data).digest())
    before = Matcher.from_entries([safehash.Entry(hash=listed, source="gone", id="7")])

    async def decide(upload: Upload, task: Task, due: float) -> safehash.Decision:
        return before.check(whole(upload))

    here.engine._generation.decide = decide  # type: ignore[union-attr,method-assign]
    told = {"md5": {"gone": [{"bank_content_id": 7, "distance": "0"}]}}
    assert here.form("/m/lookup", data).json == {"pdq": {}, **told}
    assert here.form("/m/lookup?types=pdq", data).json == {"pdq": {}, **told}


def test_two_hashes_are_as_near_as_our_own_threshold_says(here: Here, pictures: list[Path]) -> None:
    own = digits(pictures[1])
    for n_off, near in ((20, True), (21, False)):
        body = {"pdq": [own, digits(pictures[1], n_off)], "phash": ["0" * 16, "0" * 14 + "ff"]}
        assert here.post("/m/compare", body).json == {
            "pdq": [near, {"distance": n_off}], "phash": [True, {"distance": 8}],
        }  # fmt: skip


def test_an_index_is_as_new_as_its_newest_list() -> None:
    def info(name: str, day: int, *, allow: bool = False) -> ListInfo:
        when = f"2026-01-{day:02}T00:00:00+00:00"
        return ListInfo(name=name, snapshot="", loaded=when, n_entries=1, allow=allow)

    lists = [info("a", 3), info("b", 5), info("c", 4), info("ok", 9, allow=True)]
    known: Any = SimpleNamespace(
        engine=SimpleNamespace(matcher=SimpleNamespace(lists=lists, counts=lambda: {"pdq": 7, "md5": 4}))
    )

    def told(query: bytes) -> Any:
        request = Request({"type": "http", "query_string": query, "headers": []})
        return json.loads(bytes(asyncio.run(hma.index_status(known, request)).response.body))

    newest = 1767571200  # 2026-01-05
    both = {name: {"built_to": newest, "present": True, "size": n} for name, n in (("pdq", 7), ("md5", 4))}
    assert (told(b""), told(b"signal_type=md5")) == (both, {"md5": both["md5"]})
    lists.clear()
    assert told(b"")["pdq"]["built_to"] == -1


def test_a_list_of_harmless_pictures_is_no_bank(here: Here) -> None:
    assert [each["name"] for each in here.ask("GET", "/c/banks").json] == ["one", "two"]
    assert [here.ask("GET", f"/c/bank/{name}").status for name in ("one", "ok")] == [200, 404]
    refused = here.post("/v1/check?lists=ok", b"x")
    assert (refused.status, "one, two" in refused.json["detail"]) == (400, True)


def test_a_picture_is_fetched_in_the_time_that_is_left(here: Here, pictures: list[Path]) -> None:
    """And an upload's own bytes are taken, whatever URL stands beside it."""
    asked: list[tuple[str, float]] = []

    async def fetch(url: str, *, seconds: float) -> bytes:
        asked.append((url, seconds))
        return pictures[1].read_bytes()

    here.service.fetcher.fetch = fetch  # type: ignore[method-assign]
    before = time.monotonic()
    answer = here.ask("GET", "/m/lookup?url=https://a.example/1.jpg&signal_type=pdq&banks=one")
    assert list(answer.json) == ["one"]
    assert here.ask("GET", "/h/hash?url=x").json == {"pdq": digits(pictures[1])}
    assert here.form("/h/hash?url=x", pictures[0].read_bytes()).json == {"pdq": digits(pictures[0])}
    assert here.form("/m/lookup?url=x", pictures[0].read_bytes()).json == {"pdq": {}}
    assert [url for url, _ in asked] == ["https://a.example/1.jpg", "x"]
    after, timeout = time.monotonic(), here.service.options.timeout
    assert all(timeout - (after - before) <= seconds <= timeout for _, seconds in asked)
    assert all(before + timeout <= due <= after + timeout for _, due in here.asked)


# -- our own interface --------------------------------------------------------------------------------------


def test_effort_lists_and_whole_hashes_are_heeded_whichever_way_one_asks(
    here: Here, pictures: list[Path]
) -> None:
    with Image.open(pictures[1]) as image:
        ImageOps.mirror(image).save(pictures[0].parent / "mirrored.png")
    upload = (pictures[0].parent / "mirrored.png").read_bytes()
    value = f"pdq:{safehash.hash_bytes(upload).hex}"
    multipart, kind = form(("a", upload))
    for effort, lists, matched in (
        ("fast", None, []), ("standard", None, ["one", "two"]), ("standard", "two", ["two"]), (None, "one", ["one"]),
    ):  # fmt: skip
        said = {name: word for name, word in (("effort", effort), ("lists", lists)) if word is not None}
        query = "&".join(f"{name}={word}" for name, word in said.items())
        records = [
            here.post(f"/v1/check?{query}&full_hashes=1", upload).json,
            here.post("/v1/check", {"hash": value, "full_hashes": True, **said}).json,
            *here.post("/v1/check/batch", {"hashes": [value], "full_hashes": True, **said}).json["results"],
            *here.ask(
                "POST", f"/v1/check/batch?{query}&full_hashes=1", multipart, {"Content-Type": kind}
            ).json["results"],
            *here.post("/v1/check/batch", {"hashes": [value] * 20, "full_hashes": True, **said}).json[
                "results"
            ],
        ]
        assert len(records) == 24
        for record in records:
            assert [match["list"] for match in record["matches"]] == matched
            assert record["hash"] == value[4:]
    assert len(here.post("/v1/check", {"hash": value}).json["hash"]) == 8


def test_an_explanation_is_of_the_effort_and_the_entry_that_are_asked_for(
    matcher: Matcher, pictures: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "tokens").write_text(TOKENS)
    here = Here(matcher, tokens=str(tmp_path / "tokens"), timeout=77.0)
    admin = {"Authorization": "Bearer fedcba9876543210"}
    before = time.monotonic()
    answer = here.post("/v1/explain?effort=thorough&entry=b", b"12345", **admin)
    ((task, due),) = here.asked
    assert answer.json == {"explained": 5}
    assert (task.effort, task.entry, task.explain, task.n_bytes) == ("thorough", "b", True, 5)
    assert before + 77.0 <= due <= time.monotonic() + 77.0
    assert here.lines()[-1]["n_bytes"] == 5


def test_the_lists_are_told_with_their_own_limits(
    here: Here, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = ("--require-fresh is Settings(policy=Policy(require_fresh=True))",)
    from safehash.lists.switches import switch

    said = switch("allow_cut", True)
    monkeypatch.setattr(Matcher, "notes", (*notes, said))
    here.engine.refusal, here.engine.damage = f"refused: {said}", "a block"
    body = here.ask("GET", "/v1/lists").json
    lists = {each.pop("name"): each for each in body.pop("lists")}
    infos = {info.name: info for info in matcher.lists}
    usual = {"pdq": 20, "phash": 8, "phash256": 36}
    own = dict(matcher.audit.thresholds)
    assert own["pdq"] == 20 and set(own) <= set(usual)
    for name, n, bits, evidence in (("one", 1, 20, -3.5), ("two", 3, 18, -7.25), ("ok", 1, 20, -3.5)):
        assert lists[name] == {
            "entries": n, "snapshot": infos[name].snapshot, "loaded": infos[name].loaded, "allow": name == "ok",
            "last_good": name == "two", "thresholds": {**own, "pdq": bits}, "min_evidence": evidence,
        }  # fmt: skip
    assert "--allow-cut" in body.pop("refused") and "--allow-cut" in body.pop("notes")[1]
    assert body == {
        "algorithms": ["pdq"], "effort": "standard", "min_quality": 37, "low_quality_distance": 5, "damaged": "a block",
        "version": safehash.__version__,
    }  # fmt: skip


def test_a_verdict_says_who_and_what_and_floods_are_told_as_they_were(
    matcher: Matcher, pictures: list[Path], tmp_path: Path
) -> None:
    (tmp_path / "tokens").write_text(TOKENS)
    limits = FloodLimits(max_share=0.5, min_matches=3, min_uploads=4)
    here = Here(matcher, tokens=str(tmp_path / "tokens"), flood=limits)
    admin = {"Authorization": "Bearer fedcba9876543210"}
    upload = f"pdq:{digits(pictures[0])}"
    given = {"list": "two", "id": "b", "verdict": "harmless", "upload": upload, "note": "n" * 1000}
    assert here.post("/v1/verdicts", {**given, "note": "n" * 1001}, **admin).status == 400
    said = here.post("/v1/verdicts", given, **admin)
    assert (said.status, said.json["said_by"], said.json["upload"]) == (201, "ops", digits(pictures[0])[:8])
    for at in (0, 3, 3, 3, 3):
        here.post("/v1/check", pictures[at].read_bytes(), **admin)
    told = here.ask("GET", "/v1/verdicts", headers=admin).json
    ((harmless,), (flooding,)) = told["harmless"], told["quarantined"]
    assert (harmless["list"], harmless["id"], harmless["note"]) == ("two", "b", "n" * 1000)
    own = digits(pictures[3])[:8]
    # Of four uploads it had matched three; the fifth is its fourth.
    assert flooding == {
        "list": "two",
        "algorithm": "pdq",
        "hash": own,
        "pdq": own,
        "matches": 4,
        "share": 0.75,
    }
    # What floods and is on no list any more is put back by its key all the same.
    here.engine.memory._guard.quarantine(("two", "id", "gone"), n_uploads=9, n_matches=8)  # type: ignore[union-attr]
    assert (
        here.post("/v1/verdicts", {"list": "two", "id": "gone", "verdict": "harmful"}, **admin).status == 200
    )
    assert (
        here.post("/v1/verdicts", {"list": "two", "id": "never", "verdict": "harmful"}, **admin).status == 404
    )
    left = here.ask("GET", "/v1/verdicts", headers=admin).json["quarantined"]
    assert [each["matches"] for each in left] == [4]


def test_the_log_says_what_was_sent_and_nothing_whole(here: Here, pictures: list[Path]) -> None:
    data = pictures[1].read_bytes()
    here.post("/v1/check", data)
    here.post("/v1/check/batch", {"hashes": [f"pdq:{digits(pictures[0])}"] * 9})
    here.post("/v1/check?efort=fast", data)
    here.ask("GET", "/nowhere/at/all")
    check, batch, refused, unknown = here.lines()
    assert (check["route"], check["status"], check["outcomes"], check["n_bytes"]) == (
        "/v1/check", 200, ["match"], len(data),
    )  # fmt: skip
    assert check["hash"] == digits(pictures[1])[:8] and check["milliseconds"] > 0
    assert (batch["outcomes"], "hash" in batch) == (["no_match"] * 8, False)
    assert (refused["status"], refused["refused"]) == (400, "not understood")
    assert (unknown["route"], unknown["status"]) == ("unknown", 404)


# -- places, roles, readiness -------------------------------------------------------------------------------

#: What takes a place among the requests that are held.
HELD = ("/v1/check", "/v1/check/batch", "/v1/explain", "/h/hash", "/m/lookup", "/validate")


@pytest.fixture
def all_held(matcher: Matcher, tmp_path: Path) -> Iterator[Here]:
    (tmp_path / "tokens").write_text(TOKENS)
    found = Here(matcher, max_requests=3, tokens=str(tmp_path / "tokens"), on_undecided="reject")
    with ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(found.engine.hold())
        yield found
    assert found.engine.n_held == 0


@pytest.mark.parametrize("path", HELD)
def test_whatever_brings_an_upload_waits_for_its_place(
    all_held: Here, path: str, pictures: list[Path]
) -> None:
    body, kind = form(("photo", pictures[1].read_bytes()))
    asked = "POST", path, body, {"Content-Type": kind, "Authorization": "Bearer fedcba9876543210"}
    full = all_held.ask(*asked)
    assert (full.status, full.headers["retry-after"], all_held.engine.n_held) == (429, "1", 3)
    all_held.engine._n_held = 2
    assert all_held.ask(*asked).status == (406 if path == "/validate" else 200)
    assert all_held.engine.n_held == 2
    all_held.engine._n_held = 3


def test_until_lists_are_read_whoever_asks_is_told_to_come_back() -> None:
    here = Here(None)
    for method, path in (
        ("POST", "/v1/check"), ("POST", "/v1/check/batch"), ("GET", "/v1/lists"), ("POST", "/v1/reload"),
        ("GET", "/readyz"), ("POST", "/h/hash"), ("POST", "/m/lookup"), ("GET", "/m/index/status"), ("GET", "/c/banks"),
    ):  # fmt: skip
        answer = here.ask(method, path)
        assert (answer.status, answer.headers["retry-after"]) == (503, "1"), path
    assert (here.ask("GET", "/status").status, here.ask("GET", "/status").body) == (503, b"INDEX-NOT-LOADED")
    assert here.ask("GET", "/status/live").status == here.ask("GET", "/healthz").status == 200
    assert "safehash_ready" in here.counted() and here.counted()["safehash_ready"] == 0


@pytest.mark.parametrize(
    ("refusal", "damage", "forgetting", "kept", "status"),
    [
        ("", "", "", (), "ready"),
        ("x", "", "", (), "degraded"),
        ("", "x", "", (), "degraded"),
        ("", "", "x", (), "degraded"),
        ("", "", "", ("two",), "degraded"),
    ],
)
def test_what_is_not_as_it_should_be_is_said(
    here: Here, refusal: str, damage: str, forgetting: str, kept: tuple[str, ...], status: str
) -> None:
    here.engine.refusal, here.engine.damage, here.engine.forgetting = refusal, damage, forgetting
    here.engine._generation.kept = kept  # type: ignore[union-attr]
    assert here.ask("GET", "/readyz").json == {
        "status": status, "last_good": list(kept), "update_refused": bool(refusal), "damaged": bool(damage),
        "forgetting": bool(forgetting),
    }  # fmt: skip


#: Who may ask: whatever is not here needs a token, and no administrator's.
ADMINS = {("POST", "/v1/explain"), ("POST", "/v1/reload"), ("POST", "/v1/verdicts")}
ANYBODYS = {("GET", each) for each in
            ("/status", "/status/live", "/healthz", "/readyz", "/openapi.json", "/docs", "/site-map")}  # fmt: skip


def test_who_may_ask_what(matcher: Matcher, tmp_path: Path) -> None:
    (tmp_path / "tokens").write_text(TOKENS)
    guarded = Here(matcher, tokens=str(tmp_path / "tokens"))
    alone, opened = Here(matcher), Here(matcher, open_to_all=True, host="0.0.0.0")
    roads = {(route.method, route.path) for route in ROUTES}
    assert roads >= ADMINS | ANYBODYS
    for method, path in roads:
        place = path.replace("{", "").replace("}", "")

        def status(here: Here, **headers: str) -> int:
            return here.ask(method, place, headers=headers).status  # noqa: B023

        is_free = (method, path) in ANYBODYS
        assert (status(guarded) == 401) == (not is_free), path
        pipeline = status(guarded, Authorization="Bearer 0123456789abcdef")
        admin = status(guarded, Authorization="Bearer fedcba9876543210")
        is_writing_a_bank = "/c/" in path and method != "GET"  # which nobody may
        if not is_writing_a_bank and path != "/m/compare":
            assert (pipeline == 403 != admin) == ((method, path) in ADMINS), path
        page = status(alone, Origin="https://somewhere.example")
        assert is_free or page == 403, "a page in a browser"
        if (method, path) in ADMINS:
            assert status(opened) == 403


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_what_comes_of_a_question_is_in_the_description(here: Here, route: Route) -> None:
    """What is never done, and what is never there, was told to be "done"."""
    told = openapi([route])["paths"][route.path][route.method.lower()]["responses"]
    path = re.sub("{.*?}", "two", route.path)
    for more, headers in (
        ("", {}), ("?more=1", {}), ("", {"Content-Encoding": "gzip"}), ("", {"Content-Length": "99999999999"}),
        ("", {"Origin": "https://somewhere.example"}),
    ):  # fmt: skip
        answer = here.ask(route.method, path + more, headers=headers)
        assert str(answer.status) in told, headers
        assert "200" in told or answer.status >= 400
    assert ("401" in told) == (route.role != "anybody")
    twice = here.ask(route.method, f"{path}?more=1&more=2").status
    assert twice in (403, 404) or ("400" in told) == (twice == 400)


def test_tokens_that_were_read_again_beside_damaged_lists_are_told(
    matcher: Matcher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That the state before stayed was told to whoever had taken a token back, or given one."""
    (tmp_path / "tokens").write_text(TOKENS)
    guarded = Here(matcher, tokens=str(tmp_path / "tokens"))

    async def fail() -> None:
        raise safehash.ListError("own.csv: damaged")

    monkeypatch.setattr(guarded.engine, "reload", fail)
    (tmp_path / "tokens").write_text(TOKENS.replace("0123456789abcdef", "0123456789abcdff"))
    told = guarded.ask("POST", "/v1/reload", headers={"Authorization": "Bearer fedcba9876543210"})
    assert (told.status, told.json["detail"].partition(": ")[2]) == (
        409, "own.csv: damaged (the tokens were read again, and count)",
    )  # fmt: skip
    assert guarded.ask("GET", "/v1/lists", headers={"Authorization": "Bearer 0123456789abcdff"}).status == 200


def test_another_method_is_told_which_there_are(here: Here) -> None:
    for path, allowed in (
        ("/v1/check", "POST"),
        ("/v1/verdicts", "GET, HEAD, POST"),
        ("/m/lookup", "GET, HEAD, POST"),
    ):
        answer = here.ask("PATCH", path)
        assert (answer.status, answer.headers["allow"]) == (405, allowed)
        assert f"this path takes {allowed} alone" in answer.json.values()


# -- numbers ------------------------------------------------------------------------------------------------


def test_every_number_is_of_what_happened(
    here: Here, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five uploads, three of them at an effort of their own, two hashes, a refusal, and what the engine says."""
    took = iter([3.0, 30.0, 300.0, 4.0, 2000.0])

    async def decide(upload: Upload, task: Task, due: float) -> safehash.Decision:
        made = here.engine.matcher.check(whole(upload), effort=task.effort)
        failure = "crash" if task.n_bytes == 5 else None
        return replace(made, milliseconds=next(took), failure=failure)

    here.engine._generation.decide = decide  # type: ignore[union-attr,method-assign]
    for path, data in (
        ("/v1/check", pictures[1].read_bytes()), ("/v1/check?effort=fast", pictures[0].read_bytes()),
        ("/v1/check?effort=fast", pictures[3].read_bytes()), ("/v1/check", pictures[0].read_bytes()),
        ("/v1/check?effort=thorough", b"words"),
    ):  # fmt: skip
        assert here.post(path, data).status == 200
    here.post("/v1/check/batch", {"hashes": [f"pdq:{digits(pictures[at])}" for at in (1, 0)]})
    here.post("/v1/check?efort=fast", b"x")
    here.engine.reloads.done, here.engine.reloads.refused, here.engine._n_held = 6, 7, 9
    monkeypatch.setattr(Matcher, "notes", ("a", "b", "c", "d"))
    told = here.counted()

    def of(name: str) -> dict[str, float]:
        return {key.removeprefix(name): value for key, value in told.items() if key.startswith(name + "{")}

    assert of("safehash_decisions_total") == {
        '{effort="standard",outcome="match"}': 1, '{effort="standard",outcome="no_match"}': 1,
        '{effort="fast",outcome="no_match"}': 1, '{effort="fast",outcome="match"}': 1,
        '{effort="thorough",outcome="unsupported"}': 1, '{effort="hash",outcome="match"}': 1,
        '{effort="hash",outcome="no_match"}': 1,
    }  # fmt: skip
    assert of("safehash_failures_total") == {'{failure="crash"}': 1}
    assert of("safehash_decision_seconds_sum") == pytest.approx(
        {'{effort="standard"}': 0.007, '{effort="fast"}': 0.33, '{effort="thorough"}': 2.0}
    )
    assert of("safehash_decision_seconds_count") == {
        '{effort="standard"}': 2, '{effort="fast"}': 2, '{effort="thorough"}': 1,
    }  # fmt: skip
    buckets = {key: n for key, n in of("safehash_decision_seconds_bucket").items() if 'effort="fast"' in key}
    assert {key.partition('le="')[2].rstrip('"}'): n for key, n in buckets.items()} == {
        "0.001": 0, "0.0025": 0, "0.005": 0, "0.01": 0, "0.025": 0, "0.05": 1, "0.1": 1, "0.25": 1, "0.5": 2, "1.0": 2,
        "2.5": 2, "5.0": 2, "10.0": 2, "30.0": 2, "+Inf": 2,
    }  # fmt: skip
    assert of("safehash_requests_total") == {
        '{route="/v1/check",status="200"}': 5, '{route="/v1/check",status="400"}': 1,
        '{route="/v1/check/batch",status="200"}': 1,
    }  # fmt: skip
    assert of("safehash_request_seconds_count") == {'{route="/v1/check"}': 6, '{route="/v1/check/batch"}': 1}
    plain = {key.removeprefix("safehash_"): value for key, value in told.items() if "{" not in key}
    assert plain == {
        "ready": 1, "uploads_held": 9, "reloads_total": 6, "reloads_refused_total": 7, "quarantined_entries": 0,
        "list_notes": 4,
    }  # fmt: skip
    assert of("safehash_list_entries") == {'{list="one"}': 1, '{list="two"}': 3, '{list="ok"}': 1}
    assert of("safehash_list_last_good") == {'{list="one"}': 0, '{list="two"}': 1, '{list="ok"}': 0}
    assert set(of("safehash_list_age_seconds")) == {'{list="one"}', '{list="two"}', '{list="ok"}'}
    assert all(0 <= age < 3600 for age in of("safehash_list_age_seconds").values())


# -- what may be fetched, and how a service is run ----------------------------------------------------------


def refused_at(url: str, addresses: list[str], monkeypatch: pytest.MonkeyPatch) -> tuple[int, list[Any]]:
    """Return the status of a refusal and where it was connected to, where a host has these addresses."""
    reached: list[Any] = []

    async def run() -> None:
        loop = asyncio.get_running_loop()

        async def resolved(host: str, port: int, **_: Any) -> list[Any]:
            return [(0, 0, 0, "", (each, port)) for each in addresses]

        async def connect(address: str, port: int, **named: Any) -> Any:
            reached.append((address, port, named["server_hostname"]))
            raise OSError("enough")

        monkeypatch.setattr(loop, "getaddrinfo", resolved)
        monkeypatch.setattr("safehash.service.fetching.asyncio.open_connection", connect)
        await Fetcher(["a.example"], max_bytes=9).fetch(url, seconds=9.0)

    with pytest.raises(Refused) as exc:
        asyncio.run(run())
    return exc.value.status, reached


@pytest.mark.parametrize(
    ("url", "addresses", "status", "reached"),
    [
        ("https://a.example/x", ["93.184.215.14"], 502, [("93.184.215.14", 443, "a.example")]),
        ("http://A.example:443/x", ["93.184.215.14"], 502, [("93.184.215.14", 443, None)]),
        ("http://a.example/x", ["93.184.215.14", "93.184.215.15"], 502, [("93.184.215.14", 80, None)]),
        ("http://a.example/x", ["93.184.215.14", "10.0.0.1"], 403, []),
        ("http://a.example/x", ["10.0.0.1", "93.184.215.14"], 403, []),
        ("http://a.example/x", [], 403, []),
        ("http://a.example:8080/x", ["93.184.215.14"], 403, []),
        ("https://user@a.example/x", ["93.184.215.14"], 400, []),
        ("https://b.example/x", ["93.184.215.14"], 403, []),
    ],
)
def test_nothing_but_a_public_address_is_connected_to(
    url: str, addresses: list[str], status: int, reached: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert refused_at(url, addresses, monkeypatch) == (status, reached)


def test_as_much_is_fetched_as_may_be_uploaded(matcher: Matcher) -> None:
    here = Here(matcher, max_body=12345, fetch_from=("a.example",))
    assert (here.service.fetcher._max_bytes, [*here.service.fetcher._hosts]) == (12345, ["a.example"])


def test_what_is_not_said_of_a_service_is_as_usual() -> None:
    usual = ServiceOptions()
    assert (usual.host, usual.port, usual.unix, usual.workers, usual.tokens) == (
        "127.0.0.1",
        8117,
        None,
        None,
        None,
    )
    assert (usual.max_memory, usual.max_body, usual.max_requests, usual.timeout) == (
        1 << 30,
        32 << 20,
        32,
        30.0,
    )
    assert (usual.reload_seconds, usual.grace, usual.open_to_all) == (5.0, 20.0, False)
    assert (usual.on_undecided, usual.fetch_from, usual.state) == (None, (), None)


@pytest.mark.parametrize("on_undecided", ["accept", "reject"])
def test_a_validator_keeps_what_could_not_be_looked_at_as_it_was_told(
    matcher: Matcher, pictures: list[Path], on_undecided: Any
) -> None:
    here = Here(matcher, on_undecided=on_undecided, max_body=6000)
    Image.new("RGB", (64, 64), "grey").save(pictures[0].parent / "flat.png")
    flat = (pictures[0].parent / "flat.png").read_bytes()
    small: Callable[[int], bytes] = lambda at: pictures[at].read_bytes()  # noqa: E731
    assert max(len(small(at)) for at in range(5)) > 6000
    here = Here(matcher, on_undecided=on_undecided, max_body=40_000)
    uploads = {"no_match": small(0), "match": small(1), "suppressed": small(2), "low_quality": flat,
               "unsupported": b"words", "too_large": bytes(40_001)}  # fmt: skip
    told = {}
    for outcome, data in uploads.items():
        answer = here.post("/validate", data)
        assert answer.json == {"outcome": outcome, "keep": answer.status == 200}
        told[outcome] = answer.status
    other = 200 if on_undecided == "accept" else 406
    assert told == {
        "no_match": 200, "match": 406, "suppressed": 200, "low_quality": 200, "unsupported": other, "too_large": other,
    }  # fmt: skip


def test_what_is_harmless_for_one_upload_is_so_for_what_is_like_it_whichever_way_one_asks(
    here: Here, pictures: list[Path]
) -> None:
    """As near as lists of harmless pictures are heeded; 20 in one request go another way than one."""
    assert here.engine.matcher.audit.allow_distance == 16
    upload = pictures[3].read_bytes()
    key = here.engine.matcher.check(upload).standing[0].entry.key
    reviewed = safehash.Hash.from_hex("pdq", digits(pictures[3], 9))
    here.engine.memory.say_harmless([key], reviewed, said_by="ops")
    near, far = digits(pictures[3]), f"{int(digits(pictures[3]), 16) ^ (0x3FF << 100):064x}"  # 9 and 19 bits
    told = {"near": "suppressed", "far": "match"}
    assert here.post("/v1/check", upload).json["outcome"] == told["near"]
    for name, value in (("near", near), ("far", far)):
        one, *many = (
            here.post("/v1/check/batch", {"hashes": [f"pdq:{value}"] * n}).json["results"] for n in (1, 20)
        )
        assert {each["outcome"] for each in (*one, *many[0])} == {told[name]}
        assert here.post("/v1/check", {"hash": f"pdq:{value}"}).json["outcome"] == told[name]


def test_a_route_is_counted_and_logged_by_its_own_name(here: Here) -> None:
    """Whatever stands in it: else each path made up is another number to keep."""
    for name in ("one", "two", "one"):
        assert here.ask("GET", f"/c/bank/{name}").status == 200
    told = {key: n for key, n in here.counted().items() if key.startswith("safehash_requests_total")}
    ((route, n),) = ((key, n) for key, n in told.items() if "/c/bank" in key)
    assert (n, "one" in route, "{" in route.partition("/c/bank/")[2]) == (3, False, True)


def test_as_much_json_is_read_as_it_has_room_for(matcher: Matcher) -> None:
    value = "pdq:" + "0f" * 32
    for most, n, status in (
        (5000, 5000, 200),
        (5000, 5001, 413),
        (8 << 20, MOST_JSON, 200),
        (8 << 20, MOST_JSON + 1, 413),
    ):
        body = json.dumps({"hash": value}).encode()
        here = Here(matcher, max_body=most)
        assert here.post("/v1/check", body + b" " * (n - len(body)), **JSON).status == status, (most, n)


@pytest.mark.parametrize(("n", "known"), [(15, False), (16, True)])
def test_a_token_has_sixteen_characters(tmp_path: Path, n: int, known: bool) -> None:
    (tmp_path / "tokens").write_text(f"check ops {'0123456789abcdef'[:n]}\n")
    with nullcontext() if known else pytest.raises(safehash.SafehashError, match="at least 16"):
        Tokens(str(tmp_path / "tokens"))


@pytest.mark.parametrize(("grace", "told"), [(7.4, 7), (0.2, 1)])
def test_what_is_under_way_has_the_time_that_was_given_it(
    matcher: Matcher, monkeypatch: pytest.MonkeyPatch, grace: float, told: int
) -> None:
    class Made(Exception):
        """As far as it is to come."""

    def config(*_: Any, **given: Any) -> None:
        raise Made(given["timeout_graceful_shutdown"], given["proxy_headers"], given["server_header"])

    monkeypatch.setattr("safehash.service.running.uvicorn.Config", config)
    with pytest.raises(Made) as caught:
        running.serve(lambda: matcher, ServiceOptions(port=0, grace=grace))
    assert caught.value.args == (told, False, False)
