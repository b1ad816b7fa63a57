"""Which pictures of an animation are cut into windows: likeness in bits, times in milliseconds, on plain numbers."""

from __future__ import annotations

from typing import Any

import pytest

from safehash.hashing.hashes import Hash
from safehash.matching.sampling import MAX_SAMPLED, Sample


class Kept:
    """Stands for thumbnails; says whether its picture was let go."""

    def __init__(self) -> None:
        self.is_free = False

    def let_picture_go(self) -> None:
        self.is_free = True


def own(number: int, *, off: int = 0) -> Hash:
    """Return digests 32 bits apart for each number, `off` bits beside that."""
    bits = ((1 << 32) - 1) << (32 * number) if number else 0
    return Hash("pdq", (bits ^ ((1 << off) - 1)).to_bytes(32, "big"))


def offered(*pictures: tuple[Hash, float]) -> dict[str, float]:
    sample = Sample()
    for number, (value, shown_for) in enumerate(pictures):
        thumbs: Any = Kept()
        sample.offer(value, thumbs, str(number), shown_for)
    return {each.name: each.shown_for for each in sample.kept}


def test_pictures_within_twelve_bits_are_one_and_their_times_add_up() -> None:
    assert offered((own(0), 40.0), (own(0, off=12), 300.0), (own(0, off=13), 500.0)) == {
        "0": 340.0,
        "2": 500.0,
    }


@pytest.mark.parametrize(("said", "counts"), [(0.0, 100.0), (10.0, 100.0), (10.5, 10.5), (20.0, 20.0)])
def test_hasty_frames_are_shown_as_long_as_browsers_show_them(said: float, counts: float) -> None:
    assert offered((own(0), said), (own(1), 5000.0)) == {"0": counts, "1": 5000.0}


def test_what_is_shown_shortest_goes_first() -> None:
    assert MAX_SAMPLED == 8
    times = [90.0, 80.0, 20.0, 70.0, 60.0, 50.0, 40.0, 30.0]
    pictures = [(own(number), shown_for) for number, shown_for in enumerate(times)]
    # A ninth picture: half of its bits are another's, so that it lies 16 bits from the first.
    kept = offered(*pictures, (own(0, off=16), 200.0))
    assert set(kept) == {"0", "1", "3", "4", "5", "6", "7", "8"}  # 20 ms, 32 bits from the next


def test_of_two_that_are_alike_the_one_shown_shorter_goes() -> None:
    """14 bits times 100 ms is less than 32 bits times 100 ms, and than 14 bits times 150 ms."""
    pictures = [(own(number), 100.0) for number in range(8)]
    assert set(offered(*pictures, (own(0, off=14), 150.0))) == {"1", "2", "3", "4", "5", "6", "7", "8"}
    assert set(offered(*pictures, (own(0, off=14), 90.0))) == {"0", "1", "2", "3", "4", "5", "6", "7"}


def test_one_of_two_that_are_alike_goes_before_what_is_shown_shorter_and_is_like_none() -> None:
    """14 bits times 110 ms is less than 32 bits times 100 ms."""
    pictures = [(own(number), 100.0 if number else 110.0) for number in range(8)]
    assert set(offered(*pictures, (own(0, off=14), 120.0))) == {"1", "2", "3", "4", "5", "6", "7", "8"}
