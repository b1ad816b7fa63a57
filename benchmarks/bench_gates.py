"""Which pictures need which gate: what would match if one gate alone were not there.

::

    python benchmarks/bench_gates.py --mixes made/mixes.txt --part tuning --part test -o benchmarks/results/gates.json

``view_mixes.py`` makes the mixes. Every unrelated upload is looked up thoroughly among the listed ones and generated
digests; each candidate that the gates refuse is judged again without one of them at a time. What then matches at the
usual threshold, and is no match by another view, needs that gate: one that no picture needs has no reason to be there.
Pairs that a person judged right (``views-verdicts.tsv``) are told apart: there the gate costs a match.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from safehash.errors import ImageError
from safehash.hashing import compute
from safehash.images import decoding as images
from safehash.matching import views
from safehash.matching.evidence import Evidence
from safehash.matching.gates import Refusal
from safehash.matching.judgement import TURNS, WINDOWS, Gates
from safehash.search.index import Index

from bench_views import (
    LIST_SIZE,
    MAX_DISTANCE,
    MIN_QUALITY,
    VERDICTS,
    in_package,
    make_index,
    name_of,
    read_mixes,
    read_right,
)
from common import write_result

#: Examples kept of each gate: those that would match at the smallest threshold.
N_EXAMPLES = 8


#: Gates that are taken away together, by the stage at which they are asked: what one refuses, another often does.
GROUPS = {"all that refuse at once": (0,), "detail and pixels": (2, 3), "all kinds of graphics": (5,)}


class Noting(Gates):
    """The same gates, noting which one alone keeps a candidate from being a match."""

    def __init__(self, gates: Gates) -> None:
        super().__init__(gates.gates)
        self._without = {gate.name: gates.without(gate.name) for gate in gates.gates}
        for name, stages in GROUPS.items():
            self._without[name] = Gates(gate for gate in gates.gates if gate.stage not in stages)
        self.noted: list[tuple[str, int, Evidence]] = []

    def judge(self, evidence: Evidence) -> int | Refusal:
        """Judge as the gates do; note what each of them alone refuses."""
        said = super().judge(evidence)
        if isinstance(said, Refusal) or said > MAX_DISTANCE:
            for name, gates in self._without.items():
                other = gates.judge(evidence)
                if not isinstance(other, Refusal) and other <= MAX_DISTANCE:
                    self.noted.append((name, other, evidence))
        return said


@contextmanager
def noting() -> Iterator[tuple[Noting, ...]]:
    """Have look-ups note what single gates refuse."""
    windows, turns = Noting(WINDOWS), Noting(TURNS)
    with mock.patch.object(views, "WINDOWS", windows), mock.patch.object(views, "TURNS", turns):
        yield windows, turns


def measure(
    uploads: list[tuple[str, str]], index: Index, names: list[tuple[str, str, bytes]]
) -> list[dict[str, Any]]:
    """Return, of every upload, gate and entry, the candidate that the gate alone refuses, at its smallest threshold."""
    found: list[dict[str, Any]] = []
    with noting() as both:
        for mix, path in uploads:
            try:
                upload = images.decode(Path(path).read_bytes(), step_for=compute.reduction_for)
            except ImageError:
                continue
            for each in both:
                each.noted.clear()
            result = views.look_up(
                [upload], index, max_distance=MAX_DISTANCE, min_quality=MIN_QUALITY, effort="thorough"
            )
            matched = {hit.row for hit in result.hits}
            nearest: dict[tuple[str, int], tuple[int, Evidence]] = {}
            for gates in both:
                for gate, needs, evidence in gates.noted:
                    row = evidence._candidate.row
                    if row not in matched and needs < nearest.get((gate, row), (MAX_DISTANCE + 1,))[0]:
                        nearest[gate, row] = needs, evidence
            for (gate, row), (needs, evidence) in nearest.items():
                found.append(
                    {
                        "gate": gate, "mix": mix, "upload": in_package(path), "listed": name_of(row, names),
                        "needs_without": needs, "family": evidence.family.name,
                        "measures": {
                            name: round(value, 4) if isinstance(value, float) else value
                            for name, value in evidence.record().items()
                        },
                    }
                )  # fmt: skip
    return found


def summary(found: list[dict[str, Any]], right: set[tuple[str, str]], n_uploads: int) -> dict[str, Any]:
    """Return, by gate, how many wrong pairs it alone keeps out, how many right ones, and the nearest of both."""
    names = [*(gate.name for gate in WINDOWS.gates), *GROUPS]
    result: dict[str, Any] = {"uploads": n_uploads, "gates": {}}
    for name in names:
        own = sorted(
            (each for each in found if each["gate"] == name), key=lambda each: int(each["needs_without"])
        )
        wrong = [each for each in own if (each["upload"], each["listed"]) not in right]
        result["gates"][name] = {
            "wrong_pairs_kept_out": len(wrong),
            "uploads": len({each["upload"] for each in wrong}),
            "right_pairs_lost": len(own) - len(wrong),
            "by_mix": {
                mix: sum(each["mix"] == mix for each in wrong)
                for mix in sorted({each["mix"] for each in wrong})
            },
            "examples": wrong[:N_EXAMPLES],
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mixes", required=True, metavar="FILE")
    parser.add_argument("--part", action="append", choices=("test", "tuning"))
    parser.add_argument("--every", type=int, default=1, help="of so many uploads one is looked up")
    parser.add_argument("--verdicts", default=str(VERDICTS), metavar="FILE")
    parser.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    listed, uploads = read_mixes(args.mixes, "")[0], []
    for part in args.part or ["tuning"]:
        uploads += [
            (mix, name)
            for mix, belongs_to, name in (
                line.split("\t") for line in Path(args.mixes).read_text().splitlines()
            )
            if belongs_to == part
        ]
    uploads = uploads[:: args.every]
    index = make_index([digest for _, _, digest in listed], LIST_SIZE)
    result = summary(measure(uploads, index, listed), read_right(args.verdicts), len(uploads))
    for name, row in result["gates"].items():
        print(f"{name:24} {row['wrong_pairs_kept_out']:6} {row['right_pairs_lost']:4} {row['by_mix']}")
    write_result(args.output, result)


if __name__ == "__main__":
    main()
