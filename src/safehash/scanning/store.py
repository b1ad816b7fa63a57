"""The SQLite file of a catalog: opened, locked by its one writer, committed in batches, its errors in words."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ..errors import CatalogError
from . import schema
from .databases import BESIDE, OwnFile, expect_plain, make_empty

__all__ = ["Store"]

#: A kill loses at most this much work.
_COMMIT_SECONDS = 1.0
_COMMIT_ROWS = 1000


class Store:
    """An open catalog file.

    Parameters
    ----------
    path : path-like
        Created with mode 0600 if it does not exist and `create` is set.
    create : bool

    Attributes
    ----------
    path : str
    db : sqlite3.Connection

    Raises
    ------
    CatalogError
        Missing, not a catalog (nothing of it is changed then), damaged, or written by a newer version; or anybody may
        write it.
    """

    def __init__(self, path: str | os.PathLike[str], *, create: bool) -> None:
        self.path = os.fspath(path)
        self._lock: sqlite3.Connection | None = None
        self._n_pending = 0
        self._committed = time.monotonic()
        self._file = OwnFile(
            self.path, application=schema.APPLICATION, error=CatalogError, what="catalog", create=create
        )
        with self.guarded():
            self.db = self._connect()
        try:
            with self.guarded():
                self.db.execute("PRAGMA trusted_schema = OFF")
                self.db.execute("PRAGMA foreign_keys = ON")
                if self._file.is_new or schema.is_empty(self.db):
                    if not create:
                        raise CatalogError(f"{self.path}: a catalog that was never filled")
                    schema.make(self.db)
                if schema.check(self.db, self.path) < schema.VERSION:
                    self._upgrade()
        except BaseException:
            self.close()
            raise

    def _connect(self) -> sqlite3.Connection:
        """Open the file; where nothing can be written beside it (a full or read-only disk), for reading alone."""
        db = self._file.connect(isolation_level=None, timeout=10.0, cached_statements=256)
        try:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
            db.execute("PRAGMA journal_mode = WAL")
            # A commit is on the disk when it returns: what was said to be kept survives a power cut.
            db.execute("PRAGMA synchronous = FULL")
        except sqlite3.OperationalError:
            db.close()
            if os.path.lexists(f"{self.path}-wal") and os.path.getsize(f"{self.path}-wal"):  # noqa: PTH202
                raise
            # Nothing waits to be brought into the file, so it is whole as it stands.
            name = f"{Path(self.path).absolute().as_uri()}?mode=ro&immutable=1"
            return sqlite3.connect(name, uri=True, isolation_level=None)
        return db

    def close(self) -> None:
        """Release the file; what has not been committed is not kept."""
        self.db.close()
        self.release()

    def _upgrade(self) -> None:
        self.take_lock()
        try:
            if schema.check(self.db, self.path) < schema.VERSION:  # another process may just have done it
                schema.upgrade(self.db)
        finally:
            self.release()

    @contextmanager
    def guarded(self) -> Iterator[None]:
        """Turn SQLite's errors into ours."""
        try:
            yield
        except sqlite3.DatabaseError as exc:
            said = str(exc)
            code = getattr(exc, "sqlite_errorname", "") or ""
            if "full" in said or "SQLITE_FULL" in code:
                hint = (
                    "no space left for the catalog; what was committed is safe, run the scan again to go on"
                )
            elif code.startswith("SQLITE_IOERR") or "disk I/O" in said:
                hint = f"the catalog cannot be read or written ({said}); what was committed is safe"
            elif "locked" in said or "busy" in said:
                hint = "the catalog is in use by another program"
            elif "not a database" in said or "malformed" in said:
                hint = f"not a catalog, or damaged ({said})"
            elif "readonly" in said:
                hint = "the catalog cannot be written"
            else:
                hint = f"the catalog cannot be used: {said}"
            raise CatalogError(f"{self.path}: {hint}") from exc
        except (UnicodeError, OverflowError) as exc:  # of text and numbers, SQLite's own messages included
            raise CatalogError(f"{self.path}: not a catalog, or damaged ({exc})") from exc

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Turn what values mean that no catalog holds into our error: SQLite takes any value in any column."""
        try:
            yield
        except (TypeError, ValueError, AttributeError, LookupError) as exc:
            raise CatalogError(f"{self.path}: damaged: it holds what no catalog does ({exc})") from exc

    # -- writing ------------------------------------------------------------------------------------------

    def take_lock(self) -> None:
        """Be the one writer. SQLite's own file locks end with the process, however it ends.

        Raises
        ------
        CatalogError
            Another process is.
        """
        if self._lock is not None:
            return
        # A file has one name in one folder, or is refused when it is opened; its folder may have several, and links
        # lead on from where they point to ("link/../c.db"): whoever comes to it comes to this lock.
        folder, name = os.path.split(self.path)
        lock_path = f"{os.path.join(os.path.realpath(folder), name)}.lock"  # noqa: PTH118
        self._file.expect_own()
        self._expect_lock(lock_path)
        lock = sqlite3.connect(
            f"{Path(lock_path).as_uri()}?mode=rw", uri=True, isolation_level=None, timeout=0.0
        )
        try:
            # Nothing is made beside it then, and nothing left behind.
            lock.execute("PRAGMA journal_mode = MEMORY")
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.DatabaseError as exc:
            lock.close()
            if "locked" not in str(exc):
                raise CatalogError(f"{lock_path}: {exc}") from exc
            holder = self.db.execute(
                "SELECT kind, pid, host, started FROM runs WHERE state = 'running' ORDER BY id DESC"
            ).fetchone()
            who = f" ({holder[0]}, process {holder[1]} on {holder[2]}, since {holder[3]})" if holder else ""
            raise CatalogError(f"{self.path}: another scan is writing this catalog{who}") from exc
        self._lock = lock

    def _expect_lock(self, path: str) -> None:
        """Have an empty file of ours to lock; never opened otherwise, which would drop the locks we hold on it."""
        status = expect_plain(path, CatalogError)
        if status is None:
            make_empty(path, CatalogError)
            status = expect_plain(path, CatalogError)
        if status is not None and status.st_size:
            raise CatalogError(f"{path}: no lock of a catalog: it holds {status.st_size} bytes")
        for ending in BESIDE:
            if os.path.lexists(f"{path}{ending}"):  # SQLite would take it for the lock's own, and remove it
                raise CatalogError(
                    f"{path}{ending}: nothing stands beside a catalog's lock, which is never written into (version 0.1 "
                    "left a journal there where it was killed): look what it is, and take it away"
                )

    def release(self) -> None:
        """Let others write."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Do several statements as one, committed at a good end; what was pending is committed before."""
        with self.guarded():
            self.commit()
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
            except BaseException:
                self.roll_back()
                raise
            self.commit()

    def begin_row(self) -> None:
        """Have a transaction under way; `settle` commits it now and then."""
        if not self.db.in_transaction:
            self.db.execute("BEGIN")

    def row_written(self) -> None:
        """Count one more that waits to be committed; `settle` does it."""
        self._n_pending += 1

    @property
    def is_due(self) -> bool:
        """Whether what was counted has waited long enough: it is safe on disk within a second."""
        return self._n_pending > 0 and (
            self._n_pending >= _COMMIT_ROWS or time.monotonic() - self._committed > _COMMIT_SECONDS
        )

    def settle(self) -> None:
        """Commit what has waited long enough."""
        if self.is_due:
            self.commit()

    def commit(self) -> None:
        """Bring everything to the disk."""
        if self.db.in_transaction:
            with self.guarded():
                try:
                    self.db.execute("COMMIT")
                except sqlite3.DatabaseError:
                    self.roll_back()
                    raise
        self._n_pending = 0
        self._committed = time.monotonic()

    def roll_back(self) -> None:
        """Give up what has not been committed."""
        if self.db.in_transaction:
            with suppress(sqlite3.DatabaseError):  # a full disk may have rolled back already
                self.db.execute("ROLLBACK")

    # -- reading ------------------------------------------------------------------------------------------

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of one SELECT."""
        with self.guarded():
            rows = self.db.execute(sql, parameters)
        while True:
            with self.guarded():
                row = rows.fetchone()
            if row is None:
                return
            yield row

    def row(self, sql: str, parameters: Sequence[Any] = ()) -> tuple[Any, ...]:
        """Return the one row that a SELECT asks for.

        Raises
        ------
        CatalogError
            There is none: an index of the file names a row that its table lacks.
        """
        for row in self.query(sql, parameters):
            return row
        raise CatalogError(f"{self.path}: damaged: a row is named that is not there")

    def number(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Return the one number that a SELECT asks for."""
        return int(self.row(sql, parameters)[0] or 0)

    def check_integrity(self) -> None:
        """Read the whole file and compare it with itself.

        Raises
        ------
        CatalogError
            It is damaged; the message says where.
        """
        with self.guarded():
            found = [row[0] for row in self.db.execute("PRAGMA integrity_check")]
            broken = self.db.execute("PRAGMA foreign_key_check").fetchall()
        if found != ["ok"] or broken:
            raise CatalogError(f"{self.path}: damaged: {found[0] if found != ['ok'] else broken[0]}")
