"""Which frames of an animation are looked at, each decoded by seeking through the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from ..errors import ImageError
from .exif import orientation_of
from .guarding import guarded, without_remarks
from .opening import Codec, check_header, count_frames, load, open_image
from .pictures import Decoded, Provenance
from .request import Request
from .seen import seen

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

__all__ = ["read_frames"]

#: Later frames than this are not reached: seeking in an animation decodes every frame before.
_MAX_SEEK = 2000
#: Nor frames behind this many pixels: 500 frames of 1920 x 1080, some seconds of decoding.
_MAX_SEEK_PIXELS = 1_000_000_000


def read_frames(
    codec: Codec,
    data: bytes,
    request: Request,
    max_frames: int,
    *,
    canvas: tuple[int, int] = (1, 1),
    tile_of: Callable[[ImageFile], tuple[int, int]] = lambda image: (1, 1),
    before_loading: Callable[[ImageFile], None] = lambda image: None,
    orientation_of: Callable[[Image], int] = orientation_of,
) -> Iterator[Decoded]:
    """Decode up to `max_frames` frames spread evenly over an animation, first and last included.

    Parameters
    ----------
    codec, data, request
    max_frames : int
    canvas : (int, int)
        To which column and row the frames reach, beside what the header says.
    tile_of : callable
        The sides of a tile that is decoded whole.
    before_loading : callable
        Corrects what a frame is read as.
    orientation_of : callable
        How an opened image is to be turned.
    """
    name, limits = codec.name, request.limits

    def begin() -> tuple[ImageFile, int, int]:
        image = open_image(codec, data)
        size = max(image.width, canvas[0]), max(image.height, canvas[1])
        check_header(codec, image, size, limits, tile=tile_of(image))
        most = min(_MAX_SEEK, max(max_frames, _MAX_SEEK_PIXELS // (image.width * image.height)))
        return image, min(count_frames(image), most), orientation_of(image)

    def one(image: ImageFile, frame: int) -> Decoded:
        image.seek(frame)
        check_header(codec, image, image.size, limits, tile=tile_of(image))  # pages have sizes of their own
        step = request.step_of(image.size)
        before_loading(image)
        loaded, truncated = load(codec, image)
        width, height = loaded.size
        provenance = Provenance(
            format=name, mode=image.mode, width=width, height=height, orientation=orientation,
            scale=step, frame=frame, n_frames=n_frames,
        )  # fmt: skip
        return seen(loaded, provenance, step, truncated=truncated, colours=request.colours)

    image, n_frames, orientation = without_remarks(lambda: guarded(name, begin))
    wanted = _spread(0, n_frames, max_frames)
    n_done, last, end = 0, -1, n_frames
    while wanted:
        frame = wanted.pop(0)
        try:
            decoded = without_remarks(lambda: guarded(name, lambda: one(image, frame)))  # noqa: B023
        except ImageError:
            if frame == 0:
                raise
            # Damage, or a count of frames that is not true: a viewer has shown those before it.
            end = frame
            wanted = _spread(last + 1, end, max_frames - n_done)
            if wanted:
                image, _, _ = without_remarks(lambda: guarded(name, begin))
            continue
        yield decoded
        n_done, last = n_done + 1, frame


def _spread(first: int, end: int, n: int) -> list[int]:
    """Return up to n frames spread evenly from `first` to before `end`, both ends included."""
    n = min(n, end - first)
    return [first + round(i * (end - 1 - first) / max(1, n - 1)) for i in range(n)]
