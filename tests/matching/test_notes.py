"""What a matcher remarks: names in its settings that nothing bears, and settings that have no effect."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehash import Entry, Hash, ListPolicy, Matcher, Policy, Settings
from safehash.lists.building import EntryTableBuilder

DIGEST = "1ff36ce6a4a63b49c7db1d4e4c7a3c36d8c8c3cb69c64d2761949c6f3330981b"


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    path = tmp_path / "own.csv"
    path.write_text(f"pdq,id\n{DIGEST},b-1\n{DIGEST[::-1]},\n")
    return path


@pytest.fixture
def allowed(tmp_path: Path) -> Path:
    path = tmp_path / "harmless.csv"
    path.write_text(f"pdq,id\n{DIGEST},h-1\n")
    return path


@pytest.mark.parametrize("kind", ["lists", "snapshot"])
def test_names_that_nothing_bears_are_noted(
    kind: str, listed: Path, allowed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A typing error in an id or a list's name was taken for a setting that does something."""
    policy = Policy(
        per_list={
            "own": ListPolicy(max_distance={"pdq": 20}),
            "onw": ListPolicy(max_distance={"pdq": 20}),
            "harmless": ListPolicy(max_distance={"pdq": 20}),
        }
    )
    settings = Settings(policy=policy, allow_ids=["b-1", "b-", "-1", "h-1", "b-2", ""])
    wanted = {
        "settings for the list 'onw' have no effect: no list is called so",
        "settings for the list 'harmless' have no effect: it is an allow-list",
        "the allowed id '' is no listed entry's",
        "the allowed id '-1' is no listed entry's",
        "the allowed id 'b-' is no listed entry's",
        "the allowed id 'b-2' is no listed entry's",
        "the allowed id 'h-1' is no listed entry's",
    }
    with caplog.at_level(logging.WARNING, "safehash"):
        matcher = Matcher.from_files(listed, allow=[allowed], settings=settings)
    assert {record.getMessage() for record in caplog.records} == wanted
    if kind == "snapshot":
        path = listed.with_suffix(".safehash")
        Matcher.from_files(listed, allow=[allowed]).save(path)
        caplog.clear()
        with caplog.at_level(logging.WARNING, "safehash"):
            matcher = Matcher.open(path, settings=settings)
        assert {record.getMessage() for record in caplog.records} == wanted
    assert set(matcher.notes) == wanted
    assert len(matcher.notes) == len(wanted), "each is said once"
    assert Matcher.from_files(listed, settings=Settings(allow_ids=["b-1"])).notes == ()


def test_names_are_logged_of_entries_at_hand_too(caplog: pytest.LogCaptureFixture) -> None:
    entry = Entry(hash=Hash("pdq", bytes.fromhex(DIGEST)), source="own", id="b-1")
    with caplog.at_level(logging.WARNING, "safehash"):
        matcher = Matcher.from_entries([entry], settings=Settings(allow_ids=["b-1", "b-2"]))
    assert [record.getMessage() for record in caplog.records] == list(matcher.notes)
    assert matcher.notes == ("the allowed id 'b-2' is no listed entry's",)


def test_remarks_follow_a_reload(listed: Path) -> None:
    matcher = Matcher.from_files(listed, settings=Settings(allow_ids=["b-2"]))
    assert matcher.notes == ("the allowed id 'b-2' is no listed entry's",)
    listed.write_text(listed.read_text().replace("b-1", "b-2"))
    matcher.reload()
    assert not matcher.notes


@pytest.mark.parametrize("kind", ["lists", "snapshot"])
def test_what_a_reload_takes_the_bearer_from_is_logged_once(
    kind: str, listed: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A snapshot whose list was called otherwise lost that list's own threshold, and only who asked was told."""
    path = listed.with_suffix(".safehash")
    settings = Settings(
        policy=Policy(per_list={"own": ListPolicy(max_distance={"pdq": 7})}), allow_ids=["b-1", "b-2"]
    )
    Matcher.from_files(listed).save(path)
    matcher = (
        Matcher.open(path, settings=settings)
        if kind == "snapshot"
        else Matcher.from_files(listed, settings=settings)
    )
    text = listed.read_text().replace("b-1", "b-3")
    (listed if kind == "lists" else listed.with_name("other.csv")).write_text(text)
    if kind == "snapshot":
        Matcher.from_files(listed.with_name("other.csv")).save(path)
    caplog.clear()
    with caplog.at_level(logging.WARNING, "safehash"):
        matcher.reload()
        matcher.reload()
    assert [record.getMessage() for record in caplog.records] == [
        *["settings for the list 'own' have no effect: no list is called so"] * (kind == "snapshot"),
        "the allowed id 'b-1' is no listed entry's",
    ]


def test_what_was_settled_when_a_snapshot_was_built_is_noted(listed: Path) -> None:
    """`Policy(categories=...)` was taken by `open`, and did nothing."""
    path = listed.with_suffix(".safehash")
    Matcher.from_files(listed).save(path)
    policy = Policy(
        max_distance={"pdq": 20},
        min_quality=20,
        categories=["positive"],
        exclude_labels=["news"],
        require_fresh=True,
        per_list={"own": ListPolicy(max_distance={"pdq": 20}, min_quality=0)},
    )
    notes = Matcher.open(path, settings=Settings(policy=policy)).notes
    assert notes == tuple(
        f"the policy's {name} has no effect on a snapshot: which entries count was settled when it was built"
        for name in ("categories", "exclude_labels", "require_fresh", "min_quality of own")
    )
    assert Matcher.open(path, settings=Settings(policy=Policy(max_distance={"pdq": 20}))).notes == ()
    assert Matcher.from_files(listed, settings=Settings(policy=policy)).notes == ()


TEXTS = st.text(st.sampled_from("ab\u00e9\ud800"), max_size=3)


@given(st.lists(st.none() | TEXTS, max_size=8), st.lists(TEXTS, max_size=8), st.integers(0, 8))
def test_known_ids_are_those_of_the_first_rows(ids: list[str | None], wanted: list[str], before: int) -> None:
    builder = EntryTableBuilder()
    for number, each in enumerate(ids):
        builder.append(Entry(hash=Hash("md5", bytes([number] * 16)), id=each, source="own"))
    found = builder.build().known_ids(wanted, before=before)
    assert found == {text for text in wanted if text and text in ids[:before]}, json.dumps([ids, wanted])
