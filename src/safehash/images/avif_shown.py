"""Which of an AVIF file's pictures browsers show, where its primary one is not it, and the file changed accordingly.

Changes are made in place: what the library reads is the file, with another number, or another word, here and there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from ..errors import ImageTooLarge, UnsupportedImage
from .boxes import (
    all_of,
    boxes,
    inside,
    item_kinds,
    item_properties,
    item_sources,
    primary_item,
    references,
    up_to_items,
)
from .items import item_lengths

__all__ = ["pictures_for_one", "with_primary"]

#: Pictures for one another that are looked at, each at the cost of a file of its own; and items named for one another.
_MOST_FOR_ONE, _MOST_NAMED = 8, 4096
_FOR_ONE, _THUMBNAIL, _AUXILIARY = b"altr", b"thmb", b"auxl"
_OVERLAY, _TONE_MAP = b"iovl", b"tmap"
_PICTURES = frozenset({b"av01", b"grid", _OVERLAY, _TONE_MAP})
#: Properties that browsers know. An item with an essential one that they do not is passed over.
_KNOWN = frozenset({
    b"ispe", b"pixi", b"alpi", b"av1C", b"colr", b"pasp", b"auxC", b"clap", b"irot", b"imir", b"a1op", b"lsel", b"a1lx",
    b"clli", b"mdcv",
})  # fmt: skip


def pictures_for_one(data: bytes) -> tuple[Callable[[], bytes], ...]:
    """Return what makes a file as it is to be read, for each picture for its primary one, the shown one first.

    Browsers show the first of a group of alternatives that they can, whichever of them is the primary one.

    Parameters
    ----------
    data : bytes
        The whole file.

    Returns
    -------
    tuple of callable
        One, which returns the file itself, for an ordinary one. They raise `UnsupportedImage` as `with_primary` does,
        and copy the file: call one after the other.

    Raises
    ------
    ImageTooLarge
        There are more than are looked at.

    References
    ----------
    ISO/IEC 14496-12, 8.15.3 (groups of entities); ISO/IEC 23008-12, 6.4, 6.6.
    """
    head = up_to_items(data)
    if not any(word in head for word in (_FOR_ONE, _THUMBNAIL, _AUXILIARY)):
        return (lambda: data,)
    primary = all_of(lambda budget: [primary_item(head, budget)])[0]
    items = list(_alternatives(head, primary)) if _FOR_ONE in head else []
    return tuple(partial(_for_the_library, data, item, item != primary) for item in items or [primary])


def _alternatives(data: bytes, primary: int) -> Iterator[int]:
    """Yield the items whose pixels browsers may show for the primary one; none where it has no alternatives.

    Of the file there need be no more than its end of what it says of its items.

    Raises
    ------
    ImageTooLarge
    """
    kinds = dict(all_of(lambda budget: item_kinds(data, budget)))
    lengths = item_lengths(data)
    sources = dict(all_of(lambda budget: item_sources(data, budget)))
    has_tone_maps = _TONE_MAP in data[8 : int.from_bytes(data[:4], "big")]
    found: set[int] = set()
    named = [
        item
        for item in dict.fromkeys(_group(data, primary))
        if kinds.get(item) in _PICTURES and lengths.get(item)
    ]
    if len(named) > _MOST_FOR_ONE:
        raise ImageTooLarge(
            f"{len(named)} pictures for one another in an AVIF file, and {_MOST_FOR_ONE} are looked at"
        )
    for item in named:
        owned = all_of(lambda budget: item_properties(data, item, budget))  # noqa: B023
        if any(must and name not in _KNOWN for name, _, must in owned):
            continue
        shown: int | None = item
        if kinds[item] == _TONE_MAP:
            shown = next(iter(sources.get(item, ())), None) if has_tone_maps else None
        if shown is not None and shown not in found:
            found.add(shown)
            yield shown


def _group(data: bytes, primary: int) -> list[int]:
    """Return the items of the first group of alternatives that has the primary one; none where there is no group."""
    for begin, end in all_of(lambda budget: inside(data, (b"meta", b"grpl"), 0, len(data), budget)):
        for kind, at, after in all_of(lambda budget: boxes(data, begin, end, budget)):  # noqa: B023
            if kind != _FOR_ONE:
                continue
            n_items = min(int.from_bytes(data[at + 8 : at + 12], "big"), (after - at - 12) // 4)
            if n_items > _MOST_NAMED:
                raise ImageTooLarge(
                    f"{n_items} items for one another in an AVIF file, and {_MOST_NAMED} are looked at"
                )
            items = [int.from_bytes(data[at + 12 + 4 * k : at + 16 + 4 * k], "big") for k in range(n_items)]
            if primary in items:
                return items
    return []


# -- the file, changed ------------------------------------------------------------------------------------------


#: What nobody looks for among references.
_NOTHING = b"skip"


def _for_the_library(data: bytes, item: int, is_another: bool) -> bytes:
    """Return a file whose primary picture is an item, and whose references say it as the library reads them.

    An item that is another one's thumbnail is a picture all the same; alpha of several pictures is this one's, too.
    """
    renamed = with_primary(data, item) if is_another else data
    changed = bytearray(renamed)
    head = up_to_items(data)
    for each in all_of(lambda budget: references(head, budget)):
        if each.kind == _THUMBNAIL and each.item == item:
            name = data.rindex(each.kind, 0, each.at)
            changed[name : name + len(each.kind)] = _NOTHING
        elif each.kind == _AUXILIARY and item in each.targets:
            for place in each.places:
                changed[place : place + each.width] = item.to_bytes(each.width, "big")
    return renamed if changed == renamed else bytes(changed)


def with_primary(data: bytes, item: int) -> bytes:
    """Return a file whose primary picture is another item."""
    head = up_to_items(data)
    for begin, end in all_of(lambda budget: inside(head, (b"meta", b"pitm"), 0, len(head), budget)):
        width = 2 if data[begin : begin + 1] == b"\0" else 4
        if end - begin >= 4 + width and item < 1 << (8 * width):
            return data[: begin + 4] + item.to_bytes(width, "big") + data[begin + 4 + width :]
    raise UnsupportedImage(f"AVIF whose picture is to be its item {item}, which it has no room to name")
