"""Write changed and drawn files that were once misread, with what Chromium paints, into tests/data/painted/changed."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from changed_files import changed_files
from corpus import CorpusFile
from corpus_fresh import fresh_corpus
from corpus_gain import gain_corpus
from drawn_files import drawn_files
from painter import chromium_version, paint
from pixels_painted import on_white

from safehash.hashing.compute import hash_array

TARGET = Path(__file__).parent.parent / "data" / "painted" / "changed"
#: How they are made, their ending, the seed, and which of that seed.
CHOSEN: tuple[tuple[Callable[[str, int, int], Iterator[CorpusFile]], str, int, tuple[int, ...]], ...] = (
    (changed_files, "jpg", 1, (52, 168, 256, 262)),
    (changed_files, "png", 1, (137,)),
    (changed_files, "gif", 1, (4, 26, 140, 366)),
    (changed_files, "webp", 7, (2, 36, 67, 272)),
    (changed_files, "webp", 8, (39, 325, 419)),
    (changed_files, "avif", 7, (12, 27, 103)),
    (drawn_files, "avif", 1, (4, 7, 71)),
    (drawn_files, "avif", 2, (64,)),
    (drawn_files, "png", 1, (10, 180, 186)),
    (drawn_files, "jpg", 1, (15, 178)),
)


#: Gain maps, by the end of their name.
GAINS = (
    "by index, a base that is bright", "by directory, a base that is bright", "by iso, index, a base that is bright",
    "by directory, a base that is ordinary", "3.0, 1.0, 2.0), gamma 2.2, by directory", "of a quarter of the sides",
    "offsets (0.2, 0.05), by iso, directory", "of a picture in Adobe RGB", "of a picture that is turned",
    "AVIF, a base that is bright, inside True", "AVIF, a base that is bright, inside False", "AVIF, offsets",
)  # fmt: skip


#: Of the third corpus.
FRESH = ("1 of 4:2:0, matrix 255", "2 of 4:2:0, matrix 14", "2 of 4:4:4, matrix 0")


def main() -> int:
    files = [file for file in gain_corpus(44, 56) if file.name.endswith(GAINS)]
    files += [file for file in fresh_corpus(44, 56) if file.name in FRESH]
    files += [
        file
        for make, ending, seed, numbers in CHOSEN
        for number, file in enumerate(make(ending, max(numbers) + 1, seed))
        if number in numbers
    ]
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    rows = [
        f"# PDQ of what {chromium_version()} paints on white of files that changed_golden.py wrote",
        "file\tframe\tdigest\tquality\twhat",
    ]
    for number, (file, seen) in enumerate(
        zip(files, paint([file.data for file in files], ["all"] * len(files)), strict=True)
    ):
        name = f"{number:03d}.{file.ending}"
        (TARGET / name).write_bytes(file.data)
        shown = {frame: pixels for frame, (pixels, _) in seen.frames.items() if len(seen.frames) > 1}
        shown |= {0: seen.picture} if seen.picture is not None else {}
        for frame, pixels in sorted(shown.items()):
            value = hash_array(on_white(pixels))
            rows.append(f"{name}\t{frame}\t{value.hex}\t{value.quality}\t{file.name}")
    (TARGET / "painted.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
