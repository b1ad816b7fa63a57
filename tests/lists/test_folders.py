"""A list that is a folder is read whole, or refused: what lies in it and is no page may hold digests, too."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from safehash import ListError, ListSource, Matcher, load_list
from safehash.cli import main
from safehash.lists.formats.folders import is_former

ONE, TWO = "9e107d9d372bb6826bd81d3542a419d6", "e4d909c290d0fb1ca068ffaddf22cbd0"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "list"
    path.mkdir()
    (path / "1.csv").write_text(f"md5\n{ONE}\n")
    return path


def _folder_of_pages(path: Path) -> None:
    (path / "more").mkdir()
    (path / "more" / "2.csv").write_text(f"md5\n{TWO}\n")


def _folder_far_down(path: Path) -> None:
    (path / "more" / "2026" / "11").mkdir(parents=True)
    (path / "more" / "2026" / "11" / "2.csv").write_text(f"md5\n{TWO}\n")


def _folder_beside(path: Path) -> None:
    (path / "more").mkdir()
    (path.parent / "2.csv").write_text(f"md5\n{TWO}\n")
    (path / "more" / "2.csv").symlink_to(path.parent / "2.csv")


def _linked_folder(path: Path) -> None:
    other = path.parent / "elsewhere"
    other.mkdir()
    (other / "2.csv").write_text(f"md5\n{TWO}\n")
    (path / "more").symlink_to(other)


def _round(path: Path) -> None:
    (path / "more").symlink_to(path)


def _nowhere(path: Path) -> None:
    (path / "more").symlink_to(path / "gone.csv")


def _pipe(path: Path) -> None:
    os.mkfifo(path / "more")


@pytest.mark.parametrize(
    "lay", [_folder_of_pages, _folder_far_down, _folder_beside, _linked_folder, _round, _nowhere, _pipe]
)
def test_what_is_no_page_refuses_a_list(
    lay: object, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert callable(lay)
    lay(folder)
    with pytest.raises(ListError, match=r"refused: .*more"):
        load_list(folder)
    with pytest.raises(ListError, match=r"refused: .*more"):
        Matcher.from_files(folder)
    assert main(["lists", "check", str(folder)]) == 1
    assert "refused: " in capsys.readouterr().out
    assert main(["lists", "check", str(folder), "--ignore", "more/"]) == 0
    assert "more/ is left out, as told" in capsys.readouterr().out
    assert len(load_list(ListSource(folder, ignore=["more/"]))) == 1


def test_the_message_says_what_to_pass(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _folder_of_pages(folder)
    main(["lists", "check", str(folder)])
    assert "leave it out with --ignore more/" in capsys.readouterr().out


def test_a_folder_of_folders_alone(folder: Path) -> None:
    _folder_of_pages(folder)
    (folder / "1.csv").unlink()
    with pytest.raises(ListError, match="the folder more in it holds files"):
        load_list(folder)


def test_what_holds_nothing_and_what_is_hidden_is_passed_over(folder: Path) -> None:
    (folder / "empty" / "still").mkdir(parents=True)
    (folder / ".git").mkdir()
    (folder / ".git" / "config").write_text("[core]\n")
    (folder / "empty" / ".keep").write_text("")
    assert len(load_list(folder)) == 1
    assert not load_list(folder).report.notes


def test_a_folder_that_cannot_be_listed_may_hold_anything(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "more").mkdir()
    scandir = os.scandir

    def denied(path: str | os.PathLike[str]) -> object:
        if str(path).endswith("more"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", denied)
    with pytest.raises(ListError, match="the folder more"):
        load_list(folder)


FORMER = (
    "1.csv~|1.csv.bak|1.csv.old|1.csv.orig|1.csv.bak2|2.csv.part|2.csv.crdownload|2.tmp|#1.csv#|~$1.csv|.1.csv.swp"
    "|Copy of 1.csv|1 - Copy.csv|1 - Kopie (2).csv|1_copy.csv|Kopie von 1.csv|1_old.csv|old.csv|backup-1.csv"
)
PRESENT = "2.csv|hashes.csv|12 years old.csv|holds.csv|golden.csv|copyright.csv|2026-11-27.csv|parts.csv|export (1).csv"


@pytest.mark.parametrize("name", FORMER.split("|"))
def test_a_page_that_others_took_the_place_of(name: str, folder: Path) -> None:
    """What the present page no longer has would be live: an innocent person would be accused."""
    (folder / name).write_text(f"md5\n{TWO}\n")
    if name.startswith("."):
        assert len(load_list(folder)) == 1
        return
    with pytest.raises(ListError, match="may say that others took its place, or that it is not whole"):
        load_list(folder)
    assert len(load_list(ListSource(folder, ignore=["#"]))) == 2
    assert len(load_list(folder / name)) == 1, "of a list alone its user knows what it is"


@pytest.mark.parametrize("name", PRESENT.split("|"))
def test_other_names_say_nothing(name: str, folder: Path) -> None:
    assert not is_former(name)
    (folder / name).write_text(f"md5\n{TWO}\n")
    assert len(load_list(folder)) == 2


@pytest.mark.parametrize("inner", ["old/2.csv", "backup/2.csv", "2.csv.bak"])
def test_the_same_in_an_archive(inner: str, tmp_path: Path) -> None:
    path = tmp_path / "list.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("list/1.csv", f"md5\n{ONE}\n")
        archive.writestr(f"list/{inner}", f"md5\n{TWO}\n")
    with pytest.raises(ListError, match="others took its place"):
        load_list(path)
    assert len(load_list(ListSource(path, ignore=["#"]))) == 2
