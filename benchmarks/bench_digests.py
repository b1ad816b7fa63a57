"""What the gates ask of every candidate's digest: processor time of a digest, and of the first one in a process.

::

    python benchmarks/bench_digests.py [--before CHECKOUT] [-o benchmarks/results/digests.json] [--rounds 7]

With ``--before``, a checkout built in place in which these were functions of `safehash.gates`, both are measured in
turn, each time in a process of its own. Figures are medians of user and system time.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

from common import ratios, spread, write_result

#: Asks one state: seconds of the first digest in a process, and a digest of many one at a time, as gates ask.
ASK = """
import json, time
import numpy as np
try:
    from safehash._digests import degenerate, distance_to_plain
except ImportError:
    from safehash.gates import degenerate, distance_to_plain
digests = np.random.default_rng(7).integers(0, 256, (2000, 1, 32), np.uint8)
said = {}
for name, function in (("distance_to_plain", distance_to_plain), ("degenerate", degenerate)):
    began = time.process_time()
    function(digests[0])
    said[f"{name}, first"] = time.process_time() - began
    began = time.process_time()
    for digest in digests:
        function(digest)
    said[name] = (time.process_time() - began) / len(digests)
print(json.dumps(said))
"""


def _share(said: dict[str, dict[str, list[float]]], name: str) -> dict[str, object]:
    """Return what part of the earlier state's time this one takes, of the same rounds."""
    low, middle, high = spread(ratios({state: said[state][name] for state in said}, "now", "before"))
    return {"median": round(middle, 4), "quartiles": [round(low, 4), round(high, 4)]}


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("--before", type=Path, metavar="CHECKOUT")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    states = {"now": Path(__file__).parent.parent}
    if arguments.before is not None:
        states["before"] = arguments.before
    said: dict[str, dict[str, list[float]]] = {state: {} for state in states}
    for number in range(arguments.rounds):
        for state, folder in list(states.items())[:: 1 if number % 2 else -1]:
            environment = {**os.environ, "PYTHONPATH": str(folder / "src")}
            done = subprocess.run(
                [sys.executable, "-c", ASK], check=True, capture_output=True, text=True, env=environment
            )
            for name, seconds in json.loads(done.stdout).items():
                said[state].setdefault(name, []).append(seconds * 1e6)
    result = {name: {state: round(median(said[state][name]), 1) for state in states} for name in said["now"]}
    told: dict[str, object] = {"rounds": arguments.rounds, "microseconds": result}
    if "before" in states:
        told["now_over_before"] = {name: _share(said, name) for name in result}
    for name, figures in result.items():
        print(f"{name:28}", *(f"{state} {figure:12.1f} us" for state, figure in figures.items()))
    if arguments.output is not None:
        write_result(arguments.output, told, seed=7)


if __name__ == "__main__":
    main()
