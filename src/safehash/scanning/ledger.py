"""One run written into a catalog: what it knows already, what it adds, and at its end what is gone."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING

from ..errors import CatalogError
from ..hashing.algorithms import Algorithm
from ..images.pictures import Provenance
from ..matching.decision import Outcome, outcome_without
from ..matching.printable import as_bytes, plain
from .archives import has_archive_name
from .holdings import facts_of
from .incoming import FileFacts, FileRow, Incoming, Key, Look
from .items import NOT_OPENED, Item
from .missing import Met, Missing, missing
from .mounts import Mounts
from .namesakes import dropped
from .numbers import Numbers
from .places import Places, absolute, resolved
from .records import Known, Problem, ScanEvent, ScanRecord, Skipped, Summary
from .sameness import digests_known, has_matches, hashes_known, is_same
from .schema import SKIPPED
from .scopes import HASHES, Scope
from .sightings import EntryKey, Running, drop_left, merge, settle_match, settle_outcome

if TYPE_CHECKING:
    from ..hashing.hashes import Hash
    from ..matching.decision import Audit, Match
    from ..matching.settings import Settings
    from .store import Store

__all__ = ["Ledger"]

#: Failures of the machinery that a scan tries again when asked to.
_RETRIED_ON_REQUEST = "('crash', 'timeout', 'memory', 'internal')"
#: Failures after which the next scan decides the file again unasked.
_UNSETTLED = ("read", "changed", "deadline")
_PERCEPTUAL = frozenset(each.value for each in Algorithm if each.is_perceptual)
#: Outcomes of files that have matches.
_MATCHED = ("match", "suppressed")
#: Why files are left aside that nobody looked at: what is known of them stays.
_UNASKED = frozenset({"hidden", "symbolic link", "folder seen before"})


class Ledger:
    """A run under way. The catalog's lock is held until `end`.

    Parameters
    ----------
    store : Store
    audit : Audit
        Lists and settings: files decided under the same ones are not decided again.
    settings : Settings, optional
        What else decisions depend on: the matcher's own settings.
    kind : "scan" or "rematch"
    effort : str, optional
        In place of the audit's.
    tops : sequence of str
        Folders that are looked at as a whole.
    digests : collection of str
        Algorithms of file digests that are to be known of each file: where one is missing, a file is decided again.
    detailed : bool
        What is known of a file is told whole, and not its outcome and matches alone.

    Raises
    ------
    CatalogError
        Another process is writing this catalog.
    """

    def __init__(
        self,
        store: Store,
        audit: Audit,
        *,
        settings: Settings | None = None,
        kind: str = "scan",
        effort: str | None = None,
        tops: Sequence[str] = (),
        digests: Collection[str] = (),
        detailed: bool = False,
    ) -> None:
        self._store, self._audit, self._detailed = store, audit, detailed
        self._digests = frozenset(digests)
        held = [name for name in audit.algorithm.split(",") if name in _PERCEPTUAL]
        #: The kind of hash that decisions tell, where it is not PDQ: lists of several are looked up, and one is told.
        self._kind = held[0] if held and Algorithm.PDQ.value not in held else None
        self.scope = Scope.of(audit, settings, effort=effort)
        store.take_lock()
        try:
            with store.transaction() as db, store.reading():
                db.execute("UPDATE runs SET state = 'killed' WHERE state = 'running'")
                scopes = {
                    number: Scope(lists=json.loads(lists), effort=one_effort, settings=one_settings)
                    for number, lists, one_effort, one_settings in db.execute("SELECT * FROM scopes")
                }
                self._scope = next((number for number, scope in scopes.items() if scope == self.scope), None)
                if self._scope is None:
                    self._scope = db.execute(
                        "INSERT INTO scopes (lists, effort, settings) VALUES (?, ?, ?)",
                        (self.scope.lists_text, self.scope.effort, self.scope.settings),
                    ).lastrowid
                    assert self._scope is not None
                    scopes[self._scope] = self.scope
                number = db.execute(
                    "INSERT INTO runs (kind, state, started, host, pid, scope) VALUES (?, 'running', ?, ?, ?, ?)",
                    (kind, now(), socket.gethostname(), os.getpid(), self._scope),
                ).lastrowid
                assert number is not None
                self.running = Running.of(number, self.scope, audit)
                self._mounts = Mounts(db)
                self._places = Places(db, meet=self._mounts.meet, moving=self._move)
                self._is_new = db.execute("SELECT id FROM files LIMIT 1").fetchone() is None
                self._incoming = Incoming(store, run=self.running.number, scope=self._scope)
                self._unmet: set[Key] = set()  # of what is being decided: no row was there
                self._archives: set[tuple[int, bytes]] = set()  # looked into, or found to be none
                self._tops = [self._places.add_top(folder) for folder in tops]
        except BaseException:
            store.release()
            raise
        self._lists = {
            number: scope.lists for number, scope in scopes.items() if scope.fits(self.scope)
        }  # of scopes that answer for ours, as far as their lists go
        #: Scopes of our settings: what was found under others says nothing of what we would find.
        self._alike = frozenset(
            number for number, scope in scopes.items() if scope.settings == self.scope.settings
        )
        self._replaced = [
            (number,)
            for number, scope in scopes.items()
            if number != self._scope and self.scope.replaces(scope)
        ]
        self._answers: dict[str, bool] = {}
        self._seen = Numbers()
        self._troubles: set[bytes] = set()  # places that could not be looked into as a whole

    # -- what is known ------------------------------------------------------------------------------------

    def known(self, item: Item, *, retry_failed: bool = False) -> Known | Skipped | None:
        """Return what is known of an item, if neither it nor lists nor settings have changed since."""
        if self._is_new or item.size is None or item.mtime_ns is None:
            return None
        with self._store.guarded():
            root, path = self._places.of(item.path)
            key = (root, path, item.position)
            if key in self._incoming:
                self._write_incoming()
            row = self._store.db.execute(
                "SELECT id, size, mtime_ns, outcome, reason, gone, quality, (SELECT group_concat(scope ||"
                f" CASE WHEN failure IN {_RETRIED_ON_REQUEST} THEN '!' ELSE '' END)"
                " FROM looks WHERE file = files.id) FROM files WHERE root = ? AND path = ? AND position = ?",
                key,
            ).fetchone()
            if row is None:
                self._unmet.add(key)
                return None
            if (row[1], row[2]) != (item.size, item.mtime_ns):
                return None
            file, _, _, outcome, reason, gone, quality, looks = row
            if outcome == SKIPPED:
                if item.named:
                    return None
                self._see(file, gone)
                self._look_into(key, item.path, reason)
                return Skipped(
                    path=item.path, member=item.member, position=item.position, reason=reason,
                    size=item.size, mtime_ns=item.mtime_ns,
                )  # fmt: skip
            if looks is None or not self._is_answered(looks, retry_failed=retry_failed):
                return None
            if (self._digests or self._kind is not None) and self._lacks_digests(file, quality):
                return None
            if outcome in _MATCHED and self._is_overruled(file):
                return None
            self._see(file, gone)
            self._look_into(key, item.path)
            return self._known(file, item.path)

    def digests_of(self, item: Item) -> tuple[Algorithm, ...]:
        """Return which digests of its bytes are known of an item that `known` had decided again."""
        if self._is_new or item.size is None:
            return ()
        with self._store.guarded():
            key = (*self._places.of(item.path), item.position)
            if key in self._unmet:
                return ()
            return digests_known(self._store.db, key)

    def hashes_of(
        self, item: Item, size: int | None, mtime_ns: int | None, digests: Sequence[Hash]
    ) -> tuple[Hash, ...]:
        """Return the picture's hashes that are known of an item, if it has the bytes of then, as far as can be told."""
        if self._is_new:
            return ()
        with self._store.guarded():
            key = (*self._places.of(item.path), item.position)
            return hashes_known(self._store.db, key, size, mtime_ns, digests)

    def _is_answered(self, looks: str, *, retry_failed: bool) -> bool:
        """Return whether looks under other scopes, together, leave nothing to ours."""
        key = f"{looks}{'?' if retry_failed else ''}"
        answer = self._answers.get(key)
        if answer is None:
            lists: dict[str, set[str]] = {}
            for look in looks.split(","):
                if look.endswith("!") and retry_failed:
                    continue
                for name, snapshot in self._lists.get(int(look.rstrip("!")), {}).items():
                    lists.setdefault(name, set()).add(snapshot)
            answer = all(
                snapshot in lists.get(name, ()) for name, snapshot in self.scope.lists.items()
            ) and bool(lists)
            self._answers[key] = answer
        return answer

    def _lacks_digests(self, file: int, quality: int | None) -> bool:
        """Return whether a digest that is asked for, or that lists are in, is not known of a file that could be hashed.

        A flat picture has none but PDQ.
        """
        rows = self._store.db.execute("SELECT algorithm FROM hashes WHERE file = ?", (file,))
        known = {algorithm for (algorithm,) in rows}
        if known and not self._digests <= known:
            return True
        if self._kind is None or self._kind in known or known.isdisjoint(_PERCEPTUAL):
            return False
        return quality is None or quality >= self._audit.min_quality

    def _is_overruled(self, file: int) -> bool:
        """Return whether a run with other settings (an allow-list, say) had the last word on a match with our lists."""
        last: dict[str, int] = {}  # the newest look at each list that answers for us
        for scope, run in self._store.db.execute("SELECT scope, run FROM looks WHERE file = ?", (file,)):
            for name in self._lists.get(scope, ()):
                last[name] = max(run, last.get(name, 0))
        return any(
            run > last.get(source, run) and scope not in self._alike
            for source, run, scope in self._store.db.execute(
                "SELECT list, sightings.run, scope FROM matches JOIN sightings ON match = matches.id"
                " JOIN runs ON runs.id = sightings.run WHERE file = ?",
                (file,),
            )
        )

    def _known(self, file: int, path: str) -> Known:
        facts = facts_of(
            self._store, file, path=path, lists=self.scope.lists, scopes=self._alike,
            algorithms=self._audit.algorithm.split(","), whole=self._detailed,
        )  # fmt: skip
        return Known(path=path, facts=facts)

    def _see(self, file: int, gone: str | None) -> None:
        self._seen.add(file)
        if gone is not None:
            self._store.begin_row()
            self._store.db.execute("UPDATE files SET gone = NULL WHERE id = ?", (file,))
            self._note(file, "back")
            self._store.row_written()
            self.settle()

    # -- what is added ------------------------------------------------------------------------------------

    def add(self, record: ScanEvent) -> None:
        """Write one record; it is safe on disk within a second."""
        if isinstance(record, Known) or record.path == "-":
            return  # it stands there already; what came through a pipe has no place
        with self._store.guarded():
            self._store.begin_row()
            if isinstance(record, ScanRecord):
                self._add_decided(record)
            else:
                self._write_incoming()
                if isinstance(record, Skipped):
                    self._add_skipped(record)
                else:
                    self._add_problem(record)
            self._store.row_written()
            if self._incoming.is_full:
                self._write_incoming()
        self.settle()

    def settle(self) -> None:
        """Commit what has waited for a second."""
        if self._store.is_due:
            with self._store.guarded():
                self._write_incoming()
                self._store.settle()

    def _write_incoming(self) -> None:
        """Write the rows of new files that wait to be written together; a transaction is under way since they do."""
        if len(self._incoming):
            self._incoming.write(self._write_row, self._seen.add)

    def _move(self, old: int, new: int, prefix: bytes) -> None:
        """Let what is kept here by its root go along when that comes to lie in another."""
        self._write_incoming()
        self._unmet = {
            (new, prefix + b"/" + path, position) if root == old else (root, path, position)
            for root, path, position in self._unmet
        }
        self._archives = {
            (new, prefix + b"/" + path) if root == old else (root, path) for root, path in self._archives
        }

    def _add_problem(self, record: Problem) -> None:
        self._troubles.add(resolved(record.path))
        self._note_problem(record.path, record.reason)

    def _note_problem(self, path: str, reason: str) -> None:
        self._store.db.execute(
            "INSERT INTO problems (run, path, reason) VALUES (?, ?, ?)",
            (self.running.number, os.fsencode(path), plain(reason)),
        )

    def _is_kept(self, record: ScanRecord) -> bool:
        """Return whether a file that is not there, by a name that somebody gave, is known: that stays as it is."""
        self._write_incoming()
        root, path = self._places.of(record.path)
        row = self._store.db.execute(
            "SELECT id FROM files WHERE root = ? AND path = ? AND position = 0", (root, path)
        ).fetchone()
        if row is None:
            return False
        self._note_problem(record.path, record.decision.reason or "cannot be read")
        return True

    def _add_skipped(self, record: Skipped) -> None:
        facts = FileFacts(
            outcome=SKIPPED, reason=plain(record.reason), member=_member(record), size=record.size,
            mtime_ns=record.mtime_ns, quality=None, provenance=None,
        )  # fmt: skip
        key = self._key_of(record)
        self._unmet.discard(key)
        file, is_new = self._row_of(key, facts)
        if not is_new and not (record.reason in _UNASKED and self._is_decided(file)):
            self._forget(file)
            self._update(file, facts)

    def _is_decided(self, file: int) -> bool:
        (outcome,) = self._store.db.execute("SELECT outcome FROM files WHERE id = ?", (file,)).fetchone()
        return bool(outcome != SKIPPED)

    def _add_decided(self, record: ScanRecord) -> None:
        decision = record.decision
        if record.failure == "read" and record.size is None and self._is_kept(record):
            return
        row = FileRow(
            FileFacts(
                outcome=outcome_without(decision).value,
                reason=plain(decision.reason),
                member=_member(record),
                size=record.size,
                # Without a time of change, the next scan decides the file again.
                mtime_ns=None if record.failure in _UNSETTLED else record.mtime_ns,
                quality=None if decision.hash is None else decision.hash.quality,
                provenance=None if decision.provenance is None else _provenance_text(decision.provenance),
            ),
            Look(
                decided=decision.decided,
                outcome=decision.outcome.value,
                reason=plain(decision.reason),
                failure=record.failure,
                milliseconds=round(decision.milliseconds, 3),
                refused=json.dumps([each.facts() for each in decision.refused]) if decision.refused else None,
            ),
            record.digests if decision.hash is None else (decision.hash, *record.digests),
            record.mtime_ns,
            decision.is_decided and decision.outcome is not Outcome.LOW_QUALITY,
        )
        key = self._key_of(record)
        is_unmet = self._is_new or key in self._unmet
        self._unmet.discard(key)
        if is_unmet and not decision.matches and key not in self._incoming:
            self._incoming.add(key, row)
            return
        self._write_incoming()
        self._write_row(key, row, decision.matches)

    def _key_of(self, record: ScanRecord | Skipped) -> Key:
        key = (*self._places.of(record.path), record.position)
        if isinstance(record, Skipped):
            self._look_into(key, record.path, record.reason)
        elif record.position or record.failure is None:
            self._look_into(key, record.path)
        return key

    def _look_into(self, key: Key, path: str, left_aside: str | None = None) -> None:
        """Keep that an archive was looked into, or that what is called so is something else now."""
        if key[2] or (has_archive_name(path) and left_aside not in {*_UNASKED, NOT_OPENED}):
            self._archives.add(key[:2])

    def _write_row(self, key: Key, row: FileRow, matches: Sequence[Match] = ()) -> None:
        """Write one decided file, known or not."""
        db = self._store.db
        file, is_new = self._row_of(key, row.facts)
        hashes = [(file, value.algorithm.value, value.digest) for value in row.hashes]
        if not is_new:
            facts = row.facts
            if not is_same(db, file, row):
                if hashes or not has_matches(db, file):
                    self._forget(file, hashes)
                    self._note(file, "changed")
                else:  # nothing tells whether it is the same: what is known stays, and the next scan decides it again
                    facts = facts._replace(mtime_ns=None)
            self._update(file, facts)
        if hashes:
            db.executemany("INSERT OR REPLACE INTO hashes (file, algorithm, digest) VALUES (?, ?, ?)", hashes)
        if not is_new and row.look.failure is None and self._replaced:
            db.executemany(
                "DELETE FROM looks WHERE file = ? AND scope = ?",
                [(file, scope) for (scope,) in self._replaced],
            )
        db.execute(
            "INSERT OR REPLACE INTO looks (file, scope, run, decided, outcome, reason, failure, milliseconds, refused)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (file, self._scope, self.running.number, *row.look),
        )
        if matches or not is_new:
            merge(db, file, self.running, matches, could_look=row.could_look)
            settle_outcome(db, file)

    def _row_of(self, key: Key, facts: FileFacts) -> tuple[int, bool]:
        """Return the number of a file's row, which is made of the facts if need be, and whether it was."""
        db = self._store.db
        made = db.execute(
            "INSERT INTO files (root, path, position, first_run, otherwise, outcome, reason, member, size, mtime_ns,"
            " quality, provenance) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            (*key, self.running.number, facts.outcome, *facts),
        )
        if made.rowcount:
            assert made.lastrowid is not None
            self._seen.add(made.lastrowid)
            return made.lastrowid, True
        file, gone = db.execute(
            "SELECT id, gone FROM files WHERE root = ? AND path = ? AND position = ?", key
        ).fetchone()
        self._see(file, gone)
        return int(file), False

    def _update(self, file: int, facts: FileFacts) -> None:
        """Write what is known now of a file that was known.

        Quality and provenance where there are some: a look by another kind of hash measures no quality.
        """
        self._store.db.execute(
            "UPDATE files SET outcome = :outcome, otherwise = :outcome, reason = :reason, member = :member,"
            " size = coalesce(:size, size), mtime_ns = :mtime_ns, quality = coalesce(:quality, quality),"
            " provenance = coalesce(:provenance, provenance) WHERE id = :file",
            {**facts._asdict(), "file": file},
        )

    def _forget(self, file: int, hashes: Sequence[tuple[int, str, bytes]] = ()) -> None:
        """Give up what was known of other bytes under this name.

        What a re-match found was found by a hash, and stays where that is the same.
        """
        db = self._store.db
        known = set(db.execute("SELECT file, algorithm, digest FROM hashes WHERE file = ?", (file,)))
        same = {name for _, name, _ in known.intersection(hashes)}
        for match, name in db.execute("SELECT id, algorithm FROM matches WHERE file = ?", (file,)).fetchall():
            db.execute(
                "DELETE FROM sightings WHERE match = ? AND NOT (effort = ? AND ?)",
                (match, HASHES, name in same),
            )
            settle_match(db, match, file, self.running.number)
        for table in ("hashes", "looks"):
            db.execute(f"DELETE FROM {table} WHERE file = ?", (file,))
        db.execute("UPDATE files SET quality = NULL, provenance = NULL WHERE id = ?", (file,))

    def _note(self, file: int, kind: str) -> None:
        self._store.db.execute(
            "INSERT INTO changes (run, file, kind) VALUES (?, ?, ?)", (self.running.number, file, kind)
        )

    # -- the end ------------------------------------------------------------------------------------------

    def rest(self) -> Iterator[Known]:
        """Yield what is known of files in the folders of this run that it has not come to."""
        with self._store.guarded():
            self._write_incoming()
        for file, root, path in list(self._unseen()):
            looks = self._store.row("SELECT group_concat(scope) FROM looks WHERE file = ?", (file,))[0]
            if (
                looks is not None
                and self._is_answered(looks, retry_failed=False)
                and not self._is_overruled(file)
            ):
                yield self._known(file, os.fsdecode(absolute(root, path)))

    def missing(self, *, allow_empty: bool) -> Missing:
        """Return which files in the folders of this run are gone, as `missing.missing` does."""
        with self._store.guarded():
            self._write_incoming()
        met = Met(files=self._seen, archives=self._archives, troubles=self._troubles)
        with self._store.reading():
            return missing(self._store, self._places, self._mounts, self._tops, met, allow_empty=allow_empty)

    def finish(self, held: Callable[[Sequence[EntryKey]], Sequence[bool]], absent: Missing) -> int:
        """Drop what matched entries that have left their list, and mark files that are no longer there.

        Parameters
        ----------
        held : callable
            Tells which entries the lists hold (`sightings.still_listed`).
        absent : Missing

        Returns
        -------
        int
            How many files are gone since an earlier run.
        """
        with self._store.guarded():
            self._write_incoming()
        self._store.commit()
        with self._store.transaction() as db:
            drop_left(db, self.running, held)
            for file in absent.gone:
                db.execute("UPDATE files SET gone = ? WHERE id = ?", (now(), file))
                self._note(file, "gone")
            self._mounts.forget(absent.unmounted)
        return len(absent.gone)

    def dropped(self) -> tuple[str, ...]:
        """Return what is to be said of matches that this run has dropped so far."""
        with self._store.guarded():
            self._write_incoming()
        return dropped(self._store, self.running.number)

    def _unseen(self) -> Iterator[tuple[int, bytes, bytes]]:
        """Yield decided files below the folders of this run that it has not come to."""
        for top in self._tops:
            below, where = self._places.below(top)
            for file, root, path in self._store.query(
                "SELECT files.id, roots.path, files.path FROM files JOIN roots ON roots.id = root"
                f" WHERE {below} AND gone IS NULL AND outcome <> ?",
                (*where, SKIPPED),
            ):
                if file not in self._seen:
                    yield file, bytes(root), bytes(path)

    def end(self, state: str, summary: Summary | None) -> None:
        """End the run as "finished", "interrupted" or "failed", and let others write."""
        try:
            with self._store.guarded():
                self._write_incoming()
                self._store.commit()
                self._store.db.execute(
                    "UPDATE runs SET state = ?, finished = ?, summary = ? WHERE id = ?",
                    (state, now(), json.dumps(summary.to_record()) if summary else None, self.running.number),
                )
        except CatalogError:
            if state != "failed":
                raise  # a failing run has its own error to report
        finally:
            self._store.release()


def _member(record: ScanRecord | Skipped) -> bytes | None:
    return None if record.member is None else as_bytes(record.member)


def now() -> str:
    """Return the time as a catalog writes it: ISO 8601, UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


@lru_cache(maxsize=256)
def _provenance_text(provenance: Provenance) -> str:
    """Write provenance as JSON; most pictures of a store came about alike."""
    return json.dumps(provenance.to_record())
