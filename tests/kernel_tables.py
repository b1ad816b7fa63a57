"""The constant tables of the kernels, made anew: `python tests/kernel_tables.py NAME` prints the C header of one.

The headers under src/safehash/_c are committed; tests/hashing/test_tables.py compares what was compiled with what this
makes. Only exact arithmetic, and PDQ, which is the same on every machine.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal, localcontext
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from safehash import _core, _digests

UInt8Array = npt.NDArray[np.uint8]
Float64Array = npt.NDArray[np.float64]


# -- cosines -------------------------------------------------------------------------------------------------------

_DIGITS = 60


@lru_cache(maxsize=1)
def pi() -> Decimal:
    """Return pi, by Machin's formula."""

    def inverse_tangent(of: int) -> Decimal:
        term = total = Decimal(1) / of
        for k in range(1, 50):
            term /= -of * of
            total += term / (2 * k + 1)
        return total

    with localcontext() as context:
        context.prec = _DIGITS
        return 4 * (4 * inverse_tangent(5) - inverse_tangent(239))


def cosine_of(radians: Decimal) -> Decimal:
    """Return the cosine of some radians, by its series."""
    with localcontext() as context:
        context.prec = _DIGITS
        term = total = Decimal(1)
        for k in range(1, 60):
            term *= -radians * radians / ((2 * k - 1) * 2 * k)
            total += term
        return total


def cosine(times: int, of: int) -> Decimal:
    """Return cos(pi times / of)."""
    with localcontext() as context:
        context.prec = _DIGITS
        times = abs(times) % (2 * of)
        return cosine_of(pi() * min(times, 2 * of - times) / of)


def nearest(value: Decimal) -> float:
    """Return the double nearest to a value; 0 for what is only left over from rounding."""
    return 0.0 if abs(value) < Decimal(10) ** (10 - _DIGITS) else float(value)


def pdq_cosines() -> list[float]:
    """Return sqrt(2 / 64) cos(pi k / 128) for k of 0 to 64, rounded to float32: all that PDQ's DCT multiplies by."""
    with localcontext() as context:
        context.prec = _DIGITS
        return [float(np.float32(nearest((Decimal(2) / 64).sqrt() * cosine(k, 128)))) for k in range(65)]


def reference_cosines() -> list[float]:
    """Return the same as the reference has them: it rounds sqrt(2 / 64) to float32 first."""
    scale = Decimal(float(np.float32(math.sqrt(2 / 64))))
    with localcontext() as context:
        context.prec = _DIGITS
        return [float(np.float32(nearest(scale * cosine(k, 128)))) for k in range(65)]


class Circle:
    """Cosines and sines of 2 pi k / n as pHash's reference has them: products of a coarse and a fine table's.

    Those tables hold the doubles nearest to the true values, but of angles that are rounded, within half a right
    angle. All that rounding is part of the reference's, which decides where coefficients tie.
    """

    def __init__(self, n: int) -> None:
        self.n = n
        self.shift = 1
        while 1 << 2 * self.shift < (n + 2) // 2:
            self.shift += 1

    def __call__(self, k: int) -> tuple[float, float]:
        sign = 1.0
        if 2 * k > self.n:
            k, sign = self.n - k, -1.0
        fine = k & ((1 << self.shift) - 1)
        (a, b), (c, d) = self._tabled(fine), self._tabled(k - fine)
        return a * c - b * d, sign * (a * d + b * c)

    def _tabled(self, k: int) -> tuple[float, float]:
        """Return the cosine and the sine for k of 0 to n / 2, from angles within an eighth of the circle."""
        part, rest = divmod(8 * k, self.n)  # which eighth, and how far into it, in 8 n-ths of the circle
        if part % 2:
            rest = self.n - rest
        cosine, sine = self._nearest(rest)
        return ((cosine, sine), (sine, cosine), (-sine, cosine), (-cosine, sine), (-cosine, sine))[part]

    def _nearest(self, eighths: int) -> tuple[float, float]:
        angle = Decimal(eighths * (math.pi / (4 * self.n)))
        with localcontext() as context:
            context.prec = _DIGITS
            return nearest(cosine_of(angle)), nearest(cosine_of(angle - pi() / 2))


#: Radices of the reference's real transform of each length, first to last.
RADICES = {32: (2, 4, 4), 64: (4, 4, 4)}


def phash_twiddles(n: int) -> dict[str, list[float]]:
    """Return what the reference's DCT of n samples multiplies by: in each stage but the last, and at the end."""
    circle, long_circle = Circle(n), Circle(4 * n)
    stages: dict[str, list[float]] = {}
    done = 1
    for number, radix in enumerate(RADICES[n][:-1]):
        length = n // (done * radix)
        parts = [circle(j * done * i) for j in range(1, radix) for i in range(1, (length - 1) // 2 + 1)]
        stages["first" if number == 0 else "second"] = [part for pair in parts for part in pair]
        done *= radix
    return {**stages, "last": [long_circle(i + 1)[0] for i in range(n)]}


def logarithms() -> list[int]:
    """Return the binary logarithms of 1 to 4096 in 65536ths, rounded; 0 for 0."""
    with localcontext() as context:
        context.prec = _DIGITS
        two = Decimal(2).ln()
        return [0] + [math.floor(Decimal(n).ln() / two * 65536 + Decimal("0.5")) for n in range(1, 4097)]


def in_c(name: str, values: list[float], *, is_float: bool = False) -> str:
    """Return a C array of these values, to the bit."""
    kind, suffix = ("float", "f") if is_float else ("double", "")
    each = [f"{value.hex()}{suffix}" for value in values]
    lines = ["    " + ", ".join(each[at : at + 4]) + "," for at in range(0, len(each), 4)]
    return "\n".join([f"static const {kind} {name}[{len(values)}] = {{", *lines, "};", ""])


def cosines_header() -> str:
    parts = [
        "/* Cosines that the transforms multiply by, the same everywhere; tests/kernel_tables.py made this. */",
        "#ifndef SAFEHASH_COSINES_H",
        "#define SAFEHASH_COSINES_H",
        "",
        "/* sqrt(2 / 64) cos(pi k / 128) */",
        in_c("sh_pdq_cosines", pdq_cosines(), is_float=True),
        "/* the same as the reference rounds them */",
        in_c("sh_reference_cosines", reference_cosines(), is_float=True),
    ]
    for n in RADICES:
        parts.append(f"/* the reference's DCT of {n} samples: stage by stage, and at the end */")
        parts += [in_c(f"sh_{name}_twiddles_{n}", values) for name, values in phash_twiddles(n).items()]
    return "\n".join([*parts, "#endif", ""])


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
            "/* PDQ of discs, boxes, blobs and rings, most significant word first; tests/kernel_tables.py made this."
            " */",
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


HEADERS: dict[str, Callable[[], str]] = {
    "_cosines.h": cosines_header,
    "_plain_shapes.h": plain_shapes_header,
}

if __name__ == "__main__":
    sys.stdout.write(HEADERS[sys.argv[1]]())
