"""Standard streams that are closed, full, or without a reader: nothing is lost silently, a code has one meaning."""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from safehash.cli.parser import Parser
from safehash.scanning.catalog import Catalog
from safehash.scanning.holdings import counts
from stores import command, environment, records_in, run, write_list, write_pictures

pytestmark = pytest.mark.skipif(os.name != "posix", reason="streams are closed in a shell of POSIX")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("streams")
    pictures = write_pictures(folder / "pictures", 3)
    write_list(folder / "own.csv", pictures[1])
    done = run("scan", folder / "pictures", "--list", folder / "own.csv", "--catalog", folder / "c.db", "-q")
    assert done.returncode == 1
    return folder


#: One of each kind: lines, records, records that are made of a catalog, text.
COMMANDS = [
    "hash {}/pictures/picture00000.png",
    "scan {}/pictures --list {}/own.csv",
    "catalog export {}/c.db",
    "doctor",
]


def in_shell(line: str, here: Path, streams: str) -> subprocess.CompletedProcess[bytes]:
    words = command(*line.format(here, here).split())
    return subprocess.run(
        ["sh", "-c", f"{shlex.join(words)} {streams}"], capture_output=True, env=environment(), check=False
    )


@pytest.mark.parametrize("line", COMMANDS)
def test_a_standard_output_that_is_closed_is_refused(here: Path, line: str) -> None:
    done = in_shell(line, here, ">&-")
    assert done.returncode == 2, done.stderr
    assert done.stderr.decode().splitlines() == [
        "safehash: standard output is closed: nothing can be written there (>/dev/null throws it away)"
    ]


@pytest.mark.parametrize(
    ("name", "streams"), [("stdout", ">&-"), ("fd/1", ">&-"), ("fd/2", "2>&-"), ("fd/0", "<&-")]
)
def test_one_that_is_closed_is_no_place_for_a_file(here: Path, name: str, streams: str) -> None:
    done = in_shell(f"catalog export {{}}/c.db -o /dev/{name}", here, streams)
    assert done.returncode == 2, done.stderr
    if "2" not in streams:
        assert done.stderr == f"safehash: /dev/{name}: it is closed: nothing can be written there\n".encode()


@pytest.mark.parametrize("line", [*COMMANDS, "--help", "scan --help", "--version", "", "completion bash"])
def test_a_standard_output_that_is_full_is_named(here: Path, line: str) -> None:
    """Help is output like any other: who writes it into a file wants to have it."""
    done = in_shell(line, here, ">/dev/full")
    assert done.returncode == 2, done.stderr
    (said,) = done.stderr.decode().splitlines()
    assert said.startswith("safehash: standard output: "), said
    assert "no space left" in said.lower()


@pytest.mark.parametrize("length", [10, 8_000, 9_000, 100_000])
def test_help_of_any_length_is_written_or_an_error(length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a help longer than a stream's buffer the standard parser passed over what could not be written."""
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(OSError, match="No space left"):
            Parser(prog="x", epilog="y" * length).print_help()
            full.flush()
        monkeypatch.undo()
        with contextlib.suppress(OSError):
            full.close()


def test_it_is_refused_before_anything_is_scanned(here: Path, tmp_path: Path) -> None:
    scan = f"scan {{}}/pictures --list {{}}/own.csv --catalog {tmp_path}/c.db"
    for form in ("jsonl", "csv", "text"):
        assert in_shell(f"{scan} --format {form}", here, ">&-").returncode == 2
        with Catalog(tmp_path / "c.db") as catalog:
            assert counts(catalog)["runs"] == []
    # Where nothing is to be written there, it does not matter.
    assert in_shell(f"{scan} -o {tmp_path}/r.jsonl", here, ">&-").returncode == 1
    assert len(records_in((tmp_path / "r.jsonl").read_bytes())) == 4


@pytest.mark.parametrize("line", COMMANDS)
def test_a_reader_that_is_not_there_interrupts(here: Path, line: str) -> None:
    read, write = os.pipe()
    os.close(read)
    words = command(*line.format(here, here).split())
    with subprocess.Popen(words, stdout=write, stderr=subprocess.PIPE, env=environment()) as running:
        os.close(write)
        _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert b"Traceback" not in said and b"Exception ignored" not in said
    told = b"nobody reads the output any more, and not all of it was written: nothing is kept" in said
    assert told == line.startswith("scan")


def test_a_scan_that_nobody_reads_any_more_goes_on_where_it_stopped(here: Path, tmp_path: Path) -> None:
    """As of `scan ... | head -1`."""
    write_pictures(tmp_path / "pictures", 60)
    how: list[str | Path] = ["--list", here / "own.csv", "--catalog", tmp_path / "c.db", "--workers", "1"]
    words = command("scan", tmp_path / "pictures", *how, "--rate", "8")
    with subprocess.Popen(
        words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), bufsize=0
    ) as running:
        assert running.stdout is not None and running.stderr is not None
        assert running.stdout.read(1) == b"{"
        running.stdout.close()
        said = running.stderr.read()
    assert running.returncode == 130, said
    assert b"what was decided is in the catalog, and the same command goes on" in said
    with Catalog(tmp_path / "c.db") as catalog:
        assert counts(catalog)["runs"][-1]["state"] == "interrupted"
        n_kept = counts(catalog)["files"]
    assert 0 < n_kept < 60
    *decided, summary = records_in(run("scan", tmp_path / "pictures", *how).stdout)
    assert (summary["unchanged"], summary["files"], len(decided)) == (n_kept, 60, 60)


@pytest.mark.parametrize(
    ("streams", "code"), [("2>&-", 1), ("<&-", 1), (">/dev/full", 2), ("2>/dev/full", 1)]
)
def test_other_streams(here: Path, streams: str, code: int) -> None:
    done = in_shell("scan {}/pictures --list {}/own.csv --workers 0", here, streams)
    assert done.returncode == code, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"Exception ignored" not in done.stderr


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_nobody_hears_costs_nothing(here: Path, unbuffered: str) -> None:
    """Of standard error: its reader is gone before the first word, however Python buffers it."""
    read, write = os.pipe()
    os.close(read)
    words = command("scan", here / "pictures", "--list", here / "own.csv", "--workers", "0")
    told = environment() | {"PYTHONUNBUFFERED": unbuffered}
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=write, env=told) as running:
        os.close(write)
        output, _ = running.communicate(timeout=60)
    assert running.returncode == 1
    assert len(records_in(output)) == 4


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_what_is_said_on_standard_error_is_said_at_once(unbuffered: str) -> None:
    """Each line, whatever becomes of the process: containers are told to run Python unbuffered."""
    said = "from safehash.cli.streams import settle_streams as s; import os, sys; s(); print('word', file=sys.stderr); "
    done = subprocess.run(
        [sys.executable, "-c", f"{said} os._exit(3)"], capture_output=True, check=False,
        env=environment() | {"PYTHONUNBUFFERED": unbuffered},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (3, b"word\n")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_who_calls_a_command_keeps_the_own_streams(unbuffered: str) -> None:
    """Ours, let go of, closed what they wrote to; unbuffered output was cut where it was large, and ended well."""
    code = (
        "import contextlib, sys\n"
        "from safehash.cli import main\n"
        "saved = sys.stdout, sys.stderr\n"
        "with contextlib.redirect_stdout(sys.__stdout__):\n"
        "    main(['--version'])\n"
        "assert (sys.stdout, sys.stderr) == saved\n"
        "main(['--version'])\n"
        "print('on it goes')\n"
        "print('so it does', file=sys.stderr)\n"
    )
    environ = {**environment(), "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environ, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[2:] == ["on it goes"]
    assert done.stderr == "so it does\n"


@pytest.mark.skipif(sys.platform == "win32", reason="limits of POSIX")
@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_an_output_that_is_cut_is_no_good_end(here: Path, tmp_path: Path, unbuffered: str) -> None:
    pictures = [str(here / "pictures" / "picture00000.png")] * 30
    words = shlex.join(command("hash", *pictures))
    line = f"ulimit -f 1; exec {words} > {tmp_path}/out"
    environ = {**environment(), "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(["sh", "-c", line], capture_output=True, env=environ, check=False)
    assert done.returncode == 2, done.stderr
    assert b"standard output" in done.stderr
