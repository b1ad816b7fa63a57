"""Where an AVIF file has a gain map: the item that makes another brightness of its picture, and the map's own item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from .boxes import boxes, inside, primary_item
from .gain_map import GainMap, by_numbers

__all__ = ["ToneMap", "tone_maps", "with_primary"]

#: Boxes and items looked through in all, and gain maps of one file.
_MAX_BOXES, _MOST_MAPS = 4096, 4
_DERIVED, _MADE_OF = b"tmap", b"dimg"


class ToneMap(NamedTuple):
    """A gain map, and the number of the item that holds it."""

    gain: GainMap
    item: int


def tone_maps(data: bytes) -> tuple[ToneMap, ...]:
    """Return the gain maps that a file has for its primary picture.

    References
    ----------
    ISO 21496-1, annex C; ISO/IEC 23008-12 (tone map derivation); ISO/IEC 14496-12, 8.11.
    """
    if _DERIVED not in data:
        return ()
    budget = [_MAX_BOXES]
    primary = primary_item(data, budget)
    derived = {item for item, kind in _kinds(data, budget) if kind == _DERIVED}
    contents = _contents(data, derived, budget)
    found = []
    for item, sources in _made_of(data, budget):
        if item in derived and len(sources) == 2 and sources[0] == primary:
            body = contents.get(item, b"")
            gain = by_numbers(body[1:], 0) if body[:1] == b"\0" else None
            found += [ToneMap(gain, sources[1])] if gain is not None else []
    return tuple(found[:_MOST_MAPS])


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


def _contents(data: bytes, wanted: set[int], budget: list[int]) -> dict[int, bytes]:
    """Return the bytes of items, put together of their pieces: in the file, or in the box for small ones."""
    held = next(inside(data, (b"meta", b"idat"), 0, len(data), budget), (0, 0))
    found: dict[int, bytes] = {}
    for begin, end in inside(data, (b"meta", b"iloc"), 0, len(data), budget):
        for item, method, pieces in _pieces(data[begin:end]):
            if item in wanted and method < 2:
                base, limit = held if method == 1 else (0, len(data))
                found[item] = b"".join(data[base + at : min(base + at + n, limit)] for at, n in pieces)
    return found


def _pieces(body: bytes) -> Iterator[tuple[int, int, list[tuple[int, int]]]]:
    """Yield each item's number, how its pieces are counted, and the place and length of these."""
    if len(body) < 8:
        return
    version = body[0]
    of_place, of_length, of_base = body[4] >> 4, body[4] & 15, body[5] >> 4
    of_index = (body[5] & 15) if version else 0
    of_item = 2 if version < 2 else 4
    at = 6

    def take(n: int) -> int:
        nonlocal at
        at += n
        return int.from_bytes(body[at - n : at], "big")

    for _ in range(min(take(of_item), _MAX_BOXES)):
        item = take(of_item)
        method = take(2) & 15 if version else 0
        take(2)
        base = take(of_base)
        pieces = []
        for _ in range(min(take(2), _MAX_BOXES)):
            take(of_index)
            place = take(of_place)
            pieces.append((base + place, take(of_length)))
        if at > len(body):
            return
        yield item, method, pieces
