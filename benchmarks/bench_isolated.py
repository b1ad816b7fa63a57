"""What `safehash.isolated` costs beside `Matcher.check` in the process: both in turn, of the same uploads.

Run: python benchmarks/bench_isolated.py [-o benchmarks/results/isolated.json] [--rounds 400]

Every upload is checked by both, one after the other and in changing order, hundreds of times. By the wall, the median
of the differences of pairs is told with its middle half; processor time is that of both processes together, over all
rounds. Where others use the processors, `chrt -r 10` before the command keeps them from coming between, but not from
the caches: "busy" is the share of the machine that others took.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageFilter

import safehash
from safehash.scanning.lanes import Task
from safehash.scanning.standby import Lanes

from common import report, write_result

#: Sides of the pictures, and how often each is checked for one round of `--rounds`.
PICTURES = {"thumbnail, 320 x 240": (320, 240), "1.6 megapixels": (1440, 1080), "12 megapixels": (4000, 3000)}
#: Milliseconds more that a check may take.
PROMISED_MS = 0.3


def photograph(size: tuple[int, int]) -> bytes:
    """Return a JPEG file that is about as long, for its size, as a photograph's."""
    rng = np.random.default_rng(1)
    width, height = size
    coarse = Image.fromarray(rng.integers(0, 256, (height // 40, width // 40, 3), dtype=np.uint8))
    picture = coarse.resize(size, Image.Resampling.BICUBIC)
    noise = Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)).filter(
        ImageFilter.BoxBlur(1)
    )
    stream = io.BytesIO()
    Image.blend(picture, noise, 0.25).save(stream, "JPEG", quality=85)
    return stream.getvalue()


def machine_seconds() -> float:
    """Return what all processes have taken of all processors."""
    fields = [int(each) for each in Path("/proc/stat").read_text(encoding="ascii").split("\n")[0].split()[1:]]
    return (sum(fields[:3]) + sum(fields[5:8])) / os.sysconf("SC_CLK_TCK")


def processor_seconds(worker: int) -> float:
    """Return what a worker process and this one have taken."""
    fields = Path(f"/proc/{worker}/schedstat").read_text(encoding="ascii").split()
    return int(fields[0]) / 1e9 + time.process_time()


def compared(
    inside: Callable[[], object], isolated: Callable[[], object], worker: int, rounds: int
) -> dict[str, Any]:
    """Return what the second costs beside the first."""
    taken: dict[str, list[float]] = {"inside": [], "isolated": []}
    processor = {"inside": 0.0, "isolated": 0.0}
    calls = {"inside": inside, "isolated": isolated}
    for call in calls.values():
        for _ in range(5):
            call()
    began, all_before, own_before = time.perf_counter(), machine_seconds(), processor_seconds(worker)
    for number in range(rounds):
        for name in list(calls)[:: 1 if number % 2 else -1]:
            before = processor_seconds(worker)
            started = time.perf_counter()
            calls[name]()
            taken[name].append(1e3 * (time.perf_counter() - started))
            processor[name] += processor_seconds(worker) - before
    others = machine_seconds() - all_before - (processor_seconds(worker) - own_before)
    busy = others / (time.perf_counter() - began) / (os.cpu_count() or 1)
    more = [b - a for a, b in zip(taken["inside"], taken["isolated"], strict=True)]
    low, middle, high = statistics.quantiles(more, n=4)
    return {
        "inside_ms": round(statistics.median(taken["inside"]), 3),
        "isolated_ms": round(statistics.median(taken["isolated"]), 3),
        "more_ms": round(middle, 3),
        "middle_half_ms": [round(low, 3), round(high, 3)],
        "more_processor_ms": round(1e3 * (processor["isolated"] - processor["inside"]) / rounds, 3),
        "busy": round(max(0.0, busy), 2),
    }


def where_it_goes(
    inside: Callable[[], object], isolated: Callable[[], object], lane: Any, data: bytes, rounds: int
) -> dict[str, float]:
    """Return the processor time of each part, in microseconds: medians.

    A check costs more in a process that waited, or that another one took the processor from: caches are cold. It is
    measured in this process, too, which has no part of what isolates.
    """

    def own(call: Callable[[], object], before: Callable[[], object] = lambda: None) -> float:
        taken = []
        for _ in range(rounds):
            before()
            started = time.thread_time_ns()
            call()
            taken.append(time.thread_time_ns() - started)
        return round(statistics.median(taken) / 1e3, 1)

    def workers(call: Callable[[], object]) -> float:
        taken = []
        for _ in range(rounds):
            started = worker_nanoseconds(lane._process.pid)
            call()
            taken.append(worker_nanoseconds(lane._process.pid) - started)
        return round(statistics.median(taken) / 1e3, 1)

    task = Task(n_bytes=len(data))
    lane._channel.send(lane._told(task))
    answer = lane._channel.receive()
    return {
        "in the process, again and again": own(inside),
        "in the process, each after 1 ms of waiting": own(inside, lambda: time.sleep(0.001)),
        "in the process, each after one in the worker": own(inside, isolated),
        "in the worker": workers(isolated),
        "in the process that asks it": own(isolated),
        "of that, handing over": own(lambda: (lane._told(task), lane._memory.put(data))),
        "of that, reading the verdict": own(lambda: Lanes.said(lane._reader.read(answer[8:]))),
    }


def worker_nanoseconds(worker: int) -> int:
    """Return what a worker process has taken."""
    return int(Path(f"/proc/{worker}/schedstat").read_text(encoding="ascii").split()[0])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--where", action="store_true", help="only where it goes; the rest of the file stays")
    parser.add_argument("-o", "--output", type=Path)
    args = parser.parse_args()
    result: dict[str, Any] = {} if args.where else {"promised_ms": PROMISED_MS, "rounds": args.rounds}
    with tempfile.TemporaryDirectory() as name:
        listed = Path(name, "own.csv")
        listed.write_text(
            "hash\n" + "".join(f"{k:04x}" + "f0" * 30 + "\n" for k in range(1000)), encoding="ascii"
        )
        matcher = safehash.Matcher.from_files(listed)
        with safehash.isolated(matcher, workers=1) as pool:
            if not args.where:
                result["sealed"] = pool.is_sealed
            with pool._current() as now:
                lane = now.lanes._free.queue[0]
            assert lane._process is not None and lane._process.pid is not None
            small = photograph(PICTURES["thumbnail, 320 x 240"])
            result["where_us"] = where_it_goes(
                lambda: matcher.check(small), lambda: pool.check(small), lane, small, args.rounds
            )
            report({"where": result["where_us"]})
            for what, size in () if args.where else PICTURES.items():
                data = photograph(size)
                path = Path(name, "picture.jpg")
                path.write_bytes(data)
                for how, item in (("bytes", data), ("path", path)):
                    row = compared(
                        lambda item=item: matcher.check(item),  # type: ignore[misc]
                        lambda item=item: pool.check(item),  # type: ignore[misc]
                        lane._process.pid,
                        args.rounds,
                    )
                    result[f"{what}, {how}"] = {"kb": round(len(data) / 1e3)} | row
                    report({what: result[f"{what}, {how}"]})
    if args.output is not None:
        write_result(args.output, result, joins=args.where)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
