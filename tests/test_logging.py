"""The log: silent unless asked, what is worth a line, and never more than the first digits of a digest."""

from __future__ import annotations

import ast
import logging
import re
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import safehash
from list_samples import BRIDGE, FIRST
from safehash import FloodGuard, FloodLimits, ForeignHash, Matcher, Settings
from safehash.matching import matcher as matching
from safehash.scanning.logs import Logged, relay

#: More hexadecimal digits in a row than a message may show. An MD5 cut in half would still be one.
TOO_MUCH = re.compile(r"[0-9a-fA-F]{9,}")


@pytest.fixture
def listed(bridge: Path, tmp_path: Path) -> Path:
    path = tmp_path / "own.csv"
    path.write_text(f"pdq\n{safehash.hash_file(bridge).hex}\n")
    return path


def said(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str]]:
    assert all(record.name.startswith("safehash.") for record in caplog.records)
    assert not [record for record in caplog.records if TOO_MUCH.search(record.getMessage())]
    return [(record.levelname, record.getMessage()) for record in caplog.records]


def test_nothing_is_printed_unless_asked(tmp_path: Path) -> None:
    """Python prints warnings of loggers without a handler to standard error."""
    path = tmp_path / "own.csv"
    path.write_text(f"pdq\n{FIRST}\n")
    code = (
        "import sys, safehash\n"
        "settings = safehash.Settings(allow_ids=['x'])\n"
        "matcher = safehash.Matcher.from_files(sys.argv[1], settings=settings)\n"
        "matcher.reload()\n"
    )
    loud = "import logging; logging.basicConfig(level='INFO')\n"
    for first, is_silent in (("", True), (loud, False)):
        command = [sys.executable, "-c", first + code, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stdout == ""
        assert (done.stderr == "") is is_silent
    assert "WARNING:safehash.matching.matcher:the allowed id 'x' is no listed entry's" in done.stderr


def test_a_reload_is_logged_with_the_digest_of_what_was_read(
    listed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    matcher = Matcher.from_files(listed)
    with caplog.at_level(logging.INFO, "safehash"):
        matcher.reload()
    snapshot = matcher.lists[0].snapshot
    assert said(caplog) == [("INFO", f"reloaded: 1 entries of own {snapshot[:8]}")]


def test_what_is_left_out_and_a_stale_list_are_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sample = tmp_path / "aged.jsonl"
    entries = [
        safehash.Entry(
            hash=safehash.Hash.from_hex("pdq", digest),
            source="aged",
            labels=labels,
            updated="2020-01-01T00:00:00Z",
        )
        for digest, labels in ((FIRST, ()), (BRIDGE, ("news",)))
    ]
    safehash.lists.write_list(sample, entries)
    settings = Settings(policy=safehash.Policy(refresh_days=1, exclude_labels=["news"]))
    with caplog.at_level(logging.INFO, "safehash"):
        matcher = Matcher.from_files(sample, settings=settings)
    logged = said(caplog)
    (stale,) = [text for level, text in logged if level == "WARNING"]
    assert re.fullmatch(
        r"aged: stale: its newest record is \d+ days old, and it should be refreshed within 1 days", stale
    )
    assert [text for _, text in logged] == list(matcher.notes)
    assert logged[1:] == [("INFO", "aged: 1 entries left out: with an excluded label")]


@pytest.mark.parametrize("how", ["scan", "isolated"])
def test_workers_do_not_say_again_what_the_matcher_said(
    how: str, listed: Path, bridge: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """They open a snapshot that nobody else knows of: what a policy did to the files is done in it."""
    policy = safehash.Policy(include_labels=["kept"])
    allow_ids = ["no entry's"]
    listed.write_text(f"pdq,label\n{safehash.hash_file(bridge).hex},a\n{FIRST},kept\n")
    settings = Settings(policy=policy, allow_ids=allow_ids, flood=FloodLimits())
    with caplog.at_level(logging.WARNING, "safehash"):
        matcher = Matcher.from_files(listed, settings=settings)
    assert [text for _, text in said(caplog)] == ["the allowed id \"no entry's\" is no listed entry's"]
    caplog.clear()
    with caplog.at_level(logging.WARNING, "safehash"):
        if how == "scan":
            options = safehash.ScanOptions(workers=1)
            outcomes = [
                record.decision.outcome.value
                for record in safehash.scan(bridge, matcher=matcher, options=options)
            ]
        else:
            with safehash.isolated(matcher, workers=1) as pool:
                caplog.clear()
                outcomes = [pool.check(bridge).outcome.value]
    assert (outcomes, said(caplog)) == (["no_match"], [])


def test_a_quarantine_is_logged_once(listed: Path, bridge: Path, caplog: pytest.LogCaptureFixture) -> None:
    settings = Settings(flood=FloodLimits(max_share=0.5, min_matches=3, min_uploads=4))
    matcher = Matcher.from_files(listed, settings=settings)
    with caplog.at_level(logging.INFO, "safehash"):
        for _ in range(6):
            matcher.check(bridge)
    shown = f"own pdq {safehash.hash_file(bridge).hex[:8]}..."
    assert said(caplog) == [("WARNING", f"quarantined: entry {shown} matched 4 of 4 uploads")]


def test_a_quarantine_by_counts_of_others_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    guard = FloodGuard(FloodLimits(max_share=0.5, min_matches=3, min_uploads=4))
    with caplog.at_level(logging.INFO, "safehash"):
        guard.merge_counts(
            9, [(("own", "id", "b-1"), 8), (("own", "id", "b-2"), 1), ("a key of one's own", 9)]
        )
    assert said(caplog) == [
        ("WARNING", "quarantined: entry own #b-1 matched 8 of 9 uploads"),
        ("WARNING", "quarantined: entry of another kind matched 9 of 9 uploads"),
    ]


def test_a_slow_upload_is_logged(
    listed: Path, bridge: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """By the processor time of its thread: waiting for a loaded machine is not slowness."""
    clock = iter(range(0, 100, 3))
    monkeypatch.setattr(time, "thread_time", lambda: float(next(clock)))
    matcher = Matcher.from_files(listed)
    with caplog.at_level(logging.INFO, "safehash"):
        matcher.check(bridge)
        matcher.check(b"no image at all")
        monkeypatch.setattr(matching, "_SLOW_SECONDS", 3.5)
        matcher.check(bridge)
    assert said(caplog) == [
        ("WARNING", "slow: an upload took 3.0 s of processor time (JPEG, 1600 x 1004 pixels, match)"),
        (
            "WARNING",
            "slow: an upload took 3.0 s of processor time (not an image in a known format (starts with 6e 6f 20 69))",
        ),
    ]


def test_no_log_shows_a_whole_digest_whoever_writes_it(caplog: pytest.LogCaptureFixture) -> None:
    """Every logger of the package: in the message, in what it is made with, in the traceback beside it."""
    for name in sorted(LOGGERS):
        import_module(name)
        with caplog.at_level(logging.INFO, "safehash"):
            try:
                raise FileNotFoundError(2, "No such file", f"/store/{FIRST}.jpg")
            except OSError:
                logging.getLogger(name).exception("%s: %s", FIRST, BRIDGE)
    assert len(caplog.records) == len(LOGGERS)
    assert not [each for each in caplog.text.splitlines() if TOO_MUCH.search(each)]
    assert caplog.text.count(f"'/store/{FIRST[:8]}....jpg'") == len(caplog.records)


def loggers() -> dict[str, bool]:
    """Return which modules of the package have a logger, and whether `logger_of` made it."""
    found = {}
    package = Path(safehash.__file__).parent
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in ("logger_of", "logging.getLogger") and ast.unparse(node.args[0]) == "__name__":  # type: ignore[attr-defined]
                name = ".".join(("safehash", *path.relative_to(package).with_suffix("").parts))
                found[name] = called == "logger_of"
    del found["safehash.__init__"]  # silences, and logs nothing
    return found


LOGGERS = loggers()


def test_every_logger_shortens() -> None:
    assert len(LOGGERS) > 10
    assert [name for name, shortens in LOGGERS.items() if not shortens] == []


def test_what_a_worker_logs_is_short_in_the_parent_too(caplog: pytest.LogCaptureFixture) -> None:
    """Its file's name stands before it there, and the parent need not have loaded what logged it."""
    with caplog.at_level(logging.INFO, "safehash"):
        relay([Logged("safehash.images.of_a_worker_alone", logging.INFO, BRIDGE)], about=f"{FIRST}.jpg")
    assert said(caplog) == [("INFO", f"{FIRST[:8]}....jpg: {BRIDGE[:8]}...")]


@pytest.mark.parametrize("digest", [BRIDGE, "p" * 12 + "/+==", FIRST[:9]])
def test_a_foreign_hash_is_printed_short(digest: str) -> None:
    value = ForeignHash("photodna", digest)
    for text in (str(value), repr(value), f"{value}", str(safehash.Entry(hash=value)), str([value])):
        assert digest not in text
        assert digest[:8] in text
    assert value.value == digest


def _messages(act: Any) -> list[str]:
    try:
        found = act()
    except Exception as exc:
        return [str(exc)]
    return [str(found), repr(found)]


def test_no_message_shows_a_whole_digest() -> None:
    """Errors, notes and reprs end in logs, tickets and chats."""
    value, other = safehash.Hash.from_hex("pdq", FIRST), safehash.Hash.from_hex("phash256", BRIDGE)
    entry = safehash.Entry(hash=value, source="own")
    messages = [
        text
        for act in (
            lambda: value,
            lambda: entry,
            lambda: safehash.Match(entry=entry, distance=3),
            lambda: value == other,
            lambda: value.distance(other),
            lambda: safehash.Hash.from_hex("pdq", FIRST[:-1]),
            lambda: safehash.Hash.from_hex("pdq", FIRST[:-1] + "x"),
            lambda: safehash.Hash.from_hex("md5", FIRST),
            lambda: safehash.Hash(FIRST, b""),
            lambda: safehash.Hash.from_hex(FIRST, "pdq"),
            lambda: safehash.Index([value]).search(other, max_distance=3),
            lambda: safehash.Index([value, other]),
        )
        for text in _messages(act)
    ]
    assert len(messages) > 12
    assert [text for text in messages if TOO_MUCH.search(text)] == []
