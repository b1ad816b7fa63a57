"""No command writes over what it reads, or over what somebody keeps: a picture, a key; said before anything starts."""

from __future__ import annotations

import argparse
import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from ..errors import SafehashError
from ..files import expect_writable, held_number, read_head
from ..lists.source import LAST_GOOD, SIGNATURE
from .arguments import (
    ListText,
    LookPath,
    PathText,
    ReadPath,
    UpdatePath,
    WriteListPath,
    WritePath,
    WriteSnapshotPath,
)
from .streams import is_closed

__all__ = ["expect_replaceable", "refuse_overwriting"]

#: Files that belong to a database beside itself.
_BESIDE_A_DATABASE = ("-wal", "-shm", "-journal", ".lock")
_SQLITE = b"SQLite format 3\0"
#: How files begin that somebody made or was given, and no scan makes again; and what may replace them.
_KEPT: tuple[tuple[bytes, str, type[WritePath] | None], ...] = (
    (b"-----BEGIN ", "a key or a certificate", None),
    (b"SAFEHASH", "a snapshot of lists", WriteSnapshotPath),
    (b'{"safehash":1,"kind":"list"', "a hash list", WriteListPath),
    (b'{"kind":"safehashverdicts"', "verdicts of a reviewer", None),
)
_HEAD_BYTES = 512

_Identity = tuple[object, ...]


def refuse_overwriting(arguments: argparse.Namespace) -> None:
    """Refuse a command line one of whose outputs is also an input, or cannot be written.

    Raises
    ------
    SafehashError
        Says which two are one file, or what stands in the way.
    """
    named = list(_named(arguments))
    outputs = [path for path in named if isinstance(path, WritePath) and path.path is not None]
    updates = [path for path in named if isinstance(path, UpdatePath)]
    inputs = [
        path for path in named if isinstance(path, (ReadPath, LookPath, ListText)) and path.path is not None
    ]
    for number, output in enumerate(outputs):
        _refuse_clashes(output, [*inputs, *updates, *outputs[:number]])
        expect_replaceable(output)
        held = held_number(str(output.path))
        if held is not None and is_closed(held):
            raise SafehashError(f"{output}: it is closed: nothing can be written there")
        try:
            expect_writable(str(output.path))
        except OSError as exc:
            raise SafehashError(f"{output}: cannot be written: {exc.strerror or exc}") from exc
    for number, update in enumerate(updates):
        _refuse_clashes(update, [*inputs, *updates[:number]])
    goes_into, comes_from = _regular(sys.stdout), _regular(sys.stdin)
    for each in (*inputs, *updates):
        if goes_into is not None and goes_into in _identities(each):
            raise SafehashError(f"{each}: it is read, and standard output goes into it: name another file")
    for written in (*outputs, *updates):
        if comes_from is not None and comes_from in _identities(written):
            raise SafehashError(
                f"{written}: it is written, and standard input comes from it: name another file"
            )
        is_itself = held_number(str(written.path)) is not None
        if goes_into is not None and goes_into in _identities(written) and not is_itself:
            raise SafehashError(
                f"{written}: it is written, and standard output goes into it: name another file"
            )


def _named(arguments: argparse.Namespace) -> Iterator[PathText]:
    for value in vars(arguments).values():
        for each in value if isinstance(value, (list, tuple)) else (value,):
            if isinstance(each, PathText):
                yield each


def _refuse_clashes(output: PathText, inputs: list[PathText]) -> None:
    own = _identity(str(output.path))
    for path in inputs:
        if own in _identities(path):
            what = "written twice" if isinstance(path, WritePath) else "read and written over"
            raise SafehashError(f"{output}: it would be {what} (as {path}): name another file")
        if isinstance(path, ListText) and _is_below(str(output.path), str(path.path)):
            raise SafehashError(f"{output}: it lies in {path}, which is read as a whole: name another place")


def expect_replaceable(output: PathText) -> None:
    """Refuse what is no earlier output: a scan may have met it in a folder, or under a name in a stream.

    Raises
    ------
    SafehashError
    """
    from ..images.sniffing import sniff
    from ..scanning.items import is_container

    head = read_head(str(output.path), _HEAD_BYTES)
    found = sniff(head)
    for ending in _BESIDE_A_DATABASE:
        database = str(output.path).removesuffix(ending)
        if database != output.path and _is_database(database):
            raise SafehashError(f"{output}: it is part of the database {database}: name another file")
    held = (
        "a database" if head.startswith(_SQLITE)
        else f"a picture ({found})" if found is not None
        else "an archive" if is_container(head)
        else "a picture, by its name" if _is_scanned(head, str(output.path))
        else _kept(head, output)
    )  # fmt: skip
    if held is not None:
        raise SafehashError(f"{output}: it holds {held}, which is not replaced: name another file")


def _kept(head: bytes, output: PathText) -> str | None:
    """Return what somebody keeps there that this command does not write."""
    begins = b"".join(head.split()) if head.startswith(b"{") else head
    for start, what, replaced_by in _KEPT:
        if begins.startswith(start) and (replaced_by is None or not isinstance(output, replaced_by)):
            return what
    return None


def _is_scanned(head: bytes, name: str) -> bool:
    """Tell whether a scan of its folder would decide a file that is there, be it empty or damaged."""
    from ..scanning.items import why_skipped

    return os.path.isfile(name) and why_skipped(head, name, named=False) is None  # noqa: PTH113


def _identities(path: PathText) -> set[_Identity]:
    name = str(path.path)
    beside: tuple[str, ...] = ()
    if isinstance(path, UpdatePath) or _is_database(name):
        beside = _BESIDE_A_DATABASE
    elif isinstance(path, ListText):
        name, beside = os.path.normpath(name), (LAST_GOOD, SIGNATURE)
    return {_identity(name), *(_identity(name + ending) for ending in beside)}


def _is_database(name: str) -> bool:
    return read_head(name, len(_SQLITE)) == _SQLITE


def _identity(name: str) -> _Identity:
    """Return what two names of one file have in common, whether it exists or not."""
    try:
        status = Path(name).stat()
    except (OSError, ValueError):
        folder, last = os.path.split(os.path.realpath(name))
        try:
            of_folder = Path(folder).stat()
        except OSError:
            return (folder, last)
        return (of_folder.st_dev, of_folder.st_ino, last)
    return (status.st_dev, status.st_ino)


def _is_below(name: str, folder: str) -> bool:
    if not Path(folder).is_dir():
        return False
    return Path(os.path.realpath(folder)) in Path(os.path.realpath(name)).parents


def _regular(stream: TextIO) -> _Identity | None:
    """Return which regular file a standard stream leads to, if it does."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError, AttributeError):  # closed, or not the process's own
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None
