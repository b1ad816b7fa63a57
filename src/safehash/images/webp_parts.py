"""What the parts of a WebP file cost beside its pixels: chunks, and tables of lossless pictures."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from .. import _rows
from ..errors import ImageTooLarge

if TYPE_CHECKING:
    from .counting import Budget

__all__ = ["check_tables", "count_webp"]

#: Nanoseconds of a chunk. And bytes of a frame before the chunks in it, which are walked as if they stood behind it.
_RIFF_CHUNK, _FRAME_HEADER = 10_000, 16
#: Nanoseconds of a group of prefix codes (8 to 13 measured, in microseconds), and of a pixel of the small pictures
#: before them. Encoders make some tens of groups a picture.
_GROUP, _SMALL_PIXEL = 12_000, 4
#: Groups of one picture: each holds 5.8 KB of memory, so these some 70 MB.
_MOST_GROUPS = 12_000
#: A picture of fewer pixels than this for each group, and some, costs its tables more than its pixels.
_SOME_GROUPS, _PIXELS_A_GROUP = 64, 512
#: Pixels of a small picture, one of 16 pixels in the file's: larger files are over every limit.
_SMALL_PIXELS = 1 << 22
#: Bytes before the transforms: the mark and the sides of a lossless picture; how alpha is packed.
_LOSSLESS_HEADER, _ALPHA_HEADER = 5, 1


def count_webp(data: bytes, budget: Budget) -> None:
    """Count the chunks of the file, those within its frames, and the tables of each lossless picture.

    Raises
    ------
    ImageTooLarge
        As of `Budget.spend`; or the tables of one picture take more memory than is left beside it.
    """
    n_chunks = 0
    for kind, chunk, sides in _chunks(data):
        n_chunks += 1
        if n_chunks % 256 == 0:
            budget.spend(256, _RIFF_CHUNK, f"{n_chunks} chunks")
        if kind not in _WITH_TABLES:
            continue
        n_groups, n_small, _ = _tables(kind, chunk, sides)
        budget.spend(n_small, _SMALL_PIXEL, f"{n_small} pixels of tables")
        budget.spend(n_groups, _GROUP, f"{n_groups} groups of codes in one picture")
        if n_groups > _MOST_GROUPS:
            raise ImageTooLarge(
                f"a WEBP file made to cost: {n_groups} groups of codes in one picture, at most {_MOST_GROUPS}"
            )
    budget.spend(n_chunks % 256, _RIFF_CHUNK, f"{n_chunks} chunks")


def check_tables(data: bytes) -> None:
    """Refuse a WebP file within another one, of which there may be thousands, whose tables cost more than its pixels.

    Raises
    ------
    ImageTooLarge
    """
    for kind, chunk, sides in _chunks(data):
        if kind not in _WITH_TABLES:
            continue
        n_groups, _, n_pixels = _tables(kind, chunk, sides)
        most = _SOME_GROUPS + n_pixels // _PIXELS_A_GROUP
        if n_groups > most:
            raise ImageTooLarge(
                f"WEBP data made to cost: {n_groups} groups of codes for {n_pixels} pixels, at most {most}"
            )


#: The chunks of lossless pictures and of alpha.
_WITH_TABLES = (b"VP8L", b"ALPH")


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview, tuple[int, int]]]:
    """Yield kind and content of each chunk, those within frames behind their frame, and the sides declared last."""
    at, unpack, view = 12, struct.Struct("<4sI").unpack_from, memoryview(data)
    sides = (1, 1)
    while at + 8 <= len(data):
        kind, n_bytes = unpack(data, at)
        at += 8
        if kind == b"ANMF":
            sides = _sides(data, at + 6)
            yield kind, view[at : at + _FRAME_HEADER], sides
            at += _FRAME_HEADER
            continue
        if kind == b"VP8X":
            sides = _sides(data, at + 4)
        yield kind, view[at : at + n_bytes], sides
        at += n_bytes + n_bytes % 2


def _tables(kind: bytes, chunk: memoryview, sides: tuple[int, int]) -> tuple[int, int, int]:
    """Return groups of codes, pixels of the small pictures before them, and pixels, of a lossless picture or alpha."""
    header = _ALPHA_HEADER
    if kind == b"VP8L":
        header = _LOSSLESS_HEADER
        if len(chunk) < header:
            return 0, 0, 0
        word = struct.unpack_from("<I", chunk, 1)[0]
        sides = (word & 0x3FFF) + 1, (word >> 14 & 0x3FFF) + 1
    elif not chunk or chunk[0] & 3 != 1:  # not packed
        return 0, 0, 0
    n_groups, n_small = _rows.prefix_groups(
        chunk[header:], width=sides[0], height=sides[1], most_pixels=_SMALL_PIXELS
    )
    return n_groups, n_small, sides[0] * sides[1]


def _sides(data: bytes, at: int) -> tuple[int, int]:
    """Read two sides, each one less than it is."""
    return (
        int.from_bytes(data[at : at + 3], "little") + 1,
        int.from_bytes(data[at + 3 : at + 6], "little") + 1,
    )
