"""What files that are made to cost cost, in processor seconds and in memory; and every pixel mode at the limit.

Run: python benchmarks/bench_hostile.py attacks [--before SRC] [-o benchmarks/results/hostile.json] [WORD ...]
     python benchmarks/bench_hostile.py memory [--before SRC] [-o benchmarks/results/memory.json] [WORD ...]

SRC is the `src` folder of an earlier state, built in place. Every file is checked by a process of its own, whose
memory is measured as growth of its resident set beyond what it held after small pictures of every format: the
file's own bytes are not in it. WORDs choose kinds by name.
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
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from common import report, write_result

ROOT = Path(__file__).parent.parent
#: Processor seconds after which a file is given up.
PATIENCE = 60
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
        try:
            matcher = safehash.Matcher.from_files(listed, settings=safehash.Settings(effort=effort))
        except (AttributeError, TypeError):  # before there were settings
            matcher = safehash.Matcher.from_files(listed, effort=effort)
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


# -- pictures at the limit ------------------------------------------------------------------------------------


def _flat(mode: str, side: int) -> Any:
    from PIL import Image

    return Image.new(mode, (side, side))


def _saved(file_format: str, **options: Any) -> Callable[[str, int], bytes]:
    def save(mode: str, side: int) -> bytes:
        stream = io.BytesIO()
        _flat(mode, side).save(stream, file_format, **options)
        return stream.getvalue()

    return save


def _png(depth: int, colour: int, extra: bytes = b"") -> Callable[[str, int], bytes]:
    from attacks import png_of

    def save(_: str, side: int) -> bytes:
        bands = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
        row = bytes(1 + -(-side * bands * depth // 8))
        packer = zlib.compressobj(1)
        packed = b"".join(packer.compress(row) for _ in range(side)) + packer.flush()
        return png_of(side, side, depth, colour, packed, extra)

    return save


def _tiff(depth: int, kind: int) -> Callable[[str, int], bytes]:
    from attacks import tiff_packed

    return lambda _, side: tiff_packed(side, side, depth=depth, kind=kind)


def at_the_limit() -> dict[str, tuple[str, Callable[[str, int], bytes], bool]]:
    """Return how each kind is made: its mode, how it is written, and whether its length is that of its pixels."""
    from attacks import png_chunk

    key, alphas = png_chunk(b"tRNS", bytes(6)), png_chunk(b"tRNS", bytes(200))
    palette, few = (
        png_chunk(b"PLTE", bytes(768)),
        png_chunk(b"PLTE", bytes(48)) + png_chunk(b"tRNS", bytes(9)),
    )
    kinds: dict[str, tuple[str, Callable[[str, int], bytes], bool]] = {
        "PNG grey": ("", _png(8, 0), False),
        "PNG grey 1 bit": ("", _png(1, 0), False),
        "PNG grey 16 bits": ("", _png(16, 0), False),
        "PNG grey, key": ("", _png(8, 0, png_chunk(b"tRNS", bytes(2))), False),
        "PNG grey and alpha": ("", _png(8, 4), False),
        "PNG grey and alpha 16 bits": ("", _png(16, 4), False),
        "PNG RGB": ("", _png(8, 2), False),
        "PNG RGB, key": ("", _png(8, 2, key), False),
        "PNG RGB 16 bits": ("", _png(16, 2), False),
        "PNG RGB 16 bits, key": ("", _png(16, 2, key), False),
        "PNG RGBA": ("", _png(8, 6), False),
        "PNG RGBA 16 bits": ("", _png(16, 6), False),
        "PNG palette": ("", _png(8, 3, palette), False),
        "PNG palette, alphas": ("", _png(8, 3, palette + alphas), False),
        "PNG palette 4 bits, alphas": (
            "",
            _png(4, 3, few),
            False,
        ),
    }
    for mode in ("L", "RGB", "CMYK"):
        kinds[f"JPEG {mode}"] = (mode, _saved("JPEG"), False)
        kinds[f"JPEG {mode} progressive"] = (mode, _saved("JPEG", progressive=True), False)
    kinds["JPEG RGB 4:4:4 progressive"] = ("RGB", _saved("JPEG", progressive=True, subsampling=0), False)
    for mode in ("L", "P", "RGB"):
        kinds[f"GIF {mode}"] = (mode, _saved("GIF"), False)
    kinds |= {
        "WebP RGB": ("RGB", _saved("WEBP", method=0), False),
        "WebP RGBA": ("RGBA", _saved("WEBP", method=0), False),
        "WebP lossless": ("RGBA", _saved("WEBP", lossless=True, method=0), False),
        "AVIF RGB": ("RGB", _saved("AVIF", speed=10), False),
        "AVIF RGBA": ("RGBA", _saved("AVIF", speed=10), False),
        "BMP 1 bit": ("1", _saved("BMP"), False),
        "BMP palette": ("P", _saved("BMP"), True),
        "BMP RGB": ("RGB", _saved("BMP"), True),
        "BMP RGBA": ("RGBA", _saved("BMP"), True),
        "PGM": ("L", _saved("PPM"), True),
        "PPM": ("RGB", _saved("PPM"), True),
        "PBM": ("1", _saved("PPM"), False),
    }
    for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK", "YCbCr", "LAB", "LA", "I;16", "I", "F"):
        kinds[f"TIFF {mode} deflate"] = (mode, _saved("TIFF", compression="tiff_adobe_deflate"), False)
    kinds |= {
        "TIFF RGB": ("RGB", _saved("TIFF"), True),
        "TIFF RGB LZW": ("RGB", _saved("TIFF", compression="tiff_lzw"), False),
        "TIFF RGB JPEG": ("RGB", _saved("TIFF", compression="jpeg"), False),
        "TIFF L PackBits": ("L", _saved("TIFF", compression="packbits"), False),
        "TIFF 16 bits": ("", _tiff(16, 1), False),
        "TIFF 32-bit float": ("", _tiff(32, 3), False),
        "TIFF 32 bits, signed": ("", _tiff(32, 2), False),
        "TIFF 64-bit float": ("", _tiff(64, 3), False),
    }
    return kinds


#: Sides of pictures, from the largest: 120 and 64 million pixels, and less until one is accepted.
SIDES = (10_900, 8_000, 6_500, 5_700, 4_600, 4_000, 3_300)


# -- commands -------------------------------------------------------------------------------------------------


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
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = None
    for name, (mode, save, is_long) in at_the_limit().items():
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
        row = {"side": side, "now, thorough": now, "now, standard": checked(states["now"], path, "standard")}
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
