"""Verdicts in a catalog: brought in, counted, and what follows of them for matches like those that were reviewed."""

from __future__ import annotations

import json
import os
import socket
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from .._face import checked, public_value
from ..hashing.algorithms import USUAL_QUALITY
from ..hashing.hashes import Algorithm, Hash
from ..matching.pairs import REVIEW, Pair, Pairs
from ..matching.printable import plain
from .holdings import hashes_in
from .places import absolute
from .sightings import EntryKey, note_change, settle_outcome
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
    n_idle : int
        Of the new verdicts, those that say wrong and suppress nothing: the picture is too flat for its hash to tell it
        from others, and SHA-256 of its bytes is not known.

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
    n_idle: int = 0


class Picture(NamedTuple):
    """What is known of a file's picture: its hashes (PDQ first), SHA-256 of its bytes, where it is."""

    hashes: tuple[Hash, ...]
    sha256: bytes | None
    path: bytes

    @property
    def telling(self) -> tuple[Hash, ...]:
        """Those of its hashes that tell it from others: none, if it is flat, as flat pictures are all alike."""
        is_flat = any(each.quality is not None and each.quality < USUAL_QUALITY for each in self.hashes)
        return () if is_flat else self.hashes

    @property
    def keys(self) -> list[bytes]:
        """What tells it from others, the best first, which is its key; others were while less was known."""
        of_bytes = [] if self.sha256 is None else [self.sha256]
        return [*of_bytes, *(each.digest for each in self.telling), self.path]


class _Said(NamedTuple):
    """What one reviewer said of one picture, and of what match with it."""

    verdict: str
    view: str
    distance: int
    sha256: bytes | None


#: What a verdict says which picture it is about by: SHA-256, else a hash, else the file.
_Handle = bytes | int | None


class _Place(NamedTuple):
    """An entry and a picture: SHA-256 of its bytes, or what else tells it."""

    key: EntryKey
    sha256: bytes | None
    other: _Handle


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
        known = {**tokens_within(store, former=True), **tokens_within(store)}
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
                        told = _entries_told(db, store, matches)
                        applied.n_idle += not told
                        exact |= {key for key, distance in told if distance == 0}
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


def _entries_told(db: sqlite3.Connection, store: Store, matches: Sequence[int]) -> list[tuple[EntryKey, int]]:
    """Return entry and distance of those matches whose picture can be told from others."""
    told = []
    for match in matches:
        file, *entry, distance = db.execute(
            "SELECT file, list, entry, algorithm, digest, distance FROM matches WHERE id = ?", (match,)
        ).fetchone()
        key, picture = EntryKey(*entry), picture_of(store, file)
        if len(picture.keys) > 1:
            told.append((key, distance))
    return told


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


def tokens_within(store: Store, *, former: bool = False) -> dict[str, list[int]]:
    """Return every match of an open catalog by its token, or by those that it had, or may have had, before."""
    found: dict[str, list[int]] = {}
    pictures = pictures_of_matches(store)
    for match, file, *entry in store.query(
        "SELECT id, file, list, entry, algorithm, digest FROM matches ORDER BY id"
    ):
        keys = pictures[file].keys
        for key in keys[1:] if former else keys[:1]:
            token = token_of(entry[0], entry[1], entry[2], entry[3], key)
            found.setdefault(token, []).append(match)
    return found


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


def judged_matches(store: Store) -> dict[int, dict[str, str]]:
    """Return each reviewer's newest verdict on each match that was reviewed, by the match's number."""
    said: dict[EntryKey, dict[_Handle, list[tuple[int, str, str]]]] = {}
    rows = store.query(
        "SELECT list, entry, algorithm, digest, sha256, picture, file, reviewer, verdict FROM verdicts"
        " ORDER BY decided, id"
    )
    for number, (*entry, sha256, picture, file, who, verdict) in enumerate(rows):
        key = EntryKey(*entry)
        handle = _handle_of(sha256, picture, file)
        said.setdefault(key, {}).setdefault(handle, []).append((number, who, verdict))
    if not said:
        return {}
    found: dict[int, dict[str, str]] = {}
    pictures = pictures_of_matches(store)
    for match, file, *entry in store.query("SELECT id, file, list, entry, algorithm, digest FROM matches"):
        of_entry = said.get(EntryKey(*entry))
        if of_entry is not None:
            each = [one for handle in _handles_of(file, pictures[file]) for one in of_entry.get(handle, ())]
            if each:
                found[match] = {who: verdict for _, who, verdict in sorted(each)}
    return found


def _handle_of(sha256: bytes | None, picture: bytes | None, file: int | None) -> _Handle:
    """Return what a verdict says which picture it is about by."""
    return sha256 if sha256 is not None else picture if picture is not None else file


def _handles_of(file: int, picture: Picture) -> list[_Handle]:
    """Return by what verdicts may be about a file's picture; by the file itself, while nothing else tells of it."""
    return [*picture.keys[:-1]] or [file]


def picture_of(store: Store, file: int) -> Picture:
    """Return what tells a file's picture from others."""
    root, path, quality = store.row(
        "SELECT roots.path, files.path, quality FROM files JOIN roots ON roots.id = root WHERE files.id = ?",
        (file,),
    )
    hashes = list(store.query("SELECT algorithm, digest FROM hashes WHERE file = ?", (file,)))
    return _picture(hashes, absolute(bytes(root), bytes(path)), quality)


def _picture(hashes: Iterable[tuple[Any, ...]], path: bytes, quality: int | None) -> Picture:
    known = hashes_in(hashes, quality)
    sha256 = next((each.digest for each in known if each.algorithm is Algorithm.SHA256), None)
    return Picture(tuple(each for each in known if each.algorithm.is_perceptual), sha256, path)


def _insert(db: sqlite3.Connection, store: Store, run: int, match: int, verdict: Verdict) -> bool:
    """Store one verdict unless it stands there; return whether it is new."""
    file, *entry, view, distance, snapshot, category, labels, decision = db.execute(
        "SELECT file, list, entry, algorithm, digest, view, distance, snapshot, category, labels, run FROM matches"
        " WHERE id = ?",
        (match,),
    ).fetchone()
    key, picture = EntryKey(*entry), picture_of(store, file)
    said = (verdict.verdict, plain(verdict.reviewer), verdict.decided)
    stand = db.execute(
        "SELECT sha256, picture, file FROM verdicts WHERE list = ? AND entry IS ? AND algorithm = ? AND digest = ?"
        " AND verdict = ? AND reviewer = ? AND decided = ?",
        (*key, *said),
    ).fetchall()
    if not {_handle_of(*each) for each in stand}.isdisjoint(_handles_of(file, picture)):
        return False
    own = picture.telling[0] if picture.telling else None
    db.execute(
        "INSERT INTO verdicts (list, entry, algorithm, digest, picture_algorithm, picture, quality, sha256, view,"
        " distance, snapshot, category, labels, verdict, reviewer, decided, comment, file, decision, run)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *key, None if own is None else own.algorithm.value, None if own is None else own.digest,
            None if own is None else own.quality, picture.sha256, view, distance, snapshot, category, labels, *said,
            plain(verdict.comment), file, decision, run,
        ),
    )  # fmt: skip
    return True


# -- what follows -----------------------------------------------------------------------------------------


def judged(store: Store) -> list[Judged]:
    """Return every entry and picture that was reviewed, with each reviewer's newest verdict."""
    return [each for each, _ in _by_picture(store)]


def _by_picture(store: Store) -> Iterator[tuple[Judged, list[Pair]]]:
    """Yield every entry and picture that was reviewed, and the pairs that its newest verdicts make."""
    rows: dict[_Place, dict[str, _Said]] = {}
    hashes: dict[_Place, dict[bytes, Hash]] = {}
    labels: dict[EntryKey, tuple[str, ...]] = {}
    said_rows = list(
        store.query(
            "SELECT list, entry, algorithm, digest, file, picture_algorithm, picture, quality, sha256, view, distance,"
            " labels, verdict, reviewer FROM verdicts ORDER BY decided, id"
        )
    )
    known: dict[int, tuple[Hash, ...]] = {}

    def telling(file: int | None, kind: str | None, picture: bytes | None, quality: int | None) -> list[Hash]:
        """Return the hashes of a reviewed picture, those that became known of its file since first."""
        if kind is None or picture is None:
            return []
        reviewed = Hash(Algorithm(kind), picture, quality=quality)
        if file is not None and file not in known:
            known[file] = picture_of(store, file).telling
        since = known.get(file, ()) if file is not None else ()
        return list(since) if reviewed in set(since) else [reviewed]

    of_rows = [telling(*row[4:8]) for row in said_rows]
    # What was said while the bytes were not known is said of the hash, and so is, then, what was said of it since.
    of_hash = {
        (EntryKey(*row[:4]), own[0].digest)
        for row, own in zip(said_rows, of_rows, strict=True)
        if row[8] is None and own
    }
    # And what was said of a flat picture, with what is said of its bytes since.
    of_file = {
        (EntryKey(*row[:4]), row[4]): row[8]
        for row, own in zip(said_rows, of_rows, strict=True)
        if not own and row[8]
    }
    for row, own in zip(said_rows, of_rows, strict=True):
        key, (file, _, _, _, sha256, view, distance, named, said, who) = EntryKey(*row[:4]), row[4:]
        first = own[0].digest if own else None
        of_bytes = sha256 if own or sha256 is not None else of_file.get((key, file))
        # Copies of one file are one picture; without its digest, its hash is what is left, and of a flat one the file.
        by_hash = of_bytes is None or (key, first) in of_hash
        place = _Place(
            key, None if by_hash else of_bytes, (file if first is None else first) if by_hash else None
        )
        rows.setdefault(place, {})[who] = _Said(said, view, distance, sha256)
        hashes.setdefault(place, {}).update({each.digest: each for each in own})
        labels[key] = tuple(json.loads(named))
    for place, by in rows.items():
        judged_now = Judged(
            key=place.key, labels=labels[place.key], by={who: each.verdict for who, each in by.items()}
        )
        yield judged_now, _pairs(judged_now, by.values(), list(hashes[place].values()))


def _pairs(known: Judged, by: Iterable[_Said], pictures: Sequence[Hash]) -> list[Pair]:
    """Return the pairs that the verdicts on one picture make: one for each hash that it is known by."""
    if known.standing == "unsure":
        return []
    counted = sorted(
        {(each.view, each.distance, each.sha256 or b"") for each in by if each.verdict != "unsure"}
    )
    key = known.key
    return [
        Pair(
            source=key.source, id=key.entry, hash=Hash(Algorithm(key.algorithm or ""), key.digest or b""),
            picture=picture, sha256=of_bytes or None, view=view, distance=distance, wrong=known.standing == "wrong",
        )
        for view, distance, of_bytes in counted
        for picture in pictures or (None,)
        if picture is not None or of_bytes
    ]  # fmt: skip


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
            hashes=picture.hashes,
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
