"""A decoded image as every picture that a viewer may see in it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .conversions import to_pixels
from .pictures import Also, Decoded, Provenance, UInt8Array

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["seen", "seen_array"]


def seen(image: Image, provenance: Provenance, step: int, *, truncated: bool = False) -> Decoded:
    """Bring a loaded image to pixels, and name what else viewers may show of it.

    Parameters
    ----------
    image : PIL image, loaded
    provenance : Provenance
        All but what the conversion finds out.
    step : int
        The reduction still to be taken; the decoder may have taken `provenance.scale` itself.
    truncated : bool
        The file ended early.
    """
    if truncated:
        provenance = replace(provenance, truncated=True)
    pixels, transparent = to_pixels(image, "white", step)
    also = []
    if transparent:
        provenance = replace(provenance, transparent=True)
        facts = provenance

        def on_black() -> Decoded:
            return Decoded(pixels=to_pixels(image, "black", step)[0], provenance=facts)

        also.append(Also("on black", on_black))
    return Decoded(pixels=pixels, provenance=provenance, also=tuple(also))


def seen_array(pixels: UInt8Array, provenance: Provenance, *, truncated: bool = False) -> Decoded:
    """Do the same for pixels that we put together: grey, colour, or colour with straight alpha, which may change."""
    from PIL import Image as pil

    return seen(pil.fromarray(pixels.copy()), provenance, provenance.scale, truncated=truncated)
