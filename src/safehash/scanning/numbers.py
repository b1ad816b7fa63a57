"""A set of row numbers, a bit each."""

from __future__ import annotations

__all__ = ["Numbers"]


class Numbers:
    """A set of row numbers, a bit each: a million of them take 125 kB."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, number: int) -> None:
        """Have a number, 0 or more, in it."""
        byte, bit = number >> 3, 1 << (number & 7)
        if byte >= len(self._bits):
            self._bits.extend(bytes(byte + 1 - len(self._bits) + len(self._bits) // 4))
        self._bits[byte] |= bit

    def __contains__(self, number: int) -> bool:
        byte = number >> 3
        return byte < len(self._bits) and bool(self._bits[byte] & 1 << (number & 7))
