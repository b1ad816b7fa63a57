"""What the directories of a TIFF file say of its pages: classic and BigTIFF, either byte order."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import UnreadableImage

__all__ = ["BYTES_OF_TYPE", "TiffPage", "read_pages"]

#: Bytes of a value, by its type; and how numpy calls the types of whole numbers.
BYTES_OF_TYPE = {
    1: 1,
    2: 1,
    3: 2,
    4: 4,
    5: 8,
    6: 1,
    7: 1,
    8: 2,
    9: 4,
    10: 8,
    11: 4,
    12: 8,
    13: 4,
    16: 8,
    17: 8,
    18: 8,
}
_INTEGERS = {
    1: "u1",
    3: "u2",
    4: "u4",
    6: "i1",
    7: "u1",
    8: "i2",
    9: "i4",
    13: "u4",
    16: "u8",
    17: "i8",
    18: "u8",
}
_FRACTIONS = {5: "u4", 10: "i4"}
_FLOATS = {11: "f4", 12: "f8"}

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 256, 257, 258, 259, 262, 266
STRIP_OFFSETS, ORIENTATION, SAMPLES, ROWS_PER_STRIP, STRIP_LENGTHS, PLANAR = 273, 274, 277, 278, 279, 284
PREDICTOR, COLOUR_MAP, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_LENGTHS = 317, 320, 322, 323, 324, 325
EXTRA_SAMPLES, SAMPLE_FORMAT, COEFFICIENTS, SUBSAMPLING, REFERENCE, PROFILE = 338, 339, 529, 530, 532, 34675


@dataclass(frozen=True, slots=True, kw_only=True)
class TiffPage:
    """One directory: where its entries' values stand.

    Attributes
    ----------
    at : int
        Where the directory begins in the file.
    order : str
        "<" or ">".
    entries : dict of int to (int, int, int)
        By tag: type, count, and where the first value stands.
    """

    data: bytes = field(repr=False)
    at: int
    order: str
    entries: dict[int, tuple[int, int, int]]

    def numbers(self, tag: int) -> npt.NDArray[Any]:
        """Return the values of a tag as far as the file has them; none where it has not such numbers."""
        kind, count, at = self.entries.get(tag, (0, 0, 0))
        count = min(count, max(0, len(self.data) - at) // BYTES_OF_TYPE.get(kind, 1))
        if kind in _FRACTIONS:
            pairs = np.frombuffer(self.data, self.order + _FRACTIONS[kind], 2 * count, at).reshape(-1, 2)
            below = np.where(pairs[:, 1] == 0, 1, pairs[:, 1])
            return np.asarray(pairs[:, 0] / below)
        name = _INTEGERS.get(kind) or _FLOATS.get(kind)
        if name is None or not count:
            return np.zeros(0, np.int64)
        return np.frombuffer(self.data, self.order + name, count, at)

    def number(self, tag: int, otherwise: int) -> int:
        """Return the first value of a tag, or what it is where the file does not say."""
        values = self.numbers(tag)
        return int(values[0]) if len(values) else otherwise

    def text(self, tag: int) -> bytes:
        """Return the bytes of a tag, or none."""
        kind, count, at = self.entries.get(tag, (0, 0, 0))
        return self.data[at : at + count] if BYTES_OF_TYPE.get(kind) == 1 else b""


def read_pages(data: bytes) -> Iterator[TiffPage]:
    """Yield the pages in order, as far as the file goes; each directory once.

    Raises
    ------
    UnreadableImage
        There is not even one.
    """
    order = "<" if data[:2] == b"II" else ">"
    is_big = data[2:4] in (b"+\0", b"\0+")
    at = _offset(data, 8 if is_big else 4, order, is_big)
    seen: set[int] = set()
    while at and at not in seen:
        seen.add(at)
        page, following = _read_directory(data, at, order, is_big)
        if page is None:
            break
        yield page
        at = following
    else:
        if seen:
            return
    if len(seen) <= 1:
        raise UnreadableImage("damaged TIFF: no directory in it")


def _offset(data: bytes, at: int, order: str, is_big: bool) -> int:
    n_bytes = 8 if is_big else 4
    if at + n_bytes > len(data):
        return 0
    return int(struct.unpack_from(order + ("Q" if is_big else "I"), data, at)[0])


def _read_directory(data: bytes, at: int, order: str, is_big: bool) -> tuple[TiffPage | None, int]:
    """Return a directory and where the next one begins; None where the file ends before its entries."""
    n_head, n_entry, inline = (8, 20, 8) if is_big else (2, 12, 4)
    if at + n_head > len(data):
        return None, 0
    (n_entries,) = struct.unpack_from(order + ("Q" if is_big else "H"), data, at)
    first = at + n_head
    whole = min(n_entries, (len(data) - first) // n_entry)
    entries: dict[int, tuple[int, int, int]] = {}
    for start in range(first, first + whole * n_entry, n_entry):
        tag, kind, count = struct.unpack_from(order + ("HHQ" if is_big else "HHI"), data, start)
        place = start + n_entry - inline
        if count * BYTES_OF_TYPE.get(kind, 1) > inline:
            place = _offset(data, place, order, is_big)
        entries.setdefault(tag, (kind, count, place))
    if not entries:
        return None, 0
    following = _offset(data, first + n_entries * n_entry, order, is_big) if whole == n_entries else 0
    return TiffPage(data=data, at=at, order=order, entries=entries), following
