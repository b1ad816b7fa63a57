"""The imaging library's decoders, opened by class and run as far as a file goes."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import DeadlinePassed, ImageTooLarge, UnsupportedImage
from .deadline import NO_DEADLINE, Deadline
from .guarding import guarded, what_it_means
from .limits import Limits, check_cost

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

__all__ = ["Codec", "check_header", "count_frames", "load", "open_image"]


def _as_it_is(image: Any, data: bytes) -> None:
    """Leave an opened image as its decoder read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Codec:
    """One format's decoder and what it leaves to us.

    Attributes
    ----------
    name : str
        Of the format.
    opener : callable
        Imports and returns the decoder's class. At first use: a process that meets only JPEG loads only its
        decoder. By name instead of through the library's registry: nothing outside the allow-list can be reached,
        and its process-wide size warning stays with the application.
    prepare : callable
        Corrects an opened image, given the file, before anything is decoded.
    gives_rows : bool
        Whether the rows decoded before damage are left.
    mend : callable
        Returns a file without the remarks at which its decoder may stop, and no browser does.
    progressive : callable
        Returns the sampling of every component of an opened image, across and down, whose decoder holds all of their
        coefficients at once; none otherwise.
    take : callable or None
        Returns the pixels of an opened image with fewer copies than the library's own way; None where it cannot.
    """

    name: str
    opener: Callable[[], Callable[..., Any]]
    prepare: Callable[[Any, bytes], None] = _as_it_is
    gives_rows: bool = False
    mend: Callable[[bytes], bytes] = bytes
    progressive: Callable[[Any], Sequence[tuple[int, int]]] = lambda image: ()
    take: Callable[[Any], Image | None] | None = None


class _UnderDeadline(io.BytesIO):
    """A file in memory that is not read on once the deadline has passed: decoders take it in pieces of 64 kB."""

    def __init__(self, data: bytes, deadline: Deadline) -> None:
        super().__init__(data)
        self._deadline = deadline

    def read(self, n_bytes: int | None = -1, /) -> bytes:
        self._deadline.check()
        return super().read(n_bytes)


def open_image(codec: Codec, data: bytes, *, deadline: Deadline = NO_DEADLINE) -> Any:
    """Return a decoder over `data`, header read, no pixel decoded; it reads until the deadline.

    Where remarks in the file stop the decoder, as they stop no browser, it is opened without them.
    """
    try:
        return _open(codec, data, deadline)
    except (Warning, MemoryError, UnsupportedImage, DeadlinePassed):
        raise
    except Exception:  # decoders raise almost anything at a remark that they cannot read
        mended = codec.mend(data)
        if mended == data:
            raise
        return _open(codec, mended, deadline)


def _open(codec: Codec, data: bytes, deadline: Deadline) -> Any:
    image = codec.opener()(io.BytesIO(data) if deadline is NO_DEADLINE else _UnderDeadline(data, deadline))
    codec.prepare(image, data)
    return image


def count_frames(image: ImageFile) -> int:
    """Count frames; where counting meets damage, those before it, which a viewer shows."""
    try:
        return int(getattr(image, "n_frames", 1))
    except (Warning, MemoryError):
        raise
    except Exception:  # whatever the damage raises, the frames before it are there
        n_before = image.tell() + 1
        image.seek(0)
        return n_before


def load(
    codec: Codec, image: ImageFile, *, again: Sequence[Callable[[], ImageFile | None]] = ()
) -> tuple[Image, bool]:
    """Decode the pixels as far as they go; say whether the file ended early or broke off.

    Parameters
    ----------
    codec : Codec
    image : an opened image
    again : sequence of callable
        Each opens the file once more so that its decoder makes do with what there is, with less the later it stands;
        None where there is nothing.
    """
    name = codec.name
    try:
        taken = codec.take(image) if codec.take is not None else None
        if taken is not None:
            return taken, False
        image.load()
        return image, False
    except (Warning, DeadlinePassed, ImageTooLarge):
        raise
    except MemoryError as exc:
        raise ImageTooLarge(f"the {name} decoder ran out of memory") from exc
    except Exception as exc:
        for less in again if any(word in str(exc) for word in _ENDED) else ():
            opened = guarded(name, less)
            if opened is None:
                continue
            # It is decoded once more, and two may be more than may be held: the decoder's frames hold one.
            image._im = exc.__traceback__ = None
            image = opened
            try:
                image.load()
                return image, True
            except OSError:  # the rows that there are
                pass
        partial = guarded(name, lambda: _partial(image)) if codec.gives_rows else None
        if partial is None:
            raise what_it_means(name, exc) from exc
        return partial, True


#: What the library says of a file that ends early; of one that does so where its decoder cannot wait, the second.
_ENDED = ("truncated", "broken data stream")


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


def check_header(
    codec: Codec,
    image: ImageFile,
    size: tuple[int, int],
    limits: Limits,
    *,
    step: int = 1,
    tile: tuple[int, int] = (1, 1),
) -> None:
    """Check a picture's cost by what its decoder found in the header; parameters as of `check_cost`."""
    check_cost(
        codec.name, size, mode=image.mode, n_bands=len(image.getbands()), limits=limits, step=step,
        tile=tile, progressive=codec.progressive(image),
    )  # fmt: skip
