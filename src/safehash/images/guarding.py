"""Whatever a decoder does becomes a picture or an ImageError."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from typing import TypeVar

from ..errors import ImageError, ImageTooLarge, UnreadableImage, UnsupportedImage

__all__ = ["guarded", "without_remarks"]

_T = TypeVar("_T")

_REMARKS = threading.Lock()


def without_remarks(act: Callable[[], _T]) -> _T:
    """Run a decode; where the application made warnings errors, a decoder's remark must not lose the picture."""
    try:
        return act()
    except Warning:
        # The filters are process-wide, so this is done only where it is needed, and by one thread at a time.
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
        if "unknown pixel mode" in str(exc):
            raise UnsupportedImage(f"{name} with samples the decoder does not know: {exc}") from exc
        raise UnreadableImage(f"damaged {name}: {type(exc).__name__}: {exc}") from exc
