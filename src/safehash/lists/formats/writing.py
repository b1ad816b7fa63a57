"""Write list files whole, as CSV here; an error of the disk is an error of the list."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from ..._face import checked
from ...errors import ListError
from ...files import writing_whole
from ...hashing.hashes import Hash
from ..entry import Entry

__all__ = ["replacing", "write_csv"]

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
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(_COLUMNS)
        for entry in entries:
            writer.writerow(_row(entry))
            n_entries += 1
        text.flush()
        text.detach()
    return n_entries


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
