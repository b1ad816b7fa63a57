"""Whatever a decoder does becomes a picture or an ImageError."""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from typing import TypeVar

from ..errors import ImageError, ImageTooLarge, UnreadableImage, UnsupportedImage

__all__ = ["guarded", "guarded_frames", "not_built", "undisturbed", "what_it_means", "without_remarks"]

_T = TypeVar("_T")
_Frame = TypeVar("_Frame")

_REMARKS = threading.Lock()


#: What the imaging library says of a decoder that it was built without.
_NOT_BUILT = re.compile(r"decoder \w+ not available|support not installed|has no attribute '\w+_decoder'")


def not_built(name: str) -> UnsupportedImage:
    """Return what is said of a format whose decoder the imaging library was built without."""
    return UnsupportedImage(
        f"{name} is not read by this installation: its Pillow was built without the decoder for it, which Pillow's "
        "wheels have (pip install --force-reinstall pillow)"
    )


def what_it_means(name: str, error: Exception) -> ImageError:
    """Return what is said of a file at which a decoder raised something."""
    if _NOT_BUILT.search(str(error)):
        return not_built(name)
    if "unknown pixel mode" in str(error):
        return UnsupportedImage(f"{name} with samples the decoder does not know: {error}")
    return UnreadableImage(f"damaged {name}: {type(error).__name__}: {error}")


def without_remarks(act: Callable[[], _T]) -> _T:
    """Run a decode; where the application made warnings errors, a decoder's remark must not lose the picture."""
    try:
        return act()
    except Warning:
        return _silently(act)


def _silently(act: Callable[[], _T]) -> _T:
    """Run a decode without warnings. The filters are process-wide: only where it is needed, one thread at a time."""
    with _REMARKS, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return act()


def guarded(name: str, act: Callable[[], _T]) -> _T:
    """Run one call into a decoder; whatever it raises but a warning becomes an ImageError."""
    try:
        return act()
    except (Warning, ImageError):
        raise
    except MemoryError as exc:
        raise ImageTooLarge(f"the {name} decoder ran out of memory") from exc
    except Exception as exc:  # decoders raise almost anything on damaged input, by experience
        raise what_it_means(name, exc) from exc


def undisturbed(name: str, act: Callable[[], _T]) -> _T:
    """Run one call into a decoder as `guarded` does, whatever it remarks."""
    return without_remarks(lambda: guarded(name, act))


def guarded_frames(name: str, start: Callable[[], Iterator[_Frame]]) -> Iterator[_Frame]:
    """Yield what a reader yields, every step of it guarded: almost every attribute of a decoder's image runs code.

    Parameters
    ----------
    name : str
        The format.
    start : callable
        Returns the reader's frames from the first on. Where one ends at a warning that the application made an error,
        it is called again, and the rest is read silently.
    """
    frames: Iterator[_Frame] | None = None
    silent = False
    n_done = 0

    def following() -> list[_Frame]:
        nonlocal frames
        if frames is None:
            frames = start()
            for _ in range(n_done):
                next(frames, None)
        return list(islice(frames, 1))

    def guarded_step() -> list[_Frame]:
        return guarded(name, following)

    while True:
        try:
            found = _silently(guarded_step) if silent else guarded_step()
        except Warning:
            silent, frames = True, None
            continue
        if not found:
            return
        n_done += 1
        yield found.pop()  # and hold it no longer
