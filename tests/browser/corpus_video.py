"""WebP and AVIF files for the corpus: lossy, lossless, alpha, animations, turns, apertures, depths, grids."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from corpus import CorpusFile, ramp_like
from corpus_png import exif_of
from pictures_made import made
from PIL import Image

__all__ = ["animated_webp", "avif_corpus", "saved", "webp_chunk", "webp_corpus"]


def saved(pixels: Any, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form, **options)
    return stream.getvalue()


def webp_chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def animated_webp(size: tuple[int, int], frames: list[tuple[bytes, int, int, int]], background: int) -> bytes:
    """Write an animated WebP of still ones: each with its place and flags (1 cleared behind it, 2 not mixed)."""
    flags = 0x02 | 0x10
    sides = b"".join((side - 1).to_bytes(3, "little") for side in size)
    parts = [webp_chunk(b"VP8X", struct.pack("<I", flags) + sides)]
    parts.append(webp_chunk(b"ANIM", struct.pack("<IH", background, 0)))
    for still, left, top, how in frames:
        with Image.open(io.BytesIO(still)) as image:
            cols, rows = image.size
        head = b"".join(
            value.to_bytes(3, "little") for value in (left // 2, top // 2, cols - 1, rows - 1, 100)
        )
        inner, at = b"", 12
        while at + 8 <= len(still):
            length = struct.unpack_from("<I", still, at + 4)[0]
            if still[at : at + 4] in (b"ALPH", b"VP8 ", b"VP8L"):
                inner += still[at : at + 8 + length + length % 2]
            at += 8 + length + length % 2
        parts.append(webp_chunk(b"ANMF", head + bytes([how]) + inner))
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp_corpus(rows: int = 80, cols: int = 104) -> Iterator[CorpusFile]:
    """Yield the files."""
    one, two, three = (made(seed, rows, cols) for seed in (1, 2, 3))
    ramp = ramp_like(one)

    def file(name: str, data: bytes, aside: str = "") -> CorpusFile:
        return CorpusFile(name=name, ending="webp", data=data, aside=aside)

    clear = np.dstack([one, ramp])
    for name, options in (("lossy", {"quality": 90}), ("lossless", {"lossless": True})):
        yield file(name, saved(one, "WEBP", **options))
        yield file(f"{name}, alpha", saved(clear, "WEBP", exact=True, **options))
        yield file(f"{name}, EXIF", saved(one, "WEBP", exif=exif_of(6), **options))
        whole = saved(one, "WEBP", **options)
        for share in (0.4, 0.9):
            yield file(
                f"{name}, cut at {share}",
                whole[: int(len(whole) * share)],
                "WebP that ends early is no picture here",
            )
    down, across = rows // 4 * 2, cols // 4 * 2
    stills = [saved(each, "WEBP", lossless=True, exact=True) for each in (
        np.dstack([one, np.full_like(ramp, 255)]), np.dstack([two, ramp])[:down, :across],
        np.dstack([three, ramp])[: down // 2, : across + 8], np.dstack([one, ramp])[:9, :9],
    )]  # fmt: skip
    clear_first = saved(clear, "WEBP", lossless=True, exact=True)
    for how, is_clear, background in product(range(4), (False, True), (0, 0xFF3366CC)):
        first = clear_first if is_clear else stills[0]
        frames = [
            (first, 0, 0, how),
            (stills[1], 20, 10, how),
            (stills[2], 30, 14, how),
            (stills[3], 2, 2, 0),
        ]
        start = "transparent" if is_clear else "opaque"
        data = animated_webp((cols, rows), frames, background)
        yield file(f"animation, way {how}, first frame {start}, background {background:x}", data)
    small = [(stills[1], 20, 10, 0), (stills[2], 30, 14, 1), (stills[1], 0, 0, 2)]
    yield file("animation, first frame smaller", animated_webp((cols, rows), small, 0))


_CLAPS = {
    "in the corner": (64, 1, 48, 1, -20, 1, -16, 1), "in the middle": (64, 1, 48, 1, 0, 1, 0, 1),
    "off the middle": (64, 1, 48, 1, -10, 1, -8, 1), "of everything": (104, 1, 80, 1, 0, 1, 0, 1),
}  # fmt: skip


def avif_corpus(rows: int = 80, cols: int = 104) -> Iterator[CorpusFile]:
    """Yield the files; those that need avifenc only where that is installed."""
    one, two, three = (made(seed, rows, cols) for seed in (1, 2, 3))

    def file(name: str, data: bytes, aside: str = "") -> CorpusFile:
        return CorpusFile(name=name, ending="avif", data=data, aside=aside)

    for subsampling in ("4:4:4", "4:2:2", "4:2:0"):
        yield file(subsampling, saved(one, "AVIF", quality=85, subsampling=subsampling, speed=9))
    clear = np.dstack([one, ramp_like(one)])
    yield file("alpha", saved(clear, "AVIF", quality=90, speed=9))
    yield file("narrow range", saved(one, "AVIF", quality=90, range="limited", speed=9))
    stream = io.BytesIO()
    images = [Image.fromarray(each) for each in (one, two, three)]
    images[0].save(stream, "AVIF", save_all=True, append_images=images[1:], duration=100, quality=85, speed=9)
    yield file("animation", stream.getvalue())
    for orientation in range(2, 9):
        exif = b"Exif\0\0" + exif_of(orientation)
        yield file(f"orientation {orientation}", saved(one, "AVIF", exif=exif, quality=85, speed=9))
    yield from _by_avifenc(file, one, clear)


def _by_avifenc(file: Any, one: Any, clear: Any) -> Iterator[CorpusFile]:
    program = shutil.which("avifenc")
    if program is None:
        return
    ways: dict[str, list[str]] = {}
    for depth, subsampling in product((8, 10, 12), ("444", "422", "420", "400")):
        ways[f"{depth} bits, {subsampling}"] = ["--depth", str(depth), "--yuv", subsampling]
    ways["10 bits, narrow range"] = ["--depth", "10", "--range", "limited"]
    ways["lossless"] = ["--lossless"]
    ways["premultiplied alpha"] = ["--premultiply"]
    rows, cols = one.shape[:2]
    for (name, clap), subsampling in product(_CLAPS.items(), ("444", "420")):
        if (rows, cols) == (80, 104):
            ways[f"aperture {name}, {subsampling}"] = [
                "--yuv",
                subsampling,
                "--clap",
                ",".join(map(str, clap)),
            ]
    for turn, mirror in product((None, 1, 2, 3), (None, 0, 1)):
        turns = [] if turn is None else ["--irot", str(turn)]
        turns += [] if mirror is None else ["--imir", str(mirror)]
        ways[f"turn {turn}, mirror {mirror}"] = turns
        if (rows, cols) == (80, 104):
            corner = ",".join(map(str, _CLAPS["in the corner"]))
            ways[f"turn {turn}, mirror {mirror}, aperture"] = [*turns, "--yuv", "444", "--clap", corner]
    with tempfile.TemporaryDirectory() as folder:
        for name, options in ways.items():
            source, target = Path(folder) / "in.png", Path(folder) / "out.avif"
            Image.fromarray(clear if "alpha" in name else one).save(source)
            quality = [] if "lossless" in name else ["--min", "4", "--max", "12"]
            subprocess.run(
                [program, "-s", "9", *quality, *options, str(source), str(target)],
                capture_output=True,
                check=True,
            )
            yield file(name, target.read_bytes())
