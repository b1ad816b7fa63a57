"""A third corpus: files that combine what the others have one by one, as tools of other makers write them."""

from __future__ import annotations

import io
import shutil
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from bmp_files import bmp, bmp_rows, masked_pixels
from corpus import EMPTY, CorpusFile, grey_of, ramp_like
from corpus_jpeg import segment, with_markers
from corpus_png import exif_of
from corpus_video import webp_chunk
from gif_files import GifFrame, gif, quantized
from pictures_made import made
from PIL import Image
from png_files import PngFrame, apng, chunk, png
from profiles_made import ADOBE_RGB, DISPLAY_P3, gamma, grey_profile, matrix_profile, srgb_curve

__all__ = ["fresh_corpus"]

_P3 = matrix_profile(DISPLAY_P3, gamma(1.0))
_888 = (0xFF0000, 0xFF00, 0xFF, 0)


def fresh_corpus(rows: int = 80, cols: int = 104) -> Iterator[CorpusFile]:
    """Yield the files; those that need avifenc or cwebp only where that is installed."""
    one, two, three = (made(seed, rows, cols) for seed in (1, 2, 3))
    yield from _png(one, two, three)
    yield from _gif(one, two, three)
    yield from _jpeg(one, two)
    yield from _bmp(one)
    if shutil.which("cwebp") is not None:
        yield from _webp(one, two)
    if shutil.which("avifenc") is not None:
        yield from _avif(one, two)


def _gama(value: float) -> bytes:
    return chunk(b"gAMA", round(value * 100000).to_bytes(4, "big"))


def _png(one: Any, two: Any, three: Any) -> Iterator[CorpusFile]:
    grey, ramp = grey_of(one), ramp_like(one)
    rows, cols = grey.shape
    turned = chunk(b"eXIf", exif_of(6))
    iccp = chunk(b"iCCP", b"p\0\0" + zlib.compress(_P3))
    corners = chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000))
    greys = chunk(b"PLTE", np.repeat(np.arange(256).astype(np.uint8), 3).tobytes())
    clear = chunk(b"tRNS", np.linspace(0, 255, 256).astype(np.uint8).tobytes())
    key = struct.pack(">H", int(np.bincount(grey.ravel()).argmax()))

    def file(name: str, data: bytes, aside: str = "") -> CorpusFile:
        return CorpusFile(name=name, ending="png", data=data, aside=aside)

    yield file("turned, a grey key, gamma", png(grey, 8, 0, before=turned + _gama(1.0) + chunk(b"tRNS", key)))
    wide = one.astype(np.uint16) * 257
    own = chunk(b"tRNS", struct.pack(">3H", *(int(each) * 257 for each in one[9, 9])))
    yield file("turned, a key of words, a profile", png(wide, 16, 2, before=iccp + own + turned))
    yield file(
        "turned, clear indices, gamma and corners",
        png(grey, 8, 3, before=turned + corners + _gama(0.8) + greys + clear),
    )
    yield file(
        "turned, clear indices, a profile, passes",
        png(grey, 8, 3, before=iccp + greys + clear + turned, interlaced=True),
    )
    yield file(
        "words and alpha, passes, Display P3 by numbers",
        png(
            np.dstack([wide, ramp.astype(np.uint16) * 257]), 16, 6,
            before=chunk(b"cICP", b"\x0c\x0d\0\1"), interlaced=True,
        ),
    )  # fmt: skip
    yield file("open numbers", png(one, 8, 2, before=chunk(b"cICP", b"\2\2\0\1") + _gama(1.0)))
    yield file("PQ and open primaries", png(one, 8, 2, before=chunk(b"cICP", b"\2\x10\0\1")))
    light = chunk(b"cLLI", struct.pack(">II", 5_000_000, 100_000))
    yield file("light of a screen without numbers", png(one, 8, 2, before=light + chunk(b"mDCV", bytes(24))))
    yield file("sRGB, gamma 1.0", png(one, 8, 2, before=chunk(b"sRGB", b"\0") + _gama(1.0)))
    yield file("a grey profile, indices", png(grey, 8, 3, before=chunk(
        b"iCCP", b"p\0\0" + zlib.compress(grey_profile(gamma(1.0)))) + greys))  # fmt: skip
    full = np.full((rows, cols), 255, np.uint8)
    for plays, delay in product((1, 7), ((0, 100), (0, 0), (1, 0))):
        frames = [
            PngFrame(samples=np.dstack([each, alpha]), delay=delay, blend=1, dispose=2)
            for each, alpha in ((one, full), (two, ramp), (three, ramp[:, ::-1]))
        ]
        data = bytearray(apng(cols, rows, 8, 6, frames, before=_gama(1.0) + turned))
        at = data.index(b"acTL")
        data[at + 8 : at + 12] = plays.to_bytes(4, "big")
        data[at + 12 : at + 16] = zlib.crc32(data[at : at + 12]).to_bytes(4, "big")
        yield file(f"frames of {delay[0]}/{delay[1]} s, {plays} times, turned, gamma", bytes(data))
    indexed = [
        PngFrame(samples=grey_of(each)[: rows - 9 * k, k:], left=k, blend=1, dispose=k % 3)
        for k, each in enumerate((one, two, three))
    ]
    yield file(
        "frames of clear indices, a profile", apng(cols, rows, 8, 3, indexed, before=iccp + greys + clear)
    )


def _gif(one: Any, two: Any, three: Any) -> Iterator[CorpusFile]:
    rows, cols = one.shape[:2]
    coded = [quantized(each, n) for each, n in ((one, 64), (two, 27), (three, 125))]
    for own, interlaced, disposal in product((True, False), (True, False), (0, 1, 2, 3)):
        frames = []
        for k, (indices, palette) in enumerate(coded):
            common = int(np.bincount(indices.ravel()).argmax())
            frames.append(
                GifFrame(
                    indices=indices[k * 5 :, k * 7 :],
                    left=k * 7,
                    top=k * 5,
                    palette=palette if own or k else None,
                    transparent=common if k else None,
                    disposal=disposal,
                    interlaced=interlaced,
                    delay=k,
                )
            )
        name = f"palettes of {'all' if own else 'later'} frames, keys, disposal {disposal}{', lines' * interlaced}"
        data = gif(cols, rows, frames, palette=coded[0][1], background=3)
        yield CorpusFile(name=name, ending="gif", data=data)


def _saved(pixels: Any, mode: str = "RGB", **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(stream, "JPEG", **{"quality": 90, **options})
    return stream.getvalue()


def _jpeg(one: Any, two: Any) -> Iterator[CorpusFile]:
    plain, inks = _saved(one), _saved(one, "CMYK")
    exif, other = (segment(0xE1, b"Exif\0\0" + exif_of(turn)) for turn in (6, 3))
    profile = segment(0xE2, b"ICC_PROFILE\0\1\1" + _P3)

    def adobe(transform: int) -> bytes:
        return segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, transform))

    def file(name: str, data: bytes, aside: str = "") -> CorpusFile:
        return CorpusFile(name=name, ending="jpg", data=data, aside=aside)

    for transform in (0, 1, 2):
        yield file(f"inks, Adobe {transform}, a profile", with_markers(inks, adobe(transform), profile))
        yield file(f"inks, Adobe {transform}, turned", with_markers(inks, exif, adobe(transform)))
        yield file(
            f"colour, Adobe {transform}, a profile, turned",
            with_markers(plain, adobe(transform), exif, profile),
        )
        yield file(f"grey, Adobe {transform}", with_markers(_saved(one, "L"), adobe(transform)))
    yield file("two turns", with_markers(plain, exif, other))
    yield file("two turns, the other first", with_markers(plain, other, exif))
    yield file("a turn, most significant byte first", with_markers(
        plain, segment(0xE1, b"Exif\0\0" + exif_of(8, order=">"))))  # fmt: skip
    index = b"MPF\0II*\0\x08\0\0\0\3\0" + b"".join(
        struct.pack("<HHII", *entry)
        for entry in ((0xB000, 7, 4, 0x30303130), (0xB001, 4, 1, 2), (0xB002, 7, 32, 50))
    )
    index += bytes(4) + struct.pack("<IIIHH", 0x30000, len(plain) + 90, 0, 0, 0)
    index += struct.pack("<IIIHH", 0, len(plain), len(plain), 0, 0)
    second = _saved(two)
    yield file("a second picture by index", with_markers(plain, segment(0xE2, index)) + second)
    yield file("a second picture by index, turned", with_markers(plain, exif, segment(0xE2, index)) + second)
    small = b"JFXX\0\x10" + _saved(two[:40, :40])
    jfif = segment(0xE0, b"JFIF\0\1\2\0\0\1\0\1\0\0")
    yield file("a small picture in JFXX", with_markers(plain, jfif, segment(0xE0, small)))
    yield file("a long remark", with_markers(plain, segment(0xFE, b"x" * 65000), exif))
    yield file("fill before segments", plain[:2] + b"\xff" * 9 + plain[2:])
    yield file("called extended", plain.replace(b"\xff\xc0", b"\xff\xc1", 1))
    profile_srgb = segment(0xE2, b"ICC_PROFILE\0\1\1" + matrix_profile(ADOBE_RGB, srgb_curve()))
    yield file("Adobe RGB with sRGB's curve, grey", with_markers(_saved(one, "L"), profile_srgb))


def _bmp(one: Any) -> Iterator[CorpusFile]:
    rows, cols = one.shape[:2]
    body = bmp_rows(masked_pixels(one, _888), 24)
    head = bytearray(bmp((cols, rows), 24, body, header=124, top_down=True))
    head[14 + 56 : 14 + 60] = b"DEBM"
    struct.pack_into("<II", head, 14 + 112, len(head) - 14, len(_P3))

    def file(name: str, data: bytes, aside: str = "") -> CorpusFile:
        return CorpusFile(name=name, ending="bmp", data=data, aside=aside)

    yield file("a profile, top row first", bytes(head) + _P3)
    for intent in (1, 2, 8):
        struct.pack_into("<I", head, 14 + 108, intent)
        yield file(f"a profile, intent {intent}", bytes(head) + _P3)
    for header, depth in product((16, 24, 32, 48, 60, 64), (8, 24)):
        grey = np.stack([np.arange(256)] * 3, 1).astype(np.uint8)
        values = (
            bmp_rows(grey_of(one)[::-1], 8) if depth == 8 else bmp_rows(masked_pixels(one[::-1], _888), 24)
        )
        data = bmp((cols, rows), depth, values, header=header, palette=grey if depth == 8 else None)
        yield file(f"a header of {header} bytes, {depth} bits", data)
    for name, packed, how in (
        ("a JPEG", _saved(one), 4), ("a PNG", png(one, 8, 2), 5), ("fax", bytes(99), 3),
    ):  # fmt: skip
        depth = 1 if name == "fax" else 0
        data = bmp((cols, rows), depth, packed, header=64 if name == "fax" else 40, compression=how)
        yield file(f"{name} inside", data, EMPTY)


def _run(command: Sequence[str], picture: Any, ending: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.png", Path(folder) / f"out.{ending}"
        Image.fromarray(picture).save(source)
        filled = [
            each.replace("{in}", str(source)).replace("{out}", str(target)).replace("{folder}", folder)
            for each in command
        ]
        (Path(folder) / "p3.icc").write_bytes(_P3)
        (Path(folder) / "turn.exif").write_bytes(exif_of(6))
        subprocess.run(filled, capture_output=True, check=True)
        return target.read_bytes()


def _webp(one: Any, two: Any) -> Iterator[CorpusFile]:
    clear = np.dstack([one, ramp_like(one)])
    noisy = np.dstack([one, np.clip(grey_of(two).astype(int) + 40, 0, 255).astype(np.uint8)])
    ways = {
        f"alpha, filter {how}, method {method}, quality {quality}": [
            "-alpha_filter", how, "-alpha_method", method, "-alpha_q", quality
        ]
        for how, method, quality in (
            ("none", "0", "100"), ("none", "1", "100"), ("fast", "1", "100"), ("best", "1", "100"),
            ("best", "0", "100"), ("best", "1", "20"),
        )
    }  # fmt: skip
    ways |= {
        "nearly lossless": ["-near_lossless", "20"], "sharp": ["-sharp_yuv"], "not smoothed": ["-f", "0"],
        "simply smoothed": ["-nostrong", "-f", "60"], "one segment": ["-segments", "1"],
        "blended": ["-blend_alpha", "0x3366cc"],
        "cropped": ["-crop", "8", "8", str(one.shape[1] - 16), str(one.shape[0] - 16)],
    }  # fmt: skip
    for name, options in ways.items():
        picture = noisy if "alpha" in name else one
        still = _run(["cwebp", "-quiet", "-exact", *options, "{in}", "-o", "{out}"], picture, "webp")
        yield CorpusFile(name=name, ending="webp", data=still)
        if still[12:16] != b"VP8X" or "method 1" in name:
            with Image.open(io.BytesIO(still)) as image:
                cols, rows = image.size
            flags = 0x20 | 8 | (0x10 if "alpha" in name else 0)
            sides = b"".join((side - 1).to_bytes(3, "little") for side in (cols, rows))
            inner = still[30:] if still[12:16] == b"VP8X" else still[12:]
            parts = webp_chunk(b"VP8X", struct.pack("<I", flags) + sides) + webp_chunk(b"ICCP", _P3) + inner
            body = b"WEBP" + parts + webp_chunk(b"EXIF", exif_of(6))
            data = b"RIFF" + struct.pack("<I", len(body)) + body
            yield CorpusFile(name=f"{name}, a profile, EXIF", ending="webp", data=data)
    yield CorpusFile(
        name="a clear animation that keeps nothing", ending="webp",
        data=_animated([clear, np.dstack([two, ramp_like(two)[:, ::-1]])], minimize_size=True, allow_mixed=True),
    )  # fmt: skip


def _animated(pictures: Sequence[Any], **options: Any) -> bytes:
    stream = io.BytesIO()
    images = [Image.fromarray(each) for each in pictures]
    images[0].save(stream, "WEBP", save_all=True, append_images=images[1:], duration=80, **options)
    return stream.getvalue()


def _avif(one: Any, two: Any) -> Iterator[CorpusFile]:
    clear = np.dstack([one, ramp_like(one)])
    rows, cols = one.shape[:2]
    fine = ["--min", "4", "--max", "12"]
    clap = ["--clap", f"{cols - 24},1,{rows - 16},1,-12,1,-8,1"]
    ways: dict[str, list[str]] = {
        "turned, mirrored, cut, sides of pixels": [*clap, "--irot", "1", "--imir", "0", "--pasp", "2,1", "-y", "444"],
        "alpha, turned, mirrored, cut": [*clap, "--irot", "3", "--imir", "1", "-y", "444"],
        "alpha multiplied, turned, a profile": ["-p", "--irot", "1", "--icc", "{folder}/p3.icc"],
        "alpha multiplied, 12 bits": ["-p", "-d", "12", "-y", "444"],
        "alpha, grey": ["-y", "400"],
        "alpha, grey, 12 bits, limited": ["-y", "400", "-d", "12", "-r", "limited"],
        "alpha, 12 bits, full chroma": ["-y", "444", "-d", "12"],
        "alpha, 10 bits, half chroma, limited": ["-y", "422", "-d", "10", "-r", "limited"],
        "alpha, Display P3 by numbers": ["--cicp", "12/13/6"],
        "alpha, PQ by numbers": ["--cicp", "9/16/9", "-d", "10"],
        "open numbers": ["--cicp", "2/2/2"], "open primaries, linear": ["--cicp", "2/8/2"],
        "open transfer, Rec. 2020": ["--cicp", "9/2/9"], "no numbers": ["--cicp", "0/0/0", "-y", "444"],
        "HLG, open primaries": ["--cicp", "2/18/2"],
        "a profile and numbers": ["--icc", "{folder}/p3.icc", "--cicp", "9/16/9"],
        "tiles": ["--tilerowslog2", "1", "--tilecolslog2", "1"],
        "grain": ["-a", "film-grain-test=5"], "screen content": ["-a", "tune-content=screen"],
        "lossless, 12 bits": ["--min", "0", "--max", "0", "-d", "12", "-y", "444", "--cicp", "1/13/0"],
        "EXIF turns, irot does not": ["--exif", "{folder}/turn.exif"],
        "EXIF turns, irot otherwise": ["--exif", "{folder}/turn.exif", "--irot", "2"],
    }  # fmt: skip
    for name, options in ways.items():
        picture = clear if "alpha" in name else one
        quality = [] if "--min" in options else fine
        data = _run(["avifenc", "-s", "9", *quality, *options, "{in}", "{out}"], picture, "avif")
        yield CorpusFile(name=name, ending="avif", data=data)
    for across, down in ((2, 1), (2, 2)):
        large = made(4, 64 * down * 2, 64 * across * 2)
        for name, picture, options in (
            ("", large, []), (", alpha", np.dstack([large, ramp_like(large)]), ["-d", "10"]),
            (", turned", large, ["--irot", "1"]),
        ):  # fmt: skip
            command = ["avifenc", "-s", "9", *fine, "-g", f"{across}x{down}", *options, "{in}", "{out}"]
            data = _run(command, picture, "avif")
            yield CorpusFile(name=f"a grid of {across} x {down}{name}", ending="avif", data=data)
    yield CorpusFile(
        name="grey, alpha, an animation",
        ending="avif",
        data=_avif_frames([clear, np.dstack([two, ramp_like(two)])]),
    )
    for pictures, chroma, matrix in product(
        ([one], [one, two]), ("4:0:0", "4:2:0", "4:4:4"), (0, 3, 10, 12, 14, 18, 255, 12929)
    ):
        changed = bytearray(_avif_frames(pictures, subsampling=chroma))
        at = changed.find(b"nclx")
        while at >= 0:
            changed[at + 8 : at + 10] = matrix.to_bytes(2, "big")
            at = changed.find(b"nclx", at + 4)
        name = f"{len(pictures)} of {chroma}, matrix {matrix}"
        yield CorpusFile(name=name, ending="avif", data=bytes(changed))


def _avif_frames(pictures: Sequence[Any], *, subsampling: str = "4:0:0") -> bytes:
    stream = io.BytesIO()
    images = [Image.fromarray(each) for each in pictures]
    images[0].save(
        stream, "AVIF", save_all=len(images) > 1, append_images=images[1:], duration=80, subsampling=subsampling,
        quality=85, speed=9,
    )  # fmt: skip
    return stream.getvalue()
