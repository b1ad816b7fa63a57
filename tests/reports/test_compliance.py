"""The record of compliance says what was used, decided and measured, and leaves the rest open."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta, timezone
from html import unescape
from pathlib import Path
from typing import Any

import pytest

import safehash
from safehash.errors import SafehashError
from safehash.scanning.reviews import tokens
from stores import run, write_list, write_pictures

EVALUATION = {
    "type": "evaluation", "version": "0.2.0", "images": 40, "listed": 32, "list_size": 1000, "max_distance": 31,
    "min_quality": 50, "seed": 0, "ways": ["fast", "standard"],
    "families": [
        {
            "family": "crop", "images": 64, "recall": {"fast": 0.0, "standard": 0.125},
            "recall_interval": {"fast": [0.0, 0.0566], "standard": [0.0648, 0.2276]},
            "false_matches": {"fast": 5, "standard": 3},
        }
    ],
    "own_lists": [{"name": "<b>own", "entries": 7, "false_matches": {"fast": 1, "standard": 2}}],
}  # fmt: skip


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a catalog of two scans, with two versions of one list and an allow-list."""
    folder = tmp_path_factory.mktemp("store")
    pictures = write_pictures(folder / "photos", 6)
    (folder / "photos" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    for name in ("notes.txt", "more.txt", "most.txt"):
        (folder / "photos" / name).write_text("words")
    write_list(folder / "own.csv", pictures[0])
    write_list(folder / "allowed.csv", pictures[1])
    run("scan", folder / "photos", "--list", folder / "own.csv", "--catalog", folder / "scan.db", "-q")
    write_list(folder / "own.csv", pictures[0], pictures[1], label="viral_challenge")
    done = run(
        "scan", folder / "photos", "--list", folder / "own.csv", "--allow", folder / "allowed.csv",
        "--catalog", folder / "scan.db", "--max-distance", "20", "-q",
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    return folder


def words(page: Path) -> str:
    text = page.read_text(encoding="utf-8").partition("<body>")[2]
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text)).split())


def test_it_says_what_the_catalog_knows(store: Path, tmp_path: Path) -> None:
    page = tmp_path / "record.html"
    done = run("report", store / "scan.db", "--compliance", "-o", page)
    assert (done.returncode, done.stderr) == (0, b"")
    said = words(page)
    catalogued = json.loads(run("catalog", "stats", store / "scan.db", "--json").stdout)
    assert f"Files {catalogued['files']}" in said
    for outcome, n in catalogued["outcomes"].items():
        assert f"{outcome.replace('_', ' ')} {n}" in said
    # Both versions of the list, the older one marked, whole digests of the lists' bytes; and the allow-list.
    digests = re.findall(r"\b[0-9a-f]{64}\b", said)
    assert len(set(digests)) == 3
    assert said.count("replaced") == 1
    assert "allowed allowed pictures" in said
    assert "pdq: at most 31 bits differ 1 run" in said and "pdq: at most 20 bits differ 1 run" in said
    assert "Matches cancelled by allowed 1" in said
    assert "Of these, could not be decided 1 Left aside by rule (no pictures, special files) 3" in said
    assert "Nothing was given" in said
    # Days without the time of day, times of runs to the minute.
    times = re.findall(r"\b\d{4}-\d\d-\d\d \d\S*:\S*", said)
    assert len(times) == 5 and all(re.fullmatch(r"[\d-]{10} \d\d:\d\d", time) for time in times), times
    days = re.findall(r"\b\d{4}-\d\d\S*", said)
    assert len(days) > 10 and all(re.fullmatch(r"\d{4}-\d\d-\d\d", day) for day in days), days
    # No digest of a picture is on it.
    for picture in (store / "photos").glob("picture*.png"):
        assert safehash.hash_file(picture).hex[:8] not in said


def test_what_was_cancelled_of_files_that_are_gone_is_not_counted(store: Path, tmp_path: Path) -> None:
    """As files, outcomes and matched lists beside it are of what is there."""
    (tmp_path / "scan.db").write_bytes((store / "scan.db").read_bytes())
    with closing(sqlite3.connect(tmp_path / "scan.db")) as db, db:
        cancelled = "SELECT file FROM matches WHERE suppressed_by IS NOT NULL"
        assert db.execute(f"UPDATE files SET gone = 2 WHERE id IN ({cancelled})").rowcount == 1
    with safehash.Catalog(tmp_path / "scan.db", create=False) as catalog:
        safehash.compliance_record(catalog, tmp_path / "record.html")
    said = words(tmp_path / "record.html")
    assert "Files that match list own 1" in said and "Matches cancelled" not in said


def test_when_a_list_was_read_and_used(store: Path, tmp_path: Path) -> None:
    (tmp_path / "scan.db").write_bytes((store / "scan.db").read_bytes())
    loaded = (datetime.now(timezone.utc) - timedelta(days=40, hours=1)).isoformat()
    summary = {"lists": [{"name": "own", "snapshot": "5f" * 32, "entries": 71, "loaded": loaded}]}
    with closing(sqlite3.connect(tmp_path / "scan.db")) as db, db:
        for run_id, started in ((1, "2026-01-02T03:04:05"), (2, "2026-03-04T05:06:07")):
            values = (json.dumps(summary), started, run_id)
            assert db.execute("UPDATE runs SET summary = ?, started = ? WHERE id = ?", values).rowcount == 1
    with safehash.Catalog(tmp_path / "scan.db", create=False) as catalog:
        safehash.compliance_record(catalog, tmp_path / "record.html")
    # An allow-list among the same run's makes no other list one.
    assert f"own {'5f' * 32} 71 {loaded[:10]} 40 2026-01-02 to 2026-03-04" in words(tmp_path / "record.html")


def test_verdicts_are_counted(store: Path, tmp_path: Path) -> None:
    (tmp_path / "scan.db").write_bytes((store / "scan.db").read_bytes())
    page = tmp_path / "record.html"
    with safehash.Catalog(tmp_path / "scan.db", create=False) as catalog:
        safehash.compliance_record(catalog, page)
        assert "No verdict is in the catalog" in words(page)
        said = [
            safehash.Verdict(
                match=name, verdict=verdict, reviewer="anna", decided="2026-11-26T00:00:00.000+00:00"
            )
            for name, verdict in zip(tokens(catalog), ("right", "wrong"), strict=True)
        ]
        safehash.apply_verdicts(catalog, said)
        safehash.compliance_record(catalog, page)
    assert "list own 1 1 0 0" in words(page)


def test_what_it_cannot_know_is_left_open(store: Path, tmp_path: Path) -> None:
    page = tmp_path / "record.html"
    with safehash.Catalog(store / "scan.db") as catalog:
        safehash.compliance_record(catalog, page, title="Ours & <theirs>")
    text = page.read_text(encoding="utf-8")
    assert text.count('<td class="fill"></td>') == 15
    assert "Ours &amp; &lt;theirs&gt;" in text and "<theirs>" not in text


def test_an_evaluation_is_told(store: Path, tmp_path: Path) -> None:
    (tmp_path / "evaluation.json").write_text(json.dumps(EVALUATION))
    page = tmp_path / "record.html"
    command = ("report", store / "scan.db", "--compliance", "--evaluation", tmp_path / "evaluation.json")
    assert run(*command, "-o", page).returncode == 0
    said = words(page)
    assert "40 pictures, 32 of them listed by hash among 1000 entries" in said
    assert "crop 64 0.00 [0.00-0.06] 0.12 [0.06-0.23] 3" in said
    assert "<b>own 7 1 2" in said


def test_a_peers_wrong_matches_are_not_ours(store: Path, tmp_path: Path) -> None:
    families: Any = EVALUATION["families"]
    lists: Any = EVALUATION["own_lists"]
    (family,), (own,) = families, lists
    beside = {
        **family, "recall": {**family["recall"], "imagehash": 0.25},
        "recall_interval": {**family["recall_interval"], "imagehash": [0.15, 0.375]},
        "false_matches": {**family["false_matches"], "imagehash": 41},
    }  # fmt: skip
    listed = {**own, "false_matches": {**own["false_matches"], "imagehash": 6}}
    with_peer = {
        **EVALUATION, "ways": ["fast", "standard", "imagehash"], "families": [beside], "own_lists": [listed],
    }  # fmt: skip
    (tmp_path / "evaluation.json").write_text(json.dumps(with_peer))
    page = tmp_path / "record.html"
    with safehash.Catalog(store / "scan.db") as catalog:
        safehash.compliance_record(catalog, page, evaluation=tmp_path / "evaluation.json")
    assert "crop 64 0.00 [0.00-0.06] 0.12 [0.06-0.23] 0.25 [0.15-0.38] 3" in words(page)


def test_what_evaluate_writes_is_what_it_reads(store: Path, tmp_path: Path) -> None:
    """The two sides of one file: a small evaluation, and its record."""
    write_pictures(tmp_path / "pictures", 4)
    done = run(
        "evaluate", tmp_path / "pictures", "--min-images", "3", "--list-size", "10", "--family", "codec",
        "--effort", "fast", "--list", store / "own.csv", "--json", tmp_path / "evaluation.json", "--threads", "1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    page = tmp_path / "record.html"
    with safehash.Catalog(store / "scan.db") as catalog:
        safehash.compliance_record(catalog, page, evaluation=tmp_path / "evaluation.json")
    (row,) = json.loads((tmp_path / "evaluation.json").read_text())["families"]
    low, high = row["recall_interval"]["fast"]
    assert (
        f"codec {row['images']} {row['recall']['fast']:.2f} [{low:.2f}-{high:.2f}] {row['false_matches']['fast']}"
    ) in words(page)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"type": "summary"}',
        '{"type": "evaluation"}',
        "\x00",
        '{"type": "evaluation", "ways": 3}',
    ],
)
def test_another_file_is_refused(store: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "other.json").write_text(text)
    with (
        safehash.Catalog(store / "scan.db") as catalog,
        pytest.raises(SafehashError, match="expected what `safehash evaluate --json` writes"),
    ):
        safehash.compliance_record(catalog, tmp_path / "record.html", evaluation=tmp_path / "other.json")
    assert not (tmp_path / "record.html").exists()


@pytest.mark.parametrize("options", [["--compliance", "--thumbnails"], ["--evaluation", "e.json"]])
def test_options_that_do_not_go_together(store: Path, tmp_path: Path, options: list[str]) -> None:
    done = run("report", store / "scan.db", *options, "-o", tmp_path / "record.html")
    assert done.returncode == 2 and not (tmp_path / "record.html").exists()
