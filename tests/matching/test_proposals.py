"""What boxes are proposed: the best of them in every orientation, the likeliest of all in two."""

from __future__ import annotations

import pytest

from drawn import decoded, picture
from safehash.matching.thumbnails import Thumbnails
from safehash.matching.windows import few_boxes, many_boxes


@pytest.fixture(scope="module")
def thumbs() -> Thumbnails:
    """Of a photograph with another one, framed, in it."""
    whole = picture("coffee").resize((600, 400))
    whole.paste(picture("chelsea").resize((180, 120)), (60, 50))
    return Thumbnails(decoded(whole))


def test_each_orientation_has_its_share_of_the_boxes(thumbs: Thumbnails) -> None:
    """As hashed and mirrored 16 at little effort, 150 at more; the best 30 in each of the six others."""
    few, many = few_boxes(thumbs), many_boxes(thumbs)
    assert {group.orientation: len(group.digests) for group in few.groups} == {0: 16, 5: 16}
    n_all = len(many.groups[0].digests)
    assert 30 < n_all <= 150
    assert {group.orientation: len(group.digests) for group in many.groups} == {
        0: n_all, 5: n_all, 1: 30, 2: 30, 3: 30, 4: 30, 6: 30, 7: 30
    }  # fmt: skip
