"""Processor time bounds an upload, and nothing but this thread's own does."""

from __future__ import annotations

import math
import threading

import pytest

from safehash.errors import DeadlinePassed, ImageTooLarge
from safehash.images.deadline import NO_DEADLINE, Deadline


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
