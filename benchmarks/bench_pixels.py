"""What looking at all that viewers may see costs an ordinary file: this state beside an earlier one, in the same run.

Run: python benchmarks/bench_pixels.py SOURCES [FOLDER] [-o benchmarks/results/pixels-cost.json]

SOURCES is the `src` folder of an earlier state, built in place; FOLDER holds your own photographs, by default those
of scikit-image. Two processes take turns, each with its own state; processor time, ratios are medians over pairs.
"""

from __future__ import annotations

import argparse
import pickle
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from common import report, spread, write_result
from loaded import Loaded

#: Kind of file: columns, rows, format, options, and calls a turn.
KINDS: dict[str, tuple[int, int, str, dict[str, Any], int]] = {
    "JPEG 150x100": (150, 100, "JPEG", {"quality": 88}, 100),
    "JPEG 512x512": (512, 512, "JPEG", {"quality": 88}, 20),
    "JPEG 1600x1004": (1600, 1004, "JPEG", {"quality": 88}, 6),
    "JPEG 4032x3024": (4032, 3024, "JPEG", {"quality": 85}, 2),
    "PNG 1600x1004": (1600, 1004, "PNG", {}, 2),
    "WebP 1600x1004": (1600, 1004, "WEBP", {"quality": 85}, 2),
    "AVIF 1600x1004": (1600, 1004, "AVIF", {"quality": 70, "speed": 8}, 2),
}
N_LISTED = 100_000
SEED = 20261126


def serve(folder: Path) -> None:
    """Time what standard input asks for, with whichever state is imported."""
    import safehash

    with (folder / "files.pickle").open("rb") as file:
        files = pickle.load(file)
    matcher = safehash.Matcher.from_files(folder / "listed.csv")
    calls: dict[str, Callable[[bytes], object]] = {"hash": safehash.hash_bytes, "check": matcher.check}
    for line in sys.stdin:
        what, name, n = line.rstrip("\n").split("|")
        call, data = calls[what], files[name]
        before = time.process_time()
        for _ in range(int(n)):
            call(data)
        print((time.process_time() - before) / int(n), flush=True)


class State:
    """One state of the package, loaded."""

    def __init__(self, sources: Path, folder: Path) -> None:
        self._loaded = Loaded(__file__, sources, str(folder))

    def seconds(self, what: str, name: str, n: int) -> float:
        """Return seconds of processor time a call."""
        return float(self._loaded.ask(f"{what}|{name}|{n}"))

    def close(self) -> None:
        """End its process."""
        self._loaded.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("sources", type=Path)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--rounds", type=int, default=16)
    args = parser.parse_args()
    from bench_hash import (
        encoded,
        photographs,
        picture,
    )  # imports this state, which is not for the other process

    photos = photographs(args.folder)
    rng = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = {
            kind: encoded(picture(photos, cols, rows), form, **options)
            for kind, (cols, rows, form, options, _) in KINDS.items()
        }
        (folder / "files.pickle").write_bytes(pickle.dumps(files))
        ones = rng.random((N_LISTED, 256)).argsort(axis=1) < 128
        listed = [bytes(row).hex() for row in np.packbits(ones, axis=1)]
        (folder / "listed.csv").write_text("hash\n" + "\n".join(listed) + "\n")
        now = State(Path(__file__).parent.parent / "src", folder)
        before = State(args.sources, folder)
        result: dict[str, Any] = {}
        for what in ("hash", "check"):
            for kind, (*_, n) in KINDS.items():
                result[f"{what} {kind}"] = paired(now, before, what, kind, n, args.rounds)
        for state in (now, before):
            state.close()
    report(result)
    if args.output is not None:
        write_result(args.output, result, seed=SEED)
    return 0


def paired(now: State, before: State, what: str, kind: str, n: int, rounds: int) -> dict[str, Any]:
    """Return what a call takes in this state beside the other one, taking turns."""
    ratios, milliseconds = [], []
    for number in range(rounds + 1):
        order = (now, before) if number % 2 else (before, now)
        took = {state: state.seconds(what, kind, n) for state in order}
        if number:  # the first turn warms up
            ratios.append(took[now] / took[before])
            milliseconds.append(1000 * took[before])
    low, middle, high = spread(ratios)
    return {
        "ratio": round(middle, 3),
        "quartiles": [round(low, 3), round(high, 3)],
        "ms_before": round(median(milliseconds), 3),
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(Path(sys.argv[2]))
    else:
        sys.exit(main())
