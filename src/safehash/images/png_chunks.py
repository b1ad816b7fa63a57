"""What the chunks of a PNG file say: how its pixels are stored, and which frames an animation has."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..errors import UnreadableImage

__all__ = ["GREYS", "PngFile", "PngFrame", "Span", "read_chunks"]

_CHUNK = struct.Struct(">I4s").unpack_from
_HEADER = struct.Struct(">IIBBBBB")
_CONTROL = struct.Struct(">IIIIIHHBB")
SIGNATURE = b"\x89PNG\r\n\x1a\n"
#: Types of colour that are grey, with alpha or without.
GREYS = (0, 4)

#: Chunks beside the critical ones that decide what is shown, and how long they are at least and at most.
_SHOWING = {b"PLTE": (3, 768), b"tRNS": (1, 256), b"eXIf": (8, 1 << 31)}


class Span(NamedTuple):
    """From where to where something stands in the file, in bytes."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PngFrame:
    """One frame of an animation, and where its compressed pixels stand.

    Attributes
    ----------
    left, top, width, height : int
        In pixels of the canvas, within it.
    milliseconds : float
    dispose : int
        0 stays, 1 becomes transparent, 2 becomes what was there before.
    blend : int
        0 replaces what was there, 1 is mixed with it.
    parts : tuple of Span
    """

    left: int
    top: int
    width: int
    height: int
    milliseconds: float
    dispose: int
    blend: int
    parts: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PngFile:
    """A PNG file's header, the chunks before its pixels, its default image and its animation.

    Attributes
    ----------
    width, height : int
        In pixels.
    depth, colour : int
        Bits a sample, and the colour type.
    interlaced : bool
    head : bytes
        Palette and transparency, as chunks.
    exif : bytes
        EXIF data, or empty.
    parts : tuple of Span
        Where the compressed pixels of the default image stand.
    chunks : Span
        From the first to behind the last chunk of them.
    is_plain : bool
        Nothing else stands in the file: its decoder may have it as it is.
    frames : tuple of PngFrame
        Of the animation, or empty.
    has_hidden : bool
        The default image is no part of the animation.
    """

    width: int
    height: int
    depth: int
    colour: int
    interlaced: bool
    head: bytes
    exif: bytes
    parts: tuple[Span, ...]
    chunks: Span
    is_plain: bool
    frames: tuple[PngFrame, ...]
    has_hidden: bool


def read_chunks(data: bytes, *, max_frames: int) -> PngFile:
    """Return what the chunks say, as far as the file goes.

    Parameters
    ----------
    data : bytes
        The whole file.
    max_frames : int
        Of an animation, at most.

    Raises
    ------
    UnreadableImage
        No header, or no pixels.
    """
    if len(data) < 33 or data[12:16] != b"IHDR":
        raise UnreadableImage("damaged PNG: no header in it")
    width, height, depth, colour, _, _, interlacing = _HEADER.unpack_from(data, 16)
    head: dict[bytes, bytes] = {}
    parts: list[Span] = []
    chunks = Span(0, 0)
    is_plain = True
    animation = _Animation(width, height, max_frames)
    at, n_bytes = 33, len(data)
    while at + 8 <= n_bytes:
        length, kind = _CHUNK(data, at)
        start, end = at + 8, at + 12 + length
        if kind == b"IDAT":
            parts.append(Span(start, min(end - 4, n_bytes)))
            chunks = Span(chunks.start or at, min(end, n_bytes))
            animation.add_default(parts[-1])
        elif kind == b"IEND":
            break
        elif kind in _ANIMATION:
            is_plain = False
            animation.add(kind, data, Span(start, min(end - 4, n_bytes)), after_pixels=bool(parts))
        elif not parts and kind in _SHOWING and kind not in head and _is_whole(data, Span(at, end), kind):
            if kind == b"tRNS" and not _says_what_is_transparent(length, colour, head.get(b"PLTE", b"")):
                is_plain = False
            else:
                head[kind] = data[at:end]
        else:
            is_plain = False
        at = end
    if not parts:
        raise UnreadableImage("damaged PNG: no pixels in it")
    exif = head.pop(b"eXIf", b"")
    frames = animation.close()
    return PngFile(
        width=width, height=height, depth=depth, colour=colour, interlaced=interlacing == 1,
        # A palette stands before what says how transparent it is.
        head=b"".join(head[kind] for kind in sorted(head)), exif=exif[8:-4], parts=tuple(parts), chunks=chunks,
        is_plain=is_plain, frames=frames, has_hidden=bool(frames) and animation.has_hidden,
    )  # fmt: skip


def _says_what_is_transparent(length: int, colour: int, palette: bytes) -> bool:
    """Tell whether browsers heed so many bytes of transparency behind this palette's chunk, for a type of colour."""
    if colour == 3:
        return bool(palette)  # otherwise they know none yet
    return colour in (0, 2) and length >= (2 if colour == 0 else 6)


def _is_whole(data: bytes, chunk: Span, kind: bytes) -> bool:
    least, most = _SHOWING[kind]
    if chunk.end > len(data) or not least <= chunk.end - chunk.start - 12 <= most:
        return False
    return (
        zlib.crc32(data[chunk.start + 4 : chunk.end - 4]).to_bytes(4, "big")
        == data[chunk.end - 4 : chunk.end]
    )


# -- the animation ------------------------------------------------------------------------------------------


_ANIMATION = frozenset({b"acTL", b"fcTL", b"fdAT"})
#: No file may say that it has more.
_MOST_FRAMES = (1 << 31) - 1


class _Animation:
    """Frames as their chunks come by; it ends where they contradict each other."""

    def __init__(self, width: int, height: int, max_frames: int) -> None:
        self._size = width, height
        self._max_frames = max_frames
        self._n_frames = 0
        self._number = 0
        self._frames: list[PngFrame] = []
        self._control: PngFrame | None = None
        self._parts: list[Span] = []
        self.has_hidden = True
        self._is_over = False

    def add_default(self, part: Span) -> None:
        """Take pixels of the default image, which are the first frame's where its control stands before them."""
        if self._control is not None and not self._frames:
            self.has_hidden = False
            self._parts.append(part)

    def add(self, kind: bytes, data: bytes, body: Span, *, after_pixels: bool) -> None:
        """Take a chunk of the animation."""
        if not self._is_over:
            self._is_over = not self._add(kind, data, body, after_pixels)

    def _add(self, kind: bytes, data: bytes, body: Span, after_pixels: bool) -> bool:
        """Take a chunk of the animation; tell whether any more make sense."""
        length = body.end - body.start
        checksum = data[body.end : body.end + 4]
        if kind == b"acTL":
            whole = length == 8 and zlib.crc32(data[body.start - 4 : body.end]).to_bytes(4, "big") == checksum
            if whole and not after_pixels and not self._n_frames:
                n_frames = int.from_bytes(data[body.start : body.start + 4], "big")
                self._n_frames = n_frames if n_frames <= _MOST_FRAMES else 0
            return True
        if kind == b"fcTL":
            return self._begin(data, body, checksum)
        if length < 4 or self._control is None or not self._next_number(data, body):
            return False
        self._parts.append(Span(body.start + 4, body.end))
        return True

    def _begin(self, data: bytes, body: Span, checksum: bytes) -> bool:
        if (
            body.end - body.start != 26
            or zlib.crc32(data[body.start - 4 : body.end]).to_bytes(4, "big") != checksum
        ):
            return False
        _, width, height, left, top, over, under, dispose, blend = _CONTROL.unpack_from(data, body.start)
        within = left + width <= self._size[0] and top + height <= self._size[1] and width > 0 and height > 0
        if not within or dispose > 2 or blend > 1 or not self._next_number(data, body):
            return False
        self._end_frame()
        if len(self._frames) == self._max_frames:
            return False
        self._control = PngFrame(
            left=left, top=top, width=width, height=height, milliseconds=1000 * over / (under or 100),
            dispose=dispose, blend=blend, parts=(),
        )  # fmt: skip
        return True

    def _next_number(self, data: bytes, body: Span) -> bool:
        right = int.from_bytes(data[body.start : body.start + 4], "big") == self._number
        self._number += 1
        return right

    def _end_frame(self) -> None:
        if self._control is not None and self._parts:
            self._frames.append(replace(self._control, parts=tuple(self._parts)))
        self._control, self._parts = None, []

    def close(self) -> tuple[PngFrame, ...]:
        """Return the frames there are; none where it is no animation."""
        self._end_frame()
        return tuple(self._frames[: self._n_frames])
