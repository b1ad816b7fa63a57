"""WebP files whose coded pixels are damaged or end early, lengthened so that the decoder comes to their end.

Damaged codes mean something else, and more often than not they take more bytes than there are: the decoder hands
nothing out. With zeros behind them it does, and where another filling begins to make another picture it ends.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["FILLINGS", "chunks", "lengthened", "rows_there", "what_is_whole"]

#: What stands before the zeros, so that codes which still read what there is are told from those that read behind it.
FILLINGS = (b"\x55" * 8, b"\xaa" * 8, b"\x0f" * 8)
#: Zeros behind codes: so often their own length, as there may be more pixels to come, but a byte a pixel at most; and
#: some more.
_AS_MANY, _LEAST_ZEROS = 4, 4096
#: Bytes that are added to a file of many frames.
_MOST_ADDED = 32 << 20
_HEADER, _LOSSY, _LOSSLESS, _ALPHA, _FRAME = b"VP8X", b"VP8 ", b"VP8L", b"ALPH", b"ANMF"
#: What says how pictures are shown, beside these: sides and flags, alpha, repeats, how they are turned.
_SAID = (_HEADER, _ALPHA, b"ANIM", b"EXIF")
#: Before a frame's own chunks stand its place, sides, time and flags.
_FRAME_HEAD = 16
#: Decoders hand out lossless rows in blocks.
_LOSSLESS_ROWS = 16
#: Lossy ones, too. Of the last of them so many rows wait for the next block's edges to be smoothed: where nothing is
#: smoothed, where luma alone is, where chroma is, too. One more waits for the next block's chroma.
_LOSSY_ROWS, _WAITING = 16, {"none": 1, "simple": 3, "normal": 9}
#: Bytes of a lossy picture's frame tag, start code and sides; the bits of the tag before the length of its first part,
#: and what that may be at most.
_LOSSY_HEAD, _FIRST_SHIFT, _MOST_FIRST = 10, 5, (1 << 19) - 1
#: Smoothing, of chroma above all, reaches so many rows into the block before.
_SMOOTHED = 7


def lengthened(data: bytes, filling: bytes = b"", kept: float = 1.0) -> bytes | None:
    """Return a file with zeros behind the coded pixels of its picture and frames; None where it has none.

    Parameters
    ----------
    data : bytes
        The whole file.
    filling : bytes
        What stands before the zeros.
    kept : float
        The share of lossless codes that is kept, 0 to 1: what stands behind it may be none.

    References
    ----------
    RFC 9649; RFC 6386, 9.2 to 9.6.
    """
    left = [_MOST_ADDED]
    body = _longer(data[12:], filling, kept, left)
    if left[0] == _MOST_ADDED:
        return None
    return b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"WEBP" + body


def what_is_whole(data: bytes, *, first: bool = False) -> bytes | None:
    """Return a file without what is cut behind its coded pixels; None where these are cut, or nothing is.

    Of several still pictures the first is the one that is shown.

    Parameters
    ----------
    data : bytes
        The whole file.
    first : bool
        Of an animation its first frame alone, whatever is cut behind it.
    """
    kept: list[bytes] = []
    found: bytes | None = None  # what kind of picture came first
    is_sound = int.from_bytes(data[4:8], "little") + 8 == len(data)
    for kind, content, is_whole in _cut_chunks(data[12:]):
        is_picture = kind in (_FRAME, _LOSSY, _LOSSLESS)
        if not is_whole and (found is None or (kind == _FRAME == found and not first)):
            return None
        is_further = found is not None and (is_picture or kind == _ALPHA) and (first or found != _FRAME)
        is_sound = is_sound and is_whole and not is_further
        if is_whole and not is_further and (is_picture or kind in _SAID):
            kept += [kind, len(content).to_bytes(4, "little"), content, bytes(len(content) % 2)]
        found = found or (kind if is_picture else None)
    if found is None or is_sound:
        return None
    body = b"".join(kept)
    return b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"WEBP" + body


def rows_there(data: bytes, n_alike: int) -> int:
    """Return how many rows a decoder hands out while it decodes, of a first picture whose first rows are known."""
    for kind, coded in _all_chunks(data[12:]):
        if kind == _LOSSLESS:
            return n_alike // _LOSSLESS_ROWS * _LOSSLESS_ROWS
        if kind == _LOSSY:
            there = (n_alike + _SMOOTHED) // _LOSSY_ROWS * _LOSSY_ROWS
            return max(0, there - _WAITING[_smoothing(coded)])
    return n_alike


class _Booleans:
    """What an arithmetic code says with even chances (RFC 6386, 7.3); zeros behind its end."""

    def __init__(self, coded: bytes) -> None:
        self._coded, self._at, self._range, self._n_shifted = coded, 2, 255, 0
        self._value = int.from_bytes(coded[:2].ljust(2, b"\0"), "big")

    def take(self, n: int) -> int:
        """Return a number of n bits."""
        number = 0
        for _ in range(n):
            split = 1 + ((self._range - 1) >> 1)
            bit = self._value >= split << 8
            self._range = self._range - split if bit else split
            self._value -= split << 8 if bit else 0
            number = number << 1 | bit
            while self._range < 128:
                self._range <<= 1
                self._value <<= 1
                self._n_shifted += 1
                if self._n_shifted % 8 == 0:
                    self._value |= self._coded[self._at] if self._at < len(self._coded) else 0
                    self._at += 1
        return number

    def pass_optional(self, count: int, n: int) -> None:
        """Pass so many numbers of n bits, each of which may not be there."""
        for _ in range(count):
            if self.take(1):
                self.take(n)


def _smoothing(coded: bytes) -> str:
    """Return how a lossy picture's blocks are smoothed (RFC 6386, 9.2 to 9.6)."""
    said = _Booleans(coded[_LOSSY_HEAD:])
    said.take(2)  # colour space, clamping
    if said.take(1):  # blocks in segments
        has_map, has_strengths = said.take(1), said.take(1)
        if has_strengths:
            said.take(1)
            said.pass_optional(4, 8)
            said.pass_optional(4, 7)
        if has_map:
            said.pass_optional(3, 8)
    is_simple, level = said.take(1), said.take(6)
    return "none" if not level else "simple" if is_simple else "normal"


def chunks(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of each chunk; of the last one what there is of it."""
    yield from ((kind, content) for kind, content, _ in _cut_chunks(body))


def _cut_chunks(body: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """Yield kind and content of each chunk, and whether all of it is there."""
    at = 0
    while at + 8 <= len(body):
        length = int.from_bytes(body[at + 4 : at + 8], "little")
        content = body[at + 8 : at + 8 + length]
        yield body[at : at + 4], content, len(content) == length
        at += 8 + length + length % 2


def _all_chunks(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    for kind, content in chunks(body):
        yield kind, content
        if kind == _FRAME:
            yield from chunks(content[_FRAME_HEAD:])


def _longer(body: bytes, filling: bytes, kept: float, left: list[int]) -> bytes:
    """Return chunks, those of coded pixels lengthened as far as bytes are left."""
    parts = []
    for kind, content in chunks(body):
        longer = content
        if kind == _FRAME and len(content) > _FRAME_HEAD:
            longer = content[:_FRAME_HEAD] + _longer(content[_FRAME_HEAD:], filling, kept, left)
        elif kind in (_LOSSY, _LOSSLESS, _ALPHA):
            there = content[: round(len(content) * kept)] if kind == _LOSSLESS else content
            longer = _LENGTHENED[kind](there, filling)
            left[0] -= max(1, len(longer) - len(content))
            longer = longer if left[0] >= 0 else content
        parts += [kind, len(longer).to_bytes(4, "little"), longer, bytes(len(longer) % 2)]
    return b"".join(parts)


def _n_zeros(coded: bytes, cols: int, rows: int) -> int:
    return min(_AS_MANY * len(coded), cols * rows) + _LEAST_ZEROS


def _longer_lossless(coded: bytes, filling: bytes) -> bytes:
    sides = int.from_bytes(coded[1:5], "little")
    return coded + filling + bytes(_n_zeros(coded, (sides & 0x3FFF) + 1, (sides >> 14 & 0x3FFF) + 1))


def _longer_lossy(coded: bytes, filling: bytes) -> bytes:
    """Return a lossy picture with zeros behind its first part, how blocks are predicted, and behind its last."""
    if len(coded) < _LOSSY_HEAD:
        return coded
    cols, rows = (int.from_bytes(coded[at : at + 2], "little") & 0x3FFF for at in (6, 8))
    head = int.from_bytes(coded[:3], "little")
    first = head >> _FIRST_SHIFT
    end = _LOSSY_HEAD + first
    n_zeros = _n_zeros(coded, cols, rows)
    n_first = min(n_zeros, _MOST_FIRST - first - len(filling))
    if end > len(coded) or n_first < 0:  # nothing there but how blocks are predicted
        return coded + filling + bytes(n_zeros)
    head += (n_first + len(filling)) << _FIRST_SHIFT
    between = filling + bytes(n_first)
    return head.to_bytes(3, "little") + coded[3:end] + between + coded[end:] + filling + bytes(n_zeros)


def _longer_alpha(coded: bytes, filling: bytes) -> bytes:
    return coded + filling + bytes(_AS_MANY * len(coded) + _LEAST_ZEROS)


_LENGTHENED = {_LOSSY: _longer_lossy, _LOSSLESS: _longer_lossless, _ALPHA: _longer_alpha}
