"""What is left out, what differs, what stands twice and how old it is: each number another, counted by hand."""

from __future__ import annotations

import csv
import io
from dataclasses import fields, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from safehash import Entry, Hash, Policy, lists
from safehash.errors import ListError
from safehash.lists.comparing import diff_lists, list_stats, near_duplicates, repeats_of
from safehash.lists.entry import Opinion
from safehash.lists.formats.jsonl import write_list
from safehash.lists.formats.paging import note_paging
from safehash.lists.formats.tally import Tally
from safehash.lists.formats.writing import csv_line, write_csv
from safehash.lists.loading import load_list, loaded_of
from safehash.lists.opinions import join_categories, unite_opinions
from safehash.lists.policy import ListPolicy
from safehash.lists.selecting import select, staleness

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
CHANCE = np.random.default_rng(5)


def days_ago(days: float) -> str:
    return (NOW - timedelta(days=days)).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def pdq(**more: Any) -> Hash:
    """Return another digest of 128 ones."""
    bits = CHANCE.permutation(np.repeat([0, 1], 128).astype(np.uint8))
    return Hash("pdq", np.packbits(bits).tobytes(), **more)


def md5() -> Hash:
    return Hash("md5", CHANCE.bytes(16))


def test_what_a_policy_leaves_out_is_counted_over_all_kinds_of_hashes() -> None:
    """Of each reason some PDQ, some MD5: 2 and 3 of a category, 1 and 4 of a label, 2 and 1 too old, 3 and 1 odd."""
    entries = [
        Entry(hash=pdq(), id="kept"),
        Entry(hash=md5(), id="kept too"),
        Entry(hash=pdq(quality=50), id="50"),
    ]
    entries += [Entry(hash=each(), category="negative") for each, n in ((pdq, 2), (md5, 3)) for _ in range(n)]
    entries += [
        Entry(hash=each(), labels=("news", "b")) for each, n in ((pdq, 1), (md5, 4)) for _ in range(n)
    ]
    old: dict[str, Any] = {"created": days_ago(99), "updated": days_ago(10.5)}
    entries += [Entry(hash=each(), **old) for each, n in ((pdq, 2), (md5, 1)) for _ in range(n)]
    entries.append(Entry(hash=pdq(), created=days_ago(99), updated=days_ago(9.5), id="young"))
    entries += [Entry(hash=Hash("pdq", bytes([at]) * 32)) for at in (0, 1, 255)]
    entries.append(Entry(hash=Hash("md5", bytes(16))))
    entries += [Entry(hash=pdq(quality=49)) for _ in range(6)]
    policy = Policy(exclude_labels=["news"], max_age_days=10)
    found = select(policy, loaded_of("own", entries), now=NOW)
    assert dict(found.left_out) == {
        "category negative": 5, "with an excluded label": 5, "too old": 3, "suspicious": 4, "low quality": 6,
    }  # fmt: skip
    kept = loaded_of("own", entries).table
    assert sorted(str(kept[int(row)].id) for row in found.rows) == ["50", "kept", "kept too", "young"]


def test_a_policy_says_why_one_entry_is_left_out() -> None:
    """By its update, where it has one; by the very reasons that are counted."""
    policy = Policy(max_age_days=10)
    for entry, reason in (
        (Entry(hash=pdq(), created=days_ago(99), updated=days_ago(9)), None),
        (Entry(hash=pdq(), created=days_ago(9), updated=days_ago(11)), "too old"),
        (Entry(hash=pdq(), created=days_ago(11)), "too old"), (Entry(hash=pdq(quality=49)), "low quality"),
        (Entry(hash=pdq(), category="disputed"), None), (Entry(hash=None, id="x", deleted=True), "deleted"),
    ):  # fmt: skip
        assert policy.reason_against(entry, now=NOW) == reason


def test_of_a_list_of_its_own_policy_the_rest_is_the_general_ones() -> None:
    general = Policy(
        max_distance={"pdq": 20}, min_quality=37, low_quality_distance=5, min_evidence=-3.5, categories=["seed"],
        include_labels=["a"], exclude_labels=["b"], include_suspicious=True, max_age_days=9, refresh_days=8,
        require_fresh=True, per_list={"own": ListPolicy(min_quality=38)},
    )  # fmt: skip
    told, own = general.describe(), general.of_list("own").describe()
    assert (told.pop("min_quality"), own.pop("min_quality")) == (37, 38)
    assert (told.pop("per_list"), own.pop("per_list")) == (["own"], [])
    assert own == told
    assert (told["low_quality_distance"], told["min_evidence"], told["max_age_days"]) == (5, -3.5, 9)
    assert general.of_list("own").refresh_days == 8


def test_what_a_list_s_own_policy_says_is_what_holds_for_it() -> None:
    """Each of them, one by one, and of the distances those that it names."""
    general = Policy(
        max_distance={"pdq": 20, "phash": 7}, min_quality=37, min_evidence=-3.5, categories=["seed"],
        include_labels=["a"], exclude_labels=["b"], include_suspicious=True, max_age_days=9, require_fresh=True,
    )  # fmt: skip
    own: dict[str, Any] = {
        "max_distance": {"pdq": 18}, "min_quality": 0, "min_evidence": 0.0, "categories": ("positive",),
        "include_labels": frozenset({"c"}), "exclude_labels": frozenset(), "include_suspicious": False,
        "max_age_days": 4.5, "require_fresh": False,
    }  # fmt: skip
    assert own.keys() == {each.name for each in fields(ListPolicy)}
    for name, value in own.items():
        held = replace(general, per_list={"own": ListPolicy(**{name: value})}).of_list("own")
        told = {**general.max_distance, "pdq": 18} if name == "max_distance" else value
        assert getattr(held, name) == told, name
        assert {other for other in own if getattr(held, other) != getattr(general, other)} == {name}


def test_days_are_at_most_a_hundred_years() -> None:
    assert Policy(max_age_days=36_525, refresh_days=36_525).refresh_days == 36_525
    for name in ("max_age_days", "refresh_days"):
        for days in (0, 36_525.5, float("nan")):
            with pytest.raises(ValueError, match=f"{name} is more than 0 days and at most 36525"):
                Policy(**{name: days})  # type: ignore[arg-type]


def test_a_list_is_stale_after_its_days_or_those_that_are_asked_for(tmp_path: Path) -> None:
    write_list(tmp_path / "own.jsonl", [Entry(hash=pdq(), updated=days_ago(7))])
    report = load_list(tmp_path / "own.jsonl", now=NOW).report
    assert staleness(report, now=NOW) is None, "its format has no rule"
    assert staleness(report, now=NOW, refresh_days=7) is None
    said = staleness(report, now=NOW + timedelta(seconds=1), refresh_days=7)
    assert said == "stale: its newest record is 7 days old, and it should be refreshed within 7 days"
    loaded = load_list(tmp_path / "own.jsonl", now=NOW)
    assert len(select(Policy(require_fresh=True), loaded, now=NOW).rows) == 1
    with pytest.raises(
        ListError,
        match=r"stale: its newest record is 7 days old, and it should be refreshed within 6\.5 days",
    ):
        select(Policy(require_fresh=True, refresh_days=6.5), loaded, now=NOW)


# -- what is in a list --------------------------------------------------------------------------------------


def test_ages_labels_and_odd_digests_are_counted() -> None:
    ages = (0, 30.9, 31, 90.5, 91, 365, 366, 1095, 1096)
    entries = [Entry(hash=pdq(), updated=days_ago(each), created=days_ago(2000)) for each in ages]
    entries.append(Entry(hash=md5(), created=days_ago(40), labels=("a", "b"), category="seed"))
    entries += [Entry(hash=Hash("pdq", bytes([at]) * 32), labels=("a",)) for at in (0, 1, 3)]
    stats = list_stats(loaded_of("own", entries).table, now=NOW)
    assert (stats.n_entries, stats.algorithms, stats.categories) == (
        13, {"pdq": 12, "md5": 1}, {"positive": 12, "seed": 1},
    )  # fmt: skip
    assert stats.labels == {"(none)": 9, "a": 4, "b": 1}
    assert stats.ages == {
        "up to 30 days": 2, "up to 90 days": 3, "up to 365 days": 2, "up to 1095 days": 2, "over 1095 days": 1,
        "no date": 3,
    }  # fmt: skip
    assert stats.suspicious == {"all zeros": 1, "32 ones": 1, "64 ones": 1}


def test_likenesses_are_groups_the_largest_first() -> None:
    def near(value: Hash, n_bits: int) -> bytes:
        return (int(value.hex, 16) ^ ((1 << n_bits) - 1)).to_bytes(32, "big")

    one, other, alone = pdq(), pdq(), pdq()
    digests = [one.digest, near(one, 31), alone.digest, other.digest, near(other, 20), near(other, 40)]
    rows = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
    assert near_duplicates(rows, max_distance=31) == (3, 2)
    assert near_duplicates(rows, max_distance=30) == (3,)
    assert list_stats(
        loaded_of("own", [Entry(hash=Hash("pdq", each)) for each in digests]).table
    ).clusters == (3, 2)


def test_what_stands_twice_is_counted() -> None:
    """Of two digests one has two ids, the other three; two ids have two digests of a kind, one of them with an MD5."""
    one, other = pdq(), pdq()
    rows = [(one, "a"), (one, "b"), (other, "c"), (other, "d"), (other, "e"), (pdq(), "a"), (pdq(), "f"), (md5(), "f"),
            (pdq(), "c"), (pdq(), "c")]  # fmt: skip
    found = repeats_of(loaded_of("own", [Entry(hash=each, id=name) for each, name in rows]).table)
    assert (found.n_digests, found.n_entries, found.n_ids) == (2, 5, 2)


OPINION = Opinion(owner="42", category="positive")


@pytest.mark.parametrize(
    "change",
    [
        {"severity": "B"},
        {"created": "2026-01-02T00:00:00Z"},
        {"updated": "2026-01-03T00:00:00Z"},
        {"owners": (OPINION,)},
        {"category": "seed"},
        {"extra": {"x": 2}},
    ],
    ids=str,
)
def test_whatever_differs_is_a_change(change: dict[str, Any]) -> None:
    common: dict[str, Any] = {
        "id": "a",
        "severity": "A",
        "created": "2026-01-01T00:00:00Z",
        "extra": {"x": 1},
    }
    value = pdq()
    before, after = Entry(hash=value, **common), Entry(hash=value, **{**common, **change})
    found = diff_lists([before], [after])
    assert (found.changed, found.relabelled, found.n_same) == (((before, after),), (), 0)
    labelled = Entry(hash=value, **{**common, **change, "labels": ("a",)})
    assert diff_lists([before], [labelled]).relabelled == ((before, labelled),)
    assert diff_lists([before], [before]).n_same == 1


def test_a_digest_that_became_known_as_flat_is_a_change() -> None:
    value = pdq()
    before, after = Entry(hash=value, id="a"), Entry(hash=Hash("pdq", value.digest, quality=7), id="a")
    assert len(diff_lists([before], [after]).changed) == 1


# -- opinions, and lists united -----------------------------------------------------------------------------

JOINED = {
    ("positive", "seed"): "positive", ("positive", "negative"): "disputed", ("seed", "negative"): "disputed",
    ("disputed", "seed"): "disputed", ("disputed", "positive"): "disputed", ("negative", "disputed"): "disputed",
}  # fmt: skip


def test_two_categories_make_one() -> None:
    for (one, other), both in JOINED.items():
        assert join_categories(one, other) == join_categories(other, one) == both
        assert (join_categories(one, one), join_categories(other, other)) == (one, other)
    said = [Opinion(owner="b", category="seed", labels=("x",), reasons=("r",), name="N"),
            Opinion(owner="a", category="positive"),
            Opinion(owner="b", category="negative", labels=("w",), reasons=("q",), name="M")]  # fmt: skip
    assert unite_opinions(said) == (
        said[1], Opinion(owner="b", category="disputed", labels=("w", "x"), reasons=("q", "r"), name="M"),
    )  # fmt: skip


def test_a_united_entry_has_what_all_say() -> None:
    value = pdq(quality=60)
    one = Entry(
        hash=Hash("pdq", value.digest), source="b", id="1", created="2026-01-02T00:00:00Z", severity="A"
    )
    two = Entry(
        hash=value,
        source="a",
        id="2",
        created="2026-01-01T00:00:00Z",
        updated="2026-01-05T00:00:00Z",
        severity="B",
    )
    (united,) = lists.unite_digests([one, two])
    assert isinstance(united.hash, Hash)
    assert (united.source, united.id, united.hash.quality, united.severity) == ("a + b", None, 60, "A / B")
    assert (united.created, united.updated) == ("2026-01-01T00:00:00Z", "2026-01-05T00:00:00Z")
    assert [(each["source"], each["id"]) for each in united.extra["united"]] == [("a", "2"), ("b", "1")]


def test_a_list_as_csv_says_what_it_can(tmp_path: Path) -> None:
    value = pdq(quality=7)
    when: dict[str, Any] = {"created": days_ago(2), "updated": days_ago(1)}
    entries = [
        Entry(hash=value, id="a", labels=("x", "y"), severity="s", category="seed", **when),
        Entry(hash=None, id="b", deleted=True),
    ]
    assert write_csv(tmp_path / "own.csv", entries) == 2
    assert (tmp_path / "own.csv").read_text().splitlines()[1:] == [
        f"pdq,{value.hex},7,a,seed,x;y,s,{days_ago(2)},{days_ago(1)},", ",,,b,positive,,,,,true",
    ]  # fmt: skip


@pytest.mark.parametrize("inside", ["\r", "\n", "\r\n", ",", '"'])
def test_what_a_cell_holds_begins_no_line(inside: str) -> None:
    """A carriage return stood bare: what followed it in the name of an uploaded file was a record of its own."""
    cells = ["decision", f"a.jpg{inside}=b.jpg", "match"]
    line = csv_line(cells)
    assert line.endswith("\n")
    assert not line.endswith("\r\n")
    assert list(csv.reader(io.StringIO(line, newline=""))) == [cells]


# -- pages that promise more --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "promising", "last", "promised"),
    [
        ({"page": 2, "totalPages": 3}, 1, 0, 0), ({"page": 3, "totalPages": 3}, 0, 1, 0),
        ({"meta": {"paging": {"info": {"next": "u", "total": 7}}}}, 1, 0, 7),
        ({"a": {"b": {"c": {"d": {"next": "u", "total": 7}}}}}, 0, 0, 0),
        ({"total": 40, "count": 20}, 0, 0, 40), ({"count": "20", "total": {"value": 41, "relation": "eq"}}, 0, 0, 41),
        ({"total": 7, "count": 9}, 0, 0, 9),
        ({"metadata": {"remainingItemCount": 4}}, 1, 0, 0), ({"metadata": {"remainingItemCount": 0}}, 0, 1, 0),
        ({"exceededTransferLimit": True}, 1, 0, 0), ({"LastEvaluatedKey": {"id": 1}}, 1, 0, 0),
        ({"complete": False}, 1, 0, 0), ({"last": "true"}, 0, 1, 0), ({"continue": ""}, 0, 1, 0),
    ],
)  # fmt: skip
def test_what_a_page_promises(fields: dict[str, Any], promising: int, last: int, promised: int) -> None:
    tally = Tally("own", "own")
    note_paging(fields, tally)
    assert (tally.n_promising, tally.n_last, tally.n_promised) == (promising, last, promised)
    assert tally.cuts == []


@pytest.mark.parametrize(
    "fields",
    [{"_shards": {"total": 3, "failed": 1}}, {"timed_out": True, "errors": ["x"]}, {"success": False}, {"ok": "no"},
     {"errorMessage": "x"}],
)  # fmt: skip
def test_a_page_that_is_not_whole_says_so(fields: dict[str, Any]) -> None:
    tally = Tally("own", "own")
    note_paging(fields, tally)
    assert len(tally.cuts) == 1


def test_what_is_suspicious_is_not_degenerate_besides() -> None:
    """Of three regular digests two have 128 ones: those match a regular upload alone; the third matches nothing."""
    regular = [Hash("pdq", bytes([byte]) * 32) for byte in (0x00, 0x0F, 0x55)]
    stats = list_stats(
        loaded_of("own", [Entry(hash=each) for each in (*regular, *(pdq() for _ in range(4)))]).table
    )
    assert (stats.degenerate, stats.suspicious) == (2, {"all zeros": 1})


def test_all_that_an_entry_says_is_read_as_it_was_written(tmp_path: Path) -> None:
    said = (
        Opinion(owner="42", category="negative", labels=("w",), reasons=("q",), name="a name"),
        Opinion(owner="43", category="seed"),
    )
    entry = Entry(
        hash=pdq(quality=61), id="i", labels=("x", "y"), severity="s", category="disputed", owners=said,
        created=days_ago(3), updated=days_ago(2), extra={"k": [1, "v"]}, source="own",
    )  # fmt: skip
    write_list(tmp_path / "own.jsonl", [entry])
    (read,) = [each for each in load_list(tmp_path / "own.jsonl", now=NOW).table if each is not None]
    assert read == entry
