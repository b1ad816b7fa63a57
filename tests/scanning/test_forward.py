"""The stream that a tar is read through: it hands out no more at once than it may, whatever a header asks for."""

from __future__ import annotations

import io
import tarfile

import pytest

from safehash.scanning.archives import _Forward


class Asked(io.BytesIO):
    """Notes how much was asked for at once."""

    most = 0

    def read(self, n_bytes: int | None = -1, /) -> bytes:
        self.most = max(self.most, n_bytes or 0)
        return super().read(n_bytes)


def test_no_more_is_asked_for_than_may_be_read_at_once() -> None:
    source = Asked(bytes(5000))
    forward = _Forward(source, 10_000)
    forward.max_read = 1000
    assert forward.read(1000) == bytes(1000)
    for n_bytes in (1001, 1 << 40, -1, None):
        with pytest.raises(tarfile.ReadError, match="a header asks for"):
            forward.read(n_bytes)
    assert (source.most, forward.tell()) == (1000, 1000)
