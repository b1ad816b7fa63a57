"""Every seed of the fuzzers, and every input that they ever found, through its door: no fuzzer is needed for that."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).parent.parent / "fuzz"
sys.path.insert(0, str(FUZZ))

from targets import TARGETS, target  # type: ignore[import-not-found]  # noqa: E402

#: Bytes of all seeds: they are part of the repository.
MOST_BYTES = 2_000_000


def test_the_seeds_are_small_and_of_every_target() -> None:
    seeds = [path for path in (FUZZ / "seeds").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in seeds) < MOST_BYTES
    assert {path.parent.name for path in seeds} == set(TARGETS)


@pytest.mark.parametrize("name", TARGETS)
def test_every_seed_is_taken(name: str) -> None:
    act = target(name)
    for path in sorted((FUZZ / "seeds" / name).iterdir()):
        data = path.read_bytes()
        for given in (data, data[: len(data) // 2], data[:-1], b""):
            act(given)
