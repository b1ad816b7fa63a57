"""Scanning from Python: what is looked at, isolation, order, bounds."""

from __future__ import annotations

import gzip
import io
import lzma
import os
import platform
import re
import socket
import stat
import struct
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import IO, Any, NoReturn
from urllib.parse import urlsplit

import pytest

from crashers import misbehave
from safehash.errors import SafehashError
from safehash.images.limits import Limits
from safehash.matching.decision import Outcome
from safehash.matching.matcher import Matcher
from safehash.matching.settings import Settings
from safehash.scanning import archive_member, archives, run, tars
from safehash.scanning.catalog import Catalog
from safehash.scanning.options import ScanOptions
from safehash.scanning.packed_streams import unpacked
from safehash.scanning.records import Problem, ScanRecord, Skipped
from safehash.scanning.run import _Feed, _Pace, scan
from safehash.scanning.sources import Inputs, count_files, find
from stores import environment, write_list, write_picture, write_pictures

POSIX = os.name == "posix"


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    write_pictures(folder, 12)
    return folder


@pytest.fixture(scope="module")
def matcher(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Matcher:
    known = write_list(tmp_path_factory.mktemp("lists") / "own.csv", pictures / "picture00003.png")
    return Matcher.from_files(known)


def outcomes(records: list[Any]) -> dict[str, str]:
    return {
        Path(record.path).name + (f"!{record.member}" if record.member else ""): record.decision.outcome.value
        for record in records
        if isinstance(record, ScanRecord)
    }


def skipped(records: list[Any]) -> dict[str, str]:
    return {
        Path(record.path).name + (f"!{record.member}" if record.member else ""): record.reason
        for record in records
        if isinstance(record, Skipped)
    }


def look(
    paths: Any,
    matcher: Matcher,
    *,
    names: IO[bytes] | None = None,
    before: Callable[[str], None] | None = None,
    **options: Any,
) -> list[Any]:
    """Scan in this process and return every record."""
    how = ScanOptions(workers=0, ordered=True, **options)
    return list(scan(paths, matcher=matcher, options=how, names=names, _before=before).events())


def test_iterating_gives_records_and_events_give_everything(
    pictures: Path, matcher: Matcher, tmp_path: Path
) -> None:
    (tmp_path / "words.txt").write_text("words")
    how = ScanOptions(workers=0, ordered=True)
    with scan([tmp_path, pictures], matcher=matcher, options=how) as running:
        records = list(running)
    assert {type(each) for each in records} == {ScanRecord}
    assert len(records) == 12
    assert running.summary.skipped.total() == 1
    with scan([tmp_path, pictures], matcher=matcher, options=how) as running:
        events = list(running.events())
    assert [type(each) for each in events] == [Skipped] + [ScanRecord] * 12
    with scan([pictures], matcher=matcher, options=how) as running:  # one stream, however it is read
        first = next(running)
        event = next(running.events())
        rest = list(running)
    assert isinstance(event, ScanRecord)
    paths = [first.path, event.path, *(record.path for record in rest)]
    assert paths == [record.path for record in records]


# -- workers ----------------------------------------------------------------------------------------------------


def test_workers_decide_what_this_process_decides(pictures: Path, matcher: Matcher) -> None:
    here = look(pictures, matcher)
    with scan(pictures, matcher=matcher, options=ScanOptions(workers=2, ordered=True)) as running:
        there = list(running)
    assert [record.path for record in there] == [record.path for record in here]
    assert outcomes(there) == outcomes(here)
    assert outcomes(there)["picture00003.png"] == "match"
    assert there[3].decision.matches == here[3].decision.matches
    assert running.summary.outcomes == {"match": 1, "no_match": 11}
    assert running.summary.lists == {"own": 1}
    assert running.summary.labels == {"graphic_self_harm": 1}


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the memory limit is Linux's")
def test_crashers_cost_their_own_file(
    tmp_path: Path, matcher: Matcher, caplog: pytest.LogCaptureFixture
) -> None:
    write_pictures(tmp_path, 60)
    bad = {
        "segfault.png": ("crash", "SIGSEGV"),
        "hang.png": ("timeout", "3 seconds"),
        "swell.png": ("memory", "--max-memory"),
        "exit.png": ("crash", "status 3"),
        "kill.png": ("crash", "SIGKILL"),
        "defect.png": ("internal", "ZeroDivisionError"),
        "unsendable.png": ("internal", "Unsendable"),
    }
    for name in bad:
        write_picture(tmp_path / name, 1)
    with scan(
        tmp_path,
        matcher=matcher,
        options=ScanOptions(workers=2, timeout=3, max_memory=1 << 30),
        _before=misbehave,
    ) as running:
        records = {Path(record.path).name: record for record in running}
    assert len(records) == 67
    for name, (failure, words) in bad.items():
        record = records.pop(name)
        assert record.decision.outcome is Outcome.UNREADABLE
        assert record.failure == failure, record
        assert record.decision.reason is not None
        assert words in record.decision.reason
        said = f"{tmp_path / name}: {record.decision.reason}"
        assert sum(message.startswith(said) for message in caplog.messages) == 1
    assert {record.decision.outcome for record in records.values()} <= {Outcome.NO_MATCH, Outcome.MATCH}
    assert running.summary.n_undecided == 7


@pytest.mark.parametrize("workers", [0, 1])
def test_a_defect_s_traceback_is_in_the_log(
    tmp_path: Path, matcher: Matcher, workers: int, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("defect.png", "fine.png"):
        write_picture(tmp_path / name, 1)
    how = ScanOptions(workers=workers)
    with scan(tmp_path, matcher=matcher, options=how, _before=misbehave) as running:
        outcomes = {Path(record.path).name: record.decision.outcome for record in running}
    assert outcomes == {"defect.png": Outcome.UNREADABLE, "fine.png": Outcome.NO_MATCH}
    assert "nobody expected this" in caplog.text
    assert "Traceback" in caplog.text
    assert all(record.name.startswith("safehash.") for record in caplog.records)
    assert workers == 0 or "defect.png: " in caplog.text


def test_a_worker_whose_status_was_lost_does_not_cost_its_file(tmp_path: Path, matcher: Matcher) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    write_pictures(folder, 5)
    write_picture(folder / "untold.png", 1)
    with scan(folder, matcher=matcher, options=ScanOptions(workers=1), _before=misbehave) as running:
        records = list(running)
    assert len(records) == 6
    assert {record.failure for record in records} == {None}
    assert (tmp_path / "deaths").read_text() == "xxx"


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the allocator is told by a call of glibc's")
def test_workers_keep_the_memory_of_one_picture_for_the_next(tmp_path: Path) -> None:
    """Handed back and faulted in again at every picture, it costs hundreds of page faults each."""
    script = """
import functools, resource, sys
import numpy as np
from safehash.images.decoding import DEFAULT_LIMITS
from safehash.matching.matcher import Matcher
from safehash.scanning.confining import Means
from safehash.scanning.worker import start

start(functools.partial(Matcher.from_files, sys.argv[1]), {"limits": DEFAULT_LIMITS}, Means())
for number in range(30):
    if number == 10:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    buffers = [np.ones(500_000, np.uint8) for _ in range(20)]
    del buffers
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 20)
"""
    write_picture(tmp_path / "some.png", 1)
    known = write_list(tmp_path / "own.csv", tmp_path / "some.png")
    command = [sys.executable, "-c", script, str(known)]
    done = subprocess.run(command, capture_output=True, env=environment(), check=True)
    assert float(done.stdout) < 50, "of 2442 pages"


def test_lists_that_no_worker_can_open_are_an_error(pictures: Path, matcher: Matcher) -> None:
    class Broken(Matcher):
        pass

    broken: Matcher = Broken.__new__(Broken)
    broken.__dict__.update(matcher.__dict__)
    broken.save = lambda path, *, key=None: Path(path).write_bytes(b"")  # type: ignore[method-assign, assignment]
    broken.__class__ = Matcher
    with pytest.raises(SafehashError, match="it cannot begin: IndexFileError"):
        list(scan(pictures, matcher=broken, options=ScanOptions(workers=1)))


def test_leaving_early_ends_the_workers(tmp_path: Path, matcher: Matcher) -> None:
    write_pictures(tmp_path, 40)
    with scan(tmp_path, matcher=matcher, options=ScanOptions(workers=2), _before=misbehave) as running:
        next(running)
    assert running.summary.interrupted
    assert not [
        thread for thread in threading.enumerate() if thread.name == "safehash-walk" and thread.is_alive()
    ]


def test_stop_hands_out_what_was_begun(tmp_path: Path, matcher: Matcher) -> None:
    for number, path in enumerate(write_pictures(tmp_path, 80)):
        path.rename(tmp_path / f"slow{number}.png")
    with scan(tmp_path, matcher=matcher, options=ScanOptions(workers=1), _before=misbehave) as running:
        seen = [next(running)]
        running.stop()
        seen += list(running)
    assert 1 <= len(seen) < 80
    assert running.summary.n_files == len(seen)


def test_ordered_keeps_names_in_order(tmp_path: Path, matcher: Matcher) -> None:
    for folder in ("b", "a", "c"):
        write_pictures(tmp_path / folder, 3)
    write_picture(tmp_path / "a" / "slow.png", 5)
    with scan(
        tmp_path, matcher=matcher, options=ScanOptions(workers=2, ordered=True), _before=misbehave
    ) as running:
        names = [str(Path(record.path).relative_to(tmp_path)) for record in running]
    assert names == sorted(names)
    assert len(names) == 10


def test_the_walk_runs_ahead_only_so_far() -> None:
    taken = 0

    def endless() -> Iterator[Any]:
        nonlocal taken
        while True:
            taken += 1
            yield Skipped(path=str(taken), reason="hidden")

    feed = _Feed(endless(), threading.Condition())
    time.sleep(0.2)
    assert taken <= 600
    feed.close()


def test_rate_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """By a clock that only sleeping moves."""
    clock = [100.0]
    monkeypatch.setattr(run, "time", SimpleNamespace(monotonic=lambda: clock[0], sleep=sleep_of(clock)))
    pace = _Pace(200.0)
    for _ in range(5):
        pace.wait(10)
    assert clock[0] - 100.0 == pytest.approx(0.2)
    clock[0] += 60.0  # nothing is made up for
    pace.wait(10)
    pace.wait(10)
    assert clock[0] - 160.2 == pytest.approx(0.05)


def sleep_of(clock: list[float]) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        clock[0] += seconds

    return sleep


@pytest.mark.parametrize(
    "wrong",
    [{"workers": -1}, {"timeout": 0}, {"rate": 0}, {"max_memory": 1000}],
    ids=lambda wrong: next(iter(wrong)),
)
def test_wrong_settings_are_refused(pictures: Path, matcher: Matcher, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"workers|timeout|rate|max_memory"):
        scan(pictures, matcher=matcher, options=ScanOptions(**wrong))


# -- what is looked at ------------------------------------------------------------------------------------------


def test_what_is_no_picture_is_counted(tmp_path: Path, matcher: Matcher) -> None:
    write_picture(tmp_path / "hidden-in-a-name.txt", 1)
    (tmp_path / "notes.txt").write_text("words")
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "fake.jpg").write_text("no picture")
    (tmp_path / "page.docx").write_bytes(b"PK\x03\x04rest")
    records = look(tmp_path, matcher)
    assert outcomes(records) == {
        "hidden-in-a-name.txt": "no_match",
        "empty.png": "unreadable",
        "fake.jpg": "unsupported",
    }
    assert skipped(records) == {
        "notes.txt": "not an image",
        "empty": "empty file",
        "page.docx": "archive, not opened",
    }
    # A file that is named gets an outcome, whatever it is.
    assert outcomes(look(tmp_path / "notes.txt", matcher)) == {"notes.txt": "unsupported"}


def test_hidden_files_are_looked_at_unless_told(tmp_path: Path, matcher: Matcher) -> None:
    write_picture(tmp_path / ".hidden.png", 1)
    write_pictures(tmp_path / ".folder", 1)
    assert set(outcomes(look(tmp_path, matcher))) == {".hidden.png", "picture00000.png"}
    assert skipped(look(tmp_path, matcher, skip_hidden=True)) == {
        ".hidden.png": "hidden",
        ".folder": "hidden",
    }


@pytest.mark.skipif(not POSIX, reason="needs symbolic links")
def test_links(tmp_path: Path, matcher: Matcher) -> None:
    write_pictures(tmp_path / "real", 1)
    (tmp_path / "real" / "loop").symlink_to(tmp_path)
    (tmp_path / "real" / "broken").symlink_to(tmp_path / "nothing")
    (tmp_path / "link.png").symlink_to(tmp_path / "real" / "picture00000.png")
    records = look(tmp_path, matcher)
    assert set(outcomes(records)) == {"picture00000.png"}
    assert skipped(records) == dict.fromkeys(("loop", "broken", "link.png"), "symbolic link")
    records = look(tmp_path, matcher, follow_links=True)
    assert set(outcomes(records)) == {"picture00000.png", "link.png"}
    assert skipped(records) == {"loop": "folder seen before", "broken": "broken link"}
    # A link that is named itself is followed.
    assert set(outcomes(look(tmp_path / "link.png", matcher))) == {"link.png"}


@pytest.mark.skipif(not POSIX, reason="needs pipes and sockets")
def test_special_files(tmp_path: Path, matcher: Matcher) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(tmp_path)  # a socket's name is short
        try:
            listening.bind("socket.png")
        finally:
            os.chdir(here)
        records = look(tmp_path, matcher)
    assert skipped(records) == {"pipe.png": "special file", "socket.png": "special file"}
    assert skipped(look(tmp_path / "pipe.png", matcher)) == {"pipe.png": "special file"}


def test_a_folder_that_cannot_be_listed_is_a_problem(
    tmp_path: Path, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_pictures(tmp_path / "closed", 1)
    write_pictures(tmp_path / "open", 1)
    real = os.scandir

    def refuse(path: Any) -> Any:
        if str(path).endswith("closed"):  # root, who runs many suites, may list everything
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with scan(tmp_path, matcher=matcher, options=ScanOptions(workers=0)) as running:
        records = list(running.events())
    assert [record for record in records if isinstance(record, Problem)] == [
        Problem(path=str(tmp_path / "closed"), reason="unreadable folder: Permission denied")
    ]
    assert running.summary.n_undecided == 1
    assert running.summary.n_files == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems refuse such names")
def test_names_that_are_no_utf8(tmp_path: Path, matcher: Matcher) -> None:
    name = os.fsdecode(b"caf\xe9.png")
    write_picture(tmp_path / "plain.png", 1)
    (tmp_path / "plain.png").rename(tmp_path / name)
    (record,) = look(tmp_path, matcher)
    assert record.path == str(tmp_path / name)
    assert os.fsencode(record.to_record()["path"]).endswith(b"caf\xe9.png")


def test_files_that_vanish_or_change(
    tmp_path: Path, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, grown, plain = write_pictures(tmp_path, 3)

    def meddle(path: str) -> None:
        if path == str(gone):
            gone.unlink()

    real = os.fstat
    seen: list[int] = []

    def grow(descriptor: int) -> os.stat_result:
        status = real(descriptor)
        if os.path.samestat(status, grown.stat()):
            seen.append(descriptor)
            if len(seen) == 2:
                with grown.open("ab") as file:
                    file.write(b"more")
                return real(descriptor)
        return status

    monkeypatch.setattr(os, "fstat", grow)
    records = {Path(record.path): record for record in look(tmp_path, matcher, before=meddle)}
    assert records[gone].decision.outcome is Outcome.UNREADABLE
    assert records[gone].failure == "read"
    assert "No such file" in records[gone].decision.reason
    assert records[grown].decision.outcome is Outcome.NO_MATCH
    assert records[grown].failure == "changed"
    assert records[plain].failure is None


def test_large_files_are_not_read(tmp_path: Path, pictures: Path) -> None:
    small = Matcher.from_files(
        write_list(tmp_path / "own.csv", pictures / "picture00001.png"),
        settings=Settings(limits=Limits(max_bytes=5000)),
    )
    (tmp_path / "large.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(6000))
    (tmp_path / "large.bin").write_bytes(bytes(6000))
    records = look([tmp_path / "large.png", tmp_path], small)
    assert outcomes(records)["large.png"] == "too_large"
    assert skipped(records)["large.bin"] == "not an image"


def test_patterns(tmp_path: Path, matcher: Matcher) -> None:
    write_pictures(tmp_path / "one", 2)
    write_pictures(tmp_path / "two" / "deep", 1)
    write_picture(tmp_path / "literal[1].png", 1)
    assert len(look(f"{tmp_path}/*/picture*.png", matcher)) == 2
    assert len(look(f"{tmp_path}/**/*.png", matcher)) == 4
    assert set(outcomes(look(f"{tmp_path}/literal[1].png", matcher))) == {"literal[1].png"}
    for nothing in (f"{tmp_path}/*.jpg", f"{tmp_path}/none.png"):
        with pytest.raises(FileNotFoundError, match="no such file"):
            scan(nothing, matcher=matcher)


@pytest.mark.parametrize("separator", [b"\0", b"\n", b"\r\n"], ids=["nul", "newline", "dos"])
@pytest.mark.parametrize("last", [True, False], ids=["closed", "open end"])
def test_lists_of_names(pictures: Path, matcher: Matcher, separator: bytes, last: bool) -> None:
    names = [os.fsencode(pictures / f"picture0000{number}.png") for number in range(3)]
    data = separator.join([*names, os.fsencode(pictures / "gone.png")]) + (separator if last else b"")
    records = look([], matcher, names=io.BytesIO(data))
    assert outcomes(records) == {
        "picture00000.png": "no_match",
        "picture00001.png": "no_match",
        "picture00002.png": "no_match",
        "gone.png": "unreadable",
    }


def test_names_with_newlines_come_whole_with_nul(tmp_path: Path, matcher: Matcher) -> None:
    if not POSIX:
        return
    write_picture(tmp_path / "two\nlines.png", 1)
    data = os.fsencode(tmp_path / "two\nlines.png") + b"\0"
    assert set(outcomes(look([], matcher, names=io.BytesIO(data)))) == {"two\nlines.png"}


def test_counting_ahead_opens_nothing(tmp_path: Path) -> None:
    write_pictures(tmp_path, 5)
    assert list(count_files(Inputs.of(tmp_path)))[-1] == 5


def test_remote_stores(pictures: Path, matcher: Matcher) -> None:
    pytest.importorskip("fsspec")
    with scan(f"file://{pictures}", matcher=matcher, options=ScanOptions(workers=1, ordered=True)) as running:
        records = list(running)
    assert len(records) == 12
    assert records[3].path == f"file://{pictures}/picture00003.png"
    assert records[3].decision.outcome is Outcome.MATCH
    assert records[3].mtime_ns is not None


def test_stores_in_memory(pictures: Path, matcher: Matcher) -> None:
    """Any store that fsspec knows, not only those that are files after all."""
    fsspec = pytest.importorskip("fsspec")
    store = fsspec.filesystem("memory")
    for path in sorted(pictures.iterdir())[:4]:
        store.pipe_file(f"/bucket/in/{path.name}", path.read_bytes())
    store.pipe_file("/bucket/notes.txt", b"words")
    try:
        records = look("memory://bucket", matcher)
        assert outcomes(records) == {
            f"picture{number:05}.png": "match" if number == 3 else "no_match" for number in range(4)
        }
        assert skipped(records) == {"notes.txt": "not an image"}
        (problem,) = look("memory://none", matcher)
        assert isinstance(problem, Problem)
    finally:
        store.rm("/bucket", recursive=True)


@pytest.fixture
def hosts() -> Any:
    """Stores of which the URL names the host, as those of ftp, sftp and hdfs are; the store is told of it alone."""
    fsspec = pytest.importorskip("fsspec")
    memory = pytest.importorskip("fsspec.implementations.memory").MemoryFileSystem

    class Hosts(memory):  # type: ignore[misc, valid-type]
        protocol = "hosts"
        cachable = False

        def __init__(self, host: str, **more: Any) -> None:
            super().__init__(**more)
            self.store = every[host]

        @classmethod
        def _strip_protocol(cls, path: str) -> str:
            rest = path.partition("://")[2].partition("/")[2] if "://" in path else path
            return "/" + rest.strip("/") if rest.strip("/") else ""

        @staticmethod
        def _get_kwargs_from_urls(path: str) -> dict[str, str]:
            return {"host": urlsplit(path).hostname or ""}

    every: dict[str, dict[str, Any]] = {"one": {}, "two": {}}
    fsspec.register_implementation("hosts", Hosts, clobber=True)
    return Hosts


def test_stores_of_a_host_keep_it_in_names(
    pictures: Path, matcher: Matcher, tmp_path: Path, hosts: Any
) -> None:
    """Without it nothing opens the file, and two hosts would be one place."""
    for host, name in (("one", "picture00003.png"), ("two", "picture00004.png")):
        hosts(host).pipe_file("/in/deep/a.png", (pictures / name).read_bytes())
        hosts(host).pipe_file("/in/b.png", (pictures / "picture00005.png").read_bytes())
    for url in ("hosts://one/in/", "hosts://one/in", "hosts://one", "hosts://one/"):
        found = {each.path: str(each.decision.outcome.value) for each in look(url, matcher)}
        assert found == {"hosts://one/in/b.png": "no_match", "hosts://one/in/deep/a.png": "match"}
    (named,) = look("hosts://two/in/deep/a.png", matcher)
    assert (named.path, named.decision.outcome) == ("hosts://two/in/deep/a.png", Outcome.NO_MATCH)
    with Catalog(tmp_path / "c.db") as catalog:
        for host in ("one", "two"):
            with scan(
                f"hosts://{host}/in", matcher=matcher, options=ScanOptions(workers=0), catalog=catalog
            ) as running:
                assert len(list(running)) == 2
        assert len(list(catalog.records())) == 4
        hosts("one").rm("/in/b.png")
        with scan(
            "hosts://one/in", matcher=matcher, options=ScanOptions(workers=0), catalog=catalog
        ) as running:
            assert (len(list(running)), running.summary.n_gone) == (1, 1)


@pytest.mark.parametrize(
    ("url", "way_on"),
    [
        ("hosts://me:sesame@one/in", "FSSPEC_HOSTS_PASSWORD"),
        ("https://me:sesame@one/in", "download the files"),  # fsspec takes none of it apart
        ("zip://in::hosts://me:sesame@one/in.zip", "FSSPEC_HOSTS_PASSWORD"),
        ("nosuchstore://me:ses@me@sesame/in", "FSSPEC_NOSUCHSTORE_PASSWORD"),
    ],
)
def test_a_password_in_an_address_is_refused(matcher: Matcher, hosts: Any, url: str, way_on: str) -> None:
    with pytest.raises(SafehashError, match=way_on) as caught:
        look(url, matcher)
    assert "sesame" not in str(caught.value)
    (problem,) = look([], matcher, names=io.BytesIO(url.encode()))
    assert isinstance(problem, Problem)
    assert "sesame" not in f"{problem.path} {problem.reason}"


def test_what_stands_before_an_at_sign_is_no_password_everywhere(matcher: Matcher) -> None:
    for url, reason in (
        ("nosuchstore://me@one/in:b@c", "cannot be opened"),
        ("zip://in::file:///a.zip", "a store in a store"),
        ("github://org:repo@main/in::zip://a", "a store in a store"),
    ):
        with pytest.raises(SafehashError, match=reason):
            look(url, matcher)


@pytest.mark.parametrize("url", ["nosuchstore://bucket", "nosuch+store://x"])
def test_unknown_stores_are_refused_before_anything_starts(matcher: Matcher, url: str) -> None:
    pytest.importorskip("fsspec")
    with pytest.raises(SafehashError, match="this store cannot be opened"):
        look(url, matcher)
    (problem,) = look([], matcher, names=io.BytesIO(url.encode()))  # within a list it is one among many
    assert isinstance(problem, Problem)


# -- archives ---------------------------------------------------------------------------------------------------


def make_zip(path: Path, members: dict[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path


@pytest.fixture(scope="module")
def members(pictures: Path) -> dict[str, bytes]:
    return {
        "in/known.png": (pictures / "picture00003.png").read_bytes(),
        "in/other.png": (pictures / "picture00005.png").read_bytes(),
        "in/notes.txt": b"words",
        "in/inner.zip": b"PK\x03\x04 archive in an archive",
        "in/fake.jpg": b"not a picture",
    }


EXPECTED = {"in/known.png": "match", "in/other.png": "no_match", "in/fake.jpg": "unsupported"}
ASIDE = {"in/notes.txt": "not an image", "in/inner.zip": "archive, not opened"}


@pytest.mark.parametrize("kind", ["zip", "cbz", "tar", "tar.gz", "tgz", "tar.bz2", "tar.xz"])
def test_archives_are_read_in_place(
    tmp_path: Path, matcher: Matcher, members: dict[str, bytes], kind: str
) -> None:
    path = tmp_path / f"all.{kind}"
    if kind in ("zip", "cbz"):
        make_zip(path, members)
    else:
        mode = {"tar": "w", "tar.gz": "w:gz", "tgz": "w:gz", "tar.bz2": "w:bz2", "tar.xz": "w:xz"}[kind]
        with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
            for name, data in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
            link = tarfile.TarInfo("in/link.png")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            archive.addfile(link)
    records = look(tmp_path, matcher)
    assert outcomes(records) == {f"all.{kind}!{name}": outcome for name, outcome in EXPECTED.items()}
    aside = ASIDE | ({} if kind in ("zip", "cbz") else {"in/link.png": "link in an archive"})
    assert skipped(records) == {f"all.{kind}!{name}": reason for name, reason in aside.items()}
    assert [record.position for record in records][:3] == [1, 2, 3]
    with scan(tmp_path, matcher=matcher, options=ScanOptions(workers=1)) as running:
        assert outcomes(list(running)) == outcomes(records)
    assert skipped(look(tmp_path, matcher, archives=False)) == {f"all.{kind}": "archive, not opened"}


def test_the_bytes_of_members_are_their_own(
    tmp_path: Path, matcher: Matcher, members: dict[str, bytes]
) -> None:
    """Not those of the whole archive for each."""
    path = make_zip(tmp_path / "all.zip", members)
    with scan([path], matcher=matcher, options=ScanOptions(workers=0)) as running:
        records = list(running)
    assert [record.n_bytes for record in records] == [len(members[str(record.member)]) for record in records]
    assert running.summary.n_bytes == sum(len(members[name]) for name in EXPECTED)


def test_archive_members_of_one_name_are_two(
    tmp_path: Path, matcher: Matcher, members: dict[str, bytes]
) -> None:
    with (
        zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        archive.writestr("same.png", members["in/known.png"])
        archive.writestr("same.png", members["in/other.png"])
    records = look(tmp_path, matcher)
    assert [(record.position, record.decision.outcome.value) for record in records] == [
        (1, "match"),
        (2, "no_match"),
    ]


def test_bombs_are_bounded(
    pictures: Path, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    huge = b"\x89PNG\r\n\x1a\n" + bytes(3_000_000)
    make_zip(tmp_path / "bomb.zip", {f"{number}.png": huge for number in range(5)})
    listed = write_list(tmp_path_factory.mktemp("list") / "own.csv", pictures / "picture00001.png")
    small = Matcher.from_files(listed, settings=Settings(limits=Limits(max_bytes=1_000_000)))
    records = look(tmp_path, small)
    assert outcomes(records) == {f"bomb.zip!{number}.png": "too_large" for number in range(5)}
    monkeypatch.setattr(archive_member, "_EXPANSION_FREE", 2_500_000)
    monkeypatch.setattr(archive_member, "_EXPANSION", 1)
    records = look(tmp_path, small)
    assert len(outcomes(records)) == 2
    assert isinstance(records[-1], Problem)
    assert "expands too far" in records[-1].reason


@pytest.mark.parametrize("suffix", ["tar", "tar.gz", "tar.bz2", "tar.xz"])
def test_a_tar_expands_so_far_and_no_further(
    suffix: str, tmp_path: Path, matcher: Matcher, members: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is packed in it is unpacked up to the limit; what was read by then is told."""
    path = tmp_path / f"bomb.{suffix}"
    mode: Any = "w:" + suffix.partition(".")[2]
    with tarfile.open(path, mode) as archive:
        for name, data in (("known.png", members["in/known.png"]), ("zeros.png", bytes(8 << 20))):
            header = tarfile.TarInfo(name)
            header.size = len(data)
            archive.addfile(header, io.BytesIO(data))
    n_whole = path.stat().st_size
    monkeypatch.setattr(archive_member, "_EXPANSION", 0)
    monkeypatch.setattr(archive_member, "_EXPANSION_FREE", (8 << 20) + len(members["in/known.png"]) + 20_000)
    assert not [each for each in look(tmp_path, matcher) if isinstance(each, Problem)]
    monkeypatch.setattr(archive_member, "_EXPANSION_FREE", 4 << 20)
    records = look(tmp_path, matcher)
    assert outcomes(records)[f"bomb.{suffix}!known.png"] == "match"
    assert isinstance(records[-1], Problem)
    assert "expands too far" in records[-1].reason
    # What an archive may expand to grows with its own length.
    monkeypatch.setattr(archive_member, "_EXPANSION", -(-(8 << 20) // n_whole) + 1)
    assert not [each for each in look(tmp_path, matcher) if isinstance(each, Problem)]


def test_a_zip_s_directory_is_measured_before_it_is_held(
    tmp_path: Path, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_zip(tmp_path / "wide.zip", {f"{number}.txt": b"" for number in range(1_000)})
    monkeypatch.setattr(archives, "MAX_ZIP_DIRECTORY", 50_000)
    data = (tmp_path / "wide.zip").read_bytes()
    end = len(data) - 22
    n_bytes, start = struct.unpack_from("<II", data, end + 12)
    # The end may say less, and a record in front of it, which goes first, more.
    record = b"PK\6\6" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1000, 1000, n_bytes, start)
    lies = struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 1, 1, 46, start, 0)
    (tmp_path / "wider.zip").write_bytes(
        data[:end] + record + b"PK\6\7" + struct.pack("<IQI", 0, end, 1) + lies
    )
    read: list[object] = []
    monkeypatch.setattr(zipfile, "ZipInfo", lambda *told: read.append(told))
    problems = look(tmp_path, matcher)
    assert len(problems) == 2
    for problem in problems:
        assert isinstance(problem, Problem)
        assert re.search(r"too many members: a directory of \d{5} bytes", problem.reason)
    assert not read


@pytest.mark.parametrize("head", [b"", b"\xff\xd8\xff", b"\xff\xd8\xff\xe0\0\x10JFIF\0", b"BM", b"GIF89a"])
def test_a_member_of_zeros_costs_its_length_once(head: bytes, tmp_path: Path, matcher: Matcher) -> None:
    """Named .jpg, and packed a thousandfold: it is read once, and not searched for what it does not have."""
    make_zip(tmp_path / "zeros.zip", {"zeros.jpg": head + bytes(12 << 20)})
    n_read = 0

    class Counted(zipfile.ZipExtFile):
        def read(self, n: int | None = -1) -> bytes:
            nonlocal n_read
            data = super().read(n)
            n_read += len(data)
            return data

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(zipfile, "ZipExtFile", Counted)
        records = look(tmp_path, matcher)
    assert len(records) == 1
    assert n_read <= 13 << 20
    if isinstance(records[0], ScanRecord):
        assert records[0].decision.outcome.value in ("unreadable", "too_large", "unsupported")
    assert not [each for each in records if isinstance(each, Problem)]


#: Begins where a core may be dumped, as far as the system lets it; prints what a worker may.
CORES = """
import resource, sys
from pathlib import Path
_, hard = resource.getrlimit(resource.RLIMIT_CORE)
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
from crashers import misbehave
from safehash.matching.matcher import Matcher
from safehash.scanning.confining import Means
from safehash.scanning.catalog import Catalog
from safehash.scanning.options import ScanOptions
from safehash.scanning.pool import each_isolated
from safehash.scanning.run import scan
if __name__ == "__main__":
    matcher = Matcher.from_files(sys.argv[1])
    with scan(sys.argv[2], matcher=matcher, options=ScanOptions(workers=1), _before=misbehave) as running:
        assert [record.decision.is_match for record in running] == [True]
    (alone,) = each_isolated(resource.getrlimit, [(resource.RLIMIT_CORE,)], means=Means(), timeout=60)
    print(Path(sys.argv[2], "..", "limits").read_text(encoding="ascii"), alone, sep="\\n")
"""


@pytest.mark.skipif(not POSIX, reason="limits of processes")
def test_a_worker_that_crashes_leaves_no_core(pictures: Path, tmp_path: Path) -> None:
    """It would hold pictures."""
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "limits.png").write_bytes((pictures / "picture00003.png").read_bytes())
    listed = write_list(tmp_path / "own.csv", folder / "limits.png")
    (tmp_path / "cores.py").write_text(CORES, encoding="ascii")
    done = subprocess.run(
        [sys.executable, str(tmp_path / "cores.py"), str(listed), str(folder)],
        stdout=subprocess.PIPE, text=True, check=True, env=environment(beside=True),
    )  # fmt: skip
    assert done.stdout.splitlines() == ["(0, 0)", "(0, 0)"]


def test_headers_that_pack_to_nothing_are_read_so_far(
    tmp_path: Path, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tars, "_MEMBERS_FREE", 100)
    for name, n_members in (("few", 90), ("many", 400)):
        with tarfile.open(tmp_path / f"{name}.tar.xz", "w:xz") as archive:
            for number in range(n_members):
                archive.addfile(tarfile.TarInfo(f"{number}.jpg"))
    with tarfile.open(tmp_path / "plain.tar", "w") as archive:  # of which each takes its block
        for number in range(400):
            archive.addfile(tarfile.TarInfo(f"{number}.jpg"))
    found = look(tmp_path, matcher)
    n_met = {
        name: sum(Path(each.path).name.startswith(name) for each in found if not isinstance(each, Problem))
        for name in ("few", "many", "plain")
    }
    assert (n_met["few"], n_met["plain"]) == (90, 400)
    assert 100 <= n_met["many"] < 200
    (problem,) = (each for each in found if isinstance(each, Problem))
    assert problem.reason == (
        f"archive of too many members for its size: what follows {n_met['many']} of them was not read"
    )


def with_dictionary(packed: bytes, size: int) -> bytes:
    """Return an xz stream whose first block says that its dictionary is of the size with this number (40: 4 GiB)."""
    n_header = 4 * (packed[12] + 1)
    header = bytearray(packed[12 : 12 + n_header])
    header[header.index(b"\x21\x01") + 2] = size
    header[-4:] = zlib.crc32(header[:-4]).to_bytes(4, "little")
    return packed[:12] + bytes(header) + packed[12 + n_header :]


def test_an_xz_header_cannot_ask_for_memory(
    tmp_path: Path, matcher: Matcher, members: dict[str, bytes]
) -> None:
    """Its dictionary is held, and said to be of up to 4 GiB; those that `xz` writes by itself are read."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    packed = lzma.compress(stream.getvalue(), preset=1)
    (tmp_path / "most.tar.xz").write_bytes(with_dictionary(packed, 28))  # 64 MiB
    (tmp_path / "more.tar.xz").write_bytes(with_dictionary(packed, 40))
    found = look(tmp_path, matcher)
    assert {Path(each.path).name for each in found if isinstance(each, ScanRecord)} == {"most.tar.xz"}
    (problem,) = (each for each in found if isinstance(each, Problem))
    assert Path(problem.path).name == "more.tar.xz"
    assert "more than 128 MiB of memory" in problem.reason


@pytest.mark.parametrize("n_bytes", [1, 7, 10_000])
def test_xz_streams_are_read_to_their_ends(n_bytes: int) -> None:
    """One behind the other, with zeros behind; what is cut, damaged, or something else that follows is said."""
    one, two = (lzma.compress(word * 2000, preset=0) for word in (b"one", b"two"))
    spoilt = bytearray(two)
    spoilt[len(two) // 2] ^= 255
    both = (b"one" * 2000 + b"two" * 2000, None)
    for packed, wanted in (
        (one + two, both), (one + bytes(8) + two + bytes(4), both),
        (one + two + b"something else", (both[0], tarfile.ReadError)),
        (one + two[:-9], (both[0], EOFError)), (one + bytes(spoilt) + two, (None, lzma.LZMAError)),
    ):  # fmt: skip
        stream, got = unpacked(io.BytesIO(packed), packed), b""
        assert stream is not None
        try:
            while part := stream.read(n_bytes):
                got += part
            said: tuple[bytes | None, Any] = (got, None)
        except (EOFError, lzma.LZMAError, tarfile.ReadError) as exc:
            said = (got, type(exc))
        assert said[1] is wanted[1]
        assert both[0].startswith(got) if wanted[0] is None else got == wanted[0]


def test_a_tar_header_cannot_ask_for_memory(tmp_path: Path, matcher: Matcher) -> None:
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 3 << 30
    with gzip.open(tmp_path / "bomb.tar.gz", "wb") as file:
        file.write(header.tobuf(tarfile.GNU_FORMAT))
        for _ in range(8):
            file.write(bytes(1 << 20))
    (problem,) = look(tmp_path, matcher)
    assert isinstance(problem, Problem)
    assert "damaged archive" in problem.reason


def test_damaged_archives(tmp_path: Path, matcher: Matcher, members: dict[str, bytes]) -> None:
    whole = make_zip(
        tmp_path / "whole.zip", {"a.png": members["in/known.png"], "b.png": members["in/other.png"]}
    )
    data = bytearray(whole.read_bytes())
    whole.unlink()
    spoilt = data.copy()
    spoilt[200] ^= 0xFF
    (tmp_path / "spoilt.zip").write_bytes(spoilt)
    (tmp_path / "cut.zip").write_bytes(data[: len(data) // 2])
    locked = data.copy()
    at = locked.find(b"PK\x01\x02")
    struct.pack_into("<H", locked, at + 8, 1)
    struct.pack_into("<H", locked, 6, 1)
    (tmp_path / "locked.zip").write_bytes(locked)
    (tmp_path / "wordy.zip").write_text("no archive")
    records = look(tmp_path, matcher)
    found = outcomes(records)
    assert found["spoilt.zip!a.png"] == "unreadable"
    assert found["spoilt.zip!b.png"] == "no_match"
    assert found["locked.zip!a.png"] == "unreadable"
    assert skipped(records) == {"wordy.zip": "not an image"}
    (problem,) = [record for record in records if isinstance(record, Problem)]
    assert Path(problem.path).name == "cut.zip"


def a_tar_member(name: str, data: bytes, kind: bytes = tarfile.REGTYPE) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.type = len(data), kind
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % tarfile.BLOCKSIZE)


@pytest.mark.parametrize("damage", [b"no header".ljust(512), b"cut", bytes(511) + b"1"])
def test_a_tar_that_goes_on_with_no_header_is_damaged(
    tmp_path: Path, matcher: Matcher, members: dict[str, bytes], damage: bytes
) -> None:
    """The library's reader ends there in silence; tools that unpack go on with the next header."""
    before, after = (a_tar_member(each, members[f"in/{each}"]) for each in ("other.png", "known.png"))
    (tmp_path / "a.tar").write_bytes(before + damage + after * (len(damage) == 512) + bytes(1024))
    (tmp_path / "b.tar").write_bytes(before + after)  # no zeros at its end: nothing is missing
    records = look(tmp_path, matcher)
    (problem,) = [record for record in records if isinstance(record, Problem)]
    assert Path(problem.path).name == "a.tar" and "no header" in problem.reason
    assert outcomes(records)["b.tar!known.png"] == "match"


def test_a_member_of_a_type_that_nobody_knows_is_a_file(
    tmp_path: Path, matcher: Matcher, members: dict[str, bytes]
) -> None:
    """As for the tools that unpack it."""
    (tmp_path / "a.tar").write_bytes(a_tar_member("known.png", members["in/known.png"], b"Z") + bytes(1024))
    assert outcomes(look(tmp_path, matcher)) == {"a.tar!known.png": "match"}


def test_a_member_without_a_name_is_one_like_others(
    tmp_path: Path, matcher: Matcher, members: dict[str, bytes]
) -> None:
    """The fuzzer found it: asking whether it is a folder failed, and ended the whole scan."""
    path = make_zip(
        tmp_path / "nameless.zip", {"a": members["in/known.png"], "b.png": members["in/other.png"]}
    )
    data = bytearray(path.read_bytes())
    struct.pack_into("<HH", data, 26, 0, 1)  # its one letter is no name now, but an extra field
    struct.pack_into("<HH", data, data.find(b"PK\x01\x02") + 28, 0, 1)
    path.write_bytes(data)
    write_pictures(tmp_path, 1)
    found = {
        (Path(record.path).name, record.member, record.position): record.decision.outcome.value
        for record in look(tmp_path, matcher)
        if isinstance(record, ScanRecord)
    }
    assert found == {
        ("nameless.zip", "", 1): "match",
        ("nameless.zip", "b.png", 2): "no_match",
        ("picture00000.png", None, 0): "no_match",
    }


def test_what_nobody_expects_of_an_archive_costs_that_archive(
    tmp_path: Path, matcher: Matcher, members: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_zip(tmp_path / "odd.zip", {"a.png": members["in/known.png"]})
    write_pictures(tmp_path, 1)

    def fail(*_: object) -> NoReturn:
        raise LookupError("nobody expected this")

    monkeypatch.setattr(zipfile.ZipFile, "infolist", fail)
    records = look(tmp_path, matcher)
    assert outcomes(records) == {"picture00000.png": "no_match"}
    (problem,) = [record for record in records if isinstance(record, Problem)]
    assert Path(problem.path).name == "odd.zip"
    assert "please report it: LookupError" in problem.reason


def test_find_says_what_is_there_without_deciding(tmp_path: Path) -> None:
    write_pictures(tmp_path, 2)
    found = list(find(Inputs.of(tmp_path, ordered=True)))
    assert [Path(item.path).name for item in found] == ["picture00000.png", "picture00001.png"]
    assert all(stat.S_ISREG(os.stat(item.path).st_mode) for item in found)  # noqa: PTH116


def test_a_pool_that_dies_idle_loses_nothing(tmp_path: Path, matcher: Matcher) -> None:
    """Kill every worker again and again: batches handed to a dying pool come back (found by the kill test)."""
    psutil = pytest.importorskip("psutil")
    write_pictures(tmp_path, 400)
    ended = threading.Event()
    n_killed = 0

    def reap() -> None:
        nonlocal n_killed
        while not ended.wait(0.15) and n_killed < 8:
            for child in psutil.Process().children(recursive=True):
                try:
                    if "forkserver" in " ".join(child.cmdline()) and child.ppid() != os.getpid():
                        child.kill()
                        n_killed += 1
                except psutil.NoSuchProcess:
                    continue

    reaper = threading.Thread(target=reap)
    with scan(tmp_path, matcher=matcher, options=ScanOptions(workers=2, timeout=20)) as running:
        first = next(running)
        reaper.start()
        records = [first, *running]
    ended.set()
    reaper.join()
    assert len({record.path for record in records}) == len(records) == 400
    assert {record.decision.outcome for record in records} <= {Outcome.NO_MATCH, Outcome.MATCH}
