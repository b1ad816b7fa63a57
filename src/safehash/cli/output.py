"""Records for programs, as JSON Lines, CSV or Parquet, into a file or standard output."""

from __future__ import annotations

import errno
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import IO, Any

from ..errors import SafehashError
from ..files import writing_whole
from ..lists.formats.writing import csv_line
from ..matching.printable import as_bytes, printable
from ..matching.record import CSV_COLUMNS, arrow_rows, arrow_schema, csv_rows
from .streams import expect_open

__all__ = ["FORMS", "Records", "writing"]

#: How records can be written, for programs.
FORMS = ("jsonl", "csv", "parquet")

_FLUSH_SECONDS = 0.5
#: Made once: json.dumps() makes an encoder for each record.
_in_ascii = json.JSONEncoder(ensure_ascii=True, separators=(", ", ": ")).encode
_PARQUET_ROWS = 20_000


class Records:
    """Writes records to a file or to standard output.

    Parameters
    ----------
    path : str or None
        Written whole (`files.writing_whole`); None for standard output.
    form : "jsonl", "csv" or "parquet"
        CSV and Parquet have no line for the summary, Parquet none for what is no decision.

    Raises
    ------
    SafehashError
        It cannot be written; found out now, not after the whole scan. Or the ``parquet`` extra is missing.
    """

    def __init__(self, path: str | None, *, form: str = "jsonl") -> None:
        self._path = path
        self._file: IO[bytes] = sys.stdout.buffer
        self._whole: AbstractContextManager[IO[bytes]] | None = None
        encoding: Any = {"jsonl": _Jsonl, "csv": _Csv, "parquet": _Parquet}[form]
        on_terminal = path is None and sys.stdout.isatty()
        if on_terminal and form == "parquet":
            raise SafehashError("Parquet is nothing for a terminal: write it into a file with -o")
        if on_terminal and form == "csv":
            encoding = _CsvShown
        if path is None:
            expect_open(sys.stdout)
        with writing(path):
            if path is not None:
                self._whole = writing_whole(path)
                self._file = self._whole.__enter__()
            self._form: _Jsonl | _Csv | _Parquet = encoding(self._file)
        self._flushed = time.monotonic()

    def __enter__(self) -> Records:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            with writing(self._path):
                self._form.finish()
                if self._whole is None:
                    self._file.flush()
                else:
                    self._whole.__exit__(None, None, None)
            return
        if self._whole is not None:
            with suppress(OSError):  # a full disk fails here a second time
                self._whole.__exit__(kind, error, trace)

    def write(self, record: dict[str, Any]) -> None:
        """Write one record."""
        with writing(self._path):
            self._form.write(record)
            if time.monotonic() - self._flushed > _FLUSH_SECONDS:
                self._file.flush()
                self._flushed = time.monotonic()

    def flush(self) -> None:
        """Hand on what was written."""
        with writing(self._path):
            self._file.flush()


class _Jsonl:
    """One JSON object a line."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, record: dict[str, Any]) -> None:
        # ASCII: bytes of a name that are no UTF-8 come out as lone surrogates (\udc80 to \udcff).
        self._file.write(_in_ascii(record).encode() + b"\n")

    def finish(self) -> None:
        """Nothing is held back."""


class _Csv:
    """One line a match, one for a file without."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._line(CSV_COLUMNS)

    def write(self, record: dict[str, Any]) -> None:
        if record["type"] != "summary":
            for row in csv_rows(record):
                self._line(row)

    def finish(self) -> None:
        """Nothing is held back."""

    def _line(self, cells: Sequence[Any]) -> None:
        self._file.write(as_bytes(csv_line([_cell(cell) for cell in cells])))


def _cell(value: Any) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    is_formula = text[:1] in ("=", "+", "-", "@", "\t", "\r") and not isinstance(value, (int, float))
    return f"'{text}" if is_formula else text


class _CsvShown(_Csv):
    """CSV for a terminal, that no name of a file can play tricks on."""

    def _line(self, cells: Sequence[Any]) -> None:
        super()._line([printable(cell) if isinstance(cell, str) else cell for cell in cells])


class _Parquet:
    """Decisions alone, nested matches included, a bounded number at a time."""

    def __init__(self, file: IO[bytes]) -> None:
        try:
            import pyarrow.parquet as pq

            self._schema = arrow_schema()
        except ImportError as exc:
            raise SafehashError("Parquet needs an extra: pip install 'safehash[parquet]'") from exc
        self._writer = pq.ParquetWriter(file, self._schema)
        self._rows: list[dict[str, Any]] = []

    def write(self, record: dict[str, Any]) -> None:
        if record["type"] == "decision":
            self._rows.append(record)
            if len(self._rows) >= _PARQUET_ROWS:
                self._put()

    def finish(self) -> None:
        """Write what is left, and the file's end."""
        self._put()
        self._writer.close()

    def _put(self) -> None:
        import pyarrow as pa

        self._writer.write_table(pa.Table.from_pylist(arrow_rows(self._rows), schema=self._schema))
        self._rows = []


@contextmanager
def writing(path: str | None) -> Iterator[None]:
    """Say which file could not be written; a reader of standard output that went away is no error.

    Raises
    ------
    SafehashError
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as exc:
        name = "standard output" if path is None else path
        if exc.errno == errno.ENOSPC:
            said = "no space left; free some and run the same command again"
        else:
            said = exc.strerror or str(exc)
        raise SafehashError(f"{name}: cannot be written: {said}") from exc
