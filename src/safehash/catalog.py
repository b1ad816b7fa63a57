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
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .decision import Audit, Decision, Match
from .errors import CatalogError
from .hashes import Algorithm, Hash, turn_digests
from .items import Item
from .records import Problem, ScanRecord, Skipped, Summary

if TYPE_CHECKING:
    from _typeshed import StrPath

    from .matcher import Matcher

__all__ = ["Catalog", "Known", "Similar"]

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
    member TEXT,
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
_RETRIED_ON_REQUEST = frozenset({"crash", "timeout", "memory"})
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """One of our files near a hash that was asked about."""

    path: str
    member: str | None
    distance: int
    view: str
    outcome: str
    hash: Hash


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
    One process writes at a time (`begin` refuses the second); any number may read meanwhile. An object belongs
    to one thread.
    """

    def __init__(self, path: StrPath, *, create: bool = True) -> None:
        self.path = os.fspath(path)
        self._lock: sqlite3.Connection | None = None
        self._run: int | None = None
        self._settings_key = ""
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
            raise CatalogError(f"{self.path}: written by a newer version (schema {version}, known {_VERSION})")
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
                hint = "no space left for the catalog; what was committed is safe, run the scan again to go on"
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

    def begin(self, audit: Audit, *, settings: Mapping[str, Any] | None = None, kind: str = "scan") -> int:
        """Begin a run and return its number.

        Parameters
        ----------
        audit : Audit
            Lists and settings: files decided under the same ones are not decided again.
        settings : mapping, optional
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
            "settings": _canonical(settings or {}),
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
        return self._run

    def known(self, item: Item, *, retry_failed: bool = False) -> Known | None:
        """Return what is known of an item, if neither it nor lists nor settings have changed since."""
        if item.size is None or item.mtime_ns is None:
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

    def add(self, record: ScanRecord | Skipped | Problem) -> None:
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
        self._db.execute("DELETE FROM files WHERE path = ? AND position = ?", (path, record.position))
        cursor = self._db.execute(
            "INSERT INTO files (path, position, member, size, mtime_ns, settings_key, run, decided, outcome, reason,"
            " failure, quality, provenance, milliseconds) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                path, record.position, _plain(record.member), record.size, facts.get("mtime_ns", record.mtime_ns),
                self._settings_key, self._run, facts.get("decided") or _now(), outcome, _plain(reason),
                facts.get("failure"), facts.get("quality"), facts.get("provenance"), facts.get("milliseconds"),
            ),
        )  # fmt: skip
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def _add_decided(self, record: ScanRecord) -> None:
        decision = record.decision
        # Without a time of change, the next scan decides the file again.
        unsettled = record.failure in ("read", "changed")
        file = self._put_file(
            record,
            outcome=decision.outcome.value,
            reason=decision.reason,
            mtime_ns=None if unsettled else record.mtime_ns,
            decided=decision.decided,
            failure=record.failure,
            quality=decision.hash.quality if decision.hash is not None else None,
            provenance=json.dumps(decision.provenance.to_record()) if decision.provenance is not None else None,
            milliseconds=round(decision.milliseconds, 3),
        )
        own = () if decision.hash is None else (decision.hash,)
        self._db.executemany(
            "INSERT OR REPLACE INTO hashes (file, algorithm, digest) VALUES (?, ?, ?)",
            [(file, value.algorithm.value, value.digest) for value in (*own, *record.digests)],
        )
        self._add_matches(file, decision.matches)

    def _add_matches(self, file: int, matches: Sequence[Match]) -> None:
        self._db.executemany(
            "INSERT INTO matches (file, run, list, entry, category, labels, algorithm, digest, distance, view,"
            " suppressed_by) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [_match_row(file, self._run, match) for match in matches],
        )

    # -- matching what was seen ---------------------------------------------------------------------------

    def rematch(self, matcher: Matcher) -> Iterator[tuple[str, str | None, Decision]]:
        """Match every stored hash against other lists, without touching an image.

        Parameters
        ----------
        matcher : Matcher

        Yields
        ------
        path, member, decision
            For each file and hash that matches (suppressed matches included). The matches are added to the
            catalog, replacing those of earlier re-matches against lists of the same names.

        Notes
        -----
        A stored hash is looked up as it is, turned and negative; what only a crop, a frame or a later picture
        of an animation would show needs a scan. Pictures below the quality floor are not matched.
        """
        self.begin(matcher.audit, kind="rematch")
        state = "failed"
        try:
            with self._guarded():
                self._db.execute("BEGIN")
                self._db.executemany(
                    "DELETE FROM matches WHERE list = ? AND run IN (SELECT id FROM runs WHERE kind = 'rematch')",
                    [(info.name,) for info in matcher.lists],
                )
            for algorithm in Algorithm:
                yield from self._rematch_one(matcher, algorithm)
            state = "finished"
        except (GeneratorExit, KeyboardInterrupt):
            state = "interrupted"
            raise
        finally:
            if state != "finished" and self._db.in_transaction:
                self._db.execute("ROLLBACK")  # the earlier re-match stays whole
            self.end(state, None)

    def _rematch_one(
        self, matcher: Matcher, algorithm: Algorithm
    ) -> Iterator[tuple[str, str | None, Decision]]:
        for files, digests, qualities in self.batches(algorithm):
            values = [
                Hash(algorithm, digest.tobytes(), quality=None if quality < 0 else quality)
                for digest, quality in zip(digests, qualities.tolist(), strict=True)
            ]
            for file, decision in zip(files.tolist(), matcher.check_hashes(values), strict=True):
                if decision.matches:
                    with self._guarded():
                        self._add_matches(file, decision.matches)
                        path, member = self._db.execute(
                            "SELECT path, member FROM files WHERE id = ?", (file,)
                        ).fetchone()
                    yield os.fsdecode(path), member, decision

    def batches(
        self, algorithm: Algorithm, *, n_rows: int = _BATCH_ROWS
    ) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8], npt.NDArray[np.int16]]]:
        """Yield all stored digests of one algorithm in batches.

        Yields
        ------
        files : int64, shape (n,)
        digests : uint8, shape (n, n_bytes)
        qualities : int16, shape (n,)
            -1 where none was measured, and for digests of a file's bytes.
        """
        last = -1
        while True:
            with self._guarded():
                rows = self._db.execute(
                    "SELECT files.id, digest, quality FROM hashes JOIN files ON files.id = hashes.file"
                    " WHERE algorithm = ? AND files.id > ? ORDER BY files.id LIMIT ?",
                    (algorithm.value, last, n_rows),
                ).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            rows = [row for row in rows if isinstance(row[1], bytes) and len(row[1]) == algorithm.n_bytes]
            digests = np.frombuffer(b"".join(row[1] for row in rows), np.uint8)
            with_quality = algorithm.is_perceptual
            yield (
                np.array([row[0] for row in rows], np.int64),
                digests.reshape(len(rows), algorithm.n_bytes),
                np.array(
                    [row[2] if with_quality and row[2] is not None and 0 <= row[2] <= 100 else -1 for row in rows],
                    np.int16,
                ),
            )

    def similar(self, value: Hash, *, max_distance: int) -> list[Similar]:
        """Return which of our files look like a hash: as it is, turned, or negative. Nearest first.

        Parameters
        ----------
        value : Hash
        max_distance : int
            In bits, inclusive; file digests are equal or not.
        """
        found: list[tuple[int, str, int, bytes]] = []
        wanted = np.frombuffer(value.digest, np.uint8)[None, :]
        names: tuple[str, ...] = ("as it is",)
        if value.algorithm.is_perceptual:
            from .views import TURN_NAMES

            turned = turn_digests(wanted, algorithm=value.algorithm)[0]
            wanted = np.concatenate([turned, ~wanted])
            names = (*TURN_NAMES, "negative")
        else:
            max_distance = 0
        for files, digests, _ in self.batches(value.algorithm):
            nearest = np.full(len(files), max_distance + 1, np.int64)
            views = np.zeros(len(files), np.int64)
            for number, query in enumerate(wanted):
                distances = _BITS[digests ^ query].sum(axis=1, dtype=np.int64)
                better = distances < nearest
                nearest[better], views[better] = distances[better], number
            for at in np.flatnonzero(nearest <= max_distance).tolist():
                found.append((int(nearest[at]), names[views[at]], int(files[at]), digests[at].tobytes()))
        found.sort()
        return [self._similar(value.algorithm, *each) for each in found]

    def _similar(self, algorithm: Algorithm, distance: int, view: str, file: int, digest: bytes) -> Similar:
        with self._guarded():
            path, member, outcome, quality = self._db.execute(
                f"SELECT path, member, {OUTCOME_NOW}, quality FROM files WHERE id = ?", (file,)
            ).fetchone()
        return Similar(
            path=os.fsdecode(path),
            member=member,
            distance=distance,
            view=view,
            outcome=outcome,
            hash=Hash(algorithm, digest, quality=quality if algorithm.is_perceptual else None),
        )

    # -- reading ------------------------------------------------------------------------------------------

    def query(self, sql: str, parameters: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of one SELECT; for the export and the report, which know the tables."""
        with self._guarded():
            yield from self._db.execute(sql, parameters)

    def records(self, *, full_hashes: bool = False, only_matches: bool = False) -> Iterator[dict[str, Any]]:
        """Yield every decided file as plain data, in the order of its path.

        Parameters
        ----------
        full_hashes : bool
            Whole digests instead of their first 8 hexadecimal digits.
        only_matches : bool
            Leave out files without a match that counts.
        """
        condition = f"AND {OUTCOME_NOW} = 'match'" if only_matches else ""
        shown = 10**6 if full_hashes else 8
        for row in self.query(
            f"SELECT id, path, member, position, size, mtime_ns, {OUTCOME_NOW}, reason, failure, quality,"
            f" provenance, decided, milliseconds FROM files WHERE outcome <> '{SKIPPED}' {condition}"
            " ORDER BY path, position"
        ):
            file, path, member, position, size, mtime_ns, outcome, reason, failure, quality, how, decided, ms = row
            record: dict[str, Any] = {"type": "decision", "path": os.fsdecode(path)}
            if member is not None:
                record.update(member=member, position=position)
            record.update(size=size, modified_ns=mtime_ns, outcome=outcome)
            if reason is not None:
                record["reason"] = reason
            if failure is not None:
                record["failure"] = failure
            for algorithm, digest in self.query(
                "SELECT algorithm, digest FROM hashes WHERE file = ? ORDER BY algorithm", (file,)
            ):
                if algorithm in _FILE_DIGESTS:
                    record[algorithm] = digest.hex()[:shown]
                else:
                    record.update(algorithm=algorithm, hash=digest.hex()[:shown], quality=quality)
            record["suggestion"] = "review" if outcome == "match" else "none"
            record["matches"] = list(self._matches_of(file, shown))
            if how is not None:
                record["decode"] = json.loads(how)
            record.update(decided=decided, milliseconds=ms)
            yield record

    def _matches_of(self, file: int, shown: int) -> Iterator[dict[str, Any]]:
        for source, entry, category, labels, algorithm, digest, distance, view, suppressed_by in self.query(
            "SELECT list, entry, category, labels, algorithm, digest, distance, view, suppressed_by FROM matches"
            " WHERE file = ? ORDER BY suppressed_by IS NOT NULL, distance, id",
            (file,),
        ):
            record = {
                "list": source, "id": entry, "category": category, "labels": json.loads(labels),
                "distance": distance, "view": view,
            }  # fmt: skip
            if digest is not None:
                record.update(algorithm=algorithm, hash=digest.hex()[:shown])
            if suppressed_by is not None:
                record["suppressed_by"] = suppressed_by
            yield record

    def stats(self) -> dict[str, Any]:
        """Return counts of everything, as plain data."""
        return {
            "files": self.number(f"SELECT count(*) FROM files WHERE outcome <> '{SKIPPED}'"),
            "bytes": self.number(f"SELECT total(size) FROM files WHERE position = 0 AND outcome <> '{SKIPPED}'"),
            "outcomes": self._counts(
                f"SELECT {OUTCOME_NOW}, count(*) FROM files WHERE outcome <> '{SKIPPED}' GROUP BY 1"
            ),
            "left_aside": self._counts(
                f"SELECT reason, count(*) FROM files WHERE outcome = '{SKIPPED}' GROUP BY 1"
            ),
            "failures": self._counts("SELECT failure, count(*) FROM files WHERE failure IS NOT NULL GROUP BY 1"),
            "hashes": self._counts("SELECT algorithm, count(*) FROM hashes GROUP BY 1"),
            "matched_lists": self._counts(
                "SELECT list, count(DISTINCT file) FROM matches WHERE suppressed_by IS NULL GROUP BY 1"
            ),
            "runs": [
                {"kind": kind, "state": state, "started": started, "finished": finished or "-"}
                for kind, state, started, finished in self.query(
                    "SELECT kind, state, started, finished FROM runs ORDER BY id"
                )
            ],
        }

    def number(self, sql: str, parameters: Sequence[Any] = ()) -> int:
        """Return the one number that a SELECT asks for."""
        return int(next(self.query(sql, parameters))[0] or 0)

    def _counts(self, sql: str) -> dict[str, int]:
        return {str(name): int(n) for name, n in self.query(f"{sql} ORDER BY 2 DESC, 1")}

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


_FILE_DIGESTS = frozenset(algorithm.value for algorithm in Algorithm if not algorithm.is_perceptual)
_BITS = np.array([bin(k).count("1") for k in range(256)], np.uint8)


def _match_row(file: int, run: int | None, match: Match) -> tuple[Any, ...]:
    entry = match.entry
    own = entry.hash if isinstance(entry.hash, Hash) else None
    return (
        file, run, _plain(entry.source), _plain(entry.id), entry.category, json.dumps(list(entry.labels)),
        own.algorithm.value if own is not None else None, own.digest if own is not None else None,
        match.distance, match.view, match.suppressed_by,
    )  # fmt: skip


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
