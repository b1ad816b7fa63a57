"""What a row costs in the `Check` of batches: stored hashes by the join, and pictures beside a scan of the same files.

    python benchmarks/bench_batch.py --pictures FOLDER -o benchmarks/results/batch.json

Processor time of one process. Rows: random digests of as many ones as zeros, one in a thousand near an entry, in
batches of a hundred thousand and of a million, three rounds, the best. Pictures are decided by `Check` and by a scan in
this process (``workers=0``) in turn, five rounds, the best of each. Snapshots are those of bench_serve.py.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

import safehash
from bench_serve import digests, snapshot_of
from safehash.integrations.batch import Check

from common import write_result

#: Rows of one batch.
BATCHES = (100_000, 1_000_000)
ROUNDS = 5
ROUNDS_OF_ROWS = 3


def rows(place: Path, known: object, n: int, n_batch: int) -> dict[str, float]:
    """Return what a row of stored hashes costs, and check that all that is near was found."""
    stored = digests(n, 13)
    stored[::1000] = np.asarray(known)[: len(stored[::1000])]
    stored[::1000, 0] ^= 0b101
    batches = [
        pa.record_batch({"pdq": pa.array([row.tobytes() for row in stored[at : at + n_batch]], pa.binary())})
        for at in range(0, n, n_batch)
    ]
    check = Check(place, column="pdq", kind="hash")
    check(batches[0].slice(0, 10))
    times = []
    for _ in range(ROUNDS_OF_ROWS):
        started = time.process_time()
        n_found = sum(check(batch).column("outcome").to_pylist().count("match") for batch in batches)
        times.append(time.process_time() - started)
        if n_found != len(stored[::1000]):
            raise SystemExit(f"{n_found} found of {len(stored[::1000])}")
    seconds = min(times)
    return {
        "rows": n,
        "rows_of_a_batch": n_batch,
        "microseconds_each": round(1e6 * seconds / n, 2),
        "rows_per_second": round(n / seconds),
    }


def pictures(place: Path, folder: Path) -> dict[str, float]:
    """Return what a picture costs in a batch and in a scan."""
    paths = sorted(str(path) for path in folder.rglob("*.jp*g"))
    check, matcher = Check(place, column="path", kind="path"), safehash.Matcher.open(place)
    how = safehash.ScanOptions(workers=0)
    times: dict[str, list[float]] = {"batch": [], "scan": []}
    for _ in range(ROUNDS):
        started = time.process_time()
        check({"path": paths})
        times["batch"].append(time.process_time() - started)
        started = time.process_time()
        found = list(safehash.scan(paths, matcher=matcher, options=how))
        times["scan"].append(time.process_time() - started)
        assert len(found) == len(paths)
    best = {name: min(each) / len(paths) for name, each in times.items()}
    return {
        "pictures": len(paths),
        "batch_milliseconds": round(1e3 * best["batch"], 3),
        "scan_milliseconds": round(1e3 * best["scan"], 3),
        "share_of_a_scans_rate": round(best["scan"] / best["batch"], 3),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=Path, required=True, help="a folder of JPEGs")
    parser.add_argument("--entries", default="1e5,1e6", help="of lists; pictures are held against the last")
    parser.add_argument("--rows", type=float, default=1e6)
    parser.add_argument("--snapshots", type=Path, metavar="FOLDER", help="where snapshots are kept")
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = []
        for n in (int(float(each)) for each in arguments.entries.split(",")):
            place, known = snapshot_of(arguments.snapshots or Path(folder), n)
            told += [{"entries": n, **rows(place, known, int(arguments.rows), each)} for each in BATCHES]
        found = {"hashes": told, "pictures": {"entries": n, **pictures(place, arguments.pictures)}}
    print(json.dumps(found, indent=1))
    if arguments.output is not None:
        write_result(arguments.output, found)


if __name__ == "__main__":
    main()
