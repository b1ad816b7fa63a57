"""Recall of every manipulation, false matches by mix, and the cost of views: the figures of docs/matching.md.

::

    python benchmarks/bench_views.py recall --photos photos.txt --mixes mixes.txt --out recall.json
    python benchmarks/bench_views.py false --mixes mixes.txt --out false.json
    python benchmarks/bench_views.py cost --photos photos.txt --out cost.json

``photos.txt`` names image files, one a line; ``mixes.txt`` has "mix<TAB>path" lines. Half of the mixes' pictures
(even SHA-256) are listed beside the photographs and generated digests; the other half are the unrelated uploads.
``--shard 0/2`` does every second upload, so that two processes can share the work; shards are added up by
``bench_views.py add``.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import statistics
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from safehash import __version__, compute, images, views
from safehash.errors import ImageError
from safehash.index import Index
from safehash.manipulations import MANIPULATIONS, Scene, apply

LIST_SIZE = 100_000
SEED = 7
MAX_DISTANCE, MIN_QUALITY = 31, 50


def read_mixes(path: str) -> tuple[list[tuple[str, str, bytes]], list[tuple[str, str]]]:
    """Return (mix, path, digest) of the listed half and (mix, path) of the other half; doubles left out."""
    listed, uploads, seen = [], [], set()
    for line in Path(path).read_text().splitlines():
        mix, name = line.split("\t")
        data = Path(name).read_bytes()
        content = hashlib.sha256(data).hexdigest()
        if content in seen:
            continue
        seen.add(content)
        try:
            value = compute.hash_bytes(data)
        except ImageError:
            continue
        if int(content[:8], 16) % 2:
            uploads.append((mix, name))
        elif (value.quality or 0) >= MIN_QUALITY:
            listed.append((mix, name, value.digest))
    return listed, uploads


def make_index(own: list[bytes], size: int) -> Index:
    """Return an index of these digests, filled up with generated ones."""
    real = np.frombuffer(b"".join(own), np.uint8).reshape(-1, 32)
    generated = np.random.default_rng(SEED).integers(0, 256, (max(0, size - len(own)), 32), dtype=np.uint8)
    return Index.from_digests(np.concatenate([real, generated]))


def measure_recall(args: argparse.Namespace, shard: int, n_shards: int) -> dict[str, Any]:
    """Apply every manipulation to every photograph; count what each effort finds."""
    paths = [path for path in Path(args.photos).read_text().split("\n") if path]
    pictures = [Image.open(path).convert("RGB") for path in paths]
    own = [compute.hash_file(path).digest for path in paths]
    listed, _ = read_mixes(args.mixes)
    index = make_index(own + [digest for _, _, digest in listed], LIST_SIZE)
    n_real = len(own) + len(listed)
    result: dict[str, Any] = {
        "n_photos": len(paths),
        "n_real_listed": n_real,
        "list_size": len(index),
        "rows": {},
    }
    for number, manipulation in enumerate(MANIPULATIONS):
        row: dict[str, Any] = {"family": manipulation.family, "n": 0, "found": Counter(), "other": Counter()}
        row["distances"] = defaultdict(list)
        for at in range(shard, len(pictures), n_shards):
            others = [pictures[(at + 1 + step * 17) % len(pictures)] for step in range(5)]
            scene = Scene(np.random.default_rng([SEED, at, number]), others)
            upload = images.decode(apply(manipulation, pictures[at], scene), step_for=compute.reduction_for)
            row["n"] += 1
            for effort in views.EFFORTS:
                result_of = views.look_up(
                    [upload], index, max_distance=MAX_DISTANCE, min_quality=MIN_QUALITY, effort=effort
                )
                for hit in result_of.hits:
                    if hit.row == at:
                        row["found"][effort] += 1
                        row["distances"][effort].append(hit.distance)
                    elif hit.row >= len(own):  # a mix or a generated digest; photographs appear in collages
                        row["other"][effort] += 1
        result["rows"][manipulation.name] = row
        print(manipulation.name, row["n"], dict(row["found"]), dict(row["other"]), flush=True)
    return result


def measure_false(args: argparse.Namespace, shard: int, n_shards: int) -> dict[str, Any]:
    """Look the unrelated half up; report what each effort finds that the picture as it is does not."""
    listed, uploads = read_mixes(args.mixes)
    index = make_index([digest for _, _, digest in listed], LIST_SIZE)
    result: dict[str, Any] = {
        "n_real_listed": len(listed),
        "list_size": len(index),
        "mixes": {},
        "matches": [],
    }
    for mix, path in uploads[shard::n_shards]:
        row = result["mixes"].setdefault(mix, {"n": 0, "uploads": Counter()})
        upload = images.decode(Path(path).read_bytes(), step_for=compute.reduction_for)
        row["n"] += 1
        plain: set[int] = set()
        for effort in views.EFFORTS:
            found = views.look_up(
                [upload], index, max_distance=MAX_DISTANCE, min_quality=MIN_QUALITY, effort=effort
            ).hits
            if effort == "fast":
                plain = {hit.row for hit in found}
                row["uploads"]["fast"] += bool(plain)
                continue
            more = [hit for hit in found if hit.row not in plain]
            row["uploads"][effort] += bool(more)
            result["matches"] += [
                [
                    effort,
                    mix,
                    path,
                    listed[hit.row][1] if hit.row < len(listed) else "generated",
                    hit.distance,
                    hit.view,
                ]
                for hit in more
            ]
    return result


def measure_cost(args: argparse.Namespace, shard: int, n_shards: int) -> dict[str, Any]:
    """Time decode and look-up of 1600 x 1004 JPEG files at list sizes of 100 k and 1 M, efforts interleaved."""
    paths = [path for path in Path(args.photos).read_text().split("\n") if path][: args.n]
    uploads = []
    for path in paths:
        stream = io.BytesIO()
        Image.open(path).convert("RGB").resize((1600, 1004), Image.Resampling.BICUBIC).save(
            stream, "JPEG", quality=85
        )
        uploads.append(stream.getvalue())
    result: dict[str, Any] = {"n_photos": len(uploads), "milliseconds": {}}
    for size in (100_000, 1_000_000):
        index = make_index([], size)
        times: dict[str, list[float]] = defaultdict(list)
        for data in uploads * 3:
            for effort in views.EFFORTS:
                started = time.perf_counter()
                upload = images.decode(data, step_for=compute.reduction_for)
                views.look_up(
                    [upload], index, max_distance=MAX_DISTANCE, min_quality=MIN_QUALITY, effort=effort
                )
                times[effort].append(time.perf_counter() - started)
        result["milliseconds"][str(size)] = {
            effort: {"median": statistics.median(values) * 1e3, "least": min(values) * 1e3}
            for effort, values in times.items()
        }
    return result


def add_shards(paths: list[str]) -> dict[str, Any]:
    """Add the counts of several shards up."""
    parts = [json.loads(Path(path).read_text()) for path in paths]
    total: dict[str, Any] = parts[0]
    for part in parts[1:]:
        for key in ("rows", "mixes"):
            for name, row in part.get(key, {}).items():
                into = total[key].setdefault(name, {"n": 0, **{k: {} for k in row if k != "n"}})
                into["n"] += row["n"]
                for field in ("found", "other", "uploads"):
                    for effort, count in row.get(field, {}).items():
                        into[field][effort] = into[field].get(effort, 0) + count
                for effort, distances in row.get("distances", {}).items():
                    into["distances"][effort] = into["distances"].get(effort, []) + distances
        total["matches"] = total.get("matches", []) + part.get("matches", [])
    return total


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("recall", "false", "cost", "add"))
    parser.add_argument("shards", nargs="*", help="of add: the files to add up")
    parser.add_argument("--photos", metavar="FILE")
    parser.add_argument("--mixes", metavar="FILE")
    parser.add_argument("--shard", default="0/1")
    parser.add_argument("--n", type=int, default=20, help="of cost: photographs")
    parser.add_argument("--out", required=True, metavar="FILE")
    args = parser.parse_args()
    shard, n_shards = (int(part) for part in args.shard.split("/"))
    if args.what == "add":
        result = add_shards(args.shards)
    else:
        measure = {"recall": measure_recall, "false": measure_false, "cost": measure_cost}[args.what]
        result = measure(args, shard, n_shards)
    result["version"] = __version__
    Path(args.out).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
