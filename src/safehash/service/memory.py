"""What a service remembers: flood counts and what reviewers said, shared between processes, kept over restarts.

One SQLite file (WAL, mode 0600). Every process adds what it counted and takes what the others did, once a second; so
an entry that floods all of them together is quarantined in each.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from ..errors import SafehashError
from ..hashing.hashes import Algorithm, Hash
from ..matching.decision import Decision
from ..matching.flood import FloodGuard
from ..scanning.databases import OwnFile, is_made_of

__all__ = ["Memory", "Verdict", "named_by"]

#: "shsv" in SQLite's own field for whose file it is.
_APPLICATION = 0x73687376
_VERSION = 1

_TABLES = """
CREATE TABLE clock (tick INTEGER NOT NULL, uploads INTEGER NOT NULL);
INSERT INTO clock VALUES (0, 0);
CREATE TABLE counts (entry TEXT PRIMARY KEY, n INTEGER NOT NULL, tick INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX counts_tick ON counts (tick);
CREATE TABLE quarantined (entry TEXT PRIMARY KEY, n_uploads INTEGER NOT NULL, n_matches INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE released (entry TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE verdicts (
    entry TEXT NOT NULL, upload TEXT NOT NULL, said_by TEXT NOT NULL, said TEXT NOT NULL, note TEXT NOT NULL,
    PRIMARY KEY (entry, upload)
) WITHOUT ROWID;
"""

#: What reading raises of what none of ours wrote: no text, no JSON, no key, no hash.
_ODD = (ValueError, TypeError)

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """That what an entry matches is harmless: for one upload and what is like it, or for all.

    Attributes
    ----------
    entry : tuple of str
        Its key.
    upload : Hash or None
        The upload that was looked at; None for whatever the entry matches.
    said_by, said, note : str
        Who said it, when (ISO 8601), and what else.
    """

    entry: Key
    upload: Hash | None
    said_by: str
    said: str
    note: str

    def to_record(self) -> dict[str, Any]:
        """Return it as plain data, the digest shortened."""
        return {
            "list": self.entry[0],
            **named_by(self.entry),
            "upload": None if self.upload is None else self.upload.hex[:8],
            "said_by": self.said_by,
            "said": self.said,
            "note": self.note,
        }


class Memory:
    """The memory of one process, and the file that it shares with others.

    Safe to share between threads.

    Parameters
    ----------
    path : str or None
        None: nothing is shared, nothing is kept.
    guard : FloodGuard or None
        Counts here what all processes count.

    Raises
    ------
    SafehashError
        The file is none of ours, of a newer version, or cannot be used.
    """

    def __init__(self, path: str | None, guard: FloodGuard | None) -> None:
        self._path = path or ":memory:"
        self._guard = guard
        self._shared: OwnFile | None = None
        self._lock = threading.Lock()  # of what is counted: never held for longer than that
        self._file = threading.Lock()
        self._n_pending = 0
        self._pending: Counter[Key] = Counter()
        self._tick = 0
        self._n_uploads = 0  # of all processes, as of the last look
        self._counted: Counter[Key] = Counter()  # likewise
        self._kept: set[Key] = set()  # quarantined in the file
        self._verdicts: dict[Key, tuple[Verdict, ...]] = {}
        try:
            if path is None:
                self._db = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
            else:
                file = OwnFile(
                    path, application=_APPLICATION, error=SafehashError, what="service's memory", create=True
                )
                file.expect_own()
                self._shared = file
                self._db = file.connect(isolation_level=None, timeout=10.0, check_same_thread=False)
            self._open()
            self._beside = () if self._shared is None else self._shared.beside
            self.sync()
        except (sqlite3.DatabaseError, *_ODD) as exc:  # SQLite's messages may be no text
            raise SafehashError(f"{self._path}: cannot be used as the service's memory: {exc}") from exc

    def _open(self) -> None:
        db = self._db
        db.execute("PRAGMA trusted_schema = OFF")
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("BEGIN IMMEDIATE")
        try:
            application, version = (
                db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
            )
            if not db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                for statement in _TABLES.split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA application_id = {_APPLICATION}")
                db.execute(f"PRAGMA user_version = {_VERSION}")
            elif application != _APPLICATION:
                raise SafehashError(f"{self._path}: a database of something else")
            elif version != _VERSION:
                raise SafehashError(f"{self._path}: of version {version}, this one knows {_VERSION}")
            if not is_made_of(db, _TABLES.split(";")):
                raise SafehashError(f"{self._path}: its tables are not those of a service's memory")
            db.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise

    def close(self) -> None:
        """Keep what was counted, and let go of the file.

        Raises
        ------
        SafehashError
            It cannot be kept.
        """
        try:
            self.sync()
        finally:
            self._db.close()

    # -- counting -----------------------------------------------------------------------------------------

    def judged(self, decision: Decision, *, allow_distance: int) -> Decision:
        """Count a decision; return it without what reviewers said is harmless, and what floods."""
        if self._verdicts and decision.matches:
            harmless = {
                match.entry.key
                for match in decision.standing
                if self._is_harmless(match.entry.key, decision.hash, allow_distance)
            }
            decision = decision.suppressing(harmless, by="review")
        if self._guard is None:
            return decision
        keys = {match.entry.key for match in decision.standing}
        with self._lock:
            self._n_pending += 1
            self._pending.update(keys)
        return decision.suppressing(self._guard.record(keys), by="quarantine")

    def _is_harmless(self, entry: Key, upload: Hash | None, allow_distance: int) -> bool:
        for verdict in self._verdicts.get(entry, ()):
            if verdict.upload is None:
                return True
            if upload is not None and upload.algorithm is verdict.upload.algorithm:
                if not upload.algorithm.is_perceptual:
                    continue
                # Of a hash of 64 bits, a quarter: 16 hold whatever the entry matches, whichever picture was judged.
                near = allow_distance * upload.algorithm.n_bits // Algorithm.PDQ.n_bits
                if upload.distance(verdict.upload) <= near:
                    return True
        return False

    def sync(self) -> None:
        """Add what was counted here to the file, and take what others did.

        Raises
        ------
        SafehashError
            The file cannot be written; what was counted is added the next time.
        """
        with self._file:
            self._expect_there()
            with self._lock:
                n_new, new = self._n_pending, self._pending
                self._n_pending, self._pending = 0, Counter()
            try:
                self._exchange(n_new, new)
            except (sqlite3.Error, *_ODD) as exc:
                with self._lock:
                    self._n_pending += n_new
                    self._pending.update(new)
                what = (
                    "cannot be written"
                    if isinstance(exc, sqlite3.Error)
                    else "something odd was written into it"
                )
                raise SafehashError(f"{self._path}: {what}: {exc}") from exc

    def _expect_there(self) -> None:
        """Raise where it, its log or the locks on that were moved or removed: nobody would find what is written."""
        shared = self._shared
        if shared is not None and not (shared.is_there and shared.beside == self._beside):
            raise SafehashError(
                f"{self._path}: it, or {self._path}-wal or -shm, was moved, removed or replaced; put it back, or start "
                "again"
            )

    def _exchange(self, n_new: int, new: Counter[Key]) -> None:
        db, guard = self._db, self._guard
        writes = bool(n_new or new) or (
            guard is not None and any(each.entry not in self._kept for each in guard.quarantined())
        )
        db.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
        try:
            if writes:
                db.execute("UPDATE clock SET tick = tick + 1, uploads = uploads + ?", (n_new,))
                (tick,) = db.execute("SELECT tick FROM clock").fetchone()
                db.executemany(
                    "INSERT INTO counts VALUES (?, ?, ?) "
                    "ON CONFLICT (entry) DO UPDATE SET n = n + excluded.n, tick = excluded.tick",
                    [(_text(key), n, tick) for key, n in new.items()],
                )
            self._adopt(n_new, new)
            fresh = self._quarantine() if writes else ()
            (now,) = db.execute("SELECT tick FROM clock").fetchone()
            db.execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        # What was counted here stands in the file from now on, and not before.
        self._n_uploads += n_new
        self._counted.update(new)
        self._kept.update(fresh)
        self._tick = now

    def _roll_back(self) -> None:
        """Take back what was begun, unless SQLite has: of a full disk it does."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    def _adopt(self, n_new: int, new: Counter[Key]) -> None:
        """Take over what the file says beyond what this process knows, and what it has just written there."""
        db, guard = self._db, self._guard
        verdicts: dict[Key, list[Verdict]] = {}
        for entry, upload, said_by, said, note in db.execute(
            "SELECT entry, upload, said_by, said, note FROM verdicts"
        ):
            verdict = Verdict(entry=_key(entry), upload=_hash(upload), said_by=said_by, said=said, note=note)
            verdicts.setdefault(verdict.entry, []).append(verdict)
        self._verdicts = {entry: tuple(each) for entry, each in verdicts.items()}
        if guard is None:
            return
        for (entry,) in db.execute("SELECT entry FROM released"):
            guard.release(_key(entry))
        for entry, n_uploads, n_matches in db.execute("SELECT entry, n_uploads, n_matches FROM quarantined"):
            guard.quarantine(_key(entry), n_uploads=n_uploads, n_matches=n_matches)
            self._kept.add(_key(entry))
        (n_uploads,) = db.execute("SELECT uploads FROM clock").fetchone()
        others: list[tuple[Key, int]] = []
        for text, n in db.execute("SELECT entry, n FROM counts WHERE tick > ?", (self._tick,)):
            key = _key(text)
            theirs = n - self._counted[key] - new[key]
            self._counted[key] = n - new[key]
            if theirs > 0:
                others.append((key, theirs))
        guard.merge_counts(max(0, n_uploads - self._n_uploads - n_new), others)
        self._n_uploads = n_uploads - n_new

    def _quarantine(self) -> tuple[Key, ...]:
        """Write down what this process found to flood; return what was not there."""
        fresh = {
            each.entry: (_text(each.entry), each.n_uploads, each.n_matches_then)
            for each in (() if self._guard is None else self._guard.quarantined())
            if isinstance(each.entry, tuple) and each.entry not in self._kept
        }
        self._db.executemany("INSERT OR IGNORE INTO quarantined VALUES (?, ?, ?)", fresh.values())
        return tuple(fresh)

    # -- reviewers ----------------------------------------------------------------------------------------

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What reviewers said is harmless, as of the last `sync`."""
        return tuple(verdict for each in self._verdicts.values() for verdict in each)

    def say_harmless(
        self, entries: Sequence[Key], upload: Hash | None, *, said_by: str, note: str = ""
    ) -> tuple[Verdict, ...]:
        """Keep that what entries match is harmless, for one upload and what is like it, or for all."""
        said = datetime.now(timezone.utc).isoformat(timespec="seconds")
        text = "" if upload is None else f"{upload.algorithm.value}:{upload.hex}"
        self._write(
            (
                "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?)",
                (_text(entry), text, said_by, said, note),
            )
            for entry in entries
        )
        return tuple(
            Verdict(entry=entry, upload=upload, said_by=said_by, said=said, note=note) for entry in entries
        )

    def say_harmful(self, entries: Sequence[Key]) -> None:
        """Take back what was said of entries, and put those into service for good that were quarantined."""
        self._write(
            (statement, (_text(entry),))
            for entry in entries
            for statement in (
                "DELETE FROM verdicts WHERE entry = ?",
                "DELETE FROM quarantined WHERE entry = ?",
                "INSERT OR IGNORE INTO released VALUES (?)",
            )
        )
        if self._guard is not None:
            for entry in entries:
                self._guard.release(entry)

    def _write(self, statements: Iterable[tuple[str, tuple[str, ...]]]) -> None:
        """Execute all of them, or none where one fails: nobody knows of half a verdict what it is."""
        with self._file:
            self._expect_there()
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    for statement, values in statements:
                        self._db.execute(statement, values)
                    self._db.execute("COMMIT")
                except BaseException:
                    self._roll_back()
                    raise
            except sqlite3.Error as exc:
                raise SafehashError(f"{self._path}: cannot be written: {exc}") from exc
        self.sync()


def named_by(key: Key) -> dict[str, str]:
    """Return how an entry's key names it: by its id, or by its digest, shortened."""
    _, kind, value = key
    return {"id": value} if kind == "id" else {"algorithm": kind, "hash": value[:8]}


def _text(key: Key) -> str:
    return json.dumps(key)


def _key(text: str) -> Key:
    return tuple(map(str, json.loads(text)))


def _hash(text: str) -> Hash | None:
    algorithm, _, digits = text.partition(":")
    return Hash.from_hex(algorithm, digits) if digits else None
