"""What files that are made to cost cost, in processor seconds and in memory; and every pixel mode at the limit.

Run: python benchmarks/bench_hostile.py attacks [--before SRC] [-o benchmarks/results/hostile.json] [WORD ...]
     python benchmarks/bench_hostile.py memory [--before SRC] [-o benchmarks/results/memory.json] [WORD ...]

SRC is the `src` folder of an earlier state, built in place. Every file is checked by a process of its own, whose
memory is measured as growth of its resident set beyond what it held after small pictures of every format: the
file's own bytes are not in it. WORDs choose kinds by name; what FILE holds of others stays.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np

from common import report, write_result

ROOT = Path(__file__).parent.parent
#: Processor seconds after which a file is given up.
PATIENCE = 20
#: What is promised: seconds, and seconds for each megabyte.
PROMISED, PROMISED_A_MEGABYTE = 2.0, 0.1
EFFORTS = ("fast", "standard", "thorough")
SMALL = ("PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "PPM")


# -- one file, in its own process ---------------------------------------------------------------------------


def one(path: Path, effort: str) -> None:
    """Check one file; print outcome, processor seconds and growth of resident memory."""
    from PIL import Image

    import safehash

    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "own.csv")
        listed.write_text("hash\n" + "f0" * 32 + "\n", encoding="ascii")
        from_files: Any = safehash.Matcher.from_files  # of an earlier state, too
        try:
            matcher = from_files(listed, settings=safehash.Settings(effort=cast("Any", effort)))
        except (AttributeError, TypeError):  # before there were settings
            matcher = from_files(listed, effort=effort)
    rng = np.random.default_rng(1)
    for file_format in SMALL:
        stream = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(stream, file_format)
        matcher.check(stream.getvalue())
    data = path.read_bytes()
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak counts from now on
    before = _status("VmRSS")
    resource.setrlimit(resource.RLIMIT_CPU, (int(time.process_time()) + PATIENCE, resource.RLIM_INFINITY))
    started = time.process_time()
    try:
        decision = matcher.check(data)
    except Exception as exc:  # what must not be; earlier states did
        outcome = f"raised {type(exc).__name__}"
    else:
        outcome = decision.outcome.value
        if getattr(decision, "failure", None):
            outcome += f" ({decision.failure})"
    took = time.process_time() - started
    grown = max(0.0, (_status("VmHWM") - before) / 1024)
    print(json.dumps({"outcome": outcome, "seconds": round(took, 2), "mib": round(grown)}))


def _status(name: str) -> int:
    """Return a line of this process's status, in KiB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise ValueError(f"/proc/self/status has no {name}")


def checked(sources: Path, path: Path, effort: str) -> dict[str, Any]:
    """Run `one` with some state of the package."""
    done = subprocess.run(
        [sys.executable, __file__, "--one", str(path), effort],
        env={**os.environ, "PYTHONPATH": str(sources)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return dict(json.loads(done.stdout))
    if done.returncode < 0:
        return {"outcome": f"not done in {PATIENCE} s", "seconds": PATIENCE, "mib": None}
    raise RuntimeError(done.stderr)


# -- commands -------------------------------------------------------------------------------------------------

#: Sides of pictures, from the largest: 120 and 64 million pixels, and less until one is accepted.
SIDES = (10_900, 8_000, 6_500, 5_700, 4_600, 4_000, 3_300)


def attacks(states: dict[str, Path], words: list[str], folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Check every attack at its full size, at every effort now and at the middle one before."""
    from attacks import ATTACKS

    for attack in ATTACKS:
        if words and not any(word in attack.name for word in words):
            continue
        path = folder / "attack"
        data = attack.make(attack.n_full)
        path.write_bytes(data)
        megabytes = len(data) / 1e6
        row: dict[str, Any] = {
            "mb": round(megabytes, 2),
            "promised": round(PROMISED + PROMISED_A_MEGABYTE * megabytes, 1),
        }
        del data
        for name, sources in states.items():
            for effort in EFFORTS if name == "now" else ("standard",):
                row[f"{name}, {effort}"] = checked(sources, path, effort)
        yield attack.name, row


def memory(states: dict[str, Path], words: list[str], folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Check the largest picture of every kind that passes."""
    from at_the_limit import KINDS

    for name, (mode, save, is_long) in KINDS.items():
        if words and not any(word in name for word in words):
            continue
        path = folder / "picture"
        for side in SIDES:
            if is_long and side * side * max(1, len(mode)) > 100e6:
                continue
            try:
                path.write_bytes(save(mode, side))
            except (ValueError, OSError):  # WebP and AVIF have sides of their own at most
                continue
            now = checked(states["now"], path, "thorough")
            if not now["outcome"].startswith("too_large"):
                break
        row = {"side": side, "now, thorough": now}
        if "before" in states:
            row["before, standard"] = checked(states["before"], path, "standard")
        yield name, row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("attacks", "memory"))
    parser.add_argument("words", nargs="*")
    parser.add_argument("--before", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    args = parser.parse_args()
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "src")]
    states = {"now": ROOT / "src"} | ({"before": args.before.resolve()} if args.before else {})
    result: dict[str, Any] = {}
    if args.words and args.output is not None and args.output.exists():
        result = json.loads(args.output.read_text(encoding="utf-8"))["result"]
    with tempfile.TemporaryDirectory() as name:
        for kind, row in (attacks if args.what == "attacks" else memory)(states, args.words, Path(name)):
            result[kind] = row
            report({kind: row})
            sys.stdout.flush()
            if args.output is not None:
                write_result(args.output, result)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(Path(sys.argv[2]), sys.argv[3])
    else:
        sys.exit(main())
