"""Pictures whose bits are rounding cost eight passes of the reference's: only as many of one upload as are worth it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from safehash._core import pdq_turned
from safehash.hashing.compute import hash_array, turned_digests
from safehash.hashing.hashes import Hash
from safehash.images.pictures import Decoded, Provenance
from safehash.matching import turning, views
from safehash.matching.settings import Effort
from safehash.search.index import Index

SIDE = 96


def checks(size: int, *, turned: bool = False) -> Decoded:
    """A picture that is the same however it is turned, and not flat; or one that is not."""
    rows, cols = np.indices((SIDE // 2, SIDE // 2)) // size
    quarter = ((rows + cols) % 2 * 150 + 40).astype(np.uint8)
    half = np.concatenate([quarter, quarter[:, ::-1]], axis=1)
    pixels = np.concatenate([half, half[::-1]])
    if turned:
        pixels = np.random.default_rng(size).integers(0, 256, pixels.shape, np.uint8)
    facts = Provenance(format="pixels", mode="L", width=SIDE, height=SIDE, n_frames=9)
    return Decoded(pixels=pixels, provenance=facts)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Tell of every picture whose turns were digested up to how many pixels they might be looked at closely."""
    found: list[int] = []

    def watched(picture: Decoded, *, most: int) -> tuple[tuple[bytes, ...], int, int]:
        found.append(most)
        return turned_digests(picture, most=most)

    monkeypatch.setattr(views, "turned_digests", watched)
    return found


def looked_up(pictures: list[Decoded], effort: Effort = "standard") -> views.ViewResult:
    def frames() -> Iterator[Decoded]:
        yield from pictures

    return views.look_up(
        frames(), Index([Hash("pdq", bytes(32))]), max_distance=31, min_quality=50, effort=effort
    )


def test_of_frames_that_are_the_same_one_is_turned(asked: list[int]) -> None:
    looked_up([checks(7), checks(7), checks(7), checks(9)])
    assert len(asked) == 2


def test_of_frames_that_are_flat_the_first_alone_is_turned(asked: list[int]) -> None:
    flat = [
        Decoded(pixels=checks(7).pixels * 0 + shade, provenance=checks(7).provenance) for shade in range(9)
    ]
    assert hash_array(flat[0].pixels).quality == 0
    looked_up([checks(7), *flat])
    assert len(asked) == 1


def test_turns_are_looked_at_closely_for_so_many_pixels_of_an_upload(
    asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turning, "MOST_TURNED", 2 * SIDE * SIDE)
    looked_up([checks(7), checks(5, turned=True), checks(9), checks(11), checks(13)])
    left = [2, 1, 1, 0, 0]  # what was not in doubt took nothing
    assert asked == [each * SIDE * SIDE for each in left]


def test_what_more_effort_turns_takes_nothing_from_what_less_does(
    asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = [checks(7), checks(9), checks(11)]
    led = hash_array(pictures[2].pixels)
    monkeypatch.setattr(turning, "MOST_TURNED", SIDE * SIDE)
    monkeypatch.setattr(turning, "may_be_turned", lambda own, *given: own == led)
    for effort, left in (("standard", [1]), ("thorough", [1, 0, 1])):
        asked.clear()
        looked_up(pictures, effort)  # type: ignore[arg-type]
        assert asked == [each * SIDE * SIDE for each in left]


def test_more_pixels_than_that_are_summed_once() -> None:
    pixels = checks(7).pixels[:, : SIDE - 2]
    closely, quality, n_pixels = pdq_turned(pixels, most=pixels.size)
    once, same, none = pdq_turned(pixels, most=pixels.size - 1)
    assert (n_pixels, none) == (pixels.size, 0)
    assert (quality, closely[0]) == (same, once[0]) == (hash_array(pixels).quality, hash_array(pixels).digest)
    assert closely[1:] != once[1:]
