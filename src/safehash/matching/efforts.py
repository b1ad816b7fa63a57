"""What is tried at each effort, in order: that of less effort comes first, so that what it finds, more finds."""

from __future__ import annotations

from collections.abc import Callable

from ..images.pictures import Effort
from .aslant import aslant, more_aslant
from .holes import box_without_a_band, boxes_without_a_hole, without_a_hole, without_a_hole_again
from .nested import steep_tilts, steeper_tilts, tilts_within, windows_within
from .overexposed import relit_uploads
from .thumbnails import Thumbnails
from .windows import (
    Batch,
    as_it_is,
    few_boxes,
    larger_windows,
    larger_windows_again,
    many_boxes,
    tilts,
    wholes,
)

__all__ = ["PROPOSALS"]

_STANDARD = (as_it_is, few_boxes)
_THOROUGH = (
    *_STANDARD,
    many_boxes,
    wholes,
    tilts,
    steep_tilts,
    aslant,
    larger_windows,
    windows_within,
    tilts_within,
    without_a_hole,
    box_without_a_band,
    relit_uploads,
)
_EXHAUSTIVE = (
    *_THOROUGH,
    larger_windows_again,
    steeper_tilts,
    more_aslant,
    without_a_hole_again,
    boxes_without_a_hole,
)

PROPOSALS: dict[Effort, tuple[Callable[[Thumbnails], Batch], ...]] = {
    "fast": (),
    "standard": _STANDARD,
    "thorough": _THOROUGH,
    "exhaustive": _EXHAUSTIVE,
}
