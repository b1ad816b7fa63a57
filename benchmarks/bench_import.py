"""What starting costs: processor time of `import safehash` and of `safehash --version`, more than an empty interpreter.

    python benchmarks/bench_import.py [-o benchmarks/results/import.json] [--rounds 31]

Every round starts each command once, in turn, so that load on the machine meets all of them; figures are medians of
user and system time of the process. Aims: 100 ms for the import, 150 ms for the command.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
from pathlib import Path
from statistics import median

from common import write_result

COMMANDS = {
    "empty interpreter": ["-c", "pass"],
    "import safehash": ["-c", "import safehash"],
    "safehash --version": ["-m", "safehash", "--version"],
    "import safehash, Matcher": ["-c", "import safehash; safehash.Matcher"],
    "import numpy": ["-c", "import numpy"],
}


def seconds_of(command: list[str]) -> float:
    """Return the processor time of one process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *command], check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--rounds", type=int, default=31)
    arguments = parser.parse_args()
    seconds: dict[str, list[float]] = {name: [] for name in COMMANDS}
    for _ in range(arguments.rounds):
        for name, command in COMMANDS.items():
            seconds[name].append(seconds_of(command))
    empty = median(seconds["empty interpreter"])
    rows = {
        name: {
            "milliseconds": round(1e3 * median(each), 1),
            "more_than_empty": round(1e3 * (median(each) - empty), 1),
        }
        for name, each in seconds.items()
    }
    for name, row in rows.items():
        print(f"{name:<26} {row['milliseconds']:7.1f} ms  {row['more_than_empty']:+7.1f}")
    if arguments.output:
        write_result(arguments.output, {"rounds": arguments.rounds, "commands": rows})


if __name__ == "__main__":
    main()
