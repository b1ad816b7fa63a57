"""Verdicts in a catalog: brought in, counted, and what follows of them for matches like those that were reviewed."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

from .._face import checked, public_value
from ..hashing.algorithms import USUAL_QUALITY
from ..hashing.hashes import Algorithm, Hash
from ..matching.pairs import REVIEW, Pair, Pairs
from .places import absolute
from .sightings import EntryKey, note_change, plain, settle_outcome
from .verdicts import Verdict, token_of

if TYPE_CHECKING:
    from .catalog import Catalog
    from .store import Store

__all__ = [
    "Applied",
    "Judged",
    "apply_verdicts",
    "judged",
    "pairs_of",
    "pairs_within",
    "picture_of",
    "tokens",
]

#: The kind of a run that brings verdicts, and its effort: it looks at nothing.
_KIND = "review"


@public_value
@dataclass(slots=True, kw_only=True)
class Applied:
    """What came of applying verdicts.

    Made by `apply_verdicts`.

    Attributes
    ----------
    n_new, n_known : int
        Verdicts that were stored, and those that stood there already.
    unknown : list of Verdict
        About matches that the catalog does not have, or no longer.
    n_cancelled, n_restored : int
        Matches that are suppressed from now on, and those that are told again.
    n_conflicts : int
        Pairs of an entry and a picture of which reviewers say opposite things: never suppressed.
    exact : list of (str, str or None)
        List and id of entries of which a picture with the very same hash was newly said to be another one: by that,
        copies of the listed picture itself are suppressed.

    Examples
    --------
    >>> with safehash.Catalog("scan.db") as catalog:
    ...     apply_verdicts(catalog, []).n_new
    0
    """

    n_new: int = 0
    n_known: int = 0
    unknown: list[Verdict] = field(default_factory=list)
    n_cancelled: int = 0
    n_restored: int = 0
    n_conflicts: int = 0
    exact: list[tuple[str, str | None]] = field(default_factory=list)


class Picture(NamedTuple):
    """What is known of a file's picture."""

    own: Hash | None
    sha256: bytes | None
    path: bytes

    @property
    def key(self) -> bytes:
        if self.sha256 is not None:
            return self.sha256
        return self.path if self.own is None else self.own.digest


class _Said(NamedTuple):
    """What one reviewer said of one picture, and of what match with it."""

    verdict: str
    view: str
    distance: int
    sha256: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An entry and a picture, and what reviewers say of them now.

    Attributes
    ----------
    key : EntryKey
    labels : tuple of str
    by : mapping of str to str
        Each reviewer's newest verdict.
    """

    key: EntryKey
    labels: tuple[str, ...]
    by: dict[str, str]

    @property
    def standing(self) -> str:
        """ "right", "wrong", "unsure", or "conflict" where one reviewer says right and another wrong."""
        said = set(self.by.values()) - {"unsure"}
        return "conflict" if len(said) > 1 else said.pop() if said else "unsure"


@checked
def apply_verdicts(catalog: Catalog, verdicts: Iterable[Verdict]) -> Applied:
    """Store verdicts, and settle every match of the entries that they are about.

    Parameters
    ----------
    catalog : Catalog
    verdicts : iterable of Verdict

    Raises
    ------
    CatalogError
        Another process is writing the catalog, or it cannot be written.

    Examples
    --------
    >>> with safehash.Catalog("scan.db") as catalog:
    ...     ((token, _),) = tokens(catalog).items()
    ...     said = {"match": token, "reviewer": "anna", "decided": "2026-01-01T00:00:00.000+00:00"}
    ...     apply_verdicts(catalog, [Verdict(verdict="wrong", **said)]).n_cancelled
    ...     said["decided"] = "2026-01-02T00:00:00.000+00:00"
    ...     apply_verdicts(catalog, [Verdict(verdict="unsure", **said)]).n_restored
    1
    1
    """
    store = catalog._store
    applied = Applied()
    store.take_lock()
    try:
        known = {**_tokens_by_hash(store), **tokens_within(store)}
        with store.transaction() as db:
            run = _begin(db)
            exact: set[EntryKey] = set()
            for verdict in verdicts:
                matches = known.get(verdict.match)
                if matches is None:
                    applied.unknown.append(verdict)
                elif _insert(db, store, run, matches[0], verdict):
                    applied.n_new += 1
                    if verdict.verdict == "wrong":
                        exact |= _exact_entries(db, matches)
                else:
                    applied.n_known += 1
            now = judged(store)
            applied.n_conflicts = sum(each.standing == "conflict" for each in now)
            wrong = {each.key for each in now if each.standing == "wrong"}
            applied.exact = sorted({(key.source, key.entry) for key in exact & wrong}, key=str)
            applied.n_cancelled, applied.n_restored = _settle(db, store, run)
            if not applied.n_new and not applied.n_cancelled and not applied.n_restored:
                db.execute("DELETE FROM runs WHERE id = ?", (run,))
    finally:
        store.release()
    return applied


def _exact_entries(db: sqlite3.Connection, matches: Sequence[int]) -> set[EntryKey]:
    """Return the entries of matches whose picture has the entry's very hash, in whatever view."""
    rows = (
        db.execute(
            "SELECT list, entry, algorithm, digest FROM matches WHERE id = ? AND distance = 0", (match,)
        ).fetchone()
        for match in matches
    )
    return {EntryKey(*row) for row in rows if row is not None}


def _begin(db: sqlite3.Connection) -> int:
    """Make the run of a review, finished as it begins: it is one transaction."""
    from .ledger import now

    db.execute(
        "INSERT OR IGNORE INTO scopes (lists, effort, settings) VALUES ('{}', ?, '{}')",
        (_KIND,),
    )
    number = db.execute(
        "INSERT INTO runs (kind, state, started, finished, host, pid, scope)"
        " SELECT ?, 'finished', ?, ?, ?, ?, id FROM scopes WHERE lists = '{}' AND effort = ? AND settings = '{}'",
        (_KIND, now(), now(), socket.gethostname(), os.getpid(), _KIND),
    ).lastrowid
    assert number is not None
    return number


def tokens(catalog: Catalog) -> dict[str, list[int]]:
    """Return every match of the catalog by its token: matches of copies of one file share one.

    Examples
    --------
    >>> with safehash.Catalog("scan.db") as catalog:
    ...     len(tokens(catalog))
    1
    """
    return tokens_within(catalog._store)


def tokens_within(
    store: Store, *, key: Callable[[Picture], bytes] = attrgetter("key")
) -> dict[str, list[int]]:
    """Return every match of an open catalog by its token, of which the picture's part is told by `key`."""
    found: dict[str, list[int]] = {}
    pictures = pictures_of_matches(store)
    for match, file, *entry in store.query(
        "SELECT id, file, list, entry, algorithm, digest FROM matches ORDER BY id"
    ):
        token = token_of(entry[0], entry[1], entry[2], entry[3], key(pictures[file]))
        found.setdefault(token, []).append(match)
    return found


def _tokens_by_hash(store: Store) -> dict[str, list[int]]:
    """Return matches by the tokens that they had, or would have had, while SHA-256 of the file was not known."""
    return tokens_within(store, key=lambda picture: picture._replace(sha256=None).key)


def pictures_of_matches(store: Store) -> dict[int, Picture]:
    """Return what tells the picture of each matched file from others, by the file's number."""
    found: dict[int, Picture] = {}
    hashes: dict[int, list[tuple[str, bytes]]] = {}
    for file, name, digest in store.query(
        "SELECT file, algorithm, digest FROM hashes WHERE file IN (SELECT file FROM matches)"
    ):
        hashes.setdefault(file, []).append((name, digest))
    for file, root, path, quality in store.query(
        "SELECT files.id, roots.path, files.path, quality FROM files JOIN roots ON roots.id = root"
        " WHERE files.id IN (SELECT file FROM matches)"
    ):
        found[file] = _picture(hashes.get(file, ()), absolute(bytes(root), bytes(path)), quality)
    return found


def judged_tokens(store: Store) -> dict[str, dict[str, str]]:
    """Return each reviewer's newest verdict on each match that was reviewed, by its token."""
    found: dict[str, dict[str, str]] = {}
    learnt: dict[bytes, set[bytes]] = {}
    for known in pictures_of_matches(store).values():
        if known.own is not None and known.sha256 is not None:
            learnt.setdefault(known.own.digest, set()).add(known.sha256)
    for source, entry, algorithm, digest, picture, sha256, path, root, who, said in store.query(
        "SELECT list, entry, verdicts.algorithm, digest, picture, sha256, files.path, roots.path, reviewer, verdict"
        " FROM verdicts LEFT JOIN files ON files.id = file LEFT JOIN roots ON roots.id = root"
        " ORDER BY decided, verdicts.id"
    ):
        key = sha256 or picture or (None if path is None else absolute(bytes(root), bytes(path)))
        keys = set() if key is None else {bytes(key)}
        if sha256 is None and picture is not None:
            keys |= learnt.get(bytes(picture), set())
        for each in keys:
            found.setdefault(token_of(source, entry, algorithm, digest, each), {})[who] = said
    return found


def picture_of(store: Store, file: int) -> Picture:
    """Return what tells a file's picture from others."""
    root, path, quality = store.row(
        "SELECT roots.path, files.path, quality FROM files JOIN roots ON roots.id = root WHERE files.id = ?",
        (file,),
    )
    hashes = list(store.query("SELECT algorithm, digest FROM hashes WHERE file = ?", (file,)))
    return _picture(hashes, absolute(bytes(root), bytes(path)), quality)


def _picture(hashes: Iterable[tuple[Any, ...]], path: bytes, quality: int | None) -> Picture:
    own, sha256 = None, None
    for name, digest in sorted(hashes, reverse=True):
        algorithm = Algorithm(name)
        if algorithm is Algorithm.SHA256:
            sha256 = bytes(digest)
        elif algorithm.is_perceptual:  # PDQ, of those the one with a quality, is last
            own = Hash(algorithm, digest, quality=quality if algorithm is Algorithm.PDQ else None)
    return Picture(own, sha256, path)


def _insert(db: sqlite3.Connection, store: Store, run: int, match: int, verdict: Verdict) -> bool:
    """Store one verdict unless it stands there; return whether it is new."""
    file, source, entry, algorithm, digest, view, distance, snapshot, category, labels, decision = db.execute(
        "SELECT file, list, entry, algorithm, digest, view, distance, snapshot, category, labels, run FROM matches"
        " WHERE id = ?",
        (match,),
    ).fetchone()
    picture = picture_of(store, file)
    own = picture.own
    if own is not None and own.quality is not None and own.quality < USUAL_QUALITY:
        own = None  # flat pictures are all alike
    said = (verdict.verdict, plain(verdict.reviewer), verdict.decided)
    stands = db.execute(
        "SELECT 1 FROM verdicts WHERE list = ? AND entry IS ? AND digest = ? AND picture IS ?"
        " AND (sha256 IS ? OR sha256 IS NULL AND picture IS NOT NULL) AND verdict = ? AND reviewer = ? AND decided = ?",
        (source, entry, digest, None if own is None else own.digest, picture.sha256, *said),
    ).fetchone()
    if stands is not None:
        return False
    db.execute(
        "INSERT INTO verdicts (list, entry, algorithm, digest, picture_algorithm, picture, quality, sha256, view,"
        " distance, snapshot, category, labels, verdict, reviewer, decided, comment, file, decision, run)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            source, entry, algorithm, digest, None if own is None else own.algorithm.value,
            None if own is None else own.digest, None if own is None else own.quality, picture.sha256, view,
            distance, snapshot, category, labels, *said, plain(verdict.comment), file, decision, run,
        ),
    )  # fmt: skip
    return True


# -- what follows -----------------------------------------------------------------------------------------


def judged(store: Store) -> list[Judged]:
    """Return every entry and picture that was reviewed, with each reviewer's newest verdict."""
    return [each for each, _ in _by_picture(store)]


def _by_picture(store: Store) -> Iterator[tuple[Judged, list[Pair]]]:
    """Yield every entry and picture that was reviewed, and the pairs that its newest verdicts make."""
    rows: dict[tuple[EntryKey, bytes | None, bytes | None], dict[str, _Said]] = {}
    hashes: dict[tuple[EntryKey, bytes | None, bytes | None], Hash | None] = {}
    labels: dict[EntryKey, tuple[str, ...]] = {}
    said_rows = list(
        store.query(
            "SELECT list, entry, algorithm, digest, picture_algorithm, picture, quality, sha256, view, distance,"
            " labels, verdict, reviewer FROM verdicts ORDER BY decided, id"
        )
    )
    # What was said while the bytes were not known is said of the hash, and so is, then, what was said of it since.
    of_hash = {(EntryKey(*row[:4]), row[5]) for row in said_rows if row[7] is None and row[5] is not None}
    for row in said_rows:
        *parts, kind, picture, quality, sha256, view, distance, named, said, who = row
        key = EntryKey(*parts)
        # Copies of one file are one picture; without its digest, its hash is what is left.
        by_hash = sha256 is None or (key, picture) in of_hash
        place = (key, None if by_hash else sha256, picture if by_hash else None)
        rows.setdefault(place, {})[who] = _Said(said, view, distance, sha256)
        hashes[place] = None if picture is None else Hash(Algorithm(kind), picture, quality=quality)
        labels[key] = tuple(json.loads(named))
    for place, by in rows.items():
        key, sha256, _ = place
        known = Judged(key=key, labels=labels[key], by={who: each.verdict for who, each in by.items()})
        pairs: list[Pair] = []
        if known.standing != "unsure" and (hashes[place] is not None or sha256 is not None):
            counted = sorted(
                {
                    (each.view, each.distance, each.sha256 or b"")
                    for each in by.values()
                    if each.verdict != "unsure"
                }
            )
            pairs = [
                Pair(
                    source=key.source, id=key.entry, hash=Hash(Algorithm(key.algorithm or ""), key.digest or b""),
                    picture=hashes[place], sha256=of_bytes or None, view=view, distance=distance,
                    wrong=known.standing == "wrong",
                )
                for view, distance, of_bytes in counted
            ]  # fmt: skip
        yield known, pairs


@checked
def pairs_of(catalog: Catalog) -> tuple[Pair, ...]:
    """Return what the verdicts of a catalog come to, for `Settings.allow_pairs` of a matcher elsewhere.

    Scans and re-matches that use the catalog heed them by themselves.

    Examples
    --------
    >>> with safehash.Catalog("scan.db") as catalog:
    ...     pairs_of(catalog)
    ()
    """
    return pairs_within(catalog._store)


def pairs_within(store: Store) -> tuple[Pair, ...]:
    """Return the pairs of an open catalog."""
    return tuple(pair for _, pairs in _by_picture(store) for pair in pairs)


def _settle(db: sqlite3.Connection, store: Store, run: int) -> tuple[int, int]:
    """Say of every match of every reviewed entry whether verdicts cancel it; return how many changed, either way."""
    pairs = Pairs(pairs_within(store))
    pictures: dict[int, Picture] = {}
    counts = {"cancelled": 0, "restored": 0}
    changed: set[int] = set()
    for match, file, source, entry, algorithm, digest, view, distance, by, labels in _matches_of(db):
        if file not in pictures:
            pictures[file] = picture_of(store, file)
        picture = pictures[file]
        wrong = pairs.cancels(
            (source, entry, algorithm, digest),
            distance=distance,
            view=view,
            own=picture.own,
            sha256=picture.sha256,
        )
        if wrong == (by == REVIEW):
            continue
        old, new = (None, REVIEW) if wrong else (REVIEW, None)
        for table, column in (("matches", "id"), ("sightings", "match")):
            db.execute(
                f"UPDATE {table} SET suppressed_by = ? WHERE {column} = ? AND suppressed_by IS ?",
                (new, match, old),
            )
        kind = "cancelled" if wrong else "restored"
        note_change(db, run, file, kind, EntryKey(source, entry, algorithm, digest), labels)
        counts[kind] += 1
        changed.add(file)
    for file in changed:
        settle_outcome(db, file)
    return counts["cancelled"], counts["restored"]


def _matches_of(
    db: sqlite3.Connection,
) -> Sequence[tuple[int, int, str, str | None, str, bytes, str, int, str | None, str]]:
    """Return the matches of reviewed entries, those that an allow-list or a quarantine cancelled aside."""
    return db.execute(
        "SELECT id, file, list, entry, algorithm, digest, view, distance, suppressed_by, labels FROM matches"
        " WHERE (suppressed_by IS NULL OR suppressed_by = ?) AND EXISTS (SELECT 1 FROM verdicts WHERE"
        " verdicts.list = matches.list AND verdicts.entry IS matches.entry AND verdicts.digest = matches.digest)",
        (REVIEW,),
    ).fetchall()
