"""Count what one list's readers meet: records, deletes, rejects with their position, remarks."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ...errors import ListError, shortened
from ...hashing.bits import count_ones, ones_in
from ...hashing.hashes import ForeignHash, Hash
from ..entry import Entry
from ..moments import Moments
from ..report import ColumnUse, ListReport, Reject
from ..suspicion import perhaps_suspicious, suspicion
from ..switches import switch
from .batch import Batch
from .fields import shown
from .together import Kind, Together

__all__ = ["MOST_NAMES", "SHOWN_CELLS", "Tally", "Watch"]

#: How many rejects and suspicious entries are shown; the rest is counted.
SHOWN = 20
#: From so many rejects on a list that has too many of them is read no further: a reject takes 30 to 50 us, ten times
#: what a record takes.
MANY_REJECTS = 20_000

#: So many columns and fields of different names may a list have whose names do not tell what they mean, and so many
#: characters these names: of each some 2 kB are kept while it is read. What has more of them has values for names.
MOST_NAMES, MOST_CHARACTERS = 10_000, 4 << 20
#: So many of which all cells are blank, as spreadsheets save them: of these nothing but the name is kept.
MOST_BLANK = 100_000

#: So many different remarks, and types of digests that are not computed here, are told apart; the rest is counted. So
#: many characters of one are shown.
MOST_REMARKS, MOST_TYPES, LONGEST_REMARK, LONGEST_TYPE = 1000, 1000, 1000, 100
OTHER_REMARKS, OTHER_TYPES = "more was remarked on, which is not shown", "others"

#: How many cells of a column whose name means other things, too, are shown.
SHOWN_CELLS = 4

#: A PDQ digest has 128 ones within this many; of SHA-256 digests 28 % have not.
UNBALANCED_BITS = 8


@dataclass(slots=True)
class Watch:
    """A column whose name means other things too, over all pages of a list.

    Attributes
    ----------
    counts : bool
        One of its cells told that it speaks of deletion or opinion.
    unknown : str
        The first cell before that which was not understood, with its place; "" for none.
    blank : str
        Of a column of types: the place of the first record that says none of a digest that does not say it itself.
    kept : dict of str to None
        Some of the cells that were kept as they came, as they are shown.
    """

    counts: bool = False
    unknown: str = ""
    blank: str = ""
    kept: dict[str, None] = field(default_factory=dict)


class Tally:
    """The running account of one list; `report` gives it as a frozen value.

    Parameters
    ----------
    path : str
    name : str
    on_reject : callable or None
        Called with every `Reject`, also those that are only counted.
    """

    def __init__(
        self, path: str | os.PathLike[str], name: str, on_reject: Callable[[Reject], None] | None = None
    ) -> None:
        self.path = os.fspath(path)
        self.name = name
        self.page = ""
        self.unit = "record"
        self.formats: list[str] = []
        self.refresh_days: int | None = None
        self.n_pages = 0
        self.n_bytes = 0
        self.n_records = 0
        self.n_deletes = 0
        self.n_rejects = 0
        self.n_suspicious = 0
        self.cuts: list[str] = []
        self.n_cut = 0  # rejects that stand for what was cut off
        self.columns: list[ColumnUse] = []
        # Digests that can be read in two ways, and how many of them speak against the reading taken.
        self.n_untyped = 0
        self.n_unbalanced = 0
        self.n_sums = 0  # lines of 64 digits and a name, as sha256sum prints them
        self.n_md5 = 0
        self.n_uuids = 0
        self.n_short = 0
        self.n_decimal = 0
        # Pages that promise another one after them, and pages that say they are the last.
        self.n_promising = 0
        self.n_last = 0
        self.n_promised = 0  # the most records that a page says there are
        self.watches: dict[str, Watch] = {}
        # Of columns that are kept as they came, by name, a cell that may say something after all: in columns that say
        # how sure somebody is, that nobody is; no, and nothing else; the digest of something else.
        self.doubts: dict[str, str] = {}
        self.noes: dict[str, str] = {}
        self.nearness: dict[str, str] = {}  # of columns that say how near a picture must be to their record
        self.others: dict[str, str] = {}
        # The first line of the present page that is no record and may be a title, with its number.
        self.titles: list[tuple[int, str]] = []
        # Of columns of deletion or opinion a cell that takes back, or judges, with a blank one below it, and its place;
        # and those that say of other records in words that they stand.
        self.blank_below: dict[str, str] = {}
        self.standing: set[str] = set()
        self.untyped = ""  # the first record whose fields say no type of a digest, with its place
        self.together: dict[tuple[str, Kind], Together] = {}
        self.snapshot = ""
        self.newest: str | None = None
        self.entries: Counter[str] = Counter()
        self._blank: set[tuple[str, Kind]] = set()  # columns of blank cells alone
        self._n_characters = 0  # of names of columns of which something is kept
        self._notes: Counter[str] = Counter()
        self._rejects: list[Reject] = []
        self._suspicious: list[Entry] = []
        self._on_reject = on_reject
        self.max_rejects = 1.0  # the share of rejects from which a list is refused

    def reject(self, position: int, reason: str) -> None:
        """Count one record of the present page as unusable.

        Raises
        ------
        ListError
            There are very many, and too many of what was read: what costs most is no record.
        """
        self.n_rejects += 1
        if len(reason) > LONGEST_REMARK:  # a column's name may be as long as a record
            reason = f"{reason[:LONGEST_REMARK]}..."
        reject = Reject(page=self.page, unit=self.unit, position=position, reason=reason)
        if len(self._rejects) < SHOWN:
            self._rejects.append(reject)
        if self._on_reject is not None:
            self._on_reject(reject)
        n_records = max(self.n_records, self.n_rejects)
        if self.n_rejects > MANY_REJECTS and self.n_rejects > self.max_rejects * n_records:
            raise ListError(
                f"refused: {self.n_rejects} of the first {n_records} records were rejected, more than "
                f"{switch('max_rejects', self.max_rejects)} allows, and it is not read further; the first: "
                f"{self.first_reject}",
                path=self.path,
            )

    @property
    def first_reject(self) -> Reject | None:
        """The first of all."""
        return self._rejects[0] if self._rejects else None

    def cut(self, position: int, reason: str) -> None:
        """Note that the present page breaks off, or is not what was written; a reject of its own."""
        self.reject(position, f"the rest cannot be read: {reason}")
        self.n_cut += 1
        self.cuts.append(f"{self.page}, {self.unit} {position}: {reason}")

    def watch(self, column: str) -> Watch:
        """Return what is known of a column whose name means other things too."""
        found = self.watches.get(column)
        if found is None:
            self._count_name(len(self.watches), column)
            found = self.watches[column] = Watch()
        return found

    def met_together(self, column: str, kind: Kind) -> Together:
        """Return what the cells say together of a column whose name does not tell what it means."""
        found = self.together.get((column, kind))
        if found is None:
            self._count_name(len(self.together), column)
            found = self.together[column, kind] = Together(kind)
            if (column, kind) in self._blank:
                found.add(("",))
        return found

    def is_blank_so_far(self, column: str, kind: Kind) -> bool:
        """Tell whether a column, of which one more cell is blank, held no other; only its name is kept."""
        if (column, kind) in self.together:
            return False
        if (column, kind) not in self._blank:
            self._count_name(len(self._blank), column, MOST_BLANK)
            self._blank.add((column, kind))
        return True

    def _count_name(self, n_known: int, name: str, most: int | None = None) -> None:
        """Count one more column or field of which something is kept.

        Raises
        ------
        ListError
            There are too many: what they say together is not known.
        """
        most = MOST_NAMES if most is None else most
        self._n_characters += len(name)
        if n_known >= most or self._n_characters > MOST_CHARACTERS:
            raise ListError(
                f"refused: more than {most} columns or fields of different names, or names of more than "
                f"{MOST_CHARACTERS} characters in all: what {shown(name)} says of deletion or opinion is not known. "
                f"Names that are values, ids for instance, belong in cells (page {self.page})",
                path=self.path,
            )

    def keep(self, cells: dict[str, str], column: str, cell: str) -> None:
        """Keep the first cell of a column that is to be remarked on; of too many columns only that there are more."""
        if column in cells or len(cells) < MOST_REMARKS:
            cells.setdefault(column, cell)
        else:
            self.note(OTHER_REMARKS)

    def place(self, position: int) -> str:
        """Return where something stands, for messages."""
        return f"{self.page}, {self.unit} {position}"

    def promise(self, more: bool) -> None:
        """Note whether the present page says that another one follows."""
        self.n_promising += more
        self.n_last += not more

    def note(self, text: str, count: int = 1) -> None:
        """Remark on something; equal remarks are counted, and those that are too many to be told apart."""
        text = shortened(text)
        if len(text) > LONGEST_REMARK:
            text = f"{text[:LONGEST_REMARK]}..."
        if len(self._notes) >= MOST_REMARKS and text not in self._notes:
            text = OTHER_REMARKS
        self._notes[text] += count

    def meet(self, entry: Entry) -> Entry:
        """Count one entry that a reader made, and return it."""
        if entry.updated is not None and (self.newest is None or entry.updated > self.newest):
            self.newest = entry.updated
        if entry.deleted:
            self.n_deletes += 1
            return entry
        value = entry.hash
        if isinstance(value, Hash):
            self.entries[value.algorithm.value] += 1
            if suspicion(value) is not None:
                self.meet_suspicious(entry)
        elif isinstance(value, ForeignHash):
            kind = value.algorithm
            is_told_apart = kind in self.entries or (
                len(self.entries) < MOST_TYPES and len(kind) <= LONGEST_TYPE
            )
            self.entries[kind if is_told_apart else OTHER_TYPES] += 1
        return entry

    def note_replaced(self, n: int, encoding: str = "UTF-8") -> None:
        """Note that so many characters of a page are not of its encoding; nothing where there are none."""
        if n:
            self.note(f"{n} characters are not {encoding}; replaced by U+FFFD")

    def meet_batch(self, batch: Batch) -> None:
        """Count a batch of entries."""
        n_deleted = 0
        if batch.which is None:
            n_deleted = len(batch) * batch.likes[0].deleted
        elif any(like.deleted for like in batch.likes):
            deleted = np.array([like.deleted for like in batch.likes])
            n_deleted = int(deleted[np.asarray(batch.which)].sum())
        self.n_deletes += n_deleted
        self.entries[batch.algorithm.value] += len(batch) - n_deleted
        times = batch.updated
        newest = (
            times.latest() if isinstance(times, Moments) else max(filter(None, times or ()), default=None)
        )
        if newest is not None and newest > (self.newest or ""):
            self.newest = newest
        for row in perhaps_suspicious(batch.algorithm, batch.digests):
            entry = batch.entry(row)
            if not entry.deleted and suspicion(entry.hash) is not None:
                self.meet_suspicious(entry)

    def meet_untyped(self, digests: npt.NDArray[np.uint8]) -> None:
        """Count digests of 64 digits of which nothing says whether they are PDQ or SHA-256.

        Parameters
        ----------
        digests : uint8, shape (n, 32)
        """
        n_ones = ones_in(digests)
        odd = (abs(n_ones - 128) > UNBALANCED_BITS) & (n_ones > 0) & (n_ones < 256)
        self.n_untyped += digests.shape[0]
        self.n_unbalanced += int(odd.sum())

    def meet_untyped_one(self, digest: bytes) -> None:
        """Do the same with one."""
        n_ones = count_ones(digest)
        self.n_untyped += 1
        self.n_unbalanced += abs(n_ones - 128) > UNBALANCED_BITS and 0 < n_ones < 256

    def meet_md5(self, digests: npt.NDArray[np.uint8]) -> None:
        """Count digests of 32 digits of no type, and those that are written as random UUIDs are, without hyphens.

        Parameters
        ----------
        digests : uint8, shape (n, 16)
        """
        is_uuid = (digests[:, 6] >> 4 == 4) & (digests[:, 8] >> 6 == 2)
        self.n_md5 += digests.shape[0]
        self.n_uuids += int(np.count_nonzero(is_uuid))

    def meet_short(self, n: int, n_decimal: int) -> None:
        """Count digests of 16 digits, and those of decimal digits only."""
        self.n_short += n
        self.n_decimal += n_decimal

    def meet_suspicious(self, entry: Entry) -> None:
        """Count one entry whose digest should not be matched against."""
        self.n_suspicious += 1
        if len(self._suspicious) < SHOWN:
            self._suspicious.append(entry)

    def report(self) -> ListReport:
        """Return the account so far."""
        notes = [text if n == 1 else f"{text} ({n} times)" for text, n in self._notes.items()]
        for name, watch in self.watches.items():
            if watch.kept and not watch.counts:
                more = ", ..." if len(watch.kept) > SHOWN_CELLS else ""
                notes.append(
                    f"column {name!r} is kept as it came: none of its cells ({', '.join([*watch.kept][:SHOWN_CELLS])}"
                    f"{more}) is known to speak of deletion or opinion; if they do, "
                    f"{switch('columns', {'deleted': name}, {'category': name})}"
                )
        notes += [
            f"column {name!r} holds {cell}: what nobody is sure of, or somebody doubts, is matched against all the "
            "same; if it is not to be, take it out of the list"
            for name, cell in self.doubts.items()
        ]
        notes += [
            f"column {name!r} holds {cell}, and is kept as it came: how near to a record a picture must be is for a "
            "policy to say (thresholds), and not for a list"
            for name, cell in self.nearness.items()
        ]
        notes += [
            f"column {name!r} holds {cell}, and nothing that says yes: it is kept as it came; if that says no to a "
            f"picture, {switch('columns', {'active': name}, {'category': name})}"
            for name, cell in self.noes.items()
        ]
        notes += [
            f"column {name!r} holds a date in every row, and is kept as it came: if records were taken back then, "
            f"{switch('columns', {'deleted': name}, {'expires': name})}"
            for (name, _), met in self.together.items()
            if met.are_dates
        ]
        notes += [
            f"column {name!r} is blank below {cell}, and says of other records that they stand: blank is read as that; "
            "if its cells were merged, fill them in before saving"
            for name, cell in self.blank_below.items()
            if name in self.standing
        ]
        notes += [
            f"column {name!r} holds digests here and there ({cell}), and is set aside: if these took the place of "
            f"others, {switch('columns', {'deleted': name})} says so"
            for name, cell in self.others.items()
        ]
        if self.n_untyped:
            notes.append(
                f"{self.n_untyped} digests of 64 hexadecimal digits taken as PDQ: "
                f"nothing in the list says whether they are SHA-256 ({switch('algorithm')} decides)"
            )
        return ListReport(
            path=self.path,
            name=self.name,
            formats=tuple(self.formats),
            n_pages=self.n_pages,
            n_bytes=self.n_bytes,
            n_records=self.n_records,
            entries=dict(sorted(self.entries.items())),
            n_deletes=self.n_deletes,
            n_rejects=self.n_rejects,
            n_suspicious=self.n_suspicious,
            rejects=tuple(self._rejects),
            suspicious=tuple(self._suspicious),
            columns=tuple(self.columns),
            notes=tuple(notes),
            newest=self.newest,
            refresh_days=self.refresh_days,
            snapshot=self.snapshot,
        )
