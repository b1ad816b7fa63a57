"""What a JPEG file that ends early has: whole segments and scans, and the rows that a browser shows of them."""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from .colour import Colour
from .conversions import by_strips
from .declared import Declared
from .guarding import undisturbed
from .pictures import AS_FAR, Also, Decoded, Effort, Provenance, UInt8Array
from .shades import painter

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

__all__ = ["as_far_as_it_goes", "before_damage", "ended", "rows_there"]

_START_OF_SCAN = 0xDA
_END_MARKER = b"\xff\xd9"
#: In a scan 0xFF stands before 0, a restart marker or another 0xFF. Markers of segments end it; what is no marker at
#: all makes decoders wait for the next restart, and ends it where none comes.
_MARKER, _STRAY = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]"), re.compile(rb"\xff[\x01-\xbf]")
_RESTARTS = tuple(bytes([0xFF, kind]) for kind in range(0xD0, 0xD8))


def ended(data: bytes) -> bytes:
    """Return a file up to its last whole segment or as far as its last scan goes, with an end marker behind it.

    With it the decoder makes do with what it has; within a segment it would not see it.
    """
    at = 2
    for kind, end in _segments(data):
        if kind == _END_MARKER[1]:
            return data
        at = end
    return data[:at] + _END_MARKER


def _segments(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the second byte of each whole segment's marker, and where it ends: with a scan's coded blocks."""
    at = 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        if kind == 0xFF:  # fill
            at += 1
            continue
        if kind == 0x01 or 0xD0 <= kind <= 0xD8:  # alone
            at += 2
            continue
        after = at + 2 if kind == _END_MARKER[1] else at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        if after > len(data):
            return
        at = after
        if kind == _START_OF_SCAN:
            at = _end_of_scan(data, at)
        yield kind, at


def _end_of_scan(data: bytes, at: int) -> int:
    """Return where coded blocks end that begin here."""
    marker = _MARKER.search(data, at)
    end = len(data) if marker is None else marker.start()
    last_restart = max(data.rfind(each, at, end) for each in _RESTARTS)
    stray = _STRAY.search(data, max(at, last_restart), end)
    return end if stray is None else stray.start()


def before_damage(data: bytes, is_decoded: Callable[[bytes], bool]) -> bytes | None:
    """Return a file up to its last scan that a decoder comes through, as browsers show it; None where there is none.

    Parameters
    ----------
    data : bytes
    is_decoded : callable
        Whether a decoder takes such a beginning of the file. Asked some times: the binary logarithm of its scans.
    """
    ends = [end for kind, end in _segments(data) if kind == _START_OF_SCAN]
    n_good, n_bad = 0, len(ends) + 1
    while n_bad - n_good > 1:
        middle = (n_good + n_bad) // 2
        if is_decoded(data[: ends[middle - 1]] + _END_MARKER):
            n_good = middle
        else:
            n_bad = middle
    return data[: ends[n_good - 1]] + _END_MARKER if n_good else None


def rows_there(data: bytes, image: ImageFile) -> npt.NDArray[np.bool_] | None:
    """Return which rows of a picture its decoder gives before the file ends; None where it gives all or none.

    Parameters
    ----------
    data : bytes
        The whole file.
    image : an opened image, neither drafted nor loaded
    """
    from PIL import Image as pil
    from PIL import _imaging

    args: Any = image.tile[0].args if image.tile else None
    if not isinstance(args, tuple) or image.mode not in ("L", "RGB", "CMYK"):
        return None
    if image.info.get("progressive") and ended(data).count(_SCAN) == 1:
        return _rows_of_first_scan(data, image)
    cols, rows = image.size
    core, marks = _marked(image.mode, cols, rows, len(image.getbands()))
    decoder = _imaging.jpeg_decoder(image.mode, *args, *image.decoderconfig)
    decoder.setimage(core, (0, 0, cols, rows))
    decoder.decode(data)
    picture = pil.Image()._new(core)
    step = max(1, _STRIP_PIXELS // cols)
    # What the decoder does not reach keeps what was there before.
    there = np.concatenate([
        (np.asarray(picture.crop((0, top, cols, min(rows, top + step)))).reshape(-1, marks.size) != marks).any(axis=1)
        for top in range(0, rows, step)
    ])  # fmt: skip
    return there if there.any() else None


#: Pixels whose bytes are looked at together.
_STRIP_PIXELS = 1 << 18


def _marked(mode: str, cols: int, rows: int, n_bands: int) -> tuple[Any, UInt8Array]:
    """Return a picture that is the same row throughout, which no file can foresee, and the samples of that row."""
    from PIL import Image as pil
    from PIL import _imaging

    marks = np.frombuffer(os.urandom(cols * n_bands), np.uint8)
    row = pil.frombytes(mode, (cols, 1), marks.tobytes())
    step = max(1, min(rows, _STRIP_PIXELS // cols))
    strip = row.resize((cols, step), pil.Resampling.NEAREST)
    core: Any = _imaging.new(mode, (cols, rows))
    for top in range(0, rows, step):
        n_rows = min(step, rows - top)
        core.paste(
            strip.im if n_rows == step else strip.crop((0, 0, cols, n_rows)).im, (0, top, cols, top + n_rows)
        )
    return core, marks


_SCAN = bytes([0xFF, _START_OF_SCAN])
#: What the decoder makes of luma that it has nothing of.
_NOTHING = 128
#: Rows of blocks that browsers hold back of a first scan: each is smoothed by the two below.
_HELD_BACK = 2
#: Lines that are held back where chroma is spread over two lines: they are smoothed, too.
_LINES_HELD_BACK = 2
#: No restart markers, and a table of one code, for 16384 blocks without anything but their mean; and the header of a
#: scan of all that is not the mean, but for the name of its component.
_ONE_CODE = b"\xff\xdd\0\x04\0\0" + b"\xff\xc4\0\x14\x10\1" + bytes(15) + b"\xe0"
_REST = b"\xff\xda\0\x08\1%c\0\1\x3f\0"
_BLOCKS_A_CODE = 16384


def _rows_of_first_scan(data: bytes, image: ImageFile) -> npt.NDArray[np.bool_]:
    """Return the rows shown of a progressive file that ends within its first scan; later ones have them all."""
    layers = image.layer  # type: ignore[attr-defined]
    across, down = (max(int(layer[side]) for layer in layers) for side in (1, 2))
    # Behind a scan that says that there is nothing else in luma blocks are not smoothed: none holds any of another.
    n_blocks = (image.size[0] // 8 + across) * (image.size[1] // 8 + down)
    nothing = bytes(2 * (n_blocks // _BLOCKS_A_CODE + 1))
    there = ended(data)
    if len(there) - len(_END_MARKER) < len(data):
        # A marker stands there: the decoder makes up the rest of the scan, and stops behind it.
        n_whole = -(-image.size[1] // (8 * down))
    else:
        probe = there[: -len(_END_MARKER)] + _ONE_CODE + _REST % layers[0][0] + nothing + _END_MARKER
        n_whole = _rows_of_blocks(type(image)(io.BytesIO(probe)), across, down)
    end = 8 * down * (n_whole - _HELD_BACK) - (_LINES_HELD_BACK if down > 1 else 0)
    return np.arange(image.size[1]) < end


def _rows_of_blocks(small: Any, across: int, down: int) -> int:
    """Return how many rows of blocks a file's first scan reaches; `down` rows of luma are one."""
    small.draft("L", (1, 1))
    small.load()
    reached = np.asarray(small.convert("L")) != _NOTHING  # one sample a block
    reached = np.pad(reached, ((0, -len(reached) % down), (0, 0)))
    blocks: npt.NDArray[np.bool_] = np.asarray(reached.reshape(-1, down, reached.shape[1]).any(axis=1))
    begun = np.asarray(blocks.any(axis=1)).nonzero()[0]
    n_whole = int(begun[-1]) if begun.size else 0
    # Behind the last byte the decoder makes up one more block of each component, so a row is whole where the next has
    # begun, or nothing of the last one is missing.
    return n_whole + (
        n_whole == len(blocks) - 1 and bool(blocks[-1, (blocks.shape[1] - 1) // across * across :].any())
    )


def as_far_as_it_goes(
    load: Callable[[], tuple[Image, npt.NDArray[np.bool_] | None]],
    provenance: Provenance,
    colours: tuple[Declared, ...],
    *,
    both: bool,
) -> tuple[Also, ...]:
    """Return the picture with nothing where the file has nothing, as browsers show it, on white and on black.

    Parameters
    ----------
    load : callable
        Returns the whole picture as the decoder fills it up, and which rows it has.
    provenance : Provenance
        And how that is reduced.
    colours : tuple of Declared
        What the file says its colours are.
    both : bool
        Whoever looks at one on white looks at the same on black behind it: it is decoded once, and kept meanwhile.
    """
    n_pixels = provenance.width * provenance.height

    def pair(colour: Colour | None) -> tuple[Callable[[], Decoded], Callable[[], Decoded]]:
        kept: list[tuple[UInt8Array, npt.NDArray[np.bool_] | None]] = []

        def made() -> tuple[UInt8Array, npt.NDArray[np.bool_] | None]:
            paint = None if colour is None else painter(colour, n_pixels)  # which holds what it met

            def shown(strip: Image) -> tuple[UInt8Array, bool]:
                image = strip if paint is None else paint(strip)
                return np.array(image if image.mode == "RGB" else image.convert("RGB")), False

            image, there = load()
            return by_strips(image, 1, shown)[0], there

        def on(shade: int, pixels: UInt8Array, there: npt.NDArray[np.bool_] | None) -> Decoded:
            if there is not None:
                pixels.flags.writeable = True
                pixels[~there] = shade
            return Decoded(pixels=pixels, provenance=provenance)

        def on_white() -> Decoded:
            pixels, there = made()
            if both:
                kept[:] = [(pixels, there)]
            return on(255, pixels, there)

        def on_black() -> Decoded:
            if not kept:
                return on(0, *made())
            pixels, there = kept.pop()
            return on(0, pixels.copy(), there)  # somebody may hold the other one

        return partial(undisturbed, "JPEG", on_white), partial(undisturbed, "JPEG", on_black)

    plain = pair(None)
    also = [
        Also(AS_FAR, plain[0], effort="fast", shown=not any(each.shown for each in colours)),
        Also(f"{AS_FAR}, on black", plain[1]),
    ]
    for declared in colours:
        if declared.colour.fits(provenance.mode, "JPEG"):
            name = f"{AS_FAR}, in its own colours"
            on_white, on_black = pair(declared.colour)
            if not declared.shown:
                name += ", as other viewers take them"
            effort: Effort = "fast" if declared.shown else "standard"
            also.append(Also(name, on_white, effort=effort, shown=declared.shown))
            also.append(Also(f"{name}, on black", on_black))
    return tuple(also)
