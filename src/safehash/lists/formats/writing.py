"""Write list files whole, as CSV here; an error of the disk is an error of the list."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from ..._face import checked
from ...errors import ListError
from ...files import writing_whole
from ...hashing.hashes import Hash
from ..entry import Entry

__all__ = ["csv_line", "replacing", "write_csv"]

_COLUMNS = (
    "algorithm",
    "hash",
    "quality",
    "id",
    "category",
    "labels",
    "severity",
    "created",
    "updated",
    "deleted",
)

#: What ends a line for some reader of CSV.
_BREAKS = "\r\n"


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Give a new file that takes the place of `path` when the block ends well, and vanishes when it fails.

    Raises
    ------
    ListError
        The file cannot be written.
    """
    try:
        with writing_whole(path) as file:
            yield file
    except OSError as exc:
        raise ListError(f"cannot be written: {exc.strerror or exc}", path=path) from exc


@checked
def write_csv(path: str | os.PathLike[str], entries: Iterable[Entry]) -> int:
    """Write entries as CSV with a header, and return how many.

    Opinions and unknown fields have no place in it; JSON Lines keeps them. Deletes without a digest have an
    id only.

    Raises
    ------
    ListError
        The file cannot be written.

    Examples
    --------
    >>> write_csv("own.csv", safehash.read_list("list.csv"))
    1
    """
    n_entries = 0
    with replacing(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
        text.write(csv_line(_COLUMNS))
        for entry in entries:
            text.write(csv_line(_row(entry)))
            n_entries += 1
        text.flush()
        text.detach()
    return n_entries


def csv_line(cells: Sequence[object]) -> str:
    """Return one line of CSV that readers take for one, whatever is in its cells.

    The standard writer quotes a cell for the characters that end its own lines: a carriage return in the name of a file
    stood bare, and what followed it was a record for whoever reads it.

    Examples
    --------
    >>> csv_line(["a\\rb", 1])
    '"a\\rb",1\\n'
    """
    text = io.StringIO()
    csv.writer(text, lineterminator=_BREAKS).writerow(cells)
    return text.getvalue().removesuffix(_BREAKS) + "\n"


def _row(entry: Entry) -> list[object]:
    value = entry.hash
    if isinstance(value, Hash):
        algorithm, digest, quality = value.algorithm.value, value.hex, value.quality
    else:
        algorithm = "" if value is None else value.algorithm
        digest, quality = "" if value is None else value.value, None
    return [
        algorithm,
        digest,
        "" if quality is None else quality,
        entry.id or "",
        entry.category,
        ";".join(entry.labels),
        entry.severity or "",
        entry.created or "",
        entry.updated or "",
        "true" if entry.deleted else "",
    ]
