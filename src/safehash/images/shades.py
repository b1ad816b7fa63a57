"""The grey of every colour of a large picture, found once for each: to look up takes a tenth of a conversion."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .colour import Colour

if TYPE_CHECKING:
    from collections.abc import Callable

    from PIL.Image import Image

__all__ = ["painter"]

#: Pixels from which on it is worth it. A conversion by a table takes 85 ns a pixel and one by a cube 50; this takes 10,
#: and the conversion of as many colours as there are: of 60 megapixels of a photograph some two million.
_MANY_PIXELS = 4_000_000
_N_COLOURS = 1 << 24
#: So many colours are converted as they are: more than any photograph has. A profile may be made so that each takes
#: 250 ns, and a picture of 16 megapixels, in a file of 70 kB, so that each is another colour.
_MOST_COLOURS = 3_000_000
#: Then, of each sample, what its lowest bit leaves: an eighth of all colours, half a grey level off on average.
_COARSE = np.uint32(0xFEFEFE)


def painter(colour: Colour, n_pixels: int) -> Callable[[Image], Image]:
    """Return what brings parts of a picture of so many pixels to what is shown, as `Colour.apply` does.

    Of a large picture the luma of what is shown alone, which is what an average is made of.
    """
    is_dear = colour.space == "RGB" and (colour.table is not None or colour.high_range is not None)
    return _Shades(colour).apply if is_dear and n_pixels >= _MANY_PIXELS else colour.apply


class _Shades:
    """Greys by colour, as far as they are known; for one picture."""

    def __init__(self, colour: Colour) -> None:
        self._colour = colour
        # Pages of them that no colour of the picture is in are never touched.
        self._greys = np.zeros(_N_COLOURS, np.uint8)
        self._is_known = np.zeros(_N_COLOURS, np.bool_)
        self._n_known = 0

    def apply(self, part: Image) -> Image:
        """Return the luma of what is shown of a part of the picture."""
        from PIL import Image as pil

        if part.mode not in ("RGB", "YCbCr"):
            return self._colour.apply(part)
        rgb = part if part.mode == "RGB" else part.convert("RGB")
        colours = np.frombuffer(rgb.tobytes("raw", "RGBX"), "<u4") & np.uint32(_N_COLOURS - 1)
        if self._n_known > _MOST_COLOURS:
            colours = colours & _COARSE
        fresh = colours[~self._is_known[colours]]
        if fresh.size:
            fresh.sort()  # numpy's own `unique` takes 370 ns a pixel of noise, which is all colours; this takes 27
            new = fresh[np.append(True, fresh[1:] != fresh[:-1])]
            samples = np.stack([new & 255, new >> 8 & 255, new >> 16], axis=-1).astype(np.uint8)
            shown = self._colour.apply(pil.fromarray(samples[None]))
            self._greys[new] = np.asarray(shown if shown.mode == "L" else shown.convert("L"))[0]
            self._is_known[new] = True
            self._n_known += new.size
        return pil.fromarray(self._greys[colours].reshape(part.height, part.width))
