"""A matcher over entries at hand decides as one over the list that they come from."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

import safehash
from list_samples import FIRST
from safehash import ListError, Matcher, Outcome, Policy, Settings


def test_entries_at_hand_decide_as_the_list_they_come_from(bridge: Path, tmp_path: Path) -> None:
    digest = safehash.hash_file(bridge).hex
    path = tmp_path / "own.csv"
    path.write_text(f"pdq,id,labels\n{digest},b-1,viral_challenge\n{FIRST},b-2,news\n")
    settings = Settings(policy=Policy(exclude_labels=["news"]))
    entries = list(safehash.read_list(path))
    read, made = Matcher.from_files(path, settings=settings), Matcher.from_entries(entries, settings=settings)
    for upload in (bridge, b"words"):
        one, other = (matcher.check(upload) for matcher in (read, made))
        assert (one.outcome, one.matches, one.reason) == (other.outcome, other.matches, other.reason)
    assert [(info.name, info.n_entries) for info in made.lists] == [("own", 1)]
    again = Matcher.from_entries(reversed(entries), settings=settings)
    assert again.lists[0].snapshot == made.lists[0].snapshot, "in any order"
    fewer = Matcher.from_entries(entries[:1], settings=settings)
    assert fewer.lists[0].snapshot != made.lists[0].snapshot
    allowed = Matcher.from_entries(entries, allow=[replace(entries[0], source="fine")], settings=settings)
    assert allowed.check(bridge).outcome is Outcome.SUPPRESSED
    made.save(tmp_path / "lists.safehash")
    assert Matcher.open(tmp_path / "lists.safehash").check(bridge).is_match
    assert not made.reload_if_changed()
    with pytest.raises(ListError, match="made of entries"):
        made.reload()
    for nothing in ([], [replace(entries[0], deleted=True)], [entries[1]]):
        with pytest.raises(ListError, match="no entry to match against"):
            Matcher.from_entries(nothing, settings=settings)


def test_only_the_lists_that_are_named_count(bridge: Path) -> None:
    digest = safehash.hash_file(bridge)
    entries = [safehash.Entry(hash=digest, id="1", source=name) for name in ("own", "partner")]
    matcher = Matcher.from_entries(entries)
    for lists in (["own"], ["partner"], ["own", "partner"]):
        (stored,) = matcher.check_hashes([digest], lists=lists)
        for decision in (matcher.check(bridge, lists=lists), stored):
            assert sorted(match.entry.source for match in decision.matches) == lists
            assert [info.name for info in decision.audit.lists] == lists
    for wrong in (["nobody"], [], ["own", "nobody"]):
        with pytest.raises(ValueError, match="lists are some of own, partner"):
            matcher.check(bridge, lists=wrong)
    with pytest.raises(TypeError, match=r"write \['own'\]"):
        matcher.check(bridge, lists="own")


def test_hashes_may_be_looked_up_as_they_are_alone(bridge: Path) -> None:
    digest = safehash.hash_file(bridge)
    matcher = Matcher.from_entries([safehash.Entry(hash=digest, id="1", source="own")])
    views = [*digest.orientations(), digest.negative()]
    assert [decision.is_match for decision in matcher.check_hashes(views)] == [True] * 9
    assert [decision.is_match for decision in matcher.check_hashes(views, turned=False)] == [True] + [
        False
    ] * 8


def test_a_later_page_that_is_older_loses(bridge: Path) -> None:
    """Pages of an exchange come in any order: the newest record of an entry counts, whenever it is read."""
    digest = safehash.hash_file(bridge)
    new = safehash.Entry(hash=digest, id="b-1", source="own", updated="2026-02-01T00:00:00Z", labels=("new",))
    old = replace(new, updated="2026-01-01T00:00:00Z", labels=("old",))
    gone = replace(old, deleted=True)
    for entries in ([new, old], [old, new], [new, gone, old]):
        assert Matcher.from_entries(entries).check(bridge).standing[0].entry.labels == ("new",)
    with pytest.raises(ListError):
        Matcher.from_entries([old, replace(new, deleted=True)])


def test_an_empty_page_among_others_is_no_error(bridge: Path, tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    record = {
        "indicator": safehash.hash_file(bridge).hex,
        "type": "HASH_PDQ",
        "id": "1",
        "should_delete": False,
        "descriptors": {"data": [{"id": "9", "owner": {"id": "5"}, "status": "MALICIOUS"}]},
    }
    (pages / "1.json").write_text(json.dumps({"data": [record]}))
    (pages / "2.json").write_text('{"data": []}')
    assert len(safehash.load_list(pages)) == 1
