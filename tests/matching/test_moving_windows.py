"""Moving a window toward a digest: what is remembered of windows that were looked at changes nothing."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from safehash import _views

Float32 = npt.NDArray[np.float32]

#: Edges are moved one at a time, then the window is shifted, then it grows and shrinks (`sv_refine`).
MOVES = (
    (-1, 0, 0, 0), (1, 0, 0, 0), (0, -1, 0, 0), (0, 1, 0, 0), (0, 0, -1, 0), (0, 0, 1, 0),
    (0, 0, 0, -1), (0, 0, 0, 1), (1, 1, 0, 0), (-1, -1, 0, 0), (0, 0, 1, 1), (0, 0, -1, -1),
)  # fmt: skip
NARROWEST = 0.1


def moved(
    thumb: Float32, digest: npt.NDArray[np.uint8], start: Sequence[float], step: float, least: float,
    room: float, most: int,
) -> tuple[int, tuple[float, ...], float]:  # fmt: skip
    """Move a window as the kernel does, each window looked at by itself."""
    looked_at: list[tuple[int, tuple[float, ...]]] = []

    def agreement(window: Sequence[float]) -> float:
        one = _views.refine(thumb, digest, np.array(window), step=1, least=1, room=0, max_evaluations=1)
        looked_at.append((one[0], tuple(window)))
        return one[2]

    window = list(start)
    best = agreement(window)
    while step >= least and len(looked_at) < most:
        has_moved = False
        for move in MOVES:
            while len(looked_at) < most:
                trial = [at + step * by for at, by in zip(window, move, strict=True)]
                far = any(
                    at < began - room or at > began + room for at, began in zip(trial, start, strict=True)
                )
                if far or min(trial[1] - trial[0], trial[3] - trial[2]) < NARROWEST:
                    break
                found = agreement(trial)
                if found <= best or len(looked_at) >= most:
                    break
                best, window, has_moved = found, trial, True
        if not has_moved:
            step *= 0.5
    distance, place = min(looked_at, key=lambda one: one[0])
    return distance, place, best


@settings(max_examples=20)
@given(
    seed=st.integers(0, 2**32),
    side=st.sampled_from([64, 128]),
    most=st.sampled_from([1, 30, 150, 400]),
    bits=st.integers(0, 60),
)
def test_a_window_moves_as_if_nothing_were_remembered(seed: int, side: int, most: int, bits: int) -> None:
    rng = np.random.default_rng(seed)
    coarse = rng.uniform(0, 255, (8, 8)).astype(np.float32)
    thumb = np.ascontiguousarray(np.kron(coarse, np.ones((side // 8, side // 8), np.float32)))
    spans = np.array([[0.08, 0.97], [0.03, 0.9]])
    digest = _views.hash_windows(thumb, spans[:1], spans[1:], np.zeros(1, np.int32), np.zeros(1, np.int32))[0]
    for bit in rng.integers(0, 256, bits).tolist():
        digest[bit // 8] ^= 1 << bit % 8
    start = [0.0, 1.0, 0.0, 1.0]
    found = _views.refine(
        thumb, digest, np.array(start), step=0.03, least=0.002, room=0.2, max_evaluations=most
    )
    wanted = moved(thumb, digest, start, 0.03, 0.002, 0.2, most)
    assert found == wanted
