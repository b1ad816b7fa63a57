"""What a scan sums up, and what a person reads of it: each number another, counted by hand."""

from __future__ import annotations

import re
from typing import Any

import pytest

from safehash import Entry, Hash, Outcome
from safehash.cli import show
from safehash.cli.show import Show, summary_lines
from safehash.images.pictures import Provenance
from safehash.matching.decision import Audit, Decision, ListInfo, Match, NearMiss
from safehash.scanning.records import Known, Problem, ScanEvent, ScanRecord, Skipped, Summary

AUDIT = Audit(
    version="9.8.7", algorithm="pdq,md5", effort="thorough", thresholds=(("pdq", 21),), min_quality=37,
    lists=(ListInfo(name="own", snapshot="5a" * 32, loaded="2026-01-02", n_entries=71),
           ListInfo(name="one", snapshot="6b" * 32, loaded="2026-01-03", n_entries=1)),
    list_thresholds=(("own", "pdq", 19),), allow_distance=15, allow_ids=("x",), n_pairs=4, low_quality_distance=5,
    min_evidence=-2.5, list_evidence=(("one", 1.5),),
)  # fmt: skip


def match(
    source: str, labels: tuple[str, ...], by: str | None = None, name: str = "b-1", distance: int = 7
) -> Match:
    entry = Entry(hash=Hash.from_hex("pdq", "5a" * 32), source=source, labels=labels, id=name)
    return Match(entry=entry, distance=distance, view="mirrored", suppressed_by=by)


def miss(gate: str) -> NearMiss:
    entry = Entry(hash=Hash.from_hex("pdq", "5a" * 32), source="own")
    return NearMiss(entry=entry, distance=9, view="as it is", gate=gate, reason="no")


def cut(truncated: bool) -> Provenance:
    return Provenance(format="JPEG", mode="RGB", width=9, height=8, truncated=truncated)


def record(outcome: Outcome, path: str = "a.jpg", **more: Any) -> ScanRecord:
    of_record = {
        name: more.pop(name) for name in ("n_bytes", "size", "failure", "member", "position") if name in more
    }
    decision = Decision(outcome=outcome, audit=AUDIT, decided="2026-01-04T00:00:00", **more)
    return ScanRecord(path=path, decision=decision, **of_record)


def known(outcome: str, matches: list[dict[str, Any]] | None = None, **more: Any) -> Known:
    return Known(path="k.jpg", facts={"outcome": outcome, "reason": None, "matches": matches or [], **more})


def told(source: str, labels: list[str], by: str | None = None) -> dict[str, Any]:
    return {"list": source, "labels": labels, "suppressed_by": by}


EVENTS: list[ScanEvent] = [
    # Two matches of one list and label are one file of each; a cancelled one beside them counts for neither.
    record(Outcome.MATCH, n_bytes=1000, size=9, refused=(miss("pixels"),),
           matches=(match("own", ("cut", "burn")), match("own", ("cut",)), match("one", ("rope",), "review"))),
    record(Outcome.MATCH, n_bytes=200, size=9, matches=(match("one", ("cut",)),)),
    record(Outcome.SUPPRESSED, matches=(match("own", ("cut",), "review"), match("one", (), "review"))),
    record(Outcome.SUPPRESSED, reason="cannot be decoded: x", matches=(match("own", (), "harmless"),)),
    record(Outcome.NO_MATCH, n_bytes=30, refused=(miss("detail"), miss("faint"))),
    record(Outcome.NO_MATCH, provenance=cut(True)),
    record(Outcome.NO_MATCH, failure="changed"),
    record(Outcome.NO_MATCH, provenance=cut(False)),
    record(Outcome.LOW_QUALITY),
    record(Outcome.UNREADABLE, reason="damaged: at byte 7", n_bytes=4),
    record(Outcome.UNREADABLE, reason="damaged (JPEG)"),
    record(Outcome.TOO_LARGE, reason="9 bytes, the limit is 8"),
    record(Outcome.UNSUPPORTED, reason="w" * 99),
    known("match", [told("own", ["cut", "ash"]), told("own", ["cut"]), told("one", ["rope"], "review")]),
    known("match", [told("one", [])], refused=[{"gate": "pixels"}]),
    known("suppressed", [told("own", ["ash"], "review")]),
    known("no_match", decode={"truncated": True}, refused=[{"gate": "faint"}, {"gate": "detail"}]),
    Known(path="u.jpg", facts={"outcome": "unreadable", "reason": "damaged: at byte 9", "matches": []}),
    *[Skipped(path="s", reason="not an image")] * 4, Skipped(path="s", reason="hidden"),
    Problem(path="p", reason="unreadable folder: Permission denied"), Problem(path="q", reason="unreadable folder: x"),
    Problem(path="r", reason="damaged archive: y"),
]  # fmt: skip


@pytest.fixture
def summary() -> Summary:
    made = Summary(audit=AUDIT, notes=("a note",), n_pairs=6, n_gone=17, seconds=2.5)
    for each in EVENTS:
        made.add(each)
    return made


def test_every_event_is_counted_where_it_belongs(summary: Summary) -> None:
    found = summary.to_record()
    assert {name: found[name] for name in ("files", "unchanged", "bytes", "seconds", "gone", "interrupted")} == {
        "files": 18, "unchanged": 5, "bytes": 1234, "seconds": 2.5, "gone": 17, "interrupted": False,
    }  # fmt: skip
    assert found["outcomes"] == {
        "match": 4, "suppressed": 3, "no_match": 5, "low_quality": 1, "unreadable": 3, "too_large": 1, "unsupported": 1,
    }  # fmt: skip
    assert next(iter(found["outcomes"])) == "no_match"
    assert found["skipped"] == {"not an image": 4, "hidden": 1}
    assert found["problems"] == {"unreadable folder": 2, "damaged archive": 1}
    assert found["reasons"] == {"damaged": 3, "too large": 1, "w" * 60: 1}
    assert found["caveats"] == {"looked at in part": 1, "cut off": 2, "changed meanwhile": 1}
    assert found["refused"] == {"detail": 1, "faint": 1}
    assert found["matched_lists"] == {"own": 2, "one": 2}
    assert found["matched_labels"] == {"cut": 3, "burn": 1, "ash": 1}
    assert found["review"] == {"pairs": 6, "files": 4}
    assert (summary.n_matched, summary.n_undecided) == (4, 8)


def test_a_summary_says_by_what_it_was_decided(summary: Summary) -> None:
    found = summary.to_record()
    assert found["lists"] == [
        {"name": "own", "snapshot": "5a" * 32, "loaded": "2026-01-02", "entries": 71},
        {"name": "one", "snapshot": "6b" * 32, "loaded": "2026-01-03", "entries": 1},
    ]
    names = (
        "algorithm",
        "effort",
        "thresholds",
        "min_quality",
        "low_quality_distance",
        "min_evidence",
        "version",
    )
    assert [found[name] for name in names] == ["pdq,md5", "thorough", {"pdq": 21}, 37, 5, -2.5, "9.8.7"]
    assert (found["list_thresholds"], found["list_evidence"]) == ([["own", "pdq", 19]], [["one", 1.5]])
    assert (found["allow_distance"], found["allow_ids"], found["notes"]) == (15, ["x"], ["a note"])


def lines_of(summary: Summary, capsys: pytest.CaptureFixture[str], **more: Any) -> list[tuple[str, str]]:
    """Return what a person reads of a summary, by what stands in front."""
    summary_lines(summary, **more)
    head, *lines = capsys.readouterr().err.splitlines()
    assert head.strip("-") == "safehash summary"
    return [
        (found[1].strip(), found[2])
        for found in (re.match(r"(.*?)\s{2,}(\S.*)", line.lstrip()) for line in lines)
        if found
    ]


def test_a_person_reads_every_number(summary: Summary, capsys: pytest.CaptureFixture[str]) -> None:
    lines = lines_of(summary, capsys, notes=["a note"], catalog="c.db")
    assert lines[0] == ("files", "18 (5 unchanged since an earlier scan)")
    assert lines[1:8] == [
        ("no match", "5 (28 %)"), ("match", "4 (22 %)"), ("suppressed", "3 (17 %)"), ("unreadable", "3 (17 %)"),
        ("low quality", "1 (5.6 %)"), ("too large", "1 (5.6 %)"), ("unsupported", "1 (5.6 %)"),
    ]  # fmt: skip
    assert lines[8:-5] == [
        ("reviewed", "4 files have matches cancelled by reviewers"),
        ("gone", "17 known from earlier scans are no longer there"),
        ("matched list", "own: 2"), ("matched list", "one: 2"),
        ("matched label", "cut: 3"), ("matched label", "burn: 1"), ("matched label", "ash: 1"),
        ("left aside", "not an image: 4"), ("left aside", "hidden: 1"),
        ("could not look into", "unreadable folder: 2"), ("could not look into", "damaged archive: 1"),
        ("undecided", "damaged: 3"), ("undecided", "too large: 1"), ("undecided", f"{'w' * 60}: 1"),
        ("decided in part", "cut off: 2"), ("decided in part", "looked at in part: 1"),
        ("decided in part", "changed meanwhile: 1"),
        ("kept by a gate", "detail: 1"), ("kept by a gate", "faint: 1"),
        ("list", "own: 71 entries, snapshot 5a5a5a5a"), ("list", "one: 1 entry, snapshot 6b6b6b6b"),
        ("note", "a note"),
        ("time", "2.5 s, 5 files/s, 0.0 MB/s"),
    ]  # fmt: skip
    assert [name for name, _ in lines[-5:]] == ["next"] * 5
    steps = [step for _, step in lines[-5:]]
    assert steps[0].startswith("look at the matches: safehash report c.db -o report.html")
    assert steps[1].startswith("8 could not be decided and may hold anything")
    assert [step.split(":")[0] for step in steps[2:]] == [
        "2 files cut off", "1 file changed while they were read",
        "1 file could be looked at in part only, and what matched there is cancelled",
    ]  # fmt: skip


def test_a_person_reads_only_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    one = Summary(
        audit=AUDIT, seconds=4.0, n_files=1000, n_unchanged=999, n_bytes=6_000_000, n_gone=1, n_reviewed=1
    )
    one.outcomes.update(no_match=997, match=3)
    one.skipped.update({f"reason {number}": 1 for number in range(23)})
    lines = lines_of(one, capsys)
    assert lines[1:3] == [("no match", "997 (100 %)"), ("match", "3 (0.3 %)")]
    assert ("reviewed", "1 file has a match cancelled by reviewers") in lines
    assert ("gone", "1 known from earlier scans are no longer there") in lines
    aside = [said for name, said in lines if name == "left aside"]
    assert len(aside) == 21 and aside[-1] == "and 3 more kinds"
    steps = ("next", "keep what is found for a report and later lists: --catalog FILE")
    assert lines[-2:] == [("time", "4.0 s, 0 files/s, 1.5 MB/s"), steps]
    one.interrupted, one.n_unchanged = True, 1000
    lines = lines_of(one, capsys)
    assert [said for name, said in lines if name == "time"] == ["4.0 s"]
    assert dict(reversed(lines))["next"].startswith("not all files were seen")


class Lines:
    """A stream that keeps what is written."""

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> None:
        self.text += text


def shown(events: list[Any]) -> list[str]:
    stream: Any = Lines()
    show_ = Show(stream)
    for each in events:
        show_.event(each)
    show_.finish()
    return str(stream.text).splitlines()


def test_a_line_a_match_and_what_is_open_at_the_end() -> None:
    lines = shown(
        [
            record(Outcome.UNREADABLE, "u.jpg", reason="damaged"),
            record(Outcome.MATCH, "m.zip", member="x.jpg", position=1, matches=(
                match("own", ("cut", "burn"), distance=1), match("one", (), "review", name="z"))),
            record(Outcome.NO_MATCH, "c.jpg", provenance=cut(True)),
            record(Outcome.LOW_QUALITY, "l.jpg"),
            Problem(path="p", reason="damaged archive"),
            Skipped(path="s", reason="hidden"),
        ]
    )  # fmt: skip
    assert lines == [
        "m.zip › x.jpg: MATCH  cut, burn  own #b-1  1 bit  mirrored",
        "m.zip › x.jpg: SUPPRESSED  positive  one #z  7 bits  mirrored  by review",
        "u.jpg: UNREADABLE  damaged",
        "c.jpg: CUT OFF  the end is missing, and only what is there was looked at",
        "p: PROBLEM  damaged archive",
    ]


def test_a_match_with_an_older_version_of_its_list_is_said_to_be_stale() -> None:
    facts = {**record(Outcome.MATCH, "m.jpg", matches=(match("own", ("cut",)),)).to_record()}
    (one,) = facts.pop("matches")
    facts = {name: value for name, value in facts.items() if name not in ("type", "suggestion")}
    assert shown(
        [Known(path="m.jpg", facts={**facts, "matches": [{**one, "stale": True, "suppressed_by": None}]})]
    ) == ["m.jpg: MATCH  cut  own #b-1  7 bits  mirrored  stale"]


def test_of_many_that_are_open_the_first_are_shown_and_the_others_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(show, "_MOST_UNDECIDED", 2)
    lines = shown([record(Outcome.UNREADABLE, f"{at}.jpg", reason="x") for at in range(5)])
    assert lines == [
        "0.jpg: UNREADABLE  x", "1.jpg: UNREADABLE  x",
        "and 3 more that could not be decided as a whole: the records (-o) have all of them",
    ]  # fmt: skip
