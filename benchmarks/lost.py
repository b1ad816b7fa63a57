"""Where altered copies are lost: no view comes near, none leads to the entry, or which gate refuses it.

::

    python benchmarks/lost.py --photos made/tuning_photos.txt -n 30 -o benchmarks/results/views-lost.json

Every photograph is altered in the ways that miss an aim on photographs that nothing saw (aims.md), and
`Matcher.explain` asked of its own entry, on a list that is filled up with generated digests. The photographs are those
that gates may look at: what is learnt here may be used.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

import safehash
from safehash.evaluation.manipulations import MANIPULATIONS, apply
from safehash.evaluation.scene import Scene
from view_aims import missed

from bench_views import LIST_SIZE, SEED, photograph
from common import report, write_result

EFFORTS = ("thorough", "exhaustive")


def reason_of(explanation: safehash.Explanation) -> str:
    """Return why an upload did not match the entry that was asked about."""
    asked = {entry.key for entry in explanation.entries}  # another that is listed, too, may be pasted over it
    if any(match.entry.key in asked for match in explanation.decision.standing):
        return "found"
    near = [each for look in explanation.looks for each in look.nearest if each.agreement is not None]
    if near:
        best = min(
            near, key=lambda each: each.distance - (each.threshold if each.allowed is None else each.allowed)
        )
        if best.allowed is None:
            first = next(said.gate for said in best.gates if said.bits is None)
            return f"refused: {first}"
        least = min(best.gates, key=lambda said: 0 if said.bits is None else said.bits)
        is_graphic = least.bits is not None and least.bits < 0
        return f"refused: {least.gate}" if is_graphic else "too far at the best place"
    seeded = [
        look for look in explanation.looks if look.seeds_within is not None and look.closest is not None
    ]
    if any(look.closest <= look.seeds_within for look in seeded):  # type: ignore[operator]
        return "near, but no slot shared"
    if all(look.why_not for look in explanation.looks):
        return "not looked up"
    return "no view is near"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--photos", required=True, type=Path, help="a file of paths, one a line")
    parser.add_argument("-n", type=int, default=30, help="photographs")
    parser.add_argument(
        "--kinds", nargs="*", metavar="NAME", help="manipulations; without, those that miss an aim"
    )
    parser.add_argument(
        "-o", "--output", type=Path, help="written anew after each manipulation: a run may be cut"
    )
    args = parser.parse_args()
    paths = [line for line in args.photos.read_text().splitlines() if line][: args.n]
    pictures = [photograph(path) for path in paths]
    entries = [
        safehash.Entry(hash=safehash.hash_file(path), id=str(at), source="photographs")
        for at, path in enumerate(paths)
    ]
    generated = np.random.default_rng(SEED).integers(0, 256, (LIST_SIZE - len(paths), 32), dtype=np.uint8)
    entries += [
        safehash.Entry(hash=safehash.Hash("pdq", each.tobytes()), id=f"made {at}", source="made")
        for at, each in enumerate(generated)
    ]
    matcher = safehash.Matcher.from_entries(entries)
    named = {each.name: (number, each) for number, each in enumerate(MANIPULATIONS)}
    rows: dict[str, Any] = {}
    result: dict[str, Any] = {"n_photos": len(paths), "list_size": LIST_SIZE, "rows": rows}
    for kind in args.kinds or missed():
        number, manipulation = named[kind]
        told: dict[str, Counter[str]] = {effort: Counter() for effort in EFFORTS}
        for at, picture in enumerate(pictures):
            others = [pictures[(at + 1 + step * 17) % len(pictures)] for step in range(5)]
            scene = Scene(np.random.default_rng([SEED, at, number]), others)
            upload = apply(manipulation, picture, scene)
            for effort in EFFORTS:
                told[effort][reason_of(matcher.explain(upload, str(at), effort=effort))] += 1  # type: ignore[arg-type]
        rows[kind] = {effort: dict(counts.most_common()) for effort, counts in told.items()}
        print(kind, rows[kind], flush=True)
        if args.output:
            write_result(args.output, result, seed=SEED)
    report(result)


if __name__ == "__main__":
    main()
