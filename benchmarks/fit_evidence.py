"""Learn what each measure of a candidate says for a copy, and hold the score against the gates.

::

    python benchmarks/fit_evidence.py collect --mixes made --part tuning --shard 0/4 -o tuning-0.jsonl.gz
    python benchmarks/fit_evidence.py collect --mixes made --part test -o test.jsonl.gz
    python benchmarks/fit_evidence.py fit tuning-*.jsonl.gz --test test.jsonl.gz -o benchmarks/results/evidence.json

``made`` is the folder that ``view_mixes.py`` wrote; ``make evidence MIXES=made`` does all of it. ``collect``
looks altered copies of photographs and of other pictures, and unrelated pictures, up thoroughly, and keeps what
was measured of every candidate, how the gates judged it, and whether it is right. A candidate is right if the
entry is of the upload's own picture; entries whose picture is like one that the upload shows (within 40 bits in
any orientation, or as negative), has the same name in another package, or is a template around it, are left
out: nothing but a person can say what these are. So are the pairs of ``views-verdicts.tsv`` that a person
called right.

``fit`` learns from the tuning part: for each kind of view a sum of one function a measure, each of which only
rises or only falls (gradient boosting of scikit-learn without interactions), brought to bits by a logistic
regression, and read off at a few values. It writes the table to ``src/safehash/matching/weights.py`` (``ruff
format`` sets it) and, with how score and gates tell right from wrong on the test part, to the result.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from safehash.errors import ImageError
from safehash.evaluation.manipulations import MANIPULATIONS, apply, as_picture
from safehash.evaluation.scene import Scene
from safehash.hashing import compute
from safehash.hashing.bits import ones_in
from safehash.hashing.hashes import Algorithm, Hash
from safehash.images import decoding as images
from safehash.images.pictures import Decoded
from safehash.matching import views
from safehash.matching.evidence import Evidence
from safehash.matching.gates import Refusal
from safehash.matching.judgement import Gates
from safehash.matching.weighing import kind_of
from safehash.matching.windows import Batch
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

Float64Array = npt.NDArray[np.float64]

WEIGHTS_FILE = Path(__file__).parent.parent / "src" / "safehash" / "matching" / "weights.py"

#: Photographs of a part by the files that name them.
PHOTOGRAPHS = {"tuning": ("tuning_photos.txt", "other_tuning_photos.txt"), "test": ("other_photos.txt",)}

#: One in so many: altered copies of photographs, other pictures that are altered, unrelated uploads. Alterations of
#: each other picture.
EVERY_COPY, EVERY_OTHER, EVERY_UNRELATED, ALTERATIONS = 10, 50, 10, 6

#: Pictures this near to each other to begin with are not told apart here, in bits.
ALIKE = 40

#: Candidates with less agreement are kept once in `EVERY_HOPELESS`: there are ten times as many of them.
HOPELESS, EVERY_HOPELESS = 0.3, 8

#: What rises with the evidence (1) or falls (-1), by kind of view.
PICTURE = {
    "quality": 1, "faint": -1, "greys": 1, "common": -1, "contrast": 1, "flat": -1, "plain_ground": -1, "pixels": 1,
}  # fmt: skip
WINDOW = {
    "distance": -1, "agreement": 1, "turned": -1, "coverage": 1, "missing": -1, "hidden": -1, **PICTURE, "laid_out": -1,
    "plain_distance": 1, "degenerate": -1,
}  # fmt: skip
DIRECTIONS: dict[str, dict[str, int]] = {
    "as it is": {"distance": -1, **PICTURE},
    "turned": {"distance": -1, **PICTURE, "plain_distance": 1, "degenerate": -1},
    "window": WINDOW,
    "partial": {**WINDOW, "rest": 1},
}  # fmt: skip

#: Values of a measure that the table has, at most.
MOST_VALUES = 7


def one_in(name: str, every: int) -> bool:
    """Tell whether a name is of the one in so many that are taken, whatever the machine."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") % every == 0


# -- collecting ---------------------------------------------------------------------------------------------


class Notes:
    """Keeps what was measured of every candidate of one upload."""

    def __init__(self) -> None:
        self.beyond = 33
        self.found: list[tuple[int, Evidence, Gates | None]] = []

    def looks_at(self, picture: str, own: Hash, queries: tuple[tuple[str, bytes], ...], why_not: str) -> None:
        pass

    def proposes(self, picture: str, batch: Batch) -> None:
        pass

    def finds(
        self, picture: str, view: str, row: int, distance: int, evidence: Evidence | None, gates: Gates | None
    ) -> None:
        if evidence is not None:
            self.found.append((row, evidence, gates))


def records(
    upload: Decoded, index: Index, name: str, right: set[int], alike: set[int], names: list[str]
) -> Iterator[dict[str, Any]]:
    """Yield every candidate of one upload: what was measured, by which gates it matches, whether it is right."""
    notes = Notes()
    views.look_up(
        [upload],
        index,
        max_distance=MAX_DISTANCE,
        min_quality=MIN_QUALITY,
        effort="thorough",
        along=views.Along(witness=notes),
    )
    for row, evidence, gates in notes.found:
        if row in alike and row not in right:
            continue
        hopeless = evidence.agreement is not None and evidence.agreement < HOPELESS
        if hopeless and row not in right and not one_in(f"{name} {row}", EVERY_HOPELESS):
            continue
        said = evidence.distance if gates is None else gates.judge(evidence)
        kind = kind_of(evidence)
        measures = {each: float(getattr(evidence, each)) for each in DIRECTIONS[kind]}
        yield {
            "upload": name,
            "entry": names[row] if row < len(names) else "generated",
            "kind": kind,
            "family": evidence.family.name,
            "right": row in right,
            "needs": None if isinstance(said, Refusal) else said,
            "weight": EVERY_HOPELESS if hopeless and row not in right else 1,
            "measures": {each: round(value, 4) for each, value in measures.items()},
        }


def alike_rows(own: bytes, digests: npt.NDArray[np.uint8]) -> set[int]:
    """Return the rows of digests that lie near a picture to begin with, in any orientation or as negative."""
    turned = Hash(Algorithm.PDQ, own).orientations()
    each = np.stack([np.frombuffer(value.digest, np.uint8) for value in turned])
    found: set[int] = set()
    for query in np.concatenate([each, ~each]):
        found.update(np.flatnonzero(ones_in(digests ^ query[None]) <= ALIKE).tolist())
    return found


def read_photographs(folder: Path, part: str) -> list[str]:
    return [path for name in PHOTOGRAPHS[part] for path in (folder / name).read_text().split("\n") if path]


def collect(args: argparse.Namespace) -> None:
    folder, part = Path(args.mixes), args.part
    shard, n_shards = map(int, args.shard.split("/"))
    listed, unrelated = read_mixes(str(folder / "mixes.txt"), part)
    right_pairs = read_right(str(VERDICTS))
    photographs = read_photographs(folder, part)
    others = [name for _, name in unrelated if one_in(name, EVERY_OTHER)]
    own: list[tuple[str, bytes]] = []
    for path in (*photographs, *others):
        try:
            value = compute.hash_file(path)
        except ImageError:
            continue
        if (value.quality or 0) >= MIN_QUALITY:
            own.append((path, value.digest))
    # Templates are made around listed photographs, which may be of the part.
    plain = [(name, digest) for mix, name, digest in listed if mix not in ("photographs", "templates")]
    with gzip.open(args.output, "wt", encoding="utf-8") as stream:

        def write(found: Iterable[dict[str, Any]]) -> None:
            stream.writelines(json.dumps(each) + "\n" for each in found)

        names = [in_package(name) for name, _ in (*own, *plain)]
        digests = [digest for _, digest in (*own, *plain)]
        near = _Alike(digests, names)
        index = make_index(digests, LIST_SIZE)
        for at, number in altered(own, photographs)[shard::n_shards]:
            upload = altered_copy(own, at, number)
            if upload is not None:
                alike: set[int] = set()
                for shown in (at, *((at + 1 + step * 17) % len(own) for step in range(5))):
                    alike |= near.rows(digests[shown], names[shown])
                name = f"{names[at]} {MANIPULATIONS[number].name}"
                write(records(upload, index, name, {at}, alike, names))
        names = [in_package(name) for _, name, _ in listed]
        digests = [digest for _, _, digest in listed]
        near = _Alike(digests, names)
        index = make_index(digests, LIST_SIZE)
        taken = [name for _, name in unrelated if one_in(f"unrelated {name}", EVERY_UNRELATED)]
        for path in taken[shard::n_shards]:
            try:
                upload = images.decode(Path(path).read_bytes(), step_for=compute.reduction_for)
            except ImageError:
                continue
            name = in_package(path)
            alike = set(near.rows(compute.hash_file(path).digest, name))
            alike |= {row for row, other in enumerate(names) if (name, other) in right_pairs}
            write(records(upload, index, name, set(), alike, names))


class _Alike:
    """Which entries are left out for an upload: those that nothing but a person can tell from a copy."""

    def __init__(self, digests: list[bytes], names: list[str]) -> None:
        self._digests = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
        self._of_name: dict[str, set[int]] = {}
        for row, name in enumerate(names):
            self._of_name.setdefault(_picture_of(name), set()).add(row)

    def rows(self, own: bytes, name: str) -> set[int]:
        return alike_rows(own, self._digests) | self._of_name.get(_picture_of(name), set())


def _picture_of(name: str) -> str:
    """Return what a file shows by its name: of a template, the picture in it."""
    return re.sub(r"^template[0-9]+_", "", Path(name).stem)


def altered(own: list[tuple[str, bytes]], photographs: list[str]) -> list[tuple[int, int]]:
    """Return which pictures are altered how: positions in `own` and in `MANIPULATIONS`."""
    of_photographs = set(photographs)
    jobs = []
    for at, (path, _) in enumerate(own):
        if path in of_photographs:
            jobs += [
                (at, number)
                for number, each in enumerate(MANIPULATIONS)
                if one_in(f"{in_package(path)} {each.name}", EVERY_COPY)
            ]
        else:
            rng = np.random.default_rng([SEED, at])
            jobs += [
                (at, int(number)) for number in rng.choice(len(MANIPULATIONS), ALTERATIONS, replace=False)
            ]
    return jobs


def altered_copy(own: list[tuple[str, bytes]], at: int, number: int) -> Decoded | None:
    """Return one picture altered, as it is uploaded; None where it cannot be."""
    picture = opened(own[at][0])
    around = [opened(own[(at + 1 + step * 17) % len(own)][0]) for step in range(5)]
    scene = Scene(np.random.default_rng([SEED, at, number]), around)
    try:
        return images.decode(apply(MANIPULATIONS[number], picture, scene), step_for=compute.reduction_for)
    except ImageError:
        return None


def opened(path: str) -> Image.Image:
    return as_picture(images.decode(Path(path).read_bytes()), longer_side=LONGER_SIDE)


# -- learning -----------------------------------------------------------------------------------------------


def read(paths: Iterable[str]) -> list[dict[str, Any]]:
    found = []
    for path in paths:
        with gzip.open(path, "rt", encoding="utf-8") as stream:
            found += [json.loads(line) for line in stream]
    return found


def best_of_pairs(rows: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Return one candidate of each upload and entry: where the entry agrees best, or where it is nearest."""
    best: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        if row["kind"] == kind:
            key = row["upload"], row["entry"]
            if key not in best or _nearness(row) > _nearness(best[key]):
                best[key] = row
    return list(best.values())


def _nearness(row: dict[str, Any]) -> tuple[float, float]:
    return row["measures"].get("agreement", 0.0), -row["measures"]["distance"]


def columns(
    rows: list[dict[str, Any]], kind: str
) -> tuple[Float64Array, npt.NDArray[np.bool_], Float64Array]:
    """Return the measures of one kind's candidates, which are right, and what each counts."""
    values = np.array([[row["measures"][name] for name in DIRECTIONS[kind]] for row in rows])
    right = np.array([row["right"] for row in rows])
    counts = np.array([row["weight"] for row in rows], dtype=np.float64)
    # As many of one as of the other: odds are then what a candidate says, whatever there is more of.
    counts[right] *= counts[~right].sum() / counts[right].sum()
    return values, right, counts


def learn(rows: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    """Return the table of one kind: base and most in bits, and of each measure values and bits."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.linear_model import LogisticRegression

    values, right, counts = columns(rows, kind)
    names = list(DIRECTIONS[kind])
    model = HistGradientBoostingClassifier(
        monotonic_cst=list(DIRECTIONS[kind].values()), interaction_cst="no_interactions", learning_rate=0.1,
        max_iter=150, max_leaf_nodes=6, min_samples_leaf=40, l2_regularization=5.0, random_state=SEED,
        early_stopping=False,
    )  # fmt: skip
    model.fit(values, right, sample_weight=counts / counts.mean())
    middle = np.median(values, axis=0)
    terms: dict[str, tuple[list[float], list[float]]] = {}
    for column, name in enumerate(names):
        found = np.unique(values[:, column])
        at = np.unique(np.quantile(found, np.linspace(0, 1, 4 * MOST_VALUES), method="nearest"))
        probes = np.repeat(middle[None], len(at), axis=0)
        probes[:, column] = at
        added = model.decision_function(probes)
        kept = few_values(at, added - added.mean())
        if added.max() - added.min() > 0.05:
            terms[name] = ([float(at[k]) for k in kept], [float(added[k] - added.mean()) for k in kept])
    # What the readings leave of the odds: one factor and one summand, and with it bits instead of natural logarithms.
    sums = weighed(values, names, terms)
    regression = LogisticRegression(C=1e6)
    regression.fit(sums[:, None], right, sample_weight=counts / counts.mean())
    factor = float(regression.coef_[0, 0]) / math.log(2)
    base = float(regression.intercept_[0]) / math.log(2)
    table = {
        name: (
            [float(f"{value:.4g}") for value in at],
            [round(factor * each, 2) for each in bits],
        )
        for name, (at, bits) in terms.items()
    }
    # One candidate of the other sort in all of them is the least that can be told.
    most = math.log2(min(int(right.sum()), int((~right).sum())))
    return {
        "base": round(base, 2), "most": round(most, 1), "terms": table,
        "right": int(right.sum()), "wrong": int((~right).sum()),
    }  # fmt: skip


def few_values(at: Float64Array, bits: Float64Array) -> list[int]:
    """Return the positions of at most `MOST_VALUES` points whose connection comes nearest to all of them."""
    kept = [0, len(at) - 1]
    while len(kept) < min(MOST_VALUES, len(at)):
        line = np.interp(at, at[kept], bits[kept])
        worst = int(np.argmax(np.abs(line - bits)))
        if abs(line[worst] - bits[worst]) < 0.02 or worst in kept:
            break
        kept = sorted([*kept, worst])
    return kept


def weighed(
    values: Float64Array, names: list[str], terms: dict[str, tuple[list[float], list[float]]]
) -> Float64Array:
    """Return the sum of all terms for each candidate."""
    total = np.zeros(len(values))
    for column, name in enumerate(names):
        if name in terms:
            total += np.interp(values[:, column], *terms[name])
    return total


# -- score and gates ----------------------------------------------------------------------------------------


def by_pair(rows: list[dict[str, Any]], bits: Float64Array) -> list[tuple[bool, bool, float]]:
    """Return, of each upload and entry, whether it is right, whether gates let it match, and its most evidence."""
    pairs: dict[tuple[str, str], tuple[bool, bool, float]] = {}
    for row, each in zip(rows, bits.tolist(), strict=True):
        key = row["upload"], row["entry"]
        matches = row["needs"] is not None and row["needs"] <= MAX_DISTANCE
        right, before, most = pairs.get(key, (row["right"], False, -math.inf))
        pairs[key] = right, before or matches, max(most, each)
    return list(pairs.values())


def compare(rows: list[dict[str, Any]], tables: dict[str, Any]) -> dict[str, Any]:
    """Return how score and gates tell right candidates from wrong ones: the score where it errs as the gates do."""
    from sklearn.metrics import roc_auc_score

    bits = scores(rows, tables)
    result: dict[str, Any] = {}
    for kind in (*DIRECTIONS, "all views"):
        chosen = [at for at, row in enumerate(rows) if kind in (row["kind"], "all views")]
        pairs = by_pair([rows[at] for at in chosen], bits[chosen])
        right = sorted((most for is_right, _, most in pairs if is_right), reverse=True)
        wrong = sorted((most for is_right, _, most in pairs if not is_right), reverse=True)
        by_gates = [
            sum(matches and is_right is which for is_right, matches, _ in pairs) for which in (True, False)
        ]
        # At the score where as many wrong ones pass as the gates let pass.
        limit = wrong[by_gates[1]] if by_gates[1] < len(wrong) else -math.inf
        result[kind] = {
            "right_pairs": len(right), "wrong_pairs": len(wrong),
            "gates": {"right": by_gates[0], "wrong": by_gates[1]},
            "score_at_as_many_wrong": {"right": sum(most > limit for most in right), "over_bits": round(limit, 1)},
            "score_at_none_wrong": {
                "right": sum(most > wrong[0] for most in right) if wrong else len(right),
                "over_bits": round(wrong[0], 1) if wrong else None,
            },
            "area_under_roc": round(
                float(roc_auc_score([1] * len(right) + [0] * len(wrong), [*right, *wrong])), 5
            ),
            "calibration": calibration(pairs),
        }  # fmt: skip
    return result


def calibration(pairs: list[tuple[bool, bool, float]]) -> list[dict[str, Any]]:
    """Return right and wrong pairs by evidence; log2 of the ratio of their shares is what it should be."""
    n_right = sum(right for right, _, _ in pairs)
    n_wrong = len(pairs) - n_right
    rows = []
    for low in (-100, -12, -8, -4, 0, 4, 8, 12):
        high = {-100: -12, 12: 100}.get(low, low + 4)
        among = [right for right, _, most in pairs if low <= most < high]
        right, wrong = sum(among), len(among) - sum(among)
        bits = None
        if right and wrong:
            bits = round(math.log2(right / n_right * n_wrong / wrong), 1)
        rows.append({"from": low, "to": high, "right": right, "wrong": wrong, "bits_found": bits})
    return rows


def scores(rows: list[dict[str, Any]], tables: dict[str, Any]) -> Float64Array:
    """Return the bits of each candidate as `weighing.bits_of` gives them."""
    found = np.zeros(len(rows))
    for kind, table in tables.items():
        chosen = [at for at, row in enumerate(rows) if row["kind"] == kind]
        if chosen:
            names = list(DIRECTIONS[kind])
            values = np.array([[rows[at]["measures"][name] for name in names] for at in chosen])
            sums = table["base"] + weighed(values, names, table["terms"])
            found[chosen] = np.clip(sums, -table["most"], table["most"])
    return found


def as_module(tables: dict[str, Any]) -> str:
    """Return the table as the module that the package reads."""
    head = WEIGHTS_FILE.read_text(encoding="utf-8").partition("WEIGHTS: Mapping[")[0]
    lines = [
        f"{head}WEIGHTS: Mapping[",
        "    str, tuple[float, float, Mapping[str, tuple[tuple[float, ...], tuple[float, ...]]]]",
        "] = {",
    ]
    for kind, table in tables.items():
        lines.append(f'    "{kind}": ({table["base"]!r}, {table["most"]!r}, {{')
        for name, (values, bits) in table["terms"].items():
            lines += [
                f'        "{name}": (',
                f"            {tuple(values)!r},",
                f"            {tuple(bits)!r},",
                "        ),",
            ]
        lines.append("    }),")
    return "\n".join([*lines, "}", ""])


def fit(args: argparse.Namespace) -> None:
    tuning = read(args.inputs)
    tables = {kind: learn(best_of_pairs(tuning, kind), kind) for kind in DIRECTIONS}
    result = {"tables": tables, "tuning": compare(tuning, tables)}
    if args.test:
        result["test"] = compare(read(args.test), tables)
    WEIGHTS_FILE.write_text(as_module(tables), encoding="utf-8")
    write_result(Path(args.output), result, seed=SEED)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    collecting = commands.add_parser("collect")
    collecting.add_argument("--mixes", required=True, metavar="FOLDER")
    collecting.add_argument("--part", choices=tuple(PHOTOGRAPHS), default="tuning")
    collecting.add_argument("--shard", default="0/1", metavar="I/N")
    collecting.add_argument("-o", "--output", required=True)
    fitting = commands.add_parser("fit")
    fitting.add_argument("inputs", nargs="+")
    fitting.add_argument("--test", nargs="*", default=[])
    fitting.add_argument("-o", "--output", required=True)
    args = parser.parse_args()
    {"collect": collect, "fit": fit}[args.command](args)


if __name__ == "__main__":
    main()
