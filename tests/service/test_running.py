"""A service's beginning and end: what is said to it before it runs is heeded, and ends it as well as later."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import safehash
from safehash.service.options import ServiceOptions
from safehash.service.running import _listener, _Server, serve
from safehash.service.signals import Signals

if sys.platform != "win32":
    import resource

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

    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (most, most))
    serve(lambda: safehash.Matcher.from_files(path), ServiceOptions(port=0, workers=1), listening=listening)
    assert len(heard) == 1
    assert resource.getrlimit(resource.RLIMIT_CORE)[0] == 0, "uploads are in its memory, however it ends"
    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)] == before


def test_signals_have_a_hearer_until_the_end() -> None:
    """Nobody is there to end when the service has ended: a second signal is no failure of what went well."""
    signals = Signals()
    with signals.heeded():
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(os.getpid(), number)
    assert signals._n_told == 2


def test_a_socket_that_another_service_made_since_stays(tmp_path: Path) -> None:
    """One that ends slowly listens no more: who begins meanwhile takes its place, and was left without a name."""
    path = tmp_path / "s"
    options = ServiceOptions(unix=str(path))
    with _listener(options) as before:
        before.close()
        with _listener(options):
            pass
        assert not path.exists(), "its own is gone with it"
        other = socket.socket(socket.AF_UNIX)
        other.bind(str(path))
        other.listen()
    assert path.exists()
    other.close()


def test_however_many_hang_up_the_lists_are_read_once_behind_what_is_being_read() -> None:
    """Two hundred signals in a second were two hundred loads of the lists, one after the other."""
    began: list[int] = []

    async def run() -> None:
        goes_on = asyncio.Event()

        async def reload() -> None:
            began.append(len(began))
            await goes_on.wait()

        server = _Server.__new__(_Server)
        service: Any = SimpleNamespace(reload=reload)
        server._service, server._is_asked, server._reloading = service, False, None
        server._hang_up()
        await asyncio.sleep(0)
        for _ in range(50):
            server._hang_up()
            await asyncio.sleep(0)
        assert began == [0]
        goes_on.set()
        assert server._reloading is not None
        await server._reloading
        assert began == [0, 1], "what was asked while it was read is not in what was read"
        server._hang_up()
        await server._reloading
        assert began == [0, 1, 2]

    asyncio.run(run())
