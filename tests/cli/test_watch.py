"""Files decided as they arrive: each once, when nobody writes it any more; stopped and gone on with."""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import pytest

from safehash.matching.matcher import Matcher
from safehash.scanning import watching
from safehash.scanning.catalog import Catalog
from safehash.scanning.holdings import counts
from safehash.scanning.items import Item
from safehash.scanning.options import ScanOptions
from safehash.scanning.run import scan
from safehash.scanning.sources import Inputs, find
from stores import command, environment, run, write_list, write_pictures

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="only Linux says who writes a file")


class Watching:
    """A scan that watches, in a process of its own."""

    def __init__(self, folder: Path, *more: str | Path) -> None:
        arguments = [
            "scan",
            "--watch",
            folder / "spool",
            "--list",
            folder / "own.csv",
            "--workers",
            "1",
            *more,
        ]
        self.process = subprocess.Popen(
            command(*arguments), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment()
        )
        self.records: list[dict[str, Any]] = []
        self._reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        self._reader.start()

    def _read(self, stream: IO[bytes]) -> None:
        self.records += (json.loads(line) for line in iter(stream.readline, b""))  # as they come

    def names(self) -> list[str]:
        return [Path(each["path"]).name for each in list(self.records) if each["type"] == "decision"]

    def wait_for(self, done: Callable[[], bool]) -> None:
        for _ in range(600):
            if done():
                return
            assert self.process.poll() is None, self.process.stderr and self.process.stderr.read()
            time.sleep(0.1)
        raise AssertionError(self.names())

    def __enter__(self) -> Watching:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(60)
        self._reader.join(60)
        assert self.process.stderr is not None
        said = self.process.stderr.read()
        self.close()
        assert b"Traceback" not in said, said
        return code

    def close(self) -> None:
        """End it, however the test ended."""
        self.process.kill()
        self.process.wait(60)
        self._reader.join(60)
        for stream in (self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    pictures = write_pictures(tmp_path / "pictures", 8)
    write_list(tmp_path / "own.csv", *pictures[::2])
    (tmp_path / "spool").mkdir()
    shutil.copy(pictures[0], tmp_path / "spool" / "first.png")
    yield tmp_path


@LINUX
def test_each_once_when_complete_and_on_after_a_stop(folder: Path) -> None:
    pictures, spool, kept = sorted((folder / "pictures").iterdir()), folder / "spool", folder / "c.db"
    with Watching(folder, "--catalog", kept) as first:
        first.wait_for(lambda: first.names() == ["first.png"])
        data = pictures[1].read_bytes()
        with (spool / "slow.png").open("wb") as slow:
            slow.write(data[:1000])
            slow.flush()
            shutil.copy(pictures[2], spool / "x.png.part")  # a name to be renamed
            shutil.copy(pictures[2], spool / "second.png")
            first.wait_for(lambda: "second.png" in first.names())
            assert "slow.png" not in first.names(), "it is still written"
            slow.write(data[1000:])
        (spool / "x.png.part").rename(spool / "x.png")
        (spool / "below").mkdir()
        shutil.copy(pictures[3], spool / "below" / "deep.png")
        os.link(pictures[4], spool / "linked.png")
        first.wait_for(lambda: len(first.names()) == 6)
        with Catalog(kept, create=False) as catalog:
            first.wait_for(lambda: counts(catalog)["files"] == 6)  # on the disk, though nothing follows
        assert first.stop() == 130
    assert sorted(first.names()) == ["deep.png", "first.png", "linked.png", "second.png", "slow.png", "x.png"]
    assert {each["outcome"] for each in first.records if each["type"] == "decision"} == {"match", "no_match"}
    # What came while nobody watched is decided when it goes on, and nothing else.
    shutil.copy(pictures[5], spool / "meanwhile.png")
    with Watching(folder, "--catalog", kept, "--only-new") as again:
        again.wait_for(lambda: again.names() == ["meanwhile.png"])
        pictures[6].rename(spool / "first.png")  # other bytes under a name that is known
        again.wait_for(lambda: len(again.names()) == 2)
        assert again.stop() == 130
    assert again.names() == ["meanwhile.png", "first.png"]


@LINUX
@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_name_that_a_file_had_while_it_was_written_is_no_lost_file(folder: Path, workers: str) -> None:
    """Uploads are renamed at whatever moment: while they are written, once complete, or as they are looked at."""
    spool, data = folder / "spool", (folder / "pictures" / "picture00001.png").read_bytes()
    with Watching(folder, "--workers", workers) as watched:
        watched.wait_for(lambda: watched.names() == ["first.png"])
        for number in range(20):
            with (spool / f"x{number}.png").open("wb") as file:
                file.write(data[:1000])
                file.flush()
                time.sleep(0.02 * number)
                file.write(data[1000:])
                if number % 2:
                    (spool / f"x{number}.png").rename(spool / f"y{number}.png")
            if not number % 2:
                (spool / f"x{number}.png").rename(spool / f"y{number}.png")
        (spool / "first.png").unlink()  # gone, and known
        watched.wait_for(lambda: sum(name.startswith("y") for name in watched.names()) == 20)
        assert watched.stop() == 130
    assert {each["outcome"] for each in watched.records if each["type"] == "decision"} == {
        "match",
        "no_match",
    }
    assert watched.records[-1]["reasons"] == {}


def test_a_file_whose_writer_ends_while_it_is_looked_at_comes_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its size was taken before, and nobody writes it any more: it came with half of its bytes, and then once more."""
    growing = folder / "spool" / "first.png"
    data = growing.read_bytes()
    asked: list[str] = []
    growing.write_bytes(data[:1000])

    def is_written(path: str) -> bool:
        if not asked:
            growing.write_bytes(data)  # its last bytes, and closed
        asked.append(path)
        return False

    monkeypatch.setattr(watching, "_is_written", is_written)
    inputs = Inputs(paths=(str(folder / "spool"),), watch=True)
    found = find(inputs)
    item = next(found)
    assert isinstance(item, Item)
    assert item.size == len(data)
    inputs.stop.set()
    assert list(found) == []


def test_what_is_gone_and_was_not_renamed_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may have held anything."""
    monkeypatch.setattr(watching, "_is_written", lambda path: True)
    inputs = Inputs(paths=(str(folder / "spool"),), watch=True)
    found = find(inputs)
    lost, renamed = folder / "spool" / "first.png", folder / "spool" / "second.png"
    shutil.copy(lost, renamed)

    def later() -> None:
        renamed.rename(renamed.with_name("third.png"))
        lost.unlink()

    threading.Timer(0.5, later).start()
    assert next(found).path == str(lost)
    inputs.stop.set()
    assert list(found) == []


def test_what_events_miss_a_walk_finds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system drops events when too many wait: then nothing may be missed."""

    class Deaf:
        def __init__(self, folders: list[str], renamed: watching.Renamed) -> None:
            self.paths: queue.SimpleQueue[tuple[str, bool]] = queue.SimpleQueue()

        def follow(self) -> None:
            pass

        def close(self) -> None:
            pass

    monkeypatch.setattr(watching, "_Watch", Deaf)
    monkeypatch.setattr(watching, "_WALK_SECONDS", 0.05)
    inputs = Inputs(paths=(str(folder / "spool"),), watch=True)
    found = find(inputs)
    assert Path(next(found).path).name == "first.png"
    shutil.copy(folder / "pictures" / "picture00003.png", folder / "spool" / "unheard.png")
    assert Path(next(found).path).name == "unheard.png"
    inputs.stop.set()
    assert list(found) == []


@pytest.mark.parametrize("away", ["removed", "renamed"])
def test_a_folder_that_is_made_anew_is_heard(away: str, tmp_path: Path) -> None:
    """Its events had ended with the folder before it: each file waited for the next walk."""
    spool = tmp_path / "spool"
    spool.mkdir()
    watch = watching._Watch([str(spool)], watching.Renamed())
    try:
        watch.follow()
        spool.rmdir() if away == "removed" else spool.rename(tmp_path / "before")
        watch.follow()  # nothing is there
        spool.mkdir()
        heard: set[str] = set()
        for number in range(100):
            watch.follow()
            (spool / f"{number}.png").write_bytes(b"")
            with suppress(queue.Empty):
                heard.add(watch.paths.get(timeout=0.1)[0])
                break
    finally:
        watch.close()
    assert {str(Path(each).parent) for each in heard} == {str(spool)}


def test_without_leases_a_file_is_complete_when_it_rests(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "_is_written", lambda path: None)
    monkeypatch.setattr(watching, "_SETTLED_SECONDS", 0.3)
    inputs = Inputs(paths=(str(folder / "spool"),), watch=True)
    found = find(inputs)
    assert Path(next(found).path).name == "first.png"
    inputs.stop.set()
    assert list(found) == []


@LINUX
def test_who_writes_is_seen(tmp_path: Path) -> None:
    path = tmp_path / "f"
    with path.open("wb"):
        assert watching._is_written(str(path)) is True
    assert watching._is_written(str(path)) is False
    with path.open("rb"):
        assert watching._is_written(str(path)) is False


def test_in_this_process_it_stops_when_told(folder: Path) -> None:
    matcher = Matcher.from_files(folder / "own.csv")
    with Catalog(folder / "c.db") as catalog:
        how = ScanOptions(workers=0, watch=True)
        with scan(folder / "spool", matcher=matcher, options=how, catalog=catalog) as running:
            record = next(running)
            assert record.decision.is_match
            threading.Timer(0.2, running.stop).start()
            assert list(running) == []
            assert running.summary.interrupted


@pytest.mark.parametrize(
    "more",
    [
        ["-"],
        ["pictures/picture00000.png"],
        ["missing"],
        [],
        ["spool", "-o", "r.jsonl"],
        ["spool", "--format", "parquet"],
        ["spool", "--files-from", "own.csv"],
    ],
)
def test_what_cannot_be_watched_is_refused(folder: Path, more: list[str]) -> None:
    done = run("scan", "--watch", "--list", "own.csv", *more, cwd=folder)
    assert done.returncode == 2, done.stderr
    assert b"watch" in done.stderr
    assert not (folder / "r.jsonl").exists()


def test_without_the_extra_it_says_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from safehash.cli import main

    monkeypatch.setattr(watching, "find_spec", lambda name: None)
    assert main(["scan", "--watch", str(folder / "spool"), "--list", str(folder / "own.csv")]) == 2
    assert "pip install 'safehash[watch]'" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 2
    assert "pip install 'safehash[completion]'" in capsys.readouterr().err
