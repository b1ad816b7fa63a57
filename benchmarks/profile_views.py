"""Where the time of an effort goes: every family of windows made, looked up and refined, and the pictures beside.

::

    python benchmarks/profile_views.py --photos made/tuning_photos.txt -n 8 -o benchmarks/results/views-profile.json

Photographs are brought to 1600 x 1004 pixels and written as JPEG, the list has 100 000 generated digests. Processor
time, the median over photographs of the least of three turns; what each family looks up and refines is counted.
"""

from __future__ import annotations

import argparse
import io
import statistics
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from safehash.hashing import compute
from safehash.images import decoding as images
from safehash.matching import refining, views
from safehash.matching.efforts import PROPOSALS
from safehash.matching.settings import EFFORTS
from safehash.matching.thumbnails import Thumbnails
from safehash.search.seeds import seed

from bench_views import LIST_SIZE, MAX_DISTANCE, MIN_QUALITY, SEED, make_index
from common import write_result

T = TypeVar("T")

TURNS = 3


class Times:
    """The least time of each step of one photograph, in milliseconds."""

    def __init__(self) -> None:
        self.least: dict[str, float] = {}

    def of(self, name: str, call: Callable[..., T], *given: Any, **named: Any) -> T:
        started = time.thread_time()
        result = call(*given, **named)
        taken = 1e3 * (time.thread_time() - started)
        self.least[name] = min(taken, self.least.get(name, taken))
        return result


def _frames(data: bytes, effort: Any) -> list[Any]:
    return list(images.decode_frames(data, step_for=compute.reduction_for, effort=effort))


def _refined(batch: Any, index: Any) -> list[Any]:
    return list(refining.refined(batch, index, frozenset()))


def profile(data: bytes, index: Any, counts: dict[str, dict[str, list[int]]]) -> dict[str, float]:
    """Return the least time of every step of one upload, and note what each family looks up and refines."""
    times = Times()
    for _ in range(TURNS):
        for effort in EFFORTS:
            frames = times.of(f"decode, {effort}", _frames, data, effort)
            times.of(
                f"look up, {effort}", views.look_up, frames, index,
                max_distance=MAX_DISTANCE, min_quality=MIN_QUALITY, effort=effort,
            )  # fmt: skip
        for also in frames[0].also:
            times.of(f"picture: {also.name}", also.make)
        thumbs = Thumbnails(frames[0])
        for propose in PROPOSALS["exhaustive"]:
            batch = times.of(f"{propose.__name__}: made", propose, thumbs)
            family, queries = batch.family, batch.digests
            times.of(
                f"{propose.__name__}: looked up", seed, index, queries,
                max_distance=family.seed_distance, flips=family.flips, doubts=batch.doubts,
            )  # fmt: skip
            found = times.of(f"{propose.__name__}: looked up and refined", _refined, batch, index)
            counts[propose.__name__]["queries"].append(len(queries))
            counts[propose.__name__]["refined"].append(len(found))
    return times.least


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--photos", required=True, metavar="FILE")
    parser.add_argument("-n", type=int, default=8, metavar="N", help="photographs, spread over the file")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    paths = [path for path in Path(args.photos).read_text().split("\n") if path]
    index = make_index([], LIST_SIZE)
    counts: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    steps: dict[str, list[float]] = defaultdict(list)
    for path in paths[:: max(1, len(paths) // args.n)][: args.n]:
        stream = io.BytesIO()
        picture = Image.open(path).convert("RGB").resize((1600, 1004), Image.Resampling.BICUBIC)
        picture.save(stream, "JPEG", quality=85)
        for name, taken in profile(stream.getvalue(), index, counts).items():
            steps[name].append(taken)
    result: dict[str, Any] = {
        "n_photos": len(next(iter(steps.values()))),
        "list_size": len(index),
        "milliseconds": {name: round(statistics.median(taken), 3) for name, taken in steps.items()},
        "counts": {
            name: {what: round(statistics.mean(values), 1) for what, values in of.items()}
            for name, of in counts.items()
        },
    }
    for name, taken in result["milliseconds"].items():
        print(f"{name:48} {taken:8.3f}")
    write_result(args.output, result, seed=SEED)


if __name__ == "__main__":
    main()
