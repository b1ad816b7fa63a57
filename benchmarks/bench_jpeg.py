"""From the bytes of a JPEG file to its hash, beside the bare decoder and the peers, on real files.

Run: python benchmarks/bench_jpeg.py PHOTOS... [--each 12] [--rounds 5] [--before SOURCES] [-o FILE | --results]

PHOTOS are files of paths, one a line (as view_mixes.py writes them). Of each size so many of the photographs are taken
as they are ("native") and so many encoded anew at that size, as a baseline and as a progressive file; "all" are both
together. Every file's calls are timed in turn by processor time. A row is the median over files of each file's median
ratio to the bare luma decode at the reduction that a decoder takes ("bare"), with quartiles over files. SOURCES is the
`src` folder of an earlier state, built in place: small files are hashed by both in turn.
"""

from __future__ import annotations

import argparse
import io
import pickle
import random
import statistics
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

import safehash
from bench_hash import luma_decode, peers_for_bytes
from bench_pixels import State, paired
from safehash.hashing.compute import hash_decoded, reduction_for
from safehash.hashing.hashes import Algorithm
from safehash.images.decoding import decode_frames
from safehash.images.jpeg_header import read_jpeg_header
from safehash.images.jpeg_means import read_means

from common import interleaved, of_this_machine, ratio, report, spread, write_result

SEED = 20261126
#: name, megapixels of native files (least, most), sides that photographs are fitted to.
SIZES = (
    ("150x100", (0.0, 0.03), (150, 100)),
    ("0.4 MP", (0.3, 0.6), (775, 516)),
    ("1.6 MP", (1.2, 2.2), (1549, 1033)),
    ("12 MP", (9.0, 25.0), (4243, 2828)),
)
KINDS = ("baseline", "progressive")
#: Pixels of a photograph that is looked at at all: files that only say that they are large are among the lists.
MOST_PIXELS = 60_000_000
#: Of so many files of a row the peers are timed, too.
WITH_PEERS = 3
#: Of this size decisions are timed, too; digests of their list.
DECIDED, LISTED = "1.6 MP", 100_000
#: What a call of ours stands beside, as well.
OURS = {
    "threatexchange pdq": "safehash pdq", "opencv phash": "safehash pdq", "safehash pdq, decoder": "safehash pdq",
    "check, decoder": "check",
}  # fmt: skip
#: Seconds a call in every round, by call.
Times = dict[str, list[float]]
#: Of this size an earlier state is timed, too: so many files, so many hashes at a time.
SMALL, N_SMALL, AT_A_TIME = "150x100", 6, 100


def paths_of(lists: list[Path]) -> list[Path]:
    """Return the JPEG files that the lists name."""
    named = {Path(line) for file in lists for line in file.read_text(encoding="utf-8").splitlines()}
    return sorted(path for path in named if path.suffix.lower() in (".jpg", ".jpeg") and path.is_file())


def files_of(
    paths: list[Path], least: float, most: float, side: tuple[int, int], each: int
) -> Iterator[tuple[str, bytes]]:
    """Yield (kind, file) of one size: natives, then photographs encoded anew."""
    n_native = dict.fromkeys(KINDS, 0)
    n_made = 0
    for path in paths:
        data = path.read_bytes()
        header = read_jpeg_header(data)
        if header is None or header.width * header.height > MOST_PIXELS:
            continue
        megapixels = header.width * header.height / 1e6
        kind = KINDS[header.progressive]
        if least <= megapixels <= most and n_native[kind] < each:
            n_native[kind] += 1
            yield f"{kind} native", data
        if n_made < each and header.width >= side[0] and header.height >= side[1]:
            n_made += 1
            with Image.open(io.BytesIO(data)) as image:
                fitted = ImageOps.fit(image.convert("RGB"), side)
            for name in KINDS:
                stream = io.BytesIO()
                quality = (75, 85, 92)[n_made % 3]
                fitted.save(stream, "JPEG", quality=quality, progressive=name == "progressive")
                yield name, stream.getvalue()


def without_own_reader(data: bytes) -> object:
    """Hash a file with the decoder of the imaging library, at its reductions."""
    decoded = next(decode_frames(data, step_for=reduction_for, own_jpeg=False))
    return hash_decoded(decoded, algorithm=Algorithm.PDQ)


def matcher_of(*, own_jpeg: bool) -> safehash.Matcher:
    """Return a matcher at its defaults whose list has `LISTED` digests, none of a real picture."""
    digests = np.random.default_rng(SEED).integers(0, 256, (LISTED, 32), dtype=np.uint8)
    entries = [
        safehash.Entry(hash=safehash.Hash("pdq", digest.tobytes()), source="bench") for digest in digests
    ]
    return safehash.Matcher.from_entries(entries, settings=safehash.Settings(own_jpeg=own_jpeg))


def calls_of(
    data: bytes, *, peers: bool, matchers: dict[str, safehash.Matcher]
) -> dict[str, Callable[[], object]]:
    """Return what is timed on one file."""
    header = read_jpeg_header(data)
    assert header is not None
    calls: dict[str, Callable[[], object]] = {
        "bare": luma_decode(data),
        "safehash pdq": lambda: safehash.hash_bytes(data),
        "safehash pdq, decoder": lambda: without_own_reader(data),
    }
    for step in (1, 2, 4, 8):
        if read_means(data, header, step) is not None:
            calls[f"reader, 1/{step}"] = lambda step=step: read_means(data, header, step)  # type: ignore[misc]
    for name, matcher in matchers.items():
        calls[name] = partial(matcher.check, data)
    if peers:
        chosen = ("threatexchange pdq", "opencv phash")
        calls |= {name: call for name, call in peers_for_bytes(data).items() if name in chosen}
    return calls


def beside_before(sources: Path, files: list[bytes], rounds: int) -> dict[str, Any]:
    """Return what hashing small files takes beside an earlier state, the median over them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        named = {str(number): data for number, data in enumerate(files)}
        (folder / "files.pickle").write_bytes(pickle.dumps(named))
        (folder / "listed.csv").write_text("hash\n" + "69" * 32 + "\n", encoding="ascii")
        now, before = State(Path(__file__).parent.parent / "src", folder), State(sources, folder)
        rows = [paired(now, before, "hash", each, AT_A_TIME, rounds) for each in named]
        for state in (now, before):
            state.close()
    found = [row["ratio"] for row in rows]
    return {"files": len(rows), "of_before": round(statistics.median(found), 3), "each": found}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("photos", nargs="+", type=Path, help="files of paths, one a line")
    parser.add_argument("--each", type=int, default=12, help="files of a row")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--sizes", nargs="*", choices=[name for name, *_ in SIZES], default=[name for name, *_ in SIZES]
    )
    parser.add_argument(
        "--before", type=Path, metavar="SOURCES", help="src of an earlier state, built in place"
    )
    parser.add_argument("-o", "--output", type=Path)
    parser.add_argument("--results", action="store_true")
    arguments = parser.parse_args()
    paths = paths_of(arguments.photos)
    random.Random(SEED).shuffle(paths)
    result: dict[str, Any] = {}
    for name, (least, most), side in SIZES:
        if name not in arguments.sizes:
            continue
        matchers = {}
        if name == DECIDED:
            matchers = {"check": matcher_of(own_jpeg=True), "check, decoder": matcher_of(own_jpeg=False)}
        timed: dict[str, list[Times]] = {}
        small: list[bytes] = []
        for kind, data in files_of(paths, least, most, side, arguments.each):
            number = len(timed.get(kind, ())) + 1
            times = interleaved(
                calls_of(data, peers=number <= WITH_PEERS, matchers=matchers), rounds=arguments.rounds
            )
            timed.setdefault(kind, []).append(times)
            if name == SMALL and kind == "baseline":
                small.append(data)
        for kind in KINDS:
            both = timed.get(kind, []) + timed.get(f"{kind} native", [])
            if both:
                timed[f"all {kind}"] = both
        result |= {f"{name} {kind}": row_of(files) for kind, files in timed.items()}
        if small and arguments.before:
            result[f"{name} beside an earlier state"] = beside_before(
                arguments.before, small[:N_SMALL], 2 * arguments.rounds
            )
    report(result)
    if arguments.output or arguments.results:
        write_result(
            arguments.output or of_this_machine(Path(__file__).parent / "results", "jpeg"), result, seed=SEED
        )


def row_of(files: list[Times]) -> dict[str, Any]:
    """Return what a table says of some files: each call beside the bare decode, others beside ours."""
    row: dict[str, Any] = {"files": len(files)}
    for call in dict.fromkeys(call for times in files for call in times):
        having = [times for times in files if call in times]
        row[call] = {
            "files": len(having),
            "of_bare": _middle([ratio(times, call, "bare") for times in having]),
            "quartiles": _quartiles([ratio(times, call, "bare") for times in having]),
            "ms": round(1e3 * statistics.median(statistics.median(times[call]) for times in having), 4),
        }
        ours = OURS.get(call)
        if ours is not None:
            row[call]["times_ours"] = _middle([ratio(times, call, ours) for times in having])
    return row


def _middle(values: list[float]) -> float:
    return round(statistics.median(values), 3)


def _quartiles(values: list[float]) -> list[float]:
    low, _, high = spread(values)
    return [round(low, 3), round(high, 3)]


if __name__ == "__main__":
    main()
