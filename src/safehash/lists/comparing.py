"""Say what is in a list, and how two lists differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

import numpy as np
import numpy.typing as npt

from .._digests import degenerate
from .._face import checked, public_value
from .._frozen import freeze_mappings
from ..hashing.algorithms import USUAL_DISTANCE
from ..hashing.hashes import Algorithm, ForeignHash, Hash
from .entry import Entry
from .loading import keys_of
from .merging import merge_lists
from .suspicion import suspicion
from .table import EntryTable

__all__ = ["ListDiff", "ListStats", "Repeats", "diff_lists", "list_stats", "near_duplicates", "repeats_of"]

_AGE_DAYS = (30, 90, 365, 1095)


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class ListDiff:
    """How a new state of a list differs from an old one.

    Made by `lists.diff_lists`.

    Attributes
    ----------
    added, removed : tuple of Entry
    relabelled : tuple of (Entry, Entry)
        Old and new, where labels differ (and perhaps more).
    changed : tuple of (Entry, Entry)
        Old and new, where anything else differs.
    n_same : int

    Examples
    --------
    >>> before = safehash.read_list("list.csv")
    >>> diff = diff_lists(before, [])
    >>> len(diff.removed), len(diff.added), diff.n_same
    (1, 0, 0)
    """

    added: tuple[Entry, ...]
    removed: tuple[Entry, ...]
    relabelled: tuple[tuple[Entry, Entry], ...]
    changed: tuple[tuple[Entry, Entry], ...]
    n_same: int


@checked
def diff_lists(old: Iterable[Entry], new: Iterable[Entry]) -> ListDiff:
    """Compare two states of one list; records are merged first, so deletes count.

    The name of the list is not compared: two files of one list are seldom called the same.

    Examples
    --------
    >>> diff_lists(safehash.read_list("list.csv"), safehash.read_list("list.csv")).n_same
    1
    """
    before = {_identity(entry): entry for entry in merge_lists(old)}
    after = {_identity(entry): entry for entry in merge_lists(new)}
    relabelled, changed = [], []
    n_same = 0
    for identity, entry in after.items():
        known = before.get(identity)
        if known is None:
            continue
        if known.labels != entry.labels:
            relabelled.append((known, entry))
        elif _content(known) != _content(entry):
            changed.append((known, entry))
        else:
            n_same += 1
    return ListDiff(
        added=tuple(entry for identity, entry in after.items() if identity not in before),
        removed=tuple(entry for identity, entry in before.items() if identity not in after),
        relabelled=tuple(relabelled),
        changed=tuple(changed),
        n_same=n_same,
    )


def _identity(entry: Entry) -> tuple[Any, ...]:
    return (*entry.key[1:], entry.hash)


def _content(entry: Entry) -> tuple[Any, ...]:
    quality = entry.hash.quality if isinstance(entry.hash, Hash) else None
    return (
        quality,
        entry.id,
        entry.category,
        entry.owners,
        entry.severity,
        entry.created,
        entry.updated,
        entry.extra,
    )


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class ListStats:
    """What a merged list holds.

    Made by `lists.list_stats`.

    Attributes
    ----------
    n_entries : int
    algorithms, categories, labels, ages, suspicious : mapping of str to int
        Counts by name; of an entry with several labels each counts. Ages are since the last update.
    degenerate : int
        PDQ digests that are not suspicious, but so regular that unrelated pictures come near them by structure:
        what matching by views means by it (docs/matching.md).
    clusters : tuple of int or None
        Sizes of groups of near-duplicate PDQ digests, largest first; None where they were not looked for.

    Examples
    --------
    >>> stats = list_stats(safehash.load_list("list.csv").table)
    >>> stats.algorithms, stats.ages
    ({'pdq': 1}, {'no date': 1})
    """

    n_entries: int
    algorithms: Mapping[str, int]
    categories: Mapping[str, int]
    labels: Mapping[str, int]
    ages: Mapping[str, int]
    suspicious: Mapping[str, int]
    degenerate: int
    clusters: tuple[int, ...] | None

    def __post_init__(self) -> None:
        freeze_mappings(self)


@checked
def list_stats(
    table: EntryTable,
    *,
    now: datetime | None = None,
    max_distance: int = USUAL_DISTANCE[Algorithm.PDQ],
    max_clustered: int = 200_000,
) -> ListStats:
    """Count what a table of merged entries holds.

    Parameters
    ----------
    table : EntryTable
    now : datetime, optional
    max_distance : int
        In bits: PDQ digests as near as this are near-duplicates.
    max_clustered : int
        Near-duplicates are looked for among at most this many digests.

    Examples
    --------
    >>> list_stats(safehash.load_list("list.csv").table).labels
    {'viral_challenge': 1}
    """
    when = datetime.now(timezone.utc) if now is None else now.astimezone(timezone.utc)
    counters: dict[str, Counter[str]] = {
        name: Counter() for name in ("algorithms", "categories", "labels", "ages", "suspicious")
    }
    for entry in table:
        counters["algorithms"][_algorithm_name(entry)] += 1
        counters["categories"][entry.category] += 1
        counters["labels"].update(entry.labels or ("(none)",))
        counters["ages"][_age(entry.updated or entry.created, when)] += 1
        reason = suspicion(entry.hash)
        if reason is not None:
            counters["suspicious"][reason.partition(",")[0]] += 1
    _, digests = table.digests(Algorithm.PDQ)
    regular = (Hash(Algorithm.PDQ, row.tobytes()) for row in digests[degenerate(digests)])
    clusters = None
    if digests.shape[0] <= max_clustered:
        clusters = near_duplicates(digests, max_distance=max_distance)
    return ListStats(
        n_entries=len(table),
        degenerate=sum(suspicion(value) is None for value in regular),
        clusters=clusters,
        **{name: dict(counter.most_common()) for name, counter in counters.items()},
    )


def _algorithm_name(entry: Entry) -> str:
    if isinstance(entry.hash, Hash):
        return entry.hash.algorithm.value
    return entry.hash.algorithm if isinstance(entry.hash, ForeignHash) else "(none)"


def _age(updated: str | None, when: datetime) -> str:
    if updated is None:
        return "no date"
    then = datetime.fromisoformat(updated.removesuffix("Z")).replace(tzinfo=timezone.utc)
    days = (when - then).days
    return next((f"up to {limit} days" for limit in _AGE_DAYS if days <= limit), f"over {_AGE_DAYS[-1]} days")


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeats:
    """What a merged list says more than once.

    Attributes
    ----------
    n_digests : int
        Digests that stand on several entries, under ids of their own.
    n_entries : int
        The entries that have them.
    n_ids : int
        Ids that stand for several digests of one algorithm.

    Examples
    --------
    >>> repeats_of(safehash.load_list("list.csv").table)
    Repeats(n_digests=0, n_entries=0, n_ids=0)
    """

    n_digests: int
    n_entries: int
    n_ids: int


def repeats_of(table: EntryTable) -> Repeats:
    """Count digests that stand on several entries, and ids that stand for several digests.

    Examples
    --------
    >>> repeats_of(safehash.load_list("list.csv").table).n_digests
    0
    """
    n_digests = n_entries = 0
    ids: Counter[tuple[str, str]] = Counter()
    for algorithm in Algorithm:
        rows, digests = table.digests(algorithm)
        _, counts = np.unique(keys_of(digests), return_counts=True)
        n_digests += int((counts > 1).sum())
        n_entries += int(counts[counts > 1].sum())
        ids.update((algorithm.value, text) for row in rows.tolist() if (text := table.id_of(row)) is not None)
    return Repeats(n_digests=n_digests, n_entries=n_entries, n_ids=sum(n > 1 for n in ids.values()))


def near_duplicates(digests: npt.NDArray[np.uint8], *, max_distance: int) -> tuple[int, ...]:
    """Return the sizes of groups of PDQ digests linked by at most `max_distance` bits, largest first.

    Parameters
    ----------
    digests : ndarray of uint8, shape (n, 32)
    max_distance : int
        In bits.
    """
    if digests.shape[0] < 2:
        return ()
    from ..search.index import Index

    index = Index.from_digests(digests)
    leader = list(range(digests.shape[0]))

    def root(row: int) -> int:
        while leader[row] != row:
            leader[row] = leader[leader[row]]
            row = leader[row]
        return row

    for start in range(0, digests.shape[0], 4096):
        offsets, rows, _ = index.search_many(digests[start : start + 4096], max_distance=max_distance)
        for query, (first, last) in enumerate(zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)):
            for row in rows[first:last].tolist():
                one, other = root(start + query), root(row)
                if one != other:
                    leader[max(one, other)] = min(one, other)
    sizes = Counter(root(row) for row in range(digests.shape[0]))
    return tuple(sorted((size for size in sizes.values() if size > 1), reverse=True))
