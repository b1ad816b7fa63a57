"""Reviews and changes of a catalog, as a user runs them: real processes, what they say, and their exit codes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from safehash.scanning.catalog import Catalog
from safehash.scanning.reviews import tokens
from stores import records_in, run, write_list, write_pictures


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a catalog of one scan, in which two of three pictures match."""
    folder = tmp_path_factory.mktemp("review")
    pictures = write_pictures(folder / "pictures", 3)
    write_list(folder / "own.csv", *pictures[:2])
    done = run(*scan_of(folder), "-q", "-o", folder / "r.jsonl")
    assert done.returncode == 1, done.stderr
    return folder


def scan_of(folder: Path) -> list[str | Path]:
    return [
        "scan",
        folder / "pictures",
        "--list",
        folder / "own.csv",
        "--catalog",
        folder / "c.db",
        "--workers",
        "1",
    ]


def verdicts(path: Path, *said: tuple[str, str]) -> Path:
    lines: list[object] = [{"kind": "safehash verdicts", "version": 1, "verdicts": len(said)}]
    lines += [{"match": token, "verdict": each, "decided": "2026-01-01T00:00:00Z"} for token, each in said]
    path.write_text("\n".join(map(json.dumps, lines)) + "\n")
    return path


def test_the_way_of_a_verdict(here: Path, tmp_path: Path) -> None:
    with Catalog(here / "c.db") as catalog:
        first, second = sorted(tokens(catalog))
    said = verdicts(tmp_path / "v.jsonl", (first, "wrong"), (second, "right"))
    assert run("review", "stats", here / "c.db").stdout.startswith(b"no verdicts yet: `safehash report`")
    nameless = run("review", "apply", said, here / "c.db")
    assert nameless.returncode == 2
    assert b"--reviewer" in nameless.stderr
    done = run("review", "apply", said, here / "c.db", "--reviewer", "anna")
    assert done.returncode == 0, done.stderr
    assert b"2 verdicts stored" in done.stderr
    assert b"own" in run("review", "stats", here / "c.db").stdout
    stats = json.loads(run("review", "stats", here / "c.db", "--json").stdout)
    assert stats["lists"]["own"] == {"right": 1, "wrong": 1, "unsure": 0, "conflict": 0, "rejected": False}
    again = run(*scan_of(here))
    outcomes = [record["outcome"] for record in records_in(again.stdout) if record["type"] == "decision"]
    assert sorted(outcomes) == ["match", "no_match", "suppressed"]
    assert records_in(again.stdout)[-1]["review"] == {"pairs": 2, "files": 1}
    assert b"by reviewers" in again.stderr
    for kind, wanted in (("pairs", 3), ("list", 3), ("threatexchange", 1), ("ncmec", 1)):
        out = tmp_path / kind
        assert (
            run("review", "export", here / "c.db", "--to", kind, "--owner", "us", "-o", out).returncode == 0
        )
        assert len(out.read_text().splitlines()) == wanted
    assert json.loads((tmp_path / "threatexchange").read_text())["reactions"] == "HELPFUL"
    assert run("lists", "check", tmp_path / "list").returncode == 0
    pairs = tmp_path / "pairs"
    other = run(
        "scan", here / "pictures", "--list", here / "own.csv", "--allow-pairs", pairs, "--workers", "1"
    )
    outcomes = [record["outcome"] for record in records_in(other.stdout) if record["type"] == "decision"]
    assert sorted(outcomes) == ["match", "no_match", "suppressed"]
    changed = run("catalog", "diff", here / "c.db", "1", "2", "--json")
    assert [record["kind"] for record in records_in(changed.stdout)] == ["cancelled"]
    assert b"from run 1 to run 2: cancelled 1" in changed.stderr
    assert b": CANCELLED" in run("catalog", "diff", here / "c.db", "1", "2").stdout


def test_verdicts_of_another_catalog_are_refused(here: Path, tmp_path: Path) -> None:
    said = verdicts(tmp_path / "v.jsonl", ("0" * 32, "wrong"))
    done = run("review", "apply", said, here / "c.db", "--reviewer", "anna")
    assert done.returncode == 2
    assert b"another catalog" in done.stderr


@pytest.mark.parametrize("runs", [("2", "1"), ("1", "1"), ("0", "99")])
def test_runs_that_make_no_sense(here: Path, runs: tuple[str, str]) -> None:
    done = run("catalog", "diff", here / "c.db", *runs)
    assert (done.returncode, done.stdout) == (2, b"")


def test_a_report_of_a_part(here: Path, tmp_path: Path) -> None:
    for options in (
        ["--new"],
        ["--run", "1"],
        ["--since", "0", "--matched-list", "own"],
        ["--folder", here / "pictures"],
    ):
        assert run("report", here / "c.db", "-o", tmp_path / "r.html", *options).returncode == 0
    done = run("report", here / "c.db", "-o", tmp_path / "none.html", "--label", "nothing")
    assert done.returncode == 2
    assert b"there are: graphic_self_harm" in done.stderr
    assert not (tmp_path / "none.html").exists()
