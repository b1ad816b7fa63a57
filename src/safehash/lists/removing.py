"""Entries of a list of one's own that are taken back: each stays on it as a delete, which whoever has a copy needs."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from .._face import checked, public_value
from ..errors import ImageError, ListError, shortened_value
from ..hashing.hashes import Hash
from ..images.uploads import read_file
from .adding import Parts, all_hashes_of, entries_of, of_our_own
from .dating import date_behind, date_of
from .digest_names import digest_named
from .entry import Entry
from .formats.jsonl import write_list
from .in_turn import in_turn
from .merging import merge_lists
from .source import ListPath, ListSource

__all__ = ["Removed", "remove"]


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """What `remove` did.

    Made by `lists.remove`.

    Attributes
    ----------
    entries : tuple of Entry
        The records as they were, live.
    n_live : int
        Records on the list that are live now.

    Examples
    --------
    >>> done = safehash.lists.add("own.jsonl", ["photo.jpg", "other.jpg"])
    >>> found = remove("own.jsonl", ["photo.jpg"])
    >>> len(found.entries), found.n_live
    (1, 1)
    """

    entries: tuple[Entry, ...]
    n_live: int


@checked
def remove(
    path: ListPath,
    names: Iterable[str | os.PathLike[str] | Hash],
    *,
    parts: Parts | None = None,
    now: datetime | None = None,
) -> Removed:
    """Take entries of a list of one's own back: they are marked as deleted, and stay on it so.

    Whoever merges the list with an older copy of it, or holds an update of it against what went before, learns so that
    they are gone.

    Parameters
    ----------
    path : path-like or ListSource
        The list, safehash JSON Lines.
    names : iterable of str, path-like or Hash
        What is taken back: a hash, a whole digest as text (``"pdq:f8f8..."``; the 64 digits of PDQ alone), an
        entry's id, or an image file, of which goes all that `add` may have listed.
    parts : callable, optional
        Tells the parts of an image file that are taken back with it, as in `AddOptions`.
    now : datetime, optional
        The date of the deletes.

    Returns
    -------
    Removed

    Raises
    ------
    LookupError
        Nothing on the list is called so, or more than one thing is. Nothing was changed then.
    ListError
        The list cannot be read or written.
    TypeError, ValueError
        An argument that means nothing.

    Examples
    --------
    >>> done = safehash.lists.add("own.jsonl", ["photo.jpg"])
    >>> found = remove("own.jsonl", [done.entries[0].hash])
    >>> [entry.deleted for entry in safehash.read_list("own.jsonl")]
    [True]
    """
    wanted = list(names)
    for each in wanted:
        if not isinstance(each, (str, os.PathLike, Hash)):
            raise TypeError(f"a name is a hash, a text or a path, not {type(each).__name__}")
    source = of_our_own(ListSource.of(path))
    when = date_of(now)
    if not Path(source.path).is_file():
        reason = "is no regular file" if Path(source.path).exists() else "no such file"
        raise ListError(reason, path=source.path)
    with in_turn(source.path):
        known = list(merge_lists(entries_of(source), keep_deleted=True))
        live = [entry for entry in known if not entry.deleted]
        found: dict[int, Entry] = {}
        for each in wanted:
            found.update((id(entry), entry) for entry in _named(each, live, parts))
        _expect_whole(found.values(), live)
        if found:
            after = [
                replace(entry, deleted=True, updated=date_behind(when, entry, deleted=True))
                if id(entry) in found
                else entry
                for entry in known
            ]
            write_list(source.path, after, name=source.name or known[0].source)
    return Removed(entries=tuple(found.values()), n_live=len(live) - len(found))


def _named(name: str | os.PathLike[str] | Hash, live: Collection[Entry], parts: Parts | None) -> list[Entry]:
    """Return the live entries that are called so.

    Raises
    ------
    LookupError
        None is, or it may be more than one thing.
    """
    shown = repr(shortened_value(str(name) if isinstance(name, Hash) else os.fspath(name)))
    value = digest_named(name) if isinstance(name, str) else name if isinstance(name, Hash) else None
    meant: dict[str, list[Entry]] = {
        "a digest": [] if value is None else [entry for entry in live if _is(entry, value)],
        "an id": [entry for entry in live if isinstance(name, str) and entry.id == name],
        "a picture": [],
    }
    unread: Exception | None = None
    if not isinstance(name, Hash) and Path(name).is_file():
        try:
            meant["a picture"] = _of_picture(name, live, parts)
        except (ImageError, OSError) as exc:
            unread = exc
    kinds = [kind for kind, found in meant.items() if found]
    if not kinds and unread is not None:
        reason = unread.strerror or unread if isinstance(unread, OSError) else unread
        raise LookupError(
            f"{shown} is no digest or id of a live entry, and cannot be read: {reason}"
        ) from unread
    if not kinds:
        raise LookupError(f"{shown} is no digest, id or picture of a live entry")
    entries = meant[kinds[0]]
    if len({frozenset(map(id, meant[kind])) for kind in kinds}) > 1:
        raise LookupError(f"{shown} is {' and '.join(kinds)} of different entries: name digests")
    if kinds[0] == "an id" and len({entry.source for entry in entries}) > 1:
        raise LookupError(f"{shown} is an id in more than one source: name digests")
    return entries


def _is(entry: Entry, value: Hash) -> bool:
    return isinstance(entry.hash, Hash) and entry.hash.algorithm is value.algorithm and entry.hash == value


def _of_picture(image: str | os.PathLike[str], live: Collection[Entry], parts: Parts | None) -> list[Entry]:
    """Return the live entries that come of an image file.

    Raises
    ------
    ImageError, OSError
        It cannot be hashed.
    """
    algorithms = {entry.hash.algorithm for entry in live if isinstance(entry.hash, Hash)}
    values: set[Hash] = set()
    data = read_file(image)
    for algorithm in algorithms:
        values |= all_hashes_of(data, algorithm, parts)
    return [entry for entry in live if entry.hash in values]


def _expect_whole(found: Collection[Entry], live: Collection[Entry]) -> None:
    """Refuse to take a record's hash back without its others: the newest record of an id counts, whole.

    Raises
    ------
    LookupError
    """
    keys = {entry.key for entry in found}
    chosen = set(map(id, found))
    for entry in live:
        if entry.key in keys and id(entry) not in chosen:
            raise LookupError(
                f"the entry {shortened_value(str(entry.id))!r} has other hashes, too: name its id"
            )
