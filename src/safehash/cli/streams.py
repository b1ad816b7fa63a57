"""The three standard streams: they take any text, one may be closed, full, or without a reader."""

from __future__ import annotations

import atexit
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, TextIO

from ..errors import SafehashError

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

__all__ = ["expect_open", "give_back_streams", "give_up", "is_closed", "release_stdout", "settle_streams"]

#: Numbers of standard streams that the caller closed: something that leads nowhere stands there.
_closed_ones: list[int] = []


def settle_streams() -> None:
    """Have three streams that take any text: one may be closed, or of an encoding that lacks a character.

    A standard output that the caller closed takes nothing: whoever writes there is told so. What cannot be said on
    standard error costs what was said, and neither the work nor the exit code.
    """
    _fill_numbers()
    if sys.stdin is None:
        sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: PTH123, SIM115
    if sys.stdout is None:
        sys.stdout = io.TextIOWrapper(_Closed(), encoding="utf-8", write_through=True)
    elif isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout is sys.__stdout__:
        given = sys.stdout
        with suppress(OSError):  # what a caller wrote before comes first
            given.flush()
        sys.stdout = _Named.of(given)
    told = sys.__stderr__
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    elif isinstance(told, io.TextIOWrapper) and sys.stderr is told:
        sys.stderr = _Forgiving(
            told.buffer, encoding=told.encoding, line_buffering=told.line_buffering,
            write_through=told.write_through,
        )  # fmt: skip
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    atexit.unregister(_release_stderr)
    atexit.register(_release_stderr)


def give_back_streams(stdout: TextIO, stderr: TextIO) -> None:
    """Put back the streams of a caller who goes on: ours would close what is below them when nobody holds them."""
    for name, was in (("stdout", stdout), ("stderr", stderr)):
        ours = getattr(sys, name)
        if isinstance(ours, (_Named, _Forgiving)) and ours is not was:
            with suppress(OSError, ValueError):
                ours.flush()
            with suppress(OSError, ValueError):
                below = ours.detach()
                if isinstance(below, io.BufferedWriter) and below is not was.buffer:
                    below.detach()
            setattr(sys, name, was)


def expect_open(stream: TextIO) -> None:
    """Refuse to begin what is to be written to a standard output that is closed.

    Raises
    ------
    SafehashError
    """
    if isinstance(getattr(stream, "buffer", None), _Closed):
        raise _closed()


def is_closed(number: int) -> bool:
    """Tell whether the caller closed the standard stream of this number: what is written there goes nowhere."""
    return number in _closed_ones


def give_up(stream: TextIO) -> None:
    """Keep the interpreter from flushing once more, at its end, what cannot be written."""
    try:
        number = stream.fileno()
    except (OSError, ValueError, AttributeError):
        return
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)


def release_stdout() -> None:
    """Write what waits for standard output; where that fails, keep it from failing again when the interpreter ends.

    That would decide the exit code, and say a second thing, once the command has failed. What stands in its place,
    a test's say, is left to whoever put it there.
    """
    if not isinstance(sys.stdout, _Named):
        return
    try:
        sys.stdout.flush()
    except (OSError, ValueError, SafehashError):
        give_up(sys.stdout)


class _Named(io.TextIOWrapper):
    """A standard output whose errors say whose they are.

    Where Python is told not to buffer, what is written is out at once; but there is a buffer all the same: without one
    nobody goes on with what the system took only half of, and what failed once is not there to fail again for who
    would not hear it (argparse).
    """

    _is_at_once = False

    @classmethod
    def of(cls, given: io.TextIOWrapper) -> _Named:
        """Return one in place of the interpreter's."""
        below: Any = given.buffer
        if isinstance(below, io.RawIOBase):
            below = io.BufferedWriter(below)
        ours = cls(below, encoding=given.encoding, line_buffering=given.line_buffering)
        ours._is_at_once = given.write_through
        return ours

    def write(self, text: str, /) -> int:
        with _naming():
            n_characters = super().write(text)
            if self._is_at_once:
                super().flush()
            return n_characters

    def flush(self) -> None:
        with _naming():
            super().flush()


@contextmanager
def _naming() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        exc.filename = "standard output"
        raise


class _Forgiving(io.TextIOWrapper):
    """A standard error that may be full, or without a reader."""

    def write(self, text: str, /) -> int:
        with suppress(OSError):
            return super().write(text)
        return len(text)

    def flush(self) -> None:
        with suppress(OSError):
            super().flush()


class _Closed(io.RawIOBase):
    """What stands for a standard output that is closed."""

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        raise _closed()


def _closed() -> SafehashError:
    return SafehashError(
        "standard output is closed: nothing can be written there (>/dev/null throws it away)"
    )


def _fill_numbers() -> None:
    """Have something at the numbers of the three streams: a file of ours that got one would be written into."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)  # so do the workers
        _closed_ones.append(number)
    os.close(number)


def _release_stderr() -> None:
    """Let a standard error that is full cost what was said there, and not the exit code; threads may have said it."""
    try:
        sys.stderr.flush()
    except (OSError, ValueError):
        with suppress(OSError):
            give_up(sys.stderr)
