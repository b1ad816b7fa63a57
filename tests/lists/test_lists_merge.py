"""Merging: newest record whole, deletes that stay deletes, opinions united, in any order and repetition."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehash import ListSource, Matcher
from safehash.errors import ListError
from safehash.hashing.hashes import Algorithm, ForeignHash, Hash
from safehash.lists import loading
from safehash.lists.building import EntryTableBuilder
from safehash.lists.entry import CATEGORIES, Entry, Opinion
from safehash.lists.formats import read_list
from safehash.lists.formats.jsonl import entry_record, write_list
from safehash.lists.loading import load_list
from safehash.lists.merging import merge_lists, unite_digests
from safehash.lists.opinions import category_of, join_categories
from safehash.lists.suspicion import suspicion

ONE = Hash.from_hex("pdq", "1ff36ce6a4a63b49c7db1d4e4c7a3c36d8c8c3cb69c64d2761949c6f3330981b")
TWO = Hash.from_hex("pdq", "f8f8f0cee0f4a84f06370a22038f63f0b36e2ed596621e1d33e6b39c4e9c9b22")
MD5 = Hash.from_hex("md5", "9e107d9d372bb6826bd81d3542a419d6")
EARLY, MIDDLE, LATE = "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"


def merged(*entries: Entry) -> list[Entry]:
    return list(merge_lists(entries))


def at(when: str | None, **fields: Any) -> Entry:
    return Entry(**{"hash": ONE, "id": "1", "source": "L", "updated": when, **fields})


class TestKeysAndReplacement:
    def test_a_newer_record_replaces_an_older_one_whole(self) -> None:
        old = at(EARLY, labels=("a",), extra={"x": 1})
        new = at(LATE, labels=("b",))
        assert merged(old, new) == merged(new, old) == [new]

    def test_a_record_that_lost_a_hash_loses_its_entry(self) -> None:
        old = [at(EARLY), at(EARLY, hash=MD5)]
        new = at(LATE)
        assert merged(*old, new) == merged(new, *old) == [new]

    def test_the_hash_of_an_id_may_change(self) -> None:
        assert merged(at(EARLY), at(LATE, hash=TWO)) == [at(LATE, hash=TWO)]

    def test_several_hashes_of_one_record_stay(self) -> None:
        assert merged(at(EARLY), at(EARLY, hash=MD5)) == [at(EARLY, hash=MD5), at(EARLY)]

    def test_fractions_of_a_second_count(self) -> None:
        older, newer = at("2026-01-01T00:00:00Z"), at("2026-01-01T00:00:00.500000Z", labels=("b",))
        assert merged(newer, older) == [newer]

    def test_without_ids_the_digest_is_the_key(self) -> None:
        found = merged(
            at(None, id=None, labels=("a",)), at(None, id=None, labels=("b",)), at(None, id=None, hash=TWO)
        )
        assert [e.labels for e in found] == [("a", "b"), ()]

    def test_lists_do_not_mix(self) -> None:
        assert len(merged(at(EARLY, source="A"), at(LATE, source="B", deleted=True))) == 1

    def test_exchanges_that_key_on_the_digest(self) -> None:
        old = at(EARLY, keyed_by="digest")
        gone = at(LATE, id=None, keyed_by="digest", deleted=True)
        assert merged(gone, old) == []


class TestDeletes:
    def test_a_delete_wins_over_an_older_record_that_arrives_later(self) -> None:
        gone = at(MIDDLE, hash=None, deleted=True)
        assert merged(gone, at(EARLY)) == merged(at(EARLY), gone) == []

    def test_a_delete_wins_over_a_record_of_the_same_time(self) -> None:
        assert merged(at(MIDDLE), at(MIDDLE, hash=None, deleted=True)) == []

    def test_a_newer_record_lives_again(self) -> None:
        assert merged(at(MIDDLE, hash=None, deleted=True), at(LATE)) == [at(LATE)]

    def test_a_delete_without_a_date_is_final(self) -> None:
        assert merged(at(None, hash=None, deleted=True), at(LATE)) == []

    def test_a_delete_takes_all_hashes_of_its_record(self) -> None:
        assert merged(at(EARLY), at(EARLY, hash=MD5), at(LATE, hash=None, deleted=True)) == []

    def test_deletes_can_be_kept_for_the_next_merge(self) -> None:
        gone = at(MIDDLE, hash=None, deleted=True)
        kept = list(merge_lists([at(EARLY), gone], keep_deleted=True))
        assert kept == [gone]
        assert list(merge_lists(kept, [at(EARLY)])) == []


class TestOpinions:
    def test_opinions_of_several_owners_unite(self) -> None:
        one = at(None, labels=("a",), owners=(Opinion(owner="A", category="positive", labels=("a",)),))
        two = at(
            None,
            labels=("b",),
            category="negative",
            owners=(Opinion(owner="B", category="negative", labels=("b",)),),
        )
        (found,) = merged(one, two)
        assert found.category == "disputed"
        assert found.labels == ("a", "b")
        assert [o.owner for o in found.owners] == ["A", "B"]
        assert merged(two, one) == [found]

    def test_an_owner_who_contradicts_itself_is_disputed(self) -> None:
        one = at(None, owners=(Opinion(owner="A", category="positive"),))
        two = at(None, owners=(Opinion(owner="A", category="negative"),), category="negative")
        assert merged(one, two)[0].owners == (Opinion(owner="A", category="disputed"),)

    def test_unknown_fields_of_both_are_kept(self) -> None:
        found = merged(at(None, extra={"f": "b.jpg", "x": 1}), at(None, extra={"f": "a.jpg", "y": [2]}))
        assert found[0].extra == {"f": "a.jpg", "x": 1, "y": [2], "safehash:also": {"f": ["b.jpg"]}}

    def test_what_was_kept_beside_is_kept_by_the_next_merge(self) -> None:
        one, two, three, four = (at(None, extra=extra) for extra in (
            {"f": 1, "g": 2}, {"f": 3, "g": 2}, {"f": 4, "g": 5}, {"f": 0, "g": 2},
        ))  # fmt: skip
        expected = {"f": 0, "g": 2, "safehash:also": {"f": [1, 3, 4], "g": [5]}}
        assert merged(*merged(*merged(one, two), three), four)[0].extra == expected
        assert merged(*merged(one, two), *merged(three, four))[0].extra == expected

    @pytest.mark.parametrize(
        ("categories", "joined"),
        [
            (("positive",), "positive"),
            (("seed", "seed"), "seed"),
            (("seed", "positive"), "positive"),
            (("negative", "negative"), "negative"),
            (("seed", "negative"), "disputed"),
            (("positive", "negative"), "disputed"),
            (("positive", "disputed"), "disputed"),
        ],
    )
    def test_category(self, categories: tuple[str, ...], joined: str) -> None:
        opinions = [Opinion(owner=str(k), category=c) for k, c in enumerate(categories)]
        assert category_of(opinions, default="seed") == joined

    def test_categories_join_in_any_grouping(self) -> None:
        for a in CATEGORIES:
            assert join_categories(a, a) == a
            for b in CATEGORIES:
                assert join_categories(a, b) == join_categories(b, a)
                for c in CATEGORIES:
                    assert join_categories(join_categories(a, b), c) == join_categories(
                        a, join_categories(b, c)
                    )

    def test_the_same_digest_of_several_lists_keeps_every_opinion(self) -> None:
        one = at(EARLY, source="A", labels=("a",))
        two = at(LATE, source="B", id="2", category="negative", labels=("b",))
        assert len(merged(one, two)) == 2
        (united,) = unite_digests(merge_lists([one], [two]))
        assert (united.source, united.id, united.category, united.labels) == (
            "A + B",
            None,
            "disputed",
            ("a", "b"),
        )
        assert united.extra["united"] == [
            {"source": "A", "id": "1", "category": "positive"},
            {"source": "B", "id": "2", "category": "negative"},
        ]


class TestSuspicion:
    @pytest.mark.parametrize(
        ("algorithm", "digest", "reason"),
        [
            ("pdq", "00" * 32, "all zeros"),
            ("pdq", "ff" * 32, "all ones"),
            ("phash", "00" * 8, "all zeros"),
            ("pdq", "ff" * 14 + "7f" + "00" * 17, "119 ones, a PDQ digest of a picture has 128 within 8"),
            ("pdq", "ff" * 15 + "00" * 17, None),
            ("pdq", "ff" * 17 + "00" * 15, None),
            ("pdq", "ff" * 17 + "01" + "00" * 14, "137 ones, a PDQ digest of a picture has 128 within 8"),
            ("md5", "d41d8cd98f00b204e9800998ecf8427e", "digest of an empty file"),
            ("md5", "d41d8cd98f00b204e9800998ecf8427f", None),
            ("phash", "ff" * 4 + "00" * 4, None),
        ],
    )
    def test_reasons(self, algorithm: str, digest: str, reason: str | None) -> None:
        value = Hash.from_hex(algorithm, digest)
        assert suspicion(value) == reason

    def test_foreign_digests_are_not_judged(self) -> None:
        assert suspicion(ForeignHash("photodna", "0" * 64)) is None
        assert suspicion(None) is None


# Text that JSON can hold, lone surrogates included: lists carry them escaped.
_TEXT = st.text(max_size=4)
_LABELS = st.lists(st.sampled_from(["a", "b", "c d", "é"]), max_size=3).map(lambda x: tuple(sorted(set(x))))
_HASHES: st.SearchStrategy[Hash | ForeignHash] = st.sampled_from(
    [ONE, TWO, MD5, Hash(Algorithm.PDQ, ONE.digest, quality=60), ForeignHash("photodna", "AA==")]
)
_OPINIONS = st.builds(
    Opinion,
    owner=st.sampled_from(["A", "B", ""]),
    category=st.sampled_from(CATEGORIES),
    labels=_LABELS,
    name=st.none() | st.just("N"),
    reasons=st.sampled_from([(), ("why",)]),
)
_EXTRA = st.dictionaries(
    st.sampled_from(["x", "y"]),
    st.none() | st.integers(0, 2) | _TEXT | st.lists(st.booleans(), max_size=2),
    max_size=2,
)
_TIMES = st.sampled_from([None, EARLY, MIDDLE, LATE, "2026-01-01T00:00:00.250000Z"])


@st.composite
def _entries(draw: st.DrawFn) -> Entry:
    deleted = draw(st.booleans())
    entry_id = draw(st.sampled_from([None, "1", "2"]))
    no_hash = deleted and entry_id is not None and draw(st.booleans())
    owners: dict[str, Opinion] = {o.owner: o for o in draw(st.lists(_OPINIONS, max_size=2))}
    return Entry(
        hash=None if no_hash else draw(_HASHES),
        id=entry_id,
        source=draw(st.sampled_from(["L", "M"])),
        category=draw(st.sampled_from(CATEGORIES)),
        labels=draw(_LABELS),
        owners=tuple(owners[name] for name in sorted(owners)),
        severity=draw(st.sampled_from([None, "A1", "B2"])),
        created=draw(_TIMES),
        updated=draw(_TIMES),
        deleted=deleted,
        keyed_by=draw(st.sampled_from(["id", "digest"])),
        extra=draw(_EXTRA),
    )


def states(entries: Any) -> list[str]:
    """Return entries as text, quality and all (which `==` of hashes leaves out)."""
    return [json.dumps(entry_record(entry), sort_keys=True) for entry in entries]


@pytest.mark.parametrize("qualities", list(itertools.permutations((None, 60, 20))))
def test_records_that_differ_in_quality_alone(qualities: tuple[int | None, ...]) -> None:
    """`==` leaves it out, and the best known one stays, whichever comes first."""
    digest = bytes(range(32))
    (entry,) = merge_lists(
        Entry(hash=Hash(Algorithm.PDQ, digest, quality=quality), source="L", category="positive")
        for quality in qualities
    )
    assert isinstance(entry.hash, Hash) and entry.hash.quality == 60


@settings(max_examples=300, deadline=None)
@given(data=st.data(), records=st.lists(_entries(), max_size=8))
def test_any_order_and_repetition_end_in_the_same_state(data: st.DataObject, records: list[Entry]) -> None:
    again = data.draw(
        st.permutations(
            records + data.draw(st.lists(st.sampled_from(records), max_size=4)) if records else records
        )
    )
    for keep_deleted in (False, True):
        once = states(merge_lists(records, keep_deleted=keep_deleted))
        assert states(merge_lists(again, keep_deleted=keep_deleted)) == once
    # Merging parts first, deletes kept, changes nothing either.
    cut = data.draw(st.integers(0, len(again)))
    parts = (list(merge_lists(part, keep_deleted=True)) for part in (again[:cut], again[cut:]))
    assert states(merge_lists(*parts)) == states(merge_lists(records))


@settings(max_examples=200, deadline=None)
@given(records=st.lists(_entries(), max_size=8))
def test_json_lines_lose_nothing(tmp_path_factory: Any, records: list[Entry]) -> None:
    path = tmp_path_factory.mktemp("lists") / "own.jsonl"
    if not records:
        return
    assert write_list(path, records) == len(records)
    reader = read_list(path)
    assert states(reader) == states(records)
    assert reader.report.notes == ()
    assert reader.report.n_rejects == 0
    # And through the table, which the matcher holds.
    builder = EntryTableBuilder()
    for entry in records:
        builder.append(entry)
    assert states(builder.build()) == states(records)
    # Loading in columns is the same as merging.
    loaded = load_list(path)
    assert sorted(states(loaded.table)) == sorted(states(merge_lists(records)))


@settings(max_examples=60, deadline=None)
@given(
    records=st.lists(_entries(), min_size=1, max_size=6),
    at_line=st.integers(0, 6),
    bad=st.sampled_from(["{", "[]", "x" * 99, '{"a":1}', "\x00"]),
)
def test_one_bad_record_changes_nothing_else(
    tmp_path_factory: Any, records: list[Entry], at_line: int, bad: str
) -> None:
    path = tmp_path_factory.mktemp("lists") / "own.jsonl"
    write_list(path, records)
    lines = path.read_text().split("\n")
    lines.insert(min(at_line, len(records)) + 1, bad)
    path.write_text("\n".join(lines))
    with pytest.raises(ListError, match=r"allow_cut=True"):
        list(read_list(ListSource(path, max_rejects=1)))
    reader = read_list(ListSource(path, allow_cut=True, max_rejects=1))
    assert states(reader) == states(records)
    assert reader.report.n_rejects == 1
    assert "the list was changed after it was written: its checksum does not fit" in reader.report.notes


def test_a_cut_list_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    write_list(path, [at(EARLY), at(EARLY, hash=MD5)])
    path.write_text("".join(path.read_text().splitlines(keepends=True)[:-1]))
    with pytest.raises(ListError, match=r"no end line.*allow_cut=True uses"):
        list(read_list(path))
    reader = read_list(ListSource(path, allow_cut=True))
    assert len(list(reader)) == 2
    assert reader.report.notes == ("the list has no end line: it may have been cut off",)


def test_lists_are_written_for_their_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "own.jsonl"
    write_list(path, [at(EARLY)])
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(TypeError):
        write_list(path, [at(EARLY, extra={"x": object()})])
    assert [p.name for p in tmp_path.iterdir()] == ["own.jsonl"]
    assert len(list(read_list(path))) == 1


# -- digests that share a key ------------------------------------------------------------------------------


def turned_words(digest: str) -> list[str]:
    """Return digests of the same words in other orders: where all words weigh alike, they share one key."""
    words = [digest[k : k + 8] for k in range(0, len(digest), 8)]
    return ["".join(words[k:] + words[:k]) for k in range(len(words))]


@pytest.fixture
def every_word_weighs_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make colliding digests easy: what a key is mixed with is drawn anew in every process otherwise."""
    monkeypatch.setattr(loading, "_MIX", np.ones(16, np.uint64))


@pytest.mark.usefixtures("every_word_weighs_alike")
def test_colliding_digests_are_all_kept(tmp_path: Path) -> None:
    digests = turned_words(ONE.hex)
    path = tmp_path / "list.txt"
    path.write_text("".join(f"{digest}\n" for digest in digests * 3))
    assert sorted(
        entry.hash.hex for entry in load_list(path).table if isinstance(entry.hash, Hash)
    ) == sorted(digests)
    matcher = Matcher.from_files(path)
    for digest in digests:
        found = matcher.check_hash(Hash.from_hex("pdq", digest, quality=100))
        assert found.matches[0].distance == 0


@pytest.mark.usefixtures("every_word_weighs_alike")
def test_a_delete_takes_only_its_own_digest(tmp_path: Path) -> None:
    digests = turned_words(ONE.hex)
    path = tmp_path / "list.csv"
    path.write_text(
        "hash,deleted\n" + "".join(f"{digest},no\n" for digest in digests) + f"{digests[3]},yes\n"
    )
    left = [entry.hash.hex for entry in load_list(path).table if isinstance(entry.hash, Hash)]
    assert sorted(left) == sorted(digests[:3] + digests[4:])


@pytest.mark.parametrize("weights", [np.ones(16, np.uint64), None])
@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(
        st.tuples(
            st.integers(0, 7),
            st.sampled_from(["pdq", "md5"]),
            st.sampled_from(["", "a", "b"]),
            st.booleans(),
            st.sampled_from(["", EARLY, LATE]),
            st.sampled_from(["x", "y"]),
        ),
        min_size=1,
        max_size=60,
    )
)
def test_loading_in_bulk_is_merging_record_by_record(
    tmp_path_factory: Any, weights: Any, rows: list[tuple[int, str, str, bool, str, str]]
) -> None:
    path = tmp_path_factory.mktemp("lists") / "list.csv"
    lines = ["type,hash,id,deleted,updated,label"]
    for k, kind, name, deleted, when, label in rows:
        digest = turned_words(ONE.hex if kind == "pdq" else MD5.hex * 2)[k][: 64 if kind == "pdq" else 32]
        lines.append(f"{kind},{digest},{name},{deleted},{when},{label}")
    path.write_text("\n".join(lines) + "\n")
    with mock.patch.object(loading, "_MIX", loading._MIX if weights is None else weights):
        loaded = sorted(map(repr, load_list(path).table))
    assert loaded == sorted(map(repr, merge_lists(read_list(path))))
