"""JPEG files that combine what the corpus has one by one: profiles and early ends, inks, scans that are missing."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator
from itertools import product
from typing import Any

import numpy as np
from corpus import CorpusFile, grey_of
from corpus_jpeg import segment, with_markers
from corpus_png import exif_of
from pictures_made import made
from PIL import Image
from profiles_made import ADOBE_RGB, DISPLAY_P3, gamma, grey_profile, matrix_profile

__all__ = ["odd_jpeg_corpus"]

_SCAN = b"\xff\xda"


def _saved(pixels: Any, mode: str = "RGB", **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).convert(mode).save(stream, "JPEG", **{"quality": 90, **options})
    return stream.getvalue()


def _cut(data: bytes, share: float) -> bytes:
    """Return a file with a share of its first scan and what stands behind it."""
    at = data.index(_SCAN)
    return data[: at + int((len(data) - at) * share)]


def odd_jpeg_corpus(rows: int = 80, cols: int = 104) -> Iterator[CorpusFile]:
    """Yield the files; those that need jpegtran only where that is installed."""
    one, two = made(1, rows, cols), made(2, rows, cols)

    def file(name: str, data: bytes, aside: str = "") -> CorpusFile:
        return CorpusFile(name=name, ending="jpg", data=data, aside=aside)

    yield from _ends(file, one)
    yield from _profiles(file, one)
    yield from _turns(file, one)
    yield from _scans(file, one, two)
    yield from _by_jpegtran(file, one)


def _ends(file: Any, one: Any) -> Iterator[CorpusFile]:
    """Yield files that end early, in every way of storing colours."""
    profiles = {
        "no profile": b"",
        "gamma 1.0": matrix_profile(DISPLAY_P3, gamma(1.0)),
        "gamma 4.0": matrix_profile(ADOBE_RGB, gamma(4.0)),
    }
    ways: dict[str, dict[str, Any]] = {
        "baseline": {"subsampling": 2}, "full chroma": {"subsampling": 0}, "half chroma": {"subsampling": 1},
        "progressive": {"progressive": True}, "restarts": {"restart_marker_blocks": 3},
        "red, green and blue": {"keep_rgb": True},
    }  # fmt: skip
    for (which, icc), (how, options), share in product(profiles.items(), ways.items(), (0.35, 0.75)):
        yield file(f"{how}, {which}, cut at {share}", _cut(_saved(one, icc_profile=icc, **options), share))
    for share in (0.35, 0.75):
        yield file(f"four inks, cut at {share}", _cut(_saved(one, "CMYK"), share))
        inks = with_markers(_saved(one, "CMYK"))
        yield file(f"four inks without marks, cut at {share}", _cut(inks, share))
        grey = _saved(one, "L", icc_profile=grey_profile(gamma(1.0)))
        yield file(f"grey, gamma 1.0, cut at {share}", _cut(grey, share))
        turned = with_markers(_saved(one), segment(0xE1, b"Exif\0\0" + exif_of(6)))
        yield file(f"turned by EXIF, cut at {share}", _cut(turned, share))
    whole = _saved(one, subsampling=2)
    broken = bytearray(whole)
    at = whole.index(_SCAN) + (len(whole) - whole.index(_SCAN)) // 2
    broken[at : at + 40] = bytes(40)
    yield file("zeros within its scan", bytes(broken))
    broken[at : at + 40] = b"\x5a" * 40
    yield file("junk within its scan", bytes(broken))
    yield file("cut and junk behind it", _cut(whole, 0.5) + b"\0junk" * 400)
    yield file("cut and an end and junk behind it", _cut(whole, 0.5) + b"\xff\xd9" + b"\0junk" * 400)
    yield file("cut within the marker of its end", whole[:-1])
    yield file("two pictures, one behind the other", whole + _saved(one[::-1]))
    yield file("cut and another picture behind it", _cut(whole, 0.5) + _saved(one[::-1]))


def _profiles(file: Any, one: Any) -> Iterator[CorpusFile]:
    icc = matrix_profile(DISPLAY_P3, gamma(1.0))
    half = len(icc) // 2
    plain = _saved(one)

    def part(number: int, of: int, body: bytes) -> bytes:
        return segment(0xE2, b"ICC_PROFILE\0" + bytes([number, of]) + body)

    first, second = part(1, 2, icc[:half]), part(2, 2, icc[half:])
    yield file("a profile in two parts", with_markers(plain, first, second))
    yield file("a profile in two parts, second first", with_markers(plain, second, first))
    yield file("a profile that lacks a part", with_markers(plain, first))
    yield file("a profile with a part twice", with_markers(plain, first, first, second))
    yield file("two profiles", with_markers(plain, part(1, 1, icc), part(1, 1, icc)))
    yield file("a profile of no parts", with_markers(plain, part(1, 0, icc)))
    yield file("a profile and a progressive scan", _saved(one, icc_profile=icc, progressive=True))
    yield file(
        "a profile and one turn",
        with_markers(plain, part(1, 1, icc), segment(0xE1, b"Exif\0\0" + exif_of(8))),
    )
    at = plain.index(b"\xff\xc0")
    yield file(
        "a profile behind the frame header",
        plain[:at] + plain[at : at + 19] + part(1, 1, icc) + plain[at + 19 :],
    )
    yield file("a grey profile for colour", with_markers(plain, part(1, 1, grey_profile(gamma(1.0)))))
    yield file("a colour profile for grey", with_markers(_saved(one, "L"), part(1, 1, icc)))
    yield file("a colour profile for inks", _saved(one, "CMYK", icc_profile=icc))


def _turns(file: Any, one: Any) -> Iterator[CorpusFile]:
    plain = _saved(one)
    exif = b"Exif\0\0" + exif_of(6)
    xmp = b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta xmlns:x='adobe:ns:meta/' tiff:Orientation='8'/>"
    yield file("XMP before EXIF", with_markers(plain, segment(0xE1, xmp), segment(0xE1, exif)))
    yield file("a turn in XMP alone", with_markers(plain, segment(0xE1, xmp)))
    yield file("EXIF with another filling", with_markers(plain, segment(0xE1, b"Exif\0\xff" + exif_of(6))))
    yield file(
        "EXIF behind JFIF",
        with_markers(plain, segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"), segment(0xE1, exif)),
    )
    at = plain.index(b"\xff\xc0")
    yield file("EXIF behind the tables", plain[:at] + segment(0xE1, exif) + plain[at:])
    after = at + 19
    yield file("EXIF behind the frame header", plain[:after] + segment(0xE1, exif) + plain[after:])
    yield file(
        "EXIF that is empty before EXIF", with_markers(plain, segment(0xE1, b"Exif\0\0"), segment(0xE1, exif))
    )
    upright = segment(0xE1, b"Exif\0\0" + exif_of(1))
    yield file("an upright EXIF before a turned one", with_markers(plain, upright, segment(0xE1, exif)))
    yield file("a turn of 9", with_markers(plain, segment(0xE1, b"Exif\0\0" + exif_of(9))))
    yield file("a turn of 0", with_markers(plain, segment(0xE1, b"Exif\0\0" + exif_of(0))))
    two = exif_of(6)
    doubled = two[:8] + b"\2\0" + two[10:22] + exif_of(3)[10:22] + bytes(4)
    yield file("two turns in one EXIF", with_markers(plain, segment(0xE1, b"Exif\0\0" + doubled)))
    yield file("a turn and four inks", with_markers(_saved(one, "CMYK"), segment(0xE1, exif)))
    yield file(
        "a turn and a progressive scan", with_markers(_saved(one, progressive=True), segment(0xE1, exif))
    )
    yield file(
        "a turn counted twice",
        with_markers(plain, segment(0xE1, (b"Exif\0\0" + exif_of(6)).replace(b"\1\0\0\0\6", b"\2\0\0\0\6"))),
    )
    yield file("EXIF cut", with_markers(plain, segment(0xE1, exif[:-6])))


def _scans(file: Any, one: Any, two: Any) -> Iterator[CorpusFile]:
    """Yield files whose scans or tables are not the usual ones."""
    # Large enough that how decoders smooth the borders of block rows does not count.
    progressive = _saved(made(1, 4 * len(one), 4 * len(one[0])), progressive=True)
    starts = [at for at in range(len(progressive) - 1) if progressive[at : at + 2] == _SCAN]
    for kept in range(1, len(starts)):
        yield file(f"progressive, {kept} of {len(starts)} scans", progressive[: starts[kept]] + b"\xff\xd9")
        yield file(f"progressive, cut behind {kept} scans", progressive[: starts[kept]])
        # The tables of a scan stand before it, so a few bytes of it are left.
        yield file(f"progressive, cut in scan {kept + 1}", progressive[: starts[kept] + 40])
    for chroma, share in product((0, 1, 2), (0.2, 0.45, 0.72, 0.93)):
        options: dict[str, Any] = {"restart_marker_rows": 1} if share == 0.45 else {}
        picture = made(2, 4 * len(one), 4 * len(one[0]))
        first = _saved(picture, progressive=True, subsampling=chroma, **options)
        start = first.index(_SCAN)
        end = first.index(_SCAN, start + 2)
        part = first[: start + int((end - start) * share)]
        yield file(f"progressive, chroma {chroma}, cut at {share} of its first scan", part)
    grey = _saved(one, "L")
    at = grey.index(b"\xff\xc0")
    for across, down in ((2, 2), (1, 2), (4, 1)):
        shared = bytearray(grey)
        shared[at + 11] = across << 4 | down
        yield file(f"grey called sampled {across}x{down}", bytes(shared))
    plain = _saved(one, subsampling=0)
    tables = plain.index(b"\xff\xc4")
    frame = plain.index(_SCAN)
    yield file("no tables of codes", plain[:tables] + plain[frame:])
    yield file(
        "no table of steps",
        plain[: plain.index(b"\xff\xdb")] + plain[plain.index(b"\xff\xc0") :],
        "nothing says its steps",
    )
    height = bytearray(plain)
    at = plain.index(b"\xff\xc0")
    height[at + 5 : at + 7] = (len(one) + 40).to_bytes(2, "big")
    yield file("more rows announced than there are", bytes(height))
    height[at + 5 : at + 7] = (len(one) // 2).to_bytes(2, "big")
    yield file("fewer rows announced than there are", bytes(height))
    height[at + 5 : at + 7] = (0).to_bytes(2, "big")
    yield file("no rows announced", bytes(height), "its rows are to be counted")
    deep = bytearray(plain)
    deep[at + 4] = 12
    yield file("samples called 12 bits", bytes(deep), "no viewer reads them")
    luma, other = grey_of(one), grey_of(two)
    swing = np.where(other > 128, 250, 6).astype(np.uint8)
    for blue, red in ((swing, 255 - swing), (swing, swing), (np.full_like(luma, 128), swing)):
        beyond = Image.fromarray(np.dstack([luma // 3 + 80, blue, red]), "YCbCr")
        for options in ({"subsampling": 0}, {"subsampling": 2}, {"subsampling": 0, "progressive": True}):
            stream = io.BytesIO()
            beyond.save(stream, "JPEG", quality=92, **options)
            yield file(f"chroma that swings, {blue[0, 0]} {red[0, 0]} {options}", stream.getvalue())
            yield file(
                f"chroma that swings, cut, {blue[0, 0]} {red[0, 0]} {options}", _cut(stream.getvalue(), 0.7)
            )


def _by_jpegtran(file: Any, one: Any) -> Iterator[CorpusFile]:
    program = shutil.which("jpegtran")
    if program is None:
        return
    icc = matrix_profile(DISPLAY_P3, gamma(1.0))
    ways: dict[str, list[str]] = {
        "arithmetic": ["-arithmetic"], "arithmetic and progressive": ["-arithmetic", "-progressive"],
        "optimized": ["-optimize"], "restarts of rows": ["-restart", "1"], "turned by the program": ["-rotate", "90"],
    }  # fmt: skip
    scripts = {
        "one component a scan": "0;\n1;\n2;\n",
        "chroma first": "2;\n1;\n0;\n",
        "luma and red, then blue": "0 2;\n1;\n",
    }
    for (name, options), (how, inks) in product(ways.items(), (("colour", "RGB"), ("inks", "CMYK"))):
        source = _saved(one, inks, icc_profile=icc if inks == "RGB" else None)
        done = subprocess.run(
            [program, "-copy", "all", *options], input=source, capture_output=True, check=True
        )
        yield file(f"{name}, {how}", done.stdout)
        yield file(f"{name}, {how}, cut", _cut(done.stdout, 0.6))
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        for name, script in scripts.items():
            path = Path(folder) / "scans"
            path.write_text(script)
            done = subprocess.run(
                [program, "-scans", str(path)], input=_saved(one), capture_output=True, check=True
            )
            yield file(name, done.stdout)
            for share in (0.3, 0.6, 0.9):
                yield file(f"{name}, cut at {share}", _cut(done.stdout, share))
