"""Files that declare colours as nobody would: numbers in profiles, powers of nothing, tables to XYZ, bright peaks."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from colour_files import ColourFile, chrm, chunk, cicp, clli, gama, iccp, mdcv, png, saved
from pictures_made import made
from profiles_made import (
    ADOBE_RGB,
    DISPLAY_P3,
    SRGB,
    Corners,
    Device,
    chain,
    gamma,
    grey_profile,
    matrix_profile,
    parametric,
    profile,
    sampled,
    table_8,
    table_16,
    xyz_columns,
)  # fmt: skip

__all__ = ["odd_colour_files"]

UInt8Array = npt.NDArray[np.uint8]


def odd_colour_files(rows: int = 80, cols: int = 104) -> Iterator[ColourFile]:
    """Yield them, seeded."""
    picture = made(31, rows, cols)
    grey = np.ascontiguousarray(picture[..., 1])
    for name, icc in odd_profiles():
        yield ColourFile(name, "png", png(picture, iccp(icc)))
        yield ColourFile(name, "jpg", saved(picture, "JPEG", icc))
        yield ColourFile(name, "webp", saved(picture, "WEBP", icc))
        yield ColourFile(f"{name}, in grey", "png", png(grey, iccp(icc)))
        yield ColourFile(f"{name}, in grey", "jpg", saved(grey, "JPEG", icc, mode="L"))
    yield from _by_number(picture, grey)
    yield from _bright(picture, grey)
    yield from _corners_and_gammas(picture)
    yield from _transparent(picture, grey)
    yield from _whatever(picture, grey)


def _cicp_tag(primaries: int, transfer: int, *, full: int = 1) -> tuple[bytes, bytes]:
    return b"cicp", b"cicp\0\0\0\0" + bytes([primaries, transfer, 0, full])


def _device(power: float) -> Device:
    """Return a device that shows samples to a power, on sRGB's primaries."""
    return lambda samples: np.asarray((np.clip(samples, 0, 1) ** power) @ xyz_columns(SRGB).T, np.float64)


def odd_profiles() -> Iterator[tuple[str, bytes]]:
    """Yield profiles that readers take in different ways."""
    tables = {
        "mft1": table_8(_device(5), 3, 9),
        "mft2": table_16(_device(5), 3, 9),
        "mAB": chain(_device(5), 3, 9),
    }
    for kind, table in tables.items():
        for version in (0x02400000, 0x04200000, 0x04400000):
            yield (
                f"{kind}, version {version >> 20:x}",
                profile([(b"A2B0", table)], pcs=b"Lab ", version=version),
            )
        yield f"{kind} for another intent", profile([(b"A2B1", table)], pcs=b"Lab ")
        yield f"{kind} for saturation", profile([(b"A2B2", table)], pcs=b"Lab ")
        yield f"{kind} in light", profile([(b"D2B0", table)], pcs=b"Lab ")
        yield f"{kind} to XYZ", profile([(b"A2B0", table)])
        yield f"{kind} to XYZ beside a matrix", matrix_profile(SRGB, gamma(2.2), extra=[(b"A2B0", table)])
    for version in (0x01000000, 0x05000000):
        yield f"version {version >> 24}", matrix_profile(SRGB, gamma(5), version=version)
    for device in (b"scnr", b"prtr", b"spac", b"link", b"abst", b"nmcl", b"zzzz"):
        yield f"class {device.decode()}", matrix_profile(SRGB, gamma(5), device=device)
    numbers = ((5.0,), (5, 0.9, 0.05), (5, 0.9, 0.05, 0.01), (5, 0.95, 0.05, 0.01, 0.04))
    for kind_of_curve, given in enumerate((*numbers, (5, 0.95, 0.05, 0.01, 0.04, 0.02, 0.01))):
        yield f"parametric {kind_of_curve}", matrix_profile(SRGB, parametric(kind_of_curve, *given))
    yield "parametric of no kind", matrix_profile(SRGB, parametric(5, 5))
    yield "parametric to the power of nothing", matrix_profile(SRGB, parametric(0, 0))
    yield "parametric that falls", matrix_profile(SRGB, parametric(1, 5, -1, 1))
    yield "parametric to the power of 300", matrix_profile(SRGB, parametric(0, 300))
    yield "to the power of nothing", matrix_profile(SRGB, b"curv\0\0\0\0\0\0\0\1\0\0")
    yield "two samples, falling", matrix_profile(SRGB, sampled(np.array([1.0, 0.0])))
    yield "three samples, a roof", matrix_profile(SRGB, sampled(np.array([0.0, 1.0, 0.0])))
    yield "4096 samples", matrix_profile(SRGB, sampled(np.linspace(0, 1, 4096) ** 5))
    yield "no samples", matrix_profile(SRGB, b"curv\0\0\0\0\0\0\0\0")
    yield "falling", matrix_profile(SRGB, sampled(1 - np.linspace(0, 1, 256)))
    yield "half as bright", matrix_profile(SRGB, sampled(np.linspace(0, 0.5, 256)))
    yield "a curve each", matrix_profile(SRGB, gamma(5), gamma(1), gamma(0.4))
    yield "for grey", grey_profile(gamma(5))
    yield "for grey, falling", grey_profile(sampled(1 - np.linspace(0, 1, 256)))
    dark = matrix_profile(SRGB, gamma(5))
    for name, at, value in (
        ("no mark", 36, b"xxxx"), ("of YCbCr", 16, b"YCbr"), ("of HSV", 16, b"HSV "), ("of Lab", 16, b"Lab "),
        ("a matrix to Lab", 20, b"Lab "), ("an absolute intent", 64, b"\0\0\0\3"),
    ):  # fmt: skip
        yield name, dark[:at] + value + dark[at + len(value) :]
    yield "something behind it", dark + b"x" * 1000


def _by_number(picture: UInt8Array, grey: UInt8Array) -> Iterator[ColourFile]:
    """Numbers of ITU-T H.273 in a PNG's chunk and in profiles."""
    for transfer in range(20):
        yield ColourFile(f"cICP of transfer {transfer}", "png", png(picture, cicp(1, transfer)))
    for primaries in range(24):
        yield ColourFile(f"cICP of primaries {primaries}", "png", png(picture, cicp(primaries, 8)))
    pairs = [(2, transfer) for transfer in range(19)] + [(1, transfer) for transfer in (1, 8, 16, 18)]
    pairs += [(0, 0), (0, 8), (3, 8), (3, 16), (9, 16), (9, 99), (22, 16), (99, 8), (99, 16), (255, 18)]
    for pair in pairs:
        tag = _cicp_tag(*pair)
        name = f"numbers {pair[0]} and {pair[1]} in a profile"
        of_adobe = matrix_profile(ADOBE_RGB, gamma(5), extra=[tag])
        yield ColourFile(name, "png", png(picture, iccp(of_adobe)))
        if pair[1] in (0, 8, 16, 18):
            yield ColourFile(name, "jpg", saved(picture, "JPEG", of_adobe))
            yield ColourFile(name, "avif", saved(picture, "AVIF", of_adobe))
            of_grey = profile([(b"kTRC", gamma(5)), tag], space=b"GRAY")
            yield ColourFile(f"{name} for grey", "png", png(grey, iccp(of_grey)))
            with_table = profile([(b"A2B0", table_16(_device(5), 3, 9)), tag], pcs=b"Lab ")
            yield ColourFile(f"{name} with a table", "png", png(picture, iccp(with_table)))
            alone = profile([tag])
            yield ColourFile(f"{name} with nothing else", "png", png(picture, iccp(alone)))
            narrow = matrix_profile(ADOBE_RGB, gamma(5), extra=[_cicp_tag(*pair, full=0)])
            yield ColourFile(f"{name}, narrow", "png", png(picture, iccp(narrow)))


def _bright(picture: UInt8Array, grey: UInt8Array) -> Iterator[ColourFile]:
    for peak in (0.01, 80, 203, 400, 4000, 10_000, 20_000, 60_000, 200_000):
        for name, transfer in (("PQ", 16), ("HLG", 18)):
            yield ColourFile(f"{name}, light of {peak}", "png", png(picture, cicp(9, transfer), clli(peak)))
            yield ColourFile(f"{name}, screen of {peak}", "png", png(picture, cicp(9, transfer), mdcv(peak)))
    deep = picture.astype(np.uint16) * 257
    yield ColourFile("PQ, 16 bits", "png", png(deep, cicp(9, 16), depth=16))
    yield ColourFile("PQ in grey", "png", png(grey, cicp(9, 16)))
    yield ColourFile("PQ, light and screen", "png", png(picture, cicp(9, 16), mdcv(1000), clli(4000)))


def _corners_and_gammas(picture: UInt8Array) -> Iterator[ColourFile]:
    corners: dict[str, Corners] = {
        "no white": (0.0, 0.0, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06),
        "red and green turned round": (0.3127, 0.3290, 0.30, 0.60, 0.64, 0.33, 0.15, 0.06),
        "no blue": (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.0, 0.0),
        "all there is": (0.3127, 0.3290, 1.0, 0.0, 0.0, 1.0, 0.0, 0.0),
        "Display P3": DISPLAY_P3,
        "another white": (1 / 3, 1 / 3, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06),
    }
    for name, each in corners.items():
        for value in (0.45455, 0.1):
            yield ColourFile(f"gAMA {value}, cHRM of {name}", "png", png(picture, gama(value), chrm(each)))
    for value in (1, 5, 100, 220_000, 1_000_000, 2_147_483_647, 4_294_967_295):
        yield ColourFile(f"gAMA of {value}", "png", png(picture, (b"gAMA", struct.pack(">I", value))))


def _transparent(picture: UInt8Array, grey: UInt8Array) -> Iterator[ColourFile]:
    """Transparency of odd lengths and values."""

    def key(*values: int) -> tuple[bytes, bytes]:
        return b"tRNS", struct.pack(f">{len(values)}H", *values)

    steps, shade = grey // 64 * 64, int(grey[3, 3] // 64 * 64)
    colours = picture // 64 * 64
    one = [int(value) for value in colours[3, 3]]
    for name, each in {
        "a byte": (b"tRNS", b"\0"), "nothing": (b"tRNS", b""), "two shades": key(shade, 0),
        "a shade over 255": key(256 + shade),
    }.items():  # fmt: skip
        yield ColourFile(f"transparent in grey, {name}", "png", png(steps, each))
    for name, each in {
        "five bytes": (b"tRNS", bytes(5)), "a colour and more": key(*one, 5), "over 255": key(*(256 + v for v in one)),
    }.items():  # fmt: skip
        yield ColourFile(f"transparent in colour, {name}", "png", png(colours, each))
    both = np.dstack([steps, grey])
    yield ColourFile("a transparent shade beside alpha", "png", png(both, key(shade)))
    palette = np.stack([np.arange(0, 256, 16)] * 3, axis=1).astype(np.uint8)
    whole = png(grey // 16, palette=palette)
    at = whole.index(b"IDAT") - 4
    for n in (1, 8, 16, 17, 200, 256, 300):
        alpha = chunk(b"tRNS", bytes([0, 255] * 150)[:n])
        yield ColourFile(f"{n} transparent of 16 colours", "png", whole[:at] + alpha + whole[at:])
    for name, (low, off) in {"the same": (7, 0), "another low byte": (7, 2)}.items():
        deep = steps.astype(np.uint16) * 256 + low
        data = png(deep, key(shade * 256 + low + off), depth=16)
        yield ColourFile(f"transparent in 16 bits, {name}", "png", data)


def _whatever(picture: UInt8Array, grey: UInt8Array) -> Iterator[ColourFile]:
    """Chunks that say nothing of colours."""
    alpha = np.dstack([picture, grey])
    yield ColourFile("sBIT", "png", png(picture, (b"sBIT", b"\3\3\3")))
    yield ColourFile("sBIT, 16 bits", "png", png(grey.astype(np.uint16) * 257, (b"sBIT", b"\4"), depth=16))
    yield ColourFile("a background", "png", png(alpha, (b"bKGD", struct.pack(">3H", 255, 0, 0))))
    yield ColourFile("iDOT", "png", png(picture, (b"iDOT", struct.pack(">7I", 2, 0, 40, 40, 40, 40, 100))))
    yield ColourFile(
        "pixels that are not square", "png", png(picture, (b"pHYs", struct.pack(">IIB", 1, 2, 1)))
    )
    yield ColourFile("a palette beside colours", "png", png(picture, (b"PLTE", bytes(range(48)))))
    yield ColourFile("a palette beside grey", "png", png(grey, (b"PLTE", bytes(range(48)))))
