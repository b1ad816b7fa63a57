"""What the items of an HEIF file cost beside what they show: parts used again and again, turns of turns."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ImageTooLarge
from .boxes import all_of, boxes, inside, item_sources, up_to_items
from .items import item_lengths

if TYPE_CHECKING:
    from .counting import Budget

__all__ = ["count_heif"]

#: Nanoseconds of a coded pixel that nothing is in, and of a coded byte, halved as all these are: 16 to 18 and 170
#: measured, 100 of noise.
_CODED_PIXEL, _CODED_BYTE = 8, 85
#: Pixels for each byte of the file that are no more than a photograph's.
_PIXELS_A_BYTE = 6
#: How often all of a file's bytes may be decoded: as tiles, and by what is made of them.
_MAX_USES = 2
#: Turns, mirrors and cuts of one picture; encoders write one of each.
_MAX_CHANGES = 4
_CHANGES = frozenset({b"irot", b"imir", b"clap"})
#: Items in items: a grid on a canvas, changed, is three deep.
_MAX_DEPTH = 8
_HIDDEN = 1
#: Bytes that say how large a picture is.
_SIDES = 12


class _Work(NamedTuple):
    """What decoding an item takes: coded pixels, and coded bytes."""

    pixels: int = 0
    n_bytes: int = 0

    def with_(self, other: _Work) -> _Work:
        return _Work(self.pixels + other.pixels, self.n_bytes + other.n_bytes)


@dataclass(slots=True)
class _Item:
    is_hidden: bool = False
    pixels: int = 0
    n_changes: int = 0
    sources: tuple[int, ...] = ()
    work: _Work | None = None


@dataclass(slots=True)
class _Items:
    """The items of a file by their numbers."""

    lengths: Mapping[int, int]
    found: dict[int, _Item] = field(default_factory=dict)

    def __getitem__(self, number: int) -> _Item:
        return self.found.setdefault(number, _Item())

    def work_of(self, number: int, depth: int = 0) -> _Work:
        """Return what decoding an item takes, as often as its parts are named.

        Raises
        ------
        ImageTooLarge
            Items are in each other without end.
        """
        item = self.found.get(number)
        if item is None:
            return _Work()
        if item.work is None:
            if depth > _MAX_DEPTH:
                raise ImageTooLarge(
                    f"a HEIF file made to cost: items in each other, more than {_MAX_DEPTH} deep"
                )
            if item.sources:
                item.work = _Work()  # of one that is in itself
                work = _Work()
                for source in item.sources:
                    work = work.with_(self.work_of(source, depth + 1))
                item.work = work
            else:
                item.work = _Work(item.pixels, self.lengths.get(number, 0))
        return item.work


def count_heif(data: bytes, budget: Budget) -> None:
    """Count how often coded pixels and bytes are decoded, if all that is shown is looked at, and how often turned.

    Raises
    ------
    ImageTooLarge
        As of `Budget.spend`; a picture is changed more often than any is.
    """
    head = up_to_items(data)
    items = _read(head, item_lengths(data))
    pixels = n_bytes = 0
    for number, item in list(items.found.items()):
        if item.n_changes > _MAX_CHANGES:
            raise ImageTooLarge(
                f"a HEIF file made to cost: a picture that is turned, mirrored or cut {item.n_changes} times"
            )
        if not item.is_hidden:
            work = items.work_of(number)
            pixels += work.pixels
            n_bytes += work.n_bytes
    more = max(0, pixels - _PIXELS_A_BYTE * len(data))
    budget.spend(more, _CODED_PIXEL, f"{pixels} pixels to be decoded")
    again = max(0, n_bytes - _MAX_USES * len(data))
    budget.spend(again, _CODED_BYTE, f"{n_bytes} bytes to be decoded, of a file of {len(data)}")


def _read(head: bytes, lengths: Mapping[int, int]) -> _Items:
    items = _Items(lengths)
    for number, is_hidden in all_of(lambda left: _announced(head, left)):
        items[number].is_hidden = is_hidden
    for number, sources in all_of(lambda left: item_sources(head, left)):
        items[number].sources += sources
    for number, kind, body in all_of(lambda left: _associations(head, left)):
        item = items[number]
        item.n_changes += kind in _CHANGES
        if kind == b"ispe":
            width, height = int.from_bytes(body[4:8], "big"), int.from_bytes(body[8:12], "big")
            item.pixels = max(item.pixels, width * height)
    return items


def _announced(head: bytes, left: list[int]) -> Iterator[tuple[int, bool]]:
    """Yield number and whether it is hidden of every item."""
    for begin, end in inside(head, (b"meta", b"iinf"), 0, len(head), left):
        first = begin + (6 if head[begin : begin + 1] == b"\0" else 8)
        for kind, at, after in boxes(head, first, end, left):
            if kind == b"infe" and after - at >= 8:
                width = 2 if head[at] < 3 else 4
                yield int.from_bytes(head[at + 4 : at + 4 + width], "big"), bool(head[at + 3] & _HIDDEN)


def _associations(head: bytes, left: list[int]) -> Iterator[tuple[int, bytes, bytes]]:
    """Yield the properties of all items: number, kind and content."""
    for begin, end in inside(head, (b"meta", b"iprp"), 0, len(head), left):
        owned: list[tuple[bytes, bytes]] = []
        for kind, at, after in boxes(head, begin, end, left):
            if kind == b"ipco":
                owned = [
                    (what, head[first : min(last, first + _SIDES)])
                    for what, first, last in boxes(head, at, after, left)
                ]
            elif kind == b"ipma":
                for place, (number, which) in enumerate(_pairs(head[at:after])):
                    if place % _PAIRS_A_BOX == 0:
                        left[0] -= 1
                    if left[0] <= 0:
                        return
                    if 1 <= which <= len(owned):
                        yield (number, *owned[which - 1])


#: Every so many properties of items count as one box.
_PAIRS_A_BOX = 16


def _pairs(body: bytes) -> Iterator[tuple[int, int]]:
    """Yield item and number of each property that an ``ipma`` box gives it."""
    if len(body) < 8:
        return
    width, wide = (2 if body[0] == 0 else 4), 2 if body[3] & 1 else 1
    at = 8
    for _ in range(int.from_bytes(body[4:8], "big")):
        if at + width + 1 > len(body):
            return
        number, n = int.from_bytes(body[at : at + width], "big"), body[at + width]
        at += width + 1
        for _ in range(min(n, (len(body) - at) // wide)):
            yield number, int.from_bytes(body[at : at + wide], "big") & (0x7FFF if wide == 2 else 0x7F)
            at += wide
