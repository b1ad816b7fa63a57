"""Loading in columns, policy, staleness and the flood guard."""

from __future__ import annotations

import dataclasses
import json
import logging
import threading
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from list_samples import BRIDGE, DATA, FIRST
from safehash import ListSource
from safehash.errors import ListError
from safehash.hashing.hashes import Algorithm, ForeignHash, Hash
from safehash.lists.entry import Entry
from safehash.lists.formats import read_list
from safehash.lists.formats.jsonl import entry_record, write_list
from safehash.lists.loading import LoadedList, load_list
from safehash.lists.merging import merge_lists
from safehash.lists.policy import ListPolicy, Policy
from safehash.lists.selecting import select, staleness
from safehash.matching.flood import FloodGuard
from safehash.matching.settings import FloodLimits

NOW = datetime(2025, 12, 1, tzinfo=timezone.utc)
rng = np.random.default_rng(7)


def states(entries: Any) -> list[str]:
    return sorted(json.dumps(entry_record(entry), sort_keys=True) for entry in entries)


def te_record(
    number: int, digest: str, *, deleted: bool = False, when: int = 1_763_800_000, **fields: Any
) -> dict[str, Any]:
    record: dict[str, Any] = {
        "id": str(number),
        "indicator": digest,
        "type": "HASH_PDQ",
        "last_updated": when,
        "should_delete": deleted,
    }
    if not deleted:
        record["descriptors"] = {
            "data": [
                {
                    "id": str(number + 1000),
                    "owner": {"id": str(number % 3), "name": "P"},
                    "status": "MALICIOUS",
                    "tags": ["a", "b"][: number % 3],
                    "added_on": "2026-10-02T09:30:00+0000",
                }
            ]
        }
    return record | fields


@pytest.mark.parametrize("path", sorted(p for p in DATA.iterdir() if p.suffix != ".md"), ids=lambda p: p.name)
def test_loading_is_merging(path: Path) -> None:
    loaded = load_list(ListSource(path, max_rejects=1, allow_cut=True))
    reader = read_list(ListSource(path, max_rejects=1, allow_cut=True))
    assert states(loaded.table) == states(merge_lists(reader))
    assert loaded.report == reader.report
    assert loaded.snapshot == reader.report.snapshot != ""


def test_loading_in_columns_is_merging(tmp_path: Path) -> None:
    """Plain records, odd ones, repetitions, updates and deletes of both, in one dump."""
    digests = [rng.bytes(32).hex() for _ in range(300)]
    records = [te_record(k, digest) for k, digest in enumerate(digests)]
    records += records[:50]
    records += [te_record(k, digests[k].upper(), deleted=True, when=1_763_900_000) for k in range(20, 40)]
    records += [te_record(k, digests[k], when=1_763_900_001, extra_field=[1]) for k in range(30, 60)]
    records += [te_record(k, digests[k], when=1_763_700_000) for k in range(60, 80)]
    records += [te_record(999, FIRST[:32], type="HASH_MD5")]
    records[100]["descriptors"]["data"][0]["reactions"] = [{"key": "DISAGREE_WITH_TAGS", "value": "9"}]
    path = tmp_path / "te.json"
    path.write_text(json.dumps({"data": records}))
    loaded = load_list(path)
    assert len(loaded) == 300 - 10 + 1
    assert states(loaded.table) == states(merge_lists(read_list(path)))
    # Plain records that are read by columns say the same as those read one by one.
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps({"data": [record | {"unknown": None} for record in records]}))
    slow = [dict(json.loads(text)) for text in states(merge_lists(read_list(ListSource(odd, name="te"))))]
    for record in slow:
        record["extra"].pop("unknown")
        if not record["extra"]:
            del record["extra"]
    assert [json.dumps(record, sort_keys=True) for record in slow] == states(loaded.table)


def test_csv_with_repetitions_loads_as_it_merges(tmp_path: Path) -> None:
    digests = [rng.bytes(32).hex() for _ in range(500)]
    lines = [f"{digest},{k % 101},f{k}.jpg" for k, digest in enumerate(digests)]
    lines += [f"{digests[7].upper()},90,again.jpg", f"{digests[8]},8,f8.jpg"]
    path = tmp_path / "list.csv"
    path.write_text("hash,quality,filename\n" + "\n".join(lines))
    loaded = load_list(path)
    assert states(loaded.table) == states(merge_lists(read_list(path)))
    (again,) = [e for e in loaded.table if "safehash:also" in e.extra]
    assert again.extra == {"filename": "again.jpg", "safehash:also": {"filename": ["f7.jpg"]}}


def loaded(tmp_path: Path, *entries: Entry) -> LoadedList:
    path = tmp_path / "own.jsonl"
    write_list(path, entries)
    return load_list(path)


def entry(digest: str = FIRST, algorithm: str = "pdq", quality: int | None = None, **fields: Any) -> Entry:
    return Entry(hash=Hash.from_hex(algorithm, digest, quality=quality), **{"source": "own", **fields})


ENTRIES = {
    "plain": entry(BRIDGE),
    "seed": entry("1" + FIRST[1:], category="seed"),
    "disputed": entry("2" + FIRST[1:], category="disputed"),
    "negative": entry("3" + FIRST[1:], category="negative"),
    "labelled": entry("4" + FIRST[1:], labels=("news", "x")),
    "flat": entry("5" + FIRST[1:], quality=49),
    "good": entry("6" + FIRST[1:], quality=50),
    "blank": entry("00" * 32),
    "md5": entry("9e107d9d372bb6826bd81d3542a419d6", "md5"),
    "empty file": entry("d41d8cd98f00b204e9800998ecf8427e", "md5"),
    "old": entry("7" + FIRST[1:], updated="2020-01-01T00:00:00Z"),
    "foreign": Entry(hash=ForeignHash("photodna", "AA=="), source="own"),
}


@pytest.mark.parametrize(
    ("policy", "left_out"),
    [
        (Policy(), {"negative", "flat", "blank", "empty file"}),
        (Policy(min_quality=0), {"negative", "blank", "empty file"}),
        (Policy(include_suspicious=True), {"negative", "flat"}),
        (Policy(categories=("positive",)), {"negative", "seed", "disputed", "flat", "blank", "empty file"}),
        (Policy(exclude_labels=frozenset({"news"})), {"negative", "flat", "blank", "empty file", "labelled"}),
        (Policy(include_labels=frozenset({"x", "y"})), set(ENTRIES) - {"labelled"}),
        (Policy(max_age_days=365), {"negative", "flat", "blank", "empty file", "old"}),
        (Policy(per_list={"own": ListPolicy(categories=("negative",))}), set(ENTRIES) - {"negative"}),
        # What is said of one list is said of no other.
        (Policy(per_list={"other": ListPolicy(min_quality=0)}), {"negative", "flat", "blank", "empty file"}),
        (Policy(per_list={"own": ListPolicy(min_quality=0)}), {"negative", "blank", "empty file"}),
        (Policy(per_list={"own": ListPolicy(include_suspicious=True)}), {"negative", "flat"}),
        (
            Policy(
                exclude_labels={"news"},
                per_list={"own": ListPolicy(exclude_labels={"y"}, include_labels={"news"})},
            ),
            set(ENTRIES) - {"labelled"},
        ),
        (
            Policy(per_list={"own": ListPolicy(exclude_labels={"x"}, max_age_days=365)}),
            {"negative", "flat", "blank", "empty file", "labelled", "old"},
        ),
    ],
)
def test_selection(policy: Policy, left_out: set[str], tmp_path: Path) -> None:
    left_out = left_out | {"foreign"}
    mine = loaded(tmp_path, *ENTRIES.values())
    selection = select(policy, mine, now=NOW)
    taken = {mine.table[int(row)].hash for row in selection.rows}
    assert taken == {e.hash for name, e in ENTRIES.items() if name not in left_out}
    assert sum(selection.left_out.values()) == len(left_out)
    own = policy.of_list("own")
    for name, e in ENTRIES.items():
        assert (own.reason_against(e, now=NOW) is not None) == (name in left_out), name


def test_reasons_are_named(tmp_path: Path) -> None:
    selection = select(Policy(), loaded(tmp_path, *ENTRIES.values()))
    assert selection.left_out == {
        "category negative": 1,
        "low quality": 1,
        "suspicious": 2,
        "not computed here": 1,
    }


#: For every setting of one list, one that is nobody's default.
OF_ONE_LIST: dict[str, Any] = {
    "max_distance": {"pdq": 9, "phash": 8, "phash256": 51},
    "min_quality": 81,
    "min_evidence": 4.5,
    "categories": ("seed",),
    "include_labels": frozenset({"in"}),
    "exclude_labels": frozenset({"out"}),
    "include_suspicious": True,
    "max_age_days": 12.5,
    "require_fresh": True,
}


def test_every_setting_of_one_list_is_heeded() -> None:
    """Each alone: it changes that list's policy in this one place, and no other list's."""
    assert set(OF_ONE_LIST) == {each.name for each in dataclasses.fields(ListPolicy)}
    general = Policy()
    for name, value in OF_ONE_LIST.items():
        policy = Policy(per_list={"own": ListPolicy(**{name: value})})
        assert policy.of_list("own") == dataclasses.replace(general, **{name: value}), name
        assert policy.of_list("other").describe() == policy.describe(), name
    # What one list leaves open is the policy's own, whatever that is.
    special = Policy(**OF_ONE_LIST, per_list={"own": ListPolicy()})
    assert special.of_list("own") == Policy(**OF_ONE_LIST)


@pytest.mark.parametrize(
    ("created", "updated", "is_old"),
    [
        ("2020-01-01T00:00:00Z", "2026-01-01T00:00:00Z", False),
        ("2026-01-01T00:00:00Z", "2020-01-01T00:00:00Z", True),
        ("2020-01-01T00:00:00Z", None, True),
        ("2026-01-01T00:00:00Z", None, False),
    ],
)
def test_what_was_updated_is_as_old_as_its_update(
    created: str, updated: str | None, is_old: bool, tmp_path: Path
) -> None:
    """An old entry that is kept up counts; one by one, and as a list's column."""
    now = datetime(2026, 2, 1, tzinfo=timezone.utc)
    policy, one = Policy(max_age_days=365), entry(BRIDGE, created=created, updated=updated)
    assert policy.reason_against(one, now=now) == ("too old" if is_old else None)
    chosen = select(policy, loaded(tmp_path, one), now=now)
    assert len(chosen.rows) == (0 if is_old else 1)


def test_what_no_list_has_of_its_own_is_the_policy_s() -> None:
    policy = Policy(low_quality_distance=7, refresh_days=3, per_list={"own": ListPolicy(min_quality=20)})
    own = policy.of_list("own")
    assert (own.min_quality, own.low_quality_distance, own.refresh_days) == (20, 7, 3)


def test_thresholds_per_list() -> None:
    policy = Policy(max_distance={"pdq": 20}, per_list={"own": ListPolicy(max_distance={"phash": 4})})
    assert policy.max_distance == {"pdq": 20, "phash": 8, "phash256": 51}
    assert policy.of_list("own").max_distance == {"pdq": 20, "phash": 4, "phash256": 51}
    assert policy.of_list("own").of_list("own") == policy.of_list("own")
    json.dumps(policy.describe())


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_distance": {"pdq": 257}},
        {"max_distance": {"md5": 0}},
        {"max_distance": {"x": 0}},
        {"min_quality": 101},
        {"categories": ("bad",)},
        {"max_age_days": 0},
        {"min_quality": -1},
    ],
)
@pytest.mark.parametrize("kind", [Policy, ListPolicy])
def test_wrong_settings(kind: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        kind(**wrong)


@pytest.mark.parametrize("kind", [Policy, ListPolicy])
@pytest.mark.parametrize("days", [float("nan"), float("inf"), -1, 0, 1e6])
def test_an_age_that_no_calendar_has(kind: Any, days: float) -> None:
    """It was an error of the calendar at the first list, or a list that is stale "within nan"."""
    with pytest.raises(ValueError, match=r"max_age_days is more than 0 days and at most 36525, not"):
        kind(max_age_days=days)
    if kind is Policy:
        with pytest.raises(ValueError, match=r"refresh_days is more than 0"):
            Policy(refresh_days=days)
    assert kind(max_age_days=36_525).max_age_days == 36_525


def test_what_differs_for_a_list_is_a_list_policy() -> None:
    with pytest.raises(TypeError, match="per_list is a mapping of str to ListPolicy, found dict in it"):
        Policy(per_list={"own": {"min_quality": 0}})  # type: ignore[dict-item]


@pytest.mark.parametrize("kind", [list, tuple, set, frozenset])
def test_collections_of_every_kind_mean_the_same(kind: Any, tmp_path: Path) -> None:
    """`Policy(include_labels=["x"])` was taken, and raised AttributeError at the first entry."""
    fields = {"include_labels": ["x", "y"], "exclude_labels": ["z"], "categories": ["seed", "positive"]}
    policy = Policy(**{name: kind(values) for name, values in fields.items()})
    assert policy == Policy(
        include_labels=frozenset("xy"), exclude_labels=frozenset("z"), categories=("positive", "seed")
    )
    assert ListPolicy(**{name: kind(values) for name, values in fields.items()}).include_labels == {"x", "y"}
    kept = select(
        policy,
        loaded(tmp_path, entry(labels=("x",)), entry(BRIDGE, labels=("x", "z")), entry(algorithm="sha256")),
    )
    assert len(kept.rows) == 1
    assert kept.left_out == {"with an excluded label": 1, "without an included label": 1}


@pytest.mark.parametrize("name", ["include_labels", "exclude_labels", "categories"])
@pytest.mark.parametrize("kind", [Policy, ListPolicy])
def test_one_string_is_no_collection(kind: Any, name: str) -> None:
    """It would be read letter by letter."""
    with pytest.raises(TypeError, match=rf"{name} is a collection of str: write \['seed'\], not str"):
        kind(**{name: "seed"})
    with pytest.raises(TypeError, match=f"{name} is a collection of str, found int in it"):
        kind(**{name: [1]})


def test_staleness() -> None:
    report = load_list(DATA / "stopncii_page.json").report
    assert staleness(report, now=NOW) is None
    later = NOW.replace(month=12, day=31)
    assert (
        staleness(report, now=later)
        == "stale: its newest record is 39 days old, and it should be refreshed within 30 days"
    )
    assert staleness(report, now=later, refresh_days=40) is None
    assert staleness(load_list(DATA / "pdq.csv").report, now=later) is None
    with pytest.raises(ListError, match=r"stale.*require_fresh"):
        select(Policy(require_fresh=True), load_list(DATA / "stopncii_page.json"), now=later)
    select(Policy(require_fresh=True), load_list(DATA / "stopncii_page.json"), now=NOW)


def test_disabled_until(tmp_path: Path) -> None:
    path = tmp_path / "hma.json"
    when = int(NOW.timestamp())
    path.write_text(
        json.dumps([{"id": k, "signals": {"pdq": FIRST}, "disable_until_ts": when + k} for k in (-5, 5)])
    )
    assert [e.deleted for e in read_list(path, now=NOW)] == [False, True]


class TestFloodGuard:
    def test_an_entry_that_matches_too_much_is_quarantined(self) -> None:
        guard = FloodGuard(FloodLimits(max_share=0.1, min_matches=5, min_uploads=20))
        for number in range(19):
            assert guard.record(["bad", "bad"] if number % 3 == 0 else []) == frozenset()
        assert guard.record(["bad", "good"]) == {"bad"}
        (found,) = guard.quarantined()
        assert (found.entry, found.n_uploads, found.n_matches_then, found.share) == ("bad", 20, 8, 0.4)
        assert guard.is_quarantined("bad")
        assert not guard.is_quarantined("good")
        guard.record(["bad"])
        assert guard.record([]) == frozenset()
        (found,) = guard.quarantined()
        assert (found.n_matches, found.n_uploads, found.n_matches_then, found.share) == (9, 20, 8, 0.4)
        assert guard.counts() == (22, {"bad": 9, "good": 1})

    def test_few_matches_never_are(self) -> None:
        guard = FloodGuard(FloodLimits(max_share=0.5, min_matches=10, min_uploads=1))
        assert [guard.record(["x"]) for _ in range(9)] == [frozenset()] * 9
        assert guard.record(["x"]) == {"x"}

    def test_a_fair_share_never_is(self) -> None:
        guard = FloodGuard(FloodLimits(max_share=0.1, min_matches=2, min_uploads=2))
        guard.record([])
        for k in range(1, 1000):
            assert not guard.record(["x"] if k % 10 == 0 else [])

    def test_the_share_itself_does_not_flood_and_one_more_does(self) -> None:
        """Of 8 uploads a quarter are 2."""
        guard = FloodGuard(FloodLimits(max_share=0.25, min_matches=2, min_uploads=8))
        for matched in (["x"], [], [], [], [], [], []):
            assert guard.record(matched) == frozenset()
        assert guard.record(["x"]) == frozenset()
        assert guard.counts() == (8, {"x": 2})
        assert guard.record(["x"]) == {"x"}

    def test_a_share_is_allowed_up_to_its_limit(self) -> None:
        guard = FloodGuard(FloodLimits(max_share=0.5, min_matches=1, min_uploads=2))
        guard.record([])
        assert guard.record(["x"]) == frozenset()  # 1 of 2
        guard.record([])
        assert guard.record(["x"]) == frozenset()  # 2 of 4
        assert guard.record(["x"]) == {"x"}  # 3 of 5

    def test_release_is_for_good(self) -> None:
        guard = FloodGuard(FloodLimits(max_share=0.1, min_matches=1, min_uploads=1))
        assert guard.record(["x"]) == {"x"}
        assert guard.release("x")
        assert not guard.release("x")
        assert guard.record(["x"]) == frozenset()
        assert guard.quarantined() == ()

    def test_counts_of_workers_add_up(self) -> None:
        guard, worker = (
            FloodGuard(FloodLimits(max_share=0.1, min_matches=5, min_uploads=10)) for _ in range(2)
        )
        for _ in range(6):
            guard.record(["x"])
            worker.record(["x"])
        n_uploads, matches = worker.counts()
        guard.merge_counts(n_uploads, matches.items())
        assert guard.counts() == (12, {"x": 12})
        assert guard.is_quarantined("x")

    def test_threads_lose_no_count(self) -> None:
        guard = FloodGuard(FloodLimits(max_share=1.0))

        def work() -> None:
            for _ in range(2000):
                guard.record(["x", "y"])

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert guard.counts() == (8000, {"x": 8000, "y": 8000})

    def test_the_busiest_stand_first_with_what_they_had_matched(self) -> None:
        guard = FloodGuard(FloodLimits(max_share=0.5, min_matches=2, min_uploads=3))
        for entries in (["x"], ["x", "y"], ["x", "y"], ["y"], ["x"], []):
            guard.record(entries)
        told = [
            (each.entry, each.n_matches, each.n_uploads, each.n_matches_then) for each in guard.quarantined()
        ]
        assert told == [("x", 4, 3, 3), ("y", 3, 3, 2)]
        assert [each.share for each in guard.quarantined()] == [1.0, 2 / 3]

    def test_one_that_is_released_while_it_is_told_is_told(self) -> None:
        """Another thread may release it between counting and telling."""
        guard = FloodGuard(FloodLimits(max_share=0.1, min_matches=1, min_uploads=1))
        told: list[str] = []

        class Releasing(logging.Handler):
            def emit(self, record: logging.LogRecord) -> None:
                told.append(record.getMessage())
                for entry in "xyz":
                    guard.release(entry)

        handler = Releasing()
        logger = logging.getLogger("safehash.matching.flood")
        logger.addHandler(handler)
        try:
            assert guard.record(["x", "y", "z"]) == {"x", "y", "z"}
        finally:
            logger.removeHandler(handler)
        assert told == ["quarantined: entry of another kind matched 1 of 1 uploads"] * 3
        assert guard.quarantined() == () and guard.record(["x"]) == frozenset()

    @pytest.mark.parametrize(
        "wrong", [{"max_share": 0}, {"max_share": 1.1}, {"min_matches": 0}, {"min_uploads": 0}]
    )
    def test_wrong_settings(self, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError):
            FloodLimits(**wrong)


def test_algorithms_of_a_selection(tmp_path: Path) -> None:
    mine = loaded(tmp_path, *ENTRIES.values())
    rows, digests = mine.table.digests(Algorithm.MD5)
    assert rows.shape == (2,) and digests.shape == (2, 16)


def test_what_another_process_found_to_flood_keeps_the_counts_of_then() -> None:
    guard = FloodGuard()
    guard.quarantine("entry", n_uploads=1000, n_matches=40)
    guard.quarantine("entry", n_uploads=5000, n_matches=70)
    (found,) = guard.quarantined()
    assert (found.n_uploads, found.n_matches_then) == (1000, 40)


def test_no_evidence_asked_of_one_list_is_heeded_beside_some_asked_of_all() -> None:
    policy = Policy(min_evidence=4.0, per_list={"own": ListPolicy(min_evidence=0.0)})
    assert (policy.of_list("own").min_evidence, policy.of_list("other").min_evidence) == (0.0, 4.0)
