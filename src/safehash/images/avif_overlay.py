"""AVIF pictures that are others laid one over the other, put together by us: the library does not read them."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import ImageTooLarge, UnreadableImage, UnsupportedImage
from .avif_shown import with_primary
from .boxes import all_of, item_kinds, item_properties, item_sources, primary_item, references, up_to_items
from .exif import Turns, turned
from .guarding import undisturbed
from .items import item_contents
from .limits import check_cost, check_held
from .opening import Codec, check_header, load, open_image
from .pictures import Decoded, Provenance
from .request import Request
from .seen import seen

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["laid_over"]

_OVERLAY = b"iovl"
#: Parts that are decoded, each out of the file anew; bytes that say where they are, of 32 bits each.
_MOST_PARTS = 128
_MOST_SAID = 24 + 8 * _MOST_PARTS
#: Bytes a pixel of the whole, as it is put together and as it is handed on; and of a part while it is decoded.
_HELD, _HELD_OF_A_PART = 8, 13.5
#: Pixels of all parts together, in pictures of as many as are allowed: they may lie under one another.
_MOST_SHARE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A canvas, its colour, the items on it, the first one lowest, and where each begins, in columns and rows."""

    size: tuple[int, int]
    fill: tuple[int, int, int]
    items: tuple[int, ...]
    places: list[tuple[int, int]]


def laid_over(codec: Codec, data: bytes, request: Request) -> Decoded | None:
    """Return the primary picture of a file as browsers lay it together; None where it is not made so.

    What a part says of its own turn, aperture and alpha is not heeded.

    Parameters
    ----------
    codec : Codec
        What decodes a part.
    data : bytes
        The whole file.
    request : Request

    Raises
    ------
    ImageError
        A part is not read, or there are too many.

    References
    ----------
    ISO/IEC 23008-12, 6.6.2.2.
    """
    try:
        head = up_to_items(data)
    except ImageTooLarge:
        return None  # whatever it is, the library says
    if _OVERLAY not in head:
        return None
    item = all_of(lambda budget: [primary_item(head, budget)])[0]
    if dict(all_of(lambda budget: item_kinds(head, budget))).get(item) != _OVERLAY:
        return None
    sources = dict(all_of(lambda budget: item_sources(head, budget))).get(item, ())
    plan = _plan(item_contents(data, {item}, n_bytes=_MOST_SAID).get(item, b""), sources)
    check_cost("AVIF", plan.size, mode="RGBA", n_bands=4, limits=request.limits)

    def whole() -> Decoded:
        image = _composed(codec, data, item, request, plan)
        orientation = _orientation(head, item)
        provenance = Provenance(
            format="AVIF", mode=image.mode, width=image.width, height=image.height,
            scale=request.step_of(image.size), orientation=orientation,
        )  # fmt: skip
        decoded = seen(
            image,
            provenance,
            provenance.scale,
            limits=request.limits,
            colours=request.colours,
            as_stored=False,
        )
        return turned(decoded, Turns(orientation))

    return undisturbed("AVIF", whole)


def _plan(said: bytes, items: tuple[int, ...]) -> _Plan:
    if len(items) > _MOST_PARTS:
        raise ImageTooLarge(f"an AVIF picture of {len(items)} others, and {_MOST_PARTS} are put together")
    is_wide = len(said) > 1 and bool(said[1] & 1)
    size, place = (">II", f">{2 * len(items)}i") if is_wide else (">HH", f">{2 * len(items)}h")
    behind = _AT_SIZE + struct.calcsize(size)
    if not items or len(said) < behind + struct.calcsize(place):
        raise UnreadableImage("damaged AVIF: it does not say where the parts of its picture are")
    red, green, blue = (value >> 8 for value in struct.unpack_from(">3H", said, 2))
    width, height = struct.unpack_from(size, said, _AT_SIZE)
    places = struct.unpack_from(place, said, behind)
    by_two = list(zip(places[::2], places[1::2], strict=True))
    return _Plan(size=(width, height), fill=(red, green, blue), items=items, places=by_two)


#: Behind the version, the flags and four numbers of 16 bits, the canvas' colour.
_AT_SIZE = 10


def _composed(codec: Codec, data: bytes, item: int, request: Request, plan: _Plan) -> Image:
    """Return the parts on their canvas, with the picture's own alpha, if it has any."""
    from PIL import Image as pil

    canvas = pil.new("RGB", plan.size, plan.fill)
    n_pixels = 0
    for part_item, place in zip(plan.items, plan.places, strict=True):
        request.deadline.check()
        part = _part(codec, data, part_item, request, plan.size)
        n_pixels += part.width * part.height
        if n_pixels > _MOST_SHARE * request.limits.max_pixels:
            raise ImageTooLarge(f"an AVIF picture of others that have {n_pixels} pixels and more")
        if place[0] < canvas.width and place[1] < canvas.height:  # others may be too far off for the library
            canvas.paste(part.convert("RGB"), place)
    head = up_to_items(data)
    said = all_of(lambda budget: references(head, budget))
    own = next((each.item for each in said if each.kind == b"auxl" and item in each.targets), None)
    if own is None:
        return canvas
    if any(each.kind == b"prem" and each.item == item for each in said):
        raise UnsupportedImage("AVIF of several parts, multiplied by its alpha, is not read; save it as PNG")
    alpha = _part(codec, data, own, request, plan.size).convert("L")
    if alpha.size != plan.size:
        raise UnreadableImage(f"damaged AVIF: alpha of {alpha.size} pixels for a picture of {plan.size}")
    canvas.putalpha(alpha)
    return canvas


def _part(codec: Codec, data: bytes, item: int, request: Request, size: tuple[int, int]) -> Image:
    """Return one item's pixels, not turned; `size` is the whole picture's."""
    image = open_image(codec, with_primary(data, item))
    check_header(codec, image, image.size, request.limits)
    share = image.width * image.height / (size[0] * size[1])
    check_held("AVIF of several parts", size, _HELD + _HELD_OF_A_PART * share, request.limits)
    return load(codec, image)[0]


#: EXIF's orientation for quarters against the clock, then for a mirror: none, of rows, of columns.
_ORIENTATIONS = {
    (0, None): 1, (1, None): 8, (2, None): 3, (3, None): 6, (0, 0): 4, (0, 1): 2, (1, 0): 5, (1, 1): 7, (2, 0): 2,
    (2, 1): 4, (3, 0): 7, (3, 1): 5,
}  # fmt: skip


def _orientation(data: bytes, item: int) -> int:
    quarters, mirror = 0, None
    for kind, body, _ in all_of(lambda budget: item_properties(data, item, budget)):
        if kind == b"irot" and body:
            quarters = body[0] & 3
        elif kind == b"imir" and body:
            mirror = body[0] & 1
    return _ORIENTATIONS[quarters, mirror]
