"""The columnar entry table: whatever goes in comes out, and a damaged one never answers wrongly."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehash.errors import IndexFileError
from safehash.hashing.hashes import Algorithm, ForeignHash, Hash
from safehash.lists.building import EntryTableBuilder
from safehash.lists.entry import Entry, Opinion
from safehash.lists.formats.batch import Batch
from safehash.lists.pools import pool_of
from safehash.lists.table import EntryTable

# Lists are read from JSON, where lone surrogates can be escaped: they count as text here.
texts = st.text(st.characters(), max_size=12)
labels = st.lists(texts, max_size=3).map(tuple)


@st.composite
def hashes(draw: Any) -> Hash | ForeignHash | None:
    kind = draw(st.sampled_from([*Algorithm, "foreign", None]))
    if kind is None:
        return None
    if kind == "foreign":
        return ForeignHash(draw(texts), draw(texts))
    digest = draw(st.binary(min_size=kind.n_bytes, max_size=kind.n_bytes))
    return Hash(kind, digest, quality=draw(st.none() | st.integers(0, 100)))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts, lambda inner: st.lists(inner, max_size=2), max_leaves=4
)
entries = st.builds(
    Entry,
    hash=hashes(),
    id=st.none() | texts,
    source=texts,
    category=st.sampled_from(["positive", "seed", "disputed", "negative"]),
    labels=labels,
    owners=st.lists(
        st.builds(Opinion, owner=texts, category=st.sampled_from(["positive", "negative"]), labels=labels),
        max_size=2,
    ).map(tuple),
    severity=st.none() | texts,
    created=st.none() | texts,
    updated=st.none() | texts,
    deleted=st.booleans(),
    extra=st.dictionaries(texts, json_values, max_size=2),
)


def table_of(values: list[Entry]) -> EntryTable:
    builder = EntryTableBuilder()
    for row, entry in enumerate(values):
        assert builder.append(entry) == row
    return builder.build()


def quality_of(entry: Entry) -> int | None:
    return entry.hash.quality if isinstance(entry.hash, Hash) else None


@settings(max_examples=150, deadline=None)
@given(st.lists(entries, max_size=8))
def test_every_entry_comes_back_whole(values: list[Entry]) -> None:
    table = table_of(values)
    again = EntryTable.from_sections(table.to_sections())
    for each in (table, again):
        assert len(each) == len(values)
        assert list(each) == values
        assert [quality_of(entry) for entry in each] == [quality_of(entry) for entry in values]
    assert sum(table.counts().values()) == len(values)
    for algorithm in Algorithm:
        rows, digests = table.digests(algorithm)
        expected = [
            (row, entry.hash.digest)
            for row, entry in enumerate(values)
            if isinstance(entry.hash, Hash) and entry.hash.algorithm is algorithm
        ]
        found = [(row, digest.tobytes()) for row, digest in zip(rows.tolist(), digests, strict=True)]
        assert found == expected
        assert digests.shape == (len(expected), algorithm.n_bytes)


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.tuples(st.binary(min_size=32, max_size=32), st.none() | texts, st.integers(0, 100))),
    entries,
    entries,
)
def test_bulk_rows_equal_single_rows(
    records: list[tuple[bytes, str | None, int]], like: Entry, before: Entry
) -> None:
    builder = EntryTableBuilder()
    builder.append(before)
    first = builder.extend(
        Batch(
            algorithm=Algorithm.PDQ,
            digests=np.frombuffer(b"".join(digest for digest, _, _ in records), np.uint8).reshape(-1, 32),
            likes=(like,),
            ids=[text for _, text, _ in records],
            qualities=np.array([quality for _, _, quality in records]),
        )
    )
    assert first == 1
    single = []
    for digest, text, quality in records:
        fields = {name: getattr(like, name) for name in Entry.__slots__} | {
            "hash": Hash(Algorithm.PDQ, digest, quality=quality),
            "id": text,
        }
        single.append(Entry(**fields))
    table = builder.build()
    assert list(table) == [before, *single]
    assert [quality_of(entry) for entry in table][1:] == [quality for _, _, quality in records]


def test_bulk_without_ids_or_qualities() -> None:
    builder = EntryTableBuilder()
    like = Entry(hash=None, source="own")
    builder.extend(Batch(algorithm=Algorithm.PHASH, digests=np.zeros((3, 8), np.uint8), likes=(like,)))
    table = builder.build()
    assert list(table) == [Entry(hash=Hash(Algorithm.PHASH, bytes(8)), source="own")] * 3
    assert table.n_bytes < 300


def test_what_repeats_is_stored_once() -> None:
    n = 20_000
    builder = EntryTableBuilder()
    like = Entry(hash=None, source="own", labels=("a", "b"), extra={"batch": 7}, created="2026-01-01")
    ids = [f"{i:08d}" for i in range(n)]
    builder.extend(
        Batch(algorithm=Algorithm.PDQ, digests=np.zeros((n, 32), np.uint8), likes=(like,), ids=ids)
    )
    assert builder.build().n_bytes / n < 60


@pytest.mark.parametrize(
    ("shape", "ids", "qualities"),
    [((2, 31), None, None), ((2, 32), ["a"], None), ((2, 32), None, [1, 101]), ((2, 32), None, [-1, 1])],
)
def test_bulk_refuses_what_does_not_fit(
    shape: tuple[int, int], ids: list[str | None] | None, qualities: list[int] | None
) -> None:
    builder = EntryTableBuilder()
    batch = Batch(
        algorithm=Algorithm.PDQ, digests=np.zeros(shape, np.uint8), likes=(Entry(hash=None),), ids=ids,
        qualities=None if qualities is None else np.array(qualities),
    )  # fmt: skip
    with pytest.raises(ValueError):
        builder.extend(batch)
    assert len(builder) == 0


def test_a_refused_entry_leaves_no_trace() -> None:
    builder = EntryTableBuilder()
    with pytest.raises(TypeError):
        builder.append(Entry(hash=Hash(Algorithm.PDQ, bytes(32)), extra={"set": {1}}))
    builder.append(Entry(hash=None))
    assert list(builder.build()) == [Entry(hash=None)]


def test_a_builder_builds_once() -> None:
    builder = EntryTableBuilder()
    builder.build()
    with pytest.raises(ValueError, match="has built"):
        builder.append(Entry(hash=None))


def test_a_row_outside_is_an_index_error() -> None:
    table = table_of([Entry(hash=None)])
    for row in (-1, 1):
        with pytest.raises(IndexError):
            table[row]


def damaged_sections() -> dict[str, np.ndarray[Any, Any]]:
    table = table_of(
        [
            Entry(hash=Hash(Algorithm.PDQ, bytes(32)), id="a", source="own"),
            Entry(hash=ForeignHash("photodna", "x"), id="b", extra={"a": 1}),
            Entry(hash=Hash(Algorithm.MD5, bytes(16)), id="c", created="2026"),
        ]
    )
    return {name: values.copy() for name, values in table.to_sections().items()}


@pytest.mark.parametrize("name", sorted(damaged_sections()))
def test_a_missing_or_retyped_section_is_named(name: str) -> None:
    sections = damaged_sections()
    values = sections.pop(name)
    with pytest.raises(IndexFileError, match="missing") as caught:
        EntryTable.from_sections(sections, path="x")
    assert caught.value.section == name
    with pytest.raises(IndexFileError) as caught:
        EntryTable.from_sections(sections | {name: values.astype(np.float64)})
    assert caught.value.section == name


@pytest.mark.parametrize("name", sorted(set(damaged_sections()) - {"count"}))
def test_any_other_number_in_a_section_never_crashes(name: str) -> None:
    sections = damaged_sections()
    for position in range(sections[name].size):
        for number in (0, 1, 3, 200, np.iinfo(sections[name].dtype).max):
            values = sections[name].copy()
            values.reshape(-1)[position] = number
            try:
                table = EntryTable.from_sections(sections | {name: values})
            except IndexFileError:
                continue
            for row in range(len(table)):
                try:
                    assert isinstance(table[row], Entry)
                except IndexFileError as exc:
                    assert exc.section  # a named refusal is right, any other exception fails the test


def test_sections_are_read_only() -> None:
    sections = table_of([Entry(hash=Hash(Algorithm.PDQ, bytes(32)))]).to_sections()
    assert sum(values.nbytes for values in sections.values()) > 32
    for values in sections.values():
        assert not values.flags.writeable


def test_a_row_that_nothing_can_hold_is_damage() -> None:
    """Regression: fields nested too deep in a snapshot's row were an error of Python for whoever came near it."""
    for depth in (65, 3000, 100_000):
        builder = EntryTableBuilder()
        batch = Batch(
            algorithm=Algorithm.PDQ, digests=np.zeros((1, 32), np.uint8), likes=(Entry(hash=None),),
            extras=pool_of([f'{{"x": {"[" * depth}{"]" * depth}}}']),
        )  # fmt: skip
        builder.extend(batch)
        table = builder.build()
        with pytest.raises(IndexFileError, match="row 0 cannot be read"):
            table[0]
