"""Load a list whole: its merged live entries as one table, with the report and the digest of its bytes."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from ..hashing.hashes import Algorithm, Hash
from .building import EntryTableBuilder
from .entry import Entry
from .formats import ListReader, read_list
from .formats.batch import Batch
from .merging import merge_lists
from .report import ListReport, Reject
from .source import ListPath
from .table import EntryTable

__all__ = ["LoadedList", "Withdrawn", "load_list"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawn:
    """What a list says was taken back.

    Attributes
    ----------
    digests : mapping of Algorithm to uint8, shape (n, n_bytes)
        Those of its deletes that name one.
    ids : frozenset of str
        Those of its deletes that have one.
    """

    digests: Mapping[Algorithm, npt.NDArray[np.uint8]]
    ids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedList:
    """One list, merged.

    Attributes
    ----------
    name : str
    report : ListReport
        What was met, before merging.
    table : EntryTable
        The live entries after merging: deletes and superseded records are gone.
    withdrawn : Withdrawn
        What the list says was taken back.
    """

    name: str
    report: ListReport
    table: EntryTable
    withdrawn: Withdrawn

    @property
    def snapshot(self) -> str:
        """SHA-256 of the list's bytes, hexadecimal."""
        return self.report.snapshot

    def __len__(self) -> int:
        return len(self.table)


def load_list(
    path: ListPath,
    *,
    format: str | None = None,
    source: str | None = None,
    algorithm: str | Algorithm | None = None,
    notation: str | None = None,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    ignore: Sequence[str] | None = None,
    max_rejects: float | None = None,
    allow_cut: bool | None = None,
    on_reject: Callable[[Reject], None] | None = None,
    now: datetime | None = None,
) -> LoadedList:
    """Read and merge a list.

    Parameters
    ----------
    path, format, source, algorithm, notation, columns, ignore, max_rejects, allow_cut, on_reject, now
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
    """
    reader = read_list(
        path,
        format=format,
        source=source,
        algorithm=algorithm,
        notation=notation,
        columns=columns,
        ignore=ignore,
        max_rejects=max_rejects,
        allow_cut=allow_cut,
        on_reject=on_reject,
        now=now,
    )
    table, withdrawn = _Staged(reader).merged()
    return LoadedList(name=reader.name, report=reader.report, table=table, withdrawn=withdrawn)


class _Staged:
    """Every record of a list as one table, with what is needed to find those that share a key."""

    def __init__(self, reader: ListReader) -> None:
        self._builder = EntryTableBuilder()
        self._keys = array("q")
        self._keyed_by_digest = bytearray()
        self._deleted = bytearray()
        for item in reader.batches():
            if isinstance(item, Batch):
                self._add_batch(item)
            else:
                self._add(item)

    def _add(self, entry: Entry) -> None:
        by_digest = isinstance(entry.hash, Hash) and (entry.id is None or entry.keyed_by == "digest")
        self._builder.append(entry)
        self._keys.append(0 if by_digest else hash(entry.key))
        self._keyed_by_digest.append(by_digest)
        self._deleted.append(entry.deleted)

    def _add_batch(self, batch: Batch) -> None:
        n = len(batch)
        self._builder.extend(
            batch.digests,
            like=batch.likes,
            which=batch.which,
            algorithm=batch.algorithm,
            ids=batch.ids,
            qualities=batch.qualities,
            dates=batch.dates,
            extras=batch.extras,
        )
        like = batch.likes[0]  # source and kind of key are the same for all of a batch
        if batch.ids is None or like.keyed_by == "digest":
            self._keys.frombytes(bytes(8 * n))
            self._keyed_by_digest += b"\1" * n
        else:
            source = like.source
            self._keys.extend(0 if text is None else hash((source, "id", text)) for text in batch.ids)
            self._keyed_by_digest += bytes(text is None for text in batch.ids)
        if batch.which is None:
            self._deleted += bytes([like.deleted]) * n
        else:
            deleted = np.array([each.deleted for each in batch.likes], np.uint8)
            self._deleted += deleted[np.asarray(batch.which)].tobytes()

    def merged(self) -> tuple[EntryTable, Withdrawn]:
        """Return the table of what is live, and what was taken back."""
        table = self._builder.build()
        deleted = np.frombuffer(self._deleted, np.bool_)
        withdrawn = _withdrawn(table, deleted)
        order, same = self._by_key(table)
        if not same.any() and not deleted.any():
            return table, withdrawn
        shared = np.zeros(len(table), np.bool_)
        shared[order[1:][same]] = True
        shared[order[:-1][same]] = True
        kept = ~shared & ~deleted
        unlike: list[list[int]] = []
        for rows in _groups(order, same):
            different = _different(table, rows)
            if len(different) > 1:
                unlike.append(different)
            elif not deleted[different[0]]:
                kept[different[0]] = True
        builder = EntryTableBuilder()
        builder.extend_from(table, np.flatnonzero(kept))
        for rows in unlike:
            for entry in merge_lists([table[row] for row in rows]):
                builder.append(entry)
        return builder.build(), withdrawn

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
                keys[rows[chosen]] = _mixed(digests[chosen])
        order = np.argsort(keys, kind="stable")
        return order, keys[order[1:]] == keys[order[:-1]]


def _withdrawn(table: EntryTable, deleted: npt.NDArray[np.bool_]) -> Withdrawn:
    digests = {}
    for algorithm in Algorithm:
        rows, own = table.digests(algorithm)
        chosen = deleted[rows]
        if chosen.any():
            digests[algorithm] = own[chosen].copy()
    ids = {table.id_of(row) for row in np.flatnonzero(deleted).tolist()}
    return Withdrawn(digests=digests, ids=frozenset(each for each in ids if each is not None))


# One odd number for each 32 bits of a digest, drawn anew in every process: nobody can make two digests share a key.
_MIX = np.frombuffer(os.urandom(64), np.uint64) | np.uint64(1)


def _mixed(digests: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
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
