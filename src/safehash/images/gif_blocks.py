"""What the blocks of a GIF file say of its frames."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["GifControl", "GifFrame", "GifScreen", "read_frame_blocks", "read_screen", "table_bytes"]

_TRAILER, _EXTENSION, _IMAGE, _CONTROL = 0x3B, 0x21, 0x2C, 0xF9


@dataclass(frozen=True, slots=True, kw_only=True)
class GifScreen:
    """The header: sides of the canvas in pixels, the colours of frames that have none of their own.

    Attributes
    ----------
    width, height : int
    palette : bytes
        Three bytes a colour; empty where the file has none.
    background : int
        An index into it.
    end : int
        Where the first block begins.
    """

    width: int
    height: int
    palette: bytes
    background: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GifControl:
    """What a graphic control block says of the frame after it.

    Attributes
    ----------
    disposal : int
        0 to 7.
    milliseconds : int
    transparent : int or None
        The index that leaves the canvas as it is.
    """

    disposal: int = 0
    milliseconds: int = 0
    transparent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GifFrame:
    """Where one frame's pixels stand and where they go.

    Attributes
    ----------
    left, top, width, height : int
        In pixels of the canvas, which they may exceed.
    palette : bytes
        The frame's own, or the screen's.
    interlaced : bool
    bits : int
        Of the codes that stand for colours.
    start : int
        Where the compressed pixels begin.
    controls : tuple of GifControl
        Every control block since the frame before; viewers take the last one, some the first.
    """

    left: int
    top: int
    width: int
    height: int
    palette: bytes
    interlaced: bool
    bits: int
    start: int
    controls: tuple[GifControl, ...] = field(default=())

    @property
    def control(self) -> GifControl:
        """The control block that browsers go by."""
        return self.controls[-1] if self.controls else GifControl()


def read_screen(data: bytes) -> GifScreen | None:
    """Return what the header says, or None where the file ends in it."""
    if len(data) < 13:
        return None
    width, height, flags, background = struct.unpack_from("<HHBB", data, 6)
    n_bytes = table_bytes(flags)
    return GifScreen(
        width=width, height=height, palette=data[13 : 13 + n_bytes], background=background, end=13 + n_bytes
    )


def read_frame_blocks(data: bytes, screen: GifScreen) -> Iterator[GifFrame]:
    """Yield the frames in order, as far as the file goes: a later one also where the file ends before its pixels."""
    controls: list[GifControl] = []
    is_first = True
    at, n_bytes = screen.end, len(data)
    while at < n_bytes:
        kind = data[at]
        if kind == _EXTENSION:
            if at + 8 <= n_bytes and data[at + 1] == _CONTROL and data[at + 2] >= 4:
                controls.append(_read_control(data, at + 3))
            at = _behind_blocks(data, at + 2)
        elif kind == _IMAGE:
            if at + 10 > n_bytes:
                return
            left, top, width, height, flags = struct.unpack_from("<HHHHB", data, at + 1)
            own = table_bytes(flags)
            start = at + 10 + own
            if start >= n_bytes and is_first:
                return
            is_first = False
            yield GifFrame(
                left=left, top=top, width=width, height=height,
                palette=data[at + 10 : start] if own else screen.palette,
                interlaced=bool(flags & 0x40), bits=data[start] if start < n_bytes else 0, start=start + 1,
                controls=tuple(controls),
            )  # fmt: skip
            controls.clear()
            at = _behind_blocks(data, start + 1)
        elif kind == _TRAILER:
            return
        else:
            at += 1  # some viewers look for the next block, too


def _read_control(data: bytes, at: int) -> GifControl:
    flags, hundredths, transparent = struct.unpack_from("<BHB", data, at)
    return GifControl(
        disposal=flags >> 2 & 7, milliseconds=10 * hundredths, transparent=transparent if flags & 1 else None
    )


def table_bytes(flags: int) -> int:
    """Return how many bytes the colour table has that a descriptor of these flags announces."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _behind_blocks(data: bytes, at: int) -> int:
    while at < len(data) and data[at]:
        at += 1 + data[at]
    return at + 1
