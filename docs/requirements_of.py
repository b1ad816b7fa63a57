"""What safehash needs installed, how large that is, and where it was run: tables for docs/install.md."""

from __future__ import annotations

import json
import re
from pathlib import Path

__all__ = ["dependencies", "platforms"]

ROOT = Path(__file__).parent.parent

#: What each dependency is for. A test holds the keys to pyproject.toml.
PURPOSES = {
    "numpy": "arrays: pixels, digests, tables of lists",
    "pillow": "decodes JPEG, PNG, WebP, AVIF, TIFF",
    "faiss-cpu": 'a second opinion on look-ups: `doctor --verify`, `method="faiss"`; loaded only when asked for',
    "rich": "colours, tables and progress on a terminal",
    "pebble": "worker processes that can be ended one by one",
    "tomli": "`--config` files, before Python 3.11",
    "msgspec": "JSON lists, fast and within bounds",
    "defusedxml": "XML lists without entities",
    "backports.zstd": "lists compressed with Zstandard, before Python 3.14",
}


def names_in_pyproject() -> list[str]:
    """Return the names of the plain installation's dependencies, in order."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = text.partition("\ndependencies = [")[2].partition("\n]")[0]
    return re.findall(r'^\s*"([A-Za-z0-9.-]+)', section, re.MULTILINE)


def load(name: str) -> dict[str, object]:
    path = ROOT / "benchmarks" / "results" / name
    record: dict[str, object] = json.loads(path.read_text(encoding="utf-8"))
    return record


def dependencies() -> str:
    """Return a row for each dependency: what for, and how many megabytes it takes, with what it brings along."""
    record = load("installed.json")
    sizes = record["megabytes"]
    assert isinstance(sizes, dict)
    lines = ["| package | MB | what for |", "| --- | ---: | --- |"]
    own = {name.lower(): size for name, size in sizes.items()}
    for name in names_in_pyproject():
        size = own.pop(name.lower(), None)
        lines.append(f"| {name} | {'-' if size is None else f'{size:.1f}'} | {PURPOSES[name]} |")
    mine = own.pop("safehash")
    rest = ", ".join(sorted(own))
    lines.append(f"| safehash itself | {mine:.1f} | |")
    lines.append(f"| what these bring along | {sum(own.values()):.1f} | {rest} |")
    lines.append(f"| together | {sum(float(each) for each in sizes.values()):.0f} | {record['measured']} |")
    return "\n".join(lines)


def platforms() -> str:
    """Return a row for each platform: whether it was built, run, and gave the same bits."""
    record = load("platforms.json")
    rows = record["platforms"]
    assert isinstance(rows, list)
    lines = ["| platform | built | suite run | same bits | how |", "| --- | --- | --- | --- | --- |"]
    lines += [
        f"| {row['platform']} | {row['built']} | {row['run']} | {row['same_bits']} | {row['how']} |"
        for row in rows
    ]
    return "\n".join(lines)
