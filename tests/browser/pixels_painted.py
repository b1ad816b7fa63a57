"""What Chromium paints of every file of the corpus: some view that is looked up is near to it, at `fast` already.

Not collected by default, as it needs Chromium: ``make check-browser``. TIFF, which it does not paint, is held against
the pictures it was made of, and ImageMagick and libvips as second opinions where they are installed.
"""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from corpus import CorpusFile
from corpus_bmp import bmp_corpus
from corpus_fresh import fresh_corpus
from corpus_gain import gain_corpus
from corpus_gif import gif_corpus
from corpus_items import items_corpus
from corpus_jpeg import jpeg_corpus
from corpus_odd_bmp import odd_bmp_corpus
from corpus_odd_gif import odd_gif_corpus
from corpus_odd_jpeg import odd_jpeg_corpus
from corpus_odd_png import odd_png_corpus
from corpus_odd_video import odd_avif_corpus, odd_webp_corpus
from corpus_png import png_corpus
from corpus_tiff import TiffFile, tiff_corpus
from corpus_video import avif_corpus, webp_corpus
from painter import Painted, paint
from PIL import Image

from safehash.errors import ImageError, UnreadableImage
from safehash.hashing.compute import hash_array, hash_decoded, reduction_for
from safehash.hashing.hashes import Algorithm, Hash
from safehash.images.decoding import decode_frames
from safehash.images.limits import MIN_SIDE
from safehash.images.pictures import Decoded, Effort

UInt8Array = npt.NDArray[np.uint8]

#: Bits between what is painted and the nearest view.
NEAR = 10
#: Flatter than this a picture's hash means nothing.
_LEAST_QUALITY = 20

CORPORA: dict[str, Callable[[], Iterator[CorpusFile]]] = {
    "png": png_corpus,
    "gif": gif_corpus,
    "bmp": bmp_corpus,
    "jpeg": jpeg_corpus,
    "webp": webp_corpus,
    "avif": avif_corpus,
    "gain maps": gain_corpus,
    "odd png": odd_png_corpus,
    "odd gif": odd_gif_corpus,
    "odd bmp": odd_bmp_corpus,
    "odd jpeg": odd_jpeg_corpus,
    "odd webp": odd_webp_corpus,
    "odd avif": odd_avif_corpus,
    "fresh": fresh_corpus,
    "items": items_corpus,
}
#: Endings of files that may be animations.
ANIMATED = ("png", "gif", "webp", "avif")


def on_white(painted: UInt8Array) -> UInt8Array:
    """Return pixels with straight alpha on white."""
    alpha = painted[..., 3:].astype(np.float64) / 255
    mixed: UInt8Array = np.rint(painted[..., :3] * alpha + 255 * (1 - alpha)).astype(np.uint8)
    return mixed


def views_of(frame: Decoded, effort: Effort = "standard") -> dict[str, Hash]:
    """Return the hash of every picture of a frame that an effort looks up, by its name."""
    found = {"as it is": hash_decoded(frame, algorithm=Algorithm.PDQ)}
    for number, also in enumerate(frame.also):
        if also.effort == "fast" or (effort != "fast" and also.effort != "thorough"):
            try:
                found[f"{number} {also.name}"] = hash_decoded(also.make(), algorithm=Algorithm.PDQ)
            except UnreadableImage:
                assert also.plain, "only what a tool cannot read either may be missing"
    return found


def far_from_painted(file: CorpusFile, painted: Painted) -> list[str]:
    """Return what of a file is painted and not looked up, by `fast` or by `standard`."""
    shown: dict[int, UInt8Array] = {frame: pixels for frame, (pixels, _) in painted.frames.items()}
    if painted.picture is not None:
        shown[0] = painted.picture  # what a page shows; frames come out of another decoder's hands
    wanted = {
        frame: hash_array(on_white(pixels))
        for frame, pixels in shown.items()
        if min(pixels.shape[:2]) >= MIN_SIDE
    }
    wanted = {frame: value for frame, value in wanted.items() if (value.quality or 0) >= _LEAST_QUALITY}
    if not wanted:
        return []
    return [*_far_at(file, wanted, "fast"), *_far_at(file, wanted, "standard")]


def _far_at(file: CorpusFile, wanted: dict[int, Hash], effort: Effort) -> list[str]:
    try:
        frames = list(decode_frames(file.data, step_for=reduction_for, effort=effort))
    except ImageError as exc:
        return [f"{file.name}: {type(exc).__name__}: {exc}"]
    far = []
    for number, value in wanted.items():
        if number >= len(frames):
            far.append(f"{file.name}: frame {number} of {len(frames)} at {effort}")
            continue
        distances = {name: view.distance(value) for name, view in views_of(frames[number], effort).items()}
        if min(distances.values()) > NEAR:
            far.append(f"{file.name}, frame {number}, {effort}, quality {value.quality}: {distances}")
    return far


@pytest.mark.parametrize("name", CORPORA)
def test_some_view_is_what_is_painted(name: str) -> None:
    files = list(CORPORA[name]())
    frames = ["all" if file.ending in ANIMATED else None for file in files]
    painted = paint([file.data for file in files], frames)
    counts: Counter[str] = Counter(files=len(files))
    far: list[str] = []
    for file, seen in zip(files, painted, strict=True):
        counts["painted"] += seen.picture is not None
        counts["frames"] += len(seen.frames)
        missed = far_from_painted(file, seen)
        if file.aside:
            counts["set aside"] += 1
        else:
            far += missed
    print(name, dict(counts))
    assert far == []
    assert counts["painted"] > 0.9 * (len(files) - counts["set aside"])


# -- formats that no browser paints ------------------------------------------------------------------------


def test_tiff_is_the_picture_it_was_made_of() -> None:
    far = []
    for file in tiff_corpus():
        (frame,) = decode_frames(file.data, step_for=reduction_for, effort="standard")
        apart = hash_decoded(frame, algorithm=Algorithm.PDQ).distance(
            hash_array(np.ascontiguousarray(file.shown))
        )
        if apart > NEAR:
            far.append(f"{file.name}: {apart}")
    assert far == []


_FLAT = ["-background", "white", "-alpha", "remove", "-colorspace", "sRGB", "-depth", "8"]
_SECOND_OPINIONS = {
    "ImageMagick": ["convert", "{}[0]", *_FLAT, "{}.png"],
    "libvips": ["vips", "copy", "{}", "{}.png"],
}
#: Where one of them is alone, by a part of the name.
_ALONE = {
    "ImageMagick": {
        "grey of 2 bits, white is zero": "does not invert them",
        "grey of 4 bits, white is zero": "does not invert them",
    },
    "libvips": {
        "planes, tiles": "does not read them",
        "four inks": "has a profile of its own for them",
    },
}


@pytest.mark.parametrize("name", _SECOND_OPINIONS)
def test_tiff_is_what_another_viewer_shows_where_viewers_agree(name: str, tmp_path: Path) -> None:
    command = _SECOND_OPINIONS[name]
    if shutil.which(command[0]) is None:
        pytest.fail(f"this check needs {name}")
    far: list[str] = []
    n_agreeing = 0
    for file in tiff_corpus():
        if file.others != "agree" or any(part in file.name for part in _ALONE[name]):
            continue
        missed = _far_from(file, command, tmp_path)
        far += missed
        n_agreeing += not missed
    print(f"{name} agrees on {n_agreeing} files")
    assert far == []
    assert n_agreeing > 80


def _far_from(file: TiffFile, command: list[str], folder: Path) -> list[str]:
    source, target = folder / "one.tif", folder / "one.tif.png"
    source.write_bytes(file.data)
    target.unlink(missing_ok=True)
    done = subprocess.run(
        [each.replace("{}", str(source)) for each in command], capture_output=True, check=False
    )
    if done.returncode or not target.exists():
        return [f"{file.name}: not read: {done.stderr.decode(errors='replace')[:80]}"]
    with Image.open(target) as image:
        pixels = np.asarray(image.convert("RGBA"))
    shown = hash_array(on_white(pixels))
    (frame,) = decode_frames(file.data, step_for=reduction_for, effort="standard")
    distances = {view: value.distance(shown) for view, value in views_of(frame).items()}
    return [f"{file.name}: {distances}"] if min(distances.values()) > NEAR else []
