"""Fuzzes one door or all of them, led by coverage, from the seeds beside this file.

Run: python fuzz/fuzz.py [--seconds 120] [--keep FOLDER] [TARGET ...]      (make fuzz TARGET=... SECONDS=...)

The time is shared by the targets. Inputs that reach something new are kept in FOLDER; one that breaks a promise
ends the run and lies in fuzz/found/TARGET: move it to fuzz/seeds/TARGET once it is mended, where
tests/test_fuzz_seeds.py runs it.
Needs atheris (pip install atheris), and clang for the target "kernels".
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
KERNELS = "kernels"
#: Seconds after which one input counts as one that hangs; MB of memory that it may take.
_TIMEOUT, _MEMORY = 60, 4096


def _flags(name: str, seconds: int, kept: Path) -> list[str]:
    found = HERE / "found" / name
    found.mkdir(parents=True, exist_ok=True)
    seeds = HERE / "seeds" / name
    return [
        f"-max_total_time={seconds}", f"-timeout={_TIMEOUT}", f"-rss_limit_mb={_MEMORY}", "-max_len=65536",
        "-print_final_stats=1", f"-artifact_prefix={found}/", str(kept), *([str(seeds)] if seeds.is_dir() else []),
    ]  # fmt: skip


def one(name: str, flags: list[str]) -> None:
    """Fuzz one target in this process; does not return."""
    import atheris

    with atheris.instrument_imports(include=["safehash"]):
        from targets import target

        import safehash.cli
        import safehash.images.decoding
        import safehash.matching.matcher
        import safehash.scanning.archives  # noqa: F401

        act = target(name)
    atheris.Setup([sys.argv[0], *flags], act)
    atheris.Fuzz()


def run(name: str, seconds: int, kept: Path) -> dict[str, Any]:
    """Fuzz one target in a process of its own; return what it says at its end."""
    flags = _flags(name, seconds, kept)
    if name == KERNELS:
        with tempfile.TemporaryDirectory() as folder:
            command = [str(_kernels(Path(folder))), *flags]
            done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    else:
        command = [sys.executable, str(Path(__file__)), "--one", name, *flags]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    said = done.stderr + done.stdout
    executed = re.findall(r"number_of_executed_units:\s*(\d+)", said)
    covered = re.findall(r"cov: (\d+)", said)
    features = re.findall(r"ft: (\d+)", said)
    if done.returncode:
        print(said[-4000:], file=sys.stderr)
    return {
        "target": name,
        "seconds": seconds,
        "executions": int(executed[-1]) if executed else None,
        "edges": int(covered[-1]) if covered else None,
        "features": int(features[-1]) if features else None,
        "broken": bool(done.returncode),
    }


def _kernels(folder: Path) -> Path:
    """Compile the C harness with both sanitizers."""
    program = folder / KERNELS
    subprocess.run(
        [
            "clang", "-O1", "-g", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=undefined",
            "-ffp-contract=off", f"-I{HERE.parent / 'src' / 'safehash' / '_c'}", str(HERE / "kernels.c"), "-lm",
            "-o", str(program),
        ],
        check=True,
    )  # fmt: skip
    return program


def main() -> int:
    sys.path.insert(0, str(HERE))
    from targets import TARGETS

    names = [*TARGETS, KERNELS]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(names)}")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--keep", type=Path)
    args = parser.parse_args()
    unknown = set(args.targets) - set(names)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    chosen = args.targets or names
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            kept = (args.keep or Path(folder)) / name
            kept.mkdir(parents=True, exist_ok=True)
            result = run(name, max(1, args.seconds // len(chosen)), kept)
            print(json.dumps(result), flush=True)
            broken += result["broken"]
    return 1 if broken else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        sys.path.insert(0, str(HERE))
        one(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main())
