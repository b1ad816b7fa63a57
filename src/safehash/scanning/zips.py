"""The members of a zip: by its directory, and whether all of it is told there and by their own headers alike."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from typing import IO

from ..files import BoundedReader, TooManyBytes
from .archive_member import DAMAGE, may_expand_to, member_of, unread_member
from .items import Found, Item
from .records import Problem
from .zip_ends import behind_directory, has_another_directory
from .zip_headers import DESCRIPTOR_BYTES, LOCAL_BEGIN, ends_elsewhere, own_header

__all__ = ["MAX_ZIP_DIRECTORY", "ZIP_HEADS", "zip_members"]

#: A zip's directory is held in memory, about 12 bytes for each of its own.
MAX_ZIP_DIRECTORY = 64 << 20
ZIP_HEADS = (b"PK\x03\x04", b"PK\x05\x06")
#: How long nothing is, packed.
_NOTHING_BYTES = 2
#: Bytes between members that are looked through at once.
_PIECE = 1 << 16
#: How members of a zip may be packed. What the standard library unpacks of other methods, it unpacks at one go: a
#: kilobyte of them may be ten megabytes.
_BOUNDED = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
#: What a zip's members are long together is no more than the zip: those that share bytes cost them once each.
_OVERLAPPING = "archive whose members overlap: the rest was not read"


def zip_members(
    file: BoundedReader, archive: Item, n_stored: int, max_member_bytes: int, *, is_known: bool = False
) -> Iterator[Found]:
    """Yield the members that its directory names, and say where something else is in it.

    Parameters
    ----------
    is_known : bool
        What stands in front of all members is looked at already.
    """
    try:
        opened = zipfile.ZipFile(file)
    except TooManyBytes as exc:
        reason = f"archive with too many members: a directory of {exc.n_bytes} bytes"
        yield Problem(path=archive.path, reason=reason)
        return
    directory, file.most = file.asked, None  # what was asked for last
    stored_left = n_stored
    allowed = may_expand_to(n_stored)
    taken: list[tuple[int, int]] = []
    with opened:
        for position, info in enumerate(opened.infolist(), start=1):
            own = own_header(file, info)
            taken.append((info.header_offset, own.end))
            if info.filename.endswith("/") and info.compress_size <= _NOTHING_BYTES and not own.differs:
                continue  # a folder; zipfile's own question fails where there is no name
            if info.flag_bits & 1:
                yield unread_member(archive, position, info.filename, "encrypted")
                continue
            if info.compress_type not in _BOUNDED:
                yield unread_member(
                    archive, position, info.filename, "packed by LZMA, bzip2 or the like: unpack it"
                )
                continue
            if own.differs:
                yield unread_member(
                    archive, position, info.filename, "its header and the archive's directory differ"
                )
                continue
            allowed -= min(info.file_size, max_member_bytes) if own.has_sizes else info.file_size
            if allowed < 0:
                yield Problem(path=archive.path, reason="archive that expands too far: the rest was not read")
                return
            stored_left -= info.compress_size
            if stored_left < 0:
                yield Problem(path=archive.path, reason=_OVERLAPPING)
                return
            try:
                if ends_elsewhere(file, own, info):
                    yield unread_member(
                        archive, position, info.filename, "it ends where its archive's directory does not say"
                    )
                    continue
                with opened.open(info) as source:
                    found = member_of(
                        archive, position, info.filename,
                        n_bytes=info.file_size, source=source, max_member_bytes=max_member_bytes,
                    )  # fmt: skip
                yield found
            except DAMAGE as exc:
                yield unread_member(archive, position, info.filename, f"damaged in its archive: {exc}")
    n_beside = _beside_members(file, taken, directory, n_stored, is_known=is_known)
    if n_beside:
        yield Problem(
            path=archive.path,
            reason=f"archive with {n_beside} bytes that belong to none of its members: they were not looked at",
        )
    elif _overlap([*taken, directory]):
        yield Problem(
            path=archive.path,
            reason="archive whose members overlap: what others find in it was not looked at",
        )
    elif has_another_directory(file, *directory):
        yield Problem(path=archive.path, reason="archive with a second directory: it was not looked at")


def _beside_members(
    file: IO[bytes],
    taken: list[tuple[int, int]],
    directory: tuple[int, int],
    n_stored: int,
    *,
    is_known: bool,
) -> int:
    """Return how many bytes of a zip are neither a member's nor its directory's, and not zeros alone.

    What a directory does not name is unpacked all the same, by tools that read on from the start, or that take another
    directory for the one that counts.
    """
    taken = [*taken, (directory[0], behind_directory(file, directory[1]))]
    n_beside = 0
    at = min(first for first, _ in taken) if is_known else 0
    for first, end in [*sorted(taken), (n_stored, n_stored)]:
        left = first - at
        may_be_descriptor = left <= DESCRIPTOR_BYTES
        file.seek(at)
        while left > 0 and (piece := file.read(min(left, _PIECE))):
            left -= len(piece)
            if LOCAL_BEGIN in piece if may_be_descriptor else any(piece):
                n_beside += first - at
                break
        at = max(at, end)
    return n_beside


def _overlap(taken: list[tuple[int, int]]) -> bool:
    """Return whether some bytes of a zip belong to two: others are found behind the first by reading on.

    One member under two names is one.
    """
    before = (0, 0)
    for one in sorted(taken):
        if one[0] < before[1] and one != before:
            return True
        before = one
    return False
