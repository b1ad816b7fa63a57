"""Where the items of an AVIF or HEIF file stand: the pieces that its ``iloc`` box names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from ..errors import ImageTooLarge
from .boxes import all_of, inside, up_to_items

__all__ = ["ItemPieces", "Widths", "item_contents", "item_lengths", "item_pieces", "widths_of"]

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


def item_contents(data: bytes, wanted: set[int], *, n_bytes: int) -> dict[int, bytes]:
    """Return the first bytes of items, put together of their pieces: in the file, or in the box for small ones.

    Raises
    ------
    ImageTooLarge
        There are more pieces, or boxes, than are looked at.
    """
    head = up_to_items(data)
    held = next(iter(all_of(lambda budget: inside(head, (b"meta", b"idat"), 0, len(head), budget))), (0, 0))
    found: dict[int, bytes] = {}
    for begin, end in all_of(lambda budget: inside(head, (b"meta", b"iloc"), 0, len(head), budget)):
        for item, method, _, pieces, _ in item_pieces(data[begin:end]):
            if item in wanted and method < 2:
                base, limit = held if method == 1 else (0, len(data))
                found[item] = b""
                for at, n in pieces:
                    first = base + at
                    found[item] += data[first : min(first + min(n, n_bytes), limit)]
                    if len(found[item]) >= n_bytes:
                        break
    return found


def item_lengths(data: bytes) -> dict[int, int]:
    """Return how many bytes each item has, as its pieces say.

    Raises
    ------
    ImageTooLarge
        As of `item_contents`.
    """
    lengths: dict[int, int] = {}
    head = up_to_items(data)
    for begin, end in all_of(lambda budget: inside(head, (b"meta", b"iloc"), 0, len(head), budget)):
        for each in item_pieces(data[begin:end]):
            lengths[each.item] = lengths.get(each.item, 0) + sum(length for _, length in each.pieces)
    return lengths
