"""What a catalog holds, as plain data: a record for each file, and counts of everything."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ..hashing.algorithms import SHOWN_DIGITS, Algorithm
from ..hashing.hashes import Hash
from ..matching.decision import Outcome, outcome_among
from ..matching.record import decision_record
from .places import shown_path
from .schema import SKIPPED
from .scopes import rank_of

if TYPE_CHECKING:
    from .catalog import Catalog
    from .store import Store

__all__ = ["PRESENT", "counts", "facts_of", "hashes_in", "name_text", "records", "text_of_digest"]

#: The condition on `files` for what was decided and is still there.
PRESENT = f"files.outcome <> '{SKIPPED}' AND files.gone IS NULL"

_FILE_DIGESTS = frozenset(algorithm.value for algorithm in Algorithm if not algorithm.is_perceptual)


def records(
    catalog: Catalog, *, full_hashes: bool = False, only_matches: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield every decided file as plain data, in the order of its path; those that are gone say so.

    Parameters
    ----------
    full_hashes : bool
        Whole digests instead of their first 8 hexadecimal digits.
    only_matches : bool
        Leave out files without a match that counts.
    """
    store = catalog._store
    condition = "outcome = 'match'" if only_matches else f"outcome <> '{SKIPPED}'"
    for file, root, path in store.query(
        "SELECT files.id, roots.path, files.path FROM files JOIN roots ON roots.id = root"
        f" WHERE {condition} ORDER BY roots.path, files.path, position"
    ):
        with store.reading():
            facts = facts_of(store, file, path=shown_path(bytes(root), bytes(path)))
            record = decision_record(facts, full_hashes=full_hashes)
        yield record


def facts_of(
    store: Store,
    file: int,
    *,
    path: str,
    lists: Collection[str] | None = None,
    scopes: Collection[int] | None = None,
    algorithms: Sequence[str] = (),
    whole: bool = True,
) -> dict[str, Any]:
    """Return what is known of one file, as `decision_record` takes it.

    Parameters
    ----------
    path : str
        As the record shall name it.
    lists : collection of str, optional
        Only matches with these lists count, and are told.
    scopes : collection of int, optional
        Only matches that were found under one of these count, and are told.
    algorithms : sequence of str
        Of several hashes of the picture, the first of these is told; else PDQ.
    whole : bool
        Tell everything, and not outcome, reason and matches alone.
    """
    row = store.row(
        "SELECT member, position, size, mtime_ns, outcome, otherwise, reason, quality, provenance, gone"
        " FROM files WHERE id = ?",
        (file,),
    )
    member, position, size, mtime_ns, outcome, otherwise, reason, quality, how, gone = row
    matches: list[dict[str, Any]] = []
    if outcome in ("match", "suppressed"):
        matches = list(_matches_of(store, file, lists, scopes))
        outcome = outcome_among([match["suppressed_by"] for match in matches], Outcome(otherwise)).value
    if not whole:
        decode = None if how is None else json.loads(how)
        return {"path": path, "outcome": outcome, "reason": reason, "matches": matches, "decode": decode}
    looks = list(_looks_at(store, file))
    main = max(looks, key=lambda look: (rank_of(look["effort"]), look["run"]), default={})
    facts: dict[str, Any] = {
        "path": path,
        "size": size,
        "modified_ns": mtime_ns,
        "outcome": outcome,
        "reason": main.get("reason", reason),
        "failure": main.get("failure"),
        "matches": matches,
        "decode": None if how is None else json.loads(how),
        "decided": main.get("decided"),
        "milliseconds": main.get("milliseconds"),
        "refused": _refused_among(looks, lists) or None,
        "gone": gone,
        "looks": [_shown_look(look) for look in looks],
    }
    if member is not None:
        facts.update(member=name_text(member), position=position)
    hashes = dict(store.query("SELECT algorithm, digest FROM hashes WHERE file = ?", (file,)))
    facts.update({name: digest.hex() for name, digest in hashes.items() if name in _FILE_DIGESTS})
    for name in (*algorithms, Algorithm.PDQ.value, *hashes):
        if name in hashes and name not in _FILE_DIGESTS:
            facts.update(algorithm=name, hash=hashes[name].hex())
            facts["quality"] = quality if name == Algorithm.PDQ.value else None
            break
    return facts


def hashes_in(rows: Iterable[tuple[Any, ...]], quality: int | None) -> list[Hash]:
    """Return stored digests of one file as hashes, PDQ first, which alone has a quality."""
    return [
        Hash(name, bytes(digest), quality=quality if name == Algorithm.PDQ.value else None)
        for name, digest in sorted(rows)
    ]


def _looks_at(store: Store, file: int) -> Iterator[dict[str, Any]]:
    for run, lists, effort, outcome, reason, failure, decided, milliseconds, refused in store.query(
        "SELECT run, lists, effort, outcome, reason, failure, decided, milliseconds, refused FROM looks"
        " JOIN scopes ON scopes.id = scope WHERE file = ? ORDER BY run",
        (file,),
    ):
        yield {
            "run": run, "lists": json.loads(lists), "effort": effort, "outcome": outcome, "reason": reason,
            "failure": failure, "decided": decided, "milliseconds": milliseconds,
            "refused": [] if refused is None else json.loads(refused),
        }  # fmt: skip


def _refused_among(looks: list[dict[str, Any]], lists: Collection[str] | None) -> list[dict[str, Any]]:
    """Return what gates kept from matching: of each list's entries, as the most thorough look at that list saw it.

    Of the list as the newest look at it knew it: an entry that has left it is kept from nothing.
    """
    newest: dict[str, str] = {}
    for look in sorted(looks, key=lambda look: look["run"]):
        newest.update(look["lists"])
    of_list: dict[str, dict[str, Any]] = {}
    for look in sorted(looks, key=lambda look: (rank_of(look["effort"]), look["run"])):
        of_list.update({name: look for name, digest in look["lists"].items() if digest == newest[name]})
    refused = [
        each
        for look in looks
        for each in look["refused"]
        if of_list.get(each["list"]) is look and (lists is None or each["list"] in lists)
    ]
    return sorted(refused, key=lambda each: int(each["distance"]))


def _shown_look(look: dict[str, Any]) -> dict[str, Any]:
    lists = {name: snapshot[:SHOWN_DIGITS] for name, snapshot in look["lists"].items()}
    return {"run": look["run"], "effort": look["effort"], "lists": lists, "decided": look["decided"]}


def _matches_of(
    store: Store, file: int, lists: Collection[str] | None, scopes: Collection[int] | None
) -> Iterator[dict[str, Any]]:
    found = (
        ""
        if scopes is None
        else f" AND id IN (SELECT match FROM sightings JOIN runs ON runs.id = sightings.run"
        f" WHERE match = matches.id AND scope IN ({', '.join(f'{scope:d}' for scope in scopes)}))"
    )
    for row in store.query(
        "SELECT list, entry, category, labels, algorithm, digest, distance, view, suppressed_by, evidence, effort,"
        " snapshot, stale, first_run, (SELECT group_concat(run) FROM sightings WHERE match = matches.id)"
        f" FROM matches WHERE file = ?{found} ORDER BY suppressed_by IS NOT NULL, distance, list, entry, id",
        (file,),
    ):
        source, entry, category, labels, algorithm, digest, distance, view, suppressed_by, *rest = row
        evidence, effort, snapshot, stale, first_run, runs = rest
        if lists is None or source in lists:
            yield {
                "list": source, "id": entry, "category": category, "labels": json.loads(labels),
                "distance": distance, "view": view, "algorithm": algorithm, "hash": text_of_digest(digest),
                "suppressed_by": suppressed_by, "evidence": evidence, "effort": effort, "snapshot": snapshot,
                "runs": sorted({first_run, *map(int, (runs or "").split(","))} if runs else {first_run}),
                "stale": True if stale is not None else None,
            }  # fmt: skip


def text_of_digest(digest: bytes | None) -> str | None:
    """Return a stored digest in hexadecimal digits."""
    return None if digest is None else digest.hex()


def name_text(stored: bytes | None) -> str | None:
    """Return a stored name of an archive's member as text; what is not UTF-8 as lone surrogates."""
    return None if stored is None else os.fsdecode(stored) if isinstance(stored, bytes) else str(stored)


# -- counts -----------------------------------------------------------------------------------------------


def counts(catalog: Catalog) -> dict[str, Any]:
    """Return counts of everything, as plain data."""
    with catalog._store.reading():
        return _counts(catalog._store)


def _counts(store: Store) -> dict[str, Any]:
    def counted(sql: str) -> dict[str, int]:
        return {str(name): int(n) for name, n in store.query(f"{sql} GROUP BY 1 ORDER BY 2 DESC, 1")}

    standing = f"FROM matches JOIN files ON files.id = file WHERE suppressed_by IS NULL AND {PRESENT}"
    return {
        "files": store.number(f"SELECT count(*) FROM files WHERE {PRESENT}"),
        "gone": store.number(f"SELECT count(*) FROM files WHERE gone IS NOT NULL AND outcome <> '{SKIPPED}'"),
        # An archive once, whatever was decided in it.
        "bytes": store.number(
            f"SELECT total(size) FROM (SELECT max(size) AS size FROM files WHERE {PRESENT} GROUP BY root, path)"
        ),
        "outcomes": counted(f"SELECT outcome, count(*) FROM files WHERE {PRESENT}"),
        "left_aside": counted(
            f"SELECT reason, count(*) FROM files WHERE outcome = '{SKIPPED}' AND gone IS NULL"
        ),
        "failures": counted("SELECT failure, count(DISTINCT file) FROM looks WHERE failure IS NOT NULL"),
        "hashes": counted("SELECT algorithm, count(*) FROM hashes"),
        "roots": {
            os.fsdecode(path): n
            for path, n in store.query(
                "SELECT roots.path, count(*) FROM files JOIN roots ON roots.id = root"
                f" WHERE {PRESENT} GROUP BY 1 ORDER BY 1"
            )
        },
        "matched_lists": counted(f"SELECT list, count(DISTINCT file) {standing}"),
        "stale": counted(f"SELECT list, count(*) {standing} AND stale IS NOT NULL"),
        "decided_for": _decided_for(store),
        "runs": [
            {
                "run": number, "kind": kind, "state": state, "started": started, "finished": finished or "-",
                "effort": effort, "lists": {name: digest[:SHOWN_DIGITS] for name, digest in json.loads(lists).items()},
            }
            for number, kind, state, started, finished, effort, lists in store.query(
                "SELECT runs.id, kind, state, started, finished, effort, lists FROM runs"
                " JOIN scopes ON scopes.id = scope ORDER BY runs.id"
            )
        ],
    }  # fmt: skip


def _decided_for(store: Store) -> list[dict[str, Any]]:
    """Return for how many files each version of each list was looked up, by effort."""
    found: dict[tuple[str, str, str], int] = {}
    for lists, effort, n in store.query(
        "SELECT lists, effort, count(*) FROM looks JOIN scopes ON scopes.id = scope"
        f" JOIN files ON files.id = file WHERE {PRESENT} GROUP BY scope"
    ):
        for name, snapshot in json.loads(lists).items():
            key = (name, snapshot[:SHOWN_DIGITS], effort)
            found[key] = found.get(key, 0) + n
    return [
        {"list": name, "snapshot": snapshot, "effort": effort, "files": n}
        for (name, snapshot, effort), n in sorted(found.items())
    ]
