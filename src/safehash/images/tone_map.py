"""Where an AVIF file has a gain map: the item that makes another brightness of its picture, and the map's own item."""

from __future__ import annotations

from typing import NamedTuple

from ..errors import ImageTooLarge
from .boxes import all_of, item_kinds, item_sources, primary_item
from .gain_map import MOST_MAPS, GainMap, by_numbers
from .items import item_contents

__all__ = ["ToneMap", "tone_maps"]

#: Bytes of an item with the numbers of a gain map: of three colours, a version before them.
_MOST_NUMBERS = 256
_DERIVED = b"tmap"


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
    primary = all_of(lambda budget: [primary_item(data, budget)])[0]
    derived = {item for item, kind in all_of(lambda budget: item_kinds(data, budget)) if kind == _DERIVED}
    wanted = {
        item: sources[1]
        for item, sources in all_of(lambda budget: item_sources(data, budget))
        if item in derived and len(sources) == 2 and sources[0] == primary
    }
    contents = item_contents(data, set(wanted), n_bytes=_MOST_NUMBERS) if wanted else {}
    found = []
    for item, own in wanted.items():
        body = contents.get(item, b"")
        gain = by_numbers(body[1:]) if body[:1] == b"\0" else None
        found += [ToneMap(gain, own)] if gain is not None else []
    if len(found) > MOST_MAPS:
        raise ImageTooLarge(f"{len(found)} gain maps in one AVIF file, and {MOST_MAPS} are looked at")
    return tuple(found)
