"""What a sample of mutants showed that no test of scans noticed: small cases, one for each."""

from __future__ import annotations

import errno
import os
import pickle
import socket
import sqlite3
import struct
import sys
import threading
import zipfile
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from safehash import CatalogError, Limits, Matcher
from safehash.scanning import watching
from safehash.scanning.archives import members
from safehash.scanning.catalog import Catalog
from safehash.scanning.channel import Channel
from safehash.scanning.items import Item
from safehash.scanning.options import ScanOptions
from safehash.scanning.places import _is_one_file
from safehash.scanning.records import Skipped
from safehash.scanning.run import scan
from safehash.scanning.schema import SKIPPED
from safehash.scanning.sources import Inputs, find
from safehash.scanning.store import Store
from safehash.scanning.watching import Renamed, _Arrivals
from safehash.scanning.wire import KINDS, Reader
from safehash.scanning.worker import Verdict, Worker


@pytest.mark.parametrize("kind", [TypeError, ValueError, AttributeError, KeyError, IndexError])
def test_what_no_catalog_holds_is_called_damage(kind: type[Exception], tmp_path: Path) -> None:
    path = tmp_path / "scan.db"
    store = Store(path, create=True)
    try:
        with (
            pytest.raises(CatalogError, match="damaged: it holds what no catalog does"),
            store.reading(),
        ):
            raise kind("x")
    finally:
        store.close()


@pytest.mark.parametrize("n", [0, 6, 8])
def test_a_verdict_of_too_few_or_too_many_parts_is_none(n: int) -> None:
    sent = (KINDS.index(Verdict), *[None] * n)
    with pytest.raises(pickle.UnpicklingError, match="a worker sent what is no verdict: ValueError"):
        Reader(None).read(pickle.dumps(sent))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.EIO, "Input/output error"), "cannot be read: Input/output error"),
        (OSError("no such host"), "cannot be read: no such host"),
    ],
)
def test_why_a_file_cannot_be_read_is_said_as_the_system_says_it(
    error: OSError, reason: str, tmp_path: Path
) -> None:
    def fail(path: str) -> None:
        raise error

    (tmp_path / "own.csv").write_text("hash\n" + "f0" * 32 + "\n")
    matcher = Matcher.from_files(tmp_path / "own.csv")
    verdict = Worker(matcher, limits=Limits(), before=fail).decide(Item(path="a.jpg"))
    assert verdict.decision is not None and verdict.decision.reason == reason


def test_what_a_walk_finds_is_looked_at_or_waited_for_unless_it_is_stopped(tmp_path: Path) -> None:
    paths = {str(tmp_path / name) for name in ("a", "b")}
    for path in paths:
        Path(path).write_bytes(b"x")

    def seen(stop: threading.Event) -> set[str]:
        watch: Any = SimpleNamespace(paths=None)
        arrivals = _Arrivals(watch, lambda: iter(sorted(paths)), Renamed())
        return {path for path, _ in arrivals._walked(stop)} | set(arrivals._waiting)

    stop = threading.Event()
    assert seen(stop) == paths
    stop.set()
    assert seen(stop) == set()


@pytest.mark.skipif(os.name != "posix", reason="the service is for Linux and macOS")
def test_a_message_in_pieces_is_whole_and_what_comes_behind_it_the_next() -> None:
    theirs, ours = socket.socketpair()
    channel = Channel(ours)
    sent = [bytes([k]) * 1000 for k in (1, 2)]
    whole = b"".join(struct.pack("!I", len(message)) + message for message in sent)
    for first, end in ((0, 3), (3, 300), (300, 700), (700, 900)):
        theirs.sendall(whole[first:end])
        with pytest.raises(TimeoutError):
            channel.receive(timeout=0.001)
    theirs.sendall(whole[900:1500])
    assert channel.receive() == sent[0]
    theirs.sendall(whole[1500:])
    assert channel.receive() == sent[1]
    theirs.close()
    with pytest.raises(EOFError):
        channel.receive()
    channel.close()


def test_an_archive_of_nothing_has_no_members_and_is_not_damaged(tmp_path: Path) -> None:
    path = tmp_path / "none.zip"
    with zipfile.ZipFile(path, "w"):
        pass
    (found,) = members(Item(path=str(path)), max_member_bytes=1 << 20)
    assert isinstance(found, Skipped) and found.reason == "empty archive"
    path.write_bytes(path.read_bytes()[:21])
    assert [type(found).__name__ for found in members(Item(path=str(path)), max_member_bytes=1 << 20)] == [
        "Problem"
    ]


def test_why_a_file_is_not_decided_is_counted_once_when_it_is_unchanged(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(b"no picture")
    (tmp_path / "own.csv").write_text("hash\n" + "f0" * 32 + "\n")
    matcher = Matcher.from_files(tmp_path / "own.csv")
    counted = []
    for _ in range(2):
        with (
            Catalog(tmp_path / "scan.db") as catalog,
            scan(folder, matcher=matcher, options=ScanOptions(workers=0), catalog=catalog) as running,
        ):
            for _ in running:
                pass
            counted.append((running.summary.n_unchanged, list(running.summary.reasons.values())))
    assert counted == [(0, [2]), (2, [2])]


def test_what_is_watched_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "_is_written", lambda path: False)
    (tmp_path / "first.png").write_bytes(b"x")
    inputs = Inputs(paths=(str(tmp_path),), watch=True)
    found = find(inputs)
    first = next(found)
    assert isinstance(first, Item) and first.path == str(tmp_path / "first.png")
    inputs.stop.set()
    assert list(found) == []


@pytest.mark.parametrize(
    ("old", "new", "digests", "is_one"),
    [
        ((9, 5, "match"), (9, 5, "match"), ((), ()), True),
        ((9, 5, "match"), (9, 6, "match"), ((), ()), False),
        ((9, 6, "match"), (9, 5, "match"), (("sha256", b"a"), ("md5", b"b")), False),
        ((9, 5, "match"), (9, 6, "match"), (("sha256", b"a"), ("sha256", b"a")), True),
        ((9, 5, "match"), (9, 5, "match"), (("sha256", b"a"), ("sha256", b"b")), False),
        ((9, 5, "match"), (8, 5, "match"), ((), ()), False),
        ((None, 5, "match"), (None, 5, "match"), ((), ()), False),
        ((9, 5, SKIPPED), (9, 5, "match"), ((), ()), False),
    ],
)
def test_two_places_hold_one_file_where_digests_or_size_and_time_say_so(
    old: tuple[Any, ...], new: tuple[Any, ...], digests: tuple[tuple[Any, ...], tuple[Any, ...]], is_one: bool
) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("CREATE TABLE files (id, size, mtime_ns, outcome)")
        db.execute("CREATE TABLE hashes (file, algorithm, digest)")
        for file, (facts, digest) in enumerate(zip((old, new), digests, strict=True)):
            db.execute("INSERT INTO files VALUES (?, ?, ?, ?)", (file, *facts))
            if digest:
                db.execute("INSERT INTO hashes VALUES (?, ?, ?)", (file, *digest))
        assert _is_one_file(db, 0, 1) == is_one


@pytest.mark.skipif(os.name != "posix", reason="the service is for Linux and macOS")
@pytest.mark.parametrize(
    ("is_ready", "holds", "takes"),
    [(True, True, True), (True, False, False), (True, None, False), (False, True, False)],
)
def test_an_upload_is_taken_at_once_where_a_worker_is_ready_and_it_fits(
    is_ready: bool, holds: bool | None, takes: bool
) -> None:
    from safehash.scanning.lanes import Lane

    memory = None if holds is None else SimpleNamespace(holds=lambda upload: holds)
    lane: Any = SimpleNamespace(_process=object() if is_ready else None, _memory=memory)
    assert Lane.takes_at_once(lane, b"upload") is takes


def test_a_scan_that_is_stopped_says_so(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("hash\n" + "f0" * 32 + "\n")
    running = scan(tmp_path, matcher=Matcher.from_files(tmp_path / "own.csv"), options=ScanOptions(workers=0))
    running.stop()
    assert (list(running), running.summary.interrupted) == ([], True)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says who writes a file")
def test_a_file_is_written_while_it_is_open_for_writing(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"")
    if watching._is_written(str(path)) is None:
        pytest.skip("a file system without leases")
    with path.open("wb"):
        assert watching._is_written(str(path)) is True
    assert watching._is_written(str(path)) is False
    assert watching._is_written(str(tmp_path / "none")) is None
