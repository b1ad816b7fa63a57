"""AVIF files that the decoder does not read and browsers show, changed so that it does.

Damaged codes mean something else, and more often than not they take more bytes than there are. Decoders of some years
ago read zeros there and show what comes of it, newer ones show nothing: such files are lengthened. Colours of a matrix
that the library lacks are taken for those of an open one, as browsers take them.
"""

from __future__ import annotations

from collections.abc import Iterator

from .boxes import boxes, inside
from .deadline import NO_DEADLINE, Deadline
from .items import item_pieces, widths_of

__all__ = ["lengthened", "with_known_matrix"]

#: Boxes and units looked through in all, as many as elsewhere.
_MOST = 4096
#: Bytes of pictures looked at: so often a file's own, as an animation's first picture may be an item, too; and more.
_MOST_LOOKED_AT, _MOST_MORE_LOOKED_AT = 2, 4 << 20
#: What a picture or one of its units costs however few bytes it has, in bytes: a microsecond or two.
_LEAST_LOOK = 64
#: Groups of frames looked through.
_MOST_CHUNKS = 65_536
#: Zeros behind a picture's codes: as many bytes as they have, and so many more.
_LEAST_ZEROS = 1024
#: Bytes that are added to a file: so often its own, and some more. Pictures of one place may be named over and over.
_MOST_ADDED, _MOST_MORE = 3, 4 << 20
#: AV1's units that hold coded pixels (OBU_TILE_GROUP, OBU_FRAME).
_CODED = (4, 6)


#: What declares colours by numbers, and where the one of their matrix stands behind it (ITU-T H.273).
_BY_NUMBERS = b"colrnclx"
_MATRIX = slice(12, 14)
_OPEN_MATRIX = (2).to_bytes(2, "big")
#: What the library has, beside none for colours of full chroma.
_KNOWN_MATRICES = frozenset({1, 2, 4, 5, 6, 7, 8, 9, 12})
#: Before it: a version, a profile, then bits; these say that chroma is there and shared (AV1 in ISOBMFF, 2.3.3).
_CODED_AS, _GREY, _SHARED = b"av1C", 0x10, 0x08


def with_known_matrix(data: bytes) -> bytes:
    """Return a file whose colours by numbers leave their matrix open where the library lacks it."""
    coded_as = data.find(_CODED_AS)
    bits = data[coded_as + 6] if 0 <= coded_as < len(data) - 6 else 0
    known = _KNOWN_MATRICES if bits & _SHARED or bits & _GREY else _KNOWN_MATRICES | {0}
    changed = bytearray(data)
    at = data.find(_BY_NUMBERS)
    while at >= 0 and at + _MATRIX.stop <= len(data):
        place = slice(at + _MATRIX.start, at + _MATRIX.stop)
        if int.from_bytes(data[place], "big") not in known:
            changed[place] = _OPEN_MATRIX
        at = data.find(_BY_NUMBERS, at + len(_BY_NUMBERS))
    return bytes(changed)


class _Added:
    """A file, changed in place, and what is added behind it."""

    def __init__(self, data: bytes, deadline: Deadline) -> None:
        self._data, self._changed, self._added = data, bytearray(data), bytearray()
        self._deadline = deadline
        self._left = _MOST_LOOKED_AT * len(data) + _MOST_MORE_LOOKED_AT
        self._known: dict[tuple[int, int], slice | None] = {}  # where in what is added
        self.is_lengthened = False

    def __bytes__(self) -> bytes:
        return bytes(self._changed) + (8 + len(self._added)).to_bytes(4, "big") + b"mdat" + self._added

    @property
    def end(self) -> int:
        """Where what is added next will stand."""
        return len(self._data) + 8 + len(self._added)

    def add(self, place: int, length: int, *, as_it_is: bool = False) -> int:
        """Add a coded picture of the file, lengthened, and return its length; 0 for what is none or not there.

        What cannot be lengthened is added as it is where that is wanted.

        Raises
        ------
        DeadlinePassed
        """
        self._deadline.check()
        self._left -= _LEAST_LOOK
        first = len(self._added)
        if (place, length) in self._known:
            known = self._known[place, length]
            longer = None if known is None else bytes(self._added[known])
        else:
            longer = self._look_at(place, length)
            self._known[place, length] = None if longer is None else slice(first, first + len(longer))
        self.is_lengthened |= longer is not None
        if longer is None:
            longer = self._data[place : place + length] if as_it_is else b""
        self._added += longer
        return len(longer)

    def _look_at(self, place: int, length: int) -> bytes | None:
        """Return a coded picture, lengthened, and count what that costs; None for what is none or not there."""
        if place + length > len(self._data) or self.is_full():
            return None
        longer, n_units = _longer(self._data[place : place + length])
        self._left -= length + _LEAST_LOOK * n_units
        return longer

    def is_full(self) -> bool:
        """Tell whether more has been added than a file is given, or looked at."""
        return self._left < 0 or len(self._added) > _MOST_ADDED * len(self._data) + _MOST_MORE

    def set(self, at: int, width: int, value: int) -> None:
        """Change a number of the file; none that has no room for it."""
        if value < 1 << (8 * width):
            self._changed[at : at + width] = value.to_bytes(width, "big")


def lengthened(data: bytes, *, deadline: Deadline = NO_DEADLINE) -> bytes | None:
    """Return a file with zeros behind the coded pixels of its pictures and frames; None where none can be lengthened.

    Parameters
    ----------
    data : bytes
        The whole file.
    deadline : Deadline
        Looked at before each picture and frame.

    Raises
    ------
    ImageTooLarge
        As of `item_pieces`.
    DeadlinePassed

    References
    ----------
    ISO/IEC 14496-12, 8.7 and 8.11.3; AV1 Bitstream & Decoding Process Specification, 5.3.
    """
    added = _Added(data, deadline)
    budget = [_MOST]
    for begin, end in inside(data, (b"meta", b"iloc"), 0, len(data), budget):
        _lengthen_items(data[begin:end], begin, added)
    for begin, end in inside(data, (b"moov", b"trak", b"mdia", b"minf", b"stbl"), 0, len(data), budget):
        tables = {kind: (at, after) for kind, at, after in boxes(data, begin, end, budget)}
        _lengthen_frames(data, tables, added)
    return bytes(added) if added.is_lengthened and not added.is_full() else None


def _lengthen_items(body: bytes, begin: int, added: _Added) -> None:
    if len(body) < 8:
        return
    widths = widths_of(body)
    if not widths.place or not widths.length:
        return
    for each in item_pieces(body):
        if added.is_full():
            return
        if each.method or len(each.pieces) != 1:
            continue
        ((place, length),) = each.pieces
        end = added.end
        n_bytes = added.add(place, length)
        if n_bytes and end >= each.base:
            added.set(begin + each.at, widths.place, end - each.base)
            added.set(begin + each.at + widths.place, widths.length, n_bytes)


def _lengthen_frames(data: bytes, tables: dict[bytes, tuple[int, int]], added: _Added) -> None:
    width, places = (4, b"stco") if b"stco" in tables else (8, b"co64")
    if not {places, b"stsz", b"stsc"} <= tables.keys():
        return
    at, after = tables[places]
    (sizes_at, sizes_end), runs = tables[b"stsz"], tables[b"stsc"]
    if any(data[sizes_at + 4 : sizes_at + 8]):  # all frames have one length, and would need to have it
        return
    sizes_at += 12
    for chunk, n_frames in enumerate(
        _frames_of_chunks(data, runs, min((after - at - 8) // width, _MOST_CHUNKS))
    ):
        entry = at + 8 + width * chunk
        place, first = int.from_bytes(data[entry : entry + width], "big"), added.end
        for _ in range(n_frames):
            if sizes_at + 4 > sizes_end or added.is_full():
                return
            length = int.from_bytes(data[sizes_at : sizes_at + 4], "big")
            added.set(sizes_at, 4, added.add(place, length, as_it_is=True))
            place, sizes_at = place + length, sizes_at + 4
        added.set(entry, width, first)


def _frames_of_chunks(data: bytes, place: tuple[int, int], n_chunks: int) -> Iterator[int]:
    """Yield how many frames each chunk of a track has, given where its ``stsc`` box is."""
    at, end = place[0] + 8, place[1]
    n_frames, runs = 0, {}
    for entry in range(at, end - 11, 12):
        runs[int.from_bytes(data[entry : entry + 4], "big")] = int.from_bytes(
            data[entry + 4 : entry + 8], "big"
        )
    for chunk in range(1, n_chunks + 1):
        n_frames = runs.get(chunk, n_frames)
        yield n_frames


def _longer(coded: bytes) -> tuple[bytes | None, int]:
    """Return a picture's units with zeros behind its coded pixels, and how many units were looked at.

    None where these are no such units.
    """
    longer, at, has_pixels = bytearray(), 0, False
    for n_units in range(_MOST):
        if at == len(coded):
            return bytes(longer) if has_pixels else None, n_units
        head, begin = coded[at], at + (2 if coded[at] & 4 else 1)
        longer += coded[at:begin]
        length = len(coded) - begin
        if head & 2:
            length, begin = _number(coded, begin)
        end = begin + length
        if head & 0x81 or end > len(coded):
            return None, n_units
        body = coded[begin:end]
        if head >> 3 & 15 in _CODED:
            has_pixels = True
            body += bytes(len(body) + _LEAST_ZEROS)
        longer += (_as_number(len(body)) if head & 2 else b"") + body
        at = end
    return None, _MOST


def _number(coded: bytes, at: int) -> tuple[int, int]:
    """Return a number in pieces of seven bits, the lowest first, and where it ends."""
    value = 0
    for shift in range(0, 56, 7):
        byte = coded[at] if at < len(coded) else 0
        value |= (byte & 0x7F) << shift
        at += 1
        if not byte & 0x80:
            break
    return value, at


def _as_number(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])
