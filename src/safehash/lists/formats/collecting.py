"""Read the records of a JSON page: plain ones as columns, many at once; all others one by one, with every rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter
from typing import Any, TypeVar

import msgspec
import numpy as np
import numpy.typing as npt

from ...hashing.hashes import Algorithm, Hash
from ..entry import Entry
from .batch import NO_QUALITY, Batch
from .fields import BadField, utc_time
from .json_stream import Many, NotJson, decoded, records
from .pages import Page
from .tally import Tally
from .times import utc_times

__all__ = ["Patient", "PlainColumns", "PlainRecords", "PlainShape", "from_hex", "read_records"]

_T = TypeVar("_T")

#: Records are turned into columns so many at a time.
_ROWS = 1024

#: Fewer records than this are read one by one, in their order.
_FEW = 256

#: Different contents remembered per page; an adversarial page could have one a record.
_REMEMBERED = 20_000

#: Reads one decoded record with every rule: its entries, and what of it could not be used. Raises BadField.
Patient = Callable[[dict[str, Any]], tuple[list[Entry], list[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainColumns:
    """Plain records, taken apart; all columns are of one length.

    Attributes
    ----------
    keys : list of hashable or None
        Everything but what follows: records of one key differ in nothing else. None for a record that is not
        plain after all.
    digests : list of str
    ids : list of str or None
    created, updated : list of what `utc_time` reads, or None
        None where a record has none; one that is no time makes its record odd.
    extras : list of bytes or None
        Each one's unknown fields, as a JSON object in UTF-8.
    qualities : list of int or None
    """

    keys: Sequence[Hashable]
    digests: list[str]
    ids: Sequence[str | None] | None = None
    created: Sequence[object] | None = None
    updated: Sequence[object] | None = None
    extras: list[bytes] | None = None
    qualities: list[int] | None = None


@dataclass(frozen=True, slots=True)
class PlainShape:
    """What the plain records of a format look like.

    Attributes
    ----------
    struct : type
        A `msgspec.Struct` that refuses every field it does not know.
    columns : callable
        Takes some of them apart.
    once : tuple of str
        Fields that speak of type, deletion or opinion: of two of them in one record the parser takes the last.
    """

    struct: type[Any]
    columns: Callable[[list[Any]], PlainColumns]
    once: tuple[str, ...] = ()


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
        As for `json_stream.records`.
    patient : callable
        Reads one record.
    plain : PlainShape, optional
        Records of this shape are read many at once.
    ignore : collection of str
        Fields of records that are left out.
    """
    rows = PlainRecords(tally, plain, patient) if plain is not None and not ignore else None
    for number, found in records(page, tally, array_key, on_root=on_root, raw=rows is not None):
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
        self._once = tuple(f'"{name}"' for name in shape.once)
        self._patient = patient
        self._decode = msgspec.json.Decoder(shape.struct).decode
        self._decode_all = msgspec.json.Decoder(list[shape.struct]).decode  # type: ignore[name-defined]
        self._models: dict[Hashable, tuple[Algorithm, Entry]] = {}
        self._records: list[Any] = []
        self._raws: list[msgspec.Raw | bytes] = []
        self._numbers: list[int] = []
        self._odd: list[tuple[int, msgspec.Raw | bytes]] = []

    def take(self, number: int, many: Many) -> Iterator[Entry | Batch]:
        """Add records, the first of this number; yield them once they are worth a batch."""
        raws = many.raws
        self._tally.n_records += len(raws)
        if any(many.text.count(name) > len(raws) for name in self._once):
            self._odd += enumerate(raws, number)
        else:
            self._decode_many(number, many)
        if len(self._records) + len(self._odd) >= _ROWS:
            yield from self.flush()

    def _decode_many(self, number: int, many: Many) -> None:
        raws = many.raws
        try:
            self._records += self._decode_all(many.text)
            self._raws += raws
            self._numbers += range(number, number + len(raws))
        except (msgspec.MsgspecError, UnicodeError):
            for k, raw in enumerate(raws, number):
                try:
                    record = self._decode(raw)
                except (msgspec.MsgspecError, UnicodeError):
                    self._odd.append((k, raw))
                    continue
                self._records.append(record)
                self._raws.append(raw)
                self._numbers.append(k)

    def settle(self) -> Iterator[Entry | Batch]:
        """Yield what was collected where it is little: the records of a short list come in their order."""
        if len(self._records) + len(self._odd) < _FEW:
            yield from self.flush()

    def flush(self) -> Iterator[Entry | Batch]:
        """Yield what was collected: batches, then what is not plain."""
        records, raws, numbers, odd = self._records, self._raws, self._numbers, self._odd
        self._records, self._raws, self._numbers, self._odd = [], [], [], []
        if len(records) < _FEW:
            odd += zip(numbers, raws, strict=True)
        else:
            columns = self._columns(records)
            first = dict(zip(reversed(columns.keys), range(len(raws) - 1, -1, -1), strict=True))
            models = {
                key: self._models.get(key) or self._learned(key, raws[k], columns, k)
                for key, k in reversed(first.items())
            }
            made = _Made(columns, models)
            for batch in made.batches():
                self._tally.meet_batch(batch)
                yield batch
            odd += [(numbers[k], raws[k]) for k in made.odd]
        for number, raw in sorted(odd, key=itemgetter(0)):
            yield from self._one(number, raw)

    def _one(self, number: int, raw: msgspec.Raw | bytes) -> Iterator[Entry]:
        try:
            record = decoded(bytes(raw))
        except NotJson as exc:
            self._tally.reject(number, str(exc))
            return
        yield from entries_of(number, record, self._patient, self._tally)

    def _learned(
        self, key: Hashable, raw: msgspec.Raw | bytes, columns: PlainColumns, k: int
    ) -> tuple[Algorithm, Entry] | None:
        """Find out what a key means, from row `k` that has it; None where the columns do not hold all of it."""
        if key is None or len(self._models) >= _REMEMBERED:
            return None
        try:
            entries, failures = self._patient(json.loads(bytes(raw)))
        except (BadField, ValueError):
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
            extra={} if columns.extras is None else json.loads(columns.extras[k]),
        )
        quality = NO_QUALITY if columns.qualities is None else columns.qualities[k]
        if told != entry or quality != (NO_QUALITY if value.quality is None else value.quality):
            return None
        model = replace(entry, hash=None, id=None, created=None, updated=None, extra={})
        found = self._models[key] = (value.algorithm, model)
        return found


class _Made:
    """Columns of plain records, with what each means, as batches.

    Parameters
    ----------
    columns : PlainColumns
    models : mapping of key to (Algorithm, Entry), or to None for what is not plain

    Attributes
    ----------
    odd : set of int
        Rows that are not plain after all.
    """

    def __init__(
        self,
        columns: PlainColumns,
        models: Mapping[Any, tuple[Algorithm, Entry] | None],
    ) -> None:
        self._columns = columns
        keys = columns.keys
        self.odd: set[int] = set()
        if None in models.values():
            self.odd = {k for k, key in enumerate(keys) if models[key] is None}
        self._created = self._times(columns.created)
        self._updated = self._times(columns.updated)
        # All rows of one batch have algorithm, source and kind of key in common.
        kinds: dict[tuple[Algorithm, str, str], _Kind] = {}
        kind_of: dict[Hashable, _Kind] = {}
        for key, found in models.items():
            if found is not None:
                algorithm, model = found
                kind = kinds.setdefault((algorithm, model.source, model.keyed_by), _Kind(algorithm))
                kind.numbers[key] = len(kind.likes)
                kind.likes.append(model)
                kind_of[key] = kind
        if len(kinds) == 1:
            (kind,) = kinds.values()
            kind.rows = [k for k in range(len(keys)) if k not in self.odd] if self.odd else range(len(keys))
        else:
            for k, key in enumerate(keys):
                if key in kind_of:
                    kind_of[key].rows.append(k)  # type: ignore[attr-defined]
        self._kinds = [kind for kind in kinds.values() if self._has_digests(kind)]

    def _times(self, values: Sequence[object] | None) -> list[str | None] | None:
        if values is None:
            return None
        found = utc_times(values)
        if None in found:
            self.odd |= {
                k
                for k, (time, value) in enumerate(zip(found, values, strict=True))
                if time is None and value is not None
            }
        return found

    def _has_digests(self, kind: _Kind) -> bool:
        """Decode the digests of one kind of rows; those that are none are odd."""
        texts = _picked(self._columns.digests, kind.rows)
        n_bytes = kind.algorithm.n_bytes
        digests = from_hex(texts, n_bytes)
        if digests is None:
            bad = {k for k, text in zip(kind.rows, texts, strict=True) if from_hex([text], n_bytes) is None}
            self.odd |= bad
            kind.rows = [k for k in kind.rows if k not in bad]
            digests = from_hex(_picked(self._columns.digests, kind.rows), n_bytes)
        if digests is None or not kind.rows:
            return False
        kind.digests = digests
        return True

    def batches(self) -> Iterator[Batch]:
        """Yield the rows, all but the odd ones."""
        columns = self._columns
        for kind in self._kinds:
            rows, digests = kind.rows, kind.digests
            if self.odd:
                kept = [at for at, k in enumerate(rows) if k not in self.odd]
                rows, digests = [rows[at] for at in kept], digests[kept]
            if not rows:
                continue
            dates = None
            if self._created is not None or self._updated is not None:
                none: list[str | None] = [None] * len(columns.keys)
                dates = _picked(list(zip(self._created or none, self._updated or none, strict=True)), rows)
            qualities = None
            if columns.qualities is not None:
                qualities = np.array(_picked(columns.qualities, rows), np.uint8)
                if (qualities == NO_QUALITY).all():
                    qualities = None
            yield Batch(
                algorithm=kind.algorithm,
                digests=digests,
                likes=tuple(kind.likes),
                which=list(map(kind.numbers.__getitem__, _picked(columns.keys, rows))),
                ids=None if columns.ids is None else _picked(columns.ids, rows),
                qualities=qualities,
                dates=dates,
                extras=None if columns.extras is None else _picked(columns.extras, rows),
            )


class _Kind:
    """Rows that may stand in one batch."""

    def __init__(self, algorithm: Algorithm) -> None:
        self.algorithm = algorithm
        self.rows: Sequence[int] = []
        self.digests: npt.NDArray[np.uint8] = np.zeros((0, algorithm.n_bytes), np.uint8)
        self.numbers: dict[Hashable, int] = {}
        self.likes: list[Entry] = []


def _picked(values: Sequence[_T], rows: Sequence[int]) -> Sequence[_T]:
    return values if len(rows) == len(values) else [values[k] for k in rows]


def from_hex(texts: Sequence[str], n_bytes: int) -> npt.NDArray[np.uint8] | None:
    """Return the digests of plain hexadecimal digits, shape (n, n_bytes); None if one is anything else."""
    if set(map(len, texts)) - {2 * n_bytes}:
        return None
    try:
        data = bytes.fromhex("".join(texts))
    except ValueError:
        return None
    if len(data) != n_bytes * len(texts):  # it skips white space
        return None
    return np.frombuffer(data, np.uint8).reshape(-1, n_bytes)
