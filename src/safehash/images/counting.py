"""How much work a file's parts are, counted in one pass over its bytes before a decoder meets them."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..errors import ImageTooLarge
from .gif_blocks import table_bytes
from .heif_parts import count_heif
from .tiff_header import BYTES_OF_TYPE
from .webp_parts import count_webp

__all__ = ["MAX_FRAMES", "Budget", "check_jpeg_scans", "check_parts"]

#: Later frames or pages than this are not looked at, and so not counted.
MAX_FRAMES = 2000

# -- the measure ------------------------------------------------------------------------------------------------

#: What all parts of one file may cost, in nanoseconds of one core of 2020 (measured, then counted: no clock is read),
#: and that for each byte of it. Half of what "2 seconds, and 0.1 a megabyte" says, so that slower cores hold it.
_ALLOWED = 1_000_000_000
_ALLOWED_A_BYTE = 50


class Budget:
    """What the parts of one file may still cost.

    Parameters
    ----------
    name : str
        Of the format.
    n_bytes : int
        Of the file.
    """

    __slots__ = ("_left", "_name", "n_spent")

    def __init__(self, name: str, n_bytes: int) -> None:
        self._name = name
        self._left = _ALLOWED + _ALLOWED_A_BYTE * n_bytes
        self.n_spent = 0

    def spend(self, n_parts: int, each: float, what: str) -> None:
        """Count `n_parts` of `each` nanoseconds.

        Raises
        ------
        ImageTooLarge
            That is more than is left.
        """
        self.n_spent += round(n_parts * each)
        if self.n_spent > self._left:
            raise ImageTooLarge(
                f"a {self._name} file made to cost: {what} and more, {self.n_spent / 1e9:.1f} s of work where a "
                f"file of its size may take {self._left / 1e9:.1f}"
            )

    def allow(self, n_parts: int, each: float) -> None:
        """Add what an honest picture of this size takes."""
        self._left += round(n_parts * each)


def check_parts(name: str, data: bytes) -> int:
    """Refuse a file whose parts are so many that reading them costs more than its pixels.

    Parameters
    ----------
    name : str
        The format.
    data : bytes
        The whole file.

    Returns
    -------
    int
        The work of its parts, in nanoseconds.

    Raises
    ------
    ImageTooLarge
        It says what there is too much of.
    """
    count = _COUNTERS.get(name)
    if count is None:
        return 0
    budget = Budget(name, len(data))
    count(data, budget)
    return budget.n_spent


# -- JPEG -------------------------------------------------------------------------------------------------------

# Where a part costs a microsecond or three and honest files have few of them, it is counted as ten: a file made to cost
# is refused the sooner.

#: Nanoseconds of a marker segment before the pixels, and of one more byte of fill or garbage.
_SEGMENT, _FILL = 10_000, 1_000
#: Of a scan, and of another segment between scans, which only the decoder reads.
_SCAN, _TABLE = 20_000, 100
#: Of a block that a scan passes over with nothing to say of it; of a coefficient, where the coding is arithmetic.
_BLOCK, _COEFFICIENT = 6.5, 25
#: So many passes over each block are an honest progressive picture's: encoders make 6 to 10, optimizers up to 20.
_PASSES = 32
#: Honest arithmetic coding decides of every coefficient a few times.
_COEFFICIENT_PASSES = 256

_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9
_ARITHMETIC = frozenset({0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF})
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_MARKER = re.compile(rb"\xff+[^\x00\xff]")
_MARKER_BEHIND_SCAN = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")


def _count_jpeg(data: bytes, budget: Budget) -> None:
    """Count segments up to the first scan, then the scans where there is more than one."""
    at, frame, n_segments = 2, b"", 0
    while (found := _MARKER.search(data, at)) is not None:
        budget.spend(
            found.start() - at + found.end() - found.start() - 2, _FILL, "bytes between its segments"
        )
        marker, at = data[found.end() - 1], found.end()
        if marker == _START_OF_SCAN:
            if frame:
                check_jpeg_scans(data, frame, found.end() - 2, budget)
            return
        if marker == _END_OF_IMAGE:
            return
        n_segments += 1
        budget.spend(1, _SEGMENT, f"{n_segments} segments before its pixels")
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            continue
        end = at + int.from_bytes(data[at : at + 2], "big")
        if marker in _FRAMES and not frame:
            frame = bytes([marker]) + data[at + 2 : end]
        at = max(end, at + 2)
    budget.spend(max(0, len(data) - at), _FILL, "bytes that begin no segment")


def check_jpeg_scans(data: bytes, frame: bytes, at: int, budget: Budget | None = None) -> None:
    """Refuse a JPEG file whose scans pass over its blocks too often.

    Parameters
    ----------
    data : bytes
    frame : bytes
        The marker's second byte and the body of the frame header.
    at : int
        Where the first scan's marker stands.
    budget : Budget, optional
        What may still be spent.

    Raises
    ------
    ImageTooLarge
    """
    blocks = _blocks_of_components(frame)
    if budget is None:
        budget = Budget("JPEG", len(data))
    arithmetic = frame[0] in _ARITHMETIC
    each, passes = (_COEFFICIENT, _COEFFICIENT_PASSES) if arithmetic else (_BLOCK, _PASSES)
    all_blocks = sum(blocks.values())
    budget.allow(passes * all_blocks, each)
    most = 64 if arithmetic else 1
    if data.count(b"\xff\xda", at) * all_blocks * most * each < _ALLOWED / 4:
        return
    n_scans = 0
    marker = _START_OF_SCAN
    while marker != _END_OF_IMAGE:
        n_bytes = int.from_bytes(data[at + 2 : at + 4], "big")
        n_scans += marker == _START_OF_SCAN
        if marker == _START_OF_SCAN:
            n_named = data[at + 4] if at + 4 < len(data) else 0
            named = data[at + 5 : at + 5 + 2 * n_named : 2]
            passed = sum(blocks.get(component, 0) for component in named)
            first, last = (*data[at + 5 + 2 * n_named : at + 7 + 2 * n_named], 0, 63)[:2]
            weight = max(1, min(last, 63) - first + 1) if arithmetic else 1
            budget.spend(passed * weight, each, f"{n_scans} scans over {all_blocks} blocks")
        budget.spend(1, _SCAN if marker == _START_OF_SCAN else _TABLE, f"{n_scans} scans")
        found = _MARKER_BEHIND_SCAN.search(data, at + 2 + max(2, n_bytes))
        if found is None:
            return
        marker, at = data[found.end() - 1], found.end() - 2


def _blocks_of_components(frame: bytes) -> dict[int, int]:
    """Return how many blocks each component of a frame has, by its number."""
    if len(frame) < 7:
        return {}
    height, width = struct.unpack_from(">HH", frame, 2)
    parts = [frame[at : at + 3] for at in range(7, len(frame) - 2, 3)]
    most_across = max((part[1] >> 4 for part in parts), default=1) or 1
    most_down = max((part[1] & 15 for part in parts), default=1) or 1
    blocks: dict[int, int] = {}
    for number, sampling, _ in parts:
        across = -(-width * (sampling >> 4 or 1) // (8 * most_across))
        down = -(-height * (sampling & 15 or 1) // (8 * most_down))
        blocks[number] = blocks.get(number, 0) + across * down
    return blocks


# -- PNG --------------------------------------------------------------------------------------------------------

#: Nanoseconds of a chunk.
_CHUNK = 10_000


def _count_png(data: bytes, budget: Budget) -> None:
    at, n_chunks, unpack = 8, 0, struct.Struct(">I4s").unpack_from
    while at + 8 <= len(data):
        n_bytes, kind = unpack(data, at)
        n_chunks += 1
        if n_chunks % 256 == 0:
            budget.spend(256, _CHUNK, f"{n_chunks} chunks")
        if kind == b"IEND":
            break
        at += 12 + n_bytes
    budget.spend(n_chunks % 256, _CHUNK, f"{n_chunks} chunks")


# -- GIF --------------------------------------------------------------------------------------------------------

#: Nanoseconds of a sub-block, of an extension or frame that is passed over, and of a byte where a block should begin.
_SUB_BLOCK, _BLOCK_OF_GIF, _JUNK = 1_000, 10_000, 10_000


def _count_gif(data: bytes, budget: Budget) -> None:
    n_bytes = len(data)
    at = 13 + table_bytes(data[10] if n_bytes > 10 else 0)
    n_blocks = n_junk = n_parts = 0
    while at < n_bytes:
        kind = data[at]
        if kind == 0x3B:
            break
        if kind == 0x21:
            n_parts += 1
            budget.spend(1, _BLOCK_OF_GIF, f"{n_parts} extensions and frames")
            at += 2
        elif kind == 0x2C:
            n_parts += 1
            budget.spend(1, _BLOCK_OF_GIF, f"{n_parts} extensions and frames")
            at += 11 + table_bytes(data[at + 9] if at + 9 < n_bytes else 0)
        else:
            n_junk += 1
            if n_junk & 0xFFF == 0:
                budget.spend(0x1000, _JUNK, f"{n_junk} bytes between its blocks")
            at += 1
            continue
        before = n_blocks
        while at < n_bytes and data[at]:
            at += 1 + data[at]
            n_blocks += 1
            if n_blocks & 0xFFFF == 0:
                budget.spend(0x10000, _SUB_BLOCK, f"{n_blocks} sub-blocks")
                before = n_blocks
        budget.spend(n_blocks - before, _SUB_BLOCK, f"{n_blocks} sub-blocks")
        at += 1


# -- BMP --------------------------------------------------------------------------------------------------------

#: Nanoseconds of a run.
_RUN = 1_000
_RUN_LENGTHS = {1: 8, 2: 4}


def _count_bmp(data: bytes, budget: Budget) -> None:
    """Count the runs of a run-length picture: at most one a pixel and a line is honest."""
    if len(data) < 34:
        return
    start, n_header = struct.unpack_from("<II", data, 10)
    if n_header < 40 or struct.unpack_from("<I", data, 30)[0] not in _RUN_LENGTHS:
        return
    n_pixels = abs(struct.unpack_from("<i", data, 18)[0]) * abs(struct.unpack_from("<i", data, 22)[0])
    # Runs are two bytes at least. An honest encoder writes no more of them than there are pixels.
    n_runs = (len(data) - start) // 2
    budget.allow(min(n_runs, n_pixels), _RUN / 8)
    budget.spend(n_runs, _RUN / 8, f"{n_runs} runs for {n_pixels} pixels")


# -- TIFF -------------------------------------------------------------------------------------------------------

#: Nanoseconds of a directory, of an entry, of a byte of what entries hold, and of a strip or tile.
_DIRECTORY, _ENTRY, _HELD, _STRIP = 30_000, 6_000, 0.3, 6_000
#: Of one that a library unpacks, by the number of its compression: LZW, runs, LZMA, Zstandard, WebP.
_STRIP_BY_LIBRARY = {5: 60_000, 32773: 60_000, 34925: 60_000, 50000: 60_000, 50001: 150_000}
_COMPRESSION = 259
_OFFSETS, _LENGTHS = frozenset({273, 324}), frozenset({279, 325})
#: How often all of a file's bytes may stand in a directory's entries, and be read by its strips; honest ones do once.
_MAX_USES = 2


@dataclass(frozen=True, slots=True)
class _Layout:
    """How a TIFF file writes its numbers: classic, or with 64 bits."""

    order: str
    is_large: bool

    @property
    def word(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.is_large else "I"))

    @property
    def count(self) -> struct.Struct:
        return struct.Struct(self.order + ("Q" if self.is_large else "H"))

    @property
    def entry(self) -> struct.Struct:
        return struct.Struct(self.order + ("HHQQ" if self.is_large else "HHII"))


def _count_tiff(data: bytes, budget: Budget) -> None:
    """Follow the chain of directories as far as pages are looked at."""
    layout = _Layout("<" if data[:2] == b"II" else ">", data[2:4] in (b"+\0", b"\0+"))
    word, count = layout.word, layout.count
    seen: set[int] = set()
    at = _number(word, data, 8 if layout.is_large else 4)
    while at and at not in seen and len(seen) < MAX_FRAMES:
        seen.add(at)
        n_entries = _number(count, data, at)
        n_there = max(0, min(n_entries, (len(data) - at - count.size) // layout.entry.size))
        budget.spend(1, _DIRECTORY, f"{len(seen)} directories")
        budget.spend(n_there, _ENTRY, f"{len(seen)} directories, one of them with {n_there} entries")
        if n_there:
            _count_entries(data, at + count.size, n_there, layout, budget)
        at = _number(word, data, at + count.size + n_entries * layout.entry.size)


def _count_entries(data: bytes, at: int, n_entries: int, layout: _Layout, budget: Budget) -> None:
    """Count what the entries of one directory hold, and how much its strips or tiles read."""
    held = 0
    most = _MAX_USES * len(data)
    body = data[at : at + n_entries * layout.entry.size]
    each = _STRIP_BY_LIBRARY.get(_compression(body, layout), _STRIP)
    for tag, kind, count, value in layout.entry.iter_unpack(body):
        n_bytes = count * BYTES_OF_TYPE.get(kind, 0)
        if n_bytes > layout.word.size:
            held += min(n_bytes, len(data))
            if held > most:
                raise ImageTooLarge(
                    f"a TIFF file made to cost: {n_entries} entries that hold {held} bytes and more"
                )
        if tag in _OFFSETS:
            count = min(count, len(data))
            budget.spend(count, each, f"{count} strips or tiles")
        elif tag in _LENGTHS and n_bytes > layout.word.size:
            read = _sum_of_values(data, BYTES_OF_TYPE[kind], count, value, layout.order)
            if read > most:
                raise ImageTooLarge(
                    f"a TIFF file made to cost: strips or tiles that read {read:.0f} bytes in all"
                )
    budget.spend(held, _HELD, f"{held} bytes in its entries")


def _compression(body: bytes, layout: _Layout) -> int:
    """Return how the strips of a directory are packed: the first entry counts, its number fits into it."""
    for tag, kind, _, value in layout.entry.iter_unpack(body):
        if tag == _COMPRESSION:
            n_bytes = min(BYTES_OF_TYPE.get(kind, 1), layout.word.size)
            shift = 8 * (layout.word.size - n_bytes) if layout.order == ">" else 0
            return int(value >> shift & (1 << 8 * n_bytes) - 1)
    return 1


def _sum_of_values(data: bytes, n_bytes: int, count: int, at: int, order: str) -> float:
    """Return the sum of an entry's whole numbers, as far as the file has them."""
    if n_bytes not in (2, 4, 8) or at >= len(data):
        return 0.0
    count = min(count, (len(data) - at) // n_bytes)
    return float(np.frombuffer(data, f"{order}u{n_bytes}", count, at).sum(dtype=np.float64))


def _number(layout: struct.Struct, data: bytes, at: int) -> int:
    """Read a number, 0 where the file has ended."""
    return int(layout.unpack_from(data, at)[0]) if at + layout.size <= len(data) else 0


# -- PNM --------------------------------------------------------------------------------------------------------

#: Nanoseconds of a remark in the header.
_PNM_REMARK = 4_000
_BEHIND_NUMBER = re.compile(rb"[0-9 \t\n\v\f\r]*")
_END_OF_LINE = re.compile(rb"[^\n\r]*")


def _count_pnm(data: bytes, budget: Budget) -> None:
    """Count the remarks of the header: those among digits cost what digits do."""
    n_remarks = 0
    at = 2
    while (found := _BEHIND_NUMBER.match(data, at)) is not None and data[
        found.end() : found.end() + 1
    ] == b"#":
        n_remarks += 1
        if n_remarks % 256 == 0:
            budget.spend(256, _PNM_REMARK, f"{n_remarks} remarks in its header")
        ended = _END_OF_LINE.match(data, found.end())
        at = len(data) if ended is None else ended.end()
    budget.spend(n_remarks % 256, _PNM_REMARK, f"{n_remarks} remarks in its header")


_COUNTERS: dict[str, Callable[[bytes, Budget], None]] = {
    "JPEG": _count_jpeg,
    "PNG": _count_png,
    "GIF": _count_gif,
    "BMP": _count_bmp,
    "TIFF": _count_tiff,
    "WEBP": count_webp,
    "PNM": _count_pnm,
    "HEIF": count_heif,
}
