"""What the benchmarks share: interleaved timing, the machine's facts, result files."""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

__all__ = ["LEVEL_NAMES", "interleaved", "machine", "report", "write_result"]

#: What the compiled modules' levels are called in results.
LEVEL_NAMES = ("scalar", "popcnt", "avx2", "avx512", "wide")

_PACKAGES = (
    "safehash", "numpy", "pillow", "faiss-cpu", "pdqhash", "imagehash", "threatexchange", "perception",
    "opencv-contrib-python-headless",
)  # fmt: skip


def interleaved(
    calls: Mapping[str, Callable[[], object]], *, rounds: int = 7, least_seconds: float = 0.02
) -> dict[str, list[float]]:
    """Time several calls in turn, A B C A B C ..., so that a drifting machine meets all of them alike.

    Returns
    -------
    dict
        For each call, seconds a call in every round.
    """
    repeats = {}
    for name, call in calls.items():
        call()
        started = time.perf_counter()
        call()
        once = max(time.perf_counter() - started, 1e-7)
        repeats[name] = max(1, min(1000, round(least_seconds / once)))
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            started = time.perf_counter()
            for _ in range(repeats[name]):
                call()
            times[name].append((time.perf_counter() - started) / repeats[name])
    return times


def ratio(times: Mapping[str, list[float]], slow: str, fast: str) -> float:
    """Return the median over rounds of slow / fast, each pair taken in the same round."""
    return statistics.median(a / b for a, b in zip(times[slow], times[fast], strict=True))


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
        "python": platform.python_version(),
        "versions": versions,
    }


def write_result(path: Path, result: Mapping[str, Any], *, seed: int | None = None) -> None:
    """Write one result with the machine, the date, the seed and the command that made it."""
    arguments = [Path(argument).name if os.sep in argument else argument for argument in sys.argv[1:]]
    record = {
        "command": " ".join(["python", f"benchmarks/{Path(sys.argv[0]).name}", *arguments]),
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": machine(),
        "seed": seed,
        "result": result,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
    print(f"wrote {path}", file=sys.stderr)


def report(result: Mapping[str, Any], indent: str = "") -> None:
    """Print a nested result as lines."""
    for name, value in result.items():
        if isinstance(value, Mapping) and any(isinstance(inner, Mapping) for inner in value.values()):
            print(f"{indent}{name}:")
            report(value, indent + "  ")
        else:
            print(f"{indent}{name}: {value}")
