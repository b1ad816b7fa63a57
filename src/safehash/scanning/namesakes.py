"""Lists that have one name: two that have nothing in common are no versions of one, and what is dropped is said."""

from __future__ import annotations

import json
from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from ..errors import ListError
from ..hashing.hashes import Algorithm
from ..lists.loading import keys_of, load_list
from ..lists.switches import switch
from ..matching.keeping import Before, before_of
from ..matching.printable import plain
from .scopes import Scope
from .sightings import EntryKey

if TYPE_CHECKING:
    from ..lists.source import ListSource
    from ..matching.matcher import Matcher
    from .store import Store

__all__ = ["check_namesakes", "dropped"]

#: Of fewer entries that matched, all may well have been withdrawn.
_FEWEST = 5


def check_namesakes(store: Store, matcher: Matcher, *, effort: str | None = None) -> None:
    """Refuse a list of which none of the entries that matched under its name is: it is another list.

    As a version of the one before, it would take away all that this one found, also in files that are not there now.
    An entry that the list has and that does not count, being withdrawn, negative or too old, is on it. What was given
    entry by entry is no list.

    Parameters
    ----------
    store : Store
    matcher : Matcher
    effort : str, optional
        In place of the matcher's own.

    Raises
    ------
    ListError
    """
    scope = Scope.of(matcher.audit, matcher.settings, effort=effort)
    sources = {plain(source.list_name): source for source in matcher._sources.lists}
    snapshot = matcher._sources.snapshot
    counting = {plain(name): rows for (name, allow), rows in _lists_of(matcher).items() if not allow}
    for name, digest in scope.lists.items():
        source = sources.get(name)
        path = snapshot if source is None else source.path
        if path is None or (source is not None and source.max_shrink >= 1):
            continue
        with store.reading():
            keys = _matched_before(store, name, scope.selection)
        if len(keys) < _FEWEST or _has_one(counting[name], keys):
            continue
        if source is not None and _mentions_one(source, digest, keys):
            continue
        raise ListError(
            f"refused: none of the {len(keys)} entries that matched as {name!r} in {store.path} is on this list, so "
            "it is another one: give it a name of its own (NAME=LIST"
            f"{', when the snapshot is built' if source is None else ''}); if it is a newer version all the same, "
            f"{'a re-match with the list itself and ' if source is None else ''}"
            f"{switch('max_shrink', 1.0)} drops what matched",
            path=path,
        )


def _lists_of(matcher: Matcher) -> dict[tuple[str, bool], Before]:
    return before_of(matcher._state.table, matcher.audit.lists)


def _matched_before(store: Store, name: str, selection: str) -> list[EntryKey]:
    """Return the entries that matched on any version of a list, when the same entries were asked for."""
    asked = [
        number
        for number, lists, effort, settings in store.query("SELECT id, lists, effort, settings FROM scopes")
        if Scope(lists=json.loads(lists), effort=effort, settings=settings).selection == selection
    ]
    return [
        EntryKey(*row)
        for row in store.query(
            "SELECT DISTINCT list, entry, matches.algorithm, digest FROM matches JOIN runs ON runs.id = matches.run"
            " WHERE list = ? AND scope IN (SELECT value FROM json_each(?))",
            (name, json.dumps(asked)),
        )
    ]


def _has_one(rows: Before, keys: Collection[EntryKey]) -> bool:
    """Return whether rows of a table hold one of some entries: its digest, or, with another digest, its id."""
    for algorithm in Algorithm:
        at, digests = rows.table.digests(algorithm)
        first, last = np.searchsorted(at, [rows.start, rows.stop])
        wanted = _digests_of(keys, algorithm)
        if np.isin(keys_of(digests[first:last]), keys_of(wanted)).any():
            return True
    ids = {key.entry for key in keys} - {None}
    return bool(ids) and any(plain(rows.table.id_of(row)) in ids for row in range(rows.start, rows.stop))


def _mentions_one(source: ListSource, snapshot: str, keys: Collection[EntryKey]) -> bool:
    """Return whether a list has one of some entries that does not count: it is withdrawn, or left out by the policy."""
    with suppress(ListError, OSError):
        loaded = load_list(source)
        if (
            loaded.snapshot == snapshot
        ):  # and not what took its place meanwhile, or is refused for its last good state
            withdrawn = loaded.withdrawn
            return (
                any(
                    np.isin(keys_of(digests), keys_of(_digests_of(keys, algorithm))).any()
                    for algorithm, digests in withdrawn.digests.items()
                )
                or not withdrawn.ids.isdisjoint(key.entry for key in keys)
                or _has_one(Before(loaded.table, 0, len(loaded.table)), keys)
            )
    return False


def _digests_of(keys: Collection[EntryKey], algorithm: Algorithm) -> npt.NDArray[np.uint8]:
    own = [
        key.digest
        for key in keys
        if key.algorithm == algorithm.value
        and key.digest is not None
        and len(key.digest) == algorithm.n_bytes
    ]
    return np.frombuffer(b"".join(own), np.uint8).reshape(len(own), algorithm.n_bytes)


def dropped(store: Store, run: int) -> tuple[str, ...]:
    """Return what is to be said of matches that a run dropped though their files are what they were."""
    return tuple(
        f"{n} {'match' if n == 1 else 'matches'} of {name!r} in the catalog dropped: entries left the list, or are no "
        f"longer found; `safehash catalog diff {store.path} {run - 1} {run}` tells which"
        for name, n in store.query(
            "SELECT list, count(*) FROM changes WHERE run = ? AND kind IN ('lost', 'left') AND file NOT IN"
            " (SELECT file FROM changes WHERE run = ? AND kind = 'changed') GROUP BY list ORDER BY list",
            (run, run),
        )
    )
