"""The constant tables of the kernels, made anew: `python tests/make_tables.py NAME` prints the C header of one.

The headers under src/safehash/_c are committed; tests/hashing/test_tables.py compares what was compiled with what this
makes. Only exact arithmetic, and PDQ, which is the same on every machine.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from safehash import _core, _digests

UInt8Array = npt.NDArray[np.uint8]
Float64Array = npt.NDArray[np.float64]


# -- plain shapes --------------------------------------------------------------------------------------------------

_RADII = (
    (0.22, 0.22), (0.26, 0.26), (0.3, 0.3), (0.33, 0.33), (0.36, 0.36), (0.39, 0.39), (0.42, 0.42),
    (0.45, 0.45), (0.475, 0.475), (0.5, 0.5), (0.53, 0.53), (0.3, 0.45), (0.38, 0.48), (0.2, 0.4),
)  # fmt: skip
_CENTRES = ((0.0, 0.0), (0.0, 0.05), (0.05, 0.05))
_LIGHTS = tuple((down, across) for down in (-1, 0, 1) for across in (-1, 0, 1))


def plain_pictures() -> Iterator[UInt8Array]:
    """Yield 64 x 64 pictures of discs, boxes, blobs and rings on a ground, lit evenly and from eight sides."""
    at = (np.arange(64) + 0.5) / 64 - 0.5
    rows, cols = at[:, None], at[None, :]

    def drawn(shape: Float64Array) -> UInt8Array:
        return np.asarray(20.0 + 200.0 * shape, dtype=np.uint8)

    for radius_rows, radius_cols in _RADII:
        for row, col in _CENTRES:
            down, across = (rows - row) / radius_rows, (cols - col) / radius_cols
            squared = down * down + across * across
            disc = (squared < 1.0).astype(np.float64)
            box = (np.maximum(np.abs(down), np.abs(across)) < 1.0).astype(np.float64)
            blob = np.clip(1.0 - squared, 0.0, 1.0) ** 2
            yield drawn(disc * (squared > 0.6))
            for shape in (disc, box, blob):
                for light_down, light_across in _LIGHTS:
                    light = 0.5 + 1.1 * (light_down * (rows - row) + light_across * (cols - col))
                    yield drawn(shape * np.clip(light, 0.05, 1.0))


def exact_digest(pixels: UInt8Array) -> bytes:
    """Return PDQ as the kernels' own sums have it, ties included."""
    coefficients = _core.pdq_parts(pixels)[1].ravel()
    bits = coefficients > np.sort(coefficients)[127]
    return np.packbits(bits, bitorder="little").tobytes()[::-1]


def plain_shapes() -> UInt8Array:
    """Return the digests of the plain pictures, of each and its turns the smallest, sorted; shape (n, 32)."""
    digests = np.array([list(exact_digest(pixels)) for pixels in plain_pictures()], np.uint8)
    smallest = {min(digest.tobytes() for digest in turns) for turns in _digests.turn_digests(digests)}
    return np.array([list(digest) for digest in sorted(smallest)], np.uint8)


def plain_shapes_header() -> str:
    shapes = plain_shapes()
    words = shapes.reshape(-1).view(">u8").reshape(-1, 4)
    each = ["{" + ", ".join(f"0x{word:016X}" for word in row.tolist()) + "}" for row in words]
    lines = [", ".join(each[at : at + 2]) + "," for at in range(0, len(each), 2)]
    return "\n".join(
        [
            "/* PDQ of discs, boxes, blobs and rings, most significant word first; tests/make_tables.py made this. */",
            "#ifndef SAFEHASH_PLAIN_SHAPES_H",
            "#define SAFEHASH_PLAIN_SHAPES_H",
            "",
            "#include <stdint.h>",
            "",
            f"#define SH_PLAIN_SHAPES {len(shapes)}",
            "",
            "static const uint64_t sh_plain_shapes[SH_PLAIN_SHAPES][4] = {",
            *lines,
            "};",
            "",
            "#endif",
            "",
        ]
    )


HEADERS: dict[str, Callable[[], Any]] = {"_plain_shapes.h": plain_shapes_header}

if __name__ == "__main__":
    sys.stdout.write(HEADERS[sys.argv[1]]())
