"""What became something else has the place of what was there: that is gone, and nothing else is."""

from __future__ import annotations

import io
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from safehash.matching.matcher import Matcher
from safehash.scanning import sources
from safehash.scanning.catalog import Catalog
from safehash.scanning.holdings import counts, records
from safehash.scanning.items import Item, time_told
from safehash.scanning.options import ScanOptions
from safehash.scanning.reading import read_file
from safehash.scanning.records import Summary
from safehash.scanning.run import scan
from stores import write_list, write_pictures


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a folder with a picture, and a zip of two."""
    write_pictures(tmp_path / "store", 1)
    write_pictures(tmp_path / "in zip", 2, first_seed=10)
    with zipfile.ZipFile(tmp_path / "store" / "a.zip", "w") as archive:
        for path in sorted((tmp_path / "in zip").iterdir()):
            archive.write(path, path.name)
    return tmp_path / "store"


@pytest.fixture
def matcher(store: Path, tmp_path: Path) -> Matcher:
    return Matcher.from_files(write_list(tmp_path / "own.csv", tmp_path / "in zip" / "picture00001.png"))


def look(catalog: Path, top: Path, matcher: Matcher, **options: Any) -> Summary:
    how = ScanOptions(workers=0, **options)
    with Catalog(catalog) as kept, scan(top, matcher=matcher, options=how, catalog=kept) as running:
        list(running.events())
        return running.summary


def there(catalog: Path) -> set[tuple[str, str | None]]:
    """Return names and members of the files that are not gone."""
    with Catalog(catalog, create=False) as kept:
        every = [record for record in records(kept) if not record.get("gone")]
        assert len(every) == counts(kept)["files"]
    return {(Path(record["path"]).name, record.get("member")) for record in every}


MEMBERS = {("a.zip", "picture00000.png"), ("a.zip", "picture00001.png")}


def empty(archive: Path) -> None:
    with zipfile.ZipFile(archive, "w"):
        pass


def folder(archive: Path) -> None:
    archive.unlink()
    archive.mkdir()
    shutil.copy(archive.parent / "picture00000.png", archive / "within.png")


BECAME: dict[str, tuple[Callable[[Path], object], set[tuple[str, str | None]]]] = {
    "an archive of nothing": (empty, set()),
    "a text": (lambda path: path.write_text("a text"), set()),
    "nothing": (lambda path: path.write_bytes(b""), set()),
    "a picture": (lambda path: shutil.copy(path.parent / "picture00000.png", path), {("a.zip", None)}),
    "a folder": (folder, {("within.png", None)}),
}


@pytest.mark.parametrize("became", BECAME)
def test_an_archive_that_became_something_else(
    became: str, store: Path, tmp_path: Path, matcher: Matcher
) -> None:
    change, now_there = BECAME[became]
    catalog, archive = tmp_path / "c.db", store / "a.zip"
    shutil.copy(archive, tmp_path / "kept.zip")
    look(catalog, store, matcher)
    rest = {("picture00000.png", None)}
    assert there(catalog) == MEMBERS | rest
    change(archive)
    summary = look(catalog, store, matcher)
    assert (there(catalog), summary.n_gone) == (now_there | rest, 2)
    assert look(catalog, store, matcher).n_gone == 0, "that was told"
    shutil.rmtree(archive) if archive.is_dir() else archive.unlink()
    shutil.copy(tmp_path / "kept.zip", archive)
    look(catalog, store, matcher)
    assert there(catalog) == MEMBERS | rest, "it is an archive again"


@pytest.mark.parametrize("became", [name for name in BECAME if name != "a folder"])
def test_an_archive_that_is_named_itself(became: str, store: Path, tmp_path: Path, matcher: Matcher) -> None:
    catalog, archive = tmp_path / "c.db", store / "a.zip"
    look(catalog, archive, matcher)
    BECAME[became][0](archive)
    assert look(catalog, archive, matcher).n_gone == 2
    assert not there(catalog) & MEMBERS


def test_what_nobody_looked_into_stays(store: Path, tmp_path: Path, matcher: Matcher) -> None:
    catalog, archive = tmp_path / "c.db", store / "a.zip"
    look(catalog, archive, matcher)
    for options in ({"archives": False}, {"skip_hidden": True}):
        assert look(catalog, store, matcher, **options).n_gone == 0
    shutil.copy(archive, tmp_path / "kept.zip")
    archive.write_bytes(archive.read_bytes()[:60])
    look(catalog, archive, matcher)
    archive.unlink()
    with (
        Catalog(catalog) as kept,
        scan((), matcher=matcher, names=io.BytesIO(os.fsencode(archive)), catalog=kept) as running,
    ):
        list(running.events())
    assert there(catalog) >= MEMBERS, "damaged, and away by a name that somebody gave"


def test_a_file_that_became_a_folder_and_back(store: Path, tmp_path: Path, matcher: Matcher) -> None:
    catalog, path = tmp_path / "c.db", store / "picture00000.png"
    look(catalog, store, matcher)
    path.rename(tmp_path / "kept.png")
    path.mkdir()
    shutil.copy(tmp_path / "kept.png", path / "within.png")
    assert look(catalog, store, matcher).n_gone == 1
    assert there(catalog) == MEMBERS | {("within.png", None)}
    shutil.rmtree(path)
    shutil.copy(tmp_path / "kept.png", path)
    assert look(catalog, store, matcher).n_gone == 1
    assert there(catalog) == MEMBERS | {(path.name, None)}


def test_a_folder_that_was_left_aside_is_not_gone(store: Path, tmp_path: Path, matcher: Matcher) -> None:
    (store / ".hidden").mkdir()
    catalog = tmp_path / "c.db"
    assert look(catalog, store, matcher, skip_hidden=True).skipped == {"hidden": 1}
    summary = look(catalog, store, matcher)
    assert (summary.n_gone, summary.n_unchanged) == (0, 3)


@pytest.mark.parametrize("seconds", [10**14, -(10**14)])
def test_a_time_that_no_catalog_holds(
    seconds: int, store: Path, tmp_path: Path, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some file systems keep it; it ended the scan, at each restart again, and the catalog was called damaged."""
    path, usual = store / "picture00000.png", os.fstat
    assert time_told(seconds * 10**9) is None
    assert time_told(2**63 - 1) == 2**63 - 1

    class Status:
        def __init__(self, status: os.stat_result) -> None:
            self._status, self.st_mtime_ns = status, seconds * 10**9

        def __getattr__(self, name: str) -> Any:
            return getattr(self._status, name)

    monkeypatch.setattr(os, "fstat", lambda number: Status(usual(number)))
    assert read_file(Item(path=str(path)), 1 << 20).mtime_ns is None
    (found,) = sources._file(str(path), Status(path.stat()), sources.Inputs())  # type: ignore[arg-type]
    assert isinstance(found, Item)
    assert found.mtime_ns is None
    for _ in range(2):
        assert look(tmp_path / "c.db", path, matcher).n_files == 1
