"""Zip and tar archives read in place: bounded, one member at a time, never unpacked to disk."""

from __future__ import annotations

import io
from collections.abc import Iterator

from ..errors import logger_of
from ..files import BoundedReader, open_regular
from .archive_member import DAMAGE
from .items import HEAD_BYTES, Found, Item, why_skipped
from .records import Problem, Skipped
from .tars import tar_members, tar_stream
from .zip_ends import has_end_of_zip
from .zips import MAX_ZIP_DIRECTORY, ZIP_HEADS, zip_members

__all__ = ["has_archive_name", "members"]

_LOG = logger_of(__name__)

_ZIP_SUFFIXES = (".zip", ".cbz")
_TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tbz", ".tar.xz", ".txz", ".cbt")


def has_archive_name(path: str) -> bool:
    """Return whether a file's name says zip or tar; those of office documents and packages do not."""
    return path.lower().endswith(_ZIP_SUFFIXES + _TAR_SUFFIXES)


def members(archive: Item, *, max_member_bytes: int) -> Iterator[Found]:
    """Yield the members of one archive, or the archive itself as an ordinary file if it is none.

    Parameters
    ----------
    archive : Item
    max_member_bytes : int
        Larger members get the outcome "too large" and are not read.

    Notes
    -----
    Archives inside archives are not opened; they are counted.
    """
    try:
        with open_regular(archive.path) as (raw, status), io.BufferedReader(raw) as file:
            head = file.read(HEAD_BYTES)
            file.seek(0)
            if head.startswith(ZIP_HEADS):
                with BoundedReader(raw, MAX_ZIP_DIRECTORY) as zipped:
                    found = zip_members(zipped, archive, status.st_size, max_member_bytes)
                    yield from _or_empty(found, archive)
            elif archive.path.lower().endswith(_ZIP_SUFFIXES) and has_end_of_zip(file, status.st_size):
                # Other tools look for it from its end, whatever stands in front.
                is_picture = why_skipped(head, "", named=False) is None
                if is_picture:
                    yield archive
                with BoundedReader(raw, MAX_ZIP_DIRECTORY) as zipped:
                    found = zip_members(
                        zipped, archive, status.st_size, max_member_bytes, is_known=is_picture
                    )
                    yield from found if is_picture else _or_empty(found, archive)
            elif (opened := tar_stream(file, head)) is not None:
                yield from _or_empty(tar_members(opened, archive, status.st_size, max_member_bytes), archive)
            else:
                yield archive
    except FileNotFoundError:
        yield archive
    except DAMAGE as exc:
        # What came before the damage has been yielded; what lies behind it cannot be counted.
        if isinstance(exc, OSError) and exc.errno is not None:
            yield Problem(path=archive.path, reason=f"unreadable archive: {exc.strerror or exc}")
        else:
            yield Problem(path=archive.path, reason=f"damaged archive: {type(exc).__name__}: {exc}")
    except Exception as exc:  # of a library's reader, whatever it is: it costs its own archive
        kind = type(exc).__name__
        reason = f"an archive that nobody expected, please report it: {kind} (the log has the traceback)"
        _LOG.exception("%s: %s", archive.path, reason)
        yield Problem(path=archive.path, reason=reason)


def _or_empty(found: Iterator[Found], archive: Item) -> Iterator[Found]:
    """Yield what was found in an archive, or that there is nothing in it: none is passed over in silence."""
    is_empty = True
    for each in found:
        is_empty = False
        yield each
    if is_empty:
        yield Skipped(path=archive.path, reason="empty archive", size=archive.size, mtime_ns=archive.mtime_ns)
