"""Candidates: what one says of itself, by hand, each number another; and which digest each of many is moved toward."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import ImageOps

from drawn import decoded, picture
from safehash.matching.evidence import Candidate
from safehash.matching.families import COVERED, FRAMED, WHOLE, Family
from safehash.matching.refining import MAX_CANDIDATES, refined
from safehash.matching.thumbnails import Thumbnails
from safehash.matching.windows import few_boxes
from safehash.search.index import Index


@pytest.mark.parametrize(
    ("family", "side", "hidden"),
    [(WHOLE, 64, 0.1640625), (COVERED, 64, 0.1640625), (FRAMED, 128, 0.041015625)],
)
def test_what_was_filled_in_is_told_as_a_share_of_the_thumbnail(
    family: Family, side: int, hidden: float
) -> None:
    """Of one hole of 16 x 32 samples, and one of 8 x 20 beside it: 672."""
    assert family.side == side and hidden * side**2 == 672
    holes = ((2, 18, 1, 33), (30, 38, 40, 60))
    assert Candidate(family=family, row=0, distance=3, holes=holes).hidden == hidden
    assert Candidate(family=family, row=0, distance=3).hidden == 0


def test_each_of_many_entries_is_refined_toward_its_own_digest() -> None:
    """However many nearer ones were found before."""
    batch = few_boxes(Thumbnails(decoded(ImageOps.expand(picture("coffee"), 40, "white"))))
    rng = np.random.default_rng(2)
    near = np.repeat(batch.digests[:1], 150, axis=0)
    for row in near:
        for bit in rng.integers(0, 256, 5).tolist():
            row[bit // 8] ^= 1 << bit % 8
    index = Index.from_digests(np.unique(near, axis=0))
    whole = [candidate.row for candidate, *_ in refined(batch, index, ())]
    assert len(whole) == 2 * MAX_CANDIDATES
    for settled in (range(70), range(1, len(index), 2)):
        found = list(refined(batch, index, settled))
        assert len(found) == 2 * MAX_CANDIDATES
        for candidate, digest, _ in found:
            assert candidate.row not in settled
            np.testing.assert_array_equal(digest, index.digests_of([candidate.row]))
