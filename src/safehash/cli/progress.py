"""How far a command is: a bar with rate and time left on a terminal, a line a minute without one."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Progress"]

#: Without a terminal, so many seconds lie between two lines.
_LINE_SECONDS = 60.0


class Progress:
    """Tells on standard error, or on the console that is given, how much is done.

    Parameters
    ----------
    what : str
        What is counted, in the plural.
    quiet : bool
        Say nothing.
    console : Console, optional
        The terminal to draw on.
    total : iterator of int, optional
        Counts what there is to do, in a thread of its own; the last number is the total.
    """

    def __init__(
        self,
        what: str,
        *,
        quiet: bool = False,
        console: Console | None = None,
        total: Iterator[int] | None = None,
    ) -> None:
        self._what, self._quiet = what, quiet
        self._done = 0
        self._total: int | None = None
        self._note = ""
        self._started = self._said = time.monotonic()
        self._ended = threading.Event()
        self._bar: Any = None
        self._task: Any = None
        if quiet:
            return
        if console is not None:
            self._draw(console)
        if total is not None:
            threading.Thread(target=self._count, args=(total,), name="safehash-count", daemon=True).start()

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def step(self, done: int, *, total: int | None = None, note: str = "") -> None:
        """Tell that so much is done, of how much where that is known, and what else there is to say."""
        self._done, self._note = done, note
        self._total = self._total if total is None else total
        if self._total is not None:
            self._total = max(self._total, done)  # members of archives are known when one is opened
        if self._bar is not None:
            self._bar.update(self._task, completed=done, total=self._total, note=note)
        elif not self._quiet and time.monotonic() - self._said >= _LINE_SECONDS:
            self._said = time.monotonic()
            print(f"safehash: {self._line()}", file=sys.stderr, flush=True)

    def close(self) -> None:
        """Take the bar away."""
        self._ended.set()
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _line(self) -> str:
        rate = self._done / max(1e-9, time.monotonic() - self._started)
        parts = [f"{self._done} {self._what}", f"{rate:.0f} {self._what}/s"]
        if self._total:
            left = max(0, self._total - self._done) / max(rate, 1e-9)
            parts[0] = f"{self._done} of {self._total} {self._what}"
            parts.append(f"about {_duration(left)} left")
        return ", ".join(part for part in (*parts, self._note) if part)

    def _draw(self, console: Console) -> None:
        from rich import progress

        class Rate(progress.ProgressColumn):
            """How many a second."""

            def __init__(self, what: str) -> None:
                super().__init__()
                self._what = what

            def render(self, task: progress.Task) -> str:
                return f"{task.finished_speed or task.speed or 0:.0f} {self._what}/s"

        self._bar = progress.Progress(
            progress.BarColumn(bar_width=30),
            progress.MofNCompleteColumn(),
            Rate(self._what),
            progress.TextColumn("{task.fields[note]}"),
            progress.TimeRemainingColumn(compact=True),
            console=console,
            transient=True,
            refresh_per_second=4,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._task = self._bar.add_task(self._what, total=None, note="")
        self._bar.start()

    def _count(self, total: Iterator[int]) -> None:
        """Walk ahead to know how much is left; there is no total until this is done."""
        n_found = 0
        for n_found in total:  # noqa: B007  the last one counts
            if self._ended.is_set():
                return
        self._total = n_found


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else f"{rest} s"
