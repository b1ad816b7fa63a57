"""Write README's tables from the committed results, so that no figure is typed by hand.

Run: python benchmarks/make_tables.py [--check]
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
RESULTS = ROOT / "benchmarks" / "results"
BEGIN, END = "<!-- results -->", "<!-- /results -->"


def load(name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((RESULTS / name).read_text(encoding="utf-8"))
    return record


def hash_tables(record: dict[str, Any]) -> list[str]:
    """Return the hashing section: one row a size and peer."""
    result = record["result"]
    versions = record["machine"]["versions"]
    lines = [
        f"One core of {record['machine']['cpu']}, {record['date']}; medians of interleaved calls; in brackets how many "
        "times ours the peer takes. "
        + ", ".join(f"{name} {version}" for name, version in versions.items() if name != "safehash")
        + ".",
        "",
        "| from an array | safehash | the reference |",
        "| --- | --- | --- |",
    ]
    for name, rows in result["arrays"].items():
        hashed = name.rsplit(" ", 1)[1]
        ours = rows[f"safehash {hashed}"]["ms"]
        peer = rows.get("pdqhash" if hashed == "pdq" else "imagehash phash")
        if peer:
            lines.append(f"| {name} | {ours:.3g} ms | {peer['ms']:.3g} ms ({peer['times_ours']:.3g}) |")
    peers = ["bare luma decode", "threatexchange pdq", "imagehash phash", "opencv phash", "perception phash"]
    present = [peer for peer in peers if any(peer in rows for rows in result["files"].values())]
    lines += ["", "| from a file to a hash | safehash PDQ | " + " | ".join(present) + " |"]
    lines.append("| --- " * (len(present) + 2) + "|")
    for name, rows in result["files"].items():
        if "progressive" in name or not ("jpeg" in name or name.startswith("1600x1004")):
            continue  # all of them stand in the result file
        cells = []
        for peer in present:
            each = rows.get(peer)
            cells.append(f"{each['ms']:.3g} ms ({each['times_ours']:.2f})" if each else "")
        lines.append(f"| {name} | {rows['safehash pdq']['ms']:.3g} ms | " + " | ".join(cells) + " |")
    lines += ["", "| hashing, ratios in one run | wanted | measured |", "| --- | --- | --- |"]
    lines += [f"| {row['what']} | {row['wanted']} | {row['measured']:.3g} |" for row in result["aims"]]
    lines += [
        "",
        "Where we lose: PNG, WebP, AVIF cost what their decoders cost, and OpenCV decodes some of them faster than "
        "Pillow does.",
    ]
    return lines


def drift_table(record: dict[str, Any]) -> list[str]:
    """Return the sentence on the fast decode."""
    pdq = record["result"]["pdq"]
    return [
        f"The fast decode against the full one, {pdq['n']} real JPEG files: {pdq['mean']} bits of 256 on average, "
        f"{pdq['p99']} at the 99th percentile, {pdq['max']} at most (`benchmarks/drift.py`).",
    ]


def index_table(record: dict[str, Any]) -> list[str]:
    """Return the search claims as measured, met or not."""
    lines = ["| exact search, random / real digests | wanted | measured |", "| --- | --- | --- |"]
    by_what: dict[str, list[dict[str, Any]]] = {}
    for each in record["claims"]:
        by_what.setdefault(each["what"], []).append(each)
    for what, claims in by_what.items():
        wanted = f">= {claims[0]['at_least']}" if "at_least" in claims[0] else f"<= {claims[0]['at_most']}"
        measured = " / ".join(f"{each['measured']:g}" for each in claims)
        lines.append(f"| {what} | {wanted} | {measured} |")
    return lines


#: Rows of the views table: one manipulation of each kind.
SHOWN = (
    "jpeg quality 30", "scaled to 1/4", "mirrored", "turned a quarter left", "negative", "white border", "letterbox",
    "caption bar above", "cropped 2 %", "cropped 5 %", "cropped 10 %", "cropped 20 %", "rotated 1 degree",
    "rotated 3 degrees", "screenshot, light", "screenshot, dark", "collage of 2 x 2", "inset at 50 %", "sticker",
    "text across",
)  # fmt: skip


def views_table(record: dict[str, Any]) -> list[str]:
    """Return recall by effort for some manipulations, and the false matches by mix."""
    recall = record["result"]["recall"]
    n_uploads = sum(row["n"] for row in recall["rows"].values())
    n_wrong = len({(name, photo) for _, name, photo, *_ in recall["others"]})
    wrong = f"{n_wrong} of these {n_uploads} uploads" if n_wrong else f"None of these {n_uploads} uploads"
    lines = [
        f"Recall with the hash alone: {recall['n_photos']} photographs that no threshold was set on, on a list of "
        f'{recall["list_size"]} entries ({recall["n_real_listed"]} of them real pictures). "fast" is what a plain '
        f"PDQ look-up finds. {wrong} matched an entry of another picture; false matches by mix of pictures are in "
        "[docs/matching.md](docs/matching.md).",
        "",
        "| manipulation | fast | standard | thorough |",
        "| --- | --- | --- | --- |",
    ]
    for name in SHOWN:
        row = recall["rows"].get(name)
        if row:
            shares = [row["found"].get(effort, 0) / row["n"] for effort in ("fast", "standard", "thorough")]
            cells = " | ".join(f"{share:.2f}" for share in shares)
            lines.append(f"| {name} | {cells} |")
    return lines


def scan_table(record: dict[str, Any]) -> list[str]:
    """Return what a scan does on all processors, its memory, and a re-match, as measured, met or not."""
    result = record["result"]
    lines = [f"| a scan on {record['machine']['cores']} cores | wanted | measured |", "| --- | --- | --- |"]
    for photos, rows in result.get("throughput", {}).items():
        if not isinstance(rows, dict):
            continue  # the date
        alone = rows["hash in processes / (workers x hash on one thread)"]
        lines.append(
            f"| {photos}: what hashing and nothing else, in as many processes, gets of cores x one | | {alone} |"
        )
        for name in (
            "scan, fast",
            "scan with catalog, fast",
            "scan, standard",
            "scan with catalog, standard",
        ):
            row = rows[name]
            effort = name.rsplit(", ")[-1]
            times_hash = row["rate / (workers x hash on one thread)"]
            times_decide = row[f"rate / (workers x decide, {effort} on one thread)"]
            lines.append(f"| {photos}, {name}: files/s | | {rows['files/s'][name]} |")
            lines.append(f"| its share of cores x hashing on one thread | >= 0.9 | {times_hash} |")
            lines.append(f"| its share of cores x deciding on one thread | | {times_decide} |")
            if "rate / imagehash loop" in row:
                lines.append(f"| times an imagehash loop | | {row['rate / imagehash loop']} |")
    if "memory" in result:
        lines.append(f"| peak memory, 50000 files / 5000 | <= 1.2 | {result['memory']['growth']} |")
    if "rematch" in result:
        row = result["rematch"]
        lines.append(
            f"| re-match, {row['stored']} hashes on {row['listed']} entries, processor s | <= 120 | "
            f"{row['processor seconds']} |"
        )
    return lines


def section() -> str:
    """Return everything between the markers."""
    lines: list[str] = []
    if (RESULTS / "hash.json").exists():
        lines += hash_tables(load("hash.json"))
    if (RESULTS / "drift.json").exists():
        lines += ["", *drift_table(load("drift.json"))]
    if (RESULTS / "views.json").exists():
        lines += ["", *views_table(load("views.json"))]
    found = sorted(RESULTS.glob("index*.json"))
    if found:
        lines += ["", *index_table(load(found[-1].name))]
    if (RESULTS / "scan.json").exists():
        lines += ["", *scan_table(load("scan.json"))]
    return "\n".join(lines).strip() + "\n"


def main() -> int:
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    wanted = re.sub(
        f"{BEGIN}.*?{END}", lambda _: f"{BEGIN}\n{section()}{END}", text, count=1, flags=re.DOTALL
    )
    if "--check" in sys.argv:
        return int(wanted != text)
    readme.write_text(wanted, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
