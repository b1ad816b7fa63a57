"""Where a file of a catalog is: below which root, under one name however it was spelled; and roots that moved."""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Callable, Collection, Iterator

from ..errors import CatalogError
from .schema import NO_ROOT, SKIPPED
from .sightings import settle_match, settle_outcome

__all__ = ["Places", "absolute", "is_in", "nearest_of", "relocate", "resolved", "shown_path"]

_URL = re.compile(rb"[A-Za-z][A-Za-z0-9+.-]+://")
#: Folders whose place is remembered; a walk comes back to few.
_REMEMBERED = 4096


def absolute(root: bytes, path: bytes) -> bytes:
    """Return the whole path of what lies below a root."""
    if not path:
        return root
    return path if root == NO_ROOT else root + path if root.endswith(b"/") else root + b"/" + path


def shown_path(root: bytes, path: bytes) -> str:
    """Return the whole path as text; bytes that are not UTF-8 as lone surrogates."""
    return os.fsdecode(absolute(root, path))


class Places:
    """The roots of a catalog, and what lies below which.

    None of them lies in another: a new root above others takes what is below them.

    Parameters
    ----------
    db : sqlite3.Connection
    meet : callable, optional
        Is told of folders on a disk that files were met in.
    moving : callable, optional
        Is told, before it happens, that what is below one root will be below another, by a path in front of its own.
    """

    def __init__(
        self,
        db: sqlite3.Connection,
        *,
        meet: Callable[[bytes], None] | None = None,
        moving: Callable[[int, int, bytes], None] | None = None,
    ) -> None:
        self._db, self._meet, self._moving = db, meet, moving
        self._ids: dict[bytes, int] = {
            bytes(path): root for root, path in db.execute("SELECT id, path FROM roots")
        }
        self._folders: dict[str, tuple[int, bytes]] = {}

    def of(self, path: str) -> tuple[int, bytes]:
        """Return the root and the path below it of a file, as it was reached; a root is made if there is none."""
        folder, name = os.path.split(path)
        place = self._folders.get(folder)
        if place is None:
            if len(self._folders) >= _REMEMBERED:
                self._folders.clear()
            whole = resolved(folder)
            if self._meet is not None and not _URL.match(whole):
                self._meet(whole)
            place = self._folders[folder] = self._place_of(whole)
        root, below = place
        last = os.fsencode(name)
        return root, below + b"/" + last if below else last

    def add_top(self, folder: str) -> bytes:
        """Have a root for a folder that is scanned as a whole; return where it is."""
        whole = resolved(folder)
        self._place_of(whole)
        return whole

    def below(self, top: bytes) -> tuple[str, tuple[object, ...]]:
        """Return the condition on `files` for everything below a folder, and its parameters."""
        found = self._above(top)
        if found is None:
            return "0", ()
        root, rest = found
        if not rest:
            return "files.root = ?", (root,)
        # "0" is the byte after "/".
        return "files.root = ? AND files.path > ? AND files.path < ?", (root, rest + b"/", rest + b"0")

    def _place_of(self, folder: bytes) -> tuple[int, bytes]:
        return self._above(folder) or (self._make(folder), b"")

    def _above(self, folder: bytes) -> tuple[int, bytes] | None:
        """Return the root that a folder is, or is in, and what leads down to it."""
        above = folder
        while True:
            root = self._ids.get(above)
            if root is not None:
                return root, folder[len(above) :].lstrip(b"/")
            shorter = _parent(above)
            if shorter == above:
                return None
            above = shorter

    def _make(self, folder: bytes) -> int:
        self._db.execute("SAVEPOINT root")
        root = self._db.execute("INSERT INTO roots (path) VALUES (?)", (folder,)).lastrowid
        assert root is not None
        inside = folder if folder.endswith(b"/") else folder + b"/"
        for path, other in [
            item for item in self._ids.items() if item[0].startswith(inside) and item[0] != NO_ROOT
        ]:
            if self._moving is not None:
                self._moving(other, root, path[len(inside) :])
            _move(self._db, other, root, path[len(inside) :])
            self._db.execute("DELETE FROM roots WHERE id = ?", (other,))
            del self._ids[path]
        self._db.execute("RELEASE root")
        self._ids[folder] = root
        self._folders.clear()
        return root


def resolved(folder: str) -> bytes:
    """Return where a folder is, whatever spelling and links lead there."""
    encoded = os.fsencode(folder)
    return encoded.rstrip(b"/") if _URL.match(encoded) else os.fsencode(os.path.realpath(folder or os.curdir))


def _parent(folder: bytes) -> bytes:
    if _URL.match(folder):
        above, slash, last = folder.rpartition(b"/")
        return above if slash and last and not above.endswith(b"/") else folder
    return os.path.dirname(folder)  # noqa: PTH120  bytes


def nearest_of(place: bytes, places: Collection[bytes]) -> bytes | None:
    """Return the nearest of some places that a place is, or is below."""
    above = place
    while places:
        if above in places:
            return above
        shorter = _parent(above)
        if shorter == above:
            break
        above = shorter
    return None


def _move(db: sqlite3.Connection, old: int, new: int, prefix: bytes) -> None:
    """Put everything below one root below another, `prefix` before its path."""
    db.execute(
        "UPDATE files SET root = ?, path = CAST(? || path AS BLOB) WHERE root = ?",
        (new, prefix + b"/" if prefix else b"", old),
    )


# -- what moved -------------------------------------------------------------------------------------------


def relocate(db: sqlite3.Connection, old: str, new: str) -> tuple[int, int]:
    """Say that what was at `old` is at `new` now; return how many files moved, and how many were known there.

    Where a file is known at both, the one at `new` was looked at later: what was found on the other is kept
    with it if it is the same file (size, and digests that are known of both), and given up otherwise.

    Parameters
    ----------
    db : sqlite3.Connection
        Within a transaction.
    old : str
        A root, a folder below one or above several; empty for paths that an earlier version stored as given.
    new : str

    Raises
    ------
    CatalogError
        Nothing is known below `old`, or one lies in the other.
    """
    places = Places(db)
    source, target = (os.fsencode(os.path.normpath(old)) if old else NO_ROOT), resolved(new)
    if source != NO_ROOT and not _URL.match(source):
        source = os.fsencode(os.path.abspath(old))  # noqa: PTH100  it may no longer be there to be resolved
    if source != NO_ROOT and (is_in(source, target) or is_in(target, source)):
        raise CatalogError(f"{new}: lies in {old}, or {old} in it: nothing to relocate")
    moved = list(_known_below(db, places, source))
    if not moved:
        known = ", ".join(os.fsdecode(path) for path in list(places._ids)[:5])
        raise CatalogError(f"{old or '(no root)'}: nothing is known there; the roots are {known or 'none'}")
    root, above = places._place_of(target)
    n_known = 0
    for file, rest, position in moved:
        path = above + b"/" + rest if above else rest
        there = db.execute(
            "SELECT id FROM files WHERE root = ? AND path = ? AND position = ?", (root, path, position)
        ).fetchone()
        if there is not None:
            n_known += 1
            _unite(db, file, there[0])
        else:
            db.execute("UPDATE files SET root = ?, path = ? WHERE id = ?", (root, path, file))
    db.execute("DELETE FROM roots WHERE id NOT IN (SELECT root FROM files)")
    for (path,) in db.execute("SELECT path FROM mounts").fetchall():
        if is_in(bytes(path), source):  # what is mounted at the new place, the next scan sees
            db.execute("DELETE FROM mounts WHERE path = ?", (path,))
    return len(moved), n_known


def _known_below(db: sqlite3.Connection, places: Places, source: bytes) -> Iterator[tuple[int, bytes, int]]:
    """Yield id, path below `source`, and position of every file there."""
    for path, root in list(places._ids.items()):
        if path == source:
            yield from db.execute("SELECT id, path, position FROM files WHERE root = ?", (root,)).fetchall()
        elif path != NO_ROOT and source != NO_ROOT and is_in(path, source):
            prefix = path[len(source) :].lstrip(b"/") + b"/"
            rows = db.execute("SELECT id, path, position FROM files WHERE root = ?", (root,)).fetchall()
            yield from ((file, prefix + below, position) for file, below, position in rows)
        elif path != NO_ROOT and source != NO_ROOT and is_in(source, path):
            rest = source[len(path) :].lstrip(b"/")
            rows = db.execute(
                "SELECT id, path, position FROM files WHERE root = ? AND path > ? AND path < ?",
                (root, rest + b"/", rest + b"0"),
            ).fetchall()
            yield from ((file, below[len(rest) + 1 :], position) for file, below, position in rows)


def is_in(path: bytes, folder: bytes) -> bool:
    """Return whether a place is a folder, or below it."""
    return path == folder or path.startswith(folder if folder.endswith(b"/") else folder + b"/")


def _unite(db: sqlite3.Connection, old: int, new: int) -> None:
    """Leave one row of two of one file."""
    rows: dict[str, int] = {"old": old, "new": new}
    if _is_one_file(db, old, new):
        of_both = (
            "SELECT old.id AS lost, new.id AS kept FROM matches AS old JOIN matches AS new ON new.file = :new"
            " AND new.list = old.list AND new.entry IS old.entry AND new.algorithm IS old.algorithm"
            " AND new.digest IS old.digest WHERE old.file = :old"
        )
        for statement in (
            "UPDATE OR IGNORE looks SET file = :new WHERE file = :old",
            # What another effort found of a match that both know.
            f"UPDATE OR IGNORE sightings SET match = (SELECT kept FROM ({of_both}) WHERE lost = match)"
            f" WHERE match IN (SELECT lost FROM ({of_both}))",
            f"UPDATE matches SET file = :new WHERE file = :old AND id NOT IN (SELECT lost FROM ({of_both}))",
            "UPDATE changes SET file = :new WHERE file = :old",
            "INSERT OR IGNORE INTO hashes SELECT :new, algorithm, digest FROM hashes WHERE file = :old",
            "UPDATE files SET first_run = min(files.first_run, old.first_run),"
            " quality = coalesce(files.quality, old.quality), provenance = coalesce(files.provenance, old.provenance)"
            " FROM files AS old WHERE files.id = :new AND old.id = :old",
        ):
            db.execute(statement, rows)
        for match, run in db.execute("SELECT id, run FROM matches WHERE file = ?", (new,)).fetchall():
            settle_match(db, match, new, run)
        settle_outcome(db, new)
    db.execute("UPDATE verdicts SET file = :new WHERE file = :old", rows)
    db.execute("DELETE FROM files WHERE id = :old", rows)


def _is_one_file(db: sqlite3.Connection, old: int, new: int) -> bool:
    """Return whether two rows are of the same bytes: by the digests that both have, or by size and time of change.

    One may have digests that the other has not: SHA-256 is known of what matched alone.
    """
    facts, hashes = [], []
    for file in (old, new):
        facts.append(db.execute("SELECT size, mtime_ns, outcome FROM files WHERE id = ?", (file,)).fetchone())
        hashes.append(
            dict(db.execute("SELECT algorithm, digest FROM hashes WHERE file = ?", (file,)).fetchall())
        )
    common = hashes[0].keys() & hashes[1].keys()
    if SKIPPED in (facts[0][2], facts[1][2]) or facts[0][0] != facts[1][0]:
        return False
    if any(hashes[0][name] != hashes[1][name] for name in common):
        return False
    return bool(common) or (None not in facts[0] and facts[0][1] == facts[1][1])
