"""``safehash bench``: how many images this machine hashes and matches in a second."""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ..errors import ImageError, SafehashError
from ..hashing.threads import available_processors
from ..matching.printable import printable
from .arguments import ReadPath, number, whole
from .exits import OK


def add_commands(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = subparsers.add_parser(
        "bench",
        help="measure how many images this machine hashes in a second",
        description="Hash images from memory and print how many a second: each stage alone, and all together on "
        "several threads. Without files, it makes its own pictures; real photographs give truer figures.",
    )
    parser.add_argument("files", nargs="*", type=ReadPath, metavar="FILE", help="image files to measure with")
    parser.add_argument(
        "--seconds", type=number(), default=1.0, metavar="N", help="time spent on each figure (default: 1)"
    )
    parser.add_argument(
        "--threads",
        type=whole(1, 1024),
        default=available_processors(),
        metavar="N",
        help="number of threads for the last figure (default: one for each processor)",
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def _read(name: str) -> bytes:
    from ..images.uploads import read_file

    try:
        return read_file(name)
    except ImageError as exc:
        raise SafehashError(f"{name}: {exc}") from exc


def run(arguments: argparse.Namespace) -> int:
    """Measure and print."""
    from ..hashing.compute import hash_bytes, reduction_for
    from ..images.decoding import decode

    blobs = [_read(name) for name in arguments.files] or _made_pictures()
    names = arguments.files or [f"made picture {number + 1}" for number in range(len(blobs))]
    rows = []
    for name, blob in zip(names, blobs, strict=True):
        try:
            hash_bytes(blob)
        except ImageError as exc:
            raise SafehashError(f"{name}: {exc}") from exc
        whole = _rate(lambda blob=blob: hash_bytes(blob), arguments.seconds)  # type: ignore[misc]
        decoding = _rate(lambda blob=blob: decode(blob, step_for=reduction_for), arguments.seconds)  # type: ignore[misc]
        rows.append({"name": name, "bytes": len(blob), "decode_per_s": decoding, "hash_per_s": whole})
    with ThreadPoolExecutor(arguments.threads) as pool:
        started = time.perf_counter()
        n_done = 0
        while time.perf_counter() - started < arguments.seconds:
            n_done += sum(1 for _ in pool.map(hash_bytes, blobs * arguments.threads))
        together = n_done / (time.perf_counter() - started)
    if arguments.json:
        json.dump(
            {"type": "bench", "images": rows, "threads": arguments.threads, "all_per_s": together}, sys.stdout
        )
        print()
        return OK
    print(f"{'image':40} {'kB':>8} {'decode/s':>10} {'hash/s':>10}")
    for row in rows:
        print(
            f"{_short(row):40} {row['bytes'] / 1e3:8.0f} {row['decode_per_s']:10.0f} {row['hash_per_s']:10.0f}"
        )
    print(f"all of them, {arguments.threads} threads: {together:.0f} images a second")
    return OK


def _short(row: dict[str, Any]) -> str:
    name = printable(os.path.basename(str(row["name"])))  # noqa: PTH119  (a name to show, not a path to open)
    return name if len(name) <= 40 else name[:37] + "..."


def _rate(act: Callable[[], object], seconds: float) -> float:
    """Return calls per second: the inverse of the median time."""
    act()
    times: list[float] = []
    started = time.perf_counter()
    while len(times) < 5 or time.perf_counter() - started < seconds:
        before = time.perf_counter()
        act()
        times.append(time.perf_counter() - before)
    return 1 / statistics.median(times)


def _made_pictures() -> list[bytes]:
    """Make JPEG pictures with the detail of photographs, three sizes."""
    import numpy as np

    from ..images.decoding import encode_jpeg

    made = []
    for rows, cols in ((256, 256), (1004, 1600), (3024, 4032)):
        generator = np.random.default_rng(rows)
        picture = np.zeros((rows, cols, 3))
        for octave in range(1, 8):  # noise at every scale, coarse stronger, as in nature
            coarse = generator.normal(size=(2**octave + 1, 2**octave + 1, 3)) / 2**octave
            at_rows = np.linspace(0, 2**octave, rows).astype(int)
            at_cols = np.linspace(0, 2**octave, cols).astype(int)
            picture += coarse[at_rows][:, at_cols]
        low, high = picture.min(), picture.max()
        made.append(encode_jpeg(((picture - low) / (high - low) * 255).astype(np.uint8)))
    return made
