"""What some records of a page have and others lack: fields that are blank in these, as cells of a table are."""

from __future__ import annotations

from collections import Counter

from .records import RowReader
from .tally import Tally
from .together import Kind

__all__ = ["Fields"]


class Fields:
    """What some records of a page have, and others lack: a blank cell, were they a table.

    Parameters
    ----------
    tally : Tally
    """

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._n_records = 0
        self._n_having: Counter[tuple[str, Kind]] = Counter()
        self._type: str | None = None
        tally.untyped = ""

    def meet(self, reader: RowReader, *, is_typed: bool = False) -> None:
        """Look at the fields of one record, which this one is to read; what it stands in may say its type."""
        self._n_records += 1
        self._n_having.update((each.name, each.watched) for each in reader.columns if each.watched)
        if reader.type_column is None:
            reader.type_column = self._type
        elif not is_typed:
            self._type = reader.type_column

    def close(self) -> None:
        """Take what some records lack for blank in these."""
        for (name, kind), n in self._n_having.items():
            if n < self._n_records:
                self._tally.met_together(name, kind).add(("",))
        if self._type is not None:
            watch = self._tally.watch(self._type)
            watch.blank = watch.blank or self._tally.untyped
