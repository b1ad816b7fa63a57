"""The look-up of file digests: what it takes, and that equal heads are all told."""

from __future__ import annotations

import numpy as np

from safehash.search.exact import ExactIndex


def test_exact_look_ups_take_sixteen_bytes_a_digest() -> None:
    digests = np.random.default_rng(1).integers(0, 256, (1000, 20), dtype=np.uint8)
    index = ExactIndex.from_digests(digests)
    assert index.heads.nbytes + index.order.nbytes == 16 * len(index) == 16_000


def test_every_digest_of_one_head_is_told_in_order() -> None:
    digests = np.zeros((5, 16), np.uint8)
    digests[:, 15] = range(5)
    digests[3, 0] = 1
    index = ExactIndex.from_digests(digests)
    assert index.positions_of(bytes(16)) == [0, 1, 2, 4]
    assert index.positions_of(bytes(digests[3])) == [3]
    assert index.positions_of(b"\x02" + bytes(15)) == []
