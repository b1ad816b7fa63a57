"""HEIF files that are made to cost, item by item: parts that are decoded again and again, changes of changes."""

from __future__ import annotations

import io
import struct

import numpy as np
import numpy.typing as npt
from avif_files import Item, box, boxes_in, clap, full, irot, items_of, side_by_side
from PIL import Image

from attacks import Attack

__all__ = ["ATTACKS", "coded", "heif", "sides"]

#: Pixels a side of a tile.
_TILE = 256


def heif(items: dict[int, Item], *, primary: int = 1) -> bytes:
    """Write a file of items by their numbers."""
    return items_of(items, primary=primary, brand=b"heic", code=b"hvc1")


def coded(picture: npt.NDArray[np.uint8], *more: bytes, quality: int = 50) -> Item:
    """Return a picture as an item, with further properties."""
    import pillow_heif

    stream = io.BytesIO()
    pillow_heif.from_pillow(Image.fromarray(picture)).save(stream, quality=quality)
    data = stream.getvalue()
    top = boxes_in(data, 0, len(data))
    meta = boxes_in(top[b"meta"], 4, len(top[b"meta"]))
    iprp = boxes_in(meta[b"iprp"], 0, len(meta[b"iprp"]))
    owned = boxes_in(iprp[b"ipco"], 0, len(iprp[b"ipco"]))
    properties = [box(kind, owned[kind]) for kind in (b"ispe", b"hvcC")]
    return Item(kind=b"hvc1", body=top[b"mdat"], properties=(*properties, *more))


def sides(width: int, height: int) -> bytes:
    """Return the property that says how large a picture is."""
    return full(b"ispe", struct.pack(">II", width, height))


def _flat(side: int) -> npt.NDArray[np.uint8]:
    return np.full((side, side, 3), 90, np.uint8)


def _noise(side: int, block: int = 1) -> npt.NDArray[np.uint8]:
    small = np.random.default_rng(1).integers(0, 256, (side // block, side // block, 3), dtype=np.uint8)
    return small.repeat(block, 0).repeat(block, 1)


def _grid(across: int, tile: int, *changes: bytes) -> Item:
    """Return an item of one tile again and again, of so many columns and rows."""
    side = across * _TILE
    return Item(
        kind=b"grid",
        body=side_by_side(across, across, (side, side)),
        properties=[sides(side, side), *changes],
        sources=[tile] * across**2,
    )


def heif_tiles(n: int) -> bytes:
    """One tile of noise, n times in each of three grids."""
    grids = dict.fromkeys((1, 2, 3), _grid(int(n**0.5), 4))
    return heif({**grids, 4: coded(_noise(_TILE), quality=90)})


def heif_turns(n: int) -> bytes:
    """16 megapixels that nothing is in, turned n times."""
    return heif({1: _grid(16, 2, *[irot(1)] * n), 2: coded(_flat(_TILE))})


def heif_cuts(n: int) -> bytes:
    """Pictures of 16 megapixels that nothing is in, of each of which a corner is shown."""
    grids = dict.fromkeys(range(1, n + 1), _grid(16, n + 1, clap(64, 64, 0, 0)))
    return heif({**grids, n + 1: coded(_flat(_TILE))})


def heif_blocks(n: int) -> bytes:
    """Pictures of 4 megapixels in small blocks, which cost most for their bytes."""
    return heif(dict.fromkeys(range(1, n + 1), coded(_noise(2048, 4), quality=40)))


ATTACKS = (
    Attack("heif tiles", heif_tiles, 400, 400, refused=True),
    Attack("heif turns", heif_turns, 120, 5, refused=True),
    Attack("heif cuts", heif_cuts, 400, 9, refused=True),
    Attack("heif blocks", heif_blocks, 90, 0),
)
