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
        cells = []
        for peer in present:
            each = rows.get(peer)
            cells.append(f"{each['ms']:.3g} ms ({each['times_ours']:.2f})" if each else "")
        lines.append(f"| {name} | {rows['safehash pdq']['ms']:.3g} ms | " + " | ".join(cells) + " |")
    threads = result["threads"]
    lines += [
        "",
        f"Two threads are {threads['one over two threads']:.2f} times as fast as one. Where we lose: PNG, WebP, AVIF "
        "cost what their decoders cost, and OpenCV decodes some of them faster than Pillow does.",
    ]
    return lines


def drift_table(record: dict[str, Any]) -> list[str]:
    """Return the sentence on the fast decode."""
    pdq = record["result"]["pdq"]
    return [
        f"The fast decode against the full one, {pdq['n']} real JPEG files: {pdq['mean']} bits of 256 on average, "
        f"{pdq['p99']} at the 99th percentile, {pdq['max']} at most (`benchmarks/drift.py`).",
    ]


def section() -> str:
    """Return everything between the markers."""
    lines: list[str] = []
    if (RESULTS / "hash.json").exists():
        lines += hash_tables(load("hash.json"))
    if (RESULTS / "drift.json").exists():
        lines += ["", *drift_table(load("drift.json"))]
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
