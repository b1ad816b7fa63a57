"""Lists of names on a stream: which byte parts them, and what is cut off of each."""

from __future__ import annotations

import io

import pytest

from safehash.scanning.sources import _split_names


class InPieces(io.BytesIO):
    """A pipe: each read gives what was written at once, however much is asked for."""

    def __init__(self, pieces: list[bytes]) -> None:
        self._pieces = iter(pieces)

    def read1(self, size: int | None = -1) -> bytes:
        return next(self._pieces, b"")


@pytest.mark.parametrize(
    ("pieces", "names"),
    [
        ([b"a\nb\n"], [b"a", b"b"]),
        ([b"a\r\nb\r\n"], [b"a", b"b"]),
        ([b"a\r\nb\r"], [b"a", b"b"]),  # the last one without its end
        ([b"a\r"], [b"a"]),  # or the only one
        ([b"a\0b\n\0c\r"], [b"a", b"b\n", b"c\r"]),  # where NUL parts them, any other byte is a name's
        ([b"a\r\0b\0"], [b"a\r", b"b"]),
        ([b"\n\r\n\na\n\r\n"], [b"a"]),  # empty lines name nothing
        ([b"\0\0a\0\0"], [b"a"]),
        ([b"a", b"b", b"\nc", b"d"], [b"ab", b"cd"]),
        ([b"a\nb", b"\0c\n"], [b"a", b"b\0c"]),  # the first end that is met decides
        ([b"a", b"\nb\0", b"c"], [b"a\nb", b"c"]),  # of a piece with both NUL does
        ([], []),
    ],
)
def test_names_of_a_stream(pieces: list[bytes], names: list[bytes]) -> None:
    assert list(_split_names(InPieces(pieces))) == names
    if len(pieces) == 1:  # a stream that gives no less than is asked for
        assert list(_split_names(io.BytesIO(pieces[0]))) == names


@pytest.mark.parametrize("separator", [b"\n", b"\0"])
def test_a_name_without_an_end_is_not_kept_whole(separator: bytes) -> None:
    """Of one line of 500 MB nothing came for hours: each piece was put behind all before it."""
    piece = b"x" * 65536
    found = list(_split_names(InPieces([b"a" + separator, *[piece] * 100, b"x" + separator + b"b"])))
    assert found[0] == b"a" and found[2:] == [b"b"]
    assert 4096 < len(found[1]) < 300_000, "as no file is called, and no more"
    (alone,) = _split_names(InPieces([piece] * 100))
    assert len(alone) < 300_000
