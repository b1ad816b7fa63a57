"""What an alteration may use beside the picture itself: chance, other pictures, and a font to write with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFont

__all__ = ["Change", "Picture", "Scene", "write"]

Picture = Image.Image


@dataclass(frozen=True, slots=True)
class Scene:
    """What a manipulation may use beside the picture itself.

    Attributes
    ----------
    rng : numpy.random.Generator
        Every choice comes from it: one seed, one result.
    others : sequence of Image
        Other pictures in mode RGB, for collages and insets; may be empty.
    """

    rng: np.random.Generator
    others: Sequence[Picture] = field(default_factory=tuple)

    def other(self, like: Picture) -> Picture:
        """Return another picture, or noise where there is none."""
        if self.others:
            return self.others[int(self.rng.integers(len(self.others)))]
        coarse = self.rng.integers(0, 256, (12, 16, 3), dtype=np.uint8)
        return Image.fromarray(coarse).resize(like.size, Image.Resampling.BICUBIC)


#: A picture in mode RGB and what else there is, to a picture.
Change: TypeAlias = Callable[[Picture, Scene], Picture]


def write(
    picture: Picture, text: str, at: tuple[float, float], size: float, fill: Any, stroke: Any = None
) -> None:
    """Write a line of text onto a picture, its middle at a place in pixels, its height `size` of them."""
    ImageDraw.Draw(picture).text(
        at, text, font=ImageFont.load_default(max(8, size)), fill=fill, anchor="mm",
        stroke_width=0 if stroke is None else max(1, round(size / 14)), stroke_fill=stroke,
    )  # fmt: skip
