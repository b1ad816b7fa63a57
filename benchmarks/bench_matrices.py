"""What sums in a fixed order cost (`images/matrices.py`), beside numpy's own product, whose bits differ by machine.

Run: OPENBLAS_NUM_THREADS=1 python benchmarks/bench_matrices.py [FOLDER] [-o benchmarks/results/matrices.json]

"arrays": three numbers a pixel through a matrix of three by three, and through one row (luma). "checks": files whose
colours go through such matrices, checked at `standard` against a short list, as we do and with numpy's product in its
place. Processor time, all in turn; numpy's product on one thread, as what its threads spend on waiting counts, too.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import os
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image

import safehash
from bench_hash import encoded, photographs, picture
from safehash.images import avif, colour, gain_map, hdr, light
from safehash.images.matrices import through

from common import interleaved, ratios, report, spread, write_result

_TESTS = Path(__file__).parent.parent / "tests"
sys.path.insert(0, str(_TESTS / "browser"))

with_gain_map: Any = importlib.import_module("corpus_gain").with_gain_map

N_PIXELS = (4_096, 65_536, 1_606_400)
SIZE = 1600, 1004
SEED = 20261127
_USERS = (avif, colour, gain_map, hdr, light)


def plain(matrix: Any, values: Any) -> Any:
    """Return what `through` does by numpy's own product."""
    return values @ matrix.T


def beside(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float | list[float]]:
    """Return our milliseconds, and of how many times numpy's they are, with the middle half."""
    times = interleaved(calls, rounds=rounds)
    low, middle, high = (round(value, 3) for value in spread(ratios(times, "ours", "numpy's")))
    ours = round(1000 * float(np.median(times["ours"])), 3)
    return {"ms": ours, "of_numpys": middle, "quartiles": [low, high]}


def arrays(rounds: int) -> dict[str, Any]:
    """Return what arrays of several sizes cost."""
    chance = np.random.default_rng(SEED)
    result: dict[str, Any] = {}
    for n_pixels in N_PIXELS:
        for kind in (np.float32, np.float64):
            values = chance.random((n_pixels, 3)).astype(kind)
            matrix = chance.random((3, 3)).astype(kind)
            for shape, used in (("three by three", matrix), ("one row", matrix[0])):
                calls = {"ours": partial(through, used, values), "numpy's": partial(plain, used, values)}
                result[f"{n_pixels} {kind.__name__}, {shape}"] = beside(calls, rounds)
    return result


def checks(photos: Any, rounds: int, folder: Path) -> dict[str, Any]:
    """Return what whole checks cost."""
    shown = picture(photos, *SIZE)
    base = encoded(shown, "JPEG", quality=90)
    own = encoded(shown.resize((SIZE[0] // 4, SIZE[1] // 4)), "JPEG", quality=90)
    with Image.open(_TESTS / "data" / "painted" / "colour" / "27.jpg") as image:
        profile = image.info["icc_profile"]
    files = {
        "JPEG with a gain map": with_gain_map(base, own),
        "JPEG in Display P3": encoded(shown, "JPEG", quality=90, icc_profile=profile),
        "AVIF": encoded(shown, "AVIF", quality=70, speed=8),
    }
    listed = folder / "listed.csv"
    listed.write_text("pdq\n" + "f0" * 32 + "\n")
    matcher = safehash.Matcher.from_files(listed)

    def by_numpy(data: bytes) -> None:
        with contextlib.ExitStack() as stack:
            for module in _USERS:
                stack.enter_context(mock.patch.object(module, "through", plain))
            matcher.check(data)

    return {
        name: beside({"ours": partial(matcher.check, data), "numpy's": partial(by_numpy, data)}, rounds)
        for name, data in files.items()
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    if os.environ.get("OPENBLAS_NUM_THREADS") != "1":
        parser.error("set OPENBLAS_NUM_THREADS=1: numpy's threads would be measured, waiting included")
    with tempfile.TemporaryDirectory() as name:
        result = {
            "arrays": arrays(args.rounds),
            "checks": checks(photographs(args.folder), args.rounds, Path(name)),
        }
    report(result)
    if args.output is not None:
        write_result(args.output, result, seed=SEED)
    return 0


if __name__ == "__main__":
    sys.exit(main())
