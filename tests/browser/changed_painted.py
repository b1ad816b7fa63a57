"""What Chromium paints of files changed or drawn by chance: some view that `standard` looks up is near, or no answer.

Run: python tests/browser/changed_painted.py changed|drawn ENDING N SEED [--keep FOLDER] for more of them; under
``make check-browser`` some of each format are looked at.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from changed_files import ENDINGS, changed_files
from corpus import CorpusFile
from drawn_files import DRAWN, drawn_files
from painter import Painted, paint
from pixels_painted import ANIMATED, far_from_painted, on_white

from safehash.errors import ImageError
from safehash.hashing.compute import reduction_for
from safehash.images.decoding import decode_frames

#: Files of each format, and the seed that they are made by.
N_CHANGED, N_DRAWN, SEED = 200, 100, 1
#: Of changed files what is known to be another picture, by seed and number.
_KNOWN = {("avif", "1/64"): "a profile whose red is two thousand times as light as white"}
#: Grey levels on average by which two pictures are one to a viewer.
_SAME = 1.0
_LUMA = np.array([0.299, 0.587, 0.114])


def looked_at(
    files: Sequence[CorpusFile], ending: str, *, known: bool
) -> tuple[Counter[str], list[tuple[CorpusFile, str]]]:
    """Paint files; return how many there are of each outcome, and what is not as it should be."""
    painted = paint([file.data for file in files], ["all" if ending in ANIMATED else None] * len(files))
    counts: Counter[str] = Counter(files=len(files))
    wrong = []
    for file, seen in zip(files, painted, strict=True):
        counts["painted"] += seen.picture is not None
        counts["pictures"] += len(seen.frames) or seen.picture is not None
        missed = far_from_painted(file, seen)
        if not missed:
            continue
        reason = _set_aside(file, seen, missed)
        if known and not reason:
            reason = _KNOWN.get((ending, file.name.split(":")[0]), "")
        if reason:
            counts[reason] += 1
        else:
            wrong += [(file, each) for each in missed]
    return counts, wrong


def _set_aside(file: CorpusFile, seen: Painted, missed: Sequence[str]) -> str:
    """Return why a file need not be what is painted (docs/pixels.md, "Set aside"), or nothing."""
    frames = {each.partition(", frame ")[2].partition(",")[0] for each in missed}  # each effort says so
    if len(frames) == 1 and seen.picture is not None and _is_the_same(file, seen.picture):
        return "less than a grey level"
    return ""


def _is_the_same(file: CorpusFile, picture: npt.NDArray[np.uint8]) -> bool:
    """Tell whether some view of a still picture differs from what is painted by less than a grey level on average."""
    shown = on_white(picture) @ _LUMA
    try:
        frame = next(iter(decode_frames(file.data, step_for=reduction_for, effort="standard")))
        views = [frame, *(also.make() for also in frame.also if also.shown)]
    except ImageError:
        return False
    lumas = [each.pixels @ _LUMA if each.pixels.ndim == 3 else each.pixels.astype(float) for each in views]
    # Pixels are as they are stored, whichever way the file turns them.
    turned = [np.rot90(each, quarter) for each in (shown, shown[:, ::-1]) for quarter in range(4)]
    return any(
        luma.shape == way.shape and np.abs(luma - way).mean() < _SAME for luma in lumas for way in turned
    )


@pytest.mark.parametrize("ending", ENDINGS)
def test_some_view_is_what_is_painted_of_a_changed_file(ending: str) -> None:
    counts, wrong = looked_at(list(changed_files(ending, N_CHANGED, SEED)), ending, known=True)
    print("changed", ending, dict(counts))
    assert [said for _, said in wrong] == []
    assert counts["painted"] > 0.4 * N_CHANGED


@pytest.mark.parametrize("ending", DRAWN)
def test_some_view_is_what_is_painted_of_a_drawn_file(ending: str) -> None:
    counts, wrong = looked_at(list(drawn_files(ending, N_DRAWN, SEED)), ending, known=False)
    print("drawn", ending, dict(counts))
    assert [said for _, said in wrong] == []
    assert counts["painted"] > 0.8 * N_DRAWN


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("how", choices=("changed", "drawn"))
    parser.add_argument("ending", choices=ENDINGS)
    parser.add_argument("n", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("--keep", type=Path, help="write what is wrong into this folder")
    args = parser.parse_args()
    make = changed_files if args.how == "changed" else drawn_files
    counts, wrong = looked_at(
        list(make(args.ending, args.n, args.seed)), args.ending, known=args.how == "changed"
    )
    for number, (file, said) in enumerate(wrong):
        print(said)
        if args.keep is not None:
            args.keep.mkdir(parents=True, exist_ok=True)
            (args.keep / f"{number:03d}.{file.ending}").write_bytes(file.data)
    print(args.ending, dict(counts), f"{len(wrong)} wrong")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
