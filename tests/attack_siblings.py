"""Siblings of the costly files in attacks.py: the same kinds of cost in other places of the formats."""

from __future__ import annotations

import attacks_gif
import attacks_heif
import attacks_jpeg
import attacks_others
import attacks_png
import attacks_tiff
import attacks_webp

__all__ = ["SIBLINGS"]

SIBLINGS = (
    *attacks_jpeg.ATTACKS,
    *attacks_png.ATTACKS,
    *attacks_gif.ATTACKS,
    *attacks_tiff.ATTACKS,
    *attacks_others.ATTACKS,
    *attacks_webp.ATTACKS,
    *attacks_heif.ATTACKS,
)
