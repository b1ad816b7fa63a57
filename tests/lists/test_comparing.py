"""What is counted in a list is what matching means by it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from safehash import _digests
from safehash.hashing.hashes import Algorithm, Hash
from safehash.lists.building import EntryTableBuilder
from safehash.lists.comparing import list_stats
from safehash.lists.entry import Entry
from safehash.lists.suspicion import suspicion

#: Rows and columns of one sign each: each digest one of these, as it is or with some bits the other way.
STRIPES = tuple(
    np.packbits(np.repeat(np.random.default_rng(seed).integers(0, 2, 16, np.uint8), 16)).tobytes()
    for seed in range(4)
)


def count_degenerate(digests: list[bytes]) -> int:
    builder = EntryTableBuilder()
    for number, digest in enumerate(digests):
        builder.append(Entry(hash=Hash(Algorithm.PDQ, digest), source="test", id=str(number)))
    return list_stats(builder.build()).degenerate


@given(
    st.lists(
        st.tuples(st.sampled_from(STRIPES), st.lists(st.integers(0, 255), max_size=90))
        | st.tuples(st.binary(min_size=32, max_size=32), st.just([])),
        max_size=8,
    )
)
def test_degenerate_is_what_matching_means_by_it(made: list[tuple[bytes, list[int]]]) -> None:
    digests = []
    for digest, flips in made:
        bits = np.unpackbits(np.frombuffer(digest, np.uint8))
        bits[flips] ^= 1
        digests.append(np.packbits(bits).tobytes())
    array = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
    expected = [
        bool(found) and suspicion(Hash(Algorithm.PDQ, digest)) is None
        for digest, found in zip(digests, _digests.degenerate(array), strict=True)
    ]
    assert count_degenerate(digests) == sum(expected)


def test_regular_digests_are_counted_once_and_suspicious_ones_elsewhere() -> None:
    halves = b"\xff" * 16 + bytes(16)  # 128 ones
    noise = np.random.default_rng(9).permutation(np.unpackbits(np.frombuffer(halves, np.uint8)))
    digests = [halves, halves[::-1], bytes(32), np.packbits(noise).tobytes(), b"\xff" * 20 + bytes(12)]
    assert count_degenerate(digests) == 2
