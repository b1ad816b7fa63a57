"""Files whose every feature is drawn by seeded chance: animations, chunks and their order, markers, turns, masks."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from bmp_files import bmp, bmp_rows, masked_pixels, run_lengths
from colour_odd import odd_profiles
from corpus import CorpusFile, grey_of, ramp_like
from corpus_jpeg import segment, with_markers
from corpus_png import exif_of
from corpus_video import animated_webp, webp_chunk
from gif_files import GifFrame, gif, quantized
from pictures_made import made
from PIL import Image
from png_files import PngFrame, apng, chunk, png
from profiles_made import ADOBE_RGB, DISPLAY_P3, PROPHOTO, REC2020, SRGB, gamma, grey_profile, matrix_profile

__all__ = ["DRAWN", "drawn_files"]

ROWS, COLS = 80, 104
_Rng = np.random.Generator


def drawn_files(ending: str, n: int, seed: int) -> Iterator[CorpusFile]:
    """Yield n files of a format."""
    for number in range(n):
        rng = np.random.default_rng([seed, number, *ending.encode()])
        said, data = _DRAWERS[ending](rng)
        yield CorpusFile(name=f"{seed}/{number}: {said}", ending=ending, data=data)


def _one_of(rng: _Rng, *choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def _picture(rng: _Rng) -> Any:
    return made(int(rng.integers(1, 9)), ROWS, COLS)


def _place(rng: _Rng, *, even: bool = False, within: bool = True) -> tuple[int, int, int, int]:
    """Return left, top, columns and rows of a frame: often the whole canvas."""
    if rng.random() < 0.4:
        return 0, 0, COLS, ROWS
    left, top = int(rng.integers(COLS - 8)), int(rng.integers(ROWS - 8))
    cols, rows = int(rng.integers(8, COLS)), int(rng.integers(8, ROWS))
    if within:
        cols, rows = min(cols, COLS - left), min(rows, ROWS - top)
    return (left // 2 * 2, top // 2 * 2, cols, rows) if even else (left, top, cols, rows)


# -- EXIF data and profiles -----------------------------------------------------------------------------------


def drawn_exif(rng: _Rng) -> bytes:
    """Return EXIF data without their head: orientations of odd types and counts, in up to three directories."""
    order = _one_of(rng, "<", ">")

    def entry(tag: int) -> bytes:
        kind = int(_one_of(rng, 3, 3, 3, 3, 1, 2, 4, 5, 6, 7, 8, 9, 13, 16, 0))
        count = int(_one_of(rng, 1, 1, 1, 1, 0, 2, 3))
        value = int(_one_of(rng, *range(1, 9), 0, 9, 255))
        field = struct.pack(
            order + ("HH" if kind in (3, 8) else "I"), *([value, 0] if kind in (3, 8) else [value])
        )
        if kind in (1, 2, 6, 7):
            field = bytes([value & 255, 0, 0, 0])
        return struct.pack(order + "HHI", tag, kind, count) + field

    def directory(*more: bytes) -> bytes:
        tags = [int(_one_of(rng, 0x112, 0x112, 0x10E, 0x128, 0x131)) for _ in range(int(rng.integers(1, 4)))]
        entries = [entry(tag) for tag in tags] + list(more)
        return struct.pack(order + "H", len(entries)) + b"".join(entries)

    first = 8 + int(_one_of(rng, 0, 0, 0, 2, 1))
    under = _one_of(rng, False, False, True)
    one = directory(*([struct.pack(order + "HHII", 0x8769, 4, 1, 300)] if under else []))
    following = _one_of(rng, 0, 0, 200)
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, first)
    data = head.ljust(first, b"\0") + one + struct.pack(order + "I", following)
    data = (data.ljust(200, b"\0") + directory() + bytes(4)).ljust(300, b"\0") + directory() + bytes(4)
    return data[: int(rng.integers(20, 300))] if rng.random() < 0.1 else data


def _drawn_profile(rng: _Rng) -> bytes:
    odd = list(odd_profiles())
    kind = int(rng.integers(4))
    if kind == 0:
        return odd[int(rng.integers(len(odd)))][1]
    if kind == 1:
        return grey_profile(gamma(float(_one_of(rng, 1.0, 2.2, 5.0))))
    corners = _one_of(rng, SRGB, DISPLAY_P3, ADOBE_RGB, PROPHOTO, REC2020)
    return matrix_profile(corners, gamma(float(_one_of(rng, 1.0, 1.8, 2.2, 4.0, 0.5))))


# -- PNG ------------------------------------------------------------------------------------------------------


def _png(rng: _Rng) -> tuple[str, bytes]:
    depth, colour = _one_of(rng, (8, 2), (8, 2), (8, 6), (8, 6), (16, 2), (16, 6), (8, 0), (16, 0), (4, 0), (1, 0),
                            (8, 3), (4, 3), (2, 3), (8, 4), (16, 4))  # fmt: skip
    before, said = _png_chunks(rng, depth, colour)
    interlaced = bool(rng.random() < 0.3)
    said = f"{depth} bits of type {colour}{', interlaced' * interlaced}: {said}"
    if rng.random() < 0.5:
        after = _png_chunks(rng, depth, 2)[0] if rng.random() < 0.2 else b""
        samples = _png_samples(_picture(rng), rng, depth, colour)
        return said, png(
            samples, depth, colour, before=before, after=after, interlaced=interlaced, filter_kind=5,
            pieces=int(rng.integers(1, 4)),
        )  # fmt: skip
    frames, has_hidden = [], bool(rng.random() < 0.3)
    for number in range(int(rng.integers(1, 6))):
        left, top, cols, rows = _place(rng) if number or has_hidden else (0, 0, COLS, ROWS)
        samples = _png_samples(_picture(rng), rng, depth, colour)[top : top + rows, left : left + cols]
        frames.append(
            PngFrame(
                samples=samples, left=left, top=top, dispose=int(rng.integers(3)), blend=int(rng.integers(2))
            )
        )
        said += f"; {left},{top} {cols}x{rows} dispose {frames[-1].dispose} blend {frames[-1].blend}"
    hidden = _png_samples(_picture(rng), rng, depth, colour) if has_hidden else None
    data = apng(COLS, ROWS, depth, colour, frames, hidden=hidden, before=before, interlaced=interlaced)
    return said + ", a hidden image" * has_hidden, data


def _png_samples(picture: Any, rng: _Rng, depth: int, colour: int) -> Any:
    grey = grey_of(picture)
    alpha = _one_of(
        rng, ramp_like(picture), np.full_like(grey, 255), np.where(grey > 90, 255, 0).astype(np.uint8)
    )
    stored = {0: grey, 2: picture, 3: grey, 4: np.dstack([grey, alpha]), 6: np.dstack([picture, alpha])}[
        colour
    ]
    deep = stored.astype(np.uint32)
    return deep >> (8 - depth) if depth < 8 else deep * 257 if depth == 16 else deep


def _png_chunks(rng: _Rng, depth: int, colour: int) -> tuple[bytes, str]:
    """Return chunks before the pixels, in any order, some of them twice."""

    def key() -> bytes:
        values = [int(rng.integers(1 << min(depth, 16))) for _ in range(3 if colour == 2 else 1)]
        return (
            rng.bytes(int(rng.integers(1, 200))) if colour == 3 else struct.pack(f">{len(values)}H", *values)
        )

    def corners() -> bytes:
        which = _one_of(rng, SRGB, DISPLAY_P3, ADOBE_RGB, PROPHOTO, REC2020)
        return struct.pack(">8I", *[round(value * 100000) for value in which])

    kinds: dict[bytes, Callable[[], bytes]] = {
        b"gAMA": lambda: struct.pack(">I", _one_of(rng, 45455, 100000, 2000, 400000, 20000, 0)),
        b"cHRM": corners,
        b"iCCP": lambda: b"p\0\0" + zlib.compress(_drawn_profile(rng)),
        b"sRGB": lambda: bytes([int(_one_of(rng, 0, 1, 2, 3, 9))]),
        b"cICP": lambda: bytes([_one_of(rng, 1, 9, 12, 2), _one_of(rng, 13, 16, 18, 1, 8), 0, _one_of(rng, 1, 1, 0)]),
        b"tRNS": key,
        b"eXIf": lambda: drawn_exif(rng),
        b"bKGD": lambda: rng.bytes({0: 2, 2: 6, 3: 1, 4: 2, 6: 6}[colour]),
        b"sBIT": lambda: bytes([min(depth, 5)] * {0: 1, 2: 3, 3: 3, 4: 2, 6: 4}[colour]),
        b"tEXt": lambda: b"Title\0x",
        b"pHYs": lambda: struct.pack(">IIB", 1, 4, 1),
    }  # fmt: skip
    names = [_one_of(rng, *kinds) for _ in range(int(rng.integers(0, 5)))]
    if colour != 3:
        return b"".join(chunk(name, kinds[name]()) for name in names), b" ".join(names).decode()
    shades = (
        rng.permutation(np.linspace(0, 255, 1 << depth).astype(np.uint8))
        if rng.random() < 0.3
        else np.linspace(0, 255, 1 << depth).astype(np.uint8)
    )
    table = np.repeat(shades, 3)[
        : 3 * int(_one_of(rng, 1 << depth, 1 << depth, max(1, (1 << depth) * 2 // 3)))
    ]
    names.insert(int(rng.integers(len(names) + 1)), b"PLTE")
    kinds[b"PLTE"] = table.tobytes
    return b"".join(chunk(name, kinds[name]()) for name in names), b" ".join(names).decode()


# -- GIF ------------------------------------------------------------------------------------------------------


def _gif(rng: _Rng) -> tuple[str, bytes]:
    frames, said = [], ""
    palette = quantized(made(1, ROWS, COLS))[1]
    for _ in range(int(rng.integers(1, 7))):
        left, top, cols, rows = _place(rng, within=bool(rng.random() < 0.8))
        indices = np.resize(quantized(_picture(rng))[0], (ROWS, COLS))
        indices = np.pad(indices, ((0, ROWS), (0, COLS)), mode="wrap")[top : top + rows, left : left + cols]
        key = int(_one_of(rng, int(np.bincount(indices.ravel()).argmax()), int(rng.integers(70)), 200))
        controls = b"".join(
            b"\x21\xf9\x04" + rng.bytes(1) + b"\x05\0" + bytes([key, 0])
            for _ in range(int(_one_of(rng, 0, 0, 0, 1)))
        )
        frames.append(
            GifFrame(
                indices=indices, left=left, top=top, disposal=int(rng.integers(8)), interlaced=bool(rng.random() < 0.2),
                transparent=_one_of(rng, None, key), control=bool(rng.random() < 0.9), before=controls,
                palette=_one_of(rng, None, None, palette[::-1].copy(), palette[:40].copy()),
                delay=int(_one_of(rng, 0, 1, 10, 200)),
            )
        )  # fmt: skip
        last = frames[-1]
        said += f"; {left},{top} {cols}x{rows} disposal {last.disposal} key {last.transparent}"
        said += f" own {last.palette is not None} controls {len(controls) // 8}"
    size = _one_of(
        rng, (COLS, ROWS), (COLS, ROWS), (COLS, ROWS), (COLS // 2, ROWS), (COLS * 2, ROWS * 2), (0, 0), (1, 1)
    )
    width, height = size
    data = gif(
        width, height, frames, palette=_one_of(rng, palette, palette, palette[:30].copy()),
        background=int(rng.integers(64)), version=_one_of(rng, b"89a", b"89a", b"87a"),
        trailer=_one_of(rng, b";", b"", b"\0\0;junk"),
    )  # fmt: skip
    return f"{size}{said}", data


# -- JPEG -----------------------------------------------------------------------------------------------------


def _jpeg(rng: _Rng) -> tuple[str, bytes]:
    mode = _one_of(rng, "RGB", "RGB", "RGB", "L", "CMYK")
    options: dict[str, Any] = {
        "quality": int(_one_of(rng, 30, 75, 90, 98)), "progressive": bool(rng.random() < 0.3),
        "restart_marker_blocks": int(_one_of(rng, 0, 0, 3)),
    }  # fmt: skip
    if mode == "RGB":
        options |= _one_of(
            rng, {"subsampling": 0}, {"subsampling": 1}, {"subsampling": 2}, {"keep_rgb": True}
        )
    picture = _picture(rng)
    if rng.random() < 0.15 and mode == "RGB":  # chroma of another picture, far from its luma
        luma, other = grey_of(picture), _picture(rng)
        image = Image.fromarray(
            np.dstack([luma, np.where(other[..., :2] > 128, 255, 0)]).astype(np.uint8), "YCbCr"
        )
        options.pop("keep_rgb", None)
    else:
        image = Image.fromarray(picture).convert(mode)
    stream = io.BytesIO()
    image.save(stream, "JPEG", **options)
    marks, said = [], [mode, str(options)]
    for _ in range(int(rng.integers(0, 4))):
        kind = _one_of(rng, "JFIF", "Adobe", "EXIF", "EXIF", "profile", "XMP", "text", "empty")
        said.append(kind)
        if kind == "JFIF":
            marks.append(segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0"))
        elif kind == "Adobe":
            marks.append(
                segment(0xEE, b"Adobe" + struct.pack(">HHHB", 100, 0, 0, int(_one_of(rng, 0, 1, 2, 9))))
            )
        elif kind == "EXIF":
            head = _one_of(rng, b"Exif\0\0", b"Exif\0\0", b"Exif\0\xff", b"")
            marks.append(segment(0xE1, head + drawn_exif(rng)))
        elif kind == "profile":
            marks += _profile_parts(rng)
        elif kind == "XMP":
            marks.append(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0<x tiff:Orientation='8'/>"))
        else:
            marks.append(segment(0xFE, b"text" if kind == "text" else b""))
    names = _one_of(
        rng, (), (), (), (1, 2, 3, 4), (82, 71, 66, 75), (0, 1, 2, 3), (1, 34, 35, 4), (67, 77, 89, 75)
    )
    if names:
        said.append(f"called {names}")
    data = with_markers(stream.getvalue(), *marks, ids=names) if marks or names else stream.getvalue()
    return " ".join(said), data


def _profile_parts(rng: _Rng) -> list[bytes]:
    profile = _drawn_profile(rng)
    n = int(_one_of(rng, 1, 1, 2, 3))
    size = -(-len(profile) // n)
    bodies = [profile[at : at + size] for at in range(0, len(profile), size)]
    parts = [
        segment(0xE2, b"ICC_PROFILE\0" + bytes([number + 1, len(bodies)]) + body)
        for number, body in enumerate(bodies)
    ]
    return [parts[at] for at in rng.permutation(len(parts))] if rng.random() < 0.4 else parts


# -- WebP and AVIF ----------------------------------------------------------------------------------------------


def _saved(pixels: Any, form: str, **options: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, form, **options)
    return stream.getvalue()


def _with_alpha(rng: _Rng, picture: Any) -> Any:
    grey = grey_of(picture)
    alpha = _one_of(rng, ramp_like(picture), np.where(grey > 90, 255, 0).astype(np.uint8), None)
    return picture if alpha is None else np.dstack([picture, alpha])


def _webp(rng: _Rng) -> tuple[str, bytes]:
    lossless = bool(rng.random() < 0.5)
    options: dict[str, Any] = {"lossless": lossless, "exact": True, "quality": 92}
    said = ["lossless" if lossless else "lossy"]
    if rng.random() < 0.5:
        frames = []
        for _ in range(int(rng.integers(1, 5))):
            left, top, cols, rows = _place(rng, even=True)
            picture = _with_alpha(rng, _picture(rng))[top : top + rows, left : left + cols]
            frames.append(
                (_saved(np.ascontiguousarray(picture), "WEBP", **options), left, top, int(rng.integers(4)))
            )
            said.append(f"{left},{top} {cols}x{rows} way {frames[-1][3]}")
        data = animated_webp((COLS, ROWS), frames, int(rng.integers(1 << 32)))
        parts = [data[12:30], data[30:]]
    else:
        still = _saved(_with_alpha(rng, _picture(rng)), "WEBP", **options)
        head = webp_chunk(
            b"VP8X", struct.pack("<I", 0x10) + b"".join((s - 1).to_bytes(3, "little") for s in (COLS, ROWS))
        )
        inner = still[12:] if still[12:16] != b"VP8X" else still[30:]
        parts = [head, inner]
    for kind in (b"ICCP", b"EXIF", b"XMP "):
        if rng.random() < 0.3:
            body = _drawn_profile(rng) if kind == b"ICCP" else drawn_exif(rng) if kind == b"EXIF" else b"<x/>"
            where = 1 if kind == b"ICCP" or rng.random() < 0.3 else len(parts)
            parts.insert(where, webp_chunk(kind, body))
            flag = {b"ICCP": 0x20, b"EXIF": 8, b"XMP ": 4}[kind]
            if rng.random() < 0.8:
                parts[0] = parts[0][:8] + bytes([parts[0][8] | flag]) + parts[0][9:]
            said.append(kind.decode() + str(where))
    body = b"WEBP" + b"".join(parts)
    return " ".join(said), b"RIFF" + struct.pack("<I", len(body)) + body


def _avif(rng: _Rng) -> tuple[str, bytes]:
    n_frames = int(_one_of(rng, 1, 1, 1, 2, 4))
    is_clear = bool(rng.random() < 0.4)
    pictures = [
        np.dstack([each, ramp_like(each)]) if is_clear else each
        for each in (_picture(rng) for _ in range(n_frames))
    ]
    options: dict[str, Any] = {
        "quality": 90, "speed": 10, "subsampling": _one_of(rng, "4:4:4", "4:2:2", "4:2:0", "4:0:0"),
        "range": _one_of(rng, "full", "full", "limited"), "alpha_premultiplied": bool(is_clear and rng.random() < 0.3),
    }  # fmt: skip
    if rng.random() < 0.25:
        options["icc_profile"] = _drawn_profile(rng)
    exif = b"Exif\0\0" + exif_of(int(rng.integers(1, 9)), kind=int(_one_of(rng, 3, 3, 4)))
    if rng.random() < 0.3 and n_frames == 1:  # with more of them Pillow 13's encoder crashes
        options["exif"] = exif
    images = [Image.fromarray(each) for each in pictures]
    stream = io.BytesIO()
    images[0].save(stream, "AVIF", save_all=n_frames > 1, append_images=images[1:], duration=100, **options)
    data, said = (
        stream.getvalue(),
        f"{n_frames} frames, alpha {is_clear}, {options['subsampling']} {options['range']}",
    )
    said += f" profile {'icc_profile' in options} multiplied {options['alpha_premultiplied']} exif {'exif' in options}"
    if rng.random() < 0.4:
        numbers = struct.pack(">HH", _one_of(rng, 1, 2, 9, 12, 5), _one_of(rng, 13, 1, 16, 18, 8, 4, 2))
        data = _patched(data, numbers)
        said += f" numbers {struct.unpack('>HH', numbers)}"
    return said, data


def _patched(data: bytes, numbers: bytes) -> bytes:
    at = data.find(b"nclx")
    while at >= 0:
        data = data[: at + 4] + numbers + data[at + 8 :]
        at = data.find(b"nclx", at + 8)
    return data


# -- BMP ------------------------------------------------------------------------------------------------------


def _bmp(rng: _Rng) -> tuple[str, bytes]:
    header = int(_one_of(rng, 12, 16, 40, 40, 52, 56, 64, 108, 124))
    depth = int(_one_of(rng, 1, 2, 4, 8, 16, 24, 32, 16, 32))
    picture = _picture(rng)
    top_down = bool(rng.random() < 0.3) and header >= 40
    up = picture if top_down else picture[::-1]
    grey = grey_of(up)
    options: dict[str, Any] = {"header": header, "top_down": top_down}
    said = f"header {header}, {depth} bits{', top row first' * top_down}"
    if depth in (4, 8) and rng.random() < 0.4 and header >= 40 and not top_down:
        indices = (grey >> (8 - depth)).astype(np.uint8)
        body = run_lengths(indices, bits=depth, literals=bool(rng.random() < 0.7)) + b"\0\1"
        if rng.random() < 0.4:
            at = int(rng.integers(len(body) // 2))
            body = body[:at] + _one_of(rng, b"\0\2\5\3", b"\0\0", b"\0\1", rng.bytes(3)) + body[at:]
        options |= {"compression": 1 if depth == 8 else 2, "palette": _drawn_palette(rng, depth)}
        return said + ", runs", bmp((COLS, ROWS), depth, body, **options)
    if depth <= 8:
        options |= {"palette": _drawn_palette(rng, depth), "n_colours": _one_of(rng, None, None, 0, 5)}
        return said, bmp((COLS, ROWS), depth, bmp_rows(grey >> (8 - depth), depth), **options)
    usual: dict[int, tuple[int, ...]] = {
        16: (0x7C00, 0x3E0, 0x1F, 0),
        24: (0xFF0000, 0xFF00, 0xFF, 0),
        32: (0xFF0000, 0xFF00, 0xFF, 0xFF000000),
    }
    masks = usual[depth]
    if depth != 24 and header >= 40 and rng.random() < 0.6:
        masks = _drawn_masks(rng, depth)
        compression = 3 if header >= 56 else int(_one_of(rng, 3, 6))
        options |= {
            "compression": compression,
            "masks": masks if compression == 6 or header >= 56 else masks[:3],
        }
        said += f", masks {' '.join(f'{mask:x}' for mask in masks)}"
    body = bmp_rows(masked_pixels(np.dstack([up, ramp_like(up)]), masks), depth)
    return said, bmp((COLS, ROWS), depth, body, **options)


def _drawn_palette(rng: _Rng, depth: int) -> Any:
    shades = np.stack([np.linspace(0, 255, 1 << depth)] * 3, 1).astype(np.uint8)
    return shades[: int(_one_of(rng, 1 << depth, 1 << depth, max(1, (1 << depth) // 2)))]


def _drawn_masks(rng: _Rng, depth: int) -> tuple[int, ...]:
    """Return masks of red, green, blue and alpha: side by side, in any order, of any lengths."""
    lengths = [int(rng.integers(1, depth // 4 + (depth == 32) * 3)) for _ in range(4)]
    masks, at = [0] * 4, 0
    for band in rng.permutation(4):
        length = min(lengths[band], depth - at)
        masks[band] = ((1 << length) - 1) << at if length > 0 else 0
        at += length + int(_one_of(rng, 0, 0, 1)) * (at + length < depth - 4)
    return tuple(masks)


_DRAWERS: dict[str, Callable[[_Rng], tuple[str, bytes]]] = {
    "png": _png, "gif": _gif, "bmp": _bmp, "jpg": _jpeg, "webp": _webp, "avif": _avif,
}  # fmt: skip
DRAWN = tuple(_DRAWERS)
