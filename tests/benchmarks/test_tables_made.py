"""The tables of README and the benchmarks' page, from small results in which every number is another: read by hand."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
MACHINE = {"cpu": "Quick (1)", "cores": 3, "versions": {"safehash": "1", "pdqhash": "0.2"}}


def row(ms: float, times: float, low: float, high: float) -> dict[str, Any]:
    return {"ms": ms, "times_ours": times, "quartiles": [low, high]}


HASH = {
    "arrays": {
        "256x256 to pdq": {
            "safehash pdq": row(0.02, 1.0, 1.0, 1.0), "pdqhash": row(0.9, 46.0, 45.0, 48.0),
            "samples read once": row(0.013, 0.65, 0.6, 0.7),
        },
        "256x256 rgb to pdq": {"safehash pdq": row(0.04, 1.0, 1.0, 1.0), "pdqhash": row(1.2, 31.0, 30.0, 33.0)},
        "256x256 to phash": {"safehash phash": row(0.1, 1.0, 1.0, 1.0), "imagehash phash": row(0.5, 4.7, 4.5, 4.9)},
    },
    "files": {
        "1600x1004 jpeg (314 kB)": {
            "safehash pdq": row(3.6, 1.0, 1.0, 1.0), "bare luma decode": row(3.5, 0.97, 0.96, 0.99),
            "threatexchange pdq": row(48.0, 13.3, 13.0, 13.9), "opencv phash": row(5.9, 1.64, 1.6, 1.7),
        },
        "1600x1004 progressive jpeg (300 kB)": {
            "safehash pdq": row(9.0, 1.0, 1.0, 1.0), "opencv phash": row(8.1, 0.9, 0.88, 0.95),
        },
        "512x512 webp (36 kB)": {"safehash pdq": row(5.0, 1.0, 1.0, 1.0), "opencv phash": row(2.6, 0.52, 0.5, 0.55)},
    },
    "phone": {
        "4000x3000 jpeg of A (3 kB)": {
            "safehash pdq": row(20.0, 1.0, 1.0, 1.0), "threatexchange pdq": row(300.0, 15.2, 15.0, 16.0),
        },
    },
    "peak_memory_mb": {"1600x1004 jpeg": {"safehash": 1.3, "threatexchange": 44.2, "imagehash": 38.8}},
    "threads": {"one over two threads": 1.86},
    "aims": [
        {"what": "two threads", "wanted": ">= 1.8", "measured": 1.86, "met": True},
        {"what": "RGB", "wanted": ">= 45", "measured": 31.0, "met": False},
    ],
}  # fmt: skip


def searched(n: int, digests: str, ours: float, flat: float, pairs: int, ratio: float) -> dict[str, Any]:
    return {
        "n": n, "digests": digests, "single_ratio": round(flat / ours, 2), "answers": {"differing": 1, "queries": 40},
        "ours": {
            "single": {"p50_us": ours, "p95_us": 2 * ours}, "single_cold": {"p50_us": 1.5 * ours}, "build_s": 0.02,
            "bytes_a_hash": 124.2, "snapshot": {"open_and_first_query_ms": 1.41},
            "two_threads": {"ratio": ratio, "pairs_counted": pairs},
        },
        "faiss_flat": {"single": {"p50_us": flat}},
        "peers": [{"name": "IVF", "recall": 0.65, "single": {"p50_us": 3 * ours, "p95_us": 1.4 * ours}}],
    }  # fmt: skip


INDEX = {
    "results": [
        searched(1000, "random", 12.0, 126.0, 7, 1.92),
        searched(10_000, "real", 130.0, 39_000.0, 15, 2.1),
    ],
    "claims": [
        {"what": "one query", "digests": "real", "at_least": 4, "measured": 10.84},
        {"what": "share of a build", "digests": "real", "at_most": 0.333, "measured": 0.4},
    ],
}
RECALL = {
    "n_photos": 4, "list_size": 1000, "n_real_listed": 44,
    "others": [
        *([effort, "letterbox", "p", "x", 3, "as it is"] for effort in ("fast", "standard", "thorough")),
        *(["thorough", "mirrored", "p", entry, 3, "as it is"] for entry in ("x", "y")),
    ],
    "rows": {
        name: {"n": 4, "found": found}
        for name, found in {
            "mirrored": {"standard": 4, "thorough": 4}, "letterbox": {"fast": 1, "standard": 3, "thorough": 4},
            "screenshot, dark": {"standard": 2, "thorough": 3}, "cropped 5 %": {"thorough": 3},
            "cropped 20 %": {"thorough": 1},
        }.items()
    },
}  # fmt: skip
VIEWS = {
    "recall": RECALL, "known": RECALL,
    "false": {
        "mixes": {
            "maps": {
                "n": 1234, "uploads": {"fast": 5, "standard": 3, "thorough": 7},
                "wrong": {"standard": 1, "thorough": 2},
            },
        },
    },
}  # fmt: skip


@pytest.fixture
def tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    module = importlib.import_module("make_tables")
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    monkeypatch.setattr(importlib.import_module("told"), "RESULTS", tmp_path)
    older = {**HASH, "arrays": {"256x256 to pdq": {"pdqhash": row(0.8, 40.0, 39.0, 41.0)}}}
    for name, date, record in (
        ("hash-a", "2026-01-01", older), ("hash-b", "2026-01-02", HASH), ("views", "2026-01-03", VIEWS),
        ("drift", "2026-01-03", {"pdq": {"n": 605, "mean": 0.4, "p99": 4, "max": 6}}),
    ):  # fmt: skip
        text = {"date": date, "machine": {**MACHINE, "cpu": name}, "result": record}
        (tmp_path / f"{name}.json").write_text(json.dumps(text))
    (tmp_path / "index-a.json").write_text(
        json.dumps({"date": "2026-01-04", "machine": MACHINE, "versions": {}, **INDEX})
    )
    yield module
    sys.path.remove(str(ROOT / "benchmarks"))


def test_front(tables: ModuleType) -> None:
    told = " ".join(tables.front())
    assert "3.60 ms; decoding its luma and nothing else: 3.50 ms; python-threatexchange: 48.0 ms" in told
    assert "in 130 µs (FAISS flat: 39.0 ms), 124 bytes a hash" in told
    assert "copies of 4 photographs" in told and "mirrored 100 %, letterboxed 75 %, screenshots 50 %" in told
    assert "cropped by 5 % 75 %, by 20 % only 25 %" in told and "these 20 uploads: 1, and 2 with" in told


def test_front_says_what_each_machine_gave(tables: ModuleType, tmp_path: Path) -> None:
    """The newest first; none is left out for being slower, but one that did not measure as many."""
    slower = [
        searched(10_000, "random", 90.0, 900.0, 7, 1.9),
        searched(10_000, "real", 180.0, 12_900.0, 15, 2.0),
    ]
    fewer = [searched(1000, "real", 5.0, 100.0, 15, 2.0)]
    for name, results in (("index-b", slower), ("index-c", fewer)):
        text = {"date": "2026-01-03", "machine": MACHINE, "versions": {}, "results": results, "claims": []}
        (tmp_path / f"{name}.json").write_text(json.dumps(text))
    told = " ".join(tables.front())
    assert "in 130 µs on one machine, 180 µs on another (FAISS flat: 39.0 ms, 12.9 ms), 124 bytes" in told


def test_arrays_files_and_phones(tables: ModuleType) -> None:
    assert tables.arrays()[4:] == [
        "| 256x256 to pdq | 20 µs | 900 µs | 46 | 0.65 |",
        "| 256x256 rgb to pdq | 40 µs | 1.20 ms | 31 |  |",
        "| 256x256 to phash | 100 µs | 500 µs | 4.7 |  |",
    ]
    assert tables.files() == [
        "| from a file to a hash | safehash PDQ | bare luma decode | threatexchange pdq | opencv phash |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| 1600x1004 jpeg (314 kB) | 3.60 ms | 3.50 ms (0.97) | 48.0 ms (13.30) | 5.90 ms (1.64) |",
    ]
    assert tables.phone()[2] == "| 4000x3000 jpeg of A (3 kB) | 20.0 ms | 300 ms (15.20) |  |  |  |  |"


def test_what_is_lost_and_what_machines_say(tables: ModuleType) -> None:
    lost = tables.losses_of_newest()[2:]
    assert lost[:2] == [
        "| 512x512 webp (36 kB) | opencv phash | 0.52 |",
        "| 1600x1004 progressive jpeg (300 kB) | opencv phash | 0.90 |",
    ]
    peer = "IVF, which finds 65 % of what there is | 0.70 |"
    assert lost[2:] == [
        f"| one query, 1,000 random digests, 95 of 100 queries within | {peer}",
        f"| one query, 10,000 real digests, 95 of 100 queries within | {peer}",
    ]
    told = tables.machines()
    assert told[0] == "| times our time | hash-a, 2026-01-01 | hash-b, 2026-01-02 |"
    assert "| 256 x 256 RGB array to PDQ, pdqhash |  | 31 (30-33) |" in told
    assert "| 1,000 random digests | 10.5 |" in told and "| 10,000 real digests | 300 |" in told


def test_memory_recall_false_matches_and_drift(tables: ModuleType) -> None:
    assert tables.memory()[2:] == ["| 1600x1004 jpeg | 1.3 | 44.2 | 38.8 |"]
    assert [line.split(" | ")[0][2:] for line in tables.recall()[4:]] == [
        "cropped 20 %", "cropped 5 %", "screenshot, dark", "letterbox", "mirrored",
    ]  # fmt: skip
    assert tables.recall()[7] == "| letterbox | 0.25 | 0.75 | 1.00 |"
    assert tables.false_matches()[2:] == ["| maps | 1234 | 5 | 3 (1) | 7 (2) |"]
    (drift,) = tables.drift()
    assert drift.startswith(
        "The fast decode against the full one, 605 real JPEG files: 0.4 bits of 256 on average, 4 at"
    )
    assert "6 at most" in drift


def test_jpeg(tables: ModuleType, tmp_path: Path) -> None:
    assert tables.jpeg() == tables.jpeg_parts() == ["Not measured in the newest run."]
    assert not any("JPEG bytes" in line for line in tables.jpeg_aims())

    def of_bare(share: float, ms: float, **more: float) -> dict[str, Any]:
        return {"files": 3, "of_bare": share, "quartiles": [share - 0.01, share + 0.02], "ms": ms, **more}

    measured = {
        "safehash pdq": of_bare(0.47, 1.21), "reader, 1/2": of_bare(0.58, 1.5), "reader, 1/4": of_bare(0.42, 1.1),
        "reader, 1/8": of_bare(0.3, 0.8), "reader, 1/1": of_bare(0.66, 1.7),
        "opencv phash": of_bare(1.8, 4.6, times_ours=3.7),
        "threatexchange pdq": of_bare(24.0, 60.0, times_ours=17.5), "check, decoder": of_bare(1.3, 3.0, times_ours=1.6),
    }  # fmt: skip
    result: dict[str, Any] = {
        "1.6 MP baseline native": {"files": 5, **measured},
        "1.6 MP all baseline": {"files": 9, **measured},
        "12 MP all progressive": {"files": 2, "safehash pdq": of_bare(0.2, 8.0)},
        "150x100 beside an earlier state": {"files": 6, "of_before": 1.02},
    }
    record = {"date": "2026-01-06", "machine": MACHINE, "result": result}
    (tmp_path / "jpeg-quick.json").write_text(json.dumps(record))
    assert tables.jpeg()[4:] == [
        "| 1.6 MP baseline native | 5 | 1.21 ms | 0.47 (0.46 to 0.49) | 3.70 times ours | 17.50 times ours |",
    ]
    assert tables.jpeg_parts()[2:] == [
        "| 1.6 MP baseline | 0.30 | 0.42 | 0.58 | 0.66 | 0.05 | 0.47, at 1/4 |",
        "",
        "threatexchange pdq decodes, too: it takes 24.00 of the bare decode of 1.6 MP baseline files (3 of them), so "
        "that 18 times as fast is 1.333 of it; a hash takes 0.470 (all 9), and is 17.5 times as fast on those.",
    ]
    result["0.4 MP all progressive"] = measured | {"safehash pdq": of_bare(0.68, 2.1)}
    (tmp_path / "jpeg-quick.json").write_text(json.dumps(record))
    assert "| 0.4 MP progressive | 0.30 | 0.42 | 0.58 | 0.66 | 0.10 | 0.68, at 1/2 |" in tables.jpeg_parts()
    del result["0.4 MP all progressive"]
    result["1.6 MP all progressive"] = {
        "files": 4,
        "safehash pdq": of_bare(0.17, 1.9),
        "threatexchange pdq": of_bare(2.9, 36.0, times_ours=17.0),
    }
    result["1.6 MP all baseline"]["check"] = of_bare(1.1, 2.6)
    (tmp_path / "jpeg-quick.json").write_text(json.dumps(record))
    of_check, _, *peers = tables.jpeg_parts()[-5:]
    assert "takes 1.10: 0.58 the reader at 1/2, and 0.52 what" in of_check
    assert of_check.endswith("by the imaging library 1.30.")
    assert [line[:18] for line in peers] == ["threatexchange pdq", "", "threatexchange pdq"]
    assert tables.jpeg_aims()[:8] == [
        "| 1.6 MP baseline: JPEG bytes to PDQ, of a bare luma decode | <= 0.48 | 0.47 | yes |",
        "| 1.6 MP progressive: JPEG bytes to PDQ, of a bare luma decode | <= 0.38 | 0.17 | yes |",
        "| 12 MP progressive: JPEG bytes to PDQ, of a bare luma decode | <= 0.12 | 0.2 | **no** |",
        "| 1.6 MP baseline: opencv phash, times ours | >= 3 | 3.7 | yes |",
        "| 1.6 MP baseline: threatexchange pdq, times ours | >= 18 | 17.5 | **no** |",
        "| 1.6 MP progressive: threatexchange pdq, times ours | >= 18 | 17 | **no** |",
        "| 1.6 MP baseline: check at standard, of the same by the imaging library | <= 0.65 | 0.625 | yes |",
        "| 150 x 100 JPEG to PDQ, of the time before there was a reader | <= 1 | 1.02 | **no** |",
    ]


def test_search(tables: ModuleType) -> None:
    told = tables.search()
    assert told[4] == "| 1,000 | random | 12 µs | 18 µs | 126 µs | 20.0 ms | 124 | 1.41 ms |"
    assert told[5] == "| 10,000 | real | 130 µs | 195 µs | 39.0 ms | 20.0 ms | 124 | 1.41 ms |"
    assert "Answers that differ from brute force: 2 of 80." in told
    assert told[-1].endswith(": 1,000 random: 1.92 (7); 10,000 real: 2.10 (15).")


def test_scan_and_aims(tables: ModuleType, tmp_path: Path) -> None:
    share, of = "rate / (workers x hash on one thread)", "rate / imagehash loop"
    rates = {"scan, fast": (0.91, 5.8), "scan with catalog, fast": (0.83, 5.1), "scan, standard": (0.74, 4.7),
             "scan with catalog, standard": (0.95, 4.4)}  # fmt: skip
    scanned: dict[str, Any] = {name: {share: one, of: other} for name, (one, other) in rates.items()}
    for (name, row), value in zip(scanned.items(), (0.99, 0.89, 0.92, 0.88), strict=True):
        row[f"rate / (workers x decide, {name.rpartition(' ')[2]} on one thread)"] = value
    scanned["files/s"] = dict(zip(rates, (1534, 1465, 1222, 1149), strict=True))
    result = {
        "throughput": {"0.5 megapixels": scanned, "date": "x"},
        "memory": {"5000 files, MB": 108.2, "50000 files, MB": 139.7, "growth": 1.29},
        "rematch": {"stored": 1000, "listed": 2000, "processor seconds": 52.8},
    }
    (tmp_path / "scan.json").write_text(
        json.dumps({"date": "2026-01-05", "machine": MACHINE, "result": result})
    )
    told = tables.scan()
    assert told[0] == "Measured on 2026-01-05, Quick (1), 3 cores. pdqhash 0.2."
    assert told[4:6] == [
        "| 0.5 megapixels | fast | 1534 | 1465 | 0.91 | 5.8 |",
        "| 0.5 megapixels | standard | 1222 | 1149 | 0.74 | 4.7 |",
    ]
    assert told[-1] == (
        "Peak memory: 108 MB for 5,000 files, 140 MB for 50,000. A re-match of 1,000 stored hashes with 2,000 entries: "
        "53 s of one processor."
    )
    (tmp_path / "lists.jsonl").write_text("")
    served = {
        "uploads": {"share_of_the_check": 0.81},
        "lookups": {
            "entries": 10,
            "hashes_in_one_request": {"a thousand, as it is": {"microseconds_each": 200, "per_second": 7001}},
        },
    }
    (tmp_path / "serve.json").write_text(json.dumps({"result": served}))
    (tmp_path / "soak.json").write_text(json.dumps({"result": {"minutes": 11, "errors": 0, "wrong": 0}}))
    hostile = {
        "hostile": {"one": {"kept": True}, "two": {"kept": False}, "three": {"kept": True}},
        "memory": {"PNG": {"now, thorough": {"mib": 317}}, "GIF": {"now, thorough": {"mib": 343}}},
        "isolated": {
            "promised_ms": 0.25,
            "rounds": 7,
            "small": {"more_ms": 0.21},
            "large": {"more_ms": 0.31},
            "where_us": {"in the worker": 712.2},
        },
    }
    for name, rows in hostile.items():
        (tmp_path / f"{name}.json").write_text(json.dumps({"result": rows}))
    costs = {
        "fast": {"median": 2.0},
        "standard": {"median": 2.1},
        "thorough": {"median": 12.5},
        "exhaustive": {"median": 61},
    }
    in_pairs = {"standard": {"median": 2.1, "times_fast": 1.13}}
    unseen = {
        "recall": {
            "rows": {
                "web page": {
                        "n": 25, "found": {"standard": 18, "thorough": 20},
                        "kinds": {"scene": {"n": 20, "found": {"standard": 17, "thorough": 18}}},
                    },
                "stripes": {"n": 1, "found": {}, "kinds": {"scene": {"n": 1, "found": {}}}},
            }
        },
        "cost": {"milliseconds": {"100000": costs, "1000000": costs | in_pairs}},
        "cost_small": {"milliseconds": {"100000": {"standard": {"times_fast": 1.26}}}},
    }  # fmt: skip
    (tmp_path / "views-unseen.json").write_text(json.dumps({"result": unseen}))
    mixes = {"icons": {"n": 4000, "wrong": {"standard": 0, "thorough": 2}},
             "maps": {"n": 7000, "wrong": {"standard": 1, "thorough": 0}}}  # fmt: skip
    (tmp_path / "views.json").write_text(json.dumps({"result": {"false": {"mixes": mixes}}}))
    expected = [
        "| two threads | >= 1.8 | 1.86 | yes |",
        "| RGB | >= 45 | 31 | **no** |",
        "| one query, real digests | >= 4 | 10.84 | yes |",
        "| share of a build, real digests | <= 0.333 | 0.4 | **no** |",
        "| 0.5 megapixels, scan, fast: of cores x hashing on one thread | >= 0.9 | 0.91 | yes |",
        "| 0.5 megapixels, scan, fast: of cores x deciding so on one thread | >= 0.9 | 0.99 | yes |",
        "| 0.5 megapixels, scan with catalog, fast: of cores x hashing on one thread | >= 0.9 | 0.83 | **no** |",
        "| 0.5 megapixels, scan with catalog, fast: of cores x deciding so on one thread | >= 0.9 | 0.89 | **no** |",
        "| 0.5 megapixels, scan, standard: of cores x hashing on one thread | >= 0.9 | 0.74 | **no** |",
        "| 0.5 megapixels, scan, standard: of cores x deciding so on one thread | >= 0.9 | 0.92 | yes |",
        "| 0.5 megapixels, scan with catalog, standard: of cores x hashing on one thread | >= 0.9 | 0.95 | yes |",
        "| 0.5 megapixels, scan with catalog, standard: of cores x deciding so on one thread | >= 0.9 | 0.88 | **no** |",  # noqa: E501
        "| web page, of 20 unseen scenes, thorough: found | >= 0.95 | 0.9 | **no** |",
        "| web page, of 20 unseen scenes, standard: found | >= 0.85 | 0.85 | yes |",
        "| of 11,000 unrelated uploads, standard: wrong | <= 0 | 1 | **no** |",
        "| of 11,000 unrelated uploads, thorough: wrong | <= 2 | 2 | yes |",
        "| 1.6 megapixels, among 100,000, standard: of fast | <= 1.1 | 1.05 | yes |",
        "| 1.6 megapixels, among 100,000, thorough: ms above fast | <= 10 | 10.5 | **no** |",
        "| 1.6 megapixels, among 100,000, exhaustive: ms | <= 60 | 61 | **no** |",
        "| 1.6 megapixels, among 1,000,000, standard: of fast | <= 1.1 | 1.13 | **no** |",
        "| 1.6 megapixels, among 1,000,000, thorough: ms above fast | <= 14 | 10.5 | yes |",
        "| 1.6 megapixels, among 1,000,000, exhaustive: ms | <= 60 | 61 | **no** |",
        "| 0.4 megapixels, among 100,000, standard: of fast | <= 1.25 | 1.26 | **no** |",
        "| an upload over HTTP: of it the check | >= 0.85 | 0.81 | **no** |",
        "| look-ups over HTTP among 10, a thousand, as it is, a second of one processor | >= 4000 | 5000 | yes |",
        "| look-ups over HTTP among 10, a thousand, as it is, a second of this machine, by the clock | >= 4000 | 7001 | yes |",  # noqa: E501
        "| minutes of soak with reloads, 0 errors, 0 wrong | >= 30 | 11 | **no** |",
        "| of 3 kinds of files made to cost, those that cost more than is promised | <= 0 | 1 | **no** |",
        "| memory held by a check at its limit, MiB | <= 341 | 343 | **no** |",
        "| a check in a confined process, small: ms more | <= 0.25 | 0.21 | yes |",
        "| a check in a confined process, large: ms more | <= 0.25 | 0.31 | **no** |",
        "| peak memory, 50,000 files / 5,000 | <= 1.2 | 1.29 | **no** |",
        "| re-match of a million with a million, processor s | <= 120 | 52.8 | yes |",
    ]
    assert [line for line in tables.aims() if line in expected] == expected
    assert importlib.import_module("view_aims").missed() == ["web page"]
    (tmp_path / "soak.json").write_text(json.dumps({"result": {"minutes": 31, "errors": 0, "wrong": 1}}))
    assert "| minutes of soak with reloads, 0 errors, 0 wrong | >= 30 | 0 | **no** |" in tables.aims()


def test_every_aim_of_matching_is_measured() -> None:
    sys.path.insert(0, str(ROOT / "benchmarks"))
    try:
        aims = importlib.import_module("view_aims")
    finally:
        sys.path.remove(str(ROOT / "benchmarks"))
    unseen = json.loads((ROOT / "benchmarks" / "results" / "views-unseen.json").read_text(encoding="utf-8"))
    assert {name for name, _, _ in aims._RECALL} <= set(unseen["result"]["recall"]["rows"])


@pytest.mark.parametrize(
    ("milliseconds", "told"),
    [
        (0.0173, "17.3 µs"),
        (1.2, "1.20 ms"),
        (12.34, "12.3 ms"),
        (123.4, "123 ms"),
        (4580.0, "4.58 s"),
        (99.95, "100 ms"),
    ],
)
def test_times_have_three_digits(tables: ModuleType, milliseconds: float, told: str) -> None:
    assert tables.told(milliseconds) == told


def test_a_page_is_filled_between_its_marks(tables: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tables.SECTIONS, "memory", lambda: ["new", "lines"])
    page = "a\n<!-- results: memory -->\nold\n<!-- /results -->\nb\n"
    assert tables.filled(page) == "a\n<!-- results: memory -->\n\nnew\nlines\n\n<!-- /results -->\nb\n"


def test_what_tests_notice_is_told_by_room(tables: ModuleType, tmp_path: Path) -> None:
    noticed = importlib.import_module("noticed")
    survivors = [
        {"file": "a.py", "line": "x = 1", "mutation": "NumberReplacer 3", "reason": ""},
        {"file": "b.py", "line": "y = 2", "mutation": "AddNot 1", "reason": "nobody reads it"},
    ]
    row = {"date": "2026-01-02", "seeds": [7, 8], "of_lines": 1234,
           "drawn": 12, "killed": 10, "survived": 2, "explained": 1,
           "share": 0.909, "interval": [0.623, 0.984], "survivors": survivors}  # fmt: skip
    path = tmp_path / "mutants.json"
    path.write_text(json.dumps({"lists": row}))
    told = noticed.mutants(path)
    assert told[2] == "| lists | 12 of 1,234 | 10 | 1 | 0.909 | 0.62 to 0.98 | seed 7 and 8, 2026-01-02 |"
    assert told[-1] == "- `a.py`: `x = 1` (NumberReplacer 3)"
    rows = [
        {"file": file, "what": "w", "became": became, "date": date}
        for file, became, date in (
            ("src/safehash/_c/_views.h", "died", "2026-01-01"), ("src/safehash/lists/policy.py", "died", "2026-01-03"),
            ("src/safehash/lists/entry.py", "lived", "2026-01-02"), ("benchmarks/common.py", "died", "2026-01-01"),
        )
    ]  # fmt: skip
    path.write_text(json.dumps({"died": 3, "of": 4, "breaks": rows}))
    assert noticed.breaks(path) == [
        "`make breaks`, 2026-01-01 to 2026-01-03: 3 of 4 died.",
        "",
        "| in | breaks | died |",
        "| --- | ---: | ---: |",
        "| benchmarks | 1 | 1 |",
        "| compiled | 1 | 1 |",
        "| lists | 2 | 1 |",
    ]
