"""Entries of a list of one's own that are taken back, and listed again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from functools import partial
from pathlib import Path

import pytest

import safehash
from safehash import Entry, Hash, ListError, ListSource, Matcher, lists, read_list, windows_to_list
from safehash.lists.adding import AddOptions
from safehash.lists.in_turn import in_turn
from stores import write_pictures

NOON = datetime(2026, 11, 28, 12, tzinfo=timezone.utc)
ALL_PARTS = partial(windows_to_list, min_quality=0, mirrored=True, holes=True)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A list of two pictures, picture00000.png and picture00001.png beside it."""
    pictures = write_pictures(tmp_path, 2)
    lists.add(tmp_path / "own.jsonl", pictures, labels=["a"], now=NOON)
    return tmp_path / "own.jsonl"


def live(path: Path) -> set[Hash]:
    return {entry.hash for entry in safehash.merge_lists(read_list(path)) if isinstance(entry.hash, Hash)}


def hash_of(path: Path, number: int) -> Hash:
    return safehash.hash_file(path.parent / f"picture{number:05}.png")


@pytest.mark.parametrize("how", ["hash", "digits", "digest", "path", "text"])
def test_an_entry_is_taken_back(own: Path, how: str) -> None:
    value, picture = hash_of(own, 0), own.parent / "picture00000.png"
    names = {
        "hash": value, "digits": value.hex.upper(), "digest": f"pdq:{value.hex}", "path": picture, "text": str(picture),
    }  # fmt: skip
    copy = own.with_name("copy.jsonl")
    copy.write_bytes(own.read_bytes())
    found = lists.remove(own, [names[how]], now=NOON)  # type: ignore[list-item]
    assert ([entry.hash for entry in found.entries], found.n_live) == ([value], 1)
    assert not found.entries[0].deleted
    assert live(own) == {hash_of(own, 1)}
    assert read_list(own).name == "own"
    named = [replace(entry, source="own") for entry in read_list(copy)]
    assert value not in {entry.hash for entry in safehash.merge_lists(read_list(own), named)}, (
        "older copies learn it"
    )


def test_parts_of_a_picture_go_with_it(own: Path) -> None:
    picture = own.parent / "picture00000.png"
    lists.add(own, [picture], options=AddOptions(parts=partial(windows_to_list, holes=True)))
    assert len(live(own)) > 10
    lists.remove(own, [picture], parts=ALL_PARTS)
    assert live(own) == {hash_of(own, 1)}


def test_what_is_not_there_changes_nothing(own: Path) -> None:
    before = own.read_bytes()
    (own.parent / "words.txt").write_text("words")
    for name in ("b-1", "pdq:" + "0" * 64, own.parent / "none.png", own.parent / "words.txt"):
        with pytest.raises(LookupError, match="live entry"):
            lists.remove(own, [hash_of(own, 0), name])
    assert own.read_bytes() == before
    with pytest.raises(ListError, match="no such file"):
        lists.remove(own.parent / "none.jsonl", ["b-1"])
    with pytest.raises(TypeError, match=r"write \['b-1'\]"):
        lists.remove(own, "b-1")
    lists.remove(own, [hash_of(own, 0)])
    with pytest.raises(LookupError):
        lists.remove(own, [hash_of(own, 0)])


def test_what_may_mean_two_things_is_refused(own: Path) -> None:
    one, other = hash_of(own, 0), hash_of(own, 1)
    md5 = Hash("md5", bytes(16))
    entries = [
        Entry(hash=one, source="own", id=other.hex),
        Entry(hash=other, source="own", id="b-1"),
        Entry(hash=md5, source="own", id="b-1"),
        Entry(hash=md5, source="own", id="b-2"),
        Entry(hash=one, source="theirs", id="b-2"),
    ]
    lists.write_list(own, entries)
    for name, why in (
        (other.hex, "a digest and an id of different entries"),
        ("b-2", "an id in more than one source"),
        (other, "has other hashes, too: name its id"),
    ):
        with pytest.raises(LookupError, match=why):
            lists.remove(own, [name])
    assert lists.remove(own, ["b-1"]).n_live == 3


def test_clocks_do_not_matter(own: Path) -> None:
    """A delete that is dated before its record is none, and so is a record that is dated as its delete."""
    picture = own.parent / "picture00000.png"
    early = datetime(2020, 1, 1, tzinfo=timezone.utc)
    copy = list(read_list(own))
    lists.remove(own, [picture], now=early)
    assert {entry.hash for entry in safehash.merge_lists(copy, read_list(own))} == {hash_of(own, 1)}
    for now in (NOON, early):
        assert len(lists.add(own, [picture], labels=["b"], now=now).entries) == 1
        assert live(own) == {hash_of(own, 0), hash_of(own, 1)}
        lists.remove(own, [picture], now=NOON)
        assert live(own) == {hash_of(own, 1)}
    lists.add(own, [own.parent / "picture00001.png"], labels=["late"], now=early)
    assert [entry.labels for entry in read_list(own) if not entry.deleted] == [("a", "late")]


def test_a_delete_without_a_date_is_final(own: Path) -> None:
    lists.write_list(own, [Entry(hash=hash_of(own, 0), source="own", deleted=True)])
    found = lists.add(own, [own.parent / "picture00000.png"])
    assert (found.entries, [each.reason for each in found.refused]) == (
        (), ["the list says, without a date, that it was taken back: that is final"],
    )  # fmt: skip


@pytest.mark.parametrize("doing", ["adding", "removing"])
def test_a_list_is_changed_under_its_lock(own: Path, doing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    @contextmanager
    def noted(path: str) -> Iterator[None]:
        with in_turn(path):
            told.append("locked")
            yield
            told.append("free")

    def written(path: str, entries: Iterable[Entry], name: str) -> int:
        told.append("written")
        return lists.write_list(path, entries, name=name)

    monkeypatch.setattr(f"safehash.lists.{doing}.in_turn", noted)
    monkeypatch.setattr(f"safehash.lists.{doing}.write_list", written)
    if doing == "adding":
        lists.add(own, [own.parent / "picture00000.png"])
    else:
        lists.remove(ListSource(own), [hash_of(own, 0)])
        assert Matcher.from_files(own).counts() == {"pdq": 1}
    assert told == ["locked", "written", "free"]
