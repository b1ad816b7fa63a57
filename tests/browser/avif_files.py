"""AVIF and HEIF files written box by box: items, what refers to what, groups of alternatives."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from PIL import Image

__all__ = [
    "ALPHA",
    "Item",
    "avif",
    "box",
    "boxes_in",
    "by_numbers",
    "clap",
    "coded",
    "full",
    "irot",
    "items_of",
    "laid_over",
    "side_by_side",
]


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", 8 + len(body)) + kind + body


def full(kind: bytes, body: bytes, version: int = 0, flags: int = 0) -> bytes:
    return box(kind, bytes([version]) + flags.to_bytes(3, "big") + body)


@dataclass(frozen=True, kw_only=True)
class Item:
    """An item: its bytes, its properties as boxes, and which of them are essential, by their kind.

    ``sources`` are the items that it is made of, ``alpha_of`` and ``thumbnail_of`` those that it belongs to.
    """

    kind: bytes = b"av01"
    body: bytes = b""
    properties: Sequence[bytes] = ()
    sources: Sequence[int] = ()
    alpha_of: Sequence[int] = ()
    thumbnail_of: Sequence[int] = ()


_ESSENTIAL = frozenset({b"av1C", b"hvcC", b"irot", b"imir", b"clap", b"zzzz"})
#: What says that an item is alpha.
ALPHA = full(b"auxC", b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")


def by_numbers(primaries: int, transfer: int, matrix: int, *, is_full: bool = True) -> bytes:
    return box(b"colr", b"nclx" + struct.pack(">HHHB", primaries, transfer, matrix, 128 * is_full))


def irot(quarters: int) -> bytes:
    return box(b"irot", bytes([quarters]))


def clap(width: int, height: int, across: int, down: int) -> bytes:
    return box(b"clap", struct.pack(">8i", width, 1, height, 1, across, 1, down, 1))


def side_by_side(rows: int, cols: int, size: tuple[int, int]) -> bytes:
    """Return the body of a grid of tiles, its columns and rows of pixels given."""
    return bytes([0, 0, rows - 1, cols - 1]) + struct.pack(">HH", *size)


def laid_over(
    fill: tuple[int, int, int, int], size: tuple[int, int], places: Sequence[tuple[int, int]]
) -> bytes:
    """Return the body of pictures one over the other on a canvas of a colour of 16 bits, each at its place."""
    return struct.pack(">H4HHH", 0, *fill, *size) + b"".join(struct.pack(">hh", *place) for place in places)


def boxes_in(data: bytes, at: int, end: int) -> dict[bytes, bytes]:
    found: dict[bytes, bytes] = {}
    while at + 8 <= end:
        length = int.from_bytes(data[at : at + 4], "big")
        found.setdefault(data[at + 4 : at + 8], data[at + 8 : at + length])
        at += length
    return found


def coded(picture: Any, *more: bytes, colours: bytes | None = None, **options: Any) -> Item:
    """Return a picture as an item, with further properties; `colours` instead of those that say sRGB, b"" for none."""
    stream = io.BytesIO()
    options = {"quality": 95, "speed": 9, "subsampling": "4:4:4", **options}
    Image.fromarray(picture).save(stream, "AVIF", **options)
    data = stream.getvalue()
    top = boxes_in(data, 0, len(data))
    meta = boxes_in(top[b"meta"], 4, len(top[b"meta"]))
    iprp = boxes_in(meta[b"iprp"], 0, len(meta[b"iprp"]))
    owned = boxes_in(iprp[b"ipco"], 0, len(iprp[b"ipco"]))
    properties = [box(kind, owned[kind]) for kind in (b"ispe", b"pixi", b"av1C")]
    own = box(b"colr", owned[b"colr"]) if colours is None else colours
    return Item(body=top[b"mdat"], properties=(*properties, *((own,) if own else ()), *more))


def avif(
    items: dict[int, Item],
    *,
    primary: int = 1,
    alternatives: Sequence[Sequence[int]] = (),
    brands: bytes = b"mif1miaf",
) -> bytes:
    """Write a file of items by their numbers, with groups of alternatives; what is derived stands in `idat`."""
    return items_of(items, primary=primary, alternatives=alternatives, brands=brands)


def items_of(
    items: dict[int, Item],
    *,
    primary: int,
    alternatives: Sequence[Sequence[int]] = (),
    brand: bytes = b"avif",
    brands: bytes = b"mif1miaf",
    code: bytes = b"av01",
) -> bytes:
    """Write a file of another brand, whose coded pictures are items of another kind."""
    owned = list(dict.fromkeys(each for item in items.values() for each in item.properties))
    ipma = b""
    for number, item in items.items():
        places = [
            owned.index(each) + 1 | (0x80 if each[4:8] in _ESSENTIAL else 0) for each in item.properties
        ]
        ipma += struct.pack(">HB", number, len(places)) + bytes(places)
    infe = b"".join(
        full(b"infe", struct.pack(">HH", number, 0) + item.kind + b"\0", version=2)
        for number, item in items.items()
    )
    iref = b""
    for number, item in items.items():
        for kind, targets in (
            (b"dimg", item.sources),
            (b"auxl", item.alpha_of),
            (b"thmb", item.thumbnail_of),
        ):
            if targets:
                iref += box(kind, struct.pack(f">HH{len(targets)}H", number, len(targets), *targets))
    groups = b"".join(
        full(b"altr", struct.pack(f">II{len(each)}I", 99 + number, len(each), *each))
        for number, each in enumerate(alternatives)
    )
    inside = {number: item.body for number, item in items.items() if item.kind != code}
    parts = full(b"hdlr", bytes(4) + b"pict" + bytes(13)) + full(b"pitm", struct.pack(">H", primary))
    parts += full(b"iinf", struct.pack(">H", len(items)) + infe) + (full(b"iref", iref) if iref else b"")
    iprp = box(b"ipco", b"".join(owned)) + full(b"ipma", struct.pack(">I", len(items)) + ipma)
    parts += box(b"iprp", iprp) + (box(b"grpl", groups) if groups else b"")
    parts += box(b"idat", b"".join(inside.values())) if inside else b""

    def head(start: int) -> bytes:
        at = {True: 0, False: start}
        pieces = b""
        for number, item in items.items():
            is_inside = number in inside
            pieces += struct.pack(">HHHHII", number, is_inside, 0, 1, at[is_inside], len(item.body))
            at[is_inside] += len(item.body)
        iloc = full(b"iloc", b"\x44\0" + struct.pack(">H", len(items)) + pieces, version=1)
        return box(b"ftyp", brand + bytes(4) + brand + brands) + full(b"meta", parts + iloc)

    outside = b"".join(item.body for number, item in items.items() if number not in inside)
    return head(len(head(0)) + 8) + box(b"mdat", outside)
