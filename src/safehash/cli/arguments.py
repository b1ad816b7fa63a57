"""What options and arguments may hold: every value is checked by the parser, and a path knows what becomes of it."""

from __future__ import annotations

import argparse
import errno
import math
import os
import re
from collections.abc import Callable, Collection

__all__ = [
    "ListText",
    "LookPath",
    "PathText",
    "ReadPath",
    "UpdatePath",
    "WriteListPath",
    "WritePath",
    "WriteSnapshotPath",
    "WriteStreamPath",
    "host",
    "memory",
    "named",
    "number",
    "several",
    "share",
    "signed",
    "size",
    "whole",
    "words",
]

#: A size is at most a pebibyte, a number of seconds at most a month: more is a slip, and system calls would overflow.
_MOST_BYTES = 1 << 50
_MOST_SECONDS = 31 * 86_400.0
#: Digits of a whole number: as many nines as a 64-bit integer holds.
_MOST_DIGITS = 18


# -- numbers ----------------------------------------------------------------------------------------------


def whole(least: int, most: int | None = None) -> Callable[[str], int]:
    """Return the type of whole numbers from `least` to `most`."""
    wanted = (
        f"a whole number from {least} to {most}" if most is not None else f"a whole number, at least {least}"
    )

    def parse(text: str) -> int:
        if re.fullmatch(r"[+-]?[0-9]+", text.strip()) is None:
            raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
        if len(text.strip().lstrip("+-")) > _MOST_DIGITS:
            raise argparse.ArgumentTypeError(f"{text!r} has more digits than any number that can be meant")
        value = int(text)
        if value < least or (most is not None and value > most):
            raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
        return value

    parse.__name__ = wanted
    return parse


def named(of: Callable[[str], int]) -> Callable[[str], tuple[str, int]]:
    """Return the type of numbers that may be of a name, ``NAME=NUMBER``: the name, or "", and the number."""

    def parse(text: str) -> tuple[str, int]:
        name, equals, value = text.rpartition("=")
        if equals and not name:
            raise argparse.ArgumentTypeError(f"{text!r} names no list before the =")
        return name, of(value)

    parse.__name__ = of.__name__
    return parse


def number(*, least: float = 0.0, most: float = _MOST_SECONDS) -> Callable[[str], float]:
    """Return the type of numbers above 0, not under `least`, at most `most`."""
    wanted = f"a number from {least:g} to {most:g}" if least else f"a number above 0, at most {most:g}"

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not (0 < value <= most and value >= least):
            raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
        return value

    parse.__name__ = wanted
    return parse


def signed(most: float) -> Callable[[str], float]:
    """Return the type of numbers from `-most` to `most`."""
    wanted = f"a number from -{most:g} to {most:g}"

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not abs(value) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
        return value

    parse.__name__ = wanted
    return parse


def share(text: str) -> float:
    """Return a share above 0, at most 1."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a share above 0, at most 1")
    return value


def size(text: str) -> int:
    """Return a number of bytes, written as 512M or 2G."""
    found = re.fullmatch(r"([0-9]{1,16})([KMGT]?)(i?B)?", text.strip(), re.IGNORECASE)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; write 512M or 2G")
    value = int(found[1]) << {"": 0, "K": 10, "M": 20, "G": 30, "T": 40}[found[2].upper()]
    if value > _MOST_BYTES:
        raise argparse.ArgumentTypeError(f"{text!r} is more than {_MOST_BYTES >> 40}T")
    return value


def memory(text: str) -> int:
    """Return a size that a worker can live with."""
    from ..scanning.options import LEAST_MEMORY

    value = size(text)
    if value < LEAST_MEMORY:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not enough for a worker: at least {LEAST_MEMORY >> 20}M"
        )
    return value


def several(of: Callable[[str], object] | Collection[str]) -> Callable[[str], list[object]]:
    """Return the type of values with commas between, each of one type or one of some words; none stands twice."""

    def parse(text: str) -> list[object]:
        values: list[object] = []
        for part in text.split(","):
            word = part.strip()
            if callable(of):
                values.append(of(word))
            elif word in of:
                values.append(word)
            else:
                raise argparse.ArgumentTypeError(f"{word!r} is none of {', '.join(of)}")
        return list(dict.fromkeys(values))

    parse.__name__ = "values with commas between"
    return parse


def words(text: str) -> str:
    """Return a name of a person or an organisation: something that can be seen, on one line."""
    if not text.strip() or not text.isprintable() or len(text) > 200:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no name: something that can be read, at most 200 characters"
        )
    return text.strip()


def host(text: str) -> str:
    """Return the name or the address of a machine, as far as one can be told by its look."""
    try:
        named = text.encode("idna")
    except UnicodeError:  # an empty part, one that is too long, or half of a character
        named = b""
    if not named or re.search(r"[\s/@]", text):
        raise argparse.ArgumentTypeError(f"{text!r} is no name of a host")
    return text


# -- paths ------------------------------------------------------------------------------------------------


class PathText(str):
    """A path as it was given; its class says what the command does with it. "-" is no file."""

    __slots__ = ()

    def __new__(cls, text: str) -> PathText:
        if not text:
            raise argparse.ArgumentTypeError("an empty name is no file")
        if "\0" in text:
            raise argparse.ArgumentTypeError(f"{text!r} is no name of a file")
        return super().__new__(cls, text)

    @property
    def path(self) -> str | None:
        """The file that is meant, None for a standard stream."""
        return None if self == "-" else str(self)


class ReadPath(PathText):
    """A file that is read."""

    __slots__ = ()

    def expect_there(self) -> None:
        """Refuse a name that no file has: a slip, and nothing that could not be decided.

        Raises
        ------
        FileNotFoundError
        """
        if self.path is not None and not os.path.lexists(self):
            raise FileNotFoundError(errno.ENOENT, "no such file", str(self))


class LookPath(PathText):
    """A file, folder, pattern or URL whose pictures are looked at."""

    __slots__ = ()


class ListText(PathText):
    """A hash list, maybe with a name before it: ``NAME=PATH``."""

    __slots__ = ()

    def __new__(cls, text: str) -> ListText:
        from ..lists.source import ListSource

        made = super().__new__(cls, text)
        try:
            path = ListSource.parse(text).path
        except ValueError as exc:
            raise argparse.ArgumentTypeError(str(exc)) from exc
        if path != text and os.path.lexists(text) and not os.path.lexists(path):
            raise argparse.ArgumentTypeError(
                f"{text!r} means the list {path!r}, by a name of its own, and that is not there: "
                f"write {'./' + text!r} for the file that is"
            )
        assert isinstance(made, ListText)
        return made

    @property
    def path(self) -> str | None:
        """The list's file or folder."""
        from ..lists.source import ListSource

        return ListSource.parse(str(self)).path


class _NamedPath(PathText):
    """A file that is written: "-" would be one by that name, which nobody means."""

    __slots__ = ()

    def __new__(cls, text: str) -> _NamedPath:
        if text == "-" and not issubclass(cls, WriteStreamPath):
            raise argparse.ArgumentTypeError(
                "'-' is no file here (/dev/stdout is standard output, ./- a file called so)"
            )
        made = super().__new__(cls, text)
        assert isinstance(made, _NamedPath)
        return made


class WritePath(_NamedPath):
    """A file that is written, replaced whole."""

    __slots__ = ()


class WriteStreamPath(WritePath):
    """A file that is written, or "-" for standard output."""

    __slots__ = ()


class WriteListPath(WritePath):
    """A hash list that is written: an earlier one may be replaced."""

    __slots__ = ()


class WriteSnapshotPath(WritePath):
    """A snapshot that is written: an earlier one may be replaced."""

    __slots__ = ()


class UpdatePath(_NamedPath):
    """A file that is read and changed in place."""

    __slots__ = ()
