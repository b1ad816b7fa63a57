"""A table's digests start where an index wants them, so that it need not copy them."""

from __future__ import annotations

import pytest

from safehash.hashing.hashes import Algorithm, Hash
from safehash.lists.building import EntryTableBuilder
from safehash.lists.entry import Entry
from safehash.search.aligned import LINE


@pytest.mark.parametrize("n", [1, 3, 50, 4000])
def test_digests_of_a_table_start_at_a_line(n: int) -> None:
    builder = EntryTableBuilder()
    for number in range(n):
        builder.append(Entry(hash=Hash(Algorithm.PDQ, number.to_bytes(32, "big")), source="test"))
    digests = builder.build().digests(Algorithm.PDQ)[1]
    assert digests.ctypes.data % LINE == 0
    assert digests[-1].tobytes() == (n - 1).to_bytes(32, "big")
