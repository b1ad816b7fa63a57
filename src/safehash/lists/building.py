"""Collects entries, row by row or in bulk, into one table of flat columns."""

from __future__ import annotations

import json
from array import array
from collections.abc import Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any

import numpy as np
import numpy.typing as npt

from ..hashing.hashes import ForeignHash, Hash
from ..search.aligned import empty_aligned
from .entry import Entry
from .formats.batch import Batch
from .moments import Moments, Times, pairs_as_json
from .pools import Pool, PoolBuilder, pool_of, uint32
from .table import (
    ALGORITHM_OF,
    COLUMNS,
    KIND_FOREIGN,
    KIND_NONE,
    KIND_OF,
    NO_QUALITY,
    POOLS,
    EntryTable,
)

__all__ = ["EntryTableBuilder"]

AnyArray = npt.NDArray[Any]
UInt8Array = npt.NDArray[np.uint8]


class EntryTableBuilder:
    """Collects entries, row by row or in bulk, for one `EntryTable`.

    Notes
    -----
    Not safe to share between threads.
    """

    def __init__(self) -> None:
        self._n_rows = 0
        self._kinds = bytearray()
        self._qualities = bytearray()
        self._metas = array("I")
        self._dates = array("I")
        self._extras = array("I")
        self._ids = PoolBuilder()
        self._has_ids = False
        self._rows: dict[int, array[int]] = {}
        self._digests: dict[int, bytearray] = {}
        self._foreign_rows = array("q")
        self._foreign_names = array("I")
        self._foreign = PoolBuilder()
        self._pools = {name: PoolBuilder() for name in POOLS}
        self._known_metas: dict[object, int] = {}
        self._known_dates: dict[tuple[str | None, str | None], int] = {}
        self._no_extra: int | None = None
        self._built = False
        # The digests of some records come one after the other, with the same ids and times.
        self._last_ids: tuple[object, Pool] = (None, pool_of(()))
        self._last_dates: tuple[object, object, Any] = (None, None, None)

    def __len__(self) -> int:
        return self._n_rows

    def append(self, entry: Entry) -> int:
        """Add one entry and return its row.

        Raises
        ------
        TypeError
            ``entry.extra`` holds something JSON cannot.
        """
        self._check_open()
        value = entry.hash
        # Everything that can fail comes before the first column grows.
        meta = self._intern_meta(entry)
        date = self._intern_dates(entry)
        extra = self._intern_extra(entry)
        data = b"" if entry.id is None else entry.id.encode("utf-8", "surrogatepass")
        row = self._n_rows
        quality = NO_QUALITY
        if isinstance(value, Hash):
            kind = KIND_OF[value.algorithm]
            rows, digests = self._group(kind)
            rows.append(row)
            digests += value.digest
            if value.quality is not None:
                quality = value.quality
        elif isinstance(value, ForeignHash):
            kind = KIND_FOREIGN
            self._foreign_rows.append(row)
            name = value.algorithm.encode("utf-8", "surrogatepass")
            self._foreign_names.append(self._pools["foreign_name"].intern(name))
            self._foreign.append(value.value.encode("utf-8", "surrogatepass"))
        else:
            kind = KIND_NONE
        self._kinds.append(kind)
        self._qualities.append(quality)
        self._metas.append(meta)
        self._dates.append(date)
        self._extras.append(extra)
        self._ids.append(data)
        self._has_ids = self._has_ids or bool(data)
        self._n_rows += 1
        return row

    def extend(self, batch: Batch) -> int:
        """Add a batch of entries, whose extras are not checked; return the first one's row.

        Raises
        ------
        ValueError
            A shape or a length does not fit, or a quality is out of range.
        """
        self._check_open()
        algorithm, ids, qualities = batch.algorithm, batch.ids, batch.qualities
        created, updated, extras = batch.created, batch.updated, batch.extras
        digests = np.ascontiguousarray(batch.digests, dtype=np.uint8)
        if digests.ndim != 2 or digests.shape[1] != algorithm.n_bytes:
            raise ValueError(
                f"digests of {algorithm.value} have shape (n, {algorithm.n_bytes}), not {digests.shape}"
            )
        n = digests.shape[0]
        if ids is not None and len(ids) != n:
            raise ValueError(f"{n} digests with {len(ids)} ids")
        if qualities is None:
            quality_bytes = bytes([NO_QUALITY]) * n
        else:
            measured = np.asarray(qualities)
            if (
                measured.shape != (n,)
                or ((measured > 100) & (measured != NO_QUALITY)).any()
                or (measured < 0).any()
            ):
                raise ValueError(f"qualities are {n} numbers from 0 to 100, or 255 for none")
            quality_bytes = measured.astype(np.uint8).tobytes()
        empty_ids = {number for number, text in enumerate(ids) if text == ""} if ids and "" in ids else set()
        for name, given in (("times", created), ("times", updated), ("extras", extras)):
            if given is not None and len(given) != n:
                raise ValueError(f"{n} digests with {len(given)} {name}")
        models = batch.likes
        chosen = np.zeros(n, np.int64) if batch.which is None else np.asarray(batch.which, np.int64)
        if chosen.shape != (n,) or (n and not 0 <= int(chosen.min()) <= int(chosen.max()) < len(models)):
            raise ValueError(f"'which' is {n} numbers below {len(models)}")
        metas = uint32(self._intern_meta(model, id_is_empty=False) for model in models)[chosen]
        for number in empty_ids:
            metas[number] = self._intern_meta(models[chosen[number]], id_is_empty=True)
        if created is None and updated is None:
            date_numbers = uint32(self._intern_dates(model) for model in models)[chosen]
        else:
            if self._last_dates[0] is not created or self._last_dates[1] is not updated:
                self._last_dates = created, updated, self._add_dates(created, updated, n)
            date_numbers = self._last_dates[2]
        if extras is None:
            extra_numbers = uint32(self._intern_extra(model) for model in models)[chosen]
        else:
            first_extra = self._pools["extra"].append_many(extras)
            extra_numbers = np.arange(first_extra, first_extra + n, dtype=np.uint32)

        first = self._n_rows
        kind = KIND_OF[algorithm]
        rows, group = self._group(kind)
        rows.frombytes(np.arange(first, first + n, dtype=np.int64).tobytes())
        group += digests.data if n else b""
        self._kinds += bytes([kind]) * n
        self._qualities += quality_bytes
        self._metas.frombytes(metas.tobytes())
        self._dates.frombytes(date_numbers.tobytes())
        self._extras.frombytes(extra_numbers.tobytes())
        if ids is None:
            self._ids.skip(n)
        else:
            if self._last_ids[0] is not ids:
                self._last_ids = ids, pool_of([text or "" for text in ids])
            pool = self._last_ids[1]
            self._ids.append_many(pool)
            self._has_ids = self._has_ids or bool(pool.blob.size)
        self._n_rows += n
        return first

    def extend_from(self, table: EntryTable, rows: npt.ArrayLike, *, source: str | None = None) -> int:
        """Add rows of another table, without building their entries; return the first one's new row.

        Parameters
        ----------
        table : EntryTable
        rows : array_like of int, shape (n,)
            Ascending, without repetition.
        source : str, optional
            The list that they belong to. A record that names another source keeps that name as ``extra["source"]``.

        Raises
        ------
        ValueError
            `rows` is not ascending, or not within the table.
        IndexFileError
            The table came from a file, and the file is damaged.
        """
        self._check_open()
        chosen = np.asarray(rows, np.int64)
        n = chosen.shape[0]
        if n and (chosen[0] < 0 or chosen[-1] >= len(table) or (np.diff(chosen) <= 0).any()):
            raise ValueError(f"rows are ascending numbers below {len(table)}")
        first = self._n_rows
        new_rows = np.full(len(table), -1, np.int64)
        new_rows[chosen] = np.arange(first, first + n)
        sections = table.to_sections()
        for algorithm, kind in KIND_OF.items():
            if f"rows.{algorithm.value}" not in sections:
                continue
            moved = new_rows[sections[f"rows.{algorithm.value}"]]
            kept = moved >= 0
            if kept.any():
                own_rows, own_digests = self._group(kind)
                own_rows.frombytes(moved[kept].tobytes())
                own_digests += sections[f"digests.{algorithm.value}"][kept].tobytes()
        moved = new_rows[sections["foreign_rows"]]
        kept = moved >= 0
        self._foreign_rows.frombytes(moved[kept].tobytes())
        names = self._pools["foreign_name"].take(
            Pool.of("foreign_name", sections), sections["foreign_names"][kept]
        )
        self._foreign_names.frombytes(names.tobytes())
        self._foreign.take_each(Pool.of("foreign", sections), np.flatnonzero(kept))

        def column(name: str) -> AnyArray:
            return np.broadcast_to(sections[name], (len(table),))[chosen]

        self._kinds += column("kinds").tobytes()
        self._qualities += column("qualities").tobytes()
        for pool, name, own in (
            ("meta", "metas", self._metas),
            ("date", "dates", self._dates),
            ("extra", "extras", self._extras),
        ):
            own.frombytes(self._pools[pool].take(Pool.of(pool, sections), column(name)).tobytes())
        if source is not None:
            self._name_source(first, source, sections, column("metas"), column("extras"))
        ids = Pool.of("id", sections)
        if len(ids):
            self._ids.take_each(ids, chosen)
            self._has_ids = True
        else:
            self._ids.skip(n)
        self._n_rows += n
        return first

    def build(self) -> EntryTable:
        """Return the table. The builder's memory goes to it, so nothing can be added afterwards."""
        self._check_open()
        self._built = True
        sections: dict[str, AnyArray] = {"count": np.array([self._n_rows], np.int64)}
        columns: dict[str, bytearray | array[int]] = {
            "kinds": self._kinds,
            "qualities": self._qualities,
            "metas": self._metas,
            "dates": self._dates,
            "extras": self._extras,
        }
        for name, dtype in COLUMNS:
            column = np.frombuffer(columns[name], dtype=dtype)
            if self._n_rows > 1 and (column == column[0]).all():
                column = column[:1].copy()
            sections[name] = column
        for name, pool in self._pools.items():
            pool.to_sections(name, sections)
        (self._ids if self._has_ids else PoolBuilder()).to_sections("id", sections)
        for kind, rows in self._rows.items():
            algorithm = ALGORITHM_OF[kind]
            sections[f"rows.{algorithm.value}"] = np.frombuffer(rows, dtype=np.int64)
            # A copy: an array of numpy's may lie in huge pages, which saves a search a third of its time.
            digests = empty_aligned((len(rows), algorithm.n_bytes))
            digests.reshape(-1)[:] = np.frombuffer(self._digests[kind], dtype=np.uint8)
            sections[f"digests.{algorithm.value}"] = digests
            self._digests[kind] = bytearray()
        sections["foreign_rows"] = np.frombuffer(self._foreign_rows, dtype=np.int64)
        sections["foreign_names"] = np.frombuffer(self._foreign_names, dtype=np.uint32)
        self._foreign.to_sections("foreign", sections)
        for section in sections.values():
            section.setflags(write=False)
        return EntryTable(sections)

    def _check_open(self) -> None:
        if self._built:
            raise ValueError("this builder has built its table; start another one")

    def _group(self, kind: int) -> tuple[array[int], bytearray]:
        if kind not in self._rows:
            self._rows[kind] = array("q")
            self._digests[kind] = bytearray()
        return self._rows[kind], self._digests[kind]

    def _intern_meta(self, entry: Entry, *, id_is_empty: bool | None = None) -> int:
        empty = entry.id == "" if id_is_empty is None else id_is_empty
        key = (
            entry.source,
            entry.category,
            entry.labels,
            entry.owners,
            entry.severity,
            entry.deleted,
            empty,
            entry.keyed_by,
        )
        number = self._known_metas.get(key)
        if number is None:
            owners = [
                [each.owner, each.category, list(each.labels), each.name, list(each.reasons)]
                for each in entry.owners
            ]
            number = self._intern_json("meta", [*key[:2], list(entry.labels), owners, *key[4:]])
            self._known_metas[key] = number
        return number

    def _name_source(
        self, first: int, source: str, sections: Mapping[str, AnyArray], metas: AnyArray, extras: AnyArray
    ) -> None:
        """Let all rows from `first` on belong to one list, whatever their records call themselves."""
        of_list = _json_bytes([source])[:-1] + b","
        pools = [Pool.of(name, sections) for name in ("meta", "extra")]
        distinct, position = np.unique(metas, return_inverse=True)
        foreign = np.fromiter(
            (not pools[0].item(k).startswith(of_list) for k in distinct.tolist()), np.bool_, distinct.size
        )
        if not foreign.any():
            return
        # By their texts, not by their numbers: what many rows share may stand in a pool once for each of them.
        known: dict[tuple[bytes, bytes], tuple[int, int]] = {}
        for row in np.flatnonzero(foreign[position]).tolist():
            texts = pools[0].item(int(metas[row])), pools[1].item(int(extras[row]))
            named = known.get(texts)
            if named is None:
                (was, *meta), extra = map(json.loads, texts)
                named = known[texts] = (
                    self._intern_json("meta", [source, *meta]),
                    self._intern_json("extra", {**extra, "source": was} if was else extra),
                )
            self._metas[first + row], self._extras[first + row] = named

    def _intern_dates(self, entry: Entry) -> int:
        key = (entry.created, entry.updated)
        number = self._known_dates.get(key)
        if number is None:
            number = self._known_dates[key] = self._intern_json("date", list(key))
        return number

    def _add_dates(self, created: Times | None, updated: Times | None, n: int) -> npt.NDArray[np.uint32]:
        """Add the times of `n` rows; what is remembered of them ends here, as they are distinct in nearly every row."""
        given = [each for each in (created, updated) if each is not None]
        moments = [each for each in given if isinstance(each, Moments)]
        if len(moments) == len(given) and _mostly_differ(moments):
            one, other = (each if isinstance(each, Moments) else None for each in (created, updated))
            return self._add_moments(one, other, n)
        return self._add_texts(
            None if created is None else list(created), None if updated is None else list(updated), n
        )

    def _add_moments(
        self, created: Moments | None, updated: Moments | None, n: int
    ) -> npt.NDArray[np.uint32]:
        numbers = np.empty(n, np.uint32)
        for rows, texts in pairs_as_json(created, updated, n):
            first = self._pools["date"].append_many(texts)
            numbers[rows] = np.arange(first, first + rows.size, dtype=np.uint32)
        return numbers

    def _add_texts(
        self, created: Sequence[str | None] | None, updated: Sequence[str | None] | None, n: int
    ) -> npt.NDArray[np.uint32]:
        given = [times for times in (created, updated) if times is not None]
        keys: Sequence[object] = given[0] if len(given) == 1 else list(zip(*given, strict=True))
        distinct = dict.fromkeys(keys)
        pool = self._pools["date"]
        if len(distinct) == n:
            first = pool.append_many(pool_of(_dates_texts(created, updated)))
            return np.arange(first, first + n, dtype=np.uint32)
        some: list[Any] = list(distinct)
        pairs = [some, None] if len(given) == 1 else list(zip(*some, strict=True))
        if created is None:
            pairs.reverse()
        first = pool.append_many(pool_of(_dates_texts(*pairs)))
        numbers = dict(zip(distinct, range(first, first + len(distinct)), strict=True))
        return uint32(map(numbers.__getitem__, keys))

    def _intern_extra(self, entry: Entry) -> int:
        if entry.extra:
            return self._intern_json("extra", entry.extra)
        if self._no_extra is None:
            self._no_extra = self._intern_json("extra", {})
        return self._no_extra

    def _intern_json(self, pool: str, value: object) -> int:
        return self._pools[pool].intern(_json_bytes(value))


def _json_bytes(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _mostly_differ(times: Sequence[Moments]) -> bool:
    """Tell whether times are worth no look for repetitions, by the first of them."""
    rows = list(map(bytes, np.hstack([each.characters[:_SOME] for each in times])))
    return len({*rows}) * 2 > len(rows)


#: So many times tell of all of a batch.
_SOME = 64


def _dates_texts(created: Sequence[str | None] | None, updated: Sequence[str | None] | None) -> list[str]:
    """Do what `_json_bytes` does with each pair, many times as fast: a large list has a time for nearly every row."""
    one, other = (None if times is None else _quoted(times) for times in (created, updated))
    if one is None:
        return [f"[null,{text}]" for text in other or ()]
    if other is None:
        return [f"[{text},null]" for text in one]
    return [f"[{text},{more}]" for text, more in zip(one, other, strict=True)]


def _quoted(times: Sequence[str | None]) -> list[str]:
    try:
        joined = "".join(times)  # type: ignore[arg-type]
    except TypeError:  # None among them
        return ["null" if each is None else encode_basestring(each) for each in times]
    if joined.isascii() and joined.isprintable() and '"' not in joined and "\\" not in joined:
        return [f'"{each}"' for each in times]
    return [encode_basestring(each) for each in times if each is not None]
