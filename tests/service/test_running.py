"""A service's beginning and end: what is said to it before it runs is heeded, and ends it as well as later."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

import safehash
from safehash.service.options import ServiceOptions
from safehash.service.running import serve
from safehash.service.signals import Signals

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the service is for Linux and macOS")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_who_is_told_to_end_before_it_runs_ends_well(tmp_path: Path, number: int) -> None:
    """As soon as it says where it listens, whoever started it may end it: it had failed then, with 130."""
    before = [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)]
    heard: list[str] = []
    path = tmp_path / "own.csv"
    path.write_text(f"pdq,id\n{'f8' * 16 + '07' * 16},a\n")

    def listening(where: str) -> None:
        heard.append(where)
        os.kill(os.getpid(), number)

    serve(lambda: safehash.Matcher.from_files(path), ServiceOptions(port=0, workers=1), listening=listening)
    assert len(heard) == 1
    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)] == before


def test_signals_have_a_hearer_until_the_end() -> None:
    """Nobody is there to end when the service has ended: a second signal is no failure of what went well."""
    signals = Signals()
    with signals.heeded():
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(os.getpid(), number)
    assert signals._n_told == 2
