"""The exceptions safehash raises, and how little of a digest a message shows.

::

    SafehashError
    |-- ImageError              the bytes could not become a picture we vouch for
    |   |-- UnreadableImage     damaged, empty, or a decoder refused it
    |   |-- ImageTooLarge       over a byte, pixel, memory or work limit, found before it was spent
    |   |   `-- DeadlinePassed  over the processor time one upload may take
    |   |-- ImageTooSmall       fewer than 5 rows or columns: no hash is defined
    |   `-- UnsupportedImage    not an image, or a format outside the allow-list
    |-- ListError               a hash list as a whole could not be used
    |-- IndexFileError          a snapshot file is damaged, foreign or newer than this version
    `-- CatalogError            a scan's catalog could not be used
"""

from __future__ import annotations

import logging
import os
import re
from typing import ClassVar

__all__ = [
    "SHOWN_DIGITS",
    "CatalogError",
    "DeadlinePassed",
    "ImageError",
    "ImageTooLarge",
    "ImageTooSmall",
    "IndexFileError",
    "ListError",
    "SafehashError",
    "UnreadableImage",
    "UnsupportedImage",
    "logger_of",
    "shortened",
]

#: Digits of a digest that a message, a log or a repr may show: enough to find an entry, too few to look one up.
SHOWN_DIGITS = 8

#: As many hexadecimal digits in a row as the shortest digest has, and more: a digest, wherever it stands.
_DIGEST = re.compile(r"[0-9A-Fa-f]{16,}")


def shortened(text: str) -> str:
    """Return a message in which no digest stands whole, also where an id, a name or a path is one.

    Examples
    --------
    >>> shortened("no entry 00112233445566778899aabbccddeeff")
    'no entry 00112233...'
    """
    return _DIGEST.sub(lambda found: f"{found[0][:SHOWN_DIGITS]}...", text)


class _Short(logging.Filter):
    """Shortens digests in whatever is logged, and in the traceback that goes with it."""

    _formatter = logging.Formatter()

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = shortened(record.getMessage()), ()
        if record.exc_info and record.exc_info[0] is not None:
            # Every formatter takes what stands there already for the text of the exception.
            record.exc_text = shortened(self._formatter.formatException(record.exc_info))
        return True


_SHORT = _Short()


def logger_of(module: str) -> logging.Logger:
    """Return a module's logger, which shows no digest whole."""
    logger = logging.getLogger(module)
    logger.addFilter(_SHORT)
    return logger


class SafehashError(Exception):
    """Anything safehash raises on purpose.

    Examples
    --------
    >>> try:
    ...     safehash.Matcher.from_files("none.csv")
    ... except safehash.SafehashError as exc:
    ...     print(type(exc).__name__)
    ListError
    """

    def __str__(self) -> str:
        return shortened(super().__str__())


class ImageError(SafehashError):
    """The bytes given could not become a picture that safehash vouches for.

    Attributes
    ----------
    failure : str or None
        What went wrong where it was not the file's content: "deadline". A scan decides such a file again.

    Examples
    --------
    >>> try:
    ...     safehash.hash_bytes(b"GIF89a")
    ... except safehash.ImageError as exc:
    ...     print(type(exc).__name__, exc.failure)
    UnreadableImage None
    """

    failure: ClassVar[str | None] = None


class UnreadableImage(ImageError):
    """The file is empty, damaged beyond its first rows, or its decoder refused it.

    Examples
    --------
    >>> safehash.hash_bytes(b"")
    Traceback (most recent call last):
        ...
    safehash.errors.UnreadableImage: empty file
    """


class ImageTooLarge(ImageError):
    """A limit on bytes, pixels, memory or work was met before it was spent.

    Examples
    --------
    >>> safehash.hash_file("photo.jpg", limits=safehash.Limits(max_pixels=100_000))
    Traceback (most recent call last):
        ...
    safehash.errors.ImageTooLarge: 800 x 502 pixels, the limit is 100000 in all
    """


class DeadlinePassed(ImageTooLarge):
    """The processor time that one upload may take was over before it was decided.

    Examples
    --------
    >>> safehash.DeadlinePassed("undecided after 10 s").failure
    'deadline'
    """

    failure: ClassVar[str | None] = "deadline"


class ImageTooSmall(ImageError):
    """Fewer than 5 rows or 5 columns: the hash is not defined.

    Examples
    --------
    >>> import numpy as np
    >>> safehash.hash_array(np.zeros((4, 100), np.uint8))
    Traceback (most recent call last):
        ...
    safehash.errors.ImageTooSmall: 100 x 4 pixels; a hash needs at least 5 x 5
    """


class UnsupportedImage(ImageError):
    """Not an image, or a format outside the allow-list.

    Examples
    --------
    >>> safehash.hash_bytes(b"%PDF-1.7")
    Traceback (most recent call last):
        ...
    safehash.errors.UnsupportedImage: not an image in a known format (starts with 25 50 44 46 2d 31 2e 37)
    """


class ListError(SafehashError):
    """A hash list could not be used as a whole.

    Attributes
    ----------
    path : str
        The list as it was named by the caller.
    line : int or None
        1-based line or record number where it failed, when there is one.

    Examples
    --------
    >>> try:
    ...     safehash.load_list("photo.jpg")
    ... except safehash.ListError as exc:
    ...     print(exc.path)
    photo.jpg
    """

    def __init__(self, message: str, *, path: str | os.PathLike[str] = "", line: int | None = None) -> None:
        self.path = os.fspath(path)
        self.line = line
        where = self.path + (f", line {line}" if line is not None else "")
        super().__init__(f"{where}: {message}" if where else message)


class IndexFileError(SafehashError):
    """A snapshot file is damaged, truncated, foreign, or written by a newer version.

    Attributes
    ----------
    path : str
        The file as named by the caller.
    section : str or None
        The section in which the damage was found, when it is known.

    Examples
    --------
    >>> safehash.Matcher.open("list.csv")
    Traceback (most recent call last):
        ...
    safehash.errors.IndexFileError: list.csv, section 'preamble': not a safehash index file
    """

    def __init__(
        self, message: str, *, path: str | os.PathLike[str] = "", section: str | None = None
    ) -> None:
        self.path = os.fspath(path)
        self.section = section
        where = self.path + (f", section {section!r}" if section is not None else "")
        super().__init__(f"{where}: {message}" if where else message)


class CatalogError(SafehashError):
    """A scan's catalog is locked, damaged, foreign, or written by a newer version.

    Examples
    --------
    >>> safehash.Catalog("list.csv")
    Traceback (most recent call last):
        ...
    safehash.errors.CatalogError: list.csv: ...
    """
