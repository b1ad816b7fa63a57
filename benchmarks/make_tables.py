"""Write every table and figure of README and the benchmarks' page from the committed results: none is typed by hand.

Run: python benchmarks/make_tables.py [--check]

What stands between ``<!-- results: NAME -->`` and ``<!-- /results -->`` of README.md, docs/benchmarks.md and
benchmarks/aims.md is what `SECTIONS` gives for the name. Aims, met or not, stand in benchmarks/aims.md alone.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hostile_tables import held, hostile
from jpeg_tables import jpeg, jpeg_aims, jpeg_parts
from told import RESULTS, aim, load, measured_on, of_machines, told
from view_aims import view_aims

from claims_table import markdown as claims
from common import losses
from matching_tables import false_matches, gates, recall
from noticed import breaks, mutants

ROOT = Path(__file__).parent.parent
PAGES = (
    ROOT / "README.md",
    ROOT / "docs" / "benchmarks.md",
    ROOT / "docs" / "how-to" / "serve.md",
    ROOT / "docs" / "how-to" / "batch.md",
    ROOT / "benchmarks" / "aims.md",
)

_SECTION = re.compile(r"(<!-- results: (.*?) -->\n).*?(<!-- /results -->)", re.DOTALL)


def newest_index() -> dict[str, Any]:
    """Return the search's newest result; each machine has one of its own."""
    return of_machines("index")[-1]


def newest_hash(part: str) -> dict[str, Any]:
    """Return the newest result of hashing that has a part; each machine has one of its own."""
    return [record for record in of_machines("hash") if part in record["result"]][-1]


def _newest_part(part: str) -> Any:
    return next((each["result"][part] for each in of_machines("hash")[::-1] if part in each["result"]), {})


# -- README ---------------------------------------------------------------------------------------------


def front() -> list[str]:
    """Return README's three figures, each with what it does not reach."""
    photo = newest_hash("files")["result"]["files"]["1600x1004 jpeg (314 kB)"]
    ours, bare, peer = (photo[name] for name in ("safehash pdq", "bare luma decode", "threatexchange pdq"))
    largest = [_largest(record) for record in of_machines("index")[::-1]]
    largest = [
        each for each in largest if (each["n"], each["digests"]) == (largest[0]["n"], largest[0]["digests"])
    ]
    recall = load("views.json")["result"]["recall"]

    def share(name: str, effort: str) -> str:
        row = recall["rows"][name]
        return f"{100 * row['found'].get(effort, 0) / row['n']:.0f} %"

    n_uploads = sum(row["n"] for row in recall["rows"].values())
    n_wrong = {
        effort: len({(name, photo) for at, name, photo, *_ in recall["others"] if at == effort})
        for effort in ("standard", "thorough")
    }
    query, flat = (
        [told(each[who]["single"]["p50_us"] / 1000) for each in largest] for who in ("ours", "faiss_flat")
    )
    places = [" on one machine", *[" on another"] * (len(query) - 1)] if query[1:] else [""]
    queries = ", ".join(f"{each}{place}" for each, place in zip(query, places, strict=True))
    return [
        "- **An upload costs its decode.** A photograph of 1600 x 1004 to its PDQ: "
        f"{told(ours['ms'])}; decoding its luma and nothing else: {told(bare['ms'])}; python-threatexchange: "
        f"{told(peer['ms'])}. PNG, WebP and AVIF cost what their decoders cost.",
        f"- **Ten million hashes, looked up exactly** in {queries} (FAISS flat: {', '.join(flat)}), "
        f"{largest[0]['ours']['bytes_a_hash']:.0f} bytes a hash.",
        f"- **Altered copies of {recall['n_photos']} photographs**, found by hash alone: mirrored "
        f"{share('mirrored', 'standard')}, letterboxed {share('letterbox', 'standard')}, screenshots "
        f'{share("screenshot, dark", "standard")}; with `effort="thorough"` cropped by 5 % '
        f"{share('cropped 5 %', 'thorough')}, by 20 % only {share('cropped 20 %', 'thorough')}. Wrong matches among "
        f'these {n_uploads} uploads: {n_wrong["standard"]}, and {n_wrong["thorough"]} with `effort="thorough"`.',
    ]


def _largest(record: dict[str, Any]) -> dict[str, Any]:
    """Return what was measured with most digests, real ones where there are."""
    found: dict[str, Any] = max(record["results"], key=lambda each: (each["n"], each["digests"] == "real"))
    return found


# -- docs/benchmarks.md ---------------------------------------------------------------------------------


def arrays() -> list[str]:
    record = newest_hash("arrays")
    lines = [
        measured_on(record),
        "",
        "| from an array | safehash | the reference | times ours | reading alone, of ours |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, rows in record["result"]["arrays"].items():
        hashed = name.rsplit(" ", 1)[1]
        ours = rows[f"safehash {hashed}"]["ms"]
        peer = rows.get("pdqhash" if hashed == "pdq" else "imagehash phash")
        read = rows.get("samples read once")
        if peer:
            lines.append(
                f"| {name} | {told(ours)} | {told(peer['ms'])} | {three_digits(peer['times_ours'])} | "
                f"{'' if read is None else three_digits(read['times_ours'])} |"
            )
    return lines


def three_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 99.95 else f"{value:.3g}"


def files() -> list[str]:
    """Return file-to-hash times; in brackets how many times ours a peer takes."""
    result = newest_hash("files")["result"]
    peers = ["bare luma decode", "threatexchange pdq", "imagehash phash", "opencv phash", "perception phash"]
    present = [peer for peer in peers if any(peer in rows for rows in result["files"].values())]
    lines = ["| from a file to a hash | safehash PDQ | " + " | ".join(present) + " |"]
    lines.append("| --- |" + " ---: |" * (len(present) + 1))
    for name, rows in result["files"].items():
        if "progressive" in name or not ("jpeg" in name or name.startswith("1600x1004")):
            continue  # all of them stand in the result file
        cells = []
        for peer in present:
            each = rows.get(peer)
            cells.append(f"{told(each['ms'])} ({each['times_ours']:.2f})" if each else "")
        lines.append(f"| {name} | {told(rows['safehash pdq']['ms'])} | " + " | ".join(cells) + " |")
    return lines


def phone() -> list[str]:
    """Return what pictures cost that phones and cameras wrote; in brackets how many times ours a peer takes."""
    rows = _newest_part("phone")
    if not rows:
        return ["Not measured in the newest run."]
    peers = [
        "threatexchange pdq",
        "imagehash phash",
        "opencv phash",
        "opencv phash, grey",
        "opencv phash, grey half size",
    ]
    lines = [
        "| a picture as its camera wrote it | safehash PDQ | " + " | ".join(peers) + " |",
        "| --- |" + " ---: |" * (len(peers) + 1),
    ]
    for name, row in rows.items():
        cells = [
            f"{told(row[peer]['ms'])} ({row[peer]['times_ours']:.2f})" if peer in row else ""
            for peer in peers
        ]
        lines.append(f"| {name} | {told(row['safehash pdq']['ms'])} | " + " | ".join(cells) + " |")
    return lines


def losses_of_newest() -> list[str]:
    """Return every row in which a peer takes less time than we do, the worst first, and the search's."""
    lines = ["| where a peer is faster | peer | of our time |", "| --- | --- | ---: |"]
    lines += [
        f"| {row['what']} | {row['peer']} | {row['times_ours']:.2f} |"
        for row in losses(newest_hash("files")["result"])
    ]
    for each in newest_index()["results"]:
        for peer in each.get("peers", []):
            for name, key in (
                ("half of the queries within", "p50_us"),
                ("95 of 100 queries within", "p95_us"),
            ):
                ours, theirs = each["ours"]["single"][key], peer["single"][key]
                if theirs < ours:
                    lines.append(
                        f"| one query, {each['n']:,} {each['digests']} digests, {name} | {peer['name']}, which finds "
                        f"{100 * peer['recall']:.0f} % of what there is | {theirs / ours:.2f} |"
                    )
    return lines


#: (what is compared, part of the result, how the row begins, peer) of the table over machines.
_OVER_MACHINES = (
    ("256 x 256 RGB array to PDQ, pdqhash", "arrays", "256x256 rgb to pdq", "pdqhash"),
    ("1600 x 1004 RGB array to PDQ, pdqhash", "arrays", "1600x1004 rgb to pdq", "pdqhash"),
    ("4032 x 3024 RGB array to PDQ, pdqhash", "arrays", "4032x3024 rgb to pdq", "pdqhash"),
    ("1600 x 1004 grey array to PDQ, pdqhash", "arrays", "1600x1004 to pdq", "pdqhash"),
    ("150 x 100 JPEG, OpenCV's pHash", "files", "150x100 jpeg", "opencv phash"),
    ("1600 x 1004 JPEG, python-threatexchange", "files", "1600x1004 jpeg", "threatexchange pdq"),
    ("1600 x 1004 JPEG, OpenCV's pHash", "files", "1600x1004 jpeg", "opencv phash"),
    ("1600 x 1004 JPEG, OpenCV's pHash of a grey decode", "files", "1600x1004 jpeg", "opencv phash, grey"),
    ("1600 x 1004 WebP, OpenCV's pHash", "files", "1600x1004 webp", "opencv phash"),
)


def machines() -> list[str]:
    """Return ratios side by side for every machine that was measured on."""
    hashing, searching = of_machines("hash"), of_machines("index")

    def heads(records: list[dict[str, Any]]) -> str:
        return " | ".join(f"{named(record['machine'])}, {record['date'][:10]}" for record in records)

    def named(machine: dict[str, Any]) -> str:
        return (
            f"{machine['cpu']} ({machine['instructions']})"
            if "instructions" in machine
            else str(machine["cpu"])
        )

    lines = [f"| times our time | {heads(hashing)} |", "| --- |" + " ---: |" * len(hashing)]
    for what, part, start, peer in _OVER_MACHINES:
        cells = []
        for record in hashing:
            rows: dict[str, Any] = next(
                (each for name, each in record["result"].get(part, {}).items() if name.startswith(start)), {}
            )
            row = rows.get(peer)
            spread = (
                f" ({row['quartiles'][0]:.3g}-{row['quartiles'][1]:.3g})"
                if row and "quartiles" in row
                else ""
            )
            cells.append(f"{three_digits(row['times_ours'])}{spread}" if row else "")
        if any(cells):
            lines.append(f"| {what} | " + " | ".join(cells) + " |")
    lines += [
        "",
        f"| one query, times FAISS flat | {heads(searching)} |",
        "| --- |" + " ---: |" * len(searching),
    ]
    keys = sorted({(each["n"], each["digests"]) for record in searching for each in record["results"]})
    for n, digests in keys:
        ratios = [
            next(
                (
                    each["single_ratio"]
                    for each in record["results"]
                    if (each["n"], each["digests"]) == (n, digests)
                ),
                None,
            )
            for record in searching
        ]
        lines.append(
            f"| {n:,} {digests} digests | "
            + " | ".join("" if ratio is None else f"{ratio:.3g}" for ratio in ratios)
            + " |"
        )
    return lines


def drift() -> list[str]:
    pdq = load("drift.json")["result"]["pdq"]
    return [
        f"The fast decode against the full one, {pdq['n']} real JPEG files: {pdq['mean']} bits of 256 on average, "
        f"{pdq['p99']} at the 99th percentile, {pdq['max']} at most (`benchmarks/drift.py`).",
    ]


def memory() -> list[str]:
    result = newest_hash("peak_memory_mb")["result"]["peak_memory_mb"]
    peers = list(next(iter(result.values())))
    lines = [
        "| peak memory beyond the start, MB | " + " | ".join(peers) + " |",
        "| --- |" + " ---: |" * len(peers),
    ]
    lines += [
        f"| {name} | " + " | ".join(f"{row[peer]:g}" for peer in peers) + " |" for name, row in result.items()
    ]
    return lines


def search() -> list[str]:
    record = newest_index()
    lines = [
        measured_on(record),
        "",
        "| hashes | digests | one query | cold | FAISS flat | build | bytes a hash | open and first query |",
        "| ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for each in record["results"]:
        ours = each["ours"]
        cells = [
            f"{each['n']:,}", each["digests"], told(ours["single"]["p50_us"] / 1000),
            told(ours["single_cold"]["p50_us"] / 1000), told(each["faiss_flat"]["single"]["p50_us"] / 1000),
            told(ours["build_s"] * 1000), f"{ours['bytes_a_hash']:.0f}",
            told(ours["snapshot"]["open_and_first_query_ms"]),
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    threads = []
    for each in record["results"]:
        two = each["ours"]["two_threads"]
        threads.append(f"{each['n']:,} {each['digests']}: {two['ratio']:.2f} ({two['pairs_counted']})")
    n_differing = sum(each["answers"]["differing"] for each in record["results"])
    n_queries = sum(each["answers"]["queries"] for each in record["results"])
    return [
        *lines,
        "",
        f"Answers that differ from brute force: {n_differing} of {n_queries}.",
        "",
        "Queries of two threads, times those of one (in brackets: of 15 pairs, those that counted, because both "
        "processors were free): " + "; ".join(threads) + ".",
    ]


def scan() -> list[str]:
    record = load("scan.json")
    result = record["result"]
    lines = [
        measured_on(record),
        "",
        "| pictures of | effort | files/s | with a catalog | of hashing alone | times an imagehash loop |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for photos, rows in result["throughput"].items():
        if not isinstance(rows, dict):
            continue  # the date
        for effort in ("fast", "standard"):
            row, kept = rows[f"scan, {effort}"], f"scan with catalog, {effort}"
            of_hashing = row["rate / (workers x hash on one thread)"]
            lines.append(
                f"| {photos} | {effort} | {rows['files/s'][f'scan, {effort}']} | {rows['files/s'][kept]} | "
                f"{of_hashing:.2f} | {row['rate / imagehash loop']:.1f} |"
            )
    row = result["rematch"]
    return [
        *lines,
        "",
        f"Peak memory: {result['memory']['5000 files, MB']:.0f} MB for 5,000 files, "
        f"{result['memory']['50000 files, MB']:.0f} MB for 50,000. A re-match of {row['stored']:,} stored hashes with "
        f"{row['listed']:,} entries: {row['processor seconds']:.0f} s of one processor.",
    ]


def list_rows() -> list[dict[str, Any]]:
    """Return what reading lists took, a row for each list and reader."""
    return [json.loads(line) for line in (RESULTS / "lists.jsonl").read_text(encoding="utf-8").splitlines()]


def lists() -> list[str]:
    """Return what reading lists took, with what it took before all that was done for it, where that was measured."""
    rows = list_rows()
    before = {(row["list"], row["reader"]): row for row in rows if row["label"] == "before"}
    lines = [
        "| list | reader | hashes | time | before | memory |",
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for row in rows:
        if row["label"] == "before":
            continue
        what = {"matcher": ", to a matcher"}.get(row["reader"], "")
        was = before.get((row["list"], row["reader"]))
        took, once = ("-" if each is None else told(each["processor_seconds"] * 1000) for each in (row, was))
        lines.append(
            f"| {row['list']} | {row['who']}{what} | {row['hashes']:,} | {took} | {once} | "
            f"{row['bytes_per_entry']} bytes an entry |"
        )
    return lines


def start() -> list[str]:
    lines = ["| a process that does nothing but | time |", "| --- | ---: |"]
    lines += [
        f"| {name} | {told(row['milliseconds'])} |"
        for name, row in load("import.json")["result"]["commands"].items()
    ]
    return lines


def isolation() -> list[str]:
    """Return what a check in another process costs beside one in this."""
    lines = [
        "| upload | KB | in the process | isolated | more, median and middle half |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, row in load("isolated.json")["result"].items():
        if isinstance(row, dict) and name != "where_us":
            low, high = row["middle_half_ms"]
            lines.append(
                f"| {name} | {row['kb']} | {row['inside_ms']:.2f} ms | {row['isolated_ms']:.2f} ms | "
                f"{row['more_ms']:.2f} ms ({low:.2f} to {high:.2f}) |"
            )
    where = load("isolated.json")["result"]["where_us"]
    lines += ["", "| a thumbnail's check, processor time | microseconds |", "| --- | ---: |"]
    return lines + [f"| {part} | {us:.0f} |" for part, us in where.items()]


def served() -> list[str]:
    """Return what the service costs beside the check, and what a look-up costs."""
    if not (RESULTS / "serve.json").exists():
        return ["To be measured: `make bench-serve`."]
    found = load("serve.json")["result"]
    uploads, lookups = found["uploads"], found["lookups"]
    kb, n_listed = round(uploads["picture_bytes"] / 1000), f"{uploads['entries']:,}"
    check = f"the check of a JPEG of 1.6 megapixels ({kb} kB), `standard`, {n_listed} entries, in a process of its own"
    whole = (
        f"{uploads['request_milliseconds']:.2f} ms: the check is {uploads['share_of_the_check']:.2f} of it"
    )
    lines = [
        "| | processor time |",
        "| --- | --- |",
        f"| {check} | {uploads['check_milliseconds']:.2f} ms |",
        f"| the same over HTTP, all processes of the service | {whole} |",
        f"| of that in the process that speaks HTTP | {uploads['front_milliseconds']:.2f} ms |",
    ]
    names = {
        "one": "one a request (`GET /m/lookup`)",
        "a thousand": "a thousand a request (`/v1/check/batch`)",
    }
    among = f"a hash among {lookups['entries']:,}"
    for name, row in lookups["hashes_in_one_request"].items():
        many, how = name.split(", ", 1)
        each = row["microseconds_each"]
        cost = f"{each / 1000:.2f} ms: {1e6 / each:,.0f} a second of one processor"
        lines.append(f"| {among}, {how}, {names[many]} | {cost} |")
    for part, times in uploads["latency_milliseconds"].items():
        waits = f"{times['p50']:.0f} ms in the middle, {times['p95']:.0f} of 95 %, {times['p99']:.0f} of 99 %"
        lines.append(f"| an upload's wait at {part} of the most it takes, by the clock | {waits} |")
    return lines


def beside_hma() -> list[str]:
    """Return what a look-up costs over HTTP here and in stock HMA."""
    found = load("hma.json")["result"]
    each = found["microseconds_each"]
    return [
        f"{found['entries']:,} hashes, one a request, as it is, processor time of all processes, in turn: "
        f"stock HMA with one worker and its PostgreSQL {each['HMA'] / 1000:.1f} ms, "
        f"here {each['safehash'] / 1000:.2f} ms ({each['HMA'] / each['safehash']:.0f} times less)."
    ]


def batched() -> list[str]:
    """Return what a row of stored hashes costs, and how fast pictures of a batch are beside a scan."""
    found = load("batch.json")["result"]
    lines = [
        "| entries | rows of a batch | a row | rows a second and processor | processor hours of a billion |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for row in found["hashes"]:
        each, of = row["microseconds_each"], f"| {row['entries']:,} | {row['rows_of_a_batch']:,}"
        lines.append(f"{of} | {each:.1f} µs | {1e6 / each:,.0f} | {each / 3.6:.1f} |")
    pictures = found["pictures"]
    return [
        *lines,
        "",
        f"{pictures['pictures']} photographs, {pictures['entries']:,} entries: "
        f"{pictures['batch_milliseconds']:.2f} ms each in a batch, {pictures['scan_milliseconds']:.2f} ms in a scan of "
        f"the same files in one process, {pictures['share_of_a_scans_rate']:.2f} of its rate.",
    ]


def soaked() -> list[str]:
    """Return what a soak found."""
    found = load("soak.json")["result"]
    first, last = found["by_minute"][0], found["by_minute"][-1]
    held = [row["private_mebibytes"] for row in found["by_minute"]]
    return [
        f"{found['minutes']:g} minutes: {last['uploads']:,} uploads, {last['lookups']:,} look-ups, {last['reloads']} "
        f"reloads; {found['errors']} errors, {found['wrong']} wrong answers; private memory of all processes "
        f"{held[0]} MiB after {first['minute']:g} minutes, {held[-1]} MiB at the end, {max(held)} at most. "
        f"Workers: {found['workers']}; clients that upload: {found['clients']}, with {found['pause_seconds']:g} s "
        "between two requests.",
    ]


def guards() -> list[str]:
    """Return what the guards of compiler and linker cost."""
    lines = ["| call | of the time without guards | middle half |", "| --- | ---: | ---: |"]
    for name, row in load("hardening.json")["result"].items():
        if isinstance(row, dict):
            low, high = row["middle_half"]
            lines.append(f"| {name} | {row['ratio']:.2f} | {low:.2f} to {high:.2f} |")
    return lines


def fuzzed() -> list[str]:
    """Return what fuzzing each door reached."""
    lines = [
        "| door | processor minutes | executions | edges | features | inputs that broke a promise |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, row in load("fuzz.json")["result"].items():
        lines.append(
            f"| {name} | {row['processor_seconds'] / 60:.1f} | {row['executions']:,} | {row['edges']:,} | "
            f"{row['features']:,} | {row['broken']} |"
        )
    return lines


# -- benchmarks/aims.md ---------------------------------------------------------------------------------


def aims_of_hashing(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the aims of the newest result that has all parts, each as newer ones of some parts measured it last."""
    whole = max(number for number, record in enumerate(records) if "files" in record["result"])
    rows = {row["what"]: row for record in records[whole:] for row in record["result"]["aims"]}
    return list(rows.values())


def aims() -> list[str]:
    """Return every aim with what was measured, and whether it is met."""
    lines = ["| what | wanted | measured | met |", "| --- | --- | ---: | --- |"]
    for row in aims_of_hashing(of_machines("hash")):
        lines.append(
            f"| {row['what']} | {row['wanted']} | {row['measured']:.3g} | {'yes' if row['met'] else '**no**'} |"
        )
    for row in newest_index()["claims"]:
        bound = row["at_least"] if "at_least" in row else -row["at_most"]
        lines.append(aim(f"{row['what']}, {row['digests']} digests", bound, row["measured"]))
    lines += jpeg_aims()
    result = load("scan.json")["result"]
    for photos, rows in result["throughput"].items():
        if not isinstance(rows, dict):
            continue
        for effort in ("fast", "standard"):
            for kind in ("scan", "scan with catalog"):
                value = rows[f"{kind}, {effort}"]["rate / (workers x hash on one thread)"]
                lines.append(aim(f"{photos}, {kind}, {effort}: of cores x hashing on one thread", 0.9, value))
                # What the scan itself costs, beside deciding: `standard` decides by more than one hash.
                value = rows[f"{kind}, {effort}"][f"rate / (workers x decide, {effort} on one thread)"]
                lines.append(
                    aim(f"{photos}, {kind}, {effort}: of cores x deciding so on one thread", 0.9, value)
                )
            for kind in ("with a catalog", "with a catalog, --digest sha256"):
                kept = rows.get(f"scan {kind.replace(' a ', ' ')}, {effort}", {})
                if "rate / rate without a catalog" in kept:  # measured since 2026-11-27
                    value = kept["rate / rate without a catalog"]
                    lines.append(aim(f"{photos}, {effort}: rate {kind} / without", 0.95, value))
    lines += view_aims()
    lines += _aims_of_the_service()
    lines += _aims_of_what_is_hostile()
    lines.append(aim("peak memory, 50,000 files / 5,000", -1.2, result["memory"]["growth"]))
    lines.append(
        aim("re-match of a million with a million, processor s", -120, result["rematch"]["processor seconds"])
    )
    for row in list_rows():
        if row.get("aim_per_million") and row["label"] != "before":
            lines.append(
                aim(
                    f"list {row['list']}: processor s a million records",
                    -row["aim_per_million"],
                    row["seconds_per_million"],
                )
            )
            lines.append(aim(f"list {row['list']}: bytes an entry at the peak", -600, row["bytes_per_entry"]))
    return lines


def _aims_of_what_is_hostile() -> list[str]:
    attacks, isolated = load("hostile.json")["result"], load("isolated.json")["result"]
    most = max(row["now, thorough"]["mib"] or 0 for row in load("memory.json")["result"].values())
    beyond = sum(not row["kept"] for row in attacks.values())
    lines = [
        aim(
            f"of {len(attacks)} kinds of files made to cost, those that cost more than is promised", 0, beyond
        ),
        aim("memory held by a check at its limit, MiB", -341, most),
    ]
    rows = {name: row for name, row in isolated.items() if isinstance(row, dict) and name != "where_us"}
    return lines + [
        aim(f"a check in a confined process, {name}: ms more", -isolated["promised_ms"], row["more_ms"])
        for name, row in rows.items()
    ]


def _aims_of_the_service() -> list[str]:
    if not (RESULTS / "serve.json").exists():
        return []
    found = load("serve.json")["result"]
    lines = [aim("an upload over HTTP: of it the check", 0.85, found["uploads"]["share_of_the_check"])]
    for name, row in found["lookups"]["hashes_in_one_request"].items():
        if name.endswith("as it is"):
            what = (
                f"look-ups over HTTP among {found['lookups']['entries']:,}, {name}, a second of one processor"
            )
            lines.append(aim(what, 4000, round(1e6 / row["microseconds_each"])))
    at_once = found["lookups"]["hashes_in_one_request"].get("a thousand, as it is")
    if at_once is not None:
        n_listed = f"{found['lookups']['entries']:,}"
        what = f"look-ups over HTTP among {n_listed}, a thousand, as it is, a second of this machine, by the clock"
        lines.append(aim(what, 4000, at_once["per_second"]))
    if (RESULTS / "soak.json").exists():
        soak = load("soak.json")["result"]
        minutes = 0 if soak["errors"] or soak["wrong"] else soak["minutes"]
        lines.append(aim("minutes of soak with reloads, 0 errors, 0 wrong", 30, minutes))
    return lines


SECTIONS: dict[str, Callable[[], list[str]]] = {
    "front": front,
    "arrays": arrays,
    "files": files,
    "drift": drift,
    "jpeg": jpeg,
    "jpeg parts": jpeg_parts,
    "phone": phone,
    "losses": losses_of_newest,
    "machines": machines,
    "memory": memory,
    "recall": recall,
    "false matches": false_matches,
    "gates": gates,
    "search": search,
    "scan": scan,
    "lists": lists,
    "start": start,
    "hostile": hostile,
    "held": held,
    "isolation": isolation,
    "guards": guards,
    "served": served,
    "soaked": soaked,
    "batched": batched,
    "beside HMA": beside_hma,
    "fuzzed": fuzzed,
    "aims": aims,
    "claims": claims,
    "mutants": mutants,
    "breaks": breaks,
}


def filled(page: str) -> str:
    """Return a page's text with every section as the results have it."""
    return _SECTION.sub(lambda found: f"{found[1]}\n{chr(10).join(SECTIONS[found[2]]())}\n\n{found[3]}", page)


def main() -> int:
    """Write the pages that differ; with ``--check`` say which do."""
    differing = []
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        if filled(text) != text:
            differing.append(path.name)
            if "--check" not in sys.argv:
                path.write_text(filled(text), encoding="utf-8")
    if differing:
        print(f"differ from the results: {', '.join(differing)}", file=sys.stderr)
    return 1 if differing and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
