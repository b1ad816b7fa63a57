"""Databases of ours: nothing that somebody planted where one is to be is written, waited for or even touched."""

from __future__ import annotations

import fcntl
import hashlib
import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

import safehash
from safehash.cli import main
from safehash.errors import CatalogError, SafehashError
from safehash.scanning.store import Store
from safehash.service.memory import Memory
from stores import write_list, write_pictures

pytestmark = pytest.mark.skipif(os.name != "posix", reason="links, modes and pipes of POSIX")


def open_catalog(path: Path) -> None:
    store = Store(path, create=True)
    try:
        store.take_lock()
    finally:
        store.close()


def open_memory(path: Path) -> None:
    Memory(str(path), None).close()


@pytest.fixture(params=[open_catalog, open_memory], ids=["catalog", "memory"])
def opened(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    """Return what opens one kind of database to write into it."""
    act: Callable[[Path], None] = request.param
    return act


def state(folder: Path) -> dict[str, object]:
    """Return all there is in a folder, bytes and modes."""
    return {
        path.name: (path.lstat().st_mode, str(path.readlink()) if path.is_symlink()
                    else hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "")
        for path in folder.iterdir()
    }  # fmt: skip


def foreign(path: Path, *, journal: str = "delete", application: int = 0, pending: bool = False) -> None:
    """Write a database of something else, maybe with part of it in a log that its writer left behind."""
    code = (
        "import os, sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "db.execute(f'PRAGMA journal_mode = {sys.argv[2]}')\n"
        "db.execute('CREATE TABLE precious (x)')\n"
        "db.execute(f'PRAGMA application_id = {sys.argv[3]}')\n"
        "if sys.argv[4] == 'True':\n    os._exit(0)\n"
        "db.close()\n"
    )
    subprocess.run([sys.executable, "-c", code, path, journal, str(application), str(pending)], check=True)


@pytest.mark.parametrize("pending", [False, True])
@pytest.mark.parametrize("application", [0, 7])
@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_foreign_database_is_refused_as_it_was(
    opened: Callable[[Path], None], tmp_path: Path, journal: str, application: int, pending: bool
) -> None:
    path = tmp_path / "c.db"
    foreign(path, journal=journal, application=application, pending=pending)
    before = state(tmp_path)
    with pytest.raises(SafehashError, match="an SQLite file of something else"):
        opened(path)
    after = state(tmp_path)
    after.pop("c.db-shm", None), before.pop("c.db-shm", None)  # whoever looks into a log leaves a mark there
    assert after == before


def test_each_is_foreign_to_the_other(tmp_path: Path) -> None:
    open_catalog(tmp_path / "c.db")
    open_memory(tmp_path / "m.db")
    for act, name in ((open_catalog, "m.db"), (open_memory, "c.db")):
        before = (tmp_path / name).read_bytes()
        with pytest.raises(SafehashError, match="of something else"):
            act(tmp_path / name)
        assert (tmp_path / name).read_bytes() == before


@pytest.mark.parametrize("content", [b"p", b"precious" * 100, b"SQLite format 3\0" + bytes(200)])
def test_what_is_no_database_is_refused_as_it_was(
    opened: Callable[[Path], None], tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "c.db"
    path.write_bytes(content)
    before = state(tmp_path)
    with pytest.raises(SafehashError, match=r"or damaged|something else"):
        opened(path)
    assert state(tmp_path) == before


def planted(path: Path, kind: str) -> str:
    """Put something where a file of ours is to be; return words of what is said of it."""
    victim = path.parent / "victim"
    victim.write_bytes(b"" if kind == "link to nothing in it" else b"precious")
    if kind.startswith("link"):
        path.symlink_to(path.parent / "missing" if kind == "link that leads nowhere" else victim)
        return "symbolic link"
    if kind == "pipe":
        os.mkfifo(path)
        return "not a regular file"
    if kind == "folder":
        path.mkdir()
        return "directory"
    path.write_bytes(b"")
    path.chmod(0o666)
    return r"anybody may write it \(mode 666\)"


PLANTED = ["link", "link to nothing in it", "link that leads nowhere", "pipe", "folder", "open to all"]


@pytest.mark.parametrize("kind", PLANTED)
@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
def test_what_is_planted_is_refused_as_it_was(
    opened: Callable[[Path], None], tmp_path: Path, kind: str, ending: str
) -> None:
    """Where the file is to be, and where SQLite keeps files beside it."""
    said = planted(tmp_path / f"c.db{ending}", kind)
    before = state(tmp_path)
    with pytest.raises(SafehashError, match=said):
        opened(tmp_path / "c.db")
    after = state(tmp_path)
    if ending:  # an empty file of ours was made before what stands beside it was looked at
        assert after.pop("c.db")
    assert after == before


@pytest.mark.parametrize("kind", [*PLANTED, "something in it"])
def test_what_is_planted_as_a_lock_is_refused(tmp_path: Path, kind: str) -> None:
    lock = tmp_path / "c.db.lock"
    if kind == "something in it":
        foreign(lock)
        said = "no lock of a catalog"
    else:
        said = planted(lock, kind)
    before = state(tmp_path)
    with pytest.raises(CatalogError, match=said):
        open_catalog(tmp_path / "c.db")
    after = state(tmp_path)
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("kind", [*PLANTED, "a journal", "empty"])
@pytest.mark.parametrize("ending", ["-journal", "-wal", "-shm"])
def test_nothing_stands_beside_a_lock(tmp_path: Path, kind: str, ending: str) -> None:
    """Regression: SQLite removed a journal there without a word, or its complaint named the lock."""
    beside = tmp_path / f"c.db.lock{ending}"
    if kind == "a journal":
        beside.write_bytes(b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7" + bytes(504))
    elif kind == "empty":
        beside.touch()
    else:
        planted(beside, kind)
    before = state(tmp_path)
    with pytest.raises(CatalogError, match=rf"c\.db\.lock{ending}: nothing stands beside a catalog's lock"):
        open_catalog(tmp_path / "c.db")
    after = state(tmp_path)
    assert {name: after[name] for name in before} == before


@pytest.fixture
def owned_by_another(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return what makes every file another user's from now on."""
    looked = os.lstat

    def lstat(path: str) -> os.stat_result:
        found = list(looked(path))
        found[stat.ST_UID] = 4712
        return os.stat_result(found)

    def act() -> None:
        monkeypatch.setattr(os, "geteuid", lambda: 4711)
        monkeypatch.setattr(os, "lstat", lstat)

    return act


def test_what_belongs_to_another_user_is_read_and_not_written(
    opened: Callable[[Path], None], tmp_path: Path, owned_by_another: Callable[[], None]
) -> None:
    opened(tmp_path / "c.db")
    owned_by_another()
    with pytest.raises(SafehashError, match="belongs to another user"):
        opened(tmp_path / "c.db")
    if opened is open_catalog:
        with safehash.Catalog(tmp_path / "c.db", create=False) as catalog:
            catalog.check_integrity()


def test_a_file_made_private_beforehand_is_taken(opened: Callable[[Path], None], tmp_path: Path) -> None:
    """As `mktemp` and `touch` leave one; whoever could read it then cannot now."""
    for mode in (0o600, 0o644, 0o664):
        path = tmp_path / f"{mode:o}.db"
        path.touch()
        path.chmod(mode)
        opened(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        opened(path)


@pytest.mark.parametrize("kind", ["link", "pipe", "open to all"])
@pytest.mark.parametrize("ending", ["", ".lock"])
def test_commands_refuse_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], kind: str, ending: str
) -> None:
    (tmp_path / "in").mkdir()
    pictures = write_pictures(tmp_path / "in" / "pictures", 2)
    listed = write_list(tmp_path / "in" / "own.csv", pictures[1])
    lines = [["scan", str(pictures[0]), "--list", str(listed), "--workers", "0", "-q", "--catalog"]]
    if not ending:
        lines.append(["serve", "--list", str(listed), "--check", "--state"])
    for number, line in enumerate(lines):
        folder = tmp_path / str(number)
        folder.mkdir()
        planted(folder / f"c.db{ending}", kind)
        assert main([*line, str(folder / "c.db")]) == 2
        said = capsys.readouterr().err
        assert "Traceback" not in said and "c.db" in said
        assert (folder / "victim").read_bytes() == b"precious"


def test_a_begun_catalog_is_gone_on_with(tmp_path: Path) -> None:
    """A kill before the tables were made, or before they reached the file, leaves them in the log alone."""
    code = (
        "import os, sys\nfrom safehash.scanning.store import Store\n"
        "store = Store(sys.argv[1], create=True)\nos._exit(0)\n"
    )
    subprocess.run([sys.executable, "-c", code, tmp_path / "c.db"], check=True)
    assert (tmp_path / "c.db-wal").stat().st_size
    open_catalog(tmp_path / "c.db")
    with closing(sqlite3.connect(tmp_path / "blank.db", isolation_level=None)) as db:
        db.execute("PRAGMA journal_mode = WAL")
    (tmp_path / "blank.db").chmod(0o600)
    open_catalog(tmp_path / "blank.db")


@contextmanager
def held(path: Path) -> Iterator[Store]:
    store = Store(path, create=True)
    try:
        yield store
    finally:
        store.close()


def test_looking_at_a_file_drops_no_lock_on_it(tmp_path: Path) -> None:
    """Closing any descriptor of a file drops a process's POSIX locks on it: another process could then write."""
    path = tmp_path / "c.db"
    probe = (
        "import sqlite3, sys\n"
        "db = sqlite3.connect(sys.argv[1], timeout=0, isolation_level=None)\n"
        "try:\n    db.execute('BEGIN EXCLUSIVE')\n"
        "except sqlite3.OperationalError:\n    print('locked')\n"
    )

    def is_locked(name: str) -> bool:
        done = subprocess.run([sys.executable, "-c", probe, name], capture_output=True, text=True, check=True)
        return done.stdout == "locked\n"

    with held(path) as first:
        first.take_lock()
        first.db.execute("BEGIN IMMEDIATE")
        assert is_locked(f"{path}.lock") and is_locked(str(path))
        with held(path) as second, pytest.raises(CatalogError, match="another scan"):
            second.take_lock()
        assert is_locked(f"{path}.lock") and is_locked(str(path))
        first.db.execute("ROLLBACK")
    assert not is_locked(f"{path}.lock")


def test_a_file_is_looked_at_again_once_it_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    with held(path):
        pass
    with held(path), path.open("r+b") as file:
        fcntl.lockf(file, fcntl.LOCK_UN)  # closing it drops locks, and nothing else
    number = path.stat().st_ino
    with path.open("r+b") as file:
        file.write(b"precious" * 20)
    assert path.stat().st_ino == number
    with pytest.raises(CatalogError, match="or damaged"), held(path):
        pass


def test_a_file_that_takes_the_place_meanwhile_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "c.db"
    open_catalog(path)
    foreign(tmp_path / "other.db")
    connect = sqlite3.connect

    def swap(*words: object, **options: object) -> sqlite3.Connection:
        (tmp_path / "other.db").replace(path)
        return connect(*words, **options)  # type: ignore[call-overload, no-any-return]

    monkeypatch.setattr(sqlite3, "connect", swap)
    with pytest.raises(CatalogError, match="took its place"):
        open_catalog(path)
    monkeypatch.undo()
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT name FROM sqlite_master").fetchall() == [("precious",)]


#: What is done to the schema of a file of ours: each would compute something, with our rights, where it is used.
COMPUTING: dict[str, str] = {
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON {table} BEGIN SELECT 1; END",
    "a trigger called almost like SQLite's own": "CREATE TRIGGER sqliteXt AFTER INSERT ON {table} BEGIN SELECT 1; END",
    "a trigger called like SQLite's own": (
        "CREATE TRIGGER t AFTER INSERT ON {table} BEGIN SELECT 1; END; PRAGMA writable_schema = ON;"
        "UPDATE sqlite_master SET name = 'sqlite_autoindex_t_1' WHERE name = 't'"
    ),
    "a view": "CREATE VIEW v AS SELECT 1",
    "a table more": "CREATE TABLE more (x)",
    "a column that is computed": "ALTER TABLE {table} ADD COLUMN x AS (hex(zeroblob(9)))",
    "a default that is one": "ALTER TABLE {table} ADD COLUMN x TEXT DEFAULT 'right'",
    "a condition": "ALTER TABLE {table} ADD COLUMN x TEXT CHECK (length(x) < 9)",
    "an index that computes": "DROP INDEX {index}; CREATE INDEX {index} ON {table} (abs({column}))",
    "an index of some rows": "DROP INDEX {index}; CREATE INDEX {index} ON {table} ({column}) WHERE {column} > 1",
    "statistics that are computed": (
        "ANALYZE; PRAGMA writable_schema = ON; UPDATE sqlite_master SET sql ="
        " 'CREATE TABLE sqlite_stat1(tbl,idx,stat, x AS (abs(1)))' WHERE name = 'sqlite_stat1'"
    ),
}


@pytest.mark.parametrize("planted", COMPUTING.values(), ids=COMPUTING)
def test_what_would_compute_something_is_no_part_of_a_file_of_ours(
    opened: Callable[[Path], None], tmp_path: Path, planted: str
) -> None:
    path = tmp_path / "c.db"
    opened(path)
    with closing(sqlite3.connect(path)) as db:
        names = {name for (name,) in db.execute("SELECT name FROM sqlite_master")}
        told = (
            {"table": "matches", "index": "matches_of_file", "column": "file"}
            if "matches" in names
            else {"table": "counts", "index": "counts_tick", "column": "tick"}
        )
        db.executescript(planted.format(**told))
        db.commit()
    with pytest.raises(SafehashError, match=r"its tables are not those of|malformed database schema"):
        opened(path)


def test_what_sqlite_found_out_about_a_file_of_ours_may_stand_in_it(
    opened: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "c.db"
    opened(path)
    with closing(sqlite3.connect(path)) as db:
        db.executescript("ANALYZE; VACUUM")
    opened(path)
    with closing(sqlite3.connect(path)) as db:
        assert ("sqlite_stat1",) in db.execute("SELECT name FROM sqlite_master").fetchall()
