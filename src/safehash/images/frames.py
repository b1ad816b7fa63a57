"""The pictures of a file, or frames of an animation, that are looked at: decoded by seeking through it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from ..errors import ImageTooLarge, UnreadableImage
from .exif import Turns, turned, turns_of
from .guarding import undisturbed
from .opening import Codec, check_header, count_frames, load, open_image
from .pictures import Decoded, Provenance
from .request import Request
from .seen import Painted, seen

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

__all__ = ["ANIMATION", "FILM", "ROWS", "STILLS", "Mended", "Worth", "reach", "read_frames", "within_means"]

_T = TypeVar("_T")

#: Later frames than this are not reached: seeking in an animation decodes every frame before.
MAX_FRAMES = 2000
#: Nor frames behind this many pixels: 500 frames of 1920 x 1080, some seconds of decoding.
MAX_FRAME_PIXELS = 1_000_000_000
#: So many frames are reached whatever their size.
MIN_FRAMES = 8


@dataclass(frozen=True, slots=True)
class Worth:
    """How many pixels of an animation's frames are looked at.

    Attributes
    ----------
    pixels : int
        Whatever the file's length.
    a_byte : int
        And for each byte of it.
    """

    pixels: int
    a_byte: int

    def of(self, n_bytes: int) -> int:
        """Return how many pixels of frames a file of this length is worth."""
        return self.pixels + self.a_byte * n_bytes


#: Composing, converting and hashing take 8 to 10 ns a pixel, so that is 2 s, and 0.1 s a megabyte.
ANIMATION = Worth(200_000_000, 12)
#: The same of bytes that frames are unpacked to, where a pixel may have eight: 3 to 4 ns each, filters undone.
ROWS = Worth(400_000_000, 24)
#: Frames of a video code cost 20 to 50 ns a pixel, decoded and looked at in two ranges. A film's frame has some hundred
#: pixels to each byte; with fewer bytes it costs more than it shows.
FILM = Worth(60_000_000, 200)
#: Pictures of an HEIC file cost 16 ns a pixel where nothing is in them, and 30 to 100 where something is: five of 12
#: megapixels pass whatever their length, and more the longer the file.
STILLS = Worth(50_000_000, 1)
#: What a frame costs however small it is, in pixels.
_LEAST_FRAME = 50_000
#: What is not opaque is mixed with white, looked at, and all that once more on black: 40 ns a pixel of a PNG.
_COST_OF_ALPHA = 4


class Mended(NamedTuple):
    """A file that was changed so that a decoder reads it, with that decoder.

    ``is_lengthened``: something stands behind coded pixels that the file does not have.
    """

    codec: Codec
    data: bytes
    is_lengthened: bool


def within_means(frames: Iterator[Decoded], n_bytes: int, worth: Worth) -> Iterator[Decoded]:
    """Yield frames until they cost more than a file of its length, and this worth, may.

    Raises
    ------
    ImageTooLarge
        There are more: what an animation shows later, nobody has looked at.
    """
    left = worth.of(n_bytes)
    number = 0

    def refused() -> ImageTooLarge:
        return ImageTooLarge(
            f"{number} of {facts.n_frames} frames of {facts.width} x {facts.height} pixels were looked at: "
            f"more than {n_bytes} bytes of an animation are worth"
        )

    for frame in frames:
        if left < 0:
            raise refused()
        facts = frame.provenance
        n_pixels = facts.width * facts.height * (_COST_OF_ALPHA if facts.transparent else 1)
        left -= max(_LEAST_FRAME, n_pixels)
        number += 1
        yield frame
        del frame  # and hold it no longer
        if left < 0 and number < facts.n_frames:
            raise refused()  # the next one need not be decoded to be that


def _detached(image: ImageFile) -> Image:
    """Return a frame that stays as it is while its file is read on: its own further pictures are made of it later."""
    frame = image._new(image.im)
    image._im = None  # the next one is decoded beside it, not over it
    return frame


def reach(size: tuple[int, int]) -> int:
    """Return how many frames of an animation with these sides, in pixels, are looked at."""
    return min(MAX_FRAMES, max(MIN_FRAMES, MAX_FRAME_PIXELS // (size[0] * size[1])))


def read_frames(
    codec: Codec,
    data: bytes,
    request: Request,
    *,
    turns_of: Callable[[Image], Turns] = turns_of,
    painted_of: Callable[[int], tuple[Painted, ...]] = lambda n_frames: (),
    mended: Callable[[bytes], Iterator[Mended]] = lambda data: iter(()),
) -> Iterator[Decoded]:
    """Decode the frames of an animation, in order, as far as `reach` goes.

    Damage, or a count of frames that is not true, ends it: a viewer has shown those before. A limit that a later
    frame meets is an error.

    Parameters
    ----------
    codec, data, request
    turns_of : callable
        How an opened image is to be turned.
    painted_of : callable
        How else viewers take the samples of a file with so many frames.
    mended : callable
        Yields files of which a decoder may hand out what is there where the file itself is not read, the least changed
        one first. Asked at the first frame that is not read, and for the next one wherever the last did not help.
    """
    name, limits = codec.name, request.limits
    is_lengthened = False
    others: Iterator[Mended] | None = None
    image: ImageFile

    def begin() -> tuple[ImageFile, int, Turns]:
        image = open_image(codec, data, deadline=request.deadline)
        check_header(codec, image, image.size, limits)
        return image, count_frames(image), turns_of(image)

    def one(frame: int) -> Decoded:
        if frame:
            # The picture that is opened is the one to show first, wherever it stands.
            image.seek(frame if frame > first else frame - 1)
            # Pages have sizes of their own.
            check_header(codec, image, image.size, limits)
        step = request.step_of(image.size)
        mode = image.mode
        loaded, truncated = load(codec, image)
        if n_frames > 1 and loaded is image:
            loaded = _detached(image)
        width, height = loaded.size
        provenance = Provenance(
            format=name, mode=mode, width=width, height=height, orientation=turns.applied,
            scale=step, frame=frame, n_frames=n_frames,
        )  # fmt: skip
        decoded = seen(
            loaded,
            replace(provenance, truncated=truncated or is_lengthened),
            step,
            limits=limits,
            colours=request.colours,
            painted=painted_of(n_frames),
        )
        milliseconds = image.info.get("duration")
        decoded = turned(decoded, turns)
        return replace(decoded, shown_for=milliseconds if isinstance(milliseconds, (int, float)) else 0)

    def read(act: Callable[[], _T]) -> _T:
        """Run a step of the decode; where something is damaged once more, on each of the mended files."""
        nonlocal codec, data, is_lengthened

        def once_more() -> _T:
            nonlocal image
            if act is not begin:
                image = begin()[0]
            return act()

        def another() -> Mended | None:
            nonlocal others
            others = mended(data) if others is None else others
            return next(others, None)

        step = act
        while True:
            try:
                return undisturbed(name, step)
            except UnreadableImage:
                other = undisturbed(name, another)
                if other is None:
                    raise
            (codec, data, is_lengthened), step = other, once_more

    image, n_frames, turns = read(begin)
    n_frames = min(n_frames, reach(image.size))
    first = image.tell()
    for frame in range(n_frames):
        request.deadline.check()
        try:
            decoded = read(lambda: one(frame))  # noqa: B023
        except UnreadableImage:
            if frame == 0:
                raise
            return
        yield decoded
        del decoded  # and hold it no longer
