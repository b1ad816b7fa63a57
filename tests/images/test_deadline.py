"""Processor time bounds an upload, and nothing but this thread's own does."""

from __future__ import annotations

import io
import math
import threading
from typing import Any

import numpy as np
import pytest
from PIL import Image

from attacks import bmp_runs
from safehash.errors import DeadlinePassed, ImageTooLarge
from safehash.images.deadline import NO_DEADLINE, Deadline
from safehash.images.decoding import decode_frames


class Steps:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 5

    def __call__(self) -> int:
        return self.now


def test_it_passes_after_its_time_and_not_before() -> None:
    clock = Steps()
    deadline = Deadline.after(2.0, clock=clock)
    clock.now += 2_000_000_000
    deadline.check()
    assert not deadline.has_passed
    clock.now += 1
    assert deadline.has_passed
    with pytest.raises(DeadlinePassed, match="after 2 seconds of processor time") as caught:
        deadline.check()
    assert isinstance(caught.value, ImageTooLarge)
    assert caught.value.failure == "deadline"


def test_without_a_deadline_nothing_passes() -> None:
    clock = Steps()
    deadline = Deadline.after(math.inf, clock=clock)
    clock.now = 1 << 62
    deadline.check()
    assert deadline is NO_DEADLINE


@pytest.mark.parametrize("seconds", [0, -1.0, math.nan, -math.inf])
def test_a_deadline_is_a_time(seconds: float) -> None:
    with pytest.raises(ValueError, match="more than 0 seconds"):
        Deadline.after(seconds)


def test_another_thread_s_work_does_not_count() -> None:
    """What is measured is this thread's processor time: beside a busy thread, and asleep, it stands still."""
    deadline = Deadline.after(0.05)
    worked = threading.Event()

    def work() -> None:
        own = Deadline.after(0.1)
        while not own.has_passed:
            pass
        worked.set()

    threading.Thread(target=work).start()
    worked.wait()
    deadline.check()
    assert deadline.has_passed is False


class Checks:
    """A clock that moves by a second whenever it is looked at: what is bounded is how often a decode looks."""

    def __init__(self) -> None:
        self.n_looks = -1

    def __call__(self) -> int:
        self.n_looks += 1
        return 1_000_000_000 * self.n_looks


def noise(seed: int = 1, mode: str = "RGB") -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (500, 400, 3), dtype=np.uint8)
    return Image.fromarray(pixels).convert(mode)


def saved(image: Image.Image, file_format: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, file_format, **options)
    return stream.getvalue()


LARGE = {
    "JPEG": saved(noise(mode="CMYK"), "JPEG", quality=95),
    "PNG": saved(noise(), "PNG"),
    "APNG": saved(noise(), "PNG", save_all=True, append_images=[noise(2), noise(3), noise(4)]),
    "GIF": saved(noise(), "GIF", save_all=True, append_images=[noise(2), noise(3), noise(4)]),
    "WEBP": saved(noise(), "WEBP", save_all=True, append_images=[noise(2), noise(3), noise(4)], quality=1),
    "TIFF": saved(noise(), "TIFF", compression="tiff_lzw"),
    "TIFF pages": saved(noise(), "TIFF", save_all=True, append_images=[noise(2), noise(3), noise(4)]),
    "BMP": bmp_runs(2_500_000, side=(400, 500)),
}


@pytest.mark.parametrize("name", LARGE)
def test_a_decode_looks_at_its_deadline_as_it_goes(name: str) -> None:
    """Between pieces of a file, strips and frames: the first frames of an animation come, later ones do not."""
    clock = Checks()
    frames = list(decode_frames(LARGE[name], deadline=Deadline.after(1e9, clock=clock)))
    n_looks = clock.n_looks
    assert n_looks > 2
    for allowed in range(1, n_looks):
        clock = Checks()
        n_frames = 0
        with pytest.raises(DeadlinePassed):
            for _ in decode_frames(LARGE[name], deadline=Deadline.after(allowed, clock=clock)):
                n_frames += 1
        assert n_frames < len(frames)
        assert clock.n_looks == allowed + 1
