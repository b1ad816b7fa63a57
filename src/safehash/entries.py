"""Many list entries in a few flat arrays, one row each, so that ten million of them can be memory-mapped."""

from __future__ import annotations

import bisect
import json
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .errors import IndexFileError
from .hashes import Algorithm, ForeignHash, Hash
from .lists import Entry, Opinion

__all__ = ["Columns", "EntryTable", "EntryTableBuilder"]

AnyArray = npt.NDArray[Any]
UInt8Array = npt.NDArray[np.uint8]
Int64Array = npt.NDArray[np.int64]

#: What a row's hash is, in the column ``kinds``. These numbers stand in files: never renumber, only append.
_KIND_OF = {
    Algorithm.PDQ: 0,
    Algorithm.PHASH: 1,
    Algorithm.PHASH256: 2,
    Algorithm.MD5: 3,
    Algorithm.SHA1: 4,
    Algorithm.SHA256: 5,
}
_ALGORITHM_OF = {kind: algorithm for algorithm, kind in _KIND_OF.items()}
_KIND_FOREIGN = 254
_KIND_NONE = 255

_NO_QUALITY = 255  # quality itself is 0 to 100

#: Parsed metadata kept per table; lists have few distinct ones, an adversarial list could have one a row.
_PARSED_LIMIT = 4096

#: How many items taken over from another table are looked up for repetitions; more are just appended.
_INTERNED_LIMIT = 10_000

_COLUMNS: tuple[tuple[str, Any], ...] = (
    ("kinds", np.uint8),
    ("qualities", np.uint8),
    ("metas", np.uint32),
    ("dates", np.uint32),
    ("extras", np.uint32),
)
_POOLS = ("meta", "date", "extra", "foreign_name")

_Meta = tuple[
    str, str, tuple[str, ...], tuple[Opinion, ...], "str | None", bool, bool, Literal["id", "digest"]
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What rows have in common, and where they differ.

    Attributes
    ----------
    models : tuple of Entry
        Everything but hash, id, dates and unknown fields, once for all rows that share it.
    models_of : uint32, shape (n_rows,)
        Each row's place in `models`.
    qualities : uint8, shape (n_rows,)
        255 where it is not known.
    """

    models: tuple[Entry, ...]
    models_of: npt.NDArray[np.uint32]
    qualities: UInt8Array


class EntryTable:
    """An immutable table of list entries; ``table[row]`` builds the Entry of one row.

    Made by `EntryTableBuilder.build` or `EntryTable.from_sections`.

    Notes
    -----
    Digests lie grouped by algorithm, so that an index can use them without a copy. What repeats (source,
    category, labels, opinions, dates ...) is stored once and pointed at. A column whose rows are all alike is
    stored as one value. A row costs its digest, its id, and about 16 to 29 bytes.

    Safe to share between threads.
    """

    def __init__(
        self,
        sections: Mapping[str, AnyArray],
        *,
        path: str = "",
        check: Callable[[AnyArray], None] | None = None,
    ) -> None:
        self._path = path
        self._check = check
        self._sections = dict(sections)
        count = self._take("count", np.int64)
        if count.shape != (1,) or self._at(count, 0) < 0:
            raise self._damaged("count", "expected one number of rows")
        self._n_rows = n_rows = self._at(count, 0)
        self._columns = {name: self._take(name, dtype) for name, dtype in _COLUMNS}
        for name, values in self._columns.items():
            if values.shape not in ((1,), (n_rows,)):
                raise self._damaged(name, f"expected {n_rows} values, found shape {values.shape}")
        self._pools = {name: self._take_pool(name) for name in _POOLS}
        self._ids = self._take_pool("id")
        if len(self._ids) not in (0, n_rows):
            raise self._damaged("id_offsets", f"expected {n_rows} ids or none, found {len(self._ids)}")
        self._groups: dict[int, tuple[Int64Array, UInt8Array]] = {}
        for algorithm, kind in _KIND_OF.items():
            if not {f"rows.{algorithm.value}", f"digests.{algorithm.value}"} & self._sections.keys():
                continue
            rows = self._take(f"rows.{algorithm.value}", np.int64)
            digests = self._take(f"digests.{algorithm.value}", np.uint8)
            if rows.ndim != 1 or digests.shape != (rows.shape[0], algorithm.n_bytes):
                raise self._damaged(
                    f"digests.{algorithm.value}",
                    f"expected shape ({rows.size}, {algorithm.n_bytes}), found {digests.shape}",
                )
            self._groups[kind] = (rows, digests)
        self._foreign_rows = self._take("foreign_rows", np.int64)
        self._foreign_names = self._take("foreign_names", np.uint32)
        self._foreign_values = self._take_pool("foreign")
        if not self._foreign_rows.shape == self._foreign_names.shape == (len(self._foreign_values),):
            raise self._damaged("foreign_rows", "its columns differ in length")
        self._parsed: dict[int, _Meta] = {}

    @classmethod
    def from_sections(
        cls,
        sections: Mapping[str, AnyArray],
        *,
        path: str = "",
        check: Callable[[AnyArray], None] | None = None,
    ) -> EntryTable:
        """Return the table whose `to_sections` gave `sections`; the arrays are used as they are, not copied.

        Only shapes and types are checked here: a mapped file's pages are not read. What a row points at is
        checked when the row is.

        Parameters
        ----------
        sections : mapping of str to ndarray
        path : str
            Named in errors.
        check : callable, optional
            Called with every piece of the arrays before it is read; raises if the file is damaged there.

        Raises
        ------
        IndexFileError
            A section is missing, or has another type or length than the rest.
        """
        return cls(sections, path=path, check=check)

    def to_sections(self) -> dict[str, AnyArray]:
        """Return the arrays that make up the table, by name; `from_sections` is the way back.

        Raises
        ------
        IndexFileError
            The table came from a file, and the file is damaged.
        """
        if self._check is not None:
            for values in self._sections.values():
                self._check(values)
        return dict(self._sections)

    def __len__(self) -> int:
        return self._n_rows

    def __getitem__(self, row: int) -> Entry:
        """Return the entry of one row.

        Raises
        ------
        IndexError
            No such row; there are no negative rows.
        IndexFileError
            The table came from a file, and this row points outside it.
        """
        row = int(row)
        if not 0 <= row < self._n_rows:
            raise IndexError(f"row {row} of a table of {self._n_rows}")
        try:
            meta = self._meta(self._column("metas", row))
            source, category, labels, owners, severity, deleted, empty_id, keyed_by = meta
            created, updated = json.loads(self._pool_text("date", self._column("dates", row)))
            extra = json.loads(self._pool_text("extra", self._column("extras", row)))
            return Entry(
                hash=self._hash(row),
                id=self._id(row, empty_id),
                source=source,
                category=category,
                labels=labels,
                owners=owners,
                severity=severity,
                created=created,
                updated=updated,
                deleted=deleted,
                keyed_by=keyed_by,
                extra=extra,
            )
        except (ValueError, TypeError, KeyError) as exc:
            # Only a file can hold such a row; UnicodeDecodeError and JSONDecodeError are ValueErrors.
            raise self._damaged("meta_bytes", f"row {row} cannot be read: {type(exc).__name__}") from exc

    def __iter__(self) -> Iterator[Entry]:
        return (self[row] for row in range(self._n_rows))

    def digests(self, algorithm: str | Algorithm) -> tuple[Int64Array, UInt8Array]:
        """Return the rows that carry a digest of `algorithm`, and those digests.

        Returns
        -------
        rows : int64, shape (n,)
            Ascending.
        digests : uint8, shape (n, n_bytes)
            Digest i belongs to row ``rows[i]``. Both are views, not copies: do not write to them.

        Raises
        ------
        IndexFileError
            The table came from a file, and the file is damaged in these arrays: they are read whole.
            `rows_of` reads only what is asked for.
        """
        algorithm = Algorithm(algorithm)
        rows, digests = self._group(algorithm)
        if self._check is not None:
            self._check(rows)
            self._check(digests)
        return rows, digests

    def rows_of(self, algorithm: str | Algorithm, positions: Iterable[int]) -> list[int]:
        """Return the rows of some digests of `algorithm`, given by their positions in `digests`.

        An index made of ``digests(algorithm)[1]`` answers with positions; these are the rows of the table.

        Raises
        ------
        IndexError
            No such position.
        IndexFileError
            The table came from a file, and the file is damaged there.
        """
        algorithm = Algorithm(algorithm)
        rows, _ = self._group(algorithm)
        found = []
        for position in positions:
            if not 0 <= position < rows.shape[0]:
                raise IndexError(f"position {position} of {rows.shape[0]} digests of {algorithm.value}")
            row = self._at(rows, position)
            if not 0 <= row < self._n_rows:
                raise self._damaged(f"rows.{algorithm.value}", f"row {row} of {self._n_rows}")
            found.append(row)
        return found

    def columns(self) -> Columns:
        """Return what is needed to judge all rows without building their entries."""
        models = []
        for number in range(len(self._pools["meta"])):
            source, category, labels, owners, severity, deleted, _, keyed_by = self._meta(number)
            models.append(
                Entry(
                    hash=None,
                    source=source,
                    category=category,
                    labels=labels,
                    owners=owners,
                    severity=severity,
                    deleted=deleted,
                    keyed_by=keyed_by,
                )
            )
        return Columns(
            models=tuple(models), models_of=self._whole("metas"), qualities=self._whole("qualities")
        )

    def counts(self) -> dict[str, int]:
        """Return how many rows carry each algorithm: our names, "foreign" and "none" for the rest."""
        found = {
            _ALGORITHM_OF[kind].value: rows.shape[0] for kind, (rows, _) in self._groups.items() if rows.size
        }
        n_foreign = self._foreign_rows.shape[0]
        n_none = self._n_rows - n_foreign - sum(found.values())
        return found | {name: n for name, n in (("foreign", n_foreign), ("none", n_none)) if n}

    @property
    def n_bytes(self) -> int:
        """Memory of all arrays in bytes (of a mapped file: its size, shared between processes)."""
        return sum(values.nbytes for values in self._sections.values())

    def _hash(self, row: int) -> Hash | ForeignHash | None:
        kind = self._column("kinds", row)
        if kind == _KIND_NONE:
            return None
        if kind == _KIND_FOREIGN:
            at = self._position(self._foreign_rows, row, "foreign_rows")
            name = self._pool_text("foreign_name", self._at(self._foreign_names, at))
            return ForeignHash(name, _text(self._item(self._foreign_values, at, "foreign")))
        if kind not in self._groups:
            raise self._damaged("kinds", f"row {row} has the unknown kind {kind}")
        algorithm = _ALGORITHM_OF[kind]
        rows, digests = self._groups[kind]
        at = self._position(rows, row, f"rows.{algorithm.value}")
        digest = digests[at]
        if self._check is not None:
            self._check(digest)
        quality = self._column("qualities", row)
        return Hash(algorithm, digest.tobytes(), quality=None if quality == _NO_QUALITY else quality)

    def _group(self, algorithm: Algorithm) -> tuple[Int64Array, UInt8Array]:
        group = self._groups.get(_KIND_OF[algorithm])
        if group is None:
            return np.zeros(0, np.int64), np.zeros((0, algorithm.n_bytes), np.uint8)
        return group

    def _whole(self, name: str) -> AnyArray:
        """Return a column with one value a row, also where it is stored once for all of them."""
        values = self._columns[name]
        if self._check is not None:
            self._check(values)
        return np.broadcast_to(values, (self._n_rows,))

    def _column(self, name: str, row: int) -> int:
        values = self._columns[name]
        return self._at(values, row if values.shape[0] > 1 else 0)

    def _at(self, values: AnyArray, at: int) -> int:
        if self._check is not None:
            self._check(values[at : at + 1])
        return int(values[at])

    def _position(self, rows: Int64Array, row: int, section: str) -> int:
        n = rows.shape[0]
        if row < n and self._at(rows, row) == row:  # so in every list of one algorithm
            return row
        at = bisect.bisect_left(range(n), row, key=lambda position: self._at(rows, position))
        if at >= n or self._at(rows, at) != row:
            raise self._damaged(section, f"row {row} is missing")
        return at

    def _id(self, row: int, empty: bool) -> str | None:
        found = _text(self._item(self._ids, row, "id")) if len(self._ids) else ""
        return found or ("" if empty else None)

    def _meta(self, number: int) -> _Meta:
        parsed = self._parsed.get(number)
        if parsed is None:
            source, category, labels, owners, severity, deleted, empty_id, keyed_by = json.loads(
                self._pool_text("meta", number)
            )
            parsed = (
                source,
                category,
                tuple(labels),
                tuple(
                    Opinion(owner=who, category=what, labels=tuple(tags), name=name, reasons=tuple(why))
                    for who, what, tags, name, why in owners
                ),
                severity,
                deleted,
                empty_id,
                keyed_by,
            )
            if len(self._parsed) < _PARSED_LIMIT:
                self._parsed[number] = parsed
        return parsed

    def _take(self, name: str, dtype: Any) -> AnyArray:
        if name not in self._sections:
            raise self._damaged(name, "missing")
        values = self._sections[name]
        if values.dtype != dtype:
            raise self._damaged(name, f"expected {np.dtype(dtype)}, found {values.dtype}")
        return values

    def _take_pool(self, name: str) -> _Pool:
        offsets = self._take(f"{name}_offsets", np.int64)
        blob = self._take(f"{name}_bytes", np.uint8)
        if offsets.ndim != 1 or offsets.size == 0 or blob.ndim != 1:
            raise self._damaged(f"{name}_offsets", "expected one offset more than items")
        return _Pool(offsets, blob)

    def _pool_text(self, name: str, number: int) -> str:
        return _text(self._item(self._pools[name], number, name))

    def _item(self, pool: _Pool, number: int, name: str) -> bytes:
        if not 0 <= number < len(pool):
            raise self._damaged(f"{name}_offsets", f"item {number} of {len(pool)}")
        start, end = self._at(pool.offsets, number), self._at(pool.offsets, number + 1)
        if not 0 <= start <= end <= pool.blob.shape[0]:
            raise self._damaged(f"{name}_offsets", f"item {number} lies outside its bytes")
        data = pool.blob[start:end]
        if self._check is not None:
            self._check(data)
        return data.tobytes()

    def _damaged(self, section: str, message: str) -> IndexFileError:
        return IndexFileError(message, path=self._path, section=section)


class _Pool:
    """Byte strings laid end to end."""

    __slots__ = ("blob", "offsets")

    def __init__(self, offsets: Int64Array, blob: UInt8Array) -> None:
        self.offsets = offsets
        self.blob = blob

    def __len__(self) -> int:
        return int(self.offsets.shape[0]) - 1


def _text(data: bytes) -> str:
    # Lists carry lone surrogates (escaped in JSON); they must come back as they were.
    return data.decode("utf-8", "surrogatepass")


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
        self._ids = _PoolBuilder()
        self._has_ids = False
        self._rows: dict[int, array[int]] = {}
        self._digests: dict[int, bytearray] = {}
        self._foreign_rows = array("q")
        self._foreign_names = array("I")
        self._foreign = _PoolBuilder()
        self._pools = {name: _PoolBuilder() for name in _POOLS}
        self._known_metas: dict[object, int] = {}
        self._known_dates: dict[tuple[str | None, str | None], int] = {}
        self._no_extra: int | None = None
        self._built = False

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
        quality = _NO_QUALITY
        if isinstance(value, Hash):
            kind = _KIND_OF[value.algorithm]
            rows, digests = self._group(kind)
            rows.append(row)
            digests += value.digest
            if value.quality is not None:
                quality = value.quality
        elif isinstance(value, ForeignHash):
            kind = _KIND_FOREIGN
            self._foreign_rows.append(row)
            name = value.algorithm.encode("utf-8", "surrogatepass")
            self._foreign_names.append(self._pools["foreign_name"].intern(name))
            self._foreign.append(value.value.encode("utf-8", "surrogatepass"))
        else:
            kind = _KIND_NONE
        self._kinds.append(kind)
        self._qualities.append(quality)
        self._metas.append(meta)
        self._dates.append(date)
        self._extras.append(extra)
        self._ids.append(data)
        self._has_ids = self._has_ids or bool(data)
        self._n_rows += 1
        return row

    def extend(
        self,
        digests: UInt8Array,
        *,
        like: Entry | Sequence[Entry],
        which: npt.ArrayLike | None = None,
        algorithm: str | Algorithm = Algorithm.PDQ,
        ids: Sequence[str | None] | None = None,
        qualities: npt.ArrayLike | None = None,
        dates: Sequence[tuple[str | None, str | None]] | None = None,
        extras: Sequence[bytes] | None = None,
    ) -> int:
        """Add many entries that have most in common; return the first one's row.

        Parameters
        ----------
        digests : ndarray of uint8, shape (n, n_bytes)
        like : Entry or sequence of Entry
            Gives everything but hash and id, which are not looked at.
        which : array_like of int, shape (n,), optional
            Whom of a sequence each entry is like; the first by default.
        ids : sequence of str or None, length n
        qualities : array_like of int, shape (n,)
            0 to 100, or 255 for "not measured".
        dates : sequence of (created, updated), length n
            In place of those of `like`.
        extras : sequence of bytes, length n
            Each one's unknown fields as a JSON object in UTF-8, in place of those of `like`; not checked.

        Raises
        ------
        ValueError
            A shape or a length does not fit, or a quality is out of range.
        """
        self._check_open()
        algorithm = Algorithm(algorithm)
        digests = np.ascontiguousarray(digests, dtype=np.uint8)
        if digests.ndim != 2 or digests.shape[1] != algorithm.n_bytes:
            raise ValueError(
                f"digests of {algorithm.value} have shape (n, {algorithm.n_bytes}), not {digests.shape}"
            )
        n = digests.shape[0]
        if ids is not None and len(ids) != n:
            raise ValueError(f"{n} digests with {len(ids)} ids")
        if qualities is None:
            quality_bytes = bytes([_NO_QUALITY]) * n
        else:
            measured = np.asarray(qualities)
            if (
                measured.shape != (n,)
                or ((measured > 100) & (measured != _NO_QUALITY)).any()
                or (measured < 0).any()
            ):
                raise ValueError(f"qualities are {n} numbers from 0 to 100, or 255 for none")
            quality_bytes = measured.astype(np.uint8).tobytes()
        empty_ids = {number for number, text in enumerate(ids) if text == ""} if ids and "" in ids else set()
        for name, given in (("dates", dates), ("extras", extras)):
            if given is not None and len(given) != n:
                raise ValueError(f"{n} digests with {len(given)} {name}")
        models = [like] if isinstance(like, Entry) else list(like)
        chosen = np.zeros(n, np.int64) if which is None else np.asarray(which, np.int64)
        if chosen.shape != (n,) or (n and not 0 <= int(chosen.min()) <= int(chosen.max()) < len(models)):
            raise ValueError(f"'which' is {n} numbers below {len(models)}")
        metas = _uint32(self._intern_meta(model, id_is_empty=False) for model in models)[chosen]
        for number in empty_ids:
            metas[number] = self._intern_meta(models[chosen[number]], id_is_empty=True)
        if dates is None:
            date_numbers = _uint32(self._intern_dates(model) for model in models)[chosen]
        else:
            # Distinct in nearly every row, so what is remembered ends with this call.
            distinct = {date: number for number, date in enumerate(dict.fromkeys(dates))}
            first_date = self._pools["date"].append_many([_date_bytes(*date) for date in distinct])
            date_numbers = _uint32(first_date + distinct[date] for date in dates)
        if extras is None:
            extra_numbers = _uint32(self._intern_extra(model) for model in models)[chosen]
        else:
            first_extra = self._pools["extra"].append_many(extras)
            extra_numbers = np.arange(first_extra, first_extra + n, dtype=np.uint32)

        first = self._n_rows
        kind = _KIND_OF[algorithm]
        rows, group = self._group(kind)
        rows.frombytes(np.arange(first, first + n, dtype=np.int64).tobytes())
        group += digests.data if n else b""
        self._kinds += bytes([kind]) * n
        self._qualities += quality_bytes
        self._metas.frombytes(metas.tobytes())
        self._dates.frombytes(date_numbers.tobytes())
        self._extras.frombytes(extra_numbers.tobytes())
        self._has_ids = self._ids.extend(ids, n) or self._has_ids
        self._n_rows += n
        return first

    def extend_from(self, table: EntryTable, rows: npt.ArrayLike) -> int:
        """Add rows of another table, without building their entries; return the first one's new row.

        Parameters
        ----------
        table : EntryTable
        rows : array_like of int, shape (n,)
            Ascending, without repetition.

        Raises
        ------
        ValueError
            `rows` is not ascending, or not within the table.
        """
        self._check_open()
        chosen = np.asarray(rows, np.int64)
        n = chosen.shape[0]
        if n and (chosen[0] < 0 or chosen[-1] >= len(table) or (np.diff(chosen) <= 0).any()):
            raise ValueError(f"rows are ascending numbers below {len(table)}")
        first = self._n_rows
        new_rows = np.full(len(table), -1, np.int64)
        new_rows[chosen] = np.arange(first, first + n)
        for kind, (old_rows, digests) in table._groups.items():
            moved = new_rows[old_rows]
            kept = moved >= 0
            if kept.any():
                own_rows, own_digests = self._group(kind)
                own_rows.frombytes(moved[kept].tobytes())
                own_digests += digests[kept].tobytes()
        moved = new_rows[table._foreign_rows]
        kept = moved >= 0
        self._foreign_rows.frombytes(moved[kept].tobytes())
        names = self._pools["foreign_name"].take(table._pools["foreign_name"], table._foreign_names[kept])
        self._foreign_names.frombytes(names.tobytes())
        self._foreign.take_each(table._foreign_values, np.flatnonzero(kept))
        self._kinds += table._whole("kinds")[chosen].tobytes()
        self._qualities += table._whole("qualities")[chosen].tobytes()
        for pool, column, own in (
            ("meta", "metas", self._metas),
            ("date", "dates", self._dates),
            ("extra", "extras", self._extras),
        ):
            numbers = table._whole(column)[chosen]
            own.frombytes(self._pools[pool].take(table._pools[pool], numbers).tobytes())
        if len(table._ids):
            self._ids.take_each(table._ids, chosen)
            self._has_ids = True
        else:
            self._ids.extend(None, n)
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
        for name, dtype in _COLUMNS:
            column = np.frombuffer(columns[name], dtype=dtype)
            if self._n_rows > 1 and (column == column[0]).all():
                column = column[:1].copy()
            sections[name] = column
        for name, pool in self._pools.items():
            pool.to_sections(name, sections)
        (self._ids if self._has_ids else _PoolBuilder()).to_sections("id", sections)
        for kind, rows in self._rows.items():
            algorithm = _ALGORITHM_OF[kind]
            sections[f"rows.{algorithm.value}"] = np.frombuffer(rows, dtype=np.int64)
            # A copy: an array of numpy's may lie in huge pages, which saves a search a third of its time.
            digests = np.frombuffer(self._digests[kind], dtype=np.uint8).copy()
            sections[f"digests.{algorithm.value}"] = digests.reshape(-1, algorithm.n_bytes)
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

    def _intern_dates(self, entry: Entry) -> int:
        key = (entry.created, entry.updated)
        number = self._known_dates.get(key)
        if number is None:
            number = self._known_dates[key] = self._intern_json("date", list(key))
        return number

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


def _date_bytes(created: str | None, updated: str | None) -> bytes:
    """Do what `_json_bytes` does, ten times as fast: a large list has a date for nearly every row."""
    one = "null" if created is None else encode_basestring(created)
    other = "null" if updated is None else encode_basestring(updated)
    return f"[{one},{other}]".encode("utf-8", "surrogatepass")


def _uint32(numbers: Iterable[int]) -> npt.NDArray[np.uint32]:
    return np.fromiter(numbers, np.uint32)


class _PoolBuilder:
    """Byte strings laid end to end; `intern` stores each only once."""

    __slots__ = ("_blob", "_known", "_offsets")

    def __init__(self) -> None:
        self._blob = bytearray()
        self._offsets = array("q", [0])
        self._known: dict[bytes, int] = {}

    def append(self, data: bytes) -> None:
        self._blob += data
        self._offsets.append(len(self._blob))

    def extend(self, texts: Sequence[str | None] | None, n: int) -> bool:
        """Add `n` strings (nothing at all for None) and return whether any had a character."""
        start = len(self._blob)
        if texts is None:
            self._offsets.frombytes(np.full(n, start, np.int64).tobytes())
            return False
        plain = [text or "" for text in texts]
        joined = "".join(plain)
        if joined.isascii():
            lengths = np.fromiter(map(len, plain), np.int64, n)
            self._blob += joined.encode("ascii")
        else:
            encoded = [text.encode("utf-8", "surrogatepass") for text in plain]
            lengths = np.fromiter(map(len, encoded), np.int64, n)
            self._blob += b"".join(encoded)
        self._offsets.frombytes((np.cumsum(lengths) + start).tobytes())
        return bool(joined)

    def intern(self, data: bytes) -> int:
        number = self._known.get(data)
        if number is None:
            number = self._known[data] = len(self._offsets) - 1
            self.append(data)
        return number

    def append_many(self, items: Sequence[bytes]) -> int:
        """Append without looking for repetitions; return the first one's number."""
        first = len(self._offsets) - 1
        lengths = np.fromiter(map(len, items), np.int64, len(items))
        start = len(self._blob)
        self._blob += b"".join(items)
        self._offsets.frombytes((np.cumsum(lengths) + start).tobytes())
        return first

    def take(self, pool: _Pool, numbers: AnyArray) -> npt.NDArray[np.uint32]:
        """Take over items of another pool, each once; return their numbers here."""
        distinct, position = np.unique(numbers, return_inverse=True)
        if distinct.size <= _INTERNED_LIMIT:
            items = (pool.blob[pool.offsets[k] : pool.offsets[k + 1]].tobytes() for k in distinct.tolist())
            return _uint32(map(self.intern, items))[position]
        first = len(self._offsets) - 1
        self.take_each(pool, distinct)
        return (first + position).astype(np.uint32)

    def take_each(self, pool: _Pool, numbers: AnyArray) -> None:
        """Append items of another pool in this order."""
        for start in range(0, numbers.shape[0], 1 << 16):
            some = numbers[start : start + (1 << 16)]
            begins = pool.offsets[some]
            lengths = pool.offsets[some + 1] - begins
            ends = np.cumsum(lengths)
            if ends.size and ends[-1]:
                at = np.arange(ends[-1]) + np.repeat(begins - (ends - lengths), lengths)
                self._offsets.frombytes((ends + len(self._blob)).tobytes())
                self._blob += pool.blob[at].tobytes()
            else:
                self._offsets.frombytes((ends + len(self._blob)).tobytes())

    def to_sections(self, name: str, sections: dict[str, AnyArray]) -> None:
        sections[f"{name}_offsets"] = np.frombuffer(self._offsets, dtype=np.int64)
        sections[f"{name}_bytes"] = np.frombuffer(self._blob, dtype=np.uint8)
