"""Files that a catalog does not know yet, written together: a few statements for many of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..hashing.hashes import Hash
    from .store import Store

__all__ = ["FileFacts", "FileRow", "Incoming", "Key", "Look"]

#: So many rows are written together: of 42 us of a processor that a file took one by one, 34 are left at 32, 31 at
#: 128, 30 at 256.
_BATCH_ROWS = 128

#: Root, path below it, position: what tells a file from others.
Key = tuple[int, bytes, int]


class FileFacts(NamedTuple):
    """Columns of a file's row, in the order in which they are inserted."""

    outcome: str
    reason: str | None
    member: bytes | None
    size: int | None
    mtime_ns: int | None
    quality: int | None
    provenance: str | None


class Look(NamedTuple):
    """Columns of what was decided of a file, in the order in which they are inserted."""

    decided: str
    outcome: str
    reason: str | None
    failure: str | None
    milliseconds: float
    refused: str | None


class FileRow(NamedTuple):
    """One file as it is written: its facts, what was decided, and its hashes.

    And what one needs who finds that it was known: when it changed, and whether it could be looked at at all.
    """

    facts: FileFacts
    look: Look
    hashes: tuple[Hash, ...]
    mtime_ns: int | None
    could_look: bool


class Incoming:
    """Rows of files that are thought to be new, until they are written.

    Parameters
    ----------
    store : Store
        Its lock is held: nobody else adds files meanwhile.
    run, scope : int
        Of the run under way.
    """

    def __init__(self, store: Store, *, run: int, scope: int) -> None:
        self._store, self._run, self._scope = store, run, scope
        self._rows: dict[Key, FileRow] = {}

    def __contains__(self, key: Key) -> bool:
        return key in self._rows

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def is_full(self) -> bool:
        """Whether so many wait that waiting gains nothing more."""
        return len(self._rows) >= _BATCH_ROWS

    def add(self, key: Key, row: FileRow) -> None:
        """Keep a row until `write`; there must be none for its key."""
        self._rows[key] = row

    def write(self, one_by_one: Callable[[Key, FileRow], None], seen: Callable[[int], None]) -> None:
        """Write all rows, within a transaction.

        Parameters
        ----------
        one_by_one : callable
            Writes one row where some of the files were known after all: two names of one file lead to one row.
        seen : callable
            Is told the number of each file that was made.
        """
        rows, self._rows = self._rows, {}
        if not rows:
            return
        db = self._store.db
        first = db.execute("SELECT coalesce(max(id), 0) + 1 FROM files").fetchone()[0]
        db.execute("SAVEPOINT incoming")
        made = db.executemany(
            "INSERT INTO files (id, root, path, position, first_run, otherwise, outcome, reason, member, size,"
            " mtime_ns, quality, provenance) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
            [
                (number, *key, self._run, row.facts.outcome, *row.facts)
                for number, (key, row) in enumerate(rows.items(), first)
            ],
        ).rowcount
        if made != len(rows):
            db.execute("ROLLBACK TO incoming")
            db.execute("RELEASE incoming")
            for key, row in rows.items():
                one_by_one(key, row)
            return
        db.executemany(
            "INSERT OR REPLACE INTO hashes (file, algorithm, digest) VALUES (?, ?, ?)",
            [
                (number, value.algorithm.value, value.digest)
                for number, row in enumerate(rows.values(), first)
                for value in row.hashes
            ],
        )
        db.executemany(
            "INSERT INTO looks (file, scope, run, decided, outcome, reason, failure, milliseconds, refused)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [(number, self._scope, self._run, *row.look) for number, row in enumerate(rows.values(), first)],
        )
        db.execute("RELEASE incoming")
        for number in range(first, first + len(rows)):
            seen(number)
