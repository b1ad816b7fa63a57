"""TIFF files of every kind, written tag by tag."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["packed_samples", "tiff"]

UInt8Array = npt.NDArray[np.uint8]
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def packed_samples(samples: npt.NDArray[Any], bits: Sequence[int], order: str, predictor: int) -> list[bytes]:
    """Return the rows of a strip or tile, shape (rows, cols, n), as bytes."""
    rows, cols, n = samples.shape
    if len(set(bits)) == 1 and bits[0] in (8, 16, 32, 64):
        size = bits[0] // 8
        kind = {"u": "u", "i": "i", "f": "f"}[samples.dtype.kind]
        values = samples.astype(f"{kind}{size}")
        if predictor == 2:
            whole = np.ascontiguousarray(values).view(f"u{size}").reshape(rows, cols, n)
            values = whole.copy()
            values[:, 1:] -= whole[:, :-1]
        if predictor == 3:
            heavy = np.ascontiguousarray(values).view(f"u{size}").astype(f">u{size}").reshape(rows, -1)
            split = heavy.view(np.uint8).reshape(rows, -1, size).transpose(0, 2, 1).reshape(rows, -1)
            less = split.copy()
            less[:, n:] -= split[:, :-n]
            return [row.tobytes() for row in less]
        return [row.astype(order + values.dtype.kind + str(size)).tobytes() for row in values]
    out = []
    for row in samples.reshape(rows, cols, n).astype(np.int64):
        if set(bits) == {24}:
            out.append(b"".join(int(v).to_bytes(3, "little" if order == "<" else "big") for v in row.ravel()))
            continue
        columns = [
            (row[:, number, None] >> np.arange(each - 1, -1, -1)) & 1 for number, each in enumerate(bits)
        ]
        out.append(np.packbits(np.concatenate(columns, axis=1).astype(np.uint8).ravel()).tobytes())
    return out


def _packbits(rows: list[bytes]) -> bytes:
    out = bytearray()
    for row in rows:
        at = 0
        while at < len(row):
            run = 1
            while at + run < len(row) and run < 128 and row[at + run] == row[at]:
                run += 1
            if run > 2:
                out += bytes([257 - run, row[at]])
                at += run
                continue
            end = at + 1
            while end < len(row) and end - at < 128 and row[end : end + 3] != row[end : end + 1] * 3:
                end += 1
            out += bytes([end - at - 1]) + row[at:end]
            at = end
    return bytes(out)


def _lzw(data: bytes) -> bytes:
    bits = n_bits = 0
    out = bytearray()
    width = 9

    def put(code: int) -> None:
        nonlocal bits, n_bits
        bits = bits << width | code
        n_bits += width
        while n_bits >= 8:
            out.append(bits >> (n_bits - 8) & 255)
            n_bits -= 8
        bits &= (1 << n_bits) - 1

    plain = {bytes([i]): i for i in range(256)}
    table = plain.copy()
    put(256)
    prefix = b""
    following = 258
    for value in data:
        longer = prefix + bytes([value])
        if longer in table:
            prefix = longer
            continue
        put(table[prefix])
        table[longer] = following
        following += 1
        if following + 1 > (1 << width):
            width += 1
        if following == 4094:
            put(256)
            table, following, width = plain.copy(), 258, 9
        prefix = bytes([value])
    if prefix:
        put(table[prefix])
        following += 1
        if following + 1 > (1 << width) and width < 12:
            width += 1
    put(257)
    if n_bits:
        out.append(bits << (8 - n_bits) & 255)
    return bytes(out)


def _compressed(rows: list[bytes], compression: int) -> bytes:
    if compression == 5:
        return _lzw(b"".join(rows))
    if compression in (8, 32946):
        return zlib.compress(b"".join(rows))
    return _packbits(rows) if compression == 32773 else b"".join(rows)


def tiff(
    samples: npt.NDArray[Any],
    bits: int | Sequence[int],
    photometric: int,
    *,
    order: str = "<",
    is_big: bool = False,
    compression: int = 1,
    predictor: int = 1,
    planar: bool = False,
    tile: tuple[int, int] | None = None,
    rows_per_strip: int | None = None,
    fill_order: int = 1,
    extra: Sequence[tuple[int, str, Sequence[int]]] = (),
    without: Sequence[int] = (),
    raw_rows: Sequence[list[bytes]] | None = None,
) -> bytes:
    """Write a TIFF of one page.

    `samples` has shape (rows, cols, n), unsigned, signed or float; `extra` are further tags: number, type, values,
    the type being B, H, I, or R for fractions. `raw_rows` are the strips' rows where they are no plain samples.
    """
    rows, cols, n = samples.shape
    each = tuple([bits] * n if isinstance(bits, int) else bits)
    kind = {"u": 1, "b": 1, "i": 2, "f": 3}[samples.dtype.kind]
    planes = [(samples[..., k : k + 1], each[k : k + 1]) for k in range(n)] if planar else [(samples, each)]
    strips: list[bytes] = []
    if raw_rows is not None:
        strips = [_compressed(part, compression) for part in raw_rows]
    for plane, plane_bits in planes if raw_rows is None else ():
        if tile is None:
            step = rows_per_strip or rows
            parts = [plane[top : top + step] for top in range(0, rows, step)]
        else:
            across, down = -(-cols // tile[0]), -(-rows // tile[1])
            padded = np.pad(
                plane, ((0, down * tile[1] - rows), (0, across * tile[0] - cols), (0, 0)), mode="edge"
            )
            parts = [
                padded[tile[1] * y : tile[1] * (y + 1), tile[0] * x : tile[0] * (x + 1)]
                for y in range(down)
                for x in range(across)
            ]
        strips += [
            _compressed(packed_samples(part, plane_bits, order, predictor), compression) for part in parts
        ]
    if fill_order == 2:
        strips = [strip.translate(_REVERSED) for strip in strips]
    tags: dict[int, tuple[str, Sequence[int]]] = {
        256: ("I", [cols]), 257: ("I", [rows]), 258: ("H", list(each)), 259: ("H", [compression]),
        262: ("H", [photometric]), 277: ("H", [n]),
    }  # fmt: skip
    if planar:
        tags[284] = ("H", [2])
    if kind != 1:
        tags[339] = ("H", [kind] * n)
    if predictor != 1:
        tags[317] = ("H", [predictor])
    if fill_order != 1:
        tags[266] = ("H", [fill_order])
    if tile is None:
        tags[278] = ("I", [rows_per_strip or rows])
    else:
        tags[322], tags[323] = ("I", [tile[0]]), ("I", [tile[1]])
    for tag, name, values in extra:
        tags[tag] = (name, values)
    places, lengths = (324, 325) if tile else (273, 279)
    tags[places], tags[lengths] = ("I", [0] * len(strips)), ("I", [len(strip) for strip in strips])
    for tag in without:
        tags.pop(tag, None)
    head = 16 if is_big else 8
    at = head
    offsets = []
    body = b""
    for strip in strips:
        offsets.append(at + len(body))
        body += strip + bytes(len(strip) % 2)
    if places in tags:
        tags[places] = ("I", offsets)
    directory = at + len(body)
    return _with_directory(body, directory, tags, order, is_big)


_TYPES = {"B": (1, 1), "H": (3, 2), "I": (4, 4), "R": (5, 8)}


def _with_directory(
    body: bytes, at: int, tags: dict[int, tuple[str, Sequence[int]]], order: str, is_big: bool
) -> bytes:
    inline = 8 if is_big else 4
    n_head, n_entry = (8, 20) if is_big else (2, 12)
    beyond = at + n_head + n_entry * len(tags) + inline
    entries, tail = b"", b""
    for tag, (name, values) in sorted(tags.items()):
        kind, _ = _TYPES[name]
        code = "II" if name == "R" else name
        flat = [part for value in values for part in ((value, 1) if name == "R" else (value,))]
        packed = struct.pack(f"{order}{len(flat)}{code[0]}", *flat)
        field = packed.ljust(inline, b"\0")
        if len(packed) > inline:
            field = struct.pack(order + ("Q" if is_big else "I"), beyond + len(tail))
            tail += packed + bytes(len(packed) % 2)
        entries += struct.pack(order + ("HHQ" if is_big else "HHI"), tag, kind, len(values)) + field
    mark = b"II" if order == "<" else b"MM"
    if is_big:
        head = mark + struct.pack(order + "HHHQ", 43, 8, 0, at)
        count = struct.pack(order + "Q", len(tags))
    else:
        head = mark + struct.pack(order + "HI", 42, at)
        count = struct.pack(order + "H", len(tags))
    return head + body + count + entries + bytes(inline) + tail
