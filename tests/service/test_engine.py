"""What a service promises inside: places for requests, counts that are shared, verdicts that are kept."""

from __future__ import annotations

import asyncio
import json
import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import safehash
from crashers import BY_NUMBER, as_numbered
from safehash.matching.flood import FloodGuard
from safehash.matching.settings import FloodLimits
from safehash.matching.snapshot import open_snapshot
from safehash.scanning.databases import OwnFile
from safehash.scanning.sealing import landlock_version
from safehash.scanning.starting import worker_context
from safehash.service.app import ready
from safehash.service.engine import Engine
from safehash.service.memory import Memory
from safehash.service.options import ServiceOptions, is_loopback
from safehash.service.own import verdicts
from safehash.service.refusing import Refused
from safehash.service.tokens import Tokens
from stores import write_list, write_pictures

FLOOD = FloodLimits(max_share=0.5, min_matches=4, min_uploads=4)

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the service is for Linux and macOS")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_pictures(tmp_path_factory.mktemp("pictures"), 3)


@pytest.fixture(scope="module")
def matcher(pictures: list[Path]) -> safehash.Matcher:
    return safehash.Matcher.from_files(write_list(pictures[0].parent / "own.csv", pictures[1]))


# -- the engine ---------------------------------------------------------------------------------------------


def test_an_upload_that_crashes_its_worker_is_undecided_and_the_next_is_not(
    matcher: safehash.Matcher, pictures: list[Path]
) -> None:
    data = pictures[1].read_bytes()
    told = worker_context().Value("i", 0, lock=False)

    async def run() -> None:
        options = ServiceOptions(workers=1, reload_seconds=None, max_requests=2)
        engine = Engine(lambda: matcher, options, flood=None, before=partial(as_numbered, told))
        with pytest.raises(Refused) as early:
            engine.hold()
        assert (early.value.status, early.value.headers["Retry-After"]) == (503, "1")
        await engine.start()

        async def check(seconds: float = 60.0) -> safehash.Decision:
            return await engine.check(data, effort=None, lists=None, due=time.monotonic() + seconds)

        try:
            for does, failure in (("segfault", "crash"), ("hang", "timeout")):
                told.value = BY_NUMBER.index(does)
                decision = await check(1.0 if does == "hang" else 60.0)
                assert (decision.outcome.value, decision.failure) == ("unreadable", failure)
                assert decision.audit == matcher.audit
                assert (await check()).is_match
            # Killed from outside says nothing of it: it is tried again, and decided.
            told.value = BY_NUMBER.index("kill")
            assert (await check()).is_match
            with pytest.raises(Refused) as late:
                await check(-1.0)
            assert late.value.status == 503
            # Places: as many as are allowed, and no more.
            with engine.hold(), engine.hold():
                with pytest.raises(Refused) as full:
                    engine.hold()
                assert (full.value.status, full.value.headers["Retry-After"]) == (429, "1")
            with engine.hold():
                pass
            assert engine.n_held == 0
        finally:
            await engine.stop()
        assert not engine.is_ready

    asyncio.run(run())


def test_an_upload_under_way_is_finished_on_the_lists_it_began_with(
    pictures: list[Path], tmp_path: Path
) -> None:
    """And the workers that had them end behind it."""
    path = write_list(tmp_path / "own.csv", pictures[1])
    lists = safehash.Matcher.from_files(path)
    data = pictures[1].read_bytes()
    told = worker_context().Value("i", 0, lock=False)

    async def run() -> None:
        engine = Engine(
            lambda: lists,
            ServiceOptions(workers=1, reload_seconds=None),
            flood=None,
            before=partial(as_numbered, told),
        )
        await engine.start()
        try:
            told.value = BY_NUMBER.index("slow")
            first = asyncio.create_task(
                engine.check(data, effort=None, lists=None, due=time.monotonic() + 60)
            )
            await asyncio.sleep(0)
            write_list(path, *pictures)
            await engine.reload()
            assert len((await first).audit.lists) == 1
            assert (await first).audit.lists[0].n_entries == 1
            after = await engine.check(data, effort=None, lists=None, due=time.monotonic() + 60)
            assert after.audit.lists[0].n_entries == 3
            assert engine.reloads.done == 1
            path.write_text("no list at all {")
            with pytest.raises(safehash.SafehashError):
                await engine.reload()
            assert (engine.reloads.done, engine.reloads.refused, bool(engine.refusal)) == (1, 1, True)
            await engine.check(data, effort=None, lists=None, due=time.monotonic() + 60)
        finally:
            await engine.stop()

    asyncio.run(run())


def replace_bytes(path: Path, data: bytes) -> None:
    """Put another file in the place of one that may be open."""
    path.with_name("new").write_bytes(data)
    path.with_name("new").replace(path)


def test_damage_of_a_snapshot_is_known_before_a_request_meets_it(
    matcher: safehash.Matcher, pictures: list[Path], tmp_path: Path
) -> None:
    listed = safehash.hash_file(pictures[1])
    path = tmp_path / "lists.safehash"
    matcher.save(path)
    data = bytearray(path.read_bytes())
    whole = bytes(data)
    (section,) = (each for each in open_snapshot(path).sections if each.name == "entries.digests.pdq")
    data[section.offset] ^= 1
    path.write_bytes(data)

    async def run() -> None:
        engine = Engine(
            lambda: safehash.Matcher.open(path),
            ServiceOptions(workers=1, reload_seconds=None),
            flood=None,
        )
        await engine.start()
        try:
            while not engine.damage:
                await asyncio.sleep(0.01)
            assert "entries.digests.pdq" in engine.damage
            with pytest.raises(Refused) as met:
                await engine.check_hashes([listed], effort=None, lists=None)
            assert (met.value.status, "damaged" in met.value.detail) == (503, True)
            replace_bytes(path, whole)
            await engine.reload()
            assert engine.damage == ""
            # Nor does damage take the place of what is sound.
            replace_bytes(path, bytes(data))
            with pytest.raises(safehash.SafehashError, match=r"entries\.digests\.pdq"):
                await engine.reload()
            await engine._look()
            assert (engine.damage, "entries.digests.pdq" in engine.refusal) == ("", True)
            (found,) = await engine.check_hashes([listed], effort=None, lists=None)
            assert found.is_match
        finally:
            await engine.stop()

    asyncio.run(run())


def test_damage_of_a_snapshot_that_is_no_longer_matched_against_is_not_told(
    matcher: safehash.Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    def verifying() -> Iterator[None]:
        raise safehash.SafehashError("damaged")
        yield

    async def run() -> list[str]:
        executor = ThreadPoolExecutor(1)
        asyncio.get_running_loop().set_default_executor(executor)
        engine = Engine(lambda: matcher, ServiceOptions(workers=1, reload_seconds=None), flood=None)
        told = []
        for following in (damaged, sound):
            monkeypatch.setattr(matcher, "_state", damaged)
            engine._check_whole(matcher)
            executor.submit(int).result()  # it has looked, and the loop does not know yet what it found
            monkeypatch.setattr(matcher, "_state", following)
            if following is sound:
                engine._check_whole(matcher)
            for _ in range(3):
                await asyncio.sleep(0)
            told.append(engine.damage)
        return told

    sound = matcher._state
    damaged = replace(sound, verifying=verifying)
    assert asyncio.run(run()) == ["damaged", ""]


# -- what is remembered -------------------------------------------------------------------------------------


def test_workers_that_cannot_begin_are_tried_again(
    matcher: safehash.Matcher, pictures: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The lists were read anew, and uploads still go by the old ones: it says so, and mends it at the next look."""
    engine_module: Any = sys.modules["safehash.service.engine"]
    usual = engine_module._Generation.of

    async def fails(*_: object) -> None:
        raise safehash.SafehashError("no memory for another worker")

    async def run() -> None:
        engine = Engine(lambda: matcher, ServiceOptions(workers=1, reload_seconds=None), flood=None)
        await engine.start()
        try:
            monkeypatch.setattr(engine_module._Generation, "of", fails)
            with pytest.raises(safehash.SafehashError, match="no memory"):
                await engine.reload()
            assert "workers cannot begin" in engine.refusal and engine.reloads.refused == 1
            monkeypatch.setattr(engine_module._Generation, "of", usual)
            await engine._look()
            assert (engine.refusal, engine.reloads.done) == ("", 1)
            assert engine._generation is not None and engine._generation.is_sealed == (landlock_version() > 0)
            due = time.monotonic() + 60
            assert (await engine.check(pictures[1].read_bytes(), effort=None, lists=None, due=due)).is_match
        finally:
            await engine.stop()

    asyncio.run(run())


def test_services_count_together_and_after_a_restart(
    matcher: safehash.Matcher, pictures: list[Path], tmp_path: Path
) -> None:
    path = str(tmp_path / "state.db")
    match, other = (matcher.check(pictures[k]) for k in (1, 0))
    guards = [FloodGuard(FLOOD), FloodGuard(FLOOD)]
    both = [Memory(path, guard) for guard in guards]
    for _ in range(2):
        for memory in both:
            assert memory.judged(match, allow_distance=16).is_match
            assert not memory.judged(other, allow_distance=16).is_match
    # Each of them saw two matches among four uploads; together it is four among eight, not more than half.
    for memory in (*both, *both):
        memory.sync()
    assert [guard.counts() for guard in guards] == [(8, {match.standing[0].entry.key: 4})] * 2
    both[0].judged(match, allow_distance=16)
    for memory in both:
        memory.sync()
    # The fifth floods, in the one that saw it and in the one that did not.
    for memory in both:
        assert memory.judged(match, allow_distance=16).outcome is safehash.Outcome.SUPPRESSED
        memory.close()
    third = FloodGuard(FLOOD)
    memory = Memory(path, third)
    assert third.counts()[0] == 11
    assert [(each.n_matches_then, each.n_matches) for each in third.quarantined()] == [(5, 7)]
    assert memory.judged(match, allow_distance=16).matches[0].suppressed_by == "quarantine"
    # A reviewer puts it back into service, for good.
    memory.say_harmful([match.standing[0].entry.key])
    assert memory.judged(match, allow_distance=16).is_match
    memory.close()
    assert Memory(path, FloodGuard(FLOOD)).judged(match, allow_distance=16).is_match
    assert (tmp_path / "state.db").stat().st_mode & 0o777 == 0o600


def test_a_verdict_holds_for_an_upload_and_what_is_like_it(
    matcher: safehash.Matcher, pictures: list[Path], tmp_path: Path
) -> None:
    path = str(tmp_path / "state.db")
    one, other = Memory(path, None), Memory(path, None)
    match = matcher.check(pictures[1])
    key, own = match.standing[0].entry.key, match.hash
    assert own is not None
    far = safehash.Hash("pdq", bytes(8) + own.digest[8:])
    assert far.distance(own) > 16
    one.say_harmless([key], far, said_by="ops")
    assert one.judged(match, allow_distance=16).is_match, "said of another picture"
    near = safehash.Hash("pdq", own.digest[:-1] + bytes([own.digest[-1] ^ 0b111]))
    one.say_harmless([key], near, said_by="ops", note="an advertisement")
    other.sync()
    for memory in (one, other):
        judged = memory.judged(match, allow_distance=16)
        assert (judged.outcome.value, judged.matches[0].suppressed_by) == ("suppressed", "review")
    assert {verdict.note for verdict in other.verdicts} == {"", "an advertisement"}
    assert all(len(verdict.to_record()["upload"]) == 8 for verdict in other.verdicts)
    one.say_harmful([key])
    assert one.judged(match, allow_distance=16).is_match
    for memory in (one, other):
        memory.close()


def test_a_verdict_by_a_short_hash_is_not_of_all_that_an_entry_matches(
    pictures: list[Path], tmp_path: Path
) -> None:
    """Two uploads that match within 8 bits of 64 are within 16 of each other: one verdict was of each."""
    listed = safehash.hash_file(pictures[1], algorithm="phash")
    matcher = safehash.Matcher.from_entries([safehash.Entry(hash=listed, source="own", id="one")])
    match = matcher.check(pictures[1])
    key = match.standing[0].entry.key
    for n_bits, outcome in ((4, "suppressed"), (5, "match"), (8, "match")):
        memory = Memory(None, None)
        digest = (int.from_bytes(listed.digest, "big") ^ ((1 << n_bits) - 1)).to_bytes(8, "big")
        memory.say_harmless([key], safehash.Hash("phash", digest), said_by="ops")
        assert memory.judged(match, allow_distance=16).outcome.value == outcome, n_bits
        memory.close()


def test_entries_are_named_alike_whatever_is_said_of_them(tmp_path: Path) -> None:
    guard = FloodGuard(FLOOD)
    memory = Memory(None, guard)
    keys = [("own", "id", "b-1"), ("own", "pdq", "ab" * 32)]
    for key in keys:
        guard.quarantine(key, n_uploads=9, n_matches=5)
    memory.say_harmless(keys, None, said_by="ops")
    quarantined = {each.entry: each for each in guard.quarantined()}
    service: Any = SimpleNamespace(engine=SimpleNamespace(memory=memory, quarantined=quarantined))
    request: Any = SimpleNamespace(scope={"query_string": b""})
    told = json.loads(bytes(asyncio.run(verdicts(service, request)).response.body))
    named = [{"list": "own", "id": "b-1"}, {"list": "own", "algorithm": "pdq", "hash": "abababab"}]
    for what in ("harmless", "quarantined"):
        assert [[each | wanted == each for each in told[what]].count(True) for wanted in named] == [1, 1], (
            what
        )
    assert {"pdq": "abababab"}.items() <= told["quarantined"][1].items(), "as it was named before"
    memory.close()


def test_of_a_verdict_on_several_entries_all_is_kept_or_nothing(tmp_path: Path) -> None:
    """A disk that is full in the middle left the first of them harmless, and the reviewer was told that nothing was."""
    memory = Memory(str(tmp_path / "state.db"), None)
    keys = [("own", "pdq", "a" * 64), ("own", "pdq", "b" * 64)]
    memory._db.execute(
        "CREATE TEMP TRIGGER full BEFORE INSERT ON verdicts WHEN new.entry LIKE '%b%' "
        "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
    )
    with pytest.raises(safehash.SafehashError, match="disk is full"):
        memory.say_harmless(keys, None, said_by="ops")
    memory.sync()
    assert memory.verdicts == ()
    memory._db.execute("DROP TRIGGER full")
    assert [each.entry for each in memory.say_harmless(keys, None, said_by="ops")] == keys
    assert len(memory.verdicts) == 2
    memory.close()


class Full:
    """A connection whose file system is full, once it is to commit."""

    def __init__(self, db: Any, *, has_rolled_back: bool) -> None:
        self.db, self.has_rolled_back = db, has_rolled_back

    def __getattr__(self, name: str) -> Any:
        return getattr(self.db, name)

    def execute(self, statement: str, *values: Any) -> Any:
        if statement == "COMMIT":
            if self.has_rolled_back:
                self.db.execute("ROLLBACK")
            raise sqlite3.OperationalError("database or disk is full")
        return self.db.execute(statement, *values)


def test_what_was_not_committed_is_counted_once_and_by_all(
    matcher: safehash.Matcher, pictures: list[Path], tmp_path: Path
) -> None:
    """A commit that fails leaves nothing behind: neither here, as if it were in the file, nor twice."""
    match = matcher.check(pictures[1])
    key = match.standing[0].entry.key
    guards = [FloodGuard(FLOOD), FloodGuard(FLOOD)]
    one, other = (Memory(str(tmp_path / "state.db"), guard) for guard in guards)

    for has_rolled_back in (True, False):
        for _ in range(2):
            one.judged(match, allow_distance=16)
        db: Any = one._db
        full: Any = Full(db, has_rolled_back=has_rolled_back)
        one._db = full
        with pytest.raises(safehash.SafehashError, match="disk is full"):
            one.sync()
        one._db = db
        other.judged(match, allow_distance=16)
        for memory in (other, one, other):
            memory.sync()
    assert [guard.counts() for guard in guards] == [(6, {key: 6})] * 2
    assert [each.entry for each in guards[1].quarantined()] == [key]
    for memory in (one, other):
        memory.close()
    third = FloodGuard(FLOOD)
    Memory(str(tmp_path / "state.db"), third).close()
    assert third.counts() == (6, {key: 6})


def test_a_disk_that_is_full_at_the_beginning_is_told_as_such(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite had taken everything back, and that there was nothing to take back was told in its place."""
    connect = OwnFile.connect
    monkeypatch.setattr(
        OwnFile, "connect", lambda self, **options: Full(connect(self, **options), has_rolled_back=True)
    )
    with pytest.raises(safehash.SafehashError, match="disk is full"):
        Memory(str(tmp_path / "state.db"), None)


@pytest.mark.parametrize("odd", ["no JSON", "7", "[", ""])
def test_what_none_of_ours_wrote_is_told_and_costs_no_count(
    odd: str, matcher: safehash.Matcher, pictures: list[Path], tmp_path: Path
) -> None:
    """It was called a defect of ours, and what had been counted was gone."""
    path = str(tmp_path / "state.db")
    memory = Memory(path, FloodGuard(FLOOD))
    memory._db.execute("INSERT INTO verdicts VALUES (?, '', '', '', '')", (odd,))
    memory.judged(matcher.check(pictures[1]), allow_distance=16)
    for attempt in (memory.sync, lambda: Memory(path, None)):
        with pytest.raises(safehash.SafehashError, match="something odd was written into it"):
            attempt()
    memory._db.execute("DELETE FROM verdicts")
    memory.close()
    guard = FloodGuard(FLOOD)
    Memory(path, guard).close()
    assert guard.counts()[0] == 1


@pytest.mark.parametrize("ending", ["", "-wal", "-shm"])
def test_a_memory_that_was_moved_is_told_and_not_written(
    ending: str, matcher: safehash.Matcher, tmp_path: Path
) -> None:
    """SQLite writes on into a file without a name: what reviewers said was gone with the process."""
    path, moved = tmp_path / "state.db", tmp_path / "moved.db"
    there = path.with_name(path.name + ending)

    async def run() -> list[tuple[bool, int]]:
        options = ServiceOptions(workers=1, reload_seconds=None, state=str(path))
        engine = Engine(lambda: matcher, options, flood=FLOOD)
        service: Any = SimpleNamespace(engine=engine)
        request: Any = None
        told = []
        await engine.start()
        try:
            for source, target in ((there, moved), (moved, there)):
                source.rename(target)
                warnings = 0
                for _ in range(3):
                    try:
                        await engine._sync()
                    except safehash.SafehashError:
                        warnings += 1
                answer = await ready(service, request)
                told.append((json.loads(bytes(answer.response.body))["forgetting"], warnings))
                if target is moved:
                    with pytest.raises(safehash.SafehashError, match="moved"):
                        engine.memory.say_harmless([("own", "id", "a")], None, said_by="ops")
        finally:
            await engine.stop()
        return told

    assert asyncio.run(run()) == [(True, 1), (False, 0)]


def test_a_file_of_something_else_is_no_memory(tmp_path: Path) -> None:
    from contextlib import closing

    other = tmp_path / "other.db"
    with closing(sqlite3.connect(other)) as db:
        db.execute("CREATE TABLE t (x)")
    with pytest.raises(safehash.SafehashError, match="something else"):
        Memory(str(other), None)
    words = tmp_path / "words"
    words.write_text("words that are no database, and more of them than a header has" * 4)
    with pytest.raises(safehash.SafehashError, match="no database"):
        Memory(str(words), None)


# -- who may ask, and options -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no token"),
        ("check ops short", "line 1: a token has at least 16"),
        ("check ops 0123456789abcdé-", "line 1: a token has at least 16 characters, all of them ASCII"),
        ("check ops 0123456789abcdef\0", "line 1: a token"),
        ("check ops 0123456789abcdef\nadmin boss 0123456789abcdef", "line 2: the same token"),
        ("# fine\nroot ops 0123456789abcdef", "line 2: expected"),
        ("check 0123456789abcdef", "line 1: expected"),
        ("check o;ps 0123456789abcdef", "line 1: a name"),
        ("check ops \udcff0123456789abcdef", "not UTF-8"),
    ],
)
def test_tokens_that_cannot_be_understood_are_refused_and_not_shown(
    tmp_path: Path, text: str, said: str
) -> None:
    path = tmp_path / "tokens"
    path.write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(safehash.SafehashError, match=said) as caught:
        Tokens(str(path))
    assert "0123456789" not in str(caught.value)


def test_tokens_that_others_may_read_or_change_are_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Its group may read it: so services are given secrets."""
    path = tmp_path / "tokens"
    path.write_text("check ops 0123456789abcdef\n")
    said = []
    for mode in (0o600, 0o640, 0o644, 0o620, 0o666):
        path.chmod(mode)
        caplog.clear()
        Tokens(str(path)).reload()
        said.append([record.getMessage().rpartition(": others may ")[2] for record in caplog.records])
    read, change = "read it: chmod 640", "change it: chmod 640"
    assert said == [[], [], [read] * 2, [change] * 2, [f"read and {change}"] * 2]


def test_a_file_of_tokens_as_others_write_it(tmp_path: Path) -> None:
    path = tmp_path / "tokens"
    path.write_bytes(b"\xef\xbb\xbfcheck ops 0123456789abcdef\r\ncheck\tops 0123456789abcdeg\r\n")
    tokens = Tokens(str(path))
    for last in "fg":
        assert tokens.bearer(f"Bearer 0123456789abcde{last}", role="check") == "ops"


@pytest.mark.parametrize(
    "wrong",
    [{"host": "0.0.0.0"}, {"host": "example.org"}, {"workers": 0}, {"port": 70_000}, {"timeout": 0.0},
     {"max_body": 0}, {"on_undecided": "maybe"}, {"reload_seconds": 0.0}, {"max_memory": 5}],
)  # fmt: skip
def test_options_that_cannot_be_meant(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError):
        ServiceOptions(**wrong)  # type: ignore[arg-type]


def test_this_machine_alone() -> None:
    assert [is_loopback(host) for host in ("localhost", "127.3.4.5", "::1")] == [True] * 3
    assert [is_loopback(host) for host in ("0.0.0.0", "::", "10.0.0.1", "localhost.example", "")] == [
        False
    ] * 5
    ServiceOptions(host="0.0.0.0", tokens="tokens")
    ServiceOptions(host="0.0.0.0", open_to_all=True)
