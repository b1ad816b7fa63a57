"""The stream that a tar is read through: it hands out no more at once than it may, whatever a header asks for."""

from __future__ import annotations

import io
import tarfile

import pytest

from safehash.scanning.forward import Forward


class Asked(io.BytesIO):
    """Notes how much was asked for at once, and how often."""

    most = n_reads = 0

    def read(self, n_bytes: int | None = -1, /) -> bytes:
        self.n_reads += 1
        self.most = max(self.most, n_bytes or 0)
        return super().read(n_bytes)


def test_no_more_is_asked_for_than_may_be_read_at_once() -> None:
    source = Asked(bytes(5000))
    forward = Forward(source, 10_000)
    forward.max_read = 1000
    assert forward.read(1000) == bytes(1000)
    for n_bytes in (1001, 1 << 40, -1, None):
        with pytest.raises(tarfile.ReadError, match="a header asks for"):
            forward.read(n_bytes)
    assert (source.most, forward.tell()) == (1000, 1000)


def test_what_is_passed_over_is_read_in_pieces() -> None:
    """Of 64 KiB, or of what may be read at once."""
    for max_read, most in ((1 << 30, 1 << 16), (1 << 14, 1 << 14)):
        source = Asked(bytes(1_000_000))
        forward = Forward(source, 2_000_000)
        forward.max_read = max_read
        assert forward.seek(1_000_000) == 1_000_000
        assert (source.most, source.n_reads) == (most, -(-1_000_000 // most))
    assert forward.seek(1_500_000) == 1_000_000, "there is no more"


def test_one_byte_back_is_as_far_as_it_goes() -> None:
    forward = Forward(io.BytesIO(b"abcdefgh"), 100)
    assert (forward.read(5), forward.seek(4), forward.tell(), forward.read(2)) == (b"abcde", 4, 4, b"ef")
    for offset in (4, 0):
        with pytest.raises(tarfile.ReadError, match="cannot go back"):
            forward.seek(offset)
    for whence in (io.SEEK_CUR, io.SEEK_END):
        with pytest.raises(tarfile.ReadError, match="cannot seek from there"):
            forward.seek(0, whence)
    assert (forward.seek(7), forward.read(5), forward.read(0)) == (7, b"h", b"")
