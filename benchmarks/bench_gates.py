"""Which pictures need which gate: what would match if one gate alone were not there.

::

    python benchmarks/bench_gates.py look --mixes made/mixes.txt --part tuning --shard 0/4 -o build/gates-0.jsonl
    python benchmarks/bench_gates.py look --mixes made/mixes.txt --photos made/tuning_photos.txt -o build/gates-p.jsonl
    python benchmarks/bench_gates.py tell build/gates-*.jsonl -o benchmarks/results/gates.json

``view_mixes.py`` makes the mixes. ``look`` looks every unrelated upload, or every altered copy of photographs, up
among the listed ones and generated digests, and writes down each candidate that would match if there were no gate at
all, with everything that gates measure of it. ``tell`` judges these again. What matches at the usual threshold without
one gate, and is no match by another view, needs that gate. Gates are also taken away one after another, as long as
that makes no wrong pair match: those that are left then all have pairs that they alone keep out. Pairs that a person
judged right (``views-verdicts.tsv``) are told apart: there a gate costs a match.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image

from safehash.errors import ImageError
from safehash.evaluation.manipulations import MANIPULATIONS, apply
from safehash.evaluation.scene import Scene
from safehash.hashing import compute
from safehash.images import decoding as images
from safehash.images.pictures import Decoded
from safehash.matching import views
from safehash.matching.evidence import Evidence
from safehash.matching.families import FAMILIES, TURNED
from safehash.matching.gates import Refusal
from safehash.matching.judgement import TURNS, WINDOWS, Gates
from safehash.matching.settings import EFFORTS, Effort
from safehash.search.index import Index

from bench_views import (
    LIST_SIZE,
    LONGER_SIDE,
    MAX_DISTANCE,
    MIN_QUALITY,
    SEED,
    VERDICTS,
    in_package,
    make_index,
    read_mixes,
    read_right,
)
from common import write_result

#: Examples kept of each gate: those that would match at the smallest threshold.
N_EXAMPLES = 8


@dataclass(frozen=True, slots=True)
class Near:
    """A candidate that would match if there were no gate.

    Attributes
    ----------
    mix, upload, listed : str
        What was uploaded, and what it came near to.
    evidence : Evidence
        All that gates measure of it.
    """

    mix: str
    upload: str
    listed: str
    evidence: Evidence

    @property
    def pair(self) -> tuple[str, str]:
        """Upload and entry."""
        return self.upload, self.listed

    def passes(self, gates: Sequence[str], max_distance: int = MAX_DISTANCE) -> int | None:
        """Return the smallest threshold it matches at with these gates alone, None where that is beyond the usual."""
        said = _only(self.evidence.family is TURNED, tuple(gates)).judge(self.evidence)
        return None if isinstance(said, Refusal) or said > max_distance else said

    def line(self) -> str:
        """Return it as a line of a file."""
        measures = {name: round(value, 4) if isinstance(value, float) else value
                    for name, value in self.evidence.record().items()}  # fmt: skip
        return json.dumps(
            {
                "mix": self.mix, "upload": self.upload, "listed": self.listed,
                "family": self.evidence.family.name, "measures": measures,
            }
        )  # fmt: skip

    @classmethod
    def read(cls, line: str) -> Near:
        """Return what `line` wrote."""
        said = json.loads(line)
        evidence = Evidence.of(FAMILIES[said["family"]], said["measures"])
        return cls(said["mix"], said["upload"], said["listed"], evidence)


_MADE: dict[tuple[bool, tuple[str, ...]], Gates] = {}


def _only(turns: bool, names: tuple[str, ...]) -> Gates:
    """Return the gates of these names, of turned pictures or of windows."""
    if (turns, names) not in _MADE:
        every = TURNS if turns else WINDOWS
        _MADE[turns, names] = Gates(gate for gate in every.gates if gate.name in names)
    return _MADE[turns, names]


class Noting(Gates):
    """The same gates, noting what they refuse and no gate at all would let pass."""

    def __init__(self, gates: Gates, noted: list[Evidence]) -> None:
        super().__init__(gates.gates)
        self._noted = noted

    def judge(self, evidence: Evidence) -> int | Refusal:
        """Judge as the gates do."""
        said = super().judge(evidence)
        if isinstance(said, Refusal) or said > MAX_DISTANCE:
            family = evidence.family
            if evidence.distance <= MAX_DISTANCE + family.extra + family.rich:
                self._noted.append(evidence)
        return said


@contextmanager
def noting() -> Iterator[list[Evidence]]:
    """Have look-ups note what gates refuse."""
    noted: list[Evidence] = []
    windows, turns = Noting(WINDOWS, noted), Noting(TURNS, noted)
    with mock.patch.object(views, "WINDOWS", windows), mock.patch.object(views, "TURNS", turns):
        yield noted


@dataclass(frozen=True, slots=True)
class Upload:
    """What is looked up: of which mix, what it is called, and which rows of the list it shows rightly."""

    mix: str
    name: str
    picture: Decoded
    shows: frozenset[int] = frozenset()


def of_mixes(uploads: Iterable[tuple[str, str]]) -> Iterator[Upload]:
    """Yield the uploads of a mix that can be decoded."""
    for mix, path in uploads:
        try:
            picture = images.decode(Path(path).read_bytes(), step_for=compute.reduction_for)
        except ImageError:
            continue
        yield Upload(mix, in_package(path), picture)


def altered(paths: Sequence[str], shard: int, n_shards: int) -> Iterator[Upload]:
    """Yield photographs in one manipulation after another, each as `bench_views.py recall` makes it."""
    pictures = []
    for path in paths:
        picture = Image.open(path).convert("RGB")
        picture.thumbnail((LONGER_SIDE, LONGER_SIDE), Image.Resampling.LANCZOS)
        pictures.append(picture)
    for number, manipulation in enumerate(MANIPULATIONS):
        for at in range((shard + number) % n_shards, len(pictures), n_shards):
            beside = [(at + 1 + step * 17) % len(pictures) for step in range(5)]
            scene = Scene(np.random.default_rng([SEED, at, number]), [pictures[other] for other in beside])
            upload = images.decode(apply(manipulation, pictures[at], scene), step_for=compute.reduction_for)
            name = f"{in_package(paths[at])}: {manipulation.name}"
            yield Upload("altered photographs", name, upload, frozenset({at, *beside}))


def look(
    uploads: Iterable[Upload], index: Index, names: Sequence[str], effort: Effort
) -> Iterator[Near | None]:
    """Yield, of every upload, what its gates refuse of entries that no view matches, and then None."""
    with noting() as noted:
        for upload in uploads:
            noted.clear()
            result = views.look_up(
                [upload.picture], index, max_distance=MAX_DISTANCE, min_quality=MIN_QUALITY, effort=effort
            )
            matched = {hit.row for hit in result.hits} | upload.shows
            for evidence in noted:
                row = evidence._candidate.row
                if row not in matched:
                    listed = names[row] if row < len(names) else "generated"
                    yield Near(upload.mix, upload.name, listed, evidence)
            yield None


def alone(near: Sequence[Near], gates: Sequence[str]) -> dict[str, list[tuple[int, Near]]]:
    """Return, by gate, the pairs that match without it and not with it, each at its smallest threshold, least first."""
    found: dict[str, list[tuple[int, Near]]] = {}
    held = {each.pair for each in near} - {each.pair for each in near if each.passes(gates) is not None}
    for name in gates:
        left = [gate for gate in gates if gate != name]
        nearest: dict[tuple[str, str], tuple[int, Near]] = {}
        for each in near:
            needs = each.passes(left) if each.pair in held else None
            if needs is not None and needs < nearest.get(each.pair, (MAX_DISTANCE + 1, each))[0]:
                nearest[each.pair] = needs, each
        found[name] = sorted(nearest.values(), key=lambda item: (item[0], item[1].pair))
    return found


def fewest(near: Sequence[Near], gates: Sequence[str], order: Iterable[str]) -> list[str]:
    """Return what is left of the gates when, in this order, each is taken away that keeps no pair out by itself."""
    left = list(gates)
    for name in order:
        without = [gate for gate in left if gate != name]
        if not any(each.passes(without) is not None for each in near if each.passes(left) is None):
            left = without
    return left


def summary(near: Sequence[Near], right: set[tuple[str, str]], n_uploads: int) -> dict[str, Any]:
    """Return, by gate, how many wrong pairs it alone keeps out, how many right ones, and the nearest of both."""
    names = [gate.name for gate in WINDOWS.gates]
    wrong = [each for each in near if each.pair not in right]
    found, lost = alone(wrong, names), alone([each for each in near if each.pair in right], names)
    rows = {}
    for name in names:
        by_mix: dict[str, int] = defaultdict(int)
        for _, each in found[name]:
            by_mix[each.mix] += 1
        rows[name] = {
            "wrong_pairs_kept_out": len(found[name]),
            "uploads": len({each.upload for _, each in found[name]}),
            "right_pairs_lost": len(lost[name]),
            "by_mix": dict(sorted(by_mix.items())),
            "examples": [
                {"needs_without": needs, **json.loads(each.line())}
                for needs, each in found[name][:N_EXAMPLES]
            ],
        }
    without_any = {each.pair for each in wrong}
    return {
        "uploads": n_uploads,
        "wrong_pairs_without_any_gate": len(without_any),
        "gates": rows,
        "left_when_those_that_keep_nothing_out_are_taken_away": fewest(wrong, names, names),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ways = parser.add_subparsers(dest="way", required=True)
    looking = ways.add_parser("look")
    looking.add_argument("--mixes", required=True, metavar="FILE")
    looking.add_argument(
        "--photos", type=Path, metavar="FILE", help="altered copies of these, instead of the mixes"
    )
    looking.add_argument("--part", action="append", choices=("test", "tuning"))
    looking.add_argument("--shard", default="0/1", metavar="I/N")
    looking.add_argument("--effort", choices=EFFORTS, default="exhaustive")
    looking.add_argument("-o", "--output", type=Path, required=True)
    telling = ways.add_parser("tell")
    telling.add_argument("files", nargs="+", type=Path)
    telling.add_argument("--verdicts", default=str(VERDICTS), metavar="FILE")
    telling.add_argument("-o", "--output", type=Path, required=True)
    args = parser.parse_args()
    if args.way == "look":
        at, n_shards = map(int, args.shard.split("/"))
        listed = read_mixes(args.mixes, "")[0]
        if args.photos is not None:
            paths = [path for path in args.photos.read_text().split("\n") if path]
            listed = [item for item in listed if item[0] not in ("photographs", "templates")]
            own = [compute.hash_file(path).digest for path in paths]
            names = [in_package(path) for path in (*paths, *(path for _, path, _ in listed))]
            index = make_index(own + [digest for _, _, digest in listed], LIST_SIZE)
            uploads = altered(paths, at, n_shards)
        else:
            parts = args.part or ["tuning"]
            rows = [line.split("\t") for line in Path(args.mixes).read_text().splitlines()]
            chosen = [(mix, name) for part in parts for mix, belongs_to, name in rows if belongs_to == part]
            names = [in_package(path) for _, path, _ in listed]
            index = make_index([digest for _, _, digest in listed], LIST_SIZE)
            uploads = of_mixes(chosen[at::n_shards])
        n_uploads = 0
        args.output.parent.mkdir(parents=True, exist_ok=True)
        with args.output.open("w", encoding="utf-8") as stream:
            for each in look(uploads, index, names, args.effort):
                if each is None:
                    n_uploads += 1
                else:
                    stream.write(each.line() + "\n")
            stream.write(json.dumps({"uploads": n_uploads}) + "\n")
        return
    lines = [line for path in args.files for line in path.read_text(encoding="utf-8").splitlines()]
    counts = [json.loads(line)["uploads"] for line in lines if line.startswith('{"uploads"')]
    near = [Near.read(line) for line in lines if not line.startswith('{"uploads"')]
    result = summary(near, read_right(args.verdicts), sum(counts))
    for name, row in result["gates"].items():
        print(f"{name:26} {row['wrong_pairs_kept_out']:6} {row['right_pairs_lost']:4} {row['by_mix']}")
    print("left:", ", ".join(result["left_when_those_that_keep_nothing_out_are_taken_away"]))
    write_result(args.output, result)


if __name__ == "__main__":
    main()
