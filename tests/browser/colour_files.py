"""Image files that declare their colours: every way to say it, in every format that can, two pictures in one."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from pictures_made import made
from PIL import Image
from profiles_made import (
    ADOBE_RGB,
    DISPLAY_P3,
    PROPHOTO,
    REC2020,
    SRGB,
    Corners,
    chain,
    gamma,
    grey_profile,
    matrix_profile,
    parametric,
    profile,
    sampled,
    srgb_curve,
    table_8,
    table_16,
    xyz_columns,
)  # fmt: skip

__all__ = ["ColourFile", "chunk", "colour_files", "curves", "png", "two_pictures"]

UInt8Array = npt.NDArray[np.uint8]
Float64Array = npt.NDArray[np.float64]

SHADES = np.arange(256) / 255


@dataclass(frozen=True)
class ColourFile:
    """One file of the corpus: what it is, its format as a file's ending, its bytes."""

    name: str
    ending: str
    data: bytes


# -- writers --------------------------------------------------------------------------------------------------


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(
    pixels: npt.NDArray[Any], *chunks: tuple[bytes, bytes], depth: int = 8, palette: UInt8Array | None = None
) -> bytes:
    """Return a PNG of pixels, shape (rows, cols) or (rows, cols, channels), with chunks in front of all others."""
    rows, cols = pixels.shape[:2]
    colour = (
        3 if palette is not None else {1: 0, 2: 4, 3: 2, 4: 6}[1 if pixels.ndim == 2 else pixels.shape[2]]
    )
    samples = pixels.astype(">u2" if depth == 16 else np.uint8).tobytes()
    lines = np.frombuffer(samples, np.uint8).reshape(rows, -1)
    packed = zlib.compress(np.pad(lines, ((0, 0), (1, 0))).tobytes())
    parts = [(b"IHDR", struct.pack(">IIBBBBB", cols, rows, depth, colour, 0, 0, 0)), *chunks]
    if palette is not None:
        parts.append((b"PLTE", palette.tobytes()))
    parts += [(b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


def gama(value: float) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", round(value * 100000))


def chrm(corners: Corners) -> tuple[bytes, bytes]:
    return b"cHRM", struct.pack(">8I", *[round(value * 100000) for value in corners])


def iccp(data: bytes) -> tuple[bytes, bytes]:
    return b"iCCP", b"made\0\0" + zlib.compress(data)


def cicp(primaries: int, transfer: int, *, matrix: int = 0, full: int = 1) -> tuple[bytes, bytes]:
    return b"cICP", bytes([primaries, transfer, matrix, full])


def mdcv(peak: float) -> tuple[bytes, bytes]:
    corners = struct.pack(">8H", *[round(value / 0.00002) for value in (*REC2020[2:], *REC2020[:2])])
    return b"mDCV", corners + struct.pack(">II", round(peak * 10000), 50)


def clli(peak: float) -> tuple[bytes, bytes]:
    return b"cLLI", struct.pack(">II", round(peak * 10000), 0)


def saved(pixels: UInt8Array, format: str, icc: bytes | None, *, mode: str | None = None) -> bytes:
    """Return pixels as a file of another format, with little or no loss."""
    image = Image.fromarray(pixels)
    image = image if mode is None else image.convert(mode)
    options: dict[str, dict[str, Any]] = {
        "JPEG": {"quality": 100, "subsampling": 0},
        "WEBP": {"lossless": True, "exact": True},
        "AVIF": {"quality": 100, "subsampling": "4:4:4"},
        "TIFF": {},
    }
    stream = io.BytesIO()
    image.save(stream, format, **options[format], **({} if icc is None else {"icc_profile": icc}))
    return stream.getvalue()


def avif_of_numbers(pixels: UInt8Array, primaries: int, transfer: int) -> bytes:
    """Return an AVIF whose colour box has these primaries and this transfer function."""
    data = saved(pixels, "AVIF", None)
    at = data.index(b"nclx") + 4
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


def bmp(pixels: UInt8Array, kind: bytes, icc: bytes = b"", *, gammas: float = 0.0) -> bytes:
    """Return a bitmap with a version 5 header."""
    rows, cols = pixels.shape[:2]
    lines = pixels[::-1, :, ::-1].reshape(rows, -1)
    body = np.pad(lines, ((0, 0), (0, -3 * cols % 4))).tobytes()
    columns = (0.4361, 0.2225, 0.0139, 0.3851, 0.7169, 0.0971, 0.1431, 0.0606, 0.7141)
    header = (
        struct.pack("<IiiHHIIiiII", 124, cols, rows, 1, 24, 0, len(body), 2835, 2835, 0, 0) + bytes(16) + kind
    )
    header += b"".join(struct.pack("<i", round(value * 2**30)) for value in columns)
    header += struct.pack("<III", *[round(gammas * 65536)] * 3)
    header += struct.pack("<IIII", 4, 124 + len(body), len(icc), 0)
    return b"BM" + struct.pack("<IHHI", 138 + len(body) + len(icc), 0, 0, 138) + header + body + icc


# -- pictures -------------------------------------------------------------------------------------------------


def srgb_levels(light: Float64Array) -> Float64Array:
    light = np.clip(light, 0, 1)
    return np.asarray(255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055))


def srgb_light(pixels: npt.NDArray[Any]) -> Float64Array:
    samples = pixels / 255
    return np.asarray(np.where(samples <= 0.04045, samples / 12.92, ((samples + 0.055) / 1.055) ** 2.4))


def encoded(
    pixels: UInt8Array, corners: Corners, inverse: Callable[[Float64Array], Float64Array]
) -> Float64Array:
    """Return the samples, 0 to 1, that show these sRGB pixels under other primaries and a curve's inverse."""
    matrix = np.linalg.inv(xyz_columns(corners)) @ xyz_columns(SRGB)
    return np.asarray(inverse(np.clip(srgb_light(pixels) @ matrix.T, 0, 1)), np.float64)


def pq_samples(light: Float64Array) -> Float64Array:
    """Return PQ samples of light whose white is 203 candela a square metre."""
    share = (light * 203 / 10000) ** (2610 / 16384)
    return np.asarray(((3424 / 4096 + 2413 / 128 * share) / (1 + 2392 / 128 * share)) ** (2523 / 32))


def hlg_samples(light: Float64Array) -> Float64Array:
    """Return HLG samples of light whose white is a quarter of the brightest."""
    scene = light / 4
    high = 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    return np.asarray(np.where(scene <= 1 / 12, np.sqrt(3 * scene), high))


def two_pictures(stored: UInt8Array, hidden: UInt8Array, levels: Float64Array) -> UInt8Array:
    """Return grey samples that look like `stored`, and like `hidden` once each is shown as `levels` says.

    Where one sample cannot be both, every second one is for either picture, the other's darkest.
    """
    samples = np.arange(256)
    cost = np.abs(samples[None, :] - samples[:, None])  # [wanted, sample]
    shown = np.abs(levels[None, :] - samples[:, None])
    if float(np.median((cost[:, None, :] + shown[None, :, :]).min(axis=2))) < 24:
        best = (cost[:, None, :] + shown[None, :, :]).argmin(axis=2).astype(np.uint8)
        return np.asarray(best[stored, hidden], np.uint8)
    dark = samples[levels <= 8]
    of_stored = dark[np.rint(np.linspace(0, len(dark) - 1, 256)).astype(int)]
    of_hidden = shown.argmin(axis=1)
    rows, cols = stored.shape
    for_hidden = (np.arange(rows)[:, None] + np.arange(cols)) % 2 == 0
    return np.asarray(np.where(for_hidden, of_hidden[hidden], of_stored[stored]), np.uint8)


def colour_of(grey: UInt8Array) -> UInt8Array:
    return np.repeat(grey[:, :, None], 3, axis=2)


# -- the corpus -----------------------------------------------------------------------------------------------


def curves() -> dict[str, tuple[bytes, Float64Array]]:
    """Return curves by name: the tag, and the levels shown."""
    folded = (np.arange(256) % 16) / 15
    steps = np.where(np.arange(256) % 2, 1.0, 0.0) * SHADES
    wild = np.random.default_rng(14).permutation(256) / 255
    lights = {
        "power 40": (gamma(40), SHADES**40),
        "power 12, parametric": (parametric(0, 12.0), SHADES**12),
        "power 8, sampled": (sampled((np.arange(1024) / 1023) ** 8), SHADES**8),
        "folded": (sampled(srgb_light(folded * 255)), srgb_light(folded * 255)),
        "odd ones only": (sampled(srgb_light(steps * 255)), srgb_light(steps * 255)),
        "shuffled": (sampled(srgb_light(wild * 255)), srgb_light(wild * 255)),
    }
    return {name: (tag, srgb_levels(light)) for name, (tag, light) in lights.items()}


def _in_formats(name: str, pixels: UInt8Array, icc: bytes) -> Iterator[ColourFile]:
    """Yield pixels with a profile in every format that has profiles; a lossy one only where it keeps the samples."""
    yield ColourFile(name, "png", png(pixels, iccp(icc)))
    yield ColourFile(name, "jpg", saved(pixels, "JPEG", icc))
    if pixels.ndim == 3:
        yield ColourFile(name, "webp", saved(pixels, "WEBP", icc))
        yield ColourFile(name, "bmp", bmp(pixels, b"DEBM", icc))
    yield ColourFile(name, "avif", saved(pixels, "AVIF", icc))
    yield ColourFile(name, "tif", saved(pixels, "TIFF", icc))


def colour_files(rows: int = 240, cols: int = 320) -> Iterator[ColourFile]:
    """Yield the corpus, the same each time, of pictures with these sides."""
    for part in (_attacks, _photographs, _tables, _high_range, _orders_and_damage):
        yield from part(rows, cols)


def _greys(rows: int, cols: int, *seeds: int) -> tuple[UInt8Array, ...]:
    return tuple(np.ascontiguousarray(made(seed, rows, cols)[:, :, 1]) for seed in seeds)


def _attacks(rows: int, cols: int) -> Iterator[ColourFile]:
    stored, hidden = _greys(rows, cols, 1, 2)
    for name, (tag, levels) in curves().items():
        grey = two_pictures(stored, hidden, levels)
        both = colour_of(grey)
        yield from _in_formats(f"two pictures, {name}", both, matrix_profile(SRGB, tag))
        yield from _in_formats(f"two pictures, {name}, Display P3", both, matrix_profile(DISPLAY_P3, tag))
        yield from _in_formats(f"two pictures in grey, {name}", grey, matrix_profile(SRGB, tag))
        yield ColourFile(
            f"two pictures in grey, {name}, grey profile", "png", png(grey, iccp(grey_profile(tag)))
        )
        yield ColourFile(
            f"two pictures in grey, {name}, grey profile", "jpg", saved(grey, "JPEG", grey_profile(tag))
        )
        palette = colour_of(np.arange(256, dtype=np.uint8)[None])
        icc = iccp(matrix_profile(SRGB, tag))
        yield ColourFile(f"two pictures in a palette, {name}", "png", png(grey, icc, palette=palette))
        alpha = np.dstack([both, np.full(grey.shape, 255, np.uint8)])
        alpha[::3, ::3, 3] = 128
        yield ColourFile(f"two pictures, {name}, some of it transparent", "png", png(alpha, icc))
        yield ColourFile(
            f"two pictures, {name}, 16 bits", "png", png(both.astype(np.uint16) * 257, icc, depth=16)
        )
        yield ColourFile(
            f"two pictures in grey, {name}, 16 bits", "png", png(grey.astype(np.uint16) * 257, icc, depth=16)
        )
    for value in (0.02, 0.05, 0.1):
        grey = two_pictures(stored, hidden, srgb_levels(SHADES ** (1 / value)))
        yield ColourFile(f"two pictures, gAMA {value}", "png", png(colour_of(grey), gama(value)))
        yield ColourFile(f"two pictures in grey, gAMA {value}", "png", png(grey, gama(value)))
        yield ColourFile(
            f"two pictures, gAMA {value} and cHRM", "png", png(colour_of(grey), gama(value), chrm(SRGB))
        )


def _photographs(rows: int, cols: int) -> Iterator[ColourFile]:
    spaces: dict[str, tuple[Corners, bytes, Callable[[Float64Array], Float64Array]]] = {
        "ProPhoto": (PROPHOTO, gamma(1.8), lambda light: light ** (1 / 1.8)),
        "Adobe RGB": (ADOBE_RGB, gamma(2.2), lambda light: light ** (1 / 2.2)),
        "Display P3": (DISPLAY_P3, srgb_curve(), lambda light: srgb_levels(light) / 255),
        "linear": (SRGB, gamma(1.0), lambda light: light),
        "Rec. 2020": (REC2020, gamma(2.4), lambda light: light ** (1 / 2.4)),
    }
    for seed in (11, 12):
        picture = made(seed, rows, cols)
        for name, (corners, tag, inverse) in spaces.items():
            samples = encoded(picture, corners, inverse)
            pixels = np.rint(samples * 255).astype(np.uint8)
            icc = matrix_profile(corners, tag)
            yield from _in_formats(f"picture {seed} in {name}", pixels, icc)
            # As it is where sRGB was labelled as something else.
            yield from _in_formats(f"picture {seed} called {name}", picture, icc)
            deep = np.rint(samples * 65535).astype(np.uint16)
            yield ColourFile(f"picture {seed} in {name}, 16 bits", "png", png(deep, iccp(icc), depth=16))
        dots = grey_profile(sampled(np.linspace(0, 1, 256) ** 1.6))
        yield ColourFile(f"picture {seed} in grey, dot gain", "jpg", saved(picture[:, :, 1], "JPEG", dots))
        for number in (4, 5, 6, 7, 8, 9, 10, 11, 12, 22):
            yield ColourFile(f"picture {seed}, primaries {number}", "png", png(picture, cicp(number, 13)))
            yield ColourFile(
                f"picture {seed}, primaries {number}", "avif", avif_of_numbers(picture, number, 13)
            )
        for number in (1, 4, 5, 6, 7, 8, 9, 11, 14, 15, 17):
            yield ColourFile(f"picture {seed}, transfer {number}", "png", png(picture, cicp(1, number)))
            if number not in (9, 11):  # not shown
                yield ColourFile(
                    f"picture {seed}, transfer {number}", "avif", avif_of_numbers(picture, 1, number)
                )


def _tables(rows: int, cols: int) -> Iterator[ColourFile]:
    columns = xyz_columns(SRGB)

    def dark(samples: Float64Array) -> Float64Array:
        return np.asarray(samples**12 @ columns.T)

    def swirl(samples: Float64Array) -> Float64Array:
        turned = np.stack([samples[:, 2], 1 - samples[:, 0], samples[:, 1] ** 3], axis=1)
        return np.asarray(turned**2.2 @ columns.T)

    def inks(samples: Float64Array) -> Float64Array:
        return np.asarray(((1 - samples[:, :3]) * (1 - samples[:, 3:])) ** 5 @ columns.T)

    def ink(samples: Float64Array) -> Float64Array:
        return np.asarray(samples**4 * np.array([0.9642, 1.0, 0.8249]))

    stored, hidden = _greys(rows, cols, 3, 4)
    both = colour_of(two_pictures(stored, hidden, srgb_levels(SHADES**12)))
    picture = made(5, rows, cols)
    for name, device, pixels in (
        ("two pictures by a table", dark, both),
        ("colours turned by a table", swirl, picture),
    ):
        for kind, tag in (
            ("mft1", table_8(device, 3, 33)),
            ("mft2", table_16(device, 3, 33)),
            ("mAB", chain(device, 3, 33)),
        ):
            yield from _in_formats(f"{name}, {kind}", pixels, profile([(b"A2B0", tag)], pcs=b"Lab "))
        tag = table_16(device, 3, 33)
        yield from _in_formats(
            f"{name}, version 2", pixels, profile([(b"A2B0", tag)], pcs=b"Lab ", version=0x02400000)
        )
        yield from _in_formats(f"{name}, colorimetric", pixels, profile([(b"A2B1", tag)], pcs=b"Lab "))
    for kind, tag in (
        ("mft1", table_8(inks, 4, 9)),
        ("mft2", table_16(inks, 4, 9)),
        ("mAB", chain(inks, 4, 9)),
    ):
        icc = profile([(b"A2B0", tag)], space=b"CMYK", pcs=b"Lab ", device=b"prtr")
        yield ColourFile(f"four inks by a table, {kind}", "jpg", saved(picture, "JPEG", icc, mode="CMYK"))
        yield ColourFile(f"four inks by a table, {kind}", "tif", saved(picture, "TIFF", icc, mode="CMYK"))
    icc = profile([(b"A2B0", chain(ink, 1, 65))], space=b"GRAY", pcs=b"Lab ")
    yield ColourFile("grey by a table", "png", png(picture[:, :, 1], iccp(icc)))


def _high_range(rows: int, cols: int) -> Iterator[ColourFile]:
    for seed in (21, 22):
        picture = made(seed, rows, cols)
        for name, number, samples in (
            ("PQ", 16, encoded(picture, REC2020, lambda light: pq_samples(light))),
            ("PQ, bright", 16, encoded(picture, REC2020, lambda light: pq_samples(light * 20))),
            ("HLG", 18, encoded(picture, REC2020, hlg_samples)),
        ):
            pixels, deep = np.rint(samples * 255).astype(np.uint8), np.rint(samples * 65535).astype(np.uint16)
            yield ColourFile(f"picture {seed} in {name}", "png", png(pixels, cicp(9, number)))
            yield ColourFile(
                f"picture {seed} in {name}, 16 bits", "png", png(deep, cicp(9, number), depth=16)
            )
            yield ColourFile(f"picture {seed} in {name}", "avif", avif_of_numbers(pixels, 9, number))
            for peak in (203.0, 400.0, 4000.0):
                light = png(pixels, cicp(9, number), clli(peak))
                yield ColourFile(f"picture {seed} in {name}, light of {peak:g}", "png", light)
                screen = png(pixels, cicp(9, number), mdcv(peak))
                yield ColourFile(f"picture {seed} in {name}, screen of {peak:g}", "png", screen)
            named = matrix_profile(REC2020, extra=[(b"cicp", b"cicp\0\0\0\0" + bytes([9, number, 0, 1]))])
            yield ColourFile(f"picture {seed} in {name} by a profile", "jpg", saved(pixels, "JPEG", named))
            yield ColourFile(f"picture {seed} in {name} by a profile", "webp", saved(pixels, "WEBP", named))
        yield ColourFile(f"picture {seed} called PQ", "png", png(picture, cicp(1, 16)))
        yield ColourFile(f"picture {seed} called HLG", "png", png(picture, cicp(12, 18)))
        yield ColourFile(f"picture {seed} called PQ", "avif", avif_of_numbers(picture, 12, 16))


def _orders_and_damage(rows: int, cols: int) -> Iterator[ColourFile]:
    stored, hidden = _greys(rows, cols, 6, 7)
    dark = matrix_profile(SRGB, gamma(12))
    both = colour_of(two_pictures(stored, hidden, srgb_levels(SHADES**12)))
    srgb = (b"sRGB", b"\0")
    broken = {
        "cut short": dark[:-20],
        "cut in the header": dark[:100],
        "longer than it is": (len(dark) + 100).to_bytes(4, "big") + dark[4:],
        "shorter than it is": (len(dark) - 40).to_bytes(4, "big") + dark[4:],
        "no mark": dark[:36] + b"xxxx" + dark[40:],
        "of version 5": dark[:8] + b"\5" + dark[9:],
        "no white": dark[:68] + bytes(12) + dark[80:],
        "with something behind": dark + bytes(100),
        "of version 2": dark[:8] + b"\2" + dark[9:],
        "of a printer": dark[:12] + b"prtr" + dark[16:],
        "for another space": dark[:16] + b"HSV " + dark[20:],
        "for grey": dark[:16] + b"GRAY" + dark[20:],
        "without a curve": profile([(b"rTRC", gamma(12)), (b"gTRC", gamma(12))]),
        "of a negative power": matrix_profile(SRGB, parametric(0, -2.0)),
        "of a power of 200": matrix_profile(SRGB, gamma(200)),
        "of curves that differ": matrix_profile(SRGB, gamma(12), gamma(8), gamma(10)),
    }
    for name, icc in broken.items():
        yield from _in_formats(f"a profile {name}", both, icc)
        yield ColourFile(f"a profile {name}, and gAMA", "png", png(both, iccp(icc), gama(0.08)))
    for name, chunks in {
        "sRGB before gAMA": (srgb, gama(0.08)),
        "gAMA before sRGB": (gama(0.08), srgb),
        "profile before sRGB": (iccp(dark), srgb),
        "profile before gAMA": (iccp(dark), gama(1.0)),
        "gAMA before profile": (gama(1.0), iccp(dark)),
        "cICP before profile": (cicp(1, 13), iccp(dark)),
        "profile before cICP": (iccp(dark), cicp(1, 8)),
        "cICP of half range before profile": (cicp(1, 8, full=0), iccp(dark)),
        "cICP unspecified before gAMA": (cicp(2, 2), gama(0.08)),
        "cICP of no primaries before gAMA": (cicp(3, 13), gama(0.08)),
        "cICP of a logarithm before gAMA": (cicp(1, 9), gama(0.08)),
        "cICP of five bytes before gAMA": ((b"cICP", b"\1\x0d\0\1\0"), gama(0.08)),
        "sRGB of no intent before gAMA": ((b"sRGB", b"\x09"), gama(0.08)),
        "sRGB of two bytes before gAMA": ((b"sRGB", b"\0\0"), gama(0.08)),
        "two gAMA": (gama(0.08), gama(1.0)),
        "two profiles": (iccp(dark), iccp(matrix_profile())),
        "gAMA of nothing": (gama(0.0),),
        "gAMA of five bytes": ((b"gAMA", b"\0\0\0\x64\0"),),
        "gAMA of the smallest": ((b"gAMA", b"\0\0\0\1"),),
        "cHRM alone": (chrm(PROPHOTO),),
        "cHRM of nothing": (gama(0.08), (b"cHRM", bytes(32))),
        "cHRM of ProPhoto": (gama(0.45455), chrm(PROPHOTO)),
    }.items():
        yield ColourFile(name, "png", png(both, *chunks))
    good = png(both, gama(0.08))
    at = good.index(b"gAMA") + 8
    yield ColourFile("gAMA with a wrong checksum", "png", good[:at] + b"\0\0\0\0" + good[at + 4 :])
    late = png(both)
    yield ColourFile("gAMA behind the pixels", "png", late[:-12] + chunk(*gama(0.08)) + late[-12:])
    plain = saved(both, "JPEG", None)
    half = len(dark) // 2
    for name, parts in {
        "two parts": ((1, 2, dark[:half]), (2, 2, dark[half:])),
        "two parts, turned round": ((2, 2, dark[half:]), (1, 2, dark[:half])),
        "a part missing": ((1, 2, dark),),
        "a part twice": ((1, 1, dark), (1, 1, dark)),
        "numbered from 0": ((0, 1, dark),),
        "counts that differ": ((1, 2, dark[:half]), (2, 3, dark[half:])),
    }.items():
        segments = b"".join(
            b"\xff\xe2" + struct.pack(">H", len(part) + 16) + b"ICC_PROFILE\0" + bytes([number, of]) + part
            for number, of, part in parts
        )
        yield ColourFile(f"a profile in {name}", "jpg", plain[:2] + segments + plain[2:])
    yield ColourFile("bitmap of a screen", "bmp", bmp(both, bytes(4), gammas=12.0))
    webp = bytearray(saved(both, "WEBP", dark))
    webp[20] &= ~0x20
    yield ColourFile("a profile that the header denies", "webp", bytes(webp))
