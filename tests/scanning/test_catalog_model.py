"""What a catalog keeps: by list, digest, effort and run; files by where they are; nothing lost, nothing twice."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import safehash
from safehash.errors import CatalogError
from safehash.matching.matcher import Matcher
from safehash.matching.settings import Settings
from safehash.scanning import incoming
from safehash.scanning.catalog import Catalog
from safehash.scanning.changes import changes
from safehash.scanning.holdings import counts, records
from safehash.scanning.lookback import rematch, stored_digests, unstored
from safehash.scanning.options import ScanOptions
from safehash.scanning.records import Summary
from safehash.scanning.run import scan
from safehash.scanning.schema import TABLES, VERSION
from safehash.scanning.scopes import Scope
from stores import write_list, write_picture, write_pictures


def scan_into(path: Path, folder: Path | Sequence[str | Path], matcher: Matcher, **more: Any) -> Summary:
    options = ScanOptions(**{"workers": 0, "file_digests": ["sha256"], **more})
    with Catalog(path) as catalog, scan(folder, matcher=matcher, options=options, catalog=catalog) as running:
        for _ in running:
            pass
        return running.summary


def matches_in(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Return every match by the name of its file and its entry."""
    with Catalog(path, create=False) as catalog:
        return {
            (Path(record["path"]).name, match["id"]): match
            for record in records(catalog)
            for match in record["matches"]
        }


def names_in(path: Path) -> list[str]:
    with Catalog(path, create=False) as catalog:
        return sorted(record["path"] for record in records(catalog))


# -- what changed between runs ----------------------------------------------------------------------------------


def test_what_changed_between_two_runs(store: Path, tmp_path: Path) -> None:
    """Found, taken back and found again is nothing; what an entry that left took along is said, and what is new."""
    shutil.copytree(store, tmp_path / "here")
    here, path = tmp_path / "here", tmp_path / "c.db"
    scan_into(path, here / "pictures", matcher_of(here, "a"))  # 1
    listed = (here / "a.csv").read_text()
    lines = listed.splitlines()
    (here / "a.csv").write_text("\n".join(lines[:2]) + "\n")  # without picture 1
    write_picture(here / "pictures" / "later.png", 40)
    (here / "pictures" / "picture00003.png").unlink()
    scan_into(path, here / "pictures", matcher_of(here, "a"))  # 2
    (here / "a.csv").write_text(listed)
    write_picture(here / "pictures" / "picture00000.png", 41)  # other bytes under that name
    scan_into(path, here / "pictures", matcher_of(here, "a"))  # 3

    def said(after: int, to: int) -> list[tuple[str, str]]:
        with Catalog(path) as catalog:
            return sorted((each.kind, Path(each.path).name) for each in changes(catalog, after=after, to=to))

    assert said(1, 2) == [("gone", "picture00003.png"), ("lost", "picture00001.png"), ("new", "later.png")]
    assert said(2, 3) == [
        ("changed", "picture00000.png"), ("found", "picture00001.png"), ("lost", "picture00000.png"),
    ]  # fmt: skip
    assert said(1, 3) == [
        ("changed", "picture00000.png"), ("gone", "picture00003.png"), ("lost", "picture00000.png"),
        ("new", "later.png"),
    ]  # fmt: skip
    with Catalog(path) as catalog, pytest.raises(CatalogError, match="no run 7; the last is 3"):
        changes(catalog, after=1, to=7)


# -- lists, efforts, runs -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder: four pictures, a crop of the first that only a thorough look finds, one that is broken."""
    here = tmp_path_factory.mktemp("model")
    pictures = write_pictures(here / "pictures", 4)
    with Image.open(pictures[0]) as whole:
        big = whole.resize((480, 400), Image.Resampling.BICUBIC)
        big.crop((24, 20, 456, 380)).save(here / "pictures" / "crop.png")
    (here / "pictures" / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    write_list(here / "a.csv", pictures[0], pictures[1])
    write_list(here / "b.csv", pictures[1], pictures[2], label="viral_challenge")
    return here


def matcher_of(store: Path, *names: str, effort: str = "standard", **more: Any) -> Matcher:
    lists = [store / f"{name}.csv" for name in names]
    return Matcher.from_files(*lists, settings=Settings(effort=effort, **more))  # type: ignore[arg-type]


def state_of(path: Path) -> Any:
    """Return everything a catalog holds but times and the numbers of runs."""
    with Catalog(path, create=False) as catalog:
        store = catalog._store
        numbers = dict(store.query("SELECT id, path FROM files"))
        entries = {
            match: (numbers[file], *rest)
            for match, file, *rest in store.query("SELECT id, file, list, entry FROM matches")
        }
        seen = store.query(
            "SELECT match, effort, snapshot, distance, view, suppressed_by, stale, evidence FROM sightings"
        )
        looks = store.query(
            "SELECT file, lists, effort, outcome, coalesce(refused, '') FROM looks JOIN scopes ON scopes.id = scope"
        )
        shown = ("outcome", "matches", "hash", "quality")
        return (
            sorted((entries[match], *map(str, rest)) for match, *rest in seen),
            sorted((numbers[file], *rest) for file, *rest in looks),
            [
                [{**each, "runs": None} if isinstance(each, dict) else each for each in json.loads(text)]
                for text in (
                    json.dumps(
                        [record.get(name) if name != "matches" else _without_runs(record) for name in shown]
                    )
                    for record in records(catalog)
                )
            ],
        )


def _without_runs(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [{name: value for name, value in match.items() if name != "runs"} for match in record["matches"]]


SCANS = [("a", "standard"), ("a", "thorough"), ("b", "standard"), ("b", "thorough")]


def test_the_order_of_scans_does_not_matter(store: Path, tmp_path: Path) -> None:
    """Two lists, two efforts, in all 24 orders, and together: the catalog says the same."""
    matchers = {each: matcher_of(store, each[0], effort=each[1]) for each in SCANS}
    states = {}
    for number, order in enumerate(itertools.permutations(SCANS)):
        path = tmp_path / f"{number}.db"
        for each in order:
            scan_into(path, store / "pictures", matchers[each])
        states[order] = state_of(path)
    wanted = states[tuple(SCANS)]
    assert all(state == wanted for state in states.values())
    found = matches_in(path)
    assert set(found) == {
        ("picture00000.png", "entry-picture00000"), ("picture00001.png", "entry-picture00001"),
        ("picture00002.png", "entry-picture00002"), ("crop.png", "entry-picture00000"),
    }  # fmt: skip
    assert found["crop.png", "entry-picture00000"]["effort"] == "thorough"
    with Catalog(path) as catalog:
        both = [match["list"] for record in records(catalog) for match in record["matches"]]
        assert sorted(both) == ["a", "a", "a", "b", "b"]


def test_a_list_scanned_alone_or_among_others_is_the_same(store: Path, tmp_path: Path) -> None:
    """A, then A and B, or the other way round: what the second could not find itself stays."""
    one, two = tmp_path / "1.db", tmp_path / "2.db"
    alone, both = matcher_of(store, "a"), matcher_of(store, "a", "b")
    for path, order in ((one, (alone, both)), (two, (both, alone))):
        for matcher in order:
            scan_into(path, store / "pictures", matcher)
    assert state_of(one)[0] == state_of(two)[0]
    assert state_of(one)[2] == state_of(two)[2]
    assert scan_into(one, store / "pictures", matcher_of(store, "b")).n_unchanged == 6, (
        "b was looked up already"
    )


def test_what_a_scan_is_told_of_unchanged_files_is_of_its_own_lists(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    scan_into(path, store / "pictures", matcher_of(store, "a", "b"))
    summary = scan_into(path, store / "pictures", matcher_of(store, "b"))
    assert summary.n_unchanged == summary.n_files == 6
    assert summary.lists == {"b": 2}
    assert summary.labels == {"viral_challenge": 2}
    assert summary.outcomes["match"] == 2


def test_union_of_two_scans_answers_for_both(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    for name in ("a", "b"):
        scan_into(path, store / "pictures", matcher_of(store, name))
    assert scan_into(path, store / "pictures", matcher_of(store, "a", "b")).n_unchanged == 6


def test_other_settings_are_looked_up_again_and_lose_nothing(store: Path, tmp_path: Path) -> None:
    """A narrower threshold does not find what a wider one found, and says so instead of erasing it."""
    path = tmp_path / "c.db"
    near = safehash.hash_file(store / "pictures" / "picture00003.png")
    flipped = bytes([near.digest[0] ^ 0xFF, near.digest[1] ^ 0x3F, *near.digest[2:]])
    (tmp_path / "near.csv").write_text(f"pdq,id\n{flipped.hex()},far\n")
    wide = Matcher.from_files(tmp_path / "near.csv")
    narrow = Matcher.from_files(
        tmp_path / "near.csv", settings=Settings(policy=safehash.Policy(max_distance={"pdq": 8}))
    )
    assert scan_into(path, store / "pictures", wide).outcomes["match"] == 1
    summary = scan_into(path, store / "pictures", narrow)
    assert summary.n_unchanged == 0
    assert summary.outcomes["match"] == 0, "it says what it found itself"
    assert matches_in(path)["picture00003.png", "far"]["distance"] == 14
    assert scan_into(path, store / "pictures", wide).n_unchanged == 0


def test_an_entry_that_left_its_list_is_dropped_everywhere(store: Path, tmp_path: Path) -> None:
    """Also for files that the next scan does not come to: nobody is accused by a withdrawn entry."""
    path, listed = tmp_path / "c.db", tmp_path / "own.csv"
    pictures = store / "pictures"
    write_list(listed, pictures / "picture00000.png", pictures / "picture00001.png")
    scan_into(path, pictures, Matcher.from_files(listed, settings=Settings(effort="thorough")))
    assert len(matches_in(path)) == 3
    write_list(listed, pictures / "picture00001.png")
    elsewhere = tmp_path / "elsewhere"
    write_pictures(elsewhere, 1, first_seed=70)
    scan_into(path, elsewhere, Matcher.from_files(listed))
    found = matches_in(path)
    assert set(found) == {("picture00001.png", "entry-picture00001")}
    with Catalog(path) as catalog:
        outcomes = {Path(record["path"]).name: record["outcome"] for record in records(catalog)}
        kinds = [kind for (kind,) in catalog._store.query("SELECT kind FROM changes WHERE run = 2")]
    assert outcomes["crop.png"] == outcomes["picture00000.png"] == "no_match"
    assert kinds == ["left", "left"]


def test_what_a_lesser_look_could_not_see_again_is_stale(store: Path, tmp_path: Path) -> None:
    path, listed = tmp_path / "c.db", tmp_path / "own.csv"
    pictures = store / "pictures"
    write_list(listed, pictures / "picture00000.png")
    thorough = Settings(effort="thorough")
    scan_into(path, pictures, Matcher.from_files(listed, settings=thorough))
    write_list(listed, pictures / "picture00000.png", pictures / "picture00003.png")
    scan_into(path, pictures, Matcher.from_files(listed))
    found = matches_in(path)
    assert found["crop.png", "entry-picture00000"]["stale"] is True
    assert "stale" not in found["picture00000.png", "entry-picture00000"]
    assert found["picture00000.png", "entry-picture00000"]["effort"] == "thorough", (
        "nearness is of the best look"
    )
    with Catalog(path) as catalog:
        assert counts(catalog)["stale"] == {"own": 1}
        assert counts(catalog)["outcomes"]["match"] == 3
        assert {(row["effort"], row["files"]) for row in counts(catalog)["decided_for"]} == {
            ("standard", 6), ("thorough", 6),
        }  # fmt: skip
    scan_into(path, pictures, Matcher.from_files(listed, settings=thorough))
    assert "stale" not in matches_in(path)["crop.png", "entry-picture00000"]
    with Catalog(path) as catalog:
        assert counts(catalog)["stale"] == {}


def test_a_rematch_does_not_erase_what_a_crop_showed(store: Path, tmp_path: Path) -> None:
    path, listed = tmp_path / "c.db", tmp_path / "own.csv"
    pictures = store / "pictures"
    write_list(listed, pictures / "picture00000.png")
    scan_into(path, pictures, Matcher.from_files(listed, settings=Settings(effort="thorough")))
    same = Matcher.from_files(listed)
    with Catalog(path) as catalog:
        assert len(list(rematch(catalog, same))) == 1
    found = matches_in(path)
    assert set(found) == {("picture00000.png", "entry-picture00000"), ("crop.png", "entry-picture00000")}
    assert not any("stale" in match for match in found.values()), "the list is the same"
    assert found["picture00000.png", "entry-picture00000"]["runs"] == [1, 2]
    write_list(listed, pictures / "picture00000.png", pictures / "picture00002.png")
    with Catalog(path) as catalog:
        assert len(list(rematch(catalog, Matcher.from_files(listed)))) == 2
    found = matches_in(path)
    assert found["crop.png", "entry-picture00000"]["stale"] is True
    assert "stale" not in found["picture00000.png", "entry-picture00000"]
    assert found["picture00002.png", "entry-picture00002"]["effort"] == "hashes"


def test_one_that_asks_for_other_entries_drops_none(store: Path, tmp_path: Path) -> None:
    """An entry that a policy leaves out has not left its list."""
    path, listed = tmp_path / "c.db", tmp_path / "own.csv"
    pictures = store / "pictures"
    write_list(listed, pictures / "picture00000.png")
    scan_into(path, pictures, Matcher.from_files(listed))
    lines = listed.read_text().splitlines()
    other = safehash.hash_file(pictures / "picture00003.png").hex
    listed.write_text("\n".join([*lines, f"{other},other,viral_challenge"]) + "\n")
    choosy = Settings(policy=safehash.Policy(include_labels=["viral_challenge"]))
    with Catalog(path) as catalog:
        found = list(rematch(catalog, Matcher.from_files(listed, settings=choosy)))
    assert [record.decision.matches[0].entry.id for record in found] == ["other"]
    assert matches_in(path)["picture00000.png", "entry-picture00000"]["stale"] is True


def test_matches_say_where_they_come_from(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    for effort in ("standard", "thorough"):
        scan_into(path, store / "pictures", matcher_of(store, "a", effort=effort))
    with Catalog(path) as catalog:
        (record,) = [
            each for each in records(catalog, full_hashes=True) if each["path"].endswith("00000.png")
        ]
        snapshot = counts(catalog)["runs"][0]["lists"]["a"]
    (match,) = record["matches"]
    assert (match["effort"], match["runs"]) == ("thorough", [1, 2])
    assert match["snapshot"].startswith(snapshot) and len(match["snapshot"]) == 64
    assert [(look["run"], look["effort"]) for look in record["looks"]] == [(2, "thorough")]


# -- files --------------------------------------------------------------------------------------------------


def test_spellings_of_a_folder_are_one(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, matcher = tmp_path / "c.db", matcher_of(store, "a")
    (tmp_path / "link").symlink_to(store / "pictures")
    monkeypatch.chdir(store)
    pictures = store / "pictures"
    for spelling in ("pictures", "./pictures/", pictures, f"../{store.name}/pictures", tmp_path / "link",
                     pictures / "picture00001.png", "pictures/*.png", "."):  # fmt: skip
        scan_into(path, [spelling], matcher)
    assert names_in(path) == sorted(str(each) for each in (store / "pictures").iterdir())
    with Catalog(path) as catalog:
        assert list(counts(catalog)["roots"]) == [str(store)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
@given(order=st.permutations(["", "x", "x/y", "x/y/z", "w"]))
def test_roots_never_lie_in_each_other(
    store: Path, tmp_path_factory: pytest.TempPathFactory, order: list[str]
) -> None:
    here = tmp_path_factory.mktemp("roots")
    odd = os.fsdecode(b"caf\xe9.png") if os.name == "posix" else "cafe.png"
    for number, folder in enumerate(["x", "x/y/z", "w", "x/yy"]):
        (here / "s" / folder).mkdir(parents=True, exist_ok=True)
        write_picture(here / "s" / folder / odd, number)
    matcher = matcher_of(store, "a")
    for folder in order:
        scan_into(here / "c.db", here / "s" / folder, matcher)
    assert names_in(here / "c.db") == sorted(str(each) for each in (here / "s").rglob("*.png"))
    with Catalog(here / "c.db") as catalog:
        catalog.check_integrity()
        assert list(counts(catalog)["roots"]) == [str(here / "s")]


def test_two_machines_are_not_one(store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in (1, 2):
        (tmp_path / f"machine{number}" / "photos").mkdir(parents=True)
        write_picture(tmp_path / f"machine{number}" / "photos" / "1.jpg", number)
        monkeypatch.chdir(tmp_path / f"machine{number}")
        scan_into(tmp_path / "c.db", Path("photos"), matcher_of(store, "a"))
    assert len(names_in(tmp_path / "c.db")) == 2


def test_files_that_are_gone_are_marked_and_come_back(store: Path, tmp_path: Path) -> None:
    path, folder, matcher = tmp_path / "c.db", tmp_path / "pictures", matcher_of(store, "a")
    pictures = write_pictures(folder, 3)
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for picture in pictures[:2]:
            archive.write(picture, picture.name)
    assert scan_into(path, folder, matcher).n_gone == 0
    pictures[0].rename(tmp_path / "away.png")
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.write(pictures[1], pictures[1].name)
    summary = scan_into(path, folder, matcher)
    assert summary.n_gone == 2
    with Catalog(path) as catalog:
        gone = [(Path(each["path"]).name, each.get("member")) for each in records(catalog) if "gone" in each]
        assert counts(catalog)["gone"] == 2
        assert counts(catalog)["files"] == 3
    assert gone == [("a.zip", pictures[1].name), (pictures[0].name, None)]
    assert scan_into(path, folder, matcher).n_gone == 0, "said once"
    (tmp_path / "away.png").rename(pictures[0])
    assert scan_into(path, folder, matcher).n_unchanged == 4
    with Catalog(path) as catalog:
        assert counts(catalog)["gone"] == 1
        kinds = [kind for (kind,) in catalog._store.query("SELECT kind FROM changes ORDER BY id")]
    assert kinds.count("gone") == 2 and kinds[-1] == "back"


def test_what_was_not_looked_at_is_not_gone(store: Path, tmp_path: Path) -> None:
    """Left aside by an option, out of reach, beyond an interruption: none of that says a file is gone."""
    path, folder, matcher = tmp_path / "c.db", tmp_path / "pictures", matcher_of(store, "a")
    pictures = write_pictures(folder / "below", 3)
    write_picture(folder / ".hidden.png", 9)
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        archive.write(pictures[0], "one.png")
    scan_into(path, folder, matcher)
    scan_into(path, folder / "below", matcher)
    scan_into(path, folder, matcher, skip_hidden=True, archives=False)
    with Catalog(path) as catalog, scan(
        folder, matcher=matcher, options=ScanOptions(workers=0), catalog=catalog
    ) as running:  # fmt: skip
        running.stop()
        assert list(running) == []
    with Catalog(path) as catalog:
        assert counts(catalog)["gone"] == 0


def test_a_file_that_cannot_be_read_keeps_what_is_known(store: Path, tmp_path: Path) -> None:
    path, folder, matcher = tmp_path / "c.db", tmp_path / "pictures", matcher_of(store, "a")
    write_pictures(folder, 2)
    scan_into(path, folder, matcher)

    def refuse(name: str) -> None:
        raise PermissionError(13, "Permission denied", name)

    with Catalog(path) as catalog:
        options = ScanOptions(workers=0)
        other = matcher_of(store, "a", "b")
        found = list(scan(folder, matcher=other, options=options, catalog=catalog, _before=refuse))
    assert {record.decision.outcome.value for record in found} == {"unreadable"}
    with Catalog(path) as catalog:
        known = {Path(record["path"]).name: record for record in records(catalog)}
    assert known["picture00000.png"]["outcome"] == "match"
    assert known["picture00000.png"]["hash"] and known["picture00001.png"]["hash"]
    assert known["picture00001.png"]["outcome"] == "match", "on a"
    assert scan_into(path, folder, other).n_unchanged == 0


def test_other_bytes_under_a_name_are_another_picture(store: Path, tmp_path: Path) -> None:
    path, folder, matcher = tmp_path / "c.db", tmp_path / "pictures", matcher_of(store, "a")
    pictures = write_pictures(folder, 2)
    scan_into(path, folder, matcher)
    os.utime(pictures[0], ns=(1, 1))  # touched
    write_picture(pictures[1], 77)
    summary = scan_into(path, folder, matcher)
    assert (summary.n_unchanged, summary.outcomes) == (0, {"match": 1, "no_match": 1})
    with Catalog(path) as catalog:
        noted = list(catalog._store.query("SELECT kind, entry FROM changes WHERE run = 2"))
    assert noted == [("lost", "entry-picture00001"), ("changed", None)], (
        "what the other bytes matched is said"
    )
    assert set(matches_in(path)) == {("picture00000.png", "entry-picture00000")}


def records_told(path: Path, folder: Path, matcher: Matcher) -> dict[str, dict[str, Any]]:
    """Scan, and return the record of each file, decided now or known."""
    with (
        Catalog(path) as catalog,
        scan(
            folder, matcher=matcher, options=ScanOptions(workers=0, unchanged=True), catalog=catalog
        ) as running,
    ):
        return {
            Path(event.path).name: event.to_record()
            for event in running.events()
            if not isinstance(event, (safehash.Skipped, safehash.Problem))
        }


def outcomes_told(path: Path, folder: Path, matcher: Matcher) -> dict[str, str]:
    return {name: record["outcome"] for name, record in records_told(path, folder, matcher).items()}


def test_a_scan_that_finds_all_unchanged_says_what_it_said_before(store: Path, tmp_path: Path) -> None:
    """Wider thresholds found more, once; that is kept, and is not what these settings find."""
    path, name = tmp_path / "c.db", "picture00000.png"
    own = safehash.hash_file(store / "pictures" / name)
    near = bytes([own.digest[0] ^ 0xFF, own.digest[1] ^ 0xFF, own.digest[2] ^ 0xFF, *own.digest[3:]])
    (tmp_path / "near.csv").write_text(f"pdq,id\n{near.hex()},far\n")

    def within(bits: int) -> Matcher:
        return matcher_of(tmp_path, "near", policy=safehash.Policy(max_distance={"pdq": bits}))

    told = [outcomes_told(path, store / "pictures", within(bits))[name] for bits in (31, 20, 20, 31, 31)]
    assert told == ["match", "no_match", "no_match", "match", "match"]
    outcomes_told(path, store / "pictures", within(20))
    assert matches_in(path).keys() == {(name, "far")}, "kept all the same"


@pytest.mark.parametrize("allowed", [True, False])
def test_a_rematch_with_another_allow_list_does_not_speak_for_a_scan(
    store: Path, tmp_path: Path, allowed: bool
) -> None:
    path, name = tmp_path / "c.db", "picture00000.png"
    lists = {
        each: Matcher.from_files(
            store / "a.csv", allow=[shutil.copy(store / "a.csv", tmp_path / "ok.csv")] if each else []
        )
        for each in (True, False)
    }
    said = outcomes_told(path, store / "pictures", lists[allowed])
    assert said[name] == ("suppressed" if allowed else "match")
    with Catalog(path) as catalog:
        list(rematch(catalog, lists[not allowed]))
    assert outcomes_told(path, store / "pictures", lists[allowed]) == said
    assert scan_into(path, store / "pictures", lists[allowed], file_digests=None).n_unchanged == len(said)


def test_a_scan_that_asks_for_fewer_entries_takes_no_match_back(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    lines = (store / "a.csv").read_text().splitlines()
    (tmp_path / "a.csv").write_text(
        "\n".join([*lines[:2], lines[2].replace("graphic_self_harm", "news")]) + "\n"
    )
    found = [("picture00000.png", "entry-picture00000"), ("picture00001.png", "entry-picture00001")]
    for exclude in ([], ["news"], ["news"]):
        asked = matcher_of(tmp_path, "a", policy=safehash.Policy(exclude_labels=exclude))
        told = outcomes_told(path, store / "pictures", asked)
        assert told["picture00001.png"] == ("no_match" if exclude else "match")
        assert sorted(matches_in(path)) == found
    own = safehash.ListPolicy(
        max_distance={"pdq": 30}
    )  # as it was but for a threshold: all entries are asked for
    scope, other = (
        Scope.of(matcher.audit, matcher.settings).selection
        for matcher in (
            matcher_of(tmp_path, "a"),
            matcher_of(tmp_path, "a", policy=safehash.Policy(per_list={"a": own})),
        )
    )
    assert scope == other


def test_two_kinds_of_hashes_of_a_picture_leave_it_its_quality(store: Path, tmp_path: Path) -> None:
    """A look by pHash measures none; a re-match with a floor of quality goes by what PDQ's look measured."""
    path, name = tmp_path / "c.db", "picture00000.png"
    value = safehash.hash_file(store / "pictures" / name, algorithm="phash")
    (tmp_path / "ph.csv").write_text(f"hash,algorithm,id\n{value.hex},phash,p\n")
    scan_into(path, store / "pictures", matcher_of(store, "b"))
    scan_into(path, store / "pictures", matcher_of(tmp_path, "ph"))
    with Catalog(path) as catalog:
        (record,) = [each for each in records(catalog) if Path(each["path"]).name == name]
        assert (record["algorithm"], record["quality"]) == ("pdq", 100)
        assert {int(each.qualities[0]) for each in stored_digests(catalog, safehash.Algorithm.PDQ)} == {100}
    told = records_told(path, store / "pictures", matcher_of(tmp_path, "ph"))[name]
    assert told["unchanged"]
    assert (told["algorithm"], told.get("quality")) == ("phash", None), "as its first record said"
    shutil.copytree(store / "pictures", tmp_path / "changing")
    flat = tmp_path / "changing" / name
    scan_into(tmp_path / "d.db", flat.parent, matcher_of(store, "b"))
    flat.write_bytes(b"GIF89a nothing")
    scan_into(tmp_path / "d.db", flat.parent, matcher_of(store, "b"))
    with Catalog(tmp_path / "d.db") as catalog:
        (record,) = [each for each in records(catalog) if Path(each["path"]).name == name]
    assert "quality" not in record and "decode" not in record, "other bytes"


def test_a_scan_with_lists_of_one_kind_of_hashes_has_them_known(store: Path, tmp_path: Path) -> None:
    """Of PDQ and pHash a decision tells PDQ; a re-match says what to scan with to have the other, and that does it."""
    path, name = tmp_path / "c.db", "picture00000.png"
    shutil.copytree(store / "pictures", tmp_path / "pictures")
    Image.new("L", (96, 80), 7).save(tmp_path / "pictures" / "flat.png")
    for each in (0, 1):
        value = safehash.hash_file(store / "pictures" / f"picture0000{each}.png", algorithm="phash")
        (tmp_path / f"ph{each}.csv").write_text(f"hash,algorithm,id\n{value.hex},phash,p\n")
    shutil.copy(store / "b.csv", tmp_path)
    scan_into(path, tmp_path / "pictures", matcher_of(tmp_path, "b", "ph1"), file_digests=None)

    def found() -> list[str]:
        with Catalog(path) as catalog:
            return [Path(each.path).name for each in rematch(catalog, matcher_of(tmp_path, "ph0"))]

    assert found() == []
    with Catalog(path) as catalog:
        (said,) = unstored(catalog, ["phash"])
    assert "scan with lists of such hashes alone" in said
    scan_into(path, tmp_path / "pictures", matcher_of(tmp_path, "ph1"), file_digests=None)
    assert name in found()
    again = scan_into(path, tmp_path / "pictures", matcher_of(tmp_path, "ph1"), file_digests=None)
    assert again.n_unchanged == again.n_files == 7, "the flat and the broken one have none, however often"


def test_what_has_digests_of_its_bytes_alone_is_missing_from_no_look_up_by_pictures(
    store: Path, tmp_path: Path
) -> None:
    """Whatever was scanned with: of what could not be decided nothing else can be looked up."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for name in ("picture00000.png", "picture00001.png"):
        shutil.copy(store / "pictures" / name, pictures)
    (pictures / "broken.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing")
    scan_into(tmp_path / "c.db", pictures, matcher_of(store, "b"), file_digests=["md5"])
    with Catalog(tmp_path / "c.db") as catalog:
        told = {name: unstored(catalog, [name]) for name in ("pdq", "phash", "md5", "sha1")}
    assert told["pdq"] == told["md5"] == []
    assert told["phash"][0].startswith("phash: looked up in 0 of 2 files alone")
    assert told["sha1"][0].startswith("sha1: looked up in 0 of 3 files alone")


def lists_of(path: Path, name: str) -> set[str]:
    """Return the lists that a file matches."""
    with Catalog(path) as catalog:
        found = [each["matches"] for each in records(catalog) if Path(each["path"]).name == name]
    return {match["list"] for matches in found for match in matches}


@pytest.mark.parametrize("becomes", ["the same", "another"])
def test_what_was_found_stays_where_a_new_look_learnt_nothing_of_the_bytes(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, becomes: str
) -> None:
    """A worker that ends, a time that is over: whether these are the bytes of then, the next scan says."""
    path, name = tmp_path / "c.db", "picture00001.png"
    shutil.copytree(store / "pictures", tmp_path / "pictures")
    for each in ("a", "b"):
        scan_into(path, tmp_path / "pictures", matcher_of(store, each), file_digests=None)
    if becomes == "another":
        shutil.copy(store / "pictures" / "picture00003.png", tmp_path / "pictures" / name)
    os.utime(tmp_path / "pictures" / name, ns=(1, 1))

    def fail(*arguments: Any, **more: Any) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(Matcher, "check", fail)
        summary = scan_into(path, tmp_path / "pictures", matcher_of(store, "a"), file_digests=None)
        assert summary.n_files - summary.n_unchanged == 1
    assert lists_of(path, name) == {"a", "b"}
    summary = scan_into(path, tmp_path / "pictures", matcher_of(store, "a"), file_digests=None)
    assert summary.n_files - summary.n_unchanged == 1, "though nobody asked for what failed"
    assert lists_of(path, name) == ({"a", "b"} if becomes == "the same" else set())


def test_the_bytes_of_an_archive_count_once(store: Path, tmp_path: Path) -> None:
    (tmp_path / "here").mkdir()
    archive, beside = tmp_path / "here" / "a.zip", tmp_path / "here" / "beside.png"
    with zipfile.ZipFile(archive, "w") as file:
        for number in (0, 1):
            file.write(store / "pictures" / f"picture0000{number}.png", f"{number}.png")
    shutil.copy(store / "pictures" / "picture00002.png", beside)
    scan_into(tmp_path / "c.db", tmp_path / "here", matcher_of(store, "a"))
    with Catalog(tmp_path / "c.db") as catalog:
        assert counts(catalog)["bytes"] == archive.stat().st_size + beside.stat().st_size


@pytest.mark.parametrize("by", ["rematch", "scan of another folder"])
def test_an_entry_that_left_its_list_and_comes_back_is_found_again(
    store: Path, tmp_path: Path, by: str
) -> None:
    """The list is what it was, bit by bit, and so are files and settings: yet what was known of them is not."""
    path, listed = tmp_path / "c.db", tmp_path / "a.csv"
    before = (store / "a.csv").read_text()
    listed.write_text(before)
    thorough = {"effort": "thorough"}
    scan_into(path, store / "pictures", matcher_of(tmp_path, "a", **thorough), file_digests=None)
    known = matches_in(path).keys()
    assert ("crop.png", "entry-picture00000") in known
    listed.write_text("\n".join(line for line in before.splitlines() if "picture00000" not in line) + "\n")
    if by == "rematch":
        with Catalog(path) as catalog:
            list(rematch(catalog, matcher_of(tmp_path, "a")))
    else:
        write_pictures(tmp_path / "other", 1, first_seed=30)
        scan_into(path, tmp_path / "other", matcher_of(tmp_path, "a"), file_digests=None)
    assert matches_in(path).keys() == {key for key in known if key[1] != "entry-picture00000"}
    listed.write_text(before)
    again = scan_into(path, store / "pictures", matcher_of(tmp_path, "a", **thorough), file_digests=None)
    assert matches_in(path).keys() == known
    assert again.n_files - again.n_unchanged == 2, "those that matched it"


# -- moved stores -------------------------------------------------------------------------------------------


def test_a_store_that_moved_is_relocated(store: Path, tmp_path: Path) -> None:
    path, matcher = tmp_path / "c.db", matcher_of(store, "a")
    write_pictures(tmp_path / "old" / "photos" / "2020", 2)
    write_pictures(tmp_path / "old" / "photos" / "2021", 1, first_seed=5)
    scan_into(path, tmp_path / "old" / "photos", matcher)
    (tmp_path / "old").rename(tmp_path / "new")
    with Catalog(path) as catalog:
        assert catalog.relocate(tmp_path / "old", tmp_path / "new") == (3, 0)
    assert scan_into(path, tmp_path / "new" / "photos", matcher).n_unchanged == 3
    (tmp_path / "new" / "photos" / "2020").rename(tmp_path / "apart")
    with Catalog(path) as catalog:
        assert catalog.relocate(tmp_path / "new" / "photos" / "2020", tmp_path / "apart") == (2, 0)
        catalog.check_integrity()
        assert len(counts(catalog)["roots"]) == 2
    assert scan_into(path, [tmp_path / "apart", tmp_path / "new"], matcher).n_unchanged == 3
    assert len(matches_in(path)) == 2


def test_files_known_at_both_places_become_one(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    write_pictures(tmp_path / "old", 3)
    scan_into(path, tmp_path / "old", matcher_of(store, "b"))
    (tmp_path / "old").rename(tmp_path / "new")
    write_picture(tmp_path / "new" / "picture00002.png", 99)
    scan_into(path, tmp_path / "new", matcher_of(store, "a"))
    with Catalog(path) as catalog:
        assert catalog.relocate(tmp_path / "old", tmp_path / "new") == (3, 3)
        catalog.check_integrity()
        found = {
            (Path(record["path"]).name, match["list"])
            for record in records(catalog)
            for match in record["matches"]
        }
    assert len(names_in(path)) == 3
    assert found == {("picture00000.png", "a"), ("picture00001.png", "a"), ("picture00001.png", "b")}


@pytest.mark.parametrize("first", ["a", "b"])
def test_of_two_places_of_a_file_neither_is_forgotten_though_less_is_known_of_one(
    store: Path, tmp_path: Path, first: str
) -> None:
    """SHA-256 is known where it matched, and the hash alone where it did not."""
    path, second = tmp_path / "c.db", "b" if first == "a" else "a"
    folder, new = tmp_path / "old", tmp_path / "new"
    folder.mkdir()
    for name in ("picture00000.png", "picture00002.png", "crop.png"):
        shutil.copy2(store / "pictures" / name, folder)
    scan_into(path, folder, matcher_of(store, first, effort="thorough"), file_digests=None)
    folder.rename(new)
    scan_into(path, new, matcher_of(store, second), file_digests=None)
    scan_into(path, new, matcher_of(store, first), file_digests=None)
    before = {key for key in matches_in(path) if key[0] != "crop.png"}
    assert len(before) == 2
    with Catalog(path) as catalog:
        assert catalog.relocate(folder, new) == (3, 3)
        catalog.check_integrity()
    found = matches_in(path)
    assert found.keys() >= before
    assert (("crop.png", "entry-picture00000") in found) == (first == "a"), "what a more thorough look found"
    if first == "a":
        assert found["picture00000.png", "entry-picture00000"]["effort"] == "thorough"
        assert found["picture00000.png", "entry-picture00000"]["runs"] == [1, 3]


def test_what_cannot_be_relocated_is_said(store: Path, tmp_path: Path) -> None:
    path = tmp_path / "c.db"
    write_pictures(tmp_path / "old", 1)
    scan_into(path, tmp_path / "old", matcher_of(store, "a"))
    with Catalog(path) as catalog:
        for old, new, said in (
            ("nowhere", "x", "nothing is known there; the roots are"),
            ("old", "old/below", "lies in"),
            ("old", ".", "or .* in it"),
        ):
            with pytest.raises(CatalogError, match=said):
                catalog.relocate(tmp_path / old, tmp_path / new)
    assert names_in(path) == [str(tmp_path / "old" / "picture00000.png")]


# -- version 1 ----------------------------------------------------------------------------------------------

VERSION_1 = """
CREATE TABLE runs (id INTEGER PRIMARY KEY, kind TEXT NOT NULL, state TEXT NOT NULL, started TEXT NOT NULL,
    finished TEXT, host TEXT NOT NULL, pid INTEGER NOT NULL, settings_key TEXT NOT NULL, settings TEXT NOT NULL,
    summary TEXT);
CREATE TABLE files (id INTEGER PRIMARY KEY, path BLOB NOT NULL, position INTEGER NOT NULL, member BLOB, size INTEGER,
    mtime_ns INTEGER, settings_key TEXT NOT NULL, run INTEGER NOT NULL REFERENCES runs (id), decided TEXT NOT NULL,
    outcome TEXT NOT NULL, reason TEXT, failure TEXT, quality INTEGER, provenance TEXT, milliseconds REAL,
    UNIQUE (path, position));
CREATE TABLE hashes (file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE, algorithm TEXT NOT NULL,
    digest BLOB NOT NULL, PRIMARY KEY (file, algorithm)) WITHOUT ROWID;
CREATE TABLE matches (id INTEGER PRIMARY KEY, file INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    run INTEGER NOT NULL REFERENCES runs (id), list TEXT NOT NULL, entry TEXT, category TEXT NOT NULL,
    labels TEXT NOT NULL, algorithm TEXT, digest BLOB, distance INTEGER NOT NULL, view TEXT NOT NULL,
    suppressed_by TEXT);
CREATE INDEX matches_of_file ON matches (file);
CREATE TABLE problems (id INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (id), path BLOB NOT NULL,
    reason TEXT NOT NULL);
PRAGMA application_id = 1397252961;
PRAGMA user_version = 1;
"""


@pytest.fixture
def old_catalog(store: Path, tmp_path: Path) -> Iterator[Path]:
    """Return a catalog as version 0.1 wrote it: a scan, a re-match, a file matched by both, one left aside."""
    path = tmp_path / "old.db"
    digest = safehash.hash_file(store / "pictures" / "picture00001.png").digest
    scanned = {"effort": "thorough", "lists": [["a", "5a" * 32]], "version": "0.1.0"}
    again = {"effort": "standard", "lists": [["b", "6b" * 32]], "version": "0.1.0"}
    with sqlite3.connect(path) as db:
        db.executescript(VERSION_1)
        for number, kind, text in ((1, "scan", scanned), (2, "rematch", again)):
            row = (
                number,
                kind,
                "finished",
                "2026-01-01",
                "2026-01-02",
                "h",
                1,
                str(number),
                json.dumps(text),
                None,
            )
            db.execute("INSERT INTO runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        for number, name, outcome, reason in (
            (1, b"pictures/picture00001.png", "match", None), (2, b"pictures/caf\xe9.png", "no_match", None),
            (3, b"pictures/notes.txt", "skipped", "not an image"), (4, b"pictures/broken.jpg", "unreadable", "broken"),
        ):  # fmt: skip
            old: tuple[Any, ...] = (
                number,
                name,
                0,
                None,
                9,
                9,
                "1",
                1,
                "2026-01-01",
                outcome,
                reason,
                None,
                100,
                None,
                1.5,
            )
            db.execute(f"INSERT INTO files VALUES ({', '.join('?' * 15)})", old)
        db.execute("INSERT INTO hashes VALUES (1, 'pdq', ?)", (digest,))
        for number, run, source in ((1, 1, "a"), (2, 2, "b"), (3, 2, "b")):
            old = (number, 1, run, source, "e", "positive", '["x"]', "pdq", digest, 0, "as it is", None)
            db.execute(f"INSERT INTO matches VALUES ({', '.join('?' * 12)})", old)
        db.execute("INSERT INTO problems VALUES (1, 1, X'61', 'unreadable folder')")
    db.close()
    yield path


def test_a_catalog_of_version_1_is_brought_along(
    old_catalog: Path, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Catalog(old_catalog, create=False) as catalog:
        catalog.check_integrity()
        assert catalog._store.number("PRAGMA user_version") == VERSION
        facts = counts(catalog)
        found = {record["path"]: record for record in records(catalog, full_hashes=True)}
    assert columns_in(Catalog(old_catalog)) == columns_in(Catalog(tmp_path / "new.db"))
    assert facts["outcomes"] == {"match": 1, "no_match": 1, "unreadable": 1}
    assert facts["left_aside"] == {"not an image": 1}
    assert facts["decided_for"] == [{"list": "a", "snapshot": "5a5a5a5a", "effort": "thorough", "files": 3}]
    assert set(found) == {"pictures/picture00001.png", "pictures/caf\udce9.png", "pictures/broken.jpg"}
    matches = {match["list"]: match for match in found["pictures/picture00001.png"]["matches"]}
    assert (matches["a"]["effort"], matches["b"]["effort"]) == ("thorough", "hashes")
    assert matches["a"]["snapshot"] == "5a" * 32
    assert found["pictures/broken.jpg"]["reason"] == "broken"
    # Its paths were stored as they were given: where that was is for the user to say.
    with Catalog(old_catalog) as catalog:
        assert catalog.relocate("", store) == (4, 0)
    assert str(store / "pictures" / "picture00001.png") in names_in(old_catalog)
    scan_into(old_catalog, store / "pictures", matcher_of(store, "a"))
    with Catalog(old_catalog) as catalog:
        assert counts(catalog)["files"] == 6
        assert counts(catalog)["gone"] == 1


def columns_in(catalog: Catalog) -> dict[str, list[tuple[Any, ...]]]:
    """Return every table's columns, in their order, as SQLite describes them."""
    with catalog:
        names = sorted(
            name for (name,) in catalog._store.query("SELECT name FROM sqlite_master WHERE type = 'table'")
        )
        assert names == sorted(TABLES)
        return {name: list(catalog._store.query(f"PRAGMA table_info({name})")) for name in names}


@pytest.mark.parametrize("version", [2, 3])
def test_a_catalog_of_an_earlier_version_is_brought_along(store: Path, tmp_path: Path, version: int) -> None:
    """What was not kept then is not known, and comes when a file is decided again."""
    path = tmp_path / "c.db"
    scan_into(path, store / "pictures", matcher_of(store, "a"))
    with_evidence = matches_in(path)
    assert all(match["evidence"] is not None for match in with_evidence.values())
    with sqlite3.connect(path) as db:
        for table, column in (("looks", "refused"), ("matches", "evidence"), ("sightings", "evidence")):
            db.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        if version == 2:
            db.execute("DROP TABLE mounts")
        db.execute(f"PRAGMA user_version = {version}")
    db.close()
    without = {
        key: {name: value for name, value in match.items() if name != "evidence"}
        for key, match in with_evidence.items()
    }
    assert matches_in(path) == without
    assert columns_in(Catalog(path)) == columns_in(Catalog(tmp_path / "new.db"))
    with Catalog(path) as catalog:
        assert catalog._store.number("PRAGMA user_version") == VERSION
    assert scan_into(path, store / "pictures", matcher_of(store, "a")).n_unchanged == 6
    assert matches_in(path) == without, "unchanged files are not decided again for it"
    scan_into(path, store / "pictures", matcher_of(store, "a", effort="thorough"))
    assert all(match["evidence"] is not None for match in matches_in(path).values())


def test_an_upgrade_that_breaks_off_changes_nothing(
    old_catalog: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = old_catalog.read_bytes()
    monkeypatch.setattr(
        "safehash.scanning.schema._copy", lambda db: db.execute("INSERT INTO nonsense VALUES (1)")
    )
    with pytest.raises(CatalogError, match="nonsense"):
        Catalog(old_catalog)
    monkeypatch.undo()
    with sqlite3.connect(old_catalog) as db:
        assert db.execute("PRAGMA user_version").fetchone() == (1,)
        assert db.execute("SELECT count(*) FROM files").fetchone() == (4,)
    db.close()
    assert len(before) == old_catalog.stat().st_size


# -- the file itself ----------------------------------------------------------------------------------------


def test_what_was_committed_is_on_the_disk(tmp_path: Path) -> None:
    """FULL in WAL mode: each commit is flushed before it returns, so that a power cut takes none back."""
    with Catalog(tmp_path / "c.db") as catalog:
        assert catalog._store.number("PRAGMA synchronous") == 2
        assert next(catalog._store.query("PRAGMA journal_mode")) == ("wal",)


@pytest.mark.parametrize("other", ["link/c.db", "elsewhere/inside/../c.db"])
def test_two_names_of_a_catalog_have_one_lock(other: str, store: Path, tmp_path: Path) -> None:
    """What a link is followed by leads on from where it points to, and not from where it stands."""
    (tmp_path / "link").symlink_to(tmp_path)
    (tmp_path / "below").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "inside").symlink_to(tmp_path / "below")
    matcher = matcher_of(store, "a")
    options = ScanOptions(workers=0)
    with (
        Catalog(tmp_path / "c.db") as one,
        Catalog(f"{tmp_path}/{other}") as two,
        scan(store / "pictures", matcher=matcher, options=options, catalog=one) as running,
    ):
        next(running)
        with pytest.raises(CatalogError, match="another scan is writing"):
            list(scan(store / "pictures", matcher=matcher, options=options, catalog=two))


def test_rows_written_together_are_those_written_one_by_one(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "folder"
    shutil.copytree(store / "pictures", folder)
    pictures = sorted(folder.iterdir())
    (folder / "broken.png").write_bytes(pictures[0].read_bytes()[:200])
    (folder / "words.txt").write_text("words")
    (folder / "again").symlink_to(folder, target_is_directory=True)
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for name in ("x.png", "y.png"):
            archive.write(pictures[1], name)
    # Every file twice and thrice, by other names: rows meet within a batch, after it, and in the next scan.
    others = write_pictures(tmp_path / "others", 4, first_seed=100)
    tops: list[str | Path] = [folder, f"{folder}/.", folder / "again" / pictures[1].name, folder / "a.zip"]
    for known, new in zip(pictures, others, strict=False):
        tops += [known, new]
    states = []
    for n_rows in (1, 2, 3, 128):
        monkeypatch.setattr(incoming, "_BATCH_ROWS", n_rows)
        path = tmp_path / f"{n_rows}.db"
        scan_into(path, tops, matcher_of(store, "a"))
        scan_into(path, tops, matcher_of(store, "a", "b", effort="fast"))
        states.append(state_of(path))
        with Catalog(path) as catalog:
            catalog.check_integrity()
    assert states[0]
    assert states[1:] == states[:1] * 3


def test_the_order_of_names_does_not_matter(store: Path, tmp_path: Path) -> None:
    """Regression: a file above those that wait to be written took their root away, and the scan ended."""
    deep, matcher = tmp_path / "top" / "below" / "deep", matcher_of(store, "a")
    deep.mkdir(parents=True)
    pictures = sorted((store / "pictures").iterdir())
    for picture, folder in zip(pictures, (deep, deep.parent, deep.parent.parent), strict=False):
        shutil.copy(picture, folder)
        with zipfile.ZipFile(folder / f"{picture.stem}.zip", "w") as archive:
            for name in ("a.png", "b.png"):
                archive.write(picture, name)
    names = [path for path in sorted(deep.parent.parent.rglob("*")) if path.is_file()]
    found = []
    for number, order in enumerate([names, names[::-1], names[3:] + names[:3], names[1::2] + names[::2]]):
        path = tmp_path / f"{number}.db"
        packed = next(deep.glob("*.zip"))
        shutil.copy(packed, tmp_path / "kept.zip")
        scan_into(path, list(order), matcher)
        with zipfile.ZipFile(packed, "w") as archive:  # has lost a member since
            archive.write(pictures[0], "a.png")
        scan_into(path, [deep.parent.parent, *order], matcher)
        shutil.copy(tmp_path / "kept.zip", packed)
        with Catalog(path) as catalog:
            catalog.check_integrity()
            found.append(
                [(record["path"], record.get("member"), record["outcome"]) for record in records(catalog)]
            )
            assert len(counts(catalog)["roots"]) == 1
    assert len(found[0]) == 9
    assert found[1:] == found[:1] * 3


@pytest.mark.parametrize("after_rows", [1, 2, 5])
def test_what_waits_to_be_written_together_is_written_at_every_end(
    store: Path, tmp_path: Path, after_rows: int
) -> None:
    with Catalog(tmp_path / "c.db") as catalog:
        running = scan(
            store / "pictures",
            matcher=matcher_of(store, "a"),
            options=ScanOptions(workers=0),
            catalog=catalog,
        )
        told = {os.path.realpath(next(running).path) for _ in range(after_rows)}
        running.close()
    with Catalog(tmp_path / "c.db") as catalog:
        assert told <= {record["path"] for record in records(catalog)}


@pytest.fixture
def two_lists(tmp_path: Path) -> Path:
    """Return a folder with one picture, "in/picture00000.png", list b that holds it, and a that holds another."""
    (picture,) = write_pictures(tmp_path / "in", 1)
    write_list(tmp_path / "a.csv", *write_pictures(tmp_path / "other", 1, first_seed=7))
    write_list(tmp_path / "b.csv", picture)
    return picture


def test_a_file_in_the_place_of_one_that_was_not_read_is_looked_at_for_every_list(
    tmp_path: Path, two_lists: Path
) -> None:
    """No digest was known of it: what other lists had decided is not of what is there now."""
    path, picture = tmp_path / "c.db", two_lists.read_bytes()
    limits = safehash.Limits(max_bytes=len(picture))
    a, b = (matcher_of(tmp_path, name, limits=limits) for name in "ab")
    two_lists.write_bytes(picture + b"too large")
    scan_into(path, two_lists.parent, b)
    two_lists.write_bytes(picture)
    scan_into(path, two_lists.parent, a)
    assert not matches_in(path)
    scan_into(path, two_lists.parent, b)
    assert len(matches_in(path)) == 1


def test_what_a_rematch_found_stays_whoever_else_found_it(tmp_path: Path, two_lists: Path) -> None:
    """Where bytes are new and the hash is not, what a scan found of them goes, and what is known by the hash stays."""
    path = tmp_path / "c.db"
    a, b = (matcher_of(tmp_path, name) for name in "ab")
    scan_into(path, two_lists.parent, b)
    with Catalog(path) as catalog:
        assert len(list(rematch(catalog, b))) == 1
    two_lists.write_bytes(two_lists.read_bytes() + b"more")
    scan_into(path, two_lists.parent, a)
    (match,) = matches_in(path).values()
    assert (match["list"], match["effort"]) == ("b", "hashes")


def test_other_bytes_of_the_same_size_and_time_are_told_by_their_digest(
    tmp_path: Path, two_lists: Path
) -> None:
    path, first = tmp_path / "c.db", two_lists.read_bytes()
    second = (tmp_path / "other" / "picture00000.png").read_bytes()
    for name, content, other in (("b", first, second), ("a", second, first)):
        two_lists.write_bytes(content.ljust(max(len(content), len(other)), b"."))
        os.utime(two_lists, (0, 0))
        scan_into(path, two_lists.parent, matcher_of(tmp_path, name))
        assert [match["list"] for match in matches_in(path).values()] == [name]
