"""How far the fast decode lies from the full one, on real JPEG files: mean, 99th percentile, maximum in bits.

Run: python benchmarks/drift.py FOLDER... [-o benchmarks/results/drift.json]
     python benchmarks/drift.py --photos made/photos.txt made/other_photos.txt ... [-o ...]

Every JPEG file under the folders whose PDQ quality is at least 50 counts once (by content); with --made also encoded
anew at other sizes, for each scale that the fast decode takes ("by_scale"). With --steps, each
reduction is measured by itself, by the shorter side; the table in compute.py was chosen from that. Beside the drift:
how far the reduced picture lies if it is hashed as it is ("naive"), how far the seven other orientations ("turned").
"""

from __future__ import annotations

import argparse
import hashlib
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

import safehash
from safehash.hashing.compute import hash_decoded, reduction_for, reduction_for_hash, turned_digests
from safehash.hashing.hashes import Algorithm, Hash
from safehash.images.decoding import decode

from common import report, write_result

SIDES = (0, 300, 512, 640, 768, 1000, 1536, 2000, 2500, 10**9)


def turns(data: bytes) -> list[Hash]:
    """Return the hashes of a picture in its seven other orientations."""
    digests, quality, _ = turned_digests(decode(data))
    return [Hash(Algorithm.PDQ, digest, quality=quality) for digest in digests[1:]]


def made(data: bytes, sides: list[int], number: int) -> Iterator[bytes]:
    """Yield a photograph fitted to shorter sides that it has, as a JPEG file of three qualities by turns."""
    with Image.open(io.BytesIO(data)) as image:
        whole = image.convert("RGB")
    for at, side in enumerate(sides):
        if side > min(whole.size):
            continue
        scale = side / min(whole.size)
        size = round(whole.width * scale), round(whole.height * scale)
        stream = io.BytesIO()
        quality = (75, 85, 92)[(number + at) % 3]
        ImageOps.fit(whole, size).save(stream, "JPEG", quality=quality, progressive=(number + at) % 4 == 0)
        yield stream.getvalue()


def kind_of(data: bytes) -> str:
    """Return which scale the fast hash takes of a file, and how the file is coded."""
    provenance = decode(data, step_for=reduction_for_hash).provenance
    side = min(provenance.width, provenance.height)
    group = max(least for least in SIDES if least <= side)
    with Image.open(io.BytesIO(data)) as image:
        coded = "progressive" if image.info.get("progressive") else "baseline"
    return f"1/{provenance.scale} from {group}, {coded}"


def _always(step: int, shorter_side: int) -> int:
    return step


def summary(distances: list[int]) -> dict[str, Any]:
    values = np.array(distances)
    return {
        "n": len(distances),
        "p1": int(np.percentile(values, 1, method="inverted_cdf")),
        "mean": round(float(values.mean()), 3),
        "p99": int(np.percentile(values, 99, method="inverted_cdf")),
        "max": int(values.max()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--photos", nargs="*", default=[], type=Path, help="files of paths, one a line")
    parser.add_argument("--steps", action="store_true", help="measure every reduction by itself")
    parser.add_argument(
        "--made", nargs="*", default=[], type=int, metavar="SIDE", help="shorter sides to encode at"
    )
    parser.add_argument("--sources", default="", help="where the files come from, for the record")
    parser.add_argument("-o", "--output", type=Path)
    arguments = parser.parse_args()
    seen: set[str] = set()
    default: list[int] = []
    phash: dict[str, list[int]] = {"phash": [], "phash256": []}
    by_step: dict[tuple[int, int], list[int]] = {}
    by_scale: dict[str, list[int]] = {}
    naive: list[int] = []
    turned: list[int] = []
    named = {
        Path(line) for file in arguments.photos for line in file.read_text(encoding="utf-8").splitlines()
    }
    for path in sorted({p for folder in arguments.folders for p in folder.rglob("*")} | named):
        if path.suffix.lower() not in (".jpg", ".jpeg") or not path.is_file():
            continue
        data = path.read_bytes()
        content = hashlib.sha256(data).hexdigest()
        if content in seen:
            continue
        seen.add(content)
        try:
            full = safehash.hash_bytes(data, decode="full")
        except safehash.ImageError:
            continue
        if (full.quality or 0) < 50:
            continue
        default.append(full.distance(safehash.hash_bytes(data)))
        if arguments.made:
            by_scale.setdefault(kind_of(data), []).append(default[-1])
        for other in made(data, arguments.made, len(default)):
            apart = safehash.hash_bytes(other, decode="full").distance(safehash.hash_bytes(other))
            by_scale.setdefault(kind_of(other), []).append(apart)
        reduced = decode(data, step_for=reduction_for)
        if reduced.pixels.shape[0] < reduced.rows and reduced.provenance.orientation == 1:
            naive.append(full.distance(safehash.hash_array(reduced.pixels)))
        turned += [full.distance(each) for each in turns(data)]
        for name, distances in phash.items():
            fast = safehash.hash_bytes(data, algorithm=name)
            distances.append(fast.distance(safehash.hash_bytes(data, algorithm=name, decode="full")))
        if arguments.steps:
            for step in (1, 2, 4, 8):
                decoded = decode(data, step_for=partial(_always, step))
                side = min(decoded.rows, decoded.cols)
                group = max(least for least in SIDES if least <= side)
                distance = full.distance(hash_decoded(decoded, algorithm=Algorithm.PDQ))
                by_step.setdefault((group, step), []).append(distance)
    result: dict[str, Any] = {
        "sources": arguments.sources,
        "rule": {
            name: [list(row) for row in getattr(reduction_for_hash, name)]
            for name in ("drafted", "means", "progressive")
        },
        "pdq": summary(default),
        "naive": summary(naive),
        "turned": summary(turned),
        **{name: summary(distances) for name, distances in phash.items()},
    }
    if by_step:
        result["by_shorter_side_and_step"] = {
            f"{side}+ step {step}": summary(distances) for (side, step), distances in sorted(by_step.items())
        }
    if by_scale:
        result["by_scale"] = {name: summary(distances) for name, distances in sorted(by_scale.items())}
        for scale in sorted({name.split()[0] for name in by_scale}):
            of_scale = [
                each for name, found in by_scale.items() if name.split()[0] == scale for each in found
            ]
            result["by_scale"][scale] = summary(of_scale)
    report(result)
    if arguments.output:
        write_result(arguments.output, result)


if __name__ == "__main__":
    main()
