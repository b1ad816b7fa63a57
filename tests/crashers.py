"""Files that take their worker down, by name: planted through a parameter that no user can reach."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from safehash.matching.matcher import Matcher


class Unsendable(RuntimeError):
    """Cannot be pickled."""


def as_told(folder: Path, path: str) -> None:
    """Do what the file `next` in a folder says, once: of an upload, which has no name that could say it."""
    told = folder / "next"
    if told.exists():
        name = told.read_text()
        told.unlink()
        misbehave(str(folder / name))


def opened(deaths: Path, killed: Sequence[int], path: Path) -> Matcher:
    """Return a matcher of a list; but be killed before, as for want of memory, at these of all such calls."""
    with deaths.open("a+") as stream:
        stream.write("x")
        n_calls = stream.tell()
    if n_calls in killed:
        os.kill(os.getpid(), signal.SIGKILL)
    return Matcher.from_files(path)


#: What a worker can be told to do by a number that it shares: one that gave up its files reads none.
BY_NUMBER = ("", "segfault", "exit", "kill", "hang", "slow")


def as_numbered(told: Any, path: str) -> None:
    """Do what a shared number says, once."""
    does = BY_NUMBER[told.value]
    told.value = 0
    if does:
        misbehave(does)


def misbehave(path: str) -> None:
    """Do what the file's name says. Runs in the worker, before the file is read."""
    name = Path(path).name
    if name.startswith("segfault"):
        ctypes.string_at(0)
    elif name.startswith("hang"):
        time.sleep(600)
    elif name.startswith("swell"):
        _ = bytearray(8 << 30)
    elif name.startswith("exit"):
        os._exit(3)
    elif name.startswith("kill"):
        os.kill(os.getpid(), signal.SIGKILL)
    elif name.startswith("untold"):  # twice, in its batch and alone; then it is an ordinary file
        with (Path(path).parent.parent / "deaths").open("a+") as deaths:
            deaths.write("x")
            n_deaths = deaths.tell()
        if n_deaths <= 2:
            os._exit(255)
    elif name.startswith("defect"):
        raise ZeroDivisionError("nobody expected this")
    elif name.startswith("unsendable"):
        raise Unsendable(lambda: "an error that no other process can be told of")
    elif name.startswith("limits"):  # says what it may leave behind when it crashes
        import resource

        limits = Path(path).parent.parent / "limits"
        limits.write_text(str(resource.getrlimit(resource.RLIMIT_CORE)), encoding="ascii")
    elif name.startswith("slow"):
        time.sleep(0.05)
