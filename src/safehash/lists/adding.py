"""Pictures that somebody holds, put on a list of their own by their hash alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from .._face import checked, public_value
from ..errors import ImageError
from ..hashing.algorithms import USUAL_QUALITY, Algorithm
from ..hashing.compute import hash_bytes
from ..hashing.hashes import ForeignHash, Hash
from ..hashing.shown import Shown, pictures_shown
from ..images.pictures import Decoded
from ..images.uploads import read_file
from .dating import date_behind, date_of, is_final
from .entry import CATEGORIES, Entry
from .formats import read_list
from .formats.jsonl import write_list
from .in_turn import in_turn
from .merging import merge_lists
from .policy import all_of
from .source import ListPath, ListSource
from .suspicion import suspicion

__all__ = ["AddOptions", "Added", "Parts", "Refused", "add", "all_hashes_of", "entries_of", "of_our_own"]

#: Gives further hashes that are listed beside a picture's own, each with what part of it it shows.
Parts: TypeAlias = Callable[[Decoded], Iterable[tuple[Hash, str]]]


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """One picture that was not listed.

    Made by `lists.add`.

    Attributes
    ----------
    path : str
    reason : str

    Examples
    --------
    >>> found = add("own.jsonl", ["none.jpg"])
    >>> found.refused[0].path
    'none.jpg'
    """

    path: str
    reason: str


@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What `add` did.

    Made by `lists.add`.

    Attributes
    ----------
    entries : tuple of Entry
        The records that were added, those of parts behind their picture's own.
    refused : tuple of Refused
    stored_left_out : tuple of str
        Files that were listed as they are shown and store another picture, which was not listed.
    n_entries : int
        Records on the list now; 0 where nothing was added, and so nothing written.

    Examples
    --------
    >>> found = add("own.jsonl", ["photo.jpg", "other.jpg"])
    >>> found.n_entries, [entry.hash.quality for entry in found.entries], found.refused
    (2, [100, 100], ())
    """

    entries: tuple[Entry, ...]
    refused: tuple[Refused, ...]
    stored_left_out: tuple[str, ...] = ()
    n_entries: int


@checked
@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class AddOptions:
    """What is kept of each picture that is put on a list.

    Attributes
    ----------
    algorithm : Algorithm
    min_quality : int
        Flatter pictures are refused: their hash would match what they are not.
    parts : callable or None
        Lists parts of each picture too, flagged as such: `safehash.windows_to_list` finds copies that were cropped.
    also_stored : bool
        Of a file that stores another picture than viewers show, list both.
    file_names : bool
        Keep each picture's file name on the list.

    Raises
    ------
    ValueError
        There is no such algorithm, or a quality is not within 0 and 100.

    Examples
    --------
    >>> options = AddOptions(parts=safehash.windows_to_list, file_names=True)
    >>> [entry.extra for entry in add("own.jsonl", ["photo.jpg"], options=options).entries][:2]
    [{'filename': 'photo.jpg'}, {'filename': 'photo.jpg', 'window': 'without 10 % on every side'}]
    """

    algorithm: str | Algorithm = Algorithm.PDQ
    min_quality: int = USUAL_QUALITY
    parts: Parts | None = None
    also_stored: bool = False
    file_names: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "algorithm", Algorithm(self.algorithm))
        if not 0 <= self.min_quality <= 100:
            raise ValueError(f"min_quality is 0 to 100, not {self.min_quality}")


_DEFAULT_OPTIONS = AddOptions()


@checked
def add(
    path: ListPath,
    images: Iterable[str | os.PathLike[str]],
    *,
    labels: Collection[str] = (),
    category: str = "positive",
    options: AddOptions = _DEFAULT_OPTIONS,
    now: datetime | None = None,
) -> Added:
    """Hash pictures into a list of one's own, made or added to; the pictures themselves are not kept.

    What is listed is what viewers show. A file may store another picture, seen by nobody and perhaps innocent, and show
    it changed by the colours it declares.

    Parameters
    ----------
    path : path-like or ListSource
        The list, safehash JSON Lines. What is on it stays; a picture that is on it already keeps its date and
        its labels, and gets those given now as well. Its name is that of the `ListSource`; by default the one it has,
        or the file's.
    images : iterable of path-like
        Image files.
    labels : collection of str
    category : str
        "positive", "seed", "disputed" or "negative".
    options : AddOptions
        What is kept of each picture.
    now : datetime, optional
        The date of the records.

    Returns
    -------
    Added

    Raises
    ------
    ListError
        The list cannot be read or written.
    TypeError, ValueError
        An argument that means nothing. Pictures that cannot be read are no error but `Added.refused`.

    Examples
    --------
    >>> found = add("own.jsonl", ["photo.jpg", "none.jpg"], labels=["viral_challenge"])
    >>> found.n_entries, [(each.path, each.reason) for each in found.refused]
    (1, [('none.jpg', 'cannot be read: No such file or directory')])
    """
    labels = all_of("labels", labels, str)
    if category not in CATEGORIES:
        raise ValueError(f"category is one of {', '.join(CATEGORIES)}, not {category!r}")
    source = of_our_own(ListSource.of(path))
    entries_of(source)  # one that cannot be read is refused before the work
    when = date_of(now)
    hashed: list[tuple[str | os.PathLike[str], Hash, dict[str, str]]] = []
    refused: list[Refused] = []
    left_out: list[str] = []
    for image in images:
        try:
            found, has_other = _hashes_of(image, options)
        except (ImageError, OSError, ValueError) as exc:
            reason = f"cannot be read: {exc.strerror or exc}" if isinstance(exc, OSError) else str(exc)
            refused.append(Refused(path=os.fspath(image), reason=reason))
            continue
        if has_other:
            left_out.append(os.fspath(image))
        hashed += ((image, value, apart) for value, apart in found)
    added: list[Entry] = []
    n_entries = 0
    if hashed:
        with in_turn(source.path):
            known = entries_of(source)  # others may have added to it meanwhile
            name = source.name or (known[0].source if known else None) or Path(source.path).stem
            present: dict[Hash | ForeignHash | None, Entry] = {}
            taken_back: dict[tuple[str, ...], Entry] = {}
            for entry in merge_lists(known, keep_deleted=True):
                if entry.deleted:
                    taken_back[entry.key] = entry
                else:
                    present[entry.hash] = entry
            for image, value, apart in hashed:
                # A newer record replaces an older one whole, so labels given before are carried over.
                before = present.get(value)
                extra = {"filename": Path(image).name} if options.file_names else {}
                new = Entry(
                    hash=value,
                    source=name,
                    category=category,
                    labels=tuple(sorted(labels | set(before.labels if before is not None else ()))),
                    created=when if before is None else before.created,
                    updated=when,
                    extra={**extra, **apart},
                )
                last = before or taken_back.get(new.key)
                if last is not None and is_final(last):
                    reason = "the list says, without a date, that it was taken back: that is final"
                    refused.append(Refused(path=os.fspath(image), reason=reason))
                    continue
                if last is not None:
                    new = replace(new, updated=date_behind(when, last, deleted=False))
                added.append(new)
            if added:
                n_entries = write_list(source.path, merge_lists(known, added, keep_deleted=True), name=name)
    return Added(
        entries=tuple(added), refused=tuple(refused), stored_left_out=tuple(left_out), n_entries=n_entries
    )


def entries_of(source: ListSource) -> list[Entry]:
    """Return what is on the list that is added to."""
    is_there = Path(source.path).is_file()  # a pipe is not read
    return list(read_list(replace(source, name=None))) if is_there else []


def of_our_own(source: ListSource) -> ListSource:
    """Return the source of a list that is written: safehash JSON Lines, of which nothing else is to be told.

    Raises
    ------
    ValueError
        It says what only lists of others have.
    """
    plain = ListSource(source.path)
    told = [
        each
        for each in ("algorithm", "notation", "columns", "ignore")
        if getattr(source, each) != getattr(plain, each)
    ]
    if source.format not in (None, "jsonl"):
        told.insert(0, "format")
    if told:
        raise ValueError(
            f"a list that is added to is safehash JSON Lines, which needs no {' nor '.join(told)}"
        )
    return replace(source, format="jsonl")


def _hashes_of(
    image: str | os.PathLike[str], options: AddOptions
) -> tuple[list[tuple[Hash, dict[str, str]]], bool]:
    """Return the hashes of a file's pictures and of their parts, and whether its stored picture was left out.

    With each hash comes what sets it apart from others of the file.

    Raises
    ------
    ImageError, OSError
        It cannot be hashed.
    ValueError
        A hash says too little of its picture.
    """
    data = read_file(image)
    algorithm = Algorithm(options.algorithm)
    if not algorithm.is_perceptual:
        return [(hash_bytes(data, algorithm=algorithm), {})], False
    pictures = pictures_shown(data, algorithm=algorithm)
    wanted = [each for each in pictures if each.is_shown or options.also_stored]
    found: list[tuple[Hash, dict[str, str]]] = []
    for each in wanted:
        _check(each, options.min_quality)
        apart = {"view": each.view if each.is_shown else "as stored"} if len(pictures) > 1 else {}
        found.append((each.hash, apart))
        for value, part in options.parts(each.picture) if options.parts is not None else ():
            if suspicion(value) is None:
                found.append((value, {**apart, "window": part}))
    return found, len(wanted) < len(pictures)


def all_hashes_of(data: bytes, algorithm: Algorithm, parts: Parts | None) -> set[Hash]:
    """Return every hash that a file's pictures, shown or stored, and their parts may have been listed by.

    Raises
    ------
    ImageError
        It cannot be hashed.
    """
    if not algorithm.is_perceptual:
        return {hash_bytes(data, algorithm=algorithm)}
    values: set[Hash] = set()
    for each in pictures_shown(data, algorithm=algorithm):
        values.add(each.hash)
        values |= {value for value, _ in (parts(each.picture) if parts is not None else ())}
    return values


def _check(picture: Shown, min_quality: int) -> None:
    quality = picture.hash.quality
    if quality is not None and quality < min_quality:
        raise ValueError(f"quality {quality} is under {min_quality}: too flat to match")
    reason = suspicion(picture.hash)
    if reason is not None:
        raise ValueError(f"suspicious digest: {reason}")
