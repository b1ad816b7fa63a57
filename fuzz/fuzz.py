"""Fuzzes one door or all of them, led by coverage, from the seeds beside this file.

Run: python fuzz/fuzz.py [--seconds 120] [--each] [--keep FOLDER] [-o FILE] [TARGET ...]
     (make fuzz TARGET=... SECONDS=...; make fuzz-long)

The time is shared by the targets, or spent on each. Inputs that reach something new are kept in FOLDER, from which a
later run goes on, and FILE adds up what all runs into it did; an input that breaks a promise ends the run and lies in
fuzz/found/TARGET: move it to fuzz/seeds/TARGET once it is mended, where tests/test_fuzz_seeds.py runs it.
Needs atheris (pip install atheris), and clang for the targets "kernels" and "jpeg".
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
#: Harnesses in C, and whose seeds they start from.
HARNESSES = {"kernels": "kernels", "jpeg": "image-jpeg"}
#: Seconds after which one input counts as one that hangs; MB of memory that it may take.
_TIMEOUT, _MEMORY = 60, 4096
#: Inputs are at least so long, and as long as the longest seed: cut, that would be none. Pictures that the JPEG harness
#: reads are small, and so are their files.
_LEAST_LENGTH = 65_536
_LEAST_LENGTHS = {"jpeg": 4_096}
#: What a harness is compiled with besides. In the JPEG reader the fuzzer's look at every comparison took two thirds of
#: the time, nearly all of it in the loops that fill tables of codes.
_COMPILED_WITH = {"jpeg": ("-fno-sanitize-coverage=trace-cmp",)}
#: Statuses of a fuzzer that found nothing: its time was over, or it was told to end before.
_ENDED = (0, 72)


def _flags(name: str, seconds: int, kept: Path) -> list[str]:
    found = HERE / "found" / name
    found.mkdir(parents=True, exist_ok=True)
    seeds = HERE / "seeds" / HARNESSES.get(name, name)
    lengths = [path.stat().st_size for path in seeds.iterdir()] if seeds.is_dir() else []
    longest = max([_LEAST_LENGTHS.get(name, _LEAST_LENGTH), *lengths])
    return [
        f"-max_total_time={seconds}", f"-timeout={_TIMEOUT}", f"-rss_limit_mb={_MEMORY}", f"-max_len={longest}",
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
    """Fuzz one target in a process of its own; return what it says at its end.

    Edges and features are those that libFuzzer counts: of Python's code for all but the kernels, whose C is theirs.
    """
    flags = _flags(name, seconds, kept)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        if name in HARNESSES:
            command = [str(_harness(name, Path(folder))), *flags]
        else:
            command = [sys.executable, str(Path(__file__)), "--one", name, *flags]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    said = done.stderr + done.stdout
    executed = re.findall(r"number_of_executed_units:\s*(\d+)", said)
    covered = re.findall(r"cov: (\d+)", said)
    features = re.findall(r"ft: (\d+)", said)
    if done.returncode not in _ENDED:
        print(said[-4000:], file=sys.stderr)
    return {
        "target": name,
        "processor_seconds": round(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime),
        "executions": int(executed[-1]) if executed else 0,
        "edges": int(covered[-1]) if covered else None,
        "features": int(features[-1]) if features else None,
        "broken": int(done.returncode not in _ENDED),
    }


def added(known: dict[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """Return what two runs of one target did together, the second from where the first ended."""
    together = ("processor_seconds", "executions", "broken")
    return result | {key: known.get(key, 0) + result[key] for key in together}


def _write(path: Path, result: dict[str, Any]) -> None:
    """Add a run of one target to the file of all."""
    whole = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    name = result.pop("target")
    whole[name] = added(whole.get(name, {}), result)
    path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def _harness(name: str, folder: Path) -> Path:
    """Compile a harness in C with both sanitizers."""
    program = folder / name
    subprocess.run(
        [
            "clang", "-O1", "-g", "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=undefined",
            "-ffp-contract=off", *_COMPILED_WITH.get(name, ()), f"-I{HERE.parent / 'src' / 'safehash' / '_c'}",
            str(HERE / f"{name}.c"), "-lm", "-o", str(program),
        ],
        check=True,
    )  # fmt: skip
    return program


def main() -> int:
    sys.path.insert(0, str(HERE))
    from targets import TARGETS

    names = [*TARGETS, *HARNESSES]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(names)}")
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument(
        "--each", action="store_true", help="so many seconds on each target, not on all together"
    )
    parser.add_argument("--keep", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    args = parser.parse_args()
    unknown = set(args.targets) - set(names)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    chosen = args.targets or names
    seconds = args.seconds if args.each else max(1, args.seconds // len(chosen))
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            kept = (args.keep or Path(folder)) / name
            kept.mkdir(parents=True, exist_ok=True)
            result = run(name, seconds, kept)
            print(json.dumps(result), flush=True)
            broken += result["broken"]
            if args.output is not None:
                _write(args.output, result)
    return 1 if broken else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        sys.path.insert(0, str(HERE))
        one(sys.argv[2], sys.argv[3:])
    else:
        sys.exit(main())
