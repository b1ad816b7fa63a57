"""The scan as a user runs it: exit codes, output, interruption, kill -9, a full disk."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

import safehash
from safehash.cli.output import Records
from safehash.scanning.catalog import Catalog
from safehash.scanning.holdings import counts
from stores import (
    command,
    environment,
    facts,
    in_own_mounts,
    records_in,
    run,
    write_list,
    write_picture,
    write_pictures,
)

POSIX = os.name == "posix"
#: The long form: SAFEHASH_KILLS=30 SAFEHASH_KILL_FILES=2000.
N_KILLS = int(os.environ.get("SAFEHASH_KILLS", "3"))
N_KILL_FILES = int(os.environ.get("SAFEHASH_KILL_FILES", "300"))


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scan")
    pictures = write_pictures(folder / "pictures", 6)
    write_list(folder / "own.csv", pictures[2])
    write_list(folder / "other.csv", *write_pictures(folder / "elsewhere", 1, first_seed=500))
    return folder


# -- exit codes and output --------------------------------------------------------------------------------------


def test_a_match(here: Path) -> None:
    done = run("scan", here / "pictures", "--list", here / "own.csv", "--ordered", "--workers", "1")
    assert done.returncode == 1, done.stderr
    *decisions, summary = records_in(done.stdout)
    assert [record["type"] for record in decisions] == ["decision"] * 6
    assert [record["outcome"] for record in decisions].count("match") == 1
    record = decisions[2]
    assert record["path"] == str(here / "pictures" / "picture00002.png")
    assert record["suggestion"] == "review"
    assert record["matches"][0]["id"] == "entry-picture00002"
    assert len(record["hash"]) == len(record["matches"][0]["hash"]) == 8
    assert {"decode", "milliseconds", "quality", "algorithm"} <= record.keys()
    assert summary["type"] == "summary"
    assert summary["files"] == 6
    assert summary["outcomes"] == {"no_match": 5, "match": 1}
    assert summary["lists"][0]["name"] == "own"
    assert len(summary["lists"][0]["snapshot"]) == 64
    assert summary["thresholds"]["pdq"] == 31
    text = done.stderr.decode()
    assert "safehash summary" in text
    assert "own: 1" in text
    assert "\r" not in text  # no bar: this is no terminal


def test_no_match(here: Path) -> None:
    done = run("scan", here / "pictures", "--list", here / "other.csv", "-q")
    assert (done.returncode, done.stderr) == (0, b"")


def test_undecided(here: Path, tmp_path: Path) -> None:
    (tmp_path / "fake.jpg").write_text("no picture")
    done = run("scan", tmp_path, here / "pictures", "--list", here / "other.csv", "--workers", "1")
    assert done.returncode == 3
    assert b"unsupported" in done.stderr
    # A match outweighs what could not be decided.
    assert run("scan", tmp_path, here / "pictures", "--list", here / "own.csv").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scan", "PICTURES/none.png", "--list", "LIST"], "no such file"),
        (["scan", "PICTURES", "--list", "PICTURES/none.csv"], "none.csv"),
        (["scan", "--list", "LIST"], "nothing to look at"),
        (["scan", "PICTURES"], "--list"),
        (["scan", "PICTURES", "--list", "LIST", "--catalog", "LIST"], "read and written over"),
        (["scan", "PICTURES", "--list", "LIST", "--catalog", "OTHER"], "not a catalog"),
        (["scan", "PICTURES", "--list", "LIST", "--workers", "-1"], "not a whole number from 0"),
        (["scan", "PICTURES", "--list", "LIST", "--max-memory", "lots"], "no size"),
        (["scan", "PICTURES", "--list", "LIST", "--timeout", "0"], "above 0"),
        (["scan", "PICTURES", "--list", "LIST", "-o", "PICTURES/none/out"], "No such file"),
        (["scan", "PICTURES", "--list", "LIST", "-o", "."], "cannot be written: Is a directory"),
        (["scan", "--files-from", "none.txt", "--list", "LIST"], "safehash: none.txt: No such file"),
        (["scan", "nosuchstore://x", "--list", "LIST"], "nosuchstore://x: this store cannot be opened"),
        (["rematch", "none.db", "--list", "LIST"], "no such catalog"),
        (["catalog", "stats", "none.db"], "no such catalog"),
        (["catalog"], ""),
        (["report", "none.db", "-o", "r.html"], "no such catalog"),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, list) else None,
)
def test_usage_and_fatal(here: Path, tmp_path: Path, arguments: list[str], message: str) -> None:
    names = {
        "PICTURES": str(here / "pictures"),
        "LIST": str(here / "own.csv"),
        "OTHER": str(here / "other.csv"),
    }
    for name, value in names.items():
        arguments = [argument.replace(name, value) for argument in arguments]
    done = run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert message in done.stderr.decode()
    assert b"Traceback" not in done.stderr


def test_output_file_and_csv(here: Path, tmp_path: Path) -> None:
    write_picture(tmp_path / "=cmd().png", 7)
    out = tmp_path / "out.csv"
    done = run(
        "scan", here / "pictures", tmp_path / "=cmd().png", "--list", here / "own.csv", "-o", out, "--format", "csv",
        "--full-hashes", "--ordered",
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, b"")
    rows = list(csv.DictReader(io.StringIO(out.read_text())))
    assert len(rows) == 7
    assert rows[2]["outcome"] == "match"
    assert rows[2]["labels"] == "graphic_self_harm"
    assert len(rows[2]["hash"]) == 64
    if POSIX:
        assert out.stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "out.csv.partial").exists()
    done = run("scan", "=cmd().png", "--list", here / "own.csv", "--format", "csv", cwd=tmp_path)
    assert b"'=cmd().png" in done.stdout


def test_a_name_in_csv_begins_no_record(tmp_path: Path) -> None:
    record = {"type": "decision", "path": "a\r=cmd().png", "outcome": "match"}
    with Records(str(tmp_path / "out.csv"), form="csv") as written:
        written.write(record)
    rows = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_bytes().decode(), newline="")))
    assert [row["path"] for row in rows] == [record["path"]]


def test_files_from_standard_input(here: Path) -> None:
    names = b"\0".join(os.fsencode(path) for path in sorted((here / "pictures").iterdir()))
    done = run("scan", "--files-from", "-", "--list", here / "own.csv", stdin=names)
    assert done.returncode == 1
    assert records_in(done.stdout)[-1]["files"] == 6


def test_the_whole_way(here: Path, tmp_path: Path) -> None:
    catalog = tmp_path / "c.db"
    first = run("scan", here / "pictures", "--list", here / "other.csv", "--catalog", catalog)
    assert first.returncode == 0
    again = run("scan", here / "pictures", "--list", here / "other.csv", "--catalog", catalog)
    assert "6 (6 unchanged" in again.stderr.decode()
    assert "files/s" in first.stderr.decode() and "files/s" not in again.stderr.decode(), "no rate of nothing"
    found = run("rematch", catalog, "--list", here / "own.csv")
    assert found.returncode == 1
    assert [record["path"] for record in records_in(found.stdout)] == [
        str(here / "pictures" / "picture00002.png")
    ]
    assert run("rematch", catalog, "--list", here / "other.csv").returncode == 0
    exported = records_in(run("catalog", "export", catalog).stdout)
    assert len(exported) == 6
    assert len(exported[0]["hash"]) == 8
    assert "sha256" not in exported[0], "of what matched alone, unless asked for"
    only = run("catalog", "export", catalog, "--matches-only", "--format", "csv", "--full-hashes").stdout
    (row,) = csv.DictReader(io.StringIO(only.decode()))
    near = records_in(run("catalog", "similar", catalog, row["hash"]).stdout)
    assert [each["distance"] for each in near] == [0]
    assert run("catalog", "similar", catalog, "00" * 32).returncode == 0
    assert run("catalog", "similar", catalog, "xyz").returncode == 2
    stats = json.loads(run("catalog", "stats", catalog, "--json", "--check").stdout)
    assert stats["outcomes"] == {"no_match": 5, "match": 1}
    assert "no_match" in run("catalog", "stats", catalog).stdout.decode()


def test_parquet(here: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    catalog = tmp_path / "c.db"
    run("scan", here / "pictures", "--list", here / "own.csv", "--catalog", catalog)
    assert (
        run("catalog", "export", catalog, "--format", "parquet", "-o", tmp_path / "x.parquet").returncode == 0
    )
    rows = parquet.read_table(tmp_path / "x.parquet").to_pylist()
    assert len(rows) == 6
    assert [row["outcome"] for row in rows].count("match") == 1
    assert rows[2]["matches"][0]["labels"] == ["graphic_self_harm"]
    assert os.fsdecode(rows[0]["path_bytes"]) == rows[0]["path"]
    to_stdout = run("catalog", "export", catalog, "--format", "parquet").stdout
    assert parquet.read_table(io.BytesIO(to_stdout)).num_rows == 6


# -- interruption -----------------------------------------------------------------------------------------------


def _heed_signals() -> None:
    """Undo what `nohup` or a shell in the background has its children ignore: a scan heeds that."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(folder: Path, *more: str | Path) -> subprocess.Popen[bytes]:
    arguments = command("scan", folder, "--workers", "2", *more)
    return subprocess.Popen(
        arguments,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
        start_new_session=True,
        preexec_fn=_heed_signals,
        bufsize=0,  # what one line leaves in a buffer, communicate() would not see
    )


@pytest.mark.skipif(not POSIX, reason="signals of POSIX")
@pytest.mark.parametrize(
    "number",
    [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)],
    ids=lambda number: number.name,
)
def test_interrupted(here: Path, tmp_path: Path, number: signal.Signals) -> None:
    """Interrupted twice, then let be: the records file holds all that is known each time, and at last all there is."""
    write_pictures(tmp_path / "pictures", 200)
    catalog, out = tmp_path / "c.db", tmp_path / "r.jsonl"
    known = write_list(tmp_path / "own.csv", tmp_path / "pictures" / "picture00007.png")
    options = ("--list", known, "--catalog", catalog, "-o", out, "--digest", "sha256")
    n_known = [0]
    for _ in range(2):
        with start(tmp_path / "pictures", *options, "--rate", "8") as scanning:  # 25 s, and ended long before
            while True:  # until something new is in the catalog
                time.sleep(0.1)
                assert scanning.poll() is None
                if catalog.exists() and n_in(catalog) > n_known[-1] + 5:
                    break
            os.killpg(scanning.pid, number)  # a terminal sends it to the whole group
            _, said = scanning.communicate(timeout=30)
        assert scanning.returncode == 130, said
        assert b"Traceback" not in said
        *decided, summary = records_in(out.read_bytes())
        assert summary["interrupted"] is True
        assert len({record["path"] for record in decided}) == len(decided) == n_in(catalog) > n_known[-1]
        n_known.append(len(decided))
        with Catalog(catalog) as kept:
            assert counts(kept)["files"] == len(decided) < 200
            assert counts(kept)["runs"][-1]["state"] == "interrupted"
            assert counts(kept)["gone"] == 0
    done = run("scan", tmp_path / "pictures", *options)
    assert done.returncode == 1
    *decided, summary = records_in(out.read_bytes())
    assert summary["unchanged"] == n_known[-1] == sum(record.get("unchanged", False) for record in decided)
    assert summary["files"] == len({record["path"] for record in decided}) == len(decided) == 200
    scan = ("scan", tmp_path / "pictures", "--list", known, "--digest", "sha256")
    calm = records_in(run(*scan).stdout)
    assert in_order([*decided, summary]) == in_order(calm)


def n_in(catalog: Path) -> int:
    try:
        with Catalog(catalog, create=False) as kept:
            return int(counts(kept)["files"])
    except safehash.CatalogError:
        return 0  # it is just being made


@pytest.mark.skipif(not POSIX, reason="signals of POSIX")
def test_broken_off(here: Path, tmp_path: Path) -> None:
    """A second ctrl-C ends at once; what stood under the name of the records still does."""
    write_pictures(tmp_path / "pictures", 200)
    out = tmp_path / "r.jsonl"
    out.write_text("earlier\n")
    catalog = tmp_path / "c.db"
    with start(
        tmp_path / "pictures", "--list", here / "other.csv", "--catalog", catalog, "-o", out, "--rate", "8"
    ) as scanning:
        while n_in(catalog) < 3:
            time.sleep(0.1)
        for _ in range(3):
            os.killpg(scanning.pid, signal.SIGINT)
            time.sleep(0.05)
        _, said = scanning.communicate(timeout=30)
    assert scanning.returncode == 130, said
    assert said == b"safehash: interrupted\n"
    assert out.read_text() == "earlier\n"
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("c.db")) == [
        "pictures", "r.jsonl",
    ]  # fmt: skip
    assert n_in(catalog) >= 3


def workers_of(scanning: subprocess.Popen[bytes]) -> list[psutil.Process]:
    """Return the processes that decide: children of the fork server."""
    try:
        children = psutil.Process(scanning.pid).children(recursive=True)
        return [child for child in children if child.ppid() != scanning.pid]
    except psutil.NoSuchProcess:
        return []


def in_catalog(path: Path) -> dict[Any, Any]:
    with Catalog(path, create=False) as catalog:
        catalog.check_integrity()
        rows = list(
            catalog._store.query(
                "SELECT path, outcome, quality, digest, (SELECT group_concat(list || ':' || entry || ':' || distance)"
                " FROM (SELECT * FROM matches WHERE file = files.id ORDER BY list, entry)),"
                " (SELECT count(*) FROM looks WHERE file = files.id)"
                " FROM files LEFT JOIN hashes ON hashes.file = files.id AND algorithm = 'pdq'"
            )
        )
    return facts(rows)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes as Linux shows them")
def test_killed_at_any_moment(here: Path, tmp_path: Path) -> None:
    """Kill one of two scans with two lists, one worker, or all; catalog and records end as if undisturbed."""
    pictures = write_pictures(tmp_path / "pictures", N_KILL_FILES)
    lists = [
        write_list(tmp_path / "some.csv", *pictures[::17]),
        write_list(tmp_path / "more.csv", *pictures[::13]),
    ]

    def scan_with(which: int, name: str) -> list[Any]:
        out = tmp_path / f"{name}-{which}.jsonl"
        return [
            "--list", lists[which], "--catalog", tmp_path / f"{name}.db", "-o", out, "-q", "--digest", "sha256",
        ]  # fmt: skip

    def written(name: str) -> list[Any]:
        return [in_order(records_in((tmp_path / f"{name}-{which}.jsonl").read_bytes())) for which in (0, 1)]

    started = time.monotonic()
    for which in (0, 1):
        run("scan", tmp_path / "pictures", "--workers", "2", *scan_with(which, "calm"))
    usual = (time.monotonic() - started) / 2
    wanted = in_catalog(tmp_path / "calm.db")
    assert len(wanted) == N_KILL_FILES
    dice = random.Random(20)
    for number in range(N_KILLS):
        victim, struck = ("scan", "worker", "all")[number % 3], number % 2
        for which in range(struck):
            run("scan", tmp_path / "pictures", "--workers", "2", *scan_with(which, str(number)))
        with start(tmp_path / "pictures", *scan_with(struck, str(number))) as scanning:
            time.sleep(dice.uniform(0.1, 0.9) * usual)
            workers = workers_of(scanning)
            hit = {
                "scan": [scanning.pid],
                "worker": [dice.choice(workers).pid] if workers else [],
                "all": [scanning.pid, *(worker.pid for worker in workers)],
            }[victim]
            for pid in hit:
                with_pid_gone(pid)
            scanning.communicate(timeout=120)
        if victim == "worker":
            assert scanning.returncode == 1, f"moment {number}"
        deadline = time.monotonic() + 10
        while any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers):
            assert time.monotonic() < deadline, "a worker outlived its scan"
            time.sleep(0.05)
        for which in range(struck, 2):
            done = run("scan", tmp_path / "pictures", "--workers", "2", *scan_with(which, str(number)))
            assert done.returncode == 1, done.stderr
        assert in_catalog(tmp_path / f"{number}.db") == wanted, f"moment {number}, {victim} killed"
        assert written(str(number)) == written("calm"), f"moment {number}, {victim} killed"
        assert not list(tmp_path.glob(".*")), "nothing half-written is left"


def with_pid_gone(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return  # it had just ended


# -- a full disk ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def on_a_small_disk() -> Callable[[Path, list[Any]], list[Any]]:
    prefix = in_own_mounts()
    if prefix is None:
        pytest.skip("a full disk cannot be made here: mounting a tmpfs is refused")

    def run_there(disk: Path, commands: list[Any]) -> list[Any]:
        disk.mkdir(exist_ok=True)
        script = [sys.executable, str(Path(__file__).parents[1] / "full_disk.py"), os.fspath(disk)]
        done = subprocess.run(
            [*prefix, *script, json.dumps(commands)], capture_output=True, env=environment(), check=False
        )
        assert done.returncode == 0, done.stderr
        said: list[Any] = json.loads(done.stdout)
        return said

    return run_there


FULL = "no space left"


def test_full_disk_for_the_catalog(here: Path, tmp_path: Path, on_a_small_disk: Any) -> None:
    """Two scans with two lists end with a message; with space again, each goes on to what undisturbed ones say."""
    pictures = write_pictures(tmp_path / "pictures", 400)
    known, more = (
        write_list(tmp_path / "own.csv", pictures[7]),
        write_list(tmp_path / "more.csv", *pictures[7::99]),
    )
    calm, disk, copy = tmp_path / "calm.db", tmp_path / "disk", tmp_path / "copy.jsonl"
    scan = ["scan", str(tmp_path / "pictures"), "--list", str(known), "-q", "-o", str(tmp_path / "out.jsonl")]
    assert run(*scan, "--catalog", calm).returncode == 1
    calm_records = (tmp_path / "out.jsonl").read_bytes()
    second = [*scan[:3], str(more), "-q", "-o", str(tmp_path / "second.jsonl")]
    assert run(*second, "--catalog", calm).returncode == 1
    calm_seconds = (tmp_path / "second.jsonl").read_bytes()
    catalog = str(disk / "c.db")
    too_full, full, while_full, again, second_full, second_again, checked, _ = on_a_small_disk(
        disk,
        [
            (30_000, [*scan, "--catalog", catalog]),
            (180_000, [*scan, "--catalog", catalog]),
            (0, ["catalog", "stats", "--check", catalog]),
            (None, [*scan, "--catalog", catalog]),
            (60_000, [*second, "--catalog", catalog]),
            (None, [*second, "--catalog", catalog]),
            (None, ["catalog", "stats", "--check", catalog]),
            (None, ["catalog", "export", "--full-hashes", catalog, "-o", str(copy)]),
        ],
    )
    assert too_full[0] == 2
    assert too_full[1].startswith(f"safehash: {catalog}: ")
    assert full[0] == 2
    assert full[1].startswith(f"safehash: {catalog}: {FULL}")
    assert "Traceback" not in full[1]
    assert while_full[0] == 0, while_full[1]
    assert again[:2] == [1, ""]
    assert second_full[0] == 2
    assert FULL in second_full[1]
    assert second_again[:2] == [1, ""]
    assert checked[0] == 0, checked[1]
    usual = records_in(run("catalog", "export", "--full-hashes", calm).stdout)
    found = records_in(copy.read_bytes())
    assert [steady(each) for each in found] == [steady(each) for each in usual]
    assert len(found) == 400
    assert in_order(records_in((tmp_path / "out.jsonl").read_bytes())) == in_order(records_in(calm_records))
    assert in_order(records_in((tmp_path / "second.jsonl").read_bytes())) == in_order(
        records_in(calm_seconds)
    )


def steady(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record without its times and the numbers of runs."""
    kept = {
        key: value
        for key, value in record.items()
        if key not in ("decided", "milliseconds", "looks", "unchanged")
    }
    of_scans = ("effort", "runs", "snapshot")
    kept["matches"] = [
        {key: value for key, value in match.items() if key not in of_scans} for match in record["matches"]
    ]
    return kept


def in_order(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what is steady of a scan's decisions, by path; none stands twice, and the summary is last."""
    *decided, summary = records
    assert summary["type"] == "summary"
    assert summary["files"] == len(decided) == len({record["path"] for record in decided})
    return sorted(map(steady, decided), key=lambda record: str(record["path"]))


def test_full_disk_for_what_is_written(here: Path, tmp_path: Path, on_a_small_disk: Any) -> None:
    """Records, exports and the report: nothing half-made takes a file's place, and the catalog has it all."""
    write_pictures(tmp_path / "pictures", 200)
    disk, catalog = tmp_path / "disk", str(tmp_path / "c.db")
    scan = ["scan", str(tmp_path / "pictures"), "--list", str(here / "other.csv"), "--catalog", catalog]
    commands: list[tuple[int | None, list[str], str]] = [
        (8192, [*scan, "-q", "-o"], "records.jsonl"),
        (8192, ["catalog", "export", catalog, "-o"], "all.jsonl"),
        (8192, ["catalog", "export", catalog, "--format", "parquet", "-o"], "all.parquet"),
        (4096, ["report", catalog, "-o"], "report.html"),
        (None, [*scan, "-o"], "records.jsonl"),
        (None, ["report", catalog, "-o"], "report.html"),
    ]
    said = on_a_small_disk(
        disk, [(free, [*arguments, str(disk / name)]) for free, arguments, name in commands]
    )
    for (free, _, name), (code, text, names) in zip(commands, said, strict=True):
        assert "Traceback" not in text
        if free is None:
            assert code == 0, text
            assert name in names
            continue
        assert code == 2
        assert (
            text
            == f"safehash: {disk / name}: cannot be written: {FULL}; free some and run the same command again\n"
        )
        assert name not in names
    assert "report.html.partial" not in said[3][2]
    assert "all.parquet.partial" not in said[2][2]
    assert len(in_catalog(Path(catalog))) == 200


def test_progress_shows_on_a_terminal_only(here: Path) -> None:
    pty, fcntl, termios = (pytest.importorskip(name) for name in ("pty", "fcntl", "termios"))
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 120, 0, 0))
    with subprocess.Popen(
        command("scan", here / "pictures", "--list", here / "own.csv"),
        stdout=subprocess.PIPE,
        stderr=secondary,
        env=environment(),
    ) as scanning:
        os.close(secondary)
        output = scanning.communicate(timeout=60)[0]
    said = b""
    while True:
        try:
            part = os.read(primary, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        said += part
    os.close(primary)
    assert scanning.returncode == 1
    assert len(records_in(output)) == 7
    assert b"files/s" in said
    assert b"matches 1" in said
    assert b"safehash summary" in said
