"""The handle of a catalog: the file in which scans keep what they saw, and go on."""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .._face import checked
from . import places
from .store import Store

if TYPE_CHECKING:
    from ..lists.entry import Entry
    from .agreement import Agreement
    from .changes import Change

__all__ = ["Catalog"]


@checked
class Catalog:
    """An open catalog: what scans saw of every file, its hashes, what it matched, and when.

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
    One process writes at a time (a scan, a re-match or a review; the second is refused); any number may read
    meanwhile. An object belongs to one thread.

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

    def __init__(self, path: str | os.PathLike[str], *, create: bool = True) -> None:
        self._store = Store(path, create=create)

    @property
    def path(self) -> str:
        """The file, as it was named.

        Examples
        --------
        >>> with safehash.Catalog("scan.db") as catalog:
        ...     catalog.path
        'scan.db'
        """
        return self._store.path

    def __enter__(self) -> Catalog:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the file; a run still open is left as "running" and recognised as ended by the next.

        Examples
        --------
        >>> catalog = safehash.Catalog("scan.db")
        >>> catalog.close()
        """
        self._store.close()

    def check_integrity(self) -> None:
        """Read the whole file and compare it with itself.

        Raises
        ------
        CatalogError
            It is damaged; the message says where.

        Examples
        --------
        >>> with safehash.Catalog("scan.db") as catalog:
        ...     catalog.check_integrity()
        """
        self._store.check_integrity()

    def relocate(self, old: str | os.PathLike[str], new: str | os.PathLike[str]) -> tuple[int, int]:
        """Say that the files below `old` are below `new` now: a store that moved, or is mounted elsewhere.

        Parameters
        ----------
        old : path-like
            A folder as the catalog knows it, which need not exist; empty for paths that version 0.1 stored as
            they were given.
        new : path-like

        Returns
        -------
        n_moved, n_known : int
            How many files moved, and how many of them were known below `new` already.

        Raises
        ------
        CatalogError
            Nothing is known below `old`, one lies in the other, or another process writes the catalog.

        Examples
        --------
        >>> import shutil
        >>> from pathlib import Path
        >>> with safehash.Catalog(shutil.copy("scan.db", "moved.db")) as catalog:
        ...     catalog.relocate(Path("photos").absolute(), "elsewhere")
        (2, 0)
        """
        self._store.take_lock()
        try:
            with self._store.transaction() as db:
                return places.relocate(db, str(old), str(new))
        finally:
            self._store.release()

    # -- what it tells ------------------------------------------------------------------------------------

    def records(self, *, full_hashes: bool = False, only_matches: bool = False) -> Iterator[dict[str, Any]]:
        """Yield every decided file as plain data, in the order of its path; those that are gone say so.

        Parameters
        ----------
        full_hashes : bool
            Whole digests instead of their first 8 hexadecimal digits.
        only_matches : bool
            Leave out files without a match that counts.

        Examples
        --------
        >>> with safehash.Catalog("scan.db") as catalog:
        ...     [(os.path.basename(record["path"]), record["outcome"]) for record in catalog.records()]
        [('other.jpg', 'no_match'), ('photo.jpg', 'match')]
        """
        from . import holdings

        return holdings.records(self, full_hashes=full_hashes, only_matches=only_matches)

    def counts(self) -> dict[str, Any]:
        """Return counts of everything, as plain data.

        Examples
        --------
        >>> with safehash.Catalog("scan.db") as catalog:
        ...     catalog.counts()["outcomes"]
        {'match': 1, 'no_match': 1}
        """
        from . import holdings

        return holdings.counts(self)

    def changes(self, *, after: int, to: int) -> Iterator[Change]:
        """Yield what was known after run `to` and not after run `after`, or the other way round, by path.

        Parameters
        ----------
        after : int
            A run, or 0 for before everything.
        to : int

        Raises
        ------
        CatalogError
            There is no such run.

        Examples
        --------
        >>> with safehash.Catalog("scan.db") as catalog:
        ...     [change.kind for change in catalog.changes(after=0, to=1)]
        ['new', 'new', 'found']
        """
        from .changes import changes

        return changes(self, after=after, to=to)

    def agreement(self) -> dict[str, dict[str, Agreement]]:
        """Return what reviewers made of each list and each label: ``{"lists": {...}, "labels": {...}}``.

        Examples
        --------
        >>> with safehash.Catalog("scan.db") as catalog:
        ...     catalog.agreement()
        {'lists': {}, 'labels': {}}
        """
        from .agreement import agreement

        return agreement(self)

    def confirmed(self, *, owner: str) -> Iterator[Entry]:
        """Yield the entries that reviewers confirmed on at least one picture, each with `owner`'s opinion of it.

        A wrong match says that a picture is another one, nothing of the entry: it makes no opinion.

        Parameters
        ----------
        owner : str
            Whose opinion it is: the organisation's name or id as the exchange knows it.

        Examples
        --------
        >>> with safehash.Catalog("scan.db") as catalog:
        ...     list(catalog.confirmed(owner="42"))
        []
        """
        from .agreement import confirmed

        return confirmed(self, owner=owner)
