"""What is asked of a decode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .deadline import NO_DEADLINE, Deadline
from .declared import Declared
from .limits import Limits
from .pictures import Effort

__all__ = ["Request"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a decode.

    Attributes
    ----------
    limits : Limits
    step_for : callable or None
        Given the shorter side in pixels, the reduction the caller can fold (1, 2, 4 or 8). None decodes
        everything, in colour, as the reference tools do; otherwise luma is enough.
    colours : tuple of Declared
        What the file says its colours are, where that differs from sRGB.
    deadline : Deadline
        When the decode is to be left.
    effort : "fast", "standard", "thorough", "exhaustive" or None
        How much work it is worth to find out what else may be seen; None where only the pixels are wanted.
    """

    limits: Limits
    step_for: Callable[[int], int] | None = None
    colours: tuple[Declared, ...] = ()
    deadline: Deadline = NO_DEADLINE
    effort: Effort | None = None

    def step_of(self, size: tuple[int, int]) -> int:
        """Return the reduction to take for a picture of these sides, in pixels."""
        return self.step_for(min(size)) if self.step_for is not None else 1
