"""A decoded image as every picture that a viewer may see in it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ..errors import ImageTooLarge
from .conversions import Background, in_strips, to_pixels
from .declared import Declared
from .guarding import undisturbed
from .limits import Limits, check_held
from .older_tools import as_older_tools, as_the_reference_tool, has_other_channels, is_shrunk
from .pictures import Also, Decoded, Provenance, UInt8Array, failing
from .shades import painter

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Painted", "image_of", "in_own_colours", "seen", "seen_array"]


class Painted(NamedTuple):
    """What other viewers make of a decoded picture's samples before anything else.

    Attributes
    ----------
    name : str
        In plain words.
    paint : callable
        Returns a strip of a picture, in the same mode, with the samples that they have.
    of_alpha : bool
        It is only another one where something is transparent.
    """

    name: str
    paint: Callable[[Image], Image]
    of_alpha: bool = False


def seen(
    image: Image,
    provenance: Provenance,
    step: int,
    *,
    limits: Limits | None,
    colours: tuple[Declared, ...] = (),
    as_stored: bool = True,
    stored: str | None = None,
    painted: tuple[Painted, ...] = (),
) -> Decoded:
    """Bring a loaded image to pixels, and name what else viewers may show of it.

    Parameters
    ----------
    image : PIL image, loaded
    provenance : Provenance
        All but what the conversion finds out.
    step : int
        The reduction still to be taken; the decoder may have taken `provenance.scale` itself.
    limits : Limits or None
        Of what may be held; None where somebody else decoded the image, who holds it.
    colours : tuple of Declared
        What the file says its colours are.
    as_stored : bool
        The image's samples are those of the file, not put together by us.
    stored : str or None
        The mode of the file's samples, where it is another one than the image's.
    painted : tuple of Painted
        How else viewers take its samples: each of their pictures is one more, looked up at every effort.
    """
    check = partial(_check_held, image, provenance, step, limits)
    check(1)
    pixels, transparent = to_pixels(image, "white", step)
    if transparent:
        provenance = replace(provenance, transparent=True)
    also = list(in_own_colours(lambda: image, provenance, step, colours, mode=stored or image.mode))
    if transparent:
        also.append(_also("on black", lambda: image, provenance, step, background="black"))
    for each in painted if transparent else (one for one in painted if not one.of_alpha):
        also += _painted(each, lambda: image, provenance, step, colours, mode=stored or image.mode)
    if provenance.frame == 0 and as_stored and has_other_channels(image, transparent=transparent):
        also.append(as_older_tools(lambda: image, provenance, step))
    try:
        check(2)
    except ImageTooLarge as exc:
        also = [replace(each, make=failing(each.name, exc).make) for each in also]
    if (
        provenance.frame == 0
        and is_shrunk(provenance)
        and image.size == (provenance.width, provenance.height)
    ):
        also.append(as_the_reference_tool(lambda: image, provenance))
    return Decoded(pixels=pixels, provenance=provenance, also=tuple(also))


def _check_held(
    image: Image, provenance: Provenance, step: int, limits: Limits | None, n_pictures: int
) -> None:
    """Refuse more than may be held of an image whose pixels are not reduced, and of what is made of it meanwhile.

    Parameters
    ----------
    image, provenance, step, limits
        As of `seen`.
    n_pictures : int
        Made of it and held at once.

    Raises
    ------
    ImageTooLarge
    """
    if limits is None or step > 1:
        return
    n_bands = len(image.getbands())
    wide = 4 if n_bands > 1 or image.mode in ("I", "F") else 2 if image.mode.startswith("I;16") else 1
    made = 3 if n_bands > 1 or image.mode == "P" or "transparency" in image.info else 1
    what = f"{provenance.format} {image.mode} in its full size"
    check_held(what, image.size, wide + n_pictures * made, limits)


def seen_array(
    pixels: UInt8Array,
    provenance: Provenance,
    *,
    limits: Limits,
    colours: tuple[Declared, ...] = (),
    stored: str | None = None,
) -> Decoded:
    """Do the same for pixels that we put together: grey, colour, or colour with straight alpha, which may change."""
    return seen(
        image_of(pixels.copy()),
        provenance,
        provenance.scale,
        limits=limits,
        colours=colours,
        as_stored=False,
        stored=stored,
    )


def image_of(pixels: UInt8Array) -> Image:
    """Return pixels as an image: grey, colour, or colour with straight alpha. They are its own from now on."""
    from PIL import Image as pil

    if pixels.shape[2:] == (4,) and bool((pixels[..., 3] == 255).all()):
        # The fourth sample says nothing: a third of the work.
        return pil.frombuffer("RGBX", (pixels.shape[1], pixels.shape[0]), pixels, "raw", "RGBX", 0, 1)
    return pil.fromarray(pixels)


def in_own_colours(
    load: Callable[[], Image],
    provenance: Provenance,
    step: int,
    colours: tuple[Declared, ...],
    *,
    mode: str,
) -> tuple[Also, ...]:
    """Return a picture as it looks in each of the colours that its file declares and that fit its mode.

    Parameters
    ----------
    load : callable
        Returns the decoded image.
    provenance, step, colours
        As of `seen`.
    mode : str
        The mode of the image's samples, as the imaging library names it.
    """
    also = []
    for declared in colours:
        if not declared.colour.fits(mode, provenance.format):
            continue
        paint = painter(declared.colour, provenance.width * provenance.height)
        name = "in its own colours" if declared.shown else "in its own colours, as other viewers take them"
        also.append(_also(name, load, provenance, step, paint=paint, shown=declared.shown))
        if provenance.transparent:
            also.append(_also(f"{name}, on black", load, provenance, step, paint=paint, background="black"))
    return tuple(also)


def _painted(
    how: Painted,
    load: Callable[[], Image],
    provenance: Provenance,
    step: int,
    colours: tuple[Declared, ...],
    *,
    mode: str,
) -> Iterator[Also]:
    """Yield every picture that viewers show of samples that they take in another way.

    Parameters
    ----------
    how : Painted
    load, provenance, step, colours, mode
        As of `in_own_colours`.
    """

    def painted() -> Image:
        return in_strips(load(), how.paint)

    yield replace(_also(how.name, painted, provenance, step), effort="fast")
    if provenance.transparent:
        yield _also(f"on black, {how.name}", painted, provenance, step, background="black")
    for also in in_own_colours(painted, provenance, step, colours, mode=mode):
        yield replace(also, name=f"{also.name}, {how.name}", shown=False)


def _also(
    name: str,
    load: Callable[[], Image],
    provenance: Provenance,
    step: int,
    *,
    paint: Callable[[Image], Image] | None = None,
    background: Background = "white",
    shown: bool = False,
) -> Also:
    def convert() -> Decoded:
        return Decoded(pixels=to_pixels(load(), background, step, paint=paint)[0], provenance=provenance)

    def make() -> Decoded:
        return undisturbed(provenance.format, convert)

    return Also(name, make, effort="fast" if shown else "standard", shown=shown)
