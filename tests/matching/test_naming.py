"""Entries that are named by what a match shows of them."""

from __future__ import annotations

import hashlib

import safehash
from safehash import Algorithm, Entry, Hash
from safehash.matching.naming import keys_named
from safehash.matching.state import State


def digest(number: int, algorithm: str = "pdq") -> Hash:
    return Hash(algorithm, hashlib.sha256(bytes([number])).digest()[: Algorithm(algorithm).n_bytes])


def state_of(*entries: Entry) -> State:
    return safehash.Matcher.from_entries(entries)._state


def test_entries_are_named_by_id_or_digest_of_one_list() -> None:
    state = state_of(
        Entry(hash=digest(1), source="own", id="a"),
        Entry(hash=digest(2), source="own", id="ab", keyed_by="digest"),
        Entry(hash=digest(3), source="own", id="ab", keyed_by="digest"),
        Entry(hash=digest(1), source="other", id="a"),
        Entry(hash=digest(4, "md5"), source="other"),
    )
    assert keys_named(state, "own", "a") == (("own", "id", "a"),)
    assert keys_named(state, "own", digest(1)) == (("own", "id", "a"),)
    assert set(keys_named(state, "own", "ab")) == {("own", "pdq", digest(k).hex) for k in (2, 3)}
    assert keys_named(state, "own", digest(2)) == (("own", "pdq", digest(2).hex),)
    assert keys_named(state, "other", digest(4, "md5")) == (("other", "md5", digest(4, "md5").hex),)
    for source, name in (
        ("own", "b"),
        ("own", ""),
        ("other", "ab"),
        ("own", digest(4, "md5")),
        ("own", digest(9)),
    ):
        assert keys_named(state, source, name) == ()
    assert keys_named(state, "own", digest(4, "sha1")) == ()
