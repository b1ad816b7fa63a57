"""Settings: one frozen value that refuses what cannot mean anything, and pickles."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from pathlib import Path
from typing import Any

import pytest

from safehash import Entry, FloodLimits, Hash, Limits, ListPolicy, Matcher, Policy, Settings
from safehash.images import jpeg


def test_the_defaults_stand_once() -> None:
    settings = Settings()
    assert (settings.effort, settings.allow_distance, settings.deadline) == ("standard", 16, 10.0)
    assert (settings.policy, settings.flood) == (None, None)
    assert (settings.allow_ids, settings.trusted) == (frozenset(), frozenset())


def test_settings_pickle_copy_and_compare() -> None:
    settings = Settings(
        effort="thorough",
        limits=Limits(max_pixels=1000),
        policy=Policy(include_labels={"x"}, per_list={"own": ListPolicy(max_distance={"pdq": 20})}),
        allow_ids=["b-1", "b-2", "b-1"],
        allow_distance=3,
        flood=FloodLimits(max_share=0.5, min_matches=3, min_uploads=4),
        deadline=None,
        trusted=[bytes(32)],
    )
    for again in (pickle.loads(pickle.dumps(settings)), copy.copy(settings), copy.deepcopy(settings)):
        assert again == settings
    assert settings.allow_ids == frozenset({"b-1", "b-2"})
    assert settings != dataclasses.replace(settings, deadline=1.0)
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.effort = "fast"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        ({"effort": "lots"}, ValueError, "effort is one of fast, standard, thorough, exhaustive, not 'lots'"),
        ({"effort": None}, ValueError, "effort is one of"),
        ({"limits": None}, TypeError, "limits is Limits, not NoneType"),
        ({"policy": {"max_distance": 20}}, TypeError, "policy is Policy or None, not dict"),
        ({"own_jpeg": None}, TypeError, "own_jpeg is bool, not NoneType"),
        ({"flood": 0.01}, TypeError, "flood is FloodLimits or None, not float"),
        ({"allow_ids": "b-1"}, TypeError, r"allow_ids is a collection of str: write \['b-1'\], not str"),
        ({"allow_ids": [1]}, TypeError, "allow_ids is a collection of str, found int in it"),
        ({"allow_ids": iter(["b-1"])}, TypeError, "allow_ids is a collection of str"),
        ({"trusted": bytes(32)}, TypeError, "trusted is a collection of bytes"),
        ({"trusted": [bytes(31)]}, ValueError, "a trusted key has 32 bytes, not 31"),
        ({"allow_distance": -1}, ValueError, "allow_distance is 0 to 256 bits, not -1"),
        ({"allow_distance": 257}, ValueError, "allow_distance is 0 to 256 bits, not 257"),
        ({"deadline": 0}, ValueError, "a deadline is more than 0 seconds, not 0; None is no end"),
        ({"deadline": float("inf")}, ValueError, "a deadline is more than 0 seconds"),
        ({"deadline": float("nan")}, ValueError, "a deadline is more than 0 seconds"),
    ],
)
def test_what_settings_cannot_mean_they_refuse(
    wrong: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        Settings(**wrong)


def test_settings_are_given_by_name() -> None:
    with pytest.raises(TypeError, match="positional"):
        Settings("fast")  # type: ignore[call-arg]


def test_the_own_reader_of_jpeg_files_is_turned_off(bridge: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[int] = []
    monkeypatch.setattr(jpeg, "read_means", lambda *_, **__: used.append(1))
    hashes = []
    for own_jpeg, n_used in ((False, 0), (True, 1)):
        entry = Entry(
            hash=Hash.from_hex("pdq", "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22"),
            source="test",
        )
        matcher = Matcher.from_entries([entry], settings=Settings(own_jpeg=own_jpeg))
        hashes.append(matcher.check(bridge).hash)
        assert len(used) == n_used
    assert hashes[0] == hashes[1], "what the reader leaves is read by the decoder"


def test_limits_are_held_as_they_were_given() -> None:
    formats = {"PNG"}
    limited = Settings(limits=Limits(formats=formats))  # type: ignore[arg-type]
    formats.add("GIF")
    assert limited.limits.formats == frozenset({"PNG"})
    assert hash(limited) == hash(Settings(limits=Limits(formats=frozenset({"PNG"}))))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [({"formats": {"JPG"}}, "formats are some of AVIF"), ({"max_bytes": -1}, "max_bytes is at least 1, not -1"),
     ({"max_pixels": 0}, "max_pixels"), ({"max_decoded_bytes": 0}, "max_decoded_bytes")],
)  # fmt: skip
def test_limits_that_nothing_could_keep_are_refused(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Limits(**wrong)
