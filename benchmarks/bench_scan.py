"""Scanning: throughput against one thread's hashing and a plain imagehash loop, memory of the tree, re-matching.

Run: python benchmarks/bench_scan.py [FOLDER ...] [--only throughput] [-o benchmarks/results/scan.json]

FOLDERs hold your own images; by default photographs that come with scikit-image are cut and saved as JPEG, of about
0.5, 1.6 and 12 megapixels. Kinds of run are taken in turn and ratios are medians over rounds, so that a noisy machine
meets all alike. With --only, the other parts of an existing result stay as they are, and with FOLDERs those of other
folders.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from datetime import datetime, timezone
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import psutil
from PIL import Image

import safehash
from safehash.cli.output import Records
from safehash.hashing.threads import available_processors
from safehash.lists.policy import Policy
from safehash.matching.matcher import Matcher
from safehash.matching.settings import Effort, Settings
from safehash.scanning.catalog import Catalog
from safehash.scanning.ledger import Ledger
from safehash.scanning.lookback import rematch
from safehash.scanning.options import ScanOptions
from safehash.scanning.run import scan

from common import ratio, report, write_result

SEED = 20261123
EFFORTS: tuple[Effort, ...] = ("fast", "standard")


#: Name, columns, rows and how many photographs: so many that starting the workers (0.12 s) weighs little, as in a
#: store of millions.
PHOTOGRAPHS = (
    ("0.5 megapixels", 800, 600, 8000),
    ("1.6 megapixels", 1600, 1004, 4000),
    ("12 megapixels", 4000, 3000, 600),
)

#: Standard deviation of the noise in a photograph of over 10 megapixels: enlarged ones have none, and would be a third
#: as long as what a phone writes.
SENSOR_NOISE = 4.0


def main() -> int:
    """Measure what is asked for, print it, and write it where -o says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--only", choices=("throughput", "memory", "rematch"), action="append")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--small", type=int, nargs=2, default=(5000, 50000), metavar="N", help="files, for the memory"
    )
    parser.add_argument("--stored", type=int, default=1_000_000, help="hashes in the re-matched catalog")
    parser.add_argument(
        "--listed", type=int, default=1_000_000, help="entries of the list re-matched against"
    )
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    wanted = arguments.only or ["throughput", "memory", "rematch"]
    result: dict[str, Any] = {}
    if arguments.output and arguments.output.exists():
        result = json.loads(arguments.output.read_text())["result"]

    def keep(part: str) -> None:
        """Write what there is: a run takes a quarter of an hour, and one that is cut keeps what it measured."""
        result[part]["measured"] = datetime.now(timezone.utc).date().isoformat()
        if arguments.output:
            write_result(arguments.output, result, seed=SEED)

    with tempfile.TemporaryDirectory(prefix="bench-scan-") as name:
        work = Path(name)
        listed = write_list(work / "list.csv", 10_000)
        if "throughput" in wanted:
            folders = {folder.name: folder for folder in arguments.folders}
            if not folders:
                for photos, cols, rows, n in PHOTOGRAPHS:
                    folders[photos] = make_photographs(work / photos.replace(" ", "-"), n, (cols, rows))
            kept = result.setdefault("throughput", {})  # of other folders
            for photos, folder in folders.items():
                kept[photos] = throughput(folder, listed, work, arguments.rounds)
                keep("throughput")
        if "memory" in wanted:
            result["memory"] = memory(work, listed, tuple(arguments.small))
            keep("memory")
        if "rematch" in wanted:
            result["rematch"] = rematching(work, arguments.stored, arguments.listed)
            keep("rematch")
    report(result)
    return 0


# -- what is measured with --------------------------------------------------------------------------------------


def make_photographs(folder: Path, n: int, size: tuple[int, int]) -> Path:
    """Write n different JPEG photographs of so many columns and rows."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        sys.exit("name a folder of images, or: pip install scikit-image")
    data = Path(spec.origin).parent / "data"
    names = ("astronaut.png", "coffee.png", "chelsea.png", "rocket.jpg", "motorcycle_left.png")
    sources = [Image.open(data / name).convert("RGB") for name in names if (data / name).exists()]
    folder.mkdir()
    rng = np.random.default_rng(SEED)
    cols, rows = size
    noise = None
    if cols * rows > 10_000_000:
        noise = np.rint(rng.normal(0, SENSOR_NOISE, (rows, cols, 1))).astype(np.int16)
    for number in range(n):
        source = sources[number % len(sources)]
        left, top = (int(rng.integers(0, side // 4)) for side in source.size)
        box = (left, top, source.width - left // 2, source.height - top // 2)
        photograph = source.resize(size, Image.Resampling.BICUBIC, box=box)
        if noise is not None:
            noisy = np.asarray(photograph) + np.roll(noise, number * 997, axis=1)
            photograph = Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8))
        photograph.save(folder / f"{number:05}.jpg", quality=88)
    return folder


def write_list(path: Path, n: int) -> Path:
    """Write a list of n random digests."""
    digests = np.random.default_rng(SEED).integers(0, 256, (n, 32), dtype=np.uint8)
    path.write_text(
        "pdq,id\n" + "".join(f"{digest.tobytes().hex()},{row}\n" for row, digest in enumerate(digests))
    )
    return path


# -- throughput -------------------------------------------------------------------------------------------------


def throughput(folder: Path, listed: Path, work: Path, rounds: int) -> dict[str, Any]:
    """Return files a second and their ratios, each for two efforts.

    Hashing and deciding on one thread, the scan on all processors, the scan as the command does it (records written),
    the same with a catalog (which has every file's SHA-256), that without the digests, and imagehash's loop, which most
    people would write.
    """
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    n_workers = available_processors()
    spent_below: list[float] = []
    first_seen: list[float] = []

    def hash_all() -> None:
        for path in paths:
            safehash.hash_file(path)

    def decide_all(matcher: Matcher) -> None:
        for path in paths:
            matcher.check(path)

    def scan_all(
        matcher: Matcher,
        written: Path | None = None,
        *,
        keep: bool = False,
        digests: Sequence[str] | None = None,
    ) -> None:
        started = time.perf_counter()
        with ExitStack() as stack:
            options, catalog = ScanOptions(workers=n_workers, file_digests=digests), None
            if written is not None:
                lines = stack.enter_context(Records(f"{written}.jsonl"))
            if written is not None and keep:
                written.unlink(missing_ok=True)
                catalog = stack.enter_context(Catalog(written))
            running = stack.enter_context(scan(folder, matcher=matcher, options=options, catalog=catalog))
            n_seen = 0
            for record in running:
                if written is not None:
                    lines.write(record.to_record())
                n_seen += 1
                if n_seen == 1:
                    first_seen.append(time.perf_counter() - started)
                if n_seen == len(paths):  # after the last record the workers are gone
                    spent_below.append(processor_seconds_below())
        if n_seen != len(paths):
            raise RuntimeError(f"{n_seen} of {len(paths)} files decided")

    # Not from the fork server: it is the scan's, started with what its workers need.
    hashers = multiprocessing.get_context("spawn").Pool(n_workers)
    hashers.map(_hash_one, paths[: 8 * n_workers])  # everything imported

    def hash_in_processes() -> None:
        for _ in hashers.imap_unordered(_hash_one, paths, chunksize=16):
            pass

    # The second one says what the machine gives: hashing and nothing else, in as many processes as the scan has.
    kinds: dict[str, Callable[[], None]] = {"hash": hash_all, "hash in processes": hash_in_processes}
    for effort in EFFORTS:
        matcher = Matcher.from_files(listed, settings=Settings(effort=effort))
        kinds[f"decide, {effort}"] = partial(decide_all, matcher)
        kinds[f"scan, {effort}"] = partial(scan_all, matcher)
        kinds[f"scan with records, {effort}"] = partial(scan_all, matcher, work / effort)
        kept = work / f"{effort}.db"
        kinds[f"scan with catalog, {effort}"] = partial(scan_all, matcher, kept, keep=True)
        kinds[f"scan with catalog, --digest sha256, {effort}"] = partial(
            scan_all, matcher, kept, keep=True, digests=["sha256"]
        )
    few = paths[::5]  # the slowest by far
    if find_spec("imagehash"):
        import imagehash

        def imagehash_some() -> None:
            for path in few:
                with Image.open(path) as image:
                    imagehash.phash(image)

        kinds["imagehash.phash"] = imagehash_some
    times: dict[str, list[float]] = {name: [] for name in kinds}
    spent: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(rounds):
        for name, run in kinds.items():
            n_files = len(few) if name == "imagehash.phash" else len(paths)
            started, cpu_started = time.perf_counter(), time.process_time()
            below = processor_seconds_below()
            run()
            times[name].append((time.perf_counter() - started) / n_files)
            used = time.process_time() - cpu_started
            if name.startswith("scan"):
                used += spent_below[-1] - below
            spent[name].append(used / n_files)
    hashers.terminate()
    result: dict[str, Any] = {"files": len(paths), "workers": n_workers}
    result["hash in processes / (workers x hash on one thread)"] = round(
        ratio(times, "hash", "hash in processes") / n_workers, 3
    )
    result["files/s"] = {name: round(1 / median(each)) for name, each in times.items()}
    result["processor ms a file"] = {name: round(1e3 * median(each), 3) for name, each in spent.items()}
    result["seconds to the first record"] = round(median(first_seen), 3)
    for name in (name for name in kinds if name.startswith("scan")):
        against: dict[str, Any] = {}
        against["rate / rate of hashing in processes"] = round(ratio(times, "hash in processes", name), 3)
        for one in ("hash", f"decide, {name.rsplit(', ')[-1]}"):
            against[f"rate / (workers x {one} on one thread)"] = round(ratio(times, one, name) / n_workers, 3)
            # What a shared machine cannot blur: processor time, all processes together.
            against[f"processor time, {one} / scan"] = round(ratio(spent, one, name), 3)
        if name.startswith("scan with catalog"):
            without = f"scan with records, {name.rsplit(', ')[-1]}"
            against["rate / rate without a catalog"] = round(ratio(times, without, name), 3)
            against["processor time, without a catalog / with"] = round(ratio(spent, without, name), 3)
        if "imagehash.phash" in times:
            against["rate / imagehash loop"] = round(ratio(times, "imagehash.phash", name), 2)
        result[name] = against
    return result


def _hash_one(path: Path) -> None:
    safehash.hash_file(path)


def processor_seconds_below() -> float:
    """Return the processor time of all processes under this one that still live."""
    total = 0.0
    for process in psutil.Process().children(recursive=True):
        try:
            used = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += used.user + used.system
    return total


# -- memory -----------------------------------------------------------------------------------------------------


def memory(work: Path, listed: Path, sizes: tuple[int, ...]) -> dict[str, Any]:
    """Return the peak memory of the process tree for folders of small files, in MB of proportional set size."""
    result: dict[str, Any] = {}
    rng = np.random.default_rng(SEED)
    blobs = []
    for _ in range(50):
        path = work / "small.png"
        Image.fromarray(rng.integers(0, 256, (24, 24), dtype=np.uint8)).save(path)
        blobs.append(path.read_bytes())
        path.unlink()
    for n in sizes:
        folder = work / f"small{n}"
        folder.mkdir()
        for number in range(n):
            (folder / f"{number:06}.png").write_bytes(blobs[number % len(blobs)])
        result[f"{n} files, MB"] = round(peak_of_tree(folder, listed, work / f"small{n}.db") / 1e6, 1)
    peaks = list(result.values())
    result["growth"] = round(peaks[-1] / peaks[0], 3)
    return result


def peak_of_tree(folder: Path, listed: Path, catalog: Path) -> float:
    """Scan a folder with a catalog and return the largest sum of proportional set sizes seen, in bytes."""
    command = [sys.executable, "-m", "safehash", "scan", str(folder), "--list", str(listed), "-q"]
    command += ["--catalog", str(catalog), "-o", str(catalog) + ".jsonl"]
    peak = 0.0
    with subprocess.Popen(command, env=dict(os.environ)) as running:
        root = psutil.Process(running.pid)
        while running.poll() is None:
            total = 0.0
            try:
                for process in [root, *root.children(recursive=True)]:
                    total += process.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
            peak = max(peak, total)
            time.sleep(0.1)
    return peak


# -- re-matching ------------------------------------------------------------------------------------------------


def rematching(work: Path, n_stored: int, n_listed: int) -> dict[str, Any]:
    """Return how long a catalog of random hashes takes against a list of random hashes, a few of them near."""
    # Random digests are often what a list of pictures would not hold; here all of them count.
    matcher = Matcher.from_files(
        write_list(work / "long.csv", n_listed), settings=Settings(policy=Policy(include_suspicious=True))
    )
    path = work / "stored.db"
    with Catalog(path) as catalog:
        Ledger(catalog._store, matcher.audit, tops=[str(work)]).end("finished", None)
    rng = np.random.default_rng(SEED + 1)
    digests = rng.integers(0, 256, (n_stored, 32), dtype=np.uint8)
    known = np.random.default_rng(SEED).integers(0, 256, (n_listed, 32), dtype=np.uint8)
    near = rng.choice(n_stored, 100, replace=False)
    digests[near] = known[rng.choice(n_listed, 100, replace=False)]
    digests[near, 0] ^= 0x5A  # four bits away
    with sqlite3.connect(path) as database:
        database.executemany(
            "INSERT INTO files (id, root, path, position, first_run, outcome, otherwise, quality)"
            " VALUES (?, 1, ?, 0, 1, 'no_match', 'no_match', 100)",
            ((row, str(row).encode()) for row in range(n_stored)),
        )
        database.executemany(
            "INSERT INTO hashes (file, algorithm, digest) VALUES (?, 'pdq', ?)",
            ((row, digest.tobytes()) for row, digest in enumerate(digests)),
        )
    database.close()
    started, cpu_started = time.perf_counter(), time.process_time()
    with Catalog(path) as catalog:
        found = sum(1 for _ in rematch(catalog, matcher))
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu_started
    return {
        "stored": n_stored,
        "listed": n_listed,
        "matched": found,
        "seconds": round(seconds, 1),
        "processor seconds": round(cpu, 1),
        "microseconds a stored hash": round(1e6 * cpu / n_stored, 1),
    }


if __name__ == "__main__":
    sys.exit(main())
