"""The samples of a TIFF page: its strips or tiles unpacked, their differences summed, their bits taken apart."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import UnreadableImage, UnsupportedImage
from . import tiff_header as tags
from .conversions import luma_of
from .pictures import UInt8Array
from .tiff_header import TiffPage
from .webp import CODEC as WEBP
from .webp_parts import check_tables

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["COMPRESSIONS", "Layout", "Samples", "read_layout", "read_samples"]

_NONE, _LZW, _DEFLATE, _PACKBITS, _OLD_DEFLATE, _LZMA, _ZSTD, _WEBP = (
    1, 5, 8, 32773, 32946, 34925, 50000, 50001,
)  # fmt: skip
#: What compresses bytes, whatever they stand for; and WebP, which not every build of the TIFF library reads.
COMPRESSIONS = frozenset({_NONE, _LZW, _DEFLATE, _PACKBITS, _OLD_DEFLATE, _LZMA, _ZSTD, _WEBP})
_UNSIGNED, _SIGNED, _FLOAT, _UNDEFINED = 1, 2, 3, 4
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
#: Samples that are taken apart bit by bit at a time: bounds what is held beside the picture.
_STRIP_BITS = 1 << 23


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a page's samples are stored.

    Attributes
    ----------
    width, height : int
        In pixels.
    bits : tuple of int
        Of each sample of a pixel.
    format : int
        1 unsigned, 2 signed, 3 float.
    planes : int
        1 where the samples of a pixel stand together, otherwise as many as there are.
    box : (int, int)
        Columns and rows of a tile, or of a strip.
    is_tiled : bool
    subsampling : (int, int)
        Pixels that share a sample of chroma, across and down.
    """

    width: int
    height: int
    bits: tuple[int, ...]
    format: int
    planes: int
    box: tuple[int, int]
    is_tiled: bool
    subsampling: tuple[int, int] = (1, 1)


@dataclass(frozen=True, slots=True)
class Samples:
    """Values as stored, of every pixel.

    Attributes
    ----------
    values : ndarray, shape (rows, cols, n)
        Whole numbers or floats.
    there : ndarray of bool, shape (rows, cols), or None
        Which pixels the file has; None where it has all.
    """

    values: npt.NDArray[Any]
    there: npt.NDArray[np.bool_] | None


def read_layout(page: TiffPage) -> Layout:
    """Return how a page's samples are stored.

    Raises
    ------
    UnreadableImage
        Without sides, or with samples of no bits.
    UnsupportedImage
        Samples that no viewer shows: complex numbers.
    """
    width, height = page.number(tags.WIDTH, 0), page.number(tags.HEIGHT, 0)
    n_samples = page.number(tags.SAMPLES, 1)
    if width <= 0 or height <= 0 or not 1 <= n_samples <= _MAX_SAMPLES:
        raise UnreadableImage(f"damaged TIFF: {width} x {height} pixels of {n_samples} samples")
    stored = [int(each) for each in page.numbers(tags.BITS)[:n_samples]] or [1]
    bits = tuple(stored + stored[-1:] * (n_samples - len(stored)))
    if not all(1 <= each <= 64 for each in bits):
        raise UnreadableImage(f"damaged TIFF: samples of {bits} bits")
    kind = page.number(tags.SAMPLE_FORMAT, _UNSIGNED)
    if kind not in (_UNSIGNED, _SIGNED, _FLOAT, _UNDEFINED):
        raise UnsupportedImage(f"TIFF with samples the decoder does not know: sample format {kind}")
    if kind == _FLOAT and set(bits) - {16, 32, 64}:
        raise UnsupportedImage(f"TIFF with samples the decoder does not know: floats of {bits} bits")
    is_tiled = tags.TILE_OFFSETS in page.entries
    if is_tiled:
        box = page.number(tags.TILE_WIDTH, 0), page.number(tags.TILE_HEIGHT, 0)
    else:
        box = width, min(height, page.number(tags.ROWS_PER_STRIP, height))
    if min(box) <= 0:
        raise UnreadableImage(f"damaged TIFF: tiles or strips of {box[0]} x {box[1]} pixels")
    return Layout(
        width=width, height=height, bits=bits, format=_UNSIGNED if kind == _UNDEFINED else kind,
        planes=n_samples if page.number(tags.PLANAR, 1) == 2 else 1, box=box, is_tiled=is_tiled,
    )  # fmt: skip


#: More samples a pixel than this are measurements, not a picture.
_MAX_SAMPLES = 64


def read_samples(page: TiffPage, layout: Layout, n_colours: int, check: Callable[[], None]) -> Samples:
    """Unpack all samples of a page.

    Parameters
    ----------
    page, layout
    n_colours : int
        How many samples must be there; those behind them are left out where their plane is not whole.
    check : callable
        Called between tiles or strips; raises where the work is to be left.
    """
    offsets, lengths = _places(page, layout)
    across, down = -(-layout.width // layout.box[0]), -(-layout.height // layout.box[1])
    per_plane = across * down
    planes = []
    whole: npt.NDArray[np.bool_] | None = None
    for plane in range(layout.planes):
        bits = layout.bits if layout.planes == 1 else layout.bits[plane : plane + 1]
        at = slice(plane * per_plane, (plane + 1) * per_plane)
        values, there = _read_plane(page, layout, bits, offsets[at], lengths[at], check)
        if plane >= n_colours and not there.all():
            break
        planes.append(values)
        whole = there if whole is None else whole & there
    assert whole is not None
    if not whole.any():
        raise UnreadableImage("damaged TIFF: no whole row or tile in it")
    values = planes[0] if len(planes) == 1 else np.concatenate(planes, axis=2)
    return Samples(values, None if whole.all() else whole)


def _places(page: TiffPage, layout: Layout) -> tuple[list[int], list[int]]:
    """Return where each tile or strip begins and how long it is."""
    tiled = layout.is_tiled
    offsets = page.numbers(tags.TILE_OFFSETS if tiled else tags.STRIP_OFFSETS).tolist()
    lengths = page.numbers(tags.TILE_LENGTHS if tiled else tags.STRIP_LENGTHS).tolist()
    if len(lengths) < len(offsets):
        lengths += [len(page.data)] * (
            len(offsets) - len(lengths)
        )  # it does not say: as far as the file goes
    return offsets, lengths[: len(offsets)]


def _read_plane(
    page: TiffPage,
    layout: Layout,
    bits: tuple[int, ...],
    offsets: list[int],
    lengths: list[int],
    check: Callable[[], None],
) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Return the samples that stand together, shape (rows, cols, n), and which pixels the file has."""
    box_cols, box_rows = layout.box
    h, v = layout.subsampling
    units = -(-box_cols // h), -(-box_rows // v)
    n_bytes = units[0] * (h * v + 2) if (h, v) != (1, 1) else (box_cols * sum(bits) + 7) // 8
    compression = page.number(tags.COMPRESSION, _NONE)
    is_reversed = page.number(tags.FILL_ORDER, 1) == 2
    across = -(-layout.width // box_cols)
    values: npt.NDArray[Any] | None = None
    there = np.zeros((layout.height, layout.width), np.bool_)
    for number, (offset, length) in enumerate(zip(offsets, lengths, strict=True)):
        check()
        row, col = number // across * box_rows, number % across * box_cols
        if row >= layout.height:
            break
        rows = box_rows if layout.is_tiled else min(box_rows, layout.height - row)
        n_rows = -(-rows // v)
        packed = page.data[offset : offset + min(length, len(page.data))]
        if is_reversed:
            packed = packed.translate(_REVERSED)
        unpacked = _unpacked(compression, packed, n_bytes, n_rows)
        n_whole = min(n_rows, len(unpacked) // n_bytes)
        if not n_whole:
            continue
        stored = np.frombuffer(unpacked, np.uint8, n_whole * n_bytes).reshape(n_whole, n_bytes)
        if (h, v) != (1, 1):
            part = _spread_chroma(stored, h, v)
        else:
            part = _apart(stored, page, layout, bits)
        part = part[:rows, : min(box_cols, layout.width - col)][: layout.height - row]
        if values is None:
            values = np.zeros((layout.height, layout.width, part.shape[2]), part.dtype)
        values[row : row + len(part), col : col + part.shape[1]] = part
        there[row : row + len(part), col : col + part.shape[1]] = True
    if values is None:
        values = np.zeros((layout.height, layout.width, len(bits)), np.uint8)
    return values, there


# -- bytes --------------------------------------------------------------------------------------------------


def _unpacked(compression: int, packed: bytes, n_bytes: int, n_rows: int) -> bytes | bytearray:
    """Unpack one strip or tile to at most `n_rows` rows of `n_bytes`, as far as it goes."""
    if compression == _NONE:
        return packed[: n_bytes * n_rows]
    if compression in (_DEFLATE, _OLD_DEFLATE):
        unpacker = zlib.decompressobj()
        out = bytearray()
        try:
            for start in range(0, len(packed), _PIECE):
                out += unpacker.decompress(packed[start : start + _PIECE], n_bytes * n_rows - len(out))
                if len(out) == n_bytes * n_rows:
                    break
        except zlib.error:
            pass
        return out
    if compression == _WEBP:
        return _by_webp(packed, n_bytes, n_rows)
    return _by_library(compression, packed, n_bytes, n_rows)


def _by_webp(packed: bytes, n_bytes: int, n_rows: int) -> bytes:
    """Unpack a WebP file that holds a strip or tile of red, green and blue, with alpha or without."""
    check_tables(packed)
    try:
        image: Image = WEBP.opener()(io.BytesIO(packed))
        n_bands, left = divmod(n_bytes, image.width)
        if left or n_bands not in (3, 4) or image.height > n_rows:
            return b""
        return image.convert("RGB" if n_bands == 3 else "RGBA").tobytes()
    except (OSError, SyntaxError, ValueError):  # damage
        return b""


#: Compressed bytes unpacked at a time, so that what stands before damage is kept.
_PIECE = 1 << 14


def _by_library(compression: int, packed: bytes, n_bytes: int, n_rows: int) -> bytes:
    """Unpack by the imaging library, given the bytes as those of a grey picture that is stored so."""
    from PIL import _imaging

    file = _head(compression, n_bytes, n_rows, len(packed)) + packed

    def run(fill: int) -> tuple[UInt8Array, bool]:
        core: Any = _imaging.fill("L", (n_bytes, n_rows), fill)
        decoder = _imaging.libtiff_decoder("L", *_decoder_arguments())
        decoder.setimage(core, (0, 0, n_bytes, n_rows))
        _, error = decoder.decode(file)
        return luma_of(core, (n_bytes, n_rows)), error >= 0

    rows, whole = run(0)
    if whole:
        return rows.tobytes()
    # What the decoder does not reach keeps what was there before.
    there = (rows == run(255)[0]).all(axis=1)
    return rows[: len(rows) if there.all() else int(np.argmin(there))].tobytes()


_HEAD = 256


def _head(compression: int, n_bytes: int, n_rows: int, n_packed: int) -> bytes:
    """Return the beginning of a TIFF file of one grey strip, behind which its packed bytes stand."""
    fields = (
        (tags.WIDTH, n_bytes), (tags.HEIGHT, n_rows), (tags.BITS, 8), (tags.COMPRESSION, compression),
        (tags.PHOTOMETRIC, 1), (tags.STRIP_OFFSETS, _HEAD), (tags.SAMPLES, 1), (tags.ROWS_PER_STRIP, n_rows),
        (tags.STRIP_LENGTHS, n_packed),
    )  # fmt: skip
    head = struct.pack("<2sHIH", b"II", 42, 8, len(fields))
    head += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in fields)
    return head.ljust(_HEAD, b"\0")


@lru_cache(maxsize=1)
def _decoder_arguments() -> tuple[Any, ...]:
    """Return what the library tells its decoder of a file with such a beginning, in its version's own order.

    Asked once: opening a file takes the library seven times as long as decoding a short strip of it.
    """
    from PIL.TiffImagePlugin import TiffImageFile

    args: Any = TiffImageFile(io.BytesIO(_head(_PACKBITS, 1, 1, 2))).tile[0].args
    return tuple(args)


# -- samples ------------------------------------------------------------------------------------------------


def _apart(stored: UInt8Array, page: TiffPage, layout: Layout, bits: tuple[int, ...]) -> npt.NDArray[Any]:
    """Take rows of bytes apart into samples, shape (rows, cols, n)."""
    cols, n = layout.box[0], len(bits)
    predictor = page.number(tags.PREDICTOR, 1)
    if len(set(bits)) == 1 and bits[0] in (8, 16, 32, 64):
        size = bits[0] // 8
        kind = {_UNSIGNED: "u", _SIGNED: "i", _FLOAT: "f"}[layout.format]
        if predictor == 3 and layout.format == _FLOAT:
            return _float_differences(stored, n, size, kind).reshape(len(stored), cols, n)
        values = (
            stored[:, : cols * n * size].view(page.order + kind + str(size)).reshape(len(stored), cols, n)
        )
        if predictor == 2 and kind != "f":
            values = np.cumsum(values, axis=1, dtype=values.dtype.newbyteorder("="))
        elif predictor == 2:
            whole = values.view(page.order + "u" + str(size))
            summed = np.cumsum(whole, axis=1, dtype=whole.dtype.newbyteorder("="))
            values = summed.view(kind + str(size))
        return values
    if set(bits) == {24}:
        triples = stored[:, : cols * n * 3].reshape(len(stored), cols, n, 3).astype(np.uint32)
        first, second, third = (2, 1, 0) if page.order == "<" else (0, 1, 2)
        whole = triples[..., first] << 16 | triples[..., second] << 8 | triples[..., third]
        return _signed(whole, 24) if layout.format == _SIGNED else whole
    if max(bits) > 32:
        raise UnsupportedImage(f"TIFF with samples the decoder does not know: {bits} bits")
    return _bit_by_bit(stored, cols, bits, layout.format)


def _float_differences(stored: UInt8Array, n: int, size: int, kind: str) -> npt.NDArray[Any]:
    """Undo the differences of floats: bytes of the same weight stand together, and each was subtracted."""
    rows, n_bytes = stored.shape
    summed = np.cumsum(stored.reshape(rows, -1, n), axis=1, dtype=np.uint8).reshape(
        rows, size, n_bytes // size
    )
    return np.ascontiguousarray(summed.transpose(0, 2, 1)).view(f">{kind}{size}")[..., 0]


def _bit_by_bit(stored: UInt8Array, cols: int, bits: tuple[int, ...], format: int) -> npt.NDArray[Any]:
    """Take samples of any bits apart, the high bit first."""
    dtype = np.uint8 if max(bits) <= 8 else np.uint16 if max(bits) <= 16 else np.uint32
    signed = {np.uint8: np.int8, np.uint16: np.int16, np.uint32: np.int32}[dtype]
    values = np.empty((len(stored), cols, len(bits)), signed if format == _SIGNED else dtype)
    step = max(1, _STRIP_BITS // (cols * sum(bits)))
    for top in range(0, len(stored), step):
        rows = np.unpackbits(stored[top : top + step], axis=1, count=cols * sum(bits))
        pixels = rows.reshape(len(rows), cols, sum(bits))
        first = 0
        for number, n_bits in enumerate(bits):
            value = np.zeros(pixels.shape[:2], np.uint32)
            for bit in range(first, first + n_bits):
                value = value << 1 | pixels[..., bit]
            first += n_bits
            values[top : top + step, :, number] = _signed(value, n_bits) if format == _SIGNED else value
    return values


def _signed(values: npt.NDArray[Any], n_bits: int) -> npt.NDArray[np.int32]:
    """Return whole numbers of so many bits with their sign."""
    shift = 32 - n_bits
    return (values.astype(np.uint32) << np.uint32(shift)).view(np.int32) >> np.int32(shift)


def _spread_chroma(stored: UInt8Array, h: int, v: int) -> UInt8Array:
    """Return luma and chroma of every pixel where h x v of them share their chroma, and stand with it."""
    units = stored.reshape(len(stored), -1, h * v + 2)
    blocks = units[..., : h * v].reshape(len(stored), -1, v, h).transpose(0, 2, 1, 3)
    luma = blocks.reshape(len(stored) * v, -1)
    chroma = [units[..., h * v + each].repeat(v, axis=0).repeat(h, axis=1) for each in (0, 1)]
    return np.stack([luma, *chroma], axis=2)
