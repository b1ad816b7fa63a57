"""Records as lines of JSON or CSV, and the summary that a person reads."""

from __future__ import annotations

import csv
import errno
import io
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from types import TracebackType
from typing import IO, Any

from ..errors import SafehashError
from ..files import writing_whole
from ..scanning.records import Summary, printable

__all__ = ["COLUMNS", "Lines", "summary_text", "writing"]

#: Columns of the CSV form; a file with several matches has one line for each.
COLUMNS = (
    "type", "path", "member", "outcome", "reason", "algorithm", "hash", "quality", "suggestion",
    "list", "id", "category", "labels", "distance", "view", "suppressed_by", "milliseconds",
)  # fmt: skip

_FLUSH_SECONDS = 0.5


class Lines:
    """Writes records to a file or to standard output.

    Parameters
    ----------
    path : str or None
        Written whole (`files.writing_whole`); None for standard output.
    form : "jsonl" or "csv"
    """

    def __init__(self, path: str | None, *, form: str = "jsonl") -> None:
        self._path = path
        self._form = form
        self._file: IO[bytes] = sys.stdout.buffer
        self._whole: AbstractContextManager[IO[bytes]] | None = None
        if path is not None:
            self._whole = writing_whole(path)
            with writing(path):
                self._file = self._whole.__enter__()  # found out now, not after the whole scan
        self._flushed = time.monotonic()
        if form == "csv":
            self._put(_csv_line(COLUMNS))

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._whole is None:
            if kind is None:
                with writing(None):
                    self._file.flush()
            return
        if kind is None:
            with writing(self._path):
                self._whole.__exit__(None, None, None)
            return
        with suppress(OSError):  # a full disk fails here a second time
            self._whole.__exit__(kind, error, trace)

    def write(self, record: dict[str, Any]) -> None:
        """Write one record. CSV has no line for the summary."""
        if self._form == "csv":
            if record["type"] != "summary":
                for line in _flat(record):
                    self._put(_csv_line(line))
        else:
            # ASCII: bytes of a name that are no UTF-8 come out as lone surrogates (\udc80 to \udcff).
            self._put(json.dumps(record, ensure_ascii=True, separators=(", ", ": ")).encode() + b"\n")

    def _put(self, line: bytes) -> None:
        with writing(self._path):
            self._file.write(line)
            if time.monotonic() - self._flushed > _FLUSH_SECONDS:
                self._file.flush()
                self._flushed = time.monotonic()


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


def _flat(record: dict[str, Any]) -> list[list[Any]]:
    """Return one row for each match, or one without."""
    rows = []
    for match in record.get("matches") or [{}]:
        both = {
            **{key: record.get(key) for key in COLUMNS},
            **{f"{key}": match[key] for key in _OF_MATCH if key in match},
        }
        both["labels"] = " ".join(match.get("labels", ()))
        rows.append([both[column] for column in COLUMNS])
    return rows


_OF_MATCH = ("list", "id", "category", "distance", "view", "suppressed_by")


def _csv_line(cells: Sequence[Any]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([_cell(cell) for cell in cells])
    return text.getvalue().encode("utf-8", "surrogateescape")


def _cell(value: Any) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    text = "" if value is None else str(value)
    return (
        f"'{text}"
        if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not isinstance(value, (int, float))
        else text
    )


def summary_text(summary: Summary, *, notes: Sequence[str] = (), resumable: bool = False) -> str:
    """Return the summary that a scan ends with on a terminal."""
    rows: list[tuple[str, str]] = []
    known = (
        f" ({summary.n_unchanged} unchanged since an earlier scan, not among the records; "
        "`safehash catalog export` writes all)"
        if summary.n_unchanged
        else ""
    )
    rows.append(("files", f"{summary.n_files}{known}"))
    rows += [(f"  {outcome.replace('_', ' ')}", str(n)) for outcome, n in summary.outcomes.most_common()]
    rows += _counted("matched list", summary.lists)
    rows += _counted("matched label", summary.labels)
    rows += _counted("left aside", summary.skipped)
    rows += _counted("could not look into", summary.problems)
    rows += _counted("undecided", summary.reasons)
    for info in summary.audit.lists:
        rows.append(
            ("list", f"{printable(info.name)}: {info.n_entries} entries, snapshot {info.snapshot[:8]}")
        )
    rows += [("note", printable(note)) for note in notes]
    n_now = summary.n_files - summary.n_unchanged
    seconds = max(summary.seconds, 1e-9)
    speed = f"{n_now / seconds:.0f} files/s, {summary.n_bytes / seconds / 1e6:.1f} MB/s"
    rows.append(("time", f"{summary.seconds:.1f} s, {speed}"))
    if summary.interrupted:
        rows.append(
            ("interrupted", "run the same command again to go on" if resumable else "not all files were seen")
        )
    width = max(len(name) for name, _ in rows) + 2
    head = "safehash summary"
    return "\n".join([f"{head:-^60}", *(f"{name:<{width}}{value}" for name, value in rows)])


def _counted(what: str, counts: Counter[str]) -> list[tuple[str, str]]:
    shown = [(what, f"{printable(name)}: {n}") for name, n in counts.most_common(20)]
    n_more = len(counts) - len(shown)
    return [*shown, (what, f"and {n_more} more kinds")] if n_more > 0 else shown
