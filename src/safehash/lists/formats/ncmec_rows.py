"""The plain records of an NCMEC page as columns: what one of a shape means holds for all that say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from operator import itemgetter
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt

from ...hashing.hashes import ForeignHash, Hash
from ..entry import Entry
from ..moments import Moments
from .batch import Batch, picked
from .fields import BadField, utc_time
from .plain_columns import first_of_each, from_hex
from .times import utc_times
from .xml_shapes import Shape, Shapes, is_odd
from .xml_stream import Node, Stretch

__all__ = ["Odd", "PlainRecords"]

#: Reads one record with every rule: its entries, and what of it could not be used. Raises BadField.
Patient = Callable[[Node], tuple[list[Entry], list[str]]]

#: Number and element of a record that is not plain.
Odd = tuple[int, ElementTree.Element]

#: Records are turned into columns so many at a time; fewer than this are read one by one, in their order.
_ROWS, _FEW = 768, 64
#: What so many different records of a shape mean is remembered, and no more of them than so many characters.
_REMEMBERED, _REMEMBERED_CHARACTERS = 20_000, 64 << 20


class PlainRecords:
    """Collects the records of one page and turns the plain ones into batches.

    Parameters
    ----------
    patient : callable
        Reads one record.
    """

    def __init__(self, patient: Patient) -> None:
        self._patient = patient
        self._shapes: dict[str, Shapes] = {}
        self._rows: dict[Shape, _Rows] = {}
        self._odd: list[Odd] = []

    @property
    def is_full(self) -> bool:
        """Enough was collected to be worth a batch."""
        return len(self._odd) + sum(map(len, self._rows.values())) >= _ROWS

    def take(self, stretch: Stretch, number: int) -> int | None:
        """Collect the records of a stretch, the first of them of this number; return how many there are.

        Returns
        -------
        int or None
            None, and nothing is collected, where the stretch is not well-formed.
        """
        if is_odd(stretch.text):
            return None
        pieces = stretch.text.split(stretch.end)[:-1]
        shapes = self._shapes.setdefault(stretch.end, Shapes(stretch.end))
        found = [
            (rows, at, texts)
            for shape, at, texts in shapes.sort_out(pieces)
            if (rows := self._rows_of(shape, stretch.end)).is_plain
        ]
        plain = {k for _, at, _ in found for k in at}
        numbers: Sequence[int] = range(number, number + len(pieces))
        odd: list[Odd] = []
        if len(plain) < len(pieces):
            numbers = []
            for k, piece in enumerate(pieces):
                numbers.append(number)
                if k in plain:
                    number += 1
                    continue
                records = stretch.elements(piece + stretch.end)
                if records is None:
                    return None
                odd += zip(range(number, number + len(records)), records, strict=True)
                number += len(records)
        self._odd += odd
        for rows, at, texts in found:
            if len(at) == len(pieces):
                rows.add(numbers, pieces, texts)
            else:
                rows.add([numbers[k] for k in at], [pieces[k] for k in at], texts)
        return len(plain) + len(odd)

    def _rows_of(self, shape: Shape, end: str) -> _Rows:
        if shape not in self._rows:
            self._rows[shape] = _Rows(shape, end, self._patient)
        return self._rows[shape]

    def flush(self) -> Iterator[Batch | Entry | Odd]:
        """Yield what was collected: batches, entries of digests that are not computed here, then the odd records."""
        odd, self._odd = self._odd, []
        is_little = sum(map(len, self._rows.values())) < _FEW
        for rows in self._rows.values():
            if len(rows):
                if not is_little:
                    yield from rows.read()
                odd += rows.left(all_of_them=is_little)
        yield from sorted(odd, key=itemgetter(0))


class _Rows:
    """Records of one shape.

    Attributes
    ----------
    is_plain : bool
        Their texts are read here; otherwise each record is read by itself.
    """

    def __init__(self, shape: Shape, end: str, patient: Patient) -> None:
        self._end = end
        self._patient = patient
        self._known: dict[tuple[str, ...], tuple[Entry, ...] | None] = {}
        self._n_characters = 0  # of what is known
        self._odd: set[int] = set()
        self._clear()
        paths = shape.paths
        self._prints = [k for k, path in enumerate(paths) if _is_print(path)]
        self.is_plain = bool(self._prints) and all(paths.count(path) == 1 for path in _NEEDED)
        if self.is_plain:
            self._id, self._time, self._member = map(paths.index, _NEEDED)
            own = {self._id, self._time, *self._prints}
            self._key = [k for k, path in enumerate(paths) if k not in own and not _says_nothing(path)]

    def _clear(self) -> None:
        self._numbers: list[int] = []
        self._pieces: list[str] = []
        self._texts: list[tuple[str, ...]] = []

    def __len__(self) -> int:
        return len(self._numbers)

    def add(self, numbers: Sequence[int], pieces: Sequence[str], texts: Sequence[tuple[str, ...]]) -> None:
        """Add some."""
        self._numbers += numbers
        self._pieces += pieces
        self._texts += texts

    def left(self, *, all_of_them: bool) -> list[Odd]:
        """Return those that were not read, or all, and forget all."""
        which = range(len(self)) if all_of_them else sorted(self._odd)
        found = [(self._numbers[k], self._element(k)) for k in which]
        self._odd = set()
        self._clear()
        return found

    def read(self) -> Iterator[Batch | Entry]:
        """Yield what the records say; those that turn out to be odd are left."""
        columns = list(zip(*self._texts, strict=True))
        keys = list(zip(*(columns[k] for k in self._key), strict=True))
        which, first = first_of_each(keys)
        kinds: list[tuple[Entry, ...]] = []
        numbers: list[int] = []
        for key, k in first.items():
            models = self._models(key, columns, k)
            numbers.append(len(kinds) if models is not None else -1)
            kinds += [models] if models is not None else []
        which = np.array(numbers, np.int64)[which]
        ids = list(map(str.strip, columns[self._id]))
        updated = utc_times(columns[self._time])
        if not isinstance(updated, Moments):
            updated = utc_times(list(map(str.strip, columns[self._time])))
        self._odd = set(np.flatnonzero(which < 0).tolist())
        if "" in ids or (not isinstance(updated, Moments) and None in updated):
            self._odd |= {
                k for k, (text, time) in enumerate(zip(ids, updated, strict=True)) if not text or not time
            }
        members = columns[self._member]
        begins = {member: f"{member.strip()}-" for member in {*members}}
        ids = [begins[member] + text for member, text in zip(members, ids, strict=True)]
        if not kinds:
            return
        hashes = [entry.hash for entry in kinds[0]]  # of one shape all have the same types
        digests = [
            self._digests(value, columns[column]) for value, column in zip(hashes, self._prints, strict=True)
        ]
        kept = [k for k in range(len(self)) if k not in self._odd] if self._odd else range(len(self))
        if not kept:
            return
        which = which[np.asarray(kept)]
        ids_kept, times_kept = picked(ids, kept), picked(updated, kept)
        for at, (value, found) in enumerate(zip(hashes, digests, strict=True)):
            likes = tuple(models[at] for models in kinds)
            if isinstance(value, Hash) and isinstance(found, np.ndarray):
                yield Batch(
                    algorithm=value.algorithm,
                    digests=found[np.asarray(kept)] if self._odd else found,
                    likes=likes,
                    which=which,
                    ids=ids_kept,
                    updated=times_kept,
                )
            elif isinstance(value, ForeignHash):
                for row, k in enumerate(kept):
                    own = ForeignHash(value.algorithm, str(found[k]))
                    yield replace(likes[which[row]], hash=own, id=ids_kept[row], updated=times_kept[row])

    def _digests(
        self, like: Hash | ForeignHash | None, texts: Sequence[str]
    ) -> npt.NDArray[np.uint8] | list[str]:
        """Return the digests of one fingerprint, or its texts where it is not computed here; others are odd."""
        if not isinstance(like, Hash):
            found = list(map(str.strip, texts))
            self._odd |= {k for k, text in enumerate(found) if not text}
            return found
        n_bytes = like.algorithm.n_bytes
        digests = from_hex(texts, n_bytes)
        if digests is not None:
            return digests
        bad = {k for k, text in enumerate(texts) if from_hex([text], n_bytes) is None}
        self._odd |= bad
        blank = "0" * (2 * n_bytes)
        whole = from_hex([blank if k in bad else text for k, text in enumerate(texts)], n_bytes)
        return np.zeros((len(texts), n_bytes), np.uint8) if whole is None else whole

    def _models(
        self, key: tuple[str, ...], columns: Sequence[Sequence[str]], k: int
    ) -> tuple[Entry, ...] | None:
        """Return what each fingerprint of such a record means; None where the columns do not hold all of it."""
        if key not in self._known:
            self._n_characters += sum(map(len, key))
            if len(self._known) >= _REMEMBERED or self._n_characters > _REMEMBERED_CHARACTERS:
                return None
            self._known[key] = self._learned(columns, k)
        return self._known[key]

    def _learned(self, columns: Sequence[Sequence[str]], k: int) -> tuple[Entry, ...] | None:
        try:
            found, failures = self._patient(Node.of(self._element(k)))
        except BadField:
            return None  # it is read once more, and what is wrong with it said
        texts = [columns[at][k].strip() for at in self._prints]
        if failures or len(found) != len(texts):
            return None
        entry_id = f"{columns[self._member][k].strip()}-{columns[self._id][k].strip()}"
        updated = utc_time(columns[self._time][k].strip())
        for entry, text in zip(found, texts, strict=True):
            is_told = entry.extra == {} and (entry.id, entry.updated, entry.created) == (
                entry_id,
                updated,
                None,
            )
            if not is_told or _text_of(entry.hash) not in (text, text.lower()):
                return None
        types = [entry.hash.algorithm for entry in found if entry.hash is not None]
        if len(set(types)) != len(texts):
            return None
        return tuple(replace(entry, id=None, updated=None) for entry in found)

    def _element(self, k: int) -> ElementTree.Element:
        return ElementTree.XML(self._pieces[k].lstrip() + self._end)


#: What a plain record has once: its id, its time and the id of its member.
_NEEDED = ("id", "timestamp", "member@id")


def _is_print(path: str) -> bool:
    """Tell whether a text is a fingerprint's."""
    return path.startswith("fingerprints/") and path.count("/") == 1 and "@" not in path


def _says_nothing(path: str) -> bool:
    """Tell whether a text is the time of a vote, which is not read."""
    return path.startswith("feedback") and path.rpartition("@")[2] in ("lastUpdateTimestamp", "timestamp")


def _text_of(value: Hash | ForeignHash | None) -> str:
    return value.hex if isinstance(value, Hash) else value.value if value is not None else ""
