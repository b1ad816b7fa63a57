"""The only file that touches PIL: hostile bytes in, pixels and provenance (or an ImageError) out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Provenance"]


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
        Which frame, of how many.
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
        defaults = {"scale": 1, "orientation": 1, "frame": 0, "n_frames": 1, "truncated": False, "transparent": False}
        record.update({k: getattr(self, k) for k, v in defaults.items() if getattr(self, k) != v})
        return record
