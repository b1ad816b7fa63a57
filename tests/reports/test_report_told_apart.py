"""What stands beside each other on a page is not mixed up: runs, parts, folders, what is gone, what a picture is of."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_report_figures import cells_of, data_of, opened, page_of, section

from safehash import Catalog, Matcher, ReportPart, ScanOptions, scan
from safehash.errors import CatalogError
from safehash.reports import matches as matching
from safehash.reports import report as reporting
from safehash.reports.report import report
from safehash.scanning.options import USUAL_MEMORY
from stores import write_list, write_picture


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog of two runs over three folders side by side, two of them below one."""
    folder = tmp_path_factory.mktemp("apart")
    names = ("x/a/one.png", "x/b/two.png", "x-y/three.png", "x/b/four.png")
    for seed, name in enumerate(names):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_picture(folder / name, seed)
    for name, words in (
        ("x/b/damaged.jpg", "no picture"),
        ("x/a/torn.png", "none"),
        ("x-y/large.gif", "none"),
    ):
        (folder / name).write_text(words)
    listed = folder / "own.csv"
    write_list(listed, *(folder / name for name in names[:3]))
    later = write_list(folder / "later.csv", folder / names[3], folder / names[0], label="viral")
    labels = listed.read_text().replace("graphic_self_harm", "one;two", 1).replace("graphic_self_harm", "", 1)
    listed.write_text(labels)
    with Catalog(folder / "c.db") as catalog:
        options = ScanOptions(workers=0)
        tops = [folder / "x" / "a", folder / "x" / "b", folder / "x-y"]
        for lists in ([listed], [listed, later]):
            list(scan(tops, matcher=Matcher.from_files(*lists), options=options, catalog=catalog))
    with opened(folder / "c.db") as db:
        for run, state, started, finished in (
            (1, "finished", "2026-01-02T03:04:05.678+00:00", "2026-01-02T03:05:06.789+00:00"),
            (2, "killed", "2026-02-03T04:05:06.789+00:00", None),
        ):
            db.execute(
                "UPDATE runs SET state = ?, started = ?, finished = ? WHERE id = ?",
                (state, started, finished, run),
            )
        # As if what was found of the first run were nearer, and the first entries had been looked for elsewhere.
        db.execute("UPDATE matches SET distance = 5 + id, stale = CASE id WHEN 2 THEN 2 END")
    return folder / "c.db"


@pytest.fixture
def copied(stored: Path, tmp_path: Path) -> Iterator[Path]:
    yield Path(shutil.copy(stored, tmp_path / "c.db"))


def names_of(page: str) -> list[str]:
    return sorted(row[3] for row in data_of(page)["rows"])


@pytest.mark.parametrize(
    ("part", "names"),
    [
        ({"folder": "x"}, ["four.png", "one.png", "one.png", "two.png"]),
        ({"folder": "x/a"}, ["one.png", "one.png"]),
        ({"folder": "x-y"}, ["three.png"]),
        ({"run": 1}, ["one.png", "three.png", "two.png"]),
        ({"run": 2}, ["four.png", "one.png", "one.png", "three.png", "two.png"]),
        ({"since": 0}, ["four.png", "one.png", "one.png", "three.png", "two.png"]),
        ({"since": 1}, ["four.png", "one.png"]),
        ({"label": "two"}, ["one.png"]),
        ({"source": "later", "folder": "x/b"}, ["four.png"]),
    ],
)
def test_a_part_is_of_its_own_files(
    stored: Path, tmp_path: Path, part: dict[str, Any], names: list[str]
) -> None:
    if "folder" in part:
        part = {**part, "folder": str(stored.parent / part["folder"])}
    with Catalog(stored, create=False) as catalog:
        report(catalog, tmp_path / "r.html", part=ReportPart(**part))
    assert names_of((tmp_path / "r.html").read_text(encoding="utf-8")) == names


@pytest.mark.parametrize("folder", ["x/a/b", "x/", "y", "x/a/one"])
def test_a_part_of_no_folder(stored: Path, tmp_path: Path, folder: str) -> None:
    place = stored.parent / folder
    if folder == "x/":
        place = stored.parent / "x-"
    with (
        Catalog(stored, create=False) as catalog,
        pytest.raises(CatalogError, match="nothing is known below"),
    ):
        report(catalog, tmp_path / "r.html", part=ReportPart(folder=str(place)))


def test_every_match_is_told_when_it_was_found_and_whether_it_is_stale(stored: Path, tmp_path: Path) -> None:
    data = data_of(page_of(stored, tmp_path / "r.html"))
    told = sorted((row[3], data["entries"][row[1]][0], row[5], row[10], row[11]) for row in data["rows"])
    assert [(name, source, first) for name, source, _, _, first in told] == [
        ("four.png", "later", 2), ("one.png", "later", 2), ("one.png", "own", 1), ("three.png", "own", 1),
        ("two.png", "own", 1),
    ]  # fmt: skip
    assert [stale for *_, distance, stale, _ in told if distance == 7] == [1]
    assert sum(stale for *_, stale, _ in told) == 1
    assert [row[5] for row in data["rows"]] == [6, 7, 8, 9, 10]


def test_labels_days_and_folders_of_what_stands(stored: Path, tmp_path: Path) -> None:
    """An entry of two labels counts for both, one of none for that."""
    page = page_of(stored, tmp_path / "r.html")
    labels = cells_of(section(page, "Matches by label"))
    assert dict(labels) == {"one": "1", "two": "1", "no label": "1", "graphic_self_harm": "1", "viral": "2"}
    assert labels[0] == ["viral", "2"]
    days = [row[:2] for row in cells_of(section(page, "Matches by day they were first found"))]
    assert days == [["2026-01-02", "3"], ["2026-02-03", "2"]]
    folders = {Path(name).name: n for name, n in cells_of(section(page, "Matches by folder"))}
    assert folders == {"a": "2", "b": "2", "x-y": "1"}
    assert "are shown" not in page


def test_runs_are_told_apart(stored: Path, tmp_path: Path) -> None:
    newer, older = cells_of(section(page_of(stored, tmp_path / "r.html"), "Runs"))
    assert older[:7] == ["1", "scan", "finished", "2026-01-02 03:04:05", "2026-01-02 03:05:06", "7", "0"]
    assert newer[:5] == ["2", "scan", "killed", "2026-02-03 04:05:06", ""]
    assert re.fullmatch(r"own [0-9a-f]{8}", older[8]) and re.fullmatch(r"later \S{8}, own \S{8}", newer[8])


def test_entries_as_near_as_each_other_are_told_by_list_and_name(copied: Path, tmp_path: Path) -> None:
    with opened(copied) as db:
        db.execute("UPDATE matches SET distance = 9")
    data = data_of(page_of(copied, tmp_path / "r.html"))
    assert [tuple(data["entries"][row[1]][:2]) for row in data["rows"]] == [
        ("later", "entry-four"), ("later", "entry-one"), ("own", "entry-one"), ("own", "entry-three"),
        ("own", "entry-two"),
    ]  # fmt: skip


def test_only_what_was_timed_has_a_time(copied: Path, tmp_path: Path) -> None:
    with opened(copied) as db:
        db.execute(
            "UPDATE looks SET milliseconds = CASE WHEN file = (SELECT max(file) FROM looks) THEN 7.25 END"
        )
    speed = cells_of(section(page_of(copied, tmp_path / "r.html"), "Time for one decision"))
    assert [time for _, time in speed] == ["7.2 ms"] * 4


def test_of_more_runs_and_folders_than_are_shown_that_is_said(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(copied) as db:
        third = "(SELECT id FROM files WHERE CAST(path AS TEXT) LIKE '%three%')"
        db.execute(f"UPDATE matches SET suppressed_by = 'ok' WHERE file = {third}")
    monkeypatch.setattr(reporting, "_MAX_RUNS", 1)
    monkeypatch.setattr(matching, "_MAX_FOLDERS", 1)
    page = page_of(copied, tmp_path / "r.html")
    assert [row[0] for row in cells_of(section(page, "Runs"))] == ["2"]
    assert "The newest 1 of 2 are shown." in section(page, "Runs")
    folders = section(page, "Matches by folder")
    assert [n for _, n in cells_of(folders)] == ["2"] and "The 1 with most of 2 are shown." in folders


def test_what_could_not_be_decided_and_is_gone_is_not_told(copied: Path, tmp_path: Path) -> None:
    """The others by outcome, then by their place."""

    def told() -> list[tuple[str, str]]:
        page = page_of(copied, tmp_path / "r.html")
        rows = cells_of(section(page, "Could not be decided"))
        assert f"<b>{len(rows)}</b>could not be decided" in page
        return [(Path(name).name, outcome) for name, outcome, _ in rows]

    assert told() == [
        ("large.gif", "unsupported"),
        ("torn.png", "unsupported"),
        ("damaged.jpg", "unsupported"),
    ]
    with opened(copied) as db:
        db.execute("UPDATE files SET outcome = 'too_large' WHERE CAST(path AS TEXT) LIKE '%damaged.jpg'")
    assert told() == [("damaged.jpg", "too large"), ("large.gif", "unsupported"), ("torn.png", "unsupported")]
    with opened(copied) as db:
        db.execute("UPDATE files SET gone = '2026-03-04' WHERE CAST(path AS TEXT) LIKE '%large.gif'")
    assert told() == [("damaged.jpg", "too large"), ("torn.png", "unsupported")]


def test_the_page_says_what_words_for_evidence_mean(stored: Path, tmp_path: Path) -> None:
    said = re.sub(r"\s+", " ", section(page_of(stored, tmp_path / "r.html"), "Matches by list entry"))
    assert (
        "From 8 on it is strong, From 4 on it is fair, From 0 on it is weak, under that it speaks against"
        in said
    )
    words = said.split('"filter-evidence"')[2].split("</select>")[0]
    found = re.findall(r'<option value="(\w+)">\1</option>', words)
    assert found == ["strong", "fair", "weak", "against", "unknown"]
    lists = said.split('"filter-list"')[2].split("</select>")[0]
    assert re.findall(r'<option value="(\w+)">', lists) == ["later", "own"]


def test_pictures_are_made_confined_and_not_of_everything(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few at most, in a time and a memory; what cannot be decoded, and what is in an archive, is told or left."""
    asked: list[tuple[list[str], int | None, float]] = []

    def isolated(act: Any, arguments: Any, *, means: Any, timeout: float) -> Iterator[bytes | None]:
        asked.append(([Path(path).name for (path,) in arguments], means.max_memory, timeout))
        yield from [None, b"picture"][: len(arguments)]

    monkeypatch.setattr("safehash.scanning.pool.each_isolated", isolated)
    monkeypatch.setattr(matching, "_MAX_PICTURES", 2)
    with opened(copied) as db:
        db.execute("UPDATE files SET position = 1, member = 'm' WHERE CAST(path AS TEXT) LIKE '%three.png'")
    with Catalog(copied, create=False) as catalog:
        said = report(catalog, tmp_path / "r.html", thumbnails=True)
    assert asked == [(["one.png", "two.png"], USUAL_MEMORY, 20.0)]
    assert [each.split(":")[0] for each in said] == [
        "1 picture not shown, left out", "1 picture not shown, could not be decoded",
    ]  # fmt: skip
    assert "the page would grow too large" in said[0] and "four.png" in said[0] and "one.png" in said[1]
    data = data_of((tmp_path / "r.html").read_text(encoding="utf-8"))
    assert list(data["pictures"].values()) == ["cGljdHVyZQ=="]
    assert [row[3] for row in data["rows"] if row[9] is not None] == ["two.png"]
