"""A clock that is set, and a process that is stopped, cost no file: its time is its own, or it is tried again."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from pebble.pool import process as pebble_room

from safehash.scanning import awake as awake_room
from safehash.scanning.awake import Awake
from safehash.scanning.confining import Means
from safehash.scanning.items import Item
from safehash.scanning.pool import Batch, Failed, Workers, each_isolated


def test_time_runs_while_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(awake_room, "time", SimpleNamespace(monotonic=lambda: now[0]))
    awake, told = Awake(), []
    for later in (0.2, 0.9, 3600.0, 0.5):
        now[0] += later
        told.append(round(awake.seconds(), 3))
    assert told == [0.2, 1.1, 2.1, 2.6], "an hour that nobody looked at is a second"


def test_a_clock_that_is_set_ends_no_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """The pool measures by it: whatever was under way was called too slow."""
    ahead = [0.0]

    def clock() -> float:
        told = time.time() + ahead[0]
        ahead[0] = 10_000.0  # set after the first look, which is when the call begins
        return told

    shown = SimpleNamespace(**{**vars(time), "time": clock})
    monkeypatch.setattr(pebble_room, "time", shown)
    assert list(each_isolated(time.sleep, [(0.3,)], means=Means(), timeout=600.0)) == [None]
    assert ahead[0]


@pytest.mark.parametrize("isolated", [False, True])
def test_a_time_that_no_file_had_is_not_its_fault(isolated: bool) -> None:
    workers = Workers(1, (), timeout=30.0)
    (slot,) = workers._slots
    batch = Batch(tickets=[7], items=[Item(path="a.jpg")], isolated=isolated, alone=int(isolated))
    try:
        assert workers._failed(slot, batch, TimeoutError(), took=0.3) == []
        (again,) = workers._lonely
        assert (again.tickets, again.isolated) == ([7], True), "tried again, alone"
        ((ticket, _, said),) = workers._failed(slot, batch, TimeoutError(), took=31.0)
        assert (ticket, isinstance(said, Failed) and said.kind) == (7, "timeout")
        again.alone = 3
        assert len(workers._failed(slot, again, TimeoutError(), took=0.3)) == 1, "but not for ever"
    finally:
        workers.close()
