"""What the boxes of an AVIF or HEIF file say of its picture and its colours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, TypeVar

from ..errors import ImageTooLarge

__all__ = [
    "Reference",
    "VideoColour",
    "all_of",
    "boxes",
    "has_two_pictures",
    "inside",
    "item_kinds",
    "item_properties",
    "item_sources",
    "primary_item",
    "properties",
    "references",
    "up_to_items",
    "video_colour",
]

#: Boxes, properties and items looked through in all. A file of a hundred tiles has some 300.
_MAX_BOXES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoColour:
    """What a file says of its colours, the most heeded first.

    Attributes
    ----------
    profiles : tuple of bytes
        ICC profiles.
    code_points : tuple of (int, int)
        Primaries and transfer function by their numbers in ITU-T H.273.
    peak : float or None
        The brightest light, in candela a square metre.
    """

    profiles: tuple[bytes, ...] = ()
    code_points: tuple[tuple[int, int], ...] = ()
    peak: float | None = None


def video_colour(data: bytes) -> VideoColour:
    """Return what the primary picture and the tracks of a file say; what is broken says nothing.

    References
    ----------
    ISO/IEC 14496-12 (12.1.5, 8.11), ISO/IEC 23008-12, AV1 in ISOBMFF.
    """
    budget = [_MAX_BOXES]
    profiles: list[bytes] = []
    code_points: list[tuple[int, int]] = []
    light = screen = 0.0
    coded: list[bytes] = []
    for kind, body in properties(data, budget):
        if kind == b"colr" and body[:4] in (b"prof", b"rICC"):
            profiles.append(body[4:])
        elif kind == b"colr" and body[:4] == b"nclx" and len(body) >= 11:
            code_points.append((int.from_bytes(body[4:6], "big"), int.from_bytes(body[6:8], "big")))
        elif kind == b"clli" and len(body) >= 4:
            light = light or float(int.from_bytes(body[:2], "big"))
        elif kind == b"mdcv" and len(body) >= 24:
            screen = screen or int.from_bytes(body[16:20], "big") / 10000
        elif kind == b"av1C" and len(body) > 4:
            coded.append(body[4:])
    if not profiles and not code_points:
        coded.append(_first_coded(data, budget))
        own = next(filter(None, map(_av1_code_points, coded)), None)
        code_points += [own] if own is not None else []
    return VideoColour(profiles=tuple(profiles), code_points=tuple(code_points), peak=light or screen or None)


_Found = TypeVar("_Found")


def all_of(look: Callable[[list[int]], Iterable[_Found]]) -> list[_Found]:
    """Return what a look through the boxes of a file finds.

    Parameters
    ----------
    look : callable
        Given how many boxes may be looked through, as `properties` is.

    Raises
    ------
    ImageTooLarge
        There are more boxes than are looked through.
    """
    budget = [_MAX_BOXES]
    found = list(look(budget))
    if budget[0] <= 0:
        raise ImageTooLarge(f"more than {_MAX_BOXES} boxes in an AVIF file with several pictures")
    return found


def up_to_items(data: bytes) -> bytes:
    """Return a file up to the end of what it first says of its items; nothing of one that says nothing.

    Neither the coded pixels nor the boxes behind are to be looked through.

    Raises
    ------
    ImageTooLarge
        It says so behind more boxes than are looked through.
    """
    metas = all_of(lambda budget: islice(inside(data, (b"meta",), 0, len(data), budget), 1))
    return data[: metas[0][1]] if metas else b""


def boxes(data: bytes, at: int, end: int, budget: list[int]) -> Iterator[tuple[bytes, int, int]]:
    """Yield kind, begin and end of the content of each box between two places."""
    while at + 8 <= end and budget[0] > 0:
        budget[0] -= 1
        n_bytes, kind, begin = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8], at + 8
        if n_bytes == 1:
            n_bytes, begin = int.from_bytes(data[at + 8 : at + 16], "big"), at + 16
        after = at + n_bytes if n_bytes else end
        if after < begin or after > end:
            return
        yield kind, begin, after
        at = after


def inside(
    data: bytes, path: tuple[bytes, ...], at: int, end: int, budget: list[int]
) -> Iterator[tuple[int, int]]:
    """Yield the places of the content of each box that a path of kinds leads to."""
    for kind, begin, after in boxes(data, at, end, budget):
        if kind != path[0]:
            continue
        inner = begin + _BEFORE_BOXES.get(kind, 0)
        if len(path) == 1:
            yield begin, after
        else:
            yield from inside(data, path[1:], inner, after, budget)


#: What stands between the head of a box and the boxes in it, in bytes.
_BEFORE_BOXES = {b"meta": 4, b"stsd": 8, b"av01": 78, b"hvc1": 78, b"hev1": 78}


def properties(data: bytes, budget: list[int] | None = None) -> Iterator[tuple[bytes, bytes]]:
    """Yield the properties of the primary picture and of tracks, of what viewers show first: kind and content.

    Parameters
    ----------
    data : bytes
        The whole file.
    budget : list of one int, optional
        How many boxes may still be looked through; counts down.
    """
    budget = [_MAX_BOXES] if budget is None else budget
    if data[8:12] == b"avis":
        yield from _of_tracks(data, budget)
        yield from _of_primary(data, budget)
    else:
        yield from _of_primary(data, budget)
        yield from _of_tracks(data, budget)


def has_two_pictures(data: bytes) -> bool:
    """Tell whether a file has a still picture and an animation that begins with another one."""
    budget = [_MAX_BOXES]
    path = (b"moov", b"trak", b"mdia", b"minf", b"stbl")
    frames = {
        int.from_bytes(data[begin + 8 : begin + 8 + width], "big")
        for kind, width in ((b"stco", 4), (b"co64", 8))
        for begin, end in inside(data, (*path, kind), 0, len(data), budget)
        if end - begin >= 8 + width
    }
    still = _places(data, budget).get(primary_item(data, budget))
    return bool(frames) and still is not None and still not in frames


def _of_primary(data: bytes, budget: list[int]) -> Iterator[tuple[bytes, bytes]]:
    """Yield the primary item's properties, and the first part's colours where it is put together and has none."""
    primary = primary_item(data, budget)
    coloured = set()
    for kind, body, _ in item_properties(data, primary, budget):
        if kind == b"colr":
            coloured.add(body[:4] == _NUMBERS)
        yield kind, body
    if len(coloured) == 2 or dict(item_kinds(data, budget)).get(primary) not in _PUT_TOGETHER:
        return
    sources = dict(item_sources(data, budget)).get(primary, ())
    if not sources:
        return
    for kind, body, _ in item_properties(data, sources[0], budget):
        if kind == b"colr" and (body[:4] == _NUMBERS) not in coloured:
            yield kind, body


_NUMBERS = b"nclx"
#: Items that are made of others, side by side or one over the other.
_PUT_TOGETHER = (b"grid", b"iovl")


def item_properties(data: bytes, item: int, budget: list[int]) -> Iterator[tuple[bytes, bytes, bool]]:
    """Yield kind and content of an item's properties, and whether nobody may show it who does not know that one."""
    for begin, end in inside(data, (b"meta", b"iprp"), 0, len(data), budget):
        owned: list[tuple[bytes, bytes]] = []
        for kind, at, after in boxes(data, begin, end, budget):
            if kind == b"ipco":
                owned = [(what, data[first:last]) for what, first, last in boxes(data, at, after, budget)]
            elif kind == b"ipma":
                for number, is_essential in _associated(data[at:after], item):
                    if 1 <= number <= len(owned):
                        yield (*owned[number - 1], is_essential)


def _of_tracks(data: bytes, budget: list[int]) -> Iterator[tuple[bytes, bytes]]:
    for entry in (b"av01", b"hvc1", b"hev1"):
        path = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", entry)
        for begin, end in inside(data, path, 0, len(data), budget):
            for kind, at, after in boxes(data, begin + _BEFORE_BOXES[entry], end, budget):
                yield kind, data[at:after]


def primary_item(data: bytes, budget: list[int]) -> int:
    """Return the number of the primary item, 0 where none is named."""
    for begin, end in inside(data, (b"meta", b"pitm"), 0, len(data), budget):
        width = 2 if data[begin : begin + 1] == b"\0" else 4
        return int.from_bytes(data[begin + 4 : min(begin + 4 + width, end)], "big")
    return 0


def item_kinds(data: bytes, budget: list[int]) -> Iterator[tuple[int, bytes]]:
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


class Reference(NamedTuple):
    """From an item to others: of which kind, where its content begins in the file, bytes of each item's number."""

    kind: bytes
    item: int
    targets: tuple[int, ...]
    at: int
    width: int

    @property
    def places(self) -> range:
        """Where the numbers of the others stand in the file."""
        first = self.at + self.width + 2
        return range(first, first + self.width * len(self.targets), self.width)


def references(data: bytes, budget: list[int]) -> Iterator[Reference]:
    """Yield what refers to what, as many others as each reference says that it has."""
    for begin, end in inside(data, (b"meta", b"iref"), 0, len(data), budget):
        width = 2 if data[begin : begin + 1] == b"\0" else 4
        for kind, at, after in boxes(data, begin + 4, end, budget):
            first = at + width + 2
            n_said = int.from_bytes(data[first - 2 : first], "big")
            targets = tuple(
                int.from_bytes(data[k : k + width], "big")
                for k in range(first, min(first + width * n_said, after - width + 1), width)
            )
            budget[0] -= len(targets) // _TARGETS_A_BOX
            yield Reference(kind, int.from_bytes(data[at : at + width], "big"), targets, at, width)


#: Items referred to that are looked through as one box is.
_TARGETS_A_BOX = 16


def item_sources(data: bytes, budget: list[int]) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield every item that is derived from others, with theirs."""
    return ((each.item, each.targets) for each in references(data, budget) if each.kind == _SOURCES)


#: The reference from an item to those that it is made of.
_SOURCES = b"dimg"


def _associated(body: bytes, item: int) -> list[tuple[int, bool]]:
    """Return the numbers of an item's properties and whether each is essential, from the content of an ``ipma`` box."""
    if len(body) < 8:
        return []
    id_width, wide = (2 if body[0] == 0 else 4), bool(body[3] & 1)
    at = 8
    for _ in range(min(int.from_bytes(body[4:8], "big"), _MAX_BOXES)):
        if at + id_width + 1 > len(body):
            return []
        own, n = int.from_bytes(body[at : at + id_width], "big"), body[at + id_width]
        at += id_width + 1
        width = 2 if wide else 1
        if own == item:
            each = [int.from_bytes(body[at + width * i : at + width * (i + 1)], "big") for i in range(n)]
            most = 0x7FFF if wide else 0x7F
            return [(one & most, one > most) for one in each]
        at += width * n
    return []


# -- the coded picture's own header -----------------------------------------------------------------------------


def _first_coded(data: bytes, budget: list[int]) -> bytes:
    """Return the first bytes of the primary item, or of the first tile of a grid; empty where they are not found."""
    places = _places(data, budget)
    at = places.get(primary_item(data, budget), 0)
    if not _starts_av1(data[at : at + 2]):
        at = next((place for place in places.values() if _starts_av1(data[place : place + 2])), 0)
    return data[at : at + _CODED_BYTES] if at else b""


def _places(data: bytes, budget: list[int]) -> dict[int, int]:
    """Return where each item stands in the file."""
    places: dict[int, int] = {}
    for begin, end in inside(data, (b"meta", b"iloc"), 0, len(data), budget):
        places |= _item_places(data[begin:end])
    return places


#: A sequence header lies within so many first bytes of a coded picture.
_CODED_BYTES = 256


def _starts_av1(head: bytes) -> bool:
    """Tell whether a temporal delimiter or a sequence header starts here."""
    return len(head) == 2 and head[0] & 0x83 == 2 and head[0] >> 3 in (1, 2)


def _item_places(body: bytes) -> dict[int, int]:
    """Return where the first piece of each item stands in the file, from the content of an ``iloc`` box."""
    if len(body) < 8:
        return {}
    version = body[0]
    offset_width, length_width = body[4] >> 4, body[4] & 15
    base_width, index_width = body[5] >> 4, (body[5] & 15) if version else 0
    id_width = 2 if version < 2 else 4
    places: dict[int, int] = {}
    at = 6 + id_width
    for _ in range(min(int.from_bytes(body[6 : 6 + id_width], "big"), _MAX_BOXES)):
        if at + id_width > len(body):
            break
        item = int.from_bytes(body[at : at + id_width], "big")
        at += id_width
        in_file = True
        if version:
            in_file = body[at + 1 : at + 2] == b"\0"
            at += 2
        at += 2
        base = int.from_bytes(body[at : at + base_width], "big")
        at += base_width
        n_pieces = int.from_bytes(body[at : at + 2], "big")
        at += 2
        first = int.from_bytes(body[at + index_width : at + index_width + offset_width], "big")
        at += n_pieces * (index_width + offset_width + length_width)
        if in_file and n_pieces:
            places[item] = base + first
    return places


class _Bits:
    """Bits of a string of bytes, first ones first; zeros behind its end."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big"), 8 * len(data)

    def take(self, n: int) -> int:
        self._left -= n
        shifted = self._value >> self._left if self._left >= 0 else 0
        return shifted & ((1 << n) - 1)


_AV1_SEQUENCE_HEADER = 1


def _av1_code_points(data: bytes) -> tuple[int, int] | None:
    """Return primaries and transfer function of the sequence header among AV1's units; None where it has none.

    References
    ----------
    AV1 Bitstream & Decoding Process Specification, 5.3, 5.5.
    """
    at = 0
    for _ in range(8):
        if at + 2 > len(data):
            return None
        head = data[at]
        at += 2 if head & 4 else 1
        n_bytes, shift = len(data) - at, 0
        if head & 2:
            n_bytes = 0
            for _ in range(8):
                if at >= len(data):
                    return None
                n_bytes |= (data[at] & 0x7F) << shift
                shift += 7
                at += 1
                if not data[at - 1] & 0x80:
                    break
        if (head >> 3) & 15 == _AV1_SEQUENCE_HEADER:
            return _of_sequence_header(_Bits(data[at : at + n_bytes]))
        at += n_bytes
    return None


def _of_sequence_header(bits: _Bits) -> tuple[int, int] | None:
    profile = bits.take(3)
    bits.take(1)  # still_picture
    is_reduced = bool(bits.take(1))
    if is_reduced:
        bits.take(5)
    else:
        if bits.take(1):  # timing_info_present: a film's
            return None
        delays = bits.take(1)
        for _ in range(bits.take(5) + 1):
            bits.take(12)
            if bits.take(5) > 7:
                bits.take(1)
            if delays and bits.take(1):
                bits.take(4)
    width_bits, height_bits = bits.take(4) + 1, bits.take(4) + 1
    bits.take(width_bits + height_bits)
    if not is_reduced and bits.take(1):  # frame_id_numbers_present
        bits.take(7)
    bits.take(3)  # superblocks, two intra tools
    if not is_reduced:
        _pass_inter_tools(bits)
    bits.take(3)  # superres, cdef, restoration
    high_depth = bits.take(1)
    if profile == 2 and high_depth:
        bits.take(1)  # twelve_bit
    if profile != 1:
        bits.take(1)  # mono_chrome
    if not bits.take(1):  # color_description_present
        return None
    return bits.take(8), bits.take(8)


def _pass_inter_tools(bits: _Bits) -> None:
    bits.take(4)
    order_hint = bits.take(1)
    if order_hint:
        bits.take(2)
    screen_content = 2 if bits.take(1) else bits.take(1)
    if screen_content and not bits.take(1):
        bits.take(1)
    if order_hint:
        bits.take(3)
