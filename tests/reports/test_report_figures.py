"""Every figure of a report, held against one counted by hand: each number another, and none of them zero."""

from __future__ import annotations

import json
import re
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from safehash.hashing.compute import hash_file
from safehash.matching.matcher import Matcher
from safehash.reports import report as reporting
from safehash.reports.matches import Shown
from safehash.reports.report import report
from safehash.scanning.catalog import Catalog
from safehash.scanning.options import ScanOptions
from safehash.scanning.run import scan
from stores import write_list, write_pictures

#: Pictures of the folder that are listed, allowed as well, neither, and listed but deleted before the second scan.
N_LISTED, N_ALLOWED, N_OTHERS, N_GONE = 3, 2, 6, 1
N_FAKES, N_NOTES = 4, 5
#: What is made of the distances afterwards, in bits: standing, then suppressed, then gone.
DISTANCES = (7, 7, 12, 7, 12, 12)


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Give the catalog's own tables; what was changed is kept."""
    with closing(sqlite3.connect(path)) as db, db:
        yield db


@pytest.fixture(scope="module")
def catalog_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("figures")
    pictures = write_pictures(folder / "pictures", N_LISTED + N_ALLOWED + N_OTHERS + N_GONE)
    for number in range(N_FAKES):
        (folder / "pictures" / f"fake{number}.jpg").write_text("no picture")
    for number in range(N_NOTES):
        (folder / "pictures" / f"notes{number}.txt").write_text("words")
    allowed = pictures[N_LISTED : N_LISTED + N_ALLOWED]
    listed = write_list(folder / "listed.csv", *pictures[:N_LISTED], *allowed, pictures[-1])
    allow = write_list(folder / "harmless.csv", *allowed)
    matcher = Matcher.from_files(listed, allow=[allow])
    path = folder / "c.db"
    for last in (False, True):
        with Catalog(path) as catalog:
            scanned = scan(
                folder / "pictures", matcher=matcher, options=ScanOptions(workers=0), catalog=catalog
            )
            list(scanned.events())
        if not last:
            pictures[-1].unlink()
    with opened(path) as db:
        rows = [row[0] for row in db.execute("SELECT id FROM matches ORDER BY entry")]
        db.executemany("UPDATE matches SET distance = ? WHERE id = ?", zip(DISTANCES, rows, strict=True))
        looks = [row[0] for row in db.execute("SELECT file FROM looks ORDER BY file DESC")]
        assert len(looks) == N_LISTED + N_ALLOWED + N_OTHERS + N_GONE + N_FAKES
        # 2, 5, 10, ... ms: half of the 16 within 65, 15 of them within 226, all within 257.
        times = [(1.0 + number * number, file) for number, file in enumerate(looks, 1)]
        db.executemany("UPDATE looks SET milliseconds = ? WHERE file = ?", times)
        first, second = (row[0] for row in db.execute("SELECT id FROM runs ORDER BY id"))
        for run, summary in (
            (first, {"files": 900, "unchanged": 150, "seconds": 50}),
            (second, {"files": 800, "unchanged": 430, "seconds": 10}),
        ):
            db.execute("UPDATE runs SET summary = ? WHERE id = ?", (json.dumps(summary), run))
        problems = [(first, b"/old", "gone since")] + [
            (second, b"/p%d" % n, f"not allowed {9 - n}") for n in (3, 1, 6, 0, 2, 5, 4)
        ]
        db.executemany("INSERT INTO problems (run, path, reason) VALUES (?, ?, ?)", problems)
    return path


def page_of(path: Path, target: Path) -> str:
    with Catalog(path, create=False) as catalog:
        report(catalog, target)
    return target.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(catalog_path: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    return page_of(catalog_path, tmp_path_factory.mktemp("page") / "r.html")


def section(page: str, title: str) -> str:
    """Return the part of the page below one heading."""
    return page.split(f">{title}</h2>", 1)[1].split("</section>", 1)[0]


def cells_of(part: str) -> list[list[str]]:
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", part, re.DOTALL)
    found = [[re.sub(r"<.*?>", "", cell) for cell in re.findall(r"<td.*?>(.*?)</td>", row)] for row in rows]
    return [cells for cells in found if cells]


def test_totals(page: str) -> None:
    totals = {words: int(n) for n, words in re.findall(r"<b>(\d+)</b>([^<]+)</div>", page)}
    assert totals == {
        "files decided or tried": 15,
        "match a list: to be reviewed": 3,
        "could not be decided": 4,
        "left aside by rule": 5,
    }


def test_outcomes_and_their_shares(page: str) -> None:
    assert cells_of(section(page, "Outcomes")) == [
        ["no match", "6", "40.0 %"],
        ["unsupported", "4", "26.7 %"],
        ["match", "3", "20.0 %"],
        ["suppressed", "2", "13.3 %"],
    ]


def test_the_histogram_counts_what_stands_and_is_there(page: str) -> None:
    part = section(page, "Distance of matches, in bits")
    assert re.findall(r"<title>(\d+) at (\d+) bits</title>", part) == [("2", "7"), ("1", "12")]
    assert 'aria-label="Matches by distance: 2 at 7, 1 at 12"' in part
    assert re.findall(r'x="(\d+)" y="([\d.]+)" width="11" height="([\d.]+)"', part) == [
        ("126", "14.0", "112.0"),
        ("196", "70.0", "56.0"),
    ]
    assert '<text x="0" y="18">2</text>' in part


def data_of(page: str) -> Any:
    """Return what the page's script lays out."""
    (text,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', page)
    return json.loads(text)


def test_matches_shown_are_those_that_are_there(page: str) -> None:
    rows = data_of(page)["rows"]
    assert [(row[5], row[7]) for row in rows] == [
        (7, None), (7, None), (12, None), (7, "harmless"), (12, "harmless"),
    ]  # fmt: skip
    assert 'id="filter-standing"' in section(
        page, "Matches by list entry"
    )  # there are suppressed ones to choose


def test_every_match_is_told_with_its_own_entry(page: str, catalog_path: Path) -> None:
    data = data_of(page)
    assert len(data["rows"]) == N_LISTED + N_ALLOWED and len(data["entries"]) == N_LISTED + N_ALLOWED
    for row in data["rows"]:
        _, entry, folder, name, member, _, view, _, quality, picture, stale, first_run, verdicts, bits = row
        own = hash_file(catalog_path.parent / "pictures" / name)
        source, _, shown, category, tags = data["entries"][entry]
        assert (source, shown, category, tags) == ("listed", own.hex[:8], "positive", ["graphic_self_harm"])
        assert data["folders"][folder].endswith("/pictures") and data["views"][view] == "as it is"
        assert (member, picture, stale, first_run, verdicts) == (None, None, 0, 1, [])
        assert quality == own.quality
        assert data["evidence"][bits][0] > 0
    assert (data["pictures"], data["thumbnails"]) == ({}, False)


def test_standing_matches_by_label_day_and_folder(page: str) -> None:
    assert cells_of(section(page, "Matches by label")) == [["graphic_self_harm", "3"]]
    ((folder, n),) = cells_of(section(page, "Matches by folder"))
    assert (folder.endswith("pictures"), n) == (True, "3")
    ((_, n, _),) = cells_of(section(page, "Matches by day they were first found"))
    assert n == "3"


def test_what_was_looked_up_and_what_is_gone(page: str) -> None:
    part = section(page, "Looked up in")
    assert "1 file is gone" in part
    ((name, effort, files),) = cells_of(part)
    assert (name.split()[0], effort, files) == ("listed", "standard", "15 of 15")


def test_without_suppressed_matches_there_is_none_to_choose(tmp_path: Path) -> None:
    (picture,) = write_pictures(tmp_path / "p", 1)
    matcher = Matcher.from_files(write_list(tmp_path / "l.csv", picture))
    with Catalog(tmp_path / "c.db") as catalog:
        list(scan(tmp_path / "p", matcher=matcher, options=ScanOptions(workers=0), catalog=catalog))
    page = page_of(tmp_path / "c.db", tmp_path / "r.html")
    assert 'id="filter-standing"' not in page and len(data_of(page)["rows"]) == 1


def test_an_entry_with_one_match_to_be_reviewed_stands_among_those(
    catalog_path: Path, tmp_path: Path
) -> None:
    """Two matches at 7 bits and one at 12 stand; the first entry has a cancelled match as well, and stays first."""
    path = tmp_path / "c.db"
    path.write_bytes(catalog_path.read_bytes())
    with opened(path) as db:
        standing = "SELECT entry, digest FROM matches WHERE suppressed_by IS NULL AND distance = 7"
        entry, digest = min(db.execute(standing))
        cancelled = "suppressed_by IS NOT NULL AND distance = 12"
        change = f"UPDATE matches SET entry = ?, digest = ? WHERE {cancelled}"
        assert db.execute(change, (entry, digest)).rowcount == 1
    rows = data_of(page_of(path, tmp_path / "r.html"))["rows"]
    assert [(row[5], row[7]) for row in rows] == [
        (7, None), (12, "harmless"), (7, None), (12, None), (7, "harmless"),
    ]  # fmt: skip


def test_rates_are_of_the_files_that_were_looked_at(page: str) -> None:
    runs = cells_of(section(page, "Runs"))
    assert [(*run[:3], run[5], run[6], run[7]) for run in runs] == [
        ("2", "scan", "finished", "800", "430", "37"),
        ("1", "scan", "finished", "900", "150", "15"),
    ]


def test_percentiles_are_the_nearest_ranks(page: str) -> None:
    assert cells_of(section(page, "Time for one decision")) == [
        ["half within", "65.0 ms"],
        ["95 of 100 within", "257.0 ms"],
        ["99 of 100 within", "257.0 ms"],
        ["longest", "257.0 ms"],
    ]


@pytest.mark.parametrize(
    ("n", "wanted"),
    [(1, (1, 1, 1, 1)), (2, (1, 2, 2, 2)), (100, (50, 95, 99, 100)), (201, (101, 191, 199, 201))],
)
def test_percentiles_of_any_number(n: int, wanted: tuple[int, ...]) -> None:
    assert tuple(reporting.rank_of_percent(percent, n) for percent in (50, 95, 99, 100)) == wanted


class Timed:
    """Stands for a store of so many looks, the n-th of which took n milliseconds."""

    def __init__(self, n: int) -> None:
        self._n = n

    def number(self, sql: str) -> int:
        return self._n

    def row(self, sql: str, parameters: tuple[int]) -> tuple[float]:
        assert 0 <= parameters[0] < self._n
        return (parameters[0] + 1.0,)


def test_each_percentile_is_the_one_it_is_called() -> None:
    """Of 1 000 none of them is another's."""
    assert reporting._speed(Timed(1000)) == [  # type: ignore[arg-type]
        ("half within", 500.0), ("95 of 100 within", 950.0), ("99 of 100 within", 990.0), ("longest", 1000.0),
    ]  # fmt: skip
    assert reporting._speed(Timed(0)) == []  # type: ignore[arg-type]


def shown(distances: dict[int, int]) -> Shown:
    return Shown(
        data={}, n=0, n_suppressed=0, sources=[], labels=[], folders=[], days=[],
        distances=Counter(distances), n_folders=0, trouble=[],
    )  # fmt: skip


def test_the_histogram_reaches_to_the_usual_threshold_or_the_farthest_match() -> None:
    assert reporting._histogram(shown({})) == {"bars": [(bits, 0) for bits in range(32)], "most": 0}
    near, far = reporting._histogram(shown({31: 4, 6: 5})), reporting._histogram(shown({40: 2, 31: 3}))
    assert [bar for bar in near["bars"] if bar[1]] == [(6, 5), (31, 4)] and near["most"] == 5
    assert [bits for bits, _ in far["bars"]] == list(range(41)) and far["bars"][-1] == (40, 2)


def test_a_run_that_took_no_time_has_no_rate(catalog_path: Path, tmp_path: Path) -> None:
    """As one that was killed, of which nothing was summed up."""
    path = tmp_path / "c.db"
    path.write_bytes(catalog_path.read_bytes())
    with opened(path) as db:
        first, second = (row[0] for row in db.execute("SELECT id FROM runs ORDER BY id"))
        db.execute("UPDATE runs SET summary = NULL, finished = NULL WHERE id = ?", (first,))
        summary = json.dumps({"files": 9, "unchanged": 2, "seconds": 0.0})
        db.execute("UPDATE runs SET summary = ? WHERE id = ?", (summary, second))
    with Catalog(path, create=False) as catalog:
        newer, older = reporting._runs(catalog._store)["rows"]
    assert (newer["files"], newer["unchanged"], newer["rate"]) == (9, 2, None)
    assert (older["files"], older["unchanged"], older["rate"], older["finished"]) == (None, None, None, "")


def test_problems_are_those_of_the_newest_scan(page: str) -> None:
    rows = cells_of(section(page, "Places that could not be looked into"))
    assert rows == [[f"/p{n}", f"not allowed {9 - n}"] for n in range(7)]


def test_what_was_not_looked_at(page: str) -> None:
    ((_, n),) = cells_of(section(page, "Not looked at"))
    assert n == "5"
    assert len(cells_of(section(page, "Could not be decided"))) == 4


def test_what_a_page_leaves_out_is_counted(
    catalog_path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, most in (("_MAX_UNDECIDED", 3), ("_MAX_PROBLEMS", 4)):
        monkeypatch.setattr(reporting, name, most)
    page = page_of(catalog_path, tmp_path / "r.html")
    assert "The first 3 of 4 are shown." in section(page, "Could not be decided")
    assert "The first 4 of 7 are shown." in section(page, "Places that could not be looked into")
