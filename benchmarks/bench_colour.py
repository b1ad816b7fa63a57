"""What colours cost: a JPEG's chroma beside its luma, and declared colours beside none.

Run: python benchmarks/bench_colour.py [FOLDER] [-o benchmarks/results/colour-cost.json]

"chroma": the library's decode of luma alone at the reduction that a hash takes, beside one with chroma, and beside a
second one at an eighth, which has the chroma of each block. "declared": a check at `standard` of a file that says that
its colours are those of Display P3 (a profile of the tests), beside the same file without. Processor time, all in turn.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import safehash
from bench_hash import encoded, photographs, picture
from safehash.hashing.compute import reduction_for

from common import interleaved, ratios, report, spread, write_result

SIZES = ((150, 100), (512, 512), (1600, 1004), (2400, 1600), (4032, 3024))
#: Chroma of every second column and row, and of all.
CHROMA = {"4:2:0": 2, "4:4:4": 0}
QUALITY = 88
N_LISTED = 100_000
SEED = 20261127
_PROFILE = Path(__file__).parent.parent / "tests" / "data" / "painted" / "colour" / "27.jpg"


def decode(data: bytes, mode: str, size: tuple[int, int], step: int) -> object:
    """Run the library's decoder alone."""
    from PIL import _imaging

    core: Any = _imaging.new(mode, (-(-size[0] // step), -(-size[1] // step)))
    decoder = _imaging.jpeg_decoder(mode, mode, "", step, 0)
    decoder.setimage(core, (0, 0, *core.size))
    decoder.decode(data)
    return core


def with_quartiles(name: str, times: dict[str, list[float]], slow: str, fast: str) -> dict[str, Any]:
    """Return a ratio and its middle half, by name."""
    low, middle, high = (round(value, 3) for value in spread(ratios(times, slow, fast)))
    return {name: middle, f"{name}, quartiles": [low, high]}


def chroma(photos: Any, rounds: int) -> dict[str, Any]:
    """Return what chroma costs, by size and sampling."""
    result: dict[str, Any] = {}
    for size in SIZES:
        step = reduction_for(min(size))
        for name, subsampling in CHROMA.items():
            data = encoded(picture(photos, *size), "JPEG", quality=QUALITY, subsampling=subsampling)
            calls: dict[str, Callable[[], object]] = {
                "luma": partial(decode, data, "L", size, step),
                "with chroma": partial(decode, data, "YCbCr", size, step),
                "chroma at an eighth": partial(decode, data, "YCbCr", size, 8),
            }
            times = interleaved(calls, rounds=rounds)
            row = result[f"{size[0]}x{size[1]} {name}"] = {
                "luma_ms": round(1000 * float(np.median(times["luma"])), 3)
            }
            row |= with_quartiles("with_chroma", times, "with chroma", "luma")
            row |= with_quartiles("second_decode", times, "chroma at an eighth", "luma")
    return result


def declared(photos: Any, rounds: int, folder: Path) -> dict[str, Any]:
    """Return what a declared colour costs, by size."""
    with Image.open(_PROFILE) as image:
        profile = image.info["icc_profile"]
    ones = np.random.default_rng(SEED).random((N_LISTED, 256)).argsort(axis=1) < 128
    listed = folder / "listed.csv"
    listed.write_text("pdq\n" + "\n".join(bytes(row).hex() for row in np.packbits(ones, axis=1)) + "\n")
    matcher = safehash.Matcher.from_files(listed)
    result: dict[str, Any] = {}
    for size in SIZES:
        shown = picture(photos, *size)
        plain = encoded(shown, "JPEG", quality=QUALITY)
        told = encoded(shown, "JPEG", quality=QUALITY, icc_profile=profile)
        assert "icc_profile" in Image.open(io.BytesIO(told)).info
        calls = {"plain": partial(matcher.check, plain), "declared": partial(matcher.check, told)}
        times = interleaved(calls, rounds=rounds)
        result[f"{size[0]}x{size[1]}"] = {
            "plain_ms": round(1000 * float(np.median(times["plain"])), 3),
            **with_quartiles("declared", times, "declared", "plain"),
        }
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    photos = photographs(args.folder)
    with tempfile.TemporaryDirectory() as name:
        result = {
            "chroma": chroma(photos, args.rounds),
            "declared": declared(photos, args.rounds, Path(name)),
        }
    report(result)
    if args.output is not None:
        write_result(args.output, result, seed=SEED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
