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
from functools import cache
from typing import TYPE_CHECKING, ClassVar

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
    "WithoutDigest",
    "logger_of",
    "shorten",
    "shortened",
    "shortened_value",
]

#: Digits of a digest that a message, a log or a repr may show: enough to find an entry, too few to look one up.
SHOWN_DIGITS = 8

_HEX = "[0-9A-Fa-f]"
#: What stands between digits in groups: a sign, and what says in which base the next are.
_BETWEEN = r"(?:[-:._,;/\\ |]|[,;] )(?:0x|\\?x)?|%|\\x"

#: What no other text looks like: a number of sixteen digits and more with its thousands apart, bytes as Python shows
#: them or a list of them, base32; and as many hexadecimal digits in a row as the shortest digest has, which decimals
#: and bits are, too, in any width.
_ANYWHERE = (
    r"(?<![\w.,])\d{1,3}(?P<mark>[,_'. ])\d{3}(?:(?P=mark)\d{3}){4,}(?!\w)"
    rf"|(?<![0-9A-Za-z]){_HEX}{{2}}/{_HEX}{{14,}}(?!\w)"
    r"|(?P<escaped>b(?P<quote>['\"])(?:\\.|[^\\\n]){8,400}?(?P=quote))"
    r"|[\[(]\s{0,2}(?:\d{1,3},?\s{1,9}){7,}\d{1,3},?\s{0,2}[\])]"
    r"|(?<![0-9A-Za-z])(?=[A-Z]{0,25}[2-7])(?=[2-7]{0,25}[A-Z])[A-Z2-7]{26,}={0,6}|(?<![0-9A-Za-z])[A-Z2-7]{13}==="
    r"|(?<![0-9A-Za-z])(?=[a-z]{0,25}[2-7][a-z]{0,25}[2-7])[a-z2-7]{26,}(?![0-9A-Za-z])"
    r"|[0-9A-Fa-f\uff10-\uff19\uff21-\uff26\uff41-\uff46]{16,}"
)
#: Hexadecimal numbers in a row, of which `_in_a_row` says whether they are the groups of one.
_NUMBERS = rf"(?<![0-9A-Za-z])(?:0x|\\?x|%)?{_HEX}{{2,15}}(?:(?:{_BETWEEN}){_HEX}{{1,15}})+(?![0-9A-Za-z])"
#: A digest, wherever it stands: `_ANYWHERE`; or base64, told by its padding, by the length of a PDQ digest (behind a
#: "/", too, if it has none itself), or by capitals, small letters and a digit in one word without a "/", which names of
#: folders have between them.
_DIGEST = (
    _ANYWHERE
    + r"|(?<![\w+/-])(?=[a-z\d+/_-]{0,42}[A-Z])(?=[A-Z\d+/_-]{0,42}[a-z])[\w+/-]{11,}(?:==(?![\w=])|=(?![\w./=~-]))"
    r"|(?<![\w+/-])(?=[a-z\d+/_-]{0,42}[A-Z])(?=[A-Z\d+/_-]{0,42}[a-z])(?=[A-Za-z+/_-]{0,42}\d)[\w+/-]{43}(?![\w+/=-])"
    r"|(?<![\w+-])(?=[a-z\d_-]{0,42}[A-Z])(?=[A-Z\d_-]{0,42}[a-z])(?=[A-Za-z_-]{0,42}\d)[\w-]{43}(?![\w=-])"
    r"|(?<![A-Za-z\d+])(?=[a-z\d+]{0,21}[A-Z])(?=[A-Z\d+]{0,21}[a-z])(?=[A-Za-z+]{0,21}\d)[A-Za-z\d+]{22,}"
)

#: A text that is one value, an id or a label, and no path: base64 in either alphabet, with padding or without.
_VALUE = (
    _ANYWHERE + r"|[0-9A-Fa-f]{9,}"
    r"|(?=[a-z\d+/_-]{0,42}[A-Z])(?=[A-Z\d+/_-]{0,42}[a-z])(?=[A-Za-z_-]{0,42}[\d+/])[\w+/-]{22,}={0,2}"
    r"|(?=[A-Za-z_-]{0,10}[\d+/])[\w+/-]{11}="
)


#: What `_DIGEST` finds is not all ASCII, has padding, is bytes as Python shows them, or holds one of these: sixteen of
#: what digests are written with in a row, the first of a list of bytes, thousands apart.
_IN_ALL = r"[\w+/-]{16}", r"[\[(]\s{0,2}\d", r"\d[,_'. ]\d{3}[,_'. ]\d{3}"


@cache  # most processes need none of them, and they take longer to compile than all else here to load
def _compiled(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.ASCII)


@cache
def _grouped() -> re.Pattern[str]:
    """Return the expression of as many digits as the shortest digest has, in groups with the same between them."""
    ways = []
    for n in range(2, 16):
        whole = -(-16 // n) - 1
        one, last = rf"{_HEX}{{{n}}}", rf"{_HEX}{{{16 - n * whole},{n}}}(?!\w)"
        more = rf"(?:{one}(?P=s{n}))+{_HEX}{{1,{n}}}(?!\w)"
        ways.append(rf"{one}(?P<s{n}>{_BETWEEN})(?:{one}(?P=s{n})){{{whole - 1}}}(?:{more}|{last})")
    return _compiled(rf"(?<![0-9A-Za-z])(?:0x|\\?x|%)?(?:{'|'.join(ways)})")


def _in_a_row(found: re.Match[str]) -> str:
    """Return hexadecimal numbers in a row, those cut that are the groups of one."""
    return _grouped().sub(_in_groups, found[0]) if len(found[0]) > 2 * SHOWN_DIGITS else found[0]


def _in_groups(found: re.Match[str]) -> str:
    """Return groups of digits, cut where they are those of a digest, and of no times, dates, numbers or words."""
    grouped = found[0]
    digits = re.sub(r"0x|\\?x|[^0-9A-Fa-f]", "", grouped)
    is_told = (
        (re.search("[A-Fa-f]", digits) and re.search(r"\d", digits))
        or (set(digits) <= {"0", "1"} and len(digits) >= 64)
        # Eight numbers of two digits, or four of four, are no date.
        or re.match(rf"{_HEX}{{2}}[:-]{_HEX}|{_HEX}{{4}}[:-]{_HEX}", grouped)
    )
    return f"{grouped[:SHOWN_DIGITS]}..." if is_told else grouped


def _first_digits(found: re.Match[str]) -> str:
    text = found[0]
    if found["escaped"] is not None and text.count("\\x") < _ESCAPES:
        return text
    return f"{text[:SHOWN_DIGITS]}..."


def _cut(digest: str, text: str) -> str:
    """Return a text without what is a digest by its look, nor one in groups."""
    return _compiled(_NUMBERS).sub(_in_a_row, _compiled(digest).sub(_first_digits, text))


def _may_hold(text: str) -> bool:
    """Say whether `_DIGEST` can find anything: most messages have nothing of it, and this costs a fifth of looking."""
    return (
        not text.isascii()
        or any(mark in text for mark in ("=", "b'", 'b"'))
        or any(_compiled(each).search(text) for each in _IN_ALL)
    )


#: Bytes that Python shows with so many escapes are no text.
_ESCAPES = 3


class WithoutDigest(str):
    """A text whose maker answers for it that no digest stands in it: it is written as it is, without a second look.

    Looking through a line costs more than writing it.

    Examples
    --------
    >>> shortened(WithoutDigest("known beforehand"))
    'known beforehand'
    """

    __slots__ = ()


def shortened(text: str) -> str:
    """Return a message in which no digest stands whole, also where an id, a name or a path is one.

    Examples
    --------
    >>> shortened("no entry 00112233445566778899aabbccddeeff")
    'no entry 00112233...'
    >>> shortened("/lists/Partner2026/own.csv: no id ABEiM0RVZneImaq7zN3u/w==")
    '/lists/Partner2026/own.csv: no id ABEiM0RV...'
    """
    if type(text) is WithoutDigest:
        return text
    return _cut(_DIGEST, text) if _may_hold(text) else _compiled(_NUMBERS).sub(_in_a_row, text)


def shortened_value(text: str) -> str:
    """Return an id, a name or a label for a message: no path, so that more is taken for a digest in it.

    Examples
    --------
    >>> shortened_value("ABEi/0RVZneI_aq7zN3u-w")
    'ABEi/0RV...'
    """
    return _cut(_VALUE, text)


class _Name(str):
    """The name of a file as an error of the system carries it: whole, and cut where its message repeats it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return shortened(super().__repr__())


def shorten(exc: BaseException) -> None:
    """Have an error, and those that it came of, say no digest whole; what it carries as data stays whole.

    The name of a file that a caller gave is a digest often enough: ``str(exc)`` cuts it, ``exc.filename`` is it.

    Examples
    --------
    >>> try:
    ...     open("00112233445566778899aabbccddeeff.jpg")
    ... except OSError as exc:
    ...     shorten(exc)
    ...     print(exc, exc.filename)
    [Errno 2] No such file or directory: '00112233....jpg' 00112233445566778899aabbccddeeff.jpg
    """
    met: set[int] = set()
    waiting: list[BaseException | None] = [exc]
    while waiting:
        one = waiting.pop()
        if one is None or id(one) in met:
            continue
        met.add(id(one))
        waiting += [one.__cause__, one.__context__]
        if type(one).__module__ != "builtins":
            continue  # ours say so little anyway, and those of others are theirs
        if isinstance(one, OSError) and one.errno is not None:
            for attribute in ("filename", "filename2"):
                name = getattr(one, attribute)
                if isinstance(name, bytes):
                    name = os.fsdecode(name)
                if isinstance(name, str):
                    setattr(one, attribute, _Name(name))
            if isinstance(one.strerror, str):
                one.strerror = shortened(one.strerror)
        elif len(one.args) == 1 and isinstance(one.args[0], str):
            one.args = (shortened(one.args[0]),)


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

    def __repr__(self) -> str:
        return shortened(super().__repr__())

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> object:
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {shortened(name)!r}", name=name, obj=self
            )


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
    safehash.errors.UnsupportedImage: not an image in a known format (starts with 25 50 44 46)
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
