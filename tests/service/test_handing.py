"""Uploads between the event loop and workers: each gets the verdict on itself, in time, whatever became of others."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

import safehash
from crashers import BY_NUMBER, as_numbered
from safehash.scanning.confining import Means
from safehash.scanning.lanes import Task
from safehash.scanning.standby import Lanes
from safehash.scanning.starting import worker_context
from safehash.service.handing import Handing
from safehash.service.refusing import Refused
from stores import write_list, write_pictures

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the service is for Linux and macOS")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return write_pictures(tmp_path_factory.mktemp("pictures"), 3)


@pytest.fixture(scope="module")
def matcher(pictures: list[Path]) -> safehash.Matcher:
    return safehash.Matcher.from_files(write_list(pictures[0].parent / "own.csv", pictures[1]))


Told = Callable[[str], None]


def handed(matcher: safehash.Matcher, use: Callable[[Handing, Told], Awaitable[None]]) -> None:
    """Use one worker, which does to the next upload what it is told."""
    told = worker_context().Value("i", 0, lock=False)

    def tell(does: str) -> None:
        told.value = BY_NUMBER.index(does)

    async def run() -> None:
        handing = Handing(Lanes(matcher, 1, Means(sealed=True), before=partial(as_numbered, told)))
        try:
            await use(handing, tell)
        finally:
            handing.retire()
            await asyncio.get_running_loop().run_in_executor(None, handing.close)

    asyncio.run(run())


async def outcome(handing: Handing, data: bytes, seconds: float = 60.0) -> str:
    decision = await handing.decide(data, Task(n_bytes=len(data)), time.monotonic() + seconds)
    return decision.failure or decision.outcome.value


def test_uploads_that_come_at_once_get_their_own_verdicts(
    matcher: safehash.Matcher, pictures: list[Path]
) -> None:
    uploads = [path.read_bytes() for path in pictures] + [b"words", b"", bytes(9 << 20)]
    wanted = ["no_match", "match", "no_match", "unsupported", "unreadable", "unsupported"]

    async def use(handing: Handing, tell: Told) -> None:
        found = await asyncio.gather(*(outcome(handing, each) for each in uploads * 4))
        assert found == wanted * 4

    handed(matcher, use)


def test_what_was_given_up_leaves_nothing_to_the_next(
    matcher: safehash.Matcher, pictures: list[Path]
) -> None:
    listed, harmless = pictures[1].read_bytes(), pictures[0].read_bytes()

    async def use(handing: Handing, tell: Told) -> None:
        for does in ("hang", "segfault", "kill", ""):
            tell(does)
            asked = asyncio.create_task(outcome(handing, listed))
            await asyncio.sleep(0)  # it is handed over, and not answered
            asked.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asked
            tell("")
            assert [await outcome(handing, each) for each in (harmless, listed)] == ["no_match", "match"]

    handed(matcher, use)


def test_who_waits_too_long_is_told_and_who_hangs_is_ended(
    matcher: safehash.Matcher, pictures: list[Path]
) -> None:
    listed, harmless = pictures[1].read_bytes(), pictures[0].read_bytes()

    async def use(handing: Handing, tell: Told) -> None:
        tell("hang")
        hanging = asyncio.create_task(outcome(handing, listed))
        await asyncio.sleep(0)
        with pytest.raises(Refused) as caught:
            await asyncio.wait_for(outcome(handing, harmless, 0.05), 20.0)
        assert (caught.value.status, hanging.done()) == (503, False), "while the other still runs"
        hanging.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        tell("hang")
        hanging = asyncio.create_task(outcome(handing, listed, 2.0))
        await asyncio.sleep(0)
        patient = asyncio.create_task(outcome(handing, harmless))
        assert await hanging == "timeout"
        assert await patient == "no_match"

    handed(matcher, use)


def test_who_came_before_the_end_is_served(matcher: safehash.Matcher, pictures: list[Path]) -> None:
    listed = pictures[1].read_bytes()

    async def use(handing: Handing, tell: Told) -> None:
        asked = [asyncio.create_task(outcome(handing, listed)) for _ in range(5)]
        await asyncio.sleep(0)
        handing.retire()
        assert await asyncio.gather(*asked) == ["match"] * 5

    handed(matcher, use)
