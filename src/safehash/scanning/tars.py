"""The members of a tar, one after the other: bounded, and what stands behind its end is said."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO, cast

from .archive_member import may_expand_to, member_of
from .forward import MAX_TAR_HEADER, Forward
from .items import Found, Item, is_tar
from .packed_streams import unpacked
from .records import Problem, Skipped

__all__ = ["tar_members", "tar_stream"]

#: A packed tar may have so many members whatever its size,
#: and one more for so many bytes of it. Headers of zeros pack to nothing,
#: and each costs 50 us; names and times that differ leave 100 bytes of each.
_MEMBERS_FREE, _BYTES_A_MEMBER = 20_000, 128
#: What all headers of a tar may be long: so much whatever its size, and so many times that. Headers of zeros pack to
#: nothing, and some cost 50 ns a byte; where names and times differ, they pack to a twelfth.
_HEADERS_FREE, _HEADERS = 32 << 20, 12
#: Fields that a tar may tell of all its members: the reader lays each on every one of them. `git archive` tells one.
_MAX_TAR_FIELDS = 64


def tar_stream(file: IO[bytes], head: bytes) -> IO[bytes] | None:
    """Return the tar's own bytes, decompressed as they are read, or None if it is no tar."""
    return file if is_tar(head) else unpacked(file, head)


def tar_members(stream: IO[bytes], archive: Item, n_stored: int, max_member_bytes: int) -> Iterator[Found]:
    left = may_expand_to(n_stored)
    headers_left = _HEADERS_FREE + _HEADERS * n_stored
    forward = Forward(stream, left)
    most = max(_MEMBERS_FREE + n_stored // _BYTES_A_MEMBER, n_stored // tarfile.BLOCKSIZE)
    may_be_long = min(MAX_TAR_HEADER + 4 * tarfile.BLOCKSIZE, headers_left)
    forward.begin_header(may_be_long)  # the first is read at once
    with tarfile.open(fileobj=forward, mode="r:") as opened:
        position = 0
        while True:
            if position:
                may_be_long = min(MAX_TAR_HEADER + 4 * tarfile.BLOCKSIZE, headers_left)
                forward.begin_header(may_be_long)
            info = opened.next()
            headers_left -= may_be_long - forward.end_header(max_member_bytes + 1)
            if info is None:
                # The reader stops at what is no header, as at zeros; tools that unpack look for the next one.
                if any(forward.header):
                    raise tarfile.ReadError("what follows its members is no header: the rest was not read")
                if not forward.is_blank():
                    yield Problem(
                        path=archive.path,
                        reason="archive with more behind its end, another one maybe: that was not looked at",
                    )
                return
            if len(opened.pax_headers) > _MAX_TAR_FIELDS:
                raise tarfile.ReadError(f"{len(opened.pax_headers)} fields are told of all its members")
            if position == most:
                yield Problem(
                    path=archive.path,
                    reason=f"archive of too many members for its size: what follows {most} of them was not read",
                )
                return
            opened.members = []  # type: ignore[attr-defined]  # the reader keeps every header otherwise
            position += 1
            if info.isdir():
                continue
            # Of a type that nobody knows, tools make a file.
            if not info.isfile() and info.type in tarfile.SUPPORTED_TYPES:
                reason = "link in an archive" if info.issym() or info.islnk() else "special file"
                yield Skipped(path=archive.path, position=position, member=info.name, reason=reason)
                continue
            if info.issparse():
                _expect_map(
                    cast("list[tuple[int, int]]", info.sparse)
                )  # which the library's types call bytes
                left -= min(info.size, max_member_bytes)  # holes are in no stream, and are read
                if left < 0:
                    raise tarfile.ReadError("it expands too far")
            source = opened.extractfile(info)
            if source is not None:
                yield member_of(
                    archive, position, info.name,
                    n_bytes=info.size, source=source, max_member_bytes=max_member_bytes,
                )  # fmt: skip


def _expect_map(parts: list[tuple[int, int]]) -> None:
    """Refuse a map of a member's holes that goes back: the reader would look through all of it for each part.

    Raises
    ------
    tarfile.ReadError
    """
    n_parts = len(parts)
    while n_parts and parts[n_parts - 1] == (0, 0):  # what a header has no further part for
        n_parts -= 1
    end = 0
    for offset, n_bytes in parts[:n_parts]:
        if offset < end or n_bytes < 0 or (not offset and not n_bytes):
            raise tarfile.ReadError("a member's map of holes goes back")
        end = offset + n_bytes
