"""Read the records of a JSON page: plain ones as columns, many at once; all others one by one, with every rule."""

from __future__ import annotations

import bisect
import json
from collections.abc import Callable, Collection, Hashable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from ...hashing.hashes import Hash
from ..entry import Entry
from .batch import NO_QUALITY, Batch
from .fields import BadField, utc_time
from .json_stream import Decode, Many, NotJson, decoded
from .json_walk import records
from .pages import Page
from .plain_columns import Made, Meaning, PlainColumns, first_of_each, n_of
from .tally import Tally

__all__ = ["Patient", "PlainRecords", "PlainShape", "one_entry", "read_records"]

#: Records are turned into columns so many at a time.
_ROWS = 1024

#: Fewer records than this are read one by one, in their order.
_FEW = 256

#: Different contents remembered per page; an adversarial page could have one a record, and long ones.
_REMEMBERED, _REMEMBERED_BYTES = 20_000, 64 << 20

#: Reads one decoded record with every rule: its entries, and what of it could not be used. Raises BadField.
Patient = Callable[[dict[str, Any]], tuple[list[Entry], list[str]]]


@dataclass(frozen=True, slots=True)
class PlainShape:
    """What the plain records of a format look like.

    Attributes
    ----------
    struct : type
        A `msgspec.Struct` that refuses every field it does not know.
    columns : callable
        Takes some of them apart.
    """

    struct: type[Any]
    columns: Callable[[list[Any]], PlainColumns]


def read_records(
    page: Page,
    tally: Tally,
    array_key: str | None,
    patient: Patient,
    *,
    plain: PlainShape | None = None,
    on_root: Callable[[dict[str, Any]], None] | None = None,
    ignore: Collection[str] = (),
) -> Iterator[Entry | Batch]:
    """Yield the entries of a page of records.

    Parameters
    ----------
    page, tally, array_key, on_root
        As for `json_walk.records`.
    patient : callable
        Reads one record.
    plain : PlainShape, optional
        Records of this shape are read many at once.
    ignore : collection of str
        Fields of records that are left out.
    """
    rows = PlainRecords(tally, plain, patient) if plain is not None and not ignore else None
    decode = rows.decode if rows is not None else None
    for number, found in records(
        page, tally, array_key, on_root=on_root, raw=rows is not None, decode=decode
    ):
        if isinstance(found, Many):
            if rows is not None:
                yield from rows.take(number, found)
            continue
        if rows is not None:
            yield from rows.settle()
        if ignore:
            found = {name: value for name, value in found.items() if name not in ignore}
        yield from entries_of(number, found, patient, tally)
    if rows is not None:
        yield from rows.flush()


def one_entry(read: Callable[[dict[str, Any], str, Tally], Entry], source: str, tally: Tally) -> Patient:
    """Return the patient reader of a format whose records are one entry each, or none of use."""

    def patient(record: dict[str, Any]) -> tuple[list[Entry], list[str]]:
        return [read(record, source, tally)], []

    return patient


def entries_of(number: int, record: dict[str, Any], patient: Patient, tally: Tally) -> Iterator[Entry]:
    """Yield the entries of one record, counted; what is wrong with it is a reject."""
    try:
        entries, failures = patient(record)
    except BadField as exc:
        tally.reject(number, str(exc))
        return
    for failure in failures:
        tally.reject(number, failure)
    for entry in entries:
        yield tally.meet(entry)


class PlainRecords:
    """Collects plain records and turns them into batches.

    What a record means is worked out by the patient reader, once for all that are like it.
    """

    def __init__(self, tally: Tally, shape: PlainShape, patient: Patient) -> None:
        self._tally = tally
        self._columns = shape.columns
        self._patient = patient
        self._decode = msgspec.json.Decoder(shape.struct).decode
        self._decode_all = msgspec.json.Decoder(list[shape.struct]).decode  # type: ignore[name-defined]
        self._meanings: dict[Hashable, Meaning] = {}
        self._n_bytes = 0  # of the records by which they were learned
        self._run = _Run()
        self._odd: list[tuple[int, msgspec.Raw | bytes]] = []

    @property
    def decode(self) -> Decode:
        """Decodes an array of plain records, and refuses others."""
        return self._decode_all

    def take(self, number: int, many: Many) -> Iterator[Entry | Batch]:
        """Add records, the first of this number; yield them once they are worth a batch."""
        n = len(many)
        self._tally.n_records += n
        if not many.is_tried:
            with suppress(msgspec.MsgspecError, UnicodeError, RecursionError):  # not all are plain
                found = self._decode_all(many.text)
                many.records = found if len(found) == n else None  # a line may have two
        if many.records is not None:
            self._run.add(many.records, number, many)
        else:
            self._take_one_by_one(number, many)
        if len(self._run.records) + len(self._odd) >= _ROWS:
            yield from self.flush()

    def _take_one_by_one(self, number: int, many: Many) -> None:
        for k, raw in enumerate(many.raws, number):
            data = bytes(raw)
            try:
                record = self._decode(data)
            except (msgspec.MsgspecError, UnicodeError, RecursionError):
                self._odd.append((k, raw))
                continue
            self._run.add([record], k, Many("", is_tried=True, _raws=[raw]))

    def settle(self) -> Iterator[Entry | Batch]:
        """Yield what was collected where it is little: the records of a short list come in their order."""
        if len(self._run.records) + len(self._odd) < _FEW:
            yield from self.flush()

    def flush(self) -> Iterator[Entry | Batch]:
        """Yield what was collected: batches, then what is not plain."""
        run, odd = self._run, self._odd
        self._run, self._odd = _Run(), []
        if len(run.records) < _FEW:
            odd += [(run.number(k), run.raw(k)) for k in range(len(run.records))]
        else:
            columns = self._columns(run.records)
            which, first = first_of_each(columns.keys)
            meanings = [self._meaning(key, run, columns, k) for key, k in first.items()]
            made = Made(columns, which, meanings, _with_more_quotes(run, columns, which, meanings))
            for batch in made.batches():
                self._tally.meet_batch(batch)
                yield batch
            odd += [(run.number(k), run.raw(k)) for k in made.odd]
        for number, raw in sorted(odd, key=itemgetter(0)):
            yield from self._one(number, raw)

    def _one(self, number: int, raw: msgspec.Raw | bytes) -> Iterator[Entry]:
        try:
            record = decoded(bytes(raw))
        except NotJson as exc:
            self._tally.reject(number, str(exc))
            return
        yield from entries_of(number, record, self._patient, self._tally)

    def _meaning(self, key: Hashable, run: _Run, columns: PlainColumns, k: int) -> Meaning | None:
        """Return what a key means, by row `k` that has it; None where the columns do not hold all of it."""
        if key is None:
            return None
        known = self._meanings.get(key)
        if known is None and len(self._meanings) < _REMEMBERED and self._n_bytes < _REMEMBERED_BYTES:
            raw = bytes(run.raw(k))
            known = self._learned(raw, columns, k)
            if known is not None:
                self._meanings[key] = known
                self._n_bytes += len(raw)
        return known

    def _learned(self, raw: bytes, columns: PlainColumns, k: int) -> Meaning | None:
        if not _is_model(raw):
            return None
        try:
            entries, failures = self._patient(decoded(raw))
        except (BadField, NotJson):
            return None  # it is read once more, and what is wrong with it said
        if failures or len(entries) != 1 or not isinstance(entries[0].hash, Hash):
            return None
        (entry,) = entries
        value = entries[0].hash
        told = replace(
            entry,
            id=None if columns.ids is None else columns.ids[k],
            created=None if columns.created is None else utc_time(columns.created[k]),
            updated=None if columns.updated is None else utc_time(columns.updated[k]),
            extra={} if columns.extras is None else json.loads(columns.extras.item(k)),
        )
        quality = NO_QUALITY if columns.qualities is None else columns.qualities[k]
        if told != entry or quality != (NO_QUALITY if value.quality is None else value.quality):
            return None
        model = replace(entry, hash=None, id=None, created=None, updated=None, extra={})
        return Meaning(value.algorithm, model, raw.count(b'"') - columns.free_quotes(k))


def _is_model(raw: bytes) -> bool:
    """Tell whether a record has as few quotes as one that means the same can have: no field twice, none escaped."""
    is_model = b'\\"' not in raw

    def pairs_once(pairs: list[tuple[str, Any]]) -> None:
        nonlocal is_model
        is_model = is_model and len({name for name, _ in pairs}) == len(pairs)

    try:
        json.loads(raw, object_pairs_hook=pairs_once)
    except (ValueError, RecursionError):
        return False
    return is_model


def _with_more_quotes(
    run: _Run, columns: PlainColumns, which: npt.NDArray[np.int64], meanings: Sequence[Meaning | None]
) -> set[int]:
    """Return the rows of plain records in which a field stands twice: the parser took the last."""
    n_quotes = np.array([-1 if each is None else each.n_quotes for each in meanings])[which]
    unknown = np.flatnonzero(n_quotes < 0).tolist()
    known = int(n_quotes[n_quotes > 0].sum())
    if not unknown and run.n_quotes == known + sum(n_of(b'"', b"".join(values)) for values in columns.free):
        return set()
    return {
        k
        for k, n in enumerate(n_quotes.tolist())
        if n >= 0 and bytes(run.raw(k)).count(b'"') != n + columns.free_quotes(k)
    }


class _Run:
    """Plain records, with their numbers and what they were decoded from."""

    def __init__(self) -> None:
        self.records: list[Any] = []
        self.n_quotes = 0
        self._starts: list[int] = []
        self._numbers: list[int] = []
        self._parts: list[Many] = []

    def add(self, records: list[Any], number: int, many: Many) -> None:
        """Add all records of `many`, the first of this number."""
        self._starts.append(len(self.records))
        self._numbers.append(number)
        self._parts.append(many)
        self.n_quotes += n_of(b'"', many.text.encode()) if many.text else bytes(many.raws[0]).count(b'"')
        self.records += records

    def number(self, k: int) -> int:
        """Return the number of one record."""
        part = bisect.bisect_right(self._starts, k) - 1
        return self._numbers[part] + k - self._starts[part]

    def raw(self, k: int) -> msgspec.Raw | bytes:
        """Return one record as it stands in the page."""
        part = bisect.bisect_right(self._starts, k) - 1
        return self._parts[part].raws[k - self._starts[part]]
