"""Lists that have one name: two that have nothing in common are no versions of one, and what is dropped is said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..errors import ListError
from ..hashing.hashes import Algorithm, Hash
from ..lists.switches import switch
from .scopes import Scope
from .sharing import uncounted
from .sightings import EntryKey, plain

if TYPE_CHECKING:
    from ..matching.matcher import Matcher
    from .store import Store

__all__ = ["check_namesakes", "dropped"]

#: Of fewer entries that matched, all may well have been withdrawn.
_FEWEST = 5
#: So many of the entries that matched are looked up: one that is still listed is enough.
_MOST = 1000


def check_namesakes(store: Store, matcher: Matcher, *, effort: str | None = None) -> None:
    """Refuse a list of which none of the entries that matched under its name is: it is another list.

    As a version of the one before, it would take away all that this one found, also in files that are not there now.

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
    sources = {source.list_name: source for source in matcher._sources.lists}
    for name in scope.lists:
        source = sources.get(name)
        if source is None or source.max_shrink >= 1:
            continue  # a snapshot was checked when it was built
        with store.reading():
            keys = _matched_before(store, name, scope.selection)
            if len(keys) < _FEWEST or _has_one(matcher, name, keys):
                continue
        raise ListError(
            f"refused: none of the {len(keys)} entries that matched as {name!r} in {store.path} is on this list, so "
            "it is another one: give it a name of its own (NAME=LIST); if it is a newer version all the same, "
            f"{switch('max_shrink', 1.0)} drops what matched",
            path=source.path,
        )


def _matched_before(store: Store, name: str, selection: str) -> list[EntryKey]:
    """Return entries that matched on any version of a list, when the same entries were asked for."""
    asked = [
        number
        for number, lists, effort, settings in store.query("SELECT id, lists, effort, settings FROM scopes")
        if Scope(lists=json.loads(lists), effort=effort, settings=settings).selection == selection
    ]
    return [
        EntryKey(*row)
        for row in store.query(
            "SELECT DISTINCT list, entry, matches.algorithm, digest FROM matches JOIN runs ON runs.id = matches.run"
            " WHERE list = ? AND scope IN (SELECT value FROM json_each(?)) LIMIT ?",
            (name, json.dumps(asked), _MOST),
        )
    ]


def _has_one(matcher: Matcher, name: str, keys: Sequence[EntryKey]) -> bool:
    """Return whether a list holds one of some entries: its digest, or, with another digest, its id."""
    values = [Hash(Algorithm(key.algorithm or ""), key.digest) for key in keys if key.digest is not None]
    return any(
        plain(each.entry.source) == name and each.distance == 0
        for decision in uncounted(matcher).check_hashes(values)
        for each in decision.matches
    ) or not _ids_of(matcher, name).isdisjoint(key.entry for key in keys)


def _ids_of(matcher: Matcher, name: str) -> set[str]:
    table = matcher._state.table
    start = 0
    for info in matcher.audit.lists:
        if info.name == name and not info.allow:
            found = (table.id_of(row) for row in range(start, start + info.n_entries))
            return {each for each in map(plain, found) if each is not None}
        start += info.n_entries
    return set()


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
