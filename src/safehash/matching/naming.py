"""Which entries are named by the id or the digest that a match shows, whatever their lists key them by."""

from __future__ import annotations

from ..hashing.hashes import Hash
from ..lists.digest_names import rows_of_digest
from .state import State

__all__ = ["keys_named", "rows_named"]


def rows_named(state: State, name: str | Hash) -> list[int]:
    """Return the listed rows, of whichever list, that have an id or a digest.

    Raises
    ------
    IndexFileError
        The table came from a file, and the file is damaged there.
    """
    if isinstance(name, str):
        return state.table.rows_called(name, before=state.n_listed)
    return rows_of_digest(state.table, name, before=state.n_listed)


def keys_named(state: State, source: str, name: str | Hash) -> tuple[tuple[str, ...], ...]:
    """Return the keys of a list's entries that have an id or a digest; none where there is no such entry.

    A list may key its entries by their digests and give them ids, as exchanges do: what is said of an id is said of all
    that have it.

    Raises
    ------
    IndexFileError
        As of `rows_named`.
    """
    entries = [state.table[row] for row in rows_named(state, name)]
    return tuple(dict.fromkeys(entry.key for entry in entries if entry.source == source))
