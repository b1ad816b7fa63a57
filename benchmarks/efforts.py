"""More effort never finds less, over the mixes: every upload looked up at every effort, and what is lost.

Run: python benchmarks/efforts.py --mixes made/mixes.txt --photos made/other_photos.txt [--files FOLDER ...]
         [--each N] [--shard 0/4] [-o benchmarks/results/efforts.json]
     python benchmarks/efforts.py add SHARD ... -o benchmarks/results/efforts.json

Looked up are every Nth of the uploads of the mixes (`view_mixes.py`), every manipulation of every Nth photograph, and
the files of folders as they are: the painted ones of the tests, and other people's cases. Listed are the mixes' listed
pictures, the photographs, what Chromium paints of the tests' files, and generated digests. Exit code 1: something is
lost. `tests/matching/test_efforts.py` and `tests/images/test_painted.py` are the short form.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from safehash.errors import ImageError
from safehash.evaluation.manipulations import MANIPULATIONS, apply
from safehash.evaluation.scene import Scene
from safehash.hashing import compute
from safehash.hashing.algorithms import LOW_QUALITY_DISTANCE
from safehash.images.decoding import decode_frames
from safehash.matching import views
from safehash.matching.settings import EFFORTS
from safehash.search.index import Index

from bench_views import LIST_SIZE, LONGER_SIDE, MAX_DISTANCE, MIN_QUALITY, SEED, make_index, read_mixes
from common import report, write_result

PAINTED = Path(__file__).parent.parent / "tests" / "data" / "painted"
#: Pictures that are put beside an altered one, as collages hold.
_BESIDE = 5


class Upload(NamedTuple):
    """A file, and what kind of upload it is."""

    kind: str
    name: str
    data: bytes


def painted_digests() -> list[bytes]:
    """Return what Chromium paints of the tests' files."""
    rows = (
        line.split("\t")
        for path in sorted(PAINTED.glob("*/painted.tsv"))
        for line in path.open(encoding="utf-8")
    )
    return [bytes.fromhex(row[2]) for row in rows if len(row) >= 4 and len(row[2]) == 64]


def altered(paths: list[str], each: int) -> Iterator[Upload]:
    """Yield every manipulation of every `each`-th photograph."""
    for at in range(0, len(paths), each):
        beside = [paths[(at + 1 + 17 * step) % len(paths)] for step in range(_BESIDE)]
        one, *others = (_small(path) for path in (paths[at], *beside))
        for number, manipulation in enumerate(MANIPULATIONS):
            scene = Scene(np.random.default_rng([SEED, at, number]), others)
            yield Upload(
                "altered photographs", f"{manipulation.name}: {paths[at]}", apply(manipulation, one, scene)
            )


def _small(path: str) -> Image.Image:
    picture = Image.open(path).convert("RGB")
    picture.thumbnail((LONGER_SIDE, LONGER_SIDE), Image.Resampling.LANCZOS)
    return picture


def uploads_of(args: argparse.Namespace, mixes: list[tuple[str, str]], photos: list[str]) -> Iterator[Upload]:
    """Yield every upload."""
    for mix, path in mixes[:: args.each]:
        yield Upload(mix, path, Path(path).read_bytes())
    yield from altered(photos, args.each)
    for folder in (PAINTED, *args.files):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and path.suffix not in (".tsv", ".md", ".txt"):
                yield Upload(f"files of {folder.name}", path.name, path.read_bytes())


def needed(data: bytes, index: Index) -> list[dict[int, int]]:
    """Return, effort by effort, the rows found, each with the least threshold that finds it.

    Raises
    ------
    ImageError
        It is no picture, at no effort.
    """
    found = []
    for effort in EFFORTS:
        frames = decode_frames(data, step_for=compute.reduction_for, effort=effort)
        result = views.look_up(
            frames, index, max_distance=MAX_DISTANCE, min_quality=MIN_QUALITY,
            low_quality_distance=LOW_QUALITY_DISTANCE, effort=effort,
        )  # fmt: skip
        found.append({hit.row: hit.needs for hit in result.hits})
    return found


def measure(args: argparse.Namespace) -> dict[str, Any]:
    """Look everything up at every effort."""
    listed, mixes = read_mixes(args.mixes, args.part)
    photos = [path for path in Path(args.photos).read_text(encoding="utf-8").split("\n") if path]
    own = [compute.hash_file(path).digest for path in photos]
    index = make_index(own + [digest for *_, digest in listed] + painted_digests(), LIST_SIZE)
    shard, n_shards = map(int, args.shard.split("/"))
    kinds: dict[str, Counter[str]] = {}
    lost = []
    for number, upload in enumerate(uploads_of(args, mixes, photos)):
        if number % n_shards != shard:
            continue
        row = kinds.setdefault(upload.kind, Counter())
        try:
            found = needed(upload.data, index)
        except ImageError:
            row["no picture"] += 1
            continue
        row["looked up"] += 1
        for effort, rows in zip(EFFORTS, found, strict=True):
            row[effort] += bool(rows)
        for (less, more), (before, behind) in zip(pairwise(EFFORTS), pairwise(found), strict=True):
            for entry, needs in before.items():
                if behind.get(entry, MAX_DISTANCE + 1) > needs:
                    lost.append([upload.kind, upload.name, less, more, needs, behind.get(entry)])
    return {"kinds": {kind: dict(row) for kind, row in kinds.items()}, "lost": lost}


def added(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """Add shards up."""
    kinds: dict[str, Counter[str]] = {}
    for part in parts:
        for kind, row in part["kinds"].items():
            kinds.setdefault(kind, Counter()).update(row)
    return {
        "kinds": {kind: dict(row) for kind, row in sorted(kinds.items())},
        "lost": [each for part in parts for each in part["lost"]],
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("shards", nargs="*", type=Path, help="`add` and results of shards: they are added up")
    parser.add_argument("--mixes", type=Path)
    parser.add_argument("--photos", type=Path)
    parser.add_argument("--files", type=Path, nargs="*", default=[])
    parser.add_argument("--part", default="test", choices=("test", "tuning"))
    parser.add_argument("--each", type=int, default=1)
    parser.add_argument("--shard", default="0/1")
    parser.add_argument("-o", "--output", type=Path)
    args = parser.parse_args()
    if args.shards:
        result = added([json.loads(path.read_text(encoding="utf-8"))["result"] for path in args.shards[1:]])
    else:
        result = measure(args)
    report(result)
    if args.output is not None:
        write_result(args.output, result, seed=SEED)
    return bool(result["lost"])


if __name__ == "__main__":
    sys.exit(main())
