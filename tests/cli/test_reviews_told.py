"""What commands say of verdicts, re-matches, changes and likenesses, and how they end: counted by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import safehash
from safehash import Catalog, Matcher, ScanOptions, scan
from safehash.cli import main
from safehash.cli.review import _votes
from safehash.scanning.agreement import Agreement
from safehash.scanning.reviews import Applied
from safehash.scanning.verdicts import Verdict
from stores import write_list, write_picture, write_pictures

Say = Callable[..., tuple[int, list[str], list[str]]]


@pytest.fixture
def say(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Say:
    """Return what runs a line, and says how it ended, what it printed and what it said beside."""

    def said(*words: object) -> tuple[int, list[str], list[str]]:
        capsys.readouterr()
        code = main([str(word) for word in words])
        out, err = capsys.readouterr()
        return code, out.splitlines(), err.splitlines()

    return said


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five pictures of a folder, one of which "first" knows, then two; a copy of the first lies in a member's place."""
    folder = tmp_path_factory.mktemp("told")
    pictures = write_pictures(folder / "pictures", 5)
    (folder / "pictures" / "words.jpg").write_text("words")
    for n, number in ((1, 1), (2, 2)):
        write_list(folder / "own.csv", *pictures[:n])
        with Catalog(folder / "c.db") as catalog:
            matcher = Matcher.from_files(folder / "own.csv")
            list(scan(folder / "pictures", matcher=matcher, options=ScanOptions(workers=0), catalog=catalog))
        if number == 1:
            pictures[4].unlink()
    return folder


# -- verdicts -----------------------------------------------------------------------------------------------


def verdict(token: str) -> Verdict:
    return Verdict(match=token, verdict="wrong", reviewer="anna", decided="2026-01-01T00:00:00")


@pytest.mark.parametrize(
    ("applied", "expected"),
    [
        (
            Applied(n_new=7, n_known=3, n_cancelled=5, n_restored=2, n_conflicts=4, n_idle=6),
            [
                "7 verdicts stored, 3 were known",
                "matches suppressed from now on: 5, that count again: 2",
                "not suppressed, as reviewers contradict each other on them: 4",
                "suppress nothing yet: 6, of pictures too flat for their hash to tell them from others, whose bytes "
                "are not known. Scan them with that list, and apply this file again",
            ],
        ),
        (
            Applied(n_new=1, unknown=[verdict("ab" * 16), verdict("cd" * 16), verdict("ab" * 16)]),
            [
                "1 verdicts stored", "matches suppressed from now on: 0",
                "3 verdicts are about matches that the catalog no longer has, and were left: abababab, cdcdcdcd",
            ],
        ),
        (
            Applied(n_new=1, exact=[("own", "b-1"), ("one", None)]),
            [
                "1 verdicts stored", "matches suppressed from now on: 0",
                "look again: pictures with the very hash of 2 entries were found wrong (own #b-1, one). Copies of the "
                "listed picture itself are suppressed from now on, for everybody who uses this catalog. To take that "
                "back, say unsure (key 3) of it in a new report, by the same name, and apply that",
            ],
        ),
    ],
)  # fmt: skip
def test_what_came_of_verdicts_is_said(
    store: Path, say: Say, monkeypatch: pytest.MonkeyPatch, applied: Applied, expected: list[str]
) -> None:
    files: list[str] = []

    def read(path: str, *, reviewer: str | None) -> list[Verdict]:
        files.append(str(path))
        return [verdict("ef" * 16), verdict("01" * 16)]

    monkeypatch.setattr("safehash.scanning.verdicts.read_verdicts", read)
    monkeypatch.setattr("safehash.scanning.reviews.apply_verdicts", lambda catalog, verdicts: applied)
    monkeypatch.setattr("safehash.scanning.agreement.rejected_lists", lambda catalog: ["own"])
    for name in ("v.jsonl", "w.jsonl"):
        (store / name).write_text("")
    code, out, err = say("review", "apply", store / "v.jsonl", store / "w.jsonl", store / "c.db")
    assert (code, out, files) == (0, [], [str(store / "v.jsonl"), str(store / "w.jsonl")])
    last = "most matches with the list own were found wrong: look into that list"
    assert err == [f"safehash: {line}" for line in [*expected, last]]


def test_how_far_reviewers_agree_is_said(store: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {
        "lists": {"own": Agreement(right=2, wrong=3, unsure=4, conflict=5), "b": Agreement(right=1)},
        "labels": {"cut": Agreement(right=6, wrong=7, unsure=8, conflict=9)},
    }
    monkeypatch.setattr(Catalog, "agreement", lambda self: found)
    assert say("review", "stats", store / "c.db")[1] == [
        "lists",
        f"  {'own':<40} right 2, wrong 3, unsure 4, contradicted 5  most were found wrong: look into that list",
        f"  {'b':<40} right 1, wrong 0, unsure 0, contradicted 0",
        "labels",
        f"  {'cut':<40} right 6, wrong 7, unsure 8, contradicted 9",
    ]
    told = json.loads(say("review", "stats", store / "c.db", "--json")[1][0])
    assert told["lists"]["own"] == {"right": 2, "wrong": 3, "unsure": 4, "conflict": 5, "rejected": True}
    assert told["labels"]["cut"]["rejected"] is True and told["lists"]["b"]["rejected"] is False


@pytest.mark.parametrize(
    ("right", "wrong", "rejected"),
    [(2, 3, True), (1, 4, True), (2, 2, False), (3, 3, False), (3, 2, False), (0, 4, False)],
)
def test_a_list_is_rejected_by_more_than_half_of_at_least_five(
    right: int, wrong: int, rejected: bool
) -> None:
    assert Agreement(right=right, wrong=wrong, unsure=9, conflict=9).is_rejected == rejected


# -- re-matches, changes, likenesses ------------------------------------------------------------------------


def test_a_rematch_says_how_many_match_and_what_it_passed_over(store: Path, say: Say, tmp_path: Path) -> None:
    catalog = tmp_path / "c.db"
    catalog.write_bytes((store / "c.db").read_bytes())
    pictures = sorted((store / "pictures").glob("*.png"))
    mixed = tmp_path / "mixed.csv"
    lines = [f"{safehash.hash_file(each).hex},{each.stem}" for each in pictures[1:4]]
    mixed.write_text(
        "\n".join(["pdq,md5,id", *(line.replace(",", ",,") for line in lines), f",{'5a' * 16},m"]) + "\n"
    )
    allow = tmp_path / "allow.csv"
    allow.write_text(f"pdq\n{safehash.hash_file(pictures[3]).hex}\n")
    code, out, err = say("rematch", catalog, "--list", mixed, "--allow", allow)
    assert code == 1
    assert sorted(json.loads(line)["outcome"] for line in out) == ["match", "match", "suppressed"]
    assert err[-1] == "safehash: 2 files match"
    passed_over = "the others have none stored (scan with --digest md5 to have it)"
    said = [line for line in err if "looked up in" in line]
    assert said == [f"safehash: md5: looked up in 0 of 5 files alone; {passed_over}"]
    none = tmp_path / "none.csv"
    none.write_text(f"pdq\n{'5a' * 32}\n")
    code, out, err = say("rematch", catalog, "--list", none)
    assert (code, out, err[-1]) == (0, [], "safehash: 0 files match")


def test_changes_are_told_and_counted(store: Path, say: Say) -> None:
    code, out, err = say("catalog", "diff", store / "c.db", 0, 1)
    assert (code, len(out)) == (0, 7)
    assert err == ["safehash: from run 0 to run 1: found 1, new 6"]
    code, out, err = say("catalog", "diff", store / "c.db", 1, 2)
    assert [line.partition(".png: ")[2].split("  ")[0] for line in out] == ["FOUND", "GONE"]
    assert err == ["safehash: from run 1 to run 2: found 1, gone 1"]
    told = [
        json.loads(line)
        for line in say("catalog", "diff", store / "c.db", 1, 2, "--json", "--full-hashes")[1]
    ]
    assert [(each["kind"], len(each.get("hash", ""))) for each in told] == [("found", 64), ("gone", 0)]
    told = [json.loads(line) for line in say("catalog", "diff", store / "c.db", 1, 2, "--json")[1]]
    assert [len(each.get("hash", "")) for each in told] == [8, 0]
    assert say("catalog", "diff", store / "c.db", 2, 3)[0] == 2


def test_likenesses_are_told_nearest_first(store: Path, say: Say) -> None:
    own = safehash.hash_file(store / "pictures" / "picture00002.png")
    near = f"{int(own.hex, 16) ^ 0b111:064x}"
    code, out, err = say("catalog", "similar", store / "c.db", near)
    (record,) = map(json.loads, out)
    assert (code, err) == (1, ["safehash: 1 files within 31 bits"])
    assert (record["distance"], record["view"], record["outcome"], record["hash"]) == (
        3,
        "as it is",
        "no_match",
        own.hex[:8],
    )
    negative = f"{int(near, 16) ^ (1 << 256) - 1:064x}"
    code, out, err = say("catalog", "similar", store / "c.db", negative, "--full-hashes")
    assert (json.loads(out[0])["view"], json.loads(out[0])["hash"]) == ("negative", own.hex)
    assert say("catalog", "similar", store / "c.db", near, "--max-distance", 2) == (
        0,
        [],
        ["safehash: 0 files within 2 bits"],
    )
    code, out, err = say("catalog", "similar", store / "c.db", "5a" * 16, "-a", "md5")
    assert (code, out) == (0, []) and err[0].startswith("safehash: md5: looked up in 0 of 5 files alone")
    assert err[1] == "safehash: 0 files within 0 bits"


def test_of_several_that_are_alike_the_nearest_comes_first(store: Path, say: Say, tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    for number, name in enumerate(("c.png", "a.png", "b.png")):
        write_picture(tmp_path / "p" / name, number)
    matcher = Matcher.from_files(store / "own.csv")
    with Catalog(tmp_path / "c.db") as catalog:
        list(scan(tmp_path / "p", matcher=matcher, options=ScanOptions(workers=0), catalog=catalog))
    own = safehash.hash_file(tmp_path / "p" / "b.png").hex
    code, out, _ = say("catalog", "similar", tmp_path / "c.db", own, "--max-distance", 256)
    found = [json.loads(line) for line in out]
    assert (code, len(found), Path(found[0]["path"]).name) == (1, 3, "b.png")
    distances = [each["distance"] for each in found]
    assert distances == sorted(distances) and distances[0] == 0 < distances[1]


def test_a_store_that_moved_is_counted(
    store: Path, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for moved, known, said in (
        (7, 0, "7 files relocated"),
        (7, 3, "7 files relocated; 3 of them were known there already"),
    ):
        monkeypatch.setattr(Catalog, "relocate", lambda *_, n=(moved, known): n)
        assert say("catalog", "relocate", store / "c.db", "old", tmp_path) == (0, [], [f"safehash: {said}"])


def test_an_export_holds_what_was_asked_for(store: Path, say: Say, tmp_path: Path) -> None:
    def told(*words: str) -> list[dict[str, Any]]:
        assert say("catalog", "export", store / "c.db", "-o", tmp_path / "out", *words)[0] == 0
        return [json.loads(line) for line in (tmp_path / "out").read_text().splitlines()]

    assert [each["outcome"] for each in told()] == [
        "match",
        "match",
        "no_match",
        "no_match",
        "no_match",
        "unsupported",
    ]
    assert [Path(each["path"]).stem for each in told("--matches-only")] == ["picture00000", "picture00001"]
    assert [len(each["hash"]) for each in told("--matches-only", "--full-hashes")] == [64, 64]
    assert say("catalog", "export", store / "c.db", "-o", tmp_path / "out.csv", "--format", "csv")[0] == 0
    assert (tmp_path / "out.csv").read_text().startswith("type,path,")


def test_what_no_picture_could_be_made_of_is_said(
    store: Path, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("safehash.reports.report.report", lambda *_, **__: ["one\x1b[2J", "two"])
    assert say("report", store / "c.db", "-o", tmp_path / "r.html", "--thumbnails")[2] == [
        "safehash: one\\x1b[2J", "safehash: two",
    ]  # fmt: skip


def test_what_is_confirmed_is_a_vote_for_its_own_entry() -> None:
    """An affirmative one: what has no id, or no digest that we know, cannot be voted on."""
    confirmed = [
        safehash.Entry(hash=safehash.Hash("pdq", bytes(range(32))), source="a", id="7"),
        safehash.Entry(hash=safehash.Hash("md5", bytes(range(16))), source="b", id="8"),
        safehash.Entry(hash=safehash.Hash("sha1", bytes(range(20))), source="c"),
        safehash.Entry(hash=safehash.ForeignHash(algorithm="photodna", value="00"), source="d", id="9"),
    ]
    asked: list[str] = []

    def found(*, owner: str) -> list[safehash.Entry]:
        asked.append(owner)
        return confirmed

    catalog = SimpleNamespace(confirmed=found)
    assert list(_votes(catalog, "threatexchange")) == [
        {"list": "a", "id": "7", "reactions": "HELPFUL"}, {"list": "b", "id": "8", "reactions": "HELPFUL"},
    ]  # fmt: skip
    assert list(_votes(catalog, "ncmec")) == [
        {"list": "a", "id": "7", "fingerprintType": "PDQ", "feedback": "affirmative"},
        {"list": "b", "id": "8", "fingerprintType": "MD5", "feedback": "affirmative"},
    ]
    assert asked == ["", ""]
