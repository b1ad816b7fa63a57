"""Load a list whole: its merged live entries as one table, with the report and the digest of its bytes."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from .entries import EntryTable, EntryTableBuilder
from .formats import read_list
from .hashes import Algorithm
from .lists import ListReport, Reject, merge_lists

__all__ = ["LoadedList", "load_list"]


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
    """

    name: str
    report: ListReport
    table: EntryTable

    @property
    def snapshot(self) -> str:
        """SHA-256 of the list's bytes, hexadecimal."""
        return self.report.snapshot


def load_list(
    path: str | os.PathLike[str],
    *,
    format: str | None = None,
    source: str | None = None,
    algorithm: str | Algorithm | None = None,
    on_reject: Callable[[Reject], None] | None = None,
    now: datetime | None = None,
) -> LoadedList:
    """Read and merge a list; parameters and errors are those of `formats.read_list`."""
    reader = read_list(path, format=format, source=source, algorithm=algorithm, on_reject=on_reject, now=now)
    builder = EntryTableBuilder()
    for entry in merge_lists(reader):
        builder.append(entry)
    return LoadedList(name=reader.name, report=reader.report, table=builder.build())
