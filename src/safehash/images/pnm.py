"""PBM, PGM and PPM files to pixels, in digits or in bytes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import UnreadableImage
from .limits import check_cost, check_held
from .pictures import Decoded, Provenance
from .request import Request
from .seen import seen

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["read_pnm"]

_SPACE = b" \t\n\v\f\r"
#: A number of the header. Before it stand spaces and remarks, which go to the end of their line.
_NUMBER = re.compile(rb"[0-9]{1,10}")
_SPACES = re.compile(rb"[ \t\n\v\f\r]*")
_REMARK = re.compile(rb"#[^\n\r]*")
_MOST = 65535
#: By the digit of the magic: samples a pixel, and whether they are bits.
_KINDS = {1: (1, True), 2: (1, False), 3: (3, False), 4: (1, True), 5: (1, False), 6: (3, False)}
#: Bytes of digits read at a time: as numbers they take forty times the room.
_PIECE = 1 << 15
#: Digits of a number, zeros before it included: Python reads no longer ones.
_LONGEST_NUMBER = 4300
#: Samples scaled at a time.
_STRIP = 1 << 20


def read_pnm(data: bytes, request: Request) -> Iterator[Decoded]:
    """Decode the first picture of a PBM, PGM or PPM file."""
    kind = int(data[1:2])
    n_samples, is_bits = _KINDS[kind]
    header = _numbers(data, 2 if is_bits else 3)
    (width, height), most = header.values[:2], 1 if is_bits else header.values[2]
    if not 1 <= most <= _MOST:
        raise UnreadableImage(f"damaged PNM: samples up to {most}, it is 1 to {_MOST}")
    mode = "RGB" if n_samples == 3 else "I;16" if most > 255 else "L"
    check_cost(
        "PNM", (width, height), mode="I;16" if most > 255 else mode, n_bands=n_samples, limits=request.limits
    )
    held = _held(kind, most, n_samples, is_bits=is_bits)
    check_held("PNM", (width, height), held, request.limits)
    n_values = width * height * n_samples
    values: npt.NDArray[Any]
    if kind <= 3:
        values = _from_digits(data, header.end, n_values, most, request, is_bits=is_bits)
    else:
        # One space ends the header.
        values = _from_bytes(data, header.end + 1, (height, width, n_samples), most, is_bits=is_bits)
    n_rows = len(values) // (width * n_samples)
    if not n_rows:
        raise UnreadableImage("damaged PNM: no whole row in it")
    cube = values[: n_rows * width * n_samples].reshape(n_rows, width, n_samples)
    provenance = Provenance(
        format="PNM",
        mode=mode,
        width=width,
        height=height,
        scale=request.step_of((width, height)),
        truncated=n_rows < height,
    )
    image = _image(cube, height, most, is_bits=is_bits)
    del values, cube  # what is made of the image takes their room
    yield seen(image, provenance, provenance.scale, limits=request.limits)


class _Header:
    """Its numbers, and where they end."""

    __slots__ = ("end", "values")

    def __init__(self, values: list[int], end: int) -> None:
        self.values = values
        self.end = end


def _numbers(data: bytes, n: int) -> _Header:
    """Read the numbers of a header, whose remarks were counted (counting.py)."""
    values, at = [], 2
    for _ in range(n):
        at = _behind_spaces(data, at)
        while data[at : at + 1] == b"#":
            at = _behind_spaces(data, _ended(_REMARK.match(data, at)))
        found = _NUMBER.match(data, at)
        if found is None:
            raise UnreadableImage("damaged PNM: no number where its header has one")
        values.append(int(found[0]))
        at = found.end()
    return _Header(values, at)


def _behind_spaces(data: bytes, at: int) -> int:
    return _ended(_SPACES.match(data, at))


def _ended(found: re.Match[bytes] | None) -> int:
    assert found is not None  # of what may be empty, or is known to be there
    return found.end()


def _held(kind: int, most: int, n_samples: int, *, is_bits: bool) -> int:
    """Return the bytes that a pixel takes: its samples as they are read, scaled to eight bits, as an image, and grey.

    Samples that are let go before it is made grey go back to the allocator, which may keep them.
    """
    if kind <= 3:
        read = 1 if most <= 255 else 2
    else:
        read = 1 if is_bits else 0  # of bytes nothing is copied
    scaled = 0 if most == 255 or is_bits else 1
    return n_samples * (read + scaled) + (5 if n_samples == 3 else 2 if most == _MOST else 1)


def _from_digits(
    data: bytes, at: int, n_values: int, most: int, request: Request, *, is_bits: bool
) -> npt.NDArray[Any]:
    """Return the numbers written out, as far as they go; what is beyond `most` counts as that."""
    out = np.empty(n_values, np.uint8 if most <= 255 else np.uint16)
    n_done = 0
    rest = b""
    while n_done < n_values and (at < len(data) or rest):
        request.deadline.check()
        piece = data[at : at + _PIECE]
        at += len(piece)
        text = rest + piece
        text, rest = _whole_words(text, is_bits=is_bits) if at < len(data) else (text, b"")
        words = _REMARK.sub(b"", text)
        if is_bits:
            digits = np.frombuffer(words.translate(None, _SPACE), np.uint8)
            numbers = (digits[: n_values - n_done] - 48).astype(np.int64)
        else:
            split = words.split(None, n_values - n_done)[: n_values - n_done]
            try:
                numbers = np.array([int(word) for word in split], np.int64)
            except ValueError:
                raise UnreadableImage("damaged PNM: something else than numbers among its samples") from None
        if len(numbers) and not 0 <= int(numbers.min()) <= int(numbers.max()) <= _MOST:
            raise UnreadableImage(f"damaged PNM: a sample outside 0 to {_MOST}")
        out[n_done : n_done + len(numbers)] = numbers if is_bits else np.minimum(numbers, most)
        n_done += len(numbers)
    return out[:n_done]


def _whole_words(text: bytes, *, is_bits: bool) -> tuple[bytes, bytes]:
    """Part a piece of text behind what is whole in it: a remark or a number may go on in the next one.

    Of a remark without an end nothing is kept but that it is one, and no number is longer than a piece: what is carried
    on does not grow.

    Raises
    ------
    UnreadableImage
    """
    line = max(text.rfind(b"\n"), text.rfind(b"\r")) + 1
    remark = text.find(b"#", line)
    if remark >= 0:
        return text[:remark], b"#"
    if is_bits:  # each digit is a sample
        return text, b""
    cut = max(text.rfind(bytes([end])) for end in _SPACE) + 1
    if len(text) - cut > _LONGEST_NUMBER:
        raise UnreadableImage(
            f"damaged PNM: a number of more than {_LONGEST_NUMBER} digits among its samples"
        )
    return text[:cut], text[cut:]


def _from_bytes(
    data: bytes, at: int, shape: tuple[int, int, int], most: int, *, is_bits: bool
) -> npt.NDArray[Any]:
    """Return the samples stored, as far as they go."""
    height, width, n_samples = shape
    if is_bits:
        n_bytes = (width + 7) // 8
        n_rows = min(height, max(0, len(data) - at) // n_bytes)
        rows = np.frombuffer(data, np.uint8, n_rows * n_bytes, at).reshape(n_rows, n_bytes)
        return np.unpackbits(rows, axis=1, count=width).ravel()
    dtype = ">u2" if most > 255 else "u1"
    n_values = min(width * height * n_samples, max(0, len(data) - at) // np.dtype(dtype).itemsize)
    return np.frombuffer(data, dtype, n_values, at)


def _image(cube: npt.NDArray[Any], height: int, most: int, *, is_bits: bool) -> Image:
    """Return rows of samples as an image, transparent where there are none."""
    from PIL import Image as pil

    if is_bits:
        # In place: the bits were unpacked for this alone. 1 is black.
        eight = np.equal(cube, 0, out=cube, casting="unsafe")
        eight *= 255
    elif most == 255 and cube.dtype == np.uint8:
        eight = np.ascontiguousarray(cube)
    elif most == _MOST and cube.shape[2] == 1 and len(cube) == height:
        return pil.fromarray(cube[..., 0].astype(np.uint16))
    else:
        eight = _scaled(cube, most)
    if len(eight) == height:
        return pil.fromarray(eight[..., 0] if eight.shape[2] == 1 else eight)
    rgba = np.zeros((height, eight.shape[1], 4), np.uint8)
    rgba[: len(eight), :, :3] = eight
    rgba[: len(eight), :, 3] = 255
    return pil.fromarray(rgba)


def _scaled(cube: npt.NDArray[Any], most: int) -> npt.NDArray[np.uint8]:
    """Return samples up to `most` as 0 to 255, a strip of rows at a time: between the two they take more room."""
    eight = np.empty(cube.shape, np.uint8)
    n_rows = max(1, _STRIP // (cube.shape[1] * cube.shape[2]))
    for at in range(0, len(cube), n_rows):
        wide = np.minimum(cube[at : at + n_rows], most).astype(np.uint32) * 510 + most
        eight[at : at + n_rows] = wide // (2 * most)
    return eight
