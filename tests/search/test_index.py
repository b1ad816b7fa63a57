"""The index: whatever the method, instructions or radius, answers are those of comparing with all."""

from __future__ import annotations

import functools
import threading
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safehash import _search
from safehash.hashing.hashes import Algorithm, Hash
from safehash.search.arrays import parts_of, widths_of
from safehash.search.index import Index
from safehash.search.seeds import seed
from safehash.search.slots import build_slots, choose_widths, masks_within, merge_slots, radii_for

UInt8Array = npt.NDArray[np.uint8]
ALGORITHMS = [Algorithm.PDQ, Algorithm.PHASH, Algorithm.PHASH256]
Answer = list[tuple[int, int]]


def brute_force(digests: UInt8Array, query: UInt8Array, max_distance: int, hidden: set[int]) -> Answer:
    """Compare the query with every digest, bit by bit."""
    far = np.unpackbits(digests ^ query, axis=1).sum(axis=1)
    found = [
        (int(far[row]), row) for row in np.flatnonzero(far <= max_distance).tolist() if row not in hidden
    ]
    return [(row, distance) for distance, row in sorted(found)]


def flipped(digest: UInt8Array, bits: npt.ArrayLike) -> UInt8Array:
    """Return the digest with some bits the other way."""
    mask = np.zeros(8 * digest.shape[-1], np.uint8)
    mask[np.asarray(bits, dtype=int)] = 1
    return np.asarray(digest ^ np.packbits(mask), dtype=np.uint8)


def answers(index: Index, queries: UInt8Array, max_distance: int, threads: int = 1) -> list[Answer]:
    offsets, rows, distances = index.search_many(queries, max_distance=max_distance, threads=threads)
    assert offsets.dtype == rows.dtype == np.int64
    assert distances.dtype == np.int32
    found = list(zip(rows.tolist(), distances.tolist(), strict=True))
    return [found[start:end] for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)]


@pytest.fixture(params=_search.LEVELS)
def level(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run the test at each instruction level this machine has."""
    at: int = request.param
    monkeypatch.setattr(_search, "SlotIndex", functools.partial(_search.SlotIndex, level=at))
    monkeypatch.setattr(_search, "merge_slot", functools.partial(_search.merge_slot, level=at))
    return at


@st.composite
def lists_and_queries(draw: Any) -> tuple[Algorithm, UInt8Array, UInt8Array, int, int]:
    """A list in families of near digests, queries near them, the radius built for, the radius asked for."""
    algorithm = draw(st.sampled_from(ALGORITHMS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.sampled_from([0, 1, 2, 7, 60, 400]))
    n_families = draw(st.sampled_from([1, 2, 1000]))
    flips = draw(st.sampled_from([0.0, 0.02, 0.1, 0.25]))
    bases = rng.integers(0, 256, (n_families, algorithm.n_bytes), dtype=np.uint8)
    noise = np.packbits(rng.random((n + 12, algorithm.n_bits)) < flips, axis=1)
    every = bases[rng.integers(0, n_families, n + 12)] ^ noise
    built_for = draw(st.integers(0, 64 if algorithm.n_bits == 256 else 20))
    radius = draw(st.integers(0, 64) | st.just(algorithm.n_bits))
    return algorithm, every[:n], every[n:], built_for, radius


@pytest.mark.faiss
@settings(max_examples=120, deadline=None)
@given(lists_and_queries(), st.data())
def test_every_method_equals_brute_force(
    case: tuple[Algorithm, UInt8Array, UInt8Array, int, int], data: st.DataObject
) -> None:
    algorithm, digests, queries, built_for, radius = case
    n = len(digests)
    multi = Index.from_digests(digests, algorithm=algorithm, method="multi", max_distance=built_for)
    flat = Index.from_digests(digests, algorithm=algorithm, method="flat")
    hidden = set(data.draw(st.lists(st.integers(0, n - 1), max_size=20))) if n else set()
    for each in hidden, set[int]():
        expected = [brute_force(digests, query, radius, each) for query in queries]
        for index in multi, flat:
            view = index.without(sorted(each))
            assert answers(view, queries, radius) == expected
            assert answers(view, queries, radius, threads=3) == expected
            assert view.disabled_rows().tolist() == sorted(each)
            single = view.search(Hash(algorithm, queries[0].tobytes()), max_distance=radius)
            assert single == expected[0]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(0, 64), st.sampled_from([0.0, 0.03, 0.15]))
def test_the_probes_alone_equal_brute_force(seed: int, radius: int, flips: float) -> None:
    """Small lists are scanned; here the slots must answer, whatever it costs."""
    rng = np.random.default_rng(seed)
    widths = tuple(rng.integers(6, 14, 17).tolist())
    base = rng.integers(0, 256, (4, 32), dtype=np.uint8)
    noise = np.packbits(rng.random((120, 256)) < flips, axis=1)
    every = base[rng.integers(0, 4, 120)] ^ noise
    digests, queries = every[:100], every[100:]
    radii = list(split_of(radius, len(widths), rng))
    plan = _search.Plan(
        [masks_within(width, each) if each >= 0 else None for width, each in zip(widths, radii, strict=True)],
        radii,
        scan=False,
        max_candidates=10**9,
    )
    index = _search.SlotIndex(digests, widths, *build_slots(digests, widths))
    offsets, rows, distances = index.search(queries, plan, radius)
    found = list(zip(rows.tolist(), distances.tolist(), strict=True))
    assert len(queries) == len(offsets) - 1 == 20 and offsets[-1] == len(found)
    for query, start, end in zip(queries, offsets[:-1], offsets[1:], strict=True):
        assert found[start:end] == brute_force(digests, query, radius, set())


def split_of(radius: int, n_slots: int, rng: np.random.Generator) -> list[int]:
    """Return any radii whose sum of (r + 1) is `radius` + 1; -1 leaves a slot out."""
    radii = [-1] * n_slots
    for _ in range(radius + 1):
        open_slots = [slot for slot in range(n_slots) if radii[slot] < 3]
        radii[int(rng.choice(open_slots))] += 1
    return radii


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_every_level_finds_what_was_planted(level: int, algorithm: Algorithm) -> None:
    rng = np.random.default_rng(7)
    digests = rng.integers(0, 256, (30_000, algorithm.n_bytes), dtype=np.uint8)
    radius = 31 if algorithm.n_bits == 256 else 8
    index = Index.from_digests(digests, algorithm=algorithm, max_distance=radius)
    assert index.method == "multi"
    rows = rng.integers(0, len(digests), 40)
    queries = np.stack(
        [flipped(digests[row], rng.choice(algorithm.n_bits, radius, replace=False)) for row in rows]
    )
    expected = [brute_force(digests, query, radius, set()) for query in queries]
    assert all((row, radius) in found for row, found in zip(rows.tolist(), expected, strict=True))
    assert answers(index, queries, radius) == expected
    for other in (0, 1, radius - 1, radius + 1, 2 * radius):
        expected = [brute_force(digests, query, other, set()) for query in queries[:10]]
        assert answers(index, queries[:10], other) == expected


@pytest.mark.parametrize("n", [1, 3, 4, 5, 8, 9, 31])
def test_every_level_scans_to_the_last_digest(level: int, n: int) -> None:
    for algorithm in ALGORITHMS:
        digests = np.arange(n * algorithm.n_bytes, dtype=np.uint8).reshape(n, -1)
        index = Index.from_digests(digests, algorithm=algorithm)
        for row in range(n):
            found = index.search(Hash(algorithm, digests[row].tobytes()), max_distance=algorithm.n_bits)
            assert found == brute_force(digests, digests[row], algorithm.n_bits, set())


@pytest.mark.parametrize("n", [1, 2, 20_000])
def test_all_digests_equal(n: int) -> None:
    digests = np.full((n, 32), 0xA5, np.uint8)
    index = Index.from_digests(digests)
    near, far = flipped(digests[0], range(31)), flipped(digests[0], range(32))
    assert index.search(Hash(Algorithm.PDQ, near.tobytes()), max_distance=31) == [
        (row, 31) for row in range(n)
    ]
    assert index.search(Hash(Algorithm.PDQ, far.tobytes()), max_distance=31) == []


def test_one_large_bucket_among_others() -> None:
    rng = np.random.default_rng(3)
    digests = rng.integers(0, 256, (40_000, 32), dtype=np.uint8)
    digests[5_000:15_000] = digests[0]
    # Shares whole slots with the duplicates, but is not near them.
    stranger = digests[0].copy()
    stranger[:16] ^= 0xFF
    index = Index.from_digests(digests)
    for query in (digests[0], stranger, flipped(digests[0], range(20)), digests[39_999]):
        found = index.search(Hash(Algorithm.PDQ, query.tobytes()), max_distance=31)
        assert found == brute_force(digests, query, 31, set())


@pytest.mark.parametrize("algorithm", [Algorithm.MD5, Algorithm.SHA1, Algorithm.SHA256])
def test_file_digests_are_found_exactly(algorithm: Algorithm) -> None:
    rng = np.random.default_rng(4)
    digests = rng.integers(0, 256, (5_000, algorithm.n_bytes), dtype=np.uint8)
    digests[100] = digests[7]
    index = Index.from_digests(digests, algorithm=algorithm)
    assert index.search(Hash(algorithm, digests[7].tobytes()), max_distance=0) == [(7, 0), (100, 0)]
    off = flipped(digests[7], [algorithm.n_bits - 1])
    assert index.search(Hash(algorithm, off.tobytes()), max_distance=0) == []
    assert index.search(Hash(algorithm, off.tobytes()), max_distance=1) == [(7, 1), (100, 1)]


def test_views_are_single_searches() -> None:
    rng = np.random.default_rng(5)
    digests = rng.integers(0, 256, (10_000, 32), dtype=np.uint8)
    index = Index.from_digests(digests)
    value = Hash(Algorithm.PDQ, digests[17].tobytes())
    views = [*value.orientations(), value.negative()]
    found = index.search_views(views, max_distance=31)
    assert found == [index.search(view, max_distance=31) for view in views]
    assert found[0] == [(17, 0)]
    assert index.search_views([], max_distance=31) == []


@settings(max_examples=40, deadline=None)
@given(lists_and_queries(), st.integers(1, 30))
def test_nearest_is_the_head_of_a_search(
    case: tuple[Algorithm, UInt8Array, UInt8Array, int, int], k: int
) -> None:
    algorithm, digests, queries, built_for, radius = case
    index = Index.from_digests(digests, algorithm=algorithm, max_distance=built_for)
    for query in queries[:4]:
        found = index.nearest(Hash(algorithm, query.tobytes()), k=k, max_distance=radius)
        assert found == brute_force(digests, query, radius, set())[:k]


@pytest.mark.faiss
@settings(max_examples=60, deadline=None)
@given(lists_and_queries(), st.data())
def test_an_update_equals_a_new_index(
    case: tuple[Algorithm, UInt8Array, UInt8Array, int, int], data: st.DataObject
) -> None:
    algorithm, digests, queries, built_for, radius = case
    n = len(digests)
    rows = st.lists(st.integers(0, n - 1), max_size=n) if n else st.just([])
    removed, hidden = data.draw(rows), data.draw(rows)
    added = queries[: data.draw(st.integers(0, len(queries)))]
    method = data.draw(st.sampled_from(["multi", "faiss"]))
    old = Index.from_digests(digests, algorithm=algorithm, max_distance=built_for, method=method)
    new = old.without(hidden).updated(added=added, removed=removed, threads=2)
    kept = [row for row in range(n) if row not in set(removed)]
    expected = np.concatenate([digests[kept], added])
    still_hidden = {at for at, row in enumerate(kept) if row in set(hidden)}
    assert len(new) == len(expected)
    assert new.method == method
    np.testing.assert_array_equal(new.digests_of(range(len(new))), expected)
    assert answers(new, queries, radius) == [
        brute_force(expected, query, radius, still_hidden) for query in queries
    ]
    assert len(old) == n


@settings(max_examples=60, deadline=None)
@given(lists_and_queries(), st.data())
def test_any_sequence_of_updates_equals_a_new_index(
    case: tuple[Algorithm, UInt8Array, UInt8Array, int, int], data: st.DataObject
) -> None:
    algorithm, digests, queries, built_for, radius = case
    index = Index.from_digests(digests, algorithm=algorithm, max_distance=built_for, method="multi")
    expected, hidden = digests, np.zeros(len(digests), bool)
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    for _ in range(data.draw(st.integers(1, 5))):
        share = data.draw(st.sampled_from([0.0, 0.01, 0.2, 0.6, 1.0]))
        removed = np.flatnonzero(rng.random(len(expected)) < share)
        known = np.concatenate([expected, queries])[rng.permutation(len(expected) + len(queries))]
        added = known[: data.draw(st.sampled_from([0, 1, 12, 500]))]
        index = index.updated(added=added, removed=rng.permutation(removed))
        expected = np.concatenate([np.delete(expected, removed, axis=0), added])
        hidden = np.concatenate([np.delete(hidden, removed), np.zeros(len(added), bool)])
        rows = np.flatnonzero(rng.random(len(expected)) < 0.05)
        index = index.without(rows)
        hidden[rows] = True
        np.testing.assert_array_equal(index.digests_of(range(len(index))), expected)
        np.testing.assert_array_equal(index.disabled_rows(), np.flatnonzero(hidden))
        fresh = Index.from_digests(expected, algorithm=algorithm, max_distance=built_for)
        found = answers(index, queries, radius)
        assert found == answers(fresh.without(np.flatnonzero(hidden)), queries, radius)
        assert found[0] == brute_force(expected, queries[0], radius, set(np.flatnonzero(hidden).tolist()))


@pytest.mark.parametrize("n", [1, 31, 32, 33, 64, 9_000])
def test_an_update_merges_into_the_arrays_a_build_makes(level: int, n: int) -> None:
    rng = np.random.default_rng(6)
    digests = rng.integers(0, 256, (n, 32), dtype=np.uint8)
    digests[n // 2 :: 3] = digests[0]  # some buckets hold many rows
    added = np.concatenate([digests[: n // 20], rng.integers(0, 256, (n // 20, 32), dtype=np.uint8)])
    old = Index.from_digests(digests)
    some = rng.permutation(n)[: n // 3].tolist()
    for removed in ([], [0], [n - 1], some, some[:3], list(range(n // 4, n // 4 + n // 5))):
        for more in (added, added[:0]):
            kept = np.delete(digests, removed, axis=0)
            expected = np.concatenate([kept, more])
            if not n // 2 <= len(expected) <= 2 * n:
                continue
            new = old.updated(added=more, removed=removed)
            assert widths_of(new) == widths_of(old)
            starts, ids = build_slots(expected, widths_of(old))
            np.testing.assert_array_equal(parts_of(new)["digests"], expected)
            np.testing.assert_array_equal(parts_of(new)["starts"], starts)
            np.testing.assert_array_equal(parts_of(new)["ids"], ids)


def test_a_merge_refuses_arrays_that_do_not_belong_together(level: int) -> None:
    """Whatever a forged file says, a merge stays inside its arrays."""
    rng = np.random.default_rng(14)
    digests = rng.integers(0, 256, (500, 32), dtype=np.uint8)
    added = rng.integers(0, 256, (40, 32), dtype=np.uint8)
    widths = (6, 5)
    starts, ids = build_slots(digests, widths)
    keep = rng.random(500) < 0.9
    n_refused = 0
    for value in (0, 499, 500, 501, 2**31, 2**32 - 1):
        for share in (0.02, 0.3, 1.0):
            for name in ("starts", "ids"):
                parts = {"starts": starts.copy(), "ids": ids.copy()}
                parts[name][rng.random(len(parts[name])) < share] = value
                for stay, more in ((keep, added), (keep, added[:0]), (np.ones(500, bool), added)):
                    try:
                        merge_slots(parts["starts"], parts["ids"], digests, stay, more, widths)
                    except ValueError as exc:
                        assert "no slot of these rows" in str(exc)
                        n_refused += 1
    assert n_refused > 40
    empty, one = np.zeros(0, np.uint32), np.zeros(1, np.uint32)
    words = np.zeros(1, np.uint64)
    for wrong in (
        (starts[:3], one, 1, words, empty, empty, empty, empty, starts[:4].copy(), one.copy()),
        (starts[:3], one, 29, words, empty, empty, empty, empty, starts[:3].copy(), one.copy()),
        (starts[:3], one, 1, words[:0], one, one, empty, empty, starts[:3].copy(), empty),
        (starts[:3], one, 1, words, one, empty, empty, empty, starts[:3].copy(), empty),
        (starts[:3], one, 1, words, empty, empty, one, empty, starts[:3].copy(), np.zeros(2, np.uint32)),
        (starts[:3], one, 1, words, empty, empty, empty, empty, starts[:3].copy(), np.zeros(2, np.uint32)),
        (starts[:3], empty, 1, words[:0], one, one, one, one, starts[:3].copy(), empty),
    ):
        with pytest.raises(ValueError, match=r"starts for|ids for|word for"):
            _search.merge_slot(*wrong)


def slots_of(digest: UInt8Array, widths: tuple[int, ...]) -> list[int]:
    """Return the slot values of one digest, from the definition: bit p is bit (37 p) % 256."""
    bits = np.unpackbits(digest, bitorder="little")
    permuted = [int(bits[position * 37 % 256]) for position in range(256)]
    values, at = [], 0
    for width in widths:
        values.append(sum(bit << place for place, bit in enumerate(permuted[at : at + width])))
        at += width
    return values


@pytest.mark.parametrize("alike", [1, 6], ids=["apart", "alike"])
def test_seeds_are_the_rows_that_share_slots(level: int, alike: int) -> None:
    """Queries that have most of their slots in common, too, which then read each bucket together."""
    rng = np.random.default_rng(8)
    digests = rng.integers(0, 256, (3_000 if alike == 1 else 1_000, 32), dtype=np.uint8)
    index = Index.from_digests(digests)
    apart = [
        flipped(digests[row], rng.choice(256, 45, replace=False)) for row in range(60 if alike == 1 else 4)
    ]
    queries = np.stack(
        [flipped(query, rng.choice(256, alike - 1, replace=False)) for query in apart for _ in range(alike)]
    )
    of_rows = np.array([slots_of(digest, widths_of(index)) for digest in digests])
    for flips in (0, 1):
        expected: dict[int, list[tuple[int, int, int]]] = {}
        for number, query in enumerate(queries):
            far = np.unpackbits(digests ^ query, axis=1).sum(axis=1)
            off = of_rows ^ np.array(slots_of(query, widths_of(index)))
            shared = (np.vectorize(int.bit_count, otypes=[int])(off.astype(object)) <= flips).sum(axis=1)
            for row in np.flatnonzero((shared >= 2) & (far <= 110)).tolist():
                expected.setdefault(row, []).append((int(far[row]), number, int(shared[row])))
        seeds = seed(index, queries, max_distance=110, min_shared=2, flips=flips)
        assert seeds.rows.tolist() == sorted(expected)
        found = zip(seeds.distances.tolist(), seeds.queries.tolist(), seeds.shared.tolist(), strict=True)
        # Of queries that are equally near, one that shares the fewest slots, and of those the first.
        nearest = [min(expected[row], key=lambda one: (one[0], one[2], one[1])) for row in sorted(expected)]
        assert list(found) == nearest
        assert seeds.hits.tolist() == [len(expected[row]) for row in sorted(expected)]


@pytest.mark.parametrize("flips", [0, 1])
def test_seeds_look_at_no_more_than_a_bucket_s_head(flips: int) -> None:
    index = Index.from_digests(np.zeros((10_000, 32), np.uint8))
    for n_head in (50, 300):  # more than wait for their digests at once
        seeds = seed(index, np.zeros((3, 32), np.uint8), max_bucket=n_head, flips=flips)
        assert seeds.rows.tolist() == list(range(n_head))
        assert set(seeds.hits.tolist()) == {3}
    assert seed(index.without(range(20)), np.zeros((1, 32), np.uint8), max_bucket=50).rows.tolist() == list(
        range(20, 50)
    )


def test_seeds_of_more_queries_than_are_held_at_once() -> None:
    n_queries = (1 << 17) // 16 + 100
    seeds = seed(
        Index.from_digests(np.zeros((1, 32), np.uint8)), np.zeros((n_queries, 32), np.uint8), flips=1
    )
    assert (seeds.rows.tolist(), seeds.hits.tolist()) == ([0], [n_queries])


@pytest.mark.faiss
def test_seeds_of_a_flat_or_empty_index() -> None:
    digests = np.arange(64, dtype=np.uint8).reshape(2, 32)
    seeds = seed(Index.from_digests(digests, method="flat"), digests, max_distance=3)
    assert (seeds.rows.tolist(), seeds.queries.tolist(), seeds.hits.tolist()) == ([0, 1], [0, 1], [1, 1])
    assert seed(Index([]), digests).rows.size == 0


def test_an_index_of_hashes_has_one_algorithm() -> None:
    values = [Hash(Algorithm.PDQ, bytes(32)), Hash(Algorithm.PHASH, bytes(8))]
    with pytest.raises(TypeError, match="one algorithm"):
        Index(values)
    with pytest.raises(TypeError, match="one algorithm"):
        Index(values[:1], algorithm="phash")
    index = Index(values[1:])
    assert (index.algorithm, len(index)) == (Algorithm.PHASH, 1)
    with pytest.raises(TypeError, match="holds phash"):
        index.search(values[0], max_distance=3)
    with pytest.raises(TypeError, match="query is Hash, not"):
        index.search(bytes(8), max_distance=3)  # type: ignore[arg-type]


@pytest.mark.faiss
@pytest.mark.parametrize("radius", [-1, 257])
def test_a_radius_out_of_range_is_refused(radius: int) -> None:
    for method in ("multi", "flat"):
        index = Index.from_digests(np.zeros((1, 32), np.uint8), method=method)
        with pytest.raises(ValueError, match="0 to 256"):
            index.search(Hash(Algorithm.PDQ, bytes(32)), max_distance=radius)
    with pytest.raises(ValueError, match="0 to 256"):
        Index.from_digests(np.zeros((1, 32), np.uint8), max_distance=radius)


def test_wrong_shapes_and_rows_are_refused() -> None:
    index = Index.from_digests(np.zeros((3, 32), np.uint8))
    with pytest.raises(ValueError, match=r"shape \(n, 32\)"):
        Index.from_digests(np.zeros((3, 31), np.uint8))
    for queries in (np.zeros((2, 8), np.uint8), np.zeros(32, np.uint8), np.zeros((2, 32), np.int64)):
        with pytest.raises(ValueError, match="uint8 of shape"):
            index.search_many(queries, max_distance=1)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="uint8 of shape"):
            seed(index, queries)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="threads"):
        index.search_many(np.zeros((2, 32), np.uint8), max_distance=1, threads=0)
    with pytest.raises(ValueError, match="k is"):
        index.nearest(Hash(Algorithm.PDQ, bytes(32)), k=0, max_distance=1)
    with pytest.raises(ValueError, match="method"):
        Index([], method="fast")
    for rows in ([3], [-1], [0.5], [[0]]):
        with pytest.raises(IndexError):
            index.without(rows)
        with pytest.raises(IndexError):
            index.updated(removed=rows)


def test_the_kernels_refuse_arrays_that_do_not_fit() -> None:
    digests = np.zeros((4, 32), np.uint8)
    starts, ids = build_slots(digests, (4, 4))
    for level in (-2, 99):
        with pytest.raises(ValueError, match="this processor runs levels 0 to"):
            _search.SlotIndex(digests, (4, 4), starts, ids, level=level)
    with pytest.raises(ValueError, match="do not fit"):
        _search.SlotIndex(digests, (4, 5), starts, ids)
    with pytest.raises(ValueError, match="do not fit"):
        _search.SlotIndex(digests, (29,), starts, ids)
    with pytest.raises(ValueError, match="a plan for 1 slots"):
        index = _search.SlotIndex(digests, (4, 4), starts, ids)
        index.search(digests, _search.Plan([None], [-1], scan=True, max_candidates=0), 3)
    for name, values in (("starts", starts), ("ids", ids)):
        wrong = values.copy()
        wrong[:] = 2**32 - 1
        parts = {"starts": starts, "ids": ids} | {name: wrong}
        broken = _search.SlotIndex(digests, (4, 4), parts["starts"], parts["ids"])
        plan = _search.Plan([masks_within(4, 1)] * 2, [1, 1], scan=False, max_candidates=100)
        if name == "starts":
            wrong[::2] = 0
        with pytest.raises(ValueError, match="do not belong"):
            broken.search(digests, plan, 3)


def test_a_mask_leads_nowhere_outside() -> None:
    digests = np.zeros((4, 32), np.uint8)
    index = _search.SlotIndex(digests, (4, 4), *build_slots(digests, (4, 4)))
    plan = _search.Plan([np.array([0, 1 << 20], np.uint32)] * 2, [1, 1], scan=False, max_candidates=100)
    for call in (index.search, lambda *told: index.search_one(told[0][0], *told[1:])):
        with pytest.raises(ValueError, match="more than its 4 bits"):
            call(digests, plan, 3)
    with pytest.raises(ValueError, match="more than its 4 bits"):
        index.seed(digests, plan, 3, 1)
    for masks, radius in (
        (np.zeros(0, np.uint32), 1),
        (np.zeros(1, np.uint32), -1),
        (np.zeros(1, np.uint32), 29),
    ):
        with pytest.raises(ValueError, match="masks for a radius"):
            _search.Plan([masks], [radius], scan=False, max_candidates=100)


def test_arrays_that_are_written_lie_apart_and_straight() -> None:
    keys, starts, ids = np.zeros(17, np.uint32), np.zeros(17, np.uint32), np.zeros(17, np.uint32)
    _search.build_slot(keys, 4, starts, ids)
    for told in ((keys, 4, keys, ids), (keys, 4, starts, keys), (keys, 4, starts, starts)):
        with pytest.raises(ValueError, match="overlaps"):
            _search.build_slot(*told)
    crooked = np.zeros(17 * 4 + 1, np.uint8)[1:].view(np.uint32)
    for told in ((crooked, 4, starts, ids), (keys, 4, crooked, ids), (keys, 4, starts, crooked)):
        with pytest.raises(ValueError, match="aligned"):
            _search.build_slot(*told)


def test_what_is_checked_lies_in_the_file() -> None:
    data = np.zeros(8192, np.uint8)
    blocks = _search.Blocks(data, _search.block_checksums(data), ValueError)
    blocks.touch(data[100:200])
    for elsewhere in (np.zeros(8, np.uint8), np.zeros(10_000, np.uint8)):
        with pytest.raises(ValueError, match="do not lie in the file"):
            blocks.touch(elsewhere)
    blocks.settle()
    blocks.touch(data)
    data[5000] = 1
    damaged = _search.Blocks(data, _search.block_checksums(np.zeros_like(data)), ValueError)
    for _ in range(2):  # nothing is taken for checked where a block does not fit
        with pytest.raises(ValueError, match="1"):
            damaged.settle()
        with pytest.raises(ValueError, match="1"):
            damaged.touch(data)
    digests = np.zeros((4, 32), np.uint8)
    starts, ids = build_slots(digests, (4, 4))
    with pytest.raises(ValueError, match="digests do not lie in the file"):
        _search.SlotIndex(digests, (4, 4), starts, ids, blocks=blocks)
    with pytest.raises(TypeError, match="on_damage"):
        _search.Blocks(data, _search.block_checksums(data), None)  # type: ignore[arg-type]


@pytest.mark.parametrize("n", [1, 100, 10_000, 1_000_000, 10_000_000, 300_000_000])
@pytest.mark.parametrize(("n_bits", "radius"), [(256, 0), (256, 31), (256, 64), (64, 8), (64, 63), (128, 0)])
def test_slots_cover_the_radius_and_fit_the_budget(n: int, n_bits: int, radius: int) -> None:
    widths = choose_widths(n, n_bits, radius)
    assert widths
    assert sum(widths) <= n_bits
    assert len(widths) <= _search.MAX_SLOTS
    n_bytes = 4 * n * len(widths) + sum(4 * ((1 << width) + 1) for width in widths)
    assert n_bytes <= max(108 * n, 9 << 20)  # with a digest of 32 bytes: 140 a hash
    for distance in range(min(n_bits, 64)):
        radii = radii_for(n, widths, distance)
        if radii is not None:
            assert sum(each + 1 for each in radii) == distance + 1
            assert all(-1 <= each <= width for each, width in zip(radii, widths, strict=True))


def test_threads_share_an_index() -> None:
    rng = np.random.default_rng(9)
    digests = rng.integers(0, 256, (20_000, 32), dtype=np.uint8)
    queries = digests[:200]
    index = Index.from_digests(digests)
    expected = answers(index, queries, 31)
    wrong: list[object] = []

    def ask() -> None:
        for radius in (31, 20, 31, 40):
            found = answers(index, queries, radius)
            if radius == 31 and found != expected:
                wrong.append(found)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_million_digests_have_the_slots_that_the_docs_say() -> None:
    widths = choose_widths(1_000_000, 256, 31)
    assert (len(widths), min(widths), max(widths)) == (14, 17, 21)
