"""What reviewers said of an entry for a picture: which matches it cancels, at each edge of what it goes by."""

from __future__ import annotations

import pytest

from safehash import Hash
from safehash.hashing.hashes import Algorithm
from safehash.matching.pairs import ALIKE_BITS, Pair, Pairs

ENTRY = Hash.from_hex("pdq", "0f" * 32)
KEY = ("own", "b-1", "pdq", ENTRY.digest)
VIEW = "a window"
SHA256 = bytes(range(32))


def beside(n_bits: int) -> Hash:
    """Return the hash of a picture so many bits from the one that was reviewed, whose bits are all 0."""
    return Hash(Algorithm.PDQ, ((1 << n_bits) - 1).to_bytes(32, "big"), quality=100)


def pair(*, wrong: bool = True, sha256: bytes | None = None, source: str = "own") -> Pair:
    return Pair(
        source=source,
        id="b-1",
        hash=ENTRY,
        picture=beside(0),
        sha256=sha256,
        view=VIEW,
        distance=30,
        wrong=wrong,
    )


def cancels(
    pairs: Pairs, *, bits: int | None, distance: int = 30, view: str = VIEW, sha256: bytes | None = None
) -> bool:
    own = None if bits is None else beside(bits)
    return pairs.cancels(
        KEY, distance=distance, view=view, hashes=[] if own is None else [own], sha256=sha256
    )


def test_pairs_are_counted() -> None:
    """Of one entry as of several."""
    assert [len(Pairs([pair(), pair(source="other"), pair(wrong=False)][:n])) for n in range(4)] == [
        0,
        1,
        2,
        3,
    ]


@pytest.mark.parametrize(
    ("bits", "distance", "view", "is_cancelled"),
    [
        (0, 30, VIEW, True),
        (0, 30, "another view", True),  # the very same hash, by whatever view
        (1, 30, "another view", False),
        (ALIKE_BITS, 30, VIEW, True),
        (ALIKE_BITS + 1, 30, VIEW, False),
        (ALIKE_BITS, ALIKE_BITS, VIEW, True),  # no farther from the reviewed one than from the entry
        (ALIKE_BITS, ALIKE_BITS - 1, VIEW, False),
        (10, 20, VIEW, True),  # no nearer than that picture's can be
        (10, 19, VIEW, False),
        (0, 29, VIEW, False),
        (None, 30, VIEW, False),
    ],
)
def test_what_is_like_the_reviewed_picture_is_cancelled(
    bits: int | None, distance: int, view: str, is_cancelled: bool
) -> None:
    pairs = Pairs([pair()])
    assert ALIKE_BITS == 16
    assert cancels(pairs, bits=bits, distance=distance, view=view) is is_cancelled
    assert not cancels(Pairs([pair(source="other")]), bits=bits, distance=distance, view=view)
    assert not cancels(Pairs([]), bits=bits, distance=distance, view=view)


def test_the_very_bytes_are_cancelled_by_whatever_view_and_distance() -> None:
    pairs = Pairs([pair(sha256=SHA256)])
    for bits in (None, 0, 200):
        assert cancels(pairs, bits=bits, distance=0, view="another view", sha256=SHA256)
    assert not cancels(pairs, bits=200, sha256=bytes(32))
    assert not cancels(pairs, bits=200)


def test_where_any_reviewer_says_that_it_is_the_listed_one_nothing_is_cancelled() -> None:
    for order in (1, -1):
        both = [pair(sha256=SHA256), pair(wrong=False)][::order]
        assert not cancels(Pairs(both), bits=ALIKE_BITS, sha256=SHA256)
        assert cancels(Pairs(both), bits=ALIKE_BITS + 1, sha256=SHA256), "it is another picture"
        of_bytes = [pair(), pair(wrong=False, sha256=SHA256)][::order]
        assert not cancels(Pairs(of_bytes), bits=0, sha256=SHA256)
