"""PNG files and animations of every kind, written chunk by chunk."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["SIGNATURE", "PngFrame", "apng", "chunk", "packed_rows", "png"]

UInt8Array = npt.NDArray[np.uint8]
#: Samples a pixel, by colour type.
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(kind: bytes, body: bytes) -> bytes:
    """Return one chunk, checksum included."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _rows(samples: npt.NDArray[np.integer], depth: int) -> list[bytes]:
    """Pack samples, shape (rows, cols, n), as a PNG's rows without their filters."""
    flat = samples.reshape(len(samples), -1)
    if depth == 16:
        return [row.astype(">u2").tobytes() for row in flat]
    if depth == 8:
        return [row.astype(np.uint8).tobytes() for row in flat]
    per_byte = 8 // depth
    padded = np.pad(flat, ((0, 0), (0, -flat.shape[1] % per_byte))).reshape(len(flat), -1, per_byte)
    shifts = np.arange(8 - depth, -1, -depth)
    return [np.bitwise_or.reduce(row << shifts, axis=1).astype(np.uint8).tobytes() for row in padded]


def _filtered(rows: list[bytes], bytes_per_pixel: int, kind: int) -> bytes:
    """Put each row behind its filter: 0 none, 1 sub, 2 up, 3 average, 4 Paeth, 5 each in turn."""
    out = bytearray()
    above = np.zeros(len(rows[0]) if rows else 0, np.int32)
    for number, row in enumerate(rows):
        now = np.frombuffer(row, np.uint8).astype(np.int32)
        left = np.concatenate([np.zeros(bytes_per_pixel, np.int32), now])[: len(now)]
        upper_left = np.concatenate([np.zeros(bytes_per_pixel, np.int32), above])[: len(now)]
        which = number % 5 if kind == 5 else kind
        p = left + above - upper_left
        nearest = np.where(
            (abs(p - left) <= abs(p - above)) & (abs(p - left) <= abs(p - upper_left)),
            left,
            np.where(abs(p - above) <= abs(p - upper_left), above, upper_left),
        )
        predicted = (np.zeros_like(now), left, above, (left + above) // 2, nearest)[which]
        out.append(which)
        out += (now - predicted).astype(np.uint8).tobytes()
        above = now
    return bytes(out)


def packed_rows(
    samples: npt.NDArray[np.integer], depth: int, *, interlaced: bool = False, filter_kind: int = 0
) -> bytes:
    """Return what a PNG's compressor is given."""
    n = samples.shape[2] if samples.ndim == 3 else 1
    cube = samples.reshape(*samples.shape[:2], n)
    size = max(1, n * depth // 8)
    if not interlaced:
        return _filtered(_rows(cube, depth), size, filter_kind)
    parts = []
    for left, top, across, down in _PASSES:
        part = cube[top::down, left::across]
        if part.size:
            parts.append(_filtered(_rows(part, depth), size, filter_kind))
    return b"".join(parts)


def png(
    samples: npt.NDArray[np.integer],
    depth: int,
    colour: int,
    *,
    before: bytes = b"",
    after: bytes = b"",
    interlaced: bool = False,
    filter_kind: int = 0,
    pieces: int = 1,
    level: int = 9,
) -> bytes:
    """Write a still PNG of samples as stored, shape (rows, cols) or (rows, cols, n)."""
    rows, cols = samples.shape[:2]
    header = struct.pack(">IIBBBBB", cols, rows, depth, colour, 0, 0, interlaced)
    body = zlib.compress(packed_rows(samples, depth, interlaced=interlaced, filter_kind=filter_kind), level)
    size = -(-len(body) // pieces)
    data = b"".join(chunk(b"IDAT", body[at : at + size]) for at in range(0, len(body), size))
    return SIGNATURE + chunk(b"IHDR", header) + before + data + after + chunk(b"IEND", b"")


@dataclass(frozen=True, kw_only=True)
class PngFrame:
    """One frame as it is written."""

    samples: npt.NDArray[np.integer]
    left: int = 0
    top: int = 0
    dispose: int = 0
    blend: int = 0
    delay: tuple[int, int] = (1, 10)
    filter_kind: int = 0


def apng(
    width: int,
    height: int,
    depth: int,
    colour: int,
    frames: Sequence[PngFrame],
    *,
    hidden: npt.NDArray[np.integer] | None = None,
    before: bytes = b"",
    n_frames: int | None = None,
    interlaced: bool = False,
) -> bytes:
    """Write an animated PNG; `hidden` is a default image that is no part of the animation."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    parts = [SIGNATURE, chunk(b"IHDR", header)]
    parts += [chunk(b"acTL", struct.pack(">II", len(frames) if n_frames is None else n_frames, 0)), before]
    number = 0
    if hidden is not None:
        parts.append(chunk(b"IDAT", zlib.compress(packed_rows(hidden, depth, interlaced=interlaced))))
    for at, frame in enumerate(frames):
        rows, cols = frame.samples.shape[:2]
        control = struct.pack(
            ">IIIIIHHBB", number, cols, rows, frame.left, frame.top, *frame.delay, frame.dispose, frame.blend
        )
        parts.append(chunk(b"fcTL", control))
        number += 1
        body = zlib.compress(
            packed_rows(frame.samples, depth, interlaced=interlaced, filter_kind=frame.filter_kind)
        )
        if at == 0 and hidden is None:
            parts.append(chunk(b"IDAT", body))
            continue
        half = len(body) // 2
        for piece in (body[:half], body[half:]):
            parts.append(chunk(b"fdAT", struct.pack(">I", number) + piece))
            number += 1
    return b"".join(parts) + chunk(b"IEND", b"")
