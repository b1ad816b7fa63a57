"""The body of a request as it comes, until somebody asks for it."""

from __future__ import annotations

__all__ = ["PIECES", "Piece", "Pieces"]

#: Where a request's scope has its `Pieces`.
PIECES = "safehash pieces"

#: Bytes that are collected of a body before the application says how many it takes: what comes with the head, and more.
_UNASKED = 1 << 20
#: Bytes of a piece that is kept as it is. A smaller one joins others: in pieces of two bytes, a body would take twenty
#: times its length otherwise.
_LEAST_PIECE = 4096

#: Bytes that nobody changes any more.
Piece = bytes | memoryview


class Pieces:
    """A body as it comes: put together once, for who asks for its bytes and not its pieces, and not kept.

    Attributes
    ----------
    most : int
        Bytes up to which they are collected.
    are_all : bool
        Whether nothing more comes.
    are_asked : bool
        Whether somebody said so many bytes are taken.
    """

    def __init__(self) -> None:
        self.most = _UNASKED
        self.are_all = False
        self.are_asked = False
        self._pieces: list[Piece | bytearray] = []
        self._n_bytes = 0

    def __iadd__(self, piece: Piece) -> Pieces:
        pieces = self._pieces
        if len(piece) >= _LEAST_PIECE:
            pieces.append(piece)
        elif pieces and isinstance(pieces[-1], bytearray):
            pieces[-1] += piece
        else:
            pieces.append(bytearray(piece))
        self._n_bytes += len(piece)
        return self

    def __len__(self) -> int:
        return self._n_bytes

    def __bytes__(self) -> bytes:
        """Return what is there, as a message says it: nothing where they are `taken`, which spares putting together."""
        return b"" if self.are_asked else b"".join(self.taken())

    def ask(self, most: int) -> None:
        """Say how many bytes are taken. They are `taken` from here, and in no message."""
        self.most, self.are_asked = most, True

    def taken(self) -> tuple[Piece, ...]:
        """Hand the pieces over; none are left here."""
        pieces, self._pieces, self._n_bytes = self._pieces, [], 0
        return tuple(bytes(each) if isinstance(each, bytearray) else each for each in pieces)
