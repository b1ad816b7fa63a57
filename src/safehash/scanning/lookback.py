"""What a catalog tells afterwards: hashes against new lists, what is like a hash, all as records."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .._digests import turn_digests
from ..hashing.hashes import Algorithm, Hash
from ..matching.record import decision_record
from ..matching.views import TURN_NAMES
from .catalog import OUTCOME_NOW, SKIPPED, Catalog, name_text
from .records import ScanRecord

if TYPE_CHECKING:
    from ..matching.matcher import Matcher

__all__ = ["Similar", "counts", "records", "rematch", "similar", "stored_digests"]

#: A batch's turned digests are sorted together: larger batches cost memory (300 bytes a row), not time.
_BATCH_ROWS = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Similar:
    """One of our files near a hash that was asked about.

    Examples
    --------
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
        catalog, replacing those of earlier re-matches against lists of the same names.

    Raises
    ------
    CatalogError
        Another process is writing the catalog, or it cannot be written.

    Notes
    -----
    A stored hash is looked up as it is, turned and negative; what only a crop, a frame or a later picture of
    an animation would show needs a scan. Pictures below the quality floor are not matched.

    Examples
    --------
    >>> with safehash.Catalog("scan.db") as catalog:
    ...     for record in rematch(catalog, safehash.Matcher.from_files("list.csv")):
    ...         print(os.path.basename(record.path), record.decision.outcome.value)
    photo.jpg match
    """
    catalog.begin(matcher.audit, settings=matcher.settings, kind="rematch")
    state = "failed"
    try:
        catalog.replace_matches_of([info.name for info in matcher.lists])
        for algorithm in Algorithm:
            for files, digests, qualities in stored_digests(catalog, algorithm):
                yield from _rematch_batch(catalog, matcher, algorithm, files, digests, qualities)
        state = "finished"
    except (GeneratorExit, KeyboardInterrupt):
        state = "interrupted"
        raise
    finally:
        if state != "finished":
            catalog.roll_back()  # the earlier re-match stays whole
        catalog.end(state, None)


def _rematch_batch(
    catalog: Catalog,
    matcher: Matcher,
    algorithm: Algorithm,
    files: npt.NDArray[np.int64],
    digests: npt.NDArray[np.uint8],
    qualities: npt.NDArray[np.int16],
) -> Iterator[ScanRecord]:
    # Nearly all of them are near nothing: sort those out together before deciding one by one.
    near = matcher.near_any(digests, algorithm=algorithm)
    files = files[near]
    values = [
        Hash(algorithm, digest.tobytes(), quality=None if quality < 0 else quality)
        for digest, quality in zip(digests[near], qualities[near].tolist(), strict=True)
    ]
    for file, decision in zip(files.tolist(), matcher.check_hashes(values), strict=True):
        if decision.matches:
            catalog.add_matches(file, decision.matches)
            path, member, position, size, mtime_ns = next(
                catalog.query(
                    "SELECT path, member, position, size, mtime_ns FROM files WHERE id = ?", (file,)
                )
            )
            yield ScanRecord(
                path=os.fsdecode(path), member=name_text(member), position=position, decision=decision,
                size=size, mtime_ns=mtime_ns,
            )  # fmt: skip


def stored_digests(
    catalog: Catalog, algorithm: Algorithm, *, n_rows: int = _BATCH_ROWS
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8], npt.NDArray[np.int16]]]:
    """Yield all stored digests of one algorithm in batches.

    Yields
    ------
    files : int64, shape (n,)
    digests : uint8, shape (n, n_bytes)
    qualities : int16, shape (n,)
        -1 where none was measured, and for digests of a file's bytes.
    """
    last = -1
    while rows := list(
        catalog.query(
            "SELECT files.id, digest, quality FROM files CROSS JOIN hashes ON hashes.file = files.id"
            " AND algorithm = ? WHERE files.id > ? ORDER BY files.id LIMIT ?",
            (algorithm.value, last, n_rows),
        )
    ):
        last = rows[-1][0]
        rows = [row for row in rows if isinstance(row[1], bytes) and len(row[1]) == algorithm.n_bytes]
        digests = np.frombuffer(b"".join(row[1] for row in rows), np.uint8)
        qualities = [_quality(row[2]) if algorithm.is_perceptual else -1 for row in rows]
        yield (
            np.array([row[0] for row in rows], np.int64),
            digests.reshape(len(rows), algorithm.n_bytes),
            np.array(qualities, np.int16),
        )


def _quality(stored: Any) -> int:
    return stored if isinstance(stored, int) and 0 <= stored <= 100 else -1


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
    for files, digests, _ in stored_digests(catalog, value.algorithm):
        nearest = np.full(len(files), max_distance + 1, np.int64)
        views = np.zeros(len(files), np.int64)
        for number, query in enumerate(wanted):
            distances = _BITS[digests ^ query].sum(axis=1, dtype=np.int64)
            better = distances < nearest
            nearest[better], views[better] = distances[better], number
        for at in np.flatnonzero(nearest <= max_distance).tolist():
            found.append((int(nearest[at]), names[views[at]], int(files[at]), digests[at].tobytes()))
    found.sort()
    return [_similar(catalog, value.algorithm, *each) for each in found]


_BITS = np.array([bin(k).count("1") for k in range(256)], np.uint8)


def _similar(
    catalog: Catalog, algorithm: Algorithm, distance: int, view: str, file: int, digest: bytes
) -> Similar:
    path, member, outcome, quality = next(
        catalog.query(f"SELECT path, member, {OUTCOME_NOW}, quality FROM files WHERE id = ?", (file,))
    )
    return Similar(
        path=os.fsdecode(path),
        member=name_text(member),
        distance=distance,
        view=view,
        outcome=outcome,
        hash=Hash(algorithm, digest, quality=quality if algorithm.is_perceptual else None),
    )


def records(
    catalog: Catalog, *, full_hashes: bool = False, only_matches: bool = False
) -> Iterator[dict[str, Any]]:
    """Yield every decided file as plain data, in the order of its path.

    Parameters
    ----------
    full_hashes : bool
        Whole digests instead of their first 8 hexadecimal digits.
    only_matches : bool
        Leave out files without a match that counts.
    """
    condition = f"AND {OUTCOME_NOW} = 'match'" if only_matches else ""
    for row in catalog.query(
        f"SELECT id, path, member, position, size, mtime_ns, {OUTCOME_NOW}, reason, failure, quality,"
        f" provenance, decided, milliseconds FROM files WHERE outcome <> '{SKIPPED}' {condition}"
        " ORDER BY path, position"
    ):
        file, path, member, position, size, mtime_ns, outcome, *rest = row
        reason, failure, quality, how, decided, milliseconds = rest
        facts: dict[str, Any] = {
            "path": os.fsdecode(path),
            "size": size,
            "modified_ns": mtime_ns,
            "outcome": outcome,
            "reason": reason,
            "failure": failure,
            "matches": list(_matches_of(catalog, file)),
            "decode": None if how is None else json.loads(how),
            "decided": decided,
            "milliseconds": milliseconds,
        }
        if member is not None:
            facts.update(member=name_text(member), position=position)
        for algorithm, digest in catalog.query(
            "SELECT algorithm, digest FROM hashes WHERE file = ? ORDER BY algorithm", (file,)
        ):
            if algorithm in _FILE_DIGESTS:
                facts[algorithm] = digest.hex()
            else:
                facts.update(algorithm=algorithm, hash=digest.hex(), quality=quality)
        yield decision_record(facts, full_hashes=full_hashes)


def _matches_of(catalog: Catalog, file: int) -> Iterator[dict[str, Any]]:
    for row in catalog.query(
        "SELECT list, entry, category, labels, algorithm, digest, distance, view, suppressed_by"
        " FROM matches WHERE file = ? ORDER BY suppressed_by IS NOT NULL, distance, id",
        (file,),
    ):
        source, entry, category, labels, algorithm, digest, distance, view, suppressed_by = row
        yield {
            "list": source, "id": entry, "category": category, "labels": json.loads(labels),
            "distance": distance, "view": view, "algorithm": algorithm,
            "hash": None if digest is None else digest.hex(), "suppressed_by": suppressed_by,
        }  # fmt: skip


def counts(catalog: Catalog) -> dict[str, Any]:
    """Return counts of everything, as plain data."""
    return {
        "files": catalog.number(f"SELECT count(*) FROM files WHERE outcome <> '{SKIPPED}'"),
        "bytes": catalog.number(
            f"SELECT total(size) FROM files WHERE position = 0 AND outcome <> '{SKIPPED}'"
        ),
        "outcomes": _counts(
            catalog, f"SELECT {OUTCOME_NOW}, count(*) FROM files WHERE outcome <> '{SKIPPED}' GROUP BY 1"
        ),
        "left_aside": _counts(
            catalog, f"SELECT reason, count(*) FROM files WHERE outcome = '{SKIPPED}' GROUP BY 1"
        ),
        "failures": _counts(
            catalog, "SELECT failure, count(*) FROM files WHERE failure IS NOT NULL GROUP BY 1"
        ),
        "hashes": _counts(catalog, "SELECT algorithm, count(*) FROM hashes GROUP BY 1"),
        "matched_lists": _counts(
            catalog, "SELECT list, count(DISTINCT file) FROM matches WHERE suppressed_by IS NULL GROUP BY 1"
        ),
        "runs": [
            {"kind": kind, "state": state, "started": started, "finished": finished or "-"}
            for kind, state, started, finished in catalog.query(
                "SELECT kind, state, started, finished FROM runs ORDER BY id"
            )
        ],
    }


def _counts(catalog: Catalog, sql: str) -> dict[str, int]:
    return {str(name): int(n) for name, n in catalog.query(f"{sql} ORDER BY 2 DESC, 1")}


_FILE_DIGESTS = frozenset(algorithm.value for algorithm in Algorithm if not algorithm.is_perceptual)
