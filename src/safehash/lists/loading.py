"""Load a list whole: its merged live entries as one table, with the report and the digest of its bytes."""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from .._face import checked, public_value
from .._frozen import freeze_mappings
from ..errors import ListError
from ..hashing.hashes import Algorithm, Hash
from .building import EntryTableBuilder
from .entry import Entry, hash_key
from .formats import ListReader, read_list
from .formats.batch import Batch
from .formats.jsonl import entry_record
from .formats.reading import batches_of, ids_in_doubt
from .formats.sniffing import JSON_LINES
from .merging import merge_lists
from .pools import Pool
from .report import ListReport, Reject
from .source import ListPath
from .table import KIND_FOREIGN, EntryTable, columns_of

__all__ = ["LoadedList", "Withdrawn", "keys_of", "load_list", "loaded_from", "loaded_of"]


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """What a list says was taken back.

    Made by `load_list`.

    Attributes
    ----------
    digests : mapping of Algorithm to uint8, shape (n, n_bytes)
        Those of its deletes that name one.
    ids : frozenset of str
        Those of its deletes that have one.

    Examples
    --------
    >>> loaded = load_list("list.csv")
    >>> loaded.withdrawn.ids
    frozenset()
    """

    digests: Mapping[Algorithm, npt.NDArray[np.uint8]]
    ids: frozenset[str]

    def __post_init__(self) -> None:
        freeze_mappings(self)


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedList:
    """One list, merged.

    Made by `load_list`.

    Attributes
    ----------
    name : str
    report : ListReport
        What was met, before merging.
    table : EntryTable
        The live entries after merging: deletes and superseded records are gone.
    withdrawn : Withdrawn
        What the list says was taken back.
    merged : mapping of str to int
        What merging made of live records that are not in the table as they stood: how many "repeated" others, and
        how many digests were "taken back" by a delete or "replaced" by another digest of a newer record of their id.

    Examples
    --------
    >>> loaded = load_list("list.csv")
    >>> loaded.name, len(loaded), loaded.table.counts()
    ('list', 1, {'pdq': 1})
    """

    name: str
    report: ListReport
    table: EntryTable
    withdrawn: Withdrawn
    merged: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        freeze_mappings(self)

    @property
    def snapshot(self) -> str:
        """SHA-256 of the list's bytes, hexadecimal.

        Examples
        --------
        >>> len(safehash.load_list("list.csv").snapshot)
        64
        """
        return self.report.snapshot

    def __len__(self) -> int:
        return len(self.table)


@checked
def load_list(
    path: ListPath,
    *,
    on_reject: Callable[[Reject], None] | None = None,
    now: datetime | None = None,
) -> LoadedList:
    """Read and merge a list.

    Parameters
    ----------
    path, on_reject, now
        As for `safehash.read_list`.

    Returns
    -------
    LoadedList

    Raises
    ------
    ListError
        Nothing at `path`, or no usable record in it.

    Notes
    -----
    The result is that of `merge_lists`, row order aside. Records stay in columns; only those whose key
    occurs more than once are looked at one by one.

    Examples
    --------
    >>> [entry.id for entry in load_list("list.csv").table]
    ['b-1']
    """
    return loaded_from(read_list(path, on_reject=on_reject, now=now))


def loaded_from(reader: ListReader) -> LoadedList:
    """Read and merge what a reader has not read yet; its report tells what was met, also where this raises.

    Raises
    ------
    ListError
        As by `load_list`.
    """
    staged = _Staged(reader)
    table, withdrawn = staged.merged()
    report = reader.report
    n_replaced = staged.fates["replaced"]
    if n_replaced:
        why = ids_in_doubt(reader, n_replaced)
        if why is not None:
            raise ListError(f"refused: {why}", path=report.path)
        note = f"{n_replaced} digests are not matched: newer records with their ids have other digests"
        report = replace(report, notes=(*report.notes, note))
    return LoadedList(
        name=reader.name, report=report, table=table, withdrawn=withdrawn, merged=dict(staged.fates)
    )


class _Staged:
    """Every record of a list as one table, with what is needed to find those that share a key."""

    def __init__(self, reader: ListReader) -> None:
        self._path = reader.report.path
        self._builder = EntryTableBuilder()
        self._keys = array("q")
        self._keyed_by_digest = bytearray()
        self._deleted = bytearray()
        self.fates: Counter[str] = Counter()
        for item in batches_of(reader):
            if isinstance(item, Batch):
                self._add_batch(item)
            else:
                self._add(item)
        self._says_keys = JSON_LINES in reader.report.formats  # each of their records says what it is kept by

    def _add(self, entry: Entry) -> None:
        by_digest = isinstance(entry.hash, Hash) and (entry.id is None or entry.keyed_by == "digest")
        self._builder.append(entry)
        if by_digest:
            key = 0
        elif entry.key[1:] == ("id", entry.id):
            key = int(_key_of_ids(entry.source, [entry.id])[0])
        else:
            key = hash(entry.key)
        self._keys.append(key)
        self._keyed_by_digest.append(by_digest)
        self._deleted.append(entry.deleted)

    def _add_batch(self, batch: Batch) -> None:
        n = len(batch)
        self._builder.extend(batch)
        like = batch.likes[0]  # source and kind of key are the same for all of a batch
        if batch.ids is None or like.keyed_by == "digest":
            self._keys.frombytes(bytes(8 * n))
            self._keyed_by_digest += b"\1" * n
        else:
            self._keys.frombytes(_key_of_ids(like.source, batch.ids).tobytes())
            self._keyed_by_digest += (
                bytes(text is None for text in batch.ids) if None in batch.ids else bytes(n)
            )
        if batch.which is None:
            self._deleted += bytes([like.deleted]) * n
        else:
            deleted = np.array([each.deleted for each in batch.likes], np.uint8)
            self._deleted += deleted[np.asarray(batch.which)].tobytes()

    def merged(self) -> tuple[EntryTable, Withdrawn]:
        """Return the table of what is live, and what was taken back."""
        table = self._builder.build()
        deleted = np.frombuffer(self._deleted, np.bool_)
        if not self._says_keys:
            self._check_deletes_by_id(table, deleted)
        withdrawn = _withdrawn(table, deleted)
        order, same = self._by_key(table)
        kept = ~deleted
        unlike: list[list[int]] = []
        for rows in _groups(*_alike(table, order, same, deleted)):
            kept[rows] = False
            different = _different(table, rows)
            self.fates["repeated"] += len(rows) - len(different)
            if len(different) > 1:
                unlike.append(different)
            elif not deleted[different[0]]:
                kept[different[0]] = True
        if kept.all():
            return table, withdrawn
        builder = EntryTableBuilder()
        builder.extend_from(table, np.flatnonzero(kept))
        for rows in unlike:
            records = [table[row] for row in rows]
            merged = list(merge_lists(records))
            self.fates.update(_fates(records, merged))
            for entry in merged:
                builder.append(entry)
        return builder.build(), withdrawn

    def _check_deletes_by_id(self, table: EntryTable, deleted: npt.NDArray[np.bool_]) -> None:
        """Refuse a list that takes back by its id what it keeps by its digest: the delete would find nothing.

        Raises
        ------
        ListError
        """
        models = columns_of(table).models
        if all(model.keyed_by == "id" for model in models):
            return
        by_digest = np.array([model.keyed_by == "digest" for model in models])[columns_of(table).models_of]
        named = np.zeros(len(table), np.bool_)
        for algorithm in Algorithm:
            named[table.digests(algorithm)[0]] = True
        gone = np.flatnonzero(deleted & ~named).tolist()
        ids = {table.id_of(row) for row in gone if table[row].hash is None}
        kept = np.flatnonzero(by_digest & ~deleted).tolist() if ids else []
        found = next((text for row in kept if (text := table.id_of(row)) is not None and text in ids), None)
        if found is not None:
            raise ListError(
                f"refused: a delete names the id {found!r} alone, but this format knows records by their digests: "
                "which record it means is not sure",
                path=self._path,
            )

    def _by_key(self, table: EntryTable) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
        """Return rows in an order in which those that share a key stand together, and which do with the next.

        Rows of different keys may be taken for sharing one, never the other way round.
        """
        keys = np.frombuffer(self._keys, np.int64).copy()
        by_digest = np.frombuffer(self._keyed_by_digest, np.bool_)
        for algorithm in Algorithm:
            rows, digests = table.digests(algorithm)
            chosen = by_digest[rows]
            if chosen.any():
                keys[rows[chosen]] = keys_of(digests[chosen])
        order = np.argsort(keys, kind="stable")
        return order, keys[order[1:]] == keys[order[:-1]]


def _key_of_ids(source: str, ids: Sequence[str | None]) -> npt.NDArray[np.int64]:
    """Return a number for each id of a list, shape (n,); equal ones have equal numbers, and others mostly not.

    Which texts share one nobody can tell beforehand: Python draws its hash of texts anew in every process.
    """
    return np.fromiter(map(hash, ids), np.int64, len(ids)) ^ np.int64(hash((source, "id")))


def _fates(records: Sequence[Entry], merged: Sequence[Entry]) -> dict[str, int]:
    """Count what became of the live records of one key that are no longer there as they stood."""
    live = [hash_key(record.hash) for record in records if not record.deleted]
    lost = {*live} - {hash_key(entry.hash) for entry in merged}
    why = "taken back" if any(record.deleted for record in records) else "replaced"
    return {"repeated": len(live) - len({*live}), why: len(lost)}


def _alike(
    table: EntryTable,
    order: npt.NDArray[np.int64],
    same: npt.NDArray[np.bool_],
    deleted: npt.NDArray[np.bool_],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_]]:
    """Leave out the groups of rows that are several digests of one record: nothing of them is merged.

    So a record of an MD5, a SHA-1 and a PDQ stays three rows: none is deleted, all are of one time, and no two
    have one digest.
    """
    if not same.any():
        return order[:0], same[:0]
    starts = np.flatnonzero(np.concatenate(([True], ~same)))
    sizes: npt.NDArray[np.int64] = np.diff(np.concatenate((starts, [order.shape[0]]))).astype(np.int64)
    groups = np.flatnonzero(sizes > 1)
    rows = order[np.repeat(sizes > 1, sizes)]
    group = np.repeat(np.arange(groups.size), sizes[groups])
    first = np.concatenate(([0], np.cumsum(sizes[groups])[:-1]))
    odd = ~np.logical_and.reduceat(table.same_dates(rows, rows[first][group]), first)
    odd |= np.maximum.reduceat(deleted[rows].view(np.int8), first) > 0
    marks = _digest_marks(table, rows)
    if int(sizes.max()) <= _FEW_DIGESTS:
        for apart in range(1, int(sizes.max())):
            repeated = (group[apart:] == group[:-apart]) & (marks[apart:] == marks[:-apart])
            odd[group[apart:][repeated]] = True
    else:
        within = np.lexsort((marks, group))
        repeated = (group[within][1:] == group[within][:-1]) & (marks[within][1:] == marks[within][:-1])
        odd[group[within][1:][repeated]] = True
    chosen = odd[group]
    rows, group = rows[chosen], group[chosen]
    return rows, group[1:] == group[:-1]


#: Records of at most so many digests are looked through pair by pair, which is faster than to sort them.
_FEW_DIGESTS = 8


def _digest_marks(table: EntryTable, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return a number per row that is the same wherever the digest is; rows without one have none in common."""
    marks = np.zeros(len(table), np.int64)
    computed = np.zeros(len(table), np.bool_)
    for algorithm in Algorithm:
        own, digests = table.digests(algorithm)
        if own.size:
            marks[own] = keys_of(digests) + hash(algorithm.value) % (1 << 62)
            computed[own] = True
    for row in rows[~computed[rows]].tolist():
        kind, *_, name, value = table.identity(row)
        marks[row] = hash((name, value)) if kind == KIND_FOREIGN else 0
    return marks[rows]


def _withdrawn(table: EntryTable, deleted: npt.NDArray[np.bool_]) -> Withdrawn:
    digests = {}
    for algorithm in Algorithm:
        rows, own = table.digests(algorithm)
        chosen = deleted[rows]
        if chosen.any():
            digests[algorithm] = own[chosen]
            digests[algorithm].flags.writeable = False
    gone = np.flatnonzero(deleted)
    written = Pool.of("id", table.to_sections())
    texts = written.items(gone) if len(written) else [b""] * gone.size
    ids = {text.decode("utf-8", "surrogatepass") for text in {*texts}}
    if "" in ids and all(
        table.id_of(row) is None for row, text in zip(gone.tolist(), texts, strict=True) if not text
    ):
        ids.discard("")
    return Withdrawn(digests=digests, ids=frozenset(ids))


# One odd number for each 32 bits of a digest, drawn anew in every process: nobody can make two digests share a key.
_MIX = np.frombuffer(os.urandom(64), np.uint64) | np.uint64(1)


def keys_of(digests: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return a 64-bit key per digest; digests that share one are told apart afterwards."""
    words = np.ascontiguousarray(digests).view(np.uint32)
    keys = np.zeros(words.shape[0], np.uint64)
    for column in range(words.shape[1]):
        keys += words[:, column] * _MIX[column]
    return keys.view(np.int64)


def _different(table: EntryTable, rows: list[int]) -> list[int]:
    """Return the first of each of the rows that differ in anything: a replayed record counts once."""
    first: dict[tuple[object, ...], int] = {}
    for row in rows:
        first.setdefault(table.identity(row), row)
    return list(first.values())


def _groups(order: npt.NDArray[np.int64], same: npt.NDArray[np.bool_]) -> Iterator[list[int]]:
    """Yield the rows of each key that occurs more than once; ``same[i]``: `order` i and i + 1 share a key."""
    ends = np.flatnonzero(np.diff(np.concatenate(([0], same.view(np.int8), [0]))))
    for start, end in zip(ends[0::2].tolist(), ends[1::2].tolist(), strict=True):
        yield order[start : end + 1].tolist()


def loaded_of(name: str, entries: Iterable[Entry]) -> LoadedList:
    """Return live, merged entries at hand as a list of that name; its digest is that of their JSON lines."""
    builder, digest = EntryTableBuilder(), hashlib.sha256()
    for entry in entries:
        builder.append(entry)
        digest.update(json.dumps(entry_record(entry), sort_keys=True).encode() + b"\n")
    table = builder.build()
    report = ListReport(
        path="", name=name, entries=table.counts(), n_records=len(table), snapshot=digest.hexdigest()
    )
    return LoadedList(name=name, report=report, table=table, withdrawn=Withdrawn(digests={}, ids=frozenset()))
