"""How an upload had to be looked at, in words: each by hand."""

from __future__ import annotations

from typing import Any

import pytest

from safehash.matching.evidence import Candidate
from safehash.matching.families import WHOLE
from safehash.matching.view_words import described

SIDE = WHOLE.side


def named(**how: Any) -> str:
    return described(Candidate(family=WHOLE, row=0, distance=0, **how))


@pytest.mark.parametrize(
    ("window", "words"),
    [
        ((0.0, 1.0, 0.0, 1.0), "altered"),
        ((-0.05, 1.05, 0.0, 1.0), "cropped about 9 %"),  # 1 - 1 / 1.1
        ((0.0, 1.0, -0.2, 1.05), "cropped about 20 %"),
        ((0.0, 1.02, 0.0, 1.0), "cropped about 2 %"),
        ((0.0, 1.01, 0.0, 1.0), "altered"),
        ((0.0, 0.986, 0.0, 1.0), "altered"),
        ((0.01, 0.99, 0.0, 1.0), "inside a frame"),
        ((0.0, 0.5, 0.5, 1.0), "panel 2 of 4"),
        ((0.5, 1.0, 0.0, 0.5), "panel 3 of 4"),
        ((1 / 3, 2 / 3, 0.0, 1.0), "panel 2 of 3"),
        ((0.5, 1.0, 2 / 3, 1.0), "panel 6 of 6"),
        ((0.015, 0.515, 0.5, 1.0), "panel 2 of 4"),
        ((0.03, 0.53, 0.5, 1.0), "inside a larger picture, 25 % of it"),
        ((0.0, 0.5, 0.47, 0.97), "inside a larger picture, 25 % of it"),
        ((0.0, 0.5, 0.5, 0.97), "inside a larger picture, 24 % of it"),
        ((0.1, 0.9, 0.1, 0.9), "inside a frame"),
        ((0.1, 0.9, 0.1, 0.6), "inside a frame"),  # 0.4 of it
        ((0.1, 0.89, 0.1, 0.6), "inside a larger picture, 40 % of it"),
        ((0.2, 0.8, 0.2, 0.8), "inside a larger picture, 36 % of it"),
    ],
)
def test_windows(window: tuple[float, ...], words: str) -> None:
    assert named(window=window) == words
    assert named(box=window) == words


def test_turns_tilts_and_what_hides_a_part() -> None:
    assert named(orientation=5) == "mirrored"
    assert [named(degrees=degrees) for degrees in (0.4, -1.4, 1.6, -7.5)] == [
        "rotated about 1 degree", "rotated about 1 degree", "rotated about 2 degrees", "rotated about 8 degrees",
    ]  # fmt: skip
    assert named(holes=((0, SIDE // 4, 0, SIDE // 4),)) == "with something over 6 % of it"
    two = ((0, SIDE // 4, 0, SIDE // 4), (SIDE // 2, SIDE, 0, SIDE // 4))
    assert named(holes=two) == "with something over 19 % of it"
    assert named(holes=((3, 4, 5, 6),)) == "with something over 1 % of it"


def test_all_of_it_in_its_order() -> None:
    assert named(
        box=(0.1, 0.9, 0.1, 0.9), orientation=1, degrees=-3.2, holes=((0, SIDE // 4, 0, SIDE // 4),),
        window=(-0.05, 1.05, 0.0, 1.0),
    ) == (
        "inside a frame, turned a quarter right, rotated about 3 degrees, with something over 6 % of it, "
        "cropped about 9 %"
    )  # fmt: skip
