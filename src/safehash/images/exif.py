"""How an image file's EXIF data says it is to be turned, and how viewers read that."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .pictures import Also, Decoded

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["UPRIGHT", "Turns", "read_turns", "read_turns_of", "turned", "turns_of"]

_ORIENTATION, _SUB_DIRECTORY = 0x0112, 0x8769
_SHORT = 3
#: What stands before EXIF data in a segment: ``Exif``, a zero and a byte.
_HEAD = 6
#: Of whole numbers, by their type: bytes, short, long, their signed kinds, undefined bytes, and an offset.
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I"}


@dataclass(frozen=True, slots=True)
class Turns:
    """The orientations that viewers may apply.

    Attributes
    ----------
    applied : int
        1 to 8; what counts for a hash.
    others : tuple of int
        What other viewers make of it.
    shown : int
        What browsers apply.
    """

    applied: int
    others: tuple[int, ...] = ()
    shown: int = 0

    def __post_init__(self) -> None:
        """Browsers apply what counts, unless told otherwise."""
        if not self.shown:
            object.__setattr__(self, "shown", self.applied)


UPRIGHT = Turns(1)


def turned(decoded: Decoded, turns: Turns) -> Decoded:
    """Add a picture's other orientations to what viewers may see of it: of what browsers show, theirs, too."""
    also = decoded.also
    if turns.shown != turns.applied:
        also += tuple(_turned(each, turns.shown) for each in decoded.also if each.shown)
    for other in dict.fromkeys((turns.shown, *turns.others)):
        if other == turns.applied:
            continue
        provenance = replace(decoded.provenance, orientation=other)
        shown = other == turns.shown
        also += (
            Also(
                "as browsers turn it" if shown else "as other viewers turn it",
                lambda provenance=provenance: replace(decoded, provenance=provenance, also=()),  # type: ignore[misc]
                effort="fast" if shown else "standard",
                shown=shown,
            ),
        )
    return replace(decoded, also=also) if also is not decoded.also else decoded


def _turned(also: Also, orientation: int) -> Also:
    """Return another picture of an upload in an orientation."""

    def make() -> Decoded:
        made = also.make()
        return replace(made, provenance=replace(made.provenance, orientation=orientation))

    return replace(also, name=f"{also.name}, as browsers turn it", make=make)


def turns_of(image: Image) -> Turns:
    """Return the orientations of an image that the imaging library opened.

    Only EXIF counts: viewers ignore an orientation that stands in XMP alone.
    """
    raw = image.info.get("exif")
    return read_turns(raw) if isinstance(raw, bytes) else UPRIGHT


def read_turns(raw: bytes) -> Turns:
    """Return the orientations that EXIF data hold, from ``Exif`` on or without it.

    Browsers take the first short number from 1 to 8; other viewers take other kinds of numbers, too.
    """
    applied = 1
    others: list[int] = []
    for kind, count, value in _orientations(raw):
        if not 1 <= value <= 8:
            continue
        if kind == _SHORT and count == 1 and applied == 1:
            applied = value
        else:
            others.append(value)
    return Turns(applied, tuple(dict.fromkeys(others))) if applied != 1 or others else UPRIGHT


def read_turns_of(segments: Iterable[bytes]) -> Turns:
    """Return the orientations of EXIF data in several segments: browsers take the first that holds anything."""
    turns = UPRIGHT
    others: list[int] = []
    is_first = True
    for raw in segments:
        found = read_turns(raw)
        if is_first and len(raw) > _HEAD:
            turns, is_first = found, False
        elif found is not UPRIGHT:
            others += (found.applied, *found.others)
    if not others:
        return turns
    return Turns(turns.applied, tuple(dict.fromkeys((*turns.others, *others))))


def _orientations(raw: bytes) -> Iterator[tuple[int, int, int]]:
    """Yield type, count and value of every orientation in the first directory, then in the one under it."""
    base = _HEAD if raw.startswith(b"Exif\0") else 0
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(raw[base : base + 4])
    if order is None or len(raw) < base + 8:
        return
    (first,) = struct.unpack_from(order + "I", raw, base + 4)
    under = 0
    for tag, kind, count, field in _entries(raw, base + first, order):
        if tag == _SUB_DIRECTORY:
            (under,) = struct.unpack(order + "I", field)
        elif tag == _ORIENTATION and kind in _INTEGERS and count:
            yield kind, count, struct.unpack_from(order + _INTEGERS[kind], field)[0]
    if under:
        for tag, kind, count, field in _entries(raw, base + under, order):
            if tag == _ORIENTATION and kind in _INTEGERS and count:
                yield kind, count, struct.unpack_from(order + _INTEGERS[kind], field)[0]


def _entries(raw: bytes, at: int, order: str) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield tag, type, count and the four bytes of the value of a directory's entries, as far as they go."""
    if at + 2 > len(raw):
        return
    (n_entries,) = struct.unpack_from(order + "H", raw, at)
    for start in range(at + 2, min(at + 2 + 12 * n_entries, len(raw) - 11), 12):
        tag, kind, count = struct.unpack_from(order + "HHI", raw, start)
        yield tag, kind, count, raw[start + 8 : start + 12]
