"""Stored hashes looked up: in other lists, and for what is like a hash, without touching an image."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .._digests import turn_digests
from .._face import checked, public_value
from ..hashing.bits import ones_in
from ..hashing.hashes import Algorithm, Hash
from ..matching.deciding import weighed
from ..matching.flood import quarantined
from ..matching.pairs import Pairs
from ..matching.view_words import TURN_NAMES
from .holdings import PRESENT, name_text
from .ledger import Ledger
from .namesakes import check_namesakes
from .places import shown_path
from .records import ScanRecord
from .reviews import pairs_within, picture_of
from .scopes import HASHES
from .sharing import uncounted
from .sightings import EntryKey, drop_left, key_of, merge, settle_outcome, still_listed

if TYPE_CHECKING:
    from ..matching.decision import Match
    from ..matching.matcher import Matcher
    from .catalog import Catalog
    from .store import Store

__all__ = ["Similar", "Stored", "rematch", "similar", "stored_digests", "unstored"]

#: A batch's turned digests are sorted together: larger batches cost memory (300 bytes a row), not time.
_BATCH_ROWS = 1 << 18


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """One of our files near a hash that was asked about.

    Made by `similar`.

    Examples
    --------
    >>> import os
    >>> with safehash.Catalog("scan.db") as catalog:
    ...     (found,) = similar(catalog, safehash.hash_file("photo.jpg"), max_distance=31)
    >>> os.path.basename(found.path), found.distance, found.view
    ('photo.jpg', 0, 'as it is')
    """

    path: str
    member: str | None
    distance: int
    view: str
    outcome: str
    hash: Hash


@checked
def rematch(catalog: Catalog, matcher: Matcher) -> Iterator[ScanRecord]:
    """Match every stored hash against other lists, without touching an image.

    Parameters
    ----------
    catalog : Catalog
    matcher : Matcher

    Yields
    ------
    ScanRecord
        For each file and hash that matches (suppressed matches included). The matches are added to the
        catalog, replacing those of earlier re-matches against lists of the same names; what a scan found with
        those lists stays, unless the entry has left its list. What a scan measured of an entry is its evidence.

    Raises
    ------
    CatalogError
        Another process is writing the catalog, or it cannot be written.
    ListError
        The catalog knows another list by the name of one of the matcher's.

    Notes
    -----
    A stored hash is looked up as it is, turned and negative; what only a crop, a frame or a later picture of
    an animation would show needs a scan. Pictures below the quality floor are not matched.

    Examples
    --------
    >>> import os
    >>> with safehash.Catalog("scan.db") as catalog:
    ...     for record in rematch(catalog, safehash.Matcher.from_files("list.csv")):
    ...         print(os.path.basename(record.path), record.decision.outcome.value)
    photo.jpg match
    """
    store = catalog._store
    check_namesakes(store, matcher, effort=HASHES)
    ledger = Ledger(
        store,
        matcher.audit,
        settings=matcher.settings,
        kind="rematch",
        effort=HASHES,
    )
    state = "failed"
    try:
        # One transaction, so that a re-match that does not end leaves the earlier one whole.
        with store.transaction() as db:
            pairs = Pairs(pairs_within(store))
            for algorithm in Algorithm:
                matched: set[int] = set()
                for stored in stored_digests(catalog, algorithm):
                    yield from _rematch_batch(ledger, store, matcher, pairs, stored, matched)
                _forget_others(ledger, store, algorithm, matched)
            drop_left(db, ledger.running, partial(still_listed, uncounted(matcher)))
        state = "finished"
    except (GeneratorExit, KeyboardInterrupt):
        state = "interrupted"
        raise
    finally:
        ledger.end(state, None)


class Stored(NamedTuple):
    """Some digests of one algorithm that a catalog holds.

    Attributes
    ----------
    algorithm : Algorithm
    files : int64, shape (n,)
    digests : uint8, shape (n, n_bytes)
    qualities : int16, shape (n,)
        -1 where none was measured, and for digests of a file's bytes.
    """

    algorithm: Algorithm
    files: npt.NDArray[np.int64]
    digests: npt.NDArray[np.uint8]
    qualities: npt.NDArray[np.int16]


def _rematch_batch(
    ledger: Ledger,
    store: Store,
    matcher: Matcher,
    pairs: Pairs,
    stored: Stored,
    matched: set[int],
) -> Iterator[ScanRecord]:
    algorithm, files, digests, qualities = stored
    # Nearly all of them are near nothing: sort those out together before deciding one by one.
    near = matcher.near_any(digests, algorithm=algorithm)
    files = files[near]
    values = [
        Hash(algorithm, digest.tobytes(), quality=None if quality < 0 else quality)
        for digest, quality in zip(digests[near], qualities[near].tolist(), strict=True)
    ]
    policy = matcher._state.policy
    guard = matcher.flood_guard
    if guard is not None and algorithm.is_perceptual:
        guard.merge_counts(
            len(near) - len(values), ()
        )  # a share is one of all pictures, and not of the near ones
    for file, decision in zip(files.tolist(), uncounted(matcher).check_hashes(values), strict=True):
        if not decision.matches:
            if guard is not None:
                guard.record(())
        else:
            matched.add(file)
            decision = weighed(decision, _measured(store, file), policy)
            picture = picture_of(store, file) if len(pairs) else None
            if picture is not None:
                # What was reviewed is the picture, whichever of its hashes was looked up.
                decision = pairs.settle(decision, known=picture.hashes, sha256=picture.sha256)
            if guard is not None:
                decision = quarantined(decision, guard)
            merge(
                store.db, file, ledger.running, decision.matches, could_look=True, algorithm=algorithm.value
            )
            settle_outcome(store.db, file)
            root, path, member, position, size, mtime_ns = store.row(
                "SELECT roots.path, files.path, member, position, size, mtime_ns FROM files"
                " JOIN roots ON roots.id = root WHERE files.id = ?",
                (file,),
            )
            yield ScanRecord(
                path=shown_path(bytes(root), bytes(path)), member=name_text(member), position=position,
                decision=decision, size=size, mtime_ns=mtime_ns,
            )  # fmt: skip


def _measured(store: Store, file: int) -> Callable[[Match], float | None]:
    """Return what tells the evidence that scans measured of what a file matches: its hash alone has none."""
    rows = store.db.execute(
        "SELECT list, entry, algorithm, digest, evidence FROM matches WHERE file = ? AND evidence IS NOT NULL",
        (file,),
    )
    known: dict[EntryKey, float] = {EntryKey(*key): bits for *key, bits in rows}
    return lambda match: known.get(key_of(match))


def _forget_others(ledger: Ledger, store: Store, algorithm: Algorithm, matched: set[int]) -> None:
    """Take back what an earlier re-match found with these lists and this one did not."""
    for source in ledger.scope.lists:
        rows = store.db.execute(
            "SELECT DISTINCT file FROM matches WHERE list = ? AND algorithm = ?", (source, algorithm.value)
        ).fetchall()
        for (file,) in rows:
            if file not in matched:
                merge(store.db, file, ledger.running, (), could_look=True, algorithm=algorithm.value)
                settle_outcome(store.db, file)


def stored_digests(catalog: Catalog, algorithm: Algorithm, *, n_rows: int = _BATCH_ROWS) -> Iterator[Stored]:
    """Yield all stored digests of one algorithm in batches."""
    last = -1
    while rows := list(
        catalog._store.query(
            "SELECT files.id, digest, quality FROM files CROSS JOIN hashes ON hashes.file = files.id"
            " AND algorithm = ? WHERE files.id > ? ORDER BY files.id LIMIT ?",
            (algorithm.value, last, n_rows),
        )
    ):
        last = rows[-1][0]
        rows = [row for row in rows if isinstance(row[1], bytes) and len(row[1]) == algorithm.n_bytes]
        digests = np.frombuffer(b"".join(row[1] for row in rows), np.uint8)
        qualities = [_quality(row[2]) if algorithm.is_perceptual else -1 for row in rows]
        yield Stored(
            algorithm,
            np.array([row[0] for row in rows], np.int64),
            digests.reshape(len(rows), algorithm.n_bytes),
            np.array(qualities, np.int16),
        )


def unstored(catalog: Catalog, algorithms: Iterable[str]) -> list[str]:
    """Return what is to be said of algorithms that not every file has a digest of: a look-up passes over the others.

    Parameters
    ----------
    catalog : Catalog
    algorithms : iterable of str
        What is looked up.
    """
    store = catalog._store
    perceptual = [each.value for each in Algorithm if each.is_perceptual]
    said = []
    for name in algorithms:
        # What could not be decided has digests of its bytes alone: nothing else could be looked up of it.
        beside = perceptual if Algorithm(name).is_perceptual else [each.value for each in Algorithm]
        n_files, n_known = _n_with(store, beside), _n_with(store, [name])
        if n_known < n_files:
            how = "lists of such hashes alone" if Algorithm(name).is_perceptual else f"--digest {name}"
            passed_over = f"the others have none stored (scan with {how} to have it)"
            said.append(f"{name}: looked up in {n_known} of {n_files} files alone; {passed_over}")
    return said


def _n_with(store: Store, names: Sequence[str]) -> int:
    """Return how many files that are there have a stored digest of one of these algorithms."""
    marks = ", ".join("?" * len(names))
    return store.number(
        f"SELECT count(*) FROM files WHERE {PRESENT} AND id IN (SELECT file FROM hashes WHERE algorithm IN ({marks}))",
        names,
    )


def _quality(stored: Any) -> int:
    return stored if isinstance(stored, int) and 0 <= stored <= 100 else -1


@checked
def similar(catalog: Catalog, value: Hash, *, max_distance: int) -> list[Similar]:
    """Return which of our files look like a hash: as it is, turned, or negative. Nearest first.

    Parameters
    ----------
    catalog : Catalog
    value : Hash
    max_distance : int
        In bits, inclusive; file digests are equal or not.

    Examples
    --------
    >>> with safehash.Catalog("scan.db") as catalog:
    ...     len(similar(catalog, safehash.hash_file("other.jpg"), max_distance=31))
    1
    """
    found: list[tuple[int, str, int, bytes]] = []
    wanted = np.frombuffer(value.digest, np.uint8)[None, :]
    names: tuple[str, ...] = ("same file",)
    if value.algorithm.is_perceptual:
        turned = turn_digests(wanted)[0]
        wanted = np.concatenate([turned, ~wanted])
        names = (*TURN_NAMES, "negative")
    else:
        max_distance = 0
    for _, files, digests, _ in stored_digests(catalog, value.algorithm):
        nearest = np.full(len(files), max_distance + 1, np.int64)
        views = np.zeros(len(files), np.int64)
        for number, query in enumerate(wanted):
            distances = ones_in(digests ^ query)
            better = distances < nearest
            nearest[better], views[better] = distances[better], number
        for at in np.flatnonzero(nearest <= max_distance).tolist():
            found.append((int(nearest[at]), names[views[at]], int(files[at]), digests[at].tobytes()))
    found.sort()
    return [_similar(catalog, value.algorithm, *each) for each in found]


def _similar(
    catalog: Catalog, algorithm: Algorithm, distance: int, view: str, file: int, digest: bytes
) -> Similar:
    root, path, member, outcome, quality = catalog._store.row(
        "SELECT roots.path, files.path, member, outcome, quality FROM files JOIN roots ON roots.id = root"
        " WHERE files.id = ?",
        (file,),
    )
    return Similar(
        path=shown_path(bytes(root), bytes(path)),
        member=name_text(member),
        distance=distance,
        view=view,
        outcome=outcome,
        hash=Hash(algorithm, digest, quality=quality if algorithm.is_perceptual else None),
    )
