"""What the guards that compiler and linker put into the compiled modules cost: the same source, built with and without.

Run: python benchmarks/bench_hardening.py WITH WITHOUT [-o benchmarks/results/hardening.json]

WITH and WITHOUT are `src` folders, built in place, the second with SAFEHASH_BUILD_PLAIN=1. Each is loaded by a process
of its own, again and again: where an index comes to lie in memory decides more than any guard, and differs from process
to process. Both are asked in turn for a round of the same calls, in changing order. Told are, for each call, the median
over pairs of processes of the median ratio of processor time, with the middle half.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from common import report, spread, write_result
from loaded import Loaded

ROUNDS = 15
PROCESSES = 9
#: Processor seconds that one call's turn takes at least.
LEAST = 0.02


def calls() -> dict[str, Callable[[], object]]:
    """Return what is measured: each kernel by its usual work."""
    import safehash
    from safehash import _core
    from safehash.search.index import Index

    rng = np.random.default_rng(1)
    grey = rng.integers(0, 256, (1004, 1600), dtype=np.uint8)
    colour = rng.integers(0, 256, (512, 512, 3), dtype=np.uint8)
    known = rng.integers(0, 256, (100_000, 32), dtype=np.uint8)
    index = Index.from_digests(known)
    queries = known[::2_000].copy()
    queries[:, 0] ^= 0b101
    png = _png(grey)
    matcher = safehash.Matcher.from_entries(
        [safehash.Entry(hash=safehash.Hash("pdq", row.tobytes()), source="own") for row in known[:2_000]],
        settings=safehash.Settings(effort="thorough"),
    )
    return {
        "PDQ of 1600 x 1004, grey": lambda: _core.pdq(grey),
        "PDQ of 512 x 512, colour": lambda: _core.pdq(colour),
        "pHash of 512 x 512, colour": lambda: safehash.hash_array(colour, algorithm="phash"),
        "50 queries among 100 000": lambda: index.search_many(queries, max_distance=31),
        "rows of a PNG file": lambda: safehash.hash_bytes(png),
        "a check, thorough": lambda: matcher.check(png),
    }


def _png(pixels: np.ndarray[Any, Any]) -> bytes:
    import io

    from PIL import Image

    stream = io.BytesIO()
    Image.fromarray(pixels // 16 * 16).save(stream, "PNG", compress_level=1)
    return stream.getvalue()


def serve() -> None:
    """Run calls as they are named; answer with the processor seconds of one."""
    known = calls()
    repeats: dict[str, int] = {}
    for name, call in known.items():
        call()
        started = time.process_time()
        call()
        repeats[name] = max(1, round(LEAST / max(time.process_time() - started, 1e-6)))
    print(json.dumps(list(known)), flush=True)
    for line in sys.stdin:
        name, n_times = json.loads(line)
        call = known[name]
        started = time.process_time()
        for _ in range(n_times or repeats[name]):
            call()
        print(json.dumps([time.process_time() - started, n_times or repeats[name]]), flush=True)


class Build:
    """One build, loaded."""

    def __init__(self, sources: Path) -> None:
        self._loaded = Loaded(__file__, sources)
        self.names: list[str] = self._loaded.answer()

    def time(self, name: str, n_times: int | None) -> tuple[float, int]:
        """Return the processor seconds of so many calls, and how many those were."""
        seconds, n_done = self._loaded.ask(json.dumps([name, n_times]))
        return seconds, n_done

    def close(self) -> None:
        """End it."""
        self._loaded.close()


def _ratio(builds: dict[str, Build], name: str, rounds: int) -> float:
    """Return the median ratio of what one call takes in one pair of processes."""
    _, n_times = builds["plain"].time(name, None)
    ratios = []
    for number in range(rounds):
        taken = {}
        for which in list(builds)[:: 1 if number % 2 else -1]:
            taken[which], _ = builds[which].time(name, n_times)
        ratios.append(taken["guarded"] / taken["plain"])
    return statistics.median(ratios)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("guarded", type=Path)
    parser.add_argument("plain", type=Path)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--only", metavar="WORD", default="", help="calls with this word in their name")
    parser.add_argument("-o", "--output", type=Path)
    args = parser.parse_args()
    ratios: dict[str, list[float]] = {}
    for _ in range(args.processes):
        builds = {"guarded": Build(args.guarded), "plain": Build(args.plain)}
        for name in builds["plain"].names:
            if args.only in name:
                ratios.setdefault(name, []).append(_ratio(builds, name, args.rounds))
        for build in builds.values():
            build.close()
    result: dict[str, Any] = {"rounds": args.rounds, "processes": args.processes}
    for name, found in ratios.items():
        low, middle, high = spread(found)
        result[name] = {"ratio": round(middle, 3), "middle_half": [round(low, 3), round(high, 3)]}
        report({name: result[name]})
    if args.output is not None:
        write_result(args.output, result)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve()
    else:
        sys.exit(main())
