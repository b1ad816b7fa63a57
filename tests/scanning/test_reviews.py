"""Verdicts: a wrong match is suppressed for that entry and pictures like that one, and nothing else is."""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import safehash
from safehash.cli import main
from safehash.errors import CatalogError, ListError
from safehash.hashing.hashes import Hash
from safehash.matching.pairs import Pair, Pairs, read_pairs, write_pairs
from safehash.matching.settings import FloodLimits, Settings
from safehash.scanning.agreement import agreement, confirmed, rejected_lists
from safehash.scanning.catalog import Catalog
from safehash.scanning.holdings import counts, records
from safehash.scanning.lookback import rematch
from safehash.scanning.options import ScanOptions
from safehash.scanning.reviews import Applied, apply_verdicts, judged, judged_matches, pairs_of, tokens
from safehash.scanning.run import scan
from safehash.scanning.verdicts import Verdict, read_verdicts
from stores import write_list, write_pictures


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Pictures 0 to 2 are listed by both lists; beside picture 0 there is a copy of it, and one saved again."""
    pictures = write_pictures(tmp_path / "pictures", 5)
    (tmp_path / "pictures" / "copy.png").write_bytes(pictures[0].read_bytes())
    with Image.open(pictures[0]) as image:
        image.convert("RGB").save(tmp_path / "pictures" / "again.jpg", quality=60)
    write_list(tmp_path / "a.csv", *pictures[:3])
    write_list(tmp_path / "b.csv", *pictures[:3], label="viral_challenge")
    return tmp_path


def scanned(store: Path, *, effort: str = "standard", **more: Any) -> safehash.Summary:
    how = Settings(effort=effort, **more)  # type: ignore[arg-type]
    matcher = safehash.Matcher.from_files(store / "a.csv", store / "b.csv", settings=how)
    options = ScanOptions(workers=0, file_digests=["sha256"])
    with (
        Catalog(store / "c.db") as catalog,
        scan(store / "pictures", matcher=matcher, options=options, catalog=catalog) as running,
    ):
        list(running)
        return running.summary


def token(store: Path, picture: str, source: str) -> str:
    """Return what the page calls the match of a picture with a list."""
    with Catalog(store / "c.db", create=False) as catalog:
        for name, match in [(name, match) for name, matches in tokens(catalog).items() for match in matches]:
            ((path, found),) = catalog._store.query(
                "SELECT path, list FROM matches JOIN files ON files.id = file WHERE matches.id = ?", (match,)
            )
            if (path.decode(), found) == (picture, source):
                return name
    raise AssertionError(f"no match of {picture} with {source}")


def say(store: Path, name: str, verdict: str, *, who: str = "anna", day: int = 1) -> Applied:
    said = Verdict(match=name, verdict=verdict, reviewer=who, decided=f"2026-01-{day:02}T00:00:00.000+00:00")
    with Catalog(store / "c.db", create=False) as catalog:
        return apply_verdicts(catalog, [said])


def cancelled(store: Path) -> set[tuple[str, str]]:
    """Return the files and lists whose match is suppressed by a review."""
    with Catalog(store / "c.db", create=False) as catalog:
        return {
            (Path(record["path"]).name, match["list"])
            for record in records(catalog)
            for match in record["matches"]
            if match.get("suppressed_by") == "review"
        }


ALIKE = {("picture00000.png", "a"), ("copy.png", "a"), ("again.jpg", "a")}


def test_a_wrong_match_is_suppressed_for_its_entry_and_pictures_like_it(store: Path) -> None:
    scanned(store)
    applied = say(store, token(store, "copy.png", "a"), "wrong")
    assert (applied.n_new, applied.n_cancelled, applied.n_conflicts) == (1, 3, 0)
    assert cancelled(store) == ALIKE
    with Catalog(store / "c.db") as catalog:
        outcomes = {Path(record["path"]).name: record["outcome"] for record in records(catalog)}
    assert outcomes["picture00000.png"] == "match", "the other list's entry counts as before"


@pytest.mark.parametrize("effort", ["fast", "standard", "thorough"])
def test_later_scans_and_rematches_heed_it(store: Path, effort: str) -> None:
    scanned(store)
    say(store, token(store, "picture00000.png", "a"), "wrong")
    for path in (store / "pictures").iterdir():
        path.touch()  # every file is decided again
    summary = scanned(store, effort=effort, allow_distance=15)
    assert summary.n_unchanged == 0
    assert cancelled(store) == ALIKE
    assert summary.to_record()["review"] == {"pairs": 1, "files": 3}
    with Catalog(store / "c.db") as catalog:
        matcher = safehash.Matcher.from_files(store / "a.csv", store / "b.csv")
        for record in rematch(catalog, matcher):
            for match in record.decision.matches:
                wrong = (Path(record.path).name, match.entry.source) in ALIKE
                assert (match.suppressed_by == "review") == wrong
    assert cancelled(store) == ALIKE


def scan_with(store: Path, *lists: Path, **more: Any) -> None:
    with (
        Catalog(store / "c.db") as catalog,
        scan(
            store / "pictures",
            matcher=safehash.Matcher.from_files(*lists),
            options=ScanOptions(workers=0, **more),
            catalog=catalog,
        ) as running,
    ):
        list(running)


def rematched(store: Path, *lists: Path, **more: Any) -> None:
    with Catalog(store / "c.db") as catalog:
        list(rematch(catalog, safehash.Matcher.from_files(*lists, settings=Settings(**more))))


def list_of(path: Path, algorithm: str, *pictures: Path) -> Path:
    lines = ["hash,algorithm,id"]
    for picture in pictures:
        value = safehash.hash_file(picture, algorithm=algorithm)
        lines.append(f"{value.hex},{algorithm},{picture.stem}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("page", ["of before", "of now"])
def test_a_verdict_stands_though_the_picture_is_known_by_another_kind_of_hash_since(
    store: Path, page: str
) -> None:
    """It was said of a pHash; of a picture that has both kinds, PDQ is what it goes by."""
    pictures = sorted((store / "pictures").glob("picture*.png"))
    listed = list_of(store / "p.csv", "phash", pictures[0])
    scan_with(store, list_of(store / "none.csv", "phash", pictures[4]))
    rematched(store, listed)
    before = token(store, "copy.png", "p")
    assert say(store, before, "wrong").n_cancelled == 3
    of_p = {(name, "p") for name, _ in ALIKE}
    nothing = write_list(store / "other.csv", pictures[4])
    scan_with(store, nothing)  # PDQ is learnt, and of its own match SHA-256
    rematched(store, listed)
    assert cancelled(store) == of_p
    name = token(store, "copy.png", "p")
    assert name != before
    with Catalog(store / "c.db") as catalog:
        assert judged_matches(catalog._store)[tokens(catalog)[name][0]] == {"anna": "wrong"}
        (store / "pairs.jsonl").unlink(missing_ok=True)
        write_pairs(store / "pairs.jsonl", pairs_of(catalog))
        assert {pair.picture.algorithm.value for pair in pairs_of(catalog) if pair.picture is not None} == {
            "pdq", "phash",
        }  # fmt: skip
    elsewhere = safehash.Matcher.from_files(
        listed, nothing, settings=Settings(allow_pairs=read_pairs(store / "pairs.jsonl"))
    )
    assert elsewhere.check(pictures[0].read_bytes()).outcome.value == "suppressed"
    scan_with(store, listed, nothing)
    assert cancelled(store) == of_p
    again = say(store, before if page == "of before" else name, "wrong")
    assert (again.n_new, again.n_known, len(again.unknown)) == (0, 1, 0)
    said = say(store, before if page == "of before" else token(store, "copy.png", "p"), "unsure", day=2)
    assert (said.n_new, said.n_restored, len(said.unknown)) == (1, 3, 0)
    assert cancelled(store) == set()


def test_a_scan_by_two_kinds_of_hashes_heeds_what_was_said_of_one(store: Path) -> None:
    """Its decision tells PDQ alone; the catalog knows the other."""
    pictures = sorted((store / "pictures").glob("picture*.png"))
    listed = list_of(store / "p.csv", "phash", pictures[0])
    scan_with(store, list_of(store / "none.csv", "phash", pictures[4]))
    rematched(store, listed)
    say(store, token(store, "copy.png", "p"), "wrong")
    with Image.open(pictures[0]) as image:  # of other bytes nothing is known, though they match, too
        image.convert("RGB").save(pictures[0], "JPEG", quality=70)
    scan_with(store, listed, write_list(store / "other.csv", pictures[4]))
    assert cancelled(store) == {("copy.png", "p"), ("again.jpg", "p")}
    with Catalog(store / "c.db") as catalog:
        matched = [Path(each["path"]).name for each in records(catalog, only_matches=True)]
    assert "picture00000.png" in matched


def test_that_a_verdict_suppresses_nothing_is_said(store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of a flat picture that a re-match found by MD5: nothing tells it from others, until SHA-256 is known."""
    flat = store / "pictures" / "flat.png"
    Image.fromarray(np.tile(np.arange(96, dtype=np.uint8), (80, 1))).save(flat)
    assert (safehash.hash_file(flat).quality or 0) < 50
    md5 = hashlib.md5(flat.read_bytes(), usedforsecurity=False).hexdigest()
    (store / "m.csv").write_text(f"md5,id\n{md5},f\n")
    scan_with(
        store, write_list(store / "none.csv", store / "pictures" / "picture00004.png"), file_digests=["md5"]
    )
    rematched(store, store / "m.csv")
    name = token(store, "flat.png", "m")
    applied = say(store, name, "wrong")
    assert (applied.n_new, applied.n_cancelled, applied.n_idle, applied.exact) == (1, 0, 1, [])
    with Catalog(store / "c.db") as catalog:
        assert list(judged_matches(catalog._store).values()) == [{"anna": "wrong"}], "the page shows it"
    rematched(store, store / "m.csv")
    assert cancelled(store) == set()
    said = {"match": name, "verdict": "wrong", "reviewer": "bea", "decided": "2026-01-01T00:00:00Z"}
    head = {"kind": "safehash verdicts", "version": 1, "verdicts": 1}
    (store / "v.jsonl").write_text(f"{json.dumps(head)}\n{json.dumps(said)}\n")
    apply = ["review", "apply", str(store / "v.jsonl"), str(store / "c.db")]
    assert main(apply) == 0
    assert "suppress nothing yet: 1, of pictures too flat" in capsys.readouterr().err
    scan_with(store, store / "m.csv")
    with Catalog(store / "c.db") as catalog:
        assert judged_matches(catalog._store) == {}, "it has no effect, and nobody shall think that it has"
    assert main(apply) == 0, "the same file again, as the message says"
    assert "suppressed from now on: 1" in capsys.readouterr().err
    assert cancelled(store) == {("flat.png", "m")}
    with Catalog(store / "c.db") as catalog:
        assert agreement(catalog)["lists"]["m"].wrong == 1, "one picture"
    assert say(store, token(store, "flat.png", "m"), "unsure", who="bea", day=2).n_restored == 1


@pytest.mark.parametrize("page", ["of before", "of now"])
def test_a_verdict_is_taken_back_though_the_bytes_were_not_known_then(store: Path, page: str) -> None:
    """A re-match found it, by its hash alone; SHA-256 came with a later scan that found it, too."""
    nothing = write_list(store / "none.csv", store / "pictures" / "picture00004.png")
    matcher = safehash.Matcher.from_files(store / "a.csv")

    def scan_with(matcher: safehash.Matcher) -> None:
        with (
            Catalog(store / "c.db") as catalog,
            scan(
                store / "pictures", matcher=matcher, options=ScanOptions(workers=0), catalog=catalog
            ) as running,
        ):
            list(running)

    scan_with(safehash.Matcher.from_files(nothing))
    with Catalog(store / "c.db") as catalog:
        list(rematch(catalog, matcher))
    before = token(store, "copy.png", "a")
    assert say(store, before, "wrong").n_cancelled == 3
    scan_with(matcher)
    assert cancelled(store) == ALIKE
    name = token(store, "copy.png", "a")
    assert name != before
    with Catalog(store / "c.db") as catalog:
        assert judged_matches(catalog._store)[tokens(catalog)[name][0]] == {"anna": "wrong"}, (
            "the page shows what stands"
        )
        assert [(pair.sha256, pair.wrong) for pair in pairs_of(catalog)] == [(None, True)]
    again = say(store, before if page == "of before" else name, "wrong")
    assert (again.n_new, again.n_known) == (0, 1)
    taken = say(store, before if page == "of before" else name, "unsure", day=2)
    assert (taken.n_new, taken.n_restored) == (1, 3)
    assert cancelled(store) == set()
    with Catalog(store / "c.db") as catalog:
        assert judged_matches(catalog._store)[tokens(catalog)[name][0]] == {"anna": "unsure"}
        assert [each.by for each in judged(catalog._store)] == [{"anna": "unsure"}]


def test_a_file_that_comes_later_is_judged_alike(store: Path) -> None:
    scanned(store)
    say(store, token(store, "picture00000.png", "a"), "wrong")
    with Image.open(store / "pictures" / "picture00000.png") as image:
        # In grey: colours that a screen does not have make it match by another view, which the verdict is not about.
        image.convert("L").resize((120, 100)).save(store / "pictures" / "later.jpg", quality=80)
        # The listed picture inside a larger one is another picture, whatever was said of it alone.
        large = Image.fromarray(np.random.default_rng(9).integers(0, 255, (12, 12, 3), np.uint8)).resize(
            (400, 400)
        )
        large.paste(image.convert("RGB").resize((280, 240)), (60, 80))
        large.save(store / "pictures" / "inside.png")
    scanned(store, effort="thorough")
    assert cancelled(store) == {*ALIKE, ("later.jpg", "a")}


def test_reviewers_who_contradict_each_other_suppress_nothing(store: Path) -> None:
    scanned(store)
    name = token(store, "picture00000.png", "a")
    assert say(store, name, "wrong").n_cancelled == 3
    applied = say(store, name, "right", who="bert")
    assert (applied.n_restored, applied.n_conflicts) == (3, 1)
    assert cancelled(store) == set()
    assert say(store, name, "wrong", who="bert", day=2).n_cancelled == 3  # bert came round
    # Right of one picture, wrong of one like it: neither is suppressed.
    assert say(store, token(store, "again.jpg", "a"), "right", who="carl").n_restored == 3
    with Catalog(store / "c.db") as catalog:
        assert counts(catalog)["outcomes"] == {"match": 5, "no_match": 2}


def test_wrong_of_the_listed_picture_itself_is_warned_of_and_taken_back(store: Path) -> None:
    scanned(store)
    name = token(store, "picture00000.png", "a")
    applied = say(store, name, "wrong")
    assert applied.exact == [("a", "entry-picture00000")]
    assert say(store, name, "wrong").exact == [], "it stood there already"
    assert say(store, token(store, "again.jpg", "b"), "wrong").exact == [], "it is some bits away"
    back = say(store, name, "unsure", day=2)
    assert (back.n_restored, back.exact) == (3, [])
    say(store, name, "right", who="bert", day=3)
    assert say(store, name, "wrong", day=4).exact == [], "they contradict each other: nothing is suppressed"


@pytest.mark.parametrize("workers", [0, 2])
def test_what_reviewers_cancelled_floods_nothing(store: Path, workers: int) -> None:
    """The guard counts what is told: else a match that reviewers cancelled quarantines the entry's true ones."""
    scanned(store)
    say(store, token(store, "picture00000.png", "a"), "wrong")
    flood = FloodLimits(max_share=0.3, min_matches=3, min_uploads=1)
    matcher = safehash.Matcher.from_files(store / "a.csv", settings=Settings(effort="fast", flood=flood))
    options = ScanOptions(workers=workers, file_digests=["sha256"], ordered=True)
    with (
        Catalog(store / "c.db") as catalog,
        scan(store / "pictures", matcher=matcher, options=options, catalog=catalog) as running,
    ):
        list(running)
    assert matcher.flood_guard is not None
    assert matcher.flood_guard.quarantined() == ()
    counted = matcher.flood_guard.counts()
    with Catalog(store / "c.db") as catalog:
        list(rematch(catalog, matcher))
    assert matcher.flood_guard.quarantined() == ()
    assert matcher.flood_guard.counts() != counted


def test_of_a_rematch_every_picture_is_an_upload(store: Path) -> None:
    scanned(store)
    guard = safehash.FloodGuard(FloodLimits(max_share=0.9, min_matches=1, min_uploads=1))
    matcher = safehash.Matcher.from_files(store / "a.csv", flood_guard=guard)
    with Catalog(store / "c.db") as catalog:
        told = list(rematch(catalog, matcher))
    assert len(told) == 5
    assert guard.quarantined() == (), "three of seven, not three of three"
    assert guard.counts()[0] == 7


def test_of_a_rematch_a_picture_that_is_near_and_does_not_match_is_an_upload_too(store: Path) -> None:
    """20 bits away, and of a quality of which so much says nothing."""
    scanned(store)
    guard = safehash.FloodGuard(FloodLimits(max_share=0.9, min_matches=1, min_uploads=1))
    matcher = safehash.Matcher.from_files(store / "a.csv", flood_guard=guard)
    of = "algorithm = 'pdq' AND file = (SELECT id FROM files WHERE path = CAST('picture00001.png' AS BLOB))"
    with Catalog(store / "c.db") as catalog:
        db = catalog._store.db
        ((digest,),) = db.execute(f"SELECT digest FROM hashes WHERE {of}").fetchall()
        far = (int.from_bytes(digest, "big") ^ ((1 << 20) - 1)).to_bytes(32, "big")
        assert db.execute(f"UPDATE hashes SET digest = ? WHERE {of}", (far,)).rowcount == 1
        assert (
            db.execute("UPDATE files SET quality = 10 WHERE path = CAST('picture00001.png' AS BLOB)").rowcount
            == 1
        )
        told = list(rematch(catalog, matcher))
    assert (len(told), guard.counts()[0]) == (4, 7)


def test_of_one_reviewer_the_newest_verdict_counts(store: Path) -> None:
    scanned(store)
    name = token(store, "picture00001.png", "b")
    say(store, name, "wrong", day=3)
    assert cancelled(store) == {("picture00001.png", "b")}
    assert say(store, name, "right", day=2).n_restored == 0, "said earlier, applied later"
    assert say(store, name, "unsure", day=4).n_restored == 1
    assert cancelled(store) == set()
    with Catalog(store / "c.db") as catalog:
        assert agreement(catalog)["lists"]["b"].to_record() == {
            "right": 0, "wrong": 0, "unsure": 1, "conflict": 0, "rejected": False,
        }  # fmt: skip


def test_applied_twice_it_is_the_same(store: Path) -> None:
    scanned(store)
    name = token(store, "picture00000.png", "a")
    say(store, name, "wrong")
    again = say(store, name, "wrong")
    assert (again.n_new, again.n_known, again.n_cancelled, again.n_restored) == (0, 1, 0, 0)
    with Catalog(store / "c.db") as catalog:
        assert [run["kind"] for run in counts(catalog)["runs"]] == ["scan", "review"]


def test_what_the_catalog_does_not_have_is_said(store: Path) -> None:
    scanned(store)
    applied = say(store, "0" * 32, "wrong")
    assert (applied.n_new, len(applied.unknown)) == (0, 1)


def test_an_entry_with_another_digest_is_another_entry(store: Path) -> None:
    scanned(store)
    say(store, token(store, "picture00000.png", "a"), "wrong")
    scanned(store)
    assert cancelled(store) != set()
    lines = (store / "a.csv").read_text().splitlines()
    digest, rest = lines[1].split(",", 1)
    flipped = f"{int(digest, 16) ^ 0b11:064x}"
    (store / "a.csv").write_text("\n".join([lines[0], f"{flipped},{rest}", *lines[2:]]) + "\n")
    scanned(store)
    assert cancelled(store) == set(), "what was reviewed was the digest that stood there before"


def test_the_store_keeps_who_when_and_which_decision(store: Path) -> None:
    scanned(store)
    say(store, token(store, "picture00000.png", "a"), "wrong")
    with Catalog(store / "c.db") as catalog:
        (row,) = catalog._store.query(
            "SELECT reviewer, verdict, decided, list, entry, distance, view, decision, snapshot, run FROM verdicts"
        )
        listed = next(info for info in safehash.Matcher.from_files(store / "a.csv").lists)
    assert row == (
        "anna", "wrong", "2026-01-01T00:00:00.000+00:00", "a", "entry-picture00000", 0, "as it is", 1,
        listed.snapshot, 2,
    )  # fmt: skip


def test_agreement_names_a_list_that_reviewers_reject(store: Path, tmp_path: Path) -> None:
    pictures = write_pictures(store / "pictures", 12)
    write_list(store / "a.csv", *pictures)
    scanned(store)
    for number in range(5):
        say(store, token(store, f"picture{number:05}.png", "a"), "wrong" if number else "right")
    with Catalog(store / "c.db") as catalog:
        assert rejected_lists(catalog) == ["a"]
        assert agreement(catalog)["labels"]["graphic_self_harm"].wrong == 4
        (entry,) = confirmed(catalog, owner="us")
        assert (entry.id, entry.owners[0].owner, entry.owners[0].category) == (
            "entry-picture00000",
            "us",
            "positive",
        )


# -- pairs elsewhere ------------------------------------------------------------------------------------------


def test_pairs_are_heeded_without_the_catalog(store: Path) -> None:
    scanned(store)
    say(store, token(store, "picture00000.png", "a"), "wrong")
    with Catalog(store / "c.db") as catalog:
        write_pairs(store / "pairs.jsonl", pairs_of(catalog))
    pairs = read_pairs(store / "pairs.jsonl")
    lists = store / "a.csv", store / "b.csv"
    matcher = safehash.Matcher.from_files(*lists, settings=Settings(allow_pairs=pairs))
    for name in ("picture00000.png", "again.jpg"):
        decision = matcher.check(store / "pictures" / name)
        assert {match.entry.source: match.suppressed_by for match in decision.matches} == {
            "a": "review",
            "b": None,
        }
    assert matcher.check(store / "pictures" / "picture00001.png").matches[0].suppressed_by is None
    assert matcher.audit.n_pairs == 1


def pair(apart: int, *, view: str = "as it is", distance: int = 20, wrong: bool = True) -> Pair:
    """Return a pair whose picture is `apart` bits from all zeros."""
    digest = np.packbits(np.arange(256) < apart).tobytes()
    return Pair(
        source="a", id="1", hash=Hash("pdq", b"\xff" * 32), picture=Hash("pdq", digest), view=view, distance=distance,
        wrong=wrong,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("pairs", "view", "distance", "wanted"),
    [
        ([pair(0)], "as it is", 20, True),
        ([pair(0)], "as it is", 25, True),
        ([pair(0)], "mirrored", 20, True),  # the very picture, looked at otherwise
        ([pair(0)], "mirrored", 19, False),  # nearer than that picture is: something else is in it
        ([pair(10)], "as it is", 10, True),
        ([pair(14, distance=14)], "as it is", 0, False),  # the listed picture itself
        ([pair(14, distance=14)], "as it is", 13, False),  # nearer to it than to what was reviewed
        ([pair(10)], "as it is", 9, False),
        ([pair(10)], "mirrored", 20, False),
        ([pair(16)], "as it is", 20, True),
        ([pair(17)], "as it is", 20, False),
        ([pair(0), pair(16, wrong=False, view="mirrored")], "as it is", 20, False),
        ([pair(0), pair(17, wrong=False)], "as it is", 20, True),
        ([pair(0, wrong=False)], "as it is", 20, False),
    ],
)
def test_what_a_pair_cancels(pairs: list[Pair], view: str, distance: int, wanted: bool) -> None:
    key = ("a", "1", "pdq", b"\xff" * 32)
    own = Hash("pdq", bytes(32))
    assert Pairs(pairs).cancels(key, distance=distance, view=view, hashes=[own], sha256=None) is wanted
    for other in (("b", *key[1:]), ("a", "2", *key[2:]), (*key[:3], bytes(32))):
        assert not Pairs(pairs).cancels(other, distance=distance, view=view, hashes=[own], sha256=None)


def test_a_flat_picture_is_known_by_its_bytes_alone() -> None:
    known = Pair(
        source="a",
        id=None,
        hash=Hash("md5", b"m" * 16),
        sha256=b"s" * 32,
        view="same file",
        distance=0,
        wrong=True,
    )
    key = ("a", None, "md5", b"m" * 16)
    flat = Hash("pdq", bytes(32), quality=0)
    cancels = Pairs([known]).cancels
    assert cancels(key, distance=0, view="same file", hashes=[flat], sha256=b"s" * 32)
    assert not cancels(key, distance=0, view="same file", hashes=[flat], sha256=b"t" * 32)
    with pytest.raises(ValueError, match="which picture"):
        Pair(source="a", id=None, hash=Hash("md5", b"m" * 16), view="same file", distance=0, wrong=True)


@pytest.mark.parametrize("spoil", ["cut", "kind", "newer", "word", "field", "empty"])
def test_spoilt_files_of_pairs_are_refused_whole(tmp_path: Path, spoil: str) -> None:
    write_pairs(tmp_path / "p", [pair(0), pair(3)])
    assert set(read_pairs(tmp_path / "p")) == {pair(0), pair(3)}
    lines = (tmp_path / "p").read_text().splitlines()
    spoilt = {
        "cut": lines[:-1], "kind": lines[1:], "newer": [lines[0].replace(": 1,", ": 2,"), *lines[1:]],
        "word": [*lines[:-1], "words"], "field": [*lines[:-1], lines[-1].replace("true", '"true"')], "empty": [],
    }[spoil]  # fmt: skip
    (tmp_path / "p").write_text("\n".join(spoilt))
    with pytest.raises(ListError):
        read_pairs(tmp_path / "p")


# -- files of verdicts ------------------------------------------------------------------------------------------

GOOD = {"match": "0" * 32, "verdict": "right", "reviewer": "anna", "decided": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({**GOOD, "verdict": "maybe"}, "not 'maybe'"),
        ({**GOOD, "match": "0"}, "which match"),
        ({**GOOD, "reviewer": " "}, "who reviewed"),
        ({**GOOD, "decided": "2026-01-01T00:00:00"}, "time zone"),
        ({**GOOD, "decided": "9999-01-01T00:00:00Z"}, "clock"),
        ({**GOOD, "decided": "yesterday"}, "no verdict"),
        ({**GOOD, "comment": 5}, "comment"),
        ([], "no object"),
    ],
)
def test_verdicts_that_mean_nothing_are_refused(tmp_path: Path, line: Any, message: str) -> None:
    head = {"kind": "safehash verdicts", "version": 1, "verdicts": 2}
    (tmp_path / "v").write_text("\n".join(json.dumps(each) for each in (head, GOOD, line)))
    with pytest.raises(CatalogError, match=message):
        read_verdicts(tmp_path / "v")


def test_files_of_verdicts(tmp_path: Path) -> None:
    def write(*lines: Any) -> Path:
        (tmp_path / "v").write_text("\n".join(json.dumps(each) for each in lines) + "\n")
        return tmp_path / "v"

    head = {"kind": "safehash verdicts", "version": 1, "verdicts": 1}
    (verdict,) = read_verdicts(write(head, {**GOOD, "reviewer": None}), reviewer="bert")
    assert (verdict.reviewer, verdict.decided) == ("bert", "2026-01-01T00:00:00.000+00:00")
    for lines, message in (
        ([head], "cut off"), ([{**head, "version": 2}, GOOD], "newer"), ([GOOD], "no file of verdicts"),
        ([head, GOOD, GOOD], "says 1"),
    ):  # fmt: skip
        with pytest.raises(CatalogError, match=message):
            read_verdicts(write(*lines))


# -- whatever such files hold -----------------------------------------------------------------------------------

SPOILERS = (
    b"",
    b"\0",
    b"\xff",
    b"[" * 20_000,
    b'"',
    b"null",
    b"1e999",
    b"-1",
    b'"\\ud800"',
    b"{}",
    b"true",
    b"[1]",
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    at=st.floats(0, 1), length=st.integers(0, 40), spoiler=st.sampled_from(SPOILERS) | st.binary(max_size=6)
)
def test_spoilt_bytes_are_refused_in_words(tmp_path: Path, at: float, length: int, spoiler: bytes) -> None:
    """Part of a good file replaced by anything: read, or refused by an error of ours, never another exception."""
    write_pairs(tmp_path / "p", [pair(0), pair(3)])
    lines = [{"kind": "safehash verdicts", "version": 1, "verdicts": 2}, GOOD, {**GOOD, "comment": "why"}]
    (tmp_path / "v").write_text("\n".join(map(json.dumps, lines)))
    for name, read, error in (("p", read_pairs, ListError), ("v", read_verdicts, CatalogError)):
        data = (tmp_path / name).read_bytes()
        start = round(at * len(data))
        (tmp_path / name).write_bytes(data[:start] + spoiler + data[start + length :])
        with contextlib.suppress(error):
            read(tmp_path / name)


@pytest.mark.parametrize(
    "decided", ["0001-01-01T00:00:00+23:59", "2026-01-01", "2026-13-01T00:00:00Z", "-1", ""]
)
def test_times_that_are_none(tmp_path: Path, decided: str) -> None:
    lines = [{"kind": "safehash verdicts", "version": 1, "verdicts": 1}, {**GOOD, "decided": decided}]
    (tmp_path / "v").write_text("\n".join(map(json.dumps, lines)))
    with pytest.raises(CatalogError, match="line 2"):
        read_verdicts(tmp_path / "v")


@pytest.mark.parametrize(
    ("right", "wrong", "is_rejected"),
    [(1, 3, False), (2, 3, True), (3, 3, False), (3, 2, False), (0, 4, False)],
)
def test_a_list_is_rejected_by_most_of_five_clear_verdicts(right: int, wrong: int, is_rejected: bool) -> None:
    assert safehash.Agreement(right=right, wrong=wrong, unsure=9, conflict=9).is_rejected == is_rejected
