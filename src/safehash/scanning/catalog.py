"""The handle of a catalog: the file in which scans keep what they saw, and go on."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING

from .._face import checked
from . import places
from .store import Store

if TYPE_CHECKING:
    from _typeshed import StrPath

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

    def __init__(self, path: StrPath, *, create: bool = True) -> None:
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

    def relocate(self, old: StrPath, new: StrPath) -> tuple[int, int]:
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
