"""The Hash value."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import safehash
from safehash import _core, _digests
from safehash.hashing.hashes import ORIENTATIONS, Algorithm, Hash

perceptual = st.sampled_from([Algorithm.PDQ, Algorithm.PHASH, Algorithm.PHASH256])


@st.composite
def hashes(draw: st.DrawFn, algorithm: Algorithm | None = None) -> Hash:
    chosen = draw(perceptual) if algorithm is None else algorithm
    return Hash(chosen, draw(st.binary(min_size=chosen.n_bytes, max_size=chosen.n_bytes)))


@given(hashes())
def test_hex_round_trip(value: Hash) -> None:
    assert Hash.from_hex(value.algorithm, value.hex) == value
    assert Hash.from_hex(value.algorithm.value, f" {value.hex.upper()}\n") == value


@given(hashes(Algorithm.PDQ), hashes(Algorithm.PDQ), hashes(Algorithm.PDQ))
def test_distance_is_a_metric(a: Hash, b: Hash, c: Hash) -> None:
    assert a.distance(a) == 0
    assert a.distance(b) == b.distance(a) >= 0
    assert (a.distance(b) == 0) == (a == b)
    assert a.distance(c) <= a.distance(b) + b.distance(c)
    assert a.distance(b) == (int(a.hex, 16) ^ int(b.hex, 16)).bit_count()
    assert a.distance(b.negative()) == 256 - a.distance(b)


@given(hashes())
def test_orientations_are_a_group(value: Hash) -> None:
    turned = value.orientations()
    assert len(turned) == len(ORIENTATIONS) == 8
    assert turned[0] == value
    quarter = turned[1]
    assert quarter.orientations()[1] == turned[2]
    assert turned[2].orientations()[2] == value
    assert quarter.orientations()[3] == value
    for k in (4, 5, 6, 7):
        assert turned[k].orientations()[k] == value
    assert {each.hex for each in quarter.orientations()} == {each.hex for each in turned}


def test_orientations_from_bits_are_near_the_truth() -> None:
    generator = np.random.default_rng(1)
    cells = generator.integers(0, 256, (64, 64), dtype=np.uint8)
    digest, _ = _core.pdq(cells)
    truth = _core.pdq_turned(cells)[0]
    derived = Hash("pdq", digest).orientations()
    assert len(set(truth)) == 8
    for ours, digest in zip(derived, truth, strict=True):
        assert ours.distance(Hash("pdq", digest)) <= 12


@given(st.lists(hashes(Algorithm.PHASH), max_size=5))
def test_turning_in_batches_equals_one_by_one(values: list[Hash]) -> None:
    digests = np.frombuffer(b"".join(value.digest for value in values), np.uint8).reshape(-1, 8)
    turned = _digests.turn_digests(digests)
    assert turned.shape == (len(values), 8, 8)
    for row, value in zip(turned, values, strict=True):
        assert [Hash("phash", each.tobytes()) for each in row] == list(value.orientations())


def test_algorithms_never_compare() -> None:
    pdq, phash256 = Hash("pdq", bytes(32)), Hash("phash256", bytes(32))
    with pytest.raises(TypeError, match="phash256"):
        pdq.distance(phash256)
    with pytest.raises(TypeError):
        pdq < phash256  # noqa: B015
    for compare in (pdq.__eq__, pdq.__ne__):
        with pytest.raises(TypeError, match="phash256"):
            compare(phash256)
    assert len({pdq, phash256}) == 2
    assert {pdq: 1, phash256: 2}[phash256] == 2
    assert pdq != "00"
    with_pdq, with_phash256 = safehash.Entry(hash=pdq), safehash.Entry(hash=phash256)
    assert with_pdq != with_phash256
    assert with_pdq == safehash.Entry(hash=pdq)
    assert with_pdq != safehash.Entry(hash=pdq, labels=("viral_challenge",))
    with pytest.raises(TypeError, match="Hash"):
        pdq.distance("00")  # type: ignore[arg-type]


def test_exact_digests_have_no_distance() -> None:
    value = Hash("md5", bytes(16))
    for call in (lambda: value.distance(value), value.orientations, value.negative):
        with pytest.raises(TypeError):
            call()


def test_quality_is_a_remark() -> None:
    assert Hash("pdq", bytes(32), quality=3) == Hash("pdq", bytes(32))
    assert hash(Hash("pdq", bytes(32), quality=3)) == hash(Hash("pdq", bytes(32)))


def test_order_and_pickle_and_copy() -> None:
    low, high = Hash("pdq", bytes(32), quality=7), Hash("pdq", b"\x01" + bytes(31))
    assert sorted([high, low]) == [low, high]
    for same in (pickle.loads(pickle.dumps(low)), copy.deepcopy(low)):
        assert same == low
        assert same.quality == 7
    assert b"Algorithm" not in pickle.dumps(low)  # plain data


def test_frozen_and_discreet() -> None:
    value = Hash("pdq", bytes(range(32)))
    with pytest.raises(AttributeError):
        value.quality = 3  # type: ignore[misc]
    assert value.hex not in f"{value} {value!r}"
    assert value.hex[:8] in str(value)


@pytest.mark.parametrize(
    ("algorithm", "text"),
    [("pdq", ""), ("pdq", "00"), ("pdq", "g" * 64), ("pdq", "0" * 63), ("pdq", "0" * 65), ("phash", "0" * 15),
     ("pdq", "0 " * 32), ("nope", "00")],
)  # fmt: skip
def test_bad_hex(algorithm: str, text: str) -> None:
    with pytest.raises(ValueError):
        Hash.from_hex(algorithm, text)


def test_bad_quality() -> None:
    with pytest.raises(ValueError, match="quality"):
        Hash("pdq", bytes(32), quality=101)
