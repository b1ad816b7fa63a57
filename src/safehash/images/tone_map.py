"""Where an AVIF file has a gain map: the item that makes another brightness of its picture, and the map's own item."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, TypeVar

from ..errors import ImageTooLarge
from .boxes import boxes, inside, primary_item
from .gain_map import MOST_MAPS, GainMap, by_numbers
from .items import item_pieces

__all__ = ["ToneMap", "tone_maps", "with_primary"]

_Found = TypeVar("_Found")

#: Boxes looked through for each thing that is looked for: a grid of a hundred tiles has some 300.
_MAX_BOXES = 4096
#: Bytes of an item with the numbers of a gain map: of three colours, a version before them.
_MOST_NUMBERS = 256
_DERIVED, _MADE_OF = b"tmap", b"dimg"


class ToneMap(NamedTuple):
    """A gain map, and the number of the item that holds it."""

    gain: GainMap
    item: int


def tone_maps(data: bytes) -> tuple[ToneMap, ...]:
    """Return the gain maps that a file has for its primary picture.

    Raises
    ------
    ImageTooLarge
        It has more boxes, pieces or maps than are looked at.

    References
    ----------
    ISO 21496-1, annex C; ISO/IEC 23008-12 (tone map derivation); ISO/IEC 14496-12, 8.11.
    """
    if _DERIVED not in data:
        return ()
    primary = _all_of(lambda budget: [primary_item(data, budget)])[0]
    derived = {item for item, kind in _all_of(lambda budget: _kinds(data, budget)) if kind == _DERIVED}
    wanted = {
        item: sources[1]
        for item, sources in _all_of(lambda budget: _made_of(data, budget))
        if item in derived and len(sources) == 2 and sources[0] == primary
    }
    contents = _contents(data, set(wanted)) if wanted else {}
    found = []
    for item, own in wanted.items():
        body = contents.get(item, b"")
        gain = by_numbers(body[1:]) if body[:1] == b"\0" else None
        found += [ToneMap(gain, own)] if gain is not None else []
    if len(found) > MOST_MAPS:
        raise ImageTooLarge(f"{len(found)} gain maps in one AVIF file, and {MOST_MAPS} are looked at")
    return tuple(found)


def _all_of(look: Callable[[list[int]], Iterable[_Found]]) -> list[_Found]:
    """Return what a look through the boxes of a file finds.

    Raises
    ------
    ImageTooLarge
        There are more boxes than are looked through.
    """
    budget = [_MAX_BOXES]
    found = list(look(budget))
    if budget[0] <= 0:
        raise ImageTooLarge(f"more than {_MAX_BOXES} boxes in an AVIF file that may have gain maps")
    return found


def with_primary(data: bytes, item: int) -> bytes:
    """Return a file whose primary picture is another item."""
    for begin, end in inside(data, (b"meta", b"pitm"), 0, len(data), [_MAX_BOXES]):
        width = 2 if data[begin : begin + 1] == b"\0" else 4
        if end - begin >= 4 + width:
            return data[: begin + 4] + item.to_bytes(width, "big") + data[begin + 4 + width :]
    return data


def _kinds(data: bytes, budget: list[int]) -> Iterator[tuple[int, bytes]]:
    """Yield number and kind of every item."""
    for begin, end in inside(data, (b"meta", b"iinf"), 0, len(data), budget):
        first = begin + (6 if data[begin : begin + 1] == b"\0" else 8)
        for kind, at, after in boxes(data, first, end, budget):
            version = data[at] if kind == b"infe" and at < after else 0
            width = 2 if version == 2 else 4
            if version in (2, 3) and after - at >= 10 + width:
                yield (
                    int.from_bytes(data[at + 4 : at + 4 + width], "big"),
                    data[at + 6 + width : at + 10 + width],
                )


def _made_of(data: bytes, budget: list[int]) -> Iterator[tuple[int, list[int]]]:
    """Yield every item that is derived from others, with theirs."""
    for begin, end in inside(data, (b"meta", b"iref"), 0, len(data), budget):
        width = 2 if data[begin : begin + 1] == b"\0" else 4
        for kind, at, after in boxes(data, begin + 4, end, budget):
            if kind == _MADE_OF:
                numbers = [
                    int.from_bytes(data[k : k + width], "big")
                    for k in range(at + width + 2, after - width + 1, width)
                ]
                yield int.from_bytes(data[at : at + width], "big"), numbers


def _contents(data: bytes, wanted: set[int]) -> dict[int, bytes]:
    """Return the first bytes of items, put together of their pieces: in the file, or in the box for small ones."""
    held = next(iter(_all_of(lambda budget: inside(data, (b"meta", b"idat"), 0, len(data), budget))), (0, 0))
    found: dict[int, bytes] = {}
    for begin, end in _all_of(lambda budget: inside(data, (b"meta", b"iloc"), 0, len(data), budget)):
        for item, method, _, pieces, _ in item_pieces(data[begin:end]):
            if item in wanted and method < 2:
                base, limit = held if method == 1 else (0, len(data))
                found[item] = b""
                for at, n in pieces:
                    first = base + at
                    found[item] += data[first : min(first + min(n, _MOST_NUMBERS), limit)]
                    if len(found[item]) >= _MOST_NUMBERS:
                        break
    return found
