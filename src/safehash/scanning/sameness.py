"""Whether the bytes under a name are those that a catalog knows, as far as digests, size and time of change tell."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from ..hashing.algorithms import Algorithm
from ..hashing.hashes import Hash
from .holdings import hashes_in
from .incoming import FileRow, Key
from .schema import SKIPPED

__all__ = ["digests_known", "has_matches", "hashes_known", "is_same"]


def is_same(db: sqlite3.Connection, file: int, row: FileRow) -> bool:
    """Return whether a file's bytes are those that are known, as far as can be told."""
    size, mtime_ns, outcome = db.execute(
        "SELECT size, mtime_ns, outcome FROM files WHERE id = ?", (file,)
    ).fetchone()
    if outcome == SKIPPED:
        return False
    if row.look.failure == "read" or (size, mtime_ns) == (row.facts.size, row.mtime_ns):
        return True
    known = dict(db.execute("SELECT algorithm, digest FROM hashes WHERE file = ?", (file,)))
    of_bytes = {
        value.algorithm.value: value.digest for value in row.hashes if not value.algorithm.is_perceptual
    }
    common = of_bytes.keys() & known.keys()
    if not known:
        return has_matches(
            db, file
        )  # nothing tells; where nothing was found, nothing is lost by looking again
    return bool(common) and all(known[name] == of_bytes[name] for name in common)


def has_matches(db: sqlite3.Connection, file: int) -> bool:
    """Return whether anything was found of a file."""
    return bool(db.execute("SELECT EXISTS (SELECT 1 FROM matches WHERE file = ?)", (file,)).fetchone()[0])


def digests_known(db: sqlite3.Connection, key: Key) -> tuple[Algorithm, ...]:
    """Return of which algorithms there are digests of a file's bytes."""
    rows = db.execute(
        "SELECT algorithm FROM hashes JOIN files ON files.id = file"
        " WHERE root = ? AND path = ? AND position = ? ORDER BY 1",
        key,
    )
    known = [Algorithm(name) for (name,) in rows]
    return tuple(each for each in known if not each.is_perceptual)


def hashes_known(
    db: sqlite3.Connection, key: Key, size: int | None, mtime_ns: int | None, digests: Sequence[Hash]
) -> tuple[Hash, ...]:
    """Return the hashes that are known of a file's picture, if what was read now has the bytes of then."""
    row = db.execute(
        "SELECT id, size, mtime_ns, quality FROM files WHERE root = ? AND path = ? AND position = ?", key
    ).fetchone()
    if row is None:
        return ()
    file, *facts, quality = row
    known = hashes_in(
        db.execute("SELECT algorithm, digest FROM hashes WHERE file = ?", (file,)).fetchall(), quality
    )
    same = facts == [size, mtime_ns] or not set(known).isdisjoint(digests)
    return tuple(each for each in known if same and each.algorithm.is_perceptual)
