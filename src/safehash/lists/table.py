"""Many list entries in a few flat arrays, one row each, so that ten million of them can be memory-mapped."""

from __future__ import annotations

import bisect
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .._face import checked, names_no_digest
from ..errors import IndexFileError
from ..hashing.hashes import Algorithm, ForeignHash, Hash
from .entry import Entry, Opinion
from .pools import Pool

__all__ = ["Columns", "EntryTable", "columns_of"]

_AnyArray = npt.NDArray[Any]
_UInt8Array = npt.NDArray[np.uint8]
_Int64Array = npt.NDArray[np.int64]

#: What a row's hash is, in the column ``kinds``. These numbers stand in files: never renumber, only append.
KIND_OF = {
    Algorithm.PDQ: 0,
    Algorithm.PHASH: 1,
    Algorithm.PHASH256: 2,
    Algorithm.MD5: 3,
    Algorithm.SHA1: 4,
    Algorithm.SHA256: 5,
}
ALGORITHM_OF = {kind: algorithm for algorithm, kind in KIND_OF.items()}
KIND_FOREIGN = 254
KIND_NONE = 255

NO_QUALITY = 255  # quality itself is 0 to 100

#: Parsed metadata kept per table; lists have few distinct ones, an adversarial list could have one a row.
_PARSED_LIMIT = 4096

COLUMNS: tuple[tuple[str, Any], ...] = (
    ("kinds", np.uint8),
    ("qualities", np.uint8),
    ("metas", np.uint32),
    ("dates", np.uint32),
    ("extras", np.uint32),
)
POOLS = ("meta", "date", "extra", "foreign_name")

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
    qualities: _UInt8Array


@names_no_digest
class EntryTable:
    """An immutable table of list entries; ``table[row]`` builds the Entry of one row.

    Made by `load_list` or `EntryTable.from_sections`.

    Notes
    -----
    Digests lie grouped by algorithm, so that an index can use them without a copy. What repeats (source,
    category, labels, opinions, dates ...) is stored once and pointed at. A column whose rows are all alike is
    stored as one value. A row costs its digest, its id, and about 16 to 29 bytes.

    Safe to share between threads.

    Examples
    --------
    >>> table = safehash.load_list("list.csv").table
    >>> len(table), table[0].id
    (1, 'b-1')
    """

    def __init__(
        self,
        sections: Mapping[str, _AnyArray],
        *,
        path: str = "",
        check: Callable[[_AnyArray], None] | None = None,
    ) -> None:
        self._path = path
        self._check = check
        self._sections = dict(sections)
        count = self._take("count", np.int64)
        if count.shape != (1,) or self._at(count, 0) < 0:
            raise self._damaged("count", "expected one number of rows")
        self._n_rows = n_rows = self._at(count, 0)
        self._columns = {name: self._take(name, dtype) for name, dtype in COLUMNS}
        for name, values in self._columns.items():
            if values.shape not in ((1,), (n_rows,)):
                raise self._damaged(name, f"expected {n_rows} values, found shape {values.shape}")
        self._pools = {name: self._take_pool(name) for name in POOLS}
        self._ids = self._take_pool("id")
        if len(self._ids) not in (0, n_rows):
            raise self._damaged("id_offsets", f"expected {n_rows} ids or none, found {len(self._ids)}")
        self._groups: dict[int, tuple[_Int64Array, _UInt8Array]] = {}
        for algorithm, kind in KIND_OF.items():
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
    @checked
    def from_sections(
        cls,
        sections: Mapping[str, _AnyArray],
        *,
        path: str = "",
        check: Callable[[_AnyArray], None] | None = None,
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

        Examples
        --------
        >>> table = safehash.load_list("list.csv").table
        >>> len(EntryTable.from_sections(table.to_sections()))
        1
        """
        return cls(sections, path=path, check=check)

    def to_sections(self) -> dict[str, _AnyArray]:
        """Return the arrays that make up the table, by name; `from_sections` is the way back.

        Raises
        ------
        IndexFileError
            The table came from a file, and the file is damaged.

        Examples
        --------
        >>> "digests.pdq" in safehash.load_list("list.csv").table.to_sections()
        True
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
        except (ValueError, TypeError, KeyError, RecursionError) as exc:
            # Only a file can hold such a row; UnicodeDecodeError and JSONDecodeError are ValueErrors.
            raise self._damaged("meta_bytes", f"row {row} cannot be read: {type(exc).__name__}") from exc

    def __iter__(self) -> Iterator[Entry]:
        return (self[row] for row in range(self._n_rows))

    def id_of(self, row: int) -> str | None:
        """Return the id of one row, without building its entry.

        Examples
        --------
        >>> safehash.load_list("list.csv").table.id_of(0)
        'b-1'
        """
        return self._id(row, self._meta(self._column("metas", row))[6])

    @checked
    def same_dates(self, rows: _Int64Array, others: _Int64Array) -> npt.NDArray[np.bool_]:
        """Tell for each row whether its dates are those of another row, shape (n,).

        Examples
        --------
        >>> row = np.zeros(1, np.int64)
        >>> safehash.load_list("list.csv").table.same_dates(row, row).tolist()
        [True]
        """
        numbers = np.asarray(self._whole("dates")).astype(np.int64)
        one, other = numbers[rows], numbers[others]
        same: npt.NDArray[np.bool_] = one == other
        differ = np.flatnonzero(~same)
        same[differ] = self._pools["date"].equal(one[differ], other[differ])
        return same

    def identity(self, row: int) -> tuple[object, ...]:
        """Return all that one row holds, as stored: rows of one table with equal identities are one record.

        Examples
        --------
        >>> table = safehash.load_list("list.csv").table
        >>> table.identity(0) == table.identity(0)
        True
        """
        kind = self._column("kinds", row)
        found: list[object] = [kind, self._column("qualities", row), self._column("metas", row)]
        found += [
            self._item(self._pools[name], self._column(f"{name}s", row), name) for name in ("date", "extra")
        ]
        found.append(self._item(self._ids, row, "id") if len(self._ids) else b"")
        if kind in self._groups:
            rows, digests = self._groups[kind]
            found.append(digests[self._position(rows, row, "rows")].tobytes())
        elif kind == KIND_FOREIGN:
            at = self._position(self._foreign_rows, row, "foreign_rows")
            found.append(self._at(self._foreign_names, at))
            found.append(self._item(self._foreign_values, at, "foreign"))
        return tuple(found)

    @checked
    def digests(self, algorithm: str | Algorithm) -> tuple[_Int64Array, _UInt8Array]:
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

        Examples
        --------
        >>> rows, digests = safehash.load_list("list.csv").table.digests("pdq")
        >>> rows.tolist(), digests.shape
        ([0], (1, 32))
        """
        algorithm = Algorithm(algorithm)
        rows, digests = self._group(algorithm)
        if self._check is not None:
            self._check(rows)
            self._check(digests)
        return rows, digests

    @checked
    def rows_of(self, algorithm: str | Algorithm, positions: Iterable[int]) -> list[int]:
        """Return the rows of some digests of `algorithm`, given by their positions in `digests`.

        An index made of ``digests(algorithm)[1]`` answers with positions; these are the rows of the table.

        Raises
        ------
        IndexError
            No such position.
        IndexFileError
            The table came from a file, and the file is damaged there.

        Examples
        --------
        >>> safehash.load_list("list.csv").table.rows_of("pdq", [0])
        [0]
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

    def counts(self) -> dict[str, int]:
        """Return how many rows carry each algorithm: our names, "foreign" and "none" for the rest.

        Examples
        --------
        >>> safehash.load_list("list.csv").table.counts()
        {'pdq': 1}
        """
        found = {
            ALGORITHM_OF[kind].value: rows.shape[0] for kind, (rows, _) in self._groups.items() if rows.size
        }
        n_foreign = self._foreign_rows.shape[0]
        n_none = self._n_rows - n_foreign - sum(found.values())
        return found | {name: n for name, n in (("foreign", n_foreign), ("none", n_none)) if n}

    @checked
    def known_ids(self, wanted: Iterable[str], *, before: int) -> frozenset[str]:
        """Return which of some ids an entry among the first `before` rows has.

        Raises
        ------
        IndexFileError
            The table came from a file, and the file is damaged in its ids: all of them are read.

        Examples
        --------
        >>> safehash.load_list("list.csv").table.known_ids(["b-1", "b-2"], before=1)
        frozenset({'b-1'})
        """
        wanted = frozenset(wanted)
        if not wanted or not len(self._ids):
            return frozenset()
        offsets, data = self._all_ids()
        return frozenset(
            text
            for text in wanted
            if text and next(_numbers_of(data, offsets[: before + 1], _bytes(text)), None) is not None
        )

    @checked
    def rows_called(self, text: str, *, before: int) -> list[int]:
        """Return which of the first `before` rows have an id.

        Raises
        ------
        IndexFileError
            As of `known_ids`.

        Examples
        --------
        >>> safehash.load_list("list.csv").table.rows_called("b-1", before=1)
        [0]
        """
        if not text or not len(self._ids):
            return []
        offsets, data = self._all_ids()
        return list(_numbers_of(data, offsets[: before + 1], _bytes(text)))

    def _all_ids(self) -> tuple[_Int64Array, bytes]:
        offsets, blob = self._ids.offsets, self._ids.blob
        if self._check is not None:
            self._check(offsets)
            self._check(blob)
        return offsets, blob.tobytes()

    @property
    def n_bytes(self) -> int:
        """Memory of all arrays in bytes (of a mapped file: its size, shared between processes).

        Examples
        --------
        >>> safehash.load_list("list.csv").table.n_bytes > 32
        True
        """
        return sum(values.nbytes for values in self._sections.values())

    def _hash(self, row: int) -> Hash | ForeignHash | None:
        kind = self._column("kinds", row)
        if kind == KIND_NONE:
            return None
        if kind == KIND_FOREIGN:
            at = self._position(self._foreign_rows, row, "foreign_rows")
            name = self._pool_text("foreign_name", self._at(self._foreign_names, at))
            return ForeignHash(name, _text(self._item(self._foreign_values, at, "foreign")))
        if kind not in self._groups:
            raise self._damaged("kinds", f"row {row} has the unknown kind {kind}")
        algorithm = ALGORITHM_OF[kind]
        rows, digests = self._groups[kind]
        at = self._position(rows, row, f"rows.{algorithm.value}")
        digest = digests[at]
        if self._check is not None:
            self._check(digest)
        quality = self._column("qualities", row)
        return Hash(algorithm, digest.tobytes(), quality=None if quality == NO_QUALITY else quality)

    def _group(self, algorithm: Algorithm) -> tuple[_Int64Array, _UInt8Array]:
        group = self._groups.get(KIND_OF[algorithm])
        if group is None:
            return np.zeros(0, np.int64), np.zeros((0, algorithm.n_bytes), np.uint8)
        return group

    def _whole(self, name: str) -> _AnyArray:
        """Return a column with one value a row, also where it is stored once for all of them."""
        values = self._columns[name]
        if self._check is not None:
            self._check(values)
        return np.broadcast_to(values, (self._n_rows,))

    def _column(self, name: str, row: int) -> int:
        values = self._columns[name]
        return self._at(values, row if values.shape[0] > 1 else 0)

    def _at(self, values: _AnyArray, at: int) -> int:
        if self._check is not None:
            self._check(values[at : at + 1])
        return int(values[at])

    def _position(self, rows: _Int64Array, row: int, section: str) -> int:
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

    def _take(self, name: str, dtype: Any) -> _AnyArray:
        if name not in self._sections:
            raise self._damaged(name, "missing")
        values = self._sections[name]
        if values.dtype != dtype:
            raise self._damaged(name, f"expected {np.dtype(dtype)}, found {values.dtype}")
        return values

    def _take_pool(self, name: str) -> Pool:
        offsets = self._take(f"{name}_offsets", np.int64)
        blob = self._take(f"{name}_bytes", np.uint8)
        if offsets.ndim != 1 or offsets.size == 0 or blob.ndim != 1:
            raise self._damaged(f"{name}_offsets", "expected one offset more than items")
        return Pool(offsets, blob)

    def _pool_text(self, name: str, number: int) -> str:
        return _text(self._item(self._pools[name], number, name))

    def _item(self, pool: Pool, number: int, name: str) -> bytes:
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


def columns_of(table: EntryTable) -> Columns:
    """Return what is needed to judge all rows without building their entries."""
    models = []
    for number in range(len(table._pools["meta"])):
        source, category, labels, owners, severity, deleted, _, keyed_by = table._meta(number)
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
    return Columns(models=tuple(models), models_of=table._whole("metas"), qualities=table._whole("qualities"))


def _numbers_of(data: bytes, offsets: _Int64Array, item: bytes) -> Iterator[int]:
    """Yield the number of each item that is these very bytes: an offset begins them, and the next one ends them."""
    at = data.find(item)
    while at >= 0:
        number = int(np.searchsorted(offsets, at))
        # Empty items begin where the next one does.
        while number < len(offsets) - 1 and offsets[number] == at:
            if offsets[number + 1] == at + len(item):
                yield number
            number += 1
        at = data.find(item, at + 1)


def _text(data: bytes) -> str:
    # Lists carry lone surrogates (escaped in JSON); they must come back as they were.
    return data.decode("utf-8", "surrogatepass")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
