"""What Chromium paints of files changed by chance: some view that `standard` looks up is near, or there is no answer.

Run: python tests/browser/changed_painted.py ENDING N SEED [--keep FOLDER] for more of them, with every figure; under
``make check-browser`` some hundred of each format are looked at.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from changed_files import ENDINGS, changed_files
from corpus import CorpusFile
from painter import Painted, paint
from pixels_painted import ANIMATED, far_from_painted

#: Files of each format, and the seed that they are made by.
N_FILES, SEED = 200, 20261127
#: Of these the decoders hand out whole pictures or none: what is damaged within its coded pixels is left to a person.
_WHOLE_OR_NONE = ("webp", "avif")


def looked_at(files: Sequence[CorpusFile], ending: str) -> tuple[Counter[str], list[tuple[CorpusFile, str]]]:
    """Paint files; return how many there are of each outcome, and what is not as it should be."""
    painted = paint([file.data for file in files], ["all" if ending in ANIMATED else None] * len(files))
    counts: Counter[str] = Counter(files=len(files))
    wrong = []
    for file, seen in zip(files, painted, strict=True):
        counts["painted"] += seen.picture is not None
        counts["pictures"] += len(seen.frames) or seen.picture is not None
        missed = far_from_painted(file, seen)
        reason = _set_aside(ending, seen, missed)
        if missed and reason:
            counts[reason] += 1
        elif missed:
            wrong += [(file, each) for each in missed]
    return counts, wrong


def _set_aside(ending: str, seen: Painted, missed: Sequence[str]) -> str:
    """Return why a file need not be what is painted (docs/pixels.md, "Set aside"), or nothing."""
    if ending in _WHOLE_OR_NONE and all("UnreadableImage" in each for each in missed):
        return "damaged within coded pixels: no answer"
    return ""


@pytest.mark.parametrize("ending", ENDINGS)
def test_some_view_is_what_is_painted_of_a_changed_file(ending: str) -> None:
    counts, wrong = looked_at(list(changed_files(ending, N_FILES, SEED)), ending)
    print(ending, dict(counts))
    assert [said for _, said in wrong] == []
    assert counts["painted"] > 0.4 * N_FILES


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("ending", choices=ENDINGS)
    parser.add_argument("n", type=int)
    parser.add_argument("seed", type=int)
    parser.add_argument("--keep", type=Path, help="write what is wrong into this folder")
    args = parser.parse_args()
    counts, wrong = looked_at(list(changed_files(args.ending, args.n, args.seed)), args.ending)
    for number, (file, said) in enumerate(wrong):
        print(said)
        if args.keep is not None:
            args.keep.mkdir(parents=True, exist_ok=True)
            (args.keep / f"{number:03d}.{file.ending}").write_bytes(file.data)
    print(args.ending, dict(counts), f"{len(wrong)} wrong")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
