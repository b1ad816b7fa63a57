"""Load a list whole: its merged live entries as one table, with the report and the digest of its bytes."""

from __future__ import annotations

import json
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
from .formats.reading import batches_of
from .merging import merge_lists
from .report import ListReport, Reject
from .source import ListPath
from .table import EntryTable

__all__ = ["LoadedList", "load_list"]

# Odd constants, one for each 32 bits of a digest, so that different digests seldom share a key.
_MIX = np.random.default_rng(20_261).integers(1 << 62, dtype=np.uint64, size=8) | np.uint64(1)


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

    Examples
    --------
    >>> loaded = load_list("list.csv")
    >>> loaded.name, len(loaded), loaded.table.counts()
    ('list', 1, {'pdq': 1})
    """

    name: str
    report: ListReport
    table: EntryTable

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

    Examples
    --------
    >>> [entry.id for entry in load_list("list.csv").table]
    ['b-1']
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
    staged = _Staged(reader)
    return LoadedList(name=reader.name, report=reader.report, table=staged.merged())


class _Staged:
    """Every record of a list as one table, with what is needed to find those that share a key."""

    def __init__(self, reader: ListReader) -> None:
        self._builder = EntryTableBuilder()
        self._keys = array("q")
        self._keyed_by_digest = bytearray()
        self._deleted = bytearray()
        # Of all of a row but its digest: a replayed record has key, digest and this in common with the first.
        self._contents = array("q")
        for item in batches_of(reader):
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
        quality = entry.hash.quality if isinstance(entry.hash, Hash) else None
        extra = json.dumps(entry.extra, sort_keys=True) if entry.extra else ""
        self._contents.append(hash((entry, quality, extra)))

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
        like = batch.likes[0]  # source and key are the same for all of a batch
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
        self._contents.frombytes(_contents_of(batch).tobytes())

    def merged(self) -> EntryTable:
        """Return the table of what is live."""
        table = self._builder.build()
        keys = np.frombuffer(self._keys, np.int64).copy()
        deleted = np.frombuffer(self._deleted, np.bool_)
        by_digest = np.frombuffer(self._keyed_by_digest, np.bool_)
        contents = np.frombuffer(self._contents, np.int64).copy()
        for algorithm in Algorithm:
            rows, digests = table.digests(algorithm)
            if rows.size:
                mixed = _mixed(digests)
                contents[rows] += mixed
                chosen = by_digest[rows]
                keys[rows[chosen]] = mixed[chosen]
        order = np.argsort(keys, kind="stable")
        same = keys[order[1:]] == keys[order[:-1]]
        if same.any():
            order = np.lexsort((contents, keys))
            replayed = (keys[order[1:]] == keys[order[:-1]]) & (contents[order[1:]] == contents[order[:-1]])
            n_rows = len(table)
            order = order[np.concatenate(([True], ~replayed))]
            same = keys[order[1:]] == keys[order[:-1]]
            if order.shape[0] < n_rows:
                dropped = np.ones(n_rows, np.bool_)
                dropped[order] = False
                deleted = deleted | dropped
        shared = np.zeros(len(table), np.bool_)
        shared[order[1:][same]] = True
        shared[order[:-1][same]] = True
        if not shared.any() and not deleted.any():
            return table
        builder = EntryTableBuilder()
        builder.extend_from(table, np.flatnonzero(~shared & ~deleted))
        for rows_of_key in _groups(order, same):
            for entry in merge_lists([table[row] for row in rows_of_key]):
                builder.append(entry)
        return builder.build()


def _contents_of(batch: Batch) -> npt.NDArray[np.int64]:
    """Return a number per row that stands for all of it but its digest."""
    n = len(batch)
    contents = np.zeros(n, np.int64)
    for column in (batch.ids, batch.dates, batch.extras):
        contents *= 1_000_003
        if column is not None:
            contents += np.fromiter(map(hash, column), np.int64, n)
    contents *= 1_000_003
    if batch.qualities is not None:
        contents += batch.qualities
    contents *= 1_000_003
    likes = np.array([hash(like) for like in batch.likes], np.int64)
    contents += likes[0 if batch.which is None else np.asarray(batch.which)]
    return contents


def _mixed(digests: npt.NDArray[np.uint8]) -> npt.NDArray[np.int64]:
    """Return a 64-bit key per digest; digests that share one by chance are told apart afterwards."""
    words = np.ascontiguousarray(digests).view(np.uint32)
    keys = np.zeros(words.shape[0], np.uint64)
    for column in range(words.shape[1]):
        keys += words[:, column] * _MIX[column]
    return keys.view(np.int64)


def _groups(order: npt.NDArray[np.int64], same: npt.NDArray[np.bool_]) -> Iterator[list[int]]:
    """Yield the rows of each key that occurs more than once; ``same[i]``: `order` i and i + 1 share a key."""
    ends = np.flatnonzero(np.diff(np.concatenate(([0], same.view(np.int8), [0]))))
    for start, end in zip(ends[0::2].tolist(), ends[1::2].tolist(), strict=True):
        yield order[start : end + 1].tolist()
