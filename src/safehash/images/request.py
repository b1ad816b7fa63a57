"""What is asked of a decode."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .deadline import NO_DEADLINE, Deadline
from .declared import Declared
from .limits import Limits
from .pictures import Effort

__all__ = ["OWN_JPEG", "Reduction", "Request"]

#: Whether ordinary JPEG files are read by our own reader unless somebody says otherwise.
OWN_JPEG = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """By how much a decode may be reduced, by the shorter side of its picture.

    Attributes
    ----------
    drafted, means, progressive : tuple of (int, int)
        From which shorter side (pixels) by which step, the longest side first: where a decoder reduces as it likes,
        where each sample is the mean of what it stands for, and where it is that of a progressive file.
    """

    drafted: tuple[tuple[int, int], ...]
    means: tuple[tuple[int, int], ...]
    progressive: tuple[tuple[int, int], ...]

    def __call__(self, shorter_side: int) -> int:
        """Return the reduction that any decoder may take for a picture whose shorter side is given, in pixels."""
        return _step_at(self.drafted, shorter_side)

    def of_means(self, shorter_side: int, *, progressive: bool) -> int:
        """Return the one that a reader may take whose samples are means."""
        return _step_at(self.progressive if progressive else self.means, shorter_side)


def _step_at(table: tuple[tuple[int, int], ...], shorter_side: int) -> int:
    for least, step in table:
        if shorter_side >= least:
            return step
    return 1


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
    own_jpeg : bool
        Ordinary JPEG files are read by the reader of this package (_c/_jpeg.h) where it can.
    """

    limits: Limits
    step_for: Callable[[int], int] | None = None
    colours: tuple[Declared, ...] = ()
    deadline: Deadline = NO_DEADLINE
    effort: Effort | None = None
    own_jpeg: bool = OWN_JPEG

    def step_of(self, size: tuple[int, int]) -> int:
        """Return the reduction to take for a picture of these sides, in pixels."""
        return self.step_for(min(size)) if self.step_for is not None else 1

    def step_of_means(self, size: tuple[int, int], *, progressive: bool) -> int:
        """Return the reduction to take where each sample is the mean of what it stands for."""
        if isinstance(self.step_for, Reduction):
            return self.step_for.of_means(min(size), progressive=progressive)
        return self.step_of(size)
