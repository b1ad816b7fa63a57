"""Freeze the verdict on every upload of the committed mixes at every effort, and compare a later state with it.

::

    python benchmarks/freeze_verdicts.py made --out before.tsv.gz
    python benchmarks/freeze_verdicts.py made --compare before.tsv.gz
    python benchmarks/freeze_verdicts.py made --compare before.tsv.gz --every 16 --library-jpeg

``made`` is the folder that ``view_mixes.py`` wrote. Three sets are looked up, each against its own list of hashes
filled up with generated ones to 100 000, as in ``bench_views.py``: "unseen" and "known", altered copies of the
photographs in ``other_photos.txt`` and ``photos.txt``, and "unrelated", the test part of ``mixes.txt``. Decisions are
those of a `safehash.Matcher` that reads such a list from a file, so that everything between a list and a decision is
held, not the look-up alone.

The file has one line an upload and effort, tab-separated and sorted: set, manipulation or mix, picture, the first 16
digits of the upload's SHA-256, effort, outcome, matches as JSON (id, distance in bits, view). The first line says what
it was made with; ``--compare`` takes seed and manipulations from there, so that manipulations of later date change
nothing. ``--every N`` takes the uploads whose name's SHA-256 is a multiple of N: any file made with a divisor of N
(1, all of them, always) can be compared with.

``--library-jpeg`` leaves JPEG files to the imaging library's decoder: what differs then is nothing of our own reader's,
which has other bits from 768 pixels on.

The SHA-256 of what is in the file (gunzipped) is printed, and written beside it. Exit code of ``--compare``: 0 no
difference, 1 differences, each of them printed and counted by kind: another list, upload or outcome, an entry lost or
found, another distance or view.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

import safehash

#: The list's size, the longer side of altered photographs in pixels, the least quality of a listed picture, and the
#: photographs around one that a collage shows, as steps: all of them those of bench_views.py.
LIST_SIZE, LONGER_SIDE, MIN_QUALITY, COLLAGE = 100_000, 1280, 50, (1, 18, 35, 52, 69)
SEED = 7
EFFORTS = ("fast", "standard", "thorough")

#: The sets; and of those of altered photographs, the file that names these.
SETS = ("unseen", "unrelated", "known")
PHOTOGRAPHS = {"unseen": "other_photos.txt", "known": "photos.txt"}

#: What a package installs into: the part of a path before it is the package's name.
TOP_FOLDERS = frozenset({"usr", "etc", "opt", "srv", "var"})


class Name(NamedTuple):
    """What an upload is called: its set, the manipulation or mix, the picture."""

    of: str
    kind: str
    picture: str


class Frozen(NamedTuple):
    """A file of verdicts: what it was made with, and by upload and effort the digits of its SHA-256 and the verdict."""

    made_with: dict[str, Any]
    verdicts: dict[tuple[Name, str], tuple[str, ...]]


# -- what differs between the states that are compared ------------------------------------------------------


def import_manipulations() -> tuple[Sequence[Any], Any, Any]:
    """Return MANIPULATIONS, Scene and apply: the one import here that is no public name."""
    try:
        module = import_module("safehash.evaluation.manipulations")
    except ModuleNotFoundError:  # before the package had rooms
        module = import_module("safehash.manipulations")
    try:
        scene = import_module("safehash.evaluation.scene")
    except ModuleNotFoundError:  # before scenes had a file
        scene = module
    return module.MANIPULATIONS, scene.Scene, module.apply


def matcher_options(*, library_jpeg: bool = False) -> dict[str, Any]:
    """Return what `Matcher.from_files` is given beside the list: nothing that a clock decides.

    Of generated digests a third have fewer or more ones than pictures' have; they count in ``bench_views.py``, too.
    """
    policy = safehash.Policy(include_suspicious=True)
    if not hasattr(safehash, "Settings"):  # before they were one value
        return {"policy": policy}
    # A state before that reader knows no such setting.
    more: dict[str, Any] = {"own_jpeg": False} if library_jpeg else {}
    return {"settings": safehash.Settings(policy=policy, deadline=None, **more)}


# -- lists and uploads --------------------------------------------------------------------------------------


def open_matcher(
    listed: dict[bytes, str], folder: Path, *, library_jpeg: bool = False
) -> tuple[safehash.Matcher, str]:
    """Write digests with their ids as a list; return a matcher that reads it, and the list's SHA-256."""
    path = folder / "list.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(("hash", "hash_type", "id"))
        writer.writerows((digest.hex(), "pdq", name) for digest, name in listed.items())
    matcher = safehash.Matcher.from_files(path, **matcher_options(library_jpeg=library_jpeg))
    if len(matcher) != len(listed):
        raise SystemExit(f"{len(matcher)} of {len(listed)} entries are matched against: {matcher.notes}")
    return matcher, hashlib.sha256(path.read_bytes()).hexdigest()


def hasher(*, library_jpeg: bool = False) -> Callable[[Path], safehash.Hash]:
    """Return what hashes the pictures that are listed.

    Raises
    ------
    safehash.ImageError
        By the function: the picture has no hash.
    """
    if not library_jpeg:
        return safehash.hash_file
    # `hash_file` has no such choice, a matcher does: of the picture as it is, it looks up the same digest.
    entry = safehash.Entry(hash=safehash.Hash("pdq", bytes(range(32))))
    matcher = safehash.Matcher.from_entries([entry], **matcher_options(library_jpeg=True))

    def hashed(path: Path) -> safehash.Hash:
        decision = matcher.check(path, effort="fast")
        if decision.hash is None:
            raise safehash.ImageError(decision.reason)
        return decision.hash

    return hashed


def verdict(matcher: safehash.Matcher, data: bytes, effort: Any) -> tuple[str, str]:
    """Return the outcome and the matches, as JSON, of one upload."""
    decision = matcher.check(data, effort=effort)
    matches = sorted((match.entry.id, match.distance, match.view) for match in decision.matches)
    return decision.outcome.value, json.dumps(matches)


def name_of(path: Path) -> str:
    """Return the path from the package's own folder on, or folder and name of a picture that was made."""
    for at, part in enumerate(path.parts):
        if part in TOP_FOLDERS and at > 1:
            return "/".join(path.parts[at - 1 :])
    return "/".join(path.parts[-2:])


def is_taken(name: Name, every: int) -> bool:
    """Tell whether an upload is among one in so many: a matter of its name alone."""
    digest = hashlib.sha256("\t".join(name).encode()).digest()
    return int.from_bytes(digest, "big") % every == 0


def read_paths(path: Path) -> list[Path]:
    return [Path(line) for line in path.read_text(encoding="utf-8").splitlines()]


def read_mixes(path: Path) -> list[tuple[str, str, Path]]:
    """Return mix, part and path of each line."""
    rows = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    return [(mix, part, Path(name)) for mix, part, name in rows]


def listed_pictures(
    mixes: Iterable[tuple[str, str, Path]], hash_of: Callable[[Path], safehash.Hash]
) -> list[tuple[str, bytes, str]]:
    """Return mix, digest and name of the listed part, as far as it can be read and is no flat picture."""
    listed = []
    for mix, part, path in mixes:
        if part != "listed":
            continue
        try:
            value = hash_of(path)
        except safehash.ImageError:
            continue
        if (value.quality or 0) >= MIN_QUALITY:
            listed.append((mix, value.digest, name_of(path)))
    return listed


def filled_up(real: Iterable[tuple[bytes, str]], seed: int) -> dict[bytes, str]:
    """Return ids by digest, the first of those that share one, filled up with generated digests."""
    listed: dict[bytes, str] = {}
    n_real = 0
    for digest, name in real:
        listed.setdefault(digest, name)
        n_real += 1
    generated = np.random.default_rng(seed).integers(0, 256, (LIST_SIZE - n_real, 32), dtype=np.uint8)
    for number, digest in enumerate(generated):
        listed.setdefault(digest.tobytes(), f"generated {number}")
    return listed


def altered(
    of: str, paths: Sequence[Path], kinds: Sequence[str], seed: int, every: int
) -> Iterator[tuple[Name, bytes]]:
    """Yield manipulations of these names of every photograph, as ``bench_views.py recall`` makes them."""
    manipulations, scene_of, apply = import_manipulations()
    by_name = {manipulation.name: manipulation for manipulation in manipulations}

    @lru_cache(maxsize=80)
    def picture(at: int) -> Image.Image:
        with Image.open(paths[at]) as opened:
            made = opened.convert("RGB")
        made.thumbnail((LONGER_SIDE, LONGER_SIDE), Image.Resampling.LANCZOS)
        return made

    for at, path in enumerate(paths):
        for number, kind in enumerate(kinds):
            name = Name(of, kind, name_of(path))
            if kind not in by_name or not is_taken(name, every):
                continue
            others = [picture((at + step) % len(paths)) for step in COLLAGE]
            scene = scene_of(np.random.default_rng([seed, at, number]), others)
            yield name, apply(by_name[kind], picture(at), scene)


def unrelated(mixes: Iterable[tuple[str, str, Path]], every: int) -> Iterator[tuple[Name, bytes]]:
    """Yield the uploads of ``bench_views.py false``."""
    for mix, part, path in mixes:
        name = Name("unrelated", mix, name_of(path))
        if part == "test" and is_taken(name, every):
            yield name, path.read_bytes()


# -- freezing and comparing ---------------------------------------------------------------------------------


def freeze(
    made: Path,
    sets: Iterable[str],
    seed: int,
    every: int,
    kinds: Sequence[str],
    *,
    library_jpeg: bool = False,
) -> Frozen:
    """Decide every upload of these sets at every effort."""
    mixes = read_mixes(made / "mixes.txt")
    hash_of = hasher(library_jpeg=library_jpeg)
    listed = listed_pictures(mixes, hash_of)
    frozen = Frozen({"seed": seed, "every": every, "manipulations": list(kinds), "lists": {}}, {})
    for of in sets:
        if of in PHOTOGRAPHS:
            paths = read_paths(made / PHOTOGRAPHS[of])
            # The photographs stand in the list already, and so would they in its templates.
            real = [(hash_of(path).digest, name_of(path)) for path in paths]
            real += [
                (digest, name) for mix, digest, name in listed if mix not in ("photographs", "templates")
            ]
            uploads = altered(of, paths, kinds, seed, every)
        else:
            real = [(digest, name) for _, digest, name in listed]
            uploads = unrelated(mixes, every)
        with tempfile.TemporaryDirectory() as folder:
            matcher, frozen.made_with["lists"][of] = open_matcher(
                filled_up(real, seed), Path(folder), library_jpeg=library_jpeg
            )
        for n_done, (name, data) in enumerate(uploads, 1):
            content = hashlib.sha256(data).hexdigest()[:16]
            for effort in EFFORTS:
                frozen.verdicts[name, effort] = (content, *verdict(matcher, data, effort))
            if n_done % 500 == 0:
                print(f"{of}: {n_done} uploads", file=sys.stderr, flush=True)
    return frozen


def write(frozen: Frozen, path: Path) -> str:
    """Write verdicts, gzipped if the name says so, and their SHA-256 beside them; return it."""
    lines = [
        "\t".join((*name, content, effort, *rest))
        for (name, effort), (content, *rest) in frozen.verdicts.items()
    ]
    header = "# " + json.dumps(frozen.made_with, sort_keys=True)
    content = "".join(f"{line}\n" for line in (header, *sorted(lines))).encode()
    path.write_bytes(gzip.compress(content, mtime=0) if path.suffix == ".gz" else content)
    digest = hashlib.sha256(content).hexdigest()
    path.with_name(f"{path.name}.sha256").write_text(f"{digest}  {path.name.removesuffix('.gz')}\n")
    return digest


def read(path: Path) -> Frozen:
    """Read a file that `write` wrote."""
    content = path.read_bytes()
    text = (gzip.decompress(content) if path.suffix == ".gz" else content).decode()
    header, *lines = text.splitlines()
    frozen = Frozen(json.loads(header.removeprefix("# ")), {})
    for line in lines:
        of, kind, picture, upload, effort, *rest = line.split("\t")
        frozen.verdicts[Name(of, kind, picture), effort] = (upload, *rest)
    return frozen


def differences(old: Frozen, new: Frozen) -> Iterator[tuple[str, str]]:
    """Yield what differs in the uploads that `new` was to look at: of what kind it is, and in words."""
    sets, every = new.made_with["lists"], new.made_with["every"]
    for of, digest in sets.items():
        if old.made_with["lists"][of] != digest:
            yield "list", f"{of}: the list of real and generated digests is another one"
    expected = {key for key in old.verdicts if key[0].of in sets and is_taken(key[0], every)}
    for key in sorted(expected | new.verdicts.keys()):
        what = ", ".join((*key[0], key[1]))
        before, after = old.verdicts.get(key), new.verdicts.get(key)
        if before is None or after is None:
            yield "missing", f"{what}: only {'now' if before is None else 'before'}: {after or before}"
        elif before[0] != after[0]:
            yield "upload", f"{what}: another upload: {before[0]} before, {after[0]} now"
        elif before != after:
            kind = "outcome" if before[1] != after[1] else "distance or view"
            lost, found = (ids(before) - ids(after), ids(after) - ids(before))
            if lost or found:
                kind = "entry lost" if lost else "entry found"
            yield kind, f"{what}: {' '.join(before[1:])} before, {' '.join(after[1:])} now"


def ids(verdict: tuple[str, ...]) -> set[str]:
    """Return the ids of the entries that a verdict names."""
    return {match[0] for match in json.loads(verdict[2])}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("made", type=Path, help="the folder that view_mixes.py wrote")
    parser.add_argument("--seed", type=int, help=f"of alterations and generated digests (default: {SEED})")
    parser.add_argument("--every", type=int, metavar="N", help="only one upload in N, by its name")
    parser.add_argument("--only", choices=SETS, action="append", help="only this set; repeatable")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write the verdicts; gzipped if it ends in .gz"
    )
    parser.add_argument("--compare", type=Path, metavar="OLD", help="list what differs from these verdicts")
    parser.add_argument(
        "--library-jpeg", action="store_true", help="leave JPEG files to the imaging library's decoder"
    )
    args = parser.parse_args()
    if args.out is None and args.compare is None:
        parser.error("nothing to do: give --out, --compare or both")
    kinds = [manipulation.name for manipulation in import_manipulations()[0]]
    sets, seed, every = args.only or SETS, args.seed or SEED, args.every or 1
    old = None if args.compare is None else read(args.compare)
    if old is not None:
        kinds, seed = old.made_with["manipulations"], old.made_with["seed"]
        sets = args.only or list(old.made_with["lists"])
        every = args.every or old.made_with["every"]
        if (
            args.seed not in (None, seed)
            or every % old.made_with["every"]
            or set(sets) - {*old.made_with["lists"]}
        ):
            parser.error(f"{args.compare} holds no such verdicts; it was made with {old.made_with}")
    new = freeze(args.made, sets, seed, every, kinds, library_jpeg=args.library_jpeg)
    if args.out is not None:
        print(f"{write(new, args.out)}  {len(new.verdicts)} verdicts")
    if old is not None:
        found = list(differences(old, new))
        for kind, sentence in found:
            print(f"{kind}: {sentence}")
        counts = Counter(kind for kind, _ in found)
        print(f"{len(found)} differences in {len(new.verdicts)} verdicts", dict(counts) or "")
        sys.exit(bool(found))


if __name__ == "__main__":
    main()
