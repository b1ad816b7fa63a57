"""How much processor time one upload may take, checked wherever a decode or a look-up can be left."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import DeadlinePassed

__all__ = ["DEFAULT_SECONDS", "NO_DEADLINE", "Deadline"]

#: Seconds of processor time: the costliest honest file met, 120 megapixels of PNG at the thorough effort, takes 5.
DEFAULT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Deadline:
    """An end in the processor time of the thread that set it: a loaded machine turns no match into a refusal.

    Attributes
    ----------
    seconds : float
        What was allowed; infinite for no deadline.

    Notes
    -----
    Belongs to the thread that made it. Make a new one for each upload, with `after`.

    Examples
    --------
    >>> deadline = Deadline.after(10.0)
    >>> deadline.check()
    """

    seconds: float
    _end: int = 0  # nanoseconds, by the clock
    _clock: Callable[[], int] = time.thread_time_ns

    @classmethod
    def after(
        cls, seconds_of_thread_processor_time: float, *, clock: Callable[[], int] = time.thread_time_ns
    ) -> Deadline:
        """Return the deadline that many seconds of this thread's processor time from now.

        Parameters
        ----------
        seconds_of_thread_processor_time : float
            More than 0; infinite for no deadline.
        clock : callable
            Nanoseconds that this thread has worked. For tests, which count steps instead.

        Raises
        ------
        ValueError
            Not a number of seconds above 0.
        """
        seconds = float(seconds_of_thread_processor_time)
        if not seconds > 0:
            raise ValueError(f"a deadline is more than 0 seconds of processor time, not {seconds}")
        if math.isinf(seconds):
            return NO_DEADLINE
        return cls(seconds, clock() + round(1e9 * seconds), clock)

    @property
    def has_passed(self) -> bool:
        """Whether the time is over."""
        return self._end > 0 and self._clock() > self._end

    def check(self) -> None:
        """Raise if the time is over; half a microsecond otherwise.

        Raises
        ------
        DeadlinePassed
        """
        if self.has_passed:
            raise DeadlinePassed(
                f"undecided after {self.seconds:g} seconds of processor time, the deadline of one upload"
            )


#: Never passes.
NO_DEADLINE = Deadline(math.inf)
