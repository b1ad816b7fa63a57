"""What the benchmarks share: interleaved timing, the machine's facts, result files."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import re
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

__all__ = [
    "LEVEL_NAMES",
    "beside",
    "interleaved",
    "losses",
    "machine",
    "of_this_machine",
    "ratio",
    "ratios",
    "report",
    "slug",
    "spread",
    "write_result",
]

#: What the compiled modules' levels are called in results.
LEVEL_NAMES = ("scalar", "popcnt", "avx2", "avx512", "wide")

_PACKAGES = (
    "safehash", "numpy", "pillow", "faiss-cpu", "pdqhash", "imagehash", "threatexchange", "perception",
    "opencv-contrib-python-headless",
)  # fmt: skip


def interleaved(
    calls: Mapping[str, Callable[[], object]],
    *,
    rounds: int = 7,
    least_seconds: float = 0.02,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, list[float]]:
    """Time several calls in turn, so that a drifting machine meets all of them alike.

    Parameters
    ----------
    calls : mapping of str to callable
    rounds : int
    least_seconds : float
        A fast call is repeated until its turn takes so long.
    clock : callable
        Processor time unless told otherwise: what other processes take meanwhile does not count. Threads that work side
        by side are measured by the wall (`time.perf_counter`).

    Returns
    -------
    dict of str to list of float
        For each call, seconds a call in every round. Rounds go through the calls forwards and backwards in turn:
        none comes always after the one that empties the caches most.
    """
    repeats = {}
    for name, call in calls.items():
        call()
        started = clock()
        call()
        once = max(clock() - started, 1e-7)
        repeats[name] = max(1, min(1000, round(least_seconds / once)))
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds):
        order = list(calls) if number % 2 == 0 else list(calls)[::-1]
        for name in order:
            call = calls[name]
            started = clock()
            for _ in range(repeats[name]):
                call()
            times[name].append((clock() - started) / repeats[name])
    return times


def ratio(times: Mapping[str, list[float]], slow: str, fast: str) -> float:
    """Return the median over rounds of slow / fast, each pair taken in the same round."""
    return statistics.median(ratios(times, slow, fast))


def ratios(times: Mapping[str, list[float]], slow: str, fast: str) -> list[float]:
    """Return slow / fast of every round, in order of size."""
    return sorted(a / b for a, b in zip(times[slow], times[fast], strict=True))


def spread(found: list[float]) -> tuple[float, float, float]:
    """Return lower quartile, median and upper quartile."""
    if len(found) == 1:
        return found[0], found[0], found[0]
    low, middle, high = statistics.quantiles(found, n=4, method="inclusive")
    return low, middle, high


def beside(times: Mapping[str, list[float]], ours: str) -> dict[str, dict[str, Any]]:
    """Return, for every call, what a table says of it.

    Returns
    -------
    dict of str to dict
        "ms": median milliseconds of a call. "times_ours": how many times ours it takes, the median over rounds;
        "quartiles": the middle half of these ratios.
    """
    rows = {}
    for name, values in times.items():
        low, middle, high = spread(ratios(times, name, ours))
        rows[name] = {
            "ms": round(1e3 * statistics.median(values), 4),
            "times_ours": round(middle, 3),
            "quartiles": [round(low, 3), round(high, 3)],
        }
    return rows


#: Rows of a table that are a part of the work, not a peer.
STAGES = frozenset({"open", "bare luma decode", "samples read once"})


def losses(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return every row in which a peer takes less time than we do, the worst first."""
    found = [
        {"what": name, "peer": peer, "times_ours": row["times_ours"]}
        for part in ("arrays", "files", "phone")
        for name, rows in result.get(part, {}).items()
        for peer, row in rows.items()
        if not peer.startswith("safehash") and peer not in STAGES and row["times_ours"] < 1
    ]
    return sorted(found, key=lambda each: each["times_ours"])


def machine() -> dict[str, Any]:
    """Return what a reader needs to judge the figures."""
    cpu = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip()
            for line in info.read_text().splitlines()
            if line.startswith("model name")
        ]
        cpu = names[0] if names else cpu
    from safehash import _core

    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "instructions": LEVEL_NAMES[_core.LEVELS[-1]],
        "python": platform.python_version(),
        "versions": versions,
    }


def slug(text: str) -> str:
    """Return a text as a part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def of_this_machine(folder: Path, name: str) -> Path:
    """Return where this machine's result of a benchmark belongs: results of other machines stay beside it.

    Of processors that call themselves the same, but know other instructions, each has its own.
    """
    here = machine()
    path = folder / f"{name}-{slug(here['cpu'])}.json"
    if path.exists():
        there = json.loads(path.read_text(encoding="utf-8"))["machine"]
        if there.get("instructions", here["instructions"]) != here["instructions"]:
            return folder / f"{name}-{slug(here['cpu'])}-{here['instructions']}.json"
    return path


def write_result(
    path: Path, result: Mapping[str, Any], *, seed: int | None = None, joins: bool = False
) -> None:
    """Write one result with the machine, the date, the seed and the command that made it.

    One that joins leaves there what other runs found: "earlier" says by which command, and when.
    """
    arguments = [Path(argument).name if os.sep in argument else argument for argument in sys.argv[1:]]
    record = {
        "command": " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *arguments]),
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": machine(),
        "seed": seed,
        "result": result,
    }
    if joins and path.exists():
        record |= _joined(json.loads(path.read_text(encoding="utf-8")), result)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
    print(f"wrote {path}", file=sys.stderr)


def _joined(before: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stays of a record that another result joins, and which runs made it."""
    left = {key: value for key, value in before["result"].items() if key not in result}
    told = {key for run in before.get("earlier", ()) for key in run["keys"]}
    runs = [
        *before.get("earlier", ()),
        {
            "keys": [key for key in left if key not in told],
            "command": before["command"],
            "date": before["date"],
        },
    ]
    kept = [{**run, "keys": [key for key in run["keys"] if key in left]} for run in runs]
    return {"earlier": [run for run in kept if run["keys"]], "result": {**left, **result}}


def report(result: Mapping[str, Any], indent: str = "") -> None:
    """Print a nested result as lines."""
    for name, value in result.items():
        if isinstance(value, Mapping) and any(isinstance(inner, Mapping) for inner in value.values()):
            print(f"{indent}{name}:")
            report(value, indent + "  ")
        else:
            print(f"{indent}{name}: {value}")
