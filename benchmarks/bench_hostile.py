"""What files that are made to cost cost, in processor seconds and in memory; and every pixel mode at the limit.

Run: python benchmarks/bench_hostile.py attacks [--before SRC] [-o benchmarks/results/hostile.json] [WORD ...]
     python benchmarks/bench_hostile.py memory [--before SRC] [-o benchmarks/results/memory.json] [WORD ...]

SRC is the `src` folder of an earlier state, built in place. Every file is checked by a process of its own, forked from
one that has checked small pictures of every format; its memory is measured as growth of its resident set beyond what it
holds with the file's own bytes. Both states check the same files; where a state is not done with a file at one effort,
higher ones, which do more, are not tried. Promised are some seconds beyond an honest picture of as many pixels: that is
a PNG of the same sides and kind of pixels (grey, in colour, transparent), where there are more than a million. WORDs
choose kinds by name; `--missing` measures what FILE lacks; what FILE holds of others stays, and with it the command:
the one that makes all of it.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import signal
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import numpy as np

from common import report, write_result
from loaded import Loaded

ROOT = Path(__file__).parent.parent
#: Processor seconds after which a file is given up: more than is promised for the longest.
PATIENCE = 13
#: What is promised: seconds, and seconds for each megabyte.
PROMISED, PROMISED_A_MEGABYTE = 2.0, 0.1
#: Growth of resident memory beside the file: the default `max_decoded_bytes` and a third more.
PROMISED_MIB = 342
#: Pixels from which on an honest picture of as many is checked, too.
HONEST_FROM = 1_000_000
EFFORTS = ("fast", "standard", "thorough")
SMALL = ("PNG", "JPEG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "PPM")


# -- one state of the package, in its own process ------------------------------------------------------------


def serve() -> None:
    """Check files as they are named, a line with path and effort each, in a forked process each; answer in JSON."""
    from PIL import Image

    import safehash

    matchers: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder, "own.csv")
        listed.write_text("hash\n" + "f0" * 32 + "\n", encoding="ascii")
        from_files: Any = safehash.Matcher.from_files  # of an earlier state, too
        for effort in EFFORTS:
            try:
                settings = safehash.Settings(effort=cast("Any", effort))
                matchers[effort] = from_files(listed, settings=settings)
            except (AttributeError, TypeError):  # before there were settings
                matchers[effort] = from_files(listed, effort=effort)
    rng = np.random.default_rng(1)
    for file_format in SMALL:
        stream = io.BytesIO()
        Image.fromarray(rng.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(stream, file_format)
        for matcher in matchers.values():
            matcher.check(stream.getvalue())
    for line in sys.stdin:
        path, effort = line.rstrip("\n").split("\t")
        process = os.fork()
        if not process:
            print(json.dumps(one(matchers[effort], Path(path))), flush=True)
            os._exit(0)
        _, status = os.waitpid(process, 0)
        if status:
            print(json.dumps({"outcome": f"ended by signal {os.WTERMSIG(status)}"}), flush=True)


def one(matcher: Any, path: Path) -> dict[str, Any]:
    """Check one file; return outcome, processor seconds and growth of resident memory."""
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
    answer = {"outcome": outcome, "seconds": round(took, 2), "mib": round(grown)}
    seen = getattr(decision, "provenance", None) if not outcome.startswith("raised") else None
    if seen is None:
        return answer
    return answer | {"sides": [seen.width, seen.height], "mode": "RGBA" if seen.transparent else seen.mode}


def _status(name: str) -> int:
    """Return a line of this process's status, in KiB."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    raise ValueError(f"/proc/self/status has no {name}")


class State:
    """One state of the package, loaded."""

    def __init__(self, sources: Path) -> None:
        self._loaded = Loaded(__file__, sources)

    def check(self, path: Path, effort: str) -> dict[str, Any]:
        """Check a file at an effort."""
        answer: dict[str, Any] = self._loaded.ask(f"{path}\t{effort}")
        if answer["outcome"] == f"ended by signal {signal.SIGXCPU.value}":
            return {"outcome": f"not done in {PATIENCE} s", "seconds": PATIENCE, "mib": None}
        return answer

    def close(self) -> None:
        """End its process."""
        self._loaded.close()


# -- commands -------------------------------------------------------------------------------------------------

#: Sides of pictures, from the largest: 120 and 64 million pixels, and less until one is accepted.
SIDES = (10_900, 8_000, 6_500, 5_700, 4_600, 4_000, 3_300)


def attacks(
    states: dict[str, State], wanted: Callable[[str], bool], folder: Path
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Check every attack at its full size, at every effort."""
    from attack_siblings import SIBLINGS
    from attacks import ATTACKS

    for attack in (*ATTACKS, *SIBLINGS):
        if not wanted(attack.name):
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
        for name, state in states.items():
            for effort in EFFORTS:
                row[f"{name}, {effort}"] = found = state.check(path, effort)
                sides, mode = found.pop("sides", None) or (0, 0), found.pop("mode", "L")
                if name == "now" and sides[0] * sides[1] > HONEST_FROM:
                    honest = folder / "honest"
                    honest.write_bytes(honest_picture(sides[0], sides[1], mode))
                    found["honest"] = state.check(honest, effort)["seconds"]
                if found["seconds"] == PATIENCE:
                    break
        row["kept"] = all(
            each["seconds"] - each.get("honest", 0.0) <= row["promised"]
            and (each["mib"] or 0) <= PROMISED_MIB
            for key, each in row.items()
            if key.startswith("now")
        )
        yield attack.name, row


def honest_picture(width: int, height: int, mode: str) -> bytes:
    """Return a PNG file of any sides, in colour or with alpha if that is the mode, and grey otherwise."""
    from attacks import png_of

    colour, n_bands = {"RGB": (2, 3), "RGBA": (6, 4)}.get(mode, (0, 1))
    packer = zlib.compressobj(1)
    n_bytes = width * n_bands
    row = b"\0" + (bytes(range(256)) * (n_bytes // 256 + 1))[:n_bytes]
    packed = b"".join([*(packer.compress(row) for _ in range(height)), packer.flush()])
    return png_of(width, height, 8, colour, packed)


def memory(
    states: dict[str, State], wanted: Callable[[str], bool], folder: Path
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Check the largest picture of every kind that passes."""
    from at_the_limit import KINDS

    for name, (mode, save, is_long) in KINDS.items():
        if not wanted(name):
            continue
        path = folder / "picture"
        for side in SIDES:
            if is_long and side * side * max(1, len(mode)) > 100e6:
                continue
            try:
                path.write_bytes(save(mode, side))
            except (ValueError, OSError):  # WebP and AVIF have sides of their own at most
                continue
            now = states["now"].check(path, "thorough")
            for name_of in ("sides", "mode"):
                now.pop(name_of, None)
            if not now["outcome"].startswith("too_large"):
                break
        row: dict[str, Any] = {"side": side, "now, thorough": now}
        if "before" in states:
            row["before, thorough"] = states["before"].check(path, "thorough")
            for name_of in ("sides", "mode"):
                row["before, thorough"].pop(name_of, None)
        yield name, row


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("what", choices=("attacks", "memory"))
    parser.add_argument("words", nargs="*")
    parser.add_argument("--missing", action="store_true", help="measure what FILE lacks")
    parser.add_argument("--folder", type=Path, help="where the files are made, one at a time: 100 MB")
    parser.add_argument("--before", type=Path)
    parser.add_argument("-o", "--output", type=Path)
    args = parser.parse_args()
    sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests" / "browser"), str(ROOT / "src")]
    result: dict[str, Any] = {}
    if (args.words or args.missing) and args.output is not None and args.output.exists():
        result = json.loads(args.output.read_text(encoding="utf-8"))["result"]

    def wanted(name: str) -> bool:
        if args.missing and name in result:
            return False
        return not args.words or any(word in name for word in args.words)

    states = {"now": State(ROOT / "src")}
    if args.before:
        states["before"] = State(args.before.resolve())
    sys.argv[1:] = [each for each in sys.argv[1:] if each != "--missing" and each not in args.words]
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        for kind, row in (attacks if args.what == "attacks" else memory)(states, wanted, Path(name)):
            result[kind] = row
            report({kind: row})
            sys.stdout.flush()
            if args.output is not None:
                write_result(args.output, result)
    for state in states.values():
        state.close()
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve()
    else:
        sys.exit(main())
