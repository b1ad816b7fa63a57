"""How an upload had to be looked at, in plain words."""

from __future__ import annotations

from .evidence import Candidate
from .families import OVEREXPOSED

__all__ = ["TURN_NAMES", "described"]

#: What an upload is when turning it as `hashes.ORIENTATIONS` says gives the listed picture.
TURN_NAMES = (
    "as it is",
    "turned a quarter right",
    "upside down",
    "turned a quarter left",
    "flipped top to bottom",
    "mirrored",
    "mirrored and turned a quarter left",
    "mirrored and turned a quarter right",
)


def described(found: Candidate) -> str:
    """Say in plain words how the upload had to be looked at."""
    words = [_window_in_words(*found.box)]
    if found.orientation:
        words.append(TURN_NAMES[found.orientation])
    if found.degrees:
        words.append(f"rotated about {_number(abs(found.degrees))}")
    if found.holes:
        words.append(f"with something over {max(1, round(100 * found.hidden))} % of it")
    if found.family is OVEREXPOSED:
        words.append("overexposed")
    words.append("seen from the side" if found.corners else _window_in_words(*found.window))
    kept = [word for word in words if word] or ["altered"]
    return ", ".join(kept)


def _number(degrees: float) -> str:
    rounded = max(1, round(degrees))
    return f"{rounded} degree" if rounded == 1 else f"{rounded} degrees"


def _window_in_words(top: float, bottom: float, left: float, right: float) -> str:
    height, width = bottom - top, right - left
    missing = 1.0 - 1.0 / max(height, width, 1.0)
    if min(height, width) > _WHOLE:
        return f"cropped about {max(1, round(100 * missing))} %" if missing > 1.0 - _WHOLE else ""
    down, across = round(1 / height), round(1 / width)
    row, col = round(top * down), round(left * across)
    on_grid = abs(top - row / down) < _OFF_GRID and abs(bottom - (row + 1) / down) < _OFF_GRID
    on_grid = on_grid and abs(left - col / across) < _OFF_GRID and abs(right - (col + 1) / across) < _OFF_GRID
    if on_grid and down * across > 1:
        return f"panel {row * across + col + 1} of {down * across}"
    shown = height * width
    if shown >= _MOSTLY:
        return "inside a frame"
    return f"inside a larger picture, {round(100 * shown)} % of it"


#: A window this much of the upload's sides is the upload; this far from a grid is not on it; this much of its
#: area has a frame around it rather than another picture.
_WHOLE = 0.985
_OFF_GRID = 0.02
_MOSTLY = 0.4
