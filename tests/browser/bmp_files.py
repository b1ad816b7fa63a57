"""BMP files of every kind, written field by field."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["bmp", "bmp_rows", "masked_pixels", "run_lengths"]

UInt8Array = npt.NDArray[np.uint8]


def bmp_rows(values: npt.NDArray[Any], depth: int) -> bytes:
    """Pack pixel values, shape (rows, cols), in the order given, each row padded to four bytes."""
    rows = []
    for row in values:
        if depth >= 8:
            n_bytes = depth // 8
            packed = row.astype("<u4").view(np.uint8).reshape(-1, 4)[:, :n_bytes].tobytes()
        else:
            per_byte = 8 // depth
            padded = np.pad(row, (0, -len(row) % per_byte)).reshape(-1, per_byte).astype(np.uint32)
            packed = (
                np.bitwise_or.reduce(padded << np.arange(8 - depth, -1, -depth), axis=1)
                .astype(np.uint8)
                .tobytes()
            )
        rows.append(packed + bytes(-len(packed) % 4))
    return b"".join(rows)


def masked_pixels(channels: npt.NDArray[Any], masks: tuple[int, ...]) -> npt.NDArray[np.uint32]:
    """Put channels of 8 bits, shape (rows, cols, n), under masks."""
    values = np.zeros(channels.shape[:2], np.uint64)
    for band, mask in enumerate(masks[: channels.shape[2]]):
        if not mask:
            continue
        shift = (mask & -mask).bit_length() - 1
        n_bits = mask.bit_length() - shift
        scaled = np.rint(channels[..., band].astype(float) * ((1 << n_bits) - 1) / 255).astype(np.uint64)
        values |= scaled << np.uint64(shift)
    return values.astype(np.uint32)


def bmp(
    size: tuple[int, int],
    depth: int,
    body: bytes,
    *,
    header: int = 40,
    compression: int = 0,
    masks: tuple[int, ...] = (),
    palette: UInt8Array | None = None,
    n_colours: int | None = None,
    top_down: bool = False,
    gap: int = 0,
    pixels_at: int | None = None,
) -> bytes:
    """Write a BMP file: `body` as `bmp_rows` packs it, bottom row first unless top_down."""
    cols, rows = size
    table = b""
    if palette is not None:
        entry = 3 if header == 12 else 4
        table = b"".join(bytes(colour[::-1]) + bytes(entry - 3) for colour in palette)
    used = len(palette) if palette is not None and n_colours is None else n_colours or 0
    if header == 12:
        info = struct.pack("<IHHHH", 12, cols, rows, 1, depth)
    else:
        info = struct.pack(
            "<IiiHHIIiiII", header, cols, -rows if top_down else rows, 1, depth, compression, len(body), 2835, 2835,
            used, 0,
        )  # fmt: skip
        info = info[:header] if header < 40 else info
        if header >= 52 and header != 64:
            info += struct.pack("<4I", *(*masks, 0, 0, 0, 0)[:4])[: min(header, 56) - 40]
        info = info.ljust(header, b"\0")
        if compression in (3, 6) and header not in (52, 56, 108, 124):  # those have no place for them
            info += struct.pack(f"<{len(masks)}I", *masks)
        if header >= 108:
            info = info[:56] + b"sRGB"[::-1] + info[60:]
    at = 14 + len(info) + len(table) + gap if pixels_at is None else pixels_at
    head = b"BM" + struct.pack("<IHHI", at + len(body), 0, 0, at)
    return head + info + table + bytes(gap) + body


def run_lengths(indices: UInt8Array, *, bits: int = 8, literals: bool = True) -> bytes:
    """Compress rows of indices, in the order given, as runs of 8 or 4 bits, without the end of the picture."""
    out = bytearray()
    for row in indices:
        at = 0
        while at < len(row):
            length = 1
            while at + length < len(row) and length < 255 and row[at + length] == row[at]:
                length += 1
            left = len(row) - at
            if literals and length == 1 and left >= 4:
                count = min(left, 11)
                part = [int(each) for each in row[at : at + count]]
                if bits == 4:
                    padded = [*part, 0] if count % 2 else part
                    packed = bytes(padded[k] << 4 | padded[k + 1] for k in range(0, len(padded), 2))
                else:
                    packed = bytes(part)
                out += bytes([0, count]) + packed + bytes(len(packed) % 2)
                at += count
            else:
                value = int(row[at])
                out += bytes([length, value << 4 | value if bits == 4 else value])
                at += length
        out += b"\0\0"
    return bytes(out)
