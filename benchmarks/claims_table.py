"""What was once said of this project and did not hold, what was found, and what is said now: the table of claims.

`make_tables.py` writes it to benchmarks/aims.md. Figures of the last column come from the results; where one was not
measured yet, it says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common import losses

__all__ = ["TOLD", "Told", "markdown"]

RESULTS = Path(__file__).parent / "results"
_NOT_YET = "not measured since"


@dataclass(frozen=True, slots=True)
class Told:
    """One claim.

    Attributes
    ----------
    said : str
        Before.
    found : str
        What an audit measured.
    now : callable
        Returns what is so now.
    held : str
        By which tests, results and commands.
    """

    said: str
    found: str
    now: Callable[[], str]
    held: str


def _load(name: str) -> Any:
    path = RESULTS / name
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def _machines(benchmark: str) -> list[Any]:
    found = [_load(path.name) for path in sorted(RESULTS.glob(f"{benchmark}-*.json"))]
    return sorted(found, key=lambda record: str(record["date"]))


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 99.95 else f"{value:.3g}"


def _times(part: str, starts: tuple[str, ...], peer: str) -> str:
    """Return how many times ours a peer takes, row by row, from least to most over machines."""
    told = []
    for start in starts:
        found = [
            row[peer]["times_ours"]
            for record in _machines("hash")
            for name, row in record["result"].get(part, {}).items()
            if name.startswith(start) and peer in row
        ]
        if not found:
            return _NOT_YET
        low, high = _number(min(found)), _number(max(found))
        told.append(low if low == high else f"{low} to {high}")
    return " / ".join(told)


_SIZES = ("256x256", "512x512", "1600x1004", "4032x3024")


def _arrays() -> str:
    colour = _times("arrays", tuple(f"{size} rgb to pdq" for size in _SIZES), "pdqhash")
    grey = _times("arrays", tuple(f"{size} to pdq" for size in _SIZES), "pdqhash")
    return f"RGB {colour}; grey {grey}"


def _opencv() -> str:
    peers = ("opencv phash", "opencv phash, grey", "opencv phash, grey half size")
    return "; ".join(f"{peer[7:]}: {_times('files', ('1600x1004 jpeg',), peer)}" for peer in peers)


def _phone() -> str:
    found = [
        row["threatexchange pdq"]["times_ours"]
        for record in _machines("hash")
        for row in record["result"].get("phone", {}).values()
        if "threatexchange pdq" in row
    ]
    if not found:
        return _NOT_YET
    return f"{_number(min(found))} to {_number(max(found))}, {len(found)} rows as cameras wrote them"


def _losses() -> str:
    newest = [record for record in _machines("hash") if "files" in record["result"]][-1]
    rows = losses(newest["result"])
    return f"all rows that a peer wins stand on the page: {len(rows)} of hashing, the worst {rows[0]['times_ours']:.2f}"


def _ten_million() -> str:
    record = _load("views-cost.json")
    if record is None or "10000000" not in record["result"]["cost"]["milliseconds"]:
        return _NOT_YET
    rows = record["result"]["cost"]["milliseconds"]["10000000"]
    more = rows["standard"]["median"] - rows["fast"]["median"]
    return (
        f"a check at `standard` takes {more:.1f} ms more than at `fast` there, of a picture of 1.6 megapixels"
    )


def _standard() -> str:
    told = []
    for name in ("views.json", "views-cost.json"):
        record = _load(name)
        if record is None:
            continue
        for size, row in record["result"]["cost"]["milliseconds"].items():
            standard = row["standard"]
            ratio = standard.get("times_fast") or standard["median"] / row["fast"]["median"]
            told.append(f"{int(size):,}: {ratio:.2f} ({record['machine']['cpu'].split()[0]})")
    return "; ".join(told)


def _faiss() -> str:
    told = []
    for n in (100_000, 1_000_000, 10_000_000):
        found = [
            each["single_ratio"]
            for record in _machines("index")
            for each in record["results"]
            if each["n"] == n
        ]
        told.append(f"{n:,}: {_number(min(found))} to {_number(max(found))}")
    return f"over {len(_machines('index'))} machines, {', '.join(told)}"


def _threads() -> str:
    newest = _machines("index")[-1]
    counted = [each["ours"]["two_threads"]["pairs_counted"] for each in newest["results"]]
    return (
        f"{min(counted)} to {max(counted)} of 15 pairs counted, said beside each ratio; hashing discards none"
    )


def _scan() -> str:
    rows = [
        (kind, row)
        for photos, each in _load("scan.json")["result"]["throughput"].items()
        if isinstance(each, dict)
        for kind, row in each.items()
        if kind.startswith("scan") and isinstance(row, dict)
    ]
    missed = sum(row["rate / (workers x hash on one thread)"] < 0.9 for _, row in rows)
    return f"{missed} of {len(rows)} rows miss the aim, each marked above"


def _seen() -> str:
    recall = _load("views.json")["result"]["recall"]
    unseen = _load("views-unseen.json")["result"]["recall"]
    return (
        f"the {recall['n_photos']} are called those that had a say; of {unseen['n_photos']} others, which no gate or "
        f"threshold saw, {max(row['n'] for row in unseen['rows'].values())} were measured"
    )


def _drift() -> str:
    result = _load("drift.json")["result"]
    naive, folded = result["naive"]["max"], result["pdq"]["max"]
    return f"of {result['pdq']['n']} files naive at most {naive}, folding at most {folded}"


TOLD: tuple[Told, ...] = (
    Told(
        "PDQ and pHash agree bit for bit",
        "of 370 graphics 3 differed by 64 to 114 bits, of 793 pHash digests 4 by 15 to 28",
        lambda: (
            "the reference's own rounding decides where more than two coefficients are in doubt; else one or two bits "
            "may differ, of 2 000 generated pictures at most 1 in 200; pHash to the bit"
        ),
        "tests/hashing/test_agreement.py, test_golden.py",
    ),
    Told(
        "47 / 168 / 325 / 600 times pdqhash",
        "ours was given grey, pdqhash RGB: with the same RGB about 30 / 75 to 100 / 124 to 136 / 154",
        _arrays,
        "test_both_sides_are_given_the_same_samples; results/hash-*.json",
    ),
    Told(
        "1.6 times OpenCV's pHash of a JPEG",
        "OpenCV decoded colour; decoded grey 1.1, grey at half size a tie or a loss",
        _opencv,
        "results/hash-*.json",
    ),
    Told(
        "30 times python-threatexchange at 12 megapixels",
        "the picture was put together of one photograph; 10 to 19 on pictures as phones write them",
        _phone,
        "benchmarks/phone_pictures.tsv; bench_hash.py --phone",
    ),
    Told(
        "where we lose: PNG, WebP, AVIF",
        "left out: JPEG of 150 x 100, large WebP, small progressive files, FAISS IVF's 95th percentile",
        _losses,
        "test_where_we_lose_is_every_such_row_worst_first",
    ),
    Told(
        "ten million well under a millisecond",
        "the plain look-up; the default decision cost 2 ms there",
        _ten_million,
        "bench_views.py cost --sizes 1e5,1e6,1e7",
    ),
    Told(
        "`standard` is 1.14 of `fast`",
        "1.29 at a million, 1.4 and more on another machine",
        _standard,
        "the same",
    ),
    Told(
        "301 times FAISS",
        "98 and 71 on the other machine, not shown",
        _faiss,
        "results/index-*.json, side by side",
    ),
    Told(
        "two threads, 1.86 to 2 times one",
        "pairs that were discarded were not mentioned",
        _threads,
        "results/index-*.json",
    ),
    Told(
        "scans at .9 of hashing alone",
        "7 of 12 rows missed it, unmarked",
        _scan,
        "results/scan.json; this page",
    ),
    Told(
        "no threshold was set on the 304 photographs",
        "one gate was changed and two removed after a first run on them",
        _seen,
        "docs/matching-measured.md; results/views-unseen.json",
    ),
    Told(
        "every figure comes from `make bench`",
        "two benchmarks saved nothing, one was never called",
        lambda: (
            "every number with a unit in README, docs, changelog and docstrings is held by a result, a constant or a "
            "test, or says who measured it once"
        ),
        "benchmarks/claims.py, test_every_number_with_a_unit_is_held",
    ),
    Told(
        "naive shrinking 8 to 20 bits, folding 0 to 2",
        "0 to 14 and 0 to 4",
        _drift,
        "benchmarks/drift.py, results/drift.json",
    ),
)


def markdown() -> list[str]:
    """Return the table."""
    lines = ["| said before | found | now | held by |", "| --- | --- | --- | --- |"]
    lines += [f"| {each.said} | {each.found} | {each.now()} | {each.held} |" for each in TOLD]
    return lines
