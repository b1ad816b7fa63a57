"""SQLite files of our own: what is none is refused before SQLite touches it, and what is made is its owner's alone."""

from __future__ import annotations

import errno
import os
import re
import sqlite3
import stat
import sys
import threading
import weakref
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ..errors import SafehashError

__all__ = ["BESIDE", "OwnFile", "expect_plain", "is_made_of", "make_empty"]

#: Where SQLite's file format has what is looked at before SQLite reads it (https://sqlite.org/fileformat.html).
_MAGIC = b"SQLite format 3\0"
_HEAD_BYTES = 108
_APPLICATION_AT = 68
_FIRST_PAGE_AT = 100
_LEAF_OF_TABLE = 13
_N_CELLS = slice(103, 105)

#: Files that SQLite keeps beside a database.
BESIDE = ("-wal", "-shm", "-journal")

#: Tables that SQLite makes of its own where somebody asked it to ANALYZE.
_STATISTICS = {
    ("table", "sqlite_stat1"): "CREATE TABLE sqlite_stat1(tbl,idx,stat)",
    ("table", "sqlite_stat4"): "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)",
}
_MADE = re.compile(r"\s*CREATE (TABLE|INDEX) (\w+)")
#: What is in no name and no type of ours: a text, a number with a point, an operator.
_ODD = re.compile(r"""[^\w\s(),"]""")

_Identity = tuple[int, int]

# Closing any descriptor of a file drops this process's locks on it, SQLite's among them: what is open is not opened
# to be looked at. It has been, when it was opened.
_held: Counter[_Identity] = Counter()
_held_lock = threading.Lock()


class _Connection(sqlite3.Connection):
    """A connection whose file counts as held open until it is closed, or forgotten."""

    held: weakref.finalize[Any, Any] | None = None

    def close(self) -> None:
        super().close()
        if self.held is not None:
            self.held()


class OwnFile:
    """A database file of ours, or a place for one, looked at without changing anything.

    Parameters
    ----------
    path : path-like
    application : int
        What stands in SQLite's own field for whose file it is.
    error : type
        Of what is raised.
    what : str
        What the file is, for messages: "catalog".
    create : bool
        Make the file, with mode 0600, where nothing is.

    Attributes
    ----------
    path : str
    is_new : bool
        Nothing was there, or a file without a byte.

    Raises
    ------
    SafehashError
        As `error`: a link, pipe, device or folder; a file of something else; one with two names; or something odd
        stands beside it.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        application: int,
        error: type[SafehashError],
        what: str,
        create: bool,
    ) -> None:
        self.path = os.fspath(path)
        self._application = application
        self._error = error
        self._what = what
        status = self._status()
        if status is None:
            if not create:
                raise error(f"{self.path}: no such {what}")
            status = self._made()
        self.is_new = status.st_size == 0
        if self.is_new and not create:
            raise error(f"{self.path}: no such {what}")
        self._identity: _Identity = (status.st_dev, status.st_ino)
        for ending in BESIDE:
            expect_plain(f"{self.path}{ending}", error, owner=status.st_uid)
        if self.is_new:
            self.expect_own()
            if os.name == "posix" and status.st_mode & 0o077:
                os.chmod(self.path, 0o600)  # noqa: PTH101  SQLite gives its side files the same mode
        else:
            self._expect_ours()

    def connect(self, **options: Any) -> sqlite3.Connection:
        """Open the file that was looked at.

        Raises
        ------
        SafehashError
            As `error`: something else has taken its place.
        sqlite3.Error
        """
        # Never made by SQLite, and no name (":memory:") means anything else than a file.
        name = f"{Path(self.path).absolute().as_uri()}?mode=rw"
        with _held_lock:
            _held[self._identity] += 1
        release = _Release(self._identity)
        try:
            db = sqlite3.connect(name, uri=True, factory=_Connection, **options)
        except BaseException:
            release()
            raise
        db.held = weakref.finalize(db, release)
        db.held.atexit = False
        status = self._status()
        if status is None or (status.st_dev, status.st_ino) != self._identity:
            db.close()
            raise self._error(f"{self.path}: something else took its place while it was opened")
        return db

    @property
    def is_there(self) -> bool:
        """Whether its name still leads to the file that was looked at: what is written would be lost otherwise."""
        return _identity_of(self.path) == self._identity

    @property
    def beside(self) -> tuple[_Identity | None, ...]:
        """Which files SQLite's log and the locks on it are: the same as long as somebody has them open; None for none.

        Who opens the database while one of them is elsewhere makes another, and neither sees what the other writes.
        """
        return tuple(map(_identity_of, (f"{self.path}-wal", f"{self.path}-shm")))

    def expect_own(self) -> None:
        """Refuse to write into a file that is somebody else's, or that anybody may write.

        Raises
        ------
        SafehashError
            As `error`.
        """
        expect_plain(self.path, self._error)

    def _made(self) -> os.stat_result:
        make_empty(self.path, self._error)
        status = self._status()
        if status is None:
            raise self._error(f"{self.path}: it vanished while it was opened")
        return status

    def _status(self) -> os.stat_result | None:
        """Return the status of a plain file with one name, None where nothing is; refuse the rest."""
        status = _status_of(self.path, self._error)
        if status is not None and status.st_nlink > 1:
            # SQLite keeps what is not yet in the file beside the name it was opened by, and so do we our lock: whoever
            # opens it by the other name, be it for reading, does not see it.
            raise self._error(
                f"{self.path}: it has {status.st_nlink} names (hard links); what was written by another of them may "
                f"not be seen by this one: leave it one, or name a copy of it (cp) to read that"
            )
        return status

    def _expect_ours(self) -> None:
        """Refuse a file of something else, by its first bytes: SQLite writes into whatever it is told to open."""
        with _held_lock:
            if _held[self._identity]:
                return
            try:
                flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
                descriptor = os.open(self.path, flags | getattr(os, "O_BINARY", 0))
                with os.fdopen(descriptor, "rb") as file:
                    head = file.read(_HEAD_BYTES)
            except OSError as exc:
                raise self._error(f"{self.path}: cannot be read: {exc.strerror or exc}") from exc
        if len(head) < _HEAD_BYTES or not head.startswith(_MAGIC):
            raise self._error(
                f"{self.path}: not a {self._what}, or damaged (its first bytes are no database's)"
            )
        application = int.from_bytes(head[_APPLICATION_AT : _APPLICATION_AT + 4], "big")
        if application == self._application:
            return
        is_blank = head[_FIRST_PAGE_AT] == _LEAF_OF_TABLE and not any(head[_N_CELLS])
        if application == 0 and is_blank and not _size(f"{self.path}-wal"):
            return  # begun, and never filled
        if application == 0 and is_blank and self._is_ours_by_its_log():
            return
        raise self._error(f"{self.path}: an SQLite file of something else, no {self._what}")

    def _is_ours_by_its_log(self) -> bool:
        """Ask what is still in the log beside the file, without bringing it into the file."""
        name = f"{Path(self.path).absolute().as_uri()}?mode=ro"
        try:
            db = sqlite3.connect(name, uri=True, timeout=10.0)
        except sqlite3.Error as exc:
            raise self._error(f"{self.path}: cannot be read: {exc}") from exc
        try:
            found = db.execute("PRAGMA application_id").fetchone()[0]
            n_tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        except sqlite3.Error as exc:
            raise self._error(f"{self.path}: not a {self._what}, or damaged ({exc})") from exc
        finally:
            db.close()
        return bool(found == self._application or (found == 0 and n_tables == 0))


class _Release:
    """Counts a file as closed, once."""

    def __init__(self, identity: _Identity) -> None:
        self._identity = identity

    def __call__(self) -> None:
        with _held_lock:
            _held[self._identity] -= 1
            if _held[self._identity] <= 0:
                del _held[self._identity]


def make_empty(path: str, error: type[SafehashError]) -> None:
    """Make an empty file that its owner alone reads, unless another process just made one.

    Raises
    ------
    SafehashError
        As `error`.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        pass
    except OSError as exc:
        raise error(f"{path}: cannot be created: {exc.strerror or exc}") from exc


def expect_plain(path: str, error: type[SafehashError], *, owner: int | None = None) -> os.stat_result | None:
    """Refuse what is no regular file, somebody else's, or may be written by anybody; None where nothing is.

    Parameters
    ----------
    path : str
    error : type
        Of what is raised.
    owner : int or None
        Who else may own it, beside us and the system.

    Raises
    ------
    SafehashError
        As `error`.
    """
    status = _status_of(path, error)
    if status is None or sys.platform == "win32":
        return status
    if status.st_uid not in (os.geteuid(), 0, owner):
        raise error(f"{path}: it belongs to another user ({status.st_uid}): not written into")
    if status.st_mode & stat.S_IWOTH:
        mode = stat.S_IMODE(status.st_mode)
        raise error(f"{path}: anybody may write it (mode {mode:o}): chmod 600 it, or name another")
    return status


def _identity_of(path: str) -> _Identity | None:
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _status_of(path: str, error: type[SafehashError]) -> os.stat_result | None:
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as exc:
        said = os.strerror(exc.errno) if isinstance(exc, OSError) and exc.errno else str(exc)
        raise error(f"{path}: cannot be looked at: {said}") from exc
    if stat.S_ISLNK(status.st_mode):
        raise error(f"{path}: it is a symbolic link: name the file itself")
    if not stat.S_ISREG(status.st_mode):
        said = os.strerror(errno.EISDIR) if stat.S_ISDIR(status.st_mode) else "not a regular file"
        raise error(f"{path}: {said}")
    return status


def _size(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except FileNotFoundError:
        return 0


def is_made_of(db: sqlite3.Connection, statements: Iterable[str], *, words: Iterable[str] = ()) -> bool:
    """Return whether a file's tables and indexes are those that some statements make, and compute nothing.

    Triggers and views would run with our rights, and so would what a column is computed of, a condition on its values,
    and an index over more than columns: none of them is written in the words of our statements alone.

    Parameters
    ----------
    db : sqlite3.Connection
    statements : iterable of str
        CREATE TABLE and CREATE INDEX.
    words : iterable of str
        Further words that may stand in them: an earlier version's.
    """
    known = {(made[1].lower(), made[2]): each for each in statements if (made := _MADE.match(each))}
    allowed = {*words, *re.findall(r"\w+", " ".join(known.values()))}
    found: set[tuple[str, str]] = set()
    for kind, name, sql in db.execute("SELECT type, name, sql FROM sqlite_master"):
        key = (str(kind), str(name))
        if sql is None and kind == "index" and key[1].startswith("sqlite_autoindex_"):
            continue  # of a key or of what is unique
        if key in _STATISTICS:
            if sql != _STATISTICS[key]:
                return False
            continue
        # Names and types alone may be said in another order: a column that was added later stands behind the others.
        if key not in known or _ODD.search(str(sql)) or not allowed.issuperset(re.findall(r"\w+", str(sql))):
            return False
        found.add(key)
    return found == known.keys()
