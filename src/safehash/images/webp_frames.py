"""The frames of a WebP animation as files of their own, and where each of them lies on the canvas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .canvas import Disposal
from .webp_ends import chunks

__all__ = ["WebpFrame", "read_frame_chunks"]

#: Before a frame's own chunks stand its place, halved, its sides less one, its time and its flags (RFC 9649, 2.7.1).
_HEAD = 16
_CLEARED, _NOT_MIXED = 1, 2
#: In the flags of the extended header, and in the head of lossless pixels behind a byte and both sides.
_HAS_ALPHA, _LOSSLESS_ALPHA = 0x10, 0x10


@dataclass(frozen=True, slots=True)
class WebpFrame:
    """One frame of an animation.

    Attributes
    ----------
    left, top, width, height : int
        Its place on the canvas, in pixels.
    over : bool
        Mixed with what lies under it.
    opaque : bool
        The file says that nothing of it is transparent.
    disposal : Disposal
    still : bytes
        A WebP file that shows it alone.
    """

    left: int
    top: int
    width: int
    height: int
    over: bool
    opaque: bool
    disposal: Disposal
    still: bytes


def read_frame_chunks(data: bytes) -> Iterator[WebpFrame]:
    """Yield the frames of an animation."""
    for kind, content in chunks(data[12:]):
        if kind != b"ANMF" or len(content) < _HEAD:
            continue
        coded = [
            (name, part) for name, part in chunks(content[_HEAD:]) if name in (b"ALPH", b"VP8 ", b"VP8L")
        ]
        opaque = not any(
            name == b"ALPH" or (name == b"VP8L" and part[4:5] and part[4] & _LOSSLESS_ALPHA)
            for name, part in coded
        )
        header = bytes([0 if opaque else _HAS_ALPHA, 0, 0, 0]) + content[6:12]
        body = b"WEBP" + b"".join(_chunk(name, part) for name, part in [(b"VP8X", header), *coded])
        yield WebpFrame(
            left=2 * _number(content, 0), top=2 * _number(content, 3),
            width=_number(content, 6) + 1, height=_number(content, 9) + 1,
            over=not content[15] & _NOT_MIXED, opaque=opaque,
            disposal="clear" if content[15] & _CLEARED else "keep",
            still=_chunk(b"RIFF", body),
        )  # fmt: skip


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 3], "little")


def _chunk(kind: bytes, content: bytes) -> bytes:
    return kind + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)
