"""What is gone: files that a scan did not find in its folders, unless it is the folder's store that is not there."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from .mounts import Mounts
from .numbers import Numbers
from .places import Places, absolute, is_in, nearest_of
from .records import Problem
from .schema import SKIPPED
from .store import Store

__all__ = ["Met", "Missing", "missing"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What a run came to.

    Attributes
    ----------
    files : Numbers
        Rows of files that it met.
    archives : collection of (int, bytes)
        Root and path of archives that it looked into, and of what is called so and is none.
    troubles : collection of bytes
        Resolved paths of what it could not look into as a whole: of what is below, nothing is known.
    """

    files: Numbers
    archives: Collection[tuple[int, bytes]]
    troubles: Collection[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """What a run did not find.

    Attributes
    ----------
    gone : frozenset of int
        Rows of files that are gone.
    held_back : tuple of Problem
        Places whose files are not taken for gone, and what to do.
    unmounted : frozenset of bytes
        Folders on which nothing is mounted any more and that are ordinary ones from now on.
    """

    gone: frozenset[int]
    held_back: tuple[Problem, ...]
    unmounted: frozenset[bytes]


def missing(
    store: Store, places: Places, mounts: Mounts, tops: Sequence[bytes], met: Met, *, allow_empty: bool
) -> Missing:
    """Return which known files below some folders are gone.

    A file is gone if its folders were looked at without trouble and it is not there, or a folder is in its place: not
    because it was left aside, nor because nothing can be said. So is a member of an archive that was looked into, also
    of one that was named itself, and is not in it; or that is no archive any more. Nor is a file gone where a folder
    that had files shows none, or is no longer mounted: that is what a store looks like that is away.

    Parameters
    ----------
    store : Store
    places : Places
    mounts : Mounts
    tops : sequence of bytes
        The folders, resolved.
    met : Met
    allow_empty : bool
        Folders that show nothing are empty, and stores that are not mounted are given up.
    """
    unmounted = mounts.lost(tops)
    away, empty = Counter[bytes](), Counter[bytes]()
    still_there: set[bytes] = set()
    gone: set[int] = set()
    for top in tops:
        absent: list[int] = []
        n_seen = 0
        for file, root, place, key, was_looked_into in _known_below(store, places, top):
            if file in met.files:
                n_seen += 1
                if unmounted:
                    still_there.update(_within(place, unmounted))
            elif _is_absent(place, root, key, met, was_looked_into=was_looked_into):
                store_away = () if allow_empty else _within(place, unmounted)
                away.update(store_away)
                if not store_away:
                    absent.append(file)
        if absent and not n_seen and not allow_empty:
            empty[top] = len(absent)
        else:
            gone.update(absent)
    gone.update(_no_longer_in_archives(store, tops, met))
    held_back = [_problem(place, n, _AWAY) for place, n in away.items()]
    held_back += [_problem(place, n, _EMPTY) for place, n in empty.items()]
    given_up = unmounted if allow_empty else still_there.difference(away)
    return Missing(gone=frozenset(gone), held_back=tuple(held_back), unmounted=frozenset(given_up))


_AWAY = (
    "no longer mounted: {n} that earlier scans found here {be} out of reach, and not taken for gone. Mount it and scan "
    "again; if nothing is to be mounted here any more, allow_empty=True"
)
_EMPTY = (
    "an empty folder: {n} that earlier scans found here {be} not taken for gone. If a store belongs here, mount it and "
    "scan again; if it was emptied, allow_empty=True"
)


def _problem(place: bytes, n: int, said: str) -> Problem:
    counted = f"{n} {'file' if n == 1 else 'files'}"
    return Problem(path=os.fsdecode(place), reason=said.format(n=counted, be="is" if n == 1 else "are"))


def _known_below(
    store: Store, places: Places, top: bytes
) -> Iterator[tuple[int, bytes, bytes, tuple[int, bytes], bool]]:
    """Yield row, root, place and key of every file below a folder that is not gone, and whether it was looked into."""
    below, where = places.below(top)
    for file, number, root, path, position, outcome in store.query(
        "SELECT files.id, root, roots.path, files.path, position, outcome FROM files JOIN roots ON roots.id = root"
        f" WHERE {below} AND gone IS NULL",
        where,
    ):
        root, path = bytes(root), bytes(path)
        yield file, root, absolute(root, path), (number, path), bool(position) or outcome != SKIPPED


def _no_longer_in_archives(store: Store, tops: Sequence[bytes], met: Met) -> Iterator[int]:
    """Yield what was not met of archives that were named themselves, in no folder that was looked at as a whole."""
    for number, path in met.archives:
        root = bytes(store.row("SELECT path FROM roots WHERE id = ?", (number,))[0])
        place = absolute(root, path)
        if any(is_in(place, top) for top in tops) or nearest_of(place, met.troubles) is not None:
            continue
        for (file,) in store.query(
            "SELECT id FROM files WHERE root = ? AND path = ? AND gone IS NULL"
            " AND (position OR outcome <> ?)",
            (number, path, SKIPPED),
        ):
            if file not in met.files:
                yield file


def _is_absent(place: bytes, root: bytes, key: tuple[int, bytes], met: Met, *, was_looked_into: bool) -> bool:
    """Return whether a file that was not met is not there, as far as can be told."""
    if b"://" in root:
        # Nothing can be asked of a store file by file; a walk that met no trouble has met them all.
        return not any(b"://" in trouble for trouble in met.troubles)
    if nearest_of(place, met.troubles) is not None:
        return False
    if was_looked_into and key in met.archives:
        return True  # a member that its archive no longer has, or what was no archive and is one now
    # A folder that was left aside as a whole is no file's successor.
    return _is_missing(place) or (was_looked_into and _is_folder(place))


def _is_missing(path: bytes) -> bool:
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False  # it cannot be looked at: that is no proof
    return False


def _is_folder(path: bytes) -> bool:
    try:
        return stat.S_ISDIR(os.lstat(path).st_mode)
    except OSError:
        return False


def _within(place: bytes, points: Collection[bytes]) -> tuple[bytes, ...]:
    """Return the nearest of some folders that a place is in, if it is in any."""
    point = nearest_of(place, points)
    return () if point is None else (point,)
