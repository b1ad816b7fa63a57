"""Write what the corpus gave, by format, into benchmarks/results/pixels.json: files, pictures, how near views lie.

Run: python tests/browser/pixels_figures.py [OUTPUT]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from colour_files import colour_files
from colour_odd import odd_colour_files
from corpus_tiff import tiff_corpus
from painter import chromium_version, paint
from pixels_painted import ANIMATED, CORPORA, NEAR, on_white, views_of

from safehash.hashing.compute import hash_array, reduction_for
from safehash.hashing.hashes import Hash
from safehash.images.decoding import decode_frames

TARGET = Path(__file__).parent.parent.parent / "benchmarks" / "results" / "pixels.json"
#: Files that declare their colours; no browser paints a TIFF.
COLOURS = {"colours": colour_files, "odd colours": odd_colour_files}
#: Flatter pictures are not matched.
_LEAST_QUALITY = 50


def _painted(name: str) -> list[tuple[bytes, dict[int, Hash]]]:
    """Return a corpus' files, each with the hashes of what is painted of its frames."""
    if name == "tiff":
        return [(each.data, {0: hash_array(np.ascontiguousarray(each.shown))}) for each in tiff_corpus()]
    of_files: list[tuple[bytes, str | None]]
    if name in COLOURS:
        of_files = [(each.data, None) for each in COLOURS[name]() if each.ending != "tif"]
    else:
        files = [file for file in CORPORA[name]() if not file.aside]
        of_files = [(file.data, "all" if file.ending in ANIMATED else None) for file in files]
    result = []
    painted = paint([data for data, _ in of_files], [frames for _, frames in of_files])
    for (data, _), seen in zip(of_files, painted, strict=True):
        shown = {frame: pixels for frame, (pixels, _) in seen.frames.items()}
        shown |= {0: seen.picture} if seen.picture is not None else {}
        hashes = {frame: hash_array(on_white(pixels)) for frame, pixels in shown.items()}
        result.append((data, hashes))
    return result


def figures(name: str) -> dict[str, int]:
    """Return the figures of one format."""
    counts = {
        "files": 0,
        "pictures": 0,
        "stored_is_another": 0,
        "far_from_every_view": 0,
        "within_2": 0,
        "most": 0,
    }
    for data, wanted in _painted(name):
        counts["files"] += 1
        wanted = {frame: value for frame, value in wanted.items() if (value.quality or 0) >= _LEAST_QUALITY}
        if not wanted:
            continue
        frames = list(decode_frames(data, step_for=reduction_for, effort="standard"))
        for frame, value in wanted.items():
            distances = [view.distance(value) for view in views_of(frames[frame]).values()]
            counts["pictures"] += 1
            counts["stored_is_another"] += distances[0] > NEAR
            counts["far_from_every_view"] += min(distances) > NEAR
            counts["within_2"] += min(distances) <= 2
            counts["most"] = max(counts["most"], min(distances))
    return counts


def main() -> int:
    target = Path(sys.argv[1]) if len(sys.argv) > 1 else TARGET
    result = {
        "command": "python tests/browser/pixels_figures.py",
        "browser": chromium_version(),
        "near": NEAR,
        "formats": {name: figures(name) for name in (*CORPORA, *COLOURS, "tiff")},
    }
    target.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
