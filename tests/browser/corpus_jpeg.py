"""JPEG files for the corpus: sampling, scans, colour spaces and their markers, gamut, orientation, damage."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from corpus import CorpusFile, grey_of
from corpus_png import exif_of
from pictures_made import made
from PIL import Image

__all__ = ["jpeg_corpus", "segment", "with_markers"]

_JFIF = b"JFIF\0\1\1\0\0\1\0\1\0\0"


def segment(kind: int, body: bytes) -> bytes:
    """Return one segment."""
    return struct.pack(">BBH", 0xFF, kind, len(body) + 2) + body


def with_markers(data: bytes, *before: bytes, ids: tuple[int, ...] = ()) -> bytes:
    """Return a file with other application segments and names of its components."""
    out, at = bytearray(data[:2]), 2
    for each in before:
        out += each
    while True:
        kind, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        part = bytearray(data[at : at + 2 + length])
        if ids and kind in (0xC0, 0xC1, 0xC2):
            for number, name in enumerate(ids[: part[9]]):
                part[10 + 3 * number] = name
        if ids and kind == 0xDA:
            for number, name in enumerate(ids[: part[4]]):
                part[5 + 2 * number] = name
        if kind not in (0xE0, 0xEE):
            out += part
        at += 2 + length
        if kind == 0xDA:
            return bytes(out + data[at:])


def _saved(pixels: Any, mode: str = "RGB", *, made_in: str = "RGB", **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels, made_in if pixels.ndim == 3 else None).convert(mode).save(
        stream, "JPEG", **{"quality": 90, **options}
    )
    return stream.getvalue()


def _adobe(transform: int) -> bytes:
    return segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, transform))


def jpeg_corpus(rows: int = 80, cols: int = 104) -> Iterator[CorpusFile]:
    """Yield the files; those that need cjpeg only where that is installed."""
    one, two = made(1, rows, cols), made(2, rows, cols)

    def file(name: str, data: bytes, aside: str = "") -> CorpusFile:
        return CorpusFile(name=name, ending="jpg", data=data, aside=aside)

    for subsampling, progressive in product((0, 1, 2), (False, True)):
        how = "progressive" if progressive else "baseline"
        yield file(
            f"{how}, subsampling {subsampling}", _saved(one, subsampling=subsampling, progressive=progressive)
        )
    yield file("grey", _saved(one, "L"))
    yield file("grey, progressive", _saved(one, "L", progressive=True))
    yield file("restarts", _saved(one, restart_marker_blocks=2))
    yield file("red, green and blue", _saved(one, keep_rgb=True))
    yield file("four inks", _saved(one, "CMYK"))
    yield from _by_cjpeg(file, one)
    stored = {
        "luma and chroma": _saved(one, subsampling=0),
        "red, green and blue": _saved(one, keep_rgb=True),
    }
    names = {"1 2 3": (1, 2, 3), "R G B": (82, 71, 66), "0 1 2": (0, 1, 2)}
    for (what, data), (ids, numbers), transform in product(stored.items(), names.items(), (None, 0, 1, 2)):
        marks = [] if transform is None else [_adobe(transform)]
        adobe = "" if transform is None else f", Adobe {transform}"
        yield file(f"{what} called {ids}{adobe}", with_markers(data, *marks, ids=numbers))
        yield file(
            f"{what} called {ids}, JFIF{adobe}", with_markers(data, segment(0xE0, _JFIF), *marks, ids=numbers)
        )
    inks = _saved(one, "CMYK")
    for transform in (None, 0, 2):
        marks = [] if transform is None else [_adobe(transform)]
        yield file(f"four inks, Adobe {transform}", with_markers(inks, *marks))
    luma, other = grey_of(one), grey_of(two)
    flat = {"255 128": (255, 128), "128 255": (128, 255), "0 128": (0, 128), "255 0": (255, 0), "0 0": (0, 0)}
    for name, (blue, red) in flat.items():
        beyond = np.dstack([luma, np.full_like(luma, blue), np.full_like(luma, red)])
        data = _saved(beyond, "YCbCr", made_in="YCbCr")
        yield file(f"chroma {name} beyond what a screen shows", data)
    chroma = [np.where(other > level, 255, 0).astype(np.uint8) for level in (128, 100)]
    yield file(
        "chroma of another picture",
        _saved(np.dstack([luma, *chroma]), "YCbCr", made_in="YCbCr", subsampling=0),
    )
    for orientation in range(1, 9):
        exif = segment(0xE1, b"Exif\0\0" + exif_of(orientation))
        yield file(f"orientation {orientation}", with_markers(stored["luma and chroma"], exif))
    plain = stored["luma and chroma"]
    for kind in (1, 4, 8, 9, 13):
        exif = segment(0xE1, b"Exif\0\0" + exif_of(6, kind=kind))
        yield file(f"orientation of type {kind}", with_markers(plain, exif))
    exif, second = (segment(0xE1, b"Exif\0\0" + exif_of(each)) for each in (6, 3))
    yield file("two orientations", with_markers(plain, exif, second))
    yield file(
        "an orientation, big end first",
        with_markers(plain, segment(0xE1, b"Exif\0\0" + exif_of(6, order=">"))),
    )
    yield from _damaged(file, one)


def _by_cjpeg(file: Any, one: Any) -> Iterator[CorpusFile]:
    program = shutil.which("cjpeg")
    if program is None:
        return
    stream = io.BytesIO()
    Image.fromarray(one).save(stream, "PPM")
    ways = {f"sampling {each}": ["-sample", each] for each in (
        "1x2", "4x1", "4x2", "1x4", "2x4", "3x1", "2x2,2x1,1x2", "1x1,2x2,2x2", "2x1,1x1,2x1", "1x1,1x1,2x2",
    )}  # fmt: skip
    ways |= {f"{name}, progressive": [*options, "-progressive"] for name, options in list(ways.items())}
    ways |= {
        "arithmetic": ["-arithmetic"], "arithmetic, progressive": ["-arithmetic", "-progressive"],
        "quality 5": ["-quality", "5"], "smoothed": ["-smooth", "30"],
    }  # fmt: skip
    for name, options in ways.items():
        done = subprocess.run(
            [program, "-quality", "90", *options], input=stream.getvalue(), capture_output=True, check=True
        )
        yield file(name, done.stdout)


def _damaged(file: Any, one: Any) -> Iterator[CorpusFile]:
    kinds = {
        "baseline": _saved(one, subsampling=2), "full chroma": _saved(one, subsampling=0),
        "restarts": _saved(one, restart_marker_blocks=4), "grey": _saved(one, "L"),
        "progressive": _saved(one, progressive=True),
    }  # fmt: skip
    for name, data in kinds.items():
        pixels = data.index(b"\xff\xda")
        for share in (0.3, 0.6, 0.9):
            cut = data[: pixels + int((len(data) - pixels) * share)]
            aside = "a row of blocks at most" if name == "grey" and share == 0.3 else ""
            yield file(f"{name}, cut at {share}", cut, aside)
        yield file(f"{name}, without its end", data[:-2])
        ended = bytearray(data)
        ended[len(data) * 3 // 4 : len(data) * 3 // 4 + 2] = b"\xff\xd9"
        yield file(f"{name}, with an end within", bytes(ended))
    yield file("something behind the end", kinds["baseline"] + b"junk" * 99)
    yield file("fill between segments", kinds["baseline"][:20] + b"\xff\xff" + kinds["baseline"][20:])
