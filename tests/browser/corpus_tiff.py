"""TIFF files for the corpus, with the picture each was made of: no browser paints them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from corpus import grey_of, ramp_like
from pictures_made import made
from tiff_files import tiff

__all__ = ["TiffFile", "tiff_corpus"]

UInt8Array = npt.NDArray[np.uint8]


@dataclass(frozen=True, kw_only=True)
class TiffFile:
    """One file.

    Attributes
    ----------
    name : str
    data : bytes
    shown : ndarray of uint8, shape (rows, cols, 3)
        What it was made of, on white.
    others : str
        What other viewers make of it: "agree", or why they do not.
    """

    name: str
    data: bytes
    shown: UInt8Array
    others: str = "agree"


_NO_VIEWER = "none reads it"
_CLIP = "cut at 255, or at 1, by some"
_SIGN = "taken as unsigned by some"


def _deep(picture: npt.NDArray[Any], n_bits: int) -> npt.NDArray[Any]:
    dtype = (
        np.uint8 if n_bits <= 8 else np.uint16 if n_bits <= 16 else np.uint32 if n_bits <= 32 else np.uint64
    )
    if n_bits == 64:  # beyond what a float tells apart
        return np.asarray(np.rint(picture).astype(dtype) * dtype(0x0101010101010101))
    return np.asarray(np.rint(picture.astype(np.float64) / 255 * ((1 << n_bits) - 1)).astype(dtype))


def _coarse(picture: UInt8Array, n_bits: int) -> UInt8Array:
    if n_bits >= 8:
        return picture
    return np.rint(_deep(picture, n_bits) * (255 / ((1 << n_bits) - 1))).astype(np.uint8)


def tiff_corpus(rows: int = 80, cols: int = 104) -> Iterator[TiffFile]:
    """Yield the files."""
    one = made(1, rows, cols)
    grey = grey_of(one)[..., None]

    def file(name: str, data: bytes, shown: UInt8Array, others: str = "agree") -> TiffFile:
        return TiffFile(name=name, data=data, shown=np.broadcast_to(shown, one.shape), others=others)

    for order in "<>":
        end = "little end first" if order == "<" else "big end first"
        for n_bits, photometric in product((1, 2, 4, 6, 8, 10, 12, 14, 16, 24, 32, 64), (0, 1)):
            stored = _deep(grey, n_bits)
            if photometric == 0:
                stored = np.asarray((1 << n_bits) - 1, stored.dtype) - stored
            common = {1, 2, 4, 8, 16}
            others = "agree" if n_bits in common else _NO_VIEWER if n_bits == 64 else _CLIP
            name = f"grey of {n_bits} bits, {'white' if photometric == 0 else 'black'} is zero, {end}"
            yield file(name, tiff(stored, n_bits, photometric, order=order), _coarse(grey, n_bits), others)
        for n_bits in (2, 4, 8, 10, 12, 16, 24, 32):
            others = "agree" if n_bits in (8, 16) else _CLIP
            data = tiff(_deep(one, n_bits), n_bits, 2, order=order)
            yield file(f"colour of {n_bits} bits, {end}", data, _coarse(one, n_bits), others)
        for n_bits, compression, predictor, planar, tile in product(
            (8, 16, 32), (1, 5, 8, 32773), (1, 2), (False, True), (None, (48, 32))
        ):
            data = tiff(
                _deep(one, n_bits), n_bits, 2, order=order, compression=compression, predictor=predictor,
                planar=planar, tile=tile, rows_per_strip=None if tile else 13,
            )  # fmt: skip
            layout = f"{'planes, ' if planar else ''}{'tiles' if tile else 'strips'}"
            name = (
                f"colour of {n_bits} bits, compression {compression}, predictor {predictor}, {layout}, {end}"
            )
            others = "agree" if n_bits < 32 and (predictor == 1 or compression in (5, 8)) else _CLIP
            yield file(name, data, one, others)
        yield from _floats(file, one, grey, order, end)
        yield from _signed(file, one, grey, order, end)
    yield from _palettes(file, grey)
    yield from _alphas(file, one, grey)
    yield from _oddities(file, one, grey)


def _floats(file: Any, one: Any, grey: Any, order: str, end: str) -> Iterator[TiffFile]:
    for n_bits, white in product((16, 32, 64), (1, 255)):
        stored = (grey / 255 * white).astype(f"f{n_bits // 8}")
        yield file(
            f"floats of {n_bits} bits to {white}, {end}", tiff(stored, n_bits, 1, order=order), grey, _CLIP
        )
    for n_bits, planar in product((16, 32, 64), (False, True)):
        stored = (one / 255).astype(f"f{n_bits // 8}")
        data = tiff(stored, n_bits, 2, order=order, compression=8, predictor=3, planar=planar)
        yield file(
            f"differences of floats of {n_bits} bits{', planes' if planar else ''}, {end}", data, one, _CLIP
        )


def _signed(file: Any, one: Any, grey: Any, order: str, end: str) -> Iterator[TiffFile]:
    for n_bits in (8, 16, 32):
        half = 1 << (n_bits - 1)
        kind = f"i{n_bits // 8}"
        whole = (_deep(grey, n_bits).astype(np.int64) - half).astype(kind)
        yield file(
            f"signed, {n_bits} bits, all of them, {end}", tiff(whole, n_bits, 1, order=order), grey, _SIGN
        )
        upper = (_deep(grey, n_bits).astype(np.int64) >> 1).astype(kind)
        yield file(
            f"signed, {n_bits} bits, none under 0, {end}", tiff(upper, n_bits, 1, order=order), grey, _CLIP
        )
        colour = (_deep(one, n_bits).astype(np.int64) - half).astype(kind)
        yield file(
            f"signed, {n_bits} bits, in colour, {end}", tiff(colour, n_bits, 2, order=order), one, _SIGN
        )


def _palettes(file: Any, grey: Any) -> Iterator[TiffFile]:
    rng = np.random.default_rng(0)
    colours = rng.integers(0, 256, (256, 3))
    colours = colours[np.argsort(colours @ [0.299, 0.587, 0.114])]
    for n_bits, scale in product((1, 2, 4, 8, 12), (257, 1)):
        table = colours[np.linspace(0, 255, 1 << n_bits).astype(int)]
        stored = _deep(grey, n_bits)
        data = tiff(stored, n_bits, 3, extra=[(320, "H", (table * scale).T.ravel().tolist())])
        what = "16 bits" if scale == 257 else "8 bits in 16"
        others = "agree" if n_bits <= 8 else _NO_VIEWER
        yield file(
            f"a palette of {n_bits} bits, colours of {what}",
            data,
            table[stored[..., 0]].astype(np.uint8),
            others,
        )
    yield from _palettes_with_alpha(file, grey, colours)


def _palettes_with_alpha(file: Any, grey: Any, colours: Any) -> Iterator[TiffFile]:
    ramp = ramp_like(grey[..., 0])[..., None]
    for n_bits, (what, kind) in product((4, 8), (("unassociated", 2), ("associated", 1), ("unnamed", 0))):
        table = colours[np.linspace(0, 255, 1 << n_bits).astype(int)]
        stored = _deep(grey, n_bits)
        shown = table[stored[..., 0]].astype(np.float64)
        share = _coarse(ramp, n_bits) / 255
        if kind:  # of associated alpha the product is stored
            own = np.minimum(shown, 255 * share) if kind == 1 else shown * share
            shown = own + 255 * (1 - share)
        data = tiff(
            np.dstack([stored, _deep(ramp, n_bits)]), n_bits, 3,
            extra=[(320, "H", (table * 257).T.ravel().tolist()), (338, "H", [kind])],
        )  # fmt: skip
        others = "agree" if kind == 2 else "mixed otherwise, or taken for alpha, by some"
        name = f"a palette of {n_bits} bits with {what} alpha"
        yield file(name, data, np.rint(shown).astype(np.uint8), others)


def _alphas(file: Any, one: Any, grey: Any) -> Iterator[TiffFile]:
    ramp = ramp_like(one)[..., None]
    share = ramp / 255
    for n_bits, (what, kind) in product((8, 16), (("unassociated", 2), ("associated", 1), ("unnamed", 0))):
        for name, picture, photometric in (("colour", one, 2), ("grey", grey, 1)):
            shown = picture if kind == 0 else np.rint(picture * share + 255 * (1 - share)).astype(np.uint8)
            own = np.rint(picture * share).astype(np.uint8) if kind == 1 else picture
            data = tiff(
                _deep(np.dstack([own, ramp]), n_bits), n_bits, photometric, extra=[(338, "H", [kind])]
            )
            others = "agree" if kind else "taken for alpha by some"
            yield file(f"{name} of {n_bits} bits with {what} alpha", data, shown, others)


def _oddities(file: Any, one: Any, grey: Any) -> Iterator[TiffFile]:
    inks = np.dstack([255 - one, np.zeros_like(grey)])
    for n_bits, planar in product((8, 16), (False, True)):
        data = tiff(_deep(inks, n_bits), n_bits, 5, planar=planar, compression=8)
        yield file(f"four inks of {n_bits} bits{', planes' if planar else ''}", data, one)
    packed = np.dstack([_deep(one[..., :1], 5), _deep(one[..., 1:2], 6), _deep(one[..., 2:], 5)])
    yield file("5, 6 and 5 bits", tiff(packed, (5, 6, 5), 2), one, _NO_VIEWER)
    for compression in (1, 5, 8, 32773):
        data = tiff(grey, 8, 1, fill_order=2, compression=compression)
        yield file(f"low bits first, compression {compression}", data, grey)
    for order in "<>":
        yield file(
            f"BigTIFF, {order}", tiff(one, 8, 2, is_big=True, order=order, compression=8, predictor=2), one
        )
    for name, tag in (("lengths", 279), ("rows of a strip", 278)):
        yield file(f"without {name}", tiff(one, 8, 2, without=[tag]), one)
    for across, down, compression in product((1, 2, 4), (1, 2), (1, 5)):
        data = _shared(one, across, down, compression)
        yield file(f"chroma shared {across} x {down}, compression {compression}", data, one, _SHARED)


_SHARED = "misread by some"


def _shared(one: UInt8Array, across: int, down: int, compression: int) -> bytes:
    """Write luma and chroma that `across` x `down` pixels share."""
    red, green, blue = np.moveaxis(one.astype(np.float64), 2, 0)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    planes = np.clip(
        np.dstack([luma, 128 + (blue - luma) / 1.772, 128 + (red - luma) / 1.402]).round(), 0, 255
    )
    rows, cols = one.shape[:2]
    lines = []
    for top in range(0, rows, down):
        line = b""
        for left in range(0, cols, across):
            part = planes[top : top + down, left : left + across]
            chroma = part[..., 1:].mean((0, 1)).round().astype(np.uint8)
            line += part[..., 0].astype(np.uint8).tobytes() + chroma.tobytes()
        lines.append(line)
    stored = planes.astype(np.uint8)
    return tiff(stored, 8, 6, raw_rows=[lines], compression=compression, extra=[(530, "H", [across, down])])
