"""Decides one batch after the other, in whatever an engine hands them over: columns, Arrow, pandas or Polars."""

from __future__ import annotations

import math
import os
import threading
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from .._face import checked
from ..errors import SHOWN_DIGITS, IndexFileError, SafehashError
from ..hashing.hashes import Algorithm, Hash
from ..matching.decision import Decision
from ..matching.matcher import Matcher
from ..matching.record import OWN_FIELDS, arrow_rows, arrow_schema
from ..matching.settings import DEFAULT_SETTINGS, Settings

__all__ = ["Check", "record_schema"]

#: What a column may hold.
_KINDS = ("bytes", "path", "hash")

#: Names of the columns that a batch gets.
_NAMES = tuple(field.name for field in OWN_FIELDS)


def record_schema() -> Any:
    """Return the columns that `Check` adds: `pyarrow.Schema`, as `safehash scan --format parquet` has them.

    Raises
    ------
    ImportError
        The ``parquet`` extra is not installed.

    Examples
    --------
    >>> record_schema().names[:3]
    ['outcome', 'reason', 'failure']
    """
    return arrow_schema(OWN_FIELDS)


@checked
class Check:
    """A function from batches to batches, which pickles: each process opens the snapshot once, memory-mapped.

    A batch is a mapping of columns (lists or arrays), a `pyarrow.RecordBatch` or `Table`, or a data frame of pandas or
    Polars; what comes back is of its kind, its rows in their order, with the columns of `record_schema` in the place of
    the one that was looked at (behind it, where that is a path; ``hash`` and ``quality`` are written anew).

    Parameters
    ----------
    snapshot : path-like
        Written by `Matcher.save` or ``safehash index build``; on every machine, at this path.
    column : str
        The column that is looked at.
    kind : "bytes", "path" or "hash"
        What it holds: picture files, where they are, or stored hashes (hexadecimal digits, or bytes).
    algorithm : str or Algorithm
        Of stored hashes.
    quality : str, optional
        The column of their qualities.
    settings : Settings
        What decisions depend on; its policy may be None for the snapshot's own.
    lists : collection of str, optional
        Names of the lists that are matched against; all otherwise.
    full_hashes : bool
        Write whole digests, which a later look with ``kind="hash"`` needs, instead of 8 digits.

    Raises
    ------
    TypeError, ValueError
        A value that cannot mean anything.

    Examples
    --------
    >>> check = Check("lists.safehash", column="picture")
    >>> found = check({"id": [1, 2], "picture": [Path("photo.jpg").read_bytes(), b"words"]})
    >>> found["id"], found["outcome"]
    ([1, 2], ['match', 'unsupported'])
    >>> import pickle
    >>> again = pickle.loads(pickle.dumps(check))
    >>> again({"picture": [Path("photo.jpg").read_bytes()]})["suggestion"]
    ['review']
    """

    def __init__(
        self,
        snapshot: str | os.PathLike[str],
        *,
        column: str = "data",
        kind: Literal["bytes", "path", "hash"] = "bytes",
        algorithm: str | Algorithm = "pdq",
        quality: str | None = None,
        settings: Settings = DEFAULT_SETTINGS,
        lists: Collection[str] | None = None,
        full_hashes: bool = False,
    ) -> None:
        if kind not in _KINDS:
            raise ValueError(f"kind is one of {', '.join(_KINDS)}, not {kind!r}")
        if settings.flood is not None:
            raise ValueError("floods are counted in one process: give none here, and count what comes out")
        self._snapshot = os.path.abspath(snapshot)  # noqa: PTH100 - a text, to be told on another machine
        self._column = column
        self._kind = kind
        self._algorithm = Algorithm(algorithm)
        self._quality = quality
        self._settings = settings
        self._lists = None if lists is None else tuple(lists)
        self._full_hashes = full_hashes

    def __call__(self, batch: Any) -> Any:
        """Decide a batch.

        Raises
        ------
        KeyError
            It has no such column.
        ValueError
            It has columns of a decision already.
        TypeError
            It is nothing that is known here, or the column holds something else.
        SafehashError
            The snapshot cannot be opened, or no list has hashes of the algorithm.
        """
        if isinstance(batch, Mapping):
            columns = {name: batch[name] for name in batch}
            return {**self._kept(columns), **self._columns(columns)}
        module = type(batch).__module__.partition(".")[0]
        if module == "pyarrow" and hasattr(batch, "schema"):
            return self._arrow(batch)
        if module == "pandas" and hasattr(batch, "columns"):
            columns = {name: batch[name] for name in batch.columns}
            return type(batch)({**self._kept(columns), **self._columns(columns)}, index=batch.index)
        if module == "polars" and hasattr(batch, "get_columns"):
            import polars

            return polars.from_arrow(self._arrow(batch.to_arrow()))
        raise TypeError(
            f"a batch is a mapping of columns, or a table of pyarrow, pandas or Polars, not {type(batch).__name__}"
        )

    def schema(self, given: Any) -> Any:
        """Return the Arrow schema of what comes of batches with another: `pyarrow.Schema`.

        Examples
        --------
        >>> import pyarrow as pa
        >>> given = pa.schema([("id", pa.int64()), ("data", pa.binary())])
        >>> Check("lists.safehash").schema(given).names[:2]
        ['id', 'outcome']
        """
        import pyarrow as pa

        if not isinstance(given, pa.Schema):
            raise TypeError(f"given is a pyarrow.Schema, not {type(given).__name__}")
        kept = [field for field in given if field.name in self._kept(dict.fromkeys(given.names))]
        return pa.schema([*kept, *record_schema()])

    # -- containers ---------------------------------------------------------------------------------------

    def _kept(self, columns: Mapping[str, Any]) -> dict[str, Any]:
        """Return the columns that stay: all but pictures, and but those that are about to be written."""
        if self._column not in columns:
            raise KeyError(f"the batch has no column {self._column!r}: it has {', '.join(map(str, columns))}")
        clash = sorted((set(columns) - {self._column, self._quality}) & set(_NAMES))
        if clash:
            raise ValueError(f"the batch has columns of a decision already: rename {', '.join(clash)}")
        dropped = {*_NAMES, self._column} if self._kind == "bytes" else set(_NAMES)
        return {name: column for name, column in columns.items() if name not in dropped}

    def _arrow(self, batch: Any) -> Any:
        import pyarrow as pa

        columns = {name: batch.column(name) for name in batch.schema.names}
        kept = self._kept(columns)
        found = self._columns(columns)
        schema = record_schema()
        arrays = [pa.array(found[field.name], field.type) for field in schema]
        whole = pa.schema([*(batch.schema.field(name) for name in kept), *schema])
        if isinstance(batch, pa.Table):
            return pa.table([*kept.values(), *arrays], schema=whole)
        return pa.record_batch([*kept.values(), *arrays], schema=whole)

    # -- rows ---------------------------------------------------------------------------------------------

    def _columns(self, columns: Mapping[str, Any]) -> dict[str, list[Any]]:
        """Return the columns of decisions, as lists."""
        matcher = _opened(self._snapshot, self._settings)
        values = _listed(columns[self._column])
        if self._kind == "hash":
            return self._of_hashes(matcher, values, columns)
        decisions = [matcher.check(self._upload(value), lists=self._lists) for value in values]
        return self._rows(decisions)

    def _upload(self, value: Any) -> Any:
        if self._kind == "path":
            if not isinstance(value, str):
                raise TypeError(f"the column {self._column!r} holds {type(value).__name__}, not paths")
            return Path(value)
        if value is None or not isinstance(value, (bytes, bytearray, memoryview)):
            raise TypeError(
                f"the column {self._column!r} holds {type(value).__name__}, not the bytes of pictures"
            )
        return bytes(value)

    def _rows(self, decisions: Iterable[Decision]) -> dict[str, list[Any]]:
        records = (decision.to_record(full_hashes=self._full_hashes) for decision in decisions)
        rows = arrow_rows(records, OWN_FIELDS)
        return {name: [row[name] for row in rows] for name in _NAMES}

    def _of_hashes(
        self, matcher: Matcher, values: list[Any], columns: Mapping[str, Any]
    ) -> dict[str, list[Any]]:
        """Look stored hashes up: all by the join, and only those near anything one by one.

        Of those that are near nothing, one of each kind is looked up and speaks for all: nothing but their hash, their
        quality and how long they took is told of any other.
        """
        if self._algorithm.value not in matcher.counts():
            raise SafehashError(
                f"no list of {self._snapshot} has hashes of {self._algorithm.value}, and nothing could be found"
            )
        started = time.perf_counter()
        digests = self._digests(values)
        hashes = [
            Hash(self._algorithm, digest.tobytes(), quality=quality)
            for digest, quality in zip(digests, self._qualities(len(values), columns), strict=True)
        ]
        least = matcher.audit.min_quality
        is_near = matcher.near_any(digests, algorithm=self._algorithm).tolist()
        places: list[int] = []  # of each row, among those that are looked up
        asked: list[Hash] = []
        spoken_for: dict[bool, int] = {}
        for value, near in zip(hashes, is_near, strict=True):
            is_low = value.quality is not None and value.quality < least
            place = len(asked) if near else spoken_for.setdefault(is_low, len(asked))
            if place == len(asked):
                asked.append(value)
            places.append(place)
        answers = self._rows(matcher.check_hashes(asked, lists=self._lists))
        found = {name: [answers[name][place] for place in places] for name in _NAMES}
        cut = None if self._full_hashes else SHOWN_DIGITS
        elapsed = round(1e3 * (time.perf_counter() - started) / max(1, len(values)), 3)
        found["hash"] = [value.hex[:cut] for value in hashes]
        found["quality"] = [value.quality for value in hashes]
        found["matches"] = [[*each] for each in found["matches"]]
        found["milliseconds"] = [elapsed] * len(values)
        return found

    def _qualities(self, n: int, columns: Mapping[str, Any]) -> list[int | None]:
        """Return the qualities of stored hashes; what a data frame has in place of a missing number is none."""
        if self._quality is None:
            return [None] * n
        found: list[int | None] = []
        for value in _listed(columns[self._quality]):
            if value is None or value != value:
                found.append(None)
            elif (
                isinstance(value, (int, float))
                and not isinstance(value, bool)
                and math.isfinite(value)
                and value == int(value)
            ):
                found.append(int(value))
            else:
                raise TypeError(
                    f"the column {self._quality!r} holds {type(value).__name__}, not whole numbers from 0 to 100"
                )
        return found

    def _digests(self, values: list[Any]) -> npt.NDArray[np.uint8]:
        n_bytes = self._algorithm.n_bytes
        try:
            digests = list(map(_digest, values))
        except (TypeError, ValueError) as exc:
            raise TypeError(
                f"the column {self._column!r} holds what is no {self._algorithm.value} hash"
            ) from exc
        lengths = set(
            map(len, digests)
        )  # each: a long one beside a short one would move what is between them
        if lengths - {n_bytes}:
            raise TypeError(
                f"hashes of {self._algorithm.value} have {n_bytes} bytes each, in {self._column!r} some have others"
            )
        return np.frombuffer(b"".join(digests), np.uint8).reshape(len(values), n_bytes)


def _digest(value: Any) -> bytes:
    """Return the bytes of a digest: of digits, of bytes, or of a row of numbers.

    Raises
    ------
    TypeError, ValueError
        It is none of these; of a number, ``bytes`` makes as many zeros.
    """
    if isinstance(value, str):
        return bytes.fromhex(value)
    if not isinstance(value, (bytes, bytearray, memoryview, list)):
        raise TypeError(f"{type(value).__name__} is no digest")
    return bytes(value)


def _listed(column: Any) -> list[Any]:
    """Return a column of any container as a list of Python's own values; None where one is missing."""
    if hasattr(column, "notna"):  # pandas: of several values that stand for a missing one
        column = column.astype(object).where(column.notna(), None)
    if hasattr(column, "to_pylist"):
        return list(column.to_pylist())
    return list(column.tolist()) if hasattr(column, "tolist") else list(column)


def _seen(path: str) -> tuple[int, int, int]:
    """Return what tells a snapshot from the one that took its place."""
    try:
        status = os.stat(path)  # noqa: PTH116
    except OSError as exc:
        raise IndexFileError(f"cannot be opened: {exc.strerror}", path=path) from exc
    return status.st_ino, status.st_size, status.st_mtime_ns


#: What this process has open, newest last: (path, settings, what its file looked like, matcher). An engine makes a
#: `Check` anew for every task; the snapshot is opened once all the same.
_OPEN: list[tuple[str, Settings, tuple[int, int, int], Matcher]] = []
_MOST_OPEN = 4
_OPENING = threading.Lock()


def _opened(path: str, settings: Settings) -> Matcher:
    """Open a snapshot once a process, and again when another has taken its place."""
    seen = _seen(path)
    with _OPENING:
        for known in _OPEN:
            if known[:3] == (path, settings, seen):
                return known[3]
        matcher = Matcher.open(path, settings=settings)
        _OPEN.append((path, settings, seen, matcher))
        del _OPEN[:-_MOST_OPEN]
        return matcher
