"""GIF files of every kind, written block by block."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["GifFrame", "gif", "lzw", "quantized"]

UInt8Array = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class GifFrame:
    """One frame as it is written."""

    indices: UInt8Array
    left: int = 0
    top: int = 0
    palette: UInt8Array | None = None  # local
    transparent: int | None = None
    disposal: int = 0
    delay: int = 10  # hundredths of a second
    interlaced: bool = False
    control: bool = True
    before: bytes = b""  # blocks in front of it
    min_code: int | None = None


def lzw(indices: bytes, min_code: int) -> bytes:
    """Compress as GIF does; return the sub-blocks, their end included."""
    clear, end = 1 << min_code, (1 << min_code) + 1
    plain = {bytes([i]): i for i in range(min(clear, 256))}
    table, n_plain = plain.copy(), len(plain)
    bits, n_bits, out = 0, 0, bytearray()
    width = min_code + 1

    def put(code: int) -> None:
        nonlocal bits, n_bits
        bits |= code << n_bits
        n_bits += width
        while n_bits >= 8:
            out.append(bits & 255)
            bits >>= 8
            n_bits -= 8

    put(clear)
    prefix = b""
    for value in indices:
        longer = prefix + bytes([value])
        if longer in table:
            prefix = longer
            continue
        put(table[prefix])
        if clear + 2 + len(table) - n_plain == 4096:
            put(clear)
            table = plain.copy()
            width = min_code + 1
        else:
            code = clear + 2 + len(table) - n_plain
            table[longer] = code
            if code == 1 << width and width < 12:
                width += 1
        prefix = bytes([value])
    if prefix:
        put(table[prefix])
    put(end)
    if n_bits:
        out.append(bits & 255)
    blocks = [bytes(out[at : at + 255]) for at in range(0, len(out), 255)]
    return b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"


def _table(palette: UInt8Array) -> tuple[int, bytes]:
    size = max(1, int(np.ceil(np.log2(max(2, len(palette))))))
    return size - 1, palette.tobytes() + bytes(3 * (2**size - len(palette)))


def gif(
    width: int,
    height: int,
    frames: Sequence[GifFrame],
    *,
    palette: UInt8Array | None = None,
    background: int = 0,
    version: bytes = b"89a",
    loop: bool = True,
    trailer: bytes = b";",
) -> bytes:
    """Write a GIF file."""
    flags, table = 0x70, b""
    if palette is not None:
        size, table = _table(palette)
        flags |= 0x80 | size
    parts = [b"GIF" + version, struct.pack("<HHBBB", width, height, flags, background, 0), table]
    if loop and len(frames) > 1:
        parts.append(b"\x21\xff\x0bNETSCAPE2.0\x03\x01\0\0\0")
    for frame in frames:
        parts.append(frame.before)
        if frame.control:
            key = frame.transparent
            packed = frame.disposal << 2 | (key is not None)
            parts.append(b"\x21\xf9\x04" + struct.pack("<BHBB", packed, frame.delay, key or 0, 0))
        rows, cols = frame.indices.shape
        flags, table = 0, b""
        if frame.palette is not None:
            size, table = _table(frame.palette)
            flags = 0x80 | size
        indices = frame.indices
        if frame.interlaced:
            flags |= 0x40
            order = [*range(0, rows, 8), *range(4, rows, 8), *range(2, rows, 4), *range(1, rows, 2)]
            indices = indices[order]
        used = frame.palette if frame.palette is not None else palette
        colours = max(len(used) if used is not None else 2, int(indices.max(initial=0)) + 1)
        min_code = frame.min_code or max(2, int(np.ceil(np.log2(max(2, colours)))))
        parts.append(b"," + struct.pack("<HHHHB", frame.left, frame.top, cols, rows, flags) + table)
        parts.append(bytes([min_code]) + lzw(indices.tobytes(), min_code))
    return b"".join(parts) + trailer


def quantized(pixels: UInt8Array, n_colours: int = 64) -> tuple[UInt8Array, UInt8Array]:
    """Return a picture's palette indices and the palette, made without a library: levels of each colour."""
    levels = max(2, round(n_colours ** (1 / 3)))
    steps = (pixels.astype(int) * levels // 256).clip(0, levels - 1)
    indices = (steps[..., 0] * levels + steps[..., 1]) * levels + steps[..., 2]
    grid = np.arange(levels) * 255 // (levels - 1)
    palette = np.stack(np.meshgrid(grid, grid, grid, indexing="ij"), -1).reshape(-1, 3)
    return indices.astype(np.uint8), palette.astype(np.uint8)
