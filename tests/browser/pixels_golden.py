"""Write small files of the corpora, and what Chromium paints of each, into tests/data/painted: pixels and odd ones."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from corpus import CorpusFile
from corpus_bmp import bmp_corpus
from corpus_gif import gif_corpus
from corpus_items import items_corpus
from corpus_jpeg import jpeg_corpus
from corpus_odd_bmp import odd_bmp_corpus
from corpus_odd_gif import odd_gif_corpus
from corpus_odd_jpeg import odd_jpeg_corpus
from corpus_odd_png import odd_png_corpus
from corpus_odd_video import odd_avif_corpus, odd_webp_corpus
from corpus_png import png_corpus
from corpus_tiff import tiff_corpus
from corpus_video import avif_corpus, webp_corpus
from painter import chromium_version, paint
from pixels_painted import on_white

from safehash.hashing.compute import hash_array

TARGET = Path(__file__).parent.parent / "data" / "painted"
ROWS, COLS = 44, 56

#: Names of files, by the ending of theirs.
CHOSEN = {
    "png": (
        "1 bits of colour type 0", "4 bits of colour type 3, interlaced", "8 bits of colour type 6, interlaced",
        "16 bits of colour type 0", "16 bits of colour type 4", "a transparent grey of 4 bits",
        "a transparent grey of 16 bits", "transparency before the palette", "indices beyond the palette",
        "turned by EXIF", "turned by a long number", "texts that name what is no text", "cut at 0.4",
        "cut at 0.1, interlaced", "cut at 0.7, interlaced", "too few rows in a whole stream",
        "dispose 1, blend 1, first frame opaque", "dispose 2, blend 0, first frame transparent",
        "dispose 2, blend 1, first frame opaque", "dispose 0, blend 1, first frame transparent",
        "a hidden default image", "a hidden default image, first frame smaller", "three frames that are called 2",
        "three frames that are called 0", "a frame beyond the canvas", "frames of indices", "frames with a key",
        "an animation announced behind its first control",
    ),
    "gif": (
        "interlaced", "indices beyond the palette", "a canvas without sides", "a first frame beyond the canvas",
        "a first frame that is smaller", "a second frame beyond the canvas",
        "a second frame wholly beyond the canvas", "two control blocks, first control has a key",
        "two control blocks, second control has a key", "disposal 2, first frame opaque, whole",
        "disposal 2, first frame with a key, smaller", "disposal 3, first frame opaque, whole",
        "disposal 3, first frame opaque, smaller", "disposal 4, first frame with a key, whole",
        "disposal 6, first frame opaque, whole", "cut at 0.6", "cut at 0.3 interlaced", "damaged codes",
    ),
    "bmp": (
        "header 12, 4 bits", "header 16, 8 bits", "header 40, 2 bits", "header 40, masks 4:4:4",
        "header 108, alpha", "header 108, alpha without a mask", "header 40, alpha", "header 56, masks 4:4:4:4",
        "header 124, masks 11:11:10", "indices beyond the palette", "no place of the pixels", "top row first, cut",
        "runs that skip columns", "runs that end early", "runs of 4 bits", "runs of 24 bits", "cut at 0.7",
    ),
    "jpg": (
        "progressive, subsampling 2", "four inks", "arithmetic", "sampling 2x2,2x1,1x2", "sampling 1x4",
        "luma and chroma called R G B", "red, green and blue called 1 2 3, JFIF, Adobe 0",
        "red, green and blue called 1 2 3, Adobe 0", "four inks, Adobe 0",
        "chroma 255 128 beyond what a screen shows", "chroma of another picture", "orientation 6",
        "orientation of type 4", "two orientations", "baseline, cut at 0.6", "full chroma, without its end",
        "grey, cut at 0.6", "progressive, cut at 0.9",
    ),
    "webp": (
        "lossy, alpha", "lossless, EXIF", "animation, way 1, first frame transparent, background ff3366cc",
        "animation, way 2, first frame opaque, background 0", "animation, first frame smaller",
    ),
    "avif": ("12 bits, 422", "10 bits, 400", "alpha", "animation", "turn 1, mirror 0", "premultiplied alpha"),
    "tif": (
        "grey of 16 bits, white is zero, big end first", "grey of 12 bits, black is zero, little end first",
        "grey of 32 bits, black is zero, little end first", "signed, 16 bits, all of them, big end first",
        "a palette of 8 bits, colours of 8 bits in 16", "differences of floats of 32 bits, planes, little end first",
        "colour of 16 bits, compression 5, predictor 2, planes, tiles, big end first",
        "colour of 16 bits with associated alpha", "chroma shared 2 x 2, compression 1", "BigTIFF, >",
    ),
}  # fmt: skip
ODD = {
    "jpg": (
        "baseline, gamma 1.0, cut at 0.75", "full chroma, gamma 4.0, cut at 0.35", "four inks, cut at 0.75",
        "grey, gamma 1.0, cut at 0.75", "turned by EXIF, cut at 0.75", "EXIF that is empty before EXIF",
        "an upright EXIF before a turned one", "EXIF behind the tables", "EXIF with another filling",
        "progressive, chroma 0, cut at 0.45 of its first scan", "progressive, chroma 2, cut at 0.72 of its first scan",
        "a profile in two parts, second first", "a profile that lacks a part", "restarts of rows, inks, cut",
        "one component a scan, cut at 0.6", "luma and red, then blue, cut at 0.6", "arithmetic, colour, cut",
        "no tables of codes", "fewer rows announced than there are", "two pictures, one behind the other",
    ),
    "png": (
        "EXIF with a head", "an animation, gamma 1.0, a hidden image", "an animation turned 6, a hidden image",
        "all frames restore", "frames of 2 bits", "an interlaced animation cut at 0.7", "pieces out of order",
        "indices and alpha, a profile, interlaced, cut", "a transparent colour of 16 bits that none has",
        "junk behind packed pixels", "a second frame that is damaged", "two transparencies", "an end within",
    ),
    "gif": (
        "codes that end within", "codes beyond the table", "restored to what was cleared", "letters between frames",
        "a later frame larger than its canvas", "three frames, cut at 0.7", "a first frame without sides",
        "interlaced, 3 lines first", "control, text, frame", "a key beyond the palette", "an animation of version 87a",
    ),
    "bmp": (
        "a profile before the pixels, alpha", "a jump over the right side", "runs of 4 bits of two colours",
        "indices, pixels beyond the end", "runs and indices beyond the palette", "true colour, nine planes",
    ),
    "webp": (
        "lossless, alpha, no alpha announced", "lossy animation, a profile", "lossless animation, cut at 0.8",
        "lossy, colour, a profile behind",
    ),
    "avif": (
        "an animation with alpha --premultiply", "an animation with a profile", "an animation --irot 1",
        "an animation, 10 bits, 420, full range", "turned by EXIF alone", "matrix 8, 10 bits, full range",
        "an animation and another still picture, its first brand is avis",
    ),
}  # fmt: skip
ITEMS = {
    "avif": (
        "another picture before the primary one", "what is not there before another one",
        "what nobody knows before another one", "another picture, turned, first", "another picture in light first",
        "a thumbnail that is the primary picture", "alpha of 1 and 2", "alpha of each of two alternatives",
        "pictures one over the other, turn 3", "pictures on a red canvas, turn None",
        "pictures before the canvas, turn None", "pictures one over the other, turn 1, mirror 0",
        "pictures one over the other, alpha of 1", "pictures in light, one over the other",
    ),
    "png": (
        "a gamma behind a profile for grey", "a gamma behind a profile that is cut",
        "indices beyond the palette, a gamma", "indices beyond the palette, a gamma, transparency",
    ),
    "tif": ("a palette of 8 bits with unassociated alpha", "a palette of 4 bits with associated alpha"),
}  # fmt: skip


class Folder(NamedTuple):
    """What is written into one folder: names by ending, and the corpora that have them."""

    chosen: dict[str, tuple[str, ...]]
    corpora: tuple[Callable[[int, int], Iterator[CorpusFile]], ...]


FOLDERS = {
    "pixels": Folder(CHOSEN, (png_corpus, gif_corpus, bmp_corpus, jpeg_corpus, webp_corpus, avif_corpus)),
    "odd": Folder(
        ODD,
        (odd_png_corpus, odd_gif_corpus, odd_bmp_corpus, odd_jpeg_corpus, odd_webp_corpus, odd_avif_corpus),
    ),
    "items": Folder(ITEMS, (items_corpus, odd_png_corpus)),
}


def main() -> int:
    missing = [write(name) for name in sys.argv[1:] or FOLDERS]
    return any(missing)


def write(folder: str) -> bool:
    """Write one folder; tell whether a file was not in the corpus."""
    chosen_names, corpora = FOLDERS[folder]
    target = TARGET / folder
    files: list[CorpusFile] = [file for corpus in corpora for file in corpus(ROWS, COLS)]
    chosen = [file for file in files if file.name in chosen_names[file.ending]]
    painted = paint([file.data for file in chosen], ["all"] * len(chosen))
    missing = {(ending, name) for ending, names in chosen_names.items() for name in names}
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    rows = [
        f"# PDQ of what {chromium_version()} paints on white of files that pixels_golden.py wrote; of TIFF, which it "
        "does not paint, of the pictures they were made of",
        "file\tframe\tdigest\tquality\twhat",
    ]
    for number, (file, seen) in enumerate(zip(chosen, painted, strict=True)):
        missing.discard((file.ending, file.name))
        name = f"{number:03d}.{file.ending}"
        (target / name).write_bytes(file.data)
        # An <img> is what a page shows; frames are painted one by one.
        shown = {frame: pixels for frame, (pixels, _) in seen.frames.items() if len(seen.frames) > 1}
        shown |= {0: seen.picture} if seen.picture is not None else {}
        for frame, pixels in sorted(shown.items()):
            value = hash_array(on_white(pixels))
            rows.append(f"{name}\t{frame}\t{value.hex}\t{value.quality}\t{file.name}")
    for number, each in enumerate(tiff_corpus(ROWS, COLS) if "tif" in chosen_names else ()):
        if each.name in chosen_names["tif"]:
            missing.discard(("tif", each.name))
            name = f"t{number:03d}.tif"
            (target / name).write_bytes(each.data)
            value = hash_array(each.shown)
            rows.append(f"{name}\t0\t{value.hex}\t{value.quality}\t{each.name}")
    (target / "painted.tsv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    print(f"{folder}: {len(rows) - 2} pictures; not in the corpus: {sorted(missing) or 'none'}")
    return bool(missing)


if __name__ == "__main__":
    sys.exit(main())
