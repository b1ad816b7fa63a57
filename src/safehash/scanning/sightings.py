"""What a catalog keeps of matches: a run replaces what it could have found itself, and nothing else."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ..hashing.hashes import Algorithm, Hash
from ..matching.decision import Outcome, outcome_among
from ..matching.printable import plain
from .scopes import Scope, rank_of

if TYPE_CHECKING:
    from ..matching.decision import Audit, Match
    from ..matching.matcher import Matcher

__all__ = [
    "EntryKey",
    "Running",
    "drop_left",
    "key_of",
    "merge",
    "note_change",
    "settle_match",
    "settle_outcome",
    "still_listed",
]


class EntryKey(NamedTuple):
    """What tells a matched entry from others: list, its identifier there, and its digest."""

    source: str
    entry: str | None
    algorithm: str | None
    digest: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """The run under way, as far as it decides which matches it replaces.

    Attributes
    ----------
    number : int
    scope : Scope
    thresholds : mapping of (list or None, algorithm) to int
        The distance up to which it could find an entry.
    """

    number: int
    scope: Scope
    thresholds: dict[tuple[str | None, str], int] = field(default_factory=dict)

    @classmethod
    def of(cls, number: int, scope: Scope, audit: Audit) -> Running:
        """Return the facts of a run of a matcher."""
        common: dict[tuple[str | None, str], int] = {(None, name): bits for name, bits in audit.thresholds}
        own: dict[tuple[str | None, str], int] = {
            (plain(source), name): bits for source, name, bits in audit.list_thresholds
        }
        return cls(number=number, scope=scope, thresholds={**common, **own})

    def reaches(self, source: str, algorithm: str | None, distance: int) -> bool:
        """Return whether its thresholds let it find an entry at this distance."""
        common = self.thresholds.get((None, algorithm or ""), 0)
        return distance <= self.thresholds.get((source, algorithm or ""), common)


def merge(
    db: sqlite3.Connection,
    file: int,
    running: Running,
    found: Sequence[Match],
    *,
    could_look: bool,
    algorithm: str | None = None,
) -> None:
    """Bring the matches of one file together with what a run found.

    Parameters
    ----------
    db : sqlite3.Connection
    file : int
    running : Running
    found : sequence of Match
    could_look : bool
        Whether the file was looked at at all; if not, what is known of it is only marked stale.
    algorithm : str, optional
        Only entries with digests of this kind were looked up.
    """
    lists, rank = running.scope.lists, rank_of(running.scope.effort)
    known: dict[EntryKey, int] = {}
    of_match: dict[int, list[tuple[str, str, int, int | None, int]]] = {}
    for match, source, entry, kind, digest, effort, snapshot, distance, stale, run in db.execute(
        "SELECT id, list, entry, algorithm, digest, s.effort, s.snapshot, s.distance, s.stale, s.run"
        " FROM matches JOIN sightings AS s ON match = id WHERE file = ?",
        (file,),
    ).fetchall():
        if source in lists and (algorithm is None or kind == algorithm):
            known[EntryKey(source, entry, kind, digest)] = match
            of_match.setdefault(match, []).append((effort, snapshot, distance, stale, run))
    nearest: dict[EntryKey, Match] = {}
    for each in found:
        nearest.setdefault(key_of(each), each)  # standing and near ones come first
    touched = set(of_match)
    for key, each in nearest.items():
        match = known.pop(key, None) or _new_match(db, file, running, key, each)
        for effort, *_ in of_match.get(match, ()):
            if rank_of(effort) < rank:
                db.execute("DELETE FROM sightings WHERE match = ? AND effort = ?", (match, effort))
        db.execute(
            "INSERT OR REPLACE INTO sightings (match, effort, run, snapshot, category, labels, distance, view,"
            " suppressed_by, evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (match, running.scope.effort, running.number, lists[key.source], *_facts_of(each)),
        )
        touched.add(match)
    for key, match in known.items():
        for effort, snapshot, distance, stale, run in of_match[match]:
            if (
                could_look
                and rank_of(effort) <= rank
                and running.reaches(key.source, key.algorithm, distance)
                and _selection_of(db, run) == running.scope.selection
            ):
                db.execute("DELETE FROM sightings WHERE match = ? AND effort = ?", (match, effort))
            elif stale is None and snapshot != lists[key.source]:
                db.execute(
                    "UPDATE sightings SET stale = ? WHERE match = ? AND effort = ?",
                    (running.number, match, effort),
                )
    for match in touched:
        settle_match(db, match, file, running.number)


def _new_match(db: sqlite3.Connection, file: int, running: Running, key: EntryKey, found: Match) -> int:
    facts = _facts_of(found)
    number = db.execute(
        "INSERT INTO matches (file, list, entry, algorithm, digest, first_run, effort, run, snapshot, category, labels,"
        " distance, view, suppressed_by, evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            file, *key, running.number, running.scope.effort, running.number, running.scope.lists[key.source], *facts,
        ),
    ).lastrowid  # fmt: skip
    note_change(db, running.number, file, "found", key, facts.labels)
    assert number is not None
    return number


def settle_match(db: sqlite3.Connection, match: int, file: int, run: int) -> None:
    """Say of a match what its sightings say now: the most thorough how near, the newest whether it stands."""
    sightings = db.execute(
        "SELECT effort, run, snapshot, category, labels, distance, view, suppressed_by, stale, evidence FROM sightings"
        " WHERE match = ?",
        (match,),
    ).fetchall()
    if not sightings:
        _drop(db, match, file, run, "lost")
        return
    best = max(sightings, key=lambda each: rank_of(each[0]))
    newest = max(sightings, key=lambda each: (each[1], rank_of(each[0])))
    stale = None if any(each[8] is None for each in sightings) else max(each[8] for each in sightings)
    db.execute(
        "UPDATE matches SET effort = ?, distance = ?, view = ?, run = ?, snapshot = ?, category = ?, labels = ?,"
        " suppressed_by = ?, stale = ?, evidence = ? WHERE id = ?",
        (
            best[0],
            best[5],
            best[6],
            newest[1],
            newest[2],
            newest[3],
            newest[4],
            newest[7],
            stale,
            best[9],
            match,
        ),
    )


def _drop(db: sqlite3.Connection, match: int, file: int, run: int, kind: str) -> None:
    *parts, labels = db.execute(
        "SELECT list, entry, algorithm, digest, labels FROM matches WHERE id = ?", (match,)
    ).fetchone()
    note_change(db, run, file, kind, EntryKey(*parts), labels)
    db.execute("DELETE FROM matches WHERE id = ?", (match,))


def note_change(db: sqlite3.Connection, run: int, file: int, kind: str, key: EntryKey, labels: str) -> None:
    """Note what happened to a match of a file in a run."""
    db.execute(
        "INSERT INTO changes (run, file, kind, list, entry, algorithm, digest, labels)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (run, file, kind, *key, labels),
    )


def settle_outcome(db: sqlite3.Connection, file: int) -> None:
    """Say of a file what its matches make of it."""
    cancelled = [by for (by,) in db.execute("SELECT suppressed_by FROM matches WHERE file = ?", (file,))]
    if cancelled:
        made = outcome_among(cancelled, Outcome.NO_MATCH).value
        db.execute("UPDATE files SET outcome = ? WHERE id = ?", (made, file))
    else:
        db.execute("UPDATE files SET outcome = otherwise WHERE id = ?", (file,))


# -- lists that moved on ----------------------------------------------------------------------------------


def drop_left(
    db: sqlite3.Connection, running: Running, held: Callable[[Sequence[EntryKey]], Sequence[bool]]
) -> None:
    """Drop what matched entries that have left their list since, wherever the file is: nobody is accused by them.

    Where another selection of entries was asked for then (categories, labels, quality), nothing is known of an
    entry that is not among today's: its matches stay, and are stale.

    A file that loses one is no longer decided for the list of then: should the entry come back, it is looked at again.
    """
    selection = running.scope.selection
    asked: dict[int, str] = {}
    for source, snapshot in running.scope.lists.items():
        rows = db.execute(
            "SELECT matches.id, file, list, entry, algorithm, digest, runs.scope FROM matches"
            " JOIN runs ON runs.id = matches.run WHERE list = ? AND snapshot <> ?",
            (source, snapshot),
        ).fetchall()
        keys = list(dict.fromkeys(EntryKey(*row[2:6]) for row in rows))
        gone = {key for key, is_held in zip(keys, held(keys), strict=True) if not is_held}
        for match, file, *parts, scope in rows:
            if EntryKey(*parts) not in gone:
                continue
            if scope not in asked:
                asked[scope] = _scope(db, scope).selection
            if asked[scope] == selection:
                _drop(db, match, file, running.number, "left")
                db.execute(
                    "DELETE FROM looks WHERE file = ? AND scope IN"
                    " (SELECT scopes.id FROM scopes, json_each(lists) AS each WHERE each.key = ? AND each.value <> ?)",
                    (file, source, snapshot),
                )
            else:
                db.execute(
                    "UPDATE sightings SET stale = ? WHERE match = ? AND stale IS NULL",
                    (running.number, match),
                )
                settle_match(db, match, file, running.number)
            settle_outcome(db, file)


def _selection_of(db: sqlite3.Connection, run: int) -> str:
    """Return which entries a run asked for."""
    return _scope(db, db.execute("SELECT scope FROM runs WHERE id = ?", (run,)).fetchone()[0]).selection


def _scope(db: sqlite3.Connection, number: int) -> Scope:
    lists, effort, settings = db.execute(
        "SELECT lists, effort, settings FROM scopes WHERE id = ?", (number,)
    ).fetchone()
    return Scope(lists=json.loads(lists), effort=effort, settings=settings)


def still_listed(matcher: Matcher, keys: Sequence[EntryKey]) -> list[bool]:
    """Return which entries a matcher's lists hold: each digest is looked up, and finds itself."""
    places = [at for at, key in enumerate(keys) if key.digest is not None]
    values = [Hash(Algorithm(keys[at].algorithm or ""), keys[at].digest or b"") for at in places]
    held = [False] * len(keys)
    for at, decision in zip(places, matcher.check_hashes(values), strict=True):
        held[at] = any(key_of(each) == keys[at] for each in decision.matches if each.distance == 0)
    return held


# -- matches as rows --------------------------------------------------------------------------------------


def key_of(match: Match) -> EntryKey:
    """Return what tells a match's entry from others."""
    own = match.entry.hash if isinstance(match.entry.hash, Hash) else None
    return EntryKey(
        source=plain(match.entry.source) or "",
        entry=plain(match.entry.id),
        algorithm=None if own is None else own.algorithm.value,
        digest=None if own is None else own.digest,
    )


class _Facts(NamedTuple):
    """Columns of a match and of its sighting, in the order in which they are inserted."""

    category: str
    labels: str
    distance: int
    view: str
    suppressed_by: str | None
    evidence: float | None


def _facts_of(match: Match) -> _Facts:
    return _Facts(
        category=match.entry.category,
        labels=json.dumps(list(match.entry.labels)),
        distance=match.distance,
        view=match.view,
        suppressed_by=plain(match.suppressed_by),
        evidence=match.facts()["evidence"],  # rounded, as a record has it
    )
