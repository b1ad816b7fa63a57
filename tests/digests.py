"""Digests and verdicts of pictures made by arithmetic, as JSON: every platform must print tests/data/digests.json.

Run: python tests/digests.py [-o FILE]. Needs numpy and Pillow beside safehash, no test runner and no faiss.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

import safehash
from safehash import _core
from safehash.errors import UnreadableImage
from safehash.hashing.compute import hash_decoded, reduction_for
from safehash.hashing.hashes import Algorithm
from safehash.images.decoding import decode_frames
from safehash.images.pictures import Also

#: Lossless files: no decoder has a say in their pixels.
PIXELS = Path(__file__).parent / "data" / "golden" / "pixels"

#: Files of every feature, colours by profile among them; of these kinds, pixels are the format's and not the library's.
PAINTED = Path(__file__).parent / "data" / "painted"
EXACT = (".png", ".gif", ".bmp", ".tif")
FOLDERS = ("cases", "colour", "pixels")

#: Degenerate ones among them: where two roundings of a cosine differ, their bits do.
SIZES = ((64, 64), (65, 64), (127, 255), (300, 7), (512, 512), (480, 640))


def pictures() -> dict[str, npt.NDArray[np.uint8]]:
    """Return grey and RGB pictures by name."""
    result: dict[str, npt.NDArray[np.uint8]] = {}
    for rows, cols in SIZES:
        y, x = np.arange(rows)[:, None], np.arange(cols)[None, :]
        formulas: dict[str, Any] = {
            "steps": ((x * 7) // max(1, cols // 13) * 19 + (y * 5) // max(1, rows // 11) * 37) % 256,
            "chirp": (x * x * 3 // cols + y * y * 5 // rows) % 256,
            "ramp": (x * 255) // (cols - 1) + 0 * y,
            "flat": 128 + 0 * x + 0 * y,
            "board": (x // 8 + y // 8) % 2 * 255,
            "mirror": (np.minimum(x, cols - 1 - x) * 11 + y * y // 7) % 256,
            "circle": 4 * ((2 * x - cols) ** 2 + (2 * y - rows) ** 2) // (rows + cols) % 256,
        }
        for name, values in formulas.items():
            result[f"{name} {rows}x{cols}"] = values.astype(np.uint8)
    for path in sorted(PIXELS.glob("*.png")):
        with Image.open(path) as image:
            values = np.asarray(image)
        result[path.name] = np.ascontiguousarray(values[..., :3] if values.ndim == 3 else values)
    return result


def hashes() -> dict[str, list[str]]:
    """Return PDQ with its quality, both pHashes, and PDQ of the turned pictures, at every instruction level."""
    result = {}
    for name, pixels in pictures().items():
        told = set()
        for level in _core.LEVELS:
            digest, quality = _core.pdq(pixels, level=level)
            turned = hashlib.sha256()
            for orientation in range(2, 9):
                turned.update(_core.pdq(pixels, orientation=orientation, level=level)[0])
            told.add(
                (
                    f"{digest.hex()} {quality}", _core.phash(pixels, level=level).hex(),
                    _core.phash(pixels, keep=16, level=level).hex(), turned.hexdigest()[:32],
                )
            )  # fmt: skip
        if len(told) != 1:
            raise SystemExit(f"{name}: instruction levels disagree")
        result[name] = list(told.pop())
    return result


def looked_up() -> dict[str, str]:
    """Return for each file how many pictures of it are looked up, and a digest of all of their PDQ hashes."""
    result = {}
    paths = [path for folder in FOLDERS for path in PAINTED.joinpath(folder).iterdir()]
    for path in sorted(each for each in paths if each.suffix in EXACT):
        told = []
        try:
            for frame in decode_frames(path.read_bytes(), step_for=reduction_for, effort="standard"):
                told.append(hash_decoded(frame, algorithm=Algorithm.PDQ).hex)
                told += [_hash_of(also) for also in frame.also]
        except UnreadableImage:
            told.append("unreadable")
        whole = hashlib.sha256(" ".join(told).encode()).hexdigest()
        result[path.relative_to(PAINTED).as_posix()] = f"{len(told)} {whole[:16]}"
    return result


def _hash_of(also: Also) -> str:
    try:
        return hash_decoded(also.make(), algorithm=Algorithm.PDQ).hex
    except UnreadableImage:
        return "unreadable"


def verdicts() -> dict[str, str]:
    """Return how altered copies of lossless photographs are found: the sines and cosines of turns are in it."""
    listed = {name: pixels for name, pixels in pictures().items() if name.endswith("_512x512_grey.png")}
    listed["room"] = pictures()["room_256x256_grey.png"]
    lines = [f"{safehash.hash_array(pixels).hex},{name}" for name, pixels in listed.items()]
    result = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "list.csv")
        path.write_text("pdq,id\n" + "\n".join(lines) + "\n", encoding="utf-8")
        matcher = safehash.Matcher.from_files(
            path, settings=safehash.Settings(effort="thorough"), last_good=False
        )
        for name, pixels in listed.items():
            rows, cols = pixels.shape
            framed = np.full((rows + 80, cols + 60), 250, np.uint8)
            framed[40:-40, 30:-30] = pixels
            uploads = {
                "as it is": pixels,
                "turned": np.ascontiguousarray(np.rot90(pixels)),
                "negative": 255 - pixels,
                "cropped": np.ascontiguousarray(pixels[rows // 16 :, : -cols // 12]),
                "framed": framed,
                "sheared": np.stack([np.roll(line, number // 24) for number, line in enumerate(pixels)]),
            }
            for how, upload in uploads.items():
                found = matcher.check(upload).standing
                result[f"{name}, {how}"] = "; ".join(
                    f"{match.entry.id} {match.distance} {match.view}" for match in found
                )
    return result


def main() -> None:
    told = {"hashes": hashes(), "looked_up": looked_up(), "verdicts": verdicts()}
    text = json.dumps(told, indent=1) + "\n"
    if sys.argv[1:2] == ["-o"]:
        Path(sys.argv[2]).write_text(text, encoding="utf-8", newline="\n")
    else:
        sys.stdout.write(text)


if __name__ == "__main__":
    main()
