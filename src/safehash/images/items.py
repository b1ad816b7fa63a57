"""Where the items of an AVIF or HEIF file stand: the pieces that its ``iloc`` box names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..errors import ImageTooLarge

__all__ = ["ItemPieces", "Widths", "item_pieces", "widths_of"]

#: Pieces of items in all: a grid of a hundred tiles has some 300 boxes.
_MAX_PIECES = 65_536


class Widths(NamedTuple):
    """Bytes of the numbers in an ``iloc`` box: of a piece's place and length, and of what is added to its place."""

    place: int
    length: int
    base: int
    number: int


class ItemPieces(NamedTuple):
    """An item: how its pieces are counted (0: in the file, 1: in the ``idat`` box), and where they are.

    ``at`` is where the numbers of the first piece stand in the box.
    """

    item: int
    method: int
    base: int
    pieces: list[tuple[int, int]]
    at: int


def widths_of(body: bytes) -> Widths:
    """Return how wide the numbers of a box are, given its content, which has its first numbers."""
    return Widths(body[4] >> 4, body[4] & 15, body[5] >> 4, (body[5] & 15) if body[0] else 0)


def item_pieces(body: bytes) -> Iterator[ItemPieces]:
    """Yield each item of a box, given its content.

    Raises
    ------
    ImageTooLarge
        There are more pieces than are looked at.

    References
    ----------
    ISO/IEC 14496-12, 8.11.3.
    """
    if len(body) < 8:
        return
    version, widths = body[0], widths_of(body)
    of_item = 2 if version < 2 else 4
    at = 6

    def take(n: int) -> int:
        nonlocal at
        at += n
        return int.from_bytes(body[at - n : at], "big")

    left = _MAX_PIECES
    for _ in range(take(of_item)):
        item = take(of_item)
        method = take(2) & 15 if version else 0
        take(2)
        base = take(widths.base)
        pieces = []
        n_pieces = take(2)
        left -= 1 + n_pieces
        if at > len(body):
            return
        if left < 0:
            raise ImageTooLarge(f"more than {_MAX_PIECES} pieces of items in one file")
        first = at + widths.number
        for _ in range(n_pieces):
            take(widths.number)
            place = take(widths.place)
            pieces.append((base + place, take(widths.length)))
        if at > len(body):
            return
        yield ItemPieces(item, method, base, pieces, first)
