"""Two lists of one name in a catalog: refused where they share nothing, and what a new version drops is said."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

import safehash
from safehash.cli import main
from safehash.errors import ListError
from safehash.lists.source import ListSource
from safehash.matching.matcher import Matcher
from safehash.scanning.catalog import Catalog
from safehash.scanning.holdings import counts
from safehash.scanning.lookback import rematch
from safehash.scanning.options import ScanOptions
from safehash.scanning.records import Summary
from safehash.scanning.run import scan
from stores import write_pictures

PICTURES = [f"picture{number:05}.png" for number in range(12)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pictures(tmp_path / "pictures", len(PICTURES))
    return tmp_path / "pictures"


def own(folder: Path, where: str, names: list[str], *, ids: str = "") -> Path:
    """Write a list "own" in a folder of its own."""
    path = folder.parent / where / "own.csv"
    path.parent.mkdir()
    lines = [f"{ids or where}{at},{safehash.hash_file(folder / name).hex}\n" for at, name in enumerate(names)]
    path.write_text("id,pdq\n" + "".join(lines))
    return path


def scan_into(path: Path, folder: Path, source: Path | ListSource | Matcher) -> Summary:
    matcher = source if isinstance(source, Matcher) else Matcher.from_files(source)
    with (
        Catalog(path) as catalog,
        scan(folder, matcher=matcher, options=ScanOptions(workers=0), catalog=catalog) as running,
    ):
        for _ in running:
            pass
        return running.summary


def matched(path: Path) -> dict[str, int]:
    with Catalog(path) as catalog:
        return dict(counts(catalog)["matched_lists"])


def test_another_list_of_the_same_name_is_refused_and_takes_nothing(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "c.db"
    first, second = own(folder, "a", PICTURES[:6]), own(folder, "b", PICTURES[6:])
    assert not scan_into(path, folder, first).notes
    with pytest.raises(ListError, match="none of the 6 entries that matched as 'own'"):
        scan_into(path, folder, second)
    with Catalog(path) as catalog, pytest.raises(ListError, match="a name of its own"):
        list(rematch(catalog, Matcher.from_files(second)))
    with Catalog(path) as catalog:
        assert len(counts(catalog)["runs"]) == 1  # nothing was begun
    assert matched(path) == {"own": 6}
    assert not scan_into(path, folder, ListSource(second, name="other")).notes
    assert matched(path) == {"own": 6, "other": 6}


def test_a_newer_version_that_shares_nothing_is_taken_when_told(tmp_path: Path, folder: Path) -> None:
    path = tmp_path / "c.db"
    scan_into(path, folder, own(folder, "a", PICTURES[:6]))
    second = ListSource(own(folder, "b", PICTURES[6:]))
    (note,) = scan_into(path, folder, replace(second, max_shrink=1.0)).notes
    assert note.startswith("6 matches of 'own' in the catalog dropped")
    assert "catalog diff" in note
    assert note.endswith("1 2` tells which")
    assert matched(path) == {"own": 6}
    assert not scan_into(path, folder, second).notes  # told once


@pytest.mark.parametrize(
    ("names", "ids"),
    [
        (PICTURES[5:], ""),  # one is still there
        (PICTURES[6:], "a"),  # other digests of the same ids
    ],
)
def test_what_has_something_in_common_is_a_version(
    tmp_path: Path, folder: Path, names: list[str], ids: str
) -> None:
    path = tmp_path / "c.db"
    scan_into(path, folder, own(folder, "a", PICTURES[:6]))
    (note,) = scan_into(path, folder, own(folder, "b", names, ids=ids)).notes
    assert "matches of 'own'" in note


def test_of_few_entries_all_may_have_left(
    tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.db"
    scan_into(path, folder, own(folder, "a", PICTURES[:4]))
    second = own(folder, "b", PICTURES[4:])
    assert main(["rematch", str(path), "--list", str(second), "-o", str(tmp_path / "r.jsonl")]) == 1
    assert "4 matches of 'own' in the catalog dropped" in capsys.readouterr().err
    (folder / PICTURES[0]).unlink()
    assert not scan_into(path, folder, second).notes  # a file that is gone has lost nothing


def test_what_a_changed_file_no_longer_shows_is_no_news_of_the_list(tmp_path: Path, folder: Path) -> None:
    path, source = tmp_path / "c.db", own(folder, "a", PICTURES[:6])
    scan_into(path, folder, source)
    write_pictures(folder / "more", 13)
    (folder / "more" / "picture00012.png").replace(folder / PICTURES[0])
    assert not scan_into(path, folder, source).notes
    with Catalog(path) as catalog:
        changed = str(folder / PICTURES[0])
        kinds = [change.kind for change in catalog.changes(after=1, to=2) if change.path == changed]
    assert sorted(kinds) == ["changed", "lost"]


def test_the_command_says_both(tmp_path: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first, second = own(folder, "a", PICTURES[:6]), own(folder, "b", PICTURES[6:])
    told = ["scan", str(folder), "--catalog", str(tmp_path / "c.db"), "--workers", "0", "-q"]
    assert main([*told, "--list", str(first)]) == 1
    capsys.readouterr()
    assert main([*told, "--list", str(second)]) == 2
    said = capsys.readouterr()
    assert not said.out
    assert "--max-shrink 1.0 drops what matched" in said.err
    assert main([*told, "--list", str(second), "--max-shrink", "1"]) == 1
    said = capsys.readouterr()
    assert "6 matches of 'own' in the catalog dropped" in said.err
    assert "6 matches of 'own' in the catalog dropped" in said.out  # the summary's record


@pytest.mark.parametrize(
    ("column", "now"), [("status", "withdrawn"), ("category", "negative"), ("labels", "news")]
)
def test_what_a_list_has_and_does_not_match_is_on_it(
    tmp_path: Path, folder: Path, column: str, now: str
) -> None:
    before = {"status": "active", "category": "positive", "labels": "other"}[column]
    digests = [safehash.hash_file(folder / name).hex for name in PICTURES]
    settings = safehash.Settings(policy=safehash.Policy(exclude_labels=["news"]))
    path, source = tmp_path / "c.db", tmp_path / "own.csv"
    for n_now in (0, 6):
        lines = [
            f"a{at},{hex},{now if at < n_now else before}\n" for at, hex in enumerate(digests[: 6 + n_now])
        ]
        source.write_text(f"id,pdq,{column}\n" + "".join(lines))
        notes = scan_into(path, folder, Matcher.from_files(source, settings=settings)).notes
    assert any(note.startswith("6 matches of 'own' in the catalog dropped") for note in notes)
    assert matched(path) == {"own": 6}


def test_another_list_in_a_snapshot_is_refused_and_the_way_on_is_one(tmp_path: Path, folder: Path) -> None:
    path, snapshot = tmp_path / "c.db", tmp_path / "own.safehash"
    scan_into(path, folder, own(folder, "a", PICTURES[:6]))
    second = ListSource(own(folder, "b", PICTURES[6:]))
    Matcher.from_files(second).save(snapshot)
    with pytest.raises(ListError, match="when the snapshot is built") as refused:
        scan_into(path, folder, Matcher.open(snapshot))
    assert refused.value.path == str(snapshot)
    assert matched(path) == {"own": 6}
    with Catalog(path) as catalog:
        assert len(list(rematch(catalog, Matcher.from_files(replace(second, max_shrink=1.0))))) == 6
    assert not scan_into(path, folder, Matcher.open(snapshot)).notes


@pytest.mark.skipif(sys.platform != "linux", reason="names are not UTF-8 there alone")
def test_a_list_whose_name_is_not_utf_8_is_one_as_any(tmp_path: Path, folder: Path) -> None:
    path, source = tmp_path / "c.db", tmp_path / os.fsdecode(b"own\xff.csv")
    for names in (PICTURES[:6], PICTURES[5:]):
        source.write_bytes(own(folder, names[0], names).read_bytes())
        notes = scan_into(path, folder, source).notes
    assert matched(path) == {"own\\xff": 7}
    (note,) = notes
    assert "matches of 'own" in note


@pytest.mark.parametrize("row", ["a{at},,withdrawn\n", "b{at},{hex},withdrawn\n"])
def test_what_is_withdrawn_by_id_or_digest_alone_is_on_the_list(
    tmp_path: Path, folder: Path, row: str
) -> None:
    path, source = tmp_path / "c.db", own(folder, "a", PICTURES[:6])
    scan_into(path, folder, source)
    digests = [safehash.hash_file(folder / name).hex for name in PICTURES]
    rows = [row.format(at=at, hex=hex) for at, hex in enumerate(digests[:6])]
    rows += [f"c{at},{hex},active\n" for at, hex in enumerate(digests[6:])]
    source.write_text("id,pdq,status\n" + "".join(rows))
    assert any(
        "6 matches of 'own' in the catalog dropped" in note for note in scan_into(path, folder, source).notes
    )
    assert matched(path) == {"own": 6}
