"""The only file that touches PIL: hostile bytes in, pixels and provenance (or an ImageError) out."""

from __future__ import annotations

import io
import struct
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
import numpy.typing as npt

from ._core import MAX_SIDE
from .errors import ImageError, ImageTooLarge, ImageTooSmall, UnreadableImage, UnsupportedImage
from .mending import first_gif_frame, gif_extent, mend

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

__all__ = [
    "DEFAULT_LIMITS",
    "Decoded",
    "Limits",
    "Provenance",
    "decode",
    "decode_frames",
    "from_image",
    "sniff",
]

_T = TypeVar("_T")
UInt8Array = npt.NDArray[np.uint8]
Background = Literal["white", "black"]

_MIB = 1024 * 1024
_ORIENTATION_TAG = 0x0112
_TILE_WIDTH, _TILE_LENGTH = 0x0142, 0x0143
_MIN_SIDE = 5


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
        What the decoder's own pixel buffers may hold; safehash keeps at most one copy beside them.
    formats : frozenset of str
        Formats that are decoded at all: "JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "HEIF".
    """

    max_bytes: int = 100 * _MIB
    max_pixels: int = 120_000_000
    max_decoded_bytes: int = 256 * _MIB
    formats: frozenset[str] = frozenset({"JPEG", "PNG", "GIF", "WEBP", "AVIF", "BMP", "TIFF", "HEIF"})


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """How bytes became the pixels that were hashed.

    Attributes
    ----------
    format : str
        Container format, "JPEG", "PNG" ...
    mode : str
        The file's own pixel mode as the decoder names it.
    width, height : int
        Of the stored picture, before orientation, in pixels.
    scale : int
        1 for a full decode, 2, 4 or 8 for a reduced one.
    orientation : int
        EXIF orientation that was applied, 1 for none.
    frame, n_frames : int
        Which frame, of how many. A single hash looks at the first frame and leaves ``n_frames`` at 1 for a
        still picture, 2 for "more than one, not counted".
    truncated : bool
        The file ended early; missing rows are as the decoder left them.
    transparent : bool
        Some pixel was not opaque; the picture was put on white.
    """

    format: str
    mode: str
    width: int
    height: int
    scale: int = 1
    orientation: int = 1
    frame: int = 0
    n_frames: int = 1
    truncated: bool = False
    transparent: bool = False

    def to_record(self) -> dict[str, Any]:
        """Return the facts that differ from an ordinary decode, as plain data."""
        record: dict[str, Any] = {"format": self.format, "mode": self.mode, "size": [self.width, self.height]}
        plain = {
            "scale": 1,
            "orientation": 1,
            "frame": 0,
            "n_frames": 1,
            "truncated": False,
            "transparent": False,
        }
        record.update(
            {name: getattr(self, name) for name, usual in plain.items() if getattr(self, name) != usual}
        )
        return record


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """Pixels as stored (EXIF orientation not yet applied) and what they are.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (n_rows, n_cols) or (n_rows, n_cols, 3)
        Luma or RGB. With ``provenance.scale`` s each sample averages s x s pixels of the original.
    provenance : Provenance
    """

    pixels: UInt8Array
    provenance: Provenance

    @property
    def rows(self) -> int:
        """Rows of the original, before orientation."""
        return self.provenance.height

    @property
    def cols(self) -> int:
        """Columns of the original, before orientation."""
        return self.provenance.width


# -- which format -----------------------------------------------------------------------------------------------


def sniff(head: bytes) -> str | None:
    """Return the image format that the first bytes announce, or None.

    Parameters
    ----------
    head : bytes
        The first bytes of the file; 256 hold every brand list seen.
    """
    for magic, name in _MAGICS:
        if head.startswith(magic):
            return name
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if head[4:8] == b"ftyp":
        # The major brand and all compatible ones; "mif1" alone says only "some image".
        end = min(int.from_bytes(head[:4], "big"), len(head))
        brands = {head[8:12]} | {head[i : i + 4] for i in range(16, end, 4)}
        if brands & {b"avif", b"avis"}:
            return "AVIF"
        if brands & {b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"}:
            return "HEIF"
    return None


_HEAD = 256
_MAGICS = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"BM", "BMP"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
)


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


# -- what it may cost -------------------------------------------------------------------------------------------


def _check_bytes(data: bytes, limits: Limits) -> str:
    """Return the format of `data`, or say why it is not looked at."""
    if len(data) > limits.max_bytes:
        raise ImageTooLarge(f"{len(data)} bytes, the limit is {limits.max_bytes}")
    if not data:
        raise UnreadableImage("empty file")
    name = sniff(data[:_HEAD])
    if name is None:
        raise UnsupportedImage(f"not an image in a known format (starts with {data[:8].hex(' ')})")
    if name not in limits.formats:
        raise UnsupportedImage(f"{name} is not in the formats allowed ({', '.join(sorted(limits.formats))})")
    return name


#: Bytes a decoder holds per pixel of a frame, where the format decides it rather than the pixel mode:
#: animation canvases and planar intermediates included.
_DECODER_BYTES = {"GIF": 6, "WEBP": 8, "AVIF": 8, "HEIF": 8}


def _check_size(name: str, image: ImageFile, size: tuple[int, int], step: int, limits: Limits) -> None:
    width, height = size
    if width < _MIN_SIDE or height < _MIN_SIDE:
        raise ImageTooSmall(f"{width} x {height} pixels; a hash needs at least {_MIN_SIDE} x {_MIN_SIDE}")
    if name == "TIFF":
        # A tile is decoded whole, however little of it the picture shows.
        tags: Any = getattr(image, "tag_v2", {})
        width, height = _larger(size, (_whole(tags.get(_TILE_WIDTH)), _whole(tags.get(_TILE_LENGTH))))
    if width * height > limits.max_pixels:
        raise ImageTooLarge(f"{width} x {height} pixels, the limit is {limits.max_pixels} in all")
    if max(width, height) > MAX_SIDE:
        raise ImageTooLarge(f"{width} x {height} pixels, the limit of one side is {MAX_SIDE}")
    n_bands = len(image.getbands())
    wide = 4 if image.mode in ("I", "F") else 2 if image.mode.startswith("I;16") else 1
    # The imaging library pads three bands to four bytes.
    needed = _DECODER_BYTES.get(name, (4 if n_bands > 1 else 1) * wide) * width * height // step**2
    if name == "JPEG" and image.info.get("progressive"):
        # All coefficients are held, two bytes each, whatever the output scale.
        needed += 2 * width * height * (1 if n_bands == 1 else 3)
    if needed > limits.max_decoded_bytes:
        raise ImageTooLarge(
            f"decoding {width} x {height} {image.mode} takes {needed} bytes, the limit is {limits.max_decoded_bytes}"
        )


# -- decoding ---------------------------------------------------------------------------------------------------


def decode(
    data: bytes,
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
    return _without_remarks(lambda: _decode(data, limits, step_for, background))


def _decode(
    data: bytes, limits: Limits, step_for: Callable[[int], int] | None, background: Background
) -> Decoded:
    name = _check_bytes(data, limits)
    image = _guarded(name, lambda: _open_mended(name, data))
    size = image.size
    if name == "GIF":
        size = _larger(size, first_gif_frame(data))  # the canvas grows to hold it
    step = 1
    if step_for is not None:
        step = step_for(min(size))
    if name == "JPEG":
        draftable = image.mode in ("L", "RGB")
        _check_size(name, image, size, step if draftable else 1, limits)
        if step_for is not None and draftable:
            _guarded(name, lambda: image.draft("L", (max(1, size[0] // step), max(1, size[1] // step))))
        step = _step_between(size, image.size)
    else:
        _check_size(name, image, size, 1, limits)
    mode = image.mode if name != "JPEG" or step_for is None else _stored_mode(image)
    n_frames = 2 if getattr(image, "is_animated", False) else 1
    orientation = _orientation(image) if name != "TIFF" else 1
    image, truncated = _load(name, image, data, tuple(side // step for side in size))
    if name in ("TIFF", "GIF"):
        size = image.size  # these decoders turn the picture or grow the canvas themselves
    provenance = Provenance(
        format=name, mode=mode, width=size[0], height=size[1], scale=step, orientation=orientation,
        n_frames=n_frames, truncated=truncated,
    )  # fmt: skip
    return _guarded(name, lambda: _to_pixels(image, provenance, background, step if name != "JPEG" else 1))


def decode_frames(
    data: bytes,
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
    name = _check_bytes(data, limits)

    def begin() -> tuple[ImageFile, int]:
        image = _open_mended(name, data)
        _check_size(
            name, image, _larger(image.size, gif_extent(data) if name == "GIF" else (1, 1)), 1, limits
        )
        return image, int(getattr(image, "n_frames", 1))

    def one(image: ImageFile, frame: int) -> Decoded:
        image.seek(frame)
        _check_size(name, image, image.size, 1, limits)  # pages of a TIFF have sizes of their own
        step = step_for(min(image.size)) if step_for is not None else 1
        pixels, truncated = _load(name, image, data, image.size)
        width, height = pixels.size
        provenance = Provenance(
            format=name, mode=image.mode, width=width, height=height, orientation=orientation,
            scale=step, frame=frame, n_frames=n_frames, truncated=truncated,
        )  # fmt: skip
        return _to_pixels(pixels, provenance, background, step)

    if name == "JPEG":
        yield decode(data, limits=limits, step_for=step_for, background=background)
        return
    image, n_frames = _without_remarks(lambda: _guarded(name, begin))
    n_frames = min(n_frames, _MAX_SEEK, max(max_frames, _MAX_SEEK_PIXELS // (image.width * image.height)))
    orientation = _orientation(image) if name != "TIFF" else 1
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
                image, _ = _without_remarks(lambda: _guarded(name, begin))
            continue
        yield decoded
        n_done, last = n_done + 1, frame


def _spread(first: int, end: int, n: int) -> list[int]:
    """Return up to n frames spread evenly from `first` to before `end`, both ends included."""
    n = min(n, end - first)
    return [first + round(i * (end - 1 - first) / max(1, n - 1)) for i in range(n)]


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
    width, height = image.size
    if width < _MIN_SIDE or height < _MIN_SIDE:
        raise ImageTooSmall(f"{width} x {height} pixels; a hash needs at least {_MIN_SIDE} x {_MIN_SIDE}")
    name = str(getattr(image, "format", None) or "pixels")

    def convert() -> Decoded:
        image.load()
        provenance = Provenance(
            format=name, mode=image.mode, width=width, height=height, orientation=_orientation(image)
        )
        return _to_pixels(image, provenance, background, 1)

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
        raise UnreadableImage(f"damaged {name}: {type(exc).__name__}: {exc}") from exc


def _load(name: str, image: ImageFile, data: bytes, asked: tuple[int, ...]) -> tuple[Image, bool]:
    """Decode the pixels as far as they go; say whether the file ended early or broke off.

    `asked` is the size that the draft of a JPEG was asked for.
    """
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
    from PIL.Image import Exif

    raw = image.info.get("exif")
    if not raw:
        return 1
    exif = Exif()
    try:
        exif.load(raw)
        value = exif.get(_ORIENTATION_TAG, 1)
    except (SyntaxError, ValueError, KeyError, IndexError, TypeError, OSError, struct.error, AttributeError):
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


# -- pixels -----------------------------------------------------------------------------------------------------


def _to_pixels(image: Image, provenance: Provenance, background: Background, step: int) -> Decoded:
    """Bring any mode to luma or RGB by the rules of docs/hashes.md, box-reducing by `step` on the way."""
    flat, transparent = _flatten(image, background)
    if step > 1:
        # Grey first: a quarter of the work, and half a grey level of rounding the average takes back.
        flat = (flat if flat.mode == "L" else flat.convert("L")).reduce(step)
    pixels = np.asarray(flat)
    return Decoded(
        pixels=pixels, provenance=replace(provenance, transparent=transparent) if transparent else provenance
    )


def _flatten(image: Image, background: Background) -> tuple[Image, bool]:
    """Return the image as mode L or RGB, and whether anything in it was transparent."""
    mode = image.mode
    if mode in ("L", "RGB") and "transparency" not in image.info:
        return image, False
    key = image.info.get("transparency")
    if mode == "1" or mode.startswith("I;16"):
        grey = image.convert("L") if mode == "1" else _from_deep(image)
        if not isinstance(key, int):
            return grey, False
        return _without_key(grey, np.asarray(image) == key, background)
    if mode in ("YCbCr", "CMYK", "HSV", "RGBX"):
        return image.convert("RGB"), False
    if mode in ("I", "F"):
        return _from_deep(image), False
    if mode == "LAB":
        return _from_lab(image), False
    if mode in ("La", "RGBa"):
        image = image.convert("LA" if mode == "La" else "RGBA")
    elif mode not in ("LA", "RGBA"):
        if "transparency" not in image.info and mode in ("P", "L", "RGB"):
            return image.convert("RGB"), False
        image = image.convert("RGBA")  # palette, or one colour declared transparent
    alpha = image.getchannel("A")
    opaque = "L" if image.mode == "LA" else "RGB"
    if alpha.getextrema() == (255, 255):
        return image.convert(opaque), False
    from PIL import Image as pil

    flat = pil.new(opaque, image.size, background)
    flat.paste(image.convert(flat.mode), mask=alpha)
    return flat, True


def _without_key(
    grey: Image, transparent: npt.NDArray[np.bool_], background: Background
) -> tuple[Image, bool]:
    """Put the samples of the one transparent shade on the background."""
    from PIL import Image as pil

    if not transparent.any():
        return grey, False
    shade = np.uint8(255 if background == "white" else 0)
    return pil.fromarray(np.where(transparent, shade, np.asarray(grey))), True


def _from_deep(image: Image) -> Image:
    """Scale 16-bit, 32-bit and float samples to 8 bits instead of clipping them."""
    from PIL import Image as pil

    samples = np.asarray(image)
    if image.mode.startswith("I;16"):
        return pil.fromarray(((samples.astype(np.uint32) + 128) // 257).astype(np.uint8))
    values = np.nan_to_num(samples.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    top = float(values.max(initial=0.0))
    # What full white is: the smallest usual range that holds every sample.
    usual = (1.0, 255.0, 65535.0) if image.mode == "F" else (255.0, 65535.0, 2147483647.0)
    white = next((limit for limit in usual if top <= limit), top)
    return pil.fromarray(np.clip(np.rint(values * (255.0 / white)), 0, 255).astype(np.uint8))


def _from_lab(image: Image) -> Image:
    """Convert CIE L*a*b* to sRGB; without the colour library, take L* for luma."""
    try:
        from PIL import ImageCms

        lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        transform = ImageCms.buildTransform(lab, srgb, "LAB", "RGB")
        converted = ImageCms.applyTransform(image, transform)
    except ImportError:
        converted = None
    return converted if converted is not None else image.getchannel(0)


def encode_jpeg(pixels: UInt8Array, *, quality: int = 85) -> bytes:
    """Return pixels as a JPEG file, for measuring; `pixels` as in `Decoded`."""
    from PIL import Image as pil

    stream = io.BytesIO()
    pil.fromarray(pixels).save(stream, "JPEG", quality=quality)
    return stream.getvalue()
