"""The only file that touches PIL: hostile bytes in, pixels and provenance (or an ImageError) out."""

from __future__ import annotations

import io
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from ..errors import ImageError, ImageTooLarge, ImageTooSmall, UnreadableImage, UnsupportedImage
from .conversions import Background, luma_of, to_pixels
from .jpeg_header import read_jpeg_header
from .limits import DEFAULT_LIMITS, MIN_SIDE, Limits, check_bytes, check_cost
from .mending import first_gif_frame, gif_extent, mend
from .pictures import Decoded, Provenance, UInt8Array

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

__all__ = ["Blob", "decode", "decode_frames", "encode_jpeg", "from_image"]

_T = TypeVar("_T")

#: A file held in memory.
Blob: TypeAlias = bytes | bytearray | memoryview

_ORIENTATION_TAG = 0x0112
_TILE_WIDTH, _TILE_LENGTH = 0x0142, 0x0143
_PHOTOMETRIC, _YCBCR, _SUBSAMPLING = 0x0106, 6, 0x0212


# -- the decoders -----------------------------------------------------------------------------------------------


def _open(name: str, data: bytes) -> Any:
    """Return the named format's decoder over `data`, header read, no pixel decoded.

    The decoder classes are called by name instead of through the library's registry: nothing outside the
    allow-list can be reached, and its process-wide size warning stays with the application.
    """
    image = _DECODERS[name]()(io.BytesIO(data))
    if name == "PNG":
        _bring_key_to_eight_bits(image, data)
    return image


def _open_mended(name: str, data: bytes) -> Any:
    """Open a file; where remarks in it stop the decoder, as they stop no browser, open it without them."""
    try:
        return _open(name, data)
    except (Warning, MemoryError, UnsupportedImage):
        raise
    except Exception:
        mended = mend(name, data)
        if mended == data:
            raise
        return _open(name, mended)


def _bring_key_to_eight_bits(image: Any, data: bytes) -> None:
    """Scale a PNG's transparent colour as its samples are: the decoder leaves it as stored."""
    key = image.info.get("transparency")
    depth, colour = data[24], data[25]
    if colour == 0 and depth in (2, 4) and isinstance(key, int):
        image.info["transparency"] = key * (255 // (2**depth - 1))
    elif colour == 2 and depth == 16 and isinstance(key, tuple):
        image.info["transparency"] = tuple(value >> 8 for value in key)


def _jpeg() -> Callable[..., Any]:
    # Not the library's factory: of several pictures in one JPEG file (MPO) viewers show the first alone, and a
    # damaged index of the others must not lose it.
    from PIL.JpegImagePlugin import JpegImageFile

    return JpegImageFile


def _png() -> Callable[..., Any]:
    from PIL.PngImagePlugin import PngImageFile

    return PngImageFile


def _gif() -> Callable[..., Any]:
    from PIL.GifImagePlugin import GifImageFile

    return GifImageFile


def _webp() -> Callable[..., Any]:
    from PIL.WebPImagePlugin import WebPImageFile

    return WebPImageFile


def _avif() -> Callable[..., Any]:
    from PIL.AvifImagePlugin import AvifImageFile

    return AvifImageFile


def _bmp() -> Callable[..., Any]:
    from PIL.BmpImagePlugin import BmpImageFile

    return BmpImageFile


def _tiff() -> Callable[..., Any]:
    from PIL.TiffImagePlugin import TiffImageFile

    return TiffImageFile


def _heif() -> Callable[..., Any]:
    try:
        from pillow_heif.as_plugin import HeifImageFile
    except ImportError as exc:
        raise UnsupportedImage("HEIC needs an extra: pip install 'safehash[heic]'") from exc
    opener: Callable[..., Any] = HeifImageFile
    return opener


#: Imported at first use: a process that meets only JPEG loads only its decoder.
_DECODERS: dict[str, Callable[[], Callable[..., Any]]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "GIF": _gif,
    "WEBP": _webp,
    "AVIF": _avif,
    "BMP": _bmp,
    "TIFF": _tiff,
    "HEIF": _heif,
}


# -- decoding ---------------------------------------------------------------------------------------------------


def decode(
    data: Blob,
    *,
    limits: Limits = DEFAULT_LIMITS,
    step_for: Callable[[int], int] | None = None,
    background: Background = "white",
) -> Decoded:
    """Decode the first frame of an image file.

    Parameters
    ----------
    data : bytes
        The whole file.
    limits : Limits
    step_for : callable or None
        Given the shorter side in pixels, the reduction the caller can fold (1, 2, 4 or 8). None decodes
        everything, in colour, as the reference tools do; otherwise luma is enough.
    background : "white" or "black"
        What transparent pixels are put on.

    Raises
    ------
    ImageError
        Its subclass says why: unreadable, too large, too small, unsupported.
    """
    data = bytes(data)
    name = check_bytes(data, limits)
    return _without_remarks(lambda: _guarded(name, lambda: _decode(name, data, limits, step_for, background)))


def _decode(
    name: str, data: bytes, limits: Limits, step_for: Callable[[int], int] | None, background: Background
) -> Decoded:
    """Decode within the guard: almost every attribute of the library's image objects runs code on the file."""
    if name == "JPEG" and step_for is not None:
        decoded = _plain_jpeg(data, limits, step_for)
        if decoded is not None:
            return decoded
    image = _open_mended(name, data)
    size = image.size
    if name == "GIF":
        size = _larger(size, first_gif_frame(data))  # the canvas grows to hold it
    step = 1
    if step_for is not None:
        step = step_for(min(size))
    if name == "JPEG":
        draftable = image.mode in ("L", "RGB")
        _check_cost(name, image, size, limits, step=step if draftable else 1)
        if step_for is not None and draftable:
            image.draft("L", (max(1, size[0] // step), max(1, size[1] // step)))
        step = _step_between(size, image.size)
    else:
        _check_cost(name, image, size, limits)
    mode = image.mode if name != "JPEG" or step_for is None else _stored_mode(image)
    n_frames = 2 if _is_animated(image) else 1
    orientation = _orientation(image) if name != "TIFF" else 1
    image, truncated = _load(name, image, data, tuple(side // step for side in size))
    if name in ("TIFF", "GIF"):
        size = image.size  # these decoders turn the picture or grow the canvas themselves
    provenance = Provenance(
        format=name, mode=mode, width=size[0], height=size[1], scale=step, orientation=orientation,
        n_frames=n_frames, truncated=truncated,
    )  # fmt: skip
    return _decoded(image, provenance, background, step if name != "JPEG" else 1)


def _decoded(image: Image, provenance: Provenance, background: Background, step: int) -> Decoded:
    pixels, transparent = to_pixels(image, background, step)
    if transparent:
        provenance = replace(provenance, transparent=True)
    return Decoded(pixels=pixels, provenance=provenance)


def _plain_jpeg(data: bytes, limits: Limits, step_for: Callable[[int], int]) -> Decoded | None:
    """Decode the luma of an ordinary, undamaged JPEG file; None for any other, which `JpegImageFile` then reads.

    The same decoder gets the same settings as from `JpegImageFile.draft` and `load`, hence gives the same pixels
    (tested). What is saved is the library's reading of the header, a third of the time of a small picture, and
    the copies of handing the file over in pieces.
    """
    header = read_jpeg_header(data)
    if header is None:
        return None
    width, height = header.width, header.height
    step = step_for(min(width, height))
    n_bands = len(header.sampling)
    mode = "L" if n_bands == 1 else "RGB"
    check_cost(
        "JPEG", (width, height), mode=mode, n_bands=n_bands, limits=limits, step=step,
        progressive=header.sampling if header.progressive else (),
    )  # fmt: skip
    pixels = _jpeg_luma(data, (-(-width // step), -(-height // step)), step)
    if pixels is None:
        return None
    provenance = Provenance(
        format="JPEG", mode=mode, width=width, height=height, scale=step,
        orientation=_exif_orientation(header.exif),
    )  # fmt: skip
    return Decoded(pixels=pixels, provenance=provenance)


def _jpeg_luma(data: bytes, size: tuple[int, int], step: int) -> UInt8Array | None:
    """Run the JPEG decoder over a whole file; None unless it comes to the end without an error."""
    from PIL import _imaging

    try:
        core = _imaging.new("L", size)
        decoder = _imaging.jpeg_decoder("L", "L", "", step, 0)
        decoder.setimage(core, (0, 0, *size))
        n_taken, error = decoder.decode(data)
    except MemoryError as exc:
        raise ImageTooLarge("the JPEG decoder ran out of memory") from exc
    except (AttributeError, OSError, TypeError, ValueError):  # the patient way says what is wrong
        return None
    # Negative: the decoder needs no more. Otherwise the file ends early.
    return luma_of(core, size) if n_taken < 0 and error >= 0 else None


def _check_cost(name: str, image: ImageFile, size: tuple[int, int], limits: Limits, *, step: int = 1) -> None:
    """Check a picture's cost by what the library's reader found in its header."""
    tags: Any = getattr(image, "tag_v2", {}) if name == "TIFF" else {}
    progressive: list[tuple[int, int]] = []
    if name == "JPEG" and image.info.get("progressive"):
        progressive = [(across, down) for _, across, down, _ in image.layer]  # type: ignore[attr-defined]
    check_cost(
        name, size, mode=image.mode, n_bands=len(image.getbands()), limits=limits, step=step,
        tile=(_whole(tags.get(_TILE_WIDTH)), _whole(tags.get(_TILE_LENGTH))), progressive=progressive,
    )  # fmt: skip


def decode_frames(
    data: Blob,
    *,
    limits: Limits = DEFAULT_LIMITS,
    step_for: Callable[[int], int] | None = None,
    background: Background = "white",
    max_frames: int = 8,
) -> Iterator[Decoded]:
    """Decode up to `max_frames` frames spread evenly over an animation, first and last included.

    A still picture gives its one frame. Frames after a damaged one are not looked at; those before it are
    sampled more closely instead. Parameters are those of `decode`.

    Raises
    ------
    ImageError
        For the first frame; later damage ends the iteration.
    """
    data = bytes(data)
    name = check_bytes(data, limits)

    def begin() -> tuple[ImageFile, int, int]:
        image = _open_mended(name, data)
        size = _larger(image.size, gif_extent(data) if name == "GIF" else (1, 1))
        _check_cost(name, image, size, limits)
        most = min(_MAX_SEEK, max(max_frames, _MAX_SEEK_PIXELS // (image.width * image.height)))
        return image, min(_n_frames(image), most), _orientation(image) if name != "TIFF" else 1

    def one(image: ImageFile, frame: int) -> Decoded:
        image.seek(frame)
        _check_cost(name, image, image.size, limits)  # pages of a TIFF have sizes of their own
        step = step_for(min(image.size)) if step_for is not None else 1
        pixels, truncated = _load(name, image, data, image.size)
        width, height = pixels.size
        provenance = Provenance(
            format=name, mode=image.mode, width=width, height=height, orientation=orientation,
            scale=step, frame=frame, n_frames=n_frames, truncated=truncated,
        )  # fmt: skip
        return _decoded(pixels, provenance, background, step)

    if name == "JPEG":
        yield decode(data, limits=limits, step_for=step_for, background=background)
        return
    image, n_frames, orientation = _without_remarks(lambda: _guarded(name, begin))
    wanted = _spread(0, n_frames, max_frames)
    n_done, last, end = 0, -1, n_frames
    while wanted:
        frame = wanted.pop(0)
        try:
            decoded = _without_remarks(lambda: _guarded(name, lambda: one(image, frame)))  # noqa: B023
        except ImageError:
            if frame == 0:
                raise
            # Damage, or a count of frames that is not true: a viewer has shown those before it.
            end = frame
            wanted = _spread(last + 1, end, max_frames - n_done)
            if wanted:
                image, _, _ = _without_remarks(lambda: _guarded(name, begin))
            continue
        yield decoded
        n_done, last = n_done + 1, frame


def _spread(first: int, end: int, n: int) -> list[int]:
    """Return up to n frames spread evenly from `first` to before `end`, both ends included."""
    n = min(n, end - first)
    return [first + round(i * (end - 1 - first) / max(1, n - 1)) for i in range(n)]


def _is_animated(image: ImageFile) -> bool:
    """Tell whether something follows the first frame; where looking for it meets damage, something does."""
    try:
        return bool(getattr(image, "is_animated", False))
    except (Warning, MemoryError):
        raise
    except Exception:  # the library seeks, through bytes that end anywhere
        image.seek(0)
        return True


def _n_frames(image: ImageFile) -> int:
    """Count frames; where counting meets damage, as many as could be there: those before it are decoded."""
    try:
        return int(getattr(image, "n_frames", 1))
    except (Warning, MemoryError):
        raise
    except Exception:
        n_whole = image.tell() + 1
        image.seek(0)
        return n_whole


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 1


def _larger(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    return max(one[0], other[0]), max(one[1], other[1])


#: Later frames than this are not reached: seeking in an animation decodes every frame before.
_MAX_SEEK = 2000
#: Nor frames behind this many pixels: 500 frames of 1920 x 1080, some seconds of decoding.
_MAX_SEEK_PIXELS = 1_000_000_000


def from_image(image: Image, *, background: Background = "white") -> Decoded:
    """Take the pixels of an image object that the caller decoded; EXIF orientation it still carries applies."""
    name = str(getattr(image, "format", None) or "pixels")

    def convert() -> Decoded:
        width, height = image.size
        if width < MIN_SIDE or height < MIN_SIDE:
            raise ImageTooSmall(f"{width} x {height} pixels; a hash needs at least {MIN_SIDE} x {MIN_SIDE}")
        image.load()
        provenance = Provenance(
            format=name, mode=image.mode, width=width, height=height, orientation=_orientation(image)
        )
        return _decoded(image, provenance, background, 1)

    return _without_remarks(lambda: _guarded(name, convert))


_REMARKS = threading.Lock()


def _without_remarks(act: Callable[[], _T]) -> _T:
    """Run a decode; where the application made warnings errors, a decoder's remark must not lose the picture."""
    try:
        return act()
    except Warning:
        # The filters are process-wide, so this is done only where it is needed, and by one thread at a time.
        with _REMARKS, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return act()


def _guarded(name: str, act: Callable[[], _T]) -> _T:
    """Run one call into a decoder; whatever it raises but a warning becomes an ImageError."""
    try:
        return act()
    except Warning:
        raise
    except (UnsupportedImage, UnreadableImage, ImageTooLarge, ImageTooSmall):
        raise
    except MemoryError as exc:
        raise ImageTooLarge(f"the {name} decoder ran out of memory") from exc
    except Exception as exc:  # decoders raise almost anything on damaged input, by experience
        if "unknown pixel mode" in str(exc):
            raise UnsupportedImage(f"{name} with samples the decoder does not know: {exc}") from exc
        raise UnreadableImage(f"damaged {name}: {type(exc).__name__}: {exc}") from exc


def _load(name: str, image: ImageFile, data: bytes, asked: tuple[int, ...]) -> tuple[Image, bool]:
    """Decode the pixels as far as they go; say whether the file ended early or broke off.

    `asked` is the size that the draft of a JPEG was asked for.
    """
    if name == "TIFF":
        _take_luma_and_chroma_as_stored(image)
    try:
        image.load()
        return image, False
    except Warning:
        raise
    except MemoryError as exc:
        raise ImageTooLarge(f"the {name} decoder ran out of memory") from exc
    except Exception as exc:
        if name == "JPEG" and "truncated" in str(exc):
            # An end marker makes the decoder finish with what it has; browsers do the same.
            again = _guarded(name, lambda: _open_mended(name, data + b"\xff\xd9"))
            if again.mode != image.mode or again.size != image.size:
                again.draft("L", asked)
            try:
                return _loaded(again), True
            except OSError:
                image = again
        partial = _guarded(name, lambda: _partial(image)) if name in _GIVE_ROWS else None
        if partial is None:
            raise UnreadableImage(f"damaged {name}: {type(exc).__name__}: {exc}") from exc
        return partial, True


def _take_luma_and_chroma_as_stored(image: Any) -> None:
    """Correct how uncompressed YCbCr samples of a TIFF are read: before version 13 the library took them for RGBX.

    Raises
    ------
    UnsupportedImage
        Their chroma is subsampled; no version reads that.
    """
    if image.tag_v2.get(_PHOTOMETRIC) != _YCBCR or any(codec != "raw" for codec, *_ in image.tile):
        return
    if tuple(image.tag_v2.get(_SUBSAMPLING, (2, 2))) != (1, 1):
        raise UnsupportedImage("uncompressed TIFF with subsampled chroma; save it as JPEG or PNG")
    image._mode = "YCbCr"
    image.tile = [
        (codec, extents, offset, ("YCbCr", *args[1:])) for codec, extents, offset, args in image.tile
    ]


#: Formats whose decoders leave the rows decoded so far.
_GIVE_ROWS = frozenset({"JPEG", "PNG", "BMP", "TIFF", "GIF"})


def _partial(image: ImageFile) -> Image | None:
    """Return the rows decoded before the damage, the rest as the decoder left it; None where there are none."""
    from PIL import Image as pil

    if image._im is None:
        return None
    partial = pil.Image()._new(image.im)
    partial.info.update(image.info)
    extrema: Any = partial.getextrema()
    bands = extrema if isinstance(extrema[0], tuple) else (extrema,)
    return None if all(low == high for low, high in bands) else partial


def _loaded(image: ImageFile) -> ImageFile:
    image.load()
    return image


def _step_between(original: tuple[int, int], reduced: tuple[int, int]) -> int:
    """Return the reduction the decoder took, whatever was asked."""
    for step in (1, 2, 4, 8):
        if reduced == tuple(-(-side // step) for side in original):
            return step
    raise UnreadableImage(f"the decoder made {reduced} of a picture of {original} pixels")


def _stored_mode(image: ImageFile) -> str:
    """Return a JPEG's own mode, which asking for luma hides."""
    return {1: "L", 3: "RGB", 4: "CMYK"}.get(int(getattr(image, "layers", 3)), image.mode)


def _orientation(image: Image) -> int:
    """Return the EXIF orientation, 1 where there is none or it makes no sense.

    Only EXIF counts: viewers ignore an orientation that stands in XMP alone.
    """
    return _exif_orientation(image.info.get("exif"))


def _exif_orientation(raw: bytes | None) -> int:
    from PIL.Image import Exif

    if not raw:
        return 1
    exif = Exif()
    try:
        exif.load(raw)
        value = exif.get(_ORIENTATION_TAG, 1)
    except (SyntaxError, ValueError, KeyError, IndexError, TypeError, OSError, struct.error, AttributeError):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def encode_jpeg(pixels: UInt8Array, *, quality: int = 85) -> bytes:
    """Return pixels as a JPEG file, for measuring; `pixels` as in `Decoded`."""
    from PIL import Image as pil

    stream = io.BytesIO()
    pil.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return stream.getvalue()
