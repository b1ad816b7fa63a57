"""The SQLite file of a scan: what was seen, its hashes, its outcome; resume and re-match."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields, is_dataclass
from datetime import datetime, timezone
from functools import lru_cache
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ..errors import CatalogError
from ..hashing.hashes import Hash
from ..images.pictures import Provenance
from ..matching.decision import Audit, Match
from ..matching.shown import as_bytes
from .items import Item
from .records import ScanEvent, ScanRecord, Skipped, Summary

if TYPE_CHECKING:
    from _typeshed import StrPath

    from ..matching.settings import Settings

__all__ = ["OUTCOME_NOW", "SKIPPED", "Catalog", "Known", "name_text"]

#: "SHca": marks the file as ours (`file` and SQLite's own tools show it).
_APPLICATION = 0x53486361
_VERSION = 1

_SCHEMA = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    state TEXT NOT NULL,
    started TEXT NOT NULL,
    finished TEXT,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    settings_key TEXT NOT NULL,
    settings TEXT NOT NULL,
    summary TEXT
);
CREATE TABLE files (
    id INTEGER PRIMARY KEY,
    path BLOB NOT NULL,
    position INTEGER NOT NULL,
    member BLOB,
    size INTEGER,
    mtime_ns INTEGER,
    settings_key TEXT NOT NULL,
    run INTEGER NOT NULL REFERENCES runs (id),
    decided TEXT NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    failure TEXT,
    quality INTEGER,
    provenance TEXT,
    milliseconds REAL,
    UNIQUE (path, position)
);
CREATE TABLE hashes (
    file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    algorithm TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (file, algorithm)
) WITHOUT ROWID;
CREATE TABLE matches (
    id INTEGER PRIMARY KEY,
    file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    run INTEGER NOT NULL REFERENCES runs (id),
    list TEXT NOT NULL,
    entry TEXT,
    category TEXT NOT NULL,
    labels TEXT NOT NULL,
    algorithm TEXT,
    digest BLOB,
    distance INTEGER NOT NULL,
    view TEXT NOT NULL,
    suppressed_by TEXT
);
CREATE INDEX matches_of_file ON matches (file);
CREATE TABLE problems (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id),
    path BLOB NOT NULL,
    reason TEXT NOT NULL
);
"""

#: A file's outcome with what re-matching found since: a match found later counts.
OUTCOME_NOW = """CASE WHEN files.outcome = 'match' OR EXISTS (
    SELECT 1 FROM matches WHERE matches.file = files.id AND suppressed_by IS NULL
) THEN 'match' ELSE files.outcome END"""

SKIPPED = "skipped"
_RETRIED_ON_REQUEST = frozenset({"crash", "timeout", "memory", "internal"})
#: A kill loses at most this much work.
_COMMIT_SECONDS = 1.0
_COMMIT_RECORDS = 1000
_BATCH_ROWS = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the catalog holds of a file that has not changed."""

    outcome: str
    skipped: str | None = None
    lists: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()


class Catalog:
    """An open catalog file.

    Parameters
    ----------
    path : path-like
        Created with mode 0600 if it does not exist and `create` is set.
    create : bool

    Raises
    ------
    CatalogError
        Missing, not a catalog, damaged, or written by a newer version.

    Notes
    -----
    One process writes at a time (`begin` refuses the second); any number may read meanwhile. An object
    belongs to one thread.

    Examples
    --------
    >>> matcher = safehash.Matcher.from_files("list.csv")
    >>> with Catalog("other.db") as catalog:
    ...     running = safehash.scan("photos", matcher=matcher, options=safehash.ScanOptions(workers=0), catalog=catalog)
    ...     len(list(running))
    2
    >>> with Catalog("other.db") as catalog:
    ...     running = safehash.scan("photos", matcher=matcher, options=safehash.ScanOptions(workers=0), catalog=catalog)
    ...     len(list(running)), running.summary.n_unchanged
    (0, 2)
    """

    def __init__(self, path: StrPath, *, create: bool = True) -> None:
        self.path = os.fspath(path)
        self._lock: sqlite3.Connection | None = None
        self._run: int | None = None
        self._settings_key = ""
        self._is_new = False  # whether the run under way began with no file in the catalog
        self._n_pending = 0
        self._committed = time.monotonic()
        fresh = not os.path.lexists(self.path) or os.path.getsize(self.path) == 0  # noqa: PTH202
        if fresh and not create:
            raise CatalogError(f"{self.path}: no such catalog")
        with self._guarded():
            if not os.path.lexists(self.path):
                try:
                    # Made before SQLite sees it, which gives its side files the same mode.
                    os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
                except OSError as exc:
                    raise CatalogError(f"{self.path}: cannot be created: {exc.strerror or exc}") from exc
            self._db = sqlite3.connect(self.path, isolation_level=None, timeout=10.0)
        try:
            with self._guarded():
                self._db.execute("PRAGMA trusted_schema = OFF")
                self._db.execute("PRAGMA foreign_keys = ON")
                if fresh:
                    self._make()
                self._check()
        except CatalogError:
            self._db.close()
            raise

    def __enter__(self) -> Catalog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file; a run still open is left as "running" and recognised as ended by the next."""
        self._db.close()
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    # -- the file -----------------------------------------------------------------------------------------

    def _make(self) -> None:
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("BEGIN IMMEDIATE")
        if self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
            for statement in _SCHEMA.split(";\n"):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA application_id = {_APPLICATION}")
            self._db.execute(f"PRAGMA user_version = {_VERSION}")
        self._db.execute("COMMIT")

    def _check(self) -> None:
        application = self._db.execute("PRAGMA application_id").fetchone()[0]
        version = self._db.execute("PRAGMA user_version").fetchone()[0]
        if application != _APPLICATION:
            raise CatalogError(f"{self.path}: an SQLite file, but no catalog of a scan")
        if version > _VERSION:
            raise CatalogError(
                f"{self.path}: written by a newer version (schema {version}, known {_VERSION})"
            )
        # A trigger or view planted in the file would run with our rights.
        found = {
            (kind, name)
            for kind, name in self._db.execute(
                "SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"
            )
        }
        wanted = {("table", name) for name in ("runs", "files", "hashes", "matches", "problems")}
        if found != wanted | {("index", "matches_of_file")}:
            raise CatalogError(f"{self.path}: its tables are not those of a catalog")
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = NORMAL")

    @contextmanager
    def _guarded(self) -> Iterator[None]:
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
            else:
                hint = f"the catalog cannot be used: {said}"
            raise CatalogError(f"{self.path}: {hint}") from exc

    def _take_lock(self) -> None:
        """Be the one writer. SQLite's own file locks end with the process, however it ends."""
        if self._lock is not None:
            return
        lock_path = f"{self.path}.lock"
        try:
            os.close(os.open(lock_path, os.O_CREAT | os.O_RDWR, 0o600))
        except OSError as exc:
            raise CatalogError(f"{lock_path}: cannot be created: {exc.strerror or exc}") from exc
        lock = sqlite3.connect(lock_path, isolation_level=None, timeout=0.0)
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as exc:
            lock.close()
            if "locked" not in str(exc):
                raise CatalogError(f"{lock_path}: {exc}") from exc
            holder = self._db.execute(
                "SELECT kind, pid, host, started FROM runs WHERE state = 'running' ORDER BY id DESC"
            ).fetchone()
            who = f" ({holder[0]}, process {holder[1]} on {holder[2]}, since {holder[3]})" if holder else ""
            raise CatalogError(f"{self.path}: another scan is writing this catalog{who}") from exc
        self._lock = lock

    # -- a run --------------------------------------------------------------------------------------------

    def begin(self, audit: Audit, *, settings: Settings | None = None, kind: str = "scan") -> int:
        """Begin a run and return its number.

        Parameters
        ----------
        audit : Audit
            Lists and settings: files decided under the same ones are not decided again.
        settings : Settings, optional
            What else decisions depend on: the matcher's own settings.
        kind : "scan" or "rematch"

        Raises
        ------
        CatalogError
            Another process is writing this catalog.
        """
        facts = {
            "version": audit.version,
            "algorithm": audit.algorithm,
            "effort": audit.effort,
            "lists": sorted((info.name, info.snapshot) for info in audit.lists),
            "thresholds": dict(audit.thresholds),
            "min_quality": audit.min_quality,
            "settings": _canonical({} if settings is None else settings),
        }
        text = json.dumps(facts, sort_keys=True)
        self._take_lock()
        with self._guarded():
            self._db.execute("UPDATE runs SET state = 'killed' WHERE state = 'running'")
            cursor = self._db.execute(
                "INSERT INTO runs (kind, state, started, host, pid, settings_key, settings)"
                " VALUES (?, 'running', ?, ?, ?, ?, ?)",
                (
                    kind, _now(), socket.gethostname(), os.getpid(),
                    hashlib.sha256(text.encode()).hexdigest(), text,
                ),
            )  # fmt: skip
            self._run = cursor.lastrowid
            assert self._run is not None
            self._settings_key = hashlib.sha256(text.encode()).hexdigest()
            self._is_new = self._db.execute("SELECT id FROM files LIMIT 1").fetchone() is None
        return self._run

    def known(self, item: Item, *, retry_failed: bool = False) -> Known | None:
        """Return what is known of an item, if neither it nor lists nor settings have changed since."""
        if self._is_new or item.size is None or item.mtime_ns is None:
            return None
        with self._guarded():
            row = self._db.execute(
                "SELECT id, size, mtime_ns, settings_key, outcome, reason, failure FROM files"
                " WHERE path = ? AND position = ?",
                (os.fsencode(item.path), item.position),
            ).fetchone()
        if row is None:
            return None
        file, size, mtime_ns, settings_key, outcome, reason, failure = row
        if (size, mtime_ns) != (item.size, item.mtime_ns):
            return None
        if outcome == SKIPPED:
            return Known(outcome=outcome, skipped=reason) if not item.named else None
        if settings_key != self._settings_key or (retry_failed and failure in _RETRIED_ON_REQUEST):
            return None
        if outcome != "match":
            return Known(outcome=outcome)
        with self._guarded():
            found = self._db.execute(
                "SELECT list, labels FROM matches WHERE file = ? AND suppressed_by IS NULL", (file,)
            ).fetchall()
        labels = {label for _, text in found for label in json.loads(text)}
        return Known(outcome=outcome, lists=tuple({name for name, _ in found}), labels=tuple(labels))

    def add(self, record: ScanEvent) -> None:
        """Write one record; it is safe on disk within a second."""
        with self._guarded():
            if self._n_pending == 0:
                self._db.execute("BEGIN")
            self._n_pending += 1
            if isinstance(record, ScanRecord):
                self._add_decided(record)
            elif isinstance(record, Skipped):
                self._put_file(record, outcome=SKIPPED, reason=record.reason)
            else:
                self._db.execute(
                    "INSERT INTO problems (run, path, reason) VALUES (?, ?, ?)",
                    (self._run, os.fsencode(record.path), record.reason),
                )
            if self._n_pending >= _COMMIT_RECORDS or time.monotonic() - self._committed > _COMMIT_SECONDS:
                self._commit()

    def end(self, state: str, summary: Summary | None) -> None:
        """End the run as "finished", "interrupted" or "failed", and let others write."""
        try:
            with self._guarded():
                self._commit()
                self._db.execute(
                    "UPDATE runs SET state = ?, finished = ?, summary = ? WHERE id = ?",
                    (state, _now(), json.dumps(summary.to_record()) if summary else None, self._run),
                )
        except CatalogError:
            if state != "failed":
                raise  # a failing run has its own error to report
        finally:
            if self._lock is not None:
                self._lock.close()
                self._lock = None

    def replace_matches_of(self, lists: Sequence[str]) -> None:
        """Begin to replace what earlier re-matches found on lists of these names; `end` completes it."""
        with self._guarded():
            self._db.execute("BEGIN")
            self._db.executemany(
                "DELETE FROM matches WHERE list = ? AND run IN (SELECT id FROM runs WHERE kind = 'rematch')",
                [(name,) for name in lists],
            )

    def roll_back(self) -> None:
        """Give up what has not been committed."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def _commit(self) -> None:
        if self._db.in_transaction:
            try:
                self._db.execute("COMMIT")
            except sqlite3.DatabaseError:
                with suppress(sqlite3.DatabaseError):  # a full disk may have rolled back already
                    self._db.execute("ROLLBACK")
                raise
        self._n_pending = 0
        self._committed = time.monotonic()

    def _put_file(
        self, record: ScanRecord | Skipped, *, outcome: str, reason: str | None, **facts: Any
    ) -> int:
        """Replace what is known of a file, hashes and matches included."""
        path = os.fsencode(record.path)
        cursor = self._db.execute(
            "INSERT OR REPLACE INTO files (path, position, member, size, mtime_ns, settings_key, run, decided, outcome,"
            " reason, failure, quality, provenance, milliseconds)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                path, record.position, None if record.member is None else as_bytes(record.member), record.size,
                facts.get("mtime_ns", record.mtime_ns), self._settings_key, self._run,
                facts.get("decided") or _now(), outcome, _plain(reason), facts.get("failure"),
                facts.get("quality"), facts.get("provenance"), facts.get("milliseconds"),
            ),
        )  # fmt: skip
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def _add_decided(self, record: ScanRecord) -> None:
        decision = record.decision
        # Without a time of change, the next scan decides the file again.
        unsettled = record.failure in ("read", "changed", "deadline")
        file = self._put_file(
            record,
            outcome=decision.outcome.value,
            reason=decision.reason,
            mtime_ns=None if unsettled else record.mtime_ns,
            decided=decision.decided,
            failure=record.failure,
            quality=decision.hash.quality if decision.hash is not None else None,
            provenance=None if decision.provenance is None else _provenance_text(decision.provenance),
            milliseconds=round(decision.milliseconds, 3),
        )
        own = () if decision.hash is None else (decision.hash,)
        self._db.executemany(
            "INSERT OR REPLACE INTO hashes (file, algorithm, digest) VALUES (?, ?, ?)",
            [(file, value.algorithm.value, value.digest) for value in (*own, *record.digests)],
        )
        if decision.matches:
            self.add_matches(file, decision.matches)

    def add_matches(self, file: int, matches: Sequence[Match]) -> None:
        """Add matches of one file to the run under way."""
        # What a scan found stands; a re-match that finds the same again adds nothing, but one without the
        # allow-list that suppressed it does.
        statement = (
            "INSERT INTO matches (file, run, list, entry, category, labels, algorithm, digest, distance,"
            " view, suppressed_by) SELECT :file, :run, :list, :entry, :category, :labels, :algorithm,"
            " :digest, :distance, :view, :suppressed_by WHERE NOT EXISTS ("
            "SELECT 1 FROM matches WHERE file = :file AND list = :list AND entry IS :entry"
            " AND digest IS :digest AND (suppressed_by IS NULL OR :suppressed_by IS NOT NULL))"
        )
        with self._guarded():
            self._db.executemany(statement, [_match_row(file, self._run, match) for match in matches])

    # -- reading ------------------------------------------------------------------------------------------

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of one SELECT; for the export and the report, which know the tables."""
        with self._guarded():
            rows = self._db.execute(sql, parameters)
        while True:
            with self._guarded():
                row = rows.fetchone()
            if row is None:
                return
            yield row

    def number(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Return the one number that a SELECT asks for."""
        return int(next(self.query(sql, parameters))[0] or 0)

    def check_integrity(self) -> None:
        """Read the whole file and compare it with itself.

        Raises
        ------
        CatalogError
            It is damaged; the message says where.
        """
        with self._guarded():
            found = [row[0] for row in self._db.execute("PRAGMA integrity_check")]
            broken = self._db.execute("PRAGMA foreign_key_check").fetchall()
        if found != ["ok"] or broken:
            raise CatalogError(f"{self.path}: damaged: {found[0] if found != ['ok'] else broken[0]}")


@lru_cache(maxsize=256)
def _provenance_text(provenance: Provenance) -> str:
    """Write provenance as JSON; most pictures of a store came about alike."""
    return json.dumps(provenance.to_record())


def _match_row(file: int, run: int | None, match: Match) -> dict[str, Any]:
    entry = match.entry
    own = entry.hash if isinstance(entry.hash, Hash) else None
    return {
        "file": file,
        "run": run,
        "list": _plain(entry.source),
        "entry": _plain(entry.id),
        "category": entry.category,
        "labels": json.dumps(list(entry.labels)),
        "algorithm": own.algorithm.value if own is not None else None,
        "digest": own.digest if own is not None else None,
        "distance": match.distance,
        "view": match.view,
        "suppressed_by": match.suppressed_by,
    }


def name_text(stored: bytes | None) -> str | None:
    """Return a stored name of an archive's member as text; what is not UTF-8 as lone surrogates."""
    return None if stored is None else stored.decode("utf-8", "surrogateescape")


def _plain(text: str | None) -> str | None:
    """Make text that SQLite takes: what is not UTF-8 becomes visible escapes."""
    return None if text is None else text.encode("utf-8", "backslashreplace").decode("utf-8")


def _canonical(value: Any) -> Any:
    """Return settings as plain data that reads the same in every process."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: _canonical(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _canonical(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, (set, frozenset)):
        return sorted(str(each) for each in value)
    if isinstance(value, (list, tuple)):
        return [_canonical(each) for each in value]
    return value if value is None or isinstance(value, (bool, int, float)) else str(value)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")
