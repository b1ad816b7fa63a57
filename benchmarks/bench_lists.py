"""Measure how long a list takes from file to searchable, beside python-threatexchange on the same hashes.

    python benchmarks/bench_lists.py --hashes 1000000 --repeat 3

Every measurement runs in a process of its own, ours and theirs in turn, and prints one JSON line: seconds
(median of the repetitions) and peak memory. The lists are made up from a seed; their digests have 128 ones as
PDQ digests of pictures do, so none is suspicious.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np

SEED = 20_261


def digests_of(n_hashes: int) -> list[str]:
    """Return digests in hexadecimal, each with exactly 128 ones."""
    rng = np.random.default_rng(SEED)
    lines: list[str] = []
    for start in range(0, n_hashes, 50_000):
        n = min(50_000, n_hashes - start)
        bits = np.zeros((n, 256), np.uint8)
        ones = rng.random((n, 256), np.float32).argsort(axis=1)[:, :128]
        np.put_along_axis(bits, ones, 1, axis=1)
        lines += [row.tobytes().hex() for row in np.packbits(bits, axis=1)]
    return lines


def write_csv(path: Path, digests: list[str]) -> None:
    with path.open("w") as file:
        file.write("hash,quality,filename\n")
        for number, digest in enumerate(digests):
            file.write(f"{digest},{50 + number % 51},img_{number:07d}.jpg\n")


def write_threat_updates(path: Path, digests: list[str]) -> None:
    """Write a dump in which 2 % of the records are deletes and 1 % carry a second opinion."""
    with path.open("w") as file:
        file.write('{"data": [')
        for number, digest in enumerate(digests):
            descriptor: dict[str, object] = {
                "id": str(9_000_000 + number),
                "owner": {"id": str(500 + number % 20), "name": "Platform A"},
                "status": "MALICIOUS",
                "tags": ["graphic_self_harm", "viral_challenge"][: 1 + number % 2],
                "added_on": f"2026-10-{1 + number % 28:02d}T09:{number % 60:02d}:00+0000",
            }
            if number % 100 == 7:
                descriptor["reactions"] = [{"key": "DISAGREE_WITH_TAGS", "value": "502,503"}]
            record = {
                "id": str(7_000_000 + number),
                "indicator": digest,
                "type": "HASH_PDQ",
                "last_updated": 1_763_800_000 + number,
                "should_delete": number % 50 == 3,
                "descriptors": {"data": [descriptor]},
            }
            file.write((",\n" if number else "\n") + json.dumps(record))
        file.write('\n], "paging": {}}')


def load_ours(path: Path) -> int:
    """File to a matcher that is ready to decide."""
    from safehash.matching.matcher import Matcher

    return len(Matcher.from_files(path))


def load_theirs_csv(path: Path) -> int:
    """First column of each line into their PDQ index, which is what their users write by hand."""
    from threatexchange.signal_type.pdq.pdq_index import PDQIndex

    with path.open() as file:
        next(file)
        entries = [(line.partition(",")[0], number) for number, line in enumerate(file)]
    return len(PDQIndex(entries))


def load_theirs_threat_updates(path: Path) -> int:
    """Their own record reader, page decoded whole, and their PDQ index."""
    from threatexchange.exchanges.clients.fb_threatexchange.threat_updates import ThreatUpdateJSON
    from threatexchange.exchanges.impl.fb_threatexchange_api import FBThreatExchangeIndicatorRecord
    from threatexchange.signal_type.pdq.pdq_index import PDQIndex

    live = {}
    for record in json.loads(path.read_text())["data"]:
        update = ThreatUpdateJSON(record)
        live[update.indicator] = FBThreatExchangeIndicatorRecord.from_threatexchange_json(0, update)
    return len(PDQIndex([(digest, read) for digest, read in live.items() if read is not None]))


TASKS = {
    ("csv", "safehash"): load_ours,
    ("csv", "python-threatexchange"): load_theirs_csv,
    ("threat_updates", "safehash"): load_ours,
    ("threat_updates", "python-threatexchange"): load_theirs_threat_updates,
}


def measure_here(kind: str, who: str, path: Path) -> None:
    """Run one task in this process and print what it took."""
    started = time.perf_counter()
    n_indexed = TASKS[kind, who](path)
    seconds = time.perf_counter() - started
    print(json.dumps({"seconds": seconds, "peak_mb": peak_mb(), "indexed": n_indexed}))


def peak_mb() -> float:
    """Return this process's peak memory; Linux's ru_maxrss would include the parent's at the fork."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6


def main() -> None:
    """Make the lists, measure each task in turn, print one JSON line each."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--hashes", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--repeat", type=int, default=3, metavar="N")
    parser.add_argument("--only", choices=["csv", "threat_updates"])
    parser.add_argument("--ours", action="store_true", help="leave the peer out")
    parser.add_argument("--one", nargs=3, metavar=("KIND", "WHO", "PATH"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        measure_here(args.one[0], args.one[1], Path(args.one[2]))
        return
    with tempfile.TemporaryDirectory() as directory:
        digests = digests_of(args.hashes)
        paths = {"csv": Path(directory, "list.csv"), "threat_updates": Path(directory, "dump.json")}
        write_csv(paths["csv"], digests)
        write_threat_updates(paths["threat_updates"], digests)
        tasks = [
            (kind, who)
            for kind, who in TASKS
            if args.only in (None, kind) and not (args.ours and who != "safehash")
        ]
        results: dict[tuple[str, str], list[dict[str, float]]] = {task: [] for task in tasks}
        for _ in range(args.repeat):
            for kind, who in tasks:
                command = [sys.executable, __file__, "--one", kind, who, str(paths[kind])]
                done = subprocess.run(command, check=True, capture_output=True, text=True)
                results[kind, who].append(json.loads(done.stdout.splitlines()[-1]))
        for (kind, who), found in results.items():
            print(
                json.dumps(
                    {
                        "benchmark": "lists",
                        "list": kind,
                        "who": who,
                        "version": version_of(who),
                        "hashes": args.hashes,
                        "indexed": found[0]["indexed"],
                        "seconds": round(statistics.median(each["seconds"] for each in found), 3),
                        "all_seconds": [round(each["seconds"], 3) for each in found],
                        "peak_mb": round(max(each["peak_mb"] for each in found)),
                        "machine": platform.machine(),
                        "python": platform.python_version(),
                        "seed": SEED,
                    }
                )
            )


def version_of(who: str) -> str:
    """Return the installed version of a project, "source" where it is not installed."""
    try:
        return version({"python-threatexchange": "threatexchange"}.get(who, who))
    except PackageNotFoundError:
        return "source"


if __name__ == "__main__":
    main()
