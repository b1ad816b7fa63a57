"""What one image may cost, checked on its header before anything is decoded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .._core import MAX_SIDE
from .._face import checked, public_value
from ..errors import (
    SHOWN_DIGITS,
    ImageTooLarge,
    ImageTooSmall,
    UnreadableImage,
    UnsupportedImage,
    shortened,
)
from .lent import File, start_of
from .sniffing import HEAD, sniff, sniff_unread

__all__ = ["DEFAULT_LIMITS", "MIN_SIDE", "Limits", "check_bytes", "check_cost", "check_held"]

_MIB = 1024 * 1024
#: PDQ is not defined below.
MIN_SIDE = 5
#: Formats that can be decoded.
_FORMATS = frozenset({"JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "HEIF", "PNM"})


@checked
@public_value
@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one image may cost. Checked on the header, before anything is decoded.

    Attributes
    ----------
    max_bytes : int
        Length of the file.
    max_pixels : int
        Width times height of one frame.
    max_decoded_bytes : int
        What pixel buffers may hold: the decoder's own, all of them, and with ours at most a third more.
    formats : frozenset of str
        Formats that are decoded at all: "JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "HEIF",
        "PNM" (PBM, PGM and PPM).

    Examples
    --------
    >>> settings = safehash.Settings(limits=Limits(max_bytes=20 << 20, formats=frozenset({"JPEG", "PNG"})))
    >>> matcher = safehash.Matcher.from_files("list.csv", settings=settings)
    >>> matcher.check(b"GIF89a").reason
    'GIF is not in the formats allowed (JPEG, PNG)'
    """

    max_bytes: int = 100 * _MIB
    max_pixels: int = 120_000_000
    max_decoded_bytes: int = 256 * _MIB
    formats: frozenset[str] = _FORMATS

    def __post_init__(self) -> None:
        for name in ("max_bytes", "max_pixels", "max_decoded_bytes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is at least 1, not {getattr(self, name)}")
        formats = frozenset(self.formats)
        if not formats <= _FORMATS:
            unknown = ", ".join(sorted(repr(shortened(str(each))) for each in formats - _FORMATS))
            raise ValueError(f"formats are some of {', '.join(sorted(_FORMATS))}, not {unknown}")
        object.__setattr__(self, "formats", formats)


DEFAULT_LIMITS = Limits()


def check_bytes(data: File, limits: Limits) -> str:
    """Return the format of a file.

    Raises
    ------
    ImageTooLarge, UnreadableImage, UnsupportedImage
        Too long; empty; not in a format allowed.
    """
    if len(data) > limits.max_bytes:
        raise ImageTooLarge(f"{len(data)} bytes, the limit is {limits.max_bytes}")
    if not len(data):
        raise UnreadableImage("empty file")
    head = start_of(data, HEAD)[:HEAD]
    name = sniff(head)
    if name is None:
        # No more than messages show of a digest: a stored one is given for its picture by mistake.
        unread = sniff_unread(head)
        what = "not an image in a known format" if unread is None else f"{unread} is not read"
        raise UnsupportedImage(f"{what} (starts with {head[: SHOWN_DIGITS // 2].hex(' ')})")
    if name not in limits.formats:
        raise UnsupportedImage(f"{name} is not in the formats allowed ({', '.join(sorted(limits.formats))})")
    return name


#: Bytes a decoder holds per pixel of a frame, where the format decides it rather than the pixel mode:
#: animation canvases, planar intermediates and the library's picture included. Measured (tests/images/test_memory.py).
_DECODER_BYTES = {"GIF": 6, "WEBP": 10, "AVIF": 10, "HEIF": 10}
#: Bytes of one more copy, which the conversion makes of samples deeper than a byte and of formats that give no rows.
_COPY = {"I;16": 1, "WEBP": 3.5, "AVIF": 3.5, "HEIF": 3.5}


def check_cost(
    name: str,
    size: tuple[int, int],
    *,
    mode: str,
    n_bands: int,
    limits: Limits,
    step: int = 1,
    tile: tuple[int, int] = (1, 1),
    progressive: Sequence[tuple[int, int]] = (),
) -> None:
    """Refuse a picture that is too small for a hash, or too costly to decode.

    Parameters
    ----------
    name : str
        Format.
    size : (int, int)
        Columns and rows.
    mode, n_bands : str, int
        As the decoder names and counts them.
    step : int
        The reduction that is asked of the decoder.
    tile : (int, int)
        A TIFF tile is decoded whole, however little of it the picture shows.
    progressive : sequence of (int, int)
        Of a progressive JPEG, the sampling of every component, across and down.

    Raises
    ------
    ImageTooSmall, ImageTooLarge
    """
    width, height = size
    check_small(width, height)
    width, height = max(width, tile[0]), max(height, tile[1])
    check_large(width, height, limits)
    wide = 4 if mode in ("I", "F") else 2 if mode.startswith("I;16") else 1
    # The imaging library pads three bands to four bytes.
    needed = _DECODER_BYTES.get(name, (4 if n_bands > 1 else 1) * wide) * width * height // step**2
    if progressive:
        # All coefficients are held, two bytes each, whatever the output scale; chroma is often subsampled.
        samples = [across * down for across, down in progressive]
        needed += 2 * width * height * sum(samples) // max([1, *samples])
    copy = _COPY.get(name, _COPY.get(mode[:4], 0))
    check_held(f"{name} {mode}", (width, height), needed / (width * height) + copy, limits)
    if needed > limits.max_decoded_bytes:
        raise ImageTooLarge(
            f"decoding {width} x {height} {mode} takes {needed} bytes, the limit is {limits.max_decoded_bytes}"
        )


def check_small(width: int, height: int) -> None:
    """Refuse a picture of which no hash is defined.

    Raises
    ------
    ImageTooSmall
    """
    if min(width, height) < MIN_SIDE:
        raise ImageTooSmall(f"{width} x {height} pixels; a hash needs at least {MIN_SIDE} x {MIN_SIDE}")


def check_large(width: int, height: int, limits: Limits) -> None:
    """Refuse a picture of more pixels than may be looked at, whoever decoded them.

    Raises
    ------
    ImageTooLarge
    """
    if width * height > limits.max_pixels:
        raise ImageTooLarge(f"{width} x {height} pixels, the limit is {limits.max_pixels} in all")
    if max(width, height) > MAX_SIDE:
        raise ImageTooLarge(f"{width} x {height} pixels, the limit of one side is {MAX_SIDE}")


def check_held(what: str, size: tuple[int, int], bytes_a_pixel: float, limits: Limits) -> None:
    """Refuse a picture whose reader, conversions included, holds more than is allowed at once.

    Parameters
    ----------
    what : str
        The kind of picture.
    size : (int, int)
        Columns and rows.
    bytes_a_pixel : float
        Held at the worst moment.
    limits : Limits

    Raises
    ------
    ImageTooLarge
    """
    held = round(bytes_a_pixel * size[0] * size[1])
    most = limits.max_decoded_bytes * 4 // 3
    if held > most:
        raise ImageTooLarge(
            f"decoding a {size[0]} x {size[1]} {what} takes {held} bytes, the limit is {most} in all"
        )
