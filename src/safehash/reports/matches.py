"""The matches that a page shows, as plain data that its script lays out: any number of them, a page at a time."""

from __future__ import annotations

import base64
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._face import checked, public_value
from ..errors import CatalogError
from ..hashing.algorithms import SHOWN_DIGITS
from ..matching.printable import printable
from ..matching.weighing import in_a_word
from ..scanning.holdings import name_text
from ..scanning.places import Places, absolute, shown_path
from ..scanning.reviews import judged_matches, pictures_of_matches
from ..scanning.verdicts import token_of

if TYPE_CHECKING:
    from ..scanning.store import Store

__all__ = ["ReportPart", "Shown", "shown_matches"]

#: Pictures of so many files are put into a page at most, 3 kB each.
_MAX_PICTURES = 2000
#: Rows of the tables by folder.
_MAX_FOLDERS = 30


@checked
@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPart:
    """Which part of a catalog a report is about; all of it by default.

    Attributes
    ----------
    run : int or None
        Matches that this run was the first to see, or by its effort the last.
    since : int or None
        Matches that were found after this run.
    source, label : str or None
        Matches with this list; with this label.
    folder : str or None
        Files in or below this folder.

    Examples
    --------
    >>> ReportPart(label="viral_challenge").words()
    'with the label viral_challenge'
    """

    run: int | None = None
    since: int | None = None
    source: str | None = None
    label: str | None = None
    folder: str | None = None

    def words(self) -> str:
        """Say which part that is; empty for all.

        Examples
        --------
        >>> ReportPart(label="news").words(), ReportPart().words()
        (...)
        """
        said = (
            (self.run, f"that run {self.run} found first, or last"),
            (self.since, f"found after run {self.since}"),
            (self.source, f"with the list {self.source}"),
            (self.label, f"with the label {self.label}"),
            (self.folder, f"below {self.folder}"),
        )
        return ", ".join(words for value, words in said if value is not None)


def _condition(store: Store, part: ReportPart) -> tuple[str, list[Any]]:
    """Return the condition on `matches` joined with `files`, and its parameters.

    Raises
    ------
    CatalogError
        There is no such run, list, label or folder; the message says which there are.
    """
    for number in (part.run, part.since):
        if number:
            _check_run(store, number)
    parts, values = ["gone IS NULL"], list[Any]()
    if part.run is not None:
        parts.append(
            "(matches.first_run = ? OR EXISTS (SELECT 1 FROM sightings WHERE match = matches.id AND sightings.run = ?))"
        )
        values += [part.run, part.run]
    if part.since is not None:
        parts.append("matches.first_run > ?")
        values.append(part.since)
    if part.source is not None:
        _check_known(store, "list", "SELECT DISTINCT list FROM matches", part.source)
        parts.append("list = ?")
        values.append(part.source)
    if part.label is not None:
        _check_known(store, "label", "SELECT DISTINCT value FROM matches, json_each(labels)", part.label)
        parts.append("EXISTS (SELECT 1 FROM json_each(labels) WHERE value = ?)")
        values.append(part.label)
    if part.folder is not None:
        folder = os.fsencode(part.folder if "://" in part.folder else os.path.realpath(part.folder))
        below, where = Places(store.db).below(folder)
        parts.append(f"(({below}) OR (roots.path > ? AND roots.path < ?))")
        values += [*where, folder + b"/", folder + b"0"]  # "0" is the byte after "/"
        n = store.number(
            f"SELECT count(*) FROM files JOIN roots ON roots.id = root WHERE {parts[-1]}",
            values[-len(where) - 2 :],
        )
        if not n:
            roots = ", ".join(printable(os.fsdecode(row[0])) for row in store.query("SELECT path FROM roots"))
            raise CatalogError(
                f"{store.path}: nothing is known below {part.folder}; the roots are {roots or 'none'}"
            )
    return " AND ".join(parts), values


def _check_run(store: Store, number: int) -> None:
    if not store.number("SELECT count(*) FROM runs WHERE id = ?", (number,)):
        last = store.number("SELECT max(id) FROM runs")
        known = f"the last is {last}" if last else "there are none"
        raise CatalogError(f"{store.path}: no run {number}; {known} (`safehash catalog stats` names them)")


def _check_known(store: Store, what: str, sql: str, wanted: str) -> None:
    known = sorted(str(row[0]) for row in store.query(sql))
    if wanted not in known:
        named = ", ".join(known[:20]) or "none"
        raise CatalogError(f"{store.path}: no match with a {what} {wanted!r}; there are: {named}")


@dataclass(slots=True, kw_only=True)
class Shown:
    """The matches of a page.

    Attributes
    ----------
    data : dict
        For the script: entries, folders, views, pictures, evidence in bits and in a word once each, and rows that name
        them by number.
    n, n_suppressed : int
    sources : list of str
    labels, folders, days : list of (str, int)
        Matches that nothing cancelled, counted.
    distances : Counter of int
        Likewise.
    n_folders : int
        Folders with such a match; of more than are told, those with most are.
    trouble : list of str
        Why some matched files have no picture in the page, with the first of those files.
    """

    data: dict[str, Any]
    n: int
    n_suppressed: int
    sources: list[str]
    labels: list[tuple[str, int]]
    folders: list[tuple[str, int]]
    days: list[tuple[str, int]]
    distances: Counter[int]
    n_folders: int
    trouble: list[str]

    @property
    def text(self) -> str:
        """The data as JSON that can stand inside a page: no markup begins in it."""
        text = json.dumps(self.data, ensure_ascii=True, separators=(",", ":"))
        return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


class _Table:
    """Values once each, by number."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._numbers: dict[Any, int] = {}

    def of(self, key: Any, value: Any = None) -> int:
        number = self._numbers.get(key)
        if number is None:
            number = self._numbers[key] = len(self.values)
            self.values.append(key if value is None else value)
        return number


def shown_matches(store: Store, part: ReportPart, *, thumbnails: bool) -> Shown:
    """Return the matches of a part of the catalog, what is to be reviewed and nearest first, entry by entry.

    Raises
    ------
    CatalogError
        The catalog has no such part, or cannot be read.
    """
    pictures, said = pictures_of_matches(store), judged_matches(store)
    entries, folders, views, evidences = _Table(), _Table(), _Table(), _Table()
    groups: dict[int, list[list[Any]]] = {}
    labels: Counter[str] = Counter()
    in_folders: Counter[str] = Counter()
    by_day: Counter[str] = Counter()
    distances: Counter[int] = Counter()
    files: dict[int, tuple[str, int | None, int | None]] = {}
    n = n_suppressed = 0
    for row in _rows(store, part):
        (match, file, source, entry, algorithm, digest, category, named, root, path, member, position, size, mtime_ns,
         distance, view, by, quality, stale, first_run, started, evidence) = row  # fmt: skip
        token = token_of(source, entry, algorithm, digest, pictures[file].keys[0])
        shown = digest.hex()[:SHOWN_DIGITS] if digest is not None else ""
        tags = [printable(label) for label in json.loads(named)]
        facts = [printable(source), printable(entry or ""), shown, printable(category), tags]
        number = entries.of((source, entry, digest), facts)
        folder, _, name = shown_path(bytes(root), bytes(path)).rpartition("/")
        if position == 0 and "://" not in folder:
            files.setdefault(file, (os.fsdecode(absolute(bytes(root), bytes(path))), size, mtime_ns))
        groups.setdefault(number, []).append(
            [
                token, number, folders.of(printable(folder)), printable(name),
                None if member is None else printable(name_text(member) or ""), distance, views.of(printable(view)),
                None if by is None else printable(by), quality, file, 1 if stale is not None else 0, first_run,
                [[printable(who), verdict] for who, verdict in said.get(match, {}).items()],
                evidences.of(evidence, [evidence, in_a_word(evidence)]),
            ]
        )  # fmt: skip
        n += 1
        if by is not None:
            n_suppressed += 1
            continue
        labels.update(json.loads(named) or ["no label"])
        in_folders[folder] += 1
        by_day[str(started)[:10]] += 1
        distances[distance] += 1
    in_order = sorted(
        groups,
        key=lambda number: (
            all(row[7] is not None for row in groups[number]),
            min(row[5] for row in groups[number]),
            entries.values[number][:2],
        ),
    )
    made: dict[int, str] = {}
    trouble: list[str] = []
    if thumbnails:
        made, trouble = _pictures(files)
    rows = [row for number in in_order for row in groups[number]]
    for each in rows:
        each[9] = each[9] if each[9] in made else None
    return Shown(
        data={
            "entries": entries.values, "folders": folders.values, "views": views.values, "rows": rows,
            "pictures": made, "thumbnails": thumbnails, "evidence": evidences.values,
        },
        n=n, n_suppressed=n_suppressed, sources=sorted({each[0] for each in entries.values}),
        labels=[(printable(name), count) for name, count in labels.most_common()],
        folders=[(printable(name), count) for name, count in in_folders.most_common(_MAX_FOLDERS)],
        days=sorted(by_day.items()), distances=distances, n_folders=len(in_folders), trouble=trouble,
    )  # fmt: skip


def _rows(store: Store, part: ReportPart) -> Iterator[tuple[Any, ...]]:
    condition, values = _condition(store, part)
    return store.query(
        "SELECT matches.id, files.id, list, entry, matches.algorithm, matches.digest, category, labels, roots.path,"
        " files.path, member, position, size, mtime_ns, distance, view, suppressed_by, quality, stale,"
        " matches.first_run, started, matches.evidence"
        " FROM matches JOIN files ON files.id = matches.file JOIN roots ON roots.id = root"
        f" JOIN runs ON runs.id = matches.first_run WHERE {condition}"
        " ORDER BY suppressed_by IS NOT NULL, distance, roots.path, files.path, position",
        values,
    )


# -- pictures -----------------------------------------------------------------------------------------------


def _pictures(files: dict[int, tuple[str, int | None, int | None]]) -> tuple[dict[int, str], list[str]]:
    """Return a small grey picture of each file, as base64, and why some have none."""
    from ..scanning.confining import Means
    from ..scanning.options import USUAL_MEMORY
    from ..scanning.pool import Failed, each_isolated
    from .thumbnails import thumbnail

    trouble: dict[str, list[str]] = {}
    wanted: list[tuple[int, str]] = []
    for number, (path, size, mtime_ns) in files.items():
        why = (
            "left out: the page would grow too large"
            if len(wanted) >= _MAX_PICTURES
            else _why_not(path, size, mtime_ns)
        )
        if why is None:
            wanted.append((number, path))
        else:
            trouble.setdefault(why, []).append(path)
    pictures = each_isolated(
        thumbnail, [(path,) for _, path in wanted], means=Means(max_memory=USUAL_MEMORY), timeout=20.0
    )
    made = {}
    for (number, path), picture in zip(wanted, pictures, strict=True):
        if picture is None:
            trouble.setdefault("could not be decoded", []).append(path)
        elif isinstance(picture, Failed):
            trouble.setdefault(picture.reason, []).append(path)
        else:
            made[number] = base64.b64encode(picture).decode("ascii")
    return made, [
        f"{len(paths)} {'picture' if len(paths) == 1 else 'pictures'} not shown, {why}: {printable(paths[0])}"
        + (" and others" if len(paths) > 1 else "")
        for why, paths in trouble.items()
    ]


def _why_not(path: str, size: int | None, mtime_ns: int | None) -> str | None:
    """Return why a file is not shown: what stands there now may be another picture than the one that was decided."""
    try:
        status = Path(path).stat()
    except OSError as exc:
        return f"cannot be read ({exc.strerror or exc}); `safehash catalog relocate` if the store has moved"
    if (size is not None and status.st_size != size) or (
        mtime_ns is not None and status.st_mtime_ns != mtime_ns
    ):
        return "changed since they were scanned"
    return None
