"""WebP files whose tables cost more than their pixels: lossless pictures of many groups of prefix codes (RFC 9649).

Every maker takes how many of its parts to make. Nothing here is a picture of anything.
"""

from __future__ import annotations

import struct

from attacks import Attack, riff, riff_chunk, size24

__all__ = ["ATTACKS", "lossless", "packed"]

#: Pixels of a block's side, the smallest that there is; groups that can be told from each other.
_BLOCK, _MOST_GROUPS = 4, 65_536


class _Bits:
    """Bits, the first one of a byte its lowest."""

    def __init__(self) -> None:
        self._words: list[str] = []

    def put(self, *numbers: tuple[int, int]) -> None:
        """Append numbers, each with how many bits it has."""
        self._words += [f"{number:0{n_bits}b}"[::-1] for number, n_bits in numbers if n_bits]

    def code(self, word: int, n_bits: int) -> None:
        """Append a prefix code, its highest bit first."""
        self._words.append(f"{word:0{n_bits}b}")

    def to_bytes(self) -> bytes:
        bits = "".join(self._words)
        bits += "0" * (-len(bits) % 8)
        return int(bits[::-1], 2).to_bytes(len(bits) // 8, "little")


def _named(bits: _Bits, symbol: int) -> None:
    """One symbol, whose code has no bits."""
    bits.put((1, 1), (0, 1), (int(symbol > 1), 1), (symbol, 8 if symbol > 1 else 1))


def _every_byte(bits: _Bits, n_symbols: int) -> None:
    """Of 8 bits for the first 256 symbols, none for the others."""
    order = (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8)
    bits.put((0, 1), (len(order) - 4, 4), *((int(symbol in (8, 18)), 3) for symbol in order), (0, 1))
    for _ in range(256):
        bits.code(0, 1)
    if n_symbols > 256:
        bits.code(1, 1)
        bits.put((n_symbols - 256 - 11, 7))


def packed(side: int, n_groups: int) -> bytes:
    """A picture of one colour from its transforms on, each block of it with a group of its own."""
    bits = _Bits()
    bits.put((0, 1), (0, 1), (1, 1), (0, 3))  # no transform, no cache; groups, in the smallest blocks
    bits.put((0, 1))
    _every_byte(bits, 280)
    _every_byte(bits, 256)
    for symbol in (0, 255, 0):
        _named(bits, symbol)
    for number in range((-(-side // _BLOCK)) ** 2):
        group = number % n_groups
        bits.code(group & 255, 8)
        bits.code(group >> 8, 8)
    for _ in range(n_groups):
        for _ in range(5):
            _named(bits, 0)
    return bits.to_bytes() + bytes(8)


def lossless(side: int, n_groups: int) -> bytes:
    """The same as a chunk of a file."""
    sides = (side - 1) | (side - 1) << 14
    return riff_chunk(b"VP8L", b"\x2f" + struct.pack("<I", sides) + packed(side, n_groups))


def _side_of(n_groups: int) -> int:
    return _BLOCK * int(n_groups**0.5 + 0.999)


def webp_tables(n: int) -> bytes:
    """A picture of n groups."""
    return riff(lossless(_side_of(n), min(n, _MOST_GROUPS)))


def webp_tables_of_frames(n: int) -> bytes:
    """n frames of 2 500 groups, which is what encoders stay under."""
    head = riff_chunk(b"VP8X", b"\x02\0\0\0" + 2 * size24(200)) + riff_chunk(b"ANIM", bytes(6))
    frame = bytes(6) + 2 * size24(200) + (40).to_bytes(3, "little") + b"\0" + lossless(200, 2_500)
    return riff(head + riff_chunk(b"ANMF", frame) * n)


def webp_tables_of_alpha(n: int) -> bytes:
    """Alpha of n groups, on a picture of means."""
    side = _side_of(n)
    alpha = riff_chunk(b"ALPH", b"\x01" + packed(side, min(n, _MOST_GROUPS)))
    return riff(
        riff_chunk(b"VP8X", b"\x10\0\0\0" + 2 * size24(side)) + alpha + riff_chunk(b"VP8 ", bytes(10))
    )


ATTACKS = (
    Attack("webp tables", webp_tables, 65_536, 20_000, refused=True),
    Attack("webp tables of frames", webp_tables_of_frames, 9_000, 60, refused=True),
    Attack("webp tables of alpha", webp_tables_of_alpha, 65_536, 20_000, refused=True),
)
