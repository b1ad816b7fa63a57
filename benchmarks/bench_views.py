"""Recall of every manipulation, false matches by mix, and the cost of views: the figures of docs/matching-measured.md.

::

    python benchmarks/bench_views.py recall --photos made/other_photos.txt --mixes made/mixes.txt --out recall.json
    python benchmarks/bench_views.py recall --photos made/photos.txt --mixes made/mixes.txt --out known.json
    python benchmarks/bench_views.py false --mixes made/mixes.txt --out false.json
    python benchmarks/bench_views.py cost --photos made/photos.txt --out cost.json

``view_mixes.py`` makes both files from Debian packages and splits the mixes in three by the SHA-256 of their
content. The listed third is looked up beside the photographs and generated digests; the test third are the unrelated
uploads; the tuning third (``--part tuning``) is what thresholds and gates may be set on.
``--shard 0/2`` does every second upload, so that two processes can share the work; shards are added up by
``bench_views.py add``. ``make bench-views MIXES=made`` does all of it, and then gathers one result: "recall" is that of
photographs which gates never saw, "known" of those that they did.
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

from safehash import __version__
from safehash.errors import ImageError
from safehash.evaluation.manipulations import MANIPULATIONS, apply
from safehash.evaluation.scene import Scene
from safehash.hashing import compute
from safehash.hashing.algorithms import LOW_QUALITY_DISTANCE
from safehash.images import decoding as images
from safehash.images.pictures import Decoded
from safehash.matching import views
from safehash.matching.settings import EFFORTS, Effort
from safehash.search.index import Index
from view_mixes import read_photographs

from common import ratios, spread, write_result

VERDICTS = Path(__file__).parent / "results" / "views-verdicts.tsv"
LIST_SIZE = 100_000
SEED = 7
MAX_DISTANCE, MIN_QUALITY = 31, 50

#: The longer side of what is altered and uploaded, in pixels: larger photographs are brought down to it first.
LONGER_SIDE = 1280

#: How far the nearest other entry is looked for, in bits.
NEAREST_WITHIN = 64

#: One photograph in so many has its nearest other entry looked for, in the measurement of recall.
NEAREST_EVERY = 10

#: A view's family by words in its name; the first that fits.
VIEW_FAMILIES = (
    ("rotated", ("rotated",)),
    ("framed or panel", ("inside", "panel")),
    ("whole", ("cropped", "altered")),
    ("negative", ("negative",)),
    ("as it is", ("as it is",)),
)


def read_mixes(path: str, part: str) -> tuple[list[tuple[str, str, bytes]], list[tuple[str, str]]]:
    """Return (mix, path, digest) of the listed part and (mix, path) of the part that is uploaded."""
    listed, uploads = [], []
    for line in Path(path).read_text().splitlines():
        mix, belongs_to, name = line.split("\t")
        if belongs_to == part:
            uploads.append((mix, name))
        if belongs_to != "listed":
            continue
        try:
            value = compute.hash_file(name)
        except ImageError:
            continue
        if (value.quality or 0) >= MIN_QUALITY:
            listed.append((mix, name, value.digest))
    return listed, uploads


def photograph(path: str) -> Image.Image:
    """Return a photograph as it is altered: transparent pixels on white, as it is hashed, and at most `LONGER_SIDE`."""
    with Image.open(path) as opened:
        picture = opened.convert("RGBA")
    on_white = Image.new("RGBA", picture.size, "white")
    picture = Image.alpha_composite(on_white, picture).convert("RGB")
    picture.thumbnail((LONGER_SIDE, LONGER_SIDE), Image.Resampling.LANCZOS)
    return picture


def view_family(view: str) -> str:
    """Return which family a view, in words, belongs to: its threshold is one row of docs/matching.md."""
    for family, words in VIEW_FAMILIES:
        if any(word in view for word in words):
            return family
    return "turned"


def in_package(path: str) -> str:
    """Return the path of a file inside its package, or the name of a picture that was made."""
    return path.partition("/usr/share/")[2] or Path(path).name


def make_index(own: list[bytes], size: int) -> Index:
    """Return an index of these digests, filled up with generated ones."""
    real = np.frombuffer(b"".join(own), np.uint8).reshape(-1, 32)
    generated = np.random.default_rng(SEED).integers(0, 256, (max(0, size - len(own)), 32), dtype=np.uint8)
    return Index.from_digests(np.concatenate([real, generated]))


def measure_recall(args: argparse.Namespace, shard: int, n_shards: int) -> dict[str, Any]:
    """Apply every manipulation to every photograph; count what each effort finds."""
    paths = [path for path in Path(args.photos).read_text().split("\n") if path]
    pictures = []
    for path in paths:
        pictures.append(photograph(path))
    own = [compute.hash_file(path).digest for path in paths]
    kinds = kinds_of(paths, args.names)
    # The photographs stand in the list already, and so would they in its templates.
    listed = [item for item in read_mixes(args.mixes, "")[0] if item[0] not in ("photographs", "templates")]
    index = make_index(own + [digest for _, _, digest in listed], LIST_SIZE)
    names = paths + [path for _, path, _ in listed]
    result: dict[str, Any] = {
        "n_photos": len(paths),
        "n_real_listed": len(names),
        "list_size": len(index),
        "rows": {},
        "others": [],
    }
    each: list[str] = []
    for number, manipulation in enumerate(MANIPULATIONS):
        if number < args.first and manipulation.name not in args.kinds:
            continue
        row: dict[str, Any] = {"family": manipulation.family, "n": 0, "found": Counter(), "other": Counter()}
        row["distances"] = defaultdict(list)
        if kinds:
            row["kinds"] = {kind: {"n": 0, "found": Counter()} for kind in sorted(set(kinds))}
        row["nearest_other"] = {}
        for at in range(shard, len(pictures), n_shards):
            in_collage = [(at + 1 + step * 17) % len(pictures) for step in range(5)]
            scene = Scene(
                np.random.default_rng([SEED, at, number]), [pictures[other] for other in in_collage]
            )
            shown = {at, *in_collage}
            upload = images.decode(apply(manipulation, pictures[at], scene), step_for=compute.reduction_for)
            row["n"] += 1
            if kinds:
                row["kinds"][kinds[at]]["n"] += 1
            own_hits: dict[str, tuple[int, str]] = {}
            for effort in EFFORTS:
                result_of = views.look_up(
                    [upload],
                    index,
                    max_distance=MAX_DISTANCE,
                    min_quality=MIN_QUALITY,
                    low_quality_distance=LOW_QUALITY_DISTANCE,
                    effort=effort,
                )
                for hit in result_of.hits:
                    if hit.row == at:
                        own_hits[effort] = (hit.distance, hit.view)
                        row["found"][effort] += 1
                        if kinds:
                            row["kinds"][kinds[at]]["found"][effort] += 1
                        row["distances"][effort].append(hit.distance)
                    elif hit.row not in shown:
                        row["other"][effort] += 1
                        name = in_package(names[hit.row]) if hit.row < len(names) else "generated"
                        result["others"].append(
                            [effort, manipulation.name, in_package(paths[at]), name, hit.distance, hit.view]
                        )
                if at % NEAREST_EVERY == 0:
                    needs = nearest_other(upload, index, effort, shown)
                    add_nearest(row["nearest_other"], {effort: needs})
            each.append(json.dumps([manipulation.name, in_package(paths[at]), own_hits]) + "\n")
        if args.each:  # written anew after each manipulation: a run may be cut
            Path(args.each).write_text("".join(each), encoding="utf-8")
        result["rows"][manipulation.name] = row
        print(manipulation.name, row["n"], dict(row["found"]), dict(row["other"]), flush=True)
    return result


def kinds_of(paths: list[str], names: str | None) -> list[str]:
    """Return what each photograph shows, as a file like photographs-2.tsv says; nothing without such a file."""
    if names is None:
        return []
    kinds = {each.sha256: each.kind for each in read_photographs(Path(names))}
    return [kinds[hashlib.sha256(Path(path).read_bytes()).hexdigest()] for path in paths]


def nearest_other(upload: Decoded, index: Index, effort: Effort, known: set[int]) -> int | None:
    """Return the smallest threshold at which an entry other than the known ones matches."""
    found = views.look_up(
        [upload],
        index,
        max_distance=NEAREST_WITHIN,
        min_quality=MIN_QUALITY,
        low_quality_distance=LOW_QUALITY_DISTANCE,
        effort=effort,
    ).hits
    return min((hit.needs for hit in found if hit.row not in known), default=None)


def add_nearest(into: dict[str, int], found: dict[str, int | None]) -> None:
    """Keep the least of both, by name."""
    for name, needs in found.items():
        if needs is not None:
            into[name] = min(needs, into.get(name, needs))


def measure_false(args: argparse.Namespace, shard: int, n_shards: int) -> dict[str, Any]:
    """Look the unrelated part up; report what each effort finds that the picture as it is does not.

    "near" holds, for each upload and family of views, the entries that a wider threshold would match.
    """
    listed, uploads = read_mixes(args.mixes, args.part)
    index = make_index([digest for _, _, digest in listed], LIST_SIZE)
    result: dict[str, Any] = {
        "n_real_listed": len(listed),
        "list_size": len(index),
        "mixes": {},
        "matches": [],
        "near": [],
    }
    for mix, path in uploads[shard::n_shards]:
        row = result["mixes"].setdefault(mix, {"n": 0, "uploads": Counter()})
        try:
            upload = images.decode(Path(path).read_bytes(), step_for=compute.reduction_for)
        except ImageError:
            continue
        row["n"] += 1
        plain: set[int] = set()
        for effort in EFFORTS:
            found = views.look_up(
                [upload],
                index,
                max_distance=MAX_DISTANCE,
                min_quality=MIN_QUALITY,
                low_quality_distance=LOW_QUALITY_DISTANCE,
                effort=effort,
            ).hits
            if effort == "fast":
                plain = {hit.row for hit in found}
                row["uploads"]["fast"] += bool(plain)
                continue
            more = [hit for hit in found if hit.row not in plain]
            row["uploads"][effort] += bool(more)
            result["matches"] += [
                [effort, mix, in_package(path), name_of(hit.row, listed), hit.distance, hit.view]
                for hit in more
            ]
        wide = views.look_up(
            [upload],
            index,
            max_distance=NEAREST_WITHIN,
            min_quality=MIN_QUALITY,
            low_quality_distance=LOW_QUALITY_DISTANCE,
            effort="thorough",
        ).hits
        result["near"] += [
            [mix, in_package(path), name_of(hit.row, listed), hit.needs, view_family(hit.view)]
            for hit in wide
            if hit.row not in plain
        ]
    return result


def name_of(row: int, listed: list[tuple[str, str, bytes]]) -> str:
    """Return the name of a listed picture, or "generated"."""
    return in_package(listed[row][1]) if row < len(listed) else "generated"


def read_right(verdicts: str) -> set[tuple[str, str]]:
    """Return the (upload, listed) pairs that a person said are right."""
    rows = [line.split("\t") for line in Path(verdicts).read_text(encoding="utf-8").splitlines()[1:]]
    return {(row[0], row[1]) for row in rows if row[2] in ("right", "literally true")}


def judge(false: dict[str, Any], verdicts: str) -> None:
    """Add to each mix the uploads with a wrong match by effort, and the nearest entry that is not right, by family.

    `verdicts` is a file of tab-separated lines, upload, listed, verdict: what a person said of each pair. A pair that
    nobody judged counts as wrong; so does one that "unclear" was said of. The nearest entry is the smallest threshold
    at which one matches.
    """
    right = read_right(verdicts)
    for row in false["mixes"].values():
        row["wrong"], row["nearest"] = dict.fromkeys(EFFORTS[1:], 0), {}
    wrong = {
        (effort, mix, path) for effort, mix, path, name, *_ in false["matches"] if (path, name) not in right
    }
    for effort, mix, _ in wrong:
        false["mixes"][mix]["wrong"][effort] += 1
    for mix, path, name, needs, family in false.pop("near"):
        if (path, name) not in right:
            add_nearest(false["mixes"][mix]["nearest"], {family: needs})


def measure_cost(args: argparse.Namespace, shard: int, n_shards: int) -> dict[str, Any]:
    """Time decode and look-up of JPEG files of one size at lists of several sizes, efforts in turn, then backwards.

    Processor time: a machine that is shared says nothing else that can be compared.
    """
    paths = [path for path in Path(args.photos).read_text().split("\n") if path][: args.n]
    uploads = []
    for path in paths:
        stream = io.BytesIO()
        Image.open(path).convert("RGB").resize(args.pixels, Image.Resampling.BICUBIC).save(
            stream, "JPEG", quality=85
        )
        uploads.append(stream.getvalue())
    result: dict[str, Any] = {"n_photos": len(uploads), "pixels": list(args.pixels), "milliseconds": {}}
    for size in args.sizes:
        index = make_index([], size)
        times: dict[str, list[float]] = {effort: [] for effort in args.efforts}
        for number, data in enumerate(uploads * 3):
            for effort in args.efforts[:: 1 if number % 2 else -1]:
                started = time.thread_time()
                # As a check decodes: with what else may be seen of it, where the effort asks.
                frames = list(images.decode_frames(data, step_for=compute.reduction_for, effort=effort))
                views.look_up(
                    frames,
                    index,
                    max_distance=MAX_DISTANCE,
                    min_quality=MIN_QUALITY,
                    low_quality_distance=LOW_QUALITY_DISTANCE,
                    effort=effort,
                )
                times[effort].append(time.thread_time() - started)
        result["milliseconds"][str(size)] = cost_by_effort(times)
        del index
    return result


def cost_by_effort(times: dict[str, list[float]]) -> dict[str, dict[str, Any]]:
    """Return milliseconds of each effort, and how many times those of the first one, upload by upload."""
    first = next(iter(times))
    rows = {}
    for effort, values in times.items():
        low, middle, high = spread(ratios(times, effort, first))
        rows[effort] = {
            "median": statistics.median(values) * 1e3, "least": min(values) * 1e3,
            f"times_{first}": round(middle, 3), "quartiles": [round(low, 3), round(high, 3)],
        }  # fmt: skip
    return rows


def add_shards(paths: list[str]) -> dict[str, Any]:
    """Add the counts of several shards up."""
    parts = [json.loads(Path(path).read_text()) for path in paths]
    total: dict[str, Any] = parts[0]
    for part in parts[1:]:
        for key in ("rows", "mixes"):
            for name, row in part.get(key, {}).items():
                into = total[key].setdefault(name, {"n": 0, **{k: {} for k in row if k != "n"}})
                into["n"] += row["n"]
                if "nearest_other" in row:
                    add_nearest(into["nearest_other"], row["nearest_other"])
                for kind, of_kind in row.get("kinds", {}).items():
                    into_kind = into.setdefault("kinds", {}).setdefault(kind, {"n": 0, "found": {}})
                    into_kind["n"] += of_kind["n"]
                    for effort, count in of_kind["found"].items():
                        into_kind["found"][effort] = into_kind["found"].get(effort, 0) + count
                for field in ("found", "other", "uploads"):
                    for effort, count in row.get(field, {}).items():
                        into[field][effort] = into[field].get(effort, 0) + count
                for effort, distances in row.get("distances", {}).items():
                    into["distances"][effort] = into["distances"].get(effort, []) + distances
        for key in ("matches", "near", "others"):
            if key in part:
                total[key] = total.get(key, []) + part[key]
    return total


def gather(paths: list[str], verdicts: str, out: Path) -> None:
    """Write one result of both recalls, false matches and cost; of all distances, the medians."""
    result = dict(
        zip(
            ("recall", "known", "false", "cost"),
            (json.loads(Path(path).read_text()) for path in paths),
            strict=True,
        )
    )
    judge(result["false"], verdicts)
    for row in (*result["recall"]["rows"].values(), *result["known"]["rows"].values()):
        distances = row.pop("distances", {})
        row["median_distance"] = {
            effort: statistics.median(found) for effort, found in distances.items() if found
        }
    write_result(out, result, seed=SEED)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("recall", "false", "cost", "add", "gather"))
    parser.add_argument("shards", nargs="*", help="of add and gather: the files to read")
    parser.add_argument("--photos", metavar="FILE")
    parser.add_argument("--mixes", metavar="FILE")
    parser.add_argument(
        "--names", metavar="FILE", help="of recall: what each photograph shows, as photographs-2.tsv says"
    )
    parser.add_argument(
        "--part", default="test", choices=("test", "tuning"), help="of false: what is uploaded"
    )
    parser.add_argument("--verdicts", metavar="FILE", default=str(VERDICTS), help="of gather: judged pairs")
    parser.add_argument("--shard", default="0/1")
    parser.add_argument(
        "--first", type=int, default=0, metavar="N", help="of recall: manipulations from this one on"
    )
    parser.add_argument(
        "--kinds", nargs="*", default=[], metavar="NAME", help="of recall: of earlier ones, these, too"
    )
    parser.add_argument(
        "--each",
        metavar="FILE",
        help="of recall: every copy's distance and view, by effort, as lines of JSON",
    )
    parser.add_argument("--n", type=int, default=20, help="of cost: photographs")
    parser.add_argument("--sizes", type=lambda text: [int(float(each)) for each in text.split(",")],
                        default=[100_000, 1_000_000], help="of cost: how many hashes are listed")  # fmt: skip
    parser.add_argument("--pixels", type=lambda text: tuple(int(side) for side in text.split("x")),
                        default=(1600, 1004), metavar="WIDTHxHEIGHT", help="of cost: each photograph's")  # fmt: skip
    parser.add_argument("--efforts", type=lambda text: text.split(","), default=list(EFFORTS), help="of cost")
    parser.add_argument(
        "--result",
        action="store_true",
        help="write it by its name, with machine and command, beside what the file has of others",
    )
    parser.add_argument("--out", required=True, metavar="FILE")
    args = parser.parse_args()
    shard, n_shards = (int(part) for part in args.shard.split("/"))
    if args.what == "gather":
        gather(args.shards, args.verdicts, Path(args.out))
        return
    if args.what == "add":
        result = add_shards(args.shards)
    else:
        measure = {"recall": measure_recall, "false": measure_false, "cost": measure_cost}[args.what]
        result = measure(args, shard, n_shards)
    if args.result:
        added = "recall" if "rows" in result else "false"
        what = added if args.what == "add" else args.what
        write_result(Path(args.out), {what: result}, seed=SEED, joins=True)
        return
    result["version"] = __version__
    Path(args.out).write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    main()
