"""The last good state of a list, kept as a snapshot beside it, and when an update must not take its place."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import IndexFileError, ListError, logger_of
from ..hashing.hashes import Algorithm
from ..lists.loading import LoadedList, Withdrawn, keys_of
from ..lists.report import ListReport
from ..lists.source import LAST_GOOD, ListSource, beside
from ..lists.switches import switch
from ..lists.table import EntryTable
from .decision import ListInfo
from .snapshot import Snapshot, open_snapshot, write_snapshot

__all__ = [
    "Before",
    "LastGood",
    "Refusals",
    "before_of",
    "check_shrink",
    "keep",
    "last_good_of",
]

_LOG = logger_of(__name__)

_KIND = "last good state of one list"


@dataclass(frozen=True, slots=True)
class Before:
    """What is matched against of one list, before an update.

    Attributes
    ----------
    table : EntryTable
    start, stop : int
        The list's rows in it.
    """

    table: EntryTable
    start: int
    stop: int


def before_of(table: EntryTable, infos: tuple[ListInfo, ...]) -> dict[tuple[str, bool], Before]:
    """Return what is matched against of each list, by name and whether it is an allow-list."""
    found = {}
    start = 0
    for info in infos:
        found[info.name, info.allow] = Before(table, start, start + info.n_entries)
        start += info.n_entries
    return found


def check_shrink(
    source: ListSource, before: Before, table: EntryTable, rows: npt.NDArray[np.int64], withdrawn: Withdrawn
) -> None:
    """Refuse an update by which too many entries of a list would vanish that it does not say are withdrawn.

    An entry is still there where its digest is, or, with another digest, its id.

    Parameters
    ----------
    before : Before
    table : EntryTable
    rows : int64, shape (n,)
        What is to be matched against of `table` now, ascending.
    withdrawn : Withdrawn
        What the update says was taken back.

    Raises
    ------
    ListError
    """
    n_before = before.stop - before.start
    allowed = source.max_shrink * n_before
    lost = _lost(before, table, rows)
    if lost.sum() > allowed:
        lost &= ~_withdrawn(before, withdrawn)
    if lost.sum() > allowed:
        lost &= ~_with_ids(before, lost, {table.id_of(row) for row in rows.tolist()})
    n_lost = int(lost.sum())
    if n_lost <= allowed:
        return
    raise ListError(
        f"refused: {n_lost} of its {n_before} entries are gone, and nothing says that they were withdrawn: more than "
        f"{switch('max_shrink', source.max_shrink)} allows",
        path=source.path,
    )


def _lost(before: Before, table: EntryTable, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Tell which of a list's entries have a digest that none of `rows` has, shape (n,)."""
    lost = np.zeros(before.stop - before.start, np.bool_)
    is_taken = np.zeros(len(table), np.bool_)
    is_taken[rows] = True
    n_computed = n_computed_now = 0
    for algorithm in Algorithm:
        at, digests = before.table.digests(algorithm)
        first, last = np.searchsorted(at, [before.start, before.stop])
        now_at, now = table.digests(algorithm)
        now = now[is_taken[now_at]]
        n_computed += int(last - first)
        n_computed_now += now.shape[0]
        known = np.isin(keys_of(digests[first:last]), keys_of(now))
        lost[at[first:last][~known] - before.start] = True
    # Of digests that are not computed here only their number is compared: they match nothing.
    n_foreign = (lost.shape[0] - n_computed) - (rows.shape[0] - n_computed_now)
    if n_foreign > 0:
        is_computed = np.zeros(lost.shape[0], np.bool_)
        for algorithm in Algorithm:
            at, _ = before.table.digests(algorithm)
            first, last = np.searchsorted(at, [before.start, before.stop])
            is_computed[at[first:last] - before.start] = True
        lost[np.flatnonzero(~is_computed)[:n_foreign]] = True
    return lost


def _withdrawn(before: Before, withdrawn: Withdrawn) -> npt.NDArray[np.bool_]:
    """Tell which of a list's entries an update says were taken back, shape (n,)."""
    gone = np.zeros(before.stop - before.start, np.bool_)
    for algorithm, digests in withdrawn.digests.items():
        rows, own = before.table.digests(algorithm)
        first, last = np.searchsorted(rows, [before.start, before.stop])
        known = np.isin(keys_of(own[first:last]), keys_of(digests))
        gone[rows[first:last][known] - before.start] = True
    return gone | _with_ids(before, ~gone, withdrawn.ids)


def _with_ids(
    before: Before, asked: npt.NDArray[np.bool_], ids: Collection[str | None]
) -> npt.NDArray[np.bool_]:
    """Tell which of the entries that are asked for have one of some ids, shape (n,)."""
    found = np.zeros(asked.shape[0], np.bool_)
    known = frozenset(ids) - {None}
    if known:
        for row in np.flatnonzero(asked).tolist():
            found[row] = before.table.id_of(before.start + row) in known
    return found


@dataclass(frozen=True, slots=True)
class Refusals:
    """Updates that could not be used: the last one's files as they were seen, how many, and why."""

    seen: tuple[object, ...] | None = None
    n: int = 0
    note: str = ""


# -- the last good state -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LastGood:
    """A list as it was when it could last be read.

    Attributes
    ----------
    loaded : LoadedList
    when : str
        ISO 8601, UTC.
    """

    loaded: LoadedList
    when: str

    @property
    def before(self) -> Before:
        """What an update is compared with."""
        return Before(self.loaded.table, 0, len(self.loaded.table))

    @property
    def age(self) -> str:
        """How old it is, for people."""
        hours = (datetime.now(timezone.utc) - datetime.fromisoformat(self.when)).total_seconds() / 3600
        return f"{hours / 24:.0f} days" if hours >= 48 else f"{max(hours, 0):.0f} hours"


def keep(source: ListSource, loaded: LoadedList) -> str | None:
    """Keep what was read of a list; return why it could not be, None where it could.

    Nothing is written while what is kept is of the same bytes.
    """
    path = beside(source, LAST_GOOD)
    told = _told(source)
    try:
        known = open_snapshot(path)
        if known.settings.get("digest") == loaded.snapshot and known.settings.get("told") == told:
            return None
    except IndexFileError:
        pass  # none, or one that is no use: a new one takes its place
    report = loaded.report
    now = datetime.now(timezone.utc).isoformat(timespec="seconds")
    try:
        write_snapshot(
            path,
            only_files=True,
            table=loaded.table,
            indexes={},
            lists=[
                ListInfo(
                    name=loaded.name,
                    snapshot=loaded.snapshot,
                    loaded=now,
                    n_entries=len(loaded.table),
                    allow=False,
                )
            ],
            settings={
                "kind": _KIND,
                "digest": loaded.snapshot,
                "told": told,
                "when": now,
                "newest": report.newest,
                "refresh_days": report.refresh_days,
                "formats": list(report.formats),
                "notes": list(report.notes),
            },
        )
    except IndexFileError as exc:
        return f"its last good state cannot be kept beside it: {exc}"
    return None


def last_good_of(source: ListSource) -> LastGood | None:
    """Return the last good state of a list that cannot be read now; None where none was kept.

    A state that was read under another name, or told other things, is none.
    """
    try:
        snapshot = open_snapshot(beside(source, LAST_GOOD), verify="full")
    except IndexFileError as exc:
        if not isinstance(exc.__cause__, FileNotFoundError):  # a list has none before its first good load
            _LOG.info("%s: no last good state: %s", source.list_name, exc)
        return None
    settings = snapshot.settings
    if settings.get("kind") != _KIND or settings.get("told") != _told(source):
        return None
    try:
        return LastGood(_loaded(source, snapshot, settings), str(settings["when"]))
    except (KeyError, TypeError, ValueError):
        return None


def _loaded(source: ListSource, snapshot: Snapshot, settings: Mapping[str, Any]) -> LoadedList:
    report = ListReport(
        path=source.path,
        name=source.list_name,
        formats=tuple(map(str, settings["formats"])),
        newest=settings["newest"],
        refresh_days=settings["refresh_days"],
        notes=tuple(map(str, settings["notes"])),
        snapshot=str(settings["digest"]),
    )
    none: dict[Algorithm, Any] = {}
    return LoadedList(
        name=source.list_name,
        report=report,
        table=snapshot.table,
        withdrawn=Withdrawn(digests=none, ids=frozenset()),
    )


def _told(source: ListSource) -> dict[str, Any]:
    """Return what the reading of a list depends on beside its bytes, as JSON."""
    plain = replace(source, path="", max_rejects=0.0, max_shrink=0.0)
    return {
        "name": source.list_name,
        "format": plain.format,
        "algorithm": None if plain.algorithm is None else plain.algorithm.value,
        "notation": plain.notation,
        "columns": {meaning: list(names) for meaning, names in sorted(plain.columns.items())},
        "ignore": list(plain.ignore),
    }
