"""Where one way to search overtakes another: what `method="auto"` and `slots.radii_for` decide, against the clock.

    python benchmarks/crossover.py -o benchmarks/results/crossover.json

Two questions, on random digests within 31 bits, at each instruction set this machine has:

- FAISS's scan or our index? "auto" always takes ours.
- Opening buckets or comparing with every row? `radii_for` compares their estimated costs; here both are forced,
  for the radii around the one where it changes its mind.

Reported as ratios of times taken in turn. "lost" is how many times the chosen way took longer than the other: 1.3 says
that 30 % were given away, anything up to 1 that the choice was right.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import math
from pathlib import Path
from typing import Any
from unittest import mock

import faiss
import numpy as np
import numpy.typing as npt

from safehash import _search
from safehash.hashing.hashes import Algorithm, Hash
from safehash.search import slots
from safehash.search.index import Index
from safehash.search.slots import build_slots, choose_widths, masks_within, radii_for

from common import LEVEL_NAMES, interleaved, ratios, report, spread, write_result

Digests = npt.NDArray[np.uint8]
RADIUS = 31
SEED = 20260102
N_QUERIES = 1_000  # none asked twice in a row: what a query needs is not in the first caches yet
TURN = 20
METHOD_SIZES = (1, 100, 1_000, 3_000, 5_000, 10_000, 15_000, 20_000, 30_000, 50_000, 100_000)
SCAN_SIZES = (3_000, 10_000, 30_000, 100_000, 1_000_000)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("-o", "--out", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    arguments = parser.parse_args()
    faiss.omp_set_num_threads(1)
    rng = np.random.default_rng(SEED)
    result: dict[str, Any] = {}
    for level in _search.LEVELS:
        name = LEVEL_NAMES[level]
        with mock.patch.object(_search, "SlotIndex", functools.partial(_search.SlotIndex, level=level)):
            result[name] = {
                "faiss_or_ours": {str(n): methods(n, rng, arguments.rounds) for n in METHOD_SIZES},
                "buckets_or_all": {str(n): scans(n, rng, arguments.rounds) for n in SCAN_SIZES},
            }
        report({name: result[name]})
    if arguments.out:
        write_result(arguments.out, result, seed=SEED)


def random_digests(n: int, rng: np.random.Generator) -> Digests:
    return np.frombuffer(rng.bytes(32 * n), np.uint8).reshape(n, 32).copy()


def methods(n: int, rng: np.random.Generator, rounds: int) -> dict[str, Any]:
    """Time one query at a time of FAISS's scan, called barely, and of our index."""
    digests, queries = random_digests(n, rng), random_digests(N_QUERIES, rng)
    multi = Index.from_digests(digests, method="multi", max_distance=RADIUS)
    flat = faiss.IndexBinaryFlat(256)
    flat.add(digests)
    values = itertools.cycle([Hash(Algorithm.PDQ, query.tobytes()) for query in queries])
    arrays = itertools.cycle([query[None, :] for query in queries])

    def ours() -> None:
        for value in itertools.islice(values, TURN):
            multi.search(value, max_distance=RADIUS)

    def theirs() -> None:
        for array in itertools.islice(arrays, TURN):
            flat.range_search(array, RADIUS + 1)

    times = interleaved({"ours": ours, "faiss": theirs}, rounds=rounds)
    low, middle, high = (round(value, 2) for value in spread(ratios(times, "faiss", "ours")))
    return {"faiss_over_ours": middle, "quartiles": [low, high]}


def scans(n: int, rng: np.random.Generator, rounds: int) -> dict[str, dict[str, Any]]:
    """Time a batch with buckets opened and with every row compared, around the radius where the choice changes."""
    digests, queries = random_digests(n, rng), random_digests(N_QUERIES, rng)
    some = itertools.cycle(np.split(queries, N_QUERIES // TURN))
    widths = choose_widths(n, 256, RADIUS)
    index = _search.SlotIndex(digests, widths, *build_slots(digests, widths))

    def ask(plan: _search.Plan, radius: int) -> None:
        index.search(next(some), plan, radius)

    whole = _search.Plan([None] * len(widths), [-1] * len(widths), scan=True, max_candidates=0)
    last = max((radius for radius in range(65) if radii_for(n, widths, radius) is not None), default=-1)
    found = {}
    for radius in (last // 2, last - 6, last - 2, last, last + 1, last + 4):
        with mock.patch.object(slots, "scan_cost", lambda n: math.inf):  # never prefers to compare with all
            radii = list(slots.radii_for(n, widths, radius) or ())
        if not radii:
            continue
        masks = [
            masks_within(width, each) if each >= 0 else None
            for width, each in zip(widths, radii, strict=True)
        ]
        opened = _search.Plan(masks, radii, scan=False, max_candidates=n * len(widths))
        times = interleaved(
            {"buckets": functools.partial(ask, opened, radius), "all": functools.partial(ask, whole, radius)},
            rounds=rounds,
        )
        taken = "buckets" if radius <= last else "all"
        low, all_over_buckets, high = spread(ratios(times, "all", "buckets"))
        found[f"radius {radius}"] = {
            "taken": taken,
            "all_over_buckets": round(all_over_buckets, 2),
            "quartiles": [round(low, 2), round(high, 2)],
            "lost": round(all_over_buckets if taken == "all" else 1 / all_over_buckets, 2),
        }
    return found


if __name__ == "__main__":
    main()
