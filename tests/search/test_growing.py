"""The growing index against the plain one, and its stream against everything that can happen to one."""

from __future__ import annotations

import io
import json
import pickle
import struct
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from safehash import GrowingIndex, Hash, Index, IndexFileError
from safehash.search.growing import _MAGIC, _SLOTTED


def near(rng: np.random.Generator, n: int, n_bytes: int, *, spread: float = 0.02) -> Any:
    """Return digests in crowds, so that every radius has answers."""
    centres = rng.integers(0, 256, (max(1, n // 20), n_bytes), dtype=np.uint8)
    flips = np.packbits(rng.random((n, 8 * n_bytes)) < spread, axis=1)
    return centres[rng.integers(0, len(centres), n)] ^ flips


def all_within(digests: Any, query: Hash, max_distance: int) -> list[tuple[int, int]]:
    """Look at every digest."""
    own = np.frombuffer(query.digest, np.uint8)
    distances = np.unpackbits(digests ^ own, axis=1).sum(axis=1).tolist()
    return [(row, d) for d, row in sorted((d, row) for row, d in enumerate(distances)) if d <= max_distance]


@given(
    batches=st.lists(st.integers(0, 60), min_size=1, max_size=12),
    algorithm=st.sampled_from(["pdq", "phash"]),
    seed=st.integers(0, 2**32 - 1),
    every=st.integers(1, 4),
)
def test_it_answers_as_an_index_of_all(batches: list[int], algorithm: str, seed: int, every: int) -> None:
    """However digests come, one by one or many, with searches between or not."""
    rng = np.random.default_rng(seed)
    n_bytes = 32 if algorithm == "pdq" else 8
    digests = near(rng, sum(batches), n_bytes)
    growing: GrowingIndex[int] = GrowingIndex(algorithm=algorithm)
    first = 0
    for number, n in enumerate(batches):
        rows = range(first, first + n)
        if n == 1:
            growing.add(Hash(algorithm, digests[first].tobytes()), first)
        else:
            growing.add_many((digests[row].tobytes().hex(), row) for row in rows)
        first += n
        if number % every == 0 and first:
            query = Hash(algorithm, digests[rng.integers(0, first)].tobytes())
            for max_distance in (0, 8, 31):
                assert growing.search(query, max_distance=max_distance) == all_within(
                    digests[:first], query, max_distance
                )
    assert len(growing) == first
    stream = io.BytesIO()
    growing.write(stream)
    stream.seek(0)
    again = GrowingIndex.read(stream)
    for row in range(0, first, 7):
        digits = digests[row].tobytes().hex()
        assert again.search(digits, max_distance=20) == growing.search(digits, max_distance=20)


def test_large_parts_are_merged_and_answer_alike() -> None:
    rng = np.random.default_rng(5)
    digests = near(rng, _SLOTTED + 1500, 32)
    growing: GrowingIndex[int] = GrowingIndex()
    growing.add_many((digests[row].tobytes().hex(), row) for row in range(_SLOTTED + 500))
    for row in range(_SLOTTED + 500, len(digests)):
        growing.add(digests[row].tobytes().hex(), row)
        if row % 50 == 0:
            growing.search(digests[row].tobytes().hex(), max_distance=0)
    plain = Index.from_digests(digests)
    for row in range(0, len(digests), 300):
        query = Hash("pdq", digests[row].tobytes())
        assert growing.search(query, max_distance=31) == plain.search(query, max_distance=31)
    assert len(growing._parts) < 8


def test_all_of_a_batch_or_none() -> None:
    index: GrowingIndex[int] = GrowingIndex()
    for wrong, error in (
        ("zz" * 32, ValueError),
        ("ab", ValueError),
        (Hash("phash", bytes(8)), TypeError),
        (7, TypeError),
    ):
        with pytest.raises(error):
            index.add_many([("ab" * 32, 1), (wrong, 2)])  # type: ignore[list-item]
    assert len(index) == 0
    assert index.search("ab" * 32, max_distance=31) == []
    with pytest.raises(ValueError):
        index.search("ab" * 32, max_distance=300)


def test_threads_add_and_search() -> None:
    """What was added is found from then on, whoever adds beside."""
    index: GrowingIndex[tuple[int, int]] = GrowingIndex()
    missing = []

    def work(thread: int) -> None:
        for number in range(200):
            digits = f"{thread:032x}{number:032x}"
            index.add(digits, (thread, number))
            if (thread, number) not in [payload for payload, _ in index.search(digits, max_distance=0)]:
                missing.append(digits)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert missing == []
    assert len(index) == 800


@pytest.mark.parametrize("payload", [(1, 2), {1: "one"}, {1}, b"x", float("nan"), [{"a": (1,)}], object()])
def test_what_json_would_change_is_refused(payload: object) -> None:
    index: GrowingIndex[object] = GrowingIndex()
    index.add("ab" * 32, payload)
    stream = io.BytesIO()
    with pytest.raises((TypeError, ValueError)):
        index.write(stream)


def streamed(n: int = 3) -> bytes:
    index: GrowingIndex[Any] = GrowingIndex(algorithm="phash")
    index.add_many((f"{number:016x}", {"number": number}) for number in range(n))
    stream = io.BytesIO()
    index.write(stream)
    return stream.getvalue()


def test_damage_anywhere_in_a_stream_is_found() -> None:
    data = streamed()
    assert len(GrowingIndex.read(io.BytesIO(data))) == 3
    for at in range(len(data)):
        for damaged in (data[:at], data[:at] + bytes([data[at] ^ 0x20]) + data[at + 1 :]):
            with pytest.raises(IndexFileError):
                GrowingIndex.read(io.BytesIO(damaged))


def test_a_lying_header_costs_no_memory_and_a_pickle_runs_nothing() -> None:
    head = {"algorithm": "pdq", "max_distance": 31, "n_rows": 1 << 50, "n_payload_bytes": 2}
    text = json.dumps(head).encode()
    for data in (
        _MAGIC + struct.pack("<I", len(text)) + text,
        _MAGIC + struct.pack("<I", 1 << 31),
        _MAGIC + struct.pack("<I", 20) + b"[" * 20,
        pickle.dumps({"state": 1}),
        b"",
    ):
        with pytest.raises(IndexFileError):
            GrowingIndex.read(io.BytesIO(data))
