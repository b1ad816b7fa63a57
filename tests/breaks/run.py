"""Make every listed break in a copy of the project, and say which ones no test notices.

Run: python tests/breaks/run.py [WORD ...] [--left] [--most 60] [--jobs 2] [-o RESULT.json]

WORDs choose breaks: those whose file or description holds one of them; ``--left`` those that RESULT.json does not hold
for dead, or whose file or tests have changed since, at most so many of them; what RESULT.json says of others stays.
Exit code 1: some break lived, or a test that it names does not pass without it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import queue
import shutil
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import safehash
from breaking import ROOT, TIMED_OUT, Break, Tree, place_of, text_of
from listed import BREAKS

__all__ = ["left", "main", "told", "verdicts"]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=str(__doc__).split("\n")[0])
    parser.add_argument("words", nargs="*", metavar="WORD")
    parser.add_argument(
        "--jobs", type=int, default=2, help="copies of the project that are worked on at once"
    )
    parser.add_argument(
        "--unchecked", action="store_true", help="the tests named are known to pass without a break"
    )
    parser.add_argument(
        "--left",
        action="store_true",
        help="only those that the output does not hold for dead as they stand now",
    )
    parser.add_argument("--most", type=int, metavar="N", help="no more than so many")
    parser.add_argument("-o", "--output", type=Path, help="write what became of each break there")
    args = parser.parse_args(arguments)
    before: Sequence[dict[str, str]] = []
    if args.output is not None and args.output.exists():
        before = json.loads(args.output.read_text(encoding="utf-8"))["breaks"]
    chosen = [
        each
        for each in BREAKS
        if place_of(each.file).exists() and (not each.is_compiled or (ROOT / "setup.py").exists())
        if not args.words or any(word in f"{each.file} {each.what}" for word in args.words)
    ]
    chosen = (left(chosen, before) if args.left else chosen)[: args.most]
    found = verdicts(chosen, args.jobs, check=not args.unchecked)
    lived = [each for each in chosen if found[each] != "died"]
    print(f"{len(chosen) - len(lived)} of {len(chosen)} breaks died")
    if args.output is not None:
        args.output.write_text(json.dumps(told(found, before), indent=1) + "\n", encoding="utf-8")
    return int(bool(lived))


def left(breaks: Sequence[Break], before: Sequence[dict[str, str]]) -> list[Break]:
    """Return the breaks that are not known to have died of the files and tests as they are now, new ones first."""
    made = {(row["file"], row["what"]) for row in before}
    died = {(row["file"], row["what"], row.get("of")) for row in before if row["became"] == "died"}
    found = [each for each in breaks if (each.file, each.what, _said_of(each)) not in died]
    return sorted(found, key=lambda each: (each.file, each.what) in made)


def _said_of(each: Break) -> str:
    """Return what a verdict is of: the change, the file, and the tests that must die."""
    said = hashlib.sha256("\0".join((each.before, each.after, *each.dies, text_of(each.file))).encode())
    for path in sorted({test.partition("::")[0] for test in each.dies}):
        said.update((ROOT / path).read_bytes())
    return said.hexdigest()[:16]


def told(found: dict[Break, str], before: Sequence[dict[str, str]]) -> dict[str, Any]:
    """Return what is known of all breaks that are listed: those made now, and what was known of the others."""
    rows = {(row["file"], row["what"]): row for row in before}
    today = datetime.now(timezone.utc).date().isoformat()
    for each, became in found.items():
        row = {
            "file": each.file, "what": each.what, "became": became, "date": today, "of": _said_of(each),
        }  # fmt: skip
        rows[each.file, each.what] = row
    kept = [rows[each.file, each.what] for each in BREAKS if (each.file, each.what) in rows]
    died = sum(row["became"] == "died" for row in kept)
    return {"version": safehash.__version__, "died": died, "of": len(kept), "breaks": kept}


def verdicts(breaks: Sequence[Break], n_jobs: int, *, check: bool = True) -> dict[Break, str]:
    """Return what became of each break: "died", "lived", or why nothing is known."""
    folder = Path(tempfile.mkdtemp(prefix="safehash-breaks-"))
    trees: queue.SimpleQueue[Tree] = queue.SimpleQueue()
    for number in range(n_jobs):
        trees.put(Tree(folder / str(number)))

    def unbroken(tests: list[str]) -> list[str]:
        tree = trees.get()
        try:
            code, failed = tree.outcome(tests)
        finally:
            trees.put(tree)
        return [failed or f"{tests[0]} and its like: pytest ended with {code}"] if code else []

    def broken(each: Break) -> str:
        tree = trees.get()
        try:
            code, failed = tree.outcome(each.dies, each)
        finally:
            trees.put(tree)
        became = {0: "lived", 1: "died", TIMED_OUT: "took too long"}.get(code, f"pytest ended with {code}")
        if code < TIMED_OUT:  # a signal: nobody can overlook that
            became = "died"
        of = f" of {failed}" if failed else ""
        print(f"{became:<8} {each.file}: {each.what}{of}", file=sys.stderr, flush=True)
        return became

    try:
        with ThreadPoolExecutor(n_jobs) as pool:
            of_files: dict[str, set[str]] = {}
            for test in (test for each in breaks for test in each.dies if check):
                of_files.setdefault(test.partition("::")[0], set()).add(test)
            failing = [test for found in pool.map(unbroken, map(sorted, of_files.values())) for test in found]
            if failing:
                raise SystemExit(f"these do not pass without a break: {', '.join(failing)}")
            return dict(zip(breaks, pool.map(broken, breaks), strict=True))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
