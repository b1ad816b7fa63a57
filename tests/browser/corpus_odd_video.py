"""AVIF and WebP files that combine what the corpus has one by one: matrices, ranges, turns, boxes."""

from __future__ import annotations

import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from corpus import EMPTY, CorpusFile, ramp_like
from corpus_png import exif_of
from corpus_video import animated_webp, saved, webp_chunk
from pictures_made import made
from PIL import Image
from profiles_made import DISPLAY_P3, gamma, matrix_profile

__all__ = ["odd_avif_corpus", "odd_webp_corpus"]

_ADDED = (
    "alpha that is not announced: Chromium adds up the colours of frames behind the first, others mix them"
)
#: By the end of the name.
_EMPTY_FILES = (
    "an animation announced", "a larger canvas", "two pictures", "called shorter", "animation, not announced",
    "animation, cut at 0.3", "animation beyond its canvas", "a frame beside its canvas",
)  # fmt: skip
_FLAT = {"quality": 90}


def _riff(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _inner(still: bytes) -> list[bytes]:
    """Return the chunks of a WebP file that hold its pixels."""
    found, at = [], 12
    while at + 8 <= len(still):
        length = struct.unpack_from("<I", still, at + 4)[0]
        end = at + 8 + length + length % 2
        if still[at : at + 4] in (b"ALPH", b"VP8 ", b"VP8L"):
            found.append(still[at:end])
        at = end
    return found


def _head(flags: int, cols: int, rows: int) -> bytes:
    sides = b"".join((side - 1).to_bytes(3, "little") for side in (cols, rows))
    return webp_chunk(b"VP8X", struct.pack("<I", flags) + sides)


def odd_webp_corpus(rows: int = 80, cols: int = 104) -> Iterator[CorpusFile]:
    """Yield the files."""
    one, two, three = (made(seed, rows, cols) for seed in (1, 2, 3))
    ramp = ramp_like(one)
    clear = np.dstack([one, ramp])
    profile = matrix_profile(DISPLAY_P3, gamma(1.0))

    def file(name: str, data: bytes, aside: str = "") -> CorpusFile:
        aside = EMPTY if name.endswith(_EMPTY_FILES) else aside
        return CorpusFile(name=name, ending="webp", data=data, aside=aside)

    for name, options in (("lossy", _FLAT), ("lossless", {"lossless": True})):
        for what, picture in (("colour", one), ("alpha", clear)):
            still = saved(picture, "WEBP", exact=True, **options)
            pixels = _inner(still)
            flags = 0x10 if what == "alpha" else 0
            label = f"{name}, {what}"
            yield file(
                f"{label}, a profile", saved(picture, "WEBP", exact=True, icc_profile=profile, **options)
            )
            yield file(f"{label}, no alpha announced", _riff(_head(0, cols, rows), *pixels))
            yield file(f"{label}, alpha announced", _riff(_head(0x10, cols, rows), *pixels))
            yield file(f"{label}, an animation announced", _riff(_head(flags | 2, cols, rows), *pixels))
            yield file(f"{label}, a larger canvas", _riff(_head(flags, cols * 2, rows * 2), *pixels))
            yield file(
                f"{label}, a chunk before",
                _riff(_head(flags, cols, rows), webp_chunk(b"ABCD", b"xyz"), *pixels),
            )
            yield file(
                f"{label}, a chunk behind",
                _riff(_head(flags, cols, rows), *pixels, webp_chunk(b"ABCD", b"xyz")),
            )
            yield file(
                f"{label}, a profile not announced",
                _riff(_head(flags, cols, rows), webp_chunk(b"ICCP", profile), *pixels),
            )
            yield file(
                f"{label}, a profile behind",
                _riff(_head(flags | 0x20, cols, rows), *pixels, webp_chunk(b"ICCP", profile)),
            )
            yield file(
                f"{label}, two pictures",
                _riff(_head(flags, cols, rows), *pixels, *_inner(saved(two, "WEBP", **options))),
            )
            turned = webp_chunk(b"EXIF", exif_of(6))
            yield file(f"{label}, EXIF not announced", _riff(_head(flags, cols, rows), *pixels, turned))
            yield file(f"{label}, EXIF before", _riff(_head(flags | 8, cols, rows), turned, *pixels))
            yield file(
                f"{label}, EXIF with a head",
                _riff(_head(flags | 8, cols, rows), *pixels, webp_chunk(b"EXIF", b"Exif\0\0" + exif_of(6))),
            )
            yield file(f"{label}, junk behind", still + b"junk" * 20)
            yield file(f"{label}, called longer", still[:4] + struct.pack("<I", len(still) + 100) + still[8:])
            yield file(f"{label}, called shorter", still[:4] + struct.pack("<I", len(still) - 60) + still[8:])
    stills = [
        saved(np.dstack([each, alpha]), "WEBP", lossless=True, exact=True)
        for each, alpha in ((one, np.full_like(ramp, 255)), (two, ramp), (three, ramp[:, ::-1]))
    ]
    lossy = [
        saved(np.dstack([each, alpha]), "WEBP", quality=90, exact=True)
        for each, alpha in ((one, np.full_like(ramp, 255)), (two, ramp), (three, ramp[:, ::-1]))
    ]
    for name, kinds in (("lossless", stills), ("lossy", lossy)):
        frames = [(each, 0, 0, how) for each, how in zip(kinds, (0, 1, 2), strict=True)]
        data = animated_webp((cols, rows), frames, 0)
        yield file(f"{name} animation", data)
        head, rest = data[12:30], data[30:]
        yield file(
            f"{name} animation, a profile",
            _riff(head[:8] + bytes([head[8] | 0x20]) + head[9:], webp_chunk(b"ICCP", profile), rest),
        )
        yield file(
            f"{name} animation, turned by EXIF",
            _riff(head[:8] + bytes([head[8] | 8]) + head[9:], rest, webp_chunk(b"EXIF", exif_of(6))),
        )
        yield file(
            f"{name} animation, not announced", _riff(head[:8] + bytes([head[8] & ~2]) + head[9:], rest)
        )
        yield file(
            f"{name} animation, no alpha announced",
            _riff(head[:8] + bytes([head[8] & ~0x10]) + head[9:], rest),
            _ADDED,
        )
        for share in (0.3, 0.5, 0.8):
            yield file(f"{name} animation, cut at {share}", data[: int(len(data) * share)])
        yield file(f"{name} animation of one frame", animated_webp((cols, rows), frames[1:2], 0xFF00FF00))
        small = animated_webp((cols // 2, rows // 2), frames, 0)
        yield file(f"{name} animation beyond its canvas", small)
        away = [(kinds[0], 0, 0, 0), (kinds[1], cols, 0, 0), (kinds[2], 0, 0, 0)]
        yield file(f"{name} animation with a frame beside its canvas", animated_webp((cols, rows), away, 0))


def odd_avif_corpus(rows: int = 80, cols: int = 104) -> Iterator[CorpusFile]:
    """Yield the files; none without avifenc."""
    program = shutil.which("avifenc")
    if program is None:
        return
    one, two, three = (made(seed, rows, cols) for seed in (1, 2, 3))
    clear = [np.dstack([each, ramp_like(each)]) for each in (one, two, three)]

    def encoded(options: Sequence[str], *pictures: Any) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            sources = []
            for number, each in enumerate(pictures):
                sources.append(str(Path(folder) / f"{number}.png"))
                Image.fromarray(each).save(sources[-1])
            target = Path(folder) / "out.avif"
            quality = [] if "--lossless" in options else ["--min", "4", "--max", "12"]
            command = [program, "-s", "9", *quality, *options, *sources, str(target)]
            done = subprocess.run(command, capture_output=True, check=False)
            return target.read_bytes() if done.returncode == 0 else b""

    def file(name: str, data: bytes, aside: str = "") -> Iterator[CorpusFile]:
        if data:
            yield CorpusFile(name=name, ending="avif", data=data, aside=aside)
        else:
            print("avifenc refuses", name)

    for matrix, depth, span in product((0, 1, 4, 5, 6, 7, 8, 9), ("8", "10"), ("full", "limited")):
        options = ["--cicp", f"1/13/{matrix}", "--depth", depth, "--range", span, "--yuv", "444"]
        name = f"matrix {matrix}, {depth} bits, {span} range"
        yield from file(name, encoded(options, one))
        if matrix in (0, 1, 6, 8, 9):
            yield from file(f"an animation, {name}", encoded(options, one, two, three))
    for depth, shared, span in product(("8", "10", "12"), ("444", "422", "420", "400"), ("full", "limited")):
        options = ["--depth", depth, "--yuv", shared, "--range", span]
        yield from file(
            f"an animation, {depth} bits, {shared}, {span} range", encoded(options, one, two, three)
        )
    for options in ([], ["--premultiply"], ["--range", "limited"], ["--lossless"]):
        yield from file(f"an animation with alpha {' '.join(options)}", encoded(options, *clear))
        yield from file(f"alpha {' '.join(options)}", encoded(options, clear[1]))
    yield from file("key frames", encoded(["--keyframe", "1"], one, two, three))
    for turn in (
        ["--irot", "1"],
        ["--imir", "1"],
        ["--irot", "3", "--imir", "0"],
        ["--crop", "0,0,64,48"],
        ["--pasp", "2,1"],
    ):
        yield from file(f"an animation {' '.join(turn)}", encoded([*turn, "--yuv", "444"], one, two, three))
        yield from file(f"a picture {' '.join(turn)}", encoded([*turn, "--yuv", "444"], one))
    yield from file("a grid", encoded(["--grid", "2x2"], made(1, 160, 256)))
    yield from file(
        "a grid with alpha",
        encoded(["--grid", "2x2"], np.dstack([made(1, 160, 256), ramp_like(made(1, 160, 256))])),
    )
    yield from file("film grain", encoded(["-a", "film-grain-test=5"], one))
    yield from file("tiles", encoded(["--tilerowslog2", "1", "--tilecolslog2", "1"], made(1, 256, 320)))
    with tempfile.TemporaryDirectory() as folder:
        exif, icc = Path(folder) / "exif", Path(folder) / "icc"
        exif.write_bytes(exif_of(6))
        icc.write_bytes(matrix_profile(DISPLAY_P3, gamma(1.0)))
        yield from file("turned by EXIF alone", encoded(["--exif", str(exif)], one))
        yield from file("a profile", encoded(["--icc", str(icc)], one))
        yield from file("an animation with a profile", encoded(["--icc", str(icc)], one, two))
        yield from file("a profile and alpha", encoded(["--icc", str(icc)], clear[0]))
        yield from file("a profile and a turn", encoded(["--icc", str(icc), "--irot", "1"], one))
        yield from file(
            "a profile and an aperture",
            encoded(["--icc", str(icc), "--crop", "0,0,64,48", "--yuv", "444"], one),
        )
    yield from _two_pictures(file, encoded(["--keyframe", "1"], one, two, three))


def _two_pictures(file: Any, data: bytes) -> Iterator[CorpusFile]:
    """Yield files whose still picture is another one than their animation shows first."""
    if not data:
        return
    sizes, chunks = data.index(b"stsz") + 8, data.index(b"stco") + 8
    first = int.from_bytes(data[chunks + 4 : chunks + 8], "big")
    n_frames = int.from_bytes(data[sizes + 4 : sizes + 8], "big")
    lengths = [int.from_bytes(data[sizes + 8 + 4 * k : sizes + 12 + 4 * k], "big") for k in range(n_frames)]
    place = data.index(b"iloc")
    stands = data.index(struct.pack(">II", first, lengths[0]), place)
    last = struct.pack(">II", first + sum(lengths[:-1]), lengths[-1])
    two = data[:stands] + last + data[stands + 8 :]
    for brand in (b"avif", b"avis"):
        name = f"its first brand is {brand.decode()}"
        yield from file(f"an animation, {name}", data[:8] + brand + data[12:])
        yield from file(f"an animation and another still picture, {name}", two[:8] + brand + two[12:])
