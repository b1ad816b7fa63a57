"""Tables of lists, files made to cost, services, batches, fuzzing and gates, from small results: read by hand."""

from __future__ import annotations

import importlib
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from test_tables_made import tables

__all__ = ["tables"]


@pytest.fixture
def put(tmp_path: Path) -> Any:
    """Return what writes a result where the tables read it."""

    def written(name: str, result: Any) -> None:
        (tmp_path / f"{name}.json").write_text(json.dumps({"date": "2026-02-03", "result": result}))

    return written


#: Rows of lists.jsonl: one list before and after, by two readers, another that was not measured before.
LISTS = [
    {"list": "csv", "who": "us", "reader": "table", "label": "before", "hashes": 1000, "processor_seconds": 4.5,
     "bytes_per_entry": 700, "aim_per_million": 3.0, "seconds_per_million": 8.25},
    {"list": "csv", "who": "us", "reader": "table", "label": "now", "hashes": 1001, "processor_seconds": 0.45,
     "bytes_per_entry": 100, "aim_per_million": 3.0, "seconds_per_million": 2.75},
    {"list": "csv", "who": "us", "reader": "matcher", "label": "now", "hashes": 2002, "processor_seconds": 12.5,
     "bytes_per_entry": 610, "aim_per_million": 4.0, "seconds_per_million": 6.5},
    {"list": "xml", "who": "them", "reader": "theirs", "label": "now", "hashes": 3003, "processor_seconds": None,
     "bytes_per_entry": 900, "aim_per_million": None, "seconds_per_million": None},
]  # fmt: skip


def test_lists(tables: ModuleType, tmp_path: Path) -> None:
    rows = [{**row, "processor_seconds": row["processor_seconds"] or 99.0} for row in LISTS]
    (tmp_path / "lists.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
    assert tables.lists()[2:] == [
        "| csv | us | 1,001 | 450 ms | 4.50 s | 100 bytes an entry |",
        "| csv | us, to a matcher | 2,002 | 12.5 s | - | 610 bytes an entry |",
        "| xml | them | 3,003 | 99.0 s | - | 900 bytes an entry |",
    ]


def test_starts(tables: ModuleType, put: Any) -> None:
    put("import", {"commands": {"import safehash": {"milliseconds": 21.5}, "a scan": {"milliseconds": 0.9}}})
    assert tables.start()[2:] == ["| import safehash | 21.5 ms |", "| a scan | 900 µs |"]


def test_files_made_to_cost(tables: ModuleType, put: Any) -> None:
    """Of each state the slowest of its looks; what is promised is beside what an honest file of the kind takes."""

    def look(seconds: float, mib: int | None, **more: Any) -> dict[str, Any]:
        return {"seconds": seconds, "mib": mib, "outcome": "too_large", **more}

    put(
        "hostile",
        {
            "webp bomb": {
                "mb": 1.5, "promised": 0.5, "before, standard": look(7.5, 900), "before, thorough": look(9.5, 800),
                "now, standard": look(0.7, 60, honest=0.1), "now, thorough": look(0.9, 70, honest=0.5),
            },
            "late": {
                "mb": 2.5, "promised": 0.6, "before, thorough": look(30, None, outcome="not done"),
                "now, thorough": look(0.8, 80, honest=0.1),
            },
            "webp sibling": {"mb": 3.5, "promised": 0.7, "now, thorough": look(0.3, None)},
        },
    )  # fmt: skip
    assert tables.hostile() == [
        "3 kinds of files. **More take: late.** Of 2 that were measured before, 1 were given up.",
        "",
        "| format | kinds | nearest to its promise | takes | promised | most memory of any |",
        "| --- | ---: | --- | ---: | ---: | ---: |",
        "| LATE | 1 | late | 0.8 s | 0.7 s | 80 MiB |",
        "| WebP | 2 | webp bomb | 0.9 s | 1.0 s | 70 MiB |",
        "",
        "Those that take more than 50 % of what is promised:",
        "",
        "| file | MB | takes | promised | memory | before |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        "| late | 2.5 | **0.8 s** | 0.7 s | 80 MiB | more than 30 s |",
        "| webp bomb | 1.5 | 0.9 s | 1.0 s | 70 MiB | 9.5 s |",
    ]


def test_files_that_cost_no_more_than_is_promised(tables: ModuleType, put: Any) -> None:
    now = {"seconds": 0.5, "mib": None, "outcome": "too_large"}
    put("hostile", {"apng dots": {"mb": 3.5, "promised": 0.75, "now, thorough": now}})
    told = tables.hostile()
    assert (
        told[0] == "1 kinds of files. All of them take less. Of 0 that were measured before, 0 were given up."
    )
    assert told[4] == "| APNG | 1 | apng dots | 0.5 s | 0.8 s | 0 MiB |"
    assert told[-1] == "| apng dots | 3.5 | 0.5 s | 0.8 s | - | - |"


def test_what_the_largest_pictures_hold(tables: ModuleType, put: Any) -> None:
    def holds(mib: int) -> dict[str, Any]:
        return {"now, thorough": {"mib": mib}, "now, fast": {"mib": 999}}

    put(
        "memory",
        {
            "PNG grey": {"side": 11500, "before, thorough": {"mib": 611}, **holds(250)},
            "PNG RGB": {"side": 9000, "before, thorough": {"mib": None}, **holds(317)},
            "HEIC": {"side": 8000, **holds(300)},
        },
    )
    told = tables.held()
    assert told[2:] == [
        "| PNG | 2 | PNG RGB | 9,000 | 317 MiB |", "| HEIC | 1 | HEIC | 8,000 | 300 MiB |",
        "", "Over 300 MiB hold: PNG RGB 317.",
    ]  # fmt: skip


def test_what_another_process_costs(tables: ModuleType, put: Any) -> None:
    thumbnail = {
        "kb": 4,
        "inside_ms": 1.234,
        "isolated_ms": 1.456,
        "more_ms": 0.222,
        "middle_half_ms": [0.2, 0.25],
    }
    put("isolated", {"promised_ms": 0.25, "a thumbnail": thumbnail, "where_us": {"handing over": 12.6}})
    assert tables.isolation()[2:] == [
        "| a thumbnail | 4 | 1.23 ms | 1.46 ms | 0.22 ms (0.20 to 0.25) |",
        "", "| a thumbnail's check, processor time | microseconds |", "| --- | ---: |", "| handing over | 13 |",
    ]  # fmt: skip


def test_services(tables: ModuleType, put: Any) -> None:
    assert tables.served() == ["To be measured: `make bench-serve`."]
    uploads = {
        "picture_bytes": 314_159, "entries": 1234, "check_milliseconds": 5.678, "request_milliseconds": 6.789,
        "share_of_the_check": 0.836, "front_milliseconds": 0.912,
        "latency_milliseconds": {"half": {"p50": 7.1, "p95": 12.4, "p99": 21.6}},
    }  # fmt: skip
    lookups = {
        "entries": 10_000,
        "hashes_in_one_request": {
            "one, as it is": {"microseconds_each": 250}, "a thousand, turned": {"microseconds_each": 80},
        },
    }  # fmt: skip
    put("serve", {"uploads": uploads, "lookups": lookups})
    assert tables.served()[2:] == [
        "| the check of a JPEG of 1.6 megapixels (314 kB), `standard`, 1,234 entries, in a process of its own | "
        "5.68 ms |",
        "| the same over HTTP, all processes of the service | 6.79 ms: the check is 0.84 of it |",
        "| of that in the process that speaks HTTP | 0.91 ms |",
        "| a hash among 10,000, as it is, one a request (`GET /m/lookup`) | 0.25 ms: 4,000 a second of one processor |",
        "| a hash among 10,000, turned, a thousand a request (`/v1/check/batch`) | 0.08 ms: 12,500 a second of one "
        "processor |",
        "| an upload's wait at half of the most it takes, by the clock | 7 ms in the middle, 12 of 95 %, 22 of 99 % |",
    ]
    put("soak", {"minutes": 31, "errors": 2, "wrong": 3})
    told = tables._aims_of_the_service()
    assert [line.split(" | ")[0] for line in told] == [
        "| an upload over HTTP: of it the check",
        "| look-ups over HTTP among 10,000, one, as it is, a second of one processor",
        "| minutes of soak with reloads, 0 errors, 0 wrong",
    ]
    assert told[1].endswith("| >= 4000 | 4000 | yes |") and told[2].endswith("| >= 30 | 0 | **no** |")


def test_beside_the_fields_service(tables: ModuleType, put: Any) -> None:
    put("hma", {"entries": 98_765, "microseconds_each": {"HMA": 9876.0, "safehash": 123.0}})
    (told,) = tables.beside_hma()
    assert told.startswith("98,765 hashes, one a request") and told.endswith(
        "PostgreSQL 9.9 ms, here 0.12 ms (80 times less)."
    )


def test_batches(tables: ModuleType, put: Any) -> None:
    hashes = [{"entries": 1000, "rows_of_a_batch": 20_000, "microseconds_each": 7.2}]
    pictures = {"pictures": 66, "entries": 77, "batch_milliseconds": 5.55, "scan_milliseconds": 4.44,
                "share_of_a_scans_rate": 0.81}  # fmt: skip
    put("batch", {"hashes": hashes, "pictures": pictures})
    row, _, told = tables.batched()[2:]
    assert row == "| 1,000 | 20,000 | 7.2 µs | 138,889 | 2.0 |", "a billion of them: 7,200 s, two hours"
    assert told == (
        "66 photographs, 77 entries: 5.55 ms each in a batch, 4.44 ms in a scan of the same files in one process, 0.81 "
        "of its rate."
    )


def test_a_soak(tables: ModuleType, put: Any) -> None:
    minutes = [
        {"minute": 1.5, "uploads": 10, "lookups": 20, "reloads": 3, "private_mebibytes": 400},
        {"minute": 9, "uploads": 1000, "lookups": 2000, "reloads": 33, "private_mebibytes": 444},
        {"minute": 12, "uploads": 1234, "lookups": 5678, "reloads": 41, "private_mebibytes": 422},
    ]
    ran_with = {"workers": 2, "clients": 5, "pause_seconds": 0.25}
    put("soak", {"minutes": 12, "errors": 6, "wrong": 7, "by_minute": minutes, **ran_with})
    (told,) = tables.soaked()
    assert told == (
        "12 minutes: 1,234 uploads, 5,678 look-ups, 41 reloads; 6 errors, 7 wrong answers; private memory of all "
        "processes 400 MiB after 1.5 minutes, 422 MiB at the end, 444 at most. Workers: 2; clients that upload: 5, "
        "with 0.25 s between two requests."
    )


def test_guards_and_fuzzing(tables: ModuleType, put: Any) -> None:
    put("hardening", {"PDQ": {"ratio": 1.023, "middle_half": [0.991, 1.054]}, "rounds": 7})
    assert tables.guards()[2:] == ["| PDQ | 1.02 | 0.99 to 1.05 |"]
    row = {"processor_seconds": 690, "executions": 12_345, "edges": 678, "features": 9012, "broken": 3}
    put("fuzz", {"images": row})
    assert tables.fuzzed()[2:] == ["| images | 11.5 | 12,345 | 678 | 9,012 | 3 |"]


def test_gates(tables: ModuleType, put: Any) -> None:
    examples = [{"upload": "a.png", "listed": "b.png", "needs_without": 9},
                {"upload": "c.png", "listed": "d.png", "needs_without": 14}]  # fmt: skip
    put(
        "gates",
        {
            "uploads": 4321, "wrong_pairs_without_any_gate": 6543,
            "gates": {
                "faint": {"wrong_pairs_kept_out": 17, "uploads": 12, "examples": examples},
                "lit": {"wrong_pairs_kept_out": 0, "uploads": 0, "examples": []},
            },
        },
    )  # fmt: skip
    told = importlib.import_module("matching_tables").gates()
    assert told[0].startswith("What each gate is for: 4,321 uploads") and "6,543 pairs would match" in told[0]
    assert told[-2:] == ["| faint | 17 | 12 | `a.png`, `b.png`: at 9 bits |", "| lit | 0 | 0 | drawn |"]


def test_aims_of_lists_and_catalogs(tables: ModuleType, put: Any, tmp_path: Path) -> None:
    """Of lists those that have an aim, as they are now; of catalogs what was measured."""
    (tmp_path / "lists.jsonl").write_text("\n".join(map(json.dumps, LISTS)) + "\n")
    share = {
        "rate / (workers x hash on one thread)": 0.9,
        "rate / (workers x decide, fast on one thread)": 0.9,
    }
    kept = {**share, "rate / rate without a catalog": 0.96}
    rows: dict[str, Any] = {"scan, fast": share, "scan with catalog, fast": kept}
    for name in ("scan, standard", "scan with catalog, standard"):
        rows[name] = {**share, "rate / (workers x decide, standard on one thread)": 0.9}
    rows["scan with catalog, --digest sha256, fast"] = {**kept, "rate / rate without a catalog": 0.94}
    put(
        "scan",
        {"throughput": {"A": rows}, "memory": {"growth": 1.1}, "rematch": {"processor seconds": 130.5}},
    )
    put("views-unseen", {"recall": {"rows": {}}, "cost": {"milliseconds": {}}})
    put("hostile", {})
    put("memory", {"PNG": {"now, thorough": {"mib": 300}}})
    put("isolated", {"promised_ms": 0.25, "where_us": {}})
    told = tables.aims()
    assert [line for line in told if line.startswith("| list")] == [
        "| list csv: processor s a million records | <= 3 | 2.75 | yes |",
        "| list csv: bytes an entry at the peak | <= 600 | 100 | yes |",
        "| list csv: processor s a million records | <= 4 | 6.5 | **no** |",
        "| list csv: bytes an entry at the peak | <= 600 | 610 | **no** |",
    ]
    assert [line for line in told if "/ without" in line] == [
        "| A, fast: rate with a catalog / without | >= 0.95 | 0.96 | yes |",
        "| A, fast: rate with a catalog, --digest sha256 / without | >= 0.95 | 0.94 | **no** |",
    ]
    assert "| re-match of a million with a million, processor s | <= 120 | 130.5 | **no** |" in told
