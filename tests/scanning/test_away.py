"""A store that is away has lost nothing: unmounted, emptied or out of reach, what is known of its files stays."""

from __future__ import annotations

import errno
import io
import os
import shlex
import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from safehash.cli import main
from safehash.matching.matcher import Matcher
from safehash.scanning import mounts
from safehash.scanning.catalog import Catalog
from safehash.scanning.holdings import counts, records
from safehash.scanning.missing import _is_missing
from safehash.scanning.options import ScanOptions
from safehash.scanning.places import is_in
from safehash.scanning.records import Summary
from safehash.scanning.run import scan
from stores import command, environment, in_own_mounts, write_list, write_picture, write_pictures

#: What a network or a permission says where there is nothing wrong with the files.
OUT_OF_REACH = [errno.EACCES, errno.EIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with three pictures, and three below it."""
    write_pictures(tmp_path / "store", 3)
    write_pictures(tmp_path / "store" / "disk", 3, first_seed=10)
    return tmp_path / "store"


@pytest.fixture
def matcher(folder: Path, tmp_path: Path) -> Matcher:
    return Matcher.from_files(write_list(tmp_path / "own.csv", folder / "disk" / "picture00001.png"))


def look(catalog: Path, top: Path | str | list[str], matcher: Matcher, **options: Any) -> Summary:
    names = options.pop("names", None)
    how = ScanOptions(workers=0, **options)
    with (
        Catalog(catalog) as kept,
        scan(top, matcher=matcher, options=how, catalog=kept, names=names) as running,
    ):
        list(running.events())
        return running.summary


def known(catalog: Path) -> list[dict[str, Any]]:
    with Catalog(catalog, create=False) as kept:
        return list(records(kept))


def n_gone(catalog: Path) -> int:
    with Catalog(catalog, create=False) as kept:
        return int(counts(kept)["gone"])


def move_all(here: Path, there: Path) -> None:
    there.mkdir()
    for path in list(here.iterdir()):
        path.rename(there / path.name)


# -- shows nothing ----------------------------------------------------------------------------------------------


def test_a_folder_that_shows_nothing_is_no_proof(folder: Path, tmp_path: Path, matcher: Matcher) -> None:
    catalog = tmp_path / "c.db"
    look(catalog, folder, matcher)
    before = known(catalog)
    assert len(before) == 6
    move_all(folder, tmp_path / "away")
    for _ in range(2):
        summary = look(catalog, folder, matcher)
        assert (summary.n_gone, summary.problems) == (0, {"an empty folder": 1})
        assert summary.n_undecided == 1
        assert known(catalog) == before
    (tmp_path / "away" / "disk").rename(folder / "disk")
    summary = look(catalog, folder, matcher)
    assert (summary.n_gone, summary.n_unchanged, summary.problems) == (3, 3, {}), (
        "it is there, three files are not"
    )
    move_all(folder, tmp_path / "away again")
    assert look(catalog, folder, matcher, allow_empty=True).n_gone == 3
    assert look(catalog, folder, matcher).problems == {}, "there is nothing more to lose"


def test_people_are_told_what_to_do(
    folder: Path, tmp_path: Path, matcher: Matcher, capfd: pytest.CaptureFixture[str]
) -> None:
    catalog = tmp_path / "c.db"
    look(catalog, folder, matcher)
    move_all(folder, tmp_path / "away")
    line = ["scan", str(folder), "--list", str(tmp_path / "own.csv"), "--catalog", str(catalog)]
    wanted = (
        "an empty folder: 6 files that earlier scans found here are not taken for gone. If a store belongs here, mount "
        "it and scan again; if it was emptied, --allow-empty"
    )
    for form, said in (("text", f"PROBLEM  {wanted}"), ("jsonl", f'"reason": "{wanted}"')):
        assert main([*line, "--workers", "0", "--format", form]) == 3
        out, err = capfd.readouterr()
        assert said in out
        assert "an empty folder: 1" in err
    assert main([*line, "--workers", "0", "--allow-empty"]) == 0
    assert n_gone(catalog) == 6


# -- not mounted ------------------------------------------------------------------------------------------------


class _Disk:
    """A folder on which something is mounted, as far as devices tell."""

    def __init__(self, place: Path) -> None:
        self.place, self.is_mounted = os.fsencode(place.resolve()), True

    def device_of(self, folder: bytes) -> int:
        os.stat(folder)  # noqa: PTH116  where there is nothing, nothing is mounted
        return 2 if self.is_mounted and is_in(folder, self.place) else 1


@pytest.fixture
def disk(folder: Path, monkeypatch: pytest.MonkeyPatch) -> _Disk:
    made = _Disk(folder / "disk")
    monkeypatch.setattr(mounts, "_device_of", made.device_of)
    return made


@pytest.mark.parametrize("top", ["", "disk"], ids=["mounted below", "mounted here"])
@pytest.mark.parametrize("leaves", ["nothing", "the folder", "another file in it"])
def test_what_was_mounted_and_is_not_has_lost_nothing(
    folder: Path, tmp_path: Path, matcher: Matcher, disk: _Disk, top: str, leaves: str
) -> None:
    catalog = tmp_path / "c.db"
    look(catalog, folder, matcher)
    before = known(catalog)
    move_all(folder / "disk", tmp_path / "away")
    (folder / "disk").rmdir()
    disk.is_mounted = False
    if leaves != "nothing":
        (folder / "disk").mkdir()
    if leaves == "another file in it":
        write_picture(folder / "disk" / "other.png", 99)
    if leaves == "nothing" and top == "disk":
        with pytest.raises(FileNotFoundError):
            look(catalog, folder / "disk", matcher)
    else:
        summary = look(catalog, folder / top, matcher)
        assert (summary.n_gone, summary.problems) == (0, {"no longer mounted": 1})
        others = [each for each in known(catalog) if not each["path"].endswith("other.png")]
        assert others == before
    # It is back.
    shutil.rmtree(folder / "disk", ignore_errors=True)
    move_all(tmp_path / "away", folder / "disk")
    disk.is_mounted = True
    summary = look(catalog, folder, matcher)
    assert (summary.n_unchanged, summary.problems) == (6, {})
    # Of a disk that is there, a file can be gone.
    (folder / "disk" / "picture00000.png").unlink()
    assert look(catalog, folder, matcher).n_gone == 1


def test_what_is_not_to_be_mounted_any_more_is_an_ordinary_folder(
    folder: Path, tmp_path: Path, matcher: Matcher, disk: _Disk
) -> None:
    catalog = tmp_path / "c.db"
    look(catalog, folder, matcher)
    disk.is_mounted = False
    (folder / "disk" / "picture00000.png").unlink()
    assert look(catalog, folder, matcher).problems == {"no longer mounted": 1}
    assert look(catalog, folder, matcher, allow_empty=True).n_gone == 1
    (folder / "disk" / "picture00001.png").unlink()
    summary = look(catalog, folder, matcher)
    assert (summary.n_gone, summary.problems) == (1, {})
    # Nor is it one of which every file was seen.
    other = tmp_path / "other.db"
    disk.is_mounted = True
    look(other, folder, matcher)
    disk.is_mounted = False
    assert look(other, folder, matcher).problems == {}
    (folder / "disk" / "picture00002.png").unlink()
    assert look(other, folder, matcher).n_gone == 1


def test_a_store_that_moved_is_mounted_where_it_is_now(
    folder: Path, tmp_path: Path, matcher: Matcher, disk: _Disk
) -> None:
    catalog = tmp_path / "c.db"
    look(catalog, folder, matcher)
    disk.is_mounted = False
    folder.rename(tmp_path / "plain")
    with Catalog(catalog) as kept:
        kept.relocate(folder, tmp_path / "plain")
    (tmp_path / "plain" / "disk" / "picture00000.png").unlink()
    summary = look(catalog, tmp_path / "plain", matcher)
    assert (summary.n_gone, summary.problems) == (1, {})


def test_a_disk_that_is_really_unmounted(folder: Path, tmp_path: Path, matcher: Matcher) -> None:
    """As a user runs it: a tmpfs mounted where nobody else sees it, scanned, taken away, and mounted again."""
    prefix = in_own_mounts()
    if prefix is None:
        pytest.skip("nothing can be mounted here")
    place, full = tmp_path / "store" / "tmpfs", tmp_path / "full"
    place.mkdir()
    write_pictures(full, 4, first_seed=30)
    how = ["--list", str(tmp_path / "own.csv"), "--catalog", str(tmp_path / "c.db"), "--workers", "0", "-q"]

    def scanned(top: Path, *more: str) -> str:
        return f"{shlex.join(command('scan', top, *how, *more))} >/dev/null; echo $?"

    disk = shlex.quote(str(place))
    mount = f"mount -t tmpfs tmpfs {disk}; cp -p {shlex.quote(str(full))}/* {disk}"
    away = f"umount {disk}"
    stats = f"{shlex.join(command('catalog', 'stats', '--json', tmp_path / 'c.db'))} | grep -c '\"gone\": 0'"
    script = [
        mount,
        scanned(folder),
        away,
        scanned(folder),
        scanned(place),
        stats,
        mount,
        scanned(folder),
        stats,
    ]
    script += [away, scanned(folder, "--allow-empty"), stats]
    done = subprocess.run(
        [*prefix, "sh", "-c", "\n".join(script)],
        capture_output=True,
        env=environment(),
        check=False,
        text=True,
    )
    # A picture of the list is among the others: 1 where they are seen. Nothing gone: 1.
    assert done.stdout.split() == ["1", "1", "3", "1", "1", "1", "1", "0"], done.stderr


# -- out of reach -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", OUT_OF_REACH, ids=errno.errorcode.get)
@pytest.mark.parametrize("when", ["opened", "listed"])
def test_a_folder_that_cannot_be_listed_has_lost_nothing(
    folder: Path, tmp_path: Path, matcher: Matcher, monkeypatch: pytest.MonkeyPatch, number: int, when: str
) -> None:
    """Even where the system says of each file below that there is none."""
    catalog = tmp_path / "c.db"
    look(catalog, folder, matcher)
    before = known(catalog)
    move_all(folder / "disk", tmp_path / "away")
    real = os.scandir

    class Broken:
        def __enter__(self) -> Broken:
            return self

        def __exit__(self, *_: object) -> None:
            pass

        def __iter__(self) -> Iterator[Any]:
            return self

        def __next__(self) -> Any:
            raise OSError(number, os.strerror(number))

    def refuse(path: Any) -> Any:
        if not str(path).endswith("disk"):
            return real(path)
        if when == "opened":
            raise OSError(number, os.strerror(number), str(path))
        return Broken()

    monkeypatch.setattr(os, "scandir", refuse)
    summary = look(catalog, folder, matcher)
    assert (summary.n_gone, summary.problems) == (0, {"unreadable folder": 1})
    assert known(catalog) == before


def test_what_cannot_be_looked_at_is_not_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder that refuses is no proof that its files are missing."""
    assert _is_missing(os.fsencode(tmp_path / "none"))
    assert _is_missing(os.fsencode(tmp_path / "none" / "below"))
    assert not _is_missing(os.fsencode(tmp_path))
    for number in OUT_OF_REACH:

        def refuse(path: bytes, number: int = number) -> os.stat_result:
            raise OSError(number, os.strerror(number), path)

        monkeypatch.setattr("safehash.scanning.missing.os.lstat", refuse)
        assert not _is_missing(os.fsencode(tmp_path / "none"))


def cut_tar(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def cut_zip(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


@pytest.mark.parametrize(("name", "damage"), [("a.tar", cut_tar), ("a.zip", cut_zip)])
def test_members_behind_a_damage_are_not_gone(
    folder: Path, tmp_path: Path, matcher: Matcher, name: str, damage: Callable[[Path], None]
) -> None:
    archive = folder / name
    pictures = [folder / "disk" / f"picture0000{number}.png" for number in range(3)]
    if name.endswith(".tar"):
        with tarfile.open(archive, "w") as tar:
            for picture in pictures:
                tar.add(picture, picture.name)
    else:
        with zipfile.ZipFile(archive, "w") as packed:
            for picture in pictures:
                packed.write(picture, picture.name)
    catalog = tmp_path / "c.db"
    assert look(catalog, folder, matcher).outcomes["match"] == 2
    damage(archive)
    summary = look(catalog, folder, matcher)
    assert (summary.n_gone, summary.problems) == (0, {"damaged archive": 1})
    matched = [
        (Path(each["path"]).name, each.get("member")) for each in known(catalog) if each["outcome"] == "match"
    ]
    assert sorted(matched, key=str) == [(name, "picture00001.png"), ("picture00001.png", None)]


def test_an_archive_that_cannot_be_opened_has_lost_nothing(
    folder: Path, tmp_path: Path, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(folder / "a.zip", "w") as packed:
        packed.write(folder / "disk" / "picture00001.png", "one.png")
    catalog = tmp_path / "c.db"
    look(catalog, folder, matcher)
    before = known(catalog)

    def refuse(path: str) -> Any:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    monkeypatch.setattr("safehash.scanning.archives.open_regular", refuse)
    summary = look(catalog, folder, matcher)
    assert (summary.n_gone, summary.problems) == (0, {"unreadable archive": 1})
    assert known(catalog) == before


def test_names_that_lead_nowhere_change_nothing(folder: Path, tmp_path: Path, matcher: Matcher) -> None:
    """A list of names on a store that is away: each is undecided, and the catalog knows what it knew."""
    catalog = tmp_path / "c.db"
    names = "\n".join(str(path) for path in sorted(folder.rglob("*.png"))).encode()
    assert look(catalog, [], matcher, names=io.BytesIO(names)).outcomes == {"match": 1, "no_match": 5}
    before = known(catalog)
    folder.rename(tmp_path / "away")
    other = Matcher.from_files(write_list(tmp_path / "more.csv", tmp_path / "away" / "picture00002.png"))
    for one in (matcher, other):
        summary = look(catalog, [], one, names=io.BytesIO(names))
        assert (summary.outcomes, summary.n_gone) == ({"unreadable": 6}, 0)
        assert known(catalog) == before
        with Catalog(catalog) as kept:
            newest = "run = (SELECT max(id) FROM runs)"
            assert kept._store.number(f"SELECT count(*) FROM problems WHERE {newest}") == 6
    (tmp_path / "away").rename(folder)
    assert look(catalog, [], matcher, names=io.BytesIO(names)).n_unchanged == 6


def test_what_an_option_leaves_aside_keeps_its_matches(
    folder: Path, tmp_path: Path, matcher: Matcher
) -> None:
    shutil.copy(folder / "disk" / "picture00001.png", folder / ".hidden.png")
    (folder / "link.png").symlink_to(folder / "disk" / "picture00001.png")
    catalog = tmp_path / "c.db"
    assert look(catalog, folder, matcher, follow_links=True).outcomes["match"] == 3
    before = known(catalog)
    summary = look(catalog, folder, matcher, skip_hidden=True)
    assert summary.skipped == {"hidden": 1, "symbolic link": 1}
    assert known(catalog) == before
    assert look(catalog, folder, matcher, follow_links=True).n_unchanged == 8


def test_a_remote_folder_that_cannot_be_listed_is_a_problem(
    folder: Path, tmp_path: Path, matcher: Matcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Below the first level, too, where the library's own walk is silent."""
    memory = pytest.importorskip("fsspec.implementations.memory")
    store = memory.MemoryFileSystem()
    for number, path in enumerate(sorted(folder.rglob("*.png"))):
        store.pipe_file(f"/away/{'deep/below/' if number > 2 else ''}{number}.png", path.read_bytes())
    catalog = tmp_path / "c.db"
    try:
        assert look(catalog, "memory://away", matcher).n_files == 6
        before = [(each["path"], each["outcome"]) for each in known(catalog)]
        real = memory.MemoryFileSystem.ls

        def refuse(self: Any, path: str, detail: bool = True, **more: Any) -> Any:
            if path.endswith("below"):
                raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))
            return real(self, path, detail=detail, **more)

        monkeypatch.setattr(memory.MemoryFileSystem, "ls", refuse)
        summary = look(catalog, "memory://away", matcher)
    finally:
        store.rm("/away", recursive=True)
    assert (summary.n_gone, summary.problems, summary.n_files) == (0, {"remote store": 1}, 3)
    assert [(each["path"], each["outcome"]) for each in known(catalog)] == before  # which are decided anew
