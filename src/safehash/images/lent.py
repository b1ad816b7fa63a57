"""A file's bytes in memory that is somebody else's: read where they lie, and copied for whoever needs them as bytes."""

from __future__ import annotations

from typing import TypeAlias

__all__ = ["File", "Lent", "as_bytes", "lying", "start_of"]


class Lent:
    """Bytes that their holder does not change as long as this is in use.

    Parameters
    ----------
    view : memoryview
        Of bytes, one behind the other.
    """

    __slots__ = ("_copy", "view")

    def __init__(self, view: memoryview) -> None:
        self.view = view
        self._copy: bytes | None = None

    def __len__(self) -> int:
        return len(self.view)

    def whole(self) -> bytes:
        """Return a copy, the same each time."""
        if self._copy is None:
            self._copy = bytes(self.view)
        return self._copy


#: A file, as its readers take it.
File: TypeAlias = bytes | Lent


def as_bytes(data: File) -> bytes:
    """Return a file as bytes."""
    return data.whole() if isinstance(data, Lent) else data


def lying(data: File) -> bytes | memoryview:
    """Return a file for whoever reads it where it lies."""
    return data.view if isinstance(data, Lent) else data


def start_of(data: File, n_bytes: int) -> bytes:
    """Return the first bytes of a file: all of it, at no cost, where it is bytes in any case."""
    return bytes(data.view[:n_bytes]) if isinstance(data, Lent) else data
