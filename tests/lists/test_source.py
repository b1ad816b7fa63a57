"""What names a list: a path, NAME=PATH, or a ListSource; two lists of one name are refused."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from list_samples import BRIDGE, FIRST
from safehash import ListError, ListSource, Matcher, load_list, merge_lists, read_list
from safehash.evaluation.own_list import OwnList
from safehash.hashing.hashes import Algorithm
from safehash.lists import AddOptions, add


@pytest.mark.parametrize(
    ("text", "path", "name"),
    [
        ("list.csv", "list.csv", "list"),
        ("partner=list.csv", "list.csv", "partner"),
        ("partner=a=b.csv", "a=b.csv", "partner"),
        ("./a=b.csv", "./a=b.csv", "a=b"),
        ("/lists/a=b.csv", "/lists/a=b.csv", "a=b"),
        ("=list.csv", "=list.csv", "=list"),
        ("partner=", "partner=", "partner="),
        ("lists/pages.json.gz", "lists/pages.json.gz", "pages"),
        ("lists/2026.10.csv.xz", "lists/2026.10.csv.xz", "2026.10"),
        ("lists/pages/", "lists/pages/", "pages"),
    ],
)
def test_command_lines_name_lists(text: str, path: str, name: str) -> None:
    source = ListSource.parse(text)
    assert (source.path, source.list_name) == (path, name)


def test_a_source_is_a_value() -> None:
    source = ListSource(
        Path("a.csv"), name="A", algorithm="sha256", columns={"hash": "File SHA256"}, ignore="state"
    )
    assert source.path == "a.csv"
    assert source.algorithm is Algorithm.SHA256
    assert source.columns == {"hash": ("File SHA256",)}
    assert source.ignore == ("state",)
    assert pickle.loads(pickle.dumps(source)) == source
    assert len({source, ListSource.of(source)}) == 1
    renamed = ListSource.of(source, name="B", algorithm=None)
    assert (renamed.name, renamed.algorithm) == ("B", Algorithm.SHA256)
    with pytest.raises(AttributeError):
        source.name = "C"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"max_rejects": 1.5}, "max_rejects is a share from 0 to 1, not 1.5"),
        ({"max_shrink": -1}, "max_shrink is a share from 0 to 1, not -1"),
        ({"name": " "}, "the name of a list is empty"),
        ({"name": "a\nb"}, "characters that can be shown"),
        ({"algorithm": "dhash"}, "dhash"),
    ],
)
def test_nonsense_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ListSource("a.csv", **options)


def test_a_source_is_taken_wherever_a_path_is(tmp_path: Path) -> None:
    path = tmp_path / "list.txt"
    path.write_text(f"{FIRST}\n{BRIDGE}\n")
    source = ListSource(path, name="own")
    assert {entry.source for entry in read_list(source)} == {"own"}
    assert load_list(source).name == "own"
    assert OwnList.read(source).result.name == "own"
    matcher = Matcher.from_files(source, allow=[source])
    assert [each.name for each in matcher.lists] == ["own", "own"]
    assert load_list(ListSource(path, algorithm="sha256")).table.counts() == {"sha256": 2}


def test_two_lists_of_one_name_are_refused(tmp_path: Path) -> None:
    paths = [tmp_path / folder / "list.txt" for folder in ("a", "b")]
    for path in paths:
        path.parent.mkdir()
        path.write_text(f"{FIRST}\n")
    with pytest.raises(ListError, match=r"two lists are called 'list' .*NAME=PATH or ListSource"):
        Matcher.from_files(*paths)
    assert len(Matcher.from_files(ListSource(paths[0], name="a"), ListSource(paths[1], name="b"))) == 2


def test_names_that_look_alike_are_one_name(tmp_path: Path) -> None:
    """One system writes an accent as a letter of its own, another as part of its letter."""
    paths = [tmp_path / f"caf{accented}.txt" for accented in ("\u00e9", "e\u0301")]
    for path in paths:
        path.write_text(f"{FIRST}\n")
    with pytest.raises(ListError, match="two lists are called"):
        Matcher.from_files(*paths)


def test_a_list_that_is_added_to_is_named_as_any_other(tmp_path: Path, bridge: Path) -> None:
    path = tmp_path / "own.jsonl"
    added = add(ListSource(path, name="ours"), [bridge])
    assert [entry.source for entry in added.entries] == ["ours"]
    assert [entry.source for entry in add(path, [bridge], labels=["again"]).entries] == ["ours"]
    assert [(e.source, e.labels) for e in merge_lists(read_list(path))] == [("ours", ("again",))]
    add(tmp_path / "plain.jsonl", [bridge])
    assert {entry.source for entry in read_list(tmp_path / "plain.jsonl")} == {"plain"}


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"format": "text"}, "format"),
        ({"algorithm": "pdq"}, "algorithm"),
        ({"columns": {"hash": "a"}, "ignore": "b"}, "columns nor ignore"),
        ({"notation": "base64"}, "notation"),
    ],
)
def test_of_a_list_that_is_added_to_nothing_is_told_that_it_says_itself(
    options: dict[str, Any], told: str, tmp_path: Path, bridge: Path
) -> None:
    """As what is read otherwise, it would be written over with what was made of it."""
    with pytest.raises(ValueError, match=f"safehash JSON Lines, which needs no {told}$"):
        add(ListSource(tmp_path / "own.jsonl", **options), [bridge])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [{"min_quality": 101}, {"min_quality": -1}, {"algorithm": "dhash"}])
def test_what_is_kept_of_a_picture_is_in_range(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"min_quality is 0 to 100|no algorithm 'dhash'"):
        AddOptions(**options)
