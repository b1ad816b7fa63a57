"""What the rest of a picture says for a digest: the kernel against the same done slowly, and against what is true."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawn import picture
from safehash import _views
from safehash.matching import hiding, settling
from safehash.matching.thumbnails import THE_UPLOAD

Float64Array = npt.NDArray[Any]
UInt8Array = npt.NDArray[np.uint8]
Rectangle = tuple[float, float, float, float]
Free = tuple[bool, bool, bool, bool]

PLACES = (np.arange(64) + 0.5) / 64
WAVES = np.sqrt(2 / 64) * np.cos(np.pi * np.arange(1, 17)[:, None] * PLACES)


def thumb_of(name: str) -> npt.NDArray[np.float32]:
    return _views.thumbnail(np.asarray(picture(name)), side=64)


def digest_of(frame: npt.NDArray[np.float32]) -> UInt8Array:
    whole = np.array([[0.0, 1.0]])
    digest: UInt8Array = _views.hash_windows(
        frame, whole, whole, np.zeros(1, np.int32), np.zeros(1, np.int32)
    )[0]
    return digest


def signs_of(digest: UInt8Array) -> Float64Array:
    """+1 and -1 in the order of the coefficients."""
    return 2.0 * np.unpackbits(digest)[::-1] - 1


def side_modes(low: float, high: float, free: Sequence[bool]) -> tuple[Float64Array, Float64Array]:
    """Every mode of one side at the samples, of length 1 as functions, and their waves."""
    n = min(24, math.ceil(17.5 * (high - low)) + 2)
    first = {(True, True): 0.0, (False, False): 1.0}.get((free[0], free[1]), 0.5)
    halves = np.pi * (first + np.arange(n))
    at = (PLACES - low) / (high - low)
    values = np.where(free[0], np.cos(halves * at[:, None]), np.sin(halves * at[:, None]))
    values *= ((at >= 0) & (at <= 1))[:, None] * np.sqrt(np.where(halves == 0, 1, 2) / (high - low))
    return WAVES @ values, halves / (high - low)


def slowly(
    frame: npt.NDArray[np.float32], hidden: Sequence[tuple[Rectangle, Free]], digest: UInt8Array
) -> float:
    """As docs/matching.md has it, with NumPy's linear algebra; the membrane is laid by its equations."""
    mask = np.zeros((64, 64), bool)
    for (top, bottom, left, right), _ in hidden:
        rows, cols = (top <= PLACES) & (bottom >= PLACES), (left <= PLACES) & (right >= PLACES)
        mask |= rows[:, None] & cols
    cells = np.where(mask, frame[~mask].mean(), frame).reshape(32, 2, 32, 2).mean((1, 3))
    covered = mask.reshape(32, 2, 32, 2).sum((1, 3)) >= 2
    number = np.arange(1024).reshape(32, 32)
    pairs = [*zip(number[:, 1:].flat, number[:, :-1].flat, strict=True)]
    pairs += [*zip(number[1:].flat, number[:-1].flat, strict=True)]
    laplace = np.zeros((1024, 1024))
    for a, b in pairs:
        laplace[[a, b], [a, b]] += 1
        laplace[[a, b], [b, a]] -= 1
    seen, unseen = np.flatnonzero(~covered), np.flatnonzero(covered)
    flat = cells.reshape(-1).astype(float)
    flat[unseen] = np.linalg.solve(
        laplace[np.ix_(unseen, unseen)], -laplace[np.ix_(unseen, seen)] @ flat[seen]
    )
    steps = [flat[a] - flat[b] for a, b in pairs if not (covered.flat[a] or covered.flat[b])]
    stiffness = max(0.5, math.sqrt(2 * np.mean(np.square(steps))))
    filled = np.where(mask, np.kron(flat.reshape(32, 32), np.ones((2, 2))), frame)
    mean = (WAVES @ filled @ WAVES.T).ravel()
    mean -= np.median(mean)
    columns = []
    for (top, bottom, left, right), free in hidden:
        (down, down_waves), (across, across_waves) = (
            side_modes(top, bottom, free[:2]),
            side_modes(left, right, free[2:]),
        )
        waves = down_waves[:, None] ** 2 + across_waves**2
        columns += [
            stiffness / math.sqrt(waves[a, b]) * np.outer(down[:, a], across[:, b]).ravel()
            for a, b in np.ndindex(waves.shape)
            if waves[a, b] and (waves[a, b] < (17.5 * np.pi) ** 2 or not (a or b))
        ]
    modes, signs = np.array(columns).T, signs_of(digest)
    unsure = 0.25 * np.abs(mean).mean()

    def agreed(sums: Float64Array) -> float:
        right = signs * (mean + modes @ sums) / unsure
        return float(-np.logaddexp(0, -right).sum() - 0.5 * sums @ sums)

    sums = np.zeros(modes.shape[1])
    for _ in range(60):
        wrong = 1 / (1 + np.exp(np.clip(signs * (mean + modes @ sums) / unsure, -500, 500)))
        curvature = np.eye(len(sums)) + modes.T @ ((wrong * (1 - wrong) / unsure**2)[:, None] * modes)
        step = np.linalg.solve(curvature, modes.T @ (signs * wrong / unsure) - sums)
        while agreed(sums + step) < agreed(sums) and np.abs(step).max() > 1e-9:
            step /= 2
        sums += step
    wrong = 1 / (1 + np.exp(np.clip(signs * (mean + modes @ sums) / unsure, -500, 500)))
    curvature = np.eye(len(sums)) + modes.T @ ((wrong * (1 - wrong) / unsure**2)[:, None] * modes)
    return (agreed(sums) - 0.5 * float(np.linalg.slogdet(curvature)[1])) / math.log(2) + 256


def quickly(
    frame: npt.NDArray[np.float32],
    hidden: Sequence[tuple[Rectangle, Free]],
    digest: UInt8Array,
    enough: float = -1e9,
) -> float:
    edges = np.array([rectangle for rectangle, _ in hidden])
    is_free = np.array([free for _, free in hidden], np.int32)
    return _views.hidden_bits(frame, edges, is_free, digest, enough=enough)


INSIDE: list[tuple[Rectangle, Free]] = [((0.25, 0.625, 0.125, 0.5), (False,) * 4)]
IN_A_CORNER: list[tuple[Rectangle, Free]] = [((0.0, 0.5, 0.625, 1.0), (True, False, False, True))]
TWO = [*INSIDE, ((0.75, 1.0, 0.5, 0.75), (False, True, False, False))]
AROUND = hiding._cut_off((-0.2, 1.1, -0.15, 1.05))


@pytest.mark.parametrize(
    "hidden", [INSIDE, IN_A_CORNER, TWO, AROUND], ids=["inside", "corner", "two", "around"]
)
@pytest.mark.parametrize("listed", ["coffee", "chelsea"])
def test_it_is_what_is_found_slowly(hidden: list[tuple[Rectangle, Free]], listed: str) -> None:
    frame = thumb_of("coffee")
    digest = digest_of(thumb_of(listed))
    expected = slowly(frame, hidden, digest)
    assert quickly(frame, hidden, digest) == pytest.approx(
        expected, abs=0.6
    )  # of Newton's and the membrane's ends
    assert (expected > 60) == (listed == "coffee")


@settings(deadline=None, max_examples=40)
@given(
    top=st.integers(0, 40), left=st.integers(0, 40), height=st.integers(8, 34), width=st.integers(8, 34),
    paint=st.integers(0, 255), name=st.sampled_from(["coffee", "chelsea", "astronaut"]),
)  # fmt: skip
def test_what_hides_a_part_has_no_say(
    top: int, left: int, height: int, width: int, paint: int, name: str
) -> None:
    frame = thumb_of(name)
    hole = (top, min(64, top + height), left, min(64, left + width))
    wanted = digest_of(frame)
    painted = frame.copy()
    painted[hole[0] : hole[1], hole[2] : hole[3]] = paint
    own, other = (
        hiding.rest_bits(each, THE_UPLOAD, (hole,), wanted, enough=-1e9) for each in (frame, painted)
    )
    assert own == other
    assert own > 60
    stranger = digest_of(thumb_of("rocket"))
    assert hiding.rest_bits(painted, THE_UPLOAD, (hole,), stranger, enough=-1e9) < 20


def test_what_cannot_come_to_enough_is_found_roughly_and_what_can_exactly() -> None:
    frame = thumb_of("coffee")
    for hidden in (INSIDE, IN_A_CORNER, TWO, AROUND):
        for listed in ("coffee", "chelsea"):
            digest = digest_of(thumb_of(listed))
            exactly = quickly(frame, hidden, digest)
            for enough in (20.0, exactly - 0.5, exactly, exactly + 40):
                roughly = quickly(frame, hidden, digest, enough)
                assert roughly == exactly if exactly >= enough else roughly < enough


def test_a_blank_picture_and_noise_say_nothing() -> None:
    blank = np.full((64, 64), 90, np.float32)
    noise = np.random.default_rng(5).uniform(0, 255, (64, 64)).astype(np.float32)
    digest = digest_of(thumb_of("coffee"))
    assert quickly(blank, INSIDE, digest) == -256
    assert quickly(noise, INSIDE, digest) < 0
    assert quickly(noise, INSIDE, digest_of(noise)) > 60


@pytest.mark.parametrize(
    ("hidden", "words"),
    [
        ([((0.5, 0.4, 0.0, 0.5), (False,) * 4)], "no rectangle"),
        ([((-0.1, 0.4, 0.0, 0.5), (False,) * 4)], "no rectangle"),
        ([((math.nan, 0.4, 0.0, 0.5), (False,) * 4)], "no rectangle"),
        ([((0.1, 0.4, 0.5, 0.51), (False,) * 4)], "a sample of 64"),
        ([((0.0, 1.0, 0.0, 1.0), (True,) * 4)], "nothing is known"),
        (INSIDE * 5, "up to four"),
    ],
)
def test_what_is_no_part_of_a_picture_is_refused(hidden: list[tuple[Rectangle, Free]], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        quickly(thumb_of("coffee"), hidden, digest_of(thumb_of("coffee")))


def test_frames_and_digests_of_other_shapes_are_refused() -> None:
    frame, digest = thumb_of("coffee"), digest_of(thumb_of("coffee"))
    with pytest.raises(ValueError, match="64 samples"):
        quickly(np.zeros((32, 32), np.float32), INSIDE, digest)
    with pytest.raises(ValueError, match="32 bytes"):
        quickly(frame, INSIDE, digest[:31])
    with pytest.raises(ValueError, match="grey levels"):
        quickly(np.full_like(frame, np.nan), INSIDE, digest)


def test_where_nothing_is_hidden_nothing_is_said() -> None:
    frame = thumb_of("coffee")
    assert hiding.rest_bits(frame, THE_UPLOAD, (), digest_of(frame)) == 0.0
    assert hiding.rest_bits(frame, (0.1, 0.9, 0.1, 0.9), (), digest_of(frame)) == 0.0


def test_a_further_hole_costs_sixteen_bits() -> None:
    frame = thumb_of("coffee")
    wanted = digest_of(frame)
    one, other = (8, 24, 8, 24), (24, 40, 8, 24)
    both = hiding.rest_bits(frame, THE_UPLOAD, (one, other), wanted, enough=-1e9)
    alike = _views.hidden_bits(
        frame,
        np.array([each for each, _ in map(hiding._of_hole, (one, other))]),
        np.zeros((2, 4), np.int32),
        wanted,
        enough=-1e9,
    )
    assert both == alike - 16


def test_a_hole_within_another_hides_no_more() -> None:
    frame = thumb_of("coffee")
    wanted = digest_of(frame)
    one, within = (8, 40, 8, 40), (16, 24, 16, 24)
    alone, both = (
        hiding.rest_bits(frame, THE_UPLOAD, holes, wanted, enough=-1e9) for holes in ((one,), (one, within))
    )
    assert both == alone - 16


def test_holes_over_one_another_are_taken_apart() -> None:
    assert hiding._apart([(0, 32, 0, 32), (8, 24, 16, 48)]) == [(0, 32, 0, 32), (8, 24, 32, 48)]
    assert hiding._apart([(16, 48, 0, 32), (0, 32, 8, 24)]) == [(16, 48, 0, 32), (0, 16, 8, 24)]
    assert hiding._apart([(0, 32, 0, 32), (8, 24, 8, 24)]) == [(0, 32, 0, 32)]
    assert hiding._apart([(0, 8, 0, 8), (20, 30, 20, 30)]) == [(0, 8, 0, 8), (20, 30, 20, 30)]


def test_what_was_cut_off_lies_around_the_upload() -> None:
    (above, left, right) = hiding._cut_off((-0.25, 1.0, -0.5, 1.5))
    assert above == ((0.0, 0.2, 0.0, 1.0), (True, False, True, True))
    assert left == ((0.2, 1.0, 0.0, 0.25), (True, True, True, False))
    assert right == ((0.2, 1.0, 0.75, 1.0), (True, True, False, True))


def test_places_are_settled_where_the_rest_says_most() -> None:
    frame = thumb_of("coffee")
    wanted = digest_of(frame)
    painted = frame.copy()
    painted[20:44, 12:40] = (250 + 5 * (np.arange(28) % 2))[None]
    near = ((17, 40, 15, 41),)
    before = hiding.rest_bits(painted, THE_UPLOAD, near, wanted, enough=-1e9)
    (hole,), after = settling.settled_holes(painted, near, wanted)
    assert after > before + 10
    assert all(abs(a - b) <= 2 for a, b in zip(hole, (20, 44, 12, 40), strict=True))
    assert after == hiding.rest_bits(painted, THE_UPLOAD, (hole,), wanted, enough=-1e9)


def test_a_window_is_settled_where_the_picture_was_cut() -> None:
    whole = picture("coffee")
    height, width = whole.size[1], whole.size[0]
    cropped = whole.crop((width // 8, height // 10, width, height))
    thumb = _views.thumbnail(np.asarray(cropped), side=64)
    true = (-(1 / 10) / (9 / 10), 1.0, -(1 / 8) / (7 / 8), 1.0)
    wanted = digest_of(thumb_of("coffee"))
    near = (true[0] + 0.03, 1.03, true[2] - 0.04, 1.0)
    before = hiding.rest_bits(thumb, near, (), wanted, enough=-1e9)
    window, after = settling.settled_window(thumb, near, wanted)
    assert after > before + 5
    assert all(abs(a - b) <= 0.025 for a, b in zip(window, true, strict=True))
