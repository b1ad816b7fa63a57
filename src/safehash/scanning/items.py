"""What a scan is given to decide: one item, and whether its content makes it one."""

from __future__ import annotations

import tarfile
from collections.abc import Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Union

from ..images.sniffing import sniff, sniff_unread
from .records import Problem, Skipped

if TYPE_CHECKING:
    from ..hashing.algorithms import Algorithm
    from ..images.lent import File
    from ..matching.settings import Effort

__all__ = ["HEAD_BYTES", "NOT_OPENED", "Found", "Item", "is_container", "is_tar", "time_told", "why_skipped"]

#: How much of a file is looked at to tell what it is.
HEAD_BYTES = 512
#: Why an archive is left aside that nobody looked into.
NOT_OPENED = "archive, not opened"
#: No time that a record tells is further from 1970, in nanoseconds: what SQLite holds, to the year 2262.
_MAX_TIME_NS = (1 << 63) - 1

#: Names that promise a picture: such a file gets an outcome even when its content is something else.
_IMAGE_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".webp", ".avif", ".bmp", ".dib"),
    *(".tif", ".tiff", ".heic", ".heif", ".hif", ".jxl", ".jp2", ".j2k", ".ico", ".tga", ".psd", ".pcx"),
    *(".ppm", ".pgm", ".pbm", ".pnm", ".dng", ".raw", ".cr2", ".nef", ".arw"),
)

#: What is no pixels, though a browser shows some of it.
_DRAWING = "SVG"

_CONTAINERS = (
    b"PK\x03\x04",
    b"PK\x05\x06",
    b"PK\x07\x08",  # the first of several parts of one
    b"PK00PK",  # the only one
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    b"\x28\xb5\x2f\xfd",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One thing to decide.

    Attributes
    ----------
    path : str
        A file, the archive that holds the member, or a URL.
    position, member
        Place (1-based) and name inside an archive; 0 and None for a plain file.
    size, mtime_ns : int or None
        Of the file at `path`, in bytes and nanoseconds, where known.
    named : bool
        The caller named this very file: it gets an outcome whatever it is.
    remote : bool
        `path` is a URL.
    data : bytes or None
        The member's bytes, or its head if it is too large; a plain file is read by whoever decides it.
    n_bytes : int or None
        The member's own length.
    error : str or None
        Why the member could not be read.
    effort : "fast", "standard", "thorough" or None
        How hard it is looked at; None as hard as the matcher's settings say.
    lists : collection of str or None
        Names of the lists it is matched against; None for all.
    digests : tuple of Algorithm
        Digests known of what was here: taken again, whatever else is, they tell whether the bytes are the same.
    """

    path: str
    position: int = 0
    member: str | None = None
    size: int | None = None
    mtime_ns: int | None = None
    named: bool = False
    remote: bool = False
    data: File | None = None
    n_bytes: int | None = None
    error: str | None = None
    effort: Effort | None = None
    lists: Collection[str] | None = None
    digests: tuple[Algorithm, ...] = ()


Found = Union[Item, Skipped, Problem]  # noqa: UP007 - evaluated on Python 3.10 too


def why_skipped(head: bytes, name: str, *, named: bool) -> str | None:
    """Return why a file is left aside, or None if it gets an outcome.

    Parameters
    ----------
    head : bytes
        Its first `HEAD_BYTES`.
    name : str
        Its name: one that promises a picture is held to it.
    named : bool
        Whether the caller named this very file.
    """
    if sniff(head) is not None or named or name.lower().endswith(_IMAGE_SUFFIXES):
        return None
    if not head:
        return "empty file"
    unread = sniff_unread(head)
    if unread == _DRAWING:
        return "a drawing (SVG), which is not read"
    if unread is not None:
        return None
    return NOT_OPENED if is_container(head) else "not an image"


def time_told(time_ns: int) -> int | None:
    """Return a file's time of change as it is told and kept, or None of one that no catalog holds.

    Some file systems keep whatever time they are given. A file without a time is decided again by each scan.
    """
    return time_ns if -_MAX_TIME_NS <= time_ns <= _MAX_TIME_NS else None


def is_container(head: bytes) -> bool:
    return head.startswith(_CONTAINERS) or is_tar(head)


def is_tar(head: bytes) -> bool:
    """Return whether a file begins like a tar; the oldest kind (``tar --format=v7``) has a checksum and no name."""
    if head[257:262] == b"ustar":
        return True
    try:
        tarfile.TarInfo.frombuf(head[: tarfile.BLOCKSIZE], "utf-8", "surrogateescape")
    except tarfile.HeaderError:
        return False
    return True
