"""The commands as a user runs them: real processes, exit codes, what goes to which stream."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

import safehash

FILES = Path(__file__).parents[1] / "data" / "golden" / "files"


def run(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "safehash", *map(str, arguments)]
    done = subprocess.run(command, input=stdin, capture_output=True, timeout=120, check=False)
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


def test_version_and_help() -> None:
    assert run("--version").stdout.strip() == f"safehash {safehash.__version__}"
    done = run("--help")
    assert done.returncode == 0
    assert "Exit codes" in done.stdout
    assert run().returncode == 2
    assert run("nonsense").returncode == 2


@pytest.mark.parametrize(
    "command",
    ["hash", "scan", "lists", "lists check", "lists merge", "lists convert", "lists diff", "lists stats",
     "lists add", "lists remove", "lists sign", "index build", "index info", "match", "rematch", "catalog export",
     "catalog stats",
     "catalog similar", "report", "evaluate", "bench"],
)  # fmt: skip
def test_every_command_has_help(command: str) -> None:
    done = run(*command.split(), "--help")
    assert done.returncode == 0, done.stderr
    assert "usage" in done.stdout


def test_hash(bridge: Path) -> None:
    done = run("hash", bridge)
    assert done.returncode == 0
    assert done.stdout.split("\t")[:3] == ["pdq", safehash.hash_file(bridge).hex, "100"]
    done = run("hash", "-a", "md5", "-a", "phash", "--json", "--orientations", bridge)
    record = json.loads(done.stdout)
    assert record["phash"] == safehash.hash_file(bridge, algorithm="phash").hex
    assert len(record["orientations"]) == 8
    assert run("hash", "--full", "-", stdin=bridge.read_bytes()).stdout.split("\t")[1] == (
        safehash.hash_file(bridge, decode="full").hex
    )


def test_hash_of_what_is_no_image(bridge: Path, tmp_path: Path) -> None:
    junk = tmp_path / "junk.jpg"
    junk.write_text("junk")
    done = run("hash", junk, bridge)
    assert done.returncode == 3
    assert len(done.stdout.splitlines()) == 1
    assert "junk.jpg" in done.stderr


def test_a_missing_file_is_named_before_anything_is_hashed(bridge: Path, tmp_path: Path) -> None:
    done = run("hash", bridge, tmp_path / "missing.jpg")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "missing.jpg" in done.stderr


def test_bench_names_what_it_cannot_decode(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    for held, said in ((b"", "empty file"), (b"\x89PNG\r\n\x1a\n", "PNG")):
        (tmp_path / "broken.png").write_bytes(held)
        done = run("bench", "--seconds", "0.05", tmp_path / "broken.png")
        assert done.returncode == 2
        assert f"{tmp_path}/broken.png: " in done.stderr and said in done.stderr


def test_bench(bridge: Path) -> None:
    done = run("bench", "--seconds", "0.05", "--threads", "2", "--json", bridge)
    record = json.loads(done.stdout)
    assert record["images"][0]["hash_per_s"] > 0
    assert "images a second" in run("bench", "--seconds", "0.05", bridge).stdout


def test_scan_exit_codes(bridge: Path, tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text(f"hash,id\n{safehash.hash_file(bridge).hex},b-1\n")
    other = FILES / "reg-test-input__labelme-subset__q2821.jpg"
    junk = tmp_path / "junk.jpg"
    junk.write_bytes(b"\xff\xd8\xff\xe0 broken")
    found = run("scan", bridge, other, "--list", listed)
    assert found.returncode == 1
    records = [json.loads(line) for line in found.stdout.splitlines()]
    assert [record["type"] for record in records][-1] == "summary"
    assert {record["outcome"] for record in records[:-1]} == {"match", "no_match"}
    assert "summary" in found.stderr
    assert run("scan", other, "--list", listed).returncode == 0
    assert run("scan", other, junk, "--list", listed).returncode == 3
    missing = run("scan", other, "--list", tmp_path / "missing.csv")
    assert missing.returncode == 2
    assert "missing.csv" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_scan_with_a_snapshot(bridge: Path, tmp_path: Path) -> None:
    listed, snapshot = tmp_path / "list.csv", tmp_path / "lists.safehash"
    listed.write_text(f"hash,id\n{safehash.hash_file(bridge).hex},b-1\n")
    assert run("index", "build", listed, "-o", snapshot).returncode == 0
    done = run("scan", bridge, "--index", snapshot)
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[0])["matches"][0]["id"] == "b-1"
    assert run("match", safehash.hash_file(bridge).hex, "--index", snapshot).returncode == 1
    both = run("scan", bridge, "--index", snapshot, "--list", listed)
    assert both.returncode == 2
    assert "not allowed with" in both.stderr
    snapshot.write_bytes(snapshot.read_bytes()[:5000])
    damaged = run("scan", bridge, "--index", snapshot)
    assert damaged.returncode == 2
    assert "Traceback" not in damaged.stderr


def test_windows_of_own_images(bridge: Path, tmp_path: Path) -> None:
    own, cropped = tmp_path / "own.jsonl", tmp_path / "cropped.jpg"
    with Image.open(bridge) as image:
        image.crop((int(image.width * 0.3), 0, image.width, image.height)).save(cropped)
    assert run("lists", "add", bridge, "-o", own).returncode == 0
    assert run("scan", cropped, "--list", own).returncode == 0
    assert run("lists", "add", "--windows", "--label", "viral_challenge", bridge, "-o", own).returncode == 0
    windows = [entry.extra["window"] for entry in safehash.read_list(own) if "window" in entry.extra]
    assert "without 30 % at the left" in windows and len(windows) == 14
    more = tmp_path / "more.jsonl"
    assert run("lists", "add", "--mirrored-windows", "--holes", bridge, "-o", more).returncode == 0
    listed = {entry.extra["window"] for entry in safehash.read_list(more) if "window" in entry.extra}
    assert set(windows) < listed and len(listed) == 83
    assert {
        "mirrored, without 30 % at the left",
        "without 50 to 100 % of its height, 0 to 50 % of its width",
    } <= listed
    done = run("scan", cropped, "--list", own)
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[0])["matches"][0]["labels"] == ["viral_challenge"]


def test_a_flooding_entry_is_quarantined(bridge: Path, tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text(f"hash,id\n{safehash.hash_file(bridge).hex},b-1\n")
    small = tmp_path / "small.jpg"
    with Image.open(bridge) as image:
        image.reduce(8).save(small)
    names = tmp_path / "names.txt"
    names.write_text(f"{small}\n" * 700)
    for workers in ("0", "2"):
        done = run(
            "scan", "--files-from", names, "--list", listed, "--flood-share", "0.5", "--workers", workers
        )
        outcomes = json.loads(done.stdout.splitlines()[-1])["outcomes"]
        assert outcomes == {"match": 499, "suppressed": 201}  # from the 500th file on
        assert done.returncode == 1
        assert "quarantined: entry" in done.stderr
    assert run("scan", small, "--list", listed, "--flood-share", "2").returncode == 2


def test_a_reader_that_goes_away(bridge: Path) -> None:
    command = f"{sys.executable} -m safehash hash " + f"'{bridge}' " * 40 + "| head -1"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=120, check=False)
    assert b"Traceback" not in done.stderr


def test_what_a_full_standard_error_still_holds_does_not_decide_the_exit_code(bridge: Path) -> None:
    """Threads and libraries may have left something there after the command ended."""
    code = (
        "import sys; from safehash.cli import main; "
        f"code = main(['hash', {str(bridge)!r}]); sys.stderr.write('left'); sys.exit(code)"
    )
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=full, env=buffered, check=False
        )
    assert done.returncode == 0
