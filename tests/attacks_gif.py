"""GIF files that are made to cost: siblings of those in attacks.py.

Every maker takes how many of its parts to make. Nothing here is a picture of anything.
"""

from __future__ import annotations

import struct

from attacks import Attack

__all__ = ["ATTACKS", "frames_on_small_canvas"]

#: Codes that clear the table and that end, where colours have two bits.
_CLEAR, _END = 4, 5


def _lzw(n_pixels: int) -> bytes:
    """So many pixels of one colour, or a few more, in as few codes as there can be: each names the longest string."""
    codes, width, following, n_done = [(_CLEAR, 3), (0, 3)], 3, _END + 1, 1
    while n_done < n_pixels:
        code = min(following, 4095)
        codes.append((code, width))
        n_done += code - _END + 1
        if following < 4096:
            following += 1
            width += following == 1 << width and width < 12
    codes.append((_END, width))
    value, at, out = 0, 0, bytearray()
    for code, n_bits in codes:
        value |= code << at
        at += n_bits
        while at >= 8:
            out.append(value & 255)
            value >>= 8
            at -= 8
    out.append(value)
    blocks = (bytes(out[k : k + 255]) for k in range(0, len(out), 255))
    return b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def _gif(width: int, height: int, *parts: bytes) -> bytes:
    return (
        b"GIF89a"
        + struct.pack("<HHBBB", width, height, 0x80, 0, 0)
        + b"\0\0\0\xff\xff\xff"
        + b"".join(parts)
        + b"\x3b"
    )


def _gif_frame(width: int, height: int, data: bytes, flags: int = 0) -> bytes:
    return b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, flags) + b"\x02" + data


def frames_on_small_canvas(n: int, size: tuple[int, int], flags: int = 0x40) -> bytes:
    """A frame of 100 x 100, and n larger ones, which are cut to it; interlaced unless the flags say otherwise."""
    rest = _gif_frame(*size, _lzw(size[0] * size[1]), flags)
    return _gif(100, 100, _gif_frame(100, 100, _lzw(10_000)), rest * n)


def gif_frames_beyond_canvas(n: int) -> bytes:
    """Frames of 20 megapixels, interlaced, on a canvas of 100 x 100."""
    return frames_on_small_canvas(n, (20_000, 1_000))


def gif_wide_frames(n: int) -> bytes:
    """The same, not interlaced: what is below the canvas need not be decoded, what is right of it must."""
    return frames_on_small_canvas(n, (65_000, 300), 0)


def gif_controls(n: int) -> bytes:
    """Control blocks before one frame."""
    return _gif(64, 64, b"\x21\xf9\4\4\5\0\2\0" * n, _gif_frame(64, 64, _lzw(4_096)))


def gif_cut_interlaced(n: int) -> bytes:
    """n megapixels, interlaced, of which the last bytes are missing."""
    side = int((n * 1e6) ** 0.5)
    return _gif(side, side, _gif_frame(side, side, _lzw(side * side), 0x40))[:-20]


def gif_clears(n: int) -> bytes:
    """Codes that clear the table, and no pixel."""
    blocks = (b"\xff" + bytes([0x24, 0x49, 0x92] * 85)) * (n // 85)
    return _gif(64, 64, _gif_frame(64, 64, blocks + b"\0"))


def gif_palettes(n: int) -> bytes:
    """Frames of a pixel, each with 256 colours of its own."""
    return _gif(1_000, 1_000, _gif_frame(1_000, 1_000, _lzw(1_000_000)),
                (b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0x87) + bytes(768) + b"\x02" + _lzw(1)) * n)  # fmt: skip


ATTACKS = (
    Attack("gif frames beyond the canvas", gif_frames_beyond_canvas, 500, 0),
    Attack("gif wide frames", gif_wide_frames, 500, 0),
    Attack("gif controls", gif_controls, 12_000_000, 110_000, refused=True),
    Attack("gif cut, interlaced", gif_cut_interlaced, 40, 1),
    Attack("gif clears", gif_clears, 90_000_000, 850),
    Attack("gif palettes", gif_palettes, 120_000, 10),
)
