"""What pickles and copies: a matcher opened from a snapshot, decisions, hashes, entries; what says why it does not."""

from __future__ import annotations

import copy
import multiprocessing
import os
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import safehash
from safehash import (
    Decision,
    Entry,
    FloodGuard,
    FloodLimits,
    ForeignHash,
    Hash,
    Matcher,
    Opinion,
    Outcome,
    Policy,
    Settings,
)


def pickled(protocol: int) -> Callable[[Any], Any]:
    return lambda value: pickle.loads(pickle.dumps(value, protocol))


#: Every way to a second object that says the same.
WAYS: dict[str, Callable[[Any], Any]] = {
    **{f"pickle {protocol}": pickled(protocol) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)},
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
}


@pytest.fixture(params=WAYS, ids=str)
def again(request: pytest.FixtureRequest) -> Callable[[Any], Any]:
    return WAYS[request.param]


@pytest.fixture
def snapshot(bridge: Path, tmp_path: Path) -> Path:
    listed = tmp_path / "own.csv"
    listed.write_text(f"hash,id,labels\n{safehash.hash_file(bridge).hex},b-1,viral_challenge\n")
    Matcher.from_files(listed).save(tmp_path / "lists.safehash")
    return tmp_path / "lists.safehash"


def check(matcher: Matcher, path: Path) -> Decision:
    return matcher.check(path)


def test_a_matcher_opened_from_a_snapshot_pickles_and_copies(
    snapshot: Path, bridge: Path, again: Callable[[Any], Any]
) -> None:
    settings = Settings(
        effort="fast",
        policy=Policy(max_distance={"pdq": 20}),
        allow_ids=["b-1"],
        allow_distance=3,
        flood=FloodLimits(max_share=0.5, min_matches=1, min_uploads=1),
        deadline=None,
    )
    matcher = Matcher.open(snapshot, settings=settings)
    second = again(matcher)
    assert second is not matcher
    assert second.settings == matcher.settings == settings
    assert second.audit == matcher.audit
    one, two = matcher.check(bridge), second.check(bridge)
    assert one.outcome is Outcome.SUPPRESSED
    assert (two.outcome, two.matches, two.hash) == (one.outcome, one.matches, one.hash)
    assert second.flood_guard is not matcher.flood_guard


def test_an_unpickled_matcher_takes_the_snapshots_thresholds_where_it_was_told_none(
    snapshot: Path, again: Callable[[Any], Any]
) -> None:
    """Those in force when it was pickled would hide the ones that a new snapshot brings."""
    second = again(Matcher.open(snapshot))
    other = Matcher.from_files(snapshot.parent / "own.csv", settings=Settings(policy=Policy(min_quality=77)))
    other.save(snapshot)
    assert second.reload_if_changed()
    assert second.audit.min_quality == 77


def test_a_pickled_matcher_decides_in_another_process_from_another_folder(
    snapshot: Path, bridge: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(snapshot.parent)
    matcher = Matcher.open(snapshot.name)
    monkeypatch.chdir(os.sep)
    assert not matcher.reload_if_changed()
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        decision = pool.submit(check, matcher, bridge).result()
    assert decision.is_match
    assert decision.matches == matcher.check(bridge).matches


def test_what_cannot_pickle_says_what_to_do(snapshot: Path, again: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError, match=r"made from lists does not pickle: save it first.*Matcher\.open"):
        again(Matcher.from_files(snapshot.parent / "own.csv"))
    guard = FloodGuard()
    with pytest.raises(TypeError, match=r"counts in one process and does not pickle: give FloodLimits"):
        again(guard)
    if again is not copy.copy:  # a shallow copy shares the guard, as it was told to
        with pytest.raises(TypeError, match=r"counts in one process and does not pickle"):
            again(Matcher.open(snapshot, flood_guard=guard))


def test_a_guard_that_was_given_is_shared_by_a_copy(snapshot: Path) -> None:
    guard = FloodGuard()
    assert copy.copy(Matcher.open(snapshot, flood_guard=guard)).flood_guard is guard


@pytest.mark.parametrize(
    "value",
    [
        Hash("pdq", bytes(range(32)), quality=77),
        Hash("md5", bytes(16)),
        ForeignHash("photodna", "AA=="),
        Opinion(owner="42", category="positive", labels=("x",), reasons=("y",)),
        Entry(
            hash=Hash("phash", bytes(8)), id="1", source="own", labels=("x",),
            owners=(Opinion(owner="42", category="seed"),), extra={"a": [1, {"b": None}]},
        ),
        Entry(hash=ForeignHash("tmk", "x"), deleted=True, keyed_by="digest"),
        Entry(hash=None, id="gone", deleted=True),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_values_come_back_equal(value: Any, again: Callable[[Any], Any]) -> None:
    second = again(value)
    assert second == value
    assert hash(second) == hash(value)
    assert repr(second) == repr(value)
    if isinstance(value, Hash):
        assert second.quality == value.quality


def test_a_decision_comes_back_equal(snapshot: Path, bridge: Path, again: Callable[[Any], Any]) -> None:
    matcher = Matcher.open(snapshot)
    for upload in (bridge, b"", b"GIF89a"):
        decision = matcher.check(upload)
        second = again(decision)
        assert second == decision
        assert second.to_record() == decision.to_record()


@pytest.mark.parametrize("member", [*safehash.Outcome, *safehash.Algorithm], ids=str)
def test_members_pickle_by_their_value(member: safehash.Outcome | safehash.Algorithm) -> None:
    """Python 3.11.2 pickles them through `getattr`: a service that takes verdicts alone refused every upload."""
    assert pickle.loads(pickle.dumps(member)) is member
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert member.__reduce_ex__(protocol) == (type(member), (member.value,))
