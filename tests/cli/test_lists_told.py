"""What `safehash lists` says of lists: each number another, so that none stands where another belongs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import safehash
from safehash.cli import list_check, main
from safehash.cli import lists as commands
from safehash.lists.comparing import ListDiff, ListStats
from safehash.lists.formats.jsonl import write_list
from safehash.lists.report import ListReport, Reject

Say = Callable[..., tuple[int, list[list[str]]]]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """Return what runs a line, and says how it ended and what cells each line that it printed has."""

    def said(*words: object) -> tuple[int, list[list[str]]]:
        capsys.readouterr()
        code = main([str(word) for word in words])
        return code, [re.split(r"\s{2,}", line.strip()) for line in capsys.readouterr().out.splitlines()]

    return said


def entry(at: int, **more: Any) -> safehash.Entry:
    return safehash.Entry(hash=safehash.Hash("pdq", bytes([0x0F] * 31 + [at])), id=f"e{at}", **more)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    write_list(
        tmp_path / "own.jsonl", [entry(at, created="2026-01-02T00:00:00Z") for at in range(3)], name="theirs"
    )
    return tmp_path / "own.jsonl"


def test_stats(own: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """The 20 of each that there are most of, and of pictures that are alike how many lie in how many groups."""
    stats = ListStats(
        n_entries=101, algorithms={"pdq": 61, "md5": 40}, categories={"positive": 99, "seed": 2},
        labels={f"label{at}": 90 - at for at in range(21)}, ages={"no date": 101}, suspicious={"all zeros": 5},
        degenerate=7, clusters=(4, 3, 2),
    )  # fmt: skip
    monkeypatch.setattr(commands, "list_stats", lambda table, *, max_clustered: stats)
    code, told = say("lists", "stats", own)
    assert (code, told[0]) == (0, ["own: 101 entries"])
    assert told[-4:] == [
        ["last update", "no date", "101"], ["suspicious", "all zeros", "5"],
        ["degenerate", "rows or columns repeat each other", "7"], ["near-duplicates", "3 groups", "9"],
    ]  # fmt: skip
    assert [row[1:] for row in told if row[0] == "label"] == [
        [f"label{at}", str(90 - at)] for at in range(20)
    ]


def test_what_was_written_and_what_was_lost(
    own: Path, say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = ListReport(
        path="a",
        name="a",
        entries={"pdq": 8, "md5": 3},
        n_records=99,
        n_deletes=4,
        n_rejects=5,
        n_suspicious=6,
    )
    monkeypatch.setattr(commands, "remarks_on", lambda report, stale: [f"of {report.name}"])
    args = SimpleNamespace(json=False)
    printed: list[Any] = []
    monkeypatch.setattr(commands, "print_table", lambda header, rows: printed.append((header, [*rows])))
    commands._summarise([SimpleNamespace(report=report)], args, {"entries": 2, "output": "b"})  # type: ignore[list-item,arg-type]
    assert printed == [(("list", "entries", "deletes", "rejects"), [("a", "11", "4", "5")])]
    assert say("lists", "convert", own, "-o", tmp_path / "again.jsonl")[0] == 0
    assert json.loads((tmp_path / "again.jsonl").read_text().splitlines()[0])["name"] == "own"


def test_a_difference(own: Path, say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a hundred lines and one more a hundred are shown; each kind has its own sign and its own number."""
    labelled, other = entry(1, labels=("a",)), entry(1, severity="B")
    found = ListDiff(
        added=(entry(2),) * 88, removed=(entry(3),) * 3, relabelled=((entry(1), labelled),) * 4,
        changed=((entry(1), other),) * 6, n_same=7,
    )  # fmt: skip
    monkeypatch.setattr(commands, "diff_lists", lambda old, new: found)
    code, told = say("lists", "diff", own, own)
    assert (code, told[0]) == (0, ["added", "removed", "re-labelled", "changed", "same"])
    rows = [" ".join(row) for row in told if row[0][:1] in "+-~" and not row[0].startswith("--")]
    assert ["88", "3", "4", "6", "7"] in told
    assert [sum(row.startswith(sign) for row in rows) for sign in "+-"] == [88, 3]
    assert sum("no labels -> a" in row for row in rows) == 4
    assert len(rows) == 100 and told[-1] == ["and 1 more; --json prints all"]


def test_a_check_counts_what_stands_twice_and_what_is_left_out(
    tmp_path: Path, say: Say, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three digests on seven entries; an id of four digests; of nine entries six match."""
    rows = [
        ("1", "a"),
        ("1", "b"),
        ("2", "c"),
        ("2", "d"),
        ("3", "e"),
        ("3", "f"),
        ("3", "x"),
        ("4", "x"),
        ("5", "x"),
    ]
    entries = [
        safehash.Entry(
            hash=entry(int(at)).hash, id=name, category="negative" if name in "abc" else "positive"
        )
        for at, name in rows
    ]
    write_list(tmp_path / "own.jsonl", entries, name="own")
    code, told = say("lists", "check", tmp_path / "own.jsonl")
    text = [" ".join(row) for row in told]
    assert code == 0
    assert "own: 3 digests stand on several entries each, 7 in all" in text
    assert "own: 1 ids stand for several digests of one algorithm each" in text
    assert main(["lists", "check", "--json", str(tmp_path / "own.jsonl")]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["live"], record["matched"], record["left_out"]) == (9, 6, {"category negative": 3})
    assert (record["shared_digests"], record["shared_ids"]) == (3, 1)


def test_of_several_lists_the_worst_is_how_a_check_ends(own: Path, say: Say, tmp_path: Path) -> None:
    odd = tmp_path / "odd.jsonl"
    write_list(odd, [safehash.Entry(hash=safehash.Hash("pdq", bytes(32))), entry(3)], name="odd")

    ends = {}
    for names in (("own",), ("odd",), ("odd", "own"), ("gone", "own"), ("own", "gone", "odd")):
        paths = [{"own": own, "odd": odd, "gone": tmp_path / "gone.csv"}[name] for name in names]
        ends[names] = say("lists", "check", *paths)[0]
    assert ends == {
        ("own",): 0,
        ("odd",): 1,
        ("odd", "own"): 1,
        ("gone", "own"): 2,
        ("own", "gone", "odd"): 2,
    }


def test_a_row_and_remarks_have_each_number_in_its_place() -> None:
    report = ListReport(
        path="a", name="a", formats=("csv", "jsonl"), n_records=99, n_deletes=4, n_rejects=5, n_suspicious=6,
        rejects=(Reject(page="a", unit="line", position=3, reason="bad"),) * 2, notes=("note",),
    )  # fmt: skip
    row = list_check._row(report, None, {"too old": 3, "low quality": 2})
    assert row == ("a", "csv, jsonl", "refused", "3 too old, 2 low quality", "99", "4", "5", "6")
    assert list_check._row(report, None, {})[3] == "0"
    told = [*list_check.remarks_on(report, "stale")]
    assert told[:2] == ["a: stale", "a: note"] and told[-1] == "a: and 3 more rejects"
    assert sum("rejected" in line for line in told) == 2
