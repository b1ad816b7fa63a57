"""The tables of a catalog: what stands in them, how an older file becomes one of today, and what is no catalog."""

from __future__ import annotations

import sqlite3

from ..errors import CatalogError
from .databases import is_made_of

__all__ = ["APPLICATION", "NO_ROOT", "SKIPPED", "VERSION", "check", "is_empty", "make", "upgrade"]

#: "SHca": marks the file as ours (`file` and SQLite's own tools show it).
APPLICATION = 0x53486361
VERSION = 4

#: The root of paths that a version before roots stored as they were given.
NO_ROOT = b""
#: What stands in `files.outcome` for what was left aside.
SKIPPED = "skipped"

TABLES = {
    # One scan or re-match: `scope` says under what.
    "runs": """
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        state TEXT NOT NULL,
        started TEXT NOT NULL,
        finished TEXT,
        host TEXT NOT NULL,
        pid INTEGER NOT NULL,
        scope INTEGER NOT NULL REFERENCES scopes (id),
        summary TEXT""",
    # Lists and settings that something was decided under; `lists` is JSON, name to the digest of its bytes.
    "scopes": """
        id INTEGER PRIMARY KEY,
        lists TEXT NOT NULL,
        effort TEXT NOT NULL,
        settings TEXT NOT NULL,
        UNIQUE (lists, effort, settings)""",
    # Folders below which files are; none lies in another.
    "roots": """
        id INTEGER PRIMARY KEY,
        path BLOB NOT NULL UNIQUE""",
    # Folders on which something was mounted when files were seen below them.
    "mounts": """
        path BLOB PRIMARY KEY""",
    # One file, or member of an archive, below its root. `outcome` is that of everything known; `otherwise` that
    # without any match.
    "files": """
        id INTEGER PRIMARY KEY,
        root INTEGER NOT NULL REFERENCES roots (id),
        path BLOB NOT NULL,
        position INTEGER NOT NULL,
        member BLOB,
        size INTEGER,
        mtime_ns INTEGER,
        first_run INTEGER NOT NULL REFERENCES runs (id),
        outcome TEXT NOT NULL,
        otherwise TEXT NOT NULL,
        reason TEXT,
        gone TEXT,
        quality INTEGER,
        provenance TEXT,
        UNIQUE (root, path, position)""",
    # What was decided of a file under one scope, last; `refused` is JSON, as a record tells what gates kept back.
    "looks": """
        file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
        scope INTEGER NOT NULL REFERENCES scopes (id),
        run INTEGER NOT NULL REFERENCES runs (id),
        decided TEXT NOT NULL,
        outcome TEXT NOT NULL,
        reason TEXT,
        failure TEXT,
        milliseconds REAL,
        refused TEXT,
        PRIMARY KEY (file, scope)""",
    "hashes": """
        file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
        algorithm TEXT NOT NULL,
        digest BLOB NOT NULL,
        PRIMARY KEY (file, algorithm)""",
    # One entry that a file came near to, as it is known now: `sightings` settle the columns from `effort` on.
    "matches": """
        id INTEGER PRIMARY KEY,
        file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
        list TEXT NOT NULL,
        entry TEXT,
        algorithm TEXT,
        digest BLOB,
        first_run INTEGER NOT NULL REFERENCES runs (id),
        effort TEXT NOT NULL,
        run INTEGER NOT NULL REFERENCES runs (id),
        snapshot TEXT NOT NULL,
        category TEXT NOT NULL,
        labels TEXT NOT NULL,
        distance INTEGER NOT NULL,
        view TEXT NOT NULL,
        suppressed_by TEXT,
        stale INTEGER REFERENCES runs (id),
        evidence REAL""",
    # By which effort, in which run and of which version of the list a match was found; `stale` is the run that
    # knew a newer version and could not have found it.
    "sightings": """
        match INTEGER NOT NULL REFERENCES matches (id) ON DELETE CASCADE,
        effort TEXT NOT NULL,
        run INTEGER NOT NULL REFERENCES runs (id),
        snapshot TEXT NOT NULL,
        category TEXT NOT NULL,
        labels TEXT NOT NULL,
        distance INTEGER NOT NULL,
        view TEXT NOT NULL,
        suppressed_by TEXT,
        stale INTEGER REFERENCES runs (id),
        evidence REAL,
        PRIMARY KEY (match, effort)""",
    # What a run found new or took back: `kind` is found, lost, left (its entry left the list), changed (the file),
    # gone, back, or cancelled and restored by a review.
    "changes": """
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs (id),
        file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
        kind TEXT NOT NULL,
        list TEXT,
        entry TEXT,
        algorithm TEXT,
        digest BLOB,
        labels TEXT""",
    "problems": """
        id INTEGER PRIMARY KEY,
        run INTEGER NOT NULL REFERENCES runs (id),
        path BLOB NOT NULL,
        reason TEXT NOT NULL""",
    # What a reviewer said of one match: of an entry, for a picture, as it was found by the run `decision`; `run`
    # is the review that brought it. A picture too flat to compare by has no `picture`.
    "verdicts": """
        id INTEGER PRIMARY KEY,
        list TEXT NOT NULL,
        entry TEXT,
        algorithm TEXT NOT NULL,
        digest BLOB NOT NULL,
        picture_algorithm TEXT,
        picture BLOB,
        quality INTEGER,
        sha256 BLOB,
        view TEXT NOT NULL,
        distance INTEGER NOT NULL,
        snapshot TEXT NOT NULL,
        category TEXT NOT NULL,
        labels TEXT NOT NULL,
        verdict TEXT NOT NULL,
        reviewer TEXT NOT NULL,
        decided TEXT NOT NULL,
        comment TEXT,
        file INTEGER REFERENCES files (id) ON DELETE SET NULL,
        decision INTEGER NOT NULL REFERENCES runs (id),
        run INTEGER NOT NULL REFERENCES runs (id)""",
}

_WITHOUT_ROWID = frozenset({"looks", "hashes", "mounts", "sightings"})

INDEXES = {
    "matches_of_file": "matches (file)",
    "changes_of_run": "changes (run)",
    "verdicts_on_entry": "verdicts (list, entry, digest)",
}


#: Words of the tables of version 1 that today's of these names lack.
_WORDS_OF_1 = ("settings", "settings_key", "run", "decided", "failure", "milliseconds", "REAL")


def is_empty(db: sqlite3.Connection) -> bool:
    """Return whether a file was begun and never got its tables: the disk was full, or the power went."""
    n_tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    return bool(n_tables == 0 and db.execute("PRAGMA application_id").fetchone()[0] == 0)


def make(db: sqlite3.Connection) -> None:
    """Create the tables of an empty file, unless another process just has."""
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("BEGIN IMMEDIATE")
    if db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0:
        _create(db)
        db.execute(f"PRAGMA application_id = {APPLICATION}")
    db.execute("COMMIT")


def _create(db: sqlite3.Connection) -> None:
    for name in TABLES:
        db.execute(_table_of(name))
    for name in INDEXES:
        db.execute(_index_of(name))
    db.execute(f"PRAGMA user_version = {VERSION}")


def _table_of(name: str) -> str:
    ending = " WITHOUT ROWID" if name in _WITHOUT_ROWID else ""
    return f"CREATE TABLE {name} ({TABLES[name]}){ending}"


def _index_of(name: str) -> str:
    return f"CREATE INDEX {name} ON {INDEXES[name]}"


def check(db: sqlite3.Connection, path: str) -> int:
    """Return the version of a catalog's tables.

    Raises
    ------
    CatalogError
        No catalog, one of a newer version, or one with tables, views or triggers that are not ours.
    """
    application = db.execute("PRAGMA application_id").fetchone()[0]
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if application != APPLICATION:
        raise CatalogError(f"{path}: an SQLite file, but no catalog of a scan")
    if version > VERSION:
        raise CatalogError(f"{path}: written by a newer version (schema {version}, known {VERSION})")
    if version == 1:
        tables, indexes = {"runs", "files", "hashes", "matches", "problems"}, {"matches_of_file"}
    else:
        tables, indexes = set(TABLES) - ({"mounts"} if version == 2 else set()), set(INDEXES)
    own = [*map(_table_of, sorted(tables)), *map(_index_of, sorted(indexes))]
    if not is_made_of(db, own, words=_WORDS_OF_1 if version == 1 else ()):
        raise CatalogError(f"{path}: its tables are not those of a catalog")
    return version


# -- from earlier versions ---------------------------------------------------------------------------------------

#: What version 4 added: unknown of what was decided before, until it is decided again.
_NEW_IN_4 = (("looks", "refused TEXT"), ("matches", "evidence REAL"), ("sightings", "evidence REAL"))


def upgrade(db: sqlite3.Connection) -> None:
    """Bring a file of an earlier version to today's tables, whole or not at all."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    if version == 1:
        _upgrade_from_1(db)
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        if version == 2:
            db.execute(_table_of("mounts"))
        for table, column in _NEW_IN_4:
            db.execute(f"ALTER TABLE {table} ADD COLUMN {column}")
        db.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def _upgrade_from_1(db: sqlite3.Connection) -> None:
    """Bring a file of version 1 along.

    Paths were stored as they were given, so they stand below `NO_ROOT` until `catalog relocate` says where that
    was. A match's run tells the version of its list.
    """
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute("DROP INDEX matches_of_file")
        old = ("runs", "files", "hashes", "matches", "problems")
        for name in old:
            db.execute(f"ALTER TABLE {name} RENAME TO old_{name}")
        _create(db)
        _copy(db)
        for name in reversed(old):
            db.execute(f"DROP TABLE old_{name}")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
    db.execute("PRAGMA foreign_keys = ON")


_LISTS = "(SELECT json_group_object(value ->> 0, value ->> 1) FROM json_each(old_runs.settings, '$.lists'))"
_EFFORT = "coalesce(old_runs.settings ->> 'effort', 'standard')"


def _copy(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO roots (id, path) VALUES (1, ?)", (NO_ROOT,))
    db.execute(
        f"INSERT OR IGNORE INTO scopes (lists, effort, settings) SELECT {_LISTS}, {_EFFORT}, settings FROM old_runs"
    )
    db.execute(
        "INSERT INTO runs SELECT id, kind, state, started, finished, host, pid,"
        " (SELECT scopes.id FROM scopes WHERE scopes.settings = old_runs.settings), summary FROM old_runs"
    )
    db.execute(
        "INSERT INTO files SELECT id, 1, path, position, member, size, mtime_ns, run, outcome,"
        " CASE WHEN outcome NOT IN ('match', 'suppressed') THEN outcome WHEN reason IS NULL THEN 'no_match'"
        " ELSE 'unreadable' END, reason, NULL, quality, provenance FROM old_files"
    )
    db.execute(
        "INSERT INTO looks SELECT old_files.id, runs.scope, runs.id, decided, outcome, reason, failure, milliseconds,"
        f" NULL FROM old_files JOIN runs ON runs.id = run WHERE outcome <> '{SKIPPED}'"
    )
    db.execute("INSERT INTO hashes SELECT * FROM old_hashes")
    # Of several rows of one entry the last is the one that counts, as it did.
    db.execute(
        "INSERT INTO matches SELECT m.id, file, list, entry, algorithm, digest, run,"
        f" CASE kind WHEN 'rematch' THEN 'hashes' ELSE {_EFFORT} END, run,"
        f" coalesce((SELECT value ->> 1 FROM json_each(settings, '$.lists') WHERE value ->> 0 = m.list), ''),"
        " category, labels, distance, view, suppressed_by, NULL, NULL"
        " FROM old_matches AS m JOIN old_runs ON old_runs.id = run WHERE m.id IN ("
        " SELECT max(id) FROM old_matches GROUP BY file, list, entry, digest)"
    )
    db.execute(
        "INSERT INTO sightings SELECT id, effort, run, snapshot, category, labels, distance, view, suppressed_by,"
        " NULL, NULL FROM matches"
    )
    db.execute("INSERT INTO problems SELECT * FROM old_problems")
    db.execute(
        f"UPDATE files SET outcome = 'match' WHERE outcome <> '{SKIPPED}' AND EXISTS ("
        " SELECT 1 FROM matches WHERE file = files.id AND suppressed_by IS NULL)"
    )
