"""Ctrl-C and signals to end, heeded whoever swallows them: libraries drop an exception now and then, while imported."""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections import namedtuple
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["check_interrupts", "end_heeding", "heeding_interrupts", "was_told_to_end"]

#: Signals that came since the command began, and raised KeyboardInterrupt somewhere.
_came: list[int] = []
#: Those that are heeded no more, as the command ends by one.
_deaf: list[int] = []
#: What ends a command, each with what it finds at its beginning if nobody has asked for anything else.
_USUAL = {
    getattr(signal, name): usual
    for name, usual in (
        ("SIGINT", signal.default_int_handler), ("SIGTERM", signal.SIG_DFL), ("SIGHUP", signal.SIG_DFL)
    )
    if hasattr(signal, name)
}  # fmt: skip


def _handle(number: int, frame: object) -> None:
    _came.append(number)
    raise KeyboardInterrupt


def _say_again(unraisable: sys.UnraisableHookArgs) -> None:
    """Have what came where nothing can be raised come once more: in what is called when something is forgotten.

    Python drops it there, with a traceback, and the command would go on to its end.
    """
    if _came and isinstance(unraisable.exc_value, KeyboardInterrupt):
        # Not now: it would be raised in here, and be dropped again. Nothing happens if the command has ended by then.
        again = threading.Timer(_SOON, _thread.interrupt_main, (_came[-1],))
        again.daemon = True
        again.start()
    else:
        _hooks[-1](unraisable)


#: Seconds until what was dropped comes again.
_SOON = 0.01
#: What told of such exceptions before.
_hooks: list[Callable[[sys.UnraisableHookArgs], object]] = [sys.__unraisablehook__]


@contextmanager
def heeding_interrupts(*, ends_process: bool) -> Iterator[None]:
    """Have ctrl-C, SIGTERM and a hang-up unwind a command, so that nothing of it stays behind.

    What a caller handles itself, or ignores (``nohup``), stays as it is. Each is remembered, so that `check_interrupts`
    knows of one that nobody saw.

    Parameters
    ----------
    ends_process : bool
        The process ends with the command: `end_heeding` holds to its end.
    """
    _came.clear()
    _deaf.clear()
    ours: list[int] = []
    try:
        if threading.current_thread() is threading.main_thread():
            for number, usual in _USUAL.items():
                if signal.getsignal(number) == usual:
                    ours.append(number)
                    signal.signal(number, _handle)
        if ours:
            _hooks.append(sys.unraisablehook)
            sys.unraisablehook = _say_again
        yield
    finally:
        if ours and sys.unraisablehook is _say_again:
            sys.unraisablehook = _hooks.pop()
        for number in ours:
            if signal.getsignal(number) is _handle or (number in _deaf and not ends_process):
                signal.signal(number, _USUAL[number])


def check_interrupts() -> None:
    """Raise what was swallowed.

    Raises
    ------
    KeyboardInterrupt
        Somebody pressed ctrl-C since the command began, or a signal told it to end.
    """
    if _came:
        raise KeyboardInterrupt


def was_told_to_end() -> bool:
    """Tell whether ctrl-C or a signal came since the command began: what failed after it may have failed of it.

    A library that is interrupted while it is imported may say of itself that it is installed wrongly.
    """
    return bool(_came)


def end_heeding() -> None:
    """Let the command end in peace: what was interrupted has nothing left to break off."""
    if threading.current_thread() is threading.main_thread():  # elsewhere, no signal arrives
        for number in _USUAL:
            if signal.getsignal(number) is _handle:
                signal.signal(number, signal.SIG_IGN)
                _deaf.append(number)
    # Python remembers that text it was running was interrupted (a dataclass is made of such), whoever caught the
    # exception, and at its end dies of SIGINT in place of returning our exit code; the next such text makes it forget.
    namedtuple("_Next", "text")
