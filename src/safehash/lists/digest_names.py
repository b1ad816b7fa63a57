"""A digest that names an entry, as people write it; and the entries that have it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import numpy as np

from ..hashing.hashes import Algorithm, Hash
from .table import EntryTable

__all__ = ["digest_named", "digests_named", "rows_of_digest", "unknown_names"]


def digest_named(text: str) -> Hash | None:
    """Return the hash of which a text is the whole digest, or None where it is an id.

    Digits in either case, ``ALGORITHM:`` before them; without that, as many as PDQ has are PDQ.

    Examples
    --------
    >>> digest_named("phash:D1C4A3B2F0E19687").hex, digest_named("D1C4A3B2F0E19687"), digest_named("b-1")
    ('d1c4a3b2f0e19687', None, None)
    """
    algorithm, colon, digits = text.strip().rpartition(":")
    try:
        return Hash.from_hex(algorithm.lower() if colon else Algorithm.PDQ, digits)
    except ValueError:
        return None


@lru_cache(maxsize=64)
def digests_named(names: frozenset[str]) -> frozenset[Hash]:
    """Return the hashes of those of some names that are digests."""
    return frozenset(found for found in map(digest_named, names) if found is not None)


def rows_of_digest(table: EntryTable, value: Hash, *, before: int) -> list[int]:
    """Return which of the first `before` rows have a digest.

    Raises
    ------
    IndexFileError
        The table came from a file, and the file is damaged there.
    """
    at, digests = table.digests(value.algorithm)
    same = (digests == np.frombuffer(value.digest, np.uint8)).all(axis=1)
    return [row for row in at[same].tolist() if row < before]


def unknown_names(table: EntryTable, names: Iterable[str], *, before: int) -> tuple[list[str], list[str]]:
    """Return which of some names none of the first `before` rows bears, and which are one's id and another's digest.

    Raises
    ------
    IndexFileError
        As of `rows_of_digest`.
    """
    names = sorted(set(names))
    ids = table.known_ids(names, before=before)
    unknown, doubtful = [], []
    for name in names:
        value = digest_named(name)
        rows = [] if value is None else rows_of_digest(table, value, before=before)
        if not rows:
            unknown += [] if name in ids else [name]
        elif name in ids and set(table.rows_called(name, before=before)) - set(rows):
            doubtful.append(name)
    return unknown, doubtful
